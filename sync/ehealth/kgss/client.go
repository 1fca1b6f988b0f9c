package kgss

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/soap"
)

// Service is the KGSS at the ETK depot.
var Service = etk.Identifier{Type: "CBE", Value: "0809394427", Application: "KGSS"}

// Client asks the KGSS. Its fields are set before the first call; calls may run at the same time.
type Client struct {
	SOAP  *soap.Client
	URL   string
	Depot *etk.Depot
	Own   etk.Identifier // whose encryption token answers are sealed for: the doctor

	Sealer   etee.Sealer
	Unsealer etee.Unsealer // with the keys of Own, and the anchors of those who sign for the KGSS
}

// Format prints nothing of the keys, whatever the verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Client(redacted)") }

// NewKey asks for a key that readers may get later.
func (c *Client) NewKey(ctx context.Context, readers []Reader) (Key, error) {
	if len(readers) == 0 {
		return Key{}, &Error{Kind: Unprepared, reason: "nobody could read it"}
	}
	to, err := c.addresses(ctx)
	if err != nil {
		return Key{}, err
	}
	content, err := newKeyContent(readers, to.own.Bytes)
	if err != nil {
		return Key{}, &Error{Kind: Unprepared, cause: err}
	}
	plain, at, err := c.call(ctx, getNewKey, content, to, nil)
	if err != nil {
		return Key{}, err
	}
	defer clear(plain)
	answer, err := getNewKey.content(plain, c.SOAP.Limits)
	if err != nil {
		return Key{}, err
	}
	id, err := base64Of(answer, "NewKeyIdentifier")
	if err != nil {
		return Key{}, err
	}
	secret, err := base64Of(answer, "NewKey")
	if err != nil {
		return Key{}, err
	}
	return key(id, secret, at)
}

// NewKeys asks for n keys for the same readers, one after the other. With an error it gives those that came before it.
func (c *Client) NewKeys(ctx context.Context, n int, readers []Reader) ([]Key, error) {
	var keys []Key
	for range n {
		k, err := c.NewKey(ctx, readers)
		if err != nil {
			return keys, err
		}
		if slices.ContainsFunc(keys, func(had Key) bool { return bytes.Equal(had.ID, k.ID) || had.Secret == k.Secret }) {
			return keys, &Error{Kind: Twice}
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// Key asks for a key that was made before, in the name of the holder of a session.
func (c *Client) Key(ctx context.Context, id KeyID, session soap.SAML) (Key, error) {
	if len(id) == 0 {
		return Key{}, &Error{Kind: Unprepared, reason: "no identifier"}
	}
	to, err := c.addresses(ctx)
	if err != nil {
		return Key{}, err
	}
	content, err := keyContent(id, to.own.Bytes)
	if err != nil {
		return Key{}, &Error{Kind: Unprepared, cause: err}
	}
	plain, at, err := c.call(ctx, getKey, content, to, session)
	if err != nil {
		return Key{}, err
	}
	defer clear(plain)
	answer, err := getKey.content(plain, c.SOAP.Limits)
	if err != nil {
		return Key{}, err
	}
	secret, err := base64Of(answer, "Key")
	if err != nil {
		return Key{}, err
	}
	return key(id, secret, at)
}

func key(id KeyID, secret []byte, at time.Time) (Key, error) {
	defer clear(secret)
	k := Key{ID: slices.Clone(id), At: at}
	if copy(k.Secret[:], secret) != len(secret) || len(secret) != len(k.Secret) {
		return Key{}, malformed(fmt.Sprintf("a key of %d bytes where %d are due", len(secret), len(k.Secret)))
	}
	return k, nil
}

// addresses are the encryption tokens that a request needs.
type addresses struct{ service, own *etk.Kept }

func (c *Client) addresses(ctx context.Context) (addresses, error) {
	service, err := c.Depot.Token(ctx, Service)
	if err != nil {
		return addresses{}, &Error{Kind: NoToken, reason: "of the KGSS", cause: err}
	}
	own, err := c.Depot.Token(ctx, c.Own)
	if err == nil && !c.holds(own.Encryption) { // a renewed one may be at the depot
		own, err = c.Depot.Refresh(ctx, c.Own)
	}
	if err != nil {
		return addresses{}, &Error{Kind: NoToken, reason: "of our own", Own: true, cause: err}
	}
	if !c.holds(own.Encryption) {
		return addresses{}, &Error{Kind: ForeignETK}
	}
	return addresses{service, own}, nil
}

// holds tells whether we could open what is sealed for a certificate.
func (c *Client) holds(certificate *x509.Certificate) bool {
	return slices.ContainsFunc(c.Unsealer.Keys, func(k etee.DecryptionKey) bool { return k.Certificate.Equal(certificate) })
}

// maxSkew is how far two clocks may be apart.
const maxSkew = 5 * time.Minute

// call seals a content, sends it and gives the content of the answer, with the server's clock.
func (c *Client) call(ctx context.Context, o operation, content []byte, to addresses, session soap.Security) ([]byte, time.Time, error) {
	sealed, err := c.Sealer.Seal(content, etee.Recipients{Known: []*x509.Certificate{to.service.Encryption}})
	if err != nil {
		return nil, time.Time{}, &Error{Kind: Unprepared, cause: err}
	}
	body, err := o.envelop(sealed)
	if err != nil {
		return nil, time.Time{}, &Error{Kind: Unprepared, cause: err}
	}
	asked := c.Sealer.Clock()
	answer, err := c.SOAP.Call(ctx, soap.Request{URL: c.URL, Body: body, Security: session})
	if err != nil {
		return nil, time.Time{}, unanswered(err)
	}
	if sealed, err = o.open(answer.Content); err != nil {
		if e := (*Error)(nil); errors.As(err, &e) {
			e.At = answer.Time
		}
		return nil, time.Time{}, err
	}
	plain, verdict := c.Unsealer.Unseal(sealed)
	switch {
	case !verdict.Accepted:
		return nil, time.Time{}, &Error{Kind: NotTrusted, Findings: verdict.Errors}
	case !Service.Names(verdict.Certificate):
		clear(plain)
		return nil, time.Time{}, &Error{Kind: NotKGSS}
	case verdict.SigningTime.Before(asked.Add(-maxSkew)): // also when it says no time
		clear(plain)
		return nil, time.Time{}, &Error{Kind: Old}
	}
	return plain, verdict.SigningTime, nil
}

// unanswered gives the error for a call that failed. The KGSS calls a session that it does not accept InvalidSecurity.
func unanswered(err error) *Error {
	kind := NoAnswer
	if e := (*soap.Error)(nil); errors.As(err, &e) && e.Fault != nil &&
		(strings.Contains(e.Fault.Code, "InvalidSecurity") || strings.Contains(e.Fault.String, "InvalidSecurity") || e.Fault.SOA == "SOA-01001") {
		kind = NoSession
	}
	return &Error{Kind: kind, cause: err}
}
