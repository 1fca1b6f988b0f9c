package simulator

import (
	"crypto/x509"
	"encoding/base64"
	"strings"

	"relais/app/rx"
	"relais/sync/ehealth/cms"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/recipe/kmehr"
	"relais/sync/recipe/wire"
	"relais/sync/simulator/world"
)

// operations of the prescriber, by their names (recipe protocol §1.5, §1.6).
var operations map[string]struct {
	op      rx.Op
	perform func(*asked) reply
}

func init() {
	operations = map[string]struct {
		op      rx.Op
		perform func(*asked) reply
	}{
		wire.CreatePrescription.Name:      {rx.OpCreate, (*asked).create},
		wire.RevokePrescription.Name:      {rx.OpRevoke, (*asked).revoke},
		wire.GetPrescription.Name:         {rx.OpGet, (*asked).get},
		wire.GetPrescriptionStatus.Name:   {rx.OpStatus, (*asked).status},
		wire.ListRidsHistory.Name:         {rx.OpHistory, (*asked).history},
		wire.ListOpenRids.Name:            {rx.OpOpen, (*asked).open},
		wire.PutVision.Name:               {rx.OpVision, (*asked).vision},
		wire.PutFeedbackFlag.Name:         {rx.OpFeedback, (*asked).feedbackFlag},
		wire.SendNotification.Name:        {rx.OpNotify, (*asked).notify},
		wire.ListFeedbacks.Name:           {rx.OpFeedbacks, (*asked).feedbacks},
		wire.GetValidationProperties.Name: {rx.OpProperties, (*asked).properties},
	}
}

// done is the status of an operation that took place.
var done = wire.Outcome{Status: wire.Status{Code: wire.Done}}

func plainly(o wire.Outcome) any { return o }

// read reads the parameter; not ok: the reply says what is wrong. Without a key there is no result to answer with.
func (a *asked) read(param any, party *wire.Party, symm *wire.SymmKey, refusal func(wire.Outcome) any) (reply, bool) {
	if err := a.op.DecodeParam(a.plain, param); err != nil {
		return a.outer(err.Error()), false
	}
	if *symm == (wire.SymmKey{}) {
		return a.outer("symmKey is missing"), false
	}
	a.symm = *symm
	if p := a.fits(*party); p != nil {
		return a.refuse(p, refusal), false
	}
	return reply{}, true
}

func (a *asked) create() reply {
	var p wire.CreateParam
	refusal := func(o wire.Outcome) any { return wire.CreateResult{Outcome: o} }
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, refusal); !ok {
		return no
	}
	parcel, wrong := a.parcel(&p)
	if wrong != nil {
		return a.refuse(wrong, refusal)
	}
	answer, instead, ok := a.ask(rx.Call{Op: rx.OpCreate, Patient: parcel.Patient, Parcel: parcel}, refusal)
	if !ok {
		return instead
	}
	return a.result(wire.CreateResult{Outcome: done, RID: wire.Private(answer.RID)})
}

// parcel is a create as the world stores it: Recip-e judges the outer fields, it has no key to the content.
func (a *asked) parcel(p *wire.CreateParam) (*rx.Parcel, *rx.Problem) {
	info := a.request.Administrative
	switch {
	case info.PrescriptionType != p.PrescriptionType:
		return nil, typesDiffer
	case info.KeyID != p.KeyID:
		return nil, keysDiffer
	}
	parcel := &rx.Parcel{
		Patient: rx.SSIN(p.PatientID), Type: p.PrescriptionType, Feedback: p.FeedbackRequested, Message: p.Prescription,
		Key: rx.Key{ID: rx.KeyID(p.KeyID)}, Signed: a.verified.Created, SignedUntil: a.verified.Expires,
	}
	if parcel.SignedUntil.IsZero() {
		parcel.SignedUntil = a.verified.Created.Add(oldSeal / 2) // as old as the gate lets it become
	}
	if p.ExpirationDate != "" {
		expires, err := rx.ParseDate(p.ExpirationDate)
		if err != nil {
			return nil, expiryForm
		}
		parcel.Expires = expires
	}
	var ok bool
	if parcel.Visibility, ok = visibilityOf(p.Vision); !ok {
		return nil, visionForm
	}
	parcel.Local = a.localOf(parcel.Key.ID, p.Prescription)
	return parcel, nil
}

