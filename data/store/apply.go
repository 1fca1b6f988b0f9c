package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"relais/app/rx"
)

// Apply is rx.Step on the prescription at version (0: as it stands): compare and set, in one transaction. CodeConflict when the row has another
// version, CodeNotFound when there is none, CodeDamaged when its MAC or the journal disagrees, CodeRIDTaken and CodeKeyUsed when another
// prescription bears the RID or the witness; what rx.Step refuses or ignores writes nothing.
func (db *DB) Apply(ctx context.Context, id rx.ID, version int64, e rx.Event) (p rx.Prescription, err error) {
	err = db.write(ctx, func(t *tx) error {
		p, _, err = t.step(id, version, e)
		return err
	})
	return p, err
}

func (t *tx) step(id rx.ID, version int64, e rx.Event) (rx.Prescription, bool, error) {
	it, err := t.at(id, version)
	if err != nil {
		return rx.Prescription{}, false, err
	}
	before := it.p.Version
	err = t.advance(it, e)
	return it.p, err == nil && it.p.Version != before, err
}

// at reads a prescription that is to be changed. Its version must be the one expected (0: any), and the last that the journal knows: a row put back
// to an older state, in which its MAC was right, ends here.
func (t *tx) at(id rx.ID, version int64) (*item, error) {
	it, err := t.item(t.session, id)
	if err != nil {
		return nil, err
	}
	if err := t.current(it); err != nil {
		return nil, err
	}
	if version != 0 && it.row.version != version {
		return nil, rx.Fault(rx.CodeConflict)
	}
	return it, nil
}

// current tells that the row of it is the last that the journal knows.
func (s *session) current(it *item) error {
	last, err := s.lastVersion(it.row.id)
	if err == nil && last != it.row.version {
		err = damaged(itemTable.name, it.row.id).Because(errors.New("the journal knows another version"))
	}
	return err
}

// advance applies e to it and writes row, children, journal line and what the copy of a sheet takes from the stock of forms. An ignored event writes
// nothing.
func (t *tx) advance(it *item, e rx.Event) error {
	before := it.p
	if _, changed, err := rx.Step(before, e); err != nil || !changed {
		return err
	}
	e, err := t.takeForms(before, e)
	if err != nil {
		return err
	}
	next, _, err := rx.Step(before, e)
	if err != nil {
		return err
	}
	if err := t.save(it, next); err != nil {
		return err
	}
	return t.journal(stepped(before, next, e))
}

// stepped is the journal line of a step.
func stepped(before, after rx.Prescription, e rx.Event) entry {
	return entry{lineEvent, string(after.ID), after.Version, e.At,
		&happened{From: before.State.String(), To: after.State.String(), Name: e.Kind.String(), Event: e}}
}

// Mark claims the electronic door: in one transaction it takes the oldest unused key of the patient, applies EventMarked with it and gives
// what the create carries. CodeNoKey when there is none; else as Apply.
func (db *DB) Mark(ctx context.Context, id rx.ID, version int64, at, signed, until time.Time) (parcel rx.Parcel, p rx.Prescription, err error) {
	err = db.write(ctx, func(t *tx) error {
		it, err := t.at(id, version)
		if err != nil {
			return err
		}
		mark := rx.Event{Kind: rx.EventMarked, At: at, Attempt: &rx.Attempt{Key: "any", Expires: until}}
		if _, _, err := rx.Step(it.p, mark); err != nil {
			return err // the reason why it cannot be sent counts more than a missing key
		}
		key, err := t.oldestKey(it.row.patient)
		if err != nil {
			return err
		}
		mark.Attempt.Key = key.ID
		if err := t.advance(it, mark); err != nil {
			return err
		}
		p = it.p
		parcel, err = t.parcel(it)
		parcel.Key, parcel.Signed, parcel.SignedUntil = key, signed, until
		return err
	})
	if err != nil {
		return rx.Parcel{}, p, err
	}
	return parcel, p, nil
}

func (t *tx) oldestKey(patient string) (key rx.Key, err error) {
	var r keyRow
	found, err := t.one(keyTable.selecting("WHERE patient = ? ORDER BY n LIMIT 1"), []any{patient}, r.cells()...)
	if err != nil {
		return key, err
	}
	if !found {
		return key, rx.Fault(rx.CodeNoKey)
	}
	if err := t.check(&r); err != nil {
		return key, err
	}
	plain, err := t.open(delivery, AD{keyTable.name, r.key(), "body"}, r.body)
	if err != nil {
		return key, err
	}
	if err := json.Unmarshal(plain, &key); err != nil {
		return key, damaged(keyTable.name, r.key())
	}
	return key, nil
}

// parcel is what a create of it carries, but for key and timestamp. It needs nothing sealed as content.
func (t *tx) parcel(it *item) (parcel rx.Parcel, err error) {
	c, err := t.frozen(t.session, it)
	if err != nil {
		return parcel, err
	}
	plain, err := t.open(delivery, c.place("envelope"), c.envelope)
	if err != nil {
		return parcel, err
	}
	var e envelope
	if err := json.Unmarshal(plain, &e); err != nil {
		return parcel, damaged(contentTable.name, c.id)
	}
	if c.message == nil {
		return parcel, rx.Fault(rx.CodePaperOnly)
	}
	message, err := t.open(delivery, c.place("message"), c.message)
	if err != nil {
		return parcel, err
	}
	patient, err := t.patientRow(t.session, "WHERE id = ?", it.row.patient)
	if err != nil {
		return parcel, err
	}
	ssin, err := t.ssin(patient)
	if err != nil {
		return parcel, err
	}
	return rx.Parcel{
		Prescription: it.p.ID, Attempt: len(it.p.Attempts), Patient: ssin, Type: e.Type, Expires: it.p.Expires, Feedback: e.Feedback,
		Visibility: e.Visibility, Local: it.p.LocalID(), Message: message,
	}, nil
}

// frozen reads what was frozen at issue, whole and checked: its MAC is the one that the prescription's row is bound to.
func (db *DB) frozen(s *session, it *item) (*contentRow, error) {
	c := contentRow{id: it.row.id}
	found, err := s.one(contentTable.selecting("WHERE prescription = ?"), []any{it.row.n}, c.cells()...)
	if err != nil {
		return nil, err
	}
	if !found || string(c.mac) != string(it.row.content) {
		return nil, damaged(contentTable.name, it.row.id)
	}
	return &c, db.check(&c)
}
