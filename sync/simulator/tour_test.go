package simulator_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/beevik/etree"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/wire"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
	"relais/test/specs"
)

// recorded keeps what the simulator answers.
type recorded struct {
	mu      sync.Mutex
	answers [][]byte // bodies of HTTP
}

// listen lets the client of a bench talk without TLS, so that it can be heard.
func (b *bench) listen() *recorded {
	r := &recorded{}
	b.soap.Transport.Dial = func(ctx context.Context, address string) (net.Conn, error) {
		c, err := b.sim.Dial(ctx, address)
		if err != nil {
			return nil, err
		}
		return &heard{Conn: c, to: r}, nil
	}
	for _, url := range []*string{&b.ends.ETK, &b.ends.KGSS, &b.ends.STS, &b.ends.STSLegacy, &b.ends.Prescriber} {
		*url = strings.Replace(*url, "https://", "http://", 1)
	}
	b.depot.URL, b.kgss.URL, b.sts.URL = b.ends.ETK, b.ends.KGSS, b.ends.STS
	return r
}

type heard struct {
	net.Conn
	to   *recorded
	text bytes.Buffer
	once sync.Once
}

func (c *heard) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.text.Write(p[:n])
	return n, err
}

func (c *heard) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		resp, failed := http.ReadResponse(bufio.NewReader(&c.text), nil)
		if failed != nil {
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		c.to.mu.Lock()
		defer c.to.mu.Unlock()
		c.to.answers = append(c.to.answers, body)
	})
	return err
}

// schemas of the contents of a body, by the namespace of their root.
var schemas = map[string]string{
	"urn:be:fgov:ehealth:recipe:protocol:v4":           "wire/ehealth-recipe-services/WSDL/recipeservices_protocol-4_0.xsd",
	"urn:be:fgov:ehealth:etkdepot:1_0:protocol":        "wire/ehealth-etee/XSD/ehealth-etkdepot-schema-protocol-1_0.xsd",
	"urn:be:fgov:ehealth:etee:kgss:1_0:protocol":       "wire/ehealth-etee/XSD/ehealth-etee-kgss-schema-protocol-1_2.xsd",
	"http://docs.oasis-open.org/ws-sx/ws-trust/200512": "wire/external/XSD/ws-trust-1.3-errata-cd-01.xsd",
	"urn:oasis:names:tc:SAML:1.0:protocol":             "wire/external/XSD/oasis-sstc-saml-schema-protocol-1.1.xsd",
	"urn:oasis:names:tc:SAML:1.0:assertion":            "wire/external/XSD/oasis-sstc-saml-schema-assertion-1.1.xsd",
	"urn:be:fgov:ehealth:errors:soa:v1":                "wire/ehealth-errors/XSD/ehealth-errors-schema-soa-1_1.xsd",
	"urn:be:fgov:ehealth:bcp:protocol:v1":              "wire/ehealth-bcp/XSD/ehealth-bcp-protocol-1_0.xsd",
}

const (
	schemaInner = "wire/recipe-central-system-unsealed/XSD/UnsealedPrescriberServicesV4_relaxed.xsd"
	schemaKGSS  = "wire/ehealth-etee/XSD/ehealth-etee-kgss-schema-inner-protocol-1_2.xsd"
)

// valid checks texts, by schema.
func valid(t *testing.T, texts map[string][][]byte) {
	t.Helper()
	for schema, list := range texts {
		for name, verdict := range specs.Validate(t, schema, specs.Numbered(list)) {
			t.Errorf("%s: %s: %s", filepath.Base(schema), name, verdict)
		}
	}
}

