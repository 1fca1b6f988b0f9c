package simulator

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/trust"
)

// PKI is all keys and certificates of a simulated platform: its authority, its services, a doctor and a pharmacy. Every
// certificate bears the mark trust.Simulation. It is safe for several goroutines.
type PKI struct {
	ca    credential
	tls   credential
	sts   credential // signs tokens
	etkRA credential // signs encryption tokens
	list  credential // signs the service list
	maker maker

	mu               sync.Mutex
	recipe, kgss     *Holder
	doctor, pharmacy *Holder
	published        map[string][]byte // ETK by etk.Identifier.Key
}

// credential is a key and its certificate.
type credential struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// Holder has an eHealth certificate: a person, an organisation, a service.
type Holder struct {
	ID         etk.Identifier
	Name       string
	Signing    etee.Credential      // its certificate, then the authority's
	Decryption []etee.DecryptionKey // the newest first
	ETK        []byte               // of the newest, DER
}

// Who lives in the simulation. All are invented.
var (
	DoctorID   = etk.Identifier{Type: "SSIN", Value: "79021802145"}
	PharmacyID = etk.Identifier{Type: "NIHII-PHARMACY", Value: "29999915"}
	RecipeID   = etk.Identifier{Type: "CBE", Value: "0823257311"}
	KGSSID     = etk.Identifier{Type: "CBE", Value: "0809394427", Application: "KGSS"}
)

// Keys gives the RSA key of somebody, of 2048 bits; nil stands for fresh ones of crypto/rsa. It is asked by several goroutines.
type Keys func(whose string) (*rsa.PrivateKey, error)

// NewPKI makes one whose certificates are valid around a moment: from a year before it to twenty years after it. random gives
// serial numbers and salts; crypto/rsa takes none for its keys, hence keys.
func NewPKI(random io.Reader, keys Keys, at time.Time) (*PKI, error) {
	m := newMaker(random, keys, at)
	p := &PKI{maker: m, published: map[string][]byte{}}
	var err error
	if p.ca, err = m.authority(); err != nil {
		return nil, err
	}
	steps := []func() error{
		func() (err error) { p.sts, err = m.signer(p.ca, "SIMULATED STS"); return },
		func() (err error) { p.etkRA, err = m.signer(p.ca, "SIMULATED ETK-RA"); return },
		func() (err error) { p.list, err = m.signer(p.ca, "SIMULATED SERVICE LIST"); return },
		func() (err error) { p.recipe, err = m.holder(p.ca, RecipeID, "RECIP-E"); return },
		func() (err error) { p.kgss, err = m.holder(p.ca, KGSSID, "KGSS"); return },
		func() (err error) { p.doctor, err = m.holder(p.ca, DoctorID, "ANNE EXEMPLE"); return },
		func() (err error) { p.pharmacy, err = m.holder(p.ca, PharmacyID, "PHARMACIE EXEMPLE"); return },
		func() (err error) { p.tls, err = m.server(p.ca); return },
	}
	if err := together(steps); err != nil {
		return nil, err
	}
	return p, p.publishOwn()
}

