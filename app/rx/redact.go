package rx

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// What holds patient data prints itself as its name and nothing else, with every
// verb of fmt and in slog, also inside a struct, slice or map. Whoever needs the
// value converts it (string(ssin)) or reads the field, which a reviewer can see.
//
// Go leaves three holes, which no method can close: an unexported field of such a
// type inside another struct (fmt may not call its methods: give that struct its own
// Format), verbs that a value does not take (go vet refuses them), and encoding/json,
// which must write the data: a slog.JSONHandler needs RedactAttr as its ReplaceAttr.

func redact(f fmt.State, name string) { _, _ = io.WriteString(f, name+"(…)") }

func (SSIN) Format(f fmt.State, _ rune)  { redact(f, "SSIN") }
func (NIHII) Format(f fmt.State, _ rune) { redact(f, "NIHII") }
func (CNK) Format(f fmt.State, _ rune)   { redact(f, "CNK") }
func (RID) Format(f fmt.State, _ rune)   { redact(f, "RID") }
func (KeyID) Format(f fmt.State, _ rune) { redact(f, "KeyID") }

func (SSIN) String() string  { return "SSIN(…)" }
func (NIHII) String() string { return "NIHII(…)" }
func (CNK) String() string   { return "CNK(…)" }
func (RID) String() string   { return "RID(…)" }
func (KeyID) String() string { return "KeyID(…)" }

func (SSIN) GoString() string  { return "SSIN(…)" }
func (NIHII) GoString() string { return "NIHII(…)" }
func (CNK) GoString() string   { return "CNK(…)" }
func (RID) GoString() string   { return "RID(…)" }
func (KeyID) GoString() string { return "KeyID(…)" }

func (SSIN) LogValue() slog.Value  { return slog.StringValue("SSIN(…)") }
func (NIHII) LogValue() slog.Value { return slog.StringValue("NIHII(…)") }
func (CNK) LogValue() slog.Value   { return slog.StringValue("CNK(…)") }
func (RID) LogValue() slog.Value   { return slog.StringValue("RID(…)") }
func (KeyID) LogValue() slog.Value { return slog.StringValue("KeyID(…)") }

func (Patient) Format(f fmt.State, _ rune)  { redact(f, "Patient") }
func (Practice) Format(f fmt.State, _ rune) { redact(f, "Practice") }
func (Line) Format(f fmt.State, _ rune)     { redact(f, "Line") }
func (Posology) Format(f fmt.State, _ rune) { redact(f, "Posology") }
func (Request) Format(f fmt.State, _ rune)  { redact(f, "Request") }
func (Facts) Format(f fmt.State, _ rune)    { redact(f, "Facts") }
func (Problem) Format(f fmt.State, _ rune)  { redact(f, "Problem") }

func (Patient) LogValue() slog.Value  { return slog.StringValue("Patient(…)") }
func (Practice) LogValue() slog.Value { return slog.StringValue("Practice(…)") }
func (Line) LogValue() slog.Value     { return slog.StringValue("Line(…)") }
func (Posology) LogValue() slog.Value { return slog.StringValue("Posology(…)") }
func (Request) LogValue() slog.Value  { return slog.StringValue("Request(…)") }
func (Facts) LogValue() slog.Value    { return slog.StringValue("Facts(…)") }
func (Problem) LogValue() slog.Value  { return slog.StringValue("Problem(…)") }

func (Key) Format(f fmt.State, _ rune)     { redact(f, "Key") }
func (Parcel) Format(f fmt.State, _ rune)  { redact(f, "Parcel") }
func (Call) Format(f fmt.State, _ rune)    { redact(f, "Call") }
func (Issue) Format(f fmt.State, _ rune)   { redact(f, "Issue") }
func (Draft) Format(f fmt.State, _ rune)   { redact(f, "Draft") }
func (Known) Format(f fmt.State, _ rune)   { redact(f, "Known") }
func (Writing) Format(f fmt.State, _ rune) { redact(f, "Writing") }
func (Filter) Format(f fmt.State, _ rune)  { redact(f, "Filter") } // it may hold the words that are searched for

func (Key) LogValue() slog.Value     { return slog.StringValue("Key(…)") }
func (Parcel) LogValue() slog.Value  { return slog.StringValue("Parcel(…)") }
func (Call) LogValue() slog.Value    { return slog.StringValue("Call(…)") }
func (Issue) LogValue() slog.Value   { return slog.StringValue("Issue(…)") }
func (Draft) LogValue() slog.Value   { return slog.StringValue("Draft(…)") }
func (Known) LogValue() slog.Value   { return slog.StringValue("Known(…)") }
func (Writing) LogValue() slog.Value { return slog.StringValue("Writing(…)") }
func (Filter) LogValue() slog.Value  { return slog.StringValue("Filter(…)") }

