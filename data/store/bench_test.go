package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"relais/app/rx"
)

// thirtyYears is a practice with 150,000 prescriptions of 3,000 patients: nearly all delivered, 1,200 still open at Recip-e, 30 waiting. It is written
// through the store's own code, many orders to a transaction.
func thirtyYears(b *testing.B, orders int) (*place, *DB) {
	if testing.Short() {
		b.Skip("a practice of thirty years takes a minute to write")
	}
	p := newPlace(b).create()
	db := p.open()
	const perBatch = 500
	p.now = p.now.AddDate(-30, 0, 0)
	for from := 0; from < orders; from += perBatch {
		err := db.write(ctx, func(t *tx) error {
			for n := from; n < from+perBatch; n++ {
				p.now = p.now.Add(5 * time.Hour)
				first := 700101000 + int64(n%3000)
				patient := marie
				patient.SSIN = rx.SSIN(fmt.Sprintf("%09d%02d", first, 97-first%97))
				patient.FirstName = fmt.Sprint("Marie ", n%3000)
				issue := p.order(patient, []string{fmt.Sprint(n % 400)}, []string{fmt.Sprint(n % 300)}, []string{fmt.Sprint(n % 200)})
				for i := range issue.Items {
					it := &issue.Items[i]
					it.Message = it.Message[:300]
					it.Events = p.lifeOf(n*3+i, orders*3)
					for _, e := range it.Events {
						var err error
						if it.Prescription, _, err = rx.Step(it.Prescription, e); err != nil {
							return err
						}
					}
				}
				request, err := t.keyed("request", issue.Request)
				if err != nil {
					return err
				}
				if _, err := t.issue(issue, request); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := db.tend(ctx); err != nil {
			b.Fatal(err)
		}
	}
	return p, db
}

// lifeOf is what happened to prescription n of total.
func (p *place) lifeOf(n, total int) []rx.Event {
	if n >= total-30 {
		return nil
	}
	rid := rx.RID(fmt.Sprintf("BEP1%08d", n))
	life := []rx.Event{
		{Kind: rx.EventMarked, At: p.now, Attempt: &rx.Attempt{Key: rx.KeyID("key of " + rid), Expires: p.now}},
		{Kind: rx.EventAccepted, At: p.now, N: 1, RID: rid},
		{Kind: rx.EventChecked, At: p.now, N: 1},
	}
	if n < total-1230 {
		life = append(life, rx.Event{Kind: rx.EventStatusRead, At: p.now, RID: rid, Status: rx.Delivered, ServerAt: p.now})
	}
	return life
}

// P7, and what the engine asks for at each step: with 150,000 prescriptions in the directory.
func BenchmarkThirtyYears(b *testing.B) {
	p, db := thirtyYears(b, 50_000)
	newest, err := db.List(ctx, rx.Filter{Limit: 1})
	if err != nil || len(newest) != 1 {
		b.Fatal(err)
	}
	last := newest[0]
	timed := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if err := do(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms/p99")
		})
	}
	timed("work", func() error {
		tasks, err := db.Work(ctx)
		if err == nil && len(tasks) != 1230 {
			err = fmt.Errorf("%d tasks", len(tasks))
		}
		return err
	})
	for name, f := range map[string]rx.Filter{
		"history": {Limit: 100}, "history, page 2": {Limit: 100, Before: last.ID}, "waiting": {State: rx.StateReady, Limit: 100},
		"paper": {State: rx.StatePaper, Limit: 100}, "patient": {Patient: last.Patient, Limit: 100}, "owing": {Owing: true, Limit: 100},
	} {
		timed(name, func() error { _, err := db.List(ctx, f); return err })
	}
	timed("patients", func() error { _, err := db.Patients(ctx); return err })
	timed("item", func() error { _, err := db.Item(ctx, last.ID); return err })
	seq, _, err := db.Changes(ctx, 1<<40)
	if err != nil {
		b.Fatal(err)
	}
	timed("changes, none", func() error { _, _, err := db.Changes(ctx, seq); return err })
	timed("apply", func() error {
		_, err := db.Apply(ctx, last.ID, 0, rx.Event{Kind: rx.EventReconfirmed, At: p.now})
		return err
	})
	p.close(db)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			db, err := Open(ctx, p.opts)
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := db.Close(ctx); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// S12: at least 10⁵ rows of the journal in a second.
func BenchmarkVerify(b *testing.B) {
	_, db := thirtyYears(b, 3000)
	b.Run("chain", func(b *testing.B) {
		var lines int64
		for b.Loop() {
			err := db.read(ctx, func(s *session) error {
				c := newChecker(ctx, db, s, rowsAlone)
				err := c.chain()
				lines += c.last
				return errors.Join(err, c.report.Err())
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "journal-rows/s")
	})
	b.Run("everything", func(b *testing.B) {
		for b.Loop() {
			if err := db.Verify(ctx); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(9000*float64(b.N)/b.Elapsed().Seconds(), "prescriptions/s")
	})
}
