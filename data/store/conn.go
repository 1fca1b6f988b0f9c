package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"modernc.org/sqlite"

	"relais/app/rx"
)

// pragma is a setting of a connection, with what SQLite answers when asked for it.
type pragma struct{ name, set, answer string }

// pragmas of each connection, set when it opens and read back. Checkpoints are made where nobody waits (see tend).
var pragmas = []pragma{
	{"busy_timeout", "5000", "5000"},
	{"journal_mode", "wal", "wal"},
	{"synchronous", "full", "2"},
	{"foreign_keys", "on", "1"},
	{"secure_delete", "on", "1"},
	{"temp_store", "memory", "2"},
	{"trusted_schema", "off", "0"},
	{"cell_size_check", "on", "1"},
	{"wal_autocheckpoint", "0", "0"},
}

var (
	toWrite   = slices.Concat(pragmas, []pragma{{"query_only", "off", "0"}})
	toRead    = slices.Concat(pragmas, []pragma{{"query_only", "on", "1"}})
	toCreate  = []pragma{{"busy_timeout", "5000", "5000"}, {"journal_mode", "delete", "delete"}, {"synchronous", "extra", "3"}, {"foreign_keys", "on", "1"}, {"temp_store", "memory", "2"}}
	toSalvage = []pragma{{"journal_mode", "wal", "wal"}, {"synchronous", "off", "0"}, {"foreign_keys", "off", "0"}, {"temp_store", "memory", "2"}}
	toLook    = []pragma{{"busy_timeout", "5000", "5000"}, {"query_only", "on", "1"}} // changes nothing, whatever the file is
)

// dial gives connections to the file at path with those pragmas. mode is SQLite's: "ro" or "rw"; neither makes a file. vfs "" is the system's.
func dial(path, mode, vfs string, want []pragma) (*sql.DB, error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/…
		slashed = "/" + slashed
	}
	query := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_defensive": {"1"}}
	if vfs != "" {
		query.Set("vfs", vfs)
	}
	for _, p := range want {
		query.Add("_pragma", p.name+"("+p.set+")")
	}
	address := url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(address.String())
	if err != nil {
		return nil, translate(err)
	}
	return sql.OpenDB(checked{connector, want}), nil
}

// checked reads every pragma back before a connection may be used: SQLite ignores what it does not know.
type checked struct {
	driver.Connector
	want []pragma
}

