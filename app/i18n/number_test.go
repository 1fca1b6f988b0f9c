package i18n

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
	"relais/app/rx"
)

// ~ is the no-break space, _ the thin one.
func thin(s string) string { return strings.ReplaceAll(spaced(s), "_", thinNoBreak) }

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		d         rx.Decimal
		comma, en string
	}{
		{0, "0", "0"}, {1000, "1", "1"}, {500, "0,5", "0.5"}, {50, "0,05", "0.05"}, {5, "0,005", "0.005"}, {1250, "1,25", "1.25"},
		{10_000, "10", "10"}, {999_000, "999", "999"}, {1_000_000, "1_000", "1_000"}, {12_345_600, "12_345,6", "12_345.6"},
		{1_000_000_000, "1_000_000", "1_000_000"},
	} {
		byLang{c.comma, c.comma, c.comma, c.en}.each(t, "number", func(l rx.Lang) string { return strings.ReplaceAll(Number(l, c.d), thinNoBreak, "_") })
	}
	for n, want := range map[int]string{0: "0", 7: "7", 1000: "1_000", -1234567: "−1_234_567"} {
		if got := Int(n); got != thin(want) {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestPlural(t *testing.T) {
	for _, c := range []struct {
		d    rx.Decimal
		want byLang
	}{
		{0, byLang{"one", "many", "many", "many"}},
		{1, byLang{"one", "one", "one", "one"}},
		{500, byLang{"one", "one", "one", "one"}},
		{1000, byLang{"one", "one", "one", "one"}},
		{1001, byLang{"one", "many", "many", "many"}},
		{1500, byLang{"one", "many", "many", "many"}},
		{1999, byLang{"one", "many", "many", "many"}},
		{2000, byLang{"many", "many", "many", "many"}},
		{10_000, byLang{"many", "many", "many", "many"}},
	} {
		c.want.each(t, c.d.String(), func(l rx.Lang) string { return Plural(l, c.d) })
	}
}

func TestInWords(t *testing.T) {
	for _, c := range []struct {
		d          rx.Decimal
		fr, nl, de string
	}{
		{0, "zéro", "nul", "null"},
		{1000, "un", "één", "eins"},
		{2000, "deux", "twee", "zwei"},
		{16_000, "seize", "zestien", "sechzehn"},
		{17_000, "dix-sept", "zeventien", "siebzehn"},
		{20_000, "vingt", "twintig", "zwanzig"},
		{21_000, "vingt et un", "eenentwintig", "einundzwanzig"},
		{22_000, "vingt-deux", "tweeëntwintig", "zweiundzwanzig"},
		{23_000, "vingt-trois", "drieëntwintig", "dreiundzwanzig"},
		{24_000, "vingt-quatre", "vierentwintig", "vierundzwanzig"},
		{30_000, "trente", "dertig", "dreißig"},
		{66_000, "soixante-six", "zesenzestig", "sechsundsechzig"},
		{70_000, "septante", "zeventig", "siebzig"},
		{71_000, "septante et un", "eenenzeventig", "einundsiebzig"},
		{80_000, "quatre-vingts", "tachtig", "achtzig"},
		{81_000, "quatre-vingt-un", "eenentachtig", "einundachtzig"},
		{91_000, "nonante et un", "eenennegentig", "einundneunzig"},
		{99_000, "nonante-neuf", "negenennegentig", "neunundneunzig"},
		{100_000, "cent", "honderd", "einhundert"},
		{101_000, "cent un", "honderdeen", "einhunderteins"},
		{112_000, "cent douze", "honderdtwaalf", "einhundertzwölf"},
		{180_000, "cent quatre-vingts", "honderdtachtig", "einhundertachtzig"},
		{200_000, "deux cents", "tweehonderd", "zweihundert"},
		{201_000, "deux cent un", "tweehonderdeen", "zweihunderteins"},
		{300_000, "trois cents", "driehonderd", "dreihundert"},
		{666_000, "six cent soixante-six", "zeshonderdzesenzestig", "sechshundertsechsundsechzig"},
		{1_000_000, "mille", "duizend", "eintausend"},
		{1_001_000, "mille un", "duizend een", "eintausendeins"},
		{1_100_000, "mille cent", "duizend honderd", "eintausendeinhundert"},
		{2_345_000, "deux mille trois cent quarante-cinq", "tweeduizend driehonderdvijfenveertig", "zweitausenddreihundertfünfundvierzig"},
		{21_000_000, "vingt et un mille", "eenentwintigduizend", "einundzwanzigtausend"},
		{80_000_000, "quatre-vingt mille", "tachtigduizend", "achtzigtausend"},
		{101_000_000, "cent un mille", "honderdeenduizend", "einhunderteintausend"},
		{200_000_000, "deux cent mille", "tweehonderdduizend", "zweihunderttausend"},
		{303_000_000, "trois cent trois mille", "driehonderddrieduizend", "dreihundertdreitausend"},
		{65_122_000, "soixante-cinq mille cent vingt-deux", "vijfenzestigduizend honderdtweeëntwintig", "fünfundsechzigtausendeinhundertzweiundzwanzig"},
		{999_999_000, "neuf cent nonante-neuf mille neuf cent nonante-neuf", "negenhonderdnegenennegentigduizend negenhonderdnegenennegentig",
			"neunhundertneunundneunzigtausendneunhundertneunundneunzig"},
		{1_000_000_000, "un million", "een miljoen", "eine Million"},
		{500, "zéro virgule cinq", "nul komma vijf", "null Komma fünf"},
		{50, "zéro virgule zéro cinq", "nul komma nul vijf", "null Komma null fünf"},
		{250, "zéro virgule vingt-cinq", "nul komma vijfentwintig", "null Komma zwei fünf"},
		{1500, "un virgule cinq", "één komma vijf", "eins Komma fünf"},
		{2125, "deux virgule cent vingt-cinq", "twee komma honderdvijfentwintig", "zwei Komma eins zwei fünf"},
		{1001, "un virgule zéro zéro un", "één komma nul nul één", "eins Komma null null eins"},
		{-1, "", "", ""},
		{rx.MaxDecimal + 1, "", "", ""},
	} {
		for lang, want := range map[rx.Lang]string{rx.FR: c.fr, rx.NL: c.nl, rx.DE: c.de} {
			if got := InWords(lang, c.d); got != want {
				t.Errorf("%s %s: got %q, want %q", lang, c.d, got, want)
			}
		}
	}
}

// An independent reader finds the number back from its words.
func TestInWordsReadBack(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, d rx.Decimal) {
		for _, lang := range rx.DocumentLangs {
			words := InWords(lang, d)
			if got := readWords(lang, words); got != d {
				t.Fatalf("%s %q: read back as %s, is %s", lang, words, got, d)
			}
		}
	}
	for n := range 10_000 {
		check(t, rx.Decimal(n)*1000)
	}
	for n := range 1000 {
		check(t, rx.Decimal(n))
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rx.Decimal(rapid.Int64Range(0, 999_999_999).Draw(t, "d"))) })
}

