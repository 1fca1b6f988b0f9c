package prescribing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/assets"
)

// Highest risk
//
// assets/risks.json is a short list of entries with which a slip does the most harm, each with the rules that a line of it
// must meet and their sources. It is no interaction or dose check. What a rule refuses has a code of its own:
//
//	risk-too-often   more often than the least interval, without a typed reason
//	risk-day         once a week, and no day is named
//	risk-unit        another unit than the one in which the product is counted
//	risk-child       a warning: the patient is a child or a newborn
//	risk-overruled   a warning: more often, for the reason that was typed
//
// The typed reason stands as the first line of the instruction to the patient, behind the words of "risk.reason": a
// pharmacist who reads of a daily dose sees at once that it is meant.

// risk is one entry of the list.
type risk struct {
	Name      string   `json:"name"`
	ATC       []string `json:"atc"`                  // beginnings of codes of active substances
	Words     []string `json:"words"`                // beginnings of words, for what has no such code
	Units     []string `json:"units,omitempty"`      // only what is counted so; none: all
	Strengths []string `json:"strengths,omitempty"`  // only these; none: all
	EveryDays int      `json:"every_days,omitempty"` // least days from dose to dose
	NameDay   bool     `json:"name_day,omitempty"`   // the day of the week is named
	OwnUnit   bool     `json:"own_unit,omitempty"`   // the dose is in the product's own unit
	Child     bool     `json:"child,omitempty"`      // a child's dose is looked at twice
	Sources   []string `json:"sources"`
}

// riskList is the file.
type riskList struct {
	Version  int               `json:"version"`
	Reviewed string            `json:"reviewed"`
	Sources  map[string]string `json:"sources"`
	Daily    []string          `json:"daily"` // words of a free text that say: each day
	Entries  []risk            `json:"entries"`
}

var risks = sync.OnceValue(func() riskList {
	list, err := readRisks(assets.Risks)
	if err != nil {
		panic(err) // a test reads the same file
	}
	return list
})

func readRisks(b []byte) (list riskList, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return list, fmt.Errorf("risks: %w", err)
	}
	if _, err := d.Token(); err != io.EOF || list.Version != 1 {
		return list, fmt.Errorf("risks: version %d, or something behind the list", list.Version)
	}
	for _, r := range list.Entries {
		for _, s := range r.Sources {
			if list.Sources[s] == "" {
				return list, fmt.Errorf("risks: %s has the unknown source %q", r.Name, s)
			}
		}
		for _, u := range r.Units {
			if !slices.Contains(rx.Units, u) {
				return list, fmt.Errorf("risks: %s has the unknown unit %q", r.Name, u)
			}
		}
		if r.Name == "" || len(r.ATC) == 0 || len(r.Words) == 0 || len(r.Sources) == 0 {
			return list, fmt.Errorf("risks: %q lacks codes, words or sources", r.Name)
		}
	}
	return list, nil
}

// riskOf finds the entry of a line, nil when it is not on the list.
func riskOf(l rx.CheckedLine) *risk {
	list := risks()
	i := slices.IndexFunc(list.Entries, func(r risk) bool { return r.covers(l) })
	if i < 0 {
		return nil
	}
	return &list.Entries[i]
}

// covers tells that the line names a product of the entry: by its codes, or by its words.
func (r risk) covers(l rx.CheckedLine) bool {
	m := l.Medicine
	unit, strength := m.Unit, rx.Fold(m.Strength)
	texts := []string{l.Name, l.Text}
	for _, s := range m.Substance {
		texts = append(texts, s)
	}
	for _, c := range l.Compounds {
		texts = append(texts, c.Name)
	}
	if unit == "" {
		unit = l.Posology.Unit
	}
	all := rx.Fold(strings.Join(texts, " "))
	if strength == "" {
		strength = all
	}
	named := slices.ContainsFunc(m.Ingredients, func(code string) bool {
		return slices.ContainsFunc(r.ATC, func(atc string) bool { return strings.HasPrefix(code, atc) })
	}) || slices.ContainsFunc(strings.FieldsFunc(all, apart), func(word string) bool {
		return slices.ContainsFunc(r.Words, func(w string) bool { return strings.HasPrefix(word, w) })
	})
	return named && (r.Units == nil || slices.Contains(r.Units, unit)) &&
		(r.Strengths == nil || slices.ContainsFunc(r.Strengths, func(s string) bool { return " "+s == " "+strength || strings.Contains(" "+strength, " "+s) }))
}

func apart(r rune) bool { return strings.ContainsRune(" /+,;.()-\n", r) }

