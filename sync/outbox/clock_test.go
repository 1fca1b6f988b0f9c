package outbox_test

import (
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// signed gives the timestamp of the create that left last.
func (w *practice) signed() (from, to time.Time) {
	w.Helper()
	for i := len(w.flying) - 1; i >= 0; i-- {
		if p := w.flying[i].Call.Parcel; p != nil {
			return p.Signed, p.SignedUntil
		}
	}
	w.Fatalf("no create in flight")
	return
}

// A create is signed by the server's clock, as its last answer and the monotonic clock
// give it, and lives for a minute.
func TestSignedByTheServersClock(t *testing.T) {
	w := newPractice(t)
	w.server = 7 * time.Minute
	w.warm()
	w.pass(30 * time.Second)
	w.issue(marie)
	w.step()
	key := w.newKey()
	key.ServerAt = key.ServerAt.Add(-time.Hour) // the KGSS has a clock of its own
	w.end(rx.OpNewKey, key)
	from, to := w.signed()
	if off := from.Sub(w.serverAt()); off.Abs() > time.Second || to.Sub(from) != w.waits.Timestamp {
		t.Errorf("signed %s off, for %s", off, to.Sub(from))
	}
}

// Before the server's clock is known, and whenever ours has jumped or the machine has
// slept, a read comes first; a KGSS says nothing of Recip-e's clock.
func TestClockIsHeardFirst(t *testing.T) {
	for name, jump := range map[string]func(*practice){
		"a new program":         func(w *practice) { w.boot() },
		"an hour ahead":         func(w *practice) { w.skew += time.Hour },
		"an hour back":          func(w *practice) { w.skew -= time.Hour },
		"it slept for 20 min":   func(w *practice) { w.skew += 20 * time.Minute; w.server += 20 * time.Minute },
		"set right by a minute": func(w *practice) { w.skew -= time.Minute },
	} {
		w := story(t)
		w.pass(5 * time.Minute)
		jump(w)
		id := w.issue(marie)
		w.step()
		w.end(rx.OpNewKey, w.newKey())
		if w.at(id) != rx.StateReady {
			t.Errorf("%s: signed before the clock was heard", name)
			continue
		}
		w.end(rx.OpOpen, w.list())
		w.is(id, rx.StateSending)
		if from, _ := w.signed(); from.Sub(w.serverAt()).Abs() > time.Second {
			t.Errorf("%s: signed %s off", name, from.Sub(w.serverAt()))
		}
	}
	w := story(t)
	w.pass(time.Hour)
	w.skew += 9 * time.Second // drift of a bad clock is no jump
	w.send(marie)
}

// Absence is judged by the server's clock: ours may jump as it likes.
func TestAbsenceUnderClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{0, 48 * time.Hour, -48 * time.Hour, time.Minute, -3 * time.Minute} {
		w := story(t)
		w.server = -13 * time.Minute
		w.pass(time.Hour)
		w.serve = newRecipe(w).serve
		id := w.issue(luc)
		w.step()
		w.pass(time.Minute) // the server's clock is heard
		w.is(id, rx.StateConfirmed)
		serve := w.serve
		w.serve = func(act outbox.Act) (time.Duration, rx.Reply) {
			if act.Call.Op == rx.OpCreate {
				return time.Second, lostLine
			}
			return serve(act)
		}
		lost := w.issue(marie)
		w.step()
		w.pass(2 * time.Second)
		w.is(lost, rx.StateUnknown)
		w.skew += jump
		began := w.mono
		fence := w.rows[lost].Attempts[0].Fence(w.waits)
		for w.at(lost) == rx.StateUnknown && w.mono < began+time.Hour {
			w.pass(time.Second)
		}
		w.is(lost, rx.StateReady)
		if early := fence.Add(w.waits.Between).Sub(w.serverAt()); early > 0 {
			t.Errorf("jump %s: absent %s too early", jump, early)
		}
		if w.mono-began > 6*time.Minute {
			t.Errorf("jump %s: absent only after %s", jump, w.mono-began)
		}
	}
}
