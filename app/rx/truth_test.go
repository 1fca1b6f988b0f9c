package rx

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The world of TestWalks, and what may happen in it.

// truth is what is so, whatever anybody here believes.
type truth struct {
	clock   time.Time // the server's
	calls   []*create
	records []*stored
	papers  map[ID]bool // by sheet: with the patient
	other   bool        // other software sent the same
}

// create is a request that left. It can be processed until its timestamp has
// expired and the longest processing has passed, and never later (reliability §2.3).
type create struct {
	attempt  int
	life     int // of our program; an answer does not outlive it
	key      KeyID
	until    time.Time // of the timestamp
	refused  bool
	record   *stored
	answered bool
}

type stored struct {
	rid    RID
	key    KeyID
	status Status
	listed time.Time // lists lag by up to a minute
}

// usable tells that a pharmacist can deliver it, or has.
func (s *stored) usable() bool { return s.status.MayBeDelivered() || s.status.Taken() }

type walk struct {
	*testing.T
	seed uint64
	rng  *rand.Rand
	truth
	p     Prescription
	ref   reference
	saved struct {
		p   Prescription
		ref reference
	}
	wall  time.Duration // our clock less the server's
	life  int
	keys  int
	calm  int // the doctor undoes something once in so many times
	trail []string
	seen  map[string]bool // what any walk came by
}

func newWalk(t *testing.T, seed uint64, seen map[string]bool) *walk {
	w := &walk{T: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 0x77616c6b)), seen: seen, truth: truth{clock: begin, papers: map[ID]bool{}}, p: waiting()}
	w.calm = pick(w, []int{3, 30, 300})
	w.p.Electronic = !w.one(20)
	w.p.Proof = w.one(2)
	w.ref = reference{electronic: w.p.Electronic, last: w.p.Expires, usable: map[RID]bool{}, gone: map[RID]bool{}, of: map[RID]int{}, foreign: map[RID]bool{}, sure: map[RID]bool{}}
	w.save()
	return w
}

func (w *walk) save()          { w.saved.p, w.saved.ref = w.p.clone(), w.ref.clone() }
func (w *walk) now() time.Time { return w.clock.Add(w.wall).In(brussels) }
func (w *walk) say(s string)   { w.trail = append(w.trail, s) }
func (w *walk) one(n int) bool { return w.rng.IntN(n) == 0 }

func pick[T any](w *walk, from []T) T { return from[w.rng.IntN(len(from))] }

func (w *walk) fail(format string, args ...any) {
	w.Helper()
	w.Fatalf("seed %d: %s\nstate %s, %s\ntrail %v", w.seed, fmt.Sprintf(format, args...), w.p.State, toJSON(w.p), w.trail)
}

// apply is an event that a real system would write.
func (w *walk) apply(e Event) bool {
	w.Helper()
	e.At = w.now()
	next, changed, err := Step(w.p, e)
	if may := w.ref.may(e); may != (err == nil) {
		w.fail("%s: the reference says %v, the table %v", e.Kind, may, err)
	}
	if err != nil {
		return false
	}
	if changed {
		w.say(fmt.Sprintf("%s(%d)", e.Kind, e.N))
		w.seen["event "+e.Kind.String()] = true
		w.ref.happened(e)
		w.transition(e, next)
		w.p = next
	}
	return changed
}

// transition checks what no single event may do.
func (w *walk) transition(e Event, next Prescription) {
	misnamed := e.Kind == EventReadBack && !e.Ours && (w.p.State == StateConfirmed || w.p.State == StateRevoked) && w.p.RID() == e.RID
	from, lostPaper := w.p.State, e.Kind == EventRestoredAns && e.Outcome == PaperGiven && next.State == StatePaper
	switch {
	case from == StatePaper && next.State != StatePaper:
		w.fail("%s: paper became %s", e.Kind, next.State)
	case misnamed:
	case from.closed() && next.State != from && !lostPaper && !(from == StateRefused && (e.Kind == EventClaimed || e.Kind == EventWithdrawn)):
		w.fail("%s: %s became %s", e.Kind, from, next.State)
	case from == StateConfirmed && next.State != from && next.State != StateRevoked && !lostPaper:
		w.fail("%s: confirmed became %s", e.Kind, next.State)
	}
}

type act struct {
	name string
	do   func(*walk)
}

// acts are what may happen next. Each draws what it needs and does nothing where
// it makes no sense.
var acts = []act{
	{"time", func(w *walk) {
		steps := []time.Duration{time.Second, 10 * time.Second, 30 * time.Second, 61 * time.Second, 5 * time.Minute, time.Hour, 5 * time.Hour, 26 * time.Hour}
		w.pass(pick(w, steps))
	}},
	{"edge of time", (*walk).edge}, {"edge of time", (*walk).edge},
	{"our clock jumps", func(w *walk) {
		if w.one(3) {
			w.wall = time.Duration(w.rng.IntN(101)-50) * time.Hour
		}
		if w.one(40) {
			w.wall = 100 * 24 * time.Hour
		}
	}},
	{"send", (*walk).send}, {"send", (*walk).send},
	{"mark whatever", func(w *walk) { w.mark() }},
	{"server", (*walk).process}, {"server", (*walk).process},
	{"answer", (*walk).answer}, {"answer", (*walk).answer},
	{"no answer", (*walk).silent},
	{"not sent", func(w *walk) {
		if c := w.open(); c != nil && c.record == nil && !c.refused {
			c.answered, c.refused = true, true // it never got there
			w.apply(Event{Kind: EventNotSent, N: c.attempt, Why: "refused-connection"})
		}
	}},
	{"restart", func(w *walk) {
		w.life++
		w.apply(Event{Kind: EventRestarted})
	}},
	{"look up", func(w *walk) { w.lookUp(false) }}, {"look up", func(w *walk) { w.lookUp(false) }}, {"look up", func(w *walk) { w.lookUp(false) }},
	{"read back", func(w *walk) { w.readBack(false) }}, {"read back", func(w *walk) { w.readBack(false) }},
	{"revoke", (*walk).revoke},
	{"read status", (*walk).readStatus},
	{"pharmacist", (*walk).pharmacist},
	{"patient revokes", func(w *walk) {
		if r := w.some(); r != nil && r.status == NotDelivered && w.one(3) {
			r.status = StatusRevoked
		}
	}},
	{"expire", (*walk).expire},
	{"save", (*walk).save},
	{"restore", (*walk).restore},
	{"claim", func(w *walk) { w.claim(false, false) }},
	{"force", func(w *walk) { w.claim(true, false) }},
	{"by hand", func(w *walk) { w.claim(w.one(2), true) }},
	{"print", func(w *walk) { w.onSheet(EventPrinted) }},
	{"came out", func(w *walk) { w.onSheet(EventOut) }},
	{"hand over", func(w *walk) { w.onSheet(EventHandedOver) }},
	{"tear", func(w *walk) {
		if w.one(w.calm) {
			w.onSheet(EventDestroyed)
		}
	}},
	{"withdraw", func(w *walk) {
		if w.one(w.calm) {
			w.apply(Event{Kind: EventWithdrawn, Reason: "stopped"})
		}
	}},
	{"wish", func(w *walk) {
		if w.one(w.calm) && (w.p.State == StateSending || w.p.State == StateUnknown || w.p.State == StateConfirmed || w.p.State == StatePaper) {
			w.apply(Event{Kind: EventRevokeWished, Reason: "stopped"})
		}
	}},
	{"let go", func(w *walk) { w.apply(left) }},
	{"also tried elsewhere", func(w *walk) {
		if w.one(6) && !w.p.State.closed() {
			w.other = w.other || w.one(2)
			w.apply(seenTwin)
		}
	}},
	{"answer a duty", (*walk).settle}, {"answer a duty", (*walk).settle},
	{"at Recip-e", (*walk).beyond},
}

