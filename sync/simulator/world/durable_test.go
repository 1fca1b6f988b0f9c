package world

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/app/rx"
)

func reopen(t testing.TB, path string, seed uint64) *World {
	t.Helper()
	w, err := Open(path, rand.NewPCG(seed, 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// pair is one world in memory and one in its file, which must never differ.
type pair struct {
	worlds  [2]*World
	at      time.Time
	rids    []rx.RID
	parcels []*rx.Parcel
	tickets []Ticket
	session string
}

// both performs the same on either and compares what it gives.
func both[T any](t *rapid.T, p *pair, what string, do func(w *World) T) T {
	memory, durable := do(p.worlds[0]), do(p.worlds[1])
	if d := cmp.Diff(memory, durable); d != "" {
		t.Fatalf("%s differs (- in memory, + in the file):\n%s", what, d)
	}
	return memory
}

func code(err error) rx.Code { return rx.CodeOf(err) }

func (p *pair) call(t *rapid.T) rx.Call {
	call := rx.Call{
		Op: rapid.SampledFrom(rx.Ops).Draw(t, "op"), Patient: rapid.SampledFrom([]rx.SSIN{marie, jan}).Draw(t, "patient"),
		Active: rapid.Bool().Draw(t, "active"), Flag: rapid.Bool().Draw(t, "flag"), Reason: "stopped", Text: []byte("text"),
		Vision: rapid.SampledFrom([]rx.Visibility{"", rx.Open, rx.Locked}).Draw(t, "vision"),
	}
	if rapid.Bool().Draw(t, "go on") {
		call.Session = p.session
	}
	if len(p.rids) > 0 {
		call.RID = rapid.SampledFrom(p.rids).Draw(t, "rid")
	}
	if call.Op == rx.OpCreate {
		if len(p.parcels) > 0 && rapid.Bool().Draw(t, "again") {
			call.Parcel = rapid.SampledFrom(p.parcels).Draw(t, "parcel")
			return call
		}
		key := both(t, p, "key", func(w *World) rx.Reply {
			return w.Process(rx.Call{Op: rx.OpNewKey, Patient: call.Patient}, Twist{}, p.at)
		}).Key
		call.Parcel = &rx.Parcel{
			Patient: call.Patient, Type: rapid.SampledFrom([]string{"P0", "P1", "PP"}).Draw(t, "type"), Key: key,
			Expires: rx.DateOf(p.at).AddDays(rapid.IntRange(-1, 2).Draw(t, "days")), Feedback: rapid.Bool().Draw(t, "feedback"),
			Local: rx.LocalIDOf("order", rapid.IntRange(0, 3).Draw(t, "line")), Message: []byte("message"), Signed: p.at, SignedUntil: p.at.Add(time.Minute),
		}
		p.parcels = append(p.parcels, call.Parcel)
	}
	return call
}

func (p *pair) note(r rx.Reply) {
	if r.RID != "" {
		p.rids = append(p.rids, r.RID)
	}
	if r.Session != "" {
		p.session = r.Session
	}
}

func TestMemoryAndFileAnswerAlike(t *testing.T) {
	file := reopen(t, filepath.Join(t.TempDir(), "world.db"), 1).shelf.(*durable)
	if _, err := file.db.Exec("PRAGMA synchronous = OFF"); err != nil { // the logic is the same, the disk is spared
		t.Fatal(err)
	}
	const empty = "DELETE FROM keys; DELETE FROM records; DELETE FROM messages; DELETE FROM wire; DELETE FROM sqlite_sequence; UPDATE control SET body = '{}'"
	rapid.Check(t, func(t *rapid.T) {
		if _, err := file.db.Exec(empty); err != nil {
			t.Fatal(err)
		}
		p := &pair{worlds: [2]*World{New(rand.NewPCG(1, 2)), {shelf: file, src: rand.NewPCG(1, 2)}}, at: monday}
		for _, w := range p.worlds {
			w.Random(Hostile, rand.NewPCG(5, 6))
		}
		rid := func(t *rapid.T) rx.RID {
			if len(p.rids) == 0 {
				return "BEP0ZZZZZZZZ"
			}
			return rapid.SampledFrom(p.rids).Draw(t, "rid")
		}
		t.Repeat(map[string]func(*rapid.T){
			"process": func(t *rapid.T) {
				call := p.call(t)
				twist := Twist{Blind: rapid.Bool().Draw(t, "blind"), Page: rapid.IntRange(0, 2).Draw(t, "page"), Lag: time.Duration(rapid.IntRange(0, 1).Draw(t, "lag")) * LagTime}
				p.note(both(t, p, string(call.Op), func(w *World) rx.Reply { return w.Process(call, twist, p.at) }))
			},
			"send": func(t *rapid.T) {
				call := p.call(t)
				type sent struct {
					Ticket Ticket
					Fate   Fate
					Code   rx.Code
				}
				s := both(t, p, "send", func(w *World) sent {
					ticket, fate, err := w.Send(call, p.at)
					return sent{ticket, fate, code(err)}
				})
				p.tickets = append(p.tickets, s.Ticket)
			},
			"receive": func(t *rapid.T) {
				if len(p.tickets) > 0 {
					ticket := rapid.SampledFrom(p.tickets).Draw(t, "ticket")
					p.note(both(t, p, "receive", func(w *World) rx.Reply { return w.Receive(ticket, p.at) }))
				}
			},
			"wait": func(t *rapid.T) {
				p.at = p.at.Add(time.Duration(rapid.Int64Range(0, int64(14*time.Hour)).Draw(t, "wait")))
			},
			"wait a little": func(t *rapid.T) {
				p.at = p.at.Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "wait")))
			},
			"act": func(t *rapid.T) {
				m, rid := rapid.SampledFrom(Moves).Draw(t, "move"), rid(t)
				both(t, p, "act", func(w *World) rx.Code { return code(w.Act(m, rid, p.at)) })
			},
			"eid": func(t *rapid.T) {
				both(t, p, "open by patient", func(w *World) []rx.RID { opened, _ := w.OpenByPatient(marie, p.at); return opened })
			},
			"feedback": func(t *rapid.T) {
				rid := rid(t)
				both(t, p, "feedback", func(w *World) rx.Code { return code(w.Feedback(rid, []byte("feedback"), p.at)) })
			},
			"store": func(t *rapid.T) {
				f := Foreign{Patient: marie, Content: []byte("other"), Unreadable: rapid.Bool().Draw(t, "unreadable"), Other: rapid.Bool().Draw(t, "other")}
				p.rids = append(p.rids, both(t, p, "store", func(w *World) rx.RID { rid, _ := w.Store(f, p.at); return rid }))
			},
			"plan": func(t *rapid.T) {
				f := Fault{Kind: rapid.SampledFrom(Kinds).Draw(t, "kind"), After: rapid.IntRange(0, 2).Draw(t, "after"), Count: rapid.IntRange(0, 2).Draw(t, "count")}
				both(t, p, "plan", func(w *World) rx.Code { return code(w.SetPlan([]Fault{f}, p.at)) })
			},
			"set": func(t *rapid.T) {
				s := Settings{Offset: time.Duration(rapid.IntRange(-90, 90).Draw(t, "offset")) * time.Second, KeepInProcess: rapid.Bool().Draw(t, "keep"), Page: rapid.IntRange(0, 2).Draw(t, "page")}
				both(t, p, "set", func(w *World) rx.Code { return code(w.Set(s)) })
			},
			"": func(t *rapid.T) {
				both(t, p, "truth", func(w *World) Truth { truth, _ := w.Truth(p.at); return truth })
				both(t, p, "err", func(w *World) rx.Code { return code(w.Err()) })
			},
		})
	})
}

