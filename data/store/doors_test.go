package store

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"relais/app/rx"
)

// raw is a connection of somebody else: SQLite as it is, with foreign keys on.
func (p *place) raw() *sql.Conn {
	p.t.Helper()
	db, err := sql.Open("sqlite", p.opts.path(databaseFile)+"?_pragma=foreign_keys(1)")
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
	return conn
}

// Each door of the schema, and what SQLite says to a statement that would break it, whoever runs it.
func TestDoorsHoldAgainstSQL(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	// Line 0 is sent and confirmed, line 1 on the wire, line 2 on paper, line 3 waits, line 4 is withdrawn; n runs from 1.
	q := p.issue(db, 5).Prescriptions
	p.mark(db, q[0])
	p.apply(db, q[0].ID, rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP100000001"})
	p.mark(db, q[1])
	p.claim(db, q[2].ID)
	p.apply(db, q[4].ID, rx.Event{Kind: rx.EventWithdrawn, Reason: "stopped"})
	if err := db.AddKey(ctx, q[0].Patient, marie.SSIN, rx.Key{ID: "spare", Secret: make([]byte, 16)}); err != nil {
		t.Fatal(err)
	}
	conn := p.raw()

	const up = "version = version + 1"
	for _, c := range []struct{ door, statement, says string }{
		{"the door is a function of the state", "UPDATE prescriptions SET door = 'paper', " + up + " WHERE n = 4", "CHECK"},
		{"no electronic state has another door", "UPDATE prescriptions SET state = 'sending', " + up + " WHERE n = 4", "CHECK"},
		{"what is sent stays at work", "UPDATE prescriptions SET state = 'sending', door = 'electronic', work = 0, " + up + " WHERE n = 4", "CHECK"},
		{"what waits stays at work", "UPDATE prescriptions SET work = 0, " + up + " WHERE n = 4", "CHECK"},
		{"nothing is sent without a number", "INSERT INTO prescriptions SELECT 99, 'aaaaaaaa-2222-4333-8444-555555555555', order_id, 9, patient, version, state, door, issued, begins, expires, 0, proof, replaces, work, owed, harmless, attempts, records, sheets, notes, ingredients, content, children, mac FROM prescriptions WHERE n = 2", "CHECK"},
		{"a sheet that was destroyed is redone once", "INSERT INTO prescriptions SELECT 98, 'aaaaaaaa-2222-4333-8444-555555555598', order_id, 8, patient, version, state, door, issued, begins, expires, electronic, proof, (SELECT id FROM prescriptions WHERE n = 3), work, owed, harmless, attempts, records, sheets, notes, ingredients, content, children, mac FROM prescriptions WHERE n = 5; INSERT INTO prescriptions SELECT 99, 'aaaaaaaa-2222-4333-8444-555555555599', order_id, 9, patient, version, state, door, issued, begins, expires, electronic, proof, (SELECT id FROM prescriptions WHERE n = 3), work, owed, harmless, attempts, records, sheets, notes, ingredients, content, children, mac FROM prescriptions WHERE n = 5", "UNIQUE"},
		{"no other state", "UPDATE prescriptions SET state = 'lost', " + up + " WHERE n = 4", "CHECK"},
		{"paper never goes back", "UPDATE prescriptions SET state = 'ready', door = 'none', " + up + " WHERE n = 3", "final"},
		{"a sheet holds its prescription at the paper door", "DROP TRIGGER state_is_final; UPDATE prescriptions SET state = 'ready', door = 'none', work = 1, " + up + " WHERE n = 3", "FOREIGN KEY"},
		{"a sheet needs the paper door", "INSERT INTO sheets SELECT 4, n, version, usable, 'bbbbbbbb-2222-4333-8444-555555555555', state, body, mac FROM sheets", "FOREIGN KEY"},
		{"a sheet has no other door", "INSERT INTO sheets SELECT 4, n, version, usable, 'bbbbbbbb-2222-4333-8444-555555555555', 'ready', body, mac FROM sheets", "CHECK"},
		{"one usable sheet", "INSERT INTO sheets SELECT prescription, 2, version, usable, 'bbbbbbbb-2222-4333-8444-555555555555', state, body, mac FROM sheets", "UNIQUE"},
		{"a sheet's id is its own", "INSERT INTO sheets SELECT prescription, 2, version, 0, id, state, body, mac FROM sheets", "UNIQUE"},
		{"withdrawn is final", "UPDATE prescriptions SET state = 'ready', work = 1, " + up + " WHERE n = 5", "final"},
		{"confirmed is only revoked, or on paper", "UPDATE prescriptions SET state = 'ready', door = 'none', work = 1, " + up + " WHERE n = 1", "final"},
		{"one live attempt", "INSERT INTO attempts SELECT prescription, 2, version, 1, NULL, body, mac FROM attempts WHERE prescription = 2", "UNIQUE"},
		{"a witness serves one attempt", "INSERT INTO attempts SELECT 4, 1, version, 0, key_blind, body, mac FROM attempts WHERE prescription = 1", "UNIQUE"},
		{"an attempt keeps its witness", "UPDATE attempts SET key_blind = NULL WHERE prescription = 2", "witness"},
		{"a used witness does not come back", "INSERT INTO keys SELECT 50, a.key_blind, k.patient, k.added, k.body, k.mac FROM attempts a, keys k WHERE a.prescription = 1", "key used"},
		{"a key is in the pool once", "INSERT INTO keys SELECT 50, blind, patient, added, body, mac FROM keys", "UNIQUE"},
		{"a RID belongs to one prescription", "INSERT INTO records SELECT 4, 1, version, 0, rid_blind, body, mac FROM records", "UNIQUE"},
		{"one adopted record", "INSERT INTO records SELECT prescription, 2, version, 1, zeroblob(32), body, mac FROM records", "UNIQUE"},
		{"a record keeps its RID", "UPDATE records SET rid_blind = zeroblob(32)", "RID"},
		{"an order exists once", "INSERT INTO orders SELECT * FROM orders", "UNIQUE"},
		{"a line of an order exists once", "INSERT INTO prescriptions SELECT 99, 'aaaaaaaa-2222-4333-8444-555555555555', order_id, line, patient, version, state, door, issued, begins, expires, electronic, proof, replaces, work, owed, harmless, attempts, records, sheets, notes, ingredients, content, children, mac FROM prescriptions WHERE n = 4", "UNIQUE"},
		{"an order has at most ten lines", "INSERT INTO orders SELECT 'aaaaaaaa-2222-4333-8444-555555555555', patient, issued, 11, request, mac FROM orders", "CHECK"},
		{"what was prescribed is frozen", "UPDATE prescriptions SET expires = '2030-01-01', " + up + " WHERE n = 4", "frozen"},
		{"for whom is frozen", "UPDATE prescriptions SET patient = patient, " + up + " WHERE n = 4", "frozen"},
		{"the message is frozen", "UPDATE contents SET message = NULL WHERE prescription = 4", "frozen"},
		{"the facts are frozen", "UPDATE contents SET facts = zeroblob(9) WHERE prescription = 4", "frozen"},
		{"an order is frozen", "UPDATE orders SET request = zeroblob(32)", "frozen"},
		{"an ingredient is frozen", "UPDATE prescriptions SET ingredients = NULL, " + up + " WHERE n = 4", "frozen"},
		{"versions count", "UPDATE prescriptions SET owed = 5 WHERE n = 4", "version"},
		{"versions do not jump", "UPDATE prescriptions SET version = version + 2 WHERE n = 4", "version"},
		{"no prescription disappears", "DELETE FROM prescriptions WHERE n = 4", "kept"},
		{"no content disappears", "DELETE FROM contents WHERE prescription = 4", "kept"},
		{"no order disappears", "DELETE FROM orders", "kept"},
		{"no attempt disappears", "DELETE FROM attempts WHERE prescription = 2", "kept"},
		{"no record disappears", "DELETE FROM records", "kept"},
		{"no sheet disappears", "DELETE FROM sheets", "kept"},
		{"no patient with prescriptions disappears", "DELETE FROM patients", "FOREIGN KEY"},
		{"the journal is not rewritten", "UPDATE journal SET row = 'x' WHERE seq = 2", "append only"},
		{"the journal is not cut", "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)", "append only"},
		{"a number of the journal is given once", "INSERT INTO journal SELECT * FROM journal WHERE seq = 2", "UNIQUE"},
		{"tables are strict", "UPDATE prescriptions SET owed = 'much', " + up + " WHERE n = 4", "cannot store TEXT"},
		{"one directory", "INSERT INTO meta SELECT 2, vault, environment, created, version, generation, restored, mac FROM meta", "CHECK"},
	} {
		if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(ctx, c.statement); err == nil {
			t.Errorf("%s: nothing stops %s", c.door, c.statement)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, not %q", c.door, err, c.says)
		}
		if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Verify(ctx); err != nil {
		t.Error(err)
	}
}
