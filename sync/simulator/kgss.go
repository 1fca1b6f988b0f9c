package simulator

import (
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/simulator/world"
)

const nsKGSS = "urn:be:fgov:ehealth:etee:kgss:1_0:protocol"

var (
	newKeyShape = once(nsKGSS, "GetNewKeyRequest", elements, once(nsKGSS, "SealedNewKeyRequest", elements, once(nsKGSS, "SealedContent", octets)))
	getKeyShape = once(nsKGSS, "GetKeyRequest", elements, once(nsKGSS, "SealedKeyRequest", elements, once(nsKGSS, "SealedContent", octets)))

	readerParts = []shape{once(nsKGSS, "Namespace", word), once(nsKGSS, "Name", word), once(nsKGSS, "Value", word).times(0, 0)}

	newKeyContentShape = once(nsKGSS, "GetNewKeyRequestContent", elements,
		once(nsKGSS, "AllowedReader", elements, readerParts...).times(1, 0),
		once(nsKGSS, "ExludedReader", elements, readerParts...).times(0, 0), // sic
		once(nsKGSS, "ETK", octets), once(nsKGSS, "DeletionStrategy", elements).optional())
	getKeyContentShape = once(nsKGSS, "GetKeyRequestContent", elements, once(nsKGSS, "KeyIdentifier", octets), once(nsKGSS, "ETK", octets))
)

// kgss is the key service (recipe protocol §2.5): GetNewKey, where the seal tells who asks, and GetKey, with a token.
func (s *Simulator) kgss(c *call) reply {
	content := c.content()
	switch {
	case xmldsig.Is(content, nsKGSS, "GetNewKeyRequest"):
		if wrong := newKeyShape.fits(content); wrong != "" {
			return c.fault(soaNotSchema, "["+wrong+"]")
		}
		return c.getNewKey(child(content, nsKGSS, "SealedNewKeyRequest"))
	case xmldsig.Is(content, nsKGSS, "GetKeyRequest"):
		verified, refused := c.authenticated(true)
		if verified == nil {
			return refused
		}
		if wrong := getKeyShape.fits(verified.Content); wrong != "" {
			return c.fault(soaNotSchema, "["+wrong+"]")
		}
		return c.getKey(verified, child(verified.Content, nsKGSS, "SealedKeyRequest"))
	}
	return c.fault(soaNotWSDL, "[no operation of the KGSS]")
}

// question is what was sealed for the KGSS, opened.
type question struct {
	content *etree.Element
	sender  *x509.Certificate
	answer  *x509.Certificate // for whom the answer is to be sealed
}

// opened reads what was sealed for the KGSS; not ok: the refusal says why.
func (c *call) opened(o kgssAnswer, sealed *etree.Element, content shape) (q question, refused reply, ok bool) {
	bytes, err := xmldsig.Base64(child(sealed, nsKGSS, "SealedContent"))
	if err != nil {
		return q, c.fault(soaNotSchema, "[SealedContent]"), false
	}
	if c.fate.Protocol == world.Rotated {
		if err := c.pki.rotate(c.pki.kgss); err != nil {
			return q, c.fault(soaUnspecified, ""), false
		}
	}
	plain, verdict, why := c.unseal(c.pki.kgss, bytes)
	if why != "" {
		return q, c.kgssAnswer(o, "300", "SEAL_REFUSED", why, nil), false
	}
	doc, err := xmldsig.Parse(plain, xmldsig.Limits{})
	if err != nil {
		return q, c.kgssAnswer(o, "300", "CONTENT_INVALID", "the content is no XML", nil), false
	}
	if wrong := content.fits(doc.Root()); wrong != "" {
		return q, c.kgssAnswer(o, "300", "CONTENT_INVALID", wrong, nil), false
	}
	q = question{content: doc.Root(), sender: verdict.Certificate}
	own, err := xmldsig.Base64(child(doc.Root(), nsKGSS, "ETK"))
	token := &etk.Token{}
	if err == nil {
		token, err = etk.Parse(own)
	}
	if err != nil || len(token.Check(etk.Anchors{Authority: c.clients, Holders: c.clients}, c.now())) > 0 {
		return q, c.kgssAnswer(o, "300", "ETK_INVALID", "the encryption token for the answer is not trusted", nil), false
	}
	q.answer = token.Encryption
	c.takeIn(q, own)
	return q, reply{}, true
}