// What was answered is in the file when it is opened again, with plan, counters,
// settings and what is on its way.
func TestFileKeeps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	w := reopen(t, path, 1)
	p := parcelOf(w, 1, monday)
	rid := create(t, w, p, monday)
	late := parcelOf(w, 2, monday)
	if err := w.Set(Settings{Page: 7}); err != nil {
		t.Fatal(err)
	}
	if err := w.SetPlan([]Fault{{Operation: rx.OpCreate, Kind: Late, Count: 1}}, monday); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Send(rx.Call{Op: rx.OpCreate, Parcel: late}, monday); err != nil {
		t.Fatal(err)
	}
	before, err := w.Truth(monday)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	w = reopen(t, path, 2)
	after, err := w.Truth(monday)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, after); d != "" {
		t.Fatal(d)
	}
	if key, patient, err := w.Key(p.Key.ID); err != nil || patient != marie || string(key.Secret) != string(p.Key.Secret) {
		t.Fatalf("the key is another: %v", err)
	}
	if s, err := w.Settings(); err != nil || s.Page != 7 {
		t.Fatalf("%+v, %v", s, err)
	}
	if f := w.Fate(rx.Call{Op: rx.OpCreate}, monday); len(f.Passes) != 1 || f.Passes[0].Process != 0 {
		t.Fatalf("the plan's fault struck again: %+v", f)
	}
	if got := tally(t, w, late.Local, monday.Add(LateTime)).Records; got != 1 {
		t.Fatalf("%d records of what was on its way", got)
	}
	if r, err := w.Record(rid, monday); err != nil || string(r.Content) != "message" {
		t.Fatal(err)
	}
}

