package documents

import (
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// DayList is the list of a day: every prescription with what became of it, to go
// through the record after an outage. It is the practice's own and goes to nobody.
type DayList struct {
	Day       rx.Date
	Language  rx.Lang
	Practice  rx.Practice
	Lines     []DayLine // in the order in which they are listed; none is a list too
	Printed   time.Time // in the practice's zone
	Simulated bool
}

// DayLine is one prescription.
type DayLine struct {
	Facts rx.Facts
	State string // what became of it, in words of the list's language
	RID   rx.RID // "" when it has none
}

// Layout makes the pages. Times are those of the facts' own zone.
func (d DayList) Layout() (Document, error) {
	lang := d.Language
	f := flow{lang: lang, begin: head(lang, d.Simulated, "doc.day.title",
		i18n.Weekday(lang, d.Day)+" "+i18n.LongDate(lang, d.Day)+" · "+prescriber(d.Practice)+" · "+d.Practice.Prescriber.NIHII.Dashed(),
		i18n.Count(lang, "doc.day.lines", len(d.Lines), "moment", i18n.Moment(lang, d.Printed)))}
	for _, l := range d.Lines {
		at, who := column{width: 1_200}, column{width: 4_600}
		what, how := column{width: 6_800}, column{width: 4_000}
		at.add(0, bold(i18n.Clock(l.Facts.Issued)))
		who.add(0, bold(l.Facts.Patient.LastName+" "+l.Facts.Patient.FirstName))
		who.add(near/2, plain(i18n.Date(l.Facts.Patient.BirthDate)))
		what.add(0, bold(fullName(l.Facts.Product)))
		what.add(near/2, plain(l.Facts.PosologyText))
		for _, amount := range amounts(lang, l.Facts.Content) {
			what.add(near/2, plain(amount))
		}
		how.add(0, plain(l.State))
		if l.RID != "" {
			how.add(near/2, plain("RID"), bold(string(l.RID)))
		}
		how.add(near, note("☐"), note(i18n.Text(lang, "doc.day.noted")))
		f.row(ruled/2, true, cell{0, at}, cell{1_300, who}, cell{6_200, what}, cell{contentWidth - how.width, how})
	}
	f.text(ruled, note(i18n.Text(lang, "doc.day.keep")))
	return f.document("doc.day.title"), nil
}
