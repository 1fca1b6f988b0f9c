// Package specs finds the interface descriptions of the platform (WSDL, XSD, samples) for tests. They are not part of this
// repository: a test that needs them says visibly that it was skipped where they are not at hand.
//
// They are looked for in $RELAIS_SPECS, else in shared/specs beside the repository.
package specs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Path gives the path of a file or folder of the descriptions, by its name with slashes, or skips the test.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(root(t), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("specs: skipped 1 (%s is not at hand)", name)
	}
	return path
}

func root(t testing.TB) string {
	if dir := os.Getenv("RELAIS_SPECS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared", "specs")
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the tests run outside the repository")
		}
	}
}

// Validate holds XML texts against a schema with xmllint, all at once, and gives what it says of each that is not valid, by the name of the
// text. The test is skipped when the schema or xmllint is not at hand.
func Validate(t testing.TB, schema string, texts map[string][]byte) map[string]string {
	t.Helper()
	return ValidateBy(t, Path(t, schema), texts)
}

// ValidateBy is Validate with a schema of the caller's, which may import those of Path.
func ValidateBy(t testing.TB, xsd string, texts map[string][]byte) map[string]string {
	t.Helper()
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skipf("specs: skipped %d (xmllint is not installed)", len(texts))
	}
	dir := t.TempDir()
	args := []string{"--nonet", "--noout", "--schema", xsd}
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, _ := exec.Command(lint, args...).CombinedOutput() // its exit code tells less than its lines
	verdicts := map[string]string{}
	for line := range strings.Lines(string(out)) {
		for name := range texts {
			if rest, ours := strings.CutPrefix(line, filepath.Join(dir, name)); ours && strings.TrimSpace(rest) != "validates" {
				verdicts[name] += strings.TrimSpace(rest) + "\n"
			}
		}
	}
	if !strings.Contains(string(out), "validates") && len(verdicts) == 0 {
		t.Fatalf("xmllint says nothing of %d texts: %s", len(texts), out)
	}
	t.Logf("specs: %d checks", len(texts))
	return verdicts
}

// Numbered gives texts the names that Validate wants.
func Numbered(texts [][]byte) map[string][]byte {
	named := map[string][]byte{}
	for i, text := range texts {
		named[fmt.Sprintf("%02d.xml", i+1)] = text
	}
	return named
}
