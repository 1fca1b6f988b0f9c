package cms

import (
	"crypto/aes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Addressees says for whom Envelop encrypts. At least one.
type Addressees struct {
	Certificates []*x509.Certificate // RSA encryption certificates
	KeyID        []byte              // raw identifier of Key
	Key          []byte              // 16-byte shared key; nil for none
}

// Envelop encrypts content for the addressees in an EnvelopedData message: AES-128-CBC under a fresh key and vector.
func Envelop(content []byte, to Addressees, rand io.Reader) ([]byte, error) {
	if len(to.Certificates) == 0 && to.Key == nil {
		return nil, errors.New("enveloping: no recipient")
	}
	fresh := make([]byte, contentKeyLength+aes.BlockSize)
	defer clear(fresh)
	if _, err := io.ReadFull(rand, fresh); err != nil {
		return nil, fmt.Errorf("enveloping: randomness: %w", err)
	}
	contentKey, iv := fresh[:contentKeyLength], fresh[contentKeyLength:]
	recipients, err := to.recipients(contentKey, rand)
	if err != nil {
		return nil, fmt.Errorf("enveloping: %w", err)
	}
	ciphertext, err := encryptContent(contentKey, iv, content)
	if err != nil {
		return nil, fmt.Errorf("enveloping: %w", err)
	}
	version := int64(0)
	if to.Key != nil {
		version = 2 // RFC 5652 6.1: a recipient other than version 0 is among them
	}
	return addContentInfo(oidEnvelopedData, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(version)
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addSorted(b, recipients) })
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidData)
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidAES128CBC)
				b.AddASN1OctetString(iv)
			})
			b.AddASN1(implicit(0), func(b *cryptobyte.Builder) { b.AddBytes(ciphertext) })
		})
	})
}

// recipients gives the encodings of the RecipientInfos.
func (to Addressees) recipients(contentKey []byte, rand io.Reader) ([][]byte, error) {
	var encodings [][]byte
	add := func(tag casn1.Tag, f cryptobyte.BuilderContinuation) error {
		var b cryptobyte.Builder
		b.AddASN1(tag, f)
		encoding, err := b.Bytes()
		encodings = append(encodings, encoding)
		return err
	}
	for _, c := range to.Certificates {
		public, ok := c.PublicKey.(*rsa.PublicKey)
		if !ok {
			return nil, fmt.Errorf("recipient %v has no RSA key", c.SerialNumber)
		}
		encryptedKey, err := sendContentKey(public, contentKey, rand)
		if err != nil {
			return nil, fmt.Errorf("recipient %v: %w", c.SerialNumber, err)
		}
		err = add(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(0)
			addIssuerAndSerial(b, c)
			addBareAlgorithm(b, oidRSA)
			b.AddASN1OctetString(encryptedKey)
		})
		if err != nil {
			return nil, fmt.Errorf("recipient %v: %w", c.SerialNumber, err)
		}
	}
	if to.Key == nil {
		return encodings, nil
	}
	wrapped, err := wrapContentKey(to.Key, contentKey)
	if err != nil {
		return nil, err
	}
	err = add(explicit(2), func(b *cryptobyte.Builder) {
		b.AddASN1Int64(4)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(to.KeyID) })
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidAES128Wrap) })
		b.AddASN1OctetString(wrapped)
	})
	return encodings, err
}
