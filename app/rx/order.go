package rx

// Kind of a line, by what it names.
type Kind string

const (
	Package   Kind = "package"   // a package by its CNK
	INN       Kind = "inn"       // a VMP group or an INN cluster (DCI, VOS)
	Magistral Kind = "magistral" // a preparation: free text, formulary reference or compounds
	Free      Kind = "free"      // a product by its name alone, without code
)

// Kinds are the values of Kind.
var Kinds = []Kind{Package, INN, Magistral, Free}

// Visibility of an electronic prescription to pharmacists (VISI flag).
type Visibility string

const (
	Open   Visibility = "open"   // every pharmacist finds it with the patient's eID
	Locked Visibility = "locked" // only the bar code of the proof opens it
)

// Visibilities are the values of Visibility.
var Visibilities = []Visibility{Open, Locked}

// MaxLines is the most lines of one order: KMEHR's ten items of a heading.
const MaxLines = 10

// Request is what the doctor, or a program for the doctor, asks to prescribe: the
// order file of `relais prescribe`, and the content of a draft. Defaults are not
// filled in; Check tells what is wrong with it.
type Request struct {
	ID      ID        `json:"id,omitempty"` // of the order, made by the caller
	Patient Patient   `json:"patient"`
	Lines   []Line    `json:"lines"`
	Proof   ProofWish `json:"proof,omitempty"`
}

// Line is one product of a request.
type Line struct {
	Kind       Kind       `json:"kind"`
	CNK        CNK        `json:"cnk,omitempty"`         // package
	VMPGroup   string     `json:"vmp_group,omitempty"`   // inn: 7 digits, zero padded
	INNCluster string     `json:"inn_cluster,omitempty"` // inn: 7 digits, first 8 or 0
	Name       string     `json:"name,omitempty"`        // free; beside a code it must agree with the medicines file
	Text       string     `json:"text,omitempty"`        // magistral, free text
	Formulary  string     `json:"formulary,omitempty"`   // magistral: CD-FORMULARYREFERENCE, 7 digits starting 05
	Compounds  []Compound `json:"compounds,omitempty"`   // magistral, composed

	Quantity int      `json:"quantity,omitempty"` // packages; forbidden on an inn line
	Duration *Span    `json:"duration,omitempty"` // of the treatment; an inn line gives it in place of a quantity
	Posology Posology `json:"posology"`

	Begin   Date `json:"begin,omitzero"`   // not to be executed before; absent: today
	Expires Date `json:"expires,omitzero"` // last day of execution; absent: begin + 3 months - 1 day

	Reimbursed               bool       `json:"reimbursed,omitempty"`
	InstructionReimbursement string     `json:"instruction_reimbursement,omitempty"` // one of ReimbursementInstructions
	InstructionPatient       string     `json:"instruction_patient,omitempty"`
	Visibility               Visibility `json:"visibility,omitempty"`
	Feedback                 bool       `json:"feedback,omitempty"`

	Regimen             []RegimenEntry `json:"regimen,omitempty"`
	Renewal             *Renewal       `json:"renewal,omitempty"`
	Route               string         `json:"route,omitempty"` // CD-DRUG-ROUTE
	SubstitutionAllowed *bool          `json:"substitution_allowed,omitempty"`
	Temporality         string         `json:"temporality,omitempty"` // CD-TEMPORALITY
}

// Compound is one ingredient of a magistral preparation.
type Compound struct {
	Name     string  `json:"name"`
	Quantity Decimal `json:"quantity"`
	Unit     string  `json:"unit"` // as written on the prescription: g, mg, ml
}

// Span is a length of treatment; units of CD-TIMEUNIT.
type Span struct {
	Value int    `json:"value"`
	Unit  string `json:"unit"` // one of TimeUnits
}

// TimeUnits are the units of a Span with their length in days (0: less than one).
var TimeUnits = map[string]int{"hr": 0, "d": 1, "wk": 7, "mo": 30, "a": 365}

// Days is the length in whole days, 0 when it is less than one.
func (s Span) Days() int { return s.Value * TimeUnits[s.Unit] }

// RegimenEntry is one moment of a dosing scheme: a day (number, date or weekday)
// and a time or part of it, with the dose.
type RegimenEntry struct {
	DayNumber int     `json:"day_number,omitempty"`
	Date      Date    `json:"date,omitzero"`
	Weekday   string  `json:"weekday,omitempty"`    // monday … sunday (CD-WEEKDAY)
	Time      string  `json:"time,omitempty"`       // HH:MM
	DayPeriod string  `json:"day_period,omitempty"` // CD-DAYPERIOD: morning, noon, evening, hs …
	Quantity  Decimal `json:"quantity"`
}

// Renewal says how often and at what interval the prescription may be renewed.
type Renewal struct {
	Times    int  `json:"times"`
	Interval Span `json:"interval"`
}

// ReimbursementInstructions are the coded notes for the pharmacist (eHealth list
// of instructions for reimbursement), by our word.
var ReimbursementInstructions = []string{
	"third-party-payer", "first-dose", "second-dose", "third-dose", "care-path-kidney", "care-path-diabetes",
	"diabetes-convention", "not-reimbursable", "start-path-diabetes-2",
}

// Temporalities are the words of CD-TEMPORALITY that a prescription uses.
var Temporalities = []string{"acute", "chronic", "oneshot"}

// Routes are the words of CD-DRUG-ROUTE that a prescription uses, by our word.
var Routes = []string{"oral", "cutaneous", "inhalation", "nasal", "ocular", "auricular", "rectal", "vaginal",
	"subcutaneous", "intramuscular", "intravenous", "transdermal", "sublingual"}

// Weekdays and DayPeriods are the words of a regimen.
var (
	Weekdays   = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	DayPeriods = []string{"morning", "noon", "afternoon", "evening", "hs", "beforemeal", "duringmeal", "aftermeal"}
)
