package cms

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// RFC 3394 4.1: wrap 128 bits of key data with a 128-bit KEK.
func TestKeyWrapVector(t *testing.T) {
	kek, key := unhex("000102030405060708090a0b0c0d0e0f"), unhex("00112233445566778899aabbccddeeff")
	want := unhex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5")
	wrapped, err := wrapContentKey(kek, key)
	if err != nil || !bytes.Equal(wrapped, want) {
		t.Errorf("wrapped %x %v", wrapped, err)
	}
	unwrapped, err := unwrapContentKey(kek, want)
	if err != nil || !bytes.Equal(unwrapped, key) {
		t.Errorf("unwrapped %x %v", unwrapped, err)
	}
}

func TestKeyWrap(t *testing.T) {
	sixteen := rapid.SliceOfN(rapid.Byte(), 16, 16)
	rapid.Check(t, func(t *rapid.T) {
		kek, key := sixteen.Draw(t, "kek"), sixteen.Draw(t, "key")
		wrapped, err := wrapContentKey(kek, key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := unwrapContentKey(kek, wrapped)
		if err != nil || !bytes.Equal(got, key) {
			t.Fatalf("%x %v", got, err)
		}
		wrapped[rapid.IntRange(0, 23).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if got, err := unwrapContentKey(kek, wrapped); err == nil {
			t.Fatalf("a changed wrap gave %x", got)
		}
	})
	for _, n := range []int{0, 15, 17, 24, 32} {
		if _, err := wrapContentKey(make([]byte, n), make([]byte, 16)); err == nil {
			t.Errorf("a KEK of %d bytes", n)
		}
		if _, err := wrapContentKey(make([]byte, 16), make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes", n)
		}
	}
	for _, n := range []int{0, 8, 16, 23, 25, 32} {
		if _, err := unwrapContentKey(make([]byte, 16), make([]byte, n)); err == nil {
			t.Errorf("%d wrapped bytes", n)
		}
	}
}

func TestContentCipher(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, iv := make([]byte, 16), make([]byte, 16)
		content := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "content")
		ciphertext, err := encryptContent(key, iv, content)
		if err != nil {
			t.Fatal(err)
		}
		if len(ciphertext) <= len(content) || len(ciphertext) > len(content)+16 {
			t.Fatalf("%d bytes for %d", len(ciphertext), len(content))
		}
		if got, ok := decryptContent(key, iv, ciphertext); !ok || !bytes.Equal(got, content) {
			t.Fatalf("%x %v", got, ok)
		}
	})
	for _, n := range []int{0, 1, 15, 17, 31} {
		if _, ok := decryptContent(make([]byte, 16), make([]byte, 16), make([]byte, n)); ok {
			t.Errorf("%d bytes of ciphertext", n)
		}
	}
}

// Every last byte and every fault of the padding.
func TestPadding(t *testing.T) {
	for n := range 256 {
		block := bytes.Repeat([]byte{0xee}, 32)
		for i := max(16, 32-n); i < 32; i++ {
			block[i] = byte(n)
		}
		block[31] = byte(n)
		length, good := unpadded(block)
		valid := 1 <= n && n <= 16
		if (good == 1) != valid || valid && length != 32-n {
			t.Errorf("padding %d: length %d, good %d", n, length, good)
		}
		for i := 32 - n; valid && i < 31; i++ {
			wrong := bytes.Clone(block)
			wrong[i] ^= 0x40
			if _, good := unpadded(wrong); good == 1 {
				t.Errorf("padding %d with a wrong byte %d", n, i)
			}
		}
	}
}

// A content key that cannot be had is replaced by a random one, without an error that could be told apart.
func TestContentKeyThatCannotBeHad(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	contentKey := unhex("00112233445566778899aabbccddeeff")
	sent, err := sendContentKey(&key.PublicKey, contentKey, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := receiveContentKey(key, sent, rand.Reader); err != nil || !bytes.Equal(got, contentKey) {
		t.Fatalf("%x %v", got, err)
	}
	damaged := bytes.Clone(sent)
	damaged[200] ^= 1
	for name, ciphertext := range map[string][]byte{
		"damaged": damaged, "short": sent[1:], "long": append([]byte{1}, sent...), "empty": nil,
		"above the modulus": bytes.Repeat([]byte{0xff}, 256),
	} {
		a, err := receiveContentKey(key, ciphertext, rand.Reader)
		if err != nil || len(a) != 16 {
			t.Errorf("%s: %x %v", name, a, err)
		}
		b, err := receiveContentKey(key, ciphertext, rand.Reader)
		if err != nil || bytes.Equal(a, b) || bytes.Equal(a, contentKey) {
			t.Errorf("%s: %x and %x are no random keys", name, a, b)
		}
	}
	if _, err := receiveContentKey(refusing{key}, sent, rand.Reader); err != nil {
		t.Errorf("a card that refuses: %v", err)
	}
	if _, err := receiveContentKey(key, sent, bytes.NewReader(nil)); !errors.Is(err, io.EOF) {
		t.Errorf("without randomness: %v", err)
	}
}

// refusing is a key in a card that reports what is wrong.
type refusing struct{ crypto.Decrypter }

func (refusing) Decrypt(io.Reader, []byte, crypto.DecrypterOpts) ([]byte, error) {
	return nil, errors.New("card: bad padding")
}
