package drill

import (
	"slices"

	"relais/app/rx"
)

// judge counts: doors from what the server holds and what patients carried out, the rest
// as Relais shows it.
func (d *day) judge() error {
	held, err := d.Held()
	if err != nil {
		return err
	}
	doors := map[rx.ID]int{}
	for _, h := range held {
		if h.Deliverable || h.Delivered {
			doors[h.Local]++
		}
	}
	for _, local := range d.order {
		l := d.lines[local]
		n := doors[local] + l.handed
		if n > 1 {
			d.report.Duplicates++
		}
		if l.wanted && n == 0 {
			d.report.Lost++
		}
	}
	return d.count()
}

// count takes the states and the timeline from the practice.
func (d *day) count() error {
	items, err := d.s.Store.List(d.ctx, rx.Filter{})
	if err != nil {
		return err
	}
	r := &d.report
	by := map[rx.State]*int{rx.StateConfirmed: &r.Confirmed, rx.StatePaper: &r.Paper, rx.StateRefused: &r.Refused, rx.StateWithdrawn: &r.Withdrawn,
		rx.StateUnknown: &r.Unknown, rx.StateRevoked: &r.Revoked, rx.StateReady: &r.Waits}
	for _, item := range slices.Backward(items) {
		r.Issued++
		if n := by[item.State]; n != nil {
			*n++
		}
		r.DutiesOpen += len(d.s.Owed(item))
		happenings, err := d.s.Store.Timeline(d.ctx, item.ID)
		if err != nil {
			return err
		}
		r.Timeline = append(r.Timeline, Line{item.ID, rx.Happening{Event: rx.Event{At: item.Issued}, To: rx.StateReady}})
		for _, h := range happenings {
			r.Timeline = append(r.Timeline, Line{item.ID, h})
		}
	}
	slices.SortStableFunc(r.Timeline, func(a, b Line) int {
		if c := a.Event.At.Compare(b.Event.At); c != 0 {
			return c
		}
		return int(a.Seq - b.Seq)
	})
	return nil
}
