package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Names of the files of this package in the data directory.
const (
	vaultFile    = "vault.json"
	previousFile = "vault.json.bak" // the vault before the last change, until the new one was read back
	newFile      = "vault.json.new" // being written; never read
	attemptsFile = "attempts.json"
	attemptsNew  = "attempts.json.new"
)

// FS is what Directory needs of one directory. Names are plain file names. A missing file is fs.ErrNotExist.
type FS interface {
	ReadFile(name string) ([]byte, error)
	WriteFile(name string, data []byte) error // creates or truncates, readable by the user alone; returns when the content is on the disk
	Rename(from, to string) error             // replaces to at once, or not at all
	Remove(name string) error
	Sync() error // returns when all names are on the disk
}

// Directory keeps a vault in a data directory. Reading and unlocking are safe beside other processes; Create and Rewrap are for one process
// at a time (whoever has the window). Of wrong guesses made by several processes in the same instant some may count once.
type Directory struct {
	FS    FS
	Clock func() time.Time
}

// Create keeps a new vault. A directory that already holds one is refused with fs.ErrExist. Show the recovery code only after it.
func (d Directory) Create(v *Vault) error {
	for _, name := range []string{vaultFile, previousFile} {
		if _, err := d.FS.ReadFile(name); err == nil {
			return fmt.Errorf("vault: the directory already holds %s: %w", name, fs.ErrExist)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("vault: %w", err)
		}
	}
	return d.place(v.Bytes())
}

// Load reads the vault without opening it. fs.ErrNotExist: there is none. Other errors are those of Parse and of the disk.
func (d Directory) Load() (*Vault, error) {
	k, err := d.load()
	return k.vault, err
}

// Unlock is Vault.Unlock on the kept vault with a growing pause after wrong secrets: within the pause it fails with *WaitError and tries
// nothing. The count of failures survives restarts; a success ends it.
func (d Directory) Unlock(expected string, by Secret, random io.Reader) (*Keys, error) {
	var keys *Keys
	err := d.try(func(k kept) (err error) {
		keys, err = k.vault.Unlock(expected, by, random)
		if err == nil {
			d.tidy(k)
		}
		return err
	})
	return keys, err
}

// Rewrap replaces the kept vault by what change makes of it (Vault.WithPassphrase, Vault.WithNewRecoveryCode). Wrong secrets count and wait as in
// Unlock. At every moment, through a kill or a loss of power, the directory holds the old vault or the new one, whole; after an
// error of the disk it may be either.
func (d Directory) Rewrap(change func(*Vault) (*Vault, error)) error {
	return d.try(func(k kept) error {
		v, err := change(k.vault)
		if err != nil {
			return err
		}
		if v.ID() != k.vault.ID() || v.Environment() != k.vault.Environment() || !v.Created().Equal(k.vault.Created()) {
			return fmt.Errorf("%w: the new wraps belong to another vault; nothing was changed", ErrDamaged)
		}
		if now, err := d.load(); err != nil {
			return err
		} else if now.name != k.name || !bytes.Equal(now.data, k.data) {
			return fmt.Errorf("vault: %s was changed by another process meanwhile; nothing was changed", k.name)
		}
		if k.name == vaultFile { // else the previous one is the only whole one, and stays
			if err := d.FS.WriteFile(previousFile, k.data); err != nil {
				return fmt.Errorf("vault: %w", err)
			}
		}
		return d.place(v.Bytes())
	})
}

// Wait is the pause that is left before the next try.
func (d Directory) Wait() (time.Duration, error) {
	now := d.Clock()
	data, err := d.FS.ReadFile(attemptsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("vault: %w", err)
	}
	before := parseAttempts(data, now)
	wait, after := before.wait(now)
	if wait > 0 && !bytes.Equal(after.bytes(), data) {
		return wait, d.keepAttempts(after)
	}
	return wait, nil
}

