// Package years writes the directory of a practice of thirty years: 150,000 prescriptions for 4,000 patients, through the store's own code.
//
// Contract: the same size and seed give the same practice. Nearly all prescriptions are at their end (delivered, expired, on paper and noted,
// withdrawn, refused and told); those of the last weeks are open at the simulated Recip-e, whose own file holds them, and the last ones wait. All people are invented.
//
// Failure modes: errors of the parts, as they come. What was written until then is of no use.
package years

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"relais/app/config"
	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/sync/simulator/world"
)

// Size of a practice.
type Size struct {
	Orders   int // of three lines each
	Patients int
	Open     int // prescriptions that are at Recip-e and not delivered
	Waiting  int // the last ones
}

// Thirty is the practice of the performance table.
var Thirty = Size{Orders: 50_000, Patients: 4000, Open: 1200, Waiting: 30}

// Practice is a directory and its moment.
type Practice struct {
	wiring.Directory
	clock *clock
}

// end is the morning after the last prescription.
var end = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// clock is set while a practice is written; then it begins at the end, and goes.
type clock struct {
	mu   sync.Mutex
	at   time.Time // zero: it goes
	from time.Time
	zone *time.Location
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return end.Add(time.Since(c.from)).In(c.zone)
	}
	return c.at.In(c.zone)
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// goOn lets it go from the end.
func (c *clock) goOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.from = time.Time{}, time.Now()
}

// At is the practice in root, which need not be written yet.
func At(root string) (*Practice, error) {
	d, err := wiring.At(config.Paths{Data: filepath.Join(root, "data"), Marks: filepath.Join(root, "marks")})
	if err != nil {
		return nil, err
	}
	p := &Practice{Directory: d, clock: &clock{from: time.Now(), zone: d.Now().Location()}}
	p.Now, p.Protocol = p.clock.now, wiring.Protocol{Double: true} // a week has thousands of calls
	return p, nil
}

// Passphrase opens it.
func (p *Practice) Open(ctx context.Context) (*wiring.Session, error) {
	return p.Directory.Open(ctx, []byte(wiring.DemoPassphrase))
}

// Write writes the practice in root, unless it is there. A practice that was not finished is in the way: it has no "written".
func Write(ctx context.Context, root string, size Size, seed uint64) (p *Practice, err error) {
	if p, err = At(root); err != nil {
		return nil, err
	}
	finished := filepath.Join(root, fmt.Sprintf("written-%d-%d-%d-%d-%d", size.Orders, size.Patients, size.Open, size.Waiting, seed))
	if _, err := os.Stat(finished); err == nil {
		return p, nil
	}
	w := &writer{size: size, draw: rand.New(rand.NewPCG(seed, 30)), clock: p.clock}
	p.Rand = bytes{w.draw}
	defer w.clock.goOn()
	p.clock.set(end)
	if err := p.EnsureDemo(ctx); err != nil {
		return nil, err
	}
	if w.world, err = world.Open(filepath.Join(p.Data, "world.db"), w.draw); err != nil {
		return nil, err
	}
	s, err := p.Open(ctx)
	if err != nil {
		return nil, errors.Join(err, w.world.Close())
	}
	w.service = s.Service
	err = errors.Join(w.all(ctx), s.Close(ctx), w.world.Close())
	if err == nil {
		err = os.WriteFile(finished, nil, 0o600)
	}
	return p, err
}

// bytes is a source of randomness as a stream; one goroutine writes.
type bytes struct{ draw *rand.Rand }

func (b bytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b.draw.Uint32())
	}
	return len(p), nil
}

// writer writes one practice.
type writer struct {
	size     Size
	draw     *rand.Rand
	clock    *clock
	world    *world.World
	service  *prescribing.Service
	practice rx.Practice
	drugs    []rx.Medicine
	n        int // prescriptions so far
}

