// Package cms reads and writes the Cryptographic Message Syntax (RFC 5652) as the ETEE profile of eHealth uses it:
// SignedData with one signer, EnvelopedData for recipients with a certificate (key transport) or with a shared key
// (key encryption key).
//
// It is our own because no Go library has this profile: RSASSA-PSS, BER with segmented strings, key-encryption-key
// recipients. It owns syntax and the cryptography of one layer. It decides nothing about trust: whether a certificate may
// sign, whether two layers belong together and which algorithm a policy allows is for sync/ehealth/etee.
//
// It reads BER, writes DER. One signer per message, content always enclosed. Messages longer than MaxMessage are refused
// before parsing; what is allocated afterwards is a small multiple of the length of the message.
//
// Failure modes: each function returns one of the sentinels below, wrapped with what and where, never with content. Open
// and the functions below it say ErrDecryption and nothing else, whatever went wrong: a sender who could tell a wrong key
// from wrong padding could decrypt by asking (Bleichenbacher, Vaudenay).
package cms

import (
	"errors"

	"relais/sync/ehealth/ber"
)

// MaxMessage is the length in bytes of the longest message that is read or written.
const MaxMessage = 16 << 20

// limits for the reader. The eHealth library cuts content into segments of 1000 bytes: 16 MiB are 17,000 elements.
// Certificates nest 12 deep inside a message.
var limits = ber.Limits{Bytes: MaxMessage, Depth: 32, Elements: 1 << 17}

// What can be wrong with a message. Callers compare with errors.Is.
var (
	// ErrStructure: not BER, or not the message that was expected.
	ErrStructure = errors.New("structure incorrect")
	// ErrDigestAlgorithm: the digest is not SHA-256.
	ErrDigestAlgorithm = errors.New("digest algorithm not of the profile")
	// ErrSignatureAlgorithm: the signature is neither RSASSA-PSS nor PKCS#1 v1.5 with SHA-256.
	ErrSignatureAlgorithm = errors.New("signature algorithm not of the profile")
	// ErrSignature: the signature does not match content, attributes or certificate.
	ErrSignature = errors.New("signature does not match")
	// ErrContentCipher: the content is not enciphered with AES-128-CBC.
	ErrContentCipher = errors.New("content cipher not of the profile")
	// ErrKeyCipher: the content key does not travel under PKCS#1 v1.5 or AES-128 key wrap.
	ErrKeyCipher = errors.New("key cipher not of the profile")
	// ErrDecryption: the message cannot be decrypted. It never wraps a cause.
	ErrDecryption = errors.New("cannot be decrypted")
)
