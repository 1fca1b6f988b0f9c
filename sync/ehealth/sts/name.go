package sts

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
)

// keywords of RFC 1779 §2.3.
var keywords = map[string]string{
	"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU",
}

// Name writes a distinguished name (DER) as connectors do, which are in Java: javax.security.auth.x500.X500Principal with
// the format RFC1779. The last relative name comes first; what has no keyword is written by its identifier.
func Name(der []byte) string {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return ""
	}
	var relative []string
	for _, rdn := range slices.Backward(name) {
		var parts []string
		for _, a := range rdn {
			keyword := keywords[a.Type.String()]
			if keyword == "" {
				keyword = "OID." + a.Type.String()
			}
			parts = append(parts, keyword+"="+quoted(fmt.Sprint(a.Value)))
		}
		relative = append(relative, strings.Join(parts, " + "))
	}
	return strings.Join(relative, ", ")
}

// quoted puts a value between quotes when it has a special character, or space at an end or twice in a row.
func quoted(value string) string {
	if !strings.ContainsAny(value, ",+=\n<>#;\\\"") && strings.Trim(value, " ") == value && !strings.Contains(value, "  ") {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}
