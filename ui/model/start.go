package model

import (
	"context"

	"relais/app/i18n"
)

// Start asks, where there is no data directory yet, what the doctor wants: try, or work.
type Start struct {
	env     *Env
	try     func(context.Context) error
	working error
	trying  bool
	err     error
	focus   Focus
}

// NewStart asks; try goes to the demonstration, off the screen's goroutine; working is why real work cannot begin yet.
func NewStart(env *Env, try func(context.Context) error, working error) *Start {
	s := &Start{env: env, try: try, working: working}
	s.focus.to(FieldText)
	return s
}

// Try goes to the demonstration; tried is called when it is there.
func (s *Start) Try(tried func()) {
	if s.trying {
		return
	}
	s.trying, s.err = true, nil
	s.env.Do(func(ctx context.Context) func() {
		err := s.try(ctx)
		return func() {
			if s.trying, s.err = false, err; err == nil {
				tried()
				return
			}
			s.env.Changed()
		}
	})
}

// StartView is the question. Work says at once why it cannot be had.
type StartView struct {
	Title, Text string
	Try         Button
	About       string // what trying is
	Work        Button
	Missing     []Notice // why there is no working yet
	Busy        string   // said while the demonstration is made
	Notices     []Notice
	Focus       Focus
}

// View is the question as it stands.
func (s *Start) View() StartView {
	lang := s.env.Lang
	v := StartView{Title: i18n.Text(lang, "ui.start"), Text: i18n.Text(lang, "ui.start.text"), About: i18n.Text(lang, "ui.start.try.about"), Focus: s.focus,
		Try:  Button{Label: i18n.Text(lang, "ui.start.try"), On: !s.trying, Strong: true},
		Work: Button{Label: i18n.Text(lang, "ui.start.work")}}
	for _, said := range i18n.Say(lang, s.working) {
		v.Missing = append(v.Missing, Notice{Tone: Warn, Text: sentences(lang, said)})
	}
	if s.trying {
		v.Busy = i18n.Text(lang, "ui.unlock.busy")
	}
	if s.err != nil {
		v.Notices = s.env.faults(s.err)
	}
	return v
}
