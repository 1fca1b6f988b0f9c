package rx

// Every code, by the place where the fault is found. The catalogues hold
// "error.CODE" and "error.CODE.next" for each; a test fails on a missing one.
const (
	// Forms and check digits.
	CodeIDForm      Code = "id-form"
	CodeDateForm    Code = "date-form"
	CodeDecimalForm Code = "decimal-form"
	CodeSSINForm    Code = "ssin-form"
	CodeSSINCheck   Code = "ssin-check"
	CodeNIHIIForm   Code = "nihii-form"
	CodeNIHIICheck  Code = "nihii-check"
	CodeCNKForm     Code = "cnk-form"
	CodeCNKCheck    Code = "cnk-check"
	CodeRIDForm     Code = "rid-form"

	// The state machine: an event that a state refuses.
	CodeBeingSent         Code = "being-sent"         // wait for the end of the attempt
	CodeMayHaveArrived    Code = "may-have-arrived"   // an attempt without answer: force, or wait
	CodeElectronicExists  Code = "electronic-exists"  // confirmed at Recip-e
	CodeOnPaper           Code = "on-paper"           // the paper door was taken
	CodeClosed            Code = "closed"             // withdrawn, refused, lapsed or revoked
	CodeNotSentYet        Code = "not-sent-yet"       // nothing is at Recip-e
	CodeNoSuchSheet       Code = "no-such-sheet"      // the sheet is not of this prescription
	CodeSheetHanded       Code = "sheet-handed"       // already with the patient
	CodeSheetDestroyed    Code = "sheet-destroyed"    // no longer there
	CodeSheetNotOut       Code = "sheet-not-out"      // not known to have come out of the printer
	CodeNoSuchAttempt     Code = "no-such-attempt"    // an answer for an attempt that was never made
	CodeNoSuchRecord      Code = "no-such-record"     // a status for a RID that is not of this prescription
	CodeKeyUsed           Code = "key-used"           // a witness serves one attempt
	CodeValidityPassed    Code = "validity-passed"    // the last day of execution is over
	CodeStillValid        Code = "still-valid"        // not yet lapsed
	CodeAnswerRestored    Code = "answer-restored"    // first: was paper given in the meantime?
	CodeNotOwed           Code = "not-owed"           // the duty is not open
	CodeNoSuchOutcome     Code = "no-such-outcome"    // the duty cannot be closed so
	CodeReasonMissing     Code = "reason-missing"     // a reason from the closed list is needed
	CodeEventIncomplete   Code = "event-incomplete"   // a program fault
	CodePaperOnly         Code = "paper-only"         // no national number
	CodeWaitsForReplaced  Code = "waits-for-replaced" // the one it replaces may still be at Recip-e
	CodeNeedsConfirmation Code = "needs-confirmation" // waiting too long, proven absent, or something newer
	CodeTooOld            Code = "too-old"            // after 4 days sending is no longer offered

	// Keeping.
	CodeNotFound  Code = "not-found"
	CodeConflict  Code = "conflict" // changed meanwhile: read again
	CodeOtherSame Code = "same-id-other-content"
	CodeDamaged   Code = "damaged"
	CodeNewer     Code = "newer-version"
	CodeNoKey     Code = "no-key" // no KGSS key of this patient is at hand
	CodeRandom    Code = "no-randomness"
	CodeInternal  Code = "internal"
)
