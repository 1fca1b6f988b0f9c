package store

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"relais/app/rx"
)

// Bits of the plain column work: why the engine must see a prescription. 0: it need not. They are those of the moment of issue: time alone
// only takes bits away, so nothing that is at work at a later moment is missing in the index.
const (
	workReady    = 1 << iota // waits to be sent, or to lapse
	workSending              // on the wire
	workUnknown              // without an answer
	workLook                 // an attempt is to be looked up
	workLive                 // an attempt may still turn up, on paper or closed
	workRevoke               // a record that must go may still be delivered
	workDelivery             // what is confirmed may still be delivered: its status is read
	workUnread               // a RID rests on an answer alone: whose it is, is to be read, however it ended
)

func work(p rx.Prescription, now time.Time) (bits int64) {
	set := func(bit int64, on bool) {
		if on {
			bits |= bit
		}
	}
	set(workReady, p.State == rx.StateReady && p.Electronic)
	set(workSending, p.State == rx.StateSending)
	set(workUnknown, p.State == rx.StateUnknown)
	set(workLook, rx.ToLook(p, now))
	set(workLive, p.LiveAttempt() != nil)
	for _, r := range p.Records {
		if !r.Foreign.Set() && r.Status.MayBeDelivered() {
			set(workRevoke, p.MustGo(r))
			set(workDelivery, r.Adopted && p.State == rx.StateConfirmed)
		}
		set(workUnread, r.Unread() && !p.Over(now))
	}
	return bits
}

// owesWaiting stands in the plain column owed beside the bits of rx.OwedMask: it waits or is on the wire.
const owesWaiting = 1 << 30

// owesReading stands beside them: a pharmacist's feedback was not seen yet.
const owesReading = 1 << 29

// owed are the duties that the facts alone tell: those that come with time belong to what waits.
func owed(p rx.Prescription) int64 {
	mask := rx.OwedMask(rx.Owed(p, p.Issued, rx.Around{}, rx.DefaultWaits))
	if p.State == rx.StateReady || p.State == rx.StateSending {
		mask |= owesWaiting
	}
	if p.UnreadFeedback() > 0 {
		mask |= owesReading
	}
	return mask
}

// Work lists the prescriptions for which something may be owed to Recip-e, in the order of issue. It reads nothing that is sealed as content.
//
// It is asked at every step of the engine. When nobody has written since it was asked last, in no process, it answers from what it read then;
// the acts that follow read and check their rows again (see Apply).
func (db *DB) Work(ctx context.Context) ([]rx.Task, error) {
	if err := db.refresh(ctx); err != nil {
		return nil, err
	}
	now := db.clock()
	w := &db.worked
	w.Lock()
	defer w.Unlock()
	tasks := make([]rx.Task, 0, len(w.tasks))
	for _, task := range w.tasks {
		if work(task.Prescription, now) == 0 { // its validity has ended since
			continue
		}
		task.Attempts, task.Records, task.Sheets = slices.Clone(task.Attempts), slices.Clone(task.Records), slices.Clone(task.Sheets) // it is kept
		tasks = append(tasks, task)
	}
	return tasks, nil
}

// worked is what Work read last: prescriptions by number, and the tasks, as of a version of the file.
type worked struct {
	sync.Mutex
	items   map[int64]*item
	tasks   []rx.Task // nil: not read, or not all of them
	version int64
}

// refresh reads what is at work, unless nothing was written since. It has the connection that only watches: SQLite counts for each connection
// of its own how often others have written.
func (db *DB) refresh(ctx context.Context) error {
	s, err := db.feed.take(ctx)
	if err != nil {
		return err
	}
	defer db.feed.give(s)
	w := &db.worked
	w.Lock()
	defer w.Unlock()
	return s.snapshot(func() error {
		var version int64
		if _, err := s.one("PRAGMA data_version", nil, &version); err != nil {
			return err
		}
		if w.tasks != nil && version == w.version {
			_, err := db.blind("records.rid", "") // whose keys are gone does not learn what was read before
			return err
		}
		w.tasks = nil
		items, err := db.atWork(s)
		if err != nil {
			return err
		}
		w.tasks, err = db.tasks(ctx, s, items)
		w.version = version
		return err
	})
}

