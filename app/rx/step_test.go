package rx

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// begin is a Monday, 09:40, in Belgium.
var begin = time.Date(2026, 11, 23, 9, 40, 0, 0, brussels)

const (
	ridA RID = "BEP2AAAAAAA1"
	ridB RID = "BEP2BBBBBBB2"
)

// waiting is a prescription just issued.
func waiting() Prescription {
	return Prescription{
		ID: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11", Order: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a10", Line: 0,
		Patient: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a01", Version: 1, State: StateReady, Issued: begin,
		Begin: Date{2026, 11, 23}, Expires: Date{2027, 2, 22}, Electronic: true, Proof: true,
	}
}

// in is p in a state that no event may lead to.
func (p Prescription) in(s State) Prescription {
	p.State = s
	return p
}

func paperOnly() Prescription {
	p := waiting()
	p.Electronic = false
	return p
}

// The events of the stories. Each is complete; those without a time happen a
// minute after the one before.
var (
	mark1     = Event{Kind: EventMarked, Attempt: &Attempt{Key: "key-1", Expires: begin.Add(time.Minute)}}
	mark2     = Event{Kind: EventMarked, Attempt: &Attempt{Key: "key-2", Expires: begin.Add(20 * time.Minute)}}
	accept1   = Event{Kind: EventAccepted, N: 1, RID: ridA}
	accept2   = Event{Kind: EventAccepted, N: 2, RID: ridB}
	refuse1   = Event{Kind: EventRefused, N: 1, Problem: &Problem{Code: "500019"}}
	refuse2   = Event{Kind: EventRefused, N: 2, Problem: &Problem{Code: "500019"}}
	notSent1  = Event{Kind: EventNotSent, N: 1, Why: "refused-connection"}
	notSent2  = Event{Kind: EventNotSent, N: 2, Why: "refused-connection"}
	silent1   = Event{Kind: EventUnanswered, N: 1, Why: "timeout"}
	silent2   = Event{Kind: EventUnanswered, N: 2, Why: "timeout"}
	restart   = Event{Kind: EventRestarted}
	found1    = Event{Kind: EventFound, N: 1, RID: ridA, Status: NotDelivered, ServerAt: begin.Add(9 * time.Minute)}
	found1B   = Event{Kind: EventFound, N: 1, RID: ridB, Status: NotDelivered, ServerAt: begin.Add(9 * time.Minute)}
	found0    = Event{Kind: EventFound, RID: ridB, Status: NotDelivered, ServerAt: begin.Add(9 * time.Minute)}
	gone0     = Event{Kind: EventFound, RID: ridB, Status: StatusRevoked, ServerAt: begin.Add(9 * time.Minute)}
	fence1    = Event{Kind: EventFenced, N: 1, ServerAt: begin.Add(2 * time.Minute)}
	miss1     = Event{Kind: EventMissed, N: 1, ServerAt: begin.Add(10 * time.Minute)}
	miss2     = Event{Kind: EventMissed, N: 2, ServerAt: begin.Add(time.Hour)}
	absent1   = Event{Kind: EventAbsent, N: 1, ServerAt: begin.Add(11 * time.Minute)}
	undecided = Event{Kind: EventUnclear}
	check1    = Event{Kind: EventChecked, N: 1}
	isOpen    = Event{Kind: EventStatusRead, RID: ridA, Status: NotDelivered, ServerAt: begin.Add(30 * time.Minute)}
	isTaken   = Event{Kind: EventStatusRead, RID: ridA, Status: InProcess, ServerAt: begin.Add(30 * time.Minute)}
	isGone    = Event{Kind: EventStatusRead, RID: ridA, Status: StatusRevoked, ServerAt: begin.Add(31 * time.Minute)}
	asked     = Event{Kind: EventRevokeTaken, RID: ridA}
	denied    = Event{Kind: EventRevokeDenied, RID: ridA, Problem: &Problem{Code: "in-process"}}
	over      = Event{Kind: EventExpired, At: time.Date(2027, 2, 23, 0, 0, 0, 0, brussels)}
	putBack   = Event{Kind: EventRestored}

	toPaper   = Event{Kind: EventClaimed, Sheet: &Sheet{ID: "sheet-1"}, Paper: "outage-recipe"}
	byForce   = Event{Kind: EventClaimed, Sheet: &Sheet{ID: "sheet-1", Forced: true}, Paper: "outage-recipe"}
	byHand    = Event{Kind: EventClaimed, Sheet: &Sheet{ID: "sheet-1", Handwritten: true, Day: Date{2026, 11, 22}}, Paper: "outside-practice"}
	print1    = Event{Kind: EventPrinted, Sheet: &Sheet{ID: "sheet-1"}}
	cameOut   = Event{Kind: EventOut, Sheet: &Sheet{ID: "sheet-1"}}
	jammed    = Event{Kind: EventNotOut, Sheet: &Sheet{ID: "sheet-1"}}
	handed    = Event{Kind: EventHandedOver, Sheet: &Sheet{ID: "sheet-1"}}
	torn      = Event{Kind: EventDestroyed, Sheet: &Sheet{ID: "sheet-1"}}
	inRecord  = Event{Kind: EventNoted}
	takeBack  = Event{Kind: EventWithdrawn, Reason: "stopped"}
	wishGone  = Event{Kind: EventRevokeWished, Reason: "wrong-medicine"}
	left      = Event{Kind: EventLetGo}
	sayYes    = Event{Kind: EventReconfirmed}
	seenTwin  = Event{Kind: EventTwin}
	onlyHere  = Event{Kind: EventTwinAnswered, Outcome: OnlyHere}
	alsoThere = Event{Kind: EventTwinAnswered, Outcome: AlsoThere}
	nothing1  = Event{Kind: EventRestoredAns, Outcome: NothingGiven}
	paper1    = Event{Kind: EventRestoredAns, Outcome: PaperGiven, Sheet: &Sheet{ID: "sheet-9"}}
	elsewhere = Event{Kind: EventRestoredAns, Outcome: SentElsewhere}
	gaveProof = Event{Kind: EventProofDone}
	toldThem  = Event{Kind: EventTold}

	locked    = Event{Kind: EventSettingTaken, RID: ridA, Visibility: Locked}
	askBack   = Event{Kind: EventSettingTaken, RID: ridA, Flag: FlagAsked}
	wrote     = Event{Kind: EventFeedback, Feedback: &Feedback{ID: "feedback-1", RID: ridA, By: "29999915", Sent: begin}, Text: "text"}
	wroteSeal = Event{Kind: EventFeedback, Feedback: &Feedback{ID: "feedback-9", RID: ridA, Sealed: true}}
	wroteOfB  = Event{Kind: EventFeedback, Feedback: &Feedback{ID: "feedback-2", RID: ridB}, Text: "text"}
	lockedB   = Event{Kind: EventSettingTaken, RID: ridB, Visibility: Locked}
	hasSeen   = Event{Kind: EventFeedbackSeen}
	notify    = Event{Kind: EventNotified, Notice: &Notice{Pharmacy: "29999915"}, Text: "text"}
	reached   = Event{Kind: EventNotified, N: 1, Notice: &Notice{Result: ResultAccepted}}
	noAnswer  = Event{Kind: EventNotified, N: 1, Notice: &Notice{Result: Unanswered, Why: "timeout"}}

	readOurs    = Event{Kind: EventReadBack, RID: ridA, Ours: true}
	readForeign = Event{Kind: EventReadBack, RID: ridA}
)

