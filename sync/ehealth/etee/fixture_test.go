package etee_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
)

// A small PKI of invented people. Keys are made once per test run: 2048 bits cost a fraction of a second.

var (
	keysMu sync.Mutex
	keys   = map[string]*rsa.PrivateKey{}
)

func newKey(t testing.TB, name string, bits int) *rsa.PrivateKey {
	t.Helper()
	keysMu.Lock()
	defer keysMu.Unlock()
	if k := keys[name]; k != nil {
		return k
	}
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	keys[name] = k
	return k
}

// now is when everything of the fixture happens.
var now = time.Date(2027, 3, 9, 9, 40, 0, 0, time.UTC)

type holder struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

func (h holder) credential(more ...*x509.Certificate) etee.Credential {
	return etee.Credential{Key: h.key, Chain: append([]*x509.Certificate{h.cert}, more...)}
}

const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment

// issue makes a certificate for the named key; change adapts it.
func issue(t testing.TB, name string, bits int, by *holder, change func(*x509.Certificate)) holder {
	t.Helper()
	key := newKey(t, name, bits)
	serial := new(big.Int)
	for _, b := range []byte(name) {
		serial.Add(serial.Lsh(serial, 5), big.NewInt(int64(b)))
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Country: []string{"BE"}, Organization: []string{"Test"}, CommonName: name},
		NotBefore:    now.AddDate(-20, 0, 0), // so that they are valid for openssl too, which signs by the clock of this machine
		NotAfter:     now.AddDate(20, 0, 0),
		KeyUsage:     signing,
		SubjectKeyId: []byte(name),
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

func isCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
}

func isEncryption(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
}

// person gives the two certificates of an identity card something in common.
func person(number string, usage x509.KeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject.SerialNumber, c.KeyUsage = number, usage }
}

type world struct {
	root, ca           holder
	doctor, colleague  holder // eHealth certificates
	cardAuth, cardSign holder // of one identity card
	recipe, kgss       holder // encryption certificates
	kek                etee.KEK
}

func newWorld(t testing.TB) world {
	root := issue(t, "root", 2048, nil, isCA)
	ca := issue(t, "issuing", 2048, &root, isCA)
	return world{
		root: root, ca: ca,
		doctor:    issue(t, "doctor", 2048, &ca, nil),
		colleague: issue(t, "colleague", 2048, &ca, nil),
		cardAuth:  issue(t, "card-auth", 2048, &ca, person("00000000001", x509.KeyUsageDigitalSignature)),
		cardSign:  issue(t, "card-sign", 2048, &ca, person("00000000001", x509.KeyUsageContentCommitment)),
		recipe:    issue(t, "recipe-enc", 2048, &ca, isEncryption),
		kgss:      issue(t, "kgss-enc", 2048, &ca, isEncryption),
		kek:       etee.KEK{ID: []byte("KEY-1"), Key: []byte("0123456789abcdef")},
	}
}

func (w world) sealer() etee.Sealer {
	return etee.Sealer{
		Policy: etee.EHealthCertificate, Sender: w.doctor.credential(w.ca.cert), Clock: fixed(now), Rand: rand.Reader,
	}
}

func (w world) cardSealer() etee.Sealer {
	s := w.sealer()
	s.Policy, s.Sender, s.Author = etee.EID, w.cardAuth.credential(w.ca.cert), w.cardSign.credential(w.ca.cert)
	return s
}

func (w world) unsealer() etee.Unsealer {
	return etee.Unsealer{
		Keys:    []etee.DecryptionKey{{Key: w.recipe.key, Certificate: w.recipe.cert}},
		Anchors: pool(w.root.cert), Clock: fixed(now), Rand: rand.Reader,
	}
}

// signature is how the doctor signs a layer; the negative tests change it.
func (w world) signature() cms.Signature {
	return cms.Signature{
		Scheme: cms.PSS, Key: w.doctor.key, Certificate: w.doctor.cert, Time: now, Rand: rand.Reader,
		Enclosed: []*x509.Certificate{w.doctor.cert, w.ca.cert},
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
