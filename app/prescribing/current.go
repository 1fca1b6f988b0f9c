package prescribing

import (
	"context"
	"slices"
	"strings"

	"relais/app/rx"
)

// currentDays is how far back a treatment counts as the patient's present one: a prescription is valid for a year at most.
const currentDays = 365

// Current is what was prescribed to a patient and may still be taken: of each product the last prescription of a year
// that was not withdrawn, refused, revoked or lapsed, newest first. CodeUnread comes with what could be read.
func (s *Service) Current(ctx context.Context, patient rx.ID) ([]rx.Item, error) {
	items, err := s.Store.List(ctx, rx.Filter{Patient: patient})
	if !Partial(err) {
		return nil, err
	}
	since := rx.DateOf(s.Now()).AddDays(-currentDays)
	seen := map[string]bool{}
	return slices.DeleteFunc(items, func(item rx.Item) bool {
		gone := slices.Contains([]rx.State{rx.StateWithdrawn, rx.StateRefused, rx.StateRevoked, rx.StateLapsed}, item.State) || item.Wished.Set()
		if sheet := item.Sheet(); sheet != nil && sheet.Destroyed.Set() {
			gone = true
		}
		key := productKey(item.Facts)
		if gone || seen[key] || rx.DateOf(item.Issued).Before(since) {
			return true
		}
		seen[key] = true
		return false
	}), err
}

// productKey is the same for prescriptions of one product, whatever the package.
func productKey(f rx.Facts) string {
	if p := f.Product; len(p.Ingredients) > 0 {
		return strings.Join(p.Ingredients, " ") + "|" + rx.Fold(p.Strength+" "+p.Unit)
	}
	return rx.Fold(f.Product.Name)
}

// Again is what an item prescribes as a line of a new order: with dates of its own, and without the reason that was typed
// for the old one.
func Again(item rx.Item) rx.Line { return shelved(item.Facts.Content) }
