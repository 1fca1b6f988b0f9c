package kgss

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"relais/sync/ehealth/etee"
)

// KeyID identifies a key: bytes that the KGSS chose, to be taken as they are. It is no secret, but it tells which prescription
// belongs to which request.
type KeyID []byte

// Text is the identifier as messages of Recip-e write it: base64.
func (id KeyID) Text() string { return base64.StdEncoding.EncodeToString(id) }

// ErrKeyID says that a text is no identifier.
var ErrKeyID = errors.New("kgss: not the identifier of a key")

// ParseKeyID reads what Text writes.
func ParseKeyID(text string) (KeyID, error) {
	id, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(id) == 0 {
		return nil, ErrKeyID
	}
	return id, nil
}

// Key is a key of the KGSS with its identifier.
type Key struct {
	ID     KeyID
	Secret [16]byte  // AES-128
	At     time.Time // the server's clock, by the signature of its answer
}

// KEK is the key as messages are sealed and unsealed with it.
func (k Key) KEK() *etee.KEK { return &etee.KEK{ID: k.ID, Key: k.Secret[:]} }

// Format prints nothing of an identifier or a key, whatever the verb.
func (KeyID) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "KeyID(redacted)") }
func (Key) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, "Key(redacted)") }

// LogValue is what Format prints.
func (KeyID) LogValue() slog.Value { return slog.StringValue("KeyID(redacted)") }
func (Key) LogValue() slog.Value   { return slog.StringValue("Key(redacted)") }
