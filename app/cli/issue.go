package cli

import (
	"context"
	"time"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
)

// initCmd makes a data directory.
type initCmd struct {
	Practice string `required:"" placeholder:"FILE" help:"${help_practice}"`
	Profile  string `default:"simulated" placeholder:"NAME|FILE" help:"${help_profile}"`
}

func (c initCmd) do(r *run) (Exit, error) {
	d, err := r.directory()
	if err != nil {
		return Failed, err
	}
	n, err := c.describe(r)
	if err != nil {
		return Failed, err
	}
	if n.Passphrase, err = r.newPassphrase(); err != nil {
		return Failed, err
	}
	made, err := d.Make(r.ctx, n)
	if err != nil {
		return Failed, err
	}
	return Done, r.answer(formats.Made{Directory: d.Data, Environment: made.Environment, RecoveryCode: made.RecoveryCode}, func(p *page) {
		p.say("cli.init.done", "directory", d.Data)
		p.line("%s", i18n.Text(r.lang, "profile."+n.Profile.Name()))
		p.say("cli.init.recovery", "code", made.RecoveryCode)
	})
}

// how is how an order leaves.
type how struct {
	Paper       string `placeholder:"REASON" xor:"door" help:"${help_paper_reason}"`
	Handwritten bool   `help:"${help_handwritten}"`
	Date        day    `placeholder:"2026-11-22" help:"${help_date}"`
	AsFreeText  bool   `help:"${help_as_free_text}"`
	output
	Wait time.Duration `default:"30s" help:"${help_wait}"`
}

// check finds what the parser cannot.
func (h how) check() error {
	switch {
	case h.Handwritten && h.Paper == "":
		return misused("--handwritten --paper=REASON")
	case !h.Date.IsZero() && !h.Handwritten:
		return misused("--date --handwritten --paper=REASON")
	case h.Out != "" && (h.Paper == "" || h.Handwritten):
		return misused("-o F.pdf --paper=REASON")
	}
	return h.free()
}

// misused is an argument that needs others.
func misused(form string) error {
	return rx.Fault(CodeUsage, "usage", form, "detail", "")
}

func (h how) how() prescribing.How {
	return prescribing.How{Paper: rx.PaperReason(h.Paper), Handwritten: h.Handwritten, Day: h.Date.Date, AsFreeText: h.AsFreeText}
}

// prescribeCmd issues an order file, or keeps it as a draft.
type prescribeCmd struct {
	File  string `arg:"" help:"${help_file}"`
	Draft bool   `xor:"door" help:"${help_draft}"`
	how
}

