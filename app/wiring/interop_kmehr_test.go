package wiring

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/assets"
	"relais/sync/recipe/kmehr"
)

var _ prescribing.Composer = kmehr.Composer{}

func TestSoftwareIsThisOne(t *testing.T) {
	b, err := os.ReadFile("../../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `Version = "`+software.Version+`"`) || !strings.Contains(string(b), `Name = "`+software.Name+`"`) {
		t.Errorf("FyneApp.toml names another program than %s %s", software.Name, software.Version)
	}
}

// The instruction for reimbursement in a message is that of the printed proof.
func TestReimbursementInWords(t *testing.T) {
	var practice rx.Practice
	if err := json.Unmarshal(assets.DemoPractice, &practice); err != nil {
		t.Fatal(err)
	}
	f := rx.Facts{KMEHRID: "19999915004.1", LocalID: "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11", Issued: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC), Practice: practice,
		Patient:      rx.Patient{SSIN: "85073003427", FirstName: "Demo", LastName: "Demo", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rx.Female},
		PosologyText: "x", Type: "P1", Medicines: "demo", Product: rx.Product{Name: "x"},
		Content: rx.Line{Kind: rx.Package, CNK: "0318717", Quantity: 1, Begin: rx.Date{Year: 2026, Month: 11, Day: 22}, Expires: rx.Date{Year: 2027, Month: 2, Day: 21}}}
	for _, f.Content.InstructionReimbursement = range rx.ReimbursementInstructions {
		for _, f.Language = range rx.Langs {
			message, err := kmehr.Composer{Software: software}.Compose(f)
			if err != nil {
				t.Fatal(err)
			}
			read, err := kmehr.Read(message)
			want := i18n.Text(f.Language, "reimbursement."+f.Content.InstructionReimbursement)
			if err != nil || read.Items[0].InstructionReimbursement != want {
				t.Errorf("%s %s: %q on the proof: %q, %v", f.Language, f.Content.InstructionReimbursement, want, read.Items[0].InstructionReimbursement, err)
			}
		}
	}
}
