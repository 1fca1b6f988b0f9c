package soap

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// TokenVerifier judges SAML 1.1 assertions of the STS: signed by it, valid now, for the holder of one key.
type TokenVerifier struct {
	// Anchors of the certificates that sign assertions.
	Anchors *x509.CertPool
	// Signer tells whether a certificate below the anchors is the STS's. nil: whoever lies below them is, so that they must
	// be an authority that certifies nobody else, or the STS's own certificate.
	Signer func(*x509.Certificate) bool
	// Suites that are accepted, SHA-256 and SHA-1 when nil: the STS was seen to sign with SHA-1.
	Suites []xmldsig.Suite
	Clock  func() time.Time
}

// Assertion is one that was verified.
type Assertion struct {
	Element                 *etree.Element // where it stands in its document; its attributes are read from here
	ID, Issuer              string
	NotBefore, NotOnOrAfter time.Time
	Holder                  *x509.Certificate // whose key the STS confirmed
	Signer                  *x509.Certificate // of the STS
}

// errAssertion is the cause of what holder and readAssertion refuse.
var errAssertion = errors.New("the assertion has not the form of the profile")

// Verify judges an assertion where it stands in a document that xmldsig.Parse read. The assertion is nil when there are
// errors.
func (v TokenVerifier) Verify(el *etree.Element) (a *Assertion, errs, warnings []trust.Finding) {
	refuse := func(code trust.Code, detail string) {
		errs = append(errs, trust.Finding{Code: TokenPrefix + code, Detail: detail})
	}
	a, signature, err := readAssertion(el)
	if err != nil {
		refuse(StructureIncorrect, err.Error())
		return nil, errs, nil
	}
	suites := v.Suites
	if suites == nil {
		suites = []xmldsig.Suite{xmldsig.RSASHA256, xmldsig.RSASHA1}
	}
	if !slices.Contains(suites, signature.Suite) {
		refuse(AlgorithmUnauthorized, "the algorithms of its signature are not accepted")
		return nil, errs, nil
	}
	if signature.Suite == xmldsig.RSASHA1 {
		warnings = append(warnings, trust.Finding{Code: TokenPrefix + WeakDigest, Detail: "signed with SHA-1"})
	}

	enclosed := enclosedCertificates(signature.KeyInfo)
	var covered []*etree.Element
	covered, a.Signer, err = verifyWithOneOf(signature, enclosed)
	switch {
	case len(enclosed) == 0:
		refuse(CertificateNotFound, "no certificate in the KeyInfo of its signature")
	case errors.Is(err, xmldsig.ErrMismatch) || a.Signer == nil && err == nil:
		refuse(SignatureMismatch, "the assertion is not what was signed")
	case err != nil:
		refuse(StructureIncorrect, err.Error())
	case len(covered) != 1 || covered[0] != el:
		refuse(PartNotSigned, "the signature does not cover the assertion")
	default:
		for _, f := range trust.Judge(a.Signer, enclosed, trust.Demand{
			Anchors: v.Anchors, At: v.Clock(), Usage: x509.KeyUsageDigitalSignature, MinBits: minBits,
		}) {
			refuse(f.Code, f.Detail)
		}
		if v.Signer != nil && !v.Signer(a.Signer) {
			refuse(SignerUnexpected, "it was not the STS that signed")
		}
	}
	switch now := v.Clock(); {
	case now.Before(a.NotBefore):
		refuse(NotYetValid, "valid from "+a.NotBefore.UTC().Format(time.RFC3339))
	case !now.Before(a.NotOnOrAfter):
		refuse(Expired, "valid until "+a.NotOnOrAfter.UTC().Format(time.RFC3339))
	}
	if len(errs) > 0 {
		return nil, errs, warnings
	}
	return a, nil, warnings
}

