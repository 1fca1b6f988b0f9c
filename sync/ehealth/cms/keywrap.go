package cms

import (
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
)

// AES key wrap (RFC 3394) of one 128-bit key under another.

const (
	wrapBlock    = 8
	wrapRounds   = 6
	wrapHalves   = contentKeyLength / wrapBlock
	wrapIntegral = 0xa6a6a6a6a6a6a6a6 // the initial value of RFC 3394 2.2.3.1
	wrappedBytes = wrapBlock + contentKeyLength
)

var errKeyWrap = errors.New("AES key wrap")

// wrapContentKey wraps a 16-byte key under a 16-byte key and gives 24 bytes.
func wrapContentKey(kek, contentKey []byte) ([]byte, error) {
	if len(kek) != contentKeyLength || len(contentKey) != contentKeyLength {
		return nil, fmt.Errorf("%w: keys of %d bytes are due", errKeyWrap, contentKeyLength)
	}
	cipher, err := aes.NewCipher(kek)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeyWrap, err)
	}
	out := make([]byte, wrappedBytes)
	copy(out[wrapBlock:], contentKey)
	var block [aes.BlockSize]byte
	a := uint64(wrapIntegral)
	for t := uint64(1); t <= wrapRounds*wrapHalves; t++ {
		half := out[wrapBlock+wrapBlock*((t-1)%wrapHalves):][:wrapBlock]
		binary.BigEndian.PutUint64(block[:], a)
		copy(block[wrapBlock:], half)
		cipher.Encrypt(block[:], block[:])
		a = binary.BigEndian.Uint64(block[:]) ^ t
		copy(half, block[wrapBlock:])
	}
	binary.BigEndian.PutUint64(out, a)
	return out, nil
}

// unwrapContentKey undoes wrapContentKey; it fails when kek is not the key that wrapped.
func unwrapContentKey(kek, wrapped []byte) ([]byte, error) {
	if len(kek) != contentKeyLength || len(wrapped) != wrappedBytes {
		return nil, errKeyWrap
	}
	cipher, err := aes.NewCipher(kek)
	if err != nil {
		return nil, errKeyWrap
	}
	contentKey := make([]byte, contentKeyLength)
	copy(contentKey, wrapped[wrapBlock:])
	var block [aes.BlockSize]byte
	a := binary.BigEndian.Uint64(wrapped)
	for t := uint64(wrapRounds * wrapHalves); t >= 1; t-- {
		half := contentKey[wrapBlock*((t-1)%wrapHalves):][:wrapBlock]
		binary.BigEndian.PutUint64(block[:], a^t)
		copy(block[wrapBlock:], half)
		cipher.Decrypt(block[:], block[:])
		a = binary.BigEndian.Uint64(block[:])
		copy(half, block[wrapBlock:])
	}
	var got, want [wrapBlock]byte
	binary.BigEndian.PutUint64(got[:], a)
	binary.BigEndian.PutUint64(want[:], wrapIntegral)
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		clear(contentKey)
		return nil, errKeyWrap
	}
	return contentKey, nil
}
