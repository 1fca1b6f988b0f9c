package kit

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"relais/app/documents"
	"relais/app/rx"
)

// aProof is one sheet with text of every size, bars and rules; simulated: with the watermark.
func aProof(t *testing.T, simulated bool) documents.Document {
	t.Helper()
	at := time.Date(2026, 11, 22, 9, 12, 0, 0, time.UTC)
	f := rx.Facts{
		Version: rx.FactsVersion, Issued: at, Language: rx.FR,
		Practice: rx.Practice{
			Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", Qualification: "médecin généraliste"},
			Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"}, Phone: "081 00 00 00", Email: "demo@example.org",
		},
		Patient: rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}},
		Product: rx.Product{Name: "Amoxicilline Exemple 500 mg gélules"},
		Content: rx.Line{Kind: rx.Free, Quantity: 2, Begin: rx.DateOf(at), Expires: rx.Date{Year: 2027, Month: 2, Day: 21}, InstructionPatient: "Avec un verre d'eau, AVATAR."},
	}
	f.PosologyText = "1 gélule 3 fois par jour"
	d, err := documents.Proof{Lines: []documents.ProofLine{{Facts: f, RID: "BEP1ABCDEF01", Confirmed: at}}, Simulated: simulated}.Layout()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Each object stands where the list says, within 0.1 mm, at any size of the window.
func TestPageStandsWhereTheListSays(t *testing.T) {
	app(t)
	for _, simulated := range []bool{false, true} {
		page := aProof(t, simulated).Pages[0]
		p := NewPage(200)
		p.Set(page)
		for _, width := range []float32{333, 777, 2100} {
			p.Resize(fyne.NewSize(width, 5_000))
			mm := width / float32(page.Width) * 100
			near := func(have, want float32) bool { return math.Abs(float64(have-want)) < 0.1 }
			objects := test.WidgetRenderer(p).Objects()[1:] // the first is the paper
			next := func() fyne.CanvasObject { o := objects[0]; objects = objects[1:]; return o }
			rect := func(want documents.Rect) {
				o := next().(*canvas.Rectangle)
				if !near(o.Position().X/mm, float32(want.X)/100) || !near(o.Position().Y/mm, float32(want.Y)/100) ||
					!near(o.Size().Width/mm, float32(want.W)/100) || !near(o.Size().Height/mm, float32(want.H)/100) || o.FillColor != (color.Gray{Y: want.Grey}) {
					t.Fatalf("%+v is painted at %v, %v", want, o.Position(), o.Size())
				}
			}
			for _, item := range page.Items {
				switch item := item.(type) {
				case documents.Rect:
					rect(item)
				case documents.Bars:
					for _, bar := range item.Rects() {
						rect(bar)
					}
				case documents.Text:
					parts := strings.Fields(strings.ReplaceAll(item.Text, "\u00a0", "_"))
					if item.Angle != 0 {
						parts = strings.Split(item.Text, "")
					}
					for i, part := range parts {
						o := next().(*canvas.Text)
						_, baseline := test.NewApp().Driver().RenderedTextSize(o.Text, o.TextSize, o.TextStyle, o.FontSource)
						x, y := o.Position().X/mm, (o.Position().Y+baseline)/mm
						if strings.ReplaceAll(o.Text, "\u00a0", "_") != part || i == 0 && !near(x, float32(item.X)/100) || item.Angle == 0 && !near(y, float32(item.Y)/100) {
							t.Fatalf("%q of %q is painted at %.2f, %.2f mm, want %d, %d", o.Text, item.Text, x, y, item.X, item.Y)
						}
						if end := item; i == len(parts)-1 && item.Angle == 0 && width > 2000 { // small letters are as wide as whole points
							if right := x + o.Size().Width/mm; math.Abs(float64(right-float32(end.X+end.Width())/100)) > 1 {
								t.Fatalf("%q ends at %.2f mm, want %d", item.Text, right, end.X+end.Width())
							}
						}
					}
				}
			}
			if len(objects) > 0 {
				t.Fatalf("%d objects too many", len(objects))
			}
		}
	}
}

// The picture of the widget is that of the PDF: of every bar and rule and of every text, ink is where it is there,
// within 0.2 mm (two points of the picture).
func TestPageLooksLikeThePDF(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector a picture of this size takes longer than the toolkit keeps what it draws")
	}
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("pdftoppm is not installed: apt-get install poppler-utils")
	}
	d := aProof(t, false)
	var pdf bytes.Buffer
	if err := documents.WritePDF(&pdf, d, time.Date(2026, 11, 22, 9, 12, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "d.pdf"), pdf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("pdftoppm", "-r", "254", "-gray", "-png", "-singlefile", "d.pdf", "p") // 10 points a mm
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := os.Open(filepath.Join(dir, "p.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	printed, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}

	app(t)
	p := NewPage(200)
	p.Set(d.Pages[0])
	w := test.NewWindow(p)
	defer w.Close()
	w.SetPadded(false)
	w.Resize(fyne.NewSize(2100, 2970))
	seen := w.Canvas().Capture()

	for _, item := range d.Pages[0].Items {
		var box image.Rectangle // of the item, in 0.1 mm
		switch item := item.(type) {
		case documents.Rect:
			box = image.Rect(item.X, item.Y, item.X+item.W, item.Y+item.H)
		case documents.Bars:
			box = image.Rect(item.X, item.Y, item.X+item.Width(), item.Y+item.Height)
		case documents.Text:
			size := item.Size * 2540 / 720
			box = image.Rect(item.X, item.Y-size*8/10, item.X+item.Width(), item.Y+size*2/10)
		}
		box.Min, box.Max = box.Min.Div(10).Sub(image.Pt(2, 2)), box.Max.Div(10).Add(image.Pt(2, 2))
		a, b := ink(printed, box), ink(seen, box)
		if a.Empty() || b.Empty() {
			t.Errorf("%+v: no ink: %v printed, %v seen", item, a, b)
			continue
		}
		for _, off := range []int{a.Min.X - b.Min.X, a.Min.Y - b.Min.Y, a.Max.Y - b.Max.Y} {
			if off < -2 || off > 2 {
				t.Errorf("%+v: printed %v, seen %v", item, a, b)
				break
			}
		}
	}
}

// ink is the box around what is dark inside of box.
func ink(img image.Image, box image.Rectangle) (r image.Rectangle) {
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if c := color.GrayModel.Convert(img.At(x, y)).(color.Gray); c.Y < 215 {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

func TestPageKeepsItsShape(t *testing.T) {
	app(t)
	p := NewPage(210)
	if min := p.MinSize(); min.Height < 290 || min.Height > 300 {
		t.Errorf("an empty page is %v", min)
	}
	p.Set(documents.Page{Width: 10_500, Height: 20_000, Items: []documents.Item{documents.Rect{X: 10_400, Y: 19_900, W: 100, H: 100}}})
	if min := p.MinSize(); min != fyne.NewSize(210, 400) {
		t.Errorf("a form is %v", min)
	}
	p.Resize(fyne.NewSize(1000, 400)) // wider than it needs
	for _, o := range test.WidgetRenderer(p).Objects() {
		if end := o.Position().AddXY(o.Size().Width, o.Size().Height); end.X > 210.01 || end.Y > 400.01 {
			t.Errorf("painted up to %v", end)
		}
	}
}
