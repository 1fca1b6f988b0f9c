package wiring

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	randv2 "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"
	_ "time/tzdata" // the practice's zone, also where the system has no table of zones

	"relais/app/config"
	"relais/app/rx"
	"relais/assets"
	"relais/data/store"
	"relais/data/vault"
	"relais/sync/simulator"
)

// DemoPassphrase opens the demonstration's directory, and is shown on its lock screen.
// No other directory is made with it.
const DemoPassphrase = "fictif-fictief"

// settingProfile is the custom profile of the directory, as config.Profile.Keep writes it.
const settingProfile = "profile"

// Directory is a data directory that need not exist yet.
type Directory struct {
	config.Paths
	Now  func() time.Time // in the practice's zone
	Rand io.Reader        // of ids, keys and nonces
	Step Step             // nil but in test/kill
	// Getenv is the environment, in which CUPS is named; nil: no spooler is asked.
	Getenv func(string) string
	// Protocol is the zero value but in tests and in the drill.
	Protocol Protocol
}

// Protocol changes how the simulated services of a directory are reached: as the real ones are, over their protocol, with the
// PKI that the directory keeps.
type Protocol struct {
	PKI    *simulator.PKI                            // in place of the directory's own
	Keys   Keys                                      // of a PKI to be made; nil: fresh ones
	Wire   func(address string, c net.Conn) net.Conn // nil but in tests that spoil connections
	Double bool                                      // no protocol: the engine talks to the world (world.Client)
}

// Keys gives RSA keys, see simulator.Keys.
type Keys = simulator.Keys

// At is the directory at paths under the real clock and the system's randomness.
func At(paths config.Paths) (Directory, error) {
	zone, err := time.LoadLocation("Europe/Brussels") // whatever the computer believes: the law's days are Belgian
	if err != nil {
		return Directory{}, rx.Fault(rx.CodeInternal).Because(err)
	}
	return Directory{Paths: paths, Now: func() time.Time { return time.Now().In(zone) }, Rand: rand.Reader}, nil
}

func (d Directory) vault() vault.Directory {
	return vault.Directory{FS: vault.Files(d.Data), Clock: d.Now}
}

// Environment is what the directory claims to belong to, CodeNoDirectory when there is
// none. Only opening it proves the claim.
func (d Directory) Environment() (string, error) {
	v, err := d.vault().Load()
	if err != nil {
		return "", fromVault(err)
	}
	return v.Environment(), nil
}

// Made is what came of making a directory.
type Made struct {
	Environment  string
	Vault        rx.ID
	RecoveryCode string // opens the directory when the passphrase is lost: shown once, kept nowhere
}

// New describes a directory to be made.
type New struct {
	Profile    config.Profile
	Practice   rx.Practice
	Patients   []rx.Patient // of a demonstration
	Passphrase []byte       // wiped
}

// Neither shows its secret.
func (Made) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Made(…)") }
func (Made) LogValue() slog.Value       { return slog.StringValue("Made(…)") }
func (New) Format(f fmt.State, _ rune)  { _, _ = io.WriteString(f, "New(…)") }
func (New) LogValue() slog.Value        { return slog.StringValue("New(…)") }

// Make makes the directory, whole or not at all: it is prepared under another name
// beside its place, and takes its place at the end.
func (d Directory) Make(ctx context.Context, n New) (made Made, err error) {
	if err := n.Profile.Ready(); err != nil {
		return made, err
	}
	if err := d.free(); err != nil {
		return made, err
	}
	parent := filepath.Dir(d.Data)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return made, fromVault(err)
	}
	aside := d
	if aside.Data, err = os.MkdirTemp(parent, filepath.Base(d.Data)+".new-"); err != nil {
		return made, fromVault(err)
	}
	var v *vault.Vault
	defer func() {
		if err == nil {
			return
		}
		err = errors.Join(err, os.RemoveAll(aside.Data)) // our own, never complete
		if v != nil {
			_, _ = os.Remove(d.mark(v)), os.Remove(store.Trail(d.mark(v))) // perhaps not written yet
		}
	}()
	passphrase := vault.NewPassphrase(n.Passphrase)
	defer passphrase.Wipe()
	var code vault.RecoveryCode
	v, code, err = vault.Create(vault.New{Environment: n.Profile.Environment, Passphrase: passphrase, Cost: vault.DefaultCost(n.Profile.Environment), Now: d.Now()}, d.Rand)
	if err == nil {
		err = aside.vault().Create(v)
	}
	if err != nil {
		return made, fromVault(err)
	}
	if err := aside.fill(ctx, v, passphrase, n); err != nil {
		return made, err
	}
	if err := d.free(); err != nil {
		return made, err
	}
	err = os.Remove(d.Data) // an empty directory
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(aside.Data, d.Data)
	}
	if err != nil {
		return made, rx.Fault(rx.CodeDirectoryExists).Because(pathless(err)) // another process was first
	}
	if err := syncDir(parent); err != nil {
		return made, fromVault(err)
	}
	return Made{Environment: v.Environment(), Vault: rx.ID(v.ID().String()), RecoveryCode: code.Printed()}, nil
}

