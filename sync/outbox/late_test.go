package outbox_test

import (
	"slices"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// waiting issues n prescriptions for each patient that could not leave for a quarter of
// an hour, since the KGSS gave no key.
func (w *practice) waiting(n int, patients ...rx.ID) (ids []rx.ID) {
	w.Helper()
	for range n {
		for _, patient := range patients {
			ids = append(ids, w.issue(patient))
		}
	}
	w.pass(15 * time.Minute)
	w.stock()
	w.calls = nil
	return ids
}

// Late ones leave one at a time, 5 seconds apart, each after a look at the open list of
// its patient; a look serves the patient for a minute. Fresh ones pass them.
func TestLateSends(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	late := w.waiting(4, marie, jan, luc)
	w.serve = r.serve
	fresh := w.issue(luc)
	w.step()
	w.is(fresh, rx.StateSending)
	w.pass(2 * time.Minute)
	for _, id := range late {
		w.is(id, rx.StateConfirmed)
	}
	var before time.Duration
	looked := map[string]time.Duration{}
	for _, c := range w.calls {
		switch c.op {
		case rx.OpOpen:
			looked[c.on] = c.at
		case rx.OpCreate:
			i := slices.IndexFunc(w.order, func(id rx.ID) bool { return w.number(id) == c.on })
			p := w.rows[w.order[i]]
			if p.ID == fresh {
				continue
			}
			if before > 0 && c.at-before < w.waits.Pace {
				t.Errorf("a late one %s after another", c.at-before)
			}
			before = c.at
			if at, ok := looked[string(w.known[p.Patient])]; !ok || c.at-at > time.Minute+2*time.Second {
				t.Errorf("%s left without a look at the open list", c.on)
			}
		}
	}
	if n := w.count(rx.OpOpen, 0); n > 6 {
		t.Errorf("%d look-ups for %d late ones of 3 patients", n, len(late))
	}
}

// A look at the open list is good for a minute.
func TestLookIsGoodForAMinute(t *testing.T) {
	w := story(t)
	w.waiting(20, marie)
	w.serve = newRecipe(w).serve
	w.step()
	w.pass(58 * time.Second)
	if n := w.count(rx.OpOpen, 0); n != 1 || w.count(rx.OpCreate, 0) < 10 {
		t.Errorf("%d look-ups for %d creates", n, w.count(rx.OpCreate, 0))
	}
	w.pass(58 * time.Second)
	if n := w.count(rx.OpOpen, 0); n != 2 || w.count(rx.OpCreate, 0) != 20 {
		t.Errorf("%d look-ups for %d creates", n, w.count(rx.OpCreate, 0))
	}
}

// Many that wait cost few calls each: a look-up begins only when its send can leave.
func TestBacklogIsCheap(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	for i := range 60 { // each another patient
		patient := rx.ID("019a0000-0000-7000-8000-0000000" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + "000")
		w.known[patient] = rx.SSIN("patient " + string(patient[31:33]))
		w.issue(patient)
	}
	w.pass(15 * time.Minute)
	w.stock()
	w.calls, w.serve = nil, r.serve
	w.step()
	w.pass(8 * time.Minute)
	if n := w.count(rx.OpCreate, 0); n != 60 {
		t.Fatalf("%d of 60 have left", n)
	}
	if n := w.count(rx.OpOpen, 0); n > 130 { // before the send, and after its fence
		t.Errorf("%d look-ups for 60 late ones", n)
	}
	busiest := 0
	for i, c := range w.calls {
		n := 0
		for _, d := range w.calls[i:] {
			if d.at-c.at < 10*time.Second {
				n++
			}
		}
		busiest = max(busiest, n)
	}
	if busiest > 40 {
		t.Errorf("%d calls in 10 seconds", busiest)
	}
}

// Without a key nothing is looked up for a late send.
func TestLateWithoutKey(t *testing.T) {
	w := story(t)
	id := w.issue(marie)
	w.pass(15 * time.Minute)
	w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
	w.calls = nil
	w.step()
	w.pass(time.Hour)
	w.is(id, rx.StateReady)
	if n := w.count(rx.OpOpen, 0); n > 0 {
		t.Errorf("%d look-ups for what cannot leave", n)
	}
}

// A record of other software at Recip-e asks the doctor about what leaves late, once;
// nothing leaves before the answer.
func TestTwinIsAskedOnce(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	late := w.waiting(1, marie)[0]
	r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", rx.NotDelivered})
	w.serve = r.serve
	w.step()
	w.pass(20 * time.Minute)
	w.is(late, rx.StateReady)
	if p := w.rows[late]; !p.TwinOpen() || w.count(rx.OpCreate, 0) > 0 {
		t.Fatalf("the doctor is not asked: %v", w.log)
	}
	if n := w.count(rx.OpOpen, 0); n > 1 {
		t.Errorf("%d look-ups while the doctor is asked", n)
	}
	w.doctor(late, rx.Event{Kind: rx.EventTwinAnswered, Outcome: rx.OnlyHere})
	w.step()
	w.pass(time.Minute)
	w.is(late, rx.StateConfirmed)
	if n := len(slices.DeleteFunc(slices.Clone(w.log), func(l string) bool { return l != "twin 2" })); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// What is delivered, revoked or ours is no twin, and a fresh one is not asked about.
func TestNoTwin(t *testing.T) {
	for _, status := range []rx.Status{rx.Delivered, rx.StatusRevoked, rx.Expired, rx.Archived} {
		w := story(t)
		r := newRecipe(w)
		late := w.waiting(1, marie)[0]
		r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", status})
		w.serve = r.serve
		w.step()
		w.pass(time.Minute)
		w.is(late, rx.StateConfirmed)
	}
	w := story(t)
	r := newRecipe(w)
	r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", rx.NotDelivered})
	w.serve = r.serve
	fresh := w.issue(marie)
	w.step()
	w.pass(time.Minute)
	w.is(fresh, rx.StateConfirmed)
}

// The question about a twin that the disk does not take is asked later; nothing leaves
// before.
func TestTwinOnABrokenDisk(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	late := w.waiting(1, marie)[0]
	r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", rx.NotDelivered})
	w.serve = r.serve
	w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "twin" })
	w.step()
	w.pass(time.Minute)
	w.mend()
	w.pass(20 * time.Minute)
	if p := w.rows[late]; !p.TwinOpen() || w.count(rx.OpCreate, 0) > 0 {
		t.Errorf("it left without the question: %v", w.log)
	}
}

