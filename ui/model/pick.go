package model

import (
	"context"
	"errors"
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Pick finds the patient to prescribe for, or a draft to go on with.
type Pick struct {
	env    *Env
	still  func() bool // the choice is still open
	picked func(rx.Known)
	resume func(rx.Draft, rx.Known)
	focus  func(Field)

	words    string
	found    []rx.Known
	foundFor string
	sel      int // -1 none
	asked    turns
	drafts   []rx.Draft
	drafting loader
	loads    int                 // how often the drafts were read: whenever one was saved
	wished   bool                // Enter was pressed before the answer was there
	unsaved  func(id rx.ID) bool // put aside, and not saved yet
	form     *Form               // nil: none is being added
	notes    []note
}

// Search finds patients as they are typed: words in any order, a day of birth, a national number with or without dots.
func (p *Pick) Search(words string) {
	p.words, p.sel, p.wished = words, -1, false
	last := p.asked.next()
	if strings.TrimSpace(words) == "" {
		return
	}
	p.env.Do(func(ctx context.Context) func() {
		found, err := p.env.Service.FindPatients(ctx, words)
		return func() {
			if !last() {
				return
			}
			p.notes = nil
			if err != nil {
				p.notes = []note{{err: err}}
			}
			p.found, p.foundFor, p.sel = found, words, -1
			if len(found) == 1 {
				p.sel = 0
			}
			if p.wished { // while it was looked for
				p.wished = false
				p.Choose(p.sel)
			}
			p.env.Changed()
		}
	})
}

// Move changes which patient is selected; while nothing is searched for, which draft.
func (p *Pick) Move(by int) {
	n := len(p.results())
	if p.idle() {
		n = len(p.drafts)
	}
	if n > 0 {
		p.sel = max(0, min(n-1, p.sel+by))
	}
}

// Enter takes the selected patient, or goes on with the selected draft. With several found and none selected it does
// nothing: the first of two namesakes is nobody's choice. Pressed before the answer is there it waits for it, unless
// something else is typed meanwhile.
func (p *Pick) Enter() {
	if !p.idle() {
		p.wished = p.foundFor != p.words
		p.Choose(p.sel)
	} else if p.sel >= 0 && p.sel < len(p.drafts) {
		p.goOn(p.drafts[p.sel])
	}
}

// idle tells that nothing is searched for.
func (p *Pick) idle() bool { return strings.TrimSpace(p.words) == "" }

// Choose takes patient i of the results.
func (p *Pick) Choose(i int) {
	if found := p.results(); p.still() && i >= 0 && i < len(found) {
		p.picked(found[i])
	}
}

func (p *Pick) results() []rx.Known {
	if strings.TrimSpace(p.words) == "" || p.foundFor != p.words {
		return nil
	}
	return p.found
}

// Add opens the form of a new patient.
func (p *Pick) Add() {
	f := &Form{env: p.env, Language: defaultLang(p.env.Lang), focus: p.focus}
	f.still = func() bool { return p.form == f && p.still() }
	f.keep = func(ctx context.Context, patient rx.Patient) (rx.Known, bool, error) {
		added, err := p.env.Service.AddPatient(ctx, patient)
		return added.Known, added.Existing, err
	}
	f.done = func(known rx.Known, _ prescribing.Note) { p.picked(known) }
	f.Cancel = p.Cancel
	f.fill(p.words)
	p.form = f
	p.focus(FieldLastName)
}

// Set takes what is typed or chosen in the form.
func (p *Pick) Set(field Field, value string) {
	if p.form != nil {
		p.form.Set(field, value)
	}
}

// Cancel closes the form.
func (p *Pick) Cancel() {
	if p.form != nil {
		p.form = nil
		p.focus(FieldPatient)
	}
}

// SaveNew keeps the new patient and takes it.
func (p *Pick) SaveNew() {
	if p.form != nil {
		p.form.Save()
	}
}

// Load reads the drafts again.
func (p *Pick) Load() {
	p.loads++
	p.drafting.load(func(ctx context.Context) func() {
		drafts, err := p.env.Service.Store.Drafts(ctx)
		return func() {
			if err != nil {
				p.notes = []note{{err: err}}
				return
			}
			if p.idle() && !slices.EqualFunc(p.drafts, drafts, func(a, b rx.Draft) bool { return a.ID == b.ID }) {
				p.sel = -1 // another one stands there now
			}
			p.drafts = drafts
		}
	})
}

// Resume goes on with a draft; what is being written is put aside.
func (p *Prescribe) Resume(d rx.Draft) {
	if p.w == nil || p.w.id != d.ID {
		if p.Next(); !p.acting {
			p.Pick.goOn(d)
		}
	}
}

// goOn opens a draft again, as the store holds it now: the list in which it was chosen may be old. Its patient is the
// practice's, when the practice still knows one of that number or name.
func (p *Pick) goOn(d rx.Draft) {
	last, loads := p.asked.next(), p.loads
	p.env.Do(func(ctx context.Context) func() {
		now, gone := p.env.Service.Store.Draft(ctx, d.ID)
		all, err := p.env.Service.Store.Patients(ctx)
		return func() {
			if !last() || !p.still() {
				return
			}
			if p.loads != loads { // something was saved meanwhile, perhaps this one
				p.goOn(d)
				return
			}
			absent := rx.CodeOf(gone) == rx.CodeNotFound
			switch {
			case absent && !p.unsaved(d.ID):
				p.notes = []note{{tone: Warn, key: "ui.draft.gone"}}
				p.Load()
				p.env.Changed()
				return
			case gone != nil && !absent || err != nil:
				p.notes = []note{{err: errors.Join(gone, err)}}
				p.env.Changed()
				return
			case !absent:
				d = now
			}
			i := slices.IndexFunc(all, func(k rx.Known) bool { return prescribing.SamePerson(k.Patient, d.Request.Patient) })
			if i < 0 {
				p.resume(d, rx.Known{Patient: d.Request.Patient})
			} else {
				p.resume(d, all[i])
			}
			p.env.Changed()
		}
	})
}

// PickView is what the choice of a patient shows.
type PickView struct {
	Words   string
	Results []Person
	Empty   string // what to do, when there is no result
	Drafts  []Person
	Add     Button
	Form    *FormView
	Notices []Notice
}

// Person is a row to choose from.
type Person struct {
	Name, Born, Number string
	About              string
	Selected           bool
	Press              func()
}

func (p *Pick) view() *PickView {
	lang := p.env.Lang
	v := &PickView{Words: p.words, Notices: p.env.say(p.notes)}
	if p.form != nil {
		v.Form = p.form.view(func(k rx.Known) {
			if p.still() {
				p.picked(k)
			}
		})
		v.Form.Save.Press, v.Form.Cancel.Press = p.env.press(p.SaveNew), p.env.press(p.Cancel)
		return v
	}
	for i, k := range p.results() {
		v.Results = append(v.Results, Person{Name: fullName(k.Patient), Born: p.env.born(k.Patient), Number: p.env.number(k.Patient), About: k.Phone,
			Selected: i == p.sel, Press: p.env.press(func() { p.Choose(i) })})
	}
	switch {
	case strings.TrimSpace(p.words) == "":
		v.Empty = i18n.Text(lang, "ui.patient.empty")
	case p.foundFor == p.words && len(p.found) == 0:
		v.Empty = i18n.Text(lang, "ui.patient.none")
	}
	for i, d := range p.drafts {
		n := len(d.Request.Lines)
		v.Drafts = append(v.Drafts, Person{Name: fullName(d.Request.Patient), Born: p.env.born(d.Request.Patient), Number: p.env.number(d.Request.Patient),
			About: i18n.Count(lang, "ui.draft", n, "state", i18n.Text(lang, "state.draft"), "time", p.env.time(d.Updated)), Selected: p.idle() && i == p.sel, Press: p.env.press(func() { p.goOn(d) })})
	}
	v.Add = Button{Label: i18n.Text(lang, "ui.patient.add"), Key: i18n.Text(lang, "ui.key.add"), On: true, Strong: p.foundFor == p.words && len(p.found) == 0 && p.words != "", Press: p.env.press(p.Add)}
	return v
}
