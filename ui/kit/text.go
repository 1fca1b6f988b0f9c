package kit

import (
	"image/color"
	"slices"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relais/ui/model"
)

// Span is a run of text; those of one line follow one another, Break begins a new one.
type Span struct {
	Text  string
	Bold  bool
	Tone  model.Tone
	Plain bool // in the foreground's colour, whatever the tone
	Big   bool
	Small bool
	Break bool
	Color fyne.ThemeColorName // "": by tone
}

// Words are ordinary words, Strong ones bold, Quiet ones in a quiet colour; Soft ones quiet and small, on lines of their
// own (sizes that share a line do not share a base line).
func Words(s string) Span  { return Span{Text: s, Plain: true} }
func Strong(s string) Span { return Span{Text: s, Plain: true, Bold: true} }
func Quiet(s string) Span  { return Span{Text: s} }
func Soft(s string) Span   { return Span{Text: s, Small: true} }

// Line ends the line before it.
func (s Span) Line() Span { s.Break = true; return s }

// Toned is words with the sign and the colour of their tone.
func Toned(n model.Tone, s string) Span {
	if sign := Sign(n); sign != "" && s != "" {
		s = sign + "\u00a0" + s // a sign never stands alone at the end of a line
	}
	return Span{Text: s, Tone: n, Bold: n == model.Bad || n == model.Warn}
}

// Text is wrapped text, as high as its words need at its width. It breaks lines at ordinary spaces alone: an amount and
// its unit, joined by a no-break space, stay together, which Fyne's own texts do not promise (workflow facts §4, point
// 11). Nothing is ever cut: a word wider than the text goes on below.
type Text struct {
	widget.BaseWidget
	spans []Span
}

// NewText makes a text of spans.
func NewText(spans ...Span) *Text {
	t := &Text{spans: spans}
	t.ExtendBaseWidget(t)
	return t
}

// Set shows spans.
func (t *Text) Set(spans ...Span) {
	if !slices.Equal(t.spans, spans) {
		t.spans = spans
		t.Refresh()
	}
}

