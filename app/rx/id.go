package rx

import (
	"encoding/hex"
	"io"
	"time"
)

// ID is a UUID in its canonical text form (RFC 9562: 36 characters, lower case).
// "" is no id. Ids of version 7 sort by time of creation.
type ID string

// NewID lays out a UUIDv7 from an injected clock and source of randomness, so
// that a seed replays a run. It fails only when rand does.
func NewID(now time.Time, rand io.Reader) (ID, error) {
	var b [16]byte
	if _, err := io.ReadFull(rand, b[6:]); err != nil {
		return "", Fault(CodeRandom).Because(err)
	}
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return layOut(b), nil
}

// ParseID accepts the canonical text form of any UUID version, in either case,
// and returns it in lower case.
func ParseID(s string) (ID, error) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return "", Fault(CodeIDForm)
	}
	var b [16]byte
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(b[:], []byte(digits)); err != nil {
		return "", Fault(CodeIDForm)
	}
	return layOut(b), nil
}

func layOut(b [16]byte) ID {
	h := hex.EncodeToString(b[:])
	return ID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}

// MarshalText checks nothing: an ID comes from NewID or ParseID.
func (id ID) MarshalText() ([]byte, error) { return []byte(id), nil }

// UnmarshalText accepts "" and what ParseID accepts.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ""
		return nil
	}
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
