package soap

import (
	"crypto/x509"
	"time"
)

// Deadlines of one request. They bound its phases apart, since they mean different things: before the body is written the
// request is surely not sent, afterwards its outcome is unknown.
type Deadlines struct {
	Connect time.Duration // address, TCP and TLS
	Write   time.Duration // the request, headers and body
	Answer  time.Duration // from the last byte written to the last byte read
}

// Transport posts over connections that serve one request each.
type Transport struct {
	// Anchors of TLS; without them no server is trusted. Never those of this computer, to which proxies and malware add.
	Anchors   *x509.CertPool
	Deadlines Deadlines
	UserAgent string // product and version, which eHealth asks for
}
