package trust

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"io/fs"
	"slices"
)

// Simulation is the mark of simulated services and of the people invented for them: a critical extension that every
// certificate of theirs bears. Whoever does not know it refuses the certificate (RFC 5280 §4.2). The number after the arc of
// UUIDs (2.25) is the first 31 bits of the SHA-256 of "relais simulation": Go reads no longer ones.
//
// A marked certificate is trusted below a marked anchor alone, one without the mark below an anchor without it alone, and a
// marked anchor counts only in a pool that SimulatedPool, or ReadSimulatedSets, has made. So it takes a decision in the
// program to trust a simulation; an anchor of one in a file of a real environment's does nothing.
var Simulation = asn1.ObjectIdentifier{2, 25, 704934416}

// Simulated tells whether a certificate bears the mark.
func Simulated(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Critical && e.Id.Equal(Simulation) {
			return true
		}
	}
	return false
}

// SimulatedPool is a set of anchors for a simulated environment.
func SimulatedPool(anchors ...*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range anchors {
		pool.AddCert(understood(c))
	}
	return pool
}

// SimulatedSets are the anchors of a simulated environment, the same for each purpose.
func SimulatedSets(anchors ...*x509.Certificate) Sets {
	s := Sets{pools: map[Purpose]*x509.CertPool{}}
	for _, p := range Purposes {
		s.pools[p] = SimulatedPool(anchors...)
	}
	return s
}

// ReadSimulatedSets is ReadSets for a simulated environment.
func ReadSimulatedSets(dir fs.FS) (Sets, error) { return readSets(dir, understood) }

// understood gives the certificate as crypto/x509 must see it to accept the mark.
func understood(c *x509.Certificate) *x509.Certificate {
	if !Simulated(c) {
		return c
	}
	known := *c
	known.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(c.UnhandledCriticalExtensions), Simulation.Equal)
	return &known
}

// verify is (*x509.Certificate).Verify with the mark understood in all that travelled.
func verify(c *x509.Certificate, travelled []*x509.Certificate, o x509.VerifyOptions) error {
	if o.Roots == nil {
		o.Roots = x509.NewCertPool() // nil would mean the anchors of this computer
	}
	o.Intermediates = SimulatedPool(travelled...)
	chains, err := understood(c).Verify(o)
	if err != nil {
		return err
	}
	for _, chain := range chains {
		if len(chain) == 1 && Simulated(c) { // it is an anchor itself: nothing tells whose decision that was
			continue
		}
		if !slices.ContainsFunc(chain, func(link *x509.Certificate) bool { return Simulated(link) != Simulated(c) }) {
			return nil
		}
	}
	return x509.UnknownAuthorityError{Cert: c} // simulated below real, or real below simulated
}

// VerifyServer judges the web server of a connection against anchors, as crypto/tls does, with the mark understood. It is for
// tls.Config.VerifyConnection, together with InsecureSkipVerify: crypto/tls by itself knows no extensions of others.
func VerifyServer(anchors *x509.CertPool) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		return verify(s.PeerCertificates[0], s.PeerCertificates[1:], x509.VerifyOptions{Roots: anchors, DNSName: s.ServerName})
	}
}
