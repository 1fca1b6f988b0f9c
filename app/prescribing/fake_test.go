package prescribing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
)

var ctx = context.Background()

// monday is when every story begins.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.FixedZone("practice", 3600))

var errDisk = rx.Fault(rx.CodeIO)

// ports are the four ports and the randomness, in memory, with a log of every call.
type ports struct {
	clock    time.Time
	items    []rx.Item // oldest first
	orders   map[rx.ID]kept
	drafts   map[rx.ID]rx.Draft
	known    []rx.Known
	settings map[string][]byte
	issues   []rx.Issue
	composed []rx.Facts
	pressed  []rx.Item // of the last sheet or proof
	on       prescribing.On
	file     []rx.Medicine
	ids      *rand.Rand
	journal  map[rx.ID][]rx.Happening

	log    []string              // the calls, in order
	before func(op string) error // of each call; an error is the port's answer
}

type kept struct {
	issued  rx.Issued
	request []byte
}

func (p *ports) call(op string) error {
	p.log = append(p.log, op)
	return p.before(op)
}

func (p *ports) at(id rx.ID) int {
	return slices.IndexFunc(p.items, func(item rx.Item) bool { return item.ID == id })
}

func (p *ports) Existing(_ context.Context, order rx.ID, request []byte) (rx.Issued, bool, error) {
	if err := p.call("existing"); err != nil {
		return rx.Issued{}, false, err
	}
	o, ok := p.orders[order]
	if ok && !bytes.Equal(o.request, request) {
		return rx.Issued{}, false, rx.Fault(rx.CodeOtherSame)
	}
	o.issued.Existing = ok
	return o.issued, ok, nil
}

func (p *ports) Issue(_ context.Context, issue rx.Issue) (rx.Issued, error) {
	if err := p.call("issue"); err != nil {
		return rx.Issued{}, err
	}
	if c := issue.Closes; c != nil {
		if _, err := p.step(c.ID, c.Version, c.Event); err != nil {
			return rx.Issued{}, err
		}
	}
	o := rx.Issued{Order: issue.Order, Patient: "patient", At: issue.At}
	for _, it := range issue.Items {
		it.Prescription.Patient = o.Patient
		p.items = append(p.items, rx.Item{Prescription: it.Prescription, Facts: it.Facts})
		o.Prescriptions = append(o.Prescriptions, it.Prescription)
	}
	p.orders[issue.Order] = kept{o, issue.Request}
	p.issues = append(p.issues, issue)
	delete(p.drafts, issue.Draft)
	return o, nil
}

func (p *ports) Apply(_ context.Context, id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	if err := p.call("apply " + e.Kind.String()); err != nil {
		return rx.Prescription{}, err
	}
	return p.step(id, version, e)
}

func (p *ports) step(id rx.ID, version int64, e rx.Event) (rx.Prescription, error) {
	i := p.at(id)
	if i < 0 {
		return rx.Prescription{}, rx.Fault(rx.CodeNotFound)
	}
	if p.items[i].Version != version {
		return rx.Prescription{}, rx.Fault(rx.CodeConflict)
	}
	next, changed, err := rx.Step(p.items[i].Prescription, e)
	if err == nil && changed {
		p.journal[id] = append(p.journal[id], rx.Happening{Event: e, From: p.items[i].State, To: next.State})
		p.items[i].Prescription = next
	}
	return next, err
}

func (p *ports) Outside(context.Context) error { return p.call("outside") }

func (p *ports) Order(_ context.Context, id rx.ID) (rx.Issued, error) {
	o, ok := p.orders[id]
	if err := p.call("order"); err != nil || !ok {
		return rx.Issued{}, either(err, rx.CodeNotFound)
	}
	return o.issued, nil
}

// either is the port's answer, or that what was asked for is not there.
func either(err error, code rx.Code) error {
	if err != nil {
		return err
	}
	return rx.Fault(code)
}

