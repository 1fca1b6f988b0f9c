package outbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

var ctx = context.Background()

// start is a Monday morning in the practice's zone.
var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.FixedZone("practice", 3600))

// Invented patients: row and national number.
const (
	marie rx.ID = "019a0000-0000-7000-8000-00000000a001"
	jan   rx.ID = "019a0000-0000-7000-8000-00000000a002"
	luc   rx.ID = "019a0000-0000-7000-8000-00000000a003"
)

var numbers = map[rx.ID]rx.SSIN{marie: "85073003427", jan: "79021802145", luc: "40010100158"}

// errDisk is a store that cannot write at all.
var errDisk = rx.Fault(rx.CodeIO)

// tester is what a story needs of *testing.T or *rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// practice is an engine over a shelf under a virtual clock. Replies come by hand, or
// from serve when it is set. At each step it checks what holds for every act.
type practice struct {
	tester
	*shelf
	engine *outbox.Engine
	waits  rx.Waits
	seed   uint64

	mono   time.Duration // monotonic, and true time
	skew   time.Duration // of our wall clock
	wake   time.Duration // when the engine wants to be asked again
	flying []flight
	calls  []call
	seen   []outbox.Observation
	faults []error // of Next and Done
	steps  int

	timers []timer       // what happens by itself, at the server
	server time.Duration // of the server's clock against true time
	serve  func(outbox.Act) (after time.Duration, reply rx.Reply)
	made   int // keys, ids and RIDs so far
}

// timer is something at the server that happens later.
type timer struct {
	at time.Duration
	do func()
}

// flight is an act that has not ended.
type flight struct {
	outbox.Act
	at, due time.Duration // due: when serve's reply comes
	reply   rx.Reply
}

// call is one that was made.
type call struct {
	at time.Duration
	op rx.Op
	on string // number of the prescription, or the RID, or the patient
}

// never is when a call that hangs is answered.
const never = 1000 * time.Hour

func newPractice(t tester) *practice {
	w := &practice{tester: t, waits: rx.DefaultWaits}
	w.shelf = newShelf(w.now)
	w.boot()
	return w
}

// boot starts the program anew: what was in flight is lost.
func (w *practice) boot() {
	w.seed++
	w.flying, w.wake = nil, w.mono
	w.engine = outbox.New(w.shelf, w.waits, rand.New(rand.NewPCG(w.seed, 1)), func(o outbox.Observation) { w.seen = append(w.seen, o) })
}

func (w *practice) now() time.Time        { return start.Add(w.mono + w.skew) }
func (w *practice) serverAt() time.Time   { return start.Add(w.mono + w.server) }
func (w *practice) moment() outbox.Moment { return outbox.Moment{Wall: w.now(), Mono: w.mono} }
func (w *practice) at(id rx.ID) rx.State  { return w.rows[id].State }
func (w *practice) id() (id rx.ID) {
	w.made++
	return rx.ID(fmt.Sprintf("019a0000-0000-7000-8000-%012d", w.made))
}
func (w *practice) rid() rx.RID  { w.made++; return rx.RID(fmt.Sprintf("BEP0TEST%04d", w.made)) }
func (w *practice) ok() rx.Reply { return rx.Reply{Result: rx.ResultAccepted, ServerAt: w.serverAt()} }
func (w *practice) refusal() rx.Reply {
	return rx.Reply{Result: rx.ResultRefused, Problem: &rx.Problem{Code: "ERR1"}, ServerAt: w.serverAt()}
}
func (w *practice) accepted() rx.Reply           { r := w.ok(); r.RID = w.rid(); return r }
func (w *practice) status(s rx.Status) rx.Reply  { r := w.ok(); r.Status = s; return r }
func (w *practice) list(l ...rx.Listed) rx.Reply { r := w.ok(); r.Listed = l; return r }

func (w *practice) newKey() rx.Reply {
	w.made++
	r := w.ok()
	r.Key = rx.Key{ID: rx.KeyID(fmt.Sprintf("key-%d", w.made)), Secret: make([]byte, 16)}
	return r
}

var (
	silence  = rx.Reply{Result: rx.Unanswered, Why: "timeout"}
	noRoute  = rx.Reply{Result: rx.ResultNotSent, Why: "refused-connection"}
	lostLine = rx.Reply{Result: rx.Unanswered, Why: "dropped"}
)

// issue puts a new prescription of the patient on the shelf.
func (w *practice) issue(patient rx.ID) rx.ID {
	id := w.id()
	p := rx.Prescription{
		ID: id, Order: w.id(), Patient: patient, Version: 1, State: rx.StateReady, Issued: w.now(), Begin: rx.DateOf(w.now()),
		Expires: rx.DateOf(w.now()).AddDays(90), Electronic: true,
	}
	w.rows[id] = p
	w.order = append(w.order, id)
	return id
}

