package rx

// The actions of the table. Each gets a copy that it may write to and the stamp
// of the event; it refuses with an *Error or answers errNothingNew. Here those of attempts to
// send; those of what stands at Recip-e, of sheets, and of what the doctor says beside it.

func incomplete(e Event) error { return Fault(CodeEventIncomplete, "event", e.Kind.String()) }

func (p *Prescription) attempt(n int) *Attempt {
	if n < 1 || n > len(p.Attempts) {
		return nil
	}
	return &p.Attempts[n-1]
}

func (p *Prescription) record(rid RID) *Record {
	for i := range p.Records {
		if p.Records[i].RID == rid {
			return &p.Records[i]
		}
	}
	return nil
}

func mark(p *Prescription, e Event, _ Stamp) error {
	a := e.Attempt
	if a == nil || a.Key == "" || a.Expires.IsZero() {
		return incomplete(e)
	}
	switch {
	case !p.Electronic:
		return Fault(CodePaperOnly)
	case p.RestoredOpen():
		return Fault(CodeAnswerRestored)
	case DateOf(e.At).After(p.Expires):
		return Fault(CodeValidityPassed)
	}
	for _, old := range p.Attempts {
		if old.Key == a.Key {
			return Fault(CodeKeyUsed)
		}
		if old.Result.Live() {
			return Fault(CodeMayHaveArrived)
		}
	}
	p.Attempts = append(p.Attempts, Attempt{N: len(p.Attempts) + 1, Key: a.Key, Marked: e.At, Expires: a.Expires})
	p.State = StateSending
	p.SendAgain, p.Unclear = Stamp{}, Stamp{} // said and seen of an earlier attempt
	return nil
}

func accept(p *Prescription, e Event, now Stamp) error {
	a := p.attempt(e.N)
	if a == nil {
		return Fault(CodeNoSuchAttempt)
	}
	return p.keepRecord(e, a, now)
}

// found differs from accept in that N may be 0: the content is ours, the attempt
// was made by a copy of this directory that is lost.
func found(p *Prescription, e Event, now Stamp) error {
	if e.N == 0 {
		a := p.LiveAttempt()
		if a == nil || a.Key != "" {
			p.Attempts = append(p.Attempts, Attempt{N: len(p.Attempts) + 1, Marked: e.At, Result: Unanswered, Why: "restored"})
			a = &p.Attempts[len(p.Attempts)-1]
		}
		e.N = a.N
	}
	if err := accept(p, e, now); err != nil {
		return err
	}
	if r := p.record(e.RID); r != nil && r.Known == now { // its witness or its content was read
		r.Ours = now
	}
	if e.Status == StatusUnread {
		return nil
	}
	return readStatus(p, e, now)
}

// keepRecord keeps the RID of attempt a. The first one of a prescription that has
// no other door is adopted; any other must go.
func (p *Prescription) keepRecord(e Event, a *Attempt, now Stamp) error {
	if e.RID == "" {
		return incomplete(e)
	}
	r := p.record(e.RID)
	switch {
	case r == nil:
		p.Records = append(p.Records, Record{RID: e.RID})
		r = &p.Records[len(p.Records)-1]
	case !r.Foreign.Set() || e.Kind != EventFound: // an answer with the RID of another attempt is no answer
		return unanswered(p, Event{N: a.N, Why: "rid-known"}, now)
	}
	if a.Result != ResultAccepted {
		a.Result, a.Ended = ResultAccepted, e.At
	}
	a.Checked = false
	back := r.Foreign.Set() && r.Foreign == p.Misnamed // the RID that the patient has is the right one
	r.Attempt, r.Known, r.Foreign = a.N, now, Stamp{}  // nobody's, it seemed: a look-up read that it is ours
	if p.AdoptedRecord() == nil && (p.State == StateReady || p.State == StateSending || p.State == StateUnknown) {
		r.Adopted, p.Adopted, p.State = true, now, StateConfirmed
		if back {
			p.Misnamed = Stamp{}
		}
	}
	return nil
}

