package restore

import (
	"slices"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator/world"
)

// settle lets the doctor answer what is asked at the desks, truthfully, until nothing is asked any more.
func (r *run) settle(desks ...*desk) {
	r.plan(fine)
	for range 12 {
		asked := false
		for i, d := range desks {
			if d.isSupplanted() {
				desks[i] = r.again(d)
				asked = true
				break // which supplants the others in its turn
			}
			asked = r.treat(d) || asked
		}
		r.pass(8 * time.Minute)
		if !asked && !slices.ContainsFunc(desks, r.busy) {
			return
		}
	}
	r.broken("it does not come to an end")
}

// again closes a desk and opens it, as its message says.
func (r *run) again(d *desk) *desk {
	r.must(d.close())
	return r.desk(d.dir.Data, d.dir.Marks)
}

// refuses tells that an act met the mark of another copy.
func (d *desk) refuses(err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.supplanted = d.supplanted || rx.CodeOf(err) == rx.CodeOtherCopy
	return rx.CodeOf(err) == rx.CodeOtherCopy
}

func (d *desk) isSupplanted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.supplanted
}

// busy tells that the engine is not done with something that can come to an end: what Recip-e no longer lets us read keeps a look-up undecided until
// the validity is over.
func (r *run) busy(d *desk) bool {
	items, err := d.Service.Store.List(ctx, rx.Filter{Owing: true})
	r.must(err)
	return slices.ContainsFunc(items, func(item rx.Item) bool {
		waits := item.State == rx.StateReady || item.State == rx.StateSending || item.State == rx.StateUnknown || len(d.Service.Owed(item)) > 0
		return waits && !r.unreadable(item.Facts.Patient.SSIN)
	})
}

// unreadable tells that a record of the patient was revoked: Recip-e gives nothing but its status any more.
func (r *run) unreadable(patient rx.SSIN) bool {
	return slices.ContainsFunc(r.truth().Records, func(rec world.Record) bool { return rec.Patient == patient && rec.Status == rx.StatusRevoked })
}

// treat answers what is asked at one desk now.
func (r *run) treat(d *desk) (asked bool) {
	treats, err := d.Service.ToTreat(ctx)
	r.must(err)
	for _, t := range treats {
		if len(t.Outcomes) == 0 {
			continue
		}
		asked = true
		l := r.lifeOf(t.Item)
		o := r.truthful(d, l, t)
		if o == "" {
			continue
		}
		r.note("%s: %s of %s, which is %s: %s", d.name, t.Kind, l.name, t.Item.State, o)
		_, err := d.Service.Settle(ctx, t.ID(), prescribing.Answer{Outcome: o, Paper: "outage-recipe"})
		if code := rx.CodeOf(err); code != rx.CodeNotOwed && !d.refuses(err) { // an answer before closed it
			r.must(err)
		}
		switch {
		case o == rx.ToPaper && err == nil:
			l.drawer = true
		case t.Kind == rx.DutyHandOver && o == rx.WasDestroyed && !l.redone() && l.handed == 0:
			r.redoAgain(d, l, t.Item)
		}
	}
	return asked
}

func (r *run) lifeOf(item rx.Item) *life {
	for _, l := range r.lives {
		if slices.Contains(l.locals, item.LocalID()) {
			return l
		}
	}
	r.broken("a prescription that nobody asked for")
	return nil
}

// redoAgain issues electronically what has no sheet any more.
func (r *run) redoAgain(d *desk, l *life, old rx.Item) {
	r.note("%s: redo %s", d.name, l.name)
	l.locals = append(l.locals, rx.LocalIDOf(rx.RedoID(old.ID), 0))
	if _, err := d.Service.Redo(ctx, old.ID); !d.refuses(err) {
		r.must(err)
	}
}

