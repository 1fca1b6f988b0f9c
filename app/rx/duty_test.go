package rx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// owed writes duties as "kind:why@minutes-after-begin outcome outcome".
func owed(p Prescription, now time.Time, around Around) []string {
	words := []string{}
	for _, d := range Owed(p, now, around, DefaultWaits) {
		s := fmt.Sprintf("%s:%s@%d", d.Kind, d.Why, int(d.Since.Sub(begin).Minutes()))
		for _, o := range d.Outcomes {
			s += " " + string(o)
		}
		words = append(words, s)
	}
	return words
}

const askRestored = " nothing-given paper-given sent-elsewhere"

// TestOwed: what each story owes an hour after issue. A story that is not named
// owes nothing.
func TestOwed(t *testing.T) {
	want := map[string][]string{
		"confirmed, asked":         {"restored:restored@1" + askRestored},
		"confirmed, second missed": {"revoke-surplus:late@1"},
		"confirmed, second silent": {"revoke-surplus:late@6"},
		"confirmed, surplus":       {"revoke-surplus:found@3"},
		"confirmed, twin":          {"twin-check:twin@3 only-here also-there"},
		"confirmed, denied":        {"revoke:wished@3"},
		"confirmed, wished":        {"revoke:wished@3"},
		"lapsed":                   {"tell:lapsed@131900 told"},
		"lapsed, asked":            {"tell:lapsed@131900 told", "restored:restored@1" + askRestored},
		"lapsed, found":            {"revoke-surplus:found@6", "tell:lapsed@131900 told"},
		"lapsed, second found":     {"revoke-surplus:found@2", "tell:lapsed@131900 told"},
		"paper":                    {"confirm-print:not-printed@1 destroyed"},
		"paper, asked":             {"restored:restored@3" + askRestored},
		"paper, by hand":           {"note:handed@1 noted"},
		"paper, by the lost copy":  {"revoke-on-sight:found@2", "note:handed@3 noted"},
		"paper, forced":            {"revoke-on-sight:paper@1", "confirm-print:not-printed@3 destroyed"},
		"paper, forced, found":     {"revoke-on-sight:found@4", "confirm-print:not-printed@3 destroyed"},
		"paper, forced, missed":    {"revoke-on-sight:paper@1", "confirm-print:not-printed@3 destroyed"},
		"paper, forced, wished":    {"revoke-on-sight:paper@1", "confirm-print:not-printed@3 destroyed"},
		"paper, handed":            {"note:handed@4 noted"},
		"paper, jammed":            {"confirm-print:not-printed@1 out destroyed"},
		"paper, jammed, out":       {"hand-over:out@4 handed destroyed"},
		"paper, out":               {"hand-over:out@3 handed destroyed"},
		"paper, printed":           {"confirm-print:printed@2 out not-out destroyed"},
		"paper, twin":              {"twin-check:twin@1 only-here also-there", "confirm-print:not-printed@2 destroyed"},
		"ready, absent":            {"reconfirm:absent@4 send paper withdraw"},
		"ready, absent, asked":     {"restored:restored@1" + askRestored},
		"ready, paper only, asked": {"restored:restored@1" + askRestored},
		"ready, twin":              {"twin-check:twin@1 only-here also-there"},
		"refused":                  {"tell:refused@2 told"},
		"refused, asked":           {"tell:refused@2 told", "restored:restored@3" + askRestored},
		"refused, found":           {"revoke-surplus:found@3", "tell:refused@2 told"},
		"refused, found and gone":  {"tell:refused@2 told"},
		"refused, let go":          {"tell:refused@3 told"},
		"refused, second found":    {"revoke-surplus:found@3", "tell:refused@2 told"},
		"revoked, asked":           {"restored:restored@1" + askRestored},
		"revoked, second missed":   {"revoke-surplus:late@6"},
		"revoked, second silent":   {"revoke-surplus:late@6"},
		"sending, twin":            {"twin-check:twin@2 only-here also-there"},
		"sending, wished, twin":    {"twin-check:twin@3 only-here also-there"},
		"unknown":                  {"locate:no-answer@1"},
		"unknown, asked":           {"locate:no-answer@1", "restored:restored@1" + askRestored},
		"unknown, asked, missed":   {"locate:no-answer@1", "restored:restored@3" + askRestored},
		"unknown, elsewhere":       {"locate:no-answer@1"},
		"unknown, missed":          {"locate:no-answer@1"},
		"unknown, to send again":   {"locate:no-answer@1"},
		"unknown, twin":            {"locate:no-answer@1", "twin-check:twin@3 only-here also-there"},
		"unknown, undecided":       {"locate:no-answer@1"},
		"unknown, wished":          {"revoke-on-sight:wished@3"},
		"withdrawn, asked":         {"restored:restored@1" + askRestored},
		"withdrawn, found":         {"revoke-surplus:found@6"},
		"withdrawn, second found":  {"revoke-surplus:found@2"},

		"paper, by the lost, notified":  {"revoke-on-sight:found@2", "note:handed@4 noted"},
		"paper, forced, found, written": {"revoke-on-sight:found@4", "confirm-print:not-printed@3 destroyed"},
		"withdrawn, found, written":     {"revoke-surplus:found@6"},
		"refused, found, written":       {"revoke-surplus:found@3", "tell:refused@2 told"},
		"lapsed, found, written":        {"revoke-surplus:found@6", "tell:lapsed@131900 told"},

		"ready, foreign":             {"reconfirm:absent@5 send paper withdraw"},
		"unknown, foreign":           {"locate:no-answer@1"},
		"unknown, foreign, notified": {"locate:no-answer@1"},
		"unknown, foreign, left":     {"locate:no-answer@1", "tell:misnamed@4 told"},
		"unknown, foreign, proven":   {"locate:no-answer@1", "tell:misnamed@4 told"},
		"confirmed, foreign, found":  {"tell:misnamed@4 told", "give-proof:left-without@5 given not-wanted"},
		"refused, accepted late":     {"revoke-surplus:found@3", "tell:refused@2 told"},
		"refused, accepted, foreign": {"revoke-surplus:late@1", "tell:refused@2 told"},
		"withdrawn, accepted late":   {"revoke-surplus:found@6"},
		"lapsed, accepted late":      {"revoke-surplus:found@6", "tell:lapsed@131900 told"},
		"paper, forced, accepted":    {"revoke-on-sight:found@4", "confirm-print:not-printed@3 destroyed"},
		"revoked, other stands":      {"revoke-surplus:found@4"},
	}
	all := stories()
	for name, p := range all {
		if got := owed(p, begin.Add(time.Hour), Around{}); !slices.Equal(got, want[name]) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want[name])
		}
	}
	for name := range want {
		if _, ok := all[name]; !ok {
			t.Errorf("no story %q", name)
		}
	}
}

