// Package seam is the conformance suite of the seam to the services: what any
// outbox.Remote must do, whether it is the simulated world, the real client in
// front of the simulator, or acceptance. The engine relies on nothing else.
//
// Run takes a maker of a Remote with an empty server behind it, and the Hands that
// a test has there. Each case gets its own pair. Cases wait by Hands.Wait only, so
// that they take no time where time is virtual.
package seam

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// Hands are what a test does around a Remote: faults, time, and the people on the
// other side.
type Hands interface {
	// Now is the caller's clock, Wait lets it go on.
	Now() time.Time
	Wait(d time.Duration)
	// Patience is the context of a caller who gives up after d of that clock.
	Patience(d time.Duration) (context.Context, context.CancelFunc)
	// Offset sets the server's clock against the caller's.
	Offset(d time.Duration)

	// Fault lets a fault of the plan (formats, "Fault plan") strike the next count
	// calls of op, 0 for all; it replaces the one before. Mend ends it.
	Fault(op rx.Op, kind string, count int)
	Mend()

	// Take (in process), Deliver, Archive and Feedback are a pharmacist's;
	// PatientRevokes the patient's.
	Take(rid rx.RID)
	Deliver(rid rx.RID)
	Archive(rid rx.RID)
	Feedback(rid rx.RID, text []byte)
	PatientRevokes(rid rx.RID)
	// Twin is other software of the same prescriber creating a prescription; when
	// other is true it is another prescriber's.
	Twin(patient rx.SSIN, unreadable, other bool) rx.RID

	// Stored counts what the server holds of a LOCAL id.
	Stored(local rx.ID) int
}

// Shared is what Hands say whose server is not empty, and not theirs alone: what stood there before a case is none of it.
type Shared interface {
	// Order is the id of the order under which this run's LOCAL ids stand.
	Order() rx.ID
}

// Invented patients; acceptance has its own (outside_test.go).
var marie, jan rx.SSIN = "85073003427", "79021802145"

// pharmacy is an invented one: the first digits of its NIHII number.
const pharmacy = "29999915"

// patience of a caller who waits as long as the built-in profiles.
const patience = 60 * time.Second

// Run runs every case.
func Run(t *testing.T, fresh func(t *testing.T) (outbox.Remote, Hands)) {
	RunIn(t, func(t *testing.T, run func(*testing.T)) { run(t) }, fresh)
}

// RunIn runs each case in surroundings of its own, such as a bubble of virtual time.
func RunIn(t *testing.T, in func(*testing.T, func(*testing.T)), fresh func(t *testing.T) (outbox.Remote, Hands)) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				remote, hands := fresh(t)
				b := &bench{T: t, Hands: hands, remote: remote, order: "019a0000-0000-7000-8000-000000000000"}
				if shared, ok := hands.(Shared); ok {
					b.order = shared.Order()
					b.before = append(b.before, append(b.open(marie), b.open(jan)...)...)
					b.before = append(b.before, append(rids(b.history(marie, true)), rids(b.history(jan, true))...)...)
					b.before = append(b.before, append(rids(b.history(marie, false)), rids(b.history(jan, false))...)...)
				}
				c.run(b)
			})
		})
	}
}

// bench is one case at work.
type bench struct {
	*testing.T
	Hands
	remote outbox.Remote
	order  rx.ID
	made   int
	before []rx.RID // on a shared server
}

// do makes one call with the usual patience.
func (b *bench) do(call rx.Call) rx.Reply {
	b.Helper()
	return b.within(patience, call)
}

func (b *bench) within(d time.Duration, call rx.Call) rx.Reply {
	b.Helper()
	ctx, cancel := b.Patience(d)
	defer cancel()
	before := b.Now()
	reply := b.remote.Do(ctx, call)
	if took := b.Now().Sub(before); took > d+time.Second {
		b.Fatalf("%s took %v, the caller's patience was %v", call.Op, took, d)
	}
	b.sound(call.Op, reply)
	return reply
}

// sound is what holds for every reply.
func (b *bench) sound(op rx.Op, r rx.Reply) {
	b.Helper()
	switch r.Result {
	case rx.ResultAccepted:
	case rx.ResultRefused:
		if r.Problem == nil || r.Problem.Code == "" {
			b.Fatalf("%s: refused without a problem", op)
		}
	case rx.ResultNotSent, rx.Unanswered:
		if r.Why == "" {
			b.Fatalf("%s: %s without a class", op, r.Result)
		}
	default:
		b.Fatalf("%s: result %q", op, r.Result)
	}
	if (r.OK() || r.Result == rx.ResultRefused) && r.ServerAt.IsZero() {
		b.Fatalf("%s: %s without the server's time", op, r.Result)
	}
	if !r.OK() && (r.RID != "" || r.KeyID != "" || len(r.Listed) > 0 || len(r.Key.Secret) > 0) {
		b.Fatalf("%s: %s with the fields of an accepted one", op, r.Result)
	}
}

