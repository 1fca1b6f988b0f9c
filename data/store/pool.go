package store

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"relais/app/rx"
)

// unused counts the pool's keys by patient.
func (db *DB) unused(s *session) (map[string]int, error) {
	counts := map[string]int{}
	var patient string
	var n int
	err := s.each("SELECT patient, count(*) FROM keys GROUP BY patient", nil, []any{&patient, &n}, func() error {
		counts[patient] = n
		return nil
	})
	return counts, err
}

// AddKey keeps a fresh key for the patient, that names the number which it was asked for. CodeConflict when that is not the number that the patient has:
// under another one a pharmacy could not read what it seals. CodeKeyUsed when it is in the pool already or an attempt used it, CodeNotFound when there is
// no such patient.
func (db *DB) AddKey(ctx context.Context, patient rx.ID, asked rx.SSIN, key rx.Key) error {
	return db.write(ctx, func(t *tx) error {
		whose, err := t.patientRow(t.session, "WHERE id = ?", string(patient))
		if err != nil {
			return err
		}
		number, err := t.blind("patients.ssin", string(asked))
		if err != nil {
			return err
		}
		if !bytes.Equal(number, whose.ssinBlind) {
			return rx.Fault(rx.CodeConflict)
		}
		r := keyRow{patient: string(patient), added: clockText(t.clock())}
		if _, err := t.one("SELECT coalesce(max(n), 0) + 1 FROM keys", nil, &r.n); err != nil {
			return err
		}
		if r.blind, err = t.blind("attempts.key", string(key.ID)); err != nil {
			return err
		}
		plain, err := json.Marshal(key)
		if err != nil {
			return rx.Fault(rx.CodeInternal).Because(err)
		}
		if r.body, err = t.seal(delivery, AD{keyTable.name, r.key(), "body"}, plain); err != nil {
			return err
		}
		return t.insert(&r)
	})
}

// DropKeys forgets the keys that no prescription which waits will need (each needs one, and the oldest are kept), of those that were kept before that
// moment; zero: of all. Where there are none it writes nothing. Damaged ones stay, and count for nobody: they are
// told by Verify, and by Mark where one would be used.
func (db *DB) DropKeys(ctx context.Context, before time.Time) error {
	any := false
	err := db.read(ctx, func(s *session) error {
		numbers, err := db.spare(s, before)
		any = len(numbers) > 0
		return err
	})
	if err != nil || !any {
		return err
	}
	return db.write(ctx, func(t *tx) error {
		numbers, err := db.spare(t.session, before)
		if err != nil {
			return err
		}
		for _, n := range numbers {
			if err := t.run("DELETE FROM keys WHERE n = ?", n); err != nil {
				return err
			}
		}
		return nil
	})
}

// spare are the numbers of the keys that DropKeys forgets.
func (db *DB) spare(s *session, before time.Time) (numbers []int64, err error) {
	needed := map[string]int{}
	var patient string
	var n int
	err = s.each("SELECT patient, count(*) FROM prescriptions WHERE work <> 0 AND state = 'ready' GROUP BY patient", nil, []any{&patient, &n}, func() error {
		needed[patient] = n
		return nil
	})
	if err != nil {
		return nil, err
	}
	var r keyRow
	err = s.each(keyTable.selecting("ORDER BY n"), nil, r.cells(), func() error {
		err := db.check(&r)
		if rx.CodeOf(err) == rx.CodeDamaged { // nobody's, and no reason to keep those of others
			return nil
		}
		if err != nil {
			return err
		}
		if needed[r.patient] > 0 {
			needed[r.patient]--
			return nil
		}
		added, err := time.Parse(time.RFC3339Nano, r.added)
		if err != nil {
			return damaged(keyTable.name, r.key())
		}
		if before.IsZero() || added.Before(before) {
			numbers = append(numbers, r.n)
		}
		return nil
	})
	return numbers, err
}

// written is what Writing read last, as of a version of the file.
type written struct {
	sync.Mutex
	drafts  []drafted // nil: not read
	version int64
}

// drafted is a draft of a patient with a number who is known here.
type drafted struct {
	rx.Writing
	updated time.Time
}

// Writing gives the patients with a number, known here, of whom a draft was changed at or after since, by the id of their first draft. It gives
// nothing while drafts cannot be read, and leaves out those that are damaged: they are told where drafts are shown.
//
// Like Work it is asked at every step of the engine, and answers from what it read then when nobody has written since.
func (db *DB) Writing(ctx context.Context, since time.Time) (all []rx.Writing, err error) {
	if _, err := db.seal(content, AD{draftTable.name, "", "body"}, nil); rx.CodeOf(err) == rx.CodeLocked {
		return nil, nil
	}
	s, err := db.feed.take(ctx)
	if err != nil {
		return nil, err
	}
	defer db.feed.give(s)
	w := &db.written
	w.Lock()
	defer w.Unlock()
	err = s.snapshot(func() error {
		var version int64
		if _, err := s.one("PRAGMA data_version", nil, &version); err != nil || w.drafts != nil && version == w.version {
			return err
		}
		w.drafts, w.version = nil, version
		w.drafts, err = db.drafted(s)
		return err
	})
	at := map[rx.ID]int{}
	for _, d := range w.drafts {
		if d.updated.Before(since) {
			continue
		}
		i, known := at[d.Patient]
		if !known {
			at[d.Patient] = len(all)
			all = append(all, d.Writing)
			continue
		}
		all[i].Lines += d.Lines
	}
	return all, err
}

func (db *DB) drafted(s *session) ([]drafted, error) {
	pool, err := db.unused(s)
	if err != nil {
		return nil, err
	}
	all := []drafted{}
	var r draftRow
	err = s.each(draftTable.selecting("ORDER BY id"), nil, r.cells(), func() error {
		if rx.CodeOf(db.check(&r)) == rx.CodeDamaged {
			return nil
		}
		d, err := db.draft(&r)
		if rx.CodeOf(err) == rx.CodeDamaged {
			return nil
		}
		if err != nil {
			return err
		}
		if len(d.Request.Lines) > 0 {
			all = append(all, drafted{rx.Writing{SSIN: d.Request.Patient.SSIN, Lines: min(len(d.Request.Lines), rx.MaxLines)}, d.Updated})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	known := all[:0]
	for _, d := range all {
		r, err := db.bySSIN(s, d.SSIN)
		if rx.CodeOf(err) == rx.CodeNotFound { // keys are of a patient who is known
			continue
		}
		if err != nil {
			return nil, err
		}
		d.Patient, d.Keys = rx.ID(r.id), pool[r.id]
		known = append(known, d)
	}
	return known, nil
}
