package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"relais/app/rx"
)

var (
	ctx     = context.Background()
	morning = time.Date(2026, 11, 22, 9, 40, 0, 0, time.UTC)
)

const testVault = rx.ID("11111111-2222-4333-8444-555555555555")

// place is a data directory in a test: what is needed to open it again.
type place struct {
	t    testing.TB
	opts Options
	keys *testKeys
	now  time.Time // of the clock
	seed *rand.ChaCha8
}

func newPlace(t testing.TB) *place {
	root := t.TempDir()
	p := &place{t: t, now: morning, keys: newTestKeys("root", string(testVault), "simulated"), seed: rand.NewChaCha8(sha256.Sum256([]byte("store")))}
	p.opts = Options{
		Dir: filepath.Join(root, "data"), Mark: filepath.Join(root, "outside", "mark.json"), Vault: testVault, Environment: "simulated",
		Keys: p.keys, Clock: func() time.Time { return p.now }, Rand: p.seed,
	}
	return p
}

func (p *place) create() *place {
	p.t.Helper()
	if err := Create(ctx, p.opts); err != nil {
		p.t.Fatal(err)
	}
	return p
}

// open opens the directory until the test ends or close is called.
func (p *place) open() *DB {
	p.t.Helper()
	db, err := Open(ctx, p.opts)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		switch err := db.Close(ctx); rx.CodeOf(err) {
		case "", rx.CodeIO, rx.CodeDamaged, rx.CodeLocked: // closed by the test already, or spoilt by it
		default:
			p.t.Error(err)
		}
	})
	return db
}

func (p *place) newID() rx.ID {
	p.t.Helper()
	p.now = p.now.Add(time.Millisecond)
	id, err := rx.NewID(p.now, p.seed)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

// marie is an invented patient; her number is that of the example of the order file.
var marie = rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rx.Female,
	Language: rx.FR, Phone: "081 00 00 00"}

// order is an order of one line for each list of ingredient codes.
func (p *place) order(patient rx.Patient, ingredients ...[]string) rx.Issue {
	p.t.Helper()
	order := p.newID()
	issue := rx.Issue{Order: order, Patient: patient, At: p.now, Request: []byte(`{"id":"` + string(order) + `"}`)}
	for i, codes := range ingredients {
		id := p.newID()
		begin := rx.DateOf(p.now)
		f := rx.Facts{
			Version: rx.FactsVersion, Prescription: id, Order: order, Line: i, Issued: p.now, KMEHRID: "19999915004.1", LocalID: rx.LocalIDOf(order, i),
			Language: rx.FR, Patient: patient, Type: "P1", Medicines: "demo", PosologyText: "1 gélule 3 fois par jour pendant 5 jours",
			Practice: rx.Practice{Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004"}},
			Product:  rx.Product{Name: "Amoxicilline Exemple 500 mg gélules", Ingredients: codes},
			Content: rx.Line{Kind: rx.Package, CNK: "0318717", Quantity: 2, Begin: begin, Expires: rx.DefaultExpiry(begin), Visibility: rx.Open, Feedback: true,
				Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}},
			Proof: rx.ProofNeed{Wanted: true},
		}
		item := rx.IssueItem{Prescription: rx.Initial(id, f), Facts: f}
		if patient.SSIN != "" {
			item.Message = bytes.Repeat([]byte("<kmehrmessage/>"), 250) // some 4 kB, as a real one
		}
		issue.Items = append(issue.Items, item)
	}
	return issue
}

// issue writes an order of n lines for marie, each with an ingredient of its own.
func (p *place) issue(db *DB, n int) rx.Issued {
	p.t.Helper()
	codes := make([][]string, n)
	for i := range codes {
		codes[i] = []string{fmt.Sprint("ingredient ", i)}
	}
	return p.must(db.Issue(ctx, p.order(marie, codes...)))
}

func (p *place) must(out rx.Issued, err error) rx.Issued {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// apply is Apply at the version of the prescription as it stands.
func (p *place) apply(db *DB, id rx.ID, e rx.Event) rx.Prescription {
	p.t.Helper()
	if e.At.IsZero() {
		e.At = p.now
	}
	next, err := db.Apply(ctx, id, 0, e)
	if err != nil {
		p.t.Fatal(err)
	}
	return next
}

// mark gives the patient a fresh key and marks an attempt with it.
func (p *place) mark(db *DB, it rx.Prescription) (rx.Parcel, rx.Prescription) {
	p.t.Helper()
	p.key(db, it.Patient)
	parcel, next, err := db.Mark(ctx, it.ID, it.Version, p.now, p.now, p.now.Add(time.Minute))
	if err != nil {
		p.t.Fatal(err)
	}
	return parcel, next
}

func (p *place) claim(db *DB, id rx.ID) rx.Prescription {
	return p.apply(db, id, rx.Event{Kind: rx.EventClaimed, Paper: "urgent", Sheet: &rx.Sheet{ID: p.newID()}})
}

// wantCode fails unless err has the code.
func wantCode(t testing.TB, err error, code rx.Code) {
	t.Helper()
	if rx.CodeOf(err) != code {
		t.Errorf("error %v, not %q", err, code)
	}
}
