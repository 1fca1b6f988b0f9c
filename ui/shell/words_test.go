package shell

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/assets"
)

// written are the words of the window that stand in its source: every string that begins with "ui.".
func written(t *testing.T) map[string]bool {
	found := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if b, ok := n.(*ast.BasicLit); ok && b.Kind == token.STRING {
				if s, err := strconv.Unquote(b.Value); err == nil && strings.HasPrefix(s, "ui.") {
					found[s] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil || len(found) < 100 {
		t.Fatalf("%d keys in the source: %v", len(found), err)
	}
	return found
}

// Every word of the window is in the catalogues (which have the same keys in four languages), and none is there in vain.
func TestWordsOfTheWindow(t *testing.T) {
	b, err := fs.ReadFile(assets.Catalogues, "catalogues/fr.json")
	if err != nil {
		t.Fatal(err)
	}
	var catalogue map[string]string
	if err := json.Unmarshal(b, &catalogue); err != nil {
		t.Fatal(err)
	}
	used := written(t)
	for key := range used {
		family := strings.HasSuffix(key, ".") && slices.ContainsFunc(slices.Collect(maps.Keys(catalogue)), func(k string) bool { return strings.HasPrefix(k, key) })
		if !family && !i18n.Has(key) && !(i18n.Has(key+".one") && i18n.Has(key+".many")) {
			t.Errorf("no text for %s", key)
		}
	}
	for key := range catalogue {
		if !strings.HasPrefix(key, "ui.") {
			continue
		}
		count := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".many")
		if !used[key] && !used[count] && !used[key[:strings.LastIndex(key, ".")+1]] && !strings.HasPrefix(key, "ui.fyne.") {
			t.Errorf("%s is used nowhere", key)
		}
	}
}

// The words of states are those of the product's table, in full.
func TestStatesHaveTheirExactWords(t *testing.T) {
	for state, words := range map[rx.State][2]string{
		rx.StateReady:     {"Pas encore envoyée, en attente", "Nog niet verzonden, in wachtrij"},
		rx.StateSending:   {"Envoi en cours", "Wordt verzonden"},
		rx.StateUnknown:   {"Envoi sans réponse : peut-être reçue, on vérifie", "Verzonden zonder antwoord: misschien ontvangen, wordt nagegaan"},
		rx.StateConfirmed: {"Envoyée (RID reçu)", "Verzonden (RID ontvangen)"},
		rx.StateRefused:   {"Refusée par Recip-e, rien n'est parti", "Geweigerd door Recip-e, niets vertrokken"},
		rx.StateWithdrawn: {"Annulée, rien chez Recip-e", "Ingetrokken, niets bij Recip-e"},
		rx.StateLapsed:    {"Échue sans envoi", "Vervallen zonder verzending"},
		rx.StateRevoked:   {"Révoquée", "Ingetrokken"},
	} {
		for i, l := range []rx.Lang{rx.FR, rx.NL} {
			if got := i18n.State(l, rx.Prescription{State: state}, nil); got != words[i] {
				t.Errorf("%s: %q, want %q", state, got, words[i])
			}
		}
	}
}
