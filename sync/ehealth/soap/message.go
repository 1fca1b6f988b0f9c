package soap

import (
	"crypto"
	"crypto/x509"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// Security is how a message shows who sends it: X509 or SAML.
type Security interface{ security() }

// X509 signs Timestamp, BinarySecurityToken and Body with the key of a certificate that travels in the message.
type X509 struct {
	Key         crypto.Signer // RSA
	Certificate *x509.Certificate
}

// SAML signs Timestamp and Body with the key that the STS confirmed in an assertion (SAML 1.1, holder of key).
type SAML struct {
	Key       crypto.Signer // RSA
	Assertion []byte        // one element, embedded byte for byte
}

func (X509) security() {}
func (SAML) security() {}

// Signer makes messages.
type Signer struct {
	Security Security         // nil: unsigned
	Suite    xmldsig.Suite    // SHA-256 when empty
	Clock    func() time.Time // of the Timestamp
	Lifetime time.Duration    // of the Timestamp, a minute when zero
	Limits   xmldsig.Limits
}

// Build gives an envelope around one XML element.
func (s Signer) Build(content []byte) ([]byte, error) { panic("under construction") }

// Sign gives a given envelope with a wsse:Security header of ours. An envelope that has one is refused.
func (s Signer) Sign(envelope []byte) ([]byte, error) { panic("under construction") }

// Message is an envelope that was read, nothing of it verified.
type Message struct {
	Envelope, Header, Body *etree.Element // Header may be nil
	Content                *etree.Element // the one child of Body
	Fault                  *Fault         // when Content is a fault
}

// Read reads an envelope.
func Read(text []byte, l xmldsig.Limits) (*Message, error) { panic("under construction") }

// WriteFault gives an envelope with a fault, for servers.
func WriteFault(f Fault) []byte { panic("under construction") }
