package rx

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What each state means, for docs/states.md.
var meanings = map[State]string{
	StateReady:     "issued, frozen, durable; nothing of it is, or can still arrive, at Recip-e",
	StateSending:   "an attempt is on the wire",
	StateUnknown:   "an attempt ended without an answer: it may have been received",
	StateConfirmed: "a RID of it is adopted; whether it was read back, and the status as last read, stand beside it",
	StateRefused:   "Recip-e refused it; nothing left",
	StateWithdrawn: "never sent, or proven absent; the reason is kept",
	StateLapsed:    "the end of validity passed while it waited",
	StatePaper:     "claimed for paper: to print, to sign, handed over, destroyed",
	StateRevoked:   "read back as revoked",
}

// TestStatesPage prints docs/states.md from the table. RELAIS_GOLDEN=1 writes it.
func TestStatesPage(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "states.md")
	page := statesPage()
	if os.Getenv("RELAIS_GOLDEN") != "" {
		if err := os.WriteFile(path, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, page) {
		t.Errorf("%s differs from the table of app/rx/step.go: run make golden and read the difference", path)
	}
}

func statesPage() []byte {
	var b strings.Builder
	fmt.Fprint(&b, `# States and events

Printed from the table in `+"`app/rx/step.go`"+` by a test, which fails when this page differs. `+"`rx.Step`"+` applies one event to
one prescription; the store does it in one transaction, compared and set on the version. A prescription exists from issue on and is
in exactly one state; the state alone says which door is open. What is owed beside the state (duties) is derived from the facts by
`+"`rx.Owed`"+`. Every way in which a prescription could be doubled or lost, and what closes it, stands in [doors.md](doors.md).

## Ways

`)
	mermaid(&b)
	fmt.Fprint(&b, `
A RID is adopted at once, on the word of an answer, and then read back. One that is another's or nobody's was no answer: the
prescription loses it for ever, also when it was read as revoked, and bears what a look-up found, or may have arrived.

Three other ways leave a state that is otherwise an end. A refused one may still go to paper, or be withdrawn by what replaces it. One that
came out of a backup or a copied directory goes to paper from any state when the doctor says that the lost copy gave paper: what is,
or turns up, at Recip-e is then revoked. Paper never becomes electronic again.

## States

| state | door | meaning |
|---|---|---|
`)
	for _, s := range States {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", s, s.Door(), meanings[s])
	}
	fmt.Fprint(&b, `
## Every event in every state

*→* another state; *refused* with the code that the person is told; *nothing*: known already, or without meaning there, and
not journalled; anything else: the fact is kept and the state stays. An action may still refuse, or find nothing new: an event that
lacks something, an attempt or record that is not of this prescription, a fact that is known.

| event | what happened |`)
	for _, s := range States {
		fmt.Fprintf(&b, " %s |", s)
	}
	fmt.Fprint(&b, "\n|---|---|", strings.Repeat("---|", len(States)), "\n")
	for _, k := range Events {
		fmt.Fprintf(&b, "| **%s** | %s |", k, table[k].says)
		for _, s := range States {
			fmt.Fprintf(&b, " %s |", table[k].cells[s].note)
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// mermaid draws one arrow for each two states, with the events that lead there.
func mermaid(b *strings.Builder) {
	fmt.Fprint(b, "```mermaid\nstateDiagram-v2\n    [*] --> ready: issued\n")
	for _, from := range States {
		for _, target := range States {
			var by []string
			for _, k := range Events {
				if from != target && slices.Contains(table[k].cells[from].to, target) {
					by = append(by, k.String())
				}
			}
			if len(by) > 0 {
				fmt.Fprintf(b, "    %s --> %s: %s\n", from, target, strings.Join(by, ", "))
			}
		}
	}
	fmt.Fprint(b, "```\n")
}

func TestParseState(t *testing.T) {
	for _, s := range States {
		if got, err := ParseState(s.String()); got != s || err != nil {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for _, wrong := range []string{"", "invalid", "Ready", "ready ", "draft"} {
		if got, err := ParseState(wrong); got != 0 || CodeOf(err) != CodeNoSuchState {
			t.Errorf("%q: %v %v", wrong, got, err)
		}
	}
	if State(0).String() != "invalid" || State(200).String() != "invalid" || EventKind(0).String() != "invalid" || DutyKind(99).String() != "invalid" {
		t.Error("what is none has a name")
	}
	seen := map[string]bool{}
	for _, k := range Events {
		seen[k.String()] = true
	}
	if len(seen) != len(Events) || seen["invalid"] || seen[""] {
		t.Errorf("event names: %v", seen)
	}
}

// TestDoors: the closed list of which state opens which door.
func TestDoors(t *testing.T) {
	want := map[State]Door{StateReady: DoorNone, StateSending: DoorElectronic, StateUnknown: DoorElectronic, StateConfirmed: DoorElectronic,
		StateRefused: DoorNone, StateWithdrawn: DoorNone, StateLapsed: DoorNone, StatePaper: DoorPaper, StateRevoked: DoorNone}
	for _, s := range States {
		if s.Door() != want[s] {
			t.Errorf("%s: %s", s, s.Door())
		}
	}
}

func TestStatusWords(t *testing.T) {
	for _, c := range []struct {
		status     Status
		may, taken bool
	}{
		{StatusUnread, true, false}, {NotDelivered, true, false}, {InProcess, true, true}, {Delivered, false, true},
		{StatusRevoked, false, false}, {Expired, false, false}, {Archived, false, true}, {"SomethingNew", true, false},
	} {
		if c.status.MayBeDelivered() != c.may || c.status.Taken() != c.taken {
			t.Errorf("%q: %v %v", c.status, c.status.MayBeDelivered(), c.status.Taken())
		}
	}
	for _, r := range []Result{OnTheWire, ResultAccepted, ResultRefused, ResultNotSent, Unanswered, ResultAbsent} {
		if live := r == "" || r == "unanswered"; r.Live() != live {
			t.Errorf("%q live: %v", r, r.Live())
		}
	}
}

func TestHarmless(t *testing.T) {
	all := stories()
	harmless := []string{"refused", "refused, let go", "refused, found and gone", "withdrawn", "withdrawn, absent", "lapsed", "paper, destroyed", "revoked",
		"revoked by the patient", "revoked, written about"}
	for name, p := range all {
		if got := Harmless(p); got != slices.Contains(harmless, name) {
			t.Errorf("%s: %v", name, got)
		}
	}
	p := all["withdrawn, found"]
	for _, c := range []struct {
		status Status
		want   bool
	}{{NotDelivered, false}, {InProcess, false}, {Delivered, false}, {Archived, false}, {StatusRevoked, true}, {Expired, true}, {"SomethingNew", false}} {
		p := tell(p, Event{Kind: EventStatusRead, RID: ridA, Status: c.status, ServerAt: begin})
		if Harmless(p) != c.want {
			t.Errorf("withdrawn, found, then %s: %v", c.status, !c.want)
		}
	}
	if p := tell(all["confirmed"], Event{Kind: EventStatusRead, RID: ridA, Status: Expired}); !Harmless(p) {
		t.Error("expired at Recip-e, not harmless")
	}
}

func TestMustGo(t *testing.T) {
	for name, want := range map[string][]bool{
		"confirmed": {false}, "confirmed, wished": {true}, "confirmed, surplus": {false, true}, "refused, found": {true},
		"paper, forced, found": {true}, "paper, by the lost copy": {true}, "revoked by the patient": {false},
	} {
		p := stories()[name]
		var got []bool
		for _, r := range p.Records {
			got = append(got, p.MustGo(r))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	p := stories()["confirmed"]
	p.State = StatePaper
	if !p.MustGo(p.Records[0]) {
		t.Error("adopted, on paper, and may stay")
	}
}

func TestSheetSteps(t *testing.T) {
	for name, want := range map[string]PaperStep{"paper": ToPrint, "paper, printed": ToPrint, "paper, jammed": ToPrint, "paper, out": ToSign,
		"paper, handed": HandedOver, "paper, noted": HandedOver, "paper, by hand": HandedOver, "paper, destroyed": SheetDestroyed} {
		p := stories()[name]
		if got := p.Sheets[0].Step(); got != want {
			t.Errorf("%s: %s", name, got)
		}
		if usable := p.Sheet() != nil; usable != (want != SheetDestroyed) {
			t.Errorf("%s: usable %v", name, usable)
		}
	}
	if (Sheet{Handwritten: true}).Step() != ToSign {
		t.Error("written by hand, and to print")
	}
	if p := waiting(); p.Sheet() != nil {
		t.Error("a sheet of what was never on paper")
	}
}

func TestDerivedFacts(t *testing.T) {
	all := stories()
	p := all["confirmed, surplus"]
	if p.RID() != ridA || p.AdoptedRecord().RID != ridA {
		t.Error("the adopted record is not found")
	}
	p.Records[0].Adopted = false
	if p.RID() != "" || p.AdoptedRecord() != nil {
		t.Error("a RID that nobody adopted")
	}
	for name, want := range map[string]int{"ready": 0, "ready, absent": 0, "sending": 1, "sending again": 2, "unknown": 1, "confirmed": 0,
		"confirmed, second on wire": 2, "confirmed, second silent": 2, "paper, forced": 1, "refused": 0} {
		p := all[name]
		got := 0
		if a := p.LiveAttempt(); a != nil {
			got = a.N
		}
		if got != want {
			t.Errorf("%s: live attempt %d, wanted %d", name, got, want)
		}
	}
	two := Prescription{Attempts: []Attempt{{N: 1, Result: Unanswered}, {N: 2}, {N: 3, Result: ResultAbsent}}}
	if two.LiveAttempt().N != 2 {
		t.Error("of two live attempts the last one counts")
	}
	for name, want := range map[string][2]bool{"unknown": {false, false}, "unknown, asked": {true, false}, "unknown, elsewhere": {false, false},
		"ready, twin": {false, true}, "ready, answered, let go": {false, false}} {
		p := all[name]
		if got := [2]bool{p.RestoredOpen(), p.TwinOpen()}; got != want {
			t.Errorf("%s: restored, twin open: %v", name, got)
		}
	}
	again := tell(all["unknown, elsewhere"], putBack)
	twice := tell(all["ready, answered, let go"], seenTwin)
	if !again.RestoredOpen() || !twice.TwinOpen() {
		t.Error("asked a second time, and not open")
	}
	p = waiting()
	for _, c := range []struct {
		at   time.Time
		over bool
	}{{over.At.AddDate(0, 0, 1).Add(-time.Nanosecond), false}, {over.At.AddDate(0, 0, 1), true}} {
		if p.Over(c.at) != c.over {
			t.Errorf("over at %s: %v", c.at, !c.over)
		}
	}
}

// TestDoorsPage: the proofs that docs/doors.md names exist.
func TestDoorsPage(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "doors.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "-") || cells[1] == " way " {
			continue
		}
		for _, proof := range strings.Split(strings.TrimSpace(cells[3]), "; ") {
			dir, tests, _ := strings.Cut(strings.TrimPrefix(proof, "`"), "` ")
			if i := strings.Index(tests, " ("); i >= 0 { // names of planted mistakes
				tests = tests[:i]
			}
			for _, test := range strings.Split(tests, ", ") {
				if named++; !hasTest(t, filepath.Join(root, filepath.FromSlash(dir)), test) {
					t.Errorf("docs/doors.md names %s of %s, which is not there (%q)", test, dir, strings.TrimSpace(cells[1]))
				}
			}
		}
	}
	if named < 50 {
		t.Errorf("only %d proofs were found on the page", named)
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		source, err := os.ReadFile(file)
		return err == nil && bytes.Contains(source, []byte("\nfunc "+name+"(t *testing.T) {"))
	})
}
