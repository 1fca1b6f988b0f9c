package sim

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"
	"time"

	"relais/app/rx"
)

// Model is a second, independent store: the whole practice in memory, each method
// one step that is durable when it returns. It knows no SQL, no seals, no files;
// what it shares with data/store is the contract of the ports alone.
type Model struct {
	now func() time.Time

	disk directory // what survives a crash
	mark mark      // kept outside; survives also when an older disk is put back
	dir  int       // identity of the directory

	tasks  []rx.Task // of the last Work, until something is written
	worked workKey

	// step is called before and after each durable step; it may panic with
	// crashed, or answer an error before the step.
	step step
}

// step is told of a durable step: before it, where it may answer an error instead of
// the step, and after it. It may panic with crashed.
type step func(op string, after bool) error

// directory is the durable state. Values are never changed in place, so that a copy of
// the maps is a snapshot.
type directory struct {
	held
	orders   map[rx.ID]order
	patients map[rx.ID]rx.Known
	drafts   map[rx.ID]rx.Draft
	keys     map[rx.ID][]rx.Key // unused, by patient
	added    map[rx.KeyID]time.Time
	used     map[rx.KeyID]bool
	settings map[string][]byte
	restored time.Time
}

type order struct {
	id      rx.ID
	patient rx.ID
	at      time.Time
	request [32]byte
	ids     []rx.ID
}

// mark is the identity of the directory and the journal's last number when a door
// was last claimed. A directory without a mark, or behind it, is not the last one.
type mark struct {
	dir, seq int
}

func newModel(now func() time.Time, step step) *Model {
	return &Model{now: now, dir: 1, mark: mark{dir: 1}, step: step, disk: directory{
		held: newHeld(), orders: map[rx.ID]order{}, patients: map[rx.ID]rx.Known{}, drafts: map[rx.ID]rx.Draft{},
		keys: map[rx.ID][]rx.Key{}, added: map[rx.KeyID]time.Time{}, used: map[rx.KeyID]bool{}, settings: map[string][]byte{},
	}}
}

func (m *Model) held() *held { return &m.disk.held }
func (m *Model) marked() int { return m.mark.seq }
func (m *Model) as(int)      {} // it keeps nothing in hand between two acts
func (m *Model) end()        {}

// copy keeps the maps as they are.
func (m *Model) copy() func(elsewhere bool) {
	d := m.disk
	d.rows, d.orders, d.patients = maps.Clone(d.rows), maps.Clone(d.orders), maps.Clone(d.patients)
	d.drafts, d.keys, d.used, d.settings = maps.Clone(d.drafts), maps.Clone(d.keys), maps.Clone(d.used), maps.Clone(d.settings)
	d.added = maps.Clone(d.added)
	for patient, keys := range d.keys {
		d.keys[patient] = slices.Clone(keys)
	}
	d.order, d.journal, d.touched = slices.Clone(d.order), slices.Clone(d.journal), slices.Clone(d.order)
	return func(elsewhere bool) {
		m.disk, m.worked = d, workKey{}
		if elsewhere {
			m.dir++
		}
	}
}

// start compares the outside mark, treats an older or a copied directory as restored,
// and brings the mark up to date.
func (m *Model) start() error {
	if m.mark.dir != m.dir || m.mark.seq > len(m.disk.journal) {
		now := m.now()
		m.worked = workKey{}
		m.disk.restored = now
		clear(m.disk.keys)
		for _, id := range m.disk.order {
			m.must(m.apply(id, 0, rx.Event{Kind: rx.EventRestored, At: now}))
		}
	}
	m.mark = mark{m.dir, len(m.disk.journal)}
	return nil
}

func (m *Model) must(_ rx.Prescription, err error) {
	if err != nil {
		panic(err)
	}
}

// durable runs one step: refused before it by a failing disk, or cut by a crash
// before or after it.
func (m *Model) durable(op string, do func() error) error {
	if err := m.step(op, false); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return m.step(op, true)
}

func (m *Model) apply(id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	r, ok := m.disk.rows[id]
	if !ok {
		return rx.Prescription{}, rx.Fault(rx.CodeNotFound)
	}
	if version != 0 && version != r.p.Version {
		return r.p, rx.Fault(rx.CodeConflict)
	}
	next, changed, err := rx.Step(r.p, e)
	if err != nil || !changed {
		return r.p, err
	}
	for _, rec := range next.Records[len(r.p.Records):] {
		if m.owns(rec.RID) {
			return r.p, rx.Fault(rx.CodeRIDTaken)
		}
	}
	m.disk.enter(id, e, r.p.State, next.State)
	after := *r
	after.p = next
	m.disk.rows[id] = &after
	m.disk.touched = append(m.disk.touched, id)
	return next, nil
}

