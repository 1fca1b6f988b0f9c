package world

import (
	"time"

	"relais/app/rx"
)

// Truth is all that the server holds at a moment.
type Truth struct {
	Now           time.Time // server's clock
	Records       []Record  // in order of storing, with content
	Keys          map[rx.KeyID]rx.SSIN
	Notifications []Message
	Feedbacks     []Message
}

// Tally counts the records of one thing.
type Tally struct {
	Records     int // creates that were stored
	Deliverable int // a pharmacist can deliver it now
	Delivered   int // a pharmacist has delivered it
}

func (t *Tally) add(r *Record, now time.Time) {
	t.Records++
	if r.DeliverableAt(now) {
		t.Deliverable++
	}
	if !r.Delivered.IsZero() {
		t.Delivered++
	}
}

// Truth gives what the server holds at the moment at.
func (w *World) Truth(at time.Time) (Truth, error) {
	t := Truth{Keys: map[rx.KeyID]rx.SSIN{}}
	err := w.do(at, func(tx shelf) {
		t.Now = tx.control().server(at).UTC()
		records := tx.records()
		t.Records = make([]Record, len(records))
		for i, r := range records {
			t.Records[i] = *r
		}
		for id, k := range tx.keys() {
			t.Keys[id] = k.Patient
		}
		for _, m := range tx.messages() {
			if m.Feedback {
				t.Feedbacks = append(t.Feedbacks, m)
			} else {
				t.Notifications = append(t.Notifications, m)
			}
		}
	})
	return t, err
}

// Survey shows each record as it stands at the moment at, in order of storing, with the
// server's clock: Truth for a check after each step. see reads, and keeps nothing.
func (w *World) Survey(at time.Time, see func(r *Record, now time.Time)) error {
	return w.do(at, func(tx shelf) {
		now := tx.control().server(at)
		for _, r := range tx.records() {
			see(r, now)
		}
	})
}

// PerLocal counts by LOCAL id: what a prescription of ours has become.
func (t Truth) PerLocal() map[rx.ID]Tally {
	return tallies(t, func(r *Record) rx.ID { return r.Local })
}

// PerKey counts by key id: what an attempt of ours has become.
func (t Truth) PerKey() map[rx.KeyID]Tally {
	return tallies(t, func(r *Record) rx.KeyID { return r.Key })
}

func tallies[K comparable](t Truth, of func(*Record) K) map[K]Tally {
	all := map[K]Tally{}
	for i := range t.Records {
		r := &t.Records[i]
		n := all[of(r)]
		n.add(r, t.Now)
		all[of(r)] = n
	}
	return all
}

// Tally counts the records of one LOCAL id at the moment at; the fast form of
// Truth for a check after each step.
func (w *World) Tally(local rx.ID, at time.Time) (n Tally, err error) {
	err = w.do(at, func(tx shelf) {
		now := tx.control().server(at)
		for _, r := range tx.ofLocal(local) {
			n.add(r, now)
		}
	})
	return n, err
}

// Record gives one record as it was last moved; CodeNotFound.
func (w *World) Record(rid rx.RID, at time.Time) (record Record, err error) {
	found := false
	err = w.do(at, func(tx shelf) {
		if r := tx.record(rid); r != nil {
			record, found = *r, true
		}
	})
	if err == nil && !found {
		err = rx.Fault(rx.CodeNotFound)
	}
	return record, err
}

// Key gives a key that was handed out, and the patient whom it names; CodeNotFound.
func (w *World) Key(id rx.KeyID) (key rx.Key, patient rx.SSIN, err error) {
	found := false
	err = w.do(time.Time{}, func(tx shelf) {
		var row keyRow
		row, found = tx.key(id)
		key, patient = rx.Key{ID: id, Secret: row.Secret}, row.Patient
	})
	if err == nil && !found {
		err = rx.Fault(rx.CodeNotFound)
	}
	return key, patient, err
}
