package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relais/app/rx"
)

// Whatever is searched for, with whatever filter, pages of any length give what reading everything and comparing would give, also as orders come.
func TestSearchIsWhatReadingEverythingFinds(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	random := rand.New(rand.NewPCG(3, 4))
	names := []string{"Dupont", "Démo", "Van der Exemple", "O'Fictif", "Éxemple"}
	medicines := []string{"Amoxicilline Exemple 500 mg", "Paracétamol Démo 1 g", "Exemple-Duo"}
	words := []string{"dupont", "demo", "EXEMPLE", "ex", "e", "der amox", "fictif", "o'fic", "para 1", "500 mg marie", "850", "xyz", "  ", "exemple-duo dupont"}
	for round := range 8 {
		for n := range 6 {
			who := marie
			first := 850730034 + int64(random.IntN(4))
			who.SSIN, who.LastName = rx.SSIN(fmt.Sprintf("%09d%02d", first, 97-first%97)), names[random.IntN(len(names))]
			issue := p.order(who, []string{fmt.Sprint(n)}, []string{"b"})
			for i := range issue.Items {
				issue.Items[i].Facts.Product.Name = medicines[random.IntN(len(medicines))]
			}
			q := p.must(db.Issue(ctx, issue)).Prescriptions
			if random.IntN(3) == 0 {
				p.claim(db, q[0].ID)
			}
		}
		if round == 4 {
			p.close(db)
			db = p.open()
		}
		everything, err := db.List(ctx, rx.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			f := rx.Filter{Words: words[random.IntN(len(words))], Limit: random.IntN(4)}
			if random.IntN(3) == 0 {
				f.State = rx.StatePaper
			}
			if random.IntN(3) == 0 {
				f.Patient = everything[random.IntN(len(everything))].Patient
			}
			var want []rx.ID
			for _, item := range everything {
				who, text := item.Facts.Patient, strings.Fields(rx.Fold(f.Words))
				have := strings.Fields(rx.Fold(who.LastName + " " + who.FirstName + " " + string(who.SSIN) + " " + item.Facts.Product.Name))
				lacks := slices.ContainsFunc(text, func(w string) bool {
					return !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) })
				})
				if !lacks && (f.State == 0 || item.State == f.State) && (f.Patient == "" || item.Patient == f.Patient) {
					want = append(want, item.ID)
				}
			}
			var got []rx.ID
			for {
				page, err := db.List(ctx, f)
				if err != nil || f.Limit > 0 && len(page) > f.Limit {
					t.Fatalf("%d of a page of %d, %v", len(page), f.Limit, err)
				}
				for _, item := range page {
					got = append(got, item.ID)
				}
				if f.Limit == 0 || len(page) < f.Limit {
					break
				}
				f.Before = page[len(page)-1].ID
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v: %d found, not %d", f, len(got), len(want))
			}
		}
	}
}

// What cannot be read is counted, and the rest is found; who may not read finds nothing, not even what was read before.
func TestSearchOfWhatIsDamagedOrLocked(t *testing.T) {
	p, db, q := lived(t, "root")
	conn := p.tamperer()
	find := func(words string) ([]rx.Item, error) { return db.List(ctx, rx.Filter{Words: words}) }
	all, err := find("amox")
	if err != nil || len(all) != 3 {
		t.Fatalf("%d found, %v", len(all), err)
	}
	p.run(conn, "UPDATE contents SET facts = (SELECT facts FROM contents WHERE prescription = 1) WHERE prescription = 2")
	for range 2 { // read before it was damaged, and after
		got, err := find("amox")
		wantCode(t, err, rx.CodeUnread)
		if len(got) != 2 || got[0].ID != q[2].ID || got[1].ID != q[0].ID {
			t.Errorf("%d found", len(got))
		}
		p.close(db)
		db = p.open()
	}
	people, err := db.Patients(ctx)
	if err != nil || len(people) != 2 {
		t.Fatalf("%d patients, %v", len(people), err)
	}
	p.keys.lock(content, true)
	p.keys.lock(patients, true)
	_, err = find("amox")
	wantCode(t, err, rx.CodeLocked)
	_, err = db.Patients(ctx)
	wantCode(t, err, rx.CodeLocked)
}

