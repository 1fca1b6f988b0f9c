package outbox_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"relais/app/rx"
)

// shelf is a store in memory: rx.Step over a map, a log of what was done, and a hook
// before each step through which a test refuses it or lets somebody else come first.
type shelf struct {
	rows   map[rx.ID]rx.Prescription
	order  []rx.ID
	known  map[rx.ID]rx.SSIN // the number of each patient
	keys   map[rx.ID][]rx.Key
	added  map[rx.KeyID]time.Time
	drafts map[rx.ID]draft // by patient: one each
	used   map[rx.KeyID]bool
	around map[rx.ID]rx.Around
	now    func() time.Time

	log    []string  // "mark 1", "outside", "accepted 1": what became durable, by number of issue
	works  int       // readings of the whole work
	given  []rx.Task // the last of them, and
	was    []rx.ID   // what stood in it
	before func(op string, id rx.ID) error
}

// draft is an order that is being written.
type draft struct {
	lines   int
	changed time.Time
}

func newShelf(now func() time.Time) *shelf {
	return &shelf{
		rows: map[rx.ID]rx.Prescription{}, known: maps.Clone(numbers), keys: map[rx.ID][]rx.Key{}, added: map[rx.KeyID]time.Time{}, drafts: map[rx.ID]draft{}, used: map[rx.KeyID]bool{}, around: map[rx.ID]rx.Around{}, now: now,
		before: func(string, rx.ID) error { return nil },
	}
}

func (s *shelf) note(op string, id rx.ID) {
	s.log = append(s.log, strings.TrimSpace(op+" "+s.number(id)))
}

// number of a prescription by order of issue, from 1.
func (s *shelf) number(id rx.ID) string {
	if i := slices.Index(s.order, id); i >= 0 {
		return fmt.Sprint(i + 1)
	}
	return ""
}

func (s *shelf) Work(context.Context) (tasks []rx.Task, err error) {
	if err := s.before("work", ""); err != nil {
		return nil, err
	}
	s.works++
	for i, t := range s.given {
		if t.ID != s.was[i] {
			panic("the engine changed the list that it was given")
		}
	}
	s.was = nil
	for _, id := range s.order {
		if p := s.rows[id]; s.owes(p) {
			tasks = append(tasks, rx.Task{Prescription: p, SSIN: s.known[p.Patient], Around: s.around[id], Keys: len(s.keys[p.Patient])})
			s.was = append(s.was, id)
		}
	}
	s.given = tasks
	return tasks, nil
}

func (s *shelf) owes(p rx.Prescription) bool {
	if !p.Electronic {
		return false
	}
	return p.State == rx.StateReady || p.LiveAttempt() != nil || rx.ToLook(p, s.now()) ||
		slices.ContainsFunc(p.Records, func(r rx.Record) bool {
			return r.Status.MayBeDelivered() && (r.Adopted || p.MustGo(r)) || r.Unread() && !p.Over(s.now())
		})
}

func (s *shelf) Apply(_ context.Context, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	if err := s.before(e.Kind.String(), id); err != nil {
		return rx.Prescription{}, err
	}
	return s.apply(id, version, e)
}

func (s *shelf) apply(id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	p, ok := s.rows[id]
	if !ok {
		return p, rx.Fault(rx.CodeNotFound)
	}
	if version != 0 && version != p.Version {
		return rx.Prescription{}, rx.Fault(rx.CodeConflict)
	}
	for _, other := range s.rows {
		if e.RID != "" && other.ID != id && slices.ContainsFunc(other.Records, func(r rx.Record) bool { return r.RID == e.RID && !r.Foreign.Set() }) {
			return rx.Prescription{}, rx.Fault(rx.CodeRIDTaken)
		}
	}
	next, changed, err := rx.Step(p, e)
	if err != nil || !changed {
		return next, err
	}
	s.rows[id] = next
	s.note(e.Kind.String(), id)
	return next, nil
}

func (s *shelf) Mark(_ context.Context, id rx.ID, version int64, at, signed, until time.Time) (rx.Parcel, rx.Prescription, error) {
	if err := s.before("mark", id); err != nil {
		return rx.Parcel{}, rx.Prescription{}, err
	}
	patient := s.rows[id].Patient
	if len(s.keys[patient]) == 0 {
		return rx.Parcel{}, rx.Prescription{}, rx.Fault(rx.CodeNoKey)
	}
	key := s.keys[patient][0]
	p, err := s.apply(id, version, rx.Event{Kind: rx.EventMarked, At: at, Attempt: &rx.Attempt{Key: key.ID, Expires: until}})
	if err != nil {
		return rx.Parcel{}, rx.Prescription{}, err
	}
	s.keys[patient] = slices.Clone(s.keys[patient][1:])
	return rx.Parcel{
		Prescription: id, Attempt: len(p.Attempts), Patient: s.known[patient], Local: p.LocalID(), Key: key, Signed: signed, SignedUntil: until,
	}, p, nil
}

func (s *shelf) AddKey(_ context.Context, patient rx.ID, asked rx.SSIN, key rx.Key) error {
	if err := s.before("key", ""); err != nil {
		return err
	}
	if s.known[patient] != asked {
		return rx.Fault(rx.CodeConflict)
	}
	if s.used[key.ID] {
		return rx.Fault(rx.CodeKeyUsed)
	}
	s.used[key.ID], s.added[key.ID] = true, s.now()
	s.keys[patient] = append(s.keys[patient], key)
	s.note("key", "")
	return nil
}

// renumber gives the patient another number, as a store does: the keys that name the one before go. A store refuses it while something of the patient
// is under way.
func (s *shelf) renumber(patient rx.ID, number rx.SSIN) {
	s.known[patient] = number
	delete(s.keys, patient)
}

func (s *shelf) Writing(_ context.Context, since time.Time) (all []rx.Writing, err error) {
	if err := s.before("writing", ""); err != nil {
		return nil, err
	}
	for _, patient := range slices.Sorted(maps.Keys(s.drafts)) {
		if d := s.drafts[patient]; !d.changed.Before(since) {
			all = append(all, rx.Writing{Patient: patient, SSIN: s.known[patient], Lines: d.lines, Keys: len(s.keys[patient])})
		}
	}
	return all, nil
}

func (s *shelf) DropKeys(_ context.Context, before time.Time) error {
	if err := s.before("drop", ""); err != nil {
		return err
	}
	needed := map[rx.ID]int{}
	for _, p := range s.rows {
		if p.State == rx.StateReady {
			needed[p.Patient]++
		}
	}
	for patient, keys := range s.keys {
		s.keys[patient] = slices.DeleteFunc(slices.Clone(keys), func(k rx.Key) bool {
			needed[patient]--
			at, known := s.added[k.ID]
			return known && needed[patient] < 0 && (before.IsZero() || at.Before(before))
		})
	}
	return nil
}

func (s *shelf) Outside(context.Context) error {
	if err := s.before("outside", ""); err != nil {
		return err
	}
	s.note("outside", "")
	return nil
}

func (s *shelf) Unowned(_ context.Context, rids []rx.RID) ([]rx.RID, error) {
	if err := s.before("unowned", ""); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(rids), func(rid rx.RID) bool {
		for _, p := range s.rows {
			if slices.ContainsFunc(p.Records, func(r rx.Record) bool { return r.RID == rid && !r.Foreign.Set() }) {
				return true
			}
		}
		return false
	}), nil
}
