package printing

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"relais/app/rx"
)

// Queue is what the desk needs of a spooler; Spooler is one.
type Queue interface {
	Printer(ctx context.Context, name string) (Printer, error)
	Create(ctx context.Context, p Printer, name, media, tray string, width, height int) (Job, error)
	Send(ctx context.Context, j Job, pdf []byte) error
	State(ctx context.Context, j Job) (Status, error)
	Cancel(ctx context.Context, j Job) error
	Forget(ctx context.Context, j Job) error
	Where() Address
}

// Desk prints documents, one job each, and keeps the rule of the open job: see Print.
type Desk struct {
	Queue    Queue
	Book     Book
	Settings Settings
	Now      func() time.Time
	Wait     func(ctx context.Context, d time.Duration) error // until d has passed or ctx ends, whose error it then gives
	Rand     io.Reader
	Waits    Waits
}

// Waits are the desk's times.
type Waits struct {
	Finish time.Duration // a job that is not over so long after it was handed over is cancelled
	Verify time.Duration // for so long it is asked whether the cancelled job is gone
	Poll   time.Duration // between two questions

	Remember time.Duration // so long an open job, whose spooler never answers, stays in the book
}

// Usual are the waits of the program: the 60 seconds are a guard against a sheet that
// comes out in the next patient's visit.
var Usual = Waits{Finish: 60 * time.Second, Verify: 10 * time.Second, Poll: 250 * time.Millisecond, Remember: 24 * time.Hour}

// Document is what is printed.
type Document struct {
	IDs  []rx.ID // the prescriptions on it, or an id of its own: the rule of the open job goes by them
	Kind Kind
	// Make gives the PDF, all of whose pages have one size. It is called once, when
	// the printer is there and takes jobs, so that a copy is counted only then.
	Make func(ctx context.Context) ([]byte, error)
	On   Setting // what is not empty of it stands in place of the kind's
}

// Result is how a job ended, or stands when nothing more could be done.
type Result struct {
	Documents []rx.ID
	Job       Job
	At        time.Time // when it was handed over
	Sheet     Sheet
	Fault     *rx.Error  // nil: the spooler tells that it was printed
	Obstacles []Obstacle // the last that were told of job and printer
	Kept      bool       // the spooler could not be brought to forget the job and its file
}

// Print hands a document over and follows it to its end. heard is told each change;
// it may be nil.
//
// An error means that nothing was handed over and nothing will be printed. After that
// the Result tells how it ended. When ctx ends, or the job is not over in time, it is
// cancelled at the spooler, and that it is gone is verified; a job of which this
// cannot be verified stays in the book.
//
// Of documents with a job in the book nothing is printed (CodeOpenJob, CodeLeftOut,
// CodeLeftMaybe) before that job, which is cancelled first, is known to be over without
// a sheet. word is the doctor's own: what came out, or may still come out, is in hand.
// An open job stays in the book even then.
func (d *Desk) Print(ctx context.Context, doc Document, word bool, heard func(Status)) (Result, error) {
	done, err := d.Book.take()
	if err != nil {
		return Result{}, err
	}
	note, pdf, err := d.handOver(ctx, doc, word)
	done()
	if err != nil {
		return Result{}, err
	}
	sent := d.Queue.Send(ctx, note.Job, pdf)
	last, cause := Status{}, rx.Fault(CodeCancelled, "printer", note.Job.Printer)
	if sent == nil {
		last, cause = d.follow(ctx, &note, heard)
	} else if ctx.Err() == nil {
		cause = faultOf(sent)
	}
	return d.finish(ctx, note, last, cause), nil
}