// localOf is the LOCAL id of the content that a create brings, "" when it cannot be read. It is for the ground truth alone,
// which counts whatever arrives: no operation looks at it, and who signed the content is not judged here.
func (a *asked) localOf(id rx.KeyID, sealed []byte) rx.ID {
	key, _, err := a.world.Key(id)
	if err != nil {
		return ""
	}
	outer, err := cms.ReadSignedData(sealed)
	if err != nil {
		return ""
	}
	envelope, err := cms.ReadEnvelopedData(outer.Content)
	if err != nil || len(envelope.Recipients) != 1 {
		return ""
	}
	opened, err := envelope.OpenWithSharedKey(envelope.Recipients[0], key.Secret)
	if err != nil {
		return ""
	}
	inner, err := cms.ReadSignedData(opened)
	if err != nil {
		return ""
	}
	content, err := wire.Unpack(inner.Content)
	if err != nil {
		return ""
	}
	reading, err := kmehr.Read(content)
	if err != nil {
		return localOfFacts(content)
	}
	return rx.ID(reading.LocalID)
}

func (a *asked) revoke() reply {
	var p wire.RevokeParam
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, plainly); !ok {
		return no
	}
	if strings.TrimSpace(string(p.Reason)) == "" {
		return a.refuse(reasonMissing, plainly)
	}
	return a.onRID(p.RID, rx.Call{Op: rx.OpRevoke, Reason: string(p.Reason)})
}

// onRID performs an operation on a RID that gives its status alone.
func (a *asked) onRID(rid wire.Private, operation rx.Call) reply {
	id, err := rx.ParseRID(string(rid))
	if err != nil {
		return a.refuse(ridForm, plainly)
	}
	operation.RID = id
	if _, instead, ok := a.ask(operation, plainly); !ok {
		return instead
	}
	return a.result(done)
}

func (a *asked) get() reply {
	var p wire.GetParam
	refusal := func(o wire.Outcome) any { return wire.GetResult{Outcome: o} }
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, refusal); !ok {
		return no
	}
	rid, err := rx.ParseRID(string(p.RID))
	if err != nil {
		return a.refuse(ridForm, refusal)
	}
	answer, instead, ok := a.ask(rx.Call{Op: rx.OpGet, RID: rid}, refusal)
	if !ok {
		return instead
	}
	r, err := a.world.Record(answer.RID, a.clock.Now())
	if err != nil {
		return reply{}
	}
	sealed, err := a.asSealed(&r)
	if err != nil {
		return a.fault(soaUnspecified, "")
	}
	return a.result(wire.GetResult{
		Outcome: done, CreationDate: &wire.DateTime{Time: r.Created}, EncryptionKeyID: wire.Private(r.Key), FeedbackAllowed: r.Feedback,
		PatientID: wire.Private(r.Patient), Prescription: sealed, RID: wire.Private(r.RID), ExpirationDate: &wire.DateTime{Time: r.Ends.Add(-1)},
	})
}

// asSealed gives the content of a record as it was sent. What was stored through the world's own door is sealed
// here, as that software would have.
func (a *asked) asSealed(r *world.Record) ([]byte, error) {
	if !unsealed(r) {
		return r.Content, nil
	}
	key, _, err := a.world.Key(r.Key)
	if err != nil {
		return nil, err
	}
	kek, err := kekOf(key)
	if err != nil {
		return nil, err
	}
	other := a.pki.Doctor()
	return a.seal(&other, wire.Pack(r.Content), etee.Recipients{Unknown: kek})
}

// kekOf gives a key of the KGSS as messages are sealed with it.
func kekOf(key rx.Key) (*etee.KEK, error) {
	id, err := base64.StdEncoding.DecodeString(string(key.ID))
	if err != nil {
		return nil, err
	}
	return etee.NewKEK(id, key.Secret)
}

func (a *asked) status() reply {
	var p wire.StatusParam
	refusal := func(o wire.Outcome) any { return wire.StatusResult{Outcome: o} }
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, refusal); !ok {
		return no
	}
	rid, err := rx.ParseRID(string(p.RID))
	if err != nil {
		return a.refuse(ridForm, refusal)
	}
	answer, instead, ok := a.ask(rx.Call{Op: rx.OpStatus, RID: rid}, refusal)
	if !ok {
		return instead
	}
	return a.result(wire.StatusResult{Outcome: done, PrescriptionStatus: string(answer.Status)})
}

func (a *asked) open() reply {
	var p wire.OpenRidsParam
	refusal := func(o wire.Outcome) any { return wire.OpenRidsResult{Outcome: o} }
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, refusal); !ok {
		return no
	}
	answer, instead, ok := a.ask(rx.Call{Op: rx.OpOpen, Patient: rx.SSIN(p.PatientID), Session: goesOn(p.Session, p.Page)}, refusal)
	if !ok {
		return instead
	}
	result := wire.OpenRidsResult{Outcome: done, HasMore: answer.More, Session: wire.Bytes(answer.Session)}
	for _, l := range answer.Listed {
		result.RIDs = append(result.RIDs, wire.Private(l.RID))
	}
	return a.result(result)
}

