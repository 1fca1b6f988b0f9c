package shell

import (
	"runtime"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/model"
)

// Keys sit on menu items, so that they work while an entry has the focus. None ever means anything else: where a key has
// nothing to do it does nothing.
const (
	control      = fyne.KeyModifierShortcutDefault
	controlShift = fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift
)

// spelt is a key whose words stand in the label of its item: the toolkit's own drawing of keys has a contrast of 1.5 to
// 1. macOS draws menus itself, and well.
type spelt struct{ key desktop.CustomShortcut }

// ShortcutName is that of the key.
func (s spelt) ShortcutName() string { return s.key.ShortcutName() }

// item is an item of the menu with its key, in words.
func item(label string, key fyne.KeyName, with fyne.KeyModifier, words string, do func()) *fyne.MenuItem {
	shortcut := desktop.CustomShortcut{KeyName: key, Modifier: with}
	if runtime.GOOS == "darwin" {
		return &fyne.MenuItem{Label: label, Shortcut: &shortcut, Action: do}
	}
	return &fyne.MenuItem{Label: label + "   " + words, Shortcut: spelt{shortcut}, Action: do}
}

// command is an item of the menu with its key, and what it does on which screen.
type command struct {
	text string // of the catalogue
	key  fyne.KeyName
	with fyne.KeyModifier
	do   map[place]func(*open)
}

// anywhere is every screen.
const anywhere place = -1

func everywhere(do func(*open)) map[place]func(*open) { return map[place]func(*open){anywhere: do} }

func writing(do func(*model.Prescribe)) map[place]func(*open) {
	return map[place]func(*open){placePrescribe: func(o *open) { do(o.prescribe) }}
}

func inFull(do func(*model.History)) map[place]func(*open) {
	return map[place]func(*open){placeHistory: func(o *open) { do(o.history) }}
}

var menus = []struct {
	text     string
	commands []command
}{
	{"ui.menu.go", []command{
		{"ui.prescribe", fyne.Key1, control, everywhere(func(o *open) { o.goTo(placePrescribe) })},
		{"ui.treat", fyne.Key2, control, everywhere(func(o *open) { o.goTo(placeTreat) })},
		{"ui.history", fyne.Key3, control, everywhere(func(o *open) { o.goTo(placeHistory) })},
		{"ui.outages", fyne.Key4, control, everywhere(func(o *open) { o.goTo(placeOutages) })},
		{"ui.settings", fyne.Key5, control, everywhere(func(o *open) { o.goTo(placeSettings) })},
		{"ui.palette", fyne.KeyK, control, everywhere((*open).askCommand)},
	}},
	{"ui.menu.order", []command{
		{"ui.next", fyne.KeyN, control, everywhere((*open).next)},
		{"ui.patient.add", fyne.KeyN, controlShift, everywhere(func(o *open) { o.goTo(placePrescribe); o.prescribe.AddPatient() })},
		{"ui.send", fyne.KeyReturn, control, writing((*model.Prescribe).Send)},
		{"ui.proof", fyne.KeyP, control, map[place]func(*open){
			placePrescribe: func(o *open) { o.prescribe.Proof() }, placeHistory: func(o *open) { o.history.Proof() }}},
		{"ui.paper", fyne.KeyO, controlShift, map[place]func(*open){
			placePrescribe: func(o *open) { o.prescribe.AskPaper() }, placeHistory: func(o *open) { o.history.AskPaper() }}},
		{"ui.preview", fyne.KeyP, controlShift, map[place]func(*open){
			placePrescribe: func(o *open) { o.prescribe.Preview() }, placeHistory: func(o *open) { o.history.Preview() },
			placeSettings: func(o *open) { o.settings.Papers().Preview() }}},
		{"ui.hand", fyne.KeyH, controlShift, writing((*model.Prescribe).AskHand)},
		{"ui.paper.confirm", fyne.KeyY, controlShift, map[place]func(*open){
			placePrescribe: func(o *open) { o.prescribe.ConfirmPaper() }, placeTreat: func(o *open) { o.treat.ConfirmPaper() },
			placeHistory: func(o *open) { o.history.ConfirmPaper() }}},
		{"ui.let-go", fyne.KeyD, control, writing((*model.Prescribe).LetGo)},
	}},
	{"ui.menu.line", []command{
		{"ui.repeat", fyne.KeyR, control, map[place]func(*open){
			placePrescribe: func(o *open) { o.prescribe.Repeat() }, placeHistory: func(o *open) { o.history.Repeat() }}},
		{"ui.past.all", fyne.KeyR, controlShift, writing((*model.Prescribe).RepeatAll)},
		{"ui.shelf.favour", fyne.KeyF, control, writing((*model.Prescribe).Favour)},
		{"ui.template.keep", fyne.KeyT, control, writing((*model.Prescribe).AskTemplate)},
		{"ui.details", fyne.KeyI, control, writing((*model.Prescribe).Details)},
		{"ui.patient.edit", fyne.KeyE, control, writing((*model.Prescribe).EditPatient)},
	}},
	{"ui.menu.recipe", []command{
		{"ui.recipe", fyne.KeyE, controlShift, writing((*model.Prescribe).AskRecipe)},
		{"ui.reach.read", fyne.KeyL, controlShift, inFull((*model.History).ReadNow)},
		{"ui.reach.visibility", fyne.KeyV, controlShift, inFull((*model.History).AskVisibility)},
		{"ui.reach.flag", fyne.KeyF, controlShift, inFull((*model.History).AskFeedback)},
		{"ui.reach.notify", fyne.KeyM, controlShift, inFull((*model.History).AskNotify)},
		{"ui.letters", fyne.KeyA, controlShift, inFull((*model.History).FetchLetters)},
		{"ui.strip.retry", fyne.KeyT, controlShift, everywhere(func(o *open) { o.strip.Retry() })},
	}},
}

