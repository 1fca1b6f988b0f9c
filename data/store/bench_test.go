package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// P3: an order costs one fsync and little more than writing its bytes: the ratio is to one write of as many bytes as the write-ahead log grew by,
// and its fsync, measured in turn. Goal: 2 for three lines, 4 for ten.
func BenchmarkIssue(b *testing.B) {
	for _, lines := range []int{1, 3, 10} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			p := newPlace(b).create()
			db := p.open()
			p.issue(db, lines) // the patient is known, the statements are prepared
			floor, err := os.Create(filepath.Join(b.TempDir(), "floor"))
			if err != nil {
				b.Fatal(err)
			}
			defer floor.Close()
			var ours, theirs time.Duration
			var written int64
			var buf []byte
			for i := 0; b.Loop(); i++ {
				if i%20 == 0 { // as after each claim; the floor's file begins anew with the log
					if err := db.tend(ctx); err != nil {
						b.Fatal(err)
					}
					if frames(b, db) < 10 {
						if _, err := floor.Seek(0, 0); err != nil {
							b.Fatal(err)
						}
					}
				}
				codes := make([][]string, lines)
				for i := range codes {
					codes[i] = []string{fmt.Sprint("ingredient ", i)}
				}
				issue := p.order(marie, codes...)
				before := frames(b, db)
				start := time.Now()
				if _, err := db.Issue(ctx, issue); err != nil {
					b.Fatal(err)
				}
				ours += time.Since(start)
				size := (frames(b, db) - before) * (4096 + 24)
				written += size
				for int64(len(buf)) < size {
					buf = append(buf, byte(i*31+len(buf)))
				}
				start = time.Now()
				if _, err := floor.Write(buf[:size]); err != nil {
					b.Fatal(err)
				}
				if err := floor.Sync(); err != nil {
					b.Fatal(err)
				}
				theirs += time.Since(start)
			}
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
			b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "µs/issue")
			b.ReportMetric(float64(written)/float64(b.N), "B/issue")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// frames of the write-ahead log.
func frames(tb testing.TB, db *DB) int64 {
	tb.Helper()
	s, err := db.writer.take(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.writer.give(s)
	var busy, n, folded int64
	if _, err := s.one("PRAGMA wal_checkpoint(NOOP)", nil, &busy, &n, &folded); err != nil {
		tb.Fatal(err)
	}
	return n
}
