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
	CodeBeingSent         Code = "being-sent"        // wait for the end of the attempt
	CodeMayHaveArrived    Code = "may-have-arrived"  // an attempt without answer: force, or wait
	CodeElectronicExists  Code = "electronic-exists" // confirmed at Recip-e
	CodeOnPaper           Code = "on-paper"          // the paper door was taken
	CodeClosed            Code = "closed"            // withdrawn, refused, lapsed or revoked
	CodeNotSentYet        Code = "not-sent-yet"      // nothing is at Recip-e
	CodeNoSuchSheet       Code = "no-such-sheet"     // the sheet is not of this prescription
	CodeSheetHanded       Code = "sheet-handed"      // already with the patient
	CodeSheetDestroyed    Code = "sheet-destroyed"   // no longer there
	CodeSheetNotOut       Code = "sheet-not-out"     // not known to have come out of the printer
	CodeNoSuchState       Code = "no-such-state"
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
	CodeNoRID             Code = "no-rid"             // it bears none: nothing can be read or changed at Recip-e

	// Keeping.
	CodeNotFound  Code = "not-found"
	CodeConflict  Code = "conflict" // changed meanwhile: read again
	CodeOtherSame Code = "same-id-other-content"
	// CodeNumberUnderWay: another national number for a patient of whom something is under way under the one before.
	CodeNumberUnderWay Code = "number-under-way"
	CodeDamaged        Code = "damaged"
	CodeUnread         Code = "unread" // so many rows of a list are damaged and left out of it (n)
	CodeNewer          Code = "newer-version"
	CodeRIDTaken       Code = "rid-taken" // another prescription bears this RID
	CodeNoKey          Code = "no-key"    // no KGSS key of this patient is at hand
	CodeRandom         Code = "no-randomness"

	CodeSettingUnread Code = "setting-unread" // something kept cannot be read; it is put aside before anything stands in its place
	CodeShelfFull     Code = "shelf-full"     // no more favourites or templates (max)
	CodePatientKnown  Code = "patient-known"  // another patient of the practice is the same person
	CodeInternal      Code = "internal"
)

// The data directory.
const (
	CodeNoDirectory      Code = "no-directory"        // nothing of ours is there: make one first
	CodeDirectoryExists  Code = "directory-exists"    // there is one already
	CodeNetworkShare     Code = "network-share"       // the disk is on another machine (kind)
	CodeSyncedFolder     Code = "synced-folder"       // a program copies the folder elsewhere (name)
	CodeReadOnly         Code = "read-only-directory" // nothing can be written there
	CodeWrongEnvironment Code = "wrong-environment"   // made for another environment (is, expected)
	CodeWindowBusy       Code = "window-busy"         // another window has it open
	CodeEngineBusy       Code = "engine-busy"         // another process sends
	CodeOtherCopy        Code = "other-copy"          // another copy of this directory was used since it was opened
	CodeBusy             Code = "busy"                // another process is writing: try again
	CodeDiskFull         Code = "disk-full"
	CodeIO               Code = "io"           // the disk or the system refused
	CodeLocked           Code = "locked"       // the keys are closed
	CodeReadingOnly      Code = "reading-only" // it was opened for reading only
)

// Checking a request. Args hold bounds and lists, never what was given.
const (
	CodeMissing         Code = "missing"           // a needed value is absent, or blank
	CodeExactlyOne      Code = "exactly-one"       // none, or more than one, of several (of)
	CodeNotOfKind       Code = "not-of-kind"       // a field that a line of this kind does not take (kind)
	CodeNotInList       Code = "not-in-list"       // a word that is none of the known ones (list)
	CodeOutOfRange      Code = "out-of-range"      // a number outside its bounds (min, max)
	CodeTooMany         Code = "too-many"          // more entries than a document takes (max)
	CodeTooLong         Code = "too-long"          // more characters than a document takes (max)
	CodeUnshowable      Code = "unshowable"        // a character that no document can show
	CodeNotCompact      Code = "not-compact"       // an identifier with separators where digits alone are kept
	CodeLineCount       Code = "line-count"        // no line, or more than ten (min, max)
	CodeProductCodeForm Code = "product-code-form" // VMP group, INN cluster, formulary reference: 7 digits
	CodeUnknownProduct  Code = "unknown-product"   // the medicines file does not know the code
	CodeNameDiffers     Code = "name-differs"      // the name is not that of the code
	CodeQuantityOnINN   Code = "quantity-on-inn"   // the pharmacist chooses the package: give a duration
	CodeTimeForm        Code = "time-form"         // HH:MM
	CodeBirthDate       Code = "birth-date-range"  // in the future, or too long ago (years)
	CodeBeforeToday     Code = "before-today"      // before the day of writing
	CodeBeforeBegin     Code = "before-begin"      // expires before it begins
	CodeTooLate         Code = "too-late"          // after the last day that may be chosen (latest)
	CodeWrittenDate     Code = "written-date"      // written by hand in the future, or more than a year ago
	CodeZipForm         Code = "zip-form"          // 4 digits
	CodePhoneForm       Code = "phone-form"        // no digit
	CodeEmailForm       Code = "email-form"        // not name@host

	// Warnings: a person may overrule them.
	CodeSSINBirthDate   Code = "ssin-birth-date"  // the national number states another day of birth
	CodeSSINSex         Code = "ssin-sex"         // the national number states another sex
	CodeDoseUnit        Code = "dose-unit"        // the package is counted in another unit
	CodeDurationsDiffer Code = "durations-differ" // duration and duration_days
	CodePacksTooFew     Code = "packs-too-few"    // the packages end before the treatment
)

// The list of highest risk (assets/risks.json).
const (
	CodeRiskTooOften  Code = "risk-too-often" // more often than the least interval, without a typed reason (days)
	CodeRiskDay       Code = "risk-day"       // once a week, and no day is named
	CodeRiskUnit      Code = "risk-unit"      // another unit than the product's own (unit: one of Units)
	CodeRiskChild     Code = "risk-child"     // a warning: for a child or a newborn
	CodeRiskOverruled Code = "risk-overruled" // a warning: more often, for the reason that was typed (days)
)

// Reading a file.
const (
	CodeFileTooLarge   Code = "file-too-large"  // (max: bytes)
	CodeNotUTF8        Code = "not-utf-8"       //
	CodeNotJSON        Code = "not-json"        // (line, column: where it stops being JSON, from 1)
	CodeTooDeep        Code = "too-deep"        // objects and lists within one another (max)
	CodeWrongType      Code = "wrong-type"      // (want, got: string, number, integer, boolean, array, object, null)
	CodeUnknownField   Code = "unknown-field"   // nothing like it is known there (list: the known ones)
	CodeMisspeltField  Code = "misspelt-field"  // unknown, but like a known one (near)
	CodeDuplicateField Code = "duplicate-field" // twice in one object
	CodeSpanForm       Code = "span-form"       // a length of time such as 30s, 10m, 2h
)

// Documents.
const (
	CodeNoProof     Code = "no-proof"      // without a confirmed RID there is no proof
	CodeToBeRevoked Code = "to-be-revoked" // the proof is to be asked back, not given
)
