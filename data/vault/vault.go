// Package vault owns the root key of a data directory and everything made under it.
//
// A vault is one small file, vault.json: the vault's id, the environment that the directory belongs to for ever, its time of
// creation, and the random 256-bit root key wrapped twice, by the passphrase (Argon2id) and by the printed recovery code
// (HKDF-SHA256). Each wrap authenticates every other field of the file and its own parameters, so that none can be exchanged.
// Changing the passphrase or the recovery code wraps the same root key anew; nothing else is encrypted again.
// An unlocked vault is a [Keys]: subkeys by purpose that seal values, authenticate rows, make blind indexes and chain the journal.
//
// Contract. Randomness and clock are given by the caller. The files of this package do no I/O except file.go, which replaces
// vault.json atomically and slows down wrong guesses. Nothing is logged; secrets print themselves as [redacted]; no error
// carries a secret or a value. Byte layouts are fixed by testdata/v1: a later version must go on reading them.
//
// Failure modes. A wrong passphrase and a wrap that was altered by someone who repaired the file's checksum are the same error after the same
// work; accidental damage to the file is told by its checksum before any work. Losing both passphrase and recovery code loses all that is sealed.
//
// What it does not protect against:
//   - who can read the memory of an unlocked program (debugger, core dump, another process of the same user): keys are zeroed
//     at Close, but the language may have copied them before, and a typed passphrase passes through a toolkit;
//   - swap and hibernation files: the pages of the keys are not locked;
//   - a snapshot or an old copy of the whole machine or directory: it opens with the passphrase of its day. A new passphrase does not reach
//     old copies of vault.json: whoever has one with its passphrase has the root key, and with it what is sealed today;
//   - a whole row, or the whole directory, put back to an older state that was once true: the journal and the outside mark tell that, not a seal;
//   - a weak passphrase tried offline on a copied file: Argon2id makes each guess dear, the growing delay is no help there.
package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/google/uuid"
)

// Simulated is the environment whose passphrase wrap may be cheap, because no real patient is ever in it.
const Simulated = "simulated"

// The errors that a caller can meet. All are wrapped with what was found; compare with errors.Is.
var (
	// ErrWrongPassphrase: the passphrase does not open this vault, or its wrap was altered. The two are not told apart.
	ErrWrongPassphrase = errors.New("vault: wrong passphrase")
	// ErrMistypedCode: what was typed cannot be a recovery code: a character is missing, surplus or wrong.
	ErrMistypedCode = errors.New("vault: recovery code mistyped")
	// ErrWrongCode: a recovery code without typing error, but not the present one of this vault.
	ErrWrongCode = errors.New("vault: this recovery code does not belong to this vault")
	// ErrEnvironment: the directory belongs to another environment, or the name of an environment is malformed.
	ErrEnvironment = errors.New("vault: wrong environment")
	// ErrParameters: the cost of the passphrase wrap is below what the environment demands, or absurdly high.
	ErrParameters = errors.New("vault: key derivation parameters out of bounds")
	// ErrNewer: the file was written by a later version of the program. Nothing is damaged.
	ErrNewer = errors.New("vault: written by a newer version of the program")
	// ErrDamaged: bytes are not as this package wrote them, or a sealed value or a row stands where it was not put.
	ErrDamaged = errors.New("vault: damaged or altered")
	// ErrEmptyPassphrase: an empty passphrase was offered for a new wrap.
	ErrEmptyPassphrase = errors.New("vault: the passphrase is empty")
	// ErrLocked: the keys were closed.
	ErrLocked = errors.New("vault: locked")
)

const (
	formatName    = "relais-vault"
	formatVersion = 1
	maxFile       = 16 << 10 // bytes; the file that we write has about 1,000
)

// Vault is the locked vault: what vault.json holds. It is immutable and holds no secret in clear.
type Vault struct{ doc document }

// document is vault.json, field by field. Byte strings are standard base64 as encoding/json writes them.
type document struct {
	Format      string `json:"format"`
	Version     int    `json:"version"`
	Vault       string `json:"vault"`       // UUIDv4, canonical spelling
	Environment string `json:"environment"` // see environmentName
	Created     string `json:"created"`     // RFC 3339, UTC, whole seconds
	Passphrase  wrap   `json:"passphrase"`
	Recovery    wrap   `json:"recovery"`
	SHA256      string `json:"sha256"` // of the compact document with this field empty: accidents, not attackers
}

var environmentName = regexp.MustCompile(`^[a-z0-9][a-z0-9._:-]{0,63}$`)

// New describes a vault to be made.
type New struct {
	Environment string     // lower-case letters, digits and . _ : - ; at most 64
	Passphrase  Passphrase // not empty; its bytes count as they are, without Unicode normalisation
	Cost        Cost       // see DefaultCost
	Now         time.Time  // kept in UTC to the second as the time of creation
}

// Create makes a vault with a fresh root key and a fresh recovery code, which is shown once and kept nowhere.
func Create(n New, random io.Reader) (*Vault, RecoveryCode, error) {
	id, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return nil, RecoveryCode{}, fmt.Errorf("vault: randomness: %w", err)
	}
	root := make([]byte, keySize)
	defer clear(root)
	if err := fill(random, root); err != nil {
		return nil, RecoveryCode{}, err
	}
	bare := &Vault{document{
		Format: formatName, Version: formatVersion, Vault: id.String(), Environment: n.Environment,
		Created: n.Now.UTC().Format(time.RFC3339),
	}}
	if err := bare.doc.checkHead(); err != nil {
		return nil, RecoveryCode{}, err
	}
	v, err := bare.wrapByPassphrase(root, n.Passphrase, n.Cost, random)
	if err != nil {
		return nil, RecoveryCode{}, err
	}
	return v.wrapByNewCode(root, random)
}

