package outbox_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"relais/app/rx"
	"relais/sync/outbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// office is a shelf, a Recip-e and a runner in real time. Its lock is of the shelf and
// the Recip-e, which the test's goroutine looks at as well.
type office struct {
	*testing.T
	sync.Mutex
	*practice
	recipe *recipe
	runner *outbox.Runner

	do    func(context.Context, rx.Call) rx.Reply // in place of the Recip-e
	hung  chan rx.Op                              // calls that began to hang
	ended chan error
	stop  context.CancelFunc
	away  []outbox.Observation // of services that did not answer
}

// open starts the runner; the engine waits as the practice does, but gives calls up
// after limit.
func open(t *testing.T, limit time.Duration) *office {
	t.Helper()
	o := &office{T: t, practice: &practice{tester: t, waits: rx.DefaultWaits}, hung: make(chan rx.Op, 10), ended: make(chan error, 1)}
	o.shelf = newShelf(time.Now)
	o.waits.Call = limit
	o.recipe = newRecipe(o.practice)
	o.do = o.process
	engine := outbox.New(locked{o}, o.waits, rand.New(rand.NewPCG(1, 1)), func(seen outbox.Observation) {
		if !seen.Reached {
			o.away = append(o.away, seen)
		}
	})
	o.runner = outbox.NewRunner(engine, remote{o}, time.Now, nil)
	return o
}

func (o *office) run(idle func(outbox.Idle) bool) {
	ctx, stop := context.WithCancel(context.Background())
	o.stop = stop
	o.Cleanup(stop)
	go func() { o.ended <- o.runner.Run(ctx, idle) }()
}

// process answers as the Recip-e does, at once.
func (o *office) process(_ context.Context, c rx.Call) rx.Reply {
	o.Lock()
	defer o.Unlock()
	r := o.recipe.process(c)
	r.ServerAt = time.Now()
	return r
}

// hang gives no answer until the caller gives up.
func (o *office) hang(ctx context.Context, c rx.Call) rx.Reply {
	o.hung <- c.Op
	<-ctx.Done()
	return silence
}

// order issues one and tells the runner.
func (o *office) order(patient rx.ID) rx.ID {
	o.Lock()
	defer o.Unlock()
	id := o.issue(patient)
	p := o.rows[id]
	p.Issued = time.Now()
	p.Begin, p.Expires = rx.DateOf(p.Issued), rx.DateOf(p.Issued).AddDays(90)
	o.rows[id] = p
	o.runner.Nudge()
	return id
}

// wait waits until the prescription is in the state, for at most 5 seconds.
func (o *office) wait(id rx.ID, want rx.State) {
	o.T.Helper()
	for range 5000 {
		o.Lock()
		got := o.rows[id].State
		o.Unlock()
		if got == want {
			return
		}
		time.Sleep(time.Millisecond)
	}
	o.T.Fatalf("never %s", want)
}

func (o *office) ends(within time.Duration) error {
	o.T.Helper()
	select {
	case err := <-o.ended:
		return err
	case <-time.After(within):
		o.T.Fatalf("it runs on after %s", within)
		return nil
	}
}

type remote struct{ o *office }

func (r remote) Do(ctx context.Context, c rx.Call) rx.Reply { return r.o.do(ctx, c) }

// locked is the shelf under the office's lock.
type locked struct{ o *office }

func (l locked) Work(ctx context.Context) ([]rx.Task, error) {
	l.o.Lock()
	defer l.o.Unlock()
	return l.o.Work(ctx)
}
func (l locked) Apply(ctx context.Context, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	l.o.Lock()
	defer l.o.Unlock()
	return l.o.Apply(ctx, id, version, e)
}
func (l locked) Mark(ctx context.Context, id rx.ID, version int64, at, signed, until time.Time) (rx.Parcel, rx.Prescription, error) {
	l.o.Lock()
	defer l.o.Unlock()
	return l.o.Mark(ctx, id, version, at, signed, until)
}
func (l locked) AddKey(ctx context.Context, patient rx.ID, asked rx.SSIN, key rx.Key) error {
	l.o.Lock()
	defer l.o.Unlock()
	return l.o.AddKey(ctx, patient, asked, key)
}
func (l locked) Writing(ctx context.Context, since time.Time) ([]rx.Writing, error) {
	l.o.Lock()
	defer l.o.Unlock()
	return l.o.Writing(ctx, since)
}
func (l locked) DropKeys(ctx context.Context, before time.Time) error {
	l.o.Lock()
	defer l.o.Unlock()
	return l.o.DropKeys(ctx, before)
}
func (l locked) Outside(ctx context.Context) error {
	l.o.Lock()
	defer l.o.Unlock()
	return l.o.Outside(ctx)
}
func (l locked) Unowned(ctx context.Context, rids []rx.RID) ([]rx.RID, error) {
	l.o.Lock()
	defer l.o.Unlock()
	return l.o.Unowned(ctx, rids)
}

