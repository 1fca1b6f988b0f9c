package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// place is a screen of the open window.
type place int

const (
	placePrescribe place = iota
	placeTreat
	placeHistory
	placeOutages
	placeSettings
)

var places = []struct {
	place place
	key   string
}{{placePrescribe, "ui.prescribe"}, {placeTreat, "ui.treat"}, {placeHistory, "ui.history"}, {placeOutages, "ui.outages"}, {placeSettings, "ui.settings"}}

// frame is what stands around every screen: the strip above, the ways to the screens and the drill switch beside.
type frame struct {
	news     *kit.Text
	faults   kit.Notices
	retry    *kit.Buttons
	language *kit.Choice
	nav      map[place]*kit.Button
	next     *kit.Button
	weather  *kit.Text
	weathers []*kit.Button
	trouble  kit.Notices
	drill    *fyne.Container
	middle   *fyne.Container
	box      *fyne.Container
}

func newFrame(speak func(rx.Lang)) *frame {
	f := &frame{news: kit.NewText(), faults: kit.NewNotices(), retry: kit.NewButtons(), nav: map[place]*kit.Button{}, next: kit.NewButton(), weather: kit.NewText(), trouble: kit.NewNotices(), middle: container.NewStack()}
	f.language = kit.NewChoice(func(v string) { speak(rx.Lang(v)) })
	side := kit.NewColumn()
	for _, p := range places {
		f.nav[p.place] = kit.NewButton()
		side.Add(kit.Gap(f.nav[p.place]))
	}
	side.Add(kit.Gap(f.next))
	f.drill = kit.NewColumn(f.weather)
	for range Weathers {
		b := kit.NewButton()
		f.weathers = append(f.weathers, b)
		f.drill.Add(kit.Gap(b))
	}
	f.drill.Add(f.trouble.Object())
	// Two lines high, always: what is below does not move when a service fails.
	news := kit.AtLeast(fyne.NewSize(0, 7*kit.Unit), container.NewBorder(nil, nil, nil, container.NewHBox(container.NewCenter(f.retry.Object()), container.NewCenter(kit.Gap(f.language))), f.news))
	beside := kit.AtLeast(fyne.NewSize(24*kit.Unit, 0), container.NewVScroll(container.NewVBox(side, layout.NewSpacer(), f.drill)))
	f.box = container.NewBorder(kit.NewColumn(news, f.faults.Object(), kit.Rule()), nil, beside, nil, kit.Framed(f.middle))
	return f
}

// hold puts a screen into the frame.
func (f *frame) hold(o fyne.CanvasObject) {
	f.middle.Objects = []fyne.CanvasObject{o}
	f.middle.Refresh()
}

// frameView is what the frame shows.
type frameView struct {
	strip   model.StripView
	drill   *model.DrillView // nil where services are real
	at      place
	goTo    func(place)
	next    model.Button // another patient, from whatever screen
	reading bool         // nothing can be begun
}

func (f *frame) show(lang rx.Lang, v frameView) {
	var spans []kit.Span
	add := func(n model.Notice) {
		if n.Text == "" {
			return
		}
		if len(spans) > 0 {
			spans = append(spans, kit.Quiet("  ·  "))
		}
		spans = append(spans, kit.Toned(n.Tone, n.Text))
	}
	for _, n := range v.strip.Services {
		add(n)
	}
	add(v.strip.Waiting)
	add(v.strip.Silent)
	add(v.strip.Treat)
	f.news.Set(spans...)
	f.faults.Show(v.strip.Faults)
	var retry []model.Button
	if v.strip.Retry.Label != "" {
		retry = []model.Button{v.strip.Retry}
	}
	f.retry.Set(retry)
	f.language.Set(languages(lang), "")
	for i, p := range places {
		label := i18n.Text(lang, p.key)
		if p.place == placeTreat && v.strip.Count > 0 {
			label = i18n.Text(lang, "ui.treat.count", "n", i18n.Int(v.strip.Count))
		}
		f.nav[p.place].Set(model.Button{Label: label, Key: i18n.Text(lang, "ui.key.go", "n", i18n.Int(i+1)), On: !v.reading || p.place != placePrescribe, Strong: v.at == p.place,
			Press: func() { v.goTo(p.place) }})
	}
	f.next.Set(v.next)
	if v.drill == nil {
		f.drill.Hide()
		return
	}
	f.drill.Show()
	f.weather.Set(kit.Soft(v.drill.Title))
	for i, b := range v.drill.Kinds {
		f.weathers[i].Set(b)
	}
	f.trouble.Show(v.drill.Notices)
}

func languages(now rx.Lang) []model.Choice {
	list := make([]model.Choice, len(rx.Langs))
	for i, l := range rx.Langs {
		list[i] = model.Choice{Value: string(l), Label: i18n.Text(now, "ui.lang."+string(l)), Chosen: l == now}
	}
	return list
}
