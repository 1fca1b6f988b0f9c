package store

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"

	"relais/app/rx"
)

// IntegrityCheck is SQLite's own check of the file and Verify; for use before the first create of a session.
func (db *DB) IntegrityCheck(ctx context.Context) error {
	err := db.read(ctx, func(s *session) error {
		var verdict string
		if _, err := s.one("PRAGMA quick_check(1)", nil, &verdict); err != nil {
			return err
		}
		if verdict != "ok" {
			return rx.Fault(rx.CodeDamaged).Because(errors.New("quick_check"))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return db.Verify(ctx)
}

// Verify walks the journal's chain from its first line and holds every table against it: each prescription, patient and setting is there,
// whole, in the version that the journal knows last, and no other is. CodeDamaged names the table and the row.
func (db *DB) Verify(ctx context.Context) error {
	return db.read(ctx, func(s *session) error {
		v := verification{db: db, s: s, ctx: ctx, known: map[string]int64{}}
		if err := v.chain(); err != nil {
			return err
		}
		return v.tables()
	})
}

// verification is one walk. known is the last version of each row, by kind and row.
type verification struct {
	db    *DB
	s     *session
	ctx   context.Context
	known map[string]int64
	lines int
}

// kindOf joins the two kinds of lines about a prescription.
func kindOf(line string) string {
	if line == lineIssued {
		return lineEvent
	}
	return line
}

// chain walks the journal. A tail that was cut off shows in the tables: each line raises the version of a row.
func (v *verification) chain() error {
	var r journalRow
	var last link
	var buf []byte
	cells := r.cells()
	return v.s.each(journalTable.selecting("ORDER BY seq"), nil, cells, func() error {
		if v.lines++; v.lines%1024 == 0 && v.ctx.Err() != nil {
			return v.ctx.Err()
		}
		buf = encode(buf[:0], cells[:len(cells)-1])
		want, err := v.db.keys.Chain(last.hash, buf)
		if err != nil {
			return locked(err)
		}
		if r.seq != last.seq+1 || subtle.ConstantTimeCompare(want[:], r.link) != 1 {
			return damaged(journalTable.name, strconv.FormatInt(r.seq, 10))
		}
		last = link{r.seq, want}
		v.known[kindOf(r.kind)+"/"+r.row] = r.version
		return nil
	})
}

// expect crosses a row off the list.
func (v *verification) expect(kind, row string, version int64, r row) error {
	name := kind + "/" + row
	if v.known[name] != version {
		return damaged(r.table().name, row)
	}
	delete(v.known, name)
	return nil
}

func (v *verification) tables() error {
	if err := v.simple(); err != nil {
		return err
	}
	orders := map[string]int64{} // lines that are still to be found
	var o orderRow
	err := v.s.each(o.table().selecting(""), nil, o.cells(), func() error {
		orders[o.id] = o.lines
		return v.db.check(&o)
	})
	if err != nil {
		return err
	}
	count := func(query string) (n int64, err error) {
		_, err = v.s.one(query, nil, &n)
		return n, err
	}
	var total struct{ prescriptions, children int64 }
	for from := int64(0); ; {
		rows, err := v.db.itemRows(v.s, "WHERE n > ? ORDER BY n LIMIT 500", from)
		if err != nil {
			return err
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		items := make([]*item, len(rows))
		for i, r := range rows {
			items[i] = &item{row: r}
		}
		if err := v.db.complete(v.s, items); err != nil {
			return err
		}
		for _, it := range items {
			if err := v.expect(lineEvent, it.row.id, it.row.version, &it.row); err != nil {
				return err
			}
			orders[it.row.order]--
			total.prescriptions++
			total.children += it.row.attempts + it.row.records + it.row.sheets
		}
		if err := v.contents(from, items); err != nil {
			return err
		}
		from = items[len(items)-1].row.n
	}
	for id, missing := range orders {
		if missing != 0 {
			return damaged(orderTable.name, id)
		}
	}
	for name := range v.known {
		return rx.Fault(rx.CodeDamaged, "row", name).Because(errors.New("a row of the journal is gone"))
	}
	for _, c := range []struct {
		what, query string
		want        int64
	}{
		{contentTable.name, "SELECT count(*) FROM contents", total.prescriptions},
		{"attempts, records and sheets", "SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM records) + (SELECT count(*) FROM sheets)", total.children},
		{metaTable.name, "SELECT count(*) FROM meta", 1},
	} {
		if n, err := count(c.query); err != nil {
			return err
		} else if n != c.want {
			return rx.Fault(rx.CodeDamaged, "table", c.what).Because(fmt.Errorf("%d rows, not %d", n, c.want))
		}
	}
	return nil
}

// simple holds directory, patients, settings and the pool of keys against the journal; the pool is not in it.
func (v *verification) simple() error {
	var m metaRow
	var p patientRow
	var g settingRow
	var k keyRow
	for _, c := range []struct {
		r      row
		expect func() error
	}{
		{&m, func() error { return v.expect(lineDirectory, m.vault, m.version, &m) }},
		{&p, func() error { return v.expect(linePatient, p.id, p.version, &p) }},
		{&g, func() error { return v.expect(lineSetting, g.name, g.version, &g) }},
		{&k, func() error { return nil }},
	} {
		err := v.s.each(c.r.table().selecting(""), nil, c.r.cells(), func() error {
			if err := v.db.check(c.r); err != nil {
				return err
			}
			return c.expect()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// contents holds the frozen rows of a run of prescriptions against them, by MAC.
func (v *verification) contents(from int64, items []*item) error {
	byN := map[int64]*item{}
	for _, it := range items {
		byN[it.row.n] = it
	}
	to := items[len(items)-1].row.n
	var n int64
	var mac []byte
	return v.s.each("SELECT prescription, mac FROM contents WHERE prescription > ? AND prescription <= ?", []any{from, to}, []any{&n, &mac}, func() error {
		if it := byN[n]; it == nil || subtle.ConstantTimeCompare(mac, it.row.content) != 1 {
			return damaged(contentTable.name, strconv.FormatInt(n, 10))
		}
		return nil
	})
}
