package kit

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"relais/ui/model"
)

// luminance and contrast as WCAG 2.2 defines them.
func luminance(c color.NRGBA) float64 {
	part := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// over is a colour laid over another.
func over(c, ground color.NRGBA) color.NRGBA {
	mix := func(a, b uint8) uint8 { return uint8((int(a)*int(c.A) + int(b)*(255-int(c.A)) + 127) / 255) }
	return color.NRGBA{R: mix(c.R, ground.R), G: mix(c.G, ground.G), B: mix(c.B, ground.B), A: 0xff}
}

func TestContrast(t *testing.T) {
	for name, palette := range map[string]map[fyne.ThemeColorName]color.NRGBA{"light": light, "dark": dark} {
		t.Run(name, func(t *testing.T) { testContrast(t, palette) })
	}
}

func testContrast(t *testing.T, palette map[fyne.ThemeColorName]color.NRGBA) {
	if got := contrast(rgb(0), rgb(0xffffff)); math.Abs(got-21) > 0.01 {
		t.Fatalf("black on white: %v", got)
	}
	grounds := []fyne.ThemeColorName{theme.ColorNameBackground, colorSurface, theme.ColorNameInputBackground, colorChosen, theme.ColorNameMenuBackground}
	texts := []fyne.ThemeColorName{theme.ColorNameForeground, colorQuiet, colorGood, colorBusy, colorWarn, colorBad}
	type pair struct{ text, ground fyne.ThemeColorName }
	var pairs []pair
	for _, g := range grounds {
		for _, x := range texts {
			pairs = append(pairs, pair{x, g})
		}
	}
	for _, x := range texts { // the chosen row of a list, the inline question
		pairs = append(pairs, pair{x, theme.ColorNameSelection}, pair{x, colorWarnSoft})
	}
	pairs = append(pairs,
		pair{theme.ColorNameForeground, theme.ColorNameButton}, pair{theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary},
		pair{theme.ColorNameDisabled, theme.ColorNameDisabledButton}, pair{theme.ColorNameDisabled, theme.ColorNameBackground},
		pair{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground}, pair{colorOnDrill, colorDrill})
	for _, p := range []pair{{theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary}, {theme.ColorNameForeground, theme.ColorNameButton}} { // with the focus
		if got := contrast(palette[p.text], over(palette[theme.ColorNameFocus], palette[p.ground])); got < 4.5 {
			t.Errorf("%s on %s with the focus: %.2f", p.text, p.ground, got)
		}
	}
	for _, p := range pairs {
		if got := contrast(palette[p.text], palette[p.ground]); got < 4.5 {
			t.Errorf("%s on %s: %.2f", p.text, p.ground, got)
		}
	}
	for _, beside := range []fyne.ThemeColorName{theme.ColorNameBackground, colorSurface, colorWarnSoft} { // WCAG 2.2, 2.4.13
		if got := contrast(palette[theme.ColorNameForeground], palette[beside]); got < 3 {
			t.Errorf("the ring of the focus on %s: %.2f", beside, got)
		}
	}
}

func TestEveryToneHasItsLook(t *testing.T) {
	signs := map[string]bool{}
	for tone := model.Quiet; tone <= model.Bad; tone++ {
		look, ok := looks[tone]
		if _, known := light[look.color]; !ok || !known || signs[look.sign] {
			t.Errorf("tone %d: %+v", tone, look)
		}
		signs[look.sign] = true
	}
}
