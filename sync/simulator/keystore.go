package simulator

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Password of the keystores that the simulator writes. They guard nothing.
const Password = "relais"

// rounds of the key derivations of a keystore.
const rounds = 2048

// Keystore writes the keys of a holder as the eHealth platform does (PKCS#12, RFC 7292): the entry "authentication" with its
// chain, and each encryption key under the decimal serial number of its certificate. Keys are under PBES2 (AES-256), the
// whole is under a MAC with SHA-256. No Go library writes several keys with their names.
func (p *PKI) Keystore(h Holder, password string) ([]byte, error) {
	type entry struct {
		name string
		key  any
		cert *x509.Certificate
	}
	entries := []entry{{"authentication", h.Signing.Key, h.Signing.Chain[0]}}
	for _, d := range h.Decryption {
		entries = append(entries, entry{d.Certificate.SerialNumber.String(), d.Key, d.Certificate})
	}
	var keys, certs cryptobyte.Builder
	var failed error
	keys.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range entries {
			shrouded, err := shroud(p.maker.random, e.key, password)
			failed = errors.Join(failed, err)
			addBag(b, oidShroudedKeyBag, e.name, e.cert, func(b *cryptobyte.Builder) { b.AddBytes(shrouded) })
		}
	})
	certs.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range entries {
			addBag(b, oidCertBag, e.name, e.cert, func(b *cryptobyte.Builder) { addCertificate(b, e.cert) })
		}
		for _, c := range h.Signing.Chain[1:] {
			addBag(b, oidCertBag, "", nil, func(b *cryptobyte.Builder) { addCertificate(b, c) })
		}
	})
	var safe cryptobyte.Builder
	safe.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addData(b, certs.BytesOrPanic())
		addData(b, keys.BytesOrPanic())
	})
	content := safe.BytesOrPanic()
	salt := make([]byte, 16)
	if _, err := io.ReadFull(p.maker.random, salt); err != nil || failed != nil {
		return nil, fmt.Errorf("simulator: a keystore cannot be made: %w", errors.Join(err, failed))
	}
	mac := hmac.New(sha256.New, macKey(password, salt))
	mac.Write(content)
	var file cryptobyte.Builder
	file.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		addData(b, content)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addAlgorithm(b, oidSHA256, nil)
				b.AddASN1OctetString(mac.Sum(nil))
			})
			b.AddASN1OctetString(salt)
			b.AddASN1Int64(rounds)
		})
	})
	return file.Bytes()
}

var (
	oidData           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidShroudedKeyBag = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidCertBag        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidFriendlyName   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}
	oidLocalKeyID     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 21}
	oidPBES2          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA256     = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidAES256CBC      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidSHA256         = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

var explicit0 = casn1.Tag(0).ContextSpecific().Constructed()

func addData(b *cryptobyte.Builder, content []byte) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidData)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
	})
}

// addBag adds a bag with its name and, of a key and its certificate, what ties them together.
func addBag(b *cryptobyte.Builder, kind asn1.ObjectIdentifier, name string, cert *x509.Certificate, content cryptobyte.BuilderContinuation) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(kind)
		b.AddASN1(explicit0, content)
		if name == "" {
			return
		}
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
			addAttribute(b, oidFriendlyName, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.Tag(30), func(b *cryptobyte.Builder) { b.AddBytes(bmp(name)) })
			})
			id := sha256.Sum256(cert.Raw)
			addAttribute(b, oidLocalKeyID, func(b *cryptobyte.Builder) { b.AddASN1OctetString(id[:20]) })
		})
	})
}

func addAttribute(b *cryptobyte.Builder, kind asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(kind)
		b.AddASN1(casn1.SET, value)
	})
}

func addCertificate(b *cryptobyte.Builder, c *x509.Certificate) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidX509)
		b.AddASN1(explicit0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(c.Raw) })
	})
}

// addAlgorithm adds an algorithm; nil parameters are NULL.
func addAlgorithm(b *cryptobyte.Builder, kind asn1.ObjectIdentifier, parameters cryptobyte.BuilderContinuation) {
	if parameters == nil {
		parameters = func(b *cryptobyte.Builder) { b.AddASN1NULL() }
	}
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(kind)
		parameters(b)
	})
}

// shroud enciphers a private key (EncryptedPrivateKeyInfo, RFC 5958; PBES2, RFC 8018).
func shroud(random io.Reader, key any, password string) ([]byte, error) {
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	fresh := make([]byte, 16+aes.BlockSize)
	if _, err := io.ReadFull(random, fresh); err != nil {
		return nil, err
	}
	salt, iv := fresh[:16], fresh[16:]
	secret, err := pbkdf2.Key(sha256.New, password, salt, rounds, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	for range padding {
		plain = append(plain, byte(padding))
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addAlgorithm(b, oidPBES2, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addAlgorithm(b, oidPBKDF2, func(b *cryptobyte.Builder) {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1OctetString(salt)
						b.AddASN1Int64(rounds)
						addAlgorithm(b, oidHMACSHA256, nil)
					})
				})
				addAlgorithm(b, oidAES256CBC, func(b *cryptobyte.Builder) { b.AddASN1OctetString(iv) })
			})
		})
		b.AddASN1OctetString(plain)
	})
	return b.Bytes()
}

// bmp is text as PKCS#12 writes names.
func bmp(s string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		b = append(b, byte(unit>>8), byte(unit))
	}
	return b
}

// macKey derives the key of the MAC from a password (RFC 7292 appendix B, purpose 3): one block of SHA-256.
func macKey(password string, salt []byte) []byte {
	const v = sha256.BlockSize
	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = 3
	}
	input := append(repeated(salt, v), repeated(append(bmp(password), 0, 0), v)...)
	digest := sha256.Sum256(append(diversifier, input...))
	for range rounds - 1 {
		digest = sha256.Sum256(digest[:])
	}
	return digest[:] // 32 bytes: as many as are needed, so that no second block is made
}

// repeated fills whole blocks of n bytes with a text.
func repeated(b []byte, n int) []byte {
	out := make([]byte, (len(b)+n-1)/n*n)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}
