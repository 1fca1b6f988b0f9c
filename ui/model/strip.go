package model

import (
	"context"
	"errors"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Strip is the line that is always there: what the services said last, what waits, what is to be treated, and that
// few forms are left as long as they can be printed in peace.
type Strip struct {
	env     *Env
	faults  func() []error // of what works behind the window; nil ones are none
	retry   func()
	counts  Counts
	counted bool
	err     error
	forms   error // few are left, or nobody knows how many
	loading loader
}

// Counts are what the strip counts.
type Counts struct {
	Waiting int // issued, nothing sent
	Silent  int // sent without an answer
	Treat   int // asks a person
}

// NewStrip makes the strip; faults are those of what works behind the window, retry has it try at once what waits for
// a service that does not answer.
func NewStrip(env *Env, faults func() []error, retry func()) *Strip {
	return &Strip{env: env, faults: faults, retry: retry, loading: loader{env: env}}
}

// Load counts again.
func (s *Strip) Load() {
	s.loading.load(func(ctx context.Context) func() {
		c, err := s.env.count(ctx)
		forms := s.env.Service.FormsLow(ctx)
		return func() {
			if s.forms = forms; err != nil { // which says it already
				s.forms = nil
			}
			if s.err = err; prescribing.Partial(err) {
				s.counts, s.counted = c, true
			}
		}
	})
}

// Retry tries at once, where something does not answer.
func (s *Strip) Retry() {
	if b := s.View().Retry; b.On {
		b.Press()
	}
}

// Counts are the last ones, all zero while nothing is counted yet.
func (s *Strip) Counts() Counts { return s.counts }

func (e *Env) count(ctx context.Context) (Counts, error) {
	var c Counts
	var partly error
	for _, of := range []struct {
		state rx.State
		n     *int
	}{{rx.StateReady, &c.Waiting}, {rx.StateSending, &c.Waiting}, {rx.StateUnknown, &c.Silent}} {
		items, err := e.Service.Store.List(ctx, rx.Filter{State: of.state})
		if !prescribing.Partial(err) {
			return c, err
		}
		if err != nil {
			partly = err
		}
		*of.n += len(items)
	}
	treats, err := e.Service.ToTreat(ctx)
	if err == nil {
		err = partly
	}
	for _, t := range treats {
		if len(t.Outcomes) > 0 {
			c.Treat++
		}
	}
	return c, err
}

// StripView is the strip in words.
type StripView struct {
	Services []Notice // one that answers, or each that does not
	Sum      Notice   // of several that do not, for where each takes too much room; no text: not several
	Retry    Button   // no label: all answer, or another process does the sending
	Waiting  Notice
	Silent   Notice // no text: none
	Treat    Notice
	Count    int // of what is to be treated
	Faults   []Notice
}

// View is the strip as it stands.
func (s *Strip) View() StripView {
	lang := s.env.Lang
	var v StripView
	for _, name := range rx.Services {
		if seen := s.env.Seen(name); s.env.down(name) {
			v.Services = append(v.Services, Notice{Tone: Bad, Text: i18n.Text(lang, "ui.strip.down", "service", i18n.Text(lang, "service."+string(name)),
				"time", s.env.time(seen.Since), "failures", i18n.Count(lang, "ui.failures", seen.Failures))})
		}
	}
	if n := len(v.Services); n > 1 {
		v.Sum = Notice{Tone: Bad, Text: i18n.Count(lang, "ui.outages.sum.down", n)}
	}
	if len(v.Services) > 0 && !s.env.Reading {
		v.Retry = Button{Label: i18n.Text(lang, "ui.strip.retry"), Key: s.env.shift("T"), On: true, Press: s.env.press(s.retry)}
	}
	if len(v.Services) == 0 {
		recipe := i18n.Text(lang, "service."+string(rx.Recipe))
		if seen := s.env.Seen(rx.Recipe); seen.Since.IsZero() {
			v.Services = []Notice{{Tone: Quiet, Text: i18n.Text(lang, "ui.strip.unknown", "service", recipe)}}
		} else {
			v.Services = []Notice{{Tone: Good, Text: i18n.Text(lang, "ui.strip.up", "service", recipe, "time", s.env.time(seen.Answered))}}
		}
	}
	if s.counted {
		v.Waiting = Notice{Tone: Quiet, Text: together(i18n.Count(lang, "ui.strip.waiting", s.counts.Waiting))}
		if s.counts.Waiting > 0 {
			v.Waiting.Tone = Busy
		}
		if s.counts.Silent > 0 {
			v.Silent = Notice{Tone: Warn, Text: together(i18n.Count(lang, "ui.strip.silent", s.counts.Silent))}
		}
		v.Count = s.counts.Treat
		v.Treat = Notice{Tone: Quiet, Text: together(i18n.Count(lang, "ui.strip.treat", s.counts.Treat))}
		if s.counts.Treat > 0 {
			v.Treat.Tone = Warn
		}
	}
	if low := (&rx.Error{}); rx.CodeOf(s.forms) == prescribing.CodeFormsLow && errors.As(s.forms, &low) {
		v.Faults = s.env.warnings(rx.Faults{low})
	} else {
		v.Faults = s.env.faults(s.forms)
	}
	for _, err := range append(s.faults(), s.err) {
		if rx.CodeOf(err) == rx.CodeEngineBusy { // not a fault of anybody's: another window or command sends
			v.Faults = append(v.Faults, Notice{Tone: Quiet, Text: i18n.Text(lang, "ui.strip.elsewhere")})
			v.Retry = Button{}
		} else {
			v.Faults = append(v.Faults, s.env.faults(err)...)
		}
	}
	return v
}
