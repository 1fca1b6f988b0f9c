package model

import (
	"context"
	"slices"
	"strings"
	"time"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// What can be done with a prescription that is at Recip-e, beside revoking it: in full in the history, and for the patient
// of an order. Nothing of it is asked by itself: somebody presses for it, and what could not be done is said.

// reach is the inline question between the wish to change something at Recip-e and the act.
type reach struct {
	item     rx.Item
	to       rx.Visibility // "" a pharmacy is to be notified
	pharmacy string
	text     string
	again    bool // although an earlier one has no answer
	faults   rx.Faults
}

// reaches are what can be done with one that bears a RID.
func (h *History) reaches(item rx.Item) []Button {
	r := item.AdoptedRecord()
	if r == nil {
		return nil
	}
	e := h.env
	button := func(key, letter string, press func()) Button {
		return Button{Label: i18n.Text(e.Lang, key), Key: e.shift(letter), On: h.may(), Press: e.press(press)}
	}
	visibility, flag := "ui.reach.lock", "ui.reach.ask"
	if r.VisibilityOf(item.Facts) == rx.Locked {
		visibility = "ui.reach.unlock"
	}
	if r.AsksFeedback(item.Facts) {
		flag = "ui.reach.ask-not"
	}
	return []Button{button("ui.reach.read", "L", h.ReadNow), button(visibility, "V", h.AskVisibility), button(flag, "F", h.AskFeedback), button("ui.reach.notify", "M", h.AskNotify)}
}

// there is the selected prescription with its record at Recip-e; nil when it has none, or nothing can be done now.
func (h *History) there() (*rx.Item, *rx.Record) {
	if h.item == nil || !h.may() {
		return nil, nil
	}
	return h.item, h.item.AdoptedRecord()
}

// ReadNow reads the status of the selected one at Recip-e.
func (h *History) ReadNow() {
	if item, r := h.there(); r != nil {
		id := item.ID
		h.act(func(ctx context.Context) ([]note, error) {
			_, err := h.env.Service.Refresh(ctx, id)
			return nil, err
		})
	}
}

// AskVisibility asks before the selected one is locked, or opened to every pharmacy.
func (h *History) AskVisibility() {
	if item, r := h.there(); r != nil {
		to := rx.Locked
		if r.VisibilityOf(item.Facts) == rx.Locked {
			to = rx.Open
		}
		h.askReach(reach{item: *item, to: to})
	}
}

// AskFeedback has pharmacists asked for feedback about the selected one, or no longer.
func (h *History) AskFeedback() {
	if item, r := h.there(); r != nil {
		id, wanted := item.ID, !r.AsksFeedback(item.Facts)
		h.act(func(ctx context.Context) ([]note, error) {
			_, err := h.env.Service.SetFeedback(ctx, id, wanted)
			return nil, err
		})
	}
}

// AskNotify asks which pharmacy is to be told of the selected one.
func (h *History) AskNotify() {
	if item, r := h.there(); r != nil {
		h.askReach(reach{item: *item})
	}
}

// atRecipe is what is known of a prescription at Recip-e beside its status.
func (e *Env) atRecipe(item rx.Item) (facts []string) {
	r := item.AdoptedRecord()
	if r == nil {
		return nil
	}
	if r.VisibilityOf(item.Facts) == rx.Locked {
		facts = append(facts, i18n.Text(e.Lang, "beyond.visibility.locked"))
	}
	if r.AsksFeedback(item.Facts) {
		facts = append(facts, i18n.Text(e.Lang, "beyond.feedback.asked"))
	}
	for _, n := range item.Notices {
		result := string(n.Result)
		if n.Doubtful() {
			result = string(rx.Unanswered)
		}
		facts = append(facts, i18n.Text(e.Lang, "beyond.notice."+result, "pharmacy", n.Pharmacy, "moment", i18n.Moment(e.Lang, e.clock(n.At))))
	}
	return facts
}

func (h *History) askReach(r reach) {
	if h.may() {
		h.Paper.Cancel()
		h.back = nil
		h.reach = &r
		h.focus.to(FieldReach)
	}
}

// SetReach takes what is typed there.
func (h *History) SetReach(f Field, value string) {
	r := h.reach
	switch {
	case r == nil:
	case f == FieldReachText:
		r.text = value
	case f == FieldReach:
		r.pharmacy, r.again = value, false
	}
}

// ConfirmReach does it.
func (h *History) ConfirmReach() {
	r := h.reach
	if r == nil || h.acting {
		return
	}
	if r.to != "" {
		h.reach = nil
		h.focus.to(NoField)
		h.act(func(ctx context.Context) ([]note, error) {
			_, err := h.env.Service.SetVisibility(ctx, r.item.ID, r.to)
			if err != nil || r.to != rx.Locked {
				return nil, err
			}
			return []note{{tone: Warn, key: "ui.reach.locked"}}, nil
		})
		return
	}
	n := prescribing.Notification{Pharmacy: strings.TrimSpace(r.pharmacy), Text: r.text, Again: r.again}
	if r.faults = prescribing.CheckNotification(n); len(r.faults) > 0 {
		h.focus.to(FieldReach)
		return
	}
	h.reach = nil
	h.focus.to(NoField)
	h.acting, h.notes = true, nil
	h.env.Do(func(ctx context.Context) func() {
		_, err := h.env.Service.Notify(ctx, r.item.ID, n)
		return func() {
			h.acting = false
			switch rx.CodeOf(err) {
			case "":
				h.notes = []note{{tone: Good, key: "ui.reach.notified", args: []string{"pharmacy", n.Pharmacy}}}
			case prescribing.CodeNotifyUndecided: // asked once more, with what it may do
				if h.reach == nil && h.selected == r.item.ID {
					r.again = true
					h.reach = r
					h.focus.to(FieldReachText)
				}
			default:
				h.notes = []note{{err: err}}
			}
			h.Load()
			h.env.Changed()
		}
	})
}

// CancelReach closes the question; nothing was done.
func (h *History) CancelReach() {
	if h.reach != nil {
		h.reach = nil
		h.focus.to(NoField)
	}
}

func (h *History) viewReach() *Question {
	r := h.reach
	if r == nil {
		return nil
	}
	e := h.env
	key := "ui.reach.ask.notify"
	if r.to != "" {
		key = "ui.reach.ask." + string(r.to)
	}
	v := &Question{Text: i18n.Text(e.Lang, key, "name", fullName(r.item.Facts.Patient), "product", r.item.Facts.Product.Name)}
	switch {
	case r.to == rx.Locked:
		v.Warning = i18n.Text(e.Lang, "beyond.visibility.locked")
	case r.to == "":
		v.Input = &Input{Label: i18n.Text(e.Lang, "ui.reach.pharmacy"), Text: r.pharmacy, Hint: i18n.Text(e.Lang, "ui.reach.pharmacy.hint")}
		v.Second = &Input{Label: i18n.Text(e.Lang, "ui.reach.text", "max", i18n.Int(prescribing.MaxNotification)), Text: r.text}
		if r.again {
			v.Warning = i18n.Say(e.Lang, rx.Fault(prescribing.CodeNotifyUndecided))[0].What
		}
	}
	var missing []string
	for _, said := range i18n.Say(e.Lang, r.faults.OrNil()) {
		missing = append(missing, sentences(e.Lang, said))
	}
	v.Missing = strings.Join(missing, " ")
	confirm := "ui.reach.confirm"
	if r.again {
		confirm = "ui.reach.again"
	}
	v.Confirm = Button{Label: i18n.Text(e.Lang, confirm), On: !h.acting, Press: e.press(h.ConfirmReach)}
	v.Cancel = Button{Label: i18n.Text(e.Lang, "ui.cancel"), Key: e.escape(), On: true, Press: e.press(h.CancelReach)}
	return v
}

// loadWritten reads what pharmacists wrote and the doctor has not seen.
func (h *History) loadWritten() {
	h.letters.load(func(ctx context.Context) func() {
		written, err := h.env.Service.Feedback(ctx)
		return func() {
			if prescribing.Partial(err) { // what is damaged is told by the list
				h.written = written
			}
		}
	})
}

// FetchLetters asks Recip-e for what pharmacists wrote.
func (h *History) FetchLetters() {
	if h.may() {
		h.act(func(ctx context.Context) ([]note, error) {
			fresh, err := h.env.Service.FetchFeedback(ctx, false)
			if err == nil && fresh == 0 {
				return []note{{tone: Quiet, key: "ui.letters.none"}}, nil
			}
			return nil, err
		})
	}
}

func (h *History) letterButton() Button {
	b := Button{Label: i18n.Text(h.env.Lang, "ui.letters"), Key: h.env.shift("A"), On: h.may(), Press: h.env.press(h.FetchLetters)}
	if n := len(h.written); n > 0 {
		b.Label = i18n.Count(h.env.Lang, "ui.letters.unread", n)
	}
	return b
}

// viewWritten is each of them with its prescription, until it is said to be read.
func (h *History) viewWritten() (notices []Notice) {
	e := h.env
	for _, w := range h.written {
		n := Notice{Tone: Warn, Text: e.letter(w)}
		if w.Item != nil && w.Item.ID != h.selected {
			n.Buttons = append(n.Buttons, Button{Label: i18n.Text(e.Lang, "ui.letters.show"), On: !h.acting, Press: e.press(func() { h.show(*w.Item) })})
		}
		n.Buttons = append(n.Buttons, Button{Label: i18n.Text(e.Lang, "ui.letters.seen"), On: h.may(), Press: e.press(func() { h.see(w) })})
		notices = append(notices, n)
	}
	return notices
}

// letter is who wrote what about what.
func (e *Env) letter(w prescribing.Written) string {
	about := i18n.Text(e.Lang, "beyond.other") + " · RID " + string(w.RID)
	if w.Item != nil {
		about = fullName(w.Item.Facts.Patient) + " · " + w.Item.Facts.Product.Name
	}
	text := w.Text
	if w.Sealed {
		text = i18n.Text(e.Lang, "beyond.feedback.sealed")
	}
	from := i18n.Text(e.Lang, "beyond.feedback.from", "sender", w.By, "moment", i18n.Moment(e.Lang, e.clock(w.Sent)))
	return i18n.Text(e.Lang, "ui.with", "what", about+" · "+from, "fact", text)
}

// show shows a prescription in full, wherever it stands in the list.
func (h *History) show(item rx.Item) {
	if h.acting {
		return
	}
	h.selected, h.item, h.timeline, h.notes = item.ID, &item, nil, nil
	h.Paper.Cancel()
	h.back, h.reach = nil, nil
	h.loadDetail()
}

func (h *History) see(w prescribing.Written) {
	if h.may() {
		h.act(func(ctx context.Context) ([]note, error) { return nil, h.env.Service.SeeFeedback(ctx, w) })
	}
}

// reached is what an event of these states, "" of others.
func (e *Env) reached(ev rx.Event) string {
	switch {
	case ev.Visibility != "":
		return i18n.Text(e.Lang, "beyond.visibility."+string(ev.Visibility))
	case ev.Flag == rx.FlagAsked:
		return i18n.Text(e.Lang, "beyond.feedback.asked")
	case ev.Flag == rx.FlagNotAsked:
		return i18n.Text(e.Lang, "beyond.feedback.not-asked")
	case ev.Notice != nil && ev.N == 0:
		return ev.Notice.Pharmacy
	case ev.Notice != nil:
		return i18n.Text(e.Lang, "notice-result."+string(ev.Notice.Result))
	case ev.Feedback != nil && ev.Feedback.Sealed:
		return i18n.Text(e.Lang, "beyond.feedback.sealed")
	case ev.Kind == rx.EventStatusRead:
		return i18n.Status(e.Lang, ev.Status, time.Time{}, e.today())
	}
	return ""
}

// standings is what Recip-e holds for the patient of an order, as it was when it was asked for.
type standings struct {
	asking bool
	all    []prescribing.Standing
	read   bool
	err    error
}

// AskRecipe asks what Recip-e holds as open for the patient.
func (p *Prescribe) AskRecipe() {
	w := p.w
	if !p.canAskRecipe() {
		return
	}
	w.standing = standings{asking: true}
	p.env.Do(func(ctx context.Context) func() {
		all, err := p.env.Service.AtRecipe(ctx, w.patient.ID)
		return func() {
			w.standing = standings{all: all, read: true, err: err}
			p.env.Changed()
		}
	})
}

func (p *Prescribe) canAskRecipe() bool {
	w := p.w
	return w != nil && w.patient.ID != "" && w.patient.SSIN != "" && !w.standing.asking && !p.env.Reading
}

// CloseRecipe puts away what was read.
func (p *Prescribe) CloseRecipe() {
	if p.w != nil && !p.w.standing.asking {
		p.w.standing = standings{}
	}
}

// RecipeView is what Recip-e holds for the patient.
type RecipeView struct {
	Title   string
	Notices []Notice // one for each, and what could not be read
	Close   Button
}

func (p *Prescribe) viewRecipe(w *order) *RecipeView {
	st := w.standing
	if !st.asking && !st.read {
		return nil
	}
	lang := p.env.Lang
	v := &RecipeView{Title: i18n.Text(lang, "ui.recipe.title", "name", fullName(w.patient.Patient))}
	v.Close = Button{Label: i18n.Text(lang, "ui.recipe.close"), On: !st.asking, Press: p.env.press(p.CloseRecipe)}
	if st.asking {
		v.Notices = []Notice{{Tone: Busy, Text: i18n.Text(lang, "ui.recipe.asking")}}
		return v
	}
	for _, s := range st.all {
		v.Notices = append(v.Notices, p.env.standing(s))
	}
	if len(st.all) == 0 && st.err == nil {
		v.Notices = append(v.Notices, Notice{Tone: Quiet, Text: i18n.Text(lang, "cli.open.none")})
	}
	v.Notices = append(v.Notices, p.env.faults(st.err)...)
	return v
}

// standing is one of them in words: what it is, how it stands there, and what differs.
func (e *Env) standing(s prescribing.Standing) Notice {
	n := Notice{Tone: Quiet}
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	switch {
	case s.Item != nil:
		item := *s.Item
		add(e.product(item.Facts.Product.Name, item.Facts.Product.Pack, item.Facts.Content))
		add(e.state(item.Prescription, e.Service.Owed(item)))
		if i := slices.IndexFunc(item.Records, func(r rx.Record) bool { return r.RID == s.RID }); i >= 0 {
			r := item.Records[i]
			add(i18n.Status(e.Lang, r.Status, e.clock(r.Read), e.today()))
			if r.VisibilityOf(item.Facts) == rx.Locked {
				add(i18n.Text(e.Lang, "beyond.visibility.locked"))
			}
		}
	default:
		n.Tone = Warn
		add(i18n.Text(e.Lang, "beyond.other"))
		if c := s.Content; c != nil {
			for _, l := range c.Lines {
				add(strings.Trim(l.Name+", "+l.Posology, ", "))
			}
			add(strings.Trim(c.Author+", "+day(c.Written), ", "))
		} else if s.Sealed != "" {
			add(i18n.Text(e.Lang, "beyond.sealed."+s.Sealed))
		}
	}
	add("RID " + string(s.RID))
	if s.Differ != prescribing.Alike {
		n.Tone = Warn
		add(i18n.Text(e.Lang, "beyond.differs."+string(s.Differ)))
	}
	if s.Err != nil {
		n.Tone = Warn
		add(i18n.Say(e.Lang, s.Err)[0].What)
	}
	n.Text = strings.Join(parts, " · ")
	return n
}

// day is a date of a message as people read it; what is none stays as it came.
func day(text string) string {
	if d, err := rx.ParseDate(text); err == nil {
		return i18n.Date(d)
	}
	return text
}

// viewAccess says with what the platform is entered, and what is to be done about it.
func (s *Settings) viewAccess(v *SettingsView) {
	a, lang := s.access, s.env.Lang
	if a == nil {
		return
	}
	v.Accessed = i18n.Text(lang, "ui.access")
	switch {
	case s.barred != nil:
		v.Notices = append(v.Notices, s.env.faults(s.barred)...)
	case a.Holder != "":
		v.Access = append(v.Access, i18n.Text(lang, "ui.access.certificate", "holder", a.Holder, "date", i18n.Date(rx.DateOf(s.env.clock(a.Until)))))
	case s.env.Simulated:
		v.Access = append(v.Access, i18n.Text(lang, "ui.access.simulated"))
	default:
		v.Access = append(v.Access, i18n.Text(lang, "ui.access.none"))
	}
	switch {
	case a.Session.IsZero():
		v.Access = append(v.Access, i18n.Text(lang, "ui.access.closed"))
	case a.Renewal.IsZero() || a.Renewal.Before(s.env.now()):
		v.Access = append(v.Access, i18n.Text(lang, "ui.access.session", "until", s.env.time(a.Session)))
	default:
		v.Access = append(v.Access, i18n.Text(lang, "ui.access.renewed", "until", s.env.time(a.Session), "renewal", s.env.time(a.Renewal)))
	}
	for _, w := range a.Warnings {
		v.Notices = append(v.Notices, s.env.warnings(rx.Faults{w})...)
	}
}
