package model

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
)

// afterAnOutage is a practice with something of everything: sent, refused, without an answer, on paper, waiting too long.
func afterAnOutage(t *testing.T) *bench {
	b, p := sendThree(t)
	for i, kind := range []rx.EventKind{rx.EventAccepted, rx.EventRefused, rx.EventUnanswered} {
		if err := b.send(i, kind); err != nil {
			t.Fatal(err)
		}
	}
	p.Next()
	pick(t, b, p, "48021499790")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	p.AskPaper()
	p.Paper.SetReason("outage-recipe")
	p.ConfirmPaper()
	b.settle()
	p.Next()
	pick(t, b, p, "79.01.15-998.24") // the longest name
	write(t, b, p, "azithro", "1", "1", "3")
	p.Send()
	b.settle()
	b.clock = b.clock.Add(5 * time.Hour)
	return b
}

func newTreat(b *bench) *Treat { return NewTreat(b.env, func(rx.ID) {}, func(rx.Draft) {}) }

// buttons are those of a patient, in their order.
func (o Owing) buttons() []Button {
	buttons := slices.Clone(o.Side)
	for _, d := range o.Duties {
		buttons = slices.Concat(buttons, d.All, d.Line.Buttons)
	}
	return buttons
}

// answer presses a button of the entry of a patient.
func (t *Treat) answer(test *testing.T, name, label string) {
	test.Helper()
	for _, s := range t.View().Sections {
		for _, o := range s.People {
			buttons := o.buttons()
			if i := slices.IndexFunc(buttons, func(b Button) bool { return b.Label == label && b.On }); strings.HasPrefix(o.Name, name) && i >= 0 {
				buttons[i].Press()
				return
			}
		}
	}
	test.Fatalf("no %q for %s", label, name)
}

func TestTreat(t *testing.T) {
	b := newBench(t)
	treat := newTreat(b)
	treat.Load()
	b.settle()
	golden(t, b, "treat-empty", treat.View)

	b = afterAnOutage(t)
	treat = newTreat(b)
	treat.Load()
	b.settle()
	golden(t, b, "treat", treat.View)

	treat.answer(t, "DUPONT", "Patient ou pharmacie prévenu")
	b.settle()
	treat.answer(t, "VAN DEN", "Prescription papier")
	golden(t, b, "treat-paper", treat.View)
	if treat.ConfirmPaper(); b.pending() > 0 {
		t.Error("paper without a reason")
	}
	treat.Paper.SetReason("own-line")
	treat.ConfirmPaper()
	b.settle()
	if got := b.store.items[4]; got.State != rx.StatePaper || got.PaperReason != "own-line" {
		t.Errorf("%v for %q", got.State, got.PaperReason)
	}
	if len(b.saved) != 2 {
		t.Errorf("%d documents, want the first paper and this one", len(b.saved))
	}
}

// What waited too long is confirmed once for each patient; what was handed over on paper is copied, and noted, at once.
func TestTreatOnceForEachPatient(t *testing.T) {
	b, _ := sendThree(t)
	b.clock = b.clock.Add(5 * time.Hour)
	treat := newTreat(b)
	treat.Load()
	b.settle()
	golden(t, b, "treat-several", treat.View)
	treat.answer(t, "DUPONT", "Envoyer : les 3")
	b.settle()
	for i, item := range b.store.items {
		if !item.Reconfirmed.Set() {
			t.Errorf("line %d was not confirmed", i+1)
		}
	}

	b, _ = sendThree(t)
	b.clock = b.clock.Add(5 * time.Hour)
	treat = newTreat(b)
	treat.Load()
	b.settle()
	treat.answer(t, "DUPONT", "Prescription papier : les 3")
	treat.Paper.SetReason("outage-recipe")
	treat.ConfirmPaper()
	b.settle()
	if len(b.saved) != 1 {
		t.Errorf("%d documents for one order", len(b.saved))
	}
	for _, label := range []string{"Sortie de l'imprimante : les 3", "Remise au patient : les 3"} {
		treat.answer(t, "DUPONT", label)
		b.settle()
	}
	treat.answer(t, "DUPONT", "Copier pour le dossier · 23/11/2026")
	b.settle()
	const want = `23/11/2026 · DUPONT Marie · 30/07/1985 · NISS 85.07.30-034.27
1. Amoxicilline Exemple 500 mg gélules, 16 gélules · 1 boîte
   DOSE 1 gélule 3 fois par jour pendant 5 jours
   Prescription papier (remise) (fictif) · délivrable jusqu'au 22/02/2027
   Panne de Recip-e : problèmes techniques persistants
`
	if !strings.HasPrefix(b.copied, want) || strings.Count(b.copied, "DOSE") != 3 {
		t.Errorf("copied:\n%s", b.copied)
	}
	golden(t, b, "treat-note", treat.View)
	treat.answer(t, "DUPONT", "Notée dans le dossier : les 3")
	b.settle()
	if v := treat.View(); len(v.Sections) != 0 || v.Empty != "Rien ne demande votre décision." {
		t.Errorf("%+v", v)
	}
}

