package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"relais/app/rx"
)

// OpenReadOnly opens what can be read of a data directory, however damaged, on a disk that is full or cannot be written, beside programs that use it, or
// written by a newer version as long as its tables are ours. Not a byte is written in the directory or beside the outside mark: database and
// write-ahead log are copied to a private directory below temp ("": the system's), which Close removes, and which holds nothing that is not sealed
// in the original too.
//
// The copy is checked whole, see Check. What is not sound is not in what is given to read: then the sound rows alone are written into a new
// database, with new indexes, and read from there by the same methods. Each of those gives what is true or an error; what is missing is in the
// report. Everything that would write answers CodeReadingOnly.
//
// Errors: CodeNoDirectory; CodeNewer when rows of a newer version cannot be proven; CodeDiskFull, CodeReadOnly and CodeIO of temp; CodeBusy when
// another program changes the file faster than it can be copied; CodeLocked. This process may not have the directory open: closing the
// file that is copied would drop the locks of SQLite.
func OpenReadOnly(ctx context.Context, opts Options, temp string) (_ *DB, err error) {
	opts = opts.withDefaults()
	if _, err := os.Stat(opts.path(databaseFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, rx.Fault(rx.CodeNoDirectory)
	} else if err != nil {
		return nil, translate(err)
	}
	directory, err := opts.disk.identity(opts.Dir)
	if err != nil {
		return nil, translate(err)
	}
	aside, err := os.MkdirTemp(temp, "relais-") // of mode 0700
	if err != nil {
		return nil, translate(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(aside))
		}
	}()
	if err := opts.copyTo(aside); err != nil {
		return nil, err
	}
	private := opts
	private.Dir, private.VFS, private.crash = aside, "", nil
	r := rescue{opts: private, directory: directory}
	return r.open(ctx)
}

// Found is what was found in a directory that is open for reading only; nil in one that is open for work.
func (db *DB) Found() *Report { return db.found }

// absent is the error about a row that is not there: CodeNotFound, or in a directory open for reading only CodeDamaged when it may be one of those
// that could not be read.
func (db *DB) absent(of *table, id string) error {
	if db.found != nil {
		for _, f := range db.found.Findings {
			if f.Row == id || f.Table == of.name && f.Row == "" {
				return damaged(of.name, id)
			}
		}
	}
	return rx.Fault(rx.CodeNotFound)
}

// rescue makes a readable database in a private directory from a copy of one that may be damaged.
type rescue struct {
	opts      Options
	directory string // identity of the original
}

func (r rescue) open(ctx context.Context) (*DB, error) {
	db, report, err := r.inspect(ctx)
	if err != nil {
		return nil, err
	}
	if !report.Sound() {
		sound := r.opts
		sound.Dir = filepath.Join(r.opts.Dir, "sound")
		err := os.Mkdir(sound.Dir, 0o700)
		if err != nil {
			err = translate(err)
		} else {
			err = r.salvage(ctx, db, sound)
		}
		if err := errors.Join(err, db.disconnect()); err != nil {
			return nil, err
		}
		if db, err = sound.connect(ctx); err != nil {
			return nil, err
		}
	}
	db.aside, db.found, db.directory = r.opts.Dir, &report, r.directory
	return db, nil
}

// inspect opens the copy and checks it. Where the schema cannot be read, it is put in anew: the pages that hold it are the same in every database
// of this version.
func (r rescue) inspect(ctx context.Context) (*DB, Report, error) {
	db, report, err := r.check(ctx)
	switch {
	case rx.CodeOf(err) == rx.CodeNewer:
		return nil, report, err
	case err == nil && (report.Prescriptions.Sound > 0 || report.Patients.Sound > 0 || report.Sound()):
		return db, report, nil
	case ends(err):
		return nil, report, err
	case err == nil:
		if err := db.disconnect(); err != nil {
			return nil, report, err
		}
	}
	if err := r.transplant(ctx); err != nil {
		return nil, report, err
	}
	db, report, err = r.check(ctx)
	if err != nil {
		return nil, report, err
	}
	if report.Sound() { // but for its schema
		report.Findings = append(report.Findings, Finding{"file", "", Structure})
	}
	return db, report, nil
}

