package cli

import (
	"context"
	"slices"
	"time"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// sendCmd lets the queue drain now.
type sendCmd struct {
	Wait time.Duration `default:"30s" help:"${help_wait}"`
}

func (c sendCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	p := r.present()
	before, err := p.queue(r.ctx)
	if err != nil {
		return Failed, err
	}
	ended, err := r.drive(c.Wait, func(ctx context.Context) (bool, error) {
		left, err := p.queue(ctx)
		if err != nil || slices.ContainsFunc(left, p.moves) {
			return false, err
		}
		unchecked, err := s.Unchecked(ctx)
		return !unchecked, err
	})
	if err != nil {
		return Failed, err
	}
	ids := make([]rx.ID, len(before))
	for i, item := range before {
		ids[i] = item.ID
	}
	items, err := p.these(r.ctx, ids)
	if err != nil {
		return Failed, err
	}
	exit := p.exits(items)
	if ended.Fault != nil {
		exit = exit.or(r.tell(ended.Fault))
	}
	var out formats.Listing
	for _, item := range items {
		out.Prescriptions = append(out.Prescriptions, p.listed(item))
	}
	return exit, r.answer(out, func(pg *page) {
		if len(items) == 0 {
			pg.say("cli.send.nothing")
		}
		pg.show(p, items)
		switch left := slices.ContainsFunc(items, p.moves); {
		case left && ended.Elsewhere:
			pg.say("cli.send.elsewhere")
		case left:
			pg.say("cli.send.next", "time", ended.Next.Format("15:04:05"))
		}
	})
}

// queue are the prescriptions that wait, are on the wire or without an answer, or at
// which the engine works otherwise.
func (p present) queue(ctx context.Context) ([]rx.Item, error) {
	items, err := p.svc.Store.List(ctx, rx.Filter{Owing: true})
	return slices.DeleteFunc(items, func(item rx.Item) bool { return item.State != rx.StateReady && !p.moves(item) }), err
}

// moves tells that the engine can still change how it stands with item.
func (p present) moves(item rx.Item) bool {
	return !p.answered(item) || slices.ContainsFunc(p.svc.Owed(item), func(d rx.Duty) bool { return d.Kind.ByEngine() && len(d.Outcomes) == 0 })
}

// proofCmd writes the proof of confirmed prescriptions.
type proofCmd struct {
	IDs []id `arg:"" name:"id" help:"${help_ids}"`
	output
}

func (c proofCmd) do(r *run) (Exit, error) {
	if c.Out == "" {
		return Failed, misused("relais proof ID… -o F.pdf")
	}
	if err := c.free(); err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	pdf, err := s.Service.Proof(r.ctx, plain(c.IDs))
	if err != nil {
		return Failed, err
	}
	if err := r.write(c.output, pdf); err != nil {
		return Failed, err
	}
	return r.stand(plain(c.IDs), c.Out, Done)
}

// stand tells where prescriptions stand after an act, and what file was written.
func (r *run) stand(ids []rx.ID, written string, exit Exit) (Exit, error) {
	p := r.present()
	items, err := p.these(r.ctx, ids)
	if err != nil {
		return Failed, err
	}
	out := formats.Listing{}
	for _, item := range items {
		out.Prescriptions = append(out.Prescriptions, p.listed(item))
	}
	return exit, r.answer(out, func(pg *page) {
		pg.show(p, items)
		if written != "" {
			pg.say("cli.written", "file", written)
		}
	})
}

// paperCmd takes prescriptions to paper.
type paperCmd struct {
	IDs             []id   `arg:"" name:"id" help:"${help_ids}"`
	Reason          string `required:"" placeholder:"REASON" help:"${help_paper_reason}"`
	Handwritten     bool   `help:"${help_handwritten}"`
	Date            day    `placeholder:"2026-11-22" help:"${help_date}"`
	AlthoughUnknown bool   `help:"${help_although}"`
	inHand
	half
	output
}

// half says which form of an A4 with two of them is printed on first.
type half struct {
	Right bool `help:"${help_right}"`
}

func (h half) on() prescribing.On { return prescribing.On{Right: h.Right} }

func (c paperCmd) do(r *run) (Exit, error) {
	switch {
	case c.Handwritten == (c.Out != ""):
		return Failed, misused("relais paper ID… --reason=REASON [-o F.pdf | --handwritten [--date=D]]")
	case !c.Date.IsZero() && !c.Handwritten:
		return Failed, misused("--date --handwritten")
	}
	if err := c.free(); err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	ids := plain(c.IDs)
	if err := c.by(s.Service).MayCopy(r.ctx, ids); err != nil {
		return Failed, err
	}
	pdf, err := s.Service.Paper(r.ctx, ids, prescribing.Claim{Reason: rx.PaperReason(c.Reason), Handwritten: c.Handwritten, Day: c.Date.Date,
		AlthoughUnknown: c.AlthoughUnknown, On: c.on()})
	if err != nil && pdf == nil && (len(ids) == 1 || !c.Handwritten) { // nothing was claimed
		return Failed, err
	}
	exit := Done
	if err != nil { // of some; the others are claimed
		exit = r.tell(err)
	}
	written := ""
	if pdf != nil {
		if err := r.write(c.output, pdf); err != nil {
			return Failed, err
		}
		written = c.Out
	}
	return r.stand(ids, written, exit)
}

// because is why something is revoked or withdrawn; text for `other` comes from the
// standard input.
type because struct {
	Reason string `required:"" placeholder:"REASON" help:"${help_reason}"`
}

func (b because) text(r *run) (string, error) {
	if b.Reason != "other" {
		return "", nil
	}
	return r.words()
}

// revokeCmd wishes a prescription gone from Recip-e.
type revokeCmd struct {
	ID id `arg:"" name:"id" help:"${help_id}"`
	because
	Wait time.Duration `default:"30s" help:"${help_wait}"`
}

func (c revokeCmd) do(r *run) (Exit, error) {
	text, err := c.text(r)
	if err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if _, err := s.Service.Revoke(r.ctx, c.ID.ID, c.Reason, text); err != nil {
		return Failed, err
	}
	gone := func(ctx context.Context) (bool, error) {
		item, err := s.Service.Store.Item(ctx, c.ID.ID)
		if err != nil {
			return false, err
		}
		return !slices.ContainsFunc(s.Service.Owed(item), func(d rx.Duty) bool { return d.Kind.ByEngine() }), nil
	}
	ended, err := r.drive(c.Wait, gone)
	if err != nil {
		return Failed, err
	}
	exit := Done
	if ended.Fault != nil {
		exit = r.tell(ended.Fault)
	}
	item, err := s.Service.Store.Item(r.ctx, c.ID.ID)
	if err != nil {
		return Failed, err
	}
	return r.stand([]rx.ID{c.ID.ID}, "", exit.or(r.present().revoked(item)))
}

// revoked is how it stands with a prescription that was to be revoked.
func (p present) revoked(item rx.Item) Exit {
	exit := Done
	for _, d := range p.svc.Owed(item) {
		switch {
		case d.Kind == rx.DutyTell:
			exit = exit.or(NeedsPerson)
		case d.Kind.ByEngine(): // kept, not confirmed by Recip-e
			exit = exit.or(Kept)
		}
	}
	return exit
}

// withdrawCmd takes back what was never sent.
type withdrawCmd struct {
	ID id `arg:"" name:"id" help:"${help_id}"`
	because
}

func (c withdrawCmd) do(r *run) (Exit, error) {
	text, err := c.text(r)
	if err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if _, err := s.Service.Withdraw(r.ctx, c.ID.ID, c.Reason, text); err != nil {
		return Failed, err
	}
	return r.stand([]rx.ID{c.ID.ID}, "", Done)
}

// settleCmd lists what is to be treated, or closes one of it.
type settleCmd struct {
	Duty    string `arg:"" optional:"" name:"duty-id" help:"${help_duty_id}"`
	Outcome string `placeholder:"O" help:"${help_outcome}"`
	Reason  string `placeholder:"REASON" help:"${help_outcome_reason}"`
	inHand
	output
}

// inHand is the doctor's word about print jobs that may still bring a sheet.
type inHand struct {
	InHand bool `help:"${help_again}"`
}

func (c inHand) by(s *prescribing.Service) *prescribing.Service {
	if c.InHand {
		return s.InHand()
	}
	return s
}

func (c settleCmd) do(r *run) (Exit, error) {
	paper := rx.Outcome(c.Outcome) == rx.ToPaper
	switch {
	case (c.Duty == "") != (c.Outcome == ""):
		return Failed, misused("relais settle [DUTY-ID --outcome=O]")
	case paper != (c.Out != "") || paper != (c.Reason != ""):
		return Failed, misused("relais settle DUTY-ID --outcome=paper --reason=REASON -o F.pdf")
	}
	if err := c.free(); err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if c.Duty == "" {
		treats, err := s.Service.ToTreat(r.ctx)
		if err != nil {
			return Failed, err
		}
		return r.duties(treats)
	}
	pdf, err := c.by(s.Service).Settle(r.ctx, c.Duty, prescribing.Answer{Outcome: rx.Outcome(c.Outcome), Paper: rx.PaperReason(c.Reason)})
	if err != nil {
		return Failed, err
	}
	if pdf != nil {
		if err := r.write(c.output, pdf); err != nil {
			return Failed, err
		}
	}
	id, _, err := rx.ParseDutyID(c.Duty)
	if err != nil {
		return Failed, err
	}
	item, err := s.Service.Store.Item(r.ctx, id)
	if err != nil {
		return Failed, err
	}
	var left []prescribing.Treat
	for _, d := range s.Service.Owed(item) {
		left = append(left, prescribing.Treat{Duty: d, Item: item})
	}
	return r.duties(left)
}

// duties tells what is owed.
func (r *run) duties(treats []prescribing.Treat) (Exit, error) {
	p := r.present()
	var out formats.Settling
	for _, t := range treats {
		out.Duties = append(out.Duties, p.duty(t.Duty))
	}
	return Done, r.answer(out, func(pg *page) {
		if len(treats) == 0 {
			pg.say("cli.settle.none")
		}
		for i, t := range treats {
			if i == 0 || treats[i-1].Item.ID != t.Item.ID {
				patient := t.Item.Facts.Patient
				pg.line("%s %s · %s · %s · %s", patient.LastName, patient.FirstName, i18n.Date(patient.BirthDate), patient.Phone, t.Item.Facts.Product.Name)
				pg.refusal(p, t.Item, "  ")
			}
			pg.duty(p, t.Duty)
		}
	})
}

// letGoCmd notes that the patient of an order left.
type letGoCmd struct {
	Order id `arg:"" name:"order-id" help:"${help_order_id}"`
}

func (c letGoCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if err := s.Service.LetGo(r.ctx, c.Order.ID); err != nil {
		return Failed, err
	}
	items, err := r.present().lines(r.ctx, c.Order.ID)
	if err != nil {
		return Failed, err
	}
	ids := make([]rx.ID, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	return r.stand(ids, "", Done)
}

// twinCmd notes that the doctor also tried in other software.
type twinCmd struct {
	ID id `arg:"" name:"id" help:"${help_id}"`
}

func (c twinCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if _, err := s.Service.Twin(r.ctx, c.ID.ID); err != nil {
		return Failed, err
	}
	return r.stand([]rx.ID{c.ID.ID}, "", Done)
}
