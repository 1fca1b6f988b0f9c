package wiring

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"relais/app/config"
	"relais/app/documents"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/assets"
	"relais/data/medicines"
	"relais/data/store"
	"relais/data/vault"
	"relais/sync/recipe/kmehr"
	"relais/sync/simulator/world"
)

// medicinesDay is the day of the demonstration's medicines file.
var medicinesDay = rx.Date{Year: 2026, Month: time.November, Day: 22}

// worldFile is where the simulated services of a directory keep their truth. It is of
// simulated environments alone and never part of a backup.
const worldFile = "world.db"

// pkiDir is the PKI of those services: keys of nobody, unsealed, for this account alone. What is said of worldFile holds.
const pkiDir = "pki"

// Session is an open data directory. Its methods may be called from any goroutine.
type Session struct {
	Service *prescribing.Service
	Profile config.Profile

	dir      Directory
	db       *store.DB
	keys     *vault.Keys
	services *services
	news     bell // rings when what is known of services or engine has changed

	verified atomic.Bool // the database was held against its journal in this session
	report   *Report     // nil, or opened for reading only: what was found

	mu       sync.Mutex
	world    *world.World // nil: not opened yet
	platform *platform    // nil: not begun yet
	engine   sender       // that runs here, nil when none does
	next     time.Time    // when it tries something again at the latest; zero: unknown
}

// opener is store.Open or what stands in its place.
type opener func(context.Context, store.Options) (*store.DB, error)

func (d Directory) session(ctx context.Context, v *vault.Vault, keys *vault.Keys, profile config.Profile, open opener) (*Session, error) {
	list, err := medicines.Load("demo-"+medicinesDay.String(), assets.DemoMedicines)
	if err != nil {
		return nil, err
	}
	db, err := open(ctx, d.options(v, keys))
	if err != nil {
		return nil, err
	}
	s := &Session{Profile: profile, dir: d, db: db, keys: keys, report: db.Found()}
	s.services = &services{keep: db, told: s.news.ring}
	pressed := press{profile.Simulated, d.Now, func(name string) ([]byte, error) { return db.Setting(context.WithoutCancel(ctx), name) }}
	s.Service = &prescribing.Service{
		Store: d.stepsOf(db), Medicines: list, Composer: kmehr.Composer{Software: software}, Press: d.stepsIn(pressed),
		Waits: profile.Waits, Now: d.Now, Rand: d.Rand, Shows: documents.Shows, Changed: s.changed, Degraded: s.services.inDoubt,
	}
	s.Service.Over, s.Service.Stock = s.over, stock{db, pressed}
	s.Service.Platform, s.Service.Index, s.Service.Access = caller{s}, db, s.access
	if err := s.services.load(ctx); err != nil {
		return nil, errors.Join(err, db.Close(ctx))
	}
	return s, nil
}

// readProfile takes the waits of a custom profile from the directory.
func (s *Session) readProfile(ctx context.Context) error {
	kept, err := s.db.Setting(ctx, settingProfile)
	if s.report != nil && rx.CodeOf(err) == rx.CodeNotFound {
		return nil // damaged: nothing will be sent, so nothing waits
	}
	if err != nil {
		return err
	}
	s.Profile, err = config.Kept(s.Profile.Environment, kept)
	s.Service.Waits = s.Profile.Waits
	return err
}

// Close closes in reverse order. Nothing of the session may be under way.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.leave()
	if s.world != nil {
		err = errors.Join(err, s.world.Close())
		s.world = nil
	}
	err = errors.Join(err, s.db.Close(ctx))
	s.keys.Close()
	return err
}

// TryWindow takes the lock of the directory's one window; CodeWindowBusy.
func (s *Session) TryWindow() (release func() error, err error) { return s.db.TryWindow() }

// Services tells what is known of the remote services, in the order of rx.Services.
func (s *Session) Services(ctx context.Context) ([]Seen, error) {
	if err := s.services.load(ctx); err != nil { // another process may know more
		return nil, err
	}
	return s.services.all(), nil
}

