package servicelist_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/pkitest"
	"relais/sync/ehealth/servicelist"
	"relais/sync/ehealth/xmldsig"
	"relais/test/specs"
)

// The lists of the platform of December 2022, as another program keeps them: with line breaks that were not there when they were
// signed, so that no program verifies them (xmlsec1 neither). All before that is as it is here: the form of the signature with
// its properties, the signer and the chain at that time.
func TestRealLists(t *testing.T) {
	for _, file := range []string{"servicelist-prod.xml", "servicelist-acpt.xml"} {
		text, err := os.ReadFile(specs.Path(t, "samples/bcp/"+file))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2022, 12, 23, 9, 0, 0, 0, time.UTC)
		if _, err := servicelist.Read(text, issuer(t, text), at); !errors.Is(err, xmldsig.ErrMismatch) {
			t.Errorf("%s: %v", file, err)
		}
		for name, c := range map[string]struct {
			anchors *x509.CertPool
			at      time.Time
		}{"without anchors": {x509.NewCertPool(), at}, "before its signer": {issuer(t, text), at.AddDate(-20, 0, 0)}} {
			if _, err := servicelist.Read(text, c.anchors, c.at); !errors.Is(err, servicelist.ErrList) || errors.Is(err, xmldsig.ErrMismatch) {
				t.Errorf("%s %s: %v", file, name, err)
			}
		}
	}
}

// issuer is the last certificate that travels with a list: here it is trusted for the test alone.
func issuer(t *testing.T, list []byte) *x509.CertPool {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(list); err != nil {
		t.Fatal(err)
	}
	all := doc.FindElements("//X509Certificate")
	der, err := xmldsig.Base64(all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pkitest.Pool(c)
}

var (
	publisher = pkitest.Issue("list publisher", nil, pkitest.CA)
	signer    = pkitest.Issue("list signer", &publisher)
)

const plain = `<ServiceList xmlns="urn:be:fgov:ehealth:bcp:protocol:v1" Environment="Test" Id="_1" IssueInstant="2027-03-09T09:00:00Z">` +
	`<Service Id="uddi:ehealth-fgov-be:business:recip-eprescriber:v4" Name="R"><Endpoint Order="1" Status="INACTIVE">https://b.example/r</Endpoint>` +
	`<Endpoint Order="0" Status="ACTIVE">https://a.example/r</Endpoint></Service></ServiceList>`

// signed is a list with a plain signature, or with properties that name a certificate. change spoils it before it is signed.
func signed(t *testing.T, properties *x509.Certificate, change func(signature *etree.Element)) []byte {
	t.Helper()
	return signedText(t, plain, properties, change)
}

func signedText(t *testing.T, list string, properties *x509.Certificate, change func(signature *etree.Element)) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(list); err != nil {
		t.Fatal(err)
	}
	root := doc.Root()
	if properties != nil {
		signature, err := xmldsig.SignQualified(signer.Key, signer.Cert, root, pkitest.Now, "sig")
		if err != nil {
			t.Fatal(err)
		}
		root.AddChild(signature)
		if !properties.Equal(signer.Cert) {
			rename(t, signature, properties)
		}
	} else {
		signature, err := xmldsig.SignEnveloped(signer.Key, xmldsig.RSASHA256, root)
		if err != nil {
			t.Fatal(err)
		}
		data := signature.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
		data.CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(signer.Cert.Raw))
		root.AddChild(signature)
	}
	if change != nil {
		change(root.FindElement("./Signature"))
	}
	text, err := xmldsig.Text(doc)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rename lets the properties of a signature name another certificate, and signs anew.
func rename(t *testing.T, signature *etree.Element, other *x509.Certificate) {
	t.Helper()
	sum := sha256.Sum256(other.Raw)
	signature.FindElement("./Object//DigestValue").SetText(base64.StdEncoding.EncodeToString(sum[:]))
	text, err := xmldsig.Canonical(signature.FindElement("./Object/QualifyingProperties/SignedProperties"))
	if err != nil {
		t.Fatal(err)
	}
	sum = sha256.Sum256(text)
	signature.FindElements("./SignedInfo/Reference/DigestValue")[1].SetText(base64.StdEncoding.EncodeToString(sum[:]))
	resign(t, signature)
}

