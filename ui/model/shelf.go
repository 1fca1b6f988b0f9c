package model

import (
	"context"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// loadShelf reads favourites and templates.
func (p *Prescribe) loadShelf() {
	p.env.Do(func(ctx context.Context) func() {
		shelf, err := p.env.Service.Shelf(ctx)
		return func() {
			if p.shelfTurn == 0 { // nothing was kept meanwhile
				p.shelf = shelf
			}
			if err != nil {
				p.shelfNotes = []note{{err: err}}
			}
			p.env.Changed()
		}
	})
}

// changeShelf does one thing with the shelf, and then says it.
func (p *Prescribe) changeShelf(said note, change func(context.Context) (prescribing.Shelf, error)) {
	w := p.w
	p.shelfTurn++
	p.keeping.load(func(ctx context.Context) func() {
		shelf, err := change(ctx)
		return func() {
			if err != nil {
				p.fail(w, err)
				return
			}
			p.shelf, p.shelfNotes = shelf, nil
			p.Entry.sel = -1
			if p.w == w {
				p.notes = []note{said}
			}
		}
	})
}

// Favour keeps the line in the entry as a favourite, or the last one below it.
func (p *Prescribe) Favour() {
	if !p.writing() || p.keeping.running {
		return
	}
	var line rx.Line
	switch n := len(p.w.lines); {
	case p.Entry.chosen:
		l, _, faults, _ := p.Entry.checked()
		if len(faults) > 0 {
			p.Entry.tried = true
			p.focus.to(fieldOf(faults[0].Path, p.Entry))
			return
		}
		line = l
	case n > 0:
		line = p.w.lines[n-1]
	default:
		p.notes = []note{{tone: Warn, key: "ui.shelf.nothing"}}
		return
	}
	p.changeShelf(note{tone: Good, key: "ui.shelf.favoured", args: []string{"product", p.env.lineName(line)}}, func(ctx context.Context) (prescribing.Shelf, error) {
		return p.env.Service.KeepFavourite(ctx, line)
	})
}

func (p *Prescribe) dropFavourite(l rx.Line) {
	if p.writing() && !p.keeping.running {
		p.changeShelf(note{tone: Quiet, key: "ui.shelf.dropped", args: []string{"name", p.env.lineName(l)}}, func(ctx context.Context) (prescribing.Shelf, error) {
			return p.env.Service.DropFavourite(ctx, l)
		})
	}
}

func (p *Prescribe) dropTemplate(name string) {
	if p.writing() && !p.keeping.running {
		p.changeShelf(note{tone: Quiet, key: "ui.shelf.dropped", args: []string{"name", name}}, func(ctx context.Context) (prescribing.Shelf, error) {
			return p.env.Service.DropTemplate(ctx, name)
		})
	}
}

// AskTemplate asks under which name the lines are kept.
func (p *Prescribe) AskTemplate() {
	if !p.writing() || p.Entry.chosen && (p.Entry.unread() || !p.Add()) {
		return
	}
	if len(p.w.lines) == 0 {
		p.notes = []note{{tone: Warn, key: "ui.shelf.nothing"}}
		return
	}
	p.w.naming = true
	p.focus.to(FieldTemplate)
}

// SetTemplate takes the name as it is typed.
func (p *Prescribe) SetTemplate(name string) {
	if p.w != nil {
		p.w.template = name
	}
}

// KeepTemplate keeps the lines under the name.
func (p *Prescribe) KeepTemplate() {
	w := p.w
	if !p.writing() || !w.naming || p.keeping.running {
		return
	}
	name, lines := w.template, w.lines
	w.naming, w.template = false, ""
	p.focus.to(FieldMedicine)
	p.changeShelf(note{tone: Good, key: "ui.shelf.kept", args: []string{"name", name}}, func(ctx context.Context) (prescribing.Shelf, error) {
		return p.env.Service.KeepTemplate(ctx, name, lines)
	})
}

// CancelTemplate closes the question.
func (p *Prescribe) CancelTemplate() {
	if p.w != nil && p.w.naming {
		p.w.naming, p.w.template = false, ""
		p.focus.to(FieldMedicine)
	}
}

func (p *Prescribe) viewTemplate() *Question {
	if !p.w.naming {
		return nil
	}
	lang := p.env.Lang
	return &Question{Text: i18n.Count(lang, "ui.template.ask", len(p.w.lines)), Input: &Input{Text: p.w.template},
		Confirm: Button{Label: i18n.Text(lang, "ui.template.save"), Key: i18n.Text(lang, "ui.key.enter"), On: true, Strong: true, Press: p.env.press(p.KeepTemplate)},
		Cancel:  Button{Label: i18n.Text(lang, "ui.cancel"), Key: p.env.escape(), On: true, Press: p.env.press(p.CancelTemplate)}}
}

// lineName is the product of a line that is not issued.
func (e *Env) lineName(l rx.Line) string {
	m, _ := e.find(l)
	if m.CNK == "" && m.VMPGroup == "" {
		m.CNK, m.VMPGroup = l.CNK, l.VMPGroup
	}
	name := l.Name
	if l.Kind == rx.Magistral {
		name = l.Text
	}
	return e.optionText(option{kind: l.Kind, medicine: m, name: name})
}
