package prescribing_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

func TestToTreat(t *testing.T) {
	d := newDesk(t)
	first := d.issued(1)[0]
	d.happen(first, mark, refused)
	d.clock = monday.Add(time.Minute)
	later := d.issued(1)[0]
	d.happen(later, mark, refused)
	noted := d.issued(1)[0]
	d.happen(noted, claimed, printed, out, handed)
	d.issued(1) // nothing owed
	treats, err := d.ToTreat(ctx)
	d.well(err)
	var got []string
	for _, tr := range treats {
		got = append(got, fmt.Sprint(tr.Kind, " ", tr.Item.ID))
	}
	if want := []string{fmt.Sprint("tell ", first), fmt.Sprint("tell ", later), fmt.Sprint("note ", noted)}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// What is owed, and whether it may leave, depend on the clock and on what is around.
func TestOwedAndMaySend(t *testing.T) {
	d := newDesk(t)
	d.issued(1)
	item := d.items[0]
	if err := d.MaySend(item); err != nil || len(d.Owed(item)) > 0 {
		t.Errorf("fresh: %v, %v", err, d.Owed(item))
	}
	item.Around.ReplacedOpen = true
	d.code(d.MaySend(item), rx.CodeWaitsForReplaced)
	item.Around = rx.Around{Newer: true}
	d.code(d.MaySend(item), rx.CodeNeedsConfirmation)
	if owed := d.Owed(item); len(owed) != 1 || owed[0].Why != "newer" {
		t.Errorf("%v", owed)
	}
	item.Around = rx.Around{}
	d.Waits.Silent = time.Minute
	d.clock = monday.Add(time.Minute)
	if owed := d.Owed(item); len(owed) != 1 || owed[0].Why != "waited" {
		t.Errorf("%v", owed)
	}
	d.code(d.MaySend(item), rx.CodeNeedsConfirmation)
}

func TestSearch(t *testing.T) {
	d := newDesk(t)
	d.issued(1)
	jan := request(1)
	jan.Patient = rx.Patient{SSIN: "79021802145", FirstName: "Jan", LastName: "Van Dupré", BirthDate: rx.Date{Year: 1979, Month: 2, Day: 18}, Sex: rx.Male}
	_, err := d.Service.Issue(ctx, jan, prescribing.How{})
	d.well(err)
	for words, want := range map[string]string{
		"": "Jan Marie", "  ": "Jan Marie", "dup": "Jan Marie", "DUPRE van": "Jan", "marie": "Marie", "8507": "Marie", "amoxi dupont": "Marie", "arie": "", "dupont jan": "", "exemple": "Jan Marie",
	} {
		items, err := d.Search(ctx, words, rx.Filter{})
		d.well(err)
		var got []string
		for _, item := range items {
			got = append(got, item.Facts.Patient.FirstName)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q finds %v, not %s", words, got, want)
		}
	}
	if items, err := d.Search(ctx, "dup", rx.Filter{State: rx.StatePaper}); err != nil || len(items) != 0 {
		t.Errorf("%v, %d on paper", err, len(items))
	}
}

func TestFindPatients(t *testing.T) {
	d := newDesk(t)
	for _, p := range []rx.Patient{marie, {FirstName: "Élise", LastName: "Dubois", NoSSIN: rx.Foreign, BirthDate: rx.Date{Year: 2001, Month: 3, Day: 4}},
		{FirstName: "Anne", LastName: "Dubois", NoSSIN: rx.Foreign, BirthDate: rx.Date{Year: 2001, Month: 3, Day: 5}}} {
		d.known = append(d.known, rx.Known{Patient: p})
	}
	for words, want := range map[string]string{
		"": "Anne Élise Marie", "du": "Anne Élise Marie", "elise DUBOIS": "Élise", "85.07.30-034.27": "Marie", " 85073003427 ": "Marie", "8507": "Marie", "04/03/2001": "Élise", "ubois": "",
	} {
		found, err := d.FindPatients(ctx, words)
		d.well(err)
		var got []string
		for _, k := range found {
			got = append(got, k.FirstName)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q finds %v, not %s", words, got, want)
		}
	}
}

func TestAddPatient(t *testing.T) {
	d := newDesk(t)
	man := marie
	man.Sex = rx.Male
	added, err := d.AddPatient(ctx, man)
	d.well(err)
	d.acted("save patient")
	if added.Existing || added.Known.Patient != man || added.Known.ID == "" || len(added.Warnings) != 1 || added.Warnings[0].Code != rx.CodeSSINSex {
		t.Errorf("existing %t, %q, %v", added.Existing, added.Known.ID, added.Warnings)
	}
	baby := rx.Patient{NoSSIN: rx.Newborn, FirstName: "Bébé", LastName: "Dupont", BirthDate: rx.DateOf(monday), Sex: rx.Female}
	if again, err := d.AddPatient(ctx, baby); err != nil || again.Existing || len(again.Warnings) > 0 {
		t.Errorf("%v, existing %t", err, again.Existing)
	}
	d.log = nil
	for what, p := range map[string]rx.Patient{
		"number": {SSIN: man.SSIN, FirstName: "Marion", LastName: "Autre", BirthDate: man.BirthDate, Sex: rx.Female},
		"name":   {NoSSIN: rx.Pending, FirstName: "BEBE", LastName: "dupont", BirthDate: baby.BirthDate, Sex: rx.Female},
	} {
		again, err := d.AddPatient(ctx, p)
		d.well(err)
		d.acted("")
		if want := d.known[map[string]int{"number": 0, "name": 1}[what]]; !again.Existing || again.Known != want {
			t.Errorf("of the same %s: existing %t, %q", what, again.Existing, again.Known.ID)
		}
	}
	for what, change := range map[string]func(*rx.Patient){
		"another day":   func(p *rx.Patient) { p.BirthDate = p.BirthDate.AddDays(-1) },
		"another name":  func(p *rx.Patient) { p.LastName = "Dupond" },
		"another first": func(p *rx.Patient) { p.FirstName = "Bette" },
		"with a number": func(p *rx.Patient) { p.NoSSIN, p.SSIN = "", "79021802145" },
	} {
		other := baby
		change(&other)
		if got, err := d.AddPatient(ctx, other); err != nil || got.Existing {
			t.Errorf("%s: %v, existing %t", what, err, got.Existing)
		}
	}

	d.log = nil
	wrong := marie
	wrong.SSIN, wrong.FirstName, wrong.LastName = "85073003428", "", "☂"
	d.Shows = func(r rune) bool { return r != '☂' }
	_, err = d.AddPatient(ctx, wrong)
	var faults rx.Faults
	if !errors.As(err, &faults) || len(faults) != 3 || faults[0].Path != "$.ssin" || faults[1].Path != "$.first_name" || faults[2].Code != rx.CodeUnshowable || len(d.log) > 0 {
		t.Errorf("%v, %v", err, d.log)
	}
	if shown := fmt.Sprintf("%v %+v %#v", added, added, added); strings.Contains(shown, "Marie") || strings.Contains(shown, "8507") {
		t.Errorf("prints %s", shown)
	}
}

// Another process that keeps the same one meanwhile is no fault.
func TestAddPatientMeanwhile(t *testing.T) {
	d := newDesk(t)
	d.before = func(op string) error {
		if op != "save patient" {
			return nil
		}
		d.known = append(d.known, rx.Known{Patient: marie, ID: "theirs"})
		return rx.Fault(rx.CodeConflict)
	}
	added, err := d.AddPatient(ctx, marie)
	if err != nil || !added.Existing || added.Known.ID != "theirs" {
		t.Errorf("%v, existing %t, %q", err, added.Existing, added.Known.ID)
	}
	d = newDesk(t)
	d.refuse("save patient", rx.Fault(rx.CodeConflict))
	_, err = d.AddPatient(ctx, marie)
	d.code(err, rx.CodeConflict)
	if n := strings.Count(strings.Join(d.log, ","), "save patient"); n != 8 {
		t.Errorf("tried %d times", n)
	}
}

func TestRepeat(t *testing.T) {
	d := newDesk(t)
	r := request(2)
	r.Lines[1].Quantity, r.Proof = 3, rx.ProofNone
	done, err := d.Service.Issue(ctx, r, prescribing.How{})
	d.well(err)
	moved := marie
	moved.Phone = "081 00 00 99"
	d.known = []rx.Known{{ID: "patient", Patient: moved}}
	d.log, d.clock = nil, monday.AddDate(0, 1, 0)
	draft, err := d.Repeat(ctx, done.Prescriptions[1].ID)
	d.well(err)
	d.acted("save draft")
	lines := draft.Request.Lines
	if len(lines) != 1 || lines[0].Quantity != 3 || !lines[0].Begin.IsZero() || !lines[0].Expires.IsZero() || lines[0].CNK != r.Lines[1].CNK ||
		draft.Request.Patient != moved || draft.Request.Proof != rx.ProofAuto || draft.ID == done.Order || draft.ID == "" || !draft.Updated.Equal(d.clock) {
		t.Errorf("draft %s of %d lines at %v", draft.ID, len(lines), draft.Updated)
	}
	_, err = d.Repeat(ctx, "nobody")
	d.code(err, rx.CodeNotFound)
	d.known = nil
	_, err = d.Repeat(ctx, done.Prescriptions[0].ID)
	d.code(err, rx.CodeNotFound)
}

// Whichever call of a port fails, its error is told and nothing is called after it; but
// what was claimed before is marked outside.
func TestNothingAfterAFailingStep(t *testing.T) {
	r := request(2)
	r.ID = "019a0000-0000-7000-8000-000000000001"
	for name, c := range map[string]struct {
		before []rx.Event
		do     func(d *desk, id rx.ID) error
		calls  int // at least
	}{
		"issue": {nil, func(d *desk, _ rx.ID) error { _, err := d.Service.Issue(ctx, r, prescribing.How{}); return err }, 5},
		"issue paper": {nil, func(d *desk, _ rx.ID) error {
			_, err := d.Service.Issue(ctx, r, prescribing.How{Paper: "urgent"})
			return err
		}, 13},
		"issue by hand": {nil, func(d *desk, _ rx.ID) error {
			_, err := d.Service.Issue(ctx, r, prescribing.How{Paper: "urgent", Handwritten: true})
			return err
		}, 6},
		"issue draft": {nil, func(d *desk, _ rx.ID) error {
			d.drafts[r.ID] = rx.Draft{ID: r.ID, Request: r}
			_, err := d.IssueDraft(ctx, r.ID, prescribing.How{})
			return err
		}, 6},
		"draft": {nil, func(d *desk, _ rx.ID) error { _, err := d.Service.SaveDraft(ctx, rx.Draft{}); return err }, 1},
		"paper": {nil, func(d *desk, id rx.ID) error {
			_, err := d.Paper(ctx, []rx.ID{id}, prescribing.Claim{Reason: "urgent"})
			return err
		}, 8},
		"copy": {[]rx.Event{claimed, printed}, func(d *desk, id rx.ID) error {
			_, err := d.Paper(ctx, []rx.ID{id}, prescribing.Claim{Reason: "urgent"})
			return err
		}, 6},
		"by hand": {nil, func(d *desk, id rx.ID) error {
			_, err := d.Paper(ctx, []rx.ID{id}, prescribing.Claim{Reason: "urgent", Handwritten: true})
			return err
		}, 4},
		"proof":    {[]rx.Event{mark, accepted}, func(d *desk, id rx.ID) error { _, err := d.Service.Proof(ctx, []rx.ID{id}); return err }, 5},
		"redo":     {[]rx.Event{claimed, printed}, func(d *desk, id rx.ID) error { _, err := d.Redo(ctx, id); return err }, 5},
		"withdraw": {nil, func(d *desk, id rx.ID) error { _, err := d.Withdraw(ctx, id, "stopped", ""); return err }, 3},
		"revoke":   {[]rx.Event{mark, accepted}, func(d *desk, id rx.ID) error { _, err := d.Revoke(ctx, id, "stopped", ""); return err }, 2},
		"let go":   {nil, func(d *desk, id rx.ID) error { return d.LetGo(ctx, d.is(id).Order) }, 5},
		"twin":     {nil, func(d *desk, id rx.ID) error { _, err := d.Twin(ctx, id); return err }, 2},
		"settle": {[]rx.Event{mark, refused}, func(d *desk, id rx.ID) error {
			_, err := d.Settle(ctx, string(id)+".tell", prescribing.Answer{Outcome: rx.WasTold})
			return err
		}, 2},
		"paper given": {[]rx.Event{restored}, func(d *desk, id rx.ID) error {
			_, err := d.Settle(ctx, string(id)+".restored", prescribing.Answer{Outcome: rx.PaperGiven})
			return err
		}, 2},
		"settle paper": {[]rx.Event{twin, {Kind: rx.EventTwinAnswered, Outcome: rx.OnlyHere}}, func(d *desk, id rx.ID) error {
			d.clock = monday.Add(5 * time.Hour)
			_, err := d.Settle(ctx, string(id)+".reconfirm", prescribing.Answer{Outcome: rx.ToPaper, Paper: "urgent"})
			return err
		}, 9},
		"to treat":      {nil, func(d *desk, _ rx.ID) error { _, err := d.ToTreat(ctx); return err }, 1},
		"search":        {nil, func(d *desk, _ rx.ID) error { _, err := d.Search(ctx, "x", rx.Filter{}); return err }, 1},
		"find patients": {nil, func(d *desk, _ rx.ID) error { _, err := d.FindPatients(ctx, "x"); return err }, 1},
		"add patient":   {nil, func(d *desk, _ rx.ID) error { _, err := d.AddPatient(ctx, marie); return err }, 2},
		"repeat": {nil, func(d *desk, id rx.ID) error {
			d.known = []rx.Known{{ID: "patient", Patient: marie}}
			_, err := d.Repeat(ctx, id)
			return err
		}, 3},
		"practice":     {nil, func(d *desk, _ rx.ID) error { _, err := d.Practice(ctx); return err }, 1},
		"set practice": {nil, func(d *desk, _ rx.ID) error { return d.SetPractice(ctx, practice) }, 1},
	} {
		calls := c.calls + 1
		for fails := 0; fails < calls; fails++ {
			d := newDesk(t)
			ids := d.issued(2)
			d.happen(ids[0], c.before...)
			made, broke := 0, ""
			d.before = func(op string) error {
				if op == "random" {
					return nil
				}
				if made++; made == fails+1 {
					broke = op
					return errDisk
				}
				return nil
			}
			err := c.do(d, ids[0])
			if broke == "" {
				if fails < c.calls || err != nil {
					t.Errorf("%s: %d calls, not %d: %v: %v", name, fails, c.calls, d.log, err)
				}
				break
			}
			calls = fails + 2
			if d.code(err, rx.CodeIO); rx.CodeOf(err) != rx.CodeIO {
				t.Errorf("%s: after %s", name, broke)
			}
			if after := d.log[fails+1:]; len(after) > 0 && (len(after) > 1 || after[0] != "outside" || !slices.Contains([]string{"item", "apply claimed"}, broke)) {
				t.Errorf("%s: after a failing %s it called %v", name, broke, after)
			}
		}
	}
}

// A day is the practice's, whole and oldest first, however many prescriptions it and later ones have.
func TestDay(t *testing.T) {
	d := newDesk(t)
	var want []rx.ID
	for day, orders := range []int{3, 27, 13} { // of ten prescriptions each
		d.clock = monday.AddDate(0, 0, day)
		for range orders {
			d.clock = d.clock.Add(time.Minute)
			if ids := d.issued(10); day == 1 {
				want = append(want, ids...)
			}
		}
	}
	items, err := d.Day(ctx, rx.DateOf(monday.AddDate(0, 0, 1)))
	d.well(err)
	var got []rx.ID
	for _, item := range items {
		got = append(got, item.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d prescriptions, not %d, or another order", len(got), len(want))
	}
	for _, day := range []int{-1, 3} {
		if items, err := d.Day(ctx, rx.DateOf(monday.AddDate(0, 0, day))); len(items) != 0 || err != nil {
			t.Errorf("day %d: %d, %v", day, len(items), err)
		}
	}
	d.before = func(string) error { return rx.Fault(rx.CodeUnread, "n", "1") }
	_, err = d.Day(ctx, rx.DateOf(monday))
	d.code(err, rx.CodeUnread) // a list that lacks lines is not seen to lack them
}
