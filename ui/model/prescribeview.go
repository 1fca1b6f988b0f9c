package model

import (
	"slices"
	"strings"
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// PrescribeView is what the screen *Prescrire* shows: the choice of a patient, or the patient with the lines.
type PrescribeView struct {
	Pick *PickView // nil when there is a patient

	Name   string // of the patient, as on every document
	Banner string
	Near   Notice      // who could be taken for the patient; no text: nobody
	Child  string      // "ENFANT" or "NOUVEAU-NÉ", as documents say it
	Edit   Button      // the patient
	Ask    Button      // what Recip-e holds for the patient
	Recipe *RecipeView // nil: it was not asked
	Form   *FormView
	Past   *PastView
	Entry  *EntryView
	Done   string // in place of the entry once the order is issued
	Lines  []Line
	Empty  string // in place of lines

	Takes    string // what the patient takes along
	Leave    Notice // whether the patient can leave
	Paper    *Question
	Back     *Question
	Template *Question
	Notices  []Notice
	Focus    Focus

	Send, Proof, OnPaper, Preview, ByHand, LetGo, Next Button // always there, always in this place
}

// View is the screen as it stands.
func (p *Prescribe) View() PrescribeView {
	lang := p.env.Lang
	v := PrescribeView{Notices: append(p.env.say(p.notes), p.env.say(p.shelfNotes)...), Paper: p.Paper.view(), Back: p.viewBack(), Focus: p.focus}
	if v.Paper != nil {
		v.Paper.Confirm.Press, v.Paper.Cancel.Press = p.env.press(p.ConfirmPaper), p.env.press(p.CancelPaper)
	}
	v.Send = Button{Label: i18n.Text(lang, "ui.send"), Key: i18n.Text(lang, "ui.key.send"), Press: p.env.press(p.Send)}
	v.Proof = Button{Label: i18n.Text(lang, "ui.proof"), Key: i18n.Text(lang, "ui.key.proof"), Press: p.env.press(p.Proof)}
	v.OnPaper = Button{Label: i18n.Text(lang, "ui.paper"), Key: i18n.Text(lang, "ui.key.paper"), Press: p.env.press(p.AskPaper)}
	v.Preview = p.env.previewButton(p.drawable(), p.Preview)
	v.LetGo = Button{Label: i18n.Text(lang, "ui.let-go"), Key: i18n.Text(lang, "ui.key.let-go"), Press: p.env.press(p.LetGo)}
	v.ByHand = Button{Label: i18n.Text(lang, "ui.hand.short"), Press: p.env.press(p.AskHand)}
	v.Next = Button{Label: i18n.Text(lang, "ui.next"), Key: i18n.Text(lang, "ui.key.next"), Press: p.env.press(p.Next), On: !p.acting}
	w := p.w
	if w == nil {
		v.Pick = p.Pick.view()
		return v
	}
	v.Name, v.Banner = fullName(w.patient.Patient), p.env.banner(w.patient.Patient)+" · "+p.env.allergies(w.note)
	switch day := p.env.today(); {
	case rx.IsNewborn(w.patient.Patient, day):
		v.Child = i18n.Text(lang, "doc.newborn")
	case rx.IsChild(w.patient.Patient, day):
		v.Child = i18n.Text(lang, "doc.child")
	}
	v.Edit = Button{Label: i18n.Text(lang, "ui.line.edit"), Key: i18n.Text(lang, "ui.key.edit"), On: p.canEdit(), Press: p.env.press(p.EditPatient)}
	v.Ask = Button{Label: i18n.Text(lang, "ui.recipe"), Key: p.env.shift("E"), On: p.canAskRecipe(), Press: p.env.press(p.AskRecipe)}
	v.Recipe = p.viewRecipe(w)
	if len(w.near) > 0 {
		names := make([]string, len(w.near))
		for i, k := range w.near {
			names[i] = fullName(k.Patient) + ", " + p.env.born(k.Patient)
		}
		v.Near = Notice{Tone: Warn, Text: i18n.Text(lang, "ui.near", "names", strings.Join(names, i18n.Text(lang, "ui.and")))}
	}
	n := len(w.lines) + len(w.ids)
	if p.Entry.chosen && !p.Entry.unread() {
		n++
	}
	if n > 0 {
		v.Send.Label = i18n.Count(lang, "ui.send.lines", n, "name", shortName(w.patient.Patient))
	}
	if w.issued {
		p.viewIssued(w, &v)
		return v
	}
	if p.edit != nil {
		form := p.edit.view(nil)
		form.Save.Press, form.Cancel.Press = p.env.press(p.edit.Save), p.env.press(p.edit.Cancel)
		v.Form = form
	}
	v.Past, v.Template = p.viewPast(w), p.viewTemplate()
	entry := p.Entry.view(p)
	entry.Add = Button{Label: i18n.Text(lang, "ui.line.add"), Key: i18n.Text(lang, "ui.key.enter"), On: !p.acting, Press: p.env.press(func() { p.Add() })}
	entry.Forget = Button{Label: i18n.Text(lang, "ui.line.forget"), On: !p.acting, Press: p.env.press(p.Forget)}
	if p.Entry.copied != nil {
		entry.Add.Label, entry.Forget.Label = i18n.Text(lang, "ui.copy.confirm"), i18n.Text(lang, "ui.copy.skip")
	}
	entry.Favour = Button{Label: i18n.Text(lang, "ui.shelf.favour"), Key: i18n.Text(lang, "ui.key.favour"), On: !p.acting && !p.keeping.running, Press: p.env.press(p.Favour)}
	entry.More.Key, entry.More.On, entry.More.Press = i18n.Text(lang, "ui.key.details"), !p.acting, p.env.press(p.Details)
	v.Entry = &entry
	for i := range w.lines {
		v.Lines = append(v.Lines, p.written(i))
	}
	if len(v.Lines) == 0 {
		v.Empty = i18n.Text(lang, "ui.lines.empty")
	}
	ready := n > 0 && p.writing()
	v.Send.On, v.Send.Strong = ready, true
	v.OnPaper.On, v.ByHand.On = ready, ready
	v.OnPaper.Strong = w.patient.SSIN == "" || p.env.down(rx.Recipe) || p.env.down(rx.KGSS)
	return v
}

// written is line i of an order that is not issued yet.
func (p *Prescribe) written(i int) Line {
	lang, l := p.env.Lang, p.w.lines[i]
	checked, faults, warnings := p.env.checkLine(p.w.patient.Patient, l)
	m := checked.Medicine
	name := m.Name.In(lang)
	if name == "" {
		name = strings.Join(strings.Fields(l.Name+" "+l.Text), " ")
	}
	until := checked.Expires
	if until.IsZero() {
		until = rx.DefaultExpiry(p.env.today())
	}
	line := Line{
		Key: i18n.Int(i+1) + name, N: i18n.Int(i + 1), Product: p.env.product(name, m.PackText.In(lang), l),
		Until: i18n.Text(lang, "ui.until", "date", i18n.Date(until)),
		State: i18n.Text(lang, "state.draft"),
		Side: []Button{
			{Label: i18n.Text(lang, "ui.line.edit"), On: !p.acting, Press: p.env.press(func() { p.Edit(i) })},
			{Label: i18n.Text(lang, "ui.line.remove"), On: !p.acting, Press: p.env.press(func() { p.Remove(i) })},
		},
	}
	line.dose(lang, lang, l.Posology, p.env.posology(l))
	if details := p.env.details(l); len(details) > 0 {
		line.Facts = append(line.Facts, strings.Join(details, " · "))
	}
	line.Notices = p.env.faults(faults.OrNil())
	if c := checked.Coverage; c != nil && c.Packs > l.Quantity {
		line.Notices = append(line.Notices, Notice{Tone: Warn, Text: i18n.Coverage(lang, *c, l.Posology.Unit)})
	} else if c != nil {
		line.Facts = append(line.Facts, i18n.Coverage(lang, *c, l.Posology.Unit))
	}
	line.Notices = append(line.Notices, p.env.warnings(besides(warnings))...)
	if again := p.already(l); again != "" {
		line.Notices = append(line.Notices, Notice{Tone: Warn, Text: again})
	}
	return line
}

func (p *Prescribe) viewIssued(w *order, v *PrescribeView) {
	lang := p.env.Lang
	v.Done = i18n.Text(lang, "ui.issued")
	if len(w.items) == 0 {
		v.Empty = i18n.Text(lang, "ui.reading")
		return
	}
	v.Done = i18n.Text(lang, "ui.issued.at", "time", p.env.time(w.items[0].Issued))
	down := p.env.down(rx.Recipe) || p.env.down(rx.KGSS)
	for i, item := range w.items {
		v.Lines = append(v.Lines, p.sent(i, item))
		v.Proof.On = v.Proof.On || provable(item.Prescription)
		v.OnPaper.On = v.OnPaper.On || claimable(item.Prescription)
		v.ByHand.On = v.OnPaper.On
		v.OnPaper.Strong = v.OnPaper.Strong || claimable(item.Prescription) && (down || p.unanswered(item))
	}
	v.Proof.Strong = v.Proof.On && !w.proved && slices.ContainsFunc(w.items, func(item rx.Item) bool { return provable(item.Prescription) && item.Proof })
	v.Takes, v.Leave = p.takes(w), p.leave(w)
	v.LetGo.On = !left(w)
	v.LetGo.Strong = v.LetGo.On && v.Leave.Tone == Good && !v.Proof.Strong
	if p.acting {
		v.Proof.On, v.OnPaper.On, v.ByHand.On, v.LetGo.On = false, false, false, false
	}
}

// sent is line i of an issued order, with what can be done about it.
func (p *Prescribe) sent(i int, item rx.Item) Line {
	lang, w := p.env.Lang, p.w
	owed := p.env.Service.Owed(item)
	line := p.env.line(item, owed)
	line.N = i18n.Int(i + 1)
	offered := p.unanswered(item)
	if offered {
		pick := w.choices[item.ID]
		line.Buttons = append(line.Buttons,
			Button{Label: i18n.Text(lang, "ui.choice.wait"), On: true, Strong: pick == choiceWait, Press: p.env.press(func() { p.answer(item.ID, choiceWait) })},
			Button{Label: i18n.Text(lang, "ui.choice.paper"), On: claimable(item.Prescription), Press: p.env.press(func() {
				p.askPaper(false, func(o rx.Item) bool { return o.ID == item.ID && claimable(o.Prescription) })
			})},
			Button{Label: i18n.Text(lang, "ui.choice.later"), On: true, Strong: pick == choiceLater, Press: p.env.press(func() { p.answer(item.ID, choiceLater) })})
	}
	for _, d := range owed {
		if len(d.Outcomes) == 0 {
			continue
		}
		_, why, _ := i18n.Duty(lang, d)
		line.Facts = append(line.Facts, why)
		for j, b := range p.env.outcomes(d, p.settle) {
			if !offered || d.Outcomes[j] != rx.ToPaper {
				line.Buttons = append(line.Buttons, b)
			}
		}
	}
	if unhanded(item.Prescription) && !item.Sheet().Handwritten {
		line.Buttons = append(line.Buttons,
			Button{Label: i18n.Text(lang, "ui.paper.again"), On: !p.env.Prints.running(item.ID) && said(item, owed), Press: p.env.press(func() { p.reprint(item.ID) })},
			Button{Label: i18n.Text(lang, "ui.paper.redo"), On: item.Electronic && !item.Elsewhere && !p.env.Prints.mayCome(item.ID), Press: p.env.press(func() { p.redo(item.ID) })})
	}
	if offered || item.State != rx.StateReady { // what leaves by itself in a moment needs no decision
		line.Side = p.env.acts(item, p.askBack, p.twin)
	}
	for j := range line.Side {
		line.Side[j].On = line.Side[j].On && !p.acting
	}
	for j := range line.Buttons {
		line.Buttons[j].On = line.Buttons[j].On && !p.acting
	}
	return line
}

// said tells that the doctor has said what became of the last copy: only then another is printed.
func said(item rx.Item, owed []rx.Duty) bool {
	return item.Sheet().Printed.IsZero() || !slices.ContainsFunc(owed, func(d rx.Duty) bool { return d.Kind == rx.DutyConfirmPrint })
}

// drawn is how long before the promised time the choice is offered, so that it is on the screen by then.
const drawn = 500 * time.Millisecond

// unanswered tells that a line may be decided upon: no RID within the screen's promise, an attempt of which nothing
// left, or none without answer, or services that are known to be away.
func (p *Prescribe) unanswered(item rx.Item) bool {
	if !open(item.Prescription) {
		return false
	}
	failed := len(item.Attempts) > 0 && item.Attempts[len(item.Attempts)-1].Result == rx.ResultNotSent
	return item.State == rx.StateUnknown || failed || p.env.now().Sub(item.Issued) >= p.env.Service.Waits.Answer-drawn ||
		p.env.down(rx.Recipe) || p.env.down(rx.KGSS)
}

// takings are what a patient takes along, in the order of the sentence.
var takings = []string{"proof", "electronic", "paper", "later", "none", "open"}

// taking is what the patient takes of one line.
func (w *order) taking(item rx.Item) string {
	switch {
	case item.State == rx.StateConfirmed && !item.Wished.Set() && item.Proof:
		return "proof"
	case item.State == rx.StateConfirmed && !item.Wished.Set():
		return "electronic"
	case item.State == rx.StatePaper && item.Sheet() != nil:
		return "paper"
	case open(item.Prescription) && !item.Wished.Set() && w.choices[item.ID] == choiceLater:
		return "later"
	case open(item.Prescription) && !item.Wished.Set():
		return "open"
	}
	return "none"
}

// takes is "Le patient emporte : 1–2 preuve électronique · 3 prescription papier".
func (p *Prescribe) takes(w *order) string {
	of := map[string][]int{}
	for i, item := range w.items {
		of[w.taking(item)] = append(of[w.taking(item)], i+1)
	}
	var parts []string
	for _, t := range takings {
		if lines := of[t]; lines != nil {
			parts = append(parts, i18n.Text(p.env.Lang, "ui.takes."+t, "lines", numbers(lines)))
		}
	}
	return i18n.Text(p.env.Lang, "ui.takes", "what", strings.Join(parts, " · "))
}

// holds are why a patient should not leave yet, in the order of the sentence.
var holds = []string{"unknown", "waiting", "refused", "paper", "double"}

// hold is why the patient should not leave because of one line, "" when nothing holds.
func (p *Prescribe) hold(w *order, item rx.Item) string {
	owed := p.env.Service.Owed(item)
	tell := slices.ContainsFunc(owed, func(d rx.Duty) bool { return d.Kind == rx.DutyTell })
	switch {
	case w.taking(item) == "open" && item.State == rx.StateReady:
		return "waiting"
	case w.taking(item) == "open":
		return "unknown"
	case tell && (item.State == rx.StateRefused || item.State == rx.StateLapsed):
		return "refused"
	case unhanded(item.Prescription):
		return "paper"
	case tell:
		return "double"
	}
	return ""
}

// left tells that the patient is known to have left.
func left(w *order) bool {
	return len(w.items) > 0 && !slices.ContainsFunc(w.items, func(item rx.Item) bool { return !item.LetGo.Set() })
}

// leave says whether the patient can leave, or when they left.
func (p *Prescribe) leave(w *order) Notice {
	lang := p.env.Lang
	of := map[string][]int{}
	for i, item := range w.items {
		if why := p.hold(w, item); why != "" {
			of[why] = append(of[why], i+1)
		}
	}
	var parts []string
	for _, why := range holds {
		if lines := of[why]; lines != nil {
			parts = append(parts, i18n.Text(lang, "ui.hold."+why, "lines", p.env.lines(lines)))
		}
	}
	what := strings.Join(parts, i18n.Text(lang, "ui.and"))
	switch {
	case left(w) && what == "":
		return Notice{Tone: Quiet, Text: i18n.Text(lang, "ui.left", "time", p.env.time(w.items[0].LetGo.At))}
	case left(w):
		return Notice{Tone: Warn, Text: i18n.Text(lang, "ui.left.open", "time", p.env.time(w.items[0].LetGo.At), "what", what)}
	case what != "":
		return Notice{Tone: Bad, Text: i18n.Text(lang, "ui.hold", "what", what)}
	}
	return Notice{Tone: Good, Text: i18n.Text(lang, "ui.may-leave")}
}
