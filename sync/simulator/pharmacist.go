package simulator

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/beevik/etree"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/kmehr"
	"relais/sync/recipe/wire"
	"relais/sync/simulator/world"
)

// Dispensed is what a pharmacist sees of a prescription.
type Dispensed struct {
	RID        rx.RID        `json:"rid"`
	Status     rx.Status     `json:"status"`
	Type       string        `json:"type"`
	Created    time.Time     `json:"created"`
	Expires    rx.Date       `json:"expires"`
	Visibility rx.Visibility `json:"visibility"`
	Message    string        `json:"message,omitempty"` // KMEHR; absent when it cannot be read
	Valid      bool          `json:"valid"`             // read, and nothing wrong with it
	Errors     []string      `json:"errors"`            // why it cannot be read, or what Recip-e's rules find
}

// Format prints nothing of it, whatever the verb.
func (Dispensed) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("Dispensed(…)")) }

// Dispense is the pharmacist opening a prescription by its RID: it goes in process when it is still open, and its content is
// read as a pharmacist reads it, with a session of the pharmacy and the key that the KGSS gives to it.
func (s *Simulator) Dispense(rid rx.RID) (Dispensed, error) {
	if err := s.world.Act(world.Take, rid, s.clock.Now()); err != nil && rx.CodeOf(err) != world.CodeStatus {
		return Dispensed{}, err
	}
	return s.Look(rid)
}

// Look is Dispense without taking it in process.
func (s *Simulator) Look(rid rx.RID) (Dispensed, error) {
	r, err := s.world.Record(rid, s.clock.Now())
	if err != nil {
		return Dispensed{}, err
	}
	d := Dispensed{
		RID: r.RID, Status: r.StatusAt(s.now()), Type: r.Type, Created: r.Created, Expires: r.Expires, Visibility: r.Visibility, Errors: []string{},
	}
	message, err := s.dispensedContent(&r)
	if err != nil {
		d.Errors = append(d.Errors, err.Error())
		return d, nil
	}
	d.Message = string(message)
	for _, fault := range kmehr.Validate(message, r.Type, r.Expires) {
		d.Errors = append(d.Errors, fault.Error())
	}
	if reading, err := kmehr.Read(message); err == nil && reading.Patient.SSIN != string(r.Patient) {
		d.Errors = append(d.Errors, "simulator: the message is of another patient than the prescription")
	}
	d.Valid = len(d.Errors) == 0
	return d, nil
}

// now is the server's clock.
func (s *Simulator) now() time.Time { return s.clock.Now().Add(s.offset()) }

// errUnsealed: the content stands in the world as it is.
var errUnsealed = errors.New("the content is not sealed: it came through no door of the protocol")

func (s *Simulator) dispensedContent(r *world.Record) ([]byte, error) {
	if unsealed(r) {
		return nil, errUnsealed
	}
	secret, err := s.pharmacyKey(r.Key)
	if err != nil {
		return nil, err
	}
	return s.unpack(rx.Key{ID: r.Key, Secret: secret}, r.Content, s.now)
}

// unpack opens the content of a prescription with its key.
func (s *Simulator) unpack(key rx.Key, sealed []byte, clock func() time.Time) ([]byte, error) {
	kek, err := kekOf(key)
	if err != nil {
		return nil, err
	}
	packed, verdict := etee.Unsealer{KEK: kek, Anchors: s.clients, Clock: clock, Rand: s.rand}.Unseal(sealed)
	if !verdict.Accepted {
		return nil, fmt.Errorf("simulator: the content cannot be opened: %v", verdict.Errors)
	}
	return wire.Unpack(packed)
}

