package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relais/app/prescribing"
	"relais/app/rx"
)

// archive is a store of many prescriptions that are made when they are asked for, and says what was asked.
type archive struct {
	prescribing.Store
	model   rx.Item
	n       int // 0 is the oldest
	version map[rx.ID]int64
	lost    map[int]bool
	asked   []rx.Filter
	given   int
	fault   error
}

func (a *archive) id(i int) rx.ID { return rx.ID(fmt.Sprintf("%08d", i)) }

func (a *archive) item(i int) rx.Item {
	item := a.model
	item.ID, item.Version = a.id(i), a.version[a.id(i)]
	item.Facts.Patient.LastName = fmt.Sprint("Exemple", i%40)
	return item
}

func (a *archive) List(_ context.Context, f rx.Filter) (page []rx.Item, err error) {
	if a.fault != nil {
		return nil, a.fault
	}
	if f.Owing { // those few have an index of their own
		return nil, nil
	}
	a.asked = append(a.asked, f)
	i := a.n - 1
	if f.Before != "" {
		if _, err := fmt.Sscanf(string(f.Before), "%d", &i); err != nil {
			return nil, err
		}
		i--
	}
	lost := 0
	for ; i >= 0 && len(page) < f.Limit; i-- {
		if a.lost[i] {
			lost++
			continue
		}
		if item := a.item(i); f.Words == "" || strings.EqualFold(item.Facts.Patient.LastName, f.Words) {
			page = append(page, item)
		}
	}
	a.given += len(page)
	if lost > 0 {
		err = rx.Fault(rx.CodeUnread, "n", fmt.Sprint(lost))
	}
	return page, err
}

func (a *archive) Item(_ context.Context, id rx.ID) (rx.Item, error) {
	var i int
	_, err := fmt.Sscanf(string(id), "%d", &i)
	return a.item(i), err
}

func (a *archive) Timeline(context.Context, rx.ID) ([]rx.Happening, error) { return nil, nil }

func newArchive(t interface{ Fatal(...any) }, n int) (*bench, *archive) {
	b := newBench(t)
	a := &archive{n: n, version: map[rx.ID]int64{}, lost: map[int]bool{}}
	a.model.State, a.model.Issued, a.model.Facts.Product.Name = rx.StateWithdrawn, b.clock, "Amoxicilline Exemple 500 mg gélules"
	b.env.Service.Store = a
	return b, a
}

// look shows rows as a screen of ten does, until nothing more is read.
func look(b *bench, h *History, top int) {
	for range 4 {
		v := h.View()
		for i := top; i < min(top+10, v.Rows); i++ {
			v.Row(i)
			h.Shown(i)
		}
		b.settle()
	}
}

// Of thirty years no more is read than somebody looks at, and a change reads a page.
func TestHistoryOfThirtyYearsIsReadPageByPage(t *testing.T) {
	b, a := newArchive(t, 150_000)
	h := NewHistory(b.env, nil)
	h.Load()
	look(b, h, 0)
	pages := func(what string, most int) {
		t.Helper()
		for _, f := range a.asked {
			if f.Limit != pageRows {
				t.Errorf("%s: asked for %d", what, f.Limit)
			}
		}
		if len(a.asked) > most || a.given > most*pageRows {
			t.Errorf("%s: asked %d times for %d prescriptions, %d pages are enough", what, len(a.asked), a.given, most)
		}
		a.asked, a.given = nil, 0
	}
	pages("opened", 1)
	if v := h.View(); v.Rows != pageRows || v.Count != "les 100 plus récentes" || v.Row(0).Name != "EXEMPLE39 " {
		t.Errorf("%d rows, %q, %+v", v.Rows, v.Count, v.Row(0))
	}
	look(b, h, 45)
	pages("half a page down", 1)
	h.Select(40)
	b.settle()

	for range 100 { // a change far away, one in sight, one of the selected
		h.Changed([]rx.ID{a.id(7)})
		look(b, h, 30)
	}
	pages("a hundred changes of what is not in sight", 100)
	h.Changed(nil)
	look(b, h, 30)
	pages("news of services", 0)
	a.version[a.id(a.n-41)] = 9
	h.Changed([]rx.ID{a.id(a.n - 41)})
	look(b, h, 35)
	pages("a change in sight", 1)
	if item, _ := h.list.at(40); item.Version != 9 || h.item.Version != 9 {
		t.Errorf("row of version %d, detail of version %d", item.Version, h.item.Version)
	}

	for h.View().Rows < 5000 { // to the end of what is known, again and again
		look(b, h, h.View().Rows-10)
	}
	pages("far down", 50)
	if n := len(h.list.items); n > nearby+2*pageRows {
		t.Errorf("%d prescriptions in memory", n)
	}
	if v := h.View(); v.Selected != 40 || v.Row(0).Name != "Lecture…" {
		t.Errorf("selected %d; row 0 is %+v", v.Selected, v.Row(0))
	}
	look(b, h, 0)
	pages("back at the beginning", 1)
	if v := h.View(); v.Row(0).Name != "EXEMPLE39 " || v.Rows < 5000 {
		t.Errorf("%d rows, the first is %+v", v.Rows, v.Row(0))
	}

	a.n += 3 // issued elsewhere
	h.Changed([]rx.ID{a.id(a.n - 1), a.id(a.n - 2), a.id(a.n - 3)})
	look(b, h, 0)
	pages("three new ones", 1)
	if v := h.View(); v.Rows < 5003 || v.Selected != 43 || h.list.ids[0] != a.id(a.n-1) {
		t.Errorf("%d rows, selected %d, the first is %s", v.Rows, v.Selected, h.list.ids[0])
	}

	for _, words := range []string{"e", "ex", "exemple7"} { // typed faster than answered
		h.Filter(words)
	}
	look(b, h, 0)
	pages("filtered", 2)
	if v := h.View(); v.Rows != pageRows || v.Row(0).Name != "EXEMPLE7 " || v.Words != "exemple7" {
		t.Errorf("%d rows, %+v", v.Rows, v.Row(0))
	}
	for h.View().Rows < 3750 {
		before := h.View().Rows
		look(b, h, before-10)
		if h.View().Rows == before {
			break
		}
	}
	look(b, h, 3740)
	if v := h.View(); v.Rows != 3750 || v.Count != "3\u202f750 prescriptions" {
		t.Errorf("%d rows to the end, %q", v.Rows, v.Count)
	}
}

