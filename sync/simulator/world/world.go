package world

import (
	"math/rand/v2"
	"sync"
	"time"

	"relais/app/rx"
)

// World is one simulated server. Its methods may be called by several goroutines.
type World struct {
	mu     sync.Mutex
	shelf  backend
	src    rand.Source // of RIDs, key ids and secrets
	random *random
	err    error
	watch  func(error) // nil: nobody

	protocol bool // one stands in front
}

// Settings of the server; zero values are the defaults.
type Settings struct {
	Offset        time.Duration // server's clock against the caller's
	Latency       time.Duration // of one way of a call that meets no random fault
	Page          int           // entries of a list's page; 0: whole lists
	KeepInProcess bool          // a revoke of a record in process is refused (reliability facts §2.7, A11)
}

// New makes a world in memory. src decides RIDs, key ids and secrets.
func New(src rand.Source) *World {
	return &World{shelf: newMemory(), src: src}
}

// Close gives the file back; a world in memory has nothing to close.
func (w *World) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shelf.close()
}

// Err is the first failure of the storage, nil while there was none.
func (w *World) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Watch lets somebody be told of each failure of the storage, CodeStorage, and of each call that was set aside, CodeAside, at
// the time. It must not call the world.
func (w *World) Watch(told func(error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watch = told
}

func (w *World) tell(err error) {
	if w.watch != nil {
		w.watch(err)
	}
}

// Set changes the settings.
func (w *World) Set(s Settings) error {
	return w.do(time.Time{}, func(tx shelf) {
		c := tx.control()
		c.Settings = s
		tx.setControl(c)
	})
}

// Settings gives them.
func (w *World) Settings() (s Settings, err error) {
	err = w.do(time.Time{}, func(tx shelf) { s = tx.control().Settings })
	return s, err
}

// do performs f in one transaction, after what was on its way and due by then.
func (w *World) do(at time.Time, f func(tx shelf)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	tx, err := w.shelf.begin()
	if err == nil {
		w.advance(tx, at)
		f(tx)
		err = tx.commit()
	}
	if err != nil {
		err = rx.Fault(CodeStorage).Because(err)
		if w.err == nil {
			w.err = err
		}
		w.tell(err)
	}
	return err
}

// backend keeps a world.
type backend interface {
	begin() (shelf, error)
	close() error
}

// shelf is one transaction on what a world keeps. The first failure of storage
// stays with it: from then on it finds nothing, and commit gives the failure back
// with nothing written. Slices and records that it gives are read at once and
// changed only through it.
type shelf interface {
	control() *control // never nil
	setControl(*control)

	key(rx.KeyID) (keyRow, bool)
	addKey(rx.KeyID, keyRow)
	putKey(rx.KeyID, keyRow)
	keys() map[rx.KeyID]keyRow

	record(rx.RID) *Record // nil when there is none
	addRecord(*Record)     // gives it the next Seq
	putRecord(*Record)
	ofPatient(rx.SSIN) []*Record // by Seq
	ofLocal(rx.ID) []*Record
	records() []*Record

	addMessage(Message)
	messages() []Message // by Seq
	putMessage(Message)

	addFlight(*flight) // gives it the next ID
	flight(id int64) *flight
	putFlight(*flight)
	dropFlight(id int64)
	due(at time.Time) int64  // the earliest that is still to be processed by then, 0 when none
	forget(before time.Time) // drops the replies to passes processed before then

	// attempt performs flight id. When that fails nothing of it is left, the flight is set
	// aside for good, and failed says why.
	attempt(id int64, do func()) (failed error)
	setAside() int // how many there are

	commit() error
}

// control is what governs the server beside its records.
type control struct {
	Settings
	Plan *plan
}

// server is the server's clock when the caller's shows at.
func (c *control) server(at time.Time) time.Time { return at.Add(c.Offset) }

type keyRow struct {
	Patient rx.SSIN
	Secret  []byte
	Access  Access
}
