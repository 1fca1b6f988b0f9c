package model

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// draftPause is how long nothing is typed before the draft is saved.
const draftPause = 700 * time.Millisecond

// Prescribe is the journey of one order: the patient, the lines, the sending, what the patient takes along.
type Prescribe struct {
	env   *Env
	Pick  *Pick
	Entry *Entry
	Paper *Paper

	w       *order   // nil: no patient
	aside   []*order // put aside, their drafts not yet saved
	notes   []note
	focus   Focus
	acting  bool   // something is being done: nothing else is begun
	leaving func() // waits until what was put aside is saved
}

// order is what is being written, and then what became of it, for one patient. A new patient has a new one, so that
// whatever comes back late finds its own order or none.
type order struct {
	patient rx.Known
	near    []rx.Known // could be taken for the patient

	id      rx.ID // of the draft, and then of the order
	lines   []rx.Line
	changed bool // since the last save
	at      time.Time
	saving  bool
	failed  bool   // the last save: another one waits a while
	kept    bool   // a draft of it is in the store
	then    func() // waits for the save under way

	issued  bool
	ids     []rx.ID // of the prescriptions; a sheet that was redone adds one
	items   []rx.Item
	choices map[rx.ID]choice
	loading loader
}

// choice is what the doctor said to a line without answer.
type choice int

const (
	noChoice choice = iota
	choiceWait
	choiceLater // send later, the patient is told
)

// NewPrescribe begins with the choice of a patient.
func NewPrescribe(env *Env) *Prescribe {
	p := &Prescribe{env: env, Paper: &Paper{env: env}}
	p.Entry = &Entry{env: env, sel: -1, touched: p.touch, patient: func() rx.Patient {
		if p.w == nil {
			return rx.Patient{}
		}
		return p.w.patient.Patient
	}}
	p.Next()
	return p
}

// Next puts the order aside, as a draft or as it was issued, and asks for the next patient.
func (p *Prescribe) Next() {
	if p.acting {
		return
	}
	if w := p.w; w != nil && !w.issued {
		w.lines = p.request(w).Lines // with what is in the entry line, complete or not
		if w.changed || w.saving {
			p.aside = append(p.aside, w)
		}
	}
	p.w, p.notes = nil, nil
	p.Entry.clear()
	p.Tick()
	p.Paper.Cancel()
	pick := &Pick{env: p.env, sel: -1, drafting: loader{env: p.env}}
	pick.still = func() bool { return p.Pick == pick && p.w == nil } // a late answer must not change the patient
	pick.picked, pick.resume, pick.focus = p.pick, p.resume, p.focus.to
	p.Pick = pick
	p.Pick.Load()
	p.focus.to(FieldPatient)
}

// begin starts an order for known.
func (p *Prescribe) begin(known rx.Known, id rx.ID) *order {
	w := &order{patient: known, id: id, choices: map[rx.ID]choice{}, loading: loader{env: p.env}}
	p.w, p.notes = w, nil
	p.Pick.asked.next()
	p.Entry.clear()
	p.Paper.Cancel()
	p.focus.to(FieldMedicine)
	p.env.Do(func(ctx context.Context) func() {
		all, err := p.env.Service.Store.Patients(ctx)
		return func() {
			if err != nil {
				p.fail(w, err)
			}
			w.near = namesakes(known, all)
			p.env.Changed()
		}
	})
	return w
}

func (p *Prescribe) pick(known rx.Known) {
	id, err := rx.NewID(p.env.now(), p.env.Service.Rand)
	if err != nil {
		p.Pick.notes = []note{{err: err}}
		return
	}
	p.begin(known, id)
}

func (p *Prescribe) resume(d rx.Draft, known rx.Known) {
	w := p.begin(known, d.ID)
	w.lines, w.kept = slices.Clone(d.Request.Lines), true
	if n := len(w.lines); n > 0 { // what was being typed comes back to where it was typed
		if _, faults, _ := p.env.checkLine(known.Patient, w.lines[n-1]); len(faults) > 0 {
			p.Entry.open(w.lines[n-1])
			w.lines = w.lines[:n-1]
			p.focus.to(FieldDose)
		}
	}
}

