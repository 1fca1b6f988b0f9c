package wire

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// MaxContent is the length in bytes of the longest content (a KMEHR message, a notification) that is unpacked.
const MaxContent = 4 << 20

// Pack compresses a content before it is sealed: gzip, without name and time, so that the same content gives the same bytes.
func Pack(content []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(content) // into memory: no errors
	_ = w.Close()
	return out.Bytes()
}

// Unpack gives what Pack was given: ErrForm for what is not gzip, or longer than MaxContent.
func Unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%w: the content is not compressed with gzip", ErrForm)
	}
	content, err := io.ReadAll(io.LimitReader(r, MaxContent+1))
	switch {
	case len(content) > MaxContent:
		return nil, fmt.Errorf("%w: the content is longer than %d bytes", ErrForm, MaxContent)
	case err != nil:
		return nil, fmt.Errorf("%w: the compressed content is damaged", ErrForm)
	}
	return content, nil
}