// syncDir makes the names in a directory durable; Windows does so by itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// free tells that a directory may be made at the place.
func (d Directory) free() error {
	if err := store.CheckPlace(d.Data); err != nil {
		return err
	}
	entries, err := os.ReadDir(d.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return fromVault(err)
	}
	if _, err := d.Environment(); rx.CodeOf(err) != rx.CodeNoDirectory {
		return rx.Fault(rx.CodeDirectoryExists)
	}
	return rx.Fault(CodeDirectoryNotEmpty)
}

// fill makes everything beside the vault.
func (d Directory) fill(ctx context.Context, v *vault.Vault, passphrase vault.Passphrase, n New) (err error) {
	keys, err := d.vault().Unlock(n.Profile.Environment, passphrase, d.Rand)
	if err != nil {
		return fromVault(err)
	}
	defer keys.Close()
	if err := store.Create(ctx, d.options(v, keys)); err != nil {
		return err
	}
	s, err := d.session(ctx, v, keys, n.Profile, store.Open)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close(ctx)) }()
	switch {
	case n.Profile.Platform != nil:
		if _, err := anchorsOf(n.Profile.Platform); err != nil {
			return err
		}
	case !d.Protocol.Double:
		if _, err := d.pki(); err != nil { // now, since later somebody waits for it
			return err
		}
	}
	if err := s.Service.SetPractice(ctx, n.Practice); err != nil {
		return err
	}
	if config.Custom(n.Profile.Environment) {
		kept, err := n.Profile.Keep()
		if err == nil {
			err = s.db.SetSetting(ctx, settingProfile, kept)
		}
		if err != nil {
			return err
		}
	}
	for _, p := range n.Patients {
		if _, err := s.Service.AddPatient(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// Open opens the directory. passphrase is wiped.
func (d Directory) Open(ctx context.Context, passphrase []byte) (*Session, error) {
	return d.open(ctx, passphrase, store.Open, func(v *vault.Vault, by vault.Secret) (*vault.Keys, error) {
		return d.vault().Unlock(v.Environment(), by, d.Rand)
	})
}

func (d Directory) open(ctx context.Context, passphrase []byte, open opener, unlock func(*vault.Vault, vault.Secret) (*vault.Keys, error)) (*Session, error) {
	secret := vault.NewPassphrase(passphrase)
	defer secret.Wipe()
	v, err := d.vault().Load()
	if err != nil {
		return nil, fromVault(err)
	}
	profile, built := config.Built(v.Environment())
	if !built { // its waits are read once the directory is open
		profile = config.Profile{Environment: v.Environment(), Simulated: true, Waits: rx.DefaultWaits}
	}
	if err := profile.Ready(); err != nil {
		return nil, err
	}
	keys, err := unlock(v, secret)
	if err != nil {
		return nil, fromVault(err)
	}
	s, err := d.session(ctx, v, keys, profile, open)
	if err != nil {
		keys.Close()
		return nil, err
	}
	if !built {
		if err := s.readProfile(ctx); err != nil {
			return nil, errors.Join(err, s.Close(ctx))
		}
	}
	return s, nil
}

// mark is the file of the vault's outside mark.
func (d Directory) mark(v *vault.Vault) string {
	return filepath.Join(d.Marks, v.ID().String()+".json")
}

func (d Directory) options(v *vault.Vault, keys *vault.Keys) store.Options {
	return store.Options{
		Dir: d.Data, Mark: d.mark(v), Vault: rx.ID(v.ID().String()),
		Environment: v.Environment(), Keys: keys, Clock: d.Now, Rand: d.Rand,
	}
}

// EnsureDemo makes the demonstration's directory with its invented people when there is
// none.
func (d Directory) EnsureDemo(ctx context.Context) error {
	if _, err := d.Environment(); rx.CodeOf(err) != rx.CodeNoDirectory {
		return err
	}
	n := New{Passphrase: []byte(DemoPassphrase)}
	n.Profile, _ = config.Built(config.Simulated)
	if err := errors.Join(json.Unmarshal(assets.DemoPractice, &n.Practice), json.Unmarshal(assets.DemoPatients, &n.Patients)); err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	_, err := d.Make(ctx, n)
	if rx.CodeOf(err) == rx.CodeDirectoryExists { // another process made it meanwhile
		return nil
	}
	return err
}

// source is a fresh source of randomness for what is no secret: jitter, and the
// identifiers of the simulated world.
func (d Directory) source() (randv2.Source, error) {
	var seed [16]byte
	if _, err := io.ReadFull(d.Rand, seed[:]); err != nil {
		return nil, rx.Fault(rx.CodeRandom).Because(err)
	}
	return randv2.NewPCG(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:])), nil
}
