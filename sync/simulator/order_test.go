package simulator_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relais/app/rx"
	"relais/sync/recipe/kmehr"
	"relais/sync/recipe/wire"
)

// Random prescriptions of every kind, in four languages: written, valid, sealed, sent, opened by the pharmacist, and what is
// read there is what was prescribed.
func TestOrdersReachThePharmacist(t *testing.T) {
	if os.Getenv("RELAIS_SOAK") != "" {
		if err := flag.Set("rapid.checks", "1000"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set("rapid.checks", "100") }()
	}
	b := newBench(t, pki())
	word := rapid.Map(rapid.SliceOfN(rapid.RuneFrom([]rune("abéçïßœZ09 .,;'\"<>&/+-%µ→")), 1, 30), func(r []rune) string { return "x" + string(r) + "x" })
	rapid.Check(t, func(rt *rapid.T) {
		day := rx.DateOf(b.clock.Now())
		f := rx.Facts{
			Version: rx.FactsVersion, Prescription: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a12", Order: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11",
			Issued: b.clock.Now(), KMEHRID: "19999915004.20261123094000001", LocalID: rx.LocalIDOf("order", rapid.IntRange(0, 1<<30).Draw(rt, "local")),
			Language: rapid.SampledFrom(rx.Langs).Draw(rt, "language"),
			Practice: rx.Practice{
				Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
				Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"}, Phone: "081 00 00 00", Email: "demo@example.org", RegionLanguage: rx.FR,
			},
			Patient: rx.Patient{SSIN: marie, FirstName: word.Draw(rt, "first name"), LastName: word.Draw(rt, "last name"), BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rx.Female, Language: rx.FR},
			Product: rx.Product{Name: word.Draw(rt, "product")}, PosologyText: word.Draw(rt, "posology"), Type: rapid.SampledFrom([]string{"P0", "P1"}).Draw(rt, "type"), Medicines: "demo 2026-11",
			Content: rx.Line{
				Kind: rapid.SampledFrom(rx.Kinds).Draw(rt, "kind"), Begin: day, Expires: day.AddDays(rapid.IntRange(0, 364).Draw(rt, "days")), Posology: rx.Posology{Text: "…"},
				Visibility: rapid.SampledFrom(rx.Visibilities).Draw(rt, "visibility"), Feedback: rapid.Bool().Draw(rt, "feedback"), InstructionPatient: word.Draw(rt, "instruction"),
			},
		}
		l := &f.Content
		switch l.Kind {
		case rx.Package:
			l.CNK, l.Quantity = "0318717", rapid.IntRange(1, 99).Draw(rt, "quantity")
		case rx.INN:
			l.VMPGroup, l.Duration = "0024901", &rx.Span{Value: 7, Unit: "d"}
		case rx.Magistral:
			l.Text, l.Quantity = word.Draw(rt, "preparation"), 1
		default:
			l.Name, l.Quantity = f.Product.Name, 1
		}
		message, err := kmehr.Composer{Software: kmehr.Software{Name: "Relais", Version: "1"}}.Compose(f)
		if err != nil {
			rt.Fatal(err)
		}
		o, p := b.creation(message)
		p.PrescriptionType, o.info.PrescriptionType, p.ExpirationDate, p.FeedbackRequested = f.Type, f.Type, l.Expires.String(), l.Feedback
		if l.Visibility == rx.Locked {
			p.Vision = wire.Locked
		}
		var result wire.CreateResult
		if _, err := b.send(o, &result); err != nil || !result.Status.Good() {
			rt.Fatalf("%v, status %s", err, result.Status.Code)
		}
		d, err := b.sim.Dispense(rx.RID(result.RID))
		if err != nil || !d.Valid || d.Type != f.Type || d.Expires != l.Expires || d.Visibility != l.Visibility {
			rt.Fatalf("%v, valid %t, %v", err, d.Valid, d.Errors)
		}
		r, err := kmehr.Read([]byte(d.Message))
		if err != nil || len(r.Items) != 1 {
			rt.Fatalf("%v, %d items", err, len(r.Items))
		}
		item := r.Items[0]
		same := func(what, got, want string) {
			if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
				rt.Errorf("%s of a %s differs", what, l.Kind)
			}
		}
		same("patient", r.Patient.SSIN+r.Patient.FirstName+" "+r.Patient.LastName, string(f.Patient.SSIN)+f.Patient.FirstName+" "+f.Patient.LastName)
		same("kind", string(item.Kind), string(l.Kind))
		same("posology", item.Posology, f.PosologyText)
		same("instruction", item.InstructionPatient, l.InstructionPatient)
		if l.Kind == rx.Magistral {
			same("preparation", item.Text, l.Text)
		} else {
			same("product", item.Name, f.Product.Name)
		}
		record, err := b.world.Record(d.RID, b.clock.Now())
		if err != nil || record.Local != f.LocalID || record.Feedback != l.Feedback {
			rt.Errorf("the ground truth differs: %v", err)
		}
	})
}
