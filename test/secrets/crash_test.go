//go:build unix

package secrets

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	randv2 "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/cli"
	"relais/app/config"
	"relais/app/crash"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/data/store"
	"relais/data/vault"
	"relais/sync/outbox"
	"relais/ui/bridge"
)

// What a panic may have in hand.
const (
	unguarded    = "unguarded" // a child that panics as Go does by itself
	victim       = "Zqxpanique"
	victimNumber = "31021790203"
)

// values are what may be panicked with: each tells a patient in a way of its own.
var values = map[string]func(){
	"text":    func() { panic("no dose for " + victim) },
	"error":   func() { panic(fmt.Errorf("patient %s: %w", victim, errors.New(victimNumber))) },
	"patient": func() { panic(&rx.Patient{LastName: victim, SSIN: victimNumber}) },
	"struct":  func() { panic(struct{ Name string }{victim}) },
	"number":  func() { panic(31021790203) },
	"key":     func() { unhashable(map[any]int{}, []string{victim}) },
	"index":   func() { indexed([]byte(victim), 310217) },
	"nil":     func() { var p *rx.Patient; panic(p.LastName) },
	"type":    func() { var v any = victim; panic(v.(rx.Patient)) },
	"nothing": func() { panic(nil) },
}

func unhashable(m map[any]int, key any)          { m[key]++ }
func indexed(text []byte, patient int) (b byte)  { return text[patient] }
func broken(with string, patient rx.SSIN) string { values[with](); return string(patient) }

// hostile ports panic with a patient in hand.
type (
	hostileStore     struct{ prescribing.Store }
	hostileMedicines struct{ prescribing.Medicines }
	hostileComposer  struct{}
	hostilePress     struct{}
	hostileRemote    struct{ with string }
	hostileWork      struct{ outbox.Store }
)

func (hostileStore) Issue(_ context.Context, issue rx.Issue) (rx.Issued, error) {
	panic(fmt.Sprintf("cannot write %s", issue.Patient.LastName+string(issue.Patient.SSIN)))
}
func (hostileMedicines) ByCNK(rx.CNK) (rx.Medicine, bool) { panic(errors.New("for " + victim)) }
func (hostileComposer) Compose(f rx.Facts) ([]byte, error) {
	panic("composing " + f.Patient.LastName + string(f.Patient.SSIN))
}
func (hostilePress) Forms([]rx.Item) (int, error) { return 0, nil }
func (hostilePress) Sheet(items []rx.Item, _ prescribing.On) ([]byte, error) {
	panic(items[0].Facts.Patient.LastName)
}
func (hostilePress) Proof(items []rx.Item) ([]byte, error) { panic(items[0].Facts) }
func (h hostileRemote) Do(_ context.Context, call rx.Call) rx.Reply {
	broken(h.with, call.Patient)
	return rx.Reply{}
}
func (hostileWork) Work(context.Context) ([]rx.Task, error) { panic("work for " + victim) }

// breaks are what a child process breaks with, by the part of the program in which it does.
var breaks = map[string]func(){
	"prescribing and store": func() { issueWith(func(s *prescribing.Service) { s.Store = hostileStore{s.Store} }, prescribing.How{}) },
	"medicines": func() {
		issueWith(func(s *prescribing.Service) { s.Medicines = hostileMedicines{s.Medicines} }, prescribing.How{})
	},
	"composer": func() { issueWith(func(s *prescribing.Service) { s.Composer = hostileComposer{} }, prescribing.How{}) },
	"press": func() {
		issueWith(func(s *prescribing.Service) { s.Press = hostilePress{} }, prescribing.How{Paper: "urgent"})
	},
	"commands": func() {
		os.Exit(int(cli.Run(context.Background(), cli.System{Args: os.Args[1:], Stdin: reader{}, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv})))
	},
	"window, on the screen's goroutine": func() { behindWindow(func(*wiring.Desk) { broken("patient", victimNumber) }) },
	"window, a work of its gate": func() {
		behindWindow(func(*wiring.Desk) {
			gate := bridge.To(func(f func()) { f() })
			gate.Do(func(context.Context) func() { broken("text", victimNumber); return nil })
			gate.Close() // waits for it
			os.Exit(0)
		})
	},
	"window, the feed of changes": func() {
		behindWindow(func(desk *wiring.Desk) {
			_ = desk.Watch(context.Background(), func([]rx.ID) { broken("error", victimNumber) })
		})
	},
}

