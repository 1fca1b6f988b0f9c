package model

import (
	"context"
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Form is a patient as typed: a new one, or one that is changed.
type Form struct {
	env                                          *Env
	LastName, FirstName, SSIN, Birth, Sex, Phone string
	NoSSIN                                       rx.NoSSIN
	Language                                     rx.Lang
	Proof                                        rx.ProofWish
	Allergies                                    string
	edits                                        bool // a patient who is there already
	tried, saving                                bool
	notes                                        []note
	known                                        *rx.Known // who has this number already

	focus  func(Field)
	still  func() bool // the form is still shown
	keep   func(context.Context, rx.Patient) (known rx.Known, existing bool, err error)
	done   func(rx.Known, prescribing.Note)
	Cancel func()
}

// Save keeps what is typed, the person first, then what is noted beside.
func (f *Form) Save() {
	if f.saving {
		return
	}
	f.tried, f.notes, f.known = true, nil, nil
	patient, faults, _ := f.check()
	if len(faults) > 0 {
		f.focus(formFields[faults[0].Path])
		return
	}
	beside := prescribing.Note{Proof: f.Proof, Allergies: f.Allergies}
	f.saving = true
	f.env.Do(func(ctx context.Context) func() {
		known, existing, err := f.keep(ctx, patient)
		if err == nil && !existing {
			if err = f.env.Service.KeepNote(ctx, known.ID, beside); err != nil && !f.edits {
				f.keep = func(context.Context, rx.Patient) (rx.Known, bool, error) { return known, false, nil } // the person is kept already
			}
		}
		return func() {
			f.saving = false
			switch {
			case !f.still():
			case err != nil:
				f.notes = []note{{err: err}}
			case existing:
				f.known = &known
			default:
				f.done(known, beside)
			}
			f.env.Changed()
		}
	})
}

func defaultLang(l rx.Lang) rx.Lang {
	if slices.Contains(rx.DocumentLangs, l) {
		return l
	}
	return ""
}

// fill begins the form with what was searched for in vain: a national number, or names.
func (f *Form) fill(words string) {
	words = strings.TrimSpace(words)
	if n, err := rx.ParseSSIN(words); err == nil {
		f.Set(FieldSSIN, n.Dotted())
		return
	}
	if strings.ContainsAny(words, "0123456789") {
		return
	}
	f.LastName, f.FirstName, _ = strings.Cut(words, " ")
}

// Set takes what is typed or chosen. A sound national number states birth date and sex, where none are typed yet.
func (f *Form) Set(field Field, value string) {
	switch field {
	case FieldLastName:
		f.LastName = value
	case FieldFirstName:
		f.FirstName = value
	case FieldNoSSIN:
		f.NoSSIN = rx.NoSSIN(value)
	case FieldBirth:
		f.Birth = value
	case FieldSex:
		f.Sex = value
	case FieldLanguage:
		f.Language = rx.Lang(value)
	case FieldPhone:
		f.Phone = value
	case FieldProof:
		f.Proof = rx.ProofWish(value)
	case FieldAllergies:
		f.Allergies = value
	case FieldSSIN:
		f.SSIN = value
		n, err := rx.ParseSSIN(strings.TrimSpace(value))
		if err != nil {
			return
		}
		if d, ok := n.BirthDate(); ok && f.Birth == "" {
			f.Birth = i18n.Date(d)
		}
		if s, ok := n.Sex(); ok && f.Sex == "" {
			f.Sex = string(s)
		}
	}
}

// check makes the patient of what is typed.
func (f *Form) check() (rx.Patient, rx.Faults, rx.Faults) {
	p := rx.Patient{LastName: strings.TrimSpace(f.LastName), FirstName: strings.TrimSpace(f.FirstName), NoSSIN: f.NoSSIN,
		Sex: rx.Sex(f.Sex), Language: f.Language, Phone: strings.TrimSpace(f.Phone)}
	var faults rx.Faults
	if s := strings.TrimSpace(f.SSIN); s != "" {
		n, err := rx.ParseSSIN(s)
		if err != nil {
			faults = append(faults, rx.Fault(rx.CodeOf(err)).At("$.ssin"))
			n = rx.SSIN(s)
		}
		p.SSIN = n
	}
	if s := strings.TrimSpace(f.Birth); s != "" {
		d, err := parseDay(s)
		if err != nil {
			faults = append(faults, rx.Fault(rx.CodeDateForm).At("$.birth_date"))
		}
		p.BirthDate = d
	}
	more, warnings := rx.CheckPatient("$", p, rx.CheckOptions{Today: f.env.today(), Shows: f.env.Service.Shows})
	for _, m := range more {
		if !slices.ContainsFunc(faults, func(has *rx.Error) bool { return has.Path == m.Path }) {
			faults = append(faults, m)
		}
	}
	faults = append(faults, prescribing.CheckNote(prescribing.Note{Proof: f.Proof, Allergies: f.Allergies})...)
	return p, faults, warnings
}

// formFields are the inputs of the form by the paths of faults.
var formFields = map[string]Field{"$": FieldSSIN, "$.ssin": FieldSSIN, "$.no_ssin": FieldNoSSIN, "$.last_name": FieldLastName,
	"$.first_name": FieldFirstName, "$.birth_date": FieldBirth, "$.sex": FieldSex, "$.language": FieldLanguage, "$.phone": FieldPhone,
	"$.proof": FieldProof, "$.allergies": FieldAllergies}

// loadNote reads what the practice keeps beside the patient of w.
func (p *Prescribe) loadNote(w *order) {
	if w.patient.ID == "" {
		return
	}
	p.env.Do(func(ctx context.Context) func() {
		n, err := p.env.Service.Note(ctx, w.patient.ID)
		return func() {
			if !w.noted {
				w.note = n
			}
			if err != nil {
				p.fail(w, err)
			}
			p.env.Changed()
		}
	})
}

// allergies is the free line about them, or that there is none.
func (e *Env) allergies(n prescribing.Note) string {
	if n.Allergies == "" {
		return i18n.Text(e.Lang, "ui.allergies.none")
	}
	return i18n.Text(e.Lang, "ui.allergies", "text", n.Allergies)
}

// canEdit tells that the patient may be changed: as long as nothing is issued, and the practice knows them.
func (p *Prescribe) canEdit() bool { return p.writing() && p.edit == nil && p.w.patient.ID != "" }

// EditPatient opens the form of the patient.
func (p *Prescribe) EditPatient() {
	if !p.canEdit() {
		return
	}
	w, k := p.w, p.w.patient
	f := &Form{env: p.env, edits: true, LastName: k.LastName, FirstName: k.FirstName, SSIN: k.SSIN.Dotted(), Birth: i18n.Date(k.BirthDate), Sex: string(k.Sex),
		Phone: k.Phone, NoSSIN: k.NoSSIN, Language: k.Language, Proof: w.note.Proof, Allergies: w.note.Allergies, focus: p.focus.to}
	f.still = func() bool { return p.w == w && p.edit == f }
	f.keep = func(ctx context.Context, patient rx.Patient) (rx.Known, bool, error) {
		changed := k
		changed.Patient = patient
		if changed == k {
			return k, false, nil
		}
		saved, err := p.env.Service.EditPatient(ctx, changed)
		if err == nil {
			k = saved
		}
		return saved, false, err
	}
	f.done = func(known rx.Known, n prescribing.Note) {
		w.patient, w.note, w.noted = known, n, true
		p.edit = nil
		p.touch()
		p.loadNear(w)
		p.focus.to(FieldMedicine)
	}
	f.Cancel = func() {
		if p.edit == f && !f.saving {
			p.edit = nil
			p.focus.to(FieldMedicine)
		}
	}
	p.Paper.Cancel()
	p.edit = f
	p.focus.to(FieldPhone)
}

// AddPatient asks for a new patient; what is being written is put aside.
func (p *Prescribe) AddPatient() {
	if p.w != nil {
		p.Next()
	}
	if p.w == nil && p.Pick.form == nil {
		p.Pick.Add()
	}
}

// Form is the patient's form that is shown, nil when none is.
func (p *Prescribe) Form() *Form {
	switch {
	case p.w != nil:
		return p.edit
	case p.Pick == nil:
		return nil
	}
	return p.Pick.form
}

// FormView is what the form shows.
type FormView struct {
	Title                                              string
	LastName, FirstName, SSIN, Birth, Phone, Allergies string
	NoSSINs, Sexes, Languages, Proofs                  []Choice
	Notices                                            []Notice
	Save, Cancel                                       Button
}

// Choice is one of a closed list.
type Choice struct {
	Value, Label string
	Chosen       bool
}

func (f *Form) view(pick func(rx.Known)) *FormView {
	lang := f.env.Lang
	v := &FormView{LastName: f.LastName, FirstName: f.FirstName, SSIN: f.SSIN, Birth: f.Birth, Phone: f.Phone, Allergies: f.Allergies}
	v.Title = i18n.Text(lang, "ui.form.title")
	if f.edits {
		v.Title = i18n.Text(lang, "ui.form.edit")
	}
	for _, w := range []rx.ProofWish{"", rx.ProofPaper, rx.ProofNone} {
		key := "ui.form.proof." + string(w)
		if w == "" {
			key = "ui.form.proof.auto"
		}
		v.Proofs = append(v.Proofs, Choice{Value: string(w), Label: i18n.Text(lang, key), Chosen: f.Proof == w || w == "" && f.Proof == rx.ProofAuto})
	}
	v.NoSSINs = []Choice{{Value: "", Label: i18n.Text(lang, "ui.form.has-ssin"), Chosen: f.NoSSIN == ""}}
	for _, n := range rx.NoSSINs {
		v.NoSSINs = append(v.NoSSINs, Choice{Value: string(n), Label: i18n.Text(lang, "no-ssin."+string(n)), Chosen: f.NoSSIN == n})
	}
	for _, s := range rx.Sexes {
		v.Sexes = append(v.Sexes, Choice{Value: string(s), Label: i18n.Text(lang, "sex."+string(s)), Chosen: f.Sex == string(s)})
	}
	for _, l := range rx.DocumentLangs {
		v.Languages = append(v.Languages, Choice{Value: string(l), Label: i18n.Text(lang, "language."+string(l)), Chosen: f.Language == l})
	}
	_, faults, warnings := f.check()
	if f.tried {
		v.Notices = f.env.faults(faults.OrNil())
	}
	v.Notices = append(v.Notices, f.env.warnings(warnings)...)
	v.Notices = append(v.Notices, f.env.say(f.notes)...)
	if k := f.known; k != nil {
		v.Notices = append(v.Notices, Notice{Tone: Warn, Text: i18n.Text(lang, "ui.patient.known", "name", fullName(k.Patient), "born", f.env.born(k.Patient)),
			Buttons: []Button{{Label: i18n.Text(lang, "ui.patient.take"), On: true, Press: f.env.press(func() { pick(*k) })}}})
	}
	v.Save = Button{Label: i18n.Text(lang, "ui.form.save"), Key: i18n.Text(lang, "ui.key.enter"), Strong: true, On: !f.saving}
	v.Cancel = Button{Label: i18n.Text(lang, "ui.cancel"), Key: f.env.escape(), On: true}
	return v
}
