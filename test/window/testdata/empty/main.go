// An empty window with the fonts and the theme of ours: what a start and its memory are held against.
package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"relais/assets"
	"relais/ui/kit"
)

func main() {
	a := app.NewWithID("be.relais.empty")
	a.Settings().SetTheme(kit.Theme{})
	a.SetIcon(fyne.NewStaticResource("icon.png", assets.Icon))
	w := a.NewWindow("Leer")
	w.Resize(fyne.NewSize(1024, 700))
	w.ShowAndRun()
}
