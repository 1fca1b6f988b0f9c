//go:build unix

package script

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() {
	commands["simulate"] = simulate   // simulate ARGS…: relais simulate --json ARGS… in the background; its addresses become variables
	commands["interrupt"] = interrupt // interrupt: it ends, with exit code 0
}

// simulators are those that run, by their scripts.
var simulators sync.Map

func simulate(ts *testscript.TestScript, _ bool, args []string) {
	binary, err := exec.LookPath("relais")
	ts.Check(err)
	cmd := exec.Command(binary, append([]string{"simulate", "--json"}, args...)...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), os.Stderr
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill() // ended already when all is well
		_ = cmd.Wait()
	})
	var ends map[string]string
	ts.Check(json.NewDecoder(bufio.NewReader(out)).Decode(&ends))
	for name, value := range ends {
		ts.Setenv(strings.ToUpper(name), value)
	}
	simulators.Store(ts, cmd)
}

func interrupt(ts *testscript.TestScript, _ bool, _ []string) {
	v, ok := simulators.LoadAndDelete(ts)
	need(ts, ok, "interrupt, after simulate")
	cmd := v.(*exec.Cmd)
	ts.Check(cmd.Process.Signal(syscall.SIGINT))
	ts.Check(cmd.Wait())
}

// fetch is a program: fetch METHOD URL [BODY-FILE]. It prints the body of the answer and ends with 0 when its status is 200, else
// with the hundreds of the status.
func fetch() {
	status, err := func() (int, error) {
		var body io.Reader
		if len(os.Args) > 3 {
			f, err := os.Open(os.Args[3])
			if err != nil {
				return 0, err
			}
			defer f.Close()
			body = f
		}
		r, err := http.NewRequest(os.Args[1], os.Args[2], body)
		if err != nil {
			return 0, err
		}
		r.Header.Set("SOAPAction", `""`)
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, err = io.Copy(os.Stdout, resp.Body)
		return resp.StatusCode, err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if status != http.StatusOK {
		os.Exit(status / 100)
	}
	os.Exit(0)
}
