package model

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"relais/app/i18n"
	"relais/app/rx"
)

// fullName is "DUPONT Marie".
func fullName(p rx.Patient) string { return strings.ToUpper(p.LastName) + " " + p.FirstName }

// shortName is "M. Dupont", for a button.
func shortName(p rx.Patient) string {
	_, n := utf8.DecodeRuneInString(p.FirstName)
	return p.FirstName[:n] + ". " + p.LastName
}

// number is the national number in full, or why there is none.
func (e *Env) number(p rx.Patient) string {
	if p.SSIN != "" {
		return i18n.Text(e.Lang, "ui.ssin", "number", p.SSIN.Dotted())
	}
	return i18n.Text(e.Lang, "ui.no-ssin", "why", i18n.Text(e.Lang, "no-ssin."+string(p.NoSSIN)))
}

// born is "30/07/1985, 41 ans".
func (e *Env) born(p rx.Patient) string {
	return i18n.Text(e.Lang, "ui.born", "date", i18n.Date(p.BirthDate), "age", e.age(p))
}

// age is in years, of the youngest in months or days.
func (e *Env) age(p rx.Patient) string {
	today := e.today()
	years := p.Age(today)
	months := 12*(today.Year-p.BirthDate.Year) + int(today.Month-p.BirthDate.Month)
	if today.Day < p.BirthDate.Day {
		months--
	}
	switch {
	case years >= 2:
		return i18n.Span(e.Lang, rx.Span{Value: years, Unit: "a"})
	case months >= 2:
		return i18n.Span(e.Lang, rx.Span{Value: months, Unit: "mo"})
	}
	return i18n.Span(e.Lang, rx.Span{Value: max(0, p.BirthDate.DaysUntil(today)), Unit: "d"})
}

// parseDay reads a day as people type it: 30/07/1985, 30.7.1985, 30-7-1985 or 30071985; also 1985-07-30.
func parseDay(s string) (rx.Date, error) {
	s = strings.TrimSpace(s)
	if len(s) == 8 && strings.Trim(s, "0123456789") == "" {
		s = s[:2] + "/" + s[2:4] + "/" + s[4:]
	}
	for _, form := range []string{"2/1/2006", "2.1.2006", "2-1-2006", time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return rx.DateOf(t), nil
		}
	}
	return rx.Date{}, rx.Fault(rx.CodeDateForm)
}

// numbers names lines as people do: 1, 2, 3 and 5 are "1–3, 5". They are sorted.
func numbers(lines []int) string {
	var parts []string
	for i := 0; i < len(lines); {
		j := i
		for j+1 < len(lines) && lines[j+1] == lines[j]+1 {
			j++
		}
		part := i18n.Int(lines[i])
		if j > i {
			part += "–" + i18n.Int(lines[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

// lines is "ligne 3" or "lignes 1–2, 4".
func (e *Env) lines(ns []int) string {
	if len(ns) == 1 {
		return i18n.Text(e.Lang, "ui.lines.one", "n", numbers(ns))
	}
	return i18n.Text(e.Lang, "ui.lines.many", "n", numbers(ns))
}

// product is a product and how much of it: "Amoxicilline Exemple 500 mg gélules, 16 gélules · 2 boîtes". name and pack are in
// the language of whoever named them.
func (e *Env) product(name, pack string, l rx.Line) string {
	if pack != "" {
		name += ", " + pack
	}
	name = amounts.ReplaceAllString(name, "$1\u00a0$2")
	switch {
	case l.Quantity > 0 && l.Kind == rx.Package:
		name += " · " + together(i18n.Count(e.Lang, "pack", l.Quantity))
	case l.Quantity > 0:
		name += " · " + together(i18n.Count(e.Lang, "ui.quantity", l.Quantity))
	case l.Duration != nil:
		name += " · " + i18n.Span(e.Lang, *l.Duration)
	}
	return name
}

// amounts are numbers before what they are of, in a name from the medicines file: "500 mg", "16 gélules".
var amounts = regexp.MustCompile(`(\d) (\pL|%)`)

// together keeps words on one line: an amount and what it is of, the groups of a phone number.
func together(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }
