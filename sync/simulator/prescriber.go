package simulator

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/beevik/etree"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/wire"
	"relais/sync/simulator/world"
)

const nsRecipe = "urn:be:fgov:ehealth:recipe:protocol:v4"

// operationOf gives the operation of the world that the content of a message asks for, "" when it is none of rx.Ops.
func operationOf(content *etree.Element) rx.Op {
	if xmldsig.Is(content, nsKGSS, "GetNewKeyRequest") {
		return rx.OpNewKey
	}
	op, known := wire.OperationOf(content.Tag)
	if !known || !xmldsig.Is(content, nsRecipe, content.Tag) {
		return ""
	}
	return operations[op.Name].op
}

// requestShape is that of the request of an operation (recipe protocol §1.4, §1.5).
func requestShape(op wire.Operation) shape {
	parts := []shape{once("", "Secured"+op.Element+"Request", elements, once("", "SecuredContent", octets))}
	info := []shape{once("", "PrescriptionVersion", word), once("", "ReferenceSourceVersion", word)}
	switch op {
	case wire.CreatePrescription:
		info = append(append([]shape{once("", "PrescriptionType", word)}, info...), once("", "KeyIdentifier", octets))
		parts = append(parts, once("", "AdministrativeInformation", elements, info...))
	case wire.PutVision:
		parts = append(parts, once("", "AdministrativeInformation", elements, info...).optional())
	}
	return once(nsRecipe, op.Element+"Request", elements, parts...).
		with(attribute{"Id", ncName, false}, attribute{"IssueInstant", dateTime, true}, attribute{"ProgramId", word, true})
}

var requestShapes = func() map[string]shape {
	shapes := map[string]shape{}
	for _, op := range wire.Operations {
		shapes[op.Name] = requestShape(op)
	}
	return shapes
}()

// prescriber is who calls Recip-e.
type prescriber struct {
	id    etk.Identifier
	nihii rx.NIHII
}

// asked is a request of Recip-e that passed the gate and was opened.
type asked struct {
	*call
	op       wire.Operation
	request  wire.Request
	plain    []byte // the parameter
	by       prescriber
	verified *soap.Verified
	symm     wire.SymmKey
}

// recipe is Recip-e's Prescriber V4.
func (s *Simulator) recipe(c *call) reply {
	verified, refused := c.authenticated(true)
	if verified == nil {
		return refused
	}
	op, known := wire.OperationOf(verified.Content.Tag)
	switch {
	case !known || !xmldsig.Is(verified.Content, nsRecipe, verified.Content.Tag):
		return c.fault(soaNotWSDL, "[no operation of the prescriber]")
	case !c.acts(op.Action()):
		return c.fault(soaNotWSDL, "[SOAPAction]")
	}
	if wrong := requestShapes[op.Name].fits(verified.Content); wrong != "" {
		return c.fault(soaNotSchema, "["+wrong+"]")
	}
	request, err := wire.ParseRequest(verified.Content)
	if err != nil {
		return c.fault(soaNotSchema, "["+err.Error()+"]")
	}
	by, ok := prescriberOf(verified.Assertion)
	if !ok {
		return c.fault(soaNotAllowed, "[the session certifies nobody who prescribes]")
	}
	if op == wire.PutVision && c.knobs.VisionNeedsInfo && request.Administrative == nil {
		return c.fault(soaNotSchema, "[AdministrativeInformation is missing]")
	}
	a := &asked{call: c, op: op, request: request, by: by, verified: verified}
	if c.fate.Protocol == world.Rotated {
		if err := c.pki.rotate(c.pki.recipe); err != nil {
			return c.fault(soaUnspecified, "")
		}
	}
	plain, verdict, why := c.unseal(c.pki.recipe, request.Secured)
	switch {
	case why != "":
		return a.outer(why)
	case !verdict.Certificate.Equal(verified.Certificate):
		return a.outer("the seal is not that of the session's holder")
	}
	a.plain = plain
	return operations[op.Name].perform(a)
}

// professions are those that prescribe (recipe protocol §4.1).
var professions = []sts.Profession{sts.Doctor, sts.Dentist, sts.Midwife}

// prescriberOf reads whose session it is: not ok when it certifies nobody who prescribes.
func prescriberOf(a *soap.Assertion) (p prescriber, ok bool) {
	if p.id, ok = identifierOf(a.Holder); !ok {
		return p, false
	}
	for _, profession := range professions {
		number, _ := profession.Number()
		for _, name := range []string{number.Name, "urn:be:fgov:person:ssin:ehealth:1.0:nihii:" + string(profession) + ":nihii11"} {
			for _, value := range valuesOf(a.Element, sts.Attribute{Namespace: certified, Name: name}) {
				if len(value) == 11 {
					p.nihii = rx.NIHII(value)
				}
			}
		}
	}
	return p, p.nihii != ""
}

