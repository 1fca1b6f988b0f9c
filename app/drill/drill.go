// Package drill plays an outage of half a day in a practice, from the first patient to
// the morning after, in virtual time and from a seed: journeys 1 to 4.
//
// It owns the people of that day (a doctor who decides and answers truthfully, patients,
// a pharmacist) and the judgement at its end. All that Relais does is done by the real
// use cases and the real engine behind the port Practice.
//
// The services are simulated without their protocol: connections know no virtual time
// outside of tests, and a seed would cost the cryptography of some hundred calls.
//
// Contract: the same seed on the same practice gives the same report and the same
// documents, byte by byte. Duplicates and losses are judged from what the simulated
// server holds and from the sheets that patients carried out, never from Relais' tables.
//
// Failure modes: an error of a use case that the doctor of the day should not have met
// ends the drill with that error.
package drill

import (
	"context"
	"math/rand/v2"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// Practice is a practice with its simulated services under a virtual clock. Its patients
// and its medicines are invented.
type Practice interface {
	Service() *prescribing.Service
	Now() time.Time

	// Pass lets time pass: the engine works, answers come, or do not.
	Pass(ctx context.Context, d time.Duration) error

	// Break lets calls fail in these ways from now on, instead of the ways before.
	Break(faults []Fault) error

	// Held is what the server holds now: ground truth.
	Held() ([]Held, error)

	// Deliver is a pharmacist's hand.
	Deliver(rid rx.RID) error
}

// Fault is a way in which calls to a service fail, as a fault plan has it.
type Fault struct {
	Service   rx.Service
	Operation rx.Op // "" all
	Kind      string
	After     int // calls to let pass first
	Count     int // 0: without end
}

// Held is one record at the server.
type Held struct {
	Local       rx.ID
	RID         rx.RID
	Deliverable bool // a pharmacist can deliver it now
	Delivered   bool // a pharmacist has delivered it
}

// Report is what came of a drill.
type Report struct {
	Seed                                                                  uint64
	Issued, Confirmed, Paper, Refused, Withdrawn, Revoked, Unknown, Waits int // prescriptions, by how they ended
	DutiesOpen                                                            int
	Duplicates, Lost                                                      int // from ground truth
	Patients                                                              []rx.Patient
	Documents                                                             []Document
	Timeline                                                              []Line
}

// Document is a PDF that was made.
type Document struct {
	Name string // 1123-0942-paper-3.pdf: day and time, what, the how many-th
	PDF  []byte
}

// Line is one line of the day: an event of a prescription. Its issue has no kind.
type Line struct {
	Prescription rx.ID
	rx.Happening
}

// Run plays the day of a seed.
func Run(ctx context.Context, p Practice, seed uint64) (Report, error) {
	d := &day{
		Practice: p, ctx: ctx, s: p.Service(), rng: rand.New(rand.NewPCG(seed, 0x6472696c6c)),
		report: Report{Seed: seed}, lines: map[rx.ID]*line{},
	}
	if err := d.play(); err != nil {
		return d.report, err
	}
	return d.report, d.judge()
}
