package ber_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"pgregory.net/rapid"

	"relais/sync/ehealth/ber"
)

var limits = ber.Limits{Bytes: 1 << 16, Depth: 8, Elements: 64}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// One value in the ways in which BER may write it, and its DER.
func TestDER(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"as it was", "30 03 02 01 05", "3003020105"},
		{"indefinite", "30 80 02 01 05 00 00", "3003020105"},
		{"long form of a short length", "30 84 00 00 00 03 02 01 05", "3003020105"},
		{"segments", "24 80 04 02 01 02 04 01 03 00 00", "0403010203"},
		{"segments of definite length", "24 07 04 02 01 02 04 01 03", "0403010203"},
		{"segments in segments", "24 80 24 80 04 01 01 00 00 04 00 24 03 04 01 02 00 00", "04020102"},
		{"no segment", "24 80 00 00", "0400"},
		{"a set out of order", "31 80 02 01 09 02 01 03 00 00", "3106020103020109"},
		{"TRUE as 1", "01 01 01", "0101ff"},
		{"context tag", "A0 80 02 01 05 00 00", "a003020105"},
		{"empty", "30 80 00 00", "3000"},
		{"128 bytes", "04 81 80" + strings.Repeat("aa", 128), "048180" + strings.Repeat("aa", 128)},
	} {
		e, err := ber.Parse(unhex(t, c.in), limits)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := e.DER()
		if err != nil || hex.EncodeToString(got) != c.want {
			t.Errorf("%s: %x %v, want %s", c.name, got, err, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, in, reason string
		offset           int
	}{
		{"nothing", "", "an element is missing", 0},
		{"no length", "30", "the length is missing", 1},
		{"cut off", "30 03 02 01", "longer than what holds it", 0},
		{"cut off inside", "30 03 02 04 01", "longer than what holds it", 2},
		{"longer than its parent", "30 03 02 02 05 30 00", "longer than what holds it", 2},
		{"bytes behind", "02 01 05 00", "bytes after the end", 3},
		{"primitive of indefinite length", "04 80 01 00 00", "indefinite length of a primitive element", 0},
		{"no end-of-contents", "30 80 02 01 05", "end-of-contents is missing", 5},
		{"half an end-of-contents", "30 80 02 01 05 00", "end-of-contents is missing", 5},
		{"end-of-contents in a definite sequence", "30 02 00 00", "end-of-contents where an element was due", 2},
		{"end-of-contents alone", "00 00", "end-of-contents where an element was due", 0},
		{"long tag", "1f 81 01 00", "tag number above 30", 0},
		{"length of five octets", "04 85 00 00 00 00 01 aa", "length of more than four octets", 1},
		{"reserved length", "04 ff", "length of more than four octets", 1},
		{"length cut off", "04 82 01", "the length is cut off", 1},
		{"four gigabytes", "04 84 ff ff ff ff", "longer than what holds it", 1},
		{"primitive sequence", "10 00", "a sequence or set that is primitive", 0},
		{"constructed integer", "22 03 02 01 05", "constructed form of a simple type", 0},
		{"too deep", strings.Repeat("30 80", 9), "nested too deeply", 16},
		{"too many", "30 81 82" + strings.Repeat("05 00", 65), "too many elements", 129},
	} {
		_, err := ber.Parse(unhex(t, c.in), limits)
		var syntax *ber.SyntaxError
		if !errors.As(err, &syntax) || syntax.Reason != c.reason || syntax.Offset != c.offset {
			t.Errorf("%s: %v, want byte %d: %s", c.name, err, c.offset, c.reason)
		}
	}
	if _, err := ber.Parse(make([]byte, limits.Bytes+1), limits); err == nil || !strings.Contains(err.Error(), "longer than 65536 bytes") {
		t.Errorf("too long: %v", err)
	}
}

func TestIntegers(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"02 01 00", "0"}, {"02 01 7f", "127"}, {"02 02 00 80", "128"}, {"02 01 80", "-128"}, {"02 01 ff", "-1"},
		{"02 08 03 19 93 af 1d 7c 00 00", "223372036854775808"},
		{"02 00", ""}, {"02 02 00 01", ""}, {"02 02 ff 80", ""}, {"04 01 05", ""}, {"02 41 01" + strings.Repeat("00", 64), ""},
	} {
		e, err := ber.Parse(unhex(t, c.in), limits)
		if err != nil {
			t.Fatal(err)
		}
		n, err := e.Integer()
		if (err == nil) != (c.want != "") || err == nil && n.String() != c.want {
			t.Errorf("%s: %v %v, want %q", c.in, n, err, c.want)
		}
	}
}

