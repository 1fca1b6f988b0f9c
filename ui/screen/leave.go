package screen

import (
	"fyne.io/fyne/v2"

	"relais/ui/kit"
	"relais/ui/model"
)

// Leave is the question before the program is closed while something is open.
type Leave struct {
	title         *kit.Text
	open          kit.Notices
	stay, close   *kit.Button
	box           *fyne.Container
	focus         focus
	stayed, ended func()
}

// NewLeave makes the screen; stayed goes back to work, ended closes.
func NewLeave(stayed, ended func()) *Leave {
	s := &Leave{title: kit.NewText(), open: kit.NewNotices(), stay: kit.NewButton(), close: kit.NewButton(), stayed: stayed, ended: ended}
	s.box = kit.Sheet(fyne.NewSize(80*kit.Unit, 40*kit.Unit), kit.Card(kit.Framed(kit.NewColumn(
		s.title, s.open.Object(), kit.NewFlow(kit.Gap(s.stay), kit.Gap(s.close))))))
	return s
}

// Object is what it looks like.
func (s *Leave) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Leave) Show(v model.LeaveView) {
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	s.open.Show(v.Open)
	v.Stay.Press, v.Close.Press = s.stayed, s.ended
	s.stay.Set(v.Stay)
	s.close.Set(v.Close)
}

// Follow puts the focus where the model wants it: on staying.
func (s *Leave) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldText: s.stay})
}
