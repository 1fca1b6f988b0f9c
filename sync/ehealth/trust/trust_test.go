package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/trust"
)

var now = pkitest.Now

// year is the validity of the certificates of this test.
var year = pkitest.Valid(now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))

// costly has a key with which nobody signs, but which somebody may be made to verify with.
func costly(by pkitest.Holder) *x509.Certificate {
	n := new(big.Int).SetBit(big.NewInt(1), 9000, 1)
	return pkitest.Certify(&rsa.PublicKey{N: n, E: 65537}, "leaf", by, year)
}

// Without anchors nothing is trusted, not even what this computer trusts. It comes first: crypto/x509 reads the computer's
// anchors once per process.
func TestNoAnchors(t *testing.T) {
	root := pkitest.Issue("root", nil, pkitest.CA)
	file := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, pkitest.PEM(root.Cert), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	leaf := pkitest.Issue("leaf", &root)
	found := trust.Judge(leaf.Cert, nil, trust.Demand{At: now})
	if len(found) != 1 || found[0].Code != trust.ChainNotTrusted {
		t.Errorf("trusted without anchors: %v", found)
	}
}

func TestJudge(t *testing.T) {
	root := pkitest.Issue("root", nil, pkitest.CA)
	sub := pkitest.Issue("sub", &root, pkitest.CA)
	leaf := func(by pkitest.Holder, changes ...pkitest.Change) *x509.Certificate {
		return pkitest.Issue("leaf", &by, append([]pkitest.Change{year, pkitest.Usage(x509.KeyUsageDigitalSignature)}, changes...)...).Cert
	}
	expiredSub := pkitest.Issue("sub", &root, pkitest.CA, pkitest.Valid(now.AddDate(-1, 0, 0), now.Add(-time.Hour)))
	noCA := pkitest.Issue("sub", &root)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	critical := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
	}
	good := leaf(sub)

	for _, c := range []struct {
		name      string
		cert      *x509.Certificate
		travelled []*x509.Certificate
		change    func(*trust.Demand)
		want      []string
	}{
		{name: "good", cert: good, travelled: []*x509.Certificate{sub.Cert}},
		{name: "the anchor itself", cert: good, change: func(d *trust.Demand) { d.Anchors = pkitest.Pool(good) }},
		{name: "nothing between", cert: good, want: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED: it leads to none of the anchors"}},
		{name: "issuer expired", cert: good, travelled: []*x509.Certificate{expiredSub.Cert}, want: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED: a certificate of the chain was not valid at the time"}},
		{name: "issuer is no CA", cert: good, travelled: []*x509.Certificate{noCA.Cert}, want: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED: it leads to none of the anchors"}},
		{name: "unknown critical extension", cert: leaf(root, critical), want: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED: a critical extension is unknown"}},
		{name: "expired", cert: good, travelled: []*x509.Certificate{sub.Cert}, change: func(d *trust.Demand) { d.At = now.AddDate(10, 0, 0) }, want: []string{"CERTIFICATE_EXPIRED: valid until 2028-03-09T09:40:00Z"}},
		{name: "not yet valid", cert: good, travelled: []*x509.Certificate{sub.Cert}, change: func(d *trust.Demand) { d.At = now.AddDate(-10, 0, 0) }, want: []string{"CERTIFICATE_NOT_YET_VALID: valid from 2026-03-09T09:40:00Z"}},
		{name: "last second", cert: good, travelled: []*x509.Certificate{sub.Cert}, change: func(d *trust.Demand) { d.At = good.NotAfter }},
		{name: "one use of two", cert: good, travelled: []*x509.Certificate{sub.Cert}, change: func(d *trust.Demand) { d.Usage |= x509.KeyUsageContentCommitment }, want: []string{"CERTIFICATE_HAS_INVALID_KEYUSAGE: nonRepudiation is missing"}},
		{name: "longer key wanted", cert: good, travelled: []*x509.Certificate{sub.Cert}, change: func(d *trust.Demand) { d.MinBits = 3072 }, want: []string{"KEY_LENGTH_UNAUTHORIZED: 2048 bits where 3072 to 8192 are due"}},
		{name: "a key that is too costly", cert: costly(root), want: []string{"KEY_LENGTH_UNAUTHORIZED: 9001 bits where 2048 to 8192 are due"}},
		{name: "elliptic curve", cert: pkitest.Certify(ec.Public(), "leaf", root, year), want: []string{"KEY_ALGORITHM_UNAUTHORIZED: the key is not RSA"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			demand := trust.Demand{Anchors: pkitest.Pool(root.Cert), At: now, Usage: x509.KeyUsageDigitalSignature, MinBits: 2048}
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
