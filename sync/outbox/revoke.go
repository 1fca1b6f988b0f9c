package outbox

import (
	"context"

	"relais/app/rx"
)

// revokes works at every record that must go: ask, then read the status back. Only
// the status proves it; asking again is harmless.
func (e *Engine) revokes(_ context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	var acts []Act
	for _, t := range tasks {
		for _, r := range t.Records {
			if !t.MustGo(r) || !r.Status.MayBeDelivered() || !e.due(m, r.RID) || !e.mayRead(rx.Recipe, m) {
				continue
			}
			call := rx.Call{Op: rx.OpRevoke, Patient: t.SSIN, RID: r.RID, Reason: reasonOf(t)}
			acts = append(acts, e.start(m, errand{call: call, prescription: t.ID, patient: t.Patient}, e.waits.Call))
		}
	}
	return acts, nil
}

// reasonOf is the word for the mandatory reason of a revoke.
func reasonOf(t rx.Task) string {
	if t.Reason != "" {
		return t.Reason
	}
	return "replaced"
}

// due tells that nothing is under way for the RID and its next try has come.
func (e *Engine) due(m Moment, rid rx.RID) bool {
	same := func(er *errand) bool { return er.call.RID == rid }
	if e.inFlight(rx.OpRevoke, same) || e.inFlight(rx.OpStatus, same) {
		return false
	}
	return !e.later(recorded(rid), m)
}

func (e *Engine) doneRevoke(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	event := rx.Event{Kind: rx.EventRevokeTaken, At: m.Wall, RID: er.call.RID}
	switch r.Result {
	case rx.ResultAccepted:
	case rx.ResultRefused:
		event.Kind, event.Problem = rx.EventRevokeDenied, r.Problem
		if event.Problem == nil {
			event.Problem = &rx.Problem{}
		}
	default:
		e.again(recorded(er.call.RID), m, e.waits.Retry, &r)
		return nil
	}
	e.readBack(er)
	_, err := e.record(ctx, er.prescription, 0, event)
	return err
}

// readBack makes the status of the RID the first thing of the next step.
func (e *Engine) readBack(er *errand) {
	e.reading = append(e.reading, errand{call: rx.Call{Op: rx.OpStatus, Patient: er.call.Patient, RID: er.call.RID}, prescription: er.prescription, patient: er.patient})
}

// statuses reads now and then the status of what is open at Recip-e.
func (e *Engine) statuses(_ context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	var acts []Act
	for _, t := range tasks {
		r := t.AdoptedRecord()
		if r == nil || !r.Status.MayBeDelivered() || t.MustGo(*r) || !e.due(m, r.RID) {
			continue
		}
		if e.plans[recorded(r.RID)] == nil { // first seen by this engine: soon, but not at once
			e.plan(recorded(r.RID)).due = m.Mono + e.jitter(e.waits.Status, 0)
			e.wakeAt(e.plan(recorded(r.RID)).due)
			continue
		}
		if e.gate(rx.Recipe).open() {
			call := rx.Call{Op: rx.OpStatus, Patient: t.SSIN, RID: r.RID}
			acts = append(acts, e.start(m, errand{call: call, prescription: t.ID, patient: t.Patient}, e.waits.Call))
		}
	}
	return acts, nil
}

func (e *Engine) doneStatus(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	s := recorded(er.call.RID)
	if !r.OK() {
		e.again(s, m, e.waits.Retry, &r)
		return nil
	}
	p, err := e.record(ctx, er.prescription, 0, rx.Event{Kind: rx.EventStatusRead, At: m.Wall, RID: er.call.RID, Status: r.Status, ServerAt: r.ServerAt})
	if err != nil {
		return err
	}
	for _, rec := range p.Records {
		if rec.RID == er.call.RID && p.MustGo(rec) && rec.Status.MayBeDelivered() {
			e.again(s, m, e.waits.Retry, nil)
			return nil
		}
	}
	e.plans[s] = &plan{due: m.Mono + e.waits.Status}
	return nil
}