// tell applies events that must each change something.
func tell(p Prescription, events ...Event) Prescription {
	for _, e := range events {
		if e.At.IsZero() {
			e.At = begin.Add(time.Duration(p.Version) * time.Minute)
		}
		next, changed, err := Step(p, e)
		if err != nil || !changed {
			panic(fmt.Sprintf("%s in %s: changed %v, error %v", e.Kind, p.State, changed, err))
		}
		p = next
	}
	return p
}

// stories are prescriptions as they come about, at least two for each state.
func stories() map[string]Prescription {
	silent := []Event{mark1, silent1}
	dead := append(silent, miss1, absent1)
	confirmed := []Event{mark1, accept1}
	forced := []Event{mark1, silent1, byForce}
	return map[string]Prescription{
		"ready":                     tell(waiting()),
		"ready, paper only":         tell(paperOnly()),
		"ready, paper only, asked":  tell(paperOnly(), putBack),
		"ready, absent":             tell(waiting(), dead...),
		"ready, absent, asked":      tell(waiting(), putBack, fence1, miss1, absent1),
		"ready, twin":               tell(waiting(), seenTwin),
		"ready, answered, let go":   tell(waiting(), seenTwin, onlyHere, left),
		"sending":                   tell(waiting(), mark1),
		"sending, wished":           tell(waiting(), mark1, wishGone),
		"sending again":             tell(waiting(), append(dead, sayYes, mark2)...),
		"sending, twin":             tell(waiting(), mark1, seenTwin),
		"sending, wished, twin":     tell(waiting(), mark1, wishGone, seenTwin),
		"unknown":                   tell(waiting(), silent...),
		"unknown, missed":           tell(waiting(), append(silent, miss1)...),
		"unknown, undecided":        tell(waiting(), append(silent, undecided)...),
		"unknown, wished":           tell(waiting(), append(silent, wishGone, miss1)...),
		"unknown, to send again":    tell(waiting(), append(silent, sayYes, miss1)...),
		"unknown, twin":             tell(waiting(), append(silent, seenTwin)...),
		"unknown, asked":            tell(waiting(), putBack),
		"unknown, asked, missed":    tell(waiting(), append(silent, putBack, fence1, miss1)...),
		"unknown, elsewhere":        tell(waiting(), putBack, elsewhere, fence1, miss1),
		"confirmed":                 tell(waiting(), confirmed...),
		"confirmed, checked":        tell(waiting(), append(confirmed, check1)...),
		"confirmed, wished":         tell(waiting(), append(confirmed, wishGone)...),
		"confirmed, denied":         tell(waiting(), append(confirmed, wishGone, denied)...),
		"confirmed, asked to go":    tell(waiting(), append(confirmed, asked)...),
		"confirmed, surplus":        tell(waiting(), append(confirmed, found0)...),
		"confirmed, twin":           tell(waiting(), append(confirmed, seenTwin)...),
		"confirmed, second on wire": tell(waiting(), append(dead, sayYes, mark2, accept1)...),
		"confirmed, second silent":  tell(waiting(), append(dead, sayYes, mark2, accept1, silent2)...),
		"confirmed, second missed":  tell(waiting(), mark1, silent1, miss1, found0),
		"confirmed, asked":          tell(waiting(), putBack, Event{Kind: EventFound, RID: ridA, Status: NotDelivered}),
		"refused":                   tell(waiting(), mark1, refuse1),
		"refused, let go":           tell(waiting(), left, mark1, refuse1),
		"refused, found":            tell(waiting(), mark1, refuse1, found1),
		"refused, found and gone":   tell(waiting(), mark1, refuse1, found1, isGone),
		"refused, second found":     tell(waiting(), mark1, refuse1, found0),
		"refused, asked":            tell(waiting(), mark1, refuse1, putBack),
		"withdrawn":                 tell(waiting(), takeBack),
		"withdrawn, absent":         tell(waiting(), append(silent, wishGone, miss1, absent1)...),
		"withdrawn, found":          tell(waiting(), append(silent, wishGone, miss1, absent1, found1)...),
		"withdrawn, second found":   tell(waiting(), takeBack, found0),
		"withdrawn, asked":          tell(waiting(), putBack, fence1, miss1, absent1, takeBack),
		"lapsed":                    tell(waiting(), over),
		"lapsed, found":             tell(waiting(), append(dead, over, found1)...),
		"lapsed, second found":      tell(waiting(), over, found0),
		"lapsed, asked":             tell(waiting(), putBack, fence1, miss1, absent1, over),
		"paper":                     tell(waiting(), toPaper),
		"paper, printed":            tell(waiting(), toPaper, print1),
		"paper, jammed":             tell(waiting(), toPaper, print1, jammed),
		"paper, jammed, out":        tell(waiting(), toPaper, print1, jammed, cameOut),
		"paper, out":                tell(waiting(), toPaper, print1, cameOut),
		"paper, handed":             tell(waiting(), toPaper, print1, cameOut, handed),
		"paper, noted":              tell(waiting(), toPaper, print1, cameOut, handed, inRecord),
		"paper, destroyed":          tell(waiting(), toPaper, torn),
		"paper, by hand":            tell(waiting(), byHand),
		"paper, asked":              tell(waiting(), toPaper, print1, putBack),
		"paper, forced":             tell(waiting(), forced...),
		"paper, forced, missed":     tell(waiting(), append(forced, miss1)...),
		"paper, forced, found":      tell(waiting(), append(forced, found1)...),
		"paper, forced, wished":     tell(waiting(), append(forced, wishGone)...),
		"paper, twin":               tell(waiting(), seenTwin, toPaper),
		"paper, by the lost copy":   tell(waiting(), putBack, Event{Kind: EventFound, RID: ridA, Status: NotDelivered}, paper1),
		"revoked":                   tell(waiting(), append(confirmed, wishGone, asked, isGone)...),
		"revoked by the patient":    tell(waiting(), append(confirmed, isGone)...),
		"revoked, second on wire":   tell(waiting(), append(dead, sayYes, mark2, accept1, isGone)...),
		"revoked, second silent":    tell(waiting(), append(dead, sayYes, mark2, accept1, silent2, isGone)...),
		"revoked, second missed":    tell(waiting(), append(dead, sayYes, mark2, accept1, silent2, isGone, miss2)...),
		"revoked, asked":            tell(waiting(), putBack, gone0),

		"confirmed, written about":      tell(waiting(), append(confirmed, wrote)...),
		"confirmed, written, sealed":    tell(waiting(), append(confirmed, wroteSeal)...),
		"confirmed, locked, notified":   tell(waiting(), append(confirmed, locked, notify)...),
		"confirmed, notified, silent":   tell(waiting(), append(confirmed, notify, noAnswer)...),
		"refused, found, written":       tell(waiting(), mark1, refuse1, found1, wrote),
		"withdrawn, found, written":     tell(waiting(), append(silent, wishGone, miss1, absent1, found1, wrote)...),
		"lapsed, found, written":        tell(waiting(), append(dead, over, found1, wrote)...),
		"paper, forced, found, written": tell(waiting(), append(forced, found1, wrote)...),
		"paper, by the lost, notified":  tell(waiting(), putBack, Event{Kind: EventFound, RID: ridA, Status: NotDelivered}, notify, paper1),
		"revoked, written about":        tell(waiting(), append(confirmed, wrote, isGone)...),

		"ready, foreign":             tell(waiting(), mark1, accept1, readForeign, miss1, absent1),
		"unknown, foreign":           tell(waiting(), append(confirmed, readForeign)...),
		"unknown, foreign, notified": tell(waiting(), append(confirmed, notify, readForeign)...),
		"unknown, foreign, left":     tell(waiting(), append(confirmed, left, readForeign)...),
		"unknown, foreign, proven":   tell(waiting(), append(confirmed, gaveProof, readForeign)...),
		"confirmed, read back":       tell(waiting(), append(confirmed, readOurs)...),
		"confirmed, other gone":      tell(waiting(), append(confirmed, gone0)...),
		"confirmed, foreign, found":  tell(waiting(), append(confirmed, left, readForeign, found1B)...),
		"refused, accepted late":     tell(waiting(), mark1, refuse1, accept1),
		"withdrawn, accepted late":   tell(waiting(), append(silent, wishGone, miss1, absent1, accept1)...),
		"lapsed, accepted late":      tell(waiting(), append(dead, over, accept1)...),
		"paper, forced, accepted":    tell(waiting(), append(forced, accept1)...),
		"revoked, other stands":      tell(waiting(), append(confirmed, isGone, found0)...),
		"refused, accepted, foreign": tell(waiting(), mark1, refuse1, accept1, readForeign),
	}
}

