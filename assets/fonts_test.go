package assets

import (
	"bytes"
	"testing"

	"github.com/jung-kurt/gofpdf"
)

// The PDF writer takes both fonts and embeds no more than the glyphs in use.
func TestFontsServePDF(t *testing.T) {
	for name, font := range map[string][]byte{"regular": FontRegular, "bold": FontBold} {
		pdf := gofpdf.New("P", "mm", "A4", "")
		pdf.AddUTF8FontFromBytes("relais", "", bytes.Clone(font))
		pdf.AddPage()
		pdf.SetFont("relais", "", 12)
		pdf.Text(10, 20, "Łódź Žižka O’ œuvre ßç € ≤ µg → 10\u202f000\u00a0unités")
		var out bytes.Buffer
		if err := pdf.Output(&out); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if out.Len() < 2_000 || out.Len() > len(font)/10 {
			t.Errorf("%s: %d bytes of PDF from a font of %d: not embedded as a subset", name, out.Len(), len(font))
		}
	}
}
