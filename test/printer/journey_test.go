//go:build linux

package printer

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/app/cli"
	"relais/app/formats"
	"relais/sync/simulator/simtest"
)

// practice is the command line on a data directory, with the lab's spooler.
type practice struct {
	t   *testing.T
	lab *lab
	dir string
}

func (p practice) file(name string) string { return filepath.Join(p.dir, name) }

// relais runs one command line and reads its answer, unless out is nil.
func (p practice) relais(want cli.Exit, out any, args ...string) (stderr string) {
	p.t.Helper()
	env := map[string]string{"RELAIS_DATA": p.file("data"), "RELAIS_MARKS": p.file("marks"), "RELAIS_PASSPHRASE_FILE": p.file("passphrase"), "LANG": "fr_BE.UTF-8",
		"CUPS_SERVER": p.lab.socket(), "CUPS_USER": p.lab.user}
	var said, complained bytes.Buffer
	if out != nil {
		args = append([]string{"--json"}, args...)
	}
	exit := cli.Run(context.Background(), cli.System{Args: args, Stdin: strings.NewReader(""), Stdout: &said, Stderr: &complained,
		Getenv: func(name string) string { return env[name] }, Home: p.dir, Keys: simtest.Keys})
	if exit != want {
		p.t.Fatalf("relais %v: %d, want %d\n%s%s", args, exit, want, said.String(), complained.String())
	}
	if out != nil {
		check(p.t, json.Unmarshal(said.Bytes(), out))
	}
	return complained.String()
}

