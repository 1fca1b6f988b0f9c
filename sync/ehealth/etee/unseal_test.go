package etee_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/pkitest"
)

var plainText = []byte("what nobody else may read")

// Everything that makes a message unacceptable, one at a time, and the finding it must give.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	toRecipe := cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}}
	toKEK := cms.Addressees{KeyID: w.kek.ID, Key: w.kek.Key}
	outer, inner := w.signature(), w.signature()
	inner.Enclosed = nil

	// both layers signed by h in the same way
	by := func(h pkitest.Holder, enclosed ...*x509.Certificate) (o, i cms.Signature) {
		o, i = outer, inner
		o.Key, o.Certificate, o.Enclosed = h.Key, h.Cert, append([]*x509.Certificate{h.Cert}, enclosed...)
		i.Key, i.Certificate = h.Key, h.Cert
		return o, i
	}
	sealedBy := func(h pkitest.Holder, enclosed ...*x509.Certificate) []byte {
		o, i := by(h, enclosed...)
		return w.wrap(t, plainText, o, i, toRecipe)
	}
	doctor := func(name string, bits int, change func(*x509.Certificate)) pkitest.Holder {
		return pkitest.IssueFor(pkitest.RSA(name, bits), name, &w.ca, change)
	}
	foreign := pkitest.Issue("foreign-root", nil, pkitest.CA)
	good := w.wrap(t, plainText, outer, inner, toRecipe)
	changed := func(signature cms.Signature, change func(*cms.Signature)) cms.Signature {
		change(&signature)
		return signature
	}

	for _, c := range []struct {
		name   string
		sealed []byte
		with   func(*etee.Unsealer)
		want   []string
	}{
		{name: "nothing wrong", sealed: good},
		{name: "empty", sealed: nil, want: []string{"OUTER_SIGNED_DATA_STRUCTURE_INCORRECT"}},
		{name: "too long", sealed: make([]byte, cms.MaxMessage+1), want: []string{"MESSAGE_TOO_LARGE"}},
		{name: "a byte after the end", sealed: append(bytes.Clone(good), 0), want: []string{"OUTER_SIGNED_DATA_STRUCTURE_INCORRECT"}},
		{name: "cut off", sealed: good[:len(good)-1], want: []string{"OUTER_SIGNED_DATA_STRUCTURE_INCORRECT"}},
		{name: "an envelope without signature", sealed: w.envelop(t, plainText, toRecipe), want: []string{"OUTER_SIGNED_DATA_STRUCTURE_INCORRECT"}},
		{name: "signed but not enveloped", sealed: w.sign(t, plainText, outer), want: []string{"ENVELOPED_DATA_STRUCTURE_INCORRECT"}},
		{name: "no inner layer", sealed: w.sign(t, w.envelop(t, plainText, toRecipe), outer), want: []string{"DECRYPTION_FAILED"}},

		{name: "outer signature by another key", sealed: w.wrap(t, plainText, changed(outer, func(s *cms.Signature) { s.Key = w.colleague.Key }), inner, toRecipe),
			want: []string{"OUTER_SIGNATURE_DOES_NOT_MATCH_AUTHENTICATION_CERTIFICATE"}},
		{name: "no certificate at all", sealed: w.wrap(t, plainText, changed(outer, func(s *cms.Signature) { s.Enclosed = nil }), inner, toRecipe),
			want: []string{"OUTER_CERTIFICATE_NOT_FOUND"}},
		{name: "certificates of others only", sealed: w.wrap(t, plainText, changed(outer, func(s *cms.Signature) { s.Enclosed = []*x509.Certificate{w.ca.Cert} }), inner, toRecipe),
			want: []string{"OUTER_CERTIFICATE_NOT_FOUND"}},
		{name: "issuing CA neither sent nor trusted", sealed: sealedBy(w.doctor), want: []string{"OUTER_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		{name: "issuing CA trusted", sealed: sealedBy(w.doctor), with: func(u *etee.Unsealer) { u.Anchors = pkitest.Pool(w.ca.Cert) }},
		{name: "no anchors", sealed: good, with: func(u *etee.Unsealer) { u.Anchors = nil }, want: []string{"OUTER_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		{name: "not trusted and not for us: it stops at the outer layer", sealed: w.wrap(t, plainText, outer, inner, cms.Addressees{Certificates: []*x509.Certificate{w.kgss.Cert}}),
			with: func(u *etee.Unsealer) { u.Anchors = nil }, want: []string{"OUTER_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		{name: "foreign CA", sealed: sealedBy(pkitest.Issue("doctor", &foreign), foreign.Cert), want: []string{"OUTER_CERTIFICATE_CHAIN_NOT_TRUSTED"}},
		{name: "expired", sealed: sealedBy(doctor("doctor", 2048, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }), w.ca.Cert),
			want: []string{"OUTER_CERTIFICATE_EXPIRED"}},
		{name: "not yet valid", sealed: sealedBy(doctor("doctor", 2048, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }), w.ca.Cert),
			want: []string{"OUTER_CERTIFICATE_NOT_YET_VALID"}},
		{name: "not for signing", sealed: sealedBy(doctor("doctor", 2048, pkitest.Encryption), w.ca.Cert), want: []string{"OUTER_CERTIFICATE_HAS_INVALID_KEYUSAGE"}},
		{name: "no key usage", sealed: sealedBy(doctor("doctor", 2048, func(c *x509.Certificate) { c.KeyUsage = 0 }), w.ca.Cert), want: []string{"OUTER_CERTIFICATE_HAS_INVALID_KEYUSAGE"}},
		{name: "for authentication only", sealed: sealedBy(doctor("doctor", 2048, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }), w.ca.Cert),
			want: []string{"INNER_CERTIFICATE_HAS_INVALID_KEYUSAGE"}},
		{name: "short key", sealed: sealedBy(doctor("short", 1024, nil), w.ca.Cert), want: []string{"OUTER_SIGNATURE_KEY_LENGTH_UNAUTHORIZED"}},
		{name: "everything at once", sealed: sealedBy(pkitest.IssueFor(pkitest.RSA("short", 1024), "short", &foreign, func(c *x509.Certificate) {
			c.NotAfter = now.Add(-time.Hour)
			pkitest.Encryption(c)
		})), want: []string{"OUTER_CERTIFICATE_EXPIRED", "OUTER_CERTIFICATE_HAS_INVALID_KEYUSAGE", "OUTER_SIGNATURE_KEY_LENGTH_UNAUTHORIZED", "OUTER_CERTIFICATE_CHAIN_NOT_TRUSTED"}},

		{name: "signed tomorrow", sealed: good, with: func(u *etee.Unsealer) { u.Clock = fixed(now.AddDate(0, 0, -1)) }, want: []string{"SIGNING_TIME_IN_FUTURE"}},
		{name: "signed long ago, certificate expired since", sealed: good, with: func(u *etee.Unsealer) { u.Clock = fixed(now.AddDate(30, 0, 0)) }},

		{name: "PKCS#1 v1.5 where only eHealth certificates are accepted", sealed: w.wrap(t, plainText, changed(outer, func(s *cms.Signature) { s.Scheme = cms.PKCS1v15 }), changed(inner, func(s *cms.Signature) { s.Scheme = cms.PKCS1v15 }), toRecipe),
			want: []string{"SIGNING_POLICY_UNAUTHORIZED"}},
		{name: "two schemes, PSS outside", sealed: w.wrap(t, plainText, outer, changed(inner, func(s *cms.Signature) { s.Scheme = cms.PKCS1v15 }), toRecipe),
			with: bothPolicies, want: []string{"MESSAGE_INTEGRITY_INVALID"}},
		{name: "two schemes, PKCS#1 v1.5 outside", sealed: w.wrap(t, plainText, changed(outer, func(s *cms.Signature) { s.Scheme = cms.PKCS1v15 }), inner, toRecipe),
			with: bothPolicies, want: []string{"MESSAGE_INTEGRITY_INVALID"}},

		{name: "another author, with certificate", sealed: w.wrap(t, plainText, outer, changed(inner, func(s *cms.Signature) {
			s.Key, s.Certificate, s.Enclosed = w.colleague.Key, w.colleague.Cert, []*x509.Certificate{w.colleague.Cert}
		}), toRecipe), want: []string{"MESSAGE_INTEGRITY_INVALID"}},
		{name: "another author, without certificate", sealed: w.wrap(t, plainText, outer, changed(inner, func(s *cms.Signature) {
			s.Key, s.Certificate = w.colleague.Key, w.colleague.Cert
		}), toRecipe), want: []string{"INNER_SIGNATURE_DOES_NOT_MATCH_SIGNATURE_CERTIFICATE"}},
		{name: "another author named, key of the sender", sealed: w.wrap(t, plainText, outer, changed(inner, func(s *cms.Signature) { s.Certificate = w.colleague.Cert }), toRecipe),
			want: []string{"MESSAGE_INTEGRITY_INVALID"}},
		{name: "author's certificate not among those sent", sealed: w.wrap(t, plainText, outer, changed(inner, func(s *cms.Signature) {
			s.Key, s.Certificate, s.Enclosed = w.colleague.Key, w.colleague.Cert, []*x509.Certificate{w.ca.Cert}
		}), toRecipe), want: []string{"INNER_CERTIFICATE_NOT_FOUND"}},
		{name: "inner signature by another key", sealed: w.wrap(t, plainText, outer, changed(inner, func(s *cms.Signature) { s.Key = w.colleague.Key }), toRecipe),
			want: []string{"INNER_SIGNATURE_DOES_NOT_MATCH_SIGNATURE_CERTIFICATE"}},

		{name: "for another", sealed: w.wrap(t, plainText, outer, inner, cms.Addressees{Certificates: []*x509.Certificate{w.kgss.Cert}}), want: []string{"DECRYPTION_PRIVATE_KEY_NOT_FOUND"}},
		{name: "for a shared key that we lack", sealed: w.wrap(t, plainText, outer, inner, toKEK), want: []string{"DECRYPTION_PRIVATE_KEY_NOT_FOUND"}},
		{name: "for another shared key", sealed: w.wrap(t, plainText, outer, inner, toKEK),
			with: func(u *etee.Unsealer) { u.KEK = &etee.KEK{ID: []byte("KEY-2"), Key: w.kek.Key} }, want: []string{"DECRYPTION_PRIVATE_KEY_NOT_FOUND"}},
		{name: "a shared key of another value", sealed: w.wrap(t, plainText, outer, inner, toKEK),
			with: func(u *etee.Unsealer) { u.KEK = &etee.KEK{ID: w.kek.ID, Key: []byte("fedcba9876543210")} }, want: []string{"DECRYPTION_FAILED"}},
		{name: "a shared key of another length", sealed: w.wrap(t, plainText, outer, inner, toKEK),
			with: func(u *etee.Unsealer) { u.KEK = &etee.KEK{ID: w.kek.ID, Key: []byte("short")} }, want: []string{"DECRYPTION_FAILED"}},
		{name: "our number, another's key", sealed: good,
			with: func(u *etee.Unsealer) { u.Keys[0].Key = w.kgss.Key }, want: []string{"DECRYPTION_FAILED"}},
		{name: "AES-192-CBC announced", sealed: w.sign(t, replaced(t, w.envelop(t, w.sign(t, plainText, inner), toRecipe), aes(2), aes(22)), outer),
			want: []string{"DECRYPTION_SYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"}},
		{name: "AES-256 wrap announced", sealed: w.sign(t, replaced(t, w.envelop(t, w.sign(t, plainText, inner), toKEK), aes(5), aes(45)), outer),
			with: func(u *etee.Unsealer) { u.KEK = &w.kek }, want: []string{"DECRYPTION_ASYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := w.unsealer()
			if c.with != nil {
				c.with(&u)
			}
			plain, verdict := u.Unseal(c.sealed)
			got, _ := codes(verdict)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s%v", diff, verdict.Errors)
			}
			if accepted := c.want == nil; verdict.Accepted != accepted || bytes.Equal(plain, plainText) != accepted || !accepted && plain != nil {
				t.Errorf("accepted %v, plain text %q", verdict.Accepted, plain)
			}
		})
	}
}

