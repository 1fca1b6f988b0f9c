package sts

import (
	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// wsTrust asks with RequestSecurityToken (WS-Trust 1.3 §4.1).
type wsTrust struct{}

const (
	nsTrust = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	nsAuth  = "http://docs.oasis-open.org/wsfed/authorization/200706"
	nsWSU   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	nsWSSE  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

	typeSAML11 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
	// keyPublic is written without the hyphen that WS-Trust has: so the platform and its connectors write it.
	keyPublic = "http://docs.oasis-open.org/ws-sx/wstrust/200512/PublicKey"
)

func (wsTrust) action() string { return "urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken" }

func (wsTrust) request(q query) *etree.Document {
	doc := etree.NewDocument()
	root := doc.CreateElement("wst:RequestSecurityToken")
	for _, ns := range []struct{ prefix, uri string }{{"wst", nsTrust}, {"auth", nsAuth}, {"wsu", nsWSU}, {"wsse", nsWSSE}, {"ds", nsDS}} {
		root.CreateAttr("xmlns:"+ns.prefix, ns.uri)
	}
	root.CreateAttr("Context", q.id)
	root.CreateElement("wst:TokenType").SetText(typeSAML11)
	root.CreateElement("wst:RequestType").SetText(nsTrust + "/Issue")
	claims := root.CreateElement("wst:Claims")
	claims.CreateAttr("Dialect", nsAuth+"/authclaims")
	for _, c := range q.claims {
		el := claims.CreateElement("auth:ClaimType")
		el.CreateAttr("Uri", c.Name)
		if c.demand == ownSSIN {
			el.CreateElement("auth:Value").SetText(q.ssin)
		}
	}
	lifetime := root.CreateElement("wst:Lifetime")
	lifetime.CreateElement("wsu:Created").SetText(instant(q.from))
	lifetime.CreateElement("wsu:Expires").SetText(instant(q.until))
	root.CreateElement("wst:KeyType").SetText(keyPublic)
	addCertificate(root.CreateElement("wst:UseKey").CreateElement("wsse:SecurityTokenReference"), q.holder)
	return doc
}

// assertion takes a response alone or as the only one of a collection. WS-Trust demands the Context of the request in it; one
// without is taken (the assertion itself says for whom it is), one with another is the answer to something else.
func (wsTrust) assertion(content *etree.Element, q query) (*etree.Element, error) {
	response := content
	if xmldsig.Is(content, nsTrust, "RequestSecurityTokenResponseCollection") {
		if response = only(content, nsTrust, "RequestSecurityTokenResponse"); response == nil {
			return nil, malformed("a collection of one response is due")
		}
	}
	if !xmldsig.Is(response, nsTrust, "RequestSecurityTokenResponse") {
		return nil, malformed("no response of WS-Trust")
	}
	if context := xmldsig.Attribute(response, "Context"); context != "" && context != q.id {
		return nil, &Error{Kind: OtherRequest}
	}
	if only(response, nsTrust, "SignChallenge") != nil || only(response, nsTrust, "Challenge") != nil {
		return nil, &Error{Kind: Challenged}
	}
	token := only(response, nsTrust, "RequestedSecurityToken")
	if token == nil {
		return nil, malformed("one requested token is due")
	}
	if assertion := only(token, nsSAML, "Assertion"); assertion != nil && len(token.ChildElements()) == 1 {
		return assertion, nil
	}
	return nil, malformed("one assertion is due")
}

// only gives the one child with a name, nil when there is none or several.
func only(el *etree.Element, space, name string) *etree.Element {
	var found *etree.Element
	for _, c := range el.ChildElements() {
		if !xmldsig.Is(c, space, name) {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}
