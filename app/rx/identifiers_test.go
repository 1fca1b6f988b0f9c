package rx

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Public test values of paper-and-law §5; the NIHII are computed, of no person.
func TestIdentifiersAccept(t *testing.T) {
	for _, c := range []struct{ kind, given, want string }{
		{"ssin", "85073003328", "85073003328"},
		{"ssin", "85.07.30-033.28", "85073003328"},
		{"ssin", "85 07 30 033 28", "85073003328"},
		{"ssin", "85073003427", "85073003427"},
		{"ssin", "17073003384", "17073003384"}, // born 2017
		{"ssin", "73011136173", "73011136173"},
		{"ssin", "79021802145", "79021802145"},
		{"ssin", "98472899765", "98472899765"}, // BIS, sex known
		{"ssin", "01490700185", "01490700185"}, // BIS, born 2001
		{"ssin", "85273003371", "85273003371"}, // BIS, sex not known
		{"nihii", "19999915004", "19999915004"},
		{"nihii", "1-99999-15-004", "19999915004"},
		{"nihii", "1/99999/15/004", "19999915004"},
		{"nihii", "19999973004", "19999973004"}, // modulo 89
		{"cnk", "0318717", "0318717"}, {"cnk", "0318-717", "0318717"}, {"cnk", "0029025", "0029025"}, {"cnk", "0857995", "0857995"},
		{"cnk", "0605832", "0605832"}, {"cnk", "3434784", "3434784"}, {"cnk", "0132407", "0132407"}, {"cnk", "3831153", "3831153"},
		{"cnk", "4239737", "4239737"}, {"cnk", "4200572", "4200572"},
		{"rid", "BEP000000000", "BEP000000000"}, {"rid", "BEP1ABCDEFGH", "BEP1ABCDEFGH"}, {"rid", "BEKP0A1B2C3D", "BEKP0A1B2C3D"},
	} {
		if got, err := parseAny(c.kind, c.given); got != c.want || err != nil {
			t.Errorf("%s %s: %q, %v", c.kind, c.given, got, err)
		}
	}
}

func TestIdentifiersRefuse(t *testing.T) {
	for _, c := range []struct {
		kind, given string
		want        Code
	}{
		{"ssin", "12345678901", CodeSSINCheck}, // the public invalid value
		{"ssin", "85273003307", CodeSSINCheck}, // valid by one public library, whose check is wrong
		{"ssin", "85073003329", CodeSSINCheck},
		{"ssin", "", CodeSSINForm}, {"ssin", "8507300332", CodeSSINForm}, {"ssin", "850730033280", CodeSSINForm},
		{"ssin", "8507300332x", CodeSSINForm}, {"ssin", "٨٥٠٧٣٠٠٣٣٢٨", CodeSSINForm}, {"ssin", "85/07/30-033.28", CodeSSINForm},
		{"ssin", withSSINCheck("851330033"), CodeSSINForm}, // month 13
		{"ssin", withSSINCheck("853330033"), CodeSSINForm}, // month 13 of a BIS number
		{"ssin", withSSINCheck("856030033"), CodeSSINForm}, // month 60
		{"ssin", withSSINCheck("850732033"), CodeSSINForm}, // day 32
		{"nihii", "19999916004", CodeNIHIICheck}, {"nihii", "19999900004", CodeNIHIICheck},
		{"nihii", "29999915004", CodeNIHIIForm}, // a pharmacist
		{"nihii", "1999991500", CodeNIHIIForm}, {"nihii", "", CodeNIHIIForm}, {"nihii", "1999991500a", CodeNIHIIForm},
		{"cnk", "0318716", CodeCNKCheck}, {"cnk", "3018717", CodeCNKCheck}, // two digits exchanged
		{"cnk", "318717", CodeCNKForm}, {"cnk", "00318717", CodeCNKForm}, {"cnk", "031871a", CodeCNKForm}, {"cnk", "", CodeCNKForm},
		{"rid", "BEP00000000", CodeRIDForm}, {"rid", "BEP0000000000", CodeRIDForm}, {"rid", "bep000000000", CodeRIDForm},
		{"rid", "BE0000000000", CodeRIDForm}, {"rid", "BEP0 0000000", CodeRIDForm}, {"rid", "FRP000000000", CodeRIDForm}, {"rid", "", CodeRIDForm},
	} {
		if got, err := parseAny(c.kind, c.given); got != "" || CodeOf(err) != c.want {
			t.Errorf("%s %s: %q, %v, want %s", c.kind, c.given, got, err, c.want)
		}
	}
}

func parseAny(kind, s string) (string, error) {
	switch kind {
	case "ssin":
		n, err := ParseSSIN(s)
		return string(n), err
	case "nihii":
		n, err := ParseNIHII(s)
		return string(n), err
	case "cnk":
		n, err := ParseCNK(s)
		return string(n), err
	}
	n, err := ParseRID(s)
	return string(n), err
}

