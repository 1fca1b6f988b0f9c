package kit

import (
	"image/color"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relais/ui/model"
)

// Button is a button of a view model. Return presses it as Space does.
type Button struct {
	widget.Button
	is      model.Button
	focused bool
	most    float32 // see Within; 0: as wide as the words
}

// NewButton makes a button without words yet.
func NewButton() *Button {
	b := &Button{}
	b.ExtendBaseWidget(b)
	b.OnTapped = func() {
		if b.is.On && b.is.Press != nil {
			b.is.Press()
		}
	}
	return b
}

// Set shows v.
func (b *Button) Set(v model.Button) {
	b.is = v
	text := v.Label
	if v.Key != "" {
		text += "   " + v.Key
	}
	most := look().scaled(b.most)
	if Narrow() {
		most = widestButton
	}
	if most > 0 && Strong("").measure(text) > most {
		text = strings.TrimSuffix(broken(v.Label, most)+"\n"+v.Key, "\n")
	}
	importance := widget.MediumImportance
	if v.Strong && v.On {
		importance = widget.HighImportance
	}
	if b.Text != text || b.Importance != importance {
		b.Text, b.Importance = text, importance
		b.Refresh()
	}
	if v.On && b.Disabled() {
		b.Enable()
	} else if !v.On && !b.Disabled() {
		b.Disable()
	}
}

// widestButton is the room for the words of a button where there is little of it.
const widestButton = 104 * Unit

// Within has the words of b go on below where they are wider than most, in any room.
func (b *Button) Within(most float32) *Button {
	b.most = most
	return b
}

// broken goes on below where text is wider than most.
func broken(text string, most float32) string {
	words := strings.Split(text, " ")
	lines := words[:1:1]
	for _, word := range words[1:] {
		if last := &lines[len(lines)-1]; Strong("").measure(*last+" "+word) <= most {
			*last += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return strings.Join(lines, "\n")
}

// FocusGained shows the ring, and the button.
func (b *Button) FocusGained() {
	b.focused = true
	b.Button.FocusGained()
	reveal(b)
}

// FocusLost hides it.
func (b *Button) FocusLost() {
	b.focused = false
	b.Button.FocusLost()
}

// CreateRenderer draws a dark ring around the button that has the focus: the toolkit's tint alone is easily overlooked.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	ring := canvas.NewRectangle(color.Transparent)
	ring.StrokeWidth, ring.CornerRadius = ringWidth, Unit/2
	r := &ringed{WidgetRenderer: b.Button.CreateRenderer(), button: b, ring: ring}
	r.Refresh()
	return r
}

const ringWidth = 3

type ringed struct {
	fyne.WidgetRenderer
	button *Button
	ring   *canvas.Rectangle
}

func (r *ringed) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	r.ring.Resize(size)
}

func (r *ringed) Refresh() {
	r.WidgetRenderer.Refresh()
	r.ring.Hidden, r.ring.StrokeColor = !r.button.focused, shade(theme.ColorNameForeground)
	r.ring.Refresh()
}

func (r *ringed) Objects() []fyne.CanvasObject {
	return append(slices.Clone(r.WidgetRenderer.Objects()), r.ring)
}

// TypedKey adds Return to what presses a button.
func (b *Button) TypedKey(key *fyne.KeyEvent) {
	if escaped(b, key) {
		return
	}
	if key.Name == fyne.KeyReturn || key.Name == fyne.KeyEnter {
		if !b.Disabled() {
			b.OnTapped()
		}
		return
	}
	b.Button.TypedKey(key)
}

// retire makes a button that is no longer shown do nothing, whatever still has it.
func (b *Button) retire() {
	b.is = model.Button{}
	unfocus(b)
}

