package secrets

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal gives a command a terminal of its own, and its other end.
func terminal(t *testing.T, cmd *exec.Cmd) (person *os.File, screen *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { _ = person.Close() })
	must(t, unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	must(t, err)
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { _ = screen.Close() })
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	cmd.ExtraFiles = []*os.File{screen}
	return person, screen
}

// Ctrl-C ends a command wherever it asks for something, says so, and leaves the terminal as it was.
func TestCtrlCEndsAQuestion(t *testing.T) {
	d := newDesk(t, seeded(t), plainPractice, right)
	for _, c := range []struct {
		name   string
		args   []string
		env    []string
		typing bool // at the terminal; else the standard input is waited for
	}{
		{"the passphrase", []string{"--lang", "en", "list"}, []string{"RELAIS_PASSPHRASE_FILE="}, true},
		{"words", []string{"--lang", "en", "patients", "find"}, nil, false},
		{"an order", []string{"--lang", "en", "prescribe", "-"}, nil, false},
	} {
		cmd := d.command(c.env, c.args...)
		person, screen := terminal(t, cmd)
		shown, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
		must(t, err)
		var told bytes.Buffer
		cmd.Stderr = &told
		cmd.Stdin = screen
		must(t, cmd.Start())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = cmd.Wait() // its state is looked at below
		}()
		for deadline := time.Now().Add(time.Minute); c.typing; time.Sleep(10 * time.Millisecond) { // until nothing typed is shown
			asking, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
			must(t, err)
			if asking.Lflag&unix.ECHO == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the passphrase is never asked for")
			}
		}
		if !c.typing {
			time.Sleep(300 * time.Millisecond) // it reads
		}
		_, err = person.Write([]byte{3})
		must(t, err)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			t.Errorf("%s: Ctrl-C does not end it", c.name)
			must(t, cmd.Process.Kill())
			<-ended
			continue
		}
		if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(told.String(), "relais: ") || !strings.Contains(told.String(), "→") {
			t.Errorf("%s: exit code %d, %q", c.name, code, told.String())
		}
		after, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
		must(t, err)
		if after.Lflag != shown.Lflag {
			t.Errorf("%s: the terminal is left with flags %o, not %o", c.name, after.Lflag, shown.Lflag)
		}
	}
}
