package model

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// maxHits is the most results of a search that are shown; more ask for another letter.
const maxHits = 30

// sureLetters is from how many letters on the first result is chosen beforehand (workflow facts §4, point 19).
const sureLetters = 3

// Entry is the line that is being written: first a search, then a product with its dose.
type Entry struct {
	env     *Env
	patient func() rx.Patient
	touched func() // something of the line changed

	words   string
	hits    []rx.Medicine
	hitsFor string // the words that hits answers
	sel     int    // of options; -1 none
	asked   turns

	chosen   bool
	kind     rx.Kind
	medicine rx.Medicine // package, inn
	name     string      // magistral, free

	dose, unit, times, days, text, quantity       string
	rhythm, moment                                string // one of rhythms; part of the day, with a weekday
	why                                           string // why a medicine of highest risk is taken more often
	begin, expires                                string
	reimbursement, instruction, visibility        string
	asNeeded, free, reimbursed, feedback, details bool
	rest                                          rx.Line // what a line has that the screen does not show
	tried                                         bool    // the line was refused: its faults are shown
	nth                                           int     // of usual: which one stands there; -1 none

	shelf  func() prescribing.Shelf
	past   func() []rx.Item
	copied *copied // where the line comes from, until it was read again
	edited bool    // since it came
}

// option is what may be taken from the results: a medicine, something without a code, or what is on the shelf.
type option struct {
	kind      rx.Kind
	medicine  rx.Medicine
	name      string
	favourite *rx.Line
	template  *prescribing.Template
}

// options are what is on the shelf, the results, and behind them what may be written without a code. While nothing is
// typed the shelf stands alone.
func (e *Entry) options() []option {
	words := strings.TrimSpace(e.words)
	if words != "" && e.hitsFor != e.words {
		return nil
	}
	var list []option
	shelf := e.shelf()
	for _, l := range shelf.Favourites {
		o := option{kind: l.Kind, name: l.Name + l.Text, favourite: &l}
		o.medicine, _ = e.env.find(l)
		if prescribing.Holds(words, e.env.optionText(o), o.medicine.Substance.In(e.env.Lang)) {
			list = append(list, o)
		}
	}
	for _, t := range shelf.Templates {
		if prescribing.Holds(words, t.Name) {
			list = append(list, option{template: &t})
		}
	}
	if words == "" {
		return list
	}
	for _, m := range e.hits {
		kind := rx.Package
		if m.IsGroup() {
			kind = rx.INN
		}
		list = append(list, option{kind: kind, medicine: m})
	}
	return append(list, option{kind: rx.Free, name: words}, option{kind: rx.Magistral, name: words})
}

// section is the heading under which an option stands.
func (o option) section() string {
	switch {
	case o.favourite != nil:
		return "ui.section.favourites"
	case o.template != nil:
		return "ui.section.templates"
	case o.medicine.CNK == "" && o.medicine.VMPGroup == "":
		return "ui.section.uncoded"
	}
	return "ui.section.file"
}

// find gives what the medicines file has for the code of a line.
func (e *Env) find(l rx.Line) (rx.Medicine, bool) {
	if l.CNK != "" {
		return e.Service.Medicines.ByCNK(l.CNK)
	}
	if l.VMPGroup == "" {
		return rx.Medicine{}, false
	}
	return e.Service.Medicines.ByGroup(l.VMPGroup)
}

// Search looks for medicines as they are typed.
func (e *Entry) Search(words string) {
	e.words, e.sel = words, -1
	last := e.asked.next()
	if strings.TrimSpace(words) == "" {
		return
	}
	e.env.Do(func(context.Context) func() {
		hits := e.env.Service.Medicines.Search(words, maxHits)
		return func() {
			if !last() {
				return
			}
			e.hits, e.hitsFor, e.sel = hits, words, -1
			if len(e.options()) > 2 && len([]rune(strings.TrimSpace(words))) >= sureLetters {
				e.sel = 0
			}
			e.env.Changed()
		}
	})
}

// Move changes which result is selected.
func (e *Entry) Move(by int) {
	if n := len(e.options()); n > 0 {
		e.sel = max(0, min(n-1, e.sel+by))
	}
}

