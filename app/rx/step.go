package rx

import "errors"

// Step says what event e makes of p: the prescription afterwards, and whether
// anything changed (an ignored event changes nothing and is not journalled). p is
// not touched. A refused event is an *Error.
//
// The rules stand in table: one row for each kind of event, one cell for each
// state. docs/states.md is printed from it.
func Step(p Prescription, e Event) (Prescription, bool, error) {
	if int(e.Kind) >= len(table) || table[e.Kind].cells[StateReady].note == "" {
		return p, false, Fault(CodeEventIncomplete, "event", e.Kind.String())
	}
	if p.State < StateReady || p.State > StateRevoked {
		return p, false, Fault(CodeDamaged)
	}
	c := table[e.Kind].cells[p.State]
	switch {
	case c.code != "":
		return p, false, Fault(c.code, "state", p.State.String())
	case c.do == nil:
		return p, false, nil
	}
	next := p.clone()
	next.Version++
	if err := c.do(&next, e, Stamp{At: e.At, Rev: next.Version}); err != nil {
		if errors.Is(err, errNothingNew) {
			return p, false, nil
		}
		return p, false, err
	}
	return next, true, nil
}

// errNothingNew is what an action returns when the fact is known already.
var errNothingNew = errors.New("nothing new")

// cell is the written outcome of one (state, event) pair: an action with the
// states that it may lead to, a refusal with its code, or nothing.
type cell struct {
	to   []State // after the action; nil: the state stays
	do   func(p *Prescription, e Event, now Stamp) error
	code Code
	note string // printed in docs/states.md; never empty
}

type row struct {
	says  string
	cells [len(stateNames)]cell
}

func to(s State, do func(*Prescription, Event, Stamp) error) cell {
	return cell{to: []State{s}, do: do, note: "→ " + s.String()}
}
func either(do func(*Prescription, Event, Stamp) error, states ...State) cell {
	note := "→"
	for i, s := range states {
		if i > 0 {
			note += " or"
		}
		note += " " + s.String()
	}
	return cell{to: states, do: do, note: note}
}
func keep(note string, do func(*Prescription, Event, Stamp) error) cell {
	return cell{do: do, note: note}
}
func no(code Code) cell { return cell{code: code, note: "refused: " + string(code)} }

var nothing = cell{note: "nothing"}

// cells are written in the order of the states.
func cells(ready, sending, unknown, confirmed, refused, withdrawn, lapsed, paper, revoked cell) [len(stateNames)]cell {
	return [...]cell{{}, ready, sending, unknown, confirmed, refused, withdrawn, lapsed, paper, revoked}
}

