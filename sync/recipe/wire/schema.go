package wire

import (
	"encoding/xml"
	"reflect"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// The types of parameters are their schemas: fields in the order of the sequence, those without omitempty in every message
// (UnsealedPrescriberServicesV4, relaxed: recipe protocol §7, line 5), everything below the root in no namespace.

// follows tells what is not as in the schema that t is.
func follows(el *etree.Element, t reflect.Type) error {
	left := el.ChildElements()
	if err := sequence(&left, t); err != nil {
		return err
	}
	if len(left) > 0 {
		return form("%s does not stand here, or not in this place", known(left[0].Tag))
	}
	return nil
}

// sequence takes the elements of t from the front of left.
func sequence(left *[]*etree.Element, t reflect.Type) error {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			if err := sequence(left, field.Type); err != nil {
				return err
			}
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("xml"), ",")
		if field.Type == reflect.TypeFor[xml.Name]() {
			continue
		}
		if len(*left) == 0 || (*left)[0].Tag != name {
			if options != "omitempty" {
				return form("%s is missing, or not in its place", name)
			}
			continue
		}
		el := (*left)[0]
		*left = (*left)[1:]
		if el.NamespaceURI() != "" {
			return form("%s stands in a namespace", name)
		}
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case inner.Kind() == reflect.Bool && !slices.Contains(booleans, strings.TrimSpace(el.Text())):
			return form("%s is no xs:boolean", name)
		case inner.Kind() == reflect.Struct:
			if err := follows(el, inner); err != nil {
				return err
			}
		case len(el.ChildElements()) > 0:
			return form("%s holds elements", name)
		}
	}
	return nil
}

// booleans of XML Schema.
var booleans = []string{"true", "false", "1", "0"}
