//go:build unix

package kill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/simulator/world"
)

// player kills commands and judges what is left.
type player struct {
	t     *testing.T
	rng   *rand.Rand
	steps map[string]int // of each journey's command, when it is not killed

	killed, survived          int
	patients, records, sheets int
	hit                       map[string]bool // steps at which a command was killed
	serial                    int
}

// kill is a journey to be cut at a step; 0: at a random moment.
type kill struct {
	journey
	at int
}

// patient is one patient with one order, and what the doctor has in hand.
type patient struct {
	journey string
	ssin    rx.SSIN
	order   string // file
	sheet   string // file: when it is there, the sheet is in the doctor's hand, or the patient's
	orderID string
	id      string // of the prescription, once it is known
	wanted  int
}

// directory is a data directory with its patients.
type directory struct {
	p        *player
	root     string
	patients []*patient
}

func (p *player) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

const practice = `{"prescriber": {"first_name": "Anne", "last_name": "Exemple", "nihii": "19999915004", "ssin": "79021802145", "qualification": "médecin généraliste"},
 "address": {"street": "Rue de la Démonstration", "number": "1", "zip": "5000", "city": "Namur"}, "phone": "081 00 00 00", "email": "demo@example.org",
 "region_language": "fr"}`

// Short waits, so that absence is proven within seconds.
const profile = `{"name": "kill", "services": "simulated", "waits": {"answer": "300ms", "call": "1500ms", "timestamp": "2s", "processing": "500ms", "between": "200ms",
 "look_again": "50ms", "retry": "100ms", "backoff": "400ms", "pace": "1ms", "status": "2s"}}`

func (p *player) directory() *directory {
	d := &directory{p: p, root: p.t.TempDir()}
	for name, content := range map[string]string{"practice.json": practice, "kill.json": profile, "passphrase": "une phrase d'essai\n"} {
		p.must(os.WriteFile(filepath.Join(d.root, name), []byte(content), 0o600))
	}
	if code := d.run("init", "--practice", d.path("practice.json"), "--profile", d.path("kill.json")); code != 0 {
		p.t.Fatalf("init: exit code %d", code)
	}
	d.world(func(w *world.World) error { return w.Set(world.Settings{Latency: 15 * time.Millisecond}) })
	return d
}

func (d *directory) path(name string) string { return filepath.Join(d.root, name) }

// patient is a new one, whose number nobody else here has, with an order file.
func (d *directory) patient(j journey) *patient {
	d.p.serial++
	first := fmt.Sprintf("%02d0101%03d", 40+d.p.serial/400%50, 998-2*(d.p.serial%400))
	n, err := strconv.Atoi(first)
	d.p.must(err)
	id, err := rx.NewID(time.Now(), entropy{d.p.rng})
	d.p.must(err)
	p := &patient{journey: j.name, ssin: rx.SSIN(fmt.Sprintf("%s%02d", first, 97-n%97)), orderID: string(id), wanted: j.wanted,
		order: d.path(string(id) + ".json"), sheet: d.path(string(id) + ".pdf")}
	d.p.must(os.WriteFile(p.order, fmt.Appendf(nil, `{"id": %q, "patient": {"ssin": %q, "first_name": "Fictif", "last_name": "Exemple%d", "birth_date": "19%s-01-01", "sex": "female", "language": "fr"},
 "lines": [{"kind": "package", "cnk": "0318717", "quantity": 1, "posology": {"dose": "1", "unit": "capsule", "times_per_day": 3, "duration_days": 5}}]}`,
		p.orderID, string(p.ssin), d.p.serial, first[:2]), 0o600))
	d.patients = append(d.patients, p)
	d.p.patients++
	return p
}

type entropy struct{ rng *rand.Rand }

func (e entropy) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e.rng.Uint32())
	}
	return len(b), nil
}

func (d *directory) command(at int, trace string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{"--json"}, args...)...)
	cmd.Env = []string{"HOME=" + d.root, "RELAIS_DATA=" + d.path("data"), "RELAIS_MARKS=" + d.path("marks"), "RELAIS_PASSPHRASE_FILE=" + d.path("passphrase"),
		"TMPDIR=" + os.TempDir(), envAt + "=" + strconv.Itoa(at), envTrace + "=" + trace}
	return cmd
}

// run runs a command to its end and gives its exit code; what it printed is kept.
func (d *directory) run(args ...string) int {
	code, _ := d.output(args...)
	return code
}

func (d *directory) output(args ...string) (int, []byte) {
	cmd := d.command(0, "", args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.p.t.Fatal(err)
	}
	if strings.Contains(said.String(), "[") || cmd.ProcessState.ExitCode() == 2 { // a fault of the program, or a command that does not exist
		d.p.t.Errorf("%v: %s", args, said.String())
	}
	return cmd.ProcessState.ExitCode(), out.Bytes()
}

// read runs a command that must succeed, and reads its answer.
func (d *directory) read(into any, args ...string) {
	d.p.t.Helper()
	code, out := d.output(args...)
	if code != 0 {
		d.p.t.Fatalf("%v: exit code %d: %s", args, code, out)
	}
	d.p.must(json.Unmarshal(out, into))
}

type listing struct {
	Prescriptions []struct{ ID, Order, State string }
}

func (d *directory) list() (l listing) {
	d.read(&l, "list")
	return l
}

