package cms

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// signer is a throw-away key with a certificate of its own.
var signer = sync.OnceValue(func() Signature {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{Country: []string{"BE"}, CommonName: "Test"}, SubjectKeyId: []byte("key-77"),
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return Signature{
		Scheme: PSS, Key: key, Certificate: certificate, Enclosed: []*x509.Certificate{certificate},
		Time: time.Date(2027, 3, 9, 9, 40, 0, 0, time.UTC), Rand: rand.Reader,
	}
})

// crafted is a SignedData message of which each part can be made wrong; what is signed is always correctly signed.
type crafted struct {
	content      []byte
	contentType  asn1.ObjectIdentifier
	attributes   [][]byte // nil for none
	implicit     []byte   // the signed attributes as they travel; nil for their DER
	digest       []byte   // digest algorithm; nil for SHA-256
	signature    []byte   // signature algorithm; nil for PSS
	certificates int
	signers      int
}

func attribute(oid asn1.ObjectIdentifier, values ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(values, nil)) })
	})
	return b.BytesOrPanic()
}

func encoded(f cryptobyte.BuilderContinuation) []byte {
	var b cryptobyte.Builder
	f(&b)
	return b.BytesOrPanic()
}

func digestAttribute(content []byte) []byte {
	d := sha256.Sum256(content)
	return attribute(oidMessageDigest, encoded(func(b *cryptobyte.Builder) { b.AddASN1OctetString(d[:]) }))
}

func typeAttribute(oid asn1.ObjectIdentifier) []byte {
	return attribute(oidContentType, encoded(func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) }))
}

func protection(digest, signature cryptobyte.BuilderContinuation) []byte {
	return attribute(oidAlgorithmProtection, encoded(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			digest(b)
			b.AddASN1(explicit(1), signature)
		})
	}))
}

func algorithmOf(oid asn1.ObjectIdentifier, parameters ...byte) []byte {
	return encoded(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddBytes(parameters)
		})
	})
}

