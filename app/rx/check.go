package rx

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of texts, in characters. What is longer fits no line of a document or no
// field of the pharmacist's program.
const (
	MaxName        = 60   // a first or last name
	MaxProduct     = 200  // the name of a product
	MaxMagistral   = 2000 // the free text of a magistral preparation
	MaxInstruction = 500  // an instruction, a free posology
	MaxUnitText    = 40   // a dose unit in words, the unit of a compound
	MaxContact     = 100  // a street, a city, a qualification
	MaxPhone       = 40   // a phone number with its remark
	MaxEmail       = 254  // RFC 5321 §4.5.3.1
	MaxNumber      = 15   // a house number with its box
)

// Bounds of numbers. Days reach one year, as a prescription does.
const (
	MaxQuantity    = 99  // packages, or units of a preparation
	MaxTimesPerDay = 24  // once an hour
	MaxDays        = 366 // of a treatment, an interval, a regimen
	MaxRenewals    = 99
	MaxCompounds   = 20
	MaxRegimen     = 50  // moments of a dosing scheme
	MaxAge         = 130 // years
)

// CheckOptions say what the caller allows, and when it is.
type CheckOptions struct {
	Today      Date            // the practice's day
	Written    Date            // the day on which it was written by hand; zero: not by hand
	Paper      bool            // it goes to paper: a patient without national number is allowed
	AsFreeText bool            // a code that the medicines file does not know becomes a product by its name
	Shows      func(rune) bool // what the font of the documents can draw; nil: every printing character
}

// Checked is a request without fault, its defaults filled in.
type Checked struct {
	ID      ID
	Patient Patient
	Lines   []CheckedLine
	Proof   ProofWish
}

// CheckedLine is a sound line. Begin, Expires and Visibility are set.
type CheckedLine struct {
	Line
	Medicine Medicine  // as the medicines file has it; zero for magistral and free
	Coverage *Coverage // nil when nothing certain can be said
}

func (Checked) Format(f fmt.State, _ rune)     { redact(f, "Checked") }
func (Checked) LogValue() slog.Value           { return slog.StringValue("Checked(…)") }
func (CheckedLine) Format(f fmt.State, _ rune) { redact(f, "CheckedLine") }
func (CheckedLine) LogValue() slog.Value       { return slog.StringValue("CheckedLine(…)") }

// Check examines a request as a whole. It gives all faults, each with its JSON path,
// and warnings that a person may overrule; with a fault the Checked is of no use.
// find gives what the medicines file has for the code of a line.
//
// Rules: formats "Order file"; validity paper-and-law §4; products recipe-protocol
// §4.2; mandatory content paper-and-law §1 (RD of 10 August 2005).
func Check(r Request, find func(Line) (Medicine, bool), o CheckOptions) (Checked, Faults, Faults) {
	c := &checker{CheckOptions: o}
	c.day = o.Today
	if !o.Written.IsZero() {
		if c.day = o.Written; !c.day.exists() || c.day.After(o.Today) || LatestExpiry(c.day).Before(o.Today) {
			c.fault("", CodeWrittenDate)
		}
	}
	if r.ID == "" {
		c.fault("$.id", CodeMissing)
	} else {
		canonical(c, "$.id", r.ID, ParseID)
	}
	c.patient("$.patient", r.Patient)
	if r.Patient.SSIN == "" && r.Patient.NoSSIN != "" && !o.Paper && o.Written.IsZero() {
		c.fault("$.patient.no_ssin", CodePaperOnly)
	}
	if n := len(r.Lines); n < 1 || n > MaxLines {
		c.fault("$.lines", CodeLineCount, "min", "1", "max", strconv.Itoa(MaxLines))
	}
	out := Checked{ID: r.ID, Patient: r.Patient, Proof: r.Proof}
	for i, l := range r.Lines[:min(len(r.Lines), MaxLines)] {
		out.Lines = append(out.Lines, c.line(fmt.Sprintf("$.lines[%d]", i), l, find))
	}
	oneOf(c, "$.proof", r.Proof, ProofWishes, false)
	if out.Proof == "" {
		out.Proof = ProofAuto
	}
	return out, c.faults, c.warnings
}

