package prescribing_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/assets"
)

// atRisk is a desk with the demonstration's medicines.
func atRisk(t *testing.T) *desk {
	d := newDesk(t)
	if err := json.Unmarshal(assets.DemoMedicines, &d.file); err != nil {
		t.Fatal(err)
	}
	return d
}

func codesOf(faults rx.Faults) (codes []string) {
	for _, f := range faults {
		codes = append(codes, string(f.Code)+" "+f.Path)
	}
	return codes
}

func TestRisk(t *testing.T) {
	const mtx, ala, patch, insulin, syrup = rx.CNK("9900374"), rx.CNK("9900382"), rx.CNK("9900432"), rx.CNK("9900283"), rx.CNK("9900424")
	one := rx.Decimal(1000)
	week := &rx.Span{Value: 1, Unit: "wk"}
	monday := []rx.RegimenEntry{{Weekday: "monday", DayPeriod: "morning", Quantity: one}}
	both := []rx.RegimenEntry{monday[0], {Weekday: "friday", DayPeriod: "morning", Quantity: one}}
	daily := rx.Posology{Dose: one, Unit: "tablet", TimesPerDay: 1}
	weekly := rx.Posology{Dose: one, Unit: "tablet", Every: week}
	text := func(s string) rx.Posology { return rx.Posology{Text: s} }
	const p = "$.lines[0].posology"
	for name, c := range map[string]struct {
		line     rx.Line
		child    bool
		faults   []string
		warnings []string
	}{
		"daily":                  {line: rx.Line{CNK: mtx, Posology: daily}, faults: []string{"risk-too-often " + p}},
		"weekly without a day":   {line: rx.Line{CNK: mtx, Posology: weekly}, faults: []string{"risk-day $.lines[0].regimen"}},
		"weekly on monday":       {line: rx.Line{CNK: mtx, Posology: weekly, Regimen: monday}},
		"twice a week":           {line: rx.Line{CNK: mtx, Posology: weekly, Regimen: both}, faults: []string{"risk-too-often " + p}},
		"every second week":      {line: rx.Line{CNK: mtx, Posology: rx.Posology{Dose: one, Unit: "tablet", Every: &rx.Span{Value: 2, Unit: "wk"}}, Regimen: monday}},
		"every six days":         {line: rx.Line{CNK: mtx, Posology: rx.Posology{Dose: one, Unit: "tablet", Every: &rx.Span{Value: 6, Unit: "d"}}, Regimen: monday}, faults: []string{"risk-too-often " + p}},
		"as needed":              {line: rx.Line{CNK: mtx, Posology: rx.Posology{Dose: one, Unit: "tablet", AsNeeded: true}}, faults: []string{"risk-too-often " + p}},
		"milligrams":             {line: rx.Line{CNK: mtx, Posology: rx.Posology{Dose: one, Unit: "mg", Every: week}, Regimen: monday}, faults: []string{"risk-unit " + p + ".unit"}, warnings: []string{"dose-unit " + p + ".unit"}},
		"text, daily":            {line: rx.Line{CNK: mtx, Posology: text("1 comprimé chaque jour")}, faults: []string{"risk-too-often " + p}},
		"text, no day":           {line: rx.Line{CNK: mtx, Posology: text("4 comprimés une fois par semaine")}, faults: []string{"risk-day $.lines[0].regimen"}},
		"text, a day":            {line: rx.Line{CNK: mtx, Posology: text("4 comprimés une fois par semaine, le Lundi")}},
		"text, two days":         {line: rx.Line{CNK: mtx, Posology: text("4 tabletten op maandag en donderdag")}, faults: []string{"risk-too-often " + p}},
		"text, all days but one": {line: rx.Line{CNK: mtx, Posology: text("tous les jours sauf le lundi")}, faults: []string{"risk-too-often " + p}},
		"text in German":         {line: rx.Line{CNK: mtx, Posology: text("1 Tablette täglich, ab Montag")}, faults: []string{"risk-too-often " + p}},
		"daily with a reason":    {line: rx.Line{CNK: mtx, Posology: daily, InstructionPatient: "Rythme voulu par le prescripteur : leucémie"}, warnings: []string{"risk-overruled " + p}},
		"a reason without words": {line: rx.Line{CNK: mtx, Posology: daily, InstructionPatient: "Rythme voulu par le prescripteur : \nLe matin"}, faults: []string{"risk-too-often " + p}},
		"any other instruction":  {line: rx.Line{CNK: mtx, Posology: daily, InstructionPatient: "Le matin"}, faults: []string{"risk-too-often " + p}},
		"by its name":            {line: rx.Line{Kind: rx.Free, Name: "Ledertrexate 2,5 mg", Posology: daily}, faults: []string{"risk-too-often " + p}},
		"magistral":              {line: rx.Line{Kind: rx.Magistral, Text: "R/ méthotrexate 2,5 mg", Posology: daily}, faults: []string{"risk-too-often " + p}},
		"alendronic, daily":      {line: rx.Line{CNK: ala, Posology: daily}, faults: []string{"risk-too-often " + p}},
		"alendronic 10 mg":       {line: rx.Line{Kind: rx.Free, Name: "acide alendronique 10 mg", Posology: daily}},
		"alendronic 170 mg":      {line: rx.Line{Kind: rx.Free, Name: "acide alendronique 170 mg", Posology: daily}},
		"patch, daily":           {line: rx.Line{CNK: patch, Posology: rx.Posology{Dose: one, Unit: "patch", TimesPerDay: 1}}, faults: []string{"risk-too-often " + p}},
		"patch, three days":      {line: rx.Line{CNK: patch, Posology: rx.Posology{Dose: one, Unit: "patch", Every: &rx.Span{Value: 3, Unit: "d"}}}},
		"insulin in ml":          {line: rx.Line{CNK: insulin, Posology: rx.Posology{Dose: one, Unit: "ml", TimesPerDay: 1}}, faults: []string{"risk-unit " + p + ".unit"}, warnings: []string{"dose-unit " + p + ".unit"}},
		"morphine for a child":   {line: rx.Line{CNK: syrup, Posology: rx.Posology{Dose: one, Unit: "ml", TimesPerDay: 4}}, child: true, warnings: []string{"risk-child " + p}},
		"morphine":               {line: rx.Line{CNK: syrup, Posology: rx.Posology{Dose: one, Unit: "ml", TimesPerDay: 4}}},
		"something else, daily":  {line: rx.Line{CNK: "9900200", Posology: daily}},
	} {
		t.Run(name, func(t *testing.T) {
			d := atRisk(t)
			r := request(1)
			r.ID = "019a0000-0000-7000-8000-00000000bbbb"
			if c.child {
				r.Patient.SSIN, r.Patient.BirthDate = "", rx.Date{Year: 2014, Month: 11, Day: 24} // eleven years old on that Monday
				r.Patient.NoSSIN = rx.Foreign
			}
			if c.line.Quantity = 1; c.line.Kind == "" {
				c.line.Kind = rx.Package
			}
			r.Lines = []rx.Line{c.line}
			_, warnings, err := d.Check(r, prescribing.How{Paper: "own-line"})
			var faults rx.Faults
			if err != nil && !errors.As(err, &faults) {
				t.Fatal(err)
			}
			if got := codesOf(faults); !slices.Equal(got, c.faults) {
				t.Errorf("faults %v, not %v", got, c.faults)
			}
			if got := codesOf(warnings); !slices.Equal(got, c.warnings) {
				t.Errorf("warnings %v, not %v", got, c.warnings)
			}
		})
	}
}

