package cli

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"relais/app/documents"
	"relais/app/drill"
	"relais/app/i18n"
	"relais/app/printing"
	"relais/app/rx"
	"relais/app/wiring"
)

// otherDocument is what the commands of documents about no single prescription share: a file, or the printer of their kind.
type otherDocument struct {
	Out      string `name:"out" short:"o" placeholder:"F.pdf" help:"${help_print_out}"`
	Force    bool   `help:"${help_force}"`
	Language string `enum:"fr,nl,de," default:"" placeholder:"fr|nl|de" help:"${help_print_language}"`
	where
}

func (c otherDocument) output() output { return output{Out: c.Out, Force: c.Force} }

// in is the language of the document: the one asked for, else the usual one.
func (c otherDocument) in(usual rx.Lang) rx.Lang {
	if c.Language != "" {
		return rx.Lang(c.Language)
	}
	return usual
}

// give lays a document out and writes or prints it. Nothing is claimed or counted.
func (c otherDocument) give(r *run, kind printing.Kind, layout func(*wiring.Session) (documents.Document, error)) (Exit, error) {
	if err := c.output().free(); err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	d, err := layout(s)
	if err != nil {
		return Failed, err
	}
	pdf, err := pdfOf(d, s.Service.Now())
	if err != nil {
		return Failed, err
	}
	if c.Out != "" {
		if err := r.write(c.output(), pdf); err != nil {
			return Failed, err
		}
		return r.stand(nil, c.Out, Done)
	}
	desk, err := r.desk(s)
	if err != nil {
		return Failed, err
	}
	defer desk.Close()
	id, err := rx.NewID(s.Service.Now(), s.Service.Rand)
	if err != nil {
		return Failed, err
	}
	result, err := desk.Print(r.ctx, printing.Document{IDs: []rx.ID{id}, Kind: kind, On: c.setting(),
		Make: func(context.Context) ([]byte, error) { return pdf, nil }}, false, r.hearing())
	if err != nil {
		return Failed, err
	}
	exit := Done
	if result.Fault != nil {
		r.tell(result.Fault)
	}
	switch result.Sheet {
	case printing.NoSheet:
		exit = Failed
	case printing.MaybeSheet, printing.OpenSheet:
		exit = NeedsPerson
	}
	return r.printed(kind, nil, result, exit)
}

func pdfOf(d documents.Document, at time.Time) ([]byte, error) {
	var pdf bytes.Buffer
	err := documents.WritePDF(&pdf, d, at)
	return pdf.Bytes(), err
}

// ofPractice gives a document that bears the practice, in the language of its region unless another is asked for.
func (c otherDocument) ofPractice(r *run, layout func(*wiring.Session, rx.Practice, rx.Lang) (documents.Document, error)) (Exit, error) {
	return c.give(r, printing.Report, func(s *wiring.Session) (documents.Document, error) {
		practice, err := s.Service.Practice(r.ctx)
		if err != nil {
			return documents.Document{}, err
		}
		return layout(s, practice, c.in(practice.RegionLanguage))
	})
}

// printListCmd gives the list of a day: every prescription with what became of it.
type printListCmd struct {
	Day day `placeholder:"2026-11-22" help:"${help_print_day}"`
	otherDocument
}

func (c printListCmd) do(r *run) (Exit, error) {
	return c.ofPractice(r, func(s *wiring.Session, practice rx.Practice, lang rx.Lang) (documents.Document, error) {
		now := s.Service.Now()
		list := documents.DayList{Day: c.Day.Date, Language: lang, Practice: practice, Printed: now, Simulated: s.Profile.Simulated}
		if list.Day.IsZero() {
			list.Day = rx.DateOf(now)
		}
		items, err := s.Service.Day(r.ctx, list.Day)
		if err != nil {
			return documents.Document{}, err
		}
		for _, item := range items {
			state := i18n.State(lang, item.Prescription, s.Service.Owed(item))
			list.Lines = append(list.Lines, documents.DayLine{Facts: item.Facts, State: state, RID: item.RID()})
		}
		return list.Layout()
	})
}

// printTestCmd gives the test page of the form that is chosen, in the language of the person.
type printTestCmd struct{ otherDocument }

func (c printTestCmd) do(r *run) (Exit, error) {
	return c.give(r, printing.Test, func(s *wiring.Session) (documents.Document, error) {
		options, err := s.Documents(r.ctx)
		if err != nil {
			return documents.Document{}, err
		}
		return documents.Calibration{Form: options.Form, Language: c.in(r.lang)}.Layout()
	})
}

