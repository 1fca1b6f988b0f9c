package store

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"relais/app/rx"
)

// mark is the outside mark: what this machine knows of the directory beside the directory itself. Change is a number of the journal
// up to which every line was durable when the mark was written; a door is claimed, then the mark written, then the act done, so an act whose
// line is missing in the journal has a mark that is ahead of it.
type mark struct {
	Format    string `json:"format"`
	Version   int    `json:"version"`
	Vault     rx.ID  `json:"vault"`
	Directory string `json:"directory"` // identity by the file system
	Change    int64  `json:"change"`
	Link      []byte `json:"link,omitempty"` // of that line, in the trail
	MAC       []byte `json:"mac"`
}

const (
	markFormat  = "relais-mark"
	markVersion = 1
)

func (g guard) markMAC(m mark) ([]byte, error) {
	directory := m.Directory
	mac, err := g.keys.MAC("mark", string(m.Vault), [][]byte{encode(nil, []any{&directory, &m.Change, &m.Link})})
	if err != nil {
		return nil, locked(err)
	}
	return mac[:], nil
}

// readMark gives the mark in a file, nil when there is none that we wrote for this vault.
func (db *DB) readMark(path string) (*mark, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, translate(err)
	}
	var m mark
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&m) != nil || m.Format != markFormat || m.Version != markVersion || m.Vault != db.opts.Vault {
		return nil, nil
	}
	want, err := db.markMAC(m)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(want, m.MAC) != 1 {
		return nil, nil
	}
	return &m, nil
}

// Outside writes and syncs the outside mark: after a door is claimed and before its act. It holds the writer's lock, so that of two
// processes neither writes an older number over a newer one. A mark that another copy of the directory has written since this one was opened
// answers CodeOtherCopy and stays: of two copies in use only the last that was opened opens doors.
func (db *DB) Outside(ctx context.Context) error { return db.putMark(ctx, false) }

// putMark writes the mark; anew also over that of another copy.
func (db *DB) putMark(ctx context.Context, anew bool) error {
	err := db.write(ctx, func(t *tx) error {
		last, err := t.head()
		if err != nil {
			return err
		}
		directory, err := db.opts.disk.identity(db.opts.Dir)
		if err != nil {
			return translate(err)
		}
		before, err := db.readMark(db.opts.Mark)
		if err != nil {
			return err
		}
		if !anew && before != nil && (before.Directory != directory || before.Change > last.seq) {
			return rx.Fault(rx.CodeOtherCopy)
		}
		return db.writeMark(mark{Format: markFormat, Version: markVersion, Vault: db.opts.Vault, Directory: directory, Change: last.seq})
	})
	if err != nil {
		return err
	}
	return db.tend(ctx)
}

// The trail is a second file beside the mark: the last line of the journal that a transaction of ours wrote, kept after each, unsynced. It may
// lag behind, be torn or be missing, and then it proves nothing; it is never ahead of what was durable. What a damaged or missing write-ahead log
// took away without a trace is seen by it (see Check), and by it alone when no door was claimed since.
const trailSuffix = ".last"

// Trail is the file of the trail, by that of the mark.
func Trail(mark string) string { return mark + trailSuffix }

// trail keeps number and link of the last line. A trail that is ahead of the journal stays as it is: it is the evidence. What cannot be kept costs
// nothing but evidence. The file stays open and is written over, never cut short first: opening and cutting it for each transaction took more time
// than sealing an order. What an older, longer text leaves after the new one is not read.
func (t *tx) trail() {
	if t.last == nil || t.directory == "" || t.behind {
		return
	}
	m := mark{Format: markFormat, Version: markVersion, Vault: t.opts.Vault, Directory: t.directory, Change: t.last.seq, Link: t.last.hash[:]}
	var err error
	if m.MAC, err = t.markMAC(m); err != nil {
		return
	}
	data, err := json.Marshal(m)
	if err != nil {
		return
	}
	if t.evidence == nil {
		if t.evidence, err = os.OpenFile(Trail(t.opts.Mark), os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
			t.evidence = nil
			return
		}
	}
	_, _ = t.evidence.WriteAt(append(data, '\n'), 0)
}

