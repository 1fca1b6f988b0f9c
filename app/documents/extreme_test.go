package documents

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relais/app/rx"
)

// text of up to n characters: words that can be told from one another, some of them
// longer than any line.
func wordy(n int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		length := rapid.SampledFrom([]int{1, n / 2, n}).Draw(t, "length")
		letters := rapid.SampledFrom([]string{"W", "i", "é", "Ł", "ß", "M", "q\u0301", "Donau", "0,5", "-"}).Draw(t, "letters")
		most := rapid.SampledFrom([]int{3, 12, 60, 400}).Draw(t, "longest word")
		var b strings.Builder
		for i := 0; b.Len() < length; i++ {
			word := fmt.Sprintf("%d%s", i, strings.Repeat(letters, rapid.IntRange(1, most).Draw(t, "word")))
			b.WriteString(word + rapid.SampledFrom([]string{" ", " ", " ", "\n"}).Draw(t, "between"))
		}
		runes := []rune(strings.TrimSpace(b.String()))
		return strings.TrimSpace(string(runes[:min(len(runes), max(length, 1))]))
	})
}

// flat is a text of one line.
func flat(n int) *rapid.Generator[string] {
	return rapid.Map(wordy(n), func(s string) string { return strings.ReplaceAll(s, "\n", " ") })
}

// facts at the bounds of rx.Check.
func extreme(t *rapid.T) []rx.Facts {
	lang := rapid.SampledFrom(rx.DocumentLangs).Draw(t, "language")
	office, patient := practice, marie
	office.Prescriber.FirstName, office.Prescriber.LastName = flat(rx.MaxName).Draw(t, "first"), flat(rx.MaxName).Draw(t, "last")
	office.Prescriber.Qualification = flat(rx.MaxContact).Draw(t, "qualification")
	office.Address.Street, office.Address.City = flat(rx.MaxContact).Draw(t, "street"), flat(rx.MaxContact).Draw(t, "city")
	office.Address.Number, office.Phone = flat(rx.MaxNumber).Draw(t, "number"), flat(rx.MaxPhone).Draw(t, "phone")
	office.Email = strings.ReplaceAll(flat(rx.MaxEmail).Draw(t, "email"), " ", "")
	patient.FirstName, patient.LastName = flat(rx.MaxName).Draw(t, "first name"), flat(rx.MaxName).Draw(t, "last name")

	var all []rx.Facts
	for range rapid.IntRange(1, rx.MaxLines).Draw(t, "lines") {
		base := rapid.SampledFrom(order(lang)).Draw(t, "kind")
		base.Practice, base.Patient = office, patient
		switch base.Content.Kind {
		case rx.Magistral:
			base.Content.Text = wordy(rx.MaxMagistral).Draw(t, "magistral")
			if rapid.Bool().Draw(t, "composed") {
				base.Content.Text = ""
				for range rapid.IntRange(1, rx.MaxCompounds).Draw(t, "compounds") {
					base.Content.Compounds = append(base.Content.Compounds,
						rx.Compound{Name: flat(rx.MaxProduct).Draw(t, "compound"), Quantity: rx.MaxDecimal, Unit: flat(rx.MaxUnitText).Draw(t, "unit")})
				}
			}
		default:
			base.Product.Name = flat(rx.MaxProduct).Draw(t, "product")
			base.Product.Pack = flat(rx.MaxProduct).Draw(t, "pack")
		}
		if rapid.Bool().Draw(t, "free") {
			base.Content.Posology = rx.Posology{Text: wordy(rx.MaxInstruction).Draw(t, "posology")}
			base.PosologyText = base.Content.Posology.Text
		}
		base.Content.InstructionPatient = wordy(rx.MaxInstruction).Draw(t, "instruction")
		if rapid.Bool().Draw(t, "scheme") {
			for i := range rx.MaxRegimen {
				base.Content.Regimen = append(base.Content.Regimen, rx.RegimenEntry{DayNumber: i + 1, Time: "08:00", DayPeriod: "aftermeal", Quantity: 500})
			}
		}
		all = append(all, base)
	}
	return all
}

