package sts

import (
	"strings"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// samlp asks with an AttributeQuery (SAML 1.1 core §3.3.4): the wanted period and the stated attributes stand in an unsigned
// assertion within the confirmation of the subject.
type samlp struct{}

const (
	nsSAMLP     = "urn:oasis:names:tc:SAML:1.0:protocol"
	subjectName = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
)

func (samlp) action() string { return "urn:be:fgov:ehealth:sts:protocol:v1:RequestSecureToken" }

func (samlp) request(q query) *etree.Document {
	doc := etree.NewDocument()
	root := doc.CreateElement("samlp:Request")
	for _, ns := range []struct{ prefix, uri string }{{"samlp", nsSAMLP}, {"saml", nsSAML}, {"ds", nsDS}} {
		root.CreateAttr("xmlns:"+ns.prefix, ns.uri)
	}
	version(root)
	root.CreateAttr("RequestID", q.id)
	root.CreateAttr("IssueInstant", instant(q.from))
	attributes := root.CreateElement("samlp:AttributeQuery")

	subject := attributes.CreateElement("saml:Subject")
	nameIdentifier(subject, q)
	confirmation := subject.CreateElement("saml:SubjectConfirmation")
	confirmation.CreateElement("saml:ConfirmationMethod").SetText(holderOfKey)
	assertion := confirmation.CreateElement("saml:SubjectConfirmationData").CreateElement("saml:Assertion")
	version(assertion)
	assertion.CreateAttr("AssertionID", q.id+"-a")
	assertion.CreateAttr("Issuer", Name(q.holder.RawSubject))
	assertion.CreateAttr("IssueInstant", instant(q.from))
	conditions := assertion.CreateElement("saml:Conditions")
	conditions.CreateAttr("NotBefore", instant(q.from))
	conditions.CreateAttr("NotOnOrAfter", instant(q.until))
	statement := assertion.CreateElement("saml:AttributeStatement")
	nameIdentifier(statement.CreateElement("saml:Subject"), q)
	addCertificate(confirmation.CreateElement("ds:KeyInfo"), q.holder)

	for _, c := range q.claims {
		named(attributes.CreateElement("saml:AttributeDesignator"), c.Attribute)
		if c.demand == ownSSIN {
			stated := statement.CreateElement("saml:Attribute")
			named(stated, c.Attribute)
			stated.CreateElement("saml:AttributeValue").SetText(q.ssin)
		}
	}
	return doc
}

func version(el *etree.Element) {
	el.CreateAttr("MajorVersion", "1")
	el.CreateAttr("MinorVersion", "1")
}

func named(el *etree.Element, a Attribute) {
	el.CreateAttr("AttributeName", a.Name)
	el.CreateAttr("AttributeNamespace", a.Namespace)
}

func nameIdentifier(subject *etree.Element, q query) {
	el := subject.CreateElement("saml:NameIdentifier")
	el.CreateAttr("Format", subjectName)
	el.CreateAttr("NameQualifier", Name(q.holder.RawIssuer))
	el.SetText(Name(q.holder.RawSubject))
}

// statuses of SAML 1.1 (core §3.4.3.1), by which a refusal is named.
var statuses = map[string]bool{
	"VersionMismatch": true, "Requester": true, "Responder": true, "RequestVersionTooHigh": true, "RequestVersionTooLow": true,
	"RequestVersionDeprecated": true, "TooManyResponses": true, "RequestDenied": true, "ResourceNotRecognized": true,
}

// assertion takes a response with the status Success. One that says to which request it is the answer must name ours.
func (samlp) assertion(content *etree.Element, q query) (*etree.Element, error) {
	if !xmldsig.Is(content, nsSAMLP, "Response") {
		return nil, malformed("no response of the SAML protocol")
	}
	if to := xmldsig.Attribute(content, "InResponseTo"); to != "" && to != q.id {
		return nil, &Error{Kind: OtherRequest}
	}
	status := only(content, nsSAMLP, "Status")
	if status == nil {
		return nil, malformed("one status is due")
	}
	code := only(status, nsSAMLP, "StatusCode")
	if code == nil {
		return nil, malformed("one status code is due")
	}
	if statusOf(code) != "Success" {
		refusal := &Error{Kind: Refused}
		for ; code != nil; code = only(code, nsSAMLP, "StatusCode") {
			if name := statusOf(code); statuses[name] {
				refusal.Status = name // the innermost says most
			}
		}
		return nil, refusal
	}
	if assertion := only(content, nsSAML, "Assertion"); assertion != nil {
		return assertion, nil
	}
	return nil, malformed("one assertion is due")
}

// statusOf gives the local part of a status, which is a qualified name.
func statusOf(code *etree.Element) string {
	value := xmldsig.Attribute(code, "Value")
	return value[strings.LastIndex(value, ":")+1:]
}
