package kmehr

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"relais/app/rx"
)

// Software is what signs a message as its application (recipe-protocol §4.1, second party
// of the sender). Phone and Email are those of its maker; empty: the practice's, who then
// answers for it.
type Software struct {
	Name, Version string
	Phone, Email  string
}

// Write is the message of one prescription: UTF-8 without line breaks of its own, the same
// for the same facts. It does not judge what it writes; Composer does. An error is
// rx.CodeUnshowable for a character that XML cannot hold, or CodeDayPeriod.
func Write(f rx.Facts, s Software) ([]byte, error) {
	scheme, err := regimen(f)
	if err != nil {
		return nil, err
	}
	m := in("kmehrmessage", header(f, s), in("folder",
		id("ID-KMEHR", "1.0", "1"),
		in("patient",
			id("ID-PATIENT", "1.0", string(f.Patient.SSIN)),
			leaf("firstname", f.Patient.FirstName),
			leaf("familyname", f.Patient.LastName),
			in("birthdate", leaf("date", f.Patient.BirthDate.String())),
			in("sex", cd("CD-SEX", "1.1", string(f.Patient.Sex)))),
		in("transaction",
			id("ID-KMEHR", "1.0", "1"),
			cd("CD-TRANSACTION", "1.13", "pharmaceuticalprescription"),
			leaf("date", f.Issued.Format(time.DateOnly)),
			leaf("time", f.Issued.Format(time.TimeOnly)),
			in("author", in("hcparty", append(doctor(f), address(f.Practice.Address), telecom("phone", f.Practice.Phone))...)),
			leaf("iscomplete", "true"),
			leaf("isvalidated", "true"),
			leaf("expirationdate", f.Content.Expires.String()),
			in("heading",
				id("ID-KMEHR", "1.0", "1"),
				cd("CD-HEADING", "1.2", "prescription"),
				item(f, scheme)))))
	m.attrs = []string{xmlns, namespace}
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	if !m.write(&b) {
		return nil, rx.Fault(rx.CodeUnshowable)
	}
	return b.Bytes(), nil
}

func header(f rx.Facts, s Software) part {
	phone, email := s.Phone, s.Email
	if phone == "" {
		phone = f.Practice.Phone
	}
	if email == "" {
		email = f.Practice.Email
	}
	return in("header",
		in("standard", cd("CD-STANDARD", "1.29", "20190301")),
		id("ID-KMEHR", "1.0", f.KMEHRID),
		leaf("id", string(f.LocalID), "S", "LOCAL", "SL", s.Name, "SV", s.Version),
		leaf("date", f.Issued.Format(time.DateOnly)),
		leaf("time", f.Issued.Format(time.TimeOnly)),
		in("sender",
			in("hcparty", doctor(f)...),
			in("hcparty",
				cd("CD-HCPARTY", "1.15", "application"),
				leaf("name", s.Name),
				telecom("phone", phone),
				telecom("email", email))),
		in("recipient", in("hcparty",
			id("ID-HCPARTY", "1.0", "RECIPE"),
			cd("CD-HCPARTY", "1.15", "orgpublichealth"),
			leaf("name", "Recip-e"))),
		in("externalsource", in("source",
			cd("CD-EXTERNALSOURCE", "1.0", "samv2"),
			leaf("version", f.Medicines))))
}

// doctor is the prescriber, whose INAMI number is one of a doctor (rx.ParseNIHII).
func doctor(f rx.Facts) []part {
	p := f.Practice.Prescriber
	return []part{
		id("ID-HCPARTY", "1.0", string(p.NIHII)),
		cd("CD-HCPARTY", "1.15", "persphysician"),
		leaf("firstname", p.FirstName),
		leaf("familyname", p.LastName),
	}
}

func address(a rx.Address) part {
	return in("address",
		cd("CD-ADDRESS", "1.1", "work"),
		in("country", cd("CD-FED-COUNTRY", "1.2", "be")),
		leaf("zip", a.Zip), leaf("city", a.City), leaf("street", a.Street), leaf("housenumber", a.Number))
}

