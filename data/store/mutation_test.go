package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"relais/app/rx"
)

// S12: whole rows deleted, changed, swapped, inserted, put back to what they once were, and the journal's tail cut off: what Verify alone, from the file, makes of each.
// A thousand mutations; with RELAIS_SOAK ten thousand. It says true before each round and after it.
func TestVerifyFindsEveryMutation(t *testing.T) {
	p, db, q := lived(t, "root")
	m := mutator{t: t, conn: p.tamperer(), random: rand.New(rand.NewPCG(12, 12)), done: map[string]int{}}
	m.exec("PRAGMA synchronous = off")
	m.remember("older")
	p.apply(db, q[2].ID, rx.Event{Kind: rx.EventLetGo})
	p.apply(db, q[1].ID, rx.Event{Kind: rx.EventPrinted, Sheet: &rx.Sheet{ID: q[1].Sheets[0].ID}})
	p.issue(db, 3)
	m.remember("now")
	mutations := 1000
	if os.Getenv("RELAIS_SOAK") != "" {
		mutations = 10_000
	}
	for range mutations {
		what := m.mutate()
		if rx.CodeOf(db.Verify(ctx)) != rx.CodeDamaged {
			t.Errorf("not found: %s", what)
		}
		m.restore("now")
		if m.n%100 == 0 {
			if err := db.Verify(ctx); err != nil {
				t.Fatalf("after %s was undone: %v", what, err)
			}
		}
	}
	for _, kind := range []string{"delete", "change", "swap", "insert", "older", "cut"} {
		if m.done[kind] == 0 {
			t.Errorf("no mutation of the kind %s", kind)
		}
	}
	t.Logf("%d mutations: %v", m.n, m.done)
}

// mutator changes rows with all of SQLite's guards off.
type mutator struct {
	t      *testing.T
	conn   *sql.Conn
	random *rand.Rand
	n      int
	done   map[string]int
	tables []string // touched by the last mutation
}

// mutated are the tables whose rows cannot change unseen. Drafts and unused keys are left out: what is gone of them harms nobody.
var mutated = []*table{metaTable, patientTable, orderTable, itemTable, contentTable, attemptTable, recordTable, sheetTable, settingTable, journalTable}

func (m *mutator) exec(statement string, args ...any) int64 {
	m.t.Helper()
	result, err := m.conn.ExecContext(context.Background(), statement, args...)
	if err != nil {
		m.t.Fatalf("%s: %v", statement, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

// try is exec of what may hit a key that is taken.
func (m *mutator) try(statement string) bool {
	result, err := m.conn.ExecContext(context.Background(), statement)
	if err != nil {
		return false
	}
	n, err := result.RowsAffected()
	return err == nil && n > 0
}

func (m *mutator) remember(as string) {
	for _, of := range mutated {
		m.exec("CREATE TEMP TABLE " + as + "_" + of.name + " AS SELECT * FROM main." + of.name)
	}
}

func (m *mutator) restore(from string) {
	m.exec("BEGIN")
	for _, name := range m.tables {
		m.exec("DELETE FROM main." + name)
		m.exec("INSERT INTO main." + name + " SELECT * FROM temp." + from + "_" + name)
	}
	m.exec("COMMIT")
}

// differs tells that a table is not as it is remembered.
func (m *mutator) differs(name string) bool {
	var n int
	query := strings.NewReplacer("TABLE", name).Replace(`SELECT (SELECT count(*) FROM (SELECT * FROM main.TABLE EXCEPT SELECT * FROM temp.now_TABLE))
		+ (SELECT count(*) FROM (SELECT * FROM temp.now_TABLE EXCEPT SELECT * FROM main.TABLE))`)
	if err := m.conn.QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		m.t.Fatal(err)
	}
	return n > 0
}

func (m *mutator) strings(query string) (list []string) {
	rows, err := m.conn.QueryContext(context.Background(), query)
	if err != nil {
		m.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			m.t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		m.t.Fatal(err)
	}
	return list
}

func pick[T any](m *mutator, list []T) T { return list[m.random.IntN(len(list))] }

// mutate makes one random change and says which.
func (m *mutator) mutate() string {
	for {
		of := pick(m, mutated)
		if m.random.IntN(3) == 0 {
			of = journalTable
		}
		columns := strings.Split(of.columns, ", ")
		last := columns[len(columns)-1] // MAC or link: it names the row
		rows := m.strings("SELECT hex(" + last + ") FROM " + of.name + " ORDER BY 1")
		one, other := pick(m, rows), pick(m, rows)
		where := fmt.Sprintf(" WHERE %s = x'%s'", last, one)
		column := pick(m, columns)
		if of == contentTable { // what is frozen is read whole by Check, and whenever it is used; Verify compares its MAC
			column = last
		}
		kind, statement := "", ""
		switch m.random.IntN(6) {
		case 0:
			kind, statement = "delete", "DELETE FROM main."+of.name+where
		case 1: // a number grows, a text gets longer, a blob has one digit changed
			kind, statement = "change", strings.NewReplacer("TABLE", "main."+of.name, "COLUMN", column).Replace(`UPDATE TABLE SET COLUMN = CASE typeof(COLUMN)
				WHEN 'null' THEN x'01' WHEN 'integer' THEN COLUMN + 1 WHEN 'text' THEN COLUMN || '0'
				ELSE unhex(substr(hex(COLUMN), 1, 10) || (CASE substr(hex(COLUMN), 11, 1) WHEN '0' THEN '1' ELSE '0' END) || substr(hex(COLUMN), 12)) END`)+where
		case 2: // all but the key of two rows, in place
			if slices.Contains([]*table{attemptTable, recordTable, sheetTable}, of) {
				continue // their keys are two columns: see change and older
			}
			key := columns[0]
			var sets []string
			for _, c := range columns {
				if c != key {
					sets = append(sets, c)
				}
			}
			list := strings.Join(sets, ", ")
			kind, statement = "swap", fmt.Sprintf("UPDATE main.%[1]s SET (%[2]s) = (SELECT %[2]s FROM temp.now_%[1]s o WHERE o.%[3]s = x'%[4]s') WHERE %[3]s = x'%[5]s'", of.name, list, last, other, one)
		case 3: // a copy under another key
			key := columns[0]
			values := strings.Replace(of.columns, key, "CASE typeof("+key+") WHEN 'integer' THEN "+key+" + 1000 ELSE '9' || substr("+key+", 2) END", 1)
			kind, statement = "insert", fmt.Sprintf("INSERT INTO main.%[1]s (%[2]s) SELECT %[3]s FROM temp.now_%[1]s%[4]s", of.name, of.columns, values, where)
		case 4: // a row as it once was
			kind, statement = "older", fmt.Sprintf("INSERT OR REPLACE INTO main.%s SELECT * FROM temp.older_%[1]s WHERE %s NOT IN (SELECT %[2]s FROM temp.now_%[1]s) ORDER BY random() LIMIT 1", of.name, last)
		case 5:
			of = journalTable
			kind, statement = "cut", fmt.Sprintf("DELETE FROM main.journal WHERE seq > (SELECT max(seq) FROM main.journal) - %d", 1+m.random.IntN(5))
		}
		m.tables = []string{of.name}
		if !m.try(statement) || !m.differs(of.name) {
			m.restore("now")
			continue
		}
		m.n++
		m.done[kind]++
		return kind + ": " + statement
	}
}
