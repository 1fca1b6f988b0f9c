package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/ui/kit"
	"relais/ui/model"
)

// Settings are what the doctor chooses about the window, and what the program says of itself.
type Settings struct {
	title                *kit.Text
	language, text, look *kit.Choice
	labels               [3]*kit.Labelled
	practice, about      *kit.Text
	notices              kit.Notices
	box                  *fyne.Container
}

// NewSettings makes the screen of m.
func NewSettings(m *model.Settings, changed func()) *Settings {
	s := &Settings{title: kit.NewText(), practice: kit.NewText(), about: kit.NewText(), notices: kit.NewNotices()}
	choice := func(set func(string)) *kit.Choice { return kit.NewChoice(func(v string) { set(v); changed() }) }
	s.language, s.text, s.look = choice(m.SetLanguage), choice(m.SetText), choice(m.SetDark)
	row := kit.NewFlow()
	for i, c := range []*kit.Choice{s.language, s.text, s.look} {
		s.labels[i] = kit.NewLabelled(c)
		row.Add(kit.AtLeast(fyne.NewSize(20*kit.Unit, 0), s.labels[i].Container))
	}
	s.box = container.NewBorder(s.title, s.notices.Object(), nil, nil, kit.Pane(kit.NewColumn(row, s.practice, s.about)))
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
	s.about.Set(paragraph(v.Abouted, v.About)...)
	s.notices.Show(v.Notices)
}

// Enter puts the focus on the first choice, when the screen is opened.
func (s *Settings) Enter(c fyne.Canvas) { c.Focus(s.language) }

// paragraph is lines under a title.
func paragraph(title string, lines []string) []kit.Span {
	spans := []kit.Span{kit.Strong(title)}
	for _, l := range lines {
		spans = append(spans, kit.Words(l).Line())
	}
	return spans
}
