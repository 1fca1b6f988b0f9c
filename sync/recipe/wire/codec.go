package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// ErrForm says that a message does not have the form of the protocol.
var ErrForm = errors.New("recipe: not a message of the protocol")

func form(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrForm, fmt.Sprintf(format, args...))
}

// MarshalText is base64.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText reads base64, in which white space may stand.
func (b *Bytes) UnmarshalText(text []byte) error {
	packed := bytes.Join(bytes.Fields(text), nil)
	decoded, err := base64.StdEncoding.AppendDecode(nil, packed)
	if err != nil {
		return form("base64 was expected")
	}
	*b = decoded
	return nil
}

// DateTime is an xs:dateTime. Other programs leave out the zone and mean the time in Belgium: what has none is read so.
type DateTime struct{ time.Time }

// belgian is the zone of what has none; UTC where the computer and the program have no table of zones.
var belgian = sync.OnceValue(func() *time.Location {
	if zone, err := time.LoadLocation("Europe/Brussels"); err == nil {
		return zone
	}
	return time.UTC
})

// MarshalText is xs:dateTime with milliseconds and a zone.
func (t DateTime) MarshalText() ([]byte, error) {
	return t.AppendFormat(nil, "2006-01-02T15:04:05.000Z07:00"), nil
}

// UnmarshalText reads an xs:dateTime.
func (t *DateTime) UnmarshalText(text []byte) (err error) {
	s := strings.TrimSpace(string(text))
	if t.Time, err = time.Parse(time.RFC3339Nano, s); err == nil {
		return nil
	}
	if t.Time, err = time.ParseInLocation("2006-01-02T15:04:05.999999999", s, belgian()); err == nil {
		return nil
	}
	return form("a moment was expected")
}

// EncodeParam writes the parameter of an operation, as it is sealed.
func (o Operation) EncodeParam(param any) ([]byte, error) { return encode(o.Param, param) }

// EncodeResult writes the result of an operation, as it comes under the SymmKey.
func (o Operation) EncodeResult(result any) ([]byte, error) { return encode(o.Result, result) }

// DecodeParam reads the parameter of an operation into a pointer to its type, as strictly as its schema: a client that
// leaves an element out must not be understood as if it had said something.
func (o Operation) DecodeParam(text []byte, param any) error {
	return decode(o.Param, text, param, follows)
}

// DecodeResult reads the result of an operation into a pointer to its type. What the service adds to it is passed over.
func (o Operation) DecodeResult(text []byte, result any) error {
	return decode(o.Result, text, result, nil)
}

// encode writes an inner message: the root in the namespace, by a prefix, and everything below it in none.
func encode(root string, message any) ([]byte, error) {
	out := bytes.NewBufferString(xml.Header)
	e := xml.NewEncoder(out)
	start := xml.StartElement{Name: xml.Name{Local: "p:" + root}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns:p"}, Value: innerNamespace}}}
	if err := errors.Join(e.EncodeElement(message, start), e.Close()); err != nil {
		return nil, fmt.Errorf("recipe: %s cannot be written: %w", root, err)
	}
	return out.Bytes(), nil
}

// many are the elements of inner messages that may stand several times beside each other.
var many = []string{"messages", "prescriptions", "items", "feedbacks", "entry"}

func decode(root string, text []byte, message any, judge func(*etree.Element, reflect.Type) error) error {
	doc, err := xmldsig.Parse(text, xmldsig.Limits{Bytes: 16 << 20, Depth: 16})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	el := doc.Root()
	if el.Tag != root || el.NamespaceURI() != innerNamespace {
		return form("the root is not %s", root)
	}
	if err := once(el); err != nil {
		return err
	}
	if judge != nil {
		if err := judge(el, reflect.TypeOf(message).Elem()); err != nil {
			return err
		}
	}
	// What is read is what was checked: the tree has no doubled names, and both readers take the same text.
	if err := xml.Unmarshal(text, message); err != nil {
		if errors.Is(err, ErrForm) {
			return fmt.Errorf("%s: %w", root, err)
		}
		return form("%s: a value has not the type of its element", root)
	}
	return nil
}

// once refuses elements that stand twice where one is meant: one reader would take the first, another the last.
func once(el *etree.Element) error {
	var seen []string
	for _, child := range el.ChildElements() {
		if !slices.Contains(many, child.Tag) {
			if slices.Contains(seen, child.Tag) {
				return form("%s stands twice", known(child.Tag))
			}
			seen = append(seen, child.Tag)
		}
		if err := once(child); err != nil {
			return err
		}
	}
	return nil
}

// known keeps names that are not the protocol's out of errors.
func known(tag string) string {
	if len(tag) > 40 || strings.ContainsFunc(tag, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }) {
		return "an element"
	}
	return tag
}
