package model

import "relais/app/i18n"

// Leave is the question before the program is closed while something is open: what waits does not go on while Relais is
// closed. Asked again, the program is closed.
type Leave struct {
	env    *Env
	counts Counts
	drafts int
	focus  Focus
}

// NewLeave asks about what is open; nil when nothing is.
func NewLeave(env *Env, counts Counts, drafts int) *Leave {
	if counts == (Counts{}) && drafts == 0 || env.Reading {
		return nil
	}
	l := &Leave{env: env, counts: counts, drafts: drafts}
	l.focus.to(FieldText)
	return l
}

// LeaveView is the question.
type LeaveView struct {
	Title       string
	Open        []Notice
	Stay, Close Button
	Focus       Focus
}

// View is the question as it stands.
func (l *Leave) View() LeaveView {
	lang := l.env.Lang
	v := LeaveView{Title: i18n.Text(lang, "ui.leave"), Focus: l.focus,
		Stay:  Button{Label: i18n.Text(lang, "ui.leave.stay"), Key: i18n.Text(lang, "ui.key.escape"), On: true, Strong: true},
		Close: Button{Label: i18n.Text(lang, "ui.leave.close"), Key: i18n.Text(lang, "ui.key.quit"), On: true}}
	for _, of := range []struct {
		n   int
		key string
	}{{l.counts.Waiting, "ui.leave.waiting"}, {l.counts.Silent, "ui.leave.silent"}, {l.counts.Treat, "ui.leave.treat"}, {l.drafts, "ui.leave.drafts"}} {
		if of.n > 0 {
			v.Open = append(v.Open, Notice{Tone: Warn, Text: i18n.Count(lang, of.key, of.n)})
		}
	}
	return v
}
