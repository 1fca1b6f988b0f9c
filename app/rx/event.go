package rx

import "time"

// EventKind is what happened. Every change of a prescription after its issue is
// one event, applied in one transaction.
type EventKind uint8

const (
	// The engine and Recip-e.
	EventMarked       EventKind = iota + 1 // an attempt is durable; its first byte may leave (Attempt)
	EventAccepted                          // the answer of attempt N: RID
	EventRefused                           // the answer of attempt N: surely not created (Problem)
	EventNotSent                           // attempt N: no byte of it can have been processed (Why)
	EventUnanswered                        // attempt N: no answer in time, or none that counts (Why)
	EventRestarted                         // whoever took the sending lock found it on the wire
	EventFound                             // a look-up found a record of attempt N (0: by content alone): RID, Status
	EventFenced                            // attempt N gets the end of its timestamp by the server's clock (ServerAt)
	EventMissed                            // first complete look-up after the fence without attempt N (ServerAt)
	EventAbsent                            // second one: attempt N is proven absent (ServerAt)
	EventUnclear                           // a look-up could not decide
	EventChecked                           // accepted attempt N has no second record
	EventStatusRead                        // RID has Status (ServerAt)
	EventRevokeTaken                       // Recip-e took our revoke of RID
	EventRevokeDenied                      // Recip-e refused our revoke of RID (Problem)
	EventExpired                           // the last day of validity is over
	EventRestored                          // the directory is an older copy or another's

	// The doctor.
	EventClaimed      // for paper (Sheet; Reason of PaperReasons)
	EventPrinted      // one copy of the sheet was made (Sheet.ID, Sheet.Forms), or without a Sheet one of the proof
	EventOut          // it came out of the printer
	EventNotOut       // it did not
	EventHandedOver   // the patient has it
	EventDestroyed    // the doctor holds it and destroys it
	EventNoted        // noted in the record
	EventWithdrawn    // before it was sent (Reason, Text)
	EventRevokeWished // the doctor wants it gone from Recip-e (Reason, Text)
	EventLetGo        // the patient left
	EventReconfirmed  // send it all the same
	EventTwin         // also tried in other software, or a look-alike is at Recip-e
	EventTwinAnswered // Outcome
	EventRestoredAns  // Outcome (Sheet when paper was given)
	EventProofDone    // proof given, or not wanted
	EventTold         // patient or pharmacy told

	// What the doctor does with a record that is at Recip-e.
	EventSettingTaken // Recip-e took a setting of RID (Visibility or Flag)
	EventFeedback     // a pharmacist's feedback about a record was read (Feedback; Text)
	EventFeedbackSeen // the doctor has seen the feedback that there was
	EventNotified     // N 0: a notification is about to leave (Notice; Text); else what came of it (Notice; Problem)

	// The engine once more; kinds are kept by their number, so it stands here.
	EventReadBack // the record of RID was read: it is ours (Ours), else another's or nobody's
)

var eventNames = [...]string{"", "marked", "accepted", "refused", "not-sent", "unanswered", "restarted", "found", "fenced",
	"missed", "absent", "unclear", "checked", "status-read", "revoke-taken", "revoke-denied", "expired", "restored",
	"claimed", "printed", "out", "not-out", "handed-over", "destroyed", "noted", "withdrawn", "revoke-wished", "let-go",
	"reconfirmed", "twin", "twin-answered", "restored-answered", "proof-done", "told", "setting-taken", "feedback", "feedback-seen", "notified", "read-back"}

// Events are all kinds, in the order of the constants.
var Events = func() []EventKind {
	kinds := make([]EventKind, len(eventNames)-1)
	for i := range kinds {
		kinds[i] = EventKind(i + 1)
	}
	return kinds
}()

// String is the code of the event in journal and timeline.
func (k EventKind) String() string { return nameOf(eventNames[:], int(k)) }

// Event is one thing that happened. Which fields it needs stands at its kind.
type Event struct {
	Kind     EventKind   `json:"kind"`
	At       time.Time   `json:"at"` // our clock
	N        int         `json:"n,omitempty"`
	Attempt  *Attempt    `json:"attempt,omitempty"`
	RID      RID         `json:"rid,omitempty"`
	Status   Status      `json:"status,omitempty"`
	ServerAt time.Time   `json:"server_at,omitzero"`
	Problem  *Problem    `json:"problem,omitempty"`
	Why      string      `json:"why,omitempty"`
	Sheet    *Sheet      `json:"sheet,omitempty"`
	Paper    PaperReason `json:"paper,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Text     string      `json:"text,omitempty"`
	Outcome  Outcome     `json:"outcome,omitempty"`
	Ours     bool        `json:"ours,omitempty"`

	Visibility Visibility   `json:"visibility,omitempty"`
	Flag       FeedbackFlag `json:"flag,omitempty"`
	Feedback   *Feedback    `json:"feedback,omitempty"`
	Notice     *Notice      `json:"notice,omitempty"`
}
