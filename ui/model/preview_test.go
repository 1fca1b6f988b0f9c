package model

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"relais/app/documents"
	"relais/app/rx"
)

// drawer lays documents out, and keeps of what.
type drawer struct {
	sheets [][]rx.Item
	proofs [][]rx.Item
}

func (d *drawer) DrawSheet(_ context.Context, items []rx.Item) (documents.Document, error) {
	d.sheets = append(d.sheets, items)
	paper := documents.Paper{Reason: items[0].PaperReason, Simulated: true}
	for _, item := range items {
		paper.Lines = append(paper.Lines, documents.PaperLine{Facts: item.Facts, Copy: item.Sheet().Copies})
	}
	return paper.Layout()
}

func (d *drawer) DrawProof(_ context.Context, items []rx.Item) (documents.Document, error) {
	d.proofs = append(d.proofs, items)
	proof := documents.Proof{Simulated: true}
	for _, item := range items {
		proof.Lines = append(proof.Lines, documents.ProofLine{Facts: item.Facts, RID: item.RID(), Confirmed: item.Adopted.At})
	}
	return proof.Layout()
}

// watcher is a bench of which pages are looked at.
type watcher struct {
	*bench
	preview *Preview
	drawn   *drawer
}

func looking(b *bench) watcher { return watcher{b, b.env.Preview, b.env.Preview.draws.(*drawer)} }

// page is what the page that is shown says, as text.
func (l watcher) page(t *testing.T) string {
	t.Helper()
	l.settle()
	v := l.preview.View()
	if v == nil || v.Page == nil {
		t.Fatalf("no page: %+v", v)
	}
	var all []string
	for _, item := range v.Page().Items {
		switch item := item.(type) {
		case documents.Text:
			all = append(all, item.Text)
		case documents.Bars:
			all = append(all, "bars "+item.Content)
		}
	}
	return strings.Join(all, " ")
}

// kept is what is kept, in full.
func (l watcher) kept() string {
	return fmt.Sprintf("%#v", []any{l.store.items, l.store.journal, l.store.orders, l.store.drafts})
}

// A draft is shown as the sheet that it would be, with the reason that was chosen; nothing is kept of that.
func TestPreviewOfADraft(t *testing.T) {
	b := newBench(t)
	p, l := writing(t, b), looking(b)
	if !p.View().Preview.On {
		t.Fatal("no preview of a draft")
	}
	before := l.kept()
	p.Preview()
	if text := l.page(t); !strings.Contains(text, "Azithromycine") || !strings.Contains(text, "Dupont Marie") || strings.Contains(text, "RID") || strings.Contains(text, "motif") {
		t.Errorf("the page says %q", text)
	}
	if v := l.preview.View(); v.Mark.Tone != Warn || !strings.Contains(v.Mark.Text, "brouillon") {
		t.Errorf("not marked: %+v", v.Mark)
	}
	golden(t, b, "preview-draft", l.preview.View)
	l.preview.Close()
	if l.preview.View() != nil {
		t.Error("still open")
	}
	p.AskPaper()
	p.Paper.SetReason("outage-recipe")
	p.Preview()
	if text := l.page(t); !strings.Contains(text, "Recip-e") {
		t.Errorf("without its reason: %q", text)
	}
	l.preview.Close()
	if !p.Paper.Open() || l.kept() != before {
		t.Error("looking changed something")
	}
	p.AddPatient()
	if p.Preview(); l.preview.Shown() {
		t.Error("a preview of no order")
	}
}

// Of an order: the proof with its RID where there is one, the sheet after a claim of what is nowhere yet, on a sheet of its
// own where an attempt has no answer.
func TestPreviewOfAnOrder(t *testing.T) {
	b, p := sendThree(t)
	l := looking(b)
	for i, kind := range []rx.EventKind{rx.EventAccepted, rx.EventUnanswered} {
		if err := b.send(i, kind); err != nil {
			t.Fatal(err)
		}
	}
	p.Changed(nil)
	b.settle()
	before := l.kept()
	p.Preview()
	if text := l.page(t); !strings.Contains(text, "bars "+string(rid(0, 1))) || l.preview.View().Mark.Tone != Quiet {
		t.Errorf("the proof: %q, %+v", text, l.preview.View().Mark)
	}
	golden(t, b, "preview-order", l.preview.View)
	l.preview.Turn(1)
	if text := l.page(t); strings.Contains(text, "bars BEP") || strings.Contains(text, string(rid(0, 1))) || l.preview.View().Mark.Tone != Warn {
		t.Errorf("the sheet of what is nowhere: %q, %+v", text, l.preview.View().Mark)
	}
	l.preview.Turn(9)
	v := l.preview.View()
	if v.Count != "page 3 de 3" || v.Next.On || !v.Prev.On {
		t.Errorf("the last page: %+v", v)
	}
	if len(l.drawn.sheets) != 2 || l.drawn.sheets[0][0].ID != b.store.items[2].ID || !l.drawn.sheets[1][0].Sheet().Forced || l.kept() != before {
		t.Errorf("%d sheets, or something changed", len(l.drawn.sheets))
	}
	l.preview.Turn(-9)
	if l.preview.View().Prev.On {
		t.Error("a page before the first")
	}
}