// Reopen shows an issued order again.
func (p *Prescribe) Reopen(id rx.ID) {
	p.Next()
	if p.acting {
		return
	}
	pick, last := p.Pick, p.Pick.asked.next()
	p.env.Do(func(ctx context.Context) func() {
		issued, err := p.env.Service.Store.Order(ctx, id)
		var known rx.Known
		if err == nil {
			known, err = p.env.Service.Store.Patient(ctx, issued.Patient)
		}
		return func() {
			switch {
			case !last() || !pick.still():
				return
			case err != nil:
				p.Pick.notes = []note{{err: err}}
			default:
				p.issued(p.begin(known, id), issued.Prescriptions)
			}
			p.env.Changed()
		}
	})
}

func (p *Prescribe) fail(w *order, err error) {
	if p.w == w {
		p.notes = append(p.notes, note{err: err})
	}
}

// Search looks for medicines as they are typed into the entry line.
func (p *Prescribe) Search(words string) {
	if p.writing() {
		p.Entry.Search(words)
	}
}

// Move changes which result is selected.
func (p *Prescribe) Move(by int) {
	if p.writing() {
		p.Entry.Move(by)
	}
}

// Choose takes medicine i of the results.
func (p *Prescribe) Choose(i int) {
	if p.writing() && p.Entry.choose(i) {
		p.touch()
		p.focus.to(FieldDose)
	}
}

// Enter is the key in the entry line: it takes the selected medicine, or adds the line.
func (p *Prescribe) Enter() {
	if !p.writing() {
		return
	}
	if p.Entry.chosen {
		p.Add()
		return
	}
	p.Choose(p.Entry.sel)
}

// Set takes what is typed in a field of the entry line.
func (p *Prescribe) Set(f Field, value string) {
	if p.writing() {
		p.Entry.Set(f, value)
		p.touch()
	}
}

// SetAsNeeded and SetFree are the switches of the entry line.
func (p *Prescribe) SetAsNeeded(on bool) {
	if p.writing() {
		p.Entry.asNeeded = on
		p.touch()
	}
}

// SetFree writes the posology as free text, or by its parts; never both.
func (p *Prescribe) SetFree(on bool) {
	if p.writing() && p.Entry.free != on {
		p.Entry.free = on
		p.touch()
		p.focus.to(FieldDose)
		if on {
			p.focus.to(FieldText)
		}
	}
}

// Forget gives up the product that was chosen in the entry line.
func (p *Prescribe) Forget() {
	if p.writing() {
		p.Entry.clear()
		p.touch()
		p.focus.to(FieldMedicine)
	}
}

// writing tells that lines may be written now.
func (p *Prescribe) writing() bool { return p.w != nil && !p.w.issued && !p.acting }

// Add puts the entry line under the others, when it is sound; else it says what is wrong with it.
func (p *Prescribe) Add() bool {
	if !p.writing() || !p.Entry.chosen {
		return false
	}
	p.notes = nil
	l, _, faults, _ := p.Entry.checked()
	if len(faults) > 0 {
		p.Entry.tried = true
		p.focus.to(fieldOf(faults[0].Path, p.Entry.free))
		return false
	}
	if len(p.w.lines) >= rx.MaxLines {
		p.notes = []note{{err: rx.Fault(rx.CodeLineCount, "min", "1", "max", digits(rx.MaxLines)).At("$.lines")}}
		return false
	}
	p.w.lines = append(p.w.lines, l)
	p.Entry.clear()
	p.touch()
	p.focus.to(FieldMedicine)
	return true
}

// fieldOf is the input of the entry line for a fault's path.
func fieldOf(path string, free bool) Field {
	switch strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".") {
	case "posology.times_per_day":
		return FieldTimes
	case "posology.duration_days", "duration":
		return FieldDays
	case "posology.unit":
		return FieldUnit
	case "quantity":
		return FieldQuantity
	case "expires":
		return FieldExpires
	}
	if free {
		return FieldText
	}
	return FieldDose
}

// Remove takes line i away; Edit takes it back to the entry line, where nothing may stand.
func (p *Prescribe) Remove(i int) {
	if p.writing() && i < len(p.w.lines) {
		p.w.lines = slices.Delete(p.w.lines, i, i+1)
		p.touch()
	}
}

// Edit takes line i back to the entry line. What stands there must be sound and goes under the others first.
func (p *Prescribe) Edit(i int) {
	if !p.writing() || i >= len(p.w.lines) || p.Entry.chosen && !p.Add() {
		return
	}
	l := p.w.lines[i]
	p.w.lines = slices.Delete(p.w.lines, i, i+1)
	p.Entry.open(l)
	p.touch()
	p.focus.to(FieldDose)
}