// takeIn puts the encryption token of a holder whom the depot does not know into it, so that others can seal for them: that of
// a client below a test authority, whom nobody published.
func (c *call) takeIn(q question, token []byte) {
	sender, ok := identifierOf(q.sender)
	if holder, ok2 := identifierOf(q.answer); ok && ok2 && holder == sender && c.pki.token(holder) == nil {
		_, _ = c.pki.Publish(token) // it was judged
	}
}

// getNewKey makes a key and keeps the list of those who may read it.
func (c *call) getNewKey(sealed *etree.Element) reply {
	q, refused, ok := c.opened(newKeyAnswer, sealed, newKeyContentShape)
	if !ok {
		return refused
	}
	access := world.Access{Allowed: readersOf(q.content, "AllowedReader"), Excluded: readersOf(q.content, "ExludedReader")}
	answer, heard := c.through(rx.Call{Op: rx.OpNewKey, Patient: patientOf(access)}, "")
	switch {
	case !heard:
		return reply{}
	case !answer.OK():
		return c.kgssAnswer(newKeyAnswer, "300", "NO_KEY", answer.Problem.Messages[rx.EN], nil)
	}
	id, err := base64.StdEncoding.DecodeString(string(answer.Key.ID))
	if err == nil {
		err = c.world.Grant(answer.Key.ID, access)
	}
	if err != nil {
		return reply{}
	}
	return c.kgssSealed(newKeyAnswer, q.answer, map[string][]byte{"NewKeyIdentifier": id, "NewKey": answer.Key.Secret})
}

// getKey gives a key to somebody on its list.
func (c *call) getKey(verified *soap.Verified, sealed *etree.Element) reply {
	q, refused, ok := c.opened(keyAnswer, sealed, getKeyContentShape)
	switch {
	case !ok:
		return refused
	case !q.sender.Equal(verified.Certificate):
		return c.kgssAnswer(keyAnswer, "300", "SEAL_REFUSED", "the seal is not that of the session's holder", nil)
	}
	raw, err := xmldsig.Base64(child(q.content, nsKGSS, "KeyIdentifier"))
	if err != nil {
		return c.kgssAnswer(keyAnswer, "300", "CONTENT_INVALID", "KeyIdentifier", nil)
	}
	id := rx.KeyID(base64.StdEncoding.EncodeToString(raw))
	key, _, err := c.world.Key(id)
	access, err2 := c.world.Access(id)
	has := func(a sts.Attribute) []string { return valuesOf(verified.Assertion.Element, a) }
	if err != nil || err2 != nil || c.fate.Twist.Refuse || !listless(access) && !admits(access, has) { // whether there is such a key is for its readers
		return c.kgssAnswer(keyAnswer, "300", "NOT_ALLOWED", "no key that this reader may have", nil)
	}
	return c.kgssSealed(keyAnswer, q.answer, map[string][]byte{"Key": key.Secret})
}

// patientOf gives the person on an access list, whose key it is.
func patientOf(a world.Access) rx.SSIN {
	for _, r := range a.Allowed {
		if r.Namespace == personSSIN.Namespace && r.Name == personSSIN.Name && len(r.Values) > 0 {
			return rx.SSIN(r.Values[0])
		}
	}
	return "nobody" // a key for something else than prescriptions
}

// admits tells whether a list lets in whoever has these attributes.
func admits(a world.Access, has func(sts.Attribute) []string) bool {
	on := func(list []world.Reader) bool {
		return slices.ContainsFunc(list, func(r world.Reader) bool {
			return slices.ContainsFunc(has(sts.Attribute{Namespace: r.Namespace, Name: r.Name}), func(value string) bool {
				if value == "" {
					return false // the platform does not recognise it
				}
				return len(r.Values) == 0 || slices.Contains(r.Values, value) || slices.Contains(r.Values, "")
			})
		})
	}
	return on(a.Allowed) && !on(a.Excluded)
}

