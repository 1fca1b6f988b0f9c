package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"relais/app/rx"
)

// patientRow reads the row of a patient, checked; CodeNotFound.
func (db *DB) patientRow(s *session, where string, args ...any) (*patientRow, error) {
	var r patientRow
	found, err := s.one(patientTable.selecting(where), args, r.cells()...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, rx.Fault(rx.CodeNotFound)
	}
	return &r, db.check(&r)
}

func (r *patientRow) place(column string) AD { return AD{patientTable.name, r.id, column} }

// ssin is the national number, "" when there is none.
func (g guard) ssin(r *patientRow) (rx.SSIN, error) {
	if r.ssin == nil {
		return "", nil
	}
	plain, err := g.open(delivery, r.place("ssin"), r.ssin)
	return rx.SSIN(plain), err
}

// known is the patient of a row.
func (g guard) known(r *patientRow) (k rx.Known, err error) {
	plain, err := g.open(patients, r.place("person"), r.person)
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(plain, &k.Patient); err != nil {
		return k, damaged(patientTable.name, r.id)
	}
	k.ID, k.Version = rx.ID(r.id), r.version
	return k, nil
}

// fill seals p into the row.
func (g guard) fill(r *patientRow, p rx.Patient) error {
	plain, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(plain, &rx.Patient{}) // what could not be read back is not kept
	}
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(errors.New("a patient that cannot be read back"))
	}
	if r.person, err = g.seal(patients, r.place("person"), plain); err != nil {
		return err
	}
	if r.nameBlind, err = g.nameOf(p); err != nil {
		return err
	}
	r.ssin, r.ssinBlind = nil, nil
	if p.SSIN == "" {
		return nil
	}
	if r.ssinBlind, err = g.blind("patients.ssin", string(p.SSIN)); err != nil {
		return err
	}
	r.ssin, err = g.seal(delivery, r.place("ssin"), []byte(p.SSIN))
	return err
}

// nameOf is the blind index by which somebody without a number is found again.
func (g guard) nameOf(p rx.Patient) ([]byte, error) {
	return g.blind("patients.name", rx.Fold(p.LastName)+"\x00"+rx.Fold(p.FirstName)+"\x00"+p.BirthDate.String())
}

// patientOf finds the patient of an order, brings what is known of them up to date, or makes them. Somebody is found by national number;
// else by name and birth date among those who have none: a newborn who got a number is found again, and two who bear different numbers
// are never taken for one.
func (t *tx) patientOf(p rx.Patient, at time.Time) (id string, err error) {
	r, err := t.bySSIN(t.session, p.SSIN)
	if rx.CodeOf(err) == rx.CodeNotFound {
		blind, err := t.nameOf(p)
		if err != nil {
			return "", err
		}
		r, err = t.patientRow(t.session, "WHERE name_blind = ? AND ssin_blind IS NULL", blind)
		if rx.CodeOf(err) == rx.CodeNotFound {
			return t.newPatient(p, at)
		}
		if err != nil {
			return "", err
		}
	} else if err != nil {
		return "", err
	}
	known, err := t.known(r)
	if err != nil {
		return "", err
	}
	if p.Phone == "" { // an order that does not say it does not take it away
		p.Phone = known.Phone
	}
	if p.Language == "" {
		p.Language = known.Language
	}
	if p == known.Patient {
		return r.id, nil
	}
	return r.id, t.changePatient(r, p, at)
}

func (db *DB) bySSIN(s *session, ssin rx.SSIN) (*patientRow, error) {
	if ssin == "" {
		return nil, rx.Fault(rx.CodeNotFound)
	}
	blind, err := db.blind("patients.ssin", string(ssin))
	if err != nil {
		return nil, err
	}
	return db.patientRow(s, "WHERE ssin_blind = ?", blind)
}

func (t *tx) newPatient(p rx.Patient, at time.Time) (string, error) {
	id, err := t.newID(at)
	if err != nil {
		return "", err
	}
	r := &patientRow{id: string(id), version: 1}
	if err := t.fill(r, p); err != nil {
		return "", err
	}
	if err := t.insert(r); err != nil {
		return "", err
	}
	return r.id, t.journal(entry{linePatient, r.id, r.version, at, nil})
}

func (t *tx) changePatient(r *patientRow, p rx.Patient, at time.Time) error {
	r.version++
	before := r.ssinBlind
	if err := t.fill(r, p); err != nil {
		return err
	}
	if err := t.update(r); err != nil {
		return err
	}
	if !bytes.Equal(before, r.ssinBlind) { // they name the number that the patient had
		if before != nil {
			if err := t.nothingUnderWay(r.id, at); err != nil {
				return err
			}
		}
		if err := t.run("DELETE FROM keys WHERE patient = ?", r.id); err != nil {
			return err
		}
	}
	return t.journal(entry{linePatient, r.id, r.version, at, nil})
}

