package kit

import (
	"slices"

	"fyne.io/fyne/v2"
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

// Words are ordinary words, Strong ones bold; Soft ones quiet and small.
func Words(s string) Span  { return Span{Text: s, Plain: true} }
func Strong(s string) Span { return Span{Text: s, Plain: true, Bold: true} }
func Soft(s string) Span   { return Span{Text: s, Small: true} }

// Line ends the line before it.
func (s Span) Line() Span { s.Break = true; return s }

// Toned is words with the sign and the colour of their tone.
func Toned(n model.Tone, s string) Span {
	if sign := Sign(n); sign != "" && s != "" {
		s = sign + " " + s
	}
	return Span{Text: s, Tone: n, Bold: n == model.Bad || n == model.Warn}
}

// Text is wrapped text. It is as high as its words need at its width.
type Text struct {
	widget.RichText
	spans []Span
}

// NewText makes a text of spans.
func NewText(spans ...Span) *Text {
	t := &Text{}
	t.ExtendBaseWidget(t)
	t.Wrapping = fyne.TextWrapWord
	t.Set(spans...)
	return t
}

// Set shows spans.
func (t *Text) Set(spans ...Span) {
	if t.spans != nil && slices.Equal(t.spans, spans) {
		return
	}
	t.spans = spans
	t.Segments = nil
	for i, s := range spans {
		style := widget.RichTextStyle{Inline: i+1 < len(spans) && !spans[i+1].Break, SizeName: theme.SizeNameText, ColorName: looks[s.Tone].color,
			TextStyle: fyne.TextStyle{Bold: s.Bold}}
		switch {
		case s.Plain:
			style.ColorName = theme.ColorNameForeground
		case s.Color != "":
			style.ColorName = s.Color
		}
		switch {
		case s.Big:
			style.SizeName = theme.SizeNameHeadingText
		case s.Small:
			style.SizeName = theme.SizeNameCaptionText
		}
		t.Segments = append(t.Segments, &widget.TextSegment{Text: s.Text, Style: style})
	}
	t.Refresh()
}

// Shown tells what it says, for tests.
func (t *Text) Shown() string { return t.String() }

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
	text    *Text
	buttons *Buttons
	column  *fyne.Container
}

func newNotice() *notice {
	n := &notice{text: NewText(), buttons: NewButtons()}
	n.column = NewColumn(n.text, n.buttons.Object())
	return n
}

func (n *notice) Object() fyne.CanvasObject { return n.column }

func (n *notice) Show(v model.Notice) {
	n.text.Set(Toned(v.Tone, v.Text))
	n.buttons.Set(v.Buttons)
}
