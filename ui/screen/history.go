package screen

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// History is the list of every prescription beside one of them in full.
type History struct {
	view  model.HistoryView
	shown map[int]model.Row // what rows said that were drawn

	title   *kit.Text
	filter  *kit.Entry
	empty   *kit.Text
	list    *widget.List
	detail  *detail
	paper   *question
	notices kit.Notices
	proof   *kit.Button
	onPaper *kit.Button
	preview *kit.Button
	repeat  *kit.Button
	back    *question
	reach   *question
	letters *kit.Button
	box     *fyne.Container
	focus   focus
	moving  bool

	// All rows have one height, so that the list need not count them: that of the highest that was shown in this width and look.
	high  float32
	width float32
	look  fyne.Theme
}

// half is the room for a button in the half of the smallest window.
const half = 40 * kit.Unit

// NewHistory makes the screen of m.
func NewHistory(m *model.History, changed func()) *History {
	s := &History{shown: map[int]model.Row{}, title: kit.NewText(), empty: kit.NewText(), detail: newDetail(), paper: newPaper(m.Paper, changed), notices: kit.NewNotices(),
		proof: kit.NewButton(), onPaper: kit.NewButton(), preview: kit.NewButton(), repeat: kit.NewButton(), back: newBack(m.SetBack, changed),
		reach: newReach(m.SetReach, changed), letters: kit.NewButton().Within(half)}
	s.high = lowest()
	s.filter = kit.NewEntry(func(words string) { m.Filter(words); changed() })
	s.filter.Key = keys(m.Move, func() {}, changed)
	s.list = widget.NewList(func() int { return s.view.Rows }, func() fyne.CanvasObject { return newRow(&s.high) }, func(i widget.ListItemID, o fyne.CanvasObject) {
		s.fill(i, o)
		m.Shown(i)
	})
	s.list.OnSelected = func(i widget.ListItemID) {
		if !s.moving {
			m.Select(i)
			changed()
		}
	}
	left := container.NewBorder(kit.NewColumn(s.title, s.filter, s.empty), nil, nil, nil, kit.AtLeast(fyne.NewSize(0, 30*kit.Unit), s.list))
	right := kit.Card(container.NewBorder(nil, kit.NewFlow(s.proof, s.onPaper, s.preview, s.repeat, s.letters), nil, nil, kit.Pane(s.detail.column)))
	s.box = container.NewBorder(nil, kit.NewColumn(s.paper.box, s.back.box, s.reach.box, kit.Capped(s.notices.Object(), 12*kit.Unit)), nil, nil,
		kit.Sided(layout.NewGridLayout(2), left, right))
	return s
}

// Object is what it looks like.
func (s *History) Object() fyne.CanvasObject { return s.box }

// fill shows a row of the list.
func (s *History) fill(i widget.ListItemID, o fyne.CanvasObject) {
	if i >= s.view.Rows {
		return
	}
	row := o.(*row)
	v := s.view.Row(i)
	s.shown[i] = v
	row.text.Set(kit.Strong(v.Name), kit.Quiet("   "+v.When), kit.Words(v.Product).Line(), kit.Toned(v.Tone, v.State).Line())
	row.text.Resize(fyne.NewSize(row.Size().Width, row.text.MinSize().Height)) // the width decides where text wraps
	high := row.text.MinSize().Height
	if look := fyne.CurrentApp().Settings().Theme(); row.Size().Width != s.width || look != s.look {
		s.width, s.look = row.Size().Width, look
		s.rise(max(high, lowest()))
	} else if high > s.high {
		s.rise(high)
	}
}

// lowest is the height of a row whose words need one line each.
func lowest() float32 { return newRow(new(float32)).MinSize().Height }

// rise gives every row that height; the one at the top stays there.
func (s *History) rise(high float32) {
	before, pad := s.high, s.list.Theme().Size(theme.SizeNamePadding)
	if s.high = high; before == high {
		return
	}
	at := s.list.GetScrollOffset()
	s.list.Refresh()
	if at > 0 {
		s.list.ScrollToOffset(at * (high + pad) / (before + pad))
	}
}

