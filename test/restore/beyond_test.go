package restore

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator/world"
)

// What is beyond us. Each test says what happens, and fails when it happens no longer: then this page and docs/doors.md
// are to be written anew.

// bubble is a run with one patient, of whom a prescription waits for Recip-e.
func bubble(t *testing.T, do func(r *run, l *life)) {
	t.Parallel()
	root := newRoot(t)
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, 0, root, nil)
		defer r.end()
		l := r.patient("the one")
		r.plan(down)
		r.issue(r.original, l)
		r.pass(time.Minute)
		do(r, l)
	})
}

// snapshot puts directory and outside marks back as they were when the directory was copied: the whole machine.
func (r *run) snapshot(marks map[string][]byte) *desk {
	r.must(r.original.close())
	r.putMarks(marks)
	d := putBack(r)
	if d.restored != 0 {
		r.broken("recognised: a snapshot of the whole machine is not beyond us any more")
	}
	return d
}

// A snapshot of the whole machine takes the mark back with it: nobody here can know. But an engine that begins knows no server's clock, and asks for
// the patient's open list before it sends; there stands our own record, known by its LOCAL id. Also later than ten minutes, when each send is a late one.
func TestSnapshotIsFoundInTheOpenList(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": time.Minute, "later": 12 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *run, l *life) {
				marks := r.original.marks()
				r.take()
				r.plan(fine)
				r.pass(wait)
				d := r.snapshot(marks)
				r.pass(20 * time.Minute)
				item, _ := r.item(d, l)
				if n := r.atServer(l, ""); n != 1 || item.State != rx.StateConfirmed {
					r.broken("%d records, %s", n, item.State)
				}
			})
		})
	}
}

// Where the open list lags behind, it leaves again, under the same key of the same snapshot: whether a second create with one key is refused, Recip-e
// alone decides (our simulated one takes it). The look-up after the fence sees two records with one witness, and the second is revoked. In
// between a pharmacist could deliver both.
func TestSnapshotSendsAgainWhereTheListLags(t *testing.T) {
	bubble(t, func(r *run, l *life) {
		marks := r.original.marks()
		r.take()
		r.plan([]world.Fault{{Service: rx.Recipe, Kind: world.ListLag}})
		for r.atServer(l, "") == 0 {
			r.pass(time.Second)
		}
		r.snapshot(marks)
		r.pass(30 * time.Second)
		if n := r.atServer(l, ""); n != 2 {
			r.broken("%d records after the snapshot was put back, not 2", n)
		}
		for _, n := range r.truth().PerKey() {
			if n.Records != 2 {
				r.broken("a key of the snapshot made %d records, not 2", n.Records)
			}
		}
		r.pass(20 * time.Minute)
		if n := r.atServer(l, ""); n != 1 {
			r.broken("%d records after the look-up, not 1", n)
		}
	})
}

// Of a sheet that was handed over after the snapshot nothing is at the server: what waits is sent as well. On the same day nobody is asked; from
// the next day on, or after four hours, the doctor is.
func TestSnapshotForgetsPaper(t *testing.T) {
	for name, c := range map[string]struct {
		wait  time.Duration
		doors int
	}{"the same morning": {time.Hour, 2}, "the next day": {24 * time.Hour, 1}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *run, l *life) {
				marks := r.original.marks()
				r.take()
				r.print(r.original, l)
				r.hand(r.original, l)
				r.pass(c.wait)
				d := r.snapshot(marks)
				r.plan(fine)
				r.pass(20 * time.Minute)
				if n := r.atServer(l, "") + l.handed; n != c.doors {
					r.broken("%d doors, not %d", n, c.doors)
				}
				if treats, err := d.Service.ToTreat(ctx); err != nil || c.doors == 1 && !slices.ContainsFunc(treats, func(t prescribing.Treat) bool { return t.Kind == rx.DutyReconfirm }) {
					r.broken("nobody is asked, %v", err)
				}
			})
		})
	}
}

// A copy that works beside its original asks. The original finds the copy's mark when it wants to open a door, and opens none until it is opened
// again and asks in its turn.
func TestOriginalBesideItsCopy(t *testing.T) {
	bubble(t, func(r *run, l *life) {
		r.take()
		r.must(r.original.end()) // it sleeps, and sends nothing
		d := r.desk(r.copy, r.original.dir.Marks)
		r.plan(fine)
		r.pass(10 * time.Minute)
		item, _ := r.item(d, l)
		r.answer(d, item.ID, rx.DutyRestored, rx.NothingGiven)
		r.print(d, l)
		r.hand(d, l)
		if l.handed != 1 {
			r.broken("it could not go to paper")
		}
		r.original.work()
		r.pass(20 * time.Minute)
		if n := r.atServer(l, ""); n != 0 {
			r.broken("the original sent %d although the copy gave paper", n)
		}
	})
}
