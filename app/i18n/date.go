package i18n

import (
	"strconv"
	"time"

	"relais/app/rx"
)

// Date is d as DD/MM/YYYY, the one form in all languages; "" for no date.
func Date(d rx.Date) string { return d.Belgian() }

// LongDate is d with the month in words: "1er novembre 2026", "1. November 2026";
// "" for no date.
func LongDate(lang rx.Lang, d rx.Date) string {
	if d.IsZero() {
		return ""
	}
	form := "date.long"
	if d.Day == 1 {
		form = "date.long.first"
	}
	return Text(lang, form, "day", strconv.Itoa(d.Day), "month", Text(lang, "month."+strconv.Itoa(int(d.Month))), "year", strconv.Itoa(d.Year))
}

// Weekday is the name of the day of d, "" for no date.
func Weekday(lang rx.Lang, d rx.Date) string {
	if d.IsZero() {
		return ""
	}
	day := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
	return Text(lang, "weekday."+rx.Weekdays[(day+6)%7])
}

// Clock is the time of day of t as HH:MM, in t's own location (the practice's).
func Clock(t time.Time) string { return t.Format("15:04") }

// Moment is day and time of t: "22/11/2026 à 09:12"; "" for no time.
func Moment(lang rx.Lang, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return Text(lang, "moment", "date", Date(rx.DateOf(t)), "time", Clock(t))
}
