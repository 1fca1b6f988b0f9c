package etee_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
)

func vector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "vectors", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func vectorCertificate(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	return pkitest.ReadCertificate(vector(t, name+".cert.pem"))
}

func vectorKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(vector(t, name+".key.p8"))
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

func fixed(t time.Time) func() time.Time { return func() time.Time { return t } }

// soon is a minute or so after the vectors were sealed.
var soon = time.Date(2026, 11, 22, 1, 3, 0, 0, time.UTC)

func vectorUnsealer(t testing.TB) etee.Unsealer {
	return etee.Unsealer{
		Keys:    []etee.DecryptionKey{{Key: crypto.Decrypter(vectorKey(t, "test-enc")), Certificate: vectorCertificate(t, "test-enc")}},
		Anchors: pkitest.Pool(vectorCertificate(t, "test-ca")),
		Clock:   fixed(soon),
		Rand:    rand.Reader,
	}
}

func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func codes(v etee.Verdict) (errors, warnings []string) {
	for _, f := range v.Errors {
		errors = append(errors, string(f.Code))
	}
	for _, f := range v.Warnings {
		warnings = append(warnings, string(f.Code))
	}
	return errors, warnings
}

func TestVectors(t *testing.T) {
	kek := &etee.KEK{ID: []byte("DEMO-KEYID-00001"), Key: fromHex("101112131415161718191a1b1c1d1e1f")}
	opensslKEK := &etee.KEK{Key: fromHex("000102030405060708090a0b0c0d0e0f")}
	opensslPlain := []byte("made by openssl")
	const old = "SIGNING_TIME_EXPIRED" // the variants were sealed a quarter of an hour before the others
	for _, c := range []struct {
		file     string
		kek      *etee.KEK
		policies []etee.Policy
		plain    []byte // of an accepted one
		errors   []string
		warnings []string
	}{
		{file: "GetNewKeyRequestContent.known-recipient.sealed.der", plain: vector(t, "GetNewKeyRequestContent.xml")},
		{file: "createPrescriptionParam.known-recipient.sealed.der", plain: vector(t, "createPrescriptionParam.xml")},
		{file: "prescription.unknown-recipient.sealed.der", kek: kek, plain: vector(t, "kmehr.xml.gz")},
		{file: "ossl_known.der", plain: opensslPlain, warnings: []string{old}},
		{file: "ossl_unknown.der", kek: opensslKEK, plain: opensslPlain, warnings: []string{old}},
		{file: "variants/v_aes256.der", kek: opensslKEK, warnings: []string{old}, errors: []string{"DECRYPTION_SYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"}},
		{file: "variants/v_oaep.der", warnings: []string{old}, errors: []string{"DECRYPTION_ASYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"}},
		{file: "variants/v_skid.der", warnings: []string{old}, errors: []string{"DECRYPTION_PRIVATE_KEY_NOT_FOUND"}},
		{file: "variants/v_sha512.der", errors: []string{"OUTER_SIGNATURE_DIGEST_ALGORITHM_UNAUTHORIZED"}},
		{file: "variants/v_salt20.der", errors: []string{"OUTER_SIGNATURE_DOES_NOT_MATCH_AUTHENTICATION_CERTIFICATE"}},
		{file: "variants/v_pkcs1sig.der", errors: []string{"SIGNING_POLICY_UNAUTHORIZED"}},
		{file: "variants/v_pkcs1sig.der", policies: []etee.Policy{etee.EHealthCertificate, etee.EID}, plain: opensslPlain, warnings: []string{old}},
		{file: "variants/v_noattr.der", plain: opensslPlain, warnings: []string{"SIGNING_TIME_MISSING", old}}, // the outer layer only,
		{file: "variants/v_nochain.der", plain: opensslPlain, warnings: []string{old}},
		{file: "variants/v_innercert.der", plain: opensslPlain, warnings: []string{old}},
	} {
		t.Run(c.file, func(t *testing.T) {
			u := vectorUnsealer(t)
			u.KEK, u.Policies = c.kek, c.policies
			plain, verdict := u.Unseal(vector(t, c.file))
			errors, warnings := codes(verdict)
			if diff := cmp.Diff(c.errors, errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s%v", diff, verdict.Errors)
			}
			if diff := cmp.Diff(c.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if verdict.Accepted != (c.errors == nil) || !bytes.Equal(plain, c.plain) {
				t.Errorf("accepted %v with %d plain bytes, want %d", verdict.Accepted, len(plain), len(c.plain))
			}
		})
	}
}

// The whole verdict as other programs read it.
func TestVerdictAsJSON(t *testing.T) {
	u := vectorUnsealer(t)
	_, accepted := u.Unseal(vector(t, "createPrescriptionParam.known-recipient.sealed.der"))
	u.Keys = nil
	_, refused := u.Unseal(vector(t, "ossl_known.der"))
	_, nonsense := u.Unseal([]byte("nonsense"))
	for _, c := range []struct {
		verdict etee.Verdict
		want    string
	}{
		{accepted, `{"accepted":true,"signer":"CN=SSIN=79021802145,OU=TEST DOCTOR,OU=SSIN=79021802145,OU=eHealth-platform Belgium,O=Federal Government,C=BE","signing_time":"2026-11-22T01:02:28Z","errors":[],"warnings":[]}`},
		{refused, `{"accepted":false,"signer":"CN=SSIN=79021802145,OU=TEST DOCTOR,OU=SSIN=79021802145,OU=eHealth-platform Belgium,O=Federal Government,C=BE","signing_time":"2026-11-22T00:48:51Z","errors":["DECRYPTION_PRIVATE_KEY_NOT_FOUND: the message is for none of the keys at hand"],"warnings":["SIGNING_TIME_EXPIRED: signed at 2026-11-22T00:48:51Z"]}`},
		{nonsense, `{"accepted":false,"signer":null,"signing_time":null,"errors":["OUTER_SIGNED_DATA_STRUCTURE_INCORRECT: structure incorrect: signed data: byte 0: longer than what holds it"],"warnings":[]}`},
	} {
		got, err := json.Marshal(c.verdict)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Error(diff)
		}
	}
}
