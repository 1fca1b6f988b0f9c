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

	dose, unit, times, days, text, quantity, expires string
	asNeeded, free                                   bool
	rest                                             rx.Line // what a line has that the screen does not show
	tried                                            bool    // the line was refused: its faults are shown
}

// options are the results and, behind them, what may be written without a code.
func (e *Entry) options() []option {
	if strings.TrimSpace(e.words) == "" || e.hitsFor != e.words {
		return nil
	}
	var list []option
	for _, m := range e.hits {
		kind := rx.Package
		if m.IsGroup() {
			kind = rx.INN
		}
		list = append(list, option{kind: kind, medicine: m})
	}
	return append(list, option{kind: rx.Free, name: strings.TrimSpace(e.words)}, option{kind: rx.Magistral, name: strings.TrimSpace(e.words)})
}

type option struct {
	kind     rx.Kind
	medicine rx.Medicine
	name     string
}

// Search looks for medicines as they are typed.
func (e *Entry) Search(words string) {
	e.words = words
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
			if len(hits) > 0 && len([]rune(strings.TrimSpace(words))) >= sureLetters {
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

// choose takes option i; it tells whether there was one.
func (e *Entry) choose(i int) bool {
	options := e.options()
	if i < 0 || i >= len(options) {
		return false
	}
	o := options[i]
	e.clear()
	e.chosen, e.kind, e.medicine, e.name = true, o.kind, o.medicine, o.name
	e.unit = o.medicine.Unit
	if e.kind != rx.INN {
		e.quantity = "1"
	}
	return true
}

// clear makes it empty; the search that may be under way is forgotten.
func (e *Entry) clear() {
	e.asked.next()
	*e = Entry{env: e.env, patient: e.patient, touched: e.touched, asked: e.asked, sel: -1}
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
	p := l.Posology
	e.free, e.text, e.unit, e.asNeeded = p.Text != "", p.Text, p.Unit, p.AsNeeded
	if !p.Dose.IsZero() {
		e.dose = i18n.Number(e.env.Lang, p.Dose)
	}
	e.times, e.days, e.quantity = digits(p.TimesPerDay), digits(p.DurationDays), digits(l.Quantity)
	if e.days == "" && l.Duration != nil {
		e.days = digits(l.Duration.Days())
	}
	e.expires = i18n.Date(l.Expires)
}

func digits(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Set takes what is typed or chosen in a field.
func (e *Entry) Set(f Field, value string) {
	switch f {
	case FieldDose:
		e.dose = value
	case FieldUnit:
		e.unit = value
	case FieldTimes:
		e.times = value
	case FieldDays:
		e.days = value
	case FieldText:
		e.text = value
	case FieldQuantity:
		e.quantity = value
	case FieldExpires:
		e.expires = value
	}
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
	l := e.rest
	l.Kind, l.CNK, l.VMPGroup, l.Name, l.Text = e.kind, "", "", "", ""
	l.Quantity, l.Duration, l.Posology, l.Expires = 0, nil, rx.Posology{}, rx.Date{}
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
	days := 0
	if e.free {
		l.Posology.Text = strings.TrimSpace(e.text)
	}
	if !e.free || e.kind == rx.INN {
		days = whole("$.posology.duration_days", e.days, rx.MaxDays)
	}
	if !e.free {
		p := rx.Posology{Unit: e.unit, TimesPerDay: whole("$.posology.times_per_day", e.times, rx.MaxTimesPerDay), AsNeeded: e.asNeeded, DurationDays: days}
		if p.TimesPerDay == 0 {
			p.Every = e.rest.Posology.Every
		}
		if dose := strings.TrimSpace(e.dose); dose != "" {
			d, err := rx.ParseDecimal(dose)
			if err != nil {
				faults = append(faults, rx.Fault(rx.CodeDecimalForm).At("$.posology.dose"))
			}
			p.Dose = d
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
	if s := strings.TrimSpace(e.expires); s != "" {
		d, err := parseDay(s)
		if err != nil {
			faults = append(faults, rx.Fault(rx.CodeDateForm).At("$.expires"))
		}
		l.Expires = d
	}
	return l, faults
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

// EntryView is what the entry shows.
type EntryView struct {
	Words  string
	Hits   []Hit // while searching
	Empty  string
	Chosen string // the product; "" while searching
	About  string // its kind and category

	Dose, Times, Days, Text, Quantity, Expires string
	Unit                                       int // of Units; -1 none
	Units                                      []string
	AsNeeded, Free                             bool
	Packs                                      bool   // quantity is asked; else the pharmacist chooses the package
	ExpiresHint                                string // the day that counts when nothing is typed
	QuantityLabel                              string

	Preview  string // the posology in words
	Coverage string
	Cover    []Button // what makes the packages fit
	Add      Button
	Forget   Button // another product instead
	Notices  []Notice
}

// Hit is one result of a search.
type Hit struct {
	Text, Strength, About string
	Selected              bool
	Press                 func()
}

func (e *Entry) view(choose func(int)) EntryView {
	lang := e.env.Lang
	v := EntryView{Words: e.words, Dose: e.dose, Times: e.times, Days: e.days, Text: e.text, Quantity: e.quantity, Expires: e.expires,
		AsNeeded: e.asNeeded, Free: e.free, Unit: slices.Index(rx.Units, e.unit)}
	if !e.chosen {
		for i, o := range e.options() {
			v.Hits = append(v.Hits, Hit{Text: e.env.optionText(o), Strength: o.medicine.Strength, About: e.env.optionAbout(o), Selected: i == e.sel, Press: e.env.press(func() { choose(i) })})
		}
		if strings.TrimSpace(e.words) == "" {
			v.Empty = i18n.Text(lang, "ui.medicine.empty")
		} else if e.hitsFor == e.words && len(e.hits) == 0 {
			v.Empty = i18n.Text(lang, "ui.medicine.none")
		}
		return v
	}
	o := option{e.kind, e.medicine, e.name}
	v.Chosen, v.About = e.env.optionText(o), e.env.optionAbout(o)
	for _, u := range rx.Units {
		v.Units = append(v.Units, i18n.Text(lang, "unit."+u+".many"))
	}
	v.Packs = e.kind != rx.INN
	v.QuantityLabel = i18n.Text(lang, "ui.field.packs")
	if e.kind == rx.Magistral {
		v.QuantityLabel = i18n.Text(lang, "ui.field.preparations")
	}
	v.ExpiresHint = i18n.Date(rx.DefaultExpiry(e.env.today()))

	l, _, faults, warnings := e.checked()
	if p := l.Posology; p.Text != "" || p.Structured() && (p.Unit != "" || p.UnitText != "") {
		v.Preview = i18n.Posology(lang, p)
	}
	if c, ok := rx.Covers(l.Posology, l.Duration, l.Quantity, e.medicine.PackSize, e.medicine.Unit); ok {
		v.Coverage = i18n.Coverage(lang, c, l.Posology.Unit)
		if c.Packs > l.Quantity && c.Packs <= rx.MaxQuantity {
			v.Cover = append(v.Cover, Button{Label: i18n.Count(lang, "ui.cover.packs", c.Packs), On: true, Press: e.env.press(func() { e.quantity = digits(c.Packs); e.touched() })})
		}
		if c.Needed > c.Days && c.Days > 0 {
			v.Cover = append(v.Cover, Button{Label: i18n.Count(lang, "ui.cover.days", c.Days), On: true, Press: e.env.press(func() { e.days = digits(c.Days); e.touched() })})
		}
	}
	if e.tried {
		v.Notices = e.env.faults(faults.OrNil())
	}
	if len(faults) == 0 {
		v.Notices = append(v.Notices, e.env.warnings(besides(warnings))...)
	}
	return v
}

// besides are the warnings that the coverage line does not say already, with what to do about it.
func besides(warnings rx.Faults) rx.Faults {
	return slices.DeleteFunc(slices.Clone(warnings), func(w *rx.Error) bool { return w.Code == rx.CodePacksTooFew })
}

func (e *Env) optionText(o option) string {
	if o.kind == rx.Package || o.kind == rx.INN {
		name := o.medicine.Name.In(e.Lang)
		if name == "" { // no longer in the medicines file
			name = string(o.medicine.CNK) + o.medicine.VMPGroup
		}
		return e.product(name, o.medicine.PackText.In(e.Lang), rx.Line{})
	}
	return o.name
}

// optionAbout is what sets results apart: what they are, and the category.
func (e *Env) optionAbout(o option) string {
	switch {
	case o.kind == rx.Free:
		return i18n.Text(e.Lang, "ui.option.free")
	case o.kind == rx.Magistral:
		return i18n.Text(e.Lang, "ui.option.magistral")
	case o.kind == rx.INN:
		return i18n.Text(e.Lang, "kind.inn")
	case o.medicine.Category != "":
		return i18n.Text(e.Lang, "ui.category", "category", o.medicine.Category)
	}
	return i18n.Text(e.Lang, "ui.not-reimbursed")
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
