// Package layers is the architecture as a test: who may import whom, where each outside power has its home, and what a
// package may not be called. The tables stand in rules_test.go, each rule with its reason; check_test.go applies them to
// every Go file of the module, tests and files behind build tags included. A package that the tables do not know fails.
package layers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryImportFollowsTheTable(t *testing.T) {
	files, err := readTree(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 || !hasFile(files, "main.go") || !hasFile(files, "test/layers/layers_test.go") {
		t.Fatalf("read %d files, without main.go or this one: not the module's root", len(files))
	}
	for _, fault := range check(files) {
		t.Error(fault)
	}
}

func hasFile(files []file, path string) bool {
	for _, f := range files {
		if f.path == path {
			return true
		}
	}
	return false
}

// TestPlantedFaultsAreFound shows that each rule can fail: the file stands at path and imports one package; fault is a
// part of the only sentence that must come out, empty when the import is allowed.
func TestPlantedFaultsAreFound(t *testing.T) {
	for _, c := range []struct{ path, imports, fault string }{
		// who knows whom
		{"main.go", "relais/app/cli", ""},
		{"main.go", "relais/data/store", "front door"},
		{"app/rx/step.go", "relais/app/i18n", "may import of ours: nothing"},
		{"app/rx/step_test.go", "relais/app/i18n", "may import of ours: nothing"},
		{"app/rx/step_test.go", "relais/app/rx", ""},
		{"app/rx/step.go", "relais/app/rx", "may import of ours: nothing"},
		{"app/formats/order.go", "relais/app/rx", ""},
		{"app/formats/order.go", "relais/app/prescribing", "use cases do not know that files exist"},
		{"app/prescribing/issue.go", "relais/app/formats", "through ports"},
		{"app/prescribing/issue.go", "relais/data/store", "through ports"},
		{"app/documents/proof.go", "relais/app/prescribing", "facts and a language"},
		{"app/drill/run.go", "relais/sync/simulator/world", "through a port to the simulated world"},
		{"app/cli/send.go", "relais/app/wiring", ""},
		{"app/cli/send.go", "relais/sync/outbox", "never a second way in"},
		{"app/cli/window.go", "relais/ui/shell", "never a second way in"},
		{"app/wiring/build.go", "relais/sync/recipe", ""},
		{"app/wiring/build.go", "relais/ui/shell", "but the window"},
		{"data/store/issue.go", "relais/data/vault", "through a port that data/vault fits"},
		{"data/store/issue_test.go", "relais/sync/outbox", "through a port that data/vault fits"},
		{"data/backup/restore.go", "relais/data/store", ""},
		{"sync/outbox/run.go", "relais/data/store", "run the same engine"},
		{"sync/recipe/client.go", "relais/sync/ehealth/sts", ""},
		{"sync/recipe/kmehr/write.go", "relais/sync/recipe", "no transport"},
		{"sync/recipe/wire/outer.go", "relais/sync/ehealth/xmldsig", ""},
		{"sync/recipe/wire/outer.go", "relais/sync/ehealth/soap", "no transport"},
		{"sync/ehealth/etee/seal.go", "relais/app/rx", "nothing of prescriptions"},
		{"sync/simulator/handler.go", "relais/sync/recipe/wire", ""},
		{"sync/simulator/handler.go", "relais/sync/recipe", "must not share code with the client"},
		{"sync/simulator/world/world.go", "relais/sync/outbox", "ground truth"},
		{"sync/download/get.go", "relais/app/rx", "needs to know nothing of ours"},
		{"ui/screen/list.go", "relais/ui/kit", ""},
		{"ui/screen/list.go", "relais/data/store", "imports go downwards"},
		{"ui/screen/list.go", "relais/ui/shell", "imports go downwards"},
		{"ui/model/list.go", "relais/ui/kit", "without a window"},
		{"assets/icon.go", "relais/app/rx", "embedded files are bytes"},
		{"test/sim/sim_test.go", "relais/sync/outbox", ""},
		{"app/rx/step_test.go", "relais/test/sim", "may import of ours: nothing"},
		{"sync/recipe/wire/wire_test.go", "relais/test/specs", ""},
		{"sync/recipe/wire/outer.go", "relais/test/specs", "may import of ours"},
		{"data/store/all.go", "relais", "imports ., but"},

		// rooms that the table does not know, and names
		{"app/newroom/new.go", "fmt", "give it a row"},
		{"data/store/cache/new.go", "fmt", "give it a row"},
		{"elsewhere/new.go", "relais/data/store", "give it a row"},
		{"sync/sync.go", "fmt", "holds Go files of its own"},
		{"app/doc_test.go", "fmt", "holds Go files of its own"},
		{"main_test.go", "fmt", "main.go alone"},
		{"sync/ehealth/util/hex.go", "fmt", `a package called "util"`},
		{"sync/ehealth/helpers/hex_test.go", "fmt", `a package called "helpers"`},

		// homes of outside powers
		{"data/medicines/db.go", "database/sql", ""},
		{"sync/simulator/world/db.go", "modernc.org/sqlite", ""},
		{"app/prescribing/db.go", "database/sql", "SQL databases"},
		{"sync/outbox/db.go", "database/sql/driver", "SQL databases"},
		{"sync/outbox/db_test.go", "modernc.org/sqlite", "SQL databases"},
		{"sync/recipe/post.go", "net/http", ""},
		{"app/printing/ipp.go", "net/http", ""},
		{"ui/shell/get.go", "net/http", "leaves through sync"},
		{"data/medicines/get_test.go", "net/http/httptest", "leaves through sync"},
		{"test/seam/peer.go", "net/http/httptest", ""},
		{"main.go", "fyne.io/fyne/v2/app", ""},
		{"ui/shell/shell.go", "fyne.io/fyne/v2/app", "160 CPU-seconds"},
		{"test/sim/window_test.go", "fyne.io/fyne/v2/app", "160 CPU-seconds"},
		{"ui/kit/row.go", "fyne.io/fyne/v2/widget", ""},
		{"ui/model/list.go", "fyne.io/fyne/v2/data/binding", "view models"},
		{"app/cli/window.go", "fyne.io/fyne/v2", "stays in the window"},
		{"app/printing/open.go", "os/exec", ""},
		{"app/cli/cli_test.go", "os/exec", ""},
		{"app/cli/open.go", "os/exec", "sees its arguments"},
		{"sync/ehealth/soap/tls.go", "crypto/tls", ""},
		{"sync/simulator/pki.go", "crypto/x509/pkix", ""},
		{"data/vault/cert.go", "crypto/x509", "decided in sync"},
		{"data/vault/seal.go", "golang.org/x/crypto/chacha20poly1305", ""},
		{"data/store/mac.go", "crypto/hmac", "reviewed whole"},
		{"data/store/mac_test.go", "golang.org/x/crypto/argon2", "reviewed whole"},
		{"sync/recipe/seal.go", "crypto/aes", "reviewed whole"},
		{"sync/recipe/wire/cipher.go", "crypto/aes", ""},
		{"app/cli/key.go", "crypto", "reviewed whole"},
		{"app/config/id.go", "crypto/rand", ""},
		{"app/documents/pdf.go", "github.com/jung-kurt/gofpdf", ""},
		{"app/printing/pdf.go", "github.com/jung-kurt/gofpdf", "archived upstream"},
		{"ui/shell/args.go", "github.com/alecthomas/kong", "one place"},
		{"sync/outbox/check.go", "testing", "not shipped"},
		{"sync/outbox/check_test.go", "pgregory.net/rapid", ""},
		{"test/seam/suite.go", "testing", ""},

		// the domain's quiet list
		{"app/rx/id.go", "crypto/sha256", ""},
		{"app/rx/id.go", "time", ""},
		{"app/rx/id.go", "os", "quiet parts"},
		{"app/rx/id.go", "context", "quiet parts"},
		{"app/rx/id.go", "math/rand/v2", "quiet parts"},
		{"app/rx/id.go", "github.com/google/uuid", "quiet parts"},
		{"app/rx/id_test.go", "os", ""},
	} {
		planted := file{path: c.path, name: filepath.Base(filepath.Dir(c.path)), imports: []imported{{c.imports, 7}}}
		faults := check([]file{planted})
		switch {
		case c.fault == "" && len(faults) > 0:
			t.Errorf("%s importing %s is allowed, got %q", c.path, c.imports, faults)
		case c.fault != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.fault)):
			t.Errorf("%s importing %s: want one fault with %q, got %q", c.path, c.imports, c.fault, faults)
		}
	}
}

