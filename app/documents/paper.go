package documents

import (
	"fmt"
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// Paper is a paper prescription on a plain sheet: valid in public-health law, but
// not the INAMI model, so that the patient pays in full. It says so. It never bears
// a RID: a product has an electronic prescription or a paper one (abolition of the
// duplicate, 1 January 2017).
//
// Mandatory content: RD of 10 August 2005 as amended on 10 June 2014. Date,
// signature and stamp are left to the doctor's hand.
type Paper struct {
	Lines     []PaperLine    // of one patient or of several: each patient has sheets of their own
	Reason    rx.PaperReason // printed only when given
	Simulated bool           // the watermark, and a line that says so
}

// PaperLine is one prescription that was claimed for paper.
type PaperLine struct {
	Facts rx.Facts
	Copy  int // from 2: the sheet replaces the copy before, which was destroyed
	// Unanswered is the moment of an electronic attempt without an answer, in the
	// practice's zone; zero when there was none. The pharmacist is told.
	Unanswered time.Time
}

const (
	fieldsHeight = 3_600
	fieldsTop    = pageHeight - margin - 500 - fieldsHeight
	numberWidth  = 800
	endHeight    = 1_000 // of the line that closes a sheet
)

// Layout makes the sheets, in the language of the facts: as many products each as
// fit, every sheet complete in itself, to be dated, signed and stamped.
func (p Paper) Layout() (Document, error) {
	return document("doc.paper.title", p.Lines, func(l PaperLine) rx.Facts { return l.Facts }, p.pages)
}

func (p Paper) pages(lines []PaperLine) ([]Page, error) {
	lang := lines[0].Facts.Language
	var pages []Page
	var page *Page
	y, top, bottom := 0, 0, 0
	end := func(text string) { // closes a sheet: nothing can be written in below
		page.rule(y)
		page.draw(margin+numberWidth, y+100, wrap(contentWidth-numberWidth, note(text)))
	}
	turn := func() {
		if len(pages) > 0 {
			end(i18n.Text(lang, "doc.paper.more", "n", i18n.Int(len(pages)+1)))
		}
		next, content, fields := p.begin(lines[0].Facts)
		pages = append(pages, next)
		page, y, top, bottom = &pages[len(pages)-1], content, content, fields-endHeight
	}
	if turn(); bottom-top < leastRoom {
		return nil, noRoom()
	}
	for i, l := range lines {
		text := column{width: contentWidth - numberWidth}
		product(&text, l.Facts, true)
		dates(&text, l.Facts, true)
		p.notes(&text, l)
		if y > top && y+ruled+heightOf(text.lines)+ruled > bottom {
			turn()
		}
		mark := fmt.Sprintf("%d.", i+1)
		for rest := text.lines; ; turn() {
			page.rule(y)
			page.draw(margin, y+ruled, wrap(numberWidth, heading(mark)))
			n := fitting(rest, bottom-y-2*ruled)
			y = page.draw(margin+numberWidth, y+ruled, rest[:n]) + ruled
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
			mark = fmt.Sprintf("%d …", i+1)
		}
	}
	end(i18n.Count(lang, "doc.paper.end", len(lines), "words", i18n.InWords(lang, rx.Decimal(len(lines))*1000)))
	return pages, nil
}

// notes are what the pharmacist must know of this sheet.
func (p Paper) notes(c *column, l PaperLine) {
	lang := l.Facts.Language
	if l.Copy > 1 {
		c.add(far, bold(i18n.Text(lang, "doc.paper.copy", "n", i18n.Int(l.Copy), "old", i18n.Int(l.Copy-1))))
	}
	if !l.Unanswered.IsZero() {
		c.add(far, bold(i18n.Text(lang, "doc.paper.pharmacist")),
			plain(i18n.Text(lang, "doc.paper.forced", "moment", i18n.Moment(lang, l.Unanswered))))
	}
}

// begin is a sheet with what stands above and below the products, which go from
// content to fields.
func (p Paper) begin(f rx.Facts) (page Page, content, fields int) {
	lang := f.Language
	page, y := newPage(lang, p.Simulated)
	y = page.draw(margin, y, wrap(contentWidth, span{i18n.Text(lang, "doc.paper.title"), style{size: title, bold: true}})) + 200

	inside := wrap(contentWidth-400, bold(i18n.Text(lang, "doc.paper.plain")))
	page.frame(margin, y, contentWidth, heightOf(inside)+300)
	y = page.draw(margin+200, y+150, inside) + 500

	left, right := column{width: halfWidth}, column{width: halfWidth}
	prescriber(&left, lang, f.Practice, true)
	patientName(&right, i18n.Text(lang, "doc.patient"), f.Patient)
	birth(&right, lang, f.Patient, rx.DateOf(f.Issued))
	content = page.sideBySide(y, left, right) + 350

	return page, content, p.fields(&page, lang)
}

// fields are the three empty boxes at the foot of a sheet, above them what the hand
// must do, and why paper. Nothing is printed in them: date and signature are by the
// prescriber's own hand (INAMI's list of who fills what).
func (p Paper) fields(page *Page, lang rx.Lang) (top int) {
	c := column{width: contentWidth}
	if p.Reason != "" {
		c.add(0, note(i18n.Text(lang, "doc.paper.reason", "reason", i18n.Text(lang, "paper-reason."+string(p.Reason)))))
	}
	c.add(near, note(i18n.Text(lang, "doc.paper.by-hand")))
	top = fieldsTop - heightOf(c.lines) - 100
	page.draw(margin, top, c.lines)

	const gap, w = 300, (contentWidth - 2*300) / 3
	for i, name := range []string{i18n.Text(lang, "doc.paper.stamp"), i18n.Text(lang, "doc.paper.date"), i18n.Text(lang, "doc.paper.signature")} {
		x := margin + i*(w+gap)
		page.frame(x, fieldsTop, w, fieldsHeight)
		page.draw(x+150, fieldsTop+120, wrap(w-300, label(name)))
	}
	return top
}
