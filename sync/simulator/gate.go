package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/soap"
	"relais/sync/simulator/world"
)

// SOA codes of the platform's gate (recipe protocol §6.1).
const (
	soaUnspecified   = "SOA-00001"
	soaNotKnown      = "SOA-01001" // token, signature, clock
	soaNotAllowed    = "SOA-01002"
	soaUnavailable   = "SOA-02001"
	soaBusy          = "SOA-02002"
	soaMalformed     = "SOA-03001"
	soaNotSOAP       = "SOA-03002"
	soaNoBody        = "SOA-03003"
	soaNotWSI        = "SOA-03004"
	soaNotWSDL       = "SOA-03005"
	soaNotSchema     = "SOA-03006"
	soaContentNotFit = "SOA-03007"
)

// gateFaults tells of each code whose fault it is and what it says.
var gateFaults = map[string]struct {
	consumer       bool
	again          bool
	fr, nl, de, en string
}{
	soaUnspecified:   {false, false, "Erreur de service non spécifiée.", "Niet nader bepaalde fout van de dienst.", "Nicht näher bestimmter Fehler des Dienstes.", "Unspecified service error."},
	soaNotKnown:      {true, false, "L'appelant n'est pas authentifié.", "De oproeper is niet geauthenticeerd.", "Der Aufrufer ist nicht authentifiziert.", "Service call not authenticated."},
	soaNotAllowed:    {true, false, "L'appelant n'est pas autorisé.", "De oproeper is niet gemachtigd.", "Der Aufrufer ist nicht berechtigt.", "Service call not authorized."},
	soaUnavailable:   {false, false, "Le service n'est pas disponible.", "De dienst is niet beschikbaar.", "Der Dienst ist nicht verfügbar.", "Service is not available."},
	soaBusy:          {false, true, "Le service n'est temporairement pas disponible.", "De dienst is tijdelijk niet beschikbaar.", "Der Dienst ist vorübergehend nicht verfügbar.", "Service temporarily not available. Please try later."},
	soaMalformed:     {true, false, "Le message est mal formé.", "Het bericht is slecht gevormd.", "Die Nachricht ist fehlerhaft.", "Malformed message."},
	soaNotSOAP:       {true, false, "Le message n'est pas du SOAP.", "Het bericht is geen SOAP.", "Die Nachricht ist kein SOAP.", "Message must be SOAP."},
	soaNoBody:        {true, false, "Le message n'a pas de Body.", "Het bericht heeft geen Body.", "Die Nachricht hat keinen Body.", "Message must contain SOAP body."},
	soaNotWSI:        {true, false, "Le message ne suit pas WS-I.", "Het bericht volgt WS-I niet.", "Die Nachricht folgt WS-I nicht.", "WS-I compliance failure."},
	soaNotWSDL:       {true, false, "Le message ne suit pas le WSDL.", "Het bericht volgt de WSDL niet.", "Die Nachricht folgt der WSDL nicht.", "WSDL compliance failure."},
	soaNotSchema:     {true, false, "Le message ne suit pas le schéma.", "Het bericht volgt het schema niet.", "Die Nachricht folgt dem Schema nicht.", "XSD compliance failure."},
	soaContentNotFit: {true, false, "Le contenu du message n'est pas valide.", "De inhoud van het bericht is niet geldig.", "Der Inhalt der Nachricht ist nicht gültig.", "Message content validation failure."},
}

// fault is a SOAP fault of the platform. detail says to engineers what is wrong; it holds nothing of the message.
func (c *call) fault(code, detail string) reply {
	said := gateFaults[code]
	f := soap.Fault{
		Code: "Server", String: code, SOA: code, Ticket: c.id("sim-"), Origin: "Provider", Environment: "Simulation", Retry: &said.again,
		Messages: map[string]string{"fr": said.fr, "nl": said.nl, "de": said.de, "en": said.en},
	}
	if said.consumer {
		f.Code, f.Origin = "Client", "Consumer"
	}
	if detail != "" {
		f.Messages["en"] += " " + detail
	}
	return written(http.StatusInternalServerError, f)
}

func written(status int, f soap.Fault) reply {
	text, err := soap.WriteFault(f)
	if err != nil {
		return reply{}
	}
	return reply{status: status, body: text}
}

// malformed is the fault for what is no message at all.
func (c *call) malformed(err error) reply {
	code := soaMalformed
	if errors.Is(err, soap.ErrEnvelope) {
		code = soaNotSOAP
	}
	return c.fault(code, err.Error())
}

// envelop answers with the content of a SOAP body: one element, as xmldsig.Text writes it.
func (c *call) envelop(content []byte, err error) reply {
	if err != nil {
		return c.fault(soaUnspecified, "")
	}
	const before = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header/><soapenv:Body>`
	const after = `</soapenv:Body></soapenv:Envelope>`
	return reply{status: http.StatusOK, body: slices.Concat([]byte(before), content, []byte(after))}
}

// authenticated judges the security of a message: by certificate, or with a token of our STS. The reply is the fault, its
// status 0 when there is none.
func (c *call) authenticated(token bool) (*soap.Verified, reply) {
	if c.fate.Protocol == world.TokenExpired && token {
		return nil, c.fault(soaNotKnown, "[TOKEN_EXPIRED]")
	}
	v := c.verify
	v.Clock, v.BodyAlone = c.now, c.service == rx.KGSS
	verified, verdict := v.Judge(c.message)
	switch {
	case !verdict.Accepted:
		return nil, c.fault(soaNotKnown, fmt.Sprint(verdict.Errors))
	case token && verified.Assertion == nil:
		return nil, c.fault(soaNotKnown, "[a token of the STS is due]")
	case !token && verified.Assertion != nil:
		return nil, c.fault(soaNotKnown, "[a certificate is due, no token]")
	}
	return verified, reply{}
}

// acts checks SOAPAction. Services that take none are given none or any.
func (c *call) acts(action string) bool {
	given := c.action
	if !c.knobs.ExactAction {
		lower := func(s string) string {
			at := strings.LastIndex(s, ":") + 1
			return s[:at] + strings.ToLower(s[at:min(at+1, len(s))]) + s[min(at+1, len(s)):]
		}
		given, action = lower(given), lower(action)
	}
	return given == action
}

// unseal opens what was sealed for a service. The text says to engineers why it was not opened.
func (c *call) unseal(h *Holder, sealed []byte) (plain []byte, verdict etee.Verdict, why string) {
	c.pki.mu.Lock()
	keys := h.Decryption
	c.pki.mu.Unlock()
	if !c.knobs.OldKeys {
		keys = keys[:1]
	}
	u := etee.Unsealer{Keys: keys, Anchors: c.clients, Clock: c.now, Rand: c.rand}
	if c.knobs.EIDSeals {
		u.Policies = []etee.Policy{etee.EHealthCertificate, etee.EID}
	}
	plain, verdict = u.Unseal(sealed)
	if !verdict.Accepted {
		return nil, verdict, fmt.Sprint(verdict.Errors)
	}
	if old := verdict.SigningTime; !c.knobs.OldSeals && c.now().Sub(old) > oldSeal {
		return nil, verdict, "[" + string(etee.SigningTimeExpired) + "]"
	}
	return plain, verdict, ""
}

// oldSeal is the age of a seal at which the eHealth library begins to warn: five minutes, and five between two clocks. One
// that does not say its time is as old as can be.
const oldSeal = 10 * time.Minute
