package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// Treat is the list of what is owed.
type Treat struct {
	title   *kit.Text
	empty   *kit.Text
	ask     *kit.Stack[model.Duty]
	engine  *kit.Text
	own     *kit.Stack[model.Duty]
	paper   *paper
	notices kit.Notices
	box     *fyne.Container
	focus   focus
}

// NewTreat makes the screen of m.
func NewTreat(m *model.Treat, changed func()) *Treat {
	s := &Treat{title: kit.NewText(), empty: kit.NewText(), engine: kit.NewText(), paper: newPaper(m.Paper, changed), notices: kit.NewNotices()}
	s.ask, s.own = kit.NewStack(newDuty), kit.NewStack(newDuty)
	s.box = container.NewBorder(s.title, kit.NewColumn(s.paper.box, kit.Capped(s.notices.Object(), 12*kit.Unit)), nil, nil,
		container.NewVScroll(kit.NewColumn(s.empty, s.ask.Object(), s.engine, s.own.Object())))
	return s
}

// Object is what it looks like.
func (s *Treat) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Treat) Show(lang rx.Lang, v model.TreatView) {
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	s.empty.Set(kit.Quiet(v.Empty))
	visible(v.Empty != "", s.empty)
	key := func(_ int, d model.Duty) string { return d.Key }
	s.ask.Set(v.Ask, key)
	s.engine.Set(kit.Strong(v.Engine))
	visible(v.Engine != "", s.engine)
	s.own.Set(v.Own, key)
	s.paper.show(lang, v.Paper)
	s.notices.Show(v.Notices)
}

// Follow puts the focus where the model wants it.
func (s *Treat) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldReason: s.paper.reason})
}

// duty is one thing owed: who, what, why, what to do, and the outcomes.
type duty struct {
	text    *kit.Text
	buttons *kit.Buttons
	column  *fyne.Container
}

func newDuty() kit.Row[model.Duty] {
	d := &duty{text: kit.NewText(), buttons: kit.NewButtons()}
	d.column = kit.NewColumn(d.text, d.buttons.Object(), kit.Rule())
	return d
}

func (d *duty) Object() fyne.CanvasObject { return d.column }

func (d *duty) Show(v model.Duty) {
	d.text.Set(kit.Strong(v.Name), kit.Quiet("   "+v.About),
		kit.Words(v.Line.Product).Line(), kit.Quiet(" · "+v.Line.Label+" "+v.Line.Amount+v.Line.Dose),
		kit.Toned(v.Line.Tone, v.Line.State).Line(),
		kit.Strong(v.What+" · ").Line(), kit.Words(v.Why+" "+v.Next))
	d.buttons.Set(v.Line.Buttons)
}
