package etee

import (
	"crypto/x509"

	"relais/sync/ehealth/cms"
)

// Policy is a signing policy of the profile, by the name that the eHealth library gives it.
type Policy string

const (
	// EHealthCertificate: the person's or organisation's eHealth certificate signs both layers.
	EHealthCertificate Policy = "EHEALTH_CERT"
	// EID: the two certificates of the Belgian identity card sign one layer each.
	EID Policy = "EID"
)

// rules are what a policy demands of a message.
type rules struct {
	scheme  cms.Scheme
	minBits int // of the signers' keys
	// oneSigner: the same certificate signs both layers. Otherwise two certificates of one holder may.
	oneSigner bool
}

var policies = map[Policy]rules{
	EHealthCertificate: {scheme: cms.PSS, minBits: 2048, oneSigner: true},
	EID:                {scheme: cms.PKCS1v15, minBits: 1024},
}

// What a certificate must be allowed to do: the sender authenticates, the author cannot deny.
const (
	senderUsage = x509.KeyUsageDigitalSignature
	authorUsage = x509.KeyUsageContentCommitment
)

// minRecipientBits is the length of the shortest RSA key for which content keys are encrypted.
const minRecipientBits = 2048

// sameHolder tells whether two certificates are those of one person: equal and not empty subject serialNumber, which on
// identity cards is the national number.
func sameHolder(a, b *x509.Certificate) bool {
	return a.Subject.SerialNumber != "" && a.Subject.SerialNumber == b.Subject.SerialNumber
}
