package kmehr

import (
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
)

// random facts: every kind of line and every field, as rx.Check lets them pass and with
// all that the writer has a place for.
var randomFacts = rapid.Custom(func(t *rapid.T) rx.Facts {
	lang := rapid.SampledFrom(rx.Langs).Draw(t, "lang")
	begin := rx.Date{Year: 2026, Month: 11, Day: 22}.AddDays(rapid.IntRange(0, 300).Draw(t, "begin"))
	zone := time.FixedZone("", rapid.SampledFrom([]int{0, 3600, 7200}).Draw(t, "zone"))
	f := rx.Facts{
		Version: rx.FactsVersion, Prescription: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a12", Order: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11",
		Issued:   time.Unix(1_795_000_000+rapid.Int64Range(0, 1e8).Draw(t, "issued"), 0).In(zone),
		KMEHRID:  "19999915004." + strconv.FormatInt(rapid.Int64Range(1, 1<<62).Draw(t, "number"), 10),
		LocalID:  rx.LocalIDOf("0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11", rapid.IntRange(0, 9).Draw(t, "line")),
		Language: lang,
		Practice: rx.Practice{
			Prescriber: rx.Prescriber{FirstName: words(60).Draw(t, "first"), LastName: words(60).Draw(t, "last"), NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
			Address:    rx.Address{Street: words(100).Draw(t, "street"), Number: words(15).Draw(t, "house"), Zip: "5000", City: words(100).Draw(t, "city")},
			Phone:      "081 00 00 00", Email: "demo@example.org", RegionLanguage: rapid.SampledFrom(rx.DocumentLangs).Draw(t, "region"),
		},
		Patient: rx.Patient{SSIN: "85073003427", FirstName: words(60).Draw(t, "patient"), LastName: words(60).Draw(t, "name"),
			BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rapid.SampledFrom(rx.Sexes).Draw(t, "sex"), Phone: "081 00 00 00", Language: rx.NL},
		Product:      rx.Product{Name: words(200).Draw(t, "product"), Pack: rapid.SampledFrom([]string{"", "16 gélules"}).Draw(t, "pack")},
		PosologyText: words(500).Draw(t, "text"),
		Type:         rapid.SampledFrom(Types).Draw(t, "type"),
		Medicines:    "demo 2026-11",
		Content: rx.Line{
			Begin: begin, Expires: begin.AddDays(rapid.IntRange(0, 60).Draw(t, "expires")),
			Posology:                 randomPosology(t),
			Reimbursed:               rapid.Bool().Draw(t, "reimbursed"),
			Visibility:               rapid.SampledFrom(rx.Visibilities).Draw(t, "visibility"),
			Feedback:                 rapid.Bool().Draw(t, "feedback"),
			InstructionReimbursement: maybe(rx.ReimbursementInstructions).Draw(t, "reimbursement"),
			Route:                    maybe(rx.Routes).Draw(t, "route"),
			Temporality:              maybe(rx.Temporalities).Draw(t, "temporality"),
		},
	}
	l := &f.Content
	if rapid.Bool().Draw(t, "instructed") {
		l.InstructionPatient = words(500).Draw(t, "instruction")
	}
	if rapid.Bool().Draw(t, "lasting") {
		l.Duration = randomSpan(t)
	}
	if rapid.Bool().Draw(t, "renewed") {
		l.Renewal = &rx.Renewal{Times: rapid.IntRange(1, 99).Draw(t, "times"), Interval: *randomSpan(t)}
	}
	if rapid.Bool().Draw(t, "substituted") {
		allowed := rapid.Bool().Draw(t, "allowed")
		l.SubstitutionAllowed = &allowed
	}
	if l.Posology.UnitText == "" {
		l.Regimen = rapid.SliceOfN(rapid.Custom(randomMoment), 0, 5).Draw(t, "regimen")
	}
	switch l.Kind = rapid.SampledFrom(rx.Kinds).Draw(t, "kind"); {
	case l.Kind == rx.Package:
		l.CNK = "0318717"
	case l.Kind == rx.INN && rapid.Bool().Draw(t, "group"):
		l.VMPGroup = "0024901"
	case l.Kind == rx.INN:
		l.INNCluster = rapid.SampledFrom([]string{"8000001", "0024901"}).Draw(t, "cluster")
	case l.Kind == rx.Free:
		l.Name = f.Product.Name
	default:
		switch rapid.IntRange(0, 2).Draw(t, "magistral") {
		case 0:
			l.Text = words(2000).Draw(t, "preparation")
		case 1:
			l.Formulary, l.Name = "0512345", f.Product.Name
		default:
			units := []string{"g", "mg", "ml", "µg", "%", "goutte"}
			for range rapid.IntRange(1, 4).Draw(t, "compounds") {
				l.Compounds = append(l.Compounds, rx.Compound{Name: words(200).Draw(t, "compound"), Quantity: randomDecimal(t),
					Unit: units[rapid.IntRange(0, 40).Draw(t, "unit")%41*len(units)/41]})
			}
		}
	}
	if l.Kind != rx.Package {
		f.Product.Pack = ""
	}
	if l.Kind != rx.INN {
		l.Quantity = rapid.IntRange(1, 99).Draw(t, "quantity")
	} else if l.Duration == nil && l.Posology.DurationDays == 0 {
		l.Duration = randomSpan(t)
	}
	return f
})

func words(most int) *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.RuneFrom([]rune("abcdeéèçïßœABZ019 .,;:!'\"<>&/+-%µ→\u00a0\n")), 2, min(most-1, 40)), func(r []rune) string {
		return "x" + string(r)
	})
}

