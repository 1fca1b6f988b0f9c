package printing

import (
	"context"
	"slices"

	"github.com/OpenPrinting/goipp"

	"relais/app/rx"
)

// Printer is a queue of the spooler.
type Printer struct {
	Name      string
	Info      string // what the person called it
	Default   bool
	Accepting bool // takes jobs
	Paused    bool
	Busy      bool
	PDF       bool
	Obstacles []Obstacle
	Media     []string // papers that it knows, by their PWG names (PWG 5101.1)
	Loaded    []string // of those the ones that it says are loaded; it may be wrong
	Trays     []string

	path    string   // of its URI
	reasons []string // printer-state-reasons, "paused" among them when it is
}

// What makes a queue usable is asked for in every list.
var printerWanted = []string{"printer-name", "printer-info", "printer-type", "printer-state", "printer-state-reasons",
	"printer-is-accepting-jobs", "document-format-supported", "media-supported", "media-ready", "media-source-supported"}

// printer-type bits of CUPS.
const (
	typeClass   = 0x0001
	typeDefault = 0x20000
)

const statePrinterBusy, statePrinterStopped = 4, 5 // printer-state, RFC 8011, section 5.4.11

// Printers are the queues of the spooler, in its order; none is no error.
func (s *Spooler) Printers(ctx context.Context) ([]Printer, error) {
	m := s.request(goipp.OpCupsGetPrinters, "", "")
	wanted(m, printerWanted...)
	answer, err := s.exchange(ctx, "/", m, nil)
	if refused(err, goipp.StatusErrorNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Printer
	for _, attrs := range groups(answer, goipp.TagPrinterGroup) {
		if p := readPrinter(attrs); p.Name != "" {
			all = append(all, p)
		}
	}
	return all, nil
}

func readPrinter(attrs goipp.Attributes) Printer {
	kind, _ := number(attrs, "printer-type")
	state, _ := number(attrs, "printer-state")
	p := Printer{
		Name: text(attrs, "printer-name"), Info: text(attrs, "printer-info"), Default: kind&typeDefault != 0,
		Accepting: truth(attrs, "printer-is-accepting-jobs"), Paused: state == statePrinterStopped, Busy: state == statePrinterBusy,
		reasons: texts(attrs, "printer-state-reasons"),
		Media:   texts(attrs, "media-supported"), Loaded: texts(attrs, "media-ready"), Trays: texts(attrs, "media-source-supported"),
	}
	if p.Paused {
		p.reasons = append(p.reasons, "paused")
	}
	p.Obstacles = obstacles(p.reasons...)
	formats := texts(attrs, "document-format-supported")
	p.PDF = slices.Contains(formats, "application/pdf")
	p.path = "/printers/" + p.Name
	if kind&typeClass != 0 {
		p.path = "/classes/" + p.Name
	}
	return p
}

// Printer finds a queue by its name; without a name, the default one or the only one.
func (s *Spooler) Printer(ctx context.Context, name string) (Printer, error) {
	all, err := s.Printers(ctx)
	if err != nil {
		return Printer{}, err
	}
	i := slices.IndexFunc(all, func(p Printer) bool { return p.Name == name || name == "" && p.Default })
	switch {
	case i >= 0:
		return all[i], nil
	case len(all) == 0:
		return Printer{}, rx.Fault(CodeNoPrinters)
	case name != "":
		return Printer{}, rx.Fault(CodeAbsent, "printer", name)
	case len(all) == 1:
		return all[0], nil
	}
	return Printer{}, rx.Fault(CodeChoose)
}

// ready tells why nothing can be handed to p now. A printer that lacks paper or does
// not answer is tried all the same, since what the spooler knows of it is what the last
// job met.
func (p Printer) ready(set Setting) error {
	switch {
	case !p.Accepting:
		return rx.Fault(CodeRejecting, "printer", p.Name)
	case p.Paused:
		return rx.Fault(CodePaused, "printer", p.Name)
	case !p.PDF:
		return rx.Fault(CodeNoPDF, "printer", p.Name)
	case set.Tray != "" && len(p.Trays) > 0 && !slices.Contains(p.Trays, set.Tray):
		return rx.Fault(CodeTray, "printer", p.Name, "tray", set.Tray)
	}
	return nil
}

// Fits tells whether p has the paper and the tray of a setting.
func (p Printer) Fits(set Setting) error {
	if set.Media != "" {
		if _, err := p.paper(set, 0, 0); err != nil {
			return err
		}
	}
	p.Accepting, p.Paused = true, false
	return p.ready(set)
}

// paper is the name of the paper on which pages of a size (0.01 mm) are printed.
func (p Printer) paper(set Setting, width, height int) (string, error) {
	media, known := set.media(p.Media, width, height)
	if !known {
		name := set.Media
		if name == "" {
			name = sizeInWords(width, height)
		}
		return "", rx.Fault(CodeMedia, "printer", p.Name, "media", name)
	}
	return media, nil
}
