package rx

import (
	"maps"
	"slices"
)

// reference is a second model of the state machine, written from the prose of the
// design. It keeps what happened, knows no table, and says what may be done and
// what the screen must show. The walks compare it with Step after every event.
type reference struct {
	electronic  bool
	last        Date
	attempts    []fate // by number
	rids        []RID
	usable      map[RID]bool // as last read
	gone        map[RID]bool // last read as revoked
	of          map[RID]int  // whose attempt
	foreign     map[RID]bool // read back as another's, or nobody's
	sure        map[RID]bool // read back as ours
	adopted     RID
	ended       State // 0, or refused, withdrawn, lapsed, revoked
	paper       bool
	handed      bool
	torn        bool
	copies      int
	out, byHand bool
	question    bool // out of a backup, and the doctor has not answered
	wished      bool
	elsewhere   bool
}

// fate of an attempt: without answer (of ours, or of a lost copy), or settled.
type fate string

const (
	onWire, silent, lost fate = "wire", "silent", "lost"
	recorded, dead       fate = "recorded", "dead"
)

func (f fate) live() bool { return f == onWire || f == silent || f == lost }

func (r reference) clone() reference {
	r.attempts, r.rids, r.usable = slices.Clone(r.attempts), slices.Clone(r.rids), maps.Clone(r.usable)
	r.gone, r.of, r.foreign, r.sure = maps.Clone(r.gone), maps.Clone(r.of), maps.Clone(r.foreign), maps.Clone(r.sure)
	return r
}

// free: it has gone nowhere, and nothing of it can arrive.
func (r *reference) free() bool {
	return !r.paper && r.adopted == "" && r.ended == 0 && !slices.ContainsFunc(r.attempts, fate.live)
}

// may tells whether an event that opens or uses a door is allowed.
func (r *reference) may(e Event) bool {
	valid := !DateOf(e.At).After(r.last)
	unanswered := !r.paper && r.adopted == "" && r.ended == 0 && !slices.Contains(r.attempts, onWire)
	switch e.Kind {
	case EventMarked: // nothing leaves twice, after its time, or before the question is answered
		return r.free() && r.electronic && valid && !r.question
	case EventClaimed: // what is there, or may be there, excludes paper, save by force
		refused := r.ended == StateRefused && !r.paper && (e.Sheet.Forced || !slices.ContainsFunc(r.attempts, fate.live) && !r.stands())
		return (r.free() || unanswered && e.Sheet.Forced || refused) && valid && !r.question
	case EventPrinted, EventDestroyed:
		return r.paper && !r.torn && !r.handed && !r.question
	case EventOut:
		return r.paper && !r.torn && r.copies > 0 && !r.question
	case EventHandedOver:
		return r.paper && !r.torn && (r.out || r.byHand) && !r.question
	case EventWithdrawn:
		return r.free() || !r.paper && (r.ended == StateRefused || r.ended == StateWithdrawn)
	}
	return true
}

// state is what the screen must show.
func (r *reference) state() State {
	switch {
	case r.paper:
		return StatePaper
	case r.ended != 0:
		return r.ended
	case r.adopted != "":
		return StateConfirmed
	case slices.Contains(r.attempts, onWire):
		return StateSending
	case slices.ContainsFunc(r.attempts, fate.live):
		return StateUnknown
	}
	return StateReady
}

