package sim

import (
	"slices"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/outbox"
)

// keep is a store under the simulation: the ports of the program, and what a machine
// and its owner do to the directory.
type keep interface {
	outbox.Store
	prescribing.Store

	start() error               // what a program does with the directory when it begins
	as(process int)             // which of two processes acts from now on
	end()                       // the program ended, in whatever way
	copy() func(elsewhere bool) // keeps a copy of the directory; puts it back, there or on another disk
	held() *held                // what the directory holds
	marked() int                // the journal's number in the outside mark
}

// held is what a directory holds, for the judge and for those who act at random. It is
// read only for everybody but its store.
type held struct {
	rows    map[rx.ID]*row
	order   []rx.ID // of rows, oldest first
	journal []entry
	touched []rx.ID // written since the invariants were judged last
}

type row struct {
	p       rx.Prescription
	facts   *rx.Facts // frozen
	message []byte    // of the model alone
	sum     [32]byte
}

type entry struct {
	seq      int
	id       rx.ID
	event    rx.Event
	from, to rx.State
}

func newHeld() held { return held{rows: map[rx.ID]*row{}} }

func (h *held) enter(id rx.ID, e rx.Event, from, to rx.State) {
	h.journal = append(h.journal, entry{len(h.journal) + 1, id, e, from, to})
}

// around is what decisions need to know beside the prescription, computed anew.
func (h *held) around(r *row) rx.Around {
	var around rx.Around
	if old, ok := h.rows[r.p.Replaces]; ok {
		around.ReplacedOpen = !rx.Harmless(old.p)
	}
	if r.p.State != rx.StateReady {
		return around
	}
	after := false // what was issued later, whatever the clock said
	for _, id := range h.order {
		o := h.rows[id]
		if id == r.p.ID {
			after = true
		}
		gone := o.p.State == rx.StateWithdrawn || o.p.State == rx.StateRefused || o.p.State == rx.StateLapsed || o.p.State == rx.StateRevoked
		if after && o.p.Patient == r.p.Patient && o.p.Order != r.p.Order && !gone &&
			slices.ContainsFunc(o.facts.Product.Ingredients, func(code string) bool { return slices.Contains(r.facts.Product.Ingredients, code) }) {
			around.Newer = true
		}
	}
	return around
}
