package world

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"relais/app/rx"
)

// schema of world.db. What is looked for has a column of its own; the rest of a
// row is the JSON of its Go value.
const schema = `
CREATE TABLE control (
	id   INTEGER PRIMARY KEY CHECK (id = 1),
	body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE TABLE keys (
	id   TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	body TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
	seq     INTEGER PRIMARY KEY,
	rid     TEXT NOT NULL UNIQUE CHECK (length(rid) = 12),
	patient TEXT NOT NULL,
	local   TEXT NOT NULL,
	body    TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX records_patient ON records (patient);
CREATE INDEX records_local ON records (local);
CREATE TABLE messages (
	seq  INTEGER PRIMARY KEY,
	body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE TABLE wire (
	id   INTEGER PRIMARY KEY AUTOINCREMENT, -- a ticket is never given twice
	due  INTEGER NOT NULL,                  -- ns since 1970
	done INTEGER NOT NULL CHECK (done IN (0, 1)),
	body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX wire_due ON wire (done, due, id);
INSERT INTO control (id, body) VALUES (1, '{}');
`

const (
	applicationID = 0x52785764 // "RxWd"
	schemaVersion = 1
)

// Open opens the world kept in the file at path, and makes it when there is none;
// its directory must exist. src decides RIDs, key ids and secrets of this process.
// A file of a later version answers rx.CodeNewer, another program's rx.CodeDamaged,
// one that cannot be read or written CodeStorage.
func Open(path string, src rand.Source) (*World, error) {
	d, err := openDurable(path)
	if err != nil {
		if rx.CodeOf(err) == rx.CodeInternal {
			err = rx.Fault(CodeStorage).Because(err)
		}
		return nil, err
	}
	return &World{shelf: d, src: src}, nil
}

// durable keeps a world in one SQLite file.
type durable struct{ db *sql.DB }

func openDurable(path string) (*durable, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeFile(path); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	d, err := connect(path)
	if err != nil {
		return nil, err
	}
	var app, version int
	err = errors.Join(
		d.db.QueryRow("PRAGMA application_id").Scan(&app),
		d.db.QueryRow("PRAGMA user_version").Scan(&version),
	)
	switch {
	case err != nil:
	case app != applicationID:
		err = rx.Fault(rx.CodeDamaged).Because(errors.New("not a world.db"))
	case version > schemaVersion:
		err = rx.Fault(rx.CodeNewer)
	default:
		return d, nil
	}
	return nil, errors.Join(err, d.close())
}

// makeFile makes the file whole beside its place and links it there: processes
// that do so at once get one file, which is never seen half made (SQLite does not
// wait for others when it turns a file to WAL). Nobody else may read it; SQLite
// gives the files beside it the same rights.
func makeFile(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	if err := f.Close(); err != nil {
		return err
	}
	d, err := connect(f.Name())
	if err != nil {
		return err
	}
	_, err = d.db.Exec(schema + fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion))
	if err := errors.Join(err, d.close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// connect opens a file and reads the pragmas back.
func connect(path string) (*durable, error) {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(20000)", "journal_mode(wal)", "synchronous(full)"},
	}.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		var got string
		err := db.QueryRow("PRAGMA " + name).Scan(&got)
		if err == nil && got != want {
			err = fmt.Errorf("%s is %s, not %s", name, got, want)
		}
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return &durable{db}, nil
}

func (d *durable) close() error { return d.db.Close() }

func (d *durable) begin() (shelf, error) {
	tx, err := d.db.Begin()
	if err != nil {
		return nil, err
	}
	return &transaction{tx: tx}, nil
}

// transaction is a shelf on the file. Its first failure stays in err: nothing more
// is read or written, and commit rolls back.
type transaction struct {
	tx      *sql.Tx
	err     error
	governs *control
}

func (t *transaction) commit() error {
	if t.err != nil {
		_ = t.tx.Rollback() // the first failure tells more
		return t.err
	}
	return t.tx.Commit()
}

func (t *transaction) exec(statement string, args ...any) (id int64) {
	if t.err != nil {
		return 0
	}
	result, err := t.tx.Exec(statement, args...)
	if err == nil {
		id, err = result.LastInsertId()
	}
	t.err = err
	return id
}

// body is the JSON of a row.
func body[T any](t *transaction, row T) string {
	b, err := encode(row)
	if t.err == nil {
		t.err = err
	}
	return string(b)
}

// all reads the column body of each row into a T.
func all[T any](t *transaction, query string, args ...any) (list []*T) {
	if t.err != nil {
		return nil
	}
	rows, err := t.tx.Query(query, args...)
	if err != nil {
		t.err = err
		return nil
	}
	defer func() { t.err = errors.Join(t.err, rows.Close()) }()
	for rows.Next() {
		var body []byte
		v := new(T)
		if err := errors.Join(rows.Scan(&body), json.Unmarshal(body, v)); err != nil {
			t.err = err
			return nil
		}
		list = append(list, v)
	}
	t.err = rows.Err()
	return list
}

// one is the first of all, nil when there is none.
func one[T any](t *transaction, query string, args ...any) *T {
	if list := all[T](t, query, args...); len(list) > 0 {
		return list[0]
	}
	return nil
}

func (t *transaction) control() *control {
	if t.governs == nil {
		t.governs = one[control](t, "SELECT body FROM control")
	}
	if t.governs == nil {
		t.governs = &control{}
	}
	return t.governs
}

func (t *transaction) setControl(c *control) {
	t.governs = c
	t.exec("UPDATE control SET body = ?", body(t, *c))
}

