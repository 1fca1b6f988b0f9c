package kgss

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"relais/sync/ehealth/sts"
)

// Reader is somebody who may get a key: whoever has an attribute in the token of the STS, with one of the values. An empty
// value stands for any.
type Reader struct {
	sts.Attribute
	Values []string
}

// Format prints the attribute alone, whatever the verb: a value may be the number of a person.
func (r Reader) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Reader("+r.Name+")") }

// LogValue is what Format prints.
func (r Reader) LogValue() slog.Value { return slog.StringValue("Reader(" + r.Name + ")") }

// Of the access list for prescriptions P0 and P1 (Recip-e SDK 1.9.1; other types have the same).
var (
	pharmacy = sts.Attribute{
		Namespace: "urn:be:fgov:certified-namespace:ehealth",
		Name:      "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean",
	}
	person = sts.Attribute{Namespace: "urn:be:fgov:identification-namespace", Name: "urn:be:fgov:person:ssin"}
)

// Shared is the access list of what a professional shares with a patient and every pharmacy: colleagues of the profession, so
// that the author can read it too, recognised pharmacies, and the patient with that national number (11 digits).
func Shared(author sts.Profession, patient string) ([]Reader, error) {
	number, known := author.Number()
	if !known {
		return nil, &Error{Kind: Unprepared, reason: "the profession is unknown"}
	}
	if len(patient) != 11 || strings.Trim(patient, "0123456789") != "" {
		return nil, &Error{Kind: Unprepared, reason: "the national number has not 11 digits"}
	}
	return []Reader{{number, []string{""}}, {pharmacy, []string{"true"}}, {person, []string{patient}}}, nil
}
