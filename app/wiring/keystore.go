package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/identity"
)

// The doctor's eHealth certificate: a keystore (PKCS#12) with its password, both kept sealed in the data directory, so that
// a copy of the directory has them too, and a person gives the password once.

// Codes of the kept certificate: the first of its absence, the others of what the doctor is told of it.
const (
	CodeNoIdentity           rx.Code = "no-identity"            // none is kept
	CodeIdentityEnds         rx.Code = "identity-ends"          // of the certificate that signs (date, days)
	CodeIdentityEnded        rx.Code = "identity-ended"         // (date)
	CodeIdentityUnderWay     rx.Code = "identity-under-way"     // of another person than the one before, of whose sends some are not known to have arrived
	CodeIdentityOther        rx.Code = "identity-other"         // of another person than the practice's prescriber
	CodeEncryptionEnds       rx.Code = "encryption-ends"        // of the newest certificate for encryption (date, days)
	CodeEncryptionEnded      rx.Code = "encryption-ended"       // (date)
	CodeIdentityNoEncryption rx.Code = "identity-no-encryption" // no key opens what the KGSS answers
)

// Certificate is the eHealth certificate that a directory keeps.
type Certificate struct {
	Type, Number string    // as in the certificate: SSIN of a person; CBE, NIHII… of an organisation
	Name         string    // "" when it is not stated
	Application  string    // of an organisation with several certificates, else ""
	From, Until  time.Time // of the certificate that signs; with its chain, of which the first to end counts
	Retired      int       // encryption keys that are kept for old messages
	Warnings     []IdentityWarning
}

// IdentityWarning is something that the doctor is told of a certificate, the most urgent first.
type IdentityWarning struct {
	Code  rx.Code
	Until time.Time // of what ends or has ended, else zero
	Days  int       // of what ends: at most so many are left, 90, 30 or 7; else 0
}

// Fault is the warning as the catalogues say it.
func (w IdentityWarning) Fault() *rx.Error {
	switch {
	case w.Until.IsZero():
		return rx.Fault(w.Code)
	case w.Days == 0:
		return rx.Fault(w.Code, "date", rx.DateOf(w.Until).Belgian())
	}
	return rx.Fault(w.Code, "date", rx.DateOf(w.Until).Belgian(), "days", strconv.Itoa(w.Days))
}

// It does not show its holder.
func (Certificate) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Certificate(…)") }
func (Certificate) LogValue() slog.Value       { return slog.StringValue("Certificate(…)") }

const (
	settingIdentity = "identity"
	identityVersion = 1
)

// sealedKeystore is what the setting holds.
type sealedKeystore struct {
	Version  int    `json:"version"`
	P12      []byte `json:"p12,omitempty"` // none: forgotten
	Password []byte `json:"password,omitempty"`
	Holder   string `json:"holder,omitempty"` // national number of whom it is, or was, when it names one; in keystores kept before it is not said
}

// KeepIdentity checks a keystore and keeps it in place of the one before. Refused, with nothing changed: what cannot be
// read, cannot sign now or does not name its holder, with the codes of keystores; CodeNewer when a newer version keeps one
// here; CodeIdentityUnderWay when it is another person's than the one before, and prescriptions of that one may be at
// Recip-e without being known there: the lists of the new holder would not show them. The password is wiped.
func (s *Session) KeepIdentity(ctx context.Context, k Keystore) (Certificate, error) {
	defer clear(k.Password)
	id, err := k.open()
	if err != nil {
		return Certificate{}, err
	}
	if err := id.Check(s.dir.Now()); err != nil {
		return Certificate{}, k.fault(err)
	}
	c, err := s.certificate(ctx, id)
	if errors.Is(err, identity.ErrHolder) {
		return c, rx.Fault(CodeCertificateUnfit, "file", k.Name, "detail", detail(err, nil))
	}
	if err != nil {
		return c, err
	}
	before, err := s.keystore(ctx)
	if err != nil && rx.CodeOf(err) != CodeNoIdentity && rx.CodeOf(err) != rx.CodeDamaged {
		return c, err
	}
	defer clear(before.Password)
	holder, err := id.Holder()
	if err != nil {
		return c, err
	}
	if err := s.sameHolder(ctx, before, holder.SSIN()); err != nil {
		return c, err
	}
	return c, s.seal(ctx, sealedKeystore{identityVersion, k.Content, k.Password, holder.SSIN()})
}

