package sim

import (
	"errors"
	"os"
	"testing"
	"time"

	"relais/test/disk"
)

// TestTiersAgree: over the real store the same seed leads to the same trace.
func TestTiersAgree(t *testing.T) {
	for seed := *seedFlag + 1; seed <= *seedFlag+uint64(seeds(t, 50, 5_000)); seed++ {
		a, errA := Run(seed, Options{Verbose: true})
		b, errB := Run(seed, Options{Verbose: true, Real: t.TempDir()})
		if errA != nil || errB != nil {
			t.Fatalf("seed %d: model %v, store %v", seed, errA, errB)
		}
		if a.Trace() == b.Trace() {
			continue
		}
		for i, line := range a.Lines {
			if i >= len(b.Lines) {
				t.Fatalf("seed %d: the store's trace ends at line %d, before\n%s", seed, i, line)
			}
			if line != b.Lines[i] {
				t.Fatalf("seed %d parts at line %d:\nmodel %s\nstore %s", seed, i, line, b.Lines[i])
			}
		}
		t.Fatalf("seed %d: the store's trace is longer", seed)
	}
}

// TestFailingDisk: no seed breaks an invariant over the real store, whose disk fails,
// fills up, writes a part, and loses what was not synced when the mains fail (R2 tier B).
func TestFailingDisk(t *testing.T) {
	play(t, seeds(t, 200, 20_000), Options{Real: t.TempDir(), Failing: true},
		"crash", "second process between", "disk: error", "disk: full", "disk: short", "disk: kill", "disk: cut")
}

// TestLyingDiskIsFound: a disk that forgets what it called synced makes the invariants
// break, so they can.
func TestLyingDiskIsFound(t *testing.T) {
	for seed := uint64(1); seed <= 400; seed++ {
		if _, err := Run(seed, Options{Real: t.TempDir(), Failing: true, Planted: "lying-disk"}); err != nil {
			t.Logf("found by seed %d: %v", seed, err)
			return
		}
	}
	t.Error("not found")
}

// TestDiskFailsAtEveryOperation: the journey of TestCrashAtEveryStep, where the n-th
// operation on the disk meets each fault, for every n (R7; in the short form for some).
func TestDiskFailsAtEveryOperation(t *testing.T) {
	stride := 11
	switch {
	case os.Getenv("RELAIS_SOAK") != "":
		stride = 1
	case testing.Short():
		stride = 101
	}
	for _, fault := range []disk.Fault{disk.Error, disk.Full, disk.Short, disk.Kill, disk.Cut} {
		runs := 0
		for n := 0; ; n += stride {
			err := diskRun(t.TempDir(), fault, n)
			if errors.Is(err, errEnough) {
				break
			}
			if runs++; err != nil {
				t.Fatalf("%s at operation %d: %v", fault, n, err)
			}
		}
		t.Logf("%s: %d runs", fault, runs)
		if runs == 0 {
			t.Errorf("%s: never met", fault)
		}
	}
}

// diskRun plays the journey; operation n that can meet the fault does.
func diskRun(dir string, fault disk.Fault, n int) (err error) {
	s := newSim(7, Options{Real: dir})
	defer s.close()
	defer caught(&err)
	s.script = func(string, bool) error { return nil }
	count, struck := 0, false
	s.suffer(func(op disk.Op, _ string) disk.Fault {
		if (fault == disk.Full || fault == disk.Short) && op != disk.Write {
			return disk.None
		}
		if count++; count-1 != n {
			return disk.None
		}
		struck = true
		return fault
	})
	s.journey()
	s.until(s.mono + 40*time.Minute)
	s.quiet()
	if !struck {
		return errEnough
	}
	return nil
}

func BenchmarkSeedReal(b *testing.B) {
	for i := range b.N {
		if _, err := Run(uint64(i), Options{Real: b.TempDir(), Failing: true}); err != nil {
			b.Fatal(err)
		}
	}
}
