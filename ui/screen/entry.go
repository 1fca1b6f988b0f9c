package screen

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// entry is the line that is being written: a search, then a product with its dose.
type entry struct {
	search *kit.Entry
	label  *kit.Labelled
	hint   *kit.Text
	hits   *kit.Stack[model.Hit]
	find   *fyne.Container

	copied                               *kit.Text
	product                              *kit.Text
	forget, add, more, favour            *kit.Button
	dose, times, days, quantity, expires *kit.Entry
	text, why, begin, instruction        *kit.Entry
	unit, rhythm, moment                 *kit.Choice
	reimbursement, visibility            *kit.Choice
	asNeeded, free, reimbursed, feedback *kit.Check
	labels                               map[string]*kit.Labelled
	boxes                                map[string]*fyne.Container // the inputs with their labels
	usual                                *kit.Buttons
	preview, summary                     *kit.Text
	cover                                *kit.Buttons
	details                              *fyne.Container
	compose                              *fyne.Container

	notices kit.Notices
	box     *fyne.Container
}

func newEntry(m *model.Prescribe, changed func()) *entry {
	e := &entry{hint: kit.NewText(), copied: kit.NewText(), product: kit.NewText(), forget: kit.NewButton(), add: kit.NewButton(), more: kit.NewButton(), favour: kit.NewButton(),
		usual: kit.NewButtons(), preview: kit.NewText(), summary: kit.NewText(), cover: kit.NewButtons(),
		notices: kit.NewNotices(), labels: map[string]*kit.Labelled{}, boxes: map[string]*fyne.Container{}}
	e.search = kit.NewEntry(func(s string) { m.Search(s); changed() })
	e.search.Key = keys(m.Move, m.Enter, changed)
	e.label = kit.NewLabelled(e.search)
	e.hits = kit.NewStack(newHit)
	e.find = kit.NewColumn(e.label.Container, e.hint, kit.Capped(e.hits.Object(), 32*kit.Unit))

	input := func(f model.Field, move func(int)) *kit.Entry {
		input := kit.NewEntry(func(s string) { m.Set(f, s); changed() })
		input.Key = keys(move, m.Enter, changed)
		return input
	}
	plain := func(f model.Field) *kit.Entry { return input(f, func(int) {}) }
	choice := func(f model.Field) *kit.Choice {
		c := kit.NewChoice(func(v string) { m.Set(f, v); changed() })
		c.Key = pressed(m.Enter, changed)
		return c
	}
	e.dose, e.times, e.days = input(model.FieldDose, m.Usual), input(model.FieldTimes, m.Usual), input(model.FieldDays, m.Usual)
	e.quantity, e.expires, e.text, e.why = plain(model.FieldQuantity), plain(model.FieldExpires), plain(model.FieldText), plain(model.FieldWhy)
	e.begin, e.instruction = plain(model.FieldBegin), plain(model.FieldInstruction)
	e.unit, e.rhythm, e.moment = choice(model.FieldUnit), choice(model.FieldRhythm), choice(model.FieldMoment)
	e.reimbursement, e.visibility = choice(model.FieldReimbursement), choice(model.FieldVisibility)
	e.asNeeded = kit.NewCheck(func(on bool) { m.SetAsNeeded(on); changed() })
	e.free = kit.NewCheck(func(on bool) { m.SetFree(on); changed() })
	e.reimbursed = kit.NewCheck(func(on bool) { m.SetReimbursed(on); changed() })
	e.feedback = kit.NewCheck(func(on bool) { m.SetFeedback(on); changed() })
	under := func(key string, width float32, o fyne.CanvasObject) *fyne.Container {
		e.labels[key] = kit.NewLabelled(o)
		e.boxes[key] = kit.AtLeast(fyne.NewSize(width, 0), e.labels[key].Container)
		return e.boxes[key]
	}
	wide := kit.NewColumn(under("ui.field.text", 0, e.text))
	fields := kit.NewFlow(under("ui.field.dose", 8*kit.Unit, e.dose), under("ui.field.unit", 0, e.unit), under("ui.field.times", 12*kit.Unit, e.times),
		under("ui.field.moment", 14*kit.Unit, e.moment), under("ui.field.days", 7*kit.Unit, e.days), under("ui.field.packs", 10*kit.Unit, e.quantity),
		under("ui.field.rhythm", 20*kit.Unit, e.rhythm), kit.Bottom(e.asNeeded), kit.Bottom(e.free))
	e.details = kit.NewColumn(kit.NewFlow(under("ui.field.begin", 15*kit.Unit, e.begin), under("ui.field.expires", 20*kit.Unit, e.expires),
		under("ui.field.reimbursement", 0, e.reimbursement), kit.Bottom(e.reimbursed), kit.Bottom(e.feedback)),
		under("ui.field.visibility", 0, e.visibility), under("ui.field.instruction", 0, e.instruction))
	e.compose = kit.NewColumn(e.copied, container.NewBorder(nil, nil, nil, kit.Top(e.forget), e.product), wide, fields, kit.NewColumn(under("ui.field.why", 0, e.why)),
		e.preview, e.cover.Object(), kit.NewFlow(e.add, e.favour, e.more), e.usual.Object(), e.details, e.summary)
	e.box = kit.Card(kit.NewColumn(e.find, e.notices.Object(), e.compose))
	return e
}

