package model

import (
	"context"
	"slices"
	"strings"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

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

	shelf      prescribing.Shelf
	shelfNotes []note // why it could not be read
	shelfTurn  int    // how often it was changed
	keeping    loader
	back       *takeBack // nil: nothing is being taken back
	edit       *Form     // nil: the patient is not being edited
}

// order is what is being written, and then what became of it, for one patient. A new patient has a new one, so that
// whatever comes back late finds its own order or none.
type order struct {
	patient rx.Known
	near    []rx.Known // could be taken for the patient

	id       rx.ID            // of the draft, and then of the order
	note     prescribing.Note // what the practice keeps beside the person
	noted    bool             // it was changed here
	past     []rx.Item        // what was prescribed before
	mark     int              // of past: what Enter takes; -1 none
	queue    []copied         // lines that are to be read again, behind the one in the entry
	naming   bool             // a template is being named
	template string
	pastRead bool

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
	proved  bool // the proofs were made
	choices map[rx.ID]choice
	loading loader

	standing standings // what Recip-e holds for the patient, once it was asked for
}

// NewPrescribe begins with the choice of a patient.
func NewPrescribe(env *Env) *Prescribe {
	p := &Prescribe{env: env, Paper: &Paper{env: env}, keeping: loader{env: env}}
	p.Entry = &Entry{env: env, sel: -1, nth: -1, touched: p.touch,
		patient: func() rx.Patient { return p.known().Patient },
		shelf:   func() prescribing.Shelf { return p.shelf },
		past: func() []rx.Item {
			if p.w == nil {
				return nil
			}
			return p.w.past
		}}
	p.loadShelf()
	p.Next()
	return p
}

// known is the patient, nobody while none is chosen.
func (p *Prescribe) known() rx.Known {
	if p.w == nil {
		return rx.Known{}
	}
	return p.w.patient
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
	p.w, p.notes, p.back, p.edit = nil, nil, nil, nil
	p.Entry.clear()
	p.Tick()
	p.Paper.Cancel()
	pick := &Pick{env: p.env, sel: -1, drafting: loader{env: p.env}}
	pick.still = func() bool { return p.Pick == pick && p.w == nil } // a late answer must not change the patient
	pick.picked, pick.resume, pick.focus = p.pick, p.resume, p.focus.to
	pick.unsaved = func(id rx.ID) bool { return slices.ContainsFunc(p.aside, func(w *order) bool { return w.id == id }) }
	p.Pick = pick
	p.Pick.Load()
	p.focus.to(FieldPatient)
}

// begin starts an order for known; one that was put aside and is not saved yet goes on as it was put aside: what the store
// holds of it is older.
func (p *Prescribe) begin(known rx.Known, id rx.ID) *order {
	w := &order{}
	if i := slices.IndexFunc(p.aside, func(w *order) bool { return w.id == id }); i >= 0 {
		w = p.aside[i]
		p.aside = slices.Delete(p.aside, i, i+1)
	}
	*w = order{patient: known, id: id, mark: -1, choices: map[rx.ID]choice{}, loading: loader{env: p.env},
		lines: w.lines, changed: w.changed, at: w.at, saving: w.saving, failed: w.failed, kept: w.kept, then: w.then}
	p.w, p.notes, p.back, p.edit = w, nil, nil, nil
	p.Pick.asked.next()
	p.Entry.clear()
	p.Paper.Cancel()
	p.focus.to(FieldMedicine)
	p.loadNear(w)
	p.loadPast(w)
	p.loadNote(w)
	return w
}

// loadNear finds who could be taken for the patient of w.
func (p *Prescribe) loadNear(w *order) {
	p.env.Do(func(ctx context.Context) func() {
		all, err := p.env.Service.Store.Patients(ctx)
		return func() {
			if err != nil {
				p.fail(w, err)
			}
			w.near = namesakes(w.patient, all)
			p.env.Changed()
		}
	})
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
	if !w.changed && !w.saving {
		w.lines = slices.Clone(d.Request.Lines)
	}
	w.kept = true
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
		p.w.mark = -1
		p.Entry.Search(words)
	}
}

// Move changes which result is selected, or which of what was prescribed before is marked.
func (p *Prescribe) Move(by int) {
	if !p.writing() {
		return
	}
	if w := p.w; w.mark >= 0 {
		w.mark = max(0, min(len(w.past)-1, w.mark+by))
		return
	}
	p.Entry.Move(by)
}

