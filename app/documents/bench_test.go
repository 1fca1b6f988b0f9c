package documents

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/jung-kurt/gofpdf"

	"relais/app/rx"
	"relais/assets"
)

// bareText and bareRect are a document worked out beforehand, for the floor: the
// library alone, with the same fonts, texts and bars.
type bareText struct {
	face, text string
	x, y, size float64
}
type bareRect struct{ x, y, w, h float64 }

func bareOf(d Document) (pages [][]any) {
	for _, p := range d.Pages {
		var page []any
		for _, i := range p.Items {
			switch i := i.(type) {
			case Text:
				face := ""
				if i.Bold {
					face = "B"
				}
				page = append(page, bareText{face, i.Text, mm(i.X), mm(i.Y), float64(i.Size) / 10})
			case Rect:
				page = append(page, bareRect{mm(i.X), mm(i.Y), mm(i.W), mm(i.H)})
			case Bars:
				for _, r := range i.Rects()[1:] {
					page = append(page, bareRect{mm(r.X), mm(r.Y), mm(r.W), mm(r.H)})
				}
			}
		}
		pages = append(pages, page)
	}
	return pages
}

func bare(b *testing.B, pages [][]any) {
	pdf := gofpdf.New("P", "mm", "A4", "")
	pdf.AddUTF8FontFromBytes(family, "", bytes.Clone(assets.FontRegular))
	pdf.AddUTF8FontFromBytes(family, "B", bytes.Clone(assets.FontBold))
	for _, p := range pages {
		pdf.AddPage()
		for _, i := range p {
			switch i := i.(type) {
			case bareText:
				pdf.SetFont(family, i.face, i.size)
				pdf.Text(i.x, i.y, i.text)
			case bareRect:
				pdf.Rect(i.x, i.y, i.w, i.h, "F")
			}
		}
	}
	if err := pdf.Output(io.Discard); err != nil {
		b.Fatal(err)
	}
}

// benchmark writes the document by turns with the bare library and reports the
// quotient (P6: at most 1.5), and what a page costs after the first.
func benchmark(b *testing.B, layout func() (Document, error)) {
	d, err := layout()
	if err != nil {
		b.Fatal(err)
	}
	pages := bareOf(d)
	var theirs, ours time.Duration
	for b.Loop() {
		start := time.Now()
		bare(b, pages)
		theirs += time.Since(start)

		start = time.Now()
		d, err := layout()
		if err != nil {
			b.Fatal(err)
		}
		if err := WritePDF(io.Discard, d, issued); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "x-bare")
	b.ReportMetric(ours.Seconds()*1000/float64(b.N), "ms/document")
	b.ReportMetric(float64(len(d.Pages)), "pages")
}

// Four lines on one sheet.
func BenchmarkProof(b *testing.B) { benchmark(b, proofOf(order(rx.FR), false).Layout) }

// Three lines on one sheet.
func BenchmarkPaper(b *testing.B) { benchmark(b, paperOf(order(rx.FR)[:3], false).Layout) }

// The same on two forms of an A4, drawn.
func BenchmarkForm(b *testing.B) {
	p := paperOf(order(rx.FR)[:3], false)
	p.Form = Form{Kind: Drawing, Paper: TwoOnA4}
	benchmark(b, p.Layout)
}

// manyProofs are four lines of each of so many patients.
func manyProofs(patients int) (p Proof) {
	for i := range patients {
		for n, f := range order(rx.FR) {
			f.Patient.FirstName += fmt.Sprint(" ", i)
			p.Lines = append(p.Lines, ProofLine{Facts: f, RID: rx.RID(fmt.Sprintf("BEP1%07d%d", i, n)), Confirmed: issued})
		}
	}
	return p
}

// Twenty patients' proofs in one document.
func BenchmarkBatch(b *testing.B) { benchmark(b, manyProofs(20).Layout) }

// The proofs of 1,000 patients (goal: 3 ms a page after the first, and a memory that
// does not grow with their number: MB-1000 near MB-100).
func BenchmarkThousandProofs(b *testing.B) {
	few, many := manyProofs(100), manyProofs(1_000)
	for b.Loop() {
		low, _ := batch(b, few)
		high, took := batch(b, many)
		b.ReportMetric(low, "MB-100")
		b.ReportMetric(high, "MB-1000")
		b.ReportMetric(took.Seconds(), "ms/page")
	}
}

// batchPages is what a document of a batch holds: enough that the fonts, which are
// read anew for each, cost little a page.
const batchPages = 50

// batch writes p and gives the most memory in use between two of its documents (MB)
// and how long 1,000 pages would take.
func batch(t testing.TB, p Proof) (most float64, took time.Duration) {
	pages := 0
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	start := time.Now()
	for d, err := range p.Batch(batchPages) {
		if err != nil {
			t.Fatal(err)
		}
		if err := WritePDF(io.Discard, d, issued); err != nil {
			t.Fatal(err)
		}
		pages += len(d.Pages)
		took += time.Since(start)
		runtime.GC() // what the document and its PDF leave behind is not memory in use
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(d)
		most = max(most, float64(int64(m.HeapAlloc)-int64(before))/1e6)
		start = time.Now()
	}
	return most, took * 1_000 / time.Duration(pages)
}

// The memory of a batch is that of one of its documents.
func TestBatchInFlatMemory(t *testing.T) {
	few, _ := batch(t, manyProofs(100))
	many, _ := batch(t, manyProofs(500))
	if many > few+1 {
		t.Errorf("%.1f MB with 100 proofs, %.1f MB with 500", few, many)
	}
}