// pharmacyKey gets a key as the pharmacy does: a session at the STS, then GetKey at the KGSS.
func (s *Simulator) pharmacyKey(id rx.KeyID) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(string(id))
	if err != nil {
		return nil, err
	}
	token, err := s.pharmacyToken()
	if err != nil {
		return nil, err
	}
	pharmacy := s.pki.Pharmacy()
	doc := etree.NewDocument()
	root := doc.CreateElement("GetKeyRequestContent")
	root.CreateAttr("xmlns", nsKGSS)
	root.CreateElement("KeyIdentifier").SetText(base64.StdEncoding.EncodeToString(raw))
	root.CreateElement("ETK").SetText(base64.StdEncoding.EncodeToString(pharmacy.ETK))
	plain, err := xmldsig.Text(doc)
	if err != nil {
		return nil, err
	}
	c := &call{Simulator: s, offset: s.offset()}
	sealed, err := c.seal(&pharmacy, plain, etee.Recipients{Known: certificates(s.encryptionOf(KGSSID))})
	if err != nil {
		return nil, err
	}
	body := fmt.Appendf(nil, `<GetKeyRequest xmlns="%s"><SealedKeyRequest><SealedContent>%s</SealedContent></SealedKeyRequest></GetKeyRequest>`,
		nsKGSS, base64.StdEncoding.EncodeToString(sealed))
	answer, err := s.within(pathKGSS, "", body, soap.SAML{Key: pharmacy.Signing.Key, Assertion: token})
	if err != nil {
		return nil, err
	}
	if refusal := child(answer, "", "Error"); refusal != nil {
		return nil, fmt.Errorf("simulator: the KGSS refuses the pharmacy: %s", textOf(refusal, "Code"))
	}
	content, err := xmldsig.Base64(orNone(child(child(answer, nsKGSS, "SealedKeyResponse"), nsKGSS, "SealedContent")))
	if err != nil {
		return nil, err
	}
	opened, verdict := etee.Unsealer{Keys: pharmacy.Decryption, Anchors: s.clients, Clock: s.now, Rand: s.rand}.Unseal(content)
	if !verdict.Accepted {
		return nil, fmt.Errorf("simulator: the answer of the KGSS cannot be opened: %v", verdict.Errors)
	}
	inner, err := xmldsig.Parse(opened, xmldsig.Limits{})
	if err != nil {
		return nil, err
	}
	return xmldsig.Base64(orNone(child(inner.Root(), nsKGSS, "Key")))
}

// pharmacyToken opens a session of the pharmacy.
func (s *Simulator) pharmacyToken() ([]byte, error) {
	pharmacy := s.pki.Pharmacy()
	now := s.now()
	claims := ""
	for _, a := range []sts.Attribute{pharmacyHolder, pharmacyNumber, pharmacyRecognised} {
		value := ""
		if a.Namespace == identification {
			value = "<auth:Value>" + pharmacy.ID.Value + "</auth:Value>"
		}
		claims += `<auth:ClaimType Uri="` + a.Name + `">` + value + `</auth:ClaimType>`
	}
	body := fmt.Appendf(nil, `<wst:RequestSecurityToken xmlns:wst="%s" xmlns:auth="%s" xmlns:wsu="%s" xmlns:wsse="%s" xmlns:ds="%s" Context="%s">`+
		`<wst:TokenType>%s</wst:TokenType><wst:RequestType>%s/Issue</wst:RequestType><wst:Claims Dialect="%s/authclaims">%s</wst:Claims>`+
		`<wst:Lifetime><wsu:Created>%s</wsu:Created><wsu:Expires>%s</wsu:Expires></wst:Lifetime><wst:KeyType>%s</wst:KeyType>`+
		`<wst:UseKey><wsse:SecurityTokenReference><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></wsse:SecurityTokenReference></wst:UseKey>`+
		`</wst:RequestSecurityToken>`,
		nsTrust, nsAuth, nsWSU, nsWSSE, nsDS, s.id("_"), typeSAML11, nsTrust, nsAuth, claims, instant(now), instant(now.Add(time.Hour)), keyPublic,
		base64.StdEncoding.EncodeToString(pharmacy.Signing.Chain[0].Raw))
	answer, err := s.within(pathSTS, wsTrustForm.action, body, soap.X509{Key: pharmacy.Signing.Key, Certificate: pharmacy.Signing.Chain[0]})
	if err != nil {
		return nil, err
	}
	response := child(answer, nsTrust, "RequestSecurityTokenResponse")
	assertion := child(child(response, nsTrust, "RequestedSecurityToken"), nsSAML, "Assertion")
	if assertion == nil {
		return nil, errors.New("simulator: the STS gives the pharmacy no token")
	}
	return xmldsig.Standalone(assertion)
}

