package prescribing

import (
	"context"
	"errors"

	"relais/app/rx"
)

// Claim says how prescriptions go to paper.
type Claim struct {
	Reason          rx.PaperReason
	Handwritten     bool
	Day             rx.Date // of the writing by hand; zero: today
	AlthoughUnknown bool    // forced: an attempt has no answer; the duty revoke-on-sight is left
	On                      // where on its paper it is printed
}

// Paper takes prescriptions to paper and gives one PDF of all that could be
// claimed. A prescription that is on paper already and not handed over is printed
// again, as a further copy. Errors of single prescriptions are joined and leave the
// others claimed; each names its prescription at Path. Where no sheet could be made,
// nothing is claimed.
func (s *Service) Paper(ctx context.Context, ids []rx.ID, c Claim) ([]byte, error) {
	if err := s.printable(ctx, ids, c); err != nil {
		return nil, err
	}
	var toPrint []rx.ID
	var faults rx.Faults
	for _, id := range ids {
		p, err := s.claim(ctx, id, c)
		if err != nil {
			faults = append(faults, about(id, err))
			continue
		}
		if sheet := p.Sheet(); sheet != nil && !sheet.Handwritten {
			toPrint = append(toPrint, id)
		}
	}
	if len(toPrint) == 0 {
		return nil, errors.Join(faults.OrNil(), s.Store.Outside(ctx))
	}
	pdf, err := s.press(ctx, toPrint, c.On)
	return pdf, errors.Join(faults.OrNil(), err)
}

