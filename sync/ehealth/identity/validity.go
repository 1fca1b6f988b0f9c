package identity

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"relais/sync/ehealth/trust"
)

// What keeps a sound identity from being used.
var (
	ErrExpired     = errors.New("the certificate has expired")
	ErrNotYetValid = errors.New("the certificate is not valid yet")
	ErrUsage       = errors.New("the certificate may not be used for this")
	ErrWeakKey     = errors.New("the key is not one of the profile")
)

const (
	// signerUsage is what an eHealth certificate signs both layers of a message with.
	signerUsage     = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	encryptionUsage = x509.KeyUsageKeyEncipherment
	minBits         = 2048
)

var unusable = map[trust.Code]error{
	trust.Expired:               ErrExpired,
	trust.NotYetValid:           ErrNotYetValid,
	trust.InvalidKeyUsage:       ErrUsage,
	trust.KeyUnauthorized:       ErrWeakKey,
	trust.KeyLengthUnauthorized: ErrWeakKey,
}

// Check tells why the identity cannot sign at a time: ErrNoSigner, ErrExpired, ErrNotYetValid, ErrUsage, ErrWeakKey; nil
// when it can. All that is wrong is joined.
func (id *Identity) Check(at time.Time) error {
	if id.signing.Key == nil {
		return ErrNoSigner
	}
	var errs []error
	for _, f := range trust.Inspect(id.signing.Chain[0], trust.Demand{At: at, Usage: signerUsage, MinBits: minBits}) {
		err, known := unusable[f.Code]
		if !known {
			err = ErrUsage
		}
		errs = append(errs, fmt.Errorf("%w: %s", err, f.Detail))
	}
	return errors.Join(errs...)
}

// Purpose is what a certificate is for.
type Purpose string

// The two kinds of a keystore.
const (
	Authentication Purpose = "authentication" // signing, sessions
	Encryption     Purpose = "encryption"     // what others seal for the doctor
)

// thresholds are the days left at which a doctor is warned; the certificate can be renewed in its last 90.
var thresholds = []int{7, 30, 90}

// Warning says that a certificate has to be renewed.
type Warning struct {
	Purpose Purpose
	Until   time.Time // the last second in which it is valid
	Days    int       // at most so many are left: 90, 30 or 7; 0: it has expired
}

// Warnings are those due at a time: of the signing certificate with its chain, of which the first to end counts, and of the
// newest encryption certificate.
func (id *Identity) Warnings(now time.Time) []Warning {
	var due []Warning
	warn := func(p Purpose, until time.Time) {
		if days, ok := Left(until, now); ok {
			due = append(due, Warning{p, until, days})
		}
	}
	if id.signing.Key != nil {
		until := id.signing.Chain[0].NotAfter
		for _, c := range id.signing.Chain {
			if c.NotAfter.Before(until) {
				until = c.NotAfter
			}
		}
		warn(Authentication, until)
	}
	if len(id.decryption) > 0 {
		warn(Encryption, id.decryption[0].Certificate.NotAfter)
	}
	return due
}

// Left tells the threshold that a certificate has reached: 90, 30 or 7 when so many days (of 24 hours) or fewer are left, 0
// when it has expired. ok is false when more than 90 are left.
func Left(until, now time.Time) (days int, ok bool) {
	left := until.Sub(now)
	if left < 0 {
		return 0, true
	}
	for _, days := range thresholds {
		if left <= time.Duration(days)*24*time.Hour {
			return days, true
		}
	}
	return 0, false
}
