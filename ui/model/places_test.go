package model

import (
	"context"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
)

func TestOutages(t *testing.T) {
	b := afterAnOutage(t)
	strip := NewStrip(b.env, func() []error { return nil }, func() {})
	strip.Load()
	b.settle()
	var next time.Time
	o := NewOutages(b.env, strip, func() time.Time { return next })
	seen := b.env.Seen
	b.env.Seen = func(rx.Service) Seen { return Seen{} }
	golden(t, b, "outages-never", o.View)
	if v := o.View(); v.Retry.Label != "" || v.Sum.Tone != Quiet {
		t.Errorf("%+v, %+v", v.Sum, v.Retry)
	}
	b.env.Seen = seen
	golden(t, b, "outages-up", o.View)
	b.down, next = true, b.clock.Add(42*time.Second)
	golden(t, b, "outages", o.View)
	v := o.View()
	if v.Retry.Label == "" || v.Services[0].State.Tone != Bad || v.Services[1].State.Tone != Good || !strings.Contains(v.Waiting[len(v.Waiting)-1].Text, "14:40:42") {
		t.Errorf("%+v", v)
	}
	next = b.clock.Add(-time.Second)
	if v := o.View(); strings.Contains(v.Waiting[len(v.Waiting)-1].Text, "essai") {
		t.Errorf("a try in the past is said to come: %+v", v.Waiting)
	}
	b.env.Reading = true
	if v := o.View(); v.Retry.Label != "" || len(v.Without) > 0 {
		t.Error("what nobody can do here is offered")
	}
}

func TestSettings(t *testing.T) {
	b := newBench(t)
	var worn []Look
	spoken := rx.Lang("")
	made := func() *Settings {
		s := NewSettings(b.env, "0.1.0", func(l rx.Lang) { spoken = l }, func(l Look) { worn = append(worn, l) })
		s.Exercise = func() {}
		s.Load()
		b.settle()
		return s
	}
	s := made()
	if len(worn) > 0 {
		t.Errorf("a look that nobody chose: %v", worn)
	}
	golden(t, b, "settings", s.View)
	s.SetText("150")
	s.SetText("151")
	s.SetDark("dark")
	s.SetLanguage("nl")
	s.SetLanguage("xx")
	b.settle()
	if want := (Look{Dark: true, Text: 150}); len(worn) != 2 || worn[1] != want || spoken != rx.NL {
		t.Errorf("worn %v, spoken %q", worn, spoken)
	}
	worn = nil
	s = made()
	if v := s.View(); len(worn) != 1 || worn[0] != (Look{Dark: true, Text: 150}) || !v.Text.Choices[2].Chosen || !v.Look.Choices[1].Chosen {
		t.Errorf("kept: %v", worn)
	}
	for _, kept := range []string{"{", `{"text":1000}`} {
		b.store.settings[lookSetting], worn = []byte(kept), nil
		if made(); len(worn) > 0 && worn[0].Text != 0 {
			t.Errorf("%s: %v", kept, worn)
		}
	}
	b.store.fail = func(string) error { return rx.Fault(rx.CodeDiskFull) }
	s.SetText("200")
	b.settle()
	if v := s.View(); len(v.Notices) != 1 || !v.Text.Choices[3].Chosen {
		t.Errorf("not kept, and not said: %+v", v)
	}
	b.env.Reading = true
	s.SetText("100")
	if b.pending() > 0 {
		t.Error("something is written where nothing may be")
	}
}

