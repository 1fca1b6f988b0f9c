package simulator_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Other programs read what the platform signs: its tokens, its list of end points (xmlsec1), its encryption tokens (openssl).
func TestPeersRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	b := newBench(t, openPKI(t, dir))
	file := func(name string, text []byte) string {
		path := filepath.Join(t.TempDir(), name)
		b.must(os.WriteFile(path, text, 0o600))
		return path
	}
	w := httptest.NewRecorder()
	b.sim.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/servicelist.xml", nil))

	if xmlsec, err := exec.LookPath("xmlsec1"); err != nil {
		t.Log("specs: skipped 2 (xmlsec1 is not installed)")
	} else {
		for name, c := range map[string]struct {
			attribute, element, signer, word string
			text                             []byte
		}{
			"token": {"AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion:Assertion", "sts.pem", "19999915004", b.token().Assertion()},
			"list":  {"Id", "urn:be:fgov:ehealth:bcp:protocol:v1:ServiceList", "service-list.pem", "RECIP-E", w.Body.Bytes()},
		} {
			verify := func(text []byte) ([]byte, error) {
				return exec.Command(xmlsec, "--verify", "--id-attr:"+c.attribute, c.element, "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--pubkey-cert-pem", filepath.Join(dir, c.signer), file(name, text)).CombinedOutput()
			}
			if out, err := verify(c.text); err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
			changed := bytes.Replace(c.text, []byte(c.word), []byte("another"), 1)
			if out, err := verify(changed); err == nil {
				t.Errorf("%s: a changed one is accepted\n%s", name, out)
			}
		}
	}

	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for _, name := range []string{"doctor", "pharmacy", "recipe", "kgss"} {
		out, err := exec.Command(openssl, "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", filepath.Join(dir, "etk", name+".etk")).Output()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "doctor" && !bytes.Equal(out, b.pki.Doctor().Decryption[0].Certificate.Raw) {
			t.Error("the content of the token is not the doctor's encryption certificate")
		}
	}
}
