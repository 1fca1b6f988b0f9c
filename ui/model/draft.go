package model

import (
	"context"
	"slices"
	"time"

	"relais/app/rx"
)

// draftPause is how long nothing is typed before the draft is saved.
const draftPause = 700 * time.Millisecond

// touch marks the draft as changed.
func (p *Prescribe) touch() {
	if p.w != nil {
		p.w.changed, p.w.at = true, p.env.now()
	}
}

// Tick is called some times a second: it saves drafts once nothing was typed for a while, and those put aside until
// they are saved.
func (p *Prescribe) Tick() {
	due := slices.Clone(p.aside)
	if p.w != nil && !p.w.issued && !p.acting {
		due = append(due, p.w)
	}
	for _, w := range due {
		if w.changed && (p.env.now().Sub(w.at) >= draftPause || w != p.w && !w.failed) {
			p.save(w)
		}
	}
}

// request is the order as it stands, with what is in the entry line; a copy that nobody read again is not in it.
func (p *Prescribe) request(w *order) rx.Request {
	r := rx.Request{ID: w.id, Patient: w.patient.Patient, Lines: slices.Clone(w.lines), Proof: w.note.Proof}
	if p.w == w && p.Entry.chosen && !p.Entry.unread() {
		l, _ := p.Entry.build()
		r.Lines = append(r.Lines, l)
	}
	return r
}

// save writes the draft, one save at a time; a draft without a line is none.
func (p *Prescribe) save(w *order) {
	if w.saving || !w.changed {
		return
	}
	w.saving, w.changed = true, false
	request := p.request(w)
	p.env.Do(func(ctx context.Context) func() {
		var err error
		switch {
		case len(request.Lines) > 0:
			_, err = p.env.Service.SaveDraft(ctx, rx.Draft{ID: w.id, Request: request})
		case w.kept:
			err = p.env.Service.Store.DropDraft(ctx, w.id)
		}
		return func() {
			w.saving = false
			if w.failed = err != nil; w.failed {
				w.changed, w.at = true, p.env.now()
				p.notes = []note{{err: err}}
			} else {
				w.kept = len(request.Lines) > 0
			}
			if then := w.then; then != nil {
				w.then = nil
				then()
			}
			if w.failed {
				p.leaving = nil
			}
			if !w.changed {
				p.aside = slices.DeleteFunc(p.aside, func(o *order) bool { return o == w })
				p.Pick.Load()
			}
			if leave := p.leaving; leave != nil && len(p.aside) == 0 {
				p.leaving = nil
				leave()
				return
			}
			p.env.Changed()
		}
	})
}

// Leave puts the order aside and calls then once everything is saved. When a draft cannot be saved it stays, and says
// so; asked again it goes.
func (p *Prescribe) Leave(then func()) {
	p.Next()
	if !slices.ContainsFunc(p.aside, func(w *order) bool { return !w.failed }) {
		then()
		return
	}
	p.leaving = then
}

// Unsent is how many orders were begun and not sent, the one that is being written among them.
func (p *Prescribe) Unsent() (n int) {
	for _, d := range p.Pick.drafts {
		if p.w == nil || d.ID != p.w.id {
			n++
		}
	}
	if p.w != nil && !p.w.issued && len(p.request(p.w).Lines) > 0 {
		n++
	}
	return n
}

// Return puts the focus where it was.
func (p *Prescribe) Return() { p.focus.to(p.focus.Field) }
