package xmldsig

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// Canonical gives the exclusive canonical form of an element where it stands, without comments (Exclusive XML
// Canonicalization 1.0). The prefixes of inclusive are treated as the InclusiveNamespaces PrefixList says; "#default" is
// the default namespace.
func Canonical(el *etree.Element, inclusive ...string) ([]byte, error) {
	return canonical(el, inclusive, nil)
}

// canonical leaves out one element: the signature that is enveloped.
func canonical(el *etree.Element, inclusive []string, without *etree.Element) ([]byte, error) {
	w := canonicalWriter{without: without}
	for _, prefix := range inclusive {
		if prefix == "#default" {
			prefix = ""
		}
		w.inclusive = append(w.inclusive, prefix)
	}
	var outside namespaces
	if parent := el.Parent(); parent != nil {
		outside = scopeOf(parent)
	}
	if err := w.element(el, outside, nil); err != nil {
		return nil, err
	}
	return w.out, nil
}

// namespaces maps prefixes to namespaces. A nil one has none.
type namespaces map[string]string

// with adds the declarations of an element; the receiver stays as it is.
func (n namespaces) with(el *etree.Element) namespaces {
	added := false
	for _, a := range el.Attr {
		if prefix, is := declares(a.Space, a.Key); is {
			if !added {
				n, added = n.clone(), true
			}
			n[prefix] = a.Value
		}
	}
	return n
}

func (n namespaces) clone() namespaces {
	if n == nil {
		return namespaces{}
	}
	return maps.Clone(n)
}

// scopeOf gives the declarations that hold inside an element.
func scopeOf(el *etree.Element) namespaces {
	var chain []*etree.Element
	for ; el != nil; el = el.Parent() {
		chain = append(chain, el)
	}
	var scope namespaces
	for _, el := range slices.Backward(chain) {
		scope = scope.with(el)
	}
	return scope
}

type canonicalWriter struct {
	out       []byte
	inclusive []string
	without   *etree.Element
}

var errNotCanonical = errors.New("xmldsig: the tree holds what has no canonical form")

// element writes an element. outside are the declarations that hold around it, rendered those that were written around it.
func (w *canonicalWriter) element(el *etree.Element, outside, rendered namespaces) error {
	scope := outside.with(el)
	type attribute struct{ space, local, name, value string }
	var attributes []attribute
	needed := []string{el.Space}
	for _, a := range el.Attr {
		if _, is := declares(a.Space, a.Key); is {
			continue
		}
		space := ""
		switch a.Space {
		case "":
		case "xml":
			space = xmlNamespace
		default:
			space = scope[a.Space]
			needed = append(needed, a.Space)
		}
		attributes = append(attributes, attribute{space, a.Key, a.FullKey(), a.Value})
	}
	for _, prefix := range w.inclusive {
		if _, in := scope[prefix]; in {
			needed = append(needed, prefix)
		}
	}

	w.out = append(append(w.out, '<'), el.FullTag()...)
	slices.Sort(needed)
	written, own := rendered, false
	for _, prefix := range slices.Compact(needed) {
		if prefix == "xml" {
			continue
		}
		if prefix != "" && scope[prefix] == "" {
			return fmt.Errorf("%w: a prefix that is not declared", errNotCanonical)
		}
		if written[prefix] == scope[prefix] {
			continue
		}
		if !own {
			written, own = rendered.clone(), true
		}
		written[prefix] = scope[prefix]
		name := "xmlns"
		if prefix != "" {
			name = "xmlns:" + prefix
		}
		w.attribute(name, scope[prefix])
	}
	slices.SortFunc(attributes, func(a, b attribute) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.local, b.local))
	})
	for _, a := range attributes {
		w.attribute(a.name, a.value)
	}
	w.out = append(w.out, '>')

	for _, child := range el.Child {
		switch child := child.(type) {
		case *etree.Element:
			if child == w.without {
				continue
			}
			if err := w.element(child, scope, written); err != nil {
				return err
			}
		case *etree.CharData:
			w.out = append(w.out, textEscapes.Replace(child.Data)...)
		case *etree.Comment:
		default:
			return fmt.Errorf("%w: neither element, text nor comment", errNotCanonical)
		}
	}
	w.out = append(append(append(w.out, "</"...), el.FullTag()...), '>')
	return nil
}

var (
	textEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attributeEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

func (w *canonicalWriter) attribute(name, value string) {
	w.out = append(append(w.out, ' '), name...)
	w.out = append(append(append(w.out, `="`...), attributeEscapes.Replace(value)...), '"')
}

// Standalone gives the text of an element with every namespace that holds there declared on it, so that it may stand in
// another document. Its canonical form, and so its enveloped signature, stays what it was.
func Standalone(el *etree.Element) ([]byte, error) {
	alone := el.Copy()
	if parent := el.Parent(); parent != nil {
		own := namespaces(nil).with(el)
		outside := scopeOf(parent)
		for _, prefix := range slices.Sorted(maps.Keys(outside)) {
			if _, redeclared := own[prefix]; redeclared || outside[prefix] == "" {
				continue
			}
			if prefix == "" {
				alone.CreateAttr("xmlns", outside[prefix])
			} else {
				alone.CreateAttr("xmlns:"+prefix, outside[prefix])
			}
		}
	}
	doc := etree.NewDocument()
	doc.SetRoot(alone)
	return Text(doc)
}

// Text writes a document so that it is read back as the same tree, whatever its texts hold.
func Text(doc *etree.Document) ([]byte, error) {
	doc.WriteSettings = etree.WriteSettings{CanonicalEndTags: true, CanonicalText: true, CanonicalAttrVal: true}
	return doc.WriteToBytes()
}
