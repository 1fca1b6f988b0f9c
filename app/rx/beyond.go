package rx

import (
	"slices"
	"time"
)

// What a doctor does with a prescription that is at Recip-e, beside sending and revoking it.

// FeedbackFlag is whether a pharmacist may write back about a record.
type FeedbackFlag string

const (
	FlagAsIssued FeedbackFlag = ""
	FlagAsked    FeedbackFlag = "asked"
	FlagNotAsked FeedbackFlag = "not-asked"
)

// Feedback is a pharmacist's message about a record of ours. Its text stands in the
// journal, with the event by which it was kept.
type Feedback struct {
	ID     string    `json:"id"` // the same however often it is listed
	RID    RID       `json:"rid"`
	By     string    `json:"by,omitempty"` // number of the sender, as Recip-e told it
	Sent   time.Time `json:"sent,omitzero"`
	Sealed bool      `json:"sealed,omitempty"` // its content could not be opened
	Known  Stamp     `json:"known,omitzero"`
}

// Notice is a notification to a pharmacy. It is kept before its first byte leaves and is
// never repeated by itself: each one that leaves is a message of its own.
type Notice struct {
	N        int       `json:"n"`        // from 1
	Pharmacy string    `json:"pharmacy"` // eight digits
	At       time.Time `json:"at"`       // by our clock, before the first byte left
	Result   Result    `json:"result,omitempty"`
	Ended    time.Time `json:"ended,omitzero"`
	Why      string    `json:"why,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
}

// Doubtful tells that nobody knows whether the pharmacy has it.
func (n Notice) Doubtful() bool { return n.Result.Live() }

// UnreadFeedback is how many feedbacks the doctor has not seen.
func (p *Prescription) UnreadFeedback() (n int) {
	for _, f := range p.Feedbacks {
		if f.Known.Rev > p.FeedbackSeen.Rev {
			n++
		}
	}
	return n
}

// VisibilityOf is how pharmacists find record r of a prescription with these facts.
func (r Record) VisibilityOf(f Facts) Visibility {
	if r.Visibility != "" {
		return r.Visibility
	}
	return f.Content.Visibility
}

// AsksFeedback tells whether pharmacists may write back about record r.
func (r Record) AsksFeedback(f Facts) bool {
	if r.Flag != FlagAsIssued {
		return r.Flag == FlagAsked
	}
	return f.Content.Feedback
}

func settingTaken(p *Prescription, e Event, _ Stamp) error {
	r := p.record(e.RID)
	if r == nil {
		return Fault(CodeNoSuchRecord)
	}
	if (e.Visibility == "") == (e.Flag == FlagAsIssued) {
		return incomplete(e)
	}
	was := *r
	if e.Visibility != "" {
		r.Visibility = e.Visibility
	} else {
		r.Flag = e.Flag
	}
	if *r == was {
		return errNothingNew
	}
	return nil
}

// feedback is kept once.
func feedback(p *Prescription, e Event, now Stamp) error {
	if e.Feedback == nil || e.Feedback.ID == "" {
		return incomplete(e)
	}
	f := *e.Feedback
	f.Known = now
	if p.record(f.RID) == nil {
		return Fault(CodeNoSuchRecord)
	}
	if slices.ContainsFunc(p.Feedbacks, func(old Feedback) bool { return old.ID == f.ID }) {
		return errNothingNew
	}
	p.Feedbacks = append(p.Feedbacks, f)
	return nil
}

func feedbackSeen(p *Prescription, _ Event, now Stamp) error {
	if p.UnreadFeedback() == 0 {
		return errNothingNew
	}
	p.FeedbackSeen = now
	return nil
}

func notified(p *Prescription, e Event, _ Stamp) error {
	if e.Notice == nil {
		return incomplete(e)
	}
	if e.N == 0 {
		switch {
		case p.RID() == "":
			return Fault(CodeNoRID)
		case e.Notice.Pharmacy == "" || e.Text == "":
			return incomplete(e)
		}
		p.Notices = append(p.Notices, Notice{N: len(p.Notices) + 1, Pharmacy: e.Notice.Pharmacy, At: e.At})
		return nil
	}
	if e.N < 0 || e.N > len(p.Notices) {
		return Fault(CodeNoSuchAttempt)
	}
	n := &p.Notices[e.N-1]
	if n.Result != OnTheWire || e.Notice.Result == OnTheWire {
		return errNothingNew
	}
	n.Result, n.Ended, n.Why, n.Problem = e.Notice.Result, e.At, e.Notice.Why, e.Problem
	return nil
}
