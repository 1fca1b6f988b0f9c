// Package documents makes what the patient carries out of the door, the proof of
// electronic prescription and the paper prescription, and what the practice prints
// beside them: test page, list of the day, page for the pharmacist, poster, drill report.
//
// It owns their layout and their PDF. One truth: a display list in 0.01 mm (Document,
// Page, Item). Layout is a pure function of facts, language and options; WritePDF
// draws the list and nothing else, and whoever paints a preview paints the same list.
//
//	Proof             electronic prescriptions with their codes; Batch for many patients
//	Paper, Form       a paper prescription, and on what: the doctor's own form, one that is
//	                  drawn, or a plain sheet; one table of places each (model.go)
//	Options           what a practice chooses, as one setting
//	Calibration       the test page of a form
//	DayList, PharmacistSheet, Poster, DrillReport
//
// Contract: nothing is cut and nothing overflows. Text wraps at spaces, a number
// stays with its unit, a word is broken only when it is wider than its column, and
// what does not fit a page goes on to the next. On a form with its fixed places what
// does not fit is set smaller, then stands above the products. The same facts give the
// same bytes. What is sure of law and model and what is ours: docs/paper.md.
//
// Failure modes: a proof without a confirmed RID is refused (rx.CodeNoProof), since
// only Recip-e's server makes one. A form is refused with the path of each fault
// (Form.Check); one whose own places leave no room, with CodeFormTooSmall. Lines of
// several patients give sheets of their own, never a mixed one. A character that the
// embedded fonts cannot show stands there by its number; Shows keeps such characters
// out of an order in the first place. Nothing else fails on facts that rx.Check let
// through.
package documents
