package documents

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"

	"relais/assets"
)

// face measures one of the embedded fonts. There is no kerning and no shaping:
// the PDF has none either, so that a width here is the width there.
type face struct {
	font  *sfnt.Font
	latin [0x250]int16 // advances by rune, of what most text is made of; -1: no glyph
}

// The regular and the bold face, each read once.
var (
	regular = sync.OnceValue(func() *face { return read(assets.FontRegular) })
	heavy   = sync.OnceValue(func() *face { return read(assets.FontBold) })
)

func faceOf(bold bool) *face {
	if bold {
		return heavy()
	}
	return regular()
}

// read panics on a font that cannot be read: the bytes are part of the program.
func read(ttf []byte) *face {
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		panic(fmt.Sprintf("documents: embedded font: %v", err))
	}
	f := &face{font: parsed}
	for r := range f.latin {
		f.latin[r] = f.lookUp(rune(r))
	}
	return f
}

// advance is the width of r in thousandths of the type size, rounded as the PDF
// rounds it; ok is false when the font has no glyph for it.
func (f *face) advance(r rune) (width int, ok bool) {
	var w int16
	if int(r) < len(f.latin) {
		w = f.latin[r]
	} else {
		w = f.lookUp(r)
	}
	return int(max(w, 0)), w >= 0
}

func (f *face) lookUp(r rune) int16 {
	var buffer sfnt.Buffer
	glyph, err := f.font.GlyphIndex(&buffer, r)
	if err != nil || glyph == 0 {
		return -1
	}
	em := int(f.font.UnitsPerEm())
	advance, err := f.font.GlyphAdvance(&buffer, glyph, fixed.I(em), font.HintingNone)
	if err != nil {
		return -1
	}
	return int16((advance.Round()*1000 + em/2) / em)
}

// ems is a width in thousandths of a tenth of a point: exact, so that the widths of
// parts add up to the width of the whole.
type ems int

const emsInch = 720_000

func emsOf(s string, size int, bold bool) ems {
	f := faceOf(bold)
	sum := 0
	for _, r := range s {
		w, _ := f.advance(r)
		sum += w
	}
	return ems(sum * size)
}

// length is e in 0.01 mm, rounded up.
func (e ems) length() int { return (int(e)*2540 + emsInch - 1) / emsInch }

// widthOf is the width of s in 0.01 mm, rounded up, at size tenths of a point.
func widthOf(s string, size int, bold bool) int { return emsOf(s, size, bold).length() }

// points gives a length in tenths of a point in 0.01 mm.
func points(tenths int) int { return (tenths*2540 + 360) / 720 }

// Shows tells whether documents can show r: a letter of an alphabet that runs from
// left to right and needs no shaping, or a sign, with a glyph in both fonts. It is
// what rx.CheckOptions.Shows asks for, so that no order is issued that no document
// can hold.
func Shows(r rune) bool {
	if r > 0xFFFF || r == unicode.ReplacementChar || !unicode.IsGraphic(r) ||
		!unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Common, unicode.Inherited) {
		return false
	}
	_, inRegular := regular().advance(r)
	_, inBold := heavy().advance(r)
	return inRegular && inBold
}

// clean makes text showable: in normal form C, where a letter and its accent are
// the one glyph that the type designer drew for both, and with the number of a
// character that the fonts lack in its place. A hole in a prescription would be
// read as something else.
func clean(text string) string {
	composed := norm.NFC.String(text)
	switch {
	case !strings.ContainsFunc(composed, odd):
		return composed
	case !strings.ContainsFunc(text, odd):
		return text
	}
	var b strings.Builder
	for _, r := range composed {
		switch {
		case !odd(r):
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

func odd(r rune) bool { return r != '\n' && !Shows(r) }
