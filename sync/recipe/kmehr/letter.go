package kmehr

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"relais/app/rx"
)

// Letters between prescriber and pharmacist (schemas 20170403, recipe protocol §4.4): a text
// alone. The schema of a notification lets it hold parts of KMEHR 1.19 as well; nothing is
// put there, for the pharmacy has the prescription itself.

const letters = "http://services.recipe.be"

// MaxLetter is the most characters of a letter's text that are read.
const MaxLetter = 20_000

// Notification is the message to a pharmacy with this text. rx.CodeUnshowable for a character
// that XML cannot hold.
func Notification(text string) ([]byte, error) {
	m := in("p:notification", leaf("text", text))
	m.attrs = []string{"xmlns:p", letters}
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	if !m.write(&b) {
		return nil, rx.Fault(rx.CodeUnshowable)
	}
	return b.Bytes(), nil
}

// ReadFeedback gives the text of a pharmacist's feedback. CodeNotKMEHR for what is none; a
// text that is too long is cut.
func ReadFeedback(message []byte) (string, error) {
	root, fault := parse(message)
	if fault != nil {
		return "", fault
	}
	if local := root.name[strings.IndexByte(root.name, ':')+1:]; local != "feedback" || root.space != letters {
		return "", rx.Fault(CodeNotKMEHR).At(root.path())
	}
	text := strings.TrimSpace(root.get("text"))
	if utf8.RuneCountInString(text) > MaxLetter {
		text = string([]rune(text)[:MaxLetter])
	}
	return text, nil
}