func bothPolicies(u *etee.Unsealer) { u.Policies = []etee.Policy{etee.EHealthCertificate, etee.EID} }

func aes(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, n} }

// A message to two holders whose certificates have the same number, of different issuers: each finds its own key. At most
// one key of the KGSS.
func TestWhichRecipient(t *testing.T) {
	w := newWorld(t)
	twin := pkitest.Issue("twin", &w.root, func(c *x509.Certificate) { pkitest.Encryption(c); c.SerialNumber = w.recipe.Cert.SerialNumber })
	inner := w.signature()
	inner.Enclosed = nil
	signed := w.sign(t, plainText, inner)
	both := w.sign(t, w.envelop(t, signed, cms.Addressees{Certificates: []*x509.Certificate{twin.Cert, w.recipe.Cert}}), w.signature())
	for _, h := range []pkitest.Holder{w.recipe, twin} {
		u := w.unsealer()
		u.Keys = []etee.DecryptionKey{{Key: w.kgss.Key, Certificate: w.kgss.Cert}, {Key: h.Key, Certificate: h.Cert}}
		if plain, verdict := u.Unseal(both); !verdict.Accepted || !bytes.Equal(plain, plainText) {
			t.Errorf("%s: %v", h.Cert.Subject.CommonName, verdict.Errors)
		}
	}
	// An issuer that was written otherwise does not matter while the number is the only one.
	renamed := pkitest.Issue("recipe-enc", &w.root, pkitest.Encryption)
	u := w.unsealer()
	u.Keys[0].Certificate = renamed.Cert
	if _, verdict := u.Unseal(w.wrap(t, plainText, w.signature(), inner, cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}})); !verdict.Accepted {
		t.Errorf("same number, other issuer: %v", verdict.Errors)
	}

	twice := doubledRecipient(t, w.envelop(t, signed, cms.Addressees{KeyID: w.kek.ID, Key: w.kek.Key}))
	u = w.unsealer()
	u.KEK = &w.kek
	_, verdict := u.Unseal(w.sign(t, twice, w.signature()))
	if got, _ := codes(verdict); !cmp.Equal(got, []string{"ENVELOPED_DATA_STRUCTURE_INCORRECT"}) {
		t.Errorf("two keys of the KGSS: %v", verdict.Errors)
	}
}

