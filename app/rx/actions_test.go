package rx

import (
	"testing"
	"time"
)

// TestStepRefuses lists what the table cannot say: events that lack something, and
// facts that forbid an event which the state would take.
func TestStepRefuses(t *testing.T) {
	all := stories()
	with := func(e Event, change func(*Event)) Event { change(&e); return e }
	for _, c := range []struct {
		story string
		event Event
		code  Code
	}{
		{"ready", Event{}, CodeEventIncomplete},
		{"ready", Event{Kind: EventKind(len(eventNames))}, CodeEventIncomplete},
		{"ready", Event{Kind: 255}, CodeEventIncomplete},

		{"ready", Event{Kind: EventMarked}, CodeEventIncomplete},
		{"ready", Event{Kind: EventMarked, Attempt: &Attempt{Expires: begin}}, CodeEventIncomplete},
		{"ready", Event{Kind: EventMarked, Attempt: &Attempt{Key: "key-1"}}, CodeEventIncomplete},
		{"ready, paper only", mark1, CodePaperOnly},
		{"ready, absent", with(mark1, func(e *Event) { e.At = begin }), CodeKeyUsed},
		{"ready, absent, asked", mark1, CodeAnswerRestored},
		{"ready", with(mark1, func(e *Event) { e.At = over.At }), CodeValidityPassed},

		{"sending", Event{Kind: EventAccepted, N: 1}, CodeEventIncomplete},
		{"sending", Event{Kind: EventAccepted, N: 0, RID: ridA}, CodeNoSuchAttempt},
		{"sending", Event{Kind: EventAccepted, N: 2, RID: ridA}, CodeNoSuchAttempt},
		{"sending", Event{Kind: EventRefused, N: 2}, CodeNoSuchAttempt},
		{"sending", Event{Kind: EventNotSent, N: -1}, CodeNoSuchAttempt},
		{"sending", Event{Kind: EventUnanswered, N: 2}, CodeNoSuchAttempt},
		{"sending", Event{Kind: EventFound, N: 1}, CodeEventIncomplete},
		{"unknown", Event{Kind: EventFound}, CodeEventIncomplete},
		{"unknown", Event{Kind: EventFound, N: 2, RID: ridA}, CodeNoSuchAttempt},
		{"unknown", Event{Kind: EventFound, N: 2, RID: ridA, Status: Delivered}, CodeNoSuchAttempt},
		{"unknown", Event{Kind: EventFenced, N: 2, ServerAt: begin}, CodeNoSuchAttempt},
		{"unknown, asked", Event{Kind: EventFenced, N: 1}, CodeEventIncomplete},
		{"unknown", Event{Kind: EventMissed, N: 2, ServerAt: begin}, CodeNoSuchAttempt},
		{"unknown", Event{Kind: EventAbsent, N: 2, ServerAt: begin}, CodeNoSuchAttempt},
		{"confirmed", Event{Kind: EventChecked, N: 2}, CodeNoSuchAttempt},
		{"confirmed", Event{Kind: EventStatusRead, RID: ridB, Status: Delivered}, CodeNoSuchRecord},
		{"confirmed", Event{Kind: EventStatusRead, RID: ridA}, CodeEventIncomplete},
		{"confirmed", Event{Kind: EventRevokeTaken, RID: ridB}, CodeNoSuchRecord},
		{"confirmed", Event{Kind: EventRevokeDenied, RID: ridB, Problem: &Problem{}}, CodeNoSuchRecord},
		{"confirmed", Event{Kind: EventRevokeDenied, RID: ridA}, CodeEventIncomplete},
		{"ready", with(over, func(e *Event) { e.At = e.At.Add(-time.Nanosecond) }), CodeStillValid},

		{"ready", with(toPaper, func(e *Event) { e.Sheet = nil }), CodeReasonMissing},
		{"ready", with(toPaper, func(e *Event) { e.Sheet = &Sheet{} }), CodeReasonMissing},
		{"ready", with(toPaper, func(e *Event) { e.Paper = "" }), CodeReasonMissing},
		{"ready", with(toPaper, func(e *Event) { e.Paper = "because" }), CodeReasonMissing},
		{"ready", with(toPaper, func(e *Event) { e.At = over.At }), CodeValidityPassed},
		{"refused", with(toPaper, func(e *Event) { e.At = over.At }), CodeValidityPassed},
		{"ready, absent, asked", toPaper, CodeAnswerRestored},
		{"refused, asked", toPaper, CodeAnswerRestored},
		{"unknown", toPaper, CodeMayHaveArrived},
		{"refused, found", toPaper, CodeElectronicExists},
		{"unknown, asked", byForce, CodeAnswerRestored},
		{"paper, printed", Event{Kind: EventOut}, CodeEventIncomplete},
		{"paper, printed", Event{Kind: EventOut, Sheet: &Sheet{ID: "sheet-2"}}, CodeNoSuchSheet},
		{"confirmed", print1, CodeNoSuchSheet},
		{"paper, destroyed", print1, CodeSheetDestroyed},
		{"paper, asked", cameOut, CodeAnswerRestored},
		{"paper", cameOut, CodeSheetNotOut},
		{"paper, handed", print1, CodeSheetHanded},
		{"paper, handed", jammed, CodeSheetHanded},
		{"paper, handed", torn, CodeSheetHanded},
		{"paper, printed", handed, CodeSheetNotOut},
		{"paper, jammed", handed, CodeSheetNotOut},
		{"paper", Event{Kind: EventPrinted}, CodeEventIncomplete},
		{"paper", Event{Kind: EventNotOut}, CodeEventIncomplete},
		{"paper", Event{Kind: EventHandedOver}, CodeEventIncomplete},
		{"paper", Event{Kind: EventDestroyed}, CodeEventIncomplete},
		{"paper, out", inRecord, CodeNotOwed},
		{"paper, destroyed", inRecord, CodeNotOwed},
		{"ready", Event{Kind: EventWithdrawn}, CodeReasonMissing},
		{"ready", Event{Kind: EventWithdrawn, Reason: "because"}, CodeReasonMissing},
		{"ready", Event{Kind: EventWithdrawn, Reason: "other"}, CodeReasonMissing},
		{"confirmed", Event{Kind: EventRevokeWished}, CodeReasonMissing},
		{"confirmed", Event{Kind: EventRevokeWished, Reason: "other"}, CodeReasonMissing},
		{"ready", onlyHere, CodeNotOwed},
		{"ready, answered, let go", onlyHere, CodeNotOwed},
		{"ready, twin", Event{Kind: EventTwinAnswered}, CodeNoSuchOutcome},
		{"ready, twin", Event{Kind: EventTwinAnswered, Outcome: Send}, CodeNoSuchOutcome},
		{"unknown", nothing1, CodeNotOwed},
		{"unknown, asked", Event{Kind: EventRestoredAns}, CodeNoSuchOutcome},
		{"unknown, asked", Event{Kind: EventRestoredAns, Outcome: PaperGiven}, CodeEventIncomplete},
		{"unknown, asked", Event{Kind: EventRestoredAns, Outcome: PaperGiven, Sheet: &Sheet{}}, CodeEventIncomplete},

		{"confirmed", lockedB, CodeNoSuchRecord},
		{"confirmed", Event{Kind: EventSettingTaken, RID: ridA}, CodeEventIncomplete},
		{"confirmed", Event{Kind: EventSettingTaken, RID: ridA, Visibility: Locked, Flag: FlagAsked}, CodeEventIncomplete},
		{"confirmed", wroteOfB, CodeNoSuchRecord},
		{"confirmed", Event{Kind: EventFeedback, Text: "text"}, CodeEventIncomplete},
		{"confirmed", Event{Kind: EventNotified, Text: "text"}, CodeEventIncomplete},
		{"confirmed", with(notify, func(e *Event) { e.Text = "" }), CodeEventIncomplete},
		{"confirmed", Event{Kind: EventNotified, Notice: &Notice{}, Text: "text"}, CodeEventIncomplete},
		{"confirmed", reached, CodeNoSuchAttempt},
		{"paper", notify, CodeNoRID},
	} {
		p, ok := all[c.story]
		if !ok {
			t.Fatalf("no story %q", c.story)
		}
		if c.event.At.IsZero() {
			c.event.At = begin.Add(time.Hour)
		}
		next, changed, err := Step(p, c.event)
		if CodeOf(err) != c.code || changed || toJSON(next) != toJSON(p) {
			t.Errorf("%s: %s: %q, wanted %q", c.story, c.event.Kind, CodeOf(err), c.code)
		}
	}
	live := waiting() // no event leads there
	live.Attempts = []Attempt{{N: 1, Key: "key-1", Result: Unanswered}}
	late := mark2
	late.At = begin
	if _, _, err := Step(live, late); CodeOf(err) != CodeMayHaveArrived {
		t.Error("a second attempt beside a live one")
	}
	if got := tell(live.in(StateSending), restart); got.State != StateUnknown {
		t.Errorf("on the wire by its state, silent by its attempt, restarted: %s", got.State)
	}
	if got := tell(all["confirmed"].in(StateReady), found0); got.Records[1].Adopted {
		t.Error("two adopted records")
	}
	for _, s := range []State{0, StateRevoked + 1} {
		p := waiting().in(s)
		if _, changed, err := Step(p, left); changed || CodeOf(err) != CodeDamaged {
			t.Errorf("state %d was taken", s)
		}
	}
}

