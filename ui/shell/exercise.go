package shell

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// exercise is what the window of an exercise has more than another.
type exercise struct {
	first  *shell // whose place it takes until a real patient arrives
	worn   fyne.Theme
	model  *model.Exercise
	banner *kit.Text
	steps  *kit.Text
	end    *kit.Buttons
	news   kit.Notices // before it has begun
}

// tent is the house of an exercise: it is open from the beginning, and nothing that is chosen in it outlasts it.
type tent struct{ House }

func (tent) FirstStart() bool                  { return false }
func (tent) Simulated() bool                   { return true }
func (tent) KeepFace(rx.Lang, bool, int) error { return nil }

// drill opens the window of an exercise in the place of this one, which keeps all that it holds: what is written, what
// is asked, where the focus is.
func (s *shell) drill() {
	if s.exercise != nil || s.apart != nil || s.closing != nil {
		return
	}
	x := &shell{app: s.app, house: tent{s.house}, gates: s.gates, lang: s.lang, face: s.face, window: s.app.NewWindow("Relais"), place: container.NewStack(), banner: kit.NewText(), notice: kit.NewText()}
	x.exercise = &exercise{first: s, worn: s.app.Settings().Theme(), banner: kit.NewText(), steps: kit.NewText(), end: kit.NewButtons(), news: kit.NewNotices()}
	s.apart = x
	x.gate = x.gates()
	x.env = &model.Env{Do: x.gate.Do, Changed: x.show, Lang: x.lang, Exercise: true}
	x.window.SetPadded(false)
	x.window.SetCloseIntercept(x.patientArrives)
	x.window.Canvas().SetOnTypedKey(func(key *fyne.KeyEvent) {
		if key.Name == fyne.KeyEscape {
			x.patientArrives()
		}
	})
	x.exercise.model = model.NewExercise(x.env, func(ctx context.Context) error {
		desk, err := s.house.Drill(ctx)
		if err == nil {
			x.opened = desk
		}
		return err
	}, x.work, x.patientArrives)
	x.ground()
	x.fill(x.exercise.news.Object())
	x.speak(x.lang)
	x.window.Resize(s.window.Canvas().Size())
	x.window.Show()
	s.window.Hide()
	x.start()
}

// above is what stands above every screen of the exercise.
func (x *exercise) above() fyne.CanvasObject {
	return kit.NewColumn(kit.NewBeside(x.banner, x.end.Object()), x.steps)
}

// show shows what the exercise says of itself.
func (x *exercise) show() {
	v := x.model.View()
	x.banner.Set(kit.OnDrill(v.Banner))
	steps := kit.OnDrill(v.Steps)
	steps.Bold = false
	x.steps.Set(steps)
	x.end.Set([]model.Button{v.End})
	x.news.Show(v.Notices)
}

// patientArrives ends the exercise at once and gives the first window back. What the exercise leaves is cleared away
// behind it.
func (s *shell) patientArrives() {
	x := s.exercise
	first := x.first
	if first.apart != s {
		return
	}
	first.apart = nil
	wait := s.gate.Shut()
	first.window.Show()
	first.window.RequestFocus()
	if t, ok := x.worn.(kit.Theme); ok {
		first.dress(t)
	}
	first.speak(first.lang)
	s.window.SetCloseIntercept(nil)
	s.window.Close()
	first.clearing.Go(func() {
		wait()
		if s.opened != nil {
			if err := s.opened.Close(context.Background()); err != nil {
				first.uncleared.Store(&err)
			}
		}
	})
}
