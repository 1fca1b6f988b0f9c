package prescribing

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"relais/app/rx"
)

// MaxAllergies bounds the free line about allergies, in characters.
const MaxAllergies = 200

// Note is what the practice keeps of a patient beside the person: it goes on no document but by the doctor's hand.
type Note struct {
	Version   int          `json:"version"`
	Proof     rx.ProofWish `json:"proof,omitempty"`     // what the patient wants of the proof; "" was not asked
	Allergies string       `json:"allergies,omitempty"` // as the doctor wrote it; "" nothing was noted
}

func (Note) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Note(…)") }
func (Note) LogValue() slog.Value       { return slog.StringValue("Note(…)") }

// noteSetting is the name of a patient's note: their row's id, which says nothing of them.
func noteSetting(patient rx.ID) string { return "note." + string(patient) }

// Note reads what is kept of a patient. CodeSettingUnread when it is damaged.
func (s *Service) Note(ctx context.Context, patient rx.ID) (Note, error) {
	n := Note{Version: keptVersion}
	if err := s.readKept(ctx, noteSetting(patient), &n); err != nil {
		return Note{Version: keptVersion}, err
	}
	return n, nil
}

// KeepNote checks and keeps it; nothing is written when nothing changes.
func (s *Service) KeepNote(ctx context.Context, patient rx.ID, n Note) error {
	if faults := n.faults(); len(faults) > 0 {
		return faults
	}
	n.Version, n.Allergies = keptVersion, strings.Join(strings.Fields(n.Allergies), " ")
	was, before := s.Note(ctx, patient)
	if before == nil && was == n {
		return nil
	}
	return s.writeKept(ctx, noteSetting(patient), n, before)
}

// CheckNote gives its faults; paths begin at "$".
func CheckNote(n Note) rx.Faults { return n.faults() }

func (n Note) faults() (faults rx.Faults) {
	if n.Proof != "" && !slices.Contains(rx.ProofWishes, n.Proof) {
		faults = append(faults, rx.Fault(rx.CodeNotInList, "list", fmt.Sprint(rx.ProofWishes)).At("$.proof"))
	}
	if len([]rune(n.Allergies)) > MaxAllergies {
		faults = append(faults, rx.Fault(rx.CodeTooLong, "max", fmt.Sprint(MaxAllergies)).At("$.allergies"))
	}
	return faults
}

// EditPatient keeps a changed patient. CodePatientKnown when another one has the number, or the name and day of birth;
// CodeConflict when the patient was changed elsewhere meanwhile.
func (s *Service) EditPatient(ctx context.Context, k rx.Known) (rx.Known, error) {
	faults, _ := rx.CheckPatient("$", k.Patient, rx.CheckOptions{Today: rx.DateOf(s.Now()), Shows: s.Shows})
	if len(faults) > 0 {
		return rx.Known{}, faults
	}
	all, err := s.Store.Patients(ctx)
	if !Partial(err) {
		return rx.Known{}, err
	}
	if slices.ContainsFunc(all, func(o rx.Known) bool { return o.ID != k.ID && SamePerson(o.Patient, k.Patient) }) {
		return rx.Known{}, rx.Fault(rx.CodePatientKnown)
	}
	return s.Store.SavePatient(ctx, k)
}