// TestStepFacts states, for each action, every fact that it changes and no other.
func TestStepFacts(t *testing.T) {
	all := stories()
	type change = func(p *Prescription, now Stamp)
	state := func(s State) change { return func(p *Prescription, _ Stamp) { p.State = s } }
	ended := func(n int, r Result, why string, problem *Problem) change {
		return func(p *Prescription, now Stamp) {
			a := &p.Attempts[n-1]
			a.Result, a.Why, a.Problem, a.Ended = r, why, problem, now.At
		}
	}
	record := func(rid RID, n int, adopted bool) change {
		return func(p *Prescription, now Stamp) {
			p.Records = append(p.Records, Record{RID: rid, Attempt: n, Adopted: adopted, Known: now})
			if p.Attempts[n-1].Result != ResultAccepted {
				p.Attempts[n-1].Result, p.Attempts[n-1].Ended = ResultAccepted, now.At
			}
			if p.Attempts[n-1].Checked = false; adopted {
				p.State, p.Adopted = StateConfirmed, now
			}
		}
	}
	both := func(changes ...change) change {
		return func(p *Prescription, now Stamp) {
			for _, c := range changes {
				c(p, now)
			}
		}
	}
	found := func(rid RID, n int, adopted bool) change {
		return both(record(rid, n, adopted), func(p *Prescription, now Stamp) { p.Records[len(p.Records)-1].Ours = now })
	}
	struck := func(n int) change { // the RID of attempt n
		return func(p *Prescription, now Stamp) {
			p.Records[0].Foreign, p.Records[0].Adopted = now, false
			a := &p.Attempts[n-1]
			a.Result, a.Why, a.Ended, a.Missed = Unanswered, "rid-foreign", time.Time{}, time.Time{}
		}
	}
	read := func(i int, s Status, at time.Time) change {
		return func(p *Prescription, _ Stamp) { p.Records[i].Status, p.Records[i].Read = s, at }
	}
	keyless := func(p *Prescription, now Stamp) {
		p.Attempts = append(p.Attempts, Attempt{N: len(p.Attempts) + 1, Marked: now.At, Result: Unanswered, Why: "restored"})
	}
	fact := func(set func(*Notes, Stamp)) change {
		return func(p *Prescription, now Stamp) { set(&p.Notes, now) }
	}
	sheet := func(set func(*Sheet, Stamp)) change {
		return func(p *Prescription, now Stamp) { set(&p.Sheets[0], now) }
	}
	asLost := func(p *Prescription, now Stamp) { // what restored does to every attempt without answer
		p.Restored = now
		for i := range p.Attempts {
			if a := &p.Attempts[i]; a.Result.Live() {
				a.Result, a.Expires, a.Missed = Unanswered, time.Time{}, time.Time{}
			}
		}
	}
	givenThere := func(forced bool) change {
		return func(p *Prescription, now Stamp) {
			p.Sheets = append(p.Sheets, Sheet{ID: "sheet-9", Claimed: now, Handed: now, Forced: forced})
			p.State, p.PaperReason, p.RestoredAns = StatePaper, "own-system", now
			for i := range p.Records {
				p.Records[i].Adopted = false
			}
		}
	}
	claimed := func(s Sheet, reason PaperReason) change {
		return func(p *Prescription, now Stamp) {
			if s.Claimed = now; s.Handwritten {
				s.Handed = now
			}
			p.Sheets, p.State, p.PaperReason = append(p.Sheets, s), StatePaper, reason
		}
	}
	nothingNew := change(nil)
	server := begin.Add(9 * time.Minute)

	for _, c := range []struct {
		story string
		event Event
		does  change
	}{
		{"ready", mark1, both(state(StateSending), func(p *Prescription, now Stamp) {
			p.Attempts = []Attempt{{N: 1, Key: "key-1", Marked: now.At, Expires: begin.Add(time.Minute)}}
		})},
		{"ready, absent", mark2, both(state(StateSending), func(p *Prescription, now Stamp) {
			p.Attempts = append(p.Attempts, Attempt{N: 2, Key: "key-2", Marked: now.At, Expires: begin.Add(20 * time.Minute)})
		})},
		{"sending", accept1, record(ridA, 1, true)},
		{"unknown", accept1, record(ridA, 1, true)},
		{"ready, absent", accept1, record(ridA, 1, true)},
		{"sending again", accept1, record(ridA, 1, true)},
		{"confirmed, second on wire", accept2, record(ridB, 2, false)},
		{"confirmed, second on wire", Event{Kind: EventAccepted, N: 2, RID: ridA}, func(p *Prescription, _ Stamp) {
			p.Attempts[1].Result, p.Attempts[1].Why = Unanswered, "rid-known"
		}},
		{"confirmed", accept1, nothingNew},
		{"confirmed, checked", Event{Kind: EventAccepted, N: 1, RID: ridB}, record(ridB, 1, false)},
		{"refused", accept1, record(ridA, 1, false)},
		{"withdrawn, absent", accept1, record(ridA, 1, false)},
		{"paper, forced", accept1, record(ridA, 1, false)},
		{"revoked, second silent", accept2, record(ridB, 2, false)},

		{"sending", refuse1, both(ended(1, ResultRefused, "", refuse1.Problem), func(p *Prescription, now Stamp) { p.State, p.Refusal = StateRefused, now })},
		{"unknown, wished", refuse1, both(ended(1, ResultRefused, "", refuse1.Problem), func(p *Prescription, now Stamp) { p.State, p.Refusal = StateRefused, now })},
		{"paper, forced", refuse1, ended(1, ResultRefused, "", refuse1.Problem)},
		{"confirmed, second on wire", refuse2, ended(2, ResultRefused, "", refuse2.Problem)},
		{"confirmed", refuse1, nothingNew},
		{"sending", notSent1, both(ended(1, ResultNotSent, "refused-connection", nil), state(StateReady))},
		{"sending, wished", notSent1, both(ended(1, ResultNotSent, "refused-connection", nil), state(StateWithdrawn))},
		{"unknown, to send again", notSent1, both(ended(1, ResultNotSent, "refused-connection", nil), state(StateReady))},
		{"unknown, elsewhere", notSent1, both(ended(1, ResultNotSent, "refused-connection", nil), state(StateWithdrawn))},
		{"paper, forced, wished", notSent1, ended(1, ResultNotSent, "refused-connection", nil)},
		{"sending", silent1, func(p *Prescription, _ Stamp) {
			p.State, p.Attempts[0].Result, p.Attempts[0].Why = StateUnknown, Unanswered, "timeout"
		}},
		{"confirmed, second on wire", silent2, func(p *Prescription, _ Stamp) { p.Attempts[1].Result, p.Attempts[1].Why = Unanswered, "timeout" }},
		{"unknown", silent1, nothingNew},
		{"sending", restart, func(p *Prescription, _ Stamp) {
			p.State, p.Attempts[0].Result, p.Attempts[0].Why = StateUnknown, Unanswered, "restart"
		}},
		{"revoked, second on wire", restart, func(p *Prescription, _ Stamp) { p.Attempts[1].Result, p.Attempts[1].Why = Unanswered, "restart" }},
		{"confirmed", restart, nothingNew},

		{"unknown", found1, both(found(ridA, 1, true), read(0, NotDelivered, server))},
		{"unknown", Event{Kind: EventFound, N: 1, RID: ridA}, found(ridA, 1, true)},
		{"unknown", found0, both(keyless, found(ridB, 2, true), read(0, NotDelivered, server))},
		{"unknown, asked", found0, both(found(ridB, 1, true), read(0, NotDelivered, server))},
		{"unknown, asked", gone0, both(found(ridB, 1, true), read(0, StatusRevoked, server), func(p *Prescription, _ Stamp) {
			p.State, p.RevokedBy = StateRevoked, ByPatient
		})},
		{"unknown, wished", Event{Kind: EventFound, N: 1, RID: ridA, Status: StatusRevoked}, both(found(ridA, 1, true), read(0, StatusRevoked, time.Time{}),
			func(p *Prescription, _ Stamp) { p.State, p.RevokedBy = StateRevoked, ByPrescriber })},
		{"ready", found0, both(keyless, found(ridB, 1, true), read(0, NotDelivered, server))},
		{"confirmed", found0, both(keyless, found(ridB, 2, false), read(1, NotDelivered, server))},
		{"paper, forced", Event{Kind: EventFound, N: 1, RID: ridA, Status: Delivered, ServerAt: server}, both(found(ridA, 1, false), read(0, Delivered, server),
			func(p *Prescription, now Stamp) { p.Records[0].Taken = now })},
		{"confirmed", found1, nothingNew},
		{"confirmed, surplus", found0, nothingNew},
		{"unknown, asked", fence1, func(p *Prescription, _ Stamp) { p.Attempts[0].Expires = begin.Add(2 * time.Minute) }},
		{"unknown", fence1, nothingNew},
		{"unknown", miss1, func(p *Prescription, _ Stamp) { p.Attempts[0].Missed = begin.Add(10 * time.Minute) }},
		{"unknown", Event{Kind: EventMissed, N: 1, ServerAt: begin.Add(time.Minute)}, nothingNew}, // not after the timestamp's end
		{"unknown", Event{Kind: EventMissed, N: 1}, nothingNew},
		{"unknown, missed", Event{Kind: EventMissed, N: 1, ServerAt: begin.Add(time.Hour)}, nothingNew},
		{"unknown, asked", miss1, nothingNew}, // no fence yet
		{"confirmed, second on wire", miss2, nothingNew},
		{"unknown, missed", absent1, both(ended(1, ResultAbsent, "timeout", nil), func(p *Prescription, now Stamp) { p.State, p.Absent = StateReady, now })},
		{"unknown, wished", absent1, both(ended(1, ResultAbsent, "timeout", nil), func(p *Prescription, now Stamp) { p.State, p.Absent = StateWithdrawn, now })},
		{"unknown, elsewhere", absent1, both(ended(1, ResultAbsent, "restored", nil), func(p *Prescription, now Stamp) { p.State, p.Absent = StateWithdrawn, now })},
		{"unknown, to send again", absent1, both(ended(1, ResultAbsent, "timeout", nil), func(p *Prescription, now Stamp) {
			p.State, p.Absent, p.Reconfirmed, p.SendAgain = StateReady, now, Stamp{At: p.SendAgain.At, Rev: now.Rev}, Stamp{}
		})},
		{"paper, forced, missed", absent1, both(ended(1, ResultAbsent, "timeout", nil), fact(func(n *Notes, now Stamp) { n.Absent = now }))},
		{"unknown, missed", Event{Kind: EventAbsent, N: 1, ServerAt: begin.Add(10 * time.Minute)}, nothingNew}, // the same look-up
		{"unknown, missed", Event{Kind: EventAbsent, N: 1}, nothingNew},
		{"unknown", absent1, nothingNew},
		{"ready, absent", absent1, nothingNew},
		{"unknown", undecided, fact(func(n *Notes, now Stamp) { n.Unclear = now })},
		{"unknown, undecided", undecided, nothingNew},
		{"confirmed", check1, func(p *Prescription, _ Stamp) { p.Attempts[0].Checked = true }},
		{"confirmed, checked", check1, nothingNew},
		{"refused", check1, nothingNew},

		{"confirmed", isOpen, read(0, NotDelivered, isOpen.ServerAt)},
		{"confirmed", isTaken, both(read(0, InProcess, isTaken.ServerAt), func(p *Prescription, now Stamp) { p.Records[0].Taken = now })},
		{"confirmed", isGone, both(read(0, StatusRevoked, isGone.ServerAt), func(p *Prescription, _ Stamp) { p.State, p.RevokedBy = StateRevoked, ByPatient })},
		{"confirmed, wished", isGone, both(read(0, StatusRevoked, isGone.ServerAt), func(p *Prescription, _ Stamp) { p.State, p.RevokedBy = StateRevoked, ByPrescriber })},
		{"confirmed, surplus", Event{Kind: EventStatusRead, RID: ridB, Status: StatusRevoked}, read(1, StatusRevoked, time.Time{})},
		{"paper, forced, found", isGone, read(0, StatusRevoked, isGone.ServerAt)},
		{"confirmed, wished", asked, func(p *Prescription, now Stamp) { p.Records[0].Asked = now }},
		{"confirmed, denied", asked, func(p *Prescription, now Stamp) { p.Records[0].Asked, p.Records[0].Denied = now, nil }},
		{"confirmed, asked to go", isGone, both(read(0, StatusRevoked, isGone.ServerAt), func(p *Prescription, _ Stamp) { p.State, p.RevokedBy = StateRevoked, ByPrescriber })},
		{"confirmed, wished", denied, func(p *Prescription, _ Stamp) { p.Records[0].Denied = denied.Problem }},
		{"ready", over, func(p *Prescription, now Stamp) { p.State, p.Lapse = StateLapsed, now }},

		{"ready", putBack, both(keyless, asLost, state(StateUnknown))},
		{"ready, absent", putBack, both(keyless, asLost, state(StateUnknown))},
		{"ready, paper only", putBack, asLost},
		{"sending", putBack, both(asLost, state(StateUnknown))},
		{"unknown, missed", putBack, asLost},
		{"confirmed", putBack, asLost},
		{"confirmed, read back", putBack, nothingNew},
		{"confirmed, second silent", putBack, asLost},
		{"refused", putBack, asLost},
		{"withdrawn", putBack, nothingNew},
		{"lapsed", putBack, nothingNew},
		{"paper, out", putBack, asLost},
		{"paper, handed", putBack, nothingNew},
		{"paper, destroyed", putBack, nothingNew},
		{"paper, forced, missed", putBack, asLost},
		{"revoked, second silent", putBack, nothingNew},

		{"ready", toPaper, claimed(Sheet{ID: "sheet-1"}, "outage-recipe")},
		{"ready", byForce, claimed(Sheet{ID: "sheet-1"}, "outage-recipe")}, // nothing to force
		{"ready", byHand, claimed(Sheet{ID: "sheet-1", Handwritten: true, Day: Date{2026, 11, 22}}, "outside-practice")},
		{"refused", toPaper, claimed(Sheet{ID: "sheet-1"}, "outage-recipe")},
		{"refused, found", byForce, claimed(Sheet{ID: "sheet-1", Forced: true}, "outage-recipe")},
		{"refused, found and gone", toPaper, claimed(Sheet{ID: "sheet-1"}, "outage-recipe")},
		{"unknown", byForce, claimed(Sheet{ID: "sheet-1", Forced: true}, "outage-recipe")},
		{"paper", print1, sheet(func(s *Sheet, now Stamp) { s.Copies, s.Printed = 1, now.At })},
		{"paper, out", print1, sheet(func(s *Sheet, now Stamp) { s.Copies, s.Printed, s.Out = 2, now.At, Stamp{} })},
		{"paper, printed", cameOut, sheet(func(s *Sheet, now Stamp) { s.Out = now })},
		{"paper, jammed", cameOut, sheet(func(s *Sheet, now Stamp) { s.Out = now })},
		{"paper, out", cameOut, nothingNew},
		{"paper, printed", jammed, sheet(func(s *Sheet, _ Stamp) { s.Printed = time.Time{} })},
		{"paper, out", jammed, sheet(func(s *Sheet, _ Stamp) { s.Printed, s.Out = time.Time{}, Stamp{} })},
		{"paper, jammed", jammed, nothingNew},
		{"paper, jammed, out", jammed, sheet(func(s *Sheet, _ Stamp) { s.Out = Stamp{} })},
		{"paper", jammed, nothingNew},
		{"paper, out", handed, sheet(func(s *Sheet, now Stamp) { s.Handed = now })},
		{"paper, handed", handed, nothingNew},
		{"paper, by hand", handed, nothingNew},
		{"paper, out", torn, sheet(func(s *Sheet, now Stamp) { s.Destroyed = now })},
		{"paper, handed", inRecord, fact(func(n *Notes, now Stamp) { n.Noted = now })},
		{"paper, noted", inRecord, nothingNew},

		{"ready", Event{Kind: EventWithdrawn, Reason: "other", Text: "text"}, func(p *Prescription, _ Stamp) {
			p.State, p.Reason, p.ReasonText = StateWithdrawn, "other", "text"
		}},
		{"refused", takeBack, func(p *Prescription, _ Stamp) { p.State, p.Reason = StateWithdrawn, "stopped" }},
		{"confirmed", wishGone, fact(func(n *Notes, now Stamp) { n.Wished, n.Reason = now, "wrong-medicine" })},
		{"sending", Event{Kind: EventRevokeWished, Reason: "other", Text: "text"}, fact(func(n *Notes, now Stamp) { n.Wished, n.Reason, n.ReasonText = now, "other", "text" })},
		{"confirmed, wished", Event{Kind: EventRevokeWished, Reason: "stopped"}, nothingNew},
		{"ready", left, fact(func(n *Notes, now Stamp) { n.LetGo = now })},
		{"ready, answered, let go", left, nothingNew},
		{"ready, absent", sayYes, fact(func(n *Notes, now Stamp) { n.Reconfirmed = now })},
		{"unknown", sayYes, fact(func(n *Notes, now Stamp) { n.SendAgain = now })},
		{"ready", seenTwin, fact(func(n *Notes, now Stamp) { n.Twin = now })},
		{"ready, twin", seenTwin, nothingNew},
		{"ready, twin", onlyHere, fact(func(n *Notes, now Stamp) { n.TwinAnswer, n.TwinOutcome = now, OnlyHere })},
		{"ready, twin", alsoThere, func(p *Prescription, now Stamp) {
			p.State, p.Reason, p.TwinAnswer, p.TwinOutcome = StateWithdrawn, "duplicate", now, AlsoThere
		}},
		{"sending, twin", alsoThere, fact(func(n *Notes, now Stamp) {
			n.Wished, n.Reason, n.TwinAnswer, n.TwinOutcome = now, "duplicate", now, AlsoThere
		})},
		{"unknown, twin", alsoThere, fact(func(n *Notes, now Stamp) {
			n.Wished, n.Reason, n.TwinAnswer, n.TwinOutcome = now, "duplicate", now, AlsoThere
		})},
		{"confirmed, twin", alsoThere, fact(func(n *Notes, now Stamp) {
			n.Wished, n.Reason, n.TwinAnswer, n.TwinOutcome = now, "duplicate", now, AlsoThere
		})},
		{"sending, wished, twin", alsoThere, fact(func(n *Notes, now Stamp) { n.TwinAnswer, n.TwinOutcome = now, AlsoThere })},
		{"paper, twin", alsoThere, fact(func(n *Notes, now Stamp) { n.TwinAnswer, n.TwinOutcome = now, AlsoThere })},
		{"confirmed", gaveProof, fact(func(n *Notes, now Stamp) { n.ProofDone = now })},
		{"lapsed", toldThem, fact(func(n *Notes, now Stamp) { n.Told = now })},

		{"confirmed", locked, func(p *Prescription, _ Stamp) { p.Records[0].Visibility = Locked }},
		{"confirmed, locked, notified", locked, nothingNew},
		{"confirmed, locked, notified", askBack, func(p *Prescription, _ Stamp) { p.Records[0].Flag = FlagAsked }},
		{"refused, found", locked, func(p *Prescription, _ Stamp) { p.Records[0].Visibility = Locked }},
		{"confirmed", wrote, fact(func(n *Notes, now Stamp) {
			n.Feedbacks = []Feedback{{ID: "feedback-1", RID: ridA, By: "29999915", Sent: begin, Known: now}}
		})},
		{"confirmed, written about", wrote, nothingNew},
		{"confirmed, written about", wroteSeal, fact(func(n *Notes, now Stamp) {
			n.Feedbacks = append(n.Feedbacks, Feedback{ID: "feedback-9", RID: ridA, Sealed: true, Known: now})
		})},
		{"confirmed, written, sealed", wroteSeal, nothingNew},
		{"confirmed, written about", hasSeen, fact(func(n *Notes, now Stamp) { n.FeedbackSeen = now })},
		{"confirmed", hasSeen, nothingNew},
		{"confirmed", notify, fact(func(n *Notes, now Stamp) { n.Notices = []Notice{{N: 1, Pharmacy: "29999915", At: now.At}} })},
		{"confirmed, notified, silent", notify, fact(func(n *Notes, now Stamp) {
			n.Notices = append(n.Notices, Notice{N: 2, Pharmacy: "29999915", At: now.At})
		})},
		{"confirmed, locked, notified", reached, fact(func(n *Notes, now Stamp) {
			n.Notices[0].Result, n.Notices[0].Ended = ResultAccepted, now.At
		})},
		{"paper, by the lost, notified", noAnswer, fact(func(n *Notes, now Stamp) {
			n.Notices[0].Result, n.Notices[0].Ended, n.Notices[0].Why = Unanswered, now.At, "timeout"
		})},
		{"confirmed, notified, silent", reached, nothingNew}, // it had its end

		{"confirmed", readOurs, func(p *Prescription, now Stamp) { p.Records[0].Ours = now }},
		{"confirmed, read back", readOurs, nothingNew},
		{"confirmed, read back", readForeign, nothingNew},
		{"unknown, foreign", readOurs, nothingNew},
		{"unknown, foreign", accept1, nothingNew}, // never again
		{"confirmed", readForeign, both(struck(1), func(p *Prescription, _ Stamp) { p.State, p.Adopted = StateUnknown, Stamp{} })},
		{"revoked by the patient", readForeign, both(struck(1), func(p *Prescription, _ Stamp) {
			p.State, p.Adopted, p.RevokedBy = StateUnknown, Stamp{}, ""
		})},
		{"confirmed, second on wire", readForeign, both(struck(1), func(p *Prescription, _ Stamp) {
			p.State, p.Adopted, p.Attempts[0].Result = StateSending, Stamp{}, ResultAbsent
		})},
		{"confirmed, surplus", readForeign, both(struck(1), func(p *Prescription, now Stamp) {
			p.Records[1].Adopted, p.Adopted = true, now
		})},
		{"confirmed, other gone", readForeign, both(struck(1), func(p *Prescription, now Stamp) {
			p.Records[1].Adopted, p.Adopted, p.State, p.RevokedBy = true, now, StateRevoked, ByPatient
		})},
		{"refused, accepted late", readForeign, struck(1)},
		{"paper, forced, accepted", readForeign, struck(1)},

		{"unknown, asked", nothing1, fact(func(n *Notes, now Stamp) { n.RestoredAns = now })},
		{"unknown, asked", elsewhere, fact(func(n *Notes, now Stamp) { n.RestoredAns, n.Elsewhere, n.Reason = now, true, "duplicate" })},
		{"ready, absent, asked", elsewhere, func(p *Prescription, now Stamp) {
			p.State, p.RestoredAns, p.Elsewhere, p.Reason = StateWithdrawn, now, true, "duplicate"
		}},
		{"withdrawn, asked", elsewhere, fact(func(n *Notes, now Stamp) { n.RestoredAns, n.Elsewhere = now, true })}, // its own reason stays
		{"unknown, asked", paper1, givenThere(true)},
		{"ready, paper only, asked", paper1, givenThere(false)},
		{"ready, absent, asked", paper1, givenThere(false)},
		{"confirmed, asked", paper1, givenThere(true)},
		{"refused, asked", paper1, givenThere(false)},
		{"revoked, asked", paper1, givenThere(true)},
		{"paper, asked", paper1, both(sheet(func(s *Sheet, now Stamp) { s.Handed = now }), fact(func(n *Notes, now Stamp) { n.RestoredAns = now }))},
		{"paper, asked", nothing1, fact(func(n *Notes, now Stamp) { n.RestoredAns = now })},
	} {
		p, ok := all[c.story]
		if !ok {
			t.Fatalf("no story %q", c.story)
		}
		if c.event.At.IsZero() {
			c.event.At = begin.Add(time.Hour)
		}
		got, changed, err := Step(p, c.event)
		if err != nil || changed != (c.does != nil) {
			t.Errorf("%s: %s: changed %v, error %v", c.story, c.event.Kind, changed, err)
			continue
		}
		want := p.clone()
		if c.does != nil {
			want.Version++
			c.does(&want, Stamp{At: c.event.At, Rev: want.Version})
		}
		if toJSON(got) != toJSON(want) {
			t.Errorf("%s: %s:\n got %s\nwant %s", c.story, c.event.Kind, toJSON(got), toJSON(want))
		}
	}
}

