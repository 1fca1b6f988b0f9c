package sts_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/beevik/etree"
	"pgregory.net/rapid"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
)

// issuer stands for an STS. Tokens are real ones: each is read from an assertion that is signed for its period.
type issuer struct {
	t       testing.TB
	w       *world
	clock   func() time.Time
	latency time.Duration
	down    atomic.Bool
	asked   atomic.Int32
	under   atomic.Int32 // way at this time
	most    atomic.Int32
}

func newIssuer(t *testing.T) *issuer {
	w := newWorldWithoutServer(t)
	return &issuer{t: t, w: w, clock: time.Now, latency: time.Second}
}

var errDown = errors.New("down")

func (i *issuer) Issue(ctx context.Context) (*sts.Token, error) {
	n := i.asked.Add(1)
	if now := i.under.Add(1); now > i.most.Load() {
		i.most.Store(now)
	}
	defer i.under.Add(-1)
	select {
	case <-time.After(i.latency):
	case <-ctx.Done():
		return nil, &sts.Error{Kind: sts.GivenUp}
	}
	if i.down.Load() {
		return nil, errDown
	}
	return i.token(int(n)), nil
}

// token for a day from now.
func (i *issuer) token(n int) *sts.Token {
	i.w.rest()
	i.w.now = i.clock()
	a := i.w.assertion()
	a.id = "_token" + string(rune('a'+n%26))
	token, err := i.w.client("").Open([]byte(a.sign(i.t)))
	if err != nil {
		i.t.Error(err)
	}
	return token
}

func (i *issuer) session() *sts.Session {
	return &sts.Session{STS: i, Reason: sts.NoReader, Clock: i.clock}
}

// RSA keys are made before the bubble of synctest: theirs are shared by the process.
func inBubble(t *testing.T, f func(t *testing.T, i *issuer)) {
	i := newIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		i.t = t
		time.Sleep(time.Until(i.w.now)) // to where the certificates are valid
		f(t, i)
	})
}

func TestSessionKeepsItsToken(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer) {
		s := i.session()
		if state := s.State(); !state.Until.IsZero() || !state.RenewAt.IsZero() {
			t.Errorf("%+v", state)
		}
		first, err := s.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Hour)
		again, err := s.Token(t.Context())
		if err != nil || again != first || i.asked.Load() != 1 {
			t.Errorf("%v, asked %d times", err, i.asked.Load())
		}
		if err := s.Renew(t.Context()); err != nil || i.asked.Load() != 1 {
			t.Errorf("renewed before half life: %v, asked %d times", err, i.asked.Load())
		}
	})
}

func TestSessionRenewsAtHalfLife(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer) {
		s := i.session()
		first, err := s.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at := s.State().RenewAt
		if half := first.HalfLife(); !at.Equal(half) {
			t.Errorf("renewed at %v, half life %v", at, half)
		}
		time.Sleep(time.Until(at))
		if err := s.Renew(t.Context()); err != nil || i.asked.Load() != 2 {
			t.Fatalf("%v, asked %d times", err, i.asked.Load())
		}
		if second, err := s.Token(t.Context()); err != nil || second.ID() == first.ID() || !second.Until().After(first.Until()) {
			t.Errorf("%v", err)
		}
	})
}

// An outage of the STS is felt when the token ends, and not before; then it is an error, and over when the STS is back.
func TestSessionOutlivesAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer) {
		s := i.session()
		first, err := s.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i.down.Store(true)
		time.Sleep(time.Until(first.HalfLife()))
		asked := 0
		for ; time.Until(first.Until()) > 2*time.Minute; time.Sleep(30 * time.Second) {
			before := i.asked.Load()
			if err := s.Renew(t.Context()); i.asked.Load() > before {
				asked++
				if !errors.Is(err, errDown) || !errors.Is(s.State().Failure, errDown) {
					t.Fatalf("a failure is not told: %v", err)
				}
			}
			start := time.Now()
			if kept, err := s.Token(t.Context()); err != nil || kept != first || time.Since(start) != 0 {
				t.Fatalf("%v after %v", err, time.Since(start))
			}
		}
		if asked < 130 || asked > 145 { // every five minutes for half a day, a second each
			t.Errorf("asked %d times", asked)
		}
		time.Sleep(time.Until(first.Until()) - 59*time.Second)
		if token, err := s.Token(t.Context()); token != nil || !errors.Is(err, errDown) {
			t.Errorf("a token that ends in less than a minute: %v", err)
		}
		i.down.Store(false)
		if token, err := s.Token(t.Context()); err != nil || token.ID() == first.ID() || s.State().Failure != nil {
			t.Errorf("%v", err)
		}
	})
}

// Many callers make one request and have its result, good or bad.
func TestSessionAsksOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer) {
		s := i.session()
		for _, down := range []bool{true, false} {
			i.down.Store(down)
			i.asked.Store(0)
			var callers sync.WaitGroup
			var good, bad atomic.Int32
			for range 50 {
				callers.Go(func() {
					if token, err := s.Token(t.Context()); err == nil && token != nil {
						good.Add(1)
					} else if errors.Is(err, errDown) {
						bad.Add(1)
					}
				})
			}
			callers.Wait()
			if i.asked.Load() != 1 || down && bad.Load() != 50 || !down && good.Load() != 50 {
				t.Errorf("down %v: asked %d times, %d good, %d bad", down, i.asked.Load(), good.Load(), bad.Load())
			}
		}
	})
}