func (r rescue) check(ctx context.Context) (*DB, Report, error) {
	db, err := r.opts.connect(ctx)
	if err != nil {
		return nil, Report{}, err
	}
	db.directory = r.directory
	report, err := db.Check(ctx)
	if err == nil && !report.Sound() {
		err = db.read(ctx, func(s *session) error {
			if s.later() { // other columns, perhaps other MACs
				return rx.Fault(rx.CodeNewer)
			}
			return nil
		})
	}
	if err != nil {
		return nil, report, errors.Join(err, db.disconnect())
	}
	return db, report, nil
}

// later tells that a newer version wrote the file.
func (s *session) later() bool {
	var version int
	_, err := s.one("PRAGMA user_version", nil, &version)
	return err == nil && version > len(migrations)
}

// salvage writes the sound rows of db into a new database.
func (r rescue) salvage(ctx context.Context, db *DB, into Options) error {
	if err := into.empty(ctx, databaseFile); err != nil {
		return err
	}
	writer, err := newPool(into.path(databaseFile), "rw", "", toSalvage, 1)
	if err != nil {
		return err
	}
	target := &DB{guard: db.guard, opts: into, writer: writer}
	err = target.write(ctx, func(t *tx) error {
		return db.read(ctx, func(s *session) error {
			c := newChecker(ctx, db, s, deep)
			c.keep = func(row record) error { return add(t, row) }
			return c.run()
		})
	})
	return errors.Join(err, writer.close())
}

