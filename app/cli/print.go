package cli

import (
	"context"
	"errors"
	"slices"

	"relais/app/formats"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/printing"
	"relais/app/rx"
	"relais/app/wiring"
)

// CodeUnsaid: the doctor has not said whether the last copy came out (id of the prescription).
const CodeUnsaid rx.Code = "print-unsaid"

// where a document is printed, in place of what is kept.
type where struct {
	Printer string `placeholder:"P" help:"${help_printer}"`
	Media   string `placeholder:"iso_a4_210x297mm" help:"${help_media}"`
	Tray    string `placeholder:"T" help:"${help_tray}"`
}

func (w where) setting() printing.Setting {
	return printing.Setting{Printer: w.Printer, Media: w.Media, Tray: w.Tray}
}

// printCmd prints the proof of confirmed prescriptions, or the sheet of those on paper.
type printCmd struct {
	IDs             []id   `arg:"" name:"id" help:"${help_ids}"`
	Reason          string `placeholder:"REASON" help:"${help_print_reason}"`
	AlthoughUnknown bool   `help:"${help_although}"`
	Again           bool   `help:"${help_again}"`
	half
	where
}

func (c printCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	desk, err := r.desk(s)
	if err != nil {
		return Failed, err
	}
	defer desk.Close()
	ids := plain(c.IDs)
	kind, err := c.kind(r, ids)
	if err != nil {
		return Failed, err
	}
	made := false
	var some error // of several prescriptions some cannot go to paper; the others are
	doc := printing.Document{IDs: ids, Kind: kind, On: c.setting(), Make: func(ctx context.Context) (pdf []byte, err error) {
		made = true
		if kind == printing.Proof {
			return s.Service.Proof(ctx, ids)
		}
		pdf, err = s.Service.Paper(ctx, ids, prescribing.Claim{Reason: rx.PaperReason(c.Reason), AlthoughUnknown: c.AlthoughUnknown, On: c.half.on()})
		if pdf != nil {
			some, err = err, nil
		}
		return pdf, err
	}}
	result, err := desk.Print(r.ctx, doc, c.Again, r.hearing())
	if err = errors.Join(some, err); result.Sheet == "" {
		if made { // counted as a copy, and not handed over
			err = errors.Join(err, c.notOut(r, kind, ids))
		}
		return Failed, err
	}
	exit := Done
	if err != nil {
		exit = r.tell(err)
	}
	return c.ended(r, kind, ids, result, exit)
}

// kind of the document: the proof when all are confirmed, else the sheet. A copy of which
// nobody has said what became of it is followed by another only on the doctor's word.
func (c printCmd) kind(r *run, ids []rx.ID) (printing.Kind, error) {
	items, err := r.present().these(r.ctx, ids)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(items, func(item rx.Item) bool { return item.State != rx.StateConfirmed }) {
		return printing.Proof, nil
	}
	for _, item := range items {
		sheet := item.Sheet()
		switch {
		case item.State != rx.StatePaper && c.Reason == "":
			return "", misused("relais print ID… --reason=REASON")
		case item.State == rx.StatePaper && sheet != nil && !sheet.Printed.IsZero() && !c.Again:
			return "", rx.Fault(CodeUnsaid, "id", string(item.ID)).At(string(item.ID))
		}
	}
	return printing.Form, nil
}

// ended tells how a print ended. Of a sheet that certainly does not exist the duty to say
// so is closed; else it stays until the doctor has looked.
func (c printCmd) ended(r *run, kind printing.Kind, ids []rx.ID, result printing.Result, exit Exit) (Exit, error) {
	if result.Fault != nil {
		r.tell(result.Fault)
	}
	switch result.Sheet {
	case printing.NoSheet:
		exit = exit.or(Failed)
		if err := c.notOut(r, kind, ids); err != nil {
			return Failed, err
		}
	case printing.MaybeSheet, printing.OpenSheet:
		exit = exit.or(NeedsPerson)
	}
	return r.printed(kind, ids, result, exit)
}

// printed answers with how a job ended, and where the prescriptions on it stand.
func (r *run) printed(kind printing.Kind, ids []rx.ID, result printing.Result, exit Exit) (Exit, error) {
	items, err := r.present().these(context.WithoutCancel(r.ctx), ids)
	if err != nil {
		return Failed, err
	}
	out := formats.Printed{Document: string(kind), Printer: result.Job.Printer, Job: result.Job.Number, Sheet: string(result.Sheet),
		Prescriptions: r.present().prescriptions(items)}
	if result.Fault != nil {
		out.Reason = string(result.Fault.Code)
	}
	for _, o := range result.Obstacles {
		out.Obstacles = append(out.Obstacles, string(o.Code))
	}
	return exit, r.answer(out, func(pg *page) {
		pg.line("%s", r.text("printing.sheet."+string(result.Sheet), "printer", result.Job.Printer))
		if result.Kept {
			pg.say("printing.kept")
		}
		pg.show(r.present(), items)
	})
}

