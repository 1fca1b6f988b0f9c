package printing

import "relais/app/rx"

// The spooler.
const (
	CodeNoSpooler   rx.Code = "spooler-absent"      // nobody listens there (where)
	CodeElsewhere   rx.Code = "spooler-elsewhere"   // CUPS_SERVER names another computer (where)
	CodeSilent      rx.Code = "spooler-silent"      // no answer in time
	CodeGarbled     rx.Code = "spooler-garbled"     // an answer that is no IPP, or beyond all bounds
	CodeNotAllowed  rx.Code = "spooler-not-allowed" // CUPS wants a password, or forbids it
	CodeRefused     rx.Code = "spooler-refused"     // any other refusal (status, as IPP names it)
	CodeLost        rx.Code = "spooler-lost"        // no contact at this moment; the job may go on without us
	CodeNoPrinters  rx.Code = "printer-none"        // no printer is set up
	CodeChoose      rx.Code = "printer-choose"      // several, and none is the default
	CodeAbsent      rx.Code = "printer-absent"      // no printer of that name (printer)
	CodeNoPDF       rx.Code = "printer-no-pdf"      // the queue takes no PDF (printer)
	CodeMedia       rx.Code = "printer-media"       // does not know the paper (printer, media)
	CodeTray        rx.Code = "printer-tray"        // has no such tray (printer, tray)
	CodeRejecting   rx.Code = "printer-rejecting"   // the queue accepts no jobs (printer)
	CodePaused      rx.Code = "printer-paused"      // the queue is paused (printer)
	CodeOffline     rx.Code = "printer-offline"     // the printer does not answer the spooler (printer)
	CodeMediaEmpty  rx.Code = "printer-media-empty" // no paper (printer)
	CodeMediaNeeded rx.Code = "printer-media-wrong" // the paper that the job wants is not in the tray (printer)
	CodeJam         rx.Code = "printer-jam"         // (printer)
	CodeOpen        rx.Code = "printer-open"        // a door or a cover (printer)
	CodeNoToner     rx.Code = "printer-toner"       // toner or ink is used up, or its cartridge is missing (printer)
	CodeLowToner    rx.Code = "printer-toner-low"   // (printer)
	CodeOutputFull  rx.Code = "printer-output-full" // (printer)
	CodeTrouble     rx.Code = "printer-trouble"     // any other reason (printer, reason as IPP names it)
)

// A job. All take printer.
const (
	CodeHeld      rx.Code = "print-held"       // the job is held in the queue
	CodeAborted   rx.Code = "print-aborted"    // the spooler gave it up
	CodeCancelled rx.Code = "print-cancelled"  // by somebody, here or at the queue
	CodeLate      rx.Code = "print-late"       // not finished in time (seconds), so cancelled
	CodeTwice     rx.Code = "print-twice"      // over, but the spooler began it anew: two sheets may have come out
	CodeVanished  rx.Code = "print-vanished"   // the spooler does not know the job any longer
	CodeOpenJob   rx.Code = "print-open"       // cancelled, but that could not be verified: the sheet may still come out
	CodeLeftOut   rx.Code = "print-left-done"  // a job that an earlier run left has come to its end: the sheet is printed
	CodeLeftMaybe rx.Code = "print-left-maybe" // a job that an earlier run left is over, and some of it may have come out
	CodeMayCome   rx.Code = "print-may-come"   // nothing was done about a sheet: a job of it may still bring it (printer)
	CodeCame      rx.Code = "print-came"       // nothing was done about a sheet: a job of it has just ended, and some of it may have come out
	CodeRunning   rx.Code = "print-running"    // the document is being printed by another Relais
	CodeBook      rx.Code = "print-book"       // the note about the job cannot be written or read (file)
	CodeNoViewer  rx.Code = "viewer-absent"    // no viewer could be started
	CodeViewFile  rx.Code = "viewer-file"      // the viewer's file could not be written
)