func telecom(device, number string) part {
	return in("telecom", cd("CD-ADDRESS", "1.1", "work"), cd("CD-TELECOM", "1.0", device), leaf("telecomnumber", number))
}

func item(f rx.Facts, scheme part) part {
	l := f.Content
	rhythm, length := periodicity(l.Posology), treatment(l)
	return in("item",
		id("ID-KMEHR", "1.0", "1"),
		cd("CD-ITEM", "1.11", "medication"),
		in("content", content(f)),
		in("beginmoment", leaf("date", l.Begin.String())),
		in("lifecycle", cd("CD-LIFECYCLE", "1.9", "prescribed")),
		when(l.Temporality != "", in("temporality", cd("CD-TEMPORALITY", "1.0", l.Temporality))),
		when(l.Quantity != 0, in("quantity", leaf("decimal", strconv.Itoa(l.Quantity)))),
		when(rhythm != "", in("frequency", in("periodicity", cd("CD-PERIODICITY", "1.1", rhythm)))),
		when(length != rx.Span{}, span("duration", length)),
		in("posology", said(f, "text", f.PosologyText)),
		scheme,
		renewal(l.Renewal),
		when(l.Route != "", in("route", cd("CD-DRUG-ROUTE", "2.0", routes[l.Route]))),
		when(l.InstructionPatient != "", said(f, "instructionforpatient", l.InstructionPatient)),
		when(l.InstructionReimbursement != "", said(f, "instructionforreimbursement", reimbursement[l.InstructionReimbursement].In(f.Language))),
		substitution(l.SubstitutionAllowed))
}

// content names the product (recipe-protocol §4.2). Codes are those of the local medicines
// file: LOCALDB.
func content(f rx.Facts) part {
	l := f.Content
	name := leaf("intendedname", productName(f.Product))
	switch {
	case l.Kind == rx.Package:
		return in("medicinalproduct", code("CD-DRUG-CNK", string(l.CNK)), name)
	case l.Kind == rx.INN && l.VMPGroup != "":
		return in("substanceproduct", code("CD-VMPGROUP", l.VMPGroup), name)
	case l.Kind == rx.INN:
		return in("substanceproduct", code("CD-INNCLUSTER", l.INNCluster), name)
	case l.Kind == rx.Free:
		return in("medicinalproduct", code("CD-DRUG-CNK", noCNK), name)
	case l.Formulary != "":
		return in("compoundprescription", in("formularyreference",
			leaf("cd", l.Formulary, "S", "CD-FORMULARYREFERENCE", "SV", "1.0", "L", string(formularyLanguage(f)), "DN", f.Product.Name)))
	case l.Text != "":
		return in("compoundprescription", said(f, "magistraltext", l.Text))
	}
	var compounds []part
	for _, c := range l.Compounds {
		unit, ok := ucum[c.Unit]
		if !ok { // in words, all of them, as on the documents
			return in("compoundprescription", said(f, "magistraltext", f.Product.Name))
		}
		compounds = append(compounds, in("compound",
			in("substance", leaf("substancename", c.Name)),
			in("quantity", leaf("decimal", c.Quantity.String()), in("unit", cd("UCUM", "2.1", unit)))))
	}
	return in("compoundprescription", compounds...)
}

// productName tells packages of one medicine apart.
func productName(p rx.Product) string {
	if p.Pack == "" {
		return p.Name
	}
	return p.Name + ", " + p.Pack
}

// noCNK stands for the code of a product that has none.
const noCNK = "0000000"

func code(scheme, value string) part {
	return leaf("intendedcd", value, "S", scheme, "SV", "LOCALDB")
}

// formularyLanguage is the language of a formulary's name: rule 61 knows two.
func formularyLanguage(f rx.Facts) rx.Lang {
	for _, l := range []rx.Lang{f.Language, f.Practice.RegionLanguage} {
		if l == rx.FR || l == rx.NL {
			return l
		}
	}
	return rx.FR
}