// doubledRecipient writes an envelope with one recipient anew, with that recipient twice.
func doubledRecipient(t *testing.T, envelope []byte) []byte {
	t.Helper()
	var whole, explicit, content, version, recipients cryptobyte.String
	var contentType asn1.ObjectIdentifier
	input := cryptobyte.String(envelope)
	if !input.ReadASN1(&whole, casn1.SEQUENCE) || !whole.ReadASN1ObjectIdentifier(&contentType) ||
		!whole.ReadASN1(&explicit, casn1.Tag(0).ContextSpecific().Constructed()) || !explicit.ReadASN1(&content, casn1.SEQUENCE) ||
		!content.ReadASN1Element(&version, casn1.INTEGER) || !content.ReadASN1(&recipients, casn1.SET) {
		t.Fatal("not the envelope that was expected")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(contentType)
		b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(version)
				b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
					b.AddBytes(recipients)
					b.AddBytes(recipients)
				})
				b.AddBytes(content)
			})
		})
	})
	return b.BytesOrPanic()
}

// An eHealth certificate signs both layers: another one of the same holder does not do.
func TestTwoCertificatesOfOneHolder(t *testing.T) {
	w := newWorld(t)
	sender := pkitest.Issue("doctor", &w.ca, person("00000000003", x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment))
	author := pkitest.Issue("colleague", &w.ca, person("00000000003", x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment))
	outer, inner := w.signature(), w.signature()
	outer.Certificate, outer.Enclosed = sender.Cert, []*x509.Certificate{sender.Cert, w.ca.Cert}
	inner.Key, inner.Certificate, inner.Enclosed = author.Key, author.Cert, []*x509.Certificate{author.Cert}
	_, verdict := w.unsealer().Unseal(w.wrap(t, plainText, outer, inner, cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}}))
	if got, _ := codes(verdict); !cmp.Equal(got, []string{"MESSAGE_INTEGRITY_INVALID"}) {
		t.Errorf("%v", verdict.Errors)
	}
}

