package kgss

import (
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

const namespace = "urn:be:fgov:ehealth:etee:kgss:1_0:protocol"

// operation is one of the two, by the names of its elements (KGSS protocol 1.2).
type operation struct {
	request, sealed       string // outer request
	response, unsealed    string // outer answer
	requestIn, responseIn string // what is sealed
	refused               Kind
}

var (
	getNewKey = operation{
		"GetNewKeyRequest", "SealedNewKeyRequest", "GetNewKeyResponse", "SealedNewKeyResponse",
		"GetNewKeyRequestContent", "GetNewKeyResponseContent", NotMade,
	}
	getKey = operation{
		"GetKeyRequest", "SealedKeyRequest", "GetKeyResponse", "SealedKeyResponse",
		"GetKeyRequestContent", "GetKeyResponseContent", NotAllowed,
	}
)

func root(name string) (*etree.Document, *etree.Element) {
	doc := etree.NewDocument()
	el := doc.CreateElement(name)
	el.CreateAttr("xmlns", namespace)
	return doc, el
}

func addBase64(parent *etree.Element, name string, value []byte) {
	parent.CreateElement(name).SetText(base64.StdEncoding.EncodeToString(value))
}

// newKeyContent is what is sealed in a GetNewKeyRequest. An empty value is written as an empty element.
func newKeyContent(readers []Reader, own []byte) ([]byte, error) {
	doc, el := root(getNewKey.requestIn)
	for _, r := range readers {
		reader := el.CreateElement("AllowedReader")
		reader.CreateElement("Namespace").SetText(r.Namespace)
		reader.CreateElement("Name").SetText(r.Name)
		for _, v := range r.Values {
			reader.CreateElement("Value").SetText(v)
		}
	}
	addBase64(el, "ETK", own)
	return xmldsig.Text(doc)
}

// keyContent is what is sealed in a GetKeyRequest.
func keyContent(id KeyID, own []byte) ([]byte, error) {
	doc, el := root(getKey.requestIn)
	addBase64(el, "KeyIdentifier", id)
	addBase64(el, "ETK", own)
	return xmldsig.Text(doc)
}

func (o operation) envelop(sealed []byte) ([]byte, error) {
	doc, el := root(o.request)
	addBase64(el.CreateElement(o.sealed), "SealedContent", sealed)
	return xmldsig.Text(doc)
}

// successes are the codes of an answer that holds a key.
var successes = map[string]bool{"100": true, "200": true}

// open gives the sealed content of an answer. Status and errors have no namespace in the schema; they are taken in any.
func (o operation) open(answer *etree.Element) ([]byte, error) {
	if !xmldsig.Is(answer, namespace, o.response) {
		return nil, malformed("no " + o.response)
	}
	var codes []string
	var said []Message
	succeeded := false
	for _, el := range answer.ChildElements() {
		switch el.Tag {
		case "Status":
			code := textOf(el, "Code")
			codes, succeeded, said = append(codes, code), len(codes) == 0 && successes[code], messages(said, el)
		case "Error":
			codes, succeeded, said = append(codes, textOf(el, "Code")), false, messages(said, el)
		}
	}
	if len(codes) == 0 {
		return nil, malformed("a status is due")
	}
	if !succeeded {
		return nil, &Error{Kind: o.refused, Codes: codes, Messages: said}
	}
	wrapped := only(answer, o.unsealed)
	if wrapped == nil {
		return nil, malformed("one " + o.unsealed + " is due")
	}
	return base64Of(wrapped, "SealedContent")
}

// mostSaid bounds how many messages of an answer are read.
const mostSaid = 20

// messages adds those of a status or an error.
func messages(to []Message, el *etree.Element) []Message {
	for _, c := range el.ChildElements() {
		if c.Tag == "Message" && len(to) < mostSaid {
			to = append(to, Message{c.SelectAttrValue("Lang", c.SelectAttrValue("lang", "")), strings.TrimSpace(c.Text())})
		}
	}
	return to
}

// content reads what was sealed in an answer.
func (o operation) content(plain []byte, l xmldsig.Limits) (*etree.Element, error) {
	doc, err := xmldsig.Parse(plain, l)
	if err != nil {
		return nil, &Error{Kind: Malformed, cause: err}
	}
	if !xmldsig.Is(doc.Root(), namespace, o.responseIn) {
		return nil, malformed("no " + o.responseIn)
	}
	return doc.Root(), nil
}

// base64Of gives the bytes of the one child with a name.
func base64Of(el *etree.Element, name string) ([]byte, error) {
	child := only(el, name)
	if child == nil {
		return nil, malformed("one " + name + " is due")
	}
	value, err := xmldsig.Base64(child)
	if err != nil || len(value) == 0 {
		return nil, malformed(name + " is not base64")
	}
	return value, nil
}

// only gives the one child with a name, nil when there is none or several.
func only(el *etree.Element, name string) *etree.Element {
	var found *etree.Element
	for _, c := range el.ChildElements() {
		if !xmldsig.Is(c, namespace, name) {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}

// textOf gives the trimmed text of the first child with a local name.
func textOf(el *etree.Element, local string) string {
	for _, c := range el.ChildElements() {
		if c.Tag == local {
			return strings.TrimSpace(c.Text())
		}
	}
	return ""
}
