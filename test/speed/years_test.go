package speed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/app/rx"
	"relais/app/wiring"
	"relais/data/store"
	"relais/data/vault"
	"relais/test/years"
)

// thirty is the practice of thirty years, written once for all benchmarks of a run: in $RELAIS_YEARS, where it stays for the next run, else
// in memory, where the system has such a place, or in a temporary directory. It takes some minutes.
var thirty struct {
	sync.Once
	root string // to be removed in the end; "" none
	*years.Practice
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if thirty.root != "" {
		if err := os.RemoveAll(thirty.root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

func thirtyYears(b testing.TB) *years.Practice {
	b.Helper()
	if testing.Short() {
		b.Skip("a practice of thirty years takes minutes to write")
	}
	thirty.Do(func() {
		root := os.Getenv("RELAIS_YEARS")
		if root == "" {
			memory := "/dev/shm" // where a sync costs nothing
			if _, err := os.Stat(memory); errors.Is(err, fs.ErrNotExist) {
				memory = ""
			}
			if root, thirty.err = os.MkdirTemp(memory, "relais-years-"); thirty.err != nil {
				return
			}
			thirty.root = root
		}
		start := time.Now()
		thirty.Practice, thirty.err = years.Write(ctx, root, years.Thirty, 1)
		fmt.Fprintf(os.Stderr, "a practice of thirty years in %s: %.0f s\n", root, time.Since(start).Seconds())
	})
	if thirty.err != nil {
		b.Fatal(thirty.err)
	}
	return thirty.Practice
}

// session is the practice, open.
func session(b testing.TB) *wiring.Session {
	b.Helper()
	s, err := thirtyYears(b).Open(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	return s
}

// times are of calls: by the clock, and what this process used of the processors meanwhile, which does not tell of others on the machine.
type times struct{ clock, cpu []time.Duration }

func (t *times) of(do func() error) error {
	start, used := time.Now(), cpu()
	err := do()
	t.clock, t.cpu = append(t.clock, time.Since(start)), append(t.cpu, cpu()-used)
	return err
}

// report gives of a hundred calls the slowest but one, and the middle one.
func (t times) report(b *testing.B) {
	for unit, list := range map[string][]time.Duration{"ms": t.clock, "cpu-ms": t.cpu} {
		slices.Sort(list)
		b.ReportMetric(list[len(list)*99/100].Seconds()*1000, unit+"/p99")
		b.ReportMetric(list[len(list)/2].Seconds()*1000, unit+"/median")
	}
	b.ReportMetric(0, "ns/op")
}

// P7: thirty years of a practice, 150,000 prescriptions of 4,000 patients. Goal: 50 ms at the 99th percentile of each.
func BenchmarkThirtyYears(b *testing.B) {
	s := session(b)
	list := func(f rx.Filter) []rx.Item {
		items, err := s.Service.Store.List(ctx, f)
		if err != nil {
			b.Fatal(err)
		}
		return items
	}
	last := list(rx.Filter{Limit: 1})[0]
	deep := last
	for range 20 { // 10,000 back
		items := list(rx.Filter{Limit: 500, Before: deep.ID})
		deep = items[len(items)-1]
	}
	page := func(f rx.Filter) func() error {
		f.Limit = 100
		return func() error { _, err := s.Service.Store.List(ctx, f); return err }
	}
	search := func(words string) func() error {
		return func() error { _, err := s.Service.Search(ctx, words, rx.Filter{Limit: 100}); return err }
	}
	find := func(words string) func() error {
		return func() error {
			found, err := s.Service.FindPatients(ctx, words)
			if err == nil && len(found) == 0 {
				err = errors.New("nobody is called " + words)
			}
			return err
		}
	}
	seq, _, err := s.Service.Store.Changes(ctx, 1<<40)
	if err != nil {
		b.Fatal(err)
	}
	name := last.Facts.Patient.LastName + " " + last.Facts.Patient.FirstName
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"history", page(rx.Filter{})},
		{"history, one page back", page(rx.Filter{Before: last.ID})},
		{"history, deep", page(rx.Filter{Before: deep.ID})},
		{"history of a patient", page(rx.Filter{Patient: last.Patient})},
		{"search, a patient", search(name)},
		{"search, a letter", search("e")},
		{"search, a medicine", search(strings.Fields(last.Facts.Product.Name)[0])},
		{"search, both", search(name + " " + strings.Fields(last.Facts.Product.Name)[0])},
		{"search, nothing", search("zzzz")},
		{"filter, waiting", page(rx.Filter{State: rx.StateReady})},
		{"filter, paper", page(rx.Filter{State: rx.StatePaper})},
		{"filter, owing", page(rx.Filter{Owing: true})},
		{"to treat", func() error { _, err := s.Service.ToTreat(ctx); return err }},
		{"patient, by name", find(name)},
		{"patient, by a letter", find("e")},
		{"patient, by number", find(string(last.Facts.Patient.SSIN))},
		{"work", func() error { _, err := s.Unchecked(ctx); return err }},
		{"item", func() error { _, err := s.Service.Store.Item(ctx, last.ID); return err }},
		{"timeline", func() error { _, err := s.Service.Store.Timeline(ctx, last.ID); return err }},
		{"changes, none", func() error { _, _, err := s.Service.Store.Changes(ctx, seq); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took times
			if err := c.do(); err != nil { // statements are prepared once a session
				b.Fatal(err)
			}
			for b.Loop() {
				if err := took.of(c.do); err != nil {
					b.Fatal(err)
				}
			}
			took.report(b)
		})
	}
}

// What the first search by words of a session costs: everything is read once. The window does it behind the first screens.
func BenchmarkFirstSearch(b *testing.B) {
	var took times
	for b.Loop() {
		s, err := thirtyYears(b).Open(ctx)
		if err != nil {
			b.Fatal(err)
		}
		if err := took.of(func() error { _, err := s.Service.Search(ctx, "exemple", rx.Filter{Limit: 1}); return err }); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(ctx); err != nil {
			b.Fatal(err)
		}
	}
	took.report(b)
}

// P7: unlocking. Goal: 300 ms beside the derivation of the key, which in a simulated directory is the cheapest there is.
func BenchmarkUnlock(b *testing.B) {
	p := thirtyYears(b)
	var took, derived times
	for b.Loop() {
		var s *wiring.Session
		err := took.of(func() (err error) {
			s, err = p.Open(ctx)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(ctx); err != nil {
			b.Fatal(err)
		}
		at := vault.Directory{FS: vault.Files(p.Data), Clock: p.Now}
		err = derived.of(func() error {
			keys, err := at.Unlock("simulated", vault.NewPassphrase([]byte(wiring.DemoPassphrase)), p.Rand)
			if err == nil {
				keys.Close()
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	took.report(b)
	slices.Sort(derived.clock)
	b.ReportMetric(derived.clock[len(derived.clock)/2].Seconds()*1000, "ms-of-it-vault")
}

// S12: the journal's chain and each row that hangs on it, as the engine checks them before the first send of a session. Goal: 10⁵ rows a second.
func BenchmarkVerifyThirtyYears(b *testing.B) {
	p := thirtyYears(b)
	at := vault.Directory{FS: vault.Files(p.Data), Clock: p.Now}
	v, err := at.Load()
	if err != nil {
		b.Fatal(err)
	}
	keys, err := at.Unlock(v.Environment(), vault.NewPassphrase([]byte(wiring.DemoPassphrase)), p.Rand)
	if err != nil {
		b.Fatal(err)
	}
	defer keys.Close()
	db, err := store.Open(ctx, store.Options{Dir: p.Data, Mark: filepath.Join(p.Marks, v.ID().String()+".json"), Vault: rx.ID(v.ID().String()),
		Environment: v.Environment(), Keys: keys, Clock: p.Now, Rand: p.Rand})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := db.Close(ctx); err != nil {
			b.Error(err)
		}
	}()
	var rows int64
	look := open(b, filepath.Join(p.Data, "relais.db"), "")
	for _, table := range []string{"journal", "prescriptions", "contents", "attempts", "records", "sheets", "orders", "patients", "settings"} {
		var n int64
		if err := look.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
			b.Fatal(err)
		}
		rows += n
	}
	b.ResetTimer()
	used := cpu()
	for b.Loop() {
		if err := db.Verify(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(rows)*float64(b.N)/max((cpu()-used).Seconds(), 1e-9), "rows/cpu-s")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/all")
}

// P7: what stays in memory after unlocking, the first screens and a look at the work: heap after collection.
func BenchmarkMemory(b *testing.B) {
	before := heap()
	s := session(b)
	for b.Loop() {
		for _, f := range []rx.Filter{{Limit: 100}, {Owing: true, Limit: 100}, {State: rx.StateReady, Limit: 100}} {
			if _, err := s.Service.Store.List(ctx, f); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := s.Service.FindPatients(ctx, "exemple"); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Unchecked(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(heap()-before)/1e6, "MB-heap")
	b.ReportMetric(0, "ns/op")
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