// happenings are the events of the stories and some more: what a real system could
// say to any prescription, at a plausible time and far too late.
func happenings() []Event {
	events := []Event{mark1, mark2, accept1, accept2, refuse1, refuse2, notSent1, notSent2, silent1, silent2, restart, found1, found0, gone0,
		fence1, miss1, miss2, absent1, undecided, check1, isOpen, isTaken, isGone, asked, denied, over, putBack, toPaper, byForce, byHand, print1,
		cameOut, jammed, handed, torn, inRecord, takeBack, wishGone, left, sayYes, seenTwin, onlyHere, alsoThere, nothing1, paper1,
		elsewhere, gaveProof, toldThem, locked, askBack, wrote, wroteSeal, wroteOfB, lockedB, hasSeen, notify, reached, noAnswer, readOurs, readForeign, found1B,
		{Kind: EventMarked, Attempt: &Attempt{Key: "key-3", Expires: begin.Add(2 * time.Hour)}},
		{Kind: EventFenced, N: 2, ServerAt: begin.Add(time.Hour)},
		{Kind: EventAbsent, N: 2, ServerAt: begin.Add(2 * time.Hour)},
		{Kind: EventFound, N: 2, RID: ridB, Status: Delivered},
		{Kind: EventAccepted, N: 2, RID: ridA},
		{Kind: EventAccepted, N: 9, RID: "BEP2CCCCCCC3"},
		{Kind: EventStatusRead, RID: ridB, Status: StatusRevoked},
		{Kind: EventStatusRead, RID: ridB, Status: "SomethingNew"},
		{Kind: EventPrinted, Sheet: &Sheet{ID: "sheet-9"}},
		{Kind: EventPrinted}, // of the proof
	}
	for i, e := range events {
		if e.At.IsZero() {
			events[i].At = begin.Add(time.Hour)
		}
	}
	for _, k := range Events {
		events = append(events, Event{Kind: k, At: begin.Add(time.Hour)}) // bare
	}
	return events
}

