package wire

import (
	"fmt"
	"io"
	"log/slog"
)

// Private is a text that may name a person: numbers, RIDs, reasons. It prints itself redacted.
type Private string

// Format prints nothing of the text, whatever the verb.
func (Private) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Private(…)") }

// LogValue is the same for logs.
func (Private) LogValue() slog.Value { return slog.StringValue("Private(…)") }

// Bytes travel as base64. They are sealed or secret, and print only their number.
type Bytes []byte

// Format prints nothing of the bytes, whatever the verb.
func (b Bytes) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "Bytes(%d)", len(b)) }

// LogValue is the same for logs.
func (b Bytes) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(b)) }
