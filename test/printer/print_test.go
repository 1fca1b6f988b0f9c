//go:build linux

package printer

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relais/app/printing"
	"relais/app/rx"
)

// Every type of document comes out of a real printer: byte for byte from a queue that
// passes bytes on, word for word from one with filters.
func TestEveryDocumentComesOut(t *testing.T) {
	t.Parallel()
	l := start(t)
	raw, filtered := l.printer("raw", "raw"), l.printer("filtered", "everywhere")
	desk := l.desk(l.spooler(), printing.Usual)
	for i, s := range samples(t) {
		page := pdf(t, s.pages)
		for _, d := range []*device{raw, filtered} {
			var heard []printing.Status
			doc := made(s.kind, d.name, page, newID(t))
			r, err := desk.Print(context.Background(), doc, false, func(s printing.Status) { heard = append(heard, s) })
			check(t, err)
			if r.Sheet != printing.SentSheet || r.Fault != nil || r.Kept {
				t.Errorf("%s on %s: %+v, heard %+v", s.kind, d.name, r, heard)
			}
			if len(heard) == 0 || heard[len(heard)-1].State != printing.Completed {
				t.Errorf("%s on %s: heard %+v", s.kind, d.name, heard)
			}
			out := d.printed()
			if len(out) != i+1 {
				t.Fatalf("%s: %d documents came out, want %d", d.name, len(out), i+1)
			}
			last := out[i]
			if d == raw && !bytes.Equal(last, page) {
				t.Errorf("%s: other bytes came out than were made", s.kind)
			}
			got := words(t, last)
			for _, w := range s.words {
				if !strings.Contains(got, w) {
					t.Errorf("%s on %s: no %q in %q", s.kind, d.name, w, got)
				}
			}
		}
	}
	l.nothingKept(t)
}

// nothingKept finds a document in the spool, a note in the book, or a patient's name in what
// the spooler wrote about jobs.
func (l *lab) nothingKept(t *testing.T) {
	t.Helper()
	spool, err := filepath.Glob(filepath.Join(l.dir, "spool", "*"))
	check(t, err)
	for _, f := range spool {
		if info, err := os.Stat(f); err == nil && !info.IsDir() {
			t.Errorf("%s is still in the spool", filepath.Base(f))
		}
	}
	if notes := l.notes(t); len(notes) > 0 {
		t.Errorf("notes left: %v", notes)
	}
	logs, err := filepath.Glob(filepath.Join(l.dir, "log", "*"))
	check(t, err)
	for _, f := range logs {
		for _, word := range []string{"Dupont", "85073003427", "BEP1ABCDEF01"} {
			if bytes.Contains(read(t, f), []byte(word)) {
				t.Errorf("%q in %s", word, filepath.Base(f))
			}
		}
	}
}

func (l *lab) notes(t testing.TB) []string {
	t.Helper()
	notes, err := filepath.Glob(filepath.Join(l.dir, "book", "*.json"))
	check(t, err)
	return notes
}

func TestPrinters(t *testing.T) {
	t.Parallel()
	l := start(t)
	s := l.spooler()
	if all, err := s.Printers(context.Background()); err != nil || len(all) != 0 {
		t.Fatalf("without printers: %v, %v", all, err)
	}
	if _, err := s.Printer(context.Background(), ""); rx.CodeOf(err) != printing.CodeNoPrinters {
		t.Errorf("without printers: %v", err)
	}
	l.printer("lab", "everywhere")
	if p, err := s.Printer(context.Background(), ""); err != nil || p.Name != "lab" {
		t.Errorf("the only printer is not taken: %+v, %v", p, err)
	}
	l.printer("second", "raw")
	if _, err := s.Printer(context.Background(), ""); rx.CodeOf(err) != printing.CodeChoose {
		t.Errorf("two, none by default: %v", err)
	}
	l.admin("lpadmin", "-d", "second")
	if p, err := s.Printer(context.Background(), ""); err != nil || p.Name != "second" {
		t.Errorf("the default is not taken: %+v, %v", p, err)
	}
	if _, err := s.Printer(context.Background(), "third"); rx.CodeOf(err) != printing.CodeAbsent {
		t.Errorf("an unknown one: %v", err)
	}
	p, err := s.Printer(context.Background(), "lab")
	check(t, err)
	if !p.Accepting || p.Paused || !p.PDF || !slices.Contains(p.Media, "iso_a4_210x297mm") || !slices.Contains(p.Trays, "by-pass-tray") {
		t.Errorf("lab: %+v", p)
	}
	t.Logf("%+v", p)
}

// The port and the socket are the same spooler.
func TestOverThePort(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	a, err := printing.ParseAddress("localhost:" + l.port)
	check(t, err)
	r, err := l.desk(l.spoolerAt(a, l.user), printing.Usual).Print(context.Background(), document(t, "lab"), false, nil)
	if err != nil || r.Sheet != printing.SentSheet || len(d.printed()) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
