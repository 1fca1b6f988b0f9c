package wiring

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	ipp "relais/app/printing" // "printing" is a folder here
	"relais/app/rx"
)

// settingPrinting holds the Settings of app/printing: where documents of each kind go.
const settingPrinting = "printing"

// printJobs is the book of open print jobs. It holds ids alone, and is never part of a backup: its jobs are this computer's.
const printJobs = "print-jobs"

// spoolerPatience is how long one exchange with CUPS may take; it is on this computer.
const spoolerPatience = 5 * time.Second

// Printers are where documents of a directory are printed. Close them when nothing is printed any longer.
type Printers struct {
	*ipp.Desk
	Spooler *ipp.Spooler
}

// Close lets the connections to the spooler go.
func (p Printers) Close() { p.Spooler.Close() }

// Printers are those of the spooler that the environment names (CUPS_SERVER), or of this computer's own, under the name of the
// account. It speaks to nobody yet.
func (s *Session) Printers(ctx context.Context, getenv func(string) string) (Printers, error) {
	if s.report != nil {
		return Printers{}, rx.Fault(rx.CodeReadingOnly)
	}
	address, err := ipp.Locate(getenv, func(path string) bool { _, err := os.Stat(path); return err == nil })
	if err != nil {
		return Printers{}, err
	}
	settings, err := s.PrintSettings(ctx)
	if err != nil {
		return Printers{}, err
	}
	spooler := ipp.NewSpooler(address, account(getenv), spoolerPatience, new(net.Dialer).DialContext)
	return Printers{Spooler: spooler, Desk: &ipp.Desk{Queue: spooler, Book: s.book(), Settings: settings,
		Now: s.dir.Now, Wait: pause, Rand: s.dir.Rand, Waits: ipp.Usual}}, nil
}

// over brings the print jobs of a sheet to their end: see printing.Desk.Over. Without such a job nobody is asked. Where a note
// of some job cannot be read, the doctor's word stands in for what it would have told.
func (s *Session) over(ctx context.Context, id rx.ID, word bool) error {
	printer, err := s.book().Names([]rx.ID{id})
	switch {
	case err != nil && !word:
		return err
	case printer == "":
		return nil
	}
	if s.dir.Getenv == nil {
		err = rx.Fault(ipp.CodeNoSpooler, "where", "CUPS")
	}
	var printers Printers
	if err == nil {
		printers, err = s.Printers(ctx, s.dir.Getenv)
	}
	switch {
	case err != nil && word:
		return nil // the note stays: whoever asks the spooler next strikes it
	case err != nil:
		return rx.Fault(ipp.CodeMayCome, "printer", printer).Because(err)
	}
	defer printers.Close()
	return printers.Over(ctx, []rx.ID{id}, word)
}

// book is that of the open print jobs.
func (s *Session) book() ipp.Book { return ipp.NewBook(filepath.Join(s.dir.Data, printJobs)) }

// account is the name under which CUPS's own programs print here.
func account(getenv func(string) string) string {
	if name := getenv("CUPS_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username[strings.LastIndexByte(u.Username, '\\')+1:] // without the domain of Windows
	}
	return getenv("USER")
}

// pause waits until d has passed or ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-limited.Done()
	return ctx.Err()
}

// PrintSettings are where documents of each kind go; none is kept at first.
func (s *Session) PrintSettings(ctx context.Context) (settings ipp.Settings, err error) {
	b, err := s.db.Setting(ctx, settingPrinting)
	if rx.CodeOf(err) == rx.CodeNotFound {
		return ipp.Settings{}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &settings); err != nil {
		return nil, rx.Fault(rx.CodeDamaged, "table", "settings", "row", settingPrinting).Because(err)
	}
	return settings, nil
}

// SetPrinting keeps where documents of a kind go.
func (s *Session) SetPrinting(ctx context.Context, kind ipp.Kind, set ipp.Setting) error {
	settings, err := s.PrintSettings(ctx)
	if err != nil {
		return err
	}
	settings[kind] = set
	b, err := json.Marshal(settings)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return s.db.SetSetting(ctx, settingPrinting, b)
}

// Viewer opens documents in the system's viewer. Files that a killed run left are removed at once; close the viewer at the end.
func (d Directory) Viewer(getenv func(string) string) (*ipp.Viewer, error) {
	after := func(wait time.Duration, f func()) func() bool { return time.AfterFunc(wait, f).Stop }
	v := ipp.NewViewer(ipp.ViewBase(getenv, os.TempDir()), ipp.Opener(runtime.GOOS, viewerSoon), after, d.Now, d.Rand)
	return v, v.Sweep()
}

// viewerSoon is the time in which a viewer that cannot be opened says so.
const viewerSoon = 2 * time.Second
