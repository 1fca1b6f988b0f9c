package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/assets"
)

// memory is a store without disk: the contract of prescribing.Store and nothing else.
type memory struct {
	now      func() time.Time
	fail     func(op string) error // before a write; nil: never
	known    []rx.Known
	drafts   map[rx.ID]rx.Draft
	orders   map[rx.ID]memoryOrder
	items    []rx.Item // oldest first
	journal  []rx.Happening
	about    []rx.ID // of the journal's lines
	settings map[string][]byte
}

type memoryOrder struct {
	issued  rx.Issued
	request []byte
}

func (m *memory) failing(op string) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(op)
}

func (m *memory) Existing(_ context.Context, order rx.ID, request []byte) (rx.Issued, bool, error) {
	o, ok := m.orders[order]
	if ok && !bytes.Equal(o.request, request) {
		return rx.Issued{}, false, rx.Fault(rx.CodeOtherSame)
	}
	o.issued.Existing = ok
	return o.issued, ok, nil
}

func (m *memory) Issue(_ context.Context, issue rx.Issue) (rx.Issued, error) {
	if err := m.failing("issue"); err != nil {
		return rx.Issued{}, err
	}
	i := slices.IndexFunc(m.known, func(k rx.Known) bool { return prescribing.SamePerson(k.Patient, issue.Patient) })
	if i < 0 {
		i = len(m.known)
		m.known = append(m.known, rx.Known{Patient: issue.Patient, ID: m.id(), Version: 1})
	}
	if c := issue.Closes; c != nil {
		if _, err := m.Apply(context.Background(), c.ID, c.Version, c.Event); err != nil {
			return rx.Issued{}, err
		}
	}
	o := rx.Issued{Order: issue.Order, Patient: m.known[i].ID, At: issue.At}
	for _, it := range issue.Items {
		it.Prescription.Patient = o.Patient
		m.items = append(m.items, rx.Item{Prescription: it.Prescription, Facts: it.Facts})
		o.Prescriptions = append(o.Prescriptions, it.Prescription)
	}
	m.orders[issue.Order] = memoryOrder{o, issue.Request}
	delete(m.drafts, issue.Draft)
	return o, nil
}

func (m *memory) id() rx.ID {
	id, err := rx.NewID(m.now(), source{rand.New(rand.NewPCG(uint64(len(m.known)), uint64(len(m.items))))})
	if err != nil {
		panic(err)
	}
	return id
}

func (m *memory) at(id rx.ID) int {
	return slices.IndexFunc(m.items, func(item rx.Item) bool { return item.ID == id })
}

func (m *memory) Apply(_ context.Context, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	if err := m.failing("apply"); err != nil {
		return rx.Prescription{}, err
	}
	i := m.at(id)
	if i < 0 {
		return rx.Prescription{}, rx.Fault(rx.CodeNotFound)
	}
	p := m.items[i].Prescription
	if p.Version != version {
		return p, rx.Fault(rx.CodeConflict)
	}
	next, changed, err := rx.Step(p, e)
	if err != nil || !changed {
		return p, err
	}
	m.items[i].Prescription = next
	m.journal = append(m.journal, rx.Happening{Seq: int64(len(m.journal) + 1), Event: e, From: p.State, To: next.State})
	m.about = append(m.about, id)
	return next, nil
}

func (m *memory) Outside(context.Context) error { return nil }

func (m *memory) Order(_ context.Context, id rx.ID) (rx.Issued, error) {
	o, ok := m.orders[id]
	if !ok {
		return rx.Issued{}, rx.Fault(rx.CodeNotFound)
	}
	for i, p := range o.issued.Prescriptions {
		o.issued.Prescriptions[i] = m.items[m.at(p.ID)].Prescription
	}
	return o.issued, nil
}

func (m *memory) Item(_ context.Context, id rx.ID) (rx.Item, error) {
	if i := m.at(id); i >= 0 {
		return m.items[i], nil
	}
	return rx.Item{}, rx.Fault(rx.CodeNotFound)
}

func (m *memory) List(_ context.Context, f rx.Filter) ([]rx.Item, error) {
	var found []rx.Item
	newer := f.Before != ""
	for _, item := range slices.Backward(m.items) {
		who := item.Facts.Patient
		if !newer && (f.State == 0 || item.State == f.State) && (f.Patient == "" || item.Patient == f.Patient) &&
			prescribing.Holds(f.Words, who.LastName, who.FirstName, string(who.SSIN), item.Facts.Product.Name) && (f.Limit == 0 || len(found) < f.Limit) {
			found = append(found, item)
		}
		newer = newer && item.ID != f.Before
	}
	return found, nil
}

