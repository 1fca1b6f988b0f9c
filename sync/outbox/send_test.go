package outbox_test

import (
	"slices"
	"testing"
	"time"

	"relais/app/rx"
)

// Within 8 seconds a send without an answer counts as unknown; its answer is still
// heard when it comes later.
func TestPromise(t *testing.T) {
	w := story(t)
	id := w.send(marie)
	w.pass(8*time.Second - time.Millisecond)
	w.is(id, rx.StateSending)
	w.pass(time.Millisecond)
	w.is(id, rx.StateUnknown)
	w.pass(40 * time.Second)
	w.end(rx.OpCreate, w.accepted())
	w.is(id, rx.StateConfirmed)
}

// The door is claimed durably, then the outside mark is written, and only then the
// create leaves, with the witness of the claim.
func TestClaimBeforeAct(t *testing.T) {
	w := story(t)
	id := w.send(marie)
	if want := []string{"key", "marked 2", "outside"}; !slices.Equal(w.log, want) {
		t.Errorf("log %v", w.log)
	}
	w.flies("createPrescription 2")
	p, a := w.flying[0].Call.Parcel, w.rows[id].Attempts[0]
	if p.Key.ID != a.Key || !p.SignedUntil.Equal(a.Expires) || p.Prescription != id || p.Attempt != 1 {
		t.Errorf("%+v\n%+v", p, a)
	}
	w.end(rx.OpCreate, w.accepted())
	w.is(id, rx.StateConfirmed)
	w.flies("getPrescription " + string(w.rows[id].Records[0].RID)) // read back at once
}

// The three other answers: refused is the end, not sent waits again and leaves by
// itself, and no answer is looked for at once.
func TestAnswers(t *testing.T) {
	w := story(t)
	refused := w.send(marie)
	w.end(rx.OpCreate, w.refusal())
	w.is(refused, rx.StateRefused)
	if p := w.rows[refused].Attempts[0].Problem; p == nil || p.Code != "ERR1" {
		t.Errorf("refused with %+v", p)
	}
	w.flies()

	w.serve = newRecipe(w).serve
	w.pass(time.Minute)
	w.serve = nil
	again := w.send(jan)
	w.end(rx.OpCreate, noRoute)
	w.is(again, rx.StateReady)
	if why := w.rows[again].Attempts[0].Why; why != "refused-connection" {
		t.Errorf("not sent since %q", why)
	}
	w.serve = newRecipe(w).serve
	w.pass(2 * time.Minute)
	w.is(again, rx.StateConfirmed)
	w.serve = nil
	lost := w.send(marie)
	w.end(rx.OpCreate, lostLine)
	w.is(lost, rx.StateUnknown)
	if w.inFlight(rx.OpOpen) != 1 {
		t.Errorf("it is not looked for: %v", w.flight())
	}
	for _, wrong := range []rx.RID{"", "BEP0", "bep0test0001"} {
		id := w.issue(luc)
		w.keys[luc] = []rx.Key{w.newKey().Key}
		w.serve = newRecipe(w).serve
		w.step()
		w.pass(3 * time.Minute)
		w.is(id, rx.StateConfirmed)
		w.serve = nil
		id = w.send(luc)
		r := w.accepted()
		r.RID = wrong
		w.end(rx.OpCreate, r)
		w.is(id, rx.StateUnknown)
	}
}

// The doctor takes paper in the moment before the claim: paper it is, nothing leaves, and
// the key serves another.
func TestPaperComesFirst(t *testing.T) {
	w := story(t)
	id := w.issue(marie)
	w.step()
	w.before = func(op string, on rx.ID) error {
		if op == "mark" && w.at(on) == rx.StateReady {
			w.paper(on)
		}
		return nil
	}
	w.end(rx.OpNewKey, w.newKey())
	w.is(id, rx.StatePaper)
	w.flies()
	if len(w.faults) > 0 || len(w.keys[marie]) != 1 {
		t.Errorf("faults %v, %d keys", w.faults, len(w.keys[marie]))
	}
}

