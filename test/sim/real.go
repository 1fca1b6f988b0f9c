package sim

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"relais/app/rx"
	"relais/data/store"
	"relais/data/vault"
	"relais/test/disk"
)

// real is tier B: the store of the program, in a directory on a disk that fails when the
// simulation wants it. Everything that it holds is read through the store's own methods.
type real struct {
	open  [2]*store.DB // of two processes; nil while the program is not running
	who   int          // acts
	opts  store.Options
	disk  *disk.Disk
	step  step
	rng   *rand.Rand // of the disk alone, so that both tiers draw the same
	root  string
	moves int // of the directory, to another disk
	fails func(op disk.Op, file string) disk.Fault

	seen  held
	last  int64 // line of the journal up to which seen is true
	stale bool
}

// unlocked is the vault of every simulated practice: one key for all, and the same in
// each run, since the order of blind indexes follows from it.
type unlocked struct {
	*vault.Keys
	id rx.ID
}

var keys = sync.OnceValues(func() (unlocked, error) {
	draw := rand.NewChaCha8([32]byte{'t', 'i', 'e', 'r', 'B'})
	phrase := func() vault.Passphrase { return vault.NewPassphrase([]byte("fictif-fictief")) }
	v, _, err := vault.Create(vault.New{Environment: vault.Simulated, Passphrase: phrase(), Cost: vault.DefaultCost(vault.Simulated), Now: start}, draw)
	if err != nil {
		return unlocked{}, err
	}
	k, err := v.Unlock(vault.Simulated, phrase(), draw)
	return unlocked{k, rx.ID(v.ID().String())}, err
})

// newReal makes a directory below parent.
func newReal(parent string, seed uint64, now func() time.Time, step step) (*real, error) {
	k, err := keys()
	if err != nil {
		return nil, err
	}
	root, err := os.MkdirTemp(parent, "practice-")
	if err != nil {
		return nil, err
	}
	r := &real{step: step, rng: rand.New(rand.NewPCG(seed, 0x6469736b)), root: root, seen: newHeld()}
	r.opts = store.Options{
		Dir: filepath.Join(root, "data"), Mark: filepath.Join(root, "mark.json"), Vault: k.id, Environment: vault.Simulated,
		Keys: k, Clock: now, Rand: reader{rand.NewPCG(seed, 0x696473)}, VFS: disk.VFS,
	}
	r.disk = disk.Attach(r.opts.Dir)
	return r, store.Create(ctx, r.opts)
}

// suffer lets the disk fail as f decides before each operation; nil: it is healthy.
func (r *real) suffer(f func(op disk.Op, file string) disk.Fault) {
	r.fails = f
	r.disk.Decide(f)
}

// close removes the directory.
func (r *real) close() error {
	r.end()
	r.disk.Detach()
	return os.RemoveAll(r.root)
}

func (r *real) start() error {
	for i := range r.open {
		db, err := store.Open(ctx, r.opts)
		if err != nil {
			return err
		}
		r.open[i] = db
	}
	touched := r.seen.touched
	r.seen, r.last, r.stale = newHeld(), 0, true
	r.seen.touched = touched
	return nil
}

// end is the end of the program: nothing that it still does reaches the disk.
func (r *real) end() {
	r.disk.Kill()
	for i, db := range r.open {
		if db != nil {
			_ = db.Close(ctx) // fails, as it must
			r.open[i] = nil
		}
	}
	r.who = 0
	if err := r.disk.Mend(r.rng); err != nil {
		panic(err)
	}
}

func (r *real) db() *store.DB { return r.open[r.who] }

func (r *real) as(process int) { r.who = process }

