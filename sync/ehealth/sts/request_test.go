package sts_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
	"relais/test/specs"
)

// What is asked, in full. CERTIFICATE and ID differ each time.
const (
	trustRequest = `<wst:RequestSecurityToken xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Context="ID">
<wst:TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</wst:TokenType>
<wst:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</wst:RequestType>
<wst:Claims Dialect="http://docs.oasis-open.org/wsfed/authorization/200706/authclaims">
<auth:ClaimType Uri="urn:be:fgov:ehealth:1.0:certificateholder:person:ssin"><auth:Value>79021802145</auth:Value></auth:ClaimType>
<auth:ClaimType Uri="urn:be:fgov:person:ssin"><auth:Value>79021802145</auth:Value></auth:ClaimType>
<auth:ClaimType Uri="urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11"></auth:ClaimType>
<auth:ClaimType Uri="urn:be:fgov:person:ssin:doctor:boolean"></auth:ClaimType>
</wst:Claims>
<wst:Lifetime><wsu:Created>2027-03-09T09:40:00.000Z</wsu:Created><wsu:Expires>2027-03-10T09:40:00.000Z</wsu:Expires></wst:Lifetime>
<wst:KeyType>http://docs.oasis-open.org/ws-sx/wstrust/200512/PublicKey</wst:KeyType>
<wst:UseKey><wsse:SecurityTokenReference><ds:X509Data><ds:X509Certificate>CERTIFICATE</ds:X509Certificate></ds:X509Data></wsse:SecurityTokenReference></wst:UseKey>
</wst:RequestSecurityToken>`

	samlRequest = `<samlp:Request xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" MajorVersion="1" MinorVersion="1" RequestID="ID" IssueInstant="2027-03-09T09:40:00.000Z">
<samlp:AttributeQuery>
<saml:Subject>
<saml:NameIdentifier Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName" NameQualifier="CN=ca, O=Test, C=BE">CN="SSIN=79021802145", SUBJECT</saml:NameIdentifier>
<saml:SubjectConfirmation>
<saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:holder-of-key</saml:ConfirmationMethod>
<saml:SubjectConfirmationData>
<saml:Assertion MajorVersion="1" MinorVersion="1" AssertionID="ID-a" Issuer="CN=&quot;SSIN=79021802145&quot;, SUBJECT" IssueInstant="2027-03-09T09:40:00.000Z">
<saml:Conditions NotBefore="2027-03-09T09:40:00.000Z" NotOnOrAfter="2027-03-10T09:40:00.000Z"></saml:Conditions>
<saml:AttributeStatement>
<saml:Subject><saml:NameIdentifier Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName" NameQualifier="CN=ca, O=Test, C=BE">CN="SSIN=79021802145", SUBJECT</saml:NameIdentifier></saml:Subject>
<saml:Attribute AttributeName="urn:be:fgov:ehealth:1.0:certificateholder:person:ssin" AttributeNamespace="urn:be:fgov:identification-namespace"><saml:AttributeValue>79021802145</saml:AttributeValue></saml:Attribute>
<saml:Attribute AttributeName="urn:be:fgov:person:ssin" AttributeNamespace="urn:be:fgov:identification-namespace"><saml:AttributeValue>79021802145</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement>
</saml:Assertion>
</saml:SubjectConfirmationData>
<ds:KeyInfo><ds:X509Data><ds:X509Certificate>CERTIFICATE</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
</saml:SubjectConfirmation>
</saml:Subject>
<saml:AttributeDesignator AttributeName="urn:be:fgov:ehealth:1.0:certificateholder:person:ssin" AttributeNamespace="urn:be:fgov:identification-namespace"></saml:AttributeDesignator>
<saml:AttributeDesignator AttributeName="urn:be:fgov:person:ssin" AttributeNamespace="urn:be:fgov:identification-namespace"></saml:AttributeDesignator>
<saml:AttributeDesignator AttributeName="urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11" AttributeNamespace="urn:be:fgov:certified-namespace:ehealth"></saml:AttributeDesignator>
<saml:AttributeDesignator AttributeName="urn:be:fgov:person:ssin:doctor:boolean" AttributeNamespace="urn:be:fgov:certified-namespace:ehealth"></saml:AttributeDesignator>
</samlp:AttributeQuery>
</samlp:Request>`
)

