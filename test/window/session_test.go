//go:build linux

// Package window drives the real window on a display without a screen, by keyboard alone, and asks the command line on the
// same directory what came of it: two programs that share nothing but the data.
//
// Contract: it runs where RELAIS_PROGRAM names the program that was built, and is skipped visibly elsewhere: building it
// costs minutes of OpenGL, which no other test pays. RELAIS_PICTURES names a folder for pictures to be looked at.
//
// Failure modes: a window that comes late is waited for up to half a minute; what a key should have brought about is asked
// for until a time that is far beyond what a doctor would bear, so a slow machine fails nothing and a lost key does.
package window

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the program under test.
func program(t testing.TB) string {
	t.Helper()
	name := os.Getenv("RELAIS_PROGRAM")
	if name == "" {
		t.Skip("skipped: RELAIS_PROGRAM does not name a program (make window)")
	}
	name, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// desk is a doctor in front of the window, with the command line beside it.
type desk struct {
	*screen
	program string
	window  *exec.Cmd
}

func open(t *testing.T) *desk {
	d := &desk{program: program(t)}
	d.screen = newScreen(t, "+extension", "GLX")
	d.env = append(d.env, "LANG=fr_BE.UTF-8")
	d.window = d.command("dbus-run-session", "--", d.program, "--demo", "--lang", "fr")
	var said bytes.Buffer
	d.window.Stdout, d.window.Stderr = &said, &said
	d.window.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the session bus and the program on it
	if err := d.window.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.window.ProcessState == nil {
			if t.Failed() {
				d.keep("failed")
			}
			_ = syscall.Kill(-d.window.Process.Pid, syscall.SIGKILL)
			_ = d.window.Wait()
		}
		if t.Failed() {
			t.Logf("the program said:\n%s", said.Bytes())
		}
	})
	d.shown("Relais", 30*time.Second)
	d.rest()
	return d
}

// line is a prescription as the command line lists it.
type line struct {
	ID, State, Door, RID, Order string
	Duties                      []string
}

