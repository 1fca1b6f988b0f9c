package sts

import (
	"fmt"
	"time"

	"relais/sync/ehealth/trust"
)

// Kind says why there is no token.
type Kind string

const (
	Unprepared    Kind = "the request cannot be made"
	Unusable      Kind = "the certificate cannot open a session" // Findings; renewed by its holder
	NoAnswer      Kind = "the STS gave no answer"                // a *soap.Error below it
	Clock         Kind = "the clock of this computer is wrong"   // Skew
	Refused       Kind = "the STS refused"                       // Status
	Challenged    Kind = "the STS wants a second proof of identity"
	OtherRequest  Kind = "the answer is to another request"
	Malformed     Kind = "the answer has not the form of the protocol"
	NotTrusted    Kind = "the token is not trusted" // Findings
	NotRecognised Kind = "the platform does not recognise the person in this quality"
	NotRecorded   Kind = "how the session was opened cannot be recorded"
	GivenUp       Kind = "given up by the caller"
)

// Error is every error of this package. Its text holds nothing of a token, of a person or of the server's words.
type Error struct {
	Kind     Kind
	Status   string          // of a SAML-P refusal when it is one of SAML's own
	Findings []trust.Finding // about the certificate, the token or its attributes
	Skew     time.Duration   // of Clock: how far the STS is ahead

	reason string
	cause  error
}

func (e *Error) Error() string {
	text := "sts: " + string(e.Kind)
	for _, more := range []string{e.Status, e.reason} {
		if more != "" {
			text += ": " + more
		}
	}
	if e.Skew != 0 {
		text += fmt.Sprint(": ", e.Skew)
	}
	if len(e.Findings) > 0 {
		text += fmt.Sprint(": ", e.Findings)
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives what is below, a *soap.Error when the call failed.
func (e *Error) Unwrap() error { return e.cause }

func malformed(reason string) *Error { return &Error{Kind: Malformed, reason: reason} }
