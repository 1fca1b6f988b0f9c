package outbox_test

import (
	"slices"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// confirmed sends one and lets its check be over.
func (w *practice) confirmed(r *recipe, patient rx.ID) rx.ID {
	w.Helper()
	w.serve = r.serve
	id := w.issue(patient)
	w.step()
	w.pass(10 * time.Minute)
	w.is(id, rx.StateConfirmed)
	return id
}

// A revoke leaves at once, and only the status that is read back proves it.
func TestRevoke(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	id := w.confirmed(r, marie)
	w.serve = nil
	w.unwanted(id)
	w.step()
	w.step()
	w.flies("revokePrescription " + string(r.records[0].rid))
	if c := w.flying[0].Call; c.Reason != "wrong-medicine" || c.Patient != numbers[marie] {
		t.Errorf("revoked with %q for %q", c.Reason, string(c.Patient))
	}
	w.end(rx.OpRevoke, w.ok())
	w.is(id, rx.StateConfirmed)
	w.flies("getPrescriptionStatus " + string(r.records[0].rid))
	w.end(rx.OpStatus, w.status(rx.StatusRevoked))
	w.is(id, rx.StateRevoked)
	w.flies()
	w.calls = nil
	w.pass(24 * time.Hour)
	if len(w.calls) > 0 {
		t.Errorf("it goes on: %v", w.calls)
	}
}

// What is in process is asked for again, after pauses that grow; when the pharmacist
// puts it back it goes, when it is delivered nothing more is asked.
func TestRevokeOfWhatIsInProcess(t *testing.T) {
	for end, state := range map[rx.Status]rx.State{rx.NotDelivered: rx.StateRevoked, rx.Delivered: rx.StateConfirmed} {
		w := story(t)
		r := newRecipe(w)
		id := w.confirmed(r, marie)
		r.records[0].status = rx.InProcess
		w.unwanted(id)
		from := w.mono
		w.step()
		w.pass(3 * time.Hour)
		w.is(id, rx.StateConfirmed)
		if n := w.count(rx.OpRevoke, from); n < 10 || n > 60 {
			t.Errorf("asked %d times in three hours", n)
		}
		if rec := w.rows[id].Records[0]; rec.Denied == nil || rec.Denied.Code != "ERR1" || rec.Status != rx.InProcess {
			t.Errorf("denied with %v, status %q", rec.Denied, rec.Status)
		}
		r.records[0].status = end
		w.pass(16 * time.Minute)
		w.is(id, state)
		from = w.mono
		w.pass(24 * time.Hour)
		if n := w.count("", from); n > 0 {
			t.Errorf("%d more calls", n)
		}
	}
}

// Recip-e takes the revoke and shows it late, refuses it without a word, or does not
// answer: it is asked again until the status proves it.
func TestRevokeUntilProven(t *testing.T) {
	for name, twist := range map[string]func(*practice, *recipe, outbox.Act, int) (rx.Reply, bool){
		"shown late": func(w *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return w.status(rx.NotDelivered), act.Call.Op == rx.OpStatus && n < 3
		},
		"refused without a word": func(w *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			reply := w.refusal()
			reply.Problem = nil
			return reply, act.Call.Op == rx.OpRevoke && n < 3
		},
		"no answer": func(_ *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return lostLine, act.Call.Op == rx.OpRevoke && n < 3
		},
		"the status is refused": func(w *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return w.refusal(), act.Call.Op == rx.OpStatus && n < 3
		},
		"the status is no word": func(w *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return w.ok(), act.Call.Op == rx.OpStatus && n < 3
		},
		"the status does not come": func(_ *practice, _ *recipe, act outbox.Act, n int) (rx.Reply, bool) {
			return silence, act.Call.Op == rx.OpStatus && n < 3
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := story(t)
			r := newRecipe(w)
			id := w.confirmed(r, marie)
			n := 0
			w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
				if reply, strikes := twist(w, r, act, n); strikes {
					n++
					return time.Second, reply
				}
				return r.serve(act)
			}
			w.unwanted(id)
			w.step()
			w.pass(time.Hour)
			w.is(id, rx.StateRevoked)
			if n != 3 {
				t.Errorf("struck %d times", n)
			}
			if len(w.faults) > 0 {
				t.Errorf("told: %v", w.faults)
			}
		})
	}
}

// Paper by force, and the electronic one turns up after all: it is revoked on sight, for
// the reason that it was replaced.
func TestRevokeOnSight(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	id := w.send(marie)
	w.pass(8 * time.Second)
	w.paper(id)
	made := r.process(w.flying[0].Call)
	w.pass(53 * time.Second)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpRevoke && act.Call.Reason != "replaced" {
			t.Errorf("revoked since %q", act.Call.Reason)
		}
		return r.serve(act)
	}
	w.pass(20 * time.Minute)
	w.is(id, rx.StatePaper)
	if rec := w.rows[id].Records; len(rec) != 1 || rec[0].RID != made.RID || rec[0].Status != rx.StatusRevoked {
		t.Errorf("records %+v", rec)
	}
}

// The status of what is open is read every six hours, one at a time; many that are due
// together are no burst, neither after a start nor after an outage.
func TestStatuses(t *testing.T) {
	w := story(t)
	r := newRecipe(w)
	w.serve = r.serve
	for range 60 {
		w.issue(marie)
		w.step()
		w.pass(10 * time.Second)
	}
	w.pass(10 * time.Minute)
	w.boot()
	w.stock()
	from := w.mono
	w.pass(24 * time.Hour)
	early := 0
	for _, c := range w.calls {
		if c.op == rx.OpStatus && c.at >= from && c.at < from+time.Hour {
			early++
		}
	}
	if early < 2 || early > 25 {
		t.Errorf("%d readings in the first hour", early)
	}
	n := w.count(rx.OpStatus, from)
	if n < 200 || n > 280 {
		t.Errorf("%d readings of 60 in a day", n)
	}
	w.issue(jan) // so that somebody asks whether Recip-e is back
	w.away(3 * time.Hour)
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		after, reply := r.serve(act)
		if act.Call.Op == rx.OpStatus {
			after = 20 * time.Second
		}
		return after, reply
	}
	back := w.returned()
	for range 24 * 60 {
		w.pass(time.Minute)
		if n := w.inFlight(rx.OpStatus); n > 1 {
			t.Fatalf("%d readings at once", n)
		}
	}
	var at []time.Duration
	for _, c := range w.calls {
		if c.op == rx.OpStatus && c.at >= from {
			at = append(at, c.at)
		}
	}
	for i := 1; i < len(at); i++ {
		if at[i]-at[i-1] < w.waits.Pace {
			t.Fatalf("two readings within %s", at[i]-at[i-1])
		}
	}
	first := at[slices.IndexFunc(at, func(a time.Duration) bool { return a >= back })]
	if first < back+30*time.Second { // by this seed; up to 45 minutes
		t.Errorf("read %s after Recip-e was back", first-back)
	}
	r.records[0].status = rx.Delivered
	w.pass(13 * time.Hour)
	if got := w.rows[w.order[1]].Records[0].Status; got != rx.Delivered {
		t.Errorf("the status is %q", got)
	}
}
