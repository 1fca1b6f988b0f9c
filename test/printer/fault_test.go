//go:build linux

package printer

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/app/printing"
	"relais/app/rx"
)

// hearing is what was told while a document was printed.
type hearing []printing.Status

func (h hearing) of(code rx.Code) bool {
	return slices.ContainsFunc(h, func(s printing.Status) bool {
		return slices.ContainsFunc(s.Obstacles, func(o printing.Obstacle) bool { return o.Code == code })
	})
}

// print prints a document and gives what was told; each change also goes to do.
func print(t *testing.T, desk *printing.Desk, doc printing.Document, do func(printing.Status)) (printing.Result, hearing) {
	t.Helper()
	var h hearing
	r, err := desk.Print(context.Background(), doc, false, func(s printing.Status) {
		h = append(h, s)
		if do != nil {
			do(s)
		}
	})
	check(t, err)
	return r, h
}

// quiet waits long enough for a sheet that should not come out.
func quiet(t *testing.T, d *device) {
	t.Helper()
	time.Sleep(3 * time.Second)
	if n := len(d.printed()); n != 0 {
		t.Errorf("%d sheets came out of %s, want none", n, d.name)
	}
}

func want(t *testing.T, r printing.Result, sheet printing.Sheet, code rx.Code) {
	t.Helper()
	if got := rx.Code(""); r.Fault != nil {
		got = r.Fault.Code
		if r.Sheet != sheet || got != code {
			t.Errorf("sheet %s, %s; want %s, %s (%+v)", r.Sheet, got, sheet, code, r)
		}
	} else if r.Sheet != sheet || code != "" {
		t.Errorf("sheet %s without a fault; want %s, %s (%+v)", r.Sheet, sheet, code, r)
	}
}

// A printer that is off: told at once, cancelled in time; nothing comes out when it is
// switched on again.
func TestPrinterOff(t *testing.T) {
	t.Parallel()
	l := start(t)
	for _, model := range []string{"raw", "everywhere"} {
		d := l.printer("off-"+model, model)
		d.end()
		r, h := print(t, l.desk(l.spooler(), short), document(t, d.name), nil)
		want(t, r, printing.MaybeSheet, printing.CodeLate)
		if !h.of(printing.CodeOffline) {
			t.Errorf("%s: not told that the printer does not answer: %+v", model, h)
		}
		d.on()
		quiet(t, d)
	}
	l.nothingKept(t)
}

func TestQueuePaused(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	l.admin("cupsdisable", "lab")
	if _, err := l.desk(l.spooler(), short).Print(context.Background(), document(t, "lab"), false, nil); rx.CodeOf(err) != printing.CodePaused {
		t.Errorf("a paused queue: %v", err)
	}
	l.admin("cupsenable", "lab")
	l.admin("cupsreject", "lab")
	if _, err := l.desk(l.spooler(), short).Print(context.Background(), document(t, "lab"), false, nil); rx.CodeOf(err) != printing.CodeRejecting {
		t.Errorf("a closed queue: %v", err)
	}
	l.nothingKept(t)
	quiet(t, d)
}

// between calls do between the making of the job and its document.
type between struct {
	*printing.Spooler
	do func()
}

func (b between) Send(ctx context.Context, j printing.Job, pdf []byte) error {
	b.do()
	return b.Spooler.Send(ctx, j, pdf)
}

// The queue is paused when the job is there already.
func TestQueuePausedMeanwhile(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	desk := l.desk(l.spooler(), short)
	desk.Queue = between{l.spooler(), func() { l.admin("cupsdisable", "lab") }}
	r, h := print(t, desk, document(t, "lab"), nil)
	want(t, r, printing.NoSheet, printing.CodeLate)
	if !h.of(printing.CodePaused) {
		t.Errorf("not told that the queue is paused: %+v", h)
	}
	l.admin("cupsenable", "lab")
	quiet(t, d)
	l.nothingKept(t)
}