func (Content) Format(f fmt.State, _ rune)     { redact(f, "Content") }
func (ContentLine) Format(f fmt.State, _ rune) { redact(f, "ContentLine") }
func (Letter) Format(f fmt.State, _ rune)      { redact(f, "Letter") }
func (Feedback) Format(f fmt.State, _ rune)    { redact(f, "Feedback") }
func (Notice) Format(f fmt.State, _ rune)      { redact(f, "Notice") }

func (Content) LogValue() slog.Value     { return slog.StringValue("Content(…)") }
func (ContentLine) LogValue() slog.Value { return slog.StringValue("ContentLine(…)") }
func (Letter) LogValue() slog.Value      { return slog.StringValue("Letter(…)") }
func (Feedback) LogValue() slog.Value    { return slog.StringValue("Feedback(…)") }
func (Notice) LogValue() slog.Value      { return slog.StringValue("Notice(…)") }

func (Compound) Format(f fmt.State, _ rune)     { redact(f, "Compound") }
func (RegimenEntry) Format(f fmt.State, _ rune) { redact(f, "RegimenEntry") }
func (Product) Format(f fmt.State, _ rune)      { redact(f, "Product") }
func (Prescriber) Format(f fmt.State, _ rune)   { redact(f, "Prescriber") }
func (Address) Format(f fmt.State, _ rune)      { redact(f, "Address") }
func (IssueItem) Format(f fmt.State, _ rune)    { redact(f, "IssueItem") }

func (Compound) LogValue() slog.Value     { return slog.StringValue("Compound(…)") }
func (RegimenEntry) LogValue() slog.Value { return slog.StringValue("RegimenEntry(…)") }
func (Product) LogValue() slog.Value      { return slog.StringValue("Product(…)") }
func (Prescriber) LogValue() slog.Value   { return slog.StringValue("Prescriber(…)") }
func (Address) LogValue() slog.Value      { return slog.StringValue("Address(…)") }
func (IssueItem) LogValue() slog.Value    { return slog.StringValue("IssueItem(…)") }

// The doctor's own words may say anything of anybody. What holds them beside other facts
// prints those facts, and that there are words; as %v whatever the verb, for of a verb that
// does not suit it fmt shows what a pointer points at, and calls no method there.

func (e Event) Format(f fmt.State, _ rune) {
	type event Event
	e.Text = said(e.Text)
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, 'v'), event(e))
}

func (n Notes) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, 'v'), n.shown())
}

// notes has the fields of Notes and none of its methods.
type notes Notes

func (n Notes) shown() notes {
	n.ReasonText = said(n.ReasonText)
	return notes(n)
}

// A token of the service may be made of anything.
func (r Reply) Format(f fmt.State, _ rune) {
	type reply Reply
	r.Session = said(r.Session)
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, 'v'), reply(r))
}

// Format has to name the fields: what embeds Notes would print itself as Notes.
func (p Prescription) Format(f fmt.State, _ rune) {
	type prescription struct {
		ID, Order         ID
		Line              int
		Patient           ID
		Version           int64
		State             State
		Issued            time.Time
		Begin, Expires    Date
		Electronic, Proof bool
		Replaces          ID
		Attempts          []Attempt
		Records           []Record
		Sheets            []Sheet
		Notes             notes
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, 'v'), prescription{p.ID, p.Order, p.Line, p.Patient, p.Version, p.State, p.Issued, p.Begin, p.Expires,
		p.Electronic, p.Proof, p.Replaces, p.Attempts, p.Records, p.Sheets, p.Notes.shown()})
}

func said(words string) string {
	if words == "" {
		return ""
	}
	return "…"
}

func (r Reply) LogValue() slog.Value        { return slog.StringValue(fmt.Sprintf("%+v", r)) }
func (e Event) LogValue() slog.Value        { return slog.StringValue(fmt.Sprintf("%+v", e)) }
func (n Notes) LogValue() slog.Value        { return slog.StringValue(fmt.Sprintf("%+v", n)) }
func (p Prescription) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", p)) }

// RedactAttr is the ReplaceAttr of every JSON log: what is not a plain value is
// written as fmt prints it, and so redacted at any depth.
func RedactAttr(_ []string, a slog.Attr) slog.Attr {
	if _, source := a.Value.Any().(*slog.Source); !source && a.Value.Kind() == slog.KindAny {
		a.Value = slog.StringValue(fmt.Sprintf("%+v", a.Value.Any()))
	}
	return a
}
