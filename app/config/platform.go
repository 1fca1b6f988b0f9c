package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"relais/app/rx"
)

// AtPlatform says in a profile file that its services are where "platform" says.
const AtPlatform = "platform"

// Codes of a platform in a file.
const (
	CodePlatformInside rx.Code = "profile-inside"       // the services are simulated inside the program: they have no addresses
	CodeAddress        rx.Code = "profile-address"      // no https address; http on this computer alone
	CodeBeyond         rx.Code = "profile-beyond"       // it leaves this computer, and the file does not say that it may
	CodeAnchors        rx.Code = "profile-anchors"      // not six sets of certificates in PEM
	CodeAnchorsLack    rx.Code = "profile-anchors-lack" // some of the six sets are not there (lacks)
	CodeWordForm       rx.Code = "profile-word"         // of a vendor or a version: letters, digits, ".", "_" and "-" only
)

// Platform is where services are that are not simulated inside the program, and what is said to them.
type Platform struct {
	Endpoints Endpoints `json:"endpoints"`
	Beyond    bool      `json:"beyond_this_computer,omitempty"` // else each address is one of this computer itself

	// Whom to trust: six sets of certificates in PEM by their purpose (Purposes), or the directory with a file PURPOSE.pem
	// for each, which is read when a data directory is made.
	Anchors       map[string]string `json:"anchors,omitempty"`
	AnchorsFrom   string            `json:"anchors_directory,omitempty"`
	SimulatedMark bool              `json:"simulated_certificates,omitempty"` // they bear the mark of `relais simulate`

	Recipe *Identifier `json:"recipe,omitempty"` // Recip-e at the ETK depot; absent: as everywhere

	STSForm             string `json:"sts_form,omitempty"`             // "ws-trust", "saml-p"
	STSSubject          string `json:"sts_subject,omitempty"`          // of the certificate that signs sessions; "": any below the anchors
	Signature           string `json:"signature,omitempty"`            // "rsa-sha256", "rsa-sha1"
	PrescriptionVersion string `json:"prescription_version,omitempty"` // "kmehr_1.29"
	FeedbackRead        bool   `json:"feedback_read,omitempty"`        // feedback that is kept by itself is asked for again with the read flag
	Vendor              string `json:"vendor,omitempty"`               // before the version, of the program to the services
}

// Endpoints are addresses.
type Endpoints struct {
	STS         string `json:"sts"`
	ETK         string `json:"etk"`
	KGSS        string `json:"kgss"`
	Prescriber  string `json:"prescriber"`
	ServiceList string `json:"service_list,omitempty"`
}

// Identifier is a holder of an encryption token.
type Identifier struct {
	Type        string `json:"type"`
	Value       string `json:"value"`
	Application string `json:"application,omitempty"`
}

// What a platform may be told in.
const (
	WSTrust = "ws-trust"
	SAMLP   = "saml-p"
	SHA256  = "rsa-sha256"
	SHA1    = "rsa-sha1"
)

// Purposes are the six sets of anchors.
var Purposes = []string{"tls", "sts", "etk", "kgss", "recipe", "service-list"}

var (
	versionForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,32}$`)
	holderForm  = regexp.MustCompile(`^[A-Za-z0-9-]{1,40}$`)
)

// complete checks a platform and fills in what it leaves open; each fault has its JSON path.
func (p Platform) complete() (Platform, rx.Faults) {
	var faults rx.Faults
	for _, a := range []struct{ name, value string }{
		{"sts", p.Endpoints.STS}, {"etk", p.Endpoints.ETK}, {"kgss", p.Endpoints.KGSS}, {"prescriber", p.Endpoints.Prescriber},
		{"service_list", p.Endpoints.ServiceList},
	} {
		if fault := p.address(a.value, a.name == "service_list"); fault != nil {
			faults = append(faults, fault.At("$.platform.endpoints."+a.name))
		}
	}
	lacks := slices.DeleteFunc(slices.Clone(Purposes), func(purpose string) bool { return p.Anchors[purpose] != "" })
	switch {
	case len(lacks) > 0:
		faults = append(faults, rx.Fault(CodeAnchorsLack, "lacks", strings.Join(lacks, ", ")).At("$.platform.anchors"))
	case len(p.Anchors) > len(Purposes):
		faults = append(faults, rx.Fault(CodeAnchors).At("$.platform.anchors"))
	}
	p.AnchorsFrom = ""
	if r := p.Recipe; r != nil && (!holderForm.MatchString(r.Type) || !holderForm.MatchString(r.Value) || r.Application != "" && !holderForm.MatchString(r.Application)) {
		faults = append(faults, rx.Fault(rx.CodeNotInList, "list", "CBE, NIHII").At("$.platform.recipe"))
	}
	for _, c := range []struct {
		field string
		value *string
		words []string // the first when nothing is said
	}{{"sts_form", &p.STSForm, []string{WSTrust, SAMLP}}, {"signature", &p.Signature, []string{SHA256, SHA1}}} {
		if *c.value == "" {
			*c.value = c.words[0]
		}
		if !slices.Contains(c.words, *c.value) {
			faults = append(faults, rx.Fault(rx.CodeNotInList, "list", strings.Join(c.words, ", ")).At("$.platform."+c.field))
		}
	}
	if p.PrescriptionVersion == "" {
		p.PrescriptionVersion = "kmehr_1.29"
	}
	for _, word := range []struct{ field, value string }{{"prescription_version", p.PrescriptionVersion}, {"vendor", p.Vendor}} {
		if word.value != "" && !versionForm.MatchString(word.value) {
			faults = append(faults, rx.Fault(CodeWordForm).At("$.platform."+word.field))
		}
	}
	return p, faults
}

// Allows tells whether an address that the services name may be called.
func (p Platform) Allows(url string) bool { return p.address(url, false) == nil }

// address checks one; nil when it may be called.
func (p Platform) address(text string, optional bool) *rx.Error {
	if text == "" {
		if optional {
			return nil
		}
		return rx.Fault(rx.CodeMissing)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return rx.Fault(CodeAddress)
	}
	here := u.Hostname() == "localhost"
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		here = ip.IsLoopback()
	}
	switch {
	case !here && !p.Beyond:
		return rx.Fault(CodeBeyond)
	case !here && u.Scheme != "https":
		return rx.Fault(CodeAddress)
	}
	return nil
}