func TestEveryPairHasAWrittenOutcome(t *testing.T) {
	if len(table) != len(eventNames) || len(Events) != len(eventNames)-1 || len(States) != len(stateNames)-1 {
		t.Fatalf("%d rows, %d events, %d names", len(table), len(Events), len(eventNames))
	}
	for _, k := range Events {
		if table[k].says == "" {
			t.Errorf("%s: the row does not say what happened", k)
		}
		for _, s := range States {
			c := table[k].cells[s]
			if c.note == "" {
				t.Errorf("%s in %s: no written outcome", k, s)
			}
			if c.code != "" && (c.do != nil || c.to != nil) || c.to != nil && c.do == nil {
				t.Errorf("%s in %s: more than one outcome", k, s)
			}
		}
	}
}

// outcomes is the table once more, in letters, by state in the order of States:
//
//	A  acts in some story           -  nothing
//	b  acts only where no story leads: on an attempt that lives, or a record that
//	   is known, in a state where neither should be (TestEvenThen)
//
// and for a refusal: s being-sent, u may-have-arrived, e electronic-exists, c closed,
// p on-paper, n not-sent-yet, h no-such-sheet, o not-owed.
var outcomes = map[EventKind]string{
	EventMarked:       "A s u e c c c p c",
	EventAccepted:     "A A A A A A A A A",
	EventRefused:      "b A A A A b b A A",
	EventNotSent:      "b A A A A b b A A",
	EventUnanswered:   "b A b A b b b b A",
	EventRestarted:    "- A - A b b b b A",
	EventFound:        "A A A A A A A A A",
	EventFenced:       "b b A A A A A A A",
	EventMissed:       "b - A A A b b A A",
	EventAbsent:       "b - A A b b b A A",
	EventUnclear:      "- - A - - - - A -",
	EventChecked:      "b b b A A A A A A",
	EventStatusRead:   "A b A A A A A A A",
	EventRevokeTaken:  "A b A A A A A A A",
	EventRevokeDenied: "A b A A A A A A A",
	EventExpired:      "A - - - - - - - -",
	EventRestored:     "A A A A A b b A -",
	EventClaimed:      "A s A e A c c p c",
	EventPrinted:      "h h h A h h h A h",
	EventOut:          "h h h h h h h A h",
	EventNotOut:       "h h h h h h h A h",
	EventHandedOver:   "h h h h h h h A h",
	EventDestroyed:    "h h h h h h h A h",
	EventNoted:        "h h h h h h h A h",
	EventWithdrawn:    "A s u e A - c p c",
	EventRevokeWished: "n A A A n n n A -",
	EventLetGo:        "A A A A A A A A A",
	EventReconfirmed:  "A s A e c c c p c",
	EventTwin:         "A A A A - - - A -",
	EventTwinAnswered: "A A A A o o o A o",
	EventRestoredAns:  "A s A A A A A A A",
	EventProofDone:    "n s u A c c c p -",
	EventTold:         "A A A A A A A A A",
	EventSettingTaken: "A b A A A A A A A",
	EventFeedback:     "A b A A A A A A A",
	EventFeedbackSeen: "b b b A A A A A A",
	EventNotified:     "b b A A b b b A A",
	EventReadBack:     "b b b A A A A A A",
}

