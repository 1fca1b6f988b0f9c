package printing

import (
	"context"
	"slices"
	"strconv"

	"github.com/OpenPrinting/goipp"

	"relais/app/rx"
)

// State of a job (RFC 8011, section 5.3.7), in the words of IPP.
type State string

// The states. A vanished job is one that the spooler does not know, or whose number
// it has given to another one.
const (
	Pending    State = "pending"
	Held       State = "held"
	Processing State = "processing"
	Stopped    State = "stopped"
	Cancelled  State = "cancelled"
	Aborted    State = "aborted"
	Completed  State = "completed"
	Vanished   State = "vanished"
)

var jobStates = map[int]State{3: Pending, 4: Held, 5: Processing, 6: Stopped, 7: Cancelled, 8: Aborted, 9: Completed}

// Status is where a job stands.
type Status struct {
	Printer   string
	State     State
	Began     bool       // the spooler has begun to send it to the printer
	Since     int        // when it last did, by the spooler's clock in seconds: a job that is begun again may come out twice
	Stopping  bool       // cancelled, and what sends it to the printer has not ended yet
	Obstacles []Obstacle // of the job and of its printer, most telling first
}

// Over tells that the spooler does nothing more for the job.
func (s Status) Over() bool {
	switch s.State {
	case Cancelled, Aborted:
		return !s.Stopping
	case Completed, Vanished:
		return true
	}
	return false
}

// Sheet is what can be said of the paper of a job.
type Sheet string

const (
	NoSheet    Sheet = "none"  // nothing of it was sent to the printer, and nothing will be
	MaybeSheet Sheet = "maybe" // a sheet, or a part of one, may have come out; nothing more will
	SentSheet  Sheet = "sent"  // the printer took all of it
	OpenSheet  Sheet = "open"  // the sheet may still come out
)

// Sheet tells what a status means for the paper.
func (s Status) Sheet() Sheet {
	switch {
	case !s.Over():
		return OpenSheet
	case s.State == Completed:
		return SentSheet
	case s.State == Vanished, s.Began:
		return MaybeSheet
	}
	return NoSheet
}

// Job names a job of the spooler.
type Job struct {
	Server  string `json:"server"`
	Printer string `json:"printer"`
	Number  int    `json:"number"`
	Name    string `json:"name"` // by which it is known to be ours: numbers begin anew with a new spooler
}

// Create makes a job without a document: nothing is printed before Send. name must say
// nothing about a patient. The page is printed as it is, on one side, once, on paper
// of that name and size (0.01 mm), without banner pages.
func (s *Spooler) Create(ctx context.Context, p Printer, name, media, tray string, width, height int) (Job, error) {
	m := s.request(goipp.OpCreateJob, "printer-uri", p.path)
	m.Operation.Add(goipp.MakeAttribute("job-name", goipp.TagName, goipp.String(name)))
	for _, a := range jobAttributes(p, media, tray, width, height) {
		m.Job.Add(a)
	}
	answer, err := s.exchange(ctx, p.path, m, nil)
	switch {
	case refused(err, goipp.StatusErrorNotFound):
		return Job{}, rx.Fault(CodeAbsent, "printer", p.Name)
	case refused(err, goipp.StatusErrorNotAcceptingJobs):
		return Job{}, rx.Fault(CodeRejecting, "printer", p.Name)
	case err != nil:
		return Job{}, err
	}
	n, ok := number(answer.Job, "job-id")
	if !ok || n <= 0 {
		return Job{}, rx.Fault(CodeGarbled)
	}
	return Job{Server: s.address.String(), Printer: p.Name, Number: n, Name: name}, nil
}

func jobAttributes(p Printer, media, tray string, width, height int) []goipp.Attribute {
	keyword := func(name, value string) goipp.Attribute {
		return goipp.MakeAttribute(name, goipp.TagKeyword, goipp.String(value))
	}
	attrs := []goipp.Attribute{
		goipp.MakeAttribute("copies", goipp.TagInteger, goipp.Integer(1)),
		goipp.MakeAttribute("job-sheets", goipp.TagName, goipp.String("none")),
		keyword("print-scaling", "none"),
		keyword("sides", "one-sided"),
	}
	if tray == "" || len(p.Trays) == 0 {
		return append(attrs, keyword("media", media))
	}
	if w, h, ok := mediaSize(media); ok {
		width, height = w, h
	}
	return append(attrs, goipp.MakeAttrCollection("media-col",
		goipp.MakeAttrCollection("media-size",
			goipp.MakeAttribute("x-dimension", goipp.TagInteger, goipp.Integer(width)),
			goipp.MakeAttribute("y-dimension", goipp.TagInteger, goipp.Integer(height))),
		keyword("media-source", tray)))
}

// jobs is the resource of all jobs, whatever became of their printer.
const jobs = "/jobs/"