// What cannot be read is counted beside the rows that can; what fails is said, and tried again when something changes.
func TestHistoryBesideWhatCannotBeRead(t *testing.T) {
	b, a := newArchive(t, 250)
	for i := 100; i < 210; i++ {
		a.lost[i] = true
	}
	h := NewHistory(b.env, nil)
	h.Load()
	for i := 0; i < 140; i += 10 {
		look(b, h, i)
	}
	v := h.View()
	if v.Rows != 140 || v.Count != "140 prescriptions" || len(v.Notices) != 1 || !strings.Contains(v.Notices[0].Text, "110") {
		t.Errorf("%d rows, %q, %+v", v.Rows, v.Count, v.Notices)
	}
	a.fault = rx.Fault(rx.CodeIO)
	h.Load()
	look(b, h, 0)
	if v = h.View(); v.Rows != 140 || len(v.Notices) != 2 || !strings.Contains(v.Notices[0].Text, "code io") {
		t.Errorf("%d rows, %+v", v.Rows, v.Notices)
	}
	a.asked = nil
	look(b, h, 0)
	if len(a.asked) > 0 {
		t.Errorf("asked %d times more", len(a.asked))
	}
	a.fault, a.lost = nil, nil
	h.Load()
	for i := 0; i < 250; i += 10 {
		look(b, h, i)
	}
	if v = h.View(); v.Rows != 250 || len(v.Notices) != 0 {
		t.Errorf("%d rows, %+v", v.Rows, v.Notices)
	}
}

// However it is scrolled, filtered and changed meanwhile, in whatever order answers come: what is looked at in the end is
// what is there, in its order.
func TestHistoryEndsAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, a := newArchive(t, rapid.IntRange(0, 900).Draw(t, "n"))
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		h := NewHistory(b.env, nil)
		h.Load()
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			switch random.IntN(6) {
			case 0:
				h.Filter([]string{"", "exemple3", "x"}[random.IntN(3)])
			case 1:
				a.n++
				h.Changed([]rx.ID{a.id(a.n - 1)})
			case 2:
				if a.n > 0 {
					id := a.id(random.IntN(a.n))
					a.version[id]++
					h.Changed([]rx.ID{id})
				}
			case 3:
				h.Load()
			case 4:
				if n := h.View().Rows; n > 0 {
					h.Shown(random.IntN(n))
				}
			case 5:
				if n := b.pending(); n > 0 {
					b.step(random.IntN(n))
				}
			}
		}
		b.settle()
		for before := -1; before != h.View().Rows; {
			before = h.View().Rows
			for top := 0; top < before; top += 10 {
				look(b, h, top)
			}
		}
		want, _ := a.List(context.Background(), rx.Filter{Words: h.list.wanted, Limit: a.n})
		for i, item := range want {
			if i >= h.View().Rows {
				break
			}
			look(b, h, i)
			if got, ok := h.list.at(i); !ok || got.ID != item.ID || got.Version != item.Version {
				t.Fatalf("row %d is %v of version %d, not %s of version %d", i, got.ID, got.Version, item.ID, item.Version)
			}
		}
		if !h.list.whole || h.View().Rows != len(want) || len(slices.Compact(slices.Sorted(slices.Values(h.list.ids)))) != len(want) {
			t.Fatalf("%d rows of %d", h.View().Rows, len(want))
		}
	})
}