// TestDutyLives follows each duty from its opening to its closing. Each line of a
// life is an event, or the passing of time, and what is owed afterwards.
func TestDutyLives(t *testing.T) {
	at := func(after time.Duration, e Event) Event { e.At = begin.Add(after); return e }
	type line struct {
		does Event // without a kind: time passes until At
		owes []string
	}
	const hour, day = time.Hour, 24 * time.Hour
	over := 92 * day // 23 February, the day after the last day
	taken := func(s Status) Event { return Event{Kind: EventStatusRead, RID: ridA, Status: s, ServerAt: begin} }
	for name, life := range map[string][]line{
		"locate": {
			{at(0, mark1), nil},
			{at(time.Minute, silent1), []string{"locate:no-answer@0"}},
			{at(2*hour, undecided), []string{"locate:no-answer@0"}},
			{at(26*hour-1, Event{}), []string{"locate:no-answer@0"}},
			{at(26*hour, Event{}), []string{"locate:ask@0 send-again paper withdraw"}},
			{at(27*hour, sayYes), []string{"locate:no-answer@0"}},
			{at(51*hour-1, Event{}), []string{"locate:no-answer@0"}},
			{at(51*hour, Event{}), []string{"locate:ask@0 send-again paper withdraw"}},
			{at(over, Event{}), []string{"locate:ask@0 withdraw"}},
			{at(over+day, Event{}), []string{"tell:never-known@0 told"}},
			{at(over+day, toldThem), nil},
		},
		"locate, not asked before the end": {
			{at(0, mark1), nil},
			{at(time.Minute, silent1), []string{"locate:no-answer@0"}},
			{at(over, Event{}), []string{"locate:no-answer@0"}},
		},
		"locate, asked after a later doubt": {
			{at(0, mark1), nil},
			{at(time.Minute, silent1), []string{"locate:no-answer@0"}},
			{at(hour, sayYes), []string{"locate:no-answer@0"}},
			{at(60*hour, undecided), []string{"locate:no-answer@0"}},
			{at(84*hour-1, Event{}), []string{"locate:no-answer@0"}},
			{at(84*hour, Event{}), []string{"locate:ask@0 send-again paper withdraw"}},
		},
		"locate, found": {
			{at(0, mark1), nil},
			{at(time.Minute, silent1), []string{"locate:no-answer@0"}},
			{at(hour, found1), nil},
		},
		"revoke on sight, wished": {
			{at(0, mark1), nil},
			{at(time.Minute, silent1), []string{"locate:no-answer@0"}},
			{at(2*time.Minute, wishGone), []string{"revoke-on-sight:wished@2"}},
			{at(40*hour, undecided), []string{"revoke-on-sight:wished@2"}},
			{at(80*hour, found1), []string{"revoke:wished@2"}},
			{at(81*hour, asked), []string{"revoke:wished@2"}},
			{at(82*hour, denied), []string{"revoke:wished@2"}},
			{at(83*hour, isOpen), []string{"revoke:wished@2"}},
			{at(84*hour, isGone), nil},
		},
		"revoke on sight, paper": {
			{at(0, mark1), nil},
			{at(0, silent1), []string{"locate:no-answer@0"}},
			{at(0, byForce), []string{"revoke-on-sight:paper@0", "confirm-print:not-printed@0 destroyed"}},
			{at(hour, torn), []string{"revoke-on-sight:paper@0"}},
			{at(2*hour, found1), []string{"revoke-on-sight:found@120"}},
			{at(3*hour, taken(InProcess)), []string{"revoke-on-sight:found@120", "tell:double@180 told"}},
			{at(4*hour, toldThem), []string{"revoke-on-sight:found@120"}},
			{at(5*hour, taken(Delivered)), nil},
			{at(over+2*day, Event{}), nil},
		},
		"revoke on sight, over": {
			{at(0, mark1), nil},
			{at(0, silent1), []string{"locate:no-answer@0"}},
			{at(0, byForce), []string{"revoke-on-sight:paper@0", "confirm-print:not-printed@0 destroyed"}},
			{at(over+day, torn), nil},
		},
		"double, untold": {
			{at(0, mark1), nil},
			{at(0, accept1), nil},
			{at(0, wishGone), []string{"revoke:wished@0"}},
			{at(hour, taken(Delivered)), []string{"tell:double@60 told"}},
			{at(2*hour, toldThem), nil},
			{at(3*hour, taken(Archived)), nil},
		},
		"double, put back and revoked": {
			{at(0, mark1), nil},
			{at(0, accept1), nil},
			{at(0, taken(InProcess)), nil},
			{at(0, wishGone), []string{"revoke:wished@0", "tell:double@0 told"}},
			{at(hour, taken(NotDelivered)), []string{"revoke:wished@0", "tell:double@0 told"}},
			{at(2*hour, isGone), nil},
		},
		"surplus": {
			{at(0, mark1), nil},
			{at(0, accept1), nil},
			{at(hour, Event{Kind: EventFound, N: 1, RID: ridB, Status: NotDelivered}), []string{"revoke-surplus:found@60"}},
			{at(2*hour, Event{Kind: EventStatusRead, RID: ridB, Status: "SomethingNew"}), []string{"revoke-surplus:found@60"}},
			{at(3*hour, Event{Kind: EventStatusRead, RID: ridB, Status: Expired}), nil},
		},
		"two surplus records": {
			{at(0, mark1), nil},
			{at(0, accept1), nil},
			{at(hour, found0), []string{"revoke-surplus:found@60"}},
			{at(2*hour, Event{Kind: EventFound, RID: "BEP2CCCCCCC3"}), []string{"revoke-surplus:found@60"}},
		},
		"refused, then paper": {
			{at(0, mark1), nil},
			{at(0, refuse1), []string{"tell:refused@0 told"}},
			{at(hour, toPaper), []string{"confirm-print:not-printed@60 destroyed"}},
		},
		"refused, with the question of a twin": {
			{at(0, mark1), nil},
			{at(0, seenTwin), []string{"twin-check:twin@0 only-here also-there"}},
			{at(0, refuse1), []string{"tell:refused@0 told"}},
		},
		"lapsed, then paper of the lost copy": {
			{at(0, putBack), []string{"locate:no-answer@0", "restored:restored@0" + askRestored}},
			{at(0, fence1), []string{"locate:no-answer@0", "restored:restored@0" + askRestored}},
			{at(0, miss1), []string{"locate:no-answer@0", "restored:restored@0" + askRestored}},
			{at(0, absent1), []string{"restored:restored@0" + askRestored}},
			{at(over, Event{Kind: EventExpired}), []string{"tell:lapsed@132480 told", "restored:restored@0" + askRestored}},
			{at(over, paper1), []string{"note:handed@132480 noted"}},
		},
		"refused": {
			{at(0, mark1), nil},
			{at(0, refuse1), []string{"tell:refused@0 told"}},
			{at(hour, left), []string{"tell:refused@0 told"}},
			{at(hour, toldThem), nil},
		},
		"lapsed": {
			{at(hour, toldThem), nil}, // told of something else before
			{at(over, Event{Kind: EventExpired}), []string{"tell:lapsed@132480 told"}},
			{at(over, toldThem), nil},
		},
		"twin": {
			{at(0, seenTwin), []string{"twin-check:twin@0 only-here also-there"}},
			{at(hour, toPaper), []string{"twin-check:twin@0 only-here also-there", "confirm-print:not-printed@60 destroyed"}},
			{at(hour, torn), []string{"twin-check:twin@0 only-here also-there"}},
			{at(2*hour, alsoThere), []string{"tell:twin@120 told"}},
			{at(3*hour, toldThem), nil},
		},
		"twin of what is closed": {
			{at(0, seenTwin), []string{"twin-check:twin@0 only-here also-there"}},
			{at(0, takeBack), nil},
		},
		"twin, only here, on paper": {
			{at(0, seenTwin), []string{"twin-check:twin@0 only-here also-there"}},
			{at(0, toPaper), []string{"twin-check:twin@0 only-here also-there", "confirm-print:not-printed@0 destroyed"}},
			{at(0, onlyHere), []string{"confirm-print:not-printed@0 destroyed"}},
		},
		"twin, also there, confirmed": {
			{at(0, mark1), nil},
			{at(0, accept1), nil},
			{at(0, seenTwin), []string{"twin-check:twin@0 only-here also-there"}},
			{at(hour, alsoThere), []string{"revoke:wished@60"}},
		},
		"restored": {
			{at(0, putBack), []string{"locate:no-answer@0", "restored:restored@0" + askRestored}},
			{at(hour, undecided), []string{"locate:no-answer@0", "restored:restored@0" + askRestored}},
			{at(30*hour, Event{}), []string{"locate:no-answer@0", "restored:restored@0" + askRestored}},
			{at(30*hour, nothing1), []string{"locate:ask@0 send-again paper withdraw"}},
		},
		"restored on paper, elsewhere": {
			{at(0, toPaper), []string{"confirm-print:not-printed@0 destroyed"}},
			{at(0, print1), []string{"confirm-print:printed@0 out not-out destroyed"}},
			{at(hour, putBack), []string{"restored:restored@60" + askRestored}},
			{at(hour, elsewhere), []string{"confirm-print:printed@0 out not-out destroyed"}},
			{at(2*hour, cameOut), []string{"hand-over:elsewhere@120 destroyed"}},
			{at(2*hour, torn), nil},
		},
		"restored, paper handed, live": {
			{at(0, mark1), nil},
			{at(0, silent1), []string{"locate:no-answer@0"}},
			{at(0, byForce), []string{"revoke-on-sight:paper@0", "confirm-print:not-printed@0 destroyed"}},
			{at(0, print1), []string{"revoke-on-sight:paper@0", "confirm-print:printed@0 out not-out destroyed"}},
			{at(0, cameOut), []string{"revoke-on-sight:paper@0", "hand-over:out@0 handed destroyed"}},
			{at(0, handed), []string{"revoke-on-sight:paper@0", "note:handed@0 noted"}},
			{at(hour, putBack), []string{"revoke-on-sight:paper@0", "restored:restored@60" + askRestored, "note:handed@0 noted"}},
		},
		"print and hand over": {
			{at(0, toPaper), []string{"confirm-print:not-printed@0 destroyed"}},
			{at(time.Minute, print1), []string{"confirm-print:printed@1 out not-out destroyed"}},
			{at(2*time.Minute, jammed), []string{"confirm-print:not-printed@0 out destroyed"}},
			{at(3*time.Minute, print1), []string{"confirm-print:printed@3 out not-out destroyed"}},
			{at(4*time.Minute, cameOut), []string{"hand-over:out@4 handed destroyed"}},
			{at(5*time.Minute, handed), []string{"note:handed@5 noted"}},
			{at(6*time.Minute, inRecord), nil},
		},
		"proof": {
			{at(0, left), nil},
			{at(0, mark1), nil},
			{at(time.Minute, accept1), []string{"give-proof:left-without@1 given not-wanted"}},
			{at(2*time.Minute, gaveProof), nil},
		},
		"proof of what is to go": {
			{at(0, left), nil},
			{at(0, mark1), nil},
			{at(time.Minute, accept1), []string{"give-proof:left-without@1 given not-wanted"}},
			{at(2*time.Minute, wishGone), []string{"revoke:wished@2"}},
		},
		"proof in hand": {
			{at(0, mark1), nil},
			{at(time.Minute, accept1), nil},
			{at(2*time.Minute, left), nil},
		},
		"urgency": { // a late attempt and a wish: the wish first
			{at(0, mark1), nil},
			{at(0, silent1), []string{"locate:no-answer@0"}},
			{at(0, found0), []string{"revoke-surplus:late@0"}},
			{at(0, wishGone), []string{"revoke:wished@0", "revoke-surplus:late@0"}},
		},
	} {
		p := waiting()
		for i, l := range life {
			if l.does.Kind != 0 {
				p = tell(p, l.does)
			}
			if got := owed(p, l.does.At, Around{}); !slices.Equal(got, l.owes) {
				t.Errorf("%s, line %d (%s):\n got %q\nwant %q", name, i, l.does.Kind, got, l.owes)
			}
		}
	}
}