var refusals = map[byte]Code{'s': CodeBeingSent, 'u': CodeMayHaveArrived, 'e': CodeElectronicExists, 'c': CodeClosed, 'p': CodeOnPaper,
	'n': CodeNotSentYet, 'h': CodeNoSuchSheet, 'o': CodeNotOwed}

func letter(k EventKind, s State) byte { return outcomes[k][2*(s-1)] }

// TestStepKeepsTheTable checks every pair on every story of its state, and that
// the diagram promises no way that nobody can go.
func TestStepKeepsTheTable(t *testing.T) {
	type way struct {
		event    EventKind
		from, to State
	}
	gone, acted, told := map[way]bool{}, map[way]bool{}, map[State]int{}
	for name, p := range stories() {
		told[p.State]++
		for _, e := range happenings() {
			next, changed := checkStep(t, name, p, e)
			if changed {
				gone[way{e.Kind, p.State, next.State}], acted[way{e.Kind, p.State, 0}] = true, true
			}
			if code, refused := refusals[letter(e.Kind, p.State)]; refused && CodeOf(errOf(Step(p, e))) != code {
				t.Errorf("%s: %s is not refused with %s", name, e.Kind, code)
			}
		}
	}
	for _, k := range Events {
		for _, s := range States {
			for _, target := range table[k].cells[s].to {
				if !gone[way{k, s, target}] {
					t.Errorf("%s in %s: no story goes to %s", k, s, target)
				}
			}
			if acts := acted[way{k, s, 0}]; acts != (letter(k, s) == 'A') {
				t.Errorf("%s in %s: acts in a story: %v, its letter is %c", k, s, acts, letter(k, s))
			}
		}
	}
	for _, s := range States {
		if told[s] < 2 {
			t.Errorf("%s: %d stories", s, told[s])
		}
	}
}

