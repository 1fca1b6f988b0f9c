package documents

import (
	"strconv"

	"relais/app/i18n"
	"relais/app/rx"
)

// PharmacistSheet is a page for the pharmacist: what a proof, a form and a plain sheet
// of this practice allow, and what holds in an outage, with its sources and their day.
type PharmacistSheet struct {
	Language rx.Lang
	Practice rx.Practice
}

// The parts of the sheet with the number of sentences of each.
var pharmacistParts = []struct {
	key string
	n   int
}{{"proof", 3}, {"outage", 3}, {"paper", 4}, {"unsure", 2}}

// Layout makes its one page.
func (s PharmacistSheet) Layout() (Document, error) {
	lang, p := s.Language, s.Practice
	f := flow{lang: lang, begin: head(lang, false, "doc.pharmacist.title", i18n.Text(lang, "doc.pharmacist.subtitle"))}
	for _, part := range pharmacistParts {
		key := "doc.pharmacist." + part.key
		f.text(2*ruled, heading(i18n.Text(lang, key)))
		for i := range part.n {
			f.bullet(plain(i18n.Text(lang, key+"."+strconv.Itoa(i+1))))
		}
	}
	f.text(2*ruled, heading(i18n.Text(lang, "doc.pharmacist.call")))
	f.text(near, bold(prescriber(p)), plain("·"), plain(p.Address.Street+" "+p.Address.Number+", "+p.Address.Zip+" "+p.Address.City))
	f.text(near, plain(i18n.Text(lang, "doc.phone")), bold(p.Phone), plain("·"), plain(i18n.Text(lang, "doc.nihii")), plain(p.Prescriber.NIHII.Dashed()))
	f.text(2*ruled, note(i18n.Text(lang, "doc.pharmacist.sources")))
	for _, source := range pharmacistSources {
		f.bullet(note(source))
	}
	return f.document("doc.pharmacist.title"), nil
}

// pharmacistSources are the public pages that the sentences restate.
var pharmacistSources = []string{
	"recip-e.be/ufaqs/la-preuve-de-prescription-electronique-quest-ce-que-cest",
	"recip-e.be/nl/profielen/gezondheidszorgbeoefenaars/apothekers",
	"klav.be/klavinfo/fr/dossiers/recip-e/preuve-d-une-prescription-lectronique",
	"inami.fgov.be : nouveaux modèles de prescription; obligation de prescrire de façon électronique",
	"cbip.be/fr/duree-de-validite-des-prescriptions-ce-qui-change-a-partir-du-1er-novembre-2019",
}

// bullet is a paragraph behind a dot.
func (f *flow) bullet(s span) {
	c, dot := column{width: contentWidth - 500}, column{width: 400}
	c.add(0, s)
	dot.add(0, span{"•", s.style})
	f.row(near, false, cell{0, dot}, cell{500, c})
}

// Poster is for the waiting room: keep your proof.
type Poster struct {
	Language rx.Lang
	Practice rx.Practice
}

// Layout makes its one page, to be read from two metres.
func (s Poster) Layout() (Document, error) {
	const (
		top   = 2_600
		words = 540 // tenths of a point
		text  = 240
	)
	lang := s.Language
	page := Page{Width: pageWidth, Height: pageHeight}
	page.Items = append(page.Items, Rect{X: 0, Y: 0, W: pageWidth, H: 1_200, Grey: 60}, Rect{X: 0, Y: pageHeight - 600, W: pageWidth, H: 600, Grey: 60})
	c := column{width: contentWidth}
	c.add(0, span{i18n.Text(lang, "doc.poster.keep"), style{size: words, bold: true}})
	c.add(1_000, span{i18n.Text(lang, "doc.poster.what"), style{size: text}})
	for i := range 4 {
		c.add(900, span{i18n.Text(lang, "doc.poster."+strconv.Itoa(i+1)), style{size: text, bold: i == 0}})
	}
	c.add(900, label(prescriber(s.Practice)))
	page.draw(margin, top, c.lines)
	return Document{Title: i18n.Text(lang, "doc.poster.keep"), Language: lang, Pages: []Page{page}}, nil
}