// looking are the commands that change nothing: what can be done in a directory that is open for reading only.
var looking = []string{"ui.treat", "ui.history", "ui.outages", "ui.settings", "ui.palette", "ui.preview"}

// may tells that c can be done in this window, on some screen.
func (o *open) may(c command) bool { return !o.env.Reading || slices.Contains(looking, c.text) }

// does is what c does on the present screen; nil nothing.
func (o *open) does(c command) func(*open) {
	if !o.may(c) {
		return nil
	}
	if do := c.do[anywhere]; do != nil {
		return do
	}
	return c.do[o.at]
}

// keyName is a key in words.
func keyName(l rx.Lang, c command) string {
	name := string(c.key)
	if c.key == fyne.KeyReturn {
		name = i18n.Text(l, "ui.key.enter")
	}
	if c.with == controlShift {
		return i18n.Text(l, "ui.key.shift", "key", name)
	}
	return i18n.Text(l, "ui.key.go", "n", name)
}

// commands are those of the palette.
func (o *open) commands() (list []model.Button) {
	lang := o.env.Lang
	for _, m := range menus {
		for _, c := range m.commands {
			if c.text == "ui.palette" {
				continue
			}
			do := o.does(c)
			list = append(list, model.Button{Label: i18n.Text(lang, c.text), Key: keyName(lang, c), On: do != nil, Press: func() {
				o.goTo(o.at)
				do(o)
			}})
		}
	}
	s := o.shell
	if papers := o.settings.Papers(); papers != nil {
		for _, b := range papers.Commands() {
			press := b.Press
			b.Press = func() {
				o.goTo(placeSettings) // where is said what becomes of it
				press()
			}
			list = append(list, b)
		}
	}
	if s.exercise != nil {
		return append(list, s.exercise.model.View().End, model.Button{Label: i18n.Text(lang, "ui.menu.quit"), Key: i18n.Text(lang, "ui.key.quit"), On: true, Press: s.quit})
	}
	return append(list, model.Button{Label: i18n.Text(lang, "ui.exercise"), On: true, Press: func() { o.goTo(o.at); s.drill() }}, model.Button{Label: i18n.Text(lang, "ui.menu.lock"), Key: i18n.Text(lang, "ui.key.go", "n", "L"), On: true, Press: s.lockUp},
		model.Button{Label: i18n.Text(lang, "ui.menu.quit"), Key: i18n.Text(lang, "ui.key.quit"), On: true, Press: func() { o.goTo(o.at); s.quit() }})
}

// menu is the main menu in the window's language.
func (s *shell) menu() *fyne.MainMenu {
	quit := item(i18n.Text(s.lang, "ui.menu.quit"), fyne.KeyQ, control, i18n.Text(s.lang, "ui.key.quit"), s.quit)
	quit.IsQuit = true
	lock := item(i18n.Text(s.lang, "ui.menu.lock"), fyne.KeyL, control, i18n.Text(s.lang, "ui.key.go", "n", "L"), s.lockUp)
	lock.Disabled = s.open == nil
	drill := &fyne.MenuItem{Label: i18n.Text(s.lang, "ui.exercise"), Action: s.drill}
	if s.exercise != nil {
		drill = &fyne.MenuItem{Label: i18n.Text(s.lang, "ui.exercise.end"), Action: s.patientArrives}
		lock.Disabled = true
	}
	main := fyne.NewMainMenu(fyne.NewMenu(i18n.Text(s.lang, "ui.menu.relais"), drill, lock, fyne.NewMenuItemSeparator(), quit))
	for _, m := range menus {
		menu := fyne.NewMenu(i18n.Text(s.lang, m.text))
		for _, c := range m.commands {
			one := item(i18n.Text(s.lang, c.text), c.key, c.with, keyName(s.lang, c), func() {
				if s.open == nil || s.leave != nil {
					return
				}
				if do := s.open.does(c); do != nil {
					s.open.uncover()
					do(s.open)
					s.show()
				}
			})
			one.Disabled = s.open == nil || !s.open.may(c)
			menu.Items = append(menu.Items, one)
		}
		main.Items = append(main.Items, menu)
	}
	languages := fyne.NewMenu(i18n.Text(s.lang, "ui.menu.language"))
	for _, l := range rx.Langs {
		languages.Items = append(languages.Items, &fyne.MenuItem{Label: i18n.Text(s.lang, "ui.lang."+string(l)), Checked: l == s.lang, Action: func() { s.choose(l) }})
	}
	main.Items = append(main.Items, languages)
	return main
}

// choose changes the language; while the window is open it is kept.
func (s *shell) choose(l rx.Lang) {
	if s.open != nil {
		s.open.choose(l)
		return
	}
	s.env.Lang = l
	s.speak(l)
}
