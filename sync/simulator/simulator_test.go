package simulator_test

import "testing"

func TestCreate(t *testing.T) {
	b := newBench(t, pki())
	rid := b.created([]byte("<kmehrmessage/>"))
	d, err := b.sim.Dispense(rid)
	b.must(err)
	if d.Message != "<kmehrmessage/>" || d.Status != "InProcess" {
		t.Errorf("%s %q %v", d.Status, d.Message, d.Errors)
	}
}
