package simulator

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/simulator/world"
)

const (
	nsTrust = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	nsAuth  = "http://docs.oasis-open.org/wsfed/authorization/200706"
	nsWSU   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	nsWSSE  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	nsSAML  = "urn:oasis:names:tc:SAML:1.0:assertion"
	nsSAMLP = "urn:oasis:names:tc:SAML:1.0:protocol"
	nsDS    = xmldsig.Namespace

	typeSAML11  = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
	keyPublic   = "http://docs.oasis-open.org/ws-sx/wstrust/200512/PublicKey" // sic
	holderOfKey = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
	subjectName = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
)

// maxLifetime is that of a token opened with an eHealth certificate.
const maxLifetime = 24 * time.Hour

// wish is what a caller wants of the STS.
type wish struct {
	id       string            // to which the answer is one
	holder   *x509.Certificate // whose key is to be confirmed
	from, to time.Time         // wanted
	stated   map[string]string // attributes with values, by name
	wanted   []sts.Attribute   // in WS-Trust without namespaces
}

// wsTrust is WS-Trust 1.3: RequestSecurityToken with RequestType Issue. samlProtocol is the request of the SAML 1.1 protocol.
func (s *Simulator) wsTrust(c *call) reply      { return c.token(wsTrustForm) }
func (s *Simulator) samlProtocol(c *call) reply { return c.token(samlForm) }

// tokenForm is what differs between the two forms.
type tokenForm struct {
	action  string
	read    func(el *etree.Element) (wish, string)
	grant   func(c *call, w wish, assertion []byte, until time.Time) []byte
	decline func(c *call, w wish, why string) reply
}

var (
	wsTrustForm = tokenForm{"urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken", readTrust, grantTrust, declineTrust}
	samlForm    = tokenForm{"urn:be:fgov:ehealth:sts:protocol:v1:RequestSecureToken", readSAML, grantSAML, declineSAML}
)

// token issues a token, if it may.
func (c *call) token(form tokenForm) reply {
	if !c.acts(form.action) {
		return c.fault(soaNotWSDL, "[SOAPAction]")
	}
	verified, refused := c.authenticated(false)
	if verified == nil {
		return refused
	}
	w, wrong := form.read(verified.Content)
	if wrong != "" {
		return c.fault(soaNotSchema, "["+wrong+"]")
	}
	if c.fate.Twist.Refuse {
		return form.decline(c, w, "refused by the fault plan")
	}
	if !w.holder.Equal(verified.Certificate) {
		return form.decline(c, w, "the key to be confirmed is not that of the certificate: challenges are not simulated")
	}
	known := c.knows(w.holder)
	for name, value := range w.stated {
		if _, own := lookUp(known, sts.Attribute{Name: name}); own != value {
			return form.decline(c, w, "an attribute that was stated is not the holder's")
		}
	}
	now := c.now()
	if !w.to.IsZero() && !w.to.After(w.from) {
		return form.decline(c, w, "the lifetime that is asked for ends before it begins")
	}
	lifetime := w.to.Sub(w.from)
	if lifetime <= 0 || lifetime > maxLifetime {
		lifetime = maxLifetime
	}
	until := now.Add(lifetime)
	if c.fate.Protocol == world.TokenExpired {
		until = now.Add(-time.Minute)
	}
	assertion, err := c.assert(w, known, now, until)
	if err != nil {
		return c.fault(soaUnspecified, "")
	}
	return c.envelop(form.grant(c, w, assertion, until), nil)
}

// tokenRefused is the outer refusal of the STS.
func (s *Simulator) tokenRefused(c *call) reply {
	if xmldsig.Is(c.content(), nsSAMLP, "Request") {
		return declineSAML(c, wish{id: xmldsig.Attribute(c.content(), "RequestID")}, "refused by the fault plan")
	}
	return declineTrust(c, wish{}, "refused by the fault plan")
}

// content is that of the body, as it came.
func (c *call) content() *etree.Element {
	if c.message == nil {
		return etree.NewElement("none")
	}
	return c.message.Content
}