// A caller who goes away does not spoil it for those who wait: one of them asks again. One who waits may go away too.
func TestSessionCallerGoesAway(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer) {
		s := i.session()
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		brief, cancel2 := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel2()
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := s.Token(impatient); kind(err) != sts.GivenUp {
				t.Errorf("%v", err)
			}
		})
		synctest.Wait()
		for range 5 {
			callers.Go(func() {
				if _, err := s.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Go(func() {
			if _, err := s.Token(brief); kind(err) != sts.GivenUp {
				t.Errorf("%v", err)
			}
		})
		callers.Wait()
		// brief may have been the one who asked after impatient, and gone away as well.
		if n := i.asked.Load(); n < 2 || n > 3 || i.most.Load() != 1 {
			t.Errorf("asked %d times, %d at once", n, i.most.Load())
		}
	})
}

func TestSessionReplaces(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer) {
		s := i.session()
		first, err := s.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i.down.Store(true)
		if token, err := s.Replace(t.Context(), first); token != nil || !errors.Is(err, errDown) {
			t.Errorf("%v", err)
		}
		if kept, err := s.Token(t.Context()); err != nil || kept != first {
			t.Errorf("the token is lost: %v", err)
		}
		i.down.Store(false)
		second, err := s.Replace(t.Context(), first)
		if err != nil || second.ID() == first.ID() {
			t.Fatalf("%v", err)
		}
		asked := i.asked.Load()
		if again, err := s.Replace(t.Context(), first); err != nil || again != second || i.asked.Load() != asked { // another caller, later
			t.Errorf("%v, asked %d times", err, i.asked.Load())
		}
	})
}

func TestSessionRecords(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer) {
		s := i.session()
		var openings []sts.Opening
		fail := errors.New("the journal is closed")
		s.Record = func(_ context.Context, o sts.Opening) error { openings = append(openings, o); return fail }
		if token, err := s.Token(t.Context()); token != nil || kind(err) != sts.NotRecorded || !errors.Is(err, fail) {
			t.Errorf("used and not recorded: %v", err)
		}
		fail = nil
		token, err := s.Token(t.Context())
		if err != nil || len(openings) != 2 {
			t.Fatal(err)
		}
		if want := (sts.Opening{At: time.Now(), Until: token.Until(), Assertion: token.ID(), Reason: sts.NoReader}); openings[1] != want {
			t.Errorf("%+v, want %+v", openings[1], want)
		}
		s.Reason = ""
		if _, err := s.Replace(t.Context(), token); kind(err) != sts.Unprepared || len(openings) != 2 {
			t.Errorf("opened without a reason: %v", err)
		}
	})
}

func TestSessionRestores(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer) {
		old, s := i.token(1), i.session()
		i.down.Store(true)
		s.Restore(old)
		if token, err := s.Token(t.Context()); err != nil || token != old || i.asked.Load() != 0 {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Hour)
		longer := i.token(2)
		s.Restore(longer)
		s.Restore(old)
		if token, err := s.Token(t.Context()); err != nil || token != longer {
			t.Errorf("%v", err)
		}
	})
}

// Whatever happens in whatever order: a token that is given out is valid for a minute, there is never more than one request
// under way, and while a token is valid nobody waits for it.
func TestSessionProperties(t *testing.T) {
	type step struct{ Act, Minutes int }
	steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
		return step{rapid.IntRange(0, 6).Draw(rt, "act"), rapid.IntRange(1, 900).Draw(rt, "minutes")}
	}), 1, 20)
	rapid.Check(t, func(rt *rapid.T) {
		script, fault := steps.Draw(rt, "steps"), ""
		inBubble(t, func(t *testing.T, i *issuer) {
			s := i.session()
			var last *sts.Token
			var callers sync.WaitGroup
			defer callers.Wait()
			for _, step := range script {
				switch step.Act {
				case 0:
					i.down.Store(step.Minutes%2 == 0)
				case 1:
					time.Sleep(time.Duration(step.Minutes) * time.Minute)
				case 2:
					callers.Go(func() { _ = s.Renew(t.Context()) })
				case 3:
					callers.Go(func() { _, _ = s.Token(t.Context()) })
				case 4:
					if last != nil {
						_, _ = s.Replace(t.Context(), last)
					}
				default:
					valid := time.Until(s.State().Until) > time.Minute
					start := time.Now()
					token, err := s.Token(t.Context())
					switch {
					case err == nil && time.Until(token.Until()) < time.Minute:
						fault = "a token is given that ends"
					case valid && (err != nil || time.Since(start) != 0):
						fault = "a valid token is not given at once"
					case err == nil:
						last = token
					}
				}
				if i.most.Load() > 1 {
					fault = "two requests at once"
				}
			}
		})
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}

// The session over the real client and a server that plays the STS.
func TestSessionOverHTTP(t *testing.T) {
	w := newWorld(t)
	client := w.client(sts.WSTrust)
	client.Rand = rand.Reader
	now := w.now
	s := &sts.Session{STS: client, Reason: sts.NoReader, Clock: func() time.Time { return w.now }}
	first, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.rest()
	w.now = now.Add(13 * time.Hour)
	w.rest()
	w.answer = func(*etree.Element, string) (int, string) { return 503, "later" }
	if e := (*soap.Error)(nil); !errors.As(s.Renew(t.Context()), &e) || e.Status != 503 {
		t.Errorf("%v", e)
	}
	if kept, err := s.Token(t.Context()); err != nil || kept != first {
		t.Errorf("%v", err)
	}
	w.rest()
	w.answer = func(content *etree.Element, id string) (int, string) {
		a := w.assertion()
		a.id = "_second"
		return 200, w.good(content, id, a)
	}
	w.rest()
	w.now = now.Add(14 * time.Hour)
	if err := s.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept, err := s.Token(t.Context()); err != nil || kept.ID() != "_second" {
		t.Errorf("%v", err)
	}
}