// unfocus takes the focus from f, if it has it.
func unfocus(f fyne.Focusable) {
	o, ok := f.(fyne.CanvasObject)
	if !ok {
		return
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(o); c != nil && c.Focused() == f {
		c.Unfocus()
	}
}

// Buttons are buttons beside one another. One that stays keeps its widget, and with it the focus; one that goes does
// nothing any more: no key ever falls on another meaning than the one that was read.
type Buttons struct {
	box    *fyne.Container
	shown  []*Button
	labels []string
	most   float32
}

// NewButtons makes an empty row.
func NewButtons() *Buttons { return &Buttons{box: container.New(&flow{})} }

// Within is that of each button.
func (b *Buttons) Within(most float32) *Buttons {
	b.most = most
	return b
}

// Object is the row.
func (b *Buttons) Object() fyne.CanvasObject { return b.box }

// Set shows list.
func (b *Buttons) Set(list []model.Button) {
	changed := len(list) != len(b.shown)
	was := map[string]*Button{}
	for i, old := range b.shown {
		was[b.labels[i]] = old
	}
	shown, labels := make([]*Button, len(list)), make([]string, len(list))
	for i, v := range list {
		one, ok := was[v.Label]
		if ok {
			delete(was, v.Label)
		} else {
			one = NewButton().Within(b.most)
		}
		one.Set(v)
		changed = changed || b.shown[i] != one
		shown[i], labels[i] = one, v.Label
	}
	for _, gone := range was {
		gone.retire()
	}
	b.shown, b.labels = shown, labels
	if !changed {
		return
	}
	b.box.Objects = nil
	for _, s := range shown {
		b.box.Add(s)
	}
	b.box.Refresh()
}

// Row shows one value.
type Row[V any] interface {
	Object() fyne.CanvasObject
	Show(v V)
}

// Stack is rows under one another. A row is kept for the key of what it shows, never reused for something else.
type Stack[V any] struct {
	box  *fyne.Container
	make func() Row[V]
	rows map[string]Row[V]
	keys []string
}

// NewStack makes an empty stack of rows as newRow makes them.
func NewStack[V any](newRow func() Row[V]) *Stack[V] {
	return &Stack[V]{box: NewColumn(), make: newRow, rows: map[string]Row[V]{}}
}

// Object is the stack.
func (s *Stack[V]) Object() fyne.CanvasObject { return s.box }

// Row is the row that shows what has that key; nil when none does.
func (s *Stack[V]) Row(key string) Row[V] { return s.rows[key] }

// Set shows list; key names what a value is about, and is given its place.
func (s *Stack[V]) Set(list []V, key func(int, V) string) {
	rows, keys := map[string]Row[V]{}, make([]string, len(list))
	changed := len(list) != len(s.keys)
	for i, v := range list {
		k := key(i, v)
		row, ok := s.rows[k]
		if _, twice := rows[k]; !ok || twice {
			row, changed = s.make(), true
		}
		row.Show(v)
		rows[k], keys[i] = row, k
		changed = changed || s.keys[i] != k
	}
	for k, row := range s.rows {
		if rows[k] != row {
			retire(row.Object())
		}
	}
	s.rows, s.keys = rows, keys
	if !changed {
		return
	}
	s.box.Objects = nil
	for _, k := range keys {
		s.box.Add(rows[k].Object())
	}
	s.box.Refresh()
}

// retire takes every meaning from the buttons of what is no longer shown.
func retire(o fyne.CanvasObject) {
	switch o := o.(type) {
	case *Button:
		o.retire()
	case *Tap:
		o.press = nil
		retire(o.inside)
	case *fyne.Container:
		for _, inside := range o.Objects {
			retire(inside)
		}
	}
}

// First is the first button in o that can be pressed; nil when there is none.
func First(o fyne.CanvasObject) fyne.Focusable {
	switch o := o.(type) {
	case *Button:
		if o.Visible() && !o.Disabled() {
			return o
		}
	case *fyne.Container:
		for _, inside := range o.Objects {
			if f := First(inside); o.Visible() && f != nil {
				return f
			}
		}
	}
	return nil
}
