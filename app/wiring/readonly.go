package wiring

import (
	"context"
	"os"
	"strconv"

	"relais/app/rx"
	"relais/data/store"
	"relais/data/vault"
)

// Report is what a check of a directory found.
type Report = store.Report

// OpenReadOnly opens what can be read of the directory, without writing a byte in it: one
// that is damaged, on a disk that is full or cannot be written, or written by a newer
// version. The session reads what is sound, sends nothing, and refuses every act with
// CodeReadingOnly; its Report says what is not sound. passphrase is wiped; a wrong one
// counts as it does in Open, where the disk lets it be counted.
func (d Directory) OpenReadOnly(ctx context.Context, passphrase []byte) (*Session, error) {
	return d.open(ctx, passphrase, func(ctx context.Context, opts store.Options) (*store.DB, error) {
		return store.OpenReadOnly(ctx, opts, os.TempDir())
	}, d.peek)
}

// peek unlocks without tidying up, which is writing.
func (d Directory) peek(v *vault.Vault, by vault.Secret) (*vault.Keys, error) {
	if wait, err := d.vault().Wait(); err == nil && wait > 0 {
		return nil, &vault.WaitError{Wait: wait}
	}
	keys, err := v.Unlock(v.Environment(), by, d.Rand)
	if err == nil {
		return keys, nil
	}
	return d.vault().Unlock(v.Environment(), by, d.Rand) // counts it
}

// Report is what was found in a directory that was opened for reading only; nil in one
// that is open for work.
func (s *Session) Report() *Report { return s.report }

// Unread is CodeUnread with the number of prescriptions that are not sound in a directory
// that was opened for reading only; nil when there are none.
func (s *Session) Unread() error {
	if s.report == nil || s.report.Prescriptions.Sound == s.report.Prescriptions.All {
		return nil
	}
	return rx.Fault(rx.CodeUnread, "n", strconv.Itoa(s.report.Prescriptions.All-s.report.Prescriptions.Sound))
}
