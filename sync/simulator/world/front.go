package world

import (
	"time"

	"relais/app/rx"
)

// Target is what a call is for: an operation, or a service alone where the call is none of
// rx.Ops (a session, an encryption token, the reading of a key).
type Target struct {
	Service rx.Service
	Op      rx.Op
}

// Behind tells the world that the protocol stands in front of it: plans may name the faults and
// services of the protocol, which asks for what becomes of a call in two steps:
//
//	w.Connect(service, at)        // before anything of the call is known
//	fate := w.Meet(target, at)    // when it was read: never Refuses
//	ticket, err := w.Dispatch(call, by, fate, at)
//	answer := w.Collect(ticket, at+fate.End)
//
// A refusal of the connection, and a failure of TLS, thus strike connections to a service; those
// of an operation the next connection to its service, whatever call it was made for.
func (w *World) Behind() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.protocol = true
}

// Connect counts a connection to a service and tells what becomes of it: RefuseConnect, TLSFail,
// or "" when it is made.
func (w *World) Connect(s rx.Service, at time.Time) (met Kind) {
	err := w.do(at, func(tx shelf) {
		if w.random != nil && w.random.by(w.random.RefuseConnect) {
			met = RefuseConnect
		}
		c := tx.control()
		if c.Plan == nil {
			return
		}
		since := at.Sub(c.Plan.Set)
		for i, f := range c.Plan.Faults {
			if f.Kind != RefuseConnect && f.Kind != TLSFail || !f.fitsConnection(s, since) {
				continue
			}
			tx.setControl(c)
			if c.Plan.turn(i) && met == "" {
				met = f.Kind
			}
		}
	})
	if err != nil {
		return "" // the call hears what is wrong
	}
	return met
}

// fitsConnection tells whether f is about a connection that is made so long after the plan was set.
func (f Fault) fitsConnection(s rx.Service, since time.Duration) bool {
	to := Target{Service: s, Op: f.Operation}
	if s == rx.Recipe && f.Operation == "" {
		to.Op = rx.OpStatus // any: the kind befalls them all
	}
	return (f.Operation == "" || f.Operation.Service() == s) && f.fits(to, since)
}

// Meet decides what becomes of a call whose connection was made, as Fate does. Nothing else
// happens yet.
func (w *World) Meet(to Target, at time.Time) (fate Fate) {
	if err := w.do(at, func(tx shelf) { fate = w.fate(tx, to, at, RefuseConnect, TLSFail) }); err != nil {
		return Fate{Protocol: Unspecified} // what a server whose storage fails can say
	}
	return fate
}

// Dispatch puts the passes of a call with a given fate on their way, in the name of a prescriber,
// as Send does.
func (w *World) Dispatch(call rx.Call, by rx.NIHII, fate Fate, start time.Time) (ticket Ticket, err error) {
	err = w.do(start, func(tx shelf) { ticket = dispatch(tx, call, by, fate, start) })
	return ticket, err
}

// Access is the list of those who may read a key of the KGSS.
type Access struct{ Allowed, Excluded []Reader }

// Reader is whoever has an attribute with one of the values; an empty value stands for any.
type Reader struct {
	Namespace, Name string
	Values          []string
}

// Grant keeps the access list of a key; CodeNotFound.
func (w *World) Grant(id rx.KeyID, access Access) error {
	return w.withKey(id, func(tx shelf, row keyRow) {
		row.Access = access
		tx.putKey(id, row)
	})
}

// Access gives the access list of a key; CodeNotFound.
func (w *World) Access(id rx.KeyID) (access Access, err error) {
	err = w.withKey(id, func(_ shelf, row keyRow) { access = row.Access })
	return access, err
}

func (w *World) withKey(id rx.KeyID, do func(shelf, keyRow)) error {
	found := false
	err := w.do(time.Time{}, func(tx shelf) {
		var row keyRow
		if row, found = tx.key(id); found {
			do(tx, row)
		}
	})
	if err == nil && !found {
		err = rx.Fault(rx.CodeNotFound)
	}
	return err
}
