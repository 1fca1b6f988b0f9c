package documents

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// Proof is a proof of electronic prescription.
//
// Sources: Recip-e's answer on the A4 model (mandatory since 1 February 2022: one
// product per prescription, several prescriptions a sheet, each with bar code,
// content, creation and end date); order of the parts and French words as published
// components have them. The Dutch and German words are ours.
type Proof struct {
	Lines     []ProofLine // of one patient or of several: each patient has sheets of their own
	Look      ProofLook
	Printed   time.Time // in the practice's zone: for the line at the foot
	Copy      int       // from 2, a reprint: for the same
	Simulated bool      // the watermark, and a line that says so
}

// ProofLook is what is not certain of the model, and so may be chosen: the legal
// millimetres of the code are not published, and four products a sheet are a custom.
// The zero value is what is printed without a choice.
type ProofLook struct {
	Products int `json:"products,omitempty"` // most a sheet, 1 to 4; 0: four
	Module   int `json:"module,omitempty"`   // of the RID's code in 0.01 mm, 25 to 45; 0: 34
	Height   int `json:"height,omitempty"`   // of it in 0.1 mm, 80 to 200; 0: 130

	// Foot is a discreet line at the foot of a sheet, for the practice: when it was
	// printed, and how often before. It says nothing to the pharmacist.
	Foot bool `json:"foot,omitempty"`
}

// Check tells what is wrong with l, with the path of each fault: rx.Faults, or nil.
func (l ProofLook) Check() error { return l.check("$").OrNil() }

func (l ProofLook) check(root string) (faults rx.Faults) {
	for _, n := range []struct {
		name                string
		chosen, least, most int
	}{{"products", l.Products, 1, perProof}, {"module", l.Module, 25, 45}, {"height", l.Height, 80, 200}} {
		if n.chosen != 0 {
			faults = append(faults, within(root+"."+n.name, n.chosen, n.least, n.most)...)
		}
	}
	return faults
}

// bars encodes a RID at the size that was chosen, still without a place.
func (l ProofLook) bars(rid rx.RID) (Bars, error) {
	b, err := code128Of(string(rid))
	if l.Module > 0 {
		b.Module = l.Module
	}
	if l.Height > 0 {
		b.Height = 10 * l.Height
	}
	return b, err
}

// ProofLine is one prescription that Recip-e has confirmed.
type ProofLine struct {
	Facts     rx.Facts
	RID       rx.RID
	Confirmed time.Time // when Recip-e's answer was adopted
}

var proofTells = telling{payer: true, issued: true, end: true}

const (
	perProof   = 4     // products a sheet
	leastBlock = 3_900 // height of a product's place: keeps codes apart
	besideCode = 800
	proofFoot  = pageHeight - margin - 500
)

// Layout makes the pages, in the language of the facts. A line without a sound RID
// that was confirmed is refused (rx.CodeNoProof, with the path of the line): no RID
// can be made here, and nothing would be behind it.
func (p Proof) Layout() (Document, error) {
	if err := p.check(); err != nil {
		return Document{}, err
	}
	return document("doc.proof.title", p.Lines, factsOf, p.pages)
}

func factsOf(l ProofLine) rx.Facts { return l.Facts }

func (p Proof) check() error {
	if err := p.Look.Check(); err != nil {
		return err
	}
	seen := map[rx.RID]bool{}
	for i, l := range p.Lines {
		if _, err := rx.ParseRID(string(l.RID)); err != nil || l.Confirmed.IsZero() || seen[l.RID] {
			return rx.Fault(rx.CodeNoProof).At(fmt.Sprintf("$.lines[%d].rid", i))
		}
		seen[l.RID] = true
	}
	return nil
}

// Batch is Layout for many patients, in documents of one language and about so many
// pages: a document is laid out when it is asked for, so that the memory of a batch
// is that of one of them. The sheets of a patient stay together. Nothing is laid out
// when a line is refused; an error ends the batch.
func (p Proof) Batch(pages int) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		if err := p.check(); err != nil {
			yield(Document{}, err)
			return
		}
		var d Document
		for _, lines := range contacts(p.Lines, factsOf) {
			next, err := document("doc.proof.title", lines, factsOf, p.pages)
			if err != nil {
				yield(Document{}, err)
				return
			}
			if len(d.Pages) > 0 && (d.Language != next.Language || len(d.Pages)+len(next.Pages) > pages) {
				if !yield(d, nil) {
					return
				}
				d = Document{}
			}
			next.Pages = append(d.Pages, next.Pages...)
			d = next
		}
		if len(d.Pages) > 0 {
			yield(d, nil)
		}
	}
}