// touch marks the draft as changed.
func (p *Prescribe) touch() {
	if p.w != nil {
		p.w.changed, p.w.at = true, p.env.now()
	}
}

// Tick is called some times a second: it saves drafts once nothing was typed for a while, and those put aside until
// they are saved.
func (p *Prescribe) Tick() {
	due := slices.Clone(p.aside)
	if p.writing() {
		due = append(due, p.w)
	}
	for _, w := range due {
		if w.changed && (p.env.now().Sub(w.at) >= draftPause || w != p.w && !w.failed) {
			p.save(w)
		}
	}
}

// request is the order as it stands, with what is in the entry line.
func (p *Prescribe) request(w *order) rx.Request {
	r := rx.Request{ID: w.id, Patient: w.patient.Patient, Lines: slices.Clone(w.lines)}
	if p.w == w && p.Entry.chosen {
		l, _ := p.Entry.build()
		r.Lines = append(r.Lines, l)
	}
	return r
}

// save writes the draft, one save at a time; a draft without a line is none.
func (p *Prescribe) save(w *order) {
	if w.saving || !w.changed {
		return
	}
	w.saving, w.changed = true, false
	request := p.request(w)
	p.env.Do(func(ctx context.Context) func() {
		var err error
		switch {
		case len(request.Lines) > 0:
			_, err = p.env.Service.SaveDraft(ctx, rx.Draft{ID: w.id, Request: request})
		case w.kept:
			err = p.env.Service.Store.DropDraft(ctx, w.id)
		}
		return func() {
			w.saving = false
			if w.failed = err != nil; w.failed {
				w.changed, w.at = true, p.env.now()
				p.notes = []note{{err: err}}
			} else {
				w.kept = len(request.Lines) > 0
			}
			if then := w.then; then != nil {
				w.then = nil
				then()
			}
			if w.failed {
				p.leaving = nil
			}
			if !w.changed {
				p.aside = slices.DeleteFunc(p.aside, func(o *order) bool { return o == w })
				p.Pick.Load()
			}
			if leave := p.leaving; leave != nil && len(p.aside) == 0 {
				p.leaving = nil
				leave()
				return
			}
			p.env.Changed()
		}
	})
}

// Leave puts the order aside and calls then once everything is saved. When a draft cannot be saved it stays, and says
// so; asked again it goes.
func (p *Prescribe) Leave(then func()) {
	p.Next()
	if !slices.ContainsFunc(p.aside, func(w *order) bool { return !w.failed }) {
		then()
		return
	}
	p.leaving = then
}

// Return puts the focus where it was.
func (p *Prescribe) Return() { p.focus.to(p.focus.Field) }

// act does one thing with the order; while it is under way nothing else is begun. back is called with its error.
func (p *Prescribe) act(work func(context.Context) ([]note, error), back func(error)) {
	w := p.w
	p.acting, p.notes = true, nil
	p.env.Do(func(ctx context.Context) func() {
		notes, err := work(ctx)
		return func() {
			p.acting = false
			if p.w == w {
				p.notes = append(p.notes, notes...)
			}
			if err != nil {
				p.fail(w, err)
			}
			if back != nil {
				back(err)
			}
			p.load(w)
			p.env.Changed()
		}
	})
}

// Send issues the order as it stands, with what is in the entry line. It is durable before the screen says anything.
func (p *Prescribe) Send() {
	w := p.w
	switch {
	case w == nil || p.acting:
		return
	case w.issued:
		p.notes = []note{{tone: Quiet, key: "ui.send.already"}}
		return
	case w.patient.SSIN == "":
		p.notes = []note{{err: rx.Fault(rx.CodePaperOnly)}}
		return
	}
	p.issue(prescribing.How{})
}

