package cms

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"

	"relais/sync/ehealth/ber"
	"relais/sync/ehealth/trust"
)

// SignedData is a signed message that was read and not yet verified.
type SignedData struct {
	// Content is what was signed. It may refer to the bytes that were read.
	Content []byte
	// Certificates travel with the message, in its order. They prove nothing by themselves.
	Certificates []*x509.Certificate
	// Signer names the certificate of the signer.
	Signer Identifier
	// SigningTime is what the signer claims; zero when not claimed.
	SigningTime time.Time

	digest     algorithm
	signature  algorithm
	value      []byte
	attributes *attributes // nil when nothing but the content is signed
}

// attributes are the signed attributes of the profile. Others are signed and ignored.
type attributes struct {
	der         []byte // DER of the SET, over which the signature is
	contentType asn1.ObjectIdentifier
	digest      []byte
	protection  *ber.Element // CMSAlgorithmProtection (RFC 6211)
}

// Bounds of what belongs to a signature; the content is bounded by MaxMessage alone.
const (
	maxCertificates = 32
	maxAttributes   = 64 << 10 // bytes
)

// ReadSignedData reads a SignedData message with enclosed content of type id-data and exactly one signer.
func ReadSignedData(message []byte) (*SignedData, error) {
	s, err := readSignedData(message)
	if err != nil {
		return nil, fmt.Errorf("%w: signed data: %w", ErrStructure, err)
	}
	return s, nil
}

func readSignedData(message []byte) (*SignedData, error) {
	content, err := readContentInfo(message, oidSignedData)
	if err != nil {
		return nil, err
	}
	f := fieldsOf(content)
	if err := f.version(); err != nil {
		return nil, err
	}
	if _, err := f.set("the set of digest algorithms"); err != nil {
		return nil, err
	}
	encapsulated, err := f.next("the content")
	if err != nil {
		return nil, err
	}
	s := new(SignedData)
	if s.Content, err = readEncapsulated(encapsulated); err != nil {
		return nil, err
	}
	if certificates, ok := f.optional(0); ok {
		if s.Certificates, err = readCertificates(certificates); err != nil {
			return nil, err
		}
	}
	f.optional(1) // revocation lists
	signers, err := f.set("the set of signers")
	if err != nil {
		return nil, err
	}
	if len(signers.Children) != 1 {
		return nil, signers.Fault(fmt.Sprintf("%d signers where one was due", len(signers.Children)))
	}
	if err := s.readSigner(signers.Children[0]); err != nil {
		return nil, err
	}
	return s, f.end()
}

func readEncapsulated(e ber.Element) ([]byte, error) {
	if !e.Is(ber.Sequence) || len(e.Children) != 2 || !e.Children[1].IsContext(0) || len(e.Children[1].Children) != 1 {
		return nil, e.Fault("enclosed content was due")
	}
	contentType, err := readOID(e.Children[0])
	if err != nil {
		return nil, err
	}
	if !contentType.Equal(oidData) {
		return nil, e.Fault(fmt.Sprintf("content of type %v where id-data was due", contentType))
	}
	octets := e.Children[1].Children[0]
	if !octets.Is(ber.OctetString) {
		return nil, octets.Fault("an octet string was due")
	}
	return octets.Octets()
}

func readCertificates(e ber.Element) ([]*x509.Certificate, error) {
	var read []*x509.Certificate
	for _, c := range e.Children {
		if !c.Is(ber.Sequence) {
			continue // attribute certificates and other kinds (RFC 5652 10.2.2)
		}
		if len(read) == maxCertificates {
			return nil, c.Fault(fmt.Sprintf("more than %d certificates", maxCertificates))
		}
		certificate, err := x509.ParseCertificate(c.Raw)
		if err != nil {
			return nil, c.Fault("a certificate that cannot be read")
		}
		if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > trust.MaxKeyBits {
			return nil, c.Fault(fmt.Sprintf("a certificate with a key of more than %d bits", trust.MaxKeyBits))
		}
		read = append(read, certificate)
	}
	return read, nil
}

