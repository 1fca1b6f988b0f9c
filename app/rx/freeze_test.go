package rx

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var brussels = time.FixedZone("CET", 3600)

// issuance is the sound request, checked, ready to freeze.
func issuance(t testing.TB) Issuance {
	c, faults, _ := Check(sound(), findDemo, CheckOptions{Today: today})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	i := Issuance{Checked: c, Practice: soundPractice(), At: time.Date(2026, 11, 22, 9, 40, 0, 123_456_789, brussels), Medicines: "DEMO-1"}
	for n := range c.Lines {
		i.IDs = append(i.IDs, LocalIDOf("id of a prescription", n))
		i.Posology = append(i.Posology, "1 gélule 3 fois par jour")
	}
	return i
}

func TestFreeze(t *testing.T) {
	i := issuance(t)
	facts, err := Freeze(i)
	if err != nil || len(facts) != len(i.Checked.Lines) {
		t.Fatal(len(facts), err)
	}
	f := facts[0]
	if f.Prescription != i.IDs[0] || f.Order != i.Checked.ID || f.Language != FR || f.Medicines != "DEMO-1" || f.LocalID != LocalIDOf(i.Checked.ID, 0) ||
		f.Product.Name != "Amoxicilline Exemple 500 mg gélules" || f.Product.PackSize != 16 || f.PosologyText != "1 gélule 3 fois par jour" {
		t.Error("the facts of the first line are not those of the request")
	}
	if want := time.Date(2026, 11, 22, 8, 40, 0, 123_000_000, time.UTC); !f.Issued.Equal(want) || DateOf(f.Issued) != today {
		t.Errorf("issued %v", f.Issued)
	}
	if !strings.HasPrefix(f.KMEHRID, "19999915004.") {
		t.Errorf("KMEHR id without the sender")
	}
	for n, want := range []string{"P1", "P1", "P0", "P0", "P0", "P0"} { // reimbursed; a group with a category; the rest
		if facts[n].Type != want {
			t.Errorf("line %d: type %s, want %s", n, facts[n].Type, want)
		}
	}
	for n, want := range map[int]string{2: "R/ Hydrocortisone 1 % ad 30 g", 3: "Produit Inventé", 4: "Crème inventée", 5: "Inventol 1,5 g"} {
		if got := facts[n].Product.Name; got != want {
			t.Errorf("line %d: product %q, want %q", n, got, want)
		}
	}
}

// The same arguments give the same bytes, and reading them gives the same facts.
func TestFreezeIsCanonical(t *testing.T) {
	first, err := Freeze(issuance(t))
	if err != nil {
		t.Fatal(err)
	}
	second, _ := Freeze(issuance(t))
	for n := range first {
		a, sumA, _ := first[n].Canonical()
		b, sumB, _ := second[n].Canonical()
		if !bytes.Equal(a, b) || sumA != sumB {
			t.Fatalf("line %d: not deterministic", n)
		}
		read, err := ParseFacts(a)
		if err != nil {
			t.Fatal(err)
		}
		c, _, _ := read.Canonical()
		if !bytes.Equal(a, c) {
			t.Errorf("line %d: %s", n, cmp.Diff(string(a), string(c)))
		}
	}
}

func TestProofNeed(t *testing.T) {
	for _, c := range []struct {
		asked, recorded ProofWish
		ssin            SSIN
		visibility      Visibility
		forced          []string
		want            ProofNeed
	}{
		{ProofAuto, ProofAuto, "85073003427", Open, nil, ProofNeed{Wanted: true}},
		{ProofAuto, "", "85073003427", Open, nil, ProofNeed{Wanted: true}},
		{ProofAuto, ProofNone, "85073003427", Open, nil, ProofNeed{}},
		{ProofNone, ProofPaper, "85073003427", Open, nil, ProofNeed{}},
		{ProofPaper, ProofNone, "85073003427", Open, nil, ProofNeed{Wanted: true}},
		{ProofNone, "", "98472899765", Open, nil, ProofNeed{Wanted: true, Forced: []string{"bis"}}},
		{ProofNone, "", "85073003427", Locked, nil, ProofNeed{Wanted: true, Forced: []string{"locked"}}},
		{ProofNone, "", "98472899765", Locked, []string{"degraded", "bis"}, ProofNeed{Wanted: true, Forced: []string{"bis", "locked", "degraded"}}},
	} {
		i := issuance(t)
		i.Checked.Proof, i.Wish, i.Forced = c.asked, c.recorded, c.forced
		i.Checked.Patient.SSIN, i.Checked.Lines[0].Visibility = c.ssin, c.visibility
		facts, err := Freeze(i)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, facts[0].Proof); diff != "" {
			t.Errorf("asked %q, recorded %q: %s", c.asked, c.recorded, diff)
		}
	}
}

func TestDocumentLang(t *testing.T) {
	for _, c := range []struct{ patient, region, want Lang }{{NL, FR, NL}, {"", FR, FR}, {"", DE, DE}, {EN, NL, NL}} {
		if got := DocumentLang(Patient{Language: c.patient}, Practice{RegionLanguage: c.region}); got != c.want {
			t.Errorf("patient %q in region %q: %q, want %q", c.patient, c.region, got, c.want)
		}
	}
}

func TestFreezeRefuses(t *testing.T) {
	for name, change := range map[string]func(*Issuance){
		"no line":        func(i *Issuance) { i.Checked.Lines = nil },
		"ids":            func(i *Issuance) { i.IDs = i.IDs[1:] },
		"empty id":       func(i *Issuance) { i.IDs[0] = "" },
		"posology":       func(i *Issuance) { i.Posology = i.Posology[1:] },
		"empty posology": func(i *Issuance) { i.Posology[0] = "" },
		"order":          func(i *Issuance) { i.Checked.ID = "" },
		"prescriber":     func(i *Issuance) { i.Practice.Prescriber.NIHII = "" },
		"instant":        func(i *Issuance) { i.At = time.Time{} },
		"medicines":      func(i *Issuance) { i.Medicines = "" },
		"language":       func(i *Issuance) { i.Checked.Patient.Language, i.Practice.RegionLanguage = "", EN },
		"reason":         func(i *Issuance) { i.Forced = []string{"whim"} },
	} {
		i := issuance(t)
		change(&i)
		if facts, err := Freeze(i); facts != nil || !errors.Is(err, Fault(CodeInternal)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// KMEHR ids of one sender differ: by the instant, else by the line.
func TestKMEHRIDsDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		instant := rapid.Int64Range(0, 100*365*24*3600*1000)
		a, b := instant.Draw(t, "a"), instant.Draw(t, "b")
		seen := map[string]bool{}
		ids := map[int64]bool{a: true, b: true}
		for ms := range ids {
			for line := range MaxLines {
				id := ID(rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "id"))
				number := kmehrID("19999915004", start.Add(time.Duration(ms)*time.Millisecond), line, id)
				if seen[number] || len(number) > 12+18 {
					t.Fatalf("%s twice or too long", number)
				}
				seen[number] = true
			}
		}
	})
}