// pages places the products of one patient from top to bottom, at most four a
// sheet, the code right and left by turns. One that does not fit goes to the next
// sheet as a whole; one that is longer than a sheet goes on there.
func (p Proof) pages(lines []ProofLine) ([]Page, error) {
	lang := lines[0].Facts.Language
	var pages []Page
	var page *Page
	most := perProof
	if p.Look.Products > 0 {
		most = p.Look.Products
	}
	y, onPage := 0, most
	turn := func() {
		next, top := p.begin(lines[0].Facts)
		pages = append(pages, next)
		page, y, onPage = &pages[len(pages)-1], top, 0
	}
	for i, l := range lines {
		code, err := p.Look.bars(l.RID)
		if err != nil {
			return nil, err
		}
		text := column{width: contentWidth - code.Width() - besideCode}
		text.add(0, label(i18n.Text(lang, "doc.product", "n", i18n.Int(i+1))))
		product(&text, l.Facts, proofTells)
		dates(&text, l.Facts, proofTells)
		if onPage == most || y+ruled+max(heightOf(text.lines), leastBlock) > proofFoot {
			if turn(); proofFoot-y < leastRoom+leastBlock {
				return nil, noRoom()
			}
		}
		quiet := quietModules * code.Module // hangs into the margin
		textX, codeX := margin, pageWidth-margin-code.Width()+quiet
		if onPage%2 == 1 {
			textX, codeX = pageWidth-margin-text.width, margin-quiet
		}
		n := fitting(text.lines, proofFoot-y-ruled)
		page.rule(y)
		page.code(lang, code, codeX, y+ruled, i+1)
		y = max(page.draw(textX, y+ruled, text.lines[:n]), y+ruled+leastBlock) + ruled
		onPage++
		for rest := text.lines[n:]; len(rest) > 0; rest = rest[n:] {
			turn()
			again := column{width: text.width}
			again.add(0, label(i18n.Text(lang, "doc.product.continued", "n", i18n.Int(i+1))))
			page.rule(y)
			y = page.draw(margin, y+ruled, again.lines)
			n = fitting(rest, proofFoot-y)
			y = page.draw(margin, y, rest[:n]) + ruled
			onPage++
		}
	}
	number(lang, pages)
	for i := range pages {
		if p.Look.Foot {
			p.foot(&pages[i], lang)
		}
	}
	return pages, nil
}

// foot puts a discreet line beside the number of the sheet.
func (p Proof) foot(page *Page, lang rx.Lang) {
	parts := []string{i18n.Text(lang, "doc.foot", "moment", i18n.Moment(lang, p.Printed))}
	if p.Copy > 1 {
		parts = append(parts, i18n.Text(lang, "doc.foot.reprint", "n", i18n.Int(p.Copy-1)))
	}
	parts = append(parts, i18n.Text(lang, "doc.proof.wording"))
	line := span{strings.Join(parts, " · "), style{size: least, grey: dim}}
	page.draw(margin, pageHeight-margin-points(small)/4-points(least), wrap(contentWidth-3_000, line))
}

// code draws the RID's bars with the number of the product above and the RID below.
func (p *Page) code(lang rx.Lang, b Bars, x, y, n int) {
	above := wrap(b.Width(), label(i18n.Text(lang, "doc.rid", "n", i18n.Int(n))))
	b.X, b.Y = x, p.draw(x+quietModules*b.Module, y, above)+near
	p.Items = append(p.Items, b)
	rid := heading(b.Content)
	p.draw(x+(b.Width()-widthOf(rid.text, rid.size, rid.bold))/2, b.Y+b.Height+near, wrap(b.Width(), rid))
}

// begin is a sheet with all that stands above the products.
func (p Proof) begin(f rx.Facts) (page Page, y int) {
	lang := f.Language
	page, y = newPage(lang, p.Simulated)
	top := column{width: contentWidth}
	top.add(0, span{i18n.Text(lang, "doc.proof.title"), style{size: title, bold: true}})
	top.add(200, plain(i18n.Text(lang, "doc.proof.instruction")))
	top.add(250, span{i18n.Text(lang, "doc.proof.lost"), style{size: small, bold: true}})
	top.add(near, note("1. "+i18n.Text(lang, "doc.proof.lost.app")))
	top.add(near, note("2. "+i18n.Text(lang, "doc.proof.lost.card")))
	y = page.draw(margin, y, top.lines) + 350
	page.rule(y)

	left, right := column{width: halfWidth}, column{width: halfWidth}
	left.add(0, label(i18n.Text(lang, "doc.prescriber")))
	left.add(near, heading(prescriber(f.Practice)))
	left.add(near, plain(i18n.Text(lang, "doc.nihii")), plain(f.Practice.Prescriber.NIHII.Dashed()))
	right.add(0, label(i18n.Text(lang, "doc.beneficiary")))
	patientName(&right, f.Patient)
	right.add(near, plain(i18n.Text(lang, "doc.ssin")), plain(f.Patient.SSIN.Dotted()))
	y = page.sideBySide(y+ruled, left, right) + 350

	return page, page.draw(margin, y, wrap(contentWidth, heading(i18n.Text(lang, "doc.proof.content")))) + 200
}

// leastRoom is what the head must leave for products: two lines. No facts that
// rx.Check lets through need more.
const leastRoom = 1_200

func noRoom() error {
	return rx.Fault(rx.CodeInternal).Because(errors.New("documents: the head leaves no room for a product"))
}
