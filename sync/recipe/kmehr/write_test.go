package kmehr

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/app/rx"
)

// demo are the facts of testdata/demo-*.xml.
func demo(content rx.Line, product, posology string) rx.Facts {
	content.Begin, content.Expires = rx.Date{Year: 2026, Month: 11, Day: 22}, rx.Date{Year: 2027, Month: 2, Day: 21}
	content.Temporality = "acute"
	return rx.Facts{
		Issued:  time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC),
		KMEHRID: "10012378004.20261122093000123", LocalID: "5b0f6c1e-6b7c-4a2e-9d35-1f6f6f3d8a10", Language: rx.NL,
		Practice: rx.Practice{
			Prescriber: rx.Prescriber{FirstName: "An", LastName: "Voorbeeld", NIHII: "10012378004"},
			Address:    rx.Address{Street: "Teststraat", Number: "1", Zip: "1000", City: "Brussel"},
			Phone:      "+3220000001",
		},
		Patient: rx.Patient{SSIN: "80010100107", FirstName: "Test", LastName: "Patient", BirthDate: rx.Date{Year: 1980, Month: 1, Day: 1}, Sex: rx.Male},
		Product: rx.Product{Name: product}, Content: content, PosologyText: posology, Type: "P1", Medicines: "DEMO0001",
	}
}

var demoSoftware = Software{Name: "demo-software", Version: "1.0.0", Phone: "+3220000000", Email: "support@example.invalid"}

