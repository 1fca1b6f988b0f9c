package kmehr

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relais/app/rx"
	"relais/test/specs"
)

// A notification is valid by its schema, whatever is said in it.
func TestNotificationIsValid(t *testing.T) {
	texts := map[string][]byte{}
	for name, text := range map[string]string{
		"plain": "Merci de préparer l'amoxicilline pour ce soir.", "markup": `<b>&amp;</b> ]]> "quoted" 'so'`, "lines": "une\ndeux\tquatre", "empty": "", "wide": "žluťoučký 💊",
	} {
		message, err := Notification(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		texts[name] = message
	}
	for name, wrong := range specs.Validate(t, "kmehr/20170403-recipe/notification.xsd", texts) {
		t.Errorf("%s: %s", name, wrong)
	}
}

func TestNotificationRefuses(t *testing.T) {
	for _, text := range []string{"\x00", "a\x0bb", "\ufffe"} {
		if _, err := Notification(text); rx.CodeOf(err) != rx.CodeUnshowable {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is said in a notification reads back as it was: the two letters have the same form.
func TestLettersReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.TrimSpace(rapid.StringMatching(`[ -~éèüß€\n]{0,200}`).Draw(t, "text"))
		message, err := Notification(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadFeedback(bytes.ReplaceAll(message, []byte("p:notification"), []byte("p:feedback")))
		if err != nil || got != text {
			t.Fatalf("%q became %q, %v", text, got, err)
		}
	})
}

func TestReadFeedback(t *testing.T) {
	sample, err := os.ReadFile(specs.Path(t, "samples/kmehr/sample-feedback.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFeedback(sample); got != "this is a feedback" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for name, c := range map[string]struct {
		message string
		code    rx.Code
	}{
		"no xml":          {"merci", CodeForm},
		"another message": {`<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"/>`, CodeNotKMEHR},
		"no namespace":    {`<feedback><text>a</text></feedback>`, CodeNotKMEHR},
		"a document type": {`<!DOCTYPE x><p:feedback xmlns:p="http://services.recipe.be"/>`, CodeDocumentType},
		"a notification":  {`<p:notification xmlns:p="http://services.recipe.be"><text>a</text></p:notification>`, CodeNotKMEHR},
	} {
		if _, err := ReadFeedback([]byte(c.message)); rx.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, message := range []string{`<feedback xmlns="http://services.recipe.be"><text> a </text></feedback>`, `<f:feedback xmlns:f="http://services.recipe.be"><text>a</text></f:feedback>`} {
		if got, err := ReadFeedback([]byte(message)); got != "a" || err != nil {
			t.Errorf("%s: %q, %v", message, got, err)
		}
	}
	long := `<p:feedback xmlns:p="http://services.recipe.be"><text>` + strings.Repeat("é", MaxLetter+5) + `</text></p:feedback>`
	if got, err := ReadFeedback([]byte(long)); err != nil || len([]rune(got)) != MaxLetter {
		t.Errorf("%d characters, %v", len([]rune(got)), err)
	}
}
