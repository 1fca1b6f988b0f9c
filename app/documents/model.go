package documents

import (
	"slices"

	"relais/app/i18n"
	"relais/app/rx"
)

// Field names a place of the paper prescription.
type Field string

const (
	FieldSimulation Field = "simulation"    // that it is worth nothing; empty in earnest
	FieldTitle      Field = "title"         // of the plain sheet
	FieldMark       Field = "mark"          // of the plain sheet: what it is not
	FieldBarcode    Field = "inami-barcode" // the INAMI number, bars and digits
	FieldPrescriber Field = "prescriber"    // name and first name; on the plain sheet all of them
	FieldPatient    Field = "patient"       // name, first name, birth
	FieldVignette   Field = "vignette"      // the pharmacist's
	FieldProducts   Field = "products"      // R/
	FieldNotes      Field = "notes"         // contact, reason
	FieldStamp      Field = "stamp"         // empty
	FieldDate       Field = "date"          // empty
	FieldSignature  Field = "signature"     // empty; on the model with the date
	FieldEnd        Field = "end-date"      // last day of execution
	FieldFoot       Field = "foot"          // since when the model applies
	FieldSheet      Field = "sheet"         // n of total
)

// place is one row of a model: where a field lies, and who fills it.
type place struct {
	field   Field
	box     box
	framed  bool                 // in a drawing
	label   string               // key of the catalogue, "" none
	printed bool                 // on the doctor's own form
	write   func(*column, sheet) // nil: left empty
	bars    bool                 // of the INAMI number
}

// model is a form as a table of places, in the order of reading.
type model struct {
	width, height int   // of the form
	page          box   // of the paper, its corner at 0, 0
	at            []box // top left corners of the forms on a page
	places        []place
	drawn         bool // with frames, labels and what else is pre-printed
	scale         int  // of the type scale
	mark          int  // width of a product's number
	gap           int  // between a rule and text
	tell          telling
}

const formWidth, formHeight = 10_500, 20_000

// The form of RD 8 June 1994, annex 1, as replaced on 15 October 2019: 10.5 × 20 cm,
// the rows from top to bottom as one public generator of the form rebuilt them. The
// annex is a picture that gives no millimetres: what lies where is ours, and Form.Places
// sets it right for a form that was measured.
var modelPlaces = []place{
	{field: FieldSimulation, box: box{500, 500, 9_500, 1_000}, write: simulated},
	{field: FieldBarcode, box: box{500, 2_700, 4_640, 1_800}, framed: true, printed: true, bars: true},
	{field: FieldPrescriber, box: box{5_140, 2_700, 4_860, 1_800}, framed: true, label: "doc.form.prescriber", printed: true, write: prescriberName},
	{field: FieldPatient, box: box{500, 4_500, 9_500, 1_700}, framed: true, label: "doc.form.patient", write: patient},
	{field: FieldVignette, box: box{500, 6_200, 3_200, 9_300}, framed: true, label: "doc.form.vignette", printed: true},
	{field: FieldProducts, box: box{3_700, 6_200, 6_300, 7_500}, framed: true, label: "doc.form.rx"},
	{field: FieldNotes, box: box{3_700, 13_700, 6_300, 1_800}, framed: true, write: notes},
	{field: FieldStamp, box: box{500, 15_500, 4_640, 3_600}, framed: true, label: "doc.paper.stamp", printed: true},
	{field: FieldSignature, box: box{5_140, 15_500, 4_860, 2_500}, framed: true, label: "doc.form.signature", printed: true},
	{field: FieldEnd, box: box{5_140, 18_000, 4_860, 1_100}, framed: true, label: "doc.form.end", write: endDate},
	{field: FieldFoot, box: box{620, 19_160, 9_260, 400}, printed: true, write: foot},
}

// The plain sheet says the same, and what it is not.
var plainPlaces = []place{
	{field: FieldSimulation, box: box{margin, margin, contentWidth, 550}, write: simulated},
	{field: FieldTitle, box: box{margin, 2_100, contentWidth, 900}, write: func(c *column, s sheet) {
		c.add(0, span{i18n.Text(s.lang, "doc.paper.title"), style{size: title, bold: true}})
	}},
	{field: FieldMark, box: box{margin, 3_100, contentWidth, 950}, framed: true, write: func(c *column, s sheet) {
		c.add(0, bold(i18n.Text(s.lang, "doc.paper.plain")))
	}},
	{field: FieldPrescriber, box: box{margin, 4_400, halfWidth, 4_500}, label: "doc.prescriber", write: prescriberWhole},
	{field: FieldPatient, box: box{pageWidth - margin - halfWidth, 4_400, halfWidth, 4_500}, label: "doc.patient", write: patient},
	{field: FieldProducts, box: box{margin, 8_900, contentWidth, 14_000}},
	{field: FieldNotes, box: box{margin, 22_900, contentWidth, 1_200}, write: func(c *column, s sheet) {
		s.why(c)
		c.add(near, note(i18n.Text(s.lang, "doc.paper.by-hand")))
	}},
	{field: FieldStamp, box: box{margin, 24_100, 5_800, 3_600}, framed: true, label: "doc.paper.stamp"},
	{field: FieldDate, box: box{margin + 6_100, 24_100, 5_800, 3_600}, framed: true, label: "doc.paper.date"},
	{field: FieldSignature, box: box{margin + 12_200, 24_100, 5_800, 3_600}, framed: true, label: "doc.paper.signature"},
	{field: FieldSheet, box: box{pageWidth - margin - 2_000, 27_800, 2_000, 400}, write: func(c *column, s sheet) {
		c.add(0, label(s.count()))
	}},
}

