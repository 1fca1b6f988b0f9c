package i18n

import (
	"strings"

	"relais/app/rx"
)

// Rules of this file: workflow facts §4, points 11 to 14 and 17. An amount stands
// beside its unit without a line break, with a leading zero and no trailing one;
// words are whole: "unités", "jours", "microgrammes".

// smaller gives the unit in which an amount below one step reads without a decimal
// that could be overlooked: 0,5 g is 500 mg. Tenths of a milligram stay, since the
// packages themselves say 0,25 mg.
var smaller = map[string]struct {
	unit  string
	below rx.Decimal
}{
	"g":  {"mg", 1000},
	"mg": {"microgram", 100},
}

// Amount is a number of units: "1 gélule", "0,5 tablet", "500 mg". unit is one of
// rx.Units; text stands in its place when unit is "" and is not translated.
//
// Thousands are apart by the ordinary no-break space, not the thin one: the text of
// a posology travels in messages, and programs that know Latin-1 alone must not
// turn "10 000" into something else.
func Amount(lang rx.Lang, d rx.Decimal, unit, text string) string {
	for s, ok := smaller[unit]; ok && d < s.below; s, ok = smaller[unit] {
		d, unit = d*1000, s.unit
	}
	if unit != "" {
		text = Text(lang, "unit."+unit+"."+Plural(lang, d))
	}
	return strings.ReplaceAll(Number(lang, d)+noBreak+text, thinNoBreak, noBreak)
}

// Posology is p in words: "1 gélule 3 fois par jour pendant 5 jours". A free text
// is returned as it was written.
func Posology(lang rx.Lang, p rx.Posology) string {
	if !p.Structured() {
		return p.Text
	}
	parts := []string{Amount(lang, p.Dose, p.Unit, p.UnitText)}
	if p.TimesPerDay > 0 {
		parts = append(parts, joined(lang, "posology.times", p.TimesPerDay))
	}
	if p.Every != nil {
		parts = append(parts, joined(lang, "every."+p.Every.Unit, p.Every.Value))
	}
	if p.AsNeeded {
		parts = append(parts, Text(lang, "posology.as-needed"))
	}
	if p.DurationDays > 0 {
		parts = append(parts, Text(lang, "posology.for", "span", Span(lang, rx.Span{Value: p.DurationDays, Unit: "d"})))
	}
	return strings.Join(parts, " ")
}

// Span is a length of time: "5 jours", "2 weken".
func Span(lang rx.Lang, s rx.Span) string { return joined(lang, "span."+s.Unit, s.Value) }

// joined is Count with the number kept beside the word that follows it.
func joined(lang rx.Lang, key string, n int) string {
	return strings.Replace(Count(lang, key, n), Int(n)+" ", Int(n)+noBreak, 1)
}

// Regimen is a dosing scheme, moment by moment: "lundi, le matin : 1 comprimé ;
// jeudi, à 20:00 : 2 comprimés". The unit is that of p.
func Regimen(lang rx.Lang, entries []rx.RegimenEntry, p rx.Posology) string {
	moments := make([]string, len(entries))
	for i, e := range entries {
		var when []string
		if e.DayNumber > 0 {
			when = append(when, Text(lang, "regimen.day-number", "n", Int(e.DayNumber)))
		}
		if !e.Date.IsZero() {
			when = append(when, Date(e.Date))
		}
		if e.Weekday != "" {
			when = append(when, Text(lang, "weekday."+e.Weekday))
		}
		if e.Time != "" {
			when = append(when, Text(lang, "regimen.time", "time", e.Time))
		}
		if e.DayPeriod != "" {
			when = append(when, Text(lang, "day-period."+e.DayPeriod))
		}
		moments[i] = Text(lang, "regimen.entry", "when", strings.Join(when, ", "), "amount", Amount(lang, e.Quantity, p.Unit, p.UnitText))
	}
	return strings.Join(moments, Text(lang, "regimen.and"))
}

// Renewal says how often and at what interval, in figures and in full words, which
// the law wants on paper (RD of 10 August 2005). lang is one of rx.DocumentLangs.
func Renewal(lang rx.Lang, r rx.Renewal) string {
	return Text(lang, "renewal",
		"n", Int(r.Times), "words", InWords(lang, rx.Decimal(r.Times)*1000),
		"span", Span(lang, r.Interval), "span_words", InWords(lang, rx.Decimal(r.Interval.Value)*1000))
}

// Coverage says how far the packages go: "16 gélules = 5 jours sur 7 → 2 boîtes".
// unit is that of the dose, one of rx.Units.
func Coverage(lang rx.Lang, c rx.Coverage, unit string) string {
	args := []string{"amount", Amount(lang, rx.Decimal(c.Units)*1000, unit, ""), "days", Span(lang, rx.Span{Value: c.Days, Unit: "d"})}
	switch {
	case c.Needed == 0:
		return Text(lang, "coverage.open", args...)
	case c.Days >= c.Needed:
		return Text(lang, "coverage.whole", append(args, "needed", Span(lang, rx.Span{Value: c.Needed, Unit: "d"}))...)
	}
	return Text(lang, "coverage.part", append(args, "needed", Int(c.Needed), "packs", joined(lang, "pack", c.Packs))...)
}