// TestProofNotWanted: nobody is owed a proof who does not want one.
func TestProofNotWanted(t *testing.T) {
	p := waiting()
	p.Proof = false
	if got := owed(tell(p, left, mark1, accept1), begin.Add(time.Hour), Around{}); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// TestReconfirm: when a waiting prescription needs a yes. Journey 3: silently only
// within 4 hours and on the same day, with nothing newer; after 4 days not at all.
func TestReconfirm(t *testing.T) {
	evening := time.Date(2028, 2, 28, 23, 0, 0, 0, brussels)
	issued := func(at time.Time, events ...Event) Prescription {
		p := waiting()
		p.Issued, p.Begin, p.Expires = at, DateOf(at), DefaultExpiry(DateOf(at))
		return tell(p, events...)
	}
	yes := func(at time.Time) Event { return Event{Kind: EventReconfirmed, At: at} }
	dead := func(at time.Time) []Event {
		return []Event{{Kind: EventMarked, At: at, Attempt: &Attempt{Key: "key-1", Expires: at}}, {Kind: EventUnanswered, At: at, N: 1},
			{Kind: EventMissed, At: at, N: 1, ServerAt: at.Add(time.Hour)}, {Kind: EventAbsent, At: at, N: 1, ServerAt: at.Add(2 * time.Hour)}}
	}
	for _, c := range []struct {
		name  string
		p     Prescription
		now   time.Time
		newer bool
		want  string
	}{
		{"just issued", issued(begin), begin, false, ""},
		{"just under 4 h", issued(begin), begin.Add(4*time.Hour - 1), false, ""},
		{"4 h", issued(begin), begin.Add(4 * time.Hour), false, "waited"},
		{"before midnight", issued(evening), evening.Add(time.Hour - 1), false, ""},
		{"midnight, into 29 February", issued(evening), evening.Add(time.Hour), false, "waited"},
		{"29 February, all day", issued(evening.Add(2 * time.Hour)), evening.Add(5 * time.Hour), false, ""},
		{"29 February to 1 March", issued(evening.Add(24 * time.Hour)), evening.Add(25 * time.Hour), false, "waited"},
		{"kept in UTC, same day in Belgium", issued(evening.Add(70 * time.Minute).UTC()), evening.Add(130 * time.Minute), false, ""},
		{"kept in UTC, midnight in Belgium", issued(evening.UTC()), evening.Add(time.Hour), false, "waited"},
		{"clock back by 5 min", issued(begin), begin.Add(-5 * time.Minute), false, ""},
		{"clock back by more", issued(begin), begin.Add(-5*time.Minute - 1), false, "waited"},
		{"clock back by a year", issued(begin), begin.AddDate(-1, 0, 0), false, "waited"},
		{"just under 4 days", issued(begin), begin.Add(96*time.Hour - 1), false, "waited"},
		{"4 days", issued(begin), begin.Add(96 * time.Hour), false, "too-old"},
		{"4 days, said yes", issued(begin, yes(begin.Add(95*time.Hour))), begin.Add(96 * time.Hour), false, "too-old"},
		{"said yes next day", issued(begin, yes(begin.Add(25*time.Hour))), begin.Add(26 * time.Hour), false, ""},
		{"said yes, 4 h later", issued(begin, yes(begin.Add(25*time.Hour))), begin.Add(29 * time.Hour), false, "waited"},
		{"said yes, then the clock back", issued(begin, yes(begin.Add(25*time.Hour))), begin.Add(24 * time.Hour), false, "waited"},
		{"something newer", issued(begin), begin.Add(time.Minute), true, "newer"},
		{"something newer, said yes", issued(begin, yes(begin.Add(time.Minute))), begin.Add(2 * time.Minute), true, ""},
		{"proven absent", issued(begin, dead(begin)...), begin.Add(time.Minute), true, "absent"},
		{"proven absent, said yes", issued(begin, append(dead(begin), yes(begin))...), begin.Add(time.Minute), false, ""},
		{"said yes, then proven absent", issued(begin, append([]Event{yes(begin)}, dead(begin)...)...), begin.Add(time.Minute), false, "absent"},
		{"proven absent, 4 days", issued(begin, dead(begin)...), begin.Add(96 * time.Hour), false, "too-old"},
		{"past validity", issued(begin), over.At, false, ""},
		{"paper only", paperOnly(), begin.Add(5 * time.Hour), false, ""},
		{"restored, not answered", issued(begin, putBack, fence1, miss1, absent1), begin.Add(5 * time.Hour), false, ""},
		{"on the wire", issued(begin, mark1), begin.Add(5 * time.Hour), false, ""},
	} {
		got := owed(c.p, c.now, Around{Newer: c.newer})
		var want []string
		switch {
		case c.want == "too-old":
			want = []string{"reconfirm:too-old@0 paper withdraw"}
		case c.want != "":
			want = []string{fmt.Sprintf("reconfirm:%s@%d send paper withdraw", c.want, int(c.p.Issued.Sub(begin).Minutes()))}
		}
		got = slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "reconfirm") })
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", c.name, got, want)
		}
	}
	d := Owed(issued(begin), begin.Add(5*time.Hour), Around{}, DefaultWaits)[0]
	if !d.Deadline.Equal(begin.Add(96 * time.Hour)) {
		t.Errorf("deadline %s", d.Deadline)
	}
}

