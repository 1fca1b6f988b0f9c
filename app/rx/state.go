package rx

import (
	"slices"
	"time"
)

// State of an issued prescription. A draft is not a prescription yet and is kept
// apart. The words for people are in the catalogues ("state.NAME").
type State uint8

const (
	StateReady     State = iota + 1 // issued, frozen, durable; nothing of it is, or can still arrive, at Recip-e
	StateSending                    // an attempt is on the wire
	StateUnknown                    // an attempt ended without an answer: it may have been received
	StateConfirmed                  // a RID of it is adopted
	StateRefused                    // Recip-e refused it; nothing left
	StateWithdrawn                  // never sent, or proven absent; reason kept
	StateLapsed                     // the end of validity passed while it waited
	StatePaper                      // claimed for paper
	StateRevoked                    // read back as revoked
)

// States are all states, in the order of the constants.
var States = []State{StateReady, StateSending, StateUnknown, StateConfirmed, StateRefused, StateWithdrawn, StateLapsed, StatePaper, StateRevoked}

var stateNames = [...]string{"", "ready", "sending", "unknown", "confirmed", "refused", "withdrawn", "lapsed", "paper", "revoked"}

// String is the code of the state as files and the command line show it.
func (s State) String() string { return nameOf(stateNames[:], int(s)) }

// ParseState reads a code.
func ParseState(code string) (State, error) {
	for _, s := range States {
		if s.String() == code {
			return s, nil
		}
	}
	return 0, Fault(CodeNoSuchState)
}

// Door by which a prescription may reach a pharmacist. At most one is open.
type Door string

const (
	DoorNone       Door = "none"
	DoorElectronic Door = "electronic"
	DoorPaper      Door = "paper"
)

// Door is a function of the state; the schema enforces the same table.
func (s State) Door() Door {
	switch s {
	case StateSending, StateUnknown, StateConfirmed:
		return DoorElectronic
	case StatePaper:
		return DoorPaper
	}
	return DoorNone
}

// Stamp is when something became true: by the clock, for people, and by the
// version of the prescription, for decisions. A clock may jump; versions do not.
type Stamp struct {
	At  time.Time `json:"at"`
	Rev int64     `json:"rev"` // the prescription's version after the event
}

// Set tells that it became true.
func (s Stamp) Set() bool { return s.Rev > 0 }

// Prescription is one product of an order with all facts about its way. What was
// prescribed (Facts) is frozen and kept beside it.
type Prescription struct {
	ID         ID
	Order      ID
	Line       int // from 0
	Patient    ID  // of the patient's row
	Version    int64
	State      State
	Issued     time.Time
	Begin      Date
	Expires    Date
	Electronic bool // the patient has a national number, so it may be sent
	Proof      bool // the printed proof is wanted
	Replaces   ID   // "" or the prescription that this one replaces

	Attempts []Attempt
	Records  []Record
	Sheets   []Sheet
	Notes
}

// Notes are the single facts beside attempts, records and sheets.
type Notes struct {
	LetGo       Stamp       `json:"let_go,omitzero"`  // the patient left
	Wished      Stamp       `json:"wished,omitzero"`  // the doctor wants it revoked
	Reason      string      `json:"reason,omitempty"` // of the wish or the withdrawal, one of RevokeReasons
	ReasonText  string      `json:"reason_text,omitempty"`
	Absent      Stamp       `json:"absent,omitzero"`      // an attempt was proven absent
	Reconfirmed Stamp       `json:"reconfirmed,omitzero"` // the doctor said: send
	SendAgain   Stamp       `json:"send_again,omitzero"`  // said while unknown: send once absence is proven
	Unclear     Stamp       `json:"unclear,omitzero"`     // first look-up that could not decide
	Twin        Stamp       `json:"twin,omitzero"`        // also tried in other software, or something like it is at Recip-e
	TwinAnswer  Stamp       `json:"twin_answer,omitzero"`
	TwinOutcome Outcome     `json:"twin_outcome,omitempty"`
	Restored    Stamp       `json:"restored,omitzero"` // came out of a backup or a copied directory
	RestoredAns Stamp       `json:"restored_answer,omitzero"`
	Elsewhere   bool        `json:"elsewhere,omitempty"` // the doctor said: sent elsewhere
	Refusal     Stamp       `json:"refusal,omitzero"`
	Lapse       Stamp       `json:"lapse,omitzero"`
	Told        Stamp       `json:"told,omitzero"`
	Noted       Stamp       `json:"noted,omitzero"`
	ProofDone   Stamp       `json:"proof_done,omitzero"` // given, or not wanted
	Proofs      int         `json:"proofs,omitempty"`    // copies of the proof that were made
	Adopted     Stamp       `json:"adopted,omitzero"`
	Misnamed    Stamp       `json:"misnamed,omitzero"` // the RID proved another's after the proof was given or the patient left
	RevokedBy   RevokedBy   `json:"revoked_by,omitempty"`
	PaperReason PaperReason `json:"paper_reason,omitempty"`

	Feedbacks    []Feedback `json:"feedbacks,omitempty"` // in the order in which they were read
	FeedbackSeen Stamp      `json:"feedback_seen,omitzero"`
	Notices      []Notice   `json:"notices,omitempty"` // Notices[i].N is i+1
}

