package documents

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"relais/app/rx"
)

// everyDocument is each document and form, in l, with what makes it long: what every
// test of pages and PDF goes through.
func everyDocument(t testing.TB, l rx.Lang) map[string]Document {
	t.Helper()
	all := map[string]Document{}
	add := func(name string, d Document, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name+"-"+string(l)] = d
	}
	proof := proofOf(append(order(l), order(l)[:2]...), l == rx.FR)
	proof.Look.Foot, proof.Printed, proof.Copy = true, issued, 3
	d, err := proof.Layout()
	add("proof", d, err)
	for name, form := range forms {
		p := paperOf(order(l), l == rx.NL)
		p.Form, p.Reason = form, "outage-ehealth"
		p.Lines[0].Copy = 2
		p.Lines[1].Unanswered = issued
		p.Lines[2].NothingElectronic, p.Lines[3].NothingElectronic = true, true
		d, err := p.Layout()
		add(name, d, err)
	}
	d, err = dayListOf(order(l)).Layout()
	add("day", d, err)
	d, err = PharmacistSheet{l, practice}.Layout()
	add("pharmacist", d, err)
	d, err = Poster{l, practice}.Layout()
	add("poster", d, err)
	d, err = drillOf(l, 60).Layout()
	add("drill", d, err)
	for name, form := range forms {
		d, err := Calibration{form, l}.Layout()
		add("calibration-"+name, d, err)
	}
	return all
}

// forms are the ways onto paper.
var forms = map[string]Form{
	"paper":       {},
	"overlay":     {Kind: Overlay},
	"overlay-two": {Kind: Overlay, Paper: TwoOnA4},
	"drawing":     {Kind: Drawing},
	"drawing-two": {Kind: Drawing, Paper: TwoOnA4},
}

// RELAIS_PICTURES names a folder to which pages are written as pictures, to be looked
// at: docs/pictures holds the first page of some.
func TestPictures(t *testing.T) {
	folder := os.Getenv("RELAIS_PICTURES")
	if folder == "" {
		t.Skip("RELAIS_PICTURES names no folder")
	}
	for _, l := range rx.DocumentLangs {
		for name, d := range everyDocument(t, l) {
			file := filepath.Join(t.TempDir(), "d.pdf")
			if err := os.WriteFile(file, pdfOf(t, d, nil), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("pdftoppm", "-r", "80", "-gray", "-png", file, filepath.Join(folder, "paper-"+name)).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
	}
}