// want makes one call that must end as wanted.
func (b *bench) want(result rx.Result, call rx.Call) rx.Reply {
	b.Helper()
	r := b.do(call)
	b.is(result, call.Op, r)
	return r
}

func (b *bench) is(result rx.Result, op rx.Op, r rx.Reply) {
	b.Helper()
	if r.Result != result {
		b.Fatalf("%s: %s (%s), want %s", op, r.Result, r.Why, result)
	}
}

// parcel is a fresh one, with its key and a timestamp by the server's clock.
func (b *bench) parcel(patient rx.SSIN) *rx.Parcel {
	b.Helper()
	r := b.want(rx.ResultAccepted, rx.Call{Op: rx.OpNewKey, Patient: patient})
	b.made++
	order := rx.LocalIDOf(b.order, b.made)
	local := rx.LocalIDOf(order, 0)
	return &rx.Parcel{
		Prescription: order, Attempt: 1, Patient: patient, Type: "P0", Expires: rx.DateOf(b.Now()).AddDays(30),
		Feedback: true, Visibility: rx.Open, Local: local, Message: fmt.Appendf(nil, message, string(local)), Key: r.Key,
		Signed: r.ServerAt, SignedUntil: r.ServerAt.Add(time.Minute),
	}
}

// message has of a KMEHR message what is read on the way.
const message = `<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"><header><id S="LOCAL" SV="1.0" SL="exemple">%s</id></header></kmehrmessage>`

func create(p *rx.Parcel) rx.Call { return rx.Call{Op: rx.OpCreate, Patient: p.Patient, Parcel: p} }

// created is a parcel that the server took, with its RID.
func (b *bench) created(patient rx.SSIN) (*rx.Parcel, rx.RID) {
	b.Helper()
	p := b.parcel(patient)
	return p, b.want(rx.ResultAccepted, create(p)).RID
}

// listed is a list to its end.
func (b *bench) listed(call rx.Call) (list []rx.Listed, pages int) {
	b.Helper()
	for {
		r := b.want(rx.ResultAccepted, call)
		for _, l := range r.Listed {
			if !slices.Contains(b.before, l.RID) {
				list = append(list, l)
			}
		}
		pages++
		if !r.More {
			return list, pages
		}
		if r.Session == "" || pages > 100 {
			b.Fatalf("%s: another page without a session, or without end", call.Op)
		}
		call.Session = r.Session
	}
}

func (b *bench) open(patient rx.SSIN) []rx.RID {
	b.Helper()
	list, _ := b.listed(rx.Call{Op: rx.OpOpen, Patient: patient})
	return rids(list)
}

func (b *bench) history(patient rx.SSIN, active bool) []rx.Listed {
	b.Helper()
	list, _ := b.listed(rx.Call{Op: rx.OpHistory, Patient: patient, Active: active})
	return list
}

func rids(list []rx.Listed) (all []rx.RID) {
	for _, l := range list {
		all = append(all, l.RID)
	}
	return all
}

// stands checks the status of a record by both ways to read it.
func (b *bench) stands(rid rx.RID, patient rx.SSIN, want rx.Status) {
	b.Helper()
	if got := b.want(rx.ResultAccepted, rx.Call{Op: rx.OpStatus, RID: rid}).Status; got != want {
		b.Fatalf("status %s, want %s", got, want)
	}
	line := rx.Listed{RID: rid, Status: want}
	if inStore := want == rx.Archived; !slices.Contains(b.history(patient, !inStore), line) || slices.Contains(rids(b.history(patient, inStore)), rid) {
		b.Fatalf("the history does not show it once, as %s", want)
	}
	isOpen := want == rx.NotDelivered || want == rx.InProcess
	if slices.Contains(b.open(patient), rid) != isOpen {
		b.Fatalf("open list and status %s differ", want)
	}
}

// stores checks how many records the server has of a parcel.
func (b *bench) stores(p *rx.Parcel, want int) {
	b.Helper()
	if got := b.Stored(p.Local); got != want {
		b.Fatalf("the server holds %d records of it, want %d", got, want)
	}
}

// witness looks a parcel up as the engine does: in the patient's open list, by its
// key id.
func (b *bench) witness(p *rx.Parcel) (found []rx.RID) {
	b.Helper()
	for _, rid := range b.open(p.Patient) {
		if r := b.do(rx.Call{Op: rx.OpGet, RID: rid}); r.OK() && r.KeyID == p.Key.ID {
			found = append(found, rid)
		}
	}
	return found
}