// Apply is of both ports.
func (m *Model) Apply(_ context.Context, id rx.ID, version int64, e rx.Event) (p rx.Prescription, err error) {
	err = m.durable("apply "+e.Kind.String(), func() error {
		p, err = m.apply(id, version, e)
		return err
	})
	return p, err
}

// Mark takes a key and marks the attempt.
func (m *Model) Mark(_ context.Context, id rx.ID, version int64, at, signed, until time.Time) (parcel rx.Parcel, p rx.Prescription, err error) {
	err = m.durable("mark", func() error {
		r, ok := m.disk.rows[id]
		if !ok {
			return rx.Fault(rx.CodeNotFound)
		}
		keys := m.disk.keys[r.p.Patient]
		if len(keys) == 0 {
			return rx.Fault(rx.CodeNoKey)
		}
		key := keys[0]
		if p, err = m.apply(id, version, rx.Event{Kind: rx.EventMarked, At: at, Attempt: &rx.Attempt{Key: key.ID, Expires: until}}); err != nil {
			return err
		}
		m.disk.keys[r.p.Patient] = slices.Clone(keys[1:])
		parcel = rx.Parcel{Prescription: id, Attempt: len(p.Attempts), Patient: r.facts.Patient.SSIN, Type: r.facts.Type, Expires: p.Expires,
			Local: p.LocalID(), Message: r.message, Key: key, Signed: signed, SignedUntil: until}
		return nil
	})
	return parcel, p, err
}

// AddKey keeps a key that was never kept before, for the number that the patient has.
func (m *Model) AddKey(_ context.Context, patient rx.ID, asked rx.SSIN, key rx.Key) error {
	return m.durable("add key", func() error {
		if m.disk.patients[patient].SSIN != asked {
			return rx.Fault(rx.CodeConflict)
		}
		if m.disk.used[key.ID] {
			return rx.Fault(rx.CodeKeyUsed)
		}
		m.disk.used[key.ID], m.disk.added[key.ID] = true, m.now()
		m.disk.keys[patient] = append(slices.Clone(m.disk.keys[patient]), key)
		return nil
	})
}

// DropKeys forgets old keys that nothing which waits needs. Nothing is lost when it is not done.
func (m *Model) DropKeys(_ context.Context, before time.Time) error {
	needed := map[rx.ID]int{}
	for _, r := range m.disk.rows {
		if r.p.State == rx.StateReady && r.p.Electronic {
			needed[r.p.Patient]++
		}
	}
	for patient, keys := range m.disk.keys {
		n := needed[patient]
		kept := slices.DeleteFunc(slices.Clone(keys), func(k rx.Key) bool {
			n--
			return n < 0 && (before.IsZero() || m.disk.added[k.ID].Before(before))
		})
		if len(kept) < len(keys) {
			m.disk.keys[patient], m.worked = kept, workKey{}
		}
	}
	return nil
}

// Writing is for whom drafts were changed since.
func (m *Model) Writing(_ context.Context, since time.Time) (all []rx.Writing, _ error) {
	for _, id := range slices.Sorted(maps.Keys(m.disk.drafts)) {
		d := m.disk.drafts[id]
		if d.Request.Patient.SSIN == "" || len(d.Request.Lines) == 0 || d.Updated.Before(since) {
			continue
		}
		for patient, known := range m.disk.patients {
			if known.SSIN != d.Request.Patient.SSIN {
				continue
			}
			if i := slices.IndexFunc(all, func(w rx.Writing) bool { return w.Patient == patient }); i >= 0 {
				all[i].Lines += min(len(d.Request.Lines), rx.MaxLines)
				continue
			}
			all = append(all, rx.Writing{Patient: patient, SSIN: known.SSIN, Lines: min(len(d.Request.Lines), rx.MaxLines), Keys: len(m.disk.keys[patient])})
		}
	}
	return all, nil
}

// Outside writes the mark.
func (m *Model) Outside(context.Context) error {
	return m.durable("outside", func() error {
		m.mark = mark{m.dir, len(m.disk.journal)}
		return nil
	})
}

// workKey changes with everything that Work reads.
type workKey struct {
	lines, keys int
	day         rx.Date
	rows        int
}

