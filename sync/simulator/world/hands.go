package world

import (
	"bytes"
	"encoding/binary"
	"time"

	"relais/app/rx"
)

// Act lets a pharmacist's or the patient's hand move a record: CodeNotFound when
// there is none, CodeStatus when its status does not allow it.
func (w *World) Act(m Move, rid rx.RID, at time.Time) error {
	return w.hand(rid, at, func(_ shelf, r *Record, now time.Time) bool { return r.move(m, now) })
}

// OpenByPatient is the pharmacist reading the patient's eID: every record that the
// pharmacist's list shows and nobody has opened goes in process.
func (w *World) OpenByPatient(patient rx.SSIN, at time.Time) (opened []rx.RID, err error) {
	err = w.do(at, func(tx shelf) {
		now := tx.control().server(at)
		for _, r := range tx.ofPatient(patient) {
			if r.Visibility != rx.Locked && r.move(Take, now) {
				tx.putRecord(r)
				opened = append(opened, r.RID)
			}
		}
	})
	return opened, err
}

// Feedback is a pharmacist's message about a record whose prescriber allows it.
func (w *World) Feedback(rid rx.RID, text []byte, at time.Time) error {
	return w.hand(rid, at, func(tx shelf, r *Record, now time.Time) bool {
		if r.Feedback {
			tx.addMessage(Message{Feedback: true, RID: rid, Patient: r.Patient, Text: bytes.Clone(text), At: now.UTC()})
		}
		return r.Feedback
	})
}

// hand does something to the record of a RID, whoever's it is.
func (w *World) hand(rid rx.RID, at time.Time, do func(shelf, *Record, time.Time) bool) error {
	var fault *rx.Error
	err := w.do(at, func(tx shelf) {
		now := tx.control().server(at)
		switch r := tx.record(rid); {
		case r == nil:
			fault = rx.Fault(rx.CodeNotFound)
		case !do(tx, r, now):
			fault = rx.Fault(CodeStatus, "status", string(r.StatusAt(now)))
		default:
			tx.putRecord(r)
		}
	})
	if err == nil && fault != nil {
		return fault
	}
	return err
}

// Foreign is a prescription that did not come through this door.
type Foreign struct {
	Patient    rx.SSIN
	Local      rx.ID // "" as made by other software; else as a lost copy of the directory would
	Content    []byte
	Unreadable bool // its key id can never be read
	Other      bool // of another prescriber
}

// Store is other software creating a prescription, valid for 90 days.
func (w *World) Store(f Foreign, at time.Time) (rid rx.RID, err error) {
	err = w.do(at, func(tx shelf) {
		now := tx.control().server(at)
		if rid, _ = w.newRID(tx, "P0"); rid == "" {
			return
		}
		if f.Local == "" {
			f.Local = w.newLocal(now)
		}
		created, expires := now.UTC(), rx.DateOf(now).AddDays(90)
		tx.addRecord(&Record{
			RID: rid, Patient: f.Patient, Key: w.newKey(tx, f.Patient).ID, Local: f.Local, Content: bytes.Clone(f.Content), Type: "P0",
			Created: created, Expires: expires, Ends: dayAfter(expires, now.Location()), Listed: created,
			Visibility: rx.Open, Status: rx.NotDelivered, By: Prescriber, Moved: created,
			Unreadable: f.Unreadable, Foreign: true, Other: f.Other,
		})
	})
	if err == nil && rid == "" {
		err = rx.Fault(rx.CodeRandom)
	}
	return rid, err
}

// newLocal is a LOCAL id as other software makes them.
func (w *World) newLocal(now time.Time) rx.ID {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], w.src.Uint64())
	binary.LittleEndian.PutUint64(b[8:], w.src.Uint64())
	id, err := rx.NewID(now, bytes.NewReader(b[:]))
	if err != nil {
		return "" // not reached: the reader is long enough
	}
	return id
}
