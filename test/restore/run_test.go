package restore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite" // counts the keys of the pool

	"relais/app/config"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

var ctx = context.Background()

// morning is when every run begins; a test's bubble begins in the year 2000.
var morning = time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)

const worldFile = "world.db"

// run is one life of a directory and of its copy.
type run struct {
	*testing.T
	seed  int
	rng   *rand.Rand
	root  string
	pki   *simulator.PKI // nil: without a protocol
	world *world.World
	stage
	place

	original *desk
	desks    []*desk // that are open
	copy     string  // the directory of the copy
	lives    []*life
	met      map[string]int

	mu         sync.Mutex
	armed      bool // the step at which to copy is awaited
	copied     bool
	actsBefore int // of the original, when the copy was made
	story      []string
}

// life is one medicine of one patient: what the doctor knows of it.
type life struct {
	name   string
	order  rx.Request
	how    prescribing.How
	locals []rx.ID // LOCAL ids: its own, and that of its replacement
	known  bool    // to the copy
	drawer bool    // a sheet lies in the practice
	handed int     // sheets that the patient has
}

func (l *life) redone() bool { return len(l.locals) > 1 }

// begin makes the world and the original of a run. With a PKI the directories reach the services through their real protocol.
func begin(t *testing.T, seed int, root string, pki *simulator.PKI) *run {
	time.Sleep(time.Until(morning))
	r := &run{T: t, seed: seed, pki: pki, rng: rand.New(rand.NewPCG(uint64(seed), 0x726573746f7265)), root: root,
		met: map[string]int{}, stage: stages[seed%len(stages)], place: places[seed/len(stages)%len(places)], copy: filepath.Join(root, "copy")}
	var err error
	r.world, err = world.Open(r.under(worldFile), rand.NewPCG(r.rng.Uint64(), r.rng.Uint64()))
	r.must(err)
	r.must(r.world.Set(world.Settings{Latency: 200 * time.Millisecond}))
	r.original = r.desk(r.under("data"), r.under("marks"))
	return r
}

// end closes what is open, also after a failure.
func (r *run) end() {
	for len(r.desks) > 0 {
		if err := r.desks[0].close(); err != nil {
			r.Error(err)
		}
	}
	if err := r.world.Close(); err != nil {
		r.Error(err)
	}
}

func (r *run) must(err error) {
	r.Helper()
	if err != nil {
		r.broken("%v", err)
	}
}

// broken ends the run, with its story.
func (r *run) broken(format string, args ...any) {
	r.Helper()
	r.mu.Lock()
	story := strings.Join(r.story, "\n\t")
	r.mu.Unlock()
	r.Fatalf("run %d, %s, %s: %s\n\t%s", r.seed, r.stage.name, r.place.name, fmt.Sprintf(format, args...), story)
}

func (r *run) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.story = append(r.story, time.Now().UTC().Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

func (r *run) by(n int) bool { return r.rng.IntN(n) == 0 }

func (r *run) plan(faults []world.Fault) { r.must(r.world.SetPlan(faults, time.Now())) }

func (r *run) truth() world.Truth {
	t, err := r.world.Truth(time.Now())
	r.must(err)
	return t
}

// desk is an open directory at which a doctor sits, and which sends.
type desk struct {
	r    *run
	name string
	dir  wiring.Directory
	*wiring.Session

	restored int // how often the directory was found to be a copy

	mu         sync.Mutex
	damaged    bool // its journal is shorter than it was: it sends nothing any more
	supplanted bool // another copy was opened since, and this one opens no doors
	steps      map[string]int
	end        func() error // of the sender
}

// entropy is a seeded source for several goroutines.
type entropy struct {
	mu  sync.Mutex
	src *rand.ChaCha8
}

func (e *entropy) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.src.Read(b)
}

// desk opens a directory, makes it when it is not there, and lets it send.
func (r *run) desk(data, marks string) *desk {
	r.Helper()
	at, err := wiring.At(config.Paths{Data: data, Marks: marks})
	r.must(err)
	d := &desk{r: r, name: filepath.Base(data), dir: at, steps: map[string]int{}}
	d.dir.Rand = &entropy{src: rand.NewChaCha8(sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("restore"), r.rng.Uint64())))}
	d.dir.Step = d.step
	d.dir.Protocol = wiring.Protocol{PKI: r.pki, Double: r.pki == nil}
	r.must(d.dir.EnsureDemo(ctx))
	if _, err := os.Lstat(filepath.Join(data, worldFile)); errors.Is(err, fs.ErrNotExist) {
		r.must(os.Symlink(r.under(worldFile), filepath.Join(data, worldFile)))
	}
	d.Session, err = d.dir.Open(ctx, []byte(wiring.DemoPassphrase))
	r.must(err)
	d.restored = r.count(data, "SELECT generation FROM meta")
	if keys := r.count(data, pool); keys > 0 && d.restored > 0 {
		r.broken("%d keys of a lost copy are in the pool", keys)
	}
	r.desks = append(r.desks, d)
	d.work()
	r.note("%s is open, found to be a copy %d times", d.name, d.restored)
	return d
}

