package wiring

import (
	"os"
	"path/filepath"
	"testing"

	"relais/app/prescribing"
	"relais/app/rx"
)

// Language and look are known before the directory is opened, and nothing else is kept in the clear.
func TestFace(t *testing.T) {
	d := made(t)
	h, err := NewHouse(ctx, d, false, rx.FR)
	if err != nil {
		t.Fatal(err)
	}
	if lang, dark, text := h.Face(); lang != "" || dark || text != 0 {
		t.Errorf("nothing was chosen: %s %v %d", lang, dark, text)
	}
	for _, text := range []int{200, 150} {
		if err := h.KeepFace(rx.NL, true, text); err != nil {
			t.Fatal(err)
		}
	}
	if lang, dark, text := h.Face(); lang != rx.NL || !dark || text != 150 {
		t.Errorf("%s %v %d", lang, dark, text)
	}
	path := filepath.Join(d.Data, faceFile)
	if b, err := os.ReadFile(path); err != nil || string(b) != `{"language":"nl","dark":true,"text":150}` {
		t.Errorf("%s, %v", b, err)
	}
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
	for _, bad := range [][]byte{[]byte("{"), make([]byte, 2*faceLimit)} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if lang, _, text := h.Face(); lang != "" || text != 0 {
			t.Errorf("%.20q: %s %d", bad, lang, text)
		}
	}
	desk := unlock(t, d) // whatever stands there, the directory opens
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// A change of the practice stands in the journal, and what was issued before keeps what it says.
func TestThePracticeIsChangedAndNoted(t *testing.T) {
	d := made(t)
	desk := unlock(t, d)
	defer func() {
		if err := desk.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	s := desk.Service()
	issued, err := s.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	before, _, err := s.Store.Changes(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Practice(ctx)
	if err != nil {
		t.Fatal(err)
	}
	old := p.Address.City
	p.Address.City = "Jambes"
	if err := s.SetPractice(ctx, p); err != nil {
		t.Fatal(err)
	}
	if after, _, err := s.Store.Changes(ctx, before); err != nil || after <= before {
		t.Errorf("the journal says nothing: %d after %d, %v", after, before, err)
	}
	item, err := s.Store.Item(ctx, issued.Prescriptions[0].ID)
	if err != nil || item.Facts.Practice.Address.City != old {
		t.Errorf("%q, %v", item.Facts.Practice.Address.City, err)
	}
	p.Prescriber.NIHII = "19999916004"
	if err := s.SetPractice(ctx, p); rx.CodeOf(err) != rx.CodeNIHIICheck {
		t.Errorf("wrong check digits: %v", err)
	}
}
