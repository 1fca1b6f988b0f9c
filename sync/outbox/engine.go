// Package outbox is the engine that delivers prescriptions to Recip-e, each once.
//
// It owns the order of work and the waits, never the facts: what is owed is read
// from the store at each step, every decision is a function of app/rx, and every
// result is settled in the store by one event. Losing the engine at any moment
// loses nothing but timers.
//
// It is a step machine: Next gives the calls to make now and when to ask again,
// Done takes the reply of one call. A thin Runner performs the calls; simulations
// perform them under their own scheduler, so that a seed replays a run.
//
// The rules of sending:
//
//   - claim before act: the attempt with its witness is durable, then the outside
//     mark, then the first byte leaves;
//   - four outcomes: accepted, refused, not sent, unanswered; only "not sent"
//     repeats by itself;
//   - a service that did not answer gets no create until it has answered a read, and
//     after a create without an answer one goes alone, after pauses that grow: while
//     Recip-e hangs, what waits stays ready and paper stays free to choose;
//   - nothing is signed before Recip-e's clock is known;
//   - look-ups and revokes come first, then the patient in the room, then what
//     waited, paced, each after a look at the patient's open list, and after an
//     outage from a random moment on;
//   - the RID of an answer may be another's: it is adopted, and read back at once; until
//     then nothing is revoked by it or beside it, and no absence is concluded against it;
//   - one that always fails delays no other, and costs few calls, whatever the
//     services answer.
//
// Failure modes: a store that refuses to write stops all sending until the results
// at hand are settled; they are kept and tried again at each step, and found by
// look-up if the program ends first. One engine at a time: whoever makes one holds
// the sending lock, and its first step recovers what a former engine left.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"relais/app/rx"
)

// Moment is now by two clocks: Wall for what people and law mean by time, without a
// monotonic reading; Mono for waits. Wall may jump; Mono may stand still while the
// machine sleeps.
type Moment struct {
	Wall time.Time
	Mono time.Duration
}

// Act is a call to make now. Give it up after Limit; Done must be called once for
// each act, however it ends.
type Act struct {
	ID    int64
	Call  rx.Call
	Limit time.Duration
}

// Observation is what a reply, or none in the time promised to the screen, says about
// a service, for the strip and the outage journal.
type Observation struct {
	Service rx.Service
	At      time.Time
	Reached bool
	Why     string
}

// Engine decides; see the package comment. Not for concurrent use.
type Engine struct {
	store   Store
	waits   rx.Waits
	rand    *rand.Rand
	observe func(Observation)

	recovered  bool
	server     serverClock
	lastID     int64
	flight     map[int64]*errand
	gates      map[rx.Service]*gate
	creates    gate                    // of createPrescription alone
	looks      map[rx.ID]*look         // by patient: the look-up under way
	plans      map[subject]*plan       // what to try again when
	doubts     map[rx.RID]doubt        // of RIDs that could not be read back yet
	sweep      int                     // plans that are too many to keep them all
	cleared    map[rx.ID]time.Duration // by patient: when the open list was last read before a late send
	lastLate   time.Duration           // of the last late send
	lastStatus time.Duration           // of the last reading of a status
	backlog    time.Duration           // when late ones may leave after an outage
	retryFrom  time.Duration           // when the next wish to try at once is granted
	outOfTurn  map[turn]bool           // what was asked for fresh prescriptions, whether a service is back
	unsettled  []settlement
	faults     []error   // of single rows, since the last step or reply
	unmarked   bool      // the outside mark could not be written
	dropped    time.Time // when keys that are too old were looked for
	reading    []errand  // statuses to read back at the next step
	wake       time.Duration
}

// What the engine has in hand stands in fields that fmt would print raw.
func (*Engine) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Engine(…)") }

// New makes an engine. observe may be nil.
func New(store Store, waits rx.Waits, random *rand.Rand, observe func(Observation)) *Engine {
	if observe == nil {
		observe = func(Observation) {}
	}
	return &Engine{
		store: store, waits: waits, rand: random, observe: observe,
		flight: map[int64]*errand{}, gates: map[rx.Service]*gate{}, looks: map[rx.ID]*look{},
		plans: map[subject]*plan{}, doubts: map[rx.RID]doubt{}, cleared: map[rx.ID]time.Duration{}, outOfTurn: map[turn]bool{}, lastLate: -1 << 62, lastStatus: -1 << 62,
	}
}

