package world

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
)

const (
	marie rx.SSIN = "85073003427"
	jan   rx.SSIN = "79021802145"
)

// parcelOf is a create that the server takes when it arrives within a minute of at.
func parcelOf(w *World, n int, at time.Time) *rx.Parcel {
	key := w.Process(rx.Call{Op: rx.OpNewKey, Patient: marie}, Twist{}, at).Key
	return &rx.Parcel{Patient: marie, Type: "P0", Expires: rx.DateOf(at).AddDays(30), Local: rx.LocalIDOf("order", n),
		Message: []byte("message"), Key: key, Signed: at, SignedUntil: at.Add(time.Minute)}
}

func tally(t rapid.TB, w *World, local rx.ID, at time.Time) Tally {
	t.Helper()
	n, err := w.Tally(local, at)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// stored is how many records a create must leave, from its fate alone.
func stored(f Fate, p *rx.Parcel, start time.Time) (n int) {
	for _, pass := range f.Passes {
		if !start.Add(pass.Arrive).After(p.SignedUntil) && !f.Twist.Refuse {
			n++
		}
	}
	return n
}

// No create is lost or doubled beyond its fate, by either way of playing it: by the
// caller's scheduler (Fate, Pass) and by the world's own (Send, Receive).
func TestCreatesAreAsTheirFates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		makeWorld := func() *World {
			w := New(rand.NewPCG(seed, 1))
			w.Random(Hostile, rand.NewPCG(seed, 2))
			return w
		}
		scheduled, own := makeWorld(), makeWorld()
		at := monday
		for n := range rapid.IntRange(1, 30).Draw(t, "creates") {
			at = at.Add(20 * time.Minute) // later than any pass of the one before
			after := at.Add(20*time.Minute - 1)

			p := parcelOf(scheduled, n, at)
			call := rx.Call{Op: rx.OpCreate, Parcel: p}
			f := scheduled.Fate(call, at)
			rids := 0
			for i := range f.Passes {
				switch r := scheduled.Pass(call, f, i, at); {
				case r.OK():
					rids++
				case r.Result != rx.ResultRefused && r.Why != notAuthenticated.Code:
					t.Fatalf("a pass was %s: %s", r.Result, r.Why)
				}
			}
			want := stored(f, p, at)
			if got := tally(t, scheduled, p.Local, after); got.Records != want || rids != want {
				t.Fatalf("%d records and %d RIDs, the fate %+v allows %d", got.Records, rids, f, want)
			}

			q := parcelOf(own, n, at)
			ticket, g, err := own.Send(rx.Call{Op: rx.OpCreate, Parcel: q}, at)
			if err != nil {
				t.Fatal(err)
			}
			if got := tally(t, own, q.Local, after); got.Records != stored(g, q, at) {
				t.Fatalf("%d records, the fate %+v allows %d", got.Records, g, stored(g, q, at))
			}
			r := own.Receive(ticket, after)
			if (g.Ends == Answers) != (r.Why != WhyTimeout) {
				t.Fatalf("%s %s, though the fate ends as %d", r.Result, r.Why, g.Ends)
			}
			if stored(g, q, at) == 2 && r.OK() && !isNth(t, own, r.RID, g.Heard, after) {
				t.Fatal("the answer is not that of the pass that the fate lets hear")
			}
		}
		truth, err := scheduled.Truth(at)
		if err != nil {
			t.Fatal(err)
		}
		for key, n := range truth.PerKey() {
			if truth.Keys[key] != marie || n.Records > 2 {
				t.Fatalf("a key of nobody, or with %d records", n.Records)
			}
		}
	})
}

// isNth tells whether rid is the record number n, from 0, of its LOCAL id.
func isNth(t rapid.TB, w *World, rid rx.RID, n int, at time.Time) bool {
	t.Helper()
	truth, err := w.Truth(at)
	if err != nil {
		t.Fatal(err)
	}
	before := map[rx.ID]int{}
	for _, r := range truth.Records {
		if r.RID == rid {
			return before[r.Local] == n
		}
		before[r.Local]++
	}
	return false
}

