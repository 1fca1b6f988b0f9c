package peer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe"
	"relais/sync/recipe/wire"
	"relais/sync/simulator"
	"relais/sync/simulator/simtest"
	"relais/sync/simulator/world"
	"relais/test/specs"
)

// TestExchanges lets the real client and the simulated services speak, every operation of every service once, and gives what went
// over the wire, in both directions, to programs that share no code with either: the bodies, headers and signatures to xmllint
// with the platform's schemas, the signatures to xmlsec1, each seal to `openssl cms` and to reader.py, which must open it to the
// same bytes, results under the key of a call to `openssl enc`; and what was inside to xmllint again.
func TestExchanges(t *testing.T) {
	for _, tool := range []string{"openssl", "xmlsec1", "xmllint", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is not installed, so that nobody else reads what we exchange", tool)
		}
	}
	specs.Path(t, recipeXSD) // else nothing of this can be judged
	c := converse(t)
	w := newWalk(t, c)
	for _, x := range c.exchanges {
		w.exchange(x)
	}
	w.judge()

	var want []string
	for _, op := range wire.Operations {
		want = append(want, op.Element+"Request", op.Element+"Response")
	}
	want = append(want, "RequestSecurityToken", "RequestSecurityTokenResponseCollection", "samlp Request", "samlp Response",
		"GetEtkRequest", "GetEtkResponse", "GetNewKeyRequest", "GetNewKeyResponse", "GetKeyRequest", "GetKeyResponse")
	for _, name := range want {
		if w.walked[name] == 0 {
			t.Errorf("no %s was walked", name)
		}
	}
	t.Logf("%d exchanges, %d seals opened by both, %d results deciphered, %d signatures of messages and %d of tokens verified; %v",
		len(c.exchanges), w.seals, w.results, w.signatures, w.tokens, w.walked)
	if w.seals < 20 || w.results < 11 || w.signatures < 15 || w.tokens < 10 {
		t.Error("fewer than were exchanged")
	}
}

// marie is an invented patient.
const marie rx.SSIN = "85073003427"

// exchange is one request and its answer, as they stood in HTTP.
type exchange struct{ request, answer []byte }

// conversation is what was exchanged, and by whom.
type conversation struct {
	*testing.T
	pki  *simulator.PKI
	keys []rx.Key // of the KGSS
	ends simulator.Endpoints
	dial func(context.Context, string) (net.Conn, error)

	open      sync.WaitGroup // connections
	mu        sync.Mutex
	exchanges []exchange
}

// converse makes every call.
func converse(t *testing.T) *conversation {
	now := time.Now()
	c := &conversation{T: t, pki: simtest.PKI(now)}
	w := world.New(mathrand.NewPCG(1, 2))
	sim, err := simulator.New(w, c.pki, simulator.Options{Clock: real{}})
	c.must(err)
	t.Cleanup(func() { c.must(sim.Close()); c.must(w.Err()) })
	c.ends, c.dial = sim.Inside(), sim.Dial
	for _, url := range []*string{&c.ends.ETK, &c.ends.KGSS, &c.ends.STS, &c.ends.STSLegacy, &c.ends.Prescriber} {
		*url = strings.Replace(*url, "https://", "http://", 1)
	}
	client := c.client(c.ends.STS, sts.WSTrust)
	key := c.do(client, rx.Call{Op: rx.OpNewKey, Patient: marie})
	c.keys = append(c.keys, key.Key)
	message, err := os.ReadFile(filepath.Join("..", "..", "sync", "recipe", "kmehr", "testdata", "demo-vmpgroup.xml"))
	c.must(err)
	rid := c.do(client, rx.Call{Op: rx.OpCreate, Patient: marie, Parcel: &rx.Parcel{
		Prescription: "p", Attempt: 1, Patient: marie, Type: "P0", Expires: rx.DateOf(now).AddDays(30), Feedback: true, Visibility: rx.Open, Local: "l",
		Message: message, Key: key.Key, Signed: key.ServerAt, SignedUntil: key.ServerAt.Add(time.Minute),
	}}).RID
	c.must(w.Feedback(rid, []byte("<feedback/>"), now))
	for _, call := range []rx.Call{
		{Op: rx.OpGet, RID: rid}, {Op: rx.OpStatus, RID: rid}, {Op: rx.OpOpen, Patient: marie}, {Op: rx.OpHistory, Patient: marie, Active: true},
		{Op: rx.OpVision, RID: rid, Vision: rx.Locked}, {Op: rx.OpFeedback, RID: rid, Flag: true}, {Op: rx.OpFeedbacks, Flag: true}, {Op: rx.OpProperties},
		{Op: rx.OpNotify, Patient: marie, Text: []byte("<notification/>"), Pharmacy: simulator.PharmacyID.Value}, {Op: rx.OpRevoke, RID: rid, Reason: "stopped"},
	} {
		c.do(client, call)
	}
	c.do(c.client(c.ends.STSLegacy, sts.SAMLP), rx.Call{Op: rx.OpStatus, RID: rid})
	c.open.Wait() // the last ones close after their answer was read
	return c
}

