package model

import (
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// Outages is what is known now of the services that prescribing depends on, and what goes on without each.
type Outages struct {
	env   *Env
	strip *Strip
	next  func() time.Time // when something is tried again at the latest; zero: nobody here tries
}

// NewOutages tells what strip tells in short.
func NewOutages(env *Env, strip *Strip, next func() time.Time) *Outages {
	return &Outages{env: env, strip: strip, next: next}
}

// OutagesView is what is known.
type OutagesView struct {
	Title    string
	Sum      Notice // all of it in a sentence
	Retry    Button // no label: nothing to try
	Services []ServiceView
	Waiting  []Notice // what waits, and when it is tried
	Without  []string // what can be done while a service is away
}

// ServiceView is one service.
type ServiceView struct {
	Name  string
	State Notice
	Facts []string
}

// View is what is known as it stands.
func (o *Outages) View() OutagesView {
	lang := o.env.Lang
	strip := o.strip.View()
	v := OutagesView{Title: i18n.Text(lang, "ui.outages"), Retry: strip.Retry}
	down, called := 0, 0
	for _, name := range rx.Services {
		seen := o.env.Seen(name)
		s := ServiceView{Name: i18n.Text(lang, "service."+string(name))}
		switch {
		case seen.Since.IsZero():
			s.State = Notice{Tone: Quiet, Text: i18n.Text(lang, "ui.outages.never")}
		case seen.Reached:
			called++
			s.State = Notice{Tone: Good, Text: i18n.Text(lang, "ui.outages.up", "since", o.env.time(seen.Since), "answered", o.env.time(seen.Answered))}
		default:
			called++
			down++
			s.State = Notice{Tone: Bad, Text: i18n.Text(lang, "ui.outages.down", "since", o.env.time(seen.Since), "failures", i18n.Count(lang, "ui.failures", seen.Failures))}
			if seen.Why != "" {
				s.Facts = append(s.Facts, i18n.Text(lang, "ui.outages.why", "why", i18n.Failure(lang, seen.Why)))
			}
			if seen.Answered.IsZero() {
				s.Facts = append(s.Facts, i18n.Text(lang, "ui.outages.no-answer"))
			} else {
				s.Facts = append(s.Facts, i18n.Text(lang, "ui.outages.answered", "time", o.env.time(seen.Answered)))
			}
		}
		s.Facts = append(s.Facts, i18n.Text(lang, "ui.outages.without."+string(name)))
		v.Services = append(v.Services, s)
	}
	switch {
	case down > 0:
		v.Sum = Notice{Tone: Bad, Text: i18n.Count(lang, "ui.outages.sum.down", down)}
	case called == 0:
		v.Sum = Notice{Tone: Quiet, Text: i18n.Text(lang, "ui.outages.sum.never")}
	default:
		v.Sum = Notice{Tone: Good, Text: i18n.Text(lang, "ui.outages.sum.up")}
	}
	for _, n := range []Notice{strip.Waiting, strip.Silent} {
		if n.Text != "" {
			v.Waiting = append(v.Waiting, n)
		}
	}
	if next := o.next(); next.After(o.env.now()) && (down > 0 || o.strip.counts.Waiting+o.strip.counts.Silent > 0) {
		v.Waiting = append(v.Waiting, Notice{Tone: Busy, Text: i18n.Text(lang, "ui.outages.next", "time", o.env.clock(next).Format("15:04:05"))})
	}
	if !o.env.Reading {
		for _, key := range []string{"ui.outages.can.write", "ui.outages.can.paper", "ui.outages.can.back"} {
			v.Without = append(v.Without, i18n.Text(lang, key))
		}
	}
	return v
}