// TestFilesAreReadAsTheyStand plants files on disk that a build for this machine would leave out.
func TestFilesAreReadAsTheyStand(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"go.mod":                       "module relais\n",
		"app/rx/rx.go":                 "package rx\n",
		"app/rx/other_plan9.go":        "package rx\n\nimport _ \"os\"\n",
		"app/rx/tagged.go":             "//go:build never\n\npackage rx\n\nimport (\n\t_ \"fmt\"\n\t_ \"net/http\"\n)\n",
		"app/rx/testdata/sample.go":    "package broken import",
		"tools/go.mod":                 "module relais/tools\n",
		"tools/icon/main.go":           "package main\n\nimport _ \"relais/data/store\"\n",
		".ci/x.go":                     "package broken import",
		"data/store/common/common.go":  "package common\n",
		"data/store/common/another.go": "package common\n",
	} {
		name := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := readTree(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"app/rx/other_plan9.go:3: app/rx imports os",
		"app/rx/tagged.go:7: app/rx imports net/http, but HTTP may be used by sync/..., app/printing, test/... only",
		"app/rx/tagged.go:7: app/rx imports net/http, which is not one of the quiet parts",
		`data/store/common: a package called "common"`, // once, not once per file
	}
	got := check(files)
	if len(got) != len(want) {
		t.Fatalf("want %d faults, got %d:\n%s", len(want), len(got), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("fault %d: want %q…, got %q", i, want[i], got[i])
		}
	}

	if err := os.WriteFile(filepath.Join(root, "app", "rx", "torn.go"), []byte("package rx\nimport ("), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readTree(root); err == nil {
		t.Error("a file that does not parse went by unread")
	}
}

// TestTableIsWhole finds rows that could never apply, and rules without a reason.
func TestTableIsWhole(t *testing.T) {
	for i, r := range rooms {
		if r.why == "" {
			t.Errorf("row %s has no reason", r.path)
		}
		if first := roomOf(strings.TrimSuffix(r.path, "/...")); first != &rooms[i] {
			t.Errorf("row %s is hidden by row %s above it", r.path, first.path)
		}
	}
	for _, p := range powers {
		if p.why == "" || p.name == "" || len(p.what) == 0 {
			t.Errorf("power %q lacks a name, a pattern or a reason", p.name)
		}
	}
}

// TestEveryDependencyIsJustified: each direct dependency has a line in the README that says why it is there.
func TestEveryDependencyIsJustified(t *testing.T) {
	modules, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	direct := 0
	for line := range strings.Lines(string(modules)) {
		words := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(words) != 2 || !strings.HasPrefix(words[1], "v") { // "module version", without "// indirect"
			continue
		}
		direct++
		if !strings.Contains(string(readme), "| "+words[0]+" |") {
			t.Errorf("%s is a direct dependency without a line in README.md. Why: each must be worth its weight", words[0])
		}
	}
	if direct == 0 {
		t.Error("found no direct dependency in go.mod")
	}
}
