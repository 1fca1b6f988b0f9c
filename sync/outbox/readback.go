package outbox

import (
	"context"
	"slices"

	"relais/app/rx"
)

// proof is what was read of a RID that a prescription bears.
type proof uint8

const (
	unread proof = iota
	silent       // it gave no content; its status is to tell whether it exists
	ours
	foreign // another's, or nobody's
)

// readBack asks whether the RID that t bears is ours. The answer to a create may have
// named another's record, or none: then what a look-up finds is no surplus but all that
// the patient has. What turns out to be foreign stands as it is, and nothing is revoked.
func (e *Engine) readBack(m Moment, t *rx.Task, rid rx.RID) []Act {
	busy := e.inFlight(rx.OpGet, func(er *errand) bool { return er.reads && er.call.RID == rid }) ||
		e.inFlight(rx.OpStatus, func(er *errand) bool { return er.reads && er.call.RID == rid })
	if e.borne[rid] == foreign || busy || e.later(readingBack(rid), m) {
		return nil
	}
	call := rx.Call{Op: rx.OpGet, Patient: t.SSIN, RID: rid}
	if e.borne[rid] == silent {
		call.Op = rx.OpStatus
	}
	return []Act{e.start(m, errand{call: call, prescription: t.ID, patient: t.Patient, reads: true}, e.waits.Call)}
}

// doneReading concludes: the key id and the LOCAL id tell whose a record is; one that
// cannot be read is ours when it exists, since nothing speaks against it.
func (e *Engine) doneReading(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	rid, get := er.call.RID, er.call.Op == rx.OpGet
	switch {
	case r.OK() && get:
		tasks, err := e.store.Work(ctx)
		if err != nil {
			e.again(readingBack(rid), m, e.waits.Retry, nil)
			return err
		}
		for i := range tasks {
			if t := &tasks[i]; t.ID == er.prescription {
				e.borne[rid] = readAs(t, r)
			}
		}
	case r.OK():
		e.borne[rid] = ours
	case r.Result == rx.ResultRefused && get:
		e.borne[rid] = silent
	case r.Result == rx.ResultRefused:
		e.borne[rid] = foreign
	default:
		e.again(readingBack(rid), m, e.waits.Retry, &r)
	}
	return nil
}

// readAs tells whose the record is that r was read from. A copy of the directory that is
// lost used keys that we do not know.
func readAs(t *rx.Task, r rx.Reply) proof {
	known := slices.ContainsFunc(t.Attempts, func(a rx.Attempt) bool { return a.Key == r.KeyID })
	switch {
	case known, r.KeyID == "", r.Local == t.LocalID(), r.Local == "" && t.Restored.Set():
		return ours
	}
	return foreign
}
