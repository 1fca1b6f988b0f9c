package prescribing_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"relais/app/prescribing"
	"relais/app/rx"
)

// Claim of each, then the outside mark, then the count of copies, then the sheet.
func TestPaper(t *testing.T) {
	d := newDesk(t)
	ids := d.issued(3)
	pdf, err := d.Paper(ctx, ids[:2], prescribing.Claim{Reason: "outage-recipe"})
	d.well(err)
	d.acted("apply claimed, apply claimed, outside, apply printed, apply printed, sheet")
	if want := "sheet " + string(ids[0]) + " " + string(ids[1]); string(pdf) != want {
		t.Errorf("%s, not %s", pdf, want)
	}
	for i, id := range ids[:2] {
		p, on := d.is(id), d.pressed[i]
		if p.State != rx.StatePaper || p.PaperReason != "outage-recipe" || p.Sheet().Forced || !p.Sheet().Claimed.At.Equal(monday) || !p.Sheet().Printed.Equal(monday) || on.Version != p.Version {
			t.Errorf("%s: %+v, pressed at version %d of %d", p.State, p.Sheet(), on.Version, p.Version)
		}
	}
	if d.is(ids[2]).State != rx.StateReady || d.changes == 0 || d.is(ids[0]).Sheet().ID == d.is(ids[1]).Sheet().ID {
		t.Error("a line that nobody took to paper, an engine that was not told, or a sheet twice")
	}

	// Again: a further copy of the same sheet.
	sheet := d.is(ids[0]).Sheet().ID
	_, err = d.Paper(ctx, ids[:1], prescribing.Claim{Reason: "urgent"})
	d.well(err)
	d.acted("outside, apply printed, sheet")
	if s := d.is(ids[0]).Sheet(); s.ID != sheet || s.Copies != 2 || len(d.is(ids[0]).Sheets) != 1 || d.is(ids[0]).PaperReason != "outage-recipe" {
		t.Errorf("%+v", s)
	}
}

func TestPaperWrittenByHand(t *testing.T) {
	yesterday := rx.DateOf(monday).AddDays(-1)
	for _, c := range []struct{ day, want rx.Date }{{rx.Date{}, rx.DateOf(monday)}, {yesterday, yesterday}} {
		d := newDesk(t)
		ids := d.issued(1)
		pdf, err := d.Paper(ctx, ids, prescribing.Claim{Reason: "own-line", Handwritten: true, Day: c.day})
		d.well(err)
		d.acted("apply claimed, outside")
		if s := d.is(ids[0]).Sheet(); pdf != nil || !s.Handwritten || !s.Handed.Set() || s.Day != c.want {
			t.Errorf("%+v", s)
		}
	}
}

func TestPaperRefused(t *testing.T) {
	own := prescribing.Claim{Reason: "own-line"}
	although := prescribing.Claim{Reason: "own-line", AlthoughUnknown: true}
	byHand := prescribing.Claim{Reason: "own-line", Handwritten: true}
	for name, c := range map[string]struct {
		before   []rx.Event
		replaced bool
		claim    prescribing.Claim
		code     rx.Code // "": it goes to paper
		forced   bool
	}{
		"no reason":                  {claim: prescribing.Claim{}, code: rx.CodeReasonMissing},
		"on the wire":                {before: []rx.Event{mark}, claim: although, code: rx.CodeBeingSent},
		"without an answer":          {before: []rx.Event{mark, lost}, claim: own, code: rx.CodeMayHaveArrived},
		"although without an answer": {before: []rx.Event{mark, lost}, claim: although, forced: true},
		"by hand without an answer":  {before: []rx.Event{mark, lost}, claim: byHand, code: rx.CodeMayHaveArrived},
		"confirmed":                  {before: []rx.Event{mark, accepted}, claim: although, code: rx.CodeElectronicExists},
		"refused":                    {before: []rx.Event{mark, refused}, claim: own},
		"handed over":                {before: []rx.Event{claimed, printed, out, handed}, claim: own, code: rx.CodeOnPaper},
		"a sheet, then by hand":      {before: []rx.Event{claimed, printed}, claim: byHand, code: rx.CodeOnPaper},
		"restored":                   {before: []rx.Event{restored}, claim: although, code: rx.CodeAnswerRestored},
		"replaces what is not gone":  {replaced: true, claim: own, code: rx.CodeWaitsForReplaced},
		"although what is not gone":  {replaced: true, claim: although},
		"by hand what is not gone":   {replaced: true, claim: byHand},
		"withdrawn":                  {before: []rx.Event{{Kind: rx.EventWithdrawn, Reason: "stopped"}}, claim: own, code: rx.CodeClosed},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			ids := d.issued(2)
			d.happen(ids[0], c.before...)
			d.items[0].Around.ReplacedOpen = c.replaced
			before := d.items[0].Prescription
			pdf, err := d.Paper(ctx, ids[:1], c.claim)
			d.code(err, c.code)
			if c.code != "" {
				if pdf != nil || len(d.pressed) > 0 || d.is(ids[0]).Version != before.Version {
					t.Errorf("%q was made, version %d of %d", pdf, d.is(ids[0]).Version, before.Version)
				}
				if !strings.HasPrefix(err.Error(), string(ids[0])+": ") {
					t.Errorf("%v does not name its prescription", err)
				}
				return
			}
			if p := d.is(ids[0]); p.State != rx.StatePaper || p.Sheet().Forced != c.forced {
				t.Errorf("%s, forced %t", p.State, p.Sheet().Forced)
			}
			if owed := slices.ContainsFunc(d.Owed(d.items[0]), func(d rx.Duty) bool { return d.Kind == rx.DutyRevokeOnSight }); owed != c.forced {
				t.Errorf("revoke on sight is owed: %t", owed)
			}
		})
	}
}

// One that cannot go to paper leaves the others theirs; every fault names its own.
func TestPaperOfSome(t *testing.T) {
	d := newDesk(t)
	ids := d.issued(3)
	d.happen(ids[0], mark)
	d.happen(ids[2], mark, accepted)
	const nobody = "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11"
	pdf, err := d.Paper(ctx, append(ids, nobody), prescribing.Claim{Reason: "own-line"})
	d.acted("apply claimed, apply claimed, apply claimed, outside, apply printed, sheet")
	if string(pdf) != "sheet "+string(ids[1]) {
		t.Errorf("%s", pdf)
	}
	for id, code := range map[rx.ID]rx.Code{ids[0]: rx.CodeBeingSent, ids[2]: rx.CodeElectronicExists, nobody: rx.CodeNotFound} {
		if want := string(id) + ": " + string(code); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v without %q", err, want)
		}
	}
	if strings.Contains(err.Error(), string(ids[1])) {
		t.Errorf("%v names the one that went to paper", err)
	}
}

// Where no sheet could be made nothing is claimed, issued or counted.
func TestNothingIsClaimedForNoSheet(t *testing.T) {
	unread := rx.Fault(rx.CodeSettingUnread)
	for name, act := range map[string]func(*desk, []rx.ID) error{
		"paper": func(d *desk, ids []rx.ID) error {
			_, err := d.Paper(ctx, ids, prescribing.Claim{Reason: "own-line"})
			return err
		},
		"settle": func(d *desk, ids []rx.ID) error {
			d.clock = monday.AddDate(0, 0, 2)
			_, err := d.Settle(ctx, rx.Duty{Kind: rx.DutyReconfirm, Prescription: ids[0]}.ID(), prescribing.Answer{Outcome: rx.ToPaper, Paper: "own-line"})
			return err
		},
		"issue": func(d *desk, _ []rx.ID) error {
			_, err := d.Service.Issue(ctx, request(1), prescribing.How{Paper: "own-line"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			ids := d.issued(2)
			d.acts()
			d.before = func(op string) error {
				if op == "forms" {
					return unread
				}
				return nil
			}
			d.code(act(d, ids), rx.CodeSettingUnread)
			d.acted("")
			if len(d.items) != 2 || d.is(ids[0]).State != rx.StateReady {
				t.Error("something was kept")
			}
		})
	}
	d := newDesk(t)
	id := d.issued(1)[0]
	d.happen(id, mark, accepted)
	d.before = func(op string) error {
		if op == "forms" {
			return unread
		}
		return nil
	}
	_, err := d.Service.Proof(ctx, []rx.ID{id})
	d.code(err, rx.CodeSettingUnread)
	if d.is(id).Proofs != 0 {
		t.Error("a proof that was not made is counted")
	}
}

// A sheet takes its forms once, however many prescriptions stand on it; each copy takes its own.
func TestSheetTakesItsForms(t *testing.T) {
	d := newDesk(t)
	ids := d.issued(3)
	for range 2 {
		_, err := d.Paper(ctx, ids, prescribing.Claim{Reason: "own-line", On: prescribing.On{Right: true}})
		d.well(err)
		for i, id := range ids {
			if forms := d.is(id).Sheet().Forms; forms != []int{3, 0, 0}[i] {
				t.Errorf("prescription %d: %d forms", i, forms)
			}
		}
		if !d.on.Right {
			t.Error("on the left half")
		}
	}
}

// From a directory that is open for reading only a proof is given all the same.
func TestProofReadingOnly(t *testing.T) {
	d := newDesk(t)
	id := d.issued(1)[0]
	d.happen(id, mark, accepted)
	d.before = func(op string) error {
		if op == "apply printed" {
			return rx.Fault(rx.CodeReadingOnly)
		}
		return nil
	}
	pdf, err := d.Service.Proof(ctx, []rx.ID{id})
	d.well(err)
	if string(pdf) != "proof "+string(id) || d.is(id).Proofs != 0 {
		t.Errorf("%s, %d copies", pdf, d.is(id).Proofs)
	}
}

func TestProof(t *testing.T) {
	d := newDesk(t)
	ids := d.issued(3)
	second := accepted
	second.RID = "BEP0TEST0002"
	d.happen(ids[0], mark, accepted)
	d.happen(ids[1], mark, second)
	pdf, err := d.Service.Proof(ctx, ids[:2])
	d.well(err)
	d.acted("apply printed, apply printed, proof")
	for i, item := range d.pressed { // counted before it is made: the foot line names it
		if item.Proofs != 1 || d.is(ids[i]).Proofs != 1 {
			t.Errorf("%d copies, kept %d", item.Proofs, d.is(ids[i]).Proofs)
		}
	}
	if want := "proof " + string(ids[0]) + " " + string(ids[1]); string(pdf) != want {
		t.Errorf("%s, not %s", pdf, want)
	}
	d.happen(ids[1], wished)
	pdf, err = d.Service.Proof(ctx, ids)
	var all rx.Faults
	if !errors.As(err, &all) || len(all) != 2 || all[0].Code != rx.CodeToBeRevoked || all[0].Path != string(ids[1]) || all[1].Code != rx.CodeNoProof || all[1].Path != string(ids[2]) || pdf != nil {
		t.Errorf("%v", err)
	}
	d.acted("")
	_, err = d.Service.Proof(ctx, []rx.ID{"nobody"})
	d.code(err, rx.CodeNotFound)
}

// What is to be revoked since it was looked at gets no proof, and none is counted.
func TestProofOfWhatIsWishedGoneMeanwhile(t *testing.T) {
	d := newDesk(t)
	ids := d.issued(2)
	second := accepted
	second.RID = "BEP0TEST0002"
	d.happen(ids[0], mark, accepted)
	d.happen(ids[1], mark, second)
	d.before = func(op string) error {
		if op == "forms" { // between looking and counting
			d.happen(ids[1], wished)
		}
		return nil
	}
	pdf, err := d.Service.Proof(ctx, ids)
	d.code(err, rx.CodeToBeRevoked)
	if pdf != nil || d.is(ids[1]).Proofs != 0 || err != nil && !strings.HasPrefix(err.Error(), string(ids[1])+": ") {
		t.Errorf("%q, %d copies, %v", pdf, d.is(ids[1]).Proofs, err)
	}
}

// Destroyed and issued again in one transaction, once, whoever asks how often.
func TestRedo(t *testing.T) {
	d := newDesk(t)
	old := d.issued(2)[1]
	d.happen(old, claimed, printed)
	d.clock = monday.AddDate(0, 0, 2)
	d.changes = 0
	done, err := d.Redo(ctx, old)
	d.well(err)
	d.acted("issue")
	p := done.Prescriptions[0]
	if done.Order != rx.RedoID(old) || len(done.Prescriptions) != 1 || p.State != rx.StateReady || p.Replaces != old || !p.Electronic || done.Sheet != nil || d.changes != 1 {
		t.Errorf("order %s: %+v", done.Order, p)
	}
	was, is := d.issues[0].Items[1].Facts.Content, d.issues[1].Items[0].Facts.Content
	if is.Begin != rx.DateOf(d.clock) || is.Expires != was.Expires || is.CNK != was.CNK || is.Posology != was.Posology || d.issues[1].Patient != marie {
		t.Errorf("%v to %v, was to %v", is.Begin, is.Expires, was.Expires)
	}
	if s := d.is(old).Sheets[0]; !s.Destroyed.Set() || !s.Destroyed.At.Equal(d.clock) {
		t.Errorf("the sheet: %+v", s)
	}
	_, err = d.Redo(ctx, old)
	d.code(err, rx.CodeNoSuchSheet)
	d.acted("")
	if len(d.items) != 3 {
		t.Errorf("%d prescriptions", len(d.items))
	}
}

// No sheet is said to be gone while a print job may still bring it, but on the doctor's word.
func TestStillPrinting(t *testing.T) {
	coming := rx.Fault("print-may-come", "printer", "x")
	for name, act := range map[string]func(*prescribing.Service, rx.ID) error{
		"redo":      func(s *prescribing.Service, id rx.ID) error { _, err := s.Redo(ctx, id); return err },
		"destroyed": func(s *prescribing.Service, id rx.ID) error { return settle(s, id, rx.WasDestroyed) },
		"not out":   func(s *prescribing.Service, id rx.ID) error { return settle(s, id, rx.DidNotComeOut) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			id := d.issued(1)[0]
			d.happen(id, claimed, printed)
			version := d.is(id).Version
			var asked []rx.ID
			d.Over = func(_ context.Context, of rx.ID, word bool) error {
				if asked = append(asked, of); word {
					return nil
				}
				return coming
			}
			d.code(act(d.Service, id), coming.Code)
			if d.is(id).Version != version || len(d.items) != 1 || len(asked) != 1 || asked[0] != id {
				t.Errorf("asked about %v; version %d after %d", asked, d.is(id).Version, version)
			}
			d.well(act(d.InHand(), id))
			if d.is(id).Version == version {
				t.Error("nothing was noted")
			}
		})
	}
	d := newDesk(t)
	id := d.issued(1)[0]
	d.happen(id, claimed, printed)
	d.Over = func(context.Context, rx.ID, bool) error { return coming }
	d.well(settle(d.Service, id, rx.CameOut)) // that it came out may always be said
}

