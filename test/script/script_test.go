// Package script plays the journeys as readable script files (testdata/*.txtar), each
// command a process of its own, and the faults between them: kills, second processes,
// damaged and copied directories. The binary is the real command line without a window.
package script

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"relais/app/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"relais": func() { os.Exit(cli.Main(nil)) },
	})
}
