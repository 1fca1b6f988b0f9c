package xmldsig_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/beevik/etree"
	"pgregory.net/rapid"

	"relais/sync/ehealth/xmldsig"
)

// key is a key of the vectors: the same in every process, so that a fuzzer finds what its seeds are signed with.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	der, err := os.ReadFile(filepath.FromSlash("../soap/testdata/vectors/test-auth.key.p8"))
	if err != nil {
		panic(err)
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		panic(err)
	}
	return k.(*rsa.PrivateKey)
})

const document = `<m:root xmlns:m="urn:m" xmlns:n="urn:n" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
<m:one wsu:Id="first" n:x="1" a="&lt;2">text &amp; <n:b>more</n:b></m:one>
<two Id="second"><three AssertionID="third"/></two><m:four/></m:root>`

// signed gives the document with a signature over its first and second part, as a child of its root.
func signed(t testing.TB, suite xmldsig.Suite) *etree.Document {
	t.Helper()
	doc, err := xmldsig.Parse([]byte(document), xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	signature, err := xmldsig.Sign(key(), suite, doc.FindElement("//one"), doc.FindElement("//two"))
	if err != nil {
		t.Fatal(err)
	}
	place(doc.Root(), signature)
	return doc
}

func place(parent, signature *etree.Element) {
	signature.CreateElement("ds:KeyInfo").CreateElement("ds:KeyName").SetText("k")
	parent.AddChild(signature)
}

// verify reads a text as a receiver does and gives what its signature covers.
func verify(text []byte) ([]*etree.Element, error) {
	doc, err := xmldsig.Parse(text, xmldsig.Limits{})
	if err != nil {
		return nil, err
	}
	el := doc.FindElement("//ds:Signature")
	if el == nil {
		return nil, xmldsig.ErrStructure
	}
	s, err := xmldsig.ReadSignature(el)
	if err != nil {
		return nil, err
	}
	return s.Verify(&key().PublicKey)
}

func write(t testing.TB, doc *etree.Document) []byte {
	t.Helper()
	text, err := xmldsig.Text(doc)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSignAndVerify(t *testing.T) {
	for _, suite := range []xmldsig.Suite{"", xmldsig.RSASHA256, xmldsig.RSASHA1} {
		covered, err := verify(write(t, signed(t, suite)))
		if err != nil || len(covered) != 2 || covered[0].Tag != "one" || covered[1].Tag != "two" {
			t.Errorf("%s: %v, %d covered", suite, err, len(covered))
		}
	}
}

func TestSignEnveloped(t *testing.T) {
	doc := parse(t, document)
	three := doc.FindElement("//three")
	signature, err := xmldsig.SignEnveloped(key(), "", three)
	if err != nil {
		t.Fatal(err)
	}
	place(three, signature)
	text := write(t, doc)
	covered, err := verify(text)
	if err != nil || len(covered) != 1 || covered[0].Tag != "three" {
		t.Errorf("%v, %d covered", err, len(covered))
	}
	// What was signed enveloped must hold its signature, not merely be somewhere.
	signature = three.RemoveChild(signature).(*etree.Element)
	doc.Root().AddChild(signature)
	if _, err := verify(write(t, doc)); !errors.Is(err, xmldsig.ErrStructure) {
		t.Errorf("moved out: %v", err)
	}
}

func TestSuiteIsTheWeakest(t *testing.T) {
	for change, want := range map[[2]string]xmldsig.Suite{
		{"", ""}: xmldsig.RSASHA256,
		{"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"}: xmldsig.RSASHA1,
		{string(xmldsig.RSASHA256), string(xmldsig.RSASHA1)}:                                  xmldsig.RSASHA1,
	} {
		text := strings.Replace(string(write(t, signed(t, ""))), change[0], change[1], 1)
		s, err := xmldsig.ReadSignature(parse(t, text).FindElement("//ds:Signature"))
		if err != nil || s.Suite != want {
			t.Errorf("%v: %v, %v", change, s, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	doc := parse(t, `<a Id="x"><b Id="y"/><c Id="y"/><!-- c --></a>`)
	unnamed, commented := parse(t, `<a/>`).Root(), parse(t, `<a Id="x"><!-- c --></a>`).Root()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := parse(t, `<a Id="x"/>`).Root()
	for name, sign := range map[string]func() (*etree.Element, error){
		"id twice":         func() (*etree.Element, error) { return xmldsig.Sign(key(), "", doc.FindElement("//b")) },
		"no id":            func() (*etree.Element, error) { return xmldsig.Sign(key(), "", unnamed) },
		"comment":          func() (*etree.Element, error) { return xmldsig.Sign(key(), "", commented) },
		"no key":           func() (*etree.Element, error) { return xmldsig.Sign(nil, "", good) },
		"nothing":          func() (*etree.Element, error) { return xmldsig.Sign(key(), "") },
		"suite":            func() (*etree.Element, error) { return xmldsig.Sign(key(), "rsa-md5", good) },
		"not RSA":          func() (*etree.Element, error) { return xmldsig.Sign(other, "", good) },
		"another document": func() (*etree.Element, error) { return xmldsig.Sign(key(), "", good, parse(t, `<b Id="z"/>`).Root()) },
	} {
		if _, err := sign(); !errors.Is(err, xmldsig.ErrSign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Forms of a signature that are refused before anything is computed.
func TestReadSignatureRefuses(t *testing.T) {
	good := string(write(t, signed(t, "")))
	const c14n = `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>`
	for name, c := range map[string]struct {
		from, to string
		want     error
	}{
		"method MD5":              {string(xmldsig.RSASHA256), "http://www.w3.org/2001/04/xmldsig-more#rsa-md5", xmldsig.ErrAlgorithm},
		"method HMAC":             {string(xmldsig.RSASHA256), "http://www.w3.org/2000/09/xmldsig#hmac-sha1", xmldsig.ErrAlgorithm},
		"method none":             {string(xmldsig.RSASHA256), "", xmldsig.ErrAlgorithm},
		"HMAC length":             {`rsa-sha256"></ds:SignatureMethod>`, `rsa-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>`, xmldsig.ErrStructure},
		"digest MD5":              {"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#md5", xmldsig.ErrAlgorithm},
		"inclusive c14n":          {`Method Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"`, `Method Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"`, xmldsig.ErrAlgorithm},
		"c14n with comments":      {`Method Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"`, `Method Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"`, xmldsig.ErrAlgorithm},
		"XPath transform":         {c14n, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>1</ds:XPath></ds:Transform>` + c14n, xmldsig.ErrAlgorithm},
		"XSLT transform":          {c14n, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>`, xmldsig.ErrAlgorithm},
		"STR transform":           {c14n, `<ds:Transform Algorithm="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform"></ds:Transform>`, xmldsig.ErrAlgorithm},
		"no transform":            {c14n, ``, xmldsig.ErrAlgorithm},
		"two canonicalizations":   {c14n, c14n + c14n, xmldsig.ErrAlgorithm},
		"enveloped elsewhere":     {c14n, `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>` + c14n, xmldsig.ErrStructure},
		"whole document":          {`URI="#first"`, `URI=""`, xmldsig.ErrStructure},
		"no URI":                  {` URI="#first"`, ``, xmldsig.ErrStructure},
		"URI of another space":    {` URI="#first"`, ` m:URI="#first"`, xmldsig.ErrStructure},
		"outside":                 {`URI="#first"`, `URI="http://localhost/#first"`, xmldsig.ErrStructure},
		"XPointer":                {`URI="#first"`, `URI="#xpointer(id('first'))"`, xmldsig.ErrStructure},
		"nothing has the id":      {`URI="#first"`, `URI="#none"`, xmldsig.ErrStructure},
		"empty id":                {`URI="#first"`, `URI="#"`, xmldsig.ErrStructure},
		"twice the same":          {`URI="#second"`, `URI="#first"`, xmldsig.ErrStructure},
		"id twice":                {`<m:four>`, `<m:four Id="first">`, xmldsig.ErrStructure},
		"id twice, xml:id":        {`<m:four>`, `<m:four xml:id="first">`, xmldsig.ErrStructure},
		"id twice, other prefix":  {`<m:four>`, `<m:four xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" o:Id="first">`, xmldsig.ErrStructure},
		"id twice, not signed":    {`<m:four>`, `<m:four ID="third">`, xmldsig.ErrStructure},
		"an Object":               {`</ds:Signature>`, `<ds:Object></ds:Object></ds:Signature>`, xmldsig.ErrStructure},
		"a second value":          {`<ds:SignatureValue>`, `<ds:SignatureValue>AA==</ds:SignatureValue><ds:SignatureValue>`, xmldsig.ErrStructure},
		"no KeyInfo":              {`<ds:KeyInfo><ds:KeyName>k</ds:KeyName></ds:KeyInfo>`, ``, xmldsig.ErrStructure},
		"value no base64":         {`<ds:SignatureValue>`, `<ds:SignatureValue>!`, xmldsig.ErrStructure},
		"a comment in a value":    {`<ds:SignatureValue>`, `<ds:SignatureValue><!-- x -->`, xmldsig.ErrStructure},
		"a comment in SignedInfo": {`<ds:SignedInfo>`, `<ds:SignedInfo><!-- x -->`, xmldsig.ErrStructure},
		"text in SignedInfo":      {`<ds:SignedInfo>`, `<ds:SignedInfo>x`, xmldsig.ErrStructure},
		"another namespace":       {`xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`, `xmlns:ds="urn:x"`, xmldsig.ErrStructure},
		"prefix list elsewhere":   {c14n, strings.Replace(c14n, "></", `><InclusiveNamespaces PrefixList="m"></InclusiveNamespaces></`, 1), xmldsig.ErrStructure},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c.from, c.to, 1)
			if text == good {
				t.Fatal("nothing was changed")
			}
			if _, err := xmldsig.ReadSignature(parse(t, text).FindElement("//ds:Signature")); !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
	many := strings.Replace(good, "</ds:SignedInfo>", strings.Repeat(`<ds:Reference URI="#third"></ds:Reference>`, 7)+"</ds:SignedInfo>", 1)
	if _, err := verify([]byte(many)); !errors.Is(err, xmldsig.ErrStructure) {
		t.Errorf("nine references: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	good := string(write(t, signed(t, "")))
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s, err := xmldsig.ReadSignature(parse(t, good).FindElement("//ds:Signature"))
	if err != nil {
		t.Fatal(err)
	}
	if covered, err := s.Verify(&other.PublicKey); !errors.Is(err, xmldsig.ErrMismatch) || covered != nil {
		t.Errorf("another key: %v", err)
	}
	for name, c := range map[string]struct {
		from, to string
		want     error
	}{
		"text":              {"more", "less", xmldsig.ErrMismatch},
		"attribute":         {`n:x="1"`, `n:x="2"`, xmldsig.ErrMismatch},
		"namespace":         {`urn:n`, `urn:o`, xmldsig.ErrMismatch},
		"comment":           {"more", "mo<!-- x -->re", xmldsig.ErrStructure},
		"digest":            {"<ds:DigestValue>", "<ds:DigestValue>AAAA", xmldsig.ErrMismatch},
		"references swaped": {`URI="#first"`, `URI="#third"`, xmldsig.ErrMismatch},
	} {
		text := strings.Replace(good, c.from, c.to, 1)
		if covered, err := verify([]byte(text)); text == good || !errors.Is(err, c.want) || covered != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever byte of a signed part is changed, the signature is refused, unless the part still says the same: white space
// inside a tag is the only byte of which several say the same.
func TestAnyByteChangedIsRefused(t *testing.T) {
	text := write(t, signed(t, ""))
	from, to := bytes.Index(text, []byte("<m:one")), bytes.Index(text, []byte("<m:four"))
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(from, to-1).Draw(t, "at")
		value := rapid.Byte().Draw(t, "value")
		if text[at] == value || outside(text, at) {
			t.Skip("nothing changed, or between the parts")
		}
		changed := bytes.Clone(text)
		changed[at] = value
		if _, err := verify(changed); err == nil && !(white(text[at]) && white(value) && inTag(text, at)) {
			t.Fatalf("byte %d made %q is accepted: %s", at, value, changed[from:to])
		}
	})
}

// outside tells whether a byte stands between the two signed parts.
func outside(text []byte, at int) bool {
	return at >= bytes.Index(text, []byte("</m:one>"))+len("</m:one>") && at < bytes.Index(text, []byte("<two"))
}

func white(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func inTag(text []byte, at int) bool {
	return bytes.LastIndexByte(text[:at], '<') > bytes.LastIndexByte(text[:at], '>')
}

func TestXMLSec(t *testing.T) {
	xmlsec, err := exec.LookPath("xmlsec1")
	if err != nil {
		t.Skip("xmlsec1 is not installed")
	}
	dir := t.TempDir()
	private := save(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8(t)}))
	ids := []string{"--id-attr:Id", "one", "--id-attr:Id", "two", "--privkey-pem:k", private}
	run := func(arguments ...string) ([]byte, error) {
		return exec.Command(xmlsec, append(arguments[:1:1], append(ids, arguments[1:]...)...)...).CombinedOutput()
	}

	for _, suite := range []xmldsig.Suite{xmldsig.RSASHA256, xmldsig.RSASHA1} {
		ours := write(t, signed(t, suite))
		if out, err := run("--verify", save(t, dir, "ours.xml", ours)); err != nil || !bytes.Contains(out, []byte("2/2")) {
			t.Errorf("xmlsec1 refuses ours: %v\n%s", err, out)
		}
		changed := bytes.Replace(ours, []byte("more"), []byte("less"), 1)
		if out, err := run("--verify", save(t, dir, "changed.xml", changed)); err == nil {
			t.Errorf("xmlsec1 accepts a changed one:\n%s", out)
		}
	}

	// Theirs, with prefix lists of every kind, over parts that stand in other namespaces.
	for _, list := range []string{"", "m", "#default", "wsu n m", "#default n nothing"} {
		doc := signed(t, "")
		doc.Root().CreateAttr("xmlns", "urn:default")
		for _, el := range append(doc.FindElements("//ds:Transform"), doc.FindElement("//ds:CanonicalizationMethod")) {
			if list != "" {
				inclusive := el.CreateElement("ec:InclusiveNamespaces")
				inclusive.CreateAttr("xmlns:ec", "http://www.w3.org/2001/10/xml-exc-c14n#")
				inclusive.CreateAttr("PrefixList", list)
			}
		}
		for _, el := range append(doc.FindElements("//ds:DigestValue"), doc.FindElement("//ds:SignatureValue")) {
			el.SetText("")
		}
		theirs := filepath.Join(dir, "theirs.xml")
		if out, err := run("--sign", "--output", theirs, save(t, dir, "template.xml", write(t, doc))); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		text, err := os.ReadFile(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if covered, err := verify(text); err != nil || len(covered) != 2 {
			t.Errorf("theirs with [%s]: %v", list, err)
		}
	}
}

func pkcs8(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func save(t testing.TB, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Reading, canonical form and writing agree: what is written is read back as what it was.
func FuzzParse(f *testing.F) {
	f.Add([]byte(document))
	for _, c := range canonicalForms {
		f.Add([]byte(c.text))
	}
	f.Add(write(f, signed(f, "")))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := xmldsig.Parse(text, xmldsig.Limits{Bytes: 1 << 16})
		if err != nil {
			return
		}
		canonical, err := xmldsig.Canonical(doc.Root())
		if err != nil {
			t.Fatal(err)
		}
		for name, again := range map[string][]byte{"canonical": canonical, "written": write(t, doc)} {
			doc, err := xmldsig.Parse(again, xmldsig.Limits{Bytes: 1 << 20})
			if err != nil {
				t.Fatalf("%s: %v: %q", name, err, again)
			}
			if twice, err := xmldsig.Canonical(doc.Root()); err != nil || !bytes.Equal(twice, canonical) {
				t.Fatalf("%s: %q became %q (%v)", name, canonical, twice, err)
			}
		}
	})
}

// Whatever is accepted covers what was signed: nothing else verifies with this key.
func FuzzVerify(f *testing.F) {
	good := parse(f, string(write(f, signed(f, ""))))
	f.Add(write(f, good))
	f.Add([]byte(document))
	var want [][]byte
	for _, el := range []*etree.Element{good.FindElement("//one"), good.FindElement("//two")} {
		canonical, err := xmldsig.Canonical(el)
		if err != nil {
			f.Fatal(err)
		}
		want = append(want, canonical)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		covered, err := verify(text)
		if err != nil {
			return
		}
		if len(covered) != len(want) {
			t.Fatalf("%d covered", len(covered))
		}
		for i, el := range covered {
			if got, err := xmldsig.Canonical(el); err != nil || !bytes.Equal(got, want[i]) {
				t.Fatalf("part %d is %q (%v)", i, got, err)
			}
		}
	})
}

// One megabyte, the size for which the limits of memory and time are stated.
func BenchmarkParse1MB(b *testing.B) {
	text := []byte("<a>" + strings.Repeat(`<b c="d">0123456789</b>`, 9_000) + strings.Repeat("x", 1<<20-9_000*23-7) + "</a>")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := xmldsig.Parse(text, xmldsig.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
