package outbox_test

import (
	"slices"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// lost sends one whose answer is lost. It is not looked for yet.
func (w *practice) lost(patient rx.ID) (id rx.ID, create rx.Call) {
	w.Helper()
	id = w.send(patient)
	i := slices.IndexFunc(w.flying, func(f flight) bool { return f.Call.Op == rx.OpCreate })
	create = w.flying[i].Call
	w.land(i, lostLine)
	w.calls = nil
	w.is(id, rx.StateUnknown)
	return id, create
}

// A look-up reads three lists to their last page, then each RID that nobody here knows,
// and no other; a record that bears our witness is ours.
func TestLookUp(t *testing.T) {
	w := story(t)
	first := w.send(marie)
	known := w.accepted()
	w.end(rx.OpCreate, known)
	w.is(first, rx.StateConfirmed)
	read := w.ok()
	read.KeyID = w.rows[first].Attempts[0].Key
	w.end(rx.OpGet, read)
	w.pass(7 * time.Second)
	id, create := w.lost(marie)
	w.step()

	foreign, ours := w.rid(), w.rid()
	page := func(more string, l ...rx.Listed) rx.Reply {
		r := w.list(l...)
		r.More, r.Session = more != "", more
		return r
	}
	wants := func(op rx.Op, active bool, session string) {
		t.Helper()
		if len(w.flying) != 1 {
			t.Fatalf("in flight: %v", w.flight())
		}
		c := w.flying[0].Call
		if c.Op != op || c.Patient != numbers[marie] || c.Active != active || c.Session != session {
			t.Fatalf("asked %s, active %t, session %q", c.Op, c.Active, c.Session)
		}
	}
	wants(rx.OpOpen, false, "")
	w.end(rx.OpOpen, page("open-2", rx.Listed{RID: known.RID}))
	wants(rx.OpOpen, false, "open-2")
	w.end(rx.OpOpen, page("", rx.Listed{RID: foreign}, rx.Listed{RID: ours}))
	wants(rx.OpHistory, true, "")
	w.end(rx.OpHistory, page("active-2", rx.Listed{RID: ours, Status: rx.InProcess}))
	wants(rx.OpHistory, true, "active-2")
	w.end(rx.OpHistory, page("", rx.Listed{RID: foreign, Status: rx.NotDelivered}))
	wants(rx.OpHistory, false, "")
	w.end(rx.OpHistory, page("store-2", rx.Listed{RID: known.RID, Status: rx.NotDelivered}, rx.Listed{RID: ours}))
	w.end(rx.OpHistory, page(""))
	w.flies("getPrescription " + string(foreign))
	w.end(rx.OpGet, w.refusal())
	w.flies("getPrescription " + string(ours))
	got := w.ok()
	got.KeyID = create.Parcel.Key.ID
	w.end(rx.OpGet, got)
	w.is(id, rx.StateConfirmed)
	if rec := w.rows[id].Records[0]; rec.RID != ours || rec.Status != rx.InProcess || !rec.Adopted {
		t.Errorf("%+v", rec)
	}
	w.flies()
}

// Absence takes two complete look-ups, a minute apart, after the fence by the server's
// clock; before it there are few.
func TestAbsence(t *testing.T) {
	w := story(t)
	id, create := w.lost(marie)
	w.serve = newRecipe(w).serve
	from := w.mono
	w.step()
	fence := create.Parcel.SignedUntil.Add(w.waits.Processing)
	for w.at(id) == rx.StateUnknown && w.mono < from+time.Hour {
		w.pass(time.Second)
		if missed := w.rows[id].Attempts[0].Missed; !missed.IsZero() && missed.Before(fence) {
			t.Fatalf("missed %s before the fence", fence.Sub(missed))
		}
	}
	w.is(id, rx.StateReady)
	if took := w.mono - from; took < 4*time.Minute || took > 4*time.Minute+15*time.Second {
		t.Errorf("absent after %s", took)
	}
	if n := w.count(rx.OpOpen, from); n < 3 || n > 6 {
		t.Errorf("%d look-ups", n)
	}
	w.pass(time.Hour)
	w.is(id, rx.StateReady) // the doctor is asked
	if n := w.count(rx.OpCreate, from); n > 0 {
		t.Errorf("%d creates", n)
	}
	w.doctor(id, rx.Event{Kind: rx.EventReconfirmed})
	w.step()
	w.pass(10 * time.Second)
	w.is(id, rx.StateConfirmed)
}

// A list may be as old as its call: slow answers prove no earlier absence.
func TestAbsenceBySlowLists(t *testing.T) {
	w := story(t)
	id, _ := w.lost(marie)
	r := newRecipe(w)
	var asked time.Time
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpOpen {
			asked = w.serverAt()
		}
		return 20 * time.Second, r.process(act.Call)
	}
	w.step()
	for w.at(id) == rx.StateUnknown {
		w.pass(time.Second)
		if missed := w.rows[id].Attempts[0].Missed; missed.After(asked) {
			t.Fatalf("missed at %s, in a list that was asked for at %s", missed, asked)
		}
	}
	w.is(id, rx.StateReady)
}

