package outbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"relais/app/rx"
)

const (
	parallel = 4                // calls of one kind in flight at once
	warm     = 10 * time.Minute // after an answer to a create; without one the next goes alone
	clearFor = time.Minute      // a look at the open list serves a late send this long
)

// sends starts creates: fresh ones at once, late ones paced and after a look at
// the patient's open list.
func (e *Engine) sends(ctx context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	var acts []Act
	for _, t := range e.inOrder(m, tasks) {
		if rx.MaySend(t.Prescription, m.Wall, t.Around, e.waits) != nil || e.mailing(t.ID) || e.later(creating(t.ID), m) {
			continue
		}
		late := rx.IsLate(t.Prescription, m.Wall, e.waits)
		if late && t.Keys == 0 || !e.slot(m, t, late) { // a look at the list is good for a short while
			continue
		}
		act, clear := e.clear(m, t, late)
		acts = append(acts, act...)
		if !clear || t.Keys == 0 {
			continue
		}
		act, err := e.send(ctx, m, t, late)
		acts = append(acts, act...)
		if err != nil {
			return acts, err
		}
	}
	return acts, nil
}

// inOrder puts fresh ones first, then by time of issue and line.
func (e *Engine) inOrder(m Moment, tasks []rx.Task) []*rx.Task {
	var waiting []*rx.Task
	for i := range tasks {
		if tasks[i].State == rx.StateReady {
			waiting = append(waiting, &tasks[i])
		}
	}
	slices.SortStableFunc(waiting, func(a, b *rx.Task) int {
		la, lb := rx.IsLate(a.Prescription, m.Wall, e.waits), rx.IsLate(b.Prescription, m.Wall, e.waits)
		switch {
		case la != lb && lb:
			return -1
		case la != lb:
			return 1
		case !a.Issued.Equal(b.Issued):
			return a.Issued.Compare(b.Issued)
		}
		return a.Line - b.Line
	})
	return waiting
}

func (e *Engine) mailing(id rx.ID) bool {
	return e.inFlight(rx.OpCreate, func(er *errand) bool { return er.prescription == id })
}

// slot tells whether a create of t may start beside those in flight. After a create
// without an answer, and when none was answered for a while, one goes alone.
func (e *Engine) slot(m Moment, t *rx.Task, late bool) bool {
	flying, lates := 0, 0
	for _, er := range e.flight {
		if er.call.Op == rx.OpCreate && !er.promised {
			if flying++; er.late {
				lates++
			}
		}
	}
	due := e.creates.due
	if late {
		due = max(due, e.lastLate+e.waits.Pace)
		if m.Wall.Sub(t.Issued).Abs() >= e.waits.Late { // else the patient may still be in the room
			due = max(due, e.backlog)
		}
	}
	if due > m.Mono {
		e.wakeAt(due)
		return false
	}
	most := parallel
	if !e.creates.open() || !e.creates.everOK || m.Mono-e.creates.heard > warm {
		most = 1
	}
	return flying < most && !(late && lates > 0)
}

// clear makes sure that a create may leave: Recip-e answers, its clock is known, by
// which a create is signed, and of a late one the patient's open list has just been
// read. It gives the first call of a look-up when one must be begun.
func (e *Engine) clear(m Moment, t *rx.Task, late bool) ([]Act, bool) {
	if e.gate(rx.Recipe).open() && e.server.known(m) {
		if _, read := e.cleared[t.Patient]; !late || read {
			return nil, true
		}
	}
	if e.looks[t.Patient] != nil || e.clearing() {
		return nil, false
	}
	if (e.later(looking(t.Patient), m) || !e.mayRead(rx.Recipe, m)) && (t.Keys == 0 || !e.mayAskFor(t, rx.Recipe, m)) {
		return nil, false
	}
	act := e.beginLook(m, t)
	e.looks[t.Patient].forSend = true
	return []Act{act}, false
}

// clearing tells that a look-up before a send is under way: there is one at a time,
// since what it shows is good for a short while and late sends are paced.
func (e *Engine) clearing() bool {
	for _, l := range e.looks {
		if l.forSend {
			return true
		}
	}
	return false
}

// send claims the electronic door durably, writes the outside mark, and only then
// gives the call.
func (e *Engine) send(ctx context.Context, m Moment, t *rx.Task, late bool) ([]Act, error) {
	if e.unmarked { // no attempt and no key is spent on a claim that cannot be marked
		if err := e.store.Outside(ctx); err != nil {
			return nil, err
		}
		e.unmarked = false
	}
	signed := e.server.now(m)
	parcel, p, err := e.store.Mark(ctx, t.ID, t.Version, m.Wall, signed, signed.Add(e.waits.Timestamp))
	switch rx.CodeOf(err) {
	case "":
	case rx.CodeConflict, rx.CodeNoKey:
		return nil, nil // claimed for paper meanwhile, or the key went to a sister line
	default:
		if aboutRow(err) { // told, and no hostage for others
			e.faults = append(e.faults, err)
			e.again(creating(t.ID), m, e.waits.Backoff, nil)
			return nil, nil
		}
		return nil, err
	}
	n := p.Attempts[len(p.Attempts)-1].N
	if err := e.store.Outside(ctx); err != nil {
		e.unmarked = true
		_, undo := e.record(ctx, t.ID, 0, rx.Event{Kind: rx.EventNotSent, At: m.Wall, N: n, Why: "outside-mark"})
		return nil, errors.Join(err, undo)
	}
	if late {
		e.lastLate = m.Mono
	}
	er := errand{call: rx.Call{Op: rx.OpCreate, Patient: t.SSIN, Parcel: &parcel}, prescription: t.ID, attempt: n, patient: t.Patient, late: late}
	e.wakeAt(m.Mono + e.waits.Answer)
	return []Act{e.start(m, er, e.waits.Call)}, nil
}

func (e *Engine) doneCreate(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	event := rx.Event{Kind: rx.EventUnanswered, At: m.Wall, N: er.attempt, Why: r.Why}
	switch r.Result {
	case rx.ResultAccepted:
		if _, err := rx.ParseRID(string(r.RID)); err == nil {
			event.Kind, event.RID = rx.EventAccepted, r.RID
		} else {
			event.Why = "rid-form"
		}
	case rx.ResultRefused:
		event.Kind, event.Problem = rx.EventRefused, r.Problem
	case rx.ResultNotSent:
		event.Kind = rx.EventNotSent
		e.again(creating(er.prescription), m, e.waits.Retry, &r)
	}
	switch event.Kind {
	case rx.EventUnanswered:
		delete(e.plans, looking(er.patient)) // look at once
	case rx.EventAccepted:
		delete(e.plans, creating(er.prescription))
	}
	_, err := e.record(ctx, er.prescription, 0, event)
	return err
}
