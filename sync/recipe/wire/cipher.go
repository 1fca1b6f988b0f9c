package wire

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"errors"
	"fmt"
	"io"
)

// SymmKey is the key under which the service answers one call: Triple DES in ECB mode with PKCS #5 padding, without a MAC. The cipher is the
// protocol's; it stands here alone. A fresh key for each call, which travels inside the sealed parameter.
type SymmKey [24]byte

// NewSymmKey draws a key.
func NewSymmKey(random io.Reader) (k SymmKey, err error) {
	if _, err := io.ReadFull(random, k[:]); err != nil {
		return SymmKey{}, fmt.Errorf("recipe: no random bytes: %w", err)
	}
	return k, nil
}

// Format prints nothing of the key, whatever the verb.
func (SymmKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "SymmKey(…)") }

// errKey: a parameter without a usable key.
var errKey = fmt.Errorf("%w: symmKey is not 24 bytes", ErrForm)

// MarshalText is base64.
func (k SymmKey) MarshalText() ([]byte, error) { return Bytes(k[:]).MarshalText() }

// UnmarshalText reads base64 of 24 bytes.
func (k *SymmKey) UnmarshalText(text []byte) error {
	var b Bytes
	if err := b.UnmarshalText(text); err != nil {
		return err
	}
	if len(b) != len(k) {
		return errKey
	}
	copy(k[:], b)
	return nil
}

var errCipher = errors.New("recipe: the result is not under the key of the call")

func (k SymmKey) block() cipher.Block {
	b, err := des.NewTripleDESCipher(k[:])
	if err != nil { // only for another length
		panic(err)
	}
	return b
}

// Encrypt puts a result under the key.
func (k SymmKey) Encrypt(plain []byte) []byte {
	padding := des.BlockSize - len(plain)%des.BlockSize
	out := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(padding)}, padding)...)
	block := k.block()
	for b := out; len(b) > 0; b = b[des.BlockSize:] {
		block.Encrypt(b, b)
	}
	return out
}

// Decrypt gives what Encrypt was given. It fails for most other keys and alterations, not for all: there is no MAC.
func (k SymmKey) Decrypt(secured []byte) ([]byte, error) {
	if len(secured) == 0 || len(secured)%des.BlockSize != 0 {
		return nil, errCipher
	}
	out := bytes.Clone(secured)
	block := k.block()
	for b := out; len(b) > 0; b = b[des.BlockSize:] {
		block.Decrypt(b, b)
	}
	padding := int(out[len(out)-1])
	if padding < 1 || padding > des.BlockSize || !bytes.Equal(out[len(out)-padding:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return nil, errCipher
	}
	return out[:len(out)-padding], nil
}
