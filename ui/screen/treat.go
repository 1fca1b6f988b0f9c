package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/ui/kit"
	"relais/ui/model"
)

// Treat is the list of what is owed.
type Treat struct {
	view     model.TreatView
	title    *kit.Text
	empty    *kit.Text
	sections *kit.Stack[model.Section]
	engine   *kit.Text
	own      *kit.Stack[model.Duty]
	paper    *question
	notices  kit.Notices
	box      *fyne.Container
	focus    focus
}

// NewTreat makes the screen of m.
func NewTreat(m *model.Treat, changed func()) *Treat {
	s := &Treat{title: kit.NewText(), empty: kit.NewText(), engine: kit.NewText(), paper: newPaper(m.Paper, changed), notices: kit.NewNotices()}
	s.sections, s.own = kit.NewStack(newSection), kit.NewStack(newDuty)
	s.box = container.NewBorder(s.title, kit.NewColumn(s.paper.box, kit.Capped(s.notices.Object(), 12*kit.Unit)), nil, nil,
		kit.Pane(kit.NewColumn(s.empty, s.sections.Object(), s.engine, s.own.Object())))
	return s
}

// Object is what it looks like.
func (s *Treat) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Treat) Show(v model.TreatView) {
	s.view = v
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	s.empty.Set(kit.Quiet(v.Empty))
	visible(v.Empty != "", s.empty)
	s.sections.Set(v.Sections, func(_ int, x model.Section) string { return x.Title })
	s.engine.Set(kit.Span{Text: v.Engine, Bold: true})
	visible(v.Engine != "", s.engine)
	s.own.Set(v.Own, dutyKey)
	s.paper.show(v.Paper)
	s.notices.Show(v.Notices)
}

// Follow puts the focus where the model wants it.
func (s *Treat) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldReason: s.paper.reason, model.FieldRow: s.first()})
}

// first is the first button of the row that the focus is to go to.
func (s *Treat) first() fyne.Focusable {
	for _, v := range s.view.Sections {
		if row, ok := s.sections.Row(v.Title).(*section); ok {
			if o := row.people.Row(s.view.Person); o != nil {
				return kit.First(o.Object())
			}
		}
	}
	return kit.First(s.sections.Object())
}

// section is who is concerned in one way.
type section struct {
	title  *kit.Text
	people *kit.Stack[model.Owing]
	column *fyne.Container
}

func newSection() kit.Row[model.Section] {
	s := &section{title: kit.NewText(), people: kit.NewStack(newOwing)}
	s.column = kit.NewColumn(s.title, s.people.Object())
	return s
}

func (s *section) Object() fyne.CanvasObject { return s.column }

func (s *section) Show(v model.Section) {
	s.title.Set(kit.Span{Text: v.Title, Bold: true})
	s.people.Set(v.People, func(_ int, o model.Owing) string { return o.Key })
}

// owing is one patient: who, then each thing owed.
type owing struct {
	text   *kit.Text
	side   *kit.Buttons
	duties *kit.Stack[model.Duty]
	column *fyne.Container
}

func newOwing() kit.Row[model.Owing] {
	o := &owing{text: kit.NewText(), side: kit.NewButtons(), duties: kit.NewStack(newDuty)}
	o.column = kit.NewColumn(o.text, o.side.Object(), o.duties.Object(), kit.Rule())
	return o
}

func (o *owing) Object() fyne.CanvasObject { return o.column }

func (o *owing) Show(v model.Owing) {
	o.text.Set(kit.Strong(v.Name), kit.Quiet("   "+v.About))
	o.side.Set(v.Side)
	o.duties.Set(v.Duties, dutyKey)
}

// duty is one thing owed: who, where it stands alone, what, why, what to do, what answers it and its like at once, and the
// prescription with its own answers.
type duty struct {
	why     *kit.Text
	all     *kit.Buttons
	text    *kit.Text
	buttons *kit.Buttons
	column  *fyne.Container
}

func newDuty() kit.Row[model.Duty] {
	d := &duty{why: kit.NewText(), all: kit.NewButtons(), text: kit.NewText(), buttons: kit.NewButtons()}
	d.column = kit.NewColumn(d.why, d.all.Object(), d.text, d.buttons.Object())
	return d
}

func dutyKey(_ int, d model.Duty) string { return d.Key }

func (d *duty) Object() fyne.CanvasObject { return d.column }

func (d *duty) Show(v model.Duty) {
	var spans []kit.Span
	if v.Name != "" {
		spans = append(spans, kit.Strong(v.Name), kit.Quiet("   "+v.About))
	}
	if v.What != "" {
		spans = append(spans, kit.Strong(v.What).Line())
	}
	if v.Why != "" {
		spans = append(spans, kit.Words(" · "+v.Why+" "+v.Next))
	}
	d.why.Set(spans...)
	visible(len(spans) > 0, d.why)
	d.all.Set(v.All)
	spans = nil
	if v.Line.Product != "" {
		spans = append(spans, kit.Strong(v.Line.Product), kit.Quiet(" · "+v.Line.Label+" "+v.Line.Amount+v.Line.Dose), kit.Toned(v.Line.Tone, v.Line.State).Line())
	}
	d.text.Set(spans...)
	visible(len(spans) > 0, d.text)
	d.buttons.Set(v.Line.Buttons)
}
