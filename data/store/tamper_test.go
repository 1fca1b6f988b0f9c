package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"relais/app/rx"
)

// tamperer is somebody who edits the file with all of SQLite's guards off.
func (p *place) tamperer() *sql.Conn {
	p.t.Helper()
	db, err := sql.Open("sqlite", p.opts.path(databaseFile)+"?_pragma=foreign_keys(0)&_pragma=ignore_check_constraints(1)&_pragma=busy_timeout(5000)")
	if err != nil {
		p.t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		conn.Close()
		db.Close()
	})
	rows, err := conn.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'trigger'")
	if err != nil {
		p.t.Fatal(err)
	}
	var drop []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			p.t.Fatal(err)
		}
		drop = append(drop, "DROP TRIGGER "+name)
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	p.run(conn, strings.Join(drop, ";"))
	return conn
}

// putBack writes files back as they were, in place, so that directory and database keep their identity.
func (p *place) putBack(files map[string][]byte) {
	p.t.Helper()
	for path := range p.files() {
		if _, kept := files[path]; !kept {
			p.remove(path)
		}
	}
	for path, text := range files {
		p.write(path, string(text))
	}
}

func (p *place) run(conn *sql.Conn, script string, args ...any) {
	p.t.Helper()
	if _, err := conn.ExecContext(ctx, script, args...); err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
}

// lived is a directory in which everything has rows: n 1 is confirmed after an attempt that was not sent, 2 on paper, 3 waits with a key in the pool.
func lived(t testing.TB, root string) (*place, *DB, []rx.Prescription) {
	p := newPlace(t)
	p.keys = newTestKeys(root, string(testVault), "simulated")
	p.opts.Keys = p.keys
	db := p.create().open()
	q := p.issue(db, 2).Prescriptions
	luc := marie
	luc.SSIN, luc.FirstName = "90010100123", "Luc"
	q = append(q, p.must(db.Issue(ctx, p.order(luc, []string{"a"}))).Prescriptions...)
	p.mark(db, q[0])
	q[0] = p.apply(db, q[0].ID, rx.Event{Kind: rx.EventNotSent, N: 1})
	p.mark(db, q[0])
	p.apply(db, q[0].ID, rx.Event{Kind: rx.EventAccepted, N: 2, RID: "BEP100000001"})
	q[0] = p.apply(db, q[0].ID, rx.Event{Kind: rx.EventFound, N: 0, RID: "BEP100000002", Status: rx.NotDelivered})
	q[1] = p.claim(db, q[1].ID)
	if err := db.AddKey(ctx, q[2].Patient, luc.SSIN, rx.Key{ID: "spare", Secret: make([]byte, 16)}); err != nil {
		t.Fatal(err)
	}
	if err := db.SetSetting(ctx, "practice", []byte("value")); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveDraft(ctx, rx.Draft{ID: p.newID()}); err != nil {
		t.Fatal(err)
	}
	return p, db, q
}

