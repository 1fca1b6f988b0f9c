package sim

import (
	"fmt"
	"strings"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
	"relais/sync/simulator/world"
)

// truth is what exists outside the program: papers, and what the screen promised.
type truth struct {
	papers []*paper
	group  map[rx.ID]rx.ID // LOCAL id to the first of its chain of replacements: one medicine for one patient
	kept   map[rx.ID]kept  // what the screen called saved
	keys   map[rx.KeyID]rx.ID

	misnamed map[rx.RID]bool // RIDs that an answer gave and that are not its record's: true until they are read back

	judged map[rx.ID]rx.State // as they were when last judged
	moved  bool               // something happened at the server, to a paper or a row

	electronic map[rx.ID]rx.KeyID // of judgeWorld: what stands at the server
	inHand     map[rx.ID]bool     // and what the patients hold
}

// paper is one copy of a sheet.
type paper struct {
	local, prescription rx.ID
	copy                int
	handed              bool // with the patient
	gone                bool // destroyed, or never came out of the printer
}

type kept struct {
	sum   [32]byte
	local rx.ID
}

func newTruth() truth {
	return truth{misnamed: map[rx.RID]bool{}, group: map[rx.ID]rx.ID{}, kept: map[rx.ID]kept{}, keys: map[rx.KeyID]rx.ID{}, judged: map[rx.ID]rx.State{},
		electronic: map[rx.ID]rx.KeyID{}, inHand: map[rx.ID]bool{}}
}

// printed puts a copy into the printer; a jam swallows it. Earlier copies that the
// patient does not have are thrown away with it.
func (s *Sim) printed(item rx.Item) {
	s.moved = true
	local := item.LocalID()
	for _, p := range s.papers {
		if p.prescription == item.ID && !p.handed {
			p.gone = true
		}
	}
	s.papers = append(s.papers, &paper{local: local, prescription: item.ID, copy: item.Sheet().Copies, gone: s.one(5)})
}

// writeByHand: the doctor writes and hands over only what Relais then accepts; the
// paper is counted when it did.
func (s *Sim) writeByHand(r rx.Request) {
	for i := range r.Lines {
		local := rx.LocalIDOf(r.ID, i)
		if !s.handed(local) {
			s.papers = append(s.papers, &paper{local: local, handed: true})
		}
	}
}

// inPractice is the good copy of a prescription that lies in the practice.
func (s *Sim) inPractice(id rx.ID) *paper {
	for _, p := range s.papers {
		if p.prescription == id && !p.gone && !p.handed {
			return p
		}
	}
	return nil
}

func (s *Sim) handed(local rx.ID) bool {
	for _, p := range s.papers {
		if p.local == local && p.handed {
			return true
		}
	}
	return false
}

func (s *Sim) binAll(local rx.ID) {
	s.moved = true
	for _, p := range s.papers {
		if p.local == local && !p.handed {
			p.gone = true
		}
	}
}

// redone tells that the doctor had already redone it as another order.
func (s *Sim) redone(local rx.ID) bool {
	for other, first := range s.group {
		if first == s.first(local) && other != local && other != first {
			return true
		}
	}
	return false
}

func (s *Sim) first(local rx.ID) rx.ID {
	if first, ok := s.group[local]; ok {
		return first
	}
	return local
}

// joins puts replacements into the chain of what they replace.
func (s *Sim) joins(made []rx.Prescription, old rx.Prescription) {
	for i := range made {
		if local := made[i].LocalID(); local != old.LocalID() {
			s.group[local] = s.first(old.LocalID())
		}
	}
}

// asked: whatever ids the program gives them, what one caller asks once is one
// medicine for one patient by line.
func (s *Sim) asked(order rx.ID, made []rx.Prescription) {
	for i := range made {
		if local, want := made[i].LocalID(), rx.LocalIDOf(order, made[i].Line); local != want {
			s.group[local] = s.first(want)
		}
	}
}

func (s *Sim) saved(made []rx.Prescription) {
	for i := range made {
		r := s.keep.held().rows[made[i].ID]
		if r == nil {
			s.broken("kept: what was called saved was never there")
		}
		s.kept[made[i].ID] = kept{r.sum, made[i].LocalID()}
	}
}

