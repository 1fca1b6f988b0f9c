package documents

import (
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// Calibration is the test page of a form: the outline of every place by its name, and
// two crosses at known distances from the edges of the paper, from which the doctor
// measures how far the printer is off (Form.OffsetX, OffsetY).
type Calibration struct {
	Form     Form
	Language rx.Lang // of the screen
}

// crossAt is how far the crosses are from the edges of the form: the one at the top
// left, and the one at the bottom right. arm is half a cross; it has a tick each
// millimetre.
const (
	crossAt = 1_000
	arm     = 500
	tick    = 100
)

// Layout makes the page. A form that Check refuses is refused.
func (c Calibration) Layout() (Document, error) {
	if err := c.Form.Check(); err != nil {
		return Document{}, err
	}
	m := c.Form.model()
	page := Page{Width: m.page.w, Height: m.page.h}
	for _, at := range m.at {
		form := Page{}
		for _, p := range m.places {
			if p.field == FieldSimulation {
				continue // no field of the form
			}
			form.frame(p.box)
			name := column{width: p.box.w - 2*padding, scale: 75}
			name.add(0, label(string(p.field)))
			form.draw(p.box.x+padding, p.box.y+near/2, name.lines)
		}
		form.cross(crossAt, crossAt)
		form.cross(m.width-crossAt, m.height-crossAt)
		room := m.products(c.Language)
		lines, _ := m.content(place{box: room, write: func(text *column, _ sheet) { c.instructions(text) }}, sheet{lang: c.Language})
		form.draw(room.x, room.y, lines)
		page.Items = append(page.Items, moved(form.Items, at.x, at.y)...)
	}
	page.Items = moved(page.Items, c.Form.OffsetX*10, c.Form.OffsetY*10)
	return Document{Title: i18n.Text(c.Language, "doc.calibration.title"), Language: c.Language, Pages: []Page{page}}, nil
}

func (c Calibration) instructions(text *column) {
	say := func(key string, args ...string) string { return i18n.Text(c.Language, "doc.calibration."+key, args...) }
	text.add(0, heading(say("title")))
	for _, step := range []string{"print", "measure", "enter", "compare"} {
		text.add(near, plain(say(step, "mm", i18n.Number(c.Language, rx.Decimal(crossAt*10)))))
	}
	text.add(far, bold(say("offset", "x", tenths(c.Language, c.Form.OffsetX), "y", tenths(c.Language, c.Form.OffsetY))))
}

// tenths is a length of so many 0.1 mm, in mm.
func tenths(lang rx.Lang, n int) string {
	return strings.Repeat("−", max(0, min(1, -n))) + i18n.Number(lang, rx.Decimal(max(n, -n)*100))
}

// cross draws one whose lines meet at x, y.
func (p *Page) cross(x, y int) {
	line := func(x, y, w, h int) { p.Items = append(p.Items, Rect{X: x - w/2, Y: y - h/2, W: w, H: h}) }
	line(x, y, 2*arm, hairline)
	line(x, y, hairline, 2*arm)
	for d := -arm; d <= arm; d += tick {
		if d != 0 {
			line(x+d, y, hairline, tick)
			line(x, y+d, tick, hairline)
		}
	}
}
