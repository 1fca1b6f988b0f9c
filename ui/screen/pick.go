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
	box     *fyne.Container
}

func newPick(of func() *model.Pick, changed func()) *pick {
	p := &pick{of: of, changed: changed, hint: kit.NewText(), title: kit.NewText(), add: kit.NewButton(), scope: kit.NewText(), notices: kit.NewNotices()}
	p.search = kit.NewEntry(func(s string) { of().Search(s); changed() })
	p.search.Key = keys(func(by int) { of().Move(by) }, func() { of().Enter() }, changed)
	p.label = kit.NewLabelled(p.search)
	p.results = kit.NewStack(newPerson)
	p.drafts = kit.NewStack(newPerson)
	add := kit.Bottom(p.add)
	choose := container.NewBorder(
		kit.Sided(layout.NewBorderLayout(nil, nil, nil, add), p.label.Container, add), p.scope, nil, nil,
		kit.Pane(kit.NewColumn(p.hint, p.results.Object(), p.title, p.drafts.Object())))
	p.box = container.NewBorder(nil, p.notices.Object(), nil, nil, choose)
	return p
}

func (p *pick) show(lang rx.Lang, v *model.PickView) {
	p.notices.Show(v.Notices)
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
