// Package model holds the view models: what each screen knows, what can be done on it and what it says, in plain Go.
//
//	Start       try or work, where there is no data directory yet
//	Unlock      the passphrase
//	Strip       services, what waits, what is to be treated
//	Prescribe   one patient, one order, from the first letter to the patient's leaving
//	Treat       what is owed, with its outcomes
//	History     every prescription, and one of them in full
//	Outages     each service as last heard, and what goes on without it
//	Settings    language, look, size of the text; practice and program
//	Palette     every command by its name
//	Preview     pages as they will be printed, before they are
//	Prints      what is on its way to the printer, until the doctor has seen how it ended
//	Drill       the weather of the simulated services
//	Exercise    a drill in a window of its own, until a real patient arrives
//
// A model has methods for what the doctor does and one, View, for what the screen shows: ready strings in the language
// of the Env, and buttons. A screen holds no other knowledge.
//
// Contract: all methods of all models are called on one goroutine, the screen's. Work that may take time goes through
// Env.Do and comes back on that goroutine, in any order: an answer to a question that is no longer asked is dropped.
// Env.Changed is called after each change that was not the direct effect of a method's return, and after each press of
// a button.
//
// Failure modes: what fails is said in the model's own View, beside what it is about: what happened, what is safe, what
// to do. Nothing is modal, and no model ever says that something was sent before Recip-e gave a RID.
package model

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Do runs work away from the screen's goroutine, then what work returned on it. Several may be under way; they come
// back in any order. After the window is locked or closed they do not come back at all.
type Do func(work func(ctx context.Context) (back func()))

// Env is what all models share.
type Env struct {
	Service   *prescribing.Service
	Do        Do
	Changed   func()  // some model says something else now
	Lang      rx.Lang // of the screen
	Simulated bool
	Reading   bool // the directory is open for reading only: nothing in it can be changed
	Exercise  bool // the window of an exercise: Escape leaves it, and means nothing else

	Seen func(rx.Service) Seen                                  // what the last calls said
	Save func(name string, pdf []byte) (path string, err error) // keeps a document for its printing
	Open func(path string)                                      // shows it, when the doctor wants it
	// Prints takes what is made to the printer; nil: it is kept as a file, for the doctor to open.
	Prints  *Prints
	Preview *Preview          // shows it before; nil: nothing can be looked at
	Copy    func(text string) // puts it on the clipboard
}

// Seen is what the last calls of a service said.
type Seen struct {
	Reached  bool
	Since    time.Time // for as long as that is so; zero: never called
	Answered time.Time // the last answer
	Failures int       // since then
	Why      string    // class of the last one
}

// down tells that the last call of s got no answer.
func (e *Env) down(s rx.Service) bool {
	seen := e.Seen(s)
	return !seen.Since.IsZero() && !seen.Reached
}

func (e *Env) now() time.Time { return e.Service.Now() }

func (e *Env) today() rx.Date { return rx.DateOf(e.now()) }

// clock is t in the practice's zone: what the store gives may be in another.
func (e *Env) clock(t time.Time) time.Time { return t.In(e.now().Location()) }

// escape is the key of what an inline question is closed with.
func (e *Env) escape() string {
	if e.Exercise {
		return ""
	}
	return i18n.Text(e.Lang, "ui.key.escape")
}

// shift is the key of a letter with Ctrl and Shift.
func (e *Env) shift(letter string) string { return i18n.Text(e.Lang, "ui.key.shift", "key", letter) }

// time is the hour of t, with the day when that is not today.
func (e *Env) time(t time.Time) string {
	if t = e.clock(t); rx.DateOf(t) == e.today() {
		return i18n.Clock(t)
	}
	return i18n.Moment(e.Lang, t)
}

// press is what a button does: the screen is told afterwards.
func (e *Env) press(do func()) func() { return func() { do(); e.Changed() } }

// Tone is how something matters; the screen adds a sign and a colour to the words, never instead of them.
type Tone int

const (
	Quiet Tone = iota
	Good       // done, safe
	Busy       // under way by itself
	Warn       // a person is needed, or something is not as usual
	Bad        // danger: the patient may have nothing, or two
)

// Button is something that can be done now. Its place and meaning never change; On tells whether it can.
type Button struct {
	Label  string
	Key    string // the shortcut in words, "" none
	On     bool
	Strong bool // what most probably is wanted
	Press  func()
}

// Notice is something to be read, with what can be done about it.
type Notice struct {
	Tone    Tone
	Text    string
	Buttons []Button
}

// Question is an inline question that stands between a wish and its act.
type Question struct {
	Text    string // whose, and which
	Warning string // what it does besides, "" nothing
	Reasons []Choice
	Reason  string // said while none is chosen
	Input   *Input // in words; nil: none is asked
	Second  *Input // further words; nil: none are asked
	Missing string // said when it was confirmed too early

	Confirm, Cancel Button
}

// Input is an entry, or a choice, with its label.
type Input struct {
	Label, Text, Hint string
	Choices           []Choice
}

// Field is an input of a screen that can have the focus.
type Field int

