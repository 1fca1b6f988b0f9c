package model

import (
	"context"
	"slices"
	"strings"
	"testing"

	"relais/app/prescribing"
	"relais/app/rx"
)

// tray is a printer that does what the test says.
type tray struct {
	*bench
	prints *Prints
	jobs   []PrintJob
}

func withPrinter(t *testing.T) *tray {
	t.Helper()
	r := &tray{bench: newBench(t)}
	r.prints = NewPrints(r.env, func(f func()) { r.Do(func(context.Context) func() { return f }) }, func(j PrintJob) { r.jobs = append(r.jobs, j) })
	r.env.Prints = r.prints
	return r
}

// made lets the printer take the last job, and gives what it was handed.
func (r *tray) made(t *testing.T) string {
	t.Helper()
	pdf, err := r.last().Make(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return string(pdf)
}

func (r *tray) last() PrintJob { return r.jobs[len(r.jobs)-1] }

func (r *tray) done(sheet string, told, err error) {
	r.last().Done("cabinet", sheet, told, err)
	r.settle()
}

func (r *tray) said() string {
	var all []string
	for _, n := range r.prints.View() {
		text := n.Text
		for _, b := range n.Buttons {
			text += " [" + b.Label + "]"
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

func (r *tray) press(t *testing.T, label string) {
	t.Helper()
	for _, n := range r.prints.View() {
		for _, b := range n.Buttons {
			if b.Label == label && b.On {
				b.Press()
				r.settle()
				return
			}
		}
	}
	t.Fatalf("no %q in %q", label, r.said())
}

// onPaper issues an order of one line on paper.
func (r *tray) onPaper(t *testing.T) (*Prescribe, rx.ID) {
	t.Helper()
	p := writing(t, r.bench)
	p.issue(prescribing.How{Paper: "outage-recipe"})
	r.settle()
	if len(r.jobs) != 1 || len(r.store.items) != 1 {
		t.Fatalf("%d jobs of %d prescriptions; %+v", len(r.jobs), len(r.store.items), p.View().Notices)
	}
	return p, r.store.items[0].ID
}

func (r *tray) owes(kind rx.DutyKind) bool {
	return slices.ContainsFunc(r.env.Service.Owed(r.store.items[0]), func(d rx.Duty) bool { return d.Kind == kind })
}

func TestPrintFollowed(t *testing.T) {
	r := withPrinter(t)
	p, id := r.onPaper(t)
	if j := r.last(); j.Kind != "form" || !slices.Equal(j.Of, []rx.ID{id}) || j.Word {
		t.Errorf("%+v", j)
	}
	golden(t, r.bench, "print-handing", r.prints.View)
	if got := r.made(t); got != "sheet "+string(id)+"\n" {
		t.Errorf("printed %q", got)
	}
	line := p.View().Lines[0]
	if i := slices.IndexFunc(line.Buttons, func(b Button) bool { return b.Label == "Réimprimer" }); i < 0 || line.Buttons[i].On {
		t.Errorf("printed again while it is on its way: %+v", line.Buttons)
	}
	r.last().Heard("cabinet", "processing", nil)
	golden(t, r.bench, "print-running", r.prints.View)
	r.last().Heard("cabinet", "processing", []error{rx.Fault("printer-media-empty", "printer", "cabinet")})
	golden(t, r.bench, "print-paper", r.prints.View)
	r.last().Heard("cabinet", "held", []error{rx.Fault("print-held", "printer", "cabinet")})
	if !strings.Contains(r.said(), "retenu") {
		t.Errorf("held: %s", r.said())
	}
	r.done("sent", nil, nil)
	golden(t, r.bench, "print-sent", r.prints.View)
	if !r.owes(rx.DutyConfirmPrint) {
		t.Error("the doctor is not asked whether it came out")
	}
	r.press(t, "Vu")
	if r.said() != "" || len(r.saved) != 0 {
		t.Errorf("seen: %q, files %v", r.said(), r.saved)
	}
}

// Nothing came out: the doctor need not say so, and a further copy is made when it is printed again, not before.
func TestPrintNone(t *testing.T) {
	r := withPrinter(t)
	_, id := r.onPaper(t)
	r.made(t)
	r.done("none", rx.Fault("print-late", "printer", "cabinet", "seconds", "60"), nil)
	golden(t, r.bench, "print-late", r.prints.View)
	if d := r.env.Service.Owed(r.store.items[0]); d[0].Why != "not-printed" {
		t.Errorf("%+v", d)
	}
	r.press(t, "Réimprimer")
	if n := r.store.items[0].Sheet().Copies; n != 1 || len(r.jobs) != 2 {
		t.Fatalf("%d copies before the printer took it, %d jobs", n, len(r.jobs))
	}
	r.made(t)
	if n := r.store.items[0].Sheet().Copies; n != 2 {
		t.Errorf("%d copies", n)
	}
	r.done("maybe", rx.Fault("print-cancelled", "printer", "cabinet"), nil)
	golden(t, r.bench, "print-maybe", r.prints.View)
	if d := r.env.Service.Owed(r.store.items[0]); d[0].Kind != rx.DutyConfirmPrint || d[0].Why != "printed" || d[0].Prescription != id {
		t.Errorf("what may have come out is answered by itself: %+v", d)
	}
}

// Without a printer there is the file.
func TestPrintNoPrinter(t *testing.T) {
	r := withPrinter(t)
	p, id := r.onPaper(t)
	r.done("", nil, rx.Fault("printer-none"))
	golden(t, r.bench, "print-file", r.prints.View)
	if v := r.prints.View(); v[0].Tone != Quiet || len(v[0].Buttons) != 2 { // as always on this computer: in few words
		t.Errorf("%+v", v)
	}
	if len(r.saved) != 1 || r.store.items[0].Sheet().Copies != 1 {
		t.Fatalf("%d files, %d copies", len(r.saved), r.store.items[0].Sheet().Copies)
	}
	r.press(t, "Ouvrir")
	if len(r.opened) != 1 {
		t.Errorf("opened %v", r.opened)
	}
	p.reprint(id)
	r.settle()
	if r.store.items[0].Sheet().Copies != 1 {
		t.Error("a copy is counted before the printer was asked")
	}
	r.done("", nil, rx.Fault("printer-none"))
	if len(r.saved) != 1 || r.store.items[0].Sheet().Copies != 2 { // of the same moment: the file has the same name
		t.Errorf("%d files, %d copies", len(r.saved), r.store.items[0].Sheet().Copies)
	}
}

// What may still come out is printed again on the doctor's word alone.
func TestPrintRule(t *testing.T) {
	r := withPrinter(t)
	p, id := r.onPaper(t)
	r.made(t)
	r.done("open", rx.Fault("print-open", "printer", "cabinet"), nil)
	golden(t, r.bench, "print-open", r.prints.View)
	p.reprint(id)
	r.settle()
	r.done("", nil, rx.Fault("print-open", "printer", "cabinet"))
	golden(t, r.bench, "print-word", r.prints.View)
	if len(r.saved) != 0 || r.store.items[0].Sheet().Copies != 1 || r.last().Word {
		t.Fatalf("%d files, %d copies", len(r.saved), r.store.items[0].Sheet().Copies)
	}
	r.press(t, "J'ai en main ce qui est sorti : imprimer quand même")
	if !r.last().Word || len(r.jobs) != 3 {
		t.Errorf("%d jobs, the last on the doctor's word: %v", len(r.jobs), r.last().Word)
	}
}

// The same document does not go twice: the second waits for the doctor.
func TestPrintTwice(t *testing.T) {
	r := withPrinter(t)
	p := writing(t, r.bench)
	p.Send()
	r.settle()
	if err := r.send(0, rx.EventAccepted); err != nil {
		t.Fatal(err)
	}
	p.Changed(nil)
	r.settle()
	p.Proof()
	r.settle()
	p.Proof()
	r.settle()
	if len(r.jobs) != 1 || r.last().Kind != "proof" || !strings.Contains(r.said(), "déjà en route") {
		t.Fatalf("%d jobs: %s", len(r.jobs), r.said())
	}
	r.made(t)
	r.done("sent", nil, nil)
	r.press(t, "Réimprimer")
	if len(r.jobs) != 2 || strings.Contains(r.said(), "a tout reçu") {
		t.Errorf("%d jobs: %s", len(r.jobs), r.said())
	}
}

// What a former window left is told, and nothing is printed.
func TestPrintLeft(t *testing.T) {
	r := withPrinter(t)
	_, id := r.onPaper(t)
	r.made(t)
	r.prints.list = nil
	r.prints.Left(context.Background(), "job", []rx.ID{id}, "none", rx.Fault("print-cancelled", "printer", "cabinet"))
	r.settle()
	golden(t, r.bench, "print-left", r.prints.View)
	if d := r.env.Service.Owed(r.store.items[0]); d[0].Why != "printed" || len(r.jobs) != 1 { // it may be of a later copy
		t.Errorf("%+v, %d jobs", d, len(r.jobs))
	}
	// It is forgotten once it was seen, and told again where that cannot be kept.
	var saw []rx.ID
	fails := rx.Fault(rx.CodeDiskFull)
	r.prints.Saw = func(_ context.Context, id rx.ID) error {
		if saw = append(saw, id); len(saw) == 1 {
			return fails
		}
		return nil
	}
	r.press(t, "Vu")
	if said := r.said(); !strings.Contains(said, "disk-full") && !strings.Contains(said, "disque") {
		t.Errorf("not kept as seen, and not told: %s", said)
	}
	r.press(t, "Vu")
	if !slices.Equal(saw, []rx.ID{"job", "job"}) || r.said() != "" {
		t.Errorf("saw %v, told %s", saw, r.said())
	}
}

// While a sheet may still come out, nothing says that it is gone, and nothing takes its place.
func TestPrintMayCome(t *testing.T) {
	r := withPrinter(t)
	p, _ := r.onPaper(t)
	r.made(t)
	on := func() (labels []string) {
		for _, b := range p.View().Lines[0].Buttons {
			if b.On {
				labels = append(labels, b.Label)
			}
		}
		return labels
	}
	treat := newTreat(r.bench)
	gone := func() bool {
		treat.Load()
		r.settle()
		for _, s := range treat.View().Sections {
			for _, o := range s.People {
				if slices.ContainsFunc(o.buttons(), func(b Button) bool { return b.On && (b.Label == "Détruite" || b.Label == "Pas sortie") }) {
					return true
				}
			}
		}
		return false
	}
	r.last().Heard("cabinet", "processing", nil)
	if got := on(); !slices.Equal(got, []string{"Sortie de l'imprimante"}) || gone() {
		t.Errorf("on its way: %q, gone in the list: %v", got, gone())
	}
	r.done("open", rx.Fault("print-open", "printer", "cabinet"), nil)
	if got := on(); !slices.Equal(got, []string{"Sortie de l'imprimante"}) || gone() {
		t.Errorf("still open: %q, gone in the list: %v", got, gone())
	}
	r.press(t, "Vu")
	if got := on(); len(got) < 4 || slices.Contains(got, "Réimprimer") || !gone() {
		t.Errorf("seen, and not answered: %q", got)
	}
}

// A sheet is said to be gone by what the program knows of its jobs, also of other processes; *Vu* of an open job is the doctor's word, for that job.
func TestWordThatASheetIsGone(t *testing.T) {
	r := withPrinter(t)
	p, _ := r.onPaper(t)
	id := r.store.items[0].ID
	var words []bool
	r.env.Service.Over = func(_ context.Context, _ rx.ID, word bool) error {
		if words = append(words, word); word {
			return nil
		}
		return rx.Fault("print-may-come", "printer", "cabinet")
	}
	r.made(t)
	r.done("sent", nil, nil)
	p.redo(id)
	r.settle()
	notices := p.View().Notices
	if r.store.items[0].Sheet() == nil || len(words) != 1 || words[0] || len(notices) == 0 || !strings.Contains(notices[0].Text, "« Vu »") || strings.Contains(notices[0].Text, "--in-hand") {
		t.Fatalf("asked %v: %+v", words, notices)
	}
	r.press(t, "Vu") // it was not open: no word
	p.redo(id)
	r.settle()
	if len(words) != 2 || words[1] {
		t.Fatalf("asked %v", words)
	}
	r.prints.Left(context.Background(), "", []rx.ID{id}, "open", rx.Fault("print-open", "printer", "cabinet"))
	r.settle()
	r.press(t, "Vu")
	p.redo(id)
	r.settle()
	if len(words) != 3 || !words[2] || r.store.items[0].Sheet() != nil {
		t.Errorf("asked %v", words)
	}
}

// In the window an answer names what stands in the window, not a command.
func TestFaultsOfThePrinterNameNoCommand(t *testing.T) {
	for _, lang := range rx.Langs {
		e := &Env{Lang: lang}
		for _, code := range []rx.Code{"printer-absent", "printer-choose", "printer-tray", "print-may-come"} {
			fault := rx.Fault(code, "printer", "cabinet", "tray", "main")
			if text := e.told("", fault); strings.Contains(text, "relais ") || strings.Contains(text, "--") || e.faults(fault)[0].Text == "" {
				t.Errorf("%s: %s", lang, text)
			}
		}
	}
}

// What is printed again is made anew: of two lines one may be gone since.
func TestPrintAgainIsMadeAnew(t *testing.T) {
	r := withPrinter(t)
	p := writing(t, r.bench)
	write(t, r.bench, p, "paracétamol", "1", "1", "3")
	p.issue(prescribing.How{Paper: "outage-recipe"})
	r.settle()
	r.made(t)
	r.done("none", rx.Fault("print-late", "printer", "cabinet", "seconds", "60"), nil)
	if _, err := r.env.Service.Redo(context.Background(), r.store.items[1].ID); err != nil {
		t.Fatal(err)
	}
	r.press(t, "Réimprimer")
	if got := r.made(t); got != "sheet "+string(r.store.items[0].ID)+"\n" {
		t.Errorf("printed %q", got)
	}
	r.done("none", rx.Fault("print-late", "printer", "cabinet", "seconds", "60"), nil)
	r.press(t, "Réimprimer")
	if got := r.made(t); got != "sheet "+string(r.store.items[0].ID)+"\n" || r.store.items[0].Sheet().Copies != 3 {
		t.Errorf("printed %q, %d copies", got, r.store.items[0].Sheet().Copies)
	}
}

// What was made and waits for the printer is not printed, nor kept as a file, once its sheet is destroyed elsewhere.
func TestPrintOfADestroyedSheet(t *testing.T) {
	for name, ended := range map[string]rx.Code{"printer": "", "file": "printer-none"} {
		t.Run(name, func(t *testing.T) {
			r := withPrinter(t)
			_, id := r.onPaper(t)
			if _, err := r.env.Service.Redo(context.Background(), id); err != nil {
				t.Fatal(err)
			}
			if ended != "" {
				r.done("", nil, rx.Fault(ended))
			} else {
				pdf, err := r.last().Make(context.Background())
				if rx.CodeOf(err) != rx.CodeSheetDestroyed || pdf != nil {
					t.Errorf("printed %q, %v", pdf, err)
				}
				r.done("", nil, err)
			}
			if len(r.saved) != 0 || r.store.items[0].Sheets[0].Copies != 1 {
				t.Errorf("files %v, %d copies", r.saved, r.store.items[0].Sheets[0].Copies)
			}
		})
	}
	r := withPrinter(t)
	p := writing(t, r.bench)
	write(t, r.bench, p, "paracétamol", "1", "1", "3")
	p.issue(prescribing.How{Paper: "outage-recipe"})
	r.settle()
	if _, err := r.env.Service.Redo(context.Background(), r.store.items[1].ID); err != nil {
		t.Fatal(err)
	}
	if got := r.made(t); got != "sheet "+string(r.store.items[0].ID)+"\n" {
		t.Errorf("of two, one of them destroyed, printed %q", got)
	}
}

// A file that stands for a sheet goes with the sheet, and with what is told of it, whoever destroys the sheet; the sheets that
// stood beside it are printed anew.
func TestFileOfADestroyedSheet(t *testing.T) {
	withFile := func(t *testing.T, lines int) (r *tray, p *Prescribe, removed *[]string) {
		r = withPrinter(t)
		removed = new([]string)
		r.prints.Remove = func(path string) error {
			*removed = append(*removed, path)
			return nil
		}
		p = writing(t, r.bench)
		if lines > 1 {
			write(t, r.bench, p, "paracétamol", "1", "1", "3")
		}
		p.issue(prescribing.How{Paper: "outage-recipe"})
		r.settle()
		r.made(t)
		r.done("", nil, rx.Fault("printer-paused", "printer", "cabinet"))
		if !strings.Contains(r.said(), "[Ouvrir]") || len(r.saved) != 1 {
			t.Fatalf("%s; files %v", r.said(), r.saved)
		}
		return r, p, removed
	}
	t.Run("redone here", func(t *testing.T) {
		r, p, removed := withFile(t, 1)
		p.redo(r.store.items[0].ID)
		r.settle()
		if r.said() != "" || len(*removed) != 1 {
			t.Errorf("%s; removed %v", r.said(), *removed)
		}
	})
	t.Run("destroyed in the list", func(t *testing.T) {
		r, _, removed := withFile(t, 1)
		treat := newTreat(r.bench)
		treat.Load()
		r.settle()
		list, err := r.env.Service.ToTreat(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		treat.settle(list[:1], rx.WasDestroyed)
		r.settle()
		if r.store.items[0].Sheet() != nil || r.said() != "" || len(*removed) != 1 {
			t.Errorf("%s; removed %v", r.said(), *removed)
		}
	})
	t.Run("redone by another process", func(t *testing.T) {
		r, _, removed := withFile(t, 1)
		if _, err := r.env.Service.Redo(context.Background(), r.store.items[0].ID); err != nil {
			t.Fatal(err)
		}
		r.press(t, "Ouvrir")
		if len(r.opened) != 0 || r.said() != "" || len(*removed) != 1 {
			t.Errorf("opened %v: %s; removed %v", r.opened, r.said(), *removed)
		}
	})
	t.Run("one of two", func(t *testing.T) {
		r, p, removed := withFile(t, 2)
		p.redo(r.store.items[1].ID)
		r.settle()
		if said := r.said(); strings.Contains(said, "[Ouvrir]") || !strings.Contains(said, "[Réimprimer]") || len(*removed) != 1 {
			t.Errorf("%s; removed %v", said, *removed)
		}
		r.press(t, "Réimprimer")
		if got := r.made(t); got != "sheet "+string(r.store.items[0].ID)+"\n" {
			t.Errorf("printed %q", got)
		}
	})
	t.Run("may still come out", func(t *testing.T) {
		r := withPrinter(t)
		_, id := r.onPaper(t)
		r.made(t)
		r.done("open", rx.Fault("print-open", "printer", "cabinet"), nil)
		said := r.said()
		if _, err := r.env.sayingGone(id).Redo(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		r.settle()
		if r.said() != said || !r.prints.mayCome(id) {
			t.Errorf("before: %s\nafter: %s", said, r.said())
		}
	})
}

// A file is a copy too: beside a job that may still bring the sheet, or where nobody knows, none is made but on the doctor's
// word.
func TestNoFileBesideAnOpenJob(t *testing.T) {
	for ended, refused := range map[rx.Code]*rx.Error{
		"spooler-absent": rx.Fault("print-may-come", "printer", "cabinet"),
		"print-book":     rx.Fault("print-book", "file", "x.json"),
	} {
		t.Run(string(ended), func(t *testing.T) {
			r := withPrinter(t)
			p, id := r.onPaper(t)
			var words []bool
			r.env.Service.Over = func(_ context.Context, _ rx.ID, word bool) error {
				if words = append(words, word); word {
					return nil
				}
				return refused
			}
			r.made(t)
			r.done("open", rx.Fault("print-open", "printer", "cabinet"), nil)
			p.reprint(id)
			r.settle()
			r.done("", nil, rx.Fault(ended, "where", "CUPS", "file", "x.json"))
			if copies := r.store.items[0].Sheet().Copies; len(r.saved) != 0 || copies != 1 || !slices.Equal(words, []bool{false}) {
				t.Errorf("files %v, %d copies, asked %v", r.saved, copies, words)
			}
			if strings.Contains(r.said(), "[Ouvrir]") || !r.prints.mayCome(id) {
				t.Errorf("told: %s", r.said())
			}
			r.press(t, "J'ai en main ce qui est sorti : imprimer quand même")
			r.done("", nil, rx.Fault(ended, "where", "CUPS", "file", "x.json"))
			if copies := r.store.items[0].Sheet().Copies; len(r.saved) != 1 || copies != 2 || !slices.Equal(words, []bool{false, true}) {
				t.Errorf("files %v, %d copies, asked %v", r.saved, copies, words)
			}
		})
	}
}

// writing is an order of one line that is not issued yet.
func writing(t *testing.T, b *bench) *Prescribe {
	t.Helper()
	p := NewPrescribe(b.env)
	pick(t, b, p, "85.07.30-034.27")
	write(t, b, p, "azithro", "1", "1", "3")
	return p
}
