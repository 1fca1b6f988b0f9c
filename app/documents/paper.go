package documents

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// CodeFormTooSmall says that the places of the doctor's own form leave no room for a
// product beside what every form must say.
const CodeFormTooSmall rx.Code = "form-too-small"

// Paper is a paper prescription. It never bears a RID: a product has an electronic
// prescription or a paper one (abolition of the duplicate, 1 January 2017).
//
// On a plain sheet it is valid in public-health law, but not the INAMI model, so that
// the patient pays in full; it says so. Mandatory content: RD of 10 August 2005 as
// amended on 10 June 2014; of narcotics and listed psychotropics also RD of 6 September
// 2017. Date, signature and stamp are left to the doctor's hand.
type Paper struct {
	Lines     []PaperLine    // of one patient or of several: each patient has sheets of their own
	Reason    rx.PaperReason // printed only when given
	Form      Form           // on what; the zero value is the plain sheet
	Right     bool           // of the first A4 with two forms the left one was used before
	Simulated bool           // the watermark, and a line that says so
}

// PaperLine is one prescription that was claimed for paper.
type PaperLine struct {
	Facts rx.Facts
	Copy  int // from 2: the sheet replaces the copy before, which was destroyed
	// Unanswered is the moment of an electronic attempt without an answer, in the
	// practice's zone; zero when there was none. The pharmacist is told.
	Unanswered time.Time
	// NothingElectronic is said only when it is proven that Recip-e has nothing of it
	// and that nothing can still arrive there.
	NothingElectronic bool
}

// forceMajeure are the reasons that are one (INAMI's exceptions (c) with their
// protocol); who prescribes outside the practice or is 64 needs none.
var forceMajeure = []rx.PaperReason{"outage-recipe", "outage-ehealth", "own-system", "own-line", "urgent", "no-ssin-newborn", "no-ssin-foreign", "no-ssin-pending"}

// sheet is one form and what stands on it.
type sheet struct {
	lang      rx.Lang
	facts     rx.Facts // of its first product, for what all of them share
	reason    rx.PaperReason
	bars      *Bars // of the INAMI number, nil: digits alone
	none      bool  // force majeure, and nothing electronic of any of them
	simulated bool
	n, total  int // of the patient's
	end       rx.Date
	entries   []entry
	closed    []line // below the last product: nothing can be written in
}

// entry is a product on a form, or a part of it, y from the top of its products.
type entry struct {
	y     int
	mark  string
	lines []line
}

// count is "sheet n of total".
func (s sheet) count() string {
	return i18n.Text(s.lang, "doc.sheet", "n", i18n.Int(s.n), "total", i18n.Int(s.total))
}

// why says why paper.
func (s sheet) why(c *column) {
	if s.reason != "" {
		c.add(near, note(i18n.Text(s.lang, "doc.paper.reason", "reason", i18n.Text(s.lang, "paper-reason."+string(s.reason)))))
	}
	if s.none {
		c.add(near, span{i18n.Text(s.lang, "doc.paper.force-majeure"), style{size: small, bold: true}})
	}
}

// Layout makes the sheets, in the language of the facts: as many products each as
// fit, every sheet complete in itself, to be dated, signed and stamped. A form that
// Check refuses is refused; one whose own places have no room, with CodeFormTooSmall.
func (p Paper) Layout() (Document, error) {
	if err := p.Form.Check(); err != nil {
		return Document{}, err
	}
	forms, used := 0, 0
	if p.Right && len(p.Form.model().at) > 1 {
		used = 1
	}
	d, err := document("doc.paper.title", p.Lines, func(l PaperLine) rx.Facts { return l.Facts }, func(lines []PaperLine) ([]Page, error) {
		pages, n, err := p.pages(lines, used)
		forms, used = forms+n, 0
		return pages, err
	})
	d.Forms = forms
	return d, err
}

// pages are the forms of one patient, the first behind so many places of its page that were used before.
func (p Paper) pages(lines []PaperLine, used int) (pages []Page, forms int, err error) {
	m := p.Form.model()
	first := sheet{lang: lines[0].Facts.Language, facts: lines[0].Facts, reason: p.Reason, simulated: p.Simulated, none: p.noneOf(lines...)}
	if first.bars, err = p.Form.bars(first.facts.Practice.Prescriber.NIHII); err != nil {
		return nil, 0, err
	}
	head, rest := m.displaced(first)
	area := m.products(first.lang)
	area.y += head.height + m.gap
	area.h -= head.height + m.gap
	sheets, err := p.part(m, first, lines, area, rest)
	if err != nil {
		return nil, 0, err
	}
	for i := range sheets {
		sheets[i].n, sheets[i].total = i+1, len(sheets)
		place := (i + used) % len(m.at)
		if len(pages) == 0 || place == 0 {
			pages = append(pages, Page{Width: m.page.w, Height: m.page.h})
			if p.Form.notice() {
				pages[len(pages)-1].notice(first.lang)
			}
		}
		page := &pages[len(pages)-1]
		form := Page{}
		m.draw(&form, sheets[i], area, head)
		at := m.at[place]
		page.Items = append(page.Items, moved(form.Items, at.x, at.y)...)
	}
	for i := range pages {
		pages[i].Items = moved(pages[i].Items, p.Form.OffsetX*10, p.Form.OffsetY*10)
	}
	return pages, len(sheets), nil
}

