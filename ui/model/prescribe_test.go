package model

import (
	"errors"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
)

// pick chooses the patient of that number.
func pick(t *testing.T, b *bench, p *Prescribe, words string) {
	t.Helper()
	p.Pick.Search(words)
	b.settle()
	p.Pick.Enter()
	b.settle()
	if p.w == nil {
		t.Fatalf("no patient for %q", words)
	}
}

// write adds a line: three letters, then dose, times and days.
func write(t *testing.T, b *bench, p *Prescribe, words, dose, times, days string) {
	t.Helper()
	p.Search(words)
	b.settle()
	p.Enter()
	p.Set(FieldDose, dose)
	p.Set(FieldTimes, times)
	p.Set(FieldDays, days)
	if !p.Add() {
		t.Fatalf("%s: %v", words, p.View().Entry.Notices)
	}
}

func sendThree(t *testing.T) (*bench, *Prescribe) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85.07.30-034.27")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	write(t, b, p, "azithro", "1", "1", "3")
	write(t, b, p, "paracetamol exemple", "1", "3", "10")
	p.Send()
	b.settle()
	if len(b.store.items) != 3 || p.Unsent() != 0 {
		t.Fatalf("%d prescriptions, %d drafts, %+v", len(b.store.items), p.Unsent(), p.View().Notices)
	}
	return b, p
}

func TestPickAndWrite(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	b.settle()
	golden(t, b, "pick-empty", p.View)
	p.Pick.Search("demo cla")
	b.settle()
	golden(t, b, "pick-found", p.View)
	p.Pick.Enter()
	if p.w != nil {
		t.Error("Enter chose one of several patients without being told which")
	}
	pick(t, b, p, "48021499790")
	golden(t, b, "write-empty", p.View)
	p.Search("amo")
	b.settle()
	golden(t, b, "write-search", p.View)
	p.Move(1)
	p.Enter()
	p.Set(FieldDose, "1")
	p.Set(FieldTimes, "3")
	p.Set(FieldDays, "7")
	golden(t, b, "write-posology", p.View)
	p.View().Entry.Cover[0].Press()
	p.Add()
	golden(t, b, "write-line", p.View)
}

func TestFaultsOfTheEntryAreSaidBesideIt(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	p.Search("amoxicilline exemple 500")
	b.settle()
	p.Enter()
	p.Set(FieldDose, "1.000")
	p.Set(FieldTimes, "x")
	p.Set(FieldExpires, "31/02/2027")
	p.Send()
	b.settle()
	if len(b.store.items) > 0 || p.w.issued {
		t.Fatal("a line with faults was issued")
	}
	golden(t, b, "write-faults", p.View)
}

func TestSendIsDurableBeforeItSays(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	p.Send()
	p.Send() // the key repeats
	if v := p.View(); v.Send.On || v.Done != "" {
		t.Error("the screen speaks before the store did")
	}
	b.settle()
	if len(b.store.orders) != 1 || len(b.store.items) != 1 || len(b.store.drafts) != 0 {
		t.Fatalf("%d orders, %d items, %d drafts", len(b.store.orders), len(b.store.items), len(b.store.drafts))
	}
	golden(t, b, "sent-waiting", p.View)
}

func TestAFailedIssueKeepsWhatWasWritten(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	b.store.fail = func(op string) error {
		if op == "issue" {
			return rx.Fault(rx.CodeDiskFull)
		}
		return nil
	}
	p.Send()
	b.settle()
	v := p.View()
	if len(v.Lines) != 1 || !v.Send.On || len(v.Notices) != 1 || !strings.Contains(v.Notices[0].Text, string(rx.CodeDiskFull)) {
		t.Errorf("after a full disk: %d lines, send %v, %+v", len(v.Lines), v.Send.On, v.Notices)
	}
	b.store.fail = nil
	p.Send()
	b.settle()
	if len(b.store.items) != 1 {
		t.Errorf("%d prescriptions after the second try", len(b.store.items))
	}
}

