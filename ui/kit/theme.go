// Package kit is the look of Relais and its few own widgets: one type scale, one spacing unit, few colours.
//
//	Theme          colours, sizes and fonts
//	Text           wrapped text with tones; it never cuts and never shortens
//	Button         a view model's button: label, key in words, whether it can be pressed
//	Buttons, Stack rows of such, kept by what they are, so that a focus never slides onto another meaning
//	Entry, Choice  inputs that show what the model holds and tell it what is typed
//
// Contract: a widget is set as often as one likes; it refreshes only when something differs. All calls are on Fyne's
// goroutine.
package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"relais/assets"
	"relais/ui/model"
)

// Unit is the one spacing unit; everything stands apart by it or by a half of it.
const Unit float32 = 8

// The type scale, at 100 %.
const (
	small  float32 = 13
	normal float32 = 15
	large  float32 = 20
)

// Names of our own colours.
const (
	colorGood     fyne.ThemeColorName = "relais-good"
	colorBusy     fyne.ThemeColorName = "relais-busy"
	colorWarn     fyne.ThemeColorName = "relais-warn"
	colorBad      fyne.ThemeColorName = "relais-bad"
	colorQuiet    fyne.ThemeColorName = "relais-quiet"
	colorSurface  fyne.ThemeColorName = "relais-surface"
	colorChosen   fyne.ThemeColorName = "relais-chosen"
	colorDrill    fyne.ThemeColorName = "relais-drill"
	colorOnDrill  fyne.ThemeColorName = "relais-on-drill"
	colorWarnSoft fyne.ThemeColorName = "relais-warn-soft"
)

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

// Every text colour reads at 4.5:1 or better on every ground that it stands on (theme_test.go).
var light = map[fyne.ThemeColorName]color.NRGBA{
	theme.ColorNameBackground:          rgb(0xf3f5f5),
	colorSurface:                       rgb(0xffffff),
	theme.ColorNameForeground:          rgb(0x17232a),
	colorQuiet:                         rgb(0x4d5b62),
	theme.ColorNamePlaceHolder:         rgb(0x5b686e),
	theme.ColorNameDisabled:            rgb(0x5f6b71),
	theme.ColorNamePrimary:             rgb(0x0b5a6e),
	theme.ColorNameForegroundOnPrimary: rgb(0xffffff),
	theme.ColorNameHyperlink:           rgb(0x0b5a6e),
	theme.ColorNameButton:              rgb(0xe1e8ea),
	theme.ColorNameDisabledButton:      rgb(0xecf0f1),
	theme.ColorNameInputBackground:     rgb(0xffffff),
	theme.ColorNameInputBorder:         rgb(0x7d8b92),
	theme.ColorNameSeparator:           rgb(0xc9d2d5),
	theme.ColorNameMenuBackground:      rgb(0xffffff),
	theme.ColorNameOverlayBackground:   rgb(0xffffff),
	theme.ColorNameHeaderBackground:    rgb(0xe1e8ea),
	theme.ColorNameSelection:           rgb(0xbfdde6),
	theme.ColorNameScrollBar:           rgb(0x7d8b92),
	theme.ColorNameScrollBarBackground: rgb(0xe1e8ea),
	colorChosen:                        rgb(0xd6eaf0),
	colorGood:                          rgb(0x17643a),
	colorBusy:                          rgb(0x1b5590),
	colorWarn:                          rgb(0x7a4a00),
	colorBad:                           rgb(0xa31621),
	colorWarnSoft:                      rgb(0xfff1d6),
	colorDrill:                         rgb(0xffc233),
	colorOnDrill:                       rgb(0x3a2700),
	theme.ColorNameError:               rgb(0xa31621),
	theme.ColorNameForegroundOnError:   rgb(0xffffff),
	theme.ColorNameWarning:             rgb(0x7a4a00),
	theme.ColorNameForegroundOnWarning: rgb(0xffffff),
	theme.ColorNameSuccess:             rgb(0x17643a),
	theme.ColorNameForegroundOnSuccess: rgb(0xffffff),
	theme.ColorNameFocus:               {R: 0xff, G: 0xa0, B: 0x00, A: 0x60}, // laid over a button, beside the ring; the words must still be read
	theme.ColorNameHover:               {A: 0x14},
	theme.ColorNamePressed:             {A: 0x28},
	theme.ColorNameShadow:              {A: 0x30},
}

