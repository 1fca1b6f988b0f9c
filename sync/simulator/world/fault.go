package world

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"relais/app/rx"
)

// Kind of a fault, by its name in the fault plan (formats, "Fault plan").
type Kind string

const (
	RefuseConnect Kind = "refuse-connect"        // down: no connection
	Hang          Kind = "hang"                  // taken and swallowed: never processed, no answer
	Slow          Kind = "slow"                  // answered after SlowTime
	Drop          Kind = "drop-after-processing" // processed, then the connection breaks
	Late          Kind = "late-processing"       // processed and answered after LateTime
	Twice         Kind = "process-twice"         // arrives again AgainTime later; the first answer comes back
	Inner         Kind = "inner-refusal"         // refused by the service, nothing is done
	ListLag       Kind = "list-lag"              // what is younger than LagTime is not listed
	ListPaged     Kind = "list-paged"            // pages of PageSize
	Unreadable    Kind = "unreadable-candidate"  // the key id cannot be read
)

// Times and sizes of the plan's faults. A plan has no others.
const (
	SlowTime  = 12 * time.Second // longer than the screen's promise, shorter than a call
	LateTime  = 90 * time.Second // longer than a call, shorter than LongestProcessing
	AgainTime = 2 * time.Second
	LagTime   = 45 * time.Second // shorter than the pause between two look-ups
	PageSize  = 2
)

// Codes of the world's own faults.
const (
	CodeNeedsProtocol rx.Code = "fault-needs-protocol" // kind or service known to the protocol simulator alone (kind, service)
	CodeNotThere      rx.Code = "fault-not-there"      // the fault does not befall this operation or service (kind, operation, service)
	CodeStorage       rx.Code = "world-storage"        // world.db cannot be read or written
	CodeStatus        rx.Code = "record-status"        // a hand on a record whose status does not allow it (status)
)

// Fault is one entry of a plan. It fits the calls of Service ("": any) and
// Operation ("": those that the kind befalls by itself) that start in its window;
// of these it leaves out the first After and strikes the next Count (0: all).
type Fault struct {
	Service   rx.Service
	Operation rx.Op
	Kind      Kind
	After     int
	Count     int
	From      time.Duration // window, from the moment when the plan was set
	For       time.Duration // 0: without end
}

var (
	lists   = []rx.Op{rx.OpOpen, rx.OpHistory}
	reading = []rx.Op{rx.OpGet}
)

// kinds tells for each kind which operations it may befall, and which it befalls
// when the entry names none.
var kinds = map[Kind]struct{ may, does []rx.Op }{
	RefuseConnect: {rx.Ops, rx.Ops},
	Hang:          {rx.Ops, rx.Ops},
	Slow:          {rx.Ops, rx.Ops},
	Drop:          {rx.Ops, rx.Ops},
	Late:          {rx.Ops, rx.Ops},
	Twice:         {rx.Ops, rx.Ops},
	Inner:         {rx.Ops, rx.Ops},
	ListLag:       {[]rx.Op{rx.OpOpen, rx.OpHistory, rx.OpCreate}, lists},
	ListPaged:     {lists, lists},
	Unreadable:    {[]rx.Op{rx.OpGet, rx.OpCreate}, reading},
}

// Kinds are all kinds that the world knows, in the order of the formats.
var Kinds = []Kind{RefuseConnect, Hang, Slow, Drop, Late, Twice, Inner, ListLag, ListPaged, Unreadable}

// protocolKinds need the protocol; so do soa-00001 … soa-03007.
var protocolKinds = []Kind{"tls-fail", "http-502", "http-503", "portal-page", "outer-refusal", "token-expired", "clock-offset",
	"etk-rotated", "wrong-symmkey", "truncated"}

// Check tells what is wrong with a plan, nil when the world can play it.
func Check(plan []Fault) error {
	var all rx.Faults
	for i, f := range plan {
		for _, e := range f.check() {
			all = append(all, e.At(fmt.Sprintf("faults[%d].%s", i, e.Path)))
		}
	}
	return all.OrNil()
}

