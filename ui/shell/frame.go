package shell

import (
	"slices"

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
	narrow   bool              // how box is arranged
	pane     *container.Scroll // of the screen; nil where it has its room
}

func newFrame(speak func(rx.Lang)) *frame {
	f := &frame{news: kit.NewText(), faults: kit.NewNotices(), retry: kit.NewButtons(), nav: map[place]*kit.Button{}, next: kit.NewButton(), weather: kit.NewText(), trouble: kit.NewNotices(), middle: container.NewStack()}
	f.language = kit.NewChoice(func(v string) { speak(rx.Lang(v)) })
	for _, p := range places {
		f.nav[p.place] = kit.NewButton()
	}
	f.drill = kit.NewColumn()
	for range Weathers {
		b := kit.NewButton()
		f.weathers = append(f.weathers, b)
	}
	f.box = container.NewStack()
	f.arrange(kit.Narrow())
	return f
}

// arrange has the ways to the screens beside them; where there is little room above, and what is of less weight below the
// screen, in one pane with it. There the language is chosen in the menu and the settings.
func (f *frame) arrange(narrow bool) {
	f.narrow = narrow
	var ways []fyne.CanvasObject
	for _, p := range places {
		ways = append(ways, f.nav[p.place])
	}
	ways = append(ways, f.next)
	kinds := kit.NewColumn()
	if narrow {
		kinds = kit.NewFlow()
	}
	for _, b := range f.weathers {
		kinds.Add(kit.Gap(b))
	}
	f.drill.Objects = []fyne.CanvasObject{f.weather, kinds, f.trouble.Object()}
	if narrow {
		above := kit.NewColumn(kit.NewBeside(f.news, f.retry.Object()), kit.Gap(kit.NewFlow(ways...)), kit.Rule())
		f.pane = container.NewVScroll(kit.NewColumn(f.faults.Object(), kit.Framed(f.middle), f.drill))
		f.box.Objects = []fyne.CanvasObject{container.NewBorder(above, nil, nil, nil, kit.AtLeast(fyne.NewSize(0, 24*kit.Unit), f.pane))}
		f.box.Refresh()
		return
	}
	f.pane = nil
	side := kit.NewColumn()
	for _, w := range ways {
		side.Add(kit.Gap(w))
	}
	// Two lines high, always: what is below does not move when a service fails.
	news := kit.AtLeast(fyne.NewSize(0, 7*kit.Unit), container.NewBorder(nil, nil, nil, container.NewHBox(container.NewCenter(f.retry.Object()), container.NewCenter(kit.Gap(f.language))), f.news))
	beside := kit.AtLeast(fyne.NewSize(24*kit.Unit, 0), container.NewVScroll(container.NewVBox(side, layout.NewSpacer(), f.drill)))
	f.box.Objects = []fyne.CanvasObject{container.NewBorder(kit.NewColumn(news, f.faults.Object(), kit.Rule()), nil, beside, nil, kit.Framed(f.middle))}
	f.box.Refresh()
}

// hold puts a screen into the frame.
func (f *frame) hold(o fyne.CanvasObject) {
	if len(f.middle.Objects) > 0 && f.middle.Objects[0] == o {
		return
	}
	f.middle.Objects = []fyne.CanvasObject{o}
	f.middle.Refresh()
	if f.pane != nil {
		f.pane.ScrollToTop()
	}
}

// frameView is what the frame shows.
type frameView struct {
	strip   model.StripView
	prints  []model.Notice   // what is on its way to the printer
	drill   *model.DrillView // nil where services are real
	at      place
	goTo    func(place)
	next    model.Button // another patient, from whatever screen
	reading bool         // nothing can be begun
}

func (f *frame) show(lang rx.Lang, v frameView) {
	if narrow := kit.Narrow(); narrow != f.narrow {
		f.arrange(narrow)
	}
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
	services := v.strip.Services
	if v.strip.Sum.Text != "" && (f.narrow || len(services) > 2) { // *Pannes* tells each
		services = []model.Notice{v.strip.Sum}
	}
	for _, n := range services {
		add(n)
	}
	add(v.strip.Waiting)
	add(v.strip.Silent)
	add(v.strip.Treat)
	f.news.Set(spans...)
	f.faults.Show(slices.Concat(v.strip.Faults, v.prints))
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
		b := model.Button{Label: label, Key: i18n.Text(lang, "ui.key.go", "n", i18n.Int(i+1)), On: !v.reading || p.place != placePrescribe, Strong: v.at == p.place,
			Press: func() { v.goTo(p.place) }}
		if f.narrow {
			b.Key = ""
		}
		f.nav[p.place].Set(b)
	}
	if f.narrow {
		v.next.Key = ""
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
