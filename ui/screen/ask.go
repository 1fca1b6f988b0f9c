package screen

import (
	"fyne.io/fyne/v2"

	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// question is the inline question between a wish and its act: what it is about, a reason out of a list, words of one's own,
// and further ones, where they are asked, and the two keys.
type question struct {
	text            *kit.Text
	reason          *kit.Choice
	input           *kit.Entry
	label           *kit.Labelled
	inputBox        *fyne.Container
	second          *kit.Entry
	also            func(string) // told what is typed there
	secondLabel     *kit.Labelled
	secondBox       *fyne.Container
	confirm, cancel *kit.Button
	box             *fyne.Container
}

// newQuestion makes one; it tells what is chosen and typed.
func newQuestion(choose, typed func(string), changed func()) *question {
	q := &question{text: kit.NewText(), confirm: kit.NewButton(), cancel: kit.NewButton()}
	q.reason = kit.NewChoice(func(v string) { choose(v); changed() })
	q.input = kit.NewEntry(func(s string) { typed(s); changed() })
	q.label = kit.NewLabelled(q.input)
	q.inputBox = kit.AtLeast(fyne.NewSize(24*kit.Unit, 0), q.label.Container)
	q.also = func(string) {}
	q.second = kit.NewEntry(func(s string) { q.also(s); changed() })
	q.secondLabel = kit.NewLabelled(q.second)
	q.secondBox = kit.AtLeast(fyne.NewSize(48*kit.Unit, 0), q.secondLabel.Container)
	q.box = kit.Ask(kit.NewColumn(q.text, kit.NewFlow(kit.Bottom(q.reason), q.inputBox, q.secondBox), kit.NewFlow(q.confirm, q.cancel)))
	q.box.Hide()
	return q
}

func newPaper(m *model.Paper, changed func()) *question {
	return newQuestion(func(v string) { m.SetReason(rx.PaperReason(v)) }, m.SetDay, changed)
}

func newBack(set func(model.Field, string), changed func()) *question {
	return newQuestion(func(v string) { set(model.FieldBack, v) }, func(s string) { set(model.FieldBackText, s) }, changed)
}

func newReach(set func(model.Field, string), changed func()) *question {
	q := newQuestion(func(string) {}, func(s string) { set(model.FieldReach, s) }, changed)
	q.also = func(s string) { set(model.FieldReachText, s) }
	return q
}

func newTemplate(m *model.Prescribe, changed func()) *question {
	q := newQuestion(func(string) {}, m.SetTemplate, changed)
	q.input.Key = pressed(m.KeepTemplate, changed)
	return q
}

func (q *question) show(v *model.Question) {
	if v == nil {
		hide(q.box)
		return
	}
	spans := []kit.Span{kit.Strong(v.Text)}
	if v.Warning != "" {
		spans = append(spans, kit.Toned(model.Warn, v.Warning).Line())
	}
	if v.Missing != "" {
		spans = append(spans, kit.Toned(model.Bad, v.Missing).Line())
	}
	q.text.Set(spans...)
	q.reason.Set(v.Reasons, v.Reason)
	visible(v.Reasons != nil, q.reason)
	if v.Input != nil {
		q.label.Label(v.Input.Label)
		q.input.Set(v.Input.Text)
		q.input.Hint(v.Input.Hint)
	}
	visible(v.Input != nil, q.inputBox)
	if v.Second != nil {
		q.secondLabel.Label(v.Second.Label)
		q.second.Set(v.Second.Text)
		q.second.Hint(v.Second.Hint)
	}
	visible(v.Second != nil, q.secondBox)
	q.confirm.Set(v.Confirm)
	q.cancel.Set(v.Cancel)
	show(q.box)
}