// TestSendAgainCountsFromWhenItWasSaid: a yes said while the outcome was unknown is
// no yes for the day on which absence is proven.
func TestSendAgainCountsFromWhenItWasSaid(t *testing.T) {
	said := begin.Add(10 * time.Minute)
	proven := said.Add(3 * time.Hour)
	p := tell(waiting(), mark1, silent1, Event{Kind: EventReconfirmed, At: said}, miss1, Event{Kind: EventAbsent, N: 1, At: proven, ServerAt: absent1.ServerAt})
	if err := MaySend(p, proven, Around{}, DefaultWaits); err != nil {
		t.Errorf("said 3 h ago: %v", err)
	}
	if err := MaySend(p, proven.Add(time.Hour), Around{}, DefaultWaits); CodeOf(err) != CodeNeedsConfirmation {
		t.Errorf("said 4 h ago: %v", err)
	}
}

func TestSettle(t *testing.T) {
	p := tell(waiting(), toPaper, print1, cameOut)
	d := Owed(p, begin.Add(time.Hour), Around{}, DefaultWaits)[0]
	e, err := Settle(p, d, Handed, begin.Add(time.Hour))
	if err != nil || e.Kind != EventHandedOver || e.Outcome != Handed || !e.At.Equal(begin.Add(time.Hour)) || e.Sheet == nil || e.Sheet.ID != "sheet-1" || e.Reason != "" {
		t.Errorf("%+v %v", e, err)
	}
	_, err = Settle(p, d, WasNoted, begin)
	if CodeOf(err) != CodeNoSuchOutcome {
		t.Errorf("an outcome that is not offered: %v", err)
	}
	var fault *Error
	if !errors.As(err, &fault) || fault.Args["duty"] != "hand-over" || fault.Args["outcome"] != "noted" {
		t.Errorf("%v", err)
	}
	for o, k := range settles {
		want := k
		for _, kind := range []DutyKind{DutyLocate, DutyReconfirm} {
			e, err := Settle(waiting(), Duty{Kind: kind, Outcomes: []Outcome{o}}, o, begin)
			reason := ""
			if o == Withdraw {
				if reason = "stopped"; kind == DutyLocate {
					want = EventRevokeWished
				} else {
					want = EventWithdrawn
				}
			}
			if err != nil || e.Kind != want || e.Reason != reason || e.Sheet != nil {
				t.Errorf("%s of %s: %+v %v", o, kind, e, err)
			}
		}
	}
}

