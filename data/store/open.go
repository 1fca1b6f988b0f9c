package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"relais/app/rx"
)

// Names in the data directory.
const (
	databaseFile = "relais.db" // beside it, while open: relais.db-wal, relais.db-shm
	newDatabase  = "relais.db.new"
)

// Options say where and for whom a data directory is opened.
type Options struct {
	Dir         string // the data directory
	Mark        string // the file of the outside mark, not in Dir: one for each vault
	Vault       rx.ID  // id of the vault whose Keys these are
	Environment string // to which the directory belongs for ever
	Keys        Keys
	Clock       func() time.Time
	Rand        io.Reader
	VFS         string // SQLite's file layer by its name; "": the system's

	disk  disk               // nil: the system's
	crash func(string) error // nil, or asked in tests before each durable step
}

// DB is an open data directory. Any number of goroutines and processes may use it.
type DB struct {
	guard
	opts    Options
	writer  *pool
	readers *pool
	feed    *pool                         // one connection that only watches: Changes and Work
	seen    struct{ version, last int64 } // by feed

	directory string   // its identity, once it is followed by the trail; "" while it is not
	behind    bool     // the trail is ahead of the journal
	evidence  *os.File // the trail; nil until it is written for the first time, by whoever has the writer's connection
	aside     string   // of a directory opened for reading only: where its private copy is
	found     *Report  // there: what the check of it found

	worked  worked
	written written
	people  people
	words   words
}

const readers = 3

func (db *DB) clock() time.Time { return db.opts.Clock() }

// rand is read under the one writer's connection alone.
func (t *tx) newID(at time.Time) (rx.ID, error) { return rx.NewID(at, t.opts.Rand) }

// Create makes the database of a data directory, complete or not at all, and its outside mark. The directory may exist (it holds the vault
// already) but hold no database: CodeDirectoryExists.
func Create(ctx context.Context, opts Options) error {
	opts = opts.withDefaults()
	if err := opts.checkPlace(); err != nil {
		return err
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return translate(err)
	}
	release, err := lock(opts.Dir, engineLock, rx.CodeEngineBusy) // of two that create, one goes on
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	if _, err := os.Stat(opts.path(databaseFile)); err == nil {
		return rx.Fault(rx.CodeDirectoryExists)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return translate(err)
	}
	if err := opts.build(ctx); err != nil {
		return err
	}
	if err := opts.stop("database"); err != nil {
		return err
	}
	if err := os.Rename(opts.path(newDatabase), opts.path(databaseFile)); err != nil {
		return translate(err)
	}
	if err := syncDir(opts.Dir); err != nil {
		return translate(err)
	}
	if err := opts.stop("renamed"); err != nil {
		return err
	}
	db, err := opts.connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(db.putMark(ctx, true), db.disconnect())
}