// TestMarkForgets: what was said and seen of one attempt does not count for the next.
func TestMarkForgets(t *testing.T) {
	p := tell(waiting(), mark1, silent1, undecided, sayYes, notSent1)
	if !p.SendAgain.Set() || !p.Unclear.Set() {
		t.Fatal("nothing to forget")
	}
	if p = tell(p, mark2); p.SendAgain.Set() || p.Unclear.Set() {
		t.Error("the yes, or the doubt, about attempt 1 counts for attempt 2")
	}
}

// TestPaperGivenTwice: a sheet that the lost copy handed stays handed when it is said
// again, and one that is destroyed stays destroyed.
func TestPaperGivenTwice(t *testing.T) {
	p := tell(waiting(), mark1, silent1, byForce, print1, cameOut, handed, putBack)
	was := p.Sheets[0]
	if p = tell(p, paper1); p.Sheets[0] != was {
		t.Errorf("%+v became %+v", was, p.Sheets[0])
	}
	p = tell(waiting(), mark1, silent1, byForce, torn, putBack, paper1)
	if p.Sheet() != nil || len(p.Sheets) != 1 {
		t.Error("a destroyed sheet came back")
	}
}

// TestEvenThen: the actions that find nothing to do in any story do what the table
// says in prescriptions that no event leads to; what is nothing stays nothing.
func TestEvenThen(t *testing.T) {
	all := stories()
	odd := []Prescription{all["unknown"], all["unknown, missed"], all["sending"], all["unknown, asked"], all["confirmed, wished"], all["confirmed, written about"], all["unknown, foreign, notified"]}
	for _, k := range Events {
		for _, s := range States {
			acted := false
			for _, p := range odd {
				p := p.in(s)
				for _, e := range happenings() {
					if e.Kind != k {
						continue
					}
					next, changed, err := Step(p, e)
					if acted = acted || changed; changed && next.State != s && letter(k, s) == 'b' {
						t.Errorf("%s in %s: became %s", k, s, next.State)
					}
					if letter(k, s) == '-' && (changed || err != nil) {
						t.Errorf("%s in %s: changed %v, %v", k, s, changed, err)
					}
				}
			}
			if letter(k, s) == 'b' && !acted {
				t.Errorf("%s in %s: nothing is done even then", k, s)
			}
		}
	}
}

// A look-up finds that the RID that was struck is ours after all: the patient has the right one, and nobody is told.
func TestTakenBackIsNotMisnamed(t *testing.T) {
	a, b := found1B, found1B
	a.RID = readForeign.RID
	for want, e := range map[bool]Event{false: a, true: b} {
		p := tell(waiting(), mark1, accept1, left, readForeign, e)
		if p.State != StateConfirmed || p.RID() != e.RID || p.Misnamed.Set() != want {
			t.Errorf("%s bears %s, misnamed %v", p.State, p.RID(), p.Misnamed.Set())
		}
	}
}
