package outbox_test

import (
	"slices"
	"testing"
	"time"

	"relais/app/rx"
)

// refuse lets the store fail with err wherever on says so.
func (w *practice) refuse(err error, on func(op string, id rx.ID) bool) {
	w.before = func(op string, id rx.ID) error {
		if on(op, id) {
			return err
		}
		return nil
	}
}

func (w *practice) mend() { w.before = func(string, rx.ID) error { return nil } }

// writes are the operations that change the store.
func writes(op string, _ rx.ID) bool { return op != "work" && op != "unowned" }

// An answer that the disk cannot take is kept, nothing is sent meanwhile, and it is
// settled when the disk is back.
func TestAnswerIsKeptUntilTheDiskTakesIt(t *testing.T) {
	w := story(t)
	id := w.send(marie)
	w.refuse(errDisk, writes)
	w.end(rx.OpCreate, w.accepted())
	if rx.CodeOf(w.faults[0]) != rx.CodeIO {
		t.Errorf("the caller is not told: %v", w.faults)
	}
	other, calls := w.issue(jan), len(w.calls)
	w.pass(20 * time.Minute)
	w.is(id, rx.StateSending)
	if len(w.calls) > calls {
		t.Errorf("calls while a result is at hand: %v", w.calls[calls:])
	}
	w.mend()
	w.pass(w.waits.Retry)
	w.is(id, rx.StateConfirmed)
	w.is(other, rx.StateReady)
	if w.inFlight(rx.OpNewKey) != 1 {
		t.Errorf("the work does not go on: %v", w.flight())
	}
}

// The promise of 8 seconds closes the gate also when the disk cannot take it; what
// could not be written is written later.
func TestPromiseOnABrokenDisk(t *testing.T) {
	w := story(t)
	id := w.send(marie)
	w.refuse(errDisk, writes)
	w.pass(8 * time.Second)
	w.is(id, rx.StateSending)
	w.mend()
	w.keys[jan] = []rx.Key{w.newKey().Key}
	other := w.issue(jan)
	w.step()
	w.is(id, rx.StateUnknown)
	w.is(other, rx.StateReady)
	if w.inFlight(rx.OpCreate) != 1 {
		t.Errorf("a create leaves to a service that does not answer: %v", w.flight())
	}
}

// Of two answers the disk may take the later one first.
func TestAnswersSettleInAnyOrder(t *testing.T) {
	w := story(t)
	id := w.send(marie)
	w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "unanswered" })
	w.pass(8 * time.Second)
	w.end(rx.OpCreate, w.accepted())
	w.is(id, rx.StateConfirmed)
	w.mend()
	w.pass(w.waits.Retry)
	w.is(id, rx.StateConfirmed)
	if a := w.rows[id].Attempts[0]; a.Result != rx.ResultAccepted {
		t.Errorf("the attempt is %q", a.Result)
	}
}

// A restart makes what was on the wire unknown, before anything else; while the disk
// refuses that, nothing happens.
func TestRecovery(t *testing.T) {
	w := story(t)
	id, waiting := w.send(marie), w.issue(jan)
	w.boot()
	w.refuse(errDisk, writes)
	w.step()
	w.pass(10 * time.Minute)
	w.is(id, rx.StateSending)
	w.flies()
	w.mend()
	w.pass(w.waits.Retry)
	w.is(id, rx.StateUnknown)
	w.is(waiting, rx.StateReady)
	if why := w.rows[id].Attempts[0].Why; why != "restart" {
		t.Errorf("unknown because of %q", why)
	}
	if !slices.Contains(w.flight(), "listOpenRids "+string(numbers[marie])) {
		t.Errorf("it is not looked for: %v", w.flight())
	}
}

