package rx

import (
	"slices"
	"time"
)

// What the doctor says, and what a restore asks: the actions of their events.

func noted(p *Prescription, _ Event, now Stamp) error {
	if s := p.Sheet(); s == nil || !s.Handed.Set() {
		return Fault(CodeNotOwed)
	}
	return once(&p.Noted, now)
}

func withdraw(p *Prescription, e Event, _ Stamp) error {
	if !reasoned(e) {
		return Fault(CodeReasonMissing)
	}
	p.State, p.Reason, p.ReasonText = StateWithdrawn, e.Reason, e.Text
	return nil
}

// reasoned tells that a reason of the closed list is given, with a text for `other`.
func reasoned(e Event) bool {
	return slices.Contains(RevokeReasons, e.Reason) && (e.Reason != "other" || e.Text != "")
}

func wish(p *Prescription, e Event, now Stamp) error {
	if !reasoned(e) {
		return Fault(CodeReasonMissing)
	}
	if err := once(&p.Wished, now); err != nil {
		return err
	}
	p.Reason, p.ReasonText = e.Reason, e.Text
	return nil
}

func letGo(p *Prescription, _ Event, now Stamp) error { return once(&p.LetGo, now) }

func reconfirm(p *Prescription, _ Event, now Stamp) error {
	p.Reconfirmed = now
	return nil
}

func sendAgain(p *Prescription, _ Event, now Stamp) error {
	p.SendAgain = now
	return nil
}

func twin(p *Prescription, _ Event, now Stamp) error {
	if p.TwinOpen() {
		return errNothingNew
	}
	p.Twin = now
	return nil
}

// twinAnswered: a twin that the other software holds as well makes ours the one
// to go, since ours is the one that we can revoke.
func twinAnswered(p *Prescription, e Event, now Stamp) error {
	if !p.TwinOpen() {
		return Fault(CodeNotOwed)
	}
	switch e.Outcome {
	case OnlyHere:
	case AlsoThere:
		switch p.State {
		case StateReady:
			p.State, p.Reason = StateWithdrawn, "duplicate"
		case StateSending, StateUnknown, StateConfirmed:
			if !p.Wished.Set() {
				p.Wished, p.Reason = now, "duplicate"
			}
		}
	default:
		return Fault(CodeNoSuchOutcome)
	}
	p.TwinAnswer, p.TwinOutcome = now, e.Outcome
	return nil
}

func restoredAnswered(p *Prescription, e Event, now Stamp) error {
	if !p.RestoredOpen() {
		return Fault(CodeNotOwed)
	}
	p.RestoredAns = now
	switch e.Outcome {
	case NothingGiven:
	case PaperGiven:
		return p.paperGiven(e, now)
	case SentElsewhere:
		p.Elsewhere = true
		if p.Reason == "" {
			p.Reason = "duplicate"
		}
		if p.State == StateReady {
			p.State = StateWithdrawn
		}
	default:
		return Fault(CodeNoSuchOutcome)
	}
	return nil
}

// paperGiven records the sheet that the lost copy of the directory handed over.
// Whatever is, or turns up, at Recip-e must go.
func (p *Prescription) paperGiven(e Event, now Stamp) error {
	if p.State == StatePaper {
		if s := p.Sheet(); s != nil && !s.Handed.Set() {
			s.Handed = now
		}
		return nil
	}
	if e.Sheet == nil || e.Sheet.ID == "" {
		return incomplete(e)
	}
	for i := range p.Records {
		p.Records[i].Adopted = false
	}
	p.Sheets = append(p.Sheets, Sheet{ID: e.Sheet.ID, Claimed: now, Handed: now, Forced: p.LiveAttempt() != nil || len(p.Records) > 0})
	p.State, p.PaperReason = StatePaper, "own-system"
	return nil
}

func proofDone(p *Prescription, _ Event, now Stamp) error { return once(&p.ProofDone, now) }

func told(p *Prescription, _ Event, now Stamp) error {
	p.Told = now
	return nil
}

// once sets a fact that becomes true one time.
func once(s *Stamp, now Stamp) error {
	if s.Set() {
		return errNothingNew
	}
	*s = now
	return nil
}

// restored makes every prescription that is not closed an open question. The lost
// copy may have sent it after this copy was made: what waited may have left, and
// an attempt whose absence was being proven may have been made again, also where the RID
// that was not read back yet proves another's. What has
// reached its end at Recip-e or with the patient is left alone.
func restored(p *Prescription, e Event, now Stamp) error {
	switch p.State {
	case StateReady:
		if p.Electronic { // else the question is of paper alone
			p.Attempts = append(p.Attempts, Attempt{N: len(p.Attempts) + 1, Marked: e.At, Result: Unanswered, Why: "restored"})
			p.State = StateUnknown
		}
	case StateSending, StateUnknown:
		p.State = StateUnknown
	case StateConfirmed, StateWithdrawn, StateLapsed:
		if r := p.AdoptedRecord(); p.LiveAttempt() == nil && (r == nil || !r.Unread()) {
			return errNothingNew
		}
	case StatePaper:
		if s := p.Sheet(); p.LiveAttempt() == nil && (s == nil || s.Handed.Set()) {
			return errNothingNew
		}
	}
	for i := range p.Attempts {
		if a := &p.Attempts[i]; a.Result.Live() {
			a.Result, a.Expires, a.Missed = Unanswered, time.Time{}, time.Time{}
		}
	}
	p.Restored = now
	return nil
}