func TestSegmentsOfAnotherKind(t *testing.T) {
	for _, in := range []string{"24 80 02 01 05 00 00", "24 80 04 00 02 01 05 00 00", "A0 80 04 01 01 24 80 02 01 05 00 00 00 00"} {
		e, err := ber.Parse(unhex(t, in), limits)
		if err != nil {
			t.Fatal(err)
		}
		if octets, err := e.Octets(); err == nil {
			t.Errorf("%s: %x", in, octets)
		}
	}
}

// A tree written by cryptobyte in DER and, by us, in BER of drawn forms is the same tree.
func TestBERIsReadLikeDER(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b cryptobyte.Builder
		written := draw(t, &b, 4)
		der, err := b.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		e, err := ber.Parse(written, ber.Limits{Bytes: 1 << 20, Depth: 32, Elements: 1 << 16})
		if err != nil {
			t.Fatalf("%v in %x", err, written)
		}
		if got, err := e.DER(); err != nil || !bytes.Equal(got, der) {
			t.Fatalf("%x became %x %v, want %x", written, got, err, der)
		}
		if !bytes.Equal(e.Raw, written) {
			t.Fatal("Raw is not what was read")
		}
	})
}

// draw makes a value, writes its DER to b and gives a BER form of it.
func draw(t *rapid.T, b *cryptobyte.Builder, depth int) []byte {
	kinds := 2
	if depth > 0 {
		kinds = 4
	}
	switch rapid.IntRange(1, kinds).Draw(t, "kind") {
	case 1:
		value := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "octets")
		b.AddASN1OctetString(value)
		if rapid.Bool().Draw(t, "whole") {
			return wrap(t, 0x04, value)
		}
		at := rapid.IntRange(0, len(value)).Draw(t, "cut")
		return wrap(t, 0x24, append(wrap(t, 0x04, value[:at]), wrap(t, 0x04, value[at:])...))
	case 2:
		n := rapid.Int64().Draw(t, "integer")
		b.AddASN1Int64(n)
		var i cryptobyte.Builder
		i.AddASN1Int64(n)
		return i.BytesOrPanic()
	}
	tag := rapid.SampledFrom([]byte{0x30, 0xa0, 0xa5}).Draw(t, "tag")
	var body []byte
	b.AddASN1(asn1.Tag(tag), func(b *cryptobyte.Builder) {
		for range rapid.IntRange(0, 4).Draw(t, "children") {
			body = append(body, draw(t, b, depth-1)...)
		}
	})
	return wrap(t, tag, body)
}

// wrap writes a length in one of the forms of BER.
func wrap(t *rapid.T, tag byte, body []byte) []byte {
	form := rapid.IntRange(0, 4).Draw(t, "length octets")
	n := len(body)
	switch {
	case form == 0 && tag&0x20 != 0:
		return append(append([]byte{tag, 0x80}, body...), 0, 0)
	case form <= 1 && n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	}
	return append([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"3003020105", "308002010500 00", "24800402010204010300 00", "a080310604010204010100 00", "0201ff"} {
		f.Add(unhex(f, seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := ber.Parse(in, limits)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Raw, in) {
			t.Fatal("Raw is not what was read")
		}
		der, err := e.DER()
		if err != nil {
			return
		}
		if len(der) > len(in) {
			t.Fatalf("%d bytes of BER became %d of DER", len(in), len(der))
		}
		again, err := ber.Parse(der, limits)
		if err != nil {
			t.Fatalf("our DER is not read: %v", err)
		}
		if twice, err := again.DER(); err != nil || !bytes.Equal(der, twice) {
			t.Fatalf("the DER of DER differs: %x %x", der, twice)
		}
		if octets, err := e.Octets(); err == nil && len(octets) > len(in) {
			t.Fatal("more octets than were read")
		}
	})
}
