package drill

import (
	"slices"

	"relais/app/prescribing"
	"relais/app/rx"
)

// review goes through what is to be treated and answers truthfully.
func (d *day) review() error {
	treats, err := d.s.ToTreat(d.ctx)
	if err != nil {
		return err
	}
	for _, t := range treats {
		if len(t.Outcomes) == 0 { // the engine works at it
			continue
		}
		if err := d.treat(t); err != nil && rx.CodeOf(err) != rx.CodeNotOwed { // an answer before closed it
			return err
		}
	}
	return nil
}

// treat closes one duty, or moves it on.
func (d *day) treat(t prescribing.Treat) error {
	l := d.lines[t.Item.LocalID()]
	outcome := t.Outcomes[0]
	switch t.Kind {
	case rx.DutyReconfirm:
		if t.Why == "newer" { // the patient has the newer one
			outcome, l.wanted = rx.Withdraw, false
		} else if !slices.Contains(t.Outcomes, rx.Send) {
			return d.paperLater(t)
		}
	case rx.DutyTell:
		if t.Why == "refused" && l.wanted {
			return d.paperLater(t)
		}
	case rx.DutyConfirmPrint:
		if t.Why == "not-printed" {
			return d.paperLater(t)
		}
		outcome = rx.CameOut
	case rx.DutyHandOver:
		l.handed++
		outcome = rx.Handed
	case rx.DutyGiveProof:
		pdf, err := d.s.Proof(d.ctx, []rx.ID{t.Prescription})
		if err != nil {
			return err
		}
		d.document("proof", pdf)
	case rx.DutyLocate:
		outcome = rx.SendAgain
	}
	_, err := d.s.Settle(d.ctx, t.ID(), prescribing.Answer{Outcome: outcome})
	return err
}

// paperLater makes a sheet for a patient who has nothing; it is fetched or sent by post.
func (d *day) paperLater(t prescribing.Treat) error {
	return d.paper(t.Item.Order, []rx.ID{t.Prescription})
}

// evening: patients with a proof, or with their eID alone, have been at the pharmacy. A
// pharmacist delivers what a patient does not have on paper.
func (d *day) evening() error {
	held, err := d.Held()
	if err != nil {
		return err
	}
	for _, h := range held {
		l := d.lines[h.Local]
		if h.Deliverable && l != nil && l.wanted && l.handed == 0 && !d.chance(4) {
			if err := d.Deliver(h.RID); err != nil {
				return err
			}
		}
	}
	return nil
}
