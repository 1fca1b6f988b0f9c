package documents

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"relais/app/rx"
)

var decoded = regexp.MustCompile(`(?m)^(CODE-128|I2/5):(.*)$`)

// scanned is what a scanner reads in a picture, sorted. It is told the length of an
// INAMI number: Interleaved 2 of 5 has no check, and lines of text look like short ones.
func scanned(t *testing.T, file string) (codes []string) {
	t.Helper()
	cmd := exec.Command("zbarimg", "-q", "-Si25.min-length=12", file)
	cmd.Env = append(os.Environ(), "DBUS_SESSION_BUS_ADDRESS=disabled:")
	out, _ := cmd.Output() // it fails when it finds nothing
	for _, c := range decoded.FindAllStringSubmatch(string(out), -1) {
		codes = append(codes, c[2])
	}
	slices.Sort(codes)
	return codes
}

// codesOf are the contents of the bars on a page, sorted; those of two forms side by
// side once, as the scanner gives them.
func codesOf(p Page) (codes []string) {
	for _, i := range p.Items {
		if b, ok := i.(Bars); ok {
			codes = append(codes, b.Content)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// A scanner reads each code of every document that has some: from the page at 300 and
// at 150 dpi, and from a poor copy of it in grey at 150 dpi, turned by 2°, with noise;
// through the watermark too.
func TestCodesAreReadFromTheRenderedPage(t *testing.T) {
	if _, err := exec.LookPath("zbarimg"); err != nil {
		t.Skip("zbarimg is not installed: apt-get install zbar-tools")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	read := func(t *testing.T, d Document, degrees float64) {
		pdf := pdfOf(t, d, nil)
		for _, dpi := range []string{"300", "150"} {
			_, dir := runPeer(t, pdf, "poppler-utils", "pdftoppm", "-r", dpi, "-gray", "-png", "d.pdf", "p")
			files, _ := filepath.Glob(filepath.Join(dir, "p-*.png"))
			for n, file := range files {
				want := codesOf(d.Pages[n])
				if have := scanned(t, file); !slices.Equal(have, want) {
					t.Errorf("%s dpi, page %d: read %q, want %q", dpi, n+1, have, want)
				}
				if dpi == "150" {
					poorCopy(t, file, file, degrees, rng)
					if have := scanned(t, file); !slices.Equal(have, want) {
						t.Errorf("poor copy, page %d: read %q, want %q", n+1, have, want)
					}
				}
			}
		}
	}
	for i, l := range rx.DocumentLangs {
		documents := everyDocument(t, l)
		t.Run("proof-"+string(l), func(t *testing.T) { read(t, documents["proof-"+string(l)], []float64{2, -2, 2}[i]) })
		if l == rx.FR {
			for _, name := range []string{"drawing-fr", "drawing-two-fr"} {
				d := documents[name]
				d.Pages = d.Pages[:1] // the number is the same on each
				t.Run(name, func(t *testing.T) { read(t, d, -2) })
			}
		}
		if testing.Short() {
			break
		}
	}
}

// noise is its standard deviation in shades of grey of 255: more than a scanner makes.
// zbarimg, which smoothes nothing, reads 30 of 32 codes at 4 and none at 8.
const noise = 3

// poorCopy turns a picture around its middle, makes black less black and white less
// white, and adds noise.
func poorCopy(t *testing.T, from, to string, degrees float64, rng *rand.Rand) {
	t.Helper()
	page := readPNG(t, from)
	b := page.Bounds()
	src := image.NewGray(b)
	draw.Draw(src, b, page, b.Min, draw.Src)
	out := image.NewGray(b)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	mx, my := float64(b.Dx())/2, float64(b.Dy())/2
	at := func(x, y int) float64 {
		if !(image.Point{x, y}).In(b) {
			return 255
		}
		return float64(src.GrayAt(x, y).Y)
	}
	for y := range b.Dy() {
		for x := range b.Dx() {
			u, v := float64(x)-mx, float64(y)-my
			sx, sy := u*cos+v*sin+mx, v*cos-u*sin+my
			x0, y0 := math.Floor(sx), math.Floor(sy)
			fx, fy := sx-x0, sy-y0
			i, j := int(x0), int(y0)
			grey := (at(i, j)*(1-fx)+at(i+1, j)*fx)*(1-fy) + (at(i, j+1)*(1-fx)+at(i+1, j+1)*fx)*fy
			grey = 30 + grey*0.8 + rng.NormFloat64()*noise
			out.SetGray(x, y, color.Gray{Y: uint8(max(0, min(255, grey)))})
		}
	}
	f, err := os.Create(to)
	if err == nil {
		err = png.Encode(f, out)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
