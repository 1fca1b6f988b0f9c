package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/app/rx"
)

// The test binary runs itself as a second process of the program: childEnv names what it does, its standard input is a place.
const childEnv = "RELAIS_STORE_TEST"

var children = map[string]func(p *place, in childInput, out io.Writer) error{
	"issue": childIssue, "claim": childClaim, "mark": childMark, "write": childWrite, "count": childCount, "engine": childEngine,
}

type childInput struct {
	Dir, Mark string
	Order     rx.ID
	Item      rx.ID
	Seed      int
}

func TestMain(m *testing.M) {
	do := children[os.Getenv(childEnv)]
	if do == nil {
		os.Exit(m.Run())
	}
	var in childInput
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		panic(err)
	}
	p := &place{now: morning, keys: newTestKeys("root", string(testVault), "simulated"), seed: rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, "child", in.Seed, in.Order, in.Item)))}
	p.opts = Options{Dir: in.Dir, Mark: in.Mark, Vault: testVault, Environment: "simulated", Keys: p.keys, Clock: func() time.Time { return p.now }, Rand: p.seed}
	p.t = &inChild{}
	if err := do(p, in, os.Stdout); err != nil {
		fmt.Println("error", rx.CodeOf(err))
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// inChild lets the fixture fail in a process that is no test.
type inChild struct{ testing.TB }

func (*inChild) Helper()           {}
func (*inChild) Cleanup(func())    {}
func (*inChild) Error(args ...any) { panic(fmt.Sprint(args...)) }
func (*inChild) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func (p *place) child(name string, in childInput) *exec.Cmd {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	in.Dir, in.Mark = p.opts.Dir, p.opts.Mark
	text, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	cmd.Stdin = bytes.NewReader(text)
	p.t.Cleanup(func() {
		if cmd.Process != nil && cmd.ProcessState == nil { // the test failed before it ended
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

// race runs the same in several processes, which begin at the same moment as nearly as the system allows, and gives their last words.
func (p *place) race(name string, in childInput) (said []string) {
	p.t.Helper()
	var commands []*exec.Cmd
	var outputs []*bufio.Reader
	for i := range 4 {
		in.Seed = i
		cmd := p.child(name, in)
		out, err := cmd.StdoutPipe()
		if err != nil {
			p.t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			p.t.Fatal(err)
		}
		commands, outputs = append(commands, cmd), append(outputs, bufio.NewReader(out))
	}
	for _, out := range outputs {
		if line, err := out.ReadString('\n'); err != nil || line != "ready\n" {
			p.t.Fatalf("%q %v", line, err)
		}
	}
	p.write(filepath.Join(p.opts.Dir, "go"), "")
	for i, cmd := range commands {
		rest, err := io.ReadAll(outputs[i])
		if err != nil {
			p.t.Fatal(err)
		}
		_ = cmd.Wait() // a refusal ends with 1; what it was stands in its words
		said = append(said, strings.TrimSpace(string(rest)))
	}
	p.remove(filepath.Join(p.opts.Dir, "go"))
	return said
}

// atOnce opens the directory, says so, and waits for the start.
func (p *place) atOnce(out io.Writer) (*DB, error) {
	db, err := Open(ctx, p.opts)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(out, "ready")
	for range 300_000 {
		if _, err := os.Stat(filepath.Join(p.opts.Dir, "go")); err == nil {
			return db, nil
		}
		time.Sleep(100 * time.Microsecond)
	}
	return nil, errCut
}

func childIssue(p *place, in childInput, out io.Writer) error {
	db, err := p.atOnce(out)
	if err != nil {
		return err
	}
	issue := p.order(marie, []string{"a"}, []string{"b"})
	issue.Order, issue.Request = in.Order, []byte("the same")
	for i := range issue.Items {
		issue.Items[i].Prescription.Order, issue.Items[i].Facts.Order = in.Order, in.Order
	}
	got, err := db.Issue(ctx, issue)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, got.Existing, got.Prescriptions[0].ID)
	return db.Close(ctx)
}

func TestProcessesIssueOneOrder(t *testing.T) {
	p := newPlace(t).create()
	for range 3 {
		order := p.newID()
		var made []string
		ids := map[string]bool{}
		for _, said := range p.race("issue", childInput{Order: order}) {
			existing, id, ok := strings.Cut(said, " ")
			if !ok || existing != "true" && existing != "false" {
				t.Fatalf("a process said %q", said)
			}
			if ids[id] = true; existing == "false" {
				made = append(made, id)
			}
		}
		if len(made) != 1 || len(ids) != 1 {
			t.Errorf("made by %d processes, with %d ids", len(made), len(ids))
		}
		db := p.open()
		if items, err := db.List(ctx, rx.Filter{Order: order}); err != nil || len(items) != 2 {
			t.Errorf("%d prescriptions, %v", len(items), err)
		}
		p.close(db)
	}
}

func childClaim(p *place, in childInput, out io.Writer) error {
	db, err := p.atOnce(out)
	if err != nil {
		return err
	}
	_, err = db.Apply(ctx, in.Item, 1, rx.Event{Kind: rx.EventClaimed, At: p.now, Paper: "urgent", Sheet: &rx.Sheet{ID: p.newID()}})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "won")
	return db.Close(ctx)
}

func childMark(p *place, in childInput, out io.Writer) error {
	db, err := p.atOnce(out)
	if err != nil {
		return err
	}
	if in.Seed == 0 { // one wants paper
		_, err = db.Apply(ctx, in.Item, 1, rx.Event{Kind: rx.EventClaimed, At: p.now, Paper: "urgent", Sheet: &rx.Sheet{ID: p.newID()}})
	} else {
		_, _, err = db.Mark(ctx, in.Item, 1, p.now, p.now, p.now.Add(time.Minute))
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "won")
	return db.Close(ctx)
}

func TestProcessesClaimOneDoor(t *testing.T) {
	p := newPlace(t).create()
	for i := range 6 {
		db := p.open()
		out := p.issue(db, 1)
		for range 4 {
			if err := db.AddKey(ctx, out.Patient, marie.SSIN, rx.Key{ID: rx.KeyID(p.newID()), Secret: make([]byte, 16)}); err != nil {
				t.Fatal(err)
			}
		}
		p.close(db)
		said := p.race([]string{"claim", "mark"}[i%2], childInput{Item: out.Prescriptions[0].ID})
		won := 0
		for _, word := range said {
			switch word {
			case "won":
				won++
			case "error conflict":
			default:
				t.Errorf("a process said %q", word)
			}
		}
		db = p.open()
		q := state(t, db, out.Prescriptions[0].ID)
		if won != 1 || q.Version != 2 || len(q.Attempts)+len(q.Sheets) != 1 {
			t.Errorf("%d won: %v, %d attempts, %d sheets", won, q.State, len(q.Attempts), len(q.Sheets))
		}
		if err := db.Verify(ctx); err != nil {
			t.Error(err)
		}
		p.close(db)
	}
}

// childWrite issues and claims without end, and says each order and claim once it is durable.
func childWrite(p *place, in childInput, out io.Writer) error {
	db, err := Open(ctx, p.opts)
	if err != nil {
		return err
	}
	p.now = p.now.Add(time.Duration(in.Seed) * time.Hour)
	for {
		got := p.issue(db, 3)
		fmt.Fprintln(out, "issued", got.Order)
		q := p.claim(db, got.Prescriptions[1].ID)
		fmt.Fprintln(out, "claimed", q.ID)
		if err := db.Outside(ctx); err != nil {
			return err
		}
	}
}

// A process killed at any moment: everything that it said is there, everything that is there is whole, and it is no restore.
func TestKilledProcessLosesNothing(t *testing.T) {
	p := newPlace(t).create()
	rounds := 8
	if os.Getenv("RELAIS_SOAK") != "" {
		rounds = 200
	}
	random := rand.New(rand.NewPCG(3, 4))
	for round := range rounds {
		cmd := p.child("write", childInput{Seed: round + 1})
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatal("the process said nothing")
		}
		said := []string{lines.Text()}
		time.AfterFunc(time.Duration(random.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
			said = append(said, lines.Text())
		}
		_ = cmd.Wait() // killed
		db := p.open()
		for _, line := range said {
			switch word, id, _ := strings.Cut(line, " "); word {
			case "issued":
				if o, err := db.Order(ctx, rx.ID(id)); err != nil || len(o.Prescriptions) != 3 {
					t.Errorf("order: %v", err)
				}
			case "claimed":
				if q := state(t, db, rx.ID(id)); q.State != rx.StatePaper {
					t.Errorf("claimed, but %v", q.State)
				}
			default:
				t.Fatalf("the process said %q", line)
			}
		}
		if err := db.IntegrityCheck(ctx); err != nil {
			t.Error(err)
		}
		if p.generation(db) != 0 {
			t.Error("taken for a copy")
		}
		p.close(db)
	}
}

func childEngine(p *place, _ childInput, out io.Writer) error {
	db, err := Open(ctx, p.opts)
	if err != nil {
		return err
	}
	if _, err := db.TryEngine(); err != nil {
		return err
	}
	if _, err := db.TryWindow(); err != nil {
		return err
	}
	fmt.Fprintln(out, "won")
	return nil // the locks go with the process
}

func TestLocks(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	other := func() string {
		out, _ := p.child("engine", childInput{}).Output() // its words tell
		return strings.TrimSpace(string(out))
	}
	release, err := db.TryEngine()
	if err != nil {
		t.Fatal(err)
	}
	if said := other(); said != "error engine-busy" {
		t.Errorf("a second process: %q", said)
	}
	if _, err := p.open().TryEngine(); rx.CodeOf(err) != rx.CodeEngineBusy {
		t.Errorf("a second one in this process: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	window, err := TryWindow(p.opts.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if said := other(); said != "error window-busy" {
		t.Errorf("a second window: %q", said)
	}
	if err := window(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first process is gone, and its locks with it
		if said := other(); said != "won" {
			t.Errorf("with both locks free: %q", said)
		}
	}
}

// childCount issues orders, with a mark in the trace around each.
func childCount(p *place, _ childInput, _ io.Writer) error {
	db, err := Open(ctx, p.opts)
	if err != nil {
		return err
	}
	for i := range 60 { // long enough for checkpoints in between
		issue := p.order(marie, make([][]string, 1+i%10)...)
		_, _ = os.Stat("/trace/issue")
		if _, err := db.Issue(ctx, issue); err != nil {
			return err
		}
		_, _ = os.Stat("/trace/issued")
		if err := db.Outside(ctx); err != nil {
			return err
		}
	}
	return db.Close(ctx)
}

// P3: an issue is exactly one fsync, counted where it happens, in the calls to the system.
func TestIssueIsOneFsync(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not there to count calls")
	}
	p := newPlace(t).create()
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := p.child("count", childInput{})
	cmd.Args = append([]string{strace, "-f", "-o", trace, "-e", "trace=fsync,fdatasync,sync_file_range,msync,newfstatat,stat,statx"}, cmd.Path)
	cmd.Path = strace
	if out, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "ptrace") {
			t.Skip("strace may not look here")
		}
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	issues, syncs, inside, outside := 0, 0, false, 0
	for _, line := range strings.Split(string(text), "\n") {
		sync := strings.Contains(line, "sync(") || strings.Contains(line, "sync_file_range(")
		switch {
		case strings.Contains(line, "/trace/issued"):
			if inside = false; syncs != 1 {
				t.Errorf("issue %d: %d fsyncs", issues, syncs)
			}
		case strings.Contains(line, "/trace/issue"):
			inside, syncs = true, 0
			issues++
		case sync && inside:
			syncs++
		case sync:
			outside++
		}
	}
	if issues != 60 || outside < 60 {
		t.Errorf("%d issues and %d other fsyncs in the trace", issues, outside)
	}
}
