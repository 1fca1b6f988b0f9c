package kgss_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
)

// Numbers of invented people.
const (
	ssin    = "79021802145"
	patient = "80010100107"
)

var doctor = etk.Identifier{Type: "SSIN", Value: ssin}

const namespace = "urn:be:fgov:ehealth:etee:kgss:1_0:protocol"

// world is a KGSS with its PKI, a depot that is down but whose tokens are kept, a doctor, and somebody else.
type world struct {
	t                       *testing.T
	ca, kgssCA, ra          pkitest.Holder
	kgss, kgssKey           pkitest.Holder // authentication, encryption
	doctor, doctorKey       pkitest.Holder
	stranger, strangerKey   pkitest.Holder
	now                     time.Time
	kept                    cache
	url, depotURL           string
	depot                   func() string // answers of the depot, nil: it is down
	mu                      sync.Mutex
	outer, inner            [][]byte // what was asked: content of soap:Body, sealed content
	n                       int      // keys made
	answer                  func(w *world, request *etree.Element) (status int, body string)
	sealWith                func(s *etee.Sealer, to *x509.Certificate) *x509.Certificate // changes how answers are sealed
	content                 func(request *etree.Element) string                          // what answers say
	wantSession, gotSession bool
}

// cache keeps tokens.
type cache map[string][]byte

func (c cache) Get(_ context.Context, key string) ([]byte, error) { return c[key], nil }

func (c cache) Put(_ context.Context, key string, token []byte, _ time.Time) error {
	c[key] = token
	return nil
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: pkitest.Now, kept: cache{}}
	w.ca = pkitest.Issue("ca", nil, pkitest.CA)
	w.kgssCA = pkitest.Issue("kgss ca", nil, pkitest.CA)
	w.ra = pkitest.Issue("etk ra", &w.ca)
	w.kgss = pkitest.Issue("kgss", &w.kgssCA, named(kgss.Service))
	w.kgssKey = pkitest.Issue("kgss-enc", &w.kgss, named(kgss.Service), pkitest.Encryption)
	w.doctor = pkitest.Issue("doctor", &w.ca, named(doctor))
	w.doctorKey = pkitest.Issue("doctor-enc", &w.doctor, named(doctor), pkitest.Encryption)
	w.stranger = pkitest.Issue("stranger", &w.kgssCA)
	w.strangerKey = pkitest.Issue("stranger-enc", &w.ca, pkitest.Encryption)
	w.kept[kgss.Service.Key()] = w.token(w.kgssKey, w.kgss, w.kgssCA)
	w.kept[doctor.Key()] = w.token(w.doctorKey, w.doctor)
	w.answer = (*world).good
	w.content = w.newKey

	serve := func(handle http.HandlerFunc) string {
		server := httptest.NewServer(handle)
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		t.Cleanup(server.Close)
		return server.URL
	}
	w.url = serve(w.serve)
	w.depotURL = serve(func(rw http.ResponseWriter, _ *http.Request) {
		if w.depot == nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(rw, w.depot())
	})
	return w
}

func named(id etk.Identifier) pkitest.Change {
	number := id.Type + "=" + id.Value
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{OrganizationalUnit: []string{"eHealth-platform Belgium", number, id.Application}, CommonName: number}
	}
}

// token makes the ETK of a holder.
func (w *world) token(content, auth pkitest.Holder, more ...pkitest.Holder) []byte {
	w.t.Helper()
	how := cms.Signature{
		Scheme: cms.PKCS1v15, Key: w.ra.Key, Certificate: w.ra.Cert, Time: pkitest.Now.AddDate(0, -1, 0), Rand: rand.Reader,
		Enclosed: []*x509.Certificate{auth.Cert, w.ra.Cert},
	}
	for _, h := range more {
		how.Enclosed = append(how.Enclosed, h.Cert)
	}
	text, err := cms.Sign(content.Cert.Raw, how)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

func (w *world) clock() time.Time { return w.now }

func (w *world) client() *kgss.Client {
	caller := &soap.Client{Clock: w.clock}
	return &kgss.Client{
		SOAP: caller, URL: w.url, Own: doctor,
		Depot: &etk.Depot{
			Client: caller, URL: w.depotURL, Cache: w.kept, Clock: w.clock,
			Anchors: etk.Anchors{Authority: pkitest.Pool(w.ca.Cert), Holders: pkitest.Pool(w.ca.Cert, w.kgssCA.Cert)},
		},
		Sealer: etee.Sealer{
			Policy: etee.EHealthCertificate, Sender: etee.Credential{Key: w.doctor.Key, Chain: []*x509.Certificate{w.doctor.Cert, w.ca.Cert}},
			Clock: w.clock, Rand: rand.Reader,
		},
		Unsealer: etee.Unsealer{
			Keys:    []etee.DecryptionKey{{Key: w.doctorKey.Key, Certificate: w.doctorKey.Cert}},
			Anchors: pkitest.Pool(w.kgssCA.Cert), Clock: w.clock, Rand: rand.Reader,
		},
	}
}

// rest waits until the server is done with the request before: one that breaks off is over for its caller sooner.
func (w *world) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
}

