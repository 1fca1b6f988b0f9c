package store

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// testKeys fit the port with what a test of this package may import: HMAC-SHA256 (RFC 2104) written out, and encrypt-then-MAC over the key
// stream of ChaCha8. data/vault's own Keys are held against the store in test/….
type testKeys struct {
	root, vault, environment string

	mu     sync.Mutex
	random *rand.ChaCha8
	closed map[string]bool // purposes that are locked; "": all
	subs   sync.Map        // subkeys by purpose
}

var (
	errTestLocked  = errors.New("locked")
	errTestDamaged = errors.New("damaged")
)

func newTestKeys(root, vault, environment string) *testKeys {
	return &testKeys{root: root, vault: vault, environment: environment, random: rand.NewChaCha8(sha256.Sum256([]byte(root))), closed: map[string]bool{}}
}

func (k *testKeys) lock(purpose string, locked bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed[purpose] = locked
}

func (k *testKeys) locked(purpose string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed[""] || k.closed[purpose] {
		return errTestLocked
	}
	return nil
}

func testHMAC(key []byte, message ...[]byte) (out [32]byte) {
	var pad [64]byte
	copy(pad[:], key)
	h := sha256.New()
	for _, x := range []byte{0x36, 0x5c} { // inner, outer
		for i := range pad {
			pad[i] ^= x
		}
		h.Reset()
		h.Write(pad[:])
		for _, m := range message {
			h.Write(m)
		}
		message = [][]byte{h.Sum(out[:0])}
		for i := range pad {
			pad[i] ^= x
		}
	}
	return out
}

func lengthed(parts ...string) (out []byte) {
	for _, p := range parts {
		out = append(binary.BigEndian.AppendUint64(out, uint64(len(p))), p...)
	}
	return out
}

func (k *testKeys) sub(purpose string) []byte {
	if key, ok := k.subs.Load(purpose); ok {
		return key.([]byte)
	}
	h := testHMAC([]byte(k.root), lengthed(k.vault, k.environment, purpose))
	k.subs.Store(purpose, h[:])
	return h[:]
}

func (k *testKeys) tag(purpose string, ad AD, sealed []byte) [32]byte {
	return testHMAC(k.sub("tag "+purpose), lengthed(ad.Table, ad.Row, ad.Column), sealed)
}

func (k *testKeys) stream(out []byte, purpose string, nonce, text []byte) {
	_, _ = rand.NewChaCha8(testHMAC(k.sub(purpose), nonce)).Read(out)
	subtle.XORBytes(out, out, text)
}

func (k *testKeys) Seal(purpose string, ad AD, plain []byte) ([]byte, error) {
	if err := k.locked(purpose); err != nil {
		return nil, err
	}
	sealed := make([]byte, 24+len(plain), 24+len(plain)+32)
	k.mu.Lock()
	_, _ = k.random.Read(sealed[:24])
	k.mu.Unlock()
	k.stream(sealed[24:], purpose, sealed[:24], plain)
	tag := k.tag(purpose, ad, sealed)
	return append(sealed, tag[:]...), nil
}

func (k *testKeys) Open(purpose string, ad AD, sealed []byte) ([]byte, error) {
	if err := k.locked(purpose); err != nil {
		return nil, err
	}
	if len(sealed) < 56 {
		return nil, errTestDamaged
	}
	body := sealed[:len(sealed)-32]
	if tag := k.tag(purpose, ad, body); !bytes.Equal(tag[:], sealed[len(body):]) {
		return nil, errTestDamaged
	}
	plain := make([]byte, len(body)-24)
	k.stream(plain, purpose, body[:24], body[24:])
	return plain, nil
}

func (k *testKeys) MAC(table, id string, fields [][]byte) ([32]byte, error) {
	if err := k.locked("row"); err != nil {
		return [32]byte{}, err
	}
	parts := [][]byte{lengthed(table, id)}
	for _, f := range fields {
		parts = append(parts, binary.BigEndian.AppendUint64(nil, uint64(len(f))), f)
	}
	return testHMAC(k.sub("row"), parts...), nil
}

func (k *testKeys) Blind(column, value string) ([32]byte, error) {
	return testHMAC(k.sub("blind"), lengthed(column, value)), k.locked("index")
}

func (k *testKeys) Keyed(use string, value []byte) ([32]byte, error) {
	return testHMAC(k.sub("keyed"), lengthed(use, string(value))), k.locked("index")
}

func (k *testKeys) Chain(previous [32]byte, line []byte) ([32]byte, error) {
	return testHMAC(k.sub("audit"), previous[:], line), k.locked("audit")
}

// Different rows never encode alike: neither NULL and empty, nor text and blob, nor what moved from one column to the next.
func TestEncodeTellsRowsApart(t *testing.T) {
	cell := rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			n := rapid.Int64Range(0, 3).Draw(t, "int")
			return &n
		case 1:
			s := rapid.StringMatching(`[ab]{0,2}`).Draw(t, "text")
			return &s
		case 2:
			o := optional{V: rapid.StringMatching(`[ab]{0,2}`).Draw(t, "optional"), Valid: true}
			return &o
		case 3:
			b := []byte(rapid.StringMatching(`[ab]{0,2}`).Draw(t, "blob"))
			return &b
		}
		return new([]byte)
	})
	row := rapid.SliceOfN(cell, 3, 3)
	shown := func(cells []any) (out []any) {
		for _, v := range values(cells) {
			if b, ok := v.([]byte); ok {
				v = "blob " + string(b)
			}
			out = append(out, v)
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := row.Draw(t, "a"), row.Draw(t, "b")
		sameValues := true
		for i, v := range shown(a) {
			sameValues = sameValues && v == shown(b)[i]
		}
		if bytes.Equal(encode(nil, a), encode(nil, b)) != sameValues {
			t.Fatalf("%v and %v", shown(a), shown(b))
		}
	})
}

// RFC 4231, test case 2: what the tests stand on is HMAC.
func TestHMACOfTheTests(t *testing.T) {
	got := testHMAC([]byte("Jefe"), []byte("what do ya want "), []byte("for nothing?"))
	if fmt.Sprintf("%x", got) != "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" {
		t.Errorf("%x", got)
	}
}
