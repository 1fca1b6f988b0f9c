package documents

import (
	"relais/app/i18n"
	"relais/app/rx"
)

// flow writes rows down a page and onto the next ones. Each page begins with its head.
type flow struct {
	lang  rx.Lang
	begin func() (Page, int) // a page with its head, and where content begins
	pages []Page
	y     int
}

// cell is a column of a row, at x from the left margin.
type cell struct {
	x int
	column
}

const flowFoot = pageHeight - margin - 700

// page is the one that is written to.
func (f *flow) page() *Page {
	if len(f.pages) == 0 {
		f.turn()
	}
	return &f.pages[len(f.pages)-1]
}

func (f *flow) turn() {
	page, y := f.begin()
	f.pages, f.y = append(f.pages, page), y
}

// text writes lines over the whole width, gap below what stands there.
func (f *flow) text(gap int, spans ...span) {
	c := column{width: contentWidth}
	c.add(0, spans...)
	f.row(gap, false, cell{0, c})
}

// row writes cells beside one another, under a rule if wanted: on one page if they fit
// one, else each goes on on the next.
func (f *flow) row(gap int, rule bool, cells ...cell) {
	need, above := 0, 0
	for _, c := range cells {
		need = max(need, heightOf(c.lines))
	}
	if rule {
		above = ruled
	}
	f.page()
	if _, top := f.begin(); f.y+gap+above+need > flowFoot && f.y > top {
		f.turn()
		gap = 0
	}
	f.y += gap
	for more := true; more; {
		if more = false; rule {
			f.page().rule(f.y)
		}
		y, end := f.y+above, 0
		for i := range cells {
			n := fitting(cells[i].lines, flowFoot-y)
			end = max(end, f.page().draw(margin+cells[i].x, y, cells[i].lines[:n]))
			cells[i].lines = cells[i].lines[n:]
			more = more || len(cells[i].lines) > 0
		}
		if f.y = end; more {
			f.turn()
		}
	}
}

// document numbers the pages.
func (f *flow) document(titleKey string) Document {
	f.page()
	number(f.lang, f.pages)
	return Document{Title: i18n.Text(f.lang, titleKey), Language: f.lang, Pages: f.pages}
}

// head is what a page of a flow begins with: its title and what it is of.
func head(lang rx.Lang, simulated bool, titleKey string, below ...string) func() (Page, int) {
	return func() (Page, int) {
		page, y := newPage(lang, simulated)
		c := column{width: contentWidth}
		c.add(0, span{i18n.Text(lang, titleKey), style{size: title, bold: true}})
		for _, line := range below {
			c.add(near, plain(line))
		}
		return page, page.draw(margin, y, c.lines) + 350
	}
}