func (c prescribeCmd) do(r *run) (Exit, error) {
	if err := c.check(); err != nil {
		return Failed, err
	}
	data, err := r.readFile(c.File)
	if err != nil {
		return Failed, err
	}
	request, faults := formats.Decode[rx.Request](data)
	if len(faults) > 0 {
		return Failed, faults
	}
	if request.ID == "" && r.tree.JSON {
		return Failed, rx.Fault(CodeIDMissing).At("$.id")
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	if c.Draft {
		return c.draft(r, request)
	}
	done, err := s.Service.Issue(r.ctx, request, c.how.how())
	if err != nil {
		return Failed, err
	}
	return c.end(r, done)
}

// draft checks the order and keeps it for the doctor's eyes.
func (c prescribeCmd) draft(r *run, request rx.Request) (Exit, error) {
	svc := r.session.Service
	if request.ID == "" {
		id, err := rx.NewID(svc.Now(), svc.Rand)
		if err != nil {
			return Failed, err
		}
		request.ID = id
	}
	_, warnings, err := svc.Check(request, prescribing.How{AsFreeText: c.AsFreeText})
	if err != nil {
		return Failed, err
	}
	r.warn(warnings)
	draft, err := svc.SaveDraft(r.ctx, rx.Draft{Request: request})
	if err != nil {
		return Failed, err
	}
	return Done, r.answer(formats.Prescribed{Order: draft.ID}, func(p *page) { p.say("cli.draft.kept", "id", string(draft.ID)) })
}

// end writes the sheet, or lets the order leave, and tells where it stands.
func (h how) end(r *run, done prescribing.Done) (Exit, error) {
	r.warn(done.Warnings)
	p := r.present()
	var written string
	if done.Sheet != nil {
		if h.Out == "" {
			h.Out = string(done.Order) + ".pdf"
		}
		if err := r.write(h.output, done.Sheet); err != nil {
			return Failed, err
		}
		written = h.Out
	}
	ended, err := r.drive(h.Wait, func(ctx context.Context) (bool, error) { return p.allAnswered(ctx, done.Order) })
	if err != nil {
		return Failed, err
	}
	items, err := p.lines(r.ctx, done.Order)
	if err != nil {
		return Failed, err
	}
	exit := p.exits(items)
	if ended.Fault != nil {
		exit = exit.or(r.tell(ended.Fault))
	}
	return exit, r.answer(formats.Prescribed{Order: done.Order, Patient: done.Patient, Prescriptions: p.prescriptions(items)}, func(pg *page) {
		pg.say("cli.order", "id", string(done.Order))
		pg.show(p, items)
		if written != "" {
			pg.say("cli.written", "file", written)
		}
		pg.takes(items)
	})
}

func (p present) allAnswered(ctx context.Context, order rx.ID) (bool, error) {
	items, err := p.lines(ctx, order)
	for _, item := range items {
		if !p.answered(item) {
			return false, err
		}
	}
	return true, err
}

// takes says what the patient takes along, or that the patient should not go yet.
func (pg *page) takes(items []rx.Item) {
	var proof, paper, open []string
	for _, item := range items {
		n := i18n.Int(item.Line + 1)
		switch item.State {
		case rx.StateConfirmed:
			proof = append(proof, n)
		case rx.StatePaper:
			paper = append(paper, n)
		case rx.StateReady, rx.StateSending, rx.StateUnknown, rx.StateRefused:
			open = append(open, n)
		}
	}
	for _, k := range []struct {
		key   string
		lines []string
	}{{"cli.takes.proof", proof}, {"cli.takes.paper", paper}, {"cli.takes.open", open}} {
		if len(k.lines) > 0 {
			pg.say(k.key, "lines", joined(k.lines))
		}
	}
}

// drive lets the queue move until done says so, the wait is over, or the person
// interrupts; the command then still tells how things stand. No wait is none at all.
func (r *run) drive(wait time.Duration, done func(context.Context) (bool, error)) (wiring.Ended, error) {
	if over, err := done(r.ctx); over || err != nil || wait <= 0 {
		return wiring.Ended{Next: r.session.Service.Now()}, err
	}
	ended, err := r.session.Drive(r.ctx, wait, done)
	r.ctx = context.WithoutCancel(r.ctx)
	return ended, err
}

// issueCmd issues a draft. An order that was issued from it before is told again.
type issueCmd struct {
	Draft id `arg:"" name:"draft-id" help:"${help_draft_id}"`
	how
}

func (c issueCmd) do(r *run) (Exit, error) {
	if err := c.check(); err != nil {
		return Failed, err
	}
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	done, err := s.Service.IssueDraft(r.ctx, c.Draft.ID, c.how.how())
	if rx.CodeOf(err) == rx.CodeNotFound {
		done.Issued, err = s.Service.Store.Order(r.ctx, c.Draft.ID)
	}
	if err != nil {
		return Failed, err
	}
	return c.end(r, done)
}

// repeatCmd makes a draft of the same again.
type repeatCmd struct {
	ID id `arg:"" name:"id" help:"${help_id}"`
}

func (c repeatCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	draft, err := s.Service.Repeat(r.ctx, c.ID.ID)
	if err != nil {
		return Failed, err
	}
	return Done, r.answer(formats.Prescribed{Order: draft.ID}, func(p *page) { p.say("cli.draft.kept", "id", string(draft.ID)) })
}

// redoCmd destroys a sheet that the patient does not have, and issues the same
// electronically.
type redoCmd struct {
	ID   id            `arg:"" name:"id" help:"${help_id}"`
	Wait time.Duration `default:"30s" help:"${help_wait}"`
	inHand
}

func (c redoCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	done, err := c.by(s.Service).Redo(r.ctx, c.ID.ID)
	if err != nil {
		return Failed, err
	}
	return how{Wait: c.Wait}.end(r, done)
}