func (p *ports) Item(_ context.Context, id rx.ID) (rx.Item, error) {
	i := p.at(id)
	if err := p.call("item"); err != nil || i < 0 {
		return rx.Item{}, either(err, rx.CodeNotFound)
	}
	return p.items[i], nil
}

func (p *ports) List(_ context.Context, f rx.Filter) (found []rx.Item, err error) {
	behind := f.Before == ""
	for _, item := range slices.Backward(p.items) {
		if !behind || f.Limit > 0 && len(found) == f.Limit {
			behind = behind || item.ID == f.Before
			continue
		}
		who := item.Facts.Patient
		if (f.State == 0 || item.State == f.State) && (f.Patient == "" || item.Patient == f.Patient) &&
			prescribing.Holds(f.Words, who.LastName, who.FirstName, string(who.SSIN), item.Facts.Product.Name) {
			found = append(found, item)
		}
	}
	return found, p.call("list")
}

func (p *ports) Timeline(_ context.Context, id rx.ID) ([]rx.Happening, error) {
	return p.journal[id], p.call("timeline")
}

func (p *ports) SaveDraft(_ context.Context, d rx.Draft) error {
	p.drafts[d.ID] = d
	return p.call("save draft")
}

func (p *ports) Draft(_ context.Context, id rx.ID) (rx.Draft, error) {
	d, ok := p.drafts[id]
	if err := p.call("draft"); err != nil || !ok {
		return rx.Draft{}, either(err, rx.CodeNotFound)
	}
	return d, nil
}

func (p *ports) Drafts(context.Context) ([]rx.Draft, error) { panic("not asked for") }
func (p *ports) DropDraft(context.Context, rx.ID) error     { panic("not asked for") }

func (p *ports) SavePatient(_ context.Context, k rx.Known) (rx.Known, error) {
	if err := p.call("save patient"); err != nil {
		return rx.Known{}, err
	}
	if i := slices.IndexFunc(p.known, func(o rx.Known) bool { return o.ID == k.ID }); k.ID != "" {
		if i < 0 || p.known[i].Version != k.Version {
			return rx.Known{}, rx.Fault(rx.CodeConflict)
		}
		k.Version++
		p.known[i] = k
		return k, nil
	}
	k.ID, k.Version = rx.ID(fmt.Sprint("patient ", len(p.known))), 1
	p.known = append(p.known, k)
	return k, nil
}

func (p *ports) Patient(_ context.Context, id rx.ID) (rx.Known, error) {
	i := slices.IndexFunc(p.known, func(k rx.Known) bool { return k.ID == id })
	if err := p.call("patient"); err != nil || i < 0 {
		return rx.Known{}, either(err, rx.CodeNotFound)
	}
	return p.known[i], nil
}

func (p *ports) Patients(context.Context) ([]rx.Known, error) {
	return slices.Clone(p.known), p.call("patients")
}

func (p *ports) Setting(_ context.Context, name string) ([]byte, error) {
	b, ok := p.settings[name]
	if err := p.call("setting"); err != nil || !ok {
		return nil, either(err, rx.CodeNotFound)
	}
	return b, nil
}

func (p *ports) SetSetting(_ context.Context, name string, value []byte) error {
	if err := p.call("set setting"); err != nil {
		return err
	}
	p.settings[name] = value
	return nil
}

func (p *ports) Changes(context.Context, int64) (int64, []rx.ID, error) { panic("not asked for") }

func (p *ports) ByCNK(cnk rx.CNK) (rx.Medicine, bool) {
	return p.medicine(func(m rx.Medicine) bool { return m.CNK == cnk })
}

func (p *ports) ByGroup(group string) (rx.Medicine, bool) {
	return p.medicine(func(m rx.Medicine) bool { return m.IsGroup() && m.VMPGroup == group })
}

func (p *ports) medicine(is func(rx.Medicine) bool) (rx.Medicine, bool) {
	if i := slices.IndexFunc(p.file, is); i >= 0 {
		return p.file[i], true
	}
	return rx.Medicine{}, false
}

// medicines is the file; its Search is nobody's here.
type medicines struct{ *ports }

