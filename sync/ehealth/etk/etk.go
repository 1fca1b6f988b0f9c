// Package etk reads and judges encryption tokens (ETK) of the eHealth platform: who they belong to and whether messages may
// be sealed for them. Depot gets them, and keeps them for outages.
//
// An ETK is a CMS SignedData over the DER of the holder's encryption certificate, signed by the registration authority
// (ETK-RA). With it travel the holder's authentication certificate, whose key issued the encryption certificate, and CA
// certificates.
//
// Contract: Parse checks form only. Inspect checks everything that needs no anchors, Check everything. The eHealth library
// does not verify the authority's signature when it reads a token; we do, because the depot's answer is not signed
// otherwise. The order of the certificates in the token does not matter here (to that library it does).
package etk

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/trust"
)

// ErrToken says that something is not an ETK. Wrapped with what and where.
var ErrToken = errors.New("not an encryption token")

// maxToken is the length in bytes of the longest token that is read; one with a chain of three has 6 KB.
const maxToken = 256 << 10

// Token is an ETK taken apart.
type Token struct {
	// Encryption is the certificate for which messages are sealed.
	Encryption *x509.Certificate
	// Authentication is the holder's other certificate, which issued it; nil if it did not travel.
	Authentication *x509.Certificate
	// Authority is the certificate of the ETK-RA; nil if it did not travel.
	Authority *x509.Certificate

	signed *cms.SignedData
}

// What can be wrong with a token; findings about its certificates (trust.Code) stand behind one of the prefixes.
const (
	SignatureMismatch      trust.Code = "ETK_SIGNATURE_DOES_NOT_MATCH_AUTHORITY_CERTIFICATE"
	AuthorityNotFound      trust.Code = "ETK_AUTHORITY_CERTIFICATE_NOT_FOUND"
	AuthenticationNotFound trust.Code = "ETK_AUTHENTICATION_CERTIFICATE_NOT_FOUND"
	NotIssuedByHolder      trust.Code = "ETK_ENCRYPTION_CERTIFICATE_NOT_ISSUED_BY_HOLDER"
	SubjectsDiffer         trust.Code = "ETK_SUBJECTS_DIFFER"

	encryptionPrefix     trust.Code = "ETK_ENCRYPTION_"
	authenticationPrefix trust.Code = "ETK_AUTHENTICATION_"
	authorityPrefix      trust.Code = "ETK_AUTHORITY_"
)

// Parse reads a token in DER, or in base64 as the depot answers it.
func Parse(token []byte) (*Token, error) {
	if len(token) > maxToken {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrToken, len(token), maxToken)
	}
	if der, ok := decodeBase64(token); ok {
		token = der
	}
	signed, err := cms.ReadSignedData(token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	encryption, err := x509.ParseCertificate(signed.Content)
	if err != nil {
		return nil, fmt.Errorf("%w: its content is no certificate", ErrToken)
	}
	t := &Token{Encryption: encryption, signed: signed}
	t.Authority, _ = signed.FindSigner()
	t.Authentication = t.findAuthentication()
	return t, nil
}

// decodeBase64 decodes base64, broken into lines or not. DER is never taken for it: it has bytes outside ASCII.
func decodeBase64(b []byte) ([]byte, bool) {
	text := bytes.Join(bytes.Fields(b), nil)
	der, err := base64.StdEncoding.DecodeString(string(text))
	return der, err == nil && len(der) > 0
}

// findAuthentication finds the certificate whose key issued the encryption certificate; failing that, one of its issuer's
// name, so that the finding can say what is wrong.
func (t *Token) findAuthentication() *x509.Certificate {
	var named *x509.Certificate
	for _, c := range t.signed.Certificates {
		if c.IsCA || c.Equal(t.Encryption) || !bytes.Equal(c.RawSubject, t.Encryption.RawIssuer) {
			continue
		}
		if issued(t.Encryption, c) {
			return c
		}
		named = c
	}
	return named
}

