package sim

import (
	"os"
	"testing"
)

// TestProtocol: no seed breaks an invariant through the real client and the real protocol (R2 tier C), and every kind of
// the fault plan was met.
func TestProtocol(t *testing.T) {
	rare := []string{"crash", "second process between", "clock jumps", "caller's retry"}
	for _, kind := range kinds {
		rare = append(rare, "fault: "+string(kind))
	}
	if os.Getenv("RELAIS_SOAK") != "" {
		rare = append(rare, everywhere()...)
	}
	play(t, seeds(t, 50, 2_000), Options{Wire: true}, rare...)
}

// everywhere are all kinds at all services that they may befall.
func everywhere() (all []string) {
	for _, service := range services {
		for _, kind := range kinds {
			if befalls(kind, service) {
				all = append(all, "fault: "+string(kind)+" at "+string(service))
			}
		}
	}
	return all
}

// TestProtocolSameSeedSameTrace (R15): ciphers draw what they draw; what is decided follows from the seed. Mostly: what several
// goroutines of the protocol do at one virtual moment is the scheduler's to order, and a busy machine was seen to order it otherwise (seed 4).
// So it is asked in the long form alone, and a seed that parts is to be looked at, not trusted.
func TestProtocolSameSeedSameTrace(t *testing.T) {
	if os.Getenv("RELAIS_SOAK") == "" {
		t.Skip("twice the time of the seeds: RELAIS_SOAK=1")
	}
	for seed := range uint64(seeds(t, 6, 200)) {
		a, errA := run(t, seed, Options{Wire: true, Verbose: true})
		b, errB := run(t, seed, Options{Wire: true, Verbose: true})
		if a.Trace() == b.Trace() {
			continue
		}
		for i, line := range a.Lines {
			if i >= len(b.Lines) || line != b.Lines[i] {
				t.Fatalf("seed %d parts at line %d (%v, %v):\n%s\n%s", seed, i, errA, errB, line, append(b.Lines, "its end")[min(i, len(b.Lines))])
			}
		}
		t.Fatalf("seed %d: the second trace is longer", seed)
	}
}

// TestReplayProtocol plays one seed aloud through the protocol.
func TestReplayProtocol(t *testing.T) { aloud(t, Options{Wire: true}) }

// TestProtocolFindsMistakes: the invariants can break through the protocol as well.
func TestProtocolFindsMistakes(t *testing.T) {
	for _, name := range []string{"retry-on-timeout", "timeout-is-refused"} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 60; seed++ {
				if _, err := run(t, seed, Options{Wire: true, Planted: name}); err != nil {
					t.Logf("found by seed %d: %v", seed, err)
					return
				}
			}
			t.Error("not found")
		})
	}
}