// readSigner reads a SignerInfo.
func (s *SignedData) readSigner(e ber.Element) error {
	if !e.Is(ber.Sequence) {
		return e.Fault("a signer was due")
	}
	f := fieldsOf(e)
	if err := f.version(); err != nil {
		return err
	}
	if err := s.readSignerID(f); err != nil {
		return err
	}
	digest, err := f.next("the digest algorithm")
	if err != nil {
		return err
	}
	if s.digest, err = readAlgorithm(digest); err != nil {
		return err
	}
	if signed, ok := f.optional(0); ok {
		if err := s.readAttributes(signed); err != nil {
			return err
		}
	}
	signature, err := f.next("the signature algorithm")
	if err != nil {
		return err
	}
	if s.signature, err = readAlgorithm(signature); err != nil {
		return err
	}
	value, err := f.next("the signature")
	if err != nil {
		return err
	}
	if !value.Is(ber.OctetString) {
		return value.Fault("an octet string was due")
	}
	if s.value, err = value.Octets(); err != nil {
		return err
	}
	f.optional(1) // unsigned attributes: embedded revocation values, or none
	return f.end()
}

func (s *SignedData) readSignerID(f *fields) error {
	if keyID, ok := f.optional(0); ok {
		octets, err := keyID.Octets()
		s.Signer = Identifier{SubjectKeyID: octets}
		return err
	}
	e, err := f.next("the name of the signer")
	if err != nil {
		return err
	}
	s.Signer, err = readIssuerAndSerial(e)
	return err
}

// readAttributes reads the signed attributes. They are implicitly tagged and may travel in BER, but are signed as the DER
// of a SET (RFC 5652 5.4).
func (s *SignedData) readAttributes(e ber.Element) error {
	if len(e.Raw) > maxAttributes {
		return e.Fault("signed attributes of more than 64 KiB")
	}
	set := e
	set.Class, set.Number = ber.Universal, ber.Set
	der, err := set.DER()
	if err != nil {
		return err
	}
	a := &attributes{der: der}
	seen := map[string]bool{}
	for _, attribute := range e.Children {
		if !attribute.Is(ber.Sequence) || len(attribute.Children) != 2 || !attribute.Children[1].Is(ber.Set) {
			return attribute.Fault("an attribute was due")
		}
		oid, err := readOID(attribute.Children[0])
		if err != nil {
			return err
		}
		if seen[oid.String()] {
			return attribute.Fault(fmt.Sprintf("attribute %v twice", oid))
		}
		seen[oid.String()] = true
		if err := s.readAttribute(a, oid, attribute.Children[1]); err != nil {
			return err
		}
	}
	if a.contentType == nil || a.digest == nil {
		return e.Fault("signed attributes without content type or message digest")
	}
	s.attributes = a
	return nil
}

func (s *SignedData) readAttribute(a *attributes, oid asn1.ObjectIdentifier, values ber.Element) error {
	known := oid.Equal(oidContentType) || oid.Equal(oidMessageDigest) || oid.Equal(oidSigningTime) || oid.Equal(oidAlgorithmProtection)
	if !known {
		return nil
	}
	if len(values.Children) != 1 {
		return values.Fault(fmt.Sprintf("attribute %v with %d values", oid, len(values.Children)))
	}
	value := values.Children[0]
	var err error
	switch {
	case oid.Equal(oidContentType):
		a.contentType, err = readOID(value)
	case oid.Equal(oidMessageDigest):
		if !value.Is(ber.OctetString) {
			return value.Fault("an octet string was due")
		}
		a.digest, err = value.Octets()
	case oid.Equal(oidSigningTime):
		s.SigningTime, err = readTime(value)
	case oid.Equal(oidAlgorithmProtection):
		a.protection = &value
	}
	return err
}

