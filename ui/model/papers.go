package model

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"relais/app/documents"
	"relais/app/i18n"
	"relais/app/rx"
)

// documentsSetting is where documents.Options are kept.
const documentsSetting = "documents"

// printKinds are the types of documents that have a printer of their own.
var printKinds = []string{"form", "proof", "report", "test"}

// Door is where the printers of this computer are told of, and where documents of a kind go.
type Door interface {
	Printers(ctx context.Context, each func(name, info string, usual bool, trays []string)) error
	PrintsOn(ctx context.Context, kind string) (printer, tray string, err error)
	SetPrintsOn(ctx context.Context, kind, printer, tray string) error
}

// Papers are what the practice chose about its documents: the form, how it comes onto the paper, and printer and tray of
// each kind.
type Papers struct {
	env      *Env
	door     Door
	read     bool
	unread   bool // what is kept could not be read whole: it is written anew
	options  documents.Options
	printers []printer
	on       map[string][2]string // printer and tray of a kind
	stock    *rx.FormStock        // of forms; nil: it cannot be read
	absent   error                // why printers cannot be told of
	form     *papersForm          // nil: not being changed
	notes    []note
	reading  loader
	focus    func(Field)
}

type printer struct {
	name, label string
	trays       []string
}

// papersForm is what is being changed: what is chosen, in the words of the settings, and typed.
type papersForm struct {
	values map[string]string
	saving bool
	notes  []note
	faults rx.Faults
}

// papersFields are the inputs in their order: the name of each, and the path of its faults.
var papersFields = []papersField{
	{"kind", "$.form.kind", "ui.papers.kind.", []string{"plain", "overlay", "drawing"}},
	{"paper", "$.form.paper", "ui.papers.paper.", []string{"single", "two-on-a4"}},
	{"offset-x", "$.form.offset_x", "", nil},
	{"offset-y", "$.form.offset_y", "", nil},
	{"barcode", "", "ui.papers.", []string{"on", "off"}},
	{"force", "", "ui.papers.", []string{"on", "off"}},
	{"foot", "", "ui.papers.", []string{"off", "on"}},
	{"stock", "$.forms", "", nil},
	{"low", "$.low", "", nil},
}

type papersField struct {
	name, path string
	words      string   // what the words of choices begin with
	choices    []string // nil: typed
}

// PapersInputs tells of each input whether it is a choice; the others are typed.
func PapersInputs() (choices []bool) {
	for _, f := range papersFields {
		choices = append(choices, f.choices != nil)
	}
	for range printKinds {
		choices = append(choices, true, true)
	}
	return choices
}

// NewPapers makes them; nothing is read yet.
func NewPapers(env *Env, door Door) *Papers {
	return &Papers{env: env, door: door, focus: func(Field) {}, reading: loader{env: env}}
}

// Load reads what is kept, and which printers there are.
func (p *Papers) Load() {
	p.reading.load(func(ctx context.Context) func() {
		var options documents.Options
		kept, err := p.env.Service.Store.Setting(ctx, documentsSetting)
		if rx.CodeOf(err) == rx.CodeNotFound {
			err = nil
		} else if err == nil {
			options, err = documents.ParseOptions(kept)
		}
		var all []printer
		absent := p.door.Printers(ctx, func(name, info string, usual bool, trays []string) {
			label := name
			if info != "" && info != name {
				label = i18n.Text(p.env.Lang, "ui.with", "what", name, "fact", info)
			}
			if usual {
				label = i18n.Text(p.env.Lang, "cli.printers.default", "printer", label)
			}
			all = append(all, printer{name, label, trays})
		})
		on := map[string][2]string{}
		for _, kind := range printKinds {
			name, tray, failed := p.door.PrintsOn(ctx, kind)
			if err == nil {
				err = failed
			}
			on[kind] = [2]string{name, tray}
		}
		var stock *rx.FormStock
		left, _, uncounted := p.env.Service.FormStock(ctx)
		if uncounted == nil {
			stock = &left
		} else if err == nil && rx.CodeOf(uncounted) != rx.CodeSettingUnread { // else a count mends it
			err = uncounted
		}
		return func() {
			if err != nil {
				p.notes = []note{{err: err}}
			}
			p.stock = stock
			p.unread = err != nil
			p.read, p.options, p.printers, p.absent, p.on = true, options, all, absent, on
		}
	})
}

