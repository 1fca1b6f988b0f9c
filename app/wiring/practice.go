package wiring

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"relais/app/config"
	"relais/app/drill"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/assets"
	"relais/sync/outbox"
	"relais/sync/simulator/world"
)

// Practice is a practice of the demonstration under a virtual clock: the real use cases,
// the real engine and the real store, in a directory that is thrown away, against the
// simulated services in memory. One goroutine plays all; the same seed plays the same.
// Messages are those of Recip-e; no protocol stands between (world.Client's way): connections
// know no virtual time outside of tests. What the protocol adds is shown by test/restore and test/cut.
type Practice struct {
	session *Session
	world   *world.World
	engine  *outbox.Engine
	root    string // of the throw-away directories

	start time.Time
	mono  time.Duration
	queue queue
	seq   int
	wake  int   // the last planned step of the engine counts
	fault error // of the engine; the first
}

// practiceBegins is the Monday morning of every drill.
var practiceBegins = rx.Date{Year: 2026, Month: time.November, Day: 23}

// NewPractice makes the practice of a seed. Close removes all of it.
func NewPractice(ctx context.Context, seed uint64) (_ *Practice, err error) {
	real, err := At(config.Paths{})
	if err != nil {
		return nil, err
	}
	p := &Practice{start: time.Date(practiceBegins.Year, practiceBegins.Month, practiceBegins.Day, 8, 30, 0, 0, real.Now().Location())}
	if p.root, err = os.MkdirTemp("", "relais-drill-"); err != nil {
		return nil, fromVault(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(p.root))
		}
	}()
	draw := rand.New(rand.NewPCG(seed, 0x7072616374696365))
	d := Directory{
		Paths: config.Paths{Data: filepath.Join(p.root, "practice"), Marks: filepath.Join(p.root, "marks")},
		Now:   p.Now, Rand: drawn{rand.NewPCG(draw.Uint64(), draw.Uint64())}, Protocol: Protocol{Double: true},
	}
	n := New{Passphrase: []byte(DemoPassphrase)}
	n.Profile, _ = config.Built(config.Simulated)
	if err := errors.Join(json.Unmarshal(assets.DemoPractice, &n.Practice), json.Unmarshal(assets.DemoPatients, &n.Patients)); err != nil {
		return nil, rx.Fault(rx.CodeInternal).Because(err)
	}
	if _, err := d.Make(ctx, n); err != nil {
		return nil, err
	}
	if p.session, err = d.Open(ctx, []byte(DemoPassphrase)); err != nil {
		return nil, err
	}
	p.world = world.New(rand.NewPCG(draw.Uint64(), draw.Uint64()))
	p.world.Random(world.Profile{Latency: 300 * time.Millisecond}, rand.NewPCG(draw.Uint64(), draw.Uint64()))
	p.engine = outbox.New(p.session.db, p.session.Profile.Waits, rand.New(rand.NewPCG(draw.Uint64(), draw.Uint64())), p.session.services.observe)
	p.session.sending(played{func() { p.plan(ctx, 0) }})
	return p, nil
}

// played is the engine of a practice. Nobody there wishes to try at once.
type played struct{ nudge func() }

func (p played) Nudge() { p.nudge() }
func (played) Retry()   {}

// drawn is a source of randomness as a stream of bytes.
type drawn struct{ src rand.Source }

func (d drawn) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(d.src.Uint64())
	}
	return len(b), nil
}

// Close closes and removes the practice.
func (p *Practice) Close(ctx context.Context) error {
	return errors.Join(p.session.Close(ctx), os.RemoveAll(p.root))
}

// Service is the use cases of the practice.
func (p *Practice) Service() *prescribing.Service { return p.session.Service }

// Now is the virtual clock.
func (p *Practice) Now() time.Time { return p.start.Add(p.mono) }

// Break puts a fault plan in force in place of the one before.
func (p *Practice) Break(faults []drill.Fault) error {
	list := make([]Fault, len(faults))
	for i, f := range faults {
		list[i] = Fault{Service: f.Service, Operation: f.Operation, Kind: f.Kind, After: f.After, Count: f.Count}
	}
	return p.world.SetPlan(plan(list), p.Now())
}

// Held is what the server holds.
func (p *Practice) Held() ([]drill.Held, error) {
	truth, err := p.world.Truth(p.Now())
	if err != nil {
		return nil, err
	}
	held := make([]drill.Held, len(truth.Records))
	for i, r := range truth.Records {
		held[i] = drill.Held{Local: r.Local, RID: r.RID, Deliverable: r.DeliverableAt(truth.Now), Delivered: !r.Delivered.IsZero()}
	}
	return held, nil
}

// Deliver is a pharmacist's hand.
func (p *Practice) Deliver(rid rx.RID) error { return p.world.Act(world.Deliver, rid, p.Now()) }

// Pass plays everything of the next d. The first fault of the engine ends the practice.
func (p *Practice) Pass(ctx context.Context, d time.Duration) error {
	end := p.mono + max(d, 0)
	p.plan(ctx, 0)
	for len(p.queue) > 0 && p.queue[0].at <= end && p.fault == nil {
		h := heap.Pop(&p.queue).(happening)
		p.mono = h.at
		h.do()
	}
	if p.fault == nil && ctx.Err() != nil {
		p.fault = rx.Fault(rx.CodeInternal).Because(ctx.Err())
	}
	p.mono = end
	return p.fault
}

// plan lets the engine take its next step after wait.
func (p *Practice) plan(ctx context.Context, wait time.Duration) {
	p.wake++
	wake := p.wake
	p.after(wait, func() {
		if wake == p.wake {
			p.step(ctx)
		}
	})
}

func (p *Practice) moment() outbox.Moment { return outbox.Moment{Wall: p.Now(), Mono: p.mono} }

func (p *Practice) step(ctx context.Context) {
	acts, wait, err := p.engine.Next(ctx, p.moment())
	p.met(err)
	for _, act := range acts {
		p.perform(ctx, act)
	}
	p.plan(ctx, wait)
}

// perform lets a call take its way through the world, as a client in real time does.
func (p *Practice) perform(ctx context.Context, act outbox.Act) {
	begun := p.Now()
	fate := p.world.Fate(act.Call, begun)
	ended := false
	end := func(r rx.Reply) {
		if !ended {
			ended = true
			p.met(p.engine.Done(ctx, p.moment(), act.ID, r))
			p.plan(ctx, 0)
		}
	}
	heard := fate.Reply()
	for i, pass := range fate.Passes {
		p.after(pass.Process, func() {
			reply := p.world.Pass(act.Call, fate, i, begun)
			if fate.Ends == world.Answers && i == fate.Heard {
				heard = reply
			}
		})
	}
	if fate.Ends != world.Hangs {
		p.after(fate.End, func() { end(heard) })
	}
	p.after(act.Limit, func() { end(rx.Reply{Result: rx.Unanswered, Why: world.WhyTimeout}) })
}

// met keeps the first fault of the engine. A late key that was kept already is none.
func (p *Practice) met(err error) {
	if err != nil && p.fault == nil && rx.CodeOf(err) != rx.CodeKeyUsed {
		p.fault = err
	}
}

// after plans something.
func (p *Practice) after(wait time.Duration, do func()) {
	p.seq++
	heap.Push(&p.queue, happening{p.mono + max(wait, 0), p.seq, do})
}

// happening is something planned; queue gives the earliest first, of one moment the
// first planned.
type happening struct {
	at  time.Duration
	seq int
	do  func()
}

type queue []happening

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(happening)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
