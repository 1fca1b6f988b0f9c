package documents

import (
	"errors"

	"relais/app/i18n"
	"relais/app/rx"
)

// A4 with one margin all around, and one type scale (tenths of a point).
const (
	pageWidth, pageHeight = 21_000, 29_700
	margin                = 1_500
	contentWidth          = pageWidth - 2*margin
	gutter                = 700
	halfWidth             = (contentWidth - gutter) / 2
	hairline              = 20
	ruled                 = 250 // from a rule to the text beneath or above

	least  = 60 // below it nobody reads
	small  = 80
	body   = 95
	strong = 115
	name   = 140 // of the patient: a wrong-patient guard, at least 14 points
	title  = 160

	dim = 95 // grey of labels: contrast 7:1 on white
)

func plain(text string) span   { return span{text, style{size: body}} }
func bold(text string) span    { return span{text, style{size: body, bold: true}} }
func heading(text string) span { return span{text, style{size: strong, bold: true}} }
func label(text string) span   { return span{text, style{size: small, grey: dim}} }
func note(text string) span    { return span{text, style{size: small}} }

// column collects wrapped lines of one width.
type column struct {
	width int
	scale int // in hundredths of the type scale; 0: as it is
	lines []line
}

const whole = 100 // the type scale as it is

// add wraps spans into the column, gap below what stands there.
func (c *column) add(gap int, spans ...span) {
	if c.scale != 0 && c.scale != whole {
		gap = gap * c.scale / whole
		for i := range spans {
			spans[i].size = max(spans[i].size*c.scale/whole, least)
		}
	}
	lines := wrap(c.width, spans...)
	if len(c.lines) > 0 {
		lines[0].gap = gap
	}
	c.lines = append(c.lines, lines...)
}

func heightOf(lines []line) int {
	h := 0
	for _, l := range lines {
		h += l.gap + l.height
	}
	return h
}

// fitting is how many of lines fit in room.
func fitting(lines []line, room int) int {
	h := 0
	for i, l := range lines {
		if h += l.gap + l.height; h > room {
			return i
		}
	}
	return len(lines)
}

// draw puts lines at x, from y down, and gives where they end.
func (p *Page) draw(x, y int, lines []line) int {
	for _, l := range lines {
		y += l.gap
		for _, r := range l.runs {
			p.Items = append(p.Items, Text{X: x + r.x, Y: y + l.drop, Size: r.size, Bold: r.bold, Grey: r.grey, Text: r.text})
		}
		y += l.height
	}
	return y
}

// sideBySide draws two columns from y down, and gives where the longer one ends.
func (p *Page) sideBySide(y int, left, right column) int {
	return max(p.draw(margin, y, left.lines), p.draw(pageWidth-margin-right.width, y, right.lines))
}

// rule draws a light hairline over the width of the content.
func (p *Page) rule(y int) {
	p.Items = append(p.Items, Rect{X: margin, Y: y, W: contentWidth, H: hairline, Grey: 190})
}

// frame draws the outline of a box, which shares its lines with the boxes beside it.
func (p *Page) frame(b box) {
	x, y, w, h := b.x, b.y, b.w+hairline, b.h+hairline
	p.Items = append(p.Items,
		Rect{X: x, Y: y, W: w, H: hairline}, Rect{X: x, Y: y + h - hairline, W: w, H: hairline},
		Rect{X: x, Y: y, W: hairline, H: h}, Rect{X: x + w - hairline, Y: y, W: hairline, H: h})
}

// right draws one line of text that ends at x.
func (p *Page) right(x, baseline int, s span) {
	p.Items = append(p.Items, Text{X: x - widthOf(s.text, s.size, s.bold), Y: baseline, Size: s.size, Bold: s.bold, Grey: s.grey, Text: s.text})
}

// document lays out the lines of each patient and prescriber on sheets of their own,
// one after the other.
func document[L any](titleKey string, lines []L, facts func(L) rx.Facts, layout func([]L) ([]Page, error)) (Document, error) {
	if len(lines) == 0 {
		return Document{}, rx.Fault(rx.CodeInternal).Because(errors.New("documents: no line"))
	}
	lang := facts(lines[0]).Language
	d := Document{Title: i18n.Text(lang, titleKey), Language: lang}
	for _, group := range contacts(lines, facts) {
		pages, err := layout(group)
		if err != nil {
			return Document{}, err
		}
		d.Pages = append(d.Pages, pages...)
	}
	return d, nil
}

// newPage is an empty A4; a simulated one bears the watermark beneath everything
// and says in its first line that it is worth nothing. y is where content begins.
func newPage(lang rx.Lang, simulated bool) (p Page, y int) {
	p = Page{Width: pageWidth, Height: pageHeight}
	y = margin
	if simulated {
		p.Items = append(p.Items, watermark(i18n.Text(lang, "profile.watermark"), box{0, 0, pageWidth, pageHeight}))
		c := column{width: contentWidth}
		c.add(0, bold(simulation(lang)))
		y = p.draw(margin, y, c.lines) + 150
	}
	return p, y
}

func simulation(lang rx.Lang) string {
	return i18n.Text(lang, "doc.simulation", "simulation", i18n.Text(lang, "profile.watermark"), "fictitious", i18n.Text(lang, "profile.fictitious"))
}

// watermark runs up the diagonal of b, in a grey that a scanner takes for white.
func watermark(text string, b box) Text {
	const (
		angle     = 55
		cos, sin  = 574, 819 // of the angle, in thousandths
		capHeight = 73       // of the type size, in hundredths
	)
	size := 1000 * b.w / pageWidth
	w, h := widthOf(text, size, true), points(size)*capHeight/100
	return Text{
		X:    b.x + b.w/2 - w*cos/2000 + h*sin/2000,
		Y:    b.y + b.h/2 + w*sin/2000 + h*cos/2000,
		Size: size, Bold: true, Grey: 228, Angle: angle, Text: text,
	}
}

// box is a rectangle in 0.01 mm; x, y is its top left corner.
type box struct{ x, y, w, h int }

// inside is what padding on all sides leaves of b.
func (b box) inside(padding int) box {
	return box{b.x + padding, b.y + padding, b.w - 2*padding, b.h - 2*padding}
}

// number writes "sheet n of total" at the foot of each page.
func number(lang rx.Lang, pages []Page) {
	for i := range pages {
		pages[i].right(pageWidth-margin, pageHeight-margin-points(small)/4,
			label(i18n.Text(lang, "doc.sheet", "n", i18n.Int(i+1), "total", i18n.Int(len(pages)))))
	}
}