// idOf is the prescription of the patient's order, "" when there is none.
func (d *directory) idOf(p *patient) string {
	for _, q := range d.list().Prescriptions {
		if q.Order == p.orderID {
			return q.ID
		}
	}
	return ""
}

func (d *directory) stateOf(p *patient) string {
	for _, q := range d.list().Prescriptions {
		if q.Order == p.orderID {
			return q.State
		}
	}
	return ""
}

// world opens the simulated server's own file.
func (d *directory) world(do func(*world.World) error) {
	w, err := world.Open(d.path("data/world.db"), rand.NewPCG(d.p.rng.Uint64(), d.p.rng.Uint64()))
	d.p.must(err)
	d.p.must(errors.Join(do(w), w.Close()))
}

func (d *directory) plan(faults []world.Fault) {
	d.world(func(w *world.World) error {
		w.Behind() // the protocol plays it
		return w.SetPlan(faults, time.Now())
	})
}

// measure plays a journey whole and counts the steps of its command.
func (p *player) measure(j journey) int {
	d := p.directory()
	patient := d.patient(j)
	if j.before != nil {
		j.before(d, patient)
	}
	d.plan(j.faults)
	trace := d.path("trace")
	_ = d.command(0, trace, j.args(d, patient)...).Run() // any exit code
	content, err := os.ReadFile(trace)
	p.must(err)
	steps := bytes.Count(content, []byte("\n"))
	if steps < 4 {
		p.t.Fatalf("%s: only %d steps: %s", j.name, steps, content)
	}
	d.end()
	return steps
}

// batch plays kills in one directory, then lets everything end and judges.
func (p *player) batch(kills []kill) {
	d := p.directory()
	for _, k := range kills {
		patient := d.patient(k.journey)
		if k.before != nil {
			k.before(d, patient)
		}
		d.plan(k.faults)
		args := k.args(d, patient)
		d.cut(k, args)
		if p.rng.IntN(3) == 0 { // killed again on the next try
			d.cut(kill{k.journey, 1 + p.rng.IntN(p.steps[k.name])}, args)
		}
		if k.again != nil {
			k.again(d, patient, args)
		} else {
			d.run(args...)
		}
	}
	d.end()
}

// cut starts a command and kills it.
func (d *directory) cut(k kill, args []string) {
	trace := d.path("trace")
	cmd := d.command(k.at, trace, args...)
	d.p.must(cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its state is looked at below
	}()
	moment := time.Hour
	if k.at == 0 {
		moment = time.Duration(d.p.rng.Int64N(int64(900 * time.Millisecond)))
	}
	select {
	case <-ended:
	case <-time.After(moment):
		if err := cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
			d.p.must(err)
		}
		<-ended
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		d.p.survived++
		return
	}
	d.p.killed++
	if d.p.hit == nil {
		d.p.hit = map[string]bool{}
	}
	content, err := os.ReadFile(trace)
	if err == nil {
		d.p.hit[k.name+": "+string(content[bytes.LastIndexByte(bytes.TrimSpace(content), '\n')+1:])] = true
	}
}

// end lets everything end: services are well, the queue drains, the doctor answers.
func (d *directory) end() {
	d.plan(nil)
	for range 8 {
		d.run("send", "--wait", "20s")
		if !d.treat() {
			break
		}
	}
	d.judge()
}

// treat answers all that is asked, truthfully, and tells whether anything was.
func (d *directory) treat() (asked bool) {
	var owed struct {
		Duties []struct {
			ID, Prescription, Kind string
			Outcomes               []string
		}
	}
	d.read(&owed, "settle")
	l := d.list()
	for _, duty := range owed.Duties {
		if len(duty.Outcomes) == 0 {
			continue
		}
		asked = true
		sheet := "nowhere"
		for _, q := range l.Prescriptions {
			for _, p := range d.patients {
				if q.ID == duty.Prescription && q.Order == p.orderID {
					sheet = p.sheet
				}
			}
		}
		_, err := os.Stat(sheet)
		printed := err == nil
		outcome := duty.Outcomes[0]
		switch duty.Kind {
		case "confirm-print":
			switch {
			case printed:
				outcome = "out"
			default: // the sheet that was claimed never came: print it
				d.run("paper", duty.Prescription, "--reason", "outage-recipe", "-o", sheet)
				continue
			}
		case "hand-over":
			if outcome = "destroyed"; printed {
				outcome = "handed"
			}
		case "reconfirm":
			outcome = "send"
		}
		d.run("settle", duty.ID, "--outcome", outcome)
	}
	return asked
}

// judge counts the doors of each patient: what a pharmacist can deliver, and sheets.
func (d *directory) judge() {
	var truth world.Truth
	d.world(func(w *world.World) (err error) {
		truth, err = w.Truth(time.Now())
		return err
	})
	doors := map[rx.SSIN]int{}
	for _, r := range truth.Records {
		d.p.records++
		if r.DeliverableAt(truth.Now) {
			doors[r.Patient]++
		}
	}
	for _, p := range d.patients {
		electronic := doors[p.ssin]
		paper := 0
		if _, err := os.Stat(p.sheet); err == nil {
			paper = 1
			d.p.sheets++
		}
		if electronic+paper != p.wanted {
			_, list := d.output("list")
			d.p.t.Errorf("%s: %d records and %d sheets, wanted %d in all; order %s in\n%s", p.journey, electronic, paper, p.wanted, p.orderID, list)
		}
	}
}