// close ends a live attempt. It answers errNothingNew when it is ended already.
func (p *Prescription) close(e Event, result Result) error {
	a := p.attempt(e.N)
	if a == nil {
		return Fault(CodeNoSuchAttempt)
	}
	if !a.Result.Live() {
		return errNothingNew
	}
	a.Result, a.Ended, a.Why, a.Problem = result, e.At, e.Why, e.Problem
	return nil
}

func refuse(p *Prescription, e Event, now Stamp) error {
	if err := p.close(e, ResultRefused); err != nil {
		return err
	}
	if p.State == StateSending || p.State == StateUnknown {
		p.State, p.Refusal = StateRefused, now
	}
	return nil
}

func notSent(p *Prescription, e Event, now Stamp) error {
	if err := p.close(e, ResultNotSent); err != nil {
		return err
	}
	p.settleDead(e, now)
	return nil
}

// settleDead is the state after the attempt on which it hung proved dead: back to
// waiting, or withdrawn when the doctor had already asked for that.
func (p *Prescription) settleDead(_ Event, now Stamp) {
	if p.State != StateSending && p.State != StateUnknown {
		return
	}
	if p.Wished.Set() || p.Elsewhere {
		p.State = StateWithdrawn
		return
	}
	p.State = StateReady
	if p.Absent == now && p.SendAgain.Set() { // the yes counts from when it was said
		p.Reconfirmed, p.SendAgain = Stamp{At: p.SendAgain.At, Rev: now.Rev}, Stamp{}
	}
}

func unanswered(p *Prescription, e Event, _ Stamp) error {
	a := p.attempt(e.N)
	if a == nil {
		return Fault(CodeNoSuchAttempt)
	}
	if a.Result != OnTheWire {
		return errNothingNew
	}
	a.Result, a.Why = Unanswered, e.Why
	if p.State == StateSending {
		p.State = StateUnknown
	}
	return nil
}

func restarted(p *Prescription, e Event, _ Stamp) error {
	changed := p.State == StateSending
	for i := range p.Attempts {
		if p.Attempts[i].Result == OnTheWire {
			p.Attempts[i].Result, p.Attempts[i].Why = Unanswered, "restart"
			changed = true
		}
	}
	if !changed {
		return errNothingNew
	}
	if p.State == StateSending {
		p.State = StateUnknown
	}
	return nil
}

func fenced(p *Prescription, e Event, _ Stamp) error {
	a := p.attempt(e.N)
	if a == nil {
		return Fault(CodeNoSuchAttempt)
	}
	if e.ServerAt.IsZero() {
		return incomplete(e)
	}
	if !a.Expires.IsZero() {
		return errNothingNew
	}
	a.Expires = e.ServerAt
	return nil
}

func missed(p *Prescription, e Event, _ Stamp) error {
	a := p.attempt(e.N)
	if a == nil {
		return Fault(CodeNoSuchAttempt)
	}
	if a.Result != Unanswered || !a.Missed.IsZero() || a.Expires.IsZero() || !e.ServerAt.After(a.Expires) {
		return errNothingNew
	}
	a.Missed = e.ServerAt
	return nil
}

func absent(p *Prescription, e Event, now Stamp) error {
	a := p.attempt(e.N)
	if a == nil {
		return Fault(CodeNoSuchAttempt)
	}
	if a.Result != Unanswered || a.Missed.IsZero() || !e.ServerAt.After(a.Missed) {
		return errNothingNew
	}
	a.Result, a.Ended = ResultAbsent, e.At
	p.Absent = now
	p.settleDead(e, now)
	return nil
}

func unclear(p *Prescription, _ Event, now Stamp) error { return once(&p.Unclear, now) }

func checked(p *Prescription, e Event, _ Stamp) error {
	a := p.attempt(e.N)
	if a == nil {
		return Fault(CodeNoSuchAttempt)
	}
	if a.Result != ResultAccepted || a.Checked {
		return errNothingNew
	}
	a.Checked = true
	return nil
}