// readAssertion reads the form; nothing is verified.
func readAssertion(el *etree.Element) (*Assertion, *xmldsig.Signature, error) {
	fail := func(what string) (*Assertion, *xmldsig.Signature, error) {
		return nil, nil, fmt.Errorf("%w: %s", errAssertion, what)
	}
	a := &Assertion{Element: el, ID: xmldsig.Attribute(el, "AssertionID"), Issuer: xmldsig.Attribute(el, "Issuer")}
	if !xmldsig.Is(el, nsSAML, "Assertion") || a.ID == "" ||
		xmldsig.Attribute(el, "MajorVersion") != "1" || xmldsig.Attribute(el, "MinorVersion") != "1" {
		return fail("no SAML 1.1 assertion with an id")
	}
	conditions, signatures := named(el, nsSAML, "Conditions"), named(el, xmldsig.Namespace, "Signature")
	if len(conditions) != 1 || len(signatures) != 1 {
		return fail("one Conditions and one Signature are due")
	}
	var err error
	if a.NotBefore, err = moment(xmldsig.Attribute(conditions[0], "NotBefore")); err != nil {
		return fail("NotBefore is no time")
	}
	if a.NotOnOrAfter, err = moment(xmldsig.Attribute(conditions[0], "NotOnOrAfter")); err != nil {
		return fail("NotOnOrAfter is no time")
	}
	if a.Holder, err = holder(el); err != nil {
		return nil, nil, err
	}
	signature, err := xmldsig.ReadSignature(signatures[0])
	return a, signature, err
}

// holder gives the certificate whose key the assertion confirms. Several confirmations must all name the same.
func holder(assertion *etree.Element) (*x509.Certificate, error) {
	var found *x509.Certificate
	for _, statement := range assertion.ChildElements() {
		for _, subject := range named(statement, nsSAML, "Subject") {
			for _, confirmation := range named(subject, nsSAML, "SubjectConfirmation") {
				methods := named(confirmation, nsSAML, "ConfirmationMethod")
				info := named(confirmation, xmldsig.Namespace, "KeyInfo")
				if len(methods) != 1 || text(methods[0]) != holderOfKey || len(info) != 1 {
					return nil, fmt.Errorf("%w: a confirmation other than holder of key", errAssertion)
				}
				c := enclosedCertificates(info[0])
				if len(c) != 1 || found != nil && !found.Equal(c[0]) {
					return nil, fmt.Errorf("%w: confirmation of one certificate is due", errAssertion)
				}
				found = c[0]
			}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: no holder of a key is confirmed", errAssertion)
	}
	return found, nil
}

// maxEnclosed bounds the certificates of one KeyInfo that are looked at.
const maxEnclosed = 8

// enclosedCertificates gives the certificates of a KeyInfo, those that cannot be read left out.
func enclosedCertificates(info *etree.Element) []*x509.Certificate {
	var out []*x509.Certificate
	for _, data := range named(info, xmldsig.Namespace, "X509Data") {
		for _, el := range named(data, xmldsig.Namespace, "X509Certificate") {
			if c, err := certificate(el); err == nil && len(out) < maxEnclosed {
				out = append(out, c)
			}
		}
	}
	return out
}

func certificate(el *etree.Element) (*x509.Certificate, error) {
	der, err := xmldsig.Base64(el)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// verifyWithOneOf verifies with the first of the certificates whose key matches: their order means nothing.
func verifyWithOneOf(s *xmldsig.Signature, enclosed []*x509.Certificate) (covered []*etree.Element, signer *x509.Certificate, err error) {
	for _, c := range enclosed {
		key, ok := c.PublicKey.(*rsa.PublicKey)
		if !ok || key.N.BitLen() > trust.MaxKeyBits {
			continue
		}
		if covered, err = s.Verify(key); err == nil {
			return covered, c, nil
		}
	}
	return nil, nil, err
}

// named gives the children of an element with a name.
func named(el *etree.Element, space, name string) []*etree.Element {
	var out []*etree.Element
	for _, c := range el.ChildElements() {
		if xmldsig.Is(c, space, name) {
			out = append(out, c)
		}
	}
	return out
}

// moment reads xs:dateTime; one without a zone is UTC (WS-Security 1.0 §10).
func moment(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	return time.Parse("2006-01-02T15:04:05.999999999", s)
}
