package etee

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/trust"
)

// Unsealer opens messages that were sealed for its keys.
type Unsealer struct {
	Keys     []DecryptionKey
	KEK      *KEK           // for messages to an unknown recipient; may be nil
	Anchors  *x509.CertPool // for the signers
	Policies []Policy       // that are accepted; none means EHealthCertificate
	Clock    func() time.Time
	Rand     io.Reader // for what stands in for a key that cannot be decrypted
}

// What the eHealth library allows between signing and unsealing before it warns, and between two clocks.
const (
	fresh     = 5 * time.Minute
	clockSkew = 5 * time.Minute
)

// Unseal verifies and decrypts a message. The plain bytes are nil unless the verdict accepts.
func (u Unsealer) Unseal(sealed []byte) ([]byte, Verdict) {
	j := judgement{Unsealer: u, now: u.Clock()}
	plain := j.unseal(sealed)
	if len(j.verdict.Errors) > 0 {
		clear(plain)
		return nil, j.verdict
	}
	j.verdict.Accepted = true
	return plain, j.verdict
}

// judgement is one unsealing.
type judgement struct {
	Unsealer
	now     time.Time
	verdict Verdict
	rules   rules
	// travelled are the certificates that came with the layers read so far.
	travelled []*x509.Certificate
}

// refused tells whether there is an error so far.
func (j *judgement) refused() bool { return len(j.verdict.Errors) > 0 }

func (j *judgement) unseal(sealed []byte) []byte {
	if len(sealed) > cms.MaxMessage {
		j.verdict.refuse(MessageTooLarge, fmt.Sprintf("%d bytes, at most %d are read", len(sealed), cms.MaxMessage))
		return nil
	}
	outer, err := cms.ReadSignedData(sealed)
	if err != nil {
		j.verdict.refuse("OUTER_"+StructureIncorrect, err.Error())
		return nil
	}
	if j.judgeOuter(outer); j.refused() {
		return nil
	}
	opened := j.decrypt(outer.Content)
	if j.refused() {
		return nil
	}
	inner, err := cms.ReadSignedData(opened)
	if err != nil {
		clear(opened)
		j.verdict.refuse(DecryptionFailed, "") // as if the padding had been wrong: see the package comment
		return nil
	}
	j.judgeInner(inner)
	return inner.Content
}

// judgeOuter judges layer 1 by itself: policy, signature, signer, time.
func (j *judgement) judgeOuter(outer *cms.SignedData) {
	scheme, err := outer.Scheme()
	if err != nil {
		j.refuseSignature("OUTER_", OuterSignatureMismatch, err)
		return
	}
	if !j.choosePolicy(scheme, outer.Signer) {
		return
	}
	signer, ok := outer.FindSigner()
	if !ok {
		j.verdict.refuse("OUTER_"+CertificateNotFound, "the message does not carry the certificate of its signer")
		return
	}
	if err := outer.Verify(signer); err != nil {
		j.refuseSignature("OUTER_", OuterSignatureMismatch, err)
		return
	}
	j.verdict.Certificate, j.verdict.SigningTime = signer, outer.SigningTime
	j.judgeSigner("OUTER_", signer, outer, senderUsage)
}

// choosePolicy finds the accepted policy with the scheme of the outer layer. Both name the signer by issuer and serial
// number; a key identifier belongs to a third policy (WEB_AUTHN), which no service of ours uses.
func (j *judgement) choosePolicy(scheme cms.Scheme, signer cms.Identifier) bool {
	accepted := j.Policies
	if len(accepted) == 0 {
		accepted = []Policy{EHealthCertificate}
	}
	for _, p := range accepted {
		if r, known := policies[p]; known && r.scheme == scheme && signer.Serial != nil {
			j.verdict.Policy, j.rules = p, r
			return true
		}
	}
	j.verdict.refuse(PolicyUnauthorized, "no accepted policy signs in this way")
	return false
}

// judgeInner judges layer 3, and whether it belongs to layer 1.
func (j *judgement) judgeInner(inner *cms.SignedData) {
	scheme, err := inner.Scheme()
	if err != nil {
		j.refuseSignature("INNER_", InnerSignatureMismatch, err)
		return
	}
	if scheme != j.rules.scheme || inner.Signer.Serial == nil {
		j.verdict.refuse(MessageIntegrityInvalid, "the two layers are signed under different policies")
	}
	sender := j.verdict.Certificate
	author, travelled := inner.FindSigner()
	if !travelled {
		if len(inner.Certificates) > 0 && !inner.Signer.Names(sender) {
			j.verdict.refuse("INNER_"+CertificateNotFound, "the layer does not carry the certificate of its signer")
			return
		}
		author = sender
	}
	if err := inner.Verify(author); err != nil {
		j.refuseSignature("INNER_", InnerSignatureMismatch, err)
	} else if !inner.Signer.Names(author) {
		j.verdict.refuse(MessageIntegrityInvalid, "the inner layer names another signer than the certificate that it matches")
	}
	if same := author.Equal(sender); !same && (j.rules.oneSigner || !sameHolder(author, sender)) {
		j.verdict.refuse(MessageIntegrityInvalid, "author and sender do not belong together")
	}
	j.judgeSigner("INNER_", author, inner, authorUsage)
}

