//go:build unix

package secrets

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite"

	"relais/app/config"
	"relais/app/i18n"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/ui/model"
)

// refused is what must come of a command that cannot be done: exit code 1, and in each language one sentence of its own
// with a next step, nothing of a patient, and no path.
func refused(t *testing.T, s *search, what string, code rx.Code, run func(args ...string) said, args ...string) {
	t.Helper()
	sentences := map[string]bool{}
	for _, lang := range rx.Langs {
		got := run(append([]string{"--json", "--lang", string(lang)}, args...)...)
		var out struct {
			Error struct{ Code, Message, Next string }
		}
		if err := json.Unmarshal([]byte(got.out), &out); err != nil || got.exit != 1 {
			t.Errorf("%s, %s: exit code %d, %v, %s%s", what, lang, got.exit, err, got.out, got.err)
			continue
		}
		want := i18n.Say(lang, rx.Fault(code))[0]
		first, _, _ := strings.Cut(strings.ReplaceAll(want.What, "…", "{"), "{")
		if out.Error.Code != string(code) || !strings.HasPrefix(out.Error.Message, first) || out.Error.Next == "" || code == rx.CodeInternal {
			t.Errorf("%s, %s: %+v, not %s: %s", what, lang, out.Error, code, want.What)
		}
		if lines := strings.Split(strings.TrimSpace(got.err), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], "relais: ") || !strings.HasPrefix(lines[1], "  → ") {
			t.Errorf("%s, %s: %q", what, lang, got.err)
		}
		if hits := s.in([]byte(got.err + got.out)); len(hits) > 0 || strings.Contains(got.err, string(filepath.Separator)+"data") {
			t.Errorf("%s, %s: %v in %s", what, lang, hits, got.err)
		}
		sentences[out.Error.Message+out.Error.Next] = true
	}
	if len(sentences) != len(rx.Langs) {
		t.Errorf("%s: %d sentences in %d languages", what, len(sentences), len(rx.Langs))
	}
}

