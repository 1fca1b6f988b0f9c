package screen

import (
	"maps"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// Prescribe is the screen of one order: the patient above, the entry line, the lines, and below, always in the same
// place, what can be done.
type Prescribe struct {
	pick    *pick
	form    *form
	name    *kit.Text
	banner  *kit.Text
	edit    *kit.Button
	ask     *kit.Button
	recipe  *recipe
	past    *past
	back    *question
	named   *question
	near    *kit.Text
	top     *fyne.Container
	entry   *entry
	done    *kit.Text
	lines   *kit.Stack[model.Line]
	empty   *kit.Text
	write   *fyne.Container
	takes   *kit.Text
	leave   *kit.Text
	paper   *question
	notices kit.Notices

	send, proof, onPaper, preview, byHand, letGo *kit.Button

	over, middle, under *fyne.Container // see arrange
	narrow              bool

	box   *fyne.Container
	focus focus
}

// NewPrescribe makes the screen of m; changed is called after whatever is typed.
func NewPrescribe(m *model.Prescribe, changed func()) *Prescribe {
	s := &Prescribe{name: kit.NewText(), banner: kit.NewText(), edit: kit.NewButton(), ask: kit.NewButton(), recipe: newRecipe(), near: kit.NewText(), past: newPast(), entry: newEntry(m, changed), done: kit.NewText(), empty: kit.NewText(),
		takes: kit.NewText(), leave: kit.NewText(), paper: newPaper(m.Paper, changed), back: newBack(m.SetBack, changed), named: newTemplate(m, changed), notices: kit.NewNotices(),
		send: kit.NewButton(), proof: kit.NewButton(), onPaper: kit.NewButton(), preview: kit.NewButton(), byHand: kit.NewButton(), letGo: kit.NewButton()}
	s.pick = newPick(func() *model.Pick { return m.Pick }, changed)
	s.form = newForm(m.Form, changed)
	s.lines = kit.NewStack(func() kit.Row[model.Line] { return newLine() })
	s.top = kit.Card(kit.NewColumn(kit.NewBeside(s.name, kit.NewFlow(s.ask, s.edit)), s.banner, s.near, s.recipe.box))
	s.middle, s.over, s.under = kit.NewColumn(), kit.NewColumn(), kit.NewColumn()
	s.arrange(kit.Narrow())
	s.write = container.NewBorder(kit.NewColumn(s.top, s.over), nil, nil, nil, kit.Pane(s.middle))
	below := kit.NewColumn(s.under, s.paper.box, s.back.box, s.named.box, kit.Capped(s.notices.Object(), 12*kit.Unit), s.send,
		kit.NewFlow(s.proof, s.onPaper, s.preview, s.byHand, s.letGo))
	s.box = container.NewBorder(nil, below, nil, nil, container.NewStack(s.pick.box, s.write, s.form.box))
	return s
}

// arrange has what was prescribed before beside the entry, and what the patient takes along above the buttons. Where there
// is little room the latter comes first: nobody must scroll to it; and the former last.
func (s *Prescribe) arrange(narrow bool) {
	s.narrow = narrow
	verdict := []fyne.CanvasObject{s.takes, s.leave}
	if narrow {
		s.over.Objects, s.under.Objects = verdict, nil
		s.middle.Objects = []fyne.CanvasObject{s.entry.box, s.done, s.empty, s.lines.Object(), s.past.box}
	} else {
		s.over.Objects, s.under.Objects = nil, verdict
		s.middle.Objects = []fyne.CanvasObject{container.NewBorder(nil, nil, s.past.box, nil, s.entry.box), s.done, s.empty, s.lines.Object()}
	}
	s.over.Refresh()
	s.under.Refresh()
	s.middle.Refresh()
}

// Object is what it looks like.
func (s *Prescribe) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Prescribe) Show(lang rx.Lang, v model.PrescribeView) {
	if narrow := kit.Narrow(); narrow != s.narrow {
		s.arrange(narrow)
	}
	form := v.Form
	if v.Pick != nil {
		form = v.Pick.Form
	}
	visible(v.Pick != nil && form == nil, s.pick.box)
	visible(v.Pick == nil && form == nil, s.write)
	s.form.show(lang, form)
	if v.Pick != nil {
		s.pick.show(lang, v.Pick)
	} else {
		s.showOrder(lang, v)
	}
	s.takes.Set(kit.Strong(v.Takes))
	leave := kit.Toned(v.Leave.Tone, v.Leave.Text)
	leave.Bold, leave.Big = true, true
	s.leave.Set(leave)
	visible(v.Takes != "", s.takes)
	visible(v.Leave.Text != "", s.leave)
	s.paper.show(v.Paper)
	s.back.show(v.Back)
	s.named.show(v.Template)
	s.notices.Show(v.Notices)
	s.send.Set(v.Send)
	s.proof.Set(v.Proof)
	s.onPaper.Set(v.OnPaper)
	s.preview.Set(v.Preview)
	s.byHand.Set(v.ByHand)
	s.letGo.Set(v.LetGo)
}

// Follow puts the focus where the model wants it.
func (s *Prescribe) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, s.fields())
}

func (s *Prescribe) showOrder(lang rx.Lang, v model.PrescribeView) {
	name := []kit.Span{{Text: v.Name, Plain: true, Bold: true, Big: true}}
	if v.Child != "" {
		name = append(name, kit.Span{Text: "   " + v.Child, Tone: model.Warn, Bold: true, Big: true})
	}
	s.name.Set(name...)
	s.banner.Set(kit.Words(v.Banner))
	s.edit.Set(v.Edit)
	if v.Edit.On != s.edit.Visible() {
		visible(v.Edit.On, s.edit)
		s.top.Refresh() // what stands beside goes to its place
	}
	s.ask.Set(v.Ask)
	s.recipe.show(v.Recipe)
	s.past.show(v.Past)
	s.near.Set(kit.Toned(v.Near.Tone, v.Near.Text))
	visible(v.Near.Text != "", s.near)
	s.entry.show(lang, v.Entry)
	s.done.Set(kit.Toned(model.Good, v.Done))
	visible(v.Done != "", s.done)
	s.empty.Set(kit.Soft(v.Empty))
	visible(v.Empty != "", s.empty)
	s.lines.Set(v.Lines, func(_ int, l model.Line) string { return l.Key })
}

func (s *Prescribe) fields() map[model.Field]fyne.Focusable {
	fields := map[model.Field]fyne.Focusable{model.FieldPatient: s.pick.search, model.FieldReason: s.paper.reason, model.FieldDay: s.paper.input,
		model.FieldBack: s.back.reason, model.FieldBackText: s.back.input, model.FieldTemplate: s.named.input}
	maps.Copy(fields, s.form.inputs())
	maps.Copy(fields, s.entry.inputs())
	return fields
}
