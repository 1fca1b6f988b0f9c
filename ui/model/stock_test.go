package model

import (
	"context"
	"strings"
	"testing"

	"relais/app/documents"
	"relais/app/prescribing"
	"relais/app/rx"
)

// shelfOfForms is a Stock in memory.
type shelfOfForms struct {
	left rx.FormStock
	used bool
	err  error
	told []rx.Restock
}

func (s *shelfOfForms) FormStock(context.Context) (rx.FormStock, bool, error) {
	return s.left, s.used, s.err
}

func (s *shelfOfForms) Restock(_ context.Context, r rx.Restock) (err error) {
	s.told = append(s.told, r)
	s.left, err = s.left.Restock(r)
	return err
}

// Few forms are told in the strip, where sheets are printed on them; a stock that cannot be read is.
func TestStripTellsOfForms(t *testing.T) {
	b := newBench(t)
	forms := &shelfOfForms{left: rx.FormStock{Version: 1, Forms: 21, Low: 20}, used: true}
	b.env.Service.Stock = forms
	strip := NewStrip(b.env, func() []error { return nil }, func() {})
	told := func() []Notice {
		strip.Load()
		b.settle()
		return strip.View().Faults
	}
	if v := told(); len(v) != 0 {
		t.Errorf("enough: %+v", v)
	}
	forms.left.Forms = 20
	if v := told(); len(v) != 1 || v[0].Tone != Warn || !strings.Contains(v[0].Text, "20") || !strings.Contains(v[0].Text, "tant que tout va bien") {
		t.Errorf("few: %+v", v)
	}
	forms.used = false
	if v := told(); len(v) != 0 {
		t.Errorf("not printed on: %+v", v)
	}
	forms.err = rx.Fault(rx.CodeSettingUnread)
	if v := told(); len(v) != 1 || v[0].Tone != Bad {
		t.Errorf("unread: %+v", v)
	}
}

// What the doctor counted is told to the stock, and only what was changed: forms may be printed on meanwhile.
func TestPapersStock(t *testing.T) {
	r := withPrinter(t)
	forms := &shelfOfForms{left: rx.FormStock{Version: 1, Forms: 40, Low: 20}, used: true}
	r.env.Service.Stock = forms
	r.store.settings[documentsSetting] = []byte(`{"form": {"kind": "overlay"}}`)
	p := NewPapers(r.env, spooler{})
	p.Load()
	r.settle()
	if v := p.View(); !strings.Contains(strings.Join(v.Lines, "\n"), "il en reste 40") {
		t.Errorf("%q", v.Lines)
	}
	edit := func(fields ...string) {
		p.Edit()
		for i := 0; i < len(fields); i += 2 {
			p.enter(fields[i], fields[i+1])
		}
		p.Save()
		r.settle()
	}
	edit("foot", "on")
	if len(forms.told) != 0 || p.form != nil {
		t.Errorf("told %+v", forms.told)
	}
	for _, wrong := range []string{"-1", "many", "1.5", "100001"} {
		edit("stock", wrong, "low", "3")
		if p.form == nil || len(p.form.faults) != 1 || p.form.faults[0].Path != "$.forms" || len(forms.told) != 0 {
			t.Errorf("%s: %+v", wrong, forms.told)
		}
		if n := p.View().Form.Notices; !strings.Contains(n[len(n)-1].Text, "en stock") {
			t.Errorf("%s: %+v", wrong, n)
		}
		p.Escape()
	}
	edit("stock", " 12 ")
	if len(forms.told) != 1 || forms.left.Forms != 12 || forms.told[0].Low != nil {
		t.Errorf("told %+v", forms.told)
	}
	edit("low", "5")
	if len(forms.told) != 2 || forms.left.Forms != 12 || forms.left.Low != 5 || forms.told[1].Forms != nil {
		t.Errorf("told %+v", forms.told)
	}
	if got, err := documents.ParseOptions(r.store.settings[documentsSetting]); err != nil || got.Form.Kind != documents.Overlay || !got.Proof.Foot {
		t.Errorf("%+v, %v", got, err)
	}

	// A stock that cannot be read is counted anew.
	forms.err = rx.Fault(rx.CodeSettingUnread)
	p.Load()
	r.settle()
	edit("stock", "0")
	if len(forms.told) != 3 || forms.told[2].Forms == nil || *forms.told[2].Forms != 0 {
		t.Errorf("told %+v", forms.told)
	}
}

var _ prescribing.Stock = (*shelfOfForms)(nil)
