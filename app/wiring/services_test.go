package wiring

import (
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/outbox"
)

// A service that answers and does not do what was asked is reached, with the class of its answer until it does.
// A page that a portal or a proxy gives in its place does not make it reached, though it has a date.
func TestAnswerWithoutWhatWasAsked(t *testing.T) {
	s := services{told: func() {}}
	at := time.Date(2026, 11, 22, 9, 40, 0, 0, time.UTC)
	for i, c := range []struct {
		told, reached bool
		why           string
		failures      int
	}{{true, true, "key-refused", 0}, {true, true, "", 0}, {false, false, "timeout", 1}, {true, false, "http-302", 2}, {true, false, "foreign", 3}, {true, true, "", 0}} {
		s.observe(outbox.Observation{Service: rx.KGSS, At: at.Add(time.Duration(i) * time.Second), Reached: c.told, Why: c.why})
		if k := s.all()[1]; k.Service != rx.KGSS || k.Reached != c.reached || k.Why != c.why || k.Failures != c.failures {
			t.Errorf("%d: %+v", i, k)
		}
	}
}
