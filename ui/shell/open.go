package shell

import (
	"context"
	"net/url"
	"path/filepath"

	"fyne.io/fyne/v2"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/model"
	"relais/ui/screen"
)

// open is the window while it is unlocked.
type open struct {
	shell *shell
	desk  Desk
	env   *model.Env
	feed  error // why changes are no longer seen
	kept  error // why a setting was not kept, or a document not shown

	prints    *model.Prints
	strip     *model.Strip
	drill     *model.Drill
	prescribe *model.Prescribe
	treat     *model.Treat
	history   *model.History
	outages   *model.Outages
	settings  *model.Settings
	palette   *model.Palette
	preview   *model.Preview
	looking   bool           // at the preview
	before    fyne.Focusable // where the focus was

	frame           *frame
	at              place
	prescribeScreen *screen.Prescribe
	treatScreen     *screen.Treat
	historyScreen   *screen.History
	outagesScreen   *screen.Outages
	settingsScreen  *screen.Settings
	paletteScreen   *screen.Palette
	previewScreen   *screen.Preview
}

func newOpen(s *shell, desk Desk) *open {
	o := &open{shell: s, desk: desk}
	o.env = &model.Env{Service: desk.Service(), Do: s.gate.Do, Changed: s.show, Lang: s.lang, Simulated: s.house.Simulated(), Reading: s.damage != nil, Exercise: s.exercise != nil,
		Save: desk.SavePDF, Open: o.view, Copy: s.app.Clipboard().SetContent,
		Seen: func(name rx.Service) model.Seen {
			reached, since, answered, failures, why := desk.Seen(name)
			return model.Seen{Reached: reached, Since: since, Answered: answered, Failures: failures, Why: why}
		}}
	o.prints = model.NewPrints(o.env, s.gate.In, o.print)
	o.prints.Saw = desk.SawPrint
	if !o.env.Reading {
		o.env.Prints = o.prints
	}
	o.preview = model.NewPreview(o.env, desk)
	o.env.Preview = o.preview
	o.strip = model.NewStrip(o.env, func() []error { return []error{desk.Fault(), o.feed, o.kept} }, desk.Retry)
	o.drill = model.NewDrill(o.env, Weathers, desk.Weather, desk.SetWeather)
	o.prescribe = model.NewPrescribe(o.env)
	reopen := func(order rx.ID) {
		o.prescribe.Reopen(order)
		o.goTo(placePrescribe)
	}
	o.treat = model.NewTreat(o.env, reopen, func(d rx.Draft) {
		o.prescribe.Resume(d)
		o.goTo(placePrescribe)
	})
	o.history = model.NewHistory(o.env, reopen)
	o.history.Again = func(id rx.ID) {
		o.prescribe.RepeatItem(id)
		o.goTo(placePrescribe)
	}
	o.outages = model.NewOutages(o.env, o.strip, desk.Next)
	o.settings = model.NewSettings(o.env, s.app.Metadata().Version, o.choose, s.wear)
	o.settings.Wear(s.face.look)
	o.settings.SetPapers(model.NewPapers(o.env, desk))
	if s.exercise == nil {
		o.settings.Exercise = s.drill
	}
	o.palette = model.NewPalette(o.env, o.commands)
	o.outagesScreen, o.settingsScreen, o.paletteScreen = screen.NewOutages(), screen.NewSettings(o.settings, s.show), screen.NewPalette(o.palette, s.show)
	o.previewScreen = screen.NewPreview(o.preview, s.show)
	o.prescribeScreen = screen.NewPrescribe(o.prescribe, s.show)
	o.treatScreen = screen.NewTreat(o.treat, s.show)
	o.historyScreen = screen.NewHistory(o.history, s.show)
	o.frame = newFrame(o.choose)
	o.frame.hold(o.prescribeScreen.Object())
	return o
}

// start reads everything, and again whenever something changes.
func (o *open) start() {
	o.env.Do(func(ctx context.Context) func() {
		kept, err := o.env.Service.Store.Setting(ctx, languageSetting)
		return func() {
			if l, ok := i18n.Lang(string(kept)); err == nil && ok && l != o.env.Lang {
				o.speak(l)
			}
		}
	})
	o.settings.Load()
	o.env.Do(func(ctx context.Context) func() {
		// Where there is no spooler, nothing was left with it: whoever prints is told.
		_ = o.desk.LeftPrints(ctx, func(id rx.ID, of []rx.ID, sheet string, told error) { o.prints.Left(ctx, id, of, sheet, told) })
		return nil
	})
	o.env.Do(func(ctx context.Context) func() {
		err := o.desk.Watch(ctx, func(ids []rx.ID) { o.shell.gate.In(func() { o.changed(ids) }) })
		return func() {
			o.feed = err
			o.shell.show()
		}
	})
}

// languageSetting is where the doctor's language is kept.
const languageSetting = "language"

// choose changes the language and keeps it.
func (o *open) choose(l rx.Lang) {
	o.speak(l)
	o.env.Do(func(ctx context.Context) func() {
		err := o.env.Service.Store.SetSetting(ctx, languageSetting, []byte(l))
		return func() {
			o.kept = err
			o.shell.show()
		}
	})
}

func (o *open) speak(l rx.Lang) {
	o.env.Lang = l
	o.shell.speak(l)
}

