package store

import (
	"path/filepath"

	"github.com/gofrs/flock"

	"relais/app/rx"
)

// Lock files in the data directory. The system frees a lock when its process ends, however it ends.
const (
	windowLock = "window.lock"
	engineLock = "engine.lock"
)

// TryWindow takes the lock of the one window of a data directory, which need not be open yet. CodeWindowBusy when another process or
// caller holds it; release gives it back.
func TryWindow(dir string) (release func() error, err error) {
	return lock(dir, windowLock, rx.CodeWindowBusy)
}

// TryWindow is TryWindow for the directory of db.
func (db *DB) TryWindow() (release func() error, err error) { return TryWindow(db.opts.Dir) } // of one opened for reading only, nobody else's

// TryEngine takes the lock of the one sender of the directory. CodeEngineBusy when another process or caller holds it. Whoever gets it turns
// every *sending* into *unknown* first.
func (db *DB) TryEngine() (release func() error, err error) {
	if db.aside != "" {
		return nil, rx.Fault(rx.CodeReadingOnly)
	}
	return lock(db.opts.Dir, engineLock, rx.CodeEngineBusy)
}

func lock(dir, name string, busy rx.Code) (release func() error, err error) {
	l := flock.New(filepath.Join(dir, name), flock.SetPermissions(0o600))
	got, err := l.TryLock()
	if err != nil {
		return nil, translate(err)
	}
	if !got {
		return nil, rx.Fault(busy)
	}
	return l.Close, nil
}
