package kgss_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
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
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/test/specs"
)

func readers(t *testing.T) []kgss.Reader {
	t.Helper()
	list, err := kgss.Shared(sts.Doctor, patient)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func kind(err error) kgss.Kind {
	if e := (*kgss.Error)(nil); errors.As(err, &e) {
		return e.Kind
	}
	return kgss.Kind(fmt.Sprint(err))
}

func TestNewKey(t *testing.T) {
	w := newWorld(t)
	key, err := w.client().NewKey(t.Context(), readers(t))
	if err != nil {
		t.Fatal(err)
	}
	if string(key.ID) != "id-1" || string(key.Secret[:]) != "secret-000000001" || key.ID.Text() != "aWQtMQ==" {
		t.Errorf("%q %q %q", []byte(key.ID), key.Secret[:], key.ID.Text())
	}
	if id, err := kgss.ParseKeyID(key.ID.Text()); err != nil || !bytes.Equal(id, key.ID) {
		t.Errorf("%v", err)
	}
	if kek := key.KEK(); !bytes.Equal(kek.ID, key.ID) || !bytes.Equal(kek.Key, key.Secret[:]) {
		t.Error("another KEK")
	}
}

func TestNewKeys(t *testing.T) {
	w := newWorld(t)
	keys, err := w.client().NewKeys(t.Context(), 3, readers(t))
	if err != nil || len(keys) != 3 || len(w.inner) != 3 {
		t.Fatalf("%v: %d keys, asked %d times", err, len(keys), len(w.inner))
	}
	// Those that came before the outage are kept.
	made := 0
	w.answer = func(w *world, request *etree.Element) (int, string) {
		if made++; made > 2 {
			return 0, ""
		}
		return w.good(request)
	}
	keys, err = w.client().NewKeys(t.Context(), 5, readers(t))
	w.rest()
	if kind(err) != kgss.NoAnswer || len(keys) != 2 || len(w.inner) != 6 {
		t.Errorf("%v: %d keys, asked %d times", err, len(keys), len(w.inner))
	}
	// A key that comes again is no second key.
	w.answer = (*world).good
	w.content = func(request *etree.Element) string { w.n = 40; return w.newKey(request) }
	if keys, err = w.client().NewKeys(t.Context(), 3, readers(t)); kind(err) != kgss.Twice || len(keys) != 1 {
		t.Errorf("%v: %d keys", err, len(keys))
	}
}

func TestGetKey(t *testing.T) {
	w := newWorld(t)
	id := kgss.KeyID("DEMO-KEYID-00001")
	key, err := w.client().Key(t.Context(), id, w.session())
	if err != nil || !w.gotSession {
		t.Fatalf("%v, session %v", err, w.gotSession)
	}
	if !bytes.Equal(key.ID, id) || string(key.Secret[:]) != "secret-000000001" {
		t.Errorf("%q %q", []byte(key.ID), key.Secret[:])
	}
}

func TestAccessList(t *testing.T) {
	type flat struct {
		Namespace, Name string
		Values          []string
	}
	const certified = "urn:be:fgov:certified-namespace:ehealth"
	for profession, name := range map[sts.Profession]string{
		sts.Doctor:  "urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11",
		sts.Dentist: "urn:be:fgov:person:ssin:ehealth:1.0:nihii:dentist:nihii11",
	} {
		list, err := kgss.Shared(profession, patient)
		if err != nil {
			t.Fatal(err)
		}
		var got []flat
		for _, r := range list {
			got = append(got, flat{r.Namespace, r.Name, r.Values})
		}
		want := []flat{
			{certified, name, []string{""}},
			{certified, "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean", []string{"true"}},
			{"urn:be:fgov:identification-namespace", "urn:be:fgov:person:ssin", []string{patient}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if text := fmt.Sprintf("%v %+v %#v %s", list, list, list, list); strings.Contains(text, patient) {
			t.Error("a reader tells the patient")
		}
	}
	for _, c := range []struct {
		profession sts.Profession
		patient    string
	}{{"plumber", patient}, {sts.Doctor, ""}, {sts.Doctor, "8001010010"}, {sts.Doctor, "80.01.01-10"}} {
		if list, err := kgss.Shared(c.profession, c.patient); list != nil || kind(err) != kgss.Unprepared {
			t.Errorf("%q: %v", c.profession, err)
		}
	}
}

// What is sealed and sent, in full and by the schemas.
func TestRequests(t *testing.T) {
	w := newWorld(t)
	_, errNew := w.client().NewKey(t.Context(), readers(t))
	_, errGet := w.client().Key(t.Context(), kgss.KeyID("DEMO-KEYID-00001"), w.session())
	if err := errors.Join(errNew, errGet); err != nil {
		t.Fatal(err)
	}
	own := `<ETK>` + base64.StdEncoding.EncodeToString(w.kept[doctor.Key()]) + `</ETK>`
	for i, want := range []string{
		`<GetNewKeyRequestContent xmlns="urn:be:fgov:ehealth:etee:kgss:1_0:protocol">` +
			`<AllowedReader><Namespace>urn:be:fgov:certified-namespace:ehealth</Namespace><Name>urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11</Name><Value></Value></AllowedReader>` +
			`<AllowedReader><Namespace>urn:be:fgov:certified-namespace:ehealth</Namespace><Name>urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean</Name><Value>true</Value></AllowedReader>` +
			`<AllowedReader><Namespace>urn:be:fgov:identification-namespace</Namespace><Name>urn:be:fgov:person:ssin</Name><Value>80010100107</Value></AllowedReader>` +
			own + `</GetNewKeyRequestContent>`,
		`<GetKeyRequestContent xmlns="urn:be:fgov:ehealth:etee:kgss:1_0:protocol"><KeyIdentifier>REVNTy1LRVlJRC0wMDAwMQ==</KeyIdentifier>` + own + `</GetKeyRequestContent>`,
	} {
		if diff := cmp.Diff(want, string(w.inner[i])); diff != "" {
			t.Error(diff)
		}
	}
	// But for the token it is the content of the vector, which the eHealth library sealed.
	vector, err := os.ReadFile(filepath.Join("..", "etee", "testdata", "vectors", "GetNewKeyRequestContent.xml"))
	if err != nil {
		t.Fatal(err)
	}
	theirs := strings.NewReplacer(`<?xml version="1.0" encoding="UTF-8"?>`, "", "<Value/>", "<Value></Value>").Replace(string(vector))
	if diff := cmp.Diff(theirs[:strings.Index(theirs, "<ETK>")], string(w.inner[0][:bytes.Index(w.inner[0], []byte("<ETK>"))])); diff != "" {
		t.Error(diff)
	}
	for schema, messages := range map[string][][]byte{
		"ehealth-etee-kgss-schema-protocol-1_2.xsd": w.outer, "ehealth-etee-kgss-schema-inner-protocol-1_2.xsd": w.inner,
	} {
		for name, wrong := range specs.Validate(t, "wire/ehealth-etee/XSD/"+schema, specs.Numbered(messages)) {
			t.Errorf("%s: %s: %s", schema, name, wrong)
		}
	}
}

// Answers that must be refused, to both questions.
func TestRefusedAnswers(t *testing.T) {
	replace := func(old, new string) func(w *world, request *etree.Element) (int, string) {
		return func(w *world, request *etree.Element) (int, string) {
			_, body := w.good(request)
			return 200, strings.Replace(body, old, new, 1)
		}
	}
	fixed := func(status int, body string) func(w *world, request *etree.Element) (int, string) {
		return func(*world, *etree.Element) (int, string) { return status, body }
	}
	fault := func(f soap.Fault) string {
		text, err := soap.WriteFault(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	failed := func(w *world, request *etree.Element) (int, string) {
		return 200, answered(request, "300", `<Error><Code>80010100107</Code><Message>words of the server</Message></Error>`)
	}
	const refused kgss.Kind = "" // NotMade or NotAllowed
	for name, c := range map[string]struct {
		prepare func(w *world)
		answer  func(w *world, request *etree.Element) (int, string)
		want    kgss.Kind
	}{
		"down":             {answer: fixed(0, ""), want: kgss.NoAnswer},
		"unavailable":      {answer: fixed(503, "<html>later</html>"), want: kgss.NoAnswer},
		"page of a portal": {answer: fixed(200, "<html><body>Welcome</body></html>"), want: kgss.NoAnswer},
		"out of order":     {answer: fixed(500, fault(soap.Fault{Code: "Server", String: "words of the server", SOA: "SOA-02001"})), want: kgss.NoAnswer},
		"no session":       {answer: fixed(500, fault(soap.Fault{Code: "InvalidSecurity", String: "words of the server"})), want: kgss.NoSession},
		"not authenticated": {answer: fixed(500, fault(soap.Fault{Code: "Client", SOA: "SOA-01001", Origin: "Consumer"})),
			want: kgss.NoSession},
		"oversized": {answer: fixed(200, envelope(strings.Repeat("x", 5<<20))), want: kgss.NoAnswer},
		"truncated": {answer: func(w *world, request *etree.Element) (int, string) {
			_, body := w.good(request)
			return 200, body[:len(body)/2]
		}, want: kgss.NoAnswer},
		"refused":               {answer: failed, want: refused},
		"refused with a key":    {answer: replace("<Code>200</Code>", "<Code>300</Code>"), want: refused},
		"error beside success":  {answer: replace("</Status>", "</Status><Error><Code>X</Code></Error>"), want: refused},
		"two statuses":          {answer: replace("</Status>", "</Status><Status><Code>200</Code></Status>"), want: refused},
		"no status":             {answer: replace("<Status><Code>200</Code><Message>words of the server</Message></Status>", ""), want: kgss.Malformed},
		"success code 100":      {answer: replace("<Code>200</Code>", "<Code>100</Code>"), want: "none"},
		"nothing sealed":        {answer: func(w *world, request *etree.Element) (int, string) { return 200, answered(request, "200", "") }, want: kgss.Malformed},
		"another answer":        {answer: fixed(200, envelope(`<x xmlns="`+namespace+`"/>`)), want: kgss.Malformed},
		"not base64":            {answer: replace("<k:SealedContent>", "<k:SealedContent>?"), want: kgss.Malformed},
		"sealed content broken": {answer: replace("<k:SealedContent>MII", "<k:SealedContent>MIJ"), want: kgss.NotTrusted},
		"sealed for another": {prepare: func(w *world) {
			w.sealWith = func(_ *etee.Sealer, _ *x509.Certificate) *x509.Certificate { return w.strangerKey.Cert }
		}, want: kgss.NotTrusted},
		"signed by nobody we trust": {prepare: func(w *world) {
			w.sealWith = func(s *etee.Sealer, to *x509.Certificate) *x509.Certificate {
				s.Sender = etee.Credential{Key: w.doctor.Key, Chain: []*x509.Certificate{w.doctor.Cert}}
				return to
			}
		}, want: kgss.NotTrusted},
		"signed by another service": {prepare: func(w *world) {
			w.sealWith = func(s *etee.Sealer, to *x509.Certificate) *x509.Certificate {
				s.Sender = etee.Credential{Key: w.stranger.Key, Chain: []*x509.Certificate{w.stranger.Cert}}
				return to
			}
		}, want: kgss.NotKGSS},
		"an old answer": {prepare: func(w *world) {
			w.sealWith = func(s *etee.Sealer, to *x509.Certificate) *x509.Certificate {
				s.Clock = func() time.Time { return w.now.Add(-6 * time.Minute) }
				return to
			}
		}, want: kgss.Old},
		"a clock that is four minutes late": {prepare: func(w *world) {
			w.sealWith = func(s *etee.Sealer, to *x509.Certificate) *x509.Certificate {
				s.Clock = func() time.Time { return w.now.Add(-4 * time.Minute) }
				return to
			}
		}, want: "none"},
		"from the future": {prepare: func(w *world) {
			w.sealWith = func(s *etee.Sealer, to *x509.Certificate) *x509.Certificate {
				s.Clock = func() time.Time { return w.now.Add(6 * time.Minute) }
				return to
			}
		}, want: kgss.NotTrusted},
		"short key": {prepare: func(w *world) {
			w.content = func(r *etree.Element) string {
				return strings.Replace(w.newKey(r), "c2VjcmV0LTAwMDAwMDAwMQ==", "c2VjcmV0LTAwMDAwMDAw", 1)
			}
		}, want: kgss.Malformed},
		"long key": {prepare: func(w *world) {
			w.content = func(r *etree.Element) string {
				return strings.Replace(w.newKey(r), "c2VjcmV0LTAwMDAwMDAwMQ==", "c2VjcmV0LTAwMDAwMDAwMTIz", 1)
			}
		}, want: kgss.Malformed},
		"no key":               {prepare: func(w *world) { w.content = func(*etree.Element) string { return `<x xmlns="` + namespace + `"/>` } }, want: kgss.Malformed},
		"sealed content other": {prepare: func(w *world) { w.content = func(*etree.Element) string { return "no XML" } }, want: kgss.Malformed},
	} {
		for _, get := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, GetKey %v", name, get), func(t *testing.T) {
				w := newWorld(t)
				if c.prepare != nil {
					c.prepare(w)
				}
				if c.answer != nil {
					w.answer = c.answer
				}
				want := c.want
				var key kgss.Key
				var err error
				if get {
					key, err = w.client().Key(t.Context(), kgss.KeyID("id-1"), w.session())
					if want == refused {
						want = kgss.NotAllowed
					}
				} else {
					key, err = w.client().NewKey(t.Context(), readers(t))
					if want == refused {
						want = kgss.NotMade
					}
				}
				if want == "none" && err == nil && key.Secret != [16]byte{} {
					return
				}
				if kind(err) != want || key.Secret != [16]byte{} || key.ID != nil {
					t.Fatalf("%v, want %q", err, want)
				}
				text := fmt.Sprintf("%v %+v", err, err)
				for _, secret := range []string{"words of", patient, ssin, "secret-", "c2VjcmV0"} {
					if strings.Contains(text, secret) {
						t.Errorf("the error tells %q: %s", secret, text)
					}
				}
				if e := (*soap.Error)(nil); (want == kgss.NoAnswer || want == kgss.NoSession) && !errors.As(err, &e) {
					t.Error("the error of the call is lost")
				}
			})
		}
	}
}

// Without the encryption tokens nothing can be asked. One's own must be for a key that one holds.
func TestEncryptionTokens(t *testing.T) {
	t.Run("none of the KGSS", func(t *testing.T) {
		w := newWorld(t)
		delete(w.kept, kgss.Service.Key())
		_, err := w.client().NewKey(t.Context(), readers(t))
		if e := (*etk.DepotError)(nil); kind(err) != kgss.NoToken || !errors.As(err, &e) || e.Reason != etk.NoAnswer || len(w.outer) != 0 {
			t.Error(err)
		}
	})
	renewed := func(w *world) []byte {
		return w.token(pkitest.Issue("doctor-enc-2", &w.doctor, named(doctor), pkitest.Encryption), w.doctor)
	}
	t.Run("own of an unknown key, depot down", func(t *testing.T) {
		w := newWorld(t)
		w.kept[doctor.Key()] = renewed(w)
		if _, err := w.client().NewKey(t.Context(), readers(t)); kind(err) != kgss.NoToken || len(w.outer) != 0 {
			t.Error(err)
		}
	})
	answer := func(token []byte) func() string {
		return func() string {
			return envelope(`<e:GetEtkResponse xmlns:e="urn:be:fgov:ehealth:etkdepot:1_0:protocol"><c:Status xmlns:c="urn:be:fgov:ehealth:commons:1_0:core"><Code>200</Code>` +
				`<Message>ok</Message></c:Status><e:ETK>` + base64.StdEncoding.EncodeToString(token) + `</e:ETK></e:GetEtkResponse>`)
		}
	}
	t.Run("own of an unknown key, at the depot too", func(t *testing.T) {
		w := newWorld(t)
		w.kept[doctor.Key()] = renewed(w)
		w.depot = answer(renewed(w))
		if _, err := w.client().NewKey(t.Context(), readers(t)); kind(err) != kgss.ForeignETK || len(w.outer) != 0 {
			t.Error(err)
		}
	})
	t.Run("own of an old key, the depot knows the new one", func(t *testing.T) {
		w := newWorld(t)
		w.depot = answer(w.kept[doctor.Key()])
		w.kept[doctor.Key()] = renewed(w)
		if _, err := w.client().NewKey(t.Context(), readers(t)); err != nil {
			t.Error(err)
		}
	})
}

func TestNotAsked(t *testing.T) {
	w := newWorld(t)
	if _, err := w.client().NewKey(t.Context(), nil); kind(err) != kgss.Unprepared {
		t.Error(err)
	}
	if _, err := w.client().Key(t.Context(), nil, w.session()); kind(err) != kgss.Unprepared {
		t.Error(err)
	}
	client := w.client()
	client.Sealer.Sender = etee.Credential{}
	if _, err := client.NewKey(t.Context(), readers(t)); kind(err) != kgss.Unprepared || len(w.outer) != 0 {
		t.Error(err)
	}
}

func TestKeysAreRedacted(t *testing.T) {
	w := newWorld(t)
	key, err := w.client().NewKey(t.Context(), readers(t))
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %+v %#v %s %x %q %v %v", key, key, key, key, key.ID, key.ID, []kgss.Key{key}, *w.client()) + key.LogValue().String() + key.ID.LogValue().String()
	for _, secret := range []string{"id-1", "aWQtMQ", "secret-", fmt.Sprintf("%x", []byte(key.ID)), fmt.Sprintf("%x", key.Secret[:4])} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is told", secret)
		}
	}
	for _, bad := range []string{"", "?", "aWQtMQ", "aWQtMQ== "} {
		if id, err := kgss.ParseKeyID(bad); id != nil || !errors.Is(err, kgss.ErrKeyID) {
			t.Errorf("%q is an identifier", bad)
		}
	}
}
