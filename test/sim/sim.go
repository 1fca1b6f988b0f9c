// Package sim runs a practice and Recip-e in virtual time from one seed: the real
// use cases, the real engine, the real decisions, over a model of the store (tier
// A), against the simulated world, with the real client and the real protocol
// between them (tier C) or without, under one scheduler that decides the order of
// everything: answers, faults, crashes, clock jumps, the doctor, the pharmacist, a
// second process, an older copy of the directory put back.
//
// After each step the invariants are judged against what exists in the world
// (records at the server, papers in hands), never against the program's own tables.
// The same seed gives the same trace. A seed that fails is printed and replays:
//
//	go test ./test/sim -run Replay -seed N -v
package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"context"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/outbox"
	"relais/sync/simulator/world"
	"relais/test/disk"
)

var ctx = context.Background()

// zone is that of the practice: fixed, so that a run does not depend on the machine.
var zone = time.FixedZone("practice", 3600)

// start is a Monday morning.
var start = time.Date(2026, 3, 2, 8, 0, 0, 0, zone)

// Options bend a run.
type Options struct {
	Planted string                          // name of a planted mistake, "" none
	Verbose bool                            // keep the trace's lines
	Real    string                          // tier B: where the directory of the real store is made; "" for tier A
	Wire    bool                            // tier C: the real client and protocol between engine and world; in a bubble of virtual time
	Between func(http.Handler) http.Handler // tier C: a box between client and platform that spoils answers; then there is no TLS
	Hear    func(rx.Call, *rx.Reply)        // what the engine hears in place of the reply
	Failing bool                            // its disk fails
	Without Set                             // what happens that does not happen this time
}

// Sim is one run.
type Sim struct {
	Options
	seed uint64
	rng  *rand.Rand

	mono  time.Duration // true time since start
	skew  time.Duration // the practice's clock against true time
	queue queue
	seq   int

	world   *world.World
	keep    keep
	wire    *protocol // nil but in tier C
	service *prescribing.Service
	engine  *outbox.Engine
	waits   rx.Waits
	epoch   int  // of the program; a crash ends it
	down    bool // the program is not running
	wake    int  // the last planned wake counts
	hostile float64
	nested  int
	script  func(op string, after bool) error // in place of chance, at each durable step
	healed  bool
	swapped rx.RID // of a planted mistake
	older   bool   // a copy was put back, and not opened yet

	putBacks int           // so many copies were put back
	skewThen time.Duration // the practice's clock when the last one was

	truth
	chances int // things that happened or did not, so far
	trace   uint64
	line    []byte // of the trace, last
	Lines   []string
	Counts  map[string]int // rare paths taken
}

type crashed struct{}

// violation is a broken invariant.
type violation struct{ what string }

func (v violation) Error() string { return v.what }

// Run plays one seed and returns the first broken invariant, nil when all held.
func Run(seed uint64, o Options) (s *Sim, err error) {
	s = newSim(seed, o)
	defer s.close()
	defer func() {
		switch v := recover().(type) {
		case nil:
		case violation:
			err = v
		default:
			panic(fmt.Sprintf("seed %d: %v", seed, v))
		}
	}()
	s.live()
	s.quiet()
	return s, nil
}

func newSim(seed uint64, o Options) *Sim {
	s := &Sim{Options: o, seed: seed, rng: rand.New(rand.NewPCG(seed, 0x72656c616973)), Counts: map[string]int{}, waits: rx.DefaultWaits}
	s.truth = newTruth()
	s.world = world.New(s.source())
	s.keep = s.withMistake(newModel(s.now, s.durable))
	if o.Real != "" {
		r, err := newReal(o.Real, seed, s.now, s.durable)
		if err != nil {
			panic(err)
		}
		s.keep = r
	}
	if o.Wire {
		s.wire = newProtocol(s)
	}
	if wait := s.mistake().wait; wait != nil {
		wait(&s.waits)
	}
	s.boot()
	s.must(s.service.SetPractice(ctx, practice))
	return s
}

func (s *Sim) close() {
	if s.wire != nil {
		s.wire.close()
	}
	if r, ok := s.keep.(*real); ok {
		if err := r.close(); err != nil {
			panic(err)
		}
	}
}

