package model

import (
	"context"
	"errors"
	"slices"

	"relais/app/prescribing"
	"relais/app/rx"
)

// choice is what the doctor said to a line without answer.
type choice int

const (
	noChoice choice = iota
	choiceWait
	choiceLater // send later, the patient is told
)

// act does one thing with the order; while it is under way nothing else is begun. back is called with its error.
func (p *Prescribe) act(work func(context.Context) ([]note, error), back func(error)) {
	w := p.w
	p.acting = true
	p.hush()
	p.env.Do(func(ctx context.Context) func() {
		notes, err := work(ctx)
		return func() {
			p.acting = false
			if p.w == w {
				p.notes = append(stillSaid(p.notes, notes), notes...)
			}
			if err != nil {
				p.fail(w, err)
			}
			if back != nil {
				back(err)
			}
			p.load(w)
			p.env.Changed()
		}
	})
}

// hush drops what was said, but for where documents are.
func (p *Prescribe) hush() {
	p.notes = slices.DeleteFunc(p.notes, func(n note) bool { return n.open == "" })
}

// stillSaid are notes without documents of which newer ones stand in news.
func stillSaid(notes, news []note) []note {
	return slices.DeleteFunc(notes, func(n note) bool {
		return n.open != "" && slices.ContainsFunc(news, func(newer note) bool { return newer.key == n.key })
	})
}

// Send issues the order as it stands, with what is in the entry line. It is durable before the screen says anything.
func (p *Prescribe) Send() {
	w := p.w
	switch {
	case w == nil || p.acting:
		return
	case w.issued:
		p.notes = []note{{tone: Quiet, key: "ui.send.already"}}
		return
	case w.patient.SSIN == "":
		p.notes = []note{{err: rx.Fault(rx.CodePaperOnly)}}
		return
	}
	p.issue(prescribing.How{})
}

// unread tells, and says, that something is open: copies that are still to be read again, or the patient's form. Nothing
// leaves before.
func (p *Prescribe) unread() bool {
	if p.edit != nil {
		p.notes = []note{{tone: Warn, key: "ui.form.first"}}
		return true
	}
	if !p.Entry.unread() && len(p.w.queue) == 0 {
		return false
	}
	p.notes = []note{{tone: Warn, key: "ui.copy.unread"}}
	p.focus.to(FieldDose)
	return true
}

// issue turns the draft into the order, on paper when how says so.
func (p *Prescribe) issue(how prescribing.How) {
	w := p.w
	if p.unread() || p.Entry.chosen && !p.Add() {
		return
	}
	if len(w.lines) == 0 {
		p.notes = []note{{tone: Warn, key: "ui.send.nothing"}}
		p.focus.to(FieldMedicine)
		return
	}
	if w.saving { // the draft must not come back after it became an order
		p.acting = true
		w.then = func() { p.acting = false; p.issue(how) }
		return
	}
	request := p.request(w)
	w.changed = false
	var done prescribing.Done
	p.act(func(ctx context.Context) ([]note, error) {
		if _, err := p.env.Service.SaveDraft(ctx, rx.Draft{ID: w.id, Request: request}); err != nil {
			return nil, err
		}
		w.kept = true
		var err error
		done, err = p.env.Service.IssueDraft(ctx, w.id, how)
		if len(done.Sheet) == 0 {
			return nil, err
		}
		ids := make([]rx.ID, len(done.Prescriptions))
		for i, q := range done.Prescriptions {
			ids[i] = q.ID
		}
		return p.env.handOut(ctx, p.env.sheet(ids), done.Sheet, err)
	}, func(err error) {
		if len(done.Prescriptions) > 0 { // issued, whatever failed afterwards
			p.issued(w, done.Prescriptions)
		} else if err != nil {
			w.changed = true
		}
	})
}

// issued shows the order as it stands in the store.
func (p *Prescribe) issued(w *order, prescriptions []rx.Prescription) {
	w.issued, w.kept, w.changed = true, false, false
	w.lines, w.naming = nil, false
	p.edit = nil
	for _, q := range prescriptions {
		w.ids = append(w.ids, q.ID)
	}
	p.load(w)
}