func init() {
	for with := range values { // in a goroutine of the runner, a call
		breaks["engine's call, "+with] = func() { run(hostileRemote{with}, func(s outbox.Store) outbox.Store { return s }) }
	}
	breaks["engine's store"] = func() { run(hostileRemote{"text"}, func(s outbox.Store) outbox.Store { return hostileWork{s} }) }
}

// reader panics when it is read.
type reader struct{}

func (reader) Read([]byte) (int, error) { panic("typed: " + victim) }

// paths are those of the child's directory.
func paths() config.Paths {
	return config.Paths{Data: os.Getenv(config.EnvData), Marks: os.Getenv(config.EnvMarks)}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "the child could not begin:", err)
		os.Exit(99)
	}
}

// issueWith issues an order through a service with a hostile port.
func issueWith(spoil func(*prescribing.Service), how prescribing.How) {
	ctx := context.Background()
	d, err := wiring.At(paths())
	check(err)
	s, err := d.Open(ctx, []byte(victim))
	check(err)
	spoil(s.Service)
	id, err := rx.NewID(s.Service.Now(), s.Service.Rand)
	check(err)
	_, err = s.Service.Issue(ctx, rx.Request{ID: id, Patient: rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: victim,
		BirthDate: rx.Date{Year: 1985, Month: time.July, Day: 30}, Sex: rx.Female}, Lines: []rx.Line{{Kind: rx.Package, CNK: "0318717", Quantity: 1,
		Posology: rx.Posology{Text: victim}}}}, how)
	check(err)
}

// behindWindow unlocks the directory as the window does.
func behindWindow(act func(*wiring.Desk)) {
	os.Exit(int(cli.Run(context.Background(), cli.System{Args: nil, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Window: func(h *cli.House) error {
			desk, err := h.Unlock(context.Background(), []byte(victim))
			check(err)
			act(desk)
			return nil
		}})))
}

// run runs the engine's runner as wiring does, on a store or services that panic.
func run(remote outbox.Remote, spoil func(outbox.Store) outbox.Store) {
	ctx, p := context.Background(), paths()
	dir := vault.Directory{FS: vault.Files(p.Data), Clock: time.Now}
	v, err := dir.Load()
	check(err)
	keys, err := dir.Unlock(v.Environment(), vault.NewPassphrase([]byte(victim)), rand.Reader)
	check(err)
	db, err := store.Open(ctx, store.Options{Dir: p.Data, Mark: filepath.Join(p.Marks, v.ID().String()+".json"), Vault: rx.ID(v.ID().String()),
		Environment: v.Environment(), Keys: keys, Clock: time.Now, Rand: rand.Reader})
	check(err)
	_, err = db.TryEngine()
	check(err)
	engine := outbox.New(spoil(db), rx.DefaultWaits, randv2.New(randv2.NewPCG(1, 1)), nil)
	check(outbox.NewRunner(engine, remote, time.Now, nil).Run(ctx, nil))
}

