package outbox_test

import (
	"testing"
	"time"

	"relais/app/rx"
)

// Within 8 seconds a send without an answer counts as unknown; its answer is still
// heard when it comes later.
func TestPromise(t *testing.T) {
	w := story(t)
	id := w.send(marie)
	w.pass(8*time.Second - time.Millisecond)
	w.is(id, rx.StateSending)
	w.pass(time.Millisecond)
	w.is(id, rx.StateUnknown)
	w.pass(40 * time.Second)
	w.end(rx.OpCreate, w.accepted())
	w.is(id, rx.StateConfirmed)
}