// same tells that the list need not be drawn anew: a window that nobody touches rests.
func (s *History) same(old model.HistoryView) bool {
	same := s.view.Turn == old.Turn && s.view.Rows == old.Rows && len(s.shown) < 100
	for i, was := range s.shown { // time passes, and what waits too long says so
		same = same && i < s.view.Rows && s.view.Row(i) == was
	}
	if !same {
		clear(s.shown)
	}
	return same
}

// row is a row of the list.
type row struct {
	widget.BaseWidget
	text *kit.Text
	high *float32 // of every row, at least
}

func newRow(high *float32) *row {
	r := &row{high: high, text: kit.NewText(kit.Strong(" "), kit.Words(" ").Line(), kit.Words(" ").Line())}
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.text) }

// MinSize is as high as every row is.
func (r *row) MinSize() fyne.Size {
	m := r.BaseWidget.MinSize()
	m.Height = max(m.Height, *r.high)
	return m
}

// Show shows what the model says.
func (s *History) Show(lang rx.Lang, v model.HistoryView) {
	old := s.view
	if v.Words != old.Words { // other rows, which may be lower
		s.high = lowest()
		s.list.ScrollToTop()
	}
	s.view = v
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true}, kit.Quiet("   "+v.Count))
	s.filter.Hint(v.Hint)
	s.filter.Set(v.Words)
	s.empty.Set(kit.Soft(v.Empty))
	visible(v.Empty != "", s.empty)
	if !s.same(old) {
		s.list.Refresh()
	}
	s.moving = true
	if v.Selected >= 0 {
		s.list.Select(v.Selected)
	} else {
		s.list.UnselectAll()
	}
	s.moving = false
	s.detail.show(i18n.Text(lang, "ui.history.choose"), v.Detail)
	s.paper.show(v.Paper)
	s.back.show(v.Back)
	s.reach.show(v.Reach)
	s.letters.Set(v.Letters)
	s.notices.Show(v.Notices)
	s.proof.Set(v.Proof)
	s.onPaper.Set(v.OnPaper)
	s.preview.Set(v.Preview)
	s.repeat.Set(v.Repeat)
}

// Follow puts the focus where the model wants it.
func (s *History) Follow(c fyne.Canvas, want model.Focus) {
	s.focus.follow(c, want, map[model.Field]fyne.Focusable{model.FieldReason: s.paper.reason, model.FieldBack: s.back.reason, model.FieldBackText: s.back.input,
		model.FieldReach: s.reach.input, model.FieldReachText: s.reach.second})
}

// Enter puts the focus on the filter, when the screen is opened.
func (s *History) Enter(c fyne.Canvas) { c.Focus(s.filter) }

// detail is one prescription in full.
type detail struct {
	name     *kit.Text
	text     *kit.Text
	duties   kit.Notices
	side     *kit.Buttons
	timeline *kit.Text
	column   *fyne.Container
}

func newDetail() *detail {
	d := &detail{name: kit.NewText(), text: kit.NewText(), duties: kit.NewNotices(), side: kit.NewButtons().Within(half), timeline: kit.NewText()}
	d.column = kit.NewColumn(d.name, d.text, d.duties.Object(), d.side.Object(), d.timeline)
	return d
}

func (d *detail) show(choose string, v *model.Detail) {
	visible(v != nil, d.text, d.timeline)
	if v == nil {
		d.name.Set(kit.Soft(choose))
		d.duties.Show(nil)
		d.side.Set(nil)
		return
	}
	d.name.Set(kit.Span{Text: v.Name, Plain: true, Bold: true, Big: true}, kit.Words(v.Banner).Line())
	d.text.Set(lineText(v.Line)...)
	d.duties.Show(v.Duties)
	d.side.Set(slices.Concat(v.Side, v.Line.Side))
	spans := []kit.Span{kit.Strong(v.Title)}
	for _, h := range v.Timeline {
		spans = append(spans, kit.Words(h).Line())
	}
	d.timeline.Set(spans...)
}
