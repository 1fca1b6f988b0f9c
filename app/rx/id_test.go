package rx

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNewID(t *testing.T) {
	at := time.UnixMilli(0x0192f6a07c1e).UTC()
	id, err := NewID(at, bytes.NewReader([]byte{0xab, 0x52, 0xdd, 0x0e, 0x5f, 0x3f, 0x0b, 0x0c, 0x7a, 0x11}))
	if err != nil || id != "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11" {
		t.Errorf("%s, %v", id, err)
	}
	if id, err := NewID(at, strings.NewReader("too short")); id != "" || CodeOf(err) != CodeRandom || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", id, err)
	}
}

// Ids sort by their instant, and read back as they are.
func TestNewIDLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (ID, int64) {
			ms := rapid.Int64Range(0, 1<<48-1).Draw(t, name)
			id, err := NewID(time.UnixMilli(ms), bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(t, name+" random")))
			if err != nil {
				t.Fatal(err)
			}
			return id, ms
		}
		a, atA := draw("a")
		b, atB := draw("b")
		if atA < atB && a >= b || atA > atB && a <= b {
			t.Fatalf("%s and %s do not sort by time", a, b)
		}
		if back, err := ParseID(strings.ToUpper(string(a))); err != nil || back != a {
			t.Fatalf("%s reads back as %s, %v", a, back, err)
		}
		if a[14] != '7' || !strings.ContainsRune("89ab", rune(a[19])) {
			t.Fatalf("%s is no UUIDv7", a)
		}
	})
}

func TestParseIDRefuses(t *testing.T) {
	for _, s := range []string{"", "0192f6a07c1e7b529d0e5f3f0b0c7a11", "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a1", "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a111",
		"{192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a1}", "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a1g", "0192f6a-07c1e-7b52-9d0e-5f3f0b0c7a11", "0192f6a0-7c1e-7b52-9d0e 5f3f0b0c7a11"} {
		if id, err := ParseID(s); id != "" || CodeOf(err) != CodeIDForm {
			t.Errorf("%q: %q, %v", s, id, err)
		}
	}
	var id ID
	if err := id.UnmarshalText([]byte("0192F6A0-7C1E-7B52-9D0E-5F3F0B0C7A11")); err != nil || id != "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11" {
		t.Errorf("%q, %v", id, err)
	}
	if err := id.UnmarshalText([]byte("x")); CodeOf(err) != CodeIDForm {
		t.Error(err)
	}
	if err := id.UnmarshalText(nil); err != nil || id != "" {
		t.Errorf("%q, %v", id, err)
	}
}

// The LOCAL id of a message is a function of order and line, and of nothing else.
func TestLocalIDOf(t *testing.T) {
	const order = "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11"
	seen := map[ID]bool{}
	for _, o := range []ID{order, "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a12"} {
		for line := range MaxLines {
			id := LocalIDOf(o, line)
			if parsed, err := ParseID(string(id)); err != nil || parsed != id || id[14] != '8' || seen[id] || LocalIDOf(o, line) != id {
				t.Errorf("line %d: %s, %v", line, id, err)
			}
			seen[id] = true
		}
	}
	if got := LocalIDOf(order, 0); got != "b450bf1a-1012-8fc0-bcfa-4ffc993b026d" {
		t.Errorf("the derivation has changed: %s (orders issued before it would not be recognised)", got)
	}
}
