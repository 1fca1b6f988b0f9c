package cms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// AES-128-CBC with the padding of RFC 5652 6.3. CBC does not authenticate: the layers around it do.

// encryptContent gives the padded ciphertext of content.
func encryptContent(key, iv, content []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	padding := aes.BlockSize - len(content)%aes.BlockSize
	out := make([]byte, len(content)+padding)
	copy(out, content)
	for i := len(content); i < len(out); i++ {
		out[i] = byte(padding)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out, nil
}

// decryptContent gives the content of ciphertext, in new memory. The padding is checked in constant time.
func decryptContent(key, iv, ciphertext []byte) ([]byte, bool) {
	if len(ciphertext) == 0 || len(ciphertext)%aes.BlockSize != 0 {
		return nil, false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	out := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, ciphertext)
	length, good := unpadded(out)
	if good != 1 {
		clear(out)
		return nil, false
	}
	return out[:length], true
}

// unpadded gives the length without padding and 1, or any length and 0 when the padding is wrong, in a time that depends on
// neither. padded is at least one block long.
func unpadded(padded []byte) (length, good int) {
	last := padded[len(padded)-aes.BlockSize:]
	n := int(last[aes.BlockSize-1])
	good = subtle.ConstantTimeLessOrEq(1, n) & subtle.ConstantTimeLessOrEq(n, aes.BlockSize)
	for i, b := range last {
		inPadding := subtle.ConstantTimeLessOrEq(aes.BlockSize-n, i)
		good &= subtle.ConstantTimeSelect(inPadding, subtle.ConstantTimeByteEq(b, byte(n)), 1)
	}
	return len(padded) - n, good
}