func (s *Sim) must(err error) {
	if err != nil {
		panic(violation{"the simulation's own call failed: " + err.Error()})
	}
}

func (s *Sim) source() rand.Source { return rand.NewPCG(s.rng.Uint64(), s.rng.Uint64()) }

// now is the practice's clock; at is the server's side of time.
func (s *Sim) now() time.Time { return start.Add(s.mono + s.skew) }
func (s *Sim) at() time.Time  { return start.Add(s.mono) }

func (s *Sim) moment() outbox.Moment { return outbox.Moment{Wall: s.now(), Mono: s.mono} }

// reader is the program's source of randomness.
type reader struct{ src rand.Source }

func (r reader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.src.Uint64())
	}
	return len(p), nil
}

// boot starts the program anew on what the disk holds.
func (s *Sim) boot() {
	s.epoch++
	s.down = false
	if err := s.keep.start(); err != nil {
		s.failsafe(err)
		s.crash()
		return
	}
	if s.older {
		s.older = false
		s.forget()
	}
	if s.wire != nil {
		s.wire.boot()
	}
	s.service = s.newService()
	s.engine = outbox.New(s.keep, s.waits, rand.New(s.source()), nil)
	s.nudge(0)
}

func (s *Sim) newService() *prescribing.Service {
	var made prescribing.Composer = composer{}
	if s.wire != nil {
		made = written
	}
	return &prescribing.Service{Store: s.keep, Medicines: drugs{}, Composer: made, Press: press{s}, Waits: s.waits,
		Now: s.now, Rand: reader{s.source()}, Changed: func() { s.nudge(0) }}
}

// failsafe accepts what the store may answer when the disk refuses.
func (s *Sim) failsafe(err error) {
	if err != nil {
		s.note("store refused: %s", rx.CodeOf(err))
		switch rx.CodeOf(err) {
		case codeDisk, rx.CodeIO, rx.CodeDiskFull, rx.CodeKeyUsed:
		default:
			panic(violation{"the engine met a fault of the program: " + err.Error()})
		}
	}
}

const codeDisk rx.Code = "disk"

// durable is called around each durable step: the disk may refuse it, another
// process may come between, the program may be cut before or after it.
func (s *Sim) durable(op string, after bool) error {
	if s.healed || s.down {
		return nil
	}
	if s.script != nil {
		return s.script(op, after)
	}
	if s.rng.Float64() < 0.002*s.hostile && s.happens() {
		s.count("crash")
		s.note("crash at %s, after %t", op, after)
		panic(crashed{})
	}
	if after {
		return nil
	}
	if s.rng.Float64() < 0.004*s.hostile && s.happens() {
		s.count("disk refuses")
		return rx.Fault(codeDisk)
	}
	if s.nested == 0 && s.rng.Float64() < 0.03 && s.happens() {
		s.count("second process between")
		s.nested++
		s.keep.as(1)
		s.anyAct()
		s.keep.as(0)
		if s.down { // the machine went off: nobody goes on
			panic(crashed{})
		}
		s.nested--
	}
	return nil
}

// program runs a piece of the program; a crash in it ends the program.
func (s *Sim) program(f func()) {
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(crashed); !ok {
				panic(v)
			}
			s.nested = 0
			s.crash()
		}
	}()
	f()
}

// crash ends the program; it is started again after a while.
func (s *Sim) crash() {
	s.epoch++
	s.down = true
	s.keep.end()
	if s.wire != nil {
		s.wire.end()
	}
	s.after(s.upTo(30*time.Minute), func() {
		if s.down {
			s.boot()
		}
	})
}

// nudge plans a step of the engine.
func (s *Sim) nudge(wait time.Duration) {
	s.wake++
	wake, epoch := s.wake, s.epoch
	s.after(wait, func() {
		if wake == s.wake && epoch == s.epoch {
			s.program(s.tick)
		}
	})
}

func (s *Sim) tick() {
	acts, wait, err := s.engine.Next(ctx, s.moment())
	for _, act := range acts {
		s.perform(act)
	}
	s.failsafe(err)
	s.nudge(wait)
}

