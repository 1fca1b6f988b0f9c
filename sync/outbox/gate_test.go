package outbox_test

import (
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// stock puts keys into the pool of everybody, so that stories are about creates.
func (w *practice) stock() *practice {
	for patient := range w.known {
		for range 30 {
			w.keys[patient] = append(w.keys[patient], w.newKey().Key)
		}
	}
	return w
}

// A service that hangs gets no further create until it has answered a read; what waits
// stays ready, and paper is free.
func TestHangClosesTheGate(t *testing.T) {
	w := story(t).stock()
	hung := w.issue(marie)
	w.step()
	w.pass(8 * time.Second)
	w.is(hung, rx.StateUnknown)
	w.flies("createPrescription 2", "listOpenRids 85073003427") // looked for at once
	waits, leaves := w.issue(jan), w.issue(luc)
	w.step()
	w.pass(50 * time.Second)
	w.is(waits, rx.StateReady)
	w.paper(waits)
	if w.inFlight(rx.OpCreate) != 1 || w.inFlight(rx.OpOpen) != 1 {
		t.Fatalf("in flight: %v", w.flight())
	}
	w.end(rx.OpOpen, w.list()) // it answers: the other one leaves
	w.is(leaves, rx.StateSending)
	w.is(waits, rx.StatePaper)
}

// The first failure is looked into at once, the second and later ones after pauses
// that grow with full jitter; one call at a time, and none of a create.
func TestProbes(t *testing.T) {
	var longest time.Duration
	for seed := range uint64(40) {
		w := story(t)
		w.waiting(1, marie, jan, luc)
		w.seed = seed
		w.boot()
		w.serve = func(act outbox.Act) (time.Duration, rx.Reply) { return 0, noRoute }
		from := w.mono
		w.step()
		w.pass(4 * time.Hour)
		if n := w.count(rx.OpCreate, from); n > 0 {
			t.Fatalf("%d creates", n)
		}
		var probes []time.Duration
		for _, c := range w.calls {
			if c.at >= from {
				probes = append(probes, c.at)
			}
		}
		for i := 1; i < len(probes); i++ {
			pause := probes[i] - probes[i-1]
			longest = max(longest, pause)
			switch most := w.waits.Retry << min(i, 10); {
			case i == 1 && pause != 0:
				t.Errorf("seed %d: the first failure is looked into after %s", seed, pause)
			case i > 1 && pause < w.waits.Retry/10:
				t.Errorf("seed %d: pause %d is %s", seed, i, pause)
			case pause > 2*min(most, w.waits.Backoff):
				t.Errorf("seed %d: pause %d is %s", seed, i, pause)
			}
		}
		if len(probes) < 16 || len(probes) > 80 {
			t.Errorf("seed %d: %d probes in four hours", seed, len(probes))
		}
	}
	if longest < 10*time.Minute {
		t.Errorf("pauses do not grow: longest %s", longest)
	}
}

// A fresh prescription has it asked at once whether the service is back, once: the
// patient in the room does not wait for the end of a pause.
func TestFreshOneAsks(t *testing.T) {
	w := story(t).stock()
	w.waiting(1, jan)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) { return time.Second, noRoute }
	w.step()
	w.pass(2 * time.Hour)
	for _, back := range []bool{false, true} {
		if back {
			w.serve = newRecipe(w).serve
		}
		from := w.mono
		id := w.issue(marie)
		w.step()
		w.pass(2 * time.Second)
		if n := w.count(rx.OpOpen, from); n < 1 || n > 3 {
			t.Errorf("%d questions for a fresh one", n)
		}
		if back {
			w.is(id, rx.StateConfirmed)
		}
	}
}

// Without a key nothing could leave: nobody asks out of turn.
func TestFreshOneWithoutKeyDoesNotAsk(t *testing.T) {
	w := story(t)
	w.waiting(1, jan)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) { return time.Second, noRoute }
	w.step()
	w.pass(2 * time.Hour)
	w.keys = map[rx.ID][]rx.Key{}
	from := w.mono
	for range 5 {
		w.issue(marie)
		w.step()
		w.pass(2 * time.Second)
	}
	if n := w.count(rx.OpOpen, from); n > 1 {
		t.Errorf("%d questions", n)
	}
}

// Creates that hang together are one failure, at the promise and not again at their
// end: the pause before the next look is not longer for it.
func TestFailuresAreCountedOnce(t *testing.T) {
	w := story(t).stock()
	for range 4 {
		w.issue(marie)
	}
	w.step()
	if w.inFlight(rx.OpCreate) != 4 {
		t.Fatalf("in flight: %v", w.flight())
	}
	w.pass(8 * time.Second)
	w.end(rx.OpOpen, w.list())
	w.end(rx.OpHistory, w.list())
	w.end(rx.OpHistory, w.list())
	next := w.issue(jan)
	w.step()
	w.is(next, rx.StateSending) // alone, and at once: reads are answered
	w.end(rx.OpCreate, silence) // one of the four ends: told before
	more := w.issue(luc)
	w.step()
	w.is(more, rx.StateReady) // still alone
	for i, f := range w.flying {
		if f.Call.Op == rx.OpCreate && f.Call.Parcel.Prescription == next {
			w.land(i, w.accepted())
			w.step()
			break
		}
	}
	w.is(next, rx.StateConfirmed)
	w.is(more, rx.StateSending)
	failures := 0
	for _, o := range w.seen {
		if !o.Reached && o.Service == rx.Recipe {
			failures++
		}
	}
	if failures != 4 || w.seen[0].Why != "slow" {
		t.Errorf("the journal counts %d failures: %v", failures, w.seen)
	}
}

