package model

import (
	"context"
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Treat is the list of who may have nothing, who may have two, what is to be noted and which proofs are to be given, by
// patient: each entry closes with an outcome, several of one patient with one.
type Treat struct {
	env     *Env
	open    func(order rx.ID) // shows an order where it was written
	resume  func(rx.Draft)    // goes on with a draft
	Paper   *Paper
	treats  []prescribing.Treat
	drafts  []rx.Draft
	read    bool
	err     error // of the last reading: also that some of it cannot be read
	notes   []note
	acting  bool
	settled *settled // what was answered just now; nil: its place is found
	loading loader
	focus   Focus
	person  string // whose row the focus is to go to, "" the first
}

// settled is whose duty was answered, and where the row stood: the focus goes on from there.
type settled struct {
	patient rx.ID
	at      int
}

// NewTreat makes the list, empty until Load; open shows an order, resume goes on with a draft.
func NewTreat(env *Env, open func(order rx.ID), resume func(rx.Draft)) *Treat {
	return &Treat{env: env, open: open, resume: resume, Paper: &Paper{env: env}, loading: loader{env: env}}
}

// Load reads the list again.
func (t *Treat) Load() {
	was := t.settled
	t.loading.load(func(ctx context.Context) func() {
		treats, err := t.env.Service.ToTreat(ctx)
		var drafts []rx.Draft
		if prescribing.Partial(err) {
			var failed error
			if drafts, failed = t.env.Service.Store.Drafts(ctx); failed != nil {
				err = failed
			}
		}
		return func() {
			if t.err = err; !prescribing.Partial(err) {
				return
			}
			begin := !t.read
			t.treats, t.drafts, t.read = treats, drafts, true
			if begin || was != nil && was == t.settled {
				t.goOn(was)
			}
		}
	})
}

// goOn puts the focus on the row of the patient whose duty was answered, where something is left of it, else on the row
// that has come to its place. There it goes to what changes nothing when it is pressed: what was pressed just now must not
// press what has come to its place.
func (t *Treat) goOn(was *settled) {
	t.person = ""
	if was != nil {
		rows := t.rows()
		at := slices.IndexFunc(rows, func(o Owing) bool { return o.patient == was.patient })
		if at < 0 {
			at = min(was.at, len(rows)-1)
		}
		if at >= 0 {
			t.person = rows[at].Key
		}
	}
	t.settled = nil
	t.focus.to(FieldRow)
}

// rows are the patients of all sections, in their order.
func (t *Treat) rows() (rows []Owing) {
	for _, s := range t.View().Sections {
		rows = append(rows, s.People...)
	}
	return rows
}

// settle answers duties, of one kind and of one patient; for paper it asks the reason first.
func (t *Treat) settle(of []prescribing.Treat, o rx.Outcome) {
	if t.acting || t.env.Reading {
		return
	}
	id := of[0].Item.Patient
	place := &settled{patient: id, at: max(0, slices.IndexFunc(t.rows(), func(row Owing) bool { return row.patient == id }))}
	if o != rx.ToPaper {
		services := make([]*prescribing.Service, len(of))
		for i, d := range of {
			services[i] = t.env.sayingGone(d.Prescription)
		}
		t.act(place, func(ctx context.Context) ([]note, error) {
			for i, d := range of {
				if _, err := services[i].Settle(ctx, d.ID(), prescribing.Answer{Outcome: o}); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		return
	}
	subject := paperSubject{patient: of[0].Item.Facts.Patient}
	var names []string
	var sure, unsure []rx.ID
	for _, d := range of {
		names = append(names, d.Item.Facts.Product.Name)
		if d.Item.State == rx.StateUnknown {
			unsure, subject.forced = append(unsure, d.Item.ID), true
		} else {
			sure = append(sure, d.Item.ID)
		}
	}
	subject.product = strings.Join(names, i18n.Text(t.env.Lang, "ui.and"))
	subject.confirm = func(a paperAnswer) {
		t.act(place, func(ctx context.Context) ([]note, error) { return t.env.claim(ctx, a, sure, unsure) })
	}
	t.Paper.open(subject)
	t.focus.to(FieldReason)
}

func (t *Treat) act(place *settled, work func(context.Context) ([]note, error)) {
	t.acting, t.notes = true, nil
	t.env.Do(func(ctx context.Context) func() {
		notes, err := work(ctx)
		return func() {
			t.acting, t.notes = false, notes
			if err != nil {
				t.notes = append(t.notes, note{err: err})
			}
			t.settled = place
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
	}
}

// CancelPaper closes the question; nothing was done.
func (t *Treat) CancelPaper() {
	if t.Paper.Open() {
		t.Paper.Cancel()
		t.focus.to(FieldRow)
	}
}

// Enter puts the focus on the list, when the screen is opened.
func (t *Treat) Enter() { t.goOn(nil) }

// sections are what a person is asked about, in this order.
var sections = []string{"nothing", "two", "note", "proof"}

// section is where a duty stands.
func section(d rx.Duty) string {
	switch {
	case d.Kind == rx.DutyNote:
		return "note"
	case d.Kind == rx.DutyGiveProof:
		return "proof"
	case d.Kind == rx.DutyTwinCheck || d.Kind == rx.DutyRestored || d.Kind == rx.DutyTell && (d.Why == "double" || d.Why == "twin"):
		return "two"
	}
	return "nothing"
}

// TreatView is the list in words.
type TreatView struct {
	Title    string
	Sections []Section // what asks a person; none without a patient
	Empty    string    // when nothing does
	Engine   string    // title of what Relais sees to by itself
	Own      []Duty
	Paper    *Question
	Notices  []Notice
	Focus    Focus
	Person   string // whose row the focus goes to, "" the first
}

// Section is who is concerned in one way.
type Section struct {
	Title  string
	People []Owing
}

// Owing is one patient of a section.
type Owing struct {
	Key     string
	Name    string
	About   string   // born, number, phone
	Side    []Button // what can be done for the patient beside answering: it changes nothing
	Duties  []Duty
	patient rx.ID
}

// Duty is one thing owed.
type Duty struct {
	Key   string // what it is about
	Name  string // of the patient, where the duty stands alone
	About string // born, number, phone
	Line  Line
	What  string // "" when it is what was said of the one before
	Why   string
	Next  string   // what to do, and until when
	All   []Button // one answer to this and those of its kind that follow
}

// View is the list as it stands.
func (t *Treat) View() TreatView {
	lang := t.env.Lang
	v := TreatView{Title: i18n.Text(lang, "ui.treat"), Person: t.person, Paper: t.Paper.view(), Notices: append(t.env.say(t.notes), t.env.faults(t.err)...), Focus: t.focus}
	v.Notices = append(v.Notices, t.env.reading()...)
	if v.Paper != nil {
		v.Paper.Confirm.Press, v.Paper.Cancel.Press = t.env.press(t.ConfirmPaper), t.env.press(t.CancelPaper)
	}
	for _, s := range sections {
		var of []prescribing.Treat
		for _, d := range t.treats {
			if len(d.Outcomes) > 0 && section(d.Duty) == s {
				of = append(of, d)
			}
		}
		people := t.people(s, of)
		if s == sections[0] {
			people = append(people, t.unsent()...)
		}
		if len(people) > 0 {
			v.Sections = append(v.Sections, Section{Title: i18n.Text(lang, "ui.treat."+s), People: people})
		}
	}
	for _, of := range t.treats {
		if len(of.Outcomes) == 0 {
			d := t.duty(of)
			d.Name, d.About = fullName(of.Item.Facts.Patient), t.env.banner(of.Item.Facts.Patient)
			v.Own = append(v.Own, d)
		}
	}
	switch {
	case !t.read:
		v.Empty = i18n.Text(lang, "ui.reading")
	case len(v.Sections) == 0 && t.env.Reading:
		v.Empty = i18n.Text(lang, "ui.reading-only.empty")
	case len(v.Sections) == 0 && t.err == nil:
		v.Empty = i18n.Text(lang, "ui.treat.empty")
	}
	if len(v.Own) > 0 {
		v.Engine = i18n.Text(lang, "ui.treat.own")
	}
	return v
}

// people are the duties of a section, each patient's together, in the order of the most urgent of each.
func (t *Treat) people(section string, of []prescribing.Treat) (people []Owing) {
	for len(of) > 0 {
		id := of[0].Item.Patient
		var his, others []prescribing.Treat
		for _, d := range of {
			if d.Item.Patient == id {
				his = append(his, d)
			} else {
				others = append(others, d)
			}
		}
		people, of = append(people, t.owing(section, his)), others
	}
	return people
}

// owing is what is owed to one patient in one section.
func (t *Treat) owing(section string, of []prescribing.Treat) Owing {
	lang, first := t.env.Lang, of[0].Item
	o := Owing{Key: section + string(first.Patient), patient: first.Patient, Name: fullName(first.Facts.Patient), About: t.env.banner(first.Facts.Patient)}
	var days []rx.Date
	var orders []rx.ID
	kinds := map[rx.DutyKind][]prescribing.Treat{}
	for _, d := range of {
		o.Duties = append(o.Duties, t.duty(d))
		kinds[d.Kind] = append(kinds[d.Kind], d)
		if day := rx.DateOf(t.env.clock(d.Item.Issued)); !slices.Contains(days, day) {
			days = append(days, day)
		}
		if !slices.Contains(orders, d.Item.Order) {
			orders = append(orders, d.Item.Order)
		}
	}
	said := ""
	for i, d := range o.Duties { // what is the same for several is said once
		if what := d.What + d.Why + d.Next; what == said {
			o.Duties[i].What, o.Duties[i].Why, o.Duties[i].Next = "", "", ""
		} else {
			said = what
		}
	}
	for _, day := range days {
		o.Side = append(o.Side, t.env.copyButton(first.Patient, day, func(notes ...note) { t.notes = notes }))
	}
	if len(orders) == 1 {
		o.Side = append(o.Side, Button{Label: i18n.Text(lang, "ui.reopen"), On: !t.env.Reading, Press: t.env.press(func() { t.open(orders[0]) })})
	}
	for i, d := range of {
		if same := kinds[d.Kind]; len(same) > 1 && same[0].ID() == d.ID() {
			o.Duties[i].All = t.answers(same)
		}
	}
	return o
}

// atOnce are the answers that may be given to several prescriptions of one patient at once. What takes something away
// from a patient is answered one by one.
var atOnce = []rx.Outcome{rx.Send, rx.ToPaper, rx.CameOut, rx.Handed, rx.WasNoted, rx.Given, rx.NotWanted, rx.WasTold}

// answers are the buttons that answer several duties of one kind at once.
func (t *Treat) answers(same []prescribing.Treat) (buttons []Button) {
	lang := t.env.Lang
	for _, o := range same[0].Outcomes {
		if !slices.Contains(atOnce, o) || slices.ContainsFunc(same, func(d prescribing.Treat) bool { return !slices.Contains(d.Outcomes, o) }) {
			continue
		}
		buttons = append(buttons, Button{Label: i18n.Text(lang, "ui.treat.all", "outcome", i18n.Text(lang, "outcome."+string(o)), "n", i18n.Int(len(same))),
			On: !t.acting && !t.env.Reading, Press: t.env.press(func() { t.settle(same, o) })})
	}
	return buttons
}

// duty is one duty in words, with its answers.
func (t *Treat) duty(of prescribing.Treat) Duty {
	lang := t.env.Lang
	d := Duty{Key: of.ID(), Line: t.env.line(of.Item, t.env.Service.Owed(of.Item))}
	d.What, d.Why, d.Next = i18n.Duty(lang, of.Duty)
	if !of.Deadline.IsZero() {
		d.Next += " " + i18n.Text(lang, "ui.deadline", "moment", i18n.Moment(lang, t.env.clock(of.Deadline)))
	}
	d.Line.Buttons = t.env.outcomes(of.Duty, func(_ rx.Duty, o rx.Outcome) { t.settle([]prescribing.Treat{of}, o) })
	for i := range d.Line.Buttons {
		d.Line.Buttons[i].On = d.Line.Buttons[i].On && !t.acting
	}
	return d
}

// unsent are the drafts: what was begun and not sent.
func (t *Treat) unsent() (people []Owing) {
	for _, d := range t.drafts {
		p := d.Request.Patient
		n := len(d.Request.Lines)
		people = append(people, Owing{Key: "draft" + string(d.ID), Name: fullName(p), About: t.env.banner(p), Duties: []Duty{{Key: string(d.ID),
			What: i18n.Count(t.env.Lang, "ui.draft", n, "state", i18n.Text(t.env.Lang, "state.draft"), "time", t.env.time(d.Updated)),
			Line: Line{Buttons: []Button{{Label: i18n.Text(t.env.Lang, "ui.draft.resume"), On: !t.acting && !t.env.Reading, Press: t.env.press(func() { t.resume(d) })}}}}}})
	}
	return people
}

// copyButton copies what a patient was prescribed on a day, for the doctor's record software; said is told how it went.
func (e *Env) copyButton(patient rx.ID, day rx.Date, said func(...note)) Button {
	return Button{Label: i18n.Text(e.Lang, "ui.copy.day", "day", i18n.Date(day)), On: true, Press: func() {
		e.Do(func(ctx context.Context) func() {
			items, err := e.Service.Store.List(ctx, rx.Filter{Patient: patient})
			return func() {
				var notes []note
				items = slices.DeleteFunc(items, func(item rx.Item) bool { return rx.DateOf(e.clock(item.Issued)) != day })
				if slices.Reverse(items); len(items) > 0 {
					e.Copy(e.record(items))
					notes = []note{{tone: Good, key: "ui.copy.done", args: []string{"name", fullName(items[0].Facts.Patient), "day", i18n.Date(day), "n", i18n.Int(len(items))}}}
				}
				if err != nil {
					notes = append(notes, note{err: err})
				}
				said(notes...)
				e.Changed()
			}
		})
	}}
}

// record is what a patient was prescribed, as plain text: one paragraph for each prescription, oldest first.
func (e *Env) record(items []rx.Item) string {
	p := items[0].Facts.Patient
	lines := []string{i18n.Date(rx.DateOf(e.clock(items[0].Issued))) + " · " + fullName(p) + " · " + i18n.Date(p.BirthDate) + " · " + e.number(p)}
	for i, item := range items {
		l := e.line(item, e.Service.Owed(item))
		lines = append(lines, i18n.Int(i+1)+". "+l.Product, "   "+l.Label+" "+l.Amount+l.Dose, "   "+l.State+" · "+l.Until)
		for _, f := range l.Facts {
			lines = append(lines, "   "+f)
		}
	}
	return strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "\u00a0", " ")
}
