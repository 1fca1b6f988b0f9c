package rx

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestParseDecimal(t *testing.T) {
	for s, want := range map[string]Decimal{"1": 1000, "0.5": 500, "0,5": 500, "0.125": 125, "0.25": 250, "12": 12_000, "1.0": 1000, "0": 0,
		"1000000": MaxDecimal, "999999.999": 999_999_999, "0.001": 1} {
		if got, err := ParseDecimal(s); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", ".5", ",5", "5.", "1.000", "1,000", "2.500", "01", "00", "-1", "+1", "1e3", "0.1234", "1.2.3", "1,2,3", "1,2.3", "1 000",
		"1'000", "1000001", "1000000.001", "99999999", "½", "１", "0x1", "1/2", " 1", "1 ", "NaN", "Inf", "1..2"} {
		if got, err := ParseDecimal(s); CodeOf(err) != CodeDecimalForm {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
}

func TestDecimalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Decimal(rapid.Int64Range(0, int64(MaxDecimal)).Draw(t, "d"))
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back Decimal
		if err := json.Unmarshal(b, &back); err != nil || back != d {
			t.Fatalf("%d is written %s, which reads %d, %v", d, b, back, err)
		}
		if b[0] != '"' {
			t.Fatalf("%s is no string", b)
		}
	})
}

func TestCovers(t *testing.T) {
	dose := func(thousandths Decimal, times, days int) Posology {
		return Posology{Dose: thousandths, Unit: "capsule", TimesPerDay: times, DurationDays: days}
	}
	for _, c := range []struct {
		name        string
		p           Posology
		duration    *Span
		packs, size int
		unit        string
		want        *Coverage // nil: nothing certain can be said
	}{
		{"16 capsules, 3 a day for 7 days", dose(1000, 3, 7), nil, 1, 16, "capsule", &Coverage{Units: 16, Days: 5, Needed: 7, Packs: 2}},
		{"two packs", dose(1000, 3, 7), nil, 2, 16, "capsule", &Coverage{Units: 32, Days: 10, Needed: 7, Packs: 2}},
		{"just enough", dose(1000, 2, 8), nil, 1, 16, "capsule", &Coverage{Units: 16, Days: 8, Needed: 8, Packs: 1}},
		{"one too few", dose(1000, 1, 17), nil, 1, 16, "capsule", &Coverage{Units: 16, Days: 16, Needed: 17, Packs: 2}},
		{"halves", dose(500, 1, 32), nil, 1, 16, "capsule", &Coverage{Units: 16, Days: 32, Needed: 32, Packs: 1}},
		{"a third of a half", dose(333, 1, 0), nil, 1, 1, "capsule", &Coverage{Units: 1, Days: 3}},
		{"no stated end", dose(1000, 3, 0), nil, 1, 16, "capsule", &Coverage{Units: 16, Days: 5}},
		{"end by the duration", dose(1000, 3, 0), &Span{1, "wk"}, 1, 16, "capsule", &Coverage{Units: 16, Days: 5, Needed: 7, Packs: 2}},
		{"a month of 30 days", dose(1000, 1, 0), &Span{1, "mo"}, 1, 28, "capsule", &Coverage{Units: 28, Days: 28, Needed: 30, Packs: 2}},
		{"hours are no days", dose(1000, 1, 0), &Span{12, "hr"}, 1, 28, "capsule", &Coverage{Units: 28, Days: 28}},
		{"other unit", dose(1000, 3, 7), nil, 1, 16, "tablet", nil},
		{"unit not known", dose(1000, 3, 7), nil, 1, 16, "", nil},
		{"size not known", dose(1000, 3, 7), nil, 1, 0, "capsule", nil},
		{"no pack", dose(1000, 3, 7), nil, 0, 16, "capsule", nil},
		{"free text", Posology{Text: "le soir"}, nil, 1, 16, "capsule", nil},
		{"unit in words, unit of the pack not known", Posology{Dose: 1000, UnitText: "noisette", TimesPerDay: 1}, nil, 1, 16, "", nil},
		{"as needed", Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, AsNeeded: true}, nil, 1, 16, "capsule", nil},
		{"every week", Posology{Dose: 1000, Unit: "capsule", Every: &Span{1, "wk"}}, nil, 1, 16, "capsule", nil},
	} {
		got, ok := Covers(c.p, c.duration, c.packs, c.size, c.unit)
		if ok != (c.want != nil) || ok && got != *c.want {
			t.Errorf("%s: %+v, %v", c.name, got, ok)
		}
	}
}

// The packs are the least that last, the days the most that they last.
func TestCoversIsTight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Posology{Dose: Decimal(rapid.Int64Range(1, 20_000).Draw(t, "dose")), Unit: "ml", TimesPerDay: rapid.IntRange(1, MaxTimesPerDay).Draw(t, "times"),
			DurationDays: rapid.IntRange(1, MaxDays).Draw(t, "days")}
		packs, size := rapid.IntRange(1, MaxQuantity).Draw(t, "packs"), rapid.IntRange(1, 1000).Draw(t, "size")
		c, ok := Covers(p, nil, packs, size, "ml")
		if !ok {
			t.Fatal("no coverage")
		}
		daily := int(p.Dose) * p.TimesPerDay
		if has := packs * size * 1000; c.Days*daily > has || (c.Days+1)*daily <= has {
			t.Fatalf("%+v: not the days that %d thousandths last at %d a day", c, has, daily)
		}
		if need := p.DurationDays * daily; c.Packs*size*1000 < need || (c.Packs-1)*size*1000 >= need {
			t.Fatalf("%+v: not the packs for %d thousandths", c, need)
		}
	})
}
