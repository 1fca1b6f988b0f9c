package rx

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestMaySend: of all stories only these may leave an hour after issue; each of
// the others says why not.
func TestMaySend(t *testing.T) {
	because := map[State]Code{StateSending: CodeBeingSent, StateUnknown: CodeMayHaveArrived, StateConfirmed: CodeElectronicExists,
		StateRefused: CodeClosed, StateWithdrawn: CodeClosed, StateLapsed: CodeClosed, StatePaper: CodeOnPaper, StateRevoked: CodeClosed}
	ready := map[string]Code{"ready": "", "ready, answered, let go": "", "ready, absent": CodeNeedsConfirmation,
		"ready, absent, asked": CodeAnswerRestored, "ready, twin": CodeNeedsConfirmation, "ready, paper only": CodePaperOnly,
		"ready, paper only, asked": CodePaperOnly, "ready, foreign": CodeNeedsConfirmation}
	for name, p := range stories() {
		want, ok := because[p.State], true
		if p.State == StateReady {
			want, ok = ready[name]
		}
		if got := CodeOf(MaySend(p, begin.Add(time.Hour), Around{}, DefaultWaits)); got != want || !ok {
			t.Errorf("%s: %q, wanted %q", name, got, want)
		}
	}
	live := waiting()
	live.Attempts = []Attempt{{N: 1, Key: "key-1", Result: Unanswered}}
	last := time.Date(2027, 2, 22, 23, 59, 59, 0, brussels)
	late := waiting()
	late.Issued = last.Add(-time.Hour)
	for _, c := range []struct {
		name   string
		p      Prescription
		now    time.Time
		around Around
		want   Code
	}{
		{"at once", waiting(), begin, Around{}, ""},
		{"the replaced one is open", waiting(), begin, Around{ReplacedOpen: true}, CodeWaitsForReplaced},
		{"something newer", waiting(), begin, Around{Newer: true}, CodeNeedsConfirmation},
		{"waited", waiting(), begin.Add(4 * time.Hour), Around{}, CodeNeedsConfirmation},
		{"too old", waiting(), begin.Add(96 * time.Hour), Around{}, CodeTooOld},
		{"last day", late, last, Around{}, ""},
		{"the day after", late, last.Add(time.Second), Around{}, CodeValidityPassed},
		{"an attempt lives", live, begin, Around{}, CodeMayHaveArrived},
		{"no state", Prescription{}, begin, Around{}, CodeClosed},
	} {
		if got := CodeOf(MaySend(c.p, c.now, c.around, DefaultWaits)); got != c.want {
			t.Errorf("%s: %q, wanted %q", c.name, got, c.want)
		}
	}
}

// TestMarkObeysMaySend: what MaySend allows, the table takes; in whatever story.
func TestMarkObeysMaySend(t *testing.T) {
	for name, p := range stories() {
		now := begin.Add(time.Hour)
		e := Event{Kind: EventMarked, At: now, Attempt: &Attempt{Key: "key-new", Expires: now}}
		_, changed, _ := Step(p, e)
		if may := MaySend(p, now, Around{}, DefaultWaits) == nil; may && !changed {
			t.Errorf("%s: may be sent, cannot be marked", name)
		}
	}
}

