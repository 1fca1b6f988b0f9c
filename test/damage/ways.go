package damage

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	_ "modernc.org/sqlite"
)

const page = 4096

// way is a way to damage an image: its files, or by SQL what they hold. named are the tables of which a finding must tell; nil: any.
type way struct {
	name   string
	moment string // "": either
	files  func(*damager)
	sql    func(*damager) (script []string, named []string)
}

// damager damages files of one practice.
type damager struct {
	p, other *practice
	rng      *rand.Rand
	moment   string
	files    image
	conn     *sql.Conn // while SQL is made
	done     bool      // something was changed
}

func (d *damager) path(name string) string { return filepath.Join(d.p.dir.Data, name) }
func (d *damager) mark(name string) string { return d.p.opts.Mark + name }

// bits flips n bits of a file within [from, to).
func (d *damager) bits(name string, n, from, to int) {
	path := name
	if !filepath.IsAbs(path) {
		path = d.path(name)
	}
	data := bytes.Clone(d.files[path])
	for to = min(to, len(data)); n > 0 && from < to; n-- {
		data[from+d.rng.IntN(to-from)] ^= 1 << d.rng.IntN(8)
		d.done = true
	}
	d.files[path] = data
}

// pages changes the content of a file as a list of pages.
func (d *damager) pages(change func(data []byte, pages int)) {
	path := d.path("relais.db")
	data := bytes.Clone(d.files[path])
	change(data, len(data)/page)
	d.done = !bytes.Equal(data, d.files[path])
	d.files[path] = data
}

func at(data []byte, n int) []byte { return data[n*page : (n+1)*page] }

func (d *damager) cut(name string, size int) {
	path := d.path(name)
	d.done = size < len(d.files[path])
	d.files[path] = bytes.Clone(d.files[path][:min(size, len(d.files[path]))])
}

func (d *damager) size(name string) int { return len(d.files[d.path(name)]) }

const whole = 1 << 40

// frame is a frame of the log: 24 bytes of head and a page.
const frame = 24 + page

func (d *damager) frame() int {
	return 32 + d.rng.IntN(max(1, (d.size("relais.db-wal")-32)/frame))*frame
}

// root is the page of a table or an index, from 0; never that of the schema.
func (d *damager) root() int {
	names := slices.Sorted(maps.Keys(d.p.roots))
	return int(d.p.roots[names[d.rng.IntN(len(names))]]) - 1
}

