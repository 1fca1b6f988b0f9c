// Package prescribing holds the use cases: what the window and the command line
// can do with patients, drafts and prescriptions.
//
// It owns the order of acts around a decision of app/rx: check, then write in one
// transaction, then act on paper. It declares the ports that it needs and knows nobody
// behind them.
//
// Contract: when a method returns without an error, what it says is durable. A
// sheet is made only after its claim and the outside mark are durable, and claimed only
// when it could be made; a copy of a sheet or of a proof is counted before it is made,
// with the forms of the doctor's that it takes. When the
// program ends in between, the duty confirm-print is left and the sheet is made
// again from there. No sheet is said to be gone (Redo, Settle with destroyed or not-out)
// while a print job may still bring it. Reading never changes anything.
//
// Failure modes: every error is an *rx.Error or rx.Faults; a row changed by
// another process is read again and the act tried on it as it now stands.
package prescribing

import (
	"context"
	"io"
	"time"

	"relais/app/rx"
)

// Service is the use cases. All fields but Changed, Degraded, Over and Platform are needed; Index
// where there is a Platform.
type Service struct {
	Store     Store
	Medicines Medicines
	Composer  Composer
	Press     Press
	Platform  Platform // nil: nobody is called (see beyond.go)
	Index     Index
	Stock     Stock                                 // of forms; nil: not counted
	Access    func(context.Context) (Access, error) // how the platform is entered; nil: nobody can tell
	Waits     rx.Waits
	Now       func() time.Time // in the practice's zone
	Rand      io.Reader
	Shows     func(rune) bool // what the font of the documents can draw; nil: every printing character
	Changed   func()          // after a change of our own: wakes the engine
	Degraded  func() bool     // a service that pharmacies need is in doubt: proofs are printed

	// Over brings the print jobs of a sheet to their end and fails unless no paper of them can come out any more, or the
	// doctor gives a word (see InHand). nil: this computer prints nothing.
	Over func(ctx context.Context, id rx.ID, word bool) error
	word bool
}

// InHand is s for a doctor who has looked: what print jobs of a sheet brought, or may still bring, is in hand.
func (s *Service) InHand() *Service {
	t := *s
	t.word = true
	return &t
}

// MayCopy is asked before a further copy of sheets is made that does not go through the printer's desk, which asks by itself:
// a file that is printed elsewhere takes the place of no sheet that may still come out.
func (s *Service) MayCopy(ctx context.Context, ids []rx.ID) error {
	for _, id := range ids {
		if err := s.over(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// over is asked before a sheet is said to be gone. It may take the ten seconds in which a job is cancelled.
func (s *Service) over(ctx context.Context, id rx.ID) error {
	if s.Over == nil {
		return nil
	}
	if err := s.Over(ctx, id, s.word); err != nil {
		return about(id, err)
	}
	return nil
}

func (s *Service) changed() {
	if s.Changed != nil {
		s.Changed()
	}
}

func (s *Service) newID() (rx.ID, error) { return rx.NewID(s.Now(), s.Rand) }

// tries bounds how often an act is tried anew on a row that others change at the
// same time. Each round somebody made progress, so the bound is never met in practice.
const tries = 8

// apply does one act on the prescription as it stands. event may look at the row
// that it will be applied to.
func (s *Service) apply(ctx context.Context, id rx.ID, event func(rx.Item) (rx.Event, error)) (rx.Prescription, error) {
	var last error
	for range tries {
		item, err := s.Store.Item(ctx, id)
		if err != nil {
			return rx.Prescription{}, err
		}
		e, err := event(item)
		if err != nil {
			return rx.Prescription{}, err
		}
		p, err := s.Store.Apply(ctx, id, item.Version, e)
		if rx.CodeOf(err) == rx.CodeConflict {
			last = err
			continue
		}
		if err == nil {
			s.changed()
		}
		return p, err
	}
	return rx.Prescription{}, last
}

// simple is an act that needs nothing but itself.
func (s *Service) simple(ctx context.Context, id rx.ID, e rx.Event) (rx.Prescription, error) {
	return s.apply(ctx, id, func(rx.Item) (rx.Event, error) {
		e.At = s.Now()
		return e, nil
	})
}
