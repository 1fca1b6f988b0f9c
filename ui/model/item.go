package model

import (
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// Line is one prescription on a screen, written or issued.
type Line struct {
	Key     string // what it is about
	N       string // its number in the order; "" outside one
	Product string
	Label   string // before the dose
	Amount  string // of one dose, with its unit: the part that must stand out; "" in a free text
	Dose    string // the rest of the posology
	Until   string // how long it can be delivered
	Tone    Tone
	State   string   // in the exact words of the product's table
	Facts   []string // what is known besides: RID, status as last read, why it was refused
	Side    []Button // what can be done with it while it is written, or by the doctor's own wish afterwards
	Buttons []Button // what can be done with it now
	Notices []Notice
}

// line is an issued prescription in words; its buttons are the screen's.
func (e *Env) line(item rx.Item, owed []rx.Duty) Line {
	f := item.Facts
	l := Line{
		Key:     string(item.ID),
		Product: e.product(f.Product.Name, f.Product.Pack, f.Content),
		Until:   i18n.Text(e.Lang, "ui.until", "date", i18n.Date(item.Expires)),
		State:   e.state(item.Prescription, owed),
		Tone:    tone(item.Prescription, owed),
	}
	text := f.PosologyText
	if len(f.Content.Regimen) > 0 {
		text += " · " + i18n.Regimen(f.Language, f.Content.Regimen, f.Content.Posology)
	}
	l.dose(e.Lang, f.Language, f.Content.Posology, text)
	if r := item.AdoptedRecord(); r != nil {
		l.Facts = append(l.Facts, i18n.Text(e.Lang, "ui.rid", "rid", string(r.RID), "status", i18n.Status(e.Lang, r.Status, e.clock(r.Read), e.today())))
	}
	if unread := i18n.Unread(e.Lang, item.Prescription); unread != "" {
		l.Facts = append(l.Facts, unread)
	}
	if said := i18n.Refusal(e.Lang, item.Prescription); said != "" {
		l.Facts = append(l.Facts, said)
	}
	if item.State == rx.StatePaper && item.PaperReason != "" {
		l.Facts = append(l.Facts, i18n.Text(e.Lang, "paper-reason."+string(item.PaperReason)))
	}
	return l
}

// dose sets the posology, which is text in words of lang, under the label of the screen.
func (l *Line) dose(screen, lang rx.Lang, p rx.Posology, text string) {
	l.Label, l.Dose = i18n.Text(screen, "ui.dose"), text
	if !p.Structured() {
		return
	}
	amount := i18n.Amount(lang, p.Dose, p.Unit, p.UnitText)
	if rest, ok := strings.CutPrefix(text, amount); ok {
		l.Amount, l.Dose = amount, rest
	}
}

// state is the state in words, marked as fictitious where it is.
func (e *Env) state(p rx.Prescription, owed []rx.Duty) string {
	text := i18n.State(e.Lang, p, owed)
	if e.Simulated {
		text += " " + i18n.Text(e.Lang, "profile.fictitious")
	}
	return text
}

var tones = map[rx.State]Tone{
	rx.StateReady: Busy, rx.StateSending: Busy, rx.StateUnknown: Warn, rx.StateConfirmed: Good, rx.StateRefused: Bad,
	rx.StateWithdrawn: Quiet, rx.StateLapsed: Bad, rx.StatePaper: Good, rx.StateRevoked: Quiet,
}

func tone(p rx.Prescription, owed []rx.Duty) Tone {
	t := tones[p.State]
	for _, d := range owed {
		switch {
		case d.Kind == rx.DutyTell && d.Why != "refused" && d.Why != "lapsed":
			return Bad // two, perhaps
		case d.Kind == rx.DutyRevokeOnSight || d.Kind == rx.DutyRevokeSurplus:
			t = max(t, Warn)
		case d.Kind == rx.DutyConfirmPrint || d.Kind == rx.DutyHandOver || d.Kind == rx.DutyReconfirm || d.Kind == rx.DutyRestored || d.Kind == rx.DutyTwinCheck:
			t = max(t, Warn)
		}
	}
	return t
}

// open tells that nobody knows yet whether the patient has it.
func open(p rx.Prescription) bool {
	return p.State == rx.StateReady || p.State == rx.StateSending || p.State == rx.StateUnknown
}

// claimable tells that it may go to paper, if need be although an attempt has no answer.
func claimable(p rx.Prescription) bool {
	return p.State == rx.StateReady || p.State == rx.StateUnknown
}

// unhanded tells that its sheet is not with the patient yet.
func unhanded(p rx.Prescription) bool {
	s := p.Sheet()
	return p.State == rx.StatePaper && s != nil && !s.Handed.Set()
}

// provable tells that it has a RID that may be printed.
func provable(p rx.Prescription) bool { return p.State == rx.StateConfirmed && !p.Wished.Set() }

// gone are the answers that say that no sheet is there, or will be.
var gone = map[rx.Outcome]bool{rx.WasDestroyed: true, rx.DidNotComeOut: true}

// outcomes are the buttons that answer a duty. What is done is said by settle; paper asks its reason first.
func (e *Env) outcomes(d rx.Duty, settle func(rx.Duty, rx.Outcome)) []Button {
	buttons := make([]Button, len(d.Outcomes))
	for i, o := range d.Outcomes {
		buttons[i] = Button{Label: i18n.Text(e.Lang, "outcome."+string(o)), On: !e.Reading && !(gone[o] && e.Prints.mayCome(d.Prescription)), Press: e.press(func() { settle(d, o) })}
	}
	return buttons
}

// fileName names a document by its kind and its moment; never by its patient.
func (e *Env) fileName(key string) string {
	return i18n.Text(e.Lang, key, "stamp", strings.Replace(e.now().Format("20060102-150405.000"), ".", "-", 1))
}

// banner is the patient in full, as it stands above everything that is written for them.
func (e *Env) banner(p rx.Patient) string {
	parts := []string{e.born(p), e.number(p), i18n.Text(e.Lang, "sex."+string(p.Sex))}
	if p.Phone != "" {
		parts = append(parts, together(i18n.Text(e.Lang, "ui.phone", "phone", p.Phone)))
	}
	return strings.Join(parts, " · ")
}

// namesakes are those of all who could be taken for known: the same surname and year of birth.
func namesakes(known rx.Known, all []rx.Known) []rx.Known {
	return slices.DeleteFunc(slices.Clone(all), func(o rx.Known) bool {
		return o.ID == known.ID || o.BirthDate.Year != known.BirthDate.Year || rx.Fold(o.LastName) != rx.Fold(known.LastName)
	})
}
