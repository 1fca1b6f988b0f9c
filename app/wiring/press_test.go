package wiring

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

func pressed(t *testing.T, setting func(string) ([]byte, error), reason rx.PaperReason) ([]byte, error) {
	t.Helper()
	at := time.Date(2026, 11, 22, 9, 12, 0, 0, time.UTC)
	p := press{now: func() time.Time { return at }, setting: setting}
	day := rx.DateOf(at)
	item := rx.Item{
		Prescription: rx.Prescription{State: rx.StatePaper, Sheets: []rx.Sheet{{ID: "s", Copies: 1}}, Notes: rx.Notes{PaperReason: reason}},
		Facts: rx.Facts{Version: rx.FactsVersion, Issued: at, Language: rx.FR,
			Practice: rx.Practice{Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004"}},
			Patient:  rx.Patient{FirstName: "Marie", LastName: "Dupont", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}},
			Product:  rx.Product{Name: "Amoxicilline Exemple 500 mg"},
			Content:  rx.Line{Kind: rx.Free, Quantity: 1, Begin: day, Expires: day.AddMonths(3)}, PosologyText: "1 gélule le soir"},
	}
	return p.Sheet([]rx.Item{item}, prescribing.On{})
}

// The form that was chosen is the one that is printed; without a choice a plain sheet.
func TestPressPrintsOnTheChosenForm(t *testing.T) {
	const a4, form = "A4", "/MediaBox [0 0 297.64 566.93]"
	kept := func(value string, err error) func(string) ([]byte, error) {
		return func(name string) ([]byte, error) {
			if name != settingDocuments {
				return nil, fmt.Errorf("asked for %s", name)
			}
			return []byte(value), err
		}
	}
	for _, c := range []struct {
		name    string
		setting func(string) ([]byte, error)
		want    string
		code    rx.Code
	}{
		{"no settings", nil, a4, ""},
		{"nothing kept", kept("", rx.Fault(rx.CodeNotFound)), a4, ""},
		{"own forms", kept(`{"form": {"kind": "overlay"}}`, nil), form, ""},
		{"two on an A4", kept(`{"form": {"kind": "overlay", "paper": "two-on-a4"}}`, nil), a4, ""},
		{"unreadable", kept(`{"form": {"kind": "a5"}}`, nil), "", rx.CodeSettingUnread},
		{"locked", kept("", rx.Fault(rx.CodeLocked)), "", rx.CodeLocked},
	} {
		pdf, err := pressed(t, c.setting, "outage-ehealth")
		if err != nil {
			if c.code == "" || rx.CodeOf(err) != c.code || pdf != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if c.code != "" || bytes.Contains(pdf, []byte(form)) != (c.want == form) {
			t.Errorf("%s: not on %s", c.name, c.want)
		}
	}
}

// "No electronic version" is said of what is proven alone.
func TestNothingElectronic(t *testing.T) {
	now := rx.Stamp{Rev: 3}
	for name, c := range map[string]struct {
		p    rx.Prescription
		s    rx.Sheet
		want bool
	}{
		"never sent":               {rx.Prescription{}, rx.Sheet{}, true},
		"refused":                  {rx.Prescription{Attempts: []rx.Attempt{{Result: rx.ResultRefused}}}, rx.Sheet{}, true},
		"proven absent":            {rx.Prescription{Attempts: []rx.Attempt{{Result: rx.ResultAbsent}, {Result: rx.ResultNotSent}}}, rx.Sheet{}, true},
		"forced":                   {rx.Prescription{}, rx.Sheet{Forced: true}, false},
		"on the wire":              {rx.Prescription{Attempts: []rx.Attempt{{Result: rx.OnTheWire}}}, rx.Sheet{}, false},
		"without answer":           {rx.Prescription{Attempts: []rx.Attempt{{Result: rx.Unanswered}, {Result: rx.ResultRefused}}}, rx.Sheet{}, false},
		"accepted":                 {rx.Prescription{Attempts: []rx.Attempt{{Result: rx.ResultAccepted}}}, rx.Sheet{}, false},
		"a record, revoked":        {rx.Prescription{Records: []rx.Record{{RID: "BEP1ABCDEF01", Status: rx.StatusRevoked}}}, rx.Sheet{}, false},
		"tried in other software":  {rx.Prescription{Notes: rx.Notes{Twin: now}}, rx.Sheet{}, false},
		"and only here":            {rx.Prescription{Notes: rx.Notes{Twin: now, TwinAnswer: now, TwinOutcome: rx.OnlyHere}}, rx.Sheet{}, true},
		"and there":                {rx.Prescription{Notes: rx.Notes{Twin: now, TwinAnswer: now, TwinOutcome: rx.AlsoThere}}, rx.Sheet{}, false},
		"came out of a backup":     {rx.Prescription{Notes: rx.Notes{Restored: now}}, rx.Sheet{}, false},
		"and the answer was given": {rx.Prescription{Notes: rx.Notes{Restored: now, RestoredAns: now}}, rx.Sheet{}, false},
	} {
		if have := nothingElectronic(c.p, c.s); have != c.want {
			t.Errorf("%s: %v", name, have)
		}
	}
}