// contents gives what stands in the bodies, with what must be valid in it, by schema.
func (r *recorded) contents(t *testing.T) map[string][][]byte {
	t.Helper()
	texts := map[string][][]byte{}
	add := func(el *etree.Element) {
		text, err := xmldsig.Standalone(el)
		if err != nil {
			t.Fatal(err)
		}
		schema := schemas[el.NamespaceURI()]
		if schema == "" {
			t.Fatalf("no schema for %s", el.Tag)
		}
		texts[schema] = append(texts[schema], text)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, body := range r.answers {
		m, err := soap.Read(body, xmldsig.Limits{})
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if m.Fault == nil {
			add(m.Content)
		} else if detail := m.Content.FindElement("detail"); detail != nil {
			add(detail.ChildElements()[0])
		}
		for _, assertion := range m.Content.FindElements("//Assertion") {
			add(assertion)
		}
	}
	return texts
}

// demoMessage is a KMEHR message of our own that is valid to the end of the tests' month.
func demoMessage(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "recipe", "kmehr", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inner is a call of each operation on a record, and where its result goes.
func (b *bench) calls(rid rx.RID) []struct {
	op     wire.Operation
	param  func(wire.SymmKey) any
	result wire.Result
} {
	id, party := wire.Private(rid), wire.Party{PatientID: wire.Private(marie)}
	active := true
	notification, err := b.kgss.Sealer.Seal(wire.Pack([]byte("<notification/>")), etee.Recipients{Known: one(b.pki.Pharmacy().Decryption[0].Certificate)})
	b.must(err)
	return []struct {
		op     wire.Operation
		param  func(wire.SymmKey) any
		result wire.Result
	}{
		{wire.GetPrescription, func(k wire.SymmKey) any { return wire.GetParam{RID: id, SymmKey: k} }, &wire.GetResult{}},
		{wire.GetPrescriptionStatus, func(k wire.SymmKey) any { return wire.StatusParam{RID: id, SymmKey: k} }, &wire.StatusResult{}},
		{wire.ListOpenRids, func(k wire.SymmKey) any { return wire.OpenRidsParam{Party: party, SymmKey: k} }, &wire.OpenRidsResult{}},
		{wire.ListRidsHistory, func(k wire.SymmKey) any {
			return wire.RidsHistoryParam{Party: party, SymmKey: k, ActiveResults: &active}
		}, &wire.RidsHistoryResult{}},
		{wire.PutVision, func(k wire.SymmKey) any { return wire.VisionParam{RID: id, SymmKey: k, Vision: wire.Locked} }, &wire.Outcome{}},
		{wire.PutFeedbackFlag, func(k wire.SymmKey) any { return wire.FeedbackFlagParam{RID: id, SymmKey: k, AllowFeedback: true} }, &wire.Outcome{}},
		{wire.SendNotification, func(k wire.SymmKey) any {
			return wire.NotificationParam{Party: wire.Party{ExecutorID: wire.Private(simulator.PharmacyID.Value), PatientID: party.PatientID}, SymmKey: k, Content: notification}
		}, &wire.Outcome{}},
		{wire.ListFeedbacks, func(k wire.SymmKey) any { return wire.FeedbacksParam{SymmKey: k, ReadFlag: true} }, &wire.FeedbacksResult{}},
		{wire.GetValidationProperties, func(k wire.SymmKey) any { return wire.PropertiesParam{SymmKey: k, ClientVersion: "1"} }, &wire.PropertiesResult{}},
		{wire.RevokePrescription, func(k wire.SymmKey) any { return wire.RevokeParam{RID: id, SymmKey: k, Reason: "stopped"} }, &wire.Outcome{}},
	}
}

// Every operation of every service, done and refused in each way: what is answered is valid by the platform's schemas.
func TestEveryAnswerIsValid(t *testing.T) {
	b := newBench(t, pki())
	all := b.listen()
	rid := b.created([]byte("<kmehrmessage/>"))
	b.must(b.world.Feedback(rid, []byte("<feedback/>"), monday))
	do := func(op wire.Operation, param func(wire.SymmKey) any, result wire.Result, good bool) {
		t.Helper()
		k := b.symm()
		var info *wire.Administrative
		if op == wire.PutVision {
			info = &wire.Administrative{PrescriptionVersion: "kmehr_1.29", ReferenceSourceVersion: "Unknown"}
		}
		if _, err := b.send(b.order(op, k, param(k), info), result); err != nil {
			t.Fatalf("%s: %v", op.Name, err)
		}
		if result.Told().Good() != good || !good && (result.Told().Code != wire.Failed || len(result.Told().Messages) != 4) {
			t.Errorf("%s: status %s, %d messages", op.Name, result.Told().Code, len(result.Told().Messages))
		}
	}
	for _, c := range b.calls(rid) {
		do(c.op, c.param, c.result, true)
	}
	for _, c := range b.calls("BEP0ZZZZZZZZ") {
		if c.op != wire.ListOpenRids && c.op != wire.ListRidsHistory && c.op != wire.GetValidationProperties && c.op != wire.ListFeedbacks && c.op != wire.SendNotification {
			do(c.op, c.param, c.result, false)
		}
	}
	for _, kind := range []world.Kind{world.Inner, world.Outer, "soa-00001", "soa-01001", "soa-02002", "soa-03006"} {
		b.must(b.world.SetPlan([]world.Fault{{Kind: kind}}, b.clock.Now()))
		ctx := context.Background()
		_, _ = b.depot.Refresh(ctx, simulator.KGSSID)
		for _, form := range []sts.Form{sts.WSTrust, sts.SAMLP} {
			b.inForm(form)
			if _, err := b.sts.Issue(ctx); err == nil {
				t.Errorf("%s: a token", kind)
			}
		}
		b.inForm(sts.WSTrust)
		b.must(b.world.SetPlan(nil, b.clock.Now()))
		o, _ := b.creation([]byte("x"))
		readers := must(kgss.Shared(sts.Doctor, string(marie)))
		b.must(b.world.SetPlan([]world.Fault{{Kind: kind, Service: rx.KGSS}, {Kind: kind, Service: rx.Recipe}}, b.clock.Now()))
		if _, err := b.kgss.NewKey(ctx, readers); err == nil {
			t.Errorf("%s: a key", kind)
		}
		var result wire.CreateResult
		if _, err := b.send(o, &result); err == nil && result.Status.Good() {
			t.Errorf("%s: created", kind)
		}
		b.must(b.world.SetPlan(nil, b.clock.Now()))
	}
	b.inForm(sts.SAMLP)
	b.token()
	texts := all.contents(t)
	texts[schemaInner] = b.inner
	if len(b.inner) < 17 || len(texts) < 8 {
		t.Fatalf("%d results, %d schemas", len(b.inner), len(texts))
	}
	valid(t, texts)
}

// inForm lets the client ask for tokens in a form.
func (b *bench) inForm(f sts.Form) {
	b.sts.Form, b.sts.URL = f, b.ends.STS
	if f == sts.SAMLP {
		b.sts.URL = b.ends.STSLegacy
	}
}

// A message that is of another patient than the prescription is found by whoever reads it, as no service can.
func TestPharmacistSeesAnotherPatient(t *testing.T) {
	b := newBench(t, pki())
	o, p := b.creation(demoMessage(t, "demo-cnk.xml"))
	p.PrescriptionType, o.info.PrescriptionType, p.ExpirationDate = "P1", "P1", "2027-02-21"
	var result wire.CreateResult
	_, err := b.send(o, &result)
	b.must(err)
	if d, err := b.sim.Dispense(rx.RID(result.RID)); err != nil || d.Valid || len(d.Errors) != 1 || !strings.Contains(d.Errors[0], "another patient") {
		t.Errorf("%v, %v", d.Errors, err)
	}
}

// What is no SOAP 1.1 in UTF-8 is not read: a client that says so by mistake would meet it at the platform first.
func TestContentTypes(t *testing.T) {
	b := newBench(t, pki())
	for kind, want := range map[string]int{
		"text/xml; charset=utf-8": http.StatusInternalServerError, `text/xml;charset="UTF-8"`: http.StatusInternalServerError, "text/xml": http.StatusInternalServerError,
		"": http.StatusUnsupportedMediaType, "text/plain": http.StatusUnsupportedMediaType, "application/soap+xml; charset=utf-8": http.StatusUnsupportedMediaType,
		"text/xml; charset=ISO-8859-1": http.StatusUnsupportedMediaType, "text/xml; charset": http.StatusUnsupportedMediaType,
	} {
		r := httptest.NewRequest(http.MethodPost, b.ends.Prescriber, strings.NewReader("<a/>"))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		if b.sim.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q: %d, want %d", kind, w.Code, want)
		}
	}
}

// A prescription in each of our messages is read by the pharmacist as it was written, and moves as the pharmacist moves it.
func TestPharmacistReads(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "recipe", "kmehr", "testdata", "demo-*.xml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d messages, %v", len(files), err)
	}
	b := newBench(t, pki())
	for _, file := range files {
		message := bytes.ReplaceAll(demoMessage(t, filepath.Base(file)), []byte("80010100107"), []byte(marie))
		o, p := b.creation(message)
		p.PrescriptionType, o.info.PrescriptionType = "P1", "P1"
		_, rest, _ := strings.Cut(string(message), "<expirationdate>")
		p.ExpirationDate, _, _ = strings.Cut(rest, "<")
		var result wire.CreateResult
		_, err := b.send(o, &result)
		b.must(err)
		d, err := b.sim.Dispense(rx.RID(result.RID))
		b.must(err)
		if !d.Valid || d.Message != string(message) || d.Status != rx.InProcess {
			t.Errorf("%s: %s, valid %t, %v", filepath.Base(file), d.Status, d.Valid, d.Errors)
		}
		r, err := b.world.Record(d.RID, monday)
		b.must(err)
		if _, rest, _ = strings.Cut(string(message), `S="LOCAL"`); !strings.Contains(rest, string(r.Local)) || r.Local == "" || string(r.Prescriber) != "19999915004" {
			t.Error("the ground truth does not know its LOCAL id, or its prescriber")
		}
	}
}

