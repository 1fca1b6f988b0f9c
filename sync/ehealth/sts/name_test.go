package sts

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

// What X500Principal.getName("RFC1779") gives for the same names.
func TestRFC1779(t *testing.T) {
	type pair struct {
		oid   asn1.ObjectIdentifier
		value string
	}
	country, organisation, unit := asn1.ObjectIdentifier{2, 5, 4, 6}, asn1.ObjectIdentifier{2, 5, 4, 10}, asn1.ObjectIdentifier{2, 5, 4, 11}
	common, serial := asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.ObjectIdentifier{2, 5, 4, 5}
	for want, name := range map[string][][]pair{
		`CN="SSIN=79021802145", OU=TEST DOCTOR, OU="SSIN=79021802145", OU=eHealth-platform Belgium, O=Federal Government, C=BE`: {
			{{country, "BE"}}, {{organisation, "Federal Government"}}, {{unit, "eHealth-platform Belgium"}}, {{unit, "SSIN=79021802145"}},
			{{unit, "TEST DOCTOR"}}, {{common, "SSIN=79021802145"}},
		},
		`OID.2.5.4.5=001, CN=Citizen CA, C=BE`:     {{{country, "BE"}}, {{common, "Citizen CA"}}, {{serial, "001"}}},
		`CN="Peeters, \"An\" \\", O="a  b"`:        {{{organisation, "a  b"}}, {{common, `Peeters, "An" \`}}},
		`OU=Hélène + CN=Éléonore, O=" x", C=" y "`: {{{country, " y "}}, {{organisation, " x"}}, {{unit, "Hélène"}, {common, "Éléonore"}}},
	} {
		var sequence pkix.RDNSequence
		for _, rdn := range name {
			var set pkix.RelativeDistinguishedNameSET
			for _, p := range rdn {
				set = append(set, pkix.AttributeTypeAndValue{Type: p.oid, Value: p.value})
			}
			sequence = append(sequence, set)
		}
		der, err := asn1.Marshal(sequence)
		if err != nil {
			t.Fatal(err)
		}
		if got := Name(der); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got := Name([]byte("nonsense")); got != "" {
		t.Errorf("nonsense is %q", got)
	}
}
