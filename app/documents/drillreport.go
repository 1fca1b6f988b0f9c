package documents

import (
	"strconv"
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// DrillReport is the page about a drill that was gone through: what became of its
// prescriptions, and that none was lost and none could be delivered twice. It is of an
// invented day: it bears the watermark.
type DrillReport struct {
	Language rx.Lang
	Seed     uint64
	Day      rx.Date
	Counts   []DrillCount
	// Duplicates and Lost are counted from the services' own truth, never from Relais'
	// tables.
	Duplicates, Lost int
	Lines            []DrillLine
}

// DrillCount is how many prescriptions ended in a state.
type DrillCount struct {
	State string // in words
	N     int
}

// DrillLine is one line of the day.
type DrillLine struct {
	At      time.Time // in the practice's zone
	Patient string    // an invented one
	Text    string    // what happened, in words
}

// Layout makes the pages.
func (r DrillReport) Layout() (Document, error) {
	lang := r.Language
	f := flow{lang: lang, begin: head(lang, true, "doc.drill.title", i18n.LongDate(lang, r.Day), i18n.Text(lang, "doc.drill.seed", "seed", strconv.FormatUint(r.Seed, 10)))}
	verdict := "doc.drill.good"
	if r.Duplicates != 0 || r.Lost != 0 {
		verdict = "doc.drill.bad"
	}
	f.text(0, heading(i18n.Text(lang, verdict)))
	row := func(what string, n int) {
		name, count := column{width: 10_000}, column{width: 2_000}
		name.add(0, plain(what))
		count.add(0, bold(i18n.Int(n)))
		f.row(near, false, cell{0, name}, cell{10_200, count})
	}
	row(i18n.Text(lang, "doc.drill.lost"), r.Lost)
	row(i18n.Text(lang, "doc.drill.duplicates"), r.Duplicates)
	for _, c := range r.Counts {
		row(c.State, c.N)
	}
	f.text(2*ruled, heading(i18n.Text(lang, "doc.drill.day")))
	for _, l := range r.Lines {
		at, who, what := column{width: 1_300}, column{width: 6_000}, column{width: 9_900}
		at.add(0, plain(i18n.Clock(l.At)))
		who.add(0, plain(l.Patient))
		what.add(0, plain(l.Text))
		f.row(near, false, cell{0, at}, cell{1_400, who}, cell{contentWidth - what.width, what})
	}
	return f.document("doc.drill.title"), nil
}