// perform lets a call take its way through the world.
func (s *Sim) perform(act outbox.Act) {
	s.judgeAct(act)
	call, epoch := act.Call, s.epoch
	s.note("act %d %s", act.ID, call.Op)
	done := false
	finish := func(r rx.Reply) {
		if done || epoch != s.epoch {
			return
		}
		done = true
		if s.Hear != nil {
			s.Hear(call, &r)
		}
		if hear := s.mistake().hear; hear != nil {
			hear(s, call, &r)
		}
		s.note("reply %d %s %s %s", act.ID, call.Op, r.Result, r.Why)
		s.program(func() {
			s.failsafe(s.engine.Done(ctx, s.moment(), act.ID, r))
			s.nudge(0)
		})
	}
	if mute := s.mistake().mute; mute != nil && mute(call) {
		s.after(0, func() { finish(rx.Reply{Result: rx.ResultNotSent, Why: "refused-connection"}) })
		return
	}
	if s.wire != nil {
		s.wire.perform(act, finish)
	} else {
		s.travel(act, finish)
	}
	if call.Op == rx.OpCreate {
		s.after(s.waits.Answer+time.Millisecond, func() { s.judgePromise(epoch, call) })
	}
}

// travel lets a call take the way that its fate lays out.
func (s *Sim) travel(act outbox.Act, finish func(rx.Reply)) {
	call, begun := act.Call, s.at()
	fate := s.world.Fate(call, begun)
	var heard rx.Reply
	for i, pass := range fate.Passes {
		s.after(pass.Process, func() {
			reply := s.world.Pass(call, fate, i, begun)
			s.moved = true
			if i == fate.Heard {
				heard = reply
			}
			s.note("world %s %s", call.Op, reply.Result)
		})
	}
	switch fate.Ends {
	case world.Answers:
		s.after(fate.End, func() { finish(heard) })
	case world.Drops, world.Refuses:
		s.after(fate.End, func() { finish(fate.Reply()) })
	}
	s.after(act.Limit, func() { finish(rx.Reply{Result: rx.Unanswered, Why: "timeout"}) })
}

// after plans f at a later moment of true time.
func (s *Sim) after(d time.Duration, f func()) {
	s.seq++
	heap.Push(&s.queue, &happening{s.mono + max(d, 0), s.seq, f})
}

// until plays everything up to the moment end.
func (s *Sim) until(end time.Duration) {
	if s.wire != nil {
		s.wire.until(end)
		return
	}
	for len(s.queue) > 0 && s.queue[0].at <= end {
		s.mono = s.queue[0].at
		s.next()
	}
	s.mono = end
}

// next plays the earliest of what is planned.
func (s *Sim) next() {
	h := heap.Pop(&s.queue).(*happening)
	h.do()
	s.judge()
}

type happening struct {
	at  time.Duration
	seq int
	do  func()
}

type queue []*happening

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*happening)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// note adds to the trace: what was decided, when, by whom; ids of the run stand in it.
func (s *Sim) note(format string, args ...any) {
	s.line = fmt.Appendf(s.line[:0], format, args...)
	s.trace = mixed(s.trace, uint64(s.mono))
	for _, b := range s.line {
		s.trace = mixed(s.trace, uint64(b))
	}
	if s.Verbose {
		s.Lines = append(s.Lines, fmt.Sprintf("%14s %s", s.mono, s.line))
	}
}

// mixed is FNV-1a over words.
func mixed(hash, word uint64) uint64 { return (hash ^ word) * 1099511628211 }

// Trace is the hash of all that was noted.
func (s *Sim) Trace() uint64 { return s.trace }

func (s *Sim) count(what string) { s.Counts[what]++ }

func (s *Sim) upTo(d time.Duration) time.Duration { return time.Duration(s.rng.Int64N(int64(d) + 1)) }
func (s *Sim) one(n int) bool                     { return s.rng.IntN(n) == 0 }

func pick[T any](s *Sim, list []T) T { return list[s.rng.IntN(len(list))] }

// rows of the model in a fixed order.
func (s *Sim) rows() []*row {
	held := s.keep.held()
	rows := make([]*row, 0, len(held.order))
	for _, id := range held.order {
		rows = append(rows, held.rows[id])
	}
	return rows
}