// readTime reads a signing time: UTCTime until 2049, GeneralizedTime after (RFC 5652 11.3), in seconds and UTC.
func readTime(e ber.Element) (time.Time, error) {
	layout := ""
	switch {
	case e.Is(ber.UTCTime):
		layout = "060102150405Z"
	case e.Is(ber.GeneralizedTime):
		layout = "20060102150405Z"
	}
	t, err := time.Parse(layout, string(e.Body))
	if layout == "" || err != nil {
		return time.Time{}, e.Fault("a time in seconds and UTC was due")
	}
	if e.Is(ber.UTCTime) && t.Year() >= 2050 { // two digits of the year: 50 to 99 are of the twentieth century
		t = t.AddDate(-100, 0, 0)
	}
	return t, nil
}

// Scheme gives how the message says that it is signed, or why that is not of the profile.
func (s *SignedData) Scheme() (Scheme, error) {
	if !s.digest.isSHA256() {
		return 0, fmt.Errorf("%w: %v", ErrDigestAlgorithm, s.digest.oid)
	}
	return s.signature.scheme()
}

// FindSigner gives the certificate that the message names as the signer's, among its own.
func (s *SignedData) FindSigner() (*x509.Certificate, bool) {
	for _, c := range s.Certificates {
		if s.Signer.Names(c) {
			return c, true
		}
	}
	return nil, false
}

// Verify checks that the content was signed with the key of the certificate. It looks at nothing else of the certificate.
func (s *SignedData) Verify(certificate *x509.Certificate) error {
	scheme, err := s.Scheme()
	if err != nil {
		return err
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("%w: the certificate has no RSA key", ErrSignatureAlgorithm)
	}
	digest := sha256.Sum256(s.Content)
	if s.attributes != nil {
		if err := s.checkAttributes(digest[:]); err != nil {
			return err
		}
		digest = sha256.Sum256(s.attributes.der)
	} else if looksLikeAttributes(s.Content) {
		return fmt.Errorf("%w: content that is itself a set of signed attributes", ErrSignature)
	}
	if scheme == PSS {
		err = rsa.VerifyPSS(key, crypto.SHA256, digest[:], s.value, &rsa.PSSOptions{SaltLength: saltLength})
	} else {
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], s.value)
	}
	if err != nil {
		return fmt.Errorf("%w: content, attributes or key differ", ErrSignature)
	}
	return nil
}

func (s *SignedData) checkAttributes(digest []byte) error {
	a := s.attributes
	if !a.contentType.Equal(oidData) {
		return fmt.Errorf("%w: the signed content type is %v", ErrSignature, a.contentType)
	}
	if !bytes.Equal(a.digest, digest) {
		return fmt.Errorf("%w: the digest of the content differs", ErrSignature)
	}
	if a.protection == nil {
		return nil
	}
	if err := s.checkProtection(*a.protection); err != nil {
		return fmt.Errorf("%w: CMSAlgorithmProtection: %w", ErrSignature, err)
	}
	return nil
}

// checkProtection compares CMSAlgorithmProtection with the algorithms that the signer states outside the signature.
func (s *SignedData) checkProtection(e ber.Element) error {
	if !e.Is(ber.Sequence) {
		return e.Fault("a sequence was due")
	}
	f := fieldsOf(e)
	first, err := f.next("the digest algorithm")
	if err != nil {
		return err
	}
	digest, err := readAlgorithm(first)
	if err != nil {
		return err
	}
	second, ok := f.optional(1)
	if !ok {
		return e.Fault("the signature algorithm is missing")
	}
	signature, err := readAlgorithmFields(second)
	if err != nil {
		return err
	}
	if !digest.equal(s.digest) || !signature.equal(s.signature) {
		return e.Fault("it protects other algorithms than those used")
	}
	return f.end()
}

// looksLikeAttributes recognises the DER of signed attributes. Without this check, whoever holds a message signed over
// attributes could present those attributes as the content of a message signed without any.
func looksLikeAttributes(content []byte) bool {
	if len(content) > maxAttributes {
		return false
	}
	set, err := ber.Parse(content, limits)
	if err != nil || !set.Is(ber.Set) {
		return false
	}
	return new(SignedData).readAttributes(set) == nil
}
