package rx

import (
	"slices"
	"time"
)

// Waits are the times of a profile. No decision asks which profile it runs in.
// Values marked H rest on a hypothesis that only Recip-e's acceptance service can
// prove (reliability facts §2.7); they stay settings.
type Waits struct {
	Answer     time.Duration // the screen's promise: without an answer by then the send counts as unknown
	Call       time.Duration // a call is given up after this; its late answer was heard until then
	Timestamp  time.Duration // life of the signed timestamp (60 s in the reference connector)
	Processing time.Duration // longest processing after the gateway took it (H: 120 s)
	Between    time.Duration // between two complete look-ups that prove absence (60 s; covers a lagging list)
	LookAgain  time.Duration // first pause between look-ups of one patient; doubles up to Backoff
	Silent     time.Duration // a waiting one leaves without a question within this, and on the same day only
	Late       time.Duration // a send later than this reads the patient's open list first
	MaxAge     time.Duration // after this sending is no longer offered
	Ask        time.Duration // undecided look-ups for this long ask the doctor
	ClockSlack time.Duration // a clock may go back by this much without a question
	Retry      time.Duration // first pause after a failure that reached nothing; doubles, full jitter
	Backoff    time.Duration // longest pause
	Pace       time.Duration // between two late sends (1 per 5 s and practice)
	Status     time.Duration // between two readings of the status of an open record
	Feedback   time.Duration // between two readings of what pharmacists wrote, when nothing else is to do; 0: only when it is asked for
}

// DefaultWaits are those of the built-in profiles.
var DefaultWaits = Waits{
	Answer: 8 * time.Second, Call: 60 * time.Second, Timestamp: 60 * time.Second, Processing: 120 * time.Second,
	Between: 60 * time.Second, LookAgain: 30 * time.Second, Silent: 4 * time.Hour, Late: 10 * time.Minute,
	MaxAge: 96 * time.Hour, Ask: 24 * time.Hour, ClockSlack: 5 * time.Minute, Retry: 30 * time.Second,
	Backoff: 15 * time.Minute, Pace: 5 * time.Second, Status: 6 * time.Hour,
	Feedback: time.Hour,
}

// MaySend tells whether p may leave for Recip-e at the moment now, nil when it may.
func MaySend(p Prescription, now time.Time, around Around, w Waits) error {
	switch {
	case p.State == StateSending:
		return Fault(CodeBeingSent)
	case p.State == StateUnknown:
		return Fault(CodeMayHaveArrived)
	case p.State == StateConfirmed:
		return Fault(CodeElectronicExists)
	case p.State == StatePaper:
		return Fault(CodeOnPaper)
	case p.State != StateReady:
		return Fault(CodeClosed)
	case !p.Electronic:
		return Fault(CodePaperOnly)
	case DateOf(now).After(p.Expires):
		return Fault(CodeValidityPassed)
	case p.LiveAttempt() != nil:
		return Fault(CodeMayHaveArrived)
	case p.RestoredOpen():
		return Fault(CodeAnswerRestored)
	case around.ReplacedOpen:
		return Fault(CodeWaitsForReplaced)
	case p.TwinOpen():
		return Fault(CodeNeedsConfirmation)
	}
	switch p.toReconfirm(now, around, w) {
	case "":
		return nil
	case whyTooOld:
		return Fault(CodeTooOld)
	}
	return Fault(CodeNeedsConfirmation)
}

// MayClaim tells whether p may go to paper as far as others are concerned: what it
// replaces may still reach a pharmacist. The doctor may force it, as with an
// attempt without answer; Step decides about p itself.
func MayClaim(around Around, although bool) error {
	if around.ReplacedOpen && !although {
		return Fault(CodeWaitsForReplaced)
	}
	return nil
}

// IsLate tells that a send now is a late one: the patient's open list at Recip-e
// is read first, and it is paced.
func IsLate(p Prescription, now time.Time, w Waits) bool {
	age := now.Sub(p.Issued)
	return age >= w.Late || age < -w.ClockSlack || len(p.Attempts) > 0
}

// Look is what a look-up of one patient at Recip-e showed: open list and history,
// to the end, without the RIDs that the store already owns.
type Look struct {
	Begun      time.Time // server's clock at the first answer
	Complete   bool      // every list to its end
	Candidates []Candidate
}

// Candidate is a record at Recip-e that nobody here knows.
type Candidate struct {
	RID    RID
	Status Status
	Read   bool  // its key id could be read
	Key    KeyID // the witness
	Opened bool  // its content could be read
	Local  ID    // LOCAL id of its content, "" when it has none or was not read
}

