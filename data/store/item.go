package store

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"relais/app/rx"
)

// item is a prescription as it was read, or written, with its row and those of its children.
type item struct {
	row   itemRow
	p     rx.Prescription
	parts []*part
}

// part is a child row with its body in the clear.
type part struct {
	child
	plain []byte
	write string // the statement that is still to be run; "" for a row that stays
}

// items reads the prescriptions of a query, whole and checked: the MAC of the row, those of its children, and that these are the children
// which the row knows.
func (db *DB) items(s *session, where string, args ...any) ([]*item, error) {
	rows, err := db.itemRows(s, where, args...)
	if err != nil {
		return nil, err
	}
	items := make([]*item, len(rows))
	for i, r := range rows {
		items[i] = &item{row: r}
	}
	if err := db.complete(s, items); err != nil {
		return nil, err
	}
	for _, it := range items {
		if err := db.decode(it); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// complete adds the child rows, checked, and still sealed.
func (db *DB) complete(s *session, items []*item) error {
	for _, of := range []*table{attemptTable, recordTable, sheetTable} {
		if err := db.children(s, of, items); err != nil {
			return err
		}
	}
	for _, it := range items {
		if subtle.ConstantTimeCompare(digest(it.parts), it.row.children) != 1 {
			return damaged(itemTable.name, it.row.id).Because(errors.New("attempts, records or sheets"))
		}
	}
	return nil
}

// item reads one prescription by id; CodeNotFound.
func (db *DB) item(s *session, id rx.ID) (*item, error) {
	items, err := db.items(s, "WHERE id = ?", string(id))
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, db.absent(itemTable, string(id))
	}
	return items[0], nil
}

// itemRows reads rows alone, checked.
func (db *DB) itemRows(s *session, where string, args ...any) (rows []itemRow, err error) {
	var r itemRow
	err = s.each(itemTable.selecting(where), args, r.cells(), func() error {
		rows = append(rows, r)
		return db.check(&r)
	})
	return rows, err
}

// count is how many children of a table the row knows.
func (r *itemRow) count(of *table) *int64 {
	switch of {
	case attemptTable:
		return &r.attempts
	case recordTable:
		return &r.records
	}
	return &r.sheets
}

// children reads the rows of one table for those items that know some there.
func (db *DB) children(s *session, of *table, items []*item) error {
	byN := map[int64]*item{}
	var list []string
	for _, it := range items {
		if *it.row.count(of) > 0 {
			byN[it.row.n] = it
			list = append(list, strconv.FormatInt(it.row.n, 10))
		}
	}
	query, arg := "WHERE prescription IN (SELECT value FROM json_each(?)) ORDER BY prescription, n", "["+strings.Join(list, ",")+"]"
	switch len(list) {
	case 0:
		return nil
	case 1:
		query, arg = "WHERE prescription = ? ORDER BY n", list[0]
	}
	c := child{of: of}
	return s.each(of.selecting(query), []any{arg}, c.cells(), func() error {
		p := &part{child: c}
		it := byN[c.prescription]
		if it == nil { // a page that lies about its order
			return damaged(of.name, strconv.FormatInt(c.prescription, 10))
		}
		p.id = it.row.id
		it.parts = append(it.parts, p)
		return db.check(&p.child)
	})
}

func (c *child) place() AD { return AD{c.of.name, c.key(), "body"} }

// digest binds children to their prescription: a deleted, added, exchanged or older row changes it.
func digest(parts []*part) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64([]byte(p.of.name[:1]), uint64(p.n)))
		h.Write(p.mac)
	}
	return h.Sum(nil)
}

// decode makes the prescription of checked rows.
func (db *DB) decode(it *item) error {
	r := &it.row
	broken := func() error { return damaged(itemTable.name, r.id) }
	state, err := rx.ParseState(r.state)
	if err != nil {
		return broken()
	}
	p := rx.Prescription{
		ID: rx.ID(r.id), Order: rx.ID(r.order), Line: int(r.line), Patient: rx.ID(r.patient), Version: r.version, State: state,
		Electronic: r.electronic == 1, Proof: r.proof == 1, Replaces: rx.ID(r.replaces.V),
	}
	if p.Issued, err = time.Parse(time.RFC3339Nano, r.issued); err != nil {
		return broken()
	}
	if err := errors.Join(p.Begin.UnmarshalText([]byte(r.begins)), p.Expires.UnmarshalText([]byte(r.expires))); err != nil {
		return broken()
	}
	notes, err := db.open(delivery, r.place("notes"), r.notes)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(notes, &p.Notes); err != nil {
		return broken()
	}
	for _, c := range it.parts {
		if c.plain, err = db.open(delivery, c.place(), c.body); err != nil {
			return err
		}
		switch c.of {
		case attemptTable:
			err = read(&p.Attempts, c.plain)
		case recordTable:
			err = read(&p.Records, c.plain)
		case sheetTable:
			err = read(&p.Sheets, c.plain)
		}
		if err != nil {
			return damaged(c.of.name, c.key())
		}
	}
	it.p = p
	return nil
}

