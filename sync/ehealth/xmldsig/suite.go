package xmldsig

import "crypto"

// Suite is a pair of signature and digest algorithm, by the URI of the signature algorithm.
type Suite string

// The suites of the eHealth profile. SHA-256 is what Relais writes; SHA-1 is what older connectors write and what the STS
// signs its tokens with.
const (
	RSASHA256 Suite = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	RSASHA1   Suite = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
)

type suite struct {
	digest string // URI
	hash   crypto.Hash
}

var suites = map[Suite]suite{
	RSASHA256: {"http://www.w3.org/2001/04/xmlenc#sha256", crypto.SHA256},
	RSASHA1:   {"http://www.w3.org/2000/09/xmldsig#sha1", crypto.SHA1},
}
