package recipe

import (
	"fmt"
	"strings"
	"testing"

	"relais/app/rx"
)

// A content that counts as read bears its LOCAL id, whatever else stands in the message: one of ours that seemed to have none would count as another's, and be
// made again.
func TestReadIn(t *testing.T) {
	const space, local = "http://www.ehealth.fgov.be/standards/kmehr/schema/v1", "0192f6a0-0000-8000-8000-000000000001"
	message := func(space, header, folder string) string {
		return fmt.Sprintf(`<kmehrmessage xmlns=%q><header><id S="ID-KMEHR">1</id>%s</header><folder>%s</folder></kmehrmessage>`, space, header, folder)
	}
	const own = `<id S="LOCAL" SL="exemple" SV="1">` + local + `</id>`
	for name, c := range map[string]struct {
		text   string
		local  rx.ID
		sealed string
	}{
		"whole":            {message(space, own, ""), local, ""},
		"many elements":    {message(space, own, strings.Repeat("<text/>", 11_000)), local, ""},
		"many attributes":  {message(space, own, "<text"+many(150)+"/>"), local, ""},
		"two ids":          {message(space, own+`<id S="LOCAL" SL="other">1</id>`, ""), local, ""},
		"without an id":    {message(space, "", ""), "", ""},
		"of another space": {message("urn:exemple", own, ""), "", rx.SealedForm},
		"no message":       {"<other/>", "", rx.SealedForm},
		"no XML":           {"exemple", "", rx.SealedForm},
	} {
		got, content, sealed := readIn([]byte(c.text))
		if got != c.local || sealed != c.sealed || (content != nil) != (sealed == "") {
			t.Errorf("%s: LOCAL id %q, read %t, %q", name, got, content != nil, sealed)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}
