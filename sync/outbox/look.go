package outbox

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"relais/app/rx"
)

// look is a look-up of one patient at Recip-e: the open list, both histories, each
// to its end, then each RID that nobody here knows. One call at a time.
type look struct {
	patient rx.ID
	ssin    rx.SSIN
	started time.Duration
	begun   time.Time // server's clock at the first answer
	forSend bool      // begun before a send, for no other reason
	lists   []rx.Call // still to ask
	pages   int       // so far
	listed  []rx.Listed
	seen    map[rx.RID]int // index in listed
	unknown []rx.RID       // still to get
	result  rx.Look
}

// mostPages of a look-up: lists that never end prove nothing.
const mostPages = 200

// lookUps starts a look-up for each patient who needs one and is due.
func (e *Engine) lookUps(_ context.Context, m Moment, tasks []rx.Task) ([]Act, error) {
	var acts []Act
	for i := range tasks {
		t := &tasks[i]
		if len(e.looks) >= parallel {
			break
		}
		if t.SSIN == "" || e.looks[t.Patient] != nil || !rx.ToLook(t.Prescription, m.Wall) {
			continue
		}
		if due := e.lookDue(m, t); due > m.Mono {
			e.wakeAt(due)
			continue
		}
		if e.mayRead(rx.Recipe, m) {
			acts = append(acts, e.beginLook(m, t))
		}
	}
	return acts, nil
}

// lookDue is when t needs its next look-up. An attempt without answer is looked
// for at once; an accepted one is checked after its fence.
func (e *Engine) lookDue(m Moment, t *rx.Task) time.Duration {
	due := time.Duration(math.MaxInt64)
	for _, a := range t.Attempts {
		switch {
		case a.Result == rx.Unanswered:
			if p := e.plans[looking(t.Patient)]; p != nil {
				due = min(due, p.due)
			} else {
				due = m.Mono
			}
		case a.Result == rx.ResultAccepted && !a.Checked:
			at := m.Mono
			if !a.Expires.IsZero() {
				at += max(0, a.Fence(e.waits).Add(e.waits.Between+e.margin()).Sub(e.server.now(m)))
			}
			if p := e.plans[looking(t.Patient)]; p != nil {
				at = max(at, p.due)
			}
			due = min(due, at)
		}
	}
	return due
}

// margin is added to moments of the server's clock, which we know no better than
// answers are fast: a look-up that comes a moment too early is one for nothing.
func (e *Engine) margin() time.Duration { return e.waits.LookAgain / 10 }

func (e *Engine) beginLook(m Moment, t *rx.Task) Act {
	l := &look{patient: t.Patient, ssin: t.SSIN, started: m.Mono, seen: map[rx.RID]int{}, lists: []rx.Call{
		{Op: rx.OpOpen, Patient: t.SSIN},
		{Op: rx.OpHistory, Patient: t.SSIN, Active: true},
		{Op: rx.OpHistory, Patient: t.SSIN},
	}}
	e.looks[t.Patient] = l
	return e.start(m, errand{call: l.lists[0], patient: t.Patient, look: l}, e.waits.Call)
}

// doneLook takes one reply of a look-up; goOn starts the next call.
func (e *Engine) doneLook(ctx context.Context, m Moment, er *errand, r rx.Reply) error {
	l := er.look
	if !r.ServerAt.IsZero() && l.begun.IsZero() {
		// The list may be as old as the call: the answer's time is not the list's.
		l.begun = r.ServerAt.Add(er.started - m.Mono)
	}
	switch {
	case er.call.Op == rx.OpGet && (r.OK() || r.Result == rx.ResultRefused):
		rid := l.unknown[0]
		l.unknown = l.unknown[1:]
		l.result.Candidates = append(l.result.Candidates, rx.Candidate{
			RID: rid, Status: l.listed[l.seen[rid]].Status, Read: r.OK() && r.KeyID != "", Key: r.KeyID,
			Opened: r.Content != nil, Local: r.Local,
		})
	case r.OK() && r.More && l.pages >= mostPages:
		return e.endLook(ctx, m, l, false)
	case r.OK():
		if err := e.takePage(ctx, l, r); err != nil {
			delete(e.looks, l.patient)
			e.lookAgain(m, l.patient)
			return err
		}
	case r.Result == rx.ResultRefused, e.gate(rx.Recipe).heardSince(l.started): // Recip-e is there, and this cannot be read
		return e.endLook(ctx, m, l, false)
	default: // nothing is learnt
		delete(e.looks, l.patient)
		e.again(looking(l.patient), m, e.waits.Retry, &r)
		return nil
	}
	if len(l.lists) == 0 && len(l.unknown) == 0 {
		return e.endLook(ctx, m, l, true)
	}
	return nil
}

// takePage keeps a page of a list; after the last list it finds what nobody here
// knows.
func (e *Engine) takePage(ctx context.Context, l *look, r rx.Reply) error {
	for _, item := range r.Listed {
		if i, known := l.seen[item.RID]; known {
			if l.listed[i].Status == rx.StatusUnread {
				l.listed[i].Status = item.Status
			}
			continue
		}
		l.seen[item.RID] = len(l.listed)
		l.listed = append(l.listed, item)
	}
	l.pages++
	if r.More {
		l.lists[0].Session = r.Session
		return nil
	}
	if l.lists = l.lists[1:]; len(l.lists) > 0 {
		return nil
	}
	rids := make([]rx.RID, len(l.listed))
	for i, item := range l.listed {
		rids[i] = item.RID
	}
	unknown, err := e.store.Unowned(ctx, rids)
	l.unknown = unknown
	return err
}