// What the list refuses is not issued; the reason goes with the facts.
func TestRiskIsHeldAtIssue(t *testing.T) {
	d := atRisk(t)
	r := request(1)
	r.Lines[0] = rx.Line{Kind: rx.Package, CNK: "9900374", Quantity: 1, InstructionPatient: "Le soir", Posology: rx.Posology{Dose: 1000, Unit: "tablet", TimesPerDay: 1}}
	_, err := d.Service.Issue(ctx, r, prescribing.How{})
	d.code(err, rx.CodeRiskTooOften)
	d.acted("")
	r.Lines[0] = prescribing.WithRiskReason(r.Lines[0], rx.NL, "  leukemie,\n volgens het ziekenhuis ")
	_, err = d.Service.Issue(ctx, r, prescribing.How{})
	d.well(err)
	got := d.items[0].Facts.Content
	if got.InstructionPatient != "Ritme gewild door de voorschrijver: leukemie, volgens het ziekenhuis\nLe soir" ||
		prescribing.RiskReason(got) != "leukemie, volgens het ziekenhuis" || prescribing.Instruction(got) != "Le soir" {
		t.Errorf("%q", got.InstructionPatient)
	}
	if got = prescribing.WithRiskReason(got, rx.FR, "autre"); got.InstructionPatient != "Rythme voulu par le prescripteur : autre\nLe soir" {
		t.Errorf("a second reason beside the first: %q", got.InstructionPatient)
	}
	if got = prescribing.WithRiskReason(got, rx.FR, " "); got.InstructionPatient != "Le soir" {
		t.Errorf("a reason that was taken away: %q", got.InstructionPatient)
	}
}

func TestRhythm(t *testing.T) {
	d := atRisk(t)
	for cnk, want := range map[rx.CNK]struct {
		days int
		day  bool
	}{"9900374": {7, true}, "9900432": {2, false}, "9900416": {0, false}, "9900200": {0, false}} {
		days, day := d.Rhythm(rx.Line{Kind: rx.Package, CNK: cnk})
		if days != want.days || day != want.day {
			t.Errorf("%s: %d days, day %t", cnk, days, day)
		}
	}
}
