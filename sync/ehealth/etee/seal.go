package etee

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/trust"
)

// Why a message was not sealed. Wrapped with what and where.
var (
	ErrCredential = errors.New("the signing credential cannot be used")
	ErrRecipient  = errors.New("cannot be sealed for a recipient")
	ErrTooLong    = errors.New("too long to be sealed")
)

// Sealer seals messages in the name of a sender.
type Sealer struct {
	Policy Policy
	Sender Credential // signs the outer layer; its whole chain travels with it
	Author Credential // signs the inner layer; the zero value means the sender, whose certificate then travels once
	Clock  func() time.Time
	Rand   io.Reader
}

// Recipients are those who can unseal a message: holders of encryption certificates, whoever gets the KEK, or both.
type Recipients struct {
	Known   []*x509.Certificate
	Unknown *KEK
}

// Seal signs, encrypts and signs again. The result is DER. Seal right before sending: receivers warn, and servers may
// refuse, when the signing time is older than some minutes.
func (s Sealer) Seal(plain []byte, to Recipients) ([]byte, error) {
	if len(plain) > cms.MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(plain), cms.MaxMessage)
	}
	now := s.Clock()
	rules, ok := policies[s.Policy]
	if !ok {
		return nil, fmt.Errorf("%w: unknown policy %q", ErrCredential, s.Policy)
	}
	author, enclosed := s.Author, s.Author.Chain
	if author.Key == nil {
		author, enclosed = s.Sender, nil
	}
	if err := s.checkSigners(author, rules, now); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	if err := to.check(now); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecipient, err)
	}
	inner, err := cms.Sign(plain, s.signature(author, enclosed, rules, now))
	if err != nil {
		return nil, fmt.Errorf("inner layer: %w", err)
	}
	defer clear(inner)
	envelope, err := cms.Envelop(inner, to.addressees(), s.Rand)
	if err != nil {
		return nil, err
	}
	sealed, err := cms.Sign(envelope, s.signature(s.Sender, s.Sender.Chain, rules, now))
	if err != nil {
		return nil, fmt.Errorf("outer layer: %w", err)
	}
	return sealed, nil
}

func (s Sealer) signature(by Credential, enclosed []*x509.Certificate, rules rules, now time.Time) cms.Signature {
	return cms.Signature{
		Scheme: rules.scheme, Key: by.Key, Certificate: by.certificate(), Enclosed: enclosed, Time: now, Rand: s.Rand,
	}
}

// checkSigners refuses to make what receivers would refuse to read.
func (s Sealer) checkSigners(author Credential, rules rules, now time.Time) error {
	for _, signer := range []struct {
		name  string
		by    Credential
		usage x509.KeyUsage
	}{{"sender", s.Sender, senderUsage}, {"author", author, authorUsage}} {
		if err := signer.by.check(); err != nil {
			return fmt.Errorf("%s: %w", signer.name, err)
		}
		if err := usable(signer.by.certificate(), signer.usage, rules.minBits, now); err != nil {
			return fmt.Errorf("%s: %w", signer.name, err)
		}
	}
	a, b := author.certificate(), s.Sender.certificate()
	if !a.Equal(b) && (rules.oneSigner || !sameHolder(a, b)) {
		return errors.New("author and sender do not belong together under this policy")
	}
	return nil
}

func (to Recipients) check(now time.Time) error {
	if len(to.Known) == 0 && to.Unknown == nil {
		return errors.New("there is none")
	}
	for i, c := range to.Known {
		if err := usable(c, x509.KeyUsageKeyEncipherment, minRecipientBits, now); err != nil {
			return fmt.Errorf("recipient %d: %w", i+1, err)
		}
	}
	if to.Unknown == nil {
		return nil
	}
	if len(to.Unknown.ID) == 0 {
		return errors.New("a KGSS key without identifier")
	}
	return to.Unknown.check()
}

func (to Recipients) addressees() cms.Addressees {
	a := cms.Addressees{Certificates: to.Known}
	if to.Unknown != nil {
		a.KeyID, a.Key = to.Unknown.ID, to.Unknown.Key
	}
	return a
}

// usable tells why a certificate cannot be used now, as far as can be told without anchors.
func usable(c *x509.Certificate, usage x509.KeyUsage, minBits int, now time.Time) error {
	if found := trust.Inspect(c, trust.Demand{At: now, Usage: usage, MinBits: minBits}); len(found) > 0 {
		return errors.New(found[0].String())
	}
	return nil
}