// ID is the vault's UUIDv4.
func (v *Vault) ID() uuid.UUID { return uuid.MustParse(v.doc.Vault) }

// Environment is the environment of the directory. Until an unlock has succeeded it is only what the file claims.
func (v *Vault) Environment() string { return v.doc.Environment }

// Created is the time of creation of the directory, UTC, whole seconds.
func (v *Vault) Created() time.Time {
	t, _ := time.Parse(time.RFC3339, v.doc.Created) // checked by checkHead
	return t
}

// Unlock opens the root key by passphrase or recovery code and derives the subkeys. It fails with ErrEnvironment, naming both, when the
// directory does not belong to the expected environment; else with ErrWrongPassphrase or ErrWrongCode. Nonces of the Keys come from random.
func (v *Vault) Unlock(expected string, by Secret, random io.Reader) (*Keys, error) {
	if expected != v.doc.Environment {
		return nil, fmt.Errorf("%w: the directory belongs to %q, %q was expected", ErrEnvironment, v.doc.Environment, expected)
	}
	root, err := by.root(v)
	if err != nil {
		return nil, err
	}
	defer clear(root)
	return newKeys(root, v.ID(), v.doc.Environment, random)
}

// WithPassphrase is the same vault under a new passphrase. by is the present passphrase or the recovery code.
func (v *Vault) WithPassphrase(by Secret, p Passphrase, c Cost, random io.Reader) (*Vault, error) {
	root, err := by.root(v)
	if err != nil {
		return nil, err
	}
	defer clear(root)
	return v.wrapByPassphrase(root, p, c, random)
}

// WithNewRecoveryCode is the same vault under a new recovery code; the former code no longer opens it.
func (v *Vault) WithNewRecoveryCode(by Secret, random io.Reader) (*Vault, RecoveryCode, error) {
	root, err := by.root(v)
	if err != nil {
		return nil, RecoveryCode{}, err
	}
	defer clear(root)
	return v.wrapByNewCode(root, random)
}

// Bytes is the content of vault.json.
func (v *Vault) Bytes() []byte {
	doc := v.doc
	doc.SHA256 = doc.sum()
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic("vault: " + err.Error()) // strings, numbers and bytes always marshal
	}
	return append(out, '\n')
}

// Parse reads the content of vault.json, strictly: exactly the fields that Bytes writes, in its order; only white space is free.
// Errors: ErrNewer, ErrParameters, else ErrDamaged. No key is derived.
func Parse(data []byte) (*Vault, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%w: vault.json has more than %d bytes", ErrDamaged, maxFile)
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%w: vault.json is not JSON of ours: %w", ErrDamaged, err)
	}
	if head.Format != formatName {
		return nil, fmt.Errorf("%w: vault.json is not a vault (its format is not %q)", ErrDamaged, formatName)
	}
	if head.Version > formatVersion {
		return nil, fmt.Errorf("%w: vault.json has version %d, this program knows %d", ErrNewer, head.Version, formatVersion)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var doc document
	if err := decoder.Decode(&doc); err != nil {
		return nil, fmt.Errorf("%w: vault.json: %w", ErrDamaged, err)
	}
	if err := doc.check(); err != nil {
		return nil, err
	}
	// Writing it again finds what the decoder forgives: repeated or misspelt names, surplus text, other escapes.
	again, _ := json.Marshal(doc)
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil || !bytes.Equal(compact.Bytes(), again) {
		return nil, fmt.Errorf("%w: vault.json is not as this program writes it", ErrDamaged)
	}
	return &Vault{doc}, nil
}

func (d *document) check() error {
	if d.Version != formatVersion {
		return fmt.Errorf("%w: vault.json has the unknown version %d", ErrDamaged, d.Version)
	}
	if d.SHA256 != d.sum() {
		return fmt.Errorf("%w: vault.json does not agree with its checksum; put the copy from the last backup in its place", ErrDamaged)
	}
	if err := d.checkHead(); err != nil {
		return err
	}
	if err := d.Passphrase.check(byPassphrase, d.Environment); err != nil {
		return err
	}
	return d.Recovery.check(byRecoveryCode, d.Environment)
}

// checkHead checks the fields before the wraps, for a file that is read and for a vault that is made.
func (d *document) checkHead() error {
	id, err := uuid.Parse(d.Vault)
	if err != nil || id.String() != d.Vault || id.Version() != 4 || id.Variant() != uuid.RFC4122 {
		return fmt.Errorf("%w: vault.json: the vault id is not a UUIDv4", ErrDamaged)
	}
	if !environmentName.MatchString(d.Environment) {
		return fmt.Errorf("%w: its name is 1 to 64 lower-case letters, digits and . _ : -, beginning with a letter or digit", ErrEnvironment)
	}
	t, err := time.Parse(time.RFC3339, d.Created)
	if err != nil || t.UTC().Format(time.RFC3339) != d.Created {
		return fmt.Errorf("%w: vault.json: the time of creation is not RFC 3339 in UTC with whole seconds", ErrDamaged)
	}
	return nil
}

// sum is the checksum in hexadecimal over the compact document with an empty checksum.
func (d document) sum() string {
	d.SHA256 = ""
	compact, _ := json.Marshal(d) // strings, numbers and bytes always marshal
	sum := sha256.Sum256(compact)
	return hex.EncodeToString(sum[:])
}

func fill(random io.Reader, buf []byte) error {
	if _, err := io.ReadFull(random, buf); err != nil {
		return fmt.Errorf("vault: randomness: %w", err)
	}
	return nil
}
