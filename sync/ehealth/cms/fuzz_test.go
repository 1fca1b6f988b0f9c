package cms

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"relais/sync/ehealth/ber"
)

// seeds are messages of the eHealth library and of openssl, and the layer below of those.
func seeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob(filepath.FromSlash("../etee/testdata/vectors/*.der"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors: %v", err)
	}
	content := []byte("content")
	small := crafted{content: content, signers: 1, attributes: [][]byte{
		typeAttribute(oidData), digestAttribute(content), protection(addSHA256, PSS.addFields), attribute(oidSigningTime, []byte("\x17\x0d270309094000Z")),
	}}
	f.Add(small.message(f))
	envelope, err := Envelop(content, Addressees{KeyID: []byte("1"), Key: make([]byte, 16)}, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(envelope)
	for _, file := range append(files, filepath.FromSlash("../etee/testdata/vectors/test-recipient.etk")) {
		message, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message)
		s, err := ReadSignedData(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Content)
	}
}

func FuzzSignedData(f *testing.F) {
	seeds(f)
	certificate := signer().Certificate
	f.Fuzz(func(t *testing.T, message []byte) {
		s, err := ReadSignedData(message)
		if err != nil {
			if !errors.Is(err, ErrStructure) {
				t.Fatal(err)
			}
			return
		}
		if len(s.Content) > len(message) || len(s.Certificates) > maxCertificates {
			t.Fatalf("%d bytes gave %d bytes of content and %d certificates", len(message), len(s.Content), len(s.Certificates))
		}
		s.FindSigner()
		if s.Verify(certificate) == nil && string(s.Content) != "content" {
			t.Fatal("nobody signed this")
		}
	})
}

func FuzzEnvelopedData(f *testing.F) {
	seeds(f)
	kek := unhex("101112131415161718191a1b1c1d1e1f")
	f.Fuzz(func(t *testing.T, message []byte) {
		e, err := ReadEnvelopedData(message)
		if err != nil {
			if !errors.Is(err, ErrStructure) {
				t.Fatal(err)
			}
			return
		}
		for _, r := range e.Recipients {
			if (r.KeyID == nil) == (r.Certificate.Serial == nil && r.Certificate.SubjectKeyID == nil) {
				t.Fatal("a recipient of both kinds, or of none")
			}
			if r.KeyID == nil {
				continue // private keys are slow; etee tries them
			}
			content, err := e.OpenWithSharedKey(r, kek)
			if err != nil && err != ErrDecryption { //nolint:errorlint // nothing may be wrapped in it, or around it
				t.Fatal(err)
			}
			if err == nil && (e.CheckCipher() != nil || r.CheckKeyCipher() != nil || len(content) >= len(message)) {
				t.Fatal("opened what is not of the profile")
			}
		}
	})
}

// FuzzEdits changes the structure of a sound message and leaves its lengths sound: children are removed, doubled, exchanged,
// tags changed, octets changed, lengths made indefinite, strings segmented. Whatever still verifies is the same message.
func FuzzEdits(f *testing.F) {
	files := []string{"ossl_known.der", "prescription.unknown-recipient.sealed.der"}
	var messages [][]byte
	for _, file := range files {
		message, err := os.ReadFile(filepath.Join("..", "etee", "testdata", "vectors", file))
		if err != nil {
			f.Fatal(err)
		}
		messages = append(messages, message)
	}
	pemText, err := os.ReadFile(filepath.Join("..", "etee", "testdata", "vectors", "test-auth.cert.pem"))
	if err != nil {
		f.Fatal(err)
	}
	block, _ := pem.Decode(pemText)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		f.Fatal(err)
	}
	for i := range byte(len(edits)) {
		f.Add(byte(0), []byte{i, 0, 3, 1})
		f.Add(byte(1), []byte{i, 0, 17, 4, i, 0, 40, 9})
	}
	f.Fuzz(func(t *testing.T, which byte, change []byte) {
		original, err := ReadSignedData(messages[int(which)%len(messages)])
		if err != nil {
			t.Fatal(err)
		}
		if s, err := ReadSignedData(edited(t, messages[int(which)%len(messages)], change)); err == nil && s.Verify(certificate) == nil {
			if !bytes.Equal(s.Content, original.Content) || !s.SigningTime.IsZero() && !s.SigningTime.Equal(original.SigningTime) {
				t.Fatal("another message verifies")
			}
		}
		e, err := ReadEnvelopedData(edited(t, original.Content, change))
		if err != nil {
			return
		}
		for _, r := range e.Recipients {
			if content, err := e.OpenWithSharedKey(r, unhex("101112131415161718191a1b1c1d1e1f")); err == nil && r.KeyID == nil {
				t.Fatalf("%d bytes opened without a shared key", len(content))
			}
		}
	})
}

