package etee_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"testing"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
)

// now is when everything of the fixture happens.
var now = pkitest.Now

func credential(h pkitest.Holder, more ...*x509.Certificate) etee.Credential {
	return etee.Credential{Key: h.Key, Chain: append([]*x509.Certificate{h.Cert}, more...)}
}

// person gives the certificates of an identity card something in common.
func person(number string, usage x509.KeyUsage) pkitest.Change {
	return func(c *x509.Certificate) { c.Subject.SerialNumber, c.KeyUsage = number, usage }
}

type world struct {
	root, ca           pkitest.Holder
	doctor, colleague  pkitest.Holder // eHealth certificates
	cardAuth, cardSign pkitest.Holder // of one identity card
	recipe, kgss       pkitest.Holder // encryption certificates
	kek                etee.KEK
}

func newWorld(t testing.TB) world {
	root := pkitest.Issue("root", nil, pkitest.CA)
	ca := pkitest.Issue("issuing", &root, pkitest.CA)
	return world{
		root: root, ca: ca,
		doctor:    pkitest.Issue("doctor", &ca),
		colleague: pkitest.Issue("colleague", &ca),
		cardAuth:  pkitest.Issue("card-auth", &ca, person("00000000001", x509.KeyUsageDigitalSignature)),
		cardSign:  pkitest.Issue("card-sign", &ca, person("00000000001", x509.KeyUsageContentCommitment)),
		recipe:    pkitest.Issue("recipe-enc", &ca, pkitest.Encryption),
		kgss:      pkitest.Issue("kgss-enc", &ca, pkitest.Encryption),
		kek:       etee.KEK{ID: []byte("KEY-1"), Key: []byte("0123456789abcdef")},
	}
}

func (w world) sealer() etee.Sealer {
	return etee.Sealer{
		Policy: etee.EHealthCertificate, Sender: credential(w.doctor, w.ca.Cert), Clock: fixed(now), Rand: rand.Reader,
	}
}

func (w world) cardSealer() etee.Sealer {
	s := w.sealer()
	s.Policy, s.Sender, s.Author = etee.EID, credential(w.cardAuth, w.ca.Cert), credential(w.cardSign, w.ca.Cert)
	return s
}

func (w world) unsealer() etee.Unsealer {
	return etee.Unsealer{
		Keys:    []etee.DecryptionKey{{Key: w.recipe.Key, Certificate: w.recipe.Cert}},
		Anchors: pkitest.Pool(w.root.Cert), Clock: fixed(now), Rand: rand.Reader,
	}
}

// signature is how the doctor signs a layer; the negative tests change it.
func (w world) signature() cms.Signature {
	return cms.Signature{
		Scheme: cms.PSS, Key: w.doctor.Key, Certificate: w.doctor.Cert, Time: now, Rand: rand.Reader,
		Enclosed: []*x509.Certificate{w.doctor.Cert, w.ca.Cert},
	}
}

// wrap makes a triple wrap of any kind, also of kinds that Seal refuses to make.
func (w world) wrap(t testing.TB, plain []byte, outer, inner cms.Signature, to cms.Addressees) []byte {
	t.Helper()
	return w.sign(t, w.envelop(t, w.sign(t, plain, inner), to), outer)
}

func (w world) sign(t testing.TB, content []byte, how cms.Signature) []byte {
	t.Helper()
	signed, err := cms.Sign(content, how)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (w world) envelop(t testing.TB, content []byte, to cms.Addressees) []byte {
	t.Helper()
	enveloped, err := cms.Envelop(content, to, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return enveloped
}

// replaced exchanges one encoded object identifier for another of the same length.
func replaced(t testing.TB, message []byte, from, to asn1.ObjectIdentifier) []byte {
	t.Helper()
	a, err := asn1.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	b, err := asn1.Marshal(to)
	if err != nil {
		t.Fatal(err)
	}
	out := slices.Clone(message)
	n := 0
	for i := 0; i+len(a) <= len(out); i++ {
		if slices.Equal(out[i:i+len(a)], a) {
			copy(out[i:], b)
			n++
		}
	}
	if n == 0 || len(a) != len(b) {
		t.Fatalf("%v stands nowhere in the message", from)
	}
	return out
}
