package i18n

import (
	"strings"

	"relais/app/rx"
)

// InWords is d in full words, as the dose and the quantity of a narcotic stand on a
// paper prescription (RD of 6 September 2017): French as in Belgium (septante,
// nonante) in the spelling that joins only numbers below a hundred, Dutch by the
// Leidraad of the Taalunie (§6.9: one word up to a thousand, a space after
// "duizend"), German in one word. lang is one of rx.DocumentLangs; any other counts
// as French. d lies between 0 and rx.MaxDecimal; "" outside.
func InWords(lang rx.Lang, d rx.Decimal) string {
	if d < 0 || d > rx.MaxDecimal {
		return ""
	}
	s, ok := spellings[lang]
	if !ok {
		s = spellings[rx.FR]
	}
	words := s.whole(int(d / 1000))
	if _, frac, ok := strings.Cut(d.String(), "."); ok {
		words += " " + s.comma + s.fraction(frac)
	}
	return words
}

type spelling struct {
	whole    func(n int) string       // 0 to 1,000,000
	comma    string                   // between whole and fraction
	fraction func(frac string) string // of one to three digits, the last not 0
}

var spellings = map[rx.Lang]spelling{
	rx.FR: {french, "virgule", asNumber(french)},
	rx.NL: {dutch, "komma", asNumber(dutch)},
	rx.DE: {german, "Komma", byDigit(german)},
}

// asNumber reads ",05" as "zéro cinq" and ",25" as "vingt-cinq".
func asNumber(whole func(int) string) func(string) string {
	return func(frac string) string {
		rest := strings.TrimLeft(frac, "0")
		return strings.Repeat(" "+whole(0), len(frac)-len(rest)) + " " + whole(value(rest))
	}
}

// byDigit reads ",25" as "zwei fünf".
func byDigit(whole func(int) string) func(string) string {
	return func(frac string) (words string) {
		for i := range len(frac) {
			words += " " + whole(value(frac[i:i+1]))
		}
		return words
	}
}

func value(digits string) (n int) {
	for _, c := range digits {
		n = 10*n + int(c-'0')
	}
	return n
}

var (
	frenchSmall = [...]string{"zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix",
		"onze", "douze", "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf"}
	frenchTens = [...]string{2: "vingt", "trente", "quarante", "cinquante", "soixante", "septante", "quatre-vingt", "nonante"}
	dutchSmall = [...]string{"nul", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien",
		"elf", "twaalf", "dertien", "veertien", "vijftien", "zestien", "zeventien", "achttien", "negentien"}
	dutchTens   = [...]string{2: "twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig"}
	germanSmall = [...]string{"null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn",
		"elf", "zwölf", "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"}
	germanTens = [...]string{2: "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"}
)

func french(n int) string {
	if n == 1_000_000 {
		return "un million"
	}
	thousands, rest := n/1000, frenchHundreds(n%1000, "s")
	switch thousands {
	case 0:
		return rest
	case 1:
		return follow("mille", " ", rest, n%1000)
	}
	return follow(frenchHundreds(thousands, "")+" mille", " ", rest, n%1000)
}

// frenchHundreds is n below 1000; plural ends "cents" and "quatre-vingts" when
// nothing follows, not even mille.
func frenchHundreds(n int, plural string) string {
	switch hundreds, rest := n/100, n%100; {
	case hundreds == 1:
		return follow("cent", " ", frenchTwo(rest, plural), rest)
	case hundreds > 1 && rest == 0:
		return frenchSmall[hundreds] + " cent" + plural
	case hundreds > 1:
		return frenchSmall[hundreds] + " cent " + frenchTwo(rest, plural)
	}
	return frenchTwo(n, plural)
}

func frenchTwo(n int, plural string) string {
	switch tens, ones := n/10, n%10; {
	case n < 20:
		return frenchSmall[n]
	case n == 80:
		return frenchTens[tens] + plural
	case ones == 1 && tens != 8:
		return frenchTens[tens] + " et un"
	default:
		return follow(frenchTens[tens], "-", frenchSmall[ones], ones)
	}
}

func dutch(n int) string {
	switch {
	case n == 1:
		return "één"
	case n == 1_000_000:
		return "een miljoen"
	case n < 1000:
		return dutchHundreds(n)
	case n < 2000:
		return follow("duizend", " ", dutchHundreds(n%1000), n%1000)
	}
	return follow(dutchHundreds(n/1000)+"duizend", " ", dutchHundreds(n%1000), n%1000)
}

func dutchHundreds(n int) string {
	switch {
	case n < 100:
		return dutchTwo(n)
	case n < 200:
		return follow("honderd", "", dutchTwo(n%100), n%100)
	}
	return follow(dutchSmall[n/100]+"honderd", "", dutchTwo(n%100), n%100)
}

func dutchTwo(n int) string {
	if n < 20 {
		return dutchSmall[n]
	}
	tens, ones := n/10, n%10
	switch ones {
	case 0:
		return dutchTens[tens]
	case 2, 3: // twee, drie: the trema parts the vowels
		return dutchSmall[ones] + "ën" + dutchTens[tens]
	}
	return dutchSmall[ones] + "en" + dutchTens[tens]
}

func german(n int) string {
	switch {
	case n == 1_000_000:
		return "eine Million"
	case n < 1000:
		return germanHundreds(n)
	}
	return follow(germanInner(germanHundreds(n/1000))+"tausend", "", germanHundreds(n%1000), n%1000)
}

func germanHundreds(n int) string {
	if n < 100 {
		return germanTwo(n)
	}
	return follow(germanInner(germanSmall[n/100])+"hundert", "", germanTwo(n%100), n%100)
}

func germanTwo(n int) string {
	switch tens, ones := n/10, n%10; {
	case n < 20:
		return germanSmall[n]
	case ones == 0:
		return germanTens[tens]
	default:
		return germanInner(germanSmall[ones]) + "und" + germanTens[tens]
	}
}

// germanInner is a number before another word: "eins" becomes "ein".
func germanInner(words string) string {
	if strings.HasSuffix(words, "eins") {
		return strings.TrimSuffix(words, "s")
	}
	return words
}

// follow is first, and when n is not 0 also rest, with between in between.
func follow(first, between, rest string, n int) string {
	if n == 0 {
		return first
	}
	return first + between + rest
}
