package wiring

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"relais/app/config"
	"relais/app/crash"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/data/store"
	"relais/sync/simulator/world"
)

// House is a data directory in front of which a window stands, still locked.
type House struct {
	dir         Directory
	environment string // "" where there is nothing yet
	demo        bool
	lang        rx.Lang
	Home        string              // where an export is put
	Getenv      func(string) string // names the spooler (CUPS_SERVER); nil: nothing is printed
	harmed      *atomic.Bool        // the engine's check found damage: from then on it is read only
}

// NewHouse is the house of a directory; lang is the person's language. The
// demonstration's directory is made when there is none.
func NewHouse(ctx context.Context, d Directory, demo bool, lang rx.Lang) (*House, error) {
	if demo {
		if err := d.EnsureDemo(ctx); err != nil {
			return nil, err
		}
	}
	d.sweep()
	environment, err := d.Environment()
	return &House{dir: d, environment: environment, demo: demo, lang: lang, harmed: &atomic.Bool{}}, err
}

// NewFirstStart is the house where there is no directory yet: nothing can be unlocked
// before the person has chosen. d is where it would be; what stands in the way of that is
// told. demonstration is where the demonstration's directory is, or will be.
func NewFirstStart(d, demonstration Directory, lang rx.Lang) (*House, error) {
	if err := d.free(); err != nil {
		return nil, err
	}
	return &House{dir: demonstration, lang: lang}, nil
}

// FirstStart tells that there is no directory yet.
func (h *House) FirstStart() bool { return h.environment == "" }

// Working is why real work cannot begin yet: what is missing. nil when it can.
func (h *House) Working() error {
	production, _ := config.Built(config.Production)
	return production.Ready()
}

// Try chooses the demonstration at the first start, whose directory is made when there is
// none. The place of the real one stays empty: what is tried never becomes real.
func (h *House) Try(ctx context.Context) error {
	tried, err := NewHouse(ctx, h.dir, true, h.lang)
	if err == nil {
		tried.Home, tried.Getenv = h.Home, h.Getenv
		*h = *tried
	}
	return err
}

// DemoPassphrase opens the demonstration's directory; "" everywhere else.
func (h *House) DemoPassphrase() string {
	if h.demo {
		return DemoPassphrase
	}
	return ""
}

// Simulated tells that all services of the directory are simulated.
func (h *House) Simulated() bool {
	p, built := config.Built(h.environment)
	return !h.FirstStart() && (!built || p.Simulated)
}

// Language is that of the screen before anything can be read.
func (h *House) Language() rx.Lang { return h.lang }