// A queue that holds all jobs, and a person who holds ours.
func TestJobHeld(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	l.admin("lpadmin", "-p", "lab", "-o", "job-hold-until-default=indefinite")
	r, h := print(t, l.desk(l.spooler(), short), document(t, "lab"), nil)
	want(t, r, printing.NoSheet, printing.CodeLate)
	if !h.of(printing.CodeHeld) {
		t.Errorf("not told that the job is held: %+v", h)
	}
	quiet(t, d)
	l.nothingKept(t)

	l.admin("lpadmin", "-p", "lab", "-o", "job-hold-until-default=no-hold")
	d.does("sleep 1.5")
	ours, step := "", 0
	l.stranger(t, "lab") // keeps the printer busy, so that ours waits
	r, h = print(t, l.desk(l.spooler(), printing.Usual), document(t, "lab"), func(s printing.Status) {
		switch {
		case s.State == printing.Pending && step == 0:
			step, ours = 1, strconv.Itoa(l.lastJob(t))
			l.admin("lp", "-i", ours, "-H", "hold")
		case s.State == printing.Held && step == 1:
			step = 2
			l.admin("lp", "-i", ours, "-H", "resume")
		}
	})
	want(t, r, printing.SentSheet, "")
	if step != 2 || !h.of(printing.CodeHeld) || len(d.printed()) != 2 {
		t.Errorf("held by a person, released: %d sheets, heard %+v", len(d.printed()), h)
	}
}

// stranger prints something that is not ours.
func (l *lab) stranger(t *testing.T, printer string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "other.pdf")
	write(t, file, pdf(t, samples(t)[3].pages))
	l.admin("lp", "-d", printer, file)
}

// lastJob is the number of the last job of the spooler.
func (l *lab) lastJob(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(l.dir, "spool", "c*"))
	check(t, err)
	if len(files) == 0 {
		t.Fatal("no job in the spool")
	}
	n, err := strconv.Atoi(strings.TrimLeft(filepath.Base(slices.Max(files)), "c0"))
	check(t, err)
	return n
}

// Out of paper: told; the sheet comes out when there is paper again.
func TestOutOfPaper(t *testing.T) {
	t.Parallel()
	l := start(t)
	for _, c := range []struct {
		reason string
		code   rx.Code
	}{
		{"media-empty-error", printing.CodeMediaEmpty}, {"media-needed-error", printing.CodeMediaNeeded}, {"media-jam-error", printing.CodeJam},
		{"toner-empty-error", printing.CodeNoToner}, {"cover-open-error", printing.CodeOpen},
	} {
		d := l.printer(c.reason, "raw")
		again := filepath.Join(l.dir, "again-"+c.reason)
		d.does(`echo "STATE: +` + c.reason + `" >&2; while [ ! -e "` + again + `" ]; do sleep 0.05; done; echo "STATE: -` + c.reason + `" >&2`)
		w := printing.Usual
		w.Finish = 20 * time.Second
		r, h := print(t, l.desk(l.spooler(), w), document(t, d.name), func(s printing.Status) {
			if (hearing{s}).of(c.code) {
				l.write(filepath.Base(again), nil)
			}
		})
		want(t, r, printing.SentSheet, "")
		if !h.of(c.code) || len(d.printed()) != 1 {
			t.Errorf("%s: %d sheets, heard %+v", c.reason, len(d.printed()), h)
		}
	}
}

// Out of paper for good: cancelled in time, verified, and nothing comes out with new paper.
func TestOutOfPaperTooLong(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	again := filepath.Join(l.dir, "again")
	d.does(`echo "STATE: +media-empty-error" >&2; while [ ! -e "` + again + `" ]; do sleep 0.05; done; exit 1`)
	r, h := print(t, l.desk(l.spooler(), short), document(t, "lab"), nil)
	want(t, r, printing.MaybeSheet, printing.CodeLate)
	if !h.of(printing.CodeMediaEmpty) || !slices.ContainsFunc(r.Obstacles, func(o printing.Obstacle) bool { return o.Code == printing.CodeMediaEmpty }) {
		t.Errorf("why is not told: %+v, heard %+v", r, h)
	}
	l.write("again", nil)
	quiet(t, d)
	l.nothingKept(t)
}

// A document that no filter understands: CUPS stops the job and does nothing more. Now and then it does not notice that
// its filter gave up, lets an empty page out and calls that completed (2.4.2): then it is asked again.
func TestStopped(t *testing.T) {
	t.Parallel()
	l := start(t)
	for try := range 6 {
		d := l.printer("lab"+strconv.Itoa(try), "everywhere")
		doc := made(printing.Proof, d.name, []byte("%PDF-1.4\nno more than this: /MediaBox [0 0 595.28 841.89]\n"), newID(t))
		r, h := print(t, l.desk(l.spooler(), short), doc, nil)
		if r.Sheet == printing.SentSheet && len(d.printed()) == 1 {
			continue
		}
		want(t, r, printing.MaybeSheet, printing.CodeLate)
		if !h.of(printing.CodeTrouble) {
			t.Errorf("not told that the job is stopped: %+v", h)
		}
		quiet(t, d)
		l.nothingKept(t)
		return
	}
	t.Error("the spooler stops no job")
}

