package xmldsig

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" // RSASHA1: what older connectors and the STS use
	_ "crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/beevik/etree"
)

// Namespace of XML signatures.
const Namespace = "http://www.w3.org/2000/09/xmldsig#"

const (
	excC14N   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
)

// Suite is a pair of signature and digest algorithm, by the URI of the signature algorithm.
type Suite string

// The suites of the eHealth profile. SHA-256 is what Relais writes; SHA-1 is what older connectors write and what the STS
// signs its tokens with.
const (
	RSASHA256 Suite = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	RSASHA1   Suite = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
)

var signatureHashes = map[Suite]crypto.Hash{RSASHA256: crypto.SHA256, RSASHA1: crypto.SHA1}

var digestHashes = map[string]crypto.Hash{
	"http://www.w3.org/2001/04/xmlenc#sha256": crypto.SHA256,
	"http://www.w3.org/2000/09/xmldsig#sha1":  crypto.SHA1,
}

var digestNames = map[crypto.Hash]string{
	crypto.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
	crypto.SHA1:   "http://www.w3.org/2000/09/xmldsig#sha1",
}

// ErrSign says why a signature cannot be made. Wrapped with what and where.
var ErrSign = errors.New("xmldsig: cannot sign")

// Sign makes a ds:Signature without KeyInfo over elements of one document, each by its id. The caller puts it where it
// belongs; that changes nothing of what was signed as long as it is not inside one of the parts. A zero suite is RSASHA256.
func Sign(key crypto.Signer, s Suite, parts ...*etree.Element) (*etree.Element, error) {
	return sign(key, s, parts, false)
}

// SignEnveloped makes a ds:Signature without KeyInfo over an element in which the caller puts it, as a child.
func SignEnveloped(key crypto.Signer, s Suite, whole *etree.Element) (*etree.Element, error) {
	return sign(key, s, []*etree.Element{whole}, true)
}

func sign(key crypto.Signer, s Suite, parts []*etree.Element, inside bool) (*etree.Element, error) {
	if s == "" {
		s = RSASHA256
	}
	hash, known := signatureHashes[s]
	switch {
	case !known:
		return nil, fmt.Errorf("%w: the suite is unknown", ErrSign)
	case key == nil || len(parts) == 0:
		return nil, fmt.Errorf("%w: a key and something to sign are both needed", ErrSign)
	}
	if _, ok := key.Public().(*rsa.PublicKey); !ok {
		return nil, fmt.Errorf("%w: the key is not RSA", ErrSign)
	}
	ids, err := identified(parts[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSign, err)
	}

	signature, info := begin(s)
	for _, part := range parts {
		if id := ID(part); id == "" || ids[id] != part {
			return nil, fmt.Errorf("%w: a part has no id, or stands in another document", ErrSign)
		}
		if err := refer(info, part, hash, inside); err != nil {
			return nil, err
		}
	}
	return signature, finish(signature, info, key, hash)
}

// begin makes a signature without references and value.
func begin(s Suite) (signature, info *etree.Element) {
	signature = etree.NewElement("ds:Signature")
	signature.CreateAttr("xmlns:ds", Namespace)
	info = signature.CreateElement("ds:SignedInfo")
	algorithm(info, "ds:CanonicalizationMethod", excC14N)
	algorithm(info, "ds:SignatureMethod", string(s))
	return signature, info
}

// refer adds the reference to a part that has an id.
func refer(info, part *etree.Element, hash crypto.Hash, inside bool) error {
	if hasComment(part) {
		return fmt.Errorf("%w: a part holds a comment, which a signature would not cover", ErrSign)
	}
	text, err := Canonical(part)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSign, err)
	}
	reference := info.CreateElement("ds:Reference")
	reference.CreateAttr("URI", "#"+ID(part))
	transforms := reference.CreateElement("ds:Transforms")
	if inside {
		algorithm(transforms, "ds:Transform", enveloped)
	}
	algorithm(transforms, "ds:Transform", excC14N)
	algorithm(reference, "ds:DigestMethod", digestNames[hash])
	reference.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(digest(hash, text)))
	return nil
}

// finish adds the value, behind SignedInfo.
func finish(signature, info *etree.Element, key crypto.Signer, hash crypto.Hash) error {
	text, err := Canonical(info)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSign, err)
	}
	value, err := key.Sign(nil, digest(hash, text), hash) // PKCS #1 v1.5 takes no randomness
	if err != nil {
		return fmt.Errorf("%w: the key refused", ErrSign)
	}
	el := etree.NewElement("ds:SignatureValue")
	el.SetText(base64.StdEncoding.EncodeToString(value))
	signature.InsertChildAt(info.Index()+1, el)
	return nil
}

func algorithm(parent *etree.Element, tag, uri string) {
	parent.CreateElement(tag).CreateAttr("Algorithm", uri)
}

func digest(hash crypto.Hash, text []byte) []byte {
	h := hash.New()
	_, _ = h.Write(text) // a hash takes everything
	return h.Sum(nil)
}

func hasComment(el *etree.Element) bool {
	for _, child := range el.Child {
		switch child := child.(type) {
		case *etree.Comment:
			return true
		case *etree.Element:
			if hasComment(child) {
				return true
			}
		}
	}
	return false
}
