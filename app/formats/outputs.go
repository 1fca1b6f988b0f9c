package formats

import (
	"fmt"
	"io"
	"log/slog"

	"relais/app/config"
	"relais/app/rx"
)

// Times are RFC 3339 with the practice's offset, "" or absent where there is none.
// Lines count from 0. Words are those of rx: states, doors, duties, outcomes, events.

// Prescribed is the output of `prescribe` and `issue`. A draft has no prescriptions.
type Prescribed struct {
	Order         rx.ID              `json:"order"`
	Patient       rx.ID              `json:"patient"`
	Prescriptions List[Prescription] `json:"prescriptions"`
}

// Prescription is where one line of an order stands.
type Prescription struct {
	Line  int    `json:"line"`
	ID    rx.ID  `json:"id"`
	State string `json:"state"`
	Door  string `json:"door"`
	RID   rx.RID `json:"rid,omitempty"`
	// RIDUnread: the RID rests on the answer to the create alone; it was not read back at Recip-e yet.
	RIDUnread bool         `json:"rid_unread,omitempty"`
	Duties    List[string] `json:"duties"` // ids of what is owed, as `settle` takes them
}

// Listing is the output of `list`, newest first. Of drafts (`--state draft`) each line
// stands as a prescription to be, with the draft's id.
type Listing struct {
	Prescriptions List[Listed] `json:"prescriptions"`
}

// Listed is a prescription with what a list needs to be read.
type Listed struct {
	Prescription
	Order    rx.ID  `json:"order"`
	Issued   string `json:"issued"`
	Medicine string `json:"medicine"`
}

// Shown is the output of `show`: all that is known of one prescription.
type Shown struct {
	Listed
	Frozen   rx.Facts       `json:"frozen"`
	Attempts List[Attempt]  `json:"attempts"`
	Sheets   List[Sheet]    `json:"sheets"`
	Server   List[Record]   `json:"server"`
	Timeline List[Happened] `json:"timeline"`

	ProofCopies int `json:"proof_copies"` // copies of the proof that were made
}

// Attempt is one try to create the prescription at Recip-e.
type Attempt struct {
	N       int      `json:"n"` // from 1
	Marked  string   `json:"marked"`
	Result  string   `json:"result"`            // on-the-wire, accepted, refused, not-sent, unanswered, absent
	Expires string   `json:"expires,omitempty"` // end of the signed timestamp by the server's clock
	Ended   string   `json:"ended,omitempty"`
	Why     string   `json:"why,omitempty"`
	Problem *Problem `json:"problem,omitempty"`
}

// Problem is what Recip-e said, by language.
type Problem struct {
	Code     string            `json:"code,omitempty"`
	Messages map[string]string `json:"messages,omitempty"`
}

// Sheet is the paper of a prescription.
type Sheet struct {
	ID          rx.ID  `json:"id"`
	Step        string `json:"step"` // to-print, to-sign, handed-over, destroyed
	Handwritten bool   `json:"handwritten,omitempty"`
	Day         string `json:"day,omitempty"`    // written by hand on this day
	Forced      bool   `json:"forced,omitempty"` // although an attempt had no answer
	Claimed     string `json:"claimed"`
	Copies      int    `json:"copies"`
	Forms       int    `json:"forms,omitempty"`   // of the doctor's stock that the last copy took
	Printed     string `json:"printed,omitempty"` // the last copy
	Out         string `json:"out,omitempty"`
	Handed      string `json:"handed,omitempty"`
	Destroyed   string `json:"destroyed,omitempty"`
}

// Record is a prescription of ours at Recip-e, as last read.
type Record struct {
	RID         rx.RID   `json:"rid"`
	Attempt     int      `json:"attempt"`
	Adopted     bool     `json:"adopted"`
	Status      string   `json:"status,omitempty"` // the service's word; absent: not read yet
	Read        string   `json:"read,omitempty"`   // by the server's clock
	RevokeAsked string   `json:"revoke_asked,omitempty"`
	Denied      *Problem `json:"denied,omitempty"`  // why Recip-e refused our revoke
	Ours        string   `json:"ours,omitempty"`    // when it was read back as this prescription's
	Foreign     string   `json:"foreign,omitempty"` // when it was read back as another's, or nobody's
}