// The states of three lines, in words, with what can be done.
func TestOutcomes(t *testing.T) {
	b, p := sendThree(t)
	for i, kind := range []rx.EventKind{rx.EventAccepted, rx.EventRefused, rx.EventUnanswered} {
		if err := b.send(i, kind); err != nil {
			t.Fatal(err)
		}
	}
	p.Changed(nil)
	b.settle()
	golden(t, b, "sent-mixed", p.View)

	v := p.View()
	v.Lines[2].Buttons[1].Press() // paper although an attempt has no answer
	p.ConfirmPaper()              // without a reason
	golden(t, b, "paper-asked", p.View)
	p.Paper.SetReason("outage-recipe")
	p.ConfirmPaper()
	p.ConfirmPaper() // the key repeats
	b.settle()
	if got := b.store.items[2]; got.State != rx.StatePaper || len(got.Sheets) != 1 || !got.Sheets[0].Forced || got.Sheets[0].Copies != 1 {
		t.Errorf("the third line: %v, sheets %+v", got.State, got.Sheets)
	}
	golden(t, b, "paper-forced", p.View)

	p.LetGo()
	b.settle()
	golden(t, b, "left", p.View)
	for _, item := range b.store.items {
		if !item.LetGo.Set() {
			t.Errorf("line %d: the leaving was not noted", item.Line+1)
		}
	}
}

func TestTheChoiceComesAfterThePromiseOrAFailure(t *testing.T) {
	b, p := sendThree(t)
	offered := func(i int) bool { return len(p.View().Lines[i].Buttons) > 0 }
	if offered(0) {
		t.Error("a choice at once, though nothing failed")
	}
	if err := b.send(1, rx.EventNotSent); err != nil {
		t.Fatal(err)
	}
	p.Changed(nil)
	b.settle()
	if offered(0) || !offered(1) {
		t.Error("nothing of line 2 left: its choice, and no other, comes at once")
	}
	b.clock = b.clock.Add(rx.DefaultWaits.Answer)
	if !offered(0) || !offered(2) {
		t.Error("no choice after the promised time")
	}
	if v := p.View(); v.Leave.Tone != Bad {
		t.Errorf("the patient may leave: %q", v.Leave.Text)
	}
	for i := range 3 {
		p.View().Lines[i].Buttons[2].Press() // later, patient told
	}
	if v := p.View(); v.Leave.Tone != Good {
		t.Errorf("all lines are for later and the patient knows: %q", v.Leave.Text)
	}
}

func TestPaperFromTheStart(t *testing.T) {
	b := newBench(t)
	b.down = true
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	if v := p.View(); !v.OnPaper.Strong {
		t.Error("paper is not proposed in an outage")
	}
	p.AskPaper()
	golden(t, b, "paper-outage", p.View)
	p.ConfirmPaper()
	b.settle()
	item := b.store.items[0]
	if item.State != rx.StatePaper || item.PaperReason != "outage-recipe" || len(b.saved) != 1 {
		t.Fatalf("%v for %q, %d documents", item.State, item.PaperReason, len(b.saved))
	}
	p.View().Lines[0].Buttons[0].Press() // out of the printer
	b.settle()
	p.View().Lines[0].Buttons[0].Press() // handed over
	b.settle()
	if v := p.View(); v.Leave.Tone != Good {
		t.Errorf("the sheet is with the patient: %q", v.Leave.Text)
	}
	for name := range b.saved {
		if strings.Contains(strings.ToLower(name), "dupont") {
			t.Errorf("%s names the patient", name)
		}
	}
}

func TestRedoElectronically(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	p.AskPaper()
	p.Paper.SetReason("own-line")
	p.ConfirmPaper()
	b.settle()
	buttons := p.View().Lines[0].Buttons
	buttons[len(buttons)-1].Press()
	b.settle()
	if len(b.store.items) != 2 || b.store.items[1].Replaces != b.store.items[0].ID || b.store.items[0].Sheet() != nil {
		t.Fatalf("%d prescriptions", len(b.store.items))
	}
	if v := p.View(); len(v.Lines) != 2 {
		t.Errorf("%d lines on the screen", len(v.Lines))
	}
}