// A look-up that proves one attempt absent and finds a record of other software asks
// about the twin of the one that waits again, in the same look-up.
func TestTwinOfWhatJustProvedAbsent(t *testing.T) {
	w := story(t)
	id := w.send(marie)
	w.pass(9 * time.Second)
	r := newRecipe(w)
	w.flying = slices.DeleteFunc(w.flying, func(f flight) bool { return f.Call.Op == rx.OpCreate })
	r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", rx.NotDelivered})
	w.looks() // the one begun at the promise
	w.serve = r.serve
	w.pass(2 * time.Minute)
	if p := w.rows[id]; p.State != rx.StateUnknown || p.Twin.Set() {
		t.Errorf("%s, twin %v: nothing waits yet", p.State, p.Twin)
	}
	w.pass(8 * time.Minute)
	w.is(id, rx.StateReady)
	if p := w.rows[id]; !p.Absent.Set() || !p.TwinOpen() {
		t.Errorf("absent %v, twin %v: %v", p.Absent.Set(), p.TwinOpen(), w.log)
	}
}

// A record of ours that the same look-up explains is no twin of another of the patient;
// nor does a fresh one that waits for its key have a twin.
func TestOursIsNoTwin(t *testing.T) {
	w := story(t)
	_, create := w.lost(marie)
	r := newRecipe(w)
	r.process(create)
	late := w.issue(marie)
	p := w.rows[late]
	p.Issued = p.Issued.Add(-time.Hour)
	w.rows[late] = p
	w.serve = r.serve
	w.step()
	w.pass(time.Minute)
	w.is(late, rx.StateConfirmed)

	w = story(t)
	w.lost(marie)
	r = newRecipe(w)
	r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", rx.NotDelivered})
	fresh := w.issue(marie)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpNewKey {
			return never, silence
		}
		return r.serve(act)
	}
	w.step()
	w.pass(5 * time.Minute)
	if w.rows[fresh].Twin.Set() {
		t.Error("the doctor is asked about a fresh one")
	}
}

// A late one waits for the answer of the one before, also beyond the pace.
func TestLateOneAtATime(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	late := w.waiting(2, marie)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		after, reply := r.serve(act)
		if act.Call.Op == rx.OpCreate {
			after = 7 * time.Second
		}
		return after, reply
	}
	w.keys[jan] = []rx.Key{w.newKey().Key}
	fresh := w.issue(jan) // so that creates are warm
	w.step()
	w.pass(8 * time.Second)
	w.is(fresh, rx.StateConfirmed)
	for range 30 {
		w.pass(time.Second)
		if n := w.inFlight(rx.OpCreate); n > 1 {
			t.Fatalf("%d late ones at once", n)
		}
	}
	for _, id := range late {
		w.is(id, rx.StateConfirmed)
	}
}

// One whose look-up never comes delays no other.
func TestLateHostage(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	late := w.waiting(1, marie, jan, luc)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpOpen && act.Call.Patient == numbers[marie] {
			return never, silence
		}
		return r.serve(act)
	}
	w.step()
	w.pass(5 * time.Minute)
	w.is(late[0], rx.StateReady)
	w.is(late[1], rx.StateConfirmed)
	w.is(late[2], rx.StateConfirmed)
}