// beyond is what the doctor does with what is at Recip-e: no state changes by it.
func (w *walk) beyond() {
	was := w.p.State
	for _, r := range w.p.Records {
		switch w.rng.IntN(4) {
		case 0:
			w.apply(Event{Kind: EventSettingTaken, RID: r.RID, Visibility: pick(w, Visibilities)})
		case 1:
			w.apply(Event{Kind: EventSettingTaken, RID: r.RID, Flag: pick(w, []FeedbackFlag{FlagAsked, FlagNotAsked})})
		case 2:
			w.apply(Event{Kind: EventFeedback, Feedback: &Feedback{ID: pick(w, []string{"a", "b"}), RID: r.RID, Sealed: w.one(2)}, Text: "text"})
		}
	}
	w.apply(Event{Kind: EventFeedbackSeen})
	if w.p.RID() != "" {
		w.apply(Event{Kind: EventNotified, Notice: &Notice{Pharmacy: "29999915"}, Text: "text"})
	}
	if n := len(w.p.Notices); n > 0 && w.one(2) {
		w.apply(Event{Kind: EventNotified, N: n, Notice: &Notice{Result: pick(w, []Result{ResultAccepted, ResultRefused, ResultNotSent, Unanswered})}})
	}
	if w.p.State != was {
		w.fail("%s became %s", was, w.p.State)
	}
}

func (w *walk) pass(d time.Duration) {
	w.clock = w.clock.Add(d)
	for _, r := range w.records {
		if r.status == NotDelivered && DateOf(w.clock.In(brussels)).After(w.p.Expires) {
			r.status = Expired
		}
	}
}

// edge goes to a moment at which a rule may change its mind.
func (w *walk) edge() {
	var edges []time.Time
	for _, c := range w.calls {
		last := c.until.Add(DefaultWaits.Processing)
		edges = append(edges, c.until, last, last.Add(time.Millisecond), last.Add(time.Millisecond+DefaultWaits.Between))
	}
	for _, r := range w.records {
		edges = append(edges, r.listed.Add(-time.Millisecond), r.listed)
	}
	for _, a := range w.p.Attempts {
		if !a.Missed.IsZero() {
			edges = append(edges, a.Missed.Add(DefaultWaits.Between))
		}
		if !a.Expires.IsZero() {
			edges = append(edges, a.Fence(DefaultWaits))
		}
	}
	edges = slices.DeleteFunc(edges, func(at time.Time) bool { return !at.After(w.clock) })
	if len(edges) > 0 {
		w.pass(pick(w, edges).Sub(w.clock))
	}
}

// send is the engine: only what MaySend allows.
func (w *walk) send() {
	if MaySend(w.p, w.now(), Around{}, DefaultWaits) == nil && !w.mark() {
		w.fail("may be sent, and was not marked")
	}
}

func (w *walk) mark() bool {
	w.keys++
	key, until := KeyID(fmt.Sprintf("key-%d", w.keys)), w.clock.Add(DefaultWaits.Timestamp)
	if !w.apply(Event{Kind: EventMarked, Attempt: &Attempt{Key: key, Expires: until}}) {
		return false
	}
	w.calls = append(w.calls, &create{attempt: len(w.p.Attempts), life: w.life, key: key, until: until})
	return true
}

// process: the server takes a request, stores it once or twice, or refuses it.
func (w *walk) process() {
	for _, c := range w.calls {
		if c.refused || w.clock.After(c.until.Add(DefaultWaits.Processing)) || !w.one(2) {
			continue
		}
		if c.record == nil && w.one(5) {
			c.refused = true
			continue
		}
		if c.record == nil || w.one(3) {
			c.record = w.store(c.key)
		}
	}
}

func (w *walk) store(key KeyID) *stored {
	lag := time.Duration(w.rng.IntN(60_000)) * time.Millisecond
	r := &stored{rid: RID(fmt.Sprintf("BEP2%07d0", len(w.records)+1)), key: key, status: NotDelivered, listed: w.clock.Add(lag)}
	w.records = append(w.records, r)
	return r
}

