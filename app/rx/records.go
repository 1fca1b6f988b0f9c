package rx

import (
	"slices"
	"time"
)

// What is read of the records at Recip-e: the actions of its events.

func readStatus(p *Prescription, e Event, now Stamp) error {
	r := p.record(e.RID)
	if r == nil {
		return Fault(CodeNoSuchRecord)
	}
	if e.Status == StatusUnread {
		return incomplete(e)
	}
	if e.Status.Taken() && !r.Taken.Set() {
		r.Taken = now
	}
	r.Status, r.Read = e.Status, e.ServerAt
	if r.Adopted && p.State == StateConfirmed && e.Status == StatusRevoked {
		p.revoked(*r)
	}
	return nil
}

// readBack: the RID of an answer was read. One that is another's, or nobody's, was no
// answer: its attempt may have been received, and what a look-up has found of it is
// adopted in its place.
func readBack(p *Prescription, e Event, now Stamp) error {
	r := p.record(e.RID)
	switch {
	case r == nil:
		return Fault(CodeNoSuchRecord)
	case !r.Unread():
		return errNothingNew
	case e.Ours:
		r.Ours = now
		return nil
	}
	bore := r.Adopted
	r.Foreign, r.Adopted = now, false
	p.reopen(r.Attempt)
	if !bore || p.State != StateConfirmed && p.State != StateRevoked {
		return nil
	}
	if p.LetGo.Set() || p.ProofDone.Set() {
		p.Misnamed = now
	}
	p.Adopted, p.ProofDone, p.RevokedBy = Stamp{}, Stamp{}, ""
	return p.adoptAnother(now)
}

// reopen makes attempt n one without an answer, unless another record is of it. Where a
// later attempt lives, n was proven dead before that one was made.
func (p *Prescription) reopen(n int) {
	a := p.attempt(n)
	if a == nil || a.Result != ResultAccepted {
		return
	}
	if slices.ContainsFunc(p.Records, func(r Record) bool { return r.Attempt == n && !r.Foreign.Set() }) {
		a.Checked = false
		return
	}
	result := Unanswered
	if p.LiveAttempt() != nil {
		result = ResultAbsent
	}
	a.Result, a.Why, a.Ended, a.Missed, a.Checked = result, "rid-foreign", time.Time{}, time.Time{}, false
}

// adoptAnother adopts the record that is furthest with a pharmacist, where there is
// one; else the prescription hangs on its live attempt again.
func (p *Prescription) adoptAnother(now Stamp) error {
	var best *Record
	for i := range p.Records {
		r := &p.Records[i]
		if !r.Foreign.Set() && (best == nil || r.Status.beforeOthers() < best.Status.beforeOthers()) {
			best = r
		}
	}
	a := p.LiveAttempt()
	switch {
	case best != nil:
		best.Adopted, p.Adopted, p.State = true, now, StateConfirmed
		if best.Status == StatusRevoked {
			p.revoked(*best)
		}
	case a != nil && a.Result == OnTheWire:
		p.State = StateSending
	case a != nil:
		p.State = StateUnknown
	default:
		return Fault(CodeDamaged) // each record has its attempt
	}
	return nil
}

// revoked: the record that the prescription bears was read as revoked.
func (p *Prescription) revoked(r Record) {
	p.State, p.RevokedBy = StateRevoked, ByPatient
	if p.Wished.Set() || r.Asked.Set() {
		p.RevokedBy = ByPrescriber
	}
}

func revokeTaken(p *Prescription, e Event, now Stamp) error {
	r := p.record(e.RID)
	if r == nil {
		return Fault(CodeNoSuchRecord)
	}
	r.Asked, r.Denied = now, nil
	return nil
}

func revokeDenied(p *Prescription, e Event, _ Stamp) error {
	r := p.record(e.RID)
	if r == nil {
		return Fault(CodeNoSuchRecord)
	}
	if e.Problem == nil {
		return incomplete(e)
	}
	r.Denied = e.Problem
	return nil
}

func expire(p *Prescription, e Event, now Stamp) error {
	if !DateOf(e.At).After(p.Expires) {
		return Fault(CodeStillValid)
	}
	p.State, p.Lapse = StateLapsed, now
	return nil
}
