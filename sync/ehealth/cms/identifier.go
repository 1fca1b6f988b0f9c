package cms

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"relais/sync/ehealth/ber"
)

// Identifier names a certificate: by issuer and serial number, or by key identifier.
type Identifier struct {
	Issuer       []byte // DER of the name; nil when named by key identifier
	Serial       *big.Int
	SubjectKeyID []byte
}

// Names tells whether the identifier names the certificate.
func (id Identifier) Names(c *x509.Certificate) bool {
	if id.Serial == nil {
		return len(id.SubjectKeyID) > 0 && bytes.Equal(id.SubjectKeyID, c.SubjectKeyId)
	}
	return c.SerialNumber.Cmp(id.Serial) == 0 && sameName(id.Issuer, c.RawIssuer)
}

// sameName compares two names. Software that writes a name anew may choose other string types, so that unequal bytes are
// compared as text, without regard to case (RFC 5280 7.1). Nothing is trusted for its name: it only chooses
// the certificate whose key is then tried.
func sameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, ok := nameText(a)
	if !ok {
		return false
	}
	y, ok := nameText(b)
	return ok && strings.EqualFold(x, y)
}

func nameText(der []byte) (string, bool) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return "", false
	}
	return name.String(), true
}

// readIssuerAndSerial reads an IssuerAndSerialNumber.
func readIssuerAndSerial(e ber.Element) (Identifier, error) {
	if !e.Is(ber.Sequence) || len(e.Children) != 2 || !e.Children[0].Is(ber.Sequence) {
		return Identifier{}, e.Fault("issuer and serial number were due")
	}
	issuer, err := e.Children[0].DER()
	if err != nil {
		return Identifier{}, err
	}
	serial, err := e.Children[1].Integer()
	if err != nil {
		return Identifier{}, err
	}
	return Identifier{Issuer: issuer, Serial: serial}, nil
}

func addIssuerAndSerial(b *cryptobyte.Builder, c *x509.Certificate) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(c.RawIssuer)
		b.AddASN1BigInt(c.SerialNumber)
	})
}