// CheckPatient examines a person; at is the JSON path of it ("$" for a file of its
// own). The warnings are contradictions between the national number and the rest.
func CheckPatient(at string, p Patient, o CheckOptions) (faults, warnings Faults) {
	c := &checker{CheckOptions: o, day: o.Today}
	c.patient(at, p)
	return c.faults, c.warnings
}

// CheckPractice examines the file of `relais init --practice`. What a KMEHR message
// and a paper prescription must say is needed (recipe-protocol §4.1, paper-and-law §1).
func CheckPractice(p Practice, o CheckOptions) Faults {
	c := &checker{CheckOptions: o, day: o.Today}
	c.name("$.prescriber.first_name", p.Prescriber.FirstName)
	c.name("$.prescriber.last_name", p.Prescriber.LastName)
	canonical(c, "$.prescriber.nihii", p.Prescriber.NIHII, ParseNIHII)
	canonical(c, "$.prescriber.ssin", p.Prescriber.SSIN, ParseSSIN)
	c.needed("$.prescriber.qualification", p.Prescriber.Qualification, MaxContact)
	c.needed("$.address.street", p.Address.Street, MaxContact)
	c.needed("$.address.number", p.Address.Number, MaxNumber)
	if _, ok := digits(p.Address.Zip, 4, ""); !ok {
		c.fault("$.address.zip", CodeZipForm)
	}
	c.needed("$.address.city", p.Address.City, MaxContact)
	if c.needed("$.phone", p.Phone, MaxPhone) && strings.IndexFunc(p.Phone, unicode.IsDigit) < 0 {
		c.fault("$.phone", CodePhoneForm)
	}
	if c.needed("$.email", p.Email, MaxEmail) {
		if user, host, _ := strings.Cut(p.Email, "@"); user == "" || !strings.Contains(host, ".") || strings.ContainsAny(p.Email, " \n") {
			c.fault("$.email", CodeEmailForm)
		}
	}
	oneOf(c, "$.region_language", p.RegionLanguage, DocumentLangs, true)
	return c.faults
}

// checker collects faults; its methods tell whether what they looked at is sound.
type checker struct {
	CheckOptions
	day              Date // from which validity counts: today, or the day of writing by hand
	faults, warnings Faults
}

func (c *checker) fault(path string, code Code, args ...string) {
	c.faults = append(c.faults, Fault(code, args...).At(path))
}

func (c *checker) warn(path string, code Code) {
	c.warnings = append(c.warnings, Fault(code).At(path))
}

func (c *checker) patient(at string, p Patient) {
	if (p.SSIN == "") == (p.NoSSIN == "") {
		c.fault(at, CodeExactlyOne, "of", "ssin, no_ssin")
	}
	ssin := p.SSIN != "" && canonical(c, at+".ssin", p.SSIN, ParseSSIN)
	oneOf(c, at+".no_ssin", p.NoSSIN, NoSSINs, false)
	c.name(at+".first_name", p.FirstName)
	c.name(at+".last_name", p.LastName)
	switch b := p.BirthDate; {
	case b.IsZero():
		c.fault(at+".birth_date", CodeMissing)
	case !b.exists():
		c.fault(at+".birth_date", CodeDateForm)
	case b.After(c.Today) || p.Age(c.Today) > MaxAge:
		c.fault(at+".birth_date", CodeBirthDate, "years", strconv.Itoa(MaxAge))
	default:
		if stated, ok := p.SSIN.BirthDate(); ssin && ok && stated != b {
			c.warn(at+".birth_date", CodeSSINBirthDate)
		}
	}
	if oneOf(c, at+".sex", p.Sex, Sexes, true) && ssin {
		if stated, ok := p.SSIN.Sex(); ok && (p.Sex == Female || p.Sex == Male) && stated != p.Sex {
			c.warn(at+".sex", CodeSSINSex)
		}
	}
	oneOf(c, at+".language", p.Language, DocumentLangs, false)
	c.text(at+".phone", p.Phone, MaxPhone)
}

