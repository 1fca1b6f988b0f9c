package cms

import (
	"crypto"
	"crypto/rsa"
	"fmt"
	"io"
)

// This file is the only one that encrypts with RSAES-PKCS1-v1_5.
//
// Reason: it is the only key transport of the profile. The eHealth library refuses OAEP
// (DECRYPTION_ASYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED), so that no recipient could read anything else.
//
// Its danger is Bleichenbacher's attack: who learns whether the padding of a chosen ciphertext was right can decrypt one
// block after some hundred thousand questions. Against it, as RFC 3218 2.3.2 advises: a random content key is made before
// each decryption and used whenever the padding is wrong, chosen in constant time; the message then fails later, at the
// padding or structure of the content, exactly like a damaged message, with the same error. Besides, etee decrypts only
// what a trusted signer has signed.

// contentKeyLength is the length of an AES-128 key.
const contentKeyLength = 16

// receiveContentKey decrypts a content key. The result is random when the ciphertext was not made for this key; only a
// failing source of randomness is an error.
func receiveContentKey(key crypto.Decrypter, encryptedKey []byte, rand io.Reader) ([]byte, error) {
	contentKey := make([]byte, contentKeyLength)
	if _, err := io.ReadFull(rand, contentKey); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	// With SessionKeyLen set, a wrong padding or length gives a random key and no error, in constant time. An error is
	// left for a ciphertext that is no number below the modulus, which anybody can see without asking.
	options := &rsa.PKCS1v15DecryptOptions{SessionKeyLen: contentKeyLength} //nolint:staticcheck // SA1019: the profile, see above
	received, err := key.Decrypt(rand, encryptedKey, options)
	if err == nil && len(received) == contentKeyLength {
		copy(contentKey, received)
		clear(received)
	}
	return contentKey, nil
}

// sendContentKey encrypts a content key for the holder of a certificate.
func sendContentKey(key *rsa.PublicKey, contentKey []byte, rand io.Reader) ([]byte, error) {
	encryptedKey, err := rsa.EncryptPKCS1v15(rand, key, contentKey) //nolint:staticcheck // SA1019: the profile, see above
	if err != nil {
		return nil, fmt.Errorf("encrypting the content key: %w", err)
	}
	return encryptedKey, nil
}
