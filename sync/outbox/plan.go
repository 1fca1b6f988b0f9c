package outbox

import (
	"maps"
	"time"

	"relais/app/rx"
)

// subject is what is tried again later.
type subject struct {
	op rx.Op
	id string
}

func creating(prescription rx.ID) subject { return subject{rx.OpCreate, string(prescription)} }
func looking(patient rx.ID) subject       { return subject{rx.OpOpen, string(patient)} }
func keying(number rx.SSIN) subject       { return subject{rx.OpNewKey, string(number)} }
func keyingAhead(number rx.SSIN) subject  { return subject{rx.OpNewKey, "ahead for " + string(number)} }
func revoking(rid rx.RID) subject         { return subject{rx.OpRevoke, string(rid)} }
func status(rid rx.RID) subject           { return subject{rx.OpStatus, string(rid)} }
func readingBack(rid rx.RID) subject      { return subject{rx.OpGet, string(rid)} }

// plan is when a subject is tried next, and how often it was.
type plan struct {
	tries   int
	due     time.Duration
	unheard bool // since the service did not answer: due as soon as it is back
}

// plan of s, made when there is none.
func (e *Engine) plan(s subject) *plan {
	p := e.plans[s]
	if p == nil {
		p = &plan{}
		e.plans[s] = p
	}
	return p
}

// later tells that s is not due yet; the engine wakes when it is.
func (e *Engine) later(s subject, m Moment) bool {
	p := e.plans[s]
	if p == nil || p.due <= m.Mono {
		return false
	}
	e.wakeAt(p.due)
	return true
}

// again plans the next try of s after a failure, with pauses that grow. r is the reply
// that it had; nil when the failure is ours.
func (e *Engine) again(s subject, m Moment, base time.Duration, r *rx.Reply) {
	p := e.plan(s)
	p.due = m.Mono + e.jitter(base, p.tries)
	p.tries++
	p.unheard = r != nil && !reached(*r)
	e.wakeAt(p.due)
}

// jitter is the pause after the n-th failure: full jitter over base·2ⁿ, at most
// Backoff, at least a tenth of base.
func (e *Engine) jitter(base time.Duration, n int) time.Duration {
	span := base << min(n, 20)
	if span <= 0 || span > e.waits.Backoff {
		span = e.waits.Backoff
	}
	return max(e.upTo(span), base/10)
}

func (e *Engine) upTo(d time.Duration) time.Duration {
	return time.Duration(e.rand.Int64N(int64(d) + 1))
}

// forget drops what was kept about those who owe nothing any more, so that an engine
// that works for weeks does not grow.
func (e *Engine) forget(m Moment, tasks []rx.Task) {
	maps.DeleteFunc(e.cleared, func(_ rx.ID, at time.Duration) bool { return m.Mono-at > clearFor })
	if len(e.plans)+len(e.outOfTurn) < e.sweep {
		return
	}
	owing := map[subject]bool{}
	for i := range tasks {
		t := &tasks[i]
		owing[creating(t.ID)], owing[looking(t.Patient)], owing[keying(t.SSIN)] = true, true, true
		for _, r := range t.Records {
			owing[revoking(r.RID)], owing[status(r.RID)], owing[readingBack(r.RID)] = true, true, true
		}
	}
	maps.DeleteFunc(e.plans, func(s subject, _ *plan) bool { return !owing[s] })
	maps.DeleteFunc(e.doubts, func(rid rx.RID, _ doubt) bool { return !owing[readingBack(rid)] })
	maps.DeleteFunc(e.outOfTurn, func(t turn, _ bool) bool { return !owing[creating(t.prescription)] })
	e.sweep = 2*(len(e.plans)+len(e.outOfTurn)) + 100
}
