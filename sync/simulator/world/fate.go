package world

import (
	"slices"
	"time"

	"relais/app/rx"
)

// LongestProcessing after arrival at the gate that the world keeps to by itself
// (rx.DefaultWaits.Processing). A Profile may break it, to see what then happens.
const LongestProcessing = 120 * time.Second

// Fate is what becomes of one call, known when the call starts. Times are counted
// from the start.
type Fate struct {
	Passes []Pass        // what reaches the gate: none, one, or the same twice; by time of processing
	Twist  Twist         // what the operation meets
	Ends   Ending        // what the caller hears
	Heard  int           // Answers: the pass whose reply comes back
	End    time.Duration // when the caller hears it; not for Hangs

	Protocol Kind // what the protocol in front of the world makes of it besides, "" nothing
}

// Pass is one arrival at the gate and its processing, if the gate lets it in.
type Pass struct {
	Arrive  time.Duration
	Process time.Duration // not before Arrive
}

// Ending is how a call ends for its caller.
type Ending uint8

const (
	Answers Ending = iota // the reply of one pass comes back
	Drops                 // the connection breaks after the request left
	Hangs                 // nothing comes back
	Refuses               // no connection: no byte left
)

// Classes of failure, as Reply.Why has them.
const (
	WhyRefused = "refused-connection"
	WhyDropped = "dropped"
	WhyTimeout = "timeout"
	WhyFailure = "server-failure"
	WhyGivenUp = "given-up" // before the call began
)

// Reply is what the caller hears when no pass answers; for Hangs it is what the
// caller concludes on giving up.
func (f Fate) Reply() rx.Reply {
	switch f.Ends {
	case Refuses:
		return rx.Reply{Result: rx.ResultNotSent, Why: WhyRefused}
	case Drops:
		return rx.Reply{Result: rx.Unanswered, Why: WhyDropped}
	}
	return rx.Reply{Result: rx.Unanswered, Why: WhyTimeout}
}

// Twist is what a fault makes of the operation itself. The zero value is none.
type Twist struct {
	Refuse bool          // any: refused by the service, nothing is done
	Lag    time.Duration // create: lists show the record so much later; list: what is younger than this is left out
	Page   int           // list: entries of a page; 0: Settings.Page
	Blind  bool          // get: the key id of this answer cannot be read; create: it never can
}

// delays are the times of one call, from which its fate is laid out.
type delays struct {
	there, work, back time.Duration // to the gate, in processing, back
	late              time.Duration // of late-processing, in place of work
	again             time.Duration // second arrival after the first
}

// clean is the fate of a call that meets nothing.
func clean(d delays) Fate {
	return Fate{Passes: []Pass{{d.there, d.there + d.work}}, End: d.there + d.work + d.back}
}

// ways lays out the fate of each kind that decides the way of a call.
var ways = map[Kind]func(d delays) Fate{
	RefuseConnect: func(d delays) Fate { return Fate{Ends: Refuses, End: d.there} },
	Hang:          func(delays) Fate { return Fate{Ends: Hangs} },
	Slow:          clean,
	Drop: func(d delays) Fate {
		f := clean(d)
		f.Ends = Drops
		return f
	},
	Late: func(d delays) Fate {
		d.work = d.late
		return clean(d)
	},
	Twice: func(d delays) Fate {
		f := clean(d)
		f.Passes = append(f.Passes, Pass{d.there + d.again, d.there + d.again + d.work})
		return f
	},
}

// Fate decides what becomes of a call that starts at the moment at, by the fault
// plan and the random faults, and counts it. Nothing else happens yet.
func (w *World) Fate(call rx.Call, at time.Time) Fate {
	fate := Fate{Ends: Refuses} // what a server whose storage fails can do
	var decided Fate
	if w.do(at, func(tx shelf) { decided = w.fate(tx, Target{call.Op.Service(), call.Op}, at) }) == nil {
		fate = decided
	}
	return fate
}

func (w *World) fate(tx shelf, to Target, at time.Time, skip ...Kind) Fate {
	c := tx.control()
	f := clean(delays{there: c.Latency, back: c.Latency})
	for w.random != nil {
		f = w.random.fate(to.Op)
		if f.Ends != Refuses || !slices.Contains(skip, RefuseConnect) || w.random.RefuseConnect >= 1 {
			break
		}
	}
	if c.Plan == nil {
		return f
	}
	if c.Plan.strike(to, at, c.Latency, &f, skip...) {
		tx.setControl(c)
	}
	return f
}

// Pass lets pass i of a call that started at start through the gate and performs
// the operation. It is called at start plus that pass's Process.
func (w *World) Pass(call rx.Call, fate Fate, i int, start time.Time) (reply rx.Reply) {
	p := fate.Passes[i]
	at := start.Add(p.Process)
	if err := w.do(at, func(tx shelf) {
		reply = w.pass(tx, &flight{Call: call, Twist: fate.Twist, Start: start, Pass: p}).Reply
	}); err != nil {
		return failure
	}
	return reply
}

func (w *World) pass(tx shelf, f *flight) Answer {
	if now := tx.control().server(f.Start.Add(f.Pass.Arrive)); !signedNow(&f.Call, now) {
		return Answer{Reply: turnedAway(now)}
	}
	return w.process(tx, &f.Call, f.By, f.Twist, f.due())
}

// turnedAway is what the caller may conclude at a closed gate: nothing, since the
// same request may have passed it before, or may yet come a second time.
func turnedAway(now time.Time) rx.Reply {
	return rx.Reply{Result: rx.Unanswered, Why: notAuthenticated.Code, Problem: notAuthenticated, ServerAt: now.UTC()}
}

// signedNow is the gate: whether the signed timestamp of a create holds at the
// moment now of the server's clock. Other calls are signed anew each time.
func signedNow(call *rx.Call, now time.Time) bool {
	if call.Op != rx.OpCreate || call.Parcel == nil {
		return true
	}
	p := call.Parcel
	return !now.After(p.SignedUntil) && !p.Signed.After(now.Add(5*time.Minute))
}

var failure = rx.Reply{Result: rx.Unanswered, Why: WhyFailure}