// Whatever keeps Relais from working is told in one sentence with a next step, in four languages, and nothing is touched.
func TestRefusalsInFourLanguages(t *testing.T) {
	t.Parallel()
	s := coresOnly()
	d := newDesk(t, seeded(t), plainPractice, right)
	order := func() string {
		id := d.newID()
		return d.write(id+".json", fmt.Sprintf(plainOrder, id, numbers[0], cores[0]))
	}
	d.answer(nil, 0, "", "prescribe", order(), "--wait", "9s")
	run := func(args ...string) said { return d.run("", nil, args...) }
	statement := func(text string) {
		t.Helper()
		db, err := sql.Open("sqlite", d.path("data/relais.db"))
		must(t, err)
		_, err = db.Exec(text)
		must(t, err)
		must(t, db.Close())
	}

	// Written by a newer version.
	var version int
	db, err := sql.Open("sqlite", d.path("data/relais.db"))
	must(t, err)
	must(t, db.QueryRow("PRAGMA user_version").Scan(&version))
	must(t, db.Close())
	statement("PRAGMA user_version = 99")
	refused(t, s, "a newer schema", rx.CodeNewer, run, "prescribe", order(), "--wait", "0s")
	statement(fmt.Sprintf("PRAGMA user_version = %d", version))

	// The database of another directory, and of another environment, in this one.
	other := newDesk(t, d.rng, plainPractice, right)
	must(t, os.Rename(d.path("data/relais.db"), d.path("data/kept")))
	content, err := os.ReadFile(other.path("data/relais.db"))
	must(t, err)
	must(t, os.WriteFile(d.path("data/relais.db"), content, 0o600))
	refused(t, s, "another directory's database", rx.CodeDamaged, run, "prescribe", order(), "--wait", "0s")
	must(t, os.Rename(d.path("data/kept"), d.path("data/relais.db")))
	refused(t, s, "a directory that exists", rx.CodeDirectoryExists, run, "init", "--practice", filepath.Join(d.in, "practice.json"))
	refused(t, s, "real work", config.CodeProfileNotReady, func(args ...string) said {
		return d.run("", []string{"RELAIS_DATA=" + d.path("real")}, args...)
	}, "init", "--profile", "production", "--practice", filepath.Join(d.in, "practice.json"))
	refused(t, s, "no directory", rx.CodeNoDirectory, func(args ...string) said { return d.run("", []string{"RELAIS_DATA=" + d.path("nowhere")}, args...) }, "list")
	refused(t, s, "a window where there is none", "no-window", run)

	// A directory that cannot be written. An administrator may write anywhere, whatever a directory says.
	must(t, os.Chmod(d.path("data"), 0o500))
	nobody := func(args ...string) said {
		cmd := d.command(nil, args...)
		if os.Geteuid() == 0 {
			cmd.Args = append([]string{"setpriv", "--bounding-set=-dac_override,-dac_read_search"}, cmd.Args...)
			cmd.Path, cmd.Err = lookPath("setpriv")
		}
		return d.ran(cmd)
	}
	if _, err := lookPath("setpriv"); err == nil || os.Geteuid() != 0 {
		refused(t, s, "a directory that is read-only", rx.CodeReadOnly, nobody, "prescribe", order(), "--wait", "0s")
	}
	must(t, os.Chmod(d.path("data"), 0o700))

	// Another process sends.
	d.plan(down)
	d.answer(nil, 3, "", "prescribe", order(), "--wait", "0s")
	d.plan()
	sender := flock.New(d.path("data/engine.lock"))
	if got, err := sender.TryLock(); err != nil || !got {
		t.Fatalf("engine.lock: %t, %v", got, err)
	}
	for _, lang := range rx.Langs {
		if got := run("--lang", string(lang), "send", "--wait", "300ms"); got.exit != 3 || !strings.Contains(got.out, i18n.Text(lang, "cli.send.elsewhere")) || got.err != "" {
			t.Errorf("a second sender, %s: exit code %d, %s%s", lang, got.exit, got.out, got.err)
		}
	}
	must(t, sender.Unlock())
	d.answer(nil, 0, "", "send", "--wait", "9s")

	// A second window, and a window beside a sender: the lock screen says so, the strip says so, and both in four languages.
	ctx := context.Background()
	dir, err := wiring.At(config.Paths{Data: d.path("data"), Marks: d.path("marks")})
	must(t, err)
	if got, err := sender.TryLock(); err != nil || !got {
		t.Fatalf("engine.lock: %t, %v", got, err)
	}
	house, err := wiring.NewHouse(ctx, dir, false, rx.FR)
	must(t, err)
	desk, err := house.Unlock(ctx, []byte(right))
	must(t, err)
	for deadline := time.Now().Add(time.Minute); rx.CodeOf(desk.Fault()) != rx.CodeEngineBusy; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the window does not tell that another process sends: %v", desk.Fault())
		}
	}
	_, busy := house.Unlock(ctx, []byte(right))
	for _, fault := range []error{busy, desk.Fault()} {
		heard := map[string]bool{}
		for _, lang := range rx.Langs {
			u := model.NewUnlock(&model.Env{Lang: lang, Changed: func() {}, Do: func(work func(context.Context) func()) { work(ctx)() }}, "",
				func(context.Context, []byte) error { return fault })
			u.Try(right, nil)
			notices := u.View().Notices
			said := i18n.Say(lang, fault)[0]
			if len(notices) != 1 || !strings.Contains(notices[0].Text, said.What) || said.Code == rx.CodeInternal || said.Next == "" {
				t.Errorf("%v, %s: %+v", fault, lang, notices)
			}
			heard[said.What+said.Next] = true
		}
		if len(heard) != len(rx.Langs) {
			t.Errorf("%v: %d sentences", fault, len(heard))
		}
	}
	if rx.CodeOf(busy) != rx.CodeWindowBusy {
		t.Errorf("a second window: %v", busy)
	}
	must(t, desk.Close(ctx))
	must(t, sender.Unlock())

	// After all that everything is as it was.
	var a answer
	d.answer(&a, 0, "", "list")
	for _, p := range a.Prescriptions {
		if p.State != "confirmed" {
			t.Errorf("%+v", p)
		}
	}
	if len(a.Prescriptions) != 2 {
		t.Errorf("%d prescriptions instead of 2", len(a.Prescriptions))
	}
	d.answer(nil, 0, "", "verify")
}