// printable asks whether a sheet could be made of what can go to paper. What cannot, its claim tells.
func (s *Service) printable(ctx context.Context, ids []rx.ID, c Claim) error {
	if c.Handwritten {
		return nil
	}
	var items []rx.Item
	for _, id := range ids {
		item, err := s.Store.Item(ctx, id)
		if code := rx.CodeOf(err); code == rx.CodeNotFound || code == rx.CodeDamaged {
			continue
		}
		if err != nil {
			return about(id, err)
		}
		if sheet := item.Sheet(); item.State == rx.StatePaper && (sheet == nil || sheet.Handwritten) {
			continue
		}
		if s.imagine(&item, c) == nil {
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		return nil
	}
	_, err := s.Press.Forms(items)
	return err
}

// about puts the prescription's id at the fault's path; what is no id is not repeated.
func about(id rx.ID, err error) *rx.Error {
	var fault *rx.Error
	if !errors.As(err, &fault) {
		fault = rx.Fault(rx.CodeInternal).Because(err)
	}
	at := *fault
	if _, err := rx.ParseID(string(id)); err != nil {
		return &at
	}
	return at.At(string(id))
}

func (s *Service) claim(ctx context.Context, id rx.ID, c Claim) (rx.Prescription, error) {
	sheet, err := s.newID()
	if err != nil {
		return rx.Prescription{}, err
	}
	day := c.Day
	if c.Handwritten && day.IsZero() {
		day = rx.DateOf(s.Now())
	}
	item, err := s.Store.Item(ctx, id)
	if err != nil {
		return rx.Prescription{}, err
	}
	if old := item.Sheet(); item.State == rx.StatePaper && old != nil && !old.Handed.Set() && !c.Handwritten {
		return item.Prescription, nil // a further copy
	}
	if err := rx.MayClaim(item.Around, c.AlthoughUnknown || c.Handwritten); err != nil {
		return rx.Prescription{}, err
	}
	return s.simple(ctx, id, rx.Event{Kind: rx.EventClaimed, Paper: c.Reason,
		Sheet: &rx.Sheet{ID: sheet, Handwritten: c.Handwritten, Day: day, Forced: c.AlthoughUnknown}})
}

// press makes the sheet of prescriptions that are claimed durably: outside mark,
// then the count of copies, with the forms that they take, then the pages.
func (s *Service) press(ctx context.Context, ids []rx.ID, on On) ([]byte, error) {
	if err := s.Store.Outside(ctx); err != nil {
		return nil, err
	}
	var items []rx.Item
	for _, id := range ids {
		item, err := s.Store.Item(ctx, id)
		if err != nil {
			return nil, err
		}
		if s.imagine(&item, Claim{Reason: item.PaperReason}) == nil { // else counting the copy is refused
			items = append(items, item)
		}
	}
	forms, err := s.Press.Forms(items)
	if err != nil {
		return nil, err
	}
	items = nil
	for i, id := range ids {
		_, err := s.apply(ctx, id, func(item rx.Item) (rx.Event, error) {
			sheet := item.Sheet()
			if item.State != rx.StatePaper || sheet == nil {
				return rx.Event{}, rx.Fault(rx.CodeNoSuchSheet)
			}
			e := rx.Event{Kind: rx.EventPrinted, At: s.Now(), Sheet: &rx.Sheet{ID: sheet.ID}}
			if i == 0 { // what stands on one sheet takes its forms once
				e.Sheet.Forms = forms
			}
			return e, nil
		})
		if err != nil {
			return nil, err
		}
		item, err := s.Store.Item(ctx, id)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return s.Press.Sheet(items, on)
}

// Proof gives the proof of confirmed prescriptions as PDF, and counts it before as a
// copy of each. Without a RID there is no proof; of one that is to be revoked none is
// given. From a directory that is open for reading only it is given uncounted.
func (s *Service) Proof(ctx context.Context, ids []rx.ID) ([]byte, error) {
	items := make([]rx.Item, len(ids))
	var faults rx.Faults
	for i, id := range ids {
		item, err := s.Store.Item(ctx, id)
		if err != nil {
			return nil, err
		}
		if fault := unproved(item); fault != nil {
			faults = append(faults, fault.At(string(id)))
		}
		items[i] = item
	}
	if len(faults) > 0 {
		return nil, faults
	}
	if _, err := s.Press.Forms(nil); err != nil {
		return nil, err
	}
	for i, id := range ids {
		p, err := s.apply(ctx, id, func(item rx.Item) (rx.Event, error) {
			if fault := unproved(item); fault != nil { // since it was read
				return rx.Event{}, fault
			}
			return rx.Event{Kind: rx.EventPrinted, At: s.Now()}, nil
		})
		if rx.CodeOf(err) == rx.CodeReadingOnly {
			break
		}
		if err != nil {
			return nil, about(id, err)
		}
		items[i].Prescription = p
	}
	return s.Press.Proof(items)
}

// unproved is why no proof is given of item; nil: it is.
func unproved(item rx.Item) *rx.Error {
	switch {
	case item.State != rx.StateConfirmed:
		return rx.Fault(rx.CodeNoProof, "state", item.State.String())
	case item.Wished.Set():
		return rx.Fault(rx.CodeToBeRevoked)
	}
	return nil
}

// Redo destroys a sheet that the patient does not have and issues the same again,
// electronically, in one transaction. The new one leaves only when nothing of the
// old one can reach a pharmacist; while a print job may still bring the sheet it is refused.
func (s *Service) Redo(ctx context.Context, id rx.ID) (Done, error) {
	item, err := s.Store.Item(ctx, id)
	if err != nil {
		return Done{}, err
	}
	sheet := item.Sheet()
	switch {
	case sheet == nil || item.State != rx.StatePaper:
		return Done{}, rx.Fault(rx.CodeNoSuchSheet)
	case item.Elsewhere:
		return Done{}, rx.Fault(rx.CodeElectronicExists)
	}
	if err := s.over(ctx, id); err != nil {
		return Done{}, err
	}
	r := again(item.Facts, rx.DateOf(s.Now()))
	r.ID, r.Lines[0].Expires = rx.RedoID(id), item.Facts.Content.Expires
	return s.Issue(ctx, r, How{replaces: &rx.Act{ID: id, Version: item.Version, Event: rx.Event{
		Kind: rx.EventDestroyed, At: s.Now(), Sheet: &rx.Sheet{ID: sheet.ID}}}})
}

// again is a request for what facts prescribe, to begin on day.
func again(f rx.Facts, day rx.Date) rx.Request {
	line := f.Content
	line.Begin, line.Expires = day, rx.Date{}
	return rx.Request{Patient: f.Patient, Lines: []rx.Line{line}, Proof: rx.ProofAuto}
}
