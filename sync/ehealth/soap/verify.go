package soap

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// What can be wrong with a signed message. Findings about the certificate that signed it and about its signature are as they
// stand here and in package trust; those about an assertion have TokenPrefix before them.
const (
	XMLRefused            trust.Code = "XML_NOT_ACCEPTED"
	EnvelopeIncorrect     trust.Code = "ENVELOPE_STRUCTURE_INCORRECT"
	SecurityMissing       trust.Code = "SECURITY_HEADER_MISSING"
	SecurityIncorrect     trust.Code = "SECURITY_HEADER_STRUCTURE_INCORRECT"
	StructureIncorrect    trust.Code = "SIGNATURE_STRUCTURE_INCORRECT"
	AlgorithmUnauthorized trust.Code = "SIGNATURE_ALGORITHM_UNAUTHORIZED"
	SignatureMismatch     trust.Code = "SIGNATURE_DOES_NOT_MATCH"
	PartNotSigned         trust.Code = "PART_NOT_SIGNED"
	PartUnexpected        trust.Code = "SIGNED_PART_UNEXPECTED"
	TokenIncorrect        trust.Code = "TOKEN_REFERENCE_INCORRECT"
	CertificateNotFound   trust.Code = "CERTIFICATE_NOT_FOUND"
	SignerUnexpected      trust.Code = "SIGNER_UNEXPECTED" // with TokenPrefix
	TimestampIncorrect    trust.Code = "TIMESTAMP_STRUCTURE_INCORRECT"
	TimestampExpired      trust.Code = "TIMESTAMP_EXPIRED"
	TimestampInFuture     trust.Code = "TIMESTAMP_IN_FUTURE"
	Expired               trust.Code = "EXPIRED"       // with TokenPrefix
	NotYetValid           trust.Code = "NOT_YET_VALID" // with TokenPrefix
	WeakDigest            trust.Code = "WEAK_DIGEST"   // a warning

	TokenPrefix trust.Code = "TOKEN_"
)

// Of the profile: the age after which a Timestamp is refused whatever it says itself, how far it may lie in the future, and
// the length of the shortest RSA key.
const (
	maxAge    = 5 * time.Minute
	maxFuture = time.Minute
	minBits   = 2048
)

// Verifier judges signed messages.
type Verifier struct {
	// Anchors of the certificates that sign messages (X509).
	Anchors *x509.CertPool
	// Tokens judges assertions (SAML). One without a clock takes the clock of the Verifier.
	Tokens TokenVerifier
	// Suites that are accepted for the message, SHA-256 alone when nil.
	Suites []xmldsig.Suite
	// BodyAlone: the Timestamp need not be signed, as the policy of the KGSS leaves it out (Kgss_v1.wsdl). It is due all the same.
	BodyAlone bool
	Clock     func() time.Time
	Limits    xmldsig.Limits
}