var table = [...]row{
	//             ready, sending, unknown, confirmed, refused, withdrawn, lapsed, paper, revoked
	EventMarked: {"the engine has made an attempt durable; its first byte may leave", cells(
		to(StateSending, mark), no(CodeBeingSent), no(CodeMayHaveArrived), no(CodeElectronicExists), no(CodeClosed),
		no(CodeClosed), no(CodeClosed), no(CodeOnPaper), no(CodeClosed))},
	EventAccepted: {"Recip-e gave a RID for an attempt, perhaps late", cells(
		to(StateConfirmed, accept), to(StateConfirmed, accept), to(StateConfirmed, accept), keep("surplus record", accept), keep("surplus record", accept),
		keep("surplus record", accept), keep("surplus record", accept), keep("record to revoke", accept), keep("surplus record", accept))},
	EventRefused: {"Recip-e refused an attempt, surely without storing it", cells(
		keep("attempt closed", refuse), to(StateRefused, refuse), to(StateRefused, refuse), keep("attempt closed", refuse), keep("attempt closed", refuse),
		keep("attempt closed", refuse), keep("attempt closed", refuse), keep("attempt closed", refuse), keep("attempt closed", refuse))},
	EventNotSent: {"no byte of an attempt can have been processed", cells(
		keep("attempt closed", notSent), either(notSent, StateReady, StateWithdrawn), either(notSent, StateReady, StateWithdrawn), keep("attempt closed", notSent), keep("attempt closed", notSent),
		keep("attempt closed", notSent), keep("attempt closed", notSent), keep("attempt closed", notSent), keep("attempt closed", notSent))},
	EventUnanswered: {"an attempt has no answer that counts, yet", cells(
		keep("attempt noted", unanswered), to(StateUnknown, unanswered), keep("attempt noted", unanswered), keep("attempt noted", unanswered), keep("attempt noted", unanswered),
		keep("attempt noted", unanswered), keep("attempt noted", unanswered), keep("attempt noted", unanswered), keep("attempt noted", unanswered))},
	EventRestarted: {"whoever took the sending lock found the attempt on the wire", cells(
		nothing, to(StateUnknown, restarted), nothing, keep("attempt noted", restarted), keep("attempt noted", restarted),
		keep("attempt noted", restarted), keep("attempt noted", restarted), keep("attempt noted", restarted), keep("attempt noted", restarted))},
	EventFound: {"a look-up found a record of it at Recip-e", cells(
		either(found, StateConfirmed, StateRevoked), either(found, StateConfirmed, StateRevoked), either(found, StateConfirmed, StateRevoked), keep("surplus record", found), keep("surplus record", found),
		keep("surplus record", found), keep("surplus record", found), keep("record to revoke", found), keep("surplus record", found))},
	EventFenced: {"an attempt gets the end of its timestamp by the server's clock", cells(
		keep("fence set", fenced), keep("fence set", fenced), keep("fence set", fenced), keep("fence set", fenced), keep("fence set", fenced),
		keep("fence set", fenced), keep("fence set", fenced), keep("fence set", fenced), keep("fence set", fenced))},
	EventMissed: {"first complete look-up after the fence without the attempt", cells(
		keep("noted", missed), nothing, keep("noted", missed), keep("noted", missed), keep("noted", missed),
		keep("noted", missed), keep("noted", missed), keep("noted", missed), keep("noted", missed))},
	EventAbsent: {"second one: the attempt is proven absent", cells(
		keep("attempt closed", absent), nothing, either(absent, StateReady, StateWithdrawn), keep("attempt closed", absent), keep("attempt closed", absent),
		keep("attempt closed", absent), keep("attempt closed", absent), keep("attempt closed", absent), keep("attempt closed", absent))},
	EventUnclear: {"a look-up could not decide", cells(
		nothing, nothing, keep("noted once", unclear), nothing, nothing, nothing, nothing, keep("noted once", unclear), nothing)},
	EventChecked: {"an accepted attempt has no second record", cells(
		keep("noted", checked), keep("noted", checked), keep("noted", checked), keep("noted", checked), keep("noted", checked),
		keep("noted", checked), keep("noted", checked), keep("noted", checked), keep("noted", checked))},
	EventStatusRead: {"the status of a record was read", cells(
		keep("record read", readStatus), keep("record read", readStatus), keep("record read", readStatus), either(readStatus, StateConfirmed, StateRevoked), keep("record read", readStatus),
		keep("record read", readStatus), keep("record read", readStatus), keep("record read", readStatus), keep("record read", readStatus))},
	EventRevokeTaken: {"Recip-e took our revoke; not read back yet", cells(
		keep("noted", revokeTaken), keep("noted", revokeTaken), keep("noted", revokeTaken), keep("noted", revokeTaken), keep("noted", revokeTaken),
		keep("noted", revokeTaken), keep("noted", revokeTaken), keep("noted", revokeTaken), keep("noted", revokeTaken))},
	EventRevokeDenied: {"Recip-e refused our revoke", cells(
		keep("noted", revokeDenied), keep("noted", revokeDenied), keep("noted", revokeDenied), keep("noted", revokeDenied), keep("noted", revokeDenied),
		keep("noted", revokeDenied), keep("noted", revokeDenied), keep("noted", revokeDenied), keep("noted", revokeDenied))},
	EventExpired: {"the last day of validity is over", cells(
		to(StateLapsed, expire), nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing)},
	EventRestored: {"the directory is an older copy of itself, or a copy of another", cells(
		either(restored, StateReady, StateUnknown), to(StateUnknown, restored), keep("fence starts again", restored), keep("asked", restored), keep("asked", restored),
		keep("asked", restored), keep("asked", restored), keep("asked", restored), nothing)},

	EventClaimed: {"the doctor claims it for paper", cells(
		to(StatePaper, claim), no(CodeBeingSent), to(StatePaper, claim), no(CodeElectronicExists), to(StatePaper, claim),
		no(CodeClosed), no(CodeClosed), no(CodeOnPaper), no(CodeClosed))},
	EventPrinted: {"a copy of the sheet or of the proof was made", cells(
		no(CodeNoSuchSheet), no(CodeNoSuchSheet), no(CodeNoSuchSheet), keep("copy of the proof counted", proofPrinted), no(CodeNoSuchSheet),
		no(CodeNoSuchSheet), no(CodeNoSuchSheet), keep("copy counted", printed), no(CodeNoSuchSheet))},
	EventOut:        {"the copy came out of the printer", onPaper("noted", out)},
	EventNotOut:     {"the copy did not come out", onPaper("noted", notOut)},
	EventHandedOver: {"the patient has the sheet", onPaper("noted", handedOver)},
	EventDestroyed:  {"the doctor holds the sheet and destroys it", onPaper("noted", destroyed)},
	EventNoted:      {"the doctor noted the paper in the record", onPaper("noted", noted)},
	EventWithdrawn: {"the doctor withdraws it before it was sent, or replaces a refused one", cells(
		to(StateWithdrawn, withdraw), no(CodeBeingSent), no(CodeMayHaveArrived), no(CodeElectronicExists), to(StateWithdrawn, withdraw),
		nothing, no(CodeClosed), no(CodeOnPaper), no(CodeClosed))},
	EventRevokeWished: {"the doctor wants it gone from Recip-e", cells(
		no(CodeNotSentYet), keep("wish", wish), keep("wish: revoke on sight", wish), keep("wish: revoke", wish), no(CodeNotSentYet),
		no(CodeNotSentYet), no(CodeNotSentYet), keep("wish", wish), nothing)},
	EventLetGo: {"the patient left", cells(
		keep("noted", letGo), keep("noted", letGo), keep("noted", letGo), keep("noted", letGo), keep("noted", letGo),
		keep("noted", letGo), keep("noted", letGo), keep("noted", letGo), keep("noted", letGo))},
	EventReconfirmed: {"the doctor says: send it all the same", cells(
		keep("noted", reconfirm), no(CodeBeingSent), keep("sent again once proven absent", sendAgain), no(CodeElectronicExists), no(CodeClosed),
		no(CodeClosed), no(CodeClosed), no(CodeOnPaper), no(CodeClosed))},
	EventTwin: {"also tried in other software, or a look-alike is at Recip-e", cells(
		keep("asked", twin), keep("asked", twin), keep("asked", twin), keep("asked", twin), nothing,
		nothing, nothing, keep("asked", twin), nothing)},
	EventTwinAnswered: {"only here, or also there", cells(
		either(twinAnswered, StateReady, StateWithdrawn), keep("answered", twinAnswered), keep("answered", twinAnswered), keep("answered", twinAnswered), no(CodeNotOwed),
		no(CodeNotOwed), no(CodeNotOwed), keep("answered", twinAnswered), no(CodeNotOwed))},
	EventRestoredAns: {"what happened in the meantime", cells(
		either(restoredAnswered, StateReady, StateWithdrawn, StatePaper), no(CodeBeingSent), either(restoredAnswered, StateUnknown, StatePaper),
		either(restoredAnswered, StateConfirmed, StatePaper), either(restoredAnswered, StateRefused, StatePaper), either(restoredAnswered, StateWithdrawn, StatePaper),
		either(restoredAnswered, StateLapsed, StatePaper), keep("answered", restoredAnswered), either(restoredAnswered, StateRevoked, StatePaper))},
	EventProofDone: {"the proof is given, or not wanted", cells(
		no(CodeNotSentYet), no(CodeBeingSent), no(CodeMayHaveArrived), keep("noted", proofDone), no(CodeClosed),
		no(CodeClosed), no(CodeClosed), no(CodeOnPaper), nothing)},
	EventTold: {"patient or pharmacy told", cells(
		keep("noted", told), keep("noted", told), keep("noted", told), keep("noted", told), keep("noted", told),
		keep("noted", told), keep("noted", told), keep("noted", told), keep("noted", told))},

	EventSettingTaken: {"Recip-e took a setting of a record: its visibility, or whether feedback is asked for", cells(
		keep("noted", settingTaken), keep("noted", settingTaken), keep("noted", settingTaken), keep("noted", settingTaken), keep("noted", settingTaken),
		keep("noted", settingTaken), keep("noted", settingTaken), keep("noted", settingTaken), keep("noted", settingTaken))},
	EventFeedback: {"a pharmacist's feedback about a record was read", cells(
		keep("kept once", feedback), keep("kept once", feedback), keep("kept once", feedback), keep("kept once", feedback), keep("kept once", feedback),
		keep("kept once", feedback), keep("kept once", feedback), keep("kept once", feedback), keep("kept once", feedback))},
	EventFeedbackSeen: {"the doctor has seen the feedback that there was", cells(
		keep("noted", feedbackSeen), keep("noted", feedbackSeen), keep("noted", feedbackSeen), keep("noted", feedbackSeen), keep("noted", feedbackSeen),
		keep("noted", feedbackSeen), keep("noted", feedbackSeen), keep("noted", feedbackSeen), keep("noted", feedbackSeen))},
	EventNotified: {"a notification to a pharmacy is about to leave, or what came of it", cells(
		ends(CodeNotSentYet), ends(CodeBeingSent), ends(CodeMayHaveArrived), keep("noted", notified), ends(CodeClosed),
		ends(CodeClosed), ends(CodeClosed), keep("its end noted", notified), keep("noted", notified))},

	EventReadBack: {"the record of a RID was read: it is ours, or another's or nobody's", cells(
		keep("RID noted or struck", readBack), keep("RID noted or struck", readBack), keep("RID noted or struck", readBack),
		either(readBack, StateConfirmed, StateUnknown, StateSending, StateRevoked), keep("RID noted or struck", readBack),
		keep("RID noted or struck", readBack), keep("RID noted or struck", readBack), keep("RID noted or struck", readBack),
		either(readBack, StateRevoked, StateUnknown, StateSending, StateConfirmed))},
}

// ends is a state in which no notification begins, and where one that left before ends: its RID may have proved another's.
func ends(code Code) cell {
	return keep("its end noted, else refused: "+string(code), func(p *Prescription, e Event, now Stamp) error {
		if e.N == 0 {
			return Fault(code)
		}
		return notified(p, e, now)
	})
}

// onPaper is a row of events about a sheet: they belong to the state paper.
func onPaper(note string, do func(*Prescription, Event, Stamp) error) [len(stateNames)]cell {
	n := no(CodeNoSuchSheet)
	return cells(n, n, n, n, n, n, n, keep(note, do), n)
}
