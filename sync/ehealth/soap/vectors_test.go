package soap_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/xmldsig"
)

func TestVectors(t *testing.T) {
	const signer = `"CN=SSIN=79021802145,OU=TEST DOCTOR,OU=SSIN=79021802145,OU=eHealth-platform Belgium,O=Federal Government,C=BE"`
	const weak = `["TOKEN_WEAK_DIGEST: signed with SHA-1"]`
	for _, c := range []struct{ file, at, want string }{
		{"RequestSecurityToken-soap-x509-signed.xml", "2026-11-22T09:00:30Z", `{"accepted":true,"signer":` + signer + `,"errors":[],"warnings":[]}`},
		{"RequestSecurityToken-soap-x509-signed.xml", "2026-11-22T09:01:00Z", `{"accepted":true,"signer":` + signer + `,"errors":[],"warnings":[]}`},
		{"RequestSecurityToken-soap-x509-signed.xml", "2026-11-22T09:01:01Z", `{"accepted":false,"signer":` + signer + `,"errors":["TIMESTAMP_EXPIRED: usable until 2026-11-22T09:01:00Z"],"warnings":[]}`},
		{"RequestSecurityToken-soap-x509-signed.xml", "2026-11-22T08:58:59Z", `{"accepted":false,"signer":` + signer + `,"errors":["TIMESTAMP_IN_FUTURE: created at 2026-11-22T09:00:00Z"],"warnings":[]}`},
		{"RequestSecurityToken-soap-x509-signed.xml", "2029-11-22T09:00:30Z", `{"accepted":false,"signer":null,"errors":["CERTIFICATE_EXPIRED: valid until 2029-11-21T00:47:47Z"],"warnings":[]}`},
		{"createPrescription-soap-saml-hok-signed.xml", "2026-11-22T09:30:30Z", `{"accepted":true,"signer":` + signer + `,"errors":[],"warnings":` + weak + `}`},
		{"createPrescription-soap-saml-hok-signed.xml", "2026-11-22T09:31:30Z", `{"accepted":false,"signer":` + signer + `,"errors":["TIMESTAMP_EXPIRED: usable until 2026-11-22T09:31:00Z"],"warnings":` + weak + `}`},
		{"createPrescription-soap-saml-hok-signed.xml", "2026-11-23T09:00:00Z", `{"accepted":false,"signer":null,"errors":["TOKEN_EXPIRED: valid until 2026-11-23T09:00:00Z"],"warnings":` + weak + `}`},
		{"createPrescription-soap-saml-hok-signed.xml", "2026-11-22T08:54:59Z", `{"accepted":false,"signer":null,"errors":["TOKEN_NOT_YET_VALID: valid from 2026-11-22T08:55:00Z"],"warnings":` + weak + `}`},
		{"Assertion-sts-signed-rsa-sha1.xml", "2026-11-22T09:30:30Z", `{"accepted":false,"signer":null,"errors":["ENVELOPE_STRUCTURE_INCORRECT: soap: no envelope: the root element is not that of SOAP 1.1"],"warnings":[]}`},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		v := verifier(t)
		v.Clock = fixed(at)
		verified, verdict := v.Verify(vector(t, c.file))
		got, err := json.Marshal(verdict)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s at %s (-want +got):\n%s", c.file, c.at, diff)
		}
		if (verified != nil) != verdict.Accepted {
			t.Errorf("%s at %s: accepted %v, verified %v", c.file, c.at, verdict.Accepted, verified)
		}
	}
}

func TestVectorAssertion(t *testing.T) {
	doc, err := xmldsig.Parse(vector(t, "Assertion-sts-signed-rsa-sha1.xml"), xmldsig.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	v := soap.TokenVerifier{Anchors: anchors(t), Clock: fixed(now)}
	a, errs, warnings := v.Verify(doc.Root())
	if len(errs) != 0 || !cmp.Equal(codes(warnings), []string{"TOKEN_WEAK_DIGEST"}) {
		t.Fatalf("%v, %v", errs, warnings)
	}
	if a.ID != "_0123456789abcdef0123456789abcdef" || a.Issuer != "urn:be:fgov:ehealth:sts:1_0" || a.Element != doc.Root() ||
		!a.Holder.Equal(person(t, "test-auth").cert) || !a.Signer.Equal(person(t, "test-ra").cert) ||
		!a.NotBefore.Equal(time.Date(2026, 11, 22, 8, 55, 0, 0, time.UTC)) ||
		!a.NotOnOrAfter.Equal(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", a)
	}
	v.Suites = []xmldsig.Suite{xmldsig.RSASHA256}
	if a, errs, _ := v.Verify(doc.Root()); a != nil || !cmp.Equal(codes(errs), []string{"TOKEN_SIGNATURE_ALGORITHM_UNAUTHORIZED"}) {
		t.Errorf("SHA-1 is not accepted when it is not asked for: %v", errs)
	}
}
