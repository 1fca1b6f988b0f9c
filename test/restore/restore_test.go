// Package restore puts older and copied data directories back to work: the real program parts over real directories,
// under a virtual clock, against simulated services that keep their own truth (R10).
//
// A run takes a prescription along a path, copies the whole directory at one step of it, lets the original go on, and
// then puts the copy in its place, or opens it beside it, or on another machine. Whatever the copy does not know has
// then happened: a send, a sheet, a sheet handed over, a redo, a new order.
//
//	go test ./test/restore                    every stage with every place, 120 runs
//	RELAIS_SOAK=1 go test ./test/restore      2,000 runs
//	RELAIS_SEED=7 go test ./test/restore      run 7 alone; its choices, not the scheduler of two goroutines at one instant
//
// Judged from the server's own file and from the sheets in people's hands, never from Relais' tables: each medicine can
// be had once, and once only; while a question is open nothing is sent, claimed or printed; what may have left is asked.
// The services' file is no part of a copy: it is the rest of the world.
//
// Beyond us, and shown by tests that say so: see beyond_test.go.
package restore

import (
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"relais/sync/simulator"
	"relais/sync/simulator/simtest"
)

func TestRestored(t *testing.T) {
	runs := len(stages) * len(places)
	switch {
	case os.Getenv("RELAIS_SOAK") != "":
		runs = 2000
	case testing.Short(): // under the race detector each takes ten times as long
		runs = 16
	}
	from := 0
	if given := os.Getenv("RELAIS_SEED"); given != "" {
		seed, err := strconv.Atoi(given)
		if err != nil {
			t.Fatal(err)
		}
		from, runs = seed, seed+1
	}
	seen := restored(t, from, runs, nil)
	if runs-from >= len(stages)*len(places) && !t.Failed() {
		seen.complete(t)
	}
}

// The same through the real protocol: sessions, keys, seals and signatures between the engine and the services.
func TestRestoredThroughTheProtocol(t *testing.T) {
	runs := 6
	switch {
	case os.Getenv("RELAIS_SOAK") != "":
		runs = len(stages) * len(places)
	case testing.Short():
		runs = 2
	}
	restored(t, 0, runs, simtest.PKI(morning))
}

// restored plays the runs from one number up to another.
func restored(t *testing.T, from, to int, pki *simulator.PKI) (seen *tally) {
	seen = &tally{}
	t.Run("runs", func(t *testing.T) {
		for seed := from; seed < to; seed++ {
			t.Run(strconv.Itoa(seed), func(t *testing.T) {
				t.Parallel()
				root := newRoot(t)
				synctest.Test(t, func(t *testing.T) {
					r := begin(t, seed, root, pki)
					r.play()
					seen.add(r.met)
				})
			})
		}
	})
	t.Logf("%d runs: %v", to-from, seen.met)
	return seen
}

// newRoot is a new directory: in memory where the system has such a place, since nothing here depends on a sync and each run makes hundreds.
func newRoot(t *testing.T) string {
	memory := "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "relais-restore-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// tally counts what was met, so that the runs cannot pass by meeting nothing.
type tally struct {
	mu  sync.Mutex
	met map[string]int
}

func (n *tally) add(met map[string]int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.met == nil {
		n.met = map[string]int{}
	}
	for what, count := range met {
		n.met[what] += count
	}
}

func (n *tally) complete(t *testing.T) {
	for _, what := range []string{records, sheets, questions, paperGiven, sentElsewhere, nothingGiven, keysCopied, retries, redos, refused, sent, forced} {
		if n.met[what] == 0 {
			t.Errorf("no %s in all runs", what)
		}
	}
}

// What is counted.
const (
	shortened     = "copies that are older by no act, called damaged"
	records       = "records at the server"
	sheets        = "sheets with patients"
	questions     = "questions"
	paperGiven    = "answers that paper was given"
	sentElsewhere = "answers that it was sent elsewhere"
	nothingGiven  = "answers that nothing was given"
	keysCopied    = "prefetched keys in the copy"
	retries       = "orders issued again that the copy does not know"
	redos         = "redone"
	refused       = "refusals of paper before the answer"
	sent          = "creates by the copy after the answer"
	forced        = "sheets forced although a record may be there"
)