// work lets the desk send until stop.
func (d *desk) work() {
	sending, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := d.Send(sending, func(err error) {
			if err != nil {
				d.r.note("%s: engine: %v", d.name, err)
			}
			d.refuses(err)
		})
		if rx.CodeOf(err) == rx.CodeDamaged { // it sends nothing, and says why
			d.mu.Lock()
			d.damaged, err = true, context.Canceled
			d.mu.Unlock()
		}
		ended <- err
	}()
	d.end = func() error {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) { // in the middle of its first check
			return err
		}
		return nil
	}
}

func (d *desk) close() error {
	d.r.note("%s is closed", d.name)
	d.r.desks = slices.DeleteFunc(d.r.desks, func(o *desk) bool { return o == d })
	return errors.Join(d.end(), d.Session.Close(ctx))
}

// step counts, tells the story, and copies the original at the awaited step.
func (d *desk) step(name string) {
	d.mu.Lock()
	d.steps[name]++
	d.mu.Unlock()
	if acts := "before " + string(rx.OpCreate); name == acts || !strings.HasPrefix(name, "before") && !strings.Contains(name, "get") && !strings.Contains(name, "list") {
		d.r.note("%s: %s", d.name, name)
	}
	d.r.mu.Lock()
	now := d.r.armed && !d.r.copied && name == d.r.at
	if now {
		d.r.copied = true
	}
	d.r.mu.Unlock()
	if now {
		synctest.Wait() // nobody else is in the middle of anything
		d.r.take()
	}
}

// isCopied tells that the copy is made; the sender's goroutine may make it.
func (r *run) isCopied() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.copied
}

func (d *desk) creates() int { return d.count("before " + string(rx.OpCreate)) }

func (d *desk) count(step string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.steps[step]
}

func (d *desk) isDamaged() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.damaged
}

// acts are the steps after which something is in the world that an older copy does not know.
func (d *desk) acts() int { return d.count("after "+string(rx.OpCreate)) + d.count("after sheet") }

// did tells that there was such a step since the copy was made, but for those whose claim the copy knows.
func (d *desk) did() bool { return d.acts() > d.r.actsBefore }

// claimed counts the creates that are claimed and not yet made: of those the copy knows all that matters, and asks Recip-e about them.
func (d *desk) claimed() int {
	return max(0, d.count("after mark")-d.count("after "+string(rx.OpCreate)))
}

// take copies the original's directory as it is, open.
func (r *run) take() {
	r.copyDir(r.original.dir.Data, r.copy)
	for _, l := range r.lives {
		l.known = len(l.locals) > 0
	}
	r.met[keysCopied] += r.count(r.original.dir.Data, pool)
	r.actsBefore = r.original.acts() + r.original.claimed()
	r.note("COPIED")
}

func (r *run) copyDir(from, to string) {
	r.must(os.MkdirAll(to, 0o700))
	r.overlay(from, to)
}

// overwrite puts the files of the copy over those that are there, and removes what it has not.
func (r *run) overwrite(to string) {
	entries, err := os.ReadDir(to)
	r.must(err)
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(r.copy, e.Name())); errors.Is(err, fs.ErrNotExist) && !strings.HasPrefix(e.Name(), worldFile) {
			r.must(os.RemoveAll(filepath.Join(to, e.Name())))
		}
	}
	r.overlay(r.copy, to)
}

func (r *run) overlay(from, to string) {
	entries, err := os.ReadDir(from)
	r.must(err)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), worldFile) {
			continue
		}
		if e.IsDir() { // the notes of print jobs
			r.copyDir(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, e.Name()))
		r.must(err)
		f, err := os.OpenFile(filepath.Join(to, e.Name()), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		r.must(err)
		_, err = f.Write(content)
		r.must(errors.Join(err, f.Close()))
	}
}

const pool = "SELECT count(*) FROM keys"

// count asks an open directory for a number.
func (r *run) count(data, query string) (n int) {
	r.Helper()
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(data, "relais.db"))}
	db, err := sql.Open("sqlite", address.String())
	r.must(err)
	r.must(errors.Join(db.QueryRow(query).Scan(&n), db.Close()))
	return n
}