// together does steps at the same time: finding keys takes long.
func together(steps []func() error) error {
	errs := make([]error, len(steps))
	var wait sync.WaitGroup
	for i, step := range steps {
		wait.Go(func() { errs[i] = step() })
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (p *PKI) publishOwn() error {
	for _, h := range []*Holder{p.recipe, p.kgss, p.doctor, p.pharmacy} {
		if err := p.publishFor(h); err != nil {
			return err
		}
	}
	return nil
}

// publishFor makes the encryption token of a holder and puts it into the depot.
func (p *PKI) publishFor(h *Holder) error {
	token, err := cms.Sign(h.Decryption[0].Certificate.Raw, cms.Signature{
		Scheme: cms.PKCS1v15, Key: p.etkRA.key, Certificate: p.etkRA.cert, Time: p.maker.at, Rand: p.maker.random,
		Enclosed: []*x509.Certificate{h.Signing.Chain[0], p.ca.cert, p.etkRA.cert},
	})
	if err != nil {
		return fmt.Errorf("simulator: an encryption token cannot be made: %w", err)
	}
	h.ETK = token
	p.published[h.ID.Key()] = token
	return nil
}

// Publish puts a further token into the depot, in place of any of the same holder, who is named by its certificate.
func (p *PKI) Publish(token []byte) (etk.Identifier, error) {
	t, err := etk.Parse(token)
	if err != nil {
		return etk.Identifier{}, err
	}
	id, ok := identifierOf(t.Encryption)
	if !ok {
		return etk.Identifier{}, fmt.Errorf("simulator: %w", errNameless)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published[id.Key()] = slices.Clone(token)
	return id, nil
}

// Enrol makes a certificate for one more holder, with an encryption token in the depot. Whether the platform recognises a
// person is another question: see Simulator.Admit.
func (p *PKI) Enrol(id etk.Identifier, name string) (Holder, error) {
	h, err := p.maker.holder(p.ca, id, name)
	if err != nil {
		return Holder{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return *h, p.publishFor(h)
}

// token gives the encryption token of a holder, nil when there is none.
func (p *PKI) token(id etk.Identifier) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.published[id.Key()]
}

// Doctor is the doctor who lives in the simulation.
func (p *PKI) Doctor() Holder { return p.copyOf(p.doctor) }

// Pharmacy is the pharmacy who lives in the simulation.
func (p *PKI) Pharmacy() Holder { return p.copyOf(p.pharmacy) }

func (p *PKI) copyOf(h *Holder) Holder {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *h
}

// rotate gives a service another encryption key, in place of the one that a message was sealed for; the former stay behind it.
func (p *PKI) rotate(h *Holder) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	next, err := p.maker.encryption(h.Signing, h.ID, h.Name)
	if err != nil {
		return err
	}
	h.Decryption = append([]etee.DecryptionKey{next}, h.Decryption...)
	return p.publishFor(h)
}

// Authority is the certificate from which all others come.
func (p *PKI) Authority() *x509.Certificate { return p.ca.cert }

// signsTokens tells whether a certificate below the authority is one of the STS: the authority gives its name to nobody else,
// so that tokens hold when it has another certificate.
func (p *PKI) signsTokens(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, p.sts.cert.RawSubject)
}

// STSSubject is the subject of the STS's certificate, as sts.Client.Subject has it.
func (p *PKI) STSSubject() string { return sts.Name(p.sts.cert.RawSubject) }

// Anchors are the sets of a client of the simulation: for each purpose its authority.
func (p *PKI) Anchors() trust.Sets { return trust.SimulatedSets(p.ca.cert) }

// server gives the certificate of the web servers.
func (p *PKI) server() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{p.tls.cert.Raw, p.ca.cert.Raw}, PrivateKey: p.tls.key, Leaf: p.tls.cert}
}

// maker makes keys and certificates.
type maker struct {
	random io.Reader
	keys   Keys
	at     time.Time
}

func newMaker(random io.Reader, keys Keys, at time.Time) maker {
	random = &locked{from: random}
	if keys == nil {
		keys = func(string) (*rsa.PrivateKey, error) { return rsa.GenerateKey(random, bits) }
	}
	return maker{random, keys, at.UTC().Truncate(time.Second)}
}

// locked reads randomness for several goroutines.
type locked struct {
	mu   sync.Mutex
	from io.Reader
}

func (l *locked) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return io.ReadFull(l.from, b)
}

const bits = 2048

// Key usages of the profile.
const (
	usageSigning    = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	usageEncryption = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
)

