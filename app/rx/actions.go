package rx

import (
	"slices"
	"time"
)

// The actions of the table. Each gets a copy that it may write to and the stamp
// of the event; it refuses with an *Error or answers errNothingNew.

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

// claim needs force where an electronic one may still come, or be delivered.
func claim(p *Prescription, e Event, now Stamp) error {
	if e.Sheet == nil || e.Sheet.ID == "" || !slices.Contains(PaperReasons, e.Paper) {
		return Fault(CodeReasonMissing)
	}
	if p.RestoredOpen() {
		return Fault(CodeAnswerRestored)
	}
	if DateOf(e.At).After(p.Expires) {
		return Fault(CodeValidityPassed)
	}
	live, stands := p.LiveAttempt() != nil, slices.ContainsFunc(p.Records, Record.Usable)
	switch {
	case live && !e.Sheet.Forced:
		return Fault(CodeMayHaveArrived)
	case stands && !e.Sheet.Forced:
		return Fault(CodeElectronicExists)
	}
	s := Sheet{ID: e.Sheet.ID, Handwritten: e.Sheet.Handwritten, Day: e.Sheet.Day, Claimed: now, Forced: live || stands}
	if s.Handwritten {
		s.Handed = now
	}
	p.Sheets = append(p.Sheets, s)
	p.State, p.PaperReason = StatePaper, e.Paper
	return nil
}

// sheetOf gives the sheet of the event that is still there.
func (p *Prescription) sheetOf(e Event) (*Sheet, error) {
	if e.Sheet == nil {
		return nil, incomplete(e)
	}
	for i := range p.Sheets {
		s := &p.Sheets[i]
		if s.ID != e.Sheet.ID {
			continue
		}
		if s.Destroyed.Set() {
			return nil, Fault(CodeSheetDestroyed)
		}
		if p.RestoredOpen() {
			return nil, Fault(CodeAnswerRestored)
		}
		return s, nil
	}
	return nil, Fault(CodeNoSuchSheet)
}

func printed(p *Prescription, e Event, _ Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if s.Handed.Set() {
		return Fault(CodeSheetHanded)
	}
	s.Copies, s.Printed, s.Forms, s.Out = s.Copies+1, e.At, max(0, e.Sheet.Forms), Stamp{}
	return nil
}

// proofPrinted counts a copy of the proof: nobody has to say what became of it, but the next one names it.
func proofPrinted(p *Prescription, e Event, _ Stamp) error {
	if e.Sheet != nil {
		return Fault(CodeNoSuchSheet)
	}
	p.Proofs++
	return nil
}

func out(p *Prescription, e Event, now Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if s.Copies == 0 {
		return Fault(CodeSheetNotOut)
	}
	return once(&s.Out, now)
}

func notOut(p *Prescription, e Event, _ Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if s.Handed.Set() {
		return Fault(CodeSheetHanded)
	}
	if !s.Out.Set() && s.Printed.IsZero() {
		return errNothingNew
	}
	s.Out, s.Printed, s.Forms = Stamp{}, time.Time{}, 0
	return nil
}

func handedOver(p *Prescription, e Event, now Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if !s.Out.Set() && !s.Handwritten {
		return Fault(CodeSheetNotOut)
	}
	return once(&s.Handed, now)
}

func destroyed(p *Prescription, e Event, now Stamp) error {
	s, err := p.sheetOf(e)
	if err != nil {
		return err
	}
	if s.Handed.Set() {
		return Fault(CodeSheetHanded)
	}
	s.Destroyed = now
	return nil
}

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
