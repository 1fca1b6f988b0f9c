package documents

import "relais/app/rx"

// Document is a laid out document. Title never names a patient: it goes into the
// file's metadata.
type Document struct {
	Title    string
	Language rx.Lang
	Pages    []Page
	Forms    int // of a paper prescription: forms that are printed on
}

// Page is one page. All lengths are in 0.01 mm, from the top left corner. Items
// are painted in their order, which is also the order of reading.
type Page struct {
	Width, Height int
	Items         []Item
}

// Item is a Text, a Rect or a Bars.
type Item interface{ item() }

// Text is one run of text in the embedded font, in normal form C. X is its left
// end, Y its baseline. Size is in tenths of a point; Angle in degrees,
// counter-clockwise around (X, Y).
type Text struct {
	X, Y  int
	Size  int
	Bold  bool
	Grey  uint8 // 0 black … 255 white
	Angle int
	Text  string
}

// Rect is a filled rectangle; X, Y is its top left corner. Rules and frames are
// thin ones.
type Rect struct {
	X, Y, W, H int
	Grey       uint8
}

// Bars is a Code 128 or an Interleaved 2 of 5. X, Y is the top left corner of its white ground, which
// holds a quiet zone on either side.
type Bars struct {
	X, Y    int
	Height  int
	Module  int   // width of one module
	Widths  []int // in modules: bar, space, bar … bar
	Content string
}

// Width of t along its baseline.
func (t Text) Width() int { return widthOf(t.Text, t.Size, t.Bold) }

func (Text) item() {}
func (Rect) item() {}
func (Bars) item() {}

// quietModules is the quiet zone that ISO/IEC 15417 and 16390 ask for on either side.
const quietModules = 10

// Width of the code with its quiet zones.
func (b Bars) Width() int {
	n := 2 * quietModules
	for _, w := range b.Widths {
		n += w
	}
	return n * b.Module
}

// Rects are the white ground of the code, then its bars from left to right.
func (b Bars) Rects() []Rect {
	out := make([]Rect, 1, 1+(len(b.Widths)+1)/2)
	out[0] = Rect{X: b.X, Y: b.Y, W: b.Width(), H: b.Height, Grey: 255}
	x := b.X + quietModules*b.Module
	for i, w := range b.Widths {
		if i%2 == 0 {
			out = append(out, Rect{X: x, Y: b.Y, W: w * b.Module, H: b.Height})
		}
		x += w * b.Module
	}
	return out
}
