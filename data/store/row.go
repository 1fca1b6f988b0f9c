package store

import (
	"database/sql"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// record is a line of a table.
type record interface {
	table() *table
	cells() []any // pointers to the columns in the order of the table: *int64, *string, *optional, *[]byte
}

// row is a record that carries a MAC, in its last cell.
type row interface {
	record
	key() string // binds the MAC to its place; it may stand in an error, so it is never a person's
}

// optional is a text that may be NULL. A *[]byte is NULL when nil.
type optional = sql.Null[string]

// table is the SQL of a kind of row.
type table struct {
	name, columns  string
	insert, update string // of a whole row; update sets what may change, by the primary key
	oneMore        string // after insert, for each further row
}

// newTable takes the names of the columns: the primary key, those that are frozen once written, those that may change (the MAC among
// them, last of all), in the order of the cells.
func newTable(name, key, frozen, changing string) *table {
	var all, set, where []string
	place := func(c string) string { return c + " = ?" + strconv.Itoa(len(all)) }
	for _, c := range strings.Fields(key) {
		all = append(all, c)
		where = append(where, place(c))
	}
	all = append(all, strings.Fields(frozen)...)
	for _, c := range strings.Fields(changing) {
		all = append(all, c)
		set = append(set, place(c))
	}
	columns := strings.Join(all, ", ")
	one := "(" + strings.Join(slices.Repeat([]string{"?"}, len(all)), ", ") + ")"
	return &table{
		name: name, columns: columns,
		insert: "INSERT INTO " + name + " (" + columns + ") VALUES " + one, oneMore: ", " + one,
		update: "UPDATE " + name + " SET " + strings.Join(set, ", ") + " WHERE " + strings.Join(where, " AND "),
	}
}

// selecting is the start of a query for rows of t.
func (t *table) selecting(rest string) string {
	return "SELECT " + t.columns + " FROM " + t.name + " " + rest
}

// values are the cells as arguments of a statement.
func values(cells []any) []any {
	args := make([]any, len(cells))
	for i, c := range cells {
		switch v := c.(type) {
		case *int64:
			args[i] = *v
		case *string:
			args[i] = *v
		case *optional:
			if v.Valid {
				args[i] = v.V
			}
		case *[]byte:
			if *v != nil {
				args[i] = *v
			}
		}
	}
	return args
}

// The tables. What each column holds, and under which purpose it is sealed, stands in the package comment.
var (
	metaTable    = newTable("meta", "one", "vault environment created", "version generation restored mac")
	patientTable = newTable("patients", "id", "", "version ssin_blind name_blind ssin person mac")
	orderTable   = newTable("orders", "id", "patient issued lines request", "mac")
	itemTable    = newTable("prescriptions", "n", "id order_id line patient issued begins expires electronic proof replaces ingredients content",
		"version state door work owed harmless attempts records sheets notes children mac")
	contentTable = newTable("contents", "prescription", "envelope message facts", "mac")
	attemptTable = newTable("attempts", "prescription n", "key_blind", "version live body mac")
	recordTable  = newTable("records", "prescription n", "", "rid_blind version adopted body mac") // one that is not borne gives its RID free
	sheetTable   = newTable("sheets", "prescription n", "id state", "version usable body mac")
	keyTable     = newTable("keys", "n", "blind patient added body", "mac")
	draftTable   = newTable("drafts", "id", "", "version body mac")
	settingTable = newTable("settings", "name", "", "version value mac")
	journalTable = newTable("journal", "seq", "at kind row version event", "link")
)

type metaRow struct {
	one                         int64
	vault, environment, created string
	version                     int64
	generation                  int64
	restored                    int64 // Unix milliseconds
	mac                         []byte
}

func (*metaRow) table() *table { return metaTable }
func (r *metaRow) key() string { return r.vault }
func (r *metaRow) cells() []any {
	return []any{&r.one, &r.vault, &r.environment, &r.created, &r.version, &r.generation, &r.restored, &r.mac}
}

type patientRow struct {
	id                                 string
	version                            int64
	ssinBlind, nameBlind, ssin, person []byte
	mac                                []byte
}

func (*patientRow) table() *table { return patientTable }
func (r *patientRow) key() string { return r.id }
func (r *patientRow) cells() []any {
	return []any{&r.id, &r.version, &r.ssinBlind, &r.nameBlind, &r.ssin, &r.person, &r.mac}
}

type orderRow struct {
	id, patient, issued string
	lines               int64
	request             []byte
	mac                 []byte
}

func (*orderRow) table() *table { return orderTable }
func (r *orderRow) key() string { return r.id }
func (r *orderRow) cells() []any {
	return []any{&r.id, &r.patient, &r.issued, &r.lines, &r.request, &r.mac}
}

type itemRow struct {
	n                         int64
	id, order                 string
	line                      int64
	patient                   string
	issued, begins, expires   string
	electronic, proof         int64
	replaces                  optional
	ingredients, content      []byte
	version                   int64
	state, door               string
	work, owed, harmless      int64
	attempts, records, sheets int64
	notes, children           []byte
	mac                       []byte
}

func (*itemRow) table() *table { return itemTable }
func (r *itemRow) key() string { return r.id }
func (r *itemRow) cells() []any {
	return []any{&r.n, &r.id, &r.order, &r.line, &r.patient, &r.issued, &r.begins, &r.expires, &r.electronic, &r.proof, &r.replaces,
		&r.ingredients, &r.content, &r.version, &r.state, &r.door, &r.work, &r.owed, &r.harmless, &r.attempts, &r.records, &r.sheets,
		&r.notes, &r.children, &r.mac}
}

// contentRow is bound to its prescription by id, though the table is keyed by n.
type contentRow struct {
	id                       string // no column
	prescription             int64
	envelope, message, facts []byte
	mac                      []byte
}

func (*contentRow) table() *table { return contentTable }
func (r *contentRow) key() string { return r.id }
func (r *contentRow) cells() []any {
	return []any{&r.prescription, &r.envelope, &r.message, &r.facts, &r.mac}
}

// child is an attempt, a record or a sheet, by its table.
type child struct {
	of           *table
	id           string // of the prescription; no column
	prescription int64
	n            int64
	blind        []byte // of key or RID
	sheet, state string
	version      int64
	flag         int64 // live, adopted, usable
	body         []byte
	mac          []byte
}

func (c *child) table() *table { return c.of }
func (c *child) key() string   { return c.id + "/" + strconv.FormatInt(c.n, 10) }
func (c *child) cells() []any {
	if c.of == sheetTable {
		return []any{&c.prescription, &c.n, &c.sheet, &c.state, &c.version, &c.flag, &c.body, &c.mac}
	}
	return []any{&c.prescription, &c.n, &c.blind, &c.version, &c.flag, &c.body, &c.mac}
}

type keyRow struct {
	n              int64
	blind          []byte
	patient, added string
	body           []byte
	mac            []byte
}

func (*keyRow) table() *table { return keyTable }
func (r *keyRow) key() string { return hex.EncodeToString(r.blind) }
func (r *keyRow) cells() []any {
	return []any{&r.n, &r.blind, &r.patient, &r.added, &r.body, &r.mac}
}

type draftRow struct {
	id      string
	version int64
	body    []byte
	mac     []byte
}

func (*draftRow) table() *table { return draftTable }
func (r *draftRow) key() string { return r.id }
func (r *draftRow) cells() []any {
	return []any{&r.id, &r.version, &r.body, &r.mac}
}

type settingRow struct {
	name    string
	version int64
	value   []byte
	mac     []byte
}

func (*settingRow) table() *table { return settingTable }
func (r *settingRow) key() string { return r.name }
func (r *settingRow) cells() []any {
	return []any{&r.name, &r.version, &r.value, &r.mac}
}