// errand is a call in flight and what it is for.
type errand struct {
	call         rx.Call
	prescription rx.ID
	attempt      int
	patient      rx.ID
	look         *look
	started      time.Duration
	promised     bool // told the screen that there is no answer in time
	late         bool
	proof        bool // of a revoke: its status
	reads        bool // whose the RID of an answer is
	ahead        bool // of a key: for a line that is being written
}

// settlement is a result that is not in the store yet.
type settlement struct {
	id    rx.ID
	event rx.Event
}

// recover makes every attempt that a former engine left on the wire an unanswered
// one. Nothing is planned before it has succeeded.
func (e *Engine) recover(ctx context.Context, now time.Time) error {
	if e.recovered {
		return nil
	}
	tasks, err := e.store.Work(ctx)
	if err != nil {
		return err
	}
	for i := range tasks {
		t := &tasks[i]
		if a := t.LiveAttempt(); a != nil && a.Result == rx.OnTheWire {
			if _, err := e.write(ctx, t.ID, 0, rx.Event{Kind: rx.EventRestarted, At: now}); err != nil {
				return err
			}
		}
	}
	e.recovered = true
	return nil
}

// Next settles what is at hand and gives the calls to make now, and after which
// time at the latest to ask again (sooner when something changed in the store or
// a reply came). Acts that come beside an error are claimed and must be performed
// all the same: an error of a single row stops nobody else.
func (e *Engine) Next(ctx context.Context, m Moment) ([]Act, time.Duration, error) {
	e.wake = m.Mono + e.waits.Backoff
	acts, err := e.step(ctx, m)
	if err != nil {
		e.wakeAt(m.Mono + e.waits.Retry)
	}
	return acts, max(e.wake-m.Mono, time.Millisecond), e.told(err)
}

func (e *Engine) step(ctx context.Context, m Moment) (acts []Act, err error) {
	if err := e.recover(ctx, m.Wall); err != nil {
		return nil, err
	}
	if err := e.keepPromise(ctx, m); err != nil {
		return nil, err
	}
	if err := e.settle(ctx); err != nil {
		return nil, err
	}
	tasks, err := e.store.Work(ctx)
	if err != nil {
		return nil, err
	}
	e.forget(m, tasks)
	for _, stage := range []func(context.Context, Moment, []rx.Task) ([]Act, error){
		e.goOn, e.expire, e.lookUps, e.revokes, e.keys, e.sends, e.readBacks, e.statuses,
	} {
		more, err := stage(ctx, m, tasks)
		acts = append(acts, more...)
		if err != nil {
			return acts, err
		}
	}
	return acts, nil
}

// Done takes the reply of an act.
func (e *Engine) Done(ctx context.Context, m Moment, id int64, r rx.Reply) error {
	return e.take(ctx, m, id, r, true)
}

// Cut is Done of a call that was given up from here, since the engine ends: that nothing came back says nothing of its
// service.
func (e *Engine) Cut(ctx context.Context, m Moment, id int64, r rx.Reply) error {
	return e.take(ctx, m, id, r, reached(r))
}

func (e *Engine) take(ctx context.Context, m Moment, id int64, r rx.Reply, telling bool) error {
	er := e.flight[id]
	if er == nil {
		return rx.Fault(rx.CodeInternal)
	}
	delete(e.flight, id)
	if telling {
		e.hear(m, er, r)
	}
	return e.told(e.done(ctx, m, er, r))
}

func (e *Engine) done(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	if er.reads {
		return e.doneReading(ctx, m, er, r)
	}
	switch er.call.Op {
	case rx.OpCreate:
		return e.doneCreate(ctx, m, er, r)
	case rx.OpNewKey:
		return e.doneKey(ctx, m, er, r)
	case rx.OpRevoke:
		return e.doneRevoke(ctx, m, er, r)
	case rx.OpStatus:
		return e.doneStatus(ctx, m, er, r)
	default:
		return e.doneLook(ctx, m, er, r)
	}
}

// told is err with the faults of single rows.
func (e *Engine) told(err error) error {
	faults := append(e.faults, err)
	e.faults = nil
	return errors.Join(faults...)
}

// Busy tells how many calls are in flight.
func (e *Engine) Busy() int { return len(e.flight) }

// Writing tells how many of them change something where they are bound for: what was on the wire of those may be done or not.
func (e *Engine) Writing() (n int) {
	for _, er := range e.flight {
		if er.call.Op == rx.OpCreate || er.call.Op == rx.OpRevoke {
			n++
		}
	}
	return n
}