func maybe(list []string) *rapid.Generator[string] {
	return rapid.SampledFrom(append([]string{""}, list...))
}

func randomDecimal(t *rapid.T) rx.Decimal {
	return rx.Decimal(rapid.Int64Range(1, 5_000_000).Draw(t, "decimal"))
}

func randomSpan(t *rapid.T) *rx.Span {
	return &rx.Span{Value: rapid.IntRange(1, 30).Draw(t, "value"), Unit: rapid.SampledFrom([]string{"hr", "d", "wk", "mo", "a"}).Draw(t, "unit")}
}

func randomPosology(t *rapid.T) rx.Posology {
	if rapid.Bool().Draw(t, "free") {
		return rx.Posology{Text: "…"}
	}
	p := rx.Posology{Dose: randomDecimal(t), Unit: rapid.SampledFrom(rx.Units).Draw(t, "dose unit")}
	if rapid.IntRange(0, 9).Draw(t, "other unit") == 0 {
		p.Unit, p.UnitText = "", "mesurette"
	}
	if rapid.Bool().Draw(t, "daily") {
		p.TimesPerDay = rapid.IntRange(1, 24).Draw(t, "times per day")
	} else {
		p.Every = randomSpan(t)
	}
	p.AsNeeded = rapid.IntRange(0, 4).Draw(t, "as needed") == 0
	p.DurationDays = rapid.IntRange(0, 30).Draw(t, "days")
	return p
}

func randomMoment(t *rapid.T) rx.RegimenEntry {
	e := rx.RegimenEntry{Quantity: randomDecimal(t)}
	switch rapid.IntRange(0, 2).Draw(t, "day") {
	case 0:
		e.DayNumber = rapid.IntRange(1, 366).Draw(t, "number")
	case 1:
		e.Date = rx.Date{Year: 2026, Month: 12, Day: 24}.AddDays(rapid.IntRange(0, 300).Draw(t, "date"))
	default:
		e.Weekday = rapid.SampledFrom(rx.Weekdays).Draw(t, "weekday")
	}
	if rapid.Bool().Draw(t, "at") {
		e.Time = rapid.SampledFrom([]string{"00:00", "07:30", "12:00", "23:59"}).Draw(t, "time")
	} else {
		e.DayPeriod = rapid.SampledFrom([]string{"morning", "noon", "afternoon", "evening", "hs", "aftermeal"}).Draw(t, "period")
	}
	return e
}

var testSoftware = Software{Name: "Relais", Version: "0.1.0"}

