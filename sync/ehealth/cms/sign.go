package cms

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Signature says how Sign signs.
type Signature struct {
	Scheme      Scheme
	Key         crypto.Signer       // of Certificate; may live in a card
	Certificate *x509.Certificate   // named as the signer
	Enclosed    []*x509.Certificate // travel with the message, in this order; may be none
	Time        time.Time           // the signing time that is claimed; written in seconds
	Rand        io.Reader           // for the salt
}

// Sign wraps content in a SignedData message with the signed attributes that the eHealth library writes: content type,
// signing time, message digest, CMSAlgorithmProtection.
func Sign(content []byte, how Signature) ([]byte, error) {
	set, err := how.attributes(content)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(set)
	var options crypto.SignerOpts = crypto.SHA256
	if how.Scheme == PSS {
		options = &rsa.PSSOptions{SaltLength: saltLength, Hash: crypto.SHA256}
	}
	value, err := how.Key.Sign(how.Rand, digest[:], options)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return addContentInfo(oidSignedData, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(casn1.SET, addSHA256)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidData)
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
		})
		if len(how.Enclosed) > 0 {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
				for _, c := range how.Enclosed {
					b.AddBytes(c.Raw)
				}
			})
		}
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { how.addSigner(b, set, value) })
		})
	})
}

func (how Signature) addSigner(b *cryptobyte.Builder, set, value []byte) {
	b.AddASN1Int64(1)
	addIssuerAndSerial(b, how.Certificate)
	addSHA256(b)
	implicitSet := bytes.Clone(set)
	implicitSet[0] = byte(explicit(0)) // the same bytes, tagged [0] IMPLICIT
	b.AddBytes(implicitSet)
	b.AddASN1(casn1.SEQUENCE, how.Scheme.addFields)
	b.AddASN1OctetString(value)
}

// attributes gives the DER of the SET of signed attributes.
func (how Signature) attributes(content []byte) ([]byte, error) {
	digest := sha256.Sum256(content)
	values := []struct {
		oid   []int
		value cryptobyte.BuilderContinuation
	}{
		{oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) }},
		{oidSigningTime, func(b *cryptobyte.Builder) { addTime(b, how.Time) }},
		{oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest[:]) }},
		{oidAlgorithmProtection, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addSHA256(b)
				b.AddASN1(explicit(1), how.Scheme.addFields)
			})
		}},
	}
	encodings := make([][]byte, len(values))
	for i, v := range values {
		var b cryptobyte.Builder
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(v.oid)
			b.AddASN1(casn1.SET, v.value)
		})
		encoding, err := b.Bytes()
		if err != nil {
			return nil, fmt.Errorf("writing signed attributes: %w", err)
		}
		encodings[i] = encoding
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addSorted(b, encodings) })
	set, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing signed attributes: %w", err)
	}
	return set, nil
}

// addTime writes a signing time as RFC 5652 11.3 wants it: UTCTime from 1950 to 2049, GeneralizedTime otherwise.
func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC()
	if 1950 <= t.Year() && t.Year() < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}
