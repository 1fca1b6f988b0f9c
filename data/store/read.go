package store

import (
	"context"
	"strings"

	"relais/app/rx"
)

// Item gives a prescription with its frozen facts; CodeNotFound.
func (db *DB) Item(ctx context.Context, id rx.ID) (out rx.Item, err error) {
	err = db.read(ctx, func(s *session) error {
		it, err := db.item(s, id)
		if err != nil {
			return err
		}
		out, err = db.told(s, it)
		return err
	})
	return out, err
}

// List gives the prescriptions that f selects, newest first: in the reverse order of their writing.
func (db *DB) List(ctx context.Context, f rx.Filter) (list []rx.Item, err error) {
	var where []string
	var args []any
	and := func(on bool, term string, arg ...any) {
		if on {
			where, args = append(where, term), append(args, arg...)
		}
	}
	and(f.State != 0, "state = ?", f.State.String())
	and(f.Patient != "", "patient = ?", string(f.Patient))
	and(f.Order != "", "order_id = ?", string(f.Order))
	and(f.Owing, "owed <> 0")
	and(f.Before != "", "n < (SELECT n FROM prescriptions WHERE id = ?)", string(f.Before))
	query := "ORDER BY n DESC LIMIT ?"
	if where != nil {
		query = "WHERE " + strings.Join(where, " AND ") + " " + query
	}
	limit := int64(-1) // SQLite: none
	if f.Limit > 0 {
		limit = int64(f.Limit)
	}
	err = db.read(ctx, func(s *session) error {
		items, err := db.items(s, query, append(args, limit)...)
		if err != nil {
			return err
		}
		list = make([]rx.Item, len(items))
		for i, it := range items {
			if err := ctx.Err(); err != nil {
				return err
			}
			if list[i], err = db.told(s, it); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// told adds the frozen facts.
func (db *DB) told(s *session, it *item) (out rx.Item, err error) {
	c, err := db.frozen(s, it)
	if err != nil {
		return out, err
	}
	plain, err := db.open(content, c.place("facts"), c.facts)
	if err != nil {
		return out, err
	}
	out.Prescription = it.p
	if out.Facts, err = rx.ParseFacts(plain); err != nil {
		return out, err
	}
	out.Around, err = db.around(s, it)
	return out, err
}
