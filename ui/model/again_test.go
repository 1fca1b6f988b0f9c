package model

import (
	"strings"
	"testing"

	"relais/app/rx"
)

// Ctrl+R, Enter, Enter, Ctrl+Enter: four keys, and the copy was on the screen to be read.
func TestRepeatInFourKeys(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "bisoprolol exemple 5", "1", "1", "30")
	write(t, b, p, "amlodipine", "1", "1", "30")
	p.Send()
	b.settle()
	p.Next()
	b.clock = b.clock.AddDate(0, 1, 0)
	pick(t, b, p, "85073003427")
	golden(t, b, "past", p.View)
	p.Repeat() // Ctrl+R
	if v := p.View().Past; !v.Rows[0].Selected {
		t.Error("nothing is marked")
	}
	p.Enter()
	golden(t, b, "past-copy", p.View)
	if v := p.View().Entry; !noticed(v.Notices, "peut encore être délivrée") {
		t.Errorf("the first one may still be delivered, and nobody says so: %v", v.Notices)
	}
	if v := p.View(); v.Send.On || v.Entry.Copied != "copie du 23/11/2026, à relire" {
		t.Errorf("%v, %q", v.Send, v.Entry.Copied)
	}
	p.Send() // too early
	b.settle()
	if len(b.store.items) != 2 || !noticed(p.View().Notices, "à relire") {
		t.Fatal("a copy that nobody read was sent")
	}
	p.Enter()
	p.Send()
	b.settle()
	if n := len(b.store.items); n != 3 || b.store.items[2].Facts.Content.Begin != rx.DateOf(b.clock) {
		t.Fatalf("%d prescriptions: %v", n, p.View().Notices)
	}
}

// What was delivered, withdrawn or is over can be prescribed again without a word.
func TestOnlyWhatMayStillBeDeliveredIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(b *bench) error
		named   bool
	}{
		"waiting":   {func(*bench) error { return nil }, true},
		"sent":      {func(b *bench) error { return b.send(0, rx.EventAccepted) }, true},
		"unknown":   {func(b *bench) error { return b.send(0, rx.EventUnanswered) }, true},
		"refused":   {func(b *bench) error { return b.send(0, rx.EventRefused) }, false},
		"withdrawn": {func(b *bench) error { return b.happen(0, rx.Event{Kind: rx.EventWithdrawn, Reason: "stopped"}) }, false},
		"delivered": {func(b *bench) error {
			if err := b.send(0, rx.EventAccepted); err != nil {
				return err
			}
			return b.happen(0, rx.Event{Kind: rx.EventStatusRead, RID: b.store.items[0].RID(), Status: rx.Delivered, ServerAt: b.clock})
		}, false},
		"over": {func(b *bench) error { b.clock = b.clock.AddDate(0, 4, 0); return nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := NewPrescribe(b.env)
			pick(t, b, p, "85073003427")
			write(t, b, p, "amlodipine", "1", "1", "30")
			p.Send()
			b.settle()
			if err := c.happens(b); err != nil {
				t.Fatal(err)
			}
			p.Next()
			pick(t, b, p, "85073003427")
			search(t, b, p, "amlodipine")
			if noticed(p.View().Entry.Notices, "peut encore être délivrée") != c.named {
				t.Errorf("%v", p.View().Entry.Notices)
			}
		})
	}
}

// All of it, each line read again; what is skipped is not written, and what was not read is no draft.
func TestRepeatAll(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	for _, words := range []string{"bisoprolol exemple 5", "amlodipine", "lisinopril"} {
		write(t, b, p, words, "1", "1", "30")
	}
	p.Send()
	b.settle()
	p.Next()
	pick(t, b, p, "85073003427")
	p.RepeatAll()
	if v := p.View().Entry; !strings.HasSuffix(v.Copied, "à relire · encore 2") {
		t.Errorf("%q", v.Copied)
	}
	p.Enter()
	p.Forget()
	p.Set(FieldDays, "60") // the doctor works on it: it is theirs
	if n := len(p.request(p.w).Lines); n != 2 {
		t.Errorf("%d lines in the draft", n)
	}
	p.Enter()
	if len(p.w.lines) != 2 || p.Entry.chosen || p.w.lines[1].Posology.DurationDays != 60 {
		t.Errorf("%d lines", len(p.w.lines))
	}
	p.RepeatAll()
	p.Next()
	b.settle()
	for _, d := range b.store.drafts {
		if len(d.Request.Lines) != 2 {
			t.Errorf("%d lines were kept", len(d.Request.Lines))
		}
	}
}