// try counts a wrong secret before its error is given back, so that a killed program learns nothing uncounted.
func (d Directory) try(act func(kept) error) error {
	k, err := d.load()
	if err != nil {
		return err
	}
	if wait, err := d.Wait(); err != nil {
		return err
	} else if wait > 0 {
		return &WaitError{wait}
	}
	err = act(k)
	if errors.Is(err, ErrWrongPassphrase) || errors.Is(err, ErrWrongCode) {
		return errors.Join(err, d.count())
	}
	return err
}

func (d Directory) count() error {
	now := d.Clock()
	var a attempts
	data, err := d.FS.ReadFile(attemptsFile)
	switch {
	case err == nil:
		a = parseAttempts(data, now)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("vault: %w", err)
	}
	return d.keepAttempts(a.failed(now))
}

func (d Directory) keepAttempts(a attempts) error {
	return d.replace(attemptsFile, attemptsNew, a.bytes())
}

func (a attempts) bytes() []byte {
	out, _ := json.Marshal(attempts{a.Failures, a.Last.UTC()}) // a number and a time of our own always marshal
	return append(out, '\n')
}

// tidy brings the directory into its plain shape after k has opened. What fails here costs nothing and is done at the next unlock.
func (d Directory) tidy(k kept) {
	_ = d.FS.Remove(attemptsFile)
	if k.name == previousFile { // what opened is what is kept
		_ = d.place(k.data)
		return
	}
	// A previous one that differs holds wraps that no longer hold. An equal one may belong to a Rewrap under way in another process.
	if previous, err := d.FS.ReadFile(previousFile); err == nil && !bytes.Equal(previous, k.data) {
		_ = d.FS.Remove(previousFile)
	}
}

// kept is a vault with the bytes and the name of the file that held it.
type kept struct {
	vault *Vault
	data  []byte
	name  string
}

// load reads vault.json or, if that is missing or damaged, the previous one. A file of a newer version is never passed over.
func (d Directory) load() (kept, error) {
	k, err := d.loadFrom(vaultFile)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDamaged) {
		if previous, bakErr := d.loadFrom(previousFile); bakErr == nil {
			return previous, nil
		}
	}
	return k, err
}

func (d Directory) loadFrom(name string) (kept, error) {
	data, err := d.FS.ReadFile(name)
	if err != nil {
		return kept{}, fmt.Errorf("vault: %w", err)
	}
	v, err := Parse(data)
	if err != nil {
		return kept{}, err
	}
	return kept{v, data, name}, nil
}

// place makes data the content of vault.json, reads it back, and only then lets go of the previous one.
func (d Directory) place(data []byte) error {
	if err := d.replace(vaultFile, newFile, data); err != nil {
		return err
	}
	back, err := d.FS.ReadFile(vaultFile)
	if err != nil {
		return fmt.Errorf("vault: reading back: %w", err)
	}
	if !bytes.Equal(back, data) {
		return fmt.Errorf("%w: %s reads back otherwise than it was written", ErrDamaged, vaultFile)
	}
	if err := d.FS.Remove(previousFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("vault: %w", err)
	}
	if err := d.FS.Sync(); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

// replace gives name its new content at once: a temporary file, its content on the disk, its name on the disk, rename, the rename on the disk.
func (d Directory) replace(name, temporary string, data []byte) error {
	for _, step := range []func() error{
		func() error { return d.FS.WriteFile(temporary, data) },
		d.FS.Sync,
		func() error { return d.FS.Rename(temporary, name) },
		d.FS.Sync,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("vault: %w", err)
		}
	}
	return nil
}

// Files is the directory at path, which must exist.
func Files(path string) FS { return directory(path) }

type directory string

func (d directory) path(name string) string { return filepath.Join(string(d), name) }

// ReadFile reads at most one byte more than a vault may have.
func (d directory) ReadFile(name string) ([]byte, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

func (d directory) WriteFile(name string, data []byte) error {
	f, err := os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (d directory) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

func (d directory) Remove(name string) error { return os.Remove(d.path(name)) }

// Sync does nothing on Windows, which offers no such call and keeps names in a journal of its own.
func (d directory) Sync() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
