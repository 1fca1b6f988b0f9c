package rx

import (
	"slices"
	"time"
)

// DutyKind is what is owed beside the state. Duties are derived from the facts at
// a moment, so none can be dropped.
type DutyKind uint8

const (
	DutyLocate        DutyKind = iota + 1 // an attempt without an answer
	DutyRevokeOnSight                     // paper was forced, or the doctor wants it gone, while the outcome is unknown
	DutyRevoke                            // asked by the doctor
	DutyRevokeSurplus                     // a record beside the adopted one
	DutyTell                              // refused, lapsed or perhaps double after the patient left
	DutyRestored                          // out of a backup or a copied directory
	DutyTwinCheck                         // also tried in other software
	DutyReconfirm                         // waiting too long, or proven absent
	DutyConfirmPrint                      // did the sheet come out of the printer?
	DutyHandOver                          // the sheet is not with the patient
	DutyNote                              // paper to be noted in the record
	DutyGiveProof                         // a RID came after the patient left
)

var dutyNames = [...]string{"", "locate", "revoke-on-sight", "revoke", "revoke-surplus", "tell", "restored", "twin-check",
	"reconfirm", "confirm-print", "hand-over", "note", "give-proof"}

// Duties are all kinds, most urgent first.
var Duties = []DutyKind{DutyLocate, DutyRevokeOnSight, DutyRevoke, DutyRevokeSurplus, DutyTell, DutyRestored, DutyTwinCheck,
	DutyReconfirm, DutyConfirmPrint, DutyHandOver, DutyNote, DutyGiveProof}

// String is the code of the duty.
func (k DutyKind) String() string { return nameOf(dutyNames[:], int(k)) }

// Bit of the duty in the plain index column of a prescription's row.
func (k DutyKind) Bit() int64 { return 1 << (k - 1) }

// ByEngine tells that the engine works at it; the doctor can help only where it
// has outcomes.
func (k DutyKind) ByEngine() bool { return k <= DutyRevokeSurplus }

// Outcome closes a duty, or answers its question.
type Outcome string

const (
	SendAgain     Outcome = "send-again"
	Send          Outcome = "send"
	ToPaper       Outcome = "paper"
	Withdraw      Outcome = "withdraw"
	CameOut       Outcome = "out"
	DidNotComeOut Outcome = "not-out"
	Handed        Outcome = "handed"
	WasDestroyed  Outcome = "destroyed"
	WasNoted      Outcome = "noted"
	Given         Outcome = "given"
	NotWanted     Outcome = "not-wanted"
	WasTold       Outcome = "told"
	OnlyHere      Outcome = "only-here"
	AlsoThere     Outcome = "also-there"
	NothingGiven  Outcome = "nothing-given"
	PaperGiven    Outcome = "paper-given"
	SentElsewhere Outcome = "sent-elsewhere"
)

// Duty is one thing owed.
type Duty struct {
	Kind         DutyKind
	Prescription ID
	Since        time.Time
	Deadline     time.Time // zero: none
	Why          string    // catalogue key "duty.KIND.why.WHY"
	Outcomes     []Outcome // what a person may answer now; none: the engine works at it
}

// ID names the duty: a prescription owes each kind at most once.
func (d Duty) ID() string { return string(d.Prescription) + "." + d.Kind.String() }

// ParseDutyID is the reverse of Duty.ID.
func ParseDutyID(s string) (ID, DutyKind, error) {
	if len(s) > 37 && s[36] == '.' {
		if id, err := ParseID(s[:36]); err == nil {
			for _, k := range Duties {
				if k.String() == s[37:] {
					return id, k, nil
				}
			}
		}
	}
	return "", 0, Fault(CodeNotOwed)
}

// Around is what decisions need to know beside the prescription itself.
type Around struct {
	Newer        bool // the patient has something later with an ingredient of this one
	ReplacedOpen bool // what it replaces is not Harmless
}

