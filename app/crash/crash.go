// Package crash ends the program when a part of it panics, without telling anything of a patient.
//
// Go prints the value of a panic, and with each function its arguments: both may hold a name, a number or a key. Here only
// the type of the value is told, and functions with their files and lines. Every goroutine of ours begins with
//
//	defer crash.Guard()
//
// (test/secrets finds those that do not). The program is not carried on: what panicked may have left anything half done in
// memory, and on disk everything is as durable as after a kill: the transaction under way never was, the system gives back
// the locks, and what was on the wire is looked for at the next start.
//
// Contract: Guard ends the process with the exit code Exit, which no command gives otherwise, after one short report on the
// standard error. It needs nothing of the program but this package.
//
// Failure modes: what the runtime itself ends (a concurrent write to a map, no memory), and panics of goroutines that
// libraries start, do not come by here; Quiet keeps the arguments of functions out of those.
package crash

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

// Exit is the exit code of a program that broke: EX_SOFTWARE of sysexits(3). Go's own would be 2, which means a wrong command line.
const Exit = 70

// told is for the person, in the four languages: a program that broke is not asked which one.
const told = `relais: Relais s'est arrêté à cause d'une erreur interne. Ce qui était enregistré le reste : relancez-le et regardez « À traiter ».
relais: Relais is gestopt door een interne fout. Wat bewaard was, blijft bewaard: start opnieuw en kijk bij ‘Te behandelen’.
relais: Relais wurde durch einen internen Fehler beendet. Gespeichertes bleibt gespeichert: Starten Sie neu und sehen Sie unter „Zu behandeln“ nach.
relais: Relais stopped because of an internal fault. What was saved stays saved: start it again and look at “To treat”.
`

var ending sync.Mutex // of several goroutines that panic one reports

// Guard, deferred, ends the program if this goroutine panics.
func Guard() {
	if value := recover(); value != nil {
		ending.Lock()
		report(os.Stderr, value)
		os.Exit(Exit)
	}
}

// Quiet keeps the stacks that Go prints by itself, with their arguments, out of what the runtime ends. GOTRACEBACK in the
// environment brings them back.
func Quiet() { debug.SetTraceback("none") }

// report writes what broke where; the stack is that of the panic while the function that recovered from it runs.
func report(w io.Writer, value any) {
	var b strings.Builder
	b.WriteString(told)
	fmt.Fprintf(&b, "  [panic %T, %s]\n", value, build())
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)]) // without Callers, report and Guard
	for more := true; more; {
		var f runtime.Frame
		if f, more = frames.Next(); f.Function != "" {
			fmt.Fprintf(&b, "  [%s %s:%d]\n", f.Function, filepath.Base(f.File), f.Line)
		}
	}
	_, _ = io.WriteString(w, b.String()) // nobody is left to be told
}

// build is what was built, for whoever looks up the lines.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return runtime.Version()
	}
	about := []string{info.Main.Version, info.GoVersion, runtime.GOOS + "/" + runtime.GOARCH}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			about = append(about, s.Value)
		}
	}
	return strings.Join(about, " ")
}
