package documents

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relais/app/i18n"
	"relais/app/rx"
)

// What the law wants, each on every form: on the doctor's own, what is not there yet.
func TestFormsSayWhatIsMandatory(t *testing.T) {
	facts := order(rx.FR)
	for name, form := range forms {
		p := paperOf(facts, false)
		p.Form = form
		d, err := p.Layout()
		laidOut(t, d, err)
		if d.Forms < len(d.Pages) || form.Paper == TwoOnA4 && d.Forms <= len(d.Pages) {
			t.Errorf("%s: %d forms on %d pages", name, d.Forms, len(d.Pages))
		}
		for _, sheet := range formsOf(d, form) {
			wants := []string{"Dupont Marie", "30/07/1985", "(41\u00a0ans)", "médecin généraliste", "Rue de la Démonstration 1", "5000 Namur",
				"081 00 00 00", "demo@example.org", "21/02/2027", "Feuille "}
			if form.Kind != Overlay {
				wants = append(wants, "Exemple Anne", "1-99999-15-004", "Cachet", "signature")
			}
			for _, want := range wants {
				if !strings.Contains(strings.ToLower(sheet), strings.ToLower(want)) {
					t.Errorf("%s: a form does not say %q: %s", name, want, sheet)
				}
			}
			if strings.Contains(sheet, "22/11/2026") {
				t.Errorf("%s: the day of writing is printed", name)
			}
			if form.Kind == Overlay && (strings.Contains(sheet, "Exemple Anne") || strings.Contains(sheet, "Cachet")) {
				t.Errorf("%s: what is pre-printed is printed again", name)
			}
		}
		for _, want := range []string{"PRÉPARATION MAGISTRALE", "1\u00a0gélule 3\u00a0fois par jour", "Quantité : 2 boîtes", "2 fois (deux)", "dose : un virgule cinq"} {
			if !shown(d, want) {
				t.Errorf("%s: no form says %q", name, want)
			}
		}
		if shown(d, "Tiers-payant applicable") == (form.Kind == PlainSheet) {
			t.Errorf("%s: third-party payer", name)
		}
	}
}

// formsOf is the text of each form of d.
func formsOf(d Document, form Form) (all []string) {
	m := form.model()
	for _, p := range d.Pages {
		for _, at := range m.at {
			var texts []string
			for _, i := range p.Items {
				if i, ok := i.(Text); ok && i.X >= at.x && i.X < at.x+m.width && i.Y < m.height {
					texts = append(texts, i.Text)
				}
			}
			if len(texts) > 0 {
				all = append(all, strings.Join(texts, " "))
			}
		}
	}
	return all
}

// Overlay and drawing are one table: what the overlay prints stands where the drawing
// has it, and the drawing adds what is pre-printed.
func TestOverlayIsTheDrawingWithoutTheForm(t *testing.T) {
	for _, paper := range FormPapers {
		layout := func(kind FormKind) map[string]bool {
			p := paperOf(order(rx.DE), false)
			p.Form = Form{Kind: kind, Paper: paper}
			d, err := p.Layout()
			laidOut(t, d, err)
			items := map[string]bool{}
			for n, p := range d.Pages {
				for _, i := range p.Items {
					items[fmt.Sprintf("%d %+v", n, i)] = true
				}
			}
			return items
		}
		drawing := layout(Drawing)
		for item := range layout(Overlay) {
			if !drawing[item] {
				t.Errorf("%q: not in the drawing: %s", paper, item)
			}
		}
	}
}

// The offset moves every item by as much, and nothing else.
func TestOffsetMovesAll(t *testing.T) {
	for name, form := range forms {
		p := paperOf(order(rx.FR), true)
		p.Form = form
		d, err := p.Layout()
		straight := laidOut(t, d, err)
		p.Form.OffsetX, p.Form.OffsetY = -23, 4
		d, err = p.Layout()
		for n, page := range laidOut(t, d, err).Pages {
			want := moved(straight.Pages[n].Items, -230, 40)
			for i := range want {
				if fmt.Sprint(page.Items[i]) != fmt.Sprint(want[i]) {
					t.Fatalf("%s: have %v, want %v", name, page.Items[i], want[i])
				}
			}
		}
	}
}

