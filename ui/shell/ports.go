package shell

import (
	"context"
	"time"

	"relais/app/documents"
	"relais/app/prescribing"
	"relais/app/rx"
)

// House is the data directory that the window stands in front of, still locked. Its types are of the domain, the
// documents and the standard library alone, so that whoever fills it need not know the window.
type House interface {
	// FirstStart tells that there is no data directory yet: before anything else the window asks what the doctor wants.
	FirstStart() bool

	// Try goes to the demonstration; afterwards this is no first start any more, but the demonstration's house. It may
	// take seconds, so it is called from a goroutine. Faults: those of the data directory.
	Try(ctx context.Context) error

	// Working is why real work cannot begin yet (profile-not-ready: what is missing); nil when it can.
	Working() error

	// DemoPassphrase opens the demonstration's directory and is shown on its lock screen; "" everywhere else.
	DemoPassphrase() string

	// Simulated tells that all services of the directory are simulated: banner and border on every screen.
	Simulated() bool

	// Language is that of the screen before anything can be read: the system's when it is one of rx.Langs.
	Language() rx.Lang

	// Face is the language and the look that the doctor chose last in this directory, kept in the clear beside what is
	// sealed: lang "" and text (percent) 0 where nothing is kept, or what is kept cannot be read.
	Face() (lang rx.Lang, dark bool, text int)

	// KeepFace keeps them. Faults: those of the disk.
	KeepFace(lang rx.Lang, dark bool, text int) error

	// Unlock opens the directory, takes the lock of its one window and starts what works behind the window: the
	// engine (as soon as no other process sends) and the look-out for changes. passphrase is wiped. It takes about a
	// second, so it is called from a goroutine. Faults: wrong-passphrase, passphrase-wait (seconds), window-busy and
	// those of the data directory. After a fault it may be called again.
	Unlock(ctx context.Context, passphrase []byte) (Desk, error)

	// UnlockReadOnly opens what can be read of a directory that Unlock cannot open for work: damaged, on a disk that is
	// full or cannot be written, or of a newer version. Not a byte is written in it, and nothing leaves. passphrase is
	// wiped. It may take seconds.
	UnlockReadOnly(ctx context.Context, passphrase []byte) (Desk, error)

	// Drill opens a practice of its own for an exercise: invented, simulated and new, in a directory that closing the desk
	// removes. Nothing of this house is read or written, and it may be locked. It may take seconds.
	Drill(ctx context.Context) (Desk, error)
}

// Desk is the open directory. All its methods may be called from any goroutine.
type Desk interface {
	// Service is the use cases, the same one at each call.
	Service() *prescribing.Service

	// Watch tells of changes by whichever process, until ctx ends: first at once with no ids, then after each change
	// with the prescriptions that it touched, and with no ids when what Seen or Fault says has changed.
	Watch(ctx context.Context, changed func([]rx.ID)) error

	// Seen is what the last calls said of a service: whether the last one got an answer, since when that is so (zero:
	// never called), the last answer, the failures since the last answer and the class of the last one.
	Seen(s rx.Service) (reached bool, since, answered time.Time, failures int, why string)

	// Next is when something is tried again at the latest; zero while this process does not send.
	Next() time.Time

	// Fault is why this process's engine stopped or the last of its writes failed, nil while it works; engine-busy
	// when another process sends in its place.
	Fault() error

	// Retry is the doctor's wish to try at once what waits for a service that did not answer. It may be wished at any
	// time, and is granted each ten seconds at most; nothing happens while another process sends.
	Retry()

	// Weather is what the simulated services do now, one of Weathers; "" where services are real.
	Weather() string

	// SetWeather changes that at once; only-simulated where services are real.
	SetWeather(ctx context.Context, kind string) error

	// SavePDF keeps a document for its printing, readable by the doctor's account alone, and tells where. name has no
	// patient in it and no folder, and ends in .pdf; a file of that name is never replaced.
	SavePDF(name string, pdf []byte) (path string, err error)

	// Print hands a document to the printer of its kind (proof, form, report, test) and follows it to its end, which is a
	// minute away at most; of are the prescriptions on it. err says that nothing was handed over and nothing will be printed;
	// else sheet is sent, none, maybe or open, and told what a person should know besides. document is called once, when the
	// printer is there and takes jobs. Before a job that is not known to be over without a sheet nothing of the same is
	// printed (print-open, print-left-done, print-left-maybe), but on the doctor's word. When ctx ends the job is cancelled
	// at the spooler, and LeftPrints tells of it.
	Print(ctx context.Context, kind string, of []rx.ID, word bool, document func(context.Context) ([]byte, error),
		heard func(printer, state string, obstacles []error)) (printer, sheet string, told, err error)

	// LeftPrints tells of each job that an earlier window left, or whose end nobody heard of; those that are not over are
	// cancelled. Nothing is printed. One that is over is told again each time, until SawPrint of its id; one that is not has none.
	LeftPrints(ctx context.Context, tell func(id rx.ID, of []rx.ID, sheet string, told error)) error

	// SawPrint forgets how a job ended that LeftPrints told of.
	SawPrint(ctx context.Context, id rx.ID) error

	// DrawSheet and DrawProof lay out the paper prescription, and the proof, of items as they would be printed; nothing is made,
	// counted or claimed.
	DrawSheet(ctx context.Context, items []rx.Item) (documents.Document, error)
	DrawProof(ctx context.Context, items []rx.Item) (documents.Document, error)

	// Printers tells of each printer of this computer: its name, what the person called it, whether it is the usual one, and
	// its trays.
	Printers(ctx context.Context, each func(name, info string, usual bool, trays []string)) error

	// PrintsOn is where documents of a kind go; printer "" is the usual one, tray "" the printer's choice.
	PrintsOn(ctx context.Context, kind string) (printer, tray string, err error)

	// SetPrintsOn keeps that; a printer that is not there, or has no such tray, is refused.
	SetPrintsOn(ctx context.Context, kind, printer, tray string) error

	// ReadingOnly tells that it is open for reading only, with how many of how many prescriptions are sound and how many
	// of the last lines of its journal are gone, so that what they told of is missing or older; then everything that would
	// write answers reading-only.
	ReadingOnly() (yes bool, sound, all, ends int)

	// Export writes what is sound into a new folder of the doctor's, and tells where; only of one open for reading.
	Export(ctx context.Context) (dir string, err error)

	// Close stops what Unlock started, gives back the locks and forgets the keys.
	Close(ctx context.Context) error
}

// Weathers are the kinds of weather of a simulated directory: all well; every connection refused; every prescription
// that is sent without an answer, and not processed; every one processed, and its answer dropped.
var Weathers = []string{"fair", "down", "hang", "drop"}