// resign makes the value of a signature anew, for the SignedInfo that it has.
func resign(t *testing.T, signature *etree.Element) {
	t.Helper()
	text, err := xmldsig.Canonical(signature.FindElement("./SignedInfo"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	value, err := rsa.SignPKCS1v15(nil, signer.Key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature.FindElement("./SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
}

func TestLists(t *testing.T) {
	anchors := pkitest.Pool(publisher.Cert)
	for name, properties := range map[string]*x509.Certificate{"plain": nil, "with properties": signer.Cert} {
		list, err := servicelist.Read(signed(t, properties, nil), anchors, pkitest.Now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ends := list.Endpoints(servicelist.Prescriber)
		if list.Active(servicelist.Prescriber) != "https://a.example/r" || len(ends) != 2 || ends[1].Order != 1 || ends[1].Active || list.Active(servicelist.KGSS) != "" {
			t.Errorf("%s: %+v", name, ends)
		}
	}
	if _, err := servicelist.Read(signed(t, publisher.Cert, nil), anchors, pkitest.Now); !errors.Is(err, servicelist.ErrList) || !strings.Contains(err.Error(), "another signer") {
		t.Errorf("properties of somebody else: %v", err)
	}
}

// Everything that is not exactly the list of the publisher is refused.
func TestListsRefused(t *testing.T) {
	anchors := pkitest.Pool(publisher.Cert)
	first := func(s *etree.Element, path string) *etree.Element { return s.FindElement(path) }
	for name, change := range map[string]func(s *etree.Element){
		"no signature":        func(s *etree.Element) { s.Parent().RemoveChild(s) },
		"two signatures":      func(s *etree.Element) { c := s.Copy(); c.RemoveAttr("Id"); s.Parent().AddChild(c) },
		"a service more":      func(s *etree.Element) { s.Parent().InsertChildAt(0, s.Parent().FindElement("./Service").Copy()) },
		"another end point":   func(s *etree.Element) { s.Parent().FindElement("./Service/Endpoint").SetText("https://c.example/") },
		"a switched status":   func(s *etree.Element) { s.Parent().FindElement("./Service/Endpoint").CreateAttr("Status", "ACTIVE") },
		"a second object":     func(s *etree.Element) { s.AddChild(first(s, "./Object").Copy()) },
		"an empty object":     func(s *etree.Element) { o := first(s, "./Object"); o.RemoveChild(o.ChildElements()[0]) },
		"an object with more": func(s *etree.Element) { first(s, "./Object").CreateElement("Other") },
		"text in the object":  func(s *etree.Element) { first(s, "./Object").CreateText("x") },
		"unsigned properties": func(s *etree.Element) { first(s, "./Object/QualifyingProperties").CreateElement("UnsignedProperties") },
		"another target":      func(s *etree.Element) { first(s, "./Object/QualifyingProperties").CreateAttr("Target", "#_1") },
		"another digest":      func(s *etree.Element) { first(s, "./Object//DigestValue").SetText("AAAA") },
		"its list in the object": func(s *etree.Element) { // the real one is hidden there, and another stands in its place
			root := s.Parent()
			whole := root.Copy()
			root.CreateAttr("Id", "_2")
			root.FindElement("./Service/Endpoint").SetText("https://c.example/")
			first(s, "./Object").AddChild(whole)
		},
		"only its properties signed": func(s *etree.Element) {
			info := first(s, "./SignedInfo")
			info.RemoveChild(info.FindElement("./Reference"))
			resign(t, s)
		},
		"its properties not signed": func(s *etree.Element) {
			info := first(s, "./SignedInfo")
			info.RemoveChild(info.FindElements("./Reference")[1])
			resign(t, s)
		},
		"its properties signed as something else": func(s *etree.Element) {
			first(s, "./SignedInfo").FindElements("./Reference")[1].RemoveAttr("Type")
			resign(t, s)
		},
	} {
		text := signed(t, signer.Cert, change)
		if list, err := servicelist.Read(text, anchors, pkitest.Now); err == nil {
			t.Errorf("%s: taken: %+v", name, list)
		}
	}
	for name, c := range map[string]struct {
		anchors *x509.CertPool
		at      time.Time
	}{"anchors of others": {pkitest.Pool(pkitest.Issue("other", nil, pkitest.CA).Cert), pkitest.Now}, "no anchors": {x509.NewCertPool(), pkitest.Now},
		"ended": {anchors, pkitest.Now.AddDate(30, 0, 0)}} {
		if _, err := servicelist.Read(signed(t, signer.Cert, nil), c.anchors, c.at); !errors.Is(err, servicelist.ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{"nothing": "", "another document": "<a/>", "the next version": strings.ReplaceAll(plain, ":v1\"", ":v2\""), "unsigned": plain} {
		if _, err := servicelist.Read([]byte(text), anchors, pkitest.Now); !errors.Is(err, servicelist.ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