// Work lists what the engine may owe something for. Callers do not write to it.
func (m *Model) Work(context.Context) ([]rx.Task, error) {
	now := workKey{len(m.disk.journal), len(m.disk.used), rx.DateOf(m.now()), len(m.disk.order)}
	if m.worked == now {
		return m.tasks, nil
	}
	tasks := m.tasks[:0] // the engine is done with them when it asks again
	for _, id := range m.disk.order {
		r := m.disk.rows[id]
		if !working(&r.p, m.now()) {
			continue
		}
		tasks = append(tasks, rx.Task{Prescription: r.p, SSIN: r.facts.Patient.SSIN, Around: m.disk.around(r), Keys: len(m.disk.keys[r.p.Patient])})
	}
	m.tasks, m.worked = tasks, now
	return tasks, nil
}

func working(p *rx.Prescription, now time.Time) bool {
	if !p.Electronic {
		return false
	}
	if p.State == rx.StateReady || p.LiveAttempt() != nil || rx.ToLook(*p, now) {
		return true
	}
	return slices.ContainsFunc(p.Records, func(r rx.Record) bool {
		return r.Status.MayBeDelivered() && (r.Adopted || p.MustGo(r)) || r.Unread() && !p.Over(now)
	})
}

// Unowned is what nobody here bears.
func (m *Model) Unowned(_ context.Context, rids []rx.RID) ([]rx.RID, error) {
	return slices.DeleteFunc(slices.Clone(rids), m.owns), nil
}

func (m *Model) owns(rid rx.RID) bool {
	for _, r := range m.disk.rows {
		if slices.ContainsFunc(r.p.Records, func(rec rx.Record) bool { return rec.RID == rid && !rec.Foreign.Set() }) {
			return true
		}
	}
	return false
}

// Existing is the order of that id.
func (m *Model) Existing(_ context.Context, id rx.ID, request []byte) (rx.Issued, bool, error) {
	o, ok := m.disk.orders[id]
	if !ok {
		return rx.Issued{}, false, nil
	}
	if o.request != sha256.Sum256(request) {
		return rx.Issued{}, false, rx.Fault(rx.CodeOtherSame)
	}
	return m.issued(o), true, nil
}

func (m *Model) issued(o order) rx.Issued {
	out := rx.Issued{Order: o.id, Patient: o.patient, At: o.at, Existing: true}
	for _, id := range o.ids {
		out.Prescriptions = append(out.Prescriptions, m.disk.rows[id].p)
	}
	return out
}

// Issue writes an order once.
func (m *Model) Issue(ctx context.Context, in rx.Issue) (out rx.Issued, err error) {
	err = m.durable("issue", func() error {
		existing, found, err := m.Existing(ctx, in.Order, in.Request)
		if err != nil || found {
			out = existing
			return err
		}
		if in.Closes != nil {
			if _, err := m.apply(in.Closes.ID, in.Closes.Version, in.Closes.Event); err != nil {
				return err
			}
		}
		o := order{id: in.Order, patient: m.patient(in), at: in.At, request: sha256.Sum256(in.Request)}
		born := idTime(in.Order)
		for _, item := range in.Items {
			p := item.Prescription
			p.Patient = o.patient
			_, sum, _ := item.Facts.Canonical()
			m.disk.rows[p.ID] = &row{p: p, facts: &item.Facts, message: item.Message, sum: sum}
			m.disk.order = append(m.disk.order, p.ID)
			m.disk.touched = append(m.disk.touched, p.ID)
			o.ids = append(o.ids, p.ID)
			for _, e := range item.Events {
				m.disk.enter(p.ID, e, rx.StateReady, p.State)
			}
			if !m.disk.restored.IsZero() && born.Before(m.disk.restored) {
				if _, err := m.apply(p.ID, 0, rx.Event{Kind: rx.EventRestored, At: in.At}); err != nil {
					return err
				}
			}
		}
		m.disk.orders[in.Order] = o
		delete(m.disk.drafts, in.Draft)
		out = m.issued(o)
		out.Existing = false
		return nil
	})
	return out, err
}