func (c *checker) line(at string, l Line, find func(Line) (Medicine, bool)) CheckedLine {
	before := len(c.faults)
	out := CheckedLine{Line: l}
	if oneOf(c, at+".kind", l.Kind, Kinds, true) {
		c.product(at, &out, find)
		c.amount(at, out.Line)
	}
	c.posology(at+".posology", l.Posology)
	c.validity(at, &out.Line)

	oneOf(c, at+".instruction_reimbursement", l.InstructionReimbursement, ReimbursementInstructions, false)
	c.text(at+".instruction_patient", l.InstructionPatient, MaxInstruction)
	oneOf(c, at+".visibility", l.Visibility, Visibilities, false)
	oneOf(c, at+".route", l.Route, Routes, false)
	oneOf(c, at+".temporality", l.Temporality, Temporalities, false)
	c.regimen(at+".regimen", l.Regimen)
	if r := l.Renewal; r != nil {
		c.number(at+".renewal.times", r.Times, 1, MaxRenewals)
		c.span(at+".renewal.interval", r.Interval)
	}
	if out.Visibility == "" {
		out.Visibility = Open
	}
	if len(c.faults) > before {
		return out
	}

	p, m := l.Posology, out.Medicine
	if m.Unit != "" && p.Structured() && p.Unit != m.Unit {
		c.warn(at+".posology.unit", CodeDoseUnit)
	}
	if l.Duration != nil && p.DurationDays > 0 && l.Duration.Days() != p.DurationDays {
		c.warn(at+".duration", CodeDurationsDiffer)
	}
	if cover, ok := Covers(p, l.Duration, l.Quantity, m.PackSize, m.Unit); ok {
		out.Coverage = &cover
		if cover.Packs > l.Quantity {
			c.warn(at+".quantity", CodePacksTooFew)
		}
	}
	return out
}

// ProductFields are the fields that may name the product of each kind of line.
var ProductFields = map[Kind][]string{
	Package:   {"cnk", "name"},
	INN:       {"vmp_group", "inn_cluster", "name"},
	Magistral: {"text", "formulary", "name", "compounds"},
	Free:      {"name"},
}

// product checks what the line names, and looks it up by its code.
func (c *checker) product(at string, l *CheckedLine, find func(Line) (Medicine, bool)) {
	for _, field := range []struct {
		name  string
		given bool
	}{
		{"cnk", l.CNK != ""}, {"vmp_group", l.VMPGroup != ""}, {"inn_cluster", l.INNCluster != ""}, {"name", l.Name != ""},
		{"text", l.Text != ""}, {"formulary", l.Formulary != ""}, {"compounds", len(l.Compounds) > 0},
	} {
		if field.given && !slices.Contains(ProductFields[l.Kind], field.name) {
			c.fault(at+"."+field.name, CodeNotOfKind, "kind", string(l.Kind))
		}
	}
	switch l.Kind {
	case Package:
		c.text(at+".name", l.Name, MaxProduct)
		if l.CNK == "" {
			c.fault(at+".cnk", CodeMissing)
		} else if canonical(c, at+".cnk", l.CNK, ParseCNK) {
			c.lookUp(at, ".cnk", l, find)
		}
	case INN:
		c.text(at+".name", l.Name, MaxProduct)
		switch group, cluster := l.VMPGroup != "", l.INNCluster != ""; {
		case group == cluster:
			c.fault(at, CodeExactlyOne, "of", "vmp_group, inn_cluster")
		case group && c.code(at+".vmp_group", l.VMPGroup, ""):
			c.lookUp(at, ".vmp_group", l, find)
		case cluster && c.code(at+".inn_cluster", l.INNCluster, "8", "0"):
			c.lookUp(at, ".inn_cluster", l, find)
		}
	case Magistral:
		c.magistral(at, l.Line)
	case Free:
		c.needed(at+".name", l.Name, MaxProduct)
	}
}

