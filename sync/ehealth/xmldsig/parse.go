package xmldsig

import "github.com/beevik/etree"

// Limits of what is read. A zero field means that of Defaults.
type Limits struct {
	Bytes      int // of the text
	Depth      int // of elements
	Elements   int
	Attributes int // of all elements, namespace declarations included
}

// Defaults are the limits when nothing else is asked.
func Defaults() Limits {
	return Limits{Bytes: 4 << 20, Depth: 64, Elements: 10_000, Attributes: 20_000}
}

// Parse reads a document under limits.
func Parse(text []byte, l Limits) (*etree.Document, error) { panic("under construction") }

// Standalone gives the text of an element with every namespace that is in scope declared on it, so that it may stand in
// another document. Its canonical form, and so its enveloped signature, stays what it was.
func Standalone(el *etree.Element) ([]byte, error) { panic("under construction") }
