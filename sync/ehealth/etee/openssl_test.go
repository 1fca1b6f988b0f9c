package etee_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
)

// openssl reads and writes the same layers with code that shares nothing with ours.
type openssl struct {
	t   testing.TB
	dir string
}

func newOpenSSL(t testing.TB) openssl {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("SKIPPED: openssl is not installed, so that nobody else reads what we seal")
	}
	return openssl{t, t.TempDir()}
}

func (o openssl) path(name string) string { return filepath.Join(o.dir, name) }

func (o openssl) write(name string, content []byte) string {
	o.t.Helper()
	if err := os.WriteFile(o.path(name), content, 0o600); err != nil {
		o.t.Fatal(err)
	}
	return o.path(name)
}

func (o openssl) cert(name string, cs ...*x509.Certificate) string {
	return o.write(name, pkitest.PEM(cs...))
}

func (o openssl) key(name string, k *rsa.PrivateKey) string { return o.write(name, pkitest.KeyPEM(k)) }

// cms runs one command over DER and gives its output.
func (o openssl) cms(in []byte, args ...string) []byte {
	o.t.Helper()
	args = append([]string{"cms", "-in", o.write("in", in), "-out", o.path("out")}, args...)
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		o.t.Fatalf("openssl %s: %v\n%s", strings.Join(args[5:], " "), err, out)
	}
	b, err := os.ReadFile(o.path("out"))
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

// verify opens a signed layer. The issuing CA is among the anchors: it does not travel with an inner layer.
func (o openssl) verify(w world, signed []byte, more ...string) []byte {
	o.t.Helper()
	return o.cms(signed, append([]string{"-verify", "-inform", "DER", "-binary", "-CAfile", o.cert("anchors.pem", w.root.Cert, w.ca.Cert), "-purpose", "any"}, more...)...)
}

func TestOpenSSLReadsWhatWeSeal(t *testing.T) {
	w := newWorld(t)
	plain := bytes.Repeat([]byte("0123456789abcdef\r\n"), 500)
	to := etee.Recipients{Known: []*x509.Certificate{w.recipe.Cert, w.kgss.Cert}, Unknown: &w.kek}
	for name, sealer := range map[string]etee.Sealer{"eHealth certificate": w.sealer(), "identity card": w.cardSealer()} {
		t.Run(name, func(t *testing.T) {
			o := newOpenSSL(t)
			sealed, err := sealer.Seal(plain, to)
			if err != nil {
				t.Fatal(err)
			}
			envelope := o.verify(w, sealed)
			for recipient, args := range map[string][]string{
				"first known":  {"-inkey", o.key("recipe.key", w.recipe.Key), "-recip", o.cert("recipe.pem", w.recipe.Cert)},
				"second known": {"-inkey", o.key("kgss.key", w.kgss.Key), "-recip", o.cert("kgss.pem", w.kgss.Cert)},
				"unknown":      {"-secretkey", hex.EncodeToString(w.kek.Key), "-secretkeyid", hex.EncodeToString(w.kek.ID)},
			} {
				inner := o.cms(envelope, append([]string{"-decrypt", "-inform", "DER", "-binary"}, args...)...)
				got := o.verify(w, inner, "-certfile", o.cert("sender.pem", w.doctor.Cert))
				if !bytes.Equal(got, plain) {
					t.Errorf("%s: openssl reads %d other bytes", recipient, len(got))
				}
			}
		})
	}
}

