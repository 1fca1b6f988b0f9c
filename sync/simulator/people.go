package simulator

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"

	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/trust"
)

// Person is somebody whom the platform recognises in a quality.
type Person struct {
	SSIN       string         `json:"ssin"`
	FirstName  string         `json:"first_name"`
	LastName   string         `json:"last_name"`
	NIHII      string         `json:"nihii"`
	Profession sts.Profession `json:"profession"`
}

// Format prints nothing of a person, whatever the verb.
func (Person) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Person(…)") }

// residents live in every simulation.
var residents = []Person{{SSIN: DoctorID.Value, FirstName: "ANNE", LastName: "EXEMPLE", NIHII: "19999915004", Profession: sts.Doctor}}

// Admit makes somebody known. One whose certificate comes from a test authority is known without that, as a doctor with an
// invented number.
func (s *Simulator) Admit(p Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[p.SSIN] = p
}

const (
	identification = "urn:be:fgov:identification-namespace"
	certified      = "urn:be:fgov:certified-namespace:ehealth"
)

// Attributes of a pharmacy's session.
var (
	pharmacyHolder     = sts.Attribute{Namespace: identification, Name: "urn:be:fgov:ehealth:1.0:certificateholder:pharmacy:nihii-number"}
	pharmacyNumber     = sts.Attribute{Namespace: identification, Name: "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number"}
	pharmacyRecognised = sts.Attribute{Namespace: certified, Name: "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean"}
)

// personSSIN is the attribute of a person's own number, which every session states.
var personSSIN = sts.Attribute{Namespace: identification, Name: "urn:be:fgov:person:ssin"}

// knows gives the attributes of the holder of a certificate; nil when it names nobody.
func (s *Simulator) knows(c *x509.Certificate) map[sts.Attribute]string {
	id, ok := identifierOf(c)
	switch {
	case !ok:
		return nil
	case id.Type == "NIHII-PHARMACY":
		return map[sts.Attribute]string{pharmacyHolder: id.Value, pharmacyNumber: id.Value, pharmacyRecognised: "true"}
	case id.Type != "SSIN":
		return map[sts.Attribute]string{}
	}
	known := map[sts.Attribute]string{
		{Namespace: identification, Name: "urn:be:fgov:ehealth:1.0:certificateholder:person:ssin"}: id.Value, personSSIN: id.Value,
	}
	s.mu.Lock()
	p, found := s.people[id.Value]
	s.mu.Unlock()
	if !found {
		if trust.Simulated(c) {
			return known
		}
		p = Person{NIHII: inventedNIHII(id.Value), Profession: sts.Doctor, FirstName: "TEST", LastName: "DOCTOR"}
	}
	add := func(name, value string) { known[sts.Attribute{Namespace: certified, Name: name}] = value }
	if number, ok := p.Profession.Number(); ok {
		known[number] = p.NIHII
	}
	const of = "urn:be:fgov:person:ssin:"
	add(of+"ehealth:1.0:nihii:"+string(p.Profession)+":nihii11", p.NIHII)
	add(of+string(p.Profession)+":boolean", "true")
	add(of+"ehealth:1.0:fpsph:"+string(p.Profession)+":boolean", "true")
	add(of+"ehealth:1.0:givenname", p.FirstName)
	add(of+"ehealth:1.0:surname", p.LastName)
	return known
}

// inventedNIHII makes a doctor's number of somebody's own: 1, five digits, the check (97 minus the first six modulo 97), 004.
func inventedNIHII(ssin string) string {
	sum := sha256.Sum256([]byte(ssin))
	first := 100000 + binary.BigEndian.Uint32(sum[:])%100000
	return fmt.Sprintf("%06d%02d004", first, 97-first%97)
}