// When creates hang while reads are answered, few become unknown: the others stay
// ready, and paper stays free to choose.
func TestCreatesHangWhileReadsAnswer(t *testing.T) {
	w := story(t).stock()
	w.except(rx.OpCreate, func() rx.Reply { return silence })
	serve := w.serve
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		after, reply := serve(act)
		if act.Call.Op == rx.OpCreate {
			after = never
		}
		return after, reply
	}
	unknown := 0
	for range 40 {
		id := w.issue([]rx.ID{marie, jan, luc}[w.made%3])
		w.step()
		w.pass(90 * time.Second)
		if w.at(id) == rx.StateReady {
			w.paper(id)
		} else {
			unknown++
		}
	}
	if unknown < 2 || unknown > 15 {
		t.Errorf("%d of 40 became unknown in an hour", unknown)
	}
	w.serve = newRecipe(w).serve
	w.pass(w.waits.Backoff)
	id := w.issue(marie)
	w.step()
	w.pass(time.Minute)
	w.is(id, rx.StateConfirmed)
}

// A cold service gets one create alone; once one was answered, up to four at once.
func TestColdService(t *testing.T) {
	w := newPractice(t).stock()
	for range 7 {
		w.issue(marie)
	}
	w.step()
	w.flies("listOpenRids 85073003427") // its clock is not known yet
	w.end(rx.OpOpen, w.list())
	if w.inFlight(rx.OpCreate) != 1 {
		t.Fatalf("cold: %v", w.flight())
	}
	w.end(rx.OpCreate, w.accepted())
	if w.inFlight(rx.OpCreate) != 4 {
		t.Fatalf("warm: %v", w.flight())
	}
	w.end(rx.OpCreate, w.accepted())
	if w.inFlight(rx.OpCreate) != 4 {
		t.Fatalf("still warm: %v", w.flight())
	}
	for range 5 {
		w.end(rx.OpCreate, w.accepted())
	}
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) { return 0, w.list() }
	w.pass(11 * time.Minute)
	w.serve = nil
	for range 3 {
		w.issue(jan)
	}
	w.step()
	if w.inFlight(rx.OpCreate) != 1 {
		t.Fatalf("cold again: %v", w.flight())
	}
}

// The KGSS and Recip-e have gates of their own: keys come while Recip-e is down, one
// for each that waits and never more, and the other way round.
func TestKeys(t *testing.T) {
	w := story(t)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpNewKey {
			return time.Second, w.newKey()
		}
		return 0, noRoute
	}
	from := w.mono
	for range 3 {
		w.issue(marie)
		w.issue(jan)
	}
	w.step()
	if n := w.inFlight(rx.OpNewKey); n != 4 {
		t.Errorf("%d keys at once", n)
	}
	w.pass(time.Hour)
	if n := w.count(rx.OpNewKey, from); n != 6+w.count(rx.OpCreate, from) || len(w.keys[marie]) != 3 || len(w.keys[jan]) != 3 {
		t.Errorf("%d calls, keys %d and %d", n, len(w.keys[marie]), len(w.keys[jan]))
	}

	w = story(t)
	w.keys[marie] = []rx.Key{w.newKey().Key}
	w.serve = newRecipe(w).serve
	serve := w.serve
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpNewKey {
			return 0, noRoute
		}
		return serve(act)
	}
	with, without := w.issue(marie), w.issue(jan)
	w.step()
	w.pass(10 * time.Minute)
	w.is(with, rx.StateConfirmed)
	w.is(without, rx.StateReady)
	if n := w.count(rx.OpNewKey, 0); n < 3 || n > 20 {
		t.Errorf("%d calls to a KGSS that is away", n)
	}
}

// A KGSS that refuses is asked for one key of a patient at a time.
func TestKeysRefused(t *testing.T) {
	w := story(t)
	w.except(rx.OpNewKey, w.refusal)
	for range 4 {
		w.issue(marie)
	}
	w.step()
	w.pass(time.Hour)
	if n := w.count(rx.OpNewKey, 0); n < 8 || n > 25 {
		t.Errorf("%d calls in an hour", n)
	}
}

// Two lines of one patient and one key: one leaves, the other when its key has come.
func TestTwoLinesOneKey(t *testing.T) {
	w := story(t)
	w.keys[marie] = []rx.Key{w.newKey().Key}
	first, second := w.issue(marie), w.issue(marie)
	w.step()
	w.is(first, rx.StateSending)
	w.is(second, rx.StateReady)
	w.flies("getNewKey 85073003427", "createPrescription 2")
	w.end(rx.OpNewKey, w.newKey())
	w.is(second, rx.StateSending)
}