func lookPath(name string) (string, error) { return exec.LookPath(name) }

// ran runs a command that was made with command.
func (d *desk) ran(cmd *exec.Cmd) said {
	var out, told strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &told
	if err := cmd.Run(); cmd.ProcessState == nil {
		d.t.Fatal(err)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), told.String()}
}

// On a full disk nothing is called saved that is not, it is told so in four languages, and once there is room the same order
// is prescribed.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	if err := exec.Command("unshare", "-m", "true").Run(); err != nil {
		t.Skipf("no disk of its own can be made here (unshare -m: %v); test/disk and data/store play full disks without", err)
	}
	s := coresOnly()
	d := newDesk(t, seeded(t), plainPractice, right)
	order := d.newID()
	d.write("order.json", fmt.Sprintf(plainOrder, order, numbers[0], cores[0]))
	small := d.path("small")
	must(t, os.Mkdir(small, 0o700))
	// One shell, for the disk lives as long as it; each command's answer goes to files of its number.
	script := `set -u
mount -t tmpfs -o size=4m,mode=700 none "$SMALL" || exit 97
export RELAIS_DATA="$SMALL/data"
"$RELAIS" init --practice "$IN/practice.json" >"$OUT/init" 2>&1 || exit 98
dd if=/dev/zero of="$SMALL/filler" bs=4k count=100000 2>/dev/null
for lang in fr nl de en; do
	"$RELAIS" --json --lang $lang prescribe "$IN/order.json" --wait 0s >"$OUT/$lang.out" 2>"$OUT/$lang.err"; echo $? >"$OUT/$lang.exit"
done
rm "$SMALL/filler"
"$RELAIS" --json list >"$OUT/list"; echo $? >"$OUT/list.exit"
"$RELAIS" --json prescribe "$IN/order.json" --wait 9s >"$OUT/after" 2>"$OUT/after.err"; echo $? >"$OUT/after.exit"
"$RELAIS" --json verify >"$OUT/verify"; echo $? >"$OUT/verify.exit"
`
	cmd := d.command([]string{"SMALL=" + small, "IN=" + d.in, "OUT=" + d.out, "RELAIS=" + os.Args[0], "PATH=" + os.Getenv("PATH")})
	cmd.Args = []string{"unshare", "-m", "sh", "-c", script}
	cmd.Path, cmd.Err = lookPath("unshare")
	if got := d.ran(cmd); got.exit == 97 {
		t.Skip("no disk of its own can be mounted here; test/disk and data/store play full disks without")
	} else if got.exit != 0 {
		t.Fatalf("exit code %d: %s%s", got.exit, got.out, got.err)
	}
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join(d.out, name))
		must(t, err)
		return strings.TrimSpace(string(content))
	}
	refused(t, s, "a full disk", rx.CodeDiskFull, func(args ...string) said {
		exit := 0
		_, err := fmt.Sscan(read(args[2]+".exit"), &exit)
		must(t, err)
		return said{exit, read(args[2] + ".out"), read(args[2] + ".err")}
	})
	var before, after answer
	must(t, json.Unmarshal([]byte(read("list")), &before))
	must(t, json.Unmarshal([]byte(read("after")), &after))
	if read("list.exit") != "0" || len(before.Prescriptions) != 0 {
		t.Errorf("what was refused is kept: %s", read("list"))
	}
	if read("after.exit") != "0" || len(after.Prescriptions) != 1 || after.Prescriptions[0].State != "confirmed" || read("verify.exit") != "0" {
		t.Errorf("with room again: %s%s; verify %s", read("after"), read("after.err"), read("verify"))
	}
}
