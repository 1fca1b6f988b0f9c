//go:build unix

// Package script plays the journeys as readable script files (testdata/*.txtar), each
// command a process of its own, and the faults between them: kills, second processes,
// damaged and copied directories. The binary is the real command line without a window.
//
// Beside testscript's own commands and relais itself the scripts know those of
// commands_test.go. Each script begins with a passphrase, a practice file, an order file
// and two profiles with short waits, and without a data directory.
package script

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"relais/app/cli"
	"relais/sync/simulator/simtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"relais": func() {
			sys := cli.Here()
			sys.Keys = simtest.Keys
			os.Exit(sys.Main())
		},
		"fetch": fetch,
	})
}

// files are there at the start of each script.
var files = map[string]string{
	"passphrase": "une phrase d'essai\n",
	"practice.json": `{"prescriber": {"first_name": "Anne", "last_name": "Exemple", "nihii": "19999915004", "ssin": "79021802145", "qualification": "médecin généraliste"},
 "address": {"street": "Rue de la Démonstration", "number": "1", "zip": "5000", "city": "Namur"}, "phone": "081 00 00 00", "email": "demo@example.org",
 "region_language": "fr", "prescriber_64": false}`,
	"order.json": `{"id": "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11",
 "patient": {"ssin": "85073003427", "first_name": "Marie", "last_name": "Dupont", "birth_date": "1985-07-30", "sex": "female", "language": "fr"},
 "lines": [{"kind": "package", "cnk": "0318717", "quantity": 1, "posology": {"dose": "1", "unit": "capsule", "times_per_day": 3, "duration_days": 5}}]}`,
	// The passphrase of a custom directory is slow to derive, so most scripts use the
	// simulated profile; those in which an answer is missing need short waits.
	"short.json": `{"name": "script", "services": "simulated", "waits": {"answer": "300ms", "call": "2s", "timestamp": "3s", "processing": "1s", "between": "500ms",
 "look_again": "100ms", "retry": "100ms", "backoff": "500ms", "pace": "10ms", "status": "1s"}}`,
	// What waited for some seconds is asked about, and soon what nobody can decide.
	"asking.json": `{"name": "asking", "services": "simulated", "waits": {"answer": "300ms", "call": "2s", "timestamp": "3s", "processing": "10ms", "between": "10ms",
 "look_again": "50ms", "retry": "100ms", "backoff": "300ms", "pace": "10ms", "late": "5s", "silent": "5500ms", "ask": "100ms"}}`,
}

func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("separate processes, some of which must be in time: the long form")
	}
	security, err := filepath.Abs("../../sync/ehealth")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("VECTORS", filepath.Join(security, "etee", "testdata", "vectors"))
			e.Setenv("SOAP_VECTORS", filepath.Join(security, "soap", "testdata", "vectors"))
			e.Setenv("RELAIS_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("RELAIS_MARKS", filepath.Join(e.WorkDir, "marks"))
			e.Setenv("RELAIS_PASSPHRASE_FILE", filepath.Join(e.WorkDir, "passphrase"))
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), []byte(content), 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: commands,
	})
}
