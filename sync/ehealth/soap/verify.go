package soap

import (
	"crypto/x509"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// Verifier judges signed messages.
type Verifier struct {
	// Anchors of the certificates that sign messages (X509).
	Anchors *x509.CertPool
	// Tokens judges assertions (SAML).
	Tokens TokenVerifier
	// Suites that are accepted for the message, SHA-256 alone when nil.
	Suites []xmldsig.Suite
	Clock  func() time.Time
	Limits xmldsig.Limits
}

// Verified is what may be used of a message: nothing else of it was verified.
type Verified struct {
	Body             *etree.Element // soap:Body
	Content          *etree.Element // its one child
	Created, Expires time.Time      // of the Timestamp
	Certificate      *x509.Certificate
	Assertion        *Assertion // nil for X509
}

// Verdict is what Verify found out. The zero value is a refusal.
type Verdict struct {
	Accepted bool // no errors
	// Certificate whose key signed the message, nil until the signature matched it.
	Certificate *x509.Certificate
	Errors      []trust.Finding
	Warnings    []trust.Finding
}

// Verify judges a message. Verified is nil unless it is accepted.
func (v Verifier) Verify(text []byte) (*Verified, Verdict) { panic("under construction") }

// TokenVerifier judges SAML 1.1 assertions of the STS.
type TokenVerifier struct {
	// Anchors of the certificates that sign assertions.
	Anchors *x509.CertPool
	// Suites that are accepted, SHA-256 and SHA-1 when nil: the STS was seen to sign with SHA-1.
	Suites []xmldsig.Suite
	Clock  func() time.Time
}

// Assertion is one that was verified.
type Assertion struct {
	Element                 *etree.Element // as it stands in its document; its attributes are read from here
	ID, Issuer              string
	NotBefore, NotOnOrAfter time.Time
	Holder                  *x509.Certificate // whose key the STS confirmed
	Signer                  *x509.Certificate // of the STS
}

// Verify judges an assertion where it stands in a document that xmldsig.Parse read. The assertion is nil when there are
// errors.
func (v TokenVerifier) Verify(assertion *etree.Element) (a *Assertion, errors, warnings []trust.Finding) {
	panic("under construction")
}
