package prescribing

import (
	"context"

	"relais/app/rx"
)

// Store keeps. Each method is one transaction, durable when it returns nil.
type Store interface {
	// Issue writes the order once: an order of the same id and the same keyed
	// hash of the request is given back (Existing), of another hash it answers
	// CodeOtherSame. One transaction, one fsync. The patient's row is found by
	// SSIN (else by name and birth date) or made. In a directory that was restored
	// after the order's id was made, every prescription of it gets EventRestored in
	// the same transaction: the lost copy may have issued it, and sent or redone it.
	Issue(ctx context.Context, issue rx.Issue) (rx.Issued, error)

	// Existing gives the order of that id when it was issued before from the same
	// request (compared by the keyed hash), also when today's rules would refuse
	// the request; of another request it answers CodeOtherSame.
	Existing(ctx context.Context, order rx.ID, request []byte) (issued rx.Issued, found bool, err error)

	// Apply is rx.Step on the row at version; see outbox.Store.
	Apply(ctx context.Context, id rx.ID, version int64, e rx.Event) (rx.Prescription, error)

	// Outside writes and syncs the outside mark.
	Outside(ctx context.Context) error

	Order(ctx context.Context, id rx.ID) (rx.Issued, error)   // CodeNotFound
	Item(ctx context.Context, id rx.ID) (rx.Item, error)      // CodeNotFound
	List(ctx context.Context, f rx.Filter) ([]rx.Item, error) // newest first; CodeUnread beside what could be read
	Timeline(ctx context.Context, id rx.ID) ([]rx.Happening, error)

	SaveDraft(ctx context.Context, d rx.Draft) error
	Draft(ctx context.Context, id rx.ID) (rx.Draft, error) // CodeNotFound
	Drafts(ctx context.Context) ([]rx.Draft, error)        // newest first
	DropDraft(ctx context.Context, id rx.ID) error

	SavePatient(ctx context.Context, p rx.Known) (rx.Known, error) // ID "" makes one; CodeConflict
	Patient(ctx context.Context, id rx.ID) (rx.Known, error)       // CodeNotFound
	Patients(ctx context.Context) ([]rx.Known, error)              // all: a few thousand, searched in memory; CodeUnread as in List

	// Setting and SetSetting keep a sealed value by name; CodeNotFound.
	Setting(ctx context.Context, name string) ([]byte, error)
	SetSetting(ctx context.Context, name string, value []byte) error

	// Changes gives the journal's last number and the prescriptions changed after
	// number after, by whichever process.
	Changes(ctx context.Context, after int64) (last int64, ids []rx.ID, err error)
}

// Platform makes one call of the services for a person who waits for it. Creating, revoking
// and keys are the engine's: none of that is asked here. An error means that this session
// calls nobody (CodeReadingOnly among others); whatever came of a call is in the reply.
type Platform interface {
	Do(ctx context.Context, call rx.Call) (rx.Reply, error)
}

// Index finds what the store has by other names than its own.
type Index interface {
	// Bearer is the prescription that bears a RID; CodeNotFound.
	Bearer(ctx context.Context, rid rx.RID) (rx.ID, error)
	// SettingNames are the names of the settings that begin so, in order.
	SettingNames(ctx context.Context, prefix string) ([]string, error)
}

// Medicines is the local medicines file.
type Medicines interface {
	ByCNK(cnk rx.CNK) (rx.Medicine, bool)
	ByGroup(vmpGroup string) (rx.Medicine, bool)
	Search(words string, limit int) []rx.Medicine
	Version() string
}

// Composer makes the message of a prescription from its frozen facts, and refuses
// what Recip-e would refuse, at issue.
type Composer interface {
	Compose(f rx.Facts) ([]byte, error)
}

// Press is the only maker of a sheet. Sheet is called after the paper door is
// claimed durably, never before; Proof only for a confirmed RID.
type Press interface {
	// Forms tells how many of the doctor's own forms Sheet takes for items as they stand, 0 on other paper. It fails
	// where Sheet would, and is asked before the claim; without items it only reads what the practice chose.
	Forms(items []rx.Item) (int, error)
	Sheet(items []rx.Item, on On) ([]byte, error) // the paper prescription of these lines, as PDF
	Proof(items []rx.Item) ([]byte, error)        // the proof of these confirmed lines, as PDF
}

// On says where a sheet goes on its paper.
type On struct {
	Right bool // the left form of the first A4 with two of them was used before
}

// Stock counts the doctor's own forms. What a copy takes, the Store takes in the transaction that counts the copy.
type Stock interface {
	// FormStock is what is left; used tells whether sheets are printed on such forms at all.
	FormStock(ctx context.Context) (left rx.FormStock, used bool, err error)
	Restock(ctx context.Context, r rx.Restock) error // rx.Faults at $.forms and $.low
}