func (c *conversation) client(url string, form sts.Form) *recipe.Client {
	doctor := c.pki.Doctor()
	return recipe.New(recipe.Settings{
		STS: url, ETK: c.ends.ETK, KGSS: c.ends.KGSS, Prescriber: c.ends.Prescriber, Anchors: c.pki.Anchors(), Service: recipe.RecipE, Form: form,
		Transport: soap.Transport{UserAgent: "Relais/test", Dial: c.heard}, Reason: sts.NoReader,
		Profile: recipe.Profile{ProgramID: "relais/test", PrescriptionVersion: "kmehr_1.29"},
	}, recipe.Doctor{SSIN: doctor.ID.Value, Signing: doctor.Signing, Decryption: doctor.Decryption}, time.Now, rand.Reader, nil)
}

func (c *conversation) do(client *recipe.Client, call rx.Call) rx.Reply {
	c.Helper()
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	r := client.Do(ctx, call)
	if !r.OK() {
		c.Fatalf("%s: %s %s %v", call.Op, r.Result, r.Why, r.Problem)
	}
	return r
}

func (c *conversation) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *conversation) heard(ctx context.Context, address string) (net.Conn, error) {
	conn, err := c.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	c.open.Add(1)
	return &tapped{Conn: conn, to: c}, nil
}

// tapped is a connection that keeps what goes over it, until it is closed.
type tapped struct {
	net.Conn
	to         *conversation
	mu         sync.Mutex
	sent, came bytes.Buffer
	once       sync.Once
}

func (c *tapped) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.sent.Write(p)
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	c.came.Write(p[:n])
	c.mu.Unlock()
	return n, err
}

func (c *tapped) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		defer c.to.open.Done()
		c.mu.Lock()
		defer c.mu.Unlock()
		request, bad := http.ReadRequest(bufio.NewReader(&c.sent))
		if bad != nil {
			return
		}
		asked, _ := io.ReadAll(request.Body)
		response, bad := http.ReadResponse(bufio.NewReader(&c.came), request)
		if bad != nil {
			return
		}
		defer func() { _ = response.Body.Close() }() // of a text in memory
		answered, _ := io.ReadAll(response.Body)
		c.to.mu.Lock()
		defer c.to.mu.Unlock()
		c.to.exchanges = append(c.to.exchanges, exchange{asked, answered})
	})
	return err
}

// real is the clock of this computer.
type real struct{}

func (real) Now() time.Time { return time.Now() }
func (real) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const (
	recipeXSD = "wire/ehealth-recipe-services/WSDL/recipeservices_protocol-4_0.xsd"
	innerXSD  = "wire/recipe-central-system-unsealed/XSD/UnsealedPrescriberServicesV4_relaxed.xsd"
	kgssXSD   = "wire/ehealth-etee/XSD/ehealth-etee-kgss-schema-protocol-1_2.xsd"
	kgssInner = "wire/ehealth-etee/XSD/ehealth-etee-kgss-schema-inner-protocol-1_2.xsd"
	stsXSD    = "" // several, which import each other: see walk.judge
)

// schemas of what stands in bodies, headers and seals, by namespace. Recip-e's inner messages have one of its own each way.
var schemas = map[string]string{
	"urn:be:fgov:ehealth:recipe:protocol:v4":                                            recipeXSD,
	"urn:be:fgov:ehealth:etkdepot:1_0:protocol":                                         "wire/ehealth-etee/XSD/ehealth-etkdepot-schema-protocol-1_0.xsd",
	"urn:be:fgov:ehealth:etee:kgss:1_0:protocol":                                        kgssXSD,
	"http://docs.oasis-open.org/ws-sx/ws-trust/200512":                                  stsXSD,
	"urn:oasis:names:tc:SAML:1.0:protocol":                                              stsXSD,
	"urn:oasis:names:tc:SAML:1.0:assertion":                                             stsXSD,
	"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd": "wire/external/XSD/oasis-200401-wss-wssecurity-secext-1.0.xsd",
	"http://www.w3.org/2000/09/xmldsig#":                                                "wire/external/XSD/xmldsig-core-schema.xsd",
}