func errOf(_ Prescription, _ bool, err error) error { return err }

// checkStep checks what holds for any prescription and any event.
func checkStep(t interface {
	Errorf(string, ...any)
	Helper()
}, name string, p Prescription, e Event) (Prescription, bool) {
	t.Helper()
	p = roomy(p)
	before := toJSON(p)
	next, changed, err := Step(p, e)
	c := table[e.Kind].cells[p.State]
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: %s in %s: %s", name, e.Kind, p.State, fmt.Sprintf(format, args...))
	}
	switch {
	case err != nil && (changed || toJSON(next) != before):
		fail("refused, and changed")
	case err != nil && CodeOf(err) == CodeInternal:
		fail("an error without a code: %v", err)
	case c.code != "" && CodeOf(err) != c.code:
		fail("%q instead of the refusal %q", CodeOf(err), c.code)
	case c.code == "" && c.do == nil && (changed || err != nil):
		fail("something happened: %v %v", changed, err)
	case !changed && toJSON(next) != before:
		fail("unchanged, and yet another")
	case changed && next.Version != p.Version+1:
		fail("version %d after %d", next.Version, p.Version)
	case changed && c.to == nil && next.State != p.State:
		fail("the state became %s", next.State)
	case changed && c.to != nil && !slices.Contains(c.to, next.State):
		fail("the state became %s, the cell says %v", next.State, c.to)
	}
	if changed {
		same := next
		same.Version = p.Version
		if toJSON(same) == before {
			fail("changed, but nothing is another")
		}
		frozen := next
		frozen.Version, frozen.State, frozen.Attempts, frozen.Records, frozen.Sheets, frozen.Notes = p.Version, p.State, p.Attempts, p.Records, p.Sheets, p.Notes
		if toJSON(frozen) != before {
			fail("something frozen was changed")
		}
		soil(next)
	}
	if toJSON(p) != before || !untouchedRoom(p) {
		fail("the prescription given was written to")
	}
	return next, changed
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// roomy is p with spare room behind each slice, where an append would show.
func roomy(p Prescription) Prescription {
	p.Attempts = append(make([]Attempt, 0, len(p.Attempts)+2), p.Attempts...)
	p.Records = append(make([]Record, 0, len(p.Records)+2), p.Records...)
	p.Sheets = append(make([]Sheet, 0, len(p.Sheets)+2), p.Sheets...)
	p.Feedbacks = append(make([]Feedback, 0, len(p.Feedbacks)+2), p.Feedbacks...)
	p.Notices = append(make([]Notice, 0, len(p.Notices)+2), p.Notices...)
	return p
}

