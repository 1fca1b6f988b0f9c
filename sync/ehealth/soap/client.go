package soap

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	// Limits of requests and answers, those of xmldsig.Defaults where zero.
	Limits xmldsig.Limits
	// Told, unless nil, hears the server's clock with each answer that says it, also with one that is no good.
	Told func(server time.Time)
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
	signer := Signer{Security: r.Security, Suite: c.Suite, Clock: c.Clock, Lifetime: c.Lifetime, Limits: c.Limits}
	envelope, err := signer.Build(r.Body)
	if err != nil {
		return nil, &Error{Kind: KindRequest, Outcome: NotSent, reason: "the request cannot be built", cause: err}
	}
	limits := c.Limits.OrDefaults()
	x, err := c.Transport.post(ctx, r.URL, r.Action, envelope, limits.Bytes)
	if c.Told != nil && !x.time.IsZero() {
		c.Told(x.time)
	}
	if err != nil {
		kind, reason := ended(ctx, x, err)
		return nil, x.failed(kind, reason, err)
	}

	message, err := Read(x.answer, limits)
	switch {
	case err == nil && message.Fault != nil:
		failure := x.failed(KindFault, "the service answered with the fault "+message.Fault.known(), nil)
		failure.Fault = message.Fault
		if message.Fault.AtGate() {
			failure.Outcome = Refused
		}
		return nil, failure
	case x.status != http.StatusOK:
		return nil, x.failed(KindStatus, "no SOAP answer", nil)
	case err != nil:
		return nil, x.failed(KindAnswer, err.Error(), err)
	}
	answer := &Answer{Content: message.Content, Time: x.time}
	if r.Answer != nil {
		verified, verdict := r.Answer.Judge(message)
		if !verdict.Accepted {
			failure := x.failed(KindSignature, fmt.Sprint("the answer is refused: ", verdict.Errors), nil)
			failure.Verdict = &verdict
			return nil, failure
		}
		answer.Content, answer.Verified = verified.Content, verified
	}
	return answer, nil
}

// failed is an error after the request was built. Its outcome is unknown unless no byte of the body left.
func (x exchange) failed(kind Kind, reason string, cause error) *Error {
	e := &Error{
		Kind: kind, Connected: x.connected, Written: x.written, Status: x.status, Time: x.time, reason: reason, cause: cause,
	}
	if x.written == 0 {
		e.Outcome = NotSent
	}
	return e
}

// ended tells what ended a request that got no complete answer.
func ended(ctx context.Context, x exchange, err error) (Kind, string) {
	switch {
	case errors.Is(err, errAddress):
		return KindRequest, "the URL is not the address of a web service"
	case errors.Is(err, errLarge):
		return KindAnswer, "the answer is larger than allowed"
	case ctx.Err() != nil:
		return KindCancelled, "given up by the caller"
	case errors.Is(err, errClear):
		return KindConnect, "the address wants no TLS, which is for this computer alone"
	case errors.Is(err, errConnect):
		return KindConnect, "no connection"
	case errors.Is(err, errLate):
		return KindLate, "a deadline passed"
	}
	return KindBroken, "the connection broke before the answer was complete"
}
