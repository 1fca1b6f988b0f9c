package rx

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var today = Date{2026, 11, 22}

// amoxicillin is the package of the tests, group its INN entry. Both are invented.
var (
	amoxicillin = Medicine{CNK: "0318717", VMPGroup: "0024901", PackSize: 16, Unit: "capsule", Category: "C",
		Name: Words{FR: "Amoxicilline Exemple 500 mg gélules", NL: "Amoxicilline Voorbeeld 500 mg capsules"}}
	group = Medicine{VMPGroup: "0024901", Unit: "capsule", Category: "C", Name: Words{FR: "amoxicilline 500 mg oral"}}
)

func findDemo(l Line) (Medicine, bool) {
	switch {
	case l.CNK == amoxicillin.CNK:
		return amoxicillin, true
	case l.VMPGroup == group.VMPGroup:
		return group, true
	}
	return Medicine{}, false
}

// sound is a request with a line of each kind, the first with everything said.
func sound() Request {
	return Request{
		ID: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11",
		Patient: Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont", BirthDate: Date{1985, 7, 30},
			Sex: Female, Language: FR, Phone: "081 00 00 00"},
		Lines: []Line{
			{Kind: Package, CNK: "0318717", Name: "amoxicilline  exemple 500 MG gelules", Quantity: 2,
				Posology: Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5},
				Begin:    Date{2026, 11, 22}, Expires: Date{2027, 2, 21}, Reimbursed: true,
				InstructionReimbursement: "third-party-payer", InstructionPatient: "Au repas.\nBoire.", Visibility: Locked, Feedback: true,
				Regimen: []RegimenEntry{{DayNumber: 1, Time: "08:00", Quantity: 500}, {Weekday: "monday", DayPeriod: "evening", Quantity: 1000}},
				Renewal: &Renewal{Times: 2, Interval: Span{3, "wk"}}, Route: "oral", Temporality: "acute"},
			{Kind: INN, VMPGroup: "0024901", Duration: &Span{7, "d"}, Posology: Posology{Text: "1 gélule 3 fois par jour"}},
			{Kind: Magistral, Text: "R/ Hydrocortisone 1 % ad 30 g", Quantity: 1, Posology: Posology{Text: "2 fois par jour"}},
			{Kind: Free, Name: "Produit Inventé", Quantity: 1, Posology: Posology{Text: "le soir"}},
			{Kind: Magistral, Formulary: "0512345", Name: "Crème inventée", Quantity: 1, Posology: Posology{Text: "le soir"}},
			{Kind: Magistral, Compounds: []Compound{{Name: "Inventol", Quantity: 1500, Unit: "g"}}, Quantity: 1,
				Posology: Posology{Dose: 500, UnitText: "noisette", Every: &Span{1, "wk"}}},
		},
	}
}

func TestCheckSound(t *testing.T) {
	got, faults, warnings := Check(sound(), findDemo, CheckOptions{Today: today})
	if len(faults) > 0 || len(warnings) > 0 {
		t.Fatalf("faults %v, warnings %v", faults, warnings)
	}
	if got.Proof != ProofAuto || got.Lines[0].Visibility != Locked || !got.Lines[0].Reimbursed {
		t.Errorf("what was said has changed")
	}
	if l := got.Lines[1]; l.Begin != today || l.Expires != (Date{2027, 2, 21}) || l.Visibility != Open || l.Medicine.VMPGroup != "0024901" {
		t.Errorf("defaults: begin %v, expires %v, visibility %v", l.Begin, l.Expires, l.Visibility)
	}
	if c := got.Lines[0].Coverage; c == nil || *c != (Coverage{Units: 32, Days: 10, Needed: 5, Packs: 1}) {
		t.Errorf("coverage %+v", c)
	}
	if got.Lines[1].Coverage != nil {
		t.Errorf("a coverage from free text: %+v", *got.Lines[1].Coverage)
	}
}

