package model

import (
	"strings"
	"testing"

	"relais/app/rx"
)

func TestEditPatient(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amlodipine", "1", "1", "30")
	p.EditPatient()
	f := p.Form()
	f.Set(FieldAllergies, "pénicilline (œdème, 1998)")
	f.Set(FieldProof, "none")
	f.Set(FieldSSIN, "85.07.30-034.28")
	golden(t, b, "form-edit", p.View)
	f.Save()
	b.settle()
	if p.Form() == nil || p.focus.Field != FieldSSIN {
		t.Fatal("a wrong check digit was kept")
	}
	p.Send()
	b.settle()
	if len(b.store.items) > 0 {
		t.Fatal("sent while the patient is being changed")
	}
	f.Set(FieldSSIN, "85.07.30-034.27")
	f.Set(FieldPhone, "0470 11 11 11")
	f.Save()
	b.settle()
	if v := p.View(); v.Form != nil || !strings.Contains(v.Banner, "allergies : pénicilline") || !strings.Contains(v.Banner, "0470") {
		t.Errorf("%q", v.Banner)
	}
	p.Send()
	b.settle()
	if item := b.store.items[0]; item.Proof || item.Facts.Patient.Phone != "0470 11 11 11" {
		t.Errorf("proof %t", item.Proof)
	}
	p.Next()
	pick(t, b, p, "85073003427")
	if !strings.Contains(p.View().Banner, "pénicilline") {
		t.Error("the note was lost")
	}
	p.EditPatient()
	p.Form().Set(FieldSSIN, "48021499790")
	p.Form().Set(FieldBirth, "14/02/1948")
	p.Form().Set(FieldSex, "male")
	p.Form().Save()
	b.settle()
	if !noticed(p.View().Form.Notices, "est déjà cette personne") {
		t.Errorf("%v", p.View().Form.Notices)
	}
	p.Escape()
	if p.Form() != nil || p.w.patient.SSIN != "85073003427" {
		t.Error("Escape kept it")
	}
}

func TestNewPatientWithANote(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	b.settle()
	p.Pick.Search("85.01.15-001.47")
	p.Pick.Add()
	f := p.Form()
	for field, value := range map[Field]string{FieldLastName: "Neuve", FieldFirstName: "Nina", FieldSSIN: "", FieldNoSSIN: "foreign", FieldBirth: "15011985", FieldSex: "female", FieldAllergies: "latex", FieldProof: "paper"} {
		f.Set(field, value)
	}
	b.store.fail = func(op string) error {
		if op == "setting" {
			return rx.Fault(rx.CodeDiskFull)
		}
		return nil
	}
	f.Save()
	b.settle()
	if p.w != nil || len(b.store.known) == 0 {
		t.Fatal("taken though the note was not kept")
	}
	n := len(b.store.known)
	b.store.fail = nil
	f.Save()
	b.settle()
	if p.w == nil || len(b.store.known) != n || !strings.Contains(p.View().Banner, "latex") {
		t.Fatalf("%d patients, %d before", len(b.store.known), n)
	}
}

func TestWrittenByHand(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amlodipine", "1", "1", "30")
	p.AskHand()
	golden(t, b, "hand-asked", p.View)
	p.Paper.SetDay("24/11/2026") // tomorrow
	p.ConfirmPaper()
	b.settle()
	if len(b.store.items) > 0 || !p.Paper.Open() || p.focus.Field != FieldDay {
		t.Fatal("a day that is not there yet")
	}
	p.Paper.SetDay("22/11/2026")
	p.ConfirmPaper()
	b.settle()
	item := b.store.items[0]
	if s := item.Sheet(); item.State != rx.StatePaper || s == nil || !s.Handwritten || s.Day.String() != "2026-11-22" || item.PaperReason != "outside-practice" || len(b.saved) > 0 {
		t.Fatalf("%v, %d documents", item.State, len(b.saved))
	}
	golden(t, b, "hand-noted", p.View)
}