// Edit opens the form.
func (p *Papers) Edit() {
	if !p.read || p.form != nil || p.env.Reading {
		return
	}
	word := func(on bool) string {
		if on {
			return "on"
		}
		return "off"
	}
	f, look := p.options.Form, p.options.Proof
	values := map[string]string{"kind": string(f.Kind), "paper": string(f.Paper), "offset-x": strconv.Itoa(f.OffsetX), "offset-y": strconv.Itoa(f.OffsetY),
		"barcode": word(!f.NoBarcode), "force": word(!f.NoForceMajeure), "foot": word(look.Foot)}
	if p.stock != nil {
		values["stock"], values["low"] = strconv.Itoa(p.stock.Forms), strconv.Itoa(p.stock.Low)
	}
	if f.Kind == documents.PlainSheet {
		values["kind"] = "plain"
	}
	if f.Paper == documents.SingleForm {
		values["paper"] = "single"
	}
	for _, kind := range printKinds {
		values["printer "+kind], values["tray "+kind] = p.on[kind][0], p.on[kind][1]
	}
	p.form, p.notes = &papersForm{values: values}, nil
	p.focus(FieldPapers)
}

// names of all inputs, in their order.
func papersNames() (names []string) {
	for _, f := range papersFields {
		names = append(names, f.name)
	}
	for _, kind := range printKinds {
		names = append(names, "printer "+kind, "tray "+kind)
	}
	return names
}

// Set takes what is typed or chosen in input i.
func (p *Papers) Set(i int, value string) {
	if p.form == nil || p.form.saving {
		return
	}
	name := papersNames()[i]
	p.form.values[name] = value
	if kind, is := strings.CutPrefix(name, "printer "); is && !slices.Contains(p.trays(value), p.form.values["tray "+kind]) {
		p.form.values["tray "+kind] = "" // another printer has other trays
	}
}

func (p *Papers) trays(name string) []string {
	if i := slices.IndexFunc(p.printers, func(o printer) bool { return o.name == name }); i >= 0 {
		return p.printers[i].trays
	}
	return nil
}

// chosen makes options of what is typed, with what is wrong; what is not asked here stays as it is kept.
func (p *Papers) chosen() (documents.Options, rx.Faults) {
	o, v := p.options, p.form.values
	o.Form.Kind, o.Form.Paper = documents.FormKind(strings.TrimPrefix(v["kind"], "plain")), documents.FormPaper(strings.TrimPrefix(v["paper"], "single"))
	o.Form.NoBarcode, o.Form.NoForceMajeure, o.Proof.Foot = v["barcode"] == "off", v["force"] == "off", v["foot"] == "on"
	if o.Form.Kind != p.options.Form.Kind {
		o.Form.Places = nil // they were measured on the other form
	}
	var faults rx.Faults
	for _, at := range []struct {
		name, path string
		n          *int
	}{{"offset-x", "$.form.offset_x", &o.Form.OffsetX}, {"offset-y", "$.form.offset_y", &o.Form.OffsetY}} {
		n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(v[at.name]), "−", "-"))
		if err != nil && strings.TrimSpace(v[at.name]) != "" {
			faults = append(faults, rx.Fault(codeTenths).At(at.path))
		}
		*at.n = n
	}
	if err := o.Check(); len(faults) == 0 && err != nil {
		faults = faultsOf(err)
	}
	return o, faults
}

