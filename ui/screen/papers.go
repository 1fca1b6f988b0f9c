package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/layout"

	"relais/ui/kit"
	"relais/ui/model"
)

// papers are what is chosen about documents and printers: a card, and the form that changes it.
type papers struct {
	text      *kit.Text
	edit      *kit.Button
	documents *kit.Buttons
	notices   kit.Notices
	card      *fyne.Container

	title              *kit.Text
	inputs             []fyne.Focusable // as model.PapersInputs
	labels             []*kit.Labelled
	said               kit.Notices
	save, test, cancel *kit.Button
	preview            *kit.Button
	form               *fyne.Container
}

func newPapers(m *model.Settings, changed func()) *papers {
	p := &papers{text: kit.NewText(), edit: kit.NewButton(), documents: kit.NewButtons(), notices: kit.NewNotices(),
		title: kit.NewText(), said: kit.NewNotices(), save: kit.NewButton(), test: kit.NewButton(), preview: kit.NewButton(), cancel: kit.NewButton()}
	p.card = kit.Gap(kit.Card(kit.NewColumn(p.text, kit.NewFlow(p.edit), p.documents.Object(), p.notices.Object())))
	fields := kit.Sided(layout.NewGridLayout(2))
	for i, choice := range model.PapersInputs() {
		set := func(s string) { m.Papers().Set(i, s); changed() }
		save := pressed(func() { m.Papers().Save() }, changed)
		var input interface {
			fyne.CanvasObject
			fyne.Focusable
		}
		if choice {
			c := kit.NewChoice(set)
			c.Key = save
			input = c
		} else {
			e := kit.NewEntry(set)
			e.Key = save
			input = e
		}
		l := kit.NewLabelled(input)
		p.inputs, p.labels = append(p.inputs, input), append(p.labels, l)
		fields.Add(l.Container)
	}
	p.form = kit.NewColumn(p.title, fields, p.said.Object(), kit.NewFlow(p.save, p.test, p.preview, p.cancel))
	p.form.Hide()
	return p
}

func (p *papers) show(v *model.PapersView) {
	visible(v != nil, p.card)
	visible(v != nil && v.Form != nil, p.form)
	if v == nil {
		return
	}
	p.text.Set(paragraph(v.Title, v.Lines)...)
	p.edit.Set(v.Edit)
	p.documents.Set(v.Documents)
	p.notices.Show(v.Notices)
	if v.Form == nil {
		return
	}
	p.title.Set(kit.Strong(v.Form.Title))
	for i, in := range v.Form.Inputs {
		p.labels[i].Label(in.Label)
		switch input := p.inputs[i].(type) {
		case *kit.Choice:
			input.Set(in.Choices, " ")
		case *kit.Entry:
			input.Set(in.Text)
		}
	}
	p.said.Show(v.Form.Notices)
	p.save.Set(v.Form.Save)
	p.test.Set(v.Form.Test)
	p.preview.Set(v.Form.Preview)
	p.cancel.Set(v.Form.Cancel)
}
