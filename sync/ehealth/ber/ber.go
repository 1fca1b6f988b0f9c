// Package ber reads BER, the encoding of CMS messages (ITU-T X.690), and turns what it read into DER.
//
// It exists because the eHealth library writes indefinite lengths and segmented octet strings, which encoding/asn1 and
// cryptobyte refuse. It knows the encoding only: what an element means is the business of its caller. DER is written with
// golang.org/x/crypto/cryptobyte, not here.
//
// Contract: the input is read once, in linear time, without copying; an Element refers to the bytes it was read from. Input
// length, nesting and number of elements are bounded by Limits before memory is spent. No input panics. Tag numbers above
// 30 and lengths above four octets are refused: no message of the field has them.
//
// Failure: every refusal is a *SyntaxError with the offset of the faulty byte and a reason, never the bytes themselves.
package ber

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
)

// Class is the class of a tag, bits 8 and 7 of the identifier octet.
type Class byte

// The two classes that CMS uses. Application and private tags are read like any other.
const (
	Universal       Class = 0
	ContextSpecific Class = 2
)

// Universal tag numbers that the callers name.
const (
	Boolean         = 1
	Integer         = 2
	BitString       = 3
	OctetString     = 4
	Null            = 5
	OID             = 6
	Sequence        = 16
	Set             = 17
	UTCTime         = 23
	GeneralizedTime = 24
)

// Limits bounds what Parse accepts.
type Limits struct {
	Bytes    int // length of the input
	Depth    int // nesting; the outermost element has depth 1
	Elements int // of the whole tree
}

// Element is one tag-length-value. The zero Element is not valid.
type Element struct {
	Class       Class
	Number      byte
	Constructed bool
	Offset      int       // of the identifier octet in the input
	Raw         []byte    // identifier, length, contents and, where indefinite, end-of-contents
	Body        []byte    // contents; of a constructed element the encodings of its children
	Children    []Element // of a constructed element
}

// SyntaxError says where the input stopped being BER that this package reads, and why.
type SyntaxError struct {
	Offset int
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// Parse reads exactly one element; bytes after it are refused.
func Parse(input []byte, limits Limits) (Element, error) {
	if len(input) > limits.Bytes {
		return Element{}, &SyntaxError{limits.Bytes, fmt.Sprintf("longer than %d bytes", limits.Bytes)}
	}
	p := parser{input: input, left: limits.Elements}
	e, end, err := p.element(0, len(input), limits.Depth)
	if err != nil {
		return Element{}, err
	}
	if end != len(input) {
		return Element{}, &SyntaxError{end, "bytes after the end"}
	}
	return e, nil
}

type parser struct {
	input []byte
	left  int // elements that may still be read
}

// element reads the element at offset at, which must end at or before limit, and gives the offset behind it.
func (p *parser) element(at, limit, depth int) (Element, int, error) {
	if depth == 0 {
		return Element{}, 0, &SyntaxError{at, "nested too deeply"}
	}
	if p.left == 0 {
		return Element{}, 0, &SyntaxError{at, "too many elements"}
	}
	p.left--
	if at >= limit {
		return Element{}, 0, &SyntaxError{at, "an element is missing"}
	}
	first := p.input[at]
	e := Element{Class: Class(first >> 6), Number: first & 0x1f, Constructed: first&0x20 != 0, Offset: at}
	if e.Number == 0x1f {
		return Element{}, 0, &SyntaxError{at, "tag number above 30"}
	}
	if reason := misplaced(e); reason != "" {
		return Element{}, 0, &SyntaxError{at, reason}
	}
	length, body, err := p.length(at+1, limit)
	if err != nil {
		return Element{}, 0, err
	}
	if length == indefinite {
		if !e.Constructed {
			return Element{}, 0, &SyntaxError{at, "indefinite length of a primitive element"}
		}
		return p.untilEndOfContents(e, body, limit, depth)
	}
	if length > limit-body {
		return Element{}, 0, &SyntaxError{at, "longer than what holds it"}
	}
	end := body + length
	e.Raw, e.Body = p.input[at:end:end], p.input[body:end:end]
	if !e.Constructed {
		return e, end, nil
	}
	for body < end {
		child, next, err := p.element(body, end, depth-1)
		if err != nil {
			return Element{}, 0, err
		}
		e.Children, body = append(e.Children, child), next
	}
	return e, end, nil
}

func (p *parser) untilEndOfContents(e Element, body, limit, depth int) (Element, int, error) {
	at := body
	for {
		if limit-at < 2 {
			return Element{}, 0, &SyntaxError{at, "end-of-contents is missing"}
		}
		if p.input[at] == 0 && p.input[at+1] == 0 {
			e.Raw, e.Body = p.input[e.Offset:at+2:at+2], p.input[body:at:at]
			return e, at + 2, nil
		}
		child, next, err := p.element(at, limit, depth-1)
		if err != nil {
			return Element{}, 0, err
		}
		e.Children, at = append(e.Children, child), next
	}
}

const indefinite = -1

// length reads the length octets at offset at and gives the length and the offset of the contents.
func (p *parser) length(at, limit int) (length, body int, err error) {
	if at >= limit {
		return 0, 0, &SyntaxError{at, "the length is missing"}
	}
	first := p.input[at]
	switch {
	case first < 0x80:
		return int(first), at + 1, nil
	case first == 0x80:
		return indefinite, at + 1, nil
	}
	octets := int(first & 0x7f)
	if octets > 4 {
		return 0, 0, &SyntaxError{at, "length of more than four octets"}
	}
	if limit-at-1 < octets {
		return 0, 0, &SyntaxError{at, "the length is cut off"}
	}
	var n uint64
	for _, b := range p.input[at+1 : at+1+octets] {
		n = n<<8 | uint64(b)
	}
	if n > uint64(limit) {
		return 0, 0, &SyntaxError{at, "longer than what holds it"}
	}
	return int(n), at + 1 + octets, nil
}

// segmentable are the universal types whose value may come in segments (X.690 8.6, 8.7, 8.23).
var segmentable = []byte{BitString, OctetString, 12, 18, 19, 20, 21, 22, UTCTime, GeneralizedTime, 25, 26, 27, 28, 30}

// misplaced says what is wrong with the form of a universal element, "" if nothing.
func misplaced(e Element) string {
	if e.Class != Universal {
		return ""
	}
	structured := e.Number == Sequence || e.Number == Set || e.Number == 8 || e.Number == 11
	switch {
	case e.Number == 0:
		return "end-of-contents where an element was due"
	case structured && !e.Constructed:
		return "a sequence or set that is primitive"
	case !structured && e.Constructed && !slices.Contains(segmentable, e.Number):
		return "constructed form of a simple type"
	}
	return ""
}

// Is tells whether the element has the universal tag number.
func (e Element) Is(number byte) bool { return e.Class == Universal && e.Number == number }

// IsContext tells whether the element has the context-specific tag number.
func (e Element) IsContext(number byte) bool { return e.Class == ContextSpecific && e.Number == number }

// Fault makes a SyntaxError at this element.
func (e Element) Fault(reason string) error { return &SyntaxError{e.Offset, reason} }

// Octets gives the value of an octet string of any tag (so that it serves implicit tags too), its segments joined.
// Where there are no segments the result is the input itself, not a copy.
func (e Element) Octets() ([]byte, error) {
	if !e.Constructed {
		return e.Body, nil
	}
	if len(e.Children) == 1 && e.Children[0].Is(OctetString) {
		return e.Children[0].Octets()
	}
	joined := make([]byte, 0, len(e.Body))
	return e.appendOctets(joined)
}

func (e Element) appendOctets(to []byte) ([]byte, error) {
	if !e.Constructed {
		return append(to, e.Body...), nil
	}
	for _, segment := range e.Children {
		if !segment.Is(OctetString) {
			return nil, segment.Fault("a segment that is no octet string")
		}
		var err error
		if to, err = segment.appendOctets(to); err != nil {
			return nil, err
		}
	}
	return to, nil
}

// maxInteger is the length in octets of the longest INTEGER that a caller may want as a number: serial numbers have at
// most 20 (RFC 5280 4.1.2.2). Keys are read by crypto/x509, not here.
const maxInteger = 64

// Integer gives the value of an INTEGER.
func (e Element) Integer() (*big.Int, error) {
	b := e.Body
	switch {
	case !e.Is(Integer):
		return nil, e.Fault("an integer was due")
	case len(b) == 0 || len(b) > maxInteger:
		return nil, e.Fault("an integer of a length that no integer of the field has")
	case len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80):
		return nil, e.Fault("an integer with a superfluous octet")
	}
	n := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n, nil
}

