package model

import (
	"context"
	"slices"
	"strings"

	"relais/app/i18n"
	"relais/app/rx"
)

// takeBack is the inline line that stands between the wish to have a prescription gone and the act: which one, why. One
// that was never sent is withdrawn; one that is, or may be, at Recip-e is revoked there.
type takeBack struct {
	item    rx.Item
	n       int    // of the line; 0: named by its product
	reason  string // of rx.RevokeReasons
	text    string // for "other"
	refused bool   // confirmed without a reason
}

// withdrawable tells that nothing of it is or can arrive at Recip-e; revocable that something is, or may be.
func withdrawable(p rx.Prescription) bool { return p.State == rx.StateReady }

func revocable(p rx.Prescription) bool {
	return !p.Wished.Set() && (p.State == rx.StateConfirmed || p.State == rx.StateUnknown || p.State == rx.StatePaper && len(p.Attempts) > 0)
}

// twinable tells that another prescription of other software may stand beside it, and that nobody asked yet.
func twinable(p rx.Prescription) bool {
	return !p.Twin.Set() && (open(p) || p.State == rx.StatePaper)
}

// acts are what a doctor may do with an issued prescription by their own wish.
func (e *Env) acts(item rx.Item, back func(rx.Item), twin func(rx.ID)) (buttons []Button) {
	if withdrawable(item.Prescription) {
		buttons = append(buttons, Button{Label: i18n.Text(e.Lang, "ui.back.withdraw"), On: true, Press: e.press(func() { back(item) })})
	}
	if revocable(item.Prescription) {
		buttons = append(buttons, Button{Label: i18n.Text(e.Lang, "ui.back.revoke"), On: true, Press: e.press(func() { back(item) })})
	}
	if twinable(item.Prescription) {
		buttons = append(buttons, Button{Label: i18n.Text(e.Lang, "ui.twin"), On: true, Press: e.press(func() { twin(item.ID) })})
	}
	return buttons
}

func (b *takeBack) view(e *Env, confirm, cancel func()) *Question {
	if b == nil {
		return nil
	}
	what := b.item.Facts.Product.Name
	if b.n > 0 {
		what = e.lines([]int{b.n})
	}
	key := "ui.back.ask.revoke"
	if withdrawable(b.item.Prescription) {
		key = "ui.back.ask.withdraw"
	}
	v := &Question{Text: i18n.Text(e.Lang, key, "name", fullName(b.item.Facts.Patient), "lines", what), Reason: i18n.Text(e.Lang, "ui.back.reason")}
	if b.reason == "other" {
		v.Input = &Input{Label: i18n.Text(e.Lang, "ui.back.text"), Text: b.text}
	}
	if revocable(b.item.Prescription) && b.item.Proof {
		v.Warning = i18n.Text(e.Lang, "ui.back.proof")
	}
	for _, r := range rx.RevokeReasons {
		v.Reasons = append(v.Reasons, Choice{Value: r, Label: i18n.Text(e.Lang, "revoke-reason."+r), Chosen: r == b.reason})
	}
	if b.refused {
		v.Missing = i18n.Text(e.Lang, "ui.paper.reason-missing")
	}
	v.Confirm = Button{Label: i18n.Text(e.Lang, "ui.back.confirm"), On: true, Press: e.press(confirm)}
	v.Cancel = Button{Label: i18n.Text(e.Lang, "ui.cancel"), Key: e.escape(), On: true, Press: e.press(cancel)}
	return v
}

// set takes a reason, or the words for "other".
func (b *takeBack) set(f Field, value string) {
	switch {
	case b == nil:
	case f == FieldBackText:
		b.text = value
	case slices.Contains(rx.RevokeReasons, value):
		b.reason = value
	}
}

// sound tells that it may be done; else it says what lacks.
func (b *takeBack) sound() bool {
	b.refused = b.reason == "" || b.reason == "other" && strings.TrimSpace(b.text) == ""
	return !b.refused
}

func (b *takeBack) do(ctx context.Context, e *Env) error {
	act := e.Service.Revoke
	if withdrawable(b.item.Prescription) {
		act = e.Service.Withdraw
	}
	text := ""
	if b.reason == "other" {
		text = strings.Join(strings.Fields(b.text), " ")
	}
	_, err := act(ctx, b.item.ID, b.reason, text)
	return err
}

// askBack opens the question for one line of the order.
func (p *Prescribe) askBack(item rx.Item) {
	if w := p.w; w != nil && !p.acting {
		p.Paper.Cancel()
		p.back = &takeBack{item: item, n: 1 + slices.IndexFunc(w.items, func(o rx.Item) bool { return o.ID == item.ID })}
		p.focus.to(FieldBack)
	}
}

// SetBack takes what is chosen or typed there.
func (p *Prescribe) SetBack(f Field, value string) { p.back.set(f, value) }

// ConfirmBack does it.
func (p *Prescribe) ConfirmBack() {
	b := p.back
	if b == nil || p.acting {
		return
	}
	if !b.sound() {
		p.focus.to(FieldBack)
		return
	}
	p.back = nil
	p.focus.to(NoField)
	p.act(func(ctx context.Context) ([]note, error) { return nil, b.do(ctx, p.env) }, nil)
}

// CancelBack closes the question.
func (p *Prescribe) CancelBack() {
	if p.back != nil {
		p.back = nil
		p.focus.to(NoField)
	}
}

func (p *Prescribe) viewBack() *Question { return p.back.view(p.env, p.ConfirmBack, p.CancelBack) }

// twin notes that the doctor also tried in other software: whether it is there too is then to be looked at.
func (p *Prescribe) twin(id rx.ID) {
	if p.w != nil && !p.acting {
		p.act(func(ctx context.Context) ([]note, error) {
			_, err := p.env.Service.Twin(ctx, id)
			return nil, err
		}, nil)
	}
}

// Escape closes whatever question stands.
func (p *Prescribe) Escape() {
	switch {
	case p.edit != nil:
		p.edit.Cancel()
	case p.w == nil && p.Pick.form != nil:
		p.Pick.Cancel()
	case p.back != nil:
		p.CancelBack()
	case p.Paper.Open():
		p.CancelPaper()
	case p.w != nil && p.w.naming:
		p.CancelTemplate()
	case p.w != nil && p.w.mark >= 0:
		p.w.mark = -1
		p.focus.to(FieldMedicine)
	case p.w != nil && p.w.standing.read:
		p.CloseRecipe()
	}
}
