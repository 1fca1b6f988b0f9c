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

// Kinds that the protocol in front of the world plays (Fate.Protocol); so are soa-00001 … soa-03007.
const (
	TLSFail      Kind = "tls-fail"      // no connection: TLS fails
	HTTP502      Kind = "http-502"      // a gateway's page, nothing is done
	HTTP503      Kind = "http-503"      // the same
	Portal       Kind = "portal-page"   // somebody else's page with status 200, nothing is done
	Outer        Kind = "outer-refusal" // the platform's status without a content, nothing is done
	TokenExpired Kind = "token-expired" // the session's token has ended; of the STS: is given ended
	ClockOffset  Kind = "clock-offset"  // the server's clock is OffsetTime ahead
	Rotated      Kind = "etk-rotated"   // the service has another encryption key from then on
	WrongKey     Kind = "wrong-symmkey" // processed; the result is under another key
	Truncated    Kind = "truncated"     // processed; the answer breaks off in its middle

	Unspecified Kind = "soa-00001" // the platform's fault for whatever is wrong with itself
)

// Times and sizes of the plan's faults. A plan has no others.
const (
	SlowTime  = 12 * time.Second // longer than the screen's promise, shorter than a call
	LateTime  = 90 * time.Second // longer than a call, shorter than LongestProcessing
	AgainTime = 2 * time.Second
	LagTime   = 45 * time.Second // shorter than the pause between two look-ups
	PageSize  = 2

	OffsetTime = 20 * time.Minute // of clock-offset: more than any timestamp is allowed
)

// Codes of the world's own faults.
const (
	CodeNeedsProtocol rx.Code = "fault-needs-protocol" // kind or service known to the protocol simulator alone (kind, service)
	CodeNotThere      rx.Code = "fault-not-there"      // the fault does not befall this operation or service (kind, operation, service)
	CodeStorage       rx.Code = "world-storage"        // world.db cannot be read or written
	CodeAside         rx.Code = "world-aside"          // a call on its way cannot be performed, and was set aside
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
	recipe  = slices.DeleteFunc(slices.Clone(rx.Ops), func(o rx.Op) bool { return o.Service() != rx.Recipe })

	anywhere = []rx.Service{rx.STS, rx.ETKDepot, rx.KGSS}
	sessions = []rx.Service{rx.STS, rx.KGSS}
)

// kinds tells for each kind which operations it may befall, which it befalls when
// the entry names none, and at which services also the calls that are no operation
// of rx.Ops (see Target).
var kinds = map[Kind]struct {
	may, does []rx.Op
	bare      []rx.Service
}{
	RefuseConnect: {rx.Ops, rx.Ops, anywhere},
	Hang:          {rx.Ops, rx.Ops, anywhere},
	Slow:          {rx.Ops, rx.Ops, anywhere},
	Drop:          {rx.Ops, rx.Ops, anywhere},
	Late:          {rx.Ops, rx.Ops, anywhere},
	Twice:         {rx.Ops, rx.Ops, anywhere},
	Inner:         {rx.Ops, rx.Ops, anywhere},
	ListLag:       {[]rx.Op{rx.OpOpen, rx.OpHistory, rx.OpCreate}, lists, nil},
	ListPaged:     {lists, lists, nil},
	Unreadable:    {[]rx.Op{rx.OpGet, rx.OpCreate}, reading, nil},

	TLSFail:      {rx.Ops, rx.Ops, anywhere},
	HTTP502:      {rx.Ops, rx.Ops, anywhere},
	HTTP503:      {rx.Ops, rx.Ops, anywhere},
	Portal:       {rx.Ops, rx.Ops, anywhere},
	Outer:        {rx.Ops, rx.Ops, anywhere},
	TokenExpired: {recipe, recipe, sessions},
	ClockOffset:  {rx.Ops, rx.Ops, anywhere},
	Rotated:      {rx.Ops, rx.Ops, []rx.Service{rx.KGSS}},
	WrongKey:     {recipe, recipe, nil},
	Truncated:    {rx.Ops, rx.Ops, anywhere},

	Unspecified: {rx.Ops, rx.Ops, anywhere},
	"soa-01001": {rx.Ops, rx.Ops, anywhere},
	"soa-01002": {rx.Ops, rx.Ops, anywhere},
	"soa-02001": {rx.Ops, rx.Ops, anywhere},
	"soa-02002": {rx.Ops, rx.Ops, anywhere},
	"soa-03001": {rx.Ops, rx.Ops, anywhere},
	"soa-03002": {rx.Ops, rx.Ops, anywhere},
	"soa-03003": {rx.Ops, rx.Ops, anywhere},
	"soa-03004": {rx.Ops, rx.Ops, anywhere},
	"soa-03005": {rx.Ops, rx.Ops, anywhere},
	"soa-03006": {rx.Ops, rx.Ops, anywhere},
	"soa-03007": {rx.Ops, rx.Ops, anywhere},
}