// lookUp fills the medicine in. A code that the file does not know is refused, or
// with AsFreeText turned into a product by its name, and then checked as such.
func (c *checker) lookUp(at, field string, l *CheckedLine, find func(Line) (Medicine, bool)) {
	m, known := find(l.Line)
	switch {
	case !known && c.AsFreeText:
		l.Kind, l.CNK, l.VMPGroup, l.INNCluster = Free, "", "", ""
		c.needed(at+".name", l.Name, MaxProduct)
	case !known:
		c.fault(at+field, CodeUnknownProduct)
	default:
		l.Medicine = m
		if l.Name != "" && !named(m, l.Name) {
			c.fault(at+".name", CodeNameDiffers)
		}
	}
}

func (c *checker) magistral(at string, l Line) {
	given := 0
	for _, is := range []bool{l.Text != "", l.Formulary != "", len(l.Compounds) > 0} {
		if is {
			given++
		}
	}
	if given != 1 {
		c.fault(at, CodeExactlyOne, "of", "text, formulary, compounds")
		return
	}
	c.text(at+".text", l.Text, MaxMagistral)
	if l.Formulary != "" { // the message needs the preparation's name beside its code
		c.code(at+".formulary", l.Formulary, "05")
		c.needed(at+".name", l.Name, MaxProduct)
	} else if l.Name != "" {
		c.fault(at+".name", CodeNotOfKind, "kind", string(l.Kind))
	}
	if len(l.Compounds) > MaxCompounds {
		c.fault(at+".compounds", CodeTooMany, "max", strconv.Itoa(MaxCompounds))
		return
	}
	for i, x := range l.Compounds {
		at := fmt.Sprintf("%s.compounds[%d]", at, i)
		c.needed(at+".name", x.Name, MaxProduct)
		c.decimal(at+".quantity", x.Quantity)
		c.needed(at+".unit", x.Unit, MaxUnitText)
	}
}

// amount checks quantity and duration: packages, or for an INN the duration in their
// place, since the pharmacist chooses the package (RD of 10 August 2005).
func (c *checker) amount(at string, l Line) {
	switch {
	case l.Kind != INN && l.Quantity == 0:
		c.fault(at+".quantity", CodeMissing)
	case l.Kind != INN:
		c.number(at+".quantity", l.Quantity, 1, MaxQuantity)
	case l.Quantity != 0:
		c.fault(at+".quantity", CodeQuantityOnINN)
	}
	if l.Duration != nil {
		c.span(at+".duration", *l.Duration)
	} else if l.Kind == INN && l.Posology.DurationDays == 0 {
		c.fault(at+".duration", CodeMissing)
	}
}

func (c *checker) posology(at string, p Posology) {
	parts := p
	parts.Text = ""
	switch {
	case p.IsZero():
		c.fault(at, CodeMissing)
		return
	case p.Text != "" && !parts.IsZero():
		c.fault(at, CodeExactlyOne, "of", "text, dose")
		return
	case p.Text != "":
		c.needed(at+".text", p.Text, MaxInstruction)
		return
	}
	c.decimal(at+".dose", p.Dose)
	if (p.Unit == "") == (p.UnitText == "") {
		c.fault(at, CodeExactlyOne, "of", "unit, unit_text")
	}
	oneOf(c, at+".unit", p.Unit, Units, false)
	c.text(at+".unit_text", p.UnitText, MaxUnitText)
	if daily := p.TimesPerDay != 0; daily == (p.Every != nil) && (daily || !p.AsNeeded) {
		c.fault(at, CodeExactlyOne, "of", "times_per_day, every")
	}
	if p.TimesPerDay != 0 {
		c.number(at+".times_per_day", p.TimesPerDay, 1, MaxTimesPerDay)
	}
	if p.Every != nil {
		c.span(at+".every", *p.Every)
	}
	if p.DurationDays != 0 {
		c.number(at+".duration_days", p.DurationDays, 1, MaxDays)
	}
}

