package bridge

import (
	"context"
	"sync"
	"testing"
	"time"
)

// screen is a goroutine that stands for Fyne's.
type screen struct {
	jobs chan func()
	done sync.WaitGroup
}

func newScreen(t *testing.T) (*screen, *Gate) {
	s := &screen{jobs: make(chan func(), 100)}
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		for job := range s.jobs {
			job()
		}
	}()
	g := To(func(f func()) { s.jobs <- f })
	t.Cleanup(func() { close(s.jobs); s.done.Wait() })
	return s, g
}

// on runs f on the screen and waits.
func (s *screen) on(f func()) {
	done := make(chan struct{})
	s.jobs <- func() { f(); close(done) }
	<-done
}

func TestWorkRunsApartAndComesBackOnTheScreen(t *testing.T) {
	s, g := newScreen(t)
	came := make(chan int)
	held := make(chan struct{})
	count := 0 // the screen's own: the race detector watches it
	s.on(func() {
		g.Do(func(context.Context) func() {
			<-held // the screen goes on meanwhile
			return func() { count++; came <- count }
		})
	})
	s.on(func() { count++ })
	close(held)
	if got := <-came; got != 2 {
		t.Errorf("count %d", got)
	}
	s.on(g.Close)
}

func TestNothingComesInAfterClose(t *testing.T) {
	s, g := newScreen(t)
	ended := false
	s.on(func() {
		g.Do(func(ctx context.Context) func() {
			<-ctx.Done() // a work that Close finds under way
			ended = true
			return func() { t.Error("came back after the close") }
		})
	})
	s.on(g.Close)
	if !ended {
		t.Error("Close did not wait for the work")
	}
	s.on(func() { g.Do(func(context.Context) func() { t.Error("began after the close"); return nil }) })
	g.In(func() { t.Error("came in after the close") })
	s.on(func() {})
}

func TestThePulseBeatsOnTheScreenUntilClose(t *testing.T) {
	s, g := newScreen(t)
	beats := make(chan int, 100)
	n := 0
	g.Every(time.Millisecond, func() { n++; beats <- n })
	for want := 1; want <= 3; want++ {
		if got := <-beats; got != want {
			t.Fatalf("beat %d came as %d", want, got)
		}
	}
	s.on(g.Close)
	s.on(func() {})
	last := n
	time.Sleep(5 * time.Millisecond)
	s.on(func() {
		if n != last {
			t.Error("it beats after the close")
		}
	})
}