// The patient is in the room and Recip-e is not asked: to paper and to the printer in one
// command; out of paper; printed; what came out is said; then it cannot be printed again.
func TestJourneyToPaper(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("cabinet", "everywhere")
	p := practice{t, l, t.TempDir()}
	for name, text := range map[string]string{
		"passphrase": "une phrase d'essai\n",
		"practice.json": `{"prescriber": {"first_name": "Anne", "last_name": "Exemple", "nihii": "19999915004", "ssin": "79021802145", "qualification": "médecin généraliste"},
 "address": {"street": "Rue de la Démonstration", "number": "1", "zip": "5000", "city": "Namur"}, "phone": "081 00 00 00", "email": "demo@example.org",
 "region_language": "fr", "prescriber_64": false}`,
		"order.json": `{"id": "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11",
 "patient": {"ssin": "85073003427", "first_name": "Marie", "last_name": "Dupont", "birth_date": "1985-07-30", "sex": "female", "language": "fr"},
 "lines": [{"kind": "package", "cnk": "0318717", "quantity": 1, "posology": {"dose": "1", "unit": "capsule", "times_per_day": 3, "duration_days": 5}}]}`,
	} {
		write(t, p.file(name), []byte(text))
	}
	p.relais(cli.Done, nil, "init", "--practice", p.file("practice.json"))

	var printers formats.Printers
	p.relais(cli.Done, &printers, "printers", "use", "form", "--printer", "cabinet", "--tray", "main")
	if len(printers.Printers) != 1 || printers.Documents[1].Printer != "cabinet" || printers.Documents[1].Tray != "main" {
		t.Fatalf("%+v", printers)
	}
	if said := p.relais(cli.Failed, nil, "printers", "use", "form", "--printer", "cabinet", "--tray", "envelope"); !strings.Contains(said, "envelope") {
		t.Errorf("an unknown tray: %s", said)
	}

	var order formats.Prescribed
	p.relais(cli.Kept, &order, "prescribe", p.file("order.json"), "--wait", "0s")
	id := string(order.Prescriptions[0].ID)

	// The queue is paused: nothing is claimed, no copy is counted.
	l.admin("cupsdisable", "cabinet")
	if said := p.relais(cli.Failed, nil, "print", id, "--reason", "outage-recipe"); !strings.Contains(said, "en pause") {
		t.Errorf("paused: %s", said)
	}
	var shown formats.Shown
	p.relais(cli.Done, &shown, "show", id)
	if len(shown.Sheets) != 0 {
		t.Fatalf("claimed for a printer that takes nothing: %+v", shown.Sheets)
	}
	l.admin("cupsenable", "cabinet")

	// Out of paper, then not.
	d.does(`echo "STATE: +media-empty-error" >&2; sleep 3; echo "STATE: -media-empty-error" >&2`)
	var printed formats.Printed
	if said := p.relais(cli.Done, &printed, "print", id, "--reason", "outage-recipe"); !strings.Contains(said, "papier") {
		t.Errorf("out of paper is not told: %q", said)
	}
	if printed.Sheet != "sent" || printed.Document != "form" || printed.Printer != "cabinet" || printed.Reason != "" {
		t.Errorf("%+v", printed)
	}
	if duties := printed.Prescriptions[0].Duties; len(duties) == 0 || duties[0] != id+".confirm-print" {
		t.Errorf("the doctor is not asked whether it came out: %v", duties)
	}
	out := d.printed()
	if len(out) != 1 || !strings.Contains(words(t, out[0]), "Dupont") {
		t.Fatalf("%d sheets", len(out))
	}

	// Not again before somebody has looked; then as a further copy.
	p.relais(cli.Failed, nil, "print", id)
	d.does("")

	// A job that a killed run left and that the spooler has forgotten: some of it may lie at the printer, which is told once
	// before the sheet is said to be gone.
	const note = "019aa000-0000-7000-8000-00000000000a"
	left := p.file("data/print-jobs/" + note + ".json")
	write(t, left, []byte(`{"id": "`+note+`", "documents": ["`+id+`"], "kind": "form", "at": "2026-11-22T09:00:00Z",
 "job": {"server": "`+l.socket()+`", "printer": "cabinet", "number": 99, "name": "relais-left"}}`))
	if said := p.relais(cli.NeedsPerson, nil, "settle", id+".confirm-print", "--outcome", "not-out"); !strings.Contains(said, "elle est sortie") {
		t.Errorf("a job that ended without us: %s", said)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("its note stays: %v", err)
	}
	p.relais(cli.Done, nil, "settle", id+".confirm-print", "--outcome", "not-out")
	if said := p.relais(cli.Failed, nil, "print", id, "--media", "na_ledger_11x17in"); !strings.Contains(said, "na_ledger_11x17in") { // made, not handed over
		t.Errorf("a paper that the printer does not know: %s", said)
	}
	p.relais(cli.Done, &printed, "print", id)
	p.relais(cli.Done, &shown, "show", id)
	if len(shown.Sheets) != 1 || shown.Sheets[0].Copies != 3 || len(d.printed()) != 2 {
		t.Errorf("%+v, %d sheets", shown.Sheets, len(d.printed()))
	}
	p.relais(cli.Done, nil, "settle", id+".confirm-print", "--outcome", "out")
	p.relais(cli.Done, nil, "settle", id+".hand-over", "--outcome", "handed")
	p.relais(cli.Failed, nil, "print", id)
	p.relais(cli.Failed, nil, "print", id, "--again")

	// The proof of one that Recip-e has.
	text := strings.ReplaceAll(string(read(t, p.file("order.json"))), "7a11", "7a12")
	write(t, p.file("second.json"), []byte(text))
	p.relais(cli.Done, &order, "prescribe", p.file("second.json"), "--wait", "60s")
	p.relais(cli.Done, &printed, "print", string(order.Prescriptions[0].ID))
	if printed.Document != "proof" || printed.Sheet != "sent" {
		t.Errorf("%+v", printed)
	}
	if out := d.printed(); len(out) != 3 || !strings.Contains(words(t, out[2]), string(order.Prescriptions[0].RID)) {
		t.Errorf("%d sheets, the last without the RID %s", len(out), order.Prescriptions[0].RID)
	}

	// What is about no single prescription goes to the printer of its kind.
	for i, c := range []struct{ name, kind, word string }{{"list", "report", "Dupont"}, {"test", "test", "10"}, {"poster", "report", "preuve"}} {
		printed = formats.Printed{}
		p.relais(cli.Done, &printed, "print", c.name, "--printer", "cabinet")
		if printed.Document != c.kind || printed.Sheet != "sent" || len(printed.Prescriptions) != 0 {
			t.Errorf("%s: %+v", c.name, printed)
		}
		if out := d.printed(); len(out) != 4+i || !strings.Contains(words(t, out[3+i]), c.word) {
			t.Errorf("%s: %d documents, the last without %q", c.name, len(out), c.word)
		}
	}
	l.nothingKept(t)
	p.nothingPlain(t)
}

