package world

import (
	"time"

	"relais/app/rx"
)

// Ticket names a call that was sent.
type Ticket int64

// flight is one pass on its way to be processed, or its reply on the way back.
type flight struct {
	ID    int64
	Call  rx.Call
	Twist Twist
	Start time.Time // of the call
	Pass  Pass
	By    rx.NIHII  // who calls, "" the one prescriber
	Heard bool      // somebody may ask for the reply
	Reply *rx.Reply // nil until processed

	Feedbacks []Message // with Reply
}

// due is when the pass is processed.
func (f *flight) due() time.Time { return f.Start.Add(f.Pass.Process) }

// forgotten is how long a reply waits for a caller who does not come for it.
const forgotten = time.Hour

// Send decides the fate of a call and puts its passes on their way, in one
// transaction. From then on they take place whatever becomes of the caller. After
// an error nothing is on its way, as far as the storage can tell.
func (w *World) Send(call rx.Call, at time.Time) (ticket Ticket, fate Fate, err error) {
	err = w.do(at, func(tx shelf) {
		fate = w.fate(tx, Target{call.Op.Service(), call.Op}, at)
		ticket = dispatch(tx, call, "", fate, at)
	})
	return ticket, fate, err
}

// dispatch puts the passes of a call on their way.
func dispatch(tx shelf, call rx.Call, by rx.NIHII, fate Fate, start time.Time) (ticket Ticket) {
	tx.forget(start.Add(-forgotten))
	for i, p := range fate.Passes {
		f := &flight{Call: call, By: by, Twist: fate.Twist, Start: start, Pass: p, Heard: fate.Ends == Answers && fate.Heard == i}
		tx.addFlight(f)
		if f.Heard {
			ticket = Ticket(f.ID)
		}
	}
	return ticket
}

// Receive gives the reply of a call whose fate Answers, once, when its End has
// come. Before that, or a second time, it is unanswered.
func (w *World) Receive(ticket Ticket, at time.Time) rx.Reply { return w.Collect(ticket, at).Reply }

// Answer is a reply with what listFeedbacks gives besides its lines.
type Answer struct {
	rx.Reply
	Feedbacks []Message
}

// Collect is Receive with all that the operation gave.
func (w *World) Collect(ticket Ticket, at time.Time) Answer {
	answer := Answer{Reply: rx.Reply{Result: rx.Unanswered, Why: WhyTimeout}}
	err := w.do(at, func(tx shelf) {
		if f := tx.flight(int64(ticket)); f != nil && f.Reply != nil {
			answer = Answer{*f.Reply, f.Feedbacks}
			tx.dropFlight(f.ID)
		}
	})
	if err != nil {
		return Answer{Reply: failure}
	}
	return answer
}

// advance performs what is due by the moment at, in order of its time; nothing for
// the zero moment, which those give who do not look at records. What cannot be
// performed is set aside: nobody else has to wait for it.
func (w *World) advance(tx shelf, at time.Time) {
	if at.IsZero() {
		return
	}
	for id := tx.due(at); id != 0; id = tx.due(at) {
		if err := tx.attempt(id, func() { w.land(tx, id) }); err != nil {
			w.tell(rx.Fault(CodeAside).Because(err))
		}
	}
}

// land performs one flight.
func (w *World) land(tx shelf, id int64) {
	f := tx.flight(id)
	if f == nil {
		return // the shelf tells why
	}
	answer := w.pass(tx, f)
	if !f.Heard {
		tx.dropFlight(f.ID)
		return
	}
	f.Reply, f.Feedbacks = &answer.Reply, answer.Feedbacks
	tx.putFlight(f)
}

// Aside counts the calls that were on their way when the moment at had come and could
// not be performed: each counts until the file is made anew.
func (w *World) Aside(at time.Time) (n int, err error) {
	err = w.do(at, func(tx shelf) { n = tx.setAside() })
	return n, err
}