// empty makes a database with a schema and no rows.
func (opts Options) empty(ctx context.Context, name string) error {
	f, err := os.OpenFile(opts.path(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return translate(err)
	}
	if err := f.Close(); err != nil {
		return translate(err)
	}
	writer, err := newPool(opts.path(name), "rw", "", toCreate, 1)
	if err != nil {
		return err
	}
	db := &DB{guard: guard{opts.Keys}, opts: opts, writer: writer}
	return errors.Join(db.migrate(ctx), writer.close())
}

const pageSize = 4096

// transplant puts the pages of the schema of an empty database in the place of those of the copy.
func (r rescue) transplant(ctx context.Context) error {
	const name = "empty.db"
	if err := r.opts.empty(ctx, name); err != nil {
		return err
	}
	empty, err := os.ReadFile(r.opts.path(name))
	if err != nil {
		return translate(err)
	}
	roots, err := r.roots(ctx, name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(r.opts.path(databaseFile), os.O_RDWR, 0)
	if err != nil {
		return translate(err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() < int64(len(empty)) {
		err = f.Truncate(int64(len(empty)))
	}
	pages := (max(int64(len(empty)), sizeOf(info)) + pageSize - 1) / pageSize
	if err == nil { // a file that was cut off in a page
		err = f.Truncate(pages * pageSize)
	}
	head := empty[:100]
	head[18], head[19] = 2, 2 // with a write-ahead log
	binary.BigEndian.PutUint32(head[28:], uint32(pages))
	clear(head[32:40]) // no free pages: nothing will be written
	copy(head[92:96], head[24:28])
	for n := 1; err == nil && n*pageSize <= len(empty); n++ {
		if !slices.Contains(roots, int64(n)) {
			_, err = f.WriteAt(empty[(n-1)*pageSize:n*pageSize], int64(n-1)*pageSize)
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return translate(err)
	}
	return nil
}

func sizeOf(info fs.FileInfo) int64 {
	if info == nil {
		return 0
	}
	return info.Size()
}

// roots are the first pages of tables and indexes in an empty database; all its other pages hold the schema.
func (r rescue) roots(ctx context.Context, name string) (roots []int64, err error) {
	look, err := newPool(r.opts.path(name), "ro", "", toLook, 1)
	if err != nil {
		return nil, err
	}
	s, err := look.take(ctx)
	if err != nil {
		return nil, errors.Join(err, look.close())
	}
	var page int64
	err = s.each("SELECT rootpage FROM sqlite_master WHERE rootpage > 0", nil, []any{&page}, func() error {
		roots = append(roots, page)
		return nil
	})
	look.give(s)
	return roots, errors.Join(err, look.close())
}

// copyTo copies the database and its log, as they were at one moment.
func (opts Options) copyTo(dir string) error {
	for range 5 {
		before, err := opts.moment()
		if err != nil {
			return translate(err)
		}
		for _, name := range []string{databaseFile, databaseFile + "-wal"} {
			if err := copyFile(opts.path(name), filepath.Join(dir, name)); err != nil {
				return translate(err)
			}
		}
		// Lines that were added to the log meanwhile do no harm; a log that was folded into the database and begun anew would.
		if after, err := opts.moment(); err != nil {
			return translate(err)
		} else if after == before {
			return nil
		}
	}
	return rx.Fault(rx.CodeBusy)
}

// moment changes whenever the database file does, or the log begins anew.
func (opts Options) moment() (m struct {
	size, changed int64
	log           [32]byte
}, err error) {
	info, err := os.Stat(opts.path(databaseFile))
	if err != nil {
		return m, err
	}
	m.size, m.changed = info.Size(), info.ModTime().UnixNano()
	f, err := os.Open(opts.path(databaseFile + "-wal"))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	_, err = f.ReadAt(m.log[:], 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil {
		m.log, err = [32]byte{}, nil // not readable: the copy will show it
	}
	return m, errors.Join(err, f.Close())
}

// copyFile copies page by page what the disk still gives; what it does not is zero. A file that is not there is removed at its new place.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.Remove(to); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	buf := make([]byte, 256*pageSize)
	for at := int64(0); at < info.Size(); at += int64(len(buf)) {
		part := buf[:min(int64(len(buf)), info.Size()-at)]
		if n, err := in.ReadAt(part, at); err != nil {
			clear(part[n:])
			for some := n / pageSize * pageSize; some < len(part); some += pageSize {
				page := part[some:min(some+pageSize, len(part))]
				if n, err := in.ReadAt(page, at+int64(some)); err != nil {
					clear(page[n:])
				}
			}
		}
		if _, err := out.WriteAt(part, at); err != nil {
			return err
		}
	}
	return nil
}

// sameSchema tells that tables, indexes and triggers are those of the version that the file has.
func (s *session) sameSchema() (bool, error) {
	memory, err := newPool("", "memory", "", nil, 1)
	if err != nil {
		return false, err
	}
	defer func() { _ = memory.close() }()
	fresh, err := memory.take(whole)
	if err != nil {
		return false, err
	}
	defer memory.give(fresh)
	var version int
	if _, err := s.one("PRAGMA user_version", nil, &version); err != nil {
		return false, err
	}
	if version < 0 || version > len(migrations) {
		return false, nil
	}
	for _, name := range migrations[:version] { // an older one is migrated when it is opened to work
		script, err := files.ReadFile(name)
		if err != nil {
			return false, rx.Fault(rx.CodeInternal).Because(err)
		}
		if _, err := fresh.conn.ExecContext(whole, string(script)); err != nil {
			return false, translate(err)
		}
	}
	var texts [2][]byte
	for i, s := range []*session{fresh, s} {
		var line string
		err := s.each("SELECT concat_ws(' ', type, name, tbl_name, sql) FROM sqlite_master ORDER BY type, name", nil, []any{&line}, func() error {
			texts[i] = append(append(texts[i], line...), '\n')
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return bytes.Equal(texts[0], texts[1]), nil
}
