package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// form is a patient: a new one, or one that is changed.
type form struct {
	last, first, ssin, birth, phone, allergies *kit.Entry
	nossin, sex, language, proof               *kit.Choice
	save, cancel                               *kit.Button
	notices                                    kit.Notices
	title                                      *kit.Text
	labels                                     map[string]*kit.Labelled
	box                                        *fyne.Container
}

func newForm(of func() *model.Form, changed func()) *form {
	f := &form{save: kit.NewButton(), cancel: kit.NewButton(), notices: kit.NewNotices(), title: kit.NewText(), labels: map[string]*kit.Labelled{}}
	set := func(field model.Field) func(string) {
		return func(s string) {
			if f := of(); f != nil {
				f.Set(field, s)
				changed()
			}
		}
	}
	entry := func(field model.Field) *kit.Entry {
		e := kit.NewEntry(set(field))
		e.Key = func(name fyne.KeyName) bool {
			f := of()
			switch {
			case f == nil:
				return false
			case name == fyne.KeyReturn || name == fyne.KeyEnter:
				f.Save()
			default:
				return false
			}
			changed()
			return true
		}
		return e
	}
	f.last, f.first, f.ssin, f.birth, f.phone = entry(model.FieldLastName), entry(model.FieldFirstName), entry(model.FieldSSIN), entry(model.FieldBirth), entry(model.FieldPhone)
	f.allergies, f.proof = entry(model.FieldAllergies), kit.NewChoice(set(model.FieldProof))
	f.nossin, f.sex, f.language = kit.NewChoice(set(model.FieldNoSSIN)), kit.NewChoice(set(model.FieldSex)), kit.NewChoice(set(model.FieldLanguage))
	under := func(key string, o fyne.CanvasObject) fyne.CanvasObject {
		f.labels[key] = kit.NewLabelled(o)
		return f.labels[key].Container
	}
	f.box = container.NewStack(kit.Pane(kit.NewColumn(f.title,
		kit.Sided(layout.NewGridLayout(2),
			under("ui.form.last-name", f.last), under("ui.form.first-name", f.first),
			under("ui.form.ssin", f.ssin), under("ui.form.no-ssin", f.nossin),
			under("ui.form.birth", f.birth), under("ui.form.sex", f.sex),
			under("ui.form.phone", f.phone), under("ui.form.language", f.language),
			under("ui.form.allergies", f.allergies), under("ui.form.proof", f.proof)),
		f.notices.Object(), kit.NewFlow(f.save, f.cancel))))
	f.box.Hide()
	return f
}

func (f *form) show(lang rx.Lang, v *model.FormView) {
	visible(v != nil, f.box)
	if v == nil {
		return
	}
	f.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	for key, l := range f.labels {
		l.Label(i18n.Text(lang, key))
	}
	f.last.Set(v.LastName)
	f.first.Set(v.FirstName)
	f.ssin.Set(v.SSIN)
	f.birth.Set(v.Birth)
	f.phone.Set(v.Phone)
	f.nossin.Set(v.NoSSINs, " ")
	f.sex.Set(v.Sexes, " ")
	f.language.Set(v.Languages, " ")
	f.allergies.Set(v.Allergies)
	f.proof.Set(v.Proofs, " ")
	f.notices.Show(v.Notices)
	f.save.Set(v.Save)
	f.cancel.Set(v.Cancel)
}

// inputs are those that can have the focus.
func (f *form) inputs() map[model.Field]fyne.Focusable {
	return map[model.Field]fyne.Focusable{model.FieldLastName: f.last, model.FieldFirstName: f.first, model.FieldSSIN: f.ssin,
		model.FieldNoSSIN: f.nossin, model.FieldBirth: f.birth, model.FieldSex: f.sex, model.FieldLanguage: f.language, model.FieldPhone: f.phone,
		model.FieldAllergies: f.allergies, model.FieldProof: f.proof}
}
