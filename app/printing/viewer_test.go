package printing

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
)

// eye is a viewer whose program and timer are ours.
type eye struct {
	*Viewer
	opened []string
	due    []func()
	fail   error
}

func newEye(base string) *eye {
	e := &eye{}
	e.Viewer = NewViewer(base, func(_ context.Context, file string) error {
		e.opened = append(e.opened, file)
		return e.fail
	}, func(d time.Duration, f func()) func() bool {
		if d != 10*time.Minute {
			panic(d)
		}
		e.due = append(e.due, f)
		return func() bool { return true }
	}, time.Now, rand.Reader)
	return e
}

func below(t *testing.T, base string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(base, "*", "*.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestViewerFileIsPrivateAndGoes(t *testing.T) {
	base := t.TempDir()
	e := newEye(base)
	for range 2 {
		if err := e.Open(context.Background(), []byte("%PDF-1.4 Dupont")); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.opened) != 2 || e.opened[0] == e.opened[1] {
		t.Fatalf("%v", e.opened)
	}
	for _, file := range e.opened {
		info, err := os.Stat(file)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("file %v, %v", info.Mode(), err)
		}
		dir, err := os.Stat(filepath.Dir(file))
		if err != nil || runtime.GOOS != "windows" && dir.Mode().Perm() != 0o700 {
			t.Errorf("directory %v, %v", dir.Mode(), err)
		}
		if strings.Contains(file, "Dupont") {
			t.Error(file)
		}
	}
	e.due[0]() // ten minutes
	if left := below(t, base); len(left) != 1 || left[0] != e.opened[1] {
		t.Errorf("after ten minutes: %v", left)
	}
	if err := e.Close(); err != nil || len(below(t, base)) != 0 {
		t.Errorf("after the end: %v, %v", below(t, base), err)
	}
	e.due[1]() // too late to matter
	if entries, err := os.ReadDir(base); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if err := e.Open(context.Background(), []byte("%PDF")); err != nil || len(below(t, base)) != 1 {
		t.Errorf("opened again: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// What a killed run left goes; what a living run shows, and what is not ours, stays.
func TestViewerSweep(t *testing.T) {
	base := t.TempDir()
	dead, alive := newEye(base), newEye(base)
	for _, e := range []*eye{dead, alive} {
		if err := e.Open(context.Background(), []byte("%PDF")); err != nil {
			t.Fatal(err)
		}
	}
	if err := dead.lock.Close(); err != nil { // as the system does
		t.Fatal(err)
	}
	strange := filepath.Join(base, viewPrefix+"public")
	if err := os.Mkdir(strange, 0o755); err != nil { //nolint:gosec // not made by us
		t.Fatal(err)
	}
	if err := os.Symlink(base, filepath.Join(base, viewPrefix+"link")); err != nil {
		t.Fatal(err)
	}
	if err := newEye(base).Sweep(); err != nil {
		t.Fatal(err)
	}
	if left := below(t, base); len(left) != 1 || left[0] != alive.opened[0] {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(strange); err != nil {
		t.Error(err)
	}
	if err := alive.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoViewer(t *testing.T) {
	base := t.TempDir()
	e := newEye(base)
	e.fail = errors.New("no")
	if err := e.Open(context.Background(), []byte("%PDF")); rx.CodeOf(err) != CodeNoViewer || len(below(t, base)) != 0 {
		t.Errorf("%v, left %v", err, below(t, base))
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	e = newEye(filepath.Join(base, "none"))
	if err := e.Open(context.Background(), []byte("%PDF")); rx.CodeOf(err) != CodeViewFile || strings.Contains(err.Error(), base) {
		t.Errorf("%v", err)
	}
}

// The program that opens a file: one that fails says so, one that stays is left alone.
func TestOpener(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: plays xdg-open by a shell script")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for text, want := range map[string]bool{"exit 3": false, "exit 0": true, "sleep 1": true} {
		if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
		if err := Opener("linux", 300*time.Millisecond)(context.Background(), filepath.Join(dir, "x.pdf")); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := Opener("linux", time.Second)(context.Background(), "--help"); err == nil {
		t.Error("an option is no file")
	}
	if err := os.Remove(filepath.Join(dir, "xdg-open")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if err := Opener("linux", time.Second)(context.Background(), "/x.pdf"); err == nil {
		t.Error("without xdg-open")
	}
}

func TestViewBase(t *testing.T) {
	if got := ViewBase(func(string) string { return "/run/user/7" }, "/tmp"); got != "/run/user/7" {
		t.Error(got)
	}
	if got := ViewBase(func(string) string { return "" }, "/tmp"); got != "/tmp" {
		t.Error(got)
	}
}
