//go:build linux

package printer

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/app/documents"
	"relais/app/printing"
	"relais/app/rx"
)

// Invented people and numbers.
var issued = time.Date(2026, 11, 22, 9, 12, 0, 0, time.FixedZone("CET", 3600))

func facts() rx.Facts {
	return rx.Facts{
		Version: rx.FactsVersion, Issued: issued, Language: rx.FR,
		Practice: rx.Practice{
			Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
			Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"}, RegionLanguage: rx.FR,
		},
		Patient: rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rx.Female},
		Product: rx.Product{Name: "Amoxicilline Exemple 500 mg gélules", Form: "gélule", Strength: "500 mg", Pack: "16 gélules", PackSize: 16, Unit: "capsule"},
		Content: rx.Line{Kind: rx.Package, CNK: "0318717", Quantity: 1, Begin: rx.DateOf(issued), Expires: rx.Date{Year: 2027, Month: 2, Day: 21},
			Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}},
		PosologyText: "1 gélule 3 fois par jour pendant 5 jours",
	}
}

// sample is a document of a kind, and words that must come out.
type sample struct {
	kind  printing.Kind
	pages documents.Document
	words []string
}

func samples(t testing.TB) []sample {
	t.Helper()
	f := facts()
	proof, err := documents.Proof{Lines: []documents.ProofLine{{Facts: f, RID: "BEP1ABCDEF01", Confirmed: issued}}}.Layout()
	check(t, err)
	form, err := documents.Paper{Lines: []documents.PaperLine{{Facts: f}}}.Layout()
	check(t, err)
	page := func(words ...string) documents.Document {
		p := documents.Page{Width: 21000, Height: 29700}
		for i, w := range words {
			p.Items = append(p.Items, documents.Text{X: 2000, Y: 3000 + 1000*i, Size: 110, Text: w})
		}
		return documents.Document{Title: "Relais", Language: rx.FR, Pages: []documents.Page{p, p}}
	}
	return []sample{
		{printing.Proof, proof, []string{"BEP1ABCDEF01", "Dupont", "Amoxicilline Exemple 500 mg"}},
		{printing.Form, form, []string{"Dupont", "Amoxicilline Exemple 500 mg"}},
		{printing.Report, page("Relevé de panne", "847 minutes"), []string{"Relevé de panne", "847 minutes"}},
		{printing.Test, page("0,1 mm"), []string{"0,1 mm"}},
	}
}

func pdf(t testing.TB, d documents.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, documents.WritePDF(&b, d, issued))
	return b.Bytes()
}

// words are the text of a PDF by pdftotext, its runs of blanks made one.
func words(t testing.TB, raw []byte) string {
	t.Helper()
	path, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("skipped: pdftotext is not installed (apt-get install poppler-utils)")
	}
	file := filepath.Join(t.TempDir(), "out.pdf")
	write(t, file, raw)
	out, err := exec.Command(path, file, "-").Output() //nolint:gosec // a file of ours
	check(t, err)
	return strings.Join(strings.Fields(string(out)), " ")
}

// spooler is ours, over the socket.
func (l *lab) spooler() *printing.Spooler {
	return l.spoolerAt(printing.Address{Network: "unix", Name: l.socket()}, l.user)
}

func (l *lab) spoolerAt(a printing.Address, user string) *printing.Spooler {
	s := printing.NewSpooler(a, user, 3*time.Second, new(net.Dialer).DialContext)
	l.t.Cleanup(s.Close)
	return s
}

// waits in which five seconds stand for the minute.
var short = printing.Waits{Finish: 5 * time.Second, Verify: 3 * time.Second, Poll: 20 * time.Millisecond}

func (l *lab) desk(s *printing.Spooler, w printing.Waits) *printing.Desk {
	return &printing.Desk{Queue: s, Book: printing.NewBook(filepath.Join(l.dir, "book")), Now: time.Now, Wait: wait, Rand: rand.Reader, Waits: w}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newID(t testing.TB) rx.ID {
	t.Helper()
	id, err := rx.NewID(time.Now(), rand.Reader)
	check(t, err)
	return id
}

// document is a new proof for a printer.
func document(t testing.TB, printer string) printing.Document {
	t.Helper()
	return made(printing.Proof, printer, pdf(t, samples(t)[0].pages), newID(t))
}

func made(kind printing.Kind, printer string, pdf []byte, ids ...rx.ID) printing.Document {
	return printing.Document{IDs: ids, Kind: kind, On: printing.Setting{Printer: printer},
		Make: func(context.Context) ([]byte, error) { return pdf, nil }}
}
