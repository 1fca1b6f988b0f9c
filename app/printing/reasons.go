package printing

import (
	"slices"
	"strings"

	"relais/app/rx"
)

// Obstacle is something at the printer or the queue that a person can see to.
type Obstacle struct {
	Code   rx.Code // one of codes.go
	Reason string  // IPP's keyword
	Stops  bool    // nothing comes out while it lasts; else a warning
}

// Fault is the obstacle in words for a person.
func (o Obstacle) Fault(printer string) *rx.Error {
	return rx.Fault(o.Code, "printer", printer, "reason", o.Reason)
}

// reasons are the keywords of printer-state-reasons and job-state-reasons (RFC 8011,
// sections 5.4.12 and 5.3.8; PWG 5100.9; CUPS) that mean something to a person, most
// telling first. A keyword ends in -error, -warning or -report, or in nothing, which
// counts as error. Stops says what the bare keyword and -error mean.
var reasons = []struct {
	keyword string
	code    rx.Code
	stops   bool
}{
	{"media-jam", CodeJam, true},
	{"door-open", CodeOpen, true},
	{"cover-open", CodeOpen, true},
	{"interlock-open", CodeOpen, true},
	{"media-empty", CodeMediaEmpty, true},
	{"media-needed", CodeMediaNeeded, true},
	{"input-tray-missing", CodeMediaNeeded, true},
	{"toner-empty", CodeNoToner, true},
	{"marker-supply-empty", CodeNoToner, true},
	{"marker-supply-missing", CodeNoToner, true},
	{"output-area-full", CodeOutputFull, true},
	{"marker-waste-full", CodeTrouble, true},
	{"offline", CodeOffline, true},
	{"shutdown", CodeOffline, true},
	{"timed-out", CodeOffline, true},
	{"connecting-to-device", CodeOffline, true},
	{"paused", CodePaused, true},
	{"moving-to-paused", CodePaused, true},
	{"printer-stopped", CodePaused, true}, // of a job
	{"job-hold-until-specified", CodeHeld, true},
	{"resources-are-not-ready", CodeMediaNeeded, true},
	{"toner-low", CodeLowToner, false},
	{"marker-supply-low", CodeLowToner, false},
}

// quietReasons say nothing that a person could see to.
var quietReasons = []string{"none", "media-low", "output-area-almost-full", "marker-waste-almost-full",
	"job-incoming", "job-data-insufficient", "job-outgoing", "job-queued", "job-queued-for-marker", "job-spooling", "job-transforming",
	"job-printing", "job-interpreting", "job-canceled-by-user", "job-canceled-by-operator", "job-canceled-at-device",
	"job-completed-successfully", "job-completed-with-errors", "job-completed-with-warnings", "aborted-by-system",
	"processing-to-stop-point", "printer-stopped-partly", "stopped-partly", "stopping", "queued-in-device", "hold-new-jobs",
	"cups-waiting-for-job-completed", "cups-remote-pending", "cups-remote-pending-held", "cups-remote-processing", "cups-remote-stopped",
	"cups-remote-canceled", "cups-remote-aborted", "cups-remote-completed", "cups-insecure-filter", "cups-missing-filter",
	"identify-printer-requested"}

// messages are what the backends of CUPS (2.2 to 2.4) tell in a message alone, without a
// keyword: that a printer cannot be reached. They come in the language of the job's
// request, which is English.
var messages = []struct{ part, keyword string }{
	{"may not exist or is unavailable", "offline"},
	{"is not responding", "offline"},
	{"is unreachable", "offline"},
	{"Unable to locate printer", "offline"},
	{"Waiting for printer to become available", "offline"},
}

// heardIn gives the keywords that a message stands for.
func heardIn(message string) []string {
	for _, m := range messages {
		if strings.Contains(message, m.part) {
			return []string{m.keyword}
		}
	}
	return nil
}

// obstacles puts keywords in the order of the table, each code once; a keyword that is
// not known is CodeTrouble, and stops nothing unless it says -error.
func obstacles(keywords ...string) []Obstacle {
	var found []Obstacle
	order := map[rx.Code]int{}
	for _, keyword := range keywords {
		bare, severity := keyword, ""
		for _, s := range []string{"-error", "-warning", "-report"} {
			if cut, ok := strings.CutSuffix(keyword, s); ok {
				bare, severity = cut, s
			}
		}
		if slices.Contains(quietReasons, bare) {
			continue
		}
		o, at := Obstacle{Code: CodeTrouble, Reason: keyword, Stops: severity == "-error"}, len(reasons)
		for i, r := range reasons {
			if r.keyword == bare {
				o.Code, o.Stops, at = r.code, r.stops && (severity == "" || severity == "-error" || r.code == CodeOffline), i
				break
			}
		}
		i := slices.IndexFunc(found, func(f Obstacle) bool { return f.Code == o.Code })
		switch {
		case i < 0:
			found, order[o.Code] = append(found, o), at
		case o.Stops && !found[i].Stops:
			found[i] = o
		}
	}
	slices.SortStableFunc(found, func(a, b Obstacle) int { return order[a.Code] - order[b.Code] })
	return found
}