// issue turns the draft into the order, on paper when how says so.
func (p *Prescribe) issue(how prescribing.How) {
	w := p.w
	if p.Entry.chosen && !p.Add() {
		return
	}
	if len(w.lines) == 0 {
		p.notes = []note{{tone: Warn, key: "ui.send.nothing"}}
		p.focus.to(FieldMedicine)
		return
	}
	if w.saving { // the draft must not come back after it became an order
		p.acting = true
		w.then = func() { p.acting = false; p.issue(how) }
		return
	}
	request := p.request(w)
	w.changed = false
	var done prescribing.Done
	p.act(func(ctx context.Context) ([]note, error) {
		if _, err := p.env.Service.SaveDraft(ctx, rx.Draft{ID: w.id, Request: request}); err != nil {
			return nil, err
		}
		w.kept = true
		var err error
		done, err = p.env.Service.IssueDraft(ctx, w.id, how)
		if len(done.Sheet) == 0 {
			return nil, err
		}
		return p.env.keepSheet(done.Sheet, err)
	}, func(err error) {
		if len(done.Prescriptions) > 0 { // issued, whatever failed afterwards
			p.issued(w, done.Prescriptions)
		} else if err != nil {
			w.changed = true
		}
	})
}

// issued shows the order as it stands in the store.
func (p *Prescribe) issued(w *order, prescriptions []rx.Prescription) {
	w.issued, w.kept, w.changed = true, false, false
	w.lines = nil
	for _, q := range prescriptions {
		w.ids = append(w.ids, q.ID)
	}
	p.load(w)
}

// Changed reads again what a change touched; no ids: anything.
func (p *Prescribe) Changed(ids []rx.ID) {
	if w := p.w; w != nil && (len(ids) == 0 || slices.ContainsFunc(ids, func(id rx.ID) bool { return slices.Contains(w.ids, id) })) {
		p.load(w)
	}
}

func (p *Prescribe) load(w *order) {
	if w == nil || !w.issued {
		return
	}
	ids := slices.Clone(w.ids)
	w.loading.load(func(ctx context.Context) func() {
		items, err := p.env.items(ctx, ids)
		return func() {
			if err != nil {
				p.fail(w, err)
				return
			}
			w.items = items
		}
	})
}

func (e *Env) items(ctx context.Context, ids []rx.ID) ([]rx.Item, error) {
	items := make([]rx.Item, len(ids))
	for i, id := range ids {
		item, err := e.Service.Store.Item(ctx, id)
		if err != nil {
			return nil, err
		}
		items[i] = item
	}
	return items, nil
}

// keepSheet keeps a sheet that was just made. What failed before stays said.
func (e *Env) keepSheet(pdf []byte, before error) ([]note, error) {
	return e.keep("ui.file.paper", "ui.paper.kept", pdf, before)
}

// answer is what the doctor says to a line that has no answer yet.
func (p *Prescribe) answer(id rx.ID, c choice) {
	if p.w != nil && !p.acting {
		p.w.choices[id] = c
	}
}

// AskPaper opens the inline line for all lines that may still go to paper; before the order is issued, for the order.
func (p *Prescribe) AskPaper() {
	w := p.w
	if w == nil || p.acting || p.Paper.Open() {
		return
	}
	p.notes = nil
	if !w.issued {
		if p.Entry.chosen && !p.Add() {
			return
		}
		if len(w.lines) == 0 {
			p.notes = []note{{tone: Warn, key: "ui.send.nothing"}}
			return
		}
		lines := make([]int, len(w.lines))
		for i := range lines {
			lines[i] = i + 1
		}
		p.Paper.open(paperSubject{patient: w.patient.Patient, lines: lines, confirm: func(r rx.PaperReason) {
			p.issue(prescribing.How{Paper: r})
		}})
		p.focus.to(FieldReason)
		return
	}
	p.askPaper(func(item rx.Item) bool { return claimable(item.Prescription) })
}

// askPaper asks for those lines of the issued order that of picks.
func (p *Prescribe) askPaper(of func(rx.Item) bool) {
	w := p.w
	s := paperSubject{patient: w.patient.Patient}
	var sure, unsure []rx.ID
	for i, item := range w.items {
		switch {
		case !of(item):
			continue
		case item.State == rx.StateUnknown:
			unsure, s.forced = append(unsure, item.ID), true
		default:
			sure = append(sure, item.ID)
		}
		s.lines = append(s.lines, i+1)
	}
	if len(s.lines) == 0 {
		p.notes = []note{{tone: Warn, key: "ui.paper.nothing"}}
		return
	}
	s.confirm = func(r rx.PaperReason) {
		p.act(func(ctx context.Context) ([]note, error) { return p.env.claim(ctx, r, sure, unsure) }, nil)
	}
	p.Paper.open(s)
	p.focus.to(FieldReason)
}

