package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ErrAnchors says that a set of anchors cannot be read. Wrapped with what and where.
var ErrAnchors = errors.New("no set of trust anchors")

// ReadAnchors reads one or more certificates in PEM. Anything else between them (comments apart) is refused: an anchor that
// was dropped in silence would be missed when it is needed.
func ReadAnchors(text []byte) (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for rest := text; ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: block %d is a %s, not a CERTIFICATE", ErrAnchors, n+1, block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d cannot be read", ErrAnchors, n+1)
		}
		pool.AddCert(c)
	}
	if begun := bytes.Count(text, []byte("-----BEGIN ")); n == 0 || begun != n {
		return nil, fmt.Errorf("%w: %d of %d certificates in PEM could be read", ErrAnchors, n, begun)
	}
	return pool, nil
}
