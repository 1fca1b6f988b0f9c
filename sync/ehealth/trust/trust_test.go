package trust_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/trust"
)

var now = time.Date(2027, 3, 9, 9, 40, 0, 0, time.UTC)

type holder struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func issue(t *testing.T, name string, key crypto.Signer, by *holder, change func(*x509.Certificate)) holder {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
	}
	if change != nil {
		change(template)
	}
	parent := holder{template, key}
	if by != nil {
		parent = *by
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, key.Public(), parent.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return holder{cert, key}
}

// costly has a key with which nobody signs, but which somebody may be made to verify with.
func costly(t *testing.T, by holder) *x509.Certificate {
	t.Helper()
	n := new(big.Int).SetBit(big.NewInt(1), 9000, 1)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leaf"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &rsa.PublicKey{N: n, E: 65537}, by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func isCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

// Without anchors nothing is trusted, not even what this computer trusts. It comes first: crypto/x509 reads the computer's
// anchors once per process.
func TestNoAnchors(t *testing.T) {
	root := issue(t, "root", newRSA(t, 2048), nil, isCA)
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	leaf := issue(t, "leaf", newRSA(t, 2048), &root, nil)
	found := trust.Judge(leaf.cert, nil, trust.Demand{At: now})
	if len(found) != 1 || found[0].Code != trust.ChainNotTrusted {
		t.Errorf("trusted without anchors: %v", found)
	}
}

func TestJudge(t *testing.T) {
	root := issue(t, "root", newRSA(t, 2048), nil, isCA)
	sub := issue(t, "sub", newRSA(t, 2048), &root, isCA)
	key := newRSA(t, 2048)
	leaf := func(by holder, change func(*x509.Certificate)) *x509.Certificate {
		return issue(t, "leaf", key, &by, change).cert
	}
	expiredSub := issue(t, "sub", sub.key, &root, func(c *x509.Certificate) { isCA(c); c.NotAfter = now.Add(-time.Hour) })
	noCA := issue(t, "sub", sub.key, &root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	critical := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
	}
	good := leaf(sub, nil)
	anchors := x509.NewCertPool()
	anchors.AddCert(root.cert)
	pinned := x509.NewCertPool()
	pinned.AddCert(good)

	for _, c := range []struct {
		name      string
		cert      *x509.Certificate
		travelled []*x509.Certificate
		change    func(*trust.Demand)
		want      []string
	}{
		{name: "good", cert: good, travelled: []*x509.Certificate{sub.cert}},
		{name: "the anchor itself", cert: good, change: func(d *trust.Demand) { d.Anchors = pinned }},
		{name: "nothing between", cert: good, want: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED: it leads to none of the anchors"}},
		{name: "issuer expired", cert: good, travelled: []*x509.Certificate{expiredSub.cert}, want: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED: a certificate of the chain was not valid at the time"}},
		{name: "issuer is no CA", cert: good, travelled: []*x509.Certificate{noCA.cert}, want: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED: it leads to none of the anchors"}},
		{name: "unknown critical extension", cert: leaf(root, critical), want: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED: a critical extension is unknown"}},
		{name: "expired", cert: good, travelled: []*x509.Certificate{sub.cert}, change: func(d *trust.Demand) { d.At = now.AddDate(10, 0, 0) }, want: []string{"CERTIFICATE_EXPIRED: valid until 2028-03-09T09:40:00Z"}},
		{name: "not yet valid", cert: good, travelled: []*x509.Certificate{sub.cert}, change: func(d *trust.Demand) { d.At = now.AddDate(-10, 0, 0) }, want: []string{"CERTIFICATE_NOT_YET_VALID: valid from 2026-03-09T09:40:00Z"}},
		{name: "last second", cert: good, travelled: []*x509.Certificate{sub.cert}, change: func(d *trust.Demand) { d.At = good.NotAfter }},
		{name: "one use of two", cert: good, travelled: []*x509.Certificate{sub.cert}, change: func(d *trust.Demand) { d.Usage |= x509.KeyUsageContentCommitment }, want: []string{"CERTIFICATE_HAS_INVALID_KEYUSAGE: nonRepudiation is missing"}},
		{name: "longer key wanted", cert: good, travelled: []*x509.Certificate{sub.cert}, change: func(d *trust.Demand) { d.MinBits = 3072 }, want: []string{"KEY_LENGTH_UNAUTHORIZED: 2048 bits where 3072 to 8192 are due"}},
		{name: "a key that is too costly", cert: costly(t, root), want: []string{"KEY_LENGTH_UNAUTHORIZED: 9001 bits where 2048 to 8192 are due"}},
		{name: "elliptic curve", cert: issue(t, "leaf", ec, &root, nil).cert, want: []string{"KEY_ALGORITHM_UNAUTHORIZED: the key is not RSA"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			demand := trust.Demand{Anchors: anchors, At: now, Usage: x509.KeyUsageDigitalSignature, MinBits: 2048}
			if c.change != nil {
				c.change(&demand)
			}
			var got []string
			for _, f := range trust.Judge(c.cert, c.travelled, demand) {
				got = append(got, f.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadAnchors(t *testing.T) {
	a := issue(t, "a", newRSA(t, 2048), nil, isCA)
	b := issue(t, "b", a.key, nil, isCA)
	text := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	two := bytes.Join([][]byte{[]byte("# the first\n"), text("CERTIFICATE", a.cert.Raw), []byte("# the second\n"), text("CERTIFICATE", b.cert.Raw)}, nil)
	pool, err := trust.ReadAnchors(two)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*x509.Certificate{a.cert, b.cert} {
		if found := trust.Judge(c, nil, trust.Demand{Anchors: pool, At: now}); found != nil {
			t.Errorf("%s: %v", c.Subject.CommonName, found)
		}
	}
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"nothing":  {nil, "0 of 0"},
		"DER":      {a.cert.Raw, "0 of 0"},
		"a key":    {text("PRIVATE KEY", []byte{1}), "block 1 is a PRIVATE KEY"},
		"nonsense": {append(bytes.Clone(two), text("CERTIFICATE", []byte{1})...), "certificate 3 cannot be read"},
		"cut off":  {two[:len(two)-10], "1 of 2"},
	} {
		if pool, err := trust.ReadAnchors(c.in); pool != nil || !errors.Is(err, trust.ErrAnchors) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
