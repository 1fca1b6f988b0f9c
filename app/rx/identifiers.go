package rx

import "time"

// Identifiers are kept in their compact form (digits, or upper case for a RID).
// Sources of the checks: paper-and-law facts §5 (national register, INAMI
// circular 2012/26, CNK by Luhn over nine of nine public samples); recipe
// protocol §5 (RID).
type (
	// SSIN is a Belgian social security number: NISS/INSZ or BIS, 11 digits.
	SSIN string
	// NIHII is an INAMI/RIZIV number of a prescriber, 11 digits.
	NIHII string
	// CNK is a national code of a medicine's package, 7 digits.
	CNK string
	// RID is Recip-e's identifier of an electronic prescription, 12 characters.
	// Only the server makes one.
	RID string
)

// ParseSSIN accepts 11 digits, also written 85.07.30-034.27, and checks them:
// 97 minus the first nine modulo 97, a 2 in front for those born from 2000 on.
func ParseSSIN(s string) (SSIN, error) {
	d, ok := digits(s, 11, ".- ")
	if !ok {
		return "", Fault(CodeSSINForm)
	}
	first, check := number(d[:9]), number(d[9:])
	if check != 97-first%97 && check != 97-(2_000_000_000+first)%97 {
		return "", Fault(CodeSSINCheck)
	}
	if month := number(d[2:4]) % 20; number(d[2:4]) >= 60 || month > 12 || number(d[4:6]) > 31 {
		return "", Fault(CodeSSINForm)
	}
	return SSIN(d), nil
}

// IsBIS tells a BIS number (month + 20 or + 40): a person without a national
// register entry, for whom the proof is always printed.
func (n SSIN) IsBIS() bool { return len(n) == 11 && number(string(n[2:4])) >= 20 }

// BirthDate is the day of birth that the number states; ok is false when the
// number leaves month or day open (00) or names a day that does not exist.
func (n SSIN) BirthDate() (Date, bool) {
	if len(n) != 11 {
		return Date{}, false
	}
	d := string(n)
	year := 1900 + int(number(d[:2]))
	if number(d[9:]) == 97-(2_000_000_000+number(d[:9]))%97 {
		year += 100
	}
	month, day := int(number(d[2:4])%20), int(number(d[4:6]))
	date := Date{year, time.Month(month), day}
	if month == 0 || day == 0 || DateOf(date.utc()) != date {
		return Date{}, false
	}
	return date, true
}

// Sex is the sex that the number states: odd serial male, even female; for a BIS
// number below month + 40 it is not stated.
func (n SSIN) Sex() (Sex, bool) {
	if len(n) != 11 {
		return "", false
	}
	if m := number(string(n[2:4])); m >= 20 && m < 40 {
		return "", false
	}
	if number(string(n[6:9]))%2 == 1 {
		return Male, true
	}
	return Female, true
}

// Dotted is the number as people write it: 85.07.30-034.27.
func (n SSIN) Dotted() string {
	if len(n) != 11 {
		return string(n)
	}
	d := string(n)
	return d[:2] + "." + d[2:4] + "." + d[4:6] + "-" + d[6:9] + "." + d[9:]
}

// ParseNIHII accepts 11 digits, also written 1-99999-15-004, of a doctor (first
// digit 1); check digits 97 or, for numbers issued since April 2019, 89 minus
// the first six modulo the same.
func ParseNIHII(s string) (NIHII, error) {
	d, ok := digits(s, 11, ".-/ ")
	if !ok || d[0] != '1' {
		return "", Fault(CodeNIHIIForm)
	}
	first, check := number(d[:6]), number(d[6:8])
	if check != 97-first%97 && check != 89-first%89 {
		return "", Fault(CodeNIHIICheck)
	}
	return NIHII(d), nil
}

// Dashed is the number as people write it: 1-99999-15-004.
func (n NIHII) Dashed() string {
	if len(n) != 11 {
		return string(n)
	}
	d := string(n)
	return d[:1] + "-" + d[1:6] + "-" + d[6:8] + "-" + d[8:]
}

// ParseCNK accepts 7 digits, also written 0318-717; the last is the Luhn check
// of the first six.
func ParseCNK(s string) (CNK, error) {
	d, ok := digits(s, 7, "- ")
	if !ok {
		return "", Fault(CodeCNKForm)
	}
	if luhn(d[:6]) != d[6] {
		return "", Fault(CodeCNKCheck)
	}
	return CNK(d), nil
}

// ParseRID checks the form only (12 characters, BE, family, type, eight of 0-9
// A-Z): no check digit is known, and a RID is never corrected.
func ParseRID(s string) (RID, error) {
	if len(s) != 12 || s[:2] != "BE" || !isUpper(s[2]) || !isAlnum(s[3]) {
		return "", Fault(CodeRIDForm)
	}
	for i := 4; i < 12; i++ {
		if !isAlnum(s[i]) {
			return "", Fault(CodeRIDForm)
		}
	}
	return RID(s), nil
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isAlnum(c byte) bool { return isUpper(c) || c >= '0' && c <= '9' }

// digits strips the given separators and tells whether exactly n digits remain.
func digits(s string, n int, separators string) (string, bool) {
	var out []byte
next:
	for i := range len(s) {
		for j := range len(separators) {
			if s[i] == separators[j] {
				continue next
			}
		}
		if s[i] < '0' || s[i] > '9' {
			return "", false
		}
		out = append(out, s[i])
	}
	return string(out), len(out) == n
}

func number(digits string) int64 {
	var n int64
	for i := range len(digits) {
		n = 10*n + int64(digits[i]-'0')
	}
	return n
}

// luhn is the check digit that follows d.
func luhn(d string) byte {
	sum := 0
	for i := range len(d) {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return byte('0' + (10-sum%10)%10)
}

func (n *SSIN) UnmarshalText(text []byte) (err error)  { *n, err = orEmpty(text, ParseSSIN); return }
func (n *NIHII) UnmarshalText(text []byte) (err error) { *n, err = orEmpty(text, ParseNIHII); return }
func (n *CNK) UnmarshalText(text []byte) (err error)   { *n, err = orEmpty(text, ParseCNK); return }
func (n *RID) UnmarshalText(text []byte) (err error)   { *n, err = orEmpty(text, ParseRID); return }

func orEmpty[T ~string](text []byte, parse func(string) (T, error)) (T, error) {
	if len(text) == 0 {
		return "", nil
	}
	return parse(string(text))
}