// notOut says of each sheet that the copy did not come out.
func (c printCmd) notOut(r *run, kind printing.Kind, ids []rx.ID) error {
	if kind != printing.Form {
		return nil
	}
	ctx := context.WithoutCancel(r.ctx)
	for _, id := range ids {
		item, err := r.session.Service.Store.Item(ctx, id)
		if err != nil {
			return err
		}
		for _, d := range r.session.Service.Owed(item) {
			if d.Kind == rx.DutyConfirmPrint && slices.Contains(d.Outcomes, rx.DidNotComeOut) {
				if _, err := r.session.Service.Settle(ctx, d.ID(), prescribing.Answer{Outcome: rx.DidNotComeOut}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// desk opens the desk and tells what an earlier run left there.
func (r *run) desk(s *wiring.Session) (wiring.Printers, error) {
	desk, err := s.Printers(r.ctx, r.Getenv)
	if err != nil {
		return desk, err
	}
	left, err := desk.Recover(r.ctx)
	for _, l := range left {
		for _, id := range l.Documents {
			r.tell(l.Fault.At(string(id)))
		}
	}
	return desk, err
}

// hearing tells each obstacle once.
func (r *run) hearing() func(printing.Status) {
	told := map[rx.Code]bool{}
	return func(s printing.Status) {
		for _, o := range s.Obstacles {
			if !told[o.Code] {
				told[o.Code] = true
				r.complain(i18n.Say(r.lang, o.Fault(s.Printer)))
			}
		}
	}
}

// printersCmd lists the printers, and where documents go.
type printersCmd struct{}

func (printersCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	return r.printers(s)
}

// printersUseCmd keeps where documents of a kind go.
type printersUseCmd struct {
	Kind string `arg:"" name:"document" enum:"proof,form,report,test" help:"${help_print_kind}"`
	where
}

func (c printersUseCmd) do(r *run) (Exit, error) {
	s, err := r.open()
	if err != nil {
		return Failed, err
	}
	desk, err := s.Printers(r.ctx, r.Getenv)
	if err != nil {
		return Failed, err
	}
	defer desk.Close()
	set := c.setting()
	if set.Printer != "" {
		p, err := desk.Spooler.Printer(r.ctx, set.Printer)
		if err == nil {
			err = p.Fits(set)
		}
		if err != nil {
			return Failed, err
		}
	}
	if err := s.SetPrinting(r.ctx, printing.Kind(c.Kind), set); err != nil {
		return Failed, err
	}
	return r.printers(s)
}

func (r *run) printers(s *wiring.Session) (Exit, error) {
	desk, err := s.Printers(r.ctx, r.Getenv)
	if err != nil {
		return Failed, err
	}
	defer desk.Close()
	all, err := desk.Spooler.Printers(r.ctx)
	if err == nil && len(all) == 0 {
		err = rx.Fault(printing.CodeNoPrinters)
	}
	if err != nil {
		return Failed, err
	}
	var out formats.Printers
	for _, p := range all {
		one := formats.Printer{Name: p.Name, Info: p.Info, Default: p.Default, Accepting: p.Accepting, Paused: p.Paused, PDF: p.PDF, Media: p.Media, Trays: p.Trays}
		for _, o := range p.Obstacles {
			one.Reasons = append(one.Reasons, o.Reason)
		}
		out.Printers = append(out.Printers, one)
	}
	for _, kind := range printing.Kinds {
		set := desk.Settings[kind]
		out.Documents = append(out.Documents, formats.PrintsOn{Document: string(kind), Printer: set.Printer, Media: set.Media, Tray: set.Tray})
	}
	return Done, r.answer(out, func(pg *page) { pg.printers(all, out.Documents) })
}

// printers for people: each printer with what is wrong with it, its papers and trays; then
// where documents go.
func (p *page) printers(all []printing.Printer, documents []formats.PrintsOn) {
	for _, one := range all {
		name := one.Name
		if one.Info != "" && one.Info != one.Name {
			name += " (" + one.Info + ")"
		}
		if one.Default {
			name = p.run.text("cli.printers.default", "printer", name)
		}
		p.line("%s", name)
		if !one.Accepting {
			for _, said := range i18n.Say(p.lang, rx.Fault(printing.CodeRejecting, "printer", one.Name)) {
				p.line("  %s", said.What)
			}
		}
		for _, o := range one.Obstacles {
			for _, said := range i18n.Say(p.lang, o.Fault(one.Name)) {
				p.line("  %s", said.What)
			}
		}
		p.line("  %s", p.run.text("cli.printers.media", "media", joined(one.Media)))
		if len(one.Trays) > 0 {
			p.line("  %s", p.run.text("cli.printers.trays", "trays", joined(one.Trays)))
		}
	}
	p.line("")
	for _, d := range documents {
		set := []string{}
		for _, word := range []string{d.Printer, d.Media, d.Tray} {
			if word != "" {
				set = append(set, word)
			}
		}
		if len(set) == 0 {
			set = []string{p.run.text("cli.printers.usual")}
		}
		p.line("%s", p.run.text("cli.printers.goes", "document", p.run.text("printing.kind."+d.Document), "where", joined(set)))
	}
}
