//go:build linux

package window

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/test/years"
)

// rivals are the program and an empty window with the same fonts, theme and build tags.
func rivals(b *testing.B, s *screen) (ours, empty func() *exec.Cmd) {
	b.Helper()
	name := program(b)
	bare := filepath.Join(s.home, "empty")
	if out, err := exec.Command("go", "build", "-tags", "migrated_fynedo", "-o", bare, "./testdata/empty").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return func() *exec.Cmd { return s.command(name, "--demo") }, func() *exec.Cmd { return s.command(bare) }
}

// BenchmarkStart: from the start of the process to the mapped lock screen, by turns with the empty window (P4: ≤ 1.5 ×).
func BenchmarkStart(b *testing.B) {
	program(b)
	s := newScreen(b, "+extension", "GLX")
	ours, empty := rivals(b, s)
	s.mapped(ours(), "Relais") // makes the directory of the demonstration
	s.mapped(empty(), "Leer")
	for b.Loop() {
		var our, bare []time.Duration
		for range 9 {
			our, bare = append(our, s.mapped(ours(), "Relais")), append(bare, s.mapped(empty(), "Leer"))
		}
		slices.Sort(our)
		slices.Sort(bare)
		b.ReportMetric(our[4].Seconds()*1000, "ms/lock-screen")
		b.ReportMetric(bare[4].Seconds()*1000, "ms/empty-window")
		b.ReportMetric(our[4].Seconds()/bare[4].Seconds(), "ratio")
	}
}

// mapped runs a program until its window is visible, and how long that took.
func (s *screen) mapped(c *exec.Cmd, name string) time.Duration {
	s.t.Helper()
	began := time.Now()
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	until(s.t, 30*time.Second, name, func() bool {
		return s.command("xdotool", "search", "--onlyvisible", "--name", name).Run() == nil
	})
	took := time.Since(began)
	_ = c.Process.Kill()
	_ = c.Wait()
	return took
}

// BenchmarkMemory: resident memory a minute after unlocking a practice of thirty years, and that of the empty window after a
// minute (P4: ≤ 1.5 ×). RELAIS_YEARS names a directory where the practice is, or is written and stays.
func BenchmarkMemory(b *testing.B) {
	program(b)
	root := os.Getenv("RELAIS_YEARS")
	if root == "" {
		root = b.TempDir()
	}
	practice, err := years.Write(context.Background(), root, years.Thirty, 7) // unless it is there
	if err != nil {
		b.Fatal(err)
	}
	s := newScreen(b, "+extension", "GLX")
	ours, empty := rivals(b, s)
	for b.Loop() {
		bare := empty()
		s.start(bare)
		s.shown("Leer", 30*time.Second)
		time.Sleep(time.Minute)
		without := s.resident(bare.Process.Pid)
		_ = bare.Process.Kill()

		our := ours()
		our.Args = append(our.Args[:1], "--data", practice.Paths.Data)
		our.Env = append(our.Env, "RELAIS_MARKS="+practice.Paths.Marks)
		s.start(our)
		s.shown("Relais", 30*time.Second)
		s.rest()
		s.write("fictif-fictief")
		s.press("Return")
		time.Sleep(time.Minute)
		s.keep("thirty-years")
		with := s.resident(our.Process.Pid)
		_ = our.Process.Kill()
		b.ReportMetric(with, "MB/thirty-years")
		b.ReportMetric(without, "MB/empty-window")
		b.ReportMetric(with/without, "ratio")
	}
}

// resident is the memory of a process that is in use, in MB: VmRSS of proc(5).
func (s *screen) resident(pid int) float64 {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kB float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kB); n == 1 {
			return kB / 1024
		}
	}
	s.t.Fatal("no VmRSS")
	return 0
}