// One without an answer is looked for at once, at the promise and at its end, however
// rarely its patient is looked up for another that stays undecided.
func TestLookedForAtOnce(t *testing.T) {
	for _, hangs := range []bool{true, false} {
		w := story(t)
		w.lost(marie)
		r := newRecipe(w)
		r.records = append(r.records, record{w.rid(), numbers[marie], "unreadable", "", rx.NotDelivered})
		w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
			if act.Call.Op == rx.OpGet {
				return time.Second, w.refusal()
			}
			return r.serve(act)
		}
		w.step()
		w.pass(90 * time.Minute)
		after, reply := time.Second, lostLine
		if hangs {
			after, reply = never, silence
		}
		serve := w.serve
		w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
			if act.Call.Op == rx.OpCreate {
				return after, reply
			}
			return serve(act)
		}
		for w.count(rx.OpOpen, w.mono-time.Minute) > 0 {
			w.pass(time.Second) // its next look-up is far away
		}
		id := w.issue(marie)
		w.step()
		for w.at(id) != rx.StateUnknown {
			w.pass(time.Second)
		}
		w.pass(2 * time.Second)
		if n := w.count(rx.OpOpen, w.mono-4*time.Second); n != 1 {
			t.Errorf("hangs %t: %d look-ups", hangs, n)
		}
	}
}

// What was accepted is looked up once more, when lists can no longer lag: a second
// record of the same create is revoked.
func TestCheck(t *testing.T) {
	for _, twice := range []bool{false, true} {
		w := story(t)
		r := newRecipe(w)
		w.serve = r.serve
		id := w.issue(marie)
		w.step()
		w.pass(time.Second)
		w.is(id, rx.StateConfirmed)
		if twice {
			second := r.records[0]
			second.rid = w.rid()
			r.records = append(r.records, second)
		}
		w.pass(3*time.Minute + 50*time.Second)
		if n := w.count(rx.OpOpen, 0); n > 0 {
			t.Errorf("%d look-ups before it can say anything", n)
		}
		w.pass(20 * time.Second)
		if n := w.count(rx.OpOpen, 0); n != 1 {
			t.Errorf("%d look-ups", n)
		}
		if p := w.rows[id]; p.State != rx.StateConfirmed || !twice && !p.Attempts[0].Checked {
			t.Errorf("%+v", p.Attempts)
		}
		if twice && (len(w.rows[id].Records) != 2 || r.records[1].status != rx.StatusRevoked || r.records[0].status != rx.NotDelivered) {
			t.Errorf("the second record stays: %+v", r.records)
		}
		w.pass(10 * time.Minute)
		if p := w.rows[id]; !p.Attempts[0].Checked {
			t.Errorf("%+v", p.Attempts)
		}
		if twice && w.count(rx.OpRevoke, 0) != 1 {
			t.Errorf("revoked %d times", w.count(rx.OpRevoke, 0))
		}
		if twice { // the other one as well: the first is not asked for again
			w.unwanted(id)
			w.step()
			w.pass(time.Minute)
			if w.is(id, rx.StateRevoked); w.count(rx.OpRevoke, 0) != 2 {
				t.Errorf("revoked %d times", w.count(rx.OpRevoke, 0))
			}
		}
	}
}

