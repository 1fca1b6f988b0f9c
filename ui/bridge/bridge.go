// Package bridge is the only gate between goroutines and the screen.
//
// Everything on screen is touched by one goroutine, Fyne's. Work that takes time leaves it through Gate.Do and what it
// found comes back through the same gate; news from outside comes in through Gate.In.
//
// Contract: what goes through the gate reaches the screen one at a time, never after Close has returned; works that
// Close finds under way are waited for, with their context ended, and what they bring is dropped.
package bridge

import (
	"context"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"relais/app/crash"
)

// Gate is open until it is closed, once.
type Gate struct {
	ctx   context.Context
	stop  context.CancelFunc
	works sync.WaitGroup
	shut  bool // touched on the screen's goroutine alone
	onUI  func(func())
}

// New opens a gate to the screen. It needs a current Fyne app from the first work on.
func New() *Gate { return To(fyne.Do) }

// To opens a gate to whoever runs what it is given, one at a time and in order, without waiting.
func To(run func(func())) *Gate {
	ctx, stop := context.WithCancel(context.Background())
	return &Gate{ctx: ctx, stop: stop, onUI: run}
}

// Do runs work on a goroutine of its own, and then what it returned on the screen's.
func (g *Gate) Do(work func(ctx context.Context) (back func())) {
	if g.shut {
		return
	}
	g.works.Add(1)
	go func() {
		defer g.works.Done()
		defer crash.Guard()
		back := work(g.ctx)
		g.In(back)
	}()
}

// Behind runs work on a goroutine of its own, beside every gate: what it does outlives them, and brings nothing to the screen.
func Behind(work func()) {
	go func() {
		defer crash.Guard()
		work()
	}()
}

// In runs f on the screen's goroutine, soon; f may be nil. It may be called from anywhere.
func (g *Gate) In(f func()) {
	if f == nil || g.ctx.Err() != nil {
		return
	}
	g.onUI(func() {
		if !g.shut {
			f()
		}
	})
}

// Every calls beat on the screen's goroutine, once in each span, until the gate is closed.
func (g *Gate) Every(span time.Duration, beat func()) {
	g.works.Add(1)
	go func() {
		defer g.works.Done()
		defer crash.Guard()
		ticker := time.NewTicker(span) //nolint:forbidigo // the screen's pulse: it looks again, and decides nothing
		defer ticker.Stop()
		for {
			select {
			case <-g.ctx.Done():
				return
			case <-ticker.C:
				g.In(beat)
			}
		}
	}()
}

// Close ends works and waits for them. It is called on the screen's goroutine; nothing comes in afterwards.
func (g *Gate) Close() { g.Shut()() }

// Shut ends works. It is called on the screen's goroutine; nothing comes in afterwards. wait waits for the works, on any
// goroutine.
func (g *Gate) Shut() (wait func()) {
	g.shut = true
	g.stop()
	return g.works.Wait
}
