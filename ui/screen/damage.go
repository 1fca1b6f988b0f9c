package screen

import (
	"fyne.io/fyne/v2"

	"relais/ui/kit"
	"relais/ui/model"
)

// Damage is the question before a directory that can only be read.
type Damage struct {
	title   *kit.Text
	why     kit.Notices
	text    *kit.Text
	counts  *kit.Text
	open    *kit.Button
	export  *kit.Button
	busy    *kit.Text
	notices kit.Notices
	box     *fyne.Container
	focus   focus
	opened  func()
}

// NewDamage makes the screen; opened is called when the doctor wants to read.
func NewDamage(opened func()) *Damage {
	s := &Damage{title: kit.NewText(), why: kit.NewNotices(), text: kit.NewText(), counts: kit.NewText(), open: kit.NewButton(), export: kit.NewButton(),
		busy: kit.NewText(), notices: kit.NewNotices(), opened: opened}
	s.box = kit.Sheet(fyne.NewSize(90*kit.Unit, 50*kit.Unit), kit.Card(kit.Framed(kit.NewColumn(
		s.title, s.why.Object(), s.text, s.counts, kit.NewFlow(kit.Gap(s.open), kit.Gap(s.export)), s.busy, s.notices.Object()))))
	return s
}

// Object is what it looks like.
func (s *Damage) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Damage) Show(v model.DamageView) {
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	s.why.Show(v.Why)
	s.text.Set(kit.Words(v.Text))
	s.counts.Set(kit.Strong(v.Counts))
	v.Open.Press = s.opened
	s.open.Set(v.Open)
	s.export.Set(v.Export)
	s.busy.Set(kit.Toned(model.Busy, v.Busy))
	visible(v.Busy != "", s.busy)
	s.notices.Show(v.Notices)
}

// Follow puts the focus where the model wants it.
func (s *Damage) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldText: s.open})
}
