package simulator

import (
	"bytes"
	"crypto/x509"
	"strings"
	"time"

	"github.com/beevik/etree"

	"relais/sync/ehealth/xmldsig"
)

// instant writes xs:dateTime as the platform does.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// timeOf reads xs:dateTime; without a zone it is UTC.
func timeOf(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	return time.Parse("2006-01-02T15:04:05.999999999", s)
}

// attributeText writes an attribute, nothing when it is empty.
func attributeText(name, value string) string {
	if value == "" {
		return ""
	}
	var b bytes.Buffer
	b.WriteString(name + `="`)
	for _, r := range value {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '"':
			b.WriteString("&quot;")
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// child gives the one child with a name, nil when there is none or several, or nothing to look in.
func child(el *etree.Element, space, name string) *etree.Element {
	if el == nil {
		return nil
	}
	var found *etree.Element
	for _, c := range el.ChildElements() {
		if xmldsig.Is(c, space, name) {
			if found != nil {
				return nil
			}
			found = c
		}
	}
	return found
}

func orNone(el *etree.Element) *etree.Element {
	if el == nil {
		return etree.NewElement("none")
	}
	return el
}

// certificateIn gives the certificate of the one ds:X509Data below an element, nil when there is none.
func certificateIn(el *etree.Element) *x509.Certificate {
	if inner := child(el, nsWSSE, "SecurityTokenReference"); inner != nil {
		el = inner
	}
	data := child(child(el, nsDS, "X509Data"), nsDS, "X509Certificate")
	if data == nil {
		return nil
	}
	der, err := xmldsig.Base64(data)
	if err != nil {
		return nil
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return c
}

// textOf gives the text of the first child with a local name.
func textOf(el *etree.Element, local string) string {
	for _, c := range el.ChildElements() {
		if c.Tag == local {
			return strings.TrimSpace(c.Text())
		}
	}
	return ""
}
