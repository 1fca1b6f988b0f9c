package prescribing_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

func TestIssue(t *testing.T) {
	d := newDesk(t)
	r := request(2)
	r.Patient.Language = rx.NL
	r.Lines[1] = rx.Line{Kind: rx.INN, VMPGroup: "0024901", Duration: &rx.Span{Value: 7, Unit: "d"}, Posology: r.Lines[0].Posology}
	done, err := d.Service.Issue(ctx, r, prescribing.How{Forced: []string{"duty-pharmacy"}})
	d.well(err)
	d.acted("issue")
	if done.Existing || done.Sheet != nil || len(done.Prescriptions) != 2 || d.changes != 1 {
		t.Errorf("%+v, engine told %d times", done, d.changes)
	}
	if len(done.Warnings) != 1 || done.Warnings[0].Code != rx.CodeDurationsDiffer {
		t.Errorf("warnings %v", done.Warnings)
	}
	issue := d.issues[0]
	r.ID = issue.Order
	if _, err := rx.ParseID(string(issue.Order)); err != nil || done.Order != issue.Order || string(issue.Request) != string(marshal(r)) ||
		!issue.At.Equal(monday) || issue.Draft != "" || issue.Closes != nil || issue.Patient != r.Patient {
		t.Errorf("order %q of %v for %v: %s", issue.Order, issue.At, issue.Patient.Language, issue.Request)
	}
	for i, it := range issue.Items {
		f := it.Facts
		if it.Prescription.ID != f.Prescription || f.Line != i || string(it.Message) != "message of "+string(f.Prescription) || it.Prescription.State != rx.StateReady || len(it.Events) > 0 {
			t.Errorf("line %d: %s, message %q, %d events", i, it.Prescription.State, it.Message, len(it.Events))
		}
		if f.PosologyText != "1\u00a0capsule 3\u00a0keer per dag gedurende 5\u00a0dagen" || f.Medicines != "file of the day" || !slices.Equal(f.Proof.Forced, []string{"duty-pharmacy"}) ||
			f.Practice != practice || !f.Issued.Equal(monday) {
			t.Errorf("line %d: %q by %q, proof %v", i, f.PosologyText, f.Medicines, f.Proof.Forced)
		}
	}
	if issue.Items[0].Prescription.ID == issue.Items[1].Prescription.ID {
		t.Error("two lines of one id")
	}
}

// While a service that pharmacies need is in doubt the proof is printed.
func TestIssueDegraded(t *testing.T) {
	for _, degraded := range []bool{false, true} {
		d := newDesk(t)
		d.Degraded = func() bool { return degraded }
		r := request(1)
		r.Proof = rx.ProofNone
		done, err := d.Service.Issue(ctx, r, prescribing.How{})
		d.well(err)
		if f := d.issues[0].Items[0].Facts.Proof; done.Prescriptions[0].Proof != degraded || slices.Contains(f.Forced, "degraded") != degraded {
			t.Errorf("degraded %t: %+v", degraded, f)
		}
	}
}

// The same request again gives the order that there is, whatever became of it and of the
// rules; another request of the same id is refused. Nothing is kept or printed.
func TestIssueAgain(t *testing.T) {
	for _, how := range []prescribing.How{{}, {Paper: "own-line"}, {Paper: "own-line", Handwritten: true}} {
		d := newDesk(t)
		r := request(1)
		r.ID = "019a0000-0000-7000-8000-000000000001"
		r.Lines[0].Begin = rx.DateOf(monday)
		first, err := d.Service.Issue(ctx, r, how)
		d.well(err)
		d.log, d.clock, d.changes = nil, monday.AddDate(1, 0, 0), 0
		again, err := d.Service.Issue(ctx, r, how)
		d.well(err)
		d.acted("")
		if !again.Existing || again.Sheet != nil || again.Prescriptions[0].ID != first.Prescriptions[0].ID || d.changes > 0 {
			t.Errorf("%+v", again)
		}
		r.Lines[0].Quantity = 2
		_, err = d.Service.Issue(ctx, r, how)
		d.code(err, rx.CodeOtherSame)
		d.acted("")
	}
}

// Two processes that issue the same order at once: the later one prints nothing.
func TestIssueMeanwhile(t *testing.T) {
	d := newDesk(t)
	store := &late{ports: d.ports}
	d.Store = store
	done, err := d.Service.Issue(ctx, request(1), prescribing.How{Paper: "own-line"})
	d.well(err)
	d.acted("issue")
	if !done.Existing || done.Sheet != nil {
		t.Errorf("%+v", done)
	}
}