// The person stops the command while the printer has nothing to print on: cancelled,
// told, and the copy that does not exist is said not to.
func TestJourneyInterrupted(t *testing.T) {
	t.Parallel()
	l := start(t)
	l.printer("cabinet", "raw")
	l.admin("lpadmin", "-p", "cabinet", "-o", "job-hold-until-default=indefinite")
	p := practice{t, l, t.TempDir()}
	p.relais(cli.Done, nil, "--demo", "list")
	write(t, p.file("order.json"), []byte(`{"id": "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11",
 "patient": {"ssin": "85073003427", "first_name": "Marie", "last_name": "Dupont", "birth_date": "1985-07-30", "sex": "female", "language": "fr"},
 "lines": [{"kind": "package", "cnk": "0318717", "quantity": 1, "posology": {"dose": "1", "unit": "capsule", "times_per_day": 3, "duration_days": 5}}]}`))
	var order formats.Prescribed
	p.relais(cli.Kept, &order, "--demo", "prescribe", p.file("order.json"), "--wait", "0s")
	id := string(order.Prescriptions[0].ID)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	env := map[string]string{"RELAIS_MARKS": p.file("marks"), "CUPS_SERVER": l.socket(), "CUPS_USER": l.user, "LANG": "en_GB"}
	interrupted := func(args ...string) string {
		var said bytes.Buffer
		cli.Run(ctx, cli.System{Args: args, Stdout: &said, Stderr: io.Discard, Getenv: func(name string) string { return env[name] }, Home: p.dir, Keys: simtest.Keys})
		return said.String()
	}
	meanwhile := make(chan string, 1)
	go func() { // the sheet is redone while it is being printed; then Ctrl+C, a second after the document has reached the spooler
		for ctx.Err() == nil {
			if files, err := filepath.Glob(filepath.Join(l.dir, "spool", "d*")); err != nil || len(files) > 0 {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		meanwhile <- interrupted("--demo", "--json", "redo", id)
		cancel()
	}()
	var said, complained bytes.Buffer
	exit := cli.Run(ctx, cli.System{Args: []string{"--demo", "--json", "print", id, "--reason", "urgent"}, Stdout: &said, Stderr: &complained,
		Getenv: func(name string) string { return env[name] }, Home: p.dir, Keys: simtest.Keys})
	var printed formats.Printed
	check(t, json.Unmarshal(said.Bytes(), &printed))
	if exit != cli.Failed || printed.Sheet != "none" || printed.Reason != "print-cancelled" || !strings.Contains(complained.String(), "held") {
		t.Errorf("%d %+v %s", exit, printed, complained.String())
	}
	if said := <-meanwhile; !strings.Contains(said, `"print-running"`) {
		t.Errorf("redone while it was being printed: %s", said)
	}
	var shown formats.Shown
	p.relais(cli.Done, &shown, "--demo", "show", id)
	if len(shown.Sheets) != 1 || shown.Sheets[0].Destroyed != "" || shown.Sheets[0].Printed != "" || shown.Sheets[0].Copies != 1 {
		t.Errorf("%+v", shown.Sheets)
	}
	l.nothingKept(t)
	p.nothingPlain(t)
}

// nothingPlain finds a PDF or a patient's name in what the program wrote.
func (p practice) nothingPlain(t *testing.T) {
	t.Helper()
	check(t, filepath.WalkDir(p.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Dir(path) == p.dir {
			return err
		}
		raw := read(t, path)
		for _, mark := range []string{"%PDF-", "Dupont", "85073003427"} {
			if bytes.Contains(raw, []byte(mark)) && !strings.Contains(path, "world.db") {
				t.Errorf("%q in %s", mark, strings.TrimPrefix(path, p.dir))
			}
		}
		return nil
	}))
}
