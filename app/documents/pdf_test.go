package documents

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

func samples(t *testing.T) map[string][]byte {
	all := map[string][]byte{}
	for _, l := range rx.DocumentLangs {
		for name, d := range everyDocument(t, l) {
			all[name] = pdfOf(t, d, nil)
		}
	}
	return all
}

func TestPDFIsSound(t *testing.T) {
	for name, pdf := range samples(t) {
		if out, _ := runPeer(t, pdf, "qpdf", "qpdf", "--check", "d.pdf"); !strings.Contains(out, "No syntax or stream encoding errors") {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestPDFIsTheSameEachTime(t *testing.T) {
	first := samples(t)
	for range 3 {
		for name, pdf := range samples(t) {
			if !bytes.Equal(pdf, first[name]) {
				t.Errorf("%s: other bytes on another run", name)
			}
		}
	}
}

// The file says what it is and in which language, and not whose.
func TestPDFMetadata(t *testing.T) {
	d, err := proofOf(order(rx.NL), false).Layout()
	pdf := pdfOf(t, d, err)
	info, _ := runPeer(t, pdf, "poppler-utils", "pdfinfo", "-isodates", "d.pdf")
	for _, want := range []string{"BEWIJS VAN ELEKTRONISCH VOORSCHRIFT", "2026-11-22T08:12:00Z", "A4"} {
		if !strings.Contains(info, want) {
			t.Errorf("%q not in %s", want, info)
		}
	}
	catalogue, _ := runPeer(t, pdf, "qpdf", "qpdf", "--json", "d.pdf")
	if !regexp.MustCompile(`"/Lang": "(u:)?nl"`).MatchString(catalogue) {
		t.Error("no language in the catalogue")
	}
	for _, secret := range []string{"Dupont", "Marie", "Exemple", "85073003427", "BEP1"} {
		wide := "\x00" + strings.Join(strings.Split(secret, ""), "\x00")
		if strings.Contains(info, secret) || bytes.Contains(pdf, []byte(secret)) || bytes.Contains(pdf, []byte(wide)) {
			t.Errorf("%q stands outside of the compressed pages", secret)
		}
	}
	fonts, _ := runPeer(t, pdf, "poppler-utils", "pdffonts", "d.pdf")
	if n := len(regexp.MustCompile(`CID TrueType\s+Identity-H\s+yes no  yes`).FindAllString(fonts, -1)); n != 2 {
		t.Errorf("not two embedded fonts with Unicode: %s", fonts)
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
	d, err := proofOf(order(rx.DE), false).Layout()
	out, _ := runPeer(t, pdfOf(t, d, err), "poppler-utils", "pdftotext", "-bbox", "d.pdf", "-")
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
			if !ok {
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
		if checked < 50 {
			t.Errorf("page %d: only %d words", n+1, checked)
		}
	}
}

func TestPDFTextComesOutInReadingOrder(t *testing.T) {
	const odd = "Łódź Žižka œuvre ßç € ≤ µg"
	facts := order(rx.FR)
	facts[2].Content.Text = odd
	for name, layout := range map[string]func() (Document, error){"proof": proofOf(facts, false).Layout, "paper": paperOf(facts, false).Layout} {
		d, err := layout()
		out, _ := runPeer(t, pdfOf(t, d, err), "poppler-utils", "pdftotext", "-raw", "d.pdf", "-")
		flat := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\f", " ")), " ") }
		if have, want := flat(out), flat(strings.Join(texts(d), " ")); have != want {
			t.Errorf("%s:\nhave %s\nwant %s", name, have, want)
		}
		if !strings.Contains(out, odd) {
			t.Errorf("%s: not exactly %q in %s", name, odd, out)
		}
	}
}

var decoded = regexp.MustCompile(`(?m)^CODE-128:(.*)$`)

// A scanner reads each code once from a coarse picture of the page, through the
// watermark.
func TestCodesAreReadFromTheRenderedPage(t *testing.T) {
	if _, err := exec.LookPath("zbarimg"); err != nil {
		t.Skip("zbarimg is not installed: apt-get install zbar-tools")
	}
	for _, l := range rx.DocumentLangs {
		for _, simulated := range []bool{true, false} {
			if l != rx.FR && !simulated {
				continue // the plain page differs in its words alone
			}
			p := proofOf(append(order(l), order(l)[0]), simulated)
			d, err := p.Layout()
			_, dir := runPeer(t, pdfOf(t, d, err), "poppler-utils", "pdftoppm", "-r", "150", "-gray", "-png", "d.pdf", "p")
			var have []string
			for n, want := range []int{4, 1} {
				cmd := exec.Command("zbarimg", "-q", filepath.Join(dir, fmt.Sprintf("p-%d.png", n+1)))
				cmd.Env = append(os.Environ(), "DBUS_SESSION_BUS_ADDRESS=disabled:")
				out, err := cmd.Output()
				codes := decoded.FindAllStringSubmatch(string(out), -1)
				if len(codes) != want {
					t.Fatalf("%s, sheet %d: %d codes read, want %d: %s %v", l, n+1, len(codes), want, out, err)
				}
				for _, c := range codes {
					have = append(have, c[1])
				}
			}
			var want []string
			for _, line := range p.Lines {
				want = append(want, string(line.RID))
			}
			slices.Sort(have)
			slices.Sort(want)
			if !slices.Equal(have, want) {
				t.Errorf("%s, simulated %v: have %q, want %q", l, simulated, have, want)
			}
		}
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