// walk reads exchanges with other programs.
type walk struct {
	*conversation
	dir                                string
	n                                  int
	symm                               []byte                       // key of the call that is walked
	texts                              map[string]map[string][]byte // for xmllint, by schema
	walked                             map[string]int               // messages, by name
	holders                            map[string]*holderOf         // of decryption keys, by what they are for
	seals, results, signatures, tokens int
}

// holderOf is who opens a seal.
type holderOf struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

func newWalk(t *testing.T, c *conversation) *walk {
	w := &walk{conversation: c, dir: t.TempDir(), texts: map[string]map[string][]byte{}, walked: map[string]int{}, holders: map[string]*holderOf{}}
	doctor, pharmacy := c.pki.Doctor(), c.pki.Pharmacy()
	w.holders["doctor"] = &holderOf{w.key(simulator.DoctorID), doctor.Decryption[0].Certificate}
	w.holders["pharmacy"] = &holderOf{w.key(simulator.PharmacyID), pharmacy.Decryption[0].Certificate}
	w.holders["recipe"] = &holderOf{key: w.key(simulator.RecipeID)} // certificates: from the depot's answers
	w.holders["kgss"] = &holderOf{key: w.key(simulator.KGSSID)}
	for _, x := range c.exchanges {
		for _, el := range body(t, x.answer).FindElements("//ETK") {
			token, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(el.Text()), ""))
			c.must(err)
			der := w.run("openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", w.file("etk", token))
			cert, err := x509.ParseCertificate(der)
			c.must(err)
			for _, h := range []string{"recipe", "kgss"} {
				if cert.PublicKey.(*rsa.PublicKey).Equal(w.holders[h].key.Public()) {
					w.holders[h].cert = cert
				}
			}
		}
	}
	for name, h := range w.holders {
		if h.cert == nil || !h.cert.PublicKey.(*rsa.PublicKey).Equal(h.key.Public()) {
			t.Fatalf("no certificate of the %s was exchanged", name)
		}
	}
	return w
}

func (w *walk) key(id etk.Identifier) *rsa.PrivateKey {
	key, err := simtest.Keys(id.Key() + " encryption")
	w.must(err)
	return key
}

// file keeps bytes for another program.
func (w *walk) file(name string, content []byte) string {
	w.n++
	path := filepath.Join(w.dir, strings.ReplaceAll(name, " ", "-")+"-"+hex.EncodeToString([]byte{byte(w.n >> 8), byte(w.n)}))
	w.must(os.WriteFile(path, content, 0o600))
	return path
}

// run gives what another program writes.
func (w *walk) run(name string, args ...string) []byte {
	w.Helper()
	var wrong bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err != nil {
		w.Fatalf("%s %v: %v\n%s", name, args, err, wrong.String())
	}
	return out
}

func body(t *testing.T, text []byte) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	el := doc.FindElement("/Envelope/Body")
	if el == nil || len(el.ChildElements()) != 1 {
		t.Fatalf("no envelope with one content: %s", text)
	}
	return el.ChildElements()[0]
}

// exchange walks both directions of one.
func (w *walk) exchange(x exchange) {
	w.symm = nil
	for _, text := range [][]byte{x.request, x.answer} {
		content := body(w.T, text)
		name := content.Tag
		if content.NamespaceURI() == "urn:oasis:names:tc:SAML:1.0:protocol" {
			name = "samlp " + name
		}
		w.walked[name]++
		w.lint(content, "")
		if security := content.Parent().Parent().FindElement("./Header/Security"); security != nil {
			w.security(text, security)
		}
		for _, assertion := range content.Parent().Parent().FindElements("//Assertion") {
			w.token(assertion)
		}
		w.contents(name, content)
	}
}

// lint keeps an element for xmllint.
func (w *walk) lint(el *etree.Element, schema string) {
	text, err := xmldsig.Standalone(el)
	w.must(err)
	if schema == "" {
		found := false
		if schema, found = schemas[el.NamespaceURI()]; !found {
			w.Fatalf("no schema for %s of %s", el.Tag, el.NamespaceURI())
		}
	}
	w.lintText(schema, text)
}