// choose takes the product of option o.
func (e *Entry) choose(o option) {
	if o.favourite != nil {
		e.open(*o.favourite)
		return
	}
	e.clear()
	e.chosen, e.kind, e.medicine, e.name = true, o.kind, o.medicine, o.name
	e.unit, e.reimbursed = o.medicine.Unit, o.medicine.Category != ""
	e.rhythm = e.firstRhythm()
	if e.kind != rx.INN {
		e.quantity = "1"
	}
}

// clear makes it empty; the search that may be under way is forgotten.
func (e *Entry) clear() {
	e.asked.next()
	*e = Entry{env: e.env, patient: e.patient, touched: e.touched, shelf: e.shelf, past: e.past, asked: e.asked, sel: -1, nth: -1}
}

// open takes a line back to be changed.
func (e *Entry) open(l rx.Line) {
	e.clear()
	e.chosen, e.kind, e.rest = true, l.Kind, l
	switch l.Kind {
	case rx.Package:
		e.medicine, _ = e.env.Service.Medicines.ByCNK(l.CNK)
		e.medicine.CNK = l.CNK
	case rx.INN:
		e.medicine, _ = e.env.Service.Medicines.ByGroup(l.VMPGroup)
		e.medicine.VMPGroup = l.VMPGroup
	case rx.Magistral:
		e.name = l.Text
	default:
		e.name = l.Name
	}
	e.showPosology(l)
	e.quantity = digits(l.Quantity)
	if e.days == "" && l.Duration != nil {
		e.days = digits(l.Duration.Days())
	}
	e.begin, e.expires = i18n.Date(l.Begin), i18n.Date(l.Expires)
	e.reimbursed, e.reimbursement, e.visibility, e.feedback = l.Reimbursed, l.InstructionReimbursement, string(l.Visibility), l.Feedback
	e.why, e.instruction = prescribing.RiskReason(l), prescribing.Instruction(l)
}