// After an answer the focus stays with the patient, else with the row that has come to its place.
func TestTreatGoesOnWhereItWas(t *testing.T) {
	b := afterAnOutage(t)
	treat := newTreat(b)
	treat.Load()
	b.settle()
	rows := treat.rows()
	if len(rows) != 3 || treat.View().Person != "" || treat.View().Focus.Field != FieldRow {
		t.Fatalf("%d rows, %+v on %q", len(rows), treat.View().Focus, treat.View().Person)
	}
	turn := treat.View().Focus.Turn
	treat.Load() // something changed elsewhere
	if b.settle(); treat.View().Focus.Turn != turn {
		t.Error("a change moved the focus")
	}
	treat.answer(t, rows[2].Name, "Sortie de l'imprimante")
	b.settle()
	if v := treat.View(); v.Person != rows[2].Key || v.Focus.Turn == turn {
		t.Errorf("the focus is on %q, not on %q", v.Person, rows[2].Key)
	}
	treat.answer(t, rows[0].Name, "Patient ou pharmacie prévenu")
	treat.Load()
	b.settle()
	if v := treat.View(); v.Person != rows[1].Key {
		t.Errorf("the focus is on %q, not on %q", v.Person, rows[1].Key)
	}
	for _, label := range []string{"Remise au patient", "Notée dans le dossier"} {
		treat.answer(t, rows[2].Name, label)
		b.settle()
	}
	if v := treat.View(); v.Person != rows[1].Key {
		t.Errorf("the focus is on %q, not on the last one, %q", v.Person, rows[1].Key)
	}
}

// A draft that was not sent is somebody who may have nothing.
func TestTreatDrafts(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	b.clock = b.clock.Add(time.Second)
	p.Tick()
	p.Next()
	b.settle()
	treat := NewTreat(b.env, p.Reopen, p.Resume)
	treat.Load()
	b.settle()
	golden(t, b, "treat-draft", treat.View)
	treat.answer(t, "DUPONT", "Reprendre le brouillon")
	b.settle()
	if v := p.View(); v.Name != "DUPONT Marie" || len(v.Lines) != 1 {
		t.Errorf("%s with %d lines", v.Name, len(v.Lines))
	}
}

// torn is a store of which some rows cannot be read.
type torn struct{ *memory }

func (s torn) List(ctx context.Context, f rx.Filter) ([]rx.Item, error) {
	items, _ := s.memory.List(ctx, f)
	return items, rx.Fault(rx.CodeUnread, "n", "2")
}

// What cannot be read is counted beside what can, and nothing says that there is no more.
func TestBesideWhatCannotBeRead(t *testing.T) {
	b := afterAnOutage(t)
	b.env.Service.Store = torn{b.store}
	treat := newTreat(b)
	treat.Load()
	strip := NewStrip(b.env, func() []error { return nil }, func() {})
	strip.Load()
	b.settle()
	golden(t, b, "treat-unread", treat.View)
	if v := treat.View(); len(v.Sections) == 0 || len(v.Notices) != 1 {
		t.Errorf("%d sections, %+v", len(v.Sections), v.Notices)
	}
	if v := strip.View(); v.Count != 3 || v.Waiting.Text == "" || len(v.Faults) != 1 {
		t.Errorf("%+v", v)
	}
	b.store.items = nil
	treat.Load()
	b.settle()
	if v := treat.View(); v.Empty != "" {
		t.Errorf("%q although something cannot be read", v.Empty)
	}
}