// open is a request of this life without an answer, nil when there is none.
func (w *walk) open() *create {
	for _, c := range w.calls {
		if c.life == w.life && !c.answered {
			return c
		}
	}
	return nil
}

// answer of the server, perhaps long after we stopped waiting.
func (w *walk) answer() {
	c := w.open()
	if c == nil || c.record == nil && !c.refused {
		return
	}
	c.answered = true
	switch {
	case c.refused:
		w.apply(Event{Kind: EventRefused, N: c.attempt, Problem: &Problem{Code: "500019"}})
	case len(w.p.Records) > 0 && w.one(10):
		w.apply(Event{Kind: EventAccepted, N: c.attempt, RID: w.p.Records[0].RID})
	case w.one(8): // another's, or nobody's
		w.apply(Event{Kind: EventAccepted, N: c.attempt, RID: RID(fmt.Sprintf("BEP3%07d1", c.attempt))})
	default:
		w.apply(Event{Kind: EventAccepted, N: c.attempt, RID: c.record.rid})
	}
}

// readBack is the engine at each RID that rests on an answer alone.
func (w *walk) readBack(well bool) {
	for _, r := range w.p.Records {
		if r.Unread() && (well || w.one(2)) {
			refused := !well && w.one(10) && w.p.LiveAttempt() == nil // as if nobody's
			w.apply(Event{Kind: EventReadBack, RID: r.RID, Ours: w.known(r.RID) != nil && !refused})
		}
	}
}

// silent: no answer in time; it may still come.
func (w *walk) silent() {
	if c := w.open(); c != nil {
		c.answered = c.answered || w.one(2)
		w.apply(Event{Kind: EventUnanswered, N: c.attempt, Why: "timeout"})
	}
}

// lookUp reads what the lists show and concludes.
func (w *walk) lookUp(well bool) {
	look := Look{Begun: w.clock, Complete: well || !w.one(4)}
	if !well && w.one(6) {
		look.Begun = time.Time{}
	}
	sealed, unread := !well && w.one(3), !well && w.one(4)
	for _, r := range w.records {
		if own := w.p.record(r.rid); own != nil && !own.Foreign.Set() || w.clock.Before(r.listed) {
			continue
		}
		c := Candidate{RID: r.rid, Status: r.status, Read: true, Key: r.key, Local: w.p.LocalID()}
		if sealed {
			c.Local = ""
		}
		if unread {
			c.Read, c.Key, c.Local = false, "", ""
		}
		look.Candidates = append(look.Candidates, c)
	}
	if w.one(4) {
		other := Candidate{RID: "BEP2OTHERS01", Read: true, Key: "key-other", Opened: true}
		if w.one(2) {
			other.Local = "0192f6a0-0000-8000-8000-000000000000"
		}
		look.Candidates = append(look.Candidates, other)
	}
	for _, e := range Conclude(w.p, look, w.now(), DefaultWaits) {
		w.apply(e)
	}
}

// known is a record that p knows, as it truly is.
func (w *walk) known(rid RID) *stored {
	for _, r := range w.records {
		if r.rid == rid {
			return r
		}
	}
	return nil
}

// revoke is the engine at each record that must go and is known to be ours, as the one is
// that the prescription bears beside it; its answer may be lost.
func (w *walk) revoke() {
	for _, r := range w.p.Records {
		if bears := w.p.AdoptedRecord(); !w.p.MustGo(r) || !r.Status.MayBeDelivered() || r.Unread() || bears != nil && bears.Unread() {
			continue
		}
		e := Event{Kind: EventRevokeDenied, RID: r.RID, Problem: &Problem{Code: "not-revocable"}}
		if t := w.known(r.RID); t.status == NotDelivered || t.status == StatusRevoked {
			t.status, e = StatusRevoked, Event{Kind: EventRevokeTaken, RID: r.RID}
		}
		if !w.one(4) {
			w.apply(e)
		}
	}
}

func (w *walk) readStatus() {
	for _, r := range w.p.Records {
		if t := w.known(r.RID); t != nil {
			w.apply(Event{Kind: EventStatusRead, RID: r.RID, Status: t.status, ServerAt: w.clock})
		}
	}
}

