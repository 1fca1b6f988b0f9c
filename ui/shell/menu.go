package shell

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"relais/app/i18n"
	"relais/app/rx"
)

// Keys sit on menu items, so that they work while an entry has the focus. None ever means anything else: where a key has
// nothing to do it does nothing.
const (
	control      = fyne.KeyModifierShortcutDefault
	controlShift = fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift
)

// command is an item of the menu with its key.
type command struct {
	text string // of the catalogue
	key  fyne.KeyName
	with fyne.KeyModifier
	do   func(*open)
}

var menus = []struct {
	text     string
	commands []command
}{
	{"ui.menu.go", []command{
		{"ui.prescribe", fyne.Key1, control, func(o *open) { o.goTo(placePrescribe) }},
		{"ui.treat", fyne.Key2, control, func(o *open) { o.goTo(placeTreat) }},
		{"ui.history", fyne.Key3, control, func(o *open) { o.goTo(placeHistory) }},
	}},
	{"ui.menu.order", []command{
		{"ui.next", fyne.KeyN, control, (*open).next},
		{"ui.patient.add", fyne.KeyN, controlShift, func(o *open) { o.goTo(placePrescribe); o.prescribe.AddPatient() }},
		{"ui.send", fyne.KeyReturn, control, func(o *open) { o.on(placePrescribe, o.prescribe.Send) }},
		{"ui.proof", fyne.KeyP, control, func(o *open) { o.on(placePrescribe, o.prescribe.Proof); o.on(placeHistory, o.history.Proof) }},
		{"ui.paper", fyne.KeyO, controlShift, func(o *open) { o.on(placePrescribe, o.prescribe.AskPaper); o.on(placeHistory, o.history.AskPaper) }},
		{"ui.hand", fyne.KeyH, controlShift, func(o *open) { o.on(placePrescribe, o.prescribe.AskHand) }},
		{"ui.paper.confirm", fyne.KeyY, controlShift, func(o *open) {
			o.on(placePrescribe, o.prescribe.ConfirmPaper)
			o.on(placeTreat, o.treat.ConfirmPaper)
			o.on(placeHistory, o.history.ConfirmPaper)
		}},
		{"ui.let-go", fyne.KeyD, control, func(o *open) { o.on(placePrescribe, o.prescribe.LetGo) }},
	}},
	{"ui.menu.line", []command{
		{"ui.repeat", fyne.KeyR, control, func(o *open) { o.on(placePrescribe, o.prescribe.Repeat); o.on(placeHistory, o.history.Repeat) }},
		{"ui.past.all", fyne.KeyR, controlShift, func(o *open) { o.on(placePrescribe, o.prescribe.RepeatAll) }},
		{"ui.shelf.favour", fyne.KeyF, control, func(o *open) { o.on(placePrescribe, o.prescribe.Favour) }},
		{"ui.template.keep", fyne.KeyT, control, func(o *open) { o.on(placePrescribe, o.prescribe.AskTemplate) }},
		{"ui.details", fyne.KeyI, control, func(o *open) { o.on(placePrescribe, o.prescribe.Details) }},
		{"ui.patient.edit", fyne.KeyE, control, func(o *open) { o.on(placePrescribe, o.prescribe.EditPatient) }},
	}},
}

// looking are the commands that change nothing: what can be done in a directory that is open for reading only.
var looking = []string{"ui.treat", "ui.history"}

// on does something when the screen that it belongs to is shown.
func (o *open) on(p place, do func()) {
	if o.at == p {
		do()
	}
}

// menu is the main menu in the window's language.
func (s *shell) menu() *fyne.MainMenu {
	quit := &fyne.MenuItem{Label: i18n.Text(s.lang, "ui.menu.quit"), IsQuit: true, Action: s.quit, Shortcut: &desktop.CustomShortcut{KeyName: fyne.KeyQ, Modifier: control}}
	lock := &fyne.MenuItem{Label: i18n.Text(s.lang, "ui.menu.lock"), Action: s.lockUp, Shortcut: &desktop.CustomShortcut{KeyName: fyne.KeyL, Modifier: control}, Disabled: s.open == nil}
	main := fyne.NewMainMenu(fyne.NewMenu(i18n.Text(s.lang, "ui.menu.relais"), lock, fyne.NewMenuItemSeparator(), quit))
	for _, m := range menus {
		menu := fyne.NewMenu(i18n.Text(s.lang, m.text))
		for _, c := range m.commands {
			may := func() bool {
				return s.open != nil && s.leave == nil && (!s.open.env.Reading || slices.Contains(looking, c.text))
			}
			menu.Items = append(menu.Items, &fyne.MenuItem{Label: i18n.Text(s.lang, c.text), Disabled: !may(),
				Shortcut: &desktop.CustomShortcut{KeyName: c.key, Modifier: c.with}, Action: func() {
					if may() {
						c.do(s.open)
						s.show()
					}
				}})
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