var ways = []way{
	{name: "bit of the header", files: func(d *damager) { d.bits("relais.db", 1, 0, 100) }},
	{name: "bit of the schema", files: func(d *damager) {
		for {
			if n := int64(d.rng.IntN(d.size("relais.db")/page)) + 1; n < 24 && !slices.Contains(slices.Collect(maps.Values(d.p.roots)), n) {
				d.bits("relais.db", 1, int(n-1)*page+100, int(n)*page)
				return
			}
		}
	}},
	{name: "bit of a root page", files: func(d *damager) { n := d.root(); d.bits("relais.db", 1, n*page, (n+1)*page) }},
	{name: "bit of a page's head", files: func(d *damager) { n := d.root(); d.bits("relais.db", 1, n*page, n*page+64) }},
	{name: "bit anywhere", files: func(d *damager) { d.bits("relais.db", 1, 0, whole) }},
	{name: "bit anywhere", files: func(d *damager) { d.bits("relais.db", 1, 0, whole) }},
	{name: "bits anywhere", files: func(d *damager) { d.bits("relais.db", 2+d.rng.IntN(30), 0, whole) }},
	{name: "bit of the log's head", moment: killed, files: func(d *damager) { d.bits("relais.db-wal", 1, 0, 32) }},
	{name: "bit of a frame's head", moment: killed, files: func(d *damager) { n := d.frame(); d.bits("relais.db-wal", 1, n, n+24) }},
	{name: "bit of the log", moment: killed, files: func(d *damager) { d.bits("relais.db-wal", 1, 32, whole) }},
	{name: "page of zeros", files: func(d *damager) {
		d.pages(func(data []byte, pages int) { clear(at(data, d.rng.IntN(pages))) })
	}},
	{name: "page of noise", files: func(d *damager) {
		d.pages(func(data []byte, pages int) { _, _ = stream{d.rng}.Read(at(data, d.rng.IntN(pages))) })
	}},
	{name: "pages exchanged", files: func(d *damager) {
		d.pages(func(data []byte, pages int) {
			a, b := at(data, d.rng.IntN(pages)), at(data, d.rng.IntN(pages))
			was := bytes.Clone(a)
			copy(a, b)
			copy(b, was)
		})
	}},
	{name: "page as it once was", files: func(d *damager) { // a write that never reached the disk
		d.pages(func(data []byte, pages int) {
			once := d.p.older[d.path("relais.db")]
			n := d.rng.IntN(min(pages, len(once)/page))
			copy(at(data, n), at(once, n))
		})
	}},
	{name: "cut at a page", files: func(d *damager) { d.cut("relais.db", d.rng.IntN(d.size("relais.db")/page)*page) }},
	{name: "cut in a page", files: func(d *damager) { d.cut("relais.db", d.rng.IntN(d.size("relais.db"))) }},
	{name: "log cut at a frame", moment: killed, files: func(d *damager) { d.cut("relais.db-wal", d.frame()) }},
	{name: "log cut in a frame", moment: killed, files: func(d *damager) { d.cut("relais.db-wal", d.rng.IntN(d.size("relais.db-wal"))) }},
	{name: "log gone", moment: killed, files: func(d *damager) { delete(d.files, d.path("relais.db-wal")); d.done = true }},
	{name: "log of another directory", files: func(d *damager) {
		d.files[d.path("relais.db-wal")] = d.other.image[killed][filepath.Join(d.other.dir.Data, "relais.db-wal")]
		d.done = true
	}},
	{name: "log as it once was", files: func(d *damager) {
		d.files[d.path("relais.db-wal")] = d.p.older[d.path("relais.db-wal")]
		d.done = true
	}},
	{name: "database of another directory", moment: atRest, files: func(d *damager) {
		d.files[d.path("relais.db")] = d.other.image[atRest][filepath.Join(d.other.dir.Data, "relais.db")]
		d.done = true
	}},
	{name: "database as it once was", files: func(d *damager) {
		for _, name := range []string{"relais.db", "relais.db-wal"} {
			d.files[d.path(name)] = d.p.older[d.path(name)]
		}
		d.done = true
	}},
	{name: "bit of the mark", files: func(d *damager) { d.bits(d.mark(""), 1, 0, whole) }},
	{name: "mark gone", files: func(d *damager) { delete(d.files, d.mark("")); d.done = true }},
	{name: "bit of the trail", files: func(d *damager) { d.bits(d.mark(".last"), 1, 0, whole) }},

	{name: "row deleted", sql: func(d *damager) ([]string, []string) {
		table := d.table("drafts", "keys") // of these nothing else knows
		return []string{"DELETE FROM " + table + d.where(table)}, parents(table)
	}},
	{name: "row of another practice", sql: func(d *damager) ([]string, []string) {
		table := d.table("journal", "drafts", "keys")
		d.run("ATTACH '" + filepath.Join(d.p.aside, "foreign.db") + "' AS other")
		foreign := d.list("SELECT hex(mac) FROM other." + table)
		script := []string{fmt.Sprintf("INSERT OR REPLACE INTO main.%s SELECT * FROM other.%[1]s WHERE mac = x'%s'", table, foreign[d.rng.IntN(len(foreign))])}
		if d.rng.IntN(2) == 0 { // in the place of one
			script = slices.Insert(script, 0, "DELETE FROM main."+table+d.where(table))
		}
		return script, parents(table)
	}},
	{name: "row as it once was", sql: func(d *damager) ([]string, []string) {
		d.run("ATTACH '" + filepath.Join(d.p.aside, "older.db") + "' AS other")
		table := []string{"prescriptions", "prescriptions", "prescriptions", "patients", "attempts", "records", "sheets", "settings"}[d.rng.IntN(8)]
		key := primary[table]
		changed := d.list(fmt.Sprintf("SELECT quote(hex(o.mac)) FROM other.%s o JOIN main.%[1]s m USING (%s) WHERE o.mac <> m.mac", table, key))
		if len(changed) == 0 {
			return nil, nil
		}
		mac := changed[d.rng.IntN(len(changed))]
		script := []string{fmt.Sprintf("INSERT OR REPLACE INTO main.%s SELECT * FROM other.%[1]s WHERE hex(mac) = %s", table, mac)}
		if table == "prescriptions" && d.rng.IntN(2) == 0 { // with all that belongs to it
			n := d.one("SELECT n FROM other.prescriptions WHERE hex(mac) = " + mac)
			for _, child := range []string{"attempts", "records", "sheets"} {
				script = append(script, fmt.Sprintf("DELETE FROM main.%s WHERE prescription = %s", child, n),
					fmt.Sprintf("INSERT INTO main.%s SELECT * FROM other.%[1]s WHERE prescription = %s", child, n))
			}
		}
		return script, parents(table)
	}},
	{name: "cell as it once was", sql: func(d *damager) ([]string, []string) {
		d.run("ATTACH '" + filepath.Join(d.p.aside, "older.db") + "' AS other")
		table := []string{"prescriptions", "prescriptions", "attempts", "records"}[d.rng.IntN(4)]
		column := d.column(table)
		key := primary[table]
		changed := d.list(fmt.Sprintf("SELECT quote(hex(m.mac)) FROM other.%s o JOIN main.%[1]s m USING (%s) WHERE o.%s IS NOT m.%[3]s", table, key, column))
		if len(changed) == 0 {
			return nil, nil
		}
		first, _, _ := strings.Cut(key, ",")
		same := fmt.Sprintf("o.%s = main.%s.%[1]s", first, table)
		if first != key {
			same += fmt.Sprintf(" AND o.n = main.%s.n", table)
		}
		return []string{fmt.Sprintf("UPDATE main.%[1]s SET %[2]s = (SELECT o.%[2]s FROM other.%[1]s o WHERE %[3]s) WHERE hex(mac) = %[4]s", table, column, same,
			changed[d.rng.IntN(len(changed))])}, parents(table)
	}},
	{name: "state edited", sql: func(d *damager) ([]string, []string) {
		to := [][2]string{{"ready", "none"}, {"confirmed", "electronic"}, {"unknown", "electronic"}, {"withdrawn", "none"}, {"paper", "paper"}, {"refused", "none"}}[d.rng.IntN(6)]
		where := d.where("prescriptions")
		if d.one("SELECT state FROM prescriptions"+where) == to[0] {
			return nil, nil
		}
		return []string{fmt.Sprintf("UPDATE prescriptions SET state = '%s', door = '%s', work = %d%s", to[0], to[1], d.rng.IntN(2), where)}, parents("prescriptions")
	}},
	{name: "cell edited", sql: func(d *damager) ([]string, []string) {
		table := d.table()
		return []string{fmt.Sprintf(edited, table, d.column(table)) + d.where(table)}, parents(table)
	}},
	{name: "cell of another row", sql: func(d *damager) ([]string, []string) {
		table := d.table()
		column, from, to := d.column(table), d.where(table), d.where(table)
		if d.one(fmt.Sprintf("SELECT (SELECT %s FROM %s%s) IS NOT (SELECT %[1]s FROM %[2]s%[4]s)", column, table, from, to)) == "0" {
			return nil, nil
		}
		return []string{fmt.Sprintf("UPDATE %[1]s SET %[2]s = (SELECT %[2]s FROM %[1]s%[3]s)%[4]s", table, column, from, to)}, parents(table)
	}},
}

