package simulator_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/wire"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// raw posts a text to an end point, beside every client of ours.
func (b *bench) raw(url, action string, text []byte) (int, *soap.Message) {
	b.Helper()
	r := httptest.NewRequest(http.MethodPost, url, bytes.NewReader(text))
	r.Header.Set("SOAPAction", `"`+action+`"`)
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	w := httptest.NewRecorder()
	b.sim.ServeHTTP(w, r)
	m, err := soap.Read(w.Body.Bytes(), xmldsig.Limits{})
	if err != nil {
		b.Fatalf("%v: %s", err, w.Body)
	}
	return w.Code, m
}

// fault says which fault a message is: its code and origin, "" for none.
func fault(m *soap.Message) string {
	if m.Fault == nil {
		return ""
	}
	return m.Fault.SOA + " " + m.Fault.Origin
}

func faultOf(err error) string {
	var e *soap.Error
	if errors.As(err, &e) && e.Fault != nil {
		return e.Fault.SOA + " " + e.Fault.Origin
	}
	return fmt.Sprint(err)
}

const (
	notKnown   = "SOA-01001 Consumer"
	notAllowed = "SOA-01002 Consumer"
	notWSDL    = "SOA-03005 Consumer"
	notSchema  = "SOA-03006 Consumer"
)