func TestProofsOnlyOfWhatHasARID(t *testing.T) {
	b, p := sendThree(t)
	p.Proof()
	b.settle()
	if v := p.View(); len(b.saved) != 0 || len(v.Notices) != 1 {
		t.Fatalf("%d documents without a RID, %+v", len(b.saved), v.Notices)
	}
	for i := range 2 {
		if err := b.send(i, rx.EventAccepted); err != nil {
			t.Fatal(err)
		}
	}
	p.Changed(nil)
	b.settle()
	p.Proof()
	b.settle()
	golden(t, b, "proof", p.View)
	p.View().Notices[0].Buttons[0].Press()
	if len(b.opened) != 1 {
		t.Error("the viewer did not open when chosen")
	}
}

func TestDraftsAreSavedAtEachPauseAndResumed(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "azithro", "1", "1", "3")
	p.Search("amoxicilline exemple 500")
	b.settle()
	p.Enter()
	p.Set(FieldDose, "2")
	p.Tick()
	b.settle()
	if len(b.store.drafts) != 0 {
		t.Error("saved while typing")
	}
	b.clock = b.clock.Add(draftPause)
	p.Tick()
	b.settle()
	if len(b.store.drafts) != 1 {
		t.Fatal("not saved at a pause")
	}
	p.Next()
	b.settle()
	golden(t, b, "pick-drafts", p.View)
	p.Pick.Enter() // none is selected yet
	b.settle()
	p.Pick.Move(1)
	if v := p.View(); v.Pick == nil || !v.Pick.Drafts[0].Selected {
		t.Fatal("the draft cannot be selected by keyboard")
	}
	p.Pick.Enter()
	b.settle()
	v := p.View()
	if v.Name != "DUPONT Marie" || len(v.Lines) != 1 || v.Entry.Dose != "2" {
		t.Fatalf("%s, %d lines, dose %q", v.Name, len(v.Lines), v.Entry.Dose)
	}
	p.Forget()
	p.Remove(0)
	p.Next()
	b.settle()
	if len(b.store.drafts) != 0 {
		t.Error("a draft without a line is kept")
	}
}

// A draft whose saving fails when the next patient comes is saved later, and said.
func TestAFailedDraftIsNotForgotten(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "azithro", "1", "1", "3")
	b.store.fail = func(string) error { return errors.New("no disk") }
	p.Next()
	b.settle()
	if len(p.View().Notices) == 0 {
		t.Error("a draft was not saved, and nobody is told")
	}
	b.store.fail = nil
	b.clock = b.clock.Add(draftPause)
	p.Tick()
	b.settle()
	if len(b.store.drafts) != 1 {
		t.Error("it is not saved once the disk is back")
	}
}

// A draft that is being saved when the order is sent does not come back beside the order.
func TestSendWaitsForTheDraftUnderWay(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "azithro", "1", "1", "3")
	b.clock = b.clock.Add(time.Second)
	p.Tick()
	p.Send()
	for len(b.works) > 0 {
		b.step(len(b.works) - 1) // the last begun first
		for len(b.backs) > 0 {
			b.step(len(b.works))
		}
	}
	if len(b.store.orders) != 1 || len(b.store.drafts) != 0 {
		t.Errorf("%d orders, %d drafts", len(b.store.orders), len(b.store.drafts))
	}
}