// Result of an attempt. Only NotSent lets the engine repeat by itself.
type Result string

const (
	OnTheWire      Result = ""           // marked; no answer yet
	ResultAccepted Result = "accepted"   // Recip-e gave a RID
	ResultRefused  Result = "refused"    // on the closed list of "surely not created"
	ResultNotSent  Result = "not-sent"   // no byte of it can have been processed
	Unanswered     Result = "unanswered" // anything else
	ResultAbsent   Result = "absent"     // proven not to be there, and never to come
)

// Live tells that the attempt may still be, or become, a record at Recip-e that
// nobody here knows.
func (r Result) Live() bool { return r == OnTheWire || r == Unanswered }

// KeyID is the id of a KGSS key: the witness of an attempt.
type KeyID string

// Attempt is one try to create the prescription at Recip-e.
type Attempt struct {
	N       int       `json:"n"`                // from 1
	Key     KeyID     `json:"key,omitempty"`    // "" when made by a lost copy of this directory
	Marked  time.Time `json:"marked"`           // by our clock, before the first byte left
	Expires time.Time `json:"expires,omitzero"` // end of the signed timestamp by the server's clock; zero: not known yet
	Result  Result    `json:"result,omitempty"`
	Ended   time.Time `json:"ended,omitzero"`
	Why     string    `json:"why,omitempty"`     // class of the failure, for the timeline
	Missed  time.Time `json:"missed,omitzero"`   // server's clock of the first complete look-up without it after the fence
	Checked bool      `json:"checked,omitempty"` // accepted, and a complete look-up after the fence showed no second record
	Problem *Problem  `json:"problem,omitempty"`
}

// Status of a record as Recip-e gives it (recipe protocol §1.6).
type Status string

const (
	StatusUnread  Status = ""
	NotDelivered  Status = "NotDelivered"
	InProcess     Status = "InProcess"
	Delivered     Status = "Delivered"
	StatusRevoked Status = "Revoked"
	Expired       Status = "Expired"
	Archived      Status = "Archived"
)

// Statuses are the values that the service may give.
var Statuses = []Status{NotDelivered, InProcess, Delivered, StatusRevoked, Expired, Archived}

// MayBeDelivered tells that a pharmacist can still deliver a record of status s. A
// word that nobody knows says nothing, so it may.
func (s Status) MayBeDelivered() bool {
	switch s {
	case Delivered, StatusRevoked, Expired, Archived:
		return false
	}
	return true
}

// Taken tells that a pharmacist has it, or has had it.
func (s Status) Taken() bool { return s == InProcess || s == Delivered || s == Archived }

// Record is a prescription of ours at Recip-e.
type Record struct {
	RID     RID       `json:"rid"`
	Attempt int       `json:"attempt"`
	Adopted bool      `json:"adopted,omitempty"` // at most one of a prescription
	Known   Stamp     `json:"known"`
	Status  Status    `json:"status,omitempty"`
	Read    time.Time `json:"read,omitzero"`  // server's clock
	Taken   Stamp     `json:"taken,omitzero"` // first read as in process, delivered or archived
	Asked   Stamp     `json:"asked,omitzero"` // Recip-e took our revoke; not read back yet
	Denied  *Problem  `json:"denied,omitempty"`
	Ours    Stamp     `json:"ours,omitzero"`    // read back: the content or its key is this prescription's
	Foreign Stamp     `json:"foreign,omitzero"` // read back: another's, or nobody's: no answer makes it ours again

	Visibility Visibility   `json:"visibility,omitempty"` // as Recip-e took it last; "" as issued
	Flag       FeedbackFlag `json:"flag,omitempty"`       // the same
}

// Usable tells that a pharmacist can deliver it as ours, or has.
func (r Record) Usable() bool {
	return !r.Foreign.Set() && (r.Status.MayBeDelivered() || r.Status.Taken())
}

// Unread tells that the RID rests on the answer to a create alone: nobody has read yet
// whose record it is.
func (r Record) Unread() bool { return !r.Ours.Set() && !r.Foreign.Set() }

// RevokedBy tells who revoked.
type RevokedBy string

const (
	ByPrescriber RevokedBy = "prescriber"
	ByPatient    RevokedBy = "patient"
)

// PaperReason is why paper, from the closed list of product and law.
type PaperReason string

// PaperReasons are the values of PaperReason.
var PaperReasons = []PaperReason{"outage-recipe", "outage-ehealth", "own-system", "own-line", "urgent", "outside-practice",
	"no-ssin-newborn", "no-ssin-foreign", "no-ssin-pending", "prescriber-64", "abroad"}

// RevokeReasons are why a prescription is revoked or withdrawn; `other` needs a text.
var RevokeReasons = []string{"wrong-patient", "wrong-medicine", "duplicate", "stopped", "replaced", "other"}

