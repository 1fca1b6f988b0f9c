package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/app/rx"
)

// Whatever happens to a prescription, in whatever order, the store does what rx.Step does: the same prescription, the same refusals, nothing
// written for what is ignored; no constraint of the schema is ever in the way; and the engine sees exactly what it must.
func TestEveryStepCanBeKept(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	rids := 0
	rapid.Check(t, func(t *rapid.T) {
		patient := marie
		if rapid.IntRange(0, 4).Draw(t, "number") == 0 {
			patient.SSIN, patient.NoSSIN = "", rx.Foreign
		}
		model := p.must(db.Issue(ctx, p.order(patient, []string{"a"}))).Prescriptions[0]
		own := []rx.RID{rx.RID(fmt.Sprintf("BEP1%08d", rids)), rx.RID(fmt.Sprintf("BEP1%08d", rids+1)), rx.RID(fmt.Sprintf("BEP1%08d", rids+2))}
		rids += 3
		sheets := []rx.ID{p.newID(), p.newID()}
		happened := 0
		for i := range rapid.IntRange(1, 25).Draw(t, "events") {
			e := drawEvent(t, own, sheets)
			e.Attempt.Key = "key of " + rx.KeyID(model.ID)
			e.At = p.now.Add(time.Duration(i) * time.Minute)
			if rapid.IntRange(0, 30).Draw(t, "late") == 0 {
				e.At = p.now.AddDate(0, rapid.IntRange(1, 5).Draw(t, "months"), 0)
			}
			if e.Kind == rx.EventMarked && rapid.Bool().Draw(t, "fresh key") {
				e.Attempt.Key = rx.KeyID(p.newID())
			}
			want, changed, wantErr := rx.Step(model, e)
			got, err := db.Apply(ctx, model.ID, []int64{0, model.Version}[i%2], e)
			if rx.CodeOf(err) != rx.CodeOf(wantErr) {
				t.Fatalf("%v in %v: %v, rx.Step: %v", e.Kind, model.State, err, wantErr)
			}
			if err != nil {
				continue
			}
			if changed {
				happened++
			}
			model = want
			if d := cmp.Diff(model, got); d != "" {
				t.Fatalf("%v: %s", e.Kind, d)
			}
			if i%5 == 0 { // what Work read once is not what it tells for ever
				if _, err := db.Work(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		item, err := db.Item(ctx, model.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(model, item.Prescription); d != "" {
			t.Fatalf("read back: %s", d)
		}
		lines, err := db.Timeline(ctx, model.ID)
		if err != nil || len(lines) != happened {
			t.Fatalf("%d lines for %d events: %v", len(lines), happened, err)
		}
		tasks, err := db.Work(ctx)
		if err != nil {
			t.Fatal(err)
		}
		err = db.read(ctx, func(s *session) error {
			it, err := db.item(s, model.ID)
			if err == nil && (it.row.work != 0) != atWork(model, model.Issued) {
				t.Errorf("in the index of what is at work: %v", it.row.work)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		seen := false
		for _, task := range tasks {
			if task.ID != model.ID {
				continue
			}
			seen = true
			if d := cmp.Diff(model, task.Prescription); d != "" {
				t.Fatalf("the task: %s", d)
			}
		}
		if seen != atWork(model, p.now) {
			t.Fatalf("at work: %v, in state %v with %d attempts and %d records", seen, model.State, len(model.Attempts), len(model.Records))
		}
	})
	if err := db.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}

// atWork is the contract of Work in other words than work's.
func atWork(p rx.Prescription, now time.Time) bool {
	switch {
	case p.State == rx.StateReady:
		return p.Electronic
	case p.LiveAttempt() != nil, rx.ToLook(p, now):
		return true
	}
	for _, r := range p.Records {
		if r.Status.MayBeDelivered() && (p.MustGo(r) || p.State == rx.StateConfirmed) || r.Unread() && !p.Over(now) {
			return true
		}
	}
	return false
}

func drawEvent(t *rapid.T, rids []rx.RID, sheets []rx.ID) rx.Event {
	pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	e := rx.Event{Kind: rx.Events[pick("kind", len(rx.Events))], N: pick("n", 4)}
	if pick("engine", 2) == 0 { // half of them from what keeps a prescription moving
		e.Kind = []rx.EventKind{rx.EventMarked, rx.EventUnanswered, rx.EventFound, rx.EventRestored, rx.EventRestoredAns, rx.EventClaimed, rx.EventAccepted, rx.EventNotSent}[pick("mover", 8)]
	}
	e.Attempt = &rx.Attempt{Expires: morning.Add(time.Minute)}
	e.RID = rids[pick("rid", len(rids))]
	e.Status = append([]rx.Status{rx.StatusUnread}, rx.Statuses...)[pick("status", 7)]
	e.ServerAt = morning.Add(time.Duration(pick("server", 10)) * time.Minute)
	e.Problem = &rx.Problem{Code: "E1", Messages: map[rx.Lang]string{rx.FR: "refusé"}}
	e.Sheet = &rx.Sheet{ID: sheets[pick("sheet", len(sheets))], Forced: pick("forced", 2) == 0, Handwritten: pick("hand", 4) == 0}
	e.Paper = rx.PaperReasons[pick("paper", len(rx.PaperReasons))]
	e.Reason = rx.RevokeReasons[pick("reason", len(rx.RevokeReasons))]
	e.Text = []string{"", "note"}[pick("text", 2)]
	e.Outcome = []rx.Outcome{rx.OnlyHere, rx.AlsoThere, rx.NothingGiven, rx.PaperGiven, rx.SentElsewhere, "other"}[pick("outcome", 6)]
	return e
}

func TestAround(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	around := func(id rx.ID) rx.Around {
		t.Helper()
		item, err := db.Item(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		tasks, err := db.Work(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			if task.ID == id && task.Around != item.Around {
				t.Errorf("Work says %+v, Item %+v", task.Around, item.Around)
			}
		}
		return item.Around
	}
	first := p.must(db.Issue(ctx, p.order(marie, []string{"a", "b"}, []string{"b"}))).Prescriptions
	if around(first[0].ID) != (rx.Around{}) {
		t.Error("a line of the same order is newer")
	}
	luc := marie
	luc.SSIN, luc.FirstName = "90010100123", "Luc"
	p.must(db.Issue(ctx, p.order(luc, []string{"a"})))
	p.must(db.Issue(ctx, p.order(marie, []string{"c"})))
	if around(first[0].ID) != (rx.Around{}) {
		t.Error("another patient's, or another ingredient, is newer")
	}
	second := p.order(marie, []string{"x", "a", "x"})
	second.Items[0].Prescription.Replaces = first[1].ID
	later := p.must(db.Issue(ctx, second)).Prescriptions[0]
	if !around(first[0].ID).Newer || around(first[1].ID).Newer || around(later.ID) != (rx.Around{ReplacedOpen: true}) {
		t.Errorf("around: %+v, %+v, %+v", around(first[0].ID), around(first[1].ID), around(later.ID))
	}
	p.apply(db, first[1].ID, rx.Event{Kind: rx.EventWithdrawn, Reason: "replaced"})
	p.apply(db, later.ID, rx.Event{Kind: rx.EventWithdrawn, Reason: "stopped"})
	if around(first[0].ID).Newer || around(later.ID).ReplacedOpen {
		t.Error("what was withdrawn still counts")
	}
}

func TestWorkTellsKeysAndNumber(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	out := p.issue(db, 1)
	for range 3 {
		if err := db.AddKey(ctx, out.Patient, marie.SSIN, rx.Key{ID: rx.KeyID(p.newID()), Secret: make([]byte, 16)}); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, db.AddKey(ctx, p.newID(), marie.SSIN, rx.Key{ID: "k"}), rx.CodeNotFound)
	tasks, err := db.Work(ctx)
	if err != nil || len(tasks) != 1 || tasks[0].Keys != 3 || tasks[0].SSIN != marie.SSIN {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	var used []rx.KeyID
	q := out.Prescriptions[0]
	for n := range 3 { // oldest first, each once
		parcel, next, err := db.Mark(ctx, q.ID, 0, p.now, p.now, p.now.Add(time.Minute))
		if err != nil || slices.Contains(used, parcel.Key.ID) || parcel.Attempt != n+1 {
			t.Fatalf("attempt %d: %v", n+1, err)
		}
		used = append(used, parcel.Key.ID)
		q = p.apply(db, next.ID, rx.Event{Kind: rx.EventNotSent, N: n + 1})
	}
	if !slices.IsSorted(used) {
		t.Error("a younger key was taken first")
	}
	if _, _, err := db.Mark(ctx, q.ID, 0, p.now, p.now, p.now.Add(time.Minute)); rx.CodeOf(err) != rx.CodeNoKey {
		t.Errorf("a fourth key: %v", err)
	}
}

// A RID that nobody could read back is no work for ever: with the prescription's validity it leaves the memory too.
func TestWorkForgetsWhatWasNeverReadBack(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	id := p.issue(db, 1).Prescriptions[0].ID
	item, err := db.Item(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	p.mark(db, item.Prescription)
	p.apply(db, id, rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP100000001"})
	p.apply(db, id, rx.Event{Kind: rx.EventChecked, N: 1})
	p.apply(db, id, rx.Event{Kind: rx.EventStatusRead, RID: "BEP100000001", Status: rx.Delivered, ServerAt: p.now})
	held := func(want int) {
		t.Helper()
		db.worked.tasks = nil // read anew
		tasks, err := db.Work(ctx)
		if err != nil || len(tasks) != want || len(db.worked.items) != want {
			t.Errorf("%d tasks of %d, %v; want %d", len(tasks), len(db.worked.items), err, want)
		}
	}
	held(1)
	p.now = p.now.AddDate(0, 0, 20)
	held(1)
	p.now = p.now.AddDate(1, 0, 0)
	held(0)
}

// What another connection wrote is seen at once, and what a caller does to the tasks is not seen by the next.
func TestWorkSeesEveryWriter(t *testing.T) {
	p := newPlace(t).create()
	a, b := p.open(), p.open()
	seen := func(what string, state rx.State, keys, attempts int) {
		t.Helper()
		for range 2 { // read, and remembered
			tasks, err := b.Work(ctx)
			if err != nil || len(tasks) != 1 || tasks[0].State != state || tasks[0].Keys != keys || len(tasks[0].Attempts) != attempts {
				t.Fatalf("%s: %+v, %v", what, tasks, err)
			}
			for i := range tasks[0].Attempts {
				tasks[0].Attempts[i] = rx.Attempt{}
			}
			tasks[0].Prescription.State = 0
		}
	}
	if tasks, err := b.Work(ctx); err != nil || len(tasks) != 0 {
		t.Fatalf("%d tasks of an empty directory, %v", len(tasks), err)
	}
	out := p.issue(a, 1)
	id := out.Prescriptions[0].ID
	seen("issued", rx.StateReady, 0, 0)
	if err := a.AddKey(ctx, out.Patient, marie.SSIN, rx.Key{ID: rx.KeyID(p.newID()), Secret: make([]byte, 16)}); err != nil {
		t.Fatal(err)
	}
	seen("a key", rx.StateReady, 1, 0)
	if _, _, err := a.Mark(ctx, id, 0, p.now, p.now, p.now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	seen("marked", rx.StateSending, 0, 1)
	p.apply(a, id, rx.Event{Kind: rx.EventUnanswered, N: 1})
	seen("unanswered", rx.StateUnknown, 0, 1)
	if err := a.tend(ctx); err != nil {
		t.Fatal(err)
	}
	seen("folded", rx.StateUnknown, 0, 1)
}

// Locked, with only the delivery keys at hand, the engine goes on and nothing readable opens; with all keys closed nothing does.
func TestLocked(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	out := p.issue(db, 1)
	q := out.Prescriptions[0]
	p.keys.lock(content, true)
	p.keys.lock(patients, true)
	if _, err := db.Work(ctx); err != nil {
		t.Error(err)
	}
	p.mark(db, q)
	p.apply(db, q.ID, rx.Event{Kind: rx.EventUnanswered, N: 1})
	if _, err := db.Timeline(ctx, q.ID); err != nil {
		t.Error(err)
	}
	if err := db.Outside(ctx); err != nil {
		t.Error(err)
	}
	if err := db.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
	_, err := db.Item(ctx, q.ID)
	wantCode(t, err, rx.CodeLocked)
	_, err = db.Patients(ctx)
	wantCode(t, err, rx.CodeLocked)
	_, err = db.Issue(ctx, p.order(marie, []string{"a"}))
	wantCode(t, err, rx.CodeLocked)
	if _, err := db.Work(ctx); err != nil { // nothing changes from here on, so that it need not read again
		t.Error(err)
	}
	p.keys.lock("", true)
	_, err = db.Work(ctx)
	wantCode(t, err, rx.CodeLocked)
	wantCode(t, db.Verify(ctx), rx.CodeLocked)
	for _, purpose := range []string{"", content, patients} {
		p.keys.lock(purpose, false)
	}
	if _, err := db.Item(ctx, q.ID); err != nil {
		t.Error(err)
	}
}

// The change feed tells what other connections wrote, and nothing twice.
func TestChanges(t *testing.T) {
	p := newPlace(t).create()
	db, other := p.open(), p.open()
	last, ids, err := db.Changes(ctx, 0)
	if err != nil || last != 1 || ids != nil {
		t.Fatalf("at the start: %d %v %v", last, ids, err)
	}
	q := p.issue(other, 2).Prescriptions
	next, ids, err := db.Changes(ctx, last)
	if err != nil || next <= last || len(ids) != 2 {
		t.Fatalf("after an issue: %d %v %v", next, ids, err)
	}
	if again, ids, err := db.Changes(ctx, next); err != nil || again != next || ids != nil {
		t.Errorf("told twice: %v %v", ids, err)
	}
	if err := other.SaveDraft(ctx, rx.Draft{ID: p.newID()}); err != nil { // no line of the journal
		t.Fatal(err)
	}
	if again, ids, err := db.Changes(ctx, next); err != nil || again != next || ids != nil {
		t.Errorf("a draft: %v %v", ids, err)
	}
	p.apply(db, q[1].ID, rx.Event{Kind: rx.EventLetGo})
	if _, ids, err := db.Changes(ctx, next); err != nil || !slices.Equal(ids, []rx.ID{q[1].ID}) {
		t.Errorf("own change: %v %v", ids, err)
	}
	if _, ids, err := db.Changes(ctx, 0); err != nil || len(ids) != 2 {
		t.Errorf("from the start: %v %v", ids, err)
	}
}

// With 150,000 prescriptions no question may walk through all of them, unless it asks for all.
func TestQueriesUseAnIndex(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	const pages = "ORDER BY n DESC LIMIT 100"
	for query, index := range map[string]string{
		itemTable.selecting("WHERE work <> 0 ORDER BY n"):                                                         "prescription_open",
		itemTable.selecting("WHERE owed <> 0 " + pages):                                                           "prescription_open",
		itemTable.selecting("WHERE state = ? " + pages):                                                           "(state=?)",
		itemTable.selecting("WHERE patient = ? " + pages):                                                         "prescription_of_patient",
		itemTable.selecting("WHERE order_id = ? ORDER BY line"):                                                   "(order_id=?)",
		itemTable.selecting("WHERE n < (SELECT n FROM prescriptions WHERE id = ?) " + pages):                      "(rowid<?)",
		itemTable.selecting("WHERE patient = ? AND n > ?"):                                                        "(patient=? AND rowid>?)",
		attemptTable.selecting("WHERE prescription IN (SELECT value FROM json_each(?)) ORDER BY prescription, n"): "(prescription=?)",
		"SELECT version FROM journal WHERE row = ? ORDER BY seq DESC LIMIT 1":                                     "journal_of_row",
		"SELECT DISTINCT row FROM journal WHERE seq > ? AND seq <= ? AND kind IN ('issued', 'event')":             "(rowid>? AND rowid<?)",
		"SELECT row FROM journal WHERE seq > ? AND kind = 'patient'":                                              "(rowid>?)",
		patientTable.selecting("WHERE name_blind = ? AND ssin_blind IS NULL"):                                     "patient_without_ssin",
		keyTable.selecting("WHERE patient = ? ORDER BY n LIMIT 1"):                                                "key_of_patient",
		"SELECT prescription FROM records WHERE rid_blind = ?":                                                    "(rid_blind=?)",
	} {
		err := db.read(ctx, func(s *session) error {
			var plan string
			var id, parent, unused int64
			var detail string
			err := s.each("EXPLAIN QUERY PLAN "+strings.ReplaceAll(query, "?", "''"), nil, []any{&id, &parent, &unused, &detail}, func() error {
				plan += detail + "; "
				return nil
			})
			if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") {
				t.Errorf("%s\n%s", query, plan)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