// changed reads again what a change may have touched.
func (o *open) changed(ids []rx.ID) {
	o.strip.Load()
	o.prescribe.Changed(ids)
	switch o.at {
	case placeTreat:
		o.treat.Load()
	case placeHistory:
		o.history.Changed(ids)
	}
	if len(ids) == 0 {
		o.drill.Load()
	}
	o.shell.show()
}

func (o *open) reload() {
	switch o.at {
	case placeTreat:
		o.treat.Load()
	case placeHistory:
		o.history.Load()
	case placeSettings:
		o.settings.Load()
	}
}

// object is the screen of the present place.
func (o *open) object() fyne.CanvasObject {
	switch {
	case o.palette.Shown():
		return o.paletteScreen.Object()
	case o.preview.Shown():
		return o.previewScreen.Object()
	case o.at == placeTreat:
		return o.treatScreen.Object()
	case o.at == placeHistory:
		return o.historyScreen.Object()
	case o.at == placeOutages:
		return o.outagesScreen.Object()
	case o.at == placeSettings:
		return o.settingsScreen.Object()
	}
	return o.prescribeScreen.Object()
}

// goTo shows a screen. The others keep what they hold.
func (o *open) goTo(p place) {
	o.palette.Close()
	o.preview.Close()
	o.looking, o.at = false, p
	canvas := o.shell.window.Canvas()
	canvas.Unfocus()
	o.frame.hold(o.object())
	switch p {
	case placePrescribe:
		o.prescribe.Return()
	case placeTreat:
		o.treat.Enter()
	case placeHistory:
		o.historyScreen.Enter(canvas)
	case placeSettings:
		o.settingsScreen.Enter(canvas)
	}
	o.reload()
	o.shell.show()
}

// askCommand opens the palette in the place of the screen.
func (o *open) askCommand() {
	o.palette.Open()
	o.frame.hold(o.object())
	o.shell.show()
}

// uncover goes back to the screen from what stands in its place.
func (o *open) uncover() {
	switch {
	case o.palette.Shown():
		o.goTo(o.at)
	case o.preview.Shown():
		o.preview.Close()
		o.look()
	}
}

// look begins and ends the preview in the place of the screen, which keeps all that it holds: the focus goes back to where it
// was.
func (o *open) look() {
	if o.looking == o.preview.Shown() {
		return
	}
	canvas := o.shell.window.Canvas()
	if o.looking = !o.looking; o.looking {
		o.before = canvas.Focused()
	}
	canvas.Unfocus()
	o.frame.hold(o.object())
	if !o.looking && o.before != nil {
		canvas.Focus(o.before)
	}
}

// next puts the order aside and asks for the next patient.
func (o *open) next() {
	o.prescribe.Next()
	o.goTo(placePrescribe)
}

// show shows what the models say now.
func (o *open) show() {
	o.look()
	lang := o.env.Lang
	writing := o.prescribe.View()
	next := writing.Next
	next.Press, next.On = o.next, next.On && !o.env.Reading
	o.frame.show(lang, frameView{strip: o.strip.View(), prints: o.prints.View(), drill: o.drill.View(), at: o.at, goTo: o.goTo, next: next, reading: o.env.Reading})
	canvas := o.shell.window.Canvas()
	if v := o.palette.View(); v != nil {
		o.paletteScreen.Show(v)
		o.paletteScreen.Follow(canvas, v.Focus)
		return
	}
	if v := o.preview.View(); v != nil {
		o.previewScreen.Show(v)
		o.previewScreen.Follow(canvas, v.Focus)
		return
	}
	switch o.at {
	case placePrescribe:
		o.prescribeScreen.Show(lang, writing)
		o.prescribeScreen.Follow(canvas, writing.Focus)
	case placeTreat:
		v := o.treat.View()
		o.treatScreen.Show(v)
		o.treatScreen.Follow(canvas, v.Focus)
	case placeHistory:
		v := o.history.View()
		o.historyScreen.Show(lang, v)
		o.historyScreen.Follow(canvas, v.Focus)
	case placeOutages:
		o.outagesScreen.Show(lang, o.outages.View())
	case placeSettings:
		v := o.settings.View()
		o.settingsScreen.Show(v)
		o.settingsScreen.Follow(canvas, v.Focus)
	}
}

// cancel is Escape: the inline question of the present screen is closed.
func (o *open) cancel() {
	if o.palette.Shown() || o.preview.Shown() {
		o.uncover()
		o.shell.show()
		return
	}
	switch o.at {
	case placePrescribe:
		o.prescribe.Escape()
	case placeTreat:
		o.treat.CancelPaper()
	case placeHistory:
		o.history.Escape()
	case placeSettings:
		o.settings.Escape()
	}
	o.shell.show()
}

// view opens a document in the system's viewer.
func (o *open) view(path string) {
	o.kept = o.shell.app.OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)})
}

// print hands a document to the printer and tells how it goes.
func (o *open) print(j model.PrintJob) {
	gate := o.shell.gate
	gate.Do(func(ctx context.Context) func() {
		printer, sheet, told, err := o.desk.Print(ctx, j.Kind, j.Of, j.Word, j.Make, func(printer, state string, obstacles []error) {
			gate.In(func() {
				j.Heard(printer, state, obstacles)
				o.shell.show()
			})
		})
		return func() {
			j.Done(printer, sheet, told, err)
			o.shell.show()
		}
	})
}