// What is wrong with a create, and how it is refused: by the gate's fault, the outer status, or the inner one. Nothing is stored.
func TestCreatesThatAreRefused(t *testing.T) {
	const outer, inner = "outer", "inner"
	tampered := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
	}
	for name, c := range map[string]struct {
		change func(b *bench, o *order, p *wire.CreateParam)
		want   string // a fault, outer, or the code of the inner refusal
	}{
		"as it should be": {func(*bench, *order, *wire.CreateParam) {}, ""},
		"a timestamp that has ended": {func(b *bench, o *order, _ *wire.CreateParam) {
			client := *b.soap
			client.Clock = func() time.Time { return b.clock.Now().Add(-61 * time.Second) }
			o.client = &client
		}, notKnown},
		"a timestamp from the future": {func(b *bench, o *order, _ *wire.CreateParam) {
			client := *b.soap
			client.Clock = func() time.Time { return b.clock.Now().Add(2 * time.Minute) }
			o.client = &client
		}, notKnown},
		"a timestamp that lives long, replayed": {func(b *bench, o *order, _ *wire.CreateParam) {
			client := *b.soap
			client.Clock, client.Lifetime = func() time.Time { return b.clock.Now().Add(-6 * time.Minute) }, time.Hour
			o.client = &client
		}, notKnown},
		"another SOAPAction": {func(_ *bench, o *order, _ *wire.CreateParam) { o.action = wire.RevokePrescription.Action() }, notWSDL},
		"no SOAPAction":      {func(_ *bench, o *order, _ *wire.CreateParam) { o.action = "" }, notWSDL},
		"no operation": {func(_ *bench, o *order, _ *wire.CreateParam) {
			o.change = func(b []byte) []byte {
				return bytes.ReplaceAll(b, []byte("CreatePrescriptionRequest"), []byte("ListPrescriptionsRequest"))
			}
		}, notWSDL},
		"an attribute missing": {func(_ *bench, o *order, _ *wire.CreateParam) { o.change = tampered(`ProgramId="test/1"`, "") }, notSchema},
		"an attribute too many": {func(_ *bench, o *order, _ *wire.CreateParam) {
			o.change = tampered(`ProgramId=`, `Program="x" ProgramId=`)
		}, notSchema},
		"a moment that is none": {func(_ *bench, o *order, _ *wire.CreateParam) {
			o.change = tampered(`IssueInstant="2026`, `IssueInstant="soon 2026`)
		}, notSchema},
		"an Id that is none": {func(_ *bench, o *order, _ *wire.CreateParam) { o.change = tampered(`Id="id-1"`, `Id="1 2"`) }, notSchema},
		"no information":     {func(_ *bench, o *order, _ *wire.CreateParam) { o.info = nil }, notSchema},
		"elements in other order": {func(_ *bench, o *order, _ *wire.CreateParam) {
			o.change = func(b []byte) []byte {
				i, j := bytes.Index(b, []byte("<PrescriptionVersion>")), bytes.Index(b, []byte("<ReferenceSourceVersion>"))
				k := bytes.Index(b, []byte("<KeyIdentifier>"))
				return bytes.Join([][]byte{b[:i], b[j:k], b[i:j], b[k:]}, nil)
			}
		}, notSchema},
		"text between elements": {func(_ *bench, o *order, _ *wire.CreateParam) {
			o.change = tampered("<AdministrativeInformation>", "x<AdministrativeInformation>")
		}, notSchema},

		"sealed for somebody else": {func(b *bench, o *order, _ *wire.CreateParam) { o.to = b.pki.Pharmacy().Decryption[0].Certificate }, outer},
		"sealed by somebody else":  {func(b *bench, o *order, _ *wire.CreateParam) { o.sealer.Sender = b.pki.Pharmacy().Signing }, outer},
		"sealed by a stranger": {func(b *bench, o *order, _ *wire.CreateParam) {
			o.sealer.Sender = etee.Credential{Key: pkitest.RSA("stranger", 2048), Chain: one(pkitest.Issue("stranger", nil).Cert)}
		}, outer},
		"a seal of yesterday": {func(b *bench, o *order, _ *wire.CreateParam) {
			o.sealer.Clock = func() time.Time { return b.clock.Now().Add(-11 * time.Minute) }
		}, outer},
		"no key for the answer": {func(_ *bench, _ *order, p *wire.CreateParam) { p.SymmKey = wire.SymmKey{} }, outer},

		"an unknown type": {func(_ *bench, o *order, p *wire.CreateParam) {
			p.PrescriptionType, o.info.PrescriptionType = "P9", "P9"
		}, "ERR900005"},
		"two types":             {func(_ *bench, o *order, _ *wire.CreateParam) { o.info.PrescriptionType = "P1" }, "ERR910005"},
		"two keys":              {func(_ *bench, o *order, _ *wire.CreateParam) { o.info.KeyID = "QUJD" }, "ERR910006"},
		"an unknown version":    {func(_ *bench, o *order, _ *wire.CreateParam) { o.info.PrescriptionVersion = "2.0" }, "ERR910004"},
		"a past expiry":         {func(_ *bench, _ *order, p *wire.CreateParam) { p.ExpirationDate = "2026-11-22" }, "ERR900008"},
		"an expiry too far":     {func(_ *bench, _ *order, p *wire.CreateParam) { p.ExpirationDate = "2027-11-23" }, "ERR900009"},
		"an expiry of no form":  {func(_ *bench, _ *order, p *wire.CreateParam) { p.ExpirationDate = "22/02/2027" }, "ERR910007"},
		"no expiry":             {func(_ *bench, _ *order, p *wire.CreateParam) { p.ExpirationDate = "" }, "ERR900007"},
		"no patient":            {func(_ *bench, _ *order, p *wire.CreateParam) { p.PatientID = "" }, "ERR900004"},
		"a patient of no form":  {func(_ *bench, _ *order, p *wire.CreateParam) { p.PatientID = "85073003428" }, "ERR910003"},
		"another prescriber":    {func(_ *bench, _ *order, p *wire.CreateParam) { p.PrescriberID = "10012378004" }, "ERR910002"},
		"a vision of a patient": {func(_ *bench, _ *order, p *wire.CreateParam) { p.Vision = "29999915-PHARMACY.NIHII" }, "ERR910008"},
		"no content":            {func(_ *bench, _ *order, p *wire.CreateParam) { p.Prescription = nil }, "ERR900006"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, pki())
			o, p := b.creation([]byte("<kmehrmessage/>"))
			c.change(b, o, p)
			var result wire.CreateResult
			response, err := b.send(o, &result)
			got := ""
			switch {
			case err != nil:
				got = faultOf(err)
			case response.Secured == nil:
				if got = outer; response.Status.Good() || response.Status.Message == "" {
					t.Errorf("a good status, or one that says nothing: %v", response.Status.Codes)
				}
			case !result.Status.Good():
				got = string(result.Status.In("FR")[1:10])
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			truth, err := b.world.Truth(monday)
			b.must(err)
			if stored := len(truth.Records); stored != map[bool]int{true: 1, false: 0}[c.want == ""] {
				t.Errorf("%d records are stored", stored)
			}
		})
	}
}

