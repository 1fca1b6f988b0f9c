// Package speed measures what only the real parts together can show: the benchmarks of the lines of the performance table that cross
// wings. A figure is a ratio to a floor that is measured in turn in the same run, because an absolute time tells of the machine alone.
package speed

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	_ "modernc.org/sqlite" // looks at the length of the write-ahead log

	"relais/app/config"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
)

var ctx = context.Background()

// stopwatch is the store, with the time that its Issue took.
type stopwatch struct {
	prescribing.Store
	took time.Duration
}

func (s *stopwatch) Issue(ctx context.Context, issue rx.Issue) (rx.Issued, error) {
	start := time.Now()
	defer func() { s.took = time.Since(start) }()
	return s.Store.Issue(ctx, issue)
}

// P3: an order costs one fsync and little more than writing its bytes. The floor is one write of as many bytes as the write-ahead log grew by,
// and its fsync. Goal: 2 for three lines, 4 for ten. For information beside it, to the same floor: the whole use case (check, facts, messages,
// and then the store), and the least that SQLite could do, a commit of as many pages changed by one statement.
func BenchmarkIssue(b *testing.B) {
	for _, lines := range []int{1, 3, 10} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) { benchmarkIssue(b, lines) })
	}
}

func benchmarkIssue(b *testing.B, lines int) {
	data := filepath.Join(b.TempDir(), "data")
	service := practice(b, data)
	watch := &stopwatch{Store: service.Store}
	service.Store = watch
	log, bare := logOf(b, data), bareSQLite(b)
	floor, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	if err != nil {
		b.Fatal(err)
	}
	defer floor.Close()
	request := order(b, service.Medicines, lines)
	if _, err := service.Issue(ctx, request, prescribing.How{}); err != nil { // the patient is known, the statements are prepared
		b.Fatal(err)
	}
	buf := make([]byte, 1<<20)
	for i := range buf {
		buf[i] = byte(i * 31)
	}
	var whole, ours, least, theirs []time.Duration
	var written int64
	for i := 0; b.Loop(); i++ {
		if i%20 == 0 { // as after each claim; the floor's file begins anew with the log
			bare.tend(b)
			before := log.frames(b)
			if err := service.Store.Outside(ctx); err != nil {
				b.Fatal(err)
			}
			if log.frames(b) < before {
				if _, err := floor.Seek(0, 0); err != nil {
					b.Fatal(err)
				}
			}
		}
		before := log.frames(b)
		start := time.Now()
		if _, err := service.Issue(ctx, request, prescribing.How{}); err != nil {
			b.Fatal(err)
		}
		whole, ours = append(whole, time.Since(start)), append(ours, watch.took)
		pages := log.frames(b) - before
		size := pages * (4096 + 24) // a page and its header
		written += size
		least = append(least, bare.commit(b, pages))
		start = time.Now()
		if _, err := floor.Write(buf[:size]); err != nil {
			b.Fatal(err)
		}
		if err := floor.Sync(); err != nil {
			b.Fatal(err)
		}
		theirs = append(theirs, time.Since(start))
	}
	b.ReportMetric(float64(median(ours))/float64(median(theirs)), "ratio")
	b.ReportMetric(float64(median(whole))/float64(median(theirs)), "whole-ratio")
	b.ReportMetric(float64(median(least))/float64(median(theirs)), "bare-SQLite-ratio")
	b.ReportMetric(float64(median(ours).Microseconds()), "µs/issue")
	b.ReportMetric(float64(median(theirs).Microseconds()), "µs/floor")
	b.ReportMetric(float64(written)/float64(len(ours)), "B/issue")
	b.ReportMetric(0, "ns/op")
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// practice is the use cases over a directory of their own, as the program opens it.
func practice(b *testing.B, data string) *prescribing.Service {
	d, err := wiring.At(config.Paths{Data: data, Marks: filepath.Join(filepath.Dir(data), "marks")})
	if err != nil {
		b.Fatal(err)
	}
	if err := d.EnsureDemo(ctx); err != nil {
		b.Fatal(err)
	}
	session, err := d.Open(ctx, []byte(wiring.DemoPassphrase))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := session.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	return session.Service
}

// order is a request of so many lines, each for a medicine with another ingredient, for an invented patient.
func order(b *testing.B, medicines prescribing.Medicines, lines int) rx.Request {
	r := rx.Request{Patient: rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont",
		BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rx.Female, Language: rx.FR}}
	var seen []string
	for _, m := range medicines.Search("exemple comprimés", 100) {
		if m.CNK == "" || len(m.Ingredients) != 1 || slices.Contains(seen, m.Ingredients[0]) || len(r.Lines) == lines {
			continue
		}
		seen = append(seen, m.Ingredients[0])
		r.Lines = append(r.Lines, rx.Line{Kind: rx.Package, CNK: m.CNK, Quantity: 1,
			Posology: rx.Posology{Dose: 1000, Unit: m.Unit, TimesPerDay: 3, DurationDays: 5}})
	}
	if len(r.Lines) != lines {
		b.Fatalf("%d medicines, not %d", len(r.Lines), lines)
	}
	return r
}

func open(b *testing.B, path, query string) *sql.DB {
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db
}

// writeAheadLog is a look at the log of a database, beside its writer.
type writeAheadLog struct{ db *sql.DB }

func logOf(b *testing.B, data string) writeAheadLog {
	return writeAheadLog{open(b, filepath.Join(data, "relais.db"), "")}
}

// frames is the length of the log in pages.
func (l writeAheadLog) frames(b *testing.B) int64 {
	var busy, frames, folded int64
	if err := l.db.QueryRow("PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &frames, &folded); err != nil {
		b.Fatal(err)
	}
	if frames < 0 {
		b.Fatal("no write-ahead log")
	}
	return frames
}

// bare is a database with the store's durability and nothing else: each row has a page to itself.
type bare struct {
	db     *sql.DB
	change *sql.Stmt
}

const barePages = 100

func bareSQLite(b *testing.B) bare {
	db := open(b, filepath.Join(b.TempDir(), "bare.db"),
		"_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=wal_autocheckpoint(0)")
	if _, err := db.Exec(`CREATE TABLE bare (n INTEGER PRIMARY KEY, v INTEGER, fill BLOB);
		WITH RECURSIVE list (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM list WHERE n < ?)
		INSERT INTO bare SELECT n, 1, zeroblob(3000) FROM list`, barePages); err != nil {
		b.Fatal(err)
	}
	change, err := db.Prepare("UPDATE bare SET v = 1 - v WHERE n <= ?")
	if err != nil {
		b.Fatal(err)
	}
	return bare{db, change}
}

func (d bare) commit(b *testing.B, pages int64) time.Duration {
	if pages > barePages {
		b.Fatalf("an order of %d pages", pages)
	}
	start := time.Now()
	if _, err := d.change.Exec(pages); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// tend folds the log, and begins the next one.
func (d bare) tend(b *testing.B) {
	var busy, frames, folded int64
	if err := d.db.QueryRow("PRAGMA wal_checkpoint(RESTART)").Scan(&busy, &frames, &folded); err != nil {
		b.Fatal(err)
	}
	d.commit(b, 1)
}
