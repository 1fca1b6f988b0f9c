package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"relais/app/rx"
)

// aside opens a directory for reading only; nothing in it may have changed when it is closed.
func (p *place) aside() *DB {
	p.t.Helper()
	before, temp := p.files(), p.t.TempDir()
	db, err := OpenReadOnly(ctx, p.opts, temp)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := db.Close(ctx); err != nil {
			p.t.Error(err)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
			p.t.Errorf("left behind: %v, %v", left, err)
		}
		after := p.files()
		for path, text := range before {
			if !bytes.Equal(after[path], text) {
				p.t.Errorf("%s was changed", filepath.Base(path))
			}
			delete(after, path)
		}
		if len(after) != 0 {
			p.t.Errorf("%d new files", len(after))
		}
	})
	return db
}

// A sound directory whose program was killed is read whole, and nothing is written to it.
func TestReadOnlyOfASoundDirectory(t *testing.T) {
	p, db, q := lived(t, "root")
	dir := filepath.Join(t.TempDir(), "copy")
	p.copyTo(dir) // with its log
	p.close(db)
	p.opts.Dir = dir
	ro := p.aside()
	report, err := ro.Check(ctx)
	if err != nil || !report.Sound() || report.Prescriptions != (Tally{3, 3}) || report.Patients != (Tally{2, 2}) || report.Orders != (Tally{2, 2}) {
		t.Errorf("%+v, %v", report, err)
	}
	list, err := ro.List(ctx, rx.Filter{})
	if err != nil || len(list) != 3 {
		t.Fatalf("%d prescriptions, %v", len(list), err)
	}
	if _, err := ro.Timeline(ctx, q[0].ID); err != nil {
		t.Error(err)
	}
	if known, err := ro.Patients(ctx); err != nil || len(known) != 2 {
		t.Errorf("%d patients, %v", len(known), err)
	}
	for what, err := range map[string]error{
		"draft":   ro.SaveDraft(ctx, rx.Draft{ID: p.newID()}),
		"outside": ro.Outside(ctx),
		"apply": func() error {
			_, err := ro.Apply(ctx, q[2].ID, 0, rx.Event{Kind: rx.EventLetGo, At: p.now})
			return err
		}(),
		"engine": func() error { _, err := ro.TryEngine(); return err }(),
	} {
		if rx.CodeOf(err) != rx.CodeReadingOnly {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is damaged is named and left out; the rest is read as it was.
func TestReadOnlyOfADamagedDirectory(t *testing.T) {
	page := func(n int64, change func([]byte)) func(*place) {
		return func(p *place) {
			path := p.opts.path(databaseFile)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			change(data[(n-1)*pageSize : n*pageSize])
			p.write(path, string(data))
		}
	}
	sql := func(script string) func(*place) {
		return func(p *place) {
			conn := p.tamperer()
			p.run(conn, script)
			conn.Close()
		}
	}
	p, db, _ := lived(t, "root")
	roots := map[string]int64{}
	err := db.read(ctx, func(s *session) error {
		var name string
		var n int64
		return s.each("SELECT name, rootpage FROM sqlite_master", nil, []any{&name, &n}, func() error { roots[name] = n; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	root := func(name string) int64 { return roots[name] }
	p.close(db)
	kept := p.files()
	zero := func(b []byte) { clear(b) }
	for name, c := range map[string]struct {
		do   func(*place)
		read int // prescriptions
		want Finding
	}{
		"a row":           {sql("UPDATE prescriptions SET expires = '2030-01-01' WHERE n = 1"), 2, Finding{"prescriptions", "", Changed}},
		"a deleted row":   {sql("DELETE FROM prescriptions WHERE n = 2"), 2, Finding{"prescriptions", "", Missing}},
		"a content":       {sql("DELETE FROM contents WHERE prescription = 3"), 2, Finding{"contents", "", Changed}},
		"a patient":       {sql("DELETE FROM patients WHERE id = (SELECT patient FROM prescriptions WHERE n = 3)"), 3, Finding{"patients", "", Missing}},
		"a line":          {sql("DELETE FROM journal WHERE seq = 3"), 3, Finding{"journal", "3", Missing}},
		"the journal cut": {sql("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)"), 3, Finding{"journal", "", Missing}},
		"the header":      {page(1, func(b []byte) { clear(b[:100]) }), 3, Finding{"file", "", Structure}},
		"the first page":  {page(1, zero), 3, Finding{"file", "", Structure}},
		"no file":         {func(p *place) { p.write(p.opts.path(databaseFile), "") }, 0, Finding{"prescriptions", "", Unreadable}},
		"prescriptions":   {page(root("prescriptions"), zero), 0, Finding{"prescriptions", "", Missing}},
		"an index":        {page(root("prescription_of_patient"), zero), 3, Finding{"file", "", Structure}},
		"the journal":     {page(root("journal"), zero), 3, Finding{"journal", "1", Missing}},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			p.putBack(kept)
			c.do(p)
			ro := p.aside()
			report, err := ro.Check(ctx)
			if err != nil {
				t.Fatal(err)
			}
			met := false
			for _, f := range report.Findings {
				if c.want.Row == "" {
					f.Row = ""
				}
				met = met || f == c.want
			}
			if !met {
				t.Errorf("not found: %v in %v", c.want, report)
			}
			list, err := ro.List(ctx, rx.Filter{})
			if err != nil || len(list) != c.read || report.Prescriptions.Sound != c.read {
				t.Errorf("%d read, %+v, %v", len(list), report, err)
			}
		})
	}
}

// Lines that a lost log took away without a trace are told by the trail, though no door was claimed with them.
func TestALostLogIsFound(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	p.issue(db, 2)
	if err := db.Outside(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.disconnect(); err != nil { // the log is folded into the database
		t.Fatal(err)
	}
	db = p.open()
	last, _, err := db.Changes(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.issue(db, 1)
	killed := p.files()
	p.close(db)
	p.putBack(killed)
	p.remove(p.opts.path(databaseFile + "-wal"))
	p.remove(p.opts.path(databaseFile + "-shm"))
	lost := strconv.FormatInt(last+1, 10)
	for _, want := range []Finding{{"journal", lost, Missing}, {"journal", lost, Foreign}} { // what is written afterwards hides nothing
		db = p.open()
		report, err := db.Check(ctx)
		if err != nil || len(report.Findings) != 1 || report.Findings[0] != want {
			t.Errorf("%+v, %v", report, err)
		}
		wantCode(t, db.IntegrityCheck(ctx), rx.CodeDamaged)
		p.issue(db, 1)
		p.close(db)
	}
}

// A sound directory of the version before is not told as damaged.
func TestReadOnlyOfAnOlderDirectory(t *testing.T) {
	all := migrations
	t.Cleanup(func() { migrations = all })
	migrations = all[:len(all)-1]
	p := newPlace(t).create()
	db := p.open()
	p.issue(db, 2)
	p.close(db)
	migrations = all
	if found := p.aside().Found(); !found.Sound() || found.Prescriptions != (Tally{2, 2}) {
		t.Errorf("%+v", found)
	}
}
