// Package peer lets programs that share no code with Relais read what it makes.
package peer

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/sync/ehealth/etee"
)

type holder struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

var now = time.Date(2027, 3, 9, 9, 40, 0, 0, time.UTC)

func newHolder(t *testing.T, serial int64, usage x509.KeyUsage) holder {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "Test", SerialNumber: "00000000001"}, KeyUsage: usage,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return holder{cert, key}
}

func (h holder) credential() etee.Credential {
	return etee.Credential{Key: h.key, Chain: []*x509.Certificate{h.cert}}
}

func TestSealedMessages(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("SKIPPED: python3 is not installed, so that the peer does not read what we seal")
	}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	doctor := newHolder(t, 0x1234, x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment)
	card := newHolder(t, 1<<62, x509.KeyUsageContentCommitment) // the card's other certificate
	recipient := newHolder(t, 223372036854775808, x509.KeyUsageKeyEncipherment)
	other := newHolder(t, 128, x509.KeyUsageKeyEncipherment)
	kek := etee.KEK{ID: []byte("DEMO-KEYID-00001"), Key: []byte("0123456789abcdef")}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(recipient.key)
	if err != nil {
		t.Fatal(err)
	}
	byKey := []string{"--key", file("key.der", pkcs8), "--serial", recipient.cert.SerialNumber.String()}
	byKEK := []string{"--kek", hex.EncodeToString(kek.Key), "--kek-id", hex.EncodeToString(kek.ID)}
	sender, author := file("sender.der", doctor.cert.Raw), file("author.der", card.cert.Raw)

	read := func(sealed []byte, args ...string) ([]byte, string) {
		out := filepath.Join(dir, "plain")
		_ = os.Remove(out)
		args = append(append([]string{"reader.py", "--sender", sender}, args...), file("sealed", sealed), out)
		output, err := exec.Command(python, args...).CombinedOutput()
		if err != nil {
			return nil, string(output) + err.Error()
		}
		plain, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return plain, ""
	}
	known := etee.Recipients{Known: []*x509.Certificate{recipient.cert}}
	for _, c := range []struct {
		name   string
		sealer etee.Sealer
		to     etee.Recipients
		args   []string
		sizes  []int // around the steps of padding and of length octets
	}{
		{"known recipient", etee.Sealer{Policy: etee.EHealthCertificate}, known, byKey, []int{0, 17, 3000}},
		{"unknown recipient", etee.Sealer{Policy: etee.EHealthCertificate}, etee.Recipients{Unknown: &kek}, byKEK, []int{16, 17, 255}},
		{"three recipients, by key", etee.Sealer{Policy: etee.EHealthCertificate}, etee.Recipients{Known: []*x509.Certificate{other.cert, recipient.cert}, Unknown: &kek}, byKey, []int{17, 127}},
		{"three recipients, by KEK", etee.Sealer{Policy: etee.EHealthCertificate}, etee.Recipients{Known: []*x509.Certificate{other.cert, recipient.cert}, Unknown: &kek}, byKEK, []int{17, 128}},
		{"identity card", etee.Sealer{Policy: etee.EID, Author: card.credential()}, known, append([]string{"--author", author}, byKey...), []int{1, 17, 256}},
	} {
		for _, size := range c.sizes {
			plain := make([]byte, size)
			_, _ = rand.Read(plain)
			c.sealer.Sender, c.sealer.Clock, c.sealer.Rand = doctor.credential(), func() time.Time { return now }, rand.Reader
			sealed, err := c.sealer.Seal(plain, c.to)
			if err != nil {
				t.Fatal(err)
			}
			args := append([]string{"--policy", string(c.sealer.Policy)}, c.args...)
			got, fault := read(sealed, args...)
			if fault != "" || !bytes.Equal(got, plain) {
				t.Errorf("%s, %d bytes: %d other bytes, %s", c.name, size, len(got), fault)
			}
			if size != 17 {
				continue
			}
			// The reader is one that can refuse.
			sealed[len(sealed)-1] ^= 1
			if _, fault := read(sealed, args...); !strings.Contains(fault, "deviation: outer layer: the signature does not match") {
				t.Errorf("%s: a changed signature was read: %s", c.name, fault)
			}
		}
	}
}
