package kmehr

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"relais/app/rx"
)

// Reading is what a pharmacist reads in a message, by whomever it was written: texts and
// codes as they stand there. What a message does not hold is "" or nil.
type Reading struct {
	ID, LocalID       string // ID-KMEHR, LOCAL
	Software, Version string // of the LOCAL id
	Date, Time        string // of the message
	Source            string // version of the medicines file

	Patient struct{ SSIN, FirstName, LastName, BirthDate, Sex string }
	Author  struct {
		NIHII, Profession                string // Profession: CD-HCPARTY
		Name, FirstName, LastName        string
		Street, Number, Zip, City, Phone string
	}
	Expires string // last day of execution
	Items   []Item
}

// Item is one product of a message.
type Item struct {
	Kind      rx.Kind // "" when the message names none
	Scheme    string  // of Code: CD-DRUG-CNK, CD-VMPGROUP, CD-INNCLUSTER, CD-FORMULARYREFERENCE
	Code      string
	Name      string     // of the product, or of the reference of a formulary
	Text      string     // of a magistral preparation
	Compounds []Compound // of a composed one

	Begin       string // not to be executed before
	Temporality string // CD-TEMPORALITY
	Quantity    string
	Frequency   string // CD-PERIODICITY
	Duration    Length
	Language    string // of the posology
	Posology    string
	Regimen     []Moment
	Renewals    string
	Interval    Length // between renewals
	Route       string // CD-DRUG-ROUTE

	InstructionPatient, InstructionReimbursement string
	SubstitutionAllowed                          string // true, false
}

// Length is a time in a unit of CD-TIMEUNIT.
type Length struct{ Value, Unit string }

// Compound is an ingredient, in a unit of CD-UNIT or UCUM. Prefix is ad, qs, ana …
type Compound struct{ Name, Prefix, Quantity, Unit string }

// Moment of a regimen: one of the first three, one of the next two at most, and the dose
// in a unit of CD-ADMINISTRATIONUNIT.
type Moment struct{ DayNumber, Date, Weekday, Time, DayPeriod, Quantity, Unit string }

func (Reading) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Reading(…)") }
func (Reading) LogValue() slog.Value       { return slog.StringValue("Reading(…)") }
func (Item) Format(f fmt.State, _ rune)    { _, _ = io.WriteString(f, "Item(…)") }
func (Item) LogValue() slog.Value          { return slog.StringValue("Item(…)") }

// Read reads a message. It refuses what cannot be read at all (the faults of Validate that
// are of no rule) and judges nothing else.
func Read(message []byte) (Reading, error) {
	root, fault := parse(message)
	if fault != nil {
		return Reading{}, fault
	}
	if root.name != "kmehrmessage" || root.space != namespace {
		return Reading{}, rx.Fault(CodeNotKMEHR).At(root.path())
	}
	var r Reading
	r.ID = root.get("header/id", "S", "ID-KMEHR")
	for _, e := range below(root, "header/id") {
		if scheme, _ := e.attr("S"); scheme == "LOCAL" && r.LocalID == "" {
			r.LocalID = e.text()
			r.Software, _ = e.attr("SL")
			r.Version, _ = e.attr("SV")
		}
	}
	r.Date, r.Time = root.get("header/date"), root.get("header/time")
	r.Source = root.get("header/externalsource/source/version")

	p := &r.Patient
	p.SSIN, p.FirstName, p.LastName = root.get("folder/patient/id", "S", "ID-PATIENT"), root.get("folder/patient/firstname"), root.get("folder/patient/familyname")
	p.BirthDate = root.get("folder/patient/birthdate/date") + root.get("folder/patient/birthdate/yearmonth") + root.get("folder/patient/birthdate/year")
	p.Sex = root.get("folder/patient/sex/cd")

	a := &r.Author
	a.NIHII, a.Profession = root.get(author+"/id", "S", "ID-HCPARTY"), root.get(author+"/cd", "S", "CD-HCPARTY")
	a.Name, a.FirstName, a.LastName = root.get(author+"/name"), root.get(author+"/firstname"), root.get(author+"/familyname")
	a.Street, a.Number = root.get(author+"/address/street"), root.get(author+"/address/housenumber")
	a.Zip, a.City = root.get(author+"/address/zip"), root.get(author+"/address/city")
	a.Phone = root.get(author + "/telecom/telecomnumber")

	r.Expires = root.get(folder + "expirationdate")
	for _, e := range below(root, line) {
		r.Items = append(r.Items, e.item())
	}
	return r, nil
}

