package wiring

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"relais/app/drill"
	"relais/app/rx"
)

func play(t *testing.T, seed uint64) drill.Report {
	t.Helper()
	p, err := NewPractice(ctx, seed)
	if err != nil {
		t.Fatal(err)
	}
	report, err := drill.Run(ctx, p, seed)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(p.root); !os.IsNotExist(err) {
		t.Error("the practice left its directory")
	}
	return report
}

// A day with an outage in it loses nothing and doubles nothing, and is played again from
// its seed, byte by byte.
func TestDrill(t *testing.T) {
	const seed = 1
	r := play(t, seed)
	if r.Duplicates > 0 || r.Lost > 0 {
		t.Errorf("%d double, %d lost", r.Duplicates, r.Lost)
	}
	if r.Issued < 30 || r.Confirmed == 0 || r.Paper == 0 || r.Unknown+r.Waits+r.DutiesOpen > 0 || len(r.Documents) < 10 || len(r.Timeline) < 4*r.Issued {
		t.Errorf("not the day of a practice: issued %d, confirmed %d, paper %d, unknown %d, waiting %d, duties %d, documents %d, lines %d",
			r.Issued, r.Confirmed, r.Paper, r.Unknown, r.Waits, r.DutiesOpen, len(r.Documents), len(r.Timeline))
	}
	ways := map[rx.EventKind]int{}
	for _, l := range r.Timeline {
		ways[l.Event.Kind]++
	}
	for _, k := range []rx.EventKind{rx.EventAccepted, rx.EventUnanswered, rx.EventClaimed, rx.EventHandedOver, rx.EventLetGo, rx.EventNoted, rx.EventFound} {
		if ways[k] == 0 {
			t.Errorf("nothing was %s all day", k)
		}
	}
	first, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(play(t, seed))
	if err != nil || string(first) != string(again) {
		t.Errorf("the same seed played another day (%d and %d bytes), %v", len(first), len(again), err)
	}
}

// The judgement is of ground truth: a pharmacist's record that Relais knows nothing of
// is seen, and so is a prescription that vanished.
func TestDrillCountsFromGroundTruth(t *testing.T) {
	for what, c := range map[string]struct {
		spoil func([]drill.Held) []drill.Held
		count func(drill.Report) int
	}{
		"double": {func(h []drill.Held) []drill.Held { return append(h, h...) }, func(r drill.Report) int { return r.Duplicates }},
		"lost":   {func([]drill.Held) []drill.Held { return nil }, func(r drill.Report) int { return r.Lost }},
	} {
		p, err := NewPractice(ctx, 2)
		if err != nil {
			t.Fatal(err)
		}
		r, err := drill.Run(ctx, spoilt{p, c.spoil}, 2)
		if err != nil || c.count(r) == 0 {
			t.Errorf("%s: not seen, %v", what, err)
		}
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}

// spoilt is a practice whose server holds something else on the second day.
type spoilt struct {
	*Practice
	spoil func([]drill.Held) []drill.Held
}

func (s spoilt) Held() ([]drill.Held, error) {
	held, err := s.Practice.Held()
	if s.mono > 20*time.Hour {
		held = s.spoil(held)
	}
	return held, err
}

