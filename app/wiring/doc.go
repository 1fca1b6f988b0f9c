// Package wiring is the composition root: it makes a data directory, opens it with all
// that works on it, and closes in reverse order.
//
// It owns which part stands behind which port, the real clock and the real randomness,
// and nothing that decides: rules are in app/rx, the order of acts in app/prescribing
// and sync/outbox.
//
//	Directory   a place on disk, locked: make it, tell its environment, open it
//	Session     an open directory: the use cases, the feed of changes, the engine; or one
//	            that is read only, with what is wrong in it, and its export
//	Practice    the same parts under a virtual clock in a throw-away directory, for the drill
//
// Contract: of one directory any number of sessions may be open, in any number of
// processes; one of them at a time sends. What a session says is done is durable. Close
// gives everything back; a session that is killed instead loses nothing.
//
// Failure modes: *rx.Error with the codes of rx ("The data directory") and those below.
// The simulated services are the only ones yet: a profile with others is refused by
// config.Profile.Ready.
package wiring

import (
	"errors"
	"io/fs"
	"strconv"
	"syscall"
	"time"

	"relais/app/drill"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/data/medicines"
	"relais/data/store"
	"relais/data/vault"
	"relais/sync/outbox"
	"relais/sync/recipe"
	"relais/sync/recipe/kmehr"
	"relais/sync/simulator/world"
)

var (
	_ outbox.Store          = (*store.DB)(nil)
	_ prescribing.Store     = (*store.DB)(nil)
	_ prescribing.Index     = (*store.DB)(nil)
	_ prescribing.Platform  = caller{}
	_ store.Keys            = (*vault.Keys)(nil)
	_ prescribing.Medicines = (*medicines.List)(nil)
	_ prescribing.Composer  = kmehr.Composer{}
	_ prescribing.Press     = press{}
	_ prescribing.Stock     = stock{}
	_ outbox.Remote         = (*recipe.Client)(nil)
	_ outbox.Remote         = (*world.Client)(nil)
	_ drill.Practice        = (*Practice)(nil)
)

// Codes of this package.
const (
	CodeWrongPassphrase   rx.Code = "wrong-passphrase"    // it does not open this directory
	CodePassphraseWait    rx.Code = "passphrase-wait"     // too many wrong ones: wait (seconds)
	CodeEmptyPassphrase   rx.Code = "empty-passphrase"    // a new directory needs one
	CodeDirectoryNotEmpty rx.Code = "directory-not-empty" // files of others are there
	CodeOnlySimulated     rx.Code = "only-simulated"      // asked of real services what only the simulated ones do
)

// fromVault translates an error of data/vault.
func fromVault(err error) error {
	var wait *vault.WaitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wait):
		return rx.Fault(CodePassphraseWait, "seconds", strconv.Itoa(int((wait.Wait+time.Second-1)/time.Second)))
	case errors.Is(err, vault.ErrWrongPassphrase):
		return rx.Fault(CodeWrongPassphrase)
	case errors.Is(err, vault.ErrEmptyPassphrase):
		return rx.Fault(CodeEmptyPassphrase)
	case errors.Is(err, vault.ErrNewer):
		return rx.Fault(rx.CodeNewer)
	case errors.Is(err, vault.ErrDamaged), errors.Is(err, vault.ErrParameters):
		return rx.Fault(rx.CodeDamaged, "table", "vault", "row", "1")
	case errors.Is(err, fs.ErrNotExist):
		return rx.Fault(rx.CodeNoDirectory)
	case errors.Is(err, fs.ErrExist):
		return rx.Fault(rx.CodeDirectoryExists)
	case errors.Is(err, fs.ErrPermission):
		return rx.Fault(rx.CodeReadOnly)
	case errors.Is(err, syscall.ENOSPC):
		return rx.Fault(rx.CodeDiskFull)
	}
	return rx.Fault(rx.CodeIO).Because(pathless(err))
}

// pathless drops the path of a file error: a home directory names a person.
func pathless(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return errors.New(p.Op + ": " + p.Err.Error())
	}
	return errors.New("file")
}