var dark = map[fyne.ThemeColorName]color.NRGBA{
	theme.ColorNameBackground:          rgb(0x12191d),
	colorSurface:                       rgb(0x1a2429),
	theme.ColorNameForeground:          rgb(0xe8eef0),
	colorQuiet:                         rgb(0xaab8be),
	theme.ColorNamePlaceHolder:         rgb(0xa0afb5),
	theme.ColorNameDisabled:            rgb(0x98a7ae),
	theme.ColorNamePrimary:             rgb(0x7cc7da),
	theme.ColorNameForegroundOnPrimary: rgb(0x06222a),
	theme.ColorNameHyperlink:           rgb(0x7cc7da),
	theme.ColorNameButton:              rgb(0x2b393f),
	theme.ColorNameDisabledButton:      rgb(0x1c262b),
	theme.ColorNameInputBackground:     rgb(0x0c1215),
	theme.ColorNameInputBorder:         rgb(0x7b8b93),
	theme.ColorNameSeparator:           rgb(0x3a484f),
	theme.ColorNameMenuBackground:      rgb(0x1a2429),
	theme.ColorNameOverlayBackground:   rgb(0x1a2429),
	theme.ColorNameHeaderBackground:    rgb(0x2b393f),
	theme.ColorNameSelection:           rgb(0x1d4652),
	theme.ColorNameScrollBar:           rgb(0x7b8b93),
	theme.ColorNameScrollBarBackground: rgb(0x2b393f),
	colorChosen:                        rgb(0x1d4652),
	colorGood:                          rgb(0x74d69b),
	colorBusy:                          rgb(0x92c4f5),
	colorWarn:                          rgb(0xf3c16b),
	colorBad:                           rgb(0xffa39e),
	colorWarnSoft:                      rgb(0x3a2c0c),
	colorDrill:                         rgb(0xffc233),
	colorOnDrill:                       rgb(0x3a2700),
	theme.ColorNameError:               rgb(0xffa39e),
	theme.ColorNameForegroundOnError:   rgb(0x2b0705),
	theme.ColorNameWarning:             rgb(0xf3c16b),
	theme.ColorNameForegroundOnWarning: rgb(0x2b1d00),
	theme.ColorNameSuccess:             rgb(0x74d69b),
	theme.ColorNameForegroundOnSuccess: rgb(0x06220f),
	theme.ColorNameFocus:               {R: 0xff, G: 0xa0, B: 0x00, A: 0x50},
	theme.ColorNameHover:               {R: 0xff, G: 0xff, B: 0xff, A: 0x18},
	theme.ColorNamePressed:             {R: 0xff, G: 0xff, B: 0xff, A: 0x30},
	theme.ColorNameShadow:              {A: 0x60},
}

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNamePadding:        Unit / 2,
	theme.SizeNameInnerPadding:   Unit * 3 / 4,
	theme.SizeNameLineSpacing:    Unit / 4,
	theme.SizeNameCaptionText:    small,
	theme.SizeNameText:           normal,
	theme.SizeNameSubHeadingText: large,
	theme.SizeNameHeadingText:    large,
	theme.SizeNameInputRadius:    Unit / 2,
	theme.SizeNameButtonRadius:   Unit / 2,
}

// Theme is Relais's look, the same on every machine: the only things to choose are light or dark, and how large the text is.
type Theme struct {
	Dark   bool
	Text   int  // the size of the text in percent; 0 is 100
	Narrow bool // little room for text of this size: what stood beside stands below, and a screen is scrolled as a whole
}

// The least room in which screens are whole with parts beside one another, at 100 %.
const (
	wideWidth  float32 = 950
	wideHeight float32 = 460
)

// In is the look of screens that have that room.
func (t Theme) In(room fyne.Size) Theme {
	t.Narrow = room.Width < t.scaled(wideWidth) || room.Height < t.scaled(wideHeight)
	return t
}

// Narrow tells that there is little room, see Theme.
func Narrow() bool { return look().Narrow }

// look is that of the running program.
func look() Theme {
	if t, ok := fyne.CurrentApp().Settings().Theme().(Theme); ok {
		return t
	}
	return Theme{}
}

// shade is a colour of the running program.
func shade(name fyne.ThemeColorName) color.NRGBA { return look().palette()[name] }

func (t Theme) palette() map[fyne.ThemeColorName]color.NRGBA {
	if t.Dark {
		return dark
	}
	return light
}

// scaled is a length that grows with the text.
func (t Theme) scaled(length float32) float32 {
	if t.Text == 0 {
		return length
	}
	return length * float32(t.Text) / 100
}

var (
	regular = fyne.NewStaticResource("DejaVuSansCondensed.ttf", assets.FontRegular)
	bold    = fyne.NewStaticResource("DejaVuSansCondensed-Bold.ttf", assets.FontBold)
)

// Color is one of the palette; what Relais does not use looks as Fyne draws it.
func (t Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	if c, ok := t.palette()[name]; ok {
		return c
	}
	if t.Dark {
		return theme.DefaultTheme().Color(name, theme.VariantDark)
	}
	return theme.DefaultTheme().Color(name, theme.VariantLight)
}

// Font is the documents' font: what can be typed here can be printed there.
func (Theme) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Symbol:
		return theme.DefaultTheme().Font(style)
	case style.Bold:
		return bold
	}
	return regular
}

// Icon is Fyne's.
func (Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Size is of the type scale and the spacing unit.
func (t Theme) Size(name fyne.ThemeSizeName) float32 {
	s, ours := sizes[name]
	if !ours {
		s = theme.DefaultTheme().Size(name)
	}
	switch name {
	case theme.SizeNameCaptionText, theme.SizeNameText, theme.SizeNameSubHeadingText, theme.SizeNameHeadingText, theme.SizeNameInlineIcon:
		return t.scaled(s)
	}
	return s
}

// looks is how a tone shows beside its words.
var looks = map[model.Tone]struct {
	sign  string
	color fyne.ThemeColorName
}{
	model.Quiet: {"", colorQuiet},
	model.Good:  {"✔", colorGood},
	model.Busy:  {"◷", colorBusy},
	model.Warn:  {"▲", colorWarn},
	model.Bad:   {"✖", colorBad},
}

// Sign is the sign of a tone, "" for a quiet one.
func Sign(t model.Tone) string { return looks[t].sign }