// Codes of an outer status.
const (
	statusSuccess   = wire.Success
	statusRequester = "urn:be:fgov:ehealth:2.0:status:Requester"
	statusResponder = "urn:be:fgov:ehealth:2.0:status:Responder"
	statusSealed    = "urn:be:fgov:ehealth:2.0:status:RequestDenied"
)

// outer refuses by the platform's status, without a content.
func (a *asked) outer(why string) reply {
	return a.respond(wire.OuterStatus{Codes: []string{statusRequester, statusSealed}, Message: wire.Private(why)}, nil)
}

// outerRefused is the fault of that name.
func (s *Simulator) outerRefused(c *call) reply {
	op, known := wire.OperationOf(c.content().Tag)
	if !known {
		return c.fault(soaNotWSDL, "[no operation of the prescriber]")
	}
	a := &asked{call: c, op: op, request: wire.Request{ID: c.content().SelectAttrValue("Id", "")}}
	return a.respond(wire.OuterStatus{Codes: []string{statusResponder}, Message: "refused by the fault plan"}, nil)
}

func (a *asked) respond(status wire.OuterStatus, secured []byte) reply {
	r := wire.Response{
		Operation: a.op, ID: a.id("id"), InResponseTo: a.request.ID, IssueInstant: wire.DateTime{Time: a.now()}, Status: status, Secured: secured,
	}
	return a.envelop(r.Encode())
}

// result answers with a result under the key of the call.
func (a *asked) result(result any) reply {
	plain, err := a.op.EncodeResult(result)
	if err != nil {
		return a.fault(soaUnspecified, "")
	}
	key := a.symm
	if a.fate.Protocol == world.WrongKey {
		key[0] ^= 0x80
		key[9] ^= 0x80
	}
	return a.respond(wire.OuterStatus{Codes: []string{statusSuccess}}, key.Encrypt(plain))
}

// through lets the world perform an operation in the time that its fate takes. heard is false when no answer comes back.
func (c *call) through(operation rx.Call, by rx.NIHII) (answer world.Answer, heard bool) {
	if c.knobs.ForeignRIDs && (operation.Op == rx.OpGet || operation.Op == rx.OpRevoke || operation.Op == rx.OpStatus) {
		by = ""
	}
	ticket, err := c.world.Dispatch(operation, by, c.fate, c.started)
	if err != nil {
		return answer, false
	}
	if limit := time.Duration(c.knobs.GatewayTimeout); limit > 0 && c.fate.End > limit && c.sleep(limit) {
		answer.Result, answer.Why = rx.Unanswered, whyGateway
		return answer, true
	}
	if !c.sleep(c.fate.End) || c.fate.Ends != world.Answers {
		return answer, false
	}
	answer = c.world.Collect(ticket, c.clock.Now())
	return answer, answer.OK() || answer.Result == rx.ResultRefused || answer.Why == soaNotKnown
}

// whyGateway: the gateway did not wait for the service.
const whyGateway = "gateway-timeout"

// ask lets the world perform an operation; not ok: the reply says what came instead.
func (a *asked) ask(operation rx.Call, refusal func(wire.Outcome) any) (answer world.Answer, instead reply, ok bool) {
	answer, heard := a.through(operation, a.by.nihii)
	switch {
	case !heard:
		return answer, reply{}, false
	case answer.Why == soaNotKnown:
		return answer, a.fault(soaNotKnown, "[TIMESTAMP_EXPIRED]"), false
	case answer.Why == whyGateway:
		return answer, a.fault(soaBusy, ""), false
	case !answer.OK():
		return answer, a.refuse(answer.Problem, refusal), false
	}
	return answer, reply{}, true
}

// refuse says no in Recip-e's name, in the way of the knob. refusal puts the outcome into the result of the operation.
func (a *asked) refuse(p *rx.Problem, refusal func(wire.Outcome) any) reply {
	status := wire.Status{Code: wire.Failed, MessageCode: "error.simulation." + strings.ToLower(p.Code)}
	for _, lang := range []rx.Lang{rx.FR, rx.NL, rx.EN, rx.DE} {
		if text := p.Messages[lang]; text != "" {
			status.Messages = append(status.Messages, wire.Message{Language: strings.ToUpper(string(lang)), Text: wire.Private(text)})
		}
	}
	switch a.knobs.Refusals {
	case RefusedOutside:
		return a.respond(wire.OuterStatus{Codes: []string{statusRequester}, Message: wire.Private(p.Messages[rx.EN])}, nil)
	case RefusedByFault:
		f := soap.Fault{Code: "Server", String: p.Code, SOA: p.Code, Business: true, Ticket: a.id("sim-"), Origin: "Provider", Environment: "Simulation", Messages: map[string]string{}}
		for lang, text := range p.Messages {
			f.Messages[string(lang)] = text
		}
		return written(http.StatusInternalServerError, f)
	}
	return a.result(refusal(wire.Outcome{Status: status}))
}

