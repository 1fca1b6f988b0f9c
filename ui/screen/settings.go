package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"relais/ui/kit"
	"relais/ui/model"
)

// Settings are what the doctor chooses about the window, the practice, and what the program says of itself.
type Settings struct {
	title                *kit.Text
	language, text, look *kit.Choice
	labels               [3]*kit.Labelled
	practice, about      *kit.Text
	access               *kit.Text
	edit, drill          *kit.Button
	drilled              *kit.Text
	form                 *practice
	papers               *papers
	exercise, certified  *fyne.Container
	shown                *fyne.Container // what the form stands in the place of
	notices              kit.Notices
	box                  *fyne.Container
	focus                focus
}

// NewSettings makes the screen of m.
func NewSettings(m *model.Settings, changed func()) *Settings {
	s := &Settings{title: kit.NewText(), practice: kit.NewText(), about: kit.NewText(), access: kit.NewText(), edit: kit.NewButton(), drill: kit.NewButton(), drilled: kit.NewText(), form: newPractice(m, changed), papers: newPapers(m, changed), notices: kit.NewNotices()}
	choice := func(set func(string)) *kit.Choice { return kit.NewChoice(func(v string) { set(v); changed() }) }
	s.language, s.text, s.look = choice(m.SetLanguage), choice(m.SetText), choice(m.SetDark)
	row := kit.NewFlow()
	for i, c := range []*kit.Choice{s.language, s.text, s.look} {
		s.labels[i] = kit.NewLabelled(c)
		row.Add(kit.AtLeast(fyne.NewSize(20*kit.Unit, 0), s.labels[i].Container))
	}
	card := func(text *kit.Text, buttons ...fyne.CanvasObject) *fyne.Container {
		return kit.Gap(kit.Card(kit.NewColumn(text, kit.NewFlow(buttons...))))
	}
	s.exercise = card(s.drilled, s.drill)
	s.certified = card(s.access)
	s.shown = kit.NewColumn(row, card(s.practice, s.edit), s.papers.card, s.certified, s.exercise, card(s.about))
	s.box = container.NewBorder(s.title, s.notices.Object(), nil, nil, kit.Pane(kit.NewColumn(s.shown, s.form.box, s.papers.form)))
	return s
}

// Object is what it looks like.
func (s *Settings) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Settings) Show(v model.SettingsView) {
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	for i, x := range []struct {
		choice *kit.Choice
		input  model.Input
	}{{s.language, v.Language}, {s.text, v.Text}, {s.look, v.Look}} {
		s.labels[i].Label(x.input.Label)
		x.choice.Set(x.input.Choices, " ")
	}
	s.practice.Set(paragraph(v.Practiced, v.Practice)...)
	s.edit.Set(v.Edit)
	s.access.Set(paragraph(v.Accessed, v.Access)...)
	visible(v.Access != nil, s.certified)
	s.drilled.Set(paragraph(v.DrillTitle, []string{v.Drilled})...)
	s.drill.Set(v.Drill)
	visible(v.Drill.On, s.exercise)
	s.about.Set(paragraph(v.Abouted, v.About)...)
	visible(v.Form == nil && (v.Papers == nil || v.Papers.Form == nil), s.shown)
	s.papers.show(v.Papers)
	s.form.show(v.Form)
	s.notices.Show(v.Notices)
}

// Enter puts the focus on the first choice, when the screen is opened.
func (s *Settings) Enter(c fyne.Canvas) {
	if s.shown.Visible() {
		c.Focus(s.language)
	}
}

// Follow puts the focus where the model wants it.
func (s *Settings) Follow(c fyne.Canvas, want model.Focus) {
	fields := map[model.Field]fyne.Focusable{model.FieldRow: s.edit, model.FieldPapersOpen: s.papers.edit, model.FieldPapers: s.papers.inputs[0]}
	for i, f := range model.PracticeFields() {
		fields[f] = s.form.inputs[i]
	}
	s.focus.follow(c, want, fields)
}

// paragraph is lines under a title.
func paragraph(title string, lines []string) []kit.Span {
	spans := []kit.Span{kit.Strong(title)}
	for _, l := range lines {
		spans = append(spans, kit.Words(l).Line())
	}
	return spans
}

// practice is the form of the practice.
type practice struct {
	title, about *kit.Text
	inputs       []fyne.Focusable // as model.PracticeFields
	labels       []*kit.Labelled
	notices      kit.Notices
	save, cancel *kit.Button
	box          *fyne.Container
}

func newPractice(m *model.Settings, changed func()) *practice {
	p := &practice{title: kit.NewText(), about: kit.NewText(), notices: kit.NewNotices(), save: kit.NewButton(), cancel: kit.NewButton()}
	fields := kit.Sided(layout.NewGridLayout(2))
	for _, f := range model.PracticeFields() {
		set := func(s string) { m.SetPractice(f, s); changed() }
		var input interface {
			fyne.CanvasObject
			fyne.Focusable
		}
		if f == model.FieldLanguage {
			c := kit.NewChoice(set)
			c.Key = pressed(m.SavePractice, changed)
			input = c
		} else {
			e := kit.NewEntry(set)
			e.Key = pressed(m.SavePractice, changed)
			input = e
		}
		l := kit.NewLabelled(input)
		p.inputs, p.labels = append(p.inputs, input), append(p.labels, l)
		fields.Add(l.Container)
	}
	p.box = kit.NewColumn(p.title, fields, p.about, p.notices.Object(), kit.NewFlow(p.save, p.cancel))
	p.box.Hide()
	return p
}

func (p *practice) show(v *model.PracticeView) {
	visible(v != nil, p.box)
	if v == nil {
		return
	}
	p.title.Set(kit.Strong(v.Title))
	for i, in := range v.Inputs {
		p.labels[i].Label(in.Label)
		switch input := p.inputs[i].(type) {
		case *kit.Choice:
			input.Set(in.Choices, " ")
		case *kit.Entry:
			input.Set(in.Text)
		}
	}
	p.about.Set(kit.Soft(v.About))
	p.notices.Show(v.Notices)
	p.save.Set(v.Save)
	p.cancel.Set(v.Cancel)
}