// Choose takes result i: a medicine, or what is on the shelf.
func (p *Prescribe) Choose(i int) {
	options := p.Entry.options()
	if !p.writing() || p.Entry.chosen || i < 0 || i >= len(options) {
		return
	}
	o := options[i]
	if t := o.template; t != nil {
		p.Entry.Search("")
		var list []copied
		for _, l := range t.Lines {
			list = append(list, copied{line: l, name: t.Name})
		}
		p.offer(list)
		return
	}
	p.w.mark = -1
	p.Entry.choose(o)
	p.touch()
	p.focus.to(FieldDose)
}

// Enter is the key in the entry line: it takes what is marked, or adds the line.
func (p *Prescribe) Enter() {
	switch {
	case !p.writing():
	case p.Entry.chosen:
		p.Add()
	case p.w.mark >= 0:
		p.takePast(p.w.mark)
	default:
		p.Choose(p.Entry.sel)
	}
}

// Usual is Down and Up in the inputs of a dose: it takes the next posology that is usual for the product.
func (p *Prescribe) Usual(by int) {
	if e := p.Entry; p.writing() && e.chosen {
		if n := len(e.usual()); n > 0 {
			e.take(max(0, min(n-1, e.nth+by)))
			p.touch()
		}
	}
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
		p.Entry.spell()
		p.Entry.asNeeded, p.Entry.edited = on, true
		p.touch()
	}
}

// SetReimbursed and SetFeedback are the switches of the details.
func (p *Prescribe) SetReimbursed(on bool) {
	if p.writing() {
		p.Entry.reimbursed, p.Entry.edited = on, true
		p.touch()
	}
}

// SetFeedback asks the pharmacist to tell what was given.
func (p *Prescribe) SetFeedback(on bool) {
	if p.writing() {
		p.Entry.feedback, p.Entry.edited = on, true
		p.touch()
	}
}

// Details shows dates, reimbursement, instruction and visibility of the entry line, or hides them.
func (p *Prescribe) Details() {
	if e := p.Entry; p.writing() && e.chosen {
		if e.details = !e.details; e.details {
			p.focus.to(FieldBegin)
		} else {
			p.focus.to(FieldDose)
		}
	}
}

// SetFree writes the posology as free text, or by its parts; never both.
func (p *Prescribe) SetFree(on bool) {
	if p.writing() && p.Entry.free != on {
		p.Entry.spell()
		p.Entry.free, p.Entry.edited = on, true
		p.touch()
		p.focus.to(FieldDose)
		if on {
			p.focus.to(FieldText)
		}
	}
}

// Forget gives up the product that was chosen in the entry line; the next copy takes its place.
func (p *Prescribe) Forget() {
	if p.writing() {
		p.Entry.clear()
		p.touch()
		p.focus.to(FieldMedicine)
		p.nextCopy()
	}
}

// writing tells that lines may be written now.
func (p *Prescribe) writing() bool { return p.w != nil && !p.w.issued && !p.acting && p.edit == nil }

// Add puts the entry line under the others, when it is sound; else it says what is wrong with it.
func (p *Prescribe) Add() bool {
	if !p.writing() || !p.Entry.chosen {
		return false
	}
	p.notes = nil
	l, _, faults, _ := p.Entry.checked()
	if len(faults) > 0 {
		p.Entry.tried = true
		p.focus.to(fieldOf(faults[0].Path, p.Entry))
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
	p.nextCopy()
	return true
}

// fieldOf is the input of the entry line for a fault's path.
func fieldOf(path string, e *Entry) Field {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".")
	if strings.HasPrefix(path, "regimen") {
		switch {
		case e.free:
			return FieldText
		case slices.Contains(rx.Weekdays, e.rhythm):
			return FieldMoment
		}
		return FieldRhythm
	}
	switch path {
	case "posology.times_per_day":
		return FieldTimes
	case "posology.duration_days", "duration":
		return FieldDays
	case "posology.unit":
		return FieldUnit
	case "quantity":
		return FieldQuantity
	case "begin":
		return FieldBegin
	case "expires":
		return FieldExpires
	case "instruction_patient":
		return FieldInstruction
	}
	switch {
	case path == "posology" && (e.free && e.text != "" || !e.free && e.dose != "" && e.rhythm != e.firstRhythm()):
		return FieldWhy // a medicine of highest risk, too often by the doctor's own choice
	case e.free:
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
	if !p.writing() || i >= len(p.w.lines) || p.Entry.chosen && (p.Entry.unread() || !p.Add()) || p.Entry.chosen {
		return
	}
	l := p.w.lines[i]
	p.w.lines = slices.Delete(p.w.lines, i, i+1)
	p.Entry.open(l)
	p.touch()
	p.focus.to(FieldDose)
}
