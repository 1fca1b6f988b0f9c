package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
)

// copyTo copies the closed directory, as a person or a backup program would.
func (p *place) copyTo(dir string) {
	p.t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		p.t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(p.opts.Dir)); err != nil {
		p.t.Fatal(err)
	}
}

// overwrite puts the database of an older copy in the place of the present one, in place: the directory and the file keep their identity.
func (p *place) overwrite(from string) {
	p.t.Helper()
	src, err := os.Open(filepath.Join(from, databaseFile))
	if err != nil {
		p.t.Fatal(err)
	}
	defer src.Close()
	dst, err := os.OpenFile(p.opts.path(databaseFile), os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		p.t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) close(db *DB) {
	p.t.Helper()
	if err := db.Close(ctx); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) generation(db *DB) int64 {
	p.t.Helper()
	n, _, err := db.Generation(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func state(t testing.TB, db *DB, id rx.ID) rx.Prescription {
	t.Helper()
	item, err := db.Item(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return item.Prescription
}

// The first opening, and any later one of the same directory, also renamed, is no restore.
func TestOpeningAgainIsNoRestore(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	q := p.issue(db, 1).Prescriptions[0]
	for range 2 {
		p.close(db)
		db = p.open()
	}
	p.close(db)
	moved := p.opts.Dir + " moved"
	if err := os.Rename(p.opts.Dir, moved); err != nil {
		t.Fatal(err)
	}
	p.opts.Dir = moved
	db = p.open()
	if state(t, db, q.ID).State != rx.StateReady || p.generation(db) != 0 {
		t.Error("taken for a copy")
	}
	p.mark(db, q) // claimed and cut off before the mark was written: also no restore
	if err := db.disconnect(); err != nil {
		t.Fatal(err)
	}
	db = p.open()
	if state(t, db, q.ID).State != rx.StateSending || p.generation(db) != 0 {
		t.Error("a claim without its mark was taken for a copy")
	}
}

// Of a directory and its copy, open at the same time, only the one that was opened last opens doors; the other's mark stays out of its way. It
// goes on reading and writing, and closes without touching what is not its own.
func TestOfTwoCopiesTheLastOpenedSends(t *testing.T) {
	p := newPlace(t).create()
	first := p.open()
	q := p.issue(first, 1).Prescriptions[0]
	original, copied := p.opts.Dir, filepath.Join(t.TempDir(), "copy")
	p.copyTo(copied)
	p.opts.Dir = copied
	second := p.open()

	p.mark(first, q)
	wantCode(t, first.Outside(ctx), rx.CodeOtherCopy)
	p.issue(first, 1) // nothing is sent or printed by that
	if err := second.Outside(ctx); err != nil {
		t.Errorf("of the copy that was opened last: %v", err)
	}
	before, err := os.ReadFile(p.opts.Mark)
	if err != nil {
		t.Fatal(err)
	}
	p.close(first)
	after, err := os.ReadFile(p.opts.Mark)
	if err != nil || string(after) != string(before) {
		t.Errorf("the mark of the other was written over (%v)", err)
	}

	p.opts.Dir = original
	first = p.open()
	if p.generation(first) != 1 || len(state(t, first, q.ID).Attempts) != 1 {
		t.Error("opened again it is no copy")
	}
	if err := first.Outside(ctx); err != nil {
		t.Error(err)
	}
	wantCode(t, second.Outside(ctx), rx.CodeOtherCopy)
}

// Each way in which a directory can be another than it was makes every prescription that may have been sent or printed a question.
func TestRestoredDirectoriesAreRecognised(t *testing.T) {
	for name, restore := range map[string]func(p *place, backup string){
		"an older backup put back": func(p *place, backup string) { p.overwrite(backup) },
		"an older backup in a new directory": func(p *place, backup string) {
			if err := os.RemoveAll(p.opts.Dir); err != nil {
				p.t.Fatal(err)
			}
			if err := os.Rename(backup, p.opts.Dir); err != nil {
				p.t.Fatal(err)
			}
		},
		"the database replaced": func(p *place, backup string) {
			if err := os.Rename(filepath.Join(backup, databaseFile), p.opts.path(databaseFile)); err != nil {
				p.t.Fatal(err)
			}
		},
		"a copied directory":        func(p *place, backup string) { p.opts.Dir = backup },
		"a copy on another machine": func(p *place, backup string) { p.opts.Dir, p.opts.Mark = backup, filepath.Join(p.t.TempDir(), "mark") },
		"a copy of the present directory": func(p *place, backup string) {
			dir := filepath.Join(p.t.TempDir(), "copy")
			p.copyTo(dir)
			p.opts.Dir = dir
		},
		"a copy of the present database": func(p *place, backup string) {
			p.copyTo(backup)
			if err := os.Rename(filepath.Join(backup, databaseFile), p.opts.path(databaseFile)); err != nil {
				p.t.Fatal(err)
			}
		},
		"the mark lost":       func(p *place, backup string) { p.remove(p.opts.Mark) },
		"the mark unreadable": func(p *place, backup string) { p.write(p.opts.Mark, "{") },
		"the mark of another vault": func(p *place, backup string) {
			p.edit(p.opts.Mark, string(testVault), "99999999-2222-4333-8444-555555555555")
		},
		"the mark turned back by hand":  func(p *place, backup string) { p.overwrite(backup); p.edit(p.opts.Mark, `"change":`, `"change":0`) },
		"the mark of another directory": func(p *place, backup string) { p.edit(p.opts.Mark, `"directory":"`, `"directory":"9`) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t).create()
			db := p.open()
			q := p.issue(db, 7).Prescriptions
			_, q[1] = p.mark(db, q[1])
			q[2] = p.claim(db, q[2].ID)
			q[3] = p.apply(db, q[3].ID, rx.Event{Kind: rx.EventWithdrawn, Reason: "stopped"})
			_, q[4] = p.mark(db, q[4])
			q[4] = p.apply(db, q[4].ID, rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP100000001"})
			q[4] = p.apply(db, q[4].ID, rx.Event{Kind: rx.EventReadBack, RID: "BEP100000001", Ours: true})
			_, q[5] = p.mark(db, q[5])
			q[5] = p.apply(db, q[5].ID, rx.Event{Kind: rx.EventRefused, N: 1, Problem: &rx.Problem{}})
			p.close(db)
			backup := filepath.Join(t.TempDir(), "backup")
			p.copyTo(backup)
			db = p.open()
			p.mark(db, q[0]) // after the copy was made
			if err := db.AddKey(ctx, q[0].Patient, marie.SSIN, rx.Key{ID: "spare", Secret: make([]byte, 16)}); err != nil {
				t.Fatal(err)
			}
			if err := db.Outside(ctx); err != nil {
				t.Fatal(err)
			}
			p.close(db)

			restore(p, backup)
			db = p.open()
			for i, want := range []rx.State{rx.StateUnknown, rx.StateUnknown, rx.StatePaper, rx.StateWithdrawn, rx.StateConfirmed, rx.StateRefused, rx.StateUnknown} {
				got := state(t, db, q[i].ID)
				if asked := i != 3 && i != 4; got.State != want || got.RestoredOpen() != asked {
					t.Errorf("line %d is %v, asked: %v", i, got.State, got.RestoredOpen())
				}
			}
			tasks, err := db.Work(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, task := range tasks {
				if task.Keys != 0 {
					t.Error("a key of the lost copy is still in the pool")
				}
				if rx.MaySend(task.Prescription, p.now, task.Around, rx.DefaultWaits) == nil {
					t.Errorf("line %d may be sent", task.Line)
				}
			}
			if p.generation(db) != 1 {
				t.Errorf("generation %d", p.generation(db))
			}
			if err := db.Verify(ctx); err != nil {
				t.Error(err)
			}
			version := state(t, db, q[0].ID).Version
			p.close(db)
			if db = p.open(); p.generation(db) != 1 || state(t, db, q[0].ID).Version != version {
				t.Error("restored again at the next opening")
			}
		})
	}
}

func (p *place) remove(path string) {
	p.t.Helper()
	if err := os.Remove(path); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) write(path, text string) {
	p.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) edit(path, old, new string) {
	p.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	i := slices.Index(text, old[0])
	for ; i >= 0 && i+len(old) <= len(text) && string(text[i:i+len(old)]) != old; i++ {
	}
	if i < 0 || i+len(old) > len(text) {
		p.t.Fatalf("%q is not in the file", old)
	}
	p.write(path, string(text[:i])+new+string(text[i+len(old):]))
}

// An order whose id was made before the restore may have been issued by the lost copy too, on paper, and redone there.
func TestIssueAfterRestore(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	older, paper := p.order(marie, []string{"a"}), p.order(marie, []string{"b"})
	e := rx.Event{Kind: rx.EventClaimed, At: p.now, Paper: "urgent", Sheet: &rx.Sheet{ID: p.newID()}}
	paper.Items[0].Events = []rx.Event{e}
	var err error
	if paper.Items[0].Prescription, _, err = rx.Step(paper.Items[0].Prescription, e); err != nil {
		t.Fatal(err)
	}
	p.close(db)
	p.remove(p.opts.Mark)
	p.now = p.now.Add(time.Hour)
	db = p.open()
	p.now = p.now.Add(time.Second)
	newer, noTime := p.order(marie, []string{"c"}), p.order(marie, []string{"d"})
	noTime.Order = "aaaaaaaa-2222-4333-8444-555555555555" // version 4
	noTime.Items[0].Prescription.Order, noTime.Items[0].Facts.Order = noTime.Order, noTime.Order
	for _, c := range []struct {
		issue rx.Issue
		want  rx.State
		asked bool
	}{{older, rx.StateUnknown, true}, {paper, rx.StatePaper, true}, {newer, rx.StateReady, false}, {noTime, rx.StateUnknown, true}} {
		out := p.must(db.Issue(ctx, c.issue))
		if q := out.Prescriptions[0]; q.State != c.want || q.RestoredOpen() != c.asked {
			t.Errorf("%v, asked %v; not %v, %v", q.State, q.RestoredOpen(), c.want, c.asked)
		}
		if q := state(t, db, out.Prescriptions[0].ID); q.State != c.want {
			t.Errorf("read back: %v", q.State)
		}
	}
	if err := db.Verify(ctx); err != nil {
		t.Error(err)
	}
}

var errCut = errors.New("cut off")

// Whatever step of creating, opening or marking a program ends before, and however often, the next opening is safe: what the lost copy may have
// sent is a question, no key of it is left, and what had been marked outside is.
func TestCutOffAtAnyStep(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlace(t)
		cut := -1 // steps until the program ends
		p.opts.crash = func(string) error {
			if cut--; cut == -1 {
				return errCut
			}
			return nil
		}
		try := func(label string, do func() error) {
			for i := range 20 {
				if cut = rapid.IntRange(0, 6).Draw(rt, fmt.Sprint(label, i)); cut == 6 || i == 19 {
					cut = -1
				}
				err := do()
				if err == nil {
					return
				}
				if !errors.Is(err, errCut) && rx.CodeOf(err) != rx.CodeDirectoryExists {
					rt.Fatalf("%s: %v", label, err)
				}
			}
		}
		try("create", func() error {
			err := Create(ctx, p.opts)
			if rx.CodeOf(err) == rx.CodeDirectoryExists { // the mark was still missing
				return nil
			}
			return err
		})
		var db *DB
		open := func() (err error) {
			db, err = Open(ctx, p.opts)
			return err
		}
		try("open", open)
		cut = -1
		q := p.issue(db, 2).Prescriptions
		waiting := q[0].State == rx.StateReady
		if err := db.AddKey(ctx, q[0].Patient, marie.SSIN, rx.Key{ID: "spare", Secret: make([]byte, 16)}); err != nil {
			rt.Fatal(err)
		}
		p.close(db)
		backup := filepath.Join(t.TempDir(), "backup")
		p.copyTo(backup)
		try("open again", open)
		cut = -1
		if waiting {
			if _, _, err := db.Mark(ctx, q[0].ID, 0, p.now, p.now, p.now.Add(time.Minute)); err != nil {
				rt.Fatal(err)
			}
		}
		try("outside", func() error { return db.Outside(ctx) }) // now the bytes leave
		if err := db.disconnect(); err != nil {
			rt.Fatal(err)
		}
		p.overwrite(backup)
		try("open the backup", open)
		cut = -1
		for _, old := range q {
			if got := state(t, db, old.ID); !got.RestoredOpen() || got.State != rx.StateUnknown {
				rt.Fatalf("line %d is %v, asked: %v", got.Line, got.State, got.RestoredOpen())
			}
		}
		tasks, err := db.Work(ctx)
		if err != nil || len(tasks) != 2 || tasks[0].Keys != 0 {
			rt.Fatalf("%d tasks, %v", len(tasks), err)
		}
		if err := db.Verify(ctx); err != nil {
			rt.Fatal(err)
		}
		if err := db.disconnect(); err != nil {
			rt.Fatal(err)
		}
	})
}
