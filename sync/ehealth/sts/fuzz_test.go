package sts_test

import (
	"bytes"
	"strings"
	"testing"

	"relais/sync/ehealth/xmldsig"
)

// FuzzOpen reads anything as a token. What is accepted is the one assertion that the STS of the vectors signed, whatever
// stands around its parts.
func FuzzOpen(f *testing.F) {
	client := vectorClient(f)
	good := vector(f, "Assertion-sts-signed-rsa-sha1.xml")
	text := string(good)
	for _, seed := range []string{
		text, `<x>` + text + `</x>`,
		strings.Replace(text, nihii, "10087654004", 1),
		strings.Replace(text, "<Conditions", `<Advice>`+strings.Replace(text, `<?xml version="1.0"?>`, "", 1)+`</Advice><Conditions`, 1),
		strings.Replace(text, "</AttributeStatement>", `</AttributeStatement><AttributeStatement/>`, 1),
		strings.Replace(text, `URI="#_0123`, `URI="#_1123`, 1),
		`<Assertion xmlns="urn:oasis:names:tc:SAML:1.0:assertion"/>`,
	} {
		f.Add([]byte(seed))
	}
	signed := canonical(f, good)
	f.Fuzz(func(t *testing.T, in []byte) {
		token, err := client.Open(in)
		if err != nil {
			if kind(err) == "" || token != nil {
				t.Fatalf("%v with %v", err, token)
			}
			return
		}
		if !bytes.Equal(canonical(t, token.Assertion()), signed) || token.NIHII() != nihii {
			t.Fatal("a token that nobody signed")
		}
	})
}

// canonical gives what the signature covers: the assertion without it.
func canonical(t testing.TB, assertion []byte) []byte {
	t.Helper()
	doc, err := xmldsig.Parse(assertion, xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, el := range doc.Root().ChildElements() {
		if el.Tag == "Signature" {
			doc.Root().RemoveChild(el)
		}
	}
	text, err := xmldsig.Canonical(doc.Root())
	if err != nil {
		t.Fatal(err)
	}
	return text
}
