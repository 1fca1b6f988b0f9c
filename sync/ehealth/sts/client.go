package sts

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// Client asks the STS for tokens. Its fields are set before the first call; calls may run at the same time.
type Client struct {
	SOAP    *soap.Client
	URL     string
	Form    Form           // WSTrust when empty
	Anchors *x509.CertPool // of those who sign tokens

	Holder     etee.Credential // identifies, and is the holder of the key
	Profession Profession
	SSIN       string        // of the holder, 11 digits
	NIHII      string        // that the token must certify; "": any
	Subject    string        // of the certificate that signs tokens, as Name writes it; "": whoever lies below Anchors signs
	Lifetime   time.Duration // that is asked for, MaxLifetime when zero or longer

	Clock func() time.Time
	Rand  io.Reader
}

// Format prints nothing of the key and its holder, whatever the verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Client(redacted)") }

// MaxLifetime is how long a session without an identity card may last.
const MaxLifetime = 24 * time.Hour

// Issuer of all tokens of the platform.
const Issuer = "urn:be:fgov:ehealth:sts:1_0"

// What can be wrong with a token besides what soap.TokenVerifier finds.
const (
	OtherIssuer trust.Code = "TOKEN_ISSUER_UNEXPECTED"
	OtherHolder trust.Code = "TOKEN_HOLDER_UNEXPECTED"
)

const minBits = 2048

// Issue asks for a token.
func (c *Client) Issue(ctx context.Context) (*Token, error) {
	q, err := c.query()
	if err != nil {
		return nil, err
	}
	form := forms[c.Form]
	body, err := xmldsig.Text(form.request(q))
	if err != nil {
		return nil, &Error{Kind: Unprepared, cause: err}
	}
	answer, err := c.SOAP.Call(ctx, soap.Request{
		URL: c.URL, Action: form.action(), Body: body, Security: soap.X509{Key: c.Holder.Key, Certificate: q.holder},
	})
	if err != nil {
		return nil, c.unanswered(err)
	}
	assertion, err := form.assertion(answer.Content, q)
	if err != nil {
		return nil, err
	}
	token, err := c.read(assertion)
	if refusal := (*Error)(nil); errors.As(err, &refusal) && outOfTime(refusal) {
		if skew := c.skew(answer.Time); skew != 0 {
			refusal.Kind, refusal.Skew = Clock, skew
		}
	}
	return token, err
}

// Open reads a token that was kept (Token.Assertion) and judges it as if it had just come.
func (c *Client) Open(assertion []byte) (*Token, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	doc, err := xmldsig.Parse(assertion, c.SOAP.Limits)
	if err != nil {
		return nil, &Error{Kind: Malformed, cause: err}
	}
	return c.read(doc.Root())
}

func (c *Client) query() (query, error) {
	if err := c.usable(); err != nil {
		return query{}, err
	}
	id := make([]byte, 16)
	if _, err := io.ReadFull(c.Rand, id); err != nil {
		return query{}, &Error{Kind: Unprepared, reason: "no randomness"}
	}
	lifetime := c.Lifetime
	if lifetime <= 0 || lifetime > MaxLifetime {
		lifetime = MaxLifetime
	}
	now := c.Clock()
	return query{
		id: "_" + hex.EncodeToString(id), holder: c.Holder.Chain[0], claims: c.Profession.claims(), ssin: c.SSIN,
		from: now, until: now.Add(lifetime),
	}, nil
}

// usable tells why no session can be opened at all.
func (c *Client) usable() error {
	_, known := qualities[c.Profession]
	switch {
	case forms[c.Form] == nil:
		return &Error{Kind: Unprepared, reason: "the form is unknown"}
	case !known:
		return &Error{Kind: Unprepared, reason: "the profession is unknown"}
	case !digits(c.SSIN, 11):
		return &Error{Kind: Unprepared, reason: "the national number has not 11 digits"}
	case c.Holder.Key == nil || len(c.Holder.Chain) == 0:
		return &Error{Kind: Unusable, reason: "a key and its certificate are both needed"}
	}
	found := trust.Inspect(c.Holder.Chain[0], trust.Demand{At: c.Clock(), Usage: x509.KeyUsageDigitalSignature, MinBits: minBits})
	if len(found) > 0 {
		return &Error{Kind: Unusable, Findings: found}
	}
	return nil
}

