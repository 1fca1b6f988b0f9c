package sim

import (
	"errors"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator/world"
)

// errEnough ends a run whose crash points lie beyond its last durable step.
var errEnough = errors.New("no such step")

// TestCrashAtEveryStep: the program is killed before and after every durable step
// of a journey (issue two lines, send, one goes to paper, is printed and handed
// over), whatever Recip-e answers, and once more at every durable step of what
// follows; then everything works and nothing is lost or double (R3, depth 2).
func TestCrashAtEveryStep(t *testing.T) {
	answers := []world.Kind{"", world.RefuseConnect, world.Hang, world.Slow, world.Drop, world.Late, world.Twice, world.Inner}
	runs := 0
	for _, kind := range answers {
		for first := 0; ; first++ {
			err := crashRun(kind, first, -1)
			runs++
			if errors.Is(err, errEnough) {
				break
			}
			for second := 0; err == nil && !testing.Short(); second++ {
				if err = crashRun(kind, first, second); errors.Is(err, errEnough) {
					break
				}
				runs++
			}
			if err != nil && !errors.Is(err, errEnough) {
				t.Fatalf("answer %q, crash at step %d and again: %v", kind, first, err)
			}
		}
	}
	t.Logf("%d runs", runs)
	if runs < 2000 && !testing.Short() {
		t.Errorf("only %d runs: the journey has lost its steps", runs)
	}
}

// crashRun plays the journey with a crash at durable step first (counted before
// and after each) and at step second counted from there; -1: none.
func crashRun(kind world.Kind, first, second int) (err error) {
	s := newSim(7, Options{})
	defer caught(&err)
	steps, next, crashes := 0, first, 0
	s.script = func(string, bool) error {
		if steps++; steps-1 != next {
			return nil
		}
		steps, next = 0, second
		crashes++
		panic(crashed{})
	}
	if kind != "" {
		s.must(s.world.SetPlan([]world.Fault{{Service: rx.Recipe, Operation: rx.OpCreate, Kind: kind, Count: 2}}, s.at()))
	}
	s.journey()
	s.until(s.mono + 40*time.Minute)
	s.quiet()
	if first >= 0 && crashes == 0 || second >= 0 && crashes < 2 {
		return errEnough
	}
	return nil
}

// caught makes a broken invariant an error.
func caught(err *error) {
	switch v := recover().(type) {
	case nil:
	case violation:
		*err = v
	default:
		panic(v)
	}
}

// journey is one patient: two lines by the real use cases, the second to paper
// while the first is on its way, the caller repeating what a crash cut off.
func (s *Sim) journey() {
	r := rx.Request{ID: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11", Patient: patients[0]}
	for i := range 2 {
		r.Lines = append(r.Lines, rx.Line{Kind: rx.Package, CNK: cnks[i], Quantity: 1,
			Posology: rx.Posology{Dose: 1000, Unit: "tablet", TimesPerDay: 1, DurationDays: 30}})
	}
	for _, at := range []time.Duration{0, 35 * time.Minute} {
		s.after(at, func() { s.issue(r, prescribing.How{}) })
	}
	for _, at := range []time.Duration{9 * time.Second, 31 * time.Minute} {
		s.after(at, func() {
			for _, row := range s.rows() {
				if row.p.Line == 1 {
					s.doctor("paper", func() error {
						_, err := s.service.Paper(ctx, []rx.ID{row.p.ID}, prescribing.Claim{Reason: "outage-recipe", AlthoughUnknown: true})
						return err
					})
				}
			}
		})
	}
	for at := 20 * time.Second; at < 40*time.Minute; at += 5 * time.Minute {
		s.after(at, s.review)
	}
}
