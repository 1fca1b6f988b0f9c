package prescribing

import (
	"context"
	"slices"

	"relais/app/rx"
)

// Withdraw takes back what was never sent. Text goes with the reason `other`.
func (s *Service) Withdraw(ctx context.Context, id rx.ID, reason, text string) (rx.Prescription, error) {
	if err := reasoned(reason, text); err != nil {
		return rx.Prescription{}, err
	}
	p, err := s.simple(ctx, id, rx.Event{Kind: rx.EventWithdrawn, Reason: reason, Text: text})
	if err != nil {
		return p, err
	}
	return p, s.Store.Outside(ctx) // an older copy put back must not send it
}

// Revoke wishes a prescription gone from Recip-e. The engine asks, and only the
// status read back shows it as revoked.
func (s *Service) Revoke(ctx context.Context, id rx.ID, reason, text string) (rx.Prescription, error) {
	if err := reasoned(reason, text); err != nil {
		return rx.Prescription{}, err
	}
	return s.simple(ctx, id, rx.Event{Kind: rx.EventRevokeWished, Reason: reason, Text: text})
}

func reasoned(reason, text string) error {
	if !slices.Contains(rx.RevokeReasons, reason) || reason == "other" && text == "" {
		return rx.Fault(rx.CodeReasonMissing)
	}
	return nil
}

// LetGo notes that the patient left, with which lines open.
func (s *Service) LetGo(ctx context.Context, order rx.ID) error {
	issued, err := s.Store.Order(ctx, order)
	if err != nil {
		return err
	}
	for _, p := range issued.Prescriptions {
		if _, err := s.simple(ctx, p.ID, rx.Event{Kind: rx.EventLetGo}); err != nil {
			return err
		}
	}
	return nil
}

// Twin notes that the doctor also tried in other software.
func (s *Service) Twin(ctx context.Context, id rx.ID) (rx.Prescription, error) {
	return s.simple(ctx, id, rx.Event{Kind: rx.EventTwin})
}

// Answer is the doctor's answer to a duty.
type Answer struct {
	Outcome rx.Outcome
	Paper   rx.PaperReason // with the outcome `paper`
}

// Settle answers an open duty. The outcome `paper` claims the door and gives the
// sheet; `destroyed` closes the sheet without redoing it. `destroyed` and `not-out` are
// refused while a print job of the sheet may still bring it.
func (s *Service) Settle(ctx context.Context, dutyID string, a Answer) ([]byte, error) {
	id, kind, err := rx.ParseDutyID(dutyID)
	if err != nil {
		return nil, err
	}
	if a.Outcome == rx.ToPaper {
		if _, err := s.duty(ctx, id, kind, a.Outcome); err != nil {
			return nil, err
		}
		return s.Paper(ctx, []rx.ID{id}, Claim{Reason: a.Paper, AlthoughUnknown: kind == rx.DutyLocate})
	}
	if a.Outcome == rx.WasDestroyed || a.Outcome == rx.DidNotComeOut {
		if err := s.over(ctx, id); err != nil {
			return nil, err
		}
	}
	_, err = s.apply(ctx, id, func(item rx.Item) (rx.Event, error) {
		d, err := s.open(item, kind)
		if err != nil {
			return rx.Event{}, err
		}
		e, err := rx.Settle(item.Prescription, d, a.Outcome, s.Now())
		if err == nil && a.Outcome == rx.PaperGiven && e.Sheet == nil {
			sheet, err := s.newID()
			if err != nil {
				return e, err
			}
			e.Sheet = &rx.Sheet{ID: sheet}
		}
		return e, err
	})
	return nil, err
}

// duty finds an open duty that may be answered with o.
func (s *Service) duty(ctx context.Context, id rx.ID, kind rx.DutyKind, o rx.Outcome) (rx.Duty, error) {
	item, err := s.Store.Item(ctx, id)
	if err != nil {
		return rx.Duty{}, err
	}
	d, err := s.open(item, kind)
	if err == nil && !slices.Contains(d.Outcomes, o) {
		err = rx.Fault(rx.CodeNoSuchOutcome, "duty", kind.String(), "outcome", string(o))
	}
	return d, err
}

func (s *Service) open(item rx.Item, kind rx.DutyKind) (rx.Duty, error) {
	for _, d := range s.Owed(item) {
		if d.Kind == kind {
			return d, nil
		}
	}
	return rx.Duty{}, rx.Fault(rx.CodeNotOwed)
}