// versions of messages that are in use (recipe protocol §7, line 3).
var versions = regexp.MustCompile(`^(1\.28|kmehr_1\.[0-9]{2})$`)

// fits tells what is wrong with a parameter besides what the world judges; nil when nothing is.
func (a *asked) fits(p wire.Party) *rx.Problem {
	if p.PrescriberID != "" && string(p.PrescriberID) != string(a.by.nihii) && !a.knobs.AnyPrescriberID {
		return otherPrescriber
	}
	if p.PatientID != "" {
		if _, err := rx.ParseSSIN(string(p.PatientID)); err != nil {
			return patientWrong
		}
	}
	info := a.request.Administrative
	if info != nil && !a.knobs.AnyVersion && !versions.MatchString(info.PrescriptionVersion) {
		return versionWrong
	}
	return nil
}

// What this package refuses besides the world, in the same form: numbers that begin with 91 are of the simulation alone.
var (
	otherPrescriber = world.Refusal("ERR910002", "Le prescripteur n'est pas celui de la session.", "De voorschrijver is niet die van de sessie.", "Der Verschreiber ist nicht der der Sitzung.", "The prescriber is not that of the session.")
	patientWrong    = world.Refusal("ERR910003", "Le numéro du patient n'est pas valide.", "Het nummer van de patiënt is niet geldig.", "Die Nummer des Patienten ist nicht gültig.", "The patient's number is not valid.")
	versionWrong    = world.Refusal("ERR910004", "La version de la prescription n'est pas connue.", "De versie van het voorschrift is niet gekend.", "Die Version der Verschreibung ist nicht bekannt.", "The version of the prescription is not known.")
	typesDiffer     = world.Refusal("ERR910005", "Le type diffère de celui des informations administratives.", "Het type verschilt van dat in de administratieve gegevens.", "Der Typ weicht von dem der Verwaltungsangaben ab.", "The type differs from that of the administrative information.")
	keysDiffer      = world.Refusal("ERR910006", "La clé diffère de celle des informations administratives.", "De sleutel verschilt van die in de administratieve gegevens.", "Der Schlüssel weicht von dem der Verwaltungsangaben ab.", "The key differs from that of the administrative information.")
	expiryForm      = world.Refusal("ERR910007", "La date de fin n'est pas de la forme aaaa-mm-jj.", "De einddatum heeft niet de vorm jjjj-mm-dd.", "Das Enddatum hat nicht die Form jjjj-mm-tt.", "The expiry date has not the form yyyy-mm-dd.")
	visionForm      = world.Refusal("ERR910008", "La visibilité n'est pas connue.", "De zichtbaarheid is niet gekend.", "Die Sichtbarkeit ist nicht bekannt.", "The visibility is not known.")
	ridForm         = world.Refusal("ERR910009", "Le RID n'a pas la bonne forme.", "De RID heeft niet de juiste vorm.", "Die RID hat nicht die richtige Form.", "The RID has not its form.")
	reasonMissing   = world.Refusal("ERR910010", "Le motif manque.", "De reden ontbreekt.", "Der Grund fehlt.", "The reason is missing.")
	pharmacyUnknown = world.Refusal("ERR910011", "La pharmacie n'est pas connue.", "De apotheek is niet gekend.", "Die Apotheke ist nicht bekannt.", "The pharmacy is not known.")
	tokenMissing    = world.Refusal("ERR910012", "Le prescripteur n'a pas de jeton de chiffrement.", "De voorschrijver heeft geen encryptietoken.", "Der Verschreiber hat kein Verschlüsselungstoken.", "The prescriber has no encryption token.")
)

// visibilityOf reads a vision of a prescriber (recipe protocol §1.6, §7 line 15): in any case of its letters.
func visibilityOf(vision string) (rx.Visibility, bool) {
	switch strings.ToLower(vision) {
	case "", "null":
		return rx.Open, true
	case "locked":
		return rx.Locked, true
	}
	return "", false
}
