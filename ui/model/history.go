package model

import (
	"context"
	"slices"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// History is every prescription, newest first, and one of them in full.
type History struct {
	env      *Env
	Paper    *Paper
	Again    func(rx.ID) // brings a prescription as a copy into an order; nil: nowhere
	back     *takeBack   // nil: nothing is being taken back
	reach    *reach      // nil: nothing is being asked about Recip-e
	written  []prescribing.Written
	letters  loader
	list     *roll
	reopen   func(order rx.ID)
	selected rx.ID
	item     *rx.Item // the selected one as last read
	timeline []rx.Happening
	acting   bool
	notes    []note
	focus    Focus
	detail   loader
}

// NewHistory makes the list, empty until Load; reopen shows an order where it was written.
func NewHistory(env *Env, reopen func(order rx.ID)) *History {
	return &History{env: env, reopen: reopen, Paper: &Paper{env: env}, list: newRoll(env), detail: loader{env: env}, letters: loader{env: env}}
}

// Filter keeps those with these words of patient or medicine, in any order.
func (h *History) Filter(words string) { h.list.search(words) }

// Load reads what is shown of the list again, and the selected one.
func (h *History) Load() {
	h.list.load()
	h.loadDetail()
	h.loadWritten()
}

// Changed reads again what a change touched.
func (h *History) Changed(ids []rx.ID) {
	h.list.changed(ids)
	if slices.Contains(ids, h.selected) {
		h.loadDetail()
	}
	h.loadWritten()
}

// Shown tells that row i is on the screen: the rows around it are read, when they are not in memory.
func (h *History) Shown(i int) { h.list.shown(i) }

func (h *History) loadDetail() {
	id := h.selected
	if id == "" {
		return
	}
	h.detail.load(func(ctx context.Context) func() {
		item, err := h.env.Service.Store.Item(ctx, id)
		var timeline []rx.Happening
		if err == nil {
			timeline, err = h.env.Service.Store.Timeline(ctx, id)
		}
		return func() {
			switch {
			case id != h.selected:
			case err != nil:
				h.notes = []note{{err: err}}
			default:
				h.item, h.timeline = &item, timeline
			}
		}
	})
}

// Select shows row i in full.
func (h *History) Select(i int) {
	item, ok := h.list.at(i)
	if !ok || item.ID == h.selected || h.acting {
		return
	}
	h.selected, h.item, h.timeline, h.notes = item.ID, &item, nil, nil
	h.Paper.Cancel()
	h.back, h.reach = nil, nil
	h.loadDetail()
}

// Move selects another row.
func (h *History) Move(by int) {
	h.Select(max(0, min(len(h.list.ids)-1, slices.Index(h.list.ids, h.selected)+by)))
}

// may tells that something can be done now.
func (h *History) may() bool { return !h.acting && !h.env.Reading }

func (h *History) act(work func(context.Context) ([]note, error)) {
	h.acting, h.notes = true, nil
	h.env.Do(func(ctx context.Context) func() {
		notes, err := work(ctx)
		return func() {
			h.acting, h.notes = false, notes
			if err != nil {
				h.notes = append(h.notes, note{err: err})
			}
			h.Load()
			h.env.Changed()
		}
	})
}

// Proof prints the proof of the selected one. Without a RID it says so.
func (h *History) Proof() {
	if h.item == nil || !h.may() {
		return
	}
	id := h.item.ID
	h.act(func(ctx context.Context) ([]note, error) {
		pdf, err := h.env.Service.Proof(ctx, []rx.ID{id})
		if err != nil {
			return nil, err
		}
		return h.env.handOut(ctx, h.env.proof([]rx.ID{id}), pdf, nil)
	})
}

// AskPaper opens the inline line for the selected one.
func (h *History) AskPaper() {
	if h.item == nil || !h.may() || h.Paper.Open() {
		return
	}
	item := *h.item
	if !claimable(item.Prescription) {
		h.notes = []note{{tone: Warn, key: "ui.paper.nothing"}}
		return
	}
	sure, unsure := []rx.ID{item.ID}, []rx.ID(nil)
	if item.State == rx.StateUnknown {
		sure, unsure = unsure, sure
	}
	h.back, h.reach = nil, nil
	h.Paper.open(paperSubject{patient: item.Facts.Patient, product: item.Facts.Product.Name, forced: unsure != nil, confirm: func(a paperAnswer) {
		h.act(func(ctx context.Context) ([]note, error) { return h.env.claim(ctx, a, sure, unsure) })
	}})
	h.focus.to(FieldReason)
}

// ConfirmPaper is the second key.
func (h *History) ConfirmPaper() {
	if h.acting || !h.Paper.Open() {
		return
	}
	if h.Paper.Confirm(); h.Paper.Open() {
		h.focus.to(FieldReason)
		return
	}
	h.focus.to(NoField)
}

// CancelPaper closes the question; nothing was done.
func (h *History) CancelPaper() {
	if h.Paper.Open() {
		h.Paper.Cancel()
		h.focus.to(NoField)
	}
}

// Repeat brings the selected one as a copy into an order for its patient.
func (h *History) Repeat() {
	if h.item != nil && h.may() && h.Again != nil {
		h.Again(h.item.ID)
	}
}

// askBack opens the question of why it shall be gone.
func (h *History) askBack(item rx.Item) {
	if h.may() {
		h.Paper.Cancel()
		h.reach = nil
		h.back = &takeBack{item: item}
		h.focus.to(FieldBack)
	}
}

// SetBack takes what is chosen or typed there.
func (h *History) SetBack(f Field, value string) { h.back.set(f, value) }

// ConfirmBack does it.
func (h *History) ConfirmBack() {
	b := h.back
	if b == nil || h.acting {
		return
	}
	if !b.sound() {
		h.focus.to(FieldBack)
		return
	}
	h.back = nil
	h.focus.to(NoField)
	h.act(func(ctx context.Context) ([]note, error) { return nil, b.do(ctx, h.env) })
}

// CancelBack closes the question.
func (h *History) CancelBack() {
	if h.back != nil {
		h.back = nil
		h.focus.to(NoField)
	}
}

// Escape closes whatever question stands.
func (h *History) Escape() {
	h.CancelReach()
	h.CancelBack()
	h.CancelPaper()
}

func (h *History) twin(id rx.ID) {
	if h.may() {
		h.act(func(ctx context.Context) ([]note, error) {
			_, err := h.env.Service.Twin(ctx, id)
			return nil, err
		})
	}
}

// settle answers a duty of the selected one.
func (h *History) settle(d rx.Duty, o rx.Outcome) {
	switch {
	case !h.may():
	case o == rx.ToPaper:
		h.AskPaper()
	default:
		service := h.env.sayingGone(d.Prescription)
		h.act(func(ctx context.Context) ([]note, error) {
			_, err := service.Settle(ctx, d.ID(), prescribing.Answer{Outcome: o})
			return nil, err
		})
	}
}

// HistoryView is the list and the detail in words.
type HistoryView struct {
	Title    string
	Words    string
	Hint     string
	Count    string
	Rows     int
	Row      func(i int) Row // made when it is shown; History.Shown reads it
	Turn     int             // grows when rows may read otherwise and are to be shown anew
	Selected int             // -1 none
	Empty    string
	Detail   *Detail
	Paper    *Question
	Back     *Question
	Reach    *Question
	Notices  []Notice
	Focus    Focus

	Proof, OnPaper, Preview, Repeat, Letters Button
}

// Row is one prescription in the list.
type Row struct {
	When, Name, Product string
	Tone                Tone
	State               string
}

// Detail is one prescription in full.
type Detail struct {
	Name, Banner string
	Line         Line
	Duties       []Notice
	Timeline     []string
	Title        string   // of the timeline
	Side         []Button // what can be done for the patient beside: it changes nothing
}

// View is the screen as it stands.
func (h *History) View() HistoryView {
	lang, list := h.env.Lang, h.list
	v := HistoryView{Title: i18n.Text(lang, "ui.history"), Words: list.wanted, Hint: i18n.Text(lang, "ui.history.hint"), Rows: len(list.ids), Turn: list.turn,
		Paper: h.Paper.view(), Back: h.back.view(h.env, h.ConfirmBack, h.CancelBack), Reach: h.viewReach(), Notices: append(h.viewWritten(), h.env.say(h.notes)...), Focus: h.focus}
	for _, err := range []error{list.err, list.unread()} {
		v.Notices = append(v.Notices, h.env.faults(err)...)
	}
	v.Notices = append(v.Notices, h.env.reading()...)
	v.Row = func(i int) Row {
		if item, ok := list.at(i); ok {
			return h.env.row(item)
		}
		return Row{Name: i18n.Text(lang, "ui.reading"), Product: " ", State: " "}
	}
	if v.Paper != nil {
		v.Paper.Confirm.Press, v.Paper.Cancel.Press = h.env.press(h.ConfirmPaper), h.env.press(h.CancelPaper)
	}
	v.Selected = slices.Index(list.ids, h.selected)
	switch {
	case !list.read:
		v.Empty = i18n.Text(lang, "ui.reading")
	case len(list.ids) > 0 || list.unread() != nil:
	case h.env.Reading:
		v.Empty = i18n.Text(lang, "ui.reading-only.empty")
	case list.words == "":
		v.Empty = i18n.Text(lang, "ui.history.empty")
	default:
		v.Empty = i18n.Text(lang, "ui.history.none")
	}
	switch {
	case !list.read:
	case list.words != list.wanted:
		v.Count = i18n.Text(lang, "ui.reading")
	case list.whole:
		v.Count = i18n.Count(lang, "ui.history.count", len(list.ids))
	default:
		v.Count = i18n.Text(lang, "ui.history.more", "n", i18n.Int(len(list.ids)))
	}
	v.Proof = Button{Label: i18n.Text(lang, "ui.proof"), Key: i18n.Text(lang, "ui.key.proof"), Press: h.env.press(h.Proof)}
	v.OnPaper = Button{Label: i18n.Text(lang, "ui.paper"), Key: i18n.Text(lang, "ui.key.paper"), Press: h.env.press(h.AskPaper)}
	v.Repeat = Button{Label: i18n.Text(lang, "ui.repeat"), Key: i18n.Text(lang, "ui.key.repeat"), Press: h.env.press(h.Repeat)}
	v.Letters = h.letterButton()
	v.Preview = h.env.previewButton(h.item != nil && drawable(h.item.Prescription), h.Preview)
	if h.item != nil {
		v.Detail = h.inFull(*h.item)
		v.Repeat.On = h.Again != nil && h.may()
		v.Proof.On = provable(h.item.Prescription) && h.may()
		v.OnPaper.On = claimable(h.item.Prescription) && h.may()
	}
	return v
}

func (e *Env) row(item rx.Item) Row {
	owed := e.Service.Owed(item)
	return Row{When: i18n.Moment(e.Lang, e.clock(item.Issued)), Name: fullName(item.Facts.Patient), Product: e.product(item.Facts.Product.Name, item.Facts.Product.Pack, item.Facts.Content),
		Tone: tone(item.Prescription, owed), State: e.state(item.Prescription, owed)}
}

func (h *History) inFull(item rx.Item) *Detail {
	lang := h.env.Lang
	owed := h.env.Service.Owed(item)
	d := &Detail{Name: fullName(item.Facts.Patient), Banner: h.env.banner(item.Facts.Patient), Line: h.env.line(item, owed),
		Title: i18n.Text(lang, "ui.timeline"),
		Side: []Button{{Label: i18n.Text(lang, "ui.reopen"), On: !h.env.Reading, Press: h.env.press(func() { h.reopen(item.Order) })},
			h.env.copyButton(item.Patient, rx.DateOf(h.env.clock(item.Issued)), func(notes ...note) { h.notes = notes })}}
	d.Line.Side = append(h.env.acts(item, h.askBack, h.twin), h.reaches(item)...)
	d.Line.Facts = append(d.Line.Facts, h.env.atRecipe(item)...)
	for i := range d.Line.Side {
		d.Line.Side[i].On = h.may()
	}
	for _, duty := range owed {
		name, why, next := i18n.Duty(lang, duty)
		d.Duties = append(d.Duties, Notice{Tone: Warn, Text: i18n.Text(lang, "ui.duty", "name", name, "why", why, "next", next), Buttons: h.env.outcomes(duty, h.settle)})
	}
	d.Timeline = append(d.Timeline, i18n.Text(lang, "ui.happening", "moment", i18n.Moment(lang, h.env.clock(item.Issued)), "what", i18n.Text(lang, "event.issued")))
	for _, t := range h.timeline {
		d.Timeline = append(d.Timeline, i18n.Text(lang, "ui.happening", "moment", i18n.Moment(lang, h.env.clock(t.Event.At)), "what", h.env.happening(t)))
	}
	return d
}

// happening is one event in words, with what it stated.
func (e *Env) happening(t rx.Happening) string {
	what := i18n.Event(e.Lang, t.Event)
	for _, fact := range []string{e.reached(t.Event), string(t.Event.RID), e.word("paper-reason.", string(t.Event.Paper)), e.word("revoke-reason.", t.Event.Reason), t.Event.Text, e.word("outcome.", string(t.Event.Outcome))} {
		if fact != "" {
			what = i18n.Text(e.Lang, "ui.with", "what", what, "fact", fact)
		}
	}
	return what
}

// word is the text of a word of the domain, "" for none.
func (e *Env) word(family, word string) string {
	if word == "" || !i18n.Has(family+word) {
		return ""
	}
	return i18n.Text(e.Lang, family+word)
}