func (w *walk) some() *stored {
	if len(w.records) == 0 {
		return nil
	}
	return pick(w, w.records)
}

func (w *walk) pharmacist() {
	r := w.some()
	switch {
	case r == nil:
	case r.status == NotDelivered && w.one(2):
		r.status = InProcess
	case r.status == InProcess && w.one(2):
		r.status = Delivered
	case r.status == InProcess:
		r.status = NotDelivered
	}
}

func (w *walk) expire() {
	if w.p.State == StateReady && DateOf(w.now()).After(w.p.Expires) {
		w.apply(Event{Kind: EventExpired})
	}
}

// restore puts the last saved copy back. What happened since has happened; the
// doctor remembers what was also tried elsewhere.
func (w *walk) restore() {
	if !w.one(4) {
		return
	}
	w.life++
	w.p, w.ref = w.saved.p.clone(), w.saved.ref.clone()
	w.apply(putBack)
	w.apply(restart)
	w.remember()
}

// remember: the doctor knows of the other software, whatever a backup forgot.
func (w *walk) remember() {
	if w.other && w.p.TwinOutcome != AlsoThere && !w.p.TwinOpen() {
		w.apply(seenTwin)
	}
}

func (w *walk) claim(forced, byHand bool) {
	if !w.one(w.calm) {
		return
	}
	s := &Sheet{ID: w.sheetID(), Forced: forced, Handwritten: byHand, Day: DateOf(w.now())}
	if w.apply(Event{Kind: EventClaimed, Sheet: s, Paper: "outage-recipe"}) && byHand {
		w.papers[s.ID] = true
	}
}

func (w *walk) sheetID() ID { return ID(fmt.Sprintf("sheet-%d", len(w.trail))) }

func (w *walk) onSheet(k EventKind) {
	if len(w.p.Sheets) == 0 {
		return
	}
	id := w.p.Sheets[0].ID
	if w.apply(Event{Kind: k, Sheet: &Sheet{ID: id}}) && k == EventHandedOver {
		w.papers[id] = true
	}
}

// settle answers an open duty, truthfully where the truth is asked.
func (w *walk) settle() {
	var asking []Duty
	for _, d := range Owed(w.p, w.now(), Around{}, DefaultWaits) {
		if len(d.Outcomes) > 0 {
			asking = append(asking, d)
		}
	}
	if len(asking) == 0 {
		return
	}
	d := pick(w, asking)
	outcomes := d.Outcomes
	switch d.Kind {
	case DutyRestored:
		outcomes = []Outcome{NothingGiven}
		if w.given() {
			outcomes = []Outcome{PaperGiven}
		} else if w.unknownUsable() {
			outcomes = []Outcome{NothingGiven, SentElsewhere}
		}
	case DutyTwinCheck:
		if outcomes = []Outcome{OnlyHere}; w.other {
			outcomes = []Outcome{AlsoThere}
		}
	}
	e := w.settling(d, pick(w, outcomes))
	if w.apply(e) && e.Kind == EventHandedOver {
		w.papers[e.Sheet.ID] = true
	}
}

// settling is the event of an outcome, as the use case completes it.
func (w *walk) settling(d Duty, o Outcome) Event {
	e, err := Settle(w.p, d, o, w.now())
	if err != nil {
		w.fail("%s: %s is offered and %v", d.Kind, o, err)
	}
	switch {
	case o == ToPaper:
		e.Sheet, e.Paper = &Sheet{ID: w.sheetID(), Forced: d.Kind == DutyLocate}, "urgent"
	case o == PaperGiven && e.Sheet == nil:
		e.Sheet = &Sheet{ID: w.sheetID()}
	}
	return e
}

func (w *walk) given() bool {
	for _, with := range w.papers {
		if with {
			return true
		}
	}
	return false
}

func (w *walk) unknownUsable() bool {
	return slices.ContainsFunc(w.records, func(r *stored) bool { return r.usable() && w.p.record(r.rid) == nil })
}