// Happened is one line of a timeline.
type Happened struct {
	At           string `json:"at"`
	Prescription rx.ID  `json:"prescription,omitempty"` // in a drill, where several share one timeline
	Event        string `json:"event"`
	From         string `json:"from,omitempty"` // state before
	To           string `json:"to,omitempty"`   // state after
	Attempt      int    `json:"attempt,omitempty"`
	RID          rx.RID `json:"rid,omitempty"`
	Why          string `json:"why,omitempty"`     // class of a failure, reason, outcome, status, setting, or result
	Foreign      bool   `json:"foreign,omitempty"` // the RID was read back as another's, or nobody's
	Text         string `json:"text,omitempty"`    // what was written: a reason, a pharmacist's feedback, a message to a pharmacy
}

// Status is the output of `status`.
type Status struct {
	Services         List[Service] `json:"services"`
	Waiting          int           `json:"waiting"`     // prescriptions not sent yet
	ToTreat          int           `json:"to_treat"`    // duties that a person must close
	Session          string        `json:"session"`     // until when, "" when there is none
	Certificate      string        `json:"certificate"` // the last day of the eHealth certificate, "" when none is kept
	MedicinesAgeDays int           `json:"medicines_age_days"`
	Forms            *FormStock    `json:"forms,omitempty"` // absent when it cannot be read
}

// FormStock is the output of `stock`, and a part of that of `status`: the doctor's own pre-printed forms.
type FormStock struct {
	Used    bool   `json:"used"`              // paper prescriptions are printed on them
	Left    int    `json:"left"`              // so many are left, as counted
	Low     int    `json:"low"`               // with so many left, or fewer, it is told
	Short   bool   `json:"short"`             // used, and so few are left
	Counted string `json:"counted,omitempty"` // when the doctor last told how many there are
}

// Service is what is known of a remote service, and how.
type Service struct {
	Name         string       `json:"name"`
	Availability string       `json:"availability"`
	Since        string       `json:"since"`
	Reason       string       `json:"reason"`
	Evidence     List[string] `json:"evidence"`
}

// Settling is the output of `settle`.
type Settling struct {
	Duties List[Duty] `json:"duties"`
}

// Duty is one thing owed.
type Duty struct {
	ID           string       `json:"id"`
	Prescription rx.ID        `json:"prescription"`
	Kind         string       `json:"kind"`
	Since        string       `json:"since"`
	Deadline     string       `json:"deadline,omitempty"`
	Why          string       `json:"why"`
	Outcomes     List[string] `json:"outcomes"` // what a person may answer now; none: the program works at it
}

// Made is the output of `init`. The recovery code is shown this once and kept nowhere.
type Made struct {
	Directory    string `json:"directory"`
	Environment  string `json:"environment"`
	RecoveryCode string `json:"recovery_code"`
}

// The code is for JSON alone.
func (Made) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Made(…)") }
func (Made) LogValue() slog.Value       { return slog.StringValue("Made(…)") }

// Identity is the output of `identity add`, `show` and `forget`: the eHealth certificate that
// the directory keeps, or kept until now.
type Identity struct {
	Type        string                `json:"type"` // SSIN of a person; CBE, NIHII… of an organisation
	Number      string                `json:"number"`
	Name        string                `json:"name,omitempty"`
	Application string                `json:"application,omitempty"` // of an organisation with several certificates
	From        string                `json:"from"`
	Until       string                `json:"until"`
	RetiredKeys int                   `json:"retired_keys"` // for old messages
	Warnings    List[IdentityWarning] `json:"warnings"`
}

// IdentityWarning is something of a certificate that a person should know, the most urgent
// first.
type IdentityWarning struct {
	Code    string `json:"code"`
	Until   string `json:"until,omitempty"` // of what ends or has ended
	Days    int    `json:"days,omitempty"`  // of what ends: at most so many are left
	Message string `json:"message"`
	Next    string `json:"next"`
}

// The holder is for JSON alone.
func (Identity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Identity(…)") }
func (Identity) LogValue() slog.Value       { return slog.StringValue("Identity(…)") }

// Keystores is the output of `identity find`, newest first. A name usually holds the number
// of its holder.
type Keystores struct {
	Keystores List[KeystoreFile] `json:"keystores"`
}

// KeystoreFile is a file that may be a keystore; File is what `identity add` takes.
type KeystoreFile struct {
	File       string `json:"file"`
	Size       int    `json:"size"` // bytes
	Modified   string `json:"modified"`
	Acceptance bool   `json:"acceptance"` // by its name: of the acceptance environment
}

func (KeystoreFile) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "KeystoreFile(…)") }
func (KeystoreFile) LogValue() slog.Value       { return slog.StringValue("KeystoreFile(…)") }

