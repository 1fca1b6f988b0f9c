package sim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/outbox"
	"relais/sync/recipe"
	"relais/sync/recipe/kmehr"
	"relais/sync/simulator"
	"relais/sync/simulator/simtest"
	"relais/sync/simulator/world"
)

// protocol is tier C: between engine and world stand the real client and the simulated services behind their real
// protocol, over TLS inside this process. It runs in a bubble of virtual time (testing/synctest), whose clock is the true
// time of the run. The scheduler stays the only one who decides: it starts one call at a time, waits until everybody
// sleeps, and takes answers that came at one moment in the order of their calls.
//
// What the platform meets is drawn from the seed: random faults of its ways (world.Profile) at every service, and plans of
// faults (formats, "Fault plan"). What ciphers draw by themselves is not; no decision depends on it. The platform of every
// seed has the same RSA keys: after a rotation the same one stands in another certificate, which is as good, since seals
// name the certificate.
type protocol struct {
	*Sim
	platform *simulator.Simulator
	pki      *simulator.PKI
	tokens   etk.Cache // of encryption; it survives the program

	box    *box           // nil: nothing stands between
	client *recipe.Client // of the program that runs
	calls  context.Context
	kill   context.CancelFunc
	ahead  atomic.Int64 // the practice's clock against true time, for calls

	mu      sync.Mutex
	answers []answer
	bell    chan struct{}
}

// answer is how a call ended.
type answer struct {
	act   int64
	hear  func(rx.Reply)
	reply rx.Reply
}

// newProtocol puts the platform in front of the world of s, at its beginning.
func newProtocol(s *Sim) *protocol {
	time.Sleep(time.Until(start))
	pki, err := simulator.NewPKI(reader{s.source()}, simtest.Keys, start)
	s.must(err)
	p := &protocol{Sim: s, pki: pki, tokens: &tokens{}, bell: make(chan struct{}, 1)}
	p.platform, err = simulator.New(s.world, pki, simulator.Options{Clock: bubble{}, Rand: reader{s.source()}})
	s.must(err)
	if s.Between != nil {
		p.box = newBox(s.Between(p.platform))
	}
	return p
}

// boot makes the client of a program that begins.
func (p *protocol) boot() {
	p.end()
	p.calls, p.kill = context.WithCancel(ctx)
	ends, doctor, form := p.platform.Inside(), p.pki.Doctor(), sts.WSTrust
	if p.one(2) {
		ends.STS, form = ends.STSLegacy, sts.SAMLP
	}
	if p.box != nil {
		for _, url := range []*string{&ends.STS, &ends.ETK, &ends.KGSS, &ends.Prescriber} {
			*url = strings.Replace(*url, "https:", "http:", 1)
		}
	}
	p.client = recipe.New(recipe.Settings{
		STS: ends.STS, ETK: ends.ETK, KGSS: ends.KGSS, Prescriber: ends.Prescriber, Anchors: p.pki.Anchors(), Service: recipe.RecipE,
		Form: form, Transport: soap.Transport{UserAgent: "Relais/test", Dial: p.dial}, Reason: sts.NoReader,
		Profile: recipe.Profile{ProgramID: "relais/test", PrescriptionVersion: "kmehr_1.29"},
	}, recipe.Doctor{SSIN: doctor.ID.Value, Signing: doctor.Signing, Decryption: doctor.Decryption}, p.clock, reader{p.source()}, p.tokens)
}

// clock is the practice's, for calls at any moment.
func (p *protocol) clock() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())).In(zone) }

// end cuts all calls of the program off.
func (p *protocol) end() {
	if p.kill != nil {
		p.kill()
	}
}

func (p *protocol) close() {
	p.end()
	if p.box != nil {
		p.must(p.box.server.Close())
	}
	p.must(p.platform.Close())
	time.Sleep(10 * time.Second) // the ends of connections say goodbye to each other
	p.must(p.world.Err())
}

// callOf is the place of an act's number in the context of its call.
type callOf struct{}

// dial connects, each call at a moment of its own: calls that waited for the same thing would go on at once, and who is
// first would not follow from the seed.
func (p *protocol) dial(ctx context.Context, address string) (net.Conn, error) {
	act, _ := ctx.Value(callOf{}).(int64)
	if err := (bubble{}).Sleep(ctx, time.Duration(act%1009)*time.Microsecond+time.Nanosecond); err != nil {
		return nil, err
	}
	if p.box == nil {
		return p.platform.Dial(ctx, address)
	}
	for _, service := range services {
		if strings.HasPrefix(address, string(service)+".") && p.world.Connect(service, time.Now()) != "" {
			return nil, errors.New("no connection")
		}
	}
	return p.box.dial(ctx)
}

// perform lets the client make a call, and goes on when nobody can do any more at this moment.
func (p *protocol) perform(act outbox.Act, hear func(rx.Reply)) {
	limited, done := context.WithTimeout(context.WithValue(p.calls, callOf{}, act.ID), act.Limit)
	client := p.client
	go func() {
		defer done()
		reply := client.Do(limited, act.Call)
		p.mu.Lock()
		p.answers = append(p.answers, answer{act.ID, hear, reply})
		p.mu.Unlock()
		select {
		case p.bell <- struct{}{}:
		default:
		}
	}()
	synctest.Wait()
}

// wait lets true time go on, until d has passed or calls have ended: it gives their answers.
func (p *protocol) wait(d time.Duration) []answer {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.bell:
	case <-timer.C:
	}
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	answers := p.answers
	p.answers = nil
	slices.SortFunc(answers, func(a, b answer) int { return cmp.Compare(a.act, b.act) })
	return answers
}