func (m maker) authority() (credential, error) {
	key, err := m.keys("authority")
	if err != nil {
		return credential{}, err
	}
	template, err := m.template(named("SIMULATED EHEALTH AUTHORITY"), x509.KeyUsageCertSign|x509.KeyUsageCRLSign)
	if err != nil {
		return credential{}, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	return m.certify(template, credential{key: key, cert: template}, key)
}

// signer makes one of the platform's signers.
func (m maker) signer(ca credential, name string) (credential, error) {
	key, err := m.keys(name)
	if err != nil {
		return credential{}, err
	}
	template, err := m.template(named(name), usageSigning)
	if err != nil {
		return credential{}, err
	}
	return m.certify(template, ca, key)
}

// holder makes somebody with both certificates.
func (m maker) holder(ca credential, id etk.Identifier, name string) (*Holder, error) {
	key, err := m.keys(id.Key() + " signing")
	if err != nil {
		return nil, err
	}
	template, err := m.template(subject(id, name), usageSigning)
	if err != nil {
		return nil, err
	}
	c, err := m.certify(template, ca, key)
	if err != nil {
		return nil, err
	}
	h := &Holder{ID: id, Name: name, Signing: etee.Credential{Key: c.key, Chain: []*x509.Certificate{c.cert, ca.cert}}}
	enc, err := m.encryption(h.Signing, id, name)
	h.Decryption = []etee.DecryptionKey{enc}
	return h, err
}

// encryption makes an encryption key whose certificate the holder's own key issues.
func (m maker) encryption(by etee.Credential, id etk.Identifier, name string) (etee.DecryptionKey, error) {
	key, err := m.keys(id.Key() + " encryption")
	if err != nil {
		return etee.DecryptionKey{}, err
	}
	template, err := m.template(subject(id, name), usageEncryption)
	if err != nil {
		return etee.DecryptionKey{}, err
	}
	c, err := m.certify(template, credential{by.Key, by.Chain[0]}, key)
	return etee.DecryptionKey{Key: key, Certificate: c.cert}, err
}

// server makes the certificate of web servers on this computer, and of those inside a program.
func (m maker) server(ca credential) (credential, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), m.random)
	if err != nil {
		return credential{}, err
	}
	template, err := m.template(named("SIMULATED WEB SERVER"), x509.KeyUsageDigitalSignature)
	if err != nil {
		return credential{}, err
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = append([]string{"localhost"}, insideNames()...)
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	return m.certify(template, ca, key)
}

// Certificates are valid for so many years before and after they are made, the later the later: a clock may be wrong then, at zero or far ahead, and
// what was made under it is to be of use once it is right.
const past, future = 40, 90

func (m maker) template(subject pkix.RDNSequence, usage x509.KeyUsage) (*x509.Certificate, error) {
	serial := make([]byte, 8)
	if _, err := io.ReadFull(m.random, serial); err != nil {
		return nil, fmt.Errorf("simulator: no randomness: %w", err)
	}
	serial[0] = serial[0]&0x3f | 0x40 // positive, always 8 bytes
	raw, err := asn1.Marshal(subject)
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), RawSubject: raw,
		NotBefore: m.at.AddDate(-past, 0, 0), NotAfter: m.at.AddDate(future, 0, 0), KeyUsage: usage,
		ExtraExtensions: []pkix.Extension{{Id: trust.Simulation, Critical: true, Value: asn1.NullBytes}},
	}, nil
}

func (m maker) certify(template *x509.Certificate, by credential, key crypto.Signer) (credential, error) {
	der, err := x509.CreateCertificate(m.random, template, by.cert, key.Public(), by.key)
	if err != nil {
		return credential{}, fmt.Errorf("simulator: a certificate cannot be made: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return credential{key, cert}, err
}

// subject is that of an eHealth certificate: see identity.Holder.
func subject(id etk.Identifier, name string) pkix.RDNSequence {
	number := id.Type + "=" + id.Value
	cn := number
	units := []string{"eHealth-platform Belgium", number, name}
	if id.Application != "" {
		cn += ", " + id.Application
	}
	rdns := pkix.RDNSequence{one(oidCountry, "BE"), one(oidOrganization, "Federal Government")}
	for _, unit := range units {
		rdns = append(rdns, one(oidUnit, unit))
	}
	return append(rdns, one(oidCommonName, cn))
}

func named(cn string) pkix.RDNSequence {
	return pkix.RDNSequence{one(oidCountry, "BE"), one(oidOrganization, "RELAIS SIMULATION"), one(oidCommonName, cn)}
}

var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidUnit         = asn1.ObjectIdentifier{2, 5, 4, 11}
)

var errNameless = errors.New("a certificate that does not name its holder as eHealth certificates do")

// identifierOf reads the holder of an eHealth certificate.
func identifierOf(c *x509.Certificate) (etk.Identifier, bool) {
	number, application, _ := strings.Cut(c.Subject.CommonName, ",")
	kind, value, _ := strings.Cut(strings.TrimSpace(number), "=")
	id := etk.Identifier{Type: kind, Value: value, Application: strings.TrimSpace(application)}
	return id, id.Names(c)
}

// one is a relative name of one attribute: several in one, as pkix.Name makes them, are not what the platform writes.
func one(kind asn1.ObjectIdentifier, value string) pkix.RelativeDistinguishedNameSET {
	return pkix.RelativeDistinguishedNameSET{{Type: kind, Value: value}}
}
