package model

import (
	"context"
	"time"

	"relais/app/i18n"
)

// Drill is the switch of simulated environments: what the simulated services do.
type Drill struct {
	env   *Env
	kinds []string
	is    func() string
	set   func(ctx context.Context, kind string) error
	now   string // as last read
	notes []note
	read  loader
	at    time.Time // when it was read
}

// weathered is how long what was read holds: the command line changes it too, and tells nobody.
const weathered = 2 * time.Second

// NewDrill makes the switch; is tells which of kinds holds, "" where services are real.
func NewDrill(env *Env, kinds []string, is func() string, set func(context.Context, string) error) *Drill {
	return &Drill{env: env, kinds: kinds, is: is, set: set, read: loader{env: env}}
}

// Tick is called some times a second.
func (d *Drill) Tick() {
	if d.now != "" && d.env.now().Sub(d.at) >= weathered {
		d.Load()
	}
}

// Load reads the weather again.
func (d *Drill) Load() {
	d.at = d.env.now()
	d.read.load(func(context.Context) func() {
		now := d.is()
		return func() { d.now = now }
	})
}

// Set lets the weather become kind.
func (d *Drill) Set(kind string) {
	d.env.Do(func(ctx context.Context) func() {
		err := d.set(ctx, kind)
		return func() {
			if d.notes = nil; err != nil {
				d.notes = []note{{err: err}}
			}
			d.Load()
		}
	})
}

// DrillView is the switch; nil in environments with real services.
type DrillView struct {
	Title   string
	Kinds   []Button // the present one is strong
	Notices []Notice
}

// View is the switch as it stands.
func (d *Drill) View() *DrillView {
	if d.now == "" {
		return nil
	}
	v := &DrillView{Title: i18n.Text(d.env.Lang, "ui.drill"), Notices: d.env.say(d.notes)}
	for _, kind := range d.kinds {
		v.Kinds = append(v.Kinds, Button{Label: i18n.Text(d.env.Lang, "ui.drill."+kind), On: true, Strong: kind == d.now, Press: d.env.press(func() { d.Set(kind) })})
	}
	return v
}
