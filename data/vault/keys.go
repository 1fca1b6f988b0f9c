package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/crypto/chacha20poly1305"
)

// Purposes under which values are sealed.
const (
	Content  = "content"  // everything readable
	Patients = "patients" // who the patients are
	Delivery = "delivery" // what a locked program needs to go on sending
)

// Purposes with one method each.
const (
	index = "index" // Blind, Keyed
	audit = "audit" // Chain
	row   = "row"   // MAC
)

// AD says where a sealed value stands: it opens at no other place. It is an alias, and purposes are strings, so that the ports of
// other packages can name both without importing this one.
type AD = struct{ Table, Row, Column string }

// Keys are the subkeys of an unlocked vault. Any number of goroutines may use them; after Close every method fails with ErrLocked.
type Keys struct {
	redacted
	set *keySet
}

type keySet struct {
	mu          sync.RWMutex
	subkeys     map[string]*[keySize]byte // nil once closed
	id          string                    // the 16 bytes of the vault id
	environment string

	nonces sync.Mutex // a caller's source of randomness need not be safe for concurrent use
	random io.Reader
}

func newKeys(root []byte, id uuid.UUID, environment string, random io.Reader) (*Keys, error) {
	set := &keySet{subkeys: map[string]*[keySize]byte{}, id: string(id[:]), environment: environment, random: random}
	for _, purpose := range []string{Content, Patients, Delivery, index, audit, row} {
		key, err := hkdf.Key(sha256.New, root, id[:], string(pack("relais subkey 1", environment, purpose)), keySize)
		if err != nil {
			return nil, fmt.Errorf("vault: %w", err)
		}
		set.subkeys[purpose] = (*[keySize]byte)(key)
	}
	return &Keys{set: set}, nil
}

// Close zeroes the subkeys, after the calls that are under way.
func (k *Keys) Close() {
	k.set.mu.Lock()
	defer k.set.mu.Unlock()
	for _, key := range k.set.subkeys {
		clear(key[:])
	}
	k.set.subkeys = nil
}

// with runs use with a subkey while Close waits.
func (k *Keys) with(purpose string, use func(key []byte) error) error {
	k.set.mu.RLock()
	defer k.set.mu.RUnlock()
	if k.set.subkeys == nil {
		return ErrLocked
	}
	return use(k.set.subkeys[purpose][:])
}

// sealVersion is the first byte of a sealed value: XChaCha20-Poly1305 with a random nonce, then 24 bytes of nonce, ciphertext, 16 of tag.
const sealVersion = 1

const sealOverhead = 1 + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

// Seal encrypts and authenticates plaintext for its place; the result has 41 bytes more. The purpose is Content, Patients or Delivery.
func (k *Keys) Seal(purpose string, ad AD, plaintext []byte) ([]byte, error) {
	if !sealing(purpose) {
		return nil, fmt.Errorf("vault: nothing is sealed under %q", purpose)
	}
	out := make([]byte, 1+chacha20poly1305.NonceSizeX, sealOverhead+len(plaintext))
	out[0] = sealVersion
	err := k.with(purpose, func(key []byte) error {
		if err := k.nonce(out[1:]); err != nil {
			return err
		}
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return fmt.Errorf("vault: %w", err)
		}
		out = aead.Seal(out, out[1:], plaintext, k.associated(ad))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Open gives back what Seal was given, or ErrDamaged if anything differs: the bytes, the purpose, the place, the vault, the environment.
func (k *Keys) Open(purpose string, ad AD, sealed []byte) ([]byte, error) {
	if !sealing(purpose) {
		return nil, fmt.Errorf("vault: nothing is sealed under %q", purpose)
	}
	if len(sealed) < sealOverhead || sealed[0] != sealVersion {
		return nil, fmt.Errorf("%w: table %q, column %q holds no sealed value", ErrDamaged, ad.Table, ad.Column)
	}
	nonce, ciphertext := sealed[1:1+chacha20poly1305.NonceSizeX], sealed[1+chacha20poly1305.NonceSizeX:]
	var plaintext []byte
	err := k.with(purpose, func(key []byte) error {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return fmt.Errorf("vault: %w", err)
		}
		if plaintext, err = aead.Open(nil, nonce, ciphertext, k.associated(ad)); err != nil {
			return fmt.Errorf("%w: table %q, column %q: the sealed value is not the one that was put there", ErrDamaged, ad.Table, ad.Column)
		}
		return nil
	})
	return plaintext, err
}

func sealing(purpose string) bool {
	return purpose == Content || purpose == Patients || purpose == Delivery
}

func (k *Keys) nonce(buf []byte) error {
	k.set.nonces.Lock()
	defer k.set.nonces.Unlock()
	return fill(k.set.random, buf)
}

func (k *Keys) associated(ad AD) []byte {
	return pack(string([]byte{sealVersion}), k.set.id, k.set.environment, ad.Table, ad.Row, ad.Column)
}

// MAC authenticates a row: HMAC-SHA256 over table, row id and every field in the order of the columns, the version of the row among them.
// A nil field is an empty field.
func (k *Keys) MAC(table, id string, fields [][]byte) ([32]byte, error) {
	return k.hmac(row, pack(table, id), pack(fields...))
}

// VerifyMAC fails with ErrDamaged if mac is not the MAC of the row; the comparison takes the same time whatever differs.
func (k *Keys) VerifyMAC(table, id string, fields [][]byte, mac []byte) error {
	want, err := k.MAC(table, id, fields)
	if err != nil {
		return err
	}
	if !hmac.Equal(want[:], mac) {
		return fmt.Errorf("%w: a row of table %q is not as it was written", ErrDamaged, table)
	}
	return nil
}

// Blind is the blind index of a value in a column: equal values of a column are found by it, and it tells nothing else without the key.
// The caller brings the value into its one spelling first.
func (k *Keys) Blind(column, value string) ([32]byte, error) {
	return k.hmac(index, pack("blind", column, value))
}

// Keyed is the keyed hash by which a value is compared without being kept, for one use of it (such as "request").
func (k *Keys) Keyed(use string, value []byte) ([32]byte, error) {
	return k.hmac(index, pack("keyed", use), value)
}

// Chain is the link of a journal line to the one before: HMAC-SHA256 over the previous link (32 zero bytes for the first line) and the line.
func (k *Keys) Chain(previous [32]byte, line []byte) ([32]byte, error) {
	return k.hmac(audit, previous[:], line)
}

func (k *Keys) hmac(purpose string, parts ...[]byte) (out [32]byte, err error) {
	err = k.with(purpose, func(key []byte) error {
		h := hmac.New(sha256.New, key)
		for _, p := range parts {
			h.Write(p) // never fails
		}
		h.Sum(out[:0])
		return nil
	})
	return out, err
}

// pack is the encoding of everything that is authenticated or hashed here: the number of parts, then each part after its length, in 64-bit
// big-endian numbers. Two different lists of parts never give the same bytes, and no packed list is the beginning of another.
func pack[T string | []byte](parts ...T) []byte {
	size := 8
	for _, p := range parts {
		size += 8 + len(p)
	}
	out := binary.BigEndian.AppendUint64(make([]byte, 0, size), uint64(len(parts)))
	for _, p := range parts {
		out = append(binary.BigEndian.AppendUint64(out, uint64(len(p))), p...)
	}
	return out
}
