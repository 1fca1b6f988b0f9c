package identity

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"

	"relais/sync/ehealth/trust"
)

// ErrHolder: the subject of the certificate does not say whose it is in the way of the eHealth platform.
var ErrHolder = errors.New("the certificate does not name its holder as an eHealth certificate does")

// Holder is whose certificate it is, by its subject (trust.Stated). The check digits are for the caller.
type Holder struct {
	Type        string // SSIN of a person; CBE, NIHII, NIHII-PHARMACY, … of an organisation
	Number      string
	Name        string // "" when it is not stated
	Application string // of an organisation with several certificates, else ""
}

// SSIN is the national number of a person, "" of an organisation.
func (h Holder) SSIN() string { return h.number("SSIN") }

// NIHII is the INAMI/RIZIV number where the certificate is one for it, else "". That of a doctor with a personal
// certificate is not in it: the session (STS) tells it.
func (h Holder) NIHII() string {
	if strings.HasPrefix(h.Type, "NIHII") {
		return h.Number
	}
	return ""
}

func (h Holder) number(kind string) string {
	if h.Type == kind {
		return h.Number
	}
	return ""
}

// Format prints nothing of the holder, whatever the verb.
func (h Holder) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Holder(redacted)") }

// Holder tells whose the signing certificate is: ErrNoSigner, ErrHolder.
func (id *Identity) Holder() (Holder, error) {
	if id.signing.Key == nil {
		return Holder{}, ErrNoSigner
	}
	return holder(id.signing.Chain[0])
}

// platform is the unit under which all eHealth certificates stand.
const platform = "eHealth-platform Belgium"

func holder(c *x509.Certificate) (Holder, error) {
	var h Holder
	units, names := trust.Stated(c)
	if len(names) != 1 {
		return Holder{}, fmt.Errorf("%w: %d common names", ErrHolder, len(names))
	}
	identifier, application, _ := strings.Cut(names[0], ",")
	if h.Type, h.Number, _ = strings.Cut(strings.TrimSpace(identifier), "="); h.Type == "" || h.Number == "" {
		return Holder{}, fmt.Errorf("%w: no number in the common name", ErrHolder)
	}
	h.Application = strings.TrimSpace(application)
	stated := false // a second time, as a unit
	for _, u := range units {
		switch {
		case u == h.Type+"="+h.Number:
			stated = true
		case u != platform && u != h.Application && !strings.Contains(u, "="):
			h.Name = u
		}
	}
	if !stated {
		return Holder{}, fmt.Errorf("%w: number and common name differ", ErrHolder)
	}
	return h, nil
}
