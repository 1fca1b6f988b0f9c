package wiring

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// files are those below dir, each with its size and the time of its last change.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		at, err := e.Info()
		if err == nil {
			all[path] = at.ModTime().Format(time.RFC3339Nano)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// An exercise begins beside a locked directory without touching it, sends to nobody but the simulated services, and
// leaves nothing.
func TestDrillBesideALockedDirectory(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp)
	d := made(t)
	before := files(t, d.Data)
	h, err := NewHouse(ctx, d, false, rx.FR)
	if err != nil {
		t.Fatal(err)
	}
	desk, err := h.Drill(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if desk.Weather() != "fair" {
		t.Errorf("the weather of the exercise: %q", desk.Weather())
	}
	s := desk.Service()
	known, err := s.FindPatients(ctx, "dup")
	if err != nil || len(known) == 0 {
		t.Fatalf("%d invented patients, %v", len(known), err)
	}
	r := request()
	r.Patient = known[0].Patient
	done, err := s.Issue(ctx, r, prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "sent to the simulated services", func() bool {
		item, err := s.Store.Item(ctx, done.Prescriptions[0].ID)
		return err == nil && item.RID() != ""
	})
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	after := files(t, d.Data)
	if len(after) != len(before) {
		t.Errorf("%d files were %d", len(after), len(before))
	}
	for path, at := range before {
		if after[path] != at {
			t.Errorf("%s was touched", filepath.Base(path))
		}
	}

	first, err := NewFirstStart(place(t), place(t), rx.FR)
	if err != nil {
		t.Fatal(err)
	}
	if desk, err = first.Drill(ctx); err != nil {
		t.Fatalf("where there is no directory yet: %v", err)
	}
	if err := desk.Close(ctx); err != nil {
		t.Error(err)
	}
}
