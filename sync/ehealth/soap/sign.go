package soap

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// ErrSign says why a message cannot be signed. Wrapped with what and where.
var ErrSign = errors.New("soap: cannot sign")

// Security is how a message shows who sends it: X509 or SAML.
type Security interface{ security() }

// X509 signs Timestamp, BinarySecurityToken and Body with the key of a certificate that travels in the message
// (WS-Security X.509 token profile 1.0).
type X509 struct {
	Key         crypto.Signer // RSA
	Certificate *x509.Certificate
}

// SAML signs Timestamp and Body with the key that the STS confirmed in an assertion (SAML 1.1, holder of key; WS-Security
// SAML token profile 1.1).
type SAML struct {
	Key       crypto.Signer // RSA
	Assertion []byte        // one element, embedded byte for byte
}

func (X509) security() {}
func (SAML) security() {}

// Format prints nothing of key and holder, whatever the verb.
func (X509) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "X509(redacted)") }
func (SAML) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "SAML(redacted)") }

// Signer makes messages.
type Signer struct {
	Security Security         // nil: unsigned
	Suite    xmldsig.Suite    // SHA-256 when empty
	Clock    func() time.Time // of the Timestamp
	Lifetime time.Duration    // of the Timestamp, a minute when zero
	Limits   xmldsig.Limits
}

// Ids of what we sign. A document that has one of them already cannot be signed.
const (
	idTimestamp = "TS-1"
	idToken     = "X509-1"
	idBody      = "B-1"
)

// placeholder stands for the assertion while the tree is written; no comment of the document is written.
const placeholder = "assertion"

// Build gives an envelope around one XML element, signed when there is a Security.
func (s Signer) Build(content []byte) ([]byte, error) {
	if s.Security == nil {
		return Wrap(content, s.Limits)
	}
	doc, err := xmldsig.Parse(content, s.Limits)
	if err != nil {
		return nil, err
	}
	root := doc.Root()
	out := etree.NewDocument()
	envelope := out.CreateElement("soapenv:Envelope")
	envelope.CreateAttr("xmlns:soapenv", nsSOAP)
	envelope.CreateElement("soapenv:Header")
	envelope.CreateElement("soapenv:Body").AddChild(root)
	return s.sign(out)
}

// Sign gives a given envelope with a wsse:Security header of ours. One that has such a header is refused. Comments are left
// out: no signature would cover them.
func (s Signer) Sign(envelope []byte) ([]byte, error) {
	doc, err := xmldsig.Parse(envelope, s.Limits)
	if err != nil {
		return nil, err
	}
	return s.sign(doc)
}

func (s Signer) sign(doc *etree.Document) ([]byte, error) {
	dropComments(&doc.Element)
	m, err := open(doc)
	if err != nil {
		return nil, err
	}
	if m.Header == nil {
		m.Header = etree.NewElement(m.Envelope.Space + ":Header")
		if m.Envelope.Space == "" {
			m.Header = etree.NewElement("Header")
		}
		m.Envelope.InsertChildAt(m.Body.Index(), m.Header)
	}
	for _, h := range m.Header.ChildElements() {
		if xmldsig.Is(h, nsWSSE, "Security") {
			return nil, fmt.Errorf("%w: the envelope has a wsse:Security header already", ErrSign)
		}
	}
	security := securityHeader(m)
	if xmldsig.ID(m.Body) == "" {
		prefix := "wsu"
		for bound(m.Body, prefix) { // the document means something else by it
			prefix += "-"
		}
		m.Body.CreateAttr("xmlns:"+prefix, nsWSU)
		m.Body.CreateAttr(prefix+":Id", idBody)
	}

	var signature *etree.Element
	switch t := s.Security.(type) {
	case X509:
		signature, err = s.withX509(security, m.Body, t)
	case SAML:
		return s.withSAML(doc, security, m.Body, t)
	default:
		return nil, fmt.Errorf("%w: neither X509 nor SAML", ErrSign)
	}
	if err != nil {
		return nil, err
	}
	security.AddChild(signature)
	return xmldsig.Text(doc)
}

// bound tells whether a prefix stands for another namespace than wsu.
func bound(el *etree.Element, prefix string) bool {
	space := xmldsig.NamespaceOf(el, prefix)
	return space != "" && space != nsWSU
}

