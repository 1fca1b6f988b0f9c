package sts

import (
	"crypto/x509"
	"encoding/base64"
	"time"

	"github.com/beevik/etree"
)

// Form is a protocol of the STS.
type Form string

const (
	// WSTrust is WS-Trust 1.3, at IAM/SecurityTokenService/v1. The default.
	WSTrust Form = "ws-trust"
	// SAMLP is the SAML 1.1 protocol, at IAM/Saml11TokenService/v1, of older connectors.
	SAMLP Form = "saml-p"
)

// form is what differs between the protocols.
type form interface {
	// action of SOAP.
	action() string
	// request gives the content of soap:Body.
	request(q query) *etree.Document
	// assertion finds the one assertion of an answer to that query. The error is an *Error.
	assertion(content *etree.Element, q query) (*etree.Element, error)
}

var forms = map[Form]form{"": wsTrust{}, WSTrust: wsTrust{}, SAMLP: samlp{}}

// query is what is asked.
type query struct {
	id          string            // an NCName that was never used
	holder      *x509.Certificate // whose key the token shall confirm
	claims      []claim
	ssin        string
	from, until time.Time
}

const (
	nsSAML = "urn:oasis:names:tc:SAML:1.0:assertion"
	nsDS   = "http://www.w3.org/2000/09/xmldsig#"

	holderOfKey = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
)

// instant writes xs:dateTime as the platform does.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// addCertificate appends a ds:X509Data with a certificate.
func addCertificate(parent *etree.Element, c *x509.Certificate) {
	parent.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(c.Raw))
}