// Owed derives the duties of p at the moment now, most urgent first.
func Owed(p Prescription, now time.Time, around Around, w Waits) []Duty {
	var duties []Duty
	owe := func(k DutyKind, since time.Time, why string, outcomes ...Outcome) {
		for _, d := range duties {
			if d.Kind == k {
				return // each kind at most once: the first found is the most urgent
			}
		}
		duties = append(duties, Duty{Kind: k, Prescription: p.ID, Since: since, Why: why, Outcomes: outcomes})
	}
	p.oweElectronic(now, w, owe)
	if since, why := p.toTell(now); why != "" {
		owe(DutyTell, since, why, WasTold)
	}
	if p.RestoredOpen() {
		owe(DutyRestored, p.Restored.At, "restored", NothingGiven, PaperGiven, SentElsewhere)
	}
	if p.TwinOpen() && !p.State.closed() {
		owe(DutyTwinCheck, p.Twin.At, "twin", OnlyHere, AlsoThere)
	}
	if why := p.toReconfirm(now, around, w); why != "" {
		since := p.Issued
		if why == whyAbsent {
			since = p.Absent.At
		}
		outcomes := []Outcome{Send, ToPaper, Withdraw}
		if why == whyTooOld {
			outcomes = outcomes[1:]
		}
		owe(DutyReconfirm, since, why, outcomes...)
		duties[len(duties)-1].Deadline = p.Issued.Add(w.MaxAge)
	}
	p.owePaper(owe)
	if p.State == StateConfirmed && p.Proof && p.LetGo.Set() && p.LetGo.Rev < p.Adopted.Rev && !p.ProofDone.Set() && !p.Wished.Set() {
		owe(DutyGiveProof, p.Adopted.At, "left-without", Given, NotWanted)
	}
	slices.SortFunc(duties, func(a, b Duty) int { return int(a.Kind) - int(b.Kind) })
	return duties
}

// closed states have nothing left at Recip-e, on paper or in the queue.
func (s State) closed() bool {
	return s == StateRefused || s == StateWithdrawn || s == StateLapsed || s == StateRevoked
}

func (p *Prescription) oweElectronic(now time.Time, w Waits, owe func(DutyKind, time.Time, string, ...Outcome)) {
	if a := p.LiveAttempt(); a != nil && a.Result == Unanswered && !p.Over(now) {
		switch {
		case p.State == StateUnknown && !p.Wished.Set():
			switch ask := p.toAsk(now, w); {
			case ask && DateOf(now).After(p.Expires):
				owe(DutyLocate, a.Marked, "ask", Withdraw)
			case ask:
				owe(DutyLocate, a.Marked, "ask", SendAgain, ToPaper, Withdraw)
			default:
				owe(DutyLocate, a.Marked, "no-answer")
			}
		case p.State == StateUnknown:
			owe(DutyRevokeOnSight, p.Wished.At, "wished")
		case p.State == StatePaper:
			owe(DutyRevokeOnSight, a.Marked, "paper")
		default:
			owe(DutyRevokeSurplus, a.Marked, "late")
		}
	}
	for _, r := range p.Records {
		if !p.MustGo(r) || !r.Status.MayBeDelivered() {
			continue
		}
		switch {
		case p.State == StatePaper:
			owe(DutyRevokeOnSight, r.Known.At, "found")
		case r.Adopted:
			owe(DutyRevoke, p.Wished.At, "wished")
		default:
			owe(DutyRevokeSurplus, r.Known.At, "found")
		}
	}
}

// toAsk tells that look-ups could not decide for so long that the doctor is asked;
// asked again as long after "send again, once proven absent".
func (p *Prescription) toAsk(now time.Time, w Waits) bool {
	since := p.Unclear
	if p.SendAgain.Rev > since.Rev {
		since = p.SendAgain
	}
	return p.Unclear.Set() && !p.RestoredOpen() && now.Sub(since.At) >= w.Ask
}

// toTell finds what the patient or a pharmacy must be told, "" when nothing.
func (p *Prescription) toTell(now time.Time) (time.Time, string) {
	for _, r := range p.Records {
		if p.MustGo(r) && r.Status != StatusRevoked && p.Told.Rev < r.Taken.Rev {
			return r.Taken.At, "double"
		}
	}
	switch {
	case p.Told.Rev < p.Misnamed.Rev:
		return p.Misnamed.At, "misnamed"
	case p.TwinOutcome == AlsoThere && p.State == StatePaper && p.Told.Rev < p.TwinAnswer.Rev:
		return p.TwinAnswer.At, "twin"
	case p.State == StateRefused && p.Told.Rev < p.Refusal.Rev:
		return p.Refusal.At, "refused"
	case p.State == StateUnknown && p.Over(now) && !p.Told.Set():
		return p.Issued, "never-known"
	case p.State == StateLapsed && p.Told.Rev < p.Lapse.Rev:
		return p.Lapse.At, "lapsed"
	}
	return time.Time{}, ""
}

