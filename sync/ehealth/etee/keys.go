package etee

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
)

// KEK is a key that the KGSS gave for messages to recipients not known when sealing.
type KEK struct {
	ID  []byte // raw bytes of the key identifier; when unsealing, nil accepts any
	Key []byte // 16 bytes, AES-128
}

// NewKEK makes a KEK from the raw bytes of a key; id may be nil for unsealing.
func NewKEK(id, key []byte) (*KEK, error) {
	k := &KEK{ID: id, Key: key}
	if err := k.check(); err != nil {
		return nil, err
	}
	return k, nil
}

// Format prints nothing of the key, whatever the verb.
func (k KEK) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "KEK(redacted)") }

func (k KEK) check() error {
	if len(k.Key) != 16 {
		return fmt.Errorf("a KGSS key has 16 bytes, not %d", len(k.Key))
	}
	return nil
}

// Credential signs: a private key, possibly in a card, and its certificate with the rest of its chain.
type Credential struct {
	Key   crypto.Signer
	Chain []*x509.Certificate // the key's own certificate first
}

// Format prints nothing of key and holder, whatever the verb.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Credential(redacted)") }

var errIncomplete = errors.New("a key and its certificate are both needed")

func (c Credential) certificate() *x509.Certificate { return c.Chain[0] }

func (c Credential) check() error {
	if c.Key == nil || len(c.Chain) == 0 {
		return errIncomplete
	}
	return matches(c.Key.Public(), c.certificate())
}

// DecryptionKey is a private key and the encryption certificate that names it in messages. Retired ones are kept for old
// messages.
type DecryptionKey struct {
	Key         crypto.Decrypter
	Certificate *x509.Certificate
}

// Format prints nothing of key and holder, whatever the verb.
func (k DecryptionKey) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "DecryptionKey(redacted)")
}

// matches checks that a public key is that of the certificate.
func matches(public crypto.PublicKey, c *x509.Certificate) error {
	if key, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !key.Equal(public) {
		return errors.New("the key is not that of the certificate")
	}
	return nil
}
