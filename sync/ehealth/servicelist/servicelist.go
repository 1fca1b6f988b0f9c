// Package servicelist reads the platform's list of end points for business continuity (BCP, version 1): for each service where
// it is, and which of its end points are active now.
//
// Contract: a list is used only when its signature covers the whole document, is made by a certificate that leads to the
// anchors of those who publish lists, and, where it has XAdES properties, when these name that certificate. What is given comes
// from the very element that was digested. A list of another version of the protocol is refused.
//
// Failure modes: ErrList, wrapped with what is wrong; the text holds nothing of the list. There is no best effort: an unsigned
// list could send prescriptions anywhere.
package servicelist

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// ErrList says why a list is not used.
var ErrList = errors.New("servicelist: not a list that can be used")

// Services by their names in the list.
const (
	Prescriber = "uddi:ehealth-fgov-be:business:recip-eprescriber:v4"
	KGSS       = "uddi:ehealth-fgov-be:business:kgss:v1"
	ETKDepot   = "uddi:ehealth-fgov-be:business:etkdepot:v1"
	STS        = "uddi:ehealth-fgov-be:business:iamsecuritytokenservice:v1"
)

// List is one that was verified.
type List struct {
	Environment string // Production, Acceptance …
	Issued      time.Time
	services    map[string][]Endpoint
}

// Endpoint is one place of a service.
type Endpoint struct {
	URL    string
	Order  int // 0: the default one
	Active bool
}

// Endpoints are those of a service in their order, none when it is not listed.
func (l *List) Endpoints(service string) []Endpoint { return slices.Clone(l.services[service]) }

// Active is the end point of a service that is to be used now: the last one that is active, "" when there is none.
func (l *List) Active(service string) string {
	url := ""
	for _, e := range l.services[service] {
		if e.Active {
			url = e.URL
		}
	}
	return url
}

const (
	namespace = "urn:be:fgov:ehealth:bcp:protocol:v1"
	maxList   = 1 << 20
	minBits   = 2048
)

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrList, fmt.Sprintf(format, args...))
}

// Read verifies a list as of a moment: of one that was just fetched, now; of a kept one, when it was fetched.
func Read(text []byte, anchors *x509.CertPool, at time.Time) (*List, error) {
	doc, err := xmldsig.Parse(text, xmldsig.Limits{Bytes: maxList})
	if err != nil {
		return nil, refused("no XML within the limits")
	}
	root := doc.Root()
	if !xmldsig.Is(root, namespace, "ServiceList") {
		return nil, refused("another document, or another version of the protocol")
	}
	if err := verified(root, anchors, at); err != nil {
		return nil, err
	}
	l := &List{Environment: xmldsig.Attribute(root, "Environment"), services: map[string][]Endpoint{}}
	if l.Issued, err = time.Parse(time.RFC3339Nano, xmldsig.Attribute(root, "IssueInstant")); err != nil {
		return nil, refused("it does not say when it was issued")
	}
	for _, el := range root.ChildElements() {
		if !xmldsig.Is(el, namespace, "Service") {
			continue // the signature
		}
		id := xmldsig.Attribute(el, "Id")
		if _, twice := l.services[id]; id == "" || twice {
			return nil, refused("a service without name, or twice")
		}
		if l.services[id], err = endpoints(el); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// verified: the one signature covers the whole list, and is of somebody who may publish lists.
func verified(root *etree.Element, anchors *x509.CertPool, at time.Time) error {
	var found []*etree.Element
	for _, el := range root.ChildElements() {
		if xmldsig.Is(el, xmldsig.Namespace, "Signature") {
			found = append(found, el)
		}
	}
	if len(found) != 1 {
		return refused("%d signatures where one is due", len(found))
	}
	read := xmldsig.ReadSignature
	if len(found[0].ChildElements()) == 4 { // with properties
		read = xmldsig.ReadQualified
	}
	signature, err := read(found[0])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrList, err)
	}
	if signature.Suite != xmldsig.RSASHA256 {
		return refused("its signature uses SHA-1")
	}
	chain, err := certificates(signature.KeyInfo)
	if err != nil {
		return err
	}
	if wrong := trust.Judge(chain[0], chain[1:], trust.Demand{Anchors: anchors, At: at, Usage: x509.KeyUsageDigitalSignature, MinBits: minBits}); len(wrong) > 0 {
		return refused("its signer is not trusted: %v", wrong)
	}
	covered, err := signature.Verify(chain[0].PublicKey.(*rsa.PublicKey)) // judged to be RSA
	if err != nil {
		return fmt.Errorf("%w: %w", ErrList, err)
	}
	if !slices.Contains(covered, root) {
		return refused("its signature does not cover all of it")
	}
	if signature.Properties != nil {
		return names(signature.Properties, chain[0])
	}
	return nil
}

