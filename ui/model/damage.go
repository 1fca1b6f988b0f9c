package model

import (
	"context"

	"relais/app/i18n"
)

// Damage tells that the directory could be opened for reading only, and asks what the doctor wants: read, or take along what is sound.
type Damage struct {
	env        *Env
	why        error // that it was not opened for work
	sound, all int   // prescriptions
	ends       int   // how many of the last things that were noted are gone
	export     func(context.Context) (dir string, err error)
	exporting  bool
	notes      []note
	focus      Focus
}

// NewDamage asks; sound of all prescriptions can be read, and of what was noted the last ends are gone; export takes along what is sound, off the screen's goroutine, and tells where.
func NewDamage(env *Env, why error, sound, all, ends int, export func(context.Context) (dir string, err error)) *Damage {
	d := &Damage{env: env, why: why, sound: sound, all: all, ends: ends, export: export}
	d.focus.to(FieldText)
	return d
}

// Export takes along what is sound.
func (d *Damage) Export() {
	if d.exporting {
		return
	}
	d.exporting, d.notes = true, nil
	d.env.Do(func(ctx context.Context) func() {
		dir, err := d.export(ctx)
		return func() {
			d.exporting = false
			if err != nil {
				d.notes = []note{{err: err}}
			} else {
				d.notes = []note{{tone: Good, key: "ui.damage.exported", args: []string{"directory", dir}}}
			}
			d.env.Changed()
		}
	})
}

// DamageView is the question.
type DamageView struct {
	Title   string
	Why     []Notice
	Text    string
	Counts  string
	Open    Button
	Export  Button
	Busy    string
	Notices []Notice
	Focus   Focus
}

// View is the question as it stands.
func (d *Damage) View() DamageView {
	lang := d.env.Lang
	v := DamageView{Title: i18n.Text(lang, "ui.damage"), Text: i18n.Text(lang, "ui.damage.text"),
		Counts:  i18n.Text(lang, "ui.damage.counts", "sound", i18n.Int(d.sound), "all", i18n.Int(d.all)),
		Open:    Button{Label: i18n.Text(lang, "ui.damage.open"), On: !d.exporting, Strong: true},
		Export:  Button{Label: i18n.Text(lang, "ui.damage.export"), On: !d.exporting, Press: d.env.press(d.Export)},
		Notices: d.env.say(d.notes), Focus: d.focus}
	if d.why != nil {
		v.Why = d.env.faults(d.why)
	}
	if d.ends > 0 {
		v.Why = append(v.Why, Notice{Tone: Bad, Text: i18n.Count(lang, "ui.damage.ends", d.ends)})
	}
	if d.exporting {
		v.Busy = i18n.Text(lang, "ui.damage.exporting")
	}
	return v
}

// Banner stands above everything while the directory is open for reading only.
func (d *Damage) Banner() string {
	text := i18n.Text(d.env.Lang, "ui.damage.banner", "sound", i18n.Int(d.sound), "all", i18n.Int(d.all))
	if d.ends > 0 {
		text += " " + i18n.Count(d.env.Lang, "ui.damage.ends", d.ends)
	}
	return text
}
