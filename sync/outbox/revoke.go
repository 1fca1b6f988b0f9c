package outbox

import (
	"context"

	"relais/app/rx"
)

// revokes works at every record that must go: ask, then read the status back. Only
// the status proves it; asking again is harmless. A record goes only when it is ours, and
// a surplus one only when the one that stays was read as ours.
func (e *Engine) revokes(_ context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	var acts []Act
	for i := range tasks {
		t := &tasks[i]
		for _, r := range t.Records {
			if !t.MustGo(r) || !r.Status.MayBeDelivered() || e.asked(r.RID) || e.later(revoking(r.RID), m) || !e.mayRead(rx.Recipe, m) {
				continue
			}
			if bears := t.AdoptedRecord(); !e.sure(t, r) || bears != nil && !t.MustGo(*bears) && !bears.Ours.Set() {
				continue // readBacks sees to it
			}
			call := rx.Call{Op: rx.OpRevoke, Patient: t.SSIN, RID: r.RID, Reason: reasonOf(t)}
			acts = append(acts, e.start(m, errand{call: call, prescription: t.ID, patient: t.Patient}, e.waits.Call))
		}
	}
	return acts, nil
}

// reasonOf is the word for the mandatory reason of a revoke.
func reasonOf(t *rx.Task) string {
	if t.Reason != "" {
		return t.Reason
	}
	return "replaced"
}

// asked tells that something is under way for the RID.
func (e *Engine) asked(rid rx.RID) bool {
	for _, er := range e.flight {
		if (er.call.Op == rx.OpRevoke || er.call.Op == rx.OpStatus) && er.call.RID == rid {
			return true
		}
	}
	return false
}

func (e *Engine) doneRevoke(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	e.again(revoking(er.call.RID), m, e.waits.Retry, &r) // until its status proves it
	event := rx.Event{Kind: rx.EventRevokeTaken, At: m.Wall, RID: er.call.RID}
	switch r.Result {
	case rx.ResultAccepted:
	case rx.ResultRefused:
		event.Kind, event.Problem = rx.EventRevokeDenied, r.Problem
		if event.Problem == nil {
			event.Problem = &rx.Problem{}
		}
	default:
		return nil
	}
	e.reading = append(e.reading, errand{
		call: rx.Call{Op: rx.OpStatus, Patient: er.call.Patient, RID: er.call.RID}, prescription: er.prescription, patient: er.patient, proof: true,
	})
	_, err := e.record(ctx, er.prescription, 0, event)
	return err
}

// statuses reads now and then the status of what is open at Recip-e: one at a time, at
// the pace of late sends, and not before them when Recip-e was away. The first reading
// by this engine is at a random moment, so that many open ones are not one burst.
func (e *Engine) statuses(_ context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	reading := e.inFlight(rx.OpStatus, func(er *errand) bool { return !er.proof })
	for i := range tasks {
		t := &tasks[i]
		r := t.AdoptedRecord()
		if r == nil || !r.Status.MayBeDelivered() || t.MustGo(*r) || e.asked(r.RID) {
			continue
		}
		if e.plans[status(r.RID)] == nil {
			e.plan(status(r.RID)).due = m.Mono + e.upTo(e.waits.Status)
		}
		if e.later(status(r.RID), m) || reading || !e.gate(rx.Recipe).open() {
			continue
		}
		if free := max(e.lastStatus+e.waits.Pace, e.backlog); free > m.Mono {
			e.wakeAt(free)
			continue
		}
		e.lastStatus = m.Mono
		call := rx.Call{Op: rx.OpStatus, Patient: t.SSIN, RID: r.RID}
		return []Act{e.start(m, errand{call: call, prescription: t.ID, patient: t.Patient}, e.waits.Call)}, nil
	}
	return nil, nil
}

func (e *Engine) doneStatus(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	e.plan(status(er.call.RID)).due = m.Mono + e.waits.Status
	if !r.OK() || r.Status == rx.StatusUnread {
		return nil
	}
	_, err := e.record(ctx, er.prescription, 0, rx.Event{Kind: rx.EventStatusRead, At: m.Wall, RID: er.call.RID, Status: r.Status, ServerAt: r.ServerAt})
	return err
}
