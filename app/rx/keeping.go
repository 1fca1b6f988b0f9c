package rx

import "time"

// Task is a prescription for which the engine owes something, with what it needs
// to decide and nothing readable of its content.
type Task struct {
	Prescription
	SSIN   SSIN
	Around Around
	Keys   int // unused KGSS keys of this patient
}

// Writing is a patient for whom lines are being written, with what the engine needs to have keys ready.
type Writing struct {
	Patient ID
	SSIN    SSIN
	Lines   int // of drafts
	Keys    int // unused KGSS keys of this patient
}

// Issue is what one order writes in one transaction.
type Issue struct {
	Order   ID
	Patient Patient
	At      time.Time
	Request []byte      // canonical request, before defaults: compared by a keyed hash
	Items   []IssueItem // by line
	Draft   ID          // "" or the draft that becomes this order and is deleted
	Closes  *Act        // nil or the event on the prescription that this order replaces
}

// IssueItem is one prescription of an issue: where it starts (its state may be
// paper already), its frozen facts and the message made from them.
type IssueItem struct {
	Prescription Prescription // Patient is filled in by the store
	Events       []Event      // that led there, for the journal
	Facts        Facts
	Message      []byte // "" when it is never to be sent
}

// Act is an event for one prescription at a version.
type Act struct {
	ID      ID
	Version int64
	Event   Event
}

// Issued is the order as it stands.
type Issued struct {
	Order         ID
	Patient       ID
	At            time.Time
	Existing      bool // it was issued before; nothing was written
	Prescriptions []Prescription
}

// Item is a prescription with its frozen facts.
type Item struct {
	Prescription
	Facts  Facts
	Around Around
}

// Known is a patient of the practice.
type Known struct {
	Patient
	ID      ID
	Version int64
}

// Draft is a request that is being written.
type Draft struct {
	ID      ID // becomes the order's id
	Request Request
	Updated time.Time
}

// Filter selects prescriptions, newest first. Zero fields select all.
type Filter struct {
	State   State
	Patient ID
	Order   ID
	Owing   bool   // something is owed or waits
	Words   string // of patient or medicine as issued, in any order, each the beginning of a word
	Before  ID     // page: older than this prescription
	Limit   int    // 0: all
}

// Happening is one line of the journal about a prescription.
type Happening struct {
	Seq   int64
	Event Event
	From  State
	To    State
}

// Initial is the prescription as issue makes it, before any event.
func Initial(id ID, f Facts) Prescription {
	return Prescription{
		ID: id, Order: f.Order, Line: f.Line, Version: 1, State: StateReady, Issued: f.Issued,
		Begin: f.Content.Begin, Expires: f.Content.Expires, Electronic: f.Patient.SSIN != "", Proof: f.Proof.Wanted,
	}
}