// Unchecked tells whether something was accepted of which a second record at Recip-e has
// not been excluded yet: the engine has a look to make, when its time has come.
func (s *Session) Unchecked(ctx context.Context) (bool, error) {
	tasks, err := s.db.Work(ctx)
	now := s.dir.Now()
	return slices.ContainsFunc(tasks, func(t rx.Task) bool { return rx.ToLook(t.Prescription, now) }), err
}

// Learn reads what searches by words need, so that the first one of the session does not
// wait for it. It rests for as long as it works: whatever is done meanwhile goes before.
func (s *Session) Learn(ctx context.Context) error {
	for {
		start := time.Now()
		more, err := s.db.LearnWords(ctx)
		if err != nil || !more {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Since(start)):
		}
	}
}

// MedicinesAge is the age of the medicines file in days.
func (s *Session) MedicinesAge() int { return max(0, medicinesDay.DaysUntil(rx.DateOf(s.dir.Now()))) }

// Fault is an entry of a fault plan (formats, "Fault plan"); From and For are counted from
// the moment when the plan is set.
type Fault struct {
	Service   rx.Service
	Operation rx.Op // "" all that the kind befalls
	Kind      string
	After     int // calls to let pass first
	Count     int // 0: without end
	From, For time.Duration
}

// SetPlan lets calls to the simulated services fail in these ways, in place of the ways
// before; none ends all that. CodeOnlySimulated elsewhere; what the simulated services
// cannot play is refused whole, each fault with its JSON path.
func (s *Session) SetPlan(faults []Fault) error {
	w, err := s.simulated()
	if err != nil {
		return err
	}
	return w.SetPlan(plan(faults), s.dir.Now())
}

func plan(faults []Fault) []world.Fault {
	list := make([]world.Fault, len(faults))
	for i, f := range faults {
		list[i] = world.Fault{Service: f.Service, Operation: f.Operation, Kind: world.Kind(f.Kind), After: f.After, Count: f.Count, From: f.From, For: f.For}
	}
	return list
}

// simulated opens the world of the directory at its first use.
func (s *Session) simulated() (*world.World, error) {
	switch {
	case s.report != nil:
		return nil, rx.Fault(rx.CodeReadingOnly)
	case s.Profile.Platform != nil:
		return nil, rx.Fault(CodeOnlySimulated)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.world != nil {
		return s.world, nil
	}
	src, err := s.dir.source()
	if err == nil {
		s.world, err = world.Open(filepath.Join(s.dir.Data, worldFile), src)
	}
	if err == nil && !s.dir.Protocol.Double {
		s.world.Behind() // plans may name what the protocol plays
	}
	return s.world, err
}

// Watch tells of changes, by whichever process, until ctx ends: first at once with no
// ids, then after each change with the prescriptions that it touched, and with no ids when
// what is known of services or engine has changed.
func (s *Session) Watch(ctx context.Context, every time.Duration, changed func([]rx.ID)) error {
	last, _, err := s.db.Changes(ctx, math.MaxInt64) // the present number, and no ids
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	rings, stop := s.news.listen()
	defer stop()
	changed(nil)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-rings:
			changed(nil)
			continue
		case <-tick.C:
		}
		now, ids, err := s.db.Changes(ctx, last)
		if err == nil && now != last {
			last = now
			if err = s.services.load(ctx); err == nil { // another process may have seen more
				changed(ids)
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && rx.CodeOf(err) != rx.CodeBusy:
			return err
		}
	}
}

// bell tells listeners that something changed; who does not listen in time hears it once.
type bell struct {
	mu        sync.Mutex
	listeners map[chan struct{}]bool
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for l := range b.listeners {
		select {
		case l <- struct{}{}:
		default:
		}
	}
}

func (b *bell) listen() (rings <-chan struct{}, stop func()) {
	l := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listeners == nil {
		b.listeners = map[chan struct{}]bool{}
	}
	b.listeners[l] = true
	return l, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners, l)
	}
}