// Sheet is the paper of a prescription, printed here or written by hand. A
// reprint is a further copy of the same sheet, never a new prescription.
type Sheet struct {
	ID          ID        `json:"id"`
	Handwritten bool      `json:"handwritten,omitempty"`
	Forced      bool      `json:"forced,omitempty"` // although an electronic one may come, or stands at Recip-e
	Day         Date      `json:"day,omitzero"`     // written by hand on this day
	Claimed     Stamp     `json:"claimed"`
	Copies      int       `json:"copies,omitempty"` // printed so far
	Printed     time.Time `json:"printed,omitzero"` // the last copy; zero again when it did not come out
	Forms       int       `json:"forms,omitempty"`  // of the doctor's stock that the last copy took; 0 again when it did not come out
	Out         Stamp     `json:"out,omitzero"`     // seen to have come out of the printer
	Handed      Stamp     `json:"handed,omitzero"`
	Destroyed   Stamp     `json:"destroyed,omitzero"`
}

// PaperStep is where a sheet stands.
type PaperStep string

const (
	ToPrint        PaperStep = "to-print"
	ToSign         PaperStep = "to-sign"
	HandedOver     PaperStep = "handed-over"
	SheetDestroyed PaperStep = "destroyed"
)

// Step of the sheet, derived.
func (s Sheet) Step() PaperStep {
	switch {
	case s.Destroyed.Set():
		return SheetDestroyed
	case s.Handed.Set():
		return HandedOver
	case s.Out.Set() || s.Handwritten:
		return ToSign
	}
	return ToPrint
}

// Usable tells that the sheet may still reach a pharmacist.
func (s Sheet) Usable() bool { return !s.Destroyed.Set() }

// Sheet of the prescription that is not destroyed, nil when there is none. At
// most one exists at a time.
func (p *Prescription) Sheet() *Sheet {
	for i := range p.Sheets {
		if p.Sheets[i].Usable() {
			return &p.Sheets[i]
		}
	}
	return nil
}

// RID that is adopted, "" when none is.
func (p *Prescription) RID() RID {
	if r := p.AdoptedRecord(); r != nil {
		return r.RID
	}
	return ""
}

// AdoptedRecord is the record whose RID the prescription bears, nil when none.
func (p *Prescription) AdoptedRecord() *Record {
	for i := range p.Records {
		if p.Records[i].Adopted {
			return &p.Records[i]
		}
	}
	return nil
}

// LiveAttempt is the attempt that may still turn up, nil when there is none. There
// is at most one, save after a fence that Recip-e did not keep.
func (p *Prescription) LiveAttempt() *Attempt {
	for i := len(p.Attempts) - 1; i >= 0; i-- {
		if p.Attempts[i].Result.Live() {
			return &p.Attempts[i]
		}
	}
	return nil
}

// LocalID of the message, the same for each attempt.
func (p *Prescription) LocalID() ID { return LocalIDOf(p.Order, p.Line) }

// Refused is what the service said when it refused, nil when it did not or said nothing.
func (p *Prescription) Refused() *Problem {
	if p.State != StateRefused || len(p.Attempts) == 0 {
		return nil
	}
	return p.Attempts[len(p.Attempts)-1].Problem
}

// RestoredOpen tells that the doctor has not yet said what happened in the
// meantime to a prescription out of a backup or a copied directory.
func (p *Prescription) RestoredOpen() bool {
	return p.RestoredAns.Rev < p.Restored.Rev
}

// TwinOpen tells that the question of a twin in other software is not answered.
func (p *Prescription) TwinOpen() bool { return p.TwinAnswer.Rev < p.Twin.Rev }

// MustGo tells that record r must not be delivered: it is surplus, the
// prescription went to paper, or the doctor wants it revoked. Another's is not ours
// to revoke.
func (p *Prescription) MustGo(r Record) bool {
	return !r.Foreign.Set() && (!r.Adopted || p.State == StatePaper || p.Wished.Set())
}

// Harmless tells that nothing of p can reach a pharmacist any more: its
// replacement may leave.
func Harmless(p Prescription) bool {
	if p.State == StateReady || p.LiveAttempt() != nil || p.Sheet() != nil || p.RestoredOpen() {
		return false
	}
	return !slices.ContainsFunc(p.Records, Record.Usable)
}

// Over tells that a record of p could no longer be delivered: its validity ended,
// and a day more for clocks that disagree.
func (p *Prescription) Over(now time.Time) bool { return DateOf(now).After(p.Expires.AddDays(1)) }

// clone copies what Step may write to.
func (p Prescription) clone() Prescription {
	p.Attempts = append([]Attempt(nil), p.Attempts...)
	p.Records = append([]Record(nil), p.Records...)
	p.Sheets = append([]Sheet(nil), p.Sheets...)
	p.Feedbacks = append([]Feedback(nil), p.Feedbacks...)
	p.Notices = append([]Notice(nil), p.Notices...)
	return p
}

func nameOf(names []string, i int) string {
	if i <= 0 || i >= len(names) {
		return "invalid"
	}
	return names[i]
}
