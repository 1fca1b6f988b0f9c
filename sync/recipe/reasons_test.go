package recipe

import (
	"strings"
	"testing"

	"relais/app/rx"
	"relais/sync/recipe/wire"
)

// No word of the program's own stands in a revoke.
func TestReasonsAreWords(t *testing.T) {
	for _, word := range rx.RevokeReasons {
		param, _, err := operations[rx.OpRevoke].param(request{Call: rx.Call{Op: rx.OpRevoke, RID: "BEP012345678", Reason: word}})
		if err != nil {
			t.Fatal(err)
		}
		if said := string(param.(wire.RevokeParam).Reason); strings.Contains(said, word) || strings.Count(said, " / ") != 2 {
			t.Errorf("%s is said as %q", word, said)
		}
	}
}
