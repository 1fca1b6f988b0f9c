package rx

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(t *testing.T, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return d
}

func TestDefaultExpiry(t *testing.T) {
	for begin, want := range map[string]string{
		"2019-11-10": "2020-02-09", // the examples of the royal decree and of its comments
		"2026-01-10": "2026-04-09",
		"2026-11-30": "2027-02-27", // a month's end clips …
		"2027-11-30": "2028-02-28", // … also in a leap year
		"2027-11-29": "2028-02-28",
		"2026-11-28": "2027-02-27",
		"2026-11-22": "2027-02-21",
		"2027-11-28": "2028-02-27",
		"2026-08-31": "2026-11-29",
		"2026-12-01": "2027-02-28",
		"2027-12-01": "2028-02-29",
		"2026-10-01": "2026-12-31",
	} {
		if got := DefaultExpiry(day(t, begin)).String(); got != want {
			t.Errorf("from %s: %s, want %s", begin, got, want)
		}
	}
}

func TestLatestExpiry(t *testing.T) {
	for written, want := range map[string]string{"2026-11-22": "2027-11-21", "2027-11-22": "2028-11-20", "2028-02-29": "2029-02-27"} {
		if got := LatestExpiry(day(t, written)).String(); got != want {
			t.Errorf("written %s: %s, want %s", written, got, want)
		}
	}
}

func TestAddMonths(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-01-31", 1, "2026-02-28"}, {"2028-01-31", 1, "2028-02-29"}, {"2026-03-31", -1, "2026-02-28"}, {"2026-12-31", 2, "2027-02-28"},
		{"2026-01-15", -1, "2025-12-15"}, {"2028-02-29", 12, "2029-02-28"}, {"2028-02-29", -48, "2024-02-29"}, {"2026-05-31", 1, "2026-06-30"},
		{"2026-07-31", 1, "2026-08-31"}, {"2026-11-22", 0, "2026-11-22"},
	} {
		if got := day(t, c.from).AddMonths(c.n).String(); got != c.want {
			t.Errorf("%s + %d months: %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestParseDateRefuses(t *testing.T) {
	for _, s := range []string{"", "2026-02-29", "2027-02-29", "2100-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00", "26-01-01",
		"2026-1-1", "22/11/2026", "2026-11-22T00:00:00Z", " 2026-11-22", "2026-11-22 ", "20261122", "-026-11-22", "２０２６-11-22"} {
		if d, err := ParseDate(s); CodeOf(err) != CodeDateForm {
			t.Errorf("%q gives %v, %v", s, d, err)
		}
	}
}

func TestDateForms(t *testing.T) {
	d := day(t, "2026-02-03")
	if d.String() != "2026-02-03" || d.Belgian() != "03/02/2026" || (Date{}).String() != "" || (Date{}).Belgian() != "" {
		t.Errorf("%s, %s", d, d.Belgian())
	}
	var read Date
	if err := read.UnmarshalText([]byte("2026-02-03")); err != nil || read != d {
		t.Errorf("%v, %v", read, err)
	}
	if err := read.UnmarshalText(nil); err != nil || !read.IsZero() {
		t.Errorf("no date reads as %v, %v", read, err)
	}
	if err := read.UnmarshalText([]byte("2026-02-30")); CodeOf(err) != CodeDateForm {
		t.Error(err)
	}
}

// The day is the practice's own: shortly after midnight in Brussels it is still the
// day before in UTC.
func TestDateOfIsLocal(t *testing.T) {
	at := time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC)
	if got := DateOf(at.In(brussels)); got != today || DateOf(at) != today.AddDays(-1) {
		t.Errorf("%v, %v", got, DateOf(at))
	}
}

func TestAge(t *testing.T) {
	for _, c := range []struct {
		born, on string
		want     int
	}{
		{"1985-07-30", "2026-07-29", 40}, {"1985-07-30", "2026-07-30", 41}, {"1984-02-29", "2026-02-28", 41}, {"1984-02-29", "2026-03-01", 42},
		{"2026-11-22", "2026-11-22", 0},
	} {
		if got := (Patient{BirthDate: day(t, c.born)}).Age(day(t, c.on)); got != c.want {
			t.Errorf("born %s, on %s: %d, want %d", c.born, c.on, got, c.want)
		}
	}
}

func TestDateLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date{1900, 1, 1}.AddDays(rapid.IntRange(0, 300*366).Draw(t, "day"))
		n := rapid.IntRange(-400, 400).Draw(t, "n")
		if back, err := ParseDate(d.String()); err != nil || back != d || !d.exists() {
			t.Fatalf("%v reads back as %v, %v", d, back, err)
		}
		if e := d.AddDays(n); d.DaysUntil(e) != n || e.AddDays(-n) != d || d.Before(e) != (n > 0) || d.After(e) != (n < 0) {
			t.Fatalf("%v and %d days: %v", d, n, e)
		}
		e := d.AddMonths(n)
		if months := (e.Year-d.Year)*12 + int(e.Month-d.Month); months != n || !e.exists() || e.Day > d.Day {
			t.Fatalf("%v and %d months: %v", d, n, e)
		}
		if next := e.AddDays(1); e.Day < d.Day && next.Day != 1 {
			t.Fatalf("%v and %d months: %v is clipped, but no month's end", d, n, e)
		}
		if days := d.DaysUntil(DefaultExpiry(d)); days < 88 || days > 91 {
			t.Fatalf("%v is valid for %d days", d, days)
		}
	})
}
