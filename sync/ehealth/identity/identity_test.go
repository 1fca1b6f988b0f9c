package identity_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/sync/ehealth/identity"
	"relais/sync/ehealth/pkitest"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func certificate(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	return pkitest.ReadCertificate(file(t, name+".pem"))
}

func open(t testing.TB, p12 []byte) *identity.Identity {
	t.Helper()
	id, err := identity.Open(p12, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// What OpenSSL and Java wrote is read as they were given it.
func TestKeystores(t *testing.T) {
	auth := []*x509.Certificate{certificate(t, "auth"), certificate(t, "issuing"), certificate(t, "root")}
	encryption := []*x509.Certificate{certificate(t, "new"), certificate(t, "old")}
	for name, keys := range map[string][]*x509.Certificate{
		"openssl": nil, "openssl-legacy": nil, "java": encryption, "java-legacy": encryption,
	} {
		t.Run(name, func(t *testing.T) {
			id := open(t, file(t, name+".p12"))
			signing, err := id.Signing()
			if err != nil {
				t.Fatal(err)
			}
			same(t, signing.Chain, auth)
			if !auth[0].PublicKey.(*rsa.PublicKey).Equal(signing.Key.Public()) {
				t.Error("the key is not that of the certificate")
			}
			var got []*x509.Certificate
			for _, k := range id.Decryption() {
				got = append(got, k.Certificate)
				if !k.Certificate.PublicKey.(*rsa.PublicKey).Equal(k.Key.Public()) {
					t.Error("a decryption key is not that of its certificate")
				}
			}
			same(t, got, keys)
			h, err := id.Holder()
			if err != nil || h != (identity.Holder{Type: "SSIN", Number: "79021802145", Name: "ANNE EXEMPLE"}) || h.SSIN() != "79021802145" || h.NIHII() != "" {
				t.Errorf("holder: %v", err)
			}
			if err := id.Check(pkitest.Now); err != nil {
				t.Error(err)
			}
			if printed := fmt.Sprintf("%v %+v %#v %v", id, h, h, id); strings.Contains(printed, "79021802145") || strings.Contains(printed, "EXEMPLE") {
				t.Error("printed: " + printed)
			}
		})
	}
}

func same(t *testing.T, got, want []*x509.Certificate) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d certificates, not %d", len(got), len(want))
	}
	for i := range got {
		if !got[i].Equal(want[i]) {
			t.Errorf("certificate %d is that of %s", i, got[i].Subject.CommonName)
		}
	}
}

