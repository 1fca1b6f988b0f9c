package store

import (
	"crypto/subtle"
	"errors"
	"slices"

	"relais/app/rx"
)

// simple holds directory, patients, settings, drafts and the pool of keys against the journal, which does not know the last two.
func (c *checker) simple() error {
	var m metaRow
	var p patientRow
	var g settingRow
	var d draftRow
	patients := c.rowsOf(linePatient)
	c.report.Patients.All = len(patients)
	for _, of := range []struct {
		r        row
		key      string
		name     *string
		kind     string // "": the journal does not know them
		expected []string
		sound    *int
	}{
		{&m, "vault", &m.vault, lineDirectory, nil, nil},
		{&p, "id", &p.id, linePatient, patients, &c.report.Patients.Sound},
		{&g, "name", &g.name, lineSetting, c.rowsOf(lineSetting), nil},
		{&d, "id", &d.id, "", nil, nil},
	} {
		err := c.named(of.r, of.key, of.name, of.expected, func() error {
			ok, err := c.sound(of.r)
			if err != nil {
				return err
			}
			if !ok {
				delete(c.known, of.kind+"\x00"+of.r.key()) // found already
			} else if of.kind != "" {
				ok = c.expect(of.kind, version(of.r), of.r)
			}
			if !ok {
				return nil
			}
			if of.sound != nil {
				*of.sound++
			}
			return c.keep(of.r)
		})
		if err != nil {
			return err
		}
		c.gone(of.kind)
	}
	c.report.Patients.All = max(c.report.Patients.All, c.report.Patients.Sound)
	var k keyRow
	return c.numbered(keyTable, "n", c.most("SELECT max(n) FROM keys"), k.cells(), &k.n, func() error {
		_, err := c.sound(&k)
		return err
	})
}

func version(r row) int64 {
	switch r := r.(type) {
	case *metaRow:
		return r.version
	case *patientRow:
		return r.version
	case *settingRow:
		return r.version
	}
	return 0
}

// gone tells of the rows of a kind that were not met.
func (c *checker) gone(kind string) {
	if kind == "" {
		return
	}
	for _, row := range c.rowsOf(kind) {
		delete(c.known, kind+"\x00"+row)
		c.found(tableOf[kind].name, row, Missing)
	}
}