// A queue that gives a job up when the printer does not answer.
func TestAborted(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	l.admin("lpadmin", "-p", "lab", "-v", "ipp://localhost:"+d.port+"/ipp/print?contimeout=1", "-o", "printer-error-policy=abort-job")
	d.end()
	r, _ := print(t, l.desk(l.spooler(), printing.Usual), document(t, "lab"), nil)
	want(t, r, printing.MaybeSheet, printing.CodeAborted)
	d.on()
	quiet(t, d)
	l.nothingKept(t)
}

// The printer takes the bytes and gives up. CUPS 2.4.2 calls that completed: why the
// doctor is asked whether the sheet came out, whatever the spooler tells.
func TestPrinterGivesUp(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	d.does("sleep 1; exit 1")
	l.admin("lpadmin", "-p", "lab", "-o", "printer-error-policy=abort-job")
	r, h := print(t, l.desk(l.spooler(), short), document(t, "lab"), nil)
	t.Logf("%+v heard %+v", r, h)
	if r.Sheet != printing.SentSheet && r.Sheet != printing.MaybeSheet {
		t.Errorf("%+v", r)
	}
	quiet(t, d)
	l.nothingKept(t)
}

// The doctor cancels while the printer prints; and somebody at the queue does.
func TestCancelled(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	d.does("sleep 3; exit 1")
	ctx, cancel := context.WithCancel(context.Background())
	r, err := l.desk(l.spooler(), printing.Usual).Print(ctx, document(t, "lab"), false, func(s printing.Status) {
		if s.Began {
			cancel()
		}
	})
	check(t, err)
	want(t, r, printing.MaybeSheet, printing.CodeCancelled)
	l.nothingKept(t)
	d.end() // its simulated sheet
	d.on()

	done := false
	r, _ = print(t, l.desk(l.spooler(), printing.Usual), document(t, "lab"), func(s printing.Status) {
		if s.Began && !done {
			done = true
			l.admin("cancel", "-a", "lab")
		}
	})
	want(t, r, printing.MaybeSheet, printing.CodeCancelled)
	quiet(t, d)
	l.nothingKept(t)
}

// The spooler is killed while the printer prints, and comes back in time: CUPS prints
// the job anew, so that two sheets come out. The doctor is told.
func TestSpoolerRestarted(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	d.does("sleep 2")
	killed := false
	r, h := print(t, l.desk(l.spooler(), printing.Usual), document(t, "lab"), func(s printing.Status) {
		if s.Began && !killed {
			killed = true
			time.Sleep(500 * time.Millisecond) // the printer has begun
			l.daemon.end()
		}
		if (hearing{s}).of(printing.CodeLost) {
			check(t, os.Remove(l.socket()))
			l.startDaemon()
		}
	})
	want(t, r, printing.SentSheet, printing.CodeTwice)
	if !h.of(printing.CodeLost) {
		t.Errorf("not told that the spooler was away: %+v", h)
	}
	if n := len(d.printed()); n != 2 {
		t.Errorf("%d sheets: if CUPS no longer prints again after a restart, the warning can go", n)
	}
	l.nothingKept(t)
}

// judge compares what was told with what came out.
func (l *lab) judge(t *testing.T, r printing.Result, d *device) {
	t.Helper()
	n := len(d.printed())
	switch r.Sheet {
	case printing.NoSheet:
		quiet(t, d)
	case printing.SentSheet:
		if n == 0 {
			t.Errorf("told that it was printed, and nothing came out: %+v", r)
		}
	case printing.OpenSheet:
		if len(l.notes(t)) == 0 {
			t.Error("an open job without a note")
		}
	}
}

// The spooler is killed and stays away: the job stays open, a reprint is refused until
// the spooler has answered for it, and the restart does not print by itself what was
// cancelled meanwhile.
func TestSpoolerAway(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	d.end() // off: the job waits
	desk, doc := l.desk(l.spooler(), short), document(t, "lab")
	killed := false
	r, _ := print(t, desk, doc, func(s printing.Status) {
		if s.Began && !killed {
			killed = true
			l.daemon.end()
		}
	})
	want(t, r, printing.OpenSheet, printing.CodeOpenJob)
	if len(l.notes(t)) != 1 {
		t.Fatalf("notes: %v", l.notes(t))
	}
	if _, err := desk.Print(context.Background(), doc, false, nil); rx.CodeOf(err) != printing.CodeOpenJob {
		t.Errorf("a reprint with an open job: %v", err)
	}
	if _, err := desk.Print(context.Background(), document(t, "lab"), false, nil); rx.CodeOf(err) != printing.CodeNoSpooler {
		t.Errorf("another document: %v", err)
	}
	check(t, os.Remove(l.socket()))
	l.startDaemon()
	left, err := desk.Recover(context.Background())
	check(t, err)
	if len(left) != 1 || left[0].Sheet == printing.OpenSheet || left[0].Sheet == printing.SentSheet {
		t.Fatalf("left: %+v", left)
	}
	d.on()
	quiet(t, d)
	l.nothingKept(t)
	r, _ = print(t, l.desk(l.spooler(), printing.Usual), doc, nil) // the printer may be tried again only after a while
	want(t, r, printing.SentSheet, "")
}