func (c crafted) message(t testing.TB) []byte {
	t.Helper()
	how := signer()
	if c.contentType == nil {
		c.contentType = oidData
	}
	if c.digest == nil {
		c.digest = encoded(addSHA256)
	}
	if c.signature == nil {
		c.signature = encoded(func(b *cryptobyte.Builder) { b.AddASN1(casn1.SEQUENCE, PSS.addFields) })
	}
	signed, set := c.content, []byte(nil)
	if c.attributes != nil {
		set = encoded(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addSorted(b, c.attributes) })
		})
		signed = set
		if c.implicit == nil {
			c.implicit = append([]byte{0xa0}, set[1:]...)
		}
	}
	digest := sha256.Sum256(signed)
	value, err := how.Key.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	message, err := addContentInfo(oidSignedData, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(casn1.SET, addSHA256)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(c.contentType)
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(c.content) })
		})
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			for range c.certificates {
				b.AddBytes(how.Certificate.Raw)
			}
		})
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
			for range c.signers {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(1)
					addIssuerAndSerial(b, how.Certificate)
					b.AddBytes(c.digest)
					b.AddBytes(c.implicit)
					b.AddBytes(c.signature)
					b.AddASN1OctetString(value)
				})
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestSignedDataOfManyKinds(t *testing.T) {
	content := []byte("content")
	good := func() crafted {
		return crafted{content: content, certificates: 1, signers: 1, attributes: [][]byte{typeAttribute(oidData), digestAttribute(content)}}
	}
	with := func(change func(*crafted)) crafted {
		c := good()
		change(&c)
		return c
	}
	add := func(more ...[]byte) crafted {
		return with(func(c *crafted) { c.attributes = append(c.attributes, more...) })
	}
	pss := func(parameters string) []byte { return algorithmOf(oidPSS, unhex(parameters)...) }
	const sha256DER, sha1DER = "300b0609608648016503040201", "300706052b0e03021a"
	const mgf1 = "a11a3018" + "06092a864886f70d010108" + sha256DER
	const hash = "a00d" + sha256DER
	older := [][]byte{typeAttribute(oidData), digestAttribute(content)} // whose DER stands below as content
	attributesAsContent := encoded(func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addSorted(b, older) })
	})

	for _, c := range []struct {
		name string
		is   crafted
		want error
		text string
	}{
		{name: "good", is: good()},
		{name: "without attributes", is: with(func(c *crafted) { c.attributes = nil })},
		{name: "an unknown attribute", is: add(attribute(asn1.ObjectIdentifier{1, 2, 3}, []byte{5, 0}, []byte{5, 0}))},
		{name: "digest algorithm without NULL", is: with(func(c *crafted) { c.digest = algorithmOf(oidSHA256) })},
		{name: "protected", is: add(protection(addSHA256, PSS.addFields))},
		{name: "protected, digest without NULL", is: add(protection(func(b *cryptobyte.Builder) { b.AddBytes(algorithmOf(oidSHA256)) }, PSS.addFields))},
		{name: "PSS parameters without NULL", is: with(func(c *crafted) { c.signature = pss("3030" + hash + mgf1 + "a203020120") })},
		{name: "PSS parameters with the default trailer", is: with(func(c *crafted) { c.signature = pss("3035" + hash + mgf1 + "a203020120" + "a303020101") })},
		{name: "attributes out of order and in BER", is: with(func(c *crafted) {
			c.implicit = append(append([]byte{0xa0, 0x80}, bytes.Join([][]byte{c.attributes[1], c.attributes[0]}, nil)...), 0, 0)
		})},

		{name: "attributes as content", is: crafted{content: attributesAsContent, certificates: 1, signers: 1}, want: ErrSignature, text: "itself a set of signed attributes"},
		{name: "content of another type", is: with(func(c *crafted) { c.contentType = oidEnvelopedData }), want: ErrStructure, text: "id-data was due"},
		{name: "another content type signed", is: with(func(c *crafted) { c.attributes[0] = typeAttribute(oidEnvelopedData) }), want: ErrSignature, text: "signed content type"},
		{name: "digest of other content", is: with(func(c *crafted) { c.attributes[1] = digestAttribute(nil) }), want: ErrSignature, text: "digest of the content differs"},
		{name: "no digest", is: with(func(c *crafted) { c.attributes = c.attributes[:1] }), want: ErrStructure, text: "without content type or message digest"},
		{name: "no content type", is: with(func(c *crafted) { c.attributes = c.attributes[1:] }), want: ErrStructure, text: "without content type or message digest"},
		{name: "two digests", is: add(digestAttribute(nil)), want: ErrStructure, text: "twice"},
		{name: "a digest of two values", is: with(func(c *crafted) { c.attributes[1] = attribute(oidMessageDigest, []byte{4, 0}, []byte{4, 0}) }), want: ErrStructure, text: "with 2 values"},
		{name: "a signing time without zone", is: add(attribute(oidSigningTime, []byte("\x17\x0c270309094000"))), want: ErrStructure, text: "a time in seconds and UTC"},
		{name: "a signing time of another type", is: add(attribute(oidSigningTime, []byte("\x13\x0d270309094000Z"))), want: ErrStructure, text: "a time in seconds and UTC"},
		{name: "another digest protected", is: add(protection(func(b *cryptobyte.Builder) { b.AddBytes(unhex(sha1DER)) }, PSS.addFields)), want: ErrSignature, text: "protects other algorithms"},
		{name: "another signature protected", is: add(protection(addSHA256, PKCS1v15.addFields)), want: ErrSignature, text: "protects other algorithms"},
		{name: "protection without signature algorithm", is: add(protection(func(*cryptobyte.Builder) {}, PSS.addFields)), want: ErrSignature, text: "CMSAlgorithmProtection"},
		{name: "attributes of 65 KiB", is: add(attribute(asn1.ObjectIdentifier{1, 2, 3}, encoded(func(b *cryptobyte.Builder) { b.AddASN1OctetString(make([]byte, maxAttributes)) }))), want: ErrStructure, text: "more than 64 KiB"},

		{name: "SHA-1", is: with(func(c *crafted) { c.digest = unhex(sha1DER) }), want: ErrDigestAlgorithm},
		{name: "PSS without parameters", is: with(func(c *crafted) { c.signature = algorithmOf(oidPSS) }), want: ErrSignatureAlgorithm, text: "means SHA-1"},
		{name: "PSS with empty parameters", is: with(func(c *crafted) { c.signature = pss("3000") }), want: ErrSignatureAlgorithm},
		{name: "PSS, SHA-1 as hash", is: with(func(c *crafted) { c.signature = pss("302c" + "a009" + sha1DER + mgf1 + "a203020120") }), want: ErrSignatureAlgorithm},
		{name: "PSS without mask function", is: with(func(c *crafted) { c.signature = pss("3014" + hash + "a203020120") }), want: ErrSignatureAlgorithm},
		{name: "PSS, other trailer", is: with(func(c *crafted) { c.signature = pss("3035" + hash + mgf1 + "a203020120" + "a303020102") }), want: ErrSignatureAlgorithm},
		{name: "PSS, salt of 20 by default", is: with(func(c *crafted) { c.signature = pss("302b" + hash + mgf1) }), want: ErrSignature, text: "salt of 20"},
		{name: "PSS, parameters out of order", is: with(func(c *crafted) { c.signature = pss("3030" + mgf1 + hash + "a203020120") }), want: ErrStructure},
		{name: "PSS, a parameter twice", is: with(func(c *crafted) { c.signature = pss("3035" + hash + mgf1 + "a203020120" + "a203020120") }), want: ErrStructure},
		{name: "PSS signature called PKCS#1 v1.5", is: with(func(c *crafted) { c.signature = algorithmOf(oidSHA256WithRSA, 5, 0) }), want: ErrSignature},
		{name: "ECDSA", is: with(func(c *crafted) { c.signature = algorithmOf(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}) }), want: ErrSignatureAlgorithm},

		{name: "no signer", is: with(func(c *crafted) { c.signers = 0 }), want: ErrStructure, text: "0 signers"},
		{name: "two signers", is: with(func(c *crafted) { c.signers = 2 }), want: ErrStructure, text: "2 signers"},
		{name: "33 certificates", is: with(func(c *crafted) { c.certificates = 33 }), want: ErrStructure, text: "more than 32 certificates"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := ReadSignedData(c.is.message(t))
			if err == nil {
				_, err = s.Scheme()
			}
			if err == nil {
				err = s.Verify(signer().Certificate)
			}
			if !errors.Is(err, c.want) || c.want == nil && err != nil || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v, want %v %q", err, c.want, c.text)
			}
		})
	}
}

