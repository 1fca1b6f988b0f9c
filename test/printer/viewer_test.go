//go:build linux

package printer

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/app/printing"
	"relais/app/rx"
	"relais/app/wiring"
)

// The program's own viewer: what xdg-open is given can be read by this account alone,
// and is gone at the end, and after a run that was killed.
func TestViewerOfTheProgram(t *testing.T) {
	base, programs := t.TempDir(), t.TempDir()
	seen := filepath.Join(programs, "seen")
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	write(t, filepath.Join(programs, "xdg-open"), []byte("#!/bin/sh\nls -l \"$1\" > '"+seen+"'; ls -ld \"$(dirname \"$1\")\" >> '"+seen+"'\ncp \"$1\" '"+seen+".pdf'\n"))
	check(t, os.Chmod(filepath.Join(programs, "xdg-open"), 0o700)) //nolint:gosec // a program
	open := func() *printing.Viewer {
		v, err := wiring.Directory{Now: time.Now, Rand: rand.Reader}.Viewer(func(name string) string {
			return map[string]string{"XDG_RUNTIME_DIR": base}[name]
		})
		check(t, err)
		return v
	}
	v := open()
	page := pdf(t, samples(t)[0].pages)
	check(t, v.Open(context.Background(), page))
	modes := string(read(t, seen))
	if len(modes) < 10 || modes[:10] != "-rw-------" || !strings.Contains(modes, "\ndrwx------") {
		t.Errorf("modes:\n%s", modes)
	}
	if string(read(t, seen+".pdf")) != string(page) {
		t.Error("another file was shown")
	}
	if strings.Contains(modes, "Dupont") {
		t.Errorf("a name in the file's: %s", modes)
	}
	open() // a second program: what the first one shows stays
	if n := files(t, base); n != 1 {
		t.Errorf("%d files while the viewer shows one", n)
	}
	check(t, v.Close())
	if n := files(t, base); n != 0 {
		t.Errorf("%d files left at the end", n)
	}

	check(t, os.Remove(filepath.Join(programs, "xdg-open")))
	t.Setenv("PATH", programs)
	v = open()
	if err := v.Open(context.Background(), page); rx.CodeOf(err) != printing.CodeNoViewer {
		t.Errorf("without a viewer: %v", err)
	}
	check(t, v.Close())
}

func files(t *testing.T, base string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(base, "*", "*.pdf"))
	check(t, err)
	return len(found)
}
