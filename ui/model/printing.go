package model

import (
	"context"
	"errors"
	"os"
	"slices"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// PrintJob is a document on its way to the printer of its kind. Heard and Done are called on the screen's goroutine.
type PrintJob struct {
	Kind string  // proof, form, report or test
	Of   []rx.ID // the prescriptions on it, or an id of its own: one document at a time goes to the printer
	Word bool    // the doctor's own: what an earlier job brought, or may still bring, is in hand
	// Make gives the PDF, when the printer is there and takes jobs.
	Make  func(ctx context.Context) ([]byte, error)
	Heard func(printer, state string, obstacles []error)
	// Done tells the end: err that nothing was handed over and nothing will be printed; else sheet is sent, none, maybe
	// or open, and told what a person should know besides.
	Done func(printer, sheet string, told, err error)
}

// The answers of a desk that prints nothing again before the doctor has looked, or before the job is over.
var ruled = map[rx.Code]bool{"print-open": true, "print-left-done": true, "print-left-maybe": true}

// unprinted: this computer prints nothing, so that a file is how documents are made.
var unprinted = map[rx.Code]bool{"spooler-absent": true, "printer-none": true}

// Prints are the documents that were handed to the printer from this window, and those that an earlier run left: each
// stands in words above every screen until the doctor has seen how it ended. Nothing here prints by itself.
type Prints struct {
	env   *Env
	in    func(func()) // runs on the screen's goroutine, soon; from any goroutine
	start func(PrintJob)
	// Saw forgets how a job ended that Left told of; nil: it is told once.
	Saw func(ctx context.Context, id rx.ID) error
	// Remove takes a file away that stood for a sheet.
	Remove func(path string) error
	list   []*printing
	hand   map[rx.ID]bool // prescriptions of open jobs that the doctor has seen to: nothing more will come, or it is in hand
}

// printing is one document.
type printing struct {
	id         rx.ID // of what is told until it was seen; "" nothing is kept of it
	of         document
	name       string // whose
	word       bool
	pdf        []byte // made, and not yet handed over
	failed     bool   // it could not be made
	printer    string
	state      string
	obstacles  []error
	over       bool
	sheet      string // once handed over
	told, err  error
	some       error  // why some of its prescriptions are not on it
	path       string // of the file that stands for it: the printer took nothing
	saving     bool
	unsettled  error
	waitedUpon bool // refused because the same is on its way
}

// document is what is printed, and how it is made anew.
type document struct {
	kind       string
	file, said string // keys: name of its file, words for where that is
	ids        []rx.ID
	again      func(ctx context.Context) ([]byte, error)
}

// NewPrints makes the list. in runs what it is given on the screen's goroutine, soon, and may be called from anywhere;
// start hands a document over. Files are removed from the disk, unless Remove is set.
func NewPrints(env *Env, in func(func()), start func(PrintJob)) *Prints {
	return &Prints{env: env, in: in, start: start, Remove: os.Remove}
}

// sheet is the paper prescription of ids.
func (e *Env) sheet(ids []rx.ID) document {
	return document{"form", "ui.file.paper", "ui.paper.kept", ids, func(ctx context.Context) ([]byte, error) {
		return e.Service.Paper(ctx, ids, prescribing.Claim{})
	}}
}

// proof is the proof of ids.
func (e *Env) proof(ids []rx.ID) document {
	return document{"proof", "ui.file.proof", "ui.proof.kept", ids, func(ctx context.Context) ([]byte, error) {
		return e.Service.Proof(ctx, ids)
	}}
}

// whose is the name of the patient of ids.
func (e *Env) whose(ctx context.Context, ids []rx.ID) string {
	for _, id := range ids {
		if item, err := e.Service.Store.Item(ctx, id); err == nil {
			return fullName(item.Facts.Patient)
		}
	}
	return ""
}

// take hands a document over; pdf nil: it is made when the printer takes it. It is called away from the screen.
func (p *Prints) take(ctx context.Context, d document, pdf []byte) {
	j := &printing{of: d, pdf: pdf}
	if d.kind == "form" || d.kind == "proof" {
		j.name = p.env.whose(ctx, d.ids)
	}
	p.in(func() {
		p.begin(j)
		p.env.Changed()
	})
}

// running tells that a document of a prescription is on its way.
func (p *Prints) running(ids ...rx.ID) bool {
	return p != nil && slices.ContainsFunc(p.list, func(j *printing) bool {
		return !j.over && slices.ContainsFunc(j.of.ids, func(id rx.ID) bool { return slices.Contains(ids, id) })
	})
}

// mayCome tells that a sheet of a prescription may still come out of the printer: its document is on its way, or its job
// could not be ended. Until that is over it is not destroyed, and nothing takes its place.
func (p *Prints) mayCome(id rx.ID) bool {
	return p != nil && slices.ContainsFunc(p.list, func(j *printing) bool {
		return (!j.over || j.open()) && j.of.kind == "form" && slices.Contains(j.of.ids, id)
	})
}

// open tells that a job of what is printed, this one or one before it, could not be ended, or that this cannot be known.
func (j *printing) open() bool {
	return j.sheet == "open" || rx.CodeOf(j.err) == "print-open" || uncopied[rx.CodeOf(j.unsettled)]
}

// uncopied are the answers to whether a further copy may be made, where the doctor's word is asked.
var uncopied = map[rx.Code]bool{"print-may-come": true, "print-book": true}

// sayingGone is the use cases for saying that a sheet is gone: with the doctor's word where it was given. What stands on the
// list for the sheet goes with it. It is asked on the screen's goroutine.
func (e *Env) sayingGone(id rx.ID) *prescribing.Service {
	p := e.Prints
	if p == nil {
		return e.Service
	}
	service := *e.Service
	service.Changed = func() {
		if e.Service.Changed != nil {
			e.Service.Changed()
		}
		p.in(func() { p.look(func() {}) })
	}
	if p.hand[id] {
		return service.InHand()
	}
	return &service
}

// look takes off the list what is told of sheets that are destroyed, and removes the files that stand for them; then it goes on
// with next. What may still come out, or may lie there, is told all the same.
func (p *Prints) look(next func()) {
	type seen struct {
		j    *printing
		of   document
		path string
		gone []rx.ID
		err  error
	}
	var all []seen
	for _, j := range p.list {
		if j.over && !j.saving && j.of.kind == "form" && !j.open() && j.sheet != "maybe" {
			all = append(all, seen{j: j, of: j.of, path: j.path})
		}
	}
	p.env.Do(func(ctx context.Context) func() {
		for i := range all {
			s := &all[i]
			s.gone, s.err = p.gone(ctx, s.of)
			if len(s.gone) > 0 && s.path != "" {
				_ = p.Remove(s.path) // what this cannot remove goes with the others that were saved, after some minutes
			}
		}
		return func() {
			for _, s := range all {
				j := s.j
				switch {
				case !j.over || j.saving || j.path != s.path: // another copy is on its way, or is made
				case s.err != nil:
					j.unsettled = s.err
				case len(s.gone) > 0:
					j.path = ""
					j.of.ids = slices.DeleteFunc(slices.Clone(j.of.ids), func(id rx.ID) bool { return slices.Contains(s.gone, id) })
				}
			}
			p.drop(func(o *printing) bool { return o.over && len(o.of.ids) == 0 })
			next()
			p.env.Changed()
		}
	})
}

// show opens the file of j, unless what stands in it was destroyed, also by another process.
func (p *Prints) show(j *printing) {
	j.unsettled = nil
	p.look(func() {
		if j.path != "" && j.unsettled == nil {
			p.env.Open(j.path)
		}
	})
}

// begin hands j over. What was printed well, and what j stands in place of, is not told any longer.
func (p *Prints) begin(j *printing) {
	blocked := p.running(j.of.ids...)
	for _, id := range j.of.ids {
		delete(p.hand, id) // the word was about an earlier job
	}
	p.drop(func(o *printing) bool {
		return o == j || o.over && (o.sheet == "sent" && o.told == nil || o.of.kind == j.of.kind && slices.Equal(o.of.ids, j.of.ids))
	})
	p.list = append(p.list, j)
	*j = printing{of: j.of, name: j.name, word: j.word, pdf: j.pdf, over: blocked, waitedUpon: blocked}
	if blocked {
		return
	}
	p.start(PrintJob{Kind: j.of.kind, Of: j.of.ids, Word: j.word, Make: func(ctx context.Context) ([]byte, error) {
		if pdf, err := p.ready(ctx, j); pdf != nil || err != nil {
			j.failed = err != nil
			return pdf, err
		}
		pdf, err := j.of.again(ctx)
		if len(pdf) > 0 { // of several some cannot be printed any more; the others are
			j.pdf, j.some = pdf, err
			return pdf, nil
		}
		j.pdf, j.failed = nil, err != nil
		return nil, err
	}, Heard: func(printer, state string, obstacles []error) {
		j.printer, j.state, j.obstacles = printer, state, obstacles
	}, Done: func(printer, sheet string, told, err error) { p.done(j, printer, sheet, told, err) }})
}

// ready gives what was made of j and still stands: while it waited, a sheet of it may have been destroyed, also by another
// process. nil: what is left of it is to be made anew.
func (p *Prints) ready(ctx context.Context, j *printing) ([]byte, error) {
	gone, err := p.gone(ctx, j.of)
	switch {
	case err != nil:
		return nil, err
	case len(gone) == 0:
		return j.pdf, nil
	case len(gone) == len(j.of.ids):
		return nil, rx.Fault(rx.CodeSheetDestroyed)
	}
	return nil, nil
}

// gone are the prescriptions of d whose sheet is there no longer.
func (p *Prints) gone(ctx context.Context, d document) (gone []rx.ID, err error) {
	if d.kind != "form" {
		return nil, nil
	}
	items, err := p.env.items(ctx, d.ids)
	for _, item := range items {
		if item.Sheet() == nil {
			gone = append(gone, item.ID)
		}
	}
	return gone, err
}

// done takes how j ended. Where no printer took it, a file stands for it, as for everybody without a printer.
func (p *Prints) done(j *printing, printer, sheet string, told, err error) {
	j.over, j.sheet, j.told, j.err = true, sheet, told, err
	if j.some != nil {
		j.of.ids = slices.DeleteFunc(slices.Clone(j.of.ids), func(id rx.ID) bool { return blamed(j.some, id) })
		j.told, j.some = errors.Join(j.some, j.told), nil
	}
	switch {
	case err == nil:
		j.printer, j.pdf = printer, nil
		p.notOut(j)
	case !j.failed && !ruled[rx.CodeOf(err)] && rx.CodeOf(err) != "print-running":
		p.save(j)
	}
}

// blamed tells that err says of a prescription why it is not printed.
func blamed(err error, id rx.ID) bool {
	var faults rx.Faults
	var fault *rx.Error
	if !errors.As(err, &faults) && errors.As(err, &fault) {
		faults = rx.Faults{fault}
	}
	return slices.ContainsFunc(faults, func(f *rx.Error) bool { return f.Path == string(id) })
}

// notOut says of each sheet of a job that surely brought none that the copy did not come out.
func (p *Prints) notOut(j *printing) {
	if j.sheet != "none" || j.of.kind != "form" {
		return
	}
	p.env.Do(func(ctx context.Context) func() {
		err := p.env.notOut(ctx, j.of.ids)
		return func() {
			j.unsettled = err
			p.env.Changed()
		}
	})
}

func (e *Env) notOut(ctx context.Context, ids []rx.ID) error {
	for _, id := range ids {
		item, err := e.Service.Store.Item(ctx, id)
		if err != nil {
			return err
		}
		for _, d := range e.Service.Owed(item) {
			if d.Kind == rx.DutyConfirmPrint && slices.Contains(d.Outcomes, rx.DidNotComeOut) {
				if _, err := e.Service.Settle(ctx, d.ID(), prescribing.Answer{Outcome: rx.DidNotComeOut}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// save makes a file of j. A further copy of a sheet is made only when no earlier job may still bring one.
func (p *Prints) save(j *printing) {
	j.saving = true
	service := p.env.Service
	if j.word {
		service = service.InHand()
	}
	p.env.Do(func(ctx context.Context) func() {
		pdf, err := p.ready(ctx, j)
		if pdf == nil && err == nil && j.of.kind == "form" {
			err = service.MayCopy(ctx, j.of.ids)
		}
		if pdf == nil && err == nil {
			pdf, err = j.of.again(ctx)
		}
		path := ""
		if err == nil {
			path, err = p.env.Save(p.env.fileName(j.of.file), pdf)
		}
		return func() {
			j.saving, j.path, j.unsettled, j.pdf = false, path, err, nil
			p.look(func() {}) // it may have been destroyed while it was saved
			p.env.Changed()
		}
	})
}

// Left tells how a job ended that an earlier run left, or whose end nobody heard of; id names it until it was seen, "" it is
// not kept. It is called away from the screen.
func (p *Prints) Left(ctx context.Context, id rx.ID, of []rx.ID, sheet string, told error) {
	j := &printing{id: id, of: document{kind: "proof", ids: of}, name: p.env.whose(ctx, of), over: true, sheet: sheet, told: told}
	for _, id := range of {
		if item, err := p.env.Service.Store.Item(ctx, id); err == nil && item.State == rx.StatePaper {
			j.of = p.env.sheet(of)
			j.of.again = nil // a copy may have been made since: another is printed from its line
		}
	}
	p.in(func() {
		p.list = append(p.list, j) // what came out of a copy since, the doctor says: it may be a later one
		p.env.Changed()
	})
}

// seen takes j off the list; what is still on its way stays. Of a sheet that may still come out it is the doctor's word.
func (p *Prints) seen(j *printing) {
	if j.over {
		for _, id := range j.of.ids {
			if p.hand == nil {
				p.hand = map[rx.ID]bool{}
			}
			p.hand[id] = p.hand[id] || j.open()
		}
		p.drop(func(o *printing) bool { return o == j })
	}
}

// drop takes off the list what is not told any longer, and what is kept of it. What cannot be forgotten is told again.
func (p *Prints) drop(these func(*printing) bool) {
	p.list = slices.DeleteFunc(p.list, func(o *printing) bool {
		if !these(o) {
			return false
		}
		if id := o.id; id != "" && p.Saw != nil {
			p.env.Do(func(ctx context.Context) func() {
				err := p.Saw(ctx, id)
				return func() {
					if o.unsettled = err; err != nil {
						p.list = append(p.list, o)
					}
					p.env.Changed()
				}
			})
		}
		return true
	})
}

// again prints j anew, once the rule of the open job lets it: that is for the desk to say.
func (p *Prints) again(j *printing, word bool) {
	if j.over && j.of.again != nil && slices.Contains(p.list, j) {
		j.word, j.pdf = word, nil // made anew: what was made may be destroyed by now
		p.begin(j)
	}
}

// View is what is told of each.
func (p *Prints) View() (list []Notice) {
	for _, j := range p.list {
		list = append(list, p.view(j))
	}
	return list
}

func (p *Prints) view(j *printing) Notice {
	lang := p.env.Lang
	document := i18n.Text(lang, "printing.kind."+j.of.kind)
	if j.name != "" {
		document = i18n.Text(lang, "ui.print.of", "document", document, "name", j.name)
	}
	say := func(tone Tone, what string, buttons ...Button) Notice {
		return Notice{Tone: tone, Text: i18n.Text(lang, "ui.print", "document", document, "what", what), Buttons: buttons}
	}
	button := func(key string, do func()) Button {
		return Button{Label: i18n.Text(lang, key), On: true, Press: p.env.press(do)}
	}
	seen := button("ui.print.seen", func() { p.seen(j) })
	again := []Button{seen}
	if j.of.again != nil && !p.env.Reading {
		again = []Button{button("ui.paper.again", func() { p.again(j, false) }), seen}
	}
	switch {
	case !j.over && j.state == "":
		return say(Busy, i18n.Text(lang, "ui.print.handing"))
	case !j.over:
		what := i18n.Text(lang, "ui.print.at", "printer", j.printer, "state", i18n.Text(lang, "printing.state."+j.state))
		if len(j.obstacles) > 0 {
			return say(Warn, p.env.told(what, j.obstacles...))
		}
		return say(Busy, what)
	case j.waitedUpon:
		return say(Warn, i18n.Text(lang, "ui.print.same"), again...)
	case j.err != nil && ruled[rx.CodeOf(j.err)]:
		return say(Bad, p.env.told("", j.err), button("ui.print.word", func() { p.again(j, true) }), seen)
	case j.err != nil && j.path != "" && j.unsettled == nil && unprinted[rx.CodeOf(j.err)]: // as always here, and said in the settings
		n := say(Quiet, "", button("ui.open", func() { p.show(j) }), seen)
		n.Text = i18n.Text(lang, "ui.print.file", "document", document, "path", j.path)
		return n
	case j.err != nil && j.path != "":
		what := p.env.told(i18n.Text(lang, j.of.said, "path", j.path), j.err, j.unsettled)
		return say(Warn, what, append([]Button{button("ui.open", func() { p.show(j) })}, again...)...)
	case j.err != nil && j.saving:
		return say(Busy, p.env.told("", j.err))
	case j.err != nil && j.open():
		return say(Bad, p.env.told("", j.err, j.unsettled), button("ui.print.word", func() { p.again(j, true) }), seen)
	case j.err != nil:
		return say(Bad, p.env.told("", j.err, j.unsettled), again...)
	}
	what := p.env.told(i18n.Text(lang, "printing.sheet."+j.sheet, "printer", j.printer), j.told, j.unsettled)
	switch {
	case j.sheet == "sent" && j.told == nil:
		return say(Good, what, seen)
	case j.sheet == "sent":
		return say(Warn, what, seen)
	case j.sheet != "none" && len(again) > 1: // a sheet, or a part of one, may be in the tray
		return say(Bad, what, button("ui.print.word", func() { p.again(j, true) }), seen)
	}
	return say(Bad, what, again...)
}

// told puts faults into sentences, what is known of the sheet behind them.
func (e *Env) told(last string, faults ...error) (text string) {
	for _, err := range faults {
		for _, said := range i18n.Say(e.Lang, err) {
			text += sentences(e.Lang, said) + " "
		}
	}
	if last == "" && text != "" {
		return text[:len(text)-1]
	}
	return text + last
}
