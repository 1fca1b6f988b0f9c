package etk_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
	"relais/test/specs"
)

// depotWorld is a depot with its registration authority and some holders, all invented.
type depotWorld struct {
	t         *testing.T
	authority pkitest.Holder
	ca        pkitest.Holder
	answer    func(request string) (status int, body string)
	asked     []string // what arrived, envelopes
	mu        sync.Mutex
	cache     *memory
	now       time.Time
	url       string
}

var (
	doctor = etk.Identifier{Type: "SSIN", Value: "79021802145"}
	recipe = etk.Identifier{Type: "CBE", Value: "0823257311"}
	kgss   = etk.Identifier{Type: "CBE", Value: "0809394427", Application: "KGSS"}
)

func newDepotWorld(t *testing.T) *depotWorld {
	w := &depotWorld{t: t, now: pkitest.Now, cache: &memory{kept: map[string][]byte{}}}
	w.ca = pkitest.Issue("etk ca", nil, pkitest.CA)
	w.authority = pkitest.Issue("etk ra", &w.ca)
	w.answer = func(string) (int, string) { return 200, w.good(w.token(doctor, "doctor-enc")) }
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asked = append(w.asked, string(text))
		if action := r.Header.Get("SOAPAction"); action != `""` {
			t.Errorf("SOAPAction %s", action)
		}
		status, body := w.answer(string(text))
		if status == 0 { // no answer at all
			panic(http.ErrAbortHandler)
		}
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// rest waits until the server is done with the request before: one that breaks off is over for its caller sooner.
func (w *depotWorld) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
}

func (w *depotWorld) depot() *etk.Depot {
	clock := func() time.Time { return w.now }
	return &etk.Depot{
		Client: &soap.Client{Clock: clock}, URL: w.url, Cache: w.cache, Clock: clock,
		Anchors: etk.Anchors{Authority: pkitest.Pool(w.ca.Cert), Holders: pkitest.Pool(w.ca.Cert)},
	}
}

// named gives a certificate the subject of an eHealth certificate.
func named(id etk.Identifier, units ...string) pkitest.Change {
	number := id.Type + "=" + id.Value
	common := number
	if id.Application != "" {
		common += ", " + id.Application
	}
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{
			Country: []string{"BE"}, Organization: []string{"Federal Government"},
			OrganizationalUnit: append([]string{"eHealth-platform Belgium", number}, units...), CommonName: common,
		}
	}
}

// token makes the ETK of a holder for the key of that name.
func (w *depotWorld) token(id etk.Identifier, key string, changes ...pkitest.Change) []byte {
	w.t.Helper()
	changes = append([]pkitest.Change{named(id)}, changes...)
	auth := pkitest.Issue("auth", &w.ca, named(id))
	enc := pkitest.Issue(key, &auth, append([]pkitest.Change{pkitest.Encryption}, changes...)...)
	return w.signed(enc.Cert, w.authority, auth)
}

