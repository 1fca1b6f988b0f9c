package documents

import (
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// Gaps between the paragraphs of a product.
const (
	near = 60
	far  = 140
)

// telling is what a document says of a product beside its content.
type telling struct {
	words  bool // dose and quantity of a narcotic in full words: paper alone must
	payer  bool // notes on reimbursement: not where there is no third-party payer
	issued bool // the day of writing: on paper it is for the doctor's hand
	end    bool // the last day of execution: not where the form has a field for it
}

// product writes what is prescribed, in the order in which a pharmacist reads it:
// name, package, dose, amount, the rest.
func product(c *column, f rx.Facts, tell telling) {
	lang, l := f.Language, f.Content
	switch l.Kind {
	case rx.Magistral: // told as such: RD of 10 August 2005
		c.add(near, heading(i18n.Text(lang, "doc.magistral")))
		magistral(c, lang, l)
	case rx.INN:
		c.add(near, heading(fullName(f.Product)))
		c.add(near, plain(i18n.Text(lang, "doc.inn")))
	default:
		c.add(near, heading(fullName(f.Product)))
	}
	details(c, f)
	c.add(far, plain(i18n.Text(lang, "doc.dose")), bold(f.PosologyText))
	if len(l.Regimen) > 0 {
		c.add(near, plain(i18n.Text(lang, "doc.regimen")), bold(i18n.Regimen(lang, l.Regimen, l.Posology)))
	}
	if l.InstructionPatient != "" {
		c.add(near, plain(i18n.Text(lang, "doc.instruction")), plain(l.InstructionPatient))
	}
	for _, line := range amounts(lang, l) {
		c.add(near, plain(line))
	}
	if tell.words && f.Product.Narcotic {
		c.add(near, bold(i18n.Text(lang, "doc.words")), plain("· "+strings.Join(inWords(f), " · ")))
	}
	if l.SubstitutionAllowed != nil && !*l.SubstitutionAllowed {
		c.add(near, plain(i18n.Text(lang, "doc.no-substitution")))
	}
	if l.Renewal != nil {
		c.add(near, plain(i18n.Renewal(lang, *l.Renewal)))
	}
	if tell.payer && l.InstructionReimbursement != "" {
		c.add(near, plain(i18n.Text(lang, "doc.reimbursement", "note", i18n.Text(lang, "reimbursement."+l.InstructionReimbursement))))
	}
}

// fullName is the name with the strength and the form that it does not say itself.
func fullName(p rx.Product) string {
	name := p.Name
	for _, part := range []string{p.Strength, p.Form} {
		if !says(name, part) {
			name += ", " + part
		}
	}
	return name
}

// says tells that part stands in name, whatever the case and the spaces; "5 mg" does
// not stand in "15 mg" nor in "2,5 mg".
func says(name, part string) bool {
	fold := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "")
	name, part = strings.ToLower(fold.Replace(name)), strings.ToLower(fold.Replace(part))
	for from := 0; ; {
		i := strings.Index(name[from:], part)
		if i < 0 {
			return false
		}
		if i += from; i == 0 || part[0] < '0' || part[0] > '9' || !strings.ContainsRune("0123456789,.", rune(name[i-1])) {
			return true
		}
		from = i + 1
	}
}

// magistral writes a preparation by its text, its formulary reference or its
// ingredients.
func magistral(c *column, lang rx.Lang, l rx.Line) {
	switch {
	case l.Text != "":
		c.add(near, plain(l.Text))
	case l.Formulary != "":
		c.add(near, plain(l.Name))
		c.add(near, plain(i18n.Text(lang, "doc.formulary", "code", l.Formulary)))
	}
	for _, x := range l.Compounds {
		c.add(near, plain(x.Name), plain(i18n.Amount(lang, x.Quantity, "", x.Unit)))
	}
}

// details are the package, its code and the route.
func details(c *column, f rx.Facts) {
	var parts []string
	if f.Product.Pack != "" {
		parts = append(parts, f.Product.Pack)
	}
	if cnk := string(f.Content.CNK); len(cnk) == 7 {
		parts = append(parts, i18n.Text(f.Language, "doc.cnk", "code", cnk[:4]+"-"+cnk[4:]))
	}
	if f.Content.Route != "" {
		parts = append(parts, i18n.Text(f.Language, "route."+f.Content.Route))
	}
	if len(parts) > 0 {
		c.add(near, plain(strings.Join(parts, " · ")))
	}
}

// amounts say how much: packages or preparations, and how long.
func amounts(lang rx.Lang, l rx.Line) (lines []string) {
	if l.Quantity > 0 {
		counted := "pack"
		if l.Kind == rx.Magistral {
			counted = "doc.preparation"
		}
		lines = append(lines, i18n.Text(lang, "doc.quantity", "amount", i18n.Count(lang, counted, l.Quantity)))
	}
	if l.Duration != nil {
		lines = append(lines, i18n.Text(lang, "doc.duration", "span", i18n.Span(lang, *l.Duration)))
	}
	return lines
}