// Unlock opens the directory, takes the lock of its one window and starts the engine, as
// soon as no other process sends. passphrase is wiped.
//
// CodeDamaged when the directory cannot be opened, or the check before the first create
// found damage after it was: UnlockReadOnly is the way on.
func (h *House) Unlock(ctx context.Context, passphrase []byte) (_ *Desk, err error) {
	s, err := h.dir.Open(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	if h.harmed.Load() { // the passphrase was right
		return nil, errors.Join(rx.Fault(rx.CodeDamaged), s.Close(ctx))
	}
	d := &Desk{session: s, getenv: h.Getenv, checked: make(chan struct{}), harmed: h.harmed}
	if d.release, err = s.TryWindow(); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	if err := d.forget(); err != nil { // what a window that was killed left
		return nil, errors.Join(err, d.release(), s.Close(ctx))
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	d.works.Go(func() { d.send(working) })
	d.works.Go(func() { d.learn(working) })
	return d, nil
}

// UnlockReadOnly opens what can be read of the directory, see Directory.OpenReadOnly. No
// engine works, and no lock is taken. passphrase is wiped.
func (h *House) UnlockReadOnly(ctx context.Context, passphrase []byte) (*Desk, error) {
	s, err := h.dir.OpenReadOnly(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	return &Desk{session: s, stop: func() {}, release: func() error { return nil }, home: h.Home}, nil
}

// Desk is the open directory of a window. All its methods may be called from any
// goroutine.
type Desk struct {
	session *Session
	release func() error // the lock of the window
	stop    func()
	works   sync.WaitGroup // what stop ends
	home    string         // where an export is put
	root    string         // of an exercise, removed at the end; "" of any other
	getenv  func(string) string
	telling sync.Mutex // of jobs that nobody heard of
	harmed  *atomic.Bool
	first   sync.Once
	checked chan struct{} // closed once the engine works, or cannot

	mu    sync.Mutex
	fault error // of the engine
}

// send runs the engine, or waits until no other process does.
func (d *Desk) send(ctx context.Context) {
	defer crash.Guard()
	for {
		err := d.session.Send(ctx, d.met)
		if ctx.Err() != nil {
			return
		}
		d.met(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(4 * poll):
		}
	}
}

// learn reads ahead what searches need, when the check before the first create is over: sending goes first. A
// search that meets what cannot be read says so; here nobody asked.
func (d *Desk) learn(ctx context.Context) {
	defer crash.Guard()
	select {
	case <-ctx.Done():
	case <-d.checked:
		_ = d.session.Learn(ctx)
		debug.FreeOSMemory() // once: what a session of thirty years read to begin with is not needed again
	}
}

// met keeps what the engine met, and tells of it.
func (d *Desk) met(err error) {
	d.first.Do(func() { close(d.checked) })
	if rx.CodeOf(err) == rx.CodeDamaged {
		d.harmed.Store(true)
	}
	d.mu.Lock()
	changed := rx.CodeOf(d.fault) != rx.CodeOf(err)
	d.fault = err
	d.mu.Unlock()
	if changed {
		d.session.news.ring()
	}
}

// Fault is why this process's engine stopped or the last of its writes failed, nil while
// it works; engine-busy when another process sends in its place.
func (d *Desk) Fault() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fault
}

// ReadingOnly tells that the directory is open for reading only, with how many of how many
// prescriptions are sound, and how many of the last lines of the journal are gone.
func (d *Desk) ReadingOnly() (yes bool, sound, all, ends int) {
	r := d.session.Report()
	if r == nil {
		return false, 0, 0, 0
	}
	return true, r.Prescriptions.Sound, r.Prescriptions.All, int(r.Ends)
}

// Export writes what is sound into a new directory in the person's home, and tells where;
// see Session.Export.
func (d *Desk) Export(ctx context.Context) (dir string, err error) {
	dir = filepath.Join(d.home, "relais-export-"+d.session.dir.Now().Format("20060102-150405"))
	_, err = d.session.Export(ctx, dir)
	return dir, err
}

// Service is the use cases.
func (d *Desk) Service() *prescribing.Service { return d.session.Service }

// Watch tells of changes until ctx ends, see Session.Watch.
func (d *Desk) Watch(ctx context.Context, changed func([]rx.ID)) error {
	return d.session.Watch(ctx, poll, changed)
}

// Seen is what the last calls said of a service; since is zero when it was never called.
func (d *Desk) Seen(service rx.Service) (reached bool, since, answered time.Time, failures int, why string) {
	for _, k := range d.session.services.all() {
		if k.Service == service {
			return k.Reached, k.Since, k.Answered, k.Failures, k.Why
		}
	}
	return false, time.Time{}, time.Time{}, 0, ""
}

// Next is when something is tried again at the latest; zero when another process sends, or
// the engine has not begun.
func (d *Desk) Next() time.Time {
	d.session.mu.Lock()
	defer d.session.mu.Unlock()
	return d.session.next
}

// Retry tries at once what waits for a service that did not answer: each ten seconds at
// most, whoever wishes it how often. Nothing happens while another process sends.
func (d *Desk) Retry() { d.session.tell(sender.Retry) }

// weather is a plan of the drill switch.
type weather struct {
	name string
	plan []Fault
}

// weathers are what the drill switch knows. What hangs or is lost are the prescriptions
// alone, so that the doctor sees what is sent without an answer, and how it is found out;
// down is everything.
var weathers = []weather{
	{"fair", nil},
	{"down", []Fault{{Kind: string(world.RefuseConnect)}}},
	{"hang", []Fault{{Operation: rx.OpCreate, Kind: string(world.Hang)}}},
	{"drop", []Fault{{Operation: rx.OpCreate, Kind: string(world.Drop)}}},
}

// Weather is what the simulated services do now: fair, down, hang or drop; "" where
// services are real. A plan of another kind counts by its first fault of a known one.
func (d *Desk) Weather() string {
	w, err := d.session.simulated()
	if err != nil {
		return ""
	}
	faults, _, err := w.Plan()
	if err != nil {
		return ""
	}
	for _, f := range faults {
		for _, weather := range weathers {
			if len(weather.plan) > 0 && weather.plan[0].Kind == string(f.Kind) {
				return weather.name
			}
		}
	}
	return weathers[0].name
}

// SetWeather changes that at once, also for what waits.
func (d *Desk) SetWeather(_ context.Context, kind string) error {
	for _, weather := range weathers {
		if weather.name == kind {
			defer d.Retry()
			return d.session.SetPlan(weather.plan)
		}
	}
	return rx.Fault(rx.CodeNotInList, "list", "fair, down, hang, drop")
}

// printing is where documents wait for the printer. They stay for at most keepPDF, and
// not longer than the window.
const (
	printing = "printing"
	keepPDF  = 10 * time.Minute
)

// SavePDF keeps a document for its printing, readable by this account alone, and tells
// where. A file of that name is never replaced: the new one gets a number.
func (d *Desk) SavePDF(name string, pdf []byte) (string, error) {
	if d.session.report != nil {
		return "", rx.Fault(rx.CodeReadingOnly)
	}
	dir := filepath.Join(d.session.dir.Data, printing)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fromVault(err)
	}
	base := strings.TrimSuffix(filepath.Base(name), ".pdf")
	for n := 1; ; n++ {
		path := filepath.Join(dir, base+".pdf")
		if n > 1 {
			path = filepath.Join(dir, base+"-"+strconv.Itoa(n)+".pdf")
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fromVault(err)
		}
		_, err = f.Write(pdf)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", fromVault(errors.Join(err, os.Remove(path)))
		}
		time.AfterFunc(keepPDF, func() { _ = os.Remove(path) }) // Close removes what this cannot
		return path, nil
	}
}

// sweep removes the documents that a window left which was killed, before anything is unlocked. What it cannot remove is told
// by Unlock, which does the same.
func (d Directory) sweep() {
	dir := filepath.Join(d.Data, printing)
	if _, err := os.Lstat(dir); err != nil {
		return // nothing is left, and nothing is written in the directory
	}
	release, err := store.TryWindow(d.Data)
	if err != nil {
		return // of a window that is open
	}
	_ = os.RemoveAll(dir)
	_ = release()
}

// forget removes the documents.
func (d *Desk) forget() error {
	if d.session.report != nil {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(d.session.dir.Data, printing)); err != nil {
		return fromVault(err)
	}
	return nil
}

// Close stops the engine, removes the documents, gives back the locks and forgets the
// keys.
func (d *Desk) Close(ctx context.Context) error {
	d.stop()
	d.works.Wait()
	err := errors.Join(d.forget(), d.session.Close(ctx), d.release())
	if d.root != "" {
		err = errors.Join(err, fromVault(os.RemoveAll(d.root)))
	}
	return err
}