func TestRepeatFromTheHistory(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	write(t, b, p, "amlodipine", "1", "1", "30")
	p.Send()
	b.settle()
	p.Next()
	pick(t, b, p, "48021499790")
	write(t, b, p, "bisoprolol exemple 5", "1", "1", "30")
	h := NewHistory(b.env, p.Reopen)
	h.Again = p.RepeatItem
	h.Load()
	b.settle()
	h.Select(0)
	h.Repeat()
	b.settle()
	if p.w == nil || p.w.patient.SSIN != "85073003427" || p.View().Entry.Copied == "" || len(b.store.drafts) != 1 {
		t.Fatalf("the copy is not at its patient's, or the other's draft is lost (%d)", len(b.store.drafts))
	}
	p.Enter()
	h.Repeat() // into the order that is being written
	b.settle()
	p.Enter()
	if len(p.w.lines) != 2 {
		t.Errorf("%d lines", len(p.w.lines))
	}
}

// A new favourite: search, choose, dose, Ctrl+F; then it stands under the entry line before anything is typed.
func TestFavourites(t *testing.T) {
	b := newBench(t)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	p.Favour()
	if !noticed(p.View().Notices, "ligne complète") {
		t.Error("a favourite of nothing")
	}
	search(t, b, p, "amlodipine")
	p.Favour()
	if len(p.shelf.Favourites) > 0 || p.focus.Field != FieldDose {
		t.Error("a favourite without a dose")
	}
	p.Set(FieldDose, "1x1")
	p.Favour()
	b.settle()
	p.Enter()
	if len(p.shelf.Favourites) != 1 {
		t.Fatalf("%d favourites", len(p.shelf.Favourites))
	}
	write(t, b, p, "bisoprolol exemple 5", "1", "1", "30")
	p.AskTemplate()
	p.SetTemplate("Hypertension")
	golden(t, b, "shelf-name", p.View)
	p.KeepTemplate()
	b.settle()
	p.Send()
	b.settle()
	p.Next()
	pick(t, b, p, "48021499790")
	golden(t, b, "shelf", p.View)
	p.Move(1)
	p.Enter() // the favourite
	if p.Entry.medicine.Name.In(rx.FR) == "" || p.Entry.copied != nil {
		t.Fatal("the favourite did not come")
	}
	p.Enter()
	p.Search("hyperT")
	b.settle()
	if v := p.View().Entry; len(v.Hits) < 2 || v.Hits[0].Heading != "Modèles" || v.Hits[1].Heading != "Sans code" {
		t.Fatalf("%+v", v.Hits)
	}
	p.Choose(0)
	golden(t, b, "shelf-template", p.View)
	p.Enter()
	p.Enter()
	if len(p.w.lines) != 3 || p.Entry.chosen {
		t.Errorf("%d lines", len(p.w.lines))
	}
	for _, h := range p.View().Entry.Hits {
		h.Side[0].Press()
		b.settle()
	}
	if n := len(p.View().Entry.Hits); n > 0 {
		t.Errorf("%d are still on the shelf", n)
	}
}

// A shelf that cannot be read says so, and what stands there is not lost.
func TestAShelfThatCannotBeRead(t *testing.T) {
	b := newBench(t)
	b.store.settings["shelf"] = []byte(`{"version":1,"favourites":{}}`)
	p := NewPrescribe(b.env)
	pick(t, b, p, "85073003427")
	if !noticed(p.View().Notices, "mise de côté") {
		t.Fatalf("%v", p.View().Notices)
	}
	search(t, b, p, "amlodipine")
	p.Set(FieldDose, "1x1")
	b.store.fail = func(op string) error {
		if op == "setting" {
			return rx.Fault(rx.CodeDiskFull)
		}
		return nil
	}
	p.Favour()
	b.settle()
	if len(p.shelf.Favourites) > 0 || !noticed(p.View().Notices, string(rx.CodeDiskFull)) {
		t.Error("kept, though the disk is full")
	}
	b.store.fail = nil
	p.Favour()
	b.settle()
	aside := 0
	for name, value := range b.store.settings {
		if strings.HasPrefix(name, "shelf.aside.") && strings.Contains(string(value), "{}") {
			aside++
		}
	}
	if aside != 1 || len(p.shelf.Favourites) != 1 || noticed(p.View().Notices, "mise de côté") {
		t.Errorf("%d put aside, %d favourites", aside, len(p.shelf.Favourites))
	}
}