func TestWeReadWhatOpenSSLSeals(t *testing.T) {
	w := newWorld(t)
	o := newOpenSSL(t)
	plain := bytes.Repeat([]byte("made by openssl"), 1000)
	other := pkitest.Issue("other", &w.ca, pkitest.Encryption)

	pss := []string{"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"}
	sign := func(content []byte, h pkitest.Holder, more ...string) []byte {
		return o.cms(content, append([]string{"-sign", "-binary", "-nodetach", "-outform", "DER", "-md", "sha256",
			"-signer", o.cert("signer.pem", h.Cert), "-inkey", o.key("signer.key", h.Key), "-certfile", o.cert("ca.pem", w.ca.Cert)}, more...)...)
	}
	encrypt := func(content []byte, more ...string) []byte {
		return o.cms(content, append([]string{"-encrypt", "-binary", "-outform", "DER", "-aes128"}, more...)...)
	}
	recipe, otherFile := o.cert("recipe.pem", w.recipe.Cert), o.cert("other.pem", other.Cert)
	kek := []string{"-secretkey", hex.EncodeToString(w.kek.Key), "-secretkeyid", hex.EncodeToString(w.kek.ID)}
	with := func(more ...string) []string { return append(append([]string{}, pss...), more...) }

	for _, c := range []struct {
		name    string
		outer   []string
		envelop []string
		inner   []string
		by      pkitest.Holder
		want    []string
		policy  etee.Policy
	}{
		{name: "known recipient", outer: pss, envelop: []string{recipe}, inner: with("-nocerts")},
		{name: "inner layer with certificates", outer: pss, envelop: []string{recipe}, inner: pss},
		{name: "one of two", outer: pss, envelop: []string{otherFile, recipe}, inner: with("-nocerts")},
		{name: "unknown recipient", outer: pss, envelop: kek, inner: with("-nocerts")},
		{name: "both kinds", outer: pss, envelop: append(append([]string{}, kek...), otherFile), inner: with("-nocerts")},
		{name: "streamed: indefinite lengths and segments", outer: pss, envelop: []string{"-stream", recipe}, inner: pss},
		{name: "identity card, all layers streamed", outer: []string{"-stream"}, envelop: []string{"-stream", recipe}, inner: []string{"-stream"}, by: w.cardAuth, policy: etee.EID},
		{name: "no attributes", outer: with("-noattr"), envelop: []string{recipe}, inner: with("-noattr", "-nocerts")},
		{name: "identity card", envelop: []string{recipe}, by: w.cardAuth, policy: etee.EID},
		{name: "salt of 20 bytes", outer: []string{"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20"}, envelop: []string{recipe}, inner: pss,
			want: []string{"OUTER_SIGNATURE_DOES_NOT_MATCH_AUTHENTICATION_CERTIFICATE"}},
		{name: "salt of 20 bytes inside", outer: pss, envelop: []string{recipe}, inner: []string{"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20"},
			want: []string{"INNER_SIGNATURE_DOES_NOT_MATCH_SIGNATURE_CERTIFICATE"}},
		{name: "SHA-1 as mask function", outer: with("-keyopt", "rsa_mgf1_md:sha1"), envelop: []string{recipe}, inner: pss, want: []string{"OUTER_SIGNATURE_ALGORITHM_UNAUTHORIZED"}},
		{name: "SHA-512", outer: with("-md", "sha512"), envelop: []string{recipe}, inner: pss, want: []string{"OUTER_SIGNATURE_DIGEST_ALGORITHM_UNAUTHORIZED"}},
		{name: "SHA-512 inside", outer: pss, envelop: []string{recipe}, inner: with("-md", "sha512"), want: []string{"INNER_SIGNATURE_DIGEST_ALGORITHM_UNAUTHORIZED"}},
		{name: "AES-256", outer: pss, envelop: []string{"-aes256", recipe}, inner: pss, want: []string{"DECRYPTION_SYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"}},
		{name: "triple DES", outer: pss, envelop: []string{"-des3", recipe}, inner: pss, want: []string{"DECRYPTION_SYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"}},
		{name: "OAEP", outer: pss, envelop: []string{"-recip", recipe, "-keyopt", "rsa_padding_mode:oaep"}, inner: pss, want: []string{"DECRYPTION_ASYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"}},
		{name: "recipient by key identifier", outer: pss, envelop: []string{"-keyid", recipe}, inner: pss, want: []string{"DECRYPTION_PRIVATE_KEY_NOT_FOUND"}},
		{name: "signer by key identifier", outer: with("-keyid"), envelop: []string{recipe}, inner: pss, want: []string{"SIGNING_POLICY_UNAUTHORIZED"}},
		{name: "author by key identifier", outer: pss, envelop: []string{recipe}, inner: with("-keyid"), want: []string{"MESSAGE_INTEGRITY_INVALID"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o.t = t
			by, author := w.doctor, w.doctor
			if c.by.Cert != nil {
				by, author = c.by, w.cardSign
			}
			sealed := sign(encrypt(sign(plain, author, c.inner...), c.envelop...), by, c.outer...)
			u := w.unsealer()
			u.KEK, u.Clock = &w.kek, time.Now
			if c.policy != "" {
				u.Policies = []etee.Policy{c.policy}
			}
			got, verdict := u.Unseal(sealed)
			errors, _ := codes(verdict)
			if diff := cmp.Diff(c.want, errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s%v", diff, verdict.Errors)
			}
			if accepted := c.want == nil; verdict.Accepted != accepted || bytes.Equal(got, plain) != accepted {
				t.Errorf("accepted %v, %d plain bytes", verdict.Accepted, len(got))
			}
		})
	}
}
