package identity

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"software.sslmate.com/src/go-pkcs12"

	"relais/sync/ehealth/ber"
)

// entry is a private key with its certificate and the chain of that.
type entry struct {
	name  string // alias, "" for none
	key   *rsa.PrivateKey
	chain []*x509.Certificate // its own first, never empty
}

// bag is a key or a certificate of the file, as it stands there.
type bag struct {
	name, localID string
	der           []byte
}

// read gives the keys of the file with their certificates, at least one.
func read(p12, password []byte) ([]entry, error) {
	if len(p12) > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(p12), MaxFile)
	}
	if err := checkForm(p12); err != nil {
		return nil, err
	}
	keys, certificates, err := bags(p12, string(password))
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: %d certificates and nothing else", ErrNoKey, len(certificates))
	}
	var entries []entry
	for i, k := range keys {
		e := entry{name: k.name}
		if e.key, err = x509.ParsePKCS1PrivateKey(k.der); err != nil {
			return nil, fmt.Errorf("%w: key %d is not RSA", ErrUnsupported, i+1)
		}
		if e.chain, err = chain(e.key, k.localID, certificates); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// checkForm tells what is no PKCS#12 file (RFC 7292 section 4: PFX) at all, and where it ends to be one; and one whose
// check over the whole (MacData) is missing, or would take long. Nothing else is looked at before that check matched.
func checkForm(p12 []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(p12), []byte("-----BEGIN ")) {
		return fmt.Errorf("%w: it is PEM text", ErrForm)
	}
	pfx, err := ber.Parse(p12, ber.Limits{Bytes: MaxFile, Depth: 16, Elements: 1 << 12})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if !is(pfx, ber.Sequence) || len(pfx.Children) < 2 || !is(pfx.Children[0], ber.Integer) || !bytes.Equal(pfx.Children[0].Body, []byte{3}) || !is(pfx.Children[1], ber.Sequence) {
		return fmt.Errorf("%w: it does not begin as one of version 3", ErrForm)
	}
	if len(pfx.Children) < 3 {
		return fmt.Errorf("%w: no check over the whole", ErrUnsupported)
	}
	if costly(pfx.Children[2]) {
		return fmt.Errorf("%w: its check would take too long", ErrUnsupported)
	}
	return nil
}

func is(e ber.Element, number byte) bool { return e.Class == ber.Universal && e.Number == number }

// maxRounds of the key derivation of the check: a second or two. Programs write between one and 600,000.
const maxRounds = 1_000_000

// costly finds a number above maxRounds in MacData: of rounds, for no other number there is as large.
func costly(e ber.Element) bool {
	return is(e, ber.Integer) && new(big.Int).SetBytes(e.Body).Cmp(big.NewInt(maxRounds)) > 0 || slices.ContainsFunc(e.Children, costly)
}

// bags opens the file and gives its keys (PKCS#1) and certificates.
//
// ToPEM is deprecated for the labels of its blocks, which nobody sees here. It is the one function of the library that
// gives several keys and the names of entries, without which there is no eHealth convention. It reads what OpenSSL, Java
// and Windows write for keys with chains, and no more: two safes, three attributes, enciphered keys. Whatever else it
// meets gets a second look by DecodeChain, which wants one key and needs no names.
func bags(p12 []byte, password string) (keys, certificates []bag, err error) {
	blocks, err := pkcs12.ToPEM(p12, password) //nolint:staticcheck // SA1019: see above
	switch {
	case err == nil:
		for _, b := range blocks {
			found := bag{b.Headers["friendlyName"], b.Headers["localKeyId"], b.Bytes}
			if b.Type == "CERTIFICATE" {
				certificates = append(certificates, found)
			} else {
				keys = append(keys, found)
			}
		}
		return keys, certificates, nil
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, nil, ErrPassword
	case errors.Is(err, pkcs12.ErrDecryption): // the check over the file matched
		return nil, nil, fmt.Errorf("%w: for one of the entries", ErrPassword)
	}
	return single(p12, password, err)
}

// What DecodeChain says of files with one half of what is needed. It has no errors of its own for them; a test fails when
// the words change, and a file of this kind is refused all the same.
const (
	saysNoCertificate = "pkcs12: certificate missing"
	saysNoKey         = "pkcs12: private key missing"
)

// single reads a file with one key; why is what kept it from being read with names.
func single(p12 []byte, password string, why error) (keys, certificates []bag, err error) {
	key, leaf, more, err := pkcs12.DecodeChain(p12, password)
	if err != nil {
		switch err.Error() {
		case saysNoCertificate:
			return nil, nil, ErrNoCertificate
		case saysNoKey:
			return nil, nil, ErrNoKey
		}
		return nil, nil, fmt.Errorf("%w: %w", ErrUnsupported, why)
	}
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("%w: the key is not RSA", ErrUnsupported)
	}
	for _, c := range append([]*x509.Certificate{leaf}, more...) {
		certificates = append(certificates, bag{der: c.Raw})
	}
	return []bag{{der: x509.MarshalPKCS1PrivateKey(k)}}, certificates, nil
}

// chain gives the certificate of the key and those that lead from it, as far as they stand in the file. Of several
// certificates of one key it is that of the same entry, else the newest.
func chain(key *rsa.PrivateKey, localID string, certificates []bag) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	var own *x509.Certificate
	ownID := false
	for i, b := range certificates {
		c, err := x509.ParseCertificate(b.der)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d cannot be read", ErrUnsupported, i+1)
		}
		all = append(all, c)
		if !key.PublicKey.Equal(c.PublicKey) {
			continue
		}
		same := localID != "" && b.localID == localID
		if own == nil || same && !ownID || same == ownID && c.NotBefore.After(own.NotBefore) {
			own, ownID = c, same
		}
	}
	if own == nil {
		return nil, ErrNoCertificate
	}
	chain := []*x509.Certificate{own}
	for c := own; !bytes.Equal(c.RawSubject, c.RawIssuer); {
		issuer := issuerOf(c, all)
		if issuer == nil || len(chain) > len(all) {
			break
		}
		chain = append(chain, issuer)
		c = issuer
	}
	return chain, nil
}

// issuerOf finds the certificate whose key signed c. It need not be that of a CA: the authentication key issues the
// encryption certificates.
func issuerOf(c *x509.Certificate, among []*x509.Certificate) *x509.Certificate {
	for _, by := range among {
		if !by.Equal(c) && bytes.Equal(by.RawSubject, c.RawIssuer) && by.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			return by
		}
	}
	return nil
}