// Whatever is wrong, nothing is kept.
func TestIssueRefused(t *testing.T) {
	with := func(change func(*rx.Request)) rx.Request {
		r := request(1)
		change(&r)
		return r
	}
	unknown := with(func(r *rx.Request) { r.Lines[0].CNK, r.Lines[0].Name = "9900077", "Quelque chose" })
	newborn := with(func(r *rx.Request) { r.Patient.SSIN, r.Patient.NoSSIN = "", rx.Newborn })
	tomorrow := rx.DateOf(monday).AddDays(1)
	for name, c := range map[string]struct {
		r     rx.Request
		how   prescribing.How
		setUp func(*desk)
		code  rx.Code
		path  string
	}{
		"no lines":         {r: request(0), code: rx.CodeLineCount, path: "$.lines"},
		"another's number": {r: with(func(r *rx.Request) { r.Patient.SSIN = "85073003428" }), code: rx.CodeSSINCheck, path: "$.patient.ssin"},
		"unknown product":  {r: unknown, code: rx.CodeUnknownProduct, path: "$.lines[0].cnk"},
		"unknown group": {r: with(func(r *rx.Request) {
			r.Lines[0] = rx.Line{Kind: rx.INN, VMPGroup: "0000001", Duration: &rx.Span{Value: 1, Unit: "d"}, Posology: r.Lines[0].Posology}
		}), code: rx.CodeUnknownProduct, path: "$.lines[0].vmp_group"},
		"no number":          {r: newborn, code: rx.CodePaperOnly, path: "$.patient.no_ssin"},
		"written tomorrow":   {r: request(1), how: prescribing.How{Paper: "own-line", Handwritten: true, Day: tomorrow}, code: rx.CodeWrittenDate},
		"no such reason":     {r: request(1), how: prescribing.How{Paper: "the weather"}, code: rx.CodeReasonMissing},
		"no such proof":      {r: request(1), how: prescribing.How{Forced: []string{"whim"}}, code: rx.CodeInternal},
		"a sign of no font":  {r: with(func(r *rx.Request) { r.Patient.LastName = "Dupont☂" }), setUp: func(d *desk) { d.Shows = func(r rune) bool { return r != '☂' } }, code: rx.CodeUnshowable, path: "$.patient.last_name"},
		"no practice":        {r: request(1), setUp: func(d *desk) { delete(d.settings, "practice") }, code: rx.CodeNotFound},
		"a damaged practice": {r: request(1), setUp: func(d *desk) { d.settings["practice"] = []byte("{") }, code: rx.CodeDamaged},
		"no message":         {r: request(1), setUp: func(d *desk) { d.refuse("compose", rx.Fault(rx.CodeTooMany)) }, code: rx.CodeTooMany},
		"no randomness":      {r: request(1), setUp: func(d *desk) { d.refuse("random", errDisk) }, code: rx.CodeRandom},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			if c.setUp != nil {
				c.setUp(d)
			}
			_, err := d.Service.Issue(ctx, c.r, c.how)
			d.code(err, c.code)
			if d.acted(""); len(d.items) > 0 || d.changes > 0 {
				t.Error("something was kept")
			}
			var faults rx.Faults
			if c.path != "" && (!errors.As(err, &faults) || faults[0].Path != c.path) {
				t.Errorf("%v, not at %s", err, c.path)
			}
		})
	}

	d := newDesk(t)
	_, err := d.Service.Issue(ctx, unknown, prescribing.How{AsFreeText: true})
	d.well(err)
	if got := d.issues[0].Items[0].Facts.Product.Name; got != "Quelque chose" {
		t.Errorf("as free text: %q", got)
	}
	_, err = d.Service.Issue(ctx, newborn, prescribing.How{Paper: "no-ssin-newborn"})
	d.well(err)
	if p := d.items[1]; p.Electronic || p.State != rx.StatePaper || d.issues[1].Items[0].Message != nil {
		t.Errorf("a newborn's: %s, electronic %t", p.State, p.Electronic)
	}
}

// Check tells what Issue would, and keeps nothing.
func TestCheck(t *testing.T) {
	d := newDesk(t)
	r := request(1)
	r.ID = "019a0000-0000-7000-8000-000000000001"
	r.Patient.Sex = rx.Male
	checked, warnings, err := d.Check(r, prescribing.How{})
	d.well(err)
	if len(warnings) != 1 || warnings[0].Code != rx.CodeSSINSex || checked.Lines[0].Begin != rx.DateOf(monday) || len(d.log) > 0 {
		t.Errorf("%v, begins %v, %v", warnings, checked.Lines[0].Begin, d.log)
	}
	r.Lines = nil
	_, _, err = d.Check(r, prescribing.How{})
	d.code(err, rx.CodeLineCount)
}