// In a directory that is open for reading only nothing can be pressed that would change it, and the reason is seen.
func TestReadingOnly(t *testing.T) {
	b := afterAnOutage(t)
	b.env.Reading = true
	before := len(b.store.journal)
	treat, h := newTreat(b), NewHistory(b.env, func(rx.ID) { t.Error("an order was opened") })
	h.Again = func(rx.ID) { t.Error("repeated") }
	treat.Load()
	h.Load()
	b.settle()
	golden(t, b, "treat-reading", treat.View)
	on := func(buttons ...Button) {
		t.Helper()
		for _, bt := range buttons {
			if bt.On != strings.HasPrefix(bt.Label, "Copier") {
				t.Errorf("%q is on: %v", bt.Label, bt.On)
			}
			bt.Press()
		}
	}
	for _, s := range treat.View().Sections {
		for _, o := range s.People {
			on(o.buttons()...)
		}
	}
	for i := range b.store.items {
		h.Select(i)
		b.settle()
		v := h.View()
		on(slices.Concat(v.Detail.Side[1:], v.Detail.Line.Side, []Button{v.Proof, v.OnPaper, v.Repeat})...)
		for _, d := range v.Detail.Duties {
			on(d.Buttons...)
		}
		h.AskPaper()
		h.ConfirmPaper()
	}
	golden(t, b, "history-reading", func() rows { return withRows(h.View()) })
	for _, words := range []string{"zzz", ""} { // what is not there may be among what cannot be read
		if words == "" {
			b.store.items = nil
			treat.Load()
		}
		h.Filter(words)
		b.settle()
		if v := h.View(); v.Empty != "Rien de lisible ici. Ce qui ne peut pas être lu n'est pas montré." {
			t.Errorf("%q", v.Empty)
		}
	}
	if v := treat.View(); !strings.HasPrefix(v.Empty, "Rien de lisible") {
		t.Errorf("%q", v.Empty)
	}
	if b.settle(); len(b.store.journal) != before || h.Paper.Open() || treat.Paper.Open() || len(b.saved) != 1 {
		t.Errorf("%d lines more, %d documents", len(b.store.journal)-before, len(b.saved))
	}
}

func TestHistory(t *testing.T) {
	b := newBench(t)
	h := NewHistory(b.env, func(rx.ID) {})
	h.Load()
	b.settle()
	golden(t, b, "history-empty", func() rows { return withRows(h.View()) })

	b = afterAnOutage(t)
	reopened := rx.ID("")
	h = NewHistory(b.env, func(order rx.ID) { reopened = order })
	h.Load()
	b.settle()
	h.Select(2)
	b.settle()
	golden(t, b, "history", func() rows { return withRows(h.View()) })
	h.View().Detail.Side[0].Press()
	if reopened != b.store.items[2].Order {
		t.Errorf("opened order %q", reopened)
	}
	h.AskPaper()
	h.Paper.SetReason("urgent")
	h.ConfirmPaper()
	b.settle()
	if got := b.store.items[2]; got.State != rx.StatePaper || !got.Sheets[0].Forced {
		t.Errorf("%v", got.State)
	}
	golden(t, b, "history-paper", func() rows { return withRows(h.View()) })

	h.Filter("dupont amox")
	h.Filter("zzz")
	for b.pending() > 0 {
		b.step(b.pending() - 1)
	}
	golden(t, b, "history-none", func() rows { return withRows(h.View()) })
	h.Filter("")
	b.settle()
	h.Select(4) // the sent one
	b.settle()
	if before := len(b.saved); !h.View().Proof.On {
		t.Error("no proof of a sent one")
	} else {
		h.View().Proof.Press()
		b.settle()
		if len(b.saved) != before+1 {
			t.Error("no proof was made")
		}
	}
}

func TestStrip(t *testing.T) {
	b := afterAnOutage(t)
	var fault error
	retried := 0
	s := NewStrip(b.env, func() []error { return []error{fault} }, func() { retried++ })
	golden(t, b, "strip-begin", s.View)
	s.Load()
	b.settle()
	golden(t, b, "strip", s.View)
	b.down = true
	golden(t, b, "strip-retry", s.View)
	changes := b.changes
	if s.View().Retry.Press(); retried != 1 || b.changes != changes+1 {
		t.Errorf("tried %d times, shown %d times", retried, b.changes-changes)
	}
	fault = rx.Fault(rx.CodeEngineBusy)
	golden(t, b, "strip-down", s.View)
	fault = rx.Fault(rx.CodeDiskFull)
	golden(t, b, "strip-fault", s.View)
}

func TestDrill(t *testing.T) {
	b := newBench(t)
	now := "fair"
	d := NewDrill(b.env, []string{"fair", "down", "hang", "drop"}, func() string { return now }, func(_ context.Context, kind string) error {
		if kind == "drop" {
			return rx.Fault(rx.CodeBusy)
		}
		now = kind
		return nil
	})
	if d.View() != nil {
		t.Error("a switch before anybody knows that there is one")
	}
	d.Load()
	b.settle()
	d.View().Kinds[1].Press()
	b.settle()
	if now != "down" || !d.View().Kinds[1].Strong {
		t.Errorf("the weather is %s", now)
	}
	d.View().Kinds[3].Press()
	b.settle()
	golden(t, b, "drill", d.View)
}

