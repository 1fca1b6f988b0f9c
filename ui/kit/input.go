package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relais/ui/model"
)

// Entry is an input of one line that shows what the model holds.
type Entry struct {
	widget.Entry
	Typed func(string)                 // what was typed
	Key   func(name fyne.KeyName) bool // before the entry's own use of a key; true: it is done with
	quiet bool
}

// NewEntry makes an empty entry.
func NewEntry(typed func(string)) *Entry {
	e := &Entry{Typed: typed}
	e.ExtendBaseWidget(e)
	e.Wrapping = fyne.TextWrapOff
	e.Scroll = fyne.ScrollHorizontalOnly
	e.OnChanged = func(s string) {
		if !e.quiet && e.Typed != nil {
			e.Typed(s)
		}
	}
	return e
}

// Set shows s, when it is not there already, and tells nobody.
func (e *Entry) Set(s string) {
	if e.Text == s {
		return
	}
	e.quiet = true
	e.SetText(s)
	e.CursorColumn = len([]rune(s))
	e.quiet = false
}

// Whole marks all of the text, so that what is typed next stands in its place.
func (e *Entry) Whole() {
	if e.Text != "" {
		e.TypedShortcut(&fyne.ShortcutSelectAll{})
	}
}

// Hint shows s while the entry is empty.
func (e *Entry) Hint(s string) {
	if e.PlaceHolder != s {
		e.SetPlaceHolder(s)
	}
}

// FocusGained shows the entry.
func (e *Entry) FocusGained() {
	e.Entry.FocusGained()
	reveal(e)
}

// TypedKey asks Key first.
func (e *Entry) TypedKey(key *fyne.KeyEvent) {
	if e.Key != nil && e.Key(key.Name) || escaped(e, key) {
		return
	}
	e.Entry.TypedKey(key)
}

// Check is a switch that shows what the model holds.
type Check struct {
	widget.Check
	Chosen func(bool)
	quiet  bool
}

// NewCheck makes a switch.
func NewCheck(chosen func(bool)) *Check {
	c := &Check{Chosen: chosen}
	c.ExtendBaseWidget(c)
	c.OnChanged = func(on bool) {
		if !c.quiet {
			c.Chosen(on)
		}
	}
	return c
}

// Set shows words and state, and tells nobody.
func (c *Check) Set(words string, on bool) {
	c.quiet = true
	if c.Text != words {
		c.SetText(words)
	}
	if c.Checked != on {
		c.SetChecked(on)
	}
	c.quiet = false
}

// Choice is one of a closed list. Left and right change it, Space opens the list.
type Choice struct {
	widget.Select
	Chosen func(value string)
	Key    func(name fyne.KeyName) bool // before the choice's own use of a key; true: it is done with
	values []string
	quiet  bool
}

// NewChoice makes an empty choice.
func NewChoice(chosen func(value string)) *Choice {
	c := &Choice{Chosen: chosen}
	c.ExtendBaseWidget(c)
	c.PlaceHolder = " "
	c.OnChanged = func(string) {
		if i := c.SelectedIndex(); !c.quiet && i >= 0 && i < len(c.values) {
			c.Chosen(c.values[i])
		}
	}
	return c
}

// MinSize has room for the longest of the list: Fyne's own would shorten it.
func (c *Choice) MinSize() fyne.Size {
	min := c.Select.MinSize()
	for _, o := range c.Options {
		min.Width = max(min.Width, Words(o).measure(o)+theme.IconInlineSize()+4*theme.InnerPadding())
	}
	return min
}

// TypedKey asks Key first, and leaves Escape to the window.
func (c *Choice) TypedKey(key *fyne.KeyEvent) {
	if (c.Key == nil || !c.Key(key.Name)) && !escaped(c, key) {
		c.Select.TypedKey(key)
	}
}

// escaped hands Escape to the window, as if nothing had the focus.
func escaped(o fyne.CanvasObject, key *fyne.KeyEvent) bool {
	if key.Name != fyne.KeyEscape {
		return false
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(o); c != nil && c.OnTypedKey() != nil {
		c.OnTypedKey()(key)
	}
	return true
}

// Set shows list and tells nobody; none is what stands there while nothing is chosen.
func (c *Choice) Set(list []model.Choice, none string) {
	labels, values, at := make([]string, len(list)), make([]string, len(list)), -1
	for i, v := range list {
		labels[i], values[i] = v.Label, v.Value
		if v.Chosen {
			at = i
		}
	}
	c.quiet = true
	defer func() { c.quiet = false }()
	c.values = values
	if !slices.Equal(c.Options, labels) || c.PlaceHolder != none {
		c.PlaceHolder = none
		c.ClearSelected()
		c.SetOptions(labels)
	}
	if c.SelectedIndex() != at {
		if at < 0 {
			c.ClearSelected()
		} else {
			c.SetSelectedIndex(at)
		}
	}
}

// Labelled is an input under its label.
type Labelled struct {
	*fyne.Container
	label *Text
}

// NewLabelled puts input under a label.
func NewLabelled(input fyne.CanvasObject) *Labelled {
	l := &Labelled{label: NewText()}
	l.Container = container.New(tight{}, l.label, input)
	return l
}

// Label shows s above the input.
func (l *Labelled) Label(s string) { l.label.Set(Soft(s)) }

// tight is a label and its input, without the label's own room below it.
type tight struct{}

func (tight) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(fyne.NewSize(size.Width, objects[0].MinSize().Height))
	h := objects[0].MinSize().Height - Unit/2
	objects[0].Resize(fyne.NewSize(size.Width, h+Unit/2))
	objects[0].Move(fyne.NewPos(0, 0))
	objects[1].Resize(fyne.NewSize(size.Width, size.Height-h))
	objects[1].Move(fyne.NewPos(0, h))
}

func (tight) MinSize(objects []fyne.CanvasObject) fyne.Size {
	a, b := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(max(a.Width, b.Width), a.Height-Unit/2+b.Height)
}
