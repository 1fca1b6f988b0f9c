//go:build linux

package printer

import (
	"context"
	"testing"
	"time"

	"relais/app/printing"
)

// clocked notes when the document has been handed over.
type clocked struct {
	*printing.Spooler
	handed time.Time
}

func (c *clocked) Send(ctx context.Context, j printing.Job, pdf []byte) error {
	err := c.Spooler.Send(ctx, j, pdf)
	c.handed = time.Now()
	return err
}

// BenchmarkClickToSpooler is P6: from the click to the document at the spooler (a real
// cupsd), with the page made, the printers asked for, the job made and noted durably. At most
// 200 ms. What follows, until the job is cancelled again, is not counted.
func BenchmarkClickToSpooler(b *testing.B) {
	l := start(b)
	d := l.printer("lab", "everywhere")
	d.end()
	s := &clocked{Spooler: l.spooler()}
	desk := l.desk(s.Spooler, printing.Usual)
	desk.Queue = s
	page := samples(b)[0].pages
	var handing time.Duration
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		click := time.Now()
		doc := printing.Document{Kind: printing.Proof, On: printing.Setting{Printer: "lab"},
			Make: func(context.Context) ([]byte, error) { return pdf(b, page), nil }}
		_, err := desk.Print(ctx, doc, false, func(printing.Status) { cancel() })
		cancel()
		check(b, err)
		handing += s.handed.Sub(click)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(handing.Microseconds())/1000/float64(b.N), "ms/click")
}