// What is issued while the runner idles leaves when it is nudged; it ends without an
// error when it is told to.
func TestRunnerSendsWhenNudged(t *testing.T) {
	o := open(t, time.Minute)
	idle := make(chan outbox.Idle, 100)
	o.run(func(i outbox.Idle) bool { idle <- i; return true })
	if i := <-idle; i.Busy != 0 || i.Err != nil || i.Wait < time.Second {
		t.Errorf("%+v", i)
	}
	for range 5 {
		o.wait(o.order(marie), rx.StateConfirmed)
	}
	o.stop()
	if err := o.ends(2 * time.Second); err != nil {
		t.Error(err)
	}
}

// A call is given up at its limit, and what it was for is unknown.
func TestRunnerGivesUpAtTheLimit(t *testing.T) {
	o := open(t, 50*time.Millisecond)
	o.do = func(ctx context.Context, c rx.Call) rx.Reply {
		if c.Op == rx.OpCreate {
			return o.hang(ctx, c)
		}
		return o.process(ctx, c)
	}
	o.run(nil)
	o.wait(o.order(marie), rx.StateUnknown)
	o.stop()
	if err := o.ends(2 * time.Second); err != nil || len(o.away) == 0 {
		t.Errorf("%v, told: %v", err, o.away)
	}
}

// Told to end while calls hang, it ends soon and settles all of them.
func TestRunnerEndsWhileCallsHang(t *testing.T) {
	o := open(t, time.Hour)
	o.run(nil)
	o.wait(o.order(luc), rx.StateConfirmed)
	o.Lock()
	o.stock()
	o.Unlock()
	o.stop()
	if err := o.ends(2 * time.Second); err != nil {
		t.Fatal(err)
	}
	o.do = o.hang
	ids := []rx.ID{o.order(marie), o.order(jan), o.order(luc)}
	o.run(nil)
	for range ids {
		if op := <-o.hung; op != rx.OpCreate {
			t.Errorf("%s hangs", op)
		}
	}
	o.stop()
	if err := o.ends(2 * time.Second); err != nil {
		t.Error(err)
	}
	for _, id := range ids {
		if got := o.rows[id].State; got != rx.StateUnknown {
			t.Errorf("left as %s", got)
		}
	}
	if len(o.away) > 0 {
		t.Errorf("calls that were cut from here are told as failures: %v", o.away)
	}
}

// A deadline is told; after it, and after an end, nothing is begun.
func TestRunnerBeginsNothingAfterItsEnd(t *testing.T) {
	o := open(t, time.Minute)
	o.order(marie)
	over, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	if err := o.runner.Run(over, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := o.runner.Run(ended, nil); err != nil {
		t.Errorf("%v", err)
	}
	if o.works > 0 {
		t.Error("it has looked for work")
	}
}

// It ends when idle says so, and settles the calls that had begun.
func TestRunnerEndsWhenIdleSaysSo(t *testing.T) {
	o := open(t, time.Minute)
	id := o.order(marie)
	o.run(func(outbox.Idle) bool { return false })
	if err := o.ends(2 * time.Second); err != nil {
		t.Error(err)
	}
	if len(o.keys[marie]) != 1 || o.rows[id].State != rx.StateReady {
		t.Errorf("%d keys, %s", len(o.keys[marie]), o.rows[id].State)
	}
}

// The errors of the store are handed on, of steps and of replies.
func TestRunnerTellsErrors(t *testing.T) {
	o := open(t, time.Minute)
	told := make(chan error, 100)
	o.runner.Failed = func(err error) { told <- err }
	o.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "key" })
	o.order(marie)
	o.run(nil)
	if err := <-told; rx.CodeOf(err) != rx.CodeIO {
		t.Errorf("of a reply: %v", err)
	}
	o.Lock()
	o.refuse(errDisk, func(op string, _ rx.ID) bool { return op == "work" })
	o.Unlock()
	o.runner.Nudge()
	if err := <-told; rx.CodeOf(err) != rx.CodeIO {
		t.Errorf("of a step: %v", err)
	}
}

// The wall clock reaches the engine without a monotonic reading, which would hide that
// the machine slept.
func TestRunnerKeepsTheClocksApart(t *testing.T) {
	o := open(t, time.Minute)
	o.run(nil)
	id := o.order(marie)
	o.wait(id, rx.StateConfirmed)
	o.stop()
	if err := o.ends(2 * time.Second); err != nil {
		t.Fatal(err)
	}
	if at := o.rows[id].Attempts[0].Marked; at != at.Round(0) {
		t.Errorf("%v", at)
	}
}
