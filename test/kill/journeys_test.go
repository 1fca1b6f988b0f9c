//go:build unix

package kill

import (
	"os"

	"relais/sync/simulator/world"
)

// journey is a command that is killed, with what comes before it.
type journey struct {
	name   string
	before func(*directory, *patient)           // ready for the command
	args   func(*directory, *patient) []string  // the command
	faults []world.Fault                        // during the command
	wanted int                                  // doors in the end
	again  func(*directory, *patient, []string) // the caller's next try; nil: the same command
}

var (
	down    = []world.Fault{{Service: "recipe", Kind: world.RefuseConnect}}
	dropped = []world.Fault{{Service: "recipe", Operation: "createPrescription", Kind: world.Drop, Count: 1}}
	lost    = append(dropped[:1:1], world.Fault{Service: "recipe", Operation: "getPrescription", Kind: world.HTTP503})
	hangs   = []world.Fault{{Service: "recipe", Operation: "createPrescription", Kind: world.Hang, Count: 1}}
	twice   = []world.Fault{{Service: "recipe", Operation: "createPrescription", Kind: world.Twice, Count: 1}}
)

func prescribe(_ *directory, p *patient) []string {
	return []string{"prescribe", p.order, "--wait", "4s"}
}

// prescribeIn prescribes while calls fail in these ways.
func prescribeIn(faults []world.Fault) func(*directory, *patient) {
	return func(d *directory, p *patient) {
		d.plan(faults)
		d.run(prescribe(d, p)...)
		p.id = d.idOf(p)
	}
}

// journeys are all ways on which a door is taken or left.
var journeys = []journey{
	{name: "send", args: prescribe, wanted: 1},
	{name: "send, answer dropped", args: prescribe, faults: dropped, wanted: 1},
	{name: "send, swallowed", args: prescribe, faults: hangs, wanted: 1},
	{name: "send, processed twice", args: prescribe, faults: twice, wanted: 1},
	{name: "send late", before: prescribeIn(down), args: func(*directory, *patient) []string { return []string{"send", "--wait", "3s"} }, wanted: 1},
	{name: "straight to paper", wanted: 1, again: printAgain, args: func(d *directory, p *patient) []string {
		return []string{"prescribe", p.order, "--paper", "urgent", "-o", p.sheet}
	}},
	{name: "to paper", before: prescribeIn(down), faults: down, args: toPaper, again: printAgain, wanted: 1},
	{name: "forced paper", before: prescribeIn(lost), faults: lost, args: toPaper, again: printAgain, wanted: 1},
	{name: "revoke", before: prescribeIn(nil), wanted: 0, args: func(_ *directory, p *patient) []string {
		return []string{"revoke", p.id, "--reason", "wrong-medicine", "--wait", "3s"}
	}},
	{name: "revoke, unanswered", before: prescribeIn(lost), faults: lost, wanted: 0, args: func(_ *directory, p *patient) []string {
		return []string{"revoke", p.id, "--reason", "wrong-medicine", "--wait", "1s"}
	}},
	{name: "redo", wanted: 1, before: func(d *directory, p *patient) {
		d.run("prescribe", p.order, "--paper", "urgent", "-o", p.sheet)
		p.id = d.idOf(p)
		d.p.must(os.Remove(p.sheet)) // the doctor holds it, and destroys it
	}, args: func(_ *directory, p *patient) []string { return []string{"redo", p.id, "--wait", "3s"} }},
}

func toPaper(_ *directory, p *patient) []string {
	return []string{"paper", p.id, "--reason", "outage-recipe", "--although-unknown", "-o", p.sheet}
}

// printAgain is what a caller does whose paper command ended: nothing when the sheet is
// there; else it looks whether the order exists, and prints, or asks anew.
func printAgain(d *directory, p *patient, args []string) {
	if _, err := os.Stat(p.sheet); err == nil {
		return
	}
	if p.id = d.idOf(p); p.id == "" || d.stateOf(p) != "paper" {
		d.run(args...)
		return
	}
	d.run("paper", p.id, "--reason", "outage-recipe", "-o", p.sheet)
}
