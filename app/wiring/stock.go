package wiring

import (
	"context"

	"relais/app/documents"
	"relais/app/rx"
	"relais/data/store"
)

// stock is the doctor's own forms: the store counts them, and what the practice chose says whether sheets are printed on them.
type stock struct {
	db    *store.DB
	press press
}

// FormStock is what is left of them.
func (s stock) FormStock(ctx context.Context) (left rx.FormStock, used bool, err error) {
	options, err := s.press.options()
	if err == nil {
		left, err = s.db.FormStock(ctx)
	}
	return left, options.Form.Kind == documents.Overlay, err
}

// Restock keeps what the doctor tells about it.
func (s stock) Restock(ctx context.Context, r rx.Restock) error {
	_, err := s.db.Restock(ctx, r)
	return err
}