func (w *depotWorld) signed(content *x509.Certificate, by, auth pkitest.Holder) []byte {
	w.t.Helper()
	text, err := cms.Sign(content.Raw, cms.Signature{
		Scheme: cms.PKCS1v15, Key: by.Key, Certificate: by.Cert, Time: pkitest.Now.AddDate(0, -1, 0), Rand: rand.Reader,
		Enclosed: []*x509.Certificate{auth.Cert, by.Cert},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

const responseStart = `<e:GetEtkResponse xmlns:e="urn:be:fgov:ehealth:etkdepot:1_0:protocol" Id="_e">`

func status(code string) string {
	return `<c:Status xmlns:c="urn:be:fgov:ehealth:commons:1_0:core"><Code>` + code + `</Code><Message Lang="EN">words of the server</Message></c:Status>`
}

func envelope(content string) string {
	return `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` + content + `</S:Body></S:Envelope>`
}

func (w *depotWorld) good(token []byte) string {
	return envelope(responseStart + status("200") + `<e:ETK>` + base64.StdEncoding.EncodeToString(token) + `</e:ETK></e:GetEtkResponse>`)
}

func failed(code string) string {
	return envelope(responseStart + status("300") + `<e:Error><e:Code>` + code + `</e:Code><e:Message>words of the server</e:Message></e:Error></e:GetEtkResponse>`)
}

// memory is a cache.
type memory struct {
	mu    sync.Mutex
	kept  map[string][]byte
	until time.Time
	fail  error
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[key], m.fail
}

func (m *memory) Put(_ context.Context, key string, token []byte, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.kept[key], m.until = token, until
	return nil
}

func TestDepotAsksOnceAndKeeps(t *testing.T) {
	w := newDepotWorld(t)
	until := w.now.AddDate(1, 0, 0)
	w.rest()
	w.answer = func(string) (int, string) {
		return 200, w.good(w.token(doctor, "doctor-enc", pkitest.Valid(w.now.AddDate(-1, 0, 0), until)))
	}
	first, err := w.depot().Token(t.Context(), doctor)
	if err != nil {
		t.Fatal(err)
	}
	w.rest()
	w.answer = func(string) (int, string) { return 0, "" } // the depot is down
	w.now = until.Add(-time.Hour)
	again, err := w.depot().Token(t.Context(), doctor)
	w.rest()
	if err != nil || !again.Encryption.Equal(first.Encryption) || len(w.asked) != 1 {
		t.Fatalf("%v, asked %d times", err, len(w.asked))
	}
	if !w.cache.until.Equal(until) {
		t.Errorf("kept until %v", w.cache.until)
	}
	w.now = until.Add(time.Hour) // no longer valid
	if token, err := w.depot().Token(t.Context(), doctor); token != nil || reason(err) != etk.NoAnswer {
		t.Errorf("an expired token: %v", err)
	}
	w.rest()
	if len(w.asked) != 2 {
		t.Errorf("asked %d times", len(w.asked))
	}
}

func TestDepotRefreshes(t *testing.T) {
	w := newDepotWorld(t)
	old, err := w.depot().Token(t.Context(), doctor)
	if err != nil {
		t.Fatal(err)
	}
	// While the depot is down a refresh fails, and the valid token stays.
	w.rest()
	w.answer = func(string) (int, string) { return 503, "<html>later</html>" }
	if token, err := w.depot().Refresh(t.Context(), doctor); token != nil || reason(err) != etk.NoAnswer {
		t.Errorf("%v", err)
	}
	if kept, err := w.depot().Token(t.Context(), doctor); err != nil || !kept.Encryption.Equal(old.Encryption) {
		t.Errorf("the kept token is lost: %v", err)
	}
	// So it does when the answer is unusable.
	w.rest()
	w.answer = func(string) (int, string) { return 200, w.good(w.token(recipe, "recipe-enc")) }
	if token, err := w.depot().Refresh(t.Context(), doctor); token != nil || reason(err) != etk.OtherHolder {
		t.Errorf("%v", err)
	}
	if kept, err := w.depot().Token(t.Context(), doctor); err != nil || !kept.Encryption.Equal(old.Encryption) {
		t.Errorf("the kept token is lost: %v", err)
	}
	// When it is up again, the new one takes its place.
	w.rest()
	w.answer = func(string) (int, string) { return 200, w.good(w.token(doctor, "doctor-enc-2")) }
	fresh, err := w.depot().Refresh(t.Context(), doctor)
	if err != nil || fresh.Encryption.Equal(old.Encryption) {
		t.Fatalf("%v", err)
	}
	if kept, err := w.depot().Token(t.Context(), doctor); err != nil || !kept.Encryption.Equal(fresh.Encryption) {
		t.Errorf("the new token is not kept: %v", err)
	}
}

// What keeps tokens is not trusted, and its faults cost a request.
func TestDepotCache(t *testing.T) {
	for name, damage := range map[string]func(w *depotWorld){
		"nonsense":          func(w *depotWorld) { w.cache.kept[doctor.Key()] = []byte("nonsense") },
		"of another holder": func(w *depotWorld) { w.cache.kept[doctor.Key()] = w.token(recipe, "recipe-enc") },
		"of an authority unknown": func(w *depotWorld) {
			stranger := pkitest.Issue("stranger", nil)
			auth := pkitest.Issue("auth", &w.ca, named(doctor))
			enc := pkitest.Issue("doctor-enc", &auth, pkitest.Encryption, named(doctor))
			w.cache.kept[doctor.Key()] = w.signed(enc.Cert, stranger, auth)
		},
		"cannot be read": func(w *depotWorld) { w.cache.fail = errors.New("disk") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newDepotWorld(t)
			damage(w)
			if token, err := w.depot().Token(t.Context(), doctor); err != nil || !doctor.Names(token.Encryption) || len(w.asked) != 1 {
				t.Errorf("%v, asked %d times", err, len(w.asked))
			}
		})
	}
}

func reason(err error) etk.Reason {
	if e := (*etk.DepotError)(nil); errors.As(err, &e) {
		return e.Reason
	}
	return etk.Reason(fmt.Sprint(err))
}

func TestDepotRefusals(t *testing.T) {
	w := newDepotWorld(t)
	good := w.token(doctor, "doctor-enc")
	fault, err := soap.WriteFault(soap.Fault{Code: "Server", String: "words of the server", SOA: "SOA-02002", Origin: "Provider"})
	if err != nil {
		t.Fatal(err)
	}
	other := pkitest.Issue("other ca", nil, pkitest.CA)
	otherRA := pkitest.Issue("other ra", &other)
	auth := pkitest.Issue("auth", &w.ca, named(doctor))
	enc := pkitest.Issue("doctor-enc", &auth, pkitest.Encryption, named(doctor))
	etkOf := func(token string) string {
		return envelope(responseStart + status("200") + `<e:ETK>` + token + `</e:ETK></e:GetEtkResponse>`)
	}
	for name, c := range map[string]struct {
		status int
		body   string
		want   etk.Reason
	}{
		"down":                 {0, "", etk.NoAnswer},
		"fault":                {500, string(fault), etk.NoAnswer},
		"page of a portal":     {200, "<html><body>Welcome</body></html>", etk.NoAnswer},
		"truncated":            {200, w.good(good)[:900], etk.NoAnswer},
		"oversized":            {200, w.good([]byte(strings.Repeat("x", 5<<20))), etk.NoAnswer},
		"no such holder":       {200, failed("NO_MATCHING_ETK"), etk.NotFound},
		"bad number":           {200, failed("INVALID_SSIN_NUMBER"), etk.BadNumber},
		"bad CBE number":       {200, failed("INVALID_CBE_NUMBER"), etk.BadNumber},
		"bad NIHII number":     {200, failed("INVALID_NIHII_NUMBER"), etk.BadNumber},
		"another error":        {200, failed("79021802145"), etk.Refused},
		"status alone":         {200, envelope(responseStart + status("500") + `</e:GetEtkResponse>`), etk.Refused},
		"error beside a token": {200, strings.Replace(w.good(good), "<e:ETK>", "<e:Error><e:Code>NO_MATCHING_ETK</e:Code></e:Error><e:ETK>", 1), etk.NotFound},
		"several holders": {200, envelope(responseStart + status("200") + `<e:MatchingEtk><e:Identifier><e:Type>CBE</e:Type><e:Value>0823257311</e:Value>` +
			`</e:Identifier></e:MatchingEtk></e:GetEtkResponse>`), etk.Ambiguous},
		"no status":                   {200, strings.Replace(w.good(good), status("200"), "", 1), etk.NotReadable},
		"nothing":                     {200, envelope(responseStart + status("200") + `</e:GetEtkResponse>`), etk.NotReadable},
		"two tokens":                  {200, strings.Replace(w.good(good), "</e:GetEtkResponse>", "<e:ETK>AAAA</e:ETK></e:GetEtkResponse>", 1), etk.NotReadable},
		"another answer":              {200, envelope(`<x xmlns="urn:be:fgov:ehealth:etkdepot:1_0:protocol"/>`), etk.NotReadable},
		"not base64":                  {200, etkOf("?"), etk.NotReadable},
		"not a token":                 {200, etkOf("AAAA"), etk.NoToken},
		"certificate alone":           {200, etkOf(base64.StdEncoding.EncodeToString(enc.Cert.Raw)), etk.NoToken},
		"authority unknown":           {200, w.good(w.signed(enc.Cert, otherRA, auth)), etk.NotTrusted},
		"wrong signature":             {200, w.good(w.signed(enc.Cert, pkitest.Holder{Cert: w.authority.Cert, Key: otherRA.Key}, auth)), etk.NotTrusted},
		"expired":                     {200, w.good(w.token(doctor, "doctor-enc", pkitest.Valid(w.now.AddDate(-2, 0, 0), w.now.AddDate(-1, 0, 0)))), etk.NotTrusted},
		"another person":              {200, w.good(w.token(etk.Identifier{Type: "SSIN", Value: "80010100107"}, "doctor-enc")), etk.OtherHolder},
		"same number of another kind": {200, w.good(w.token(etk.Identifier{Type: "NIHII", Value: doctor.Value}, "doctor-enc")), etk.OtherHolder},
	} {
		t.Run(name, func(t *testing.T) {
			w.rest()
			w.answer = func(string) (int, string) { return c.status, c.body }
			token, err := w.depot().Token(t.Context(), doctor)
			if token != nil || reason(err) != c.want {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "words of") || strings.Contains(text, doctor.Value) {
				t.Errorf("the error tells what it must not: %s", text)
			}
			if c.want == etk.NoAnswer {
				if e := (*soap.Error)(nil); !errors.As(err, &e) {
					t.Error("the error of the call is lost")
				}
			}
			if len(w.cache.kept) != 0 {
				t.Error("it was kept")
			}
		})
	}
}

func TestIdentifierNames(t *testing.T) {
	certificate := func(common string, units ...string) *x509.Certificate {
		return pkitest.Issue("subject", nil, func(c *x509.Certificate) {
			c.Subject = pkix.Name{OrganizationalUnit: append(units, "eHealth-platform Belgium"), CommonName: common}
		}).Cert
	}
	for name, c := range map[string]struct {
		id   etk.Identifier
		cert *x509.Certificate
		want bool
	}{
		"person":                            {doctor, certificate("SSIN=79021802145", "SSIN=79021802145", "TEST DOCTOR"), true},
		"application in the common name":    {kgss, certificate("CBE=0809394427, KGSS", "CBE=0809394427", "KGSS"), true},
		"application as a unit":             {kgss, certificate("CBE=0809394427", "CBE=0809394427", "KGSS"), true},
		"default":                           {recipe, certificate("CBE=0823257311", "CBE=0823257311", "RECIP-E"), true},
		"default that has a name":           {recipe, certificate("CBE=0823257311, RECIPE", "CBE=0823257311"), true},
		"another application":               {kgss, certificate("CBE=0809394427, STS", "CBE=0809394427", "KGSS"), false},
		"no application":                    {kgss, certificate("CBE=0809394427", "CBE=0809394427"), false},
		"number in the unit alone":          {doctor, certificate("SSIN=80010100107", "SSIN=79021802145"), false},
		"number in the common name alone":   {doctor, certificate("SSIN=79021802145", "SSIN=80010100107"), false},
		"number with more":                  {doctor, certificate("SSIN=790218021450", "SSIN=790218021450"), false},
		"nobody":                            {etk.Identifier{}, certificate("=", "="), false},
		"number in the application's place": {kgss, certificate("X=1, CBE=0809394427", "CBE=0809394427", "KGSS"), false},
	} {
		if c.id.Names(c.cert) != c.want {
			t.Errorf("%s: want %v", name, c.want)
		}
	}
}

func TestIdentifierIsRedacted(t *testing.T) {
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %d", doctor, doctor, doctor, doctor, doctor), doctor.LogValue().String()} {
		if strings.Contains(text, doctor.Value) {
			t.Error(text)
		}
	}
}

// What is sent is what the samples show, and valid.
func TestRequestsFollowTheSchema(t *testing.T) {
	w := newDepotWorld(t)
	for _, id := range []etk.Identifier{doctor, recipe, kgss} {
		_, _ = w.depot().Refresh(t.Context(), id)
	}
	var bodies [][]byte
	w.rest()
	for _, sent := range w.asked {
		message, err := soap.Read([]byte(sent), xmldsig.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if message.Header != nil && len(message.Header.ChildElements()) > 0 {
			t.Error("a security header is sent")
		}
		body, err := xmldsig.Standalone(message.Content)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	want := `<GetEtkRequest xmlns="urn:be:fgov:ehealth:etkdepot:1_0:protocol"><SearchCriteria><Identifier><Type>CBE</Type><Value>0823257311</Value>` +
		`<ApplicationID></ApplicationID></Identifier></SearchCriteria></GetEtkRequest>`
	if diff := cmp.Diff(want, strings.Replace(string(bodies[1]), ` xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"`, "", 1)); diff != "" {
		t.Error(diff)
	}
	for name, wrong := range specs.Validate(t, "wire/ehealth-etee/XSD/ehealth-etkdepot-schema-protocol-1_0.xsd", specs.Numbered(bodies)) {
		t.Errorf("%s: %s", name, wrong)
	}
}