// validity checks begin and expires, and fills them in where nothing is said.
func (c *checker) validity(at string, l *Line) {
	latest := LatestExpiry(c.day)
	begins := true
	switch {
	case l.Begin.IsZero():
		l.Begin = c.day
	case !l.Begin.exists():
		begins = false
		c.fault(at+".begin", CodeDateForm)
	case l.Begin.Before(c.day):
		begins = false
		c.fault(at+".begin", CodeBeforeToday)
	case l.Begin.After(latest):
		begins = false
		c.fault(at+".begin", CodeTooLate, "latest", latest.String())
	}
	switch {
	case l.Expires.IsZero():
		if l.Expires = DefaultExpiry(l.Begin); l.Expires.After(latest) {
			l.Expires = latest
		}
	case !l.Expires.exists():
		c.fault(at+".expires", CodeDateForm)
	case l.Expires.Before(c.day):
		c.fault(at+".expires", CodeBeforeToday)
	case l.Expires.After(latest):
		c.fault(at+".expires", CodeTooLate, "latest", latest.String())
	case begins && l.Expires.Before(l.Begin):
		c.fault(at+".expires", CodeBeforeBegin)
	}
}

func (c *checker) regimen(at string, entries []RegimenEntry) {
	if len(entries) > MaxRegimen {
		c.fault(at, CodeTooMany, "max", strconv.Itoa(MaxRegimen))
		return
	}
	for i, e := range entries {
		at := fmt.Sprintf("%s[%d]", at, i)
		days := 0
		if e.DayNumber != 0 {
			days++
			c.number(at+".day_number", e.DayNumber, 1, MaxDays)
		}
		if !e.Date.IsZero() {
			if days++; !e.Date.exists() {
				c.fault(at+".date", CodeDateForm)
			} else if e.Date.Before(c.day) {
				c.fault(at+".date", CodeBeforeToday)
			}
		}
		if e.Weekday != "" {
			days++
			oneOf(c, at+".weekday", e.Weekday, Weekdays, true)
		}
		if days != 1 {
			c.fault(at, CodeExactlyOne, "of", "day_number, date, weekday")
		}
		if (e.Time == "") == (e.DayPeriod == "") {
			c.fault(at, CodeExactlyOne, "of", "time, day_period")
		}
		if _, err := time.Parse("15:04", e.Time); e.Time != "" && (err != nil || len(e.Time) != 5) {
			c.fault(at+".time", CodeTimeForm)
		}
		oneOf(c, at+".day_period", e.DayPeriod, DayPeriods, false)
		c.decimal(at+".quantity", e.Quantity)
	}
}

func (c *checker) number(path string, n, least, most int) {
	if n < least || n > most {
		c.fault(path, CodeOutOfRange, "min", strconv.Itoa(least), "max", strconv.Itoa(most))
	}
}

func (c *checker) decimal(path string, d Decimal) {
	switch {
	case d == 0:
		c.fault(path, CodeMissing)
	case d < 0 || d > MaxDecimal:
		c.fault(path, CodeDecimalForm)
	}
}

func (c *checker) span(at string, s Span) {
	perUnit, known := TimeUnits[s.Unit]
	if !known {
		oneOf(c, at+".unit", s.Unit, slices.Sorted(maps.Keys(TimeUnits)), true)
	}
	c.number(at+".value", s.Value, 1, MaxDays/max(perUnit, 1))
}

