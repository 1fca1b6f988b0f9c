// Command icon draws the program's icon: a bridge with a relay on it, white on a teal rounded square.
// One list of shapes gives both files, so that the picture and the vector cannot differ:
//
//	cd tools && go run ./icon ../assets        writes ../assets/icon.svg and ../assets/icon.png (512 px)
//
// It uses the standard library only and reads neither clock nor randomness: the same source gives the same bytes.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"
)

const (
	size    = 512 // px, and the units of the drawing
	samples = 8   // per pixel and axis, for smooth edges
)

var (
	teal  = color.NRGBA{0x0f, 0x76, 0x6e, 0xff}
	white = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

// shape is one painted part: a test for a point, and the same shape in SVG.
type shape struct {
	paint color.NRGBA
	holds func(x, y float64) bool
	svg   string
}

// drawing is painted from the first shape to the last: a bridge whose road carries on where there is nothing below, and
// on the road the relay that passes the message from one shore to the other.
var drawing = []shape{
	square(teal, 16, 16, 480, 480, 104),
	arc(white, 256, 366, 116, 30),        // the arch
	square(white, 64, 190, 384, 32, 16),  // the road
	square(white, 125, 206, 30, 176, 15), // left pier
	square(white, 357, 206, 30, 176, 15), // right pier
	disc(white, 256, 206, 58),            // the relay
	disc(teal, 256, 206, 28),
}

// square is a rectangle with its upper left corner at (x0, y0) and corners of radius r.
func square(paint color.NRGBA, x0, y0, w, h, r float64) shape {
	return shape{paint, func(x, y float64) bool {
		beyondX := max(x0+r-x, x-(x0+w-r), 0)
		beyondY := max(y0+r-y, y-(y0+h-r), 0)
		return math.Hypot(beyondX, beyondY) <= r
	}, fmt.Sprintf(`<rect x="%g" y="%g" width="%g" height="%g" rx="%g" fill="%s"/>`, x0, y0, w, h, r, hex(paint))}
}

func disc(paint color.NRGBA, cx, cy, r float64) shape {
	return shape{paint, func(x, y float64) bool {
		return math.Hypot(x-cx, y-cy) <= r
	}, fmt.Sprintf(`<circle cx="%g" cy="%g" r="%g" fill="%s"/>`, cx, cy, r, hex(paint))}
}

// arc is the upper half of a ring around (cx, cy), r from its middle, w wide.
func arc(paint color.NRGBA, cx, cy, r, w float64) shape {
	return shape{paint, func(x, y float64) bool {
		return y <= cy && math.Abs(math.Hypot(x-cx, y-cy)-r) <= w/2
	}, fmt.Sprintf(`<path d="M%g %gA%g %g 0 0 1 %g %g" fill="none" stroke="%s" stroke-width="%g"/>`, cx-r, cy, r, r, cx+r, cy, hex(paint), w)}
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: icon DIRECTORY")
	}
	for name, content := range map[string][]byte{"icon.svg": vector(), "icon.png": raster()} {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func vector() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n", size, size)
	for _, s := range drawing {
		fmt.Fprintf(&b, "  %s\n", s.svg)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

func raster() []byte {
	picture := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			picture.SetNRGBA(x, y, pixel(x, y))
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, picture); err != nil {
		log.Fatal(err)
	}
	return b.Bytes()
}

// pixel averages the colours seen at samples² points of one pixel.
func pixel(px, py int) color.NRGBA {
	var r, g, b, seen int
	for i := range samples * samples {
		x := float64(px) + (float64(i%samples)+0.5)/samples
		y := float64(py) + (float64(i/samples)+0.5)/samples
		for k := len(drawing) - 1; k >= 0; k-- {
			if drawing[k].holds(x, y) {
				c := drawing[k].paint
				r, g, b, seen = r+int(c.R), g+int(c.G), b+int(c.B), seen+1
				break
			}
		}
	}
	if seen == 0 {
		return color.NRGBA{}
	}
	return color.NRGBA{uint8(r / seen), uint8(g / seen), uint8(b / seen), uint8(255 * seen / (samples * samples))}
}