// inWords says dose and quantity of a narcotic in full words (RD of 6 September
// 2017). No program turns a free posology into words: its place stays empty for the
// doctor's hand.
func inWords(f rx.Facts) (parts []string) {
	lang, l, p := f.Language, f.Content, f.Content.Posology
	number := func(n int) string { return i18n.InWords(lang, rx.Decimal(n)*1000) }
	if p.Structured() {
		parts = append(parts, i18n.Text(lang, "doc.words.dose", "words", i18n.InWords(lang, p.Dose)))
		if p.TimesPerDay > 0 {
			parts = append(parts, i18n.Text(lang, "doc.words.per-day", "words", number(p.TimesPerDay)))
		}
		if p.DurationDays > 0 {
			parts = append(parts, i18n.Text(lang, "doc.words.days", "words", number(p.DurationDays)))
		}
	} else {
		parts = append(parts, i18n.Text(lang, "doc.words.dose", "words", strings.Repeat("_", 40)))
	}
	if l.Quantity > 0 {
		parts = append(parts, i18n.Text(lang, "doc.words.quantity", "words", number(l.Quantity)))
		if size := f.Product.PackSize; size > 0 {
			parts = append(parts, i18n.Text(lang, "doc.words.pack-size", "words", number(size)))
		}
	}
	if l.Duration != nil {
		parts = append(parts, i18n.Text(lang, "doc.words.duration", "words", number(l.Duration.Value), "span", i18n.Span(lang, *l.Duration)))
	}
	return parts
}

// dates are the day of writing and the days between which it may be executed.
func dates(c *column, f rx.Facts, tell telling) {
	issued := rx.DateOf(f.Issued)
	var begin []span
	if tell.issued {
		begin = append(begin, plain(i18n.Text(f.Language, "doc.date")), plain(i18n.Date(issued)))
	}
	if f.Content.Begin.After(issued) { // no field of the form, but honoured when written
		if len(begin) > 0 {
			begin = append(begin, plain("·"))
		}
		begin = append(begin, plain(i18n.Text(f.Language, "doc.begin")), bold(i18n.Date(f.Content.Begin)))
	}
	gap := far
	if len(begin) > 0 {
		c.add(far, begin...)
		gap = near
	}
	if tell.end {
		c.add(gap, plain(i18n.Text(f.Language, "doc.end")), bold(i18n.Date(f.Content.Expires)))
	}
}

// prescriber is the name of who prescribes, last name first as on the card.
func prescriber(p rx.Practice) string { return p.Prescriber.LastName + " " + p.Prescriber.FirstName }

// patientName stands in the largest type of the sheet beside its title.
func patientName(c *column, p rx.Patient) {
	c.add(near, span{p.LastName + " " + p.FirstName, style{size: name, bold: true}})
}

// birth writes the day of birth, the age, and "child" or "newborn" if so.
func birth(c *column, lang rx.Lang, p rx.Patient, day rx.Date) {
	c.add(near, plain(i18n.Text(lang, "doc.birth-date")), bold(i18n.Date(p.BirthDate)), plain("("+age(lang, p, day)+")"))
	switch {
	case rx.IsNewborn(p, day):
		c.add(near, bold(i18n.Text(lang, "doc.newborn")))
	case rx.IsChild(p, day):
		c.add(near, bold(i18n.Text(lang, "doc.child")))
	}
}

// age in years from two years on, before that in months, of the first three in days.
func age(lang rx.Lang, p rx.Patient, day rx.Date) string {
	if years := p.Age(day); years >= 2 {
		return i18n.Span(lang, rx.Span{Value: years, Unit: "a"})
	}
	months := 12*(day.Year-p.BirthDate.Year) + int(day.Month-p.BirthDate.Month)
	if day.Day < p.BirthDate.Day {
		months--
	}
	if months >= 3 {
		return i18n.Span(lang, rx.Span{Value: months, Unit: "mo"})
	}
	return i18n.Span(lang, rx.Span{Value: p.BirthDate.DaysUntil(day), Unit: "d"})
}

// sameContact tells that b may stand on one sheet with a: one patient, one
// prescriber, one language.
func sameContact(a, b rx.Facts) bool {
	return a.Language == b.Language && a.Practice == b.Practice &&
		a.Patient.SSIN == b.Patient.SSIN && a.Patient.BirthDate == b.Patient.BirthDate &&
		a.Patient.LastName == b.Patient.LastName && a.Patient.FirstName == b.Patient.FirstName
}

// contacts parts lines, in their order, where one sheet may not go on.
func contacts[L any](lines []L, facts func(L) rx.Facts) (groups [][]L) {
	start := 0
	for i := range lines {
		if i+1 == len(lines) || !sameContact(facts(lines[i]), facts(lines[i+1])) {
			groups = append(groups, lines[start:i+1])
			start = i + 1
		}
	}
	return groups
}
