package etee

import (
	"crypto/x509"
	"encoding/json"
	"time"

	"relais/sync/ehealth/trust"
)

// What can be wrong with a message, in the words of the eHealth library where it has one. Findings about certificates
// (trust.Code) and the signatures stand here with the layer before them: OUTER_ or INNER_.
const (
	MessageTooLarge           trust.Code = "MESSAGE_TOO_LARGE"
	StructureIncorrect        trust.Code = "SIGNED_DATA_STRUCTURE_INCORRECT"         // OUTER_
	CertificateNotFound       trust.Code = "CERTIFICATE_NOT_FOUND"                   // OUTER_, INNER_
	DigestUnauthorized        trust.Code = "SIGNATURE_DIGEST_ALGORITHM_UNAUTHORIZED" // OUTER_, INNER_
	SignatureUnauthorized     trust.Code = "SIGNATURE_ALGORITHM_UNAUTHORIZED"        // OUTER_, INNER_
	OuterSignatureMismatch    trust.Code = "OUTER_SIGNATURE_DOES_NOT_MATCH_AUTHENTICATION_CERTIFICATE"
	InnerSignatureMismatch    trust.Code = "INNER_SIGNATURE_DOES_NOT_MATCH_SIGNATURE_CERTIFICATE"
	PolicyUnauthorized        trust.Code = "SIGNING_POLICY_UNAUTHORIZED"
	EnvelopeIncorrect         trust.Code = "ENVELOPED_DATA_STRUCTURE_INCORRECT"
	ContentCipherUnauthorized trust.Code = "DECRYPTION_SYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"
	KeyCipherUnauthorized     trust.Code = "DECRYPTION_ASYMMETRIC_KEY_ALGORITHM_UNAUTHORIZED"
	KeyNotFound               trust.Code = "DECRYPTION_PRIVATE_KEY_NOT_FOUND"
	DecryptionFailed          trust.Code = "DECRYPTION_FAILED"
	MessageIntegrityInvalid   trust.Code = "MESSAGE_INTEGRITY_INVALID"
	SigningTimeInFuture       trust.Code = "SIGNING_TIME_IN_FUTURE"
	SigningTimeMissing        trust.Code = "SIGNING_TIME_MISSING" // a warning
	SigningTimeExpired        trust.Code = "SIGNING_TIME_EXPIRED" // a warning
)

// Verdict is what Unseal found out. The zero value is a refusal.
type Verdict struct {
	// Accepted means that there are no errors.
	Accepted bool
	// Certificate is that of the sender, nil until the outer signature matched it. Who may send what is for the caller.
	Certificate *x509.Certificate
	// SigningTime is what the sender claims, zero when not claimed or the outer signature did not match.
	SigningTime time.Time
	Policy      Policy // under which the message was judged, "" when refused before

	Errors   []trust.Finding
	Warnings []trust.Finding
}

// Signer gives the subject of the sender's certificate as text (RFC 2253), "" when there is none.
func (v Verdict) Signer() string {
	if v.Certificate == nil {
		return ""
	}
	return trust.Subject(v.Certificate)
}

// MarshalJSON gives {"accepted", "signer", "signing_time", "errors", "warnings"}: the two lists are never null, signer and
// signing_time (RFC 3339, UTC) are null when unknown.
func (v Verdict) MarshalJSON() ([]byte, error) {
	out := struct {
		Accepted    bool            `json:"accepted"`
		Signer      *string         `json:"signer"`
		SigningTime *time.Time      `json:"signing_time"`
		Errors      []trust.Finding `json:"errors"`
		Warnings    []trust.Finding `json:"warnings"`
	}{Accepted: v.Accepted, Errors: []trust.Finding{}, Warnings: []trust.Finding{}}
	if signer := v.Signer(); signer != "" {
		out.Signer = &signer
	}
	if !v.SigningTime.IsZero() {
		utc := v.SigningTime.UTC()
		out.SigningTime = &utc
	}
	out.Errors = append(out.Errors, v.Errors...)
	out.Warnings = append(out.Warnings, v.Warnings...)
	return json.Marshal(out)
}

func (v *Verdict) refuse(code trust.Code, detail string) {
	v.Errors = append(v.Errors, trust.Finding{Code: code, Detail: detail})
}

// warn adds a warning once: both layers may have the same to say.
func (v *Verdict) warn(code trust.Code, detail string) {
	for _, w := range v.Warnings {
		if w.Code == code {
			return
		}
	}
	v.Warnings = append(v.Warnings, trust.Finding{Code: code, Detail: detail})
}
