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

// The judgement is of ground truth: of what the server holds beside what Relais knows, a
// second record is seen, and so is one that vanished.
func TestDrillCountsFromGroundTruth(t *testing.T) {
	p, err := NewPractice(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	r, err := drill.Run(ctx, spoilt{p}, 2)
	if err != nil || r.Duplicates == 0 || r.Lost == 0 {
		t.Errorf("%d double, %d lost, %v", r.Duplicates, r.Lost, err)
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}

// spoilt is a practice whose server, on the second day, has a part of its records twice
// and another not at all.
type spoilt struct{ *Practice }

func (s spoilt) Held() ([]drill.Held, error) {
	held, err := s.Practice.Held()
	if n := len(held) / 3; s.mono > 20*time.Hour {
		held = append(held[:2*n], held[:n]...)
	}
	return held, err
}