// A candidate that cannot be read leaves it undecided, however often it is looked up:
// the doctor is asked after a day, and the pauses grow to a quarter of an hour.
func TestUndecided(t *testing.T) {
	for name, get := range map[string]func(*practice) (time.Duration, rx.Reply){
		"refused":         func(w *practice) (time.Duration, rx.Reply) { return time.Second, w.refusal() },
		"without its key": func(w *practice) (time.Duration, rx.Reply) { return time.Second, w.ok() },
		"an error each time": func(w *practice) (time.Duration, rx.Reply) {
			r := silence
			r.ServerAt = w.serverAt()
			return time.Second, r
		},
		"no answer, ever":     func(*practice) (time.Duration, rx.Reply) { return never, silence },
		"the line breaks":     func(*practice) (time.Duration, rx.Reply) { return time.Second, lostLine },
		"no connection to it": func(*practice) (time.Duration, rx.Reply) { return 0, noRoute },
	} {
		t.Run(name, func(t *testing.T) {
			w := story(t)
			id, _ := w.lost(marie)
			r := newRecipe(w)
			r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", rx.NotDelivered})
			w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
				if act.Call.Op == rx.OpGet {
					return get(w)
				}
				return r.serve(act)
			}
			w.step()
			w.pass(25 * time.Hour)
			w.is(id, rx.StateUnknown)
			duties := rx.Owed(w.rows[id], w.now(), rx.Around{}, w.waits)
			if duties[0].Kind != rx.DutyLocate || duties[0].Why != "ask" {
				t.Errorf("the doctor is not asked: %+v", duties)
			}
			from := w.mono
			w.pass(4 * time.Hour)
			if n := w.count(rx.OpOpen, from); n < 8 || n > 40 {
				t.Errorf("%d look-ups in four hours", n)
			}
		})
	}
}

// A record of ours counts also when another one of the same look-up cannot be read.
func TestFoundBesideAnUnreadableOne(t *testing.T) {
	w := story(t)
	id, create := w.lost(marie)
	r := newRecipe(w)
	r.process(create)
	r.records = append(r.records, record{w.rid(), numbers[marie], "foreign", "", rx.NotDelivered})
	w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
		if act.Call.Op == rx.OpGet && act.Call.RID == r.records[1].rid {
			return time.Second, lostLine
		}
		return r.serve(act)
	}
	w.step()
	w.pass(5 * time.Second)
	w.is(id, rx.StateConfirmed)
}

// An outage decides nothing, and is no indecision.
func TestOutageIsNoIndecision(t *testing.T) {
	w := story(t)
	id, _ := w.lost(marie)
	w.serve = newRecipe(w).serve
	w.away(30 * time.Hour)
	w.is(id, rx.StateUnknown)
	if p := w.rows[id]; p.Unclear.Set() || !p.Attempts[0].Missed.IsZero() {
		t.Errorf("unclear %v, missed %v", p.Unclear.Set(), p.Attempts[0].Missed)
	}
	w.returned()
	w.pass(2 * time.Minute)
	w.is(id, rx.StateReady)
}

// A directory that was put back knows no end of the timestamp: the first answer gives
// one, and absence follows from there.
func TestRestored(t *testing.T) {
	w := story(t)
	id := w.issue(marie)
	w.doctor(id, rx.Event{Kind: rx.EventRestored})
	w.serve = newRecipe(w).serve
	w.step()
	w.pass(time.Minute)
	if a := w.rows[id].Attempts[0]; a.Expires.IsZero() || !a.Missed.IsZero() {
		t.Errorf("%+v", a)
	}
	w.pass(5 * time.Minute)
	if p := w.rows[id]; p.State != rx.StateReady || !p.RestoredOpen() {
		t.Errorf("%s, asked %t", p.State, p.RestoredOpen())
	}
	w.pass(time.Hour)
	if n := w.count(rx.OpCreate, 0); n > 0 {
		t.Errorf("%d creates before the answer", n)
	}
}