func untouchedRoom(p Prescription) bool {
	a, r, s := p.Attempts[len(p.Attempts):cap(p.Attempts)], p.Records[len(p.Records):cap(p.Records)], p.Sheets[len(p.Sheets):cap(p.Sheets)]
	f, n := p.Feedbacks[len(p.Feedbacks):cap(p.Feedbacks)], p.Notices[len(p.Notices):cap(p.Notices)]
	return a[0] == Attempt{} && r[0] == Record{} && s[0] == Sheet{} && f[0] == Feedback{} && n[0] == Notice{}
}

// soil writes over everything that p holds by reference.
func soil(p Prescription) {
	for i := range p.Attempts {
		p.Attempts[i] = Attempt{N: -1}
	}
	for i := range p.Records {
		p.Records[i] = Record{RID: "soiled"}
	}
	for i := range p.Sheets {
		p.Sheets[i] = Sheet{ID: "soiled"}
	}
	for i := range p.Feedbacks {
		p.Feedbacks[i] = Feedback{ID: "soiled"}
	}
	for i := range p.Notices {
		p.Notices[i] = Notice{N: -1}
	}
}

// TestStepNeverPanics gives random events to random prescriptions, sound or not.
func TestStepNeverPanics(t *testing.T) {
	all := stories()
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		p := all[rapid.SampledFrom(names).Draw(t, "story")]
		if rapid.Bool().Draw(t, "unsound") {
			p.State = State(rapid.IntRange(1, int(StateRevoked)).Draw(t, "state"))
			p.Electronic = rapid.Bool().Draw(t, "electronic")
			p.Restored = Stamp{Rev: rapid.Int64Range(0, 9).Draw(t, "restored")}
		}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			e := anyEvent(t)
			if s := p.State; rapid.Bool().Draw(t, "checked") && table[e.Kind].cells[s].to == nil {
				p, _ = checkStep(t, "random", p, e)
			} else {
				p, _, _ = Step(p, e)
			}
			Harmless(p)
			Owed(p, e.At, Around{}, DefaultWaits)
			_ = MaySend(p, e.At, Around{}, DefaultWaits)
			Conclude(p, Look{Begun: e.ServerAt, Complete: true}, e.At, DefaultWaits)
		}
	})
}

