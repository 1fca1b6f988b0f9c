package rx

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

// TestCanonicalBytes pins the canonical form: a message was made from these bytes
// and their sum is kept, so that another spelling of the same facts is a change.
func TestCanonicalBytes(t *testing.T) {
	f := Facts{
		Version: FactsVersion, Prescription: waiting().ID, Order: waiting().Order, Line: 1,
		Issued: time.Date(2026, 11, 23, 9, 40, 0, 0, brussels), KMEHRID: "10000012004.1", LocalID: LocalIDOf(waiting().Order, 1), Language: FR,
		Product: Product{Name: "Produit Inventé <5 mg>"}, PosologyText: "1 gélule", Type: "P0", Medicines: "DEMO-1",
	}
	b, sum, err := f.Canonical()
	if err != nil || sum != sha256.Sum256(b) {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{`{"version":1,"prescription":"0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11"`, `"line":1,"issued":"2026-11-23T09:40:00+01:00"`,
		`"local_id":"b1ac1ce8-790e-8dd5-b838-85a4993412e1"`, `"name":"Produit Inventé \u003c5 mg\u003e"`, `"proof":{"wanted":false}}`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
	const pinned = "16d91b3b4e1da7d359844a1056b0541dfa7541b3271ec489a2123600c2a8d514"
	if got := hex.EncodeToString(sum[:]); got != pinned {
		t.Errorf("sum %s: the canonical form has changed; facts kept before it need a version", got)
	}
}

func TestCanonicalRefuses(t *testing.T) {
	_, sum, err := Facts{Issued: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}.Canonical()
	if CodeOf(err) != CodeInternal || sum != [32]byte{} {
		t.Errorf("a year that JSON cannot write: %v", err)
	}
}

func TestParseFacts(t *testing.T) {
	for in, want := range map[string]Code{
		`{"version":1}`: "", `{"version":0}`: CodeNewer, `{"version":-1}`: CodeNewer, `{"version":2}`: CodeNewer, `{}`: CodeNewer,
		``: CodeDamaged, `{"version":1`: CodeDamaged, `{"version":"1"}`: CodeDamaged, `[]`: CodeDamaged, `{"version":1,"prescription":"x"}`: CodeDamaged,
	} {
		if _, err := ParseFacts([]byte(in)); CodeOf(err) != want {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// TestRedoID pins the derivation: an order that redoes one from before must be the
// same order.
func TestRedoID(t *testing.T) {
	id := waiting().ID
	if got := RedoID(id); got != "ea66ffc9-8642-8e9f-bd34-92fed2f0ea97" || got == RedoID(waiting().Order) || got == LocalIDOf(id, 0) {
		t.Errorf("%s", got)
	}
	if _, err := ParseID(string(RedoID(id))); err != nil {
		t.Error(err)
	}
}
