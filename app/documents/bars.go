package documents

import (
	"image"

	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/twooffive"

	"relais/app/rx"
)

// The RID's Code 128, where no other size was chosen: a module of 0.34 mm is four dots
// of a 300 dpi printer and two of a 150 dpi scan. The legal millimetres are not
// published; an early public form has a box of 12 mm.
const (
	ridModule = 34
	ridHeight = 1_300
)

// The INAMI number's Interleaved 2 of 5, as the one public generator of the form
// draws it, as large as its place; how it is padded to an even length is not certain,
// so a setting.
const (
	nihiiModules = 117 + 2*quietModules // of 12 digits
	nihiiModule  = 40                   // at most
)

// code128Of encodes content (ASCII), still without a place. It fails only on text
// that Code 128 lacks.
func code128Of(content string) (Bars, error) {
	code, err := code128.Encode(content)
	if err != nil {
		return Bars{}, rx.Fault(rx.CodeRIDForm)
	}
	return Bars{Height: ridHeight, Module: ridModule, Content: content, Widths: widths(code)}, nil
}

// interleavedOf encodes the number of a prescriber with a 0 in front or at the end,
// still without place and size.
func interleavedOf(n rx.NIHII, p Padding) (Bars, error) {
	content := "0" + string(n)
	if p == PadEnd {
		content = string(n) + "0"
	}
	code, err := twooffive.Encode(content, true)
	if err != nil {
		return Bars{}, rx.Fault(rx.CodeNIHIIForm)
	}
	return Bars{Content: content, Widths: widths(code)}, nil
}

// widths are the runs of equal modules of a code, the first one black.
func widths(code image.Image) (all []int) {
	black := false
	for i := range code.Bounds().Dx() {
		r, _, _, _ := code.At(i, 0).RGBA()
		if bar := r == 0; bar != black {
			all = append(all, 0)
			black = bar
		}
		all[len(all)-1]++
	}
	return all
}