func (c checked) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range c.want {
		got, err := ask(ctx, conn, p.name)
		if err == nil && got != p.answer {
			err = rx.Fault(rx.CodeInternal).Because(fmt.Errorf("pragma %s is %q, not %q", p.name, got, p.answer))
		}
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

func ask(ctx context.Context, conn driver.Conn, name string) (string, error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "PRAGMA "+name, nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	value := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(value); err != nil { // io.EOF: SQLite does not know the pragma
		return "", err
	}
	return fmt.Sprint(value[0]), nil
}

// session is one connection with its prepared statements, used by one goroutine at a time.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// The statements of a session run to their end: transactions are short, and an interrupted one would leave its caller in doubt.
// Whoever walks many rows looks at the context himself.
var whole = context.Background()

func (s *session) stmt(query string) (*sql.Stmt, error) {
	if st := s.stmts[query]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(whole, query)
	if err != nil {
		return nil, translate(err)
	}
	s.stmts[query] = st
	return st, nil
}

func (s *session) exec(query string, args ...any) error {
	st, err := s.stmt(query)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(whole, args...)
	return translate(err)
}

// each scans every row of the answer into dest and calls do.
func (s *session) each(query string, args, dest []any, do func() error) error {
	st, err := s.stmt(query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(whole, args...)
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return translate(err)
		}
		if err := do(); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

// one scans the first row of the answer, and tells whether there is one.
func (s *session) one(query string, args []any, dest ...any) (found bool, err error) {
	st, err := s.stmt(query)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(whole, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, translate(err)
}

// pool lends sessions, at most as many as its channel holds.
type pool struct {
	db   *sql.DB
	free chan *session // nil: not opened yet
}

func newPool(path, mode, vfs string, want []pragma, size int) (*pool, error) {
	db, err := dial(path, mode, vfs, want)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	p := &pool{db: db, free: make(chan *session, size)}
	for range size {
		p.free <- nil
	}
	return p, nil
}

func (p *pool) take(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case s := <-p.free:
		if s != nil {
			return s, nil
		}
		conn, err := p.db.Conn(whole)
		if err != nil {
			p.free <- nil
			return nil, translate(err)
		}
		return &session{conn, map[string]*sql.Stmt{}}, nil
	}
}

func (p *pool) give(s *session) { p.free <- s }

// close waits for the sessions that are lent. Whoever takes one afterwards gets an error.
func (p *pool) close() error {
	defer func() {
		for range cap(p.free) {
			p.free <- nil
		}
	}()
	var errs []error
	for range cap(p.free) {
		s := <-p.free
		if s == nil {
			continue
		}
		for _, st := range s.stmts {
			errs = append(errs, st.Close())
		}
		errs = append(errs, s.conn.Close())
	}
	return translate(errors.Join(append(errs, p.db.Close())...))
}

// read runs do in one snapshot.
func (db *DB) read(ctx context.Context, do func(*session) error) error {
	s, err := db.readers.take(ctx)
	if err != nil {
		return err
	}
	defer db.readers.give(s)
	return s.snapshot(func() error { return do(s) })
}

// snapshot runs do, which only reads, as of one moment.
func (s *session) snapshot(do func() error) error {
	if err := s.exec("BEGIN"); err != nil {
		return err
	}
	defer func() { _ = s.exec("ROLLBACK") }() // a reader has nothing to lose
	return do()
}

// tx is an immediate transaction: nobody else writes meanwhile, in no process.
type tx struct {
	*session
	*DB
	last  *link // line of the journal, once it was asked for
	wrote bool
}

// run executes a statement that changes something; without one the transaction is rolled back in the end.
func (t *tx) run(query string, args ...any) error {
	t.wrote = true
	return t.exec(query, args...)
}

// add writes new rows of one table as they are, by one statement.
func add[R record](t *tx, rows ...R) error {
	if len(rows) == 0 {
		return nil
	}
	of := rows[0].table()
	args := values(rows[0].cells())
	for _, r := range rows[1:] {
		args = append(args, values(r.cells())...)
	}
	return t.run(of.insert+strings.Repeat(of.oneMore, len(rows)-1), args...)
}

// insert and update sign a row and write it.
func (t *tx) insert(r row) error {
	if err := t.sign(r); err != nil {
		return err
	}
	return add(t, r)
}

func (t *tx) update(r row) error {
	if err := t.sign(r); err != nil {
		return err
	}
	return t.run(r.table().update, values(r.cells())...)
}

// write runs do in an immediate transaction. What it wrote is durable when write returns nil; nothing of it remains otherwise.
func (db *DB) write(ctx context.Context, do func(*tx) error) error {
	if db.aside != "" {
		return rx.Fault(rx.CodeReadingOnly)
	}
	s, err := db.writer.take(ctx)
	if err != nil {
		return err
	}
	defer db.writer.give(s)
	if err := s.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	open := true
	defer func() {
		if open {
			_ = s.exec("ROLLBACK") // the error that led here is told; after some errors SQLite has rolled back already
		}
	}()
	var version int
	if _, err := s.one("PRAGMA user_version", nil, &version); err != nil {
		return err
	}
	if version > len(migrations) { // a newer program has migrated it since it was opened
		return rx.Fault(rx.CodeNewer)
	}
	t := &tx{session: s, DB: db}
	if err := do(t); err != nil {
		return err
	}
	if !t.wrote {
		return nil
	}
	if err := s.exec("COMMIT"); err != nil {
		return err
	}
	open = false
	t.trail()
	return nil
}
