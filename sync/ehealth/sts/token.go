package sts

import (
	"crypto"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/trust"
)

// Token is an assertion that was verified, with the key that it confirms. It is never changed. It prints itself redacted.
type Token struct {
	id          string
	nihii       string
	from, until time.Time
	text        []byte
	key         crypto.Signer
	warnings    []trust.Finding
}

// ID of the assertion.
func (t *Token) ID() string { return t.id }

// From is when it begins.
func (t *Token) From() time.Time { return t.from }

// Until is when it ends: at this time it is of no use any more.
func (t *Token) Until() time.Time { return t.until }

// HalfLife is the middle of its period, when it is to be renewed.
func (t *Token) HalfLife() time.Time { return t.from.Add(t.until.Sub(t.from) / 2) }

// NIHII is the INAMI/RIZIV number that it certifies, 11 digits.
func (t *Token) NIHII() string { return t.nihii }

// Warnings about it, such as the digest that the STS signs with.
func (t *Token) Warnings() []trust.Finding { return slices.Clone(t.warnings) }

// Assertion gives its bytes, to be kept sealed and read again by Client.Open. They are of use only with the key, yet they hold
// the number of a person.
func (t *Token) Assertion() []byte { return slices.Clone(t.text) }

// Security signs requests with it.
func (t *Token) Security() soap.SAML { return soap.SAML{Key: t.key, Assertion: slices.Clone(t.text)} }

// Format prints nothing of it, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Token(redacted)") }

// LogValue is what Format prints.
func (t Token) LogValue() slog.Value { return slog.StringValue("Token(redacted)") }