const (
	whyAbsent = "absent"
	whyWaited = "waited"
	whyNewer  = "newer"
	whyTooOld = "too-old"
)

// toReconfirm finds why a waiting prescription needs a yes before it leaves, ""
// when it needs none. A clock that went back counts as a long wait.
func (p *Prescription) toReconfirm(now time.Time, around Around, w Waits) string {
	if p.State != StateReady || !p.Electronic || p.RestoredOpen() || DateOf(now).After(p.Expires) {
		return ""
	}
	if age := now.Sub(p.Issued); age >= w.MaxAge {
		return whyTooOld
	}
	if p.Absent.Rev > p.Reconfirmed.Rev {
		return whyAbsent
	}
	base := p.Issued
	if p.Reconfirmed.Set() {
		base = p.Reconfirmed.At
	}
	if waited := now.Sub(base); waited >= w.Silent || waited < -w.ClockSlack || DateOf(base.In(now.Location())) != DateOf(now) {
		return whyWaited
	}
	if around.Newer && !p.Reconfirmed.Set() {
		return whyNewer
	}
	return ""
}

// owePaper: while the question of a restored one is open, nothing else is asked of
// its sheet.
func (p *Prescription) owePaper(owe func(DutyKind, time.Time, string, ...Outcome)) {
	s := p.Sheet()
	if s == nil || p.RestoredOpen() && !s.Handed.Set() {
		return
	}
	switch s.Step() {
	case ToPrint:
		switch {
		case s.Copies == 0:
			owe(DutyConfirmPrint, s.Claimed.At, "not-printed", WasDestroyed)
		case s.Printed.IsZero(): // the last copy did not come out
			owe(DutyConfirmPrint, s.Claimed.At, "not-printed", CameOut, WasDestroyed)
		default:
			owe(DutyConfirmPrint, s.Printed, "printed", CameOut, DidNotComeOut, WasDestroyed)
		}
	case ToSign:
		if p.Elsewhere {
			owe(DutyHandOver, s.Out.At, "elsewhere", WasDestroyed)
		} else {
			owe(DutyHandOver, s.Out.At, "out", Handed, WasDestroyed)
		}
	case HandedOver:
		if !p.Noted.Set() {
			owe(DutyNote, s.Handed.At, "handed", WasNoted)
		}
	}
}

// OwedMask is the index bitmask of the duties, for the plain column of the row.
// Duties that depend on the clock alone (reconfirm, expiry) belong to StateReady.
func OwedMask(duties []Duty) int64 {
	var mask int64
	for _, d := range duties {
		mask |= d.Kind.Bit()
	}
	return mask
}

// settles is how the doctor's answer to a duty becomes an event. Outcomes that
// need more than the answer (paper: a sheet and a reason) are made by the use case.
var settles = map[Outcome]EventKind{
	SendAgain: EventReconfirmed, Send: EventReconfirmed, ToPaper: EventClaimed, Withdraw: EventWithdrawn,
	CameOut: EventOut, DidNotComeOut: EventNotOut, Handed: EventHandedOver, WasDestroyed: EventDestroyed,
	WasNoted: EventNoted, Given: EventProofDone, NotWanted: EventProofDone, WasTold: EventTold,
	OnlyHere: EventTwinAnswered, AlsoThere: EventTwinAnswered,
	NothingGiven: EventRestoredAns, PaperGiven: EventRestoredAns, SentElsewhere: EventRestoredAns,
}

// Settle finds the event that answers duty d with outcome o. A locate duty that is
// withdrawn becomes the wish to revoke: it may have arrived.
func Settle(p Prescription, d Duty, o Outcome, at time.Time) (Event, error) {
	for _, open := range d.Outcomes {
		if open != o {
			continue
		}
		e := Event{Kind: settles[o], At: at, Outcome: o}
		if d.Kind == DutyLocate && o == Withdraw {
			e.Kind = EventRevokeWished
		}
		if e.Kind == EventWithdrawn || e.Kind == EventRevokeWished {
			e.Reason = "stopped"
		}
		if s := p.Sheet(); s != nil {
			e.Sheet = &Sheet{ID: s.ID}
		}
		return e, nil
	}
	return Event{}, Fault(CodeNoSuchOutcome, "duty", d.Kind.String(), "outcome", string(o))
}
