// Package identity is the doctor's eHealth certificate with its keys, as the keystore file (PKCS#12) of the eHealth platform
// holds them.
//
// The convention: the entry "authentication" is the key that signs, with its chain; it is also the holder-of-key of a
// session. Every other key is an encryption key, under the decimal serial number of its certificate; renewed ones stay, for
// old messages. One password for all. A file with one key alone needs no names.
//
// It owns reading such a file, who its holder is, whether it may be used at a time and when it has to be renewed. It takes
// bytes and a password and keeps neither: the bytes of the file are what a vault seals, and Open reads them again. Find names
// the files of the usual folder and opens none.
//
// Open says what is wrong with a file, at any time: one of the sentinels, wrapped with what and where. Check says what keeps
// a sound one from being used now. Retired encryption keys are never a fault. No error holds a name, a number, a password or
// bytes of a key; an Identity prints itself without them.
//
// No clock, no network. Whether a certificate leads to an anchor is for sync/ehealth/trust.
package identity

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"relais/sync/ehealth/etee"
)

// MaxFile is the length in bytes of the longest file that is read; one with a chain of four and two keys has 9 KB.
const MaxFile = 1 << 20

// What can be wrong with a file.
var (
	ErrTooLarge      = errors.New("too large for a keystore")
	ErrForm          = errors.New("not a PKCS#12 file")
	ErrPassword      = errors.New("the password is wrong") // or the file was altered: one check covers both
	ErrUnsupported   = errors.New("a PKCS#12 file of a kind that is not read")
	ErrNoKey         = errors.New("no private key")
	ErrNoCertificate = errors.New("a private key without its certificate")
	ErrTwoSigners    = errors.New(`two entries are called "authentication"`)
)

// ErrNoSigner: the file is sound, and none of its keys is the one that signs.
var ErrNoSigner = errors.New(`no entry is called "authentication"`)

// Identity is what a keystore holds.
type Identity struct {
	signing    etee.Credential // without a key: none
	decryption []etee.DecryptionKey
}

// Open reads a keystore.
func Open(p12, password []byte) (*Identity, error) {
	entries, err := read(p12, password)
	if err != nil {
		return nil, err
	}
	return assemble(entries)
}

// assemble gives each key its part.
func assemble(entries []entry) (*Identity, error) {
	id := &Identity{}
	for _, e := range entries {
		if signs(e, len(entries)) {
			if id.signing.Key != nil {
				return nil, ErrTwoSigners
			}
			id.signing = etee.Credential{Key: e.key, Chain: e.chain}
		}
		if decrypts(e) {
			id.decryption = append(id.decryption, etee.DecryptionKey{Key: e.key, Certificate: e.chain[0]})
		}
	}
	slices.SortStableFunc(id.decryption, func(a, b etee.DecryptionKey) int {
		return b.Certificate.NotBefore.Compare(a.Certificate.NotBefore)
	})
	return id, nil
}

// authentication is the name of the entry that signs. Java writes names in small letters, others keep those they are given.
const authentication = "authentication"

func signs(e entry, of int) bool {
	return strings.EqualFold(e.name, authentication) || of == 1 && e.chain[0].KeyUsage&signerUsage == signerUsage
}

// decrypts: every key but the one that signs, and that one too if its certificate is also for encryption. Messages name keys
// by certificate, so a name that is not the serial number does no harm.
func decrypts(e entry) bool {
	return !strings.EqualFold(e.name, authentication) || e.chain[0].KeyUsage&encryptionUsage != 0
}

// Signing is the credential that signs, or ErrNoSigner.
func (id *Identity) Signing() (etee.Credential, error) {
	if id.signing.Key == nil {
		return etee.Credential{}, ErrNoSigner
	}
	return etee.Credential{Key: id.signing.Key, Chain: slices.Clone(id.signing.Chain)}, nil
}

// Decryption are the keys for which messages are sealed, the newest first, retired ones behind it.
func (id *Identity) Decryption() []etee.DecryptionKey { return slices.Clone(id.decryption) }

// Format prints nothing of keys and holder, whatever the verb.
func (id *Identity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Identity(redacted)") }
