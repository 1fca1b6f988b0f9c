package kmehr

import (
	"slices"

	"relais/app/rx"
)

// Types of prescription that have rules: P1 asks for reimbursement (recipe-protocol §4.3).
var Types = []string{"P0", "P1"}

// MaxFindings bounds what is found in one message; nothing is looked for after so many.
const MaxFindings = 100

// Validate gives what is wrong with a message for a prescription of that type that expires
// on that day; nothing is wrong with it when Recip-e's schema and rules accept it and the
// day is the one it names (client error 500022). Paths are XPath, from /kmehrmessage.
func Validate(message []byte, prescriptionType string, expires rx.Date) rx.Faults {
	if !slices.Contains(Types, prescriptionType) {
		return rx.Faults{rx.Fault(rx.CodeNotInList, "list", "P0, P1").At("type")}
	}
	root, err := parse(message)
	if err != nil {
		return rx.Faults{err}
	}
	var v validation
	if root.name != "kmehrmessage" || root.space != namespace {
		v.find(root, rx.Fault(CodeNotKMEHR))
		return v.findings
	}
	v.conforms(root, root.name)
	v.follows(root, prescriptionType)
	v.expires(root, expires)
	return v.findings[:min(len(v.findings), MaxFindings)]
}

// validation is the work on one message.
type validation struct{ findings rx.Faults }

func (v *validation) find(e *element, f *rx.Error) { v.findings = append(v.findings, f.At(e.path())) }

func (v *validation) full() bool { return len(v.findings) >= MaxFindings }

// expires compares the day in the message with the one beside it. Without one in the
// message, rule 41 has said so.
func (v *validation) expires(root *element, day rx.Date) {
	for _, e := range below(root, folder+"expirationdate") {
		if collapsed(e.text()) != day.String() {
			v.find(e, rx.Fault(CodeExpiryDiffers))
		}
	}
}