// Of what is on paper: the next copy, which is counted only when it is printed; nothing of one that the patient has.
func TestPreviewOfASheet(t *testing.T) {
	r := withPrinter(t)
	p, id := r.onPaper(t)
	l := looking(r.bench)
	r.done("sent", nil, nil)
	copies := r.store.items[0].Sheet().Copies
	p.Preview()
	l.page(t)
	if got := l.drawn.sheets[0][0].Sheet().Copies; got != copies+1 || r.store.items[0].Sheet().Copies != copies || !strings.Contains(l.preview.View().Mark.Text, "exemplaire suivant") {
		t.Errorf("copy %d of %d, %q", got, copies, l.preview.View().Mark.Text)
	}
	h := NewHistory(r.env, func(rx.ID) {})
	h.Load()
	r.settle()
	h.Select(0)
	r.settle()
	if h.Preview(); h.item.ID != id || len(l.drawn.sheets) != 1 {
		t.Fatal("not the same")
	}
	l.page(t)
	if len(l.drawn.sheets) != 2 || !reflect.DeepEqual(l.drawn.sheets[0][0].Sheets, l.drawn.sheets[1][0].Sheets) {
		t.Error("the history shows another sheet")
	}
	for _, kind := range []rx.EventKind{rx.EventOut, rx.EventHandedOver} {
		if err := r.happen(0, rx.Event{Kind: kind, Sheet: &rx.Sheet{ID: r.store.items[0].Sheet().ID}}); err != nil {
			t.Fatal(err)
		}
	}
	l.preview.Close()
	p.Changed(nil)
	h.Changed([]rx.ID{id})
	r.settle()
	p.Preview()
	if h.Preview(); l.preview.Shown() || p.View().Preview.On || h.View().Preview.On {
		t.Error("a preview of what the patient has")
	}
}

// An answer that comes after the preview was closed, or another was opened, is dropped; a fault is said.
func TestPreviewIsOfTheLastQuestion(t *testing.T) {
	b := newBench(t)
	l := looking(b)
	page := func(title string) func(context.Context) ([]drawing, error) {
		return func(context.Context) ([]drawing, error) {
			return []drawing{{of: documents.Document{Title: title, Pages: make([]documents.Page, 2)}}}, nil
		}
	}
	l.preview.Open(page("one"))
	if v := l.preview.View(); v.Mark.Tone != Busy || v.Page != nil {
		t.Errorf("before anything is read: %+v", v)
	}
	l.preview.Open(page("two"))
	b.step(1)
	b.step(1)
	b.settle()
	if v := l.preview.View(); v.Title != "Aperçu : two" || v.Count != "page 1 de 2" {
		t.Errorf("%+v", v)
	}
	l.preview.Open(page("three"))
	l.preview.Close()
	b.settle()
	if l.preview.Shown() || len(l.preview.pages) > 0 {
		t.Error("it opened by itself")
	}
	l.preview.Open(func(context.Context) ([]drawing, error) { return nil, rx.Fault(rx.CodeNoProof, "state", "ready") })
	b.settle()
	if v := l.preview.View(); len(v.Notices) == 0 || v.Page != nil || v.Mark.Text != "" {
		t.Errorf("a fault: %+v", v)
	}
	l.preview.Close()
	if l.preview.Open(nil); l.preview.Shown() {
		t.Error("a preview of nothing")
	}
}

// The documents of the settings, and the test page as it is typed.
func TestPreviewOfDocuments(t *testing.T) {
	r := withPrinter(t)
	r.onPaper(t)
	l, p := looking(r.bench), NewPapers(r.env, spooler{})
	if p.Preview(); l.preview.Shown() {
		t.Error("before anything is read")
	}
	p.Load()
	r.settle()
	p.Preview()
	l.page(t)
	golden(t, r.bench, "preview-documents", l.preview.View)
	titles := map[string]bool{}
	for range l.preview.pages {
		titles[l.preview.View().Title] = true
		l.preview.Turn(1)
	}
	if len(titles) != 4 || len(r.jobs) != 1 {
		t.Errorf("%v, %d jobs", titles, len(r.jobs))
	}
	p.Edit()
	p.enter("kind", "overlay")
	p.enter("offset-x", "12")
	p.Preview()
	l.page(t)
	if !slices.ContainsFunc(l.preview.View().Page().Items, func(i documents.Item) bool { return i != nil }) || l.preview.View().Page().Width >= 21_000 {
		t.Errorf("not the form that was typed: %d wide", l.preview.View().Page().Width)
	}
	l.preview.Close()
	p.enter("offset-x", "x")
	if p.Preview(); l.preview.Shown() || len(p.form.faults) == 0 {
		t.Error("a preview of what cannot be")
	}
}