// Each case breaks one thing and names the fault that must be found, alone.
func TestCheckFaults(t *testing.T) {
	line := func(i int, change func(*Line)) func(*Request, *CheckOptions) {
		return func(r *Request, _ *CheckOptions) { change(&r.Lines[i]) }
	}
	patient := func(change func(*Patient)) func(*Request, *CheckOptions) {
		return func(r *Request, _ *CheckOptions) { change(&r.Patient) }
	}
	for _, c := range []struct {
		name   string
		change func(*Request, *CheckOptions)
		want   string // "path: code", several by "; "
	}{
		{"no id", func(r *Request, _ *CheckOptions) { r.ID = "" }, "$.id: missing"},
		{"id", func(r *Request, _ *CheckOptions) { r.ID = "x" }, "$.id: id-form"},
		{"no line", func(r *Request, _ *CheckOptions) { r.Lines = nil }, "$.lines: line-count"},
		{"eleven lines", func(r *Request, _ *CheckOptions) { r.Lines = slices.Repeat(r.Lines[3:4], 11) }, "$.lines: line-count"},
		{"proof", func(r *Request, _ *CheckOptions) { r.Proof = "pdf" }, "$.proof: not-in-list"},

		{"ssin check digits", patient(func(p *Patient) { p.SSIN = "85073003428" }), "$.patient.ssin: ssin-check"},
		{"ssin with dots", patient(func(p *Patient) { p.SSIN = "85.07.30-034.27" }), "$.patient.ssin: not-compact"},
		{"no ssin, no reason", patient(func(p *Patient) { p.SSIN = "" }), "$.patient: exactly-one"},
		{"ssin and a reason", patient(func(p *Patient) { p.NoSSIN = Newborn }), "$.patient: exactly-one"},
		{"no ssin without paper", patient(func(p *Patient) { p.SSIN, p.NoSSIN = "", Newborn }), "$.patient.no_ssin: paper-only"},
		{"reason of no ssin", patient(func(p *Patient) { p.SSIN, p.NoSSIN = "", "lost" }), "$.patient.no_ssin: not-in-list; $.patient.no_ssin: paper-only"},
		{"first name", patient(func(p *Patient) { p.FirstName = "" }), "$.patient.first_name: missing"},
		{"blank name", patient(func(p *Patient) { p.LastName = "\u00a0 " }), "$.patient.last_name: missing"},
		{"name without letter", patient(func(p *Patient) { p.LastName = "-1" }), "$.patient.last_name: missing"},
		{"name of 61", patient(func(p *Patient) { p.LastName = strings.Repeat("é", 61) }), "$.patient.last_name: too-long"},
		{"control character", patient(func(p *Patient) { p.LastName = "Du\x07pont" }), "$.patient.last_name: unshowable"},
		{"direction mark", patient(func(p *Patient) { p.LastName = "Du\u202epont" }), "$.patient.last_name: unshowable"},
		{"private use", patient(func(p *Patient) { p.LastName = "Du\ue000pont" }), "$.patient.last_name: unshowable"},
		{"lost character", patient(func(p *Patient) { p.LastName = "Du\ufffdpont" }), "$.patient.last_name: unshowable"},
		{"no UTF-8", patient(func(p *Patient) { p.LastName = "Du\xffpont" }), "$.patient.last_name: unshowable"},
		{"beyond the plane", patient(func(p *Patient) { p.LastName = "Dupont😀" }), "$.patient.last_name: unshowable"},
		{"font", func(r *Request, o *CheckOptions) {
			o.Shows = func(r rune) bool { return r < 0x2000 }
			r.Patient.LastName = "Dupont東"
		}, "$.patient.last_name: unshowable"},
		{"no birth date", patient(func(p *Patient) { p.BirthDate = Date{} }), "$.patient.birth_date: missing"},
		{"29 February", patient(func(p *Patient) { p.BirthDate = Date{1985, 2, 29} }), "$.patient.birth_date: date-form"},
		{"born tomorrow", patient(func(p *Patient) { p.BirthDate = today.AddDays(1) }), "$.patient.birth_date: birth-date-range"},
		{"131 years", patient(func(p *Patient) { p.BirthDate = today.AddMonths(-12 * 131) }), "$.patient.birth_date: birth-date-range"},
		{"no sex", patient(func(p *Patient) { p.Sex = "" }), "$.patient.sex: missing"},
		{"sex", patient(func(p *Patient) { p.Sex = "f" }), "$.patient.sex: not-in-list"},
		{"language", patient(func(p *Patient) { p.Language = EN }), "$.patient.language: not-in-list"},

		{"no kind", line(0, func(l *Line) { l.Kind = "" }), "$.lines[0].kind: missing"},
		{"kind", line(0, func(l *Line) { l.Kind = "box" }), "$.lines[0].kind: not-in-list"},
		{"no cnk", line(0, func(l *Line) { l.CNK = "" }), "$.lines[0].cnk: missing"},
		{"cnk check digit", line(0, func(l *Line) { l.CNK = "0318718" }), "$.lines[0].cnk: cnk-check"},
		{"unknown cnk", line(0, func(l *Line) { l.CNK = "0029025" }), "$.lines[0].cnk: unknown-product"},
		{"name differs", line(0, func(l *Line) { l.Name = "Amoxicilline Exemple 250 mg gélules" }), "$.lines[0].name: name-differs"},
		{"text on a package", line(0, func(l *Line) { l.Text = "R/" }), "$.lines[0].text: not-of-kind"},
		{"no group", line(1, func(l *Line) { l.VMPGroup = "" }), "$.lines[1]: exactly-one"},
		{"group and cluster", line(1, func(l *Line) { l.INNCluster = "8000001" }), "$.lines[1]: exactly-one"},
		{"group form", line(1, func(l *Line) { l.VMPGroup = "24901" }), "$.lines[1].vmp_group: product-code-form"},
		{"cluster form", line(1, func(l *Line) { l.VMPGroup, l.INNCluster = "", "1000001" }), "$.lines[1].inn_cluster: product-code-form"},
		{"unknown cluster", line(1, func(l *Line) { l.VMPGroup, l.INNCluster = "", "8000001" }), "$.lines[1].inn_cluster: unknown-product"},
		{"quantity on INN", line(1, func(l *Line) { l.Quantity = 1 }), "$.lines[1].quantity: quantity-on-inn"},
		{"INN without duration", line(1, func(l *Line) { l.Duration = nil }), "$.lines[1].duration: missing"},
		{"duration unit", line(1, func(l *Line) { l.Duration.Unit = "day" }), "$.lines[1].duration.unit: not-in-list"},
		{"duration 0", line(1, func(l *Line) { l.Duration.Value = 0 }), "$.lines[1].duration.value: out-of-range"},
		{"duration of two years", line(1, func(l *Line) { *l.Duration = Span{2, "a"} }), "$.lines[1].duration.value: out-of-range"},
		{"magistral of nothing", line(2, func(l *Line) { l.Text = "" }), "$.lines[2]: exactly-one"},
		{"magistral of two", line(2, func(l *Line) { l.Formulary = "0512345" }), "$.lines[2]: exactly-one"},
		{"magistral text", line(2, func(l *Line) { l.Text = strings.Repeat("x", 2001) }), "$.lines[2].text: too-long"},
		{"magistral with name", line(2, func(l *Line) { l.Name = "Crème" }), "$.lines[2].name: not-of-kind"},
		{"formulary form", line(4, func(l *Line) { l.Formulary = "0612345" }), "$.lines[4].formulary: product-code-form"},
		{"formulary without name", line(4, func(l *Line) { l.Name = "" }), "$.lines[4].name: missing"},
		{"compound name", line(5, func(l *Line) { l.Compounds[0].Name = "" }), "$.lines[5].compounds[0].name: missing"},
		{"compound quantity", line(5, func(l *Line) { l.Compounds[0].Quantity = 0 }), "$.lines[5].compounds[0].quantity: missing"},
		{"compound unit", line(5, func(l *Line) { l.Compounds[0].Unit = "" }), "$.lines[5].compounds[0].unit: missing"},
		{"21 compounds", line(5, func(l *Line) { l.Compounds = slices.Repeat(l.Compounds, 21) }), "$.lines[5].compounds: too-many"},
		{"free without name", line(3, func(l *Line) { l.Name = "" }), "$.lines[3].name: missing"},
		{"free with cnk", line(3, func(l *Line) { l.CNK = "0318717" }), "$.lines[3].cnk: not-of-kind"},
		{"no quantity", line(3, func(l *Line) { l.Quantity = 0 }), "$.lines[3].quantity: missing"},
		{"quantity below", line(3, func(l *Line) { l.Quantity = -1 }), "$.lines[3].quantity: out-of-range"},
		{"quantity above", line(3, func(l *Line) { l.Quantity = 100 }), "$.lines[3].quantity: out-of-range"},

		{"no posology", line(3, func(l *Line) { l.Posology = Posology{} }), "$.lines[3].posology: missing"},
		{"blank posology", line(3, func(l *Line) { l.Posology.Text = " " }), "$.lines[3].posology.text: missing"},
		{"two posologies", line(0, func(l *Line) { l.Posology.Text = "le soir" }), "$.lines[0].posology: exactly-one"},
		{"no dose", line(0, func(l *Line) { l.Posology.Dose = 0 }), "$.lines[0].posology.dose: missing"},
		{"dose below", line(0, func(l *Line) { l.Posology.Dose = -1 }), "$.lines[0].posology.dose: decimal-form"},
		{"no unit", line(0, func(l *Line) { l.Posology.Unit = "" }), "$.lines[0].posology: exactly-one"},
		{"two units", line(0, func(l *Line) { l.Posology.UnitText = "x" }), "$.lines[0].posology: exactly-one"},
		{"unit", line(0, func(l *Line) { l.Posology.Unit = "pill" }), "$.lines[0].posology.unit: not-in-list"},
		{"no frequency", line(0, func(l *Line) { l.Posology.TimesPerDay = 0 }), "$.lines[0].posology: exactly-one"},
		{"two frequencies", line(0, func(l *Line) { l.Posology.Every = &Span{1, "d"}; l.Posology.AsNeeded = true }), "$.lines[0].posology: exactly-one"},
		{"frequency", line(0, func(l *Line) { l.Posology.TimesPerDay = 25 }), "$.lines[0].posology.times_per_day: out-of-range"},
		{"every", line(5, func(l *Line) { l.Posology.Every = &Span{0, "wk"} }), "$.lines[5].posology.every.value: out-of-range"},
		{"days", line(0, func(l *Line) { l.Posology.DurationDays = 367 }), "$.lines[0].posology.duration_days: out-of-range"},

		{"begin yesterday", line(0, func(l *Line) { l.Begin = today.AddDays(-1) }), "$.lines[0].begin: before-today"},
		{"begin 29 February", line(0, func(l *Line) { l.Begin = Date{2027, 2, 29} }), "$.lines[0].begin: date-form"},
		{"begin in a year", line(1, func(l *Line) { l.Begin = today.AddDays(365) }), "$.lines[1].begin: too-late"},
		{"expires yesterday", line(0, func(l *Line) { l.Expires = today.AddDays(-1) }), "$.lines[0].expires: before-today"},
		{"expires before begin", line(0, func(l *Line) { l.Begin, l.Expires = today.AddDays(9), today.AddDays(8) }), "$.lines[0].expires: before-begin"},
		{"expires in a year", line(0, func(l *Line) { l.Expires = today.AddDays(365) }), "$.lines[0].expires: too-late"},
		{"expires 31 June", line(0, func(l *Line) { l.Expires = Date{2027, 6, 31} }), "$.lines[0].expires: date-form"},
		{"written tomorrow", func(r *Request, o *CheckOptions) { o.Written = today.AddDays(1); r.Lines = r.Lines[1:2] }, "written-date"},
		{"written long ago", func(r *Request, o *CheckOptions) { o.Written = today.AddDays(-365); r.Lines = r.Lines[1:2] }, "written-date"},

		{"instruction", line(0, func(l *Line) { l.InstructionReimbursement = "tiers payant" }), "$.lines[0].instruction_reimbursement: not-in-list"},
		{"instruction to the patient", line(0, func(l *Line) { l.InstructionPatient = strings.Repeat("x", 501) }), "$.lines[0].instruction_patient: too-long"},
		{"visibility", line(0, func(l *Line) { l.Visibility = "closed" }), "$.lines[0].visibility: not-in-list"},
		{"route", line(0, func(l *Line) { l.Route = "mouth" }), "$.lines[0].route: not-in-list"},
		{"temporality", line(0, func(l *Line) { l.Temporality = "always" }), "$.lines[0].temporality: not-in-list"},
		{"renewal", line(0, func(l *Line) { l.Renewal.Times = 0 }), "$.lines[0].renewal.times: out-of-range"},
		{"renewal interval", line(0, func(l *Line) { l.Renewal.Interval.Unit = "" }), "$.lines[0].renewal.interval.unit: missing"},
		{"regimen day twice", line(0, func(l *Line) { l.Regimen[0].Weekday = "monday" }), "$.lines[0].regimen[0]: exactly-one"},
		{"regimen without time", line(0, func(l *Line) { l.Regimen[0].Time = "" }), "$.lines[0].regimen[0]: exactly-one"},
		{"regimen time", line(0, func(l *Line) { l.Regimen[0].Time = "8:00" }), "$.lines[0].regimen[0].time: time-form"},
		{"regimen 24:00", line(0, func(l *Line) { l.Regimen[0].Time = "24:00" }), "$.lines[0].regimen[0].time: time-form"},
		{"regimen day number", line(0, func(l *Line) { l.Regimen[0].DayNumber = -1 }), "$.lines[0].regimen[0].day_number: out-of-range"},
		{"regimen weekday", line(0, func(l *Line) { l.Regimen[1].Weekday = "lundi" }), "$.lines[0].regimen[1].weekday: not-in-list"},
		{"regimen period", line(0, func(l *Line) { l.Regimen[1].DayPeriod = "tea" }), "$.lines[0].regimen[1].day_period: not-in-list"},
		{"regimen quantity", line(0, func(l *Line) { l.Regimen[1].Quantity = 0 }), "$.lines[0].regimen[1].quantity: missing"},
		{"regimen date", line(0, func(l *Line) { l.Regimen[0].DayNumber, l.Regimen[0].Date = 0, today.AddDays(-1) }), "$.lines[0].regimen[0].date: before-today"},
		{"51 moments", line(0, func(l *Line) { l.Regimen = slices.Repeat(l.Regimen[:1], 51) }), "$.lines[0].regimen: too-many"},

		{"all at once", func(r *Request, _ *CheckOptions) {
			r.ID, r.Patient.Sex, r.Lines[1].Quantity, r.Lines[3].Name = "", "", 1, ""
		},
			"$.id: missing; $.patient.sex: missing; $.lines[1].quantity: quantity-on-inn; $.lines[3].name: missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, o := sound(), CheckOptions{Today: today}
			c.change(&r, &o)
			_, faults, _ := Check(r, findDemo, o)
			if got := faults.Error(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestCheckAllows(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Request, *CheckOptions)
		want   func(Checked) bool
	}{
		{"no ssin on paper", func(r *Request, o *CheckOptions) { r.Patient.SSIN, r.Patient.NoSSIN, o.Paper = "", Newborn, true },
			func(c Checked) bool { return c.Patient.NoSSIN == Newborn }},
		{"no ssin by hand", func(r *Request, o *CheckOptions) { r.Patient.SSIN, r.Patient.NoSSIN, o.Written = "", Newborn, today },
			func(c Checked) bool { return c.Patient.NoSSIN == Newborn }},
		{"born today", func(r *Request, _ *CheckOptions) { r.Patient.SSIN, r.Patient.BirthDate = "01490700185", today },
			func(c Checked) bool { return c.Patient.BirthDate == today }},
		{"unknown code as free text", func(r *Request, o *CheckOptions) { r.Lines[0].CNK, o.AsFreeText = "0029025", true },
			func(c Checked) bool { l := c.Lines[0]; return l.Kind == Free && l.CNK == "" && l.Name != "" }},
		{"known code with free text allowed", func(_ *Request, o *CheckOptions) { o.AsFreeText = true },
			func(c Checked) bool { return c.Lines[0].Kind == Package && c.Lines[0].CNK == "0318717" }},
		{"begin later, default clipped", func(r *Request, _ *CheckOptions) { r.Lines[1].Begin = today.AddDays(360) },
			func(c Checked) bool { return c.Lines[1].Expires == today.AddDays(364) }},
		{"last day of all", func(r *Request, _ *CheckOptions) { r.Lines[0].Expires = today.AddDays(364) },
			func(c Checked) bool { return c.Lines[0].Expires == Date{2027, 11, 21} }},
		{"expires the day that it begins", func(r *Request, _ *CheckOptions) { r.Lines[0].Expires = today },
			func(c Checked) bool { return c.Lines[0].Expires == today }},
		{"by hand last week", func(r *Request, o *CheckOptions) {
			o.Written, r.Lines[0].Begin = today.AddDays(-7), today.AddDays(-6)
		}, func(c Checked) bool {
			return c.Lines[1].Begin == today.AddDays(-7) && c.Lines[1].Expires == Date{2027, 2, 14}
		}},
		{"as needed without frequency", func(r *Request, _ *CheckOptions) {
			r.Lines[0].Posology.TimesPerDay, r.Lines[0].Posology.AsNeeded = 0, true
		}, func(c Checked) bool { return c.Lines[0].Coverage == nil }},
		{"name in the other language", func(r *Request, _ *CheckOptions) { r.Lines[0].Name = "AMOXICILLINE VOORBEELD 500\u00a0MG CAPSULES" },
			func(c Checked) bool { return c.Lines[0].Medicine.CNK == "0318717" }},
		{"name with accents apart", func(r *Request, _ *CheckOptions) { r.Lines[0].Name = "Amoxicilline Exemple 500 mg ge\u0301lules" },
			func(c Checked) bool { return c.Lines[0].Medicine.CNK == "0318717" }},
		{"ten lines", func(r *Request, _ *CheckOptions) { r.Lines = slices.Repeat(r.Lines[3:4], 10) },
			func(c Checked) bool { return len(c.Lines) == 10 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, o := sound(), CheckOptions{Today: today}
			c.change(&r, &o)
			got, faults, _ := Check(r, findDemo, o)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			if !c.want(got) {
				t.Error("not as wanted")
			}
		})
	}
}

func TestCheckWarnings(t *testing.T) {
	for _, c := range []struct {
		change func(*Request)
		want   string
	}{
		{func(r *Request) { r.Patient.BirthDate.Day = 29 }, "$.patient.birth_date: ssin-birth-date"},
		{func(r *Request) { r.Patient.Sex = Male }, "$.patient.sex: ssin-sex"},
		{func(r *Request) { r.Patient.Sex = Changed }, ""},
		{func(r *Request) { r.Patient.SSIN = "17073003384"; r.Patient.BirthDate.Year = 1917 }, "$.patient.birth_date: ssin-birth-date; $.patient.sex: ssin-sex"},
		{func(r *Request) { r.Lines[0].Posology.Unit = "tablet" }, "$.lines[0].posology.unit: dose-unit"},
		{func(r *Request) { r.Lines[0].Quantity, r.Lines[0].Posology.DurationDays = 1, 7 }, "$.lines[0].quantity: packs-too-few"},
		{func(r *Request) { r.Lines[0].Duration = &Span{1, "wk"} }, "$.lines[0].duration: durations-differ"},
		{func(r *Request) { r.Lines[0].Duration = &Span{5, "d"} }, ""},
	} {
		r := sound()
		c.change(&r)
		_, faults, warnings := Check(r, findDemo, CheckOptions{Today: today})
		if len(faults) > 0 || warnings.Error() != c.want {
			t.Errorf("warnings %q, want %q; faults %v", warnings.Error(), c.want, faults)
		}
	}
}

func soundPractice() Practice {
	return Practice{
		Prescriber: Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
		Address:    Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"},
		Phone:      "081 00 00 00", Email: "demo@example.org", RegionLanguage: FR,
	}
}

func TestCheckPractice(t *testing.T) {
	for _, c := range []struct {
		change func(*Practice)
		want   string
	}{
		{func(*Practice) {}, ""},
		{func(p *Practice) { p.Prescriber.FirstName = "" }, "$.prescriber.first_name: missing"},
		{func(p *Practice) { p.Prescriber.LastName = " " }, "$.prescriber.last_name: missing"},
		{func(p *Practice) { p.Prescriber.NIHII = "19999916004" }, "$.prescriber.nihii: nihii-check"},
		{func(p *Practice) { p.Prescriber.NIHII = "" }, "$.prescriber.nihii: missing"},
		{func(p *Practice) { p.Prescriber.SSIN = "79021802146" }, "$.prescriber.ssin: ssin-check"},
		{func(p *Practice) { p.Prescriber.Qualification = "" }, "$.prescriber.qualification: missing"},
		{func(p *Practice) { p.Address.Street = "" }, "$.address.street: missing"},
		{func(p *Practice) { p.Address.Number = "" }, "$.address.number: missing"},
		{func(p *Practice) { p.Address.Zip = "B-5000" }, "$.address.zip: zip-form"},
		{func(p *Practice) { p.Address.City = "" }, "$.address.city: missing"},
		{func(p *Practice) { p.Phone = "" }, "$.phone: missing"},
		{func(p *Practice) { p.Phone = "par courriel" }, "$.phone: phone-form"},
		{func(p *Practice) { p.Email = "demo" }, "$.email: email-form"},
		{func(p *Practice) { p.Email = "@example.org" }, "$.email: email-form"},
		{func(p *Practice) { p.RegionLanguage = "" }, "$.region_language: missing"},
		{func(p *Practice) { p.RegionLanguage = EN }, "$.region_language: not-in-list"},
	} {
		p := soundPractice()
		c.change(&p)
		if got := CheckPractice(p, CheckOptions{Today: today}).Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// A patient of an imported list: without national number is no fault there.
func TestCheckPatient(t *testing.T) {
	p := sound().Patient
	p.SSIN, p.NoSSIN, p.Sex = "", Foreign, "m"
	if faults, warnings := CheckPatient("$[3]", p, CheckOptions{Today: today}); faults.Error() != "$[3].sex: not-in-list" || len(warnings) > 0 {
		t.Errorf("%v, %v", faults, warnings)
	}
	p.SSIN, p.NoSSIN, p.Sex = "85073003328", "", Female
	if faults, warnings := CheckPatient("$", p, CheckOptions{Today: today}); len(faults) > 0 || warnings.Error() != "$.sex: ssin-sex" {
		t.Errorf("%v, %v", faults, warnings)
	}
}

// No fault and no warning holds anything of what was given.
func TestCheckTellsNothing(t *testing.T) {
	const marker = "Zqxjk"
	r := sound()
	for i := range r.Lines {
		l := &r.Lines[i]
		l.Name, l.Text, l.Formulary, l.VMPGroup, l.CNK, l.Route = marker, marker+"\x01", marker, marker, marker, marker
		l.Posology.Unit, l.Posology.UnitText, l.InstructionPatient, l.Visibility = marker, marker, marker+"\x01", marker
	}
	r.ID, r.Proof = marker, marker
	r.Patient = Patient{SSIN: marker, NoSSIN: marker, FirstName: marker + "\x01", LastName: marker, Sex: marker, Language: marker}
	_, faults, warnings := Check(r, findDemo, CheckOptions{Today: today})
	if len(faults) < 20 {
		t.Fatalf("only %d faults", len(faults))
	}
	for _, e := range append(faults, warnings...) {
		if strings.Contains(e.Error(), marker) {
			t.Errorf("%v", e)
		}
		for name, arg := range e.Args {
			if strings.Contains(arg, marker) {
				t.Errorf("%s: argument %s", e.Code, name)
			}
		}
	}
}

// What Check completes is sound as well, and completing it again changes nothing.
func TestCheckCompletesOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := sound()
		day := today.AddDays(rapid.IntRange(0, 2000).Draw(t, "today"))
		for i := range r.Lines {
			r.Lines[i].Begin, r.Lines[i].Expires = Date{}, Date{}
			if rapid.Bool().Draw(t, "begins") {
				r.Lines[i].Begin = day.AddDays(rapid.IntRange(0, 364).Draw(t, "begin"))
			}
		}
		first, faults, _ := Check(r, findDemo, CheckOptions{Today: day})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		for i, l := range first.Lines {
			if l.Begin.Before(day) || l.Expires.Before(l.Begin) || l.Expires.After(LatestExpiry(day)) {
				t.Fatalf("on %v: from %v to %v", day, l.Begin, l.Expires)
			}
			r.Lines[i] = l.Line
		}
		second, faults, _ := Check(r, findDemo, CheckOptions{Today: day})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		for i, l := range second.Lines {
			if l.Begin != first.Lines[i].Begin || l.Expires != first.Lines[i].Expires || l.Visibility != first.Lines[i].Visibility {
				t.Fatalf("line %d changed", i)
			}
		}
	})
}
