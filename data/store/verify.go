package store

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strconv"
	"strings"

	"relais/app/rx"
)

// Wrong is what is wrong with a row.
type Wrong string

// What a check can find.
const (
	Unreadable Wrong = "unreadable" // the disk does not give it
	Changed    Wrong = "changed"    // it is not as Relais wrote it: MAC, seal, or link of the journal's chain
	Missing    Wrong = "missing"    // the journal, or what belongs to it, knows it
	Older      Wrong = "older"      // the journal knows a later version
	Foreign    Wrong = "foreign"    // nothing knows it, or not this version
	Structure  Wrong = "structure"  // SQLite's own check of the file, its pages and indexes
)

// Finding is one thing that is wrong. Row is an id, a number, or the name of a setting, "" when the table as a whole is meant; never anything of a
// person.
type Finding struct {
	Table string
	Row   string
	What  Wrong
}

// Tally counts what is sound of all that should be there.
type Tally struct{ Sound, All int }

// Report is what a check found, in the order of the walk.
type Report struct {
	Findings                        []Finding
	Prescriptions, Patients, Orders Tally
	Ends                            int64 // above 0: so many of the last lines of the journal are gone, and what they told of is missing or older
}

// Sound tells that nothing was found.
func (r Report) Sound() bool { return len(r.Findings) == 0 }

// Err is the first finding as an error, nil when there is none.
func (r Report) Err() error {
	if r.Sound() {
		return nil
	}
	f := r.Findings[0]
	return damaged(f.Table, f.Row).Because(errors.New(string(f.What)))
}

// Check is the whole check, which does not stop at what it finds: SQLite's own of the file and its indexes, the journal's chain, and every row of every
// table, with all that it seals, against the journal. It goes on over pages that cannot be read, asking for each row that should be there.
// The error is about the check itself: a closed vault, the context.
func (db *DB) Check(ctx context.Context) (r Report, err error) {
	err = db.read(ctx, func(s *session) error {
		c := newChecker(ctx, db, s, deep)
		err := c.run()
		r = c.report
		return err
	})
	if db.found != nil { // opened for reading only: what was found in the original, not in the sound copy
		r = *db.found
	}
	return r, err
}

// IntegrityCheck is for use before the first create of a session: SQLite's quick check of the file and Verify.
func (db *DB) IntegrityCheck(ctx context.Context) error { return db.quickly(ctx, quick) }

// Verify is Check without SQLite's own check, and without reading what was frozen at issue, of which the MAC alone is held against that of its
// prescription (it is checked whole when it is read). CodeDamaged names the table and the row of the first finding.
func (db *DB) Verify(ctx context.Context) error { return db.quickly(ctx, rowsAlone) }

func (db *DB) quickly(ctx context.Context, how depth) error {
	return db.read(ctx, func(s *session) error {
		c := newChecker(ctx, db, s, how)
		if err := c.run(); err != nil {
			return err
		}
		return c.report.Err()
	})
}

// depth is how far a check goes.
type depth int

const (
	rowsAlone depth = iota
	quick           // and SQLite's quick check
	deep            // and its check of the indexes, and frozen contents whole
)

// checker is one walk. known is the last provable version of each row, by kind and row.
type checker struct {
	ctx    context.Context
	db     *DB
	s      *session
	how    depth
	keep   func(record) error // told each sound row; nil: nobody
	report Report

	known  map[string]int64
	out    mark            // what is known outside of the last line
	issued int64           // how many prescriptions the journal knows
	last   int64           // line of the journal
	torn   bool            // a line is missing or not as it was written
	lines  map[rx.ID]int64 // of each order: those that are still to be found
	unwell map[rx.ID]bool  // orders with a prescription that is not sound
	open   []int64         // prescriptions with work or duties, by number
	total  struct{ prescriptions, children int64 }
}

func newChecker(ctx context.Context, db *DB, s *session, how depth) *checker {
	return &checker{ctx: ctx, db: db, s: s, how: how, keep: func(record) error { return nil },
		known: map[string]int64{}, lines: map[rx.ID]int64{}, unwell: map[rx.ID]bool{}}
}

