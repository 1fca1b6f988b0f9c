package i18n

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"relais/app/rx"
	"relais/assets"
)

var update = flag.Bool("update", false, "write the catalogues sorted")

func TestOwnCatalogues(t *testing.T) {
	if err := Check(assets.Catalogues); err != nil {
		t.Fatal(err)
	}
}

// Sorted files merge without conflict and show a doubled key.
func TestCataloguesAreSorted(t *testing.T) {
	for _, lang := range rx.Langs {
		have, err := fs.ReadFile(assets.Catalogues, "catalogues/"+string(lang)+".json")
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(have, &texts); err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(texts); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(have, want.Bytes()) {
			continue
		}
		if !*update {
			t.Errorf("%s.json is not sorted, or has a key twice: go test ./app/i18n -run Sorted -update", lang)
		} else if err := os.WriteFile("../../assets/catalogues/"+string(lang)+".json", want.Bytes(), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// No catalogue holds a character that people cannot see: the code sets no-break
// spaces itself.
func TestCataloguesHoldNoHiddenCharacters(t *testing.T) {
	for _, lang := range rx.Langs {
		for key, text := range texts[lang]() {
			if strings.ContainsAny(text, "\u00a0\u202f\u2009\u00ad\u200b\t\n") || strings.Contains(text, "  ") {
				t.Errorf("%s %s: hidden or double space in %q", lang, key, text)
			}
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	sound := map[string]string{"fr": `{"a": "le {n}"}`, "nl": `{"a": "de {n}"}`, "de": `{"a": "die {n}"}`, "en": `{"a": "the {n}"}`}
	for _, c := range []struct{ name, lang, text, want string }{
		{"sound", "fr", sound["fr"], ""},
		{"missing key", "nl", `{}`, `catalogue nl: "a" is missing`},
		{"key of one alone", "nl", `{"a": "de {n}", "b": "x"}`, `catalogue fr: "b" is missing`},
		{"empty", "de", `{"a": " "}`, `catalogue de: "a" is empty`},
		{"other placeholder", "en", `{"a": "the {m}"}`, `catalogue en: "a" has placeholders [m], French has [n]`},
		{"no placeholder", "en", `{"a": "the"}`, `catalogue en: "a" has placeholders [], French has [n]`},
		{"unclosed", "nl", `{"a": "de {n"}`, `catalogue nl: "a" has a brace without its fellow`},
		{"unopened", "nl", `{"a": "de {n} }"}`, `catalogue nl: "a" has a brace without its fellow`},
		{"nested", "nl", `{"a": {"b": "c"}}`, `catalogue nl: json`},
		{"absent", "nl", "", `catalogues/nl.json`},
	} {
		files := fstest.MapFS{}
		for lang, text := range sound {
			if lang == c.lang {
				text = c.text
			}
			if text != "" {
				files["catalogues/"+lang+".json"] = &fstest.MapFile{Data: []byte(text)}
			}
		}
		err := Check(files)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestText(t *testing.T) {
	if got := Text(rx.NL, "status.read-at", "status", "x", "time", "09:12"); got != "x (gelezen om 09:12)" {
		t.Error(got)
	}
	if got := Text("it", "sex.female"); got != "femme" {
		t.Errorf("an unknown language gives %q, not French", got)
	}
	if got := Text(rx.NL, "no.such.key"); got != "no.such.key" {
		t.Errorf("an unknown key shows as %q", got)
	}
	if got := Text(rx.NL, "status.read-at", "status", "x"); got != "x (gelezen om …)" {
		t.Errorf("a missing argument shows as %q", got)
	}
}

func TestLang(t *testing.T) {
	for word, want := range map[string]rx.Lang{"fr": "fr", "NL": "nl", "de": "de", "en": "en"} {
		if got, ok := Lang(word); !ok || got != want {
			t.Errorf("%s: %s %t", word, got, ok)
		}
	}
	if got, ok := Lang("it"); ok || got != rx.FR {
		t.Errorf("it: %s %t", got, ok)
	}
}
