package medicines

import (
	"strings"
	"testing"

	"relais/app/rx"
)

const small = `[
	{"cnk": "0318717", "vmp_group": "0024901", "name": {"fr": "Amoxicilline Exemple 500 mg gélule", "nl": "Amoxicilline Exemple 500 mg capsule, hard"},
	 "ingredients": ["a"], "substance": {"fr": "amoxicilline", "nl": "amoxicilline"}},
	{"cnk": "9900010", "name": {"fr": "Élixir Exemple"}, "ingredients": ["b"], "substance": {"fr": "paracétamol", "de": "Paracetamol"}},
	{"vmp_group": "0024901", "name": {"fr": "amoxicilline 500 mg gélule"}, "ingredients": ["a"], "substance": {"fr": "amoxicilline"}}]`

func load(t *testing.T, data string) *List {
	t.Helper()
	l, err := Load("v1", []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestByCode(t *testing.T) {
	l := load(t, small)
	if l.Version() != "v1" {
		t.Errorf("version %q", l.Version())
	}
	if m, ok := l.ByCNK("0318717"); !ok || m.IsGroup() || m.Name[rx.NL] != "Amoxicilline Exemple 500 mg capsule, hard" {
		t.Errorf("package: %v, %v", m, ok)
	}
	if m, ok := l.ByGroup("0024901"); !ok || !m.IsGroup() || m.Name[rx.FR] != "amoxicilline 500 mg gélule" {
		t.Errorf("group: %v, %v", m, ok)
	}
	if _, ok := l.ByCNK("9900028"); ok {
		t.Error("an unknown package is found")
	}
	if _, ok := l.ByCNK(""); ok {
		t.Error("no CNK finds a package")
	}
	if _, ok := l.ByGroup("0000000"); ok {
		t.Error("an unknown group is found")
	}
}

func TestSearch(t *testing.T) {
	l := load(t, small)
	for words, want := range map[string]int{
		"amox": 2, "500 amox": 2, "AMOX gel": 2, "hard amoxi": 1, "élix": 1, "elixir": 1, "paracetamol": 1, "exemple": 2, "0318717": 1, "024901": 0,
		"amox elix": 0, "oxicilline": 0, "": 0, "  ": 0, "zzz": 0,
	} {
		if got := l.Search(words, 0); len(got) != want {
			t.Errorf("%q finds %d, want %d", words, len(got), want)
		}
	}
	if got := l.Search("exemple", 1); len(got) != 1 || got[0].CNK != "0318717" {
		t.Errorf("limit 1: %v", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, change := range map[string][2]string{
		"not JSON":         {`"cnk"`, `cnk`},
		"no list":          {`[`, `{`},
		"same CNK twice":   {`"cnk": "9900010"`, `"cnk": "0318717"`},
		"same group twice": {`"cnk": "9900010"`, `"vmp_group": "0024901"`},
		"no code":          {`"cnk": "9900010", `, ``},
		"no name":          {`"fr": "Élixir Exemple"`, ``},
		"no ingredients":   {`["b"]`, `[]`},
	} {
		if _, err := Load("v1", []byte(strings.Replace(small, change[0], change[1], 1))); rx.CodeOf(err) != rx.CodeDamaged {
			t.Errorf("%s: %v", name, err)
		}
	}
}
