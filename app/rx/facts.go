package rx

import (
	"crypto/sha256"
	"encoding/json"
	"time"
)

// FactsVersion is the version of the canonical facts written today.
const FactsVersion = 1

// Facts are the canonical facts of one prescription, frozen at issue: all that a
// document or a message needs, and what the prescription is for ever. Text stands
// in the language of the document.
type Facts struct {
	Version      int       `json:"version"`
	Prescription ID        `json:"prescription"`
	Order        ID        `json:"order"`
	Line         int       `json:"line"` // from 0
	Issued       time.Time `json:"issued"`
	KMEHRID      string    `json:"kmehr_id"` // ID-KMEHR: nihii11.number
	LocalID      ID        `json:"local_id"` // LOCAL id of the message, the same for each attempt
	Language     Lang      `json:"language"` // of the document
	Practice     Practice  `json:"practice"`
	Patient      Patient   `json:"patient"`
	Product      Product   `json:"product"`
	Content      Line      `json:"content"` // the line with its defaults filled in
	PosologyText string    `json:"posology_text"`
	Type         string    `json:"type"`      // P0, or P1 when reimbursable
	Medicines    string    `json:"medicines"` // version of the medicines file
	Proof        ProofNeed `json:"proof"`
}

// Product is what the line names, as the medicines file of that day had it.
type Product struct {
	Name        string   `json:"name"` // in the document's language
	Substance   string   `json:"substance,omitempty"`
	Ingredients []string `json:"ingredients,omitempty"`
	Form        string   `json:"form,omitempty"`
	Strength    string   `json:"strength,omitempty"`
	Pack        string   `json:"pack,omitempty"`
	PackSize    int      `json:"pack_size,omitempty"`
	Unit        string   `json:"unit,omitempty"`
	Narcotic    bool     `json:"narcotic,omitempty"`
	Paediatric  bool     `json:"paediatric,omitempty"`
}

// ProofNeed says whether the proof is to be printed, and why although the patient
// would go without.
type ProofNeed struct {
	Wanted bool     `json:"wanted"`
	Forced []string `json:"forced,omitempty"` // bis, locked, new-medicine, degraded, duty-pharmacy
}

// Canonical is the one byte form of the facts (JSON, fields in the order of the
// type, map keys sorted) and its SHA-256.
func (f Facts) Canonical() ([]byte, [32]byte, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, [32]byte{}, Fault(CodeInternal).Because(err)
	}
	return b, sha256.Sum256(b), nil
}

// ParseFacts reads canonical facts of this or an earlier version.
func ParseFacts(b []byte) (Facts, error) {
	var f Facts
	if err := json.Unmarshal(b, &f); err != nil {
		return f, Fault(CodeDamaged)
	}
	if f.Version < 1 || f.Version > FactsVersion {
		return f, Fault(CodeNewer)
	}
	return f, nil
}

// RedoID is the id of the order that does prescription id again after its sheet was
// destroyed: derived, so that two processes, or an older copy of the directory, redo
// it as one and the same order.
func RedoID(id ID) ID { return derivedID("relais redo\x00" + string(id)) }

// LocalIDOf is the LOCAL id of a message: derived from the order and the line, so
// that an order issued a second time by a caller's retry on an older copy of the
// directory is recognised at Recip-e as the same prescription (docs/doors.md).
func LocalIDOf(order ID, line int) ID {
	return derivedID("relais local id\x00" + string(order) + "\x00" + string(rune('0'+line)))
}

func derivedID(from string) ID {
	sum := sha256.Sum256([]byte(from))
	var b [16]byte
	copy(b[:], sum[:])
	b[6] = b[6]&0x0f | 0x80 // version 8: our own layout (RFC 9562 §5.8)
	b[8] = b[8]&0x3f | 0x80
	return layOut(b)
}