func (t *transaction) key(id rx.KeyID) (keyRow, bool) {
	if row := one[keyRowRow](t, "SELECT body FROM keys WHERE id = ?", string(id)); row != nil {
		return row.value(), true
	}
	return keyRow{}, false
}

func (t *transaction) addKey(id rx.KeyID, row keyRow) {
	t.exec("INSERT INTO keys (id, body) VALUES (?, ?)", string(id), body(t, rowOfKey(row)))
}

func (t *transaction) putKey(id rx.KeyID, row keyRow) {
	t.exec("UPDATE keys SET body = ? WHERE id = ?", body(t, rowOfKey(row)), string(id))
}

func (t *transaction) keys() map[rx.KeyID]keyRow {
	type named struct {
		ID  rx.KeyID
		Row keyRowRow
	}
	rows := map[rx.KeyID]keyRow{}
	for _, k := range all[named](t, "SELECT json_object('ID', id, 'Row', json(body)) FROM keys") {
		rows[k.ID] = k.Row.value()
	}
	return rows
}

func (t *transaction) record(rid rx.RID) *Record {
	if row := one[recordRow](t, "SELECT body FROM records WHERE rid = ?", string(rid)); row != nil {
		return row.value()
	}
	return nil
}

func (t *transaction) addRecord(r *Record) {
	r.Seq = 1
	if last := one[int64](t, "SELECT coalesce(max(seq), 0) FROM records"); last != nil {
		r.Seq += *last
	}
	t.exec("INSERT INTO records (seq, rid, patient, local, body) VALUES (?, ?, ?, ?, ?)",
		r.Seq, string(r.RID), string(r.Patient), string(r.Local), body(t, rowOfRecord(r)))
}

func (t *transaction) putRecord(r *Record) {
	t.exec("UPDATE records SET body = ? WHERE seq = ?", body(t, rowOfRecord(r)), r.Seq)
}

func (t *transaction) recordsOf(query string, args ...any) (list []*Record) {
	for _, row := range all[recordRow](t, query, args...) {
		list = append(list, row.value())
	}
	return list
}

func (t *transaction) ofPatient(p rx.SSIN) []*Record {
	return t.recordsOf("SELECT body FROM records WHERE patient = ? ORDER BY seq", string(p))
}

func (t *transaction) ofLocal(local rx.ID) []*Record {
	return t.recordsOf("SELECT body FROM records WHERE local = ? ORDER BY seq", string(local))
}

func (t *transaction) records() []*Record {
	return t.recordsOf("SELECT body FROM records ORDER BY seq")
}

func (t *transaction) addMessage(m Message) {
	m.Seq = 1
	if last := one[int64](t, "SELECT coalesce(max(seq), 0) FROM messages"); last != nil {
		m.Seq += *last
	}
	t.exec("INSERT INTO messages (seq, body) VALUES (?, ?)", m.Seq, body(t, rowOfMessage(m)))
}

func (t *transaction) messages() (list []Message) {
	for _, row := range all[messageRow](t, "SELECT body FROM messages ORDER BY seq") {
		list = append(list, row.value())
	}
	return list
}

func (t *transaction) putMessage(m Message) {
	t.exec("UPDATE messages SET body = ? WHERE seq = ?", body(t, rowOfMessage(m)), m.Seq)
}

func (t *transaction) addFlight(f *flight) {
	f.ID = t.exec("INSERT INTO wire (due, done, body) VALUES (?, 0, '{}')", f.due().UnixNano())
	t.putFlight(f) // with its ID
}

func (t *transaction) flight(id int64) *flight {
	if row := one[flightRow](t, "SELECT body FROM wire WHERE id = ? AND due < ?", id, int64(aside)); row != nil {
		f := row.value()
		f.ID = id
		return f
	}
	return nil
}

func (t *transaction) putFlight(f *flight) {
	t.exec("UPDATE wire SET done = ?, body = ? WHERE id = ?", f.Reply != nil, body(t, rowOfFlight(f)), f.ID)
}

func (t *transaction) dropFlight(id int64) { t.exec("DELETE FROM wire WHERE id = ?", id) }

// aside is the due moment of what cannot be performed: it never comes.
const aside = math.MaxInt64

func (t *transaction) due(at time.Time) int64 {
	if id := one[int64](t, "SELECT id FROM wire WHERE done = 0 AND due <= ? AND due < ? ORDER BY due, id LIMIT 1", at.UnixNano(), int64(aside)); id != nil {
		return *id
	}
	return 0
}

// attempt goes back to where it began when do fails, whatever the cause: a transaction that failed as a whole, for want of
// storage, fails again when the flight is set aside.
func (t *transaction) attempt(id int64, do func()) (failed error) {
	t.exec("SAVEPOINT flight")
	if t.err != nil {
		return nil // the commit tells
	}
	if do(); t.err != nil {
		failed, t.err, t.governs = t.err, nil, nil
		t.exec("ROLLBACK TO flight")
		t.exec("UPDATE wire SET due = ? WHERE id = ?", int64(aside), id)
	}
	t.exec("RELEASE flight")
	return failed
}

func (t *transaction) setAside() (n int) {
	if count := one[int](t, "SELECT count(*) FROM wire WHERE done = 0 AND due = ?", int64(aside)); count != nil {
		return *count
	}
	return 0
}

func (t *transaction) forget(before time.Time) {
	t.exec("DELETE FROM wire WHERE done = 1 AND due < ?", before.UnixNano())
}
