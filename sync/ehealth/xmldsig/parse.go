package xmldsig

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/beevik/etree"
)

// What Parse refuses. Wrapped with the place; the texts hold nothing of the document.
var (
	ErrLimit = errors.New("xml: larger than the limits")
	ErrXML   = errors.New("xml: not accepted")
)

// Limits of what is read. A zero field means that of Defaults.
type Limits struct {
	Bytes      int // of the text
	Depth      int // of elements
	Elements   int // and three times as many texts and comments: an element has a text before and after it
	Attributes int // of all elements, namespace declarations included
}

// Defaults are the limits when nothing else is asked: ample for every message of the platform.
func Defaults() Limits {
	return Limits{Bytes: 4 << 20, Depth: 64, Elements: 10_000, Attributes: 20_000}
}

// OrDefaults fills the fields that are zero.
func (l Limits) OrDefaults() Limits {
	d := Defaults()
	for _, f := range []struct{ have, def *int }{
		{&l.Bytes, &d.Bytes}, {&l.Depth, &d.Depth}, {&l.Elements, &d.Elements}, {&l.Attributes, &d.Attributes},
	} {
		if *f.have == 0 {
			*f.have = *f.def
		}
	}
	return l
}

// Parse reads a document under limits. Errors are ErrLimit or ErrXML.
func Parse(text []byte, l Limits) (*etree.Document, error) {
	l = l.OrDefaults()
	clean, err := scan(text, l)
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	doc.ReadSettings = etree.ReadSettings{PreserveDuplicateAttrs: true, MaxDepth: l.Depth}
	if err := doc.ReadFromBytes(clean); err != nil {
		return nil, fmt.Errorf("%w: the tree cannot be built", ErrXML)
	}
	return doc, nil
}

// Check is Parse without the tree.
func Check(text []byte, l Limits) error {
	_, err := scan(text, l.OrDefaults())
	return err
}

// Names that XML keeps for itself.
const (
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
)

// maxAttributes bounds those of one element: what is looked up among them is looked up one by one.
const maxAttributes = 100

var byteOrderMark = []byte("\xef\xbb\xbf")

// scan checks a text token by token, without building anything, and gives it as the tree builder must read it: without
// byte order mark and with the white space inside attribute values made spaces (XML 1.0 §3.3.3), which encoding/xml leaves
// out. encoding/xml is lenient elsewhere too; what it lets pass is checked here.
func scan(text []byte, l Limits) ([]byte, error) {
	if len(text) > l.Bytes {
		return nil, fmt.Errorf("%w: %d bytes where %d are allowed", ErrLimit, len(text), l.Bytes)
	}
	text = bytes.TrimPrefix(text, byteOrderMark)
	s := scanner{limits: l, scope: map[string][]string{"xml": {xmlNamespace}}}
	d := xml.NewDecoder(bytes.NewReader(text))
	var clean []byte // the text up to kept, where it differs
	kept := 0
	for {
		start := int(d.InputOffset())
		token, err := d.RawToken()
		end := int(d.InputOffset())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: byte %d: not well-formed, or not UTF-8", ErrXML, end)
		}
		if err := s.token(token, text[start:end], start); err != nil {
			return nil, fmt.Errorf("%w (byte %d)", err, start)
		}
		if _, is := token.(xml.StartElement); is && bytes.ContainsAny(text[start:end], "\t\n\r") {
			clean = append(append(clean, text[kept:start]...), spaced(text[start:end])...)
			kept = end
		}
	}
	if len(s.open) != 0 || s.elements == 0 {
		return nil, fmt.Errorf("%w: the text ends before its root element", ErrXML)
	}
	if kept == 0 {
		return text, nil
	}
	return append(clean, text[kept:]...), nil
}

// spaced makes each white space of a tag a space.
func spaced(tag []byte) []byte {
	tag = bytes.ReplaceAll(tag, []byte("\r\n"), []byte(" "))
	return bytes.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, tag)
}

// scanner is what scan knows between two tokens.
type scanner struct {
	limits     Limits
	elements   int
	others     int // texts and comments
	attributes int
	open       []openElement
	scope      map[string][]string // prefix → namespaces, the innermost last
}

type openElement struct {
	name     xml.Name // prefix and local name
	declared []string // prefixes
}

func refuse(what string) error { return fmt.Errorf("%w: %s", ErrXML, what) }