// goesOn is where a list goes on: a session, or the context of a page, which hold the same.
func goesOn(session wire.Bytes, page *wire.Page) string {
	if len(session) == 0 && page != nil {
		session = page.Context
	}
	return string(session)
}

func (a *asked) history() reply {
	var p wire.RidsHistoryParam
	refusal := func(o wire.Outcome) any { return wire.RidsHistoryResult{Outcome: o} }
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, refusal); !ok {
		return no
	}
	active := p.ActiveResults == nil || *p.ActiveResults
	answer, instead, ok := a.ask(rx.Call{Op: rx.OpHistory, Patient: rx.SSIN(p.PatientID), Active: active, Session: goesOn(p.Session, p.Page)}, refusal)
	if !ok {
		return instead
	}
	result := wire.RidsHistoryResult{Outcome: done, HasMore: answer.More, Session: wire.Bytes(answer.Session)}
	for _, l := range answer.Listed {
		result.Items = append(result.Items, wire.HistoryItem{RID: wire.Private(l.RID), PrescriptionStatus: string(l.Status)})
	}
	return a.result(result)
}

func (a *asked) vision() reply {
	var p wire.VisionParam
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, plainly); !ok {
		return no
	}
	v, ok := visibilityOf(p.Vision)
	if !ok {
		return a.refuse(visionForm, plainly)
	}
	return a.onRID(p.RID, rx.Call{Op: rx.OpVision, Vision: v})
}

func (a *asked) feedbackFlag() reply {
	var p wire.FeedbackFlagParam
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, plainly); !ok {
		return no
	}
	return a.onRID(p.RID, rx.Call{Op: rx.OpFeedback, Flag: p.AllowFeedback})
}

// notify hands a notification over to a pharmacy. Recip-e cannot open it; the pharmacy that lives here can.
func (a *asked) notify() reply {
	var p wire.NotificationParam
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, plainly); !ok {
		return no
	}
	pharmacy := string(p.ExecutorID)
	if a.pki.token(etk.Identifier{Type: PharmacyID.Type, Value: pharmacy}) == nil {
		return a.refuse(pharmacyUnknown, plainly)
	}
	text := []byte(p.Content)
	if pharmacy == PharmacyID.Value {
		if opened, _, why := a.unseal(a.pki.pharmacy, p.Content); why == "" {
			if unpacked, err := wire.Unpack(opened); err == nil {
				text = unpacked
			}
		}
	}
	if _, instead, ok := a.ask(rx.Call{Op: rx.OpNotify, Patient: rx.SSIN(p.PatientID), Pharmacy: pharmacy, Text: text}, plainly); !ok {
		return instead
	}
	return a.result(done)
}

// feedbacks gives what pharmacists wrote, sealed for the doctor by the pharmacy that lives here.
func (a *asked) feedbacks() reply {
	var p wire.FeedbacksParam
	refusal := func(o wire.Outcome) any { return wire.FeedbacksResult{Outcome: o} }
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, refusal); !ok {
		return no
	}
	to := a.encryptionOf(a.by.id)
	if to == nil {
		return a.refuse(tokenMissing, refusal)
	}
	answer, instead, ok := a.ask(rx.Call{Op: rx.OpFeedbacks, Flag: p.ReadFlag && !a.knobs.ReadFlagIncludes}, refusal)
	if !ok {
		return instead
	}
	result := wire.FeedbacksResult{Outcome: done}
	pharmacy := a.pki.Pharmacy()
	for _, m := range answer.Feedbacks {
		content, err := a.seal(&pharmacy, wire.Pack(m.Text), etee.Recipients{Known: []*x509.Certificate{to}})
		if err != nil {
			return a.fault(soaUnspecified, "")
		}
		result.Feedbacks = append(result.Feedbacks, wire.Feedback{
			RID: wire.Private(m.RID), SentBy: wire.Private(pharmacy.ID.Value), SentDate: wire.DateTime{Time: m.At}, Content: content,
		})
	}
	return a.result(result)
}

// properties gives no rules: those of Recip-e are not ours to give. The version is the client's own.
func (a *asked) properties() reply {
	var p wire.PropertiesParam
	refusal := func(o wire.Outcome) any { return wire.PropertiesResult{Outcome: o} }
	if no, ok := a.read(&p, &p.Party, &p.SymmKey, refusal); !ok {
		return no
	}
	if _, instead, ok := a.ask(rx.Call{Op: rx.OpProperties}, refusal); !ok {
		return instead
	}
	return a.result(wire.PropertiesResult{Outcome: done, ServerVersion: p.ClientVersion})
}
