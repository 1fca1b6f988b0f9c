package model

import (
	"context"
	"slices"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// copied tells where a line comes from that was not written now: it is to be read again before it counts.
type copied struct {
	line rx.Line
	day  rx.Date // of the prescription that it is a copy of; zero: of a template
	name string  // of the template
}

// words say it, and how many come after it.
func (c copied) words(lang rx.Lang, more int) string {
	text := i18n.Text(lang, "ui.copy", "date", i18n.Date(c.day))
	if c.day.IsZero() {
		text = i18n.Text(lang, "ui.copy.template", "name", c.name)
	}
	if more > 0 {
		text += " · " + i18n.Count(lang, "ui.copy.more", more)
	}
	return text
}

// unread tells that the entry holds a copy that nobody has touched or confirmed: it is not written yet.
func (e *Entry) unread() bool { return e.chosen && e.copied != nil && !e.edited }

// loadPast reads what the patient of w was prescribed.
func (p *Prescribe) loadPast(w *order) {
	if w.patient.ID == "" {
		return
	}
	p.env.Do(func(ctx context.Context) func() {
		past, err := p.env.Service.Current(ctx, w.patient.ID)
		return func() {
			w.past, w.pastRead = past, true
			if err != nil {
				p.fail(w, err)
			}
			p.env.Changed()
		}
	})
}

// Repeat is Ctrl+R: it marks the first of what was prescribed before, and again the next; Enter takes it.
func (p *Prescribe) Repeat() {
	w := p.w
	if !p.writing() || p.Entry.chosen && (p.Entry.copied != nil || !p.Add()) {
		return
	}
	if len(w.past) == 0 {
		p.notes = []note{{tone: Quiet, key: "ui.past.none"}}
		return
	}
	p.Entry.Search("")
	w.mark = (w.mark + 1) % len(w.past)
	p.focus.to(FieldMedicine)
}

// RepeatAll takes all of it, each line to be read again.
func (p *Prescribe) RepeatAll() {
	if p.writing() && len(p.w.past) > 0 && (!p.Entry.chosen || p.Entry.copied == nil && p.Add()) {
		p.offer(copies(p.w.past))
	}
}

func copies(items []rx.Item) (list []copied) {
	for _, item := range items {
		list = append(list, copied{line: prescribing.Again(item), day: rx.DateOf(item.Issued)})
	}
	return list
}

// offer brings lines to be read again, one after the other, into the entry.
func (p *Prescribe) offer(list []copied) {
	p.w.queue = append(p.w.queue, list...)
	p.w.mark = -1
	p.nextCopy()
}

// nextCopy opens the next line that is to be read again, when the entry is free.
func (p *Prescribe) nextCopy() {
	w := p.w
	if w == nil || p.Entry.chosen || len(w.queue) == 0 {
		return
	}
	c := w.queue[0]
	w.queue = slices.Delete(w.queue, 0, 1)
	p.Entry.open(c.line)
	p.Entry.copied = &c
	p.focus.to(FieldDose)
	if p.Entry.free {
		p.focus.to(FieldText)
	}
}

// RepeatItem brings one prescription, of whichever patient, as a copy into an order for its patient: the one that is
// being written, or a new one.
func (p *Prescribe) RepeatItem(id rx.ID) {
	if p.acting {
		return
	}
	if w := p.w; w != nil && !w.issued && p.Entry.chosen && !p.Entry.unread() && !p.Add() {
		return // first what stands there
	}
	asked := p.w
	last := p.Pick.asked.next()
	p.env.Do(func(ctx context.Context) func() {
		item, err := p.env.Service.Store.Item(ctx, id)
		var known rx.Known
		if err == nil {
			known, err = p.env.Service.Store.Patient(ctx, item.Patient)
		}
		return func() {
			if !last() || p.w != asked || p.acting {
				return
			}
			if err != nil {
				p.notes = []note{{err: err}}
				if p.w == nil {
					p.Pick.notes = []note{{err: err}}
				}
				p.env.Changed()
				return
			}
			if p.w == nil || p.w.issued || p.w.patient.ID != known.ID {
				p.Next()
				p.pick(known)
			}
			if p.writing() {
				p.offer(copies([]rx.Item{item}))
			}
			p.env.Changed()
		}
	})
}

// already warns of the same product that this patient may still take along from an earlier prescription: it may be
// delivered twice. "" when there is none.
func (p *Prescribe) already(l rx.Line) string {
	m, ok := p.env.find(l)
	if !ok || p.w == nil {
		return ""
	}
	i := slices.IndexFunc(p.w.past, func(item rx.Item) bool { return sameProduct(item, m) && deliverable(item, p.env.today()) })
	if i < 0 {
		return ""
	}
	item := p.w.past[i]
	return i18n.Text(p.env.Lang, "ui.past.already", "date", i18n.Date(rx.DateOf(item.Issued)), "state", p.env.state(item.Prescription, p.env.Service.Owed(item)))
}

// sameProduct tells that an item prescribes what m is, whatever the package.
func sameProduct(item rx.Item, m rx.Medicine) bool {
	f := item.Facts.Product
	return len(m.Ingredients) > 0 && slices.Equal(f.Ingredients, m.Ingredients) && f.Strength == m.Strength && f.Unit == m.Unit
}

// deliverable tells that a pharmacist may still deliver it, as far as anybody here knows.
func deliverable(item rx.Item, day rx.Date) bool {
	if item.Expires.Before(day) {
		return false
	}
	if r := item.AdoptedRecord(); r != nil {
		return r.Status != rx.Delivered
	}
	return open(item.Prescription) || item.State == rx.StatePaper
}

// PastView is what the patient was prescribed before.
type PastView struct {
	Title, Empty string
	Rows         []PastRow
	All          Button
}

// PastRow is one prescription of the past.
type PastRow struct {
	Product, Dose, When string
	Selected            bool
	Press               func()
}

func (p *Prescribe) viewPast(w *order) *PastView {
	lang := p.env.Lang
	v := &PastView{Title: i18n.Text(lang, "ui.past")}
	v.All = Button{Label: i18n.Text(lang, "ui.past.all"), Key: i18n.Text(lang, "ui.key.all"), On: len(w.past) > 0 && !p.acting, Press: p.env.press(p.RepeatAll)}
	if len(w.past) == 0 && (w.pastRead || w.patient.ID == "") {
		v.Empty = i18n.Text(lang, "ui.past.empty")
	}
	for i, item := range w.past {
		f := item.Facts
		v.Rows = append(v.Rows, PastRow{Product: p.env.product(f.Product.Name, "", rx.Line{}), Dose: f.PosologyText, When: i18n.Date(rx.DateOf(item.Issued)),
			Selected: i == w.mark, Press: p.env.press(func() { p.takePast(i) })})
	}
	return v
}

func (p *Prescribe) takePast(i int) {
	if w := p.w; p.writing() && i >= 0 && i < len(w.past) && (!p.Entry.chosen || p.Entry.copied == nil && p.Add()) {
		p.offer(copies(w.past[i : i+1]))
	}
}