// node is an element that can be changed and written anew.
type node struct {
	tag        byte
	indefinite bool
	body       []byte
	children   []*node
}

func nodeOf(e ber.Element) *node {
	n := &node{tag: byte(e.Class)<<6 | e.Number, body: bytes.Clone(e.Body)}
	if e.Constructed {
		n.tag |= 0x20
	}
	for _, c := range e.Children {
		n.children = append(n.children, nodeOf(c))
	}
	return n
}

func (n *node) flat() []*node {
	all := []*node{n}
	for _, c := range n.children {
		all = append(all, c.flat()...)
	}
	return all
}

func (n *node) write(b *cryptobyte.Builder) {
	body := func(b *cryptobyte.Builder) {
		if n.tag&0x20 == 0 {
			b.AddBytes(n.body)
		}
		for _, c := range n.children {
			c.write(b)
		}
	}
	if n.indefinite && n.tag&0x20 != 0 {
		b.AddBytes([]byte{n.tag, 0x80})
		body(b)
		b.AddBytes([]byte{0, 0})
		return
	}
	b.AddASN1(casn1.Tag(n.tag), body)
}

// edits are the changes; value is drawn by the fuzzer.
var edits = []func(n *node, value int){
	func(n *node, value int) { n.indefinite = !n.indefinite },
	func(n *node, value int) { n.tag = byte(value)&^0x1f | byte(value)&0x1e },
	func(n *node, value int) { n.tag ^= 0x20 },
	func(n *node, value int) {
		if len(n.children) > 0 {
			n.children = slices.Delete(n.children, value%len(n.children), value%len(n.children)+1)
		}
	},
	func(n *node, value int) {
		if len(n.children) > 0 {
			n.children = append(n.children, n.children[value%len(n.children)])
		}
	},
	func(n *node, value int) {
		if k := len(n.children); k > 0 {
			n.children[0], n.children[value%k] = n.children[value%k], n.children[0]
		}
	},
	func(n *node, value int) {
		if len(n.body) > 0 {
			n.body[value%len(n.body)] ^= byte(1 + value%255)
		}
	},
	func(n *node, value int) { n.body = n.body[:min(value, len(n.body))] },
	func(n *node, value int) { n.body = append(n.body, byte(value)) },
	func(n *node, value int) { // segments
		if n.tag&0x20 == 0 && len(n.children) == 0 {
			at := min(value, len(n.body))
			n.tag |= 0x20
			n.children = []*node{{tag: 4, body: n.body[:at]}, {tag: 4, body: n.body[at:]}}
		}
	},
}

// edited applies edits of four bytes each (which, element, value), six at most, and writes the message anew.
func edited(t *testing.T, message, change []byte) []byte {
	e, err := ber.Parse(message, limits)
	if err != nil {
		t.Fatal(err)
	}
	root := nodeOf(e)
	for edit := range slices.Chunk(change[:min(len(change), 24)], 4) {
		if len(edit) == 4 {
			all := root.flat()
			edits[int(edit[0])%len(edits)](all[(int(edit[1])<<8|int(edit[2]))%len(all)], int(edit[3]))
		}
	}
	var b cryptobyte.Builder
	root.write(&b)
	out, err := b.Bytes()
	if err != nil {
		return nil
	}
	return out
}
