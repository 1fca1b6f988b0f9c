package prescribing

import (
	"context"

	"relais/app/rx"
)

// Preview is what the sheet of prescriptions would be made of, were it printed now: of one that is on paper its next
// copy, of another the first one after that claim; without a reason none is stated. Nothing is kept, claimed or counted.
// What would refuse the claim refuses the preview.
func (s *Service) Preview(ctx context.Context, ids []rx.ID, c Claim) ([]rx.Item, error) {
	items := make([]rx.Item, len(ids))
	for i, id := range ids {
		item, err := s.Store.Item(ctx, id)
		if err == nil && item.State != rx.StatePaper {
			err = rx.MayClaim(item.Around, c.AlthoughUnknown)
		}
		if err == nil {
			err = s.imagine(&item, c)
		}
		if err != nil {
			return nil, about(id, err)
		}
		items[i] = item
	}
	return items, nil
}

// PreviewOf is the same of a request that was not issued.
func (s *Service) PreviewOf(ctx context.Context, r rx.Request, c Claim) ([]rx.Item, error) {
	checked, _, err := s.Check(r, How{Paper: imagined(c.Reason)})
	if err != nil {
		return nil, err
	}
	issue, err := s.compose(ctx, checked, How{})
	if err != nil {
		return nil, err
	}
	items := make([]rx.Item, len(issue.Items))
	for i, it := range issue.Items {
		items[i] = rx.Item{Prescription: it.Prescription, Facts: it.Facts}
		if err := s.imagine(&items[i], c); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// imagine takes item to where its next copy is made, in memory alone.
func (s *Service) imagine(item *rx.Item, c Claim) error {
	now := s.Now()
	if item.State != rx.StatePaper {
		var err error
		if item.Prescription, _, err = rx.Step(item.Prescription, rx.Event{Kind: rx.EventClaimed, At: now, Paper: imagined(c.Reason),
			Sheet: &rx.Sheet{ID: item.ID, Day: rx.DateOf(now), Forced: c.AlthoughUnknown}}); err != nil {
			return err
		}
		item.PaperReason = c.Reason
	}
	sheet := item.Sheet()
	if sheet == nil || sheet.Handwritten || sheet.Handed.Set() {
		return rx.Fault(rx.CodeNoSuchSheet)
	}
	var err error
	item.Prescription, _, err = rx.Step(item.Prescription, rx.Event{Kind: rx.EventPrinted, At: now, Sheet: &rx.Sheet{ID: sheet.ID}})
	return err
}

// imagined is a reason to go on with where the doctor has not given one.
func imagined(r rx.PaperReason) rx.PaperReason {
	if r == "" {
		return rx.PaperReasons[0]
	}
	return r
}