// live plays the days with faults, quiet heals the world and lets everything end.
func (s *Sim) live() {
	s.hostile = []float64{0, 0.3, 1, 3}[s.rng.IntN(4)]
	s.weather()
	if s.Failing {
		s.suffer(s.fate())
	}
	days := pick(s, []int{1, 1, 1, 2, 3})
	for range 4 + s.rng.IntN(8) {
		s.perhaps(s.upTo(time.Duration(days)*24*time.Hour-20*time.Hour+s.upTo(10*time.Hour)), s.patient)
	}
	for at := s.upTo(2 * time.Hour); at < time.Duration(days)*24*time.Hour; at += s.upTo(5*time.Hour) + time.Minute {
		s.perhaps(at, s.review)
	}
	for range s.rng.IntN(12) {
		s.perhaps(s.upTo(time.Duration(days)*24*time.Hour), s.outside)
	}
	if s.one(5) && s.happens() {
		s.putBack(time.Duration(days) * 24 * time.Hour)
	}
	if s.one(3) {
		s.perhaps(s.upTo(time.Duration(days)*24*time.Hour), func() {
			s.count("clock jumps")
			s.skew += time.Duration(pick(s, []int{-48, -5, -1, 1, 3, 30})) * time.Hour / time.Duration(pick(s, []int{1, 10, 3600}))
			if s.wire != nil {
				s.wire.ahead.Store(int64(s.skew))
			}
			s.note("clock %s", s.skew)
		})
	}
	s.until(time.Duration(days) * 24 * time.Hour)
}

func (s *Sim) quiet() {
	s.healed = true
	s.suffer(nil)
	s.world.Random(world.Profile{}, s.source())
	if s.wire != nil {
		s.wire.mend()
	}
	if s.down {
		s.boot()
	}
	s.nudge(0)
	for range 24 {
		s.until(s.mono + 20*time.Minute)
		s.review()
	}
	s.until(s.mono + 8*time.Hour)
	s.judgeEnd()
	if s.wire != nil {
		s.wire.judgeContents()
	}
}

// weather changes how hostile the services are.
func (s *Sim) weather() {
	if s.healed {
		return
	}
	p := world.Hostile
	switch s.rng.IntN(5) {
	case 0:
		p = world.Profile{Latency: time.Second}
	case 1:
		p = world.Profile{RefuseConnect: 1}
	case 2:
		p = world.Profile{Hang: 0.7, Drop: 0.3, Latency: time.Second}
	case 3:
		p.Never = 0.02
	}
	if s.happens() {
		s.note("weather %v", p)
		s.world.Random(p, s.source())
		if s.wire != nil {
			s.wire.plan()
		}
	}
	spans := []time.Duration{2 * time.Minute, time.Hour, 9 * time.Hour}
	if s.wire != nil {
		spans = spans[:2] // there is more to meet
	}
	s.after(s.upTo(pick(s, spans)), s.weather)
}

// putBack keeps a copy of the directory and puts it back later, or opens it beside.
func (s *Sim) putBack(span time.Duration) {
	copied := s.upTo(span)
	s.after(copied, func() {
		putBack := s.keep.copy()
		s.after(s.upTo(span-copied), func() {
			if s.healed {
				return
			}
			s.count("older copy put back")
			s.note("put back")
			s.epoch++
			s.keep.end()
			putBack(s.one(2))
			clear(s.judged)
			s.older = true
			s.putBacks, s.skewThen = s.putBacks+1, s.skew
			s.boot()
		})
	})
}

// suffer lets the disk of tier B fail as f decides.
func (s *Sim) suffer(f func(op disk.Op, file string) disk.Fault) {
	if r, ok := s.keep.(*real); ok {
		r.suffer(f)
	}
}

// fate draws what each operation on the disk meets, from a source of its own.
func (s *Sim) fate() func(op disk.Op, file string) disk.Fault {
	rng := rand.New(rand.NewPCG(s.seed, 0x66617465))
	return func(op disk.Op, file string) disk.Fault {
		if s.Planted == "lying-disk" && op == disk.Sync {
			return disk.Lie
		}
		if rng.Float64() >= 0.0005*s.hostile || !s.happens() {
			return disk.None
		}
		kinds := []disk.Fault{disk.Error, disk.Kill, disk.Cut}
		if op == disk.Write {
			kinds = append(kinds, disk.Full, disk.Short)
		}
		kind := kinds[rng.IntN(len(kinds))]
		s.count("disk: " + kind.String())
		s.note("disk: %s at %s of %s", kind, op, file)
		return kind
	}
}
