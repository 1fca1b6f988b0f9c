package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"relais/sync/ehealth/ber"
)

// Object identifiers of the profile. Package variables because Go has no constant slices; nobody assigns to them.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidEnvelopedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}

	oidContentType         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidAlgorithmProtection = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 52}

	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidMGF1          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidPSS           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidSHA256WithRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}

	oidAES128CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES128Wrap = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 5}
)

// Scheme is how a layer is signed. Both sign with RSA over SHA-256.
type Scheme int

const (
	// PSS is RSASSA-PSS, MGF1 with SHA-256, salt of 32 bytes (RFC 4056): eHealth certificates.
	PSS Scheme = iota + 1
	// PKCS1v15 is RSASSA-PKCS1-v1_5 (RFC 3370 3.2): the eID card.
	PKCS1v15
)

const saltLength = 32

// algorithm is an AlgorithmIdentifier.
type algorithm struct {
	oid    asn1.ObjectIdentifier
	params ber.Element // meaningful when given
	given  bool
}

// readOID reads an OBJECT IDENTIFIER.
func readOID(e ber.Element) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	if !e.Is(ber.OID) {
		return nil, e.Fault("an object identifier was due")
	}
	if s := cryptobyte.String(e.Raw); !s.ReadASN1ObjectIdentifier(&oid) {
		return nil, e.Fault("an object identifier that cannot be read")
	}
	return oid, nil
}

func readAlgorithm(e ber.Element) (algorithm, error) {
	if !e.Is(ber.Sequence) {
		return algorithm{}, e.Fault("an algorithm identifier was due")
	}
	return readAlgorithmFields(e)
}

// readAlgorithmFields reads the fields of an algorithm identifier whatever its tag (it travels with implicit tags too).
func readAlgorithmFields(e ber.Element) (algorithm, error) {
	if len(e.Children) < 1 || len(e.Children) > 2 {
		return algorithm{}, e.Fault("an algorithm identifier was due")
	}
	oid, err := readOID(e.Children[0])
	if err != nil {
		return algorithm{}, err
	}
	a := algorithm{oid: oid}
	if len(e.Children) == 2 {
		a.params, a.given = e.Children[1], true
	}
	return a, nil
}

// bare tells whether the parameters are absent or NULL. Which of the two stands there has varied over the years for
// digests (RFC 5754 2): both mean the same.
func (a algorithm) bare() bool { return !a.given || a.params.Is(ber.Null) && len(a.params.Body) == 0 }

func (a algorithm) isSHA256() bool { return a.oid.Equal(oidSHA256) && a.bare() }

// equal compares two identifiers as RFC 6211 2 wants it: by meaning where absent parameters and NULL are the same.
func (a algorithm) equal(b algorithm) bool {
	if !a.oid.Equal(b.oid) {
		return false
	}
	if a.bare() || b.bare() {
		return a.bare() && b.bare()
	}
	x, err := a.params.DER()
	if err != nil {
		return false
	}
	y, err := b.params.DER()
	return err == nil && bytes.Equal(x, y)
}

// scheme gives the scheme of a signature algorithm. rsaEncryption as the name of a signature is what older signers write
// for PKCS#1 v1.5 (RFC 3370 3.2).
func (a algorithm) scheme() (Scheme, error) {
	switch {
	case a.oid.Equal(oidPSS):
		return PSS, a.checkPSS()
	case (a.oid.Equal(oidSHA256WithRSA) || a.oid.Equal(oidRSA)) && a.bare():
		return PKCS1v15, nil
	}
	return 0, fmt.Errorf("%w: %v", ErrSignatureAlgorithm, a.oid)
}

// checkPSS checks RSASSA-PSS-params (RFC 4055 3.1): SHA-256 twice, salt 32, trailer as by default. A wrong salt length is
// reported as a signature that does not match, as the eHealth library does: it verifies with 32 whatever stands here.
func (a algorithm) checkPSS() error {
	if !a.given || !a.params.Is(ber.Sequence) {
		return fmt.Errorf("%w: RSASSA-PSS without parameters means SHA-1", ErrSignatureAlgorithm)
	}
	var hash, mask bool
	salt := 20 // the default
	for i, field := range a.params.Children {
		if field.Class != ber.ContextSpecific || len(field.Children) != 1 || i > 0 && a.params.Children[i-1].Number >= field.Number {
			return fmt.Errorf("%w: %w", ErrStructure, field.Fault("parameters of RSASSA-PSS out of order"))
		}
		inner := field.Children[0]
		var err error
		switch field.Number {
		case 0:
			var digest algorithm
			digest, err = readAlgorithm(inner)
			hash = err == nil && digest.isSHA256()
		case 1:
			mask, err = isMGF1SHA256(inner)
		case 2:
			salt, err = inner.Small()
		case 3:
			var trailer int
			if trailer, err = inner.Small(); err == nil && trailer != 1 {
				return fmt.Errorf("%w: trailer of RSASSA-PSS", ErrSignatureAlgorithm)
			}
		default:
			err = field.Fault("an unknown parameter of RSASSA-PSS")
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrStructure, err)
		}
	}
	if !hash || !mask {
		return fmt.Errorf("%w: RSASSA-PSS with a hash or mask function other than SHA-256", ErrSignatureAlgorithm)
	}
	if salt != saltLength {
		return fmt.Errorf("%w: RSASSA-PSS with a salt of %d bytes, %d are due", ErrSignature, salt, saltLength)
	}
	return nil
}

func isMGF1SHA256(e ber.Element) (bool, error) {
	mask, err := readAlgorithm(e)
	if err != nil || !mask.given {
		return false, err
	}
	digest, err := readAlgorithm(mask.params)
	return err == nil && mask.oid.Equal(oidMGF1) && digest.isSHA256(), err
}

// addSHA256 writes the digest algorithm, with NULL as the eHealth library does.
func addSHA256(b *cryptobyte.Builder) { addBareAlgorithm(b, oidSHA256) }

// addBareAlgorithm writes an algorithm identifier with NULL.
func addBareAlgorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1NULL()
	})
}

// addFields writes the fields of the signature algorithm identifier, without its tag.
func (s Scheme) addFields(b *cryptobyte.Builder) {
	if s == PKCS1v15 {
		b.AddASN1ObjectIdentifier(oidSHA256WithRSA)
		b.AddASN1NULL()
		return
	}
	b.AddASN1ObjectIdentifier(oidPSS)
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(explicit(0), addSHA256)
		b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidMGF1)
				addSHA256(b)
			})
		})
		b.AddASN1(explicit(2), func(b *cryptobyte.Builder) { b.AddASN1Int64(saltLength) })
	})
}

// explicit is the constructed context-specific tag n, implicit the primitive one.
func explicit(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }
func implicit(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific() }