// Each edit of a row with SQLite's guards off is found by the read that leads to an act, and named by table and row alone.
func TestEditedRowsAreFound(t *testing.T) {
	item := func(i int) func(*DB, []rx.Prescription) error {
		return func(db *DB, q []rx.Prescription) error { _, err := db.Item(ctx, q[i].ID); return err }
	}
	work := func(db *DB, _ []rx.Prescription) error { _, err := db.Work(ctx); return err }
	mark := func(db *DB, q []rx.Prescription) error {
		_, _, err := db.Mark(ctx, q[2].ID, 0, morning, morning, morning.AddDate(0, 0, 1))
		return err
	}
	apply := func(db *DB, q []rx.Prescription) error {
		_, err := db.Apply(ctx, q[0].ID, 0, rx.Event{Kind: rx.EventLetGo, At: morning})
		return err
	}
	verify := func(db *DB, _ []rx.Prescription) error { return db.Verify(ctx) }
	setting := func(db *DB, _ []rx.Prescription) error { _, err := db.Setting(ctx, "practice"); return err }
	timelines := func(db *DB, q []rx.Prescription) error {
		for _, p := range q {
			if _, err := db.Timeline(ctx, p.ID); err != nil {
				return err
			}
		}
		return nil
	}
	p, db, q := lived(t, "root")
	p.close(db)
	kept := p.files()
	sound := func(db *DB, q []rx.Prescription) error {
		for _, find := range []func(*DB, []rx.Prescription) error{item(0), item(1), work, verify, setting, timelines, mark, apply} {
			if err := find(db, q); err != nil {
				return err
			}
		}
		return nil
	}
	for name, c := range map[string]struct {
		edit string
		find func(*DB, []rx.Prescription) error
	}{
		"nothing":               {"UPDATE drafts SET version = version", sound},
		"state and door":        {"UPDATE prescriptions SET state = 'ready', door = 'none', work = 1 WHERE n = 2", work},
		"state to closed":       {"UPDATE prescriptions SET state = 'withdrawn', work = 0, owed = 0 WHERE n = 3", verify},
		"out of the work":       {"UPDATE prescriptions SET work = 0 WHERE n = 1", verify},
		"version":               {"UPDATE prescriptions SET version = version - 1 WHERE n = 1", apply},
		"expiry":                {"UPDATE prescriptions SET expires = '2027-11-21' WHERE n = 3", work},
		"harmless":              {"UPDATE prescriptions SET harmless = 1 WHERE n = 3", work},
		"another patient":       {"UPDATE prescriptions SET patient = (SELECT patient FROM prescriptions WHERE n = 3) WHERE n = 2", item(1)},
		"NULL":                  {"UPDATE prescriptions SET ingredients = NULL WHERE n = 3", work},
		"sealed cell":           {"UPDATE prescriptions SET notes = (SELECT notes FROM prescriptions WHERE n = 3) WHERE n = 2", item(1)},
		"sealed cell and MAC":   {"UPDATE prescriptions SET (notes, mac) = (SELECT notes, mac FROM prescriptions WHERE n = 3) WHERE n = 2", item(1)},
		"rows swapped":          {"UPDATE prescriptions SET n = -n WHERE n IN (2, 3); UPDATE prescriptions SET n = 5 + n WHERE n < 0; UPDATE prescriptions SET n = CASE n WHEN 3 THEN 3 ELSE 2 END WHERE n IN (2, 3)", verify},
		"ids swapped":           {"CREATE TEMP TABLE was AS SELECT n, id FROM prescriptions; UPDATE prescriptions SET id = n; UPDATE prescriptions SET id = (SELECT id FROM was WHERE n = 4 - prescriptions.n)", work},
		"attempt deleted":       {"DELETE FROM attempts WHERE n = 2", item(0)},
		"attempt edited":        {"UPDATE attempts SET live = 1 WHERE n = 1 AND prescription = 1", item(0)},
		"attempt elsewhere":     {"UPDATE attempts SET prescription = 3 WHERE n = 3; UPDATE prescriptions SET attempts = 1 WHERE n = 3", work},
		"attempt without key":   {"UPDATE attempts SET key_blind = NULL", item(0)},
		"record deleted":        {"DELETE FROM records WHERE n = 2", work},
		"record adopted":        {"UPDATE records SET adopted = 0", item(0)},
		"records swapped":       {"UPDATE records SET n = 9 WHERE n = 1; UPDATE records SET n = 1 WHERE n = 2; UPDATE records SET n = 2 WHERE n = 9", item(0)},
		"sheet deleted":         {"DELETE FROM sheets", item(1)},
		"sheet and its number":  {"DELETE FROM sheets; UPDATE prescriptions SET sheets = 0 WHERE n = 2", item(1)},
		"sheet unusable":        {"UPDATE sheets SET usable = 0", item(1)},
		"message":               {"UPDATE contents SET message = (SELECT message FROM contents WHERE prescription = 1) WHERE prescription = 3", mark},
		"message gone":          {"UPDATE contents SET message = NULL WHERE prescription = 3", mark},
		"whole content":         {"DELETE FROM contents WHERE prescription = 3; INSERT INTO contents SELECT 3, mac, envelope, message, facts FROM contents WHERE prescription = 1", mark},
		"content deleted":       {"DELETE FROM contents WHERE prescription = 2", item(1)},
		"envelope":              {"UPDATE contents SET envelope = (SELECT envelope FROM contents WHERE prescription = 1) WHERE prescription = 3", mark},
		"facts":                 {"UPDATE contents SET facts = (SELECT facts FROM contents WHERE prescription = 1) WHERE prescription = 2", item(1)},
		"patient's number":      {"UPDATE patients SET ssin = (SELECT ssin FROM patients WHERE id > (SELECT min(id) FROM patients)) WHERE id = (SELECT min(id) FROM patients)", work},
		"patient deleted":       {"DELETE FROM patients WHERE id = (SELECT patient FROM prescriptions WHERE n = 3)", verify},
		"key":                   {"UPDATE keys SET patient = (SELECT patient FROM prescriptions WHERE n = 1)", verify},
		"key of another":        {"UPDATE keys SET blind = randomblob(32)", mark},
		"order":                 {"UPDATE orders SET request = zeroblob(32)", func(db *DB, q []rx.Prescription) error { _, err := db.Order(ctx, q[0].Order); return err }},
		"order deleted":         {"DELETE FROM orders WHERE lines = 1", verify},
		"line deleted":          {"DELETE FROM prescriptions WHERE n = 2", func(db *DB, q []rx.Prescription) error { _, err := db.Order(ctx, q[0].Order); return err }},
		"prescription deleted":  {"DELETE FROM prescriptions WHERE n = 3; DELETE FROM orders WHERE lines = 1; DELETE FROM contents WHERE prescription = 3", verify},
		"ingredient added":      {"UPDATE prescriptions SET ingredients = unhex(hex(ingredients) || hex(zeroblob(32))) WHERE n = 3", verify},
		"setting":               {"UPDATE settings SET value = unhex(hex(value) || '00')", setting},
		"generation":            {"UPDATE meta SET generation = generation + 1", verify},
		"restored":              {"UPDATE meta SET restored = 9", func(db *DB, q []rx.Prescription) error { _, _, err := db.Generation(ctx); return err }},
		"journal changed":       {"UPDATE journal SET at = at || '0' WHERE seq = 3", verify},
		"journal's event":       {"UPDATE journal SET event = (SELECT event FROM journal WHERE seq = 8) WHERE seq = 9", timelines},
		"journal line deleted":  {"DELETE FROM journal WHERE seq = 5", verify},
		"journal cut":           {"DELETE FROM journal WHERE seq > 8", verify},
		"journal emptied":       {"DELETE FROM journal", verify},
		"journal lines swapped": {"UPDATE journal SET seq = -1 WHERE seq = 5; UPDATE journal SET seq = 5 WHERE seq = 6; UPDATE journal SET seq = 6 WHERE seq = -1", verify},
		"journal line repeated": {"INSERT INTO journal SELECT seq + 100, at, kind, row, version, event, link FROM journal WHERE seq = 5", verify},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			p.putBack(kept)
			db := p.open()
			conn := p.tamperer()
			p.run(conn, c.edit)
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			err := c.find(db, q)
			if name == "nothing" {
				wantCode(t, err, "")
				return
			}
			wantCode(t, err, rx.CodeDamaged)
			if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "Dupont") || strings.Contains(text, string(marie.SSIN)) || strings.Contains(text, "BEP1") {
				t.Errorf("the error tells who: %s", text)
			}
		})
	}
}

