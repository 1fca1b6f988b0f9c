// Package screen shows the view models: it lays out what they say, and tells them what is typed and pressed. It decides
// nothing.
//
// Each screen has Object, what it looks like, and Show, which is called as often as one likes with the view of its
// model. All calls are on Fyne's goroutine.
package screen

import (
	"fyne.io/fyne/v2"

	"relais/ui/kit"
	"relais/ui/model"
)

// focus moves the focus once for each time that a model wants it moved.
type focus struct{ turn int }

// follow finds the input of the wanted field. It is told the window's canvas: an input that was never drawn yet belongs
// to none, and what is typed next must not be lost.
func (f *focus) follow(c fyne.Canvas, want model.Focus, fields map[model.Field]fyne.Focusable) {
	if want.Turn == f.turn {
		return
	}
	f.turn = want.Turn
	if target := fields[want.Field]; target != nil {
		c.Focus(target)
		if e, ok := target.(*kit.Entry); ok { // a dose that came with a favourite or a copy is replaced, not lengthened
			e.Whole()
		}
	} else {
		c.Unfocus()
	}
}

// line is one prescription: what, how much, how it stands, what can be done.
type line struct {
	text    *kit.Text
	side    *kit.Buttons
	buttons *kit.Buttons
	notices kit.Notices
	column  *fyne.Container
}

func newLine() *line {
	l := &line{text: kit.NewText(), side: kit.NewButtons(), buttons: kit.NewButtons(), notices: kit.NewNotices()}
	l.column = kit.NewColumn(kit.NewBeside(l.text, l.side.Object()), l.notices.Object(), l.buttons.Object(), kit.Rule())
	return l
}

func (l *line) Object() fyne.CanvasObject { return l.column }

func (l *line) Show(v model.Line) {
	l.text.Set(lineText(v)...)
	l.side.Set(v.Side)
	l.notices.Show(v.Notices)
	l.buttons.Set(v.Buttons)
}

// lineText: the product and the dose stand out, each state has its sign, its words and its colour.
func lineText(v model.Line) []kit.Span {
	number := ""
	if v.N != "" {
		number = v.N + "  "
	}
	spans := []kit.Span{kit.Strong(number + v.Product), kit.Words(v.Label + " ").Line(), kit.Strong(v.Amount), kit.Words(v.Dose), kit.Quiet(" · " + v.Until), kit.Toned(v.Tone, v.State).Line()}
	for _, f := range v.Facts {
		spans = append(spans, kit.Soft(f).Line())
	}
	return spans
}

func show(objects ...fyne.CanvasObject) {
	for _, o := range objects {
		if !o.Visible() {
			o.Show()
		}
	}
}

func hide(objects ...fyne.CanvasObject) {
	for _, o := range objects {
		if o.Visible() {
			o.Hide()
		}
	}
}

func visible(on bool, objects ...fyne.CanvasObject) {
	if on {
		show(objects...)
	} else {
		hide(objects...)
	}
}

// keys are what an input does with keys that move through a list of results.
func keys(move func(int), enter func(), changed func()) func(fyne.KeyName) bool {
	return func(name fyne.KeyName) bool {
		switch name {
		case fyne.KeyDown:
			move(1)
		case fyne.KeyUp:
			move(-1)
		case fyne.KeyReturn, fyne.KeyEnter:
			enter()
		default:
			return false
		}
		changed()
		return true
	}
}

// pressed is what an input does with Return.
func pressed(enter func(), changed func()) func(fyne.KeyName) bool {
	return func(name fyne.KeyName) bool {
		if name != fyne.KeyReturn && name != fyne.KeyEnter {
			return false
		}
		enter()
		changed()
		return true
	}
}
