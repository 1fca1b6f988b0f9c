package store

import (
	"testing"
	"time"

	"relais/app/rx"
)

func (p *place) printed(db *DB, id, sheet rx.ID, forms int) rx.Prescription {
	p.now = p.now.Add(time.Minute)
	return p.apply(db, id, rx.Event{Kind: rx.EventPrinted, Sheet: &rx.Sheet{ID: sheet, Forms: forms}})
}

func (p *place) left(db *DB, want int) {
	p.t.Helper()
	if stock, err := db.FormStock(ctx); err != nil || stock.Forms != want {
		p.t.Errorf("%d forms left, not %d: %v", stock.Forms, want, err)
	}
}

// A copy takes its forms in the transaction that counts it, once, as far as there are any; one that did not come out gives them back.
func TestFormsAreTakenWithTheCopy(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	q := p.issue(db, 2).Prescriptions
	a, b := p.claim(db, q[0].ID), p.claim(db, q[1].ID)
	count := func(n int) {
		p.now = p.now.Add(time.Minute)
		if _, err := db.Restock(ctx, rx.Restock{Forms: &n, At: p.now}); err != nil {
			t.Fatal(err)
		}
	}
	p.left(db, 0)
	if got := p.printed(db, a.ID, a.Sheets[0].ID, 2).Sheets[0]; got.Forms != 0 || got.Copies != 1 { // nothing counted yet: nothing is taken
		t.Errorf("%+v", got)
	}
	p.left(db, 0)
	count(3)
	if got := p.printed(db, a.ID, a.Sheets[0].ID, 2).Sheets[0]; got.Forms != 2 || got.Copies != 2 {
		t.Errorf("%+v", got)
	}
	p.left(db, 1)
	if got := p.printed(db, b.ID, b.Sheets[0].ID, 2).Sheets[0]; got.Forms != 1 {
		t.Errorf("%+v", got)
	}
	p.left(db, 0)
	notOut := rx.Event{Kind: rx.EventNotOut, Sheet: &rx.Sheet{ID: b.Sheets[0].ID}}
	if got := p.apply(db, b.ID, notOut).Sheets[0]; got.Forms != 0 {
		t.Errorf("%+v", got)
	}
	p.left(db, 1)
	p.apply(db, b.ID, notOut) // said twice
	p.left(db, 1)

	// What is refused or loses the race takes nothing.
	_, err := db.Apply(ctx, a.ID, 1, rx.Event{Kind: rx.EventPrinted, At: p.now, Sheet: &rx.Sheet{ID: a.Sheets[0].ID, Forms: 1}})
	wantCode(t, err, rx.CodeConflict)
	_, err = db.Apply(ctx, a.ID, 0, rx.Event{Kind: rx.EventPrinted, At: p.now, Sheet: &rx.Sheet{ID: p.newID(), Forms: 1}})
	wantCode(t, err, rx.CodeNoSuchSheet)
	p.left(db, 1)

	// A copy of before the count is in the count.
	count(10)
	p.apply(db, a.ID, rx.Event{Kind: rx.EventNotOut, Sheet: &rx.Sheet{ID: a.Sheets[0].ID}})
	p.left(db, 10)
	if err := db.Verify(ctx); err != nil {
		t.Error(err)
	}
	p.close(db)
	p.left(p.open(), 10)
}

// A stock that cannot be read stops no sheet; a new count takes its place, and nothing else does.
func TestFormStockUnread(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	a := p.claim(db, p.issue(db, 1).Prescriptions[0].ID)
	for value, code := range map[string]rx.Code{"{": rx.CodeSettingUnread, "{}": rx.CodeSettingUnread, `{"version": 1, "forms": -1}`: rx.CodeSettingUnread,
		`{"version": 9, "forms": 5}`: rx.CodeNewer} {
		if err := db.SetSetting(ctx, formsSetting, []byte(value)); err != nil {
			t.Fatal(err)
		}
		_, err := db.FormStock(ctx)
		wantCode(t, err, code)
		if got := p.printed(db, a.ID, a.Sheets[0].ID, 1).Sheets[0]; got.Forms != 0 {
			t.Errorf("%+v", got)
		}
		_, err = db.Restock(ctx, rx.Restock{Add: 5, At: p.now})
		wantCode(t, err, code)
		n := 7
		if _, err = db.Restock(ctx, rx.Restock{Forms: &n, At: p.now}); (err == nil) != (code == rx.CodeSettingUnread) {
			t.Errorf("%s counted anew: %v", value, err)
		}
	}
}