// A row put back, with its children, to what it once was has a MAC that fits. The journal knows better.
func TestRowPutBackIsFound(t *testing.T) {
	p, db, q := lived(t, "root")
	conn := p.tamperer()
	p.run(conn, "CREATE TEMP TABLE old AS SELECT * FROM prescriptions WHERE n = 3")
	p.apply(db, q[2].ID, rx.Event{Kind: rx.EventLetGo})
	p.run(conn, "DELETE FROM prescriptions WHERE n = 3; INSERT INTO prescriptions SELECT * FROM old")
	if _, err := db.List(ctx, rx.Filter{}); err != nil {
		t.Fatalf("the older row does not fit: the test shows nothing: %v", err)
	}
	_, err := db.Item(ctx, q[2].ID)
	wantCode(t, err, rx.CodeDamaged)
	_, err = db.Apply(ctx, q[2].ID, 0, rx.Event{Kind: rx.EventLetGo, At: p.now})
	wantCode(t, err, rx.CodeDamaged)
	_, _, err = db.Mark(ctx, q[2].ID, 0, p.now, p.now, p.now.AddDate(0, 0, 1))
	wantCode(t, err, rx.CodeDamaged)
	wantCode(t, db.Verify(ctx), rx.CodeDamaged)
}

// A cell put back to what it once was, in the same row.
func TestOlderCellIsFound(t *testing.T) {
	p, db, q := lived(t, "root")
	conn := p.tamperer()
	p.run(conn, "CREATE TEMP TABLE old AS SELECT notes FROM prescriptions WHERE n = 3; CREATE TEMP TABLE older AS SELECT * FROM sheets")
	p.apply(db, q[2].ID, rx.Event{Kind: rx.EventTwin})
	p.apply(db, q[1].ID, rx.Event{Kind: rx.EventPrinted, Sheet: &rx.Sheet{ID: q[1].Sheets[0].ID}})
	p.run(conn, "UPDATE prescriptions SET notes = (SELECT notes FROM old) WHERE n = 3; DELETE FROM sheets; INSERT INTO sheets SELECT * FROM older")
	_, err := db.Work(ctx)
	wantCode(t, err, rx.CodeDamaged)
	_, err = db.Item(ctx, q[1].ID)
	wantCode(t, err, rx.CodeDamaged)
}