// contents are the texts of facts that document name holds.
func contents(name string, f rx.Facts) []string {
	doctor := []string{f.Practice.Prescriber.LastName, f.Practice.Prescriber.FirstName}
	contact := []string{f.Practice.Address.City, f.Practice.Phone}
	patient := []string{f.Patient.LastName, f.Patient.FirstName}
	product := []string{f.PosologyText}
	if f.Content.Kind != rx.Magistral {
		product = append(product, f.Product.Name)
	}
	switch name {
	case "poster":
		return doctor
	case "pharmacist":
		return append(doctor, contact...)
	case "drill":
		return append(patient, f.PosologyText)
	case "day":
		return append(append(patient, doctor...), product...)
	}
	all := append(append(patient, product...), f.Content.InstructionPatient, f.Content.Text, f.Product.Pack)
	for _, c := range f.Content.Compounds {
		all = append(all, c.Name, c.Unit)
	}
	if forms[name].Kind != Overlay { // there it stands already
		all = append(all, doctor...)
	}
	if name != "proof" {
		all = append(append(all, contact...), f.Practice.Prescriber.Qualification, f.Practice.Email)
	}
	return all
}

// layouts of every document of facts, by its name.
func layouts(facts []rx.Facts, simulated bool) map[string]func() (Document, error) {
	first := facts[0]
	proof, paper := Proof{Simulated: simulated, Look: ProofLook{Foot: true, Module: 45, Height: 200}, Printed: issued, Copy: 99}, Paper{Simulated: simulated, Reason: "outage-ehealth"}
	day := DayList{Day: rx.DateOf(issued), Language: first.Language, Practice: first.Practice, Printed: issued, Simulated: simulated}
	drill := drillOf(first.Language, 30)
	for i, f := range facts {
		proof.Lines = append(proof.Lines, ProofLine{Facts: f, RID: rx.RID(fmt.Sprintf("BEP1%08d", i)), Confirmed: issued})
		paper.Lines = append(paper.Lines, PaperLine{Facts: f, Copy: 2, Unanswered: issued})
		day.Lines = append(day.Lines, DayLine{Facts: f, State: "Double possible : papier et version électronique", RID: "BEP1ABCDEF01"})
		drill.Lines = append(drill.Lines, DrillLine{issued, f.Patient.LastName + " " + f.Patient.FirstName, f.PosologyText})
	}
	all := map[string]func() (Document, error){
		"proof": proof.Layout, "day": day.Layout, "drill": drill.Layout,
		"pharmacist": PharmacistSheet{first.Language, first.Practice}.Layout, "poster": Poster{first.Language, first.Practice}.Layout,
	}
	for name, form := range forms {
		paper := paper
		paper.Form = form
		all[name] = paper.Layout
	}
	return all
}

var spaceless = strings.NewReplacer(" ", "", "\n", "", "\u00a0", "", "\u202f", "")

// holds tells that text stands whole in pages. Where a sheet ends inside of it, the
// next one goes on after its head: there the remainder is looked for.
func holds(pages []string, text string) bool {
	text = spaceless.Replace(clean(text))
	for first := range pages {
		rest := text
		for _, p := range pages[first:] {
			if strings.Contains(p, rest) {
				return true
			}
			// the longest part of it that this page holds
			part := sort.Search(len(rest), func(n int) bool { return !strings.Contains(p, rest[:n+1]) })
			if part == 0 {
				break
			}
			rest = rest[part:]
		}
	}
	return text == ""
}

func boxOf(t Text) (x0, y0, x1, y1 int) {
	size := points(t.Size)
	return t.X, t.Y - size*93/100, t.X + widthOf(t.Text, t.Size, t.Bold), t.Y + size*24/100
}

// leastMargin is what a document keeps free of text at the edges of its pages: the
// forms of 10.5 × 20 cm are the printer's, with the narrowest margin that it has.
func leastMargin(name string) int {
	if forms[name].Kind != PlainSheet {
		return 500
	}
	return margin
}

