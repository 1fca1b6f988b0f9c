package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

// day is a day being played.
type day struct {
	Practice
	ctx context.Context
	s   *prescribing.Service
	rng *rand.Rand

	agenda []entry
	seq    int
	report Report
	lines  map[rx.ID]*line // by LOCAL id: what people know, beside Relais
	order  []rx.ID         // keys of lines, as they were written
	people []rx.Known
	drugs  []rx.Medicine
}

// line is what the people of the day know of one prescription.
type line struct {
	id     rx.ID
	wanted bool // the doctor did not withdraw, revoke or replace it
	handed int  // sheets that the patient carried out
}

// entry is something that somebody does at a moment.
type entry struct {
	at  time.Time
	seq int
	do  func() error
}

func (d *day) at(t time.Time, do func() error) {
	d.seq++
	e := entry{t, d.seq, do}
	i, _ := slices.BinarySearchFunc(d.agenda, e, func(a, b entry) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.seq - b.seq
	})
	d.agenda = slices.Insert(d.agenda, i, e)
}

func (d *day) in(wait time.Duration, do func() error) { d.at(d.Now().Add(wait), do) }

// upTo, chance and pick draw.
func (d *day) upTo(most time.Duration) time.Duration { return time.Duration(d.rng.Int64N(int64(most))) }
func (d *day) between(a, b time.Duration) time.Duration {
	return a + d.upTo(b-a)
}
func (d *day) chance(oneIn int) bool       { return d.rng.IntN(oneIn) == 0 }
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// play goes through the agenda: the consultations of a morning, the outage in it, the
// review at noon, the pharmacies, and the review of the next morning.
func (d *day) play() (err error) {
	if d.people, err = d.s.FindPatients(d.ctx, ""); err != nil {
		return err
	}
	d.drugs = slices.DeleteFunc(d.s.Medicines.Search("exemple", 0), func(m rx.Medicine) bool { return m.Unit == "" || !d.givenDaily(m) })
	morning := d.Now()
	for at := d.between(time.Minute, 5*time.Minute); at < 4*time.Hour; at += d.between(3*time.Minute, 11*time.Minute) {
		d.at(morning.Add(at), d.visit)
	}
	d.outage(morning)
	d.at(morning.Add(4*time.Hour+30*time.Minute), d.review)
	d.at(morning.Add(9*time.Hour), d.evening)
	next := morning.Add(24 * time.Hour)
	for round := range 6 {
		d.at(next.Add(time.Duration(round)*20*time.Minute), d.review)
	}
	for len(d.agenda) > 0 {
		e := d.agenda[0]
		d.agenda = d.agenda[1:]
		if err := d.Pass(d.ctx, e.at.Sub(d.Now())); err != nil {
			return err
		}
		if err := e.do(); err != nil {
			return err
		}
	}
	return d.Pass(d.ctx, 30*time.Minute)
}

// outages are the ways in which it begins and goes on.
var outages = [][]Fault{
	{{Service: rx.Recipe, Kind: "refuse-connect"}},
	{{Service: rx.Recipe, Kind: "refuse-connect"}, {Service: rx.KGSS, Kind: "refuse-connect"}},
	{{Service: rx.Recipe, Kind: "hang"}},
	{{Service: rx.Recipe, Operation: rx.OpCreate, Kind: "drop-after-processing"}},
	{{Service: rx.Recipe, Operation: rx.OpCreate, Kind: "hang"}, {Service: rx.Recipe, Kind: "slow"}},
	{{Service: rx.KGSS, Kind: "hang"}},
}

// nuisances are what also happens on a good day.
var nuisances = []Fault{
	{Service: rx.Recipe, Operation: rx.OpCreate, Kind: "late-processing", After: 6, Count: 1},
	{Service: rx.Recipe, Operation: rx.OpCreate, Kind: "process-twice", After: 9, Count: 1},
	{Service: rx.Recipe, Operation: rx.OpCreate, Kind: "inner-refusal", After: 3, Count: 1},
	{Service: rx.Recipe, Kind: "list-paged"},
	{Service: rx.Recipe, Kind: "list-lag", Count: 4},
	{Service: rx.Recipe, Kind: "unreadable-candidate", Count: 1},
}

// outage begins with answers that get lost, as outages do, goes on in one of the ways,
// and ends; a second, short one may follow.
func (d *day) outage(morning time.Time) {
	breaks := func(faults []Fault) func() error { return func() error { return d.Break(faults) } }
	fine := []Fault{pick(d.rng, nuisances), pick(d.rng, nuisances)}
	d.at(morning, breaks(fine))
	begin := morning.Add(d.between(40*time.Minute, 90*time.Minute))
	d.at(begin, breaks([]Fault{{Service: rx.Recipe, Operation: rx.OpCreate, Kind: "drop-after-processing"}, pick(d.rng, nuisances)}))
	d.at(begin, d.visit) // the patient in the room when it begins
	begin = begin.Add(d.between(time.Minute, 8*time.Minute))
	d.at(begin, breaks(pick(d.rng, outages)))
	end := begin.Add(d.between(30*time.Minute, 150*time.Minute))
	d.at(end, breaks(fine))
	if d.chance(3) {
		begin = end.Add(d.between(5*time.Minute, 20*time.Minute))
		d.at(begin, breaks(pick(d.rng, outages)))
		d.at(begin.Add(d.between(2*time.Minute, 30*time.Minute)), breaks(fine))
	}
	d.at(morning.Add(5*time.Hour), breaks(nil))
}

// document keeps a PDF; nil is none.
func (d *day) document(kind string, pdf []byte) {
	if pdf != nil {
		name := fmt.Sprintf("%s-%s-%d.pdf", d.Now().Format("0102-1504"), kind, len(d.report.Documents)+1)
		d.report.Documents = append(d.report.Documents, Document{name, pdf})
	}
}