// Files that are no world, each refused by its code, and left as they were.
func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		code rx.Code
	}{
		{"no directory", func(t *testing.T, path string) {
			if err := os.Remove(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		}, CodeStorage},
		{"not a database", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("a letter to the pharmacist, of more than a hundred bytes, so that it is long enough for the header of a file"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, CodeStorage},
		{"another program's", func(t *testing.T, path string) { execute(t, path, "CREATE TABLE bread (loaf TEXT)") }, rx.CodeDamaged},
		{"a later version", func(t *testing.T, path string) {
			execute(t, path, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; CREATE TABLE bread (loaf TEXT)", applicationID, schemaVersion+1))
		}, rx.CodeNewer},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data", "world.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			c.make(t, path)
			w, err := Open(path, rand.NewPCG(1, 2))
			if rx.CodeOf(err) != c.code || w != nil {
				t.Fatalf("%v, want %s", err, c.code)
			}
		})
	}
}

func execute(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

// A storage that fails answers as a broken server, does nothing half, and says so.
func TestStorageFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	w := reopen(t, path, 1)
	p := parcelOf(w, 1, monday)
	// The second statement of the create fails: the record, after its RID was drawn.
	if _, err := w.shelf.(*durable).db.Exec("CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'disk full'); END"); err != nil {
		t.Fatal(err)
	}
	if r := w.Process(rx.Call{Op: rx.OpCreate, Parcel: p}, Twist{}, monday); r.Result != rx.Unanswered || r.Why != WhyFailure {
		t.Fatalf("%s %s", r.Result, r.Why)
	}
	if rx.CodeOf(w.Err()) != CodeStorage {
		t.Fatalf("%v", w.Err())
	}
	if _, err := w.Store(Foreign{Patient: marie}, monday); rx.CodeOf(err) != CodeStorage {
		t.Fatalf("%v", err)
	}
	truth, err := w.Truth(monday)
	if err != nil || len(truth.Records) != 0 || len(truth.Keys) != 1 {
		t.Fatalf("%d records, %d keys, %v: something was done by half", len(truth.Records), len(truth.Keys), err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if f := w.Fate(rx.Call{Op: rx.OpCreate}, monday); f.Ends != Refuses {
		t.Fatalf("a closed server took a call: %+v", f)
	}
	if r := (&Client{World: w, Clock: bubble{}}).Do(context.Background(), rx.Call{Op: rx.OpOpen, Patient: marie}); r.Result != rx.Unanswered {
		t.Fatalf("%s", r.Result)
	}
	if _, err := w.Truth(monday); rx.CodeOf(err) != CodeStorage {
		t.Fatalf("the truth of a closed file: %v", err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights are kept otherwise there")
	}
	path := filepath.Join(t.TempDir(), "world.db")
	w := reopen(t, path, 1)
	create(t, w, parcelOf(w, 1, monday), monday)
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(f), info.Mode(), err)
		}
	}
}

