//go:build unix

// Package kill ends the real program while it sends and prints: at every step that it
// marks (each durable write, each call, each sheet, each file, before and after), and at
// random moments. The caller then tries again, as callers do; a doctor answers what is
// asked, truthfully. In the end each patient has exactly one door: judged from the
// simulated server's own file and from the sheets that exist, never from Relais' tables.
//
//	go test ./test/kill                    30 kills
//	RELAIS_SOAK=1 go test ./test/kill      1,000 kills, every step of every journey among them
//
// A failing run prints its seed; RELAIS_SEED replays the choices (not the scheduler).
package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"relais/app/cli"
	"relais/sync/simulator/simtest"
)

const (
	envAt    = "RELAIS_KILL_AT"    // in the child: at which step to end; 0: nowhere
	envTrace = "RELAIS_KILL_TRACE" // in the child: the file to which the steps are written
)

// TestMain is the program itself in a child process.
func TestMain(m *testing.M) {
	at, child := os.LookupEnv(envAt)
	if !child {
		os.Exit(m.Run())
	}
	sys := cli.Here()
	sys.Step, sys.Keys = stepper(at, os.Getenv(envTrace)), simtest.Keys
	os.Exit(int(cli.Run(context.Background(), sys)))
}

// stepper counts the steps of this process and ends it at one of them.
func stepper(at, trace string) func(string) {
	end, err := strconv.Atoi(at)
	if err != nil {
		panic(err)
	}
	var out *os.File
	if trace != "" {
		if out, err = os.Create(trace); err != nil {
			panic(err)
		}
	}
	steps := make(chan int, 1)
	steps <- 0
	return func(name string) { // from several goroutines
		n := <-steps + 1
		if out != nil {
			fmt.Fprintln(out, name)
		}
		if n == end {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		steps <- n
	}
}

// usual is about how many steps a command has; the soak counts them.
const usual = 24

func TestKill(t *testing.T) {
	kills, every, seed := 30, false, uint64(1) // the same kills each time; a soak draws others
	if testing.Short() {
		kills = 8
	}
	if os.Getenv("RELAIS_SOAK") != "" {
		kills, every, seed = 1000, true, uint64(time.Now().UnixNano())
	}
	if given := os.Getenv("RELAIS_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	p := &player{t: t, rng: rand.New(rand.NewPCG(seed, 0)), steps: map[string]int{}}
	var list []kill
	for _, j := range journeys {
		p.steps[j.name] = usual
		if every {
			p.steps[j.name] = p.measure(j)
			for at := range p.steps[j.name] {
				list = append(list, kill{j, at + 1})
			}
		}
	}
	for len(list) < kills {
		j := journeys[p.rng.IntN(len(journeys))]
		at := 0 // at a random moment
		if p.rng.IntN(2) == 0 {
			at = 1 + p.rng.IntN(p.steps[j.name])
		}
		list = append(list, kill{j, at})
	}
	p.rng.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	const batch = 15 // kills in one directory before it is judged
	for len(list) > 0 {
		n := min(batch, len(list))
		p.batch(list[:n])
		list = list[n:]
	}
	t.Logf("%d commands killed (%d ended before), at %d different steps; %d patients, %d records at the server, %d sheets",
		p.killed, p.survived, len(p.hit), p.patients, p.records, p.sheets)
	if p.killed < kills/2 {
		t.Errorf("only %d commands were killed", p.killed)
	}
}
