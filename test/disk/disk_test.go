package disk

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

// A ledger of sums: each row holds its number and the sum up to it, so that a lost or half-made transaction shows. acknowledged rows must be
// there whatever happens.
type ledger struct {
	t    *testing.T
	disk *Disk
	path string
	db   *sql.DB
	last int // acknowledged
	most int // tried
}

func newLedger(t *testing.T) *ledger {
	dir := t.TempDir()
	l := &ledger{t: t, disk: Attach(dir), path: filepath.Join(dir, "ledger.db")}
	t.Cleanup(func() { _ = l.db.Close(); l.disk.Detach() })
	l.open()
	if _, err := l.db.Exec("CREATE TABLE rows (n INTEGER PRIMARY KEY, sum INTEGER NOT NULL, filler BLOB) STRICT"); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *ledger) open() {
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?vfs=%s&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=wal_autocheckpoint(3)&_pragma=cache_size(5)", l.path, VFS))
	if err != nil {
		l.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	l.db = db
}

func (l *ledger) add() error {
	n := l.most + 1
	if l.last == l.most {
		l.most = n
	} else {
		n = l.last + 1 // after a failure: the same again
	}
	_, err := l.db.Exec("INSERT INTO rows SELECT ?1, coalesce((SELECT sum FROM rows WHERE n = ?1-1), 0) + ?1, randomblob(3000) ON CONFLICT DO NOTHING", n)
	if err == nil {
		l.last = n
	}
	return err
}

// check: all acknowledged rows, at most one more (that of the last try), every sum right, the file sound.
func (l *ledger) check() {
	l.t.Helper()
	var rows, wrong int
	var sound string
	if err := l.db.QueryRow("SELECT count(*), coalesce(sum(sum <> n*(n+1)/2), 0) FROM rows").Scan(&rows, &wrong); err != nil {
		l.t.Fatal(err)
	}
	if err := l.db.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil {
		l.t.Fatal(err)
	}
	if rows < l.last || rows > l.most || wrong > 0 || sound != "ok" {
		l.t.Fatalf("%d rows, acknowledged %d, tried %d; %d wrong; %s", rows, l.last, l.most, wrong, sound)
	}
	l.last = rows
}

// Every operation meets every fault; the ledger keeps what it acknowledged.
func TestEveryOperationFails(t *testing.T) {
	stride := 1
	if testing.Short() {
		stride = 7
	}
	met := map[string]int{}
	for _, fault := range []Fault{Error, Full, Short, Kill, Cut} {
		for n := 0; ; n += stride {
			l := newLedger(t)
			random := rand.New(rand.NewPCG(uint64(n), uint64(fault)))
			count, struck := 0, false
			l.disk.Decide(func(op Op, _ string) Fault {
				if fault == Full && op != Write || fault == Short && op != Write {
					return None
				}
				if count++; count-1 != n {
					return None
				}
				struck = true
				met[fault.String()+" "+op.String()]++
				return fault
			})
			for i := 0; i < 12 && !l.disk.Dead(); i++ {
				_ = l.add()
			}
			l.disk.Decide(nil)
			dead := l.disk.Dead()
			if err := l.db.Close(); err != nil && !dead {
				t.Log(err)
			}
			if err := l.disk.Mend(random); err != nil {
				t.Fatal(err)
			}
			l.open()
			l.check()
			if err := l.add(); err != nil {
				t.Fatalf("%s at operation %d: not usable again: %v", fault, n, err)
			}
			l.check()
			_ = l.db.Close()
			if !struck {
				break
			}
		}
	}
	t.Log(met)
	for _, want := range []string{"error read", "error write", "error sync", "full write", "short write", "kill write", "kill sync", "cut write", "cut sync"} {
		if met[want] == 0 {
			t.Errorf("never met: %s", want)
		}
	}
}

// Without the sync that SQLite makes, a power cut loses acknowledged rows: the test above can fail.
func TestCutLosesWhatWasNotSynced(t *testing.T) {
	lost := 0
	for seed := range uint64(20) {
		l := newLedger(t)
		if _, err := l.db.Exec("PRAGMA synchronous=off"); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if err := l.add(); err != nil {
				t.Fatal(err)
			}
		}
		l.disk.Cut()
		_ = l.db.Close()
		if err := l.disk.Mend(rand.New(rand.NewPCG(seed, 0))); err != nil {
			t.Fatal(err)
		}
		l.open()
		var rows int
		if err := l.db.QueryRow("SELECT count(*) FROM rows").Scan(&rows); err != nil || rows < l.last {
			lost++
		}
		_ = l.db.Close()
	}
	if lost == 0 {
		t.Error("a power cut never lost anything that was not synced")
	}
	t.Logf("lost in %d of 20", lost)
}
