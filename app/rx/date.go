package rx

import "time"

// Date is a day of the civil calendar. The zero value is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day of t in t's own location (the practice's).
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads YYYY-MM-DD and refuses days that do not exist.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, Fault(CodeDateForm)
	}
	return DateOf(t), nil
}

// IsZero tells that there is no date.
func (d Date) IsZero() bool { return d == Date{} }

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// String is YYYY-MM-DD, "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// Belgian is DD/MM/YYYY, the form on screens and documents.
func (d Date) Belgian() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format("02/01/2006")
}

// Before, After and the like compare days.
func (d Date) Before(o Date) bool { return d.utc().Before(o.utc()) }

// After tells that d comes later than o.
func (d Date) After(o Date) bool { return d.utc().After(o.utc()) }

// AddDays moves by n days.
func (d Date) AddDays(n int) Date { return DateOf(d.utc().AddDate(0, 0, n)) }

// AddMonths moves by n months; a month's end clips (30 November + 3 months is
// the last day of February), where time.AddDate would run over into March.
func (d Date) AddMonths(n int) Date {
	first := time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date{first.Year(), first.Month(), min(d.Day, last)}
}

// DaysUntil is the number of days from d to o, negative when o is earlier.
func (d Date) DaysUntil(o Date) int { return int(o.utc().Sub(d.utc()) / (24 * time.Hour)) }

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDate; "" is no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// DefaultExpiry is the last day on which a prescription that begins on begin can
// be executed when the doctor says nothing: 3 months less a day
// (RD of 2019, in force 1 November 2019: 10 November 2019 gives 9 February 2020).
func DefaultExpiry(begin Date) Date { return begin.AddMonths(3).AddDays(-1) }

// LatestExpiry is the last day that may be chosen for a prescription written on
// day written: one year less a day, counted as Recip-e does (today + 364 days).
func LatestExpiry(written Date) Date { return written.AddDays(364) }
