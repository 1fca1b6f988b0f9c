package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// pick is the choice of a patient.
type pick struct {
	of      func() *model.Pick
	changed func()

	search  *kit.Entry
	label   *kit.Labelled
	hint    *kit.Text
	results *kit.Stack[model.Person]
	title   *kit.Text
	drafts  *kit.Stack[model.Person]
	add     *kit.Button
	scope   *kit.Text
	notices kit.Notices
	choose  *fyne.Container
	form    *form
	box     *fyne.Container
}

func newPick(of func() *model.Pick, changed func()) *pick {
	p := &pick{of: of, changed: changed, hint: kit.NewText(), title: kit.NewText(), add: kit.NewButton(), scope: kit.NewText(), notices: kit.NewNotices(), form: newForm(of, changed)}
	p.search = kit.NewEntry(func(s string) { of().Search(s); changed() })
	p.search.Key = keys(func(by int) { of().Move(by) }, func() { of().Enter() }, changed)
	p.label = kit.NewLabelled(p.search)
	p.results = kit.NewStack(newPerson)
	p.drafts = kit.NewStack(newPerson)
	p.choose = container.NewBorder(
		container.NewBorder(nil, nil, nil, kit.Bottom(p.add), p.label.Container), p.scope, nil, nil,
		container.NewVScroll(kit.NewColumn(p.hint, p.results.Object(), p.title, p.drafts.Object())))
	p.box = container.NewBorder(nil, p.notices.Object(), nil, nil, container.NewStack(p.choose, p.form.box))
	return p
}

func (p *pick) show(lang rx.Lang, v *model.PickView) {
	p.notices.Show(v.Notices)
	visible(v.Form == nil, p.choose)
	p.form.show(lang, v.Form)
	if v.Form != nil {
		return
	}
	p.label.Label(i18n.Text(lang, "ui.patient"))
	p.search.Hint(i18n.Text(lang, "ui.patient.hint"))
	p.search.Set(v.Words)
	p.hint.Set(kit.Soft(v.Empty))
	visible(v.Empty != "", p.hint)
	p.results.Set(v.Results, personKey)
	p.title.Set(kit.Strong(i18n.Text(lang, "ui.drafts")))
	visible(len(v.Drafts) > 0, p.title)
	p.drafts.Set(v.Drafts, personKey)
	p.add.Set(v.Add)
	p.scope.Set(kit.Soft(i18n.Text(lang, "ui.scope")))
}

func personKey(i int, v model.Person) string { return v.Name + v.Number + string(rune(i)) }

// person is a row to choose from: the name, then what tells namesakes apart.
type person struct {
	text *kit.Text
	tap  *kit.Tap
}

func newPerson() kit.Row[model.Person] {
	p := &person{text: kit.NewText()}
	p.tap = kit.NewTap(p.text)
	return p
}

func (p *person) Object() fyne.CanvasObject { return p.tap }

func (p *person) Show(v model.Person) {
	p.text.Set(kit.Strong(v.Name), kit.Words("   "+v.Born+" · "+v.Number), kit.Quiet("   "+v.About))
	p.tap.Set(v.Selected, v.Press)
}

// form is a new patient.
type form struct {
	last, first, ssin, birth, phone *kit.Entry
	nossin, sex, language           *kit.Choice
	save, cancel                    *kit.Button
	notices                         kit.Notices
	title                           *kit.Text
	labels                          map[string]*kit.Labelled
	box                             *fyne.Container
}

func newForm(of func() *model.Pick, changed func()) *form {
	f := &form{save: kit.NewButton(), cancel: kit.NewButton(), notices: kit.NewNotices(), title: kit.NewText(), labels: map[string]*kit.Labelled{}}
	set := func(field model.Field) func(string) {
		return func(s string) { of().Set(field, s); changed() }
	}
	entry := func(field model.Field) *kit.Entry {
		e := kit.NewEntry(set(field))
		e.Key = func(name fyne.KeyName) bool {
			switch name {
			case fyne.KeyReturn, fyne.KeyEnter:
				of().SaveNew()
			case fyne.KeyEscape:
				of().Cancel()
			default:
				return false
			}
			changed()
			return true
		}
		return e
	}
	f.last, f.first, f.ssin, f.birth, f.phone = entry(model.FieldLastName), entry(model.FieldFirstName), entry(model.FieldSSIN), entry(model.FieldBirth), entry(model.FieldPhone)
	f.nossin, f.sex, f.language = kit.NewChoice(set(model.FieldNoSSIN)), kit.NewChoice(set(model.FieldSex)), kit.NewChoice(set(model.FieldLanguage))
	under := func(key string, o fyne.CanvasObject) fyne.CanvasObject {
		f.labels[key] = kit.NewLabelled(o)
		return f.labels[key].Container
	}
	f.box = container.NewStack(container.NewVScroll(kit.NewColumn(f.title,
		container.NewGridWithColumns(2,
			under("ui.form.last-name", f.last), under("ui.form.first-name", f.first),
			under("ui.form.ssin", f.ssin), under("ui.form.no-ssin", f.nossin),
			under("ui.form.birth", f.birth), under("ui.form.sex", f.sex),
			under("ui.form.phone", f.phone), under("ui.form.language", f.language)),
		f.notices.Object(), kit.NewFlow(f.save, f.cancel))))
	f.box.Hide()
	return f
}

func (f *form) show(lang rx.Lang, v *model.FormView) {
	visible(v != nil, f.box)
	if v == nil {
		return
	}
	f.title.Set(kit.Span{Text: i18n.Text(lang, "ui.form.title"), Plain: true, Bold: true, Big: true})
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
	f.notices.Show(v.Notices)
	f.save.Set(v.Save)
	f.cancel.Set(v.Cancel)
}

// fields are the inputs that can have the focus.
func (p *pick) fields() map[model.Field]fyne.Focusable {
	f := p.form
	return map[model.Field]fyne.Focusable{model.FieldPatient: p.search, model.FieldLastName: f.last, model.FieldFirstName: f.first, model.FieldSSIN: f.ssin,
		model.FieldNoSSIN: f.nossin, model.FieldBirth: f.birth, model.FieldSex: f.sex, model.FieldLanguage: f.language, model.FieldPhone: f.phone}
}
