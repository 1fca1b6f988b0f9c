package model

import (
	"context"
	"slices"
	"strings"
	"testing"

	"relais/app/documents"
	"relais/app/rx"
)

// spooler is a Door with two printers.
type spooler map[string][2]string

func (s spooler) Printers(_ context.Context, each func(string, string, bool, []string)) error {
	each("cabinet", "Laser du cabinet", true, []string{"main", "by-pass-tray"})
	each("accueil", "", false, nil)
	return nil
}

func (s spooler) PrintsOn(_ context.Context, kind string) (string, string, error) {
	return s[kind][0], s[kind][1], nil
}

func (s spooler) SetPrintsOn(_ context.Context, kind, printer, tray string) error {
	if printer == "accueil" && tray != "" {
		return rx.Fault("printer-tray", "printer", printer, "tray", tray)
	}
	s[kind] = [2]string{printer, tray}
	return nil
}

func (p *Papers) enter(name, value string) { p.Set(slices.Index(papersNames(), name), value) }

func TestPapers(t *testing.T) {
	r, door := withPrinter(t), spooler{}
	settings := NewSettings(r.env, "0.1", func(rx.Lang) {}, func(Look) {})
	p := NewPapers(r.env, door)
	settings.SetPapers(p)
	settings.Load()
	r.settle()
	golden(t, r.bench, "settings-papers", settings.View)
	p.Edit()
	golden(t, r.bench, "settings-papers-form", settings.View)
	p.enter("kind", "drawing")
	p.enter("paper", "two-on-a4")
	p.enter("offset-x", "1,5")
	p.Save()
	r.settle()
	golden(t, r.bench, "settings-papers-tenths", settings.View)
	p.enter("offset-x", "99999")
	p.Save()
	r.settle()
	golden(t, r.bench, "settings-papers-faults", settings.View)
	if r.store.settings[documentsSetting] != nil {
		t.Fatalf("kept: %s", r.store.settings[documentsSetting])
	}
	p.enter("offset-x", "−8")
	p.enter("barcode", "off")
	p.enter("foot", "on")
	p.enter("printer form", "cabinet")
	p.enter("tray form", "by-pass-tray")
	p.TestPage()
	r.settle()
	if j := r.last(); j.Kind != "test" || len(j.Of) != 1 || !strings.HasPrefix(r.made(t), "%PDF-") {
		t.Errorf("%+v", j)
	}
	p.Save()
	r.settle()
	golden(t, r.bench, "settings-papers-kept", settings.View)
	want := documents.Options{Form: documents.Form{Kind: documents.Drawing, Paper: documents.TwoOnA4, OffsetX: -8, NoBarcode: true}, Proof: documents.ProofLook{Foot: true}}
	got, err := documents.ParseOptions(r.store.settings[documentsSetting])
	if err != nil || got.Form.Kind != want.Form.Kind || got.Form.Paper != want.Form.Paper || got.Form.OffsetX != -8 || !got.Form.NoBarcode || got.Form.NoForceMajeure || got.Proof != want.Proof {
		t.Errorf("kept %+v, %v", got, err)
	}
	if door["form"] != [2]string{"cabinet", "by-pass-tray"} || len(door) != 1 {
		t.Errorf("printers %v", door)
	}
	p.Edit()
	p.enter("printer form", "accueil")
	if p.form.values["tray form"] != "" {
		t.Error("the tray of another printer")
	}
	p.Escape()
	if p.View().Form != nil {
		t.Error("still open")
	}
}

func TestOtherDocuments(t *testing.T) {
	r := withPrinter(t)
	r.onPaper(t)
	p := NewPapers(r.env, spooler{})
	for i, press := range []func(){p.DayList, p.Pharmacist, p.Poster} {
		press()
		r.settle()
		if len(r.jobs) != i+2 || r.last().Kind != "report" || !strings.HasPrefix(r.made(t), "%PDF-") || len(p.notes) != 0 {
			t.Errorf("document %d: %d jobs, %v", i, len(r.jobs), p.notes)
		}
	}
}