// doctor applies an event of the doctor, which must be allowed.
func (w *practice) doctor(id rx.ID, e rx.Event) {
	w.Helper()
	e.At = w.now()
	if _, err := w.apply(id, 0, e); err != nil {
		w.Fatalf("the doctor may not: %s: %v", e.Kind, err)
	}
}

// paper claims it for paper, by force when it may have arrived.
func (w *practice) paper(id rx.ID) {
	w.Helper()
	w.doctor(id, rx.Event{Kind: rx.EventClaimed, Sheet: &rx.Sheet{ID: w.id(), Forced: true}, Paper: "outage-recipe"})
}

// unwanted is the doctor's wish to revoke.
func (w *practice) unwanted(id rx.ID) {
	w.Helper()
	w.doctor(id, rx.Event{Kind: rx.EventRevokeWished, Reason: "wrong-medicine"})
}

// step asks the engine, and checks what it gives.
func (w *practice) step() {
	w.Helper()
	w.steps++
	acts, wait, err := w.engine.Next(ctx, w.moment())
	if err != nil {
		w.faults = append(w.faults, err)
	}
	if wait <= 0 || wait > w.waits.Backoff {
		w.Errorf("asked again after %s", wait)
	}
	w.wake = w.mono + wait
	for _, act := range acts {
		w.judge(act)
		f := flight{Act: act, at: w.mono, due: never}
		if w.serve != nil {
			after, reply := w.serve(act)
			f.due, f.reply = w.mono+after, reply
		}
		w.flying = append(w.flying, f)
		w.calls = append(w.calls, call{w.mono, act.Call.Op, w.on(act.Call)})
	}
}

func (w *practice) on(c rx.Call) string {
	switch {
	case c.Parcel != nil:
		return w.number(c.Parcel.Prescription)
	case c.RID != "":
		return string(c.RID)
	}
	return string(c.Patient)
}

// judge is what holds for every act: a create leaves after its claim and after an
// outside mark that is younger, once at a time, with the key of the claim.
func (w *practice) judge(act outbox.Act) {
	w.Helper()
	if act.Limit != w.waits.Call {
		w.Errorf("%s is given up after %s", act.Call.Op, act.Limit)
	}
	p := act.Call.Parcel
	if act.Call.Op != rx.OpCreate {
		if p != nil {
			w.Errorf("%s carries a parcel", act.Call.Op)
		}
		return
	}
	row := w.rows[p.Prescription]
	live := row.LiveAttempt()
	if row.State != rx.StateSending || live == nil || live.Key != p.Key.ID || live.N != p.Attempt {
		w.Errorf("a create of %s leaves without its claim", w.number(p.Prescription))
	}
	claim := last(w.log, "marked "+w.number(p.Prescription))
	if mark := last(w.log, "outside"); claim < 0 || mark < claim {
		w.Errorf("a create of %s leaves before the outside mark", w.number(p.Prescription))
	}
	if p.Patient != w.known[row.Patient] || act.Call.Patient != p.Patient {
		w.Errorf("a create goes to another patient")
	}
	for _, f := range w.flying {
		if f.Call.Op == rx.OpCreate && f.Call.Parcel.Prescription == p.Prescription {
			w.Errorf("two creates of %s in flight", w.number(p.Prescription))
		}
	}
}

func last(log []string, line string) int {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i] == line {
			return i
		}
	}
	return -1
}

// end gives the oldest call of op its reply, then asks the engine.
func (w *practice) end(op rx.Op, r rx.Reply) {
	w.Helper()
	i := slices.IndexFunc(w.flying, func(f flight) bool { return f.Call.Op == op })
	if i < 0 {
		w.Fatalf("no %s in flight: %v", op, w.flight())
	}
	w.land(i, r)
	w.step()
}

func (w *practice) land(i int, r rx.Reply) {
	w.Helper()
	f := w.flying[i]
	w.flying = slices.Delete(w.flying, i, i+1)
	if err := w.engine.Done(ctx, w.moment(), f.ID, r); err != nil {
		w.faults = append(w.faults, err)
	}
}

// pass lets time pass: the engine is asked when it wants to be, replies of serve come,
// and calls are given up at their limit as the runner does.
func (w *practice) pass(d time.Duration) {
	w.Helper()
	end := w.mono + d
	for range 1_000_000 {
		at, which, rings := w.wake, -1, -1
		for i, timer := range w.timers {
			if timer.at < at {
				at, rings = timer.at, i
			}
		}
		for i, f := range w.flying {
			if due := min(f.due, f.at+f.Limit); due < at {
				at, which, rings = due, i, -1
			}
		}
		if at > end {
			w.mono = end
			return
		}
		w.mono = max(w.mono, at)
		if rings >= 0 {
			do := w.timers[rings].do
			w.timers = slices.Delete(w.timers, rings, rings+1)
			do()
			continue
		}
		if which >= 0 {
			reply := silence
			if f := w.flying[which]; f.due <= f.at+f.Limit {
				reply = f.reply
				if !reply.ServerAt.IsZero() {
					reply.ServerAt = w.serverAt()
				}
			}
			w.land(which, reply)
		}
		w.step()
	}
	w.Fatalf("a million steps in %s: the engine turns on the spot", d)
}