// Conclude says what look means for p, as events to apply in order.
//
// A positive counts at once; of several records the one furthest with a pharmacist
// comes first and is adopted, since the others can be revoked. Absence counts after
// two complete look-ups, Between apart, begun after the fence (the signed timestamp
// has expired by the server's clock, plus the longest processing); an accepted
// attempt has no second record after one, Between later than the fence since lists
// lag. A candidate that cannot be read makes a look-up without a hit undecided.
func Conclude(p Prescription, look Look, at time.Time, w Waits) []Event {
	var events []Event
	for _, c := range look.Candidates {
		n, ours := p.claims(c)
		if ours {
			events = append(events, Event{Kind: EventFound, At: at, N: n, RID: c.RID, Status: c.Status, ServerAt: look.Begun})
		}
	}
	if len(events) > 0 {
		slices.SortStableFunc(events, func(a, b Event) int { return a.Status.beforeOthers() - b.Status.beforeOthers() })
		return events
	}
	unreadable := slices.ContainsFunc(look.Candidates, func(c Candidate) bool { return p.cannotExclude(c) })
	if !look.Complete || look.Begun.IsZero() || unreadable {
		if p.LiveAttempt() != nil && !p.Unclear.Set() {
			return []Event{{Kind: EventUnclear, At: at}}
		}
		return nil
	}
	for _, a := range p.Attempts {
		if e, ok := a.conclude(look.Begun, w); ok {
			e.At, e.N = at, a.N
			events = append(events, e)
		}
	}
	return events
}

// claims tells whether candidate c is p's, and of which attempt (0: by its
// content alone).
func (p *Prescription) claims(c Candidate) (int, bool) {
	for _, a := range p.Attempts {
		if c.Read && c.Key != "" && a.Key == c.Key {
			return a.N, true
		}
	}
	return 0, c.Local == p.LocalID()
}

// cannotExclude tells that candidate c, which is not known to be of p, may be. A
// lost copy of the directory used keys that we do not know: content alone tells, and
// one that was read and has no LOCAL id is other software's.
func (p *Prescription) cannotExclude(c Candidate) bool {
	return !c.Read || c.Key == "" || p.Restored.Set() && c.Local == "" && !c.Opened
}

// beforeOthers orders two records of one prescription: 0 is adopted first.
func (s Status) beforeOthers() int {
	switch {
	case s == Delivered || s == Archived:
		return 0
	case s == InProcess:
		return 1
	case s.MayBeDelivered():
		return 2
	}
	return 3
}

// conclude is what a complete look-up without a hit means for one attempt.
func (a Attempt) conclude(begun time.Time, w Waits) (Event, bool) {
	open := a.Result == Unanswered || a.Result == ResultAccepted && !a.Checked
	switch {
	case !open:
		return Event{}, false
	case a.Expires.IsZero():
		return Event{Kind: EventFenced, ServerAt: begun.Add(w.Timestamp)}, true
	case begun.Before(a.Fence(w)):
		return Event{}, false
	case a.Result == ResultAccepted:
		return Event{Kind: EventChecked}, !begun.Before(a.Fence(w).Add(w.Between))
	case a.Missed.IsZero():
		return Event{Kind: EventMissed, ServerAt: begun}, true
	case begun.Sub(a.Missed) >= w.Between:
		return Event{Kind: EventAbsent, ServerAt: begun}, true
	}
	return Event{}, false
}

// Fence is the moment of the server's clock after which an attempt that is not
// there can no longer come. It must be strictly after the timestamp's end.
func (a Attempt) Fence(w Waits) time.Time { return a.Expires.Add(w.Processing + time.Millisecond) }

// UnderWay tells that p may be at Recip-e, or come there, without being known: for whom it is and who sent it must stay
// the same until that is found out, since look-ups ask under those numbers.
func UnderWay(p Prescription, now time.Time) bool {
	return p.LiveAttempt() != nil && !p.Over(now) || ToLook(p, now)
}

// ToLook tells whether p needs a look-up at Recip-e: an attempt without answer, or
// an accepted one of which a second record has not been excluded yet.
func ToLook(p Prescription, now time.Time) bool {
	return slices.ContainsFunc(p.Attempts, func(a Attempt) bool {
		return a.Result == Unanswered || a.Result == ResultAccepted && !a.Checked
	}) && !p.Over(now)
}
