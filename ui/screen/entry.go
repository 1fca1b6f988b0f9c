package screen

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

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

	product                              *kit.Text
	forget, add                          *kit.Button
	dose, times, days, quantity, expires *kit.Entry
	text                                 *kit.Entry
	unit                                 *kit.Choice
	asNeeded, free                       *kit.Check
	labels                               map[string]*kit.Labelled
	parts, whole, daysBox, packsBox      *fyne.Container
	preview                              *kit.Text
	cover                                *kit.Buttons
	compose                              *fyne.Container

	notices kit.Notices
	box     *fyne.Container
}

func newEntry(m *model.Prescribe, changed func()) *entry {
	e := &entry{hint: kit.NewText(), product: kit.NewText(), forget: kit.NewButton(), add: kit.NewButton(), preview: kit.NewText(), cover: kit.NewButtons(),
		notices: kit.NewNotices(), labels: map[string]*kit.Labelled{}}
	e.search = kit.NewEntry(func(s string) { m.Search(s); changed() })
	e.search.Key = keys(m.Move, m.Enter, changed)
	e.label = kit.NewLabelled(e.search)
	e.hits = kit.NewStack(newHit)
	e.find = kit.NewColumn(e.label.Container, e.hint, kit.Capped(e.hits.Object(), 26*kit.Unit))

	field := func(f model.Field) *kit.Entry {
		input := kit.NewEntry(func(s string) { m.Set(f, s); changed() })
		input.Key = func(name fyne.KeyName) bool {
			if name != fyne.KeyReturn && name != fyne.KeyEnter {
				return false
			}
			m.Enter()
			changed()
			return true
		}
		return input
	}
	e.dose, e.times, e.days = field(model.FieldDose), field(model.FieldTimes), field(model.FieldDays)
	e.quantity, e.expires, e.text = field(model.FieldQuantity), field(model.FieldExpires), field(model.FieldText)
	e.unit = kit.NewChoice(func(v string) { m.Set(model.FieldUnit, v); changed() })
	e.asNeeded = kit.NewCheck(func(on bool) { m.SetAsNeeded(on); changed() })
	e.free = kit.NewCheck(func(on bool) { m.SetFree(on); changed() })
	under := func(key string, width float32, o fyne.CanvasObject) *fyne.Container {
		e.labels[key] = kit.NewLabelled(o)
		return kit.AtLeast(fyne.NewSize(width, 0), e.labels[key].Container)
	}
	e.parts = container.NewHBox(under("ui.field.dose", 9*kit.Unit, e.dose), under("ui.field.unit", 22*kit.Unit, e.unit), under("ui.field.times", 12*kit.Unit, e.times))
	e.whole = kit.NewColumn(under("ui.field.text", 0, e.text))
	e.daysBox, e.packsBox = under("ui.field.days", 9*kit.Unit, e.days), under("ui.field.packs", 12*kit.Unit, e.quantity)
	row := container.NewBorder(nil, nil, container.NewHBox(e.parts, e.daysBox), container.NewHBox(kit.Bottom(e.asNeeded), kit.Bottom(e.free)), e.whole)
	second := container.NewBorder(nil, nil, container.NewHBox(e.packsBox,
		under("ui.field.expires", 20*kit.Unit, e.expires)), kit.Bottom(e.add))
	e.compose = kit.NewColumn(container.NewBorder(nil, nil, nil, e.forget, e.product), row, second, kit.NewBeside(e.preview, e.cover.Object()))
	e.box = kit.Card(kit.NewColumn(e.find, e.compose, kit.Capped(e.notices.Object(), 12*kit.Unit)))
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
	e.product.Set(kit.Strong(v.Chosen), kit.Quiet("   "+v.About))
	e.forget.Set(v.Forget)
	e.add.Set(v.Add)
	e.dose.Set(v.Dose)
	e.times.Set(v.Times)
	e.days.Set(v.Days)
	e.text.Set(v.Text)
	e.quantity.Set(v.Quantity)
	e.expires.Set(v.Expires)
	e.expires.Hint(v.ExpiresHint)
	e.unit.Set(units(v), " ")
	e.asNeeded.Set(i18n.Text(lang, "ui.field.as-needed"), v.AsNeeded)
	e.free.Set(i18n.Text(lang, "ui.field.free"), v.Free)
	visible(!v.Free, e.parts, e.asNeeded)
	visible(v.Free, e.whole)
	visible(v.Packs, e.packsBox)
	visible(!v.Free || !v.Packs, e.daysBox)
	var spans []kit.Span
	if v.Preview != "" {
		spans = append(spans, kit.Words(i18n.Text(lang, "ui.dose")+" "), kit.Strong(v.Preview))
	}
	if v.Coverage != "" {
		spans = append(spans, kit.Soft(v.Coverage).Line())
	}
	e.preview.Set(spans...)
	e.cover.Set(v.Cover)
}

func units(v *model.EntryView) []model.Choice {
	list := make([]model.Choice, len(v.Units))
	for i, u := range v.Units {
		list[i] = model.Choice{Value: rx.Units[i], Label: u, Chosen: i == v.Unit}
	}
	return list
}

// hit is one result: strengths and categories stand under one another, so that look-alikes show their difference.
type hit struct {
	text, strength, about *kit.Text
	tap                   *kit.Tap
}

func newHit() kit.Row[model.Hit] {
	h := &hit{text: kit.NewText(), strength: kit.NewText(), about: kit.NewText()}
	h.tap = kit.NewTap(container.NewBorder(nil, nil, nil, container.NewGridWithColumns(2,
		kit.AtLeast(fyne.NewSize(20*kit.Unit, 0), h.strength), kit.AtLeast(fyne.NewSize(20*kit.Unit, 0), h.about)), h.text))
	return h
}

func (h *hit) Object() fyne.CanvasObject { return h.tap }

func (h *hit) Show(v model.Hit) {
	h.text.Set(kit.Strong(v.Text))
	h.strength.Set(kit.Words(v.Strength))
	h.about.Set(kit.Quiet(v.About))
	h.tap.Set(v.Selected, v.Press)
}
