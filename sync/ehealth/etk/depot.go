package etk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/trust"
)

// Depot gives the tokens of holders: those it keeps as long as they are valid, the others asked from the ETK depot of the
// eHealth platform (ETK depot protocol 1.0; no security header, no SOAPAction).
//
// The depot's answers are not signed. A token is used only when Check finds nothing wrong with it and its subject is the
// identifier that was asked for; a kept one is judged again at each use, so that whatever keeps it need not be trusted.
//
// A token that is kept and valid is used without asking, so that an outage of the depot stops nobody who was met before. What
// it cannot know is that a holder has a new key: whoever sees a message refused for its recipient calls Refresh.
//
// Every error is a *DepotError. Fields are set before the first call; calls may run at the same time.
type Depot struct {
	Client  *soap.Client
	URL     string
	Anchors Anchors
	Cache   Cache
	Clock   func() time.Time
	// Told hears how each request to the depot ended, nil: nobody listens.
	Told func(error)
}

// Cache keeps tokens. Keys name holders and may contain the number of a person. Calls may run at the same time. A cache that
// fails costs a request to the depot and nothing else: its errors are no errors of Token and Refresh when the depot answers.
type Cache interface {
	// Get gives what was last put, nil when there is nothing.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put keeps a token in place of any other of the same key. It is of no use after until.
	Put(ctx context.Context, key string, token []byte, until time.Time) error
}

// Kept is a token that was judged good, with its bytes (BER) for requests that carry one's own.
type Kept struct {
	*Token
	Bytes []byte
}

// Token gives the token of a holder: the kept one while it is valid, else that of the depot.
func (d *Depot) Token(ctx context.Context, id Identifier) (*Kept, error) {
	bytes, unread := d.Cache.Get(ctx, id.Key())
	if unread == nil && len(bytes) > 0 {
		if kept, err := d.judge(bytes, id); err == nil {
			return kept, nil
		}
	}
	kept, err := d.Refresh(ctx, id)
	if err != nil {
		return nil, errors.Join(err, unread)
	}
	return kept, nil
}

// Refresh asks the depot whatever is kept, and keeps its answer: for callers whose message was refused because of the
// recipient's key. When the depot gives nothing usable, what is kept stays and Token goes on giving it.
func (d *Depot) Refresh(ctx context.Context, id Identifier) (*Kept, error) {
	body, err := request(id)
	if err != nil {
		return nil, &DepotError{Reason: NotAsked, cause: err}
	}
	bytes, err := d.ask(ctx, body)
	if d.Told != nil {
		d.Told(err)
	}
	if err != nil {
		return nil, err
	}
	kept, err := d.judge(bytes, id)
	if err != nil {
		return nil, err
	}
	_ = d.Cache.Put(ctx, id.Key(), bytes, kept.Encryption.NotAfter) // not kept: asked for again, see Cache
	return kept, nil
}

func (d *Depot) ask(ctx context.Context, body []byte) ([]byte, error) {
	answer, err := d.Client.Call(ctx, soap.Request{URL: d.URL, Body: body})
	if err != nil {
		return nil, &DepotError{Reason: NoAnswer, cause: err}
	}
	return read(answer.Content)
}

// judge gives the token when messages for the identifier may be sealed for it.
func (d *Depot) judge(bytes []byte, id Identifier) (*Kept, error) {
	token, err := Parse(bytes)
	if err != nil {
		return nil, &DepotError{Reason: NoToken, cause: err}
	}
	if found := token.Check(d.Anchors, d.Clock()); len(found) > 0 {
		return nil, &DepotError{Reason: NotTrusted, Findings: found}
	}
	if !id.Names(token.Encryption) {
		return nil, &DepotError{Reason: OtherHolder}
	}
	return &Kept{token, bytes}, nil
}

// Reason says why there is no token.
type Reason string

const (
	NotAsked    Reason = "the request cannot be made"
	NoAnswer    Reason = "the depot gave no answer"       // a *soap.Error below it
	NotFound    Reason = "the depot knows no such holder" // NO_MATCHING_ETK
	Ambiguous   Reason = "several holders match"          // the application is needed to tell them apart
	BadNumber   Reason = "the depot does not accept the number"
	Refused     Reason = "the depot refused" // with another code
	NotReadable Reason = "the depot's answer has not the form of the protocol"
	NoToken     Reason = "what the depot gave is no token"
	NotTrusted  Reason = "the token is not trusted" // Findings
	OtherHolder Reason = "the token is that of another holder"
)

// reasons of the codes that the depot is known to answer.
var reasons = map[string]Reason{
	"NO_MATCHING_ETK":      NotFound,
	"INVALID_CBE_NUMBER":   BadNumber,
	"INVALID_NIHII_NUMBER": BadNumber,
	"INVALID_SSIN_NUMBER":  BadNumber,
}

// DepotError is every error of a Depot. Its text holds nothing that the depot wrote and no identifier.
type DepotError struct {
	Reason   Reason
	Code     string // of the depot's refusal as it wrote it; not for logs
	Findings []trust.Finding
	cause    error
}

func (e *DepotError) Error() string {
	text := "etk: " + string(e.Reason)
	if len(e.Findings) > 0 {
		text += fmt.Sprint(" ", e.Findings)
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives what is below: a *soap.Error, ErrToken.
func (e *DepotError) Unwrap() error { return e.cause }
