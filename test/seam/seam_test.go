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
	h := &hands{t: t, world: w, now: time.Date(2026, 11, 23, 9, 40, 0, 0, time.UTC)}
	h.must(w.Set(world.Settings{Latency: 40 * time.Millisecond}))
	t.Cleanup(func() { h.must(w.Err()) })
	return &world.Client{World: w, Clock: h}, h
}

// hands of the simulated world, and its clock, which moves only when somebody
// sleeps or waits.
type hands struct {
	t     *testing.T
	world *world.World
	now   time.Time
}

func (h *hands) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *hands) Now() time.Time       { return h.now }
func (h *hands) Wait(d time.Duration) { h.now = h.now.Add(d) }

func (h *hands) Sleep(ctx context.Context, d time.Duration) error {
	if until, ok := ctx.Deadline(); ok && h.now.Add(d).After(until) {
		h.now = until
		return context.DeadlineExceeded
	}
	h.Wait(d)
	return nil
}

func (h *hands) Patience(d time.Duration) (context.Context, context.CancelFunc) {
	return deadline{context.Background(), h, h.now.Add(d)}, func() {}
}

// deadline is a context that ends by the clock of the hands.
type deadline struct {
	context.Context
	hands *hands
	until time.Time
}

func (d deadline) Deadline() (time.Time, bool) { return d.until, true }

func (d deadline) Err() error {
	if d.hands.now.Before(d.until) {
		return nil
	}
	return context.DeadlineExceeded
}

func (h *hands) Offset(d time.Duration) {
	s, err := h.world.Settings()
	h.must(err)
	s.Offset = d
	h.must(h.world.Set(s))
}

func (h *hands) Fault(op rx.Op, kind string, count int) {
	h.must(h.world.SetPlan([]world.Fault{{Operation: op, Kind: world.Kind(kind), Count: count}}, h.now))
}

func (h *hands) Mend() { h.must(h.world.SetPlan(nil, h.now)) }

func (h *hands) Take(rid rx.RID)                  { h.must(h.world.Act(world.Take, rid, h.now)) }
func (h *hands) Deliver(rid rx.RID)               { h.must(h.world.Act(world.Deliver, rid, h.now)) }
func (h *hands) Archive(rid rx.RID)               { h.must(h.world.Act(world.Archive, rid, h.now)) }
func (h *hands) PatientRevokes(rid rx.RID)        { h.must(h.world.Act(world.PatientRevoke, rid, h.now)) }
func (h *hands) Feedback(rid rx.RID, text []byte) { h.must(h.world.Feedback(rid, text, h.now)) }

func (h *hands) Twin(patient rx.SSIN, unreadable, other bool) rx.RID {
	rid, err := h.world.Store(world.Foreign{Patient: patient, Content: []byte("<other/>"), Unreadable: unreadable, Other: other}, h.now)
	h.must(err)
	return rid
}

func (h *hands) Stored(local rx.ID) int {
	n, err := h.world.Tally(local, h.now)
	h.must(err)
	return n.Records
}