// ask runs a command beside the window and reads its answer. Exit codes above 0 are answers too.
func (d *desk) ask(into any, args ...string) {
	d.t.Helper()
	c := d.command(d.program, append([]string{"--demo", "--json"}, args...)...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if json.Unmarshal(out, into) != nil {
		d.t.Fatalf("relais %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.Bytes())
	}
}

// lines is every prescription of the directory, by state.
func (d *desk) lines() map[string][]line {
	d.t.Helper()
	var list struct{ Prescriptions []line }
	d.ask(&list, "list")
	states := map[string][]line{}
	for _, l := range list.Prescriptions {
		states[l.State] = append(states[l.State], l)
	}
	return states
}

// owed is how many duties of each kind there are.
func (d *desk) owed() map[string]int {
	d.t.Helper()
	var settle struct{ Duties []struct{ Kind string } }
	d.ask(&settle, "settle")
	kinds := map[string]int{}
	for _, duty := range settle.Duties {
		kinds[duty.Kind]++
	}
	return kinds
}

// faults lets the simulated services fail by a plan; an empty one ends it.
func (d *desk) faults(plan string) {
	d.t.Helper()
	file := filepath.Join(d.home, "plan.json")
	if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.do(d.program, "--demo", "simulate", "plan", file)
}

// A doctor's morning by keyboard: a new patient, three lines, sent, the proof, the patient leaves; an outage, paper;
// it comes back, and what is owed is settled; the window is closed by its keys.
func TestSession(t *testing.T) {
	d := open(t)
	if n := d.colours(); n < 16 {
		t.Fatalf("the lock screen has %d colours: a blank window", n)
	}
	d.keep("1-unlock")
	d.write("fictif-fictief")
	d.press("Return")
	d.rest()
	d.keep("2-unlocked")

	d.press("ctrl+shift+n")
	d.write("Neuf")
	d.press("Tab")
	d.write("Nina")
	d.press("Tab")
	d.write("90010100123")
	d.press("Return")
	for _, line := range [][2]string{{"amo", "1x3x7"}, {"azi", "1x1x3"}, {"par", "1x3x5"}} {
		d.write(line[0])
		d.press("Return")
		d.write(line[1])
		d.press("Return")
	}
	d.keep("3-written")
	d.press("ctrl+Return")
	answered := until(t, 20*time.Second, "three prescriptions with a RID", func() bool { return len(d.lines()["confirmed"]) == 3 })
	d.rest()
	d.keep("4-sent")
	d.press("ctrl+p")
	d.press("ctrl+d")
	d.rest()
	d.keep("5-left")
	for _, l := range d.lines()["confirmed"] {
		if l.RID == "" || l.Door != "electronic" {
			t.Errorf("confirmed without a RID or by another door: %+v", l)
		}
	}

	d.faults(`{"faults": [{"service": "recipe", "kind": "refuse-connect"}]}`)
	d.press("ctrl+n")
	d.write("dup")
	d.press("Return")
	d.write("azi")
	d.press("Return")
	d.write("1x1")
	d.press("Return")
	d.press("ctrl+Return")
	until(t, 20*time.Second, "one that waits", func() bool { return len(d.lines()["ready"]) == 1 })
	time.Sleep(9 * time.Second) // RID or choice is there within eight
	d.keep("6-outage")
	d.press("ctrl+shift+o")
	d.keep("7-paper-asked")
	if n := len(d.lines()["paper"]); n != 0 {
		t.Fatalf("the first key made %d sheets", n)
	}
	d.press("ctrl+shift+y")
	until(t, 20*time.Second, "one on paper", func() bool { return len(d.lines()["paper"]) == 1 })
	d.rest()
	d.keep("8-paper")

	d.press("ctrl+n")
	d.write("neu")
	d.press("Return")
	d.write("par")
	d.press("Return")
	d.write("1x3x5")
	d.press("Return")
	d.press("ctrl+Return")
	until(t, 20*time.Second, "another that waits", func() bool { return len(d.lines()["ready"]) == 1 })

	d.faults(`{"faults": []}`)
	back := until(t, 4*time.Minute, "the waiting one with a RID, by itself", func() bool { return len(d.lines()["confirmed"]) == 4 })
	d.press("ctrl+2")
	d.rest()
	d.keep("9-to-treat")
	for step := 0; len(d.owed()) > 0; step++ {
		if step == 12 {
			t.Fatalf("still owed after %d rounds by keyboard: %v", step, d.owed())
		}
		d.press("Tab", "Tab", "Return")
	}
	d.keep("10-settled")
	states := d.lines()
	if len(states["confirmed"]) != 4 || len(states["paper"]) != 1 || len(states) != 2 {
		t.Errorf("at the end: %v", states)
	}
	t.Logf("from the key to three RIDs that another program reads: %v; from the end of the outage to the RID of what waited: %v", answered, back)

	d.press("alt+F4")
	d.rest()
	if code := closed(t, d.window, 15*time.Second); code != 0 {
		t.Errorf("exit code %d after it was asked to close", code)
	}
}

// Without a display, and on one that cannot draw, the program says so and ends: it never runs unseen.
func TestNoWindow(t *testing.T) {
	name := program(t)
	for _, c := range []struct {
		name string
		env  func(t *testing.T) []string
	}{
		{"no display", func(t *testing.T) []string { return []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")} }},
		{"no OpenGL", func(t *testing.T) []string { return newScreen(t, "-extension", "GLX").env }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := exec.Command(name, "--demo", "--lang", "nl")
			p.Env = c.env(t)
			var said bytes.Buffer
			p.Stdout, p.Stderr = &said, &said
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			if code := closed(t, p, 30*time.Second); code != 1 || !strings.Contains(said.String(), "geeft Relais geen venster") {
				t.Errorf("exit code %d, said:\n%s", code, said.Bytes())
			}
		})
	}
}
