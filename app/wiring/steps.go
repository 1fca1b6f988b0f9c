package wiring

import (
	"context"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/data/store"
	"relais/sync/outbox"
)

// Step is told the name of each durable step and of each call, before and after it. The
// program has none; test/kill ends the process there, at each in turn.
type Step func(name string)

// stepped is a store whose steps are told.
type stepped struct {
	*store.DB
	step Step
}

func (s stepped) told(name string, do func() error) error {
	s.step("before " + name)
	err := do()
	s.step("after " + name)
	return err
}

func (s stepped) Issue(ctx context.Context, issue rx.Issue) (out rx.Issued, err error) {
	err = s.told("issue", func() error { out, err = s.DB.Issue(ctx, issue); return err })
	return out, err
}

func (s stepped) Apply(ctx context.Context, id rx.ID, version int64, e rx.Event) (p rx.Prescription, err error) {
	err = s.told(e.Kind.String(), func() error { p, err = s.DB.Apply(ctx, id, version, e); return err })
	return p, err
}

func (s stepped) Mark(ctx context.Context, id rx.ID, version int64, at, signed, until time.Time) (parcel rx.Parcel, p rx.Prescription, err error) {
	err = s.told("mark", func() error { parcel, p, err = s.DB.Mark(ctx, id, version, at, signed, until); return err })
	return parcel, p, err
}

func (s stepped) AddKey(ctx context.Context, patient rx.ID, asked rx.SSIN, key rx.Key) error {
	return s.told("key", func() error { return s.DB.AddKey(ctx, patient, asked, key) })
}

func (s stepped) Outside(ctx context.Context) error {
	return s.told("outside", func() error { return s.DB.Outside(ctx) })
}

// steppedRemote and steppedPress are the services and the printer.
type steppedRemote struct {
	outbox.Remote
	step Step
}

func (r steppedRemote) Do(ctx context.Context, call rx.Call) rx.Reply {
	r.step("before " + string(call.Op))
	reply := r.Remote.Do(ctx, call)
	r.step("after " + string(call.Op))
	return reply
}

type steppedPress struct {
	prescribing.Press
	step Step
}

func (p steppedPress) Sheet(items []rx.Item, on prescribing.On) ([]byte, error) {
	p.step("before sheet")
	pdf, err := p.Press.Sheet(items, on)
	p.step("after sheet")
	return pdf, err
}

// bothStores is what use cases and engine need of a store.
type bothStores interface {
	prescribing.Store
	outbox.Store
}

func (d Directory) stepsOf(db *store.DB) bothStores {
	if d.Step == nil {
		return db
	}
	return stepped{db, d.Step}
}

func (d Directory) stepsAt(r outbox.Remote) outbox.Remote {
	if d.Step == nil {
		return r
	}
	return steppedRemote{r, d.Step}
}

func (d Directory) stepsIn(p prescribing.Press) prescribing.Press {
	if d.Step == nil {
		return p
	}
	return steppedPress{p, d.Step}
}
