package rx

import (
	"os"
	"slices"
	"testing"
	"time"
)

// TestWalks takes one prescription through long random lives, each from its seed,
// and checks after each step that the machine agrees with the reference and with the
// truth. At the end the faults stop, the engine works, the doctor answers, and
// everything must come to rest with at most one thing in the world that a pharmacist
// can deliver, or with somebody told.
func TestWalks(t *testing.T) {
	seeds := uint64(6_000)
	if os.Getenv("RELAIS_SOAK") != "" {
		seeds = 1_000_000
	}
	seen := map[string]bool{}
	for seed := range seeds {
		w := newWalk(t, seed, seen)
		for range 1 + w.rng.IntN(120) {
			a := pick(w, acts)
			w.say(a.name)
			a.do(w)
			w.check()
		}
		w.rest()
	}
	var all []string
	for _, k := range Events {
		all = append(all, "event "+k.String())
	}
	for _, s := range States {
		all = append(all, "state "+s.String())
	}
	for _, k := range Duties {
		all = append(all, "duty "+k.String())
	}
	for _, what := range all {
		if !seen[what] {
			t.Errorf("no walk came by %s", what)
		}
	}
}

// check holds after every step.
func (w *walk) check() {
	w.Helper()
	if want := w.ref.state(); w.p.State != want {
		w.fail("the reference says %s", want)
	}
	if MaySend(w.p, w.now(), Around{}, DefaultWaits) == nil && !w.ref.may(Event{Kind: EventMarked, At: w.now()}) {
		w.fail("MaySend allows what the reference forbids")
	}
	duties := Owed(w.p, w.now(), Around{}, DefaultWaits)
	w.seen["state "+w.p.State.String()] = true
	for _, d := range duties {
		w.seen["duty "+d.Kind.String()] = true
	}
	w.checkFacts()
	w.checkAccounted(duties)
	w.checkDuties(duties)
	w.checkTruth(duties)
}

// checkFacts: one adopted record, one live attempt, a key for one attempt.
func (w *walk) checkFacts() {
	adopted, live, keys := 0, 0, map[KeyID]bool{}
	for _, r := range w.p.Records {
		if r.Adopted {
			adopted++
		}
	}
	for i, a := range w.p.Attempts {
		if a.Result.Live() {
			live++
		}
		if a.Key != "" && keys[a.Key] || a.N != i+1 {
			w.fail("attempt %d: its key was used before, or its number is wrong", a.N)
		}
		keys[a.Key] = true
	}
	electronic := w.p.State == StateConfirmed || w.p.State == StateRevoked
	if adopted > 1 || (adopted == 1) != electronic {
		w.fail("%d adopted records", adopted)
	}
	if waits := w.p.State == StateSending || w.p.State == StateUnknown; live > 1 || waits && live == 0 || w.p.State == StateReady && live > 0 {
		w.fail("%d live attempts", live)
	}
	if len(w.p.Sheets) > 1 || (w.p.State == StatePaper) != (len(w.p.Sheets) == 1) {
		w.fail("%d sheets", len(w.p.Sheets))
	}
}

// checkAccounted: what is not at its end has a duty, or the engine has it to do.
func (w *walk) checkAccounted(duties []Duty) {
	owes := func(kinds ...DutyKind) bool {
		return slices.ContainsFunc(duties, func(d Duty) bool { return slices.Contains(kinds, d.Kind) })
	}
	over := w.p.Over(w.now())
	if a := w.p.LiveAttempt(); a != nil && a.Result == OnTheWire {
		if c := w.open(); c == nil || !slices.ContainsFunc(w.calls, func(c *create) bool { return c.attempt == a.N && c.life == w.life && !c.answered }) {
			w.fail("attempt %d is on the wire, and nobody waits for it", a.N)
		}
	} else if a != nil && !over && !owes(DutyLocate, DutyRevokeOnSight, DutyRevokeSurplus) {
		w.fail("attempt %d has no duty", a.N)
	}
	switch w.p.State {
	case StateReady: // one without a national number is issued as paper (prescribing)
		expires := DateOf(w.now()).After(w.p.Expires)
		if len(duties) == 0 && !expires && w.p.Electronic && MaySend(w.p, w.now(), Around{}, DefaultWaits) != nil {
			w.fail("waits, may not leave, and nobody is asked")
		}
	case StateUnknown:
		if len(duties) == 0 && !(over && w.p.Told.Set()) {
			w.fail("falls through")
		}
	case StatePaper:
		s := w.p.Sheet()
		if s != nil && !owes(DutyConfirmPrint, DutyHandOver, DutyNote, DutyRestored) && !w.p.Noted.Set() {
			w.fail("a sheet of which nothing is owed")
		}
	case StateRefused, StateLapsed:
		if !owes(DutyTell) && !w.p.Told.Set() {
			w.fail("nobody is told")
		}
	}
}

// checkDuties: each kind once, most urgent first, each named by its id; whatever is
// offered is accepted and closes the question.
func (w *walk) checkDuties(duties []Duty) {
	for i, d := range duties {
		if i > 0 && duties[i-1].Kind >= d.Kind {
			w.fail("%s before %s", duties[i-1].Kind, d.Kind)
		}
		if id, kind, err := ParseDutyID(d.ID()); id != w.p.ID || kind != d.Kind || err != nil {
			w.fail("%s: %v", d.ID(), err)
		}
		if len(d.Outcomes) == 0 && !d.Kind.ByEngine() {
			w.fail("%s: nobody works at it and nobody can answer", d.Kind)
		}
		for _, o := range d.Outcomes {
			e := w.settling(d, o)
			next, changed, err := Step(w.p, e)
			if err != nil || !changed {
				w.fail("%s (%s): %s is offered: changed %v, error %v", d.Kind, d.Why, o, changed, err)
			}
			for _, left := range Owed(next, w.now(), Around{}, DefaultWaits) {
				if left.Kind == d.Kind && left.Why == d.Why && slices.Equal(left.Outcomes, d.Outcomes) {
					w.fail("%s (%s): %s leaves it as it was", d.Kind, d.Why, o)
				}
			}
		}
	}
}

