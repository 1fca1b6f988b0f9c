package outbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"relais/app/rx"
)

// doubt is what is known of a RID that was not read as ours or another's yet.
type doubt struct {
	silent  bool          // it gave no content; its status is to tell whether it exists
	unheard bool          // the same, since its reading had no answer
	refused bool          // neither content nor status was given
	since   time.Duration // when that was so first
	exists  bool          // its status was given, or a content that cannot be read: nothing speaks against it
}

// readBacks reads each RID that rests on the answer to a create alone: the answer may have
// named another's record, or none. A fresh one is read at once; one that was adopted
// before, as by an earlier program, at the pace of the statuses. One that must go comes
// first and at once: its revoke waits for it.
func (e *Engine) readBacks(_ context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	flying := 0
	for _, er := range e.flight {
		if er.reads {
			flying++
		}
	}
	var acts []Act
	read := func(t *rx.Task, urgent bool) {
		for _, r := range t.Records {
			if !r.Unread() || t.MustGo(r) != urgent || t.SSIN == "" || t.Over(m.Wall) || e.reads(r.RID) || e.later(readingBack(r.RID), m) ||
				flying >= parallel || !e.mayRead(rx.Recipe, m) {
				continue
			}
			if !urgent && m.Wall.Sub(r.Known.At).Abs() >= e.waits.Late && e.plans[readingBack(r.RID)] == nil {
				if free := max(e.lastStatus+e.waits.Pace, e.backlog); free > m.Mono {
					e.wakeAt(free)
					continue
				}
				e.lastStatus = m.Mono
			}
			flying++
			call := rx.Call{Op: rx.OpGet, Patient: t.SSIN, RID: r.RID}
			if e.doubts[r.RID].silent {
				call.Op = rx.OpStatus
			}
			acts = append(acts, e.start(m, errand{call: call, prescription: t.ID, patient: t.Patient, reads: true}, e.waits.Call))
		}
	}
	for _, urgent := range []bool{true, false} {
		for i := range tasks {
			read(&tasks[i], urgent)
		}
	}
	return acts, nil
}

// reads tells that a reading of the RID is under way.
func (e *Engine) reads(rid rx.RID) bool {
	for _, er := range e.flight {
		if er.reads && er.call.RID == rid {
			return true
		}
	}
	return false
}

// sure tells that nothing speaks against it that r is t's: it was read as such, or it
// exists and cannot be read, and no other was read as t's.
func (e *Engine) sure(t *rx.Task, r rx.Record) bool {
	read := func(r rx.Record) bool { return r.Ours.Set() }
	return read(r) || r.Unread() && e.doubts[r.RID].exists && !slices.ContainsFunc(t.Records, read)
}

// doneReading concludes: the key id and the LOCAL id tell whose a record is. One that
// cannot be read is not decided, and is read again much later; one that Recip-e does not
// know, neither by its content nor by its status, now and after a Backoff, is nobody's.
func (e *Engine) doneReading(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	rid, get := er.call.RID, er.call.Op == rx.OpGet
	d := e.doubts[rid]
	switch {
	case r.OK() && get && r.RID != "" && r.RID != rid, r.Result == rx.ResultRefused && atGate(r.Problem): // says nothing of it
		e.again(readingBack(rid), m, e.waits.Retry, nil)
	case r.OK() && get:
		tasks, err := e.store.Work(ctx)
		if err != nil {
			e.again(readingBack(rid), m, e.waits.Retry, nil)
			return err
		}
		for i := range tasks {
			t := &tasks[i]
			if ours, decided := readAs(t, r); t.ID == er.prescription && decided {
				return e.tellRead(ctx, m, er, ours)
			}
		}
		e.undecided(m, rid)
	case r.OK() && d.unheard: // it exists, and is read again before long
		e.doubts[rid] = doubt{exists: true}
		e.again(readingBack(rid), m, e.waits.Retry, nil)
	case r.OK(), r.Result == rx.ResultRefused && r.Problem != nil && r.Problem.Code == revokedThere:
		e.undecided(m, rid)
	case r.Result == rx.ResultRefused && get:
		d.silent = true
		e.doubts[rid] = d
		e.wakeAt(m.Mono)
	case r.Result == rx.ResultRefused && d.refused && m.Mono-d.since >= e.waits.Backoff:
		return e.tellRead(ctx, m, er, false)
	case r.Result == rx.ResultRefused:
		if !d.refused {
			d.since = m.Mono
		}
		e.doubts[rid] = doubt{refused: true, since: d.since}
		p := e.plan(readingBack(rid))
		p.due, p.unheard = d.since+e.waits.Backoff, false
		e.wakeAt(p.due)
	default: // in turn its content and its status: one of them may never be answered
		d.silent, d.unheard = get, get
		e.doubts[rid] = d
		e.again(readingBack(rid), m, e.waits.Retry, &r)
	}
	return nil
}

// revokedThere is Recip-e's refusal of a record that stands revoked, so it exists (recipe
// protocol §1.6).
const revokedThere = "ERR100028"

// atGate tells a refusal of the gate before Recip-e: it knows no record.
func atGate(p *rx.Problem) bool { return p != nil && strings.HasPrefix(p.Code, "SOA-") }

// undecided: the record exists, and what it holds cannot be read now.
func (e *Engine) undecided(m Moment, rid rx.RID) {
	e.doubts[rid] = doubt{exists: true}
	e.plan(readingBack(rid)).due = m.Mono + 4*e.waits.Backoff
}

// tellRead writes what was read. Where it is not ours, what is is looked for at once.
func (e *Engine) tellRead(ctx context.Context, m Moment, er *errand, ours bool) error {
	delete(e.doubts, er.call.RID)
	e.again(readingBack(er.call.RID), m, e.waits.Retry, nil) // should the row not take it
	p, err := e.record(ctx, er.prescription, 0, rx.Event{Kind: rx.EventReadBack, At: m.Wall, RID: er.call.RID, Ours: ours})
	if !ours && p.LiveAttempt() != nil {
		delete(e.plans, looking(er.patient))
	}
	return err
}

// readAs tells whose the record is that r was read from, where that can be told. A copy of
// the directory that is lost used keys that we do not know.
func readAs(t *rx.Task, r rx.Reply) (ours, decided bool) {
	known := r.KeyID != "" && slices.ContainsFunc(t.Attempts, func(a rx.Attempt) bool { return a.Key == r.KeyID })
	switch {
	case known, r.Local == t.LocalID():
		return true, true
	case r.KeyID == "", r.Local == "" && r.Content == nil && t.Restored.Set():
		return false, false
	}
	return false, true
}

// borneByOthers tells that another prescription bears one of the RIDs of a look-up, and that
// nobody has read yet whose it is: it may be the one that is looked for.
func (l *look) borneByOthers(id rx.ID, tasks []rx.Task) bool {
	for i := range tasks {
		t := &tasks[i]
		if t.ID != id && slices.ContainsFunc(t.Records, func(r rx.Record) bool {
			_, listed := l.seen[r.RID]
			return listed && r.Unread()
		}) {
			return true
		}
	}
	return false
}
