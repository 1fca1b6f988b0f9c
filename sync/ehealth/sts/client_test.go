package sts_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
)

var bothForms = []sts.Form{sts.WSTrust, sts.SAMLP}

func TestIssue(t *testing.T) {
	for _, form := range bothForms {
		t.Run(string(form), func(t *testing.T) {
			w := newWorld(t)
			token, err := w.client(form).Issue(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if token.NIHII() != nihii || !token.Until().Equal(w.now.Add(24*time.Hour)) || token.ID() == "" {
				t.Errorf("%q until %v", token.NIHII(), token.Until())
			}
			if half := token.HalfLife(); half.Before(w.now.Add(11*time.Hour)) || half.After(w.now.Add(12*time.Hour)) {
				t.Errorf("half life at %v", half)
			}
			if got := fmt.Sprint(token.Warnings()); got != "[TOKEN_WEAK_DIGEST: signed with SHA-1]" {
				t.Errorf("warnings %s", got)
			}

			// The token opens a service that trusts the STS.
			clock := func() time.Time { return w.now }
			message, err := soap.Signer{Security: token.Security(), Clock: clock}.Build([]byte(`<x xmlns="urn:x"/>`))
			if err != nil {
				t.Fatal(err)
			}
			verifier := soap.Verifier{Tokens: soap.TokenVerifier{Anchors: pkitest.Pool(w.stsCA.Cert)}, Clock: clock}
			if verified, verdict := verifier.Verify(message); !verdict.Accepted || verified.Assertion.ID != token.ID() {
				t.Errorf("%v", verdict.Errors)
			}

			// What was kept is read again, as long as it is good.
			again, err := w.client(form).Open(token.Assertion())
			if err != nil || again.ID() != token.ID() || !again.Until().Equal(token.Until()) {
				t.Errorf("%v", err)
			}
			w.now = w.now.Add(25 * time.Hour)
			if again, err := w.client(form).Open(token.Assertion()); again != nil || kind(err) != sts.NotTrusted {
				t.Errorf("%v", err)
			}
		})
	}
}

func kind(err error) sts.Kind {
	if e := (*sts.Error)(nil); errors.As(err, &e) {
		return e.Kind
	}
	return sts.Kind(fmt.Sprint(err))
}

func codes(err error) (codes []string) {
	if e := (*sts.Error)(nil); errors.As(err, &e) {
		for _, f := range e.Findings {
			codes = append(codes, string(f.Code))
		}
	}
	return codes
}

// Where the name of the STS is known, nobody else's signature counts, though the anchors vouch for it.
func TestNamedSTS(t *testing.T) {
	w := newWorld(t)
	for subject, trusted := range map[string]bool{"": true, sts.Name(w.sts.Cert.RawSubject): true, sts.Name(w.stsCA.Cert.RawSubject): false} {
		c := w.client(sts.WSTrust)
		c.Subject = subject
		if token, err := c.Issue(t.Context()); trusted != (token != nil) || !trusted && kind(err) != sts.NotTrusted {
			t.Errorf("%q: %v", subject, err)
		}
	}
}

// Assertions that must be refused, whatever the form in which they come.
func TestRefusedAssertions(t *testing.T) {
	rename := func(a, b string) func(string) string {
		return func(s string) string { return strings.Replace(s, a, b, 1) }
	}
	for name, c := range map[string]struct {
		change func(w *world, a assertion) assertion
		kind   sts.Kind
		codes  []string
	}{
		"wrong signature": {func(w *world, a assertion) assertion { a.by.Key = w.stranger.Key; return a }, sts.NotTrusted, []string{"TOKEN_SIGNATURE_DOES_NOT_MATCH"}},
		"changed after signing": {func(w *world, a assertion) assertion { a.tamper = rename(nihii, "10012378005"); return a }, sts.NotTrusted,
			[]string{"TOKEN_SIGNATURE_DOES_NOT_MATCH"}},
		"not signed": {func(w *world, a assertion) assertion {
			a.tamper = func(s string) string { return s[:strings.Index(s, "<ds:Signature")] + "</Assertion>" }
			return a
		}, sts.NotTrusted, []string{"TOKEN_SIGNATURE_STRUCTURE_INCORRECT"}},
		"signed by nobody we trust": {func(w *world, a assertion) assertion { a.by = w.doctor; return a }, sts.NotTrusted, []string{"TOKEN_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		"another certificate":       {func(w *world, a assertion) assertion { a.holder = w.stranger.Cert; return a }, sts.NotTrusted, []string{"TOKEN_HOLDER_UNEXPECTED"}},
		"bearer": {func(w *world, a assertion) assertion {
			a.method = "urn:oasis:names:tc:SAML:1.0:cm:bearer"
			return a
		}, sts.NotTrusted, []string{"TOKEN_SIGNATURE_STRUCTURE_INCORRECT"}},
		"another issuer": {func(w *world, a assertion) assertion { a.issuer = "urn:other"; return a }, sts.NotTrusted, []string{"TOKEN_ISSUER_UNEXPECTED"}},
		"expired":        {func(w *world, a assertion) assertion { a.until = w.now; return a }, sts.NotTrusted, []string{"TOKEN_EXPIRED"}},
		"not yet valid":  {func(w *world, a assertion) assertion { a.from = w.now.Add(time.Second); return a }, sts.NotTrusted, []string{"TOKEN_NOT_YET_VALID"}},
		"no number":      {func(w *world, a assertion) assertion { return a.with(attributeNIHII, "") }, sts.NotRecognised, []string{"ATTRIBUTE_MISSING"}},
		"empty number":   {func(w *world, a assertion) assertion { return a.with(attributeNIHII, " ") }, sts.NotRecognised, []string{"ATTRIBUTE_MISSING"}},
		"number of a colleague": {func(w *world, a assertion) assertion { return a.with(attributeNIHII, "10087654004") }, sts.NotRecognised,
			[]string{"ATTRIBUTE_DIFFERS"}},
		"short number": {func(w *world, a assertion) assertion { return a.with(attributeNIHII, nihii[:8]) }, sts.NotRecognised, []string{"ATTRIBUTE_DIFFERS"}},
		"no doctor":    {func(w *world, a assertion) assertion { return a.with(attributeDoctor, "false") }, sts.NotRecognised, []string{"ATTRIBUTE_NOT_CERTIFIED"}},
		"another person": {func(w *world, a assertion) assertion { return a.with(attributeSSIN, "80010100107") }, sts.NotRecognised,
			[]string{"ATTRIBUTE_DIFFERS"}},
		"another holder of the certificate": {func(w *world, a assertion) assertion { return a.with(attributeHolder, "80010100107") }, sts.NotRecognised,
			[]string{"ATTRIBUTE_DIFFERS"}},
		"two values": {func(w *world, a assertion) assertion {
			a.attributes = append(a.attributes, attribute{certified, attributeDoctor, "false"})
			return a
		}, sts.NotRecognised, []string{"ATTRIBUTE_NOT_CERTIFIED"}},
		"self-certified": {func(w *world, a assertion) assertion {
			a.attributes[2].space, a.attributes[3].space = identification, identification
			return a
		}, sts.NotRecognised, []string{"ATTRIBUTE_MISSING", "ATTRIBUTE_MISSING"}},
		"no attributes": {func(w *world, a assertion) assertion { a.attributes = nil; return a }, sts.NotRecognised,
			[]string{"ATTRIBUTE_MISSING", "ATTRIBUTE_MISSING", "ATTRIBUTE_MISSING", "ATTRIBUTE_MISSING"}},
	} {
		for _, form := range bothForms {
			t.Run(name+", "+string(form), func(t *testing.T) {
				w := newWorld(t)
				bad := c.change(w, w.assertion())
				w.rest()
				w.answer = func(content *etree.Element, id string) (int, string) { return 200, w.good(content, id, bad) }
				token, err := w.client(form).Issue(t.Context())
				if token != nil || kind(err) != c.kind {
					t.Fatalf("%v, want %q", err, c.kind)
				}
				if diff := cmp.Diff(c.codes, codes(err)); diff != "" {
					t.Errorf("%s%v", diff, err)
				}
				silent(t, err)
			})
		}
	}
}

// Answers from which no assertion is taken.
func TestRefusedAnswers(t *testing.T) {
	w := newWorld(t)
	good := w.assertion().sign(t)
	token := `<wst:RequestedSecurityToken>` + good + `</wst:RequestedSecurityToken>`
	fault := func(f soap.Fault) string {
		text, err := soap.WriteFault(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	type answers map[string]struct {
		status int
		body   func(id string) string
		kind   sts.Kind
	}
	fixed := func(body string) func(string) string { return func(string) string { return body } }
	common := answers{
		"down":             {0, fixed(""), sts.NoAnswer},
		"unavailable":      {503, fixed("<html>later</html>"), sts.NoAnswer},
		"page of a portal": {200, fixed("<html><body>Welcome</body></html>"), sts.NoAnswer},
		"out of order":     {500, fixed(fault(soap.Fault{Code: "Server", String: "words of the server", SOA: "SOA-02001", Origin: "Provider"})), sts.NoAnswer},
		"not authenticated": {500, fixed(fault(soap.Fault{Code: "Client", String: "words of the server", SOA: "SOA-01001", Origin: "Consumer"})),
			sts.NoAnswer},
		"oversized":      {200, fixed(envelope(strings.Repeat("<a>", 60) + strings.Repeat("x", 5<<20))), sts.NoAnswer},
		"nothing":        {200, fixed(envelope("")), sts.NoAnswer},
		"another answer": {200, fixed(envelope(`<x xmlns="urn:x"/>`)), sts.Malformed},
	}
	for form, specific := range map[sts.Form]answers{
		sts.WSTrust: {
			"truncated":              {200, func(id string) string { return trustResponse(id, token)[:2000] }, sts.NoAnswer},
			"answer to an old query": {200, fixed(trustResponse("_old", token)), sts.OtherRequest},
			"no token":               {200, func(id string) string { return trustResponse(id, "") }, sts.Malformed},
			"empty token":            {200, func(id string) string { return trustResponse(id, "<wst:RequestedSecurityToken/>") }, sts.Malformed},
			"two tokens":             {200, func(id string) string { return trustResponse(id, token+token) }, sts.Malformed},
			"a token beside":         {200, func(id string) string { return trustResponse(id, strings.Replace(token, good, good+"<x/>", 1)) }, sts.Malformed},
			"wrapped in another": {200, func(id string) string {
				return trustResponse(id, `<wst:RequestedSecurityToken><x>`+good+`</x></wst:RequestedSecurityToken>`)
			}, sts.Malformed},
			"a challenge": {200, func(id string) string {
				return trustResponse(id, `<wst:SignChallenge><wst:Challenge>sign this</wst:Challenge></wst:SignChallenge>`)
			}, sts.Challenged},
			"no response": {200, fixed(envelope(`<wst:RequestSecurityTokenResponseCollection xmlns:wst="` + nsTrust + `"/>`)), sts.Malformed},
			"other form":  {200, func(id string) string { return samlResponse(id, "Success", good) }, sts.Malformed},
		},
		sts.SAMLP: {
			"truncated":              {200, func(id string) string { return samlResponse(id, "Success", good)[:2000] }, sts.NoAnswer},
			"answer to an old query": {200, fixed(samlResponse("_old", "Success", good)), sts.OtherRequest},
			"refused":                {200, func(id string) string { return samlResponse(id, "Requester", "") }, sts.Refused},
			"refused with a token":   {200, func(id string) string { return samlResponse(id, "RequestDenied", good) }, sts.Refused},
			"another status":         {200, func(id string) string { return samlResponse(id, "NotSuccess", good) }, sts.Refused},
			"no token":               {200, func(id string) string { return samlResponse(id, "Success", "") }, sts.Malformed},
			"two tokens":             {200, func(id string) string { return samlResponse(id, "Success", good+good) }, sts.Malformed},
			"no status": {200, func(id string) string {
				return strings.Replace(samlResponse(id, "Success", good), `<samlp:StatusCode Value="samlp:Success"/>`, "", 1)
			}, sts.Malformed},
			"other form": {200, func(id string) string { return trustResponse(id, token) }, sts.Malformed},
		},
	} {
		for _, cases := range []answers{common, specific} {
			for name, c := range cases {
				t.Run(string(form)+", "+name, func(t *testing.T) {
					w.rest()
					w.answer = func(_ *etree.Element, id string) (int, string) { return c.status, c.body(id) }
					token, err := w.client(form).Issue(t.Context())
					if token != nil || kind(err) != c.kind {
						t.Fatalf("%v, want %q", err, c.kind)
					}
					silent(t, err)
					if e := (*soap.Error)(nil); c.kind == sts.NoAnswer && !errors.As(err, &e) {
						t.Error("the error of the call is lost")
					}
				})
			}
		}
	}
}

// silent: an error tells no numbers, no bytes of a token, no words of the server.
func silent(t *testing.T, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %s", err, err, err)
	for _, secret := range []string{ssin, nihii, "10087654004", "80010100107", "words of", "_0123456789abcdef", "AttributeValue", "sign this"} {
		if strings.Contains(text, secret) {
			t.Errorf("the error tells %q: %s", secret, text)
		}
	}
}

// An answer that does not say to what it is the answer is taken: the assertion is ours all the same.
func TestAnswerWithoutContext(t *testing.T) {
	for _, form := range bothForms {
		w := newWorld(t)
		w.rest()
		w.answer = func(content *etree.Element, id string) (int, string) {
			return 200, strings.NewReplacer(` Context="`+id+`"`, "", ` InResponseTo="`+id+`"`, "").Replace(w.good(content, id, w.assertion()))
		}
		if _, err := w.client(form).Issue(t.Context()); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// A response alone, without the collection, is WS-Trust 1.2's and is taken too.
func TestResponseWithoutCollection(t *testing.T) {
	w := newWorld(t)
	w.rest()
	w.answer = func(content *etree.Element, id string) (int, string) {
		whole := w.good(content, id, w.assertion())
		whole = strings.Replace(whole, `<wst:RequestSecurityTokenResponseCollection xmlns:wst="`+nsTrust+`"><wst:RequestSecurityTokenResponse`,
			`<wst:RequestSecurityTokenResponse xmlns:wst="`+nsTrust+`"`, 1)
		return 200, strings.Replace(whole, `</wst:RequestSecurityTokenResponseCollection>`, "", 1)
	}
	if _, err := w.client(sts.WSTrust).Issue(t.Context()); err != nil {
		t.Error(err)
	}
}

// A clock that is wrong is told apart from a token that is wrong, and from a service that refuses.
func TestClock(t *testing.T) {
	w := newWorld(t)
	refused, err := soap.WriteFault(soap.Fault{Code: "Client", SOA: "SOA-01001", Origin: "Consumer"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ahead  time.Duration // of the STS
		answer func(content *etree.Element, id string) (int, string)
		kind   sts.Kind
	}{
		"in step": {30 * time.Second, w.answer, ""},
		"a little behind, as the token allows": {4 * time.Minute, func(content *etree.Element, id string) (int, string) {
			a := w.assertion()
			a.from = a.from.Add(4 * time.Minute)
			return 200, w.good(content, id, a)
		}, ""},
		"behind": {10 * time.Minute, func(content *etree.Element, id string) (int, string) {
			a := w.assertion()
			a.from, a.until = a.from.Add(10*time.Minute), a.until.Add(10*time.Minute)
			return 200, w.good(content, id, a)
		}, sts.Clock},
		"two days ahead": {-48 * time.Hour, func(content *etree.Element, id string) (int, string) {
			a := w.assertion()
			a.from, a.until = a.from.Add(-48*time.Hour), a.until.Add(-48*time.Hour)
			return 200, w.good(content, id, a)
		}, sts.Clock},
		"turned away":          {10 * time.Minute, func(*etree.Element, string) (int, string) { return 500, string(refused) }, sts.Clock},
		"turned away, in step": {time.Second, func(*etree.Element, string) (int, string) { return 500, string(refused) }, sts.NoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			w.rest()
			w.serverNow, w.answer = w.now.Add(c.ahead), c.answer
			_, err := w.client(sts.WSTrust).Issue(t.Context())
			if c.kind == "" && err == nil {
				return
			}
			if kind(err) != c.kind {
				t.Fatalf("%v, want %q", err, c.kind)
			}
			if e := (*sts.Error)(nil); errors.As(err, &e) && c.kind == sts.Clock && (e.Skew-c.ahead).Abs() > time.Second {
				t.Errorf("%v ahead, want %v", e.Skew, c.ahead)
			}
		})
	}
}

// Nothing is sent when it is known that it would be in vain.
func TestNotAsked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, c *sts.Client)
		kind   sts.Kind
	}{
		"certificate expired": {func(w *world, c *sts.Client) {
			c.Holder.Chain[0] = pkitest.Issue("doctor", &w.ca, pkitest.Valid(w.now.AddDate(-3, 0, 0), w.now.Add(-time.Second))).Cert
		}, sts.Unusable},
		"certificate for encryption": {func(w *world, c *sts.Client) {
			c.Holder.Chain[0] = pkitest.Issue("doctor", &w.ca, pkitest.Encryption).Cert
		}, sts.Unusable},
		"no key":             {func(w *world, c *sts.Client) { c.Holder = etee.Credential{} }, sts.Unusable},
		"another key":        {func(w *world, c *sts.Client) { c.Holder.Key = w.stranger.Key }, sts.NoAnswer},
		"unknown profession": {func(w *world, c *sts.Client) { c.Profession = "plumber" }, sts.Unprepared},
		"unknown form":       {func(w *world, c *sts.Client) { c.Form = "kerberos" }, sts.Unprepared},
		"no number":          {func(w *world, c *sts.Client) { c.SSIN = "7902180214" }, sts.Unprepared},
		"no randomness":      {func(w *world, c *sts.Client) { c.Rand = strings.NewReader("short") }, sts.Unprepared},
	} {
		w := newWorld(t)
		client := w.client("")
		c.change(w, client)
		token, err := client.Issue(t.Context())
		w.rest()
		if token != nil || kind(err) != c.kind || len(w.requests) != 0 {
			t.Errorf("%s: %v, %d requests", name, err, len(w.requests))
		}
		silent(t, err)
	}
}

func TestGivenUp(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.client("").Issue(ctx); kind(err) != sts.GivenUp || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func vector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "soap", "testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func vectorCertificate(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	return pkitest.ReadCertificate(vector(t, name+".cert.pem"))
}

// vectorClient reads the assertion of the vectors, which has the structure of a genuine one and was signed by xmlsec1.
func vectorClient(t testing.TB) *sts.Client {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(vector(t, "test-auth.key.p8"))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }
	ca := x509.NewCertPool()
	ca.AddCert(vectorCertificate(t, "test-ca"))
	holder := etee.Credential{Key: key.(*rsa.PrivateKey), Chain: []*x509.Certificate{vectorCertificate(t, "test-auth")}}
	return &sts.Client{
		SOAP: &soap.Client{Clock: clock}, Anchors: ca, Holder: holder, Profession: sts.Doctor, SSIN: ssin, NIHII: nihii, Clock: clock,
	}
}

func TestVector(t *testing.T) {
	token, err := vectorClient(t).Open(vector(t, "Assertion-sts-signed-rsa-sha1.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if token.ID() != "_0123456789abcdef0123456789abcdef" || token.NIHII() != nihii || !token.Until().Equal(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("%s %s %v", token.ID(), token.NIHII(), token.Until())
	}
	if _, err := xmldsig.Parse(token.Assertion(), xmldsig.Limits{}); err != nil {
		t.Error(err)
	}
}

func TestTokenIsRedacted(t *testing.T) {
	w := newWorld(t)
	token, err := w.client("").Issue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %+v %#v %s %v", token, token, *token, token, *w.client("")) + token.LogValue().String()
	for _, secret := range []string{ssin, nihii, "Assertion", token.ID(), w.doctor.Key.N.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is told", secret)
		}
	}
}