// forget drops the promises that an older copy of the directory cannot keep.
func (s *Sim) forget() {
	for id := range s.kept {
		if _, ok := s.keep.held().rows[id]; !ok {
			delete(s.kept, id)
		}
	}
}

func (s *Sim) broken(format string, args ...any) { panic(violation{fmt.Sprintf(format, args...)}) }

// judge checks the invariants that hold after every step.
func (s *Sim) judge() {
	held := s.keep.held()
	for _, id := range held.touched {
		if r := held.rows[id]; r != nil {
			s.judgeRow(r)
			s.moved = s.moved || s.judged[id] != r.p.State
			s.judged[id] = r.p.State
		}
	}
	held.touched = held.touched[:0]
	if !s.moved {
		return
	}
	s.moved = false
	for id, k := range s.kept {
		if r, ok := s.keep.held().rows[id]; !ok || r.sum != k.sum {
			s.broken("kept: what was called saved is gone or changed")
		}
	}
	s.judgeWorld()
}

func (s *Sim) judgeRow(r *row) {
	p := &r.p
	live, adopted := 0, 0
	for _, a := range p.Attempts {
		if a.Result.Live() {
			live++
		}
	}
	for _, rec := range p.Records {
		if rec.Adopted {
			adopted++
		}
	}
	if live > 1 {
		s.broken("one live attempt: %d", live)
	}
	if adopted > 1 {
		s.broken("one adopted record: %d", adopted)
	}
	if (p.State == rx.StateConfirmed || p.State == rx.StateRevoked) && !(s.misnamed[p.RID()] && p.AdoptedRecord().Unread()) {
		rec, err := s.world.Record(p.RID(), s.at())
		switch {
		case err != nil:
			s.broken("RID is true: not at the server")
		case rec.Patient != r.facts.Patient.SSIN:
			s.broken("right patient: the record is another's")
		case rec.Local != p.LocalID():
			s.broken("RID is true: the content is another's")
		case p.State == rx.StateRevoked && rec.Status != rx.StatusRevoked:
			s.broken("revoked is true: it is %s", rec.Status)
		}
	}
	if p.State.Door() == rx.DoorNone && p.State != rx.StateReady || p.State == rx.StateReady && p.Electronic {
		return
	}
	if !s.accounted(r) {
		s.broken("accounted for: %s owes nothing and is not at rest", p.State)
	}
}

// accounted tells that a prescription is at rest, owes something, or is the engine's.
func (s *Sim) accounted(r *row) bool {
	p := &r.p
	rec := p.AdoptedRecord()
	sheet := p.Sheet()
	switch {
	case p.State == rx.StateSending:
		return true
	case p.State == rx.StateConfirmed && rec != nil && !p.MustGo(*rec):
		return true
	case p.State == rx.StatePaper && (sheet == nil || p.Noted.Set() && sheet.Handed.Set()):
		return true
	case p.Told.Set(), p.State == rx.StateRevoked:
		return true
	}
	if rec != nil && !rec.Status.MayBeDelivered() {
		return true
	}
	return len(rx.Owed(*p, s.now(), s.keep.held().around(r), s.waits)) > 0
}

// judgeWorld counts, for one medicine of one patient, what a pharmacist could
// deliver: records by the attempt that made them, and papers in the patient's hand.
func (s *Sim) judgeWorld() {
	clear(s.electronic)
	clear(s.inHand)
	s.must(s.world.Survey(s.at(), func(rec *world.Record, now time.Time) {
		if rec.Foreign || !rec.DeliverableAt(now) && rec.Delivered.IsZero() {
			return
		}
		first := s.first(rec.Local)
		if key, stands := s.electronic[first]; stands && key != rec.Key {
			s.broken("deliverable at most once: two creates of one medicine stand at the server")
		}
		s.electronic[first] = rec.Key
	}))
	for _, p := range s.papers {
		if !p.handed {
			continue
		}
		first := s.first(p.local)
		if s.inHand[first] {
			s.broken("deliverable at most once: two papers with the patient")
		}
		s.inHand[first] = true
		if _, stands := s.electronic[first]; stands && !s.declared(first) {
			s.broken("deliverable at most once: paper and electronic, and nothing says so%s", s.story(first))
		}
	}
}

