package wiring

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/identity"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// Faults of keystores, of what stands beside them, and of messages. A detail is the engineer's word for it.
const (
	CodeKeystoreForm          rx.Code = "keystore-form"           // no PKCS#12 file (file, detail)
	CodeKeystoreKind          rx.Code = "keystore-kind"           // PKCS#12 in a way that is not read (file, detail)
	CodeKeystorePassword      rx.Code = "keystore-password"       // wrong, or the file was altered (file)
	CodeKeystoreNoKey         rx.Code = "keystore-no-key"         // certificates without a private key (file)
	CodeKeystoreNoCertificate rx.Code = "keystore-no-certificate" // a private key without its certificate (file)
	CodeKeystoreNoSigner      rx.Code = "keystore-no-signer"      // not one key "authentication" (file)
	CodeCertificateExpired    rx.Code = "certificate-expired"     // (file, detail)
	CodeCertificateEarly      rx.Code = "certificate-early"       // not valid yet (file, detail)
	CodeCertificateUnfit      rx.Code = "certificate-unfit"       // its use or its key (file, detail)
	CodeRecipientForm         rx.Code = "recipient-form"          // neither ETK nor certificate (file)
	CodeRecipientUnfit        rx.Code = "recipient-unfit"         // nothing can be sealed for it (detail)
	CodeKEKForm               rx.Code = "kek-form"                // not 16 bytes (file)
	CodeKEKIDForm             rx.Code = "kek-id-form"             // no base64
	CodeAnchorsForm           rx.Code = "anchors-form"            // not certificates in PEM (file, detail)
	CodeTokenForm             rx.Code = "token-form"              // no ETK (file)
	CodeSOAPForm              rx.Code = "soap-form"               // it cannot be signed (file, detail)
	CodeMessageRefused        rx.Code = "message-refused"         // what was found wrong with it (list)
)

// MaxMessage is the length in bytes of the longest message that is sealed or read.
const MaxMessage = cms.MaxMessage

// File is a file that a person named, read already. Its name stands in faults.
type File struct {
	Name    string
	Content []byte
}

// Interop seals, opens and judges single messages with keys from files: for trying Relais against other implementations of
// the platform's security layer. It knows no data directory and no network.
type Interop struct {
	Now  func() time.Time
	Rand io.Reader
}

// Keystore is a PKCS#12 file with its password.
type Keystore struct {
	File
	Password []byte
}

func (k Keystore) open() (*identity.Identity, error) {
	id, err := identity.Open(k.Content, k.Password)
	return id, k.fault(err)
}

// fault puts what the identity says of the file into codes.
func (k Keystore) fault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, identity.ErrTooLarge):
		return rx.Fault(rx.CodeFileTooLarge, "max", strconv.Itoa(identity.MaxFile))
	case errors.Is(err, identity.ErrForm):
		return rx.Fault(CodeKeystoreForm, "file", k.Name, "detail", detail(err, identity.ErrForm))
	case errors.Is(err, identity.ErrPassword):
		return rx.Fault(CodeKeystorePassword, "file", k.Name)
	case errors.Is(err, identity.ErrNoKey):
		return rx.Fault(CodeKeystoreNoKey, "file", k.Name)
	case errors.Is(err, identity.ErrNoCertificate):
		return rx.Fault(CodeKeystoreNoCertificate, "file", k.Name)
	case errors.Is(err, identity.ErrNoSigner), errors.Is(err, identity.ErrTwoSigners):
		return rx.Fault(CodeKeystoreNoSigner, "file", k.Name)
	case errors.Is(err, identity.ErrExpired):
		return rx.Fault(CodeCertificateExpired, "file", k.Name, "detail", detail(err, identity.ErrExpired))
	case errors.Is(err, identity.ErrNotYetValid):
		return rx.Fault(CodeCertificateEarly, "file", k.Name, "detail", detail(err, identity.ErrNotYetValid))
	case errors.Is(err, identity.ErrUsage), errors.Is(err, identity.ErrWeakKey):
		return rx.Fault(CodeCertificateUnfit, "file", k.Name, "detail", detail(err, nil))
	}
	return rx.Fault(CodeKeystoreKind, "file", k.Name, "detail", detail(err, identity.ErrUnsupported))
}