// The two certificates of one card sign one layer each; those of two people never.
func TestCards(t *testing.T) {
	w := newWorld(t)
	otherSign := pkitest.Issue("other-sign", &w.ca, person("00000000002", x509.KeyUsageContentCommitment))
	nobody := pkitest.Issue("nobody-auth", &w.ca, person("", x509.KeyUsageDigitalSignature))
	nobodySign := pkitest.Issue("nobody-sign", &w.ca, person("", x509.KeyUsageContentCommitment))
	for _, c := range []struct {
		name           string
		sender, author pkitest.Holder
		want           []string
	}{
		{"one card", w.cardAuth, w.cardSign, nil},
		{"two people", w.cardAuth, otherSign, []string{"MESSAGE_INTEGRITY_INVALID"}},
		{"two certificates without a number", nobody, nobodySign, []string{"MESSAGE_INTEGRITY_INVALID"}},
		{"signed with the authentication certificate", w.cardAuth, w.cardAuth, []string{"INNER_CERTIFICATE_HAS_INVALID_KEYUSAGE"}},
		{"authenticated with the signature certificate", w.cardSign, w.cardSign, []string{"OUTER_CERTIFICATE_HAS_INVALID_KEYUSAGE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			outer, inner := w.signature(), w.signature()
			outer.Scheme, outer.Key, outer.Certificate, outer.Enclosed = cms.PKCS1v15, c.sender.Key, c.sender.Cert, []*x509.Certificate{c.sender.Cert, w.ca.Cert}
			inner.Scheme, inner.Key, inner.Certificate, inner.Enclosed = cms.PKCS1v15, c.author.Key, c.author.Cert, []*x509.Certificate{c.author.Cert, w.ca.Cert}
			u := w.unsealer()
			u.Policies = []etee.Policy{etee.EID}
			_, verdict := u.Unseal(w.wrap(t, plainText, outer, inner, cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}}))
			got, _ := codes(verdict)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s%v", diff, verdict.Errors)
			}
		})
	}
}