// On the PDF of the test page, as a printer would draw it, the crosses are where it
// says, within 0.2 mm (the doctor is promised 0.5), and the offset moves them.
func TestCrossesAreMeasured(t *testing.T) {
	for _, c := range []struct {
		form Form
		x, y float64 // mm
	}{
		{Form{Kind: Overlay}, 10, 10},
		{Form{Kind: Overlay, OffsetX: 17, OffsetY: -24}, 11.7, 7.6},
		{Form{Kind: Drawing, Paper: TwoOnA4, OffsetY: 3}, 10, 10.3},
		{Form{}, 10, 10},
	} {
		d, err := Calibration{c.form, rx.FR}.Layout()
		_, dir := runPeer(t, pdfOf(t, d, err), "poppler-utils", "pdftoppm", "-r", "300", "-W", "300", "-H", "300", "-gray", "-png", "-singlefile", "d.pdf", "p")
		img := readPNG(t, filepath.Join(dir, "p.png"))
		mm := func(n float64) int { return int(n * 300 / 25.4) }
		// the middle of the line within 4 mm of its place: the columns, or rows, that are darkest
		dark := func(x, y int) bool { r, _, _, _ := img.At(x, y).RGBA(); return r < 0xa000 }
		middle := func(from, to, across, around int, at func(i, j int) bool) float64 {
			counts := make([]int, to-from+1)
			for i := range counts {
				for j := across - around; j <= across+around; j++ {
					if at(from+i, j) {
						counts[i]++
					}
				}
			}
			sum, n := 0, 0
			for i, count := range counts {
				if count > slices.Max(counts)*9/10 {
					sum, n = sum+from+i, n+1
				}
			}
			return (float64(sum)/float64(n) + 0.5) * 25.4 / 300
		}
		px, py := mm(c.x), mm(c.y)
		x := middle(px-mm(4), px+mm(4), py, mm(4), dark)
		y := middle(py-mm(4), py+mm(4), px, mm(4), func(i, j int) bool { return dark(j, i) })
		if off := x - c.x; off < -0.2 || off > 0.2 {
			t.Errorf("%+v: the cross is %.2f mm off to the right", c.form, off)
		}
		if off := y - c.y; off < -0.2 || off > 0.2 {
			t.Errorf("%+v: the cross is %.2f mm off below", c.form, off)
		}
	}
}