// detail is the engineer's word in one line, without the sentence of known, which the catalogues say.
func detail(err, known error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if known != nil {
		text = strings.TrimPrefix(text, known.Error()+": ")
	}
	return text
}

// signing opens the keystore and gives its credential, if that may sign now.
func (i Interop) signing(k Keystore) (etee.Credential, error) {
	id, err := k.open()
	if err != nil {
		return etee.Credential{}, err
	}
	if err := id.Check(i.Now()); err != nil {
		return etee.Credential{}, k.fault(err)
	}
	c, err := id.Signing()
	return c, k.fault(err)
}

// Recipients are those for whom a message is sealed, at least one.
type Recipients struct {
	Known []File // ETK, or encryption certificates
	KEK   *File  // a KGSS key, 16 bytes; nil: none
	KEKID []byte // its identifier, raw
}

// Seal seals a message under the policy of eHealth certificates. The result is DER.
func (i Interop) Seal(plain []byte, by Keystore, to Recipients) ([]byte, error) {
	if len(plain) > MaxMessage {
		return nil, rx.Fault(rx.CodeFileTooLarge, "max", strconv.Itoa(MaxMessage))
	}
	sender, err := i.signing(by)
	if err != nil {
		return nil, err
	}
	var recipients etee.Recipients
	for _, f := range to.Known {
		c, err := etk.Recipient(f.Content)
		if err != nil {
			return nil, rx.Fault(CodeRecipientForm, "file", f.Name).Because(err)
		}
		recipients.Known = append(recipients.Known, c)
	}
	if to.KEK != nil {
		if recipients.Unknown, err = etee.NewKEK(to.KEKID, to.KEK.Content); err != nil {
			return nil, rx.Fault(CodeKEKForm, "file", to.KEK.Name)
		}
		if len(to.KEKID) == 0 {
			return nil, rx.Fault(CodeKEKIDForm)
		}
	}
	sealed, err := etee.Sealer{Policy: etee.EHealthCertificate, Sender: sender, Clock: i.Now, Rand: i.Rand}.Seal(plain, recipients)
	switch {
	case errors.Is(err, etee.ErrRecipient):
		return nil, rx.Fault(CodeRecipientUnfit, "detail", detail(err, etee.ErrRecipient))
	case errors.Is(err, etee.ErrCredential):
		return nil, rx.Fault(CodeCertificateUnfit, "file", by.Name, "detail", detail(err, etee.ErrCredential))
	case err != nil:
		return nil, rx.Fault(rx.CodeInternal).Because(err)
	}
	return sealed, nil
}

// Unsealing is what a message is opened with.
type Unsealing struct {
	Keys  Keystore
	Trust File  // anchors for the signers, PEM
	KEK   *File // a KGSS key; nil: none
	EID   bool  // the policy of identity cards (PKCS#1 v1.5) is accepted of other signers too
}

// Judged is a verdict: {"accepted", "errors"} and more, by what was judged.
type Judged struct {
	Verdict any
	Refused error // CodeMessageRefused, nil for what was accepted
}

func judged(verdict any, accepted bool, found []trust.Finding) Judged {
	j := Judged{Verdict: verdict}
	if !accepted {
		codes := make([]string, len(found))
		for i, f := range found {
			codes[i] = string(f.Code)
		}
		j.Refused = rx.Fault(CodeMessageRefused, "list", strings.Join(codes, ", "))
	}
	return j
}

