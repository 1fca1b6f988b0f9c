package model

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// Posologies in few keys: "1x3" in the dose is one unit three times a day, "1x3x7" for seven days, "1x3?" as needed; and
// Down takes, one after the other, those that are usual for the product: this patient's own, the favourites', then a short
// table by unit. What stands there is always shown in full words.

// daily is the rhythm of so many times a day.
const daily = "d1"

// rhythms are the others: a span, or a day of each week.
var rhythms = map[string]rx.Span{"d2": {Value: 2, Unit: "d"}, "d3": {Value: 3, Unit: "d"}, "wk": {Value: 1, Unit: "wk"}, "mo": {Value: 1, Unit: "mo"}}

// rhythmOrder is how they are listed; the days of the week stand behind "wk".
var rhythmOrder = append(append([]string{daily, "d2", "d3", "wk"}, rx.Weekdays...), "mo")

// otherRhythm is what a line from elsewhere has and the list does not.
const otherRhythm = "other"

// moments are the parts of a day that a weekly dose may name.
var moments = []string{"morning", "noon", "evening", "hs"}

var short = regexp.MustCompile(`^\s*(\d+(?:[.,]\d+)?)\s*[xX*×]\s*(\d+)(?:\s*[xX*×]\s*(\d+))?\s*(\?)?\s*$`)

// shorthand is dose, times, days and as-needed, as typed in their inputs or all in the dose.
func (e *Entry) shorthand() (dose, times, days string, asNeeded bool) {
	m := short.FindStringSubmatch(e.dose)
	if m == nil || e.rhythm != daily || e.free {
		return strings.TrimSpace(e.dose), e.times, e.days, e.asNeeded
	}
	if m[3] == "" {
		m[3] = e.days
	}
	return m[1], m[2], m[3], e.asNeeded || m[4] != ""
}

// spell puts what was typed in short into its inputs.
func (e *Entry) spell() { e.dose, e.times, e.days, e.asNeeded = e.shorthand() }

// setRhythm puts the rhythm into a line's posology, and its day into the regimen.
func (e *Entry) setRhythm(l *rx.Line, p *rx.Posology) {
	weekday := slices.Contains(rx.Weekdays, e.rhythm)
	span, listed := rhythms[e.rhythm]
	switch {
	case weekday:
		p.Every = &rx.Span{Value: 1, Unit: "wk"}
		l.Regimen = []rx.RegimenEntry{{Weekday: e.rhythm, DayPeriod: e.moment, Quantity: p.Dose}}
	case listed:
		p.Every = &span
	case e.rhythm == otherRhythm:
		p.Every = e.rest.Posology.Every
	}
}

// showPosology puts a line's posology into the inputs.
func (e *Entry) showPosology(l rx.Line) {
	p := l.Posology
	e.free, e.text, e.unit, e.asNeeded = p.Text != "", p.Text, p.Unit, p.AsNeeded
	e.dose = ""
	if !p.Dose.IsZero() {
		e.dose = i18n.Number(e.env.Lang, p.Dose)
	}
	e.times, e.days, e.rhythm, e.moment = digits(p.TimesPerDay), digits(p.DurationDays), daily, ""
	if p.Every == nil {
		return
	}
	e.rhythm = otherRhythm
	for name, span := range rhythms {
		if span == *p.Every {
			e.rhythm = name
		}
	}
	if r := l.Regimen; e.rhythm == "wk" && len(r) == 1 && r[0].Weekday != "" && r[0].Quantity == p.Dose && (r[0].DayPeriod == "" || slices.Contains(moments, r[0].DayPeriod)) && r[0].Time == "" {
		e.rhythm, e.moment, e.rest.Regimen = r[0].Weekday, r[0].DayPeriod, nil
	}
}

// firstRhythm is what a newly chosen product begins with: daily but for what must not be.
func (e *Entry) firstRhythm() string {
	l := rx.Line{Kind: e.kind, CNK: e.medicine.CNK, VMPGroup: e.medicine.VMPGroup, Name: e.name}
	if e.kind == rx.INN || e.kind == rx.Package {
		l.Name = ""
	}
	switch days, _ := e.env.Service.Rhythm(l); {
	case days >= 7:
		return "wk"
	case days > 1:
		return "d3"
	}
	return daily
}