// Shown is what it says, line by line as given.
func (t *Text) Shown() string {
	var b strings.Builder
	for i, s := range t.spans {
		if s.Break && i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

// CreateRenderer draws it.
func (t *Text) CreateRenderer() fyne.WidgetRenderer { return &textRenderer{text: t, width: -1} }

type textRenderer struct {
	text    *Text
	width   float32 // that height is of; -1 none
	spans   []Span  // that height is of
	look    Theme   // that height is of
	height  float32
	objects []fyne.CanvasObject
}

// textPad is the room around a text.
const textPad = Unit * 3 / 4

// widest is the least width that a text may ask for: longer words go on below.
const widest = 20 * Unit

func (r *textRenderer) Layout(size fyne.Size) { r.wrap(size.Width) }

func (r *textRenderer) MinSize() fyne.Size {
	if r.text.Shown() == "" {
		return fyne.Size{}
	}
	r.wrap(r.text.Size().Width)
	width := float32(0)
	for _, s := range r.text.spans {
		for word := range strings.SplitSeq(s.Text, " ") {
			width = max(width, s.measure(word))
		}
	}
	return fyne.NewSize(min(width, look().scaled(widest))+2*textPad, r.height)
}

func (r *textRenderer) Refresh() {
	r.wrap(r.text.Size().Width)
	canvas.Refresh(r.text)
}

func (r *textRenderer) Objects() []fyne.CanvasObject { return r.objects }

func (r *textRenderer) Destroy() {}

// wrap sets the spans into lines of a width; without a width each line that was given is one.
func (r *textRenderer) wrap(width float32) {
	look := look()
	if r.width == width && r.look == look && slices.Equal(r.spans, r.text.spans) {
		return
	}
	r.width, r.look, r.spans, r.objects = width, look, r.text.spans, nil
	room := width - 2*textPad
	if width <= 0 {
		room = 1 << 20
	}
	l := line{room: room, y: textPad}
	for i, s := range r.spans {
		if s.Break && i > 0 {
			r.objects = append(r.objects, l.end()...)
		}
		for j, word := range strings.Split(s.Text, " ") {
			if j > 0 {
				word = " " + word
			}
			for word != "" {
				rest := l.add(s, word)
				if rest != "" {
					r.objects = append(r.objects, l.end()...)
					rest = strings.TrimPrefix(rest, " ")
				}
				word = rest
			}
		}
	}
	r.objects = append(r.objects, l.end()...)
	r.height = l.y + textPad
}

// line is the line that is being set.
type line struct {
	room, x, y float32
	runs       []*run
}

// run is words of one span on one line.
type run struct {
	span  Span
	text  string
	x     float32
	width float32
}

// add puts a word, with the space before it, on the line; it gives back what does not fit.
func (l *line) add(s Span, word string) (rest string) {
	last := (*run)(nil)
	if n := len(l.runs); n > 0 && l.runs[n-1].span == s {
		last = l.runs[n-1]
	} else {
		last = &run{span: s, x: l.x}
		l.runs = append(l.runs, last)
	}
	if width := s.measure(last.text + word); last.x+width <= l.room {
		last.text, last.width = last.text+word, width
		l.x = last.x + width
		return ""
	}
	if l.x > 0 {
		return word // whole, on the next line
	}
	fits := 1
	for i := range word { // wider than a line
		if i > 0 && s.measure(word[:i]) <= l.room {
			fits = i
		}
	}
	_, first := utf8.DecodeRuneInString(word)
	fits = max(fits, first)
	last.text, last.width = word[:fits], s.measure(word[:fits])
	l.x = last.width
	return word[fits:]
}

// end gives the objects of the line, on one base line, and begins the next.
func (l *line) end() (objects []fyne.CanvasObject) {
	height, base := float32(0), float32(0)
	for _, r := range l.runs {
		size, down := r.span.rendered("X")
		height, base = max(height, size.Height), max(base, down)
	}
	for _, r := range l.runs {
		if r.text == "" {
			continue
		}
		size, down := r.span.rendered(r.text)
		t := canvas.NewText(r.text, r.span.ink())
		t.TextSize, t.TextStyle.Bold = r.span.size(), r.span.Bold
		t.Move(fyne.NewPos(textPad+r.x, l.y+base-down))
		t.Resize(size)
		objects = append(objects, t)
	}
	l.y += height
	l.x, l.runs = 0, nil
	return objects
}

func (s Span) size() float32 {
	switch {
	case s.Big:
		return look().scaled(large)
	case s.Small:
		return look().scaled(small)
	}
	return look().scaled(normal)
}

func (s Span) ink() color.Color {
	switch {
	case s.Plain:
		return shade(theme.ColorNameForeground)
	case s.Color != "":
		return shade(s.Color)
	}
	return shade(looks[s.Tone].color)
}

func (s Span) measure(text string) float32 {
	size, _ := s.rendered(text)
	return size.Width
}

func (s Span) rendered(text string) (size fyne.Size, base float32) {
	return fyne.CurrentApp().Driver().RenderedTextSize(text, s.size(), fyne.TextStyle{Bold: s.Bold}, nil)
}

// Notices are notices under one another, each with its buttons.
type Notices struct{ *Stack[model.Notice] }

// NewNotices makes an empty stack of notices.
func NewNotices() Notices {
	return Notices{NewStack(func() Row[model.Notice] { return newNotice() })}
}

// Show says all of list.
func (n Notices) Show(list []model.Notice) {
	n.Set(list, func(_ int, v model.Notice) string { return v.Text })
}

type notice struct {
	text        *Text
	side, below *Buttons
	rows        *fyne.Container
}

func newNotice() *notice {
	n := &notice{text: NewText(), side: NewButtons(), below: NewButtons()}
	n.rows = NewColumn(NewBeside(n.text, n.side.Object()), n.below.Object())
	return n
}

func (n *notice) Object() fyne.CanvasObject { return n.rows }

// Show puts a single button beside the words, several below them; those of what is quiet stay beside it.
func (n *notice) Show(v model.Notice) {
	n.text.Set(Toned(v.Tone, v.Text))
	if len(v.Buttons) == 1 || v.Tone == model.Quiet {
		n.side.Set(v.Buttons)
		n.below.Set(nil)
		return
	}
	n.side.Set(nil)
	n.below.Set(v.Buttons)
}