// flight names what is in flight, in order.
func (w *practice) flight() []string {
	var ops []string
	for _, f := range w.flying {
		ops = append(ops, string(f.Call.Op)+" "+w.on(f.Call))
	}
	return ops
}

// count of calls of op (all when "") made since the moment from.
func (w *practice) count(op rx.Op, from time.Duration) int {
	n := 0
	for _, c := range w.calls {
		if c.at >= from && (op == "" || c.op == op) {
			n++
		}
	}
	return n
}

// inFlight counts the calls of op in flight.
func (w *practice) inFlight(op rx.Op) int {
	n := 0
	for _, f := range w.flying {
		if f.Call.Op == op {
			n++
		}
	}
	return n
}

func (w *practice) is(id rx.ID, want rx.State) {
	w.Helper()
	if got := w.at(id); got != want {
		w.Fatalf("%s is %s, not %s\nlog: %v\nin flight: %v", w.number(id), got, want, w.log, w.flight())
	}
}

func (w *practice) flies(want ...string) {
	w.Helper()
	if got := w.flight(); !slices.Equal(got, want) {
		w.Fatalf("in flight are %v, not %v\nlog: %v", got, want, w.log)
	}
}

// looks ends the look-up of one patient, whose lists hold nothing but l in the open one.
func (w *practice) looks(l ...rx.Listed) {
	w.Helper()
	w.end(rx.OpOpen, w.list(l...))
	w.end(rx.OpHistory, w.list(l...))
	w.end(rx.OpHistory, w.list())
}

// warm lets both services answer once, and nothing be left over: one prescription of
// another patient is sent, checked and delivered.
func (w *practice) warm() *practice {
	w.Helper()
	r := newRecipe(w)
	w.serve = r.serve
	id := w.issue(luc)
	w.step()
	w.pass(10 * time.Minute)
	w.is(id, rx.StateConfirmed)
	w.doctor(id, rx.Event{Kind: rx.EventStatusRead, RID: r.records[0].rid, Status: rx.Delivered, ServerAt: w.serverAt()})
	w.step()
	w.pass(0)
	w.serve = nil
	w.log, w.calls, w.faults, w.seen = nil, nil, nil, nil
	return w
}

// send issues a prescription in a warm practice and lets its create leave.
func (w *practice) send(patient rx.ID) rx.ID {
	w.Helper()
	id := w.issue(patient)
	w.step()
	w.end(rx.OpNewKey, w.newKey())
	w.is(id, rx.StateSending)
	return id
}

// recipe is a small Recip-e and KGSS that do what they are asked.
type recipe struct {
	w       *practice
	records []record
	delay   time.Duration
}

type record struct {
	rid     rx.RID
	patient rx.SSIN
	key     rx.KeyID
	local   rx.ID
	status  rx.Status
}

func newRecipe(w *practice) *recipe { return &recipe{w: w, delay: 300 * time.Millisecond} }

// serve answers after the delay what holds at once.
func (s *recipe) serve(act outbox.Act) (time.Duration, rx.Reply) { return s.delay, s.process(act.Call) }

func (s *recipe) process(c rx.Call) rx.Reply {
	switch c.Op {
	case rx.OpNewKey:
		return s.w.newKey()
	case rx.OpCreate:
		r := s.w.accepted()
		s.records = append(s.records, record{r.RID, c.Patient, c.Parcel.Key.ID, c.Parcel.Local, rx.NotDelivered})
		return r
	case rx.OpOpen, rx.OpHistory:
		r := s.w.ok()
		for _, rec := range s.records {
			if rec.patient != c.Patient {
				continue
			}
			if open := rec.status == rx.NotDelivered; c.Op == rx.OpOpen && open {
				r.Listed = append(r.Listed, rx.Listed{RID: rec.rid})
			} else if c.Op == rx.OpHistory {
				r.Listed = append(r.Listed, rx.Listed{RID: rec.rid, Status: rec.status})
			}
		}
		return r
	}
	i := slices.IndexFunc(s.records, func(r record) bool { return r.rid == c.RID })
	if i < 0 {
		return s.w.refusal()
	}
	r := s.w.ok()
	switch rec := &s.records[i]; c.Op {
	case rx.OpGet:
		r.KeyID, r.Local = rec.key, rec.local
	case rx.OpStatus:
		r.Status = rec.status
	case rx.OpRevoke:
		if rec.status != rx.NotDelivered {
			return s.w.refusal()
		}
		rec.status = rx.StatusRevoked
	}
	return r
}

// story is a test in a warm practice.
func story(t *testing.T) *practice { t.Helper(); return newPractice(t).warm() }