// truthful is what the doctor answers who looks into the drawer and asks the patient; "": something was done instead.
func (r *run) truthful(d *desk, l *life, t prescribing.Treat) rx.Outcome {
	id, replacement := t.Prescription, t.Item.LocalID() != l.locals[0]
	printAgain := func() rx.Outcome {
		r.note("%s: print %s again", d.name, l.name)
		_, err := d.Service.Paper(ctx, []rx.ID{id}, prescribing.Claim{Reason: "outage-recipe"})
		if d.refuses(err) {
			return ""
		}
		r.must(err)
		l.drawer = true
		return ""
	}
	switch t.Kind {
	case rx.DutyRestored:
		switch {
		case l.handed > 0:
			r.met[paperGiven]++
			return rx.PaperGiven
		case l.redone() && !replacement && r.atServer(l, t.Item.LocalID()) > 0 && r.by(2): // else: no paper was given, which is as true
			r.met[sentElsewhere]++
			return rx.SentElsewhere
		}
		r.met[nothingGiven]++
		return rx.NothingGiven
	case rx.DutyReconfirm:
		switch {
		case l.handed > 0 || r.delivered(l): // the patient has it
			return rx.Withdraw
		case slices.Contains(t.Outcomes, rx.Send) && (r.both || !r.by(4)): // paper beside an original that may still send: see beyond_test.go
			return rx.Send
		}
		return rx.ToPaper
	case rx.DutyConfirmPrint:
		switch {
		case l.handed > 0 || l.drawer:
			if slices.Contains(t.Outcomes, rx.CameOut) {
				return rx.CameOut
			}
			if l.handed == 0 {
				return printAgain()
			}
			return rx.WasDestroyed
		case r.atServer(l, t.Item.LocalID()) > 0:
			return rx.WasDestroyed
		}
		return printAgain()
	case rx.DutyHandOver:
		switch {
		case l.handed > 0:
			return rx.Handed
		case l.drawer && slices.Contains(t.Outcomes, rx.Handed):
			l.drawer = false
			l.handed++
			return rx.Handed
		}
		l.drawer = false
		return rx.WasDestroyed
	case rx.DutyTwinCheck:
		if r.atServer(l, t.Item.LocalID()) > 0 {
			return rx.AlsoThere
		}
		return rx.OnlyHere
	}
	return t.Outcomes[0]
}

// delivered tells that the patient has had it.
func (r *run) delivered(l *life) bool {
	return slices.ContainsFunc(r.truth().Records, func(rec world.Record) bool {
		return slices.Contains(l.locals, rec.Local) && !rec.Delivered.IsZero()
	})
}

// atServer counts what of a life can be had, or was had, electronically; but is left out.
func (r *run) atServer(l *life, but rx.ID) (n int) {
	t := r.truth()
	for local, tally := range t.PerLocal() {
		if slices.Contains(l.locals, local) && local != but {
			n += max(tally.Deliverable, tally.Delivered)
		}
	}
	return n
}

// judge counts the doors of each life.
func (r *run) judge(desks []*desk) {
	t := r.truth()
	for key, n := range t.PerKey() {
		if n.Records > 1 {
			r.broken("%d records bear one key (%d characters)", n.Records, len(key))
		}
	}
	had := map[rx.ID]int{}
	for _, rec := range t.Records {
		r.met[records]++
		if rec.DeliverableAt(t.Now) || !rec.Delivered.IsZero() {
			had[rec.Local]++
		}
	}
	for _, l := range r.lives {
		electronic := 0
		for _, local := range l.locals {
			electronic += had[local]
		}
		r.met[sheets] += l.handed
		if l.redone() {
			r.met[redos]++
		}
		least := 0 // what only the lost copy knew, and never sent, is gone with it
		if slices.ContainsFunc(desks, func(d *desk) bool { _, here := r.item(d, l); return here }) {
			least = 1
		}
		if n := electronic + l.handed; n < least || n > 1 {
			r.broken("%s: %d records and %d sheets", l.name, electronic, l.handed)
		}
	}
	for _, d := range desks {
		r.timelines(d)
		items, err := d.Service.Store.List(ctx, rx.Filter{})
		r.must(err)
		for _, item := range items {
			if item.RestoredOpen() {
				r.broken("%s: a question is still open", d.name)
			}
			if rec := item.AdoptedRecord(); rec != nil && item.State == rx.StateConfirmed {
				if at, err := r.world.Record(rec.RID, time.Now()); err != nil || at.Local != item.LocalID() {
					r.broken("%s: a confirmed one is not at the server", d.name)
				}
			}
		}
	}
}
