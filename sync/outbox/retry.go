package outbox

import (
	"context"
	"time"

	"relais/app/rx"
)

// retryEvery is how often the wish to try at once is granted.
const retryEvery = 10 * time.Second

// Retry grants a person's wish to try at once what waits for a service that did not
// answer; the next step tries. It shortens waits and does nothing else: the gates stay
// closed until an answer, one call at a time finds out, and what then leaves keeps its
// pace and, after an outage, its random delay. Tries that fail do not make the later
// pauses grow. A wish that comes too early changes nothing: wait is when to come again.
// The error is of a store that cannot be read.
func (e *Engine) Retry(ctx context.Context, m Moment) (wait time.Duration, err error) {
	if m.Mono < e.retryFrom {
		return e.retryFrom - m.Mono, nil
	}
	e.retryFrom = m.Mono + retryEvery
	for _, g := range e.gates {
		g.hurry(m)
	}
	e.creates.hurry(m)
	for _, p := range e.plans {
		if p.unheard {
			p.due, p.tries = min(p.due, m.Mono), max(p.tries-1, 1)
		}
	}
	return 0, e.askAnyway(ctx, m)
}

// hurry makes the next call due, and does not count it. Two failures stay: by them it is
// known that the service was away.
func (g *gate) hurry(m Moment) {
	g.due = min(g.due, m.Mono)
	if g.failures > 2 {
		g.failures--
	}
}

// askAnyway has the status of a record read when Recip-e does not answer: the wish is
// granted also when nothing waits. It is the record read last, which misses least when
// this reading fails.
func (e *Engine) askAnyway(ctx context.Context, m Moment) error {
	if e.gate(rx.Recipe).open() || e.asking(rx.Recipe, m) {
		return nil
	}
	tasks, err := e.store.Work(ctx)
	if err != nil {
		return err
	}
	var any errand
	latest := time.Duration(-1)
	for i := range tasks {
		t := &tasks[i]
		r := t.AdoptedRecord()
		if r == nil {
			continue
		}
		var due time.Duration
		if p := e.plans[status(r.RID)]; p != nil {
			due = p.due
		}
		if due > latest {
			latest = due
			any = errand{call: rx.Call{Op: rx.OpStatus, Patient: t.SSIN, RID: r.RID}, prescription: t.ID, patient: t.Patient}
		}
	}
	if latest >= 0 {
		e.reading = append(e.reading, any)
	}
	return nil
}
