package simulator_test

import (
	"crypto/rsa"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/simulator"
)

// vector reads a file of the vectors that the platform's own library made.
func vector(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "ehealth", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func certificateOf(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	return pkitest.ReadCertificate(vector(t, "etee/testdata/vectors/"+name+".cert.pem"))
}

func keyOf(t *testing.T, name string) *rsa.PrivateKey {
	t.Helper()
	return must(x509.ParsePKCS8PrivateKey(vector(t, "etee/testdata/vectors/"+name+".key.p8"))).(*rsa.PrivateKey)
}

// The doctor of the vectors, below an authority of their own, lives through a whole create when that authority is trusted: with
// the signed request of the vectors, at its time, for a token.
func TestOutsideClient(t *testing.T) {
	ca := certificateOf(t, "test-ca")
	b := newBench(t, freshPKI("platform "), func(o *simulator.Options) { o.Trust = one(ca) })
	b.clock.now = time.Date(2026, 11, 22, 9, 0, 20, 0, time.UTC)
	_, m := b.raw(b.ends.STS, "urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken", vector(t, "soap/testdata/vectors/RequestSecurityToken-soap-x509-signed.xml"))
	if m.Fault != nil || m.Content.FindElement("//AttributeValue") == nil {
		t.Fatalf("the request of the vectors: %s", fault(m))
	}
	signed, err := xmldsig.Parse(vector(t, "soap/testdata/vectors/Assertion-sts-signed-rsa-sha1.xml"), xmldsig.Limits{})
	b.must(err)
	for i, want := range signed.FindElements("//NameIdentifier") {
		got := m.Content.FindElements("//NameIdentifier")[i]
		if got.Text() != want.Text() || got.SelectAttrValue("NameQualifier", "") != want.SelectAttrValue("NameQualifier", "") {
			t.Errorf("the name of the holder is written %s (%s)", got.Text(), got.SelectAttrValue("NameQualifier", ""))
		}
	}
	b.clock.now = time.Date(2026, 11, 22, 9, 2, 0, 0, time.UTC)
	if _, m := b.raw(b.ends.STS, "urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken", vector(t, "soap/testdata/vectors/RequestSecurityToken-soap-x509-signed.xml")); fault(m) != notKnown {
		t.Errorf("replayed two minutes later: %s", fault(m))
	}
	b.clock.now = monday

	me := simulator.Holder{
		ID: simulator.DoctorID, Signing: etee.Credential{Key: keyOf(t, "test-auth"), Chain: []*x509.Certificate{certificateOf(t, "test-auth"), ca}},
		Decryption: one(etee.DecryptionKey{Key: keyOf(t, "test-enc"), Certificate: certificateOf(t, "test-enc")}),
		ETK:        vector(t, "etee/testdata/vectors/test-recipient.etk"),
	}
	id, err := b.pki.Publish(me.ETK)
	if b.must(err); id != (etk.Identifier{Type: "SSIN", Value: "79021802145"}) {
		t.Fatal("the token names somebody else")
	}
	b.as(me, trust.SimulatedPool(b.pki.Authority(), ca))
	rid := b.created(demoMessage(t, "demo-cnk.xml"))
	d, err := b.sim.Dispense(rid)
	b.must(err)
	if d.Message != string(demoMessage(t, "demo-cnk.xml")) || d.Status != rx.InProcess {
		t.Errorf("%s, %v", d.Status, d.Errors)
	}
}