// checkPages looks at every item, and gives the text of each page, or of each form on
// it, without spaces.
func checkPages(t interface{ Fatalf(string, ...any) }, name string, d Document) (pages []string) {
	margin := leastMargin(name)
	for n, p := range d.Pages {
		parts := []string{""}
		if strings.HasSuffix(name, "-two") {
			parts = append(parts, "")
		}
		var boxes [][4]int
		for _, i := range p.Items {
			var x0, y0, x1, y1 int
			switch i := i.(type) {
			case Text:
				if i.Angle != 0 {
					continue // the watermark
				}
				parts[min(i.X/formWidth, len(parts)-1)] += spaceless.Replace(i.Text)
				x0, y0, x1, y1 = boxOf(i)
				boxes = append(boxes, [4]int{x0, y0, x1, y1})
			case Rect:
				if i.X < 0 || i.Y < 0 || i.X+i.W > p.Width || i.Y+i.H > p.Height {
					t.Fatalf("%s, page %d: off the page: %+v", name, n+1, i)
				}
				continue
			case Bars:
				x0, y0, x1, y1 = i.X, i.Y, i.X+i.Width(), i.Y+i.Height
				boxes = append(boxes, [4]int{x0, y0, x1, y1})
				x0, x1 = x0+quietModules*i.Module, x1-quietModules*i.Module
			}
			if x0 < margin || y0 < margin || x1 > p.Width-margin || y1 > p.Height-margin {
				t.Fatalf("%s, page %d: outside the margins: %+v", name, n+1, i)
			}
		}
		slices.SortFunc(boxes, func(a, b [4]int) int { return a[1] - b[1] })
		for i, a := range boxes {
			for _, b := range boxes[i+1:] {
				if b[1] >= a[3] {
					break
				}
				if a[0] < b[2] && b[0] < a[2] {
					t.Fatalf("%s, page %d: %v and %v overlap", name, n+1, a, b)
				}
			}
		}
		pages = append(pages, parts...)
	}
	return pages
}

// Whatever the facts that rx.Check lets through: nothing leaves the margins, nothing
// overlaps, nothing is lost.
func TestExtremeFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := extreme(t)
		layouts := layouts(facts, rapid.Bool().Draw(t, "simulated"))
		// one of them each time: the whole takes long
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(layouts))).Draw(t, "document")
		d, err := layouts[name]()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pages := checkPages(t, name, d)
		for i, f := range facts {
			for _, text := range contents(name, f) {
				if !holds(pages, text) {
					t.Fatalf("%s: line %d is not whole: %q", name, i+1, text)
				}
			}
		}
		if name != "proof" {
			return
		}
		for i := range facts {
			if n := strings.Count(strings.Join(pages, "\n"), fmt.Sprintf("BEP1%08d", i)); n != 1 {
				t.Fatalf("RID stands %d times", n)
			}
		}
	})
}

// Every field at its bound, in the widest letter, all at once.
func TestWidestFacts(t *testing.T) {
	wide := func(n int) string { return strings.Repeat("W", n) }
	f := order(rx.DE)[3]
	f.Practice.Prescriber.FirstName, f.Practice.Prescriber.LastName = wide(rx.MaxName), wide(rx.MaxName)
	f.Practice.Prescriber.Qualification, f.Practice.Phone, f.Practice.Email = wide(rx.MaxContact), wide(rx.MaxPhone), wide(rx.MaxEmail)
	f.Practice.Address = rx.Address{Street: wide(rx.MaxContact), Number: wide(rx.MaxNumber), Zip: "5000", City: wide(rx.MaxContact)}
	f.Patient.FirstName, f.Patient.LastName = wide(rx.MaxName), wide(rx.MaxName)
	f.Product.Name, f.PosologyText, f.Content.InstructionPatient = wide(rx.MaxProduct), wide(rx.MaxInstruction), wide(rx.MaxInstruction)
	for name, layout := range layouts([]rx.Facts{f}, true) {
		d, err := layout()
		pages := checkPages(t, name, laidOut(t, d, err))
		for _, text := range contents(name, f) {
			if !holds(pages, text) {
				t.Errorf("%s: not whole on %d pages: %q", name, len(pages), text)
			}
		}
	}
}