// A damaged row is no hostage, whatever is owed about it, and costs few calls.
func TestDamagedRowIsNoHostage(t *testing.T) {
	for name, owing := range map[string]func(*practice, rx.ID){
		"waiting": func(w *practice, id rx.ID) {},
		"late":    func(w *practice, id rx.ID) { w.pass(15 * time.Minute) },
		"expired": func(w *practice, id rx.ID) {
			p := w.rows[id]
			p.Expires = rx.DateOf(w.now()).AddDays(-1)
			w.rows[id] = p
		},
		"on the wire": func(w *practice, id rx.ID) {
			w.step()
			w.end(rx.OpNewKey, w.newKey())
			w.is(id, rx.StateSending)
		},
		"on the wire of a former engine": func(w *practice, id rx.ID) {
			w.step()
			w.end(rx.OpNewKey, w.newKey())
			w.boot()
		},
		"unknown": func(w *practice, id rx.ID) {
			w.step()
			w.end(rx.OpNewKey, w.newKey())
			w.pass(8 * time.Second)
			w.is(id, rx.StateUnknown)
		},
		"confirmed": func(w *practice, id rx.ID) {
			w.step()
			w.end(rx.OpNewKey, w.newKey())
			w.end(rx.OpCreate, w.accepted())
		},
		"to be revoked": func(w *practice, id rx.ID) {
			w.step()
			w.end(rx.OpNewKey, w.newKey())
			w.end(rx.OpCreate, w.accepted())
			w.unwanted(id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := story(t)
			id := w.issue(marie)
			owing(w, id)
			w.refuse(rx.Fault(rx.CodeDamaged), func(op string, on rx.ID) bool { return on == id })
			w.serve = newRecipe(w).serve
			for i := range w.flying {
				w.flying[i].due, w.flying[i].reply = w.serve(w.flying[i].Act)
				w.flying[i].due += w.mono
			}
			other := w.issue(marie)
			from := w.mono
			w.step()
			w.pass(time.Minute)
			w.once()
			w.pass(2 * time.Hour)
			w.is(other, rx.StateConfirmed)
			if n := w.count("", from); n > 150 {
				t.Errorf("%d calls in two hours", n)
			}
			w.once()
			if told := len(w.faults) > 0; !told && name != "confirmed" && name != "late" {
				t.Error("nobody is told that the row is damaged")
			}
		})
	}
}

// The disk refuses what a look-up concludes, or the reading of the work for it: nothing
// is lost, the next look-up concludes.
func TestConclusionOnABrokenDisk(t *testing.T) {
	for _, broken := range []string{"missed", "absent", "found", "work"} {
		w := story(t)
		id, create := w.lost(marie)
		r := newRecipe(w)
		if broken == "found" {
			r.process(create)
		}
		w.serve = r.serve
		w.step()
		if broken == "work" {
			w.end(rx.OpOpen, w.list())
			w.end(rx.OpHistory, w.list())
		}
		w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == broken })
		w.pass(10 * time.Minute)
		w.is(id, rx.StateUnknown)
		if len(w.faults) == 0 {
			t.Errorf("%s: nobody is told", broken)
		}
		w.mend()
		w.pass(20 * time.Minute)
		if got := w.at(id); broken == "found" && got != rx.StateConfirmed || broken != "found" && got != rx.StateReady {
			t.Errorf("%s: %s", broken, got)
		}
	}
}

// once lets the engine be asked often: what is damaged is not told each time.
func (w *practice) once() {
	w.Helper()
	before := len(w.faults)
	for range 100 {
		w.step()
	}
	if n := len(w.faults) - before; n > 1 {
		w.Errorf("told %d times in 100 steps: %v", n, w.faults[before])
	}
}

// A store whose lists cannot be read costs look-ups no more than the others do.
func TestUnreadableStoreEndsTheLookUp(t *testing.T) {
	w := story(t)
	id := w.send(marie)
	w.pass(8 * time.Second)
	w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "unowned" })
	w.serve = newRecipe(w).serve
	from := w.mono
	w.looks()
	w.pass(time.Hour)
	w.is(id, rx.StateUnknown)
	if n := w.count("", from); n < 6 || n > 60 {
		t.Errorf("%d calls in an hour", n)
	}
	w.mend()
	w.pass(time.Hour)
	w.is(id, rx.StateReady) // proven absent
}

// A RID that another prescription bears says nothing of this one: also when the disk
// could not take the answer at first.
func TestRIDOfAnother(t *testing.T) {
	for _, broken := range []bool{false, true} {
		w := story(t)
		first := w.send(jan)
		answer := w.accepted()
		w.end(rx.OpCreate, answer)
		id := w.send(marie)
		if broken {
			w.refuse(errDisk, writes)
		}
		w.end(rx.OpCreate, answer)
		w.mend()
		w.pass(w.waits.Retry)
		w.is(first, rx.StateConfirmed)
		w.is(id, rx.StateUnknown)
		if why := w.rows[id].Attempts[0].Why; why != "rid-taken" {
			t.Errorf("unknown because of %q", why)
		}
	}
}

// A reply of a call that was never made is a fault of the program.
func TestStrangeReply(t *testing.T) {
	w := story(t)
	if err := w.engine.Done(ctx, w.moment(), 4711, w.ok()); rx.CodeOf(err) != rx.CodeInternal {
		t.Errorf("%v", err)
	}
}