// start puts a call in flight.
func (e *Engine) start(m Moment, er errand, limit time.Duration) Act {
	e.lastID++
	er.started = m.Mono
	e.flight[e.lastID] = &er
	return Act{ID: e.lastID, Call: er.call, Limit: limit}
}

// inFlight tells whether a call of op is under way for which same holds.
func (e *Engine) inFlight(op rx.Op, same func(*errand) bool) bool {
	for _, er := range e.flight {
		if er.call.Op == op && same(er) {
			return true
		}
	}
	return false
}

// record writes an event of the engine and gives the prescription as it then is, the
// zero value when nothing was written. A result (version 0) that the store cannot
// take now is kept at hand. The error is of a store that cannot write.
func (e *Engine) record(ctx context.Context, id rx.ID, version int64, event rx.Event) (rx.Prescription, error) {
	p, err := e.write(ctx, id, version, event)
	if err != nil && version == 0 {
		e.unsettled = append(e.unsettled, settlement{id, event})
	}
	return p, err
}

// write is Apply, where a fault of this row alone is told and stops nobody else, a
// row that changed meanwhile is left for the next step to read again, and a RID
// that is another's says nothing of ours.
func (e *Engine) write(ctx context.Context, id rx.ID, version int64, event rx.Event) (rx.Prescription, error) {
	p, err := e.store.Apply(ctx, id, version, event)
	if event.Kind == rx.EventAccepted && rx.CodeOf(err) == rx.CodeRIDTaken {
		p, err = e.store.Apply(ctx, id, version, rx.Event{Kind: rx.EventUnanswered, At: event.At, N: event.N, Why: "rid-taken"})
	}
	switch {
	case err == nil:
		return p, nil
	case rx.CodeOf(err) == rx.CodeConflict:
		return rx.Prescription{}, nil
	case aboutRow(err):
		e.faults = append(e.faults, err)
		return rx.Prescription{}, nil
	}
	return rx.Prescription{}, err
}

// aboutRow tells an error of one row, or a refused event, from a store that
// cannot write at all.
func aboutRow(err error) bool {
	switch rx.CodeOf(err) {
	case rx.CodeDamaged, rx.CodeNotFound, rx.CodeRIDTaken, rx.CodeKeyUsed, rx.CodeNoSuchAttempt, rx.CodeNoSuchRecord, rx.CodeEventIncomplete:
		return true
	}
	return false
}

// settle writes the results that the store could not take before. No act is
// planned while one is left.
func (e *Engine) settle(ctx context.Context) error {
	for len(e.unsettled) > 0 {
		s := e.unsettled[0]
		if _, err := e.write(ctx, s.id, 0, s.event); err != nil {
			return err
		}
		e.unsettled = e.unsettled[1:]
	}
	return nil
}

// keepPromise tells the store of each create that has had no answer in the time
// promised to the screen. The call stays in flight and its late answer is heard.
func (e *Engine) keepPromise(ctx context.Context, m Moment) error {
	for _, id := range e.ids() {
		er := e.flight[id]
		if er.call.Op != rx.OpCreate || er.promised {
			continue
		}
		if due := er.started + e.waits.Answer; due > m.Mono {
			e.wakeAt(due)
			continue
		}
		er.promised = true
		e.silent(m, er, "slow")
		delete(e.plans, looking(er.patient)) // look at once
		if _, err := e.record(ctx, er.prescription, 0, rx.Event{Kind: rx.EventUnanswered, At: m.Wall, N: er.attempt, Why: "slow"}); err != nil {
			return err
		}
	}
	return nil
}

// ids of the calls in flight, oldest first: maps have no order, replays need one.
func (e *Engine) ids() []int64 {
	ids := make([]int64, 0, len(e.flight))
	for id := range e.flight {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (e *Engine) wakeAt(t time.Duration) { e.wake = min(e.wake, t) }

// expire records the end of validity of what still waits.
func (e *Engine) expire(ctx context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	for i := range tasks {
		t := &tasks[i]
		if t.State != rx.StateReady || !rx.DateOf(m.Wall).After(t.Expires) || e.later(creating(t.ID), m) {
			continue
		}
		e.again(creating(t.ID), m, e.waits.Backoff, nil) // should the row not take it
		if _, err := e.record(ctx, t.ID, t.Version, rx.Event{Kind: rx.EventExpired, At: m.Wall}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
