package documents

import (
	"relais/app/i18n"
	"relais/app/rx"
)

// Padding of a place, and the sizes at which its content is tried, in hundredths of
// the type scale: a name of 60 letters is set smaller before it goes elsewhere.
const padding = 120

var scales = []int{100, 92, 84, 76, 68, 60, 52, 44}

// content writes what stands in p, at the largest size at which it fits, and gives
// false when it fits at none.
func (m model) content(p place, s sheet) ([]line, bool) {
	room := m.room(p, s.lang)
	for _, scale := range scales {
		if scale > m.scale {
			continue
		}
		c := column{width: room.w, scale: scale}
		if p.write(&c, s); heightOf(c.lines) <= room.h {
			return c.lines, true
		}
	}
	return nil, false
}

// room is what frame, padding and label leave of a place. On the doctor's own form
// it is the same: the label is there already.
func (m model) room(p place, lang rx.Lang) box {
	b := p.box
	if p.framed {
		b = b.inside(padding)
	}
	if p.label != "" {
		h := heightOf(m.label(p, lang, b.w))
		b.y, b.h = b.y+h, b.h-h
	}
	return b
}

// label is the name of a place, in one size whatever the form.
func (m model) label(p place, lang rx.Lang, width int) []line {
	c := column{width: width, scale: m.scale * 90 / whole}
	c.add(0, label(i18n.Text(lang, p.label)))
	return c.lines
}

// products is the room of the products, below the line that counts the sheets.
func (m model) products(lang rx.Lang) box { return m.room(m.place(FieldProducts), lang) }

// block is lines with their height.
type block struct {
	lines  []line
	height int
}

// displaced is what does not fit its place at any size. head stands by its name above
// the products of every form; the notes may be as long as a form, so rest stands
// before the first product.
func (m model) displaced(s sheet) (head block, rest []line) {
	width := m.products(s.lang).w
	c := column{width: width, scale: scales[len(scales)-1]}
	for _, p := range m.places {
		if p.write == nil || !m.here(p) {
			continue
		}
		if _, fits := m.content(p, s); fits {
			continue
		}
		if p.field == FieldNotes {
			notes := column{width: width - m.mark, scale: c.scale}
			p.write(&notes, s)
			rest = notes.lines
			continue
		}
		if p.label != "" {
			c.add(near, label(i18n.Text(s.lang, p.label)))
		}
		p.write(&c, s)
	}
	return block{c.lines, heightOf(c.lines)}, rest
}

// draw puts one form on page.
func (m model) draw(page *Page, s sheet, area box, head block) {
	if s.simulated {
		page.Items = append(page.Items, watermark(i18n.Text(s.lang, "profile.watermark"), box{0, 0, m.width, m.height}))
	}
	for _, p := range m.places {
		if !m.here(p) {
			continue
		}
		room := m.room(p, s.lang)
		if m.drawn && p.framed {
			page.frame(p.box)
		}
		if m.drawn && p.label != "" {
			lines := m.label(p, s.lang, room.w)
			page.draw(room.x, room.y-heightOf(lines), lines)
		}
		switch {
		case p.field == FieldProducts:
			m.drawProducts(page, s, room, area, head)
		case p.bars:
			page.bars(s.bars, s.facts.Practice.Prescriber.NIHII, room)
		case p.write != nil:
			if lines, fits := m.content(p, s); fits {
				page.draw(room.x, room.y, lines)
			}
		}
	}
}

// drawProducts puts the products into area, above them what was displaced, and the
// number of the form at the right of its label where no other place has it.
func (m model) drawProducts(page *Page, s sheet, room, area box, head block) {
	if m.place(FieldSheet).write == nil {
		page.right(room.x+room.w, room.y-near, span{s.count(), style{size: least, grey: dim}})
	}
	page.draw(room.x, room.y, head.lines)
	rule := func(y int) {
		page.Items = append(page.Items, Rect{X: area.x, Y: y, W: area.w, H: hairline, Grey: 190})
	}
	y := area.y
	for _, e := range s.entries {
		y = area.y + e.y
		rule(y)
		if e.mark != "" {
			page.Items = append(page.Items, Text{X: area.x, Y: y + m.gap + e.lines[0].drop, Size: body * m.scale / whole, Bold: true, Text: e.mark})
		}
		y = page.draw(area.x+m.mark, y+m.gap, e.lines) + m.gap
	}
	rule(y)
	page.draw(area.x+m.mark, y+m.gap*2/5, s.closed)
}

// bars draws the number of the prescriber in the middle of b, its digits below.
func (p *Page) bars(code *Bars, n rx.NIHII, b box) {
	digits := heading(n.Dashed())
	lines := wrap(b.w, digits)
	below := heightOf(lines)
	y := b.y + (b.h-below)/2
	if code != nil {
		bars := *code
		bars.Module, bars.Height = min(b.w/nihiiModules, nihiiModule), b.h-below
		bars.X, bars.Y = b.x+(b.w-bars.Width())/2, b.y
		p.Items = append(p.Items, bars)
		y = b.y + bars.Height
	}
	p.draw(b.x+(b.w-widthOf(digits.text, digits.size, digits.bold))/2, y, lines)
}

// moved gives items with all their positions moved.
func moved(items []Item, dx, dy int) []Item {
	if dx == 0 && dy == 0 {
		return items
	}
	out := make([]Item, len(items))
	for i, item := range items {
		switch item := item.(type) {
		case Text:
			item.X, item.Y = item.X+dx, item.Y+dy
			out[i] = item
		case Rect:
			item.X, item.Y = item.X+dx, item.Y+dy
			out[i] = item
		case Bars:
			item.X, item.Y = item.X+dx, item.Y+dy
			out[i] = item
		}
	}
	return out
}

// The notice stands on an A4 below drawn forms, to be cut off: it is the doctor's.
const (
	noticeTop    = formHeight + 500
	noticeHeight = 2_500
)

func (f Form) notice() bool { return f.Kind == Drawing && f.Paper == TwoOnA4 && !f.NoPrinterNotice }

// notice draws the lines along which the forms are cut, and what the doctor must know.
func (p *Page) notice(lang rx.Lang) {
	p.Items = append(p.Items,
		Rect{X: formWidth, Y: 0, W: hairline / 2, H: formHeight, Grey: 160},
		Rect{X: 0, Y: formHeight, W: pageWidth, H: hairline / 2, Grey: 160})
	c := column{width: contentWidth}
	c.add(0, bold(i18n.Text(lang, "doc.form.cut")))
	c.add(near, note(i18n.Text(lang, "doc.form.warning")))
	p.draw(margin, noticeTop, c.lines)
}