// The practice is changed in a form that says what is wrong; what was issued keeps what it says.
func TestThePracticeIsChanged(t *testing.T) {
	b, p := sendThree(t)
	s := NewSettings(b.env, "0.1.0", func(rx.Lang) {}, func(Look) {})
	s.EditPractice()
	if s.View().Form != nil {
		t.Error("a form before the practice was read")
	}
	s.Load()
	b.settle()
	s.EditPractice()
	golden(t, b, "settings-practice", s.View)
	s.SetPractice(FieldNIHII, "1-99999-16-004")
	s.SetPractice(FieldSSIN, "79.02.18-021.46")
	s.SetPractice(FieldZip, "500")
	s.SetPractice(FieldEmail, "")
	s.SetPractice(FieldStreet, "")
	s.SavePractice()
	golden(t, b, "settings-practice-faults", s.View)
	if v := s.View(); b.pending() > 0 || len(v.Form.Notices) != 5 || v.Focus.Field != FieldNIHII {
		t.Fatalf("kept: %d, focus %v: %+v", b.pending(), v.Focus.Field, v.Form.Notices)
	}
	s.SetPractice(FieldNIHII, " 19999915 004 ")
	s.SetPractice(FieldSSIN, "79021802145")
	s.SetPractice(FieldZip, "5100")
	s.SetPractice(FieldCity, "Jambes")
	s.SetPractice(FieldEmail, "anne@example.org")
	s.SetPractice(FieldStreet, "  Rue   Inventée ")
	s.SetPractice(FieldLanguage, "nl")
	b.store.fail = func(string) error { return rx.Fault(rx.CodeDiskFull) }
	s.SavePractice()
	b.settle()
	if v := s.View(); v.Form == nil || len(v.Form.Notices) != 1 {
		t.Fatalf("what was not kept is not there to be kept again: %+v", v.Form)
	}
	b.store.fail = nil
	s.SavePractice()
	b.settle()
	golden(t, b, "settings-kept", s.View)
	got, err := b.env.Service.Practice(context.Background())
	if want := (rx.Address{Street: "Rue Inventée", Number: "1", Zip: "5100", City: "Jambes"}); err != nil || got.Address != want || got.RegionLanguage != rx.NL || got.Prescriber.NIHII != "19999915004" {
		t.Errorf("%+v, %v", got.Address, err)
	}
	for i, item := range b.store.items {
		if item.Facts.Practice.Address.City != "Namur" {
			t.Errorf("line %d, issued before, changed", i+1)
		}
	}
	p.Next()
	pick(t, b, p, "48021499790")
	write(t, b, p, "azithro", "1", "1", "3")
	p.Send()
	b.settle()
	if last := b.store.items[len(b.store.items)-1]; last.Facts.Practice.Address.City != "Jambes" {
		t.Error("what is issued afterwards does not say it")
	}

	s.EditPractice()
	s.SetPractice(FieldCity, "Ailleurs")
	s.Escape()
	if v := s.View(); v.Form != nil || v.Focus.Field != FieldRow {
		t.Error("Escape leaves the form open")
	}
	s.EditPractice()
	s.SavePractice() // as it was
	b.settle()
	if v := s.View(); v.Form != nil || strings.Contains(strings.Join(v.Practice, ""), "Ailleurs") || len(v.Notices) > 0 {
		t.Errorf("%+v", v)
	}
	b.env.Reading = true
	if s.EditPractice(); s.View().Form != nil || s.View().Edit.On {
		t.Error("the practice can be changed where nothing may be written")
	}
}

func TestPalette(t *testing.T) {
	b := newBench(t)
	done := ""
	command := func(name, key string, on bool) Button {
		return Button{Label: name, Key: key, On: on, Press: func() { done = name }}
	}
	p := NewPalette(b.env, func() []Button {
		return []Button{command("Prescription papier…", "Ctrl+Maj+O", true), command("Patient suivant", "Ctrl+N", true), command("Preuve", "Ctrl+P", false)}
	})
	if p.View() != nil {
		t.Error("open before it is asked for")
	}
	p.Open()
	golden(t, b, "palette", p.View)
	p.Search("pap pres")
	if v := p.View(); len(v.Commands) != 1 || !v.Commands[0].Selected {
		t.Errorf("%+v", v.Commands)
	}
	p.Search("zzz")
	golden(t, b, "palette-none", p.View)
	p.Enter()
	p.Search("p")
	p.Move(5)
	if p.Enter(); done != "" || !p.Shown() {
		t.Errorf("did %q, which cannot be done", done)
	}
	p.Move(-1)
	p.Enter()
	if done != "Patient suivant" || p.Shown() {
		t.Errorf("did %q, and is open: %v", done, p.Shown())
	}
}
