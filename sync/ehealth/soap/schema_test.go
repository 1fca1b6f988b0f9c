package soap_test

import (
	"testing"

	"github.com/beevik/etree"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
	"relais/test/specs"
)

// The security headers that we write and the details of faults, held against the schemas of their owners.
func TestSchemas(t *testing.T) {
	alone := func(el *etree.Element) []byte {
		text, err := xmldsig.Standalone(el)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	read := func(text []byte) *soap.Message {
		m, err := soap.Read(text, xmldsig.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	headers, signatures, details := map[string][]byte{}, map[string][]byte{}, map[string][]byte{}
	for kind, signer := range map[string]soap.Signer{"x509": x509Signer(person(t, "test-auth")), "saml": samlSigner(t)} {
		security := read(build(t, signer)).Header.ChildElements()[0]
		headers[kind] = alone(security)
		signatures[kind] = alone(security.FindElement("./ds:Signature"))
	}
	text, err := soap.WriteFault(soap.Fault{Code: "Server", String: "SOA-02002", SOA: "SOA-02002", Ticket: "t1", Origin: "Provider",
		Environment: "Acceptation", Retry: ref(true), Messages: map[string]string{"en": "try later", "fr": "plus tard"}})
	if err != nil {
		t.Fatal(err)
	}
	details["fault"] = alone(read(text).Content.FindElement("./detail").ChildElements()[0])

	for schema, texts := range map[string]map[string][]byte{
		"wire/external/XSD/oasis-200401-wss-wssecurity-secext-1.0.xsd": headers,
		"wire/external/XSD/xmldsig-core-schema.xsd":                    signatures,
		"wire/ehealth-errors/XSD/ehealth-errors-schema-soa-1_1.xsd":    details,
	} {
		for name, fault := range specs.Validate(t, schema, texts) {
			t.Errorf("%s by %s: %s", name, schema, fault)
		}
	}
}