func readPNG(t *testing.T, file string) image.Image {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestOwnPlaces(t *testing.T) {
	p := paperOf(order(rx.FR)[:1], false)
	p.Form = Form{Kind: Overlay, Places: []Place{{FieldPatient, 300, 500, 600, 200}, {FieldEnd, 50, 1800, 300, 100}}}
	d, err := p.Layout()
	laidOut(t, d, err)
	at := map[string]Text{}
	for _, i := range d.Pages[0].Items {
		if i, ok := i.(Text); ok {
			at[i.Text] = i
		}
	}
	if name := at["Dupont Marie"]; name.X != 3_000+padding || name.Y < 5_000 || name.Y > 7_000 {
		t.Errorf("the patient is at %d, %d", name.X, name.Y)
	}
	if end := at["21/02/2027"]; end.X != 500+padding || end.Y < 18_000 || end.Y > 19_000 {
		t.Errorf("the end date is at %d, %d", end.X, end.Y)
	}
	// A name that its place cannot hold stands above the products.
	p.Form.Places = []Place{{FieldPatient, 300, 500, 40, 40}}
	d, err = p.Layout()
	laidOut(t, d, err)
	for _, i := range d.Pages[0].Items {
		if i, ok := i.(Text); ok && strings.Contains(i.Text, "Dupont Marie") && i.X < modelPlaces[5].box.x {
			t.Errorf("the patient is at %d, %d", i.X, i.Y)
		}
	}
	if !shown(d, "Dupont Marie") {
		t.Error("the patient is lost")
	}
	// Products without room: told, not cut.
	p.Form = Form{Kind: Drawing, Places: []Place{{FieldProducts, 300, 500, 450, 450}, {FieldPatient, 300, 500, 40, 40}, {FieldPrescriber, 300, 500, 40, 40}}}
	wide := strings.Repeat("W", rx.MaxName)
	p.Lines[0].Facts.Patient.LastName, p.Lines[0].Facts.Patient.FirstName = wide, wide
	p.Lines[0].Facts.Practice.Prescriber.LastName, p.Lines[0].Facts.Practice.Prescriber.FirstName = wide, wide
	if d, err := p.Layout(); rx.CodeOf(err) != CodeFormTooSmall || len(d.Pages) != 0 {
		t.Errorf("%d pages, %v", len(d.Pages), err)
	}
}

func TestFormCheck(t *testing.T) {
	for _, c := range []struct {
		form       Form
		path, text string
	}{
		{Form{}, "", ""},
		{Form{Kind: Overlay, Paper: TwoOnA4, OffsetX: -40, OffsetY: 30, Products: 1, Padding: PadEnd}, "", ""},
		{Form{Kind: Overlay, Paper: TwoOnA4, OffsetY: 1000}, "", ""}, // forms in the middle of an A4
		{Form{Kind: "other"}, "$.kind", "overlay, drawing"},
		{Form{Paper: "a5"}, "$.paper", "two-on-a4"},
		{Form{Padding: "middle"}, "$.padding", "end"},
		{Form{Products: 11}, "$.products", "10"},
		{Form{Products: -1}, "$.products", "0"},
		{Form{Kind: Overlay, OffsetX: -51}, "$.offset_x", "-50"},
		{Form{Kind: Overlay, OffsetX: 51}, "$.offset_x", "50"},
		{Form{Kind: Drawing, OffsetY: 100}, "$.offset_y", "44"},
		{Form{Kind: Overlay, Places: []Place{{"title", 0, 0, 100, 100}}}, "$.places[0].field", "patient"},
		{Form{Kind: Overlay, Places: []Place{{FieldPatient, 0, 0, 100, 100}, {FieldPatient, 0, 0, 100, 100}}}, "$.places[1].field", "notes"},
		{Form{Kind: Overlay, Places: []Place{{FieldPatient, 1000, 0, 100, 100}}}, "$.places[0].w", "50"},
		{Form{Kind: Overlay, Places: []Place{{FieldProducts, 0, 0, 400, 500}}}, "$.places[0].w", "450"},
		{Form{Kind: Drawing, Places: []Place{{FieldBarcode, 0, 0, 340, 100}}}, "$.places[0].w", "350"},
	} {
		err := c.form.Check()
		if c.path == "" {
			if err != nil {
				t.Errorf("%+v: %v", c.form, err)
			}
			continue
		}
		var faults rx.Faults
		if !errors.As(err, &faults) || faults[0].Path != c.path || !strings.Contains(fmt.Sprint(faults[0].Args), c.text) {
			t.Errorf("%+v: %v, want %s with %q", c.form, err, c.path, c.text)
		}
		p := paperOf(order(rx.FR), false)
		p.Form = c.form
		if d, err := p.Layout(); err == nil || len(d.Pages) > 0 {
			t.Errorf("%+v: laid out", c.form)
		}
		if _, err := (Calibration{c.form, rx.FR}).Layout(); err == nil {
			t.Errorf("%+v: a test page", c.form)
		}
		for _, said := range i18n.Say(rx.FR, err) {
			if said.What == "" || said.Next == "" || strings.Contains(said.Next, "…") {
				t.Errorf("%+v", said)
			}
		}
	}
}

// An A4 whose left form was used before: the first form stands on its right half, and nothing on the left one; where there is one form to a page
// nothing changes.
func TestRightFormFirst(t *testing.T) {
	facts := []rx.Facts{order(rx.FR)[0], order(rx.FR)[0], order(rx.FR)[0]}
	facts[1].Content.Expires, facts[2].Content.Expires = end.AddDays(1), end.AddDays(2) // a form each
	for _, c := range []struct {
		form  Form
		right bool
		want  []int // forms on each page: 1 left, 2 right, 3 both
	}{
		{Form{Kind: Overlay, Paper: TwoOnA4}, false, []int{3, 1}},
		{Form{Kind: Overlay, Paper: TwoOnA4}, true, []int{2, 3}},
		{Form{Kind: Drawing, Paper: TwoOnA4}, true, []int{2, 3}},
		{Form{Kind: Overlay}, true, []int{1, 1, 1}},
		{Form{}, true, []int{1}},
	} {
		p := paperOf(facts, false)
		p.Form, p.Right, p.Form.NoPrinterNotice = c.form, c.right, true
		d, err := p.Layout()
		d = laidOut(t, d, err)
		var got []int
		for _, page := range d.Pages {
			half := 0
			for _, it := range page.Items {
				if text, is := it.(Text); is && c.form.Kind != PlainSheet && text.X >= formWidth {
					half |= 2
				} else if is {
					half |= 1
				}
			}
			got = append(got, half)
		}
		if !slices.Equal(got, c.want) || c.form.Kind != PlainSheet && d.Forms != 3 {
			t.Errorf("%+v, right %v: forms on %v, not %v; %d in all", c.form, c.right, got, c.want, d.Forms)
		}
	}
}

// One end date a form; as many products as fit, or as chosen.
func TestFormsAreParted(t *testing.T) {
	facts := []rx.Facts{order(rx.FR)[0], order(rx.FR)[0], order(rx.FR)[0], order(rx.FR)[0]}
	for i := range facts {
		facts[i].Content.CNK, facts[i].Content.InstructionReimbursement = "", ""
	}
	count := func(form Form, facts []rx.Facts) int {
		p := paperOf(facts, false)
		p.Form = form
		d, err := p.Layout()
		return laidOut(t, d, err).Forms
	}
	if n := count(Form{Kind: Overlay}, facts); n != 2 {
		t.Errorf("four short products on %d forms", n)
	}
	if n := count(Form{Kind: Overlay, Products: 1}, facts); n != 4 {
		t.Errorf("one each: %d forms", n)
	}
	facts[1].Content.Expires = end.AddDays(1)
	if n := count(Form{Kind: Overlay}, facts); n != 3 {
		t.Errorf("three runs of end dates: %d forms", n)
	}
	if n := count(Form{}, facts); n != 1 {
		t.Errorf("a plain sheet says the end of each: %d", n)
	}
	d, _ := Paper{Lines: paperOf(facts, false).Lines, Form: Form{Kind: Overlay}}.Layout()
	if have := (Form{Kind: Overlay}).Stock(d); have != 3 {
		t.Errorf("stock of %d", have)
	}
	if have := (Form{}).Stock(d); have != 0 {
		t.Errorf("plain sheets take %d forms", have)
	}
}

// The note on force majeure is for what is proven, and for reasons that are one.
func TestForceMajeureIsSaidWhenProven(t *testing.T) {
	const words = "Force majeure, pas de version électronique."
	for _, c := range []struct {
		name   string
		reason rx.PaperReason
		form   Form
		spoil  func(*PaperLine) // of the first line
		want   int
	}{
		{"proven", "outage-ehealth", Form{}, func(*PaperLine) {}, 1},
		{"urgent", "urgent", Form{Kind: Overlay}, func(*PaperLine) {}, 2},
		{"no reason", "", Form{}, func(*PaperLine) {}, 0},
		{"outside the practice", "outside-practice", Form{}, func(*PaperLine) {}, 0},
		{"switched off", "outage-ehealth", Form{NoForceMajeure: true}, func(*PaperLine) {}, 0},
		{"one not proven", "outage-ehealth", Form{}, func(l *PaperLine) { l.NothingElectronic = false }, 1},
		{"one without answer", "outage-ehealth", Form{Products: 1}, func(l *PaperLine) { l.Unanswered = issued }, 1},
	} {
		p := paperOf(order(rx.FR)[:2], false)
		p.Reason, p.Form = c.reason, c.form
		for i := range p.Lines {
			p.Lines[i].NothingElectronic = true
		}
		c.spoil(&p.Lines[0])
		d, err := p.Layout()
		laidOut(t, d, err)
		if have := strings.Count(strings.Join(texts(d), " "), words); have != c.want {
			t.Errorf("%s: said %d times, want %d", c.name, have, c.want)
		}
	}
}

func TestINAMIBarcode(t *testing.T) {
	for _, c := range []struct {
		form Form
		want string
	}{
		{Form{}, ""}, {Form{Kind: Overlay}, ""}, {Form{Kind: Drawing, NoBarcode: true}, ""},
		{Form{Kind: Drawing}, "019999915004"}, {Form{Kind: Drawing, Padding: PadEnd}, "199999150040"},
	} {
		p := paperOf(order(rx.FR)[:1], false)
		p.Form = c.form
		d, err := p.Layout()
		have := ""
		for _, i := range laidOut(t, d, err).Pages[0].Items {
			if b, ok := i.(Bars); ok {
				have += b.Content
			}
		}
		if have != c.want {
			t.Errorf("%+v: bars of %q, want %q", c.form, have, c.want)
		}
		if c.form.Kind == Drawing && !shown(d, "1-99999-15-004") {
			t.Errorf("%+v: no digits", c.form)
		}
	}
	// As large as its place, never larger.
	for _, w := range []int{350, 464, 600, 1000} {
		p := paperOf(order(rx.FR)[:1], false)
		p.Form = Form{Kind: Drawing, Places: []Place{{FieldBarcode, 20, 20, w, 200}}}
		d, err := p.Layout()
		for _, i := range laidOut(t, d, err).Pages[0].Items {
			if b, ok := i.(Bars); ok && (b.X < 200 || b.X+b.Width() > 200+10*w || b.Y < 200 || b.Y+b.Height > 2_200 || b.Module < 22 || b.Module > 40) {
				t.Errorf("in a place of %d: %d wide, modules of %d", w, b.Width(), b.Module)
			}
		}
	}
	if _, err := interleavedOf("1234567890A", PadFront); err == nil {
		t.Error("a letter in bars")
	}
}

// Every number of a narcotic's dose and quantity stands in full words on every form,
// in each language, and on no proof. The rule is an own one: which numbers there are.
func TestNarcoticsInFullWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lang := rapid.SampledFrom(rx.DocumentLangs).Draw(t, "language")
		f := order(lang)[3]
		dose := rx.Decimal(rapid.IntRange(1, 400_000).Draw(t, "dose"))
		times, days, quantity := rapid.IntRange(0, 24).Draw(t, "times"), rapid.IntRange(0, 366).Draw(t, "days"), rapid.IntRange(1, 99).Draw(t, "quantity")
		f.Content.Posology = rx.Posology{Dose: dose, Unit: "tablet", TimesPerDay: times, DurationDays: days}
		f.PosologyText, f.Content.Quantity = i18n.Posology(lang, f.Content.Posology), quantity
		f.Product.Narcotic = rapid.Bool().Draw(t, "narcotic")
		numbers := []rx.Decimal{dose, rx.Decimal(quantity) * 1000, rx.Decimal(f.Product.PackSize) * 1000}
		for _, n := range []int{times, days} {
			if n > 0 {
				numbers = append(numbers, rx.Decimal(n)*1000)
			}
		}
		p := paperOf([]rx.Facts{f}, false)
		p.Form = forms[rapid.SampledFrom(slices.Sorted(maps.Keys(forms))).Draw(t, "form")]
		d, err := p.Layout()
		if err != nil {
			t.Fatalf("%v", err)
		}
		all := strings.ReplaceAll(strings.Join(texts(d), " "), "  ", " ")
		for _, n := range numbers {
			words := ": " + i18n.InWords(lang, n)
			if have := strings.Contains(spaceless.Replace(all), spaceless.Replace(words)); have != f.Product.Narcotic {
				t.Fatalf("%q said: %v, narcotic: %v, in %q", words, have, f.Product.Narcotic, all)
			}
		}
		proof, err := proofOf([]rx.Facts{f}, false).Layout()
		if err != nil || shown(proof, i18n.Text(lang, "doc.words")) {
			t.Fatalf("words on a proof, %v", err)
		}
	})
}

func TestWarnings(t *testing.T) {
	for _, l := range rx.Langs {
		if (Form{}).Warning(l) == "" || (Form{Kind: Drawing}).Warning(l) == "" || (Form{Kind: Overlay}).Warning(l) != "" {
			t.Errorf("%s: warnings", l)
		}
	}
	p := paperOf(order(rx.FR)[:1], false)
	p.Form = Form{Kind: Drawing, Paper: TwoOnA4}
	d, err := p.Layout()
	laidOut(t, d, err)
	for _, i := range d.Pages[0].Items { // outside of the form, to be cut off
		if i, ok := i.(Text); ok && strings.Contains(i.Text, "INAMI demande") && i.Y < formHeight {
			t.Error("the warning stands on the form")
		}
	}
	if !shown(d, "INAMI demande") {
		t.Error("no warning beside the drawn form")
	}
	p.Form.NoPrinterNotice = true
	if d, _ = p.Layout(); shown(d, "INAMI demande") {
		t.Error("the notice was switched off")
	}
}