// story is what the journal says about a chain, for whoever replays.
func (s *Sim) story(first rx.ID) string {
	var b strings.Builder
	for _, e := range s.keep.held().journal {
		if r := s.keep.held().rows[e.id]; s.Verbose && r != nil && s.first(r.p.LocalID()) == first {
			fmt.Fprintf(&b, "\n\t%s %s n=%d %s: %s → %s", e.event.At.Format("02 15:04:05"), e.event.Kind, e.event.N, e.event.Status, e.from, e.to)
		}
	}
	return b.String()
}

// declared tells that Relais shows the exception: paper was forced, or is the
// answer to the question after an older copy was put back.
func (s *Sim) declared(first rx.ID) bool {
	for _, r := range s.rows() {
		if s.first(r.p.LocalID()) != first {
			continue
		}
		if r.p.Restored.Set() {
			return true
		}
		for _, sheet := range r.p.Sheets {
			if sheet.Forced {
				return true
			}
		}
	}
	return len(s.kept) == 0 || !s.holds(first)
}

// holds tells that the directory still has a prescription of the chain.
func (s *Sim) holds(first rx.ID) bool {
	for _, r := range s.rows() {
		if s.first(r.p.LocalID()) == first {
			return true
		}
	}
	return false
}

// judgeAct: intent before act. Before the first byte of a create leaves, its
// attempt with its witness is durable and so is the outside mark; its witness was
// never used; it goes to the right patient.
func (s *Sim) judgeAct(act outbox.Act) {
	if act.Call.Op != rx.OpCreate {
		return
	}
	p := act.Call.Parcel
	r, ok := s.keep.held().rows[p.Prescription]
	if !ok || r.p.State != rx.StateSending || r.p.LiveAttempt() == nil || r.p.LiveAttempt().Key != p.Key.ID {
		s.broken("intent before act: a create leaves whose attempt is not durable")
	}
	claim := 0
	for _, e := range s.keep.held().journal {
		if e.id == p.Prescription && e.event.Kind == rx.EventMarked {
			claim = e.seq
		}
	}
	if s.keep.marked() < claim {
		s.broken("intent before act: a create leaves before the outside mark")
	}
	if other, used := s.keys[p.Key.ID]; used {
		s.broken("a witness serves one attempt: used by %t", other == p.Prescription)
	}
	s.keys[p.Key.ID] = p.Prescription
	if p.Patient != r.facts.Patient.SSIN || p.Local != r.facts.LocalID || !strings.Contains(string(p.Message), string(r.facts.LocalID)) {
		s.broken("right patient: the parcel is not the prescription's")
	}
	if r.p.RestoredOpen() {
		s.broken("restore is safe: a create leaves before the person's answer")
	}
}

// judgeSheet: no page before the claim and the mark are durable.
func (s *Sim) judgeSheet(item rx.Item) {
	r := s.keep.held().rows[item.ID]
	if r.p.State != rx.StatePaper || r.p.Sheet() == nil {
		s.broken("claim before act: a sheet is made without the paper door")
	}
	claim := 0
	for _, e := range s.keep.held().journal {
		if e.id == item.ID && e.to == rx.StatePaper && e.from != rx.StatePaper {
			claim = e.seq
		}
	}
	if s.keep.marked() < claim {
		s.broken("claim before act: a sheet is made before the outside mark")
	}
}

func (s *Sim) judgeProof(item rx.Item) {
	if rec, err := s.world.Record(item.RID(), s.at()); err != nil || rec.Local != item.LocalID() {
		s.broken("RID is true: a proof of something else")
	}
}

// judgePromise: within the promised time a line is not "sending" any more.
func (s *Sim) judgePromise(epoch int, call rx.Call) {
	if epoch != s.epoch || s.hostile > 0 {
		return // a disk that refuses cannot tell the screen
	}
	r := s.keep.held().rows[call.Parcel.Prescription]
	if a := r.p.LiveAttempt(); r.p.State == rx.StateSending && a != nil && a.Key == call.Parcel.Key.ID {
		s.broken("the screen's promise: still sending after %s", s.waits.Answer)
	}
}

