package outbox

import (
	"context"
	"errors"
	"time"

	"relais/app/crash"
)

// Runner performs the engine's acts in real time: each in a goroutine of its own,
// with its limit. It holds no rule; replacing it changes when, never whether.
type Runner struct {
	Engine *Engine
	Remote Remote
	Now    func() time.Time // with a monotonic reading, in the practice's zone
	Failed func(error)      // errors of the store and refused events: codes, no patient data; may be nil

	nudge chan struct{}
	retry chan struct{}
	began time.Time
}

// NewRunner makes a runner.
func NewRunner(e *Engine, r Remote, now func() time.Time, failed func(error)) *Runner {
	if failed == nil {
		failed = func(error) {}
	}
	return &Runner{Engine: e, Remote: r, Now: now, Failed: failed, nudge: make(chan struct{}, 1), retry: make(chan struct{}, 1), began: now()}
}

// Nudge tells that something changed in the store. It never blocks.
func (r *Runner) Nudge() { ring(r.nudge) }

// Retry is a person's wish to try at once what waits for a service that did not answer,
// see Engine.Retry. It never blocks. One that comes too early is granted in its time, and
// several as one.
func (r *Runner) Retry() { ring(r.retry) }

func ring(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// Idle is what Run tells after each step: no call is in flight, and nothing will
// be tried before Wait has passed.
type Idle struct {
	Busy    int
	Writing int // of the calls in flight, those that change something there
	Wait    time.Duration
	Err     error
}

// Run works until ctx ends, then gives up the calls in flight and
// settles what they answered. idle is called after each step and may be nil; when
// it returns false, Run ends.
func (r *Runner) Run(ctx context.Context, idle func(Idle) bool) error {
	keep := context.WithoutCancel(ctx) // the store is written to the end
	calls, giveUp := context.WithCancel(keep)
	defer giveUp()
	replies := make(chan func() error)
	settle := func(done func() error) {
		if err := done(); err != nil {
			r.Failed(err)
		}
	}
	broken := true // until it ends by itself: a panic ends the program, and does not wait for what is on the wire
	defer func() {
		giveUp()
		for !broken && r.Engine.Busy() > 0 {
			settle(<-replies)
		}
	}()
	var early <-chan time.Time // when a wish that came too early is granted
	retry := func() {
		wait, err := r.Engine.Retry(keep, r.moment())
		if err != nil {
			r.Failed(err)
		}
		if wait > 0 {
			early = time.After(wait)
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil { // nothing is begun that would be given up at once
		acts, wait, err := r.Engine.Next(keep, r.moment())
		if err != nil {
			r.Failed(err)
		}
		for _, act := range acts {
			go func() {
				defer crash.Guard()
				limited, cancel := context.WithTimeout(calls, act.Limit)
				defer cancel()
				reply := r.Remote.Do(limited, act.Call)
				take := r.Engine.Done
				if calls.Err() != nil {
					take = r.Engine.Cut
				}
				replies <- func() error { return take(keep, r.moment(), act.ID, reply) }
			}()
		}
		if idle != nil && !idle(Idle{Busy: r.Engine.Busy(), Writing: r.Engine.Writing(), Wait: wait, Err: err}) {
			broken = false
			return nil
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case done := <-replies:
			settle(done)
		case <-r.nudge:
		case <-r.retry:
			retry()
		case <-early:
			retry()
		case <-timer.C:
		}
	}
	broken = false
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return nil
}

// moment keeps the two clocks apart: a time with a monotonic reading would hide from
// the engine that they disagree.
func (r *Runner) moment() Moment {
	now := r.Now()
	return Moment{Wall: now.Round(0), Mono: now.Sub(r.began)}
}