// The doctor does something in the moment before a conclusion of the engine: the next
// look-up concludes.
func TestDoctorComesBeforeAConclusion(t *testing.T) {
	for _, what := range []string{"missed", "absent", "expired", "twin"} {
		w := story(t)
		w.serve = newRecipe(w).serve
		var id rx.ID
		switch what {
		case "expired":
			w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
			id = w.issue(marie)
			p := w.rows[id]
			p.Expires = rx.DateOf(w.now())
			w.rows[id] = p
			w.pass(15*time.Hour + 30*time.Minute)
		case "twin":
			w.serve = nil
			id = w.waiting(1, marie)[0]
			r := newRecipe(w)
			r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", rx.NotDelivered})
			w.serve = r.serve
		default:
			w.serve = nil
			id, _ = w.lost(marie)
			w.serve = newRecipe(w).serve
		}
		came := false
		w.before = func(op string, on rx.ID) error {
			if op == what && !came {
				came = true
				w.doctor(on, rx.Event{Kind: rx.EventLetGo})
			}
			return nil
		}
		w.step()
		w.pass(40 * time.Minute)
		p := w.rows[id]
		if !came || len(w.faults) > 0 {
			t.Errorf("%s: came %t, faults %v", what, came, w.faults)
		}
		if done := map[string]bool{"missed": p.Absent.Set(), "absent": p.Absent.Set(), "expired": p.State == rx.StateLapsed, "twin": p.TwinOpen()}[what]; !done {
			t.Errorf("%s: %s, %v", what, p.State, w.log)
		}
	}
}

// What still waits after its last day lapses, also while everything is down, and its
// disk too.
func TestExpired(t *testing.T) {
	w := story(t)
	w.except(rx.OpNewKey, func() rx.Reply { return noRoute })
	id := w.issue(marie)
	p := w.rows[id]
	p.Expires = rx.DateOf(w.now())
	w.rows[id] = p
	w.step()
	w.pass(15*time.Hour + 45*time.Minute)
	w.is(id, rx.StateReady)
	w.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "expired" })
	w.pass(30 * time.Minute)
	w.is(id, rx.StateReady)
	w.mend()
	w.pass(16 * time.Minute)
	w.is(id, rx.StateLapsed)
}

// Fresh ones leave before late ones, older before younger, by line.
func TestOrder(t *testing.T) {
	w := newPractice(t).stock()
	for range 3 {
		w.issue(marie)
	}
	w.pass(15 * time.Minute)
	for i, id := range w.order {
		p := w.rows[id]
		p.Line, p.Issued = 2-i, p.Issued.Truncate(time.Hour)
		w.rows[id] = p
	}
	w.issue(jan)
	w.serve = newRecipe(w).serve
	w.step()
	w.pass(5 * time.Minute)
	var order []string
	for _, c := range w.calls {
		if c.op == rx.OpCreate {
			order = append(order, c.on)
		}
	}
	if !slices.Equal(order, []string{"4", "3", "2", "1"}) {
		t.Errorf("they leave as %v", order)
	}
}

// What may not leave stays: no look-up, no create, and its key is fetched all the same.
func TestWhatMayNotLeave(t *testing.T) {
	for name, hold := range map[string]func(*practice, rx.ID){
		"the one it replaces is open": func(w *practice, id rx.ID) { w.around[id] = rx.Around{ReplacedOpen: true} },
		"there is something newer":    func(w *practice, id rx.ID) { w.around[id] = rx.Around{Newer: true} },
		"a twin is asked about":       func(w *practice, id rx.ID) { w.doctor(id, rx.Event{Kind: rx.EventTwin}) },
		"it waited for five hours":    func(w *practice, id rx.ID) { w.skew += 5 * time.Hour },
		"it waited for five days":     func(w *practice, id rx.ID) { w.skew += 5 * 24 * time.Hour },
		"the clock went back":         func(w *practice, id rx.ID) { w.skew -= time.Hour },
	} {
		w := story(t)
		w.serve = newRecipe(w).serve
		id := w.issue(marie)
		hold(w, id)
		w.step()
		w.pass(time.Hour)
		if w.at(id) != rx.StateReady || w.count(rx.OpCreate, 0)+w.count(rx.OpOpen, 0) > 0 || len(w.keys[marie]) != 1 {
			t.Errorf("%s: %s, %v", name, w.at(id), w.calls)
		}
	}
}
