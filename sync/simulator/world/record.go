package world

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"relais/app/rx"
)

// Record is one prescription at the server. Times are the server's, in UTC. It
// holds patient data and prints itself redacted.
type Record struct {
	Seq        int64 // in order of storing, from 1
	RID        rx.RID
	Patient    rx.SSIN
	Key        rx.KeyID
	Local      rx.ID // LOCAL id of the content
	Content    []byte
	Type       string
	Created    time.Time
	Expires    rx.Date
	Ends       time.Time // first moment after Expires
	Listed     time.Time // lists show it from then on
	Visibility rx.Visibility
	Feedback   bool
	Status     rx.Status // as last moved; see StatusAt
	By         By        // who moved it last
	Moved      time.Time
	Reason     string    // of a revoke
	Delivered  time.Time // zero: never delivered
	Unreadable bool      // no one reads its key id
	Foreign    bool      // stored by other software
	Other      bool      // of another prescriber
	Prescriber rx.NIHII  // who stored it, where the protocol told; "" the one prescriber
}

// By tells who moved a record.
type By string

const (
	Prescriber By = "prescriber"
	Pharmacist By = "pharmacist"
	ThePatient By = "patient"
)

// StatusAt is the status at the moment now of the server's clock: what is still
// open after its last day has expired.
func (r *Record) StatusAt(now time.Time) rx.Status {
	if !r.Ends.IsZero() && !now.Before(r.Ends) && (r.Status == rx.NotDelivered || r.Status == rx.InProcess) {
		return rx.Expired
	}
	return r.Status
}

// DeliverableAt tells whether a pharmacist can deliver it at the moment now of the
// server's clock.
func (r *Record) DeliverableAt(now time.Time) bool { return r.StatusAt(now).MayBeDelivered() }

func (r Record) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Record(…)") }

func (r Record) LogValue() slog.Value { return slog.StringValue("Record(…)") }

// Move is what a hand does to a record.
type Move string

const (
	Take          Move = "take"           // the pharmacist takes it in process
	PutBack       Move = "put-back"       // the pharmacist lets it go again
	Deliver       Move = "deliver"        // the pharmacist delivers it
	Archive       Move = "archive"        // the pharmacist archives what was delivered
	PatientRevoke Move = "patient-revoke" // the patient revokes it
	PatientLock   Move = "patient-lock"   // the patient hides it from pharmacists' lists
	PatientUnlock Move = "patient-unlock" // the patient shows it again
	revoke        Move = "revoke"         // the prescriber revokes it
)

// Moves are the hands' moves.
var Moves = []Move{Take, PutBack, Deliver, Archive, PatientRevoke, PatientLock, PatientUnlock}

// moves tells from which statuses a move starts, where it leads ("" stays) and
// whose it is (recipe protocol §5: revoking is possible while not delivered).
var moves = map[Move]struct {
	from []rx.Status
	to   rx.Status
	by   By
}{
	Take:          {[]rx.Status{rx.NotDelivered}, rx.InProcess, Pharmacist},
	PutBack:       {[]rx.Status{rx.InProcess}, rx.NotDelivered, Pharmacist},
	Deliver:       {[]rx.Status{rx.NotDelivered, rx.InProcess}, rx.Delivered, Pharmacist},
	Archive:       {[]rx.Status{rx.Delivered}, rx.Archived, Pharmacist},
	PatientRevoke: {[]rx.Status{rx.NotDelivered, rx.InProcess}, rx.StatusRevoked, ThePatient},
	PatientLock:   {[]rx.Status{rx.NotDelivered, rx.InProcess}, "", ThePatient},
	PatientUnlock: {[]rx.Status{rx.NotDelivered, rx.InProcess}, "", ThePatient},
	revoke:        {[]rx.Status{rx.NotDelivered, rx.InProcess}, rx.StatusRevoked, Prescriber},
}

// move performs m at the moment now of the server's clock; false when the status
// does not allow it.
func (r *Record) move(m Move, now time.Time) bool {
	rule := moves[m]
	if !slices.Contains(rule.from, r.StatusAt(now)) {
		return false
	}
	r.By, r.Moved = rule.by, now.UTC()
	if rule.to != "" {
		r.Status = rule.to
	}
	switch m {
	case Deliver:
		r.Delivered = r.Moved
	case PatientLock:
		r.Visibility = rx.Locked
	case PatientUnlock:
		r.Visibility = rx.Open
	}
	return true
}

// Message is a notification to a pharmacy, or a pharmacist's feedback.
type Message struct {
	Seq      int64
	Feedback bool // else a notification
	RID      rx.RID
	Patient  rx.SSIN
	Pharmacy string // notification: whom it is for, where that was told
	Text     []byte
	At       time.Time // server's, UTC
	Read     bool      // feedback: given once with the read flag
}

func (m Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Message(…)") }

func (m Message) LogValue() slog.Value { return slog.StringValue("Message(…)") }