func read[T any](list *[]T, plain []byte) error {
	var v T
	err := json.Unmarshal(plain, &v)
	*list = append(*list, v)
	return err
}

func (r *itemRow) place(column string) AD { return AD{itemTable.name, r.id, column} }

// blinds are the indexes of patient and ingredient, one by one.
func (r *itemRow) blinds() (blinds [][]byte) {
	for b := r.ingredients; len(b) >= 32; b = b[32:] {
		blinds = append(blinds, b[:32])
	}
	return blinds
}

// save writes p over it, with the children that changed. The parent comes first: a sheet refers to its door.
func (t *tx) save(it *item, p rx.Prescription) error {
	if err := t.set(it, p); err != nil {
		return err
	}
	if err := t.run(itemTable.update, values(it.row.cells())...); err != nil {
		return err
	}
	return t.saveParts(it)
}

// set makes p what it is, signed but not yet written.
func (t *tx) set(it *item, p rx.Prescription) error {
	r := &it.row
	r.version, r.state, r.door = p.Version, p.State.String(), string(p.State.Door())
	r.work, r.owed, r.harmless = work(p, p.Issued), owed(p), number(rx.Harmless(p))
	r.attempts, r.records, r.sheets = int64(len(p.Attempts)), int64(len(p.Records)), int64(len(p.Sheets))
	plain, err := json.Marshal(p.Notes)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	if r.notes, err = t.seal(delivery, r.place("notes"), plain); err != nil {
		return err
	}
	parts, err := t.split(it, p)
	if err != nil {
		return err
	}
	r.children = digest(parts)
	it.p, it.parts = p, parts
	return t.sign(r)
}

// saveParts writes the children that changed.
func (t *tx) saveParts(it *item) error {
	for _, c := range it.parts {
		if c.write == "" {
			continue
		}
		if err := t.run(c.write, values(c.cells())...); err != nil {
			return err
		}
		c.write = ""
	}
	return nil
}

// split makes the child rows of p: those of it that did not change, and the others signed and to be written.
func (t *tx) split(it *item, p rx.Prescription) (parts []*part, err error) {
	old := map[string]*part{}
	for _, c := range it.parts {
		old[c.of.name+c.key()] = c
	}
	keep := func(c child, value any) error {
		c.id, c.prescription, c.version = it.row.id, it.row.n, p.Version
		next := &part{child: c}
		if next.plain, err = json.Marshal(value); err != nil {
			return rx.Fault(rx.CodeInternal).Because(err)
		}
		before := old[c.of.name+c.key()]
		if before != nil && bytes.Equal(before.plain, next.plain) {
			parts = append(parts, before)
			return nil
		}
		next.write = c.of.insert
		if before != nil {
			next.write = c.of.update
		}
		if next.body, err = t.seal(delivery, next.place(), next.plain); err != nil {
			return err
		}
		parts = append(parts, next)
		return t.sign(&next.child)
	}
	for i, a := range p.Attempts {
		c := child{of: attemptTable, n: int64(i + 1), flag: number(a.Result.Live())}
		if a.Key != "" {
			if c.blind, err = t.blind("attempts.key", string(a.Key)); err != nil {
				return nil, err
			}
		}
		if err := keep(c, a); err != nil {
			return nil, err
		}
	}
	for i, r := range p.Records {
		c := child{of: recordTable, n: int64(i + 1), flag: number(r.Adopted)}
		index, of := "records.rid", string(r.RID)
		if r.Foreign.Set() { // free for the prescription whose it is
			index, of = "records.foreign", it.row.id+" "+of
		}
		if c.blind, err = t.blind(index, of); err != nil {
			return nil, err
		}
		if err := keep(c, r); err != nil {
			return nil, err
		}
	}
	for i, s := range p.Sheets {
		c := child{of: sheetTable, n: int64(i + 1), flag: number(s.Usable()), sheet: string(s.ID), state: rx.StatePaper.String()}
		if err := keep(c, s); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func clockText(t time.Time) string { return t.Format(time.RFC3339Nano) }
