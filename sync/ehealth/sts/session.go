package sts

import (
	"context"
	"sync"
	"time"
)

// Reason says why a session was opened with the certificate of the keystore alone, without an identity card: the platform
// allows it as the way out when the card does not serve, and it has to be recorded.
type Reason string

const (
	NoReader   Reason = "no-card-reader"    // this computer or this program reads no cards
	CardFailed Reason = "card-failed"       // the card or its code did not serve
	CardOutage Reason = "card-service-down" // what checks cards is out of order
)

var reasons = map[Reason]bool{NoReader: true, CardFailed: true, CardOutage: true}

// Opening is what is recorded of a session.
type Opening struct {
	At, Until time.Time
	Assertion string // its id
	Reason    Reason
}

// Session holds the token of one doctor. Its exported fields are set before the first call; calls may run at the same time.
// It starts nothing by itself: who runs it calls Renew at State.RenewAt.
type Session struct {
	// STS issues tokens.
	STS interface {
		Issue(context.Context) (*Token, error)
	}
	Reason Reason
	// Record is told of each token before it is used. When it fails the token is not used.
	Record func(context.Context, Opening) error
	Clock  func() time.Time
	// Pause between a renewal that was tried and the next, five minutes when zero.
	Pause time.Duration

	mu     sync.Mutex
	token  *Token
	flight *flight   // the request that is under way
	asked  time.Time // when the last one ended
	failed error     // why it did, nil when it gave a token
}

// flight is one request for all who wait for it.
type flight struct {
	done  chan struct{}
	token *Token
	err   error
	ended bool // by the context of the caller who made it: the others were not refused
}

// State is what is known of a session.
type State struct {
	Until   time.Time // of the token that is held, zero without one; it may lie in the past
	RenewAt time.Time // when Renew asks next; zero: at once
	Failure error     // of the last request, nil when it succeeded or none was made
}

// margin is how long a token must still be valid to be given out: a request needs the time to be made and to arrive.
const margin = time.Minute

// Token gives the token that is held as long as it is valid: at once, whatever the STS does. Without one it asks the STS.
func (s *Session) Token(ctx context.Context) (*Token, error) {
	return s.ask(ctx, s.valid)
}

// Renew asks the STS when the token that is held is past its half life, or when there is none; otherwise it does nothing. When
// it fails, the token that is held stays, and the STS is not asked again before Pause has passed.
func (s *Session) Renew(ctx context.Context) error {
	_, err := s.ask(ctx, func() bool { return s.Clock().Before(s.renewAt()) })
	return err
}

// Replace gives another token than one that a service refused as not authenticated. It asks the STS unless that happened
// already. When it fails, the token that is held stays: it may serve elsewhere.
func (s *Session) Replace(ctx context.Context, refused *Token) (*Token, error) {
	return s.ask(ctx, func() bool { return s.valid() && s.token.id != refused.id })
}

// Restore takes a token that was kept (Client.Open), unless one is held that lasts longer.
func (s *Session) Restore(t *Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil || s.token.until.Before(t.until) {
		s.token = t
	}
}

// State tells how the session stands.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := State{RenewAt: s.renewAt(), Failure: s.failed}
	if s.token != nil {
		state.Until = s.token.until
	}
	return state
}

// valid and renewAt are for whoever holds the lock.
func (s *Session) valid() bool {
	return s.token != nil && s.Clock().Add(margin).Before(s.token.until)
}

func (s *Session) renewAt() time.Time {
	var at time.Time
	if s.token != nil {
		at = s.token.HalfLife()
	}
	pause := s.Pause
	if pause == 0 {
		pause = 5 * time.Minute
	}
	if next := s.asked.Add(pause); !s.asked.IsZero() && next.After(at) {
		at = next
	}
	return at
}

// ask gives the token that is held when it is enough, else that of the request that is under way, else it makes one.
func (s *Session) ask(ctx context.Context, enough func() bool) (*Token, error) {
	for {
		s.mu.Lock()
		if enough() {
			defer s.mu.Unlock()
			return s.token, nil
		}
		f := s.flight
		if f == nil {
			f = &flight{done: make(chan struct{})}
			s.flight = f
			s.mu.Unlock()
			s.fly(ctx, f)
			return f.token, f.err
		}
		s.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, &Error{Kind: GivenUp, cause: ctx.Err()}
		}
		if !f.ended {
			return f.token, f.err
		}
	}
}

// fly makes a request and lets everybody have what comes of it.
func (s *Session) fly(ctx context.Context, f *flight) {
	f.err = &Error{Kind: Unprepared} // should Issue panic
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flight = nil
		if f.ended = f.err != nil && ctx.Err() != nil; !f.ended {
			s.asked, s.failed = s.Clock(), f.err
		}
		if f.err == nil {
			s.token = f.token
		}
		close(f.done)
	}()
	if !reasons[s.Reason] {
		f.err = &Error{Kind: Unprepared, reason: "why there is no identity card must be said"}
		return
	}
	f.token, f.err = s.STS.Issue(ctx)
	if f.err != nil || s.Record == nil {
		return
	}
	opening := Opening{At: s.Clock(), Until: f.token.until, Assertion: f.token.id, Reason: s.Reason}
	if err := s.Record(ctx, opening); err != nil {
		f.token, f.err = nil, &Error{Kind: NotRecorded, cause: err}
	}
}
