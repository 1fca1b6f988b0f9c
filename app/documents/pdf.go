package documents

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jung-kurt/gofpdf"

	"relais/app/rx"
	"relais/assets"
)

const family = "relais"

// WritePDF draws d: its list and nothing else. The same document and the same
// moment give the same bytes. The fonts are embedded as far as they are used, the
// text can be extracted in the order of the list. The library knows no tags: it is
// not PDF/UA.
func WritePDF(w io.Writer, d Document, created time.Time) error {
	pdf := gofpdf.New("P", "mm", "A4", "")
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(created.UTC())
	pdf.SetModificationDate(created.UTC())
	pdf.SetTitle(d.Title, true)
	pdf.SetCreator("Relais", true)
	pdf.SetProducer("Relais", true)
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	// The library pads and appends inside the bytes that it is given.
	pdf.AddUTF8FontFromBytes(family, "", bytes.Clone(assets.FontRegular))
	pdf.AddUTF8FontFromBytes(family, "B", bytes.Clone(assets.FontBold))
	for _, p := range d.Pages {
		pdf.AddPageFormat("P", gofpdf.SizeType{Wd: mm(p.Width), Ht: mm(p.Height)})
		for _, i := range p.Items {
			switch i := i.(type) {
			case Text:
				drawText(pdf, i)
			case Rect:
				drawRect(pdf, i)
			case Bars:
				for _, r := range i.Rects() {
					drawRect(pdf, r)
				}
			}
		}
	}
	var b bytes.Buffer
	err := pdf.Output(&b)
	if err == nil {
		var out []byte
		if out, err = withLanguage(b.Bytes(), d.Language); err == nil {
			_, err = w.Write(out)
		}
	}
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(fmt.Errorf("documents: PDF: %w", err))
	}
	return nil
}

func mm(hundredths int) float64 { return float64(hundredths) / 100 }

func drawText(pdf *gofpdf.Fpdf, t Text) {
	face := ""
	if t.Bold {
		face = "B"
	}
	pdf.SetFont(family, face, float64(t.Size)/10)
	pdf.SetTextColor(int(t.Grey), int(t.Grey), int(t.Grey))
	if t.Angle != 0 {
		pdf.TransformBegin()
		defer pdf.TransformEnd()
		pdf.TransformRotate(float64(t.Angle), mm(t.X), mm(t.Y))
	}
	pdf.Text(mm(t.X), mm(t.Y), t.Text)
}

func drawRect(pdf *gofpdf.Fpdf, r Rect) {
	pdf.SetFillColor(int(r.Grey), int(r.Grey), int(r.Grey))
	pdf.Rect(mm(r.X), mm(r.Y), mm(r.W), mm(r.H), "F")
}

// withLanguage puts the document's language into the catalogue (PDF 32000-1
// §14.9.2), for which the library has no call. The catalogue is the last object
// that the library writes: only the place of the table behind it moves.
func withLanguage(pdf []byte, lang rx.Lang) ([]byte, error) {
	const catalogue, start = "/Type /Catalog\n", "startxref\n"
	at, end := bytes.LastIndex(pdf, []byte(catalogue)), bytes.LastIndex(pdf, []byte(start))
	if at < 0 || end < at {
		return nil, errors.New("no catalogue before the table")
	}
	number, rest, _ := strings.Cut(string(pdf[end+len(start):]), "\n")
	table, err := strconv.Atoi(number)
	if err != nil || table < at {
		return nil, errors.New("the table is not behind the catalogue")
	}
	entry := fmt.Sprintf("/Lang (%s)\n", lang)
	at += len(catalogue)
	return fmt.Appendf(nil, "%s%s%s%d\n%s", pdf[:at], entry, pdf[at:end+len(start)], table+len(entry), rest), nil
}