// Small gives the value of an INTEGER from 0 to 127 (version numbers, the salt length).
func (e Element) Small() (int, error) {
	if !e.Is(Integer) || len(e.Body) != 1 || e.Body[0] > 127 {
		return 0, e.Fault("a small integer was due")
	}
	return int(e.Body[0]), nil
}

// DER gives the distinguished encoding of the element (X.690 10 and 11): definite lengths in the fewest octets, strings
// in one piece, sets in order, TRUE as FF. A signature over attributes is made over this form, however they travelled
// (RFC 5652 5.4).
func (e Element) DER() ([]byte, error) {
	if e.Class == Universal && e.Constructed && slices.Contains(segmentable, e.Number) {
		if e.Number != OctetString {
			return nil, e.Fault("a segmented string that is no octet string")
		}
		value, err := e.Octets()
		if err != nil {
			return nil, err
		}
		return header(e, false, len(value), value), nil
	}
	if !e.Constructed {
		body := e.Body
		if e.Is(Boolean) && len(body) == 1 && body[0] != 0 {
			body = []byte{0xff}
		}
		return header(e, false, len(body), body), nil
	}
	encodings, total := make([][]byte, len(e.Children)), 0
	for i, child := range e.Children {
		der, err := child.DER()
		if err != nil {
			return nil, err
		}
		encodings[i], total = der, total+len(der)
	}
	if e.Is(Set) {
		slices.SortFunc(encodings, bytes.Compare)
	}
	return header(e, true, total, encodings...), nil
}

// header puts identifier and length before the pieces of the contents.
func header(e Element, constructed bool, length int, pieces ...[]byte) []byte {
	identifier := byte(e.Class)<<6 | e.Number
	if constructed {
		identifier |= 0x20
	}
	out := make([]byte, 0, length+6)
	out = append(out, identifier)
	if length < 0x80 {
		out = append(out, byte(length))
	} else {
		octets := big.NewInt(int64(length)).Bytes()
		out = append(append(out, 0x80|byte(len(octets))), octets...)
	}
	for _, piece := range pieces {
		out = append(out, piece...)
	}
	return out
}
