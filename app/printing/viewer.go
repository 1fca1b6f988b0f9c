package printing

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"relais/app/crash"
	"relais/app/rx"
)

// ViewFor is how long a document lies in a file for the viewer.
const ViewFor = 10 * time.Minute

// Viewer opens documents in the system's viewer. Each lies in a file of mode 0600 in a
// directory of this run alone (mode 0700), under a name that is a random number; it is
// removed after ViewFor and by Close, and what a killed run left by the next Sweep.
// What the viewer itself copies, prints or remembers is beyond Relais.
type Viewer struct {
	base  string
	start func(ctx context.Context, file string) error
	after func(d time.Duration, f func()) (stop func() bool)
	now   func() time.Time
	rand  io.Reader

	mu    sync.Mutex
	dir   string // "" until the first document
	lock  *flock.Flock
	stops map[string]func() bool
}

const viewPrefix = "relais-view-"

// ViewBase is the directory in which viewers make their own: the one that the system
// clears when the user logs out (Linux), or else temp.
func ViewBase(getenv func(string) string, temp string) string {
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		return dir
	}
	return temp
}

// NewViewer gives a viewer with its files below base. start opens a file in the
// system's viewer (see Opener); after is time.AfterFunc.
func NewViewer(base string, start func(ctx context.Context, file string) error, after func(time.Duration, func()) (stop func() bool), now func() time.Time, rand io.Reader) *Viewer {
	return &Viewer{base: base, start: start, after: after, now: now, rand: rand, stops: map[string]func() bool{}}
}

// Sweep removes the files of runs that have ended. Call it at the start.
func (v *Viewer) Sweep() error {
	dirs, err := filepath.Glob(filepath.Join(v.base, viewPrefix+"*"))
	if err != nil {
		return viewFault(err)
	}
	var faults []error
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			continue // not made by us
		}
		l := flock.New(filepath.Join(dir, bookLock), flock.SetPermissions(0o600))
		got, err := l.TryLock()
		if errors.Is(err, fs.ErrPermission) || err == nil && !got {
			continue // another person's, or of a run that lives
		}
		_ = l.Close() // Windows removes no open file
		if err := os.RemoveAll(dir); err != nil {
			faults = append(faults, viewFault(err))
		}
	}
	return errors.Join(faults...)
}

// Open shows a PDF.
func (v *Viewer) Open(ctx context.Context, pdf []byte) error {
	file, err := v.write(pdf)
	if err != nil {
		return viewFault(err)
	}
	if err := v.start(ctx, file); err != nil {
		return errors.Join(rx.Fault(CodeNoViewer).Because(err), v.remove(file))
	}
	return nil
}

func (v *Viewer) write(pdf []byte) (file string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dir == "" {
		if err := v.makeDir(); err != nil {
			return "", err
		}
	}
	id, err := rx.NewID(v.now(), v.rand)
	if err != nil {
		return "", err
	}
	file = filepath.Join(v.dir, string(id)+".pdf")
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.Write(pdf)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file))
	}
	v.stops[file] = v.after(ViewFor, func() { _ = v.remove(file) }) // Close and Sweep try again
	return file, nil
}

func (v *Viewer) makeDir() error {
	dir, err := os.MkdirTemp(v.base, viewPrefix) // of mode 0700
	if err != nil {
		return err
	}
	l := flock.New(filepath.Join(dir, bookLock), flock.SetPermissions(0o600))
	if got, err := l.TryLock(); err != nil || !got {
		return errors.Join(err, os.RemoveAll(dir))
	}
	v.dir, v.lock = dir, l
	return nil
}

func (v *Viewer) remove(file string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if stop := v.stops[file]; stop != nil {
		stop()
	}
	err := os.Remove(file)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		delete(v.stops, file)
		return nil
	}
	return viewFault(err)
}

// Close removes all files of this run. Call it at the end.
func (v *Viewer) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dir == "" {
		return nil
	}
	for file, stop := range v.stops {
		stop()
		delete(v.stops, file)
	}
	err := errors.Join(v.lock.Close(), os.RemoveAll(v.dir))
	v.dir, v.lock = "", nil
	if err != nil {
		return viewFault(err)
	}
	return nil
}

func viewFault(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return rx.Fault(CodeViewFile).Because(err)
}

// openers are the programs that open a file with what the person chose for its type.
var openers = map[string][]string{
	"darwin":  {"open"},
	"windows": {"rundll32", "url.dll,FileProtocolHandler"},
}

// Opener gives the way to the viewer of a system (as runtime.GOOS). The program is
// given soon to fail; one that goes on is the viewer itself, and outlives us.
func Opener(system string, soon time.Duration) func(ctx context.Context, file string) error {
	argv, ok := openers[system]
	if !ok {
		argv = []string{"xdg-open"}
	}
	return func(ctx context.Context, file string) error {
		if strings.HasPrefix(file, "-") {
			return errors.New("not a path")
		}
		cmd := exec.Command(argv[0], append(argv[1:len(argv):len(argv)], file)...) //nolint:gosec,noctx // the program is ours to name; it is not to end with ctx
		if err := cmd.Start(); err != nil {
			return err
		}
		ended := make(chan error, 1)
		go func() {
			defer crash.Guard()
			ended <- cmd.Wait()
		}()
		limited, cancel := context.WithTimeout(ctx, soon)
		defer cancel()
		select {
		case err := <-ended:
			return err
		case <-limited.Done():
			return ctx.Err()
		}
	}
}
