package printing

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"relais/app/rx"
)

// Note is what is known of a job that is not known to be over.
type Note struct {
	ID        rx.ID     `json:"id"`
	Documents []rx.ID   `json:"documents"` // the prescriptions on the sheet, or whatever it is made of
	Kind      Kind      `json:"kind"`
	Job       Job       `json:"job"`
	At        time.Time `json:"at"`
}

// Book keeps the notes of open jobs in a directory of its own: one file each, written
// and synced before a job gets its document, removed when the job is over. Beside each
// lies a lock that its process holds: the system frees it when the process ends,
// however it ends, and so a note without a holder is one that was left.
type Book struct{ dir string }

// NewBook gives the book in dir, which is made when the first note is.
func NewBook(dir string) Book { return Book{dir} }

const (
	noteSuffix = ".json"
	lockSuffix = ".lock"
	bookLock   = "book" + lockSuffix
	unfinished = ".note-" // a note that is being written
)

// held is a note whose lock this process has.
type held struct {
	Note
	lock  *flock.Flock
	twice bool // begun anew: CUPS does that with a job in whose midst it was ended
}

// take opens the book for itself, and gives the way out.
func (b Book) take() (release func(), err error) {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, bookFault(bookLock, err)
	}
	l := flock.New(filepath.Join(b.dir, bookLock), flock.SetPermissions(0o600))
	if err := l.Lock(); err != nil {
		return nil, bookFault(bookLock, err)
	}
	return func() { _ = l.Close() }, nil // closing frees the lock in any case
}

// left gives, with the book taken, the notes that nobody holds, each now held by the caller, and the
// documents of those that another process holds. An error tells of notes that are not among them: what they are about is
// not known.
func (b Book) left() (mine []held, elsewhere []rx.ID, err error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, nil, bookFault("", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			_ = os.Remove(filepath.Join(b.dir, e.Name())) // of a killed run; who takes the book next tries again
		}
		name, ok := strings.CutSuffix(e.Name(), noteSuffix)
		if !ok {
			continue
		}
		n, unread := b.read(e.Name())
		if errors.Is(unread, fs.ErrNotExist) { // struck this moment
			continue
		}
		if unread != nil {
			err = errors.Join(err, unread)
			continue
		}
		l := b.lock(name)
		got, failed := l.TryLock()
		switch {
		case failed != nil:
			err = errors.Join(err, bookFault(e.Name(), failed))
		case got:
			mine = append(mine, held{Note: n, lock: l})
		default:
			elsewhere = append(elsewhere, n.Documents...)
		}
	}
	return mine, elsewhere, err
}

// Names tells, without asking the spooler, the printer of a job of one of the documents that is not known to be over; "" when
// there is none. The book is taken meanwhile: a document that is being handed over has its note by then. An error tells that
// there may be one: not every note can be read.
func (b Book) Names(documents []rx.ID) (printer string, err error) {
	done, err := b.take()
	if err != nil {
		return "", err
	}
	defer done()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return "", bookFault("", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), noteSuffix) {
			continue
		}
		n, unread := b.read(e.Name())
		switch {
		case errors.Is(unread, fs.ErrNotExist): // struck this moment
		case unread != nil:
			err = errors.Join(err, unread)
		case n.about(documents):
			return n.Job.Printer, nil
		}
	}
	return "", err
}

// keep writes a note down, durably, and holds it.
func (b Book) keep(n Note) (held, error) {
	name := string(n.ID) + noteSuffix
	l := b.lock(string(n.ID))
	got, err := l.TryLock()
	if err == nil && !got {
		err = errors.New("held by another process")
	}
	if err != nil {
		return held{}, bookFault(name, err)
	}
	raw, err := json.Marshal(n)
	if err == nil {
		err = b.write(name, raw)
	}
	if err != nil {
		_ = l.Close()
		return held{}, bookFault(name, err)
	}
	return held{Note: n, lock: l}, nil
}

func (b Book) write(name string, raw []byte) (err error) {
	f, err := os.CreateTemp(b.dir, unfinished+"*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(b.dir, name)); err != nil {
		return err
	}
	return b.sync()
}

// sync makes names durable. Windows offers no such call and keeps names in a journal.
func (b Book) sync() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(b.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (b Book) read(name string) (Note, error) {
	raw, err := os.ReadFile(filepath.Join(b.dir, name))
	var n Note
	if err == nil {
		err = json.Unmarshal(raw, &n)
	}
	if err == nil && string(n.ID)+noteSuffix != name {
		err = errors.New("not the note of that name")
	}
	if err != nil {
		return Note{}, bookFault(name, err)
	}
	return n, nil
}

// strike removes a note whose job is over, and lets its lock go.
func (b Book) strike(h held) error {
	err := os.Remove(filepath.Join(b.dir, string(h.ID)+noteSuffix))
	if err == nil {
		err = b.sync()
	}
	err = errors.Join(err, os.Remove(h.lock.Path()), h.lock.Close())
	if err != nil {
		return bookFault(string(h.ID)+noteSuffix, err)
	}
	return nil
}

func (b Book) lock(name string) *flock.Flock {
	return flock.New(filepath.Join(b.dir, name+lockSuffix), flock.SetPermissions(0o600))
}

// release lets notes go that stay in the book.
func release(notes []held) {
	for _, n := range notes {
		_ = n.lock.Close() // closing frees the lock in any case
	}
}

// about tells whether a note is about one of the documents.
func (n Note) about(documents []rx.ID) bool {
	return slices.ContainsFunc(n.Documents, func(id rx.ID) bool { return slices.Contains(documents, id) })
}

func bookFault(name string, err error) error { return rx.Fault(CodeBook, "file", name).Because(err) }
