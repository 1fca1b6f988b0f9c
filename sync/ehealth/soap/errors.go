package soap

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Outcome is what is known about the effect of a request that got no good answer.
type Outcome int

const (
	// Unknown: the service may have acted. The default.
	Unknown Outcome = iota
	// NotSent: no byte of the body was handed to a connection. The service surely did not act.
	NotSent
	// Refused: the platform's gate refused the request before the service saw it. The service surely did not act.
	Refused
)

func (o Outcome) String() string {
	switch o {
	case NotSent:
		return "not sent"
	case Refused:
		return "refused"
	}
	return "unknown"
}

// OutcomeOf is the outcome that an error of this package states, Unknown for any other error.
func OutcomeOf(err error) Outcome {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Outcome
	}
	return Unknown
}

// Kind says what happened to a request.
type Kind string

const (
	KindRequest   Kind = "request"   // it could not be built or signed
	KindConnect   Kind = "connect"   // no connection: address, TCP, TLS, or the deadline for them
	KindBroken    Kind = "broken"    // the connection broke before the answer was complete
	KindLate      Kind = "late"      // the deadline for writing or for the answer passed
	KindCancelled Kind = "cancelled" // the caller's context ended
	KindStatus    Kind = "status"    // an HTTP status without a SOAP answer: redirects, 502, 503, 504 …
	KindAnswer    Kind = "answer"    // the answer is too large or not the XML that is due
	KindFault     Kind = "fault"     // a SOAP fault
	KindSignature Kind = "signature" // the answer had to be signed, and its signature was refused
)

// Error is every error of Client.Call. Its text holds no word of the server and nothing of the request.
type Error struct {
	Kind    Kind
	Outcome Outcome
	// Connected: a connection was obtained, TLS included.
	Connected bool
	// Written counts the bytes of the body that were handed to the connection.
	Written int64
	Status  int       // of HTTP, 0 without an answer
	Time    time.Time // the server's clock (Date), zero when it did not say
	Fault   *Fault    // of KindFault
	Verdict *Verdict  // of KindSignature

	reason string // ours: what and where, no content
	cause  error  // for errors.Is; its text is never printed
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "soap: %s: %s (outcome %s", e.Kind, e.reason, e.Outcome)
	if e.Status != 0 {
		fmt.Fprintf(&b, ", HTTP %d", e.Status)
	}
	b.WriteString(")")
	return b.String()
}

// Unwrap gives the cause for errors.Is. Its text may name hosts, do not print it.
func (e *Error) Unwrap() error { return e.cause }

// Fault is a SOAP 1.1 fault with the detail of the eHealth platform (urn:be:fgov:ehealth:errors:soa:v1). The texts are
// the server's, bounded, and may name a patient: they are for sealed places and for the person at the screen only.
type Fault struct {
	Code   string // faultcode without its prefix: Client, Server, MustUnderstand, VersionMismatch, or one of the server's own
	String string // faultstring

	// Of the detail, by local names; empty when it has none.
	SOA         string // SOA-nnnnn, also when it stands in the faultstring only
	Business    bool   // a BusinessError, otherwise a SystemError
	Ticket      string
	Origin      string // Consumer, Provider, Server …
	Environment string
	Retry       *bool
	Messages    map[string]string // by language, "" when it has none
}

// AtGate tells whether the platform refused the request at its gate, so that the service behind did not see it: not
// authenticated, not authorised, or malformed, and the fault says that the consumer is at its origin. With another origin
// the same codes may concern the answer.
func (f *Fault) AtGate() bool {
	return f != nil && f.Origin == "Consumer" && gateCodes[f.SOA]
}

// gateCodes are those that the platform itself gives before the service sees a request: not authenticated, not authorised;
// then malformed, not SOAP, no Body, WS-I, WSDL, schema, content.
var gateCodes = map[string]bool{
	"SOA-01001": true, "SOA-01002": true,
	"SOA-03001": true, "SOA-03002": true, "SOA-03003": true, "SOA-03004": true, "SOA-03005": true, "SOA-03006": true, "SOA-03007": true,
}

// Format prints the codes and nothing that the server wrote, whatever the verb.
func (f Fault) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "Fault("+f.known()+")") }

// LogValue is what Format prints.
func (f Fault) LogValue() slog.Value { return slog.StringValue(f.known()) }

// known gives the code of the platform when it has its form, else the SOAP 1.1 code when it is one of the four.
func (f Fault) known() string {
	switch {
	case f.SOA != "":
		return f.SOA
	case f.Code == "Client" || f.Code == "Server" || f.Code == "MustUnderstand" || f.Code == "VersionMismatch":
		return f.Code
	}
	return "other"
}
