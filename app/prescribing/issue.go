package prescribing

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"relais/app/i18n"
	"relais/app/rx"
)

// How an order is issued.
type How struct {
	Paper       rx.PaperReason // "" electronic; else straight to paper
	Handwritten bool           // with Paper: written by hand, already with the patient
	Day         rx.Date        // of the writing by hand; zero: today
	AsFreeText  bool           // unknown codes become products by their name
	Forced      []string       // reasons to print the proof that only the doctor knows: duty-pharmacy, new-medicine
	On                         // where on its paper the sheet is printed
	draft       rx.ID
	replaces    *rx.Act // destroyed in the same transaction
}

// Done is what came of an issue or a claim.
type Done struct {
	rx.Issued
	Warnings rx.Faults
	Sheet    []byte // PDF to print; nil when there is none
}

// The sheet shows everything of a patient.
func (Done) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Done(…)") }
func (Done) LogValue() slog.Value       { return slog.StringValue("Done(…)") }

// Check examines a request as Issue would, and writes nothing.
func (s *Service) Check(r rx.Request, how How) (rx.Checked, rx.Faults, error) {
	checked, faults, warnings := rx.Check(r, s.find, rx.CheckOptions{
		Today: rx.DateOf(s.Now()), Written: how.written(s), Paper: how.Paper != "", AsFreeText: how.AsFreeText, Shows: s.Shows,
	})
	for i, l := range checked.Lines {
		f, w := checkRisk(fmt.Sprintf("$.lines[%d]", i), l, r.Patient, rx.DateOf(s.Now()))
		faults, warnings = append(faults, f...), append(warnings, w...)
	}
	return checked, warnings, faults.OrNil()
}

func (h How) written(s *Service) rx.Date {
	if h.Handwritten && h.Day.IsZero() {
		return rx.DateOf(s.Now())
	}
	if !h.Handwritten {
		return rx.Date{}
	}
	return h.Day
}

func (s *Service) find(l rx.Line) (rx.Medicine, bool) {
	if l.CNK != "" {
		return s.Medicines.ByCNK(l.CNK)
	}
	return s.Medicines.ByGroup(l.VMPGroup)
}

// Issue checks the request as a whole and keeps it durably, or keeps nothing. The
// same request again gives the order that exists. With a paper reason the door is
// claimed in the same transaction, and the sheet is made afterwards; where none could be
// made, nothing is issued.
func (s *Service) Issue(ctx context.Context, r rx.Request, how How) (Done, error) {
	if r.ID == "" {
		id, err := s.newID()
		if err != nil {
			return Done{}, err
		}
		r.ID = id
	}
	request, err := json.Marshal(r)
	if err != nil {
		return Done{}, rx.Fault(rx.CodeInternal).Because(err)
	}
	if issued, found, err := s.Store.Existing(ctx, r.ID, request); err != nil || found {
		return Done{Issued: issued}, err
	}
	checked, warnings, err := s.Check(r, how)
	if err != nil {
		return Done{}, err
	}
	issue, err := s.compose(ctx, checked, how)
	if err != nil {
		return Done{}, err
	}
	issue.Request = request
	if how.Paper != "" && !how.Handwritten {
		if err := s.pressable(issue); err != nil {
			return Done{}, err
		}
	}
	issued, err := s.Store.Issue(ctx, issue)
	if err != nil {
		return Done{}, err
	}
	s.changed()
	done := Done{Issued: issued, Warnings: warnings}
	switch {
	case how.Paper == "" || issued.Existing:
		return done, nil
	case how.Handwritten: // the patient has it: nothing is printed
		return done, s.Store.Outside(ctx)
	}
	ids := make([]rx.ID, len(issued.Prescriptions))
	for i, p := range issued.Prescriptions {
		ids[i] = p.ID
	}
	done.Sheet, err = s.press(ctx, ids, how.On)
	return done, err
}

