package rx

import (
	"strconv"
	"strings"
)

// Posology is the dose: structured (dose, unit, times) or free text, never both.
// Its text in the document's language is made by app/i18n and frozen at issue.
type Posology struct {
	Dose         Decimal `json:"dose,omitzero"`
	Unit         string  `json:"unit,omitempty"`          // one of Units
	UnitText     string  `json:"unit_text,omitempty"`     // for what no unit names
	TimesPerDay  int     `json:"times_per_day,omitempty"` // or Every
	Every        *Span   `json:"every,omitempty"`         // once in each span: {"value": 1, "unit": "wk"}
	AsNeeded     bool    `json:"as_needed,omitempty"`
	DurationDays int     `json:"duration_days,omitempty"`
	Text         string  `json:"text,omitempty"` // free text, shown as written, never translated
}

// IsZero tells that nothing is said.
func (p Posology) IsZero() bool { return p == Posology{} }

// Structured tells that the dose is given by its parts.
func (p Posology) Structured() bool { return !p.Dose.IsZero() }

// Units are the administration units of Relais, by our word; each has singular
// and plural in four languages in the catalogues ("unit.WORD").
var Units = []string{
	"tablet", "capsule", "drop", "ml", "mg", "g", "puff", "sachet", "suppository", "patch", "ampoule", "vial",
	"syringe", "injection", "unit", "spoon5", "spoon15", "measure", "application", "spray", "lozenge", "ovule", "film", "dose",
}

// Decimal is a number with at most three decimals, in thousandths: doses are
// exact, never binary fractions. JSON carries it as a string: "0.5".
type Decimal int64

// MaxDecimal bounds what is accepted: 1,000,000 units.
const MaxDecimal Decimal = 1_000_000_000

// ParseDecimal reads "1", "0.5" or "0,5". A leading zero is needed before the
// mark, at most three decimals follow, no grouping: "1.000" with a thousand in
// mind and "1.000" with three decimals cannot be told apart, so three decimals
// that end in zero are refused (workflow facts §4, points 12 and 13).
func ParseDecimal(s string) (Decimal, error) {
	whole, frac, marked := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	if whole == "" || len(whole) > 7 || len(whole) > 1 && whole[0] == '0' ||
		marked && (frac == "" || len(frac) > 3 || len(frac) == 3 && frac[2] == '0') {
		return 0, Fault(CodeDecimalForm)
	}
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return 0, Fault(CodeDecimalForm)
		}
	}
	d := Decimal(number(whole)*1000 + number((frac + "000")[:3]))
	if d > MaxDecimal {
		return 0, Fault(CodeDecimalForm)
	}
	return d, nil
}

// IsZero tells that no number is given; a dose is never 0.
func (d Decimal) IsZero() bool { return d == 0 }

// String is the number with a point and no trailing zero: "0.5", "2".
func (d Decimal) String() string {
	s := strconv.FormatInt(int64(d/1000), 10)
	if frac := d % 1000; frac != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(int64(1000+frac), 10)[1:], "0")
	}
	return s
}

// MarshalText is String.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDecimal.
func (d *Decimal) UnmarshalText(text []byte) error {
	parsed, err := ParseDecimal(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Coverage says how far packages carry a treatment: "16 capsules = 5 days of 7,
// 2 packages". Units are those of the dose, which must be the package's own.
type Coverage struct {
	Units  int // in the packages given
	Days   int // whole days that they last
	Needed int // days of the treatment; 0 when it has no stated end
	Packs  int // packages that the treatment needs; 0 when it has no stated end
}

// Covers computes the coverage of packs packages of size units each. ok is false
// when the posology is free text, as needed, in another unit than the package
// (unit), or the size is unknown: then nothing is shown rather than a guess.
func Covers(p Posology, duration *Span, packs, size int, unit string) (Coverage, bool) {
	perDay := p.Dose * Decimal(p.TimesPerDay)
	if !p.Structured() || p.AsNeeded || p.TimesPerDay == 0 || packs <= 0 || size <= 0 || p.Unit == "" || p.Unit != unit {
		return Coverage{}, false
	}
	c := Coverage{Units: packs * size, Needed: p.DurationDays}
	if c.Needed == 0 && duration != nil {
		c.Needed = duration.Days()
	}
	c.Days = int(Decimal(c.Units) * 1000 / perDay)
	if c.Needed > 0 {
		total := Decimal(c.Needed) * perDay
		pack := Decimal(size) * 1000
		c.Packs = int((total + pack - 1) / pack)
	}
	return c, true
}
