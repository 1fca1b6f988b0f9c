package vault

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keySize  = chacha20poly1305.KeySize
	saltSize = 16
)

// Kinds of wrap with their key derivation. Both names are authenticated.
const (
	byPassphrase   = "passphrase"
	byRecoveryCode = "recovery"
	argon2id       = "argon2id"    // RFC 9106, version 0x13
	hkdfSHA256     = "hkdf-sha256" // RFC 5869
)

// Cost is what one guess of the passphrase costs with Argon2id (RFC 9106).
type Cost struct {
	MemoryKiB uint32 `json:"memory_kib"`
	Passes    uint32 `json:"passes"`
	Lanes     uint32 `json:"lanes"`
}

// Bounds of Cost. The floor is the second choice of RFC 9106 section 4; simulated directories, which hold no real patient, may go down to
// cheapest. The ceiling stops a hostile file from asking for more than the machine has.
var (
	floor    = Cost{MemoryKiB: 64 << 10, Passes: 3, Lanes: 4}
	cheapest = Cost{MemoryKiB: 1 << 10, Passes: 1, Lanes: 1}
	ceiling  = Cost{MemoryKiB: 1 << 20, Passes: 16, Lanes: 16}
)

// DefaultCost is 64 MiB, 3 passes, 4 lanes; 1 MiB, 1, 1 in a simulated directory. Nothing weaker is accepted, made or read.
func DefaultCost(environment string) Cost {
	if environment == Simulated {
		return cheapest
	}
	return floor
}

func (c Cost) check(environment string) error {
	least := DefaultCost(environment)
	if c.MemoryKiB < least.MemoryKiB || c.Passes < least.Passes || c.Lanes < least.Lanes ||
		c.MemoryKiB > ceiling.MemoryKiB || c.Passes > ceiling.Passes || c.Lanes > ceiling.Lanes {
		return fmt.Errorf("%w: Argon2id with %d KiB, %d passes, %d lanes; environment %q asks for %d, %d, %d to %d, %d, %d", ErrParameters,
			c.MemoryKiB, c.Passes, c.Lanes, environment, least.MemoryKiB, least.Passes, least.Lanes, ceiling.MemoryKiB, ceiling.Passes, ceiling.Lanes)
	}
	return nil
}

// wrap is the root key sealed by XChaCha20-Poly1305 under a key derived from a secret.
type wrap struct {
	KDF    string `json:"kdf"`
	Cost   *Cost  `json:"cost,omitempty"` // of argon2id only
	Salt   []byte `json:"salt"`           // 16 bytes
	Nonce  []byte `json:"nonce"`          // 24 bytes
	Sealed []byte `json:"sealed"`         // 32 bytes of root key, 16 of tag
}

func (w *wrap) check(kind, environment string) error {
	kdf := argon2id
	if kind == byRecoveryCode {
		kdf = hkdfSHA256
	}
	if w.KDF != kdf || (w.Cost != nil) != (kdf == argon2id) || len(w.Salt) != saltSize ||
		len(w.Nonce) != chacha20poly1305.NonceSizeX || len(w.Sealed) != keySize+chacha20poly1305.Overhead {
		return fmt.Errorf("%w: vault.json: the wrap %q is malformed", ErrDamaged, kind)
	}
	if w.Cost == nil {
		return nil
	}
	return w.Cost.check(environment)
}

// Secret opens a vault: a Passphrase or a RecoveryCode.
type Secret interface {
	// root gives the root key, which the caller clears.
	root(*Vault) ([]byte, error)
}

func (p Passphrase) root(v *Vault) ([]byte, error) {
	w := v.doc.Passphrase
	key := passphraseKey(p, *w.Cost, w.Salt)
	defer clear(key)
	return v.doc.openRoot(byPassphrase, w, key, ErrWrongPassphrase)
}

func (c RecoveryCode) root(v *Vault) ([]byte, error) {
	if c.code == nil {
		return nil, ErrWrongCode
	}
	w := v.doc.Recovery
	key, err := recoveryKey(c, w.Salt)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return v.doc.openRoot(byRecoveryCode, w, key, ErrWrongCode)
}

func (v *Vault) wrapByPassphrase(root []byte, p Passphrase, c Cost, random io.Reader) (*Vault, error) {
	if len(p.bytes()) == 0 {
		return nil, ErrEmptyPassphrase
	}
	if err := c.check(v.doc.Environment); err != nil {
		return nil, err
	}
	w := wrap{KDF: argon2id, Cost: &c, Salt: make([]byte, saltSize)}
	if err := fill(random, w.Salt); err != nil {
		return nil, err
	}
	key := passphraseKey(p, c, w.Salt)
	defer clear(key)
	doc := v.doc
	if err := doc.sealRoot(byPassphrase, &w, key, root, random); err != nil {
		return nil, err
	}
	doc.Passphrase = w
	doc.SHA256 = doc.sum()
	return &Vault{doc}, nil
}

func (v *Vault) wrapByNewCode(root []byte, random io.Reader) (*Vault, RecoveryCode, error) {
	code := newCode()
	w := wrap{KDF: hkdfSHA256, Salt: make([]byte, saltSize)}
	if err := fill(random, code.code()[:]); err != nil {
		return nil, RecoveryCode{}, err
	}
	if err := fill(random, w.Salt); err != nil {
		return nil, RecoveryCode{}, err
	}
	key, err := recoveryKey(code, w.Salt)
	if err != nil {
		return nil, RecoveryCode{}, err
	}
	defer clear(key)
	doc := v.doc
	if err := doc.sealRoot(byRecoveryCode, &w, key, root, random); err != nil {
		return nil, RecoveryCode{}, err
	}
	doc.Recovery = w
	doc.SHA256 = doc.sum()
	return &Vault{doc}, code, nil
}

func passphraseKey(p Passphrase, c Cost, salt []byte) []byte {
	return argon2.IDKey(p.bytes(), salt, c.Passes, c.MemoryKiB, uint8(c.Lanes), keySize)
}

// recoveryKey needs no slow derivation: the code has 160 random bits.
func recoveryKey(c RecoveryCode, salt []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, c.code()[:], salt, "relais recovery wrap 1", keySize)
}

// associated is what a wrap authenticates beside the root key: every other field of the file that is not the other wrap.
func (d *document) associated(kind string, w *wrap) []byte {
	var cost []byte
	if w.Cost != nil {
		for _, n := range []uint32{w.Cost.MemoryKiB, w.Cost.Passes, w.Cost.Lanes} {
			cost = binary.BigEndian.AppendUint32(cost, n)
		}
	}
	return pack("relais wrap 1", d.Vault, d.Environment, d.Created, kind, w.KDF, string(cost), string(w.Salt))
}

func (d *document) sealRoot(kind string, w *wrap, key, root []byte, random io.Reader) error {
	w.Nonce = make([]byte, chacha20poly1305.NonceSizeX)
	if err := fill(random, w.Nonce); err != nil {
		return err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	w.Sealed = aead.Seal(nil, w.Nonce, root, d.associated(kind, w))
	return nil
}

func (d *document) openRoot(kind string, w wrap, key []byte, wrong error) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	root, err := aead.Open(nil, w.Nonce, w.Sealed, d.associated(kind, &w))
	if err != nil {
		return nil, wrong
	}
	return root, nil
}
