package store

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"relais/app/rx"
)

// envelope is what a create needs beside the message, sealed with it for delivery.
type envelope struct {
	Type       string        `json:"type"`
	Feedback   bool          `json:"feedback,omitempty"`
	Visibility rx.Visibility `json:"visibility,omitempty"`
}

// Issue writes an order once, in one transaction and with one fsync. An order that exists is given back (Existing) when its request is
// the same, and refused with CodeOtherSame when it is not; nothing is written then.
func (db *DB) Issue(ctx context.Context, issue rx.Issue) (out rx.Issued, err error) {
	if err := follows(issue); err != nil {
		return out, err
	}
	request, err := db.keyed("request", issue.Request)
	if err != nil {
		return out, err
	}
	err = db.write(ctx, func(t *tx) error {
		var found bool
		if out, found, err = t.existing(t.session, issue.Order, request); err != nil || found {
			return err
		}
		out, err = t.issue(issue, request)
		return err
	})
	return out, err
}

// Existing gives the order of that id when it was issued before from the same request; of another request it answers CodeOtherSame.
func (db *DB) Existing(ctx context.Context, order rx.ID, request []byte) (out rx.Issued, found bool, err error) {
	hash, err := db.keyed("request", request)
	if err != nil {
		return out, false, err
	}
	err = db.read(ctx, func(s *session) error {
		out, found, err = db.existing(s, order, hash)
		return err
	})
	return out, found, err
}

func (db *DB) existing(s *session, order rx.ID, request []byte) (out rx.Issued, found bool, err error) {
	known, err := db.order(s, order)
	switch {
	case rx.CodeOf(err) == rx.CodeNotFound:
		return out, false, nil
	case err != nil:
		return out, false, err
	case subtle.ConstantTimeCompare(known.request, request) != 1:
		return out, false, rx.Fault(rx.CodeOtherSame)
	}
	out, err = db.issued(s, known)
	out.Existing = true
	return out, err == nil, err
}

// follows checks what only a fault of the program can break: the prescriptions are what their facts and events make of them.
func follows(issue rx.Issue) error {
	fault := func(why string) error { return rx.Fault(rx.CodeInternal).Because(errors.New("issue: " + why)) }
	if len(issue.Items) == 0 || len(issue.Items) > rx.MaxLines {
		return fault("no line, or too many")
	}
	for i, it := range issue.Items {
		p := it.Prescription
		if p.Order != issue.Order || p.Line != i || it.Facts.Order != issue.Order || it.Facts.Line != i || it.Facts.Prescription != p.ID {
			return fault("a prescription of another order or line")
		}
		if it.Facts.Patient.SSIN != issue.Patient.SSIN {
			return fault("a prescription for another patient")
		}
		if p.Electronic && p.State.Door() != rx.DoorPaper && len(it.Message) == 0 {
			return fault("an electronic prescription without a message")
		}
		q := rx.Initial(p.ID, it.Facts)
		for _, e := range it.Events {
			next, _, err := rx.Step(q, e)
			if err != nil {
				return err
			}
			q = next
		}
		if q.State != p.State || q.Version != p.Version || q.Electronic != p.Electronic || q.Begin != p.Begin || q.Expires != p.Expires ||
			len(q.Attempts) != len(p.Attempts) || len(q.Records) != len(p.Records) || len(q.Sheets) != len(p.Sheets) {
			return fault("a prescription that does not follow from its facts and events")
		}
	}
	return nil
}

