package damage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"relais/app/config"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/assets"
	"relais/data/medicines"
	"relais/data/store"
	"relais/data/vault"
	"relais/sync/outbox"
	"relais/sync/simulator/world"
)

var ctx = context.Background()

var morning = time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)

const passphrase = "une phrase d'essai"

// practice is a data directory with a history. Its clock moves by hand.
type practice struct {
	root  string // of what is damaged
	aside string // of what it is damaged with
	dir   wiring.Directory
	keys  *vault.Keys
	opts  store.Options
	list  *medicines.List
	rng   *rand.Rand
	now   time.Time
	most  time.Duration // that a call may take

	image map[string]image // by the name of a moment
	truth map[string]truth
	older map[string][]byte // the database at an earlier moment
	roots map[string]int64  // first pages of tables and indexes
}

// image is every file of the directory and its marks, by path.
type image map[string][]byte

// truth is what everything that is read must equal.
type truth struct {
	items     map[rx.ID]rx.Item
	timelines map[rx.ID][]rx.Happening
	patients  map[rx.ID]rx.Known
	orders    map[rx.ID]rx.Issued
}

// Moments at which an image was taken.
const (
	atRest = "at rest" // closed in good order: no log
	killed = "killed"  // as a killed program leaves it: much is in the log alone, some of it after the last outside mark
)

type stream struct{ rng *rand.Rand }

func (s stream) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s.rng.Uint32())
	}
	return len(b), nil
}

// Now and Sleep are the clock of the simulated services.
func (p *practice) Now() time.Time { return p.now }

func (p *practice) Sleep(_ context.Context, d time.Duration) error {
	p.now = p.now.Add(min(d, p.most))
	if d > p.most {
		return context.DeadlineExceeded
	}
	return nil
}

// press makes sheets and remembers of what.
type press struct{ pressed []rx.Item }

func (p *press) Forms([]rx.Item) (int, error) { return 0, nil }

func (p *press) Sheet(items []rx.Item, _ prescribing.On) ([]byte, error) { return p.Proof(items) }

func (p *press) Proof(items []rx.Item) ([]byte, error) {
	p.pressed = append(p.pressed, items...)
	return []byte("%PDF-"), nil
}

type composer struct{}

func (composer) Compose(f rx.Facts) ([]byte, error) {
	message, _, err := f.Canonical()
	return message, err
}

func (p *practice) service(db *store.DB, press *press) *prescribing.Service {
	return &prescribing.Service{Store: db, Medicines: p.list, Composer: composer{}, Press: press, Waits: rx.DefaultWaits, Now: p.Now, Rand: stream{p.rng}}
}

// engine lets the engine work for a while of virtual time, against a server.
func (p *practice) engine(db *store.DB, w *world.World, d time.Duration) error {
	begin, end := p.now, p.now.Add(d)
	e := outbox.New(db, rx.DefaultWaits, p.rng, func(outbox.Observation) {})
	client := &world.Client{World: w, Clock: p}
	moment := func() outbox.Moment { return outbox.Moment{Wall: p.now, Mono: p.now.Sub(begin)} }
	for p.now.Before(end) {
		acts, wait, err := e.Next(ctx, moment())
		if err != nil {
			return err
		}
		for _, act := range acts {
			p.most = act.Limit
			if err := e.Done(ctx, moment(), act.ID, client.Do(ctx, act.Call)); err != nil {
				return err
			}
		}
		if len(acts) == 0 {
			p.now = p.now.Add(min(max(wait, time.Millisecond), end.Sub(p.now)))
		}
	}
	return nil
}

// newPractice makes the practice of a seed. Those of other seeds have other keys and ids, and the same history.
func newPractice(parent string, seed uint64) (p *practice, err error) {
	root := filepath.Join(parent, "practice")
	p = &practice{root: root, aside: filepath.Join(parent, "aside"), rng: rand.New(rand.NewPCG(seed, 0x64616d)), now: morning, image: map[string]image{}, truth: map[string]truth{}}
	p.dir = wiring.Directory{Paths: config.Paths{Data: filepath.Join(root, "data"), Marks: filepath.Join(root, "marks")}, Now: p.Now, Rand: stream{p.rng}}
	n := wiring.New{Passphrase: []byte(passphrase), Practice: rx.Practice{
		Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
		Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"},
		Phone:      "081 00 00 00", Email: "demo@example.org", RegionLanguage: rx.FR}}
	n.Profile, _ = config.Built(config.Simulated)
	made, err := p.dir.Make(ctx, n)
	if err != nil {
		return nil, err
	}
	if p.keys, err = (vault.Directory{FS: vault.Files(p.dir.Data), Clock: p.Now}).Unlock(made.Environment, vault.NewPassphrase([]byte(passphrase)), stream{p.rng}); err != nil {
		return nil, err
	}
	p.opts = store.Options{Dir: p.dir.Data, Mark: filepath.Join(p.dir.Marks, string(made.Vault)+".json"), Vault: made.Vault, Environment: made.Environment,
		Keys: p.keys, Clock: p.Now, Rand: stream{p.rng}}
	if p.list, err = medicines.Load("demo", assets.DemoMedicines); err != nil {
		return nil, err
	}
	return p, p.live()
}

