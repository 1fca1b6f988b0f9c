package prescribing

import (
	"context"
	"slices"

	"relais/app/rx"
)

// Added is what came of adding a patient.
type Added struct {
	Known    rx.Known
	Existing bool      // known before: nothing was written
	Warnings rx.Faults // contradictions between the national number and the rest
}

// AddPatient checks a new patient and keeps them. Somebody of the same national number, or
// of the same name and birth date where neither has one, is known already: they are given
// as they are kept. The faults of what cannot be kept have their paths from "$".
func (s *Service) AddPatient(ctx context.Context, p rx.Patient) (Added, error) {
	faults, warnings := rx.CheckPatient("$", p, rx.CheckOptions{Today: rx.DateOf(s.Now()), Shows: s.Shows})
	if len(faults) > 0 {
		return Added{}, faults
	}
	var last error
	for range tries { // another process may keep the same one meanwhile
		all, err := s.Store.Patients(ctx)
		if !Partial(err) { // the store itself refuses a second one of the same number
			return Added{}, err
		}
		if i := slices.IndexFunc(all, func(k rx.Known) bool { return SamePerson(k.Patient, p) }); i >= 0 {
			return Added{Known: all[i], Existing: true, Warnings: warnings}, nil
		}
		known, err := s.Store.SavePatient(ctx, rx.Known{Patient: p})
		if err == nil {
			return Added{Known: known, Warnings: warnings}, nil
		}
		if last = err; rx.CodeOf(err) != rx.CodeConflict {
			break
		}
	}
	return Added{}, last
}

// SamePerson is the rule by which nobody is kept twice: the national number, else name and
// birth date.
func SamePerson(a, b rx.Patient) bool {
	if a.SSIN != "" || b.SSIN != "" {
		return a.SSIN == b.SSIN
	}
	return a.BirthDate == b.BirthDate && rx.Fold(a.LastName) == rx.Fold(b.LastName) && rx.Fold(a.FirstName) == rx.Fold(b.FirstName)
}
