package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Tap is a row that can be chosen with the mouse and shows whether it is.
type Tap struct {
	widget.BaseWidget
	inside fyne.CanvasObject
	press  func()
	chosen bool
}

// NewTap makes a row of what is inside.
func NewTap(inside fyne.CanvasObject) *Tap {
	t := &Tap{inside: inside}
	t.ExtendBaseWidget(t)
	return t
}

// Set tells whether it is chosen and what a tap does.
func (t *Tap) Set(chosen bool, press func()) {
	t.press = press
	if t.chosen != chosen {
		t.chosen = chosen
		t.Refresh()
		if chosen {
			reveal(t)
		}
	}
}

// Tapped does it.
func (t *Tap) Tapped(*fyne.PointEvent) {
	if t.press != nil {
		t.press()
	}
}

// CreateRenderer draws the ground of a chosen row behind what is inside.
func (t *Tap) CreateRenderer() fyne.WidgetRenderer {
	back := newGround(colorChosen, "")
	back.radius = Unit / 2
	r := &tapRenderer{tap: t, back: back}
	if !t.chosen {
		back.Hide()
	}
	return r
}

type tapRenderer struct {
	tap  *Tap
	back *ground
}

func (r *tapRenderer) Layout(size fyne.Size) {
	r.back.Resize(size)
	r.tap.inside.Resize(size)
}

func (r *tapRenderer) MinSize() fyne.Size { return r.tap.inside.MinSize() }

func (r *tapRenderer) Refresh() {
	if r.back.Visible() != r.tap.chosen {
		if r.tap.chosen {
			r.back.Show()
		} else {
			r.back.Hide()
		}
	}
	canvas.Refresh(r.tap)
}

func (r *tapRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.back, r.tap.inside}
}

func (r *tapRenderer) Destroy() {}
