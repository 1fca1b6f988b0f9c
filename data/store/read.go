package store

import (
	"context"
	"strconv"
	"strings"

	"relais/app/rx"
)

// Item gives a prescription with its frozen facts; CodeNotFound. It is what acts begin with: a row that is older than the journal is CodeDamaged.
func (db *DB) Item(ctx context.Context, id rx.ID) (out rx.Item, err error) {
	err = db.read(ctx, func(s *session) error {
		it, err := db.item(s, id)
		if err == nil && db.found == nil {
			err = s.current(it)
		}
		if err != nil {
			return err
		}
		out, err = db.told(s, it)
		return err
	})
	return out, err
}

// List gives the prescriptions that f selects, newest first: in the reverse order of their writing. What is damaged is left out: with CodeUnread, which
// counts it, the list holds the others. A page is as long as its limit unless there are no more.
func (db *DB) List(ctx context.Context, f rx.Filter) (list []rx.Item, err error) {
	lost := 0
	if words := strings.Fields(rx.Fold(f.Words)); len(words) > 0 {
		list, lost, err = db.search(ctx, f, words)
	} else {
		err = db.read(ctx, func(s *session) error {
			list, lost, err = db.full(ctx, s, f)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return list, unread(lost)
}

// full reads on behind what is damaged until the page is full.
func (db *DB) full(ctx context.Context, s *session, f rx.Filter) (list []rx.Item, lost int, err error) {
	for rest := f; ; rest.Limit = f.Limit - len(list) {
		page, damaged, err := db.page(ctx, s, rest, len(list)+lost, "", nil)
		if err != nil {
			return nil, 0, err
		}
		list, lost = append(list, page...), lost+damaged
		if f.Limit == 0 || len(list) == f.Limit || len(page)+damaged < rest.Limit {
			return list, lost, nil
		}
	}
}

// page reads those that f selects, but for its words, behind the first passed and of which also holds ("": all), and counts what is damaged.
func (db *DB) page(ctx context.Context, s *session, f rx.Filter, passed int, also string, arg any) (list []rx.Item, lost int, err error) {
	var where []string
	var args []any
	and := func(on bool, term string, arg ...any) {
		if on {
			where, args = append(where, term), append(args, arg...)
		}
	}
	and(also != "", also, arg)
	and(f.State != 0, "state = ?", f.State.String())
	and(f.Patient != "", "patient = ?", string(f.Patient))
	and(f.Order != "", "order_id = ?", string(f.Order))
	and(f.Owing, "owed <> 0")
	and(f.Before != "", "n < (SELECT n FROM prescriptions WHERE id = ?)", string(f.Before))
	query := "ORDER BY n DESC LIMIT ? OFFSET ?"
	if where != nil {
		query = "WHERE " + strings.Join(where, " AND ") + " " + query
	}
	limit := int64(-1) // SQLite: none
	if f.Limit > 0 {
		limit = int64(f.Limit)
	}
	rows, lost, err := readable[itemRow](db, s, query, append(args, limit, passed)...)
	if err != nil {
		return nil, 0, err
	}
	items := make([]*item, len(rows))
	for i, r := range rows {
		items[i] = &item{row: r}
	}
	whole := db.complete(s, items) // all at once, unless one of them is damaged
	list = make([]rx.Item, 0, len(items))
	for _, it := range items {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		told, err := db.toldWhole(s, it, whole == nil)
		switch {
		case rx.CodeOf(err) == rx.CodeDamaged:
			lost++
			continue
		case err != nil:
			return nil, 0, err
		}
		list = append(list, told)
	}
	return list, lost, nil
}

// toldWhole is told of a row that may lack its children still.
func (db *DB) toldWhole(s *session, it *item, complete bool) (out rx.Item, err error) {
	if !complete {
		it.parts = nil
		if err := db.complete(s, []*item{it}); err != nil {
			return out, err
		}
	}
	if err := db.decode(it); err != nil {
		return out, err
	}
	return db.told(s, it)
}

// readable reads the rows of a query that are sound, and counts the others.
func readable[R any, P interface {
	*R
	row
}](db *DB, s *session, where string, args ...any) (rows []R, lost int, err error) {
	var r R
	err = s.each(P(&r).table().selecting(where), args, P(&r).cells(), func() error {
		err := db.check(P(&r))
		if rx.CodeOf(err) == rx.CodeDamaged {
			lost++
			return nil
		}
		rows = append(rows, r)
		return err
	})
	return rows, lost, err
}

// unread is the error of a list that lacks some rows.
func unread(lost int) error {
	if lost == 0 {
		return nil
	}
	return rx.Fault(rx.CodeUnread, "n", strconv.Itoa(lost))
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

// SettingVersion tells how often a setting was written, 0 when it never was: who keeps what it says asks whether that still stands.
func (db *DB) SettingVersion(ctx context.Context, name string) (version int64, err error) {
	err = db.read(ctx, func(s *session) error {
		r, err := db.settingRow(s, name)
		if err == nil {
			version = r.version
		} else if rx.CodeOf(err) == rx.CodeNotFound {
			return nil
		}
		return err
	})
	return version, err
}
