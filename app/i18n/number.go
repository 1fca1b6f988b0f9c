package i18n

import (
	"strconv"
	"strings"

	"relais/app/rx"
)

// Spaces that never break a line: between an amount and its unit, and between
// groups of three digits (workflow facts §4, points 11 and 13).
const (
	noBreak     = "\u00a0"
	thinNoBreak = "\u202f"
)

// Number is d for people: a leading zero, no trailing zero, thousands apart by a
// thin space, a comma before decimals (a point in English).
func Number(lang rx.Lang, d rx.Decimal) string {
	whole, frac, _ := strings.Cut(d.String(), ".")
	whole = grouped(whole)
	if frac == "" {
		return whole
	}
	if lang == rx.EN {
		return whole + "." + frac
	}
	return whole + "," + frac
}

// Int is n for people.
func Int(n int) string {
	if n < 0 {
		return "−" + grouped(strconv.Itoa(n)[1:])
	}
	return grouped(strconv.Itoa(n))
}

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + thinNoBreak + digits[i:]
	}
	return digits
}

// Plural is the form that an amount takes: "one" or "many", the last word of a key.
// French takes the singular below two; Dutch, German and English for one and for
// parts of one ("0,5 tablet"), not for none.
func Plural(lang rx.Lang, d rx.Decimal) string {
	switch {
	case lang == rx.NL || lang == rx.DE || lang == rx.EN:
		if d > 0 && d <= 1000 {
			return "one"
		}
	case d < 2000:
		return "one"
	}
	return "many"
}

// Count is the text of key + ".one" or ".many" for n things; {n} is their number.
func Count(lang rx.Lang, key string, n int, args ...string) string {
	return Text(lang, key+"."+Plural(lang, rx.Decimal(n)*1000), append([]string{"n", Int(n)}, args...)...)
}