// A damaged ciphertext, a damaged content key and a wrong structure inside give the very same verdict.
func TestNoPaddingOracle(t *testing.T) {
	w := newWorld(t)
	inner := w.signature()
	inner.Enclosed = nil
	envelope := w.envelop(t, w.sign(t, plainText, inner), cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}})
	damaged := func(at int) []byte {
		e := bytes.Clone(envelope)
		e[at] ^= 1
		return w.sign(t, e, w.signature())
	}
	contentKey := bytes.Index(envelope, []byte{0x04, 0x82, 0x01, 0x00}) + 4 // the RSA ciphertext, 256 bytes
	if contentKey < 4 {
		t.Fatal("the encrypted key is not where it was expected")
	}
	seen := map[string]bool{}
	for name, sealed := range map[string][]byte{
		"last block (padding)":        damaged(len(envelope) - 1),
		"first block (structure)":     damaged(bytes.Index(envelope, []byte{3, 4, 1, 2, 0x04, 0x10}) + 6), // the vector, behind the identifier of AES-128-CBC
		"content key":                 damaged(contentKey + 100),
		"content key, first byte":     damaged(contentKey),
		"not a layer":                 w.sign(t, w.envelop(t, plainText, cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}}), w.signature()),
		"empty":                       w.sign(t, w.envelop(t, nil, cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}}), w.signature()),
		"a key of 32 bytes announced": w.sign(t, envelopeWithLongKey(t, w), w.signature()),
	} {
		_, verdict := w.unsealer().Unseal(sealed)
		text, err := verdict.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		seen[string(text)] = true
		if verdict.Accepted || len(verdict.Errors) != 1 || verdict.Errors[0].Code != etee.DecryptionFailed || verdict.Errors[0].Detail != "" {
			t.Errorf("%s: %s", name, text)
		}
	}
	if len(seen) != 1 {
		t.Errorf("%d different verdicts, want one", len(seen))
	}
}

// envelopeWithLongKey carries a content key that is not 16 bytes long, correctly encrypted.
func envelopeWithLongKey(t *testing.T, w world) []byte {
	t.Helper()
	e := w.envelop(t, plainText, cms.Addressees{Certificates: []*x509.Certificate{w.recipe.Cert}})
	at := bytes.Index(e, []byte{0x04, 0x82, 0x01, 0x00}) + 4
	m := append([]byte{0, 2}, bytes.Repeat([]byte{7}, 256-3-32)...)
	m = append(append(m, 0), make([]byte, 32)...)
	c := new(big.Int).Exp(new(big.Int).SetBytes(m), big.NewInt(int64(w.recipe.Key.E)), w.recipe.Key.N)
	c.FillBytes(e[at : at+256])
	return e
}