// A certificate whose key it would cost a lot to verify with is not even kept.
func TestCostlyKey(t *testing.T) {
	how := signer()
	n := new(big.Int).SetBit(big.NewInt(1), 8192, 1)
	der, err := x509.CreateCertificate(rand.Reader, how.Certificate, how.Certificate, &rsa.PublicKey{N: n, E: 65537}, how.Key)
	if err != nil {
		t.Fatal(err)
	}
	how.Enclosed = append(how.Enclosed, &x509.Certificate{Raw: der})
	message, err := Sign([]byte("content"), how)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSignedData(message); !errors.Is(err, ErrStructure) || !strings.Contains(err.Error(), "more than 8192 bits") {
		t.Error(err)
	}
}

func TestSigningTime(t *testing.T) {
	for in, want := range map[string]string{
		"\x17\x0d270309094000Z":   "2027-03-09T09:40:00Z",
		"\x17\x0d491231235959Z":   "2049-12-31T23:59:59Z",
		"\x17\x0d500101000000Z":   "1950-01-01T00:00:00Z",
		"\x17\x0d700101000000Z":   "1970-01-01T00:00:00Z",
		"\x18\x0f20500101000000Z": "2050-01-01T00:00:00Z",
	} {
		content := []byte("content")
		s, err := ReadSignedData(crafted{content: content, signers: 1, attributes: [][]byte{
			typeAttribute(oidData), digestAttribute(content), attribute(oidSigningTime, []byte(in)),
		}}.message(t))
		if err != nil {
			t.Errorf("%q: %v", in, err)
		} else if got := s.SigningTime.Format(time.RFC3339); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	for _, year := range []int{1950, 2049, 2050} {
		how := signer()
		how.Time = time.Date(year, 6, 1, 12, 0, 0, 0, time.UTC)
		message, err := Sign(nil, how)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := ReadSignedData(message); err != nil || !s.SigningTime.Equal(how.Time) {
			t.Errorf("%d: %v", year, err)
		}
	}
}

// A name written with other string types and other case still names the certificate; another does not.
func TestIdentifierNamesCertificate(t *testing.T) {
	c := signer().Certificate
	name := func(tag casn1.Tag, country, text string) []byte {
		return encoded(func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, part := range []struct {
					oid   asn1.ObjectIdentifier
					tag   casn1.Tag
					value string
				}{{asn1.ObjectIdentifier{2, 5, 4, 6}, casn1.PrintableString, country}, {asn1.ObjectIdentifier{2, 5, 4, 3}, tag, text}} {
					b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
						b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(part.oid)
							b.AddASN1(part.tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(part.value)) })
						})
					})
				}
			})
		})
	}
	for _, v := range []struct {
		what string
		id   Identifier
		want bool
	}{
		{"the very bytes", Identifier{Issuer: c.RawIssuer, Serial: c.SerialNumber}, true},
		{"UTF8String", Identifier{Issuer: name(casn1.UTF8String, "BE", "Test"), Serial: c.SerialNumber}, true},
		{"other case", Identifier{Issuer: name(casn1.T61String, "be", "TEST"), Serial: c.SerialNumber}, true},
		{"other name", Identifier{Issuer: name(casn1.UTF8String, "BE", "Rest"), Serial: c.SerialNumber}, false},
		{"other number", Identifier{Issuer: c.RawIssuer, Serial: big.NewInt(78)}, false},
		{"no name", Identifier{Issuer: []byte("?"), Serial: c.SerialNumber}, false},
		{"key identifier", Identifier{SubjectKeyID: c.SubjectKeyId}, true},
		{"other key identifier", Identifier{SubjectKeyID: []byte("key-78")}, false},
		{"nothing", Identifier{}, false},
	} {
		if got := v.id.Names(c); got != v.want {
			t.Errorf("%s: %v", v.what, got)
		}
	}
}
