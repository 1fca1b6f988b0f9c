//go:build unix

package store

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() { children["open"] = childOpen }

func childOpen(p *place, _ childInput, out io.Writer) error {
	if _, err := os.Stat(p.opts.Dir); err != nil {
		return err
	}
	if _, err := os.Stat(p.opts.path(databaseFile)); err == nil {
		_, err = Open(ctx, p.opts)
		return err
	}
	return Create(ctx, p.opts)
}

// In a directory that may be read but not written, nothing begins; the administrator may write everywhere, so another user tries.
func TestReadOnlyDirectory(t *testing.T) {
	try := func(p *place) string {
		t.Helper()
		cmd := p.child("open", childInput{})
		if os.Getuid() == 0 {
			own := t.TempDir()
			for _, dir := range []string{filepath.Dir(own), own, filepath.Dir(p.opts.Dir)} { // the other user must get there
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			self, err := os.ReadFile(cmd.Path)
			if err != nil {
				t.Fatal(err)
			}
			cmd.Path = filepath.Join(own, "child")
			if err := os.WriteFile(cmd.Path, self, 0o755); err != nil {
				t.Fatal(err)
			}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := cmd.Output()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	made, empty := newPlace(t).create(), newPlace(t)
	if err := os.Mkdir(empty.opts.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for what, p := range map[string]*place{"a directory with data": made, "an empty directory": empty} {
		if err := os.Chmod(p.opts.Dir, 0o555); err != nil {
			t.Fatal(err)
		}
		if said := try(p); said != "error read-only-directory" {
			t.Errorf("%s: %q", what, said)
		}
		if err := os.Chmod(p.opts.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