func (t *tx) issue(issue rx.Issue, request []byte) (out rx.Issued, err error) {
	meta, n, err := t.count(t.session)
	if err != nil {
		return out, err
	}
	patient, err := t.patientOf(issue.Patient, issue.At)
	if err != nil {
		return out, err
	}
	order := orderRow{id: string(issue.Order), patient: patient, issued: clockText(issue.At), lines: int64(len(issue.Items)), request: request}
	if err := t.insert(&order); err != nil {
		return out, err
	}
	if issue.Closes != nil {
		if _, _, err := t.step(issue.Closes.ID, issue.Closes.Version, issue.Closes.Event); err != nil {
			return out, err
		}
	}
	out = rx.Issued{Order: issue.Order, Patient: rx.ID(patient), At: issue.At}
	items, err := t.begin(n, patient, issue.Items)
	if err != nil {
		return out, err
	}
	for _, it := range items {
		if madeBefore(issue.Order, meta.restored) {
			if err := t.advance(it, rx.Event{Kind: rx.EventRestored, At: issue.At}); err != nil {
				return out, err
			}
		}
		out.Prescriptions = append(out.Prescriptions, it.p)
	}
	if issue.Draft != "" {
		if err := t.run("DELETE FROM drafts WHERE id = ?", string(issue.Draft)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// begin writes the prescriptions of an order, with the numbers after n, and their journal lines. A table gets its rows by one statement, which
// saves a fifth of the work for ten rows.
func (t *tx) begin(n int64, patient string, list []rx.IssueItem) (items []*item, err error) {
	var rows []*itemRow
	var contents []*contentRow
	var lines []entry
	for _, i := range list {
		n++
		it, c, err := t.fresh(n, patient, i)
		if err != nil {
			return nil, err
		}
		items, rows, contents = append(items, it), append(rows, &it.row), append(contents, c)
		if lines, err = begun(lines, i); err != nil {
			return nil, err
		}
	}
	if err := add(t, rows...); err != nil {
		return nil, err
	}
	if err := add(t, contents...); err != nil {
		return nil, err
	}
	for _, it := range items {
		if err := t.saveParts(it); err != nil {
			return nil, err
		}
	}
	return items, t.journal(lines...)
}

// fresh makes one prescription, as number n, and what never changes of it, signed but not yet written.
func (t *tx) fresh(n int64, patient string, i rx.IssueItem) (*item, *contentRow, error) {
	p := i.Prescription
	p.Patient = rx.ID(patient)
	it := &item{row: itemRow{
		n: n, id: string(p.ID), order: string(p.Order), line: int64(p.Line), patient: patient,
		issued: clockText(p.Issued), begins: p.Begin.String(), expires: p.Expires.String(), electronic: number(p.Electronic), proof: number(p.Proof),
		replaces: optional{V: string(p.Replaces), Valid: p.Replaces != ""},
	}}
	c, err := t.freeze(it, i)
	if err != nil {
		return nil, nil, err
	}
	it.row.content = c.mac
	for _, code := range i.Facts.Product.Ingredients {
		blind, err := t.blind("ingredient", patient+"/"+code)
		if err != nil {
			return nil, nil, err
		}
		if !contains(it.row.blinds(), blind) {
			it.row.ingredients = append(it.row.ingredients, blind...)
		}
	}
	return it, c, t.set(it, p)
}

// begun adds the lines of a new prescription: its issue, and the events that led to what it is.
func begun(lines []entry, i rx.IssueItem) ([]entry, error) {
	p := rx.Initial(i.Prescription.ID, i.Facts)
	lines = append(lines, entry{lineIssued, string(p.ID), p.Version, i.Prescription.Issued, nil})
	for _, e := range i.Events {
		next, changed, err := rx.Step(p, e)
		if err != nil {
			return nil, err
		}
		if changed {
			lines = append(lines, stepped(p, next, e))
		}
		p = next
	}
	return lines, nil
}

// freeze seals what never changes, and signs it: the row of the prescription is bound to its MAC.
func (t *tx) freeze(it *item, i rx.IssueItem) (*contentRow, error) {
	facts, _, err := i.Facts.Canonical()
	if err != nil {
		return nil, err
	}
	around, err := json.Marshal(envelope{i.Facts.Type, i.Facts.Content.Feedback, i.Facts.Content.Visibility})
	if err != nil {
		return nil, rx.Fault(rx.CodeInternal).Because(err)
	}
	c := &contentRow{id: it.row.id, prescription: it.row.n}
	if c.facts, err = t.seal(content, c.place("facts"), facts); err != nil {
		return nil, err
	}
	if c.envelope, err = t.seal(delivery, c.place("envelope"), around); err != nil {
		return nil, err
	}
	if len(i.Message) > 0 {
		if c.message, err = t.seal(delivery, c.place("message"), i.Message); err != nil {
			return nil, err
		}
	}
	return c, t.sign(c)
}

func (r *contentRow) place(column string) AD { return AD{contentTable.name, r.id, column} }

func contains(blinds [][]byte, blind []byte) bool {
	for _, b := range blinds {
		if string(b) == string(blind) {
			return true
		}
	}
	return false
}

// madeBefore tells that an order's id may have been made before the moment restored (Unix milliseconds): by its UUIDv7 time, or because it has none.
func madeBefore(id rx.ID, restored int64) bool {
	if restored == 0 {
		return false
	}
	b, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", ""))
	if err != nil || len(b) != 16 || b[6]>>4 != 7 {
		return true
	}
	var ms int64
	for _, x := range b[:6] {
		ms = ms<<8 | int64(x)
	}
	return ms <= restored
}

// order reads the row of an order; CodeNotFound.
func (db *DB) order(s *session, id rx.ID) (*orderRow, error) {
	var r orderRow
	found, err := s.one(orderTable.selecting("WHERE id = ?"), []any{string(id)}, r.cells()...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, db.absent(orderTable, string(id))
	}
	return &r, db.check(&r)
}

// issued gives an order as it stands.
func (db *DB) issued(s *session, r *orderRow) (rx.Issued, error) {
	out := rx.Issued{Order: rx.ID(r.id), Patient: rx.ID(r.patient)}
	var err error
	if out.At, err = time.Parse(time.RFC3339Nano, r.issued); err != nil {
		return out, damaged(orderTable.name, r.id)
	}
	items, err := db.items(s, "WHERE order_id = ? ORDER BY line", r.id)
	if err != nil {
		return out, err
	}
	if int64(len(items)) != r.lines {
		return out, damaged(orderTable.name, r.id)
	}
	for _, it := range items {
		out.Prescriptions = append(out.Prescriptions, it.p)
	}
	return out, nil
}

// Order gives an order as it stands; CodeNotFound.
func (db *DB) Order(ctx context.Context, id rx.ID) (out rx.Issued, err error) {
	err = db.read(ctx, func(s *session) error {
		r, err := db.order(s, id)
		if err != nil {
			return err
		}
		out, err = db.issued(s, r)
		return err
	})
	return out, err
}
