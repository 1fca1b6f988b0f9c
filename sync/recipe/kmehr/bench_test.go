package kmehr

import "testing"

// What an issue pays for the message of one prescription.
func BenchmarkCompose(b *testing.B) {
	f := randomFacts.Example(1)
	for b.Loop() {
		if _, err := (Composer{testSoftware}).Compose(f); err != nil {
			b.Fatal(err)
		}
	}
}
