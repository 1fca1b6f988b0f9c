package sts_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
)

// Numbers of invented people.
const (
	ssin  = "79021802145"
	nihii = "10012378004"
)

// world is an STS with its own PKI, a doctor, and somebody else.
type world struct {
	t                *testing.T
	ca, stsCA        pkitest.Holder
	sts              pkitest.Holder // signs tokens
	doctor, stranger pkitest.Holder
	now, serverNow   time.Time

	mu       sync.Mutex
	url      string
	requests []string // envelopes
	actions  []string
	answer   func(content *etree.Element, id string) (status int, body string)
}

func newWorld(t *testing.T) *world {
	w := newWorldWithoutServer(t)
	server := httptest.NewServer(http.HandlerFunc(w.serve))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func newWorldWithoutServer(t *testing.T) *world {
	w := &world{t: t, now: pkitest.Now, serverNow: pkitest.Now}
	w.ca = pkitest.Issue("ca", nil, pkitest.CA)
	w.stsCA = pkitest.Issue("sts ca", nil, pkitest.CA)
	w.sts = pkitest.Issue("sts", &w.stsCA)
	w.doctor = pkitest.Issue("doctor", &w.ca, subject("SSIN="+ssin))
	w.stranger = pkitest.Issue("stranger", &w.ca)
	w.answer = func(content *etree.Element, id string) (int, string) { return 200, w.good(content, id, w.assertion()) }
	return w
}

// serve judges the request as the STS does, and answers.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests, w.actions = append(w.requests, string(text)), append(w.actions, r.Header.Get("SOAPAction"))
	verified, verdict := soap.Verifier{Anchors: pkitest.Pool(w.ca.Cert), Clock: func() time.Time { return w.now }}.Verify(text)
	if !verdict.Accepted || !verified.Certificate.Equal(w.doctor.Cert) || verified.Assertion != nil {
		w.t.Errorf("the request is not signed as it must be: %v", verdict.Errors)
		return
	}
	id := xmldsig.ID(verified.Content)
	if xmldsig.Is(verified.Content, nsTrust, "RequestSecurityToken") {
		id = xmldsig.Attribute(verified.Content, "Context")
	}
	status, body := w.answer(verified.Content, id)
	if status == 0 { // no answer at all
		panic(http.ErrAbortHandler)
	}
	rw.Header().Set("Date", w.serverNow.UTC().Format(http.TimeFormat))
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, body)
}

// rest waits until the server is done with the request before: one that breaks off is over for its caller sooner.
func (w *world) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
}

func subject(number string) pkitest.Change {
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{
			Country: []string{"BE"}, Organization: []string{"Federal Government"},
			OrganizationalUnit: []string{"eHealth-platform Belgium", number, "TEST DOCTOR"}, CommonName: number,
		}
	}
}

func (w *world) client(form sts.Form) *sts.Client {
	clock := func() time.Time { return w.now }
	return &sts.Client{
		SOAP: &soap.Client{Clock: clock}, URL: w.url, Form: form, Anchors: pkitest.Pool(w.stsCA.Cert),
		Holder:     etee.Credential{Key: w.doctor.Key, Chain: []*x509.Certificate{w.doctor.Cert, w.ca.Cert}},
		Profession: sts.Doctor, SSIN: ssin, NIHII: nihii, Clock: clock, Rand: rand.Reader,
	}
}

const (
	nsTrust = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	nsSAML  = "urn:oasis:names:tc:SAML:1.0:assertion"

	holderOfKey    = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
	identification = "urn:be:fgov:identification-namespace"
	certified      = "urn:be:fgov:certified-namespace:ehealth"

	attributeHolder = "urn:be:fgov:ehealth:1.0:certificateholder:person:ssin"
	attributeSSIN   = "urn:be:fgov:person:ssin"
	attributeNIHII  = "urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11"
	attributeDoctor = "urn:be:fgov:person:ssin:doctor:boolean"
)

type attribute struct{ space, name, value string }

// assertion is what the STS writes; tests change it.
type assertion struct {
	id, issuer, method string
	from, until        time.Time
	holder             *x509.Certificate
	attributes         []attribute
	by                 pkitest.Holder // signs
	suite              xmldsig.Suite
	tamper             func(string) string // after signing
}