// serve opens what was sealed for the KGSS, and answers.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	message, err := soap.Read(text, xmldsig.Limits{})
	if err != nil {
		w.t.Error(err)
		return
	}
	if action := r.Header.Get("SOAPAction"); action != `""` {
		w.t.Errorf("SOAPAction %s", action)
	}
	w.judgeSession(text, message)
	outer, err := xmldsig.Standalone(message.Content)
	if err != nil {
		w.t.Error(err)
	}
	sealed, err := xmldsig.Base64(message.Content.FindElement("*/SealedContent"))
	if err != nil {
		w.t.Error(err)
	}
	plain, verdict := etee.Unsealer{
		Keys:    []etee.DecryptionKey{{Key: w.kgssKey.Key, Certificate: w.kgssKey.Cert}},
		Anchors: pkitest.Pool(w.ca.Cert), Clock: w.clock, Rand: rand.Reader,
	}.Unseal(sealed)
	if !verdict.Accepted || !verdict.Certificate.Equal(w.doctor.Cert) {
		w.t.Errorf("the request is not sealed as it must be: %v", verdict.Errors)
		return
	}
	w.outer, w.inner = append(w.outer, outer), append(w.inner, plain)
	inside, err := xmldsig.Parse(plain, xmldsig.Limits{})
	if err != nil {
		w.t.Error(err)
		return
	}
	status, body := w.answer(w, inside.Root())
	if status == 0 { // no answer at all
		panic(http.ErrAbortHandler)
	}
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, body)
}

// judgeSession checks the security of a request: none, or a message signed with a session.
func (w *world) judgeSession(text []byte, message *soap.Message) {
	if !w.wantSession {
		if message.Header != nil && len(message.Header.ChildElements()) > 0 {
			w.t.Error("a request for a new key has a security header")
		}
		return
	}
	verifier := soap.Verifier{Tokens: soap.TokenVerifier{Anchors: pkitest.Pool(w.ca.Cert)}, Clock: w.clock}
	verified, verdict := verifier.Verify(text)
	if !verdict.Accepted || verified.Assertion == nil {
		w.t.Errorf("the request is not signed as it must be: %v", verdict.Errors)
	}
	w.gotSession = true
}

func envelope(content string) string {
	return `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` + content + `</S:Body></S:Envelope>`
}

// answered is an answer to either question.
func answered(request *etree.Element, status, inside string) string {
	name := request.Tag[:len(request.Tag)-len("RequestContent")]
	return envelope(`<k:` + name + `Response xmlns:k="` + namespace + `" Id="_k"><Status><Code>` + status + `</Code><Message>words of the server</Message></Status>` +
		inside + `</k:` + name + `Response>`)
}

func sealedContent(request *etree.Element, sealed []byte) string {
	name := "SealedNewKeyResponse"
	if request.Tag == "GetKeyRequestContent" {
		name = "SealedKeyResponse"
	}
	return `<k:` + name + `><k:SealedContent>` + base64.StdEncoding.EncodeToString(sealed) + `</k:SealedContent></k:` + name + `>`
}

// good is what the KGSS answers: sealed for the ETK that was sent.
func (w *world) good(request *etree.Element) (int, string) {
	return 200, answered(request, "200", sealedContent(request, w.seal(request)))
}

func (w *world) seal(request *etree.Element) []byte {
	bytes, err := xmldsig.Base64(request.SelectElement("ETK"))
	if err != nil {
		w.t.Error(err)
	}
	token, err := etk.Parse(bytes)
	if err != nil {
		w.t.Error(err)
		return nil
	}
	sealer := etee.Sealer{
		Policy: etee.EHealthCertificate, Sender: etee.Credential{Key: w.kgss.Key, Chain: []*x509.Certificate{w.kgss.Cert}},
		Clock: w.clock, Rand: rand.Reader,
	}
	to := token.Encryption
	if w.sealWith != nil {
		to = w.sealWith(&sealer, to)
	}
	sealed, err := sealer.Seal([]byte(w.content(request)), etee.Recipients{Known: []*x509.Certificate{to}})
	if err != nil {
		w.t.Error(err)
	}
	return sealed
}

func (w *world) newKey(request *etree.Element) string {
	w.n++
	secret := fmt.Sprintf("secret-%09d", w.n)
	if request.Tag == "GetKeyRequestContent" {
		return `<GetKeyResponseContent xmlns="` + namespace + `"><Key>` + base64.StdEncoding.EncodeToString([]byte(secret)) + `</Key></GetKeyResponseContent>`
	}
	return `<GetNewKeyResponseContent xmlns="` + namespace + `"><NewKeyIdentifier>` + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "id-%d", w.n)) +
		`</NewKeyIdentifier><NewKey>` + base64.StdEncoding.EncodeToString([]byte(secret)) + `</NewKey></GetNewKeyResponseContent>`
}

// session is one of the doctor.
func (w *world) session() soap.SAML {
	w.t.Helper()
	w.wantSession = true
	const layout = time.RFC3339
	text := `<Assertion xmlns="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="_a" Issuer="urn:be:fgov:ehealth:sts:1_0"` +
		` IssueInstant="` + w.now.Format(layout) + `"><Conditions NotBefore="` + w.now.Format(layout) + `" NotOnOrAfter="` + w.now.Add(time.Hour).Format(layout) + `"/>` +
		`<AttributeStatement><Subject><NameIdentifier>doctor</NameIdentifier><SubjectConfirmation>` +
		`<ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:holder-of-key</ConfirmationMethod><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>` +
		`<ds:X509Certificate>` + base64.StdEncoding.EncodeToString(w.doctor.Cert.Raw) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></SubjectConfirmation></Subject>` +
		`</AttributeStatement></Assertion>`
	doc, err := xmldsig.Parse([]byte(text), xmldsig.Limits{})
	if err != nil {
		w.t.Fatal(err)
	}
	signature, err := xmldsig.SignEnveloped(w.ra.Key, xmldsig.RSASHA256, doc.Root()) // the authority stands for the STS
	if err != nil {
		w.t.Fatal(err)
	}
	signature.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
		SetText(base64.StdEncoding.EncodeToString(w.ra.Cert.Raw))
	doc.Root().AddChild(signature)
	signed, err := xmldsig.Text(doc)
	if err != nil {
		w.t.Fatal(err)
	}
	return soap.SAML{Key: w.doctor.Key, Assertion: signed}
}