// counted is what was typed about the forms, of which nothing is told that was not changed.
func (p *Papers) counted() (r rx.Restock, faults rx.Faults) {
	before := rx.NewFormStock()
	if p.stock != nil {
		before = *p.stock
	}
	for _, at := range []struct {
		name, path string
		was        int
		n          **int
	}{{"stock", "$.forms", before.Forms, &r.Forms}, {"low", "$.low", before.Low, &r.Low}} {
		typed := strings.TrimSpace(p.form.values[at.name])
		if typed == "" {
			continue
		}
		n, err := strconv.Atoi(typed)
		if err != nil || n < 0 || n > rx.MostForms {
			faults = append(faults, rx.Fault(rx.CodeOutOfRange, "min", "0", "max", strconv.Itoa(rx.MostForms)).At(at.path))
		} else if n != at.was || p.stock == nil && at.name == "stock" {
			*at.n = &n
		}
	}
	return r, faults
}

// codeTenths: not a whole number of tenths of a millimetre.
const codeTenths rx.Code = "ui-tenths"

func faultsOf(err error) rx.Faults {
	if list, ok := err.(rx.Faults); ok { //nolint:errorlint // what Check says it gives
		return list
	}
	return rx.Faults{rx.Fault(rx.CodeInternal).Because(err)}
}

// Save keeps it; what is wrong is said, and nothing is kept.
func (p *Papers) Save() {
	f := p.form
	if f == nil || f.saving {
		return
	}
	options, faults := p.chosen()
	count, wrong := p.counted()
	faults = append(faults, wrong...)
	if f.faults, f.notes = faults, nil; len(faults) > 0 {
		p.focus(FieldPapers)
		return
	}
	kept, on := p.options, map[string][2]string{}
	for _, kind := range printKinds {
		on[kind] = [2]string{f.values["printer "+kind], f.values["tray "+kind]}
	}
	before, unread := p.on, p.unread
	f.saving = true
	p.env.Do(func(ctx context.Context) func() {
		b, err := json.Marshal(options)
		if was, failed := json.Marshal(kept); err == nil && (failed != nil || unread || !bytes.Equal(b, was)) {
			err = p.env.Service.Store.SetSetting(ctx, documentsSetting, b)
		}
		if err == nil && (count.Forms != nil || count.Low != nil) {
			err = p.env.Service.Restock(ctx, count)
		}
		left, _, uncounted := p.env.Service.FormStock(ctx)
		done := map[string][2]string{}
		for _, kind := range printKinds {
			if err == nil && on[kind] != before[kind] {
				err = p.door.SetPrintsOn(ctx, kind, on[kind][0], on[kind][1])
			}
			if err == nil {
				done[kind] = on[kind]
			} else {
				done[kind] = before[kind]
			}
		}
		return func() {
			f.saving = false
			if p.on = done; uncounted == nil {
				p.stock = &left
			}
			if err != nil {
				f.notes = []note{{err: err}}
			} else {
				p.unread = false
				p.options, p.notes = options, []note{{tone: Good, key: "ui.papers.kept"}}
				p.close()
			}
			p.env.Changed()
		}
	})
}

// Escape closes the form; what was typed is forgotten.
func (p *Papers) Escape() {
	if p.form != nil && !p.form.saving {
		p.close()
	}
}

func (p *Papers) close() {
	p.form = nil
	p.focus(FieldPapersOpen)
}

// TestPage prints the test page of the form as it is typed, or kept.
func (p *Papers) TestPage() {
	o := p.options
	if p.form != nil {
		var faults rx.Faults
		if o, faults = p.chosen(); len(faults) > 0 {
			p.form.faults = faults
			return
		}
	}
	p.make("test", "ui.file.test", p.calibration(o))
}

func (p *Papers) calibration(o documents.Options) func(context.Context) (documents.Document, error) {
	lang := p.env.Lang
	return func(context.Context) (documents.Document, error) {
		return documents.Calibration{Form: o.Form, Language: lang}.Layout()
	}
}