// Verified is the output of `verify`: what a check of the data directory found. Exit code 0
// when it is sound, 5 when it is not.
type Verified struct {
	Sound         bool          `json:"sound"`
	Prescriptions Tally         `json:"prescriptions"`
	Patients      Tally         `json:"patients"`
	Orders        Tally         `json:"orders"`
	Findings      List[Finding] `json:"findings"`
}

// Tally counts what is sound of all that should be there.
type Tally struct {
	Sound int `json:"sound"`
	All   int `json:"all"`
}

// Finding is one thing that is wrong. Row is an id, a number or a name of a setting, ""
// when the table as a whole is meant.
type Finding struct {
	Table string `json:"table"`
	Row   string `json:"row,omitempty"`
	What  string `json:"what"` // unreadable, changed, missing, older, foreign, structure
}

// Exported is the output of `export`: the files that were written. Exit code 5 when
// something could not be read; the last of the files lists it.
type Exported struct {
	Directory     string       `json:"directory"`
	Files         List[string] `json:"files"`
	Patients      int          `json:"patients"`
	Prescriptions int          `json:"prescriptions"`
	Findings      int          `json:"findings"`
}

// PatientList is the output of `patients find`.
type PatientList struct {
	Patients List[FoundPatient] `json:"patients"`
}

// FoundPatient is a patient of the practice; ID is what `list --patient` takes.
type FoundPatient struct {
	ID rx.ID `json:"id"`
	rx.Patient
}

// Failure is the output of any command that fails, beside its sentences on the standard
// error. Faults are all faults of a file, each with its JSON path; Error is the first.
type Failure struct {
	Error  Fault       `json:"error"`
	Faults List[Fault] `json:"faults"`
}

// Fault is one fault: a code for programs, a sentence and a next step for people.
type Fault struct {
	Code    string `json:"code"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Next    string `json:"next"`
}

// Drill is the report of one drill. Duplicates and Lost are counted from the simulated
// server's ground truth and the papers handed over.
type Drill struct {
	Seed       int64              `json:"seed"`
	Issued     int                `json:"issued"`
	Confirmed  int                `json:"confirmed"`
	Paper      int                `json:"paper"`
	Refused    int                `json:"refused"`
	Withdrawn  int                `json:"withdrawn"`
	Unknown    int                `json:"unknown"`
	DutiesOpen int                `json:"duties_open"`
	Duplicates int                `json:"duplicates"`
	Lost       int                `json:"lost"`
	Patients   List[DrillPatient] `json:"patients"` // invented
	Documents  List[string]       `json:"documents"`
	Timeline   List[Happened]     `json:"timeline"`
}

// DrillPatient is an invented patient of a drill.
type DrillPatient struct {
	LastName  string `json:"last_name"`
	FirstName string `json:"first_name,omitempty"`
	BirthDate string `json:"birth_date,omitempty"`
}

// Simulation is where the simulated platform listens. Keystore and the rest of PKI are there
// when its directory was named.
type Simulation struct {
	STS         string `json:"sts"`       // WS-Trust
	STSLegacy   string `json:"sts_samlp"` // SAML 1.1 protocol
	ETK         string `json:"etk"`
	KGSS        string `json:"kgss"`
	Prescriber  string `json:"prescriber"`
	Alternate   string `json:"prescriber_alternate"` // the same service, as the second end point of the service list
	ServiceList string `json:"service_list"`
	Status      string `json:"status"`
	Control     string `json:"control"`
	Pharmacist  string `json:"pharmacist"`
	Patient     string `json:"patient"`
	PKI         string `json:"pki,omitempty"`
	Keystore    string `json:"keystore,omitempty"` // of the simulation's doctor
	Password    string `json:"password,omitempty"` // of the keystores
}

// ProfileList is the output of `relais profiles`: those that are compiled in.
type ProfileList struct {
	Profiles List[ProfileLine] `json:"profiles"`
}

// ProfileLine is one of them. Missing is what keeps it from starting; none: it is ready.
type ProfileLine struct {
	Name      string            `json:"name"`
	Missing   List[string]      `json:"missing"`
	Endpoints *config.Endpoints `json:"endpoints,omitempty"` // absent: simulated inside the program
}
