package world

import (
	"math/rand/v2"
	"time"

	"relais/app/rx"
)

// Profile is how hostile the random faults of a simulation are. Rates are chances
// from 0 to 1; those of the ways (the first group) add up to 1 at most, the rest
// of the calls are clean. Times are the longest; each is drawn anew from zero.
type Profile struct {
	RefuseConnect float64 // no connection
	Hang          float64 // swallowed
	Slow          float64 // Delay more: on the way there, in processing, or on the way back
	Drop          float64 // processed; the connection breaks, or nothing comes back
	Late          float64 // processed so late that the caller has given up, perhaps
	Twice         float64 // arrives twice, up to Delay apart; either answer may come back

	Inner    float64 // refused by the service
	ListLag  float64 // a list leaves out what is younger than a part of Lag
	LateList float64 // lists show a new record only after a part of Lag
	Paged    float64 // a list comes in pages of 1 to 3
	Blind    float64 // the key id in an answer of get cannot be read
	Never    float64 // the key id of a new record can never be read

	Latency    time.Duration // one way
	Delay      time.Duration // on the way there or back
	Processing time.Duration // after arrival; keep to LongestProcessing unless its breach is the test
	Lag        time.Duration
}

// Hostile is a profile that meets every fault within some dozen calls and keeps to
// the hypotheses on which the engine rests.
var Hostile = Profile{
	RefuseConnect: 0.06, Hang: 0.04, Slow: 0.06, Drop: 0.06, Late: 0.04, Twice: 0.03,
	Inner: 0.02, ListLag: 0.15, LateList: 0.10, Paged: 0.20, Blind: 0.02,
	Latency: 400 * time.Millisecond, Delay: 10 * time.Minute, Processing: LongestProcessing, Lag: 60 * time.Second,
}

// Random lets each call meet random faults of p, drawn from src; a nil src ends
// them. They live with this World, not in its file.
func (w *World) Random(p Profile, src rand.Source) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.random = nil
	if src != nil {
		w.random = &random{p, rand.New(src)}
	}
}

type random struct {
	Profile
	draw *rand.Rand
}

func (r *random) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(r.draw.Int64N(int64(d) + 1))
}

func (r *random) fate(op rx.Op) Fate {
	d := delays{there: r.upTo(r.Latency), work: r.upTo(r.Latency), back: r.upTo(r.Latency)}
	kind := r.way()
	switch kind {
	case Slow:
		switch r.draw.IntN(3) {
		case 0:
			d.there = r.upTo(r.Delay)
		case 1:
			d.work = r.upTo(r.Processing)
		default:
			d.back = r.upTo(r.Delay)
		}
	case Late:
		d.late = r.upTo(r.Processing)
	case Twice:
		d.again = r.upTo(r.Delay)
	}
	var f Fate
	if way, ok := ways[kind]; ok {
		f = way(d)
	} else {
		f = clean(d)
	}
	switch kind {
	case Drop:
		if r.draw.IntN(2) == 0 {
			f.Ends = Hangs
		}
	case Twice:
		if f.Heard = r.draw.IntN(2); f.Heard == 1 {
			f.End = f.Passes[1].Process + d.back
		}
	}
	f.Twist = r.twist(op)
	return f
}

// way draws the kind that decides the way, "" for none.
func (r *random) way() Kind {
	x := r.draw.Float64()
	for _, c := range [...]struct {
		kind Kind
		rate float64
	}{{RefuseConnect, r.RefuseConnect}, {Hang, r.Hang}, {Slow, r.Slow}, {Drop, r.Drop}, {Late, r.Late}, {Twice, r.Twice}} {
		if x < c.rate {
			return c.kind
		}
		x -= c.rate
	}
	return ""
}

func (r *random) twist(op rx.Op) (t Twist) {
	t.Refuse = r.by(r.Inner)
	switch op {
	case rx.OpCreate:
		if r.by(r.LateList) {
			t.Lag = r.upTo(r.Lag)
		}
		t.Blind = r.by(r.Never)
	case rx.OpOpen, rx.OpHistory:
		if r.by(r.ListLag) {
			t.Lag = r.upTo(r.Lag)
		}
		if r.by(r.Paged) {
			t.Page = 1 + r.draw.IntN(3)
		}
	case rx.OpGet:
		t.Blind = r.by(r.Blind)
	}
	return t
}

func (r *random) by(rate float64) bool { return rate > 0 && r.draw.Float64() < rate }
