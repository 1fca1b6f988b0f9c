// Package printing hands documents to the system's printer and follows them to the
// end.
//
// It owns three things. Spooler speaks IPP (RFC 8010, RFC 8011) with the CUPS of
// this computer: printers, jobs, states with their reasons. Desk keeps the rule that
// one document is not made twice: at most one job of a document is open, a job that is
// not finished in time is cancelled at the spooler, and nothing is printed again
// before that is verified. Viewer opens a document in the system's viewer, only when
// chosen, from a private file that does not stay.
//
// Contract: nothing is printed but by Desk.Print, and that only on somebody's click;
// Desk.Recover, at the start, cancels and tells and never prints. A job is made in two
// steps: Create-Job, whose answer is the job's number, noted durably in the Book, and
// then Send-Document. An answer that is lost in the first step leaves a job without a
// document, in the second one a job that can be cancelled by its number: no document
// is ever at the spooler without its number being known here. What the spooler and
// the list of jobs show is the number of a note, never a word about a patient. When a
// job has ended, its file is removed from the spooler, so that nobody can start it
// again there.
//
// Desk.Over asks the same of a sheet that is to be destroyed or redone: no sheet is said to be gone while a job may
// still bring it.
//
// What is not claimed: "completed" is the spooler's word, and for some connections it
// means no more than that the printer took the bytes. Whether a sheet came out is for
// the doctor to say.
//
// Failure modes: *rx.Error with the codes of codes.go. Only this computer's own spooler
// is spoken to (a socket, or a port of the loopback): documents name patients, and the
// way to CUPS is not encrypted. Answers are bounded in size, depth and time; one that
// cannot be read is an error, never a guess. An exchange that fails says nothing about
// the job: the job is asked about again.
package printing
