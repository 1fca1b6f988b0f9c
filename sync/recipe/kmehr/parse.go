package kmehr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"relais/app/rx"
)

// Bounds of what is read, checked before anything of it is kept. The longest order of
// ten lines takes a fifth of MaxSize; a prescription nests 12 deep.
const (
	MaxSize  = 256 << 10 // bytes
	MaxDepth = 64        // elements within one another
)

// element is an element of a message with all that the rules can ask for.
type element struct {
	name     string // as written, with its prefix
	space    string // its namespace
	attrs    []attribute
	children []*element
	texts    []string // the text nodes of XPath: apart by elements, comments and instructions
	parent   *element
	position int // among its siblings of the same name, from 1
	siblings int // of the same name, itself included
}

type attribute struct{ space, name, value string }

const (
	namespace = "http://www.ehealth.fgov.be/standards/kmehr/schema/v1"
	xsiSpace  = "http://www.w3.org/2001/XMLSchema-instance"
	xmlSpace  = "http://www.w3.org/XML/1998/namespace"
	xmlns     = "xmlns"
)

// attr gives the value of the attribute that has no prefix.
func (e *element) attr(name string) (string, bool) {
	for _, a := range e.attrs {
		if a.space == "" && a.name == name {
			return a.value, true
		}
	}
	return "", false
}

// text is all the text of e itself.
func (e *element) text() string { return strings.Join(e.texts, "") }

// path is the XPath of e, positions where a name stands more than once.
func (e *element) path() string {
	if e == nil {
		return ""
	}
	step := "/" + e.name
	if e.siblings > 1 {
		step += "[" + strconv.Itoa(e.position) + "]"
	}
	return e.parent.path() + step
}

// surrogate is a character reference to what is no character, which encoding/xml reads
// as U+FFFD.
var surrogate = regexp.MustCompile(`&#(x0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*(5529[6-9]|55[3-9][0-9]{2}|5[67][0-9]{3}));`)

// parse reads a message within the bounds. It refuses what is no well-formed XML 1.0 in
// UTF-8, and any document type.
func parse(message []byte) (*element, *rx.Error) {
	if len(message) > MaxSize {
		return nil, rx.Fault(rx.CodeFileTooLarge, "max", strconv.Itoa(MaxSize))
	}
	message = bytes.TrimPrefix(message, []byte("\ufeff"))
	if !utf8.Valid(message) {
		return nil, rx.Fault(rx.CodeNotUTF8)
	}
	p := parser{decoder: xml.NewDecoder(bytes.NewReader(message)), scopes: []map[string]string{{"xml": xmlSpace}}}
	p.decoder.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, rx.Fault(rx.CodeNotUTF8) }
	err := p.read()
	if known := (*rx.Error)(nil); errors.As(err, &known) {
		return nil, known
	}
	if err != nil || p.root == nil || len(p.open) > 0 || surrogate.Match(message) {
		line, _ := p.decoder.InputPos()
		return nil, rx.Fault(CodeForm, "line", strconv.Itoa(line))
	}
	p.root.number()
	return p.root, nil
}

// parser holds the elements that are open, and for each the namespaces that it declares
// by their prefixes, "" for the default one.
type parser struct {
	decoder *xml.Decoder
	root    *element
	open    []*element
	scopes  []map[string]string
	joined  bool // the last thing in the open element was text
}

var errForm = errors.New("not well-formed")

func (p *parser) read() error {
	for {
		at := p.decoder.InputOffset()
		token, err := p.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = p.take(token, at)
		}
		if err != nil {
			return err
		}
	}
}

func (p *parser) take(token xml.Token, at int64) error {
	n := len(p.open)
	if text, ok := token.(xml.CharData); ok {
		return p.text(text)
	}
	p.joined = false
	switch token := token.(type) {
	case xml.StartElement:
		return p.start(token)
	case xml.EndElement:
		if n == 0 || p.open[n-1].name != written(token.Name) {
			return errForm
		}
		p.open, p.scopes = p.open[:n-1], p.scopes[:n]
	case xml.ProcInst:
		if declaration := strings.EqualFold(token.Target, "xml"); declaration && (at != 0 || token.Target != "xml") || strings.Contains(token.Target, ":") {
			return errForm
		}
	case xml.Directive:
		return rx.Fault(CodeDocumentType)
	}
	return nil
}

func (p *parser) text(text xml.CharData) error {
	n := len(p.open)
	switch {
	case n == 0 && len(bytes.Trim(text, " \t\r\n")) > 0:
		return errForm
	case n == 0 || len(text) == 0:
		return nil
	}
	e := p.open[n-1]
	if !p.joined {
		e.texts = append(e.texts, "")
	}
	e.texts[len(e.texts)-1] += string(text)
	p.joined = true
	return nil
}

func (p *parser) start(token xml.StartElement) error {
	n := len(p.open)
	switch {
	case n == MaxDepth:
		return rx.Fault(rx.CodeTooDeep, "max", strconv.Itoa(MaxDepth))
	case n == 0 && p.root != nil:
		return errForm
	}
	declared := map[string]string{}
	for _, a := range token.Attr {
		switch prefix := a.Name.Local; {
		case a.Name == xml.Name{Local: xmlns}:
			declared[""] = a.Value
		case a.Name.Space == xmlns && (a.Value == "" || prefix == xmlns || (prefix == "xml") != (a.Value == xmlSpace)):
			return errForm
		case a.Name.Space == xmlns:
			declared[prefix] = a.Value
		}
	}
	p.scopes = append(p.scopes, declared)
	e := &element{name: written(token.Name)}
	if !p.named(token.Name, &e.space, token.Name.Space) {
		return errForm
	}
	seen := map[attribute]bool{}
	for _, a := range token.Attr {
		one := attribute{name: a.Name.Local}
		if a.Name.Space == xmlns {
			one.space = xmlns
		} else if a.Name.Space != "" && !p.named(a.Name, &one.space, a.Name.Space) {
			return errForm
		}
		if seen[one] || strings.Contains(one.name, ":") {
			return errForm
		}
		seen[one] = true
		if one.space == xmlns || one == (attribute{name: xmlns}) {
			continue
		}
		one.value = a.Value
		e.attrs = append(e.attrs, one)
	}
	if n > 0 {
		e.parent = p.open[n-1]
		e.parent.children = append(e.parent.children, e)
	} else {
		p.root = e
	}
	p.open = append(p.open, e)
	return nil
}

// named finds the namespace of a prefix, "" the default one. It tells whether the name
// is one: its prefix declared, no second colon.
func (p *parser) named(n xml.Name, space *string, prefix string) bool {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if found, ok := p.scopes[i][prefix]; ok {
			*space = found
			return !strings.Contains(n.Local, ":")
		}
	}
	return prefix == "" && !strings.Contains(n.Local, ":")
}

func written(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// number gives the children their positions.
func (e *element) number() {
	same := map[string]int{}
	for _, c := range e.children {
		same[c.name]++
		c.position = same[c.name]
	}
	for _, c := range e.children {
		c.siblings = same[c.name]
		c.number()
	}
}
