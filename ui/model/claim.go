package model

import (
	"context"
	"errors"

	"relais/app/prescribing"
	"relais/app/rx"
)

// AskPaper opens the inline line for all lines that may still go to paper; before the order is issued, for the order.
func (p *Prescribe) AskPaper() { p.ask(false) }

// AskHand opens it for a prescription that was written by hand and is with the patient already: nothing is printed.
func (p *Prescribe) AskHand() { p.ask(true) }

func (p *Prescribe) ask(hand bool) {
	w := p.w
	if w == nil || p.acting || p.Paper.Open() {
		return
	}
	p.notes, p.back = nil, nil
	if !w.issued {
		if p.unread() || p.Entry.chosen && !p.Add() {
			return
		}
		if len(w.lines) == 0 {
			p.notes = []note{{tone: Warn, key: "ui.send.nothing"}}
			return
		}
		lines := make([]int, len(w.lines))
		for i := range lines {
			lines[i] = i + 1
		}
		p.Paper.open(paperSubject{patient: w.patient.Patient, lines: lines, hand: hand, confirm: func(a paperAnswer) {
			p.issue(prescribing.How{Paper: a.reason, Handwritten: a.hand, Day: a.day})
		}})
		p.focus.to(FieldReason)
		return
	}
	p.askPaper(hand, func(item rx.Item) bool { return claimable(item.Prescription) })
}

// askPaper asks for those lines of the issued order that of picks.
func (p *Prescribe) askPaper(hand bool, of func(rx.Item) bool) {
	w := p.w
	s := paperSubject{patient: w.patient.Patient, hand: hand}
	var sure, unsure []rx.ID
	for i, item := range w.items {
		switch {
		case !of(item):
			continue
		case item.State == rx.StateUnknown:
			unsure, s.forced = append(unsure, item.ID), true
		default:
			sure = append(sure, item.ID)
		}
		s.lines = append(s.lines, i+1)
	}
	if len(s.lines) == 0 {
		p.notes = []note{{tone: Warn, key: "ui.paper.nothing"}}
		return
	}
	s.confirm = func(a paperAnswer) {
		p.act(func(ctx context.Context) ([]note, error) { return p.env.claim(ctx, a, sure, unsure) }, nil)
	}
	p.back = nil
	p.Paper.open(s)
	p.focus.to(FieldReason)
}

// ConfirmPaper is the second key.
func (p *Prescribe) ConfirmPaper() {
	if p.acting || !p.Paper.Open() {
		return
	}
	if p.Paper.Confirm(); p.Paper.Open() { // a reason is needed, or a day
		p.focus.to(FieldReason)
		if p.Paper.undated {
			p.focus.to(FieldDay)
		}
		return
	}
	if p.focus.Field == FieldReason || p.focus.Field == FieldDay {
		p.focus.to(NoField)
	}
}

// CancelPaper closes the question; nothing was done.
func (p *Prescribe) CancelPaper() {
	if !p.Paper.Open() {
		return
	}
	p.Paper.Cancel()
	p.focus.to(NoField)
	if p.writing() {
		p.focus.to(FieldMedicine)
	}
}

// claim takes prescriptions to paper: those that surely are nowhere else, and those of which an attempt has no answer,
// each on sheets of their own.
func (e *Env) claim(ctx context.Context, a paperAnswer, sure, unsure []rx.ID) ([]note, error) {
	var notes []note
	var failed error
	for _, c := range []struct {
		ids   []rx.ID
		claim prescribing.Claim
	}{{sure, prescribing.Claim{Reason: a.reason, Handwritten: a.hand, Day: a.day}}, {unsure, prescribing.Claim{Reason: a.reason, Handwritten: a.hand, Day: a.day, AlthoughUnknown: true}}} {
		if len(c.ids) == 0 {
			continue
		}
		pdf, err := e.Service.Paper(ctx, c.ids, c.claim)
		if len(pdf) > 0 {
			var kept []note
			kept, err = e.handOut(ctx, e.sheet(c.ids), pdf, err)
			notes = append(notes, kept...)
		}
		failed = errors.Join(failed, err)
	}
	return notes, failed
}

// reprint makes a further copy of a sheet that is claimed already: the first claim keeps its reason.
func (p *Prescribe) reprint(id rx.ID) {
	if p.w == nil || p.acting {
		return
	}
	p.act(func(ctx context.Context) ([]note, error) {
		if p.env.Prints != nil { // a copy is counted only when the printer takes it
			p.env.Prints.take(ctx, p.env.sheet([]rx.ID{id}), nil)
			return nil, nil
		}
		return p.env.claim(ctx, paperAnswer{}, []rx.ID{id}, nil)
	}, nil)
}