func (db *DB) tasks(ctx context.Context, s *session, items []*item) ([]rx.Task, error) {
	pool, err := db.unused(s)
	if err != nil {
		return nil, err
	}
	numbers := map[string]rx.SSIN{}
	tasks := make([]rx.Task, 0, len(items))
	for _, it := range items {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		task := rx.Task{Prescription: it.p, Keys: pool[it.row.patient]}
		ssin, known := numbers[it.row.patient]
		if !known {
			patient, err := db.patientRow(s, "WHERE id = ?", it.row.patient)
			if err != nil {
				return nil, err
			}
			if ssin, err = db.ssin(patient); err != nil {
				return nil, err
			}
			numbers[it.row.patient] = ssin
		}
		task.SSIN = ssin
		if task.Around, err = db.around(s, it); err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
	}
	return tasks, nil
}

// atWork reads the prescriptions at work, but for those of which only a RID was to be read back, in vain until they ended (rx.Prescription.Over): a
// Recip-e that gives no content would make them all that there ever were. What was read before under the same MAC is the same: of the open ones of three months, few change from
// one reading to the next.
func (db *DB) atWork(s *session) ([]*item, error) {
	rows, err := db.itemRows(s, "WHERE work <> 0 AND (work <> ? OR expires >= ?) ORDER BY n", workUnread, rx.DateOf(db.clock()).AddDays(-3).String())
	if err != nil {
		return nil, err
	}
	before := db.worked.items
	items, fresh := make([]*item, len(rows)), []*item{}
	now := make(map[int64]*item, len(rows))
	for i, r := range rows {
		it := before[r.n]
		if it == nil || !bytes.Equal(it.row.mac, r.mac) {
			it = &item{row: r}
			fresh = append(fresh, it)
		}
		items[i], now[r.n] = it, it
	}
	if err := db.complete(s, fresh); err != nil {
		return nil, err
	}
	for _, it := range fresh {
		if err := db.decode(it); err != nil {
			return nil, err
		}
	}
	db.worked.items = now
	return items, nil
}

// around finds what decisions need to know beside the prescription. Whether there is something newer is asked only for what waits.
func (db *DB) around(s *session, it *item) (a rx.Around, err error) {
	if it.row.replaces.Valid {
		rows, err := db.itemRows(s, "WHERE id = ?", it.row.replaces.V)
		if err != nil {
			return a, err
		}
		if len(rows) == 0 && db.aside == "" {
			return a, damaged(itemTable.name, it.row.replaces.V)
		}
		a.ReplacedOpen = len(rows) == 0 || rows[0].harmless == 0 // what cannot be read holds back
	}
	if it.p.State == rx.StateReady {
		a.Newer, err = db.newer(s, &it.row)
	}
	return a, err
}

// newer tells whether the patient has a later order with an ingredient of r that was not given up. The later rows of one patient are few: they
// need no index by ingredient, which each issue would have to write.
func (db *DB) newer(s *session, r *itemRow) (bool, error) {
	if r.ingredients == nil {
		return false, nil
	}
	later, err := db.itemRows(s, "WHERE patient = ? AND n > ?", r.patient, r.n)
	if err != nil {
		return false, err
	}
	for _, q := range later {
		if q.order == r.order || q.state == "withdrawn" || q.state == "refused" || q.state == "lapsed" || q.state == "revoked" {
			continue
		}
		for _, blind := range q.blinds() {
			if contains(r.blinds(), blind) {
				return true, nil
			}
		}
	}
	return false, nil
}

// Bearer is the prescription that bears a RID; CodeNotFound when none here does. The prescription itself proves it when it is read.
func (db *DB) Bearer(ctx context.Context, rid rx.RID) (id rx.ID, err error) {
	err = db.read(ctx, func(s *session) error {
		blind, err := db.blind("records.rid", string(rid))
		if err != nil {
			return err
		}
		found, err := s.one("SELECT p.id FROM records r JOIN prescriptions p ON p.n = r.prescription WHERE r.rid_blind = ?", []any{blind}, &id)
		if err == nil && !found {
			err = rx.Fault(rx.CodeNotFound)
		}
		return err
	})
	return id, err
}

// Unowned gives those of rids that no prescription here bears, in order.
func (db *DB) Unowned(ctx context.Context, rids []rx.RID) (unowned []rx.RID, err error) {
	err = db.read(ctx, func(s *session) error {
		for _, rid := range rids {
			blind, err := db.blind("records.rid", string(rid))
			if err != nil {
				return err
			}
			var n int64
			found, err := s.one("SELECT prescription FROM records WHERE rid_blind = ?", []any{blind}, &n)
			if err != nil {
				return err
			}
			if !found {
				unowned = append(unowned, rid)
			}
		}
		return nil
	})
	return unowned, err
}
