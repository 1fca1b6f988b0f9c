package model

import (
	"context"

	"relais/app/documents"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Draws lays documents out as they would be printed, from what is kept: beside the press, which makes them.
type Draws interface {
	DrawSheet(ctx context.Context, items []rx.Item) (documents.Document, error)
	DrawProof(ctx context.Context, items []rx.Item) (documents.Document, error)
}

// Preview shows pages as they will be printed, before they are, in the place of the screen. Looking claims nothing, counts
// nothing and makes no file: each page says what is not real of it yet.
type Preview struct {
	env   *Env
	draws Draws
	shown bool
	read  bool
	pages []drawnPage
	at    int
	err   error
	turns turns
	focus Focus
}

// drawing is a document to be looked at.
type drawing struct {
	kind string // of printing.kind, "" its own title says it
	mark string // key of what is not real of it yet; "" nothing
	of   documents.Document
}

// drawnPage is a page of one.
type drawnPage struct {
	drawing
	n int
}

// NewPreview makes it, closed.
func NewPreview(env *Env, draws Draws) *Preview { return &Preview{env: env, draws: draws} }

// Open shows what draw gives, from its first page; nil: nothing can be looked at, and nothing is opened.
func (p *Preview) Open(draw func(context.Context) ([]drawing, error)) {
	if draw == nil {
		return
	}
	last := p.turns.next()
	p.shown, p.read, p.pages, p.at, p.err = true, false, nil, 0, nil
	p.focus.to(FieldText)
	p.env.Do(func(ctx context.Context) func() {
		all, err := draw(ctx)
		return func() {
			if !last() {
				return
			}
			p.read, p.err = true, err
			for _, d := range all {
				for n := range d.of.Pages {
					p.pages = append(p.pages, drawnPage{d, n})
				}
			}
			p.env.Changed()
		}
	})
}

// Shown tells that it is open.
func (p *Preview) Shown() bool { return p.shown }

// Close goes back to the screen.
func (p *Preview) Close() {
	p.turns.next()
	p.shown, p.pages = false, nil
}

// Turn goes by pages on, or back.
func (p *Preview) Turn(by int) { p.at = max(0, min(len(p.pages)-1, p.at+by)) }

// PreviewView is the page that is looked at.
type PreviewView struct {
	Title, Count     string
	Mark             Notice // what is not real of it yet, or that it is as it will be printed
	Notices          []Notice
	Prev, Next, Back Button
	Page             func() documents.Page // nil: none yet
	Turn             int                   // differs from page to page
	Focus            Focus
}

// View is the preview; nil while it is closed.
func (p *Preview) View() *PreviewView {
	if !p.shown {
		return nil
	}
	lang := p.env.Lang
	button := func(key, arrow string, on bool, do func()) Button {
		return Button{Label: i18n.Text(lang, key), Key: arrow, On: on, Press: p.env.press(do)}
	}
	v := &PreviewView{Title: i18n.Text(lang, "ui.preview"), Notices: p.env.faults(p.err), Focus: p.focus, Turn: int(p.turns)<<16 + p.at,
		Prev: button("ui.preview.prev", "←", p.at > 0, func() { p.Turn(-1) }), Next: button("ui.preview.next", "→", p.at < len(p.pages)-1, func() { p.Turn(1) }),
		Back: button("ui.preview.back", p.env.escape(), true, p.Close)}
	if p.at >= len(p.pages) {
		if !p.read {
			v.Mark = Notice{Tone: Busy, Text: i18n.Text(lang, "ui.reading")}
		}
		return v
	}
	page := p.pages[p.at]
	v.Title = i18n.Text(lang, "ui.preview.of", "document", page.of.Title)
	if page.kind != "" {
		v.Title = i18n.Text(lang, "ui.preview.of", "document", i18n.Text(lang, "printing.kind."+page.kind))
	}
	v.Count = i18n.Text(lang, "ui.preview.page", "n", i18n.Int(p.at+1), "total", i18n.Int(len(p.pages)))
	v.Mark = Notice{Tone: Quiet, Text: i18n.Text(lang, "ui.preview.real")}
	if page.mark != "" {
		v.Mark = Notice{Tone: Warn, Text: i18n.Text(lang, page.mark)}
	}
	v.Page = func() documents.Page { return page.of.Pages[page.n] }
	return v
}

// what is not real of a preview.
const (
	markCopy  = "ui.preview.copy"
	markClaim = "ui.preview.claim"
	markDraft = "ui.preview.draft"
)

// drawable tells that something of p can be printed, now or after a claim.
func drawable(p rx.Prescription) bool {
	return provable(p) || claimable(p) || unhanded(p) && !p.Sheet().Handwritten
}

// draw lays out what can be printed of prescriptions: the proof of those that have a RID, the next copy of those on paper,
// and of those that are nowhere yet the sheet that a claim would bring.
func (p *Preview) draw(ids []rx.ID, reason rx.PaperReason) func(context.Context) ([]drawing, error) {
	return func(ctx context.Context) (all []drawing, err error) {
		items, err := p.env.items(ctx, ids)
		if err != nil {
			return nil, err
		}
		var proofs []rx.Item
		var copies, sure, unsure []rx.ID
		for _, item := range items {
			switch {
			case provable(item.Prescription):
				proofs = append(proofs, item)
			case item.State == rx.StateUnknown:
				unsure = append(unsure, item.ID)
			case claimable(item.Prescription):
				sure = append(sure, item.ID)
			case drawable(item.Prescription):
				copies = append(copies, item.ID)
			}
		}
		if len(proofs) > 0 {
			d, err := p.draws.DrawProof(ctx, proofs)
			if err != nil {
				return nil, err
			}
			all = append(all, drawing{kind: "proof", of: d})
		}
		for _, of := range []struct {
			ids   []rx.ID
			claim prescribing.Claim
			mark  string
		}{{copies, prescribing.Claim{}, markCopy}, {sure, prescribing.Claim{Reason: reason}, markClaim}, {unsure, prescribing.Claim{Reason: reason, AlthoughUnknown: true}, markClaim}} {
			if len(of.ids) == 0 {
				continue
			}
			items, err := p.env.Service.Preview(ctx, of.ids, of.claim)
			if err != nil {
				return all, err
			}
			d, err := p.draws.DrawSheet(ctx, items)
			if err != nil {
				return all, err
			}
			all = append(all, drawing{kind: "form", mark: of.mark, of: d})
		}
		return all, nil
	}
}

// drawDraft lays out the sheet that an order would be, were it issued on paper.
func (p *Preview) drawDraft(r rx.Request, reason rx.PaperReason) func(context.Context) ([]drawing, error) {
	return func(ctx context.Context) ([]drawing, error) {
		items, err := p.env.Service.PreviewOf(ctx, r, prescribing.Claim{Reason: reason})
		if err != nil {
			return nil, err
		}
		d, err := p.draws.DrawSheet(ctx, items)
		if err != nil {
			return nil, err
		}
		return []drawing{{kind: "form", mark: markDraft, of: d}}, nil
	}
}

// previewButton stands beside what prints.
func (e *Env) previewButton(on bool, open func()) Button {
	return Button{Label: i18n.Text(e.Lang, "ui.preview"), Key: e.shift("P"), On: on && e.Preview != nil, Press: e.press(open)}
}

// Preview shows what can be printed of the order.
func (p *Prescribe) Preview() {
	w, preview := p.w, p.env.Preview
	if w == nil || preview == nil || !p.drawable() {
		return
	}
	reason := p.Paper.reason
	if !p.Paper.Open() {
		reason = p.Paper.likely(w.patient.Patient)
	}
	if w.issued {
		preview.Open(preview.draw(w.ids, reason))
		return
	}
	preview.Open(preview.drawDraft(p.request(w), reason))
}

// drawable tells that something of the order can be printed.
func (p *Prescribe) drawable() bool {
	w := p.w
	if w == nil || p.edit != nil {
		return false
	}
	if !w.issued {
		return len(p.request(w).Lines) > 0
	}
	for _, item := range w.items {
		if drawable(item.Prescription) {
			return true
		}
	}
	return false
}

// Preview shows what can be printed of the selected one.
func (h *History) Preview() {
	preview := h.env.Preview
	if h.item == nil || preview == nil || !drawable(h.item.Prescription) {
		return
	}
	reason := h.Paper.reason
	if !h.Paper.Open() {
		reason = h.Paper.likely(h.item.Facts.Patient)
	}
	preview.Open(preview.draw([]rx.ID{h.item.ID}, reason))
}

// Preview shows the documents that are about no prescription; while the form is open its test page, as it is typed.
func (p *Papers) Preview() {
	preview := p.env.Preview
	if preview == nil || !p.read {
		return
	}
	layouts := []func(context.Context) (documents.Document, error){p.calibration(p.options), p.dayList, p.pharmacist, p.poster}
	if p.form != nil {
		o, faults := p.chosen()
		if p.form.faults = faults; len(faults) > 0 {
			return
		}
		layouts = layouts[:1]
		layouts[0] = p.calibration(o)
	}
	preview.Open(func(ctx context.Context) (all []drawing, err error) {
		for _, layout := range layouts {
			d, err := layout(ctx)
			if err != nil {
				return all, err
			}
			all = append(all, drawing{of: d})
		}
		return all, nil
	})
}