// printPharmacistCmd gives the page for the pharmacist.
type printPharmacistCmd struct{ otherDocument }

func (c printPharmacistCmd) do(r *run) (Exit, error) {
	return c.ofPractice(r, func(_ *wiring.Session, practice rx.Practice, lang rx.Lang) (documents.Document, error) {
		return documents.PharmacistSheet{Language: lang, Practice: practice}.Layout()
	})
}

// printPosterCmd gives the poster for the waiting room.
type printPosterCmd struct{ otherDocument }

func (c printPosterCmd) do(r *run) (Exit, error) {
	return c.ofPractice(r, func(_ *wiring.Session, practice rx.Practice, lang rx.Lang) (documents.Document, error) {
		return documents.Poster{Language: lang, Practice: practice}.Layout()
	})
}

// printDrillCmd plays the drill of a seed and gives its report.
type printDrillCmd struct {
	Seed uint32 `default:"1" placeholder:"N" help:"${help_seed}"`
	otherDocument
}

func (c printDrillCmd) do(r *run) (Exit, error) {
	return c.ofPractice(r, func(_ *wiring.Session, _ rx.Practice, lang rx.Lang) (documents.Document, error) {
		return drillReport(r.ctx, uint64(c.Seed), lang)
	})
}

// drillReport plays a seed for its report alone.
func drillReport(ctx context.Context, seed uint64, lang rx.Lang) (d documents.Document, err error) {
	practice, err := wiring.NewPractice(ctx, seed)
	if err != nil {
		return d, err
	}
	defer func() {
		if failed := practice.Close(ctx); err == nil {
			err = failed
		}
	}()
	report, err := drill.Run(ctx, practice, seed)
	if err != nil {
		return d, err
	}
	return reported(ctx, practice, report, lang)
}

// reported lays the report of a drill out: the lines on which a prescription was issued or came into another state, or a
// sheet changed hands; what happened to several of a patient at once stands on one line. Names are those of invented patients.
func reported(ctx context.Context, practice *wiring.Practice, report drill.Report, lang rx.Lang) (documents.Document, error) {
	s := practice.Service()
	out := documents.DrillReport{Language: lang, Seed: report.Seed, Day: rx.DateOf(s.Now()), Duplicates: report.Duplicates, Lost: report.Lost}
	for _, c := range []struct {
		state rx.State
		n     int
	}{{rx.StateConfirmed, report.Confirmed}, {rx.StatePaper, report.Paper}, {rx.StateRefused, report.Refused}, {rx.StateWithdrawn, report.Withdrawn},
		{rx.StateRevoked, report.Revoked}, {rx.StateUnknown, report.Unknown}, {rx.StateReady, report.Waits}} {
		out.Counts = append(out.Counts, documents.DrillCount{State: i18n.Text(lang, "state."+c.state.String()), N: c.n})
	}
	names := map[rx.ID]string{}
	last := 0 // prescriptions on the last line
	for i, l := range report.Timeline {
		if i == 0 {
			out.Day = rx.DateOf(l.Event.At.In(s.Now().Location()))
		}
		if k := l.Event.Kind; k != 0 && l.From == l.To && k != rx.EventHandedOver && k != rx.EventDestroyed {
			continue
		}
		if _, known := names[l.Prescription]; !known {
			item, err := s.Store.Item(ctx, l.Prescription)
			if err != nil {
				return documents.Document{}, err
			}
			names[l.Prescription] = item.Facts.Patient.LastName + " " + item.Facts.Patient.FirstName
		}
		line := documents.DrillLine{At: l.Event.At.In(s.Now().Location()), Patient: names[l.Prescription]}
		if line.Text = i18n.Text(lang, "event.issued"); l.Event.Kind != 0 {
			line.Text = i18n.Event(lang, l.Event)
		}
		if n := len(out.Lines) - 1; n >= 0 && out.Lines[n].At.Truncate(time.Minute).Equal(line.At.Truncate(time.Minute)) && out.Lines[n].Patient == line.Patient &&
			strings.TrimPrefix(out.Lines[n].Text, times(last)) == line.Text {
			last++
			out.Lines[n].Text = times(last) + line.Text
			continue
		}
		out.Lines, last = append(out.Lines, line), 1
	}
	return out.Layout()
}

func times(n int) string {
	if n < 2 {
		return ""
	}
	return strconv.Itoa(n) + " × "
}
