//go:build unix

// Package secrets looks for what must not be found: markers are entered wherever a person or a service can enter
// something, and then searched where nothing of them may be.
//
//	rest_test.go      S1: files after use and after kills, in all spellings of search_test.go
//	flows_test.go     S7: logs, errors, their chains and sentences, standard error, of fuzzed flows
//	types_test.go     S7: every exported type of the domain under every verb and both log handlers
//	crash_test.go     a panic in each package: the report, the exit code, the directory afterwards
//	unlock_test.go    S3: wrong passphrases
//	refusals_test.go  what cannot be opened or written, told in four languages
//
// All people and numbers are invented; the day counters of the national numbers are above 900.
//
//	go test ./test/secrets                    2,000 flows, some kills
//	RELAIS_SOAK=1 go test ./test/secrets      100,000 flows, a kill at every step
//
// A failing run prints its seed; RELAIS_SEED replays it.
package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/app/cli"
	"relais/app/crash"
	"relais/app/rx"
	"relais/sync/simulator/simtest"
	"relais/sync/simulator/world"
)

const (
	envKill  = "SECRETS_KILL"  // in a child: the number of the step at which it is killed; 0: none
	envTrace = "SECRETS_TRACE" // in a child: the file to which its steps are written
	envBreak = "SECRETS_BREAK" // in a child: what panics, see breaks
)

// TestMain is the program itself in a child process.
func TestMain(m *testing.M) {
	at, child := os.LookupEnv(envKill)
	if !child {
		memory := inMemory()
		if memory != "" {
			_ = os.Setenv("TMPDIR", memory)
		}
		exit := m.Run()
		if memory != "" {
			_ = os.RemoveAll(memory)
		}
		os.Exit(exit)
	}
	what := os.Getenv(envBreak)
	if what == unguarded {
		broken("text", victimNumber)
	}
	crash.Quiet() // as cli.Main does
	defer crash.Guard()
	if what != "" {
		breaks[what]()
		return // nothing panicked: exit code 0
	}
	sys := cli.Here()
	sys.Keys = simtest.Keys
	if at == "0" && os.Getenv(envTrace) == "" {
		os.Exit(sys.Main())
	}
	sys.Step = stepper(at, os.Getenv(envTrace))
	os.Exit(int(cli.Run(context.Background(), sys)))
}

// stepper writes the steps of this process and kills it at one of them.
func stepper(at, trace string) func(string) {
	end, err := strconv.Atoi(at)
	if err != nil {
		panic(err)
	}
	out, err := os.OpenFile(trace, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	steps := make(chan int, 1)
	steps <- 0
	return func(name string) { // from several goroutines
		n := <-steps + 1
		fmt.Fprintln(out, name)
		if n == end {
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
		steps <- n
	}
}

func soak() bool { return os.Getenv("RELAIS_SOAK") != "" }

// seeded is randomness from RELAIS_SEED, else the same each time; a soak draws another.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(1)
	if soak() {
		seed = uint64(time.Now().UnixNano())
	}
	if given := os.Getenv("RELAIS_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

type stream struct{ *rand.Rand }

func (s stream) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s.Uint64())
	}
	return len(b), nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// desk is a doctor's computer: what Relais keeps, and beside it the files that the doctor made or asked for.
type desk struct {
	t    *testing.T
	root string
	in   string // what the doctor wrote: orders, practice, passphrase
	out  string // documents that the doctor asked for
	rng  *rand.Rand

	passphrase, recovery string
	tellings             bytes.Buffer // all that came on the standard error
	commands             int
}

func newDesk(t *testing.T, rng *rand.Rand, practice string, passphrase string) *desk {
	d := &desk{t: t, root: t.TempDir(), rng: rng, passphrase: passphrase}
	for _, dir := range []string{"in", "out", "home", "tmp", "marks"} {
		must(t, os.Mkdir(d.path(dir), 0o700))
	}
	d.in, d.out = d.path("in"), d.path("out")
	d.write("practice.json", practice)
	d.write("passphrase", passphrase+"\n")
	var made struct {
		RecoveryCode string `json:"recovery_code"`
	}
	d.answer(&made, 0, "", "init", "--practice", filepath.Join(d.in, "practice.json"))
	if d.recovery = made.RecoveryCode; d.recovery == "" {
		t.Fatal("no recovery code")
	}
	return d
}

func (d *desk) path(name string) string { return filepath.Join(d.root, name) }

// write writes a file of the doctor's.
func (d *desk) write(name, content string) string {
	path := filepath.Join(d.in, name)
	must(d.t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func (d *desk) command(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append([]string{"HOME=" + d.path("home"), "TMPDIR=" + d.path("tmp"), "SQLITE_TMPDIR=" + d.path("tmp"), "RELAIS_DATA=" + d.path("data"),
		"RELAIS_MARKS=" + d.path("marks"), "RELAIS_PASSPHRASE_FILE=" + filepath.Join(d.in, "passphrase"), envKill + "=0"}, env...)
	return cmd
}

// said is what a command that ended said.
type said struct {
	exit     int // -1: killed
	out, err string
}

func (d *desk) run(stdin string, env []string, args ...string) said {
	d.t.Helper()
	cmd := d.command(env, args...)
	var out, told bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &told
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	d.commands++
	d.tellings.Write(told.Bytes())
	return said{cmd.ProcessState.ExitCode(), out.String(), told.String()}
}

// answer runs a command that ends with that exit code, and reads its answer into v.
func (d *desk) answer(v any, exit int, stdin string, args ...string) {
	d.t.Helper()
	s := d.run(stdin, nil, append([]string{"--json"}, args...)...)
	if s.exit != exit {
		d.t.Fatalf("%v: exit code %d: %s%s", args, s.exit, s.out, s.err)
	}
	if v != nil {
		must(d.t, json.Unmarshal([]byte(s.out), v))
	}
}

// world opens the simulated services of the desk.
func (d *desk) world(do func(*world.World) error) {
	d.t.Helper()
	w, err := world.Open(d.path("data/world.db"), rand.NewPCG(d.rng.Uint64(), d.rng.Uint64()))
	must(d.t, err)
	must(d.t, errors.Join(do(w), w.Close()))
}

func (d *desk) plan(faults ...world.Fault) {
	d.t.Helper()
	d.world(func(w *world.World) error { return w.SetPlan(faults, time.Now()) })
}

// numbered is the national number that begins with these nine digits: birth date (of the 20th century) and day counter.
func numbered(nine string) string {
	n, err := strconv.Atoi(nine)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%s%02d", nine, 97-n%97)
}

// plainPractice and plainOrder (id, national number, name) hold markers only where they are put.
const (
	plainPractice = `{"prescriber": {"first_name": "Anne", "last_name": "Exemple", "nihii": "19999915004", "ssin": "79021802145", "qualification": "médecin généraliste"},
 "address": {"street": "Rue de la Démonstration", "number": "1", "zip": "5000", "city": "Namur"}, "phone": "081 00 00 00", "email": "demo@example.org", "region_language": "fr"}`
	plainOrder = `{"id": %q, "patient": {"ssin": %q, "first_name": "Marie", "last_name": %q, "birth_date": "1985-07-30", "sex": "female", "language": "fr"},
 "lines": [{"kind": "package", "cnk": "0318717", "quantity": 1, "posology": {"dose": "1", "unit": "capsule", "times_per_day": 3, "duration_days": 5}}]}`
)

var down = world.Fault{Service: "recipe", Kind: world.RefuseConnect}

func (d *desk) newID() string {
	id, err := rx.NewID(time.Now(), stream{d.rng})
	must(d.t, err)
	return string(id)
}