// idTime is when an id of version 7 was made; another version counts as old.
func idTime(id rx.ID) time.Time {
	if len(id) != 36 || id[14] != '7' {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(string(id[:8]+id[9:13]), 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func (m *Model) patient(in rx.Issue) rx.ID {
	for id, known := range m.disk.patients {
		if in.Patient.SSIN != "" && known.SSIN == in.Patient.SSIN ||
			in.Patient.SSIN == "" && known.LastName == in.Patient.LastName && known.FirstName == in.Patient.FirstName && known.BirthDate == in.Patient.BirthDate {
			known.Patient = in.Patient
			known.Version++
			m.disk.patients[id] = known
			return id
		}
	}
	id := in.Items[0].Prescription.ID // any unique id serves
	m.disk.patients[id] = rx.Known{ID: id, Version: 1, Patient: in.Patient}
	return id
}

// Order gives the order as it stands.
func (m *Model) Order(_ context.Context, id rx.ID) (rx.Issued, error) {
	o, ok := m.disk.orders[id]
	if !ok {
		return rx.Issued{}, rx.Fault(rx.CodeNotFound)
	}
	return m.issued(o), nil
}

// Item gives the prescription with its facts.
func (m *Model) Item(_ context.Context, id rx.ID) (rx.Item, error) {
	r, ok := m.disk.rows[id]
	if !ok {
		return rx.Item{}, rx.Fault(rx.CodeNotFound)
	}
	return rx.Item{Prescription: r.p, Facts: *r.facts, Around: m.disk.around(r)}, nil
}

// List gives what the filter selects, newest first.
func (m *Model) List(ctx context.Context, f rx.Filter) ([]rx.Item, error) {
	var items []rx.Item
	for _, id := range slices.Backward(m.disk.order) {
		r := m.disk.rows[id]
		if f.State != 0 && r.p.State != f.State || f.Patient != "" && r.p.Patient != f.Patient || f.Order != "" && r.p.Order != f.Order {
			continue
		}
		around := m.disk.around(r)
		if f.Owing && r.p.State != rx.StateReady && len(rx.Owed(r.p, m.now(), around, rx.DefaultWaits)) == 0 {
			continue
		}
		items = append(items, rx.Item{Prescription: r.p, Facts: *r.facts, Around: around})
	}
	return items, nil
}

// Timeline gives the journal about one prescription.
func (m *Model) Timeline(_ context.Context, id rx.ID) ([]rx.Happening, error) {
	var lines []rx.Happening
	for i, e := range m.disk.journal {
		if e.id == id {
			lines = append(lines, rx.Happening{Seq: int64(i + 1), Event: e.event, From: e.from, To: e.to})
		}
	}
	return lines, nil
}

// SaveDraft, Draft, Drafts and DropDraft keep requests that are being written.
func (m *Model) SaveDraft(_ context.Context, d rx.Draft) error {
	return m.durable("draft", func() error { m.disk.drafts[d.ID] = d; return nil })
}

func (m *Model) Draft(_ context.Context, id rx.ID) (rx.Draft, error) {
	d, ok := m.disk.drafts[id]
	if !ok {
		return d, rx.Fault(rx.CodeNotFound)
	}
	return d, nil
}

func (m *Model) Drafts(context.Context) ([]rx.Draft, error) {
	drafts := slices.Collect(maps.Values(m.disk.drafts))
	slices.SortFunc(drafts, func(a, b rx.Draft) int { return b.Updated.Compare(a.Updated) })
	return drafts, nil
}

func (m *Model) DropDraft(_ context.Context, id rx.ID) error {
	return m.durable("drop draft", func() error { delete(m.disk.drafts, id); return nil })
}

// SavePatient, Patient and Patients keep people.
func (m *Model) SavePatient(_ context.Context, p rx.Known) (rx.Known, error) {
	err := m.durable("patient", func() error { p.Version++; m.disk.patients[p.ID] = p; return nil })
	return p, err
}

func (m *Model) Patient(_ context.Context, id rx.ID) (rx.Known, error) {
	p, ok := m.disk.patients[id]
	if !ok {
		return p, rx.Fault(rx.CodeNotFound)
	}
	return p, nil
}

func (m *Model) Patients(context.Context) ([]rx.Known, error) {
	return slices.Collect(maps.Values(m.disk.patients)), nil
}

// Setting and SetSetting keep values by name.
func (m *Model) Setting(_ context.Context, name string) ([]byte, error) {
	v, ok := m.disk.settings[name]
	if !ok {
		return nil, rx.Fault(rx.CodeNotFound)
	}
	return v, nil
}

func (m *Model) SetSetting(_ context.Context, name string, value []byte) error {
	return m.durable("setting", func() error { m.disk.settings[name] = value; return nil })
}

// Changes gives what the journal says since number after.
func (m *Model) Changes(_ context.Context, after int64) (int64, []rx.ID, error) {
	var ids []rx.ID
	for _, e := range m.disk.journal[after:] {
		ids = append(ids, e.id)
	}
	return int64(len(m.disk.journal)), ids, nil
}