// judgeSigner judges the signer's certificate and the signing time of one layer.
func (j *judgement) judgeSigner(layer trust.Code, signer *x509.Certificate, signed *cms.SignedData, usage x509.KeyUsage) {
	j.travelled = append(j.travelled, signed.Certificates...)
	at := signed.SigningTime
	switch {
	case at.IsZero():
		j.verdict.warn(SigningTimeMissing, "")
		at = j.now
	case at.After(j.now.Add(clockSkew)):
		j.verdict.refuse(SigningTimeInFuture, "signed at "+at.Format(time.RFC3339))
	case at.Before(j.now.Add(-fresh - clockSkew)):
		j.verdict.warn(SigningTimeExpired, "signed at "+at.Format(time.RFC3339))
	}
	demand := trust.Demand{Anchors: j.Anchors, At: at, Usage: usage, MinBits: j.rules.minBits}
	for _, f := range trust.Judge(signer, j.travelled, demand) {
		code := layer + f.Code
		if f.Code == trust.KeyLengthUnauthorized || f.Code == trust.KeyUnauthorized {
			code = layer + "SIGNATURE_" + f.Code
		}
		j.verdict.refuse(code, f.Detail)
	}
}

// refuseSignature translates a fault of a signature.
func (j *judgement) refuseSignature(layer, mismatch trust.Code, err error) {
	switch {
	case errors.Is(err, cms.ErrDigestAlgorithm):
		j.verdict.refuse(layer+DigestUnauthorized, err.Error())
	case errors.Is(err, cms.ErrSignatureAlgorithm):
		j.verdict.refuse(layer+SignatureUnauthorized, err.Error())
	default:
		j.verdict.refuse(mismatch, err.Error())
	}
}

// decrypt opens layer 2. What can be seen without a key has its own finding; whatever needs one has the same.
func (j *judgement) decrypt(message []byte) []byte {
	envelope, err := cms.ReadEnvelopedData(message)
	if err != nil {
		j.verdict.refuse(EnvelopeIncorrect, err.Error())
		return nil
	}
	if err := envelope.CheckCipher(); err != nil {
		j.verdict.refuse(ContentCipherUnauthorized, err.Error())
	}
	if n := sharedKeys(envelope); n > 1 {
		j.verdict.refuse(EnvelopeIncorrect, fmt.Sprintf("%d shared keys where one at most is due", n))
	}
	recipient, key, found := j.findKey(envelope)
	if !found {
		j.verdict.refuse(KeyNotFound, "the message is for none of the keys at hand")
		return nil
	}
	if err := recipient.CheckKeyCipher(); err != nil {
		j.verdict.refuse(KeyCipherUnauthorized, err.Error())
	}
	if j.refused() {
		return nil
	}
	var opened []byte
	if key != nil {
		opened, err = envelope.OpenWithPrivateKey(recipient, key.Key, j.Rand)
	} else {
		opened, err = envelope.OpenWithSharedKey(recipient, j.KEK.Key)
	}
	if err != nil {
		j.verdict.refuse(DecryptionFailed, "")
		return nil
	}
	return opened
}

func sharedKeys(e *cms.EnvelopedData) (n int) {
	for _, r := range e.Recipients {
		if r.KeyID != nil {
			n++
		}
	}
	return n
}

// findKey finds the recipient for which we have the key: a private key (non-nil result) before the shared one. The eHealth
// library compares serial numbers only; the issuer decides here between two recipients with the same number.
func (j *judgement) findKey(e *cms.EnvelopedData) (cms.Recipient, *DecryptionKey, bool) {
	for _, named := range []func(cms.Recipient, *x509.Certificate) bool{byName, bySerial} {
		for i := range j.Keys {
			k := &j.Keys[i]
			at := slices.IndexFunc(e.Recipients, func(r cms.Recipient) bool { return named(r, k.Certificate) })
			if at >= 0 {
				return e.Recipients[at], k, true
			}
		}
	}
	if j.KEK == nil {
		return cms.Recipient{}, nil, false
	}
	at := slices.IndexFunc(e.Recipients, func(r cms.Recipient) bool {
		return r.KeyID != nil && (j.KEK.ID == nil || bytes.Equal(r.KeyID, j.KEK.ID))
	})
	if at < 0 {
		return cms.Recipient{}, nil, false
	}
	return e.Recipients[at], nil, true
}

func byName(r cms.Recipient, c *x509.Certificate) bool {
	return r.Serial() != nil && r.Certificate.Names(c)
}

func bySerial(r cms.Recipient, c *x509.Certificate) bool {
	return r.Serial() != nil && r.Serial().Cmp(c.SerialNumber) == 0
}