// read verifies an assertion where it stands in its document.
func (c *Client) read(el *etree.Element) (*Token, error) {
	verifier := soap.TokenVerifier{Anchors: c.Anchors, Clock: c.Clock}
	if c.Subject != "" {
		verifier.Signer = func(signer *x509.Certificate) bool { return Name(signer.RawSubject) == c.Subject }
	}
	a, found, warnings := verifier.Verify(el)
	if a == nil || len(found) > 0 {
		return nil, &Error{Kind: NotTrusted, Findings: found}
	}
	if a.Issuer != Issuer {
		found = append(found, trust.Finding{Code: OtherIssuer})
	}
	if !a.Holder.Equal(c.Holder.Chain[0]) {
		found = append(found, trust.Finding{Code: OtherHolder, Detail: "it confirms another certificate than ours"})
	}
	if len(found) > 0 {
		return nil, &Error{Kind: NotTrusted, Findings: found}
	}
	nihii, found := wanted{c.Profession, c.SSIN, c.NIHII}.check(a.Element)
	if len(found) > 0 {
		return nil, &Error{Kind: NotRecognised, Findings: found}
	}
	text, err := xmldsig.Standalone(a.Element)
	if err != nil {
		return nil, &Error{Kind: Malformed, cause: err}
	}
	return &Token{
		id: a.ID, nihii: nihii, from: a.NotBefore, until: a.NotOnOrAfter, text: text, key: c.Holder.Key, warnings: warnings,
	}, nil
}

// maxSkew is the difference of two clocks that is not worth a word: Timestamps live for a minute.
const maxSkew = time.Minute

// skew tells how far the STS is ahead, 0 when it is close or did not say.
func (c *Client) skew(server time.Time) time.Duration {
	if server.IsZero() {
		return 0
	}
	skew := server.Sub(c.Clock()).Round(time.Second)
	if skew.Abs() <= maxSkew {
		return 0
	}
	return skew
}

// periods are the findings about a token, and the certificate that signed it, that a wrong clock brings about.
var periods = []trust.Code{
	soap.TokenPrefix + soap.NotYetValid, soap.TokenPrefix + soap.Expired,
	soap.TokenPrefix + trust.NotYetValid, soap.TokenPrefix + trust.Expired,
}

// outOfTime tells whether a token was refused for periods and for nothing else.
func outOfTime(e *Error) bool {
	for _, f := range e.Findings {
		if !slices.Contains(periods, f.Code) {
			return false
		}
	}
	return e.Kind == NotTrusted && len(e.Findings) > 0
}

// unanswered gives the error for a call that failed. A signed request from the past or the future is one of those that the
// gate takes for not authenticated.
func (c *Client) unanswered(err error) *Error {
	e := (*soap.Error)(nil)
	if errors.As(err, &e) && e.Kind == soap.KindFault && authentication(e.Fault) {
		if skew := c.skew(e.Time); skew != 0 {
			return &Error{Kind: Clock, Skew: skew, cause: err}
		}
	}
	if errors.As(err, &e) && e.Kind == soap.KindCancelled {
		return &Error{Kind: GivenUp, cause: err}
	}
	return &Error{Kind: NoAnswer, cause: err}
}

// authentication tells whether a fault says that the request was not authenticated: the platform's own code, or one of
// WS-Security 1.0 §12 or its SOAP 1.1 binding.
func authentication(f *soap.Fault) bool {
	if f == nil {
		return false
	}
	for _, word := range []string{"InvalidSecurity", "FailedAuthentication", "FailedCheck", "MessageExpired"} {
		if strings.Contains(f.Code, word) {
			return true
		}
	}
	return f.SOA == "SOA-01001"
}
