package wiring

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"relais/app/crash"
	"relais/app/rx"
	"relais/sync/outbox"
)

// poll is how often changes by other processes are looked for.
const poll = 250 * time.Millisecond

// Ended says how a time of sending ended.
type Ended struct {
	Elsewhere bool      // another process has the sending lock: it does the work
	Next      time.Time // when something will be tried next, if somebody sends then; zero: unknown
	Fault     error     // the last error of the engine: the store, or a refused event; nil when there was none
}

// Send lets the engine of this process work until ctx ends. CodeEngineBusy when another
// one has the sending lock. met is told after each step what the store refused in it, nil
// when nothing.
func (s *Session) Send(ctx context.Context, met func(error)) error {
	_, err := s.work(ctx, nil, met)
	return err
}

// Drive lets the queue move until done says so, wait is over, or nothing more would be
// tried before that. The engine of this process works when the sending lock is free; else
// another process's does, and this one watches, ready to take over.
//
// What is on the wire when the wait is over is heard for the time that is promised to a
// screen; only then it is given up, and looked for later.
func (s *Session) Drive(ctx context.Context, wait time.Duration, done func(context.Context) (bool, error)) (Ended, error) {
	deadline := time.Now().Add(wait)
	for {
		ended, err := s.work(ctx, &patience{deadline: deadline, grace: s.Profile.Waits.Answer, done: done}, func(error) {})
		if rx.CodeOf(err) != rx.CodeEngineBusy {
			return ended, err
		}
		if over, err := done(ctx); over || err != nil || !time.Now().Before(deadline) {
			return Ended{Elsewhere: true}, err
		}
		select {
		case <-ctx.Done():
			return Ended{Elsewhere: true}, nil
		case <-time.After(poll):
		}
	}
}

// patience is for how long a command lets the engine work.
type patience struct {
	deadline time.Time
	grace    time.Duration
	done     func(context.Context) (bool, error)
	since    time.Time // done for as long as that; zero: not done
}

// over tells, after a step of the engine, that the command need not wait any more: it is
// done, its time is over, or nothing would be tried before that. What others have on the
// wire is not cut off before it had the time that is promised for an answer; what is only
// read, and can be read again, has a second. wake makes the engine step after a while.
func (p *patience) over(ctx context.Context, idle outbox.Idle, wake func(time.Duration)) (bool, error) {
	done, err := p.done(ctx)
	if err != nil {
		return false, err
	}
	switch left := time.Until(p.deadline); {
	case idle.Busy == 0:
		return done || left <= 0 || idle.Wait > left, nil
	case !done:
		p.since = time.Time{}
		return left+p.grace <= 0, nil
	}
	grace := p.grace
	if idle.Writing == 0 {
		grace = min(grace, time.Second)
	}
	if p.since.IsZero() {
		p.since = time.Now()
		wake(min(p.grace, time.Second))
		wake(p.grace)
	}
	return time.Since(p.since) >= grace, nil
}

// work takes the sending lock and runs the engine; p may be nil.
func (s *Session) work(ctx context.Context, p *patience, met func(error)) (ended Ended, err error) {
	release, err := s.db.TryEngine()
	if err != nil {
		return ended, err
	}
	defer func() { err = errors.Join(err, release()) }()
	runner, err := s.runner(ctx, p != nil, func(fault error) { ended.Fault = fault })
	if err != nil {
		return ended, err
	}
	s.sending(runner)
	defer s.sending(nil)

	feed, stop := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() {
		defer crash.Guard()
		begun := false // what was issued before changes are watched may have come after the engine's first look
		watched <- s.Watch(feed, poll, func(ids []rx.ID) {
			if len(ids) > 0 || !begun {
				runner.Nudge()
			}
			if s.follow(feed) { // what waited for a keystore need not wait for its pause
				runner.Retry()
			}
			begun = true
		})
	}()
	defer func() {
		stop()
		err = errors.Join(err, <-watched)
	}()
	tended := make(chan struct{}) // what calls need is asked for while the engine begins: a create is signed before its session is opened
	go func() {
		defer crash.Guard()
		defer close(tended)
		s.tend(feed)
	}()
	defer func() {
		stop()
		<-tended
	}()
	if p == nil { // not beside a command, which ends with its own work
		src, err := s.dir.source()
		if err != nil {
			return ended, err
		}
		listened := make(chan struct{})
		go func() {
			defer crash.Guard()
			defer close(listened)
			s.listen(feed, rand.New(src))
		}()
		defer func() {
			stop()
			<-listened
		}()
	}
	wake := func(after time.Duration) { time.AfterFunc(after, runner.Nudge) } // a nudge that comes too late does nothing
	if p != nil {
		wake(time.Until(p.deadline))
		wake(time.Until(p.deadline) + p.grace)
	}
	var asked error
	err = runner.Run(ctx, func(idle outbox.Idle) bool {
		fault := errors.Join(idle.Err, s.services.saveTurn(ctx))
		if fault != nil {
			ended.Fault = fault
		}
		met(fault)
		ended.Next = s.dir.Now().Add(idle.Wait)
		s.plan(ended.Next)
		if p == nil {
			return true
		}
		var over bool
		over, asked = p.over(ctx, idle, wake)
		return !over && asked == nil
	})
	return ended, errors.Join(err, asked, s.services.save(context.WithoutCancel(ctx)))
}

// runner makes an engine, after the check of the database that comes before the first
// create of a session. A brief one is a command's, beside which nobody writes.
func (s *Session) runner(ctx context.Context, brief bool, failed func(error)) (*outbox.Runner, error) {
	if !s.verified.Load() {
		if err := s.db.IntegrityCheck(ctx); err != nil {
			return nil, err
		}
		s.verified.Store(true)
	}
	remote, err := s.Remote(ctx)
	if err != nil {
		return nil, err
	}
	src, err := s.dir.source()
	if err != nil {
		return nil, err
	}
	var keep outbox.Store = s.dir.stepsOf(s.db)
	if brief {
		keep = undrafted{keep}
	}
	engine := outbox.New(keep, s.Profile.Waits, rand.New(src), s.services.observe)
	return outbox.NewRunner(engine, s.dir.stepsAt(remote), s.dir.Now, failed), nil
}

// undrafted is a store whose drafts nobody writes on.
type undrafted struct{ outbox.Store }

func (undrafted) Writing(context.Context, time.Time) ([]rx.Writing, error) { return nil, nil }

// sender is an engine that works.
type sender interface {
	Nudge() // something changed in the store
	Retry() // try at once what waits for a service that did not answer
}

// sending keeps the engine that runs here; nil: none does any more.
func (s *Session) sending(engine sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine, s.next = engine, time.Time{}
}

// plan keeps when the engine that runs here tries something again at the latest.
func (s *Session) plan(next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = next
}

// tell tells the engine that runs here something, if one does.
func (s *Session) tell(what func(sender)) {
	s.mu.Lock()
	engine := s.engine
	s.mu.Unlock()
	if engine != nil {
		what(engine)
	}
}

// changed wakes the engine after a change of our own.
func (s *Session) changed() { s.tell(sender.Nudge) }

// clock is the real one, for the simulated services.
type clock struct{ now func() time.Time }

func (c clock) Now() time.Time { return c.now() }

func (c clock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