// readTrust reads a RequestSecurityToken (recipe protocol §3.1). Its elements may stand in any order, as WS-Trust has it.
func readTrust(el *etree.Element) (w wish, wrong string) {
	w = wish{id: xmldsig.Attribute(el, "Context"), stated: map[string]string{}, holder: certificateIn(child(el, nsTrust, "UseKey"))}
	claims := orNone(child(el, nsTrust, "Claims"))
	for _, claim := range claims.ChildElements() {
		name := xmldsig.Attribute(claim, "Uri")
		if !xmldsig.Is(claim, nsAuth, "ClaimType") || name == "" {
			return w, "Claims holds ClaimType elements with a Uri"
		}
		w.wanted = append(w.wanted, sts.Attribute{Name: name})
		if value := textOf(claim, "Value"); value != "" {
			w.stated[name] = value
		}
	}
	if lifetime := child(el, nsTrust, "Lifetime"); lifetime != nil {
		var err, err2 error
		w.from, err = timeOf(textOf(lifetime, "Created"))
		w.to, err2 = timeOf(textOf(lifetime, "Expires"))
		if err != nil || err2 != nil {
			return w, "Lifetime has Created and Expires"
		}
	}
	says := func(name string) string { return strings.TrimSpace(orNone(child(el, nsTrust, name)).Text()) }
	switch {
	case !xmldsig.Is(el, nsTrust, "RequestSecurityToken"):
		return w, "RequestSecurityToken is due"
	case says("RequestType") != nsTrust+"/Issue":
		return w, "another RequestType than Issue"
	case says("TokenType") != typeSAML11:
		return w, "another TokenType than SAML 1.1"
	case says("KeyType") != keyPublic:
		return w, "another KeyType than PublicKey, written as the platform writes it"
	case xmldsig.Attribute(claims, "Dialect") != nsAuth+"/authclaims" || len(w.wanted) == 0:
		return w, "Claims are due, in the dialect authclaims"
	case w.holder == nil:
		return w, "UseKey holds no certificate"
	}
	return w, ""
}

func grantTrust(_ *call, w wish, assertion []byte, until time.Time) []byte {
	return fmt.Appendf(nil, `<wst:RequestSecurityTokenResponseCollection xmlns:wst="%s"><wst:RequestSecurityTokenResponse%s>`+
		`<wst:TokenType>%s</wst:TokenType><wst:RequestedSecurityToken>%s</wst:RequestedSecurityToken>`+
		`<wst:Lifetime><wsu:Created xmlns:wsu="%[5]s">%[6]s</wsu:Created><wsu:Expires xmlns:wsu="%[5]s">%[7]s</wsu:Expires></wst:Lifetime>`+
		`</wst:RequestSecurityTokenResponse></wst:RequestSecurityTokenResponseCollection>`,
		nsTrust, attributeText(" Context", w.id), typeSAML11, assertion, nsWSU, instant(until.Add(-maxLifetime)), instant(until))
}

// declineTrust is a fault of WS-Trust 1.3 §11, whose code is the faultcode (its table for SOAP 1.1).
func declineTrust(_ *call, _ wish, why string) reply {
	doc := etree.NewDocument()
	envelope := doc.CreateElement("soapenv:Envelope")
	envelope.CreateAttr("xmlns:soapenv", "http://schemas.xmlsoap.org/soap/envelope/")
	fault := envelope.CreateElement("soapenv:Body").CreateElement("soapenv:Fault")
	code := fault.CreateElement("faultcode")
	code.CreateAttr("xmlns:wst", nsTrust)
	code.SetText("wst:RequestFailed")
	fault.CreateElement("faultstring").SetText("The specified request failed: " + why)
	text, err := xmldsig.Text(doc)
	if err != nil {
		return reply{}
	}
	return reply{status: http.StatusInternalServerError, body: text}
}

// readSAML reads a samlp:Request (recipe protocol §3.2).
func readSAML(el *etree.Element) (w wish, wrong string) {
	query := child(el, nsSAMLP, "AttributeQuery")
	subject := child(query, nsSAML, "Subject")
	confirmation := child(subject, nsSAML, "SubjectConfirmation")
	asserted := child(child(confirmation, nsSAML, "SubjectConfirmationData"), nsSAML, "Assertion")
	w = wish{id: xmldsig.Attribute(el, "RequestID"), stated: map[string]string{}, holder: certificateIn(child(confirmation, nsDS, "KeyInfo"))}
	switch {
	case !xmldsig.Is(el, nsSAMLP, "Request") || xmldsig.Attribute(el, "MajorVersion") != "1" || xmldsig.Attribute(el, "MinorVersion") != "1" || w.id == "":
		return w, "a samlp:Request 1.1 with a RequestID is due"
	case textOf(orNone(confirmation), "ConfirmationMethod") != holderOfKey || w.holder == nil:
		return w, "the subject is to be confirmed by a key, whose certificate is missing"
	case asserted == nil:
		return w, "SubjectConfirmationData holds no Assertion"
	}
	if conditions := child(asserted, nsSAML, "Conditions"); conditions != nil {
		w.from, _ = timeOf(xmldsig.Attribute(conditions, "NotBefore"))
		w.to, _ = timeOf(xmldsig.Attribute(conditions, "NotOnOrAfter"))
	}
	for _, a := range orNone(child(asserted, nsSAML, "AttributeStatement")).ChildElements() {
		if xmldsig.Is(a, nsSAML, "Attribute") {
			w.stated[xmldsig.Attribute(a, "AttributeName")] = textOf(a, "AttributeValue")
		}
	}
	for _, d := range query.ChildElements() {
		if xmldsig.Is(d, nsSAML, "AttributeDesignator") {
			w.wanted = append(w.wanted, sts.Attribute{Namespace: xmldsig.Attribute(d, "AttributeNamespace"), Name: xmldsig.Attribute(d, "AttributeName")})
		}
	}
	return w, ""
}