// patient is invented; each number has one.
func patient(n int) rx.Patient {
	first := 700101000 + int64(n)*2 + 1
	return rx.Patient{SSIN: rx.SSIN(fmt.Sprintf("%09d%02d", first, 97-first%97)), FirstName: fmt.Sprint("Fictif", n), LastName: "Exemple",
		BirthDate: rx.Date{Year: 1970, Month: 1, Day: 1}, Sex: rx.Male, Language: rx.FR}
}

func request(n, lines int) rx.Request {
	r := rx.Request{Patient: patient(n)}
	for range lines {
		r.Lines = append(r.Lines, rx.Line{Kind: rx.Package, CNK: "0318717", Quantity: 1, Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}})
	}
	return r
}

// live is the history: every state, every kind of row, and rows that were other before.
func (p *practice) live() error {
	db, err := store.Open(ctx, p.opts)
	if err != nil {
		return err
	}
	s, w := p.service(db, &press{}), world.New(rand.NewPCG(1, 2))
	var ids []rx.ID
	issue := func(n, lines int, how prescribing.How) error {
		done, err := s.Issue(ctx, request(n, lines), how)
		for _, q := range done.Prescriptions {
			ids = append(ids, q.ID)
		}
		return err
	}
	plan := func(faults ...world.Fault) error { return w.SetPlan(faults, p.now) }
	reason := prescribing.Claim{Reason: "outage-recipe"}
	handed := func(id rx.ID) error {
		for _, step := range []struct {
			duty    rx.DutyKind
			outcome rx.Outcome
		}{{rx.DutyConfirmPrint, rx.CameOut}, {rx.DutyHandOver, rx.Handed}} {
			if _, err := s.Settle(ctx, rx.Duty{Prescription: id, Kind: step.duty}.ID(), prescribing.Answer{Outcome: step.outcome}); err != nil {
				return err
			}
		}
		return nil
	}
	steps := []func() error{
		func() error { return issue(1, 2, prescribing.How{}) },
		func() error { return issue(2, 1, prescribing.How{}) },
		func() error { return p.engine(db, w, 3*time.Minute) }, // 0–2 confirmed
		func() error { _, err := s.Revoke(ctx, ids[1], "stopped", ""); return err },
		func() error { return p.engine(db, w, 3*time.Minute) }, // 1 revoked
		func() error { return plan(world.Fault{Operation: rx.OpCreate, Kind: world.Inner, Count: 1}) },
		func() error { return issue(3, 1, prescribing.How{}) },
		func() error { return p.engine(db, w, time.Minute) }, // 3 refused
		func() error { return plan(world.Fault{Kind: world.RefuseConnect}) },
		func() error { return issue(4, 3, prescribing.How{}) }, // 4–6
		func() error { _, err := s.Paper(ctx, ids[4:6], reason); return err },
		func() error { return handed(ids[4]) },
		func() error {
			done, err := s.Redo(ctx, ids[5]) // 5 destroyed, and again as 7
			for _, q := range done.Prescriptions {
				ids = append(ids, q.ID)
			}
			return err
		},
		func() error { _, err := s.Withdraw(ctx, ids[6], "other", "au choix"); return err },
		func() error { return issue(5, 1, prescribing.How{Paper: "urgent"}) }, // 8 on paper
		func() error {
			_, err := s.SaveDraft(ctx, rx.Draft{Request: request(6, 1)})
			return err
		},
		func() error { return db.SetSetting(ctx, "language", []byte("fr")) },
		func() error { return p.remember(db) }, // rows as they once were
		func() error { return plan() },
		func() error { _, err := s.Revoke(ctx, ids[0], "wrong-medicine", ""); return err },
		func() error { return p.engine(db, w, 3*time.Minute) }, // 0 revoked; 7 waits for the sheet before it, or is sent
		func() error { return handed(ids[8]) },
		func() error {
			known, err := db.Patient(ctx, p.itemOf(db, ids[2]).Patient)
			if err != nil {
				return err
			}
			known.Phone = "081 00 00 01"
			_, err = db.SavePatient(ctx, known)
			return err
		},
		func() error { return db.SetSetting(ctx, "language", []byte("nl")) },
		func() error { return plan(world.Fault{Operation: rx.OpCreate, Kind: world.Hang}) },
		func() error { return issue(7, 1, prescribing.How{}) },
		func() error { return p.engine(db, w, 30*time.Second) }, // 9 unknown
		func() error { return plan(world.Fault{Kind: world.RefuseConnect}) },
		func() error { return issue(8, 2, prescribing.How{}) }, // 10, 11 ready
		func() error {
			waits := p.itemOf(db, ids[10])
			return db.AddKey(ctx, waits.Patient, waits.Facts.Patient.SSIN, rx.Key{ID: "spare", Secret: make([]byte, 16)})
		},
		func() error { return s.LetGo(ctx, p.orderOf(db, ids[10])) },
		func() error { return p.take(atRest, db, true) },
		func() error { db, err = store.Open(ctx, p.opts); s = p.service(db, &press{}); return err },
		func() error { return issue(9, 2, prescribing.How{}) }, // 12, 13 ready, in the log alone
		func() error { _, err := s.Paper(ctx, ids[13:14], reason); return err },
		func() error { return issue(10, 1, prescribing.How{}) }, // 14 ready, after the last outside mark
		func() error { _, err := s.SaveDraft(ctx, rx.Draft{Request: request(11, 1)}); return err },
		func() error { return p.take(killed, db, false) },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		p.now = p.now.Add(time.Minute)
	}
	return db.Close(ctx)
}

