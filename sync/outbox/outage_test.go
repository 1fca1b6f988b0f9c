package outbox_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// away lets Recip-e be away for d.
func (w *practice) away(d time.Duration) {
	w.Helper()
	serve := w.serve
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpNewKey {
			return serve(act)
		}
		return 0, noRoute
	}
	w.step()
	w.pass(d)
	w.serve = serve
}

// returned waits for the first answer of Recip-e and gives its moment.
func (w *practice) returned() time.Duration {
	w.Helper()
	seen := len(w.seen)
	for range 4000 {
		w.pass(time.Second)
		for _, o := range w.seen[seen:] {
			if o.Service == rx.Recipe && o.Reached {
				return w.mono
			}
		}
	}
	w.Fatalf("Recip-e is back, and nobody asks")
	return 0
}

// After an outage look-ups and revokes come first and at once, then the patient in the
// room; what waits for longer begins after a random delay of up to a quarter of the
// outage, at most an hour.
func TestBackAfterAnOutage(t *testing.T) {
	least, most := time.Hour, time.Duration(0)
	for seed := range uint64(30) {
		w := story(t).stock()
		w.seed = seed
		w.boot()
		r := newRecipe(w)
		w.serve = r.serve
		wanted := w.issue(jan)
		w.step()
		w.pass(5 * time.Minute)
		w.is(wanted, rx.StateConfirmed)
		w.serve = nil
		lost := w.issue(marie)
		w.step()
		w.is(lost, rx.StateSending)
		w.serve = r.serve
		w.away(140 * time.Minute)
		w.is(lost, rx.StateUnknown)
		w.unwanted(wanted)
		late := []rx.ID{w.issue(jan), w.issue(luc)}
		w.away(40 * time.Minute)
		fresh := w.issue(luc)
		w.step()
		back := w.returned()
		w.pass(3 * time.Second)
		if w.count(rx.OpRevoke, back-2*time.Second) == 0 || w.count(rx.OpOpen, back-2*time.Second) == 0 {
			t.Errorf("seed %d: no look-up, or no revoke, at once: %v", seed, w.calls[len(w.calls)-10:])
		}
		w.is(fresh, rx.StateConfirmed)
		for w.at(late[0]) == rx.StateReady && w.mono < back+2*time.Hour {
			w.pass(time.Second)
		}
		least, most = min(least, w.mono-back), max(most, w.mono-back)
		w.pass(10 * time.Second)
		w.is(late[1], rx.StateConfirmed)
		w.pass(5 * time.Minute)
		w.is(lost, rx.StateReady) // proven absent
	}
	if least > 10*time.Minute || most < 30*time.Minute || most > 46*time.Minute {
		t.Errorf("after three hours the late ones leave between %s and %s", least, most)
	}
}

// A short outage delays late ones by a minute at most, and a single lost answer not at
// all.
func TestShortOutage(t *testing.T) {
	for _, away := range []time.Duration{0, 90 * time.Second} {
		w := story(t)
		r := newRecipe(w)
		late := w.waiting(1, marie)[0]
		w.serve = r.serve
		if away > 0 {
			w.away(away)
			w.is(late, rx.StateReady)
			w.returned()
		} else {
			lost := false
			w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
				if !lost {
					lost = true
					return 0, lostLine
				}
				return r.serve(act)
			}
			w.step()
		}
		w.pass(70 * time.Second)
		w.is(late, rx.StateConfirmed)
	}
}

// The patient in the room whose create did not leave before the outage was seen does not
// stand in the queue of the backlog.
func TestPatientInTheRoom(t *testing.T) {
	for seed := range uint64(10) {
		w := story(t).stock()
		w.seed = seed
		w.waiting(1, jan)
		w.boot()
		w.serve = newRecipe(w).serve
		w.away(3 * time.Hour)
		w.returned()
		w.seed++
		serve := w.serve
		w.serve = func(act outbox.Act) (time.Duration, rx.Reply) { return 0, noRoute }
		id := w.issue(marie)
		w.step()
		if n := len(w.rows[id].Attempts); n != 1 {
			t.Fatalf("%d attempts", n)
		}
		w.pass(2 * time.Minute)
		w.is(id, rx.StateReady)
		w.serve = serve
		w.returned()
		w.pass(4 * time.Second)
		w.is(id, rx.StateConfirmed)
	}
}

// Look-ups are four at a time, whoever waits for one.
func TestLookUpsAreFew(t *testing.T) {
	w := story(t).stock()
	for i := range 12 {
		patient := rx.ID(fmt.Sprintf("019a0000-0000-7000-8000-00000000b%03d", i))
		w.known[patient] = rx.SSIN(fmt.Sprint("patient ", i))
		id := w.issue(patient)
		p, _, err := rx.Step(w.rows[id], rx.Event{Kind: rx.EventRestored, At: w.now()})
		if err != nil {
			t.Fatal(err)
		}
		w.rows[id] = p
	}
	w.serve = newRecipe(w).serve
	w.step()
	if n := w.inFlight(rx.OpOpen); n != 4 {
		t.Errorf("%d look-ups at once", n)
	}
	w.pass(time.Minute)
	if n := w.count(rx.OpOpen, 0); n < 12 {
		t.Errorf("%d of 12 looked up in a minute", n)
	}
}

// A patient whose look-up never ends closes the gate for the others only until one of
// them is answered; look-ups of that patient become rare.
func TestHostageOfLookUps(t *testing.T) {
	w := story(t).stock()
	r := newRecipe(w)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpOpen && act.Call.Patient == numbers[marie] || act.Call.Op == rx.OpCreate && act.Call.Patient == numbers[marie] {
			return never, silence
		}
		return r.serve(act)
	}
	hostage := w.issue(marie)
	w.step()
	w.pass(time.Minute)
	w.is(hostage, rx.StateUnknown)
	from := w.mono
	for range 20 {
		id := w.issue([]rx.ID{jan, luc}[w.made%2])
		w.step()
		w.pass(6 * time.Minute)
		if w.at(id) != rx.StateConfirmed {
			t.Fatalf("%s waits for another: %s", w.number(id), w.at(id))
		}
	}
	n := len(slices.DeleteFunc(slices.Clone(w.calls), func(c call) bool { return c.on != string(numbers[marie]) || c.at < from }))
	if n < 4 || n > 40 {
		t.Errorf("%d look-ups of the hostage in two hours", n)
	}
}