func digits(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Set takes what is typed or chosen in a field.
func (e *Entry) Set(f Field, value string) {
	e.edited = true
	if f != FieldDose {
		e.spell()
	}
	if to := e.field(f); to != nil {
		*to = value
	}
	if f == FieldDose || f == FieldTimes || f == FieldRhythm {
		e.nth = -1
	}
}

// field is where what is typed in an input stands, nil for none of the entry's.
func (e *Entry) field(f Field) *string {
	switch f {
	case FieldDose:
		return &e.dose
	case FieldUnit:
		return &e.unit
	case FieldTimes:
		return &e.times
	case FieldDays:
		return &e.days
	case FieldRhythm:
		return &e.rhythm
	case FieldMoment:
		return &e.moment
	case FieldWhy:
		return &e.why
	case FieldText:
		return &e.text
	case FieldQuantity:
		return &e.quantity
	case FieldBegin:
		return &e.begin
	case FieldExpires:
		return &e.expires
	case FieldReimbursement:
		return &e.reimbursement
	case FieldInstruction:
		return &e.instruction
	case FieldVisibility:
		return &e.visibility
	}
	return nil
}

// build makes the line of what is typed. What is no number or date has its fault here; the rules are rx.Check's.
func (e *Entry) build() (rx.Line, rx.Faults) {
	var faults rx.Faults
	whole := func(path, s string, most int) int {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if strings.TrimSpace(s) == "" {
			return 0
		}
		if err != nil || n < 1 || n > most {
			faults = append(faults, rx.Fault(rx.CodeOutOfRange, "min", "1", "max", strconv.Itoa(most)).At(path))
		}
		return n
	}
	day := func(path, s string) rx.Date {
		if s = strings.TrimSpace(s); s == "" {
			return rx.Date{}
		}
		d, err := parseDay(s)
		if err != nil {
			faults = append(faults, rx.Fault(rx.CodeDateForm).At(path))
		}
		return d
	}
	l := e.rest
	l.Kind, l.CNK, l.VMPGroup, l.Name, l.Text = e.kind, "", "", "", ""
	l.Quantity, l.Duration, l.Posology = 0, nil, rx.Posology{}
	switch e.kind {
	case rx.Package:
		l.CNK = e.medicine.CNK
	case rx.INN:
		l.VMPGroup = e.medicine.VMPGroup
	case rx.Magistral:
		l.Text = e.name
	default:
		l.Name = e.name
	}
	dose, times, typedDays, asNeeded := e.shorthand()
	days := 0
	if e.free {
		l.Posology.Text = strings.TrimSpace(e.text)
	}
	if !e.free || e.kind == rx.INN {
		days = whole("$.posology.duration_days", typedDays, rx.MaxDays)
	}
	if !e.free {
		p := rx.Posology{Unit: e.unit, UnitText: e.rest.Posology.UnitText, AsNeeded: asNeeded, DurationDays: days}
		if p.Unit != "" {
			p.UnitText = ""
		}
		if dose != "" {
			d, err := rx.ParseDecimal(dose)
			if err != nil {
				faults = append(faults, rx.Fault(rx.CodeDecimalForm).At("$.posology.dose"))
			}
			p.Dose = d
		}
		if e.rhythm == daily {
			p.TimesPerDay = whole("$.posology.times_per_day", times, rx.MaxTimesPerDay)
		}
		e.setRhythm(&l, &p)
		if slices.Contains(rx.Weekdays, e.rhythm) && e.moment == "" {
			faults = append(faults, rx.Fault(rx.CodeMissing).At("$.regimen[0].day_period"))
		}
		l.Posology = p
	}
	if e.kind == rx.INN {
		if days > 0 {
			l.Duration = &rx.Span{Value: days, Unit: "d"}
		}
	} else {
		l.Quantity = whole("$.quantity", e.quantity, rx.MaxQuantity)
	}
	l.Begin, l.Expires = day("$.begin", e.begin), day("$.expires", e.expires)
	l.Reimbursed, l.InstructionReimbursement, l.Visibility, l.Feedback = e.reimbursed, e.reimbursement, rx.Visibility(e.visibility), e.feedback
	l.InstructionPatient = strings.TrimSpace(e.instruction)
	if e.why != "" && e.env.Service.TooOften(l) {
		l = prescribing.WithRiskReason(l, e.env.documentLang(e.patient()), e.why)
	}
	return l, faults
}

// documentLang is the language of what a screen writes onto documents by itself.
func (e *Env) documentLang(p rx.Patient) rx.Lang {
	for _, l := range []rx.Lang{p.Language, e.Lang} {
		if slices.Contains(rx.DocumentLangs, l) {
			return l
		}
	}
	return rx.FR
}

// checked is the line with its faults and warnings; paths begin at the line ("$.quantity").
func (e *Entry) checked() (rx.Line, rx.CheckedLine, rx.Faults, rx.Faults) {
	l, faults := e.build()
	c, more, warnings := e.env.checkLine(e.patient(), l)
	for _, f := range more {
		if !slices.ContainsFunc(faults, func(has *rx.Error) bool { return strings.HasPrefix(has.Path, f.Path) }) {
			faults = append(faults, f) // else what cannot be read is said already
		}
	}
	return l, c, faults, warnings
}

// anyID stands in for the id that a request gets when it is kept.
const anyID rx.ID = "00000000-0000-7000-8000-000000000000"

// checkLine is rx.Check on one line of a patient; paths begin at the line.
func (e *Env) checkLine(p rx.Patient, l rx.Line) (rx.CheckedLine, rx.Faults, rx.Faults) {
	const at = "$.lines[0]"
	checked, warnings, err := e.Service.Check(rx.Request{ID: anyID, Patient: p, Lines: []rx.Line{l}}, how(p))
	var faults rx.Faults
	errors.As(err, &faults)
	of := func(all rx.Faults) (some rx.Faults) {
		for _, f := range all {
			if rest, ok := strings.CutPrefix(f.Path, at); ok {
				f := *f
				some = append(some, f.At("$"+rest))
			}
		}
		return some
	}
	return checked.Lines[0], of(faults), of(warnings)
}

// how an order of p is issued when nothing else is said: without national number on paper alone.
func how(p rx.Patient) prescribing.How {
	if p.SSIN == "" {
		return prescribing.How{Paper: rx.PaperReason("no-ssin-" + p.NoSSIN)}
	}
	return prescribing.How{}
}