func (p *practice) itemOf(db *store.DB, id rx.ID) rx.Item {
	item, err := db.Item(ctx, id)
	if err != nil {
		panic(err)
	}
	return item
}

func (p *practice) orderOf(db *store.DB, id rx.ID) rx.ID { return p.itemOf(db, id).Order }

// remember keeps the database as it is now.
func (p *practice) remember(db *store.DB) error {
	files, err := p.files()
	p.older = files
	return err
}

// take keeps an image, and the truth.
func (p *practice) take(moment string, db *store.DB, close bool) (err error) {
	if p.truth[moment], err = read(db); err != nil {
		return err
	}
	if close {
		if err := db.Close(ctx); err != nil {
			return err
		}
	}
	p.image[moment], err = p.files()
	return err
}

// files are all files by path; the shared memory of a log is none: it is made anew.
func (p *practice) files() (image, error) {
	files := image{}
	err := filepath.WalkDir(p.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".db-shm" {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	})
	return files, err
}

// lay writes an image in place: directory and database keep their identity.
func (p *practice) lay(files image) error {
	now, err := p.files()
	if err != nil {
		return err
	}
	for path := range now {
		if _, kept := files[path]; !kept {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if e := os.Remove(filepath.Join(p.dir.Data, "relais.db-shm")); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	for path, data := range files {
		err = errors.Join(err, os.WriteFile(path, data, 0o600))
	}
	return err
}

// read reads everything.
func read(db *store.DB) (truth, error) {
	t := truth{map[rx.ID]rx.Item{}, map[rx.ID][]rx.Happening{}, map[rx.ID]rx.Known{}, map[rx.ID]rx.Issued{}}
	items, err := db.List(ctx, rx.Filter{})
	if err != nil {
		return t, err
	}
	for _, it := range items {
		t.items[it.ID] = it
		if t.timelines[it.ID], err = db.Timeline(ctx, it.ID); err != nil {
			return t, err
		}
		if t.orders[it.Order], err = db.Order(ctx, it.Order); err != nil {
			return t, err
		}
	}
	known, err := db.Patients(ctx)
	for _, k := range known {
		t.patients[k.ID] = k
	}
	return t, err
}

// besides lays what rows are taken from beside the practice.
func (p *practice) besides(other *practice) error {
	if err := os.MkdirAll(p.aside, 0o700); err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"older.db":     p.older[filepath.Join(p.dir.Data, "relais.db")],
		"older.db-wal": p.older[filepath.Join(p.dir.Data, "relais.db-wal")],
		"foreign.db":   other.image[atRest][filepath.Join(other.dir.Data, "relais.db")],
	} {
		if err := os.WriteFile(filepath.Join(p.aside, name), data, 0o600); err != nil {
			return err
		}
	}
	db, conn, err := raw(filepath.Join(p.aside, "older.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	defer conn.Close()
	p.roots = map[string]int64{}
	rows, err := conn.QueryContext(ctx, "SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return err
		}
		p.roots[name] = n
	}
	return rows.Err()
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }
