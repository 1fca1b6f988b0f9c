package soap_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
)

func TestBuildUnsigned(t *testing.T) {
	want := `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header/><soapenv:Body>` + content + `</soapenv:Body></soapenv:Envelope>`
	for _, text := range []string{content, "\xef\xbb\xbf<?xml version=\"1.0\"?>\n" + content + "\n"} {
		if got, err := (soap.Signer{}).Build([]byte(text)); err != nil || string(got) != want {
			t.Errorf("%v\n%s", err, got)
		}
	}
}

// The message as the profile names it, part by part.
func TestBuildX509(t *testing.T) {
	text := build(t, x509Signer(person(t, "test-auth")))
	m, err := soap.Read(text, xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	security := m.Header.ChildElements()[0]
	var order []string
	for _, el := range security.ChildElements() {
		order = append(order, el.Tag)
	}
	if got := strings.Join(order, " "); got != "BinarySecurityToken Timestamp Signature" {
		t.Errorf("order: %s", got)
	}
	if got := security.SelectAttrValue("soapenv:mustUnderstand", ""); got != "1" {
		t.Errorf("mustUnderstand %q", got)
	}
	for path, want := range map[string]string{
		".//wsu:Created": "2026-11-22T09:30:10.000Z",
		".//wsu:Expires": "2026-11-22T09:31:10.000Z",
	} {
		if got := security.FindElement(path).Text(); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := len(security.FindElements(".//ds:Reference")); got != 3 {
		t.Errorf("%d parts are signed", got)
	}
}

func TestBuildSAMLEmbedsTheTokenByteForByte(t *testing.T) {
	doctor := person(t, "test-auth")
	genuine := string(vector(t, "Assertion-sts-signed-rsa-sha1.xml"))
	genuine = genuine[strings.Index(genuine, "<Assertion"):]
	odd := strings.NewReplacer(`MajorVersion="1"`, "MajorVersion = '1'", `<AttributeValue>true`, `<AttributeValue>t&#114;ue`).Replace(genuine)
	for name, token := range map[string]string{"as it came": genuine, "written in another way": odd} {
		signer := soap.Signer{Security: soap.SAML{Key: doctor.key, Assertion: []byte(token)}, Clock: fixed(now)}
		text := build(t, signer)
		if !bytes.Contains(text, []byte(strings.TrimSpace(token))) {
			t.Errorf("%s: the token is not in the message as it was", name)
		}
		if _, verdict := verifier(t).Verify(text); !verdict.Accepted {
			t.Errorf("%s: %v", name, verdict.Errors)
		}
		if n := bytes.Count(text, []byte("<ds:Reference ")); n != 2+1 { // and that of the token
			t.Errorf("%s: %d references", name, n)
		}
	}
}

// Envelopes of other hands, signed by us.
func TestSignGivenEnvelopes(t *testing.T) {
	const soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	for name, envelope := range map[string]string{
		"no header":      `<s:Envelope xmlns:s="` + soap11 + `"><s:Body><a/></s:Body></s:Envelope>`,
		"default prefix": `<?xml version="1.0" encoding="UTF-8"?><Envelope xmlns="` + soap11 + `"><Body><a xmlns=""/></Body></Envelope>`,
		"other headers":  "<s:Envelope xmlns:s='" + soap11 + "'>\n<s:Header>\n<h xmlns='urn:h'/></s:Header>\n<s:Body>\n<a b='1\n2'>&amp;<![CDATA[<x>]]></a>\n</s:Body>\n</s:Envelope>\n",
		"Body has an id": `<s:Envelope xmlns:s="` + soap11 + `"><s:Body Id="mine"><a/></s:Body></s:Envelope>`,
		"wsu is another": `<s:Envelope xmlns:s="` + soap11 + `" xmlns:wsu="urn:example:other"><s:Body><a wsu:Id="x"><wsu:b/></a></s:Body></s:Envelope>`,
		"comments":       `<!-- x --><s:Envelope xmlns:s="` + soap11 + `"><s:Body><a><!--assertion-->1<![CDATA[<!--assertion-->]]></a></s:Body></s:Envelope>`,
	} {
		before, err := soap.Read([]byte(envelope), xmldsig.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, signer := range []soap.Signer{x509Signer(person(t, "test-auth")), samlSigner(t)} {
			text, err := signer.Sign([]byte(envelope))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			verified, verdict := verifier(t).Verify(text)
			if !verdict.Accepted {
				t.Errorf("%s: %v\n%s", name, verdict.Errors, text)
				continue
			}
			if got, want := canonical(t, verified.Content), canonical(t, before.Content); !bytes.Equal(got, want) {
				t.Errorf("%s: %s became %s", name, want, got)
			}
			if _, err := signer.Sign(text); !errors.Is(err, soap.ErrSign) {
				t.Errorf("%s: signed twice: %v", name, err)
			}
		}
	}
}

func TestSignRefuses(t *testing.T) {
	doctor, sts := person(t, "test-auth"), person(t, "test-ra")
	good := `<a/>`
	for name, c := range map[string]struct {
		security soap.Security
		content  string
		want     error
	}{
		"no XML":                 {soap.X509{Key: doctor.key, Certificate: doctor.cert}, `<a>`, xmldsig.ErrXML},
		"two elements":           {soap.X509{Key: doctor.key, Certificate: doctor.cert}, `<a/><b/>`, xmldsig.ErrXML},
		"our ids are taken":      {soap.X509{Key: doctor.key, Certificate: doctor.cert}, `<a Id="TS-1"/>`, soap.ErrSign},
		"key of another":         {soap.X509{Key: sts.key, Certificate: doctor.cert}, good, soap.ErrSign},
		"no key":                 {soap.X509{Certificate: doctor.cert}, good, soap.ErrSign},
		"no certificate":         {soap.X509{Key: doctor.key}, good, soap.ErrSign},
		"no assertion":           {soap.SAML{Key: doctor.key}, good, soap.ErrSign},
		"something else":         {soap.SAML{Key: doctor.key, Assertion: []byte(good)}, good, soap.ErrSign},
		"no key for assertion":   {soap.SAML{Assertion: assertion(t, nil)}, good, soap.ErrSign},
		"key of another than it": {soap.SAML{Key: sts.key, Assertion: assertion(t, nil)}, good, soap.ErrSign},
		"bearer": {soap.SAML{Key: doctor.key, Assertion: assertion(t, func(a *etree.Element) {
			a.FindElement(".//ConfirmationMethod").SetText("urn:oasis:names:tc:SAML:1.0:cm:bearer")
		})}, good, soap.ErrSign},
		"id of assertion taken": {soap.SAML{Key: doctor.key, Assertion: assertion(t, nil)}, `<a Id="_0123456789abcdef0123456789abcdef"/>`, soap.ErrSign},
	} {
		signer := soap.Signer{Security: c.security, Clock: fixed(now)}
		if text, err := signer.Build([]byte(c.content)); !errors.Is(err, c.want) || text != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (soap.Signer{Clock: fixed(now)}).Sign(build(t, soap.Signer{})); !errors.Is(err, soap.ErrSign) {
		t.Errorf("nothing to sign with: %v", err)
	}
}

// What we sign is accepted by xmlsec1, and refused by it after one changed letter.
func TestXMLSecVerifiesOurs(t *testing.T) {
	xmlsec, err := exec.LookPath("xmlsec1")
	if err != nil {
		t.Skip("xmlsec1 is not installed")
	}
	dir := t.TempDir()
	save := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	doctor := person(t, "test-auth")
	certificate := save("doctor.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: doctor.cert.Raw}))
	ca := save("ca.pem", vector(t, "test-ca.cert.pem"))
	run := func(key []string, xpath string, text []byte) ([]byte, error) {
		args := []string{"--verify"}
		for _, name := range []string{"Body", "Timestamp", "BinarySecurityToken"} {
			args = append(args, "--id-attr:Id", name)
		}
		args = append(args, "--id-attr:AssertionID", "Assertion", "--node-xpath", xpath)
		return exec.Command(xmlsec, append(append(args, key...), save("message.xml", text))...).CombinedOutput()
	}
	const message, token = "/*/*/*/*[local-name()='Signature']", "/*/*/*/*[local-name()='Assertion']/*[local-name()='Signature']"
	for _, suite := range []xmldsig.Suite{xmldsig.RSASHA256, xmldsig.RSASHA1} {
		for kind, signer := range map[string]soap.Signer{"X509": x509Signer(doctor), "SAML": samlSigner(t)} {
			signer.Suite = suite
			text := build(t, signer)
			if out, err := run([]string{"--pubkey-cert-pem", certificate}, message, text); err != nil {
				t.Errorf("%s: %v\n%s", kind, err, out)
			}
			if kind == "SAML" {
				if out, err := run([]string{"--trusted-pem", ca}, token, text); err != nil {
					t.Errorf("%s, its token: %v\n%s", kind, err, out)
				}
			}
			for _, changed := range [][]byte{
				bytes.Replace(text, []byte("what is"), []byte("what Is"), 1),
				bytes.Replace(text, []byte("09:31:10"), []byte("19:31:10"), 1),
			} {
				if out, err := run([]string{"--pubkey-cert-pem", certificate}, message, changed); err == nil {
					t.Errorf("%s: xmlsec1 accepts a changed one\n%s", kind, out)
				}
			}
		}
	}
}
