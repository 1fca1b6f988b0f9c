package model

import (
	"context"
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// PracticeForm is the practice as it is being changed. What was issued keeps what it says: its facts are frozen.
type PracticeForm struct {
	env      *Env
	practice rx.Practice // with what is not asked here
	typed    map[Field]string
	tried    bool
	saving   bool
	notes    []note
}

// practiceFields are the inputs in their order, each with its label and the path of its faults.
var practiceFields = []struct {
	field       Field
	label, path string
}{
	{FieldLastName, "ui.form.last-name", "$.prescriber.last_name"},
	{FieldFirstName, "ui.form.first-name", "$.prescriber.first_name"},
	{FieldNIHII, "ui.practice.nihii", "$.prescriber.nihii"},
	{FieldSSIN, "ui.form.ssin", "$.prescriber.ssin"},
	{FieldQualification, "ui.practice.qualification", "$.prescriber.qualification"},
	{FieldLanguage, "ui.practice.region", "$.region_language"},
	{FieldStreet, "ui.practice.street", "$.address.street"},
	{FieldNumber, "ui.practice.number", "$.address.number"},
	{FieldZip, "ui.practice.zip", "$.address.zip"},
	{FieldCity, "ui.practice.city", "$.address.city"},
	{FieldPhone, "ui.form.phone", "$.phone"},
	{FieldEmail, "ui.practice.email", "$.email"},
}

// PracticeFields are the inputs in their order; FieldLanguage is a choice, the others are typed.
func PracticeFields() []Field {
	fields := make([]Field, len(practiceFields))
	for i, f := range practiceFields {
		fields[i] = f.field
	}
	return fields
}

func newPracticeForm(env *Env, p rx.Practice) *PracticeForm {
	return &PracticeForm{env: env, practice: p, typed: map[Field]string{
		FieldLastName: p.Prescriber.LastName, FieldFirstName: p.Prescriber.FirstName, FieldNIHII: p.Prescriber.NIHII.Dashed(), FieldSSIN: p.Prescriber.SSIN.Dotted(),
		FieldQualification: p.Prescriber.Qualification, FieldLanguage: string(p.RegionLanguage), FieldStreet: p.Address.Street, FieldNumber: p.Address.Number,
		FieldZip: p.Address.Zip, FieldCity: p.Address.City, FieldPhone: p.Phone, FieldEmail: p.Email,
	}}
}

// check makes the practice of what is typed, with what is wrong in the order of the inputs.
func (f *PracticeForm) check() (rx.Practice, rx.Faults) {
	t := func(field Field) string { return strings.Join(strings.Fields(f.typed[field]), " ") }
	p := f.practice
	p.Prescriber = rx.Prescriber{LastName: t(FieldLastName), FirstName: t(FieldFirstName), NIHII: rx.NIHII(t(FieldNIHII)), SSIN: rx.SSIN(t(FieldSSIN)), Qualification: t(FieldQualification)}
	p.Address = rx.Address{Street: t(FieldStreet), Number: t(FieldNumber), Zip: t(FieldZip), City: t(FieldCity)}
	p.Phone, p.Email, p.RegionLanguage = t(FieldPhone), t(FieldEmail), rx.Lang(t(FieldLanguage))
	if n, err := rx.ParseNIHII(t(FieldNIHII)); err == nil { // as people write it
		p.Prescriber.NIHII = n
	}
	if n, err := rx.ParseSSIN(t(FieldSSIN)); err == nil {
		p.Prescriber.SSIN = n
	}
	faults := rx.CheckPractice(p, rx.CheckOptions{Today: f.env.today(), Shows: f.env.Service.Shows})
	slices.SortStableFunc(faults, func(a, b *rx.Error) int { return practiceInput(a.Path) - practiceInput(b.Path) })
	return p, faults
}

func practiceInput(path string) int {
	for i, f := range practiceFields {
		if f.path == path {
			return i
		}
	}
	return 0
}

// EditPractice opens the form of the practice.
func (s *Settings) EditPractice() {
	if s.practice == nil || s.form != nil || s.env.Reading {
		return
	}
	s.form = newPracticeForm(s.env, *s.practice)
	s.focus.to(practiceFields[0].field)
}

// SetPractice takes what is typed or chosen.
func (s *Settings) SetPractice(field Field, value string) {
	if s.form != nil {
		s.form.typed[field] = value
	}
}

// SavePractice keeps it; what is wrong is said, and nothing is kept.
func (s *Settings) SavePractice() {
	f := s.form
	if f == nil || f.saving {
		return
	}
	f.tried, f.notes = true, nil
	p, faults := f.check()
	if len(faults) > 0 {
		s.focus.to(practiceFields[practiceInput(faults[0].Path)].field)
		return
	}
	f.saving = true
	s.env.Do(func(ctx context.Context) func() {
		var err error
		if p != f.practice {
			err = s.env.Service.SetPractice(ctx, p)
		}
		return func() {
			f.saving = false
			switch {
			case err != nil:
				f.notes = []note{{err: err}}
			default:
				s.practice = &p
				s.notes = nil
				if p != f.practice {
					s.notes = []note{{tone: Good, key: "ui.practice.kept"}}
				}
				if s.form == f {
					s.form = nil
				}
				s.focus.to(FieldRow)
			}
			s.env.Changed()
		}
	})
}

// Escape closes the form; what was typed is forgotten.
func (s *Settings) Escape() {
	if s.papers != nil {
		s.papers.Escape()
	}
	if s.form != nil && !s.form.saving {
		s.form = nil
		s.focus.to(FieldRow)
	}
}

// PracticeView is the form of the practice.
type PracticeView struct {
	Title        string
	Inputs       []Input // as PracticeFields
	About        string
	Notices      []Notice
	Save, Cancel Button
}

func (s *Settings) practiceView() *PracticeView {
	f, lang := s.form, s.env.Lang
	if f == nil {
		return nil
	}
	v := &PracticeView{Title: i18n.Text(lang, "ui.practice.edit"), About: i18n.Text(lang, "ui.practice.frozen")}
	for _, x := range practiceFields {
		in := Input{Label: i18n.Text(lang, x.label), Text: f.typed[x.field]}
		if x.field == FieldLanguage {
			for _, l := range rx.DocumentLangs {
				in.Choices = append(in.Choices, Choice{Value: string(l), Label: i18n.Text(lang, "language."+string(l)), Chosen: f.typed[x.field] == string(l)})
			}
		}
		v.Inputs = append(v.Inputs, in)
	}
	if f.tried {
		_, faults := f.check()
		v.Notices = s.env.faults(faults.OrNil())
	}
	v.Notices = append(v.Notices, s.env.say(f.notes)...)
	v.Save = Button{Label: i18n.Text(lang, "ui.practice.save"), Key: i18n.Text(lang, "ui.key.enter"), Strong: true, On: !f.saving, Press: s.env.press(s.SavePractice)}
	v.Cancel = Button{Label: i18n.Text(lang, "ui.cancel"), Key: s.env.escape(), On: !f.saving, Press: s.env.press(s.Escape)}
	return v
}

// A practice is a person's: it prints itself redacted.
func (*PracticeForm) String() string { return "PracticeForm(…)" }