// make prints a document that is about no prescription.
func (p *Papers) make(kind, file string, layout func(context.Context) (documents.Document, error)) {
	if p.env.Reading {
		return
	}
	write := func(ctx context.Context) ([]byte, error) {
		d, err := layout(ctx)
		if err != nil {
			return nil, err
		}
		var pdf bytes.Buffer
		err = documents.WritePDF(&pdf, d, p.env.now())
		return pdf.Bytes(), err
	}
	p.env.Do(func(ctx context.Context) func() {
		var notes []note
		id, err := rx.NewID(p.env.now(), p.env.Service.Rand)
		if err == nil {
			var pdf []byte
			if pdf, err = write(ctx); err == nil {
				notes, err = p.env.handOut(ctx, document{kind, file, "ui.document.kept", []rx.ID{id}, write}, pdf, nil)
			}
		}
		return func() {
			if p.notes = notes; err != nil {
				p.notes = []note{{err: err}}
			}
			p.env.Changed()
		}
	})
}

// Pharmacist prints the page for the pharmacist, Poster that for the waiting room, in the language of the practice.
func (p *Papers) Pharmacist() { p.make("report", "ui.file.report", p.pharmacist) }

func (p *Papers) pharmacist(ctx context.Context) (documents.Document, error) {
	practice, err := p.env.Service.Practice(ctx)
	if err != nil {
		return documents.Document{}, err
	}
	return documents.PharmacistSheet{Language: practice.RegionLanguage, Practice: practice}.Layout()
}

// Poster is for the waiting room.
func (p *Papers) Poster() { p.make("report", "ui.file.report", p.poster) }

func (p *Papers) poster(ctx context.Context) (documents.Document, error) {
	practice, err := p.env.Service.Practice(ctx)
	if err != nil {
		return documents.Document{}, err
	}
	return documents.Poster{Language: practice.RegionLanguage, Practice: practice}.Layout()
}

// DayList prints every prescription of today with what became of it.
func (p *Papers) DayList() { p.make("report", "ui.file.report", p.dayList) }

func (p *Papers) dayList(ctx context.Context) (documents.Document, error) {
	practice, err := p.env.Service.Practice(ctx)
	if err != nil {
		return documents.Document{}, err
	}
	list := documents.DayList{Day: p.env.today(), Language: practice.RegionLanguage, Practice: practice, Printed: p.env.now(), Simulated: p.env.Simulated}
	items, err := p.env.Service.Day(ctx, list.Day)
	for _, item := range items {
		state := i18n.State(list.Language, item.Prescription, p.env.Service.Owed(item))
		list.Lines = append(list.Lines, documents.DayLine{Facts: item.Facts, State: state, RID: item.RID()})
	}
	if err != nil {
		return documents.Document{}, err
	}
	return list.Layout()
}

// Commands are the documents that can be printed from wherever one is.
func (p *Papers) Commands() []Button { return p.View().Documents[:4] }

// PapersView is what is chosen, with what else can be printed; Form while it is being changed.
type PapersView struct {
	Title     string
	Lines     []string
	Edit      Button
	Documents []Button
	Form      *PapersFormView
	Notices   []Notice
}

// PapersFormView is the form.
type PapersFormView struct {
	Title                       string
	Inputs                      []Input // as PapersInputs
	Notices                     []Notice
	Save, Test, Preview, Cancel Button
}