func (m *memory) Timeline(_ context.Context, id rx.ID) ([]rx.Happening, error) {
	var of []rx.Happening
	for i, h := range m.journal {
		if m.about[i] == id {
			of = append(of, h)
		}
	}
	return of, nil
}

func (m *memory) SaveDraft(_ context.Context, d rx.Draft) error {
	if err := m.failing("draft"); err != nil {
		return err
	}
	m.drafts[d.ID] = d
	return nil
}

func (m *memory) Draft(_ context.Context, id rx.ID) (rx.Draft, error) {
	if d, ok := m.drafts[id]; ok {
		return d, nil
	}
	return rx.Draft{}, rx.Fault(rx.CodeNotFound)
}

func (m *memory) Drafts(context.Context) ([]rx.Draft, error) {
	var all []rx.Draft
	for _, d := range m.drafts {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b rx.Draft) int {
		return 4*b.Updated.Compare(a.Updated) + strings.Compare(string(a.ID), string(b.ID))
	})
	return all, nil
}

func (m *memory) DropDraft(_ context.Context, id rx.ID) error {
	if err := m.failing("draft"); err != nil {
		return err
	}
	delete(m.drafts, id)
	return nil
}

func (m *memory) SavePatient(_ context.Context, k rx.Known) (rx.Known, error) {
	if err := m.failing("patient"); err != nil {
		return k, err
	}
	if i := slices.IndexFunc(m.known, func(o rx.Known) bool { return o.ID == k.ID }); k.ID != "" {
		if i < 0 || m.known[i].Version != k.Version {
			return k, rx.Fault(rx.CodeConflict)
		}
		k.Version++
		m.known[i] = k
		return k, nil
	}
	k.ID, k.Version = m.id(), 1
	m.known = append(m.known, k)
	return k, nil
}

func (m *memory) Patient(_ context.Context, id rx.ID) (rx.Known, error) {
	for _, k := range m.known {
		if k.ID == id {
			return k, nil
		}
	}
	return rx.Known{}, rx.Fault(rx.CodeNotFound)
}

func (m *memory) Patients(context.Context) ([]rx.Known, error) { return slices.Clone(m.known), nil }

func (m *memory) Setting(_ context.Context, name string) ([]byte, error) {
	if b, ok := m.settings[name]; ok {
		return b, nil
	}
	return nil, rx.Fault(rx.CodeNotFound)
}

func (m *memory) SetSetting(_ context.Context, name string, value []byte) error {
	if err := m.failing("setting"); err != nil {
		return err
	}
	m.settings[name] = value
	return nil
}

func (m *memory) Changes(context.Context, int64) (int64, []rx.ID, error) {
	return int64(len(m.journal)), nil, nil
}

// file is the demonstration's medicines.
type file []rx.Medicine

func (f file) ByCNK(cnk rx.CNK) (rx.Medicine, bool) {
	return f.first(func(m rx.Medicine) bool { return m.CNK == cnk && cnk != "" })
}

func (f file) ByGroup(group string) (rx.Medicine, bool) {
	return f.first(func(m rx.Medicine) bool { return m.IsGroup() && m.VMPGroup == group })
}

func (f file) first(is func(rx.Medicine) bool) (rx.Medicine, bool) {
	if i := slices.IndexFunc(f, is); i >= 0 {
		return f[i], true
	}
	return rx.Medicine{}, false
}

func (f file) Search(words string, limit int) (found []rx.Medicine) {
	words = " " + strings.TrimSpace(rx.Fold(words))
	for _, m := range f {
		if len(found) < limit && strings.Contains(folded[m.Name.In(rx.FR)], words) {
			found = append(found, m)
		}
	}
	return found
}

func (f file) Version() string { return "test" }

type composer struct{}

func (composer) Compose(rx.Facts) ([]byte, error) { return []byte("message"), nil }

// press makes one line for each prescription: what was printed can be counted.
type press struct{}

func (press) Forms(items []rx.Item) (int, error) { return len(items), nil }
func (press) Sheet(items []rx.Item, _ prescribing.On) ([]byte, error) {
	return printed("sheet", items), nil
}
func (press) Proof(items []rx.Item) ([]byte, error) { return printed("proof", items), nil }

func printed(kind string, items []rx.Item) []byte {
	var b bytes.Buffer
	for _, item := range items {
		b.WriteString(kind + " " + string(item.ID) + "\n")
	}
	return b.Bytes()
}

// source is a generator as a reader.
type source struct{ r *rand.Rand }

func (s source) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s.r.Uint32())
	}
	return len(b), nil
}

// queue is a Do whose works run, and come back, when the test says so.
type queue struct{ works, backs []func() func() }

