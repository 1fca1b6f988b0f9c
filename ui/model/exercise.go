package model

import (
	"context"

	"relais/app/i18n"
)

// Exercise is a drill in a window and a directory of its own: the journeys of an outage with invented patients. A real
// patient who arrives ends it at once.
type Exercise struct {
	env  *Env
	end  func()
	over bool // begun, or not to be had
	err  error
}

// NewExercise begins at once: begin opens the directory, off the screen's goroutine, and begun is called when it is open.
// end leaves.
func NewExercise(env *Env, begin func(context.Context) error, begun, end func()) *Exercise {
	x := &Exercise{env: env, end: end}
	env.Do(func(ctx context.Context) func() {
		err := begin(ctx)
		return func() {
			if x.over, x.err = true, err; err == nil {
				begun()
			}
			env.Changed()
		}
	})
	return x
}

// ExerciseView is what stands above every screen of the exercise, and what is said before there is one.
type ExerciseView struct {
	Banner  string
	Steps   string // what to play
	End     Button
	Notices []Notice
}

// View is the exercise as it stands.
func (x *Exercise) View() ExerciseView {
	lang := x.env.Lang
	v := ExerciseView{Banner: i18n.Text(lang, "ui.exercise.banner"), Steps: i18n.Text(lang, "ui.exercise.steps"),
		End: Button{Label: i18n.Text(lang, "ui.exercise.end"), Key: i18n.Text(lang, "ui.key.escape"), On: true, Strong: true, Press: x.end}}
	switch {
	case x.err != nil:
		v.Notices = append(x.env.faults(x.err), Notice{Text: i18n.Text(lang, "ui.exercise.safe")})
	case !x.over:
		v.Notices = []Notice{{Tone: Busy, Text: i18n.Text(lang, "ui.exercise.wait")}}
	}
	return v
}