func (w *writer) all(ctx context.Context) (err error) {
	if w.practice, err = w.service.Practice(ctx); err != nil {
		return err
	}
	for _, m := range w.service.Medicines.Search("exemple", 0) {
		if m.CNK == "" || m.Unit == "" {
			continue
		}
		_, _, err := w.service.Check(rx.Request{ID: "00000000-0000-7000-8000-000000000000", Patient: w.person(0), Lines: []rx.Line{line(m, 3)}}, prescribing.How{})
		if err == nil { // else it is nothing to be taken three times a day
			w.drugs = append(w.drugs, m)
		}
	}
	if len(w.drugs) < 10 {
		return fmt.Errorf("only %d medicines", len(w.drugs))
	}
	step := end.Sub(end.AddDate(-30, 0, 0)) / time.Duration(w.size.Orders+1)
	for n := range w.size.Orders {
		at := end.AddDate(-30, 0, 0).Add(time.Duration(n+1) * step)
		if left := w.size.Orders - n; left*3 <= w.size.Open+w.size.Waiting { // the open ones are of the last weeks
			at = end.Add(-time.Duration(left) * 100 * time.Minute)
		}
		if left := w.size.Orders - n; left*3 <= w.size.Waiting {
			at = end.Add(-time.Duration(left) * time.Minute)
		}
		w.clock.set(at)
		if err := w.order(ctx, at); err != nil {
			return err
		}
		if n%200 == 0 { // as after each claim: the log is folded
			if err := w.service.Store.Outside(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	firstNames = []string{"Marie", "Luc", "Anne", "Jean", "Sofie", "Pieter", "Nora", "Émile", "Lotte", "Karim", "Élise", "Wout", "Amina", "Jules", "Inès", "Bram"}
	lastNames  = []string{"Exemple", "Voorbeeld", "Démo", "Fictif", "Fictief", "Essai", "Modèle", "Maquette", "Proef", "Schets", "Esquisse", "Ébauche", "Ontwerp", "Leurre"}
	endings    = []string{"", "mans", "eau", "sen", "aert", "ier", "ois", "inck", "art", "elle", "oux", "gem", "in", "ot", "ette", "uys"}
)

// person is the n-th patient.
func (w *writer) person(n int) rx.Patient {
	birth := rx.Date{Year: 1930 + n%60, Month: time.Month(1 + n/60%12), Day: 1 + n%28}
	first := int64(birth.Year%100)*10_000_000 + int64(birth.Month)*100_000 + int64(birth.Day)*1000 + int64(1+2*(n/720%400))
	p := rx.Patient{SSIN: rx.SSIN(fmt.Sprintf("%09d%02d", first, 97-first%97)), FirstName: firstNames[n%len(firstNames)],
		LastName: lastNames[n/16%len(lastNames)] + endings[n/224%len(endings)], BirthDate: birth, Sex: rx.Male, Language: rx.FR}
	if n%2 == 1 {
		p.Language = rx.NL
	}
	return p
}

func line(m rx.Medicine, timesPerDay int) rx.Line {
	return rx.Line{Kind: rx.Package, CNK: m.CNK, Quantity: 1, Posology: rx.Posology{Dose: 1000, Unit: m.Unit, TimesPerDay: timesPerDay, DurationDays: 10}}
}

// order writes one order of three lines with all that happened to it.
func (w *writer) order(ctx context.Context, at time.Time) error {
	who := w.n / 3 % w.size.Patients // everybody has been there
	if w.n/3 >= w.size.Patients {
		who = w.draw.IntN(w.size.Patients)
	}
	order, err := rx.NewID(at, bytes{w.draw})
	if err != nil {
		return err
	}
	r := rx.Request{ID: order, Patient: w.person(who)}
	var ids []rx.ID
	var posology []string
	for _, m := range w.draw.Perm(len(w.drugs))[:3] {
		l := line(w.drugs[m], 1+w.draw.IntN(3))
		r.Lines = append(r.Lines, l)
		posology = append(posology, i18n.Posology(r.Patient.Language, l.Posology))
		id, err := rx.NewID(at, bytes{w.draw})
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	checked, _, err := w.service.Check(r, prescribing.How{})
	if err != nil {
		return err
	}
	facts, err := rx.Freeze(rx.Issuance{Checked: checked, Practice: w.practice, IDs: ids, At: w.service.Now(), Posology: posology, Medicines: w.service.Medicines.Version()})
	if err != nil {
		return err
	}
	issue := rx.Issue{Order: order, Patient: r.Patient, At: w.service.Now(), Request: []byte(order)}
	for i, f := range facts {
		item := rx.IssueItem{Prescription: rx.Initial(ids[i], f), Facts: f}
		if item.Message, err = w.service.Composer.Compose(f); err != nil {
			return err
		}
		if item.Events, err = w.life(item, at); err != nil {
			return err
		}
		for _, e := range item.Events {
			if item.Prescription, _, err = rx.Step(item.Prescription, e); err != nil {
				return err
			}
		}
		issue.Items = append(issue.Items, item)
		w.n++
	}
	_, err = w.service.Store.Issue(ctx, issue)
	return err
}

// life is what happened to a prescription until today.
func (w *writer) life(item rx.IssueItem, at time.Time) ([]rx.Event, error) {
	left := w.size.Orders*3 - w.n
	switch {
	case left <= w.size.Waiting:
		return nil, nil
	case left <= w.size.Waiting+w.size.Open:
		return w.open(item, at)
	}
	ago := func(d time.Duration) time.Time { return at.Add(d).In(w.clock.zone) }
	switch w.draw.IntN(25) {
	case 0:
		sheet := &rx.Sheet{ID: rx.ID("5" + string(item.Prescription.ID[1:]))}
		return []rx.Event{
			{Kind: rx.EventClaimed, At: ago(0), Paper: "outage-recipe", Sheet: sheet}, {Kind: rx.EventPrinted, At: ago(time.Minute), Sheet: sheet},
			{Kind: rx.EventOut, At: ago(2 * time.Minute), Sheet: sheet}, {Kind: rx.EventHandedOver, At: ago(3 * time.Minute), Sheet: sheet},
			{Kind: rx.EventNoted, At: ago(time.Hour)},
		}, nil
	case 1:
		return []rx.Event{{Kind: rx.EventWithdrawn, At: ago(time.Minute), Reason: "stopped"}}, nil
	}
	rid, status := rx.RID(fmt.Sprintf("BEP1%08d", w.n)), rx.Delivered
	if w.draw.IntN(20) == 0 {
		status = rx.Expired
	}
	return []rx.Event{
		{Kind: rx.EventMarked, At: ago(time.Second), Attempt: &rx.Attempt{Key: rx.KeyID("key of " + rid), Expires: ago(time.Minute)}},
		{Kind: rx.EventAccepted, At: ago(2 * time.Second), N: 1, RID: rid}, {Kind: rx.EventReadBack, At: ago(3 * time.Second), RID: rid, Ours: true},
		{Kind: rx.EventChecked, At: ago(5 * time.Minute), N: 1},
		{Kind: rx.EventStatusRead, At: ago(72 * time.Hour), RID: rid, Status: status, ServerAt: ago(72 * time.Hour)},
	}, nil
}

// open sends it to the simulated Recip-e, where it still is.
func (w *writer) open(item rx.IssueItem, at time.Time) ([]rx.Event, error) {
	key := w.world.Process(rx.Call{Op: rx.OpNewKey, Patient: item.Facts.Patient.SSIN}, world.Twist{}, at)
	reply := w.world.Process(rx.Call{Op: rx.OpCreate, Patient: item.Facts.Patient.SSIN, Parcel: &rx.Parcel{
		Prescription: item.Prescription.ID, Attempt: 1, Patient: item.Facts.Patient.SSIN, Type: item.Facts.Type, Expires: item.Prescription.Expires,
		Local: item.Prescription.LocalID(), Message: item.Message, Key: key.Key, Signed: at, SignedUntil: at.Add(time.Minute),
	}}, world.Twist{}, at)
	if !key.OK() || !reply.OK() {
		return nil, errors.New("the simulated services refuse")
	}
	at = at.In(w.clock.zone)
	return []rx.Event{
		{Kind: rx.EventMarked, At: at, Attempt: &rx.Attempt{Key: key.Key.ID, Expires: at.Add(time.Minute)}},
		{Kind: rx.EventAccepted, At: at, N: 1, RID: reply.RID}, {Kind: rx.EventReadBack, At: at, RID: reply.RID, Ours: true},
		{Kind: rx.EventChecked, At: at.Add(5 * time.Minute), N: 1},
	}, nil
}
