package soap_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/soap"
)

// parts are the elements of a signed message, found by where they stand before anything is moved.
type parts struct {
	envelope, header, security, timestamp, token, signature, body *etree.Element
}

func partsOf(doc *etree.Document) parts {
	p := parts{envelope: doc.Root()}
	p.header, p.body = p.envelope.ChildElements()[0], p.envelope.ChildElements()[1]
	p.security = p.header.ChildElements()[0]
	for _, el := range p.security.ChildElements() {
		switch el.Tag {
		case "Timestamp":
			p.timestamp = el
		case "BinarySecurityToken", "Assertion":
			p.token = el
		case "Signature":
			p.signature = el
		}
	}
	return p
}

// evil gives a body with what an attacker wants to be done.
func evil(id string) *etree.Element {
	body := etree.NewElement("soapenv:Body")
	if id != "" {
		body.CreateAttr("xmlns:wsu", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd")
		body.CreateAttr("wsu:Id", id)
	}
	ask := body.CreateElement("m:Ask")
	ask.CreateAttr("xmlns:m", "urn:example:ask")
	ask.CreateElement("Text").SetText("what is evil")
	return body
}

// declare declares the prefixes of wsse:Security on what is to hold a part of it.
func declare(el *etree.Element) {
	el.CreateAttr("xmlns:wsse", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd")
	el.CreateAttr("xmlns:wsu", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd")
}

func wrapper(inside ...*etree.Element) *etree.Element {
	w := etree.NewElement("w:Wrapper")
	w.CreateAttr("xmlns:w", "urn:example:wrapper")
	declare(w)
	for _, el := range inside {
		w.AddChild(el)
	}
	return w
}

// evilToken is one that the attacker holds, with a key of their own.
func evilToken(t *testing.T, token *etree.Element) *etree.Element {
	out := token.Copy()
	if out.Tag == "BinarySecurityToken" {
		out.SetText(base64.StdEncoding.EncodeToString(person(t, "test-ra").cert.Raw))
	} else {
		out.FindElement(".//SubjectConfirmation//ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(person(t, "test-ra").cert.Raw))
	}
	return out
}

// The genuine signature stays as it is in all of these: what was signed is still there and still says the same, and something
// else stands where the receiver looks.
func TestSignatureWrapping(t *testing.T) {
	const envelopeCode, structure, header, notSigned = "ENVELOPE_STRUCTURE_INCORRECT", "SIGNATURE_STRUCTURE_INCORRECT",
		"SECURITY_HEADER_STRUCTURE_INCORRECT", "PART_NOT_SIGNED"
	replaceBody := func(p parts, with *etree.Element) {
		p.envelope.RemoveChild(p.body)
		p.envelope.AddChild(with)
	}
	attacks := []struct {
		name string
		do   func(t *testing.T, doc *etree.Document, p parts)
		want string // code of the error
		saml string // when another one for a SAML message
	}{
		{name: "Body moved into a header, new Body with another id", want: notSigned, do: func(_ *testing.T, _ *etree.Document, p parts) {
			replaceBody(p, evil("B-2"))
			p.header.AddChild(wrapper(p.body))
		}},
		{name: "Body moved into a header, new Body with the same id", want: structure, do: func(_ *testing.T, _ *etree.Document, p parts) {
			replaceBody(p, evil("B-1"))
			p.header.AddChild(wrapper(p.body))
		}},
		{name: "Body moved into a header, new Body without an id", want: notSigned, do: func(_ *testing.T, _ *etree.Document, p parts) {
			replaceBody(p, evil(""))
			p.header.AddChild(wrapper(p.body))
		}},
		{name: "Body becomes a header", want: notSigned, do: func(_ *testing.T, _ *etree.Document, p parts) {
			replaceBody(p, evil("B-2"))
			p.header.AddChild(p.body)
		}},
		{name: "Body moved into wsse:Security", want: notSigned, do: func(_ *testing.T, _ *etree.Document, p parts) {
			replaceBody(p, evil("B-2"))
			p.security.AddChild(p.body)
		}},
		{name: "Body moved into an Object of the signature", want: structure, do: func(_ *testing.T, _ *etree.Document, p parts) {
			replaceBody(p, evil("B-2"))
			p.signature.CreateElement("ds:Object").AddChild(p.body)
		}},
		{name: "Body moved into KeyInfo", want: "TOKEN_REFERENCE_INCORRECT", do: func(_ *testing.T, _ *etree.Document, p parts) {
			replaceBody(p, evil("B-2"))
			p.signature.FindElement("./ds:KeyInfo").AddChild(p.body)
		}},
		{name: "Body within the new Body", want: notSigned, do: func(_ *testing.T, _ *etree.Document, p parts) {
			body := evil("B-2")
			replaceBody(p, body)
			body.ChildElements()[0].AddChild(p.body)
		}},
		{name: "new Body before the signed one", want: envelopeCode, do: func(_ *testing.T, _ *etree.Document, p parts) {
			p.envelope.InsertChildAt(p.body.Index(), evil("B-2"))
		}},
		{name: "new Body after the signed one", want: envelopeCode, do: func(_ *testing.T, _ *etree.Document, p parts) {
			p.envelope.AddChild(evil("B-2"))
		}},
		{name: "new Body of another namespace before the signed one", want: envelopeCode, do: func(_ *testing.T, _ *etree.Document, p parts) {
			body := evil("B-2")
			body.CreateAttr("xmlns:soapenv", "urn:example:other")
			p.envelope.InsertChildAt(p.body.Index(), body)
		}},
		{name: "new Body named by xml:id", want: structure, do: func(_ *testing.T, _ *etree.Document, p parts) {
			body := evil("")
			body.CreateAttr("xml:id", "B-1")
			replaceBody(p, body)
			p.header.AddChild(wrapper(p.body))
		}},
		{name: "new Body named by a plain Id", want: structure, do: func(_ *testing.T, _ *etree.Document, p parts) {
			body := evil("")
			body.CreateAttr("Id", "B-1")
			replaceBody(p, body)
			p.header.AddChild(wrapper(p.body))
		}},
		{name: "the whole message in a header of a new envelope", want: "SECURITY_HEADER_MISSING", do: func(_ *testing.T, doc *etree.Document, p parts) {
			doc.RemoveChild(p.envelope)
			outer := doc.CreateElement("soapenv:Envelope")
			outer.CreateAttr("xmlns:soapenv", "http://schemas.xmlsoap.org/soap/envelope/")
			outer.CreateElement("soapenv:Header").AddChild(wrapper(p.envelope))
			outer.AddChild(evil("B-2"))
		}},
		{name: "the header kept, the message in a header of it", want: structure, do: func(_ *testing.T, doc *etree.Document, p parts) {
			copied := p.envelope.Copy()
			replaceBody(p, evil("B-2"))
			p.header.AddChild(wrapper(copied))
		}},
		{name: "Timestamp moved into a header, a new one in its place", want: notSigned, do: func(_ *testing.T, _ *etree.Document, p parts) {
			fresh := p.timestamp.Copy()
			fresh.CreateAttr("wsu:Id", "TS-2")
			p.security.AddChild(fresh)
			p.header.AddChild(wrapper(p.timestamp))
		}},
		{name: "a second Timestamp", want: header, do: func(_ *testing.T, _ *etree.Document, p parts) {
			fresh := p.timestamp.Copy()
			fresh.CreateAttr("wsu:Id", "TS-2")
			p.security.AddChild(fresh)
		}},
		{name: "a second wsse:Security with a new Timestamp", want: header, do: func(_ *testing.T, _ *etree.Document, p parts) {
			second := p.security.Copy()
			for _, el := range second.ChildElements() {
				second.RemoveChild(el)
			}
			second.CreateElement("wsu:Timestamp").CreateElement("wsu:Created").SetText("2026-11-22T09:30:10Z")
			p.header.AddChild(second)
		}},
		{name: "wsse:Security moved into another header", want: "SECURITY_HEADER_MISSING", do: func(_ *testing.T, _ *etree.Document, p parts) {
			p.header.AddChild(wrapper(p.security))
		}},
		{name: "signature moved out of wsse:Security", want: header, do: func(_ *testing.T, _ *etree.Document, p parts) {
			declare(p.header)
			p.header.AddChild(p.signature)
		}},
		{name: "a second signature of the attacker", want: header, do: func(_ *testing.T, _ *etree.Document, p parts) {
			p.security.InsertChildAt(0, p.signature.Copy())
		}},
		// A copy has the same ids, which for the SAML message is what the signature of the assertion is refused for.
		{name: "token in a wrapper, another with the same id in its place", want: structure, do: func(t *testing.T, _ *etree.Document, p parts) {
			p.security.InsertChildAt(0, evilToken(t, p.token))
			p.security.AddChild(wrapper(p.token))
		}},
		{name: "token in a wrapper, another with its own id in its place", want: "TOKEN_REFERENCE_INCORRECT", do: func(t *testing.T, _ *etree.Document, p parts) {
			other := evilToken(t, p.token)
			rename(other, "other")
			p.security.InsertChildAt(0, other)
			p.security.AddChild(wrapper(p.token))
		}},
		{name: "two tokens", want: "TOKEN_REFERENCE_INCORRECT", do: func(t *testing.T, _ *etree.Document, p parts) {
			other := evilToken(t, p.token)
			rename(other, "other")
			p.security.InsertChildAt(0, other)
		}},
		{name: "token exchanged, reference redirected", want: "SIGNATURE_DOES_NOT_MATCH", saml: "TOKEN_SIGNATURE_STRUCTURE_INCORRECT", do: func(t *testing.T, _ *etree.Document, p parts) {
			other := evilToken(t, p.token)
			rename(other, "other")
			p.security.InsertChildAt(0, other)
			p.header.AddChild(wrapper(p.token))
			if ref := p.signature.FindElement(".//wsse:Reference"); ref != nil {
				ref.CreateAttr("URI", "#other")
			} else {
				p.signature.FindElement(".//wsse:KeyIdentifier").SetText("other")
			}
		}},
		{name: "a comment inside the Body", want: structure, do: func(_ *testing.T, _ *etree.Document, p parts) {
			p.body.FindElement(".//Text").InsertChildAt(0, etree.NewComment("x"))
		}},
		{name: "a processing instruction inside the Body", want: "XML_NOT_ACCEPTED", do: func(_ *testing.T, _ *etree.Document, p parts) {
			p.body.FindElement(".//Text").InsertChildAt(0, etree.NewProcInst("x", "y"))
		}},
		{name: "ids given by a document type", want: "XML_NOT_ACCEPTED", do: func(_ *testing.T, doc *etree.Document, _ parts) {
			doc.InsertChildAt(0, etree.NewDirective(`DOCTYPE x [<!ATTLIST Body Id ID #IMPLIED>]`))
		}},
		{name: "prefix of the Body bound to another namespace", want: envelopeCode, do: func(_ *testing.T, _ *etree.Document, p parts) {
			p.body.CreateAttr("xmlns:soapenv", "urn:example:other")
		}},
		{name: "something after the Body", want: envelopeCode, do: func(_ *testing.T, _ *etree.Document, p parts) {
			p.envelope.AddChild(wrapper())
		}},
	}
	for kind, signer := range map[string]soap.Signer{"X509": x509Signer(person(t, "test-auth")), "SAML": samlSigner(t)} {
		message := build(t, signer)
		control := edit(t, message, func(*etree.Document) {})
		if verified, verdict := verifier(t).Verify(control); !verdict.Accepted || verified.Content.Tag != "Ask" {
			t.Fatalf("%s: the message itself: %v", kind, verdict.Errors)
		}
		for _, a := range attacks {
			t.Run(kind+": "+a.name, func(t *testing.T) {
				text := edit(t, message, func(doc *etree.Document) { a.do(t, doc, partsOf(doc)) })
				want := a.want
				if kind == "SAML" && a.saml != "" {
					want = a.saml
				}
				verified, verdict := verifier(t).Verify(text)
				if verdict.Accepted || verified != nil || len(verdict.Errors) == 0 || string(verdict.Errors[0].Code) != want {
					t.Errorf("accepted %v, %v, want %s\n%s", verdict.Accepted, verdict.Errors, want, strings.ReplaceAll(string(text), "><", ">\n<"))
				}
			})
		}
	}
}

func rename(token *etree.Element, id string) {
	if token.Tag == "Assertion" {
		token.CreateAttr("AssertionID", id)
		return
	}
	token.CreateAttr("wsu:Id", id)
}

// Attacks on the assertion inside the message: its own signature is genuine, what it says is not.
func TestAssertionWrapping(t *testing.T) {
	const structure = "TOKEN_SIGNATURE_STRUCTURE_INCORRECT"
	for name, c := range map[string]struct {
		want string
		do   func(p parts)
	}{
		"without a signature": {structure, func(p parts) {
			p.token.RemoveChild(p.token.FindElement("./ds:Signature"))
		}},
		"signature of an assertion within": {structure, func(p parts) {
			inner := p.token.Copy()
			rename(p.token, "other")
			p.token.RemoveChild(p.token.FindElement("./ds:Signature"))
			p.token.AddChild(inner)
			p.signature.FindElement(".//wsse:KeyIdentifier").SetText("other")
		}},
		"signature taken out of an assertion within": {structure, func(p parts) {
			inner := p.token.Copy()
			rename(p.token, "other")
			inner.RemoveChild(inner.FindElement("./ds:Signature"))
			p.token.AddChild(inner)
			p.signature.FindElement(".//wsse:KeyIdentifier").SetText("other")
		}},
		"an attribute changed": {"TOKEN_SIGNATURE_DOES_NOT_MATCH", func(p parts) {
			p.token.FindElement(".//AttributeValue").SetText("79021802244")
		}},
		"lifetime changed": {"TOKEN_SIGNATURE_DOES_NOT_MATCH", func(p parts) {
			p.token.FindElement("./Conditions").CreateAttr("NotOnOrAfter", "2036-11-23T09:00:00.000Z")
		}},
		"a second confirmation": {structure, func(p parts) {
			second := p.token.FindElement("./AuthenticationStatement").Copy()
			second.FindElement(".//ds:X509Certificate").SetText("AAAA")
			p.token.AddChild(second)
		}},
	} {
		text := edit(t, build(t, samlSigner(t)), func(doc *etree.Document) { c.do(partsOf(doc)) })
		verified, verdict := verifier(t).Verify(text)
		if verdict.Accepted || verified != nil || !cmp.Equal(codes(verdict.Errors), []string{c.want}) {
			t.Errorf("%s: accepted %v, %v, want %s", name, verdict.Accepted, verdict.Errors, c.want)
		}
	}
}
