package seam

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
	"relais/sync/simulator/world"
)

// The simulated world in memory.
func TestMemoryWorld(t *testing.T) {
	Run(t, func(t *testing.T) (outbox.Remote, Hands) {
		return clientOf(t, world.New(rand.NewPCG(1, 2)))
	})
}

// The simulated world in its file.
func TestDurableWorld(t *testing.T) {
	Run(t, func(t *testing.T) (outbox.Remote, Hands) {
		w, err := world.Open(filepath.Join(t.TempDir(), "world.db"), rand.NewPCG(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
		return clientOf(t, w)
	})
}

func clientOf(t *testing.T, w *world.World) (outbox.Remote, Hands) {
	clock := &byHand{now: time.Date(2026, 11, 23, 9, 40, 0, 0, time.UTC)}
	return &world.Client{World: w, Clock: clock}, handsOn(t, w, clock)
}

// handsOn are the hands of a simulated world whose callers have that clock.
func handsOn(t *testing.T, w *world.World, c clock) *hands {
	h := &hands{clock: c, t: t, world: w}
	h.must(w.Set(world.Settings{Latency: 40 * time.Millisecond}))
	t.Cleanup(func() { h.must(w.Err()) })
	return h
}

// clock is the caller's.
type clock interface {
	Now() time.Time
	Wait(d time.Duration)
	Patience(d time.Duration) (context.Context, context.CancelFunc)
}

// byHand moves only when somebody sleeps or waits.
type byHand struct{ now time.Time }

func (c *byHand) Now() time.Time       { return c.now }
func (c *byHand) Wait(d time.Duration) { c.now = c.now.Add(d) }

func (c *byHand) Sleep(ctx context.Context, d time.Duration) error {
	if until, ok := ctx.Deadline(); ok && c.now.Add(d).After(until) {
		c.now = until
		return context.DeadlineExceeded
	}
	c.Wait(d)
	return nil
}

func (c *byHand) Patience(d time.Duration) (context.Context, context.CancelFunc) {
	return deadline{context.Background(), c, c.now.Add(d)}, func() {}
}

// deadline is a context that ends by a clock that is moved by hand.
type deadline struct {
	context.Context
	clock *byHand
	until time.Time
}

func (d deadline) Deadline() (time.Time, bool) { return d.until, true }

func (d deadline) Err() error {
	if d.clock.now.Before(d.until) {
		return nil
	}
	return context.DeadlineExceeded
}

// hands of the simulated world.
type hands struct {
	clock
	t     *testing.T
	world *world.World
}

func (h *hands) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *hands) Offset(d time.Duration) {
	s, err := h.world.Settings()
	h.must(err)
	s.Offset = d
	h.must(h.world.Set(s))
}

func (h *hands) Fault(op rx.Op, kind string, count int) {
	h.must(h.world.SetPlan([]world.Fault{{Operation: op, Kind: world.Kind(kind), Count: count}}, h.Now()))
}

func (h *hands) Mend() { h.must(h.world.SetPlan(nil, h.Now())) }

func (h *hands) Take(rid rx.RID)                  { h.must(h.world.Act(world.Take, rid, h.Now())) }
func (h *hands) Deliver(rid rx.RID)               { h.must(h.world.Act(world.Deliver, rid, h.Now())) }
func (h *hands) Archive(rid rx.RID)               { h.must(h.world.Act(world.Archive, rid, h.Now())) }
func (h *hands) PatientRevokes(rid rx.RID)        { h.must(h.world.Act(world.PatientRevoke, rid, h.Now())) }
func (h *hands) Feedback(rid rx.RID, text []byte) { h.must(h.world.Feedback(rid, text, h.Now())) }

func (h *hands) Twin(patient rx.SSIN, unreadable, other bool) rx.RID {
	rid, err := h.world.Store(world.Foreign{Patient: patient, Content: []byte("<other/>"), Unreadable: unreadable, Other: other}, h.Now())
	h.must(err)
	return rid
}

func (h *hands) Stored(local rx.ID) int {
	n, err := h.world.Tally(local, h.Now())
	h.must(err)
	return n.Records
}