func (e *entry) show(lang rx.Lang, v *model.EntryView) {
	visible(v != nil, e.box)
	if v == nil {
		return
	}
	writing := v.Chosen != ""
	visible(!writing, e.find)
	visible(writing, e.compose)
	e.notices.Show(v.Notices)
	if !writing {
		e.label.Label(i18n.Text(lang, "ui.medicine"))
		e.search.Hint(i18n.Text(lang, "ui.medicine.hint"))
		e.search.Set(v.Words)
		e.hint.Set(kit.Soft(v.Empty))
		visible(v.Empty != "", e.hint)
		e.hits.Set(v.Hits, func(i int, h model.Hit) string { return strconv.Itoa(i) + h.Text + h.About })
		return
	}
	for key, l := range e.labels {
		l.Label(i18n.Text(lang, key))
	}
	e.labels["ui.field.packs"].Label(v.QuantityLabel)
	e.copied.Set(kit.Toned(model.Warn, v.Copied))
	visible(v.Copied != "", e.copied)
	e.product.Set(kit.Strong(v.Chosen), kit.Quiet("   "+v.About))
	e.forget.Set(v.Forget)
	e.add.Set(v.Add)
	e.more.Set(v.More)
	e.favour.Set(v.Favour)
	for input, text := range map[*kit.Entry]string{e.dose: v.Dose, e.times: v.Times, e.days: v.Days, e.text: v.Text, e.why: v.Why, e.quantity: v.Quantity,
		e.begin: v.Begin, e.expires: v.Expires, e.instruction: v.Instruction} {
		input.Set(text)
	}
	e.begin.Hint(v.BeginHint)
	e.expires.Hint(v.ExpiresHint)
	e.unit.Set(units(v), " ")
	e.rhythm.Set(v.Rhythms, " ")
	e.moment.Set(v.Moments, " ")
	e.reimbursement.Set(v.Reimbursements, " ")
	e.visibility.Set(v.Visibilities, " ")
	e.asNeeded.Set(i18n.Text(lang, "ui.field.as-needed"), v.AsNeeded)
	e.free.Set(i18n.Text(lang, "ui.field.free"), v.Free)
	e.reimbursed.Set(i18n.Text(lang, "ui.field.reimbursed"), v.Reimbursed)
	e.feedback.Set(i18n.Text(lang, "ui.field.feedback"), v.Feedback)
	for key, on := range map[string]bool{"ui.field.dose": !v.Free, "ui.field.unit": !v.Free, "ui.field.rhythm": !v.Free, "ui.field.times": !v.Free && v.Daily,
		"ui.field.moment": !v.Free && v.Weekday, "ui.field.text": v.Free, "ui.field.packs": v.Packs, "ui.field.days": !v.Free || !v.Packs, "ui.field.why": v.AskWhy} {
		visible(on, e.boxes[key])
	}
	visible(!v.Free, e.asNeeded)
	visible(v.Details, e.details)
	e.usual.Set(v.Usual)
	var spans []kit.Span
	if v.Preview != "" {
		spans = append(spans, kit.Words(i18n.Text(lang, "ui.dose")+" "), kit.Strong(v.Preview))
	}
	if v.Coverage != "" {
		spans = append(spans, kit.Soft(v.Coverage).Line())
	}
	e.preview.Set(spans...)
	e.cover.Set(v.Cover)
	e.summary.Set(kit.Soft(v.Summary))
	visible(v.Summary != "", e.summary)
}

// inputs are those that can have the focus.
func (e *entry) inputs() map[model.Field]fyne.Focusable {
	return map[model.Field]fyne.Focusable{model.FieldMedicine: e.search, model.FieldDose: e.dose, model.FieldUnit: e.unit, model.FieldTimes: e.times,
		model.FieldDays: e.days, model.FieldText: e.text, model.FieldQuantity: e.quantity, model.FieldExpires: e.expires, model.FieldRhythm: e.rhythm,
		model.FieldMoment: e.moment, model.FieldWhy: e.why, model.FieldBegin: e.begin, model.FieldReimbursement: e.reimbursement,
		model.FieldInstruction: e.instruction, model.FieldVisibility: e.visibility}
}

func units(v *model.EntryView) []model.Choice {
	list := make([]model.Choice, len(v.Units))
	for i, u := range v.Units {
		list[i] = model.Choice{Value: rx.Units[i], Label: u, Chosen: i == v.Unit}
	}
	return list
}

// hit is one result, under the heading of its section where one begins: strengths and categories stand under one another,
// so that look-alikes show their difference.
type hit struct {
	heading, text, strength, about *kit.Text
	side                           *kit.Buttons
	tap                            *kit.Tap
	box                            *fyne.Container
}

func newHit() kit.Row[model.Hit] {
	h := &hit{heading: kit.NewText(), text: kit.NewText(), strength: kit.NewText(), about: kit.NewText(), side: kit.NewButtons()}
	beside := container.NewGridWithColumns(2, kit.AtLeast(fyne.NewSize(15*kit.Unit, 0), h.strength), kit.AtLeast(fyne.NewSize(15*kit.Unit, 0), h.about))
	h.tap = kit.NewTap(kit.Sided(layout.NewBorderLayout(nil, nil, nil, beside), h.text, beside))
	h.box = kit.NewColumn(h.heading, container.NewBorder(nil, nil, nil, h.side.Object(), h.tap))
	return h
}

func (h *hit) Object() fyne.CanvasObject { return h.box }

func (h *hit) Show(v model.Hit) {
	h.heading.Set(kit.Soft(v.Heading))
	visible(v.Heading != "", h.heading)
	h.text.Set(kit.Strong(v.Text))
	h.strength.Set(kit.Words(v.Strength))
	h.about.Set(kit.Quiet(v.About))
	h.side.Set(v.Side)
	h.tap.Set(v.Selected, v.Press)
}