func (medicines) Search(string, int) []rx.Medicine { panic("not asked for") }
func (medicines) Version() string                  { return "file of the day" }

func (p *ports) Compose(f rx.Facts) ([]byte, error) {
	p.composed = append(p.composed, f)
	return []byte("message of " + f.Prescription), p.call("compose")
}

// Sheet and Proof are the names of what is on them.
func (p *ports) Sheet(items []rx.Item, on prescribing.On) ([]byte, error) {
	p.on = on
	return p.press("sheet", items)
}

// Forms is one of each prescription.
func (p *ports) Forms(items []rx.Item) (int, error)    { return len(items), p.call("forms") }
func (p *ports) Proof(items []rx.Item) ([]byte, error) { return p.press("proof", items) }

func (p *ports) press(what string, items []rx.Item) ([]byte, error) {
	if err := p.call(what); err != nil {
		return nil, err
	}
	p.pressed = slices.Clone(items)
	for _, item := range items {
		what += " " + string(item.ID)
	}
	return []byte(what), nil
}

// Read is the randomness of ids: no call of a port, but it may fail as well.
func (p *ports) Read(b []byte) (int, error) {
	if err := p.before("random"); err != nil {
		return 0, err
	}
	for i := range b {
		b[i] = byte(p.ids.Uint32())
	}
	return len(b), nil
}

// desk is the use cases over the ports.
type desk struct {
	*testing.T
	*prescribing.Service
	*ports
	changes int // told to the engine
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, ports: &ports{clock: monday, journal: map[rx.ID][]rx.Happening{}, orders: map[rx.ID]kept{}, drafts: map[rx.ID]rx.Draft{}, ids: rand.New(rand.NewPCG(1, 1)),
		settings: map[string][]byte{"practice": marshal(practice)}, before: func(string) error { return nil },
		file: []rx.Medicine{
			{CNK: "0318717", VMPGroup: "0024901", Name: rx.Words{rx.FR: "Amoxicilline Exemple"}, Substance: rx.Words{rx.FR: "amoxicilline"}, PackSize: 16, Unit: "capsule"},
			{VMPGroup: "0024901", Name: rx.Words{rx.FR: "amoxicilline oral"}, Substance: rx.Words{rx.FR: "amoxicilline"}, Unit: "capsule"},
		}}}
	d.Service = &prescribing.Service{Store: d.ports, Medicines: medicines{d.ports}, Composer: d.ports, Press: d.ports, Waits: rx.DefaultWaits,
		Now: func() time.Time { return d.clock }, Rand: d.ports, Changed: func() { d.changes++ }}
	return d
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

var practice = rx.Practice{
	Prescriber: rx.Prescriber{FirstName: "Anne", LastName: "Exemple", NIHII: "19999915004", SSIN: "79021802145", Qualification: "médecin généraliste"},
	Address:    rx.Address{Street: "Rue de la Démonstration", Number: "1", Zip: "5000", City: "Namur"},
	Phone:      "081 00 00 00", Email: "demo@example.org", RegionLanguage: rx.FR,
}

var marie = rx.Patient{SSIN: "85073003427", FirstName: "Marie", LastName: "Dupont", BirthDate: rx.Date{Year: 1985, Month: 7, Day: 30}, Sex: rx.Female}

// request of n lines.
func request(n int) rx.Request {
	r := rx.Request{Patient: marie}
	for range n {
		r.Lines = append(r.Lines, rx.Line{Kind: rx.Package, CNK: "0318717", Quantity: 1,
			Posology: rx.Posology{Dose: 1000, Unit: "capsule", TimesPerDay: 3, DurationDays: 5}})
	}
	return r
}

// refuse lets one of the calls fail from now on.
func (d *desk) refuse(op string, err error) {
	d.before = func(called string) error {
		if called == op {
			return err
		}
		return nil
	}
}

// acts are the calls since the last time that keep something or make paper.
func (d *desk) acts() string {
	acts := slices.DeleteFunc(d.log, func(op string) bool {
		word, _, _ := strings.Cut(op, " ")
		return !slices.Contains([]string{"issue", "apply", "outside", "sheet", "proof", "save", "set"}, word)
	})
	d.log = nil
	return strings.Join(acts, ", ")
}