// build writes the new database under its own name, in one transaction.
func (opts Options) build(ctx context.Context) error {
	path := opts.path(newDatabase)
	for _, rest := range []string{path, path + "-journal"} { // of an attempt that was cut off
		if err := os.Remove(rest); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return translate(err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return translate(err)
	}
	if err := f.Close(); err != nil {
		return translate(err)
	}
	writer, err := newPool(path, "rw", opts.VFS, toCreate, 1)
	if err != nil {
		return err
	}
	db := &DB{guard: guard{opts.Keys}, opts: opts, writer: writer}
	err = db.migrate(ctx)
	if err == nil {
		err = db.write(ctx, func(t *tx) error {
			now := t.clock()
			m := &metaRow{one: 1, vault: string(opts.Vault), environment: opts.Environment, created: clockText(now), version: 1}
			if err := t.insert(m); err != nil {
				return err
			}
			t.last = &link{}
			return t.journal(entry{lineDirectory, m.vault, m.version, now, nil})
		})
	}
	return errors.Join(err, writer.close())
}

// Open opens a data directory. It refuses one that is not there (CodeNoDirectory), belongs to another environment, was written by a newer
// version of the program (nothing is changed then), stands on a network share or in a synchronised folder, or cannot be written. A directory
// that is an older copy of itself, or a copy of another, is found by the outside mark, and every prescription that is not closed becomes a question.
func Open(ctx context.Context, opts Options) (*DB, error) {
	opts = opts.withDefaults()
	if _, err := os.Stat(opts.path(databaseFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, rx.Fault(rx.CodeNoDirectory)
	} else if err != nil {
		return nil, translate(err)
	}
	if err := opts.checkPlace(); err != nil {
		return nil, err
	}
	if err := opts.checkVersion(ctx); err != nil {
		return nil, err
	}
	if err := opts.tighten(); err != nil {
		return nil, err
	}
	db, err := opts.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := db.ready(ctx); err != nil {
		return nil, errors.Join(err, db.disconnect())
	}
	return db, nil
}

// ready makes an opened database current and safe to use.
func (db *DB) ready(ctx context.Context) error {
	if err := db.migrate(ctx); err != nil {
		return err
	}
	err := db.read(ctx, func(s *session) error {
		m, err := db.meta(s)
		if err == nil && m.environment != db.opts.Environment {
			err = rx.Fault(rx.CodeWrongEnvironment, "is", m.environment, "expected", db.opts.Environment)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := db.tend(ctx); err != nil {
		return err
	}
	return db.recognise(ctx)
}

// meta reads the one row about the directory, checked.
func (db *DB) meta(s *session) (*metaRow, error) {
	m, _, err := db.count(s)
	return m, err
}

// count is meta, and the number of the last prescription.
func (db *DB) count(s *session) (*metaRow, int64, error) {
	var m metaRow
	var n int64
	found, err := s.one("SELECT "+metaTable.columns+", (SELECT coalesce(max(n), 0) FROM prescriptions) FROM meta", nil, append(m.cells(), &n)...)
	if err != nil {
		return nil, 0, err
	}
	if !found || m.vault != string(db.opts.Vault) {
		return nil, 0, damaged(metaTable.name, "1").Because(errors.New("the database belongs to another vault"))
	}
	return &m, n, db.check(&m)
}

// Generation counts how often the directory was found to be a copy, and tells when last (zero: never).
func (db *DB) Generation(ctx context.Context) (n int64, last time.Time, err error) {
	err = db.read(ctx, func(s *session) error {
		m, err := db.meta(s)
		if err != nil {
			return err
		}
		if n = m.generation; m.restored > 0 {
			last = time.UnixMilli(m.restored)
		}
		return nil
	})
	return n, last, err
}

// Close writes the outside mark and closes, after what is under way.
func (db *DB) Close(ctx context.Context) error {
	if db.aside != "" {
		return errors.Join(db.disconnect(), os.RemoveAll(db.aside))
	}
	err := db.Outside(ctx)
	if rx.CodeOf(err) == rx.CodeOtherCopy { // which is told when this one is opened again
		err = nil
	}
	return errors.Join(err, db.disconnect())
}

func (opts Options) withDefaults() Options {
	if opts.disk == nil {
		opts.disk = system{}
	}
	return opts
}

func (opts Options) path(name string) string { return filepath.Join(opts.Dir, name) }

// stop is where a test lets the program end.
func (opts Options) stop(before string) error {
	if opts.crash == nil {
		return nil
	}
	return opts.crash(before)
}

func (opts Options) connect(ctx context.Context) (db *DB, err error) {
	db = &DB{guard: guard{opts.Keys}, opts: opts}
	path := opts.path(databaseFile)
	if db.writer, err = newPool(path, "rw", opts.VFS, toWrite, 1); err != nil {
		return nil, err
	}
	// The writer comes first: it turns on the write-ahead log, which a reader cannot.
	s, err := db.writer.take(ctx)
	if err != nil {
		return nil, errors.Join(err, db.writer.close())
	}
	db.writer.give(s)
	if db.readers, err = newPool(path, "ro", opts.VFS, toRead, readers); err != nil {
		return nil, err
	}
	if db.feed, err = newPool(path, "ro", opts.VFS, toRead, 1); err != nil {
		return nil, err
	}
	return db, nil
}

// disconnect closes the writer last: whoever leaves the file last folds the write-ahead log into it, and only the writer can.
func (db *DB) disconnect() error {
	err := errors.Join(db.feed.close(), db.readers.close(), db.writer.close())
	if db.evidence != nil {
		err = errors.Join(err, translate(db.evidence.Close()))
	}
	return err
}

// checkVersion looks at the file without changing it.
func (opts Options) checkVersion(ctx context.Context) error {
	look, err := newPool(opts.path(databaseFile), "ro", opts.VFS, toLook, 1)
	if err != nil {
		return err
	}
	s, err := look.take(ctx)
	if err != nil {
		return errors.Join(err, look.close())
	}
	var application, version int64
	_, err = s.one("PRAGMA application_id", nil, &application)
	if err == nil {
		_, err = s.one("PRAGMA user_version", nil, &version)
	}
	look.give(s)
	if err := errors.Join(err, look.close()); err != nil {
		return err
	}
	if application != applicationID {
		return damaged(metaTable.name, "1").Because(errors.New("not a database of Relais"))
	}
	if version > int64(len(migrations)) {
		return rx.Fault(rx.CodeNewer)
	}
	if opts.unwritable() {
		return damaged(metaTable.name, "1").Because(errors.New("version of the file's format"))
	}
	return nil
}

// unwritable tells that the file itself says that no SQLite of today may write it (version of the format, byte 18 of the header): SQLite then
// calls it read-only, as if the disk were.
func (opts Options) unwritable() bool {
	f, err := os.Open(opts.path(databaseFile))
	if err != nil {
		return false
	}
	defer f.Close()
	var header [20]byte
	_, err = f.ReadAt(header[:], 0)
	return err == nil && header[18] > 2
}

// tighten takes from others what they may read or write in the directory.
func (opts Options) tighten() error {
	if runtime.GOOS == "windows" { // permissions are those of the user's profile
		return nil
	}
	for name, mode := range map[string]fs.FileMode{".": 0o700, databaseFile: 0o600, databaseFile + "-wal": 0o600, databaseFile + "-shm": 0o600} {
		info, err := os.Stat(opts.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Mode().Perm()&^mode != 0 {
			err = os.Chmod(opts.path(name), mode)
		}
		if err != nil {
			return translate(err)
		}
	}
	return nil
}

const applicationID = 0x524C4953 // "RLIS", as schema/1.sql sets it

//go:embed schema/*.sql
var files embed.FS

// migrations lead from one version to the next; a database has version n when the first n have run.
var migrations = []string{"schema/1.sql", "schema/2.sql"}

// migrate brings the database to the present version, each step in one transaction.
func (db *DB) migrate(ctx context.Context) error {
	for {
		done := false
		err := db.write(ctx, func(t *tx) error {
			var version int
			if _, err := t.one("PRAGMA user_version", nil, &version); err != nil {
				return err
			}
			if version > len(migrations) {
				return rx.Fault(rx.CodeNewer)
			}
			if done = version == len(migrations); done {
				return nil
			}
			script, err := files.ReadFile(migrations[version])
			if err != nil {
				return rx.Fault(rx.CodeInternal).Because(err)
			}
			t.wrote = true
			if _, err := t.conn.ExecContext(whole, string(script)); err != nil {
				return translate(err)
			}
			_, err = t.conn.ExecContext(whole, fmt.Sprintf("PRAGMA user_version = %d", version+1))
			return translate(err)
		})
		if err != nil || done {
			return err
		}
	}
}

// tend keeps the write-ahead log short, where nobody waits: at opening, and after the outside mark. Where the next writer would begin the log
// anew, which costs a second fsync for its header, tend does so itself: an issue has one fsync.
func (db *DB) tend(ctx context.Context) error {
	s, err := db.writer.take(ctx)
	if err != nil {
		return err
	}
	defer db.writer.give(s)
	const long = 1000 // pages, as SQLite's own limit
	var busy, frames, folded int64
	if _, err := s.one("PRAGMA wal_checkpoint(NOOP)", nil, &busy, &frames, &folded); err != nil {
		return err
	}
	if frames-folded >= long {
		if _, err := s.one("PRAGMA wal_checkpoint(PASSIVE)", nil, &busy, &frames, &folded); err != nil {
			return err
		}
	}
	if frames > folded {
		return nil
	}
	var version int // it may be a newer program's by now
	if _, err := s.one("PRAGMA user_version", nil, &version); err != nil {
		return err
	}
	_, err = s.conn.ExecContext(whole, fmt.Sprintf("PRAGMA user_version = %d", version)) // writes a page, changes nothing
	return translate(err)
}
