package wiring

import (
	"strings"
	"testing"
	"time"

	"relais/app/documents"
	"relais/app/rx"
)

// The line at the foot of a proof names the reprint, in the preview of the next one too; of several prescriptions the highest count.
func TestProofNamesItsReprint(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 12, 0, 0, time.UTC)
	day := rx.DateOf(at)
	item := func(rid rx.RID, proofs int) rx.Item {
		return rx.Item{
			Prescription: rx.Prescription{State: rx.StateConfirmed, Records: []rx.Record{{RID: rid, Adopted: true}}, Notes: rx.Notes{Adopted: rx.Stamp{At: at}, Proofs: proofs}},
			Facts: rx.Facts{Version: rx.FactsVersion, Issued: at, Language: rx.FR, Product: rx.Product{Name: "Amoxicilline Exemple 500 mg"},
				Practice: rx.Practice{Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004"}},
				Patient:  rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}},
				Content:  rx.Line{Kind: rx.Free, Quantity: 1, Begin: day, Expires: day.AddMonths(3)}, PosologyText: "1 gélule le soir"},
		}
	}
	foot := func(setting string, items ...rx.Item) (text string) {
		t.Helper()
		p := press{now: func() time.Time { return at }, setting: func(string) ([]byte, error) { return []byte(setting), nil }}
		d, err := p.proof(items)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range d.Pages[0].Items {
			if run, is := i.(documents.Text); is {
				text += run.Text + " "
			}
		}
		return text
	}
	const on = `{"proof": {"foot": true}}`
	for _, c := range []struct {
		setting string
		items   []rx.Item
		want    string // "" no reprint
	}{
		{on, []rx.Item{item("BEP1ABCDEF01", 1)}, ""},
		{on, []rx.Item{item("BEP1ABCDEF01", 2)}, "réimpression 1"},
		{on, []rx.Item{item("BEP1ABCDEF01", 1), item("BEP1ABCDEF02", 3)}, "réimpression 2"},
		{"{}", []rx.Item{item("BEP1ABCDEF01", 5)}, ""},
	} {
		text := foot(c.setting, c.items...)
		if got := strings.Contains(text, "réimpression"); got != (c.want != "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: without %q: %q", c.setting, c.want, text)
		}
	}
}
