package wiring

import (
	"encoding/json"
	"strconv"

	"relais/app/documents"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/assets"
	"relais/data/medicines"
	"relais/sync/recipe/kmehr"
)

// software is what our messages name as their application. The version is that of
// FyneApp.toml.
var software = kmehr.Software{Name: "Relais", Version: "0.1.0"}

// MaxKMEHR is the length in bytes of the longest message that is judged.
const MaxKMEHR = kmehr.MaxSize

// ValidateKMEHR gives what is wrong with a message for a prescription of that type, P0 or
// P1, that expires on that day.
func ValidateKMEHR(message []byte, prescriptionType string, expires rx.Date) rx.Faults {
	return kmehr.Validate(message, prescriptionType, expires)
}

// Composing is how an order becomes a message without a data directory.
type Composing struct {
	Practice   *rx.Practice // nil: the invented one of the demonstration
	AsFreeText bool         // a code that the medicines file does not know becomes a product by its name
	Line       int          // of the order, from 0
}

// KMEHR is the message of one line of an order that is issued now, with the medicines of
// the demonstration. The order is checked as at issue; nothing is kept, and the same order
// at the same moment gives the same message.
func (i Interop) KMEHR(request rx.Request, how Composing) ([]byte, error) {
	practice := how.Practice
	if practice == nil {
		practice = new(rx.Practice)
		if err := json.Unmarshal(assets.DemoPractice, practice); err != nil {
			return nil, rx.Fault(rx.CodeInternal).Because(err)
		}
	}
	list, err := medicines.Load("demo-"+medicinesDay.String(), assets.DemoMedicines)
	if err != nil {
		return nil, err
	}
	if faults := rx.CheckPractice(*practice, rx.CheckOptions{Today: rx.DateOf(i.Now()), Shows: documents.Shows}); len(faults) > 0 {
		return nil, faults
	}
	service := prescribing.Service{Medicines: list, Now: i.Now, Shows: documents.Shows}
	checked, _, err := service.Check(request, prescribing.How{AsFreeText: how.AsFreeText})
	if err != nil {
		return nil, err
	}
	if n := len(checked.Lines); how.Line < 0 || how.Line >= n {
		return nil, rx.Fault(rx.CodeOutOfRange, "min", "0", "max", strconv.Itoa(n-1))
	}
	issue := rx.Issuance{Checked: checked, Practice: *practice, At: i.Now(), Medicines: list.Version()}
	lang := rx.DocumentLang(checked.Patient, *practice)
	for n, l := range checked.Lines {
		issue.IDs = append(issue.IDs, rx.LocalIDOf(checked.ID, n))
		issue.Posology = append(issue.Posology, i18n.Posology(lang, l.Posology))
	}
	facts, err := rx.Freeze(issue)
	if err != nil {
		return nil, err
	}
	return kmehr.Composer{Software: software}.Compose(facts[how.Line])
}