// pressable asks whether a sheet could be made of what is issued straight to paper.
func (s *Service) pressable(issue rx.Issue) error {
	items := make([]rx.Item, len(issue.Items))
	for i, it := range issue.Items {
		items[i] = rx.Item{Prescription: it.Prescription, Facts: it.Facts}
		if err := s.imagine(&items[i], Claim{Reason: it.Prescription.PaperReason}); err != nil {
			return err
		}
	}
	_, err := s.Press.Forms(items)
	return err
}

// compose makes what one issue writes.
func (s *Service) compose(ctx context.Context, c rx.Checked, how How) (rx.Issue, error) {
	practice, err := s.Practice(ctx)
	if err != nil {
		return rx.Issue{}, err
	}
	now := s.Now()
	ids, posology := make([]rx.ID, len(c.Lines)), make([]string, len(c.Lines))
	lang := rx.DocumentLang(c.Patient, practice)
	for i, l := range c.Lines {
		if ids[i], err = s.newID(); err != nil {
			return rx.Issue{}, err
		}
		posology[i] = i18n.Posology(lang, l.Posology)
	}
	forced := how.Forced
	if s.Degraded != nil && s.Degraded() {
		forced = append(forced, "degraded")
	}
	facts, err := rx.Freeze(rx.Issuance{Checked: c, Practice: practice, IDs: ids, At: now, Posology: posology,
		Medicines: s.Medicines.Version(), Forced: forced})
	if err != nil {
		return rx.Issue{}, err
	}
	issue := rx.Issue{Order: c.ID, Patient: c.Patient, At: now, Draft: how.draft, Closes: how.replaces}
	for i, f := range facts {
		item := rx.IssueItem{Prescription: rx.Initial(ids[i], f), Facts: f}
		if how.replaces != nil {
			item.Prescription.Replaces = how.replaces.ID
		}
		if item.Prescription.Electronic {
			if item.Message, err = s.Composer.Compose(f); err != nil {
				return rx.Issue{}, err
			}
		}
		if how.Paper != "" {
			sheet, err := s.newID()
			if err != nil {
				return rx.Issue{}, err
			}
			e := rx.Event{Kind: rx.EventClaimed, At: now, Paper: how.Paper,
				Sheet: &rx.Sheet{ID: sheet, Handwritten: how.Handwritten, Day: how.written(s)}}
			if item.Prescription, _, err = rx.Step(item.Prescription, e); err != nil {
				return rx.Issue{}, err
			}
			item.Events = []rx.Event{e}
		}
		issue.Items = append(issue.Items, item)
	}
	return issue, nil
}

// SaveDraft keeps what is being written, and lets the engine fetch what its lines will need. A draft without id gets one.
func (s *Service) SaveDraft(ctx context.Context, d rx.Draft) (rx.Draft, error) {
	if d.ID == "" {
		if d.ID = d.Request.ID; d.ID == "" {
			id, err := s.newID()
			if err != nil {
				return d, err
			}
			d.ID = id
		}
	}
	d.Request.ID, d.Updated = d.ID, s.Now()
	err := s.Store.SaveDraft(ctx, d)
	s.changed() // its lines need keys
	return d, err
}

// IssueDraft issues a draft; it is gone in the same transaction.
func (s *Service) IssueDraft(ctx context.Context, id rx.ID, how How) (Done, error) {
	d, err := s.Store.Draft(ctx, id)
	if err != nil {
		return Done{}, err
	}
	how.draft = id
	return s.Issue(ctx, d.Request, how)
}

// Practice is the prescriber and where they work, as kept at init.
func (s *Service) Practice(ctx context.Context) (rx.Practice, error) {
	var p rx.Practice
	b, err := s.Store.Setting(ctx, "practice")
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, rx.Fault(rx.CodeDamaged)
	}
	return p, nil
}

// SetPractice checks and keeps the practice.
func (s *Service) SetPractice(ctx context.Context, p rx.Practice) error {
	if faults := rx.CheckPractice(p, rx.CheckOptions{Today: rx.DateOf(s.Now()), Shows: s.Shows}); len(faults) > 0 {
		return faults
	}
	b, err := json.Marshal(p)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return s.Store.SetSetting(ctx, "practice", b)
}
