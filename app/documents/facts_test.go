package documents

import (
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// Invented people and products; the numbers are those of the formats page.
var (
	issued = time.Date(2026, 11, 22, 9, 12, 0, 0, time.FixedZone("CET", 3600))
	end    = rx.Date{Year: 2027, Month: 2, Day: 21}
	rids   = []rx.RID{"BEP1ABCDEF01", "BEP101234567", "BEP1Z9Y8X7W6", "BEP100000000", "BEPX0Y1Z2345", "BEP1QQQQ7777"}

	practice = rx.Practice{
		Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
		Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"},
		Phone:      "081 00 00 00", Email: "demo@example.org", RegionLanguage: rx.FR,
	}
	marie = rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rx.Female}
)

// words of the fixture by language.
func in(l rx.Lang, fr, nl, de string) string { return rx.Words{rx.FR: fr, rx.NL: nl, rx.DE: de}.In(l) }

func frozen(l rx.Lang, p rx.Product, line rx.Line) rx.Facts {
	if line.Begin.IsZero() {
		line.Begin = rx.DateOf(issued)
	}
	line.Expires = end
	return rx.Facts{Version: rx.FactsVersion, Issued: issued, Language: l, Practice: practice, Patient: marie,
		Product: p, Content: line, PosologyText: i18n.Posology(l, line.Posology)}
}

// order is four lines, one of each way to be told: package, INN, magistral, narcotic.
func order(l rx.Lang) []rx.Facts {
	return []rx.Facts{
		frozen(l, rx.Product{Name: in(l, "Amoxicilline Exemple 500 mg gélules", "Amoxicilline Voorbeeld 500 mg capsules", "Amoxicillin Beispiel 500 mg Kapseln"),
			Form: in(l, "gélule", "capsule", "Kapsel"), Strength: "500 mg", Pack: in(l, "16 gélules", "16 capsules", "16 Kapseln"), PackSize: 16, Unit: "capsule"},
			rx.Line{Kind: rx.Package, CNK: "0318717", Quantity: 2, Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}, InstructionReimbursement: "third-party-payer"}),
		frozen(l, rx.Product{Name: in(l, "bisoprolol 5 mg oral", "bisoprolol 5 mg oraal", "Bisoprolol 5 mg oral"), Strength: "5 mg"},
			rx.Line{Kind: rx.INN, VMPGroup: "0024901", Duration: &rx.Span{Value: 3, Unit: "mo"}, Begin: rx.Date{Year: 2026, Month: 11, Day: 30},
				Posology: rx.Posology{Dose: 500, Unit: "tablet", TimesPerDay: 1}, Route: "oral",
				InstructionPatient: in(l, "Le matin, avec un verre d'eau.", "'s Morgens, met een glas water.", "Morgens, mit einem Glas Wasser.")}),
		frozen(l, rx.Product{Name: "R/ Hydrocortisone 1 % in cremor cetomacrogolis q.s. ad 30 g"},
			rx.Line{Kind: rx.Magistral, Text: "R/ Hydrocortisone 1 %\nin cremor cetomacrogolis q.s. ad 30 g", Quantity: 1,
				Posology: rx.Posology{Text: in(l, "2 fois par jour, en couche mince", "2 keer per dag, in een dunne laag", "2-mal täglich, dünn auftragen")}}),
		frozen(l, rx.Product{Name: in(l, "Morfine Exemple 10 mg comprimés", "Morfine Voorbeeld 10 mg tabletten", "Morphin Beispiel 10 mg Tabletten"),
			Strength: "10 mg", Pack: in(l, "30 comprimés", "30 tabletten", "30 Tabletten"), PackSize: 30, Unit: "tablet", Narcotic: true},
			rx.Line{Kind: rx.Package, CNK: "0029025", Quantity: 1, Posology: rx.Posology{Dose: 1500, Unit: "tablet", TimesPerDay: 2, DurationDays: 10},
				Renewal: &rx.Renewal{Times: 2, Interval: rx.Span{Value: 1, Unit: "mo"}}}),
	}
}

func proofOf(facts []rx.Facts, simulated bool) Proof {
	p := Proof{Simulated: simulated}
	for i, f := range facts {
		p.Lines = append(p.Lines, ProofLine{Facts: f, RID: rids[i], Confirmed: issued.Add(2 * time.Second)})
	}
	return p
}

func paperOf(facts []rx.Facts, simulated bool) Paper {
	p := Paper{Simulated: simulated}
	for _, f := range facts {
		p.Lines = append(p.Lines, PaperLine{Facts: f})
	}
	return p
}

func dayListOf(facts []rx.Facts) DayList {
	d := DayList{Day: rx.DateOf(issued), Language: facts[0].Language, Practice: practice, Printed: issued.Add(9 * time.Hour)}
	for i, f := range facts {
		f.Issued = issued.Add(time.Duration(i) * 7 * time.Minute)
		l := DayLine{Facts: f, State: i18n.Text(d.Language, "state.paper.handed-over")}
		if i%2 == 0 {
			l.State, l.RID = i18n.Text(d.Language, "state.confirmed"), rids[i%len(rids)]
		}
		d.Lines = append(d.Lines, l)
	}
	return d
}

func drillOf(l rx.Lang, lines int) DrillReport {
	r := DrillReport{Language: l, Seed: 17, Day: rx.DateOf(issued),
		Counts: []DrillCount{{i18n.Text(l, "state.confirmed"), 31}, {i18n.Text(l, "state.paper"), 12}}}
	for i := range lines {
		r.Lines = append(r.Lines, DrillLine{issued.Add(time.Duration(i) * time.Minute), "Dupont Marie", i18n.Text(l, "event.claimed")})
	}
	return r
}