// bars of the INAMI number; nil: in digits alone.
func (f Form) bars(n rx.NIHII) (*Bars, error) {
	if f.Kind != Drawing || f.NoBarcode {
		return nil, nil
	}
	b, err := interleavedOf(n, f.Padding)
	return &b, err
}

// noneOf tells that the note on force majeure stands for all of lines.
func (p Paper) noneOf(lines ...PaperLine) bool {
	return !p.Form.NoForceMajeure && slices.Contains(forceMajeure, p.Reason) &&
		!slices.ContainsFunc(lines, func(l PaperLine) bool { return !l.NothingElectronic || !l.Unanswered.IsZero() })
}

// part puts the products onto forms, before the first one the lines of before.
func (p Paper) part(m model, first sheet, lines []PaperLine, area box, before []line) (sheets []sheet, err error) {
	lang := first.lang
	width := area.w - m.mark
	closing := func(text string) []line {
		c := column{width: width, scale: m.scale}
		c.add(0, note(text))
		return c.lines
	}
	more := func() []line { return closing(i18n.Text(lang, "doc.paper.more", "n", i18n.Int(len(sheets)+1))) }
	end := closing(i18n.Count(lang, "doc.paper.end", len(lines), "words", i18n.InWords(lang, rx.Decimal(len(lines))*1000)))
	room := area.h - max(heightOf(end), heightOf(more())) - m.gap
	tell := m.tell
	if m.place(FieldEnd).write == nil {
		tell.end = true
	}

	var s *sheet
	y := 0
	turn := func(l PaperLine) {
		if s != nil {
			s.closed = more()
		}
		next := first
		next.end = l.Facts.Content.Expires
		sheets = append(sheets, next)
		s, y = &sheets[len(sheets)-1], 0
	}
	// put adds text, on as many forms as it takes; whole on the next if it fits there.
	put := func(l PaperLine, text []line, mark string, next bool) error {
		if s == nil || next && len(s.entries) > 0 {
			turn(l)
		}
		for ; ; turn(l) {
			n := fitting(text, room-y-2*m.gap)
			if n == 0 && y == 0 {
				return rx.Fault(CodeFormTooSmall)
			}
			if n > 0 {
				s.entries = append(s.entries, entry{y, mark, text[:n]})
				y += m.gap + heightOf(text[:n]) + m.gap
				mark = strings.Replace(mark, ".", "…", 1)
			}
			if text = text[n:]; len(text) == 0 {
				return nil
			}
		}
	}
	if len(before) > 0 {
		if err := put(lines[0], before, "", false); err != nil {
			return nil, err
		}
	}
	for i, l := range lines {
		text := column{width: width, scale: m.scale}
		product(&text, l.Facts, tell)
		dates(&text, l.Facts, tell)
		p.notes(&text, first, l)
		next := s != nil && (y+m.gap+heightOf(text.lines)+m.gap > room || p.Form.Products > 0 && len(s.entries) >= p.Form.Products ||
			!tell.end && s.end != l.Facts.Content.Expires) // the form has one end date
		if err := put(l, text.lines, fmt.Sprintf("%d.", i+1), next); err != nil {
			return nil, err
		}
	}
	s.closed = end
	return sheets, nil
}

// notes are what the pharmacist must know of this product's sheet.
func (p Paper) notes(c *column, first sheet, l PaperLine) {
	lang := l.Facts.Language
	if l.Copy > 1 {
		c.add(far, bold(i18n.Text(lang, "doc.paper.copy", "n", i18n.Int(l.Copy), "old", i18n.Int(l.Copy-1))))
	}
	if !l.Unanswered.IsZero() {
		c.add(far, span{i18n.Text(lang, "doc.paper.pharmacist"), style{size: small, bold: true}},
			note(i18n.Text(lang, "doc.paper.forced", "moment", i18n.Moment(lang, l.Unanswered))))
	}
	if !first.none && p.noneOf(l) {
		c.add(near, bold(i18n.Text(lang, "doc.paper.force-majeure")))
	}
}