// model of the form that is chosen, with its own places.
func (f Form) model() model {
	m := model{
		width: formWidth, height: formHeight, page: box{w: formWidth, h: formHeight}, at: []box{{}},
		places: modelPlaces, drawn: f.Kind == Drawing, scale: 80, mark: 620, gap: 100, tell: telling{words: true, payer: true},
	}
	if f.Paper == TwoOnA4 {
		m.page, m.at = box{w: pageWidth, h: pageHeight}, []box{{}, {x: formWidth}}
	}
	if f.Kind == PlainSheet {
		m = model{
			width: pageWidth, height: pageHeight, page: box{w: pageWidth, h: pageHeight}, at: []box{{}},
			places: plainPlaces, drawn: true, scale: whole, mark: 800, gap: ruled, tell: telling{words: true, end: true},
		}
	}
	if len(f.Places) > 0 {
		m.places = slices.Clone(m.places)
		for i := range m.places {
			for _, own := range f.Places {
				if own.Field == m.places[i].field {
					m.places[i].box = box{own.X * 10, own.Y * 10, own.W * 10, own.H * 10}
				}
			}
		}
	}
	return m
}

func (m model) fields() (all []Field) {
	for _, p := range m.places {
		all = append(all, p.field)
	}
	return all
}

func (m model) place(f Field) place {
	for _, p := range m.places {
		if p.field == f {
			return p
		}
	}
	return place{}
}

// here tells that p is printed: on the doctor's own form only what is not there.
func (m model) here(p place) bool { return m.drawn || !p.printed }

// bounds are the box around all that is printed on a page.
func (m model) bounds(f Form) box {
	x0, y0, x1, y1 := m.page.w, m.page.h, 0, 0
	for _, at := range m.at {
		for _, p := range m.places {
			if m.here(p) {
				x0, y0 = min(x0, at.x+p.box.x), min(y0, at.y+p.box.y)
				x1, y1 = max(x1, at.x+p.box.x+p.box.w), max(y1, at.y+p.box.y+p.box.h)
			}
		}
	}
	if f.notice() {
		y1 = noticeTop + noticeHeight
	}
	return box{x0, y0, x1 - x0, y1 - y0}
}

// What stands in the places.

func simulated(c *column, s sheet) {
	if s.simulated {
		c.add(0, bold(simulation(s.lang)))
	}
}

func prescriberName(c *column, s sheet) { c.add(0, heading(prescriber(s.facts.Practice))) }

// prescriberWhole is all that a paper must say of who prescribes (RD of 10 August
// 2005 as amended on 10 June 2014): the plain sheet has a place for it.
func prescriberWhole(c *column, s sheet) {
	p := s.facts.Practice
	prescriberName(c, s)
	c.add(near, plain(p.Prescriber.Qualification))
	c.add(near, plain(p.Address.Street+" "+p.Address.Number))
	c.add(near, plain(p.Address.Zip+" "+p.Address.City))
	c.add(near, plain(i18n.Text(s.lang, "doc.phone")), plain(p.Phone))
	c.add(near, plain(i18n.Text(s.lang, "doc.email")), plain(p.Email))
	c.add(near, plain(i18n.Text(s.lang, "doc.nihii")), plain(p.Prescriber.NIHII.Dashed()))
}

func patient(c *column, s sheet) {
	patientName(c, s.facts.Patient)
	birth(c, s.lang, s.facts.Patient, rx.DateOf(s.facts.Issued))
}

// notes say what the model has no field for: the rest of prescriberWhole, and why paper.
func notes(c *column, s sheet) {
	p := s.facts.Practice
	small := func(text string) span { return note(text) }
	c.add(0, small(p.Prescriber.Qualification), small("·"), small(p.Address.Street+" "+p.Address.Number+","), small(p.Address.Zip+" "+p.Address.City))
	c.add(0, small(i18n.Text(s.lang, "doc.phone")), small(p.Phone), small("·"), small(i18n.Text(s.lang, "doc.email")), small(p.Email))
	s.why(c)
}

func endDate(c *column, s sheet) { c.add(near, bold(i18n.Date(s.end))) }

func foot(c *column, s sheet) { c.add(0, note(i18n.Text(s.lang, "doc.form.foot"))) }
