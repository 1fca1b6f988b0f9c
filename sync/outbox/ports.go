package outbox

import (
	"context"
	"time"

	"relais/app/rx"
)

// Store is what the engine needs of the keeper of prescriptions. Each method is
// one transaction, durable when it returns without an error.
type Store interface {
	// Work lists the prescriptions for which something may be owed to Recip-e:
	// waiting, on the wire, without answer, to be revoked, to be checked, or
	// confirmed and still open there. The list stays the store's: it is only read.
	Work(ctx context.Context) ([]rx.Task, error)

	// Apply is rx.Step on the row at version: compare and set. A row of another
	// version answers CodeConflict and nothing is written. Version 0 takes the row
	// as it stands: for facts that came from outside (an answer, a record found),
	// which are true whatever the doctor did meanwhile. A RID that another
	// prescription bears answers CodeRIDTaken.
	Apply(ctx context.Context, id rx.ID, version int64, e rx.Event) (rx.Prescription, error)

	// Mark claims the electronic door: in one transaction it takes one unused key
	// of the patient, applies EventMarked with it and gives what the create
	// carries. Without a key it answers CodeNoKey. signed and until are the
	// timestamp's, by the server's clock.
	Mark(ctx context.Context, id rx.ID, version int64, at, signed, until time.Time) (rx.Parcel, rx.Prescription, error)

	// AddKey keeps a fresh key of the patient's pool. A key names the number for which it was asked: CodeConflict when that is not the
	// patient's number any more.
	AddKey(ctx context.Context, patient rx.ID, asked rx.SSIN, key rx.Key) error

	// Writing gives the patients with a number, known here, of whom a draft was changed at or
	// after since, in an order that is always the same. Nothing while drafts cannot be read.
	Writing(ctx context.Context, since time.Time) ([]rx.Writing, error)

	// DropKeys forgets the keys that no prescription which waits will need (each needs one, and
	// the oldest are kept), of those that were kept before that moment; zero: of all. Where there are
	// none nothing is written.
	DropKeys(ctx context.Context, before time.Time) error

	// Outside writes and syncs the outside mark; after a door is claimed and
	// before its act.
	Outside(ctx context.Context) error

	// Unowned gives those of rids that no prescription here bears, in order.
	Unowned(ctx context.Context, rids []rx.RID) ([]rx.RID, error)
}

// Remote is the seam to the services: the simulated world and the real client
// both stand behind it and pass the same conformance suite (test/seam). Do never
// repeats a create by itself, and honours ctx by giving up with Unanswered (or
// NotSent when no byte was written).
type Remote interface {
	Do(ctx context.Context, call rx.Call) rx.Reply
}