// code checks a code of seven digits that starts with one of the given digits.
func (c *checker) code(path, code string, starts ...string) bool {
	if _, ok := digits(code, 7, ""); ok && slices.ContainsFunc(starts, func(s string) bool { return strings.HasPrefix(code, s) }) {
		return true
	}
	c.fault(path, CodeProductCodeForm)
	return false
}

// name checks a person's name: it has a letter.
func (c *checker) name(path, s string) {
	if c.needed(path, s, MaxName) && strings.IndexFunc(s, unicode.IsLetter) < 0 {
		c.fault(path, CodeMissing)
	}
}

func (c *checker) needed(path, s string, most int) bool {
	if s == "" {
		c.fault(path, CodeMissing)
		return false
	}
	return c.text(path, s, most)
}

// text checks what documents and messages carry: at most so many characters, each of
// which can be shown (no control or direction marks, no private use, nothing beyond
// the Basic Multilingual Plane, no trace of characters lost before), lines apart by
// \n, and not blank. "" is sound.
func (c *checker) text(path, s string, most int) bool {
	switch {
	case s == "":
		return true
	case strings.TrimSpace(s) == "":
		c.fault(path, CodeMissing)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && !c.showable(r) }):
		c.fault(path, CodeUnshowable)
	case utf8.RuneCountInString(s) > most:
		c.fault(path, CodeTooLong, "max", strconv.Itoa(most))
	default:
		return true
	}
	return false
}

func (c *checker) showable(r rune) bool {
	return unicode.IsGraphic(r) && r != utf8.RuneError && r <= 0xffff && (c.Shows == nil || c.Shows(r))
}

// oneOf checks a word against its list.
func oneOf[T ~string](c *checker, path string, word T, list []T, need bool) bool {
	switch {
	case word == "" && need:
		c.fault(path, CodeMissing)
	case word != "" && !slices.Contains(list, word):
		words := make([]string, len(list))
		for i, w := range list {
			words[i] = string(w)
		}
		c.fault(path, CodeNotInList, "list", strings.Join(words, ", "))
	default:
		return true
	}
	return false
}

// canonical checks an identifier, which is kept in its compact form.
func canonical[T ~string](c *checker, path string, id T, parse func(string) (T, error)) bool {
	if id == "" {
		c.fault(path, CodeMissing)
		return false
	}
	switch parsed, err := parse(string(id)); {
	case err != nil:
		c.fault(path, CodeOf(err))
		return false
	case parsed != id:
		c.fault(path, CodeNotCompact)
		return false
	}
	return true
}

// named tells that s is the medicine's name in one of its languages, whatever the
// case, the accents and the spaces. Figures and punctuation must be the same.
func named(m Medicine, s string) bool {
	s = Fold(s)
	for _, name := range m.Name {
		if Fold(name) == s {
			return true
		}
	}
	return false
}

// unaccented are the letters of Belgian names and medicines without their accents.
var unaccented = strings.NewReplacer("à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ç", "c", "è", "e", "é", "e", "ê", "e",
	"ë", "e", "ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ö", "o", "ù", "u", "ú", "u",
	"û", "u", "ü", "u", "ý", "y", "ÿ", "y", "œ", "oe", "æ", "ae", "ß", "ss", "\u00b5", "\u03bc") // micro sign, Greek mu

// Fold makes texts comparable: lower case, without accents, single spaces.
func Fold(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii { // nearly every name and medicine
		return strings.Join(strings.Fields(strings.ToLower(s)), " ")
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) { // accents that stand as characters of their own
			return -1
		}
		return unicode.ToLower(r)
	}, s)
	return strings.Join(strings.Fields(unaccented.Replace(s)), " ")
}

// exists tells that the day is in the calendar; a Date made by hand may not be.
func (d Date) exists() bool { return d.Year >= 1 && d.Year <= 9999 && DateOf(d.utc()) == d }
