package store

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/app/rx"
)

// One prescription from issue to a RID: each method gives what the one before wrote, also after closing.
func TestFromIssueToConfirmed(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	issue := p.order(marie, []string{"a"}, []string{"b"})
	draft := rx.Draft{ID: issue.Order, Updated: p.now, Request: rx.Request{ID: issue.Order}}
	if err := db.SaveDraft(ctx, draft); err != nil {
		t.Fatal(err)
	}
	issue.Draft = draft.ID
	out := p.must(db.Issue(ctx, issue))
	if out.Existing || len(out.Prescriptions) != 2 || out.Order != issue.Order || out.Patient == "" {
		t.Fatalf("issued: %d prescriptions, existing %v", len(out.Prescriptions), out.Existing)
	}
	if _, err := db.Draft(ctx, draft.ID); rx.CodeOf(err) != rx.CodeNotFound {
		t.Errorf("the draft is still there: %v", err)
	}
	first := out.Prescriptions[0]

	_, _, err := db.Mark(ctx, first.ID, first.Version, p.now, p.now, p.now.Add(time.Minute))
	wantCode(t, err, rx.CodeNoKey)
	parcel, sending := p.mark(db, first)
	want := rx.Parcel{Prescription: first.ID, Attempt: 1, Patient: marie.SSIN, Type: "P1", Expires: first.Expires, Feedback: true, Visibility: rx.Open,
		Local: rx.LocalIDOf(issue.Order, 0), Message: issue.Items[0].Message, Key: parcel.Key, Signed: p.now, SignedUntil: p.now.Add(time.Minute)}
	if d := cmp.Diff(want, parcel); d != "" || len(parcel.Key.Secret) != 16 {
		t.Errorf("parcel: %s", d)
	}
	if sending.State != rx.StateSending || sending.LiveAttempt().Key != parcel.Key.ID {
		t.Errorf("after the mark: %v", sending.State)
	}
	_, _, err = db.Mark(ctx, first.ID, sending.Version, p.now, p.now, p.now.Add(time.Minute))
	wantCode(t, err, rx.CodeBeingSent)
	wantCode(t, db.AddKey(ctx, first.Patient, marie.SSIN, parcel.Key), rx.CodeKeyUsed)

	_, err = db.Apply(ctx, first.ID, first.Version, rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP100000001", At: p.now})
	wantCode(t, err, rx.CodeConflict)
	confirmed := p.apply(db, first.ID, rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP100000001"})
	if confirmed.State != rx.StateConfirmed || confirmed.RID() != "BEP100000001" {
		t.Errorf("after the answer: %v", confirmed.State)
	}
	second := out.Prescriptions[1]
	_, second = p.mark(db, second)
	_, err = db.Apply(ctx, second.ID, 0, rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP100000001", At: p.now})
	wantCode(t, err, rx.CodeRIDTaken)

	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
	db = p.open()
	item, err := db.Item(ctx, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(confirmed, item.Prescription); d != "" {
		t.Errorf("read back: %s", d)
	}
	if d := cmp.Diff(issue.Items[0].Facts, item.Facts); d != "" {
		t.Errorf("facts: %s", d)
	}
	lines, err := db.Timeline(ctx, first.ID)
	if err != nil || len(lines) != 2 || lines[0].Event.Kind != rx.EventMarked || lines[0].From != rx.StateReady || lines[0].To != rx.StateSending ||
		lines[1].Event.Kind != rx.EventAccepted || lines[1].Event.RID != "BEP100000001" || lines[1].To != rx.StateConfirmed || lines[1].Seq <= lines[0].Seq {
		t.Errorf("timeline: %d lines, %v", len(lines), err)
	}
	if rids, err := db.Unowned(ctx, []rx.RID{"BEP100000002", "BEP100000001", "BEP100000003"}); err != nil || !slices.Equal(rids, []rx.RID{"BEP100000002", "BEP100000003"}) {
		t.Errorf("unowned: %v %v", len(rids), err)
	}
	if err := db.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}

// An order exists once: the same request gives it back, another one is refused, and neither writes.
func TestIssueAgain(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	issue := p.order(marie, []string{"a"})
	first := p.must(db.Issue(ctx, issue))
	before, _, err := db.Changes(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	again := issue
	again.Items = p.order(marie, []string{"a"}).Items // a second run makes other ids
	again.Items[0].Prescription.Order, again.Items[0].Facts.Order = issue.Order, issue.Order
	got := p.must(db.Issue(ctx, again))
	if !got.Existing || got.Prescriptions[0].ID != first.Prescriptions[0].ID || !got.At.Equal(issue.At) {
		t.Errorf("the second issue gave %v", got.Existing)
	}
	if _, found, err := db.Existing(ctx, issue.Order, issue.Request); !found || err != nil {
		t.Errorf("existing: %v %v", found, err)
	}
	if _, found, err := db.Existing(ctx, p.newID(), issue.Request); found || err != nil {
		t.Errorf("an order that was never issued exists: %v %v", found, err)
	}
	other := issue
	other.Request = []byte("another")
	_, err = db.Issue(ctx, other)
	wantCode(t, err, rx.CodeOtherSame)
	_, _, err = db.Existing(ctx, issue.Order, other.Request)
	wantCode(t, err, rx.CodeOtherSame)
	if after, _, err := db.Changes(ctx, 0); err != nil || after != before {
		t.Errorf("%d journal lines, then %d: %v", before, after, err)
	}
}

// An order straight to paper starts there, with the events that led to it in the journal; the one that it replaces ends in the same transaction.
func TestIssueToPaperCloses(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	old := p.issue(db, 1).Prescriptions[0]
	issue := p.order(marie, []string{"a"})
	item := &issue.Items[0]
	item.Prescription.Replaces = old.ID
	e := rx.Event{Kind: rx.EventClaimed, At: p.now, Paper: "own-line", Sheet: &rx.Sheet{ID: p.newID()}}
	var err error
	if item.Prescription, _, err = rx.Step(item.Prescription, e); err != nil {
		t.Fatal(err)
	}
	item.Events = []rx.Event{e}
	issue.Closes = &rx.Act{ID: old.ID, Version: 7, Event: rx.Event{Kind: rx.EventWithdrawn, Reason: "replaced", At: p.now}}
	_, err = db.Issue(ctx, issue)
	wantCode(t, err, rx.CodeConflict)
	if _, err := db.Order(ctx, issue.Order); rx.CodeOf(err) != rx.CodeNotFound {
		t.Errorf("half of it was written: %v", err)
	}
	issue.Closes.Version = old.Version
	p.must(db.Issue(ctx, issue))

	got, err := db.Item(ctx, item.Prescription.ID)
	if err != nil || got.State != rx.StatePaper || got.Replaces != old.ID || got.Sheet() == nil || got.Around.ReplacedOpen {
		t.Errorf("the new one: %v, %v", got.State, err)
	}
	second := p.order(marie, []string{"a"})
	second.Items[0].Prescription.Replaces = old.ID
	_, err = db.Issue(ctx, second)
	wantCode(t, err, rx.CodeConflict)
	if closed, err := db.Item(ctx, old.ID); err != nil || closed.State != rx.StateWithdrawn {
		t.Errorf("the old one: %v, %v", closed.State, err)
	}
	if lines, err := db.Timeline(ctx, item.Prescription.ID); err != nil || len(lines) != 1 || lines[0].Event.Kind != rx.EventClaimed {
		t.Errorf("timeline: %d lines, %v", len(lines), err)
	}
	if err := db.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// What the caller gives as the start must follow from facts and events: else nothing is written.
func TestIssueRefusesWhatDoesNotFollow(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	for name, spoil := range map[string]func(*rx.Issue){
		"no line":       func(i *rx.Issue) { i.Items = nil },
		"other order":   func(i *rx.Issue) { i.Items[0].Prescription.Order = p.newID() },
		"state":         func(i *rx.Issue) { i.Items[0].Prescription.State = rx.StateConfirmed },
		"version":       func(i *rx.Issue) { i.Items[0].Prescription.Version = 5 },
		"patient":       func(i *rx.Issue) { i.Patient.SSIN = "" },
		"no message":    func(i *rx.Issue) { i.Items[0].Message = nil },
		"without event": func(i *rx.Issue) { i.Items[0].Prescription.Sheets = []rx.Sheet{{ID: p.newID()}} },
	} {
		issue := p.order(marie, []string{"a"})
		spoil(&issue)
		if _, err := db.Issue(ctx, issue); rx.CodeOf(err) != rx.CodeInternal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if last, ids, err := db.Changes(ctx, 0); err != nil || last != 1 || ids != nil {
		t.Errorf("something was written: %d %v", last, err)
	}
}

// Patients are found by number, else by name and birth date among those without one.
func TestPatientOfAnOrder(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	id := func(patient rx.Patient) rx.ID {
		t.Helper()
		issue := p.order(patient, []string{"a"})
		if patient.SSIN == "" {
			issue.Items[0].Prescription.Electronic = false
		}
		return p.must(db.Issue(ctx, issue)).Patient
	}
	first := id(marie)
	moved := marie
	moved.Phone, moved.LastName = "", "Dupont-Lambert"
	if id(moved) != first {
		t.Error("the same number is another patient")
	}
	if k, err := db.Patient(ctx, first); err != nil || k.LastName != "Dupont-Lambert" || k.Phone != marie.Phone || k.Version != 2 {
		t.Errorf("not brought up to date: version %d, %v", k.Version, err)
	}
	namesake := moved
	namesake.SSIN = "85073000358" // invented: another number with the same birth date
	if id(namesake) == first {
		t.Error("two numbers are one patient")
	}
	baby := rx.Patient{NoSSIN: rx.Newborn, FirstName: "Zoé", LastName: "Dupont", BirthDate: rx.Date{Year: 2026, Month: 11, Day: 20}, Sex: rx.Female}
	born := id(baby)
	baby.FirstName = "ZOE"
	if id(baby) != born {
		t.Error("an accent makes another patient")
	}
	other := baby
	other.BirthDate.Day = 21
	if id(other) == born {
		t.Error("another birth date is the same patient")
	}
	baby.SSIN, baby.NoSSIN = "26112000151", ""
	if id(baby) != born {
		t.Error("a newborn who got a number is another patient")
	}
	if k, err := db.Patient(ctx, born); err != nil || k.SSIN != baby.SSIN || k.NoSSIN != "" {
		t.Errorf("the number was not kept: %v", err)
	}
	if all, err := db.Patients(ctx); err != nil || len(all) != 4 {
		t.Errorf("%d patients, %v", len(all), err)
	}

	k, err := db.SavePatient(ctx, rx.Known{Patient: rx.Patient{SSIN: "90010100123", FirstName: "Luc", LastName: "Exemple"}})
	if err != nil || k.ID == "" || k.Version != 1 {
		t.Fatalf("a new patient: %v", err)
	}
	k.Phone = "081 11 11 11"
	if k, err = db.SavePatient(ctx, k); err != nil || k.Version != 2 {
		t.Errorf("saved again: version %d, %v", k.Version, err)
	}
	k.Version = 1
	_, err = db.SavePatient(ctx, k)
	wantCode(t, err, rx.CodeConflict)
	_, err = db.SavePatient(ctx, rx.Known{Patient: marie})
	wantCode(t, err, rx.CodeConflict)
	_, err = db.Patient(ctx, p.newID())
	wantCode(t, err, rx.CodeNotFound)
	if err := db.Verify(ctx); err != nil {
		t.Error(err)
	}
}

func TestDraftsAndSettings(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	older := rx.Draft{ID: p.newID(), Updated: p.now, Request: rx.Request{Patient: marie}}
	newer := rx.Draft{ID: p.newID(), Updated: p.now.Add(time.Hour)}
	for _, d := range []rx.Draft{newer, older} {
		if err := db.SaveDraft(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	older.Request.Lines = []rx.Line{{Kind: rx.Free, Name: "Produit Inventé"}}
	if err := db.SaveDraft(ctx, older); err != nil {
		t.Fatal(err)
	}
	all, err := db.Drafts(ctx)
	if d := cmp.Diff([]rx.Draft{newer, older}, all); d != "" || err != nil {
		t.Errorf("drafts: %v %s", err, d)
	}
	half := rx.Draft{ID: p.newID(), Request: rx.Request{Patient: rx.Patient{SSIN: "8507"}}}
	wantCode(t, db.SaveDraft(ctx, half), rx.CodeSSINForm) // it could not be read back
	for range 2 {
		if err := db.DropDraft(ctx, newer.ID); err != nil {
			t.Fatal(err)
		}
	}
	_, err = db.Draft(ctx, newer.ID)
	wantCode(t, err, rx.CodeNotFound)

	_, err = db.Setting(ctx, "practice")
	wantCode(t, err, rx.CodeNotFound)
	for _, value := range []string{"one", "two", ""} {
		if err := db.SetSetting(ctx, "practice", []byte(value)); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Setting(ctx, "practice"); err != nil || string(got) != value {
			t.Errorf("setting %q, not %q: %v", got, value, err)
		}
	}
	if err := db.Verify(ctx); err != nil {
		t.Error(err)
	}
}

func ids(items []rx.Item) (out []rx.ID) {
	for _, it := range items {
		out = append(out, it.ID)
	}
	return out
}

func TestListFiltersAndPages(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	var all []rx.ID
	for range 3 {
		for _, q := range p.issue(db, 2).Prescriptions {
			all = append([]rx.ID{q.ID}, all...)
		}
	}
	luc := rx.Patient{SSIN: "90010100123", FirstName: "Luc", LastName: "Exemple", BirthDate: rx.Date{Year: 1990, Month: 1, Day: 1}}
	his := p.must(db.Issue(ctx, p.order(luc, []string{"x"})))
	all = append([]rx.ID{his.Prescriptions[0].ID}, all...)
	gone := p.apply(db, all[6], rx.Event{Kind: rx.EventWithdrawn, Reason: "stopped"})
	onPaper := p.claim(db, all[3])

	for name, c := range map[string]struct {
		f    rx.Filter
		want []rx.ID
	}{
		"all":         {rx.Filter{}, all},
		"page":        {rx.Filter{Limit: 3}, all[:3]},
		"next page":   {rx.Filter{Limit: 3, Before: all[2]}, all[3:6]},
		"last page":   {rx.Filter{Limit: 3, Before: all[5]}, all[6:]},
		"end":         {rx.Filter{Limit: 3, Before: all[6]}, nil},
		"no such":     {rx.Filter{Before: p.newID()}, nil},
		"state":       {rx.Filter{State: rx.StateWithdrawn}, []rx.ID{gone.ID}},
		"patient":     {rx.Filter{Patient: his.Patient}, all[:1]},
		"order":       {rx.Filter{Order: onPaper.Order}, all[3:5]},
		"owing":       {rx.Filter{Owing: true}, all[:6]},
		"all of them": {rx.Filter{Owing: true, Patient: onPaper.Patient, State: rx.StatePaper, Limit: 1}, all[3:4]},
	} {
		got, err := db.List(ctx, c.f)
		if err != nil || !slices.Equal(ids(got), c.want) {
			t.Errorf("%s: %v, not %v (%v)", name, ids(got), c.want, err)
		}
	}
	_, err := db.Item(ctx, p.newID())
	wantCode(t, err, rx.CodeNotFound)
	_, err = db.Order(ctx, p.newID())
	wantCode(t, err, rx.CodeNotFound)
	_, err = db.Timeline(ctx, p.newID())
	wantCode(t, err, rx.CodeNotFound)
	_, err = db.Apply(ctx, p.newID(), 0, rx.Event{Kind: rx.EventLetGo, At: p.now})
	wantCode(t, err, rx.CodeNotFound)
}

// A RID that proves another's is borne no more, is kept as what it was, and is free for the prescription whose it is.
func TestForeignRIDIsFree(t *testing.T) {
	const named, own = rx.RID("BEP100000001"), rx.RID("BEP100000002")
	p := newPlace(t).create()
	db := p.open()
	out := p.issue(db, 2)
	first, second := out.Prescriptions[0], out.Prescriptions[1]
	_, _ = p.mark(db, first)
	p.apply(db, first.ID, rx.Event{Kind: rx.EventAccepted, N: 1, RID: named})
	if got := p.apply(db, first.ID, rx.Event{Kind: rx.EventReadBack, RID: named}); got.State != rx.StateUnknown || got.RID() != "" {
		t.Errorf("not ours: %s", got.State)
	}
	if free, err := db.Unowned(ctx, []rx.RID{named}); err != nil || len(free) != 1 {
		t.Errorf("not free: %v", err)
	}
	_, _ = p.mark(db, second)
	p.apply(db, second.ID, rx.Event{Kind: rx.EventAccepted, N: 1, RID: named})
	p.apply(db, second.ID, rx.Event{Kind: rx.EventReadBack, RID: named, Ours: true})
	found := p.apply(db, first.ID, rx.Event{Kind: rx.EventFound, N: 1, RID: own, Status: rx.NotDelivered})
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
	db = p.open()
	if bearer, err := db.Bearer(ctx, named); err != nil || bearer != second.ID {
		t.Errorf("borne by another: %v", err)
	}
	item, err := db.Item(ctx, first.ID)
	if err != nil || item.State != rx.StateConfirmed || item.RID() != own || !item.Records[0].Foreign.Set() || !item.Records[1].Ours.Set() {
		t.Errorf("first: %v %v", item.State, err)
	}
	if d := cmp.Diff(found, item.Prescription); d != "" {
		t.Errorf("read back: %s", d)
	}
	if err := db.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// A RID that nobody has read is at work until it was, however its status ended, and not after its validity.
func TestUnreadIsAtWork(t *testing.T) {
	const rid = rx.RID("BEP100000001")
	for _, status := range []rx.Status{rx.Delivered, rx.StatusRevoked, rx.Expired, rx.Archived} {
		p := newPlace(t).create()
		db := p.open()
		q := p.issue(db, 1).Prescriptions[0]
		_, _ = p.mark(db, q)
		p.apply(db, q.ID, rx.Event{Kind: rx.EventAccepted, N: 1, RID: rid})
		p.apply(db, q.ID, rx.Event{Kind: rx.EventStatusRead, RID: rid, Status: status, ServerAt: p.now})
		p.apply(db, q.ID, rx.Event{Kind: rx.EventChecked, N: 1})
		atWork := func(want int) {
			t.Helper()
			if tasks, err := db.Work(ctx); err != nil || len(tasks) != want {
				t.Errorf("%s: %d at work, not %d (%v)", status, len(tasks), want, err)
			}
		}
		atWork(1)
		issued := p.now
		p.now = issued.AddDate(1, 0, 0)
		atWork(0)
		p.now = issued
		p.apply(db, q.ID, rx.Event{Kind: rx.EventReadBack, RID: rid, Ours: true})
		atWork(0)
	}
}

// While something of a patient waits, or may be at Recip-e, the number stays under which it would be found.
func TestNumberUnderWay(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	issued := p.issue(db, 2)
	first, second := issued.Prescriptions[0], issued.Prescriptions[1]
	change := func(when string, want rx.Code) {
		t.Helper()
		k, err := db.Patient(ctx, issued.Patient)
		if err != nil {
			t.Fatal(err)
		}
		was := k.Patient
		k.Phone = when
		if k, err = db.SavePatient(ctx, k); err != nil {
			t.Errorf("%s, the telephone alone: %v", when, err)
		}
		for _, number := range []rx.SSIN{"85073003625", ""} {
			k.Patient.SSIN = number
			next, err := db.SavePatient(ctx, k)
			if rx.CodeOf(err) != want {
				t.Errorf("%s, %q: %v", when, string(number), err)
			}
			if err == nil {
				next.Patient = was
				if _, err := db.SavePatient(ctx, next); err != nil {
					t.Fatal(err)
				}
				return
			}
		}
	}
	change("they wait", rx.CodeNumberUnderWay)
	p.claim(db, second.ID)
	p.key(db, issued.Patient)
	_, first = p.mark(db, first)
	change("on the wire", rx.CodeNumberUnderWay)
	p.apply(db, first.ID, rx.Event{Kind: rx.EventUnanswered, N: 1, Why: "timeout"})
	change("without an answer", rx.CodeNumberUnderWay)
	p.apply(db, first.ID, rx.Event{Kind: rx.EventFound, N: 1, RID: "BEP100000001"})
	change("found, and not checked for a second one", rx.CodeNumberUnderWay)
	p.apply(db, first.ID, rx.Event{Kind: rx.EventChecked, N: 1})
	change("known", "")
}