// handOver clears what is left of earlier jobs, makes the document and its job, and
// notes it. The book is taken meanwhile: no other process does the same.
func (d *Desk) handOver(ctx context.Context, doc Document, word bool) (note held, pdf []byte, err error) {
	if err := d.clearAbout(ctx, doc.IDs, word); err != nil {
		return held{}, nil, err
	}
	set := d.Settings[doc.Kind].with(doc.On)
	p, err := d.Queue.Printer(ctx, set.Printer)
	if err == nil {
		err = p.ready(set)
	}
	if err == nil {
		pdf, err = doc.Make(ctx)
	}
	if err != nil {
		return held{}, nil, err
	}
	width, height, err := pageSize(pdf)
	if err != nil {
		return held{}, nil, err
	}
	media, err := p.paper(set, width, height)
	if err != nil {
		return held{}, nil, err
	}
	id, err := rx.NewID(d.Now(), d.Rand)
	if err != nil {
		return held{}, nil, err
	}
	job, err := d.Queue.Create(ctx, p, "relais-"+string(id), media, set.Tray, width, height)
	if err != nil {
		return held{}, nil, err
	}
	note, err = d.Book.keep(Note{ID: id, Documents: doc.IDs, Kind: doc.Kind, Job: job, At: d.Now()})
	if err != nil { // the job has no document: this only tidies up
		return held{}, nil, errors.Join(err, d.Queue.Cancel(context.WithoutCancel(ctx), job))
	}
	return note, pdf, nil
}

// clearAbout ends the jobs that earlier runs left of documents. It fails unless each is
// known to be over without a sheet, or the doctor gives a word. It tells of a note that cannot be read, and so may be about any
// document: before anything else without a word, and last with one.
func (d *Desk) clearAbout(ctx context.Context, documents []rx.ID, word bool) error {
	left, elsewhere, unread := d.Book.left()
	if unread != nil && !word {
		release(left)
		return unread
	}
	if (Note{Documents: elsewhere}).about(documents) {
		release(left)
		return rx.Fault(CodeRunning)
	}
	for i, note := range left {
		if !note.about(documents) {
			release(left[i : i+1])
			continue
		}
		if r := d.clear(ctx, note); r.Sheet != NoSheet && !word {
			release(left[i+1:])
			return r.Fault
		}
	}
	return unread
}

// Over brings the jobs of documents to their end, for whoever is about to say that no sheet of them is left: it fails
// unless each is known to be over without one (CodeMayCome, CodeCame, CodeRunning), or the doctor gives a word as for Print,
// which here stands for a note that cannot be read as well (CodeBook). A job of which it tells CodeCame is told once: it is over.
func (d *Desk) Over(ctx context.Context, documents []rx.ID, word bool) error {
	done, err := d.Book.take()
	if err != nil {
		return err
	}
	defer done()
	err = d.clearAbout(ctx, documents, word)
	if word && rx.CodeOf(err) == CodeBook {
		return nil
	}
	if code, told := nothingDone[rx.CodeOf(err)]; told {
		return rx.Fault(code, "printer", faultOf(err).Args["printer"]).Because(err)
	}
	return err
}

// nothingDone are the answers of clearAbout, said of an act that is no printing.
var nothingDone = map[rx.Code]rx.Code{CodeOpenJob: CodeMayCome, CodeLeftOut: CodeCame, CodeLeftMaybe: CodeCame}

// clear finishes a job that an earlier run left, and says so.
func (d *Desk) clear(ctx context.Context, n held) Result {
	r := d.finish(ctx, n, Status{}, rx.Fault(CodeCancelled, "printer", n.Job.Printer))
	switch r.Sheet {
	case SentSheet:
		r.Fault = rx.Fault(CodeLeftOut, "printer", n.Job.Printer)
	case MaybeSheet:
		r.Fault = rx.Fault(CodeLeftMaybe, "printer", n.Job.Printer)
	}
	return r
}

// follow asks until the job is over, its time is up or ctx ends. cause is why a job
// that is not over must be cancelled.
func (d *Desk) follow(ctx context.Context, n *held, heard func(Status)) (last Status, cause *rx.Error) {
	late := rx.Fault(CodeLate, "printer", n.Job.Printer, "seconds", strconv.Itoa(int(d.Waits.Finish/time.Second)))
	for first := true; d.Now().Sub(n.At) < d.Waits.Finish; first = false {
		now, err := d.Queue.State(ctx, n.Job)
		if err != nil { // the job goes on without us
			now = last
			now.Printer = n.Job.Printer
			now.Obstacles = []Obstacle{{Code: CodeLost, Stops: true}}
		}
		n.twice = n.twice || last.Began && (now.Since != last.Since || rx.CodeOf(err) == CodeNoSpooler)
		if ctx.Err() == nil {
			if heard != nil && (first || !now.same(last)) {
				heard(now)
			}
			if last = now; err == nil && now.Over() {
				return last, nil
			}
			err = d.Wait(ctx, d.Waits.Poll)
		}
		if ctx.Err() != nil || errors.Is(err, context.Canceled) {
			return last, rx.Fault(CodeCancelled, "printer", n.Job.Printer)
		}
	}
	return last, late
}

