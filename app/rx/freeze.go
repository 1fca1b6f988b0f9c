package rx

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Issuance is all that Freeze needs to make the facts of an order's prescriptions.
type Issuance struct {
	Checked   Checked
	Practice  Practice
	IDs       []ID      // of the prescriptions, one for each line
	At        time.Time // the instant of issue, in the practice's zone
	Posology  []string  // one for each line, rendered in DocumentLang
	Medicines string    // version of the medicines file
	Wish      ProofWish // as recorded for the patient; counts when the order says auto
	Forced    []string  // reasons of ProofReasons that only the caller knows, of the whole order
}

func (Issuance) Format(f fmt.State, _ rune) { redact(f, "Issuance") }
func (Issuance) LogValue() slog.Value       { return slog.StringValue("Issuance(…)") }

// ProofReasons are why the proof is printed although the patient would go without.
// Freeze finds the first two by itself.
var ProofReasons = []string{"bis", "locked", "new-medicine", "degraded", "duty-pharmacy"}

// DocumentLang is the language of a patient's documents: the patient's own, else that
// of the practice's region.
func DocumentLang(p Patient, practice Practice) Lang {
	if slices.Contains(DocumentLangs, p.Language) {
		return p.Language
	}
	return practice.RegionLanguage
}

// Freeze makes the facts of each line, in order. The same arguments give the same
// facts, byte by byte. An error is a fault of the program: CodeInternal.
func Freeze(i Issuance) ([]Facts, error) {
	lang := DocumentLang(i.Checked.Patient, i.Practice)
	switch n := len(i.Checked.Lines); {
	case n == 0 || n > MaxLines || len(i.IDs) != n || len(i.Posology) != n || slices.Contains(i.IDs, "") || slices.Contains(i.Posology, ""):
		return nil, Fault(CodeInternal).Because(errors.New("freeze: an id and a posology text for each line are needed"))
	case i.Checked.ID == "" || i.Practice.Prescriber.NIHII == "" || i.At.IsZero() || i.Medicines == "":
		return nil, Fault(CodeInternal).Because(errors.New("freeze: order, prescriber, instant and medicines version are needed"))
	case !slices.Contains(DocumentLangs, lang):
		return nil, Fault(CodeInternal).Because(errors.New("freeze: no language of documents"))
	case slices.ContainsFunc(i.Forced, func(why string) bool { return !slices.Contains(ProofReasons, why) }):
		return nil, Fault(CodeInternal).Because(errors.New("freeze: unknown reason for a proof"))
	}
	issued := i.At.Round(0).Truncate(time.Millisecond)
	facts := make([]Facts, len(i.Checked.Lines))
	for n, l := range i.Checked.Lines {
		facts[n] = Facts{
			Version:      FactsVersion,
			Prescription: i.IDs[n],
			Order:        i.Checked.ID,
			Line:         n,
			Issued:       issued,
			KMEHRID:      kmehrID(i.Practice.Prescriber.NIHII, issued, n, i.IDs[n]),
			LocalID:      LocalIDOf(i.Checked.ID, n),
			Language:     lang,
			Practice:     i.Practice,
			Patient:      i.Checked.Patient,
			Product:      product(l, lang),
			Content:      l.Line,
			PosologyText: i.Posology[n],
			Type:         prescriptionType(l),
			Medicines:    i.Medicines,
			Proof:        proofNeed(i, l),
		}
	}
	return facts, nil
}

// kmehrID is <nihii11>.<number>, unique per sender (recipe-protocol §4.1): the
// milliseconds since 2000, one digit for the line, and four digits drawn from the
// prescription's id. Lines of one order differ by their digit; two orders of one
// doctor could only meet when two computers issue within one millisecond, and then
// one time in ten thousand. It fits 63 bits until the year 4800.
func kmehrID(nihii NIHII, issued time.Time, line int, id ID) string {
	ms := issued.UnixMilli() - time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	sum := sha256.Sum256([]byte("relais kmehr id\x00" + string(id)))
	drawn := int64(binary.BigEndian.Uint64(sum[:]) % 10_000)
	return string(nihii) + "." + strconv.FormatInt(ms*100_000+int64(line)*10_000+drawn, 10)
}

// prescriptionType is P1 when anything reimbursable is asked, else P0
// (recipe-protocol §4.3): an INN counts when its group is reimbursed.
func prescriptionType(l CheckedLine) string {
	if l.Reimbursed || l.Kind == INN && l.Medicine.Category != "" {
		return "P1"
	}
	return "P0"
}

func proofNeed(i Issuance, l CheckedLine) ProofNeed {
	wish := i.Checked.Proof
	if wish == ProofAuto {
		wish = i.Wish
	}
	var forced []string
	if i.Checked.Patient.SSIN.IsBIS() {
		forced = append(forced, "bis")
	}
	if l.Visibility == Locked {
		forced = append(forced, "locked")
	}
	for _, why := range i.Forced {
		if !slices.Contains(forced, why) {
			forced = append(forced, why)
		}
	}
	return ProofNeed{Wanted: wish != ProofNone || len(forced) > 0, Forced: forced}
}

// product is what the line names, in words of the document's language.
func product(l CheckedLine, lang Lang) Product {
	if m := l.Medicine; l.Kind == Package || l.Kind == INN {
		return Product{Name: m.Name.In(lang), Substance: m.Substance.In(lang), Ingredients: slices.Clone(m.Ingredients), Form: m.Form.In(lang),
			Strength: m.Strength, Pack: m.PackText.In(lang), PackSize: m.PackSize, Unit: m.Unit, Narcotic: m.Narcotic, Paediatric: m.Paediatric}
	}
	switch {
	case l.Text != "":
		return Product{Name: strings.Join(strings.Fields(l.Text), " ")}
	case len(l.Compounds) > 0:
		parts := make([]string, len(l.Compounds))
		for i, c := range l.Compounds { // the languages of documents all have a decimal comma
			parts[i] = c.Name + " " + strings.Replace(c.Quantity.String(), ".", ",", 1) + " " + c.Unit
		}
		return Product{Name: strings.Join(parts, " + ")}
	}
	return Product{Name: l.Name}
}