// checkTruth: whatever in the world a pharmacist could deliver is the one that the
// prescription bears, or there is a duty about it.
func (w *walk) checkTruth(duties []Duty) {
	owes := func(kinds ...DutyKind) bool {
		return slices.ContainsFunc(duties, func(d Duty) bool { return slices.Contains(kinds, d.Kind) })
	}
	looking := slices.ContainsFunc(w.p.Attempts, func(a Attempt) bool { return a.Result.Live() })
	checking := slices.ContainsFunc(w.p.Attempts, func(a Attempt) bool { return a.Result == ResultAccepted && !a.Checked })
	for _, t := range w.records {
		if !t.usable() {
			continue
		}
		r := w.p.record(t.rid)
		if r != nil && r.Foreign.Set() {
			r = nil
		}
		switch {
		case r == nil && !looking && !checking:
			w.fail("%s is at Recip-e, and nobody looks for it", string(t.rid))
		case r == nil:
		case !w.p.MustGo(*r) && w.p.State != StateConfirmed:
			w.fail("a usable record in %s", w.p.State)
		case !w.p.MustGo(*r):
		case r.Status.MayBeDelivered() && !owes(DutyRevoke, DutyRevokeOnSight, DutyRevokeSurplus):
			w.fail("%s must go, and nobody revokes it", string(t.rid))
		case r.Status.Taken() && !owes(DutyTell) && w.p.Told.Rev < r.Taken.Rev:
			w.fail("%s was delivered, and nobody is told", string(t.rid))
		case !r.Status.MayBeDelivered() && !r.Status.Taken():
			w.fail("%s is usable, shown as %s", string(t.rid), r.Status)
		}
		if Harmless(w.p) && !(r == nil && checking) {
			w.fail("called harmless, with %s usable", string(t.rid))
		}
	}
	if w.given() && !w.p.RestoredOpen() {
		if s := w.p.Sheet(); w.p.State != StatePaper || s == nil || !s.Handed.Set() {
			w.fail("the patient has a sheet that is not known")
		}
	}
	if w.given() && Harmless(w.p) {
		w.fail("called harmless, with paper in the patient's hand")
	}
	if r := w.p.AdoptedRecord(); r != nil && w.p.State == StateRevoked && w.known(r.RID).status != StatusRevoked {
		w.fail("shown as revoked, and is not")
	}
}

// rest ends the faults and lets everybody do their part.
func (w *walk) rest() {
	w.say("REST")
	w.wall = 0
	w.readBack(true)
	for range 300 {
		if w.atRest() {
			w.checkRest()
			return
		}
		w.pass(61 * time.Second)
		for c := w.open(); c != nil; c = w.open() {
			w.settleCall(c)
		}
		w.remember()
		w.expire()
		w.readBack(true)
		w.lookUp(true)
		w.send()
		w.revoke()
		w.readStatus()
		w.pharmacist()
		w.paperWork()
		w.settle()
		w.check()
	}
	w.fail("does not come to rest: %q", owed(w.p, w.now(), Around{}))
}

// settleCall answers a request as a server without faults does.
func (w *walk) settleCall(c *create) {
	c.answered = true
	if c.record == nil && !c.refused && !w.clock.After(c.until.Add(DefaultWaits.Processing)) {
		c.record = w.store(c.key)
	}
	switch {
	case c.record != nil:
		w.apply(Event{Kind: EventAccepted, N: c.attempt, RID: c.record.rid})
	case c.refused:
		w.apply(Event{Kind: EventRefused, N: c.attempt, Problem: &Problem{}})
	default:
		w.apply(Event{Kind: EventUnanswered, N: c.attempt})
	}
}

// paperWork: what the doctor does that is no answer to a duty.
func (w *walk) paperWork() {
	if w.p.State == StateReady && !w.p.Electronic && !w.p.RestoredOpen() {
		w.apply(Event{Kind: EventClaimed, Sheet: &Sheet{ID: w.sheetID()}, Paper: "no-ssin-foreign"})
	}
	if s := w.p.Sheet(); s != nil && s.Step() == ToPrint && s.Printed.IsZero() {
		w.onSheet(EventPrinted)
	}
}

func (w *walk) atRest() bool {
	if w.open() != nil || ToLook(w.p, w.now()) || len(Owed(w.p, w.now(), Around{}, DefaultWaits)) > 0 {
		return false
	}
	return w.p.State != StateReady && w.p.State != StateSending && (w.p.State != StateUnknown || w.p.Over(w.now()))
}

// checkRest: nothing is lost, and nothing can be delivered twice untold.
func (w *walk) checkRest() {
	usable := 0
	for _, r := range w.records {
		if r.usable() {
			usable++
		}
	}
	for _, with := range w.papers {
		if with {
			usable++
		}
	}
	if w.other {
		usable++
	}
	if usable > 1 && !w.p.Told.Set() {
		w.fail("%d can be delivered, and nobody was told", usable)
	}
	kept := true
	switch w.p.State {
	case StateConfirmed:
		kept = w.known(w.p.RID()) != nil
	case StatePaper:
		kept = w.given() || w.p.Sheet() == nil
	case StateWithdrawn:
		kept = w.p.Reason != ""
	case StateRefused, StateLapsed, StateUnknown:
		kept = w.p.Told.Set()
	}
	if !kept {
		w.fail("lost without a word")
	}
}
