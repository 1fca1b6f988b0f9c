package outbox

import (
	"time"

	"relais/app/rx"
)

// gate is what the last replies allow. A call without an answer closes it. Then one
// call at a time is let through that finds out: the first at once, the next after
// pauses that grow. An answer opens it.
type gate struct {
	failures int           // since the last answer, of one call after the other; 0: open
	closed   time.Duration // when the first of them was
	due      time.Duration // of the next call
	heard    time.Duration // the last answer
	everOK   bool
}

func (g *gate) open() bool { return g.failures == 0 }

func (g *gate) heardSince(t time.Duration) bool { return g.everOK && g.heard >= t }

func (g *gate) answered(m Moment) { *g = gate{heard: m.Mono, everOK: true} }

// failed takes the failure of a call that began at the moment began. One that began
// before the gate closed says nothing new.
func (g *gate) failed(m Moment, began time.Duration, pause func(n int) time.Duration) {
	switch {
	case g.open():
		g.failures, g.closed, g.due = 1, m.Mono, m.Mono
	case began >= g.closed:
		g.due = m.Mono + pause(g.failures)
		g.failures++
	}
}

func (e *Engine) gate(s rx.Service) *gate {
	g := e.gates[s]
	if g == nil {
		g = &gate{}
		e.gates[s] = g
	}
	return g
}

// reached tells that there was somebody who gave this reply.
func reached(r rx.Reply) bool {
	return r.Result == rx.ResultAccepted || r.Result == rx.ResultRefused || !r.ServerAt.IsZero()
}

// hear learns from a reply what it says about the service and its clock.
func (e *Engine) hear(m Moment, er *errand, r rx.Reply) {
	if !reached(r) {
		if !er.promised { // else it was counted when the promise ran out
			e.silent(m, er, r.Why)
		}
		return
	}
	if !r.ServerAt.IsZero() && er.call.Op.Service() == rx.Recipe {
		e.server = serverClock{r.ServerAt, m}
	}
	if er.call.Op == rx.OpCreate {
		if r.OK() || r.Result == rx.ResultRefused {
			e.creates.answered(m)
		} else if !er.promised {
			e.creates.failed(m, er.started, e.pause)
		}
	}
	service := er.call.Op.Service()
	g := e.gate(service)
	if g.failures > 1 { // it was away, not one answer
		e.back(m, service, m.Mono-g.closed)
	}
	g.answered(m)
	e.observe(Observation{Service: service, At: m.Wall, Reached: true, Why: r.Why})
}

// back makes due what could not be told to a service that answers again: look-ups and
// revokes first, as in each step, then the patient in the room. What waits for longer
// begins after a random delay of up to a quarter of the time that Recip-e was away, at
// least a minute and at most an hour with the built-in waits, so that not all
// practices come at once (reliability facts §4.3).
func (e *Engine) back(m Moment, service rx.Service, away time.Duration) {
	for s, p := range e.plans {
		if p.unheard && s.op.Service() == service {
			p.due, p.unheard = m.Mono, false
		}
	}
	if service == rx.Recipe {
		spread := min(max(away/4, 2*e.waits.Retry), 4*e.waits.Backoff)
		e.backlog = max(e.backlog, m.Mono+e.upTo(spread))
	}
}

// silent takes it that a call has no answer.
func (e *Engine) silent(m Moment, er *errand, why string) {
	service := er.call.Op.Service()
	e.gate(service).failed(m, er.started, e.pause)
	if er.call.Op == rx.OpCreate {
		e.creates.failed(m, er.started, e.pause)
	}
	e.observe(Observation{Service: service, At: m.Wall, Why: why})
}

func (e *Engine) pause(n int) time.Duration { return e.jitter(e.waits.Retry, n) }

// mayRead tells whether a call that changes nothing there may leave now.
func (e *Engine) mayRead(s rx.Service, m Moment) bool {
	g := e.gate(s)
	if g.open() {
		return true
	}
	if e.asking(s, m) {
		return false
	}
	if g.due > m.Mono {
		e.wakeAt(g.due)
		return false
	}
	return true
}

// asking tells that a call is in flight that finds out whether a service is back.
func (e *Engine) asking(s rx.Service, m Moment) bool {
	for _, er := range e.flight {
		if er.call.Op != rx.OpCreate && er.call.Op.Service() == s && er.started >= e.gate(s).closed && !e.hangs(er, m) {
			return true
		}
	}
	return false
}

// turn is a question to a service that did not answer, for the patient in the room.
type turn struct {
	service      rx.Service
	prescription rx.ID
}

// mayAskFor tells whether a service may be asked out of turn, for the patient in the room: once for each fresh prescription that
// needs nothing else to leave, or to have its key.
func (e *Engine) mayAskFor(t *rx.Task, s rx.Service, m Moment) bool {
	once := turn{s, t.ID}
	if rx.IsLate(t.Prescription, m.Wall, e.waits) || e.outOfTurn[once] || e.gate(s).open() || e.asking(s, m) {
		return false
	}
	e.outOfTurn[once] = true
	return true
}

// serverClock estimates Recip-e's clock from its last answer and our monotonic clock,
// so that a jump of our wall clock does no harm.
type serverClock struct {
	at    time.Time // zero: never heard
	heard Moment
}

// drift of our two clocks against each other since the last answer, above which one of
// them jumped: the wall clock was set, or the machine slept and the monotonic clock
// with it.
const drift = 10 * time.Second

func (c *serverClock) known(m Moment) bool {
	apart := m.Wall.Sub(c.heard.Wall) - (m.Mono - c.heard.Mono)
	return !c.at.IsZero() && apart.Abs() <= drift
}

// now is our wall clock where the server's is not known: good enough to plan by, not to
// sign with.
func (c *serverClock) now(m Moment) time.Time {
	if !c.known(m) {
		return m.Wall
	}
	return c.at.Add(m.Mono - c.heard.Mono)
}