// carried is what a pharmacist has to read in the message of f, made without the writer.
func carried(f rx.Facts) Reading {
	r := Reading{ID: f.KMEHRID, LocalID: string(f.LocalID), Software: testSoftware.Name, Version: testSoftware.Version,
		Date: f.Issued.Format("2006-01-02"), Time: f.Issued.Format("15:04:05"), Source: f.Medicines, Expires: f.Content.Expires.String()}
	r.Patient.SSIN, r.Patient.FirstName, r.Patient.LastName = string(f.Patient.SSIN), f.Patient.FirstName, f.Patient.LastName
	r.Patient.BirthDate, r.Patient.Sex = f.Patient.BirthDate.String(), string(f.Patient.Sex)
	a, p := &r.Author, f.Practice
	a.NIHII, a.Profession, a.FirstName, a.LastName = string(p.Prescriber.NIHII), "persphysician", p.Prescriber.FirstName, p.Prescriber.LastName
	a.Street, a.Number, a.Zip, a.City, a.Phone = p.Address.Street, p.Address.Number, p.Address.Zip, p.Address.City, p.Phone

	l := f.Content
	i := Item{Kind: l.Kind, Name: f.Product.Name, Begin: l.Begin.String(), Temporality: l.Temporality, Language: string(f.Language), Posology: f.PosologyText,
		InstructionPatient: l.InstructionPatient}
	switch {
	case l.Kind == rx.Package:
		i.Scheme, i.Code = "CD-DRUG-CNK", string(l.CNK)
		if f.Product.Pack != "" {
			i.Name += ", " + f.Product.Pack
		}
	case l.VMPGroup != "":
		i.Scheme, i.Code = "CD-VMPGROUP", l.VMPGroup
	case l.INNCluster != "":
		i.Scheme, i.Code = "CD-INNCLUSTER", l.INNCluster
	case l.Kind == rx.Free:
		i.Scheme, i.Code = "CD-DRUG-CNK", "0000000"
	case l.Formulary != "":
		i.Scheme, i.Code = "CD-FORMULARYREFERENCE", l.Formulary
	case l.Text != "":
		i.Name, i.Text = "", l.Text
	default:
		i.Name = ""
		for _, c := range l.Compounds {
			unit, ok := map[string]string{"g": "g", "mg": "mg", "ml": "mL", "µg": "ug", "%": "%"}[c.Unit]
			if !ok {
				i.Compounds, i.Text = nil, f.Product.Name
				break
			}
			i.Compounds = append(i.Compounds, Compound{Name: c.Name, Quantity: c.Quantity.String(), Unit: unit})
		}
	}
	if l.Quantity > 0 {
		i.Quantity = strconv.Itoa(l.Quantity)
	}
	if l.Duration != nil {
		i.Duration = Length{strconv.Itoa(l.Duration.Value), l.Duration.Unit}
	} else if l.Posology.DurationDays > 0 {
		i.Duration = Length{strconv.Itoa(l.Posology.DurationDays), "d"}
	}
	if every := l.Posology.Every; l.Posology.AsNeeded {
		i.Frequency = ""
	} else if l.Posology.TimesPerDay > 0 {
		i.Frequency = "D"
	} else if every != nil {
		i.Frequency = intervals[every.Unit][every.Value]
	}
	for _, e := range l.Regimen {
		m := Moment{Date: e.Date.String(), Weekday: e.Weekday, Quantity: e.Quantity.String(), Unit: units[l.Posology.Unit], DayPeriod: e.DayPeriod}
		if e.DayNumber > 0 {
			m.DayNumber = strconv.Itoa(e.DayNumber)
		}
		if e.Time != "" {
			m.Time = e.Time + ":00"
		}
		switch e.DayPeriod {
		case "noon":
			m.Time, m.DayPeriod = "12:00:00", ""
		case "hs":
			m.DayPeriod = "thehourofsleep"
		}
		i.Regimen = append(i.Regimen, m)
	}
	if l.Renewal != nil {
		i.Renewals, i.Interval = strconv.Itoa(l.Renewal.Times), Length{strconv.Itoa(l.Renewal.Interval.Value), l.Renewal.Interval.Unit}
	}
	if l.Route != "" {
		i.Route = routes[l.Route]
	}
	if l.InstructionReimbursement != "" {
		i.InstructionReimbursement = reimbursement[l.InstructionReimbursement][f.Language]
	}
	if l.SubstitutionAllowed != nil {
		i.SubstitutionAllowed = strconv.FormatBool(*l.SubstitutionAllowed)
	}
	// What has no code is nothing; what has one is never empty.
	if strings.TrimSpace(i.Posology) == "" || l.Route != "" && i.Route == "" {
		panic("no posology, or no route")
	}
	r.Items = []Item{i}
	return r
}
