package etk_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/trust"
)

var now = pkitest.Now

func vector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "etee", "testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func vectorCertificate(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	return pkitest.ReadCertificate(vector(t, name+".cert.pem"))
}

func codes(found []trust.Finding) (codes []string) {
	for _, f := range found {
		codes = append(codes, string(f.Code))
	}
	return codes
}

func TestVector(t *testing.T) {
	raw := vector(t, "test-recipient.etk")
	text := []byte(base64.StdEncoding.EncodeToString(raw))
	lines := append(append(append([]byte("\r\n "), text[:76]...), '\n'), text[76:]...)
	ca := vectorCertificate(t, "test-ca")
	for name, in := range map[string][]byte{"DER": raw, "base64": text, "base64 in lines": lines} {
		token, err := etk.Parse(in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !token.Encryption.Equal(vectorCertificate(t, "test-enc")) || !token.Authentication.Equal(vectorCertificate(t, "test-auth")) ||
			!token.Authority.Equal(vectorCertificate(t, "test-ra")) {
			t.Errorf("%s: other certificates", name)
		}
		at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		if found := token.Check(etk.Anchors{Authority: pkitest.Pool(ca), Holders: pkitest.Pool(ca)}, at); found != nil {
			t.Errorf("%s: %v", name, found)
		}
		if found := token.Inspect(at); found != nil {
			t.Errorf("%s: %v", name, found)
		}
		want := []string{"ETK_AUTHORITY_CERTIFICATE_CHAIN_NOT_TRUSTED", "ETK_AUTHENTICATION_CERTIFICATE_CHAIN_NOT_TRUSTED"}
		if diff := cmp.Diff(want, codes(token.Check(etk.Anchors{}, at))); diff != "" {
			t.Errorf("%s, without anchors: %s", name, diff)
		}
		want = []string{"ETK_ENCRYPTION_CERTIFICATE_EXPIRED", "ETK_AUTHENTICATION_CERTIFICATE_EXPIRED"}
		if diff := cmp.Diff(want, codes(token.Check(etk.Anchors{Authority: pkitest.Pool(ca), Holders: pkitest.Pool(ca)}, at.AddDate(5, 0, 0)))); diff != "" {
			t.Errorf("%s, years later: %s", name, diff)
		}
	}
}

func TestReport(t *testing.T) {
	token, err := etk.Parse(vector(t, "test-recipient.etk"))
	if err != nil {
		t.Fatal(err)
	}
	const facts = `"holder":"CN=SSIN=79021802145,OU=TEST DOCTOR,OU=SSIN=79021802145,OU=eHealth-platform Belgium,O=Federal Government,C=BE",` +
		`"serial":"223372036854775808","not_before":"2026-11-22T00:47:47Z","not_after":"2029-11-21T00:47:47Z","authority":"CN=ETK RA,O=TEST,C=BE",`
	for at, want := range map[time.Time]string{
		now: `{"accepted":true,` + facts + `"errors":[]}`,
		now.AddDate(3, 0, 0): `{"accepted":false,` + facts + `"errors":["ETK_ENCRYPTION_CERTIFICATE_EXPIRED: valid until 2029-11-21T00:47:47Z",` +
			`"ETK_AUTHENTICATION_CERTIFICATE_EXPIRED: valid until 2029-11-21T00:47:47Z"]}`,
	} {
		got, err := json.Marshal(token.Report(token.Inspect(at)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestFindings(t *testing.T) {
	two := pkitest.Valid(now.AddDate(-1, 0, 0), now.AddDate(2, 0, 0))
	expired := pkitest.Valid(now.AddDate(-1, 0, 0), now.AddDate(0, 0, -1))
	sign := pkitest.Usage(x509.KeyUsageDigitalSignature)
	// as gives a certificate the name of another one.
	as := func(name string) pkitest.Change { return func(c *x509.Certificate) { c.Subject.CommonName = name } }
	ca := pkitest.Issue("CA", nil, pkitest.CA)
	sub := pkitest.Issue("Sub CA", &ca, pkitest.CA)
	raCA := pkitest.Issue("RA CA", nil, pkitest.CA)
	ra := pkitest.Issue("RA", &raCA, sign, two)
	auth := pkitest.Issue("auth", &sub, sign, two, as("SSIN=1"))
	enc := pkitest.Issue("enc", &auth, pkitest.Encryption, two, as("SSIN=1"))
	other := pkitest.Issue("other", &sub, sign, two, as("SSIN=1"))
	stranger := pkitest.Issue("other", &sub, sign, two, as("SSIN=2"))
	anchors := etk.Anchors{Authority: pkitest.Pool(raCA.Cert), Holders: pkitest.Pool(ca.Cert)}
	encryption := func(by pkitest.Holder, changes ...pkitest.Change) *x509.Certificate {
		return pkitest.Issue("enc", &by, append([]pkitest.Change{pkitest.Encryption, as("SSIN=1")}, changes...)...).Cert
	}

	for _, c := range []struct {
		name     string
		content  *x509.Certificate
		signer   pkitest.Holder
		key      *rsa.PrivateKey // that signs; nil for the signer's
		enclosed []pkitest.Holder
		anchors  etk.Anchors
		want     []string
	}{
		{name: "good", enclosed: []pkitest.Holder{auth, sub, ra}},
		{name: "in any order, with the root", enclosed: []pkitest.Holder{ra, ca, other, sub, auth}},
		{name: "signed by another key", key: auth.Key, enclosed: []pkitest.Holder{auth, sub, ra}, want: []string{"ETK_SIGNATURE_DOES_NOT_MATCH_AUTHORITY_CERTIFICATE"}},
		{name: "no authority", enclosed: []pkitest.Holder{auth, sub}, want: []string{"ETK_AUTHORITY_CERTIFICATE_NOT_FOUND"}},
		{name: "no authentication certificate", enclosed: []pkitest.Holder{sub, ra}, want: []string{"ETK_AUTHENTICATION_CERTIFICATE_NOT_FOUND"}},
		{name: "another of the same name", enclosed: []pkitest.Holder{other, sub, ra}, want: []string{"ETK_ENCRYPTION_CERTIFICATE_NOT_ISSUED_BY_HOLDER"}},
		{name: "issued by another person", content: encryption(stranger), enclosed: []pkitest.Holder{stranger, sub, ra}, want: []string{"ETK_SUBJECTS_DIFFER"}},
		{name: "the holder as authority", signer: auth, enclosed: []pkitest.Holder{auth, sub}, want: []string{"ETK_AUTHORITY_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		{name: "no chain", enclosed: []pkitest.Holder{auth, ra}, want: []string{"ETK_AUTHENTICATION_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		{name: "anchors exchanged", enclosed: []pkitest.Holder{auth, sub, ra}, anchors: etk.Anchors{Authority: anchors.Holders, Holders: anchors.Authority},
			want: []string{"ETK_AUTHORITY_CERTIFICATE_CHAIN_NOT_TRUSTED", "ETK_AUTHENTICATION_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		{name: "encryption certificate expired", content: encryption(auth, expired), enclosed: []pkitest.Holder{auth, sub, ra}, want: []string{"ETK_ENCRYPTION_CERTIFICATE_EXPIRED"}},
		{name: "not for data", content: encryption(auth, pkitest.Usage(x509.KeyUsageKeyEncipherment)), enclosed: []pkitest.Holder{auth, sub, ra}, want: []string{"ETK_ENCRYPTION_CERTIFICATE_HAS_INVALID_KEYUSAGE"}},
		{name: "short key", content: pkitest.IssueFor(pkitest.RSA("short", 1024), "short", &auth, pkitest.Encryption, as("SSIN=1")).Cert, enclosed: []pkitest.Holder{auth, sub, ra}, want: []string{"ETK_ENCRYPTION_KEY_LENGTH_UNAUTHORIZED"}},
		{name: "authority expired since", signer: pkitest.Issue("RA", &raCA, sign, expired), enclosed: []pkitest.Holder{auth, sub}},
		{name: "authority that may not sign", signer: pkitest.Issue("RA", &raCA, pkitest.Encryption), enclosed: []pkitest.Holder{auth, sub}, want: []string{"ETK_AUTHORITY_CERTIFICATE_HAS_INVALID_KEYUSAGE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			how := cms.Signature{Scheme: cms.PKCS1v15, Time: now.AddDate(0, -6, 0), Rand: rand.Reader, Key: ra.Key, Certificate: ra.Cert}
			content := enc.Cert
			if c.content != nil {
				content = c.content
			}
			for _, h := range c.enclosed {
				how.Enclosed = append(how.Enclosed, h.Cert)
			}
			if c.signer.Cert != nil {
				how.Key, how.Certificate, how.Enclosed = c.signer.Key, c.signer.Cert, append(how.Enclosed, c.signer.Cert)
			}
			if c.key != nil {
				how.Key = c.key
			}
			if c.anchors.Holders == nil {
				c.anchors = anchors
			}
			message, err := cms.Sign(content.Raw, how)
			if err != nil {
				t.Fatal(err)
			}
			token, err := etk.Parse(message)
			if err != nil {
				t.Fatal(err)
			}
			found := token.Check(c.anchors, now)
			if diff := cmp.Diff(c.want, codes(found)); diff != "" {
				t.Errorf("findings (-want +got):\n%s%v", diff, found)
			}
		})
	}
}

func TestNotATokenAtAll(t *testing.T) {
	for name, in := range map[string][]byte{
		"nothing": nil, "text": []byte("no token"), "a certificate": vectorCertificate(t, "test-enc").Raw,
		"a sealed message": vector(t, "ossl_known.der"), "too long": bytes.Repeat([]byte{'A'}, 1<<20),
	} {
		if token, err := etk.Parse(in); token != nil || !errors.Is(err, etk.ErrToken) {
			t.Errorf("%s: %v %v", name, token, err)
		}
	}
}

func TestRecipient(t *testing.T) {
	want := vectorCertificate(t, "test-enc")
	for name, in := range map[string][]byte{
		"token": vector(t, "test-recipient.etk"), "base64": []byte(base64.StdEncoding.EncodeToString(vector(t, "test-recipient.etk"))),
		"PEM": vector(t, "test-enc.cert.pem"), "DER": want.Raw,
	} {
		if c, err := etk.Recipient(in); err != nil || !c.Equal(want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, in := range map[string][]byte{"nothing": nil, "key": vector(t, "test-enc.key.p8"), "message": vector(t, "ossl_known.der")} {
		if c, err := etk.Recipient(in); c != nil || !errors.Is(err, etk.ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	token := vector(f, "test-recipient.etk")
	f.Add(token)
	f.Add([]byte(base64.StdEncoding.EncodeToString(token)))
	f.Add(vector(f, "ossl_known.der"))
	ca := vectorCertificate(f, "test-ca")
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, in []byte) {
		token, err := etk.Parse(in)
		if err != nil {
			return
		}
		if found := token.Check(etk.Anchors{Authority: pkitest.Pool(ca), Holders: pkitest.Pool(ca)}, at); len(found) == 0 && !token.Encryption.Equal(vectorCertificate(t, "test-enc")) {
			t.Fatal("a token that nobody made")
		}
	})
}