// edited makes a number grow, a text longer, and changes one digit of a blob. What is absent becomes a blob, or a text in the one column of text
// that may be absent.
const edited = `UPDATE %[1]s SET %[2]s = CASE typeof(%[2]s)
	WHEN 'null' THEN CASE '%[2]s' WHEN 'replaces' THEN '0' ELSE x'01' END WHEN 'integer' THEN %[2]s + 1 WHEN 'text' THEN %[2]s || '0'
	ELSE unhex(substr(hex(%[2]s), 1, 10) || (CASE substr(hex(%[2]s), 11, 1) WHEN '0' THEN '1' ELSE '0' END) || substr(hex(%[2]s), 12)) END`

var primary = map[string]string{"meta": "one", "patients": "id", "orders": "id", "prescriptions": "n", "contents": "prescription", "attempts": "prescription,n",
	"records": "prescription,n", "sheets": "prescription,n", "keys": "n", "drafts": "id", "settings": "name", "journal": "seq"}

// parents are the tables by which damage of one is told.
func parents(table string) []string {
	switch table {
	case "attempts", "records", "sheets":
		return []string{table, "prescriptions", "attempts, records and sheets"}
	case "prescriptions": // its number and its id are those of others too
		return []string{table, "contents", "orders", "attempts", "records", "sheets"}
	}
	return []string{table}
}