func TestStart(t *testing.T) {
	b := newBench(t)
	err := error(rx.Fault(rx.CodeReadOnly))
	s := NewStart(b.env, func(context.Context) error { return err }, rx.Fault("profile-not-ready", "profile", "production", "missing", "anchors, client"))
	tried := 0
	try := func() { s.Try(func() { tried++ }) }
	golden(t, b, "start", s.View)
	if s.View().Work.On || !s.View().Try.On {
		t.Error("work can be begun, or nothing tried")
	}
	try()
	if try(); b.pending() != 1 || s.View().Try.On {
		t.Error("tried twice at once")
	}
	golden(t, b, "start-busy", s.View)
	b.settle()
	golden(t, b, "start-fault", s.View)
	if tried > 0 || !s.View().Try.On {
		t.Errorf("tried %d times, and cannot be tried again", tried)
	}
	err = nil
	try()
	if b.settle(); tried != 1 || len(s.View().Notices) > 0 {
		t.Errorf("tried %d times: %v", tried, s.View().Notices)
	}
}

func TestUnlock(t *testing.T) {
	b := newBench(t)
	var err error
	opened := false
	u := NewUnlock(b.env, "fictif-fictief", func(_ context.Context, passphrase []byte) error {
		if string(passphrase) == "right" {
			return nil
		}
		return err
	})
	try := func(passphrase string) { u.Try(passphrase, func() { opened = true }) }
	golden(t, b, "unlock", u.View)
	err = rx.Fault("wrong-passphrase")
	try("wrong")
	golden(t, b, "unlock-busy", u.View)
	b.settle()
	golden(t, b, "unlock-wrong", u.View)
	err = rx.Fault(waitCode, waitArg, "4")
	try("wrong")
	b.settle()
	u.Pass(time.Second)
	golden(t, b, "unlock-wait", u.View)
	if try("right"); b.pending() > 0 {
		t.Error("tried while it was to wait")
	}
	u.Pass(3 * time.Second)
	golden(t, b, "unlock-again", u.View)
	try("right")
	b.settle()
	if !opened {
		t.Error("not opened with the right passphrase")
	}
}

func TestLeave(t *testing.T) {
	b := afterAnOutage(t)
	s := NewStrip(b.env, func() []error { return nil }, func() {})
	if NewLeave(b.env, s.Counts(), 0) != nil {
		t.Error("asked although nothing is open")
	}
	s.Load()
	b.settle()
	golden(t, b, "leave", NewLeave(b.env, s.Counts(), 2).View)
	b.env.Reading = true
	if NewLeave(b.env, s.Counts(), 2) != nil {
		t.Error("asked where nothing can be done about it")
	}
}

func TestDamage(t *testing.T) {
	b := newBench(t)
	var failed error
	d := NewDamage(b.env, rx.Fault(rx.CodeDamaged), 118, 120, 3, func(context.Context) (string, error) { return "/home/demo/relais-export", failed })
	golden(t, b, "damage", d.View)
	if banner := d.Banner(); !strings.Contains(banner, "118") || !strings.Contains(banner, "Les 3 derniers faits notés manquent") {
		t.Errorf("%q", banner)
	}
	d.View().Export.Press()
	if v := d.View(); v.Export.On || v.Open.On || v.Busy == "" {
		t.Errorf("while it exports: %+v", v)
	}
	b.settle()
	golden(t, b, "damage-exported", d.View)
	failed = rx.Fault(rx.CodeDiskFull)
	d.View().Export.Press()
	b.settle()
	if v := d.View(); len(v.Notices) != 1 || v.Notices[0].Tone != Bad || !v.Export.On {
		t.Errorf("after a failure: %+v", v)
	}
}

// Before it has begun an exercise says so; in its window Escape is no key of anything else.
func TestExercise(t *testing.T) {
	b := newBench(t)
	b.env.Exercise = true
	ended, begun := 0, 0
	var err error
	x := NewExercise(b.env, func(context.Context) error { return err }, func() { begun++ }, func() { ended++ })
	golden(t, b, "exercise-begins", x.View)
	b.settle()
	golden(t, b, "exercise", x.View)
	x.View().End.Press()
	if begun != 1 || ended != 1 {
		t.Errorf("begun %d times, ended %d", begun, ended)
	}
	err = rx.Fault(rx.CodeDiskFull)
	x = NewExercise(b.env, func(context.Context) error { return err }, func() { begun++ }, func() {})
	b.settle()
	golden(t, b, "exercise-fault", x.View)
	if begun != 1 {
		t.Error("it begins all the same")
	}

	p := NewPrescribe(b.env)
	pick(t, b, p, "85.07.30-034.27")
	write(t, b, p, "amoxicilline exemple 500", "1", "3", "5")
	p.AskPaper()
	if v := p.View(); v.Paper == nil || v.Paper.Cancel.Key != "" {
		t.Errorf("%+v", v.Paper)
	}
	b.env.Exercise = false
	if v := p.View(); v.Paper.Cancel.Key != "Échap" {
		t.Errorf("%+v", v.Paper.Cancel)
	}
}
