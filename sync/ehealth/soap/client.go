package soap

import (
	"context"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// Client calls SOAP services. Its fields are set before the first call; calls may run at the same time.
type Client struct {
	Transport Transport
	// Clock gives the server's time as well as it is known: Timestamps are made from it.
	Clock func() time.Time
	// Suite of the signatures, SHA-256 when empty.
	Suite xmldsig.Suite
	// Lifetime of Timestamps, a minute when zero.
	Lifetime time.Duration
	// Limits of what is read, those of xmldsig.Defaults when zero.
	Limits xmldsig.Limits
}

// Request is one call. It is sent once.
type Request struct {
	URL      string    // https; http only to this computer itself
	Action   string    // SOAPAction without its quotes, "" for services that take none
	Body     []byte    // one XML element: the content of soap:Body
	Security Security  // nil: none
	Answer   *Verifier // nil: the answer is taken as it is, protected by TLS alone
}

// Answer is a good one: HTTP 200, an envelope, no fault.
type Answer struct {
	// Content is the one child element of soap:Body, within its document: namespaces declared around it hold.
	Content *etree.Element
	// Time is the server's clock (Date), zero when it did not say.
	Time time.Time
	// Verified is what Request.Answer verified, nil without it.
	Verified *Verified
}

// Call sends the request once and reads its answer. Any error is a *Error.
func (c *Client) Call(ctx context.Context, r Request) (*Answer, error) {
	panic("under construction")
}
