package simulator

import (
	"encoding/json"

	"relais/app/rx"
	"relais/sync/simulator/world"
)

// A world may hold what came to it through no protocol: other software's prescriptions (world.Store), and those of a Relais
// that spoke to the world itself, with their facts as JSON for a message and keys without a list of readers.

// unsealed tells whether the content of a record lies in the world as it was written: a seal is DER.
func unsealed(r *world.Record) bool {
	const sequence = 0x30
	return r.Foreign || len(r.Content) == 0 || r.Content[0] != sequence
}

// listless tells whether a key was handed out without a list of readers.
func listless(a world.Access) bool { return len(a.Allowed) == 0 && len(a.Excluded) == 0 }

// localOfFacts is the LOCAL id of facts as JSON, "" when they are none. They may still arrive, sealed: an order that was
// waiting keeps the message that it was issued with.
func localOfFacts(message []byte) rx.ID {
	var f rx.Facts
	if json.Unmarshal(message, &f) != nil {
		return ""
	}
	return f.LocalID
}
