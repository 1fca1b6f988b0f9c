package model

import (
	"strings"
	"testing"

	"relais/app/rx"
)

// search types words and takes the first result.
func search(t *testing.T, b *bench, p *Prescribe, words string) {
	t.Helper()
	p.Search(words)
	b.settle()
	p.Enter()
	if !p.Entry.chosen {
		t.Fatalf("nothing for %q", words)
	}
}

func noticed(notices []Notice, part string) bool {
	for _, n := range notices {
		if strings.Contains(n.Text, part) {
			return true
		}
	}
	return false
}

// Weekly methotrexate: the rhythm begins weekly, the day is named, daily needs a typed reason, and the reason goes along.
func TestWeeklyMethotrexate(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	search(t, b, p, "méthotrexate")
	if p.Entry.rhythm != "wk" || len(p.View().Entry.Usual) > 0 {
		t.Errorf("begins %q with %d usual posologies", p.Entry.rhythm, len(p.View().Entry.Usual))
	}
	p.Set(FieldDose, "4")
	if p.Add() {
		t.Fatal("no day is named")
	}
	golden(t, b, "risk-day", p.View)
	if p.focus.Field != FieldRhythm {
		t.Errorf("the focus is on %d", p.focus.Field)
	}
	p.Set(FieldRhythm, "monday")
	if p.Add() || p.focus.Field != FieldMoment {
		t.Errorf("without a part of the day; the focus is on %d", p.focus.Field)
	}
	p.Set(FieldMoment, "evening")
	if v := p.View().Entry; v.Preview != "4\u00a0comprimés une fois par semaine · lundi, le soir : 4\u00a0comprimés" {
		t.Errorf("%q", v.Preview)
	}
	p.Set(FieldRhythm, daily)
	p.Set(FieldTimes, "1")
	if p.Add() || p.focus.Field != FieldWhy {
		t.Fatalf("daily, without a reason; the focus is on %d", p.focus.Field)
	}
	if v := p.View().Entry; !v.AskWhy || !noticed(v.Notices, "au plus une fois tous les 7 jours") {
		t.Errorf("asked %t: %v", v.AskWhy, v.Notices)
	}
	golden(t, b, "risk-daily", p.View)
	p.Set(FieldWhy, "leucémie, protocole de l'hôpital")
	if !p.Add() {
		t.Fatalf("with a reason: %v", p.View().Entry.Notices)
	}
	golden(t, b, "risk-reason", p.View)
	p.Edit(0)
	if p.Entry.why != "leucémie, protocole de l'hôpital" || p.Entry.instruction != "" {
		t.Errorf("%q beside %q", p.Entry.why, p.Entry.instruction)
	}
	p.Set(FieldRhythm, "friday") // the reason is not needed any more, and is not printed
	p.Set(FieldMoment, "morning")
	p.Send()
	b.settle()
	l := b.store.items[0].Facts.Content
	if l.InstructionPatient != "" || len(l.Regimen) != 1 || l.Regimen[0].Weekday != "friday" || l.Regimen[0].Quantity != l.Posology.Dose || l.Posology.Every == nil {
		t.Errorf("issued as %+v, %q", l.Regimen, l.InstructionPatient)
	}
}

func TestShortPosologies(t *testing.T) {
	for typed, want := range map[string]string{
		"1x3": "1 3  false", "1X3x7": "1 3 7 false", "0,5x2": "0,5 2  false", "2*2?": "2 2  true", " 1 x 3 x 5 ? ": "1 3 5 true",
		"1x": "1x 9 8 false", "1": "1 9 8 false", "x3": "x3 9 8 false", "1-0-1": "1-0-1 9 8 false",
	} {
		b := newBench(t)
		e := NewPrescribe(b.env).Entry
		e.chosen, e.rhythm = true, daily
		if !strings.ContainsAny(typed, "xX*") || strings.HasPrefix(typed, "x") || strings.HasSuffix(typed, "x") {
			e.times, e.days = "9", "8"
		}
		e.dose = typed
		dose, times, days, asNeeded := e.shorthand()
		if got := strings.Join([]string{dose, times, days, map[bool]string{true: "true", false: "false"}[asNeeded]}, " "); got != want {
			t.Errorf("%q is %q, not %q", typed, got, want)
		}
	}
}

// A common posology takes four keys at most, Enter included: "1x3" and Enter, or Down until it stands there.
func TestPosologyInFourKeys(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	search(t, b, p, "bisoprolol exemple 5")
	p.Set(FieldDose, "1x1") // three keys
	if v := p.View().Entry; v.Times != "1" || v.Dose != "1x1" || !strings.HasPrefix(v.Preview, "1\u00a0comprimé 1\u00a0fois par jour") {
		t.Errorf("%q %q: %q", v.Dose, v.Times, v.Preview)
	}
	p.Set(FieldDays, "30") // the short form is spelt out, nothing of it is lost
	if p.Entry.dose != "1" || p.Entry.times != "1" || p.Entry.days != "30" {
		t.Errorf("%q %q %q", p.Entry.dose, p.Entry.times, p.Entry.days)
	}
	p.Enter()
	if len(p.w.lines) != 1 {
		t.Fatal("not added")
	}
	search(t, b, p, "amlodipine")
	p.Usual(1)
	p.Usual(1) // two keys: twice a day
	golden(t, b, "write-usual", p.View)
	p.Usual(1)
	p.Usual(-1)
	p.Enter()
	if got := p.w.lines[1].Posology; got.TimesPerDay != 2 || got.Dose != 1000 || got.Unit != "tablet" {
		t.Errorf("%+v", got)
	}
}

// What this patient had comes before what is usual for everybody.
func TestUsualBeginsWithThePatientsOwn(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "bisoprolol exemple 5", "0,5", "1", "30")
	p.Send()
	b.settle()
	p.Next()
	pick(t, b, p, "85073003427")
	search(t, b, p, "bisoprolol exemple 5")
	if u := p.View().Entry.Usual; len(u) < 3 || !strings.HasPrefix(u[0].Label, "0,5\u00a0comprimé") {
		t.Errorf("%v", u)
	}
	p.Forget()
	search(t, b, p, "bisoprolol exemple 2,5")
	if u := p.View().Entry.Usual; len(u) < 3 || !strings.HasPrefix(u[0].Label, "1\u00a0comprimé") {
		t.Errorf("of another strength: %v", u)
	}
}

func TestDetails(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	search(t, b, p, "amoxicilline exemple 500")
	p.Set(FieldDose, "1x3x5")
	p.Details()
	p.Set(FieldBegin, "24/11/2026")
	p.Set(FieldReimbursement, "third-party-payer")
	p.Set(FieldInstruction, "Avec un verre d'eau")
	p.Set(FieldVisibility, "locked")
	p.SetFeedback(true)
	golden(t, b, "write-details", p.View)
	p.Details()
	if v := p.View().Entry; v.Details || v.Summary == "" {
		t.Errorf("hidden, and summed up as %q", v.Summary)
	}
	p.Send()
	b.settle()
	l := b.store.items[0].Facts.Content
	if l.Begin.String() != "2026-11-24" || l.InstructionReimbursement != "third-party-payer" || l.InstructionPatient != "Avec un verre d'eau" || l.Visibility != rx.Locked || !l.Feedback || !l.Reimbursed {
		t.Errorf("from %v, %q, %q, %q, feedback %t, reimbursed %t", l.Begin, l.InstructionReimbursement, l.InstructionPatient, l.Visibility, l.Feedback, l.Reimbursed)
	}
}
