package soap

import (
	"bytes"
	"errors"
	"net"
	"testing"

	"pgregory.net/rapid"
)

// recorder is a connection that keeps what is handed to it.
type recorder struct {
	net.Conn
	got bytes.Buffer
}

func (r *recorder) Write(b []byte) (int, error) { return r.got.Write(b) }

// However a request is split into writes, the bytes after its first empty line are counted; once sealed, none is handed over.
func TestMeter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringOf(rapid.RuneFrom([]rune("a\r\n")))
		head, body := part.Draw(t, "head"), part.Draw(t, "body")
		text := []byte(head + headerEnd + body)
		want := int64(len(text) - bytes.Index(text, []byte(headerEnd)) - len(headerEnd))

		r, m := &recorder{}, &meter{}
		c := &metered{Conn: r, meter: m}
		for rest := text; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if _, err := c.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if got := m.seal(); got != want || !bytes.Equal(r.got.Bytes(), text) {
			t.Fatalf("%q: %d bytes of the body, want %d", text, got, want)
		}
		if n, err := c.Write([]byte("more")); n != 0 || !errors.Is(err, errSealed) || r.got.Len() != len(text) || m.seal() != want {
			t.Fatalf("%d bytes after the seal, %v", n, err)
		}
	})
}