const maxCertificates = 8

// certificates are those of a KeyInfo, the signer's first.
func certificates(info *etree.Element) (chain []*x509.Certificate, err error) {
	for _, data := range info.ChildElements() {
		for _, el := range data.ChildElements() {
			if !xmldsig.Is(data, xmldsig.Namespace, "X509Data") || !xmldsig.Is(el, xmldsig.Namespace, "X509Certificate") {
				continue
			}
			der, err := xmldsig.Base64(el)
			if err != nil {
				return nil, refused("a certificate that cannot be read")
			}
			c, err := x509.ParseCertificate(der)
			if err != nil || len(chain) == maxCertificates {
				return nil, refused("a certificate that cannot be read, or too many")
			}
			chain = append(chain, c)
		}
	}
	if len(chain) == 0 {
		return nil, refused("it does not say who signed it")
	}
	return chain, nil
}

// names: XAdES properties name the signer by the digest of the certificate.
func names(properties *etree.Element, signer *x509.Certificate) error {
	const xades, sha = "http://uri.etsi.org/01903/v1.3.2#", "http://www.w3.org/2001/04/xmlenc#sha256"
	el := properties
	for _, name := range []string{"SignedSignatureProperties", "SigningCertificate", "Cert", "CertDigest"} {
		var next *etree.Element
		for _, child := range el.ChildElements() {
			if xmldsig.Is(child, xades, name) && next == nil {
				next = child
			}
		}
		if el = next; el == nil {
			return refused("its properties do not name the signer")
		}
	}
	var method string
	var value []byte
	for _, child := range el.ChildElements() {
		switch {
		case xmldsig.Is(child, xmldsig.Namespace, "DigestMethod"):
			method = xmldsig.Attribute(child, "Algorithm")
		case xmldsig.Is(child, xmldsig.Namespace, "DigestValue"):
			value, _ = xmldsig.Base64(child) // unreadable: another digest
		}
	}
	if sum := sha256.Sum256(signer.Raw); method != sha || !bytes.Equal(value, sum[:]) {
		return refused("its properties name another signer")
	}
	return nil
}

// endpoints reads those of a service.
func endpoints(service *etree.Element) (list []Endpoint, err error) {
	for _, el := range service.ChildElements() {
		if !xmldsig.Is(el, namespace, "Endpoint") {
			return nil, refused("a service holds something else than end points")
		}
		order, err := strconv.Atoi(xmldsig.Attribute(el, "Order"))
		status := xmldsig.Attribute(el, "Status")
		address, err2 := url.Parse(strings.TrimSpace(el.Text()))
		if err != nil || err2 != nil || order < 0 || status != "ACTIVE" && status != "INACTIVE" || address.Host == "" || len(el.ChildElements()) > 0 {
			return nil, refused("an end point that cannot be read")
		}
		list = append(list, Endpoint{address.String(), order, status == "ACTIVE"})
	}
	slices.SortStableFunc(list, func(a, b Endpoint) int { return a.Order - b.Order })
	return list, nil
}