// same tells that a person would see no difference.
func (s Status) same(t Status) bool {
	return s.State == t.State && s.Began == t.Began && s.Stopping == t.Stopping && slices.Equal(s.Obstacles, t.Obstacles)
}

// finish brings a job to its end: cancels it unless it is over, verifies that, forgets
// it at the spooler, strikes the note. It goes on when ctx has ended, for the times of
// the desk. last is what was known of the job, cause why it is cancelled.
func (d *Desk) finish(ctx context.Context, n held, last Status, cause *rx.Error) Result {
	ctx = context.WithoutCancel(ctx)
	r := Result{Documents: n.Documents, Job: n.Job, At: n.At, Obstacles: last.Obstacles}
	now, known := d.end(ctx, n)
	if len(now.Obstacles) > 0 {
		r.Obstacles = now.Obstacles
	}
	if !known {
		r.Sheet, r.Fault = OpenSheet, rx.Fault(CodeOpenJob, "printer", n.Job.Printer)
		release([]held{n})
		return r
	}
	now.Began = now.Began || last.Began
	r.Sheet = now.Sheet()
	switch {
	case now.State == Vanished:
		r.Fault = rx.Fault(CodeVanished, "printer", n.Job.Printer)
	case n.twice, last.Began && now.Since != last.Since:
		r.Fault = rx.Fault(CodeTwice, "printer", n.Job.Printer)
	case now.State == Completed:
	case now.State == Aborted:
		r.Fault = rx.Fault(CodeAborted, "printer", n.Job.Printer)
	case cause == nil: // cancelled by somebody else
		r.Fault = rx.Fault(CodeCancelled, "printer", n.Job.Printer)
	default:
		r.Fault = cause
	}
	r.Kept = now.State != Vanished && d.Queue.Forget(ctx, n.Job) != nil
	if err := d.Book.strike(n); err != nil && r.Fault == nil {
		r.Fault = faultOf(err) // the next print finds the note, asks for the job and strikes it
	}
	return r
}

// end gives the status in which a job is over, known false when that could not be
// seen in time. A job of another spooler than ours is never known.
func (d *Desk) end(ctx context.Context, n held) (last Status, known bool) {
	if n.Job.Server != d.Queue.Where().String() {
		return Status{}, false
	}
	began := false
	for start := d.Now(); ; {
		now, err := d.Queue.State(ctx, n.Job)
		if err == nil {
			began = began || now.Began
			now.Began = began
			if now.Over() {
				return now, true
			}
			last = now
			_ = d.Queue.Cancel(ctx, n.Job) // what came of it, State tells
		}
		if d.Now().Sub(start) >= d.Waits.Verify {
			return last, false
		}
		if d.Wait(ctx, d.Waits.Poll) != nil {
			return last, false
		}
	}
}

// Recover ends the jobs that an earlier run left: cancels those that are not over, and
// tells of each what can be said of its sheet. It prints nothing. Jobs that stay open
// stay in the book, until they are told for the last time when they are old. An error may stand beside results: of a note
// that cannot be read nothing is known.
func (d *Desk) Recover(ctx context.Context) ([]Result, error) {
	done, err := d.Book.take()
	if err != nil {
		return nil, err
	}
	left, _, err := d.Book.left()
	done()
	var results []Result
	for _, n := range left {
		r := d.clear(ctx, n)
		if r.Sheet == OpenSheet && d.Now().Sub(n.At) > d.Waits.Remember {
			err = errors.Join(err, d.Book.strike(n))
		}
		results = append(results, r)
	}
	return results, err
}

func faultOf(err error) *rx.Error {
	var fault *rx.Error
	if errors.As(err, &fault) {
		return fault
	}
	return rx.Fault(rx.CodeInternal).Because(err)
}