// goOn gives the next call of what is under way: statuses to read back after a
// revoke, and the next page or record of each look-up.
func (e *Engine) goOn(_ context.Context, m Moment, _ []rx.Task) ([]Act, error) {
	var acts []Act
	for _, er := range e.reading {
		acts = append(acts, e.start(m, er, e.waits.Call))
	}
	e.reading = nil
	if len(e.looks) == 0 {
		return acts, nil
	}
	patients := slices.Sorted(maps.Keys(e.looks)) // in a fixed order: a seed replays a run
	for _, patient := range patients {
		l := e.looks[patient]
		if e.calling(l) {
			continue
		}
		call := rx.Call{Op: rx.OpGet, Patient: l.ssin}
		if len(l.lists) > 0 {
			call = l.lists[0]
		} else {
			call.RID = l.unknown[0]
		}
		acts = append(acts, e.start(m, errand{call: call, patient: l.patient, look: l}, e.waits.Call))
	}
	return acts, nil
}

// calling tells that a call of l is in flight.
func (e *Engine) calling(l *look) bool {
	for _, er := range e.flight {
		if er.look == l {
			return true
		}
	}
	return false
}

// endLook concludes for every prescription of the patient. Whatever fails on the way,
// the next look-up is planned.
func (e *Engine) endLook(ctx context.Context, m Moment, l *look, complete bool) error {
	delete(e.looks, l.patient)
	e.lookAgain(m, l.patient)
	l.result.Begun, l.result.Complete = l.begun, complete
	tasks, err := e.store.Work(ctx)
	if err != nil {
		return err
	}
	var mine []rx.Task
	for i := range tasks {
		t := &tasks[i]
		if t.Patient == l.patient {
			mine = append(mine, *t)
		}
	}
	explained := map[rx.RID]bool{}
	for i := range mine {
		result := l.result
		if mine[i].LiveAttempt() != nil && l.borneByOthers(mine[i].ID, tasks) {
			result.Complete = false
		}
		for _, event := range rx.Conclude(mine[i].Prescription, result, m.Wall, e.waits) {
			version := mine[i].Version
			if event.Kind == rx.EventFound {
				version, explained[event.RID] = 0, true
			}
			p, err := e.record(ctx, mine[i].ID, version, event)
			if err != nil {
				return err
			}
			if p.ID != "" {
				mine[i].Prescription = p
			}
		}
	}
	if complete {
		if err := e.askTwins(ctx, m, l, mine, explained); err != nil {
			return err
		}
		e.cleared[l.patient] = m.Mono
	}
	e.planLook(m, l, mine)
	return nil
}

// askTwins asks the doctor once about a late one when the patient has something
// open at Recip-e that Relais did not make: a fact, whatever the doctor did meanwhile.
func (e *Engine) askTwins(ctx context.Context, m Moment, l *look, mine []rx.Task, explained map[rx.RID]bool) error {
	strange := slices.ContainsFunc(l.result.Candidates, func(c rx.Candidate) bool {
		return !explained[c.RID] && c.Status.MayBeDelivered()
	})
	for _, t := range mine {
		if strange && t.State == rx.StateReady && !t.Twin.Set() && rx.IsLate(t.Prescription, m.Wall, e.waits) {
			if _, err := e.record(ctx, t.ID, 0, rx.Event{Kind: rx.EventTwin, At: m.Wall}); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookAgain plans the next look-up of a patient, with pauses that grow.
func (e *Engine) lookAgain(m Moment, patient rx.ID) {
	p := e.plan(looking(patient))
	p.due = m.Mono + min(e.waits.LookAgain<<min(p.tries, 20), e.waits.Backoff)
	p.tries++
	p.unheard = false
}

// planLook betters what lookAgain planned: no further look-up when this one was
// complete and nothing is owed; else at the fence of an attempt when that comes
// before, and not before the second look-up may prove absence.
func (e *Engine) planLook(m Moment, l *look, mine []rx.Task) {
	p, server := e.plan(looking(l.patient)), e.server.now(m)
	due, open := time.Duration(math.MaxInt64), false
	for _, t := range mine {
		if !rx.ToLook(t.Prescription, m.Wall) {
			continue
		}
		open = true
		for _, a := range t.Attempts {
			if a.Result != rx.Unanswered {
				continue
			}
			next := p.due
			if !a.Expires.IsZero() && server.Before(a.Fence(e.waits)) {
				next = min(next, m.Mono+a.Fence(e.waits).Sub(server)+e.margin())
			} else if sure := a.Missed.Add(e.waits.Between); !a.Missed.IsZero() && server.Before(sure) {
				next = m.Mono + sure.Sub(server) + e.margin()
			}
			due = min(due, next)
		}
	}
	switch {
	case !open && l.result.Complete:
		delete(e.plans, looking(l.patient))
	case due < math.MaxInt64:
		p.due = due
	}
}