// within sends a message to a service of this simulator, beside its faults.
func (s *Simulator) within(path, action string, body []byte, security soap.Security) (*etree.Element, error) {
	text, err := soap.Signer{Security: security, Clock: s.now, Limits: xmldsig.Limits{Bytes: maxRequest}}.Build(body)
	if err != nil {
		return nil, err
	}
	sv := s.services[path]
	c := &call{Simulator: s, service: sv.name, action: action, text: text, started: s.clock.Now(), offset: s.offset(), played: true}
	if c.message, err = soap.Read(text, xmldsig.Limits{Bytes: maxRequest}); err != nil {
		return nil, err
	}
	answer := sv.answer(c)
	message, err := soap.Read(answer.body, xmldsig.Limits{Bytes: maxRequest})
	switch {
	case err != nil:
		return nil, err
	case message.Fault != nil:
		return nil, fmt.Errorf("simulator: %s answers %s", sv.name, message.Fault.SOA)
	}
	return message.Content, nil
}

// pharmacistSide and patientSide are the two sides as plain JSON.
func (s *Simulator) pharmacistSide(mux *http.ServeMux) {
	handle(mux, "POST "+pathPharmacist+"/open", func(q struct {
		RID  rx.RID  `json:"rid"`
		SSIN rx.SSIN `json:"ssin"`
	}) (any, error) {
		rids := []rx.RID{q.RID}
		if q.RID == "" {
			var err error
			if rids, err = s.world.OpenByPatient(q.SSIN, s.clock.Now()); err != nil {
				return nil, err
			}
		}
		list := []Dispensed{}
		for _, rid := range rids {
			d, err := s.Dispense(rid)
			if err != nil {
				return nil, err
			}
			list = append(list, d)
		}
		return map[string]any{"prescriptions": list}, nil
	})
	for name, move := range map[string]world.Move{"put-back": world.PutBack, "deliver": world.Deliver, "archive": world.Archive} {
		handle(mux, "POST "+pathPharmacist+"/"+name, s.mover(move))
	}
	handle(mux, "POST "+pathPharmacist+"/feedback", func(q struct {
		RID  rx.RID `json:"rid"`
		Text string `json:"text"`
	}) (any, error) {
		return s.statusOf(q.RID, s.world.Feedback(q.RID, FeedbackText(q.Text), s.clock.Now()))
	})
	handle(mux, "GET "+pathPharmacist+"/notifications", func(struct{}) (any, error) {
		truth, err := s.world.Truth(s.clock.Now())
		list := []map[string]any{}
		for _, m := range truth.Notifications {
			list = append(list, map[string]any{"patient": string(m.Patient), "pharmacy": m.Pharmacy, "at": m.At, "message": string(m.Text)})
		}
		return map[string]any{"notifications": list}, err
	})
}

func (s *Simulator) patientSide(mux *http.ServeMux) {
	handle(mux, "POST "+pathPatient+"/revoke", s.mover(world.PatientRevoke))
	handle(mux, "POST "+pathPatient+"/vision", func(q struct {
		RID    rx.RID `json:"rid"`
		Vision string `json:"vision"`
	}) (any, error) {
		move := world.PatientUnlock
		switch v, ok := visibilityOf(q.Vision); {
		case !ok:
			return nil, rx.Fault(rx.CodeNotInList, "list", wire.Locked).At("$.vision")
		case v == rx.Locked:
			move = world.PatientLock
		}
		return s.statusOf(q.RID, s.world.Act(move, q.RID, s.clock.Now()))
	})
}

// moved is what becomes of a record.
type moved struct {
	RID        rx.RID        `json:"rid"`
	Status     rx.Status     `json:"status"`
	Visibility rx.Visibility `json:"visibility"`
}

func (s *Simulator) mover(m world.Move) func(struct {
	RID rx.RID `json:"rid"`
}) (any, error) {
	return func(q struct {
		RID rx.RID `json:"rid"`
	}) (any, error) {
		return s.statusOf(q.RID, s.world.Act(m, q.RID, s.clock.Now()))
	}
}

func (s *Simulator) statusOf(rid rx.RID, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	r, err := s.world.Record(rid, s.clock.Now())
	return moved{r.RID, r.StatusAt(s.now()), r.Visibility}, err
}

// FeedbackText is a pharmacist's feedback as a message (20170403 feedback.xsd); one that is a message already stays.
func FeedbackText(text string) []byte {
	if doc, err := xmldsig.Parse([]byte(text), xmldsig.Limits{}); err == nil && doc.Root().Tag == "feedback" {
		return []byte(text)
	}
	doc := etree.NewDocument()
	root := doc.CreateElement("p:feedback")
	root.CreateAttr("xmlns:p", "http://services.recipe.be")
	root.CreateElement("text").SetText(text)
	b, err := xmldsig.Text(doc)
	if err != nil {
		return []byte(text)
	}
	return b
}
