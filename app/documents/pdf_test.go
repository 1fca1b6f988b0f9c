package documents

import (
	"bytes"
	"encoding/xml"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relais/app/rx"
)

func pdfOf(t testing.TB, d Document, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WritePDF(&b, d, issued); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// run gives the output of a peer program on a file of the PDF, or skips the test
// when the program is not installed.
func runPeer(t *testing.T, pdf []byte, from, program string, args ...string) (out, dir string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed: apt-get install %s", program, from)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "d.pdf"), pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, stderr.String())
	}
	return stdout.String(), dir
}

func samples(t *testing.T, langs ...rx.Lang) map[string][]byte {
	all := map[string][]byte{}
	for _, l := range langs {
		for name, d := range everyDocument(t, l) {
			all[name] = pdfOf(t, d, nil)
		}
	}
	return all
}

func TestPDFIsSound(t *testing.T) {
	for name, pdf := range samples(t, rx.FR, rx.DE) {
		if out, _ := runPeer(t, pdf, "qpdf", "qpdf", "--check", "d.pdf"); !strings.Contains(out, "No syntax or stream encoding errors") {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestPDFIsTheSameEachTime(t *testing.T) {
	first := samples(t, rx.FR)
	for range 2 {
		for name, pdf := range samples(t, rx.FR) {
			if !bytes.Equal(pdf, first[name]) {
				t.Errorf("%s: other bytes on another run", name)
			}
		}
	}
}

// The file says what it is and in which language, and not whose.
func TestPDFMetadata(t *testing.T) {
	for name, d := range everyDocument(t, rx.NL) {
		pdf := pdfOf(t, d, nil)
		info, _ := runPeer(t, pdf, "poppler-utils", "pdfinfo", "-isodates", "d.pdf")
		size := "595.28 x 841.89 pts (A4)"
		if d.Pages[0].Width == formWidth {
			size = "297.64 x 566.93 pts"
		}
		for _, want := range []string{d.Title, "2026-11-22T08:12:00Z", size} {
			if want == "" || !strings.Contains(info, want) {
				t.Errorf("%s: %q not in %s", name, want, info)
			}
		}
		catalogue, _ := runPeer(t, pdf, "qpdf", "qpdf", "--json", "d.pdf")
		if !regexp.MustCompile(`"/Lang": "(u:)?nl"`).MatchString(catalogue) {
			t.Errorf("%s: no language in the catalogue", name)
		}
		for _, secret := range []string{"Dupont", "Marie", "Exemple", "85073003427", "BEP1"} {
			wide := "\x00" + strings.Join(strings.Split(secret, ""), "\x00")
			if strings.Contains(info, secret) || bytes.Contains(pdf, []byte(secret)) || bytes.Contains(pdf, []byte(wide)) {
				t.Errorf("%s: %q stands outside of the compressed pages", name, secret)
			}
		}
		fonts, _ := runPeer(t, pdf, "poppler-utils", "pdffonts", "d.pdf")
		if n := len(regexp.MustCompile(`CID TrueType\s+Identity-H\s+yes no  yes`).FindAllString(fonts, -1)); n != 2 {
			t.Errorf("%s: not two embedded fonts with Unicode: %s", name, fonts)
		}
	}
}

// bbox is the part of `pdftotext -bbox` that is needed; lengths in points.
type bbox struct {
	Pages []struct {
		Words []bboxWord `xml:"word"`
	} `xml:"body>doc>page"`
}

type bboxWord struct {
	XMin float64 `xml:"xMin,attr"`
	XMax float64 `xml:"xMax,attr"`
	YMax float64 `xml:"yMax,attr"`
	Text string  `xml:",chardata"`
}

// Each run of the list is where the list says: left end, right end and baseline of
// its words within 0.05 mm.
func TestPDFPositionsAreThoseOfTheList(t *testing.T) {
	for name, d := range everyDocument(t, rx.DE) {
		t.Run(name, func(t *testing.T) { positions(t, d) })
	}
}

func positions(t *testing.T, d Document) {
	out, _ := runPeer(t, pdfOf(t, d, nil), "poppler-utils", "pdftotext", "-bbox", "d.pdf", "-")
	var boxes bbox
	if err := xml.Unmarshal([]byte(out), &boxes); err != nil {
		t.Fatal(err)
	}
	const off = 5.0 // 0.01 mm
	hundredths := func(points float64) float64 { return points * 2540 / 72 }
	for n, p := range d.Pages {
		checked := 0
		for _, i := range p.Items {
			run, ok := i.(Text)
			if !ok || run.Angle != 0 {
				continue
			}
			words := strings.Split(strings.ReplaceAll(run.Text, "\u00a0", " "), " ")
			size := float64(run.Size) / 720 * 2540
			for w, word := range words {
				left := run.X + widthOf(strings.Join(append(slices.Clone(words[:w]), ""), " "), run.Size, run.Bold)
				right := left + widthOf(word, run.Size, run.Bold)
				found := slices.ContainsFunc(boxes.Pages[n].Words, func(b bboxWord) bool {
					baseline := hundredths(b.YMax) - 0.236*size // the box reaches down to the font's descent
					return b.Text == word && math.Abs(hundredths(b.XMin)-float64(left)) < off &&
						math.Abs(hundredths(b.XMax)-float64(right)) < off && math.Abs(baseline-float64(run.Y)) < off
				})
				if !found {
					t.Errorf("page %d: %q of %q is not at %d–%d, %d", n+1, word, run.Text, left, right, run.Y)
				}
				checked++
			}
		}
		if checked < 12 {
			t.Errorf("page %d: only %d words", n+1, checked)
		}
	}
}

func TestPDFTextComesOutInReadingOrder(t *testing.T) {
	flat := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\f", " ")), " ") }
	for name, d := range everyDocument(t, rx.FR) {
		out, _ := runPeer(t, pdfOf(t, d, nil), "poppler-utils", "pdftotext", "-raw", "d.pdf", "-")
		// of the watermark, which runs upwards, each letter is a word
		out = strings.ReplaceAll(flat(out), "S I M U L A T I O N", "SIMULATION")
		if have, want := out, flat(strings.Join(texts(d), " ")); have != want {
			t.Errorf("%s:\nhave %s\nwant %s", name, have, want)
		}
	}
	const odd = "Łódź Žižka œuvre ßç € ≤ µg"
	facts := order(rx.FR)
	facts[2].Content.Text = odd
	d, err := proofOf(facts, false).Layout()
	if out, _ := runPeer(t, pdfOf(t, d, err), "poppler-utils", "pdftotext", "-raw", "d.pdf", "-"); !strings.Contains(out, odd) {
		t.Errorf("not exactly %q in %s", odd, out)
	}
}

// Every RID: letters and digits change the code's set and its length.
func TestBarsAreOfEveryRID(t *testing.T) {
	for _, rid := range []string{"BEP100000000", "BEP1ABCDEFGH", "BEPA0B1C2D3E", "BEP1ZZZZ9999", "BEP19999ZZZZ"} {
		b, err := code128Of(rid)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, w := range b.Widths {
			if w < 1 || w > 4 {
				t.Errorf("%s: a width of %d modules", rid, w)
			}
			sum += w
		}
		// start, symbols, check and stop: 11 modules each, the stop 13
		if len(b.Widths)%2 != 1 || sum%11 != 2 || b.Width() > 6_400 {
			t.Errorf("%s: %d widths, %d modules, %d wide", rid, len(b.Widths), sum, b.Width())
		}
		rects := b.Rects()
		if last := rects[len(rects)-1]; rects[0].Grey != 255 || rects[0].W != b.Width() || last.X+last.W != b.X+b.Width()-quietModules*b.Module {
			t.Errorf("%s: quiet zones are missing", rid)
		}
	}
	if _, err := code128Of("é"); err == nil {
		t.Error("a letter that Code 128 lacks")
	}
}

func TestWritersMayRunAtOnce(t *testing.T) {
	d, err := proofOf(order(rx.FR), false).Layout()
	want := pdfOf(t, d, err)
	got := make(chan []byte)
	for range 4 {
		go func() {
			var b bytes.Buffer
			if WritePDF(&b, d, issued) != nil {
				b.Reset()
			}
			got <- b.Bytes()
		}()
	}
	for range 4 {
		if !bytes.Equal(<-got, want) {
			t.Error("other bytes beside another writer")
		}
	}
}

var rectangle = regexp.MustCompile(`(?m)^(-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) re f$`)

// Each rule and each bar is drawn where the list says, within 0.01 mm, in its order.
func TestPDFRectanglesAreThoseOfTheList(t *testing.T) {
	for name, d := range everyDocument(t, rx.FR) {
		out, _ := runPeer(t, pdfOf(t, d, nil), "qpdf", "qpdf", "--qdf", "--object-streams=disable", "d.pdf", "-")
		var have, want []Rect
		page := d.Pages[0].Height // all pages of a document are of one size
		for _, m := range rectangle.FindAllStringSubmatch(out, -1) {
			var n [4]int // 0.01 mm
			for i := range n {
				points, err := strconv.ParseFloat(m[i+1], 64)
				if err != nil {
					t.Fatal(err)
				}
				n[i] = int(math.Round(points * 2540 / 72))
			}
			have = append(have, Rect{X: n[0], Y: page - n[1], W: n[2], H: -n[3]})
		}
		for _, p := range d.Pages {
			for _, i := range p.Items {
				switch i := i.(type) {
				case Rect:
					want = append(want, i)
				case Bars:
					want = append(want, i.Rects()...)
				}
			}
		}
		if len(have) != len(want) {
			t.Errorf("%s: %d rectangles, want %d", name, len(have), len(want))
			continue
		}
		for i, h := range have {
			w := want[i]
			for _, off := range []int{h.X - w.X, h.Y - w.Y, h.W - w.W, h.H - w.H} {
				if off < -1 || off > 1 {
					t.Fatalf("%s: have %+v, want %+v", name, h, w)
				}
			}
		}
	}
}
