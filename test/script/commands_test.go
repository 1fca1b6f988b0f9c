//go:build unix

package script

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"

	"relais/app/config"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/sync/simulator/world"
)

// commands of the scripts beside testscript's own. PATH is a place in the JSON of the
// last standard output: prescriptions.0.state; a last "len" counts.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"code":       code,       // code N CMD ARGS…: the command ends with exit code N
	"get":        get,        // get VAR PATH
	"is":         is,         // is PATH VALUE
	"until":      until,      // until PATH VALUE CMD ARGS…: run it again until it is so, 20 s at most
	"held":       held,       // held N: the server holds N records of ours that a pharmacist can deliver
	"await":      await,      // await N: until it does, 20 s at most
	"latency":    latency,    // latency D: each way to the server takes so long
	"pharmacist": pharmacist, // pharmacist MOVE RID|foreign: the pharmacist's hand, or the patient's
	"elsewhere":  elsewhere,  // elsewhere SSIN [FILE]: other software creates a prescription of the patient, with this content
	"sql":        sqlite,     // sql FILE STATEMENT
	"edit":       edit,       // edit FROM TO OLD NEW [OLD NEW…]: a changed copy of a file
	"nobody":     nobody,     // nobody N CMD ARGS…: as code, but without the rights of an administrator
	"copydir":    copydir,    // copydir FROM TO
	"keep":       keep,       // keep NAME VALUE: the window keeps a setting in the data directory
}

func need(ts *testscript.TestScript, ok bool, usage string) {
	if !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

func exitOf(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

func code(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) > 1, "code N CMD ARGS…")
	if got := strconv.Itoa(exitOf(ts.Exec(args[1], args[2:]...))); got != args[0] {
		ts.Fatalf("exit code %s, not %s", got, args[0])
	}
}

// look is the value at a path, as text.
func look(ts *testscript.TestScript, path string) (string, error) {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &v); err != nil {
		return "", err
	}
	for _, step := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[step]
			if !ok {
				return "", fmt.Errorf("no %q in %s", step, path)
			}
			v = next
		case []any:
			if step == "len" {
				return strconv.Itoa(len(at)), nil
			}
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return "", fmt.Errorf("no %q in %s: %d elements", step, path, len(at))
			}
			v = at[i]
		default:
			return "", fmt.Errorf("no %q in %s", step, path)
		}
	}
	// What never breaks a line is an ordinary space in a script.
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(fmt.Sprint(v)), nil
}

func get(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 2, "get VAR PATH")
	value, err := look(ts, args[1])
	ts.Check(err)
	ts.Setenv(args[0], value)
}

func is(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, len(args) == 2, "is PATH VALUE")
	value, err := look(ts, args[0])
	if neg {
		if err == nil && value == args[1] {
			ts.Fatalf("%s is %q", args[0], value)
		}
		return
	}
	ts.Check(err)
	if value != args[1] {
		ts.Fatalf("%s is %q, not %q", args[0], value, args[1])
	}
}

func until(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) > 2, "until PATH VALUE CMD ARGS…")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		_ = ts.Exec(args[2], args[3:]...) // judged by what it prints
		value, err := look(ts, args[0])
		if err == nil && value == args[1] {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s stays %q (%v), never %q", args[0], value, err, args[1])
		}
	}
}

// openWorld opens the ground truth of a data directory.
func openWorld(ts *testscript.TestScript, data string) *world.World {
	w, err := world.Open(filepath.Join(data, "world.db"), rand.NewPCG(rand.Uint64(), rand.Uint64()))
	ts.Check(err)
	return w
}

// deliverable counts the records of ours that a pharmacist can deliver.
func deliverable(ts *testscript.TestScript) (n int) {
	w := openWorld(ts, ts.MkAbs(ts.Getenv("RELAIS_DATA")))
	defer w.Close()
	truth, err := w.Truth(time.Now())
	ts.Check(err)
	for _, r := range truth.Records {
		if r.DeliverableAt(truth.Now) && !r.Foreign {
			n++
		}
	}
	return n
}

func held(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 1, "held N")
	if n := strconv.Itoa(deliverable(ts)); n != args[0] {
		ts.Fatalf("the server holds %s deliverable records, not %s", n, args[0])
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 1, "await N")
	for deadline := time.Now().Add(time.Minute); strconv.Itoa(deliverable(ts)) != args[0]; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("the server never holds %s deliverable records", args[0])
		}
	}
}

func latency(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 1, "latency D")
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	w := openWorld(ts, ts.MkAbs(ts.Getenv("RELAIS_DATA")))
	defer w.Close()
	ts.Check(w.Set(world.Settings{Latency: d}))
}

func pharmacist(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 2, "pharmacist MOVE RID")
	w := openWorld(ts, ts.MkAbs(ts.Getenv("RELAIS_DATA")))
	defer w.Close()
	rid := rx.RID(args[1])
	if args[1] == "foreign" { // what other software made
		truth, err := w.Truth(time.Now())
		ts.Check(err)
		for _, r := range truth.Records {
			if r.Foreign {
				rid = r.RID
			}
		}
	}
	ts.Check(w.Act(world.Move(args[0]), rid, time.Now()))
}

func elsewhere(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 1 || len(args) == 2, "elsewhere SSIN [FILE]")
	content := "another"
	if len(args) == 2 {
		content = ts.ReadFile(args[1])
	}
	w := openWorld(ts, ts.MkAbs(ts.Getenv("RELAIS_DATA")))
	defer w.Close()
	_, err := w.Store(world.Foreign{Patient: rx.SSIN(args[0]), Content: []byte(content)}, time.Now())
	ts.Check(err)
}

func sqlite(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 2, "sql FILE STATEMENT")
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

func edit(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) >= 4 && len(args)%2 == 0, "edit FROM TO OLD NEW [OLD NEW…]")
	content := ts.ReadFile(args[0])
	for i := 2; i < len(args); i += 2 {
		changed := strings.Replace(content, args[i], args[i+1], 1)
		if changed == content {
			ts.Fatalf("%s does not hold %q", args[0], args[i])
		}
		content = changed
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(content), 0o600))
}

// nobody runs a command with the rights that a directory shows: an administrator may
// write anywhere, whatever they say.
func nobody(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) > 1, "nobody N CMD ARGS…")
	if os.Geteuid() == 0 {
		args = append([]string{args[0], "setpriv", "--bounding-set=-dac_override,-dac_read_search"}, args[1:]...)
	}
	code(ts, false, args)
}

func keep(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 2, "keep NAME VALUE")
	d, err := wiring.At(config.Paths{Data: ts.Getenv("RELAIS_DATA"), Marks: ts.Getenv("RELAIS_MARKS")})
	ts.Check(err)
	s, err := d.Open(context.Background(), []byte(strings.TrimSpace(ts.ReadFile("passphrase"))))
	ts.Check(err)
	ts.Check(errors.Join(s.Service.Store.SetSetting(context.Background(), args[0], []byte(args[1])), s.Close(context.Background())))
}

func copydir(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, len(args) == 2, "copydir FROM TO")
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}
