//go:build linux

package window

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// screen is a display without a screen, with a window manager: what a keyboard and an eye are on a desk.
type screen struct {
	t    testing.TB
	home string // of everything that runs on it
	env  []string
}

// newScreen starts Xvfb with the given arguments. Everything that it starts ends with the test.
func newScreen(t testing.TB, args ...string) *screen {
	t.Helper()
	s := &screen{t: t, home: t.TempDir()}
	for _, dir := range []string{".cache", "run"} {
		if err := os.MkdirAll(filepath.Join(s.home, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	reads, writes, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command("Xvfb", append([]string{"-displayfd", "3", "-screen", "0", "1280x900x24"}, args...)...)
	server.ExtraFiles = []*os.File{writes}
	s.start(server)
	writes.Close()
	number, err := bufio.NewReader(reads).ReadString('\n') // to its end: the server dies of a reader that leaves earlier
	reads.Close()
	if err != nil {
		t.Fatalf("Xvfb gave no display: %v", err)
	}
	s.env = []string{
		"DISPLAY=:" + strings.TrimSpace(number), "HOME=" + s.home, "PATH=" + os.Getenv("PATH"), "TZ=Europe/Brussels", "LIBGL_ALWAYS_SOFTWARE=1",
		"XDG_RUNTIME_DIR=" + filepath.Join(s.home, "run"), "XDG_CACHE_HOME=" + filepath.Join(s.home, ".cache"),
		"XDG_CONFIG_HOME=" + filepath.Join(s.home, ".config"), "XDG_DATA_HOME=" + filepath.Join(s.home, ".local", "share"),
	}
	s.start(s.command("openbox"))
	return s
}

// command is a command on this display.
func (s *screen) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = s.env
	return c
}

// start starts a process that ends with the test.
func (s *screen) start(c *exec.Cmd) {
	s.t.Helper()
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
}

// do runs a command on this display to its end.
func (s *screen) do(name string, args ...string) []byte {
	s.t.Helper()
	c := s.command(name, args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, args[0], err, errs.Bytes())
	}
	return out
}

// shown waits for a visible window of that name and gives it the keyboard.
func (s *screen) shown(name string, within time.Duration) (window string) {
	s.t.Helper()
	until(s.t, within, "a window called "+name, func() bool {
		out, _ := s.command("xdotool", "search", "--onlyvisible", "--name", name).Output()
		window, _, _ = strings.Cut(string(out), "\n")
		return window != ""
	})
	until(s.t, 10*time.Second, "a window manager that gives "+name+" the keyboard", func() bool { // it may have begun later than the program
		return s.command("xdotool", "windowactivate", "--sync", window).Run() == nil
	})
	return window
}

// press presses keys one after the other, in the words of xdotool: Return, ctrl+shift+o.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		s.do("xdotool", "key", "--clearmodifiers", key)
		s.rest()
	}
}

// write types letters and digits.
func (s *screen) write(text string) {
	s.t.Helper()
	s.do("xdotool", "type", "--delay", "30", text)
	s.rest()
}

// rest waits until the picture stands still: two pictures a fifth of a second apart that differ by no more than the
// blinking mark of an entry.
func (s *screen) rest() {
	s.t.Helper()
	last := s.picture()
	until(s.t, 20*time.Second, "a picture that stands still", func() bool {
		time.Sleep(200 * time.Millisecond)
		now := s.picture()
		still := differ(last, now) <= 3*400 // bytes: a mark two points wide, and its shades
		last = now
		return still
	})
}

// picture is what the screen shows, as a portable pixmap.
func (s *screen) picture() []byte { return s.do("import", "-window", "root", "-depth", "8", "ppm:-") }

// keep writes a picture of the screen for whoever looks at it.
func (s *screen) keep(name string) {
	s.t.Helper()
	dir := os.Getenv("RELAIS_PICTURES")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.do("import", "-window", "root", filepath.Join(dir, name+".png"))
}

// colours is how many colours the screen shows.
func (s *screen) colours() int {
	s.t.Helper()
	file := filepath.Join(s.home, "colours.png")
	s.do("import", "-window", "root", file)
	n, err := strconv.Atoi(strings.TrimSpace(string(s.do("identify", "-format", "%k", file))))
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func differ(a, b []byte) int {
	if len(a) != len(b) {
		return max(len(a), len(b))
	}
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// until waits for something that must come.
func until(t testing.TB, within time.Duration, what string, is func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > within {
			t.Fatalf("%s: not within %v", what, within)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return time.Since(began)
}

// closed waits for the end of a process and gives its exit code.
func closed(t testing.TB, c *exec.Cmd, within time.Duration) int {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = c.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return c.ProcessState.ExitCode()
	case <-time.After(within):
		_ = c.Process.Kill()
		<-ended
		t.Fatalf("still running after %v", within)
		return -1
	}
}