func TestMayClaim(t *testing.T) {
	for _, c := range []struct {
		open, although bool
		want           Code
	}{{false, false, ""}, {false, true, ""}, {true, true, ""}, {true, false, CodeWaitsForReplaced}} {
		if got := CodeOf(MayClaim(Around{ReplacedOpen: c.open}, c.although)); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestIsLate(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		late  bool
	}{{0, false}, {10*time.Minute - 1, false}, {10 * time.Minute, true}, {-5 * time.Minute, false}, {-5*time.Minute - 1, true}, {-time.Hour, true}} {
		if got := IsLate(waiting(), begin.Add(c.after), DefaultWaits); got != c.late {
			t.Errorf("after %s: %v", c.after, got)
		}
	}
	if !IsLate(stories()["ready, absent"], begin, DefaultWaits) {
		t.Error("a second attempt, and not late")
	}
}

// seen is a complete look-up begun at the server's moment.
func seen(at time.Time, candidates ...Candidate) Look {
	return Look{Begun: at, Complete: true, Candidates: candidates}
}

// say writes events as "kind n rid status server-time".
func say(events []Event) []string {
	words := []string{}
	for _, e := range events {
		s := e.Kind.String()
		if e.N != 0 || e.Kind == EventFound {
			s += fmt.Sprintf(" %d", e.N)
		}
		if e.RID != "" {
			s += " " + string(e.RID) + " " + string(e.Status)
		}
		if !e.ServerAt.IsZero() {
			s += e.ServerAt.UTC().Format(" 15:04:05.000")
		}
		words = append(words, s)
	}
	return words
}

// TestConclude: the attempt's timestamp ends at 08:41 UTC by the server's clock, so
// that its fence is at 08:43:00.001.
func TestConclude(t *testing.T) {
	all := stories()
	all["two keys"] = tell(all["ready, absent"], sayYes, mark2, silent2)
	all["by content"] = tell(all["unknown, asked"], Event{Kind: EventFound, RID: ridA})
	fence := begin.Add(time.Minute + DefaultWaits.Processing + time.Millisecond)
	local := LocalIDOf(waiting().Order, 0)
	var (
		ours      = Candidate{RID: ridA, Status: NotDelivered, Read: true, Key: "key-1", Local: local}
		byKey     = Candidate{RID: ridA, Status: NotDelivered, Read: true, Key: "key-1"}
		byContent = Candidate{RID: ridB, Status: InProcess, Read: true, Key: "key-lost", Local: local}
		delivered = Candidate{RID: ridB, Status: Delivered, Read: true, Key: "key-1"}
		archived  = Candidate{RID: ridB, Status: Archived, Read: true, Key: "key-1"}
		inProcess = Candidate{RID: ridB, Status: InProcess, Read: true, Key: "key-1"}
		revoked   = Candidate{RID: ridB, Status: StatusRevoked, Read: true, Key: "key-1"}
		strange   = Candidate{RID: "BEP2SSSSSSS1", Status: NotDelivered, Read: true, Key: "key-else", Local: "0192f6a0-0000-8000-8000-000000000000"}
		sealed    = Candidate{RID: "BEP2SSSSSSS2", Status: NotDelivered, Read: true, Key: "key-else"}
		nameless  = Candidate{RID: "BEP2SSSSSSS5", Status: NotDelivered, Read: true, Key: "key-else", Opened: true}
		unread    = Candidate{RID: "BEP2SSSSSSS3", Status: NotDelivered}
		keyless   = Candidate{RID: "BEP2SSSSSSS4", Status: NotDelivered, Read: true, Local: strange.Local}
		unreadOur = Candidate{RID: ridB, Local: local}
	)
	for _, c := range []struct {
		name  string
		story string
		look  Look
		want  []string
	}{
		{"found by its key", "unknown", seen(begin, strange, byKey), []string{"found 1 BEP2AAAAAAA1 NotDelivered 08:40:00.000"}},
		{"a positive counts in an incomplete look-up", "unknown", Look{Begun: begin, Candidates: []Candidate{ours, unread}}, []string{"found 1 BEP2AAAAAAA1 NotDelivered 08:40:00.000"}},
		{"a positive counts without the server's clock", "unknown", seen(time.Time{}, ours), []string{"found 1 BEP2AAAAAAA1 NotDelivered"}},
		{"found by content alone", "unknown", seen(begin, byContent), []string{"found 0 BEP2BBBBBBB2 InProcess 08:40:00.000"}},
		{"found by content, key unread", "unknown", seen(begin, unreadOur), []string{"found 0 BEP2BBBBBBB2  08:40:00.000"}},
		{"found although it waits", "ready", seen(begin, byContent), []string{"found 0 BEP2BBBBBBB2 InProcess 08:40:00.000"}},
		{"the key of the second attempt", "two keys", seen(begin, Candidate{RID: ridB, Read: true, Key: "key-2"}), []string{"found 2 BEP2BBBBBBB2  08:40:00.000"}},
		{"the key of a dead attempt", "ready, absent", seen(begin, byKey), []string{"found 1 BEP2AAAAAAA1 NotDelivered 08:40:00.000"}},
		{"two records of one create: the one at a pharmacist first", "unknown", seen(begin, byKey, inProcess),
			[]string{"found 1 BEP2BBBBBBB2 InProcess 08:40:00.000", "found 1 BEP2AAAAAAA1 NotDelivered 08:40:00.000"}},
		{"two records: delivered before in process", "unknown", seen(begin, Candidate{RID: ridA, Status: InProcess, Read: true, Key: "key-1"}, delivered),
			[]string{"found 1 BEP2BBBBBBB2 Delivered 08:40:00.000", "found 1 BEP2AAAAAAA1 InProcess 08:40:00.000"}},
		{"two records: archived before open", "unknown", seen(begin, byKey, archived),
			[]string{"found 1 BEP2BBBBBBB2 Archived 08:40:00.000", "found 1 BEP2AAAAAAA1 NotDelivered 08:40:00.000"}},
		{"two records: open before revoked", "unknown", seen(begin, revoked, byKey),
			[]string{"found 1 BEP2AAAAAAA1 NotDelivered 08:40:00.000", "found 1 BEP2BBBBBBB2 Revoked 08:40:00.000"}},
		{"second record of an accepted attempt", "confirmed", seen(begin, Candidate{RID: ridB, Read: true, Key: "key-1"}), []string{"found 1 BEP2BBBBBBB2  08:40:00.000"}},

		{"a millisecond before the fence", "unknown", seen(fence.Add(-time.Millisecond)), nil},
		{"a nanosecond before the fence", "unknown", seen(fence.Add(-1)), nil},
		{"at the fence", "unknown", seen(fence), []string{"missed 1 08:43:00.001"}},
		{"others are no obstacle", "unknown", seen(fence, strange, sealed), []string{"missed 1 08:43:00.001"}},
		{"second look-up after 60 s less a millisecond", "unknown, missed", seen(begin.Add(11*time.Minute - time.Millisecond)), nil},
		{"second look-up after 60 s", "unknown, missed", seen(begin.Add(11 * time.Minute)), []string{"absent 1 08:51:00.000"}},
		{"server's clock gone back before the first look-up", "unknown, missed", seen(begin.Add(9 * time.Minute)), nil},
		{"server's clock gone back before the fence", "unknown, missed", seen(begin), nil},
		{"on the wire: nothing is concluded", "sending", seen(begin.Add(time.Hour)), nil},
		{"dead already", "ready, absent", seen(begin.Add(time.Hour)), nil},

		{"incomplete", "unknown", Look{Begun: fence}, []string{"unclear"}},
		{"unread candidate", "unknown", seen(fence, unread), []string{"unclear"}},
		{"candidate without a key", "unknown", seen(fence, keyless), []string{"unclear"}},
		{"key said and called unread", "unknown", seen(fence, Candidate{RID: ridA, Key: "key-1"}), []string{"unclear"}},
		{"no server's clock", "unknown", seen(time.Time{}), []string{"unclear"}},
		{"undecided once", "unknown, undecided", seen(fence, unread), nil},
		{"undecided, on paper", "paper, forced", seen(fence, unread), []string{"unclear"}},
		{"undecided about nothing", "ready", seen(fence, unread), nil},
		{"undecided about a second record", "confirmed", seen(fence, unread), nil},

		{"restored: the fence starts at the first complete look-up", "unknown, asked", seen(begin), []string{"fenced 1 08:41:00.000"}},
		{"restored: no fence without the server's clock", "unknown, asked", seen(time.Time{}), []string{"unclear"}},
		{"restored: content that cannot be read", "unknown, asked", seen(begin, sealed), []string{"unclear"}},
		{"restored: a candidate of which nothing could be read", "unknown, asked", seen(begin, unread), []string{"unclear"}},
		{"restored: a candidate without a key", "unknown, asked", seen(begin, keyless), []string{"unclear"}},
		{"restored: content without LOCAL id", "unknown, asked", seen(begin, nameless), []string{"fenced 1 08:41:00.000"}},
		{"restored: content without LOCAL id, a candidate without a key", "unknown, asked", seen(begin, Candidate{RID: ridA, Read: true, Opened: true}), []string{"unclear"}},
		{"restored: content of another", "unknown, asked", seen(begin, strange), []string{"fenced 1 08:41:00.000"}},
		{"restored and missed: content that cannot be read", "unknown, asked, missed", seen(begin.Add(time.Hour), sealed), []string{"unclear"}},
		{"restored and missed", "unknown, asked, missed", seen(begin.Add(time.Hour)), []string{"absent 1 09:40:00.000"}},

		{"accepted, at the fence: the list may lag", "confirmed", seen(fence), nil},
		{"accepted, a millisecond less than 60 s later", "confirmed", seen(fence.Add(59_999 * time.Millisecond)), nil},
		{"accepted, 60 s later", "confirmed", seen(fence.Add(time.Minute)), []string{"checked 1"}},
		{"accepted and checked", "confirmed, checked", seen(fence.Add(time.Minute)), nil},
		{"accepted, found by content: a fence first", "by content", seen(begin), []string{"fenced 1 08:41:00.000"}},
		{"two open attempts in one look-up", "confirmed, second silent", seen(begin.Add(time.Hour)), []string{"checked 1", "missed 2 09:40:00.000"}},
		{"surplus attempt", "confirmed, second missed", seen(begin.Add(time.Hour)), []string{"absent 1 09:40:00.000", "fenced 2 09:41:00.000"}},
	} {
		p, ok := all[c.story]
		if !ok {
			t.Fatalf("no story %q", c.story)
		}
		events := Conclude(p, c.look, begin.Add(time.Hour), DefaultWaits)
		if got := say(events); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
		for _, e := range events {
			if !e.At.Equal(begin.Add(time.Hour)) {
				t.Errorf("%s: %s at %s", c.name, e.Kind, e.At)
			}
			var err error
			if p, _, err = Step(p, e); err != nil {
				t.Errorf("%s: %s is refused: %v", c.name, e.Kind, err)
			}
		}
	}
}

// TestTwoRecordsOfOneCreate: the delivered one is adopted, the other revoked.
func TestTwoRecordsOfOneCreate(t *testing.T) {
	p := tell(waiting(), mark1, silent1)
	look := seen(begin, Candidate{RID: ridA, Status: NotDelivered, Read: true, Key: "key-1"}, Candidate{RID: ridB, Status: Delivered, Read: true, Key: "key-1"})
	for _, e := range Conclude(p, look, begin, DefaultWaits) {
		p = tell(p, e)
	}
	if p.RID() != ridB || len(p.Records) != 2 || p.State != StateConfirmed {
		t.Errorf("%d records, state %s, adopted: the delivered one %v", len(p.Records), p.State, p.RID() == ridB)
	}
	if got := owed(p, begin.Add(time.Hour), Around{}); len(got) != 1 || got[0][:20] != "revoke-surplus:found" {
		t.Errorf("%q", got)
	}
}

// TestAbsenceTakesTwoLooks: whatever look-ups come in whatever order, an attempt is
// proven absent only by two complete ones, both after the fence and 60 s apart.
func TestAbsenceTakesTwoLooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := tell(waiting(), mark1, silent1)
		fence := p.Attempts[0].Fence(DefaultWaits)
		var sound []time.Time
		for range rapid.IntRange(1, 12).Draw(t, "looks") {
			look := Look{Begun: fence.Add(time.Duration(rapid.IntRange(-200_000, 200_000).Draw(t, "ms")) * time.Millisecond), Complete: rapid.Bool().Draw(t, "complete")}
			unread := rapid.IntRange(0, 3).Draw(t, "unread") == 0
			if unread {
				look.Candidates = []Candidate{{RID: ridB}}
			}
			if look.Complete && !unread && !look.Begun.Before(fence) {
				sound = append(sound, look.Begun)
			}
			for _, e := range Conclude(p, look, begin, DefaultWaits) {
				p, _, _ = Step(p, e)
			}
			if p.Attempts[0].Result == ResultAbsent {
				apart := false
				for i, a := range sound {
					for _, b := range sound[i:] {
						apart = apart || b.Sub(a) >= DefaultWaits.Between
					}
				}
				if !apart {
					t.Fatalf("absent after %v", sound)
				}
				return
			}
		}
	})
}

func TestToLook(t *testing.T) {
	need := []State{StateUnknown, StateConfirmed, StateRevoked}
	more := []string{"refused, found", "refused, found and gone", "refused, second found", "withdrawn, found", "withdrawn, second found", "lapsed, found", "lapsed, second found",
		"paper, forced", "paper, forced, missed", "paper, forced, found", "paper, forced, wished", "paper, by the lost copy",
		"refused, found, written", "withdrawn, found, written", "lapsed, found, written", "paper, forced, found, written", "paper, by the lost, notified",
		"refused, accepted late", "refused, accepted, foreign", "withdrawn, accepted late", "lapsed, accepted late", "paper, forced, accepted"}
	for name, p := range stories() {
		want := slices.Contains(need, p.State) && name != "confirmed, checked" || slices.Contains(more, name)
		if got := ToLook(p, begin.Add(time.Hour)); got != want {
			t.Errorf("%s: %v", name, got)
		}
		if ToLook(p, over.At.AddDate(0, 0, 1)) {
			t.Errorf("%s: still looked for when it is over", name)
		}
	}
}