// prescriptions walks the prescriptions with their children and contents, some hundreds at a time.
func (c *checker) prescriptions() error {
	expected := len(c.rowsOf(lineEvent))
	var r itemRow
	var some []*item
	all := 0
	flush := func() error {
		err := c.items(some)
		some = some[:0]
		return err
	}
	most := max(c.issued, c.most("SELECT max(n) FROM prescriptions"))
	err := c.numbered(itemTable, "n", most, r.cells(), &r.n, func() error {
		all++
		c.total.prescriptions++
		c.total.children += r.attempts + r.records + r.sheets
		if ok, err := c.sound(&r); err != nil || !ok {
			delete(c.known, lineEvent+"\x00"+r.id)
			c.unwell[rx.ID(r.order)] = true
			return err
		}
		c.lines[rx.ID(r.order)]++
		if r.work != 0 || r.owed != 0 {
			c.open = append(c.open, r.n)
		}
		some = append(some, &item{row: r})
		if len(some) < 500 {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	c.gone(lineEvent)
	c.report.Prescriptions.All = max(expected, all)
	return nil
}

// items completes prescriptions whose own rows are sound, together if that goes and else one by one.
func (c *checker) items(items []*item) error {
	if len(items) == 0 {
		return nil
	}
	together := c.db.complete(c.s, items)
	if ends(together) {
		return together
	}
	frozen, err := c.contents(items)
	if err != nil {
		return err
	}
	for _, it := range items {
		ok := c.expect(lineEvent, it.row.version, &it.row)
		if together != nil {
			it.parts = nil
			err := c.db.complete(c.s, []*item{it})
			if ends(err) {
				return err
			}
			ok = c.blame(err, itemTable, it.row.id) && ok
		}
		var content *contentRow
		if c.how == deep || !frozen {
			content, err = c.db.frozen(c.s, it)
			if ends(err) {
				return err
			}
			ok = c.blame(err, contentTable, it.row.id) && ok
		}
		if !ok {
			c.unwell[rx.ID(it.row.order)] = true
			continue
		}
		c.report.Prescriptions.Sound++
		if err := c.kept(it, content); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) kept(it *item, content *contentRow) error {
	if err := c.keep(&it.row); err != nil {
		return err
	}
	for _, p := range it.parts {
		if err := c.keep(&p.child); err != nil {
			return err
		}
	}
	if content == nil {
		return nil
	}
	return c.keep(content)
}

// blame makes a finding of an error about a row; nil is none.
func (c *checker) blame(err error, of *table, id string) bool {
	if err == nil {
		return true
	}
	table, what := of.name, Unreadable
	var fault *rx.Error
	if errors.As(err, &fault) && fault.Args["table"] != "" {
		table, what = fault.Args["table"], Changed
	}
	c.found(table, id, what)
	return false
}

// contents tells whether the MACs of the frozen rows of a run of prescriptions are those that the prescriptions know.
func (c *checker) contents(items []*item) (fit bool, err error) {
	byN := map[int64]*item{}
	for _, it := range items {
		byN[it.row.n] = it
	}
	var n int64
	var mac []byte
	from, to := items[0].row.n, items[len(items)-1].row.n
	fitting := 0
	err = c.s.each("SELECT prescription, mac FROM contents WHERE prescription BETWEEN ? AND ?", []any{from, to}, []any{&n, &mac}, func() error {
		if it := byN[n]; it != nil && subtle.ConstantTimeCompare(mac, it.row.content) == 1 {
			fitting++
		}
		return nil
	})
	if ends(err) {
		return false, err
	}
	return err == nil && fitting == len(items), nil
}

// ordersOf holds the orders against the lines that were found.
func (c *checker) ordersOf() error {
	expected := map[rx.ID]bool{}
	for id := range c.lines {
		expected[id] = true
	}
	for id := range c.unwell {
		expected[id] = true
	}
	names := make([]string, 0, len(expected))
	for id := range expected {
		names = append(names, string(id))
	}
	slices.Sort(names)
	met := map[rx.ID]bool{}
	var o orderRow
	err := c.named(&o, "id", &o.id, names, func() error {
		id := rx.ID(o.id)
		met[id] = true
		ok, err := c.sound(&o)
		if err != nil || !ok {
			return err
		}
		if c.lines[id] != o.lines && !c.unwell[id] { // else it is told by its prescription
			c.found(orderTable.name, o.id, Changed)
			ok = false
		}
		if ok && !c.unwell[id] {
			c.report.Orders.Sound++
		}
		return c.keep(&o)
	})
	if err != nil {
		return err
	}
	for _, id := range names {
		if !met[rx.ID(id)] && c.lines[rx.ID(id)] > 0 { // a changed row may name any order
			c.found(orderTable.name, id, Missing)
			met[rx.ID(id)] = true
		}
	}
	c.report.Orders.All = len(met)
	return nil
}

// rest counts what belongs to nothing, and holds the index of what is open, by which the engine and the doctor are told, against the rows.
func (c *checker) rest() error {
	for _, of := range []struct {
		table, query string
		want         int64
	}{
		{contentTable.name, "SELECT count(*) FROM contents", c.total.prescriptions},
		{"attempts, records and sheets", "SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM records) + (SELECT count(*) FROM sheets)", c.total.children},
		{metaTable.name, "SELECT count(*) FROM meta", 1},
	} {
		var n int64
		_, err := c.s.one(of.query, nil, &n)
		switch {
		case ends(err):
			return err
		case err != nil:
			c.found(of.table, "", Unreadable)
		case n > of.want:
			c.found(of.table, "", Foreign)
		case n < of.want:
			c.found(of.table, "", Missing)
		}
	}
	if c.report.Prescriptions.Sound < c.report.Prescriptions.All {
		return nil // the index was compared with what was read alone
	}
	var n int64
	var open []int64
	err := c.s.each("SELECT n FROM prescriptions INDEXED BY prescription_open WHERE work <> 0 OR owed <> 0 ORDER BY n", nil, []any{&n}, func() error {
		open = append(open, n)
		return nil
	})
	if ends(err) {
		return err
	}
	if err != nil || !slices.Equal(open, c.open) {
		c.found(itemTable.name, "prescription_open", Structure)
	}
	return nil
}