// What is wrong with the security of a message that is otherwise good.
func TestMessagesThatAreNotKnown(t *testing.T) {
	b := newBench(t, pki())
	o, _ := b.creation([]byte("<kmehrmessage/>"))
	envelope := b.envelope(o, o.token.Security())
	other := newBench(t, freshPKI("other platform ")) // another platform, whose doctor has the same number
	for name, c := range map[string]struct {
		text func() []byte
		want string
	}{
		"as it should be": {func() []byte { return envelope }, ""},
		"a changed body":  {func() []byte { return bytes.Replace(envelope, []byte("test/1"), []byte("test/2"), 1) }, notKnown},
		"no security":     {func() []byte { return b.envelope(o, nil) }, notKnown},
		"by certificate": {func() []byte {
			return b.envelope(o, soap.X509{Key: b.me.Signing.Key, Certificate: b.me.Signing.Chain[0]})
		}, notKnown},
		"a changed token": {func() []byte { return bytes.Replace(envelope, []byte(">19999915004<"), []byte(">10012378004<"), 1) }, notKnown},
		"another's token": {func() []byte { return b.envelope(o, other.token().Security()) }, notKnown},
		"no XML":          {func() []byte { return []byte("<a") }, "SOA-03001 Consumer"},
		"no SOAP":         {func() []byte { return []byte("<a/>") }, "SOA-03002 Consumer"},
		"two bodies": {func() []byte {
			return bytes.Replace(envelope, []byte("</soapenv:Body>"), []byte("</soapenv:Body><soapenv:Body/>"), 1)
		}, "SOA-03002 Consumer"},
		"a document type":  {func() []byte { return append([]byte("<!DOCTYPE a>"), envelope...) }, "SOA-03001 Consumer"},
		"a key of another": {func() []byte { return b.signedByAnother(o) }, notKnown},
	} {
		_, m := b.raw(b.ends.Prescriber, o.action, c.text())
		if got := fault(m); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	b.clock.wait(25 * time.Hour)
	if _, m := b.raw(b.ends.Prescriber, o.action, b.envelope(o, o.token.Security())); fault(m) != notKnown {
		t.Errorf("a token that has ended: %q", fault(m))
	}
}

// A token that somebody else than the STS signed opens nothing, whatever certificate below the authority did it.
func TestTokensOfNoSTS(t *testing.T) {
	b := newBench(t, pki())
	o, _ := b.creation([]byte("<kmehrmessage/>"))
	forged := func(by simulator.Holder, change func(assertion *etree.Element)) soap.SAML {
		doc, err := xmldsig.Parse(o.token.Security().Assertion, xmldsig.Limits{})
		b.must(err)
		root := doc.Root()
		root.RemoveChild(root.SelectElement("Signature"))
		change(root)
		signature, err := xmldsig.SignEnveloped(by.Signing.Key, xmldsig.RSASHA256, root)
		b.must(err)
		data := signature.CreateElement("ds:KeyInfo")
		data.CreateAttr("xmlns:ds", xmldsig.Namespace)
		data.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(by.Signing.Chain[0].Raw))
		root.AddChild(signature)
		text, err := xmldsig.Text(doc)
		b.must(err)
		return soap.SAML{Key: b.me.Signing.Key, Assertion: text}
	}
	for name, change := range map[string]func(*etree.Element){
		"as it was": func(*etree.Element) {},
		"a number": func(el *etree.Element) {
			for _, value := range el.FindElements("//AttributeValue") {
				if value.Text() == "19999915004" {
					value.SetText("10012378004")
				}
			}
		},
		"ten years": func(el *etree.Element) {
			el.FindElement("Conditions").CreateAttr("NotOnOrAfter", "2036-11-23T09:40:00Z")
		},
		"an issuer": func(el *etree.Element) { el.CreateAttr("Issuer", "urn:evil") },
	} {
		for _, by := range []simulator.Holder{b.pki.Doctor(), b.pki.Pharmacy()} {
			if _, m := b.raw(b.ends.Prescriber, o.action, b.envelope(o, forged(by, change))); fault(m) != notKnown {
				t.Errorf("%s, by %s: %q", name, by.ID.Type, fault(m))
			}
		}
	}
	security := forged(b.pki.Doctor(), func(*etree.Element) {})
	if _, m := b.raw(b.ends.KGSS, "", b.sealedMessage("GetKey", "<x/>", security)); fault(m) != notKnown {
		t.Errorf("the KGSS: %q", fault(m))
	}
}