// table is one that has rows, but for those.
func (d *damager) table(but ...string) string {
	for {
		names := slices.Sorted(maps.Keys(primary))
		name := names[d.rng.IntN(len(names))]
		if !slices.Contains(but, name) && d.one("SELECT count(*) FROM "+name) != "0" {
			return name
		}
	}
}

// where is a row of a table.
func (d *damager) where(table string) string {
	name := "mac"
	if table == "journal" {
		name = "link"
	}
	rows := d.list("SELECT hex(" + name + ") FROM " + table)
	return fmt.Sprintf(" WHERE %s = x'%s'", name, rows[d.rng.IntN(len(rows))])
}

func (d *damager) column(table string) string {
	names := d.list("SELECT name FROM pragma_table_info('" + table + "')")
	return names[d.rng.IntN(len(names))]
}

func (d *damager) list(query string) (out []string) {
	rows, err := d.conn.QueryContext(ctx, query)
	if err != nil {
		panic(fmt.Sprint(query, ": ", err))
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			panic(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		panic(err)
	}
	return out
}

func (d *damager) one(query string) string { return d.list(query)[0] }

func (d *damager) run(script string) {
	if _, err := d.conn.ExecContext(ctx, script); err != nil {
		panic(fmt.Sprint(script, ": ", err))
	}
}

// raw opens a database with all of SQLite's guards off.
func raw(path string) (*sql.DB, *sql.Conn, error) {
	db, err := sql.Open("sqlite", path+"?_pragma=foreign_keys(0)&_pragma=ignore_check_constraints(1)&_pragma=synchronous(0)")
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Conn(context.Background())
	return db, conn, err
}

// edit runs the script of a way in the directory, and puts the triggers back.
func (d *damager) edit(w way) (script, named []string, err error) {
	db, conn, err := raw(d.path("relais.db"))
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	defer conn.Close()
	d.conn = conn
	triggers := d.list("SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid")
	for _, name := range d.list("SELECT name FROM sqlite_master WHERE type = 'trigger'") {
		d.run("DROP TRIGGER " + name)
	}
	script, named = w.sql(d)
	before := d.one("SELECT total_changes()")
	for _, statement := range script {
		if _, err := conn.ExecContext(ctx, statement); err != nil && !strings.Contains(err.Error(), "UNIQUE") { // that key exists already: no edit
			return script, named, fmt.Errorf("%s: %w", statement, err)
		}
	}
	d.done = d.one("SELECT total_changes()") != before
	for _, t := range triggers {
		d.run(t)
	}
	return script, named, nil
}

// flip is for vault.json, which is opened by the passphrase.
func flip(data []byte, rng *rand.Rand) []byte {
	data = bytes.Clone(data)
	data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
	return data
}