func (c *checker) run() (err error) {
	if c.out, err = c.db.outside(); err != nil { // before the snapshot begins: others may write meanwhile
		return err
	}
	for _, step := range []func() error{c.structure, c.chain, c.simple, c.prescriptions, c.ordersOf, c.rest} {
		if err := step(); err != nil {
			return err
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) found(table, row string, what Wrong) {
	f := Finding{table, legible(row), what}
	if !slices.Contains(c.report.Findings[max(0, len(c.report.Findings)-8):], f) { // not twice in a row
		c.report.Findings = append(c.report.Findings, f)
	}
}

// legible is a key that may have been damaged, as it can be shown.
func legible(key string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, key[:min(len(key), 64)])
}

// ends tells that err ends the check: it is not about what is in the file.
func ends(err error) bool {
	switch rx.CodeOf(err) {
	case rx.CodeDamaged, rx.CodeIO, rx.CodeInternal: // SQLite calls some damage a misuse
		return false
	}
	return err != nil
}

// structure is SQLite's own check. Its words are dropped: they may hold what it read.
func (c *checker) structure() error {
	if c.how == rowsAlone {
		return nil
	}
	ask := "PRAGMA quick_check(1)"
	if c.how == deep {
		ask = "PRAGMA integrity_check(1)"
	}
	var verdict string
	if _, err := c.s.one(ask, nil, &verdict); ends(err) {
		return err
	} else if err != nil || verdict != "ok" {
		c.found("file", "", Structure)
		return nil
	}
	if same, err := c.s.sameSchema(); ends(err) {
		return err
	} else if !same && !c.s.later() {
		c.found("file", "", Structure)
	}
	return nil
}

// sound checks the MAC of a row; a row without a MAC that fits is a finding.
func (c *checker) sound(r row) (bool, error) {
	err := c.db.check(r)
	if ends(err) {
		return false, err
	}
	if err != nil {
		c.found(r.table().name, r.key(), Changed)
	}
	return err == nil, nil
}

// kindOf joins the two kinds of lines about a prescription.
func kindOf(line string) string {
	if line == lineIssued {
		return lineEvent
	}
	return line
}

// tableOf is the table of the rows that lines of a kind are about.
var tableOf = map[string]*table{lineDirectory: metaTable, linePatient: patientTable, lineSetting: settingTable, lineEvent: itemTable}

// chain walks the journal. A line is provable by the stored link of the line before it. A tail that was cut off shows in the tables, since each line raises
// the version of a row; and in the outside mark and its trail.
func (c *checker) chain() error {
	var r journalRow
	var before link
	var buf []byte
	cells := r.cells()
	bad := func(row int64, what Wrong) {
		c.torn = true
		c.found(journalTable.name, strconv.FormatInt(row, 10), what)
	}
	line := func() error {
		if before.seq+1 < r.seq {
			bad(before.seq+1, Missing)
		}
		buf = encode(buf[:0], cells[:len(cells)-1])
		want, err := c.db.keys.Chain(before.hash, buf)
		if err != nil {
			return locked(err)
		}
		proven := r.seq == before.seq+1 && subtle.ConstantTimeCompare(want[:], r.link) == 1
		if r.seq == c.out.Change && c.out.Link != nil && subtle.ConstantTimeCompare(c.out.Link, r.link) != 1 {
			bad(r.seq, Foreign) // written after the line that stood there was lost
		}
		before.seq = r.seq
		copy(before.hash[:], r.link)
		if !proven {
			bad(r.seq, Changed)
			return nil
		}
		c.known[kindOf(r.kind)+"\x00"+r.row] = r.version
		if r.kind == lineIssued {
			c.issued++
		}
		return c.keep(&r)
	}
	most := max(c.out.Change, c.most("SELECT max(seq) FROM journal"))
	if err := c.numbered(journalTable, "seq", most, cells, &r.seq, line); err != nil {
		return err
	}
	c.last = before.seq
	if last := max(c.out.Change, 1); c.last < last {
		bad(c.last+1, Missing)
		c.report.Ends = last - c.last
	}
	return nil
}

// most is a count or a maximum, as far as it can be read, and no larger than the file can hold.
func (c *checker) most(query string) int64 {
	var n, pages int64
	if _, err := c.s.one(query, nil, &n); err != nil {
		return 0
	}
	if _, err := c.s.one("PRAGMA page_count", nil, &pages); err != nil {
		return 0
	}
	return min(n, pages*64)
}

// numbered reads a table by its number into cells and calls do for each row. Over what cannot be read it goes on number by number, up to most.
func (c *checker) numbered(of *table, key string, most int64, cells []any, n *int64, do func() error) error {
	const span = 512
	for last := int64(0); ; {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		rows, from := 0, last
		var stop error
		err := c.s.each(of.selecting("WHERE "+key+" > ? ORDER BY "+key+" LIMIT "+strconv.Itoa(span)), []any{last}, cells, func() error {
			if *n <= last {
				return damaged(of.name, "") // a page that lies about its order
			}
			rows, last = rows+1, *n
			stop = do()
			return stop
		})
		switch {
		case stop != nil:
			return stop
		case ends(err):
			return err
		case err == nil && rows < span:
			return nil
		case err == nil:
			continue
		}
		if last >= most || last > from+most { // nothing more is expected
			c.found(of.name, "", Unreadable)
			return nil
		}
		for to := min(most, last+span); last < to; {
			last++
			found, err := c.s.one(of.selecting("WHERE "+key+" = ?"), []any{last}, cells...)
			if ends(err) {
				return err
			}
			if err != nil || found && *n != last {
				c.found(of.name, strconv.FormatInt(last, 10), Unreadable)
				continue
			}
			if found {
				if err := do(); err != nil {
					return err
				}
			}
		}
	}
}

// named reads a table whose rows have names, and calls do once for each. Over what cannot be read it goes on from the other end, and by the names that
// are expected.
func (c *checker) named(r row, key string, name *string, expected []string, do func() error) error {
	seen := map[string]bool{}
	var stop error
	once := func() error {
		if seen[*name] {
			return nil
		}
		seen[*name] = true
		stop = do()
		return stop
	}
	for _, order := range []string{"", " DESC"} {
		err := c.s.each(r.table().selecting("ORDER BY "+key+order), nil, r.cells(), once)
		switch {
		case stop != nil:
			return stop
		case ends(err):
			return err
		case err == nil:
			return nil
		}
	}
	c.found(r.table().name, "", Unreadable)
	for _, want := range expected {
		if seen[want] {
			continue
		}
		found, err := c.s.one(r.table().selecting("WHERE "+key+" = ?"), []any{want}, r.cells()...)
		if ends(err) {
			return err
		}
		if err != nil || !found || *name != want {
			continue // told as missing
		}
		if err := once(); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf are the rows of a kind that the journal knows.
func (c *checker) rowsOf(kind string) (rows []string) {
	for name := range c.known {
		if row, ok := cutKind(name, kind); ok {
			rows = append(rows, row)
		}
	}
	slices.Sort(rows)
	return rows
}

func cutKind(name, kind string) (row string, ok bool) {
	if len(name) > len(kind) && name[:len(kind)+1] == kind+"\x00" {
		return name[len(kind)+1:], true
	}
	return "", false
}

// expect crosses a row off the list and tells that its version is the last. When lines of the journal are gone, a version that only they can have
// told of is believed.
func (c *checker) expect(kind string, version int64, r row) bool {
	name := kind + "\x00" + r.key()
	known, ok := c.known[name]
	delete(c.known, name)
	switch {
	case ok && known == version, c.torn && version > known:
		return true
	case ok && version < known:
		c.found(r.table().name, r.key(), Older)
	default:
		c.found(r.table().name, r.key(), Foreign)
	}
	return false
}
