package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// What verifying refuses. Wrapped with the place; the texts hold nothing of the document.
var (
	ErrStructure = errors.New("xmldsig: the structure of the signature is not that of the profile")
	ErrAlgorithm = errors.New("xmldsig: an algorithm or transform is not that of the profile")
	ErrMismatch  = errors.New("xmldsig: the signature does not match")
)

// maxReferences is more than any message of the platform has, and keeps whoever sends one from having much digested.
const maxReferences = 8

// Signature is a ds:Signature that was read. Nothing of it is verified but its form.
type Signature struct {
	KeyInfo *etree.Element
	// Properties are what ReadQualified read: SignedProperties, which the signature covers.
	Properties *etree.Element
	// Suite is the weakest of what the signature uses: RSASHA1 when any of its digests is SHA-1.
	Suite Suite

	info       *etree.Element
	method     Suite
	inclusive  []string // of SignedInfo
	value      []byte
	references []reference
}

type reference struct {
	kind      string // Type, "" as a rule
	target    *etree.Element
	without   *etree.Element // the signature, when it is enveloped
	inclusive []string
	hash      crypto.Hash
	digest    []byte
}

// ReadSignature reads a signature where it stands in its document and resolves its references: each to the one element
// that has the id. Errors are ErrStructure or ErrAlgorithm.
func ReadSignature(el *etree.Element) (*Signature, error) {
	return readSignature(el, "SignedInfo", "SignatureValue", "KeyInfo")
}

func readSignature(el *etree.Element, names ...string) (*Signature, error) {
	r := reader{}
	parts := r.children(el, Namespace, "Signature", names...)
	if r.err != nil {
		return nil, r.err
	}
	s := &Signature{KeyInfo: parts[2], info: parts[0], value: r.base64(parts[1])}

	info := childElements(s.info)
	if len(info) < 3 || len(info) > 2+maxReferences {
		return nil, structure("SignedInfo has %d elements where 3 to %d are due", len(info), 2+maxReferences)
	}
	due := []string{"CanonicalizationMethod", "SignatureMethod"}
	for range info[2:] {
		due = append(due, "Reference")
	}
	r.children(s.info, Namespace, "SignedInfo", due...)
	s.inclusive = r.exclusive(info[0])
	s.method = Suite(r.algorithm(info[1]))
	s.Suite = s.method
	if _, known := signatureHashes[s.method]; !known && r.err == nil {
		r.err = fmt.Errorf("%w: the signature method", ErrAlgorithm)
	}
	r.children(info[1], Namespace, "SignatureMethod")
	if r.err != nil {
		return nil, r.err
	}

	ids, err := identified(el)
	if err != nil {
		return nil, err
	}
	seen := map[*etree.Element]bool{}
	for _, each := range info[2:] {
		ref := r.reference(each, el, ids)
		switch {
		case r.err != nil:
			return nil, r.err
		case seen[ref.target]:
			return nil, structure("two references to one element")
		case ref.hash == crypto.SHA1:
			s.Suite = RSASHA1
		}
		seen[ref.target] = true
		s.references = append(s.references, ref)
	}
	return s, nil
}

// Verify checks the signature with a key and gives the elements that it covers, in the order of its references: the very
// elements that were digested. The error is ErrMismatch, or ErrStructure for a comment in a part.
func (s *Signature) Verify(key *rsa.PublicKey) ([]*etree.Element, error) {
	text, err := canonical(s.info, s.inclusive, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStructure, err)
	}
	hash := signatureHashes[s.method]
	if rsa.VerifyPKCS1v15(key, hash, digest(hash, text), s.value) != nil {
		return nil, fmt.Errorf("%w: SignedInfo", ErrMismatch)
	}
	var covered []*etree.Element
	for i, r := range s.references {
		if hasComment(r.target) {
			return nil, structure("a comment in what reference %d covers", i+1)
		}
		text, err := canonical(r.target, r.inclusive, r.without)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrStructure, err)
		}
		if !bytes.Equal(digest(r.hash, text), r.digest) {
			return nil, fmt.Errorf("%w: reference %d", ErrMismatch, i+1)
		}
		covered = append(covered, r.target)
	}
	return covered, nil
}

func structure(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrStructure, fmt.Sprintf(format, args...))
}

// reader reads elements whose form is exactly known; after its first error it reads nothing more.
type reader struct{ err error }

