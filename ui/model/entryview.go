package model

import (
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// EntryView is what the entry shows.
type EntryView struct {
	Words  string
	Hits   []Hit // while searching
	Empty  string
	Chosen string // the product; "" while searching
	About  string // its kind and category
	Copied string // where the line comes from, while it is to be read again

	Dose, Times, Days, Text, Quantity string
	Begin, Expires, Instruction, Why  string
	Unit                              int // of Units; -1 none
	Units                             []string
	Rhythms, Moments                  []Choice
	Reimbursements, Visibilities      []Choice
	AsNeeded, Free                    bool
	Reimbursed, Feedback              bool
	Packs                             bool   // quantity is asked; else the pharmacist chooses the package
	Daily, Weekday, AskWhy            bool   // which inputs the rhythm needs
	BeginHint, ExpiresHint            string // the day that counts when nothing is typed
	QuantityLabel                     string

	Usual    []Button // posologies that are usual for the product; Down takes them in turn
	Preview  string   // the posology in words
	Coverage string
	Cover    []Button // what makes the packages fit
	Details  bool     // dates, reimbursement, instruction and visibility are shown
	Summary  string   // what of them is not as usual, while they are not shown
	Add      Button
	More     Button // shows and hides the details
	Forget   Button // another product instead
	Favour   Button // keeps the line as a favourite
	Notices  []Notice
}

// Hit is one result of a search.
type Hit struct {
	Heading               string // of the section that begins with it; "" goes on
	Text, Strength, About string
	Selected              bool
	Press                 func()
	Side                  []Button
}

func (e *Entry) view(p *Prescribe) EntryView {
	lang := e.env.Lang
	v := EntryView{Words: e.words, Dose: e.dose, Days: e.days, Text: e.text, Quantity: e.quantity, Begin: e.begin, Expires: e.expires,
		Instruction: e.instruction, Why: e.why, Free: e.free, Reimbursed: e.reimbursed, Feedback: e.feedback, Details: e.details, Unit: slices.Index(rx.Units, e.unit)}
	if !e.chosen {
		e.viewHits(p, &v)
		return v
	}
	_, v.Times, v.Days, v.AsNeeded = e.shorthand()
	o := option{kind: e.kind, medicine: e.medicine, name: e.name}
	v.Chosen, v.About = e.env.optionText(o), e.env.optionAbout(o)
	if c := e.copied; c != nil {
		v.Copied = c.words(lang, len(p.w.queue))
	}
	for _, u := range rx.Units {
		v.Units = append(v.Units, i18n.Text(lang, "unit."+u+".many"))
	}
	v.Packs = e.kind != rx.INN
	v.QuantityLabel = i18n.Text(lang, "ui.field.packs")
	if e.kind == rx.Magistral {
		v.QuantityLabel = i18n.Text(lang, "ui.field.preparations")
	}
	begin := e.env.today()
	v.BeginHint = i18n.Date(begin)
	if d, err := parseDay(e.begin); err == nil {
		begin = d
	}
	v.ExpiresHint = i18n.Date(rx.DefaultExpiry(begin))

	l, _, faults, warnings := e.checked()
	v.Preview = e.env.posology(l)
	e.viewRhythm(&v, faults)
	e.viewDetails(&v, l)
	if c, ok := rx.Covers(l.Posology, l.Duration, l.Quantity, e.medicine.PackSize, e.medicine.Unit); ok {
		v.Coverage = i18n.Coverage(lang, c, l.Posology.Unit)
		if c.Packs > l.Quantity && c.Packs <= rx.MaxQuantity {
			v.Cover = append(v.Cover, Button{Label: i18n.Count(lang, "ui.cover.packs", c.Packs), On: true, Press: e.env.press(func() { e.quantity = digits(c.Packs); e.touched() })})
		}
		if c.Needed > c.Days && c.Days > 0 {
			v.Cover = append(v.Cover, Button{Label: i18n.Count(lang, "ui.cover.days", c.Days), On: true, Press: e.env.press(func() { e.spell(); e.days = digits(c.Days); e.touched() })})
		}
	}
	if e.tried {
		v.Notices = e.env.faults(faults.OrNil())
	}
	if len(faults) == 0 {
		v.Notices = append(v.Notices, e.env.warnings(besides(warnings))...)
	}
	if again := p.already(l); again != "" {
		v.Notices = append(v.Notices, Notice{Tone: Warn, Text: again})
	}
	return v
}

func (e *Entry) viewHits(p *Prescribe, v *EntryView) {
	lang, section := e.env.Lang, ""
	for i, o := range e.options() {
		h := Hit{Text: e.env.optionText(o), Strength: o.medicine.Strength, About: e.env.optionAbout(o), Selected: i == e.sel, Press: e.env.press(func() { p.Choose(i) })}
		if s := o.section(); s != section {
			h.Heading, section = i18n.Text(lang, s), s
		}
		switch {
		case o.favourite != nil:
			h.Side = []Button{{Label: i18n.Text(lang, "ui.shelf.drop"), On: true, Press: e.env.press(func() { p.dropFavourite(*o.favourite) })}}
		case o.template != nil:
			h.Side = []Button{{Label: i18n.Text(lang, "ui.shelf.drop"), On: true, Press: e.env.press(func() { p.dropTemplate(o.template.Name) })}}
		}
		v.Hits = append(v.Hits, h)
	}
	if strings.TrimSpace(e.words) == "" {
		v.Empty = i18n.Text(lang, "ui.medicine.empty")
	} else if e.hitsFor == e.words && len(e.hits) == 0 {
		v.Empty = i18n.Text(lang, "ui.medicine.none")
	}
}

// viewDetails shows the details, or says what of them is not as usual.
func (e *Entry) viewDetails(v *EntryView, l rx.Line) {
	lang := e.env.Lang
	list := func(family string, words []string, none string, chosen string) (list []Choice) {
		list = []Choice{{Label: i18n.Text(lang, none), Chosen: chosen == ""}}
		for _, w := range words {
			list = append(list, Choice{Value: w, Label: i18n.Text(lang, family+w), Chosen: chosen == w})
		}
		return list
	}
	v.Reimbursements = list("reimbursement.", rx.ReimbursementInstructions, "ui.none", e.reimbursement)
	for _, x := range rx.Visibilities {
		v.Visibilities = append(v.Visibilities, Choice{Value: string(x), Label: i18n.Text(lang, "visibility."+string(x)), Chosen: x == l.Visibility || l.Visibility == "" && x == rx.Open})
	}
	v.More.Label = i18n.Text(lang, "ui.details")
	if e.details {
		v.More.Label = i18n.Text(lang, "ui.details.hide")
		return
	}
	v.Summary = strings.Join(e.env.details(l), " · ")
}

// details are what a line says besides product, dose and quantity, as far as it is not as usual.
func (e *Env) details(l rx.Line) (parts []string) {
	lang := e.Lang
	if !l.Begin.IsZero() && l.Begin != e.today() {
		parts = append(parts, i18n.Text(lang, "ui.from", "date", i18n.Date(l.Begin)))
	}
	if l.InstructionReimbursement != "" {
		parts = append(parts, i18n.Text(lang, "reimbursement."+l.InstructionReimbursement))
	}
	if l.InstructionPatient != "" {
		parts = append(parts, i18n.Text(lang, "ui.instruction", "text", strings.ReplaceAll(l.InstructionPatient, "\n", " · ")))
	}
	if l.Visibility == rx.Locked {
		parts = append(parts, i18n.Text(lang, "visibility.locked"))
	}
	if l.Feedback {
		parts = append(parts, i18n.Text(lang, "ui.field.feedback"))
	}
	return parts
}

// besides are the warnings that the coverage line does not say already, with what to do about it.
func besides(warnings rx.Faults) rx.Faults {
	return slices.DeleteFunc(slices.Clone(warnings), func(w *rx.Error) bool { return w.Code == rx.CodePacksTooFew })
}

func (e *Env) optionText(o option) string {
	if o.template != nil {
		return o.template.Name
	}
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
	case o.template != nil:
		return i18n.Count(e.Lang, "ui.template.lines", len(o.template.Lines))
	case o.favourite != nil:
		return e.posology(*o.favourite)
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
