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
	w := canonicalWriter{without: without, scope: bindings{}, rendered: bindings{}}
	for _, prefix := range inclusive {
		if prefix == "#default" {
			prefix = ""
		}
		w.inclusive = append(w.inclusive, prefix)
	}
	for _, ancestor := range slices.Backward(ancestors(el)) {
		w.scope.enter(ancestor)
	}
	if err := w.element(el); err != nil {
		return nil, err
	}
	return w.out, nil
}

// bindings maps prefixes to the namespaces that they are bound to, the innermost last. Entering and leaving an element costs
// what the element itself declares, however much is declared around it.
type bindings map[string][]string

func (b bindings) bind(prefix, space string) { b[prefix] = append(b[prefix], space) }

func (b bindings) unbind(prefix string) { b[prefix] = b[prefix][:len(b[prefix])-1] }

// of gives what a prefix is bound to, "" when to nothing.
func (b bindings) of(prefix string) string {
	if bound := b[prefix]; len(bound) > 0 {
		return bound[len(bound)-1]
	}
	return ""
}

func (b bindings) enter(el *etree.Element) { each(el, b.bind) }

func (b bindings) leave(el *etree.Element) { each(el, func(prefix, _ string) { b.unbind(prefix) }) }

// each goes through the declarations of an element.
func each(el *etree.Element, do func(prefix, space string)) {
	for _, a := range el.Attr {
		if prefix, is := declares(a.Space, a.Key); is {
			do(prefix, a.Value)
		}
	}
}

// ancestors gives what an element stands in, the innermost first.
func ancestors(el *etree.Element) []*etree.Element {
	var out []*etree.Element
	for el = el.Parent(); el != nil; el = el.Parent() {
		out = append(out, el)
	}
	return out
}

type canonicalWriter struct {
	out       []byte
	inclusive []string
	without   *etree.Element
	scope     bindings // by the document
	rendered  bindings // by what is written
}

var errNotCanonical = errors.New("xmldsig: the tree holds what has no canonical form")

// attribute is one that declares nothing.
type attribute struct{ space, local, name, value string }

func (w *canonicalWriter) element(el *etree.Element) error {
	w.scope.enter(el)
	defer w.scope.leave(el)
	attributes, needed := w.attributes(el)
	w.out = append(append(w.out, '<'), el.FullTag()...)
	for _, prefix := range needed {
		space := w.scope.of(prefix)
		if prefix != "" && space == "" {
			return fmt.Errorf("%w: a prefix that is not declared", errNotCanonical)
		}
		if w.rendered.of(prefix) == space {
			continue
		}
		w.rendered.bind(prefix, space)
		defer w.rendered.unbind(prefix)
		name := "xmlns"
		if prefix != "" {
			name = "xmlns:" + prefix
		}
		w.attribute(name, space)
	}
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
			if err := w.element(child); err != nil {
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

// attributes gives the attributes of an element in canonical order, and the prefixes that it needs: those that it uses visibly
// and those of the prefix list that are bound.
func (w *canonicalWriter) attributes(el *etree.Element) (attributes []attribute, needed []string) {
	needed = []string{el.Space}
	for _, a := range el.Attr {
		if _, is := declares(a.Space, a.Key); is {
			continue
		}
		space := ""
		if a.Space == "xml" {
			space = xmlNamespace
		} else if a.Space != "" {
			space = w.scope.of(a.Space)
			needed = append(needed, a.Space)
		}
		attributes = append(attributes, attribute{space, a.Key, a.FullKey(), a.Value})
	}
	for _, prefix := range w.inclusive {
		if len(w.scope[prefix]) > 0 {
			needed = append(needed, prefix)
		}
	}
	slices.Sort(needed)
	needed = slices.DeleteFunc(slices.Compact(needed), func(prefix string) bool { return prefix == "xml" })
	slices.SortFunc(attributes, func(a, b attribute) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.local, b.local))
	})
	return attributes, needed
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
	alone, outside := el.Copy(), bindings{}
	for _, ancestor := range slices.Backward(ancestors(el)) {
		outside.enter(ancestor)
	}
	each(el, func(prefix, _ string) { delete(outside, prefix) })
	for _, prefix := range slices.Sorted(maps.Keys(outside)) {
		switch space := outside.of(prefix); {
		case space == "": // nothing to keep
		case prefix == "":
			alone.CreateAttr("xmlns", space)
		default:
			alone.CreateAttr("xmlns:"+prefix, space)
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
