package wiring

import (
	"context"
	"slices"

	"relais/app/documents"
	"relais/app/prescribing"
	"relais/app/rx"
)

// DrawSheet lays out the paper prescription of items as it would be printed; see prescribing.Service.Preview.
func (d *Desk) DrawSheet(ctx context.Context, items []rx.Item) (documents.Document, error) {
	return d.drawing(ctx).sheet(items, prescribing.On{})
}

// DrawProof lays out the proof of items that Recip-e has confirmed, as the next copy of each.
func (d *Desk) DrawProof(ctx context.Context, items []rx.Item) (documents.Document, error) {
	next := slices.Clone(items)
	for i := range next {
		next[i].Proofs++
	}
	return d.drawing(ctx).proof(next)
}

// drawing is the press of the session, for what is looked at and not made.
func (d *Desk) drawing(ctx context.Context) press {
	return press{d.session.Profile.Simulated, d.session.dir.Now, func(name string) ([]byte, error) { return d.session.db.Setting(ctx, name) }}
}