// get is the text of the first element of a path, "" without one. scheme is the name and
// value of an attribute that it must have.
func (e *element) get(path string, scheme ...string) string {
	for _, found := range below(e, path) {
		if len(scheme) == 0 || attr(scheme[0], scheme[1])(found) {
			return found.text()
		}
	}
	return ""
}

func (e *element) item() Item {
	i := Item{
		Begin:                    e.get("beginmoment/date"),
		Temporality:              e.get("temporality/cd"),
		Quantity:                 e.get("quantity/decimal"),
		Frequency:                e.get("frequency/periodicity/cd"),
		Duration:                 e.length("duration"),
		Posology:                 e.get("posology/text"),
		Renewals:                 e.get("renewal/decimal"),
		Interval:                 e.length("renewal/duration"),
		Route:                    e.get("route/cd"),
		InstructionPatient:       e.get("instructionforpatient"),
		InstructionReimbursement: e.get("instructionforreimbursement"),
		SubstitutionAllowed:      e.get("issubstitutionallowed"),
	}
	for _, text := range below(e, "posology/text") {
		i.Language, _ = text.attr("L")
	}
	for _, c := range below(e, "content") {
		i.product(c)
	}
	for _, c := range below(e, "regimen") {
		i.Regimen = append(i.Regimen, moments(c)...)
	}
	return i
}

func (e *element) length(path string) Length {
	return Length{e.get(path + "/decimal"), e.get(path + "/unit/cd")}
}

// product reads the content that names one.
func (i *Item) product(content *element) {
	for _, p := range content.children {
		switch p.name {
		case "medicinalproduct", "substanceproduct":
			for _, c := range below(p, "intendedcd") {
				i.Scheme, _ = c.attr("S")
				i.Code = c.text()
			}
			i.Name = p.get("intendedname")
			i.Kind = rx.Package
			if p.name == "substanceproduct" {
				i.Kind = rx.INN
			} else if i.Code == noCNK {
				i.Kind = rx.Free
			}
		case "compoundprescription":
			i.Kind = rx.Magistral
			i.Text = strings.TrimSpace(p.text()) + p.get("magistraltext")
			for _, c := range below(p, "formularyreference/cd") {
				i.Scheme, _ = c.attr("S")
				i.Code = c.text()
				i.Name, _ = c.attr("DN")
			}
			i.Name += p.get("formularyreference/formularyname")
			for _, c := range below(p, "compound") {
				i.Compounds = append(i.Compounds, Compound{
					Name:     c.get("substance/substancename") + c.get("substance/cd") + c.get("medicinalproduct/intendedname"),
					Prefix:   c.get("quantityprefix/cd"),
					Quantity: c.get("quantity/decimal"), Unit: c.get("quantity/unit/cd"),
				})
			}
		}
	}
}

// moments reads a regimen, where each moment ends with its quantity.
func moments(regimen *element) (found []Moment) {
	var m Moment
	for _, e := range regimen.children {
		switch e.name {
		case "daynumber":
			m.DayNumber = e.text()
		case "date":
			m.Date = e.text()
		case "weekday":
			m.Weekday = e.get("cd")
		case "daytime":
			m.Time, m.DayPeriod = e.get("time"), e.get("dayperiod/cd")
		case "quantity":
			m.Quantity, m.Unit = e.get("decimal"), e.get("unit/cd")
			found, m = append(found, m), Moment{}
		}
	}
	return found
}
