package documents

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// Form says on what a paper prescription is printed. The zero value is the plain
// sheet. It is kept as a setting, as JSON; lengths in it are in 0.1 mm, as a ruler
// measures them. Check tells what is wrong with it.
type Form struct {
	Kind  FormKind  `json:"kind,omitempty"`
	Paper FormPaper `json:"paper,omitempty"` // not for the plain sheet

	// The offset moves all that is printed to the right and down, as measured on the
	// test page.
	OffsetX int `json:"offset_x,omitempty"`
	OffsetY int `json:"offset_y,omitempty"`

	// Places of the doctor's own form, measured from its top left corner, instead of
	// those known here: the margins of the official model are not published.
	Places []Place `json:"places,omitempty"`

	Products        int     `json:"products,omitempty"`          // most products a form; 0: as many as fit. No legal number was found
	NoBarcode       bool    `json:"no_barcode,omitempty"`        // of a drawn form: the INAMI number in digits alone
	Padding         Padding `json:"padding,omitempty"`           // of that bar code
	NoForceMajeure  bool    `json:"no_force_majeure,omitempty"`  // no source asks for that note
	NoPrinterNotice bool    `json:"no_printer_notice,omitempty"` // nothing beside a drawn form
}

// Options are what a practice chooses about its documents, kept as one setting. The
// zero value is what is printed without one.
type Options struct {
	Form  Form      `json:"form"`
	Proof ProofLook `json:"proof"`
}

// Check tells what is wrong with o, with the path of each fault: rx.Faults, or nil.
func (o Options) Check() error {
	return append(o.Form.check("$.form"), o.Proof.check("$.proof")...).OrNil()
}

// ParseOptions reads a setting that was kept; "" is the zero value. What it cannot
// read it refuses (rx.CodeSettingUnread): a form must not come out on other paper than
// was chosen.
func ParseOptions(setting []byte) (o Options, err error) {
	if len(setting) == 0 {
		return o, nil
	}
	d := json.NewDecoder(bytes.NewReader(setting))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil || d.More() || o.Check() != nil {
		return Options{}, rx.Fault(rx.CodeSettingUnread)
	}
	return o, nil
}

// FormKind is how the form comes onto the paper.
type FormKind string

const (
	PlainSheet FormKind = ""        // A4, not the model: no third-party payer
	Overlay    FormKind = "overlay" // what is missing, onto the doctor's own pre-printed form
	Drawing    FormKind = "drawing" // the whole form, onto white paper
)

// FormKinds are the values of FormKind.
var FormKinds = []FormKind{PlainSheet, Overlay, Drawing}

// FormPaper is what goes through the printer: a form of 10.5 × 20 cm, or an A4 with
// two of them side by side at its top.
type FormPaper string

const (
	SingleForm FormPaper = ""
	TwoOnA4    FormPaper = "two-on-a4"
)

// FormPapers are the values of FormPaper.
var FormPapers = []FormPaper{SingleForm, TwoOnA4}

// Padding is where the 0 stands that makes the 11 digits of an INAMI number even.
type Padding string

const (
	PadFront Padding = ""
	PadEnd   Padding = "end"
)

// Paddings are the values of Padding.
var Paddings = []Padding{PadFront, PadEnd}

// Place is where one field of the form lies, in 0.1 mm from its top left corner.
type Place struct {
	Field Field `json:"field"`
	X     int   `json:"x"`
	Y     int   `json:"y"`
	W     int   `json:"w"`
	H     int   `json:"h"`
}

// least is what a place measures at least, in 0.1 mm.
func (f Field) least() box {
	switch f {
	case FieldProducts:
		return box{w: 450, h: 450}
	case FieldBarcode: // with the narrowest bars that a scan of 150 dpi shows
		return box{w: 350, h: 100}
	}
	return box{w: 30, h: 30}
}

// Check tells what is wrong with f, with the path of each fault: rx.Faults, or nil.
func (f Form) Check() error { return f.check("$").OrNil() }

func (f Form) check(root string) (faults rx.Faults) {
	fault := func(path string, code rx.Code, args ...string) {
		faults = append(faults, rx.Fault(code, args...).At(root+path[1:]))
	}
	within := func(path string, n, least, most int) {
		faults = append(faults, within(root+path[1:], n, least, most)...)
	}
	known(fault, "$.kind", f.Kind, FormKinds)
	known(fault, "$.paper", f.Paper, FormPapers)
	known(fault, "$.padding", f.Padding, Paddings)
	within("$.products", f.Products, 0, rx.MaxLines)
	if len(faults) > 0 {
		return faults
	}
	t := f.model()
	var seen []Field
	for i, p := range f.Places {
		at := "$.places[" + strconv.Itoa(i) + "]."
		fields := t.fields()
		if !slices.Contains(fields, p.Field) || slices.Contains(seen, p.Field) {
			fault(at+"field", rx.CodeNotInList, "list", list(slices.DeleteFunc(fields, func(f Field) bool { return slices.Contains(seen, f) })))
			continue
		}
		seen = append(seen, p.Field)
		least := p.Field.least()
		within(at+"x", p.X, 0, t.width/10-least.w)
		within(at+"y", p.Y, 0, t.height/10-least.h)
		within(at+"w", p.W, least.w, t.width/10-p.X)
		within(at+"h", p.H, least.h, t.height/10-p.Y)
	}
	if len(faults) > 0 {
		return faults
	}
	// What an offset moves off the paper would be cut.
	b := t.bounds(f)
	within("$.offset_x", f.OffsetX, -b.x/10, (t.page.w-b.x-b.w)/10)
	within("$.offset_y", f.OffsetY, -b.y/10, (t.page.h-b.y-b.h)/10)
	return faults
}

func within(path string, n, least, most int) rx.Faults {
	if n >= least && n <= most {
		return nil
	}
	return rx.Faults{rx.Fault(rx.CodeOutOfRange, "min", strconv.Itoa(least), "max", strconv.Itoa(most)).At(path)}
}

func known[T ~string](fault func(string, rx.Code, ...string), path string, word T, words []T) {
	if !slices.Contains(words, word) {
		fault(path, rx.CodeNotInList, "list", list(words))
	}
}

func list[T ~string](words []T) string {
	var all []string
	for _, w := range words {
		if w != "" {
			all = append(all, string(w))
		}
	}
	return strings.Join(all, ", ")
}

// Warning is what the doctor must know before choosing f, in any language of the
// screen: that the patient pays in full, or that INAMI asks not to print forms
// oneself. "" for the doctor's own forms.
func (f Form) Warning(lang rx.Lang) string {
	switch f.Kind {
	case PlainSheet:
		return i18n.Text(lang, "doc.paper.plain")
	case Drawing:
		return i18n.Text(lang, "doc.form.warning")
	}
	return ""
}

// Stock is how many of the doctor's own forms d takes, printed on this form.
func (f Form) Stock(d Document) int {
	if f.Kind != Overlay {
		return 0
	}
	return d.Forms
}
