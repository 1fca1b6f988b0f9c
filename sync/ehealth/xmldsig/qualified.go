package xmldsig

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/beevik/etree"
)

const (
	xades            = "http://uri.etsi.org/01903/v1.3.2#"
	signedProperties = "http://uri.etsi.org/01903#SignedProperties"
)

// ReadQualified is ReadSignature for a signature that also signs properties of its own (XAdES-BES, ETSI TS 101 903 §4.4.1), as
// the platform's service list has it: one ds:Object with QualifyingProperties that are of this very signature and hold
// SignedProperties alone. Those must be covered by exactly one reference of their own type; every other reference must cover
// something outside the signature, so that nothing inside the Object can stand for what is signed.
func ReadQualified(el *etree.Element) (*Signature, error) {
	s, err := readSignature(el, "SignedInfo", "SignatureValue", "KeyInfo", "Object")
	if err != nil {
		return nil, err
	}
	object := childElements(el)[3]
	inside := childElements(object)
	if len(inside) != 1 || !blank(object) || !Is(inside[0], xades, "QualifyingProperties") {
		return nil, structure("the Object holds something else than QualifyingProperties")
	}
	if id := ID(el); id == "" || Attribute(inside[0], "Target") != "#"+id {
		return nil, structure("the QualifyingProperties are not of this signature")
	}
	r := reader{}
	properties := r.children(inside[0], xades, "QualifyingProperties", "SignedProperties")
	if r.err != nil {
		return nil, r.err
	}
	s.Properties = properties[0]
	qualified, others := 0, 0
	for _, ref := range s.references {
		switch {
		case ref.kind == signedProperties && ref.target == s.Properties && ref.without == nil:
			qualified++
		case ref.kind != "" || within(ref.target, el):
			return nil, structure("a reference into the signature that is not that of its properties")
		default:
			others++
		}
	}
	if qualified != 1 || others == 0 {
		return nil, structure("the properties are not signed together with something")
	}
	return s, nil
}

// within tells whether an element is another, or below it.
func within(el, other *etree.Element) bool {
	for ; el != nil; el = el.Parent() {
		if el == other {
			return true
		}
	}
	return false
}

// SignQualified makes a signature with a KeyInfo over an element in which the caller puts it, as a child, and over its own
// properties: when it was made, and whose certificate it is. id is to be that of the signature, and nobody else's. It is of RSASHA256.
func SignQualified(key crypto.Signer, signer *x509.Certificate, whole *etree.Element, at time.Time, id string) (*etree.Element, error) {
	if _, ok := key.Public().(*rsa.PublicKey); !ok || ID(whole) == "" || id == "" {
		return nil, fmt.Errorf("%w: an RSA key, and an id of the whole and of the signature are needed", ErrSign)
	}
	const hash = crypto.SHA256
	signature, info := begin(RSASHA256)
	signature.CreateAttr("Id", id)
	certificate := signature.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate")
	certificate.SetText(base64.StdEncoding.EncodeToString(signer.Raw))
	qualifying := signature.CreateElement("ds:Object").CreateElement("QualifyingProperties")
	qualifying.CreateAttr("xmlns", xades)
	qualifying.CreateAttr("Target", "#"+id)
	properties := qualifying.CreateElement("SignedProperties")
	properties.CreateAttr("Id", id+"-signedprops")
	own := properties.CreateElement("SignedSignatureProperties")
	own.CreateElement("SigningTime").SetText(at.UTC().Format(time.RFC3339))
	cert := own.CreateElement("SigningCertificate").CreateElement("Cert")
	named := cert.CreateElement("CertDigest")
	algorithm(named, "ds:DigestMethod", digestNames[hash])
	sum := sha256.Sum256(signer.Raw)
	named.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(sum[:]))
	issuer := cert.CreateElement("IssuerSerial")
	issuer.CreateElement("ds:X509IssuerName").SetText(signer.Issuer.String())
	issuer.CreateElement("ds:X509SerialNumber").SetText(signer.SerialNumber.String())

	if err := refer(info, whole, hash, true); err != nil {
		return nil, err
	}
	if err := refer(info, properties, hash, false); err != nil {
		return nil, err
	}
	childElements(info)[3].CreateAttr("Type", signedProperties)
	return signature, finish(signature, info, key, hash)
}