func TestParseDutyID(t *testing.T) {
	id := waiting().ID
	for _, k := range Duties {
		got, kind, err := ParseDutyID(Duty{Kind: k, Prescription: id}.ID())
		if got != id || kind != k || err != nil {
			t.Errorf("%s: %s %s %v", k, got, kind, err)
		}
	}
	for _, wrong := range []string{"", string(id), string(id) + ".", string(id) + ".Locate", string(id) + ".locates", string(id) + ":locate",
		string(id) + ".locate ", "x" + string(id[1:]) + ".locate", string(id[1:]) + ".locate", string(id) + ".invalid", strings.Repeat(".", 50)} {
		if got, kind, err := ParseDutyID(wrong); got != "" || kind != 0 || CodeOf(err) != CodeNotOwed {
			t.Errorf("%q: %s %s %v", wrong, got, kind, err)
		}
	}
}

// TestDutyWords: names, bits and who works at each. The bits are kept in the
// database: a changed one would lose duties from the lists.
func TestDutyWords(t *testing.T) {
	want := []string{"locate 1 engine", "revoke-on-sight 2 engine", "revoke 4 engine", "revoke-surplus 8 engine", "tell 16", "restored 32",
		"twin-check 64", "reconfirm 128", "confirm-print 256", "hand-over 512", "note 1024", "give-proof 2048"}
	var got []string
	for _, k := range Duties {
		s := fmt.Sprintf("%s %d", k, k.Bit())
		if k.ByEngine() {
			s += " engine"
		}
		got = append(got, s)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if OwedMask(nil) != 0 || OwedMask([]Duty{{Kind: DutyLocate}, {Kind: DutyNote}, {Kind: DutyNote}}) != 1025 {
		t.Error("mask")
	}
}
