// Package trust judges certificates: whether one leads to given anchors, was valid at a time, may be used for what it was
// used for, and has a key of the right kind and length. It also owns Finding, the form in which the security layer says
// what is wrong with something that came from outside.
//
// It holds no anchors: each caller brings those of its own purpose (TLS, STS, ETK authority, KGSS, Recip-e and service list
// are separate sets), and without anchors nothing is trusted. Revocation is not checked: the profile embeds no OCSP
// answers and nothing here reaches the network.
package trust

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code names one thing that is wrong. The words are those of the eHealth library where it has one.
type Code string

// What can be wrong with a certificate. Callers put the name of the layer before them.
const (
	ChainNotTrusted       Code = "CERTIFICATE_CHAIN_NOT_TRUSTED"
	Expired               Code = "CERTIFICATE_EXPIRED"
	NotYetValid           Code = "CERTIFICATE_NOT_YET_VALID"
	InvalidKeyUsage       Code = "CERTIFICATE_HAS_INVALID_KEYUSAGE"
	KeyUnauthorized       Code = "KEY_ALGORITHM_UNAUTHORIZED"
	KeyLengthUnauthorized Code = "KEY_LENGTH_UNAUTHORIZED"
)

// Finding is one fault, for machines by its code and for engineers by where and what. It never holds content, keys or
// the text of names.
type Finding struct {
	Code   Code
	Detail string // may be empty
}

func (f Finding) String() string {
	if f.Detail == "" {
		return string(f.Code)
	}
	return string(f.Code) + ": " + f.Detail
}

// MarshalText makes a finding one string in JSON.
func (f Finding) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Demand is what a certificate must satisfy.
type Demand struct {
	Anchors *x509.CertPool
	At      time.Time     // when it must have been valid, with its whole chain
	Usage   x509.KeyUsage // bits of which all must be set; a certificate without key usage has none
	MinBits int           // of its RSA key
}

// MaxKeyBits is the length of the longest RSA key that is used: whoever verifies pays for the length.
const MaxKeyBits = 8192

// Judge gives all findings about a certificate, none when it satisfies the demand. Certificates that travelled with it
// may stand between it and an anchor; an anchor may be a root, an issuing CA or the certificate itself.
func Judge(c *x509.Certificate, travelled []*x509.Certificate, d Demand) []Finding {
	found := Inspect(c, d)
	// At the nearest time when the certificate itself was valid, so that its chain is judged for itself.
	at := d.At
	if at.After(c.NotAfter) {
		at = c.NotAfter
	}
	if at.Before(c.NotBefore) {
		at = c.NotBefore
	}
	if reason := chain(c, travelled, d.Anchors, at); reason != "" {
		found = append(found, Finding{ChainNotTrusted, reason})
	}
	return found
}

// Inspect is Judge without the chain: validity, key usage, key.
func Inspect(c *x509.Certificate, d Demand) []Finding {
	var found []Finding
	report := func(code Code, format string, args ...any) {
		found = append(found, Finding{code, fmt.Sprintf(format, args...)})
	}
	switch {
	case d.At.After(c.NotAfter):
		report(Expired, "valid until %s", c.NotAfter.UTC().Format(time.RFC3339))
	case d.At.Before(c.NotBefore):
		report(NotYetValid, "valid from %s", c.NotBefore.UTC().Format(time.RFC3339))
	}
	if missing := d.Usage &^ c.KeyUsage; missing != 0 {
		report(InvalidKeyUsage, "%s is missing", usageNames(missing))
	}
	if key, ok := c.PublicKey.(*rsa.PublicKey); !ok {
		report(KeyUnauthorized, "the key is not RSA")
	} else if n := key.N.BitLen(); n < d.MinBits || n > MaxKeyBits {
		report(KeyLengthUnauthorized, "%d bits where %d to %d are due", n, d.MinBits, MaxKeyBits)
	}
	return found
}

// chain says why the certificate does not lead to an anchor, "" if it does.
func chain(c *x509.Certificate, travelled []*x509.Certificate, anchors *x509.CertPool, at time.Time) string {
	err := verify(c, travelled, x509.VerifyOptions{Roots: anchors, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err == nil {
		return ""
	}
	return chainReason(err)
}

// chainReason tells the kinds of failure apart without the names that the errors of crypto/x509 carry.
func chainReason(err error) string {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var critical x509.UnhandledCriticalExtension
	switch {
	case errors.As(err, &unknown):
		return "it leads to none of the anchors"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "a certificate of the chain was not valid at the time"
	case errors.As(err, &invalid):
		return fmt.Sprintf("a certificate of the chain may not stand there (reason %d of crypto/x509)", invalid.Reason)
	case errors.As(err, &critical):
		return "a critical extension is unknown"
	}
	return "the chain cannot be built"
}

var usages = []struct {
	bit  x509.KeyUsage
	name string
}{
	{x509.KeyUsageDigitalSignature, "digitalSignature"},
	{x509.KeyUsageContentCommitment, "nonRepudiation"},
	{x509.KeyUsageKeyEncipherment, "keyEncipherment"},
	{x509.KeyUsageDataEncipherment, "dataEncipherment"},
}

func usageNames(bits x509.KeyUsage) string {
	var names []string
	for _, u := range usages {
		if bits&u.bit != 0 {
			names = append(names, u.name)
		}
	}
	return strings.Join(names, ", ")
}

// Subject gives the subject of a certificate as text (RFC 2253), each attribute in its own place: crypto/x509/pkix.Name
// would gather those of one kind.
func Subject(c *x509.Certificate) string {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(c.RawSubject, &name); err != nil || len(rest) > 0 {
		return ""
	}
	return name.String()
}

var (
	oidCommonName         = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidOrganizationalUnit = asn1.ObjectIdentifier{2, 5, 4, 11}
)

// Stated gives what the subject of an eHealth certificate says of its holder: its units and its common names. It has the form
//
//	C=BE, O=Federal Government, OU=eHealth-platform Belgium, OU="TYPE=NUMBER", OU=name or application, CN="TYPE=NUMBER[, APPLICATION]"
func Stated(c *x509.Certificate) (units, names []string) {
	for _, a := range c.Subject.Names {
		value, ok := a.Value.(string)
		switch {
		case ok && a.Type.Equal(oidOrganizationalUnit):
			units = append(units, value)
		case ok && a.Type.Equal(oidCommonName):
			names = append(names, value)
		}
	}
	return units, names
}