// aim makes a request about a job.
func (s *Spooler) aim(op goipp.Op, j Job) *goipp.Message {
	return s.request(op, "job-uri", jobs+strconv.Itoa(j.Number))
}

// Send gives a job its one document and lets it go. After an error the job may have
// the document or not: see State, or Cancel.
func (s *Spooler) Send(ctx context.Context, j Job, pdf []byte) error {
	m := s.aim(goipp.OpSendDocument, j)
	m.Operation.Add(goipp.MakeAttribute("document-format", goipp.TagMimeType, goipp.String("application/pdf")))
	m.Operation.Add(goipp.MakeAttribute("last-document", goipp.TagBoolean, goipp.Boolean(true)))
	_, err := s.exchange(ctx, jobs, m, pdf)
	return err
}

// State asks where a job stands.
func (s *Spooler) State(ctx context.Context, j Job) (Status, error) {
	m := s.aim(goipp.OpGetJobAttributes, j)
	wanted(m, "job-name", "job-state", "job-state-reasons", "time-at-processing", "job-printer-state-reasons", "job-printer-state-message")
	answer, err := s.exchange(ctx, jobs, m, nil)
	if refused(err, goipp.StatusErrorNotFound) {
		return Status{Printer: j.Printer, State: Vanished}, nil
	}
	if err != nil {
		return Status{}, err
	}
	code, _ := number(answer.Job, "job-state")
	state, ok := jobStates[code]
	if !ok {
		return Status{}, rx.Fault(CodeGarbled)
	}
	// Without a name the job belongs to another account: CUPS hides it.
	if text(answer.Job, "job-name") != j.Name {
		return Status{Printer: j.Printer, State: Vanished}, nil
	}
	why := texts(answer.Job, "job-state-reasons")
	status := Status{Printer: j.Printer, State: state}
	if !status.Over() { // CUPS does not always tell a waiting job why it waits
		if p, err := s.Printer(ctx, j.Printer); err == nil {
			why = append(why, p.reasons...)
		}
		why = append(why, texts(answer.Job, "job-printer-state-reasons")...)
		why = append(why, heardIn(text(answer.Job, "job-printer-state-message"))...)
		if status.Obstacles = obstacles(why...); state == Stopped && len(status.Obstacles) == 0 {
			status.Obstacles = []Obstacle{{CodeTrouble, "processing-stopped", true}}
		}
	}
	status.Since, status.Began = number(answer.Job, "time-at-processing")
	if status.Began && (state == Cancelled || state == Aborted) && slices.Contains(why, "processing-to-stop-point") {
		status.Stopping, err = s.stillSending(ctx, j)
	}
	return status, err
}

// stillSending tells whether a job that has just been cancelled may still be sent to
// the printer. CUPS 2.4 leaves "processing-to-stop-point" on jobs of which nothing runs,
// so its queue is asked: it is not over while the queue is busy with no other job.
func (s *Spooler) stillSending(ctx context.Context, j Job) (bool, error) {
	p, err := s.Printer(ctx, j.Printer)
	if rx.CodeOf(err) == CodeAbsent || rx.CodeOf(err) == CodeNoPrinters {
		return false, nil
	}
	if err != nil || !p.Busy {
		return false, err
	}
	m := s.request(goipp.OpGetJobs, "printer-uri", p.path)
	m.Operation.Add(goipp.MakeAttribute("which-jobs", goipp.TagKeyword, goipp.String("not-completed")))
	wanted(m, "job-id", "job-state")
	answer, err := s.exchange(ctx, p.path, m, nil)
	if err != nil {
		return false, err
	}
	for _, attrs := range groups(answer, goipp.TagJobGroup) {
		n, _ := number(attrs, "job-id")
		if code, _ := number(attrs, "job-state"); jobStates[code] == Processing && n != j.Number {
			return false, nil
		}
	}
	return true, nil
}

// Cancel wishes a job gone. That it is gone is for State to tell; a job that had
// already ended is no error.
func (s *Spooler) Cancel(ctx context.Context, j Job) error {
	m := s.aim(goipp.OpCancelJob, j)
	_, err := s.exchange(ctx, jobs, m, nil)
	if refused(err, goipp.StatusErrorNotPossible) || refused(err, goipp.StatusErrorNotFound) {
		return nil
	}
	return err
}

// Forget removes a job that has ended, with its file, from the spooler, which else
// keeps both for a day and would print it again when asked there. It may only be
// called after State told that the job is over: it would cancel it without a trace.
func (s *Spooler) Forget(ctx context.Context, j Job) error {
	m := s.aim(goipp.OpCancelJob, j)
	m.Operation.Add(goipp.MakeAttribute("purge-job", goipp.TagBoolean, goipp.Boolean(true)))
	_, err := s.exchange(ctx, jobs, m, nil)
	if refused(err, goipp.StatusErrorNotFound) {
		return nil
	}
	return err
}