func anyEvent(t *rapid.T) Event {
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.IntRange(0, 5).Draw(t, "zero") == 0 {
			return time.Time{}
		}
		return begin.Add(time.Duration(rapid.IntRange(-200_000, 10_000_000).Draw(t, "second")) * time.Second)
	})
	id := rapid.SampledFrom([]ID{"", "sheet-1", "sheet-9", "sheet-other"})
	return Event{
		Kind: EventKind(rapid.IntRange(1, len(Events)).Draw(t, "kind")), At: moment.Draw(t, "at"), N: rapid.IntRange(-1, 4).Draw(t, "n"),
		Attempt: rapid.Ptr(rapid.Custom(func(t *rapid.T) Attempt {
			return Attempt{Key: KeyID(rapid.SampledFrom([]string{"", "key-1", "key-2", "key-4"}).Draw(t, "key")), Expires: moment.Draw(t, "expires")}
		}), true).Draw(t, "attempt"),
		RID:      rapid.SampledFrom([]RID{"", ridA, ridB, "BEP2DDDDDDD4"}).Draw(t, "rid"),
		Status:   rapid.SampledFrom(append([]Status{"", "SomethingNew"}, Statuses...)).Draw(t, "status"),
		ServerAt: moment.Draw(t, "server"),
		Problem:  rapid.Ptr(rapid.Just(Problem{Code: "1"}), true).Draw(t, "problem"),
		Sheet: rapid.Ptr(rapid.Custom(func(t *rapid.T) Sheet {
			return Sheet{ID: id.Draw(t, "sheet"), Forced: rapid.Bool().Draw(t, "forced"), Handwritten: rapid.Bool().Draw(t, "by hand")}
		}), true).Draw(t, "sheet"),
		Paper:   rapid.SampledFrom([]PaperReason{"", "urgent", "because"}).Draw(t, "paper"),
		Reason:  rapid.SampledFrom([]string{"", "stopped", "other", "because"}).Draw(t, "reason"),
		Text:    rapid.SampledFrom([]string{"", "text"}).Draw(t, "text"),
		Ours:    rapid.Bool().Draw(t, "ours"),
		Outcome: rapid.SampledFrom([]Outcome{"", OnlyHere, AlsoThere, NothingGiven, PaperGiven, SentElsewhere, Send}).Draw(t, "outcome"),

		Visibility: rapid.SampledFrom([]Visibility{"", Open, Locked}).Draw(t, "visibility"),
		Flag:       rapid.SampledFrom([]FeedbackFlag{FlagAsIssued, FlagAsked, FlagNotAsked}).Draw(t, "flag"),
		Feedback: rapid.Ptr(rapid.Custom(func(t *rapid.T) Feedback {
			return Feedback{ID: rapid.SampledFrom([]string{"", "feedback-1", "feedback-3"}).Draw(t, "feedback"), RID: ridA, Sealed: rapid.Bool().Draw(t, "sealed")}
		}), true).Draw(t, "feedback"),
		Notice: rapid.Ptr(rapid.Custom(func(t *rapid.T) Notice {
			return Notice{Pharmacy: rapid.SampledFrom([]string{"", "29999915"}).Draw(t, "pharmacy"), Result: rapid.SampledFrom([]Result{OnTheWire, ResultAccepted, Unanswered}).Draw(t, "result")}
		}), true).Draw(t, "notice"),
	}
}
