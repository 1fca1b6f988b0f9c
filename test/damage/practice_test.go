package damage

import (
	"path/filepath"
	"testing"

	"relais/app/rx"
)

// The history has what the ways need: every state, and rows that changed since they were remembered.
func TestThePracticeHasLived(t *testing.T) {
	p, err := newPractice(filepath.Join(t.TempDir(), "a"), seed)
	if err != nil {
		t.Fatal(err)
	}
	states := map[rx.State]int{}
	for _, it := range p.truth[killed].items {
		states[it.State]++
	}
	for _, want := range []rx.State{rx.StateReady, rx.StateUnknown, rx.StateConfirmed, rx.StateRefused, rx.StateWithdrawn, rx.StatePaper, rx.StateRevoked} {
		if states[want] == 0 {
			t.Errorf("none is %v: %v", want, states)
		}
	}
	if len(p.image[killed][filepath.Join(p.dir.Data, "relais.db-wal")]) < 10*frame {
		t.Error("nothing is in the log")
	}
}