// No spooler at all.
func TestNoSpooler(t *testing.T) {
	t.Parallel()
	l := &lab{t: t, dir: t.TempDir()}
	for _, a := range []printing.Address{{Network: "unix", Name: filepath.Join(l.dir, "none")}, {Network: "tcp", Name: "127.0.0.1:" + freePort(t)}} {
		desk := l.desk(l.spoolerAt(a, "somebody"), short)
		if _, err := desk.Print(context.Background(), document(t, ""), false, nil); rx.CodeOf(err) != printing.CodeNoSpooler {
			t.Errorf("%v: %v", a, err)
		}
	}
	l.nothingKept(t)
}

// The spooler hangs: before the job is made nothing was handed over; between job and
// document the job is open, and ends as told once the spooler goes on.
func TestSpoolerHangs(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	l.daemon.pause()
	if _, err := l.desk(l.spooler(), short).Print(context.Background(), document(t, "lab"), false, nil); rx.CodeOf(err) != printing.CodeSilent {
		t.Errorf("hanging before the job: %v", err)
	}
	l.daemon.resume()
	quiet(t, d)

	desk, doc := l.desk(l.spooler(), short), document(t, "lab")
	desk.Queue = between{l.spooler(), l.daemon.pause}
	r, err := desk.Print(context.Background(), doc, false, nil)
	check(t, err)
	want(t, r, printing.OpenSheet, printing.CodeOpenJob)
	l.daemon.resume()
	left, err := l.desk(l.spooler(), short).Recover(context.Background())
	check(t, err)
	if len(left) != 1 {
		t.Fatalf("left: %+v", left)
	}
	before := len(d.printed())
	l.judge(t, left[0], d)
	time.Sleep(2 * time.Second)
	if after := len(d.printed()); after != before && left[0].Sheet != printing.MaybeSheet {
		t.Errorf("%d sheets, then %d, though told %+v", before, after, left[0])
	}
	l.nothingKept(t)
}

// What the rule of the open job rests on: a document that reaches a cancelled job is not printed.
func TestDocumentAfterCancel(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	s, ctx := l.spooler(), context.Background()
	p, err := s.Printer(ctx, "lab")
	check(t, err)
	j, err := s.Create(ctx, p, "relais-test", "iso_a4_210x297mm", "", 21000, 29700)
	check(t, err)
	check(t, s.Cancel(ctx, j))
	_ = s.Send(ctx, j, pdf(t, samples(t)[0].pages)) // CUPS 2.4 accepts it, and keeps the job cancelled
	if now, err := s.State(ctx, j); err != nil || now.State != printing.Cancelled || now.Sheet() != printing.NoSheet {
		t.Errorf("%+v, %v", now, err)
	}
	quiet(t, d)
}

// A job of another account is neither seen nor cancelled, whatever its number.
func TestJobsOfOthers(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("lab", "raw")
	d.end()
	ctx := context.Background()
	mine, other := l.spooler(), l.spoolerAt(printing.Address{Network: "unix", Name: l.socket()}, "somebody-else")
	p, err := mine.Printer(ctx, "lab")
	check(t, err)
	j, err := mine.Create(ctx, p, "relais-test", "iso_a4_210x297mm", "", 21000, 29700)
	check(t, err)
	check(t, mine.Send(ctx, j, pdf(t, samples(t)[0].pages)))
	if now, err := other.State(ctx, j); err != nil || now.State != printing.Vanished {
		t.Errorf("seen by another: %+v, %v", now, err)
	}
	if err := other.Cancel(ctx, j); rx.CodeOf(err) != printing.CodeNotAllowed {
		t.Errorf("cancelled by another: %v", err)
	}
	renamed := j
	renamed.Name = "relais-else" // the number of a spooler that began anew
	if now, err := mine.State(ctx, renamed); err != nil || now.State != printing.Vanished {
		t.Errorf("another job of that number: %+v, %v", now, err)
	}
	if now, err := mine.State(ctx, j); err != nil || now.Over() {
		t.Errorf("our own: %+v, %v", now, err)
	}
	check(t, mine.Cancel(ctx, j))
}
