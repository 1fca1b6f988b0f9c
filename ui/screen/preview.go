package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/app/documents"
	"relais/ui/kit"
	"relais/ui/model"
)

// Preview is a page as it will be printed, with what is not real of it yet above it.
type Preview struct {
	title            *kit.Text
	mark             *kit.Text
	notices          kit.Notices
	page             *kit.Page
	desk             *fyne.Container
	prev, next, back *kit.Button
	box              *fyne.Container
	shown            int
	focus            focus
}

// NewPreview makes the screen of m.
func NewPreview(m *model.Preview, changed func()) *Preview {
	s := &Preview{title: kit.NewText(), mark: kit.NewText(), notices: kit.NewNotices(), page: kit.NewPage(40 * kit.Unit), prev: kit.NewButton(), next: kit.NewButton(), back: kit.NewButton(), shown: -1}
	s.page.Key = func(name fyne.KeyName) bool {
		switch name {
		case fyne.KeyRight, fyne.KeyPageDown:
			m.Turn(1)
		case fyne.KeyLeft, fyne.KeyPageUp:
			m.Turn(-1)
		default:
			return false
		}
		changed()
		return true
	}
	s.desk = kit.Desk(s.page)
	s.box = container.NewBorder(kit.NewColumn(kit.NewBeside(s.title, kit.NewFlow(s.prev, s.next, s.back)), s.mark, s.notices.Object()), nil, nil, nil, kit.Pane(s.desk))
	return s
}

// Object is what it looks like.
func (s *Preview) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Preview) Show(v *model.PreviewView) {
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true}, kit.Quiet("   "+v.Count))
	s.mark.Set(kit.Toned(v.Mark.Tone, v.Mark.Text))
	visible(v.Mark.Text != "", s.mark)
	s.notices.Show(v.Notices)
	var page documents.Page // empty until one is there: it keeps the focus
	turn := -1
	if v.Page != nil {
		page, turn = v.Page(), v.Turn
	}
	if turn != s.shown {
		s.shown = turn
		s.page.Set(page)
		s.desk.Refresh()
		s.page.Top()
	}
	s.prev.Set(v.Prev)
	s.next.Set(v.Next)
	s.back.Set(v.Back)
}

// Follow puts the focus where the model wants it: on the page.
func (s *Preview) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldText: s.page})
}
