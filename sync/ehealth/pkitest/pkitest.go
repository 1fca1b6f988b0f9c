// Package pkitest makes keys and certificates of invented people for the tests of the security layer. It is for tests only.
//
// Everything happens around Now. Certificates are valid twenty years to both sides of it, so that other programs, which
// judge by the clock of the machine, accept them too. RSA keys are made once per name and process: one of 2048 bits costs a
// fraction of a second. What cannot be made panics: the test is wrong.
package pkitest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"time"
)

// Now is when the tests happen.
var Now = time.Date(2027, 3, 9, 9, 40, 0, 0, time.UTC)

// Holder has a certificate and its key.
type Holder struct {
	Cert *x509.Certificate
	Key  *rsa.PrivateKey
}

var (
	mu   sync.Mutex
	keys = map[string]*rsa.PrivateKey{}
)

// RSA gives the key of that name, made when it is first asked for.
func RSA(name string, bits int) *rsa.PrivateKey {
	mu.Lock()
	defer mu.Unlock()
	if keys[name] == nil {
		keys[name] = must(rsa.GenerateKey(rand.Reader, bits))
	}
	return keys[name]
}

// Change adapts a certificate before it is signed.
type Change func(*x509.Certificate)

// CA may issue certificates.
func CA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
}

// Encryption may encipher, and nothing else.
func Encryption(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
}

// Usage sets what the certificate may be used for.
func Usage(u x509.KeyUsage) Change { return func(c *x509.Certificate) { c.KeyUsage = u } }

// Valid sets from when to when.
func Valid(from, to time.Time) Change {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to }
}

// Serial sets the number.
func Serial(n int64) Change { return func(c *x509.Certificate) { c.SerialNumber = big.NewInt(n) } }

// Issue makes a certificate for the key of that name, of 2048 bits: see Certify.
func Issue(name string, by *Holder, changes ...Change) Holder {
	return IssueFor(RSA(name, 2048), name, by, changes...)
}

// IssueFor makes a certificate for a key: see Certify.
func IssueFor(key *rsa.PrivateKey, name string, by *Holder, changes ...Change) Holder {
	signer := Holder{Key: key} // of a root: itself
	if by != nil {
		signer = *by
	}
	return Holder{Certify(key.Public(), name, signer, changes...), key}
}

// Certify makes a certificate that the key of by signs; without a certificate of by its own is that of the issuer. Unless it
// is changed its subject is C=BE, O=Test, CN=name, its serial number follows from the name, and it may sign and not deny.
func Certify(public crypto.PublicKey, name string, by Holder, changes ...Change) *x509.Certificate {
	serial := new(big.Int)
	for _, b := range []byte(name) {
		serial.Add(serial.Lsh(serial, 5), big.NewInt(int64(b)))
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Country: []string{"BE"}, Organization: []string{"Test"}, CommonName: name},
		NotBefore:    Now.AddDate(-20, 0, 0), NotAfter: Now.AddDate(20, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		SubjectKeyId: []byte(name),
	}
	for _, change := range changes {
		if change != nil {
			change(template)
		}
	}
	issuer := by.Cert
	if issuer == nil {
		issuer = template
	}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, issuer, public, by.Key))))
}

// Pool is a set of anchors.
func Pool(cs ...*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range cs {
		p.AddCert(c)
	}
	return p
}

// PEM writes certificates one after another.
func PEM(cs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range cs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.Bytes()
}

// KeyPEM writes a private key, not enciphered.
func KeyPEM(key *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
}

// ReadCertificate reads the first certificate of a PEM text.
func ReadCertificate(text []byte) *x509.Certificate {
	block, _ := pem.Decode(text)
	return must(x509.ParseCertificate(block.Bytes))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