// childEnv makes the test binary a caller of the world at that path: see caller.
const childEnv = "WORLD_TEST_PATH"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := caller(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	callers = 4
	each    = 25 // creates of one
)

// caller creates prescriptions at the world in path by Send and prints their
// RIDs, then leaves one more on its way.
func caller(path string) error {
	seed, err := strconv.ParseUint(os.Getenv("WORLD_TEST_SEED"), 10, 64)
	if err != nil {
		return err
	}
	w, err := Open(path, rand.NewPCG(seed, 1))
	if err != nil {
		return err
	}
	send := func(n int, at time.Time) (Ticket, error) {
		key := w.Process(rx.Call{Op: rx.OpNewKey, Patient: marie}, Twist{}, monday).Key
		p := &rx.Parcel{Patient: marie, Type: "P0", Expires: rx.DateOf(monday), Local: rx.LocalIDOf(rx.ID(strconv.FormatUint(seed, 10)), n),
			Message: []byte("message"), Key: key, Signed: at, SignedUntil: at.Add(time.Minute)}
		ticket, _, err := w.Send(rx.Call{Op: rx.OpCreate, Parcel: p}, at)
		return ticket, err
	}
	creates, err := strconv.Atoi(os.Getenv("WORLD_TEST_CREATES"))
	if err != nil {
		return err
	}
	for n := range creates {
		ticket, err := send(n, monday)
		if err != nil {
			return err
		}
		r := w.Receive(ticket, monday)
		switch r.Result {
		case rx.ResultAccepted:
			fmt.Println(string(r.RID))
		case rx.ResultRefused:
			fmt.Println("refused")
		default:
			return fmt.Errorf("%s: %s: %w", r.Result, r.Why, w.Err())
		}
	}
	_, err = send(creates, monday.Add(time.Minute)) // still on its way when we end, without closing
	return err
}

// Several processes that all make the file: one server, one plan, and what a
// process left on its way takes place after its end.
func TestProcessesMeetOneServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	// One process opens it while the others do; the plan is put in force before they call.
	const refusals = 7
	w := reopen(t, path, 99)
	if err := w.SetPlan([]Fault{{Operation: rx.OpCreate, Kind: Inner, Count: refusals}}, monday); err != nil {
		t.Fatal(err)
	}
	rids, refused := map[string]int{}, 0
	for _, line := range runCallers(t, path, each) {
		if line == "refused" {
			refused++
		} else {
			rids[line]++
		}
	}
	if refused != refusals || len(rids) != callers*each-refusals {
		t.Fatalf("%d refused, %d RIDs", refused, len(rids))
	}
	truth, err := w.Truth(monday.Add(time.Hour))
	if err != nil || len(truth.Keys) != callers*(each+1) {
		t.Fatalf("%d keys, %v", len(truth.Keys), err)
	}
	untold := 0
	for _, r := range truth.Records {
		switch rids[string(r.RID)] {
		case 1:
			delete(rids, string(r.RID))
		default:
			untold++
		}
	}
	if len(rids) > 0 || untold != callers {
		t.Fatalf("%d RIDs without a record, %d records left on their way, want %d", len(rids), untold, callers)
	}
}

// The first opening of a file by several processes at once.
func TestProcessesMakeOneFile(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "world.db")
		if lines := runCallers(t, path, 1); len(lines) != callers {
			t.Fatalf("%d answers", len(lines))
		}
	}
}

// runCallers runs the callers at once and gives the lines that they print.
func runCallers(t *testing.T, path string, creates int) (lines []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var outputs []*bufio.Scanner
	var commands []*exec.Cmd
	for i := range callers {
		c := exec.CommandContext(ctx, self)
		c.Env = append(os.Environ(), childEnv+"="+path, "WORLD_TEST_SEED="+strconv.Itoa(i), "WORLD_TEST_CREATES="+strconv.Itoa(creates))
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		commands, outputs = append(commands, c), append(outputs, bufio.NewScanner(out))
	}
	for i, c := range commands {
		for outputs[i].Scan() {
			lines = append(lines, outputs[i].Text())
		}
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}
