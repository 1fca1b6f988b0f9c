package simulator

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"relais/sync/ehealth/identity"
	"relais/sync/ehealth/trust"
)

// The files of a PKI directory, all for its owner alone:
//
//	authority, server, sts, etk-authority, service-list   .pem the certificate, .key the private key (PKCS#8)
//	recipe, kgss, doctor, pharmacy                         .p12 with both keys of each, under Password
//	etk/NAME.etk                                           what the ETK depot gives (DER); files that are added are given too
//	anchors/PURPOSE.pem                                    the six sets of a client (trust.ReadSimulatedSets)
const (
	dirTokens  = "etk"
	dirAnchors = "anchors"
)

// ErrPKI: a directory that holds something, and not a whole PKI.
var ErrPKI = errors.New("simulator: not a whole PKI directory")

func (p *PKI) signers() map[string]*credential {
	return map[string]*credential{"authority": &p.ca, "server": &p.tls, "sts": &p.sts, "etk-authority": &p.etkRA, "service-list": &p.list}
}

func (p *PKI) holders() map[string]**Holder {
	return map[string]**Holder{"recipe": &p.recipe, "kgss": &p.kgss, "doctor": &p.doctor, "pharmacy": &p.pharmacy}
}

// OpenPKI reads the PKI of a directory, and makes one there when there is nothing yet. Of several processes that make it at
// the same time one is first, and all have that one's.
func OpenPKI(dir string, random io.Reader, keys Keys, at time.Time) (*PKI, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0:
		p, err := NewPKI(random, keys, at)
		if err != nil {
			return nil, err
		}
		if err = p.save(dir); err == nil {
			return p, nil
		}
		if theirs, unread := readPKI(dir, random, keys, at); unread == nil {
			return theirs, nil
		}
		return nil, err
	case err != nil:
		return nil, err
	}
	return readPKI(dir, random, keys, at)
}

func readPKI(dir string, random io.Reader, keys Keys, at time.Time) (*PKI, error) {
	p := &PKI{maker: newMaker(random, keys, at), published: map[string][]byte{}}
	if err := p.read(dir); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPKI, err)
	}
	return p, nil
}

// save writes the directory beside its place, durably, and moves it there, so that it is whole or not there.
func (p *PKI) save(dir string) (err error) {
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	for _, sub := range []string{dirTokens, dirAnchors} {
		if err := os.Mkdir(filepath.Join(fresh, sub), 0o700); err != nil {
			return err
		}
	}
	files, err := p.files()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := writeDurably(filepath.Join(fresh, filepath.FromSlash(name)), content); err != nil {
			return err
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty one
		return err
	}
	return os.Rename(fresh, dir)
}

func writeDurably(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// files are the contents of the directory, by name.
func (p *PKI) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, c := range p.signers() {
		key, err := x509.MarshalPKCS8PrivateKey(c.key)
		if err != nil {
			return nil, err
		}
		files[name+".pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
		files[name+".key"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	}
	for name, h := range p.holders() {
		store, err := p.Keystore(**h, Password)
		if err != nil {
			return nil, err
		}
		files[name+".p12"] = store
		files[dirTokens+"/"+name+".etk"] = (*h).ETK
	}
	for _, purpose := range trust.Purposes {
		files[dirAnchors+"/"+string(purpose)+".pem"] = files["authority.pem"]
	}
	return files, nil
}

func (p *PKI) read(dir string) error {
	for name, c := range p.signers() {
		certificate, err := readPEM(filepath.Join(dir, name+".pem"), "CERTIFICATE")
		if err != nil {
			return err
		}
		private, err := readPEM(filepath.Join(dir, name+".key"), "PRIVATE KEY")
		if err != nil {
			return err
		}
		key, err := x509.ParsePKCS8PrivateKey(private)
		if err != nil {
			return err
		}
		signer, ok := key.(crypto.Signer)
		if c.cert, err = x509.ParseCertificate(certificate); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("%s does not sign", name))
		}
		if c.key = signer; !trust.Simulated(c.cert) {
			return fmt.Errorf("%s has not the mark of the simulation", name)
		}
	}
	for name, h := range p.holders() {
		store, err := os.ReadFile(filepath.Join(dir, name+".p12"))
		if err != nil {
			return err
		}
		if *h, err = readHolder(store); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return p.readTokens(filepath.Join(dir, dirTokens))
}

func readHolder(store []byte) (*Holder, error) {
	id, err := identity.Open(store, []byte(Password))
	if err != nil {
		return nil, err
	}
	signing, err := id.Signing()
	if err != nil {
		return nil, err
	}
	h := &Holder{Signing: signing, Decryption: id.Decryption()}
	var ok bool
	if h.ID, ok = identifierOf(signing.Chain[0]); !ok || len(h.Decryption) == 0 || !trust.Simulated(signing.Chain[0]) {
		return nil, errNameless
	}
	units := signing.Chain[0].Subject.OrganizationalUnit
	h.Name = units[len(units)-1]
	return h, nil
}

// readTokens puts all tokens of a directory into the depot.
func (p *PKI) readTokens(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.etk"))
	if err != nil {
		return err
	}
	for _, name := range names {
		token, err := os.ReadFile(name)
		if err == nil {
			_, err = p.Publish(token)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
	}
	for name, h := range p.holders() {
		if (*h).ETK = p.token((*h).ID); (*h).ETK == nil {
			return fmt.Errorf("the encryption token of %s is missing", name)
		}
	}
	return nil
}

func readPEM(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%s is no %s in PEM", filepath.Base(path), strings.ToLower(kind))
	}
	return block.Bytes, nil
}

// ReadAuthorities reads the certificates of test authorities in PEM: one or more, nothing between them but comments.
func ReadAuthorities(text []byte) (list []*x509.Certificate, err error) {
	for rest := text; len(bytes.TrimSpace(rest)) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !c.IsCA || realAuthority(c) {
			return nil, ErrRealAuthority
		}
		list = append(list, c)
	}
	if len(list) == 0 || len(list) != bytes.Count(text, []byte("-----BEGIN ")) {
		return nil, ErrRealAuthority
	}
	return list, nil
}