func withSSINCheck(nine string) string { return fmt.Sprintf("%s%02d", nine, 97-number(nine)%97) }

func TestSSINSays(t *testing.T) {
	for _, c := range []struct {
		ssin SSIN
		born string // "" when not stated
		sex  Sex    // "" when not stated
		bis  bool
	}{
		{"85073003328", "1985-07-30", Male, false},
		{"85073003427", "1985-07-30", Female, false},
		{"17073003384", "2017-07-30", Male, false},
		{"98472899765", "1998-07-28", Male, true},
		{"01490700185", "2001-09-07", Male, true},
		{"85273003371", "1985-07-30", "", true},
		{SSIN(withSSINCheck("850000034")), "", Female, false}, // month and day open
		{SSIN(withSSINCheck("850230034")), "", Female, false}, // 30 February
		{SSIN(withSSINCheck("850229034")), "", Female, false}, // 29 February 1985
		{SSIN(withSSINCheck("840229034")), "1984-02-29", Female, false},
		{"", "", "", false},
	} {
		born, _ := c.ssin.BirthDate()
		sex, _ := c.ssin.Sex()
		if born.String() != c.born || sex != c.sex || c.ssin.IsBIS() != c.bis {
			t.Errorf("%s: born %s, %s, BIS %v", string(c.ssin), born, sex, c.ssin.IsBIS())
		}
	}
}

func TestWrittenForms(t *testing.T) {
	if got := SSIN("85073003427").Dotted(); got != "85.07.30-034.27" {
		t.Error(got)
	}
	if got := NIHII("19999915004").Dashed(); got != "1-99999-15-004" {
		t.Error(got)
	}
	if SSIN("").Dotted() != "" || NIHII("").Dashed() != "" {
		t.Error("no number has a form")
	}
}

// The check of a CNK finds every wrong digit; that of a national number finds it too,
// unless the wrong number is a sound one of the other century.
func TestChecksFindSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nine := fmt.Sprintf("%02d%02d%02d%03d", rapid.IntRange(0, 99).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"),
			rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(1, 997).Draw(t, "serial"))
		century := rapid.SampledFrom([]int64{0, 2_000_000_000}).Draw(t, "century")
		right := fmt.Sprintf("%s%02d", nine, 97-(century+number(nine))%97)
		if _, err := ParseSSIN(right); err != nil {
			t.Fatal(err)
		}
		born, ok := SSIN(right).BirthDate()
		if !ok || right[:6] != strings.ReplaceAll(born.String(), "-", "")[2:] {
			t.Fatalf("%s was born %v", right, born)
		}
		wrong := []byte(right)
		at := rapid.IntRange(0, 10).Draw(t, "at")
		wrong[at] = '0' + (wrong[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if _, err := ParseSSIN(string(wrong)); err == nil && !otherCentury(string(wrong), century) {
			t.Fatalf("%s passes beside %s", wrong, right)
		}

		six := fmt.Sprintf("%06d", rapid.IntRange(0, 999_999).Draw(t, "cnk"))
		cnk := []byte(six + string(luhn(six)))
		if _, err := ParseCNK(string(cnk)); err != nil {
			t.Fatal(err)
		}
		at = rapid.IntRange(0, 6).Draw(t, "digit")
		cnk[at] = '0' + (cnk[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "more")))%10
		if _, err := ParseCNK(string(cnk)); CodeOf(err) != CodeCNKCheck {
			t.Fatalf("%s passes", cnk)
		}
	})
}

// otherCentury tells that a number is not sound as one of this century.
func otherCentury(ssin string, century int64) bool {
	return number(ssin[9:]) != 97-(century+number(ssin[:9]))%97
}

func TestTextForms(t *testing.T) {
	var (
		ssin  SSIN
		nihii NIHII
		cnk   CNK
		rid   RID
	)
	for _, c := range []struct {
		into interface{ UnmarshalText([]byte) error }
		text string
		ok   func() bool
	}{
		{&ssin, "85.07.30-034.27", func() bool { return ssin == "85073003427" }},
		{&nihii, "1-99999-15-004", func() bool { return nihii == "19999915004" }},
		{&cnk, "0318-717", func() bool { return cnk == "0318717" }},
		{&rid, "BEP000000000", func() bool { return rid == "BEP000000000" }},
	} {
		if err := c.into.UnmarshalText([]byte(c.text)); err != nil || !c.ok() {
			t.Errorf("%T %s: %v", c.into, c.text, err)
		}
		if err := c.into.UnmarshalText([]byte("x")); err == nil {
			t.Errorf("%T accepts x", c.into)
		}
		if err := c.into.UnmarshalText(nil); err != nil {
			t.Errorf("%T refuses the absent value: %v", c.into, err)
		}
	}
}
