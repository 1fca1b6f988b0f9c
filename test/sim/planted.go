package sim

import (
	"context"
	"time"

	"relais/app/rx"
)

// Planted are known mistakes; the simulation must find each. They stand in wrappers
// around the ports, so that no product code knows of them.
var Planted = []string{
	"retry-on-timeout",   // no answer counts as not sent
	"mark-not-durable",   // the create leaves, the attempt is written later
	"no-fence",           // one empty look-up counts as absence, at once
	"key-reuse",          // keys cached by patient
	"print-before-claim", // the sheet comes out, then the door is claimed
	"no-outside-mark",    // the mark is never written
	"callers-retry",      // the order's id is not the caller's
	"restart-is-ready",   // after a crash what was on the wire waits again
}

// planted wraps the model where the mistake is one of the store.
func (s *Sim) planted() keep {
	m, ok := s.keep.(*Model)
	switch {
	case !ok:
		return s.keep
	case s.Planted == "":
		return m
	}
	return &planted{Model: m, name: s.Planted}
}

type planted struct {
	*Model
	name string
}

func (p *planted) Mark(ctx context.Context, id rx.ID, version int64, at, signed, until time.Time) (rx.Parcel, rx.Prescription, error) {
	if p.name == "key-reuse" {
		before := p.disk.rows[id].p.Patient
		keys := p.disk.keys[before]
		parcel, row, err := p.Model.Mark(ctx, id, version, at, signed, until)
		p.disk.keys[before] = keys
		return parcel, row, err
	}
	if p.name != "mark-not-durable" {
		return p.Model.Mark(ctx, id, version, at, signed, until)
	}
	before := p.disk
	row, keys := before.rows[id], before.keys[before.rows[id].p.Patient]
	journal := before.journal
	parcel, next, err := p.Model.Mark(ctx, id, version, at, signed, until)
	if err == nil && next.Attempts[len(next.Attempts)-1].N == 1 {
		p.disk.rows[id], p.disk.keys[row.p.Patient], p.disk.journal = row, keys[1:], journal
	}
	return parcel, next, err
}

func (p *planted) Outside(ctx context.Context) error {
	if p.name == "no-outside-mark" {
		return nil
	}
	return p.Model.Outside(ctx)
}

// forgetting is what the engine gets.
func (s *Sim) forgetting(k keep) keep {
	if p, ok := k.(*planted); ok && s.Planted == "restart-is-ready" {
		return forgetful{p}
	}
	return k
}

// forgetful takes a restart for a send that never happened.
type forgetful struct{ *planted }

func (f forgetful) Apply(ctx context.Context, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	if e.Kind == rx.EventRestarted {
		p := f.disk.rows[id].p
		if a := p.LiveAttempt(); a != nil {
			e = rx.Event{Kind: rx.EventNotSent, At: e.At, N: a.N, Why: "restart"}
		}
	}
	return f.planted.Apply(ctx, id, version, e)
}