// Changed reads again what a change touched; no ids: anything.
func (p *Prescribe) Changed(ids []rx.ID) {
	if w := p.w; w != nil && (len(ids) == 0 || slices.ContainsFunc(ids, func(id rx.ID) bool { return slices.Contains(w.ids, id) })) {
		p.load(w)
	}
}

func (p *Prescribe) load(w *order) {
	if w == nil || !w.issued {
		return
	}
	ids := slices.Clone(w.ids)
	w.loading.load(func(ctx context.Context) func() {
		items, err := p.env.items(ctx, ids)
		return func() {
			if err != nil {
				p.fail(w, err)
				return
			}
			w.items = items
		}
	})
}

func (e *Env) items(ctx context.Context, ids []rx.ID) ([]rx.Item, error) {
	items := make([]rx.Item, len(ids))
	for i, id := range ids {
		item, err := e.Service.Store.Item(ctx, id)
		if err != nil {
			return nil, err
		}
		items[i] = item
	}
	return items, nil
}

// answer is what the doctor says to a line that has no answer yet.
func (p *Prescribe) answer(id rx.ID, c choice) {
	if p.w != nil && !p.acting {
		p.w.choices[id] = c
	}
}

// Proof prints the proofs of all lines that have a RID, and says of the others that they have none.
func (p *Prescribe) Proof() {
	w := p.w
	if w == nil || p.acting {
		return
	}
	var ids []rx.ID
	var without []int
	for i, item := range w.items {
		if provable(item.Prescription) {
			ids = append(ids, item.ID)
		} else if open(item.Prescription) {
			without = append(without, i+1)
		}
	}
	if len(ids) == 0 {
		p.notes = []note{{tone: Warn, key: "ui.proof.none"}}
		return
	}
	p.act(func(ctx context.Context) ([]note, error) {
		pdf, err := p.env.Service.Proof(ctx, ids)
		if err != nil {
			return nil, err
		}
		notes, err := p.env.handOut(ctx, p.env.proof(ids), pdf, nil)
		if len(without) > 0 {
			notes = append(notes, note{tone: Warn, key: "ui.proof.without", args: []string{"lines", numbers(without)}})
		}
		return notes, err
	}, func(err error) { w.proved = w.proved || err == nil })
}

// handOut hands a document to the printer; without one it writes a file and says where. before is what failed already.
func (e *Env) handOut(ctx context.Context, d document, pdf []byte, before error) ([]note, error) {
	if e.Prints != nil {
		e.Prints.take(ctx, d, pdf)
		return nil, before
	}
	path, err := e.Save(e.fileName(d.file), pdf)
	if err != nil {
		return nil, errors.Join(before, err)
	}
	return []note{{tone: Good, key: d.said, args: []string{"path", path}, open: path}}, before
}

// LetGo notes that the patient left.
func (p *Prescribe) LetGo() {
	w := p.w
	if w == nil || !w.issued || p.acting {
		return
	}
	var orders []rx.ID
	for _, item := range w.items {
		if !slices.Contains(orders, item.Order) {
			orders = append(orders, item.Order)
		}
	}
	p.act(func(ctx context.Context) ([]note, error) {
		for _, id := range orders {
			if err := p.env.Service.LetGo(ctx, id); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}, nil)
}

// settle answers a duty of a line.
func (p *Prescribe) settle(d rx.Duty, o rx.Outcome) {
	if p.w == nil || p.acting {
		return
	}
	if o == rx.ToPaper {
		p.askPaper(false, func(item rx.Item) bool { return item.ID == d.Prescription })
		return
	}
	service := p.env.sayingGone(d.Prescription)
	p.act(func(ctx context.Context) ([]note, error) {
		_, err := service.Settle(ctx, d.ID(), prescribing.Answer{Outcome: o})
		return nil, err
	}, nil)
}

// redo destroys a sheet that the patient does not have and issues the same again.
func (p *Prescribe) redo(id rx.ID) {
	w := p.w
	if w == nil || p.acting {
		return
	}
	var done prescribing.Done
	service := p.env.sayingGone(id)
	p.act(func(ctx context.Context) (notes []note, err error) {
		done, err = service.Redo(ctx, id)
		return nil, err
	}, func(error) {
		for _, q := range done.Prescriptions {
			if !slices.Contains(w.ids, q.ID) {
				w.ids = append(w.ids, q.ID)
			}
		}
	})
}