// usual are the posologies that Down takes in turn.
func (e *Entry) usual() (list []rx.Posology) {
	if e.kind != rx.Package && e.kind != rx.INN {
		return nil
	}
	add := func(p rx.Posology) {
		if p.Structured() && p.Unit == e.medicine.Unit && !slices.ContainsFunc(list, func(o rx.Posology) bool { return reflect.DeepEqual(o, p) }) {
			list = append(list, p)
		}
	}
	for _, item := range e.past() {
		if len(item.Facts.Content.Regimen) == 0 && sameProduct(item, e.medicine) {
			add(item.Facts.Content.Posology)
		}
	}
	for _, l := range e.shelf().Favourites {
		if m, ok := e.env.find(l); ok && len(l.Regimen) == 0 && m.Unit == e.medicine.Unit && m.Strength == e.medicine.Strength && slices.Equal(m.Ingredients, e.medicine.Ingredients) {
			add(l.Posology)
		}
	}
	if e.firstRhythm() == daily {
		for _, p := range usualByUnit[e.medicine.Unit] {
			p.Unit = e.medicine.Unit
			add(p)
		}
	}
	return list
}

// usualByUnit are the posologies that are written most, in thousandths of a unit. Units of which the amount depends on the
// patient have none.
var usualByUnit = map[string][]rx.Posology{
	"tablet":      {{Dose: 1000, TimesPerDay: 1}, {Dose: 1000, TimesPerDay: 2}, {Dose: 1000, TimesPerDay: 3}, {Dose: 1000, TimesPerDay: 3, AsNeeded: true}},
	"capsule":     {{Dose: 1000, TimesPerDay: 1}, {Dose: 1000, TimesPerDay: 2}, {Dose: 1000, TimesPerDay: 3}, {Dose: 1000, TimesPerDay: 3, AsNeeded: true}},
	"sachet":      {{Dose: 1000, TimesPerDay: 1}, {Dose: 1000, TimesPerDay: 2}, {Dose: 1000, TimesPerDay: 3}},
	"puff":        {{Dose: 2000, TimesPerDay: 2}, {Dose: 1000, TimesPerDay: 2}, {Dose: 2000, TimesPerDay: 4, AsNeeded: true}},
	"spray":       {{Dose: 1000, TimesPerDay: 2}, {Dose: 2000, TimesPerDay: 1}},
	"drop":        {{Dose: 1000, TimesPerDay: 2}, {Dose: 1000, TimesPerDay: 4}},
	"application": {{Dose: 1000, TimesPerDay: 2}, {Dose: 1000, TimesPerDay: 1}},
	"suppository": {{Dose: 1000, TimesPerDay: 3, AsNeeded: true}, {Dose: 1000, TimesPerDay: 1}},
	"ovule":       {{Dose: 1000, TimesPerDay: 1}},
}

// take puts usual posology i there. A duration that was typed stays when the posology has none.
func (e *Entry) take(i int) {
	list := e.usual()
	if i < 0 || i >= len(list) || e.free {
		return
	}
	days := e.days
	e.edited, e.nth = true, i
	e.showPosology(rx.Line{Posology: list[i]})
	if e.days == "" {
		e.days = days
	}
}

func (e *Entry) viewRhythm(v *EntryView, faults rx.Faults) {
	lang := e.env.Lang
	v.Daily, v.Weekday = e.rhythm == daily, slices.Contains(rx.Weekdays, e.rhythm)
	for _, r := range rhythmOrder {
		label := ""
		span, listed := rhythms[r]
		switch {
		case r == daily:
			label = i18n.Text(lang, "ui.rhythm.daily")
		case listed:
			label = i18n.Count(lang, "every."+span.Unit, span.Value)
		default:
			label = i18n.Text(lang, "ui.rhythm.weekday", "day", i18n.Text(lang, "weekday."+r))
		}
		v.Rhythms = append(v.Rhythms, Choice{Value: r, Label: label, Chosen: e.rhythm == r})
	}
	if e.rhythm == otherRhythm {
		s := *e.rest.Posology.Every
		v.Rhythms = append(v.Rhythms, Choice{Value: otherRhythm, Label: i18n.Count(lang, "every."+s.Unit, s.Value), Chosen: true})
	}
	for _, m := range moments {
		v.Moments = append(v.Moments, Choice{Value: m, Label: i18n.Text(lang, "day-period."+m), Chosen: e.moment == m})
	}
	v.AskWhy = e.why != "" || slices.ContainsFunc(faults, func(f *rx.Error) bool { return f.Code == rx.CodeRiskTooOften })
	if e.free || e.dose != "" && e.nth < 0 { // what was typed stands; Down still takes another
		return
	}
	for i, p := range e.usual() {
		v.Usual = append(v.Usual, Button{Label: i18n.Posology(lang, p), On: true, Strong: i == e.nth, Press: e.env.press(func() { e.take(i); e.touched() })})
	}
}

// posology is a line's in words, with the days that it names.
func (e *Env) posology(l rx.Line) string {
	p := l.Posology
	if p.Text == "" && (!p.Structured() || p.Unit == "" && p.UnitText == "") {
		return ""
	}
	text := i18n.Posology(e.Lang, p)
	if len(l.Regimen) > 0 {
		text += " · " + i18n.Regimen(e.Lang, l.Regimen, p)
	}
	return text
}