func TestRefused(t *testing.T) {
	good := file(t, "openssl.p12")
	altered := bytes.Clone(good)
	altered[len(altered)/2] ^= 1
	// Its last 67 bytes are MacData, of which the last 4 say 2048 rounds.
	rounds := append(bytes.Clone(good[:len(good)-4]), 2, 4, 127, 255, 255, 255)
	rounds[3] += 2
	rounds[len(good)-66] += 2
	for _, c := range []struct {
		name string
		in   []byte
		want error
		says string
	}{
		{"empty", nil, identity.ErrForm, "byte 0"},
		{"PEM", file(t, "auth.pem"), identity.ErrForm, "PEM text"},
		{"a certificate", certificate(t, "auth").Raw, identity.ErrForm, "does not begin"},
		{"a key", x509.MarshalPKCS1PrivateKey(pkitest.RSA("any", 2048)), identity.ErrForm, "does not begin"},
		{"text", []byte("no keystore at all"), identity.ErrForm, ""},
		{"cut off", good[:len(good)-1], identity.ErrForm, "byte 0: longer than what holds it"},
		{"the first half", good[:len(good)/2], identity.ErrForm, "longer than what holds it"},
		{"a check of 2^31 rounds", rounds, identity.ErrUnsupported, "too long"},
		{"more behind it", append(bytes.Clone(good), 0), identity.ErrForm, "bytes after the end"},
		{"altered", altered, identity.ErrPassword, ""},
		{"too large", make([]byte, identity.MaxFile+1), identity.ErrTooLarge, "1048577 bytes"},
		{"a trusted certificate of Java beside several keys", file(t, "java-trusted.p12"), identity.ErrUnsupported, "2.16.840.1.113894"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := identity.Open(c.in, []byte("secret"))
			if id != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
	for _, name := range []string{"openssl.p12", "openssl-legacy.p12", "java.p12", "java-legacy.p12"} {
		for _, password := range []string{"", "Secret", "secret ", "\U0001F511", "\xff"} {
			if id, err := identity.Open(file(t, name), []byte(password)); id != nil || !errors.Is(err, identity.ErrPassword) {
				t.Errorf("%s with %q: %v", name, password, err)
			}
		}
	}
}

// exported writes certificates and, unless nil, a key with openssl pkcs12.
func exported(t *testing.T, password string, key *rsa.PrivateKey, certificates []*x509.Certificate, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("SKIPPED: openssl is not installed, so that nobody else writes keystores")
	}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args = append([]string{"pkcs12", "-export", "-in", write("certificates.pem", pkitest.PEM(certificates...)), "-passout", "pass:" + password, "-out", filepath.Join(dir, "out")}, args...)
	if key != nil {
		args = append(args, "-inkey", write("key.pem", pkitest.KeyPEM(key)))
	}
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func certs(hs ...pkitest.Holder) (cs []*x509.Certificate) {
	for _, h := range hs {
		cs = append(cs, h.Cert)
	}
	return cs
}

// Kinds of files that OpenSSL can be asked for.
func TestOpenSSLWrites(t *testing.T) {
	root := pkitest.Issue("root", nil, pkitest.CA)
	doctor := pkitest.Issue("doctor", &root)
	encryption := pkitest.Issue("doctor-enc", &doctor, pkitest.Encryption)
	name := []string{"-name", "authentication"}
	const signs, decrypts = 1, 2
	for _, c := range []struct {
		name     string
		password string
		key      pkitest.Holder
		certs    []*x509.Certificate
		args     []string
		want     int
		err      error
	}{
		{name: "as the platform has it", key: doctor, certs: certs(doctor, root), args: name, want: signs},
		{name: "chain first", key: doctor, certs: certs(root, doctor), args: name, want: signs},
		{name: "name in capitals", key: doctor, certs: certs(doctor), args: []string{"-name", "AUTHENTICATION"}, want: signs},
		{name: "one key without a name", key: doctor, certs: certs(doctor, root), want: signs | decrypts},
		{name: "an encryption key alone", key: encryption, certs: certs(encryption, doctor), args: []string{"-name", "1"}, want: decrypts},
		{name: "an encryption key without a name", key: encryption, certs: certs(encryption), want: decrypts},
		{name: "letters beyond ASCII in the password", password: "pâte-à-papier €", key: doctor, certs: certs(doctor), args: name, want: signs},
		{name: "the same, legacy", password: "pâte-à-papier €", key: doctor, certs: certs(doctor), args: append([]string{"-legacy"}, name...), want: signs},
		{name: "no password", password: "", key: doctor, certs: certs(doctor), args: name, want: signs},
		{name: "SHA-512 and AES-128", key: doctor, certs: certs(doctor), args: append([]string{"-macalg", "sha512", "-certpbe", "AES-128-CBC", "-keypbe", "AES-128-CBC"}, name...), want: signs},
		{name: "triple DES", key: doctor, certs: certs(doctor), args: append([]string{"-descert", "-legacy"}, name...), want: signs},
		{name: "nothing enciphered", key: doctor, certs: certs(doctor), args: append([]string{"-certpbe", "NONE", "-keypbe", "NONE"}, name...), want: signs | decrypts},
		{name: "no check over it", key: doctor, certs: certs(doctor), args: append([]string{"-nomac"}, name...), err: identity.ErrUnsupported},
		{name: "key without certificate", key: doctor, certs: certs(doctor), args: append([]string{"-nocerts"}, name...), err: identity.ErrNoCertificate},
		{name: "certificate without key", certs: certs(doctor, root), args: append([]string{"-nokeys"}, name...), err: identity.ErrNoKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.password == "" && c.name != "no password" {
				c.password = "secret"
			}
			p12 := exported(t, c.password, c.key.Key, c.certs, c.args...)
			id, err := identity.Open(p12, []byte(c.password))
			if !errors.Is(err, c.err) || err == nil && c.err != nil {
				t.Fatalf("%v, not %v", err, c.err)
			}
			if err != nil {
				return
			}
			got := 0
			if signing, err := id.Signing(); err == nil {
				got |= signs
				if !signing.Key.Public().(*rsa.PublicKey).Equal(c.key.Key.Public()) || !signing.Chain[0].Equal(c.key.Cert) || len(signing.Chain) != len(c.certs) {
					t.Error("other key, certificate or chain")
				}
			} else if !errors.Is(err, identity.ErrNoSigner) || !errors.Is(id.Check(pkitest.Now), identity.ErrNoSigner) {
				t.Error(err)
			}
			if keys := id.Decryption(); len(keys) == 1 {
				got |= decrypts
				if !keys[0].Certificate.Equal(c.key.Cert) {
					t.Error("other decryption key")
				}
			}
			if got != c.want {
				t.Errorf("%d, not %d", got, c.want)
			}
		})
	}
}

func TestNotRSA(t *testing.T) {
	p12 := exported(t, "secret", nil, certs(pkitest.Issue("root", nil, pkitest.CA)), "-nokeys")
	if _, err := identity.Open(p12, []byte("secret")); !errors.Is(err, identity.ErrNoKey) {
		t.Error(err)
	}
	dir := t.TempDir()
	p12File := filepath.Join(dir, "ec.p12")
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", filepath.Join(dir, "key"), "-out", filepath.Join(dir, "cert"), "-subj", "/CN=EC"},
		{"pkcs12", "-export", "-inkey", filepath.Join(dir, "key"), "-in", filepath.Join(dir, "cert"), "-name", "authentication", "-passout", "pass:secret", "-out", p12File},
	} {
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	b, err := os.ReadFile(p12File)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Open(b, []byte("secret")); !errors.Is(err, identity.ErrUnsupported) || !strings.Contains(err.Error(), "not RSA") {
		t.Error(err)
	}
}

// What keeps a sound file from being used.
func TestCheck(t *testing.T) {
	root := pkitest.Issue("root", nil, pkitest.CA)
	day := 24 * time.Hour
	for _, c := range []struct {
		name string
		h    pkitest.Holder
		want []error
	}{
		{"good", pkitest.Issue("doctor", &root), nil},
		{"expired", pkitest.Issue("doctor", &root, pkitest.Valid(pkitest.Now.Add(-9*day), pkitest.Now.Add(-day))), []error{identity.ErrExpired}},
		{"not yet valid", pkitest.Issue("doctor", &root, pkitest.Valid(pkitest.Now.Add(day), pkitest.Now.Add(9*day))), []error{identity.ErrNotYetValid}},
		{"not for signing", pkitest.Issue("doctor", &root, pkitest.Usage(x509.KeyUsageDigitalSignature)), []error{identity.ErrUsage}},
		{"short key", pkitest.IssueFor(pkitest.RSA("short", 1024), "doctor", &root), []error{identity.ErrWeakKey}},
		{"expired and short", pkitest.IssueFor(pkitest.RSA("short", 1024), "doctor", &root, pkitest.Valid(pkitest.Now.Add(-9*day), pkitest.Now.Add(-day))), []error{identity.ErrExpired, identity.ErrWeakKey}},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := open(t, exported(t, "secret", c.h.Key, certs(c.h, root), "-name", "authentication"))
			err := id.Check(pkitest.Now)
			if (err == nil) != (c.want == nil) {
				t.Error(err)
			}
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("%v is not %v", err, want)
				}
			}
		})
	}
}