// The same history under other keys has the same ids: its rows do not fit here.
func TestRowOfAnotherVaultIsFound(t *testing.T) {
	p, db, q := lived(t, "root")
	other, otherDB, q2 := lived(t, "another root")
	if q[2].ID != q2[2].ID {
		t.Fatal("the two histories differ: the test shows nothing")
	}
	if err := otherDB.Close(ctx); err != nil {
		t.Fatal(err)
	}
	conn := p.tamperer()
	p.run(conn, "ATTACH ? AS other", other.opts.path(databaseFile))
	p.run(conn, "DELETE FROM main.prescriptions WHERE n = 3; INSERT INTO main.prescriptions SELECT * FROM other.prescriptions WHERE n = 3")
	_, err := db.Work(ctx)
	wantCode(t, err, rx.CodeDamaged)

	other.opts.Keys = p.keys // the keys of one directory, the file of the other
	_, err = Open(ctx, other.opts)
	wantCode(t, err, rx.CodeDamaged)
}

// Random edits of any cell of any table but drafts, and rows deleted, exchanged and repeated: Verify finds every one, or the reads of all that is frozen do.
func TestRandomEditsAreFound(t *testing.T) {
	p, db, _ := lived(t, "root")
	conn := p.tamperer()
	s := &session{conn, map[string]*sql.Stmt{}}
	check := func() error {
		v := newChecker(ctx, db, s, rowsAlone)
		if err := errors.Join(v.run(), v.report.Err()); err != nil {
			return err
		}
		items, err := db.items(s, "")
		if err != nil {
			return err
		}
		for _, it := range items {
			if _, err := db.told(s, it); err != nil {
				return err
			}
		}
		return nil
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	edits := 400
	if os.Getenv("RELAIS_SOAK") != "" {
		edits = 10_000
	}
	random := rand.New(rand.NewPCG(1, 2))
	tables := []string{"meta", "patients", "orders", "prescriptions", "contents", "attempts", "records", "sheets", "keys", "settings", "journal", "journal", "journal"}
	for range edits {
		p.run(conn, "BEGIN")
		statement := randomEdit(t, conn, random, tables[random.IntN(len(tables))])
		result, err := conn.ExecContext(ctx, statement)
		if err != nil { // a key that exists already: no edit
			p.run(conn, "ROLLBACK")
			continue
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			t.Fatalf("%s changes nothing: %v", statement, err)
		}
		if err := check(); rx.CodeOf(err) != rx.CodeDamaged {
			t.Errorf("%s: %v", statement, err)
		}
		p.run(conn, "ROLLBACK")
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
}

func randomEdit(t *testing.T, conn *sql.Conn, random *rand.Rand, table string) string {
	t.Helper()
	list := func(query string) (out []string) {
		rows, err := conn.QueryContext(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				t.Fatal(err)
			}
			out = append(out, v)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return out
	}
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	name := "mac" // rows are named by it
	if table == "journal" {
		name = "link"
	}
	rows := list("SELECT hex(" + name + ") FROM " + table)
	row, other := pick(rows), pick(rows)
	where := fmt.Sprintf(" WHERE %s = x'%s'", name, row)
	column := pick(list("SELECT name FROM pragma_table_info('" + table + "')"))
	switch kind := random.IntN(10); {
	case kind == 0 && table != "keys": // an unused key that is gone is fetched anew
		return "DELETE FROM " + table + where
	case kind == 1 && other != row:
		return fmt.Sprintf("UPDATE %s SET %s = (SELECT %[2]s FROM %[1]s WHERE %s = x'%s')%s AND %[2]s IS NOT (SELECT %[2]s FROM %[1]s WHERE %[3]s = x'%[4]s')", table, column, name, other, where)
	case kind == 2 && table == "journal":
		return fmt.Sprintf("DELETE FROM journal WHERE seq >= (SELECT seq FROM journal%s)", where)
	}
	// A number grows, a text gets longer, a blob has one digit changed.
	return strings.NewReplacer("TABLE", table, "COLUMN", column).Replace(`UPDATE TABLE SET COLUMN = CASE typeof(COLUMN)
		WHEN 'null' THEN x'01' WHEN 'integer' THEN COLUMN + 1 WHEN 'text' THEN COLUMN || '0'
		ELSE unhex(substr(hex(COLUMN), 1, 10) || (CASE substr(hex(COLUMN), 11, 1) WHEN '0' THEN '1' ELSE '0' END) || substr(hex(COLUMN), 12)) END`) + where
}

// A damaged row does not hide the others from who reads, and is never acted on.
func TestTheRestIsRead(t *testing.T) {
	p, db, q := lived(t, "root")
	conn := p.tamperer()
	for _, edit := range []string{
		"UPDATE prescriptions SET expires = '2030-01-01' WHERE n = 1",
		"DELETE FROM sheets",
		"UPDATE patients SET person = zeroblob(50) WHERE id = (SELECT patient FROM prescriptions WHERE n = 3)",
	} {
		p.run(conn, edit)
	}
	list, err := db.List(ctx, rx.Filter{})
	wantCode(t, err, rx.CodeUnread)
	var unread *rx.Error
	if len(list) != 1 || list[0].ID != q[2].ID || !errors.As(err, &unread) || unread.Args["n"] != "2" {
		t.Errorf("%d read, %v", len(list), err)
	}
	known, err := db.Patients(ctx)
	wantCode(t, err, rx.CodeUnread)
	if len(known) != 1 {
		t.Errorf("%d patients, %v", len(known), err)
	}
	for i, e := range []rx.Event{{Kind: rx.EventLetGo}, {Kind: rx.EventPrinted, Sheet: &rx.Sheet{ID: q[1].Sheets[0].ID}}} {
		e.At = p.now
		_, err := db.Apply(ctx, q[i].ID, 0, e)
		wantCode(t, err, rx.CodeDamaged)
	}
	_, err = db.Work(ctx) // nothing is sent from here
	wantCode(t, err, rx.CodeDamaged)
}
