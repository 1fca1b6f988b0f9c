package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// ErrAnchors says that a set of anchors cannot be read. Wrapped with what and where.
var ErrAnchors = errors.New("no set of trust anchors")

// Purpose is what a set of anchors is for. Each has its own: who may vouch for a web server may not vouch for a token.
type Purpose string

// The six purposes of an environment.
const (
	TLS          Purpose = "tls"          // the services' web servers
	STS          Purpose = "sts"          // who signs tokens of sessions
	ETKAuthority Purpose = "etk"          // who signs encryption tokens (ETK-RA)
	KGSS         Purpose = "kgss"         // who signs answers of the KGSS
	Recipe       Purpose = "recipe"       // who signs what Recip-e seals
	ServiceList  Purpose = "service-list" // who publishes the end points
)

// Purposes are all of them.
var Purposes = []Purpose{TLS, STS, ETKAuthority, KGSS, Recipe, ServiceList}

// Sets are the anchors of an environment. No set stands in for another. The zero value trusts nothing, and so does a set
// that is empty.
type Sets struct{ pools map[Purpose]*x509.CertPool }

// For gives the anchors of a purpose: never nil, which crypto/x509 and crypto/tls take for those of this computer.
func (s Sets) For(p Purpose) *x509.CertPool {
	if pool := s.pools[p]; pool != nil {
		return pool.Clone()
	}
	return x509.NewCertPool()
}

// maxAnchors is the length in bytes of the longest file of anchors that is read.
const maxAnchors = 1 << 20

// ReadSets reads a directory with one file per purpose: "tls.pem", "sts.pem" and so on. Every file must be there. One
// without certificates, but for lines that begin with #, is an empty set: written on purpose. Other files ending in .pem
// are refused: a misspelt name would be an empty set by mistake. All faults are told at once.
func ReadSets(dir fs.FS) (Sets, error) {
	return readSets(dir, func(c *x509.Certificate) *x509.Certificate { return c })
}

func readSets(dir fs.FS, as func(*x509.Certificate) *x509.Certificate) (Sets, error) {
	s := Sets{pools: map[Purpose]*x509.CertPool{}}
	var faults []error
	for _, p := range Purposes {
		pool, err := readSet(dir, p.file(), as)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", p.file(), err))
		}
		s.pools[p] = pool
	}
	listed, err := fs.ReadDir(dir, ".")
	if err != nil {
		faults = append(faults, fmt.Errorf("%w: the directory cannot be listed: %w", ErrAnchors, err))
	}
	for _, e := range listed {
		if name := e.Name(); strings.HasSuffix(name, ".pem") && !slices.ContainsFunc(Purposes, func(p Purpose) bool { return p.file() == name }) {
			faults = append(faults, fmt.Errorf("%w: %q is for no purpose; known are %v", ErrAnchors, name, Purposes))
		}
	}
	if len(faults) > 0 {
		return Sets{}, errors.Join(faults...)
	}
	return s, nil
}

// SetsOf reads the same from texts that were kept, one for each purpose; simulated says that the mark of a simulation is
// understood (ReadSimulatedSets).
func SetsOf(texts map[Purpose][]byte, simulated bool) (Sets, error) {
	as := func(c *x509.Certificate) *x509.Certificate { return c }
	if simulated {
		as = understood
	}
	s := Sets{pools: map[Purpose]*x509.CertPool{}}
	var faults []error
	for _, p := range Purposes {
		pool, err := setOf(texts[p], as)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", p, err))
		}
		s.pools[p] = pool
	}
	if len(faults) > 0 || len(texts) != len(Purposes) {
		return Sets{}, errors.Join(append(faults, fmt.Errorf("%w: %d texts for %d purposes", ErrAnchors, len(texts), len(Purposes)))...)
	}
	return s, nil
}

func (p Purpose) file() string { return string(p) + ".pem" }

func readSet(dir fs.FS, name string, as func(*x509.Certificate) *x509.Certificate) (*x509.CertPool, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnchors, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxAnchors+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnchors, err)
	}
	return setOf(text, as)
}

func setOf(text []byte, as func(*x509.Certificate) *x509.Certificate) (*x509.CertPool, error) {
	if len(text) > maxAnchors {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrAnchors, maxAnchors)
	}
	if empty(text) {
		return x509.NewCertPool(), nil
	}
	return readAnchors(text, as)
}

// empty tells that nothing stands there but comments, at least one.
func empty(text []byte) bool {
	comments := 0
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' {
			return false
		}
		comments += min(len(line), 1)
	}
	return comments > 0
}

// ReadAnchors reads one or more certificates in PEM. Anything else between them (comments apart) is refused: an anchor that
// was dropped in silence would be missed when it is needed.
func ReadAnchors(text []byte) (*x509.CertPool, error) {
	return readAnchors(text, func(c *x509.Certificate) *x509.Certificate { return c })
}

func readAnchors(text []byte, as func(*x509.Certificate) *x509.Certificate) (*x509.CertPool, error) {
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
		pool.AddCert(as(c))
	}
	if begun := bytes.Count(text, []byte("-----BEGIN ")); n == 0 || begun != n {
		return nil, fmt.Errorf("%w: %d of %d certificates in PEM could be read", ErrAnchors, n, begun)
	}
	return pool, nil
}