// envelope is the message of a call.
func (b *bench) envelope(o *order, security soap.Security) []byte {
	b.Helper()
	plain, err := o.op.EncodeParam(o.param)
	b.must(err)
	o.sealer.Clock = b.clock.Now
	sealed, err := o.sealer.Seal(plain, etee.Recipients{Known: one(o.to)})
	b.must(err)
	body, err := wire.Request{Operation: o.op, ID: o.id, IssueInstant: wire.DateTime{Time: b.clock.Now()}, ProgramID: "test/1", Secured: sealed, Administrative: o.info}.Encode()
	b.must(err)
	text, err := soap.Signer{Security: security, Clock: b.clock.Now}.Build(body)
	b.must(err)
	return text
}

// signedByAnother carries the doctor's token, and is signed with a key that it does not confirm.
func (b *bench) signedByAnother(o *order) []byte {
	b.Helper()
	ours := o.token.Security()
	pharmacy := b.pki.Pharmacy()
	_, err := soap.Signer{Security: soap.SAML{Key: pharmacy.Signing.Key, Assertion: ours.Assertion}, Clock: b.clock.Now}.Build([]byte("<x/>"))
	if err == nil {
		b.Fatal("our own signer takes a key that is not the token's")
	}
	// By hand: the doctor's envelope, its SignedInfo signed again by the pharmacy.
	doc, err := xmldsig.Parse(b.envelope(o, ours), xmldsig.Limits{})
	b.must(err)
	security := doc.FindElement("//Security")
	old := security.SelectElement("Signature")
	info := old.SelectElement("KeyInfo").Copy()
	security.RemoveChild(old)
	again, err := xmldsig.Sign(pharmacy.Signing.Key, xmldsig.RSASHA256, doc.FindElement("//Timestamp"), doc.FindElement("//Body"))
	b.must(err)
	again.AddChild(info)
	security.AddChild(again)
	text, err := xmldsig.Text(doc)
	b.must(err)
	return text
}

// The session of somebody who is no doctor opens no door of the prescribers.
func TestNoDoctor(t *testing.T) {
	b := newBench(t, pki())
	o, _ := b.creation([]byte("<kmehrmessage/>"))
	b.as(b.pki.Pharmacy(), b.clients())
	assertion := b.assertion(b.me, nil)
	_, m := b.raw(b.ends.Prescriber, o.action, b.envelope(o, soap.SAML{Key: b.me.Signing.Key, Assertion: assertion}))
	if fault(m) != notAllowed {
		t.Errorf("%q", fault(m))
	}
}

func (b *bench) clients() *x509.CertPool { return trust.SimulatedPool(b.pki.Authority()) }

// assertion asks for a token by hand: the claims of a pharmacy, or others.
func (b *bench) assertion(holder simulator.Holder, claims map[string]string) []byte {
	b.Helper()
	if claims == nil {
		claims = map[string]string{
			"urn:be:fgov:ehealth:1.0:certificateholder:pharmacy:nihii-number":          holder.ID.Value,
			"urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean": "",
		}
	}
	m := b.askToken(holder, claims)
	assertion := m.Content.FindElement("//Assertion")
	if assertion == nil {
		b.Fatalf("no token: %s", fault(m))
	}
	text, err := xmldsig.Standalone(assertion)
	b.must(err)
	return text
}

