package cms

import (
	"crypto"
	"crypto/aes"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"

	"relais/sync/ehealth/ber"
)

// EnvelopedData is an encrypted message that was read and not yet opened.
type EnvelopedData struct {
	// Recipients in the order of the message; other kinds than the two of the profile are left out.
	Recipients []Recipient

	cipher     algorithm
	ciphertext []byte
}

// Recipient is one way to the content key: by the private key of a certificate (key transport), or by a shared key (KEK).
type Recipient struct {
	Certificate Identifier // of key transport; zero for a shared key
	KeyID       []byte     // of a shared key; nil for key transport

	keyCipher    algorithm
	encryptedKey []byte
}

// ReadEnvelopedData reads an EnvelopedData message with content of type id-data.
func ReadEnvelopedData(message []byte) (*EnvelopedData, error) {
	e, err := readEnvelopedData(message)
	if err != nil {
		return nil, fmt.Errorf("%w: enveloped data: %w", ErrStructure, err)
	}
	return e, nil
}

func readEnvelopedData(message []byte) (*EnvelopedData, error) {
	content, err := readContentInfo(message, oidEnvelopedData)
	if err != nil {
		return nil, err
	}
	f := fieldsOf(content)
	if err := f.version(); err != nil {
		return nil, err
	}
	f.optional(0) // originator: only for key agreement
	recipients, err := f.set("the set of recipients")
	if err != nil {
		return nil, err
	}
	e := new(EnvelopedData)
	for _, r := range recipients.Children {
		if err := e.readRecipient(r); err != nil {
			return nil, err
		}
	}
	encrypted, err := f.next("the encrypted content")
	if err != nil {
		return nil, err
	}
	if err := e.readEncrypted(encrypted); err != nil {
		return nil, err
	}
	f.optional(1) // unprotected attributes
	return e, f.end()
}

// readRecipient reads a RecipientInfo (RFC 5652 6.2): a sequence for key transport, [2] for a shared key.
func (e *EnvelopedData) readRecipient(info ber.Element) error {
	var r Recipient
	var err error
	f := fieldsOf(info)
	switch {
	case info.Is(ber.Sequence):
		r, err = readKeyTransport(f)
	case info.IsContext(2):
		r, err = readSharedKey(f)
	default:
		return nil // key agreement, passwords, others: not of the profile, but no reason to refuse its other recipients
	}
	if err != nil {
		return err
	}
	keyCipher, err := f.next("the key cipher")
	if err != nil {
		return err
	}
	if r.keyCipher, err = readAlgorithm(keyCipher); err != nil {
		return err
	}
	key, err := f.next("the encrypted key")
	if err != nil {
		return err
	}
	if !key.Is(ber.OctetString) {
		return key.Fault("an octet string was due")
	}
	if r.encryptedKey, err = key.Octets(); err != nil {
		return err
	}
	e.Recipients = append(e.Recipients, r)
	return f.end()
}

func readKeyTransport(f *fields) (Recipient, error) {
	if err := f.version(); err != nil {
		return Recipient{}, err
	}
	if keyID, ok := f.optional(0); ok {
		octets, err := keyID.Octets()
		return Recipient{Certificate: Identifier{SubjectKeyID: octets}}, err
	}
	name, err := f.next("the name of the recipient")
	if err != nil {
		return Recipient{}, err
	}
	id, err := readIssuerAndSerial(name)
	return Recipient{Certificate: id}, err
}

func readSharedKey(f *fields) (Recipient, error) {
	if err := f.version(); err != nil {
		return Recipient{}, err
	}
	kekID, err := f.next("the identifier of the key")
	if err != nil {
		return Recipient{}, err
	}
	// A date and other attributes may follow the identifier (RFC 5652 6.2.3); the profile has none and they choose nothing.
	if !kekID.Is(ber.Sequence) || len(kekID.Children) < 1 || !kekID.Children[0].Is(ber.OctetString) {
		return Recipient{}, kekID.Fault("a key identifier was due")
	}
	octets, err := kekID.Children[0].Octets()
	if octets == nil {
		octets = []byte{}
	}
	return Recipient{KeyID: octets}, err
}

func (e *EnvelopedData) readEncrypted(info ber.Element) error {
	if !info.Is(ber.Sequence) || len(info.Children) != 3 || !info.Children[2].IsContext(0) {
		return info.Fault("enclosed encrypted content was due")
	}
	contentType, err := readOID(info.Children[0])
	if err != nil {
		return err
	}
	if !contentType.Equal(oidData) {
		return info.Fault(fmt.Sprintf("content of type %v where id-data was due", contentType))
	}
	if e.cipher, err = readAlgorithm(info.Children[1]); err != nil {
		return err
	}
	e.ciphertext, err = info.Children[2].Octets()
	return err
}

// CheckCipher tells whether the content is enciphered as the profile wants it: AES-128-CBC with a 16-byte vector.
func (e *EnvelopedData) CheckCipher() error {
	if !e.cipher.oid.Equal(oidAES128CBC) {
		return fmt.Errorf("%w: %v", ErrContentCipher, e.cipher.oid)
	}
	if !e.cipher.given || !e.cipher.params.Is(ber.OctetString) || len(e.cipher.params.Body) != aes.BlockSize || e.cipher.params.Constructed {
		return fmt.Errorf("%w: AES-128-CBC without a vector of 16 bytes", ErrContentCipher)
	}
	return nil
}

// CheckKeyCipher tells whether the content key travels as the profile wants it.
func (r Recipient) CheckKeyCipher() error {
	var want asn1.ObjectIdentifier
	if r.KeyID != nil {
		want = oidAES128Wrap
	} else {
		want = oidRSA
	}
	if !r.keyCipher.oid.Equal(want) || !r.keyCipher.bare() {
		return fmt.Errorf("%w: %v", ErrKeyCipher, r.keyCipher.oid)
	}
	return nil
}

// Serial gives the serial number by which key transport names its certificate, nil for other recipients.
func (r Recipient) Serial() *big.Int { return r.Certificate.Serial }

// OpenWithPrivateKey decrypts the content with the private key of the recipient's certificate. rand serves the content key
// that stands in for one that cannot be had. Fails with ErrDecryption only. CheckCipher and CheckKeyCipher come first.
func (e *EnvelopedData) OpenWithPrivateKey(r Recipient, key crypto.Decrypter, rand io.Reader) ([]byte, error) {
	if e.CheckCipher() != nil || r.CheckKeyCipher() != nil || r.KeyID != nil {
		return nil, ErrDecryption
	}
	contentKey, err := receiveContentKey(key, r.encryptedKey, rand)
	if err != nil {
		return nil, ErrDecryption
	}
	return e.open(contentKey)
}

// OpenWithSharedKey decrypts the content with the 16-byte key that the recipient's key identifier names. Fails with
// ErrDecryption only. CheckCipher and CheckKeyCipher come first.
func (e *EnvelopedData) OpenWithSharedKey(r Recipient, kek []byte) ([]byte, error) {
	if e.CheckCipher() != nil || r.CheckKeyCipher() != nil || r.KeyID == nil {
		return nil, ErrDecryption
	}
	contentKey, err := unwrapContentKey(kek, r.encryptedKey)
	if err != nil {
		return nil, ErrDecryption
	}
	return e.open(contentKey)
}

func (e *EnvelopedData) open(contentKey []byte) ([]byte, error) {
	defer clear(contentKey)
	content, ok := decryptContent(contentKey, e.cipher.params.Body, e.ciphertext)
	if !ok {
		return nil, ErrDecryption
	}
	return content, nil
}