// nothingUnderWay refuses another number for a patient of whom something waits or is looked for under the one that stands in its message:
// under another one it would never be found, and be made again (CodeNumberUnderWay).
func (t *tx) nothingUnderWay(patient string, at time.Time) error {
	rows, err := t.itemRows(t.session, "WHERE patient = ? AND work <> 0", patient)
	if err != nil {
		return err
	}
	items := make([]*item, len(rows))
	for i, row := range rows {
		items[i] = &item{row: row}
	}
	if err := t.complete(t.session, items); err != nil {
		return err
	}
	for _, it := range items {
		if err := t.decode(it); err != nil {
			return err
		}
		if it.p.State == rx.StateReady && it.p.Electronic || rx.UnderWay(it.p, at) {
			return rx.Fault(rx.CodeNumberUnderWay).At("$.ssin")
		}
	}
	return nil
}

// SavePatient makes a patient (ID "") or replaces what is known of one. CodeConflict when the row has another version, or when another
// patient bears the number, or the name and birth date where there is no number; CodeNumberUnderWay when the number changes while
// something of the patient is under way.
func (db *DB) SavePatient(ctx context.Context, k rx.Known) (rx.Known, error) {
	err := db.write(ctx, func(t *tx) error {
		if k.ID == "" {
			id, err := t.newPatient(k.Patient, t.clock())
			k.ID, k.Version = rx.ID(id), 1
			return err
		}
		r, err := t.patientRow(t.session, "WHERE id = ?", string(k.ID))
		if err != nil {
			return err
		}
		if r.version != k.Version {
			return rx.Fault(rx.CodeConflict)
		}
		k.Version++
		return t.changePatient(r, k.Patient, t.clock())
	})
	if err != nil {
		return rx.Known{}, err
	}
	return k, nil
}

// Patient gives one patient; CodeNotFound.
func (db *DB) Patient(ctx context.Context, id rx.ID) (k rx.Known, err error) {
	err = db.read(ctx, func(s *session) error {
		r, err := db.patientRow(s, "WHERE id = ?", string(id))
		if rx.CodeOf(err) == rx.CodeNotFound {
			err = db.absent(patientTable, string(id))
		}
		if err != nil {
			return err
		}
		k, err = db.known(r)
		return err
	})
	return k, err
}

// Patients gives all patients, in the order in which they were made; with CodeUnread those that are not damaged.
func (db *DB) Patients(ctx context.Context) (all []rx.Known, err error) {
	if _, err := db.seal(patients, AD{Table: patientTable.name}, nil); err != nil { // who may not read them gets nothing of what was read before
		return nil, err
	}
	db.people.Lock()
	defer db.people.Unlock()
	err = db.read(ctx, func(s *session) error {
		last, err := head(s)
		if err != nil && db.found == nil { // of what could be rescued the journal may be no part
			return err
		}
		lost := 0
		if all, err = db.catchUp(s); err != nil || all == nil {
			if all, lost, err = db.everybody(s); err != nil {
				return err
			}
		}
		if db.people.seq = last.seq; lost > 0 {
			db.people.seq = 0 // counted each time
		}
		db.people.all = all
		return unread(lost)
	})
	if err != nil && rx.CodeOf(err) != rx.CodeUnread {
		return nil, err
	}
	return slices.Clone(all), err
}

// people are all patients as they were at a line of the journal, which tells who changed since: a few thousand, which each letter of a search asks for.
type people struct {
	sync.Mutex
	all []rx.Known // by id
	seq int64      // 0: nothing is kept
}

// catchUp brings what is kept up to date; nil when there is nothing.
func (db *DB) catchUp(s *session) ([]rx.Known, error) {
	all := db.people.all
	if db.people.seq == 0 {
		return nil, nil
	}
	var ids []string
	var id string
	err := s.each("SELECT row FROM journal WHERE seq > ? AND kind = 'patient'", []any{db.people.seq}, []any{&id}, func() error {
		ids = append(ids, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		r, err := db.patientRow(s, "WHERE id = ?", id)
		if err != nil {
			return nil, err
		}
		k, err := db.known(r)
		if err != nil {
			return nil, err
		}
		i, found := slices.BinarySearchFunc(all, k.ID, func(k rx.Known, id rx.ID) int { return strings.Compare(string(k.ID), string(id)) })
		if found {
			all[i] = k
		} else {
			all = slices.Insert(all, i, k)
		}
	}
	return all, nil
}

// everybody reads all patients, and counts those whose row is damaged.
func (db *DB) everybody(s *session) (all []rx.Known, lost int, err error) {
	rows, lost, err := readable[patientRow](db, s, "ORDER BY id")
	if err != nil {
		return nil, 0, err
	}
	all = make([]rx.Known, 0, len(rows))
	for i := range rows {
		k, err := db.known(&rows[i])
		switch {
		case rx.CodeOf(err) == rx.CodeDamaged:
			lost++
			continue
		case err != nil:
			return nil, 0, err
		}
		all = append(all, k)
	}
	return all, lost, nil
}
