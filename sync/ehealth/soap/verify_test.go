package soap_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
)

func TestVerifyX509(t *testing.T) {
	doctor, ca := person(t, "test-auth"), person(t, "test-ca")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	stranger := issue(t, doctor, doctor, nil) // issued by someone who is no CA
	sha1 := x509Signer(doctor)
	sha1.Suite = xmldsig.RSASHA1
	long := x509Signer(doctor)
	long.Lifetime = time.Hour
	for name, c := range map[string]struct {
		signer           soap.Signer
		change           func(*soap.Verifier)
		errors, warnings []string
	}{
		"good":                {signer: x509Signer(doctor)},
		"at its last moment":  {signer: x509Signer(doctor), change: at(now.Add(time.Minute))},
		"expired":             {signer: x509Signer(doctor), change: at(now.Add(61 * time.Second)), errors: []string{"TIMESTAMP_EXPIRED"}},
		"a minute ahead":      {signer: x509Signer(doctor), change: at(now.Add(-time.Minute))},
		"further ahead":       {signer: x509Signer(doctor), change: at(now.Add(-61 * time.Second)), errors: []string{"TIMESTAMP_IN_FUTURE"}},
		"long lifetime":       {signer: long, change: at(now.Add(5 * time.Minute))},
		"too long a lifetime": {signer: long, change: at(now.Add(301 * time.Second)), errors: []string{"TIMESTAMP_EXPIRED"}},
		"no anchors":          {signer: x509Signer(doctor), change: func(v *soap.Verifier) { v.Anchors = nil }, errors: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		"another CA":          {signer: x509Signer(stranger), errors: []string{"CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		"expired certificate": {signer: x509Signer(issue(t, doctor, ca, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) })), errors: []string{"CERTIFICATE_EXPIRED"}},
		"may not sign":        {signer: x509Signer(issue(t, doctor, ca, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })), errors: []string{"CERTIFICATE_HAS_INVALID_KEYUSAGE"}},
		"short key":           {signer: x509Signer(issue(t, holder{doctor.cert, short}, ca, nil)), errors: []string{"KEY_LENGTH_UNAUTHORIZED"}},
		"SHA-1":               {signer: sha1, errors: []string{"SIGNATURE_ALGORITHM_UNAUTHORIZED"}},
		"SHA-1 accepted": {signer: sha1, warnings: []string{"WEAK_DIGEST"}, change: func(v *soap.Verifier) {
			v.Suites = []xmldsig.Suite{xmldsig.RSASHA256, xmldsig.RSASHA1}
		}},
		"unsigned": {signer: soap.Signer{}, errors: []string{"SECURITY_HEADER_MISSING"}},
	} {
		v := verifier(t)
		if c.change != nil {
			c.change(&v)
		}
		verified, verdict := v.Verify(build(t, c.signer))
		if !cmp.Equal(codes(verdict.Errors), c.errors) || !cmp.Equal(codes(verdict.Warnings), c.warnings) || verdict.Accepted != (c.errors == nil) {
			t.Errorf("%s: accepted %v, %v, warnings %v", name, verdict.Accepted, verdict.Errors, verdict.Warnings)
		}
		if c.errors != nil {
			if verified != nil {
				t.Errorf("%s: refused, yet something is handed out", name)
			}
			continue
		}
		if verified.Content.Tag != "Ask" || verified.Content.Parent() != verified.Body || !verified.Certificate.Equal(doctor.cert) ||
			verified.Assertion != nil || !verified.Created.Equal(now) || verified.Expires.Before(now) {
			t.Errorf("%s: %+v", name, verified)
		}
	}
}

func at(t time.Time) func(*soap.Verifier) { return func(v *soap.Verifier) { v.Clock = fixed(t) } }

func TestVerifySAML(t *testing.T) {
	doctor, sts, ca := person(t, "test-auth"), person(t, "test-ra"), person(t, "test-ca")
	with := func(token []byte) soap.Signer {
		return soap.Signer{Security: soap.SAML{Key: doctor.key, Assertion: token}, Clock: fixed(now)}
	}
	confirmed := func(h holder) func(*etree.Element) {
		return func(a *etree.Element) {
			a.FindElement(".//ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(h.cert.Raw))
		}
	}
	for name, c := range map[string]struct {
		signer soap.Signer
		change func(*soap.Verifier)
		errors []string
	}{
		"good":              {signer: samlSigner(t)},
		"no anchors of STS": {signer: samlSigner(t), change: func(v *soap.Verifier) { v.Tokens.Anchors = nil }, errors: []string{"TOKEN_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		// The holder needs no chain: the STS vouches for the key.
		"no anchors of persons": {signer: samlSigner(t), change: func(v *soap.Verifier) { v.Anchors = nil }},
		"signed by a stranger": {signer: with(assertionBy(t, issue(t, sts, doctor, nil), nil)),
			errors: []string{"TOKEN_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		"STS certificate expired": {signer: with(assertionBy(t, issue(t, sts, ca, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }), nil)),
			errors: []string{"TOKEN_CERTIFICATE_EXPIRED"}},
		"expired": {signer: with(assertion(t, func(a *etree.Element) {
			a.FindElement("./Conditions").CreateAttr("NotOnOrAfter", "2026-11-22T09:30:10Z")
		})), errors: []string{"TOKEN_EXPIRED"}},
		"not yet valid": {signer: with(assertion(t, func(a *etree.Element) {
			a.FindElement("./Conditions").CreateAttr("NotBefore", "2026-11-22T09:30:11Z")
		})), errors: []string{"TOKEN_NOT_YET_VALID"}},
		"without a zone": {signer: with(assertion(t, func(a *etree.Element) {
			a.FindElement("./Conditions").CreateAttr("NotOnOrAfter", "2026-11-22T09:30:11")
		}))},
		"no end": {signer: with(assertion(t, func(a *etree.Element) {
			a.FindElement("./Conditions").RemoveAttr("NotOnOrAfter")
		})), errors: []string{"TOKEN_SIGNATURE_STRUCTURE_INCORRECT"}},
		"SAML 1.0": {signer: with(assertion(t, func(a *etree.Element) {
			a.CreateAttr("MinorVersion", "0")
		})), errors: []string{"TOKEN_SIGNATURE_STRUCTURE_INCORRECT"}},
		"holder's certificate expired": {signer: with(assertion(t, confirmed(issue(t, doctor, ca, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) })))),
			errors: []string{"CERTIFICATE_EXPIRED"}},
	} {
		v := verifier(t)
		if c.change != nil {
			c.change(&v)
		}
		verified, verdict := v.Verify(build(t, c.signer))
		if !cmp.Equal(codes(verdict.Errors), c.errors) || verdict.Accepted != (c.errors == nil) {
			t.Errorf("%s: accepted %v, %v", name, verdict.Accepted, verdict.Errors)
		}
		if c.errors == nil && (verified.Assertion == nil || verified.Assertion.Element.Parent().Tag != "Security") {
			t.Errorf("%s: %+v", name, verified)
		}
	}
}

// What the STS signed, but not so that it confirms this assertion or one holder.
func TestTokenVerifierRefuses(t *testing.T) {
	sts := person(t, "test-ra")
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"a second holder": {string(assertion(t, func(a *etree.Element) {
			second := a.FindElement("./AuthenticationStatement").Copy()
			second.FindElement(".//ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(sts.cert.Raw))
			a.AddChild(second)
		})), "TOKEN_SIGNATURE_STRUCTURE_INCORRECT"},
		"two certificates of one holder": {string(assertion(t, func(a *etree.Element) {
			c := a.FindElement(".//ds:X509Certificate")
			c.Parent().AddChild(c.Copy())
		})), "TOKEN_SIGNATURE_STRUCTURE_INCORRECT"},
		"nobody confirmed": {string(assertion(t, func(a *etree.Element) {
			subject := a.FindElement(".//Subject")
			subject.RemoveChild(subject.FindElement("./SubjectConfirmation"))
		})), "TOKEN_SIGNATURE_STRUCTURE_INCORRECT"},
		"the signature of something else": {string(edit(t, assertion(t, nil), func(doc *etree.Document) {
			a := doc.Root()
			own := a.FindElement("./ds:Signature")
			other := a.CreateElement("Advice")
			other.CreateAttr("Id", "other")
			forged, err := xmldsig.Sign(sts.key, "", other)
			if err != nil {
				t.Fatal(err)
			}
			forged.AddChild(own.FindElement("./ds:KeyInfo"))
			a.RemoveChild(own)
			a.AddChild(forged)
		})), "TOKEN_PART_NOT_SIGNED"},
		"no certificate of the signer": {string(edit(t, assertion(t, nil), func(doc *etree.Document) {
			doc.FindElement("./Assertion/ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate").SetText("AAAA")
		})), "TOKEN_CERTIFICATE_NOT_FOUND"},
		"not an assertion": {`<a/>`, "TOKEN_SIGNATURE_STRUCTURE_INCORRECT"},
	} {
		doc, err := xmldsig.Parse([]byte(c.text), xmldsig.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		v := soap.TokenVerifier{Anchors: anchors(t), Clock: fixed(now)}
		if a, errs, _ := v.Verify(doc.Root()); a != nil || !cmp.Equal(codes(errs), []string{c.want}) {
			t.Errorf("%s: %v", name, errs)
		}
	}
	// The order of certificates in KeyInfo means nothing.
	doc, err := xmldsig.Parse(assertion(t, nil), xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	data := doc.Root().FindElement("./ds:Signature/ds:KeyInfo/ds:X509Data")
	first := etree.NewElement("ds:X509Certificate")
	first.SetText(base64.StdEncoding.EncodeToString(person(t, "test-ca").cert.Raw))
	data.InsertChildAt(0, first)
	v := soap.TokenVerifier{Anchors: anchors(t), Clock: fixed(now)}
	if a, errs, _ := v.Verify(doc.Root()); a == nil || !a.Signer.Equal(sts.cert) {
		t.Errorf("CA first: %v", errs)
	}
}

// The assertion is genuine, the key that signs the message is not the holder's.
func TestVerifyAnotherKeyThanTheHolders(t *testing.T) {
	message := build(t, samlSigner(t))
	text := edit(t, message, func(doc *etree.Document) {
		p := partsOf(doc)
		forged, err := xmldsig.Sign(person(t, "test-ra").key, "", p.timestamp, p.body)
		if err != nil {
			t.Fatal(err)
		}
		forged.AddChild(p.signature.FindElement("./ds:KeyInfo"))
		p.security.RemoveChild(p.signature)
		p.security.AddChild(forged)
	})
	if verified, verdict := verifier(t).Verify(text); verified != nil || !cmp.Equal(codes(verdict.Errors), []string{"SIGNATURE_DOES_NOT_MATCH"}) {
		t.Errorf("%v", verdict.Errors)
	}
}

// A signer whom we trust may sign too little, or what has no place.
func TestVerifyDemandsTheParts(t *testing.T) {
	doctor := person(t, "test-auth")
	for name, c := range map[string]struct {
		parts  func(p parts) []*etree.Element
		errors []string
	}{
		"all":        {func(p parts) []*etree.Element { return []*etree.Element{p.body, p.token, p.timestamp} }, nil},
		"no Body":    {func(p parts) []*etree.Element { return []*etree.Element{p.token, p.timestamp} }, []string{"PART_NOT_SIGNED"}},
		"no token":   {func(p parts) []*etree.Element { return []*etree.Element{p.body, p.timestamp} }, []string{"PART_NOT_SIGNED"}},
		"Body alone": {func(p parts) []*etree.Element { return []*etree.Element{p.body} }, []string{"PART_NOT_SIGNED", "PART_NOT_SIGNED"}},
		"a header more": {func(p parts) []*etree.Element {
			h := p.header.CreateElement("To")
			h.CreateAttr("Id", "to")
			return []*etree.Element{p.body, p.token, p.timestamp, h}
		}, nil},
		"content in place of Body": {func(p parts) []*etree.Element {
			p.body.ChildElements()[0].CreateAttr("Id", "content")
			return []*etree.Element{p.body.ChildElements()[0], p.token, p.timestamp}
		}, []string{"PART_NOT_SIGNED", "SIGNED_PART_UNEXPECTED"}},
	} {
		text := edit(t, build(t, x509Signer(doctor)), func(doc *etree.Document) {
			p := partsOf(doc)
			p.security.RemoveChild(p.signature)
			signature, err := xmldsig.Sign(doctor.key, "", c.parts(p)...)
			if err != nil {
				t.Fatal(err)
			}
			signature.AddChild(p.signature.FindElement("./ds:KeyInfo"))
			p.security.AddChild(signature)
		})
		if _, verdict := verifier(t).Verify(text); !cmp.Equal(codes(verdict.Errors), c.errors) {
			t.Errorf("%s: %v", name, verdict.Errors)
		}
	}
}

// The policy of the KGSS demands that the Body is signed, and names the assertion in its own way.
func TestVerifyBodyAlone(t *testing.T) {
	doctor := person(t, "test-auth")
	signed := func(parts func(parts) []*etree.Element) []byte {
		return edit(t, build(t, samlSigner(t)), func(doc *etree.Document) {
			p := partsOf(doc)
			p.security.RemoveChild(p.signature)
			signature, err := xmldsig.Sign(doctor.key, "", parts(p)...)
			if err != nil {
				t.Fatal(err)
			}
			signature.AddChild(p.signature.FindElement("./ds:KeyInfo"))
			signature.FindElement(".//KeyIdentifier").CreateAttr("ValueType", "http://docs.oasis-open.org/wss/2004/01/oasis-2004-01-saml-token-profile-1.0#SAMLAssertionID")
			p.security.AddChild(signature)
		})
	}
	v := verifier(t)
	body := func(p parts) []*etree.Element { return []*etree.Element{p.body} }
	if _, verdict := v.Verify(signed(body)); !cmp.Equal(codes(verdict.Errors), []string{"PART_NOT_SIGNED"}) {
		t.Errorf("elsewhere: %v", verdict.Errors)
	}
	v.BodyAlone = true
	if _, verdict := v.Verify(signed(body)); !verdict.Accepted {
		t.Errorf("%v", verdict.Errors)
	}
	if _, verdict := v.Verify(signed(func(p parts) []*etree.Element { return []*etree.Element{p.timestamp} })); verdict.Accepted {
		t.Error("without the Body")
	}
}

// Timestamps that a signer whom we trust may write.
func TestVerifyTimestamps(t *testing.T) {
	doctor := person(t, "test-auth")
	for inner, want := range map[string][]string{
		`<wsu:Created>2026-11-22T09:30:10Z</wsu:Created>`:                                                            nil,
		`<wsu:Created>2026-11-22T10:30:10.5+01:00</wsu:Created><wsu:Expires>2026-11-22T10:31:10+01:00</wsu:Expires>`: nil,
		`<wsu:Created>2026-11-22T09:30:10</wsu:Created>`:                                                             nil,
		`<wsu:Created>2026-11-22T09:25:09Z</wsu:Created>`:                                                            {"TIMESTAMP_EXPIRED"},
		`<wsu:Created>2026-11-22T09:30:00Z</wsu:Created><wsu:Expires>2026-11-22T09:29:00Z</wsu:Expires>`:             {"TIMESTAMP_EXPIRED"},
		``: {"TIMESTAMP_STRUCTURE_INCORRECT"},
		`<wsu:Expires>2026-11-22T09:31:00Z</wsu:Expires>`:                                                {"TIMESTAMP_STRUCTURE_INCORRECT"},
		`<wsu:Created>today</wsu:Created>`:                                                               {"TIMESTAMP_STRUCTURE_INCORRECT"},
		`<wsu:Created>2026-11-22T09:30:00Z</wsu:Created><wsu:Expires>never</wsu:Expires>`:                {"TIMESTAMP_STRUCTURE_INCORRECT"},
		`<wsu:Created>2026-11-22T09:30:00Z</wsu:Created><wsu:Created>2026-11-22T09:30:00Z</wsu:Created>`: {"TIMESTAMP_STRUCTURE_INCORRECT"},
		`<wsu:Created>2026-11-22T09:30:00Z</wsu:Created><Expires>2026-11-22T09:30:00Z</Expires>`:         {"TIMESTAMP_STRUCTURE_INCORRECT"},
	} {
		text := edit(t, build(t, x509Signer(doctor)), func(doc *etree.Document) {
			p := partsOf(doc)
			fragment := etree.NewDocument()
			if err := fragment.ReadFromString(`<wsu:Timestamp wsu:Id="TS-1">` + inner + `</wsu:Timestamp>`); err != nil {
				t.Fatal(err)
			}
			fresh := fragment.Root()
			p.security.RemoveChild(p.timestamp)
			p.security.RemoveChild(p.signature)
			p.security.AddChild(fresh)
			signature, err := xmldsig.Sign(doctor.key, "", fresh, p.body, p.token)
			if err != nil {
				t.Fatal(err)
			}
			signature.AddChild(p.signature.FindElement("./ds:KeyInfo"))
			p.security.AddChild(signature)
		})
		if verified, verdict := verifier(t).Verify(text); !cmp.Equal(codes(verdict.Errors), want) || (verified != nil) != (want == nil) {
			t.Errorf("%s: %v", inner, verdict.Errors)
		}
	}
}

// Forms of the header that are refused, whoever signed.
func TestVerifyRefusesHeaders(t *testing.T) {
	good := string(build(t, x509Signer(person(t, "test-auth"))))
	for name, c := range map[string]struct{ from, to, want string }{
		"SOAP 1.2":              {"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", "ENVELOPE_STRUCTURE_INCORRECT"},
		"another value type":    {`#X509v3" wsu:Id`, `#X509PKIPathv1" wsu:Id`, "TOKEN_REFERENCE_INCORRECT"},
		"another encoding":      {"#Base64Binary", "#HexBinary", "TOKEN_REFERENCE_INCORRECT"},
		"no certificate":        {">MII", ">AII", "CERTIFICATE_NOT_FOUND"},
		"reference to a part":   {`URI="#X509-1" V`, `URI="#TS-1" V`, "TOKEN_REFERENCE_INCORRECT"},
		"reference elsewhere":   {`URI="#X509-1" V`, `URI="http://localhost/#X509-1" V`, "TOKEN_REFERENCE_INCORRECT"},
		"two references":        {`<wsse:Reference `, `<wsse:Reference URI="#X509-1"/><wsse:Reference `, "TOKEN_REFERENCE_INCORRECT"},
		"key by its identifier": {`wsse:Reference`, `wsse:KeyIdentifier`, "TOKEN_REFERENCE_INCORRECT"},
		"Body of two":           {`</soapenv:Body>`, `<two/></soapenv:Body>`, "ENVELOPE_STRUCTURE_INCORRECT"},
	} {
		text := strings.ReplaceAll(good, c.from, c.to)
		_, verdict := verifier(t).Verify([]byte(text))
		if text == good || len(verdict.Errors) == 0 || string(verdict.Errors[0].Code) != c.want {
			t.Errorf("%s: %v", name, verdict.Errors)
		}
	}
	small := verifier(t)
	small.Limits.Bytes = 1000
	if _, verdict := small.Verify([]byte(good)); !cmp.Equal(codes(verdict.Errors), []string{"XML_NOT_ACCEPTED"}) {
		t.Errorf("larger than the limits: %v", verdict.Errors)
	}
}

// Whatever byte of the message is changed, it is refused or says the same in all that is used of it.
func TestAnyByteChangedIsRefusedOrMeansNothing(t *testing.T) {
	for kind, signer := range map[string]soap.Signer{"X509": x509Signer(person(t, "test-auth")), "SAML": samlSigner(t)} {
		text := build(t, signer)
		v := verifier(t)
		good, verdict := v.Verify(text)
		if !verdict.Accepted {
			t.Fatal(verdict.Errors)
		}
		body := canonical(t, good.Body)
		t.Run(kind, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				changed := bytes.Clone(text)
				i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
				changed[i] = rapid.Byte().Draw(t, "value")
				verified, verdict := v.Verify(changed)
				if !verdict.Accepted {
					return
				}
				got, err := xmldsig.Canonical(verified.Body)
				if err != nil || !bytes.Equal(got, body) || !verified.Certificate.Equal(good.Certificate) || !verified.Created.Equal(good.Created) {
					t.Fatalf("byte %d made %q: %s", i, changed[i], got)
				}
			})
		})
	}
}

func canonical(t testing.TB, el *etree.Element) []byte {
	t.Helper()
	text, err := xmldsig.Canonical(el)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// No text, however it is made, is accepted but the genuine ones.
func FuzzVerify(f *testing.F) {
	signers := map[string]soap.Signer{"X509": x509Signer(person(f, "test-auth")), "SAML": samlSigner(f)}
	v := verifier(f)
	var bodies [][]byte
	for _, s := range signers {
		text := build(f, s)
		f.Add(text)
		good, _ := v.Verify(text)
		bodies = append(bodies, canonical(f, good.Body))
	}
	f.Add(vector(f, "createPrescription-soap-saml-hok-signed.xml"))
	f.Add(vector(f, "RequestSecurityToken-soap-x509-signed.xml"))
	for _, name := range []string{"createPrescription-soap-saml-hok-signed.xml", "RequestSecurityToken-soap-x509-signed.xml"} {
		m, err := soap.Read(vector(f, name), xmldsig.Limits{})
		if err != nil {
			f.Fatal(err)
		}
		bodies = append(bodies, canonical(f, m.Body))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		verified, verdict := v.Verify(text)
		if verdict.Accepted != (verified != nil) {
			t.Fatal("a verdict that is none")
		}
		if !verdict.Accepted {
			return
		}
		got := canonical(t, verified.Body)
		for _, body := range bodies {
			if bytes.Equal(got, body) {
				return
			}
		}
		t.Fatalf("accepted: %s", got)
	})
}
