package screen

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/ui/kit"
	"relais/ui/model"
)

// past is what the patient was prescribed before, beside the entry line.
type past struct {
	title, empty *kit.Text
	rows         *kit.Stack[model.PastRow]
	all          *kit.Button
	box          *fyne.Container
}

func newPast() *past {
	p := &past{title: kit.NewText(), empty: kit.NewText(), rows: kit.NewStack(newPastRow), all: kit.NewButton()}
	p.box = kit.AtLeast(fyne.NewSize(30*kit.Unit, 0), kit.Card(container.NewBorder(kit.NewColumn(p.title, p.empty), p.all, nil, nil,
		kit.AtLeast(fyne.NewSize(0, 18*kit.Unit), kit.Pane(p.rows.Object())))))
	return p
}

func (p *past) show(v *model.PastView) {
	visible(v != nil, p.box)
	if v == nil {
		return
	}
	p.title.Set(kit.Soft(v.Title))
	p.empty.Set(kit.Soft(v.Empty))
	visible(v.Empty != "", p.empty)
	p.rows.Set(v.Rows, func(i int, r model.PastRow) string { return strconv.Itoa(i) + r.Product + r.When })
	p.all.Set(v.All)
	visible(len(v.Rows) > 0, p.all)
}

// pastRow is one of them: the product, its dose, its day.
type pastRow struct {
	text *kit.Text
	tap  *kit.Tap
}

func newPastRow() kit.Row[model.PastRow] {
	r := &pastRow{text: kit.NewText()}
	r.tap = kit.NewTap(r.text)
	return r
}

func (r *pastRow) Object() fyne.CanvasObject { return r.tap }

func (r *pastRow) Show(v model.PastRow) {
	r.text.Set(kit.Strong(v.Product), kit.Words(v.Dose).Line(), kit.Quiet(" · "+v.When))
	r.tap.Set(v.Selected, v.Press)
}