func (b *bench) askToken(holder simulator.Holder, claims map[string]string, more ...string) *soap.Message {
	b.Helper()
	var list strings.Builder
	for name, value := range claims {
		if value != "" {
			value = "<a:Value>" + value + "</a:Value>"
		}
		fmt.Fprintf(&list, `<a:ClaimType Uri="%s">%s</a:ClaimType>`, name, value)
	}
	const trustNS = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	body := fmt.Sprintf(`<t:RequestSecurityToken xmlns:t="%s" xmlns:a="http://docs.oasis-open.org/wsfed/authorization/200706" Context="c">`+
		`<t:RequestType>%[1]s/Issue</t:RequestType><t:TokenType>http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1</t:TokenType>`+
		`<t:Claims Dialect="http://docs.oasis-open.org/wsfed/authorization/200706/authclaims">%s</t:Claims>`+
		`<t:KeyType>http://docs.oasis-open.org/ws-sx/wstrust/200512/PublicKey</t:KeyType>%s<t:UseKey>`+
		`<s:SecurityTokenReference xmlns:s="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">`+
		`<d:X509Data xmlns:d="http://www.w3.org/2000/09/xmldsig#"><d:X509Certificate>%s</d:X509Certificate></d:X509Data></s:SecurityTokenReference></t:UseKey></t:RequestSecurityToken>`,
		trustNS, list.String(), strings.Join(more, ""), base64.StdEncoding.EncodeToString(holder.Signing.Chain[0].Raw))
	text, err := soap.Signer{Security: soap.X509{Key: holder.Signing.Key, Certificate: holder.Signing.Chain[0]}, Clock: b.clock.Now}.Build([]byte(body))
	b.must(err)
	_, m := b.raw(b.ends.STS, "urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken", text)
	return m
}

// Records of another prescriber are unknown to everybody else, unless the knob says otherwise.
func TestForeignRIDs(t *testing.T) {
	for name, knobs := range map[string]simulator.Knobs{"strict": {}, "lenient": {ForeignRIDs: true}} {
		b := newBench(t, pki(), func(o *simulator.Options) { o.Knobs = knobs })
		rid := b.created([]byte("<kmehrmessage/>"))
		colleague := b.stranger(t, "80010100107")
		b.sim.Admit(simulator.Person{SSIN: "80010100107", NIHII: "10012378004", Profession: "doctor"})
		b.as(colleague, b.clients())
		var refused, lists int
		for _, c := range b.calls(rid) {
			k := b.symm()
			var info *wire.Administrative
			if c.op == wire.PutVision {
				info = &wire.Administrative{PrescriptionVersion: "1.28", ReferenceSourceVersion: "Unknown"}
			}
			_, err := b.send(b.order(c.op, k, c.param(k), info), c.result)
			b.must(err)
			if !c.result.Told().Good() {
				refused++
			}
			switch r := c.result.(type) {
			case *wire.OpenRidsResult:
				lists += len(r.RIDs)
			case *wire.RidsHistoryResult:
				lists += len(r.Items)
			}
		}
		if want := map[string]int{"strict": 5, "lenient": 2}[name]; refused != want || lists != 0 {
			t.Errorf("%s: %d operations refused, %d listed", name, refused, lists)
		}
	}
}