func (q *queue) Do(work func(context.Context) func()) {
	q.works = append(q.works, func() func() { return work(context.Background()) })
}

// step runs work i, or lets back i-len(works) come.
func (q *queue) step(i int) {
	if i < len(q.works) {
		back := q.works[i]()
		q.works = slices.Delete(q.works, i, i+1)
		q.backs = append(q.backs, func() func() { return back })
		return
	}
	back := q.backs[i-len(q.works)]
	q.backs = slices.Delete(q.backs, i-len(q.works), i-len(q.works)+1)
	back()()
}

func (q *queue) pending() int { return len(q.works) + len(q.backs) }

// settle lets everything come back, in order.
func (q *queue) settle() {
	for q.pending() > 0 {
		q.step(0)
	}
}

// bench is a practice on which the models work.
type bench struct {
	*queue
	env     *Env
	store   *memory
	clock   time.Time
	down    bool
	changes int
	saved   map[string][]byte
	opened  []string
	copied  string
}

var zone = time.FixedZone("CET", 3600)

// demo is the demonstration's people and medicines, read once.
func demo() ([]rx.Patient, file, error) {
	demoOnce.Do(func() {
		demoErr = errors.Join(json.Unmarshal(assets.DemoPatients, &demoPatients), json.Unmarshal(assets.DemoMedicines, &demoMedicines))
		for _, m := range demoMedicines {
			folded[m.Name.In(rx.FR)] = " " + rx.Fold(m.Name.In(rx.FR))
		}
	})
	return demoPatients, demoMedicines, demoErr
}

var (
	demoOnce      sync.Once
	demoPatients  []rx.Patient
	demoMedicines file
	demoErr       error
	folded        = map[string]string{} // names as they are searched
)

func newBench(t interface{ Fatal(...any) }) *bench {
	b := &bench{queue: &queue{}, clock: time.Date(2026, 11, 23, 9, 40, 0, 0, zone), saved: map[string][]byte{}}
	now := func() time.Time { return b.clock }
	b.store = &memory{now: now, drafts: map[rx.ID]rx.Draft{}, orders: map[rx.ID]memoryOrder{}, settings: map[string][]byte{"practice": assets.DemoPractice}}
	patients, medicines, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range patients {
		if _, err := b.store.SavePatient(context.Background(), rx.Known{Patient: p}); err != nil {
			t.Fatal(err)
		}
	}
	b.env = &Env{
		Service: &prescribing.Service{Store: b.store, Medicines: medicines, Composer: composer{}, Press: press{}, Waits: rx.DefaultWaits, Now: now,
			Rand: source{rand.New(rand.NewPCG(1, 2))}},
		Do: b.Do, Changed: func() { b.changes++ }, Lang: rx.FR, Simulated: true,
		Seen: func(s rx.Service) Seen {
			if b.down && s == rx.Recipe {
				return Seen{Since: b.clock.Add(-time.Minute), Answered: b.clock.Add(-time.Hour), Failures: 3, Why: "timeout"}
			}
			return Seen{Reached: true, Since: b.clock.Add(-time.Hour), Answered: b.clock}
		},
		Save: func(name string, pdf []byte) (string, error) { b.saved[name] = pdf; return "/documents/" + name, nil },
		Open: func(path string) { b.opened = append(b.opened, path) },
		Copy: func(text string) { b.copied = text },
	}
	b.env.Preview = NewPreview(b.env, &drawer{})
	return b
}

// happen applies an event of the engine or of Recip-e to item i of the store, as far as its state takes it.
func (b *bench) happen(i int, e rx.Event) error {
	item := b.store.items[i]
	e.At = b.clock
	_, err := b.store.Apply(context.Background(), item.ID, item.Version, e)
	return err
}

// send lets an attempt of item i end as kind says.
func (b *bench) send(i int, kind rx.EventKind) error {
	item := b.store.items[i]
	n := len(item.Attempts) + 1
	key := rx.KeyID(string(item.ID) + digits(n))
	if err := b.happen(i, rx.Event{Kind: rx.EventMarked, Attempt: &rx.Attempt{N: n, Key: key, Marked: b.clock, Expires: b.clock.Add(time.Minute)}}); err != nil {
		return err
	}
	return b.happen(i, rx.Event{Kind: kind, N: n, RID: rid(i, n), Why: "timeout", ServerAt: b.clock, Problem: &rx.Problem{Code: "recipe.error.validation", Messages: map[rx.Lang]string{rx.FR: "refusée"}}})
}

func rid(i, n int) rx.RID {
	return rx.RID("BEP0AAAA" + string(rune('A'+n)) + "A" + string(rune('A'+i/26)) + string(rune('A'+i%26)))
}