func TestNewPatient(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	p.Pick.Search("Nieuw Patricia")
	b.settle()
	p.View().Pick.Add.Press()
	p.Pick.SaveNew()
	b.settle()
	golden(t, b, "form-faults", p.View)
	f := p.Pick.form
	f.Set(FieldSSIN, "85.07.30-034.27")
	if f.Birth != "30/07/1985" || f.Sex != "female" {
		t.Errorf("born %q, sex %q", f.Birth, f.Sex)
	}
	p.Pick.SaveNew()
	b.settle()
	if v := p.View(); v.Name != "" || len(v.Pick.Form.Notices) != 1 {
		t.Fatalf("a second patient with the number of another: %+v", v.Pick)
	}
	f.Set(FieldSSIN, "")
	f.Set(FieldNoSSIN, "foreign")
	p.Pick.SaveNew()
	b.settle()
	v := p.View()
	if v.Name != "NIEUW Patricia" {
		t.Fatalf("%q, %+v", v.Name, v.Pick)
	}
	write(t, b, p, "azithro", "1", "1", "3")
	p.Send()
	b.settle()
	if len(b.store.items) != 0 || len(p.View().Notices) == 0 {
		t.Error("sent without a national number")
	}
	p.AskPaper()
	if p.Paper.reason != "no-ssin-foreign" {
		t.Errorf("reason %q", p.Paper.reason)
	}
}

func TestStaleAnswersAreDropped(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	b.settle()
	p.Pick.Search("dupont")
	p.Pick.Search("leroy")
	for b.pending() > 0 {
		b.step(b.pending() - 1) // the last question is answered first
	}
	for _, r := range p.View().Pick.Results {
		if !strings.HasPrefix(r.Name, "LEROY") {
			t.Errorf("%s for leroy", r.Name)
		}
	}
	p.Pick.Search("dupont")
	pick(t, b, p, "48021499790")
	if v := p.View(); v.Name != "LAMBERT-DÉMO Jean" || v.Near.Text == "" {
		t.Errorf("%s, namesakes %q", v.Name, v.Near.Text)
	}
	p.Search("azi")
	p.Search("amo")
	p.Search("")
	for b.pending() > 0 {
		b.step(b.pending() - 1)
	}
	if v := p.View(); len(v.Entry.Hits) != 0 {
		t.Errorf("%d results for nothing", len(v.Entry.Hits))
	}
}

// An order that was put aside while the disk was full goes on with all its lines, although the draft that the store holds
// has fewer.
func TestADraftGoesOnAsItWasPutAside(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85.07.30-034.27")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	p.Add()
	b.clock = b.clock.Add(time.Second)
	p.Tick()
	b.settle() // one line is kept
	id := p.w.id
	b.store.fail = func(string) error { return rx.Fault(rx.CodeDiskFull) }
	write(t, b, p, "azithro", "1", "1", "3")
	p.Add()
	p.Next()
	b.settle()
	old, kept := b.store.drafts[id]
	if !kept || len(old.Request.Lines) != 1 {
		t.Fatalf("%d lines are kept", len(old.Request.Lines))
	}
	p.Resume(old)
	b.settle()
	if p.w == nil || p.w.id != id || len(p.View().Lines) != 2 {
		t.Fatalf("%d lines go on", len(p.View().Lines))
	}
	b.store.fail = nil
	p.Next()
	b.clock = b.clock.Add(time.Minute)
	p.Tick()
	b.settle()
	if got := b.store.drafts[id]; len(got.Request.Lines) != 2 {
		t.Errorf("%d lines are kept in the end", len(got.Request.Lines))
	}
}

// A draft is resumed as the store holds it now, whatever an old list says: one that was emptied meanwhile is gone.
func TestADraftOfAnOldList(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85.07.30-034.27")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	p.Add()
	p.Next()
	b.settle()
	if len(b.store.drafts) != 1 {
		t.Fatalf("%d drafts", len(b.store.drafts))
	}
	var old rx.Draft
	for _, old = range b.store.drafts {
	}
	p.Resume(old)
	b.settle()
	write(t, b, p, "azithro", "1", "1", "3")
	p.Add()
	p.Next()
	b.settle()
	p.Resume(old) // of one line
	b.settle()
	if v := p.View(); len(v.Lines) != 2 {
		t.Fatalf("%d lines, two were kept", len(v.Lines))
	}
	p.Remove(1)
	p.Remove(0)
	p.Next()
	b.settle()
	p.Resume(old)
	b.settle()
	if v := p.View(); v.Pick == nil || len(v.Pick.Notices) != 1 || !strings.Contains(v.Pick.Notices[0].Text, "n'existe plus") {
		t.Errorf("an emptied draft is there again: %+v", v)
	}
}
