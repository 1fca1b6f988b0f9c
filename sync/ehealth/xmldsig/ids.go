package xmldsig

import (
	"fmt"

	"github.com/beevik/etree"
)

// wsuNamespace is that of wsu:Id.
const wsuNamespace = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"

// plainIDs are the names of attributes without a namespace that are ids in XML signatures, SAML 1.1 and WS-Trust bodies.
var plainIDs = map[string]bool{"Id": true, "ID": true, "id": true, "AssertionID": true, "RequestID": true, "ResponseID": true}

// isID tells whether an attribute of an element names it. xml:id and any prefix bound to wsu count.
func isID(el *etree.Element, a etree.Attr) bool {
	switch a.Space {
	case "":
		return plainIDs[a.Key]
	case "xml":
		return a.Key == "id"
	}
	return a.Key == "Id" && NamespaceOf(el, a.Space) == wsuNamespace
}

// NamespaceOf gives what a prefix is bound to inside an element, "" when to nothing.
func NamespaceOf(el *etree.Element, prefix string) string {
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attr {
			if p, is := declares(a.Space, a.Key); is && p == prefix {
				return a.Value
			}
		}
	}
	return ""
}

// ID gives the id of an element, "" when it has none.
func ID(el *etree.Element) string {
	for _, a := range el.Attr {
		if isID(el, a) {
			return a.Value
		}
	}
	return ""
}

// identified gives the elements of a whole document by their ids. An id that stands twice is an error.
func identified(el *etree.Element) (map[string]*etree.Element, error) {
	for el.Parent() != nil {
		el = el.Parent()
	}
	ids := map[string]*etree.Element{}
	return ids, gather(el, ids)
}

func gather(el *etree.Element, ids map[string]*etree.Element) error {
	for _, a := range el.Attr {
		if !isID(el, a) {
			continue
		}
		if _, twice := ids[a.Value]; twice {
			return fmt.Errorf("%w: an id stands twice in the document", ErrStructure)
		}
		ids[a.Value] = el
	}
	for _, child := range el.Child {
		if child, is := child.(*etree.Element); is {
			if err := gather(child, ids); err != nil {
				return err
			}
		}
	}
	return nil
}
