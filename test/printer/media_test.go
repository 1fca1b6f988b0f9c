//go:build linux

package printer

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"relais/app/documents"
	"relais/app/printing"
	"relais/app/rx"
)

// A page that is no A4 comes out of its tray, in its size; a printer that does not know
// the paper or the tray is refused before anything is handed over.
func TestOwnPaperFromItsTray(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "everywhere")
	d.does(`env | grep '^IPP_MEDIA' > "` + l.dir + `/wanted"`)
	page := func(width, height int) []byte {
		return pdf(t, documents.Document{Title: "Relais", Language: rx.FR, Pages: []documents.Page{
			{Width: width, Height: height, Items: []documents.Item{documents.Text{X: 1000, Y: 2000, Size: 110, Text: "Dupont"}}}}})
	}
	desk := l.desk(l.spooler(), printing.Usual)
	desk.Settings = printing.Settings{printing.Form: {Printer: "lab", Tray: "by-pass-tray"}}
	r, err := desk.Print(context.Background(), made(printing.Form, "", page(11000, 22000), newID(t)), false, nil)
	check(t, err)
	want(t, r, printing.SentSheet, "")
	out := d.printed()
	if len(out) != 1 || !strings.Contains(words(t, out[0]), "Dupont") {
		t.Fatalf("%d sheets", len(out))
	}
	if !bytes.Contains(out[0], []byte("311.8")) || !bytes.Contains(out[0], []byte("623.6")) { // 110 × 220 mm in points
		t.Error("the page was not printed in its own size")
	}
	wanted := string(read(t, filepath.Join(l.dir, "wanted")))
	for _, part := range []string{"11000", "22000", "by-pass-tray"} {
		if !strings.Contains(wanted, part) {
			t.Errorf("the printer was not asked for %s: %s", part, wanted)
		}
	}
	refused := made(printing.Form, "", page(10500, 20000), newID(t))
	if _, err := desk.Print(context.Background(), refused, false, nil); rx.CodeOf(err) != printing.CodeMedia {
		t.Errorf("a paper that it does not know: %v", err)
	}
	refused = made(printing.Form, "", page(11000, 22000), newID(t))
	refused.On.Tray = "envelope"
	if _, err := desk.Print(context.Background(), refused, false, nil); rx.CodeOf(err) != printing.CodeTray {
		t.Errorf("a tray that it does not have: %v", err)
	}
	l.nothingKept(t)
}
