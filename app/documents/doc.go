// Package documents makes what the patient carries out of the door: the proof of
// electronic prescription and the paper prescription.
//
// It owns the layout of both and their PDF. One truth: a display list in 0.01 mm
// (Document, Page, Item). Layout is a pure function of facts, language and
// options; WritePDF draws the list and nothing else, and whoever paints a preview
// paints the same list.
//
// Contract: nothing is cut and nothing overflows. Text wraps at spaces, a number
// stays with its unit, a word is broken only when it is wider than its column, and
// what does not fit a page goes on to the next. The same facts give the same
// bytes.
//
// Failure modes: a proof without a confirmed RID is refused (rx.CodeNoProof), since
// only Recip-e's server makes one. Lines of several patients give sheets of their
// own, never a mixed one. A character that the embedded fonts cannot show stands
// there by its number; Shows keeps such characters out of an order in the first
// place. Nothing else fails on facts that rx.Check let through.
package documents
