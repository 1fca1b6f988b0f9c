package simulator

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// shape is what an element must look like: the part of a schema that the platform's messages need.
type shape struct {
	space, name string
	min, max    int // how often, in its place; max 0: without end
	attributes  []attribute
	holds       kind    // of the text; elements hold none beside others
	children    []shape // in this order
}

type attribute struct {
	name     string
	holds    kind
	required bool
}

// kind is what a text must be.
type kind int

const (
	word kind = iota // xs:string
	octets
	dateTime
	ncName // xs:ID
	elements
)

// fits says what is wrong with an element, "" when nothing is. Nothing of its texts is in the answer.
func (s shape) fits(el *etree.Element) string {
	if !xmldsig.Is(el, s.space, s.name) {
		return s.name + " is due"
	}
	for _, a := range el.Attr {
		if a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns" || a.Space != "" {
			continue // declarations; wsu:Id and xsi:… are of other schemas
		}
		if !s.has(a.Key) {
			return "an attribute of " + s.name + " is unknown"
		}
	}
	for _, a := range s.attributes {
		value := el.SelectAttr(a.name)
		switch {
		case value == nil && a.required:
			return fmt.Sprintf("the attribute %s of %s is missing", a.name, s.name)
		case value != nil && !a.holds.fits(value.Value):
			return fmt.Sprintf("the attribute %s of %s has not its form", a.name, s.name)
		}
	}
	children := el.ChildElements()
	if s.holds != elements {
		if len(children) > 0 {
			return s.name + " holds text, no elements"
		}
		if !s.holds.fits(el.Text()) {
			return s.name + " has not its form"
		}
		return ""
	}
	for _, c := range el.Child {
		if text, ok := c.(*etree.CharData); ok && strings.TrimSpace(text.Data) != "" {
			return s.name + " holds elements, no text"
		}
	}
	for _, want := range s.children {
		n := 0
		for len(children) > 0 && xmldsig.Is(children[0], want.space, want.name) && (want.max == 0 || n < want.max) {
			if wrong := want.fits(children[0]); wrong != "" {
				return wrong
			}
			children, n = children[1:], n+1
		}
		if n < want.min {
			return fmt.Sprintf("%s is missing in %s, or not in its place", want.name, s.name)
		}
	}
	if len(children) > 0 {
		return "an element of " + s.name + " is unknown, or not in its place"
	}
	return ""
}

func (s shape) has(attribute string) bool {
	for _, a := range s.attributes {
		if a.name == attribute {
			return true
		}
	}
	return false
}

func (k kind) fits(text string) bool {
	switch k {
	case octets:
		_, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		return err == nil
	case dateTime:
		text = strings.TrimSpace(text)
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
			if _, err := time.Parse(layout, text); err == nil {
				return true
			}
		}
		return false
	case ncName:
		return text != "" && !strings.ContainsAny(text, ": \t\r\n") && !strings.ContainsAny(text[:1], "-.0123456789")
	}
	return true
}

// once is an element that stands once; often one that stands any number of times from min on.
func once(space, name string, holds kind, children ...shape) shape {
	return shape{space: space, name: name, min: 1, max: 1, holds: holds, children: children}
}

func (s shape) optional() shape          { s.min = 0; return s }
func (s shape) times(min, max int) shape { s.min, s.max = min, max; return s }

func (s shape) with(attributes ...attribute) shape { s.attributes = attributes; return s }
