package damage

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"relais/app/rx"
	"relais/app/wiring"
	"relais/sync/simulator/world"
)

// A state that holds a call which cannot be performed starts all the same, and it is told.
func TestSimulateTellsWhatIsSetAside(t *testing.T) {
	state := t.TempDir()
	var told []rx.Code
	how := wiring.Simulating{Listen: "127.0.0.1:0", PKI: filepath.Join(t.TempDir(), "pki"), State: state, Now: time.Now, Failed: func(err error) { told = append(told, rx.CodeOf(err)) }}
	for _, want := range []int{0, 1, 1} {
		s, err := wiring.Simulate(how)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if len(told) != want || want == 1 && told[0] != world.CodeAside {
			t.Fatalf("told: %v", told)
		}
		if want > 0 {
			continue
		}
		db, err := sql.Open("sqlite", filepath.Join(state, "world.db"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`INSERT INTO wire (due, done, body) VALUES (1, 0, '{"Call": 7}')`); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