const (
	NoField Field = iota
	FieldPatient
	FieldLastName
	FieldFirstName
	FieldSSIN
	FieldNoSSIN
	FieldBirth
	FieldSex
	FieldLanguage
	FieldPhone
	FieldMedicine
	FieldDose
	FieldUnit
	FieldTimes
	FieldDays
	FieldText
	FieldQuantity
	FieldExpires
	FieldReason
	FieldRhythm
	FieldMoment
	FieldWhy
	FieldBegin
	FieldReimbursement
	FieldInstruction
	FieldVisibility
	FieldTemplate
	FieldProof
	FieldAllergies
	FieldDay
	FieldBack
	FieldBackText
	FieldRow // the first thing that can be done in a list
	FieldNIHII
	FieldQualification
	FieldStreet
	FieldNumber
	FieldZip
	FieldCity
	FieldEmail
	FieldReach // of what is asked before something is done at Recip-e
	FieldReachText
	FieldPapers     // the first input of what is chosen about documents
	FieldPapersOpen // what opens it
)

// Focus is where the next key should go; Turn grows whenever the model wants it moved.
type Focus struct {
	Field Field
	Turn  int
}

func (f *Focus) to(field Field) { f.Field, f.Turn = field, f.Turn+1 }

// note is something to be said, kept as it is so that another language says it anew.
type note struct {
	err  error
	tone Tone     // without err
	key  string   // without err
	args []string // of key
	open string   // a document that may be shown
}

// say puts notes into the screen's language: of a fault what happened, then what to do, with the code for the helpdesk.
func (e *Env) say(notes []note) []Notice {
	var notices []Notice
	for _, n := range notes {
		if n.err != nil {
			notices = append(notices, e.faults(n.err)...)
			continue
		}
		notice := Notice{Tone: n.tone, Text: i18n.Text(e.Lang, n.key, n.args...)}
		if n.open != "" {
			notice.Buttons = []Button{{Label: i18n.Text(e.Lang, "ui.open"), On: true, Press: e.press(func() { e.Open(n.open) })}}
		}
		notices = append(notices, notice)
	}
	return notices
}

func (e *Env) faults(err error) []Notice {
	var notices []Notice
	for _, said := range i18n.Say(e.Lang, err) {
		text := sentences(e.Lang, said)
		if said.Path == "" { // not about what was typed
			text = i18n.Text(e.Lang, "ui.fault", "text", text, "code", string(said.Code))
		}
		notices = append(notices, Notice{Tone: Bad, Text: text})
	}
	return notices
}

// reading says that nothing can be changed, where that is so.
func (e *Env) reading() []Notice {
	if !e.Reading {
		return nil
	}
	return []Notice{{Tone: Warn, Text: i18n.Text(e.Lang, "ui.reading-only")}}
}

// warnings are faults that a person may overrule.
func (e *Env) warnings(faults rx.Faults) []Notice {
	var notices []Notice
	for _, said := range i18n.Say(e.Lang, faults.OrNil()) {
		notices = append(notices, Notice{Tone: Warn, Text: sentences(e.Lang, said)})
	}
	return notices
}

func sentences(lang rx.Lang, said i18n.Said) string {
	next := said.Next
	if key := "ui.next." + string(said.Code); i18n.Has(key) { // what to do is another thing in a window than in a command
		next = i18n.Text(lang, key)
	}
	text := said.What + " " + next
	if said.Where == "" {
		return text
	}
	return i18n.Text(lang, "ui.fault.at", "where", said.Where, "text", text)
}

// turns tells answers to the last question from answers to earlier ones.
type turns int

func (t *turns) next() (last func() bool) {
	*t++
	mine := *t
	return func() bool { return *t == mine }
}

// loader keeps one load under way and at most one waiting behind it, so that changes that come faster than they can be
// read neither pile up nor keep the screen from ever showing one.
type loader struct {
	env     *Env
	running bool
	next    func(context.Context) func()
}

func (l *loader) load(work func(context.Context) func()) {
	if l.running {
		l.next = work
		return
	}
	l.running = true
	l.env.Do(func(ctx context.Context) func() {
		back := work(ctx)
		return func() {
			l.running = false
			back()
			if next := l.next; next != nil {
				l.next = nil
				l.load(next)
			}
			l.env.Changed()
		}
	})
}

// What a view shows is of a patient: it prints itself redacted, as the types of the domain do.
func (PrescribeView) Format(f fmt.State, _ rune) { fmt.Fprint(f, "PrescribeView(…)") }
func (PrescribeView) LogValue() slog.Value       { return slog.StringValue("PrescribeView(…)") }
func (HistoryView) Format(f fmt.State, _ rune)   { fmt.Fprint(f, "HistoryView(…)") }
func (HistoryView) LogValue() slog.Value         { return slog.StringValue("HistoryView(…)") }
func (TreatView) Format(f fmt.State, _ rune)     { fmt.Fprint(f, "TreatView(…)") }
func (TreatView) LogValue() slog.Value           { return slog.StringValue("TreatView(…)") }
