package outbox_test

import (
	"errors"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// except serves as Recip-e does, but for op.
func (w *practice) except(op rx.Op, reply func() rx.Reply) {
	r := newRecipe(w)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == op {
			return r.delay, reply()
		}
		return r.serve(act)
	}
}

// Whatever a service keeps answering, one prescription costs few calls an hour, and
// the neighbour's leaves.
func TestFewCallsWhateverIsAnswered(t *testing.T) {
	same := rx.Key{ID: "the same", Secret: make([]byte, 16)}
	for _, c := range []struct {
		name  string
		op    rx.Op
		late  bool
		reply func(w *practice) rx.Reply
	}{
		{"no key for this patient", rx.OpNewKey, false, (*practice).refusal},
		{"a key without id", rx.OpNewKey, false, (*practice).ok},
		{"one key for all", rx.OpNewKey, false, func(w *practice) rx.Reply { r := w.ok(); r.Key = same; return r }},
		{"the KGSS is away", rx.OpNewKey, false, func(*practice) rx.Reply { return noRoute }},
		{"the open list is refused", rx.OpOpen, true, (*practice).refusal},
		{"the history is refused", rx.OpHistory, true, (*practice).refusal},
		{"the open list does not come", rx.OpOpen, true, func(*practice) rx.Reply { return silence }},
		{"a list that never ends", rx.OpHistory, true, func(w *practice) rx.Reply { r := w.ok(); r.More, r.Session = true, "again"; return r }},
		{"creates are turned away", rx.OpCreate, false, func(w *practice) rx.Reply { r := noRoute; r.ServerAt = w.serverAt(); return r }},
		{"creates do not leave", rx.OpCreate, false, func(*practice) rx.Reply { return noRoute }},
		{"a RID of no form", rx.OpCreate, false, func(w *practice) rx.Reply { r := w.ok(); r.RID = "none"; return r }},
		{"creates are lost", rx.OpCreate, false, func(*practice) rx.Reply { return lostLine }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := story(t)
			id := w.issue(marie)
			if c.late {
				w.pass(15 * time.Minute)
			}
			mine := numbers[marie]
			r := newRecipe(w)
			w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
				if act.Call.Op == c.op && (act.Call.Patient == mine || act.Call.Parcel != nil && act.Call.Parcel.Patient == mine) {
					return r.delay, c.reply(w)
				}
				return r.serve(act)
			}
			w.used[same.ID] = true
			from := w.mono
			w.step()
			other := w.issue(jan)
			w.step()
			w.pass(time.Hour)
			most := 100
			if c.name == "a list that never ends" {
				most = 2500
			}
			if n := w.count("", from); n > most {
				t.Errorf("%d calls in the first hour", n)
			}
			w.is(other, rx.StateConfirmed)
			if w.at(id) == rx.StateConfirmed || len(w.rows[id].Attempts) > 20 {
				t.Errorf("%s after %d attempts", w.at(id), len(w.rows[id].Attempts))
			}
		})
	}
}

// One that is turned away each time costs few attempts, also while its neighbours are
// accepted; many that are turned away cost hardly more than one.
func TestFewAttempts(t *testing.T) {
	turnedAway := func(w *practice) rx.Reply { r := noRoute; r.ServerAt = w.serverAt(); return r }
	w := story(t)
	r := newRecipe(w)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpCreate && act.Call.Patient == numbers[marie] {
			return time.Second, turnedAway(w)
		}
		return r.serve(act)
	}
	hostage := w.issue(marie)
	w.step()
	for range 60 {
		id := w.issue(jan)
		w.step()
		w.pass(time.Minute)
		if w.at(id) != rx.StateConfirmed {
			w.pass(time.Minute)
			w.is(id, rx.StateConfirmed)
		}
	}
	if n := len(w.rows[hostage].Attempts); n < 5 || n > 25 {
		t.Errorf("%d attempts in an hour", n)
	}

	w = story(t)
	w.except(rx.OpCreate, func() rx.Reply { return turnedAway(w) })
	for range 12 {
		w.issue(marie)
	}
	w.step()
	w.pass(time.Hour)
	if n := w.count(rx.OpCreate, 0); n < 5 || n > 25 {
		t.Errorf("%d attempts of 12 in an hour", n)
	}
}

// While the outside mark cannot be written no attempt is spent, and no key: what was
// claimed once is undone, and the next claim waits until the mark can be written.
func TestOutsideMarkFails(t *testing.T) {
	w := story(t)
	w.serve = newRecipe(w).serve
	w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "outside" })
	ids := []rx.ID{w.issue(marie), w.issue(jan), w.issue(luc)}
	from := w.mono
	w.step()
	w.pass(time.Hour)
	attempts := 0
	for _, id := range ids {
		w.is(id, rx.StateReady)
		attempts += len(w.rows[id].Attempts)
	}
	if attempts != 1 || w.count(rx.OpNewKey, from) != 4 || w.count(rx.OpCreate, from) > 0 {
		t.Errorf("%d attempts, %d keys, %d creates", attempts, w.count(rx.OpNewKey, from), w.count(rx.OpCreate, from))
	}
	w.mend()
	w.pass(30 * time.Minute)
	for _, id := range ids {
		w.is(id, rx.StateConfirmed)
	}
}

// The mark fails, and so does taking the claim back: it is taken back later, and no
// byte has left.
func TestOutsideMarkFailsAndTheDiskToo(t *testing.T) {
	w := story(t)
	id := w.issue(marie)
	full := rx.Fault(rx.CodeDiskFull)
	w.before = func(op string, _ rx.ID) error {
		return map[string]error{"outside": errDisk, "not-sent": full}[op]
	}
	w.step()
	w.end(rx.OpNewKey, w.newKey())
	if !errors.Is(w.faults[0], errDisk) || !errors.Is(w.faults[0], full) {
		t.Errorf("told: %v", w.faults)
	}
	w.is(id, rx.StateSending)
	w.flies()
	w.mend()
	w.pass(w.waits.Retry)
	w.is(id, rx.StateReady)
	if why := w.rows[id].Attempts[0].Why; why != "outside-mark" {
		t.Errorf("not sent because of %q", why)
	}
}

// A program that runs for weeks keeps no more than it works at.
func TestMemory(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	w.serve = r.serve
	for day := range 5 {
		for range 60 {
			id := w.issue([]rx.ID{marie, jan, luc}[w.made%3])
			w.step()
			w.pass(30 * time.Second)
			w.is(id, rx.StateConfirmed)
		}
		w.stock()
		w.away(time.Hour)
		for range 80 { // for each it is asked whether Recip-e is back
			id := w.issue(jan)
			w.serve = func(outbox.Act) (time.Duration, rx.Reply) { return 0, noRoute }
			w.step()
			w.pass(time.Second)
			w.paper(id)
		}
		w.serve = r.serve
		for i := range r.records {
			r.records[i].status = rx.Delivered
		}
		w.pass(23 * time.Hour)
		if n := w.engine.Kept(); n > 300 {
			t.Fatalf("day %d: %d things kept", day, n)
		}
	}
}