// issued tells whether the certificate was signed with the key of the other, which is no CA.
func issued(c, by *x509.Certificate) bool {
	return by.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// Anchors are the two sets of anchors that a token leads to. That a token is the holder's rests on Holders: the holder's
// own key issued the encryption certificate. The authority adds that the platform has seen it.
type Anchors struct {
	Authority *x509.CertPool // for the ETK-RA
	Holders   *x509.CertPool // for the authentication certificates of holders
}

const minBits = 2048

func (t *Token) encryptionDemand(at time.Time) trust.Demand {
	return trust.Demand{At: at, Usage: x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment, MinBits: minBits}
}

func (t *Token) authenticationDemand(anchors *x509.CertPool, at time.Time) trust.Demand {
	return trust.Demand{Anchors: anchors, At: at, Usage: x509.KeyUsageDigitalSignature, MinBits: minBits}
}

// authorityDemand judges the authority at the time when it signed: tokens outlive its certificates.
func (t *Token) authorityDemand(anchors *x509.CertPool, at time.Time) trust.Demand {
	if signed := t.signed.SigningTime; !signed.IsZero() && signed.Before(at) {
		at = signed
	}
	return trust.Demand{Anchors: anchors, At: at, Usage: x509.KeyUsageDigitalSignature, MinBits: minBits}
}

// Inspect gives what is wrong with the token at a time, as far as can be told without anchors.
func (t *Token) Inspect(at time.Time) []trust.Finding {
	return t.judge(func(c *x509.Certificate, d trust.Demand) []trust.Finding { return trust.Inspect(c, d) }, Anchors{}, at)
}

// Check gives everything that is wrong with the token at a time. None: messages may be sealed for it. Whether its holder is
// the one who was asked for is for the caller.
func (t *Token) Check(anchors Anchors, at time.Time) []trust.Finding {
	return t.judge(func(c *x509.Certificate, d trust.Demand) []trust.Finding {
		return trust.Judge(c, t.signed.Certificates, d)
	}, anchors, at)
}

func (t *Token) judge(certificate func(*x509.Certificate, trust.Demand) []trust.Finding, anchors Anchors, at time.Time) []trust.Finding {
	var found []trust.Finding
	add := func(prefix trust.Code, more []trust.Finding) {
		for _, f := range more {
			found = append(found, trust.Finding{Code: prefix + f.Code, Detail: f.Detail})
		}
	}
	if t.Authority == nil {
		found = append(found, trust.Finding{Code: AuthorityNotFound})
	} else {
		if err := t.signed.Verify(t.Authority); err != nil {
			found = append(found, trust.Finding{Code: SignatureMismatch, Detail: err.Error()})
		}
		add(authorityPrefix, certificate(t.Authority, t.authorityDemand(anchors.Authority, at)))
	}
	// The encryption certificate has no chain of its own: it hangs on the authentication certificate, which is no CA.
	add(encryptionPrefix, trust.Inspect(t.Encryption, t.encryptionDemand(at)))
	if t.Authentication == nil {
		return append(found, trust.Finding{Code: AuthenticationNotFound})
	}
	if !issued(t.Encryption, t.Authentication) {
		found = append(found, trust.Finding{Code: NotIssuedByHolder})
	}
	if !bytes.Equal(t.Encryption.RawSubject, t.Authentication.RawSubject) {
		found = append(found, trust.Finding{Code: SubjectsDiffer})
	}
	add(authenticationPrefix, certificate(t.Authentication, t.authenticationDemand(anchors.Holders, at)))
	return found
}

// Recipient reads for whom to seal: an ETK, or an encryption certificate in PEM or DER. It checks form only.
func Recipient(input []byte) (*x509.Certificate, error) {
	if len(input) > maxToken {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrToken, len(input), maxToken)
	}
	if block, _ := pem.Decode(input); block != nil && block.Type == "CERTIFICATE" {
		input = block.Bytes
	}
	if c, err := x509.ParseCertificate(input); err == nil {
		return c, nil
	}
	t, err := Parse(input)
	if err != nil {
		return nil, fmt.Errorf("neither a certificate nor a token: %w", err)
	}
	return t.Encryption, nil
}

// Report is what is said about a token as JSON: {"accepted", "holder", "serial", "not_before", "not_after", "authority",
// "errors"}. Serial is the decimal number by which messages name the recipient, holder and authority are subjects as text
// (RFC 2253); authority is "" where its certificate did not travel. Times are in RFC 3339, UTC.
type Report struct {
	Accepted  bool            `json:"accepted"`
	Holder    string          `json:"holder"`
	Serial    string          `json:"serial"`
	NotBefore time.Time       `json:"not_before"`
	NotAfter  time.Time       `json:"not_after"`
	Authority string          `json:"authority"`
	Errors    []trust.Finding `json:"errors"`
}

// Report puts the findings of Inspect or Check together with what the token says.
func (t *Token) Report(found []trust.Finding) Report {
	r := Report{
		Accepted: len(found) == 0, Errors: append([]trust.Finding{}, found...),
		Holder: trust.Subject(t.Encryption), Serial: t.Encryption.SerialNumber.String(),
		NotBefore: t.Encryption.NotBefore.UTC(), NotAfter: t.Encryption.NotAfter.UTC(),
	}
	if t.Authority != nil {
		r.Authority = trust.Subject(t.Authority)
	}
	return r
}