func (w *walk) lintText(schema string, text []byte) {
	if w.texts[schema] == nil {
		w.texts[schema] = map[string][]byte{}
	}
	w.n++
	w.texts[schema][hex.EncodeToString([]byte{byte(w.n >> 8), byte(w.n)})+".xml"] = text
}

// security verifies the signature of a message with the certificate of its sender, and that a changed one is refused.
func (w *walk) security(text []byte, security *etree.Element) {
	w.lint(security, "")
	if security.FindElement("./Signature") == nil {
		return
	}
	w.lint(security.FindElement("./Signature"), "")
	cert := w.pem("doctor", w.pki.Doctor().Signing.Chain[0])
	verify := func(text []byte) ([]byte, error) {
		args := []string{"--verify"}
		for _, name := range []string{"Body", "Timestamp", "BinarySecurityToken"} {
			args = append(args, "--id-attr:Id", name)
		}
		args = append(args, "--id-attr:AssertionID", "Assertion", "--node-xpath", "/*/*/*/*[local-name()='Signature']", "--pubkey-cert-pem", cert, w.file("message", text))
		return exec.Command("xmlsec1", args...).CombinedOutput()
	}
	if out, err := verify(text); err != nil {
		w.Errorf("xmlsec1: %v\n%s", err, out)
	}
	at := bytes.Index(text, []byte("Created>")) + len("Created>")
	changed := bytes.Clone(text)
	changed[at] ^= 1
	if out, err := verify(changed); err == nil {
		w.Errorf("xmlsec1 accepts a changed message\n%s", out)
	}
	w.signatures++
}

