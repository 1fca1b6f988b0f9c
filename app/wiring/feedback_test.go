package wiring

import (
	"testing"
	"time"

	"relais/app/config"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/outbox"
)

// attentive is a directory whose engine asks for feedback as often as that; double: without the protocol.
func attentive(t *testing.T, every string, double bool) *Session {
	t.Helper()
	n, d := simulated(), place(t)
	d.Protocol.Double = double
	var faults rx.Faults
	if n.Profile, faults = (config.File{Name: "essai", Services: config.Simulated, Waits: map[string]string{"feedback": every}}).Profile(); len(faults) > 0 {
		t.Fatal(faults)
	}
	if _, err := d.Make(ctx, n); err != nil {
		t.Fatal(err)
	}
	return open(t, d)
}

// What a pharmacist wrote is there without a press, once however often it is listed, and the window is told; with 0 it is not asked for.
func TestFeedbackComesByItself(t *testing.T) {
	for name, c := range map[string]struct {
		every  string
		double bool
	}{"double": {"20ms", true}, "protocol": {"20ms", false}, "never": {"0s", true}} {
		t.Run(name, func(t *testing.T) {
			s := attentive(t, c.every, c.double)
			wanted := request()
			wanted.Lines[0].Feedback = true
			done, err := s.Service.Issue(ctx, wanted, prescribing.How{})
			if err != nil {
				t.Fatal(err)
			}
			stop := sends(t, s)
			defer stop()
			soon(t, "RID", func() bool { over, err := confirmed(s, done.Order)(ctx); return over && err == nil })
			item, err := s.Service.Store.Item(ctx, done.Prescriptions[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.WriteBack(item.RID(), "stock épuisé"); err != nil {
				t.Fatal(err)
			}
			unread := func() int {
				written, err := s.Service.Feedback(ctx)
				if err != nil {
					t.Fatal(err)
				}
				return len(written)
			}
			if c.every == "0s" {
				time.Sleep(200 * time.Millisecond)
				if !s.lastAsked(ctx).IsZero() || unread() > 0 {
					t.Error("asked for, though it is off")
				}
				return
			}
			soon(t, "feedback", func() bool { return unread() == 1 })
			first := s.lastAsked(ctx)
			soon(t, "two more rounds", func() bool { return s.lastAsked(ctx).Sub(first) > 40*time.Millisecond })
			if n := unread(); n != 1 {
				t.Errorf("kept %d times", n)
			}
		})
	}
}

// The moment has come when Recip-e answered last, or was left alone for an interval, and nothing would leave by itself or is on the wire.
func TestQuiet(t *testing.T) {
	s := attentive(t, "1h", true)
	now := s.dir.Now()
	quiet := func(want bool, when string) {
		t.Helper()
		if got := s.quiet(ctx, now, time.Hour); got != want {
			t.Errorf("%s: %t", when, got)
		}
	}
	seen := func(reached bool, at time.Time) {
		s.services.observe(outbox.Observation{Service: rx.Recipe, At: at, Reached: reached})
	}
	quiet(false, "never called")
	seen(true, now)
	quiet(true, "answered")
	seen(false, now)
	quiet(false, "an outage")
	seen(false, now.Add(-time.Hour))
	quiet(true, "left alone for an interval")
	seen(true, now)
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	id := done.Prescriptions[0].ID
	now = s.dir.Now()
	quiet(false, "something waits")
	now = now.Add(26 * time.Hour)
	quiet(true, "it waits for the doctor")
	if _, err := s.db.Apply(ctx, id, 0, rx.Event{Kind: rx.EventReconfirmed, At: now}); err != nil {
		t.Fatal(err)
	}
	quiet(false, "it may leave again")
	if err := s.db.AddKey(ctx, done.Patient, request().Patient.SSIN, rx.Key{ID: "key", Secret: make([]byte, 16)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.db.Mark(ctx, id, 0, now, now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	quiet(false, "on the wire")
}

// The rounds keep their distance over starts, whatever the clock does.
func TestFeedbackKeepsItsPace(t *testing.T) {
	s := attentive(t, "50ms", true)
	s.services.observe(outbox.Observation{Service: rx.Recipe, At: s.dir.Now(), Reached: true})
	soonAsked := func(last time.Time) {
		t.Helper()
		stop := sends(t, s)
		defer stop()
		soon(t, "round", func() bool { at := s.lastAsked(ctx); return !at.Equal(last) && !at.After(s.dir.Now()) })
	}
	soonAsked(time.Time{})
	ahead := time.Now().Add(24 * time.Hour) // written under a clock that was set wrong
	if err := s.noteAsked(ctx, ahead); err != nil {
		t.Fatal(err)
	}
	soonAsked(ahead)
	recent := time.Now().Add(-10 * time.Millisecond)
	if err := s.noteAsked(ctx, recent); err != nil {
		t.Fatal(err)
	}
	soonAsked(recent)
	if at := s.lastAsked(ctx); at.Sub(recent) < 50*time.Millisecond {
		t.Errorf("asked again after %s", at.Sub(recent))
	}
	if err := s.db.SetSetting(ctx, settingAsked, []byte("{")); err != nil {
		t.Fatal(err)
	}
	soonAsked(time.Time{})
}
