package prescribing

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"relais/app/rx"
)

// Owed is what is owed about an item now.
func (s *Service) Owed(item rx.Item) []rx.Duty {
	return rx.Owed(item.Prescription, s.Now(), item.Around, s.Waits)
}

// MaySend tells whether an item may leave now; nil when it may.
func (s *Service) MaySend(item rx.Item) error {
	return rx.MaySend(item.Prescription, s.Now(), item.Around, s.Waits)
}

// Treat is one thing to be treated, with its prescription.
type Treat struct {
	rx.Duty
	Item rx.Item
}

// Partial tells that err says only that a list lacks what is damaged: it is shown, and the error beside it.
func Partial(err error) bool { return err == nil || rx.CodeOf(err) == rx.CodeUnread }

// ToTreat is all that is owed now, most urgent first, then oldest first, the lines of
// an order in their order. CodeUnread comes with what could be read.
func (s *Service) ToTreat(ctx context.Context) ([]Treat, error) {
	items, err := s.Store.List(ctx, rx.Filter{Owing: true})
	if !Partial(err) {
		return nil, err
	}
	var treats []Treat
	for _, item := range items {
		for _, d := range s.Owed(item) {
			treats = append(treats, Treat{d, item})
		}
	}
	slices.SortStableFunc(treats, func(a, b Treat) int {
		if a.Kind != b.Kind {
			return int(a.Kind) - int(b.Kind)
		}
		return cmp.Or(a.Since.Compare(b.Since), a.Item.Line-b.Item.Line)
	})
	return treats, err
}

// Search finds prescriptions by words of patient or medicine, in any order,
// newest first; with a limit, a page of them. The first search of a session reads
// everything once, unless the store did so before. CodeUnread comes with what could
// be read.
func (s *Service) Search(ctx context.Context, words string, f rx.Filter) ([]rx.Item, error) {
	f.Words = words
	return s.Store.List(ctx, f)
}

// FindPatients finds patients by words of the name in any order, the birth date
// or a national number with or without dots. CodeUnread comes with what could be read.
func (s *Service) FindPatients(ctx context.Context, words string) ([]rx.Known, error) {
	all, err := s.Store.Patients(ctx)
	if !Partial(err) {
		return nil, err
	}
	if n, err := rx.ParseSSIN(strings.TrimSpace(words)); err == nil {
		words = string(n)
	}
	type hit struct {
		rx.Known
		name string // folded: what they are sorted by
	}
	var hits []hit
	for _, p := range all {
		if Holds(words, p.LastName, p.FirstName, string(p.SSIN), p.BirthDate.Belgian()) {
			hits = append(hits, hit{p, rx.Fold(p.LastName + " " + p.FirstName)})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return strings.Compare(a.name, b.name) })
	found := make([]rx.Known, len(hits))
	for i, h := range hits {
		found[i] = h.Known
	}
	return found, err
}

// holds tells that each of the folded words begins a word of one of the texts.
func holds(wanted []string, texts ...string) bool {
	have := rx.Fold(strings.Join(texts, " "))
	for _, w := range wanted {
		if !strings.HasPrefix(have, w) && !strings.Contains(have, " "+w) {
			return false
		}
	}
	return true
}

// Day is every prescription that was issued on a day of the practice, oldest first. A day of which something cannot be read
// is refused: a list that lacks lines is not seen to lack them.
func (s *Service) Day(ctx context.Context, day rx.Date) ([]rx.Item, error) {
	const page = 100
	var all []rx.Item
	for f := (rx.Filter{Limit: page}); ; {
		items, err := s.Store.List(ctx, f) // newest first
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			f.Before = item.ID
			switch issued := rx.DateOf(item.Issued.In(s.Now().Location())); {
			case issued == day:
				all = append(all, item)
			case day.After(issued):
				slices.Reverse(all)
				return all, nil
			}
		}
		if len(items) < page {
			slices.Reverse(all)
			return all, nil
		}
	}
}

// Repeat is a draft of the same product for the same patient, to be read again:
// dates are today's, nothing is kept of the old order.
func (s *Service) Repeat(ctx context.Context, id rx.ID) (rx.Draft, error) {
	item, err := s.Store.Item(ctx, id)
	if err != nil {
		return rx.Draft{}, err
	}
	known, err := s.Store.Patient(ctx, item.Patient)
	if err != nil {
		return rx.Draft{}, err
	}
	r := again(item.Facts, rx.Date{})
	r.Patient = known.Patient
	return s.SaveDraft(ctx, rx.Draft{Request: r})
}