// children checks that an element has a name and exactly the given children in the same namespace, and gives them.
func (r *reader) children(el *etree.Element, space, name string, children ...string) []*etree.Element {
	if r.err != nil {
		return nil
	}
	if !Is(el, space, name) {
		r.err = structure("%s is due", name)
		return nil
	}
	got := childElements(el)
	ok := len(got) == len(children) && blank(el)
	for i := 0; ok && i < len(got); i++ {
		ok = Is(got[i], space, children[i])
	}
	if !ok {
		r.err = structure("%s must have the elements [%s] and nothing else", name, strings.Join(children, " "))
	}
	return got
}

func (r *reader) base64(el *etree.Element) []byte {
	if r.err != nil {
		return nil
	}
	value, err := Base64(el)
	if err != nil || len(value) == 0 {
		r.err = structure("%s is not base64", el.Tag)
	}
	return value
}

func (r *reader) algorithm(el *etree.Element) string {
	if r.err != nil {
		return ""
	}
	return Attribute(el, "Algorithm")
}

// exclusive reads an element that must name exclusive canonicalization, and gives its prefix list.
func (r *reader) exclusive(el *etree.Element) []string {
	if r.algorithm(el) != excC14N && r.err == nil {
		r.err = fmt.Errorf("%w: a canonicalization other than exclusive without comments", ErrAlgorithm)
	}
	if r.err != nil {
		return nil
	}
	list := childElements(el)
	if len(list) == 0 && blank(el) {
		return nil
	}
	if len(list) != 1 || !blank(el) || !Is(list[0], excC14N, "InclusiveNamespaces") || len(list[0].Child) != 0 {
		r.err = structure("a canonicalization with more than a prefix list")
		return nil
	}
	return strings.Fields(Attribute(list[0], "PrefixList"))
}

func (r *reader) reference(el, signature *etree.Element, ids map[string]*etree.Element) reference {
	parts := r.children(el, Namespace, "Reference", "Transforms", "DigestMethod", "DigestValue")
	if r.err != nil {
		return reference{}
	}
	ref := reference{kind: Attribute(el, "Type"), digest: r.base64(parts[2])}
	if uri := Attribute(el, "URI"); strings.HasPrefix(uri, "#") {
		ref.target = ids[uri[1:]]
	}
	if ref.target == nil && r.err == nil {
		r.err = structure("a reference to nothing in this document")
	}

	transforms := childElements(parts[0])
	if len(transforms) == 2 && r.algorithm(transforms[0]) == enveloped {
		if signature.Parent() != ref.target && r.err == nil {
			r.err = structure("an enveloped signature that is no child of what it covers")
		}
		r.children(transforms[0], Namespace, "Transform")
		ref.without, transforms = signature, transforms[1:]
	}
	if len(transforms) != 1 || !blank(parts[0]) || !Is(transforms[0], Namespace, "Transform") {
		if r.err == nil {
			r.err = fmt.Errorf("%w: transforms other than exclusive canonicalization", ErrAlgorithm)
		}
		return ref
	}
	ref.inclusive = r.exclusive(transforms[0])

	known := false
	ref.hash, known = digestHashes[r.algorithm(parts[1])]
	if !known && r.err == nil {
		r.err = fmt.Errorf("%w: the digest method", ErrAlgorithm)
	}
	r.children(parts[1], Namespace, "DigestMethod")
	return ref
}

// Is tells whether an element has a name in a namespace.
func Is(el *etree.Element, space, name string) bool {
	return el != nil && el.Tag == name && NamespaceOf(el, el.Space) == space
}

// Attribute gives the value of an attribute without a namespace, "" when there is none. (In etree a name without prefix
// finds attributes of any prefix.)
func Attribute(el *etree.Element, name string) string {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value
		}
	}
	return ""
}

// Base64 gives the bytes of an element that holds base64, with white space between, and nothing else.
func Base64(el *etree.Element) ([]byte, error) {
	var text strings.Builder
	for _, child := range el.Child {
		part, is := child.(*etree.CharData)
		if !is {
			return nil, fmt.Errorf("%w: base64 with something else between", ErrXML)
		}
		for _, field := range strings.Fields(part.Data) {
			text.WriteString(field)
		}
	}
	out, err := base64.StdEncoding.Strict().DecodeString(text.String())
	if err != nil {
		return nil, fmt.Errorf("%w: not base64", ErrXML)
	}
	return out, nil
}

func childElements(el *etree.Element) []*etree.Element {
	var out []*etree.Element
	for _, child := range el.Child {
		if child, is := child.(*etree.Element); is {
			out = append(out, child)
		}
	}
	return out
}

// blank tells whether an element holds elements and white space only.
func blank(el *etree.Element) bool {
	for _, child := range el.Child {
		switch child := child.(type) {
		case *etree.Element:
		case *etree.CharData:
			if strings.Trim(child.Data, " \t\r\n") != "" {
				return false
			}
		default:
			return false
		}
	}
	return true
}
