package shell

import (
	"context"
	"net/url"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
	"relais/ui/screen"
)

// place is a screen of the open window.
type place int

const (
	placePrescribe place = iota
	placeTreat
	placeHistory
)

var places = []struct {
	place place
	key   string
}{{placePrescribe, "ui.prescribe"}, {placeTreat, "ui.treat"}, {placeHistory, "ui.history"}}

// open is the window while it is unlocked.
type open struct {
	shell *shell
	desk  Desk
	env   *model.Env
	feed  error // why changes are no longer seen
	kept  error // why a setting was not kept, or a document not shown

	strip     *model.Strip
	prescribe *model.Prescribe
	treat     *model.Treat
	history   *model.History
	drill     *model.Drill

	at      place
	screens map[place]interface {
		Object() fyne.CanvasObject
		Show(rx.Lang)
	}
	news     *kit.Text
	faults   kit.Notices
	language *kit.Choice
	nav      map[place]*kit.Button
	weather  *kit.Text
	weathers []*kit.Button
	drillBox *fyne.Container
	trouble  kit.Notices
	middle   *fyne.Container
	box      *fyne.Container
}

func newOpen(s *shell, desk Desk) *open {
	o := &open{shell: s, desk: desk, news: kit.NewText(), faults: kit.NewNotices(), nav: map[place]*kit.Button{}, weather: kit.NewText(), trouble: kit.NewNotices()}
	o.env = &model.Env{Service: desk.Service(), Do: s.gate.Do, Changed: s.show, Lang: s.lang, Simulated: s.house.Simulated(), Save: desk.SavePDF, Open: o.view,
		Seen: func(name rx.Service) model.Seen {
			reached, since, answered, failures, why := desk.Seen(name)
			return model.Seen{Reached: reached, Since: since, Answered: answered, Failures: failures, Why: why}
		}}
	o.strip = model.NewStrip(o.env, func() []error { return []error{desk.Fault(), o.feed, o.kept} })
	o.prescribe, o.treat = model.NewPrescribe(o.env), model.NewTreat(o.env)
	o.history = model.NewHistory(o.env, func(order rx.ID) {
		o.prescribe.Reopen(order)
		o.goTo(placePrescribe)
	})
	o.drill = model.NewDrill(o.env, Weathers, desk.Weather, desk.SetWeather)

	o.screens = map[place]interface {
		Object() fyne.CanvasObject
		Show(rx.Lang)
	}{placePrescribe: screen.NewPrescribe(o.prescribe, s.show), placeTreat: screen.NewTreat(o.treat, s.show), placeHistory: screen.NewHistory(o.history, s.show)}
	o.language = kit.NewChoice(func(v string) { o.choose(rx.Lang(v)) })
	side := kit.NewColumn()
	for _, p := range places {
		o.nav[p.place] = kit.NewButton()
		side.Add(kit.Gap(o.nav[p.place]))
	}
	o.drillBox = kit.NewColumn(o.weather)
	for range Weathers {
		b := kit.NewButton()
		o.weathers = append(o.weathers, b)
		o.drillBox.Add(kit.Gap(b))
	}
	o.drillBox.Add(o.trouble.Object())
	o.middle = container.NewStack(o.screens[placePrescribe].Object())
	top := kit.NewColumn(container.NewBorder(nil, nil, nil, o.language, o.news), o.faults.Object(), kit.Rule())
	o.box = container.NewBorder(top, nil, container.NewVBox(side, layout.NewSpacer(), o.drillBox), nil, kit.Framed(o.middle))
	return o
}

// start reads everything, and again whenever something changes.
func (o *open) start() {
	o.env.Do(func(ctx context.Context) func() {
		kept, err := o.env.Service.Store.Setting(ctx, languageSetting)
		return func() {
			if l, ok := i18n.Lang(string(kept)); err == nil && ok {
				o.speak(l)
			}
		}
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
	o.reload()
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
	}
}

// goTo shows a screen. The others keep what they hold.
func (o *open) goTo(p place) {
	o.at = p
	o.middle.Objects = []fyne.CanvasObject{o.screens[p].Object()}
	o.middle.Refresh()
	o.shell.window.Canvas().Unfocus()
	o.reload()
	if p == placePrescribe {
		o.prescribe.Return()
	}
	if h, ok := o.screens[p].(*screen.History); ok {
		h.Enter(o.shell.window.Canvas())
	}
	o.shell.show()
}

// show shows what the models say now.
func (o *open) show() {
	lang := o.env.Lang
	v := o.strip.View()
	var spans []kit.Span
	add := func(n model.Notice) {
		if n.Text == "" {
			return
		}
		if len(spans) > 0 {
			spans = append(spans, kit.Span{Text: "   ·   "})
		}
		spans = append(spans, kit.Toned(n.Tone, n.Text))
	}
	for _, n := range v.Services {
		add(n)
	}
	for _, n := range []model.Notice{v.Waiting, v.Silent, v.Treat} {
		add(n)
	}
	o.news.Set(spans...)
	o.faults.Show(v.Faults)
	o.language.Set(languages(lang), "")
	for i, p := range places {
		label := i18n.Text(lang, p.key)
		if p.place == placeTreat && v.Treat.Tone == model.Warn {
			label = i18n.Text(lang, "ui.treat.count", "n", i18n.Int(v.Count))
		}
		o.nav[p.place].Set(model.Button{Label: label, Key: i18n.Text(lang, "ui.key.go", "n", i18n.Int(i+1)), On: true, Strong: o.at == p.place, Press: func() { o.goTo(p.place) }})
	}
	d := o.drill.View()
	if d == nil {
		o.drillBox.Hide()
	} else {
		o.drillBox.Show()
		o.weather.Set(kit.Soft(d.Title))
		for i, b := range d.Kinds {
			o.weathers[i].Set(b)
		}
		o.trouble.Show(d.Notices)
	}
	o.screens[o.at].Show(lang)
}

func languages(now rx.Lang) []model.Choice {
	list := make([]model.Choice, len(rx.Langs))
	for i, l := range rx.Langs {
		list[i] = model.Choice{Value: string(l), Label: i18n.Text(now, "ui.lang."+string(l)), Chosen: l == now}
	}
	return list
}

// cancel is Escape: the inline question of the present screen is closed.
func (o *open) cancel() {
	switch o.at {
	case placePrescribe:
		o.prescribe.Paper.Cancel()
	case placeTreat:
		o.treat.Paper.Cancel()
	case placeHistory:
		o.history.Paper.Cancel()
	}
	o.shell.show()
}

// view opens a document in the system's viewer.
func (o *open) view(path string) {
	o.kept = o.shell.app.OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)})
}
