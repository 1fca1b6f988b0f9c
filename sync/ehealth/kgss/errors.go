package kgss

import (
	"fmt"
	"time"

	"relais/sync/ehealth/trust"
)

// Kind says why there is no key.
type Kind string

const (
	Unprepared Kind = "the request cannot be made"
	NoToken    Kind = "there is no encryption token" // of the KGSS or of our own; an *etk.DepotError below it
	ForeignETK Kind = "the encryption token of our own is for a key that the keystore does not hold"
	NoAnswer   Kind = "the KGSS gave no answer" // a *soap.Error below it
	NoSession  Kind = "the KGSS does not accept the session"
	NotMade    Kind = "the KGSS made no key" // Codes
	NotAllowed Kind = "the KGSS gives no key: we may not read it, or there is none"
	Malformed  Kind = "the answer has not the form of the protocol"
	NotTrusted Kind = "the sealed answer is not trusted" // Findings
	NotKGSS    Kind = "the sealed answer is not signed by the KGSS"
	Old        Kind = "the sealed answer is older than the question"
	Twice      Kind = "the KGSS gave the same key twice"
)

// Error is every error of this package. Its text holds nothing of keys, of readers or of the server's words.
type Error struct {
	Kind     Kind
	Codes    []string        // of NotMade and NotAllowed: status and errors as the server wrote them; not for logs
	Messages []Message       // of NotMade and NotAllowed: what the server said, for the person at the screen; not for logs
	Own      bool            // of NoToken: it is our own that lacks
	Findings []trust.Finding // of NotTrusted
	At       time.Time       // the server's clock, when its answer says no

	reason string
	cause  error
}

// Message is what the KGSS says in a language, "" when it does not say which.
type Message struct{ Language, Text string }

func (e *Error) Error() string {
	text := "kgss: " + string(e.Kind)
	if e.reason != "" {
		text += ": " + e.reason
	}
	if len(e.Findings) > 0 {
		text += fmt.Sprint(": ", e.Findings)
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives what is below: a *soap.Error, an *etk.DepotError.
func (e *Error) Unwrap() error { return e.cause }

func malformed(reason string) *Error { return &Error{Kind: Malformed, reason: reason} }