// happened takes an event that changed something.
func (r *reference) happened(e Event) {
	switch e.Kind {
	case EventMarked:
		r.attempts = append(r.attempts, onWire)
	case EventAccepted, EventFound:
		r.record(e)
	case EventRefused:
		if r.close(e.N) {
			r.ended = StateRefused
		}
	case EventNotSent, EventAbsent:
		if r.close(e.N) && (r.wished || r.elsewhere) {
			r.ended = StateWithdrawn
		}
	case EventUnanswered:
		r.attempts[e.N-1] = silent
	case EventRestarted:
		r.silence()
	case EventStatusRead:
		r.usable[e.RID], r.gone[e.RID] = e.Status != StatusRevoked && e.Status != Expired, e.Status == StatusRevoked
		if e.Status == StatusRevoked && e.RID == r.adopted && r.ended == 0 && !r.paper {
			r.ended = StateRevoked
		}
	case EventExpired:
		r.ended = StateLapsed
	case EventRestored:
		if r.question = true; r.free() && r.electronic {
			r.attempts = append(r.attempts, lost)
		}
		r.silence()
	case EventClaimed:
		r.paper, r.byHand, r.handed = true, e.Sheet.Handwritten, e.Sheet.Handwritten
	case EventPrinted:
		r.copies, r.out = r.copies+1, false
	case EventOut:
		r.out = true
	case EventNotOut:
		r.out = false
	case EventHandedOver:
		r.handed = true
	case EventDestroyed:
		r.torn = true
	case EventWithdrawn:
		r.ended = StateWithdrawn
	case EventRevokeWished:
		r.wished = true
	case EventTwinAnswered:
		if e.Outcome == AlsoThere && r.free() {
			r.ended = StateWithdrawn
		} else if e.Outcome == AlsoThere && !r.paper {
			r.wished = true
		}
	case EventRestoredAns:
		r.answered(e)
	case EventReadBack:
		r.readBack(e)
	}
}

// stands tells that a record of ours can be delivered.
func (r *reference) stands() bool {
	return slices.ContainsFunc(r.rids, func(rid RID) bool { return r.usable[rid] && !r.foreign[rid] })
}

// readBack: what is another's was no answer to its attempt. Who bore it bears the best of
// what else was found, if anything was.
func (r *reference) readBack(e Event) {
	if e.Ours {
		r.sure[e.RID] = true
		return
	}
	r.foreign[e.RID] = true
	own := slices.DeleteFunc(slices.Clone(r.rids), func(rid RID) bool { return r.foreign[rid] })
	n := r.of[e.RID]
	switch {
	case slices.ContainsFunc(own, func(rid RID) bool { return r.of[rid] == n }):
	case slices.ContainsFunc(r.attempts, fate.live):
		r.attempts[n-1] = dead
	default:
		r.attempts[n-1] = silent
	}
	if r.adopted != e.RID || r.paper {
		return
	}
	r.adopted, r.ended = "", 0
	if len(own) > 0 {
		i := slices.IndexFunc(own, func(rid RID) bool { return r.usable[rid] })
		if r.adopted = own[max(i, 0)]; r.gone[r.adopted] {
			r.ended = StateRevoked
		}
	}
}

// close ends attempt n without a record, and tells whether nothing is left.
func (r *reference) close(n int) bool {
	hung := r.attempts[n-1].live()
	r.attempts[n-1] = dead
	return hung && r.free()
}

// record: a RID. The first one of a prescription with no other door is adopted. An
// answer with the RID of another attempt is no answer.
func (r *reference) record(e Event) {
	again := r.foreign[e.RID] && e.Kind == EventFound // it seemed nobody's
	if slices.Contains(r.rids, e.RID) && !again {
		r.attempts[e.N-1] = silent
		return
	}
	first := !r.paper && r.ended == 0 && r.adopted == ""
	n := e.N
	if n == 0 {
		if n = 1 + slices.Index(r.attempts, lost); n == 0 {
			r.attempts = append(r.attempts, lost)
			n = len(r.attempts)
		}
	}
	if r.attempts[n-1] = recorded; !again {
		r.rids = append(r.rids, e.RID)
	}
	delete(r.foreign, e.RID)
	r.usable[e.RID] = e.Kind == EventAccepted || e.Status != StatusRevoked && e.Status != Expired
	r.of[e.RID], r.sure[e.RID], r.gone[e.RID] = n, e.Kind == EventFound, e.Kind == EventFound && e.Status == StatusRevoked
	if first {
		if r.adopted = e.RID; e.Kind == EventFound && e.Status == StatusRevoked {
			r.ended = StateRevoked
		}
	}
}

func (r *reference) silence() {
	for i, a := range r.attempts {
		if a == onWire {
			r.attempts[i] = silent
		}
	}
}

func (r *reference) answered(e Event) {
	r.question = false
	switch e.Outcome {
	case PaperGiven:
		r.paper, r.handed = true, r.handed || !r.torn
	case SentElsewhere:
		if r.elsewhere = true; r.free() {
			r.ended = StateWithdrawn
		}
	}
}