func grantSAML(c *call, w wish, assertion []byte, _ time.Time) []byte {
	return c.samlResponse(w, `<samlp:StatusCode Value="samlp:Success"/>`, string(assertion))
}

func declineSAML(c *call, w wish, why string) reply {
	return c.envelop(c.samlResponse(w, `<samlp:StatusCode Value="samlp:Requester"><samlp:StatusCode Value="samlp:RequestDenied"/></samlp:StatusCode>`+
		`<samlp:StatusMessage>`+why+`</samlp:StatusMessage>`, ""), nil)
}

func (c *call) samlResponse(w wish, status, assertion string) []byte {
	return fmt.Appendf(nil, `<samlp:Response xmlns:samlp="%s" MajorVersion="1" MinorVersion="1" ResponseID="%s"%s IssueInstant="%s">`+
		`<samlp:Status>%s</samlp:Status>%s</samlp:Response>`,
		nsSAMLP, c.id("_"), attributeText(" InResponseTo", w.id), instant(c.now()), status, assertion)
}

// assert makes and signs a token (recipe protocol §3.4). What is wanted and not known is given empty, or false: the platform does not recognise it.
func (c *call) assert(w wish, known map[sts.Attribute]string, now, until time.Time) ([]byte, error) {
	doc := etree.NewDocument()
	root := doc.CreateElement("Assertion")
	root.CreateAttr("xmlns", nsSAML)
	for _, a := range [][2]string{{"MajorVersion", "1"}, {"MinorVersion", "1"}, {"AssertionID", c.id("_")}, {"Issuer", sts.Issuer}, {"IssueInstant", instant(now)}} {
		root.CreateAttr(a[0], a[1])
	}
	conditions := root.CreateElement("Conditions")
	conditions.CreateAttr("NotBefore", instant(earlier(now, until).Add(-5*time.Minute)))
	conditions.CreateAttr("NotOnOrAfter", instant(until))
	authentication := root.CreateElement("AuthenticationStatement")
	authentication.CreateAttr("AuthenticationInstant", instant(now))
	authentication.CreateAttr("AuthenticationMethod", "urn:oasis:names:tc:SAML:1.0:am:X509-PKI")
	subject := authentication.CreateElement("Subject")
	nameOf(subject, w.holder)
	confirmation := subject.CreateElement("SubjectConfirmation")
	confirmation.CreateElement("ConfirmationMethod").SetText(holderOfKey)
	keyInfo(confirmation, w.holder)

	statement := root.CreateElement("AttributeStatement")
	nameOf(statement.CreateElement("Subject"), w.holder)
	for _, a := range w.wanted {
		a, value := lookUp(known, a)
		el := statement.CreateElement("Attribute")
		el.CreateAttr("AttributeName", a.Name)
		el.CreateAttr("AttributeNamespace", a.Namespace)
		el.CreateElement("AttributeValue").SetText(value)
	}
	suite := xmldsig.RSASHA256
	if c.knobs.TokenSHA1 {
		suite = xmldsig.RSASHA1
	}
	signature, err := xmldsig.SignEnveloped(c.pki.sts.key, suite, root)
	if err != nil {
		return nil, err
	}
	keyInfo(signature, c.pki.sts.cert)
	root.AddChild(signature)
	return xmldsig.Text(doc)
}

// lookUp gives an attribute with its value. One without a namespace has that of what is known by its name.
func lookUp(known map[sts.Attribute]string, wanted sts.Attribute) (sts.Attribute, string) {
	for a, value := range known {
		if a.Name == wanted.Name && (wanted.Namespace == "" || wanted.Namespace == a.Namespace) {
			return a, value
		}
	}
	if wanted.Namespace == "" {
		wanted.Namespace = certified
	}
	if strings.HasSuffix(wanted.Name, ":boolean") {
		return wanted, "false"
	}
	return wanted, ""
}

func nameOf(subject *etree.Element, c *x509.Certificate) {
	el := subject.CreateElement("NameIdentifier")
	el.CreateAttr("Format", subjectName)
	el.CreateAttr("NameQualifier", sts.Name(c.RawIssuer))
	el.SetText(sts.Name(c.RawSubject))
}

func keyInfo(parent *etree.Element, c *x509.Certificate) {
	info := parent.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", nsDS)
	info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(c.Raw))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
