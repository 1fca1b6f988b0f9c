package shell

import (
	"encoding/json"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"relais/app/i18n"
	"relais/app/rx"
)

// fyneTexts are the strings that Fyne shows by itself (menus of entries, dialogs, weekdays), by its own keys. It has no
// Dutch, and no call to choose a language.
var fyneTexts = []string{
	"Advanced", "Cancel", "Confirm", "Copy", "Create Folder", "Cut", "Enter filename", "Error", "Favourites", "File", "Folder",
	"New Folder", "No", "OK", "Open", "Paste", "Quit", "Redo", "Save", "Select all", "Show Hidden Files", "Undo", "Yes",
	"file.name", "file.parent",
	"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
	"monday.short", "tuesday.short", "wednesday.short", "thursday.short", "friday.short", "saturday.short", "sunday.short",
}

// speakFyne makes Fyne's own strings those of our catalogue, by telling it that this is how the system's language reads.
func speakFyne(l rx.Lang) {
	texts := map[string]string{}
	for _, key := range fyneTexts {
		texts[key] = i18n.Text(l, "ui.fyne."+strings.ToLower(strings.ReplaceAll(key, " ", "-")))
	}
	b, err := json.Marshal(texts)
	if err == nil {
		err = lang.AddTranslationsForLocale(b, lang.SystemLocale())
	}
	if err != nil { // a map of strings always reads; a test looks at the outcome
		fyne.LogError("the toolkit's own texts", err)
	}
}