// ConfirmPaper is the second key.
func (p *Prescribe) ConfirmPaper() {
	if p.acting || !p.Paper.Open() {
		return
	}
	p.Paper.Confirm()
	if p.Paper.Open() { // a reason is needed
		p.focus.to(FieldReason)
	}
}

// claim takes prescriptions to paper: those that surely are nowhere else, and those of which an attempt has no answer,
// each on sheets of their own.
func (e *Env) claim(ctx context.Context, r rx.PaperReason, sure, unsure []rx.ID) ([]note, error) {
	var notes []note
	var failed error
	for _, c := range []struct {
		ids   []rx.ID
		claim prescribing.Claim
	}{{sure, prescribing.Claim{Reason: r}}, {unsure, prescribing.Claim{Reason: r, AlthoughUnknown: true}}} {
		if len(c.ids) == 0 {
			continue
		}
		pdf, err := e.Service.Paper(ctx, c.ids, c.claim)
		if len(pdf) > 0 {
			var kept []note
			kept, err = e.keepSheet(pdf, err)
			notes = append(notes, kept...)
		}
		failed = errors.Join(failed, err)
	}
	return notes, failed
}

// Proof prints the proofs of all lines that have a RID, and says of the others that they have none.
func (p *Prescribe) Proof() {
	w := p.w
	if w == nil || p.acting {
		return
	}
	var ids []rx.ID
	var without []int
	for i, item := range w.items {
		if provable(item.Prescription) {
			ids = append(ids, item.ID)
		} else if open(item.Prescription) {
			without = append(without, i+1)
		}
	}
	if len(ids) == 0 {
		p.notes = []note{{tone: Warn, key: "ui.proof.none"}}
		return
	}
	p.act(func(ctx context.Context) ([]note, error) {
		pdf, err := p.env.Service.Proof(ctx, ids)
		if err != nil {
			return nil, err
		}
		notes, err := p.env.keep("ui.file.proof", "ui.proof.kept", pdf, nil)
		if len(without) > 0 {
			notes = append(notes, note{tone: Warn, key: "ui.proof.without", args: []string{"lines", numbers(without)}})
		}
		return notes, err
	}, nil)
}

// keep writes a document for its printing and says where. before is what failed already.
func (e *Env) keep(file, said string, pdf []byte, before error) ([]note, error) {
	path, err := e.Save(e.fileName(file), pdf)
	if err != nil {
		return nil, errors.Join(before, err)
	}
	return []note{{tone: Good, key: said, args: []string{"path", path}, open: path}}, before
}

// LetGo notes that the patient left.
func (p *Prescribe) LetGo() {
	w := p.w
	if w == nil || !w.issued || p.acting {
		return
	}
	var orders []rx.ID
	for _, item := range w.items {
		if !slices.Contains(orders, item.Order) {
			orders = append(orders, item.Order)
		}
	}
	p.act(func(ctx context.Context) ([]note, error) {
		for _, id := range orders {
			if err := p.env.Service.LetGo(ctx, id); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}, nil)
}

// settle answers a duty of a line.
func (p *Prescribe) settle(d rx.Duty, o rx.Outcome) {
	if p.w == nil || p.acting {
		return
	}
	if o == rx.ToPaper {
		p.askPaper(func(item rx.Item) bool { return item.ID == d.Prescription })
		return
	}
	p.act(func(ctx context.Context) ([]note, error) {
		_, err := p.env.Service.Settle(ctx, d.ID(), prescribing.Answer{Outcome: o})
		return nil, err
	}, nil)
}

// redo destroys a sheet that the patient does not have and issues the same again.
func (p *Prescribe) redo(id rx.ID) {
	w := p.w
	if w == nil || p.acting {
		return
	}
	var done prescribing.Done
	p.act(func(ctx context.Context) (notes []note, err error) {
		done, err = p.env.Service.Redo(ctx, id)
		return nil, err
	}, func(error) {
		for _, q := range done.Prescriptions {
			if !slices.Contains(w.ids, q.ID) {
				w.ids = append(w.ids, q.ID)
			}
		}
	})
}

// reprint makes a further copy of a sheet that is claimed already: the first claim keeps its reason.
func (p *Prescribe) reprint(id rx.ID) {
	if p.w != nil && !p.acting {
		p.act(func(ctx context.Context) ([]note, error) { return p.env.claim(ctx, "", []rx.ID{id}, nil) }, nil)
	}
}