// follow begins the trail of an open directory, or finds that it is ahead: lines of the journal are gone, though no door was claimed with them.
// A directory that was just recognised as a copy has asked about everything already.
func (db *DB) follow(ctx context.Context, restored bool) error {
	directory, err := db.opts.disk.identity(db.opts.Dir)
	if err != nil {
		return translate(err)
	}
	return db.write(ctx, func(t *tx) error {
		if _, err := t.head(); err != nil {
			return err
		}
		m, err := db.readMark(Trail(db.opts.Mark))
		if err != nil {
			return err
		}
		db.directory = directory
		if m != nil && m.Directory == directory && !restored {
			var there []byte
			if _, err := t.one("SELECT link FROM journal WHERE seq = ?", []any{m.Change}, &there); err != nil {
				return err
			}
			db.behind = !bytes.Equal(there, m.Link)
		}
		t.trail()
		return nil
	})
}

// outside is the last line that mark and trail know of this very directory, with its link when that is known; zero when neither says anything.
func (db *DB) outside() (last mark, err error) {
	for _, path := range []string{db.opts.Mark, Trail(db.opts.Mark)} {
		m, err := db.readMark(path)
		if err != nil {
			return last, err
		}
		if m != nil && m.Directory == db.directory && m.Change >= last.Change {
			last = *m
		}
	}
	return last, nil
}

// writeMark replaces the file at once or not at all.
func (db *DB) writeMark(m mark) (err error) {
	if m.MAC, err = db.markMAC(m); err != nil {
		return err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	path := db.opts.Mark
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return translate(err)
	}
	if err := db.opts.stop("mark"); err != nil {
		return err
	}
	if err := writeSynced(path+".new", append(data, '\n')); err != nil {
		return translate(err)
	}
	if err := db.opts.stop("mark renamed"); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return translate(err)
	}
	return translate(syncDir(filepath.Dir(path)))
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes the names in a directory durable; Windows does so by itself and has no call for it.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// recognise holds the directory against its outside mark. Without a mark (Create wrote one), with another identity, or with a mark that is ahead of the
// journal, this is an older copy of the directory or a copy of another: see restore. The mark is written last, so that a program that ends on
// the way begins again.
func (db *DB) recognise(ctx context.Context) error {
	current, restored := false, false
	err := db.write(ctx, func(t *tx) error {
		m, err := db.readMark(db.opts.Mark)
		if err != nil {
			return err
		}
		last, err := t.head()
		if err != nil {
			return err
		}
		directory, err := db.opts.disk.identity(db.opts.Dir)
		if err != nil {
			return translate(err)
		}
		if m != nil && m.Directory == directory && m.Change <= last.seq {
			current = m.Change == last.seq
			return nil
		}
		if err := db.opts.stop("restore"); err != nil {
			return err
		}
		restored = true
		return t.restore()
	})
	if err == nil && restored {
		err = db.opts.stop("restored")
	}
	if err == nil && !current {
		err = db.putMark(ctx, true)
	}
	if err != nil {
		return err
	}
	return db.follow(ctx, restored)
}

// restore makes every prescription of which the lost copy may know more an open question, throws the pool of keys away (the lost copy may
// have used them) and raises the generation. Doing it twice asks nothing twice: what is an open question already is left alone.
func (t *tx) restore() error {
	now := t.clock()
	m, err := t.meta(t.session)
	if err != nil {
		return err
	}
	// Refused ones matter as long as paper can be made of them: the lost copy may have done so.
	items, err := t.items(t.session, "WHERE work <> 0 OR state IN ('ready', 'sending', 'unknown', 'paper') OR state = 'refused' AND expires >= ? ORDER BY n",
		rx.DateOf(now).String())
	if err != nil {
		return err
	}
	for _, it := range items {
		if asked(it.p) {
			continue
		}
		if err := t.advance(it, rx.Event{Kind: rx.EventRestored, At: now}); err != nil {
			return err
		}
	}
	if err := t.run("DELETE FROM keys"); err != nil {
		return err
	}
	m.version++
	m.generation++
	m.restored = max(m.restored, now.UnixMilli())
	if err := t.update(m); err != nil {
		return err
	}
	return t.journal(entry{lineDirectory, m.vault, m.version, now, nil})
}

// asked tells that a restore has made p a question to which neither the doctor nor a look-up has answered anything since.
func asked(p rx.Prescription) bool {
	for _, a := range p.Attempts {
		if a.Result == rx.OnTheWire || a.Result == rx.Unanswered && (!a.Expires.IsZero() || !a.Missed.IsZero()) {
			return false
		}
	}
	return p.RestoredOpen() && (p.State != rx.StateReady || !p.Electronic)
}
