package sim

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestMain lets the collector work less often: a run makes much and keeps little.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

var (
	seedFlag    = flag.Uint64("seed", 0, "the seed to replay, or after which to begin")
	withoutFlag = flag.String("without", "", "what does not happen in the replay, by number")
)

// seeds to play: a few thousand in a test, a million in a soak (quality R2).
func seeds(t *testing.T, test, soak int) int {
	t.Helper()
	if os.Getenv("RELAIS_SOAK") != "" {
		return soak
	}
	if testing.Short() {
		return test / 10
	}
	return test
}

// TestSeeds: no seed breaks an invariant (R2 tier A).
func TestSeeds(t *testing.T) {
	play(t, seeds(t, 10_000, 1_000_000), Options{}, "crash", "disk refuses", "second process between", "older copy put back", "clock jumps", "caller's retry", "redo")
}

// run plays one seed, in a bubble of virtual time where one is needed.
func run(t *testing.T, seed uint64, o Options) (s *Sim, err error) {
	if !o.Wire {
		return Run(seed, o)
	}
	t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
		synctest.Test(t, func(*testing.T) { s, err = Run(seed, o) })
	})
	return s, err
}

// play runs n seeds on all cores. What was never taken of the rare paths is a fault of
// the simulation.
func play(t *testing.T, n int, o Options, rare ...string) {
	began := time.Now()
	counts, played := map[string]int{}, 0
	var mu sync.Mutex
	var next atomic.Uint64
	var wg sync.WaitGroup
	next.Store(*seedFlag)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1); seed <= *seedFlag+uint64(n); seed = next.Add(1) {
				s, err := run(t, seed, o)
				if err != nil {
					t.Errorf("seed %d: %v\nreplay: %s", seed, err, Replay(seed, o))
					if !o.Wire {
						less, err := Shrink(seed, o, 300)
						t.Logf("seed %d shrinks: %v\nreplay: %s", seed, err, Replay(seed, less))
					}
				}
				mu.Lock()
				for what, times := range s.Counts {
					counts[what] += times
				}
				if played++; played%max(n/20, 1000) == 0 {
					t.Logf("%d of %d seeds after %s", played, n, time.Since(began).Round(time.Second))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d seeds in %s, %.1f a second", n, time.Since(began).Round(time.Millisecond), float64(n)/time.Since(began).Seconds())
	enough := 200 // fewer seeds need not meet everything
	if o.Wire {
		enough = 50
	}
	for _, what := range rare {
		if counts[what] == 0 && !t.Failed() && n >= enough {
			t.Errorf("a path that was never taken: %s", what)
		}
	}
	t.Log(counts)
}

// TestSameSeedSameTrace (R15).
func TestSameSeedSameTrace(t *testing.T) {
	for seed := range uint64(seeds(t, 300, 10_000)) {
		a, _ := Run(seed, Options{})
		b, _ := Run(seed, Options{})
		if a.Trace() != b.Trace() {
			t.Fatalf("seed %d: two traces", seed)
		}
	}
}

// TestPlanted: each known mistake is found, by name (R14).
func TestPlanted(t *testing.T) {
	if testing.Short() {
		t.Skip("planted mistakes are sought in the long form")
	}
	for _, mistake := range Planted {
		t.Run(mistake.name, func(t *testing.T) {
			if mistake.rare && os.Getenv("RELAIS_SOAK") == "" {
				t.Skip("sought by make soak: it takes up to 100,000 seeds")
			}
			for seed := uint64(1); seed <= 100_000; seed++ {
				if _, err := Run(seed, Options{Planted: mistake.name}); err != nil {
					t.Logf("found by seed %d: %v", seed, err)
					return
				}
			}
			t.Error("not found")
		})
	}
}

// TestReplay plays one seed aloud.
func TestReplay(t *testing.T) { aloud(t, Options{}) }

// TestReplayReal plays one seed aloud over the real store on its failing disk.
func TestReplayReal(t *testing.T) { aloud(t, Options{Real: t.TempDir(), Failing: true}) }

func aloud(t *testing.T, o Options) {
	if *seedFlag == 0 {
		t.Skip("no -seed")
	}
	var err error
	if o.Without, err = ParseSet(*withoutFlag); err != nil {
		t.Fatal(err)
	}
	o.Verbose = true
	s, err := run(t, *seedFlag, o)
	for _, line := range s.Lines {
		fmt.Println(line)
	}
	if err != nil {
		t.Error(err)
	}
}

func BenchmarkSeed(b *testing.B) {
	for i := range b.N {
		if _, err := Run(uint64(i), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestFailingSeedsShrink: what a planted mistake breaks, a few happenings break.
func TestFailingSeedsShrink(t *testing.T) {
	const seed = 7 // finds it
	o := Options{Planted: "retry-on-timeout"}
	whole, err := Run(seed, o)
	if err == nil {
		t.Fatal("the seed does not find the mistake any more: take another")
	}
	less, err := Shrink(seed, o, 500)
	if err == nil {
		t.Fatal("what was shrunk does not fail")
	}
	again, err := ParseSet(less.Without.String())
	if err != nil {
		t.Fatal(err)
	}
	o.Without = again
	s, err := Run(seed, o)
	if err == nil {
		t.Fatal("what was shrunk does not replay from its line")
	}
	left := s.chances
	for n := range o.Without {
		if n <= s.chances {
			left--
		}
	}
	t.Logf("%d happenings of %d: %v; %s", left, whole.chances, err, Replay(seed, o))
	if left > 10 {
		t.Errorf("%d happenings are left of %d", left, whole.chances)
	}
}