func (s Signer) withX509(security, body *etree.Element, t X509) (*etree.Element, error) {
	if t.Key == nil || t.Certificate == nil {
		return nil, fmt.Errorf("%w: a key and its certificate are both needed", ErrSign)
	}
	if err := matches(t.Key, t.Certificate); err != nil {
		return nil, err
	}
	token := security.CreateElement("wsse:BinarySecurityToken")
	token.CreateAttr("EncodingType", encodingBase64)
	token.CreateAttr("ValueType", valueX509)
	token.CreateAttr("wsu:Id", idToken)
	token.SetText(base64.StdEncoding.EncodeToString(t.Certificate.Raw))
	timestamp := s.timestamp(security)

	signature, err := xmldsig.Sign(t.Key, s.Suite, timestamp, body, token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSign, err)
	}
	reference := tokenReference(signature).CreateElement("wsse:Reference")
	reference.CreateAttr("URI", "#"+idToken)
	reference.CreateAttr("ValueType", valueX509)
	return signature, nil
}

func (s Signer) withSAML(doc *etree.Document, security, body *etree.Element, t SAML) ([]byte, error) {
	parsed, err := xmldsig.Parse(t.Assertion, s.Limits)
	if err != nil {
		return nil, fmt.Errorf("%w: the assertion: %w", ErrSign, err)
	}
	assertion := parsed.Root()
	id := xmldsig.Attribute(assertion, "AssertionID")
	if !xmldsig.Is(assertion, nsSAML, "Assertion") || id == "" {
		return nil, fmt.Errorf("%w: the token is no SAML 1.1 assertion", ErrSign)
	}
	holder, err := holder(assertion)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSign, err)
	}
	if t.Key == nil {
		return nil, fmt.Errorf("%w: a key is needed", ErrSign)
	}
	if err := matches(t.Key, holder); err != nil {
		return nil, err
	}
	timestamp := s.timestamp(security)
	security.AddChild(assertion) // so that its ids count
	signature, err := xmldsig.Sign(t.Key, s.Suite, timestamp, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSign, err)
	}
	reference := tokenReference(signature)
	reference.CreateAttr("xmlns:wsse11", nsWSSE11)
	reference.CreateAttr("wsse11:TokenType", tokenSAML11)
	key := reference.CreateElement("wsse:KeyIdentifier")
	key.CreateAttr("ValueType", valueAssertion)
	key.SetText(id)
	security.AddChild(signature)

	security.RemoveChild(assertion)
	security.InsertChildAt(signature.Index(), etree.NewComment(placeholder))
	text, err := xmldsig.Text(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: the message cannot be written", ErrSign)
	}
	return bytes.Replace(text, []byte("<!--"+placeholder+"-->"), element(t.Assertion), 1), nil
}

// securityHeader appends an empty wsse:Security to the header. Receivers must understand it.
func securityHeader(m *Message) *etree.Element {
	security := m.Header.CreateElement("wsse:Security")
	security.CreateAttr("xmlns:wsse", nsWSSE)
	security.CreateAttr("xmlns:wsu", nsWSU)
	security.CreateAttr("xmlns:soapenv", nsSOAP)
	security.CreateAttr("soapenv:mustUnderstand", "1")
	return security
}

func (s Signer) timestamp(security *etree.Element) *etree.Element {
	lifetime := s.Lifetime
	if lifetime == 0 {
		lifetime = time.Minute
	}
	const layout = "2006-01-02T15:04:05.000Z"
	created := s.Clock().UTC()
	timestamp := security.CreateElement("wsu:Timestamp")
	timestamp.CreateAttr("wsu:Id", idTimestamp)
	timestamp.CreateElement("wsu:Created").SetText(created.Format(layout))
	timestamp.CreateElement("wsu:Expires").SetText(created.Add(lifetime).Format(layout))
	return timestamp
}

func tokenReference(signature *etree.Element) *etree.Element {
	return signature.CreateElement("ds:KeyInfo").CreateElement("wsse:SecurityTokenReference")
}

func matches(key crypto.Signer, c *x509.Certificate) error {
	if public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
		return fmt.Errorf("%w: the key is not that of the certificate", ErrSign)
	}
	return nil
}

func dropComments(el *etree.Element) {
	for i := len(el.Child) - 1; i >= 0; i-- {
		switch child := el.Child[i].(type) {
		case *etree.Comment:
			el.RemoveChildAt(i)
		case *etree.Element:
			dropComments(child)
		}
	}
}