// A page is full although what stands at its place is damaged, so that a short one is the last.
func TestPagesAreFullBesideDamage(t *testing.T) {
	p := newPlace(t).create()
	db := p.open()
	var all []rx.ID
	for range 6 {
		for _, q := range p.issue(db, 2).Prescriptions {
			all = append([]rx.ID{q.ID}, all...)
		}
	}
	conn := p.tamperer()
	p.run(conn, "UPDATE prescriptions SET mac = zeroblob(32) WHERE n = 1")
	p.run(conn, "UPDATE contents SET facts = zeroblob(90) WHERE prescription BETWEEN 5 AND 9 OR prescription = 11") // of the newest 2, and 4 to 8
	sound := slices.Concat(all[:1], all[2:3], all[8:11])
	for limit := range 7 {
		f, lost := rx.Filter{Limit: limit}, 0
		var got []rx.ID
		for {
			page, err := db.List(ctx, f)
			if n := unreadIn(err); err != nil && n == 0 {
				t.Fatal(err)
			} else {
				lost += n
			}
			got = append(got, ids(page)...)
			if limit == 0 || len(page) < limit {
				break
			}
			f.Before = page[len(page)-1].ID
		}
		if !slices.Equal(got, sound) || lost != 7 {
			t.Errorf("pages of %d: %d rows and %d that are damaged", limit, len(got), lost)
		}
	}
}

// unreadIn is how many rows an error says that a list lacks.
func unreadIn(err error) int {
	var e *rx.Error
	if !errors.As(err, &e) || e.Code != rx.CodeUnread {
		return 0
	}
	n, _ := strconv.Atoi(e.Args["n"])
	return n
}

// What was learnt ahead, in steps and by somebody who gives up, is what a search finds.
func TestWordsAreLearntAhead(t *testing.T) {
	p, db, q := lived(t, "root")
	over, stop := context.WithCancel(ctx)
	stop()
	if more, err := db.LearnWords(over); more || !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v, %v", more, err)
	}
	if more, err := db.LearnWords(ctx); more || err != nil || len(db.words.entries) != len(q) {
		t.Errorf("%d learnt, %v, %v", len(db.words.entries), more, err)
	}
	p.issue(db, 2)
	if found, err := db.List(ctx, rx.Filter{Words: "amox"}); err != nil || len(found) < len(q) {
		t.Errorf("%d found, %v", len(found), err)
	}
	p.keys.lock(content, true)
	_, err := db.LearnWords(ctx)
	wantCode(t, err, rx.CodeLocked)
	if len(db.words.entries) > 0 {
		t.Error("what was learnt stays known to who may not read it")
	}
}

// Patients that another process made, changed or damaged since they were read last.
func TestPatientsAreReadAnewWhenTheyChange(t *testing.T) {
	p, db, _ := lived(t, "root")
	other := p.open()
	read := func() []rx.Known {
		all, err := db.Patients(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := read()
	before[0].LastName = "written over by the caller"
	if again := read(); again[0].LastName != "Dupont" {
		t.Error("what is given is what is kept")
	}
	changed := read()[1]
	changed.Phone = "02 000 00 00"
	if _, err := other.SavePatient(ctx, changed); err != nil {
		t.Fatal(err)
	}
	if _, err := other.SavePatient(ctx, rx.Known{Patient: rx.Patient{FirstName: "Zoé", LastName: "Exemple", Language: rx.FR}}); err != nil {
		t.Fatal(err)
	}
	if all := read(); len(all) != 3 || all[1].Phone != changed.Phone || all[1].Version != 2 || all[2].LastName != "Exemple" {
		t.Errorf("%d patients, as they were", len(all))
	}
	p.run(p.tamperer(), "UPDATE patients SET person = zeroblob(40), mac = zeroblob(32) WHERE id = (SELECT min(id) FROM patients)")
	if all := read(); len(all) != 3 || all[0].LastName != "Dupont" { // as it was read when it was sound
		t.Errorf("%d patients", len(all))
	}
	if _, err := other.SavePatient(ctx, rx.Known{Patient: rx.Patient{FirstName: "Léa", LastName: "Exemple", Language: rx.FR}}); err != nil {
		t.Fatal(err)
	}
	if all := read(); len(all) != 4 {
		t.Errorf("%d patients", len(all))
	}
	for range 2 {
		all, err := other.Patients(ctx)
		wantCode(t, err, rx.CodeUnread)
		if len(all) != 3 {
			t.Errorf("%d patients beside the damaged one", len(all))
		}
	}
}