// treatment is how long it lasts: the duration, else the days of the posology.
func treatment(l rx.Line) rx.Span {
	switch {
	case l.Duration != nil:
		return *l.Duration
	case l.Posology.DurationDays > 0:
		return rx.Span{Value: l.Posology.DurationDays, Unit: "d"}
	}
	return rx.Span{}
}

func span(name string, s rx.Span) part {
	return in(name, leaf("decimal", strconv.Itoa(s.Value)), in("unit", cd("CD-TIMEUNIT", "2.1", s.Unit)))
}

func renewal(r *rx.Renewal) part {
	if r == nil {
		return part{}
	}
	return in("renewal", leaf("decimal", strconv.Itoa(r.Times)), span("duration", r.Interval))
}

func substitution(allowed *bool) part {
	if allowed == nil {
		return part{}
	}
	return leaf("issubstitutionallowed", strconv.FormatBool(*allowed))
}

// regimen is the dosing scheme. What has no code is refused: a moment without its part of
// the day, or a number without its unit, would be another dose.
func regimen(f rx.Facts) (part, error) {
	var moments []part
	entries, dose := f.Content.Regimen, f.Content.Posology
	if len(entries) > 0 && dose.UnitText != "" {
		return part{}, rx.Fault(CodeSchemeUnit).At(fmt.Sprintf("$.lines[%d].posology.unit_text", f.Line))
	}
	for i, e := range entries {
		switch {
		case e.DayNumber != 0:
			moments = append(moments, leaf("daynumber", strconv.Itoa(e.DayNumber)))
		case !e.Date.IsZero():
			moments = append(moments, leaf("date", e.Date.String()))
		case e.Weekday != "":
			moments = append(moments, in("weekday", cd("CD-WEEKDAY", "1.0", e.Weekday)))
		}
		at, period := e.Time, dayPeriods[e.DayPeriod]
		if e.DayPeriod == "noon" {
			at = noon
		}
		switch {
		case at != "":
			moments = append(moments, in("daytime", leaf("time", at+":00")))
		case period != "":
			moments = append(moments, in("daytime", in("dayperiod", cd("CD-DAYPERIOD", "1.1", period))))
		default:
			return part{}, rx.Fault(CodeDayPeriod).At(fmt.Sprintf("$.lines[%d].regimen[%d].day_period", f.Line, i))
		}
		unit := units[dose.Unit]
		moments = append(moments, in("quantity", leaf("decimal", e.Quantity.String()),
			when(unit != "", in("unit", cd("CD-ADMINISTRATIONUNIT", "1.2", unit)))))
	}
	return when(len(moments) > 0, in("regimen", moments...)), nil
}

// part is an element to be written; without a name it is left out.
type part struct {
	name  string
	text  string
	attrs []string // names and values
	parts []part
}

func in(name string, parts ...part) part { return part{name: name, parts: parts} }

func leaf(name, text string, attrs ...string) part { return part{name: name, text: text, attrs: attrs} }

func id(scheme, version, value string) part { return leaf("id", value, "S", scheme, "SV", version) }

func cd(scheme, version, value string) part { return leaf("cd", value, "S", scheme, "SV", version) }

// said is text in the language of the document.
func said(f rx.Facts, name, text string) part { return leaf(name, text, "L", string(f.Language)) }

func when(is bool, p part) part {
	if is {
		return p
	}
	return part{}
}

// write writes p; false when XML cannot hold a character of it.
func (p part) write(b *bytes.Buffer) bool {
	if p.name == "" {
		return true
	}
	b.WriteString("<" + p.name)
	sound := true
	for i := 0; i < len(p.attrs); i += 2 {
		b.WriteString(" " + p.attrs[i] + `="`)
		sound = escape(b, p.attrs[i+1]) && sound
		b.WriteString(`"`)
	}
	b.WriteString(">")
	sound = escape(b, p.text) && sound
	for _, child := range p.parts {
		sound = child.write(b) && sound
	}
	b.WriteString("</" + p.name + ">")
	return sound
}

// escape writes text; false when it holds what XML 1.0 does not (§2.2).
func escape(b *bytes.Buffer, text string) bool {
	_ = xml.EscapeText(b, []byte(text)) // a buffer takes all
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}