// View is the papers as they stand.
func (p *Papers) View() PapersView {
	lang := p.env.Lang
	button := func(key string, on bool, do func()) Button {
		return Button{Label: i18n.Text(lang, key), On: on && !p.env.Reading, Press: p.env.press(do)}
	}
	v := PapersView{Title: i18n.Text(lang, "ui.papers"), Notices: p.env.say(p.notes),
		Edit: button("ui.papers.change", p.read && p.form == nil, p.Edit),
		Documents: []Button{button("ui.papers.test", p.read, p.TestPage), button("ui.papers.day", true, p.DayList),
			button("ui.papers.pharmacist", true, p.Pharmacist), button("ui.papers.poster", true, p.Poster), p.env.previewButton(p.read, p.Preview)}}
	if p.read {
		kind := string(p.options.Form.Kind)
		if kind == "" {
			kind = "plain"
		}
		v.Lines = append(v.Lines, i18n.Text(lang, "ui.papers.kind."+kind))
		if p.stock != nil && p.options.Form.Kind == documents.Overlay {
			v.Lines = append(v.Lines, i18n.Count(lang, "cli.stock.left", p.stock.Forms, "low", i18n.Int(p.stock.Low)))
		}
		for _, k := range printKinds {
			v.Lines = append(v.Lines, i18n.Text(lang, "cli.printers.goes", "document", i18n.Text(lang, "printing.kind."+k), "where", p.where(k)))
		}
		if p.absent != nil {
			v.Lines = append(v.Lines, p.env.told("", p.absent))
		}
	}
	if f := p.form; f != nil {
		v.Form = &PapersFormView{Title: i18n.Text(lang, "ui.papers"), Inputs: p.inputs(), Notices: p.env.say(f.notes),
			Save: button("ui.papers.save", !f.saving, p.Save), Test: button("ui.papers.test", !f.saving, p.TestPage), Preview: p.env.previewButton(!f.saving, p.Preview),
			Cancel: Button{Label: i18n.Text(lang, "ui.cancel"), Key: p.env.escape(), On: !f.saving, Press: p.env.press(p.Escape)}}
		v.Form.Save.Strong = true
		if warning := (documents.Form{Kind: documents.FormKind(strings.TrimPrefix(f.values["kind"], "plain"))}).Warning(lang); warning != "" {
			v.Form.Notices = append(v.Form.Notices, Notice{Tone: Warn, Text: warning})
		}
		for _, fault := range f.faults {
			v.Form.Notices = append(v.Form.Notices, p.fault(fault))
		}
	}
	return v
}

// fault is what is wrong, with the label of its input.
func (p *Papers) fault(fault *rx.Error) Notice {
	bare := *fault
	bare.Path = ""
	text := p.env.told("", &bare)
	if i := slices.IndexFunc(papersFields, func(f papersField) bool { return f.path == fault.Path }); i >= 0 {
		text = i18n.Text(p.env.Lang, "ui.fault.at", "where", i18n.Text(p.env.Lang, "ui.papers."+papersFields[i].name), "text", text)
	}
	return Notice{Tone: Bad, Text: text}
}

// where documents of a kind go, in words.
func (p *Papers) where(kind string) string {
	name, tray := p.on[kind][0], p.on[kind][1]
	if name == "" {
		name = i18n.Text(p.env.Lang, "ui.papers.usual")
	}
	if tray != "" {
		return i18n.Text(p.env.Lang, "ui.with", "what", name, "fact", tray)
	}
	return name
}

func (p *Papers) inputs() (list []Input) {
	lang, values := p.env.Lang, p.form.values
	for _, f := range papersFields {
		in := Input{Label: i18n.Text(lang, "ui.papers."+f.name), Text: values[f.name]}
		for _, word := range f.choices {
			in.Choices = append(in.Choices, Choice{Value: word, Label: i18n.Text(lang, f.words+word), Chosen: values[f.name] == word})
		}
		list = append(list, in)
	}
	for _, kind := range printKinds {
		document := i18n.Text(lang, "printing.kind."+kind)
		name, tray := values["printer "+kind], values["tray "+kind]
		on := Input{Label: i18n.Text(lang, "ui.papers.printer", "document", document), Choices: []Choice{{Label: i18n.Text(lang, "ui.papers.usual"), Chosen: name == ""}}}
		known := name == ""
		for _, o := range p.printers {
			known = known || o.name == name
			on.Choices = append(on.Choices, Choice{Value: o.name, Label: o.label, Chosen: o.name == name})
		}
		if !known { // kept, and not there now
			on.Choices = append(on.Choices, Choice{Value: name, Label: name, Chosen: true})
		}
		from := Input{Label: i18n.Text(lang, "ui.papers.tray", "document", document), Choices: []Choice{{Label: i18n.Text(lang, "ui.papers.auto"), Chosen: tray == ""}}}
		trays := p.trays(name)
		if tray != "" && !slices.Contains(trays, tray) {
			trays = append(slices.Clone(trays), tray)
		}
		for _, t := range trays {
			from.Choices = append(from.Choices, Choice{Value: t, Label: t, Chosen: t == tray})
		}
		list = append(list, on, from)
	}
	return list
}