// copy reads the files of the directory as any program that copies files would, while
// nobody writes.
func (r *real) copy() func(elsewhere bool) {
	files := map[string][]byte{}
	for _, name := range []string{"relais.db", "relais.db-wal"} {
		data, err := os.ReadFile(filepath.Join(r.opts.Dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			panic(err)
		}
		files[name] = data
	}
	return func(elsewhere bool) {
		if err := r.putBack(files, elsewhere); err != nil {
			panic(err)
		}
	}
}

func (r *real) putBack(files map[string][]byte, elsewhere bool) error {
	if elsewhere {
		r.moves++
		r.disk.Detach()
		old := r.opts.Dir
		r.opts.Dir = filepath.Join(r.root, "copy"+string(rune('a'+r.moves)))
		if err := os.Mkdir(r.opts.Dir, 0o700); err != nil {
			return err
		}
		r.disk = disk.Attach(r.opts.Dir)
		r.disk.Decide(r.fails)
		defer func() { _ = os.RemoveAll(old) }() // later: the file system must not give its numbers to the copy
	}
	_ = os.Remove(filepath.Join(r.opts.Dir, "relais.db-shm"))
	for name, data := range files {
		path := filepath.Join(r.opts.Dir, name)
		if data == nil {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, data, 0o600); err != nil { // in place: it is the same file for the system
			return err
		}
	}
	return nil
}

// marked reads the outside mark itself.
func (r *real) marked() int {
	var mark struct{ Change int }
	data, err := os.ReadFile(r.opts.Mark)
	if err == nil {
		err = json.Unmarshal(data, &mark)
	}
	if err != nil {
		return 0
	}
	return mark.Change
}

func (r *real) held() *held {
	if !r.stale || r.open[0] == nil || r.open[1] == nil || r.disk.Dead() {
		return &r.seen
	}
	r.stale = false
	r.disk.Spared(func() {
		if err := r.refresh(); err != nil {
			panic(violation{"what the store holds cannot be read: " + err.Error()})
		}
	})
	return &r.seen
}

func (r *real) refresh() error {
	last, changed, err := r.open[0].Changes(ctx, r.last)
	if err != nil {
		return err
	}
	var lines []entry
	for _, id := range changed {
		item, err := r.open[0].Item(ctx, id)
		if err != nil {
			return err
		}
		_, sum, err := item.Facts.Canonical()
		if err != nil {
			return err
		}
		if r.seen.rows[id] == nil {
			r.seen.order = append(r.seen.order, id)
		}
		r.seen.rows[id] = &row{p: item.Prescription, facts: &item.Facts, sum: sum}
		r.seen.touched = append(r.seen.touched, id)
		happenings, err := r.open[0].Timeline(ctx, id)
		if err != nil {
			return err
		}
		for _, h := range happenings {
			if h.Seq > r.last {
				lines = append(lines, entry{int(h.Seq), id, h.Event, h.From, h.To})
			}
		}
	}
	slices.SortFunc(lines, func(a, b entry) int { return a.seq - b.seq })
	r.seen.journal = append(r.seen.journal, lines...)
	r.last = last
	return nil
}

// durable runs one step. A program whose disk died in it has ended.
func (r *real) durable(op string, do func() error) error {
	if err := r.step(op, false); err != nil {
		return err
	}
	r.stale = true
	err := do()
	r.ended()
	if err != nil {
		return err
	}
	return r.step(op, true)
}

func (r *real) ended() {
	if r.disk.Dead() {
		panic(crashed{})
	}
}

// read is a method of the store that changes nothing.
func read[T any](r *real, v T, err error) (T, error) {
	r.ended()
	return v, err
}

func (r *real) Apply(ctx context.Context, id rx.ID, version int64, e rx.Event) (p rx.Prescription, err error) {
	err = r.durable("apply "+e.Kind.String(), func() error { p, err = r.db().Apply(ctx, id, version, e); return err })
	return p, err
}

func (r *real) Mark(ctx context.Context, id rx.ID, version int64, at, signed, until time.Time) (parcel rx.Parcel, p rx.Prescription, err error) {
	err = r.durable("mark", func() error { parcel, p, err = r.db().Mark(ctx, id, version, at, signed, until); return err })
	return parcel, p, err
}

func (r *real) AddKey(ctx context.Context, patient rx.ID, asked rx.SSIN, key rx.Key) error {
	return r.durable("add key", func() error { return r.db().AddKey(ctx, patient, asked, key) })
}

func (r *real) DropKeys(ctx context.Context, before time.Time) error {
	err := r.db().DropKeys(ctx, before)
	r.ended()
	return err
}

func (r *real) Writing(ctx context.Context, since time.Time) ([]rx.Writing, error) {
	v, err := r.db().Writing(ctx, since)
	return read(r, v, err)
}

func (r *real) Outside(ctx context.Context) error {
	return r.durable("outside", func() error { return r.db().Outside(ctx) })
}

func (r *real) Issue(ctx context.Context, in rx.Issue) (out rx.Issued, err error) {
	err = r.durable("issue", func() error { out, err = r.db().Issue(ctx, in); return err })
	return out, err
}

func (r *real) SaveDraft(ctx context.Context, d rx.Draft) error {
	return r.durable("draft", func() error { return r.db().SaveDraft(ctx, d) })
}

func (r *real) DropDraft(ctx context.Context, id rx.ID) error {
	return r.durable("drop draft", func() error { return r.db().DropDraft(ctx, id) })
}

func (r *real) SavePatient(ctx context.Context, p rx.Known) (rx.Known, error) {
	err := r.durable("patient", func() (err error) { p, err = r.db().SavePatient(ctx, p); return err })
	return p, err
}

func (r *real) SetSetting(ctx context.Context, name string, value []byte) error {
	return r.durable("setting", func() error { return r.db().SetSetting(ctx, name, value) })
}

func (r *real) Work(ctx context.Context) ([]rx.Task, error) {
	v, err := r.db().Work(ctx)
	return read(r, v, err)
}

func (r *real) Unowned(ctx context.Context, rids []rx.RID) ([]rx.RID, error) {
	v, err := r.db().Unowned(ctx, rids)
	return read(r, v, err)
}

func (r *real) Existing(ctx context.Context, id rx.ID, request []byte) (rx.Issued, bool, error) {
	v, found, err := r.db().Existing(ctx, id, request)
	r.ended()
	return v, found, err
}

func (r *real) Order(ctx context.Context, id rx.ID) (rx.Issued, error) {
	v, err := r.db().Order(ctx, id)
	return read(r, v, err)
}

func (r *real) Item(ctx context.Context, id rx.ID) (rx.Item, error) {
	v, err := r.db().Item(ctx, id)
	return read(r, v, err)
}

func (r *real) List(ctx context.Context, f rx.Filter) ([]rx.Item, error) {
	v, err := r.db().List(ctx, f)
	return read(r, v, err)
}

func (r *real) Timeline(ctx context.Context, id rx.ID) ([]rx.Happening, error) {
	v, err := r.db().Timeline(ctx, id)
	return read(r, v, err)
}

func (r *real) Patient(ctx context.Context, id rx.ID) (rx.Known, error) {
	v, err := r.db().Patient(ctx, id)
	return read(r, v, err)
}

func (r *real) Patients(ctx context.Context) ([]rx.Known, error) {
	v, err := r.db().Patients(ctx)
	return read(r, v, err)
}

func (r *real) Setting(ctx context.Context, name string) ([]byte, error) {
	v, err := r.db().Setting(ctx, name)
	return read(r, v, err)
}

func (r *real) Draft(ctx context.Context, id rx.ID) (rx.Draft, error) {
	v, err := r.db().Draft(ctx, id)
	return read(r, v, err)
}

func (r *real) Drafts(ctx context.Context) ([]rx.Draft, error) {
	v, err := r.db().Drafts(ctx)
	return read(r, v, err)
}

func (r *real) Changes(ctx context.Context, after int64) (int64, []rx.ID, error) {
	last, ids, err := r.db().Changes(ctx, after)
	r.ended()
	return last, ids, err
}

var _ keep = (*real)(nil)