// The writer and whoever wrote the demonstration messages agree on every byte.
func TestWriteDemo(t *testing.T) {
	const daily = "1 tablet per dag"
	yes := true
	week := &rx.Span{Value: 7, Unit: "d"}
	for name, f := range map[string]rx.Facts{
		"cnk": demo(rx.Line{Kind: rx.Package, CNK: "0012345", Quantity: 1, InstructionPatient: "bij de maaltijd", SubstitutionAllowed: &yes},
			"DEMOPRODUCT 500 MG 20 TABL", daily),
		"freename-nocnk": demo(rx.Line{Kind: rx.Free, Quantity: 1}, "Steunkousen klasse 2, 1 paar", "niet van toepassing"),
		"vmpgroup":       demo(rx.Line{Kind: rx.INN, VMPGroup: "0001234", Duration: week}, "demosubstance oraal 500 mg", daily),
		"inncluster":     demo(rx.Line{Kind: rx.INN, INNCluster: "8001234", Duration: week}, "demosubstance oraal 500 mg", daily),
		"magistral": demo(rx.Line{Kind: rx.Magistral, Text: "R/ Demostof 1 g, vaseline ad 50 g, dt. 1", Quantity: 1}, "",
			"2 maal per dag aanbrengen"),
	} {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", "demo-"+name+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Composer{demoSoftware}.Compose(f)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(bytes.TrimSpace(want)), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Each kind of line in each language is sound for both types, and for others than us.
func TestWriteEveryKind(t *testing.T) {
	yes := true
	lines := map[string]rx.Line{
		"package":   {Kind: rx.Package, CNK: "0318717", Quantity: 2, Route: "oral", SubstitutionAllowed: &yes},
		"group":     {Kind: rx.INN, VMPGroup: "0024901", Duration: &rx.Span{Value: 7, Unit: "d"}},
		"cluster":   {Kind: rx.INN, INNCluster: "8001234", Posology: rx.Posology{DurationDays: 7}},
		"magistral": {Kind: rx.Magistral, Text: "R/ Hydrocortisone 1 %\nin cremor <x> & \"y\"", Quantity: 1},
		"formulary": {Kind: rx.Magistral, Formulary: "0512345", Name: "Crème \"froide\"\nà 1 %", Quantity: 1},
		"composed":  {Kind: rx.Magistral, Compounds: []rx.Compound{{Name: "Zinkoxide", Quantity: 2500, Unit: "g"}, {Name: "Talk", Quantity: 1000, Unit: "mg"}}, Quantity: 1},
		"in words":  {Kind: rx.Magistral, Compounds: []rx.Compound{{Name: "Zinkoxide", Quantity: 2500, Unit: "snufje"}}, Quantity: 1},
		"free":      {Kind: rx.Free, Quantity: 1, Name: "Bas"},
		"all": {Kind: rx.Package, CNK: "0318717", Quantity: 99, Duration: &rx.Span{Value: 2, Unit: "wk"}, Posology: rx.Posology{Dose: 500, Unit: "tablet", Every: &rx.Span{Value: 1, Unit: "wk"}},
			Regimen: []rx.RegimenEntry{{Weekday: "monday", DayPeriod: "morning", Quantity: 1500}, {DayNumber: 2, Time: "20:00", Quantity: 2000}},
			Renewal: &rx.Renewal{Times: 3, Interval: rx.Span{Value: 1, Unit: "mo"}}, InstructionReimbursement: "third-party-payer", InstructionPatient: "é < 5"},
	}
	var messages []asked
	for name, l := range lines {
		for _, lang := range rx.Langs {
			f := demo(l, "Naam \"x\" <y>", "1 tablet per dag")
			f.Language = lang
			for _, f.Type = range Types {
				message, err := Composer{demoSoftware}.Compose(f)
				if err != nil {
					t.Fatalf("%s %s %s: %v", name, lang, f.Type, err)
				}
				if again, err := Write(f, demoSoftware); err != nil || !bytes.Equal(message, again) {
					t.Errorf("%s: written twice, not the same: %v", name, err)
				}
				messages = append(messages, asked{f.Type, message})
			}
		}
	}
	if sound := agree(t, messages); sound != len(messages) {
		t.Errorf("%d of %d messages are sound", sound, len(messages))
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts func(*rx.Facts)
		want  string
	}{
		{"before a meal", func(f *rx.Facts) {
			f.Content.Regimen = []rx.RegimenEntry{{DayNumber: 1, DayPeriod: "beforemeal", Quantity: 1000}}
		},
			"$.lines[1].regimen[0].day_period: kmehr-day-period"},
		{"a unit in words", func(f *rx.Facts) {
			f.Content.Posology = rx.Posology{Dose: 1000, UnitText: "snufje"}
			f.Content.Regimen = []rx.RegimenEntry{{DayNumber: 1, DayPeriod: "morning", Quantity: 1000}}
		}, "$.lines[1].posology.unit_text: kmehr-scheme-unit"},
		{"a control character", func(f *rx.Facts) { f.PosologyText = "a\x01" }, "unshowable"},
		{"no UTF-8", func(f *rx.Facts) { f.Product.Name = "a\xff" }, "unshowable"},
		{"a phone of one figure", func(f *rx.Facts) { f.Practice.Phone = "0" },
			"/kmehrmessage/folder/transaction/author/hcparty/telecom/telecomnumber: kmehr-author-contact"},
		{"no e-mail", func(f *rx.Facts) { f.Practice.Email = "" }, ""},
		{"no national number", func(f *rx.Facts) { f.Patient.SSIN = "" }, "/kmehrmessage/folder/patient/id: kmehr-patient-id"},
		{"no posology", func(f *rx.Facts) { f.PosologyText = "" }, "/kmehrmessage/folder/transaction/heading/item/posology/text: kmehr-posology"},
		{"no product", func(f *rx.Facts) { f.Product.Name = "" },
			"/kmehrmessage/folder/transaction/heading/item/content/medicinalproduct/intendedname: kmehr-product"},
		{"a quantity of an INN", func(f *rx.Facts) { f.Content.Kind, f.Content.VMPGroup = rx.INN, "0024901" },
			"/kmehrmessage/folder/transaction/heading/item/content/substanceproduct/intendedcd: kmehr-quantity-of-inn"},
		{"no type", func(f *rx.Facts) { f.Type = "P2" }, "type: not-in-list"},
	} {
		f := demo(rx.Line{Kind: rx.Package, CNK: "0318717", Quantity: 2}, "Naam", "1 tablet per dag")
		f.Line, f.Practice.Email = 1, "demo@example.org"
		c.facts(&f)
		_, err := Composer{Software{Name: "Relais", Version: "1"}}.Compose(f)
		if got := strings.TrimPrefix(fmt.Sprint(err), "<nil>"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A thousand random prescriptions: written, sound for us and for others, read back.
func TestRoundTrip(t *testing.T) {
	n := 200
	if os.Getenv("RELAIS_SOAK") != "" {
		n = 1000
	}
	var messages []asked
	for seed := range n {
		f := randomFacts.Example(seed)
		message, err := Composer{testSoftware}.Compose(f)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, message)
		}
		got, err := Read(message)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(carried(f), got); diff != "" {
			t.Fatalf("seed %d: read back -want +got:\n%s\n%s", seed, diff, message)
		}
		messages = append(messages, asked{f.Type, message})
	}
	if sound := agree(t, messages); sound != n {
		t.Errorf("%d of %d messages are sound", sound, n)
	}
}
