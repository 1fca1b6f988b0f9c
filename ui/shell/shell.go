// Package shell is the window: its frame, navigation and lock. It is given a Fyne app by the front door and shows what
// the use cases tell it; it opens no files and reaches no network.
//
// So far it is the frame alone: the name, and in the demonstration a banner that stays on every screen.
package shell

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"relais/assets"
)

// The smallest window in which every screen is whole, in Fyne's units.
const (
	minWidth  = 1024
	minHeight = 700
)

// New makes the window without showing it. With demo, the banner says in both languages that all is invented.
func New(app fyne.App, demo bool) fyne.Window {
	app.SetIcon(fyne.NewStaticResource("icon.png", assets.Icon))
	w := app.NewWindow("Relais")
	var banner fyne.CanvasObject
	if demo {
		label := widget.NewLabelWithStyle("SIMULATION · données fictives · fictieve gegevens", fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
		label.Importance = widget.WarningImportance
		banner = label
	}
	said := widget.NewLabelWithStyle("Relais n'a pas encore d'écran.\nRelais heeft nog geen scherm.", fyne.TextAlignCenter, fyne.TextStyle{})
	w.SetContent(container.NewBorder(banner, nil, nil, nil, container.NewCenter(said)))
	w.Resize(fyne.NewSize(minWidth, minHeight))
	return w
}
