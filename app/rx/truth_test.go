package rx

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"
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
	*rapid.T
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
	trail []string
	seen  map[string]bool // what any walk came by
}

func newWalk(t *rapid.T, seen map[string]bool) *walk {
	w := &walk{T: t, seen: seen, truth: truth{clock: begin, papers: map[ID]bool{}}, p: waiting()}
	w.p.Electronic = rapid.IntRange(0, 9).Draw(t, "paper only") > 0
	w.p.Proof = rapid.Bool().Draw(t, "proof")
	w.ref = reference{electronic: w.p.Electronic, last: w.p.Expires, usable: map[RID]bool{}}
	w.save()
	return w
}

func (w *walk) save()          { w.saved.p, w.saved.ref = w.p.clone(), w.ref.clone() }
func (w *walk) now() time.Time { return w.clock.Add(w.wall).In(brussels) }
func (w *walk) say(s string)   { w.trail = append(w.trail, s) }
func (w *walk) one(n int, what string) bool {
	return rapid.IntRange(1, n).Draw(w.T, what) == 1
}

func (w *walk) fail(format string, args ...any) {
	w.Helper()
	w.Fatalf("%s\nstate %s, %s\ntrail %v", fmt.Sprintf(format, args...), w.p.State, toJSON(w.p), w.trail)
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
	from, lostPaper := w.p.State, e.Kind == EventRestoredAns && e.Outcome == PaperGiven && next.State == StatePaper
	switch {
	case from == StatePaper && next.State != StatePaper:
		w.fail("%s: paper became %s", e.Kind, next.State)
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
		w.pass(rapid.SampledFrom(steps).Draw(w.T, "passes"))
	}},
	{"time", func(w *walk) { w.pass(61 * time.Second) }},
	{"our clock jumps", func(w *walk) {
		if w.one(3, "jump") {
			w.wall = time.Duration(rapid.IntRange(-50, 50).Draw(w.T, "hours")) * time.Hour
		}
		if w.one(40, "far") {
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
	{"revoke", (*walk).revoke},
	{"read status", (*walk).readStatus},
	{"pharmacist", (*walk).pharmacist},
	{"patient revokes", func(w *walk) {
		if r := w.some("record"); r != nil && r.status == NotDelivered && w.one(3, "does") {
			r.status = StatusRevoked
		}
	}},
	{"expire", (*walk).expire},
	{"save", (*walk).save},
	{"restore", (*walk).restore},
	{"claim", func(w *walk) { w.claim(false, false) }},
	{"force", func(w *walk) { w.claim(true, false) }},
	{"by hand", func(w *walk) { w.claim(w.one(2, "force"), true) }},
	{"print", func(w *walk) { w.onSheet(EventPrinted) }},
	{"came out", func(w *walk) { w.onSheet(EventOut) }},
	{"hand over", func(w *walk) { w.onSheet(EventHandedOver) }},
	{"tear", func(w *walk) {
		if w.one(4, "does") {
			w.onSheet(EventDestroyed)
		}
	}},
	{"withdraw", func(w *walk) {
		if w.one(4, "does") {
			w.apply(Event{Kind: EventWithdrawn, Reason: "stopped"})
		}
	}},
	{"wish", func(w *walk) {
		if w.p.State == StateSending || w.p.State == StateUnknown || w.p.State == StateConfirmed || w.p.State == StatePaper {
			w.apply(Event{Kind: EventRevokeWished, Reason: "stopped"})
		}
	}},
	{"let go", func(w *walk) { w.apply(left) }},
	{"also tried elsewhere", func(w *walk) {
		if w.one(6, "does") && !w.p.State.closed() {
			w.other = w.other || w.one(2, "arrived")
			w.apply(seenTwin)
		}
	}},
	{"answer a duty", (*walk).settle}, {"answer a duty", (*walk).settle},
}

func (w *walk) pass(d time.Duration) {
	w.clock = w.clock.Add(d)
	for _, r := range w.records {
		if r.status == NotDelivered && DateOf(w.clock.In(brussels)).After(w.p.Expires) {
			r.status = Expired
		}
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
		if c.refused || w.clock.After(c.until.Add(DefaultWaits.Processing)) || !w.one(2, "takes it") {
			continue
		}
		if c.record == nil && w.one(5, "refuses") {
			c.refused = true
			continue
		}
		if c.record == nil || w.one(8, "twice") {
			c.record = w.store(c.key)
		}
	}
}

func (w *walk) store(key KeyID) *stored {
	lag := time.Duration(rapid.IntRange(0, 59_999).Draw(w.T, "lag")) * time.Millisecond
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
	case len(w.p.Records) > 0 && w.one(10, "wrong RID"):
		w.apply(Event{Kind: EventAccepted, N: c.attempt, RID: w.p.Records[0].RID})
	default:
		w.apply(Event{Kind: EventAccepted, N: c.attempt, RID: c.record.rid})
	}
}

// silent: no answer in time; it may still come.
func (w *walk) silent() {
	if c := w.open(); c != nil {
		c.answered = c.answered || w.one(2, "lost for ever")
		w.apply(Event{Kind: EventUnanswered, N: c.attempt, Why: "timeout"})
	}
}

// lookUp reads what the lists show and concludes.
func (w *walk) lookUp(well bool) {
	look := Look{Begun: w.clock, Complete: well || !w.one(4, "breaks off")}
	if !well && w.one(6, "no clock") {
		look.Begun = time.Time{}
	}
	sealed, unread := !well && w.one(3, "KGSS down"), !well && w.one(4, "unread")
	for _, r := range w.records {
		if w.p.record(r.rid) != nil || w.clock.Before(r.listed) {
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
	if w.one(4, "of others") {
		look.Candidates = append(look.Candidates, Candidate{RID: "BEP2OTHERS01", Read: true, Key: "key-other", Local: "0192f6a0-0000-8000-8000-000000000000"})
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

// revoke is the engine at each record that must go; its answer may be lost.
func (w *walk) revoke() {
	for _, r := range w.p.Records {
		if !w.p.MustGo(r) || !r.Status.MayBeDelivered() {
			continue
		}
		e := Event{Kind: EventRevokeDenied, RID: r.RID, Problem: &Problem{Code: "not-revocable"}}
		if t := w.known(r.RID); t.status == NotDelivered || t.status == StatusRevoked {
			t.status, e = StatusRevoked, Event{Kind: EventRevokeTaken, RID: r.RID}
		}
		if !w.one(4, "answer lost") {
			w.apply(e)
		}
	}
}

func (w *walk) readStatus() {
	for _, r := range w.p.Records {
		w.apply(Event{Kind: EventStatusRead, RID: r.RID, Status: w.known(r.RID).status, ServerAt: w.clock})
	}
}

func (w *walk) some(what string) *stored {
	if len(w.records) == 0 {
		return nil
	}
	return rapid.SampledFrom(w.records).Draw(w.T, what)
}

func (w *walk) pharmacist() {
	r := w.some("record")
	switch {
	case r == nil:
	case r.status == NotDelivered && w.one(2, "opens"):
		r.status = InProcess
	case r.status == InProcess && w.one(2, "gives"):
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
	if !w.one(4, "does") {
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
	if !w.one(3, "does") {
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
	d := rapid.SampledFrom(asking).Draw(w.T, "duty")
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
	e := w.settling(d, rapid.SampledFrom(outcomes).Draw(w.T, "outcome"))
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
