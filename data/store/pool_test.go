package store

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/app/rx"
)

// key gives the patient a fresh key, asked for the number that they have.
func (p *place) key(db *DB, patient rx.ID) rx.KeyID {
	p.t.Helper()
	var number rx.SSIN
	err := db.read(ctx, func(s *session) error {
		r, err := db.patientRow(s, "WHERE id = ?", string(patient))
		if err == nil {
			number, err = db.ssin(r)
		}
		return err
	})
	key := rx.Key{ID: rx.KeyID(p.newID()), Secret: []byte("0123456789abcdef")}
	if err == nil {
		err = db.AddKey(ctx, patient, number, key)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return key.ID
}

// draft writes a draft of n lines.
func (p *place) draft(db *DB, id rx.ID, patient rx.Patient, n int) {
	p.t.Helper()
	d := rx.Draft{ID: id, Request: rx.Request{ID: id, Patient: patient, Lines: make([]rx.Line, n)}, Updated: p.now}
	if err := db.SaveDraft(ctx, d); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) writing(db *DB, since time.Time) []rx.Writing {
	p.t.Helper()
	all, err := db.Writing(ctx, since)
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// Drafts of patients who are known by their number are told with their keys, added up by patient, as soon as another connection wrote them; without lines,
// older or of somebody unknown they are not.
func TestWriting(t *testing.T) {
	p := newPlace(t).create()
	db, other := p.open(), p.open()
	if got := p.writing(db, time.Time{}); len(got) > 0 {
		t.Errorf("%d of an empty directory", len(got))
	}
	patient := p.issue(db, 1).Patient
	p.key(db, patient)
	first, second, long := p.newID(), p.newID(), p.newID()
	since := p.now
	p.draft(other, first, marie, 2)
	want := []rx.Writing{{Patient: patient, SSIN: marie.SSIN, Lines: 2, Keys: 1}}
	for range 2 { // read, and remembered
		if d := cmp.Diff(want, p.writing(db, p.now)); d != "" {
			t.Error(d)
		}
	}
	p.key(other, patient)
	p.now = p.now.Add(time.Hour)
	p.draft(other, second, marie, 1)
	unknown, nobody := marie, marie
	unknown.SSIN, nobody.SSIN = "79021802145", ""
	p.draft(other, p.newID(), unknown, 3)
	p.draft(other, p.newID(), nobody, 3)
	p.draft(other, p.newID(), marie, 0)
	want[0].Lines, want[0].Keys = 3, 2
	if d := cmp.Diff(want, p.writing(db, since)); d != "" {
		t.Error(d)
	}
	want[0].Lines = 1
	if d := cmp.Diff(want, p.writing(db, p.now.Add(-time.Minute))); d != "" {
		t.Error("a draft that was left counts: ", d)
	}
	p.draft(other, long, marie, 40)
	want[0].Lines = 1 + rx.MaxLines
	if d := cmp.Diff(want, p.writing(db, p.now.Add(-time.Minute))); d != "" {
		t.Error(d)
	}
	p.run(p.tamperer(), "UPDATE drafts SET body = x'00' WHERE id = ?", string(long))
	want[0].Lines = 1
	if d := cmp.Diff(want, p.writing(db, p.now.Add(-time.Minute))); d != "" {
		t.Error("beside a damaged draft: ", d)
	}
	p.keys.lock(content, true)
	if got := p.writing(db, since); len(got) > 0 {
		t.Error("told while locked")
	}
}

// Old keys of a patient of whom nothing waits are forgotten, all others stay; and those that name a number which the patient has no more.
func TestDropKeys(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	waits := p.issue(db, 1)
	jan := marie
	jan.SSIN, jan.FirstName = "79021802145", "Jan"
	done := p.must(db.Issue(ctx, p.order(jan, []string{"a"})))
	p.apply(db, done.Prescriptions[0].ID, rx.Event{Kind: rx.EventWithdrawn, Reason: "stopped"})
	pool := func() (waiting, idle int) {
		t.Helper()
		s, err := db.feed.take(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer db.feed.give(s)
		counts, err := db.unused(s)
		if err != nil {
			t.Fatal(err)
		}
		return counts[string(waits.Patient)], counts[string(done.Patient)]
	}
	old := []rx.KeyID{p.key(db, waits.Patient), p.key(db, done.Patient), p.key(db, done.Patient)}
	p.now = p.now.Add(5 * time.Hour).In(time.FixedZone("elsewhere", -7200)) // the text of an instant says more than its letters
	p.key(db, done.Patient)
	if err := db.DropKeys(ctx, p.now.Add(-4*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if a, b := pool(); a != 1 || b != 1 {
		t.Fatalf("%d and %d keys", a, b)
	}
	p.key(db, waits.Patient) // beyond the one that is needed
	for _, c := range []struct {
		before time.Time
		want   int
	}{{p.now.Add(-time.Hour), 2}, {time.Time{}, 1}} {
		before, _ := pool()
		if err := db.DropKeys(ctx, c.before); err != nil {
			t.Fatal(err)
		}
		if a, _ := pool(); a != c.want {
			t.Fatalf("of %d keys of whom one waits %d are left", before, a)
		}
	}
	young := p.key(db, done.Patient)
	again := p.must(db.Issue(ctx, p.order(jan, []string{"b"})))
	parcel, _, err := db.Mark(ctx, again.Prescriptions[0].ID, 0, p.now, p.now, p.now.Add(time.Minute))
	if err != nil || parcel.Key.ID != young || slices.Contains(old, parcel.Key.ID) {
		t.Fatalf("another key than the young one: %v", err)
	}
	p.key(db, waits.Patient)
	known, err := db.Patient(ctx, waits.Patient)
	if err != nil {
		t.Fatal(err)
	}
	known.Phone = "081 11 11 11"
	if known, err = db.SavePatient(ctx, known); err != nil {
		t.Fatal(err)
	}
	if a, _ := pool(); a != 2 {
		t.Errorf("%d keys after another telephone number", a)
	}
	for _, waiting := range waits.Prescriptions {
		p.claim(db, waiting.ID) // with something that waits the number stays
	}
	known.SSIN = "85073003625"
	if _, err = db.SavePatient(ctx, known); err != nil {
		t.Fatal(err)
	}
	if a, _ := pool(); a != 0 {
		t.Errorf("%d keys that name a number that the patient has no more", a)
	}
}

// A damaged key stays where it is, serves nobody, and stops nobody from forgetting the others.
func TestDropKeysBesideADamagedOne(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	patient := p.issue(db, 1).Patient
	for range 3 {
		p.key(db, patient)
	}
	p.run(p.tamperer(), "UPDATE keys SET added = '2020' WHERE n = 1")
	if err := db.DropKeys(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	var left []int64
	var n int64
	err := db.read(ctx, func(s *session) error {
		return s.each("SELECT n FROM keys ORDER BY n", nil, []any{&n}, func() error { left = append(left, n); return nil })
	})
	if err != nil || !slices.Equal(left, []int64{1, 2}) { // 2 is the one that is needed
		t.Errorf("keys %v are left: %v", left, err)
	}
	p.keys.lock("", true)
	wantCode(t, db.DropKeys(ctx, time.Time{}), rx.CodeLocked)
}

// A key that was asked for another number than the one that the patient has, is nobody's.
func TestKeyOfAnotherNumber(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	newborn := marie
	newborn.SSIN = ""
	known, err := db.SavePatient(ctx, rx.Known{Patient: newborn})
	if err != nil {
		t.Fatal(err)
	}
	add := func(asked rx.SSIN) error {
		return db.AddKey(ctx, known.ID, asked, rx.Key{ID: rx.KeyID(p.newID()), Secret: make([]byte, 16)})
	}
	asked, before := []rx.SSIN{"", marie.SSIN, "79021802145"}, rx.SSIN("")
	for _, number := range []rx.SSIN{"", marie.SSIN, "79021802145"} {
		known.SSIN = number
		if known.SSIN != before {
			if known, err = db.SavePatient(ctx, known); err != nil {
				t.Fatal(err)
			}
			before = number
		}
		for _, of := range asked {
			want := rx.CodeConflict
			if of == number && of != "" {
				want = ""
			}
			wantCode(t, add(of), want)
		}
	}
	out := p.must(db.Issue(ctx, p.order(known.Patient, []string{"a"})))
	parcel, _, err := db.Mark(ctx, out.Prescriptions[0].ID, 0, p.now, p.now, p.now.Add(time.Minute))
	if err != nil || parcel.Patient != known.SSIN {
		t.Fatal(err)
	}
	work, err := db.Work(ctx)
	if err != nil || len(work) != 1 || work[0].Keys != 0 {
		t.Errorf("keys of another number are in the pool: %v", err)
	}
}
