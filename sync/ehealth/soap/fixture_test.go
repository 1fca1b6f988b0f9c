package soap_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// now is when everything happens: the vectors are valid then, if not their Timestamps.
var now = time.Date(2026, 11, 22, 9, 30, 10, 0, time.UTC)

func fixed(t time.Time) func() time.Time { return func() time.Time { return t } }

func vector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type holder struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

// person reads a certificate and key of the vectors: test-auth is a doctor, test-ra stands for the STS.
func person(t testing.TB, name string) holder {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(vector(t, name+".key.p8"))
	if err != nil {
		t.Fatal(err)
	}
	return holder{pkitest.ReadCertificate(vector(t, name+".cert.pem")), key.(*rsa.PrivateKey)}
}

func anchors(t testing.TB) *x509.CertPool {
	t.Helper()
	pool, err := trust.ReadAnchors(vector(t, "test-ca.cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// issue makes another certificate for the key of someone, by the CA of the vectors unless change says otherwise.
func issue(t testing.TB, h holder, by holder, change func(*x509.Certificate)) holder {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: h.cert.Subject, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, h.key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return holder{cert, h.key}
}

const content = `<m:Ask xmlns:m="urn:example:ask" m:level="1"><Text kind="plain">what is &lt;signed&gt;</Text></m:Ask>`

func x509Signer(h holder) soap.Signer {
	return soap.Signer{Security: soap.X509{Key: h.key, Certificate: h.cert}, Clock: fixed(now)}
}

func samlSigner(t testing.TB) soap.Signer {
	return soap.Signer{Security: soap.SAML{Key: person(t, "test-auth").key, Assertion: assertion(t, nil)}, Clock: fixed(now)}
}

func build(t testing.TB, s soap.Signer) []byte {
	t.Helper()
	text, err := s.Build([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func verifier(t testing.TB) soap.Verifier {
	return soap.Verifier{Anchors: anchors(t), Tokens: soap.TokenVerifier{Anchors: anchors(t)}, Clock: fixed(now)}
}

// assertion gives that of the vectors, changed and signed anew by the STS with SHA-256.
func assertion(t testing.TB, change func(*etree.Element)) []byte {
	t.Helper()
	return assertionBy(t, person(t, "test-ra"), change)
}

func assertionBy(t testing.TB, sts holder, change func(*etree.Element)) []byte {
	t.Helper()
	doc, err := xmldsig.Parse(vector(t, "Assertion-sts-signed-rsa-sha1.xml"), xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	el := doc.Root()
	el.RemoveChild(el.FindElement("./ds:Signature"))
	if change != nil {
		change(el)
	}
	signature, err := xmldsig.SignEnveloped(sts.key, "", el)
	if err != nil {
		t.Fatal(err)
	}
	signature.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
		SetText(base64.StdEncoding.EncodeToString(sts.cert.Raw))
	el.AddChild(signature)
	text, err := xmldsig.Standalone(el)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// edit gives a message changed as a tree; what was signed stays what it was wherever it is put.
func edit(t testing.TB, text []byte, change func(doc *etree.Document)) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		t.Fatal(err)
	}
	change(doc)
	out, err := xmldsig.Text(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func codes(found []trust.Finding) []string {
	var out []string
	for _, f := range found {
		out = append(out, string(f.Code))
	}
	return out
}