// S7, crash reports: whatever panics wherever, the report names no patient, the exit code is that of a program that broke,
// and the directory is as sound and as free as before.
func TestAPanicLeavesNoPatientBehind(t *testing.T) {
	s := newSearch()
	for _, marker := range []string{victim, victimNumber, "31021790203", "310217"} {
		s.add("patient", marker)
	}
	rng := seeded(t)
	d := newDesk(t, rng, plainPractice, victim) // the passphrase as well
	file := d.write("order.json", fmt.Sprintf(plainOrder, d.newID(), numbered("850730998"), victim))
	d.plan(down)
	d.answer(nil, 3, "", "prescribe", file, "--wait", "0s")
	d.plan()
	if got := d.run("", []string{envBreak + "=" + unguarded}); len(s.in([]byte(got.err))) == 0 || got.exit != 2 {
		t.Errorf("without the guard: exit code %d, and nothing is found in %s", got.exit, got.err)
	}
	d.tellings.Reset()
	for _, what := range slices.Sorted(maps.Keys(breaks)) { // the engine before the window, whose engine sends what waits
		args := map[string][]string{"commands": {"patients", "find"}}[what]
		got := d.run("", []string{envBreak + "=" + what}, args...)
		if got.exit != crash.Exit {
			t.Errorf("%s: exit code %d: %s", what, got.exit, got.err)
		}
		for _, hit := range s.in([]byte(got.out + got.err)) {
			t.Errorf("%s: %s in\n%s", what, hit, got.err)
		}
		lines := strings.Split(strings.TrimSpace(got.err), "\n")
		if len(lines) > 40 || !strings.Contains(got.err, "[panic ") || strings.Count(got.err, "relais: ") != 4 || !strings.Contains(got.err, ".go:") ||
			!strings.Contains(got.err, "relais/test/secrets.") || strings.Contains(got.err, "0x") || strings.Contains(got.err, "goroutine") {
			t.Errorf("%s: %d lines:\n%s", what, len(lines), got.err)
		}
	}
	// The next start finds everything as it was, and the locks free.
	var a answer
	d.answer(nil, 0, "", "verify")
	d.answer(&a, 0, "", "send", "--wait", "9s")
	d.answer(&a, 0, "", "list")
	for _, p := range a.Prescriptions {
		if p.State != "confirmed" && p.State != "paper" {
			t.Errorf("%+v", p)
		}
	}
	if f := s.through(t, d.room()...); len(f.hits) > 0 {
		t.Errorf("in files: %v", f.hits)
	}
	if f := d.run("", []string{envBreak + "=window, on the screen's goroutine"}); f.exit != crash.Exit { // the lock of the window as well
		t.Errorf("a window after all that: exit code %d, %s", f.exit, f.err)
	}
	if t.Failed() {
		return
	}
	t.Logf("%d panics in %d kinds of value; %d prescriptions afterwards", len(breaks), len(values), len(a.Prescriptions))
}

// Every goroutine that the program starts begins with crash.Guard (or defers it after what it gives back), and the front
// door does before all else.
func TestEveryGoroutineIsGuarded(t *testing.T) {
	root, guarded := filepath.Join("..", ".."), 0
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path)
		if entry.IsDir() && (rel == "test" || rel == "tools" || strings.HasPrefix(entry.Name(), ".") && rel != ".") {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		functions := map[string]*ast.BlockStmt{} // of this file, by name
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				functions[f.Name.Name] = f.Body
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			g, ok := n.(*ast.GoStmt)
			if !ok {
				return true
			}
			var body *ast.BlockStmt
			switch f := g.Call.Fun.(type) {
			case *ast.FuncLit:
				body = f.Body
			case *ast.Ident:
				body = functions[f.Name]
			case *ast.SelectorExpr:
				body = functions[f.Sel.Name]
			}
			if !guards(body) {
				t.Errorf("%s: a goroutine without `defer crash.Guard()`: its panic would print what it has in hand", fset.Position(g.Pos()))
			} else {
				guarded++
			}
			return true
		})
		if rel == filepath.Join("app", "cli", "cli.go") && !guards(functions["Main"]) {
			t.Error("cli.Main is not guarded")
		}
		return nil
	})
	must(t, err)
	if guarded < 5 {
		t.Errorf("only %d goroutines were found", guarded)
	}
}

// guards tells that a function defers crash.Guard before it does anything.
func guards(body *ast.BlockStmt) bool {
	if body == nil {
		return false
	}
	for _, s := range body.List {
		switch s := s.(type) {
		case *ast.DeferStmt:
			if f, ok := s.Call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Guard" {
				if in, ok := f.X.(*ast.Ident); ok && in.Name == "crash" {
					return true
				}
			}
		case *ast.ExprStmt: // crash.Quiet()
		default:
			return false
		}
	}
	return false
}