func readersOf(el *etree.Element, name string) (list []world.Reader) {
	for _, c := range el.ChildElements() {
		if c.Tag != name {
			continue
		}
		r := world.Reader{Namespace: textOf(c, "Namespace"), Name: textOf(c, "Name")}
		for _, v := range c.ChildElements() {
			if v.Tag == "Value" {
				r.Values = append(r.Values, strings.TrimSpace(v.Text()))
			}
		}
		list = append(list, r)
	}
	return list
}

// valuesOf gives the values of an attribute in a token.
func valuesOf(assertion *etree.Element, a sts.Attribute) (values []string) {
	for _, statement := range assertion.ChildElements() {
		if !xmldsig.Is(statement, nsSAML, "AttributeStatement") {
			continue
		}
		for _, el := range statement.ChildElements() {
			if xmldsig.Attribute(el, "AttributeName") != a.Name || xmldsig.Attribute(el, "AttributeNamespace") != a.Namespace {
				continue
			}
			for _, v := range el.ChildElements() {
				values = append(values, strings.TrimSpace(v.Text()))
			}
		}
	}
	return values
}

// kgssAnswer names the elements of an answer.
type kgssAnswer struct {
	outer, sealed, content string
	fields                 []string // in their order
}

var (
	newKeyAnswer = kgssAnswer{"GetNewKeyResponse", "SealedNewKeyResponse", "GetNewKeyResponseContent", []string{"NewKeyIdentifier", "NewKey"}}
	keyAnswer    = kgssAnswer{"GetKeyResponse", "SealedKeyResponse", "GetKeyResponseContent", []string{"Key"}}
)

// kgssSealed seals an answer.
func (c *call) kgssSealed(o kgssAnswer, to *x509.Certificate, values map[string][]byte) reply {
	doc := etree.NewDocument()
	root := doc.CreateElement(o.content)
	root.CreateAttr("xmlns", nsKGSS)
	for _, field := range o.fields {
		root.CreateElement(field).SetText(base64.StdEncoding.EncodeToString(values[field]))
	}
	plain, err := xmldsig.Text(doc)
	if err != nil {
		return c.fault(soaUnspecified, "")
	}
	sealed, err := c.seal(c.pki.kgss, plain, etee.Recipients{Known: []*x509.Certificate{to}})
	if err != nil {
		return c.fault(soaUnspecified, "")
	}
	return c.kgssAnswer(o, "200", "", "", sealed)
}

// seal seals in the name of somebody who lives in the simulation.
func (c *call) seal(by *Holder, plain []byte, to etee.Recipients) ([]byte, error) {
	return etee.Sealer{Policy: etee.EHealthCertificate, Sender: by.Signing, Clock: c.now, Rand: c.rand}.Seal(plain, to)
}

// kgssAnswer is an answer of the KGSS: its status and errors have no namespace, the rest has.
func (c *call) kgssAnswer(o kgssAnswer, status, refusal, detail string, sealed []byte) reply {
	doc := etree.NewDocument()
	root := doc.CreateElement("k:" + o.outer)
	root.CreateAttr("xmlns:k", nsKGSS)
	root.CreateAttr("Id", c.id("_"))
	st := root.CreateElement("Status")
	st.CreateElement("Code").SetText(status)
	st.CreateElement("Message").SetText(map[bool]string{true: "Success", false: "Refused"}[refusal == ""])
	if refusal != "" {
		el := root.CreateElement("Error")
		el.CreateElement("Code").SetText(refusal)
		message := el.CreateElement("Message")
		message.CreateAttr("Lang", "EN")
		message.SetText(detail)
	}
	if sealed != nil {
		root.CreateElement("k:" + o.sealed).CreateElement("k:SealedContent").SetText(base64.StdEncoding.EncodeToString(sealed))
	}
	return c.envelop(xmldsig.Text(doc))
}

// kgssRefused is the outer refusal of the KGSS.
func (s *Simulator) kgssRefused(c *call) reply {
	o := newKeyAnswer
	if xmldsig.Is(c.content(), nsKGSS, "GetKeyRequest") {
		o = keyAnswer
	}
	return c.kgssAnswer(o, "500", "TECHNICAL", "refused by the fault plan", nil)
}
