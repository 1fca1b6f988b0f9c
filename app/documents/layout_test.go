package documents

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
)

// dump is a document as text, one item a line.
func dump(d Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title %q language %s\n", d.Title, d.Language)
	for n, p := range d.Pages {
		fmt.Fprintf(&b, "\npage %d: %d x %d\n", n+1, p.Width, p.Height)
		for _, i := range p.Items {
			switch i := i.(type) {
			case Text:
				face := "regular"
				if i.Bold {
					face = "bold"
				}
				fmt.Fprintf(&b, "text %d %d %d %s grey %d angle %d %q\n", i.X, i.Y, i.Size, face, i.Grey, i.Angle, i.Text)
			case Rect:
				fmt.Fprintf(&b, "rect %d %d %d %d grey %d\n", i.X, i.Y, i.W, i.H, i.Grey)
			case Bars:
				fmt.Fprintf(&b, "bars %d %d %d module %d %v %q\n", i.X, i.Y, i.Height, i.Module, i.Widths, i.Content)
			}
		}
	}
	return b.String()
}

// golden compares with testdata/NAME.golden; RELAIS_GOLDEN=1 writes it.
func golden(t *testing.T, name string, d Document) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	have := dump(d)
	if os.Getenv("RELAIS_GOLDEN") == "1" {
		if err := os.WriteFile(file, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: write it with RELAIS_GOLDEN=1", err)
	}
	haves, wants := strings.Split(have, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(haves), len(wants)) {
		h, w := "(end)", "(end)"
		if i < len(haves) {
			h = haves[i]
		}
		if i < len(wants) {
			w = wants[i]
		}
		if h != w {
			t.Fatalf("%s:%d: have %s\nwant %s\n(RELAIS_GOLDEN=1 rewrites it; look at the pages first)", file, i+1, h, w)
		}
	}
}