// What is on its way takes place in the order of its time, at its time, whoever
// asks and whenever.
func TestWireKeepsTime(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	if err := w.SetPlan([]Fault{{Operation: rx.OpCreate, Kind: Late, Count: 1}}, monday); err != nil {
		t.Fatal(err)
	}
	late, early := parcelOf(w, 1, monday), parcelOf(w, 2, monday)
	for i, p := range []*rx.Parcel{late, early} {
		if _, _, err := w.Send(rx.Call{Op: rx.OpCreate, Parcel: p}, monday.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	for wait, want := range map[time.Duration]int{0: 0, LateTime - 1: 0, LateTime: 1} {
		u := New(rand.NewPCG(1, 2))
		_ = u.SetPlan([]Fault{{Operation: rx.OpCreate, Kind: Late}}, monday)
		p := parcelOf(u, 1, monday)
		_, _, _ = u.Send(rx.Call{Op: rx.OpCreate, Parcel: p}, monday)
		if got := tally(t, u, p.Local, monday.Add(wait)); got.Records != want {
			t.Errorf("%d records after %v, want %d", got.Records, wait, want)
		}
	}
	truth, err := w.Truth(monday.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(truth.Records) != 2 || truth.Records[0].Local != early.Local || truth.Records[1].Created != monday.Add(LateTime) {
		t.Fatal("the late create was not stored after the other, at its own time")
	}
}

// The reply waits for its caller, once and not for ever.
func TestReplyIsGivenOnce(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	send := func() Ticket {
		ticket, _, err := w.Send(rx.Call{Op: rx.OpProperties}, monday)
		if err != nil {
			t.Fatal(err)
		}
		return ticket
	}
	ticket := send()
	if r := w.Receive(ticket, monday); !r.OK() {
		t.Fatalf("%s", r.Result)
	}
	if r := w.Receive(ticket, monday); r.Result != rx.Unanswered {
		t.Fatalf("a second time: %s", r.Result)
	}
	send()
	if m := w.shelf.(*memory); len(m.flights) != 1 {
		t.Fatalf("%d replies wait", len(m.flights))
	}
	_, _, _ = w.Send(rx.Call{Op: rx.OpStatus}, monday.Add(2*forgotten))
	if m := w.shelf.(*memory); len(m.flights) != 1 || m.flights[0].Call.Op != rx.OpStatus {
		t.Fatal("a reply that nobody came for is still kept")
	}
}

// The gate: the fence of the engine rests on these edges.
func TestGate(t *testing.T) {
	const minute = time.Minute
	for _, c := range []struct {
		name    string
		arrive  time.Duration // after the signature
		process time.Duration
		offset  time.Duration // server's clock
		want    rx.Result
	}{
		{"at once", 0, 0, 0, rx.ResultAccepted},
		{"at its end", minute, minute, 0, rx.ResultAccepted},
		{"after its end", minute + 1, minute + 1, 0, rx.Unanswered},
		{"processed after its end", minute, minute + LongestProcessing, 0, rx.ResultAccepted},
		{"server's clock ahead", 0, 0, minute + 1, rx.Unanswered},
		{"server's clock behind by five minutes", 0, 0, -5 * minute, rx.ResultAccepted},
		{"server's clock further behind", 0, 0, -5*minute - 1, rx.Unanswered},
	} {
		w := New(rand.NewPCG(1, 2))
		if err := w.Set(Settings{Offset: c.offset}); err != nil {
			t.Fatal(err)
		}
		p := parcelOf(w, 1, monday)
		r := w.Pass(rx.Call{Op: rx.OpCreate, Parcel: p}, Fate{Passes: []Pass{{c.arrive, c.process}}}, 0, monday)
		if got := tally(t, w, p.Local, monday).Records; r.Result != c.want || got == 1 != r.OK() {
			t.Errorf("%s: %s with %d records", c.name, r.Result, got)
		}
		if !r.OK() && (r.Why != "SOA-01001" || !r.ServerAt.Equal(monday.Add(c.arrive+c.offset))) {
			t.Errorf("%s: turned away with %s", c.name, r.Why)
		}
	}
	p := &rx.Parcel{Patient: marie, Type: "P0", Expires: rx.DateOf(monday), Message: []byte("m"), Key: rx.Key{ID: "k"}}
	if r := New(rand.NewPCG(1, 2)).Pass(rx.Call{Op: rx.OpCreate, Parcel: p}, clean(delays{}), 0, monday); r.OK() {
		t.Error("a create without a timestamp was taken")
	}
}

// Random faults keep to the hypotheses of the engine, and all of them happen.
func TestRandomFates(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	w.Random(Hostile, rand.NewPCG(3, 4))
	ends := map[Ending]int{}
	var lost, twice, second, refused, lag, paged, blind, late int
	for range 20_000 {
		for _, op := range []rx.Op{rx.OpCreate, rx.OpOpen, rx.OpGet} {
			f := w.Fate(rx.Call{Op: op}, monday)
			ends[f.Ends]++
			for i, p := range f.Passes {
				if p.Process < p.Arrive || p.Process-p.Arrive > LongestProcessing || i > 0 && p.Process < f.Passes[0].Process {
					t.Fatalf("a fate breaks the hypotheses: %+v", f)
				}
				late += count(p.Process-p.Arrive > time.Minute)
			}
			if f.Ends == Answers && f.End < f.Passes[f.Heard].Process {
				t.Fatalf("the answer comes before the processing: %+v", f)
			}
			if (f.Ends == Refuses) && len(f.Passes) > 0 {
				t.Fatalf("a refused connection reached the gate: %+v", f)
			}
			lost += count(f.Ends == Hangs && len(f.Passes) > 0)
			twice += count(len(f.Passes) == 2)
			second += count(f.Heard == 1)
			refused += count(f.Twist.Refuse)
			lag += count(f.Twist.Lag > 0)
			paged += count(f.Twist.Page > 0)
			blind += count(f.Twist.Blind)
		}
	}
	for name, n := range map[string]int{"answers": ends[Answers], "drops": ends[Drops], "hangs": ends[Hangs], "refused connections": ends[Refuses],
		"lost answers": lost, "second arrivals": twice, "second answers": second, "refusals": refused, "lags": lag, "pages": paged, "blind answers": blind, "late processings": late} {
		if n < 100 {
			t.Errorf("%d %s in 60,000 calls", n, name)
		}
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
