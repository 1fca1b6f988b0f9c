package wiring

import (
	"context"
	"errors"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/outbox"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// caller makes the calls of persons, through the client that the engine of the session has: one session at the platform,
// one estimate of its clock. What they say of the services is known to both.
type caller struct{ s *Session }

// Do makes one call; CodeReadingOnly in a directory that was opened for reading only. What creates or revokes is the engine's.
func (c caller) Do(ctx context.Context, call rx.Call) (rx.Reply, error) {
	switch call.Op {
	case rx.OpNewKey, rx.OpCreate, rx.OpRevoke:
		return rx.Reply{}, rx.Fault(rx.CodeInternal).Because(errors.New("wiring: " + string(call.Op) + " is the engine's"))
	}
	remote, err := c.s.Remote(ctx)
	if err != nil {
		return rx.Reply{}, err
	}
	reply := c.s.dir.stepsAt(remote).Do(ctx, call)
	if ctx.Err() == nil || reply.Result != rx.ResultNotSent { // given up by us says nothing of them
		reached := reply.OK() || reply.Result == rx.ResultRefused || !reply.ServerAt.IsZero()
		c.s.services.observe(outbox.Observation{Service: call.Op.Service(), At: c.s.dir.Now(), Reached: reached, Why: reply.Why})
	}
	return reply, nil
}

// access tells of the certificate that is kept, and of the session that is open in this process.
func (s *Session) access(ctx context.Context) (a prescribing.Access, err error) {
	switch c, err := s.Identity(ctx); rx.CodeOf(err) {
	case "":
		a.Holder, a.Until = c.Name, c.Until
		if a.Holder == "" {
			a.Holder = c.Type + " " + c.Number
		}
		for _, w := range c.Warnings {
			a.Warnings = append(a.Warnings, w.Fault())
		}
	case CodeNoIdentity:
	default:
		return a, err
	}
	s.mu.Lock()
	p := s.platform
	s.mu.Unlock()
	if p != nil && p.Client != nil {
		a.Session, a.Renewal = p.Lasts()
	}
	return a, nil
}

// Dispense lets the simulated pharmacist deliver a prescription. CodeOnlySimulated elsewhere; CodeNotFound; what its status
// does not allow is refused.
func (s *Session) Dispense(rid rx.RID) error {
	w, err := s.simulated()
	if err != nil {
		return err
	}
	return w.Act(world.Deliver, rid, s.dir.Now())
}

// WriteBack lets the simulated pharmacist write feedback about a prescription, if its prescriber asks for it. Else as
// Dispense.
func (s *Session) WriteBack(rid rx.RID, text string) error {
	w, err := s.simulated()
	if err != nil {
		return err
	}
	return w.Feedback(rid, simulator.FeedbackText(text), s.dir.Now())
}
