package kmehr

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// lexical are the types of XML Schema part 2 that the schema uses, and two data types of
// KMEHR (plain-date, plain-time): whether a text is one. Where a common validator (libxml2)
// is stricter than the standard, so is this: it takes no spaces around a date, a time or an
// unsigned number, and no number of more than 24 digits.
var lexical = map[string]func(string) bool{
	"string":  func(string) bool { return true },
	"boolean": like(`true|false|1|0`),
	"decimal": short(like(`[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)`)),
	"unsignedInt": func(s string) bool {
		_, err := strconv.ParseUint(s, 10, 32)
		return err == nil
	},
	"positiveInteger": short(like(`\+?0*[1-9][0-9]*`)),
	"language":        like(`[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*`),
	"base64Binary":    like(`([B] ?[B] ?[B] ?[B] ?)*([B] ?[B] ?[AEIMQUYcgkosw048] ?= ?|[B] ?[AQgw] ?= ?= ?)?`),
	"date":            dated(`([Y])-([0-9]{2})-([0-9]{2})[Z]`),
	"time":            like(`[T][Z]`),
	"dateTime":        dated(`([Y])-([0-9]{2})-([0-9]{2})T[T][Z]`),
	"gYear":           dated(`([Y])[Z]`),
	"gYearMonth":      dated(`([Y])-([0-9]{2})[Z]`),
	"plain-date":      dated(`(19(?:0[1-9]|[1-9][0-9])|[2-9][0-9]{3})-([0-9]{2})-([0-9]{2})`),
	"plain-time":      plainTime,
}

// parts of the patterns above.
var parts = strings.NewReplacer(
	`[B]`, `[A-Za-z0-9+/]`,
	`[Y]`, `-?(?:[1-9][0-9]{4,}|[0-9]{4})`,
	`[T]`, `(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)`,
	`[Z]`, `(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?`,
)

var plainClock = like(`([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]+)?`)

// plainTime ends at 23:59:59.
func plainTime(s string) bool {
	return plainClock(s) && (!strings.HasPrefix(s, "23:59:59.") || strings.Trim(s[9:], "0") == "")
}

func like(pattern string) func(string) bool {
	return regexp.MustCompile(`^(?:` + parts.Replace(pattern) + `)$`).MatchString
}

// dated is like, and the year, month and day of its groups are in the calendar.
func dated(pattern string) func(string) bool {
	compiled := regexp.MustCompile(`^(?:` + parts.Replace(pattern) + `)$`)
	return func(s string) bool {
		found := compiled.FindStringSubmatch(s)
		if found == nil || strings.Trim(found[1], "-0") == "" {
			return false
		}
		month, day := 1, 1
		if len(found) > 2 {
			month, _ = strconv.Atoi(found[2])
		}
		if len(found) > 3 {
			day, _ = strconv.Atoi(found[3])
		}
		year, _ := strconv.Atoi(found[1][len(found[1])-4:]) // of a longer one too: 10,000 years are 25 times 400
		return month >= 1 && month <= 12 && day >= 1 && time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
	}
}

// short is for numbers that every validator can hold.
func short(is func(string) bool) func(string) bool {
	return func(s string) bool { return len(strings.Trim(s, "+-")) <= 24 && is(s) }
}

// spaced are the types around whose texts spaces may stand.
var spaced = map[string]bool{"boolean": true, "decimal": true, "positiveInteger": true, "language": true, "base64Binary": true,
	"plain-date": true, "plain-time": true}

// fits tells that a text is of a type.
func fits(base, text string) bool {
	if spaced[base] {
		text = collapsed(text)
	}
	return lexical[base](text)
}

// collapsed is what the type of a text that is no string sees of it.
func collapsed(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }), " ")
}