// readWords reads a number in words; -1 when it is none.
func readWords(lang rx.Lang, words string) rx.Decimal {
	mark := map[rx.Lang]string{rx.FR: " virgule ", rx.NL: " komma ", rx.DE: " Komma "}[lang]
	whole, frac, marked := strings.Cut(words, mark)
	d := rx.Decimal(readWhole(lang, whole)) * 1000
	if !marked {
		return d
	}
	scale, left := rx.Decimal(100), frac
	for {
		first, rest, more := strings.Cut(left, " ")
		if n := readWhole(lang, first); more && (n == 0 || lang == rx.DE) {
			d, scale, left = d+rx.Decimal(n)*scale, scale/10, rest
			continue
		}
		n := readWhole(lang, left)
		for m := n; m >= 10; m /= 10 {
			scale /= 10
		}
		return d + rx.Decimal(n)*scale
	}
}

func readWhole(lang rx.Lang, words string) int {
	if lang == rx.FR {
		return readFrench(words)
	}
	if lang == rx.NL {
		words = strings.ReplaceAll(strings.ReplaceAll(words, " ", ""), "één", "een")
		return readGermanic(words, "duizend", "honderd", []string{"en", "ën"}, map[string]int{"nul": 0, "een": 1, "twee": 2, "drie": 3, "vier": 4,
			"vijf": 5, "zes": 6, "zeven": 7, "acht": 8, "negen": 9, "tien": 10, "elf": 11, "twaalf": 12, "dertien": 13, "veertien": 14,
			"vijftien": 15, "zestien": 16, "zeventien": 17, "achttien": 18, "negentien": 19, "twintig": 20, "dertig": 30, "veertig": 40,
			"vijftig": 50, "zestig": 60, "zeventig": 70, "tachtig": 80, "negentig": 90})
	}
	return readGermanic(words, "tausend", "hundert", []string{"und"}, map[string]int{"null": 0, "ein": 1, "eins": 1, "zwei": 2, "drei": 3,
		"vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13,
		"vierzehn": 14, "fünfzehn": 15, "sechzehn": 16, "siebzehn": 17, "achtzehn": 18, "neunzehn": 19, "zwanzig": 20, "dreißig": 30,
		"vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90})
}

func readFrench(words string) int {
	values := map[string]int{"zéro": 0, "un": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9,
		"dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16, "vingt": 20, "trente": 30,
		"quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70, "nonante": 90}
	total, part := 0, 0
	for _, w := range strings.FieldsFunc(words, func(r rune) bool { return r == ' ' || r == '-' }) {
		switch {
		case w == "et":
		case w == "mille":
			total, part = max(part, 1)*1000, 0
		case strings.TrimSuffix(w, "s") == "cent":
			part = max(part, 1) * 100
		case strings.TrimSuffix(w, "s") == "vingt" && part%100 == 4:
			part += 76
		default:
			v, ok := values[w]
			if !ok {
				return -1
			}
			part += v
		}
	}
	return total + part
}

// readGermanic splits at thousand, then hundred, then at the word between ones and
// tens wherever both halves are numbers.
func readGermanic(s, thousand, hundred string, ands []string, values map[string]int) int {
	for _, big := range []struct {
		word  string
		times int
	}{{thousand, 1000}, {hundred, 100}} {
		before, after, ok := strings.Cut(s, big.word)
		if !ok {
			continue
		}
		n := big.times
		if before != "" {
			n *= readGermanic(before, thousand, hundred, ands, values)
		}
		if after != "" {
			n += readGermanic(after, thousand, hundred, ands, values)
		}
		return n
	}
	if v, ok := values[s]; ok {
		return v
	}
	for _, and := range ands {
		for i := range s {
			ones, okOnes := values[s[:i]]
			tens, okTens := values[strings.TrimPrefix(s[i:], and)]
			if strings.HasPrefix(s[i:], and) && okOnes && okTens && ones < 10 && tens >= 20 {
				return tens + ones
			}
		}
	}
	return -1
}

func TestDates(t *testing.T) {
	first, other := rx.Date{Year: 2026, Month: 11, Day: 1}, rx.Date{Year: 2026, Month: 3, Day: 22}
	byLang{"1er novembre 2026", "1 november 2026", "1. November 2026", "1 November 2026"}.each(t, "first", func(l rx.Lang) string { return LongDate(l, first) })
	byLang{"22 mars 2026", "22 maart 2026", "22. März 2026", "22 March 2026"}.each(t, "other", func(l rx.Lang) string { return LongDate(l, other) })
	byLang{"dimanche", "zondag", "Sonntag", "Sunday"}.each(t, "weekday", func(l rx.Lang) string { return Weekday(l, first) })
	byLang{"lundi", "maandag", "Montag", "Monday"}.each(t, "weekday", func(l rx.Lang) string { return Weekday(l, first.AddDays(1)) })
	at := time.Date(2026, 11, 22, 9, 5, 59, 0, time.FixedZone("practice", 3600))
	byLang{"22/11/2026 à 09:05", "22/11/2026 om 09:05", "22/11/2026 um 09:05", "22/11/2026 at 09:05"}.each(t, "moment", func(l rx.Lang) string { return Moment(l, at) })
	if Date(other) != "22/03/2026" || Date(rx.Date{}) != "" || LongDate(rx.FR, rx.Date{}) != "" || Weekday(rx.FR, rx.Date{}) != "" || Moment(rx.FR, time.Time{}) != "" {
		t.Error("a day is DD/MM/YYYY, no day is nothing")
	}
}