// stranger is somebody with a certificate of the bench's platform.
func (b *bench) stranger(t testing.TB, ssin string) simulator.Holder {
	t.Helper()
	h, err := b.pki.Enrol(etk.Identifier{Type: "SSIN", Value: ssin}, "TEST DOCTOR")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Access lists are kept: whoever is not on the list of a key, or is excluded, does not get it.
func TestAccessLists(t *testing.T) {
	b := newBench(t, pki())
	const ns = `urn:be:fgov:certified-namespace:ehealth`
	const number = "urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11"
	reader := func(space, name, value string) string {
		return `<Namespace>` + space + `</Namespace><Name>` + name + `</Name><Value>` + value + `</Value>`
	}
	patient := reader("urn:be:fgov:identification-namespace", "urn:be:fgov:person:ssin", string(marie))
	doctor := map[string]string{"urn:be:fgov:person:ssin": b.me.ID.Value, number: ""}
	for name, c := range map[string]struct {
		allowed, excluded string
		claims            map[string]string
		given             bool
	}{
		"any doctor":                    {reader(ns, number, ""), "", doctor, true},
		"this doctor":                   {reader(ns, number, "19999915004"), "", doctor, true},
		"another doctor":                {reader(ns, number, "10012378004"), "", doctor, false},
		"the same in another namespace": {reader("urn:x", number, "19999915004"), "", doctor, false},
		"the patient alone":             {patient, "", doctor, false},
		"a doctor who does not say so":  {reader(ns, number, ""), "", map[string]string{"urn:be:fgov:person:ssin": b.me.ID.Value}, false},
		"recognised as nothing":         {reader(ns, "urn:be:fgov:person:ssin:ehealth:1.0:nihii:nurse:nihii11", ""), "", map[string]string{"urn:be:fgov:person:ssin": b.me.ID.Value, "urn:be:fgov:person:ssin:ehealth:1.0:nihii:nurse:nihii11": ""}, false},
		"excluded":                      {reader(ns, number, ""), reader(ns, number, "19999915004"), doctor, false},
		"another is excluded":           {reader(ns, number, ""), reader(ns, number, "10012378004"), doctor, true},
	} {
		content := `<GetNewKeyRequestContent xmlns="urn:be:fgov:ehealth:etee:kgss:1_0:protocol"><AllowedReader>` + c.allowed + `</AllowedReader>`
		if c.excluded != "" {
			content += `<ExludedReader>` + c.excluded + `</ExludedReader>`
		}
		id := b.sealedAsk("GetNewKey", content+`<ETK>`+base64.StdEncoding.EncodeToString(b.me.ETK)+`</ETK></GetNewKeyRequestContent>`, nil, "NewKeyIdentifier")
		token := soap.SAML{Key: b.me.Signing.Key, Assertion: b.assertion(b.me, c.claims)}
		key := b.sealedAsk("GetKey", `<GetKeyRequestContent xmlns="urn:be:fgov:ehealth:etee:kgss:1_0:protocol"><KeyIdentifier>`+id+`</KeyIdentifier><ETK>`+
			base64.StdEncoding.EncodeToString(b.me.ETK)+`</ETK></GetKeyRequestContent>`, token, "Key")
		if id == "" || (key != "") != c.given {
			t.Errorf("%s: given %t, want %t", name, key != "", c.given)
		}
	}
	unknown := b.sealedAsk("GetKey", `<GetKeyRequestContent xmlns="urn:be:fgov:ehealth:etee:kgss:1_0:protocol"><KeyIdentifier>QUJD</KeyIdentifier><ETK>`+
		base64.StdEncoding.EncodeToString(b.me.ETK)+`</ETK></GetKeyRequestContent>`, soap.SAML{Key: b.me.Signing.Key, Assertion: b.assertion(b.me, doctor)}, "Key")
	if unknown != "" {
		t.Error("a key that nobody made")
	}
	valid(t, map[string][][]byte{schemaKGSS: b.inner})
}

// sealedAsk sends a content to the KGSS by hand and gives the text of an element of the answer, "" when it was refused.
func (b *bench) sealedAsk(op, content string, security soap.Security, field string) string {
	b.Helper()
	_, m := b.raw(b.ends.KGSS, "", b.sealedMessage(op, content, security))
	answer := m.Content.FindElement("//SealedContent")
	if answer == nil {
		if m.Fault != nil || m.Content.FindElement("//Error/Code") == nil {
			b.Errorf("%s: no answer of the KGSS: %s", op, fault(m))
		}
		return ""
	}
	der, err := xmldsig.Base64(answer)
	b.must(err)
	plain, verdict := b.kgss.Unsealer.Unseal(der)
	if !verdict.Accepted {
		b.Fatalf("%v", verdict.Errors)
	}
	b.inner = append(b.inner, plain)
	doc, err := xmldsig.Parse(plain, xmldsig.Limits{})
	b.must(err)
	return doc.FindElement("//" + field).Text()
}

// sealedMessage is a message to the KGSS by hand.
func (b *bench) sealedMessage(op, content string, security soap.Security) []byte {
	b.Helper()
	kgss, err := b.depot.Token(context.Background(), simulator.KGSSID)
	b.must(err)
	sealed, err := b.kgss.Sealer.Seal([]byte(content), etee.Recipients{Known: one(kgss.Encryption)})
	b.must(err)
	inside := strings.Replace(op, "Get", "", 1)
	body := fmt.Sprintf(`<%sRequest xmlns="urn:be:fgov:ehealth:etee:kgss:1_0:protocol"><Sealed%sRequest><SealedContent>%s</SealedContent></Sealed%sRequest></%sRequest>`,
		op, inside, base64.StdEncoding.EncodeToString(sealed), inside, op)
	text, err := soap.Signer{Security: security, Clock: b.clock.Now}.Build([]byte(body))
	b.must(err)
	return text
}

// The STS gives nothing to whoever is not the one.
func TestTokensThatAreRefused(t *testing.T) {
	b := newBench(t, pki())
	m := b.askToken(b.me, map[string]string{"urn:be:fgov:person:ssin": string(marie)})
	if m.Fault == nil || m.Fault.Code != "RequestFailed" {
		t.Errorf("the number of another: %s", fault(m))
	}
	if m := b.askToken(b.me, map[string]string{"urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11": "19999915004"}); m.Fault != nil {
		t.Errorf("the holder's own number, stated: %s", m.Fault.String)
	}
	if m := b.askToken(b.me, map[string]string{"urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11": "10012378004"}); m.Fault == nil {
		t.Error("another's number, stated")
	}
	const lifetime = `<t:Lifetime xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">` +
		`<u:Created>2026-11-23T09:40:00Z</u:Created><u:Expires>2026-11-23T%s:40:00Z</u:Expires></t:Lifetime>`
	for hour, refused := range map[string]bool{"10": false, "08": true, "09": true} {
		if m := b.askToken(b.me, map[string]string{"urn:be:fgov:person:ssin": ""}, fmt.Sprintf(lifetime, hour)); (m.Fault != nil) != refused {
			t.Errorf("a lifetime from 09:40 to %s:40: %s", hour, fault(m))
		}
	}
	b.sts.Form, b.sts.URL = sts.SAMLP, strings.Replace(b.ends.STSLegacy, "/v1", "/Legacy/v1", 1)
	b.token()
	stranger := pkitest.Issue("stranger", nil)
	m = b.askToken(simulator.Holder{Signing: etee.Credential{Key: stranger.Key, Chain: one(stranger.Cert)}}, map[string]string{"urn:be:fgov:person:ssin": ""})
	if fault(m) != notKnown {
		t.Errorf("a certificate of no authority of ours: %s", fault(m))
	}
	token := b.assertion(b.stranger(t, "80010100107"), map[string]string{"urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11": "", "urn:be:fgov:person:ssin:doctor:boolean": ""})
	if !bytes.Contains(token, []byte("<AttributeValue></AttributeValue>")) && !bytes.Contains(token, []byte("<AttributeValue/>")) || !bytes.Contains(token, []byte(">false<")) {
		t.Error("somebody whom the platform does not know is recognised")
	}
}

// Clients below a test authority are let in when it is given, and never below one of the real platform.
func TestTrust(t *testing.T) {
	ca := pkitest.Issue("test authority", nil, pkitest.CA)
	doctor := pkitest.Issue("outside doctor", &ca, subjectOf("SSIN=80010100107"))
	me := simulator.Holder{Signing: etee.Credential{Key: doctor.Key, Chain: []*x509.Certificate{doctor.Cert, ca.Cert}}}
	claims := map[string]string{"urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11": ""}
	closed := newBench(t, pki())
	if m := closed.askToken(me, claims); fault(m) != notKnown {
		t.Errorf("without trust: %s", fault(m))
	}
	open := newBench(t, pki(), func(o *simulator.Options) { o.Trust = one(ca.Cert) })
	if token := open.assertion(me, claims); bytes.Contains(token, []byte("<AttributeValue/>")) {
		t.Error("a doctor below a test authority is not recognised")
	}
	for name, c := range map[string]pkitest.Holder{
		"real":         pkitest.Issue("ZETES TSP", nil, pkitest.CA),
		"no authority": doctor,
	} {
		if _, err := simulator.New(world.New(nil), pki(), simulator.Options{Trust: one(c.Cert)}); !errors.Is(err, simulator.ErrRealAuthority) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func subjectOf(number string) pkitest.Change {
	return func(c *x509.Certificate) {
		c.Subject.Organization, c.Subject.CommonName = []string{"Federal Government"}, number
		c.Subject.OrganizationalUnit = []string{"eHealth-platform Belgium", number, "TEST DOCTOR"}
	}
}