func (d *desk) acted(want string) {
	d.Helper()
	if got := d.acts(); got != want {
		d.Errorf("it did %q, not %q", got, want)
	}
}

func (d *desk) code(err error, want rx.Code) {
	d.Helper()
	if got := rx.CodeOf(err); got != want {
		d.Errorf("answers %q, not %q: %v", got, want, err)
	}
}

func (d *desk) well(err error) {
	d.Helper()
	if err != nil {
		d.Fatalf("%v", err)
	}
}

// issued issues n lines and forgets what it took.
func (d *desk) issued(n int) (ids []rx.ID) {
	d.Helper()
	done, err := d.Service.Issue(ctx, request(n), prescribing.How{})
	d.well(err)
	for _, p := range done.Prescriptions {
		ids = append(ids, p.ID)
	}
	d.log, d.changes, d.composed = nil, 0, nil
	return ids
}

// happen applies events of the engine, of Recip-e or of the doctor.
func (d *desk) happen(id rx.ID, events ...rx.Event) {
	d.Helper()
	for _, e := range events {
		p := d.is(id)
		if e.At = d.clock; e.Kind == rx.EventMarked {
			e.Attempt = &rx.Attempt{Key: rx.KeyID(fmt.Sprint("key ", len(p.Attempts))), Expires: d.clock.Add(time.Minute)}
		}
		if s := p.Sheet(); s != nil && e.Sheet == nil {
			e.Sheet = &rx.Sheet{ID: s.ID}
		}
		if _, err := d.step(id, p.Version, e); err != nil {
			d.Fatalf("%s: %v", e.Kind, err)
		}
	}
}

func (d *desk) is(id rx.ID) *rx.Prescription {
	d.Helper()
	i := d.at(id)
	if i < 0 {
		d.Fatalf("no prescription %s", id)
	}
	return &d.items[i].Prescription
}

// Events in short.
var (
	mark     = rx.Event{Kind: rx.EventMarked}
	lost     = rx.Event{Kind: rx.EventUnanswered, N: 1, Why: "timeout"}
	accepted = rx.Event{Kind: rx.EventAccepted, N: 1, RID: "BEP0TEST0001"}
	refused  = rx.Event{Kind: rx.EventRefused, N: 1, Problem: &rx.Problem{Code: "x"}}
	wished   = rx.Event{Kind: rx.EventRevokeWished, Reason: "wrong-medicine"}
	gone     = rx.Event{Kind: rx.EventLetGo}
	restored = rx.Event{Kind: rx.EventRestored}
	twin     = rx.Event{Kind: rx.EventTwin}
	claimed  = rx.Event{Kind: rx.EventClaimed, Paper: "own-line", Sheet: &rx.Sheet{ID: "019a0000-0000-7000-8000-00000000aaaa"}}
	forced   = rx.Event{Kind: rx.EventClaimed, Paper: "own-line", Sheet: &rx.Sheet{ID: "019a0000-0000-7000-8000-00000000aaaa", Forced: true}}
	printed  = rx.Event{Kind: rx.EventPrinted}
	notOut   = rx.Event{Kind: rx.EventNotOut}
	out      = rx.Event{Kind: rx.EventOut}
	handed   = rx.Event{Kind: rx.EventHandedOver}
	unclear  = rx.Event{Kind: rx.EventUnclear}
	expired  = rx.Event{Kind: rx.EventExpired}
	taken    = rx.Event{Kind: rx.EventStatusRead, RID: "BEP0TEST0001", Status: rx.InProcess, ServerAt: monday}
)

// late is a store in which another process issues the same order after it was looked for.
type late struct{ *ports }

func (l *late) Issue(ctx context.Context, issue rx.Issue) (rx.Issued, error) {
	issued, err := l.ports.Issue(ctx, issue)
	issued.Existing = true
	return issued, err
}