// judgeEnd: everything works for hours and the doctor answers: nothing is lost for
// ever, nothing is double without having been told, the journal replays.
func (s *Sim) judgeEnd() {
	truth, err := s.world.Truth(s.at())
	s.must(err)
	told := map[rx.ID]bool{}
	for _, r := range s.rows() {
		told[s.first(r.p.LocalID())] = told[s.first(r.p.LocalID())] || r.p.Told.Set() || r.p.LiveAttempt() != nil
		duties := rx.Owed(r.p, s.now(), s.keep.held().around(r), s.waits)
		if r.p.State == rx.StateReady && rx.MaySend(r.p, s.now(), s.keep.held().around(r), s.waits) == nil {
			s.broken("nothing lost for ever: it may be sent and was not")
		}
		if r.p.State == rx.StateSending || r.p.State == rx.StateReady && len(duties) == 0 {
			s.broken("nothing lost for ever: %s at the end", r.p.State)
		}
		if r.p.State == rx.StateConfirmed && s.misnamed[r.p.RID()] {
			s.broken("RID is true: nobody has read that it is not")
		}
		if r.p.State == rx.StateUnknown && !s.blind(truth, r) {
			s.broken("nothing lost for ever: unknown although everything can be read%s", s.story(s.first(r.p.LocalID())))
		}
		for _, rec := range r.p.Records {
			if at, err := s.world.Record(rec.RID, s.at()); err == nil && r.p.MustGo(rec) && at.DeliverableAt(truth.Now) {
				s.broken("nothing double: a record that must go is still there")
			}
		}
	}
	s.judgeKnown(truth)
	count := map[rx.ID]int{}
	for i := range truth.Records {
		if rec := &truth.Records[i]; !rec.Foreign && (rec.DeliverableAt(truth.Now) || !rec.Delivered.IsZero()) && !rec.Unreadable {
			count[s.first(rec.Local)]++
		}
	}
	for _, p := range s.papers {
		if p.handed {
			count[s.first(p.local)]++
		}
	}
	for first, n := range count {
		if n > 1 && !told[first] && s.holds(first) {
			s.broken("nothing double: %d can be or were delivered, and nobody was told", n)
		}
	}
	s.replay()
}

// judgeKnown: a record that a pharmacist can deliver is known to the prescription
// that it is of, or that prescription says that it may exist.
func (s *Sim) judgeKnown(truth world.Truth) {
	for i := range truth.Records {
		rec := &truth.Records[i]
		if rec.Foreign || !rec.DeliverableAt(truth.Now) && rec.Delivered.IsZero() {
			continue
		}
		for _, r := range s.rows() {
			known := r.p.LiveAttempt() != nil || rx.ToLook(r.p, s.now())
			for _, k := range r.p.Records {
				known = known || k.RID == rec.RID
			}
			if r.p.LocalID() == rec.Local && !known {
				s.broken("%s is true: a record of it is at the server and nobody here knows", r.p.State)
			}
		}
	}
}

// blind tells that a record of the patient cannot be read, so that absence cannot
// be proven.
func (s *Sim) blind(truth world.Truth, r *row) bool {
	for i := range truth.Records {
		rec := &truth.Records[i]
		silent := s.Wire && r.p.Restored.Set() && rec.Foreign && len(rec.Content) == 0 // our key may be one that is lost
		if rec.Patient == r.facts.Patient.SSIN && (rec.Unreadable || silent || rec.Status == rx.StatusRevoked) {
			return true
		}
	}
	return false
}

// replay: the journal leads to the same states.
func (s *Sim) replay() {
	states := map[rx.ID]rx.State{}
	for _, e := range s.keep.held().journal {
		from := states[e.id]
		if from == 0 {
			from = rx.StateReady
		}
		if from != e.from {
			s.broken("no going back: the journal says %s, the row was %s", e.from, from)
		}
		states[e.id] = e.to
	}
	for id, to := range states {
		if got := s.keep.held().rows[id].p.State; got != to {
			s.broken("the journal ends in %s, the row in %s", to, got)
		}
	}
}