// Straight to paper: the claim is in the transaction of the issue, then the outside mark,
// then the sheet.
func TestIssueToPaper(t *testing.T) {
	d := newDesk(t)
	done, err := d.Service.Issue(ctx, request(2), prescribing.How{Paper: "urgent"})
	d.well(err)
	d.acted("issue, outside, apply printed, apply printed, sheet")
	if want := "sheet " + string(done.Prescriptions[0].ID) + " " + string(done.Prescriptions[1].ID); string(done.Sheet) != want {
		t.Errorf("%s, not %s", done.Sheet, want)
	}
	for i, it := range d.issues[0].Items {
		p := it.Prescription
		if p.State != rx.StatePaper || p.PaperReason != "urgent" || p.Sheet().Handwritten || len(it.Events) != 1 || it.Events[0].Kind != rx.EventClaimed || !it.Events[0].At.Equal(monday) {
			t.Errorf("%s for %q, %d events", p.State, p.PaperReason, len(it.Events))
		}
		if now := d.pressed[i]; now.ID != p.ID || now.Sheet().Copies != 1 {
			t.Errorf("pressed as %+v", now.Sheet())
		}
	}
	if a, b := d.items[0].Sheet().ID, d.items[1].Sheet().ID; a == b {
		t.Error("two sheets of one id")
	}
}

func TestIssueWrittenByHand(t *testing.T) {
	yesterday := rx.DateOf(monday).AddDays(-1)
	for _, c := range []struct{ day, want rx.Date }{{rx.Date{}, rx.DateOf(monday)}, {yesterday, yesterday}} {
		d := newDesk(t)
		done, err := d.Service.Issue(ctx, request(1), prescribing.How{Paper: "outside-practice", Handwritten: true, Day: c.day})
		d.well(err)
		d.acted("issue, outside")
		s := d.items[0].Sheet()
		if done.Sheet != nil || !s.Handwritten || !s.Handed.Set() || s.Day != c.want || d.items[0].Begin != c.want {
			t.Errorf("%+v, begins %v", s, d.items[0].Begin)
		}
	}
}

func TestDrafts(t *testing.T) {
	d := newDesk(t)
	draft, err := d.Service.SaveDraft(ctx, rx.Draft{Request: request(1)})
	d.well(err)
	d.acted("save draft")
	if draft.ID == "" || draft.Request.ID != draft.ID || !draft.Updated.Equal(monday) || d.drafts[draft.ID].Request.ID != draft.ID {
		t.Errorf("draft %q of order %q at %v", draft.ID, draft.Request.ID, draft.Updated)
	}
	named := rx.Draft{Request: rx.Request{ID: "019a0000-0000-7000-8000-000000000001"}}
	if named, err = d.Service.SaveDraft(ctx, named); err != nil || named.ID != named.Request.ID {
		t.Errorf("%v, draft %q of order %q", err, named.ID, named.Request.ID)
	}
	d.clock = monday.Add(time.Minute)
	if same, err := d.Service.SaveDraft(ctx, draft); err != nil || same.ID != draft.ID || !same.Updated.Equal(d.clock) || len(d.drafts) != 2 {
		t.Errorf("%v, %q at %v", err, same.ID, same.Updated)
	}
	d.log = nil
	done, err := d.IssueDraft(ctx, draft.ID, prescribing.How{})
	d.well(err)
	d.acted("issue")
	if done.Order != draft.ID || d.issues[0].Draft != draft.ID || len(d.drafts) != 1 {
		t.Errorf("order %q of draft %q, %d left", done.Order, d.issues[0].Draft, len(d.drafts))
	}
	_, err = d.IssueDraft(ctx, draft.ID, prescribing.How{})
	d.code(err, rx.CodeNotFound)
	d.acted("")
	_, err = d.IssueDraft(ctx, named.ID, prescribing.How{})
	d.code(err, rx.CodeExactlyOne)
	if len(d.drafts) != 1 {
		t.Error("a draft that could not be issued is gone")
	}
}

func TestPractice(t *testing.T) {
	d := newDesk(t)
	other := practice
	other.Phone = "081 00 00 01"
	d.well(d.SetPractice(ctx, other))
	d.acted("set setting")
	if got, err := d.Practice(ctx); err != nil || got != other {
		t.Errorf("%v", err)
	}
	for _, c := range []struct {
		change func(*rx.Practice)
		shows  func(rune) bool
		code   rx.Code
	}{
		{func(p *rx.Practice) { p.Prescriber.NIHII = "19999916004" }, nil, rx.CodeNIHIICheck},
		{func(p *rx.Practice) {}, func(r rune) bool { return r != 'é' }, rx.CodeUnshowable},
	} {
		wrong := practice
		c.change(&wrong)
		d.Shows = c.shows
		d.code(d.SetPractice(ctx, wrong), c.code)
		d.acted("")
	}
}