// checkRisk holds a line against the list. Paths begin at at.
func checkRisk(at string, l rx.CheckedLine, p rx.Patient, today rx.Date) (faults, warnings rx.Faults) {
	r := riskOf(l)
	if r == nil || l.Posology.IsZero() {
		return nil, nil
	}
	often, day := rhythm(l.Line, *r)
	days := strconv.Itoa(r.EveryDays)
	switch {
	case often && RiskReason(l.Line) != "":
		warnings = append(warnings, rx.Fault(rx.CodeRiskOverruled, "days", days).At(at+".posology"))
	case often:
		faults = append(faults, rx.Fault(rx.CodeRiskTooOften, "days", days).At(at+".posology"))
	case r.NameDay && !day:
		faults = append(faults, rx.Fault(rx.CodeRiskDay).At(at+".regimen"))
	}
	if u := l.Medicine.Unit; r.OwnUnit && u != "" && l.Posology.Structured() && l.Posology.Unit != u {
		faults = append(faults, rx.Fault(rx.CodeRiskUnit, "unit", u).At(at+".posology.unit"))
	}
	if r.Child && rx.IsChild(p, today) {
		warnings = append(warnings, rx.Fault(rx.CodeRiskChild).At(at+".posology"))
	}
	return faults, warnings
}

// rhythm tells whether a line is taken more often than the entry allows, and whether it names its day.
func rhythm(l rx.Line, r risk) (often, day bool) {
	if r.EveryDays == 0 {
		return false, true
	}
	p := l.Posology
	if !p.Structured() {
		text := rx.Fold(p.Text)
		n := 0
		for _, w := range rx.Weekdays {
			if slices.ContainsFunc(rx.Langs, func(lang rx.Lang) bool {
				return strings.Contains(text, rx.Fold(i18n.Text(lang, "weekday."+w)))
			}) {
				n++
			}
		}
		daily := slices.ContainsFunc(risks().Daily, func(w string) bool { return strings.Contains(text, w) })
		return daily || r.NameDay && n > 1, n == 1
	}
	if p.Every == nil || p.Every.Days() < r.EveryDays || r.NameDay && len(l.Regimen) > 1 {
		return true, false
	}
	return false, len(l.Regimen) == 1 && (l.Regimen[0].Weekday != "" || !l.Regimen[0].Date.IsZero())
}

// Rhythm is the least number of days between two doses of the product of a line, 0 when it is not on the list of highest
// risk or its rhythm is free; day tells that the day of the week is to be named.
func (s *Service) Rhythm(l rx.Line) (days int, day bool) {
	c := rx.CheckedLine{Line: l}
	c.Medicine, _ = s.find(l)
	if r := riskOf(c); r != nil {
		return r.EveryDays, r.NameDay
	}
	return 0, false
}

// TooOften tells that a line of highest risk is taken more often than its least interval: it needs a typed reason.
func (s *Service) TooOften(l rx.Line) bool {
	c := rx.CheckedLine{Line: l}
	c.Medicine, _ = s.find(l)
	r := riskOf(c)
	if r == nil || l.Posology.IsZero() {
		return false
	}
	often, _ := rhythm(l, *r)
	return often
}

// RiskReason is why a line of highest risk is taken more often, "" when nothing was typed.
func RiskReason(l rx.Line) string {
	reason, _ := splitReason(l.InstructionPatient)
	return reason
}

// WithRiskReason puts the reason into the line, in words of lang, in place of the one that stands there; "" takes it away.
func WithRiskReason(l rx.Line, lang rx.Lang, reason string) rx.Line {
	_, rest := splitReason(l.InstructionPatient)
	l.InstructionPatient = rest
	if reason = strings.Join(strings.Fields(reason), " "); reason != "" {
		l.InstructionPatient = strings.TrimSuffix(i18n.Text(lang, "risk.reason", "reason", reason)+"\n"+rest, "\n")
	}
	return l
}

// Instruction is the instruction to the patient without the reason that may stand before it.
func Instruction(l rx.Line) string {
	_, rest := splitReason(l.InstructionPatient)
	return rest
}

func splitReason(instruction string) (reason, rest string) {
	first, rest, _ := strings.Cut(instruction, "\n")
	for _, lang := range rx.Langs {
		before, after, _ := strings.Cut(i18n.Text(lang, "risk.reason", "reason", "\x00"), "\x00")
		if reason, ok := strings.CutPrefix(first, before); ok {
			return strings.TrimSpace(strings.TrimSuffix(reason, after)), rest
		}
	}
	return "", instruction
}