func (w *walk) pem(name string, cert *x509.Certificate) string {
	return w.file(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

// token verifies the STS's signature of an assertion.
func (w *walk) token(assertion *etree.Element) {
	w.lint(assertion, "")
	text, err := xmldsig.Standalone(assertion)
	w.must(err)
	signer := assertion.FindElement("./Signature//X509Certificate")
	if signer == nil { // what the doctor says to the STS, under the signature of the whole message
		return
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(signer.Text()), ""))
	w.must(err)
	cert, err := x509.ParseCertificate(der)
	w.must(err)
	if err := cert.CheckSignatureFrom(w.pki.Authority()); err != nil {
		w.Errorf("the STS's certificate: %v", err)
	}
	out, err := exec.Command("xmlsec1", "--verify", "--id-attr:AssertionID", "Assertion", "--node-xpath", "/*/*[local-name()='Signature']",
		"--pubkey-cert-pem", w.pem("sts", cert), w.file("token", text)).CombinedOutput()
	if err != nil {
		w.Errorf("xmlsec1, a token: %v\n%s", err, out)
	}
	w.tokens++
}

// contents opens what is sealed or enciphered in a message.
func (w *walk) contents(name string, content *etree.Element) {
	for _, el := range slices.Concat(content.FindElements(".//SecuredContent"), content.FindElements(".//SealedContent")) {
		sealed := decoded(w.T, el)
		switch {
		case el.Tag == "SecuredContent" && strings.HasSuffix(name, "Request"):
			plain := w.open(sealed, "doctor", "recipe")
			w.inner(plain)
		case el.Tag == "SecuredContent":
			plain := w.run("openssl", "enc", "-d", "-des-ede3", "-K", hex.EncodeToString(w.symm), "-in", w.file("result", sealed))
			w.results++
			w.inner(plain)
		case strings.HasSuffix(name, "Request"):
			w.lintText(kgssInner, w.open(sealed, "doctor", "kgss"))
		default:
			plain := w.open(sealed, "kgss", "doctor")
			w.lintText(kgssInner, plain)
		}
	}
}

// inner reads a parameter or a result of Recip-e, and what is sealed in it for others.
func (w *walk) inner(plain []byte) {
	w.lintText(innerXSD, plain)
	doc := etree.NewDocument()
	w.must(doc.ReadFromBytes(plain))
	if el := doc.FindElement("//symmKey"); el != nil {
		w.symm = decoded(w.T, el)
	}
	for _, el := range doc.FindElements("//prescription") {
		if len(el.ChildElements()) == 0 && el.Text() != "" {
			w.packed(w.openByKEK(decoded(w.T, el), "doctor"), "kmehrmessage")
		}
	}
	for _, el := range doc.FindElements("//content") {
		from, to, root := "doctor", "pharmacy", "notification"
		if strings.HasSuffix(doc.Root().Tag, "Result") {
			from, to, root = "pharmacy", "doctor", "feedback"
		}
		w.packed(w.open(decoded(w.T, el), from, to), root)
	}
}

// packed reads a content that was compressed before it was sealed.
func (w *walk) packed(content []byte, root string) {
	text := w.run("python3", "-c", "import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())", w.file("content", content))
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil || doc.Root().Tag != root {
		w.Errorf("%v: not a %s: %s", err, root, text)
	}
	w.walked[root]++
}

func decoded(t *testing.T, el *etree.Element) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(el.Text()), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sender gives the certificate with which somebody signs.
func (w *walk) sender(name string, sealed []byte) *x509.Certificate {
	switch name {
	case "doctor":
		return w.pki.Doctor().Signing.Chain[0]
	case "pharmacy":
		return w.pki.Pharmacy().Signing.Chain[0]
	}
	// The KGSS's travels in the outer layer.
	w.run("openssl", "cms", "-cmsout", "-noout", "-inform", "DER", "-in", w.file("sealed", sealed), "-certsout", filepath.Join(w.dir, "certs.pem"))
	text, err := os.ReadFile(filepath.Join(w.dir, "certs.pem"))
	w.must(err)
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	w.must(err)
	return cert
}

// open opens a seal for somebody who is known, by two readers.
func (w *walk) open(sealed []byte, from, to string) []byte {
	w.Helper()
	h := w.holders[to]
	der, err := x509.MarshalPKCS8PrivateKey(h.key)
	w.must(err)
	key := w.file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return w.both(sealed, from, []string{"-inkey", key, "-recip", w.pem("recipient", h.cert)},
		[]string{"--key", w.file("key.der", der), "--serial", h.cert.SerialNumber.String()})
}

// openByKEK opens a prescription with the key that the KGSS gave.
func (w *walk) openByKEK(sealed []byte, from string) []byte {
	w.Helper()
	id, err := base64.StdEncoding.DecodeString(string(w.keys[0].ID))
	w.must(err)
	secret := hex.EncodeToString(w.keys[0].Secret)
	return w.both(sealed, from, []string{"-secretkey", secret, "-secretkeyid", hex.EncodeToString(id)}, []string{"--kek", secret, "--kek-id", hex.EncodeToString(id)})
}

func (w *walk) both(sealed []byte, from string, byOpenSSL, byReader []string) []byte {
	w.Helper()
	cert := w.sender(from, sealed)
	verify := []string{"cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-certfile", w.pem("sender", cert), "-in"}
	envelope := w.run("openssl", append(verify, w.file("outer", sealed))...)
	inner := w.run("openssl", append([]string{"cms", "-decrypt", "-binary", "-inform", "DER", "-in", w.file("envelope", envelope)}, byOpenSSL...)...)
	plain := w.run("openssl", append(verify, w.file("inner", inner))...)
	out := w.file("plain", nil)
	w.run("python3", slices.Concat([]string{"reader.py", "--policy", "EHEALTH_CERT", "--sender", w.file("sender.der", cert.Raw)}, byReader, []string{w.file("sealed", sealed), out})...)
	read, err := os.ReadFile(out)
	w.must(err)
	if !bytes.Equal(read, plain) {
		w.Errorf("openssl reads %d bytes, reader.py %d others", len(plain), len(read))
	}
	w.seals++
	return plain
}

// judge holds all that was kept against its schema.
func (w *walk) judge() {
	for schema, texts := range w.texts {
		var xsd string
		if schema == stsXSD {
			all := `<schema xmlns="http://www.w3.org/2001/XMLSchema">`
			for space, file := range map[string]string{
				"http://docs.oasis-open.org/ws-sx/ws-trust/200512": "ws-trust-1.3-errata-cd-01.xsd", "http://docs.oasis-open.org/wsfed/authorization/200706": "ws-authorization-1.2.xsd",
				"urn:oasis:names:tc:SAML:1.0:protocol": "oasis-sstc-saml-schema-protocol-1.1.xsd", "urn:oasis:names:tc:SAML:1.0:assertion": "oasis-sstc-saml-schema-assertion-1.1.xsd",
			} {
				all += `<import namespace="` + space + `" schemaLocation="` + specs.Path(w.T, "wire/external/XSD/"+file) + `"/>`
			}
			xsd = w.file("sts.xsd", []byte(all+`</schema>`))
		} else {
			xsd = specs.Path(w.T, schema)
		}
		for name, verdict := range specs.ValidateBy(w.T, xsd, texts) {
			w.Errorf("%s: %s\n%s", filepath.Base(xsd), verdict, texts[name])
		}
	}
}
