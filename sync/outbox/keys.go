package outbox

import (
	"context"
	"time"

	"relais/app/rx"
)

// The pool of keys: one for each prescription that waits, and one for each line that is still being
// written, so that a KGSS that is away or slow delays nothing that was begun before. A key
// names its patient to the KGSS and is no prescription's before the store takes it from the pool,
// once and for good: whichever line of that patient comes first has it.

const (
	// spare is how long after its last change a draft counts as being written, and how long a key is kept that nothing which
	// waits needs. How long the KGSS keeps a key that nobody used is not known.
	spare = 4 * time.Hour
	// dropEvery is how often keys are looked for that are too old.
	dropEvery = time.Hour
)

// keys fetches what the pool lacks, also while Recip-e is down, since the KGSS may be down when it is back: one for each
// prescription that waits, and then, one call at a time, one for each line that is being written. What was tried for a line that is being written
// delays nothing that waits.
func (e *Engine) keys(ctx context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	e.dropKeys(ctx, m)
	var acts []Act
	all, coming, lacking := 0, map[rx.SSIN]int{}, map[rx.SSIN]int{} // a key names the number that it was asked for
	for _, er := range e.flight {
		if er.call.Op != rx.OpNewKey {
			continue
		}
		if all++; !e.hangs(er, m) {
			coming[er.call.Patient]++
			lacking[er.call.Patient]--
		}
	}
	begin := func(patient rx.ID, ssin rx.SSIN, ahead bool) {
		all++
		coming[ssin]++
		lacking[ssin]--
		acts = append(acts, e.start(m, errand{call: rx.Call{Op: rx.OpNewKey, Patient: ssin}, patient: patient, ahead: ahead}, e.waits.Call))
	}
	seen, short := map[rx.SSIN]bool{}, false
	for i := range tasks {
		t := &tasks[i]
		if t.State != rx.StateReady || t.SSIN == "" {
			continue
		}
		if !seen[t.SSIN] {
			seen[t.SSIN] = true
			lacking[t.SSIN] -= t.Keys
		}
		if lacking[t.SSIN]++; lacking[t.SSIN] <= 0 {
			continue
		}
		failing := e.plans[keying(t.SSIN)] != nil && coming[t.SSIN] > 0
		if all >= parallel || failing || e.later(keying(t.SSIN), m) || !e.mayRead(rx.KGSS, m) && !e.mayAskFor(t, rx.KGSS, m) {
			short = true
			continue
		}
		begin(t.Patient, t.SSIN, false)
	}
	if all > 0 || short && !e.gate(rx.KGSS).open() { // what waits finds out first whether the KGSS is back
		return acts, nil
	}
	writing, err := e.store.Writing(ctx, m.Wall.Add(-spare))
	if err != nil { // told, and holds up nothing that waits
		e.faults = append(e.faults, err)
		return acts, nil
	}
	for _, w := range writing {
		if !seen[w.SSIN] {
			lacking[w.SSIN] -= w.Keys
		}
		lacking[w.SSIN] += w.Lines
		if lacking[w.SSIN] > 0 && !e.later(keying(w.SSIN), m) && !e.later(keyingAhead(w.SSIN), m) && e.mayRead(rx.KGSS, m) {
			begin(w.Patient, w.SSIN, true)
			break
		}
	}
	return acts, nil
}

// hangs tells that a call for a line that is being written had no answer in the time in which one is promised to the screen: what waits
// counts on it no more.
func (e *Engine) hangs(er *errand, m Moment) bool {
	if !er.ahead {
		return false
	}
	due := er.started + e.waits.Answer
	if due > m.Mono {
		e.wakeAt(due)
	}
	return due <= m.Mono
}

// dropKeys forgets keys that were fetched for lines and are too old; an engine that begins, all of them: where the machine is a snapshot
// that was put back, what came after it may have used them. A fault is told, and it is tried again at the next step.
func (e *Engine) dropKeys(ctx context.Context, m Moment) {
	before := time.Time{}
	if !e.dropped.IsZero() {
		if since := m.Wall.Sub(e.dropped); since >= 0 && since < dropEvery {
			return
		}
		before = m.Wall.Add(-spare)
	}
	if err := e.store.DropKeys(ctx, before); err != nil {
		e.faults = append(e.faults, err)
		return
	}
	e.dropped = m.Wall
}

// doneKey keeps the key. One that is not kept is lost, and harms nobody: it was
// never used.
func (e *Engine) doneKey(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	asked := er.call.Patient
	next := keying(asked)
	if er.ahead {
		next = keyingAhead(asked)
	}
	if !r.OK() || r.Key.ID == "" {
		e.again(next, m, e.waits.Retry, &r)
		return nil
	}
	if err := e.store.AddKey(ctx, er.patient, asked, r.Key); err != nil {
		e.again(next, m, e.waits.Retry, nil)
		if rx.CodeOf(err) == rx.CodeConflict { // the patient has another number since
			return nil
		}
		return err
	}
	delete(e.plans, keying(asked))
	delete(e.plans, keyingAhead(asked))
	return nil
}