// sameHolder refuses another holder than before while something is under way.
func (s *Session) sameHolder(ctx context.Context, before sealedKeystore, now string) error {
	if before.Holder == "" && len(before.P12) > 0 {
		if id, err := identity.Open(before.P12, before.Password); err == nil {
			if holder, err := id.Holder(); err == nil {
				before.Holder = holder.SSIN()
			}
		}
	}
	if before.Holder == "" || before.Holder == now {
		return nil
	}
	tasks, err := s.db.Work(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(tasks, func(t rx.Task) bool { return rx.UnderWay(t.Prescription, s.dir.Now()) }) {
		return rx.Fault(CodeIdentityUnderWay)
	}
	return nil
}

// Identity tells of the certificate that is kept; CodeNoIdentity.
func (s *Session) Identity(ctx context.Context) (Certificate, error) {
	id, err := s.Credentials(ctx)
	if err != nil {
		return Certificate{}, err
	}
	return s.certificate(ctx, id)
}

// Credentials are the keys that are kept, also when they may no longer sign: old messages are opened with them.
// CodeNoIdentity.
func (s *Session) Credentials(ctx context.Context) (*identity.Identity, error) {
	k, err := s.keystore(ctx)
	if err != nil {
		return nil, err
	}
	defer clear(k.Password)
	id, err := identity.Open(k.P12, k.Password)
	if err != nil { // it was read when it was kept
		return nil, rx.Fault(rx.CodeDamaged, "table", "settings", "row", settingIdentity).Because(err)
	}
	return id, nil
}

// ForgetIdentity forgets the certificate that is kept; CodeNoIdentity. The file that it came from is not touched.
func (s *Session) ForgetIdentity(ctx context.Context) error {
	k, err := s.keystore(ctx)
	if err != nil {
		return err
	}
	clear(k.Password)
	return s.seal(ctx, sealedKeystore{Version: identityVersion, Holder: k.Holder})
}

// keystore is what is kept; CodeNoIdentity.
func (s *Session) keystore(ctx context.Context) (k sealedKeystore, err error) {
	b, err := s.db.Setting(ctx, settingIdentity)
	if rx.CodeOf(err) == rx.CodeNotFound {
		return k, rx.Fault(CodeNoIdentity)
	}
	if err != nil {
		return k, err
	}
	defer clear(b)
	err = json.Unmarshal(b, &k)
	switch {
	case k.Version > identityVersion: // read also where the rest is of another form
		return k, rx.Fault(rx.CodeNewer)
	case err != nil || k.Version < 1:
		return k, rx.Fault(rx.CodeDamaged, "table", "settings", "row", settingIdentity)
	case len(k.P12) == 0: // whose it was is told all the same
		return k, rx.Fault(CodeNoIdentity)
	}
	return k, nil
}

func (s *Session) seal(ctx context.Context, k sealedKeystore) error {
	b, err := json.Marshal(k)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	defer clear(b)
	return s.db.SetSetting(ctx, settingIdentity, b)
}

// certificate tells of an identity at this moment: identity.ErrNoSigner, identity.ErrHolder.
func (s *Session) certificate(ctx context.Context, id *identity.Identity) (c Certificate, err error) {
	signing, err := id.Signing()
	if err != nil {
		return c, err
	}
	holder, err := id.Holder()
	if err != nil {
		return c, err
	}
	c = Certificate{Type: holder.Type, Number: holder.Number, Name: holder.Name, Application: holder.Application}
	now := s.dir.Now()
	c.From, c.Until = signing.Chain[0].NotBefore.In(now.Location()), signing.Chain[0].NotAfter.In(now.Location())
	for _, issuer := range signing.Chain[1:] {
		if issuer.NotAfter.Before(c.Until) {
			c.Until = issuer.NotAfter.In(now.Location())
		}
	}
	keys := id.Decryption()
	for _, k := range keys {
		if !k.Certificate.Equal(signing.Chain[0]) { // one may be for both
			c.Retired++
		}
	}
	c.Retired = max(0, c.Retired-1) // all but the newest
	for _, w := range id.Warnings(now) {
		c.Warnings = append(c.Warnings, IdentityWarning{endings[w.Purpose].code(w.Days), w.Until.In(now.Location()), w.Days})
	}
	slices.SortStableFunc(c.Warnings, func(a, b IdentityWarning) int { return a.Days - b.Days })
	if len(keys) == 0 {
		c.Warnings = append(c.Warnings, IdentityWarning{Code: CodeIdentityNoEncryption})
	}
	other, err := s.ofAnother(ctx, holder)
	if other {
		c.Warnings = append(c.Warnings, IdentityWarning{Code: CodeIdentityOther})
	}
	return c, err
}

// endings are the codes of what ends, by what it is for.
var endings = map[identity.Purpose]ending{
	identity.Authentication: {CodeIdentityEnds, CodeIdentityEnded},
	identity.Encryption:     {CodeEncryptionEnds, CodeEncryptionEnded},
}

type ending struct{ ends, ended rx.Code }

func (e ending) code(days int) rx.Code {
	if days == 0 {
		return e.ended
	}
	return e.ends
}

// ofAnother tells that a personal certificate is not that of the practice's prescriber. Certificates of organisations and a
// practice that cannot be read are not compared.
func (s *Session) ofAnother(ctx context.Context, h identity.Holder) (bool, error) {
	practice, err := s.Service.Practice(ctx)
	if rx.CodeOf(err) == rx.CodeNotFound {
		return false, nil
	}
	own := string(practice.Prescriber.SSIN)
	return err == nil && own != "" && h.SSIN() != "" && h.SSIN() != own, err
}

// KeystoreFile is a file that may be a keystore.
type KeystoreFile = identity.Candidate

// KeystoreFolder is where the platform's programs put keystores, below the home folder of a person.
const KeystoreFolder = identity.Folder

// FindKeystores lists the files of KeystoreFolder below a home folder that may be keystores, the newest first. It opens none.
func FindKeystores(home fs.FS) ([]KeystoreFile, error) { return identity.Find(home) }