// until plays everything up to the moment end.
func (p *protocol) until(end time.Duration) {
	for {
		next := end
		if len(p.queue) > 0 {
			next = min(next, p.queue[0].at)
		}
		answers := p.wait(next - p.elapsed())
		p.mono = p.elapsed()
		for _, a := range answers {
			a.hear(a.reply)
			p.moved = true
			p.judge()
		}
		switch {
		case len(answers) > 0:
		case len(p.queue) > 0 && p.queue[0].at <= end:
			p.next()
		default:
			return
		}
	}
}

func (p *protocol) elapsed() time.Duration { return time.Since(start) }

// services that plans are about.
var services = []rx.Service{rx.STS, rx.ETKDepot, rx.KGSS, rx.Recipe}

// kinds are all those of the fault plan.
var kinds = []world.Kind{
	world.RefuseConnect, world.Hang, world.Slow, world.Drop, world.Late, world.Twice, world.Inner, world.ListLag, world.ListPaged, world.Unreadable,
	world.TLSFail, world.HTTP502, world.HTTP503, world.Portal, world.Outer, world.TokenExpired, world.ClockOffset, world.Rotated, world.WrongKey, world.Truncated,
	"soa-00001", "soa-01001", "soa-01002", "soa-02001", "soa-02002", "soa-03001", "soa-03002", "soa-03003", "soa-03004", "soa-03005", "soa-03006", "soa-03007",
}

// plan puts another plan of faults in force: at most one at each service, and one at each of two operations of Recip-e, so
// that none hides another.
func (p *protocol) plan() {
	p.tally()
	var faults []world.Fault
	for _, service := range services {
		if p.one(2) {
			faults = append(faults, world.Fault{Service: service})
		}
	}
	if len(faults) == 0 || faults[len(faults)-1].Service != rx.Recipe {
		for _, op := range []rx.Op{rx.OpCreate, pick(p.Sim, []rx.Op{rx.OpOpen, rx.OpGet, rx.OpStatus, rx.OpRevoke, rx.OpHistory, rx.OpNewKey})} {
			faults = append(faults, world.Fault{Operation: op})
		}
	}
	for i := range faults {
		f := &faults[i]
		f.Kind = pick(p.Sim, befall(*f))
		if peculiar := peculiars[f.Operation]; len(peculiar) > 0 && p.one(2) {
			f.Kind = pick(p.Sim, peculiar)
		}
		f.After, f.Count = max(p.rng.IntN(4)-1, 0), 1+p.rng.IntN(3)
		if p.one(3) && f.Kind != world.Rotated {
			f.After, f.Count, f.For = 0, 0, p.upTo(time.Hour)+time.Second
		}
		p.note("plan: %s%s %s", f.Service, f.Operation, f.Kind)
	}
	p.must(p.world.SetPlan(faults, p.at()))
}

// peculiars are the kinds that befall an operation and few others.
var peculiars = map[rx.Op][]world.Kind{
	rx.OpOpen: {world.ListLag, world.ListPaged}, rx.OpHistory: {world.ListLag, world.ListPaged}, rx.OpGet: {world.Unreadable},
}

// befalls tells whether a kind may befall a service.
func befalls(k world.Kind, service rx.Service) bool {
	return slices.Contains(befall(world.Fault{Service: service}), k)
}

// befall gives the kinds that may befall what a fault is about, as the world judges.
func befall(f world.Fault) (fit []world.Kind) {
	probe := world.New(rand.NewPCG(1, 2))
	probe.Behind()
	for _, f.Kind = range kinds {
		if probe.SetPlan([]world.Fault{f}, start) == nil {
			fit = append(fit, f.Kind)
		}
	}
	return fit
}

// mend ends the plan in force.
func (p *protocol) mend() {
	p.tally()
	p.must(p.world.SetPlan(nil, p.at()))
}

// tally counts what the plan in force has met: kinds, and kinds at services.
func (p *protocol) tally() {
	faults, met, err := p.world.Plan()
	p.must(err)
	for i, f := range faults {
		if met[i] > f.After {
			service := f.Service
			if service == "" {
				service = f.Operation.Service()
			}
			p.count("fault: " + string(f.Kind))
			p.count("fault: " + string(f.Kind) + " at " + string(service))
		}
	}
}

// judgeContents: what a pharmacist opens at the end is the message that was made when it was issued, and no other.
func (p *protocol) judgeContents() {
	for _, r := range p.rows() {
		rec := r.p.AdoptedRecord()
		if r.p.State != rx.StateConfirmed || rec == nil || p.misnamed[rec.RID] && rec.Unread() {
			continue
		}
		d, err := p.platform.Look(rec.RID)
		p.must(err)
		if !bytes.Equal([]byte(d.Message), r.message) || !d.Valid {
			p.broken("the pharmacist reads what was prescribed: another message, %v", d.Errors)
		}
	}
}

// written makes messages as the program does.
var written = kmehr.Composer{Software: kmehr.Software{Name: "Relais", Version: "test"}}

// tokens keeps those of encryption.
type tokens struct{ kept sync.Map }

func (t *tokens) Get(_ context.Context, key string) ([]byte, error) {
	v, _ := t.kept.Load(key)
	b, _ := v.([]byte)
	return b, nil
}

func (t *tokens) Put(_ context.Context, key string, token []byte, _ time.Time) error {
	t.kept.Store(key, token)
	return nil
}

// bubble is the clock of a bubble of virtual time.
type bubble struct{}

func (bubble) Now() time.Time { return time.Now().In(zone) }

func (bubble) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