// Verified is what may be used of a message: nothing else of it was verified.
type Verified struct {
	Body             *etree.Element // soap:Body
	Content          *etree.Element // its one child
	Created, Expires time.Time      // of the Timestamp; Expires is zero when it does not say
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

// Signer gives the subject of the signer's certificate as text (RFC 2253), "" when there is none.
func (v Verdict) Signer() string {
	if v.Certificate == nil {
		return ""
	}
	return trust.Subject(v.Certificate)
}

// MarshalJSON gives {"accepted", "signer", "errors", "warnings"}: the two lists are never null, signer is null when unknown.
func (v Verdict) MarshalJSON() ([]byte, error) {
	out := struct {
		Accepted bool            `json:"accepted"`
		Signer   *string         `json:"signer"`
		Errors   []trust.Finding `json:"errors"`
		Warnings []trust.Finding `json:"warnings"`
	}{Accepted: v.Accepted, Errors: []trust.Finding{}, Warnings: []trust.Finding{}}
	if signer := v.Signer(); signer != "" {
		out.Signer = &signer
	}
	out.Errors = append(out.Errors, v.Errors...)
	out.Warnings = append(out.Warnings, v.Warnings...)
	return json.Marshal(out)
}

func (v *Verdict) refuse(code trust.Code, detail string) {
	v.Errors = append(v.Errors, trust.Finding{Code: code, Detail: detail})
}

// Verify judges a message: its form, then who signed it, then the signature and what it covers, then its Timestamp. The
// verdict holds every finding of the last step that was reached. Verified is nil unless the message is accepted.
func (v Verifier) Verify(text []byte) (*Verified, Verdict) {
	m, err := Read(text, v.Limits)
	if err != nil {
		var verdict Verdict
		code := XMLRefused
		if errors.Is(err, ErrEnvelope) {
			code = EnvelopeIncorrect
		}
		verdict.refuse(code, err.Error())
		return nil, verdict
	}
	return v.Judge(m)
}

// Judge is Verify of an envelope that was read. Its document must not have been changed since.
func (v Verifier) Judge(m *Message) (*Verified, Verdict) {
	var verdict Verdict
	h := readHeader(m, &verdict)
	if h == nil {
		return nil, verdict
	}
	out := &Verified{Body: m.Body, Content: m.Content}
	if !v.token(h, out, &verdict) || !v.signature(m, h, out, &verdict) || !v.timestamp(h.timestamp, out, &verdict) {
		return nil, verdict
	}
	verdict.Accepted = true
	return out, verdict
}

// header is a wsse:Security header by its parts, each where it must stand: a child of the one wsse:Security that is a child
// of soap:Header.
type header struct {
	timestamp *etree.Element
	token     *etree.Element // a BinarySecurityToken or an Assertion
	signature *xmldsig.Signature
}

func readHeader(m *Message, verdict *Verdict) *header {
	var headers []*etree.Element
	if m.Header != nil {
		headers = named(m.Header, nsWSSE, "Security")
	}
	if len(headers) == 0 {
		verdict.refuse(SecurityMissing, "the message is not signed")
		return nil
	}
	security := headers[0]
	timestamps, signatures := named(security, nsWSU, "Timestamp"), named(security, xmldsig.Namespace, "Signature")
	if len(headers) != 1 || len(timestamps) != 1 || len(signatures) != 1 {
		verdict.refuse(SecurityIncorrect, "one wsse:Security with one Timestamp and one Signature is due")
		return nil
	}
	signature, err := xmldsig.ReadSignature(signatures[0])
	if err != nil {
		verdict.refuse(signatureCode(err), err.Error())
		return nil
	}
	token, reason := referredToken(security, signature.KeyInfo)
	if token == nil {
		verdict.refuse(TokenIncorrect, reason)
		return nil
	}
	return &header{timestamp: timestamps[0], token: token, signature: signature}
}

func signatureCode(err error) trust.Code {
	switch {
	case errors.Is(err, xmldsig.ErrAlgorithm):
		return AlgorithmUnauthorized
	case errors.Is(err, xmldsig.ErrMismatch):
		return SignatureMismatch
	}
	return StructureIncorrect
}

// referredToken gives the token beside the signature to which its KeyInfo refers, or the reason why there is none: a
// Reference to a BinarySecurityToken, or a KeyIdentifier with the id of an assertion.
func referredToken(security, keyInfo *etree.Element) (token *etree.Element, reason string) {
	references := keyInfo.ChildElements()
	if len(references) != 1 || !xmldsig.Is(references[0], nsWSSE, "SecurityTokenReference") {
		return nil, "KeyInfo holds no single SecurityTokenReference"
	}
	ways := references[0].ChildElements()
	if len(ways) != 1 {
		return nil, "SecurityTokenReference names a token in no way or in several"
	}
	way := ways[0]
	tokens, assertions := named(security, nsWSSE, "BinarySecurityToken"), named(security, nsSAML, "Assertion")
	switch {
	case len(tokens) > 1 || len(assertions) > 1:
		return nil, "several tokens"
	case xmldsig.Is(way, nsWSSE, "Reference") && len(tokens) == 1:
		if id := xmldsig.ID(tokens[0]); id != "" && xmldsig.Attribute(way, "URI") == "#"+id {
			return tokens[0], ""
		}
	case xmldsig.Is(way, nsWSSE, "KeyIdentifier") && slices.Contains(assertionIDs, xmldsig.Attribute(way, "ValueType")) && len(assertions) == 1:
		if id := xmldsig.Attribute(assertions[0], "AssertionID"); id != "" && text(way) == id {
			return assertions[0], ""
		}
	}
	return nil, "SecurityTokenReference names no token of the header in a way of the profile"
}

// token judges whose key it is.
func (v Verifier) token(h *header, out *Verified, verdict *Verdict) bool {
	demand := trust.Demand{Anchors: v.Anchors, At: v.Clock(), Usage: x509.KeyUsageDigitalSignature, MinBits: minBits}
	if h.token.Tag == "Assertion" {
		tokens := v.Tokens
		if tokens.Clock == nil {
			tokens.Clock = v.Clock
		}
		assertion, errs, warnings := tokens.Verify(h.token)
		verdict.Errors = append(verdict.Errors, errs...)
		verdict.Warnings = append(verdict.Warnings, warnings...)
		if assertion == nil {
			return false
		}
		// The STS vouches for the key: no chain is due, but the certificate must be one that may sign now.
		verdict.Errors = append(verdict.Errors, trust.Inspect(assertion.Holder, demand)...)
		out.Assertion, out.Certificate = assertion, assertion.Holder
		return len(verdict.Errors) == 0
	}
	value := xmldsig.Attribute(h.token, "ValueType")
	encoding := xmldsig.Attribute(h.token, "EncodingType")
	if value != valueX509 || encoding != "" && encoding != encodingBase64 {
		verdict.refuse(TokenIncorrect, "the BinarySecurityToken is no X509v3 in base64")
		return false
	}
	c, err := certificate(h.token)
	if err != nil {
		verdict.refuse(CertificateNotFound, "the BinarySecurityToken holds no certificate that can be read")
		return false
	}
	verdict.Errors = append(verdict.Errors, trust.Judge(c, nil, demand)...)
	out.Certificate = c
	return len(verdict.Errors) == 0
}

// signature checks the signature, and that it covers what the profile demands where it stands: Body, Timestamp and, for a
// BinarySecurityToken, the token. It may cover other headers too, nothing elsewhere.
func (v Verifier) signature(m *Message, h *header, out *Verified, verdict *Verdict) bool {
	suites := v.Suites
	if suites == nil {
		suites = []xmldsig.Suite{xmldsig.RSASHA256}
	}
	if !slices.Contains(suites, h.signature.Suite) {
		verdict.refuse(AlgorithmUnauthorized, "the algorithms of the signature are not accepted")
		return false
	}
	if h.signature.Suite == xmldsig.RSASHA1 {
		verdict.Warnings = append(verdict.Warnings, trust.Finding{Code: WeakDigest, Detail: "signed with SHA-1"})
	}
	key := out.Certificate.PublicKey.(*rsa.PublicKey) // trust demanded it
	covered, err := h.signature.Verify(key)
	if err != nil {
		verdict.refuse(signatureCode(err), err.Error())
		return false
	}
	verdict.Certificate = out.Certificate

	demanded := map[string]*etree.Element{"Body": m.Body}
	if !v.BodyAlone {
		demanded["Timestamp"] = h.timestamp
	}
	if out.Assertion == nil {
		demanded["BinarySecurityToken"] = h.token
	}
	for _, name := range []string{"Body", "Timestamp", "BinarySecurityToken"} {
		if part := demanded[name]; part != nil && !slices.Contains(covered, part) {
			verdict.refuse(PartNotSigned, name)
		}
	}
	for _, part := range covered {
		if part != m.Body && part.Parent() != m.Header && part.Parent() != h.token.Parent() {
			verdict.refuse(PartUnexpected, "something that is neither Body nor a header")
		}
	}
	return len(verdict.Errors) == 0
}

func (v Verifier) timestamp(el *etree.Element, out *Verified, verdict *Verdict) bool {
	created, expires := named(el, nsWSU, "Created"), named(el, nsWSU, "Expires")
	if len(created) != 1 || len(expires) > 1 || len(el.ChildElements()) != len(created)+len(expires) {
		verdict.refuse(TimestampIncorrect, "one Created and at most one Expires are due")
		return false
	}
	var err, err2 error
	out.Created, err = moment(text(created[0]))
	latest := out.Created.Add(maxAge)
	if len(expires) == 1 {
		if out.Expires, err2 = moment(text(expires[0])); out.Expires.Before(latest) {
			latest = out.Expires
		}
	}
	now := v.Clock()
	switch {
	case err != nil || err2 != nil:
		verdict.refuse(TimestampIncorrect, "Created or Expires is no time")
	case now.After(latest):
		verdict.refuse(TimestampExpired, "usable until "+latest.UTC().Format(time.RFC3339))
	case out.Created.After(now.Add(maxFuture)):
		verdict.refuse(TimestampInFuture, "created at "+out.Created.UTC().Format(time.RFC3339))
	}
	return len(verdict.Errors) == 0
}