// A line that waits, or of which an answer is missing, may have been written by hand meanwhile.
func TestAWaitingLineWasWrittenByHand(t *testing.T) {
	b, p := sendThree(t)
	if err := b.send(1, rx.EventUnanswered); err != nil {
		t.Fatal(err)
	}
	p.Changed(nil)
	b.settle()
	p.AskHand()
	p.Paper.SetReason("urgent")
	p.ConfirmPaper()
	b.settle()
	for i, item := range b.store.items {
		if s := item.Sheet(); item.State != rx.StatePaper || !s.Handwritten || !s.Handed.Set() || s.Forced != (i == 1) {
			t.Errorf("line %d: %v, %v", i+1, item.State, p.View().Notices)
		}
	}
	if len(b.saved) > 0 {
		t.Error("a sheet was made of what was written by hand")
	}
}

func TestTakeBack(t *testing.T) {
	b, p := sendThree(t)
	if err := b.send(0, rx.EventAccepted); err != nil {
		t.Fatal(err)
	}
	b.down = true
	p.Changed(nil)
	b.settle()
	side := func(line int, label string) {
		t.Helper()
		for _, bt := range p.View().Lines[line].Side {
			if bt.Label == label {
				bt.Press()
				b.settle()
				return
			}
		}
		t.Fatalf("no %q at line %d: %v", label, line+1, p.View().Lines[line].Side)
	}
	side(0, "Révoquer…")
	p.ConfirmBack()
	golden(t, b, "back-asked", p.View)
	if b.store.items[0].Wished.Set() {
		t.Error("revoked without a reason")
	}
	p.SetBack(FieldBack, "other")
	p.ConfirmBack()
	if p.back == nil {
		t.Error("revoked without a word on the other reason")
	}
	p.SetBack(FieldBackText, "erreur\nde dose")
	p.ConfirmBack()
	b.settle()
	if item := b.store.items[0]; !item.Wished.Set() || b.store.journal[len(b.store.journal)-1].Event.Text != "erreur de dose" {
		t.Error("not wished gone")
	}
	side(1, "Annuler la ligne…")
	p.Escape()
	side(1, "Annuler la ligne…")
	p.SetBack(FieldBack, "stopped")
	p.ConfirmBack()
	b.settle()
	if b.store.items[1].State != rx.StateWithdrawn {
		t.Errorf("%v", b.store.items[1].State)
	}
	side(2, "Aussi essayé ailleurs")
	if item := b.store.items[2]; !item.Twin.Set() {
		t.Error("nobody asks for a twin")
	}
	golden(t, b, "twin-asked", p.View)
}

// The guard for children stands in the banner, as on the documents.
func TestChildrenAreNamed(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	for number, want := range map[string]string{"23060699855": "ENFANT", "noor": "NOUVEAU-NÉ", "85073003427": ""} {
		pick(t, b, p, number)
		if v := p.View(); v.Child != want {
			t.Errorf("%s: %q", v.Name, v.Child)
		}
		p.Next()
	}
}

// Enter that comes before the answer takes the patient when the answer is there: never the first of several, and never
// for words that were changed meanwhile.
func TestEnterBeforeTheAnswer(t *testing.T) {
	for words, want := range map[string]string{"dup": "DUPONT Marie", "85.07.30-034.27": "DUPONT Marie", "lambert": "", "zzz": ""} {
		b := newBench(t)
		p := NewPrescribe(b.env)
		b.settle()
		p.Pick.Search(words)
		p.Pick.Enter()
		if p.View().Name != "" {
			t.Fatalf("%q: somebody is taken before anything is known", words)
		}
		b.settle()
		if got := p.View().Name; got != want {
			t.Errorf("%q: %q", words, got)
		}
	}
	b := newBench(t)
	p := NewPrescribe(b.env)
	b.settle()
	p.Pick.Search("dup")
	p.Pick.Enter()
	p.Pick.Search("dupo")
	b.settle()
	if got := p.View().Name; got != "" {
		t.Errorf("taken for words that were changed: %q", got)
	}
}
