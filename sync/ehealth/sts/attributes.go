package sts

import (
	"strings"

	"github.com/beevik/etree"

	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// Attribute names something that the platform knows of a person.
type Attribute struct{ Namespace, Name string }

// Namespaces of attributes: what a person states and what a source certifies.
const (
	identification = "urn:be:fgov:identification-namespace"
	certified      = "urn:be:fgov:certified-namespace:ehealth"
)

// Profession is a quality in which a person opens a session.
type Profession string

const (
	Doctor          Profession = "doctor"
	Dentist         Profession = "dentist"
	Midwife         Profession = "midwife"
	Nurse           Profession = "nurse"
	Physiotherapist Profession = "physiotherapist"
)

// demand is what the value of a returned attribute must be.
type demand int

const (
	ownSSIN  demand = iota // the number that was stated: it stands in the request too
	ownNIHII               // 11 digits, and the number that is expected when one is
	isTrue
)

// claim is an attribute that is asked for.
type claim struct {
	Attribute
	demand demand
}

// person is claimed by everybody: who holds the certificate, and who is meant.
var person = []claim{
	{Attribute{identification, "urn:be:fgov:ehealth:1.0:certificateholder:person:ssin"}, ownSSIN},
	{Attribute{identification, "urn:be:fgov:person:ssin"}, ownSSIN},
}

// qualities are the attributes that certify a profession. The first is the INAMI/RIZIV number, under the name by which access
// lists of the KGSS know the reader.
var qualities = map[Profession][]claim{
	Doctor: {
		{Attribute{certified, "urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11"}, ownNIHII},
		{Attribute{certified, "urn:be:fgov:person:ssin:doctor:boolean"}, isTrue},
	},
	Dentist:         {{Attribute{certified, "urn:be:fgov:person:ssin:ehealth:1.0:nihii:dentist:nihii11"}, ownNIHII}},
	Midwife:         {{Attribute{certified, "urn:be:fgov:person:ssin:ehealth:1.0:nihii:midwife:nihii11"}, ownNIHII}},
	Nurse:           {{Attribute{certified, "urn:be:fgov:person:ssin:ehealth:1.0:nihii:nurse:nihii11"}, ownNIHII}},
	Physiotherapist: {{Attribute{certified, "urn:be:fgov:person:ssin:ehealth:1.0:nihii:physiotherapist:nihii11"}, ownNIHII}},
}

// Number is the attribute with the INAMI/RIZIV number of the profession; not ok for one that is unknown.
func (p Profession) Number() (a Attribute, ok bool) {
	if claims := qualities[p]; len(claims) > 0 {
		return claims[0].Attribute, true
	}
	return Attribute{}, false
}

// claims are all attributes that are asked for, those that are stated first.
func (p Profession) claims() []claim {
	return append(person[:len(person):len(person)], qualities[p]...)
}

// What can be wrong with an attribute. The detail is its name.
const (
	AttributeMissing      trust.Code = "ATTRIBUTE_MISSING" // or empty: the platform does not know it of this person
	AttributeDiffers      trust.Code = "ATTRIBUTE_DIFFERS"
	AttributeNotCertified trust.Code = "ATTRIBUTE_NOT_CERTIFIED" // not true
)

// wanted is who the token must be for.
type wanted struct {
	profession  Profession
	ssin, nihii string // nihii "": any
}

// check gives what is wrong with the attributes of a verified assertion, and the INAMI/RIZIV number that it certifies.
func (w wanted) check(assertion *etree.Element) (nihii string, found []trust.Finding) {
	for _, c := range w.profession.claims() {
		values := valuesOf(assertion, c.Attribute)
		code := AttributeMissing
		for _, v := range values {
			if code = w.judge(c.demand, v); code != "" {
				break
			}
			if c.demand == ownNIHII {
				if nihii != "" && nihii != v {
					code = AttributeDiffers
				}
				nihii = v
			}
		}
		if code != "" {
			found = append(found, trust.Finding{Code: code, Detail: c.Name})
		}
	}
	return nihii, found
}

func (w wanted) judge(d demand, value string) trust.Code {
	switch {
	case value == "":
		return AttributeMissing
	case d == isTrue && value != "true":
		return AttributeNotCertified
	case d == ownSSIN && value != w.ssin, d == ownNIHII && (!digits(value, 11) || w.nihii != "" && value != w.nihii):
		return AttributeDiffers
	}
	return ""
}

func digits(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }

// valuesOf gives all values of an attribute. One that is more than text is empty.
func valuesOf(assertion *etree.Element, a Attribute) []string {
	var values []string
	for _, statement := range assertion.ChildElements() {
		if !xmldsig.Is(statement, nsSAML, "AttributeStatement") {
			continue
		}
		for _, el := range statement.ChildElements() {
			if !xmldsig.Is(el, nsSAML, "Attribute") || xmldsig.Attribute(el, "AttributeName") != a.Name || xmldsig.Attribute(el, "AttributeNamespace") != a.Namespace {
				continue
			}
			for _, v := range el.ChildElements() {
				text := ""
				if xmldsig.Is(v, nsSAML, "AttributeValue") && len(v.ChildElements()) == 0 {
					text = strings.TrimSpace(v.Text())
				}
				values = append(values, text)
			}
		}
	}
	return values
}
