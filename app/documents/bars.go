package documents

import (
	"github.com/boombuler/barcode/code128"

	"relais/app/rx"
)

// The RID's Code 128: a module of 0.34 mm is four dots of a 300 dpi printer and
// two of a 150 dpi scan. The legal millimetres are not published; an early public
// form has a box of 12 mm.
const (
	moduleWidth = 34
	barHeight   = 1300
)

// barsOf encodes content (ASCII), still without a place. It fails only on text that
// Code 128 lacks.
func barsOf(content string) (Bars, error) {
	code, err := code128.Encode(content)
	if err != nil {
		return Bars{}, rx.Fault(rx.CodeRIDForm)
	}
	b := Bars{Height: barHeight, Module: moduleWidth, Content: content}
	black := false // the first module is a bar
	for i := range code.Bounds().Dx() {
		r, _, _, _ := code.At(i, 0).RGBA()
		if bar := r == 0; bar != black {
			b.Widths = append(b.Widths, 0)
			black = bar
		}
		b.Widths[len(b.Widths)-1]++
	}
	return b, nil
}
