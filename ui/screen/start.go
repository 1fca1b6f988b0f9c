package screen

import (
	"fyne.io/fyne/v2"

	"relais/ui/kit"
	"relais/ui/model"
)

// Start is the question of the first start.
type Start struct {
	model     *model.Start
	title     *kit.Text
	text      *kit.Text
	try, work *kit.Button
	about     *kit.Text
	missing   kit.Notices
	busy      *kit.Text
	notices   kit.Notices
	box       *fyne.Container
	focus     focus
	tried     func()
	changed   func()
}

// NewStart makes the screen of m; tried is called when the demonstration is there.
func NewStart(m *model.Start, tried, changed func()) *Start {
	s := &Start{model: m, title: kit.NewText(), text: kit.NewText(), try: kit.NewButton(), work: kit.NewButton(), about: kit.NewText(), missing: kit.NewNotices(),
		busy: kit.NewText(), notices: kit.NewNotices(), tried: tried, changed: changed}
	s.box = kit.Sheet(fyne.NewSize(70*kit.Unit, 40*kit.Unit), kit.Card(kit.Framed(kit.NewColumn(
		s.title, s.text, kit.NewFlow(kit.Gap(s.try)), s.about, s.busy, s.notices.Object(), kit.Rule(), kit.NewFlow(kit.Gap(s.work)), s.missing.Object()))))
	return s
}

// Object is what it looks like.
func (s *Start) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Start) Show(v model.StartView) {
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	s.text.Set(kit.Words(v.Text))
	v.Try.Press = func() { s.model.Try(s.tried); s.changed() }
	s.try.Set(v.Try)
	s.about.Set(kit.Soft(v.About))
	s.busy.Set(kit.Toned(model.Busy, v.Busy))
	visible(v.Busy != "", s.busy)
	s.notices.Show(v.Notices)
	s.work.Set(v.Work)
	s.missing.Show(v.Missing)
}

// Follow puts the focus where the model wants it.
func (s *Start) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldText: s.try})
}