// assertion of a doctor, good for a day.
func (w *world) assertion() assertion {
	return assertion{
		id: "_0123456789abcdef0123456789abcdef", issuer: "urn:be:fgov:ehealth:sts:1_0", method: holderOfKey,
		from: w.now.Add(-5 * time.Minute), until: w.now.Add(24 * time.Hour), holder: w.doctor.Cert, by: w.sts, suite: xmldsig.RSASHA1,
		attributes: []attribute{
			{identification, attributeHolder, ssin}, {identification, attributeSSIN, ssin},
			{certified, attributeNIHII, nihii}, {certified, attributeDoctor, "true"},
		},
	}
}

// with gives the assertion with another value of an attribute; "" leaves the attribute out.
func (a assertion) with(name, value string) assertion {
	var changed []attribute
	for _, each := range a.attributes {
		if each.name == name {
			each.value = value
		}
		if each.value != "" {
			changed = append(changed, each)
		}
	}
	a.attributes = changed
	return a
}

// sign writes the assertion.
func (a assertion) sign(t testing.TB) string {
	t.Helper()
	const layout = "2006-01-02T15:04:05.000Z"
	var b strings.Builder
	fmt.Fprintf(&b, `<Assertion xmlns="%s" MajorVersion="1" MinorVersion="1" AssertionID="%s" Issuer="%s" IssueInstant="%s">`,
		nsSAML, a.id, a.issuer, a.from.Add(5*time.Minute).UTC().Format(layout))
	fmt.Fprintf(&b, `<Conditions NotBefore="%s" NotOnOrAfter="%s"/>`, a.from.UTC().Format(layout), a.until.UTC().Format(layout))
	fmt.Fprintf(&b, `<AuthenticationStatement AuthenticationInstant="%s" AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:X509-PKI"><Subject>`+
		`<NameIdentifier>CN=doctor</NameIdentifier><SubjectConfirmation><ConfirmationMethod>%s</ConfirmationMethod>`+
		`<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`+
		`</SubjectConfirmation></Subject></AuthenticationStatement>`,
		a.from.UTC().Format(layout), a.method, base64.StdEncoding.EncodeToString(a.holder.Raw))
	b.WriteString(`<AttributeStatement><Subject><NameIdentifier>CN=doctor</NameIdentifier></Subject>`)
	for _, each := range a.attributes {
		fmt.Fprintf(&b, `<Attribute AttributeName="%s" AttributeNamespace="%s"><AttributeValue>%s</AttributeValue></Attribute>`, each.name, each.space, each.value)
	}
	b.WriteString(`</AttributeStatement></Assertion>`)

	doc, err := xmldsig.Parse([]byte(b.String()), xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	signature, err := xmldsig.SignEnveloped(a.by.Key, a.suite, doc.Root())
	if err != nil {
		t.Fatal(err)
	}
	signature.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
		SetText(base64.StdEncoding.EncodeToString(a.by.Cert.Raw))
	doc.Root().AddChild(signature)
	text, err := xmldsig.Text(doc)
	if err != nil {
		t.Fatal(err)
	}
	if a.tamper != nil {
		return a.tamper(string(text))
	}
	return string(text)
}

func envelope(content string) string {
	return `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` + content + `</S:Body></S:Envelope>`
}

func trustResponse(id, inside string) string {
	return envelope(`<wst:RequestSecurityTokenResponseCollection xmlns:wst="` + nsTrust + `"><wst:RequestSecurityTokenResponse Context="` + id + `">` +
		inside + `</wst:RequestSecurityTokenResponse></wst:RequestSecurityTokenResponseCollection>`)
}

func samlResponse(id, status, inside string) string {
	return envelope(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" MajorVersion="1" MinorVersion="1" ResponseID="_r"` +
		` InResponseTo="` + id + `" IssueInstant="2027-03-09T09:40:00Z"><samlp:Status><samlp:StatusCode Value="samlp:` + status + `"/></samlp:Status>` +
		inside + `</samlp:Response>`)
}

// good is the answer of the form in which the question came.
func (w *world) good(content *etree.Element, id string, a assertion) string {
	if content.Tag == "Request" {
		return samlResponse(id, "Success", a.sign(w.t))
	}
	return trustResponse(id, `<wst:RequestedSecurityToken>`+a.sign(w.t)+`</wst:RequestedSecurityToken>`)
}
