//go:build linux

package printer

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"relais/app/printing"
	"relais/app/rx"
)

// moments at which the process that prints is killed.
const (
	beforeDocument = "before the document" // the job is made and noted
	afterDocument  = "after the document"  // the job waits or is being printed
)

const childLab, childMoment, childUser = "RELAIS_TEST_LAB", "RELAIS_TEST_MOMENT", "RELAIS_TEST_USER"

// TestMain lets this binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childLab); dir != "" {
		child(dir, os.Getenv(childMoment), os.Getenv(childUser))
		return
	}
	os.Exit(m.Run())
}

var killed = rx.ID("019aa000-0000-7000-8000-000000000001")

// child prints until the moment has come, says so and waits for its end.
func child(dir, moment, user string) {
	t := new(testing.T)
	l := &lab{t: t, dir: dir, user: user}
	reach := func(m string) {
		if m == moment {
			fmt.Println("reached")
			time.Sleep(time.Minute)
			os.Exit(3)
		}
	}
	desk := l.desk(l.spooler(), printing.Usual)
	desk.Queue = between{l.spooler(), func() { reach(beforeDocument) }}
	doc := document(t, "lab")
	doc.IDs = []rx.ID{killed}
	_, err := desk.Print(context.Background(), doc, false, func(printing.Status) { reach(afterDocument) })
	fmt.Println(err)
	os.Exit(4)
}

// A process that is killed while it prints: while it lives nobody else prints the same;
// at the next start its job is found, cancelled, and told, and nothing comes out.
func TestKilledWhilePrinting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		moment string
		sheet  printing.Sheet
		code   rx.Code
	}{
		{beforeDocument, printing.NoSheet, printing.CodeCancelled},
		{afterDocument, printing.MaybeSheet, printing.CodeLeftMaybe},
	} {
		t.Run(c.moment, func(t *testing.T) {
			l := start(t)
			d := l.printer("lab", "raw")
			d.end() // off, so that the job is still there
			l.killAt(t, c.moment)
			desk := l.desk(l.spooler(), short)
			left, err := desk.Recover(context.Background())
			check(t, err)
			if len(left) != 1 || len(left[0].Documents) != 1 || left[0].Documents[0] != killed {
				t.Fatalf("left: %+v", left)
			}
			want(t, left[0], c.sheet, c.code)
			d.on()
			quiet(t, d)
			l.nothingKept(t)
			if left, err = desk.Recover(context.Background()); err != nil || len(left) != 0 {
				t.Errorf("told twice: %+v, %v", left, err)
			}
		})
	}
}

// The killed process's job came out before the next start: the document is not
// printed again without a word.
func TestKilledAndPrinted(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	d.does("sleep 1")
	l.killAt(t, afterDocument)
	l.until("the sheet", func() bool { return len(d.printed()) == 1 })
	s, doc := l.spooler(), document(t, "lab")
	doc.IDs = []rx.ID{killed}
	l.until("the end of the job", func() bool { p, err := s.Printer(context.Background(), "lab"); return err == nil && !p.Busy })
	if _, err := l.desk(s, printing.Usual).Print(context.Background(), doc, false, nil); rx.CodeOf(err) != printing.CodeLeftOut {
		t.Errorf("printed again: %v", err)
	}
	if n := len(d.printed()); n != 1 {
		t.Errorf("%d sheets", n)
	}
	r, err := l.desk(s, printing.Usual).Print(context.Background(), doc, false, nil) // told; asked for again
	check(t, err)
	want(t, r, printing.SentSheet, "")
	l.nothingKept(t)
}

// killAt runs a process that prints and kills it at a moment.
func (l *lab) killAt(t *testing.T, moment string) {
	t.Helper()
	me, err := os.Executable()
	check(t, err)
	cmd := exec.Command(me) //nolint:gosec // this binary
	cmd.Env = append(os.Environ(), childLab+"="+l.dir, childMoment+"="+moment, childUser+"="+l.user)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "reached\n" {
		t.Errorf("the process said %q, %v", line, err)
	}
	doc := document(t, "lab")
	doc.IDs = []rx.ID{killed}
	if _, err := l.desk(l.spooler(), short).Print(context.Background(), doc, true, nil); rx.CodeOf(err) != printing.CodeRunning {
		t.Errorf("printed while another prints it: %v", err)
	}
	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
}
