package model

import (
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// Paper is the inline line that stands between the wish for paper and the claim: whose, which lines, why. It is
// confirmed by another key than the one that opened it. A prescription that was written by hand, and is with the patient
// already, asks its day as well.
type Paper struct {
	env     *Env
	subject *paperSubject // nil: closed
	reason  rx.PaperReason
	day     string // as typed, of the writing by hand; "" today
	refused bool   // confirmed without a reason
	undated bool   // confirmed with a day that is none
}

// paperSubject is what would go to paper.
type paperSubject struct {
	patient rx.Patient
	lines   []int // numbers; nil: the one prescription named by product
	product string
	forced  bool // an attempt of one of them has no answer
	hand    bool // it was written by hand
	confirm func(paperAnswer)
}

// paperAnswer is what was asked.
type paperAnswer struct {
	reason rx.PaperReason
	hand   bool
	day    rx.Date // of the writing by hand; zero: today
}

func (p *Paper) open(s paperSubject) {
	*p = Paper{env: p.env, subject: &s, reason: p.likely(s.patient)}
	if s.hand && p.reason == "" {
		p.reason = "outside-practice"
	}
}

// likely is the reason that the program can see by itself, "" when it sees none: the doctor decides.
func (p *Paper) likely(patient rx.Patient) rx.PaperReason {
	switch {
	case patient.SSIN == "":
		return how(patient).Paper
	case p.env.down(rx.Recipe):
		return "outage-recipe"
	case p.env.down(rx.KGSS) || p.env.down(rx.STS) || p.env.down(rx.ETKDepot):
		return "outage-ehealth"
	}
	return ""
}

// Open tells that the question stands.
func (p *Paper) Open() bool { return p.subject != nil }

// Cancel closes it; nothing was done.
func (p *Paper) Cancel() { p.subject, p.refused, p.undated = nil, false, false }

// SetReason takes one of rx.PaperReasons.
func (p *Paper) SetReason(r rx.PaperReason) {
	if slices.Contains(rx.PaperReasons, r) {
		p.reason = r
	}
}

// SetDay takes the day of the writing by hand.
func (p *Paper) SetDay(s string) { p.day, p.undated = s, false }

// Confirm claims, once.
func (p *Paper) Confirm() {
	if p.subject == nil {
		return
	}
	if p.reason == "" {
		p.refused = true
		return
	}
	s, answer := p.subject, paperAnswer{reason: p.reason, hand: p.subject.hand}
	if day := strings.TrimSpace(p.day); s.hand && day != "" {
		d, err := parseDay(day)
		if p.undated = err != nil || d.After(p.env.today()); p.undated {
			return
		}
		answer.day = d
	}
	p.Cancel()
	s.confirm(answer)
}

func (p *Paper) view() *Question {
	s := p.subject
	if s == nil {
		return nil
	}
	lang := p.env.Lang
	what := s.product
	if s.lines != nil {
		what = p.env.lines(s.lines)
	}
	key := "ui.paper.ask"
	if s.hand {
		key = "ui.hand.ask"
	}
	v := &Question{Text: i18n.Text(lang, key, "name", fullName(s.patient), "lines", what), Reason: i18n.Text(lang, "ui.paper.reason")}
	if s.hand {
		v.Input = &Input{Label: i18n.Text(lang, "ui.hand.day"), Text: p.day, Hint: i18n.Date(p.env.today())}
	}
	if s.forced { // a pharmacist might see it twice
		v.Warning = i18n.Text(lang, "ui.paper.forced")
	}
	for _, r := range rx.PaperReasons {
		v.Reasons = append(v.Reasons, Choice{Value: string(r), Label: i18n.Text(lang, "paper-reason."+string(r)), Chosen: r == p.reason})
	}
	if p.refused && p.reason == "" {
		v.Missing = i18n.Text(lang, "ui.paper.reason-missing")
	}
	if p.undated {
		v.Missing = i18n.Text(lang, "ui.hand.day-wrong")
	}
	// What they do is set by the owner, which also moves the focus.
	v.Confirm = Button{Label: i18n.Text(lang, "ui.paper.confirm"), Key: i18n.Text(lang, "ui.key.confirm"), On: true}
	v.Cancel = Button{Label: i18n.Text(lang, "ui.cancel"), Key: p.env.escape(), On: true}
	return v
}
