package model

import (
	"context"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Treat is the list of what is owed: each entry closes with an outcome.
type Treat struct {
	env     *Env
	Paper   *Paper
	treats  []prescribing.Treat
	read    bool
	notes   []note
	acting  bool
	loading loader
	focus   Focus
}

// NewTreat makes the list, empty until Load.
func NewTreat(env *Env) *Treat {
	return &Treat{env: env, Paper: &Paper{env: env}, loading: loader{env: env}}
}

// Load reads the list again.
func (t *Treat) Load() {
	t.loading.load(func(ctx context.Context) func() {
		treats, err := t.env.Service.ToTreat(ctx)
		return func() {
			if err != nil {
				t.notes = []note{{err: err}}
				return
			}
			t.treats, t.read = treats, true
		}
	})
}

// settle answers a duty; for paper it asks the reason first.
func (t *Treat) settle(of prescribing.Treat, o rx.Outcome) {
	if t.acting {
		return
	}
	if o != rx.ToPaper {
		t.act(of, prescribing.Answer{Outcome: o})
		return
	}
	item := of.Item
	t.Paper.open(paperSubject{patient: item.Facts.Patient, product: item.Facts.Product.Name, forced: item.State == rx.StateUnknown,
		confirm: func(a paperAnswer) { t.act(of, prescribing.Answer{Outcome: o, Paper: a.reason}) }})
	t.focus.to(FieldReason)
}

func (t *Treat) act(of prescribing.Treat, a prescribing.Answer) {
	t.acting, t.notes = true, nil
	t.env.Do(func(ctx context.Context) func() {
		pdf, err := t.env.Service.Settle(ctx, of.ID(), a)
		var notes []note
		if len(pdf) > 0 {
			notes, err = t.env.keepSheet(pdf, err)
		}
		return func() {
			t.acting, t.notes = false, notes
			if err != nil {
				t.notes = append(t.notes, note{err: err})
			}
			t.Load()
			t.env.Changed()
		}
	})
}

// ConfirmPaper is the second key.
func (t *Treat) ConfirmPaper() {
	if t.acting || !t.Paper.Open() {
		return
	}
	if t.Paper.Confirm(); t.Paper.Open() {
		t.focus.to(FieldReason)
		return
	}
	t.focus.to(NoField)
}

// CancelPaper closes the question; nothing was done.
func (t *Treat) CancelPaper() {
	if t.Paper.Open() {
		t.Paper.Cancel()
		t.focus.to(NoField)
	}
}

// TreatView is the list in words.
type TreatView struct {
	Title   string
	Ask     []Duty // what asks a person
	Empty   string // when nothing does
	Engine  string // title of what Relais sees to by itself
	Own     []Duty
	Paper   *PaperView
	Notices []Notice
	Focus   Focus
}

// Duty is one thing owed.
type Duty struct {
	Key   string // what it is about
	Name  string // of the patient
	About string // born, number, phone
	Line  Line
	What  string
	Why   string
	Next  string // what to do, and until when
}

// View is the list as it stands.
func (t *Treat) View() TreatView {
	lang := t.env.Lang
	v := TreatView{Title: i18n.Text(lang, "ui.treat"), Paper: t.Paper.view(), Notices: t.env.say(t.notes), Focus: t.focus}
	if v.Paper != nil {
		v.Paper.Confirm.Press, v.Paper.Cancel.Press = t.env.press(t.ConfirmPaper), t.env.press(t.CancelPaper)
	}
	for _, of := range t.treats {
		owed := t.env.Service.Owed(of.Item)
		d := Duty{Key: of.ID(), Name: fullName(of.Item.Facts.Patient), About: t.env.banner(of.Item.Facts.Patient), Line: t.env.line(of.Item, owed)}
		d.What, d.Why, d.Next = i18n.Duty(lang, of.Duty)
		if !of.Deadline.IsZero() {
			d.Next += " " + i18n.Text(lang, "ui.deadline", "moment", i18n.Moment(lang, t.env.clock(of.Deadline)))
		}
		d.Line.Buttons = t.env.outcomes(of.Duty, func(_ rx.Duty, o rx.Outcome) { t.settle(of, o) })
		for i := range d.Line.Buttons {
			d.Line.Buttons[i].On = !t.acting
		}
		if len(of.Outcomes) > 0 {
			v.Ask = append(v.Ask, d)
		} else {
			v.Own = append(v.Own, d)
		}
	}
	switch {
	case !t.read:
		v.Empty = i18n.Text(lang, "ui.reading")
	case len(v.Ask) == 0:
		v.Empty = i18n.Text(lang, "ui.treat.empty")
	}
	if len(v.Own) > 0 {
		v.Engine = i18n.Text(lang, "ui.treat.own")
	}
	return v
}
