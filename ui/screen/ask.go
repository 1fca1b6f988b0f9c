package screen

import (
	"fyne.io/fyne/v2"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// back is the inline question before something is withdrawn or revoked.
type back struct {
	text            *kit.Text
	reason          *kit.Choice
	own             *kit.Entry
	label           *kit.Labelled
	confirm, cancel *kit.Button
	box             *fyne.Container
}

func newBack(set func(model.Field, string), changed func()) *back {
	b := &back{text: kit.NewText(), confirm: kit.NewButton(), cancel: kit.NewButton()}
	b.reason = kit.NewChoice(func(v string) { set(model.FieldBack, v); changed() })
	b.own = kit.NewEntry(func(s string) { set(model.FieldBackText, s); changed() })
	b.label = kit.NewLabelled(b.own)
	b.box = kit.Ask(kit.NewColumn(b.text, kit.NewFlow(b.reason), b.label.Container, kit.NewFlow(b.confirm, b.cancel)))
	b.box.Hide()
	return b
}

func (b *back) show(lang rx.Lang, v *model.BackView) {
	if v == nil {
		hide(b.box)
		return
	}
	spans := []kit.Span{kit.Strong(v.Text)}
	if v.Notice != "" {
		spans = append(spans, kit.Toned(model.Warn, v.Notice).Line())
	}
	if v.Missing != "" {
		spans = append(spans, kit.Toned(model.Bad, v.Missing).Line())
	}
	b.text.Set(spans...)
	b.reason.Set(v.Reasons, i18n.Text(lang, "ui.back.reason"))
	b.label.Label(i18n.Text(lang, "ui.back.text"))
	b.own.Set(v.Own)
	visible(v.Other, b.label.Container)
	b.confirm.Set(v.Confirm)
	b.cancel.Set(v.Cancel)
	show(b.box)
}

// template is the inline question for the name of a template.
type template struct {
	text         *kit.Text
	name         *kit.Entry
	save, cancel *kit.Button
	box          *fyne.Container
}

func newTemplate(m *model.Prescribe, changed func()) *template {
	t := &template{text: kit.NewText(), save: kit.NewButton(), cancel: kit.NewButton()}
	t.name = kit.NewEntry(func(s string) { m.SetTemplate(s); changed() })
	t.name.Key = pressed(m.KeepTemplate, changed)
	t.box = kit.Ask(kit.NewColumn(t.text, t.name, kit.NewFlow(t.save, t.cancel)))
	t.box.Hide()
	return t
}

func (t *template) show(v *model.TemplateView) {
	visible(v != nil, t.box)
	if v == nil {
		return
	}
	t.text.Set(kit.Strong(v.Text))
	t.name.Set(v.Name)
	t.save.Set(v.Save)
	t.cancel.Set(v.Cancel)
}
