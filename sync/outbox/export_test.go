package outbox

// Kept counts what the engine keeps in memory beside the calls in flight.
func (e *Engine) Kept() int {
	return len(e.plans) + len(e.cleared) + len(e.outOfTurn) + len(e.looks) + len(e.doubts) + len(e.unsettled)
}
