package printing

import (
	"cmp"
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"relais/app/rx"
)

// Kind is a type of document: each has a Setting of its own.
type Kind string

// The kinds of documents.
const (
	Proof  Kind = "proof"  // proof of electronic prescription
	Form   Kind = "form"   // paper prescription
	Report Kind = "report" // lists, report of an outage, drill
	Test   Kind = "test"   // calibration and test page
)

// Kinds are all of them.
var Kinds = []Kind{Proof, Form, Report, Test}

// Setting says where documents of a kind go.
type Setting struct {
	Printer string `json:"printer,omitempty"` // "" is the spooler's default
	Media   string `json:"media,omitempty"`   // a PWG name, such as iso_a4_210x297mm; "" is the paper of the page's size
	Tray    string `json:"tray,omitempty"`    // as media-source-supported names it; "" leaves it to the printer
}

// with is s, with what is not empty of t in its place.
func (s Setting) with(t Setting) Setting {
	return Setting{cmp.Or(t.Printer, s.Printer), cmp.Or(t.Media, s.Media), cmp.Or(t.Tray, s.Tray)}
}

// Settings are those of all kinds; a kind that is missing has the empty one.
type Settings map[Kind]Setting

// tolerance within which two papers are the same, in 0.01 mm: that of PWG 5101.1.
const tolerance = 50

// media chooses the name of the paper: that of the setting, or the one that has the
// size of the page (0.01 mm). known is whether the printer knows it; one that lists no
// papers is believed to know all.
func (s Setting) media(supported []string, width, height int) (name string, known bool) {
	if s.Media != "" {
		w, h, ok := mediaSize(s.Media)
		width, height = w, h
		if slices.Contains(supported, s.Media) || len(supported) == 0 || !ok {
			return s.Media, slices.Contains(supported, s.Media) || len(supported) == 0
		}
	}
	for _, m := range supported {
		if w, h, ok := mediaSize(m); ok && !custom(m) && abs(w-width) <= tolerance && abs(h-height) <= tolerance {
			return m, true
		}
	}
	name = mediaName(width, height)
	return name, len(supported) == 0 || takesCustom(supported, width, height)
}

// box is the size of the first page: our PDFs name that of the document last, and that of
// a page that differs before.
var box = regexp.MustCompile(`/MediaBox\s*\[0 0 ([0-9.]+) ([0-9.]+)\]`)

// pageSize reads the size of the pages, in 0.01 mm.
func pageSize(pdf []byte) (width, height int, err error) {
	const point = 2540.0 / 72
	if m := box.FindSubmatch(pdf); m != nil {
		w, errW := strconv.ParseFloat(string(m[1]), 64)
		h, errH := strconv.ParseFloat(string(m[2]), 64)
		if errW == nil && errH == nil {
			return int(math.Round(w * point)), int(math.Round(h * point)), nil
		}
	}
	return 0, 0, rx.Fault(rx.CodeInternal).Because(errors.New("printing: no page size in the document"))
}

// mediaName is the PWG name of a paper: the standard one of the sizes that we print,
// else a custom one.
func mediaName(width, height int) string {
	switch {
	case width == 21000 && height == 29700:
		return "iso_a4_210x297mm"
	case width == 14800 && height == 21000:
		return "iso_a5_148x210mm"
	}
	return "custom_relais_" + millimetres(width) + "x" + millimetres(height) + "mm"
}

func custom(name string) bool {
	return strings.HasPrefix(name, "custom_min_") || strings.HasPrefix(name, "custom_max_")
}

// takesCustom tells whether a size lies between custom_min_… and custom_max_….
func takesCustom(supported []string, width, height int) bool {
	var least, most bool
	for _, m := range supported {
		w, h, ok := mediaSize(m)
		least = least || ok && strings.HasPrefix(m, "custom_min_") && width >= w-tolerance && height >= h-tolerance
		most = most || ok && strings.HasPrefix(m, "custom_max_") && width <= w+tolerance && height <= h+tolerance
	}
	return least && most
}

// mediaSize reads the size at the end of a PWG name, in 0.01 mm.
func mediaSize(name string) (width, height int, ok bool) {
	size := name[strings.LastIndexByte(name, '_')+1:]
	unit := 100.0
	number, metric := strings.CutSuffix(size, "mm")
	if !metric {
		var inches bool
		if number, inches = strings.CutSuffix(size, "in"); !inches {
			return 0, 0, false
		}
		unit = 2540
	}
	w, h, _ := strings.Cut(number, "x")
	x, errX := strconv.ParseFloat(w, 64)
	y, errY := strconv.ParseFloat(h, 64)
	if errX != nil || errY != nil || !(x > 0 && x < 1e4 && y > 0 && y < 1e4) {
		return 0, 0, false
	}
	return int(math.Round(x * unit)), int(math.Round(y * unit)), true
}

// millimetres writes 0.01 mm as the PWG names do: 105, 104.77.
func millimetres(hundredths int) string {
	return strconv.FormatFloat(float64(hundredths)/100, 'f', -1, 64)
}

func sizeInWords(width, height int) string {
	return millimetres(width) + " × " + millimetres(height) + " mm"
}

func abs(n int) int { return max(n, -n) }