func settle(s *prescribing.Service, id rx.ID, o rx.Outcome) error {
	_, err := s.Settle(ctx, rx.Duty{Kind: rx.DutyConfirmPrint, Prescription: id}.ID(), prescribing.Answer{Outcome: o})
	return err
}

func TestRedoRefused(t *testing.T) {
	elsewhere := rx.Event{Kind: rx.EventRestoredAns, Outcome: rx.SentElsewhere}
	for name, c := range map[string]struct {
		before []rx.Event
		later  int // days
		code   rx.Code
	}{
		"never on paper":  {nil, 0, rx.CodeNoSuchSheet},
		"destroyed":       {[]rx.Event{claimed, {Kind: rx.EventDestroyed}}, 0, rx.CodeNoSuchSheet},
		"handed over":     {[]rx.Event{claimed, printed, out, handed}, 0, rx.CodeSheetHanded},
		"sent elsewhere":  {[]rx.Event{mark, lost, forced, printed, restored, elsewhere}, 0, rx.CodeElectronicExists},
		"no longer valid": {[]rx.Event{claimed, printed}, 100, rx.CodeBeforeToday},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			id := d.issued(1)[0]
			d.happen(id, c.before...)
			d.clock = monday.AddDate(0, 0, c.later)
			version := d.is(id).Version
			_, err := d.Redo(ctx, id)
			d.code(err, c.code)
			if len(d.items) != 1 || d.is(id).Version != version {
				t.Error("something was kept")
			}
		})
	}
	d := newDesk(t)
	_, err := d.Redo(ctx, "nobody")
	d.code(err, rx.CodeNotFound)
}