// control makes a request of the control side.
func control(b *bench, method, path, body string, into any) int {
	b.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	b.sim.ServeHTTP(w, r)
	if into != nil && w.Code == http.StatusOK {
		b.must(json.Unmarshal(w.Body.Bytes(), into))
	}
	return w.Code
}

// The two sides beside the prescriber, as plain JSON.
func TestSides(t *testing.T) {
	b := newBench(t, pki())
	message := []byte("<kmehrmessage/>")
	rid, other := b.created(message), b.created(message)
	type record struct {
		RID        string
		Status     rx.Status
		Visibility string
		Message    string
		Errors     []string
	}
	var opened struct{ Prescriptions []record }
	if code := control(b, "POST", "/pharmacist/open", `{"ssin": "85073003427"}`, &opened); code != 200 || len(opened.Prescriptions) != 2 || opened.Prescriptions[0].Message != string(message) {
		t.Fatalf("%d: %d prescriptions", code, len(opened.Prescriptions))
	}
	for _, step := range []struct {
		path, extra string
		rid         rx.RID
		code        int
		status      rx.Status
		visibility  string
	}{
		{"/pharmacist/put-back", "", rid, 200, rx.NotDelivered, "open"},
		{"/patient/vision", `, "vision": "Locked"`, rid, 200, rx.NotDelivered, "locked"},
		{"/patient/vision", `, "vision": ""`, rid, 200, rx.NotDelivered, "open"},
		{"/patient/vision", `, "vision": "x"`, rid, 422, "", ""},
		{"/pharmacist/deliver", "", rid, 200, rx.Delivered, "open"},
		{"/pharmacist/feedback", `, "text": "délivré <1>"`, rid, 200, rx.Delivered, "open"},
		{"/pharmacist/archive", "", rid, 200, rx.Archived, "open"},
		{"/pharmacist/archive", "", rid, 422, "", ""},
		{"/patient/revoke", "", other, 200, rx.StatusRevoked, "open"},
		{"/patient/revoke", "", "BEP0ZZZZZZZZ", 404, "", ""},
		{"/patient/revoke", "", "x", 400, "", ""},
	} {
		var r record
		code := control(b, "POST", step.path, `{"rid": "`+string(step.rid)+`"`+step.extra+`}`, &r)
		if code != step.code || r.Status != step.status || r.Visibility != step.visibility {
			t.Errorf("%s: %d, %s, %s", step.path, code, r.Status, r.Visibility)
		}
	}
	var records struct {
		Records []struct{ RID, Patient, Status string }
	}
	if code := control(b, "GET", "/control/records", "", &records); code != 200 || len(records.Records) != 2 || records.Records[0].Status != "Archived" {
		t.Errorf("%d: %+v", code, records)
	}

	// The feedback reaches the doctor, sealed.
	var result wire.FeedbacksResult
	k := b.symm()
	_, err := b.send(b.order(wire.ListFeedbacks, k, wire.FeedbacksParam{SymmKey: k}, nil), &result)
	b.must(err)
	if len(result.Feedbacks) != 1 {
		t.Fatalf("%d feedbacks", len(result.Feedbacks))
	}
	u := b.kgss.Unsealer
	packed, verdict := u.Unseal(result.Feedbacks[0].Content)
	text, err := wire.Unpack(packed)
	b.must(err)
	if !verdict.Accepted || !strings.Contains(string(text), "<text>délivré &lt;1") || rx.RID(result.Feedbacks[0].RID) != rid {
		t.Errorf("%v: %q", verdict.Errors, text)
	}
}

func one[T any](v T) []T { return []T{v} }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
