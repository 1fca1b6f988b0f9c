package world

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"relais/app/rx"
)

// bubble is the clock of a test's bubble.
type bubble struct{}

func (bubble) Now() time.Time { return time.Now() }

func (bubble) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestClient(t *testing.T) {
	type end struct {
		result rx.Result
		why    string
		after  time.Duration
		stored int // ten minutes later
	}
	for _, c := range []struct {
		kind     Kind
		patience time.Duration // 0: cancelled before
		want     end
	}{
		{"", time.Minute, end{rx.ResultAccepted, "", 80 * time.Millisecond, 1}},
		{"", 0, end{rx.ResultNotSent, WhyGivenUp, 0, 0}},
		{"", 50 * time.Millisecond, end{rx.Unanswered, WhyTimeout, 50 * time.Millisecond, 1}},
		{RefuseConnect, time.Minute, end{rx.ResultNotSent, WhyRefused, 40 * time.Millisecond, 0}},
		{RefuseConnect, time.Millisecond, end{rx.ResultNotSent, WhyRefused, time.Millisecond, 0}},
		{Hang, time.Minute, end{rx.Unanswered, WhyTimeout, time.Minute, 0}},
		{Slow, time.Minute, end{rx.ResultAccepted, "", SlowTime + 80*time.Millisecond, 1}},
		{Slow, 8 * time.Second, end{rx.Unanswered, WhyTimeout, 8 * time.Second, 1}},
		{Drop, time.Minute, end{rx.Unanswered, WhyDropped, 80 * time.Millisecond, 1}},
		{Late, time.Minute, end{rx.Unanswered, WhyTimeout, time.Minute, 1}},
		{Late, 2 * time.Minute, end{rx.ResultAccepted, "", LateTime + 80*time.Millisecond, 1}},
		{Twice, time.Minute, end{rx.ResultAccepted, "", 80 * time.Millisecond, 2}},
		{Inner, time.Minute, end{rx.ResultRefused, "", 80 * time.Millisecond, 0}},
	} {
		t.Run(string(c.kind)+" "+c.patience.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := New(rand.NewPCG(1, 2))
				start := time.Now()
				p := parcelOf(w, 1, start)
				if err := w.Set(Settings{Latency: 40 * time.Millisecond}); err != nil {
					t.Fatal(err)
				}
				if c.kind != "" {
					if err := w.SetPlan([]Fault{{Kind: c.kind}}, start); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), c.patience)
				defer cancel()
				r := (&Client{World: w, Clock: bubble{}}).Do(ctx, rx.Call{Op: rx.OpCreate, Parcel: p})
				got := end{r.Result, r.Why, time.Since(start), tally(t, w, p.Local, start.Add(10*time.Minute)).Records}
				if got != c.want {
					t.Fatalf("%+v, want %+v", got, c.want)
				}
			})
		})
	}
}

// A call that hangs keeps no other one.
func TestClientsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(rand.NewPCG(1, 2))
		client := &Client{World: w, Clock: bubble{}}
		if err := w.SetPlan([]Fault{{Operation: rx.OpOpen, Kind: Hang}}, time.Now()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan rx.Reply)
		go func() { done <- client.Do(ctx, rx.Call{Op: rx.OpOpen, Patient: marie}) }()
		synctest.Wait()
		if r := client.Do(ctx, rx.Call{Op: rx.OpHistory, Patient: marie}); !r.OK() {
			t.Fatalf("%s", r.Result)
		}
		cancel()
		if r := <-done; r.Result != rx.Unanswered {
			t.Fatalf("%s", r.Result)
		}
	})
}