// check gives the faults of one entry, each at its field.
func (f Fault) check() (faults rx.Faults) {
	add := func(field string, e *rx.Error) { faults = append(faults, e.At(field)) }
	k, known := kinds[f.Kind]
	switch {
	case slices.Contains(protocolKinds, f.Kind) || strings.HasPrefix(string(f.Kind), "soa-"):
		add("kind", rx.Fault(CodeNeedsProtocol, "kind", string(f.Kind)))
	case !known:
		add("kind", rx.Fault(rx.CodeNotInList, "list", join(Kinds)))
	}
	befalls := func(op rx.Op) bool { return f.Service == "" || op.Service() == f.Service }
	switch {
	case f.Service == rx.STS || f.Service == rx.ETKDepot:
		add("service", rx.Fault(CodeNeedsProtocol, "service", string(f.Service)))
	case f.Service != "" && !slices.Contains(rx.Services, f.Service):
		add("service", rx.Fault(rx.CodeNotInList, "list", join(rx.Services)))
	case known && f.Operation == "" && !slices.ContainsFunc(k.does, befalls):
		add("service", rx.Fault(CodeNotThere, "kind", string(f.Kind), "service", string(f.Service)))
	case f.Operation == "":
	case !slices.Contains(rx.Ops, f.Operation):
		add("operation", rx.Fault(rx.CodeNotInList, "list", join(rx.Ops)))
	case known && !slices.Contains(k.may, f.Operation), !befalls(f.Operation):
		add("operation", rx.Fault(CodeNotThere, "kind", string(f.Kind), "operation", string(f.Operation)))
	}
	for _, n := range [...]struct {
		field    string
		negative bool
	}{{"after", f.After < 0}, {"count", f.Count < 0}, {"from", f.From < 0}, {"for", f.For < 0}} {
		if n.negative {
			add(n.field, rx.Fault(rx.CodeOutOfRange, "min", "0"))
		}
	}
	return faults
}

func join[T ~string](words []T) string {
	s := make([]string, len(words))
	for i, w := range words {
		s[i] = string(w)
	}
	return strings.Join(s, ", ")
}

// fits tells whether f is about a call of op that starts so long after the plan
// was set.
func (f Fault) fits(op rx.Op, since time.Duration) bool {
	switch {
	case since < f.From || f.For > 0 && since >= f.From+f.For:
		return false
	case f.Service != "" && f.Service != op.Service():
		return false
	case f.Operation != "":
		return f.Operation == op
	}
	return slices.Contains(kinds[f.Kind].does, op)
}

// plan is the fault plan in force.
type plan struct {
	Set    time.Time // caller's clock
	Faults []Fault
	Met    []int // how many calls each fault has fitted
}

// strike counts the call and lets each fault whose turn it is act on its fate: the
// first that decides the way does, and all that twist the operation do. It tells
// whether a counter moved.
func (p *plan) strike(op rx.Op, at time.Time, latency time.Duration, fate *Fate) (moved bool) {
	since, routed := at.Sub(p.Set), false
	for i, f := range p.Faults {
		if !f.fits(op, since) {
			continue
		}
		p.Met[i]++
		moved = true
		if p.Met[i] <= f.After || f.Count > 0 && p.Met[i] > f.After+f.Count {
			continue
		}
		if way, ok := ways[f.Kind]; ok && !routed {
			d := delays{there: latency, back: latency, late: LateTime, again: AgainTime}
			if f.Kind == Slow {
				d.work = SlowTime
			}
			twist := fate.Twist
			*fate, routed = way(d), true
			fate.Twist = twist
		}
		fate.Twist.add(f.Kind)
	}
	return moved
}

// add is what a kind of the plan makes of the operation itself.
func (t *Twist) add(k Kind) {
	switch k {
	case Inner:
		t.Refuse = true
	case ListLag:
		t.Lag = LagTime
	case ListPaged:
		t.Page = PageSize
	case Unreadable:
		t.Blind = true
	}
}

// SetPlan puts a plan in force from the moment at; an empty one ends all faults of
// plans. The answers of Check come back and nothing changes when it is faulty.
func (w *World) SetPlan(faults []Fault, at time.Time) error {
	if err := Check(faults); err != nil {
		return err
	}
	return w.do(at, func(tx shelf) {
		c := tx.control()
		c.Plan = nil
		if len(faults) > 0 {
			c.Plan = &plan{Set: at, Faults: slices.Clone(faults), Met: make([]int, len(faults))}
		}
		tx.setControl(c)
	})
}

// Plan gives the plan in force and how many calls each of its faults has fitted.
func (w *World) Plan() (faults []Fault, met []int, err error) {
	err = w.do(time.Time{}, func(tx shelf) {
		if p := tx.control().Plan; p != nil {
			faults, met = slices.Clone(p.Faults), slices.Clone(p.Met)
		}
	})
	return faults, met, err
}
