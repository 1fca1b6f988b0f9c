package wiring

import (
	"context"

	"relais/app/rx"
)

// House is a data directory in front of which a window stands, still locked.
type House struct {
	dir  Directory
	demo bool
	lang rx.Lang
}

// NewHouse is the house of a directory. The demonstration's is made when there is none.
func NewHouse(ctx context.Context, d Directory, demo bool, lang rx.Lang) (*House, error) {
	if demo {
		if err := d.EnsureDemo(ctx); err != nil {
			return nil, err
		}
	}
	return &House{d, demo, lang}, nil
}