func laidOut(t *testing.T, d Document, err error) Document {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestGoldenPages(t *testing.T) {
	for _, l := range rx.DocumentLangs {
		t.Run(string(l), func(t *testing.T) {
			for name, d := range everyDocument(t, l) {
				switch base := strings.TrimSuffix(name, "-"+string(l)); {
				case base == "overlay", base == "drawing": // the left half of two on an A4
				case strings.HasPrefix(base, "calibration") && (base != "calibration-overlay" || l != rx.FR):
				default:
					golden(t, name, d)
				}
			}
		})
	}
}

func texts(d Document) (all []string) {
	for _, p := range d.Pages {
		for _, i := range p.Items {
			if t, ok := i.(Text); ok {
				all = append(all, t.Text)
			}
		}
	}
	return all
}

func shown(d Document, text string) bool { return strings.Contains(strings.Join(texts(d), " "), text) }

func TestNoProofWithoutConfirmedRID(t *testing.T) {
	for name, spoil := range map[string]func(*Proof){
		"no RID":        func(p *Proof) { p.Lines[2].RID = "" },
		"half a RID":    func(p *Proof) { p.Lines[2].RID = "BEP1ABC" },
		"not confirmed": func(p *Proof) { p.Lines[2].Confirmed = time.Time{} },
		"one RID twice": func(p *Proof) { p.Lines[2].RID = p.Lines[1].RID },
	} {
		t.Run(name, func(t *testing.T) {
			p := proofOf(order(rx.FR), false)
			spoil(&p)
			d, err := p.Layout()
			var fault *rx.Error
			if !errors.As(err, &fault) || fault.Code != rx.CodeNoProof || fault.Path != "$.lines[2].rid" || len(d.Pages) != 0 {
				t.Errorf("have %v and %d pages, want %s at $.lines[2].rid and none", err, len(d.Pages), rx.CodeNoProof)
			}
		})
	}
	if _, err := (Proof{}).Layout(); err == nil {
		t.Error("a proof of nothing was laid out")
	}
	if _, err := (Paper{}).Layout(); err == nil {
		t.Error("a paper of nothing was laid out")
	}
}

// A product goes out by one door: the paper never bears a RID nor a code, and the
// day stays for the hand.
func TestPaperHasNoRIDAndNoPrintedDate(t *testing.T) {
	rid := regexp.MustCompile(`\bBE[A-Z][A-Z0-9]{9}\b`)
	for _, l := range rx.DocumentLangs {
		d, err := paperOf(order(l), true).Layout()
		for _, text := range texts(laidOut(t, d, err)) {
			if rid.MatchString(text) || strings.Contains(text, "RID") {
				t.Errorf("%s: %q on paper", l, text)
			}
			if strings.Contains(text, "Tiers-payant applicable") {
				t.Errorf("a sheet without third-party payer says %q", text)
			}
			if strings.Contains(text, "22/11/2026") {
				t.Errorf("%s: the day of writing is printed: %q", l, text)
			}
		}
		for _, p := range d.Pages {
			for _, i := range p.Items {
				if b, ok := i.(Bars); ok {
					t.Errorf("%s: bars %q on paper", l, b.Content)
				}
			}
		}
	}
}

// What the law wants on paper, each on every sheet that it concerns.
func TestPaperSaysWhatIsMandatory(t *testing.T) {
	facts := order(rx.FR)
	for i := range facts {
		facts[i].Patient.BirthDate = rx.Date{Year: 2024, Month: 3, Day: 1}
	}
	d, err := paperOf(facts, false).Layout()
	laidOut(t, d, err)
	for n, p := range d.Pages {
		sheet := Document{Pages: []Page{p}}
		for _, want := range []string{"Exemple Anne", "médecin généraliste", "Rue de la Démonstration 1", "5000 Namur", "081 00 00 00", "demo@example.org",
			"1-99999-15-004", "Dupont Marie", "01/03/2024", "(2\u00a0ans)", "ENFANT", "pas de tiers payant", "Cachet", "Date (de la main", "Signature",
			fmt.Sprintf("Feuille %d/%d", n+1, len(d.Pages))} {
			if !shown(sheet, want) {
				t.Errorf("sheet %d does not say %q", n+1, want)
			}
		}
	}
	for _, want := range []string{"PRÉPARATION MAGISTRALE", "1\u00a0gélule 3\u00a0fois par jour pendant 5\u00a0jours", "Quantité : 2 boîtes", "16 gélules", "3\u00a0mois",
		"dose : un virgule cinq", "fois par jour : deux", "jours : dix", "quantité : un", "unités par boîte : trente", "2 fois (deux)", "1\u00a0mois (un)", "21/02/2027", "(quatre)"} {
		if !shown(d, want) {
			t.Errorf("no sheet says %q in %q", want, texts(d))
		}
	}
}

func TestNewbornAndAges(t *testing.T) {
	for born, want := range map[rx.Date]string{
		{Year: 2026, Month: 11, Day: 22}: "(0\u00a0jour) NOUVEAU-NÉ",
		{Year: 2026, Month: 10, Day: 26}: "(27\u00a0jours) NOUVEAU-NÉ",
		{Year: 2026, Month: 10, Day: 25}: "(28\u00a0jours) ENFANT",
		{Year: 2026, Month: 8, Day: 23}:  "(91\u00a0jours) ENFANT",
		{Year: 2026, Month: 8, Day: 22}:  "(3\u00a0mois) ENFANT",
		{Year: 2024, Month: 11, Day: 23}: "(23\u00a0mois) ENFANT",
		{Year: 2024, Month: 11, Day: 22}: "(2\u00a0ans) ENFANT",
		{Year: 2014, Month: 11, Day: 23}: "(11\u00a0ans) ENFANT",
		{Year: 2014, Month: 11, Day: 22}: "(12\u00a0ans)",
	} {
		f := order(rx.FR)[:1]
		f[0].Patient.BirthDate = born
		d, err := paperOf(f, false).Layout()
		all := strings.Join(texts(laidOut(t, d, err)), " ")
		if !strings.Contains(all, want) {
			t.Errorf("born %s: %q not in %q", born, want, all)
		}
		if has := strings.Contains(all, "ENFANT") || strings.Contains(all, "NOUVEAU"); has != strings.Contains(want, " ") {
			t.Errorf("born %s: child or newborn said: %v", born, has)
		}
	}
}

// A narcotic with a dose in free text: the words are for the hand.
func TestFreePosologyOfNarcoticLeavesALine(t *testing.T) {
	f := order(rx.FR)[3:]
	f[0].Content.Posology = rx.Posology{Text: "1 à 2 comprimés si douleur"}
	f[0].PosologyText = "1 à 2 comprimés si douleur"
	d, err := paperOf(f, false).Layout()
	if laidOut(t, d, err); !shown(d, "dose : ____") || !shown(d, "quantité : un") {
		t.Errorf("no empty line in %q", texts(d))
	}
	d, err = proofOf(f, false).Layout()
	if laidOut(t, d, err); shown(d, "____") {
		t.Error("the proof asks for a hand")
	}
}

func TestSheetsAreOfOnePatient(t *testing.T) {
	facts := order(rx.FR)
	facts[1].Patient.FirstName, facts[1].Patient.SSIN = "Louis", "17073003384"
	for name, layout := range map[string]func() (Document, error){"proof": proofOf(facts, false).Layout, "paper": paperOf(facts, false).Layout} {
		d, err := layout()
		if laidOut(t, d, err); len(d.Pages) != 3 {
			t.Fatalf("%s: %d pages, want 3", name, len(d.Pages))
		}
		for i, who := range []string{"Dupont Marie", "Dupont Louis", "Dupont Marie"} {
			sheet := Document{Pages: d.Pages[i : i+1]}
			if !shown(sheet, who) || !shown(sheet, "Feuille 1/1") || shown(sheet, "Dupont Marie") && shown(sheet, "Dupont Louis") {
				t.Errorf("%s: sheet %d is not of %s alone: %q", name, i+1, who, texts(sheet))
			}
		}
	}
}

func TestFourProductsASheet(t *testing.T) {
	facts := order(rx.FR)
	d, err := proofOf(append(facts, facts[0]), false).Layout()
	if laidOut(t, d, err); len(d.Pages) != 2 {
		t.Fatalf("%d pages, want 2", len(d.Pages))
	}
	for n, want := range []int{4, 1} {
		var codes []Bars
		for _, i := range d.Pages[n].Items {
			if b, ok := i.(Bars); ok {
				codes = append(codes, b)
			}
		}
		if len(codes) != want {
			t.Fatalf("page %d: %d codes, want %d", n+1, len(codes), want)
		}
		for i := 1; i < len(codes); i++ { // a scanner's beam over one must not meet the next
			if apart := codes[i].Y - codes[i-1].Y - codes[i-1].Height; apart < 2_000 {
				t.Errorf("codes %d and %d are %d apart", i, i+1, apart)
			}
			if a, b := codes[i-1], codes[i]; a.X < b.X+b.Width() && b.X < a.X+a.Width() {
				t.Errorf("codes %d and %d stand above one another", i, i+1)
			}
		}
	}
}

// A product is parted only when no sheet is long enough for it; a sheet that goes on
// is closed, so that nothing can be written in.
func TestProductsStayWhole(t *testing.T) {
	var facts []rx.Facts
	for i := range 5 {
		f := order(rx.FR)[i%4]
		f.Content.InstructionPatient = strings.Repeat("avec un verre d'eau, ", 20)
		facts = append(facts, f)
	}
	for name, layout := range map[string]func() (Document, error){"proof": proofOf(facts, false).Layout, "paper": paperOf(facts, false).Layout} {
		d, err := layout()
		laidOut(t, d, err)
		if n := len(d.Pages); n < 2 || n > 3 || shown(d, "(suite)") || shown(d, "…") {
			t.Errorf("%s: on %d pages: %q", name, n, texts(d))
		}
		for n, p := range d.Pages {
			sheet, last := Document{Pages: []Page{p}}, n+1 == len(d.Pages)
			if name == "paper" && (shown(sheet, fmt.Sprintf("Suite à la feuille %d.", n+2)) == last || shown(sheet, "Fin de la prescription : 5 produits (cinq)") != last) {
				t.Errorf("sheet %d is not closed: %q", n+1, texts(sheet))
			}
		}
	}
}

func TestNameSaysStrengthAndForm(t *testing.T) {
	for _, c := range []struct{ name, strength, form, want string }{
		{"Amoxicilline Exemple 500 mg gélules", "500 mg", "gélule", "Amoxicilline Exemple 500 mg gélules"},
		{"Amoxicilline Exemple 500mg", "500\u00a0mg", "", "Amoxicilline Exemple 500mg"},
		{"Bisoprolol Exemple", "5 mg", "comprimé", "Bisoprolol Exemple, 5 mg, comprimé"},
		{"Exemple 15 mg", "5 mg", "", "Exemple 15 mg, 5 mg"},
		{"Exemple 2,5 mg", "5 mg", "", "Exemple 2,5 mg, 5 mg"},
		{"Exemple 15 mg/5 mg", "5 mg", "", "Exemple 15 mg/5 mg"},
	} {
		if have := fullName(rx.Product{Name: c.name, Strength: c.strength, Form: c.form}); have != c.want {
			t.Errorf("%+v: have %q", c, have)
		}
	}
}

func TestFootOfAProof(t *testing.T) {
	for _, l := range rx.DocumentLangs {
		p := proofOf(order(l), false)
		d, err := p.Layout()
		if laidOut(t, d, err); shown(d, "Relais") {
			t.Errorf("%s: a line at the foot although none was asked for", l)
		}
		p.Look.Foot, p.Printed, p.Copy = true, issued, 1
		d, err = p.Layout()
		if laidOut(t, d, err); !shown(d, in(l, "imprimé le 22/11/2026 à 09:12", "afgedrukt op 22/11/2026 om 09:12", "gedruckt am 22/11/2026")) || shown(d, in(l, "réimpression", "herdruk", "Nachdruck")) {
			t.Errorf("%s: %q", l, texts(d))
		}
		p.Copy = 3
		if d, _ = p.Layout(); !shown(d, in(l, "réimpression 2", "herdruk 2", "Nachdruck 2")) {
			t.Errorf("%s: %q", l, texts(d))
		}
	}
}

// A batch is the same sheets as one document, parted between patients, in documents of
// one language.
func TestBatch(t *testing.T) {
	p := manyProofs(23)
	for i := range p.Lines {
		if i >= 52 {
			p.Lines[i].Facts.Language = rx.NL
		}
	}
	whole, err := p.Layout()
	laidOut(t, whole, err)
	var pages []Page
	n := 0
	for d, err := range p.Batch(5) {
		laidOut(t, d, err)
		if len(d.Pages) > 5 || d.Title == "" {
			t.Errorf("%d pages, title %q", len(d.Pages), d.Title)
		}
		for _, page := range d.Pages {
			text := strings.Join(texts(Document{Pages: []Page{page}}), " ")
			if strings.Contains(text, "BEWIJS") != (d.Language == rx.NL) {
				t.Errorf("a sheet of another language in a document in %s", d.Language)
			}
		}
		pages = append(pages, d.Pages...)
		n++
	}
	if dump(Document{Pages: pages}) != dump(Document{Pages: whole.Pages}) || n != 5 {
		t.Errorf("%d sheets in %d documents, want %d in 5", len(pages), n, len(whole.Pages))
	}
	for d, err := range p.Batch(5) { // who has enough stops
		laidOut(t, d, err)
		break
	}
	p.Lines[80].RID = ""
	for d, err := range p.Batch(5) {
		if rx.CodeOf(err) != rx.CodeNoProof || len(d.Pages) > 0 {
			t.Fatalf("%d pages, %v", len(d.Pages), err)
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := ParseOptions(nil)
	if err != nil || fmt.Sprint(o) != fmt.Sprint(Options{}) {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = ParseOptions([]byte(`{"form": {"kind": "overlay", "paper": "two-on-a4", "offset_x": -12, "places": [{"field": "patient", "x": 60, "y": 450, "w": 900, "h": 160}]}, "proof": {"foot": true, "module": 40}}`))
	if err != nil || o.Form.Kind != Overlay || o.Form.Paper != TwoOnA4 || o.Form.OffsetX != -12 || len(o.Form.Places) != 1 || !o.Proof.Foot || o.Proof.Module != 40 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []string{`{`, `{"form": {"kind": "a5"}}`, `{"shape": 1}`, `{} {}`, `{"form": {"offset_x": 4000}}`, `{"proof": {"module": 46}}`} {
		if o, err := ParseOptions([]byte(bad)); rx.CodeOf(err) != rx.CodeSettingUnread || o.Form.Kind != "" {
			t.Errorf("%s: %+v, %v", bad, o, err)
		}
	}
	var faults rx.Faults
	if err := (Options{Form: Form{Kind: "a5"}}).Check(); !errors.As(err, &faults) || faults[0].Path != "$.form.kind" {
		t.Errorf("%v", err)
	}
}

// What hangs in the waiting room or goes to the pharmacist is one page.
func TestNoticesAreOnePage(t *testing.T) {
	for _, l := range rx.DocumentLangs {
		for name, layout := range map[string]func() (Document, error){"pharmacist": PharmacistSheet{l, practice}.Layout, "poster": Poster{l, practice}.Layout} {
			d, err := layout()
			if laidOut(t, d, err); len(d.Pages) != 1 {
				t.Errorf("%s in %s: %d pages", name, l, len(d.Pages))
			}
		}
	}
}

func TestDrillReportTellsWhatIsWrong(t *testing.T) {
	good := "Aucune prescription perdue, aucun double."
	r := drillOf(rx.FR, 3)
	if d, err := r.Layout(); !shown(laidOut(t, d, err), good) || !shown(d, "Exercice numéro 17") || !shown(d, "SIMULATION") {
		t.Errorf("%q", texts(d))
	}
	for _, spoil := range []func(*DrillReport){func(r *DrillReport) { r.Lost = 1 }, func(r *DrillReport) { r.Duplicates = 1 }} {
		r := drillOf(rx.FR, 3)
		spoil(&r)
		if d, err := r.Layout(); shown(laidOut(t, d, err), good) {
			t.Error("a drill that went wrong is called good")
		}
	}
}

func TestDayList(t *testing.T) {
	d, err := dayListOf(order(rx.FR)).Layout()
	laidOut(t, d, err)
	for _, want := range []string{"dimanche 22 novembre 2026", "4 prescriptions", "09:12", "09:33", "RID BEP1ABCDEF01", "Prescription papier (remise)", "reste au cabinet"} {
		if !shown(d, want) {
			t.Errorf("%q not in %q", want, texts(d))
		}
	}
	empty := DayList{Day: rx.DateOf(issued), Language: rx.FR, Practice: practice, Printed: issued}
	if d, err := empty.Layout(); len(laidOut(t, d, err).Pages) != 1 || !shown(d, "0 prescription") {
		t.Errorf("an empty day: %q", texts(d))
	}
}

func TestLookOfAProof(t *testing.T) {
	p := proofOf(append(order(rx.FR), order(rx.FR)[0]), false)
	p.Look = ProofLook{Products: 2, Module: 45, Height: 200}
	d, err := p.Layout()
	if laidOut(t, d, err); len(d.Pages) != 3 {
		t.Errorf("%d sheets of two, want 3", len(d.Pages))
	}
	for _, i := range d.Pages[0].Items {
		if b, ok := i.(Bars); ok && (b.Module != 45 || b.Height != 2_000) {
			t.Errorf("modules of %d, %d high", b.Module, b.Height)
		}
	}
	checkPages(t, "proof", d)
	for path, look := range map[string]ProofLook{"$.products": {Products: 5}, "$.module": {Module: 24}, "$.height": {Height: 201}} {
		p.Look = look
		_, err := p.Layout()
		var faults rx.Faults
		if !errors.As(err, &faults) || faults[0].Path != path || faults[0].Code != rx.CodeOutOfRange {
			t.Errorf("%+v: %v", look, err)
		}
	}
}