// Unseal opens and judges a message at Now, under the policy of eHealth certificates or that of identity cards. The plain
// bytes are nil unless it was accepted. An error means that it was not tried.
func (i Interop) Unseal(sealed []byte, with Unsealing) (plain []byte, j Judged, err error) {
	id, err := with.Keys.open()
	if err != nil {
		return nil, j, err
	}
	u := etee.Unsealer{Keys: id.Decryption(), Clock: i.Now, Rand: i.Rand, Policies: []etee.Policy{etee.EHealthCertificate, etee.EID}}
	if u.Anchors, err = trust.ReadAnchors(with.Trust.Content); err != nil {
		return nil, j, with.Trust.noAnchors(err)
	}
	if with.KEK != nil {
		if u.KEK, err = etee.NewKEK(nil, with.KEK.Content); err != nil {
			return nil, j, rx.Fault(CodeKEKForm, "file", with.KEK.Name)
		}
	}
	plain, verdict := u.Unseal(sealed)
	if verdict.Policy == etee.EID && verdict.Certificate != nil && verdict.Certificate.Subject.SerialNumber == "" && !with.EID {
		verdict.Accepted = false // those of identity cards have a number there, those of the platform have none
		verdict.Errors = append(verdict.Errors, trust.Finding{Code: etee.PolicyUnauthorized, Detail: "signed as by an identity card, by a certificate that is of none"})
	}
	if !verdict.Accepted {
		clear(plain)
		plain = nil
	}
	return plain, judged(verdict, verdict.Accepted, verdict.Errors), nil
}

func (f File) noAnchors(err error) error {
	return rx.Fault(CodeAnchorsForm, "file", f.Name, "detail", detail(err, trust.ErrAnchors))
}

// ETK is what an encryption token says, and what can be found wrong with it at Now without anchors.
func (i Interop) ETK(token File) (Judged, error) {
	t, err := etk.Parse(token.Content)
	if err != nil {
		return Judged{}, rx.Fault(CodeTokenForm, "file", token.Name).Because(err)
	}
	found := t.Inspect(i.Now())
	return judged(t.Report(found), len(found) == 0, found), nil
}

// Signing is how a SOAP message is signed.
type Signing struct {
	By    Keystore
	Token *File // a SAML 1.1 assertion for the holder of the key; nil: the certificate travels instead
	SHA1  bool  // as older software does, instead of SHA-256
}

// soapEnvelope is the namespace of SOAP 1.1.
const soapEnvelope = "http://schemas.xmlsoap.org/soap/envelope/"

// SignSOAP signs an envelope, or puts one around another XML element.
func (i Interop) SignSOAP(message File, how Signing) ([]byte, error) {
	by, err := i.signing(how.By)
	if err != nil {
		return nil, err
	}
	signer := soap.Signer{Clock: i.Now, Suite: xmldsig.RSASHA256, Security: soap.X509{Key: by.Key, Certificate: by.Chain[0]}}
	if how.Token != nil {
		signer.Security = soap.SAML{Key: by.Key, Assertion: how.Token.Content}
	}
	if how.SHA1 {
		signer.Suite = xmldsig.RSASHA1
	}
	doc, err := xmldsig.Parse(message.Content, signer.Limits)
	if err != nil {
		return nil, rx.Fault(CodeSOAPForm, "file", message.Name, "detail", detail(err, nil))
	}
	sign := signer.Build
	if xmldsig.Is(doc.Root(), soapEnvelope, "Envelope") {
		sign = signer.Sign
	}
	signed, err := sign(message.Content)
	if err != nil {
		return nil, rx.Fault(CodeSOAPForm, "file", message.Name, "detail", detail(err, soap.ErrSign))
	}
	return signed, nil
}

// VerifySOAP judges a signed SOAP message at Now. The same anchors are for certificates that sign messages and for those of
// the STS. sha1: signatures of older software are accepted too. An error means that it was not tried.
func (i Interop) VerifySOAP(message []byte, anchors File, sha1 bool) (Judged, error) {
	pool, err := trust.ReadAnchors(anchors.Content)
	if err != nil {
		return Judged{}, anchors.noAnchors(err)
	}
	v := soap.Verifier{Anchors: pool, Tokens: soap.TokenVerifier{Anchors: pool}, Clock: i.Now}
	if sha1 {
		v.Suites = []xmldsig.Suite{xmldsig.RSASHA256, xmldsig.RSASHA1}
	}
	_, verdict := v.Verify(message)
	return judged(verdict, verdict.Accepted, verdict.Errors), nil
}