var (
	ids         = regexp.MustCompile(`_[0-9a-f]{32}`)
	subjectRest = regexp.MustCompile(`(CN=(?:"|&quot;)SSIN=79021802145(?:"|&quot;)), .*?, O=Federal Government, C=BE`)
)

// asked gives what a client sends as the content of soap:Body, as text of its own.
func (w *world) asked(form sts.Form) []byte {
	w.t.Helper()
	if _, err := w.client(form).Issue(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.rest()
	message, err := soap.Read([]byte(w.requests[len(w.requests)-1]), xmldsig.Limits{})
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := xmldsig.Standalone(message.Content)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

func TestRequests(t *testing.T) {
	for form, c := range map[sts.Form]struct{ action, body string }{
		"":          {`"urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken"`, trustRequest},
		sts.WSTrust: {`"urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken"`, trustRequest},
		sts.SAMLP:   {`"urn:be:fgov:ehealth:sts:protocol:v1:RequestSecureToken"`, samlRequest},
	} {
		w := newWorld(t)
		first, second := string(w.asked(form)), string(w.asked(form))
		if a, b := ids.FindString(first), ids.FindString(second); a == "" || a == b {
			t.Errorf("%s: ids %q and %q", form, a, b)
		}
		certificate := base64.StdEncoding.EncodeToString(w.doctor.Cert.Raw)
		got := ids.ReplaceAllString(strings.Replace(first, certificate, "CERTIFICATE", 1), "ID")
		got = strings.Replace(got, ` xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"`, "", 1)
		got = strings.Replace(got, ` xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">`, ">", 1)
		got = subjectRest.ReplaceAllString(got, "$1, SUBJECT")
		if diff := cmp.Diff(strings.Split(strings.ReplaceAll(c.body, "\n", ""), "><"), strings.Split(got, "><")); diff != "" {
			t.Errorf("%s:\n%s", form, diff)
		}
		if w.actions[0] != c.action {
			t.Errorf("%s: SOAPAction %s", form, w.actions[0])
		}
	}
}

// What is sent has the elements and attributes of the vector, which other implementations were fed with.
func TestRequestHasTheShapeOfTheVector(t *testing.T) {
	message, err := soap.Read(vector(t, "RequestSecurityToken-soap-x509-signed.xml"), xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := xmldsig.Parse(newWorld(t).asked(sts.WSTrust), xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shape(message.Content), shape(ours.Root())); diff != "" {
		t.Error(diff)
	}
}

// shape lists elements in their order: names, and the attributes that say what is meant.
func shape(el *etree.Element) []string {
	lines := []string{el.NamespaceURI() + " " + el.Tag + " " + xmldsig.Attribute(el, "Uri") + xmldsig.Attribute(el, "Dialect")}
	for _, c := range el.ChildElements() {
		lines = append(append(lines, "("), append(shape(c), ")")...)
	}
	return lines
}

// What is sent is valid, in those parts too that may be anything.
func TestRequestsFollowTheSchema(t *testing.T) {
	w := newWorld(t)
	validate(t, map[string][]byte{"ws-trust": w.asked(sts.WSTrust), "saml-p": w.asked(sts.SAMLP)})
}

var schemas = map[string]string{
	"http://docs.oasis-open.org/ws-sx/ws-trust/200512":      "ws-trust-1.3-errata-cd-01.xsd",
	"http://docs.oasis-open.org/wsfed/authorization/200706": "ws-authorization-1.2.xsd",
	"urn:oasis:names:tc:SAML:1.0:protocol":                  "oasis-sstc-saml-schema-protocol-1.1.xsd",
	"urn:oasis:names:tc:SAML:1.0:assertion":                 "oasis-sstc-saml-schema-assertion-1.1.xsd",
}

// validate checks messages against a schema that imports those of all their parts.
func validate(t *testing.T, messages map[string][]byte) {
	t.Helper()
	all := `<schema xmlns="http://www.w3.org/2001/XMLSchema">`
	for space, file := range schemas {
		all += `<import namespace="` + space + `" schemaLocation="` + specs.Path(t, "wire/external/XSD/"+file) + `"/>`
	}
	xsd := filepath.Join(t.TempDir(), "all.xsd")
	if err := os.WriteFile(xsd, []byte(all+`</schema>`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, wrong := range specs.ValidateBy(t, xsd, messages) {
		t.Errorf("%s: %s", name, wrong)
	}
}
