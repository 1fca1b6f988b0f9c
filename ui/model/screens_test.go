package model

import (
	"context"
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

func TestTreat(t *testing.T) {
	b := newBench(t)
	treat := NewTreat(b.env)
	treat.Load()
	b.settle()
	golden(t, b, "treat-empty", treat.View)

	b = afterAnOutage(t)
	treat = NewTreat(b.env)
	treat.Load()
	b.settle()
	golden(t, b, "treat", treat.View)

	outcome := func(name, label string) {
		t.Helper()
		for _, d := range treat.View().Ask {
			for _, bt := range d.Line.Buttons {
				if strings.HasPrefix(d.Name, name) && bt.Label == label {
					bt.Press()
					return
				}
			}
		}
		t.Fatalf("no %q for %s", label, name)
	}
	outcome("DUPONT", "Patient ou pharmacie prévenu")
	b.settle()
	outcome("VAN DEN", "Prescription papier")
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
	h.View().Detail.Reopen.Press()
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
