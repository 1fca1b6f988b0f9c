package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"relais/sync/ehealth/ber"
)

// readContentInfo reads the outermost structure and gives the content, which must be a sequence of the wanted type.
func readContentInfo(message []byte, want asn1.ObjectIdentifier) (ber.Element, error) {
	e, err := ber.Parse(message, limits)
	if err != nil {
		return ber.Element{}, err
	}
	if !e.Is(ber.Sequence) || len(e.Children) != 2 || !e.Children[1].IsContext(0) || len(e.Children[1].Children) != 1 {
		return ber.Element{}, e.Fault("a ContentInfo was due")
	}
	oid, err := readOID(e.Children[0])
	if err != nil {
		return ber.Element{}, err
	}
	if !oid.Equal(want) {
		return ber.Element{}, e.Fault(fmt.Sprintf("content of type %v where %v was due", oid, want))
	}
	content := e.Children[1].Children[0]
	if !content.Is(ber.Sequence) {
		return ber.Element{}, content.Fault("a sequence was due")
	}
	return content, nil
}

// addContentInfo writes the outermost structure.
func addContentInfo(contentType asn1.ObjectIdentifier, content cryptobyte.BuilderContinuation) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(contentType)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1(casn1.SEQUENCE, content) })
	})
	message, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing a message: %w", err)
	}
	if len(message) > MaxMessage {
		return nil, fmt.Errorf("writing a message: %d bytes, at most %d can be read back", len(message), MaxMessage)
	}
	return message, nil
}

// addSorted writes the elements of a SET OF in the order that DER wants: that of their encodings.
func addSorted(b *cryptobyte.Builder, encodings [][]byte) {
	for _, encoding := range slices.SortedFunc(slices.Values(encodings), bytes.Compare) {
		b.AddBytes(encoding)
	}
}

// fields takes the children of a sequence one by one.
type fields struct {
	parent ber.Element
	rest   []ber.Element
}

func fieldsOf(e ber.Element) *fields { return &fields{e, e.Children} }

// next takes the next field, whatever it is.
func (f *fields) next(what string) (ber.Element, error) {
	if len(f.rest) == 0 {
		return ber.Element{}, f.parent.Fault(what + " is missing")
	}
	e := f.rest[0]
	f.rest = f.rest[1:]
	return e, nil
}

// set takes the next field, which must be a SET.
func (f *fields) set(what string) (ber.Element, error) {
	e, err := f.next(what)
	if err == nil && !e.Is(ber.Set) {
		return ber.Element{}, e.Fault(what + " is no set")
	}
	return e, err
}

// optional takes the next field if it has the context-specific tag.
func (f *fields) optional(tag byte) (ber.Element, bool) {
	if len(f.rest) == 0 || !f.rest[0].IsContext(tag) {
		return ber.Element{}, false
	}
	e := f.rest[0]
	f.rest = f.rest[1:]
	return e, true
}

// end checks that nothing is left.
func (f *fields) end() error {
	if len(f.rest) > 0 {
		return f.rest[0].Fault("a field that does not belong here")
	}
	return nil
}

// version takes the version number. Versions only announce which optional fields occur (RFC 5652 5.1, 6.1): those are
// judged by themselves.
func (f *fields) version() error {
	e, err := f.next("the version")
	if err == nil {
		_, err = e.Small()
	}
	return err
}