// Kinds are all kinds that the world plays by itself, in the order of the formats.
var Kinds = []Kind{RefuseConnect, Hang, Slow, Drop, Late, Twice, Inner, ListLag, ListPaged, Unreadable}

// protocol tells that a kind is played by the protocol in front of the world.
func (k Kind) protocol() bool {
	_, known := kinds[k]
	return known && !slices.Contains(Kinds, k)
}

// Check tells what is wrong with a plan, nil when the world can play it by itself.
func Check(plan []Fault) error { return check(plan, false) }

func check(plan []Fault, protocol bool) error {
	var all rx.Faults
	for i, f := range plan {
		for _, e := range f.check(protocol) {
			all = append(all, e.At(fmt.Sprintf("faults[%d].%s", i, e.Path)))
		}
	}
	return all.OrNil()
}

// check gives the faults of one entry, each at its field.
func (f Fault) check(protocol bool) (faults rx.Faults) {
	add := func(field string, e *rx.Error) { faults = append(faults, e.At(field)) }
	k, known := kinds[f.Kind]
	switch {
	case !known:
		add("kind", rx.Fault(rx.CodeNotInList, "list", join(Kinds)))
	case !protocol && f.Kind.protocol():
		add("kind", rx.Fault(CodeNeedsProtocol, "kind", string(f.Kind)))
	}
	befalls := func(op rx.Op) bool { return f.Service == "" || op.Service() == f.Service }
	switch {
	case !protocol && (f.Service == rx.STS || f.Service == rx.ETKDepot):
		add("service", rx.Fault(CodeNeedsProtocol, "service", string(f.Service)))
	case f.Service != "" && !slices.Contains(rx.Services, f.Service):
		add("service", rx.Fault(rx.CodeNotInList, "list", join(rx.Services)))
	case known && f.Operation == "" && !slices.ContainsFunc(k.does, befalls) && !slices.Contains(k.bare, f.Service):
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

// fits tells whether f is about a call that starts so long after the plan was set.
func (f Fault) fits(to Target, since time.Duration) bool {
	switch {
	case since < f.From || f.For > 0 && since >= f.From+f.For:
		return false
	case f.Service != "" && f.Service != to.Service:
		return false
	case f.Operation != "":
		return f.Operation == to.Op
	case to.Op == "":
		return slices.Contains(kinds[f.Kind].bare, to.Service)
	}
	return slices.Contains(kinds[f.Kind].does, to.Op)
}

// plan is the fault plan in force.
type plan struct {
	Set    time.Time // caller's clock
	Faults []Fault
	Met    []int // how many calls each fault has fitted
}

// strike counts the call and lets each fault whose turn it is act on its fate: the
// first that decides the way does, the first of the protocol, and all that twist the
// operation. Kinds that skip names are left alone. It tells whether a counter moved.
func (p *plan) strike(to Target, at time.Time, latency time.Duration, fate *Fate, skip ...Kind) (moved bool) {
	since, routed := at.Sub(p.Set), false
	for i, f := range p.Faults {
		if slices.Contains(skip, f.Kind) || !f.fits(to, since) {
			continue
		}
		moved = true
		if !p.turn(i) {
			continue
		}
		if f.Kind.protocol() && fate.Protocol == "" {
			fate.Protocol = f.Kind
		}
		if way, ok := ways[f.Kind]; ok && !routed {
			d := delays{there: latency, back: latency, late: LateTime, again: AgainTime}
			if f.Kind == Slow {
				d.work = SlowTime
			}
			twist, protocol := fate.Twist, fate.Protocol
			*fate, routed = way(d), true
			fate.Twist, fate.Protocol = twist, protocol
		}
		fate.Twist.add(f.Kind)
	}
	return moved
}

// turn counts a call that fits fault i and tells whether that one strikes it.
func (p *plan) turn(i int) bool {
	p.Met[i]++
	f := p.Faults[i]
	return p.Met[i] > f.After && (f.Count == 0 || p.Met[i] <= f.After+f.Count)
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
// plans. The answers of Check come back and nothing changes when it is faulty; behind a
// protocol its faults are sound too.
func (w *World) SetPlan(faults []Fault, at time.Time) error {
	w.mu.Lock()
	protocol := w.protocol
	w.mu.Unlock()
	if err := check(faults, protocol); err != nil {
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

// InForce gives the faults whose window is open at the moment at.
func (w *World) InForce(at time.Time) (faults []Fault, err error) {
	err = w.do(time.Time{}, func(tx shelf) {
		p := tx.control().Plan
		if p == nil {
			return
		}
		for _, f := range p.Faults {
			if since := at.Sub(p.Set); since >= f.From && (f.For == 0 || since < f.From+f.For) {
				faults = append(faults, f)
			}
		}
	})
	return faults, err
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
