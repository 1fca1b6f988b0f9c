package etk

import (
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"relais/sync/ehealth/trust"
	"relais/sync/ehealth/xmldsig"
)

// Identifier names a holder: a person, an organisation or one of its applications.
type Identifier struct {
	Type        string // CBE (10 digits), SSIN (11), NIHII, NIHII-PHARMACY (8), NIHII-HOSPITAL …
	Value       string
	Application string // of an organisation with several certificates, "" for its default
}

// Key names the holder in a cache.
func (id Identifier) Key() string { return id.Type + "=" + id.Value + "," + id.Application }

// Format prints the type alone, whatever the verb.
func (id Identifier) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, id.shown()) }

// LogValue is what Format prints.
func (id Identifier) LogValue() slog.Value { return slog.StringValue(id.shown()) }

func (id Identifier) shown() string { return "Identifier(" + id.Type + " …)" }

// Names tells whether the subject of an eHealth certificate (trust.Stated) is that of the identifier. Type and number must
// stand there as common name and as unit. An application that was asked for must stand there too; an
// identifier without one accepts whichever is the holder's default.
func (id Identifier) Names(c *x509.Certificate) bool {
	units, names := trust.Stated(c)
	if id.Type == "" || id.Value == "" || len(names) != 1 {
		return false
	}
	number := id.Type + "=" + id.Value
	name, application, _ := strings.Cut(names[0], ",")
	if strings.TrimSpace(name) != number || !slices.Contains(units, number) {
		return false
	}
	return id.Application == "" || strings.TrimSpace(application) == id.Application ||
		strings.TrimSpace(application) == "" && slices.Contains(units, id.Application)
}

// Namespaces of the depot's messages.
const (
	nsDepot   = "urn:be:fgov:ehealth:etkdepot:1_0:protocol"
	nsCommons = "urn:be:fgov:ehealth:commons:1_0:core"
)

// request makes a GetEtkRequest. ApplicationID is written even when it is empty, as the connectors do.
func request(id Identifier) ([]byte, error) {
	doc := etree.NewDocument()
	root := doc.CreateElement("GetEtkRequest")
	root.CreateAttr("xmlns", nsDepot)
	identifier := root.CreateElement("SearchCriteria").CreateElement("Identifier")
	identifier.CreateElement("Type").SetText(id.Type)
	identifier.CreateElement("Value").SetText(id.Value)
	identifier.CreateElement("ApplicationID").SetText(id.Application)
	return xmldsig.Text(doc)
}

// success is the code of an answer that holds a token.
const success = "200"

// read gives the bytes of the token in a GetEtkResponse: status, then a token, a choice of holders, or errors.
func read(response *etree.Element) ([]byte, error) {
	if !xmldsig.Is(response, nsDepot, "GetEtkResponse") {
		return nil, &DepotError{Reason: NotReadable}
	}
	var code string
	var tokens, choices, refusals []*etree.Element
	for _, el := range response.ChildElements() {
		switch {
		case xmldsig.Is(el, nsCommons, "Status"):
			code = textOf(el, "Code")
		case xmldsig.Is(el, nsDepot, "ETK"):
			tokens = append(tokens, el)
		case xmldsig.Is(el, nsDepot, "MatchingEtk"):
			choices = append(choices, el)
		case xmldsig.Is(el, nsDepot, "Error"):
			refusals = append(refusals, el)
		}
	}
	switch {
	case len(refusals) > 0:
		return nil, refusal(textOf(refusals[0], "Code"))
	case len(choices) > 0:
		return nil, &DepotError{Reason: Ambiguous}
	case code == "":
		return nil, &DepotError{Reason: NotReadable}
	case code != success:
		return nil, refusal(code)
	case len(tokens) != 1:
		return nil, &DepotError{Reason: NotReadable}
	}
	bytes, err := xmldsig.Base64(tokens[0])
	if err != nil {
		return nil, &DepotError{Reason: NotReadable, cause: err}
	}
	return bytes, nil
}

func refusal(code string) *DepotError {
	reason, known := reasons[code]
	if !known {
		reason = Refused
	}
	return &DepotError{Reason: reason, Code: code}
}

// textOf gives the trimmed text of the first child with a local name: whether it has a namespace differs between schemas.
func textOf(el *etree.Element, local string) string {
	for _, c := range el.ChildElements() {
		if c.Tag == local {
			return strings.TrimSpace(c.Text())
		}
	}
	return ""
}
