package screen

import (
	"fyne.io/fyne/v2"

	"relais/ui/kit"
	"relais/ui/model"
)

// Unlock is the lock screen.
type Unlock struct {
	model   *model.Unlock
	title   *kit.Text
	label   *kit.Labelled
	secret  *kit.Entry
	open    *kit.Button
	demo    *kit.Text
	busy    *kit.Text
	notices kit.Notices
	box     *fyne.Container
	focus   focus
	opened  func()
	changed func()
}

// NewUnlock makes the screen of m; opened is called when the passphrase was right.
func NewUnlock(m *model.Unlock, opened, changed func()) *Unlock {
	s := &Unlock{model: m, title: kit.NewText(), open: kit.NewButton(), demo: kit.NewText(), busy: kit.NewText(), notices: kit.NewNotices(), opened: opened, changed: changed}
	s.secret = kit.NewEntry(func(string) {})
	s.secret.Password = true
	s.secret.Key = func(name fyne.KeyName) bool {
		if name != fyne.KeyReturn && name != fyne.KeyEnter {
			return false
		}
		s.try()
		return true
	}
	s.label = kit.NewLabelled(s.secret)
	s.box = kit.Sheet(fyne.NewSize(60*kit.Unit, 40*kit.Unit), kit.Card(kit.Framed(kit.NewColumn(
		s.title, s.demo, s.label.Container, kit.NewFlow(kit.Gap(s.open)), s.busy, s.notices.Object()))))
	return s
}

func (s *Unlock) try() {
	passphrase := s.secret.Text
	if passphrase == "" || !s.model.View().Open.On {
		return
	}
	s.model.Try(passphrase, s.opened)
	s.secret.Set("")
	s.changed()
}

// Object is what it looks like.
func (s *Unlock) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Unlock) Show(v model.UnlockView) {
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	s.label.Label(v.Label)
	s.demo.Set(kit.Words(v.Demo))
	visible(v.Demo != "", s.demo)
	s.busy.Set(kit.Toned(model.Busy, v.Busy))
	visible(v.Busy != "", s.busy)
	s.notices.Show(v.Notices)
	v.Open.Press = s.try
	s.open.Set(v.Open)
}

// Follow puts the focus where the model wants it.
func (s *Unlock) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldText: s.secret})
}