func (s *scanner) token(t xml.Token, raw []byte, at int) error {
	switch t.(type) {
	case xml.CharData, xml.Comment:
		if s.others++; s.others > 3*s.limits.Elements {
			return fmt.Errorf("%w: more than %d texts and comments", ErrLimit, 3*s.limits.Elements)
		}
	}
	switch t := t.(type) {
	case xml.StartElement:
		return s.start(t)
	case xml.EndElement:
		if len(s.open) == 0 || s.open[len(s.open)-1].name != t.Name {
			return refuse("an end tag without its start tag")
		}
		s.end()
	case xml.CharData:
		if len(s.open) == 0 && (raw[0] == '<' || len(bytes.Trim(t, " \t\r\n")) != 0) {
			return refuse("text outside the root element")
		}
	case xml.ProcInst:
		if t.Target != "xml" || at != 0 {
			return refuse("a processing instruction")
		}
	case xml.Directive:
		return refuse("a document type or another declaration")
	}
	return nil
}

func (s *scanner) start(t xml.StartElement) error {
	s.elements++
	s.attributes += len(t.Attr)
	switch {
	case len(s.open) == 0 && s.elements > 1:
		return refuse("a second root element")
	case len(s.open) == s.limits.Depth:
		return fmt.Errorf("%w: elements more than %d deep", ErrLimit, s.limits.Depth)
	case s.elements > s.limits.Elements:
		return fmt.Errorf("%w: more than %d elements", ErrLimit, s.limits.Elements)
	case len(t.Attr) > maxAttributes:
		return fmt.Errorf("%w: more than %d attributes on one element", ErrLimit, maxAttributes)
	case s.attributes > s.limits.Attributes:
		return fmt.Errorf("%w: more than %d attributes", ErrLimit, s.limits.Attributes)
	}
	e := openElement{name: t.Name}
	for _, a := range t.Attr {
		if prefix, is := declares(a.Name.Space, a.Name.Local); is {
			if reason := reserved(prefix, a.Value); reason != "" {
				return refuse(reason)
			}
			e.declared = append(e.declared, prefix)
			s.scope[prefix] = append(s.scope[prefix], a.Value)
		}
	}
	s.open = append(s.open, e)
	if _, ok := s.resolve(t.Name); !ok {
		return refuse("an element whose name or prefix is not right")
	}
	seen := make(map[xml.Name]bool, len(t.Attr))
	for _, a := range t.Attr {
		name := a.Name
		if _, is := declares(name.Space, name.Local); is {
			name.Space = xmlnsNamespace
		} else if space, ok := s.resolve(name); !ok {
			return refuse("an attribute whose name or prefix is not right")
		} else if name.Space != "" {
			name.Space = space
		}
		if seen[name] {
			return refuse("an attribute that stands twice")
		}
		seen[name] = true
	}
	return nil
}

func (s *scanner) end() {
	last := len(s.open) - 1
	for _, prefix := range s.open[last].declared {
		s.scope[prefix] = s.scope[prefix][:len(s.scope[prefix])-1]
	}
	s.open = s.open[:last]
}

// resolve gives the namespace of a name; not ok when its form is wrong or its prefix is not declared.
func (s *scanner) resolve(n xml.Name) (space string, ok bool) {
	if n.Local == "" || strings.Contains(n.Local, ":") || strings.ContainsAny(n.Local[:1], "-.0123456789") {
		return "", false
	}
	bound := s.scope[n.Space]
	if len(bound) == 0 {
		return "", n.Space == ""
	}
	return bound[len(bound)-1], true
}

// declares tells whether an attribute declares a namespace, and for which prefix.
func declares(space, local string) (prefix string, is bool) {
	switch {
	case space == "xmlns":
		return local, true
	case space == "" && local == "xmlns":
		return "", true
	}
	return "", false
}

// reserved says why a prefix may not be bound to a namespace (Namespaces in XML 1.0 §2.2, §3), "" if it may.
func reserved(prefix, space string) string {
	switch {
	case prefix == "xmlns" || space == xmlnsNamespace:
		return "the namespace of declarations is declared"
	case (prefix == "xml") != (space == xmlNamespace):
		return "the prefix xml and its namespace belong together"
	case prefix != "" && space == "":
		return "a prefix is undeclared"
	case strings.Contains(prefix, ":"):
		return "a prefix has a colon"
	}
	return ""
}
