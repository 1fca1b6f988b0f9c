package recipe

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/recipe/kmehr"
	"relais/sync/recipe/wire"
)

// operation is how a call is asked for and its result understood.
type operation struct {
	wire  wire.Operation
	param func(r request) (param any, info *wire.Administrative, err error)
	// result gives a result to be read into, and what makes the reply's fields of it; false: what the operation gives lacks.
	result func() (wire.Result, func(*rx.Reply) bool)
}

// request is what parameters are made from.
type request struct {
	client *Client
	ctx    context.Context
	rx.Call
	sealer etee.Sealer
	symm   wire.SymmKey
}

func (r request) rid() wire.Private   { return wire.Private(r.RID) }
func (r request) patient() wire.Party { return wire.Party{PatientID: wire.Private(r.Patient)} }

// plain is an operation of which nothing but its status is told.
func plain() (wire.Result, func(*rx.Reply) bool) {
	return &wire.Outcome{}, func(*rx.Reply) bool { return true }
}

var operations = map[rx.Op]operation{
	rx.OpCreate: {wire.CreatePrescription, request.create, func() (wire.Result, func(*rx.Reply) bool) {
		result := &wire.CreateResult{}
		return result, func(reply *rx.Reply) bool { reply.RID = rx.RID(result.RID); return result.RID != "" }
	}},
	rx.OpRevoke: {wire.RevokePrescription, func(r request) (any, *wire.Administrative, error) {
		return wire.RevokeParam{RID: r.rid(), Reason: wire.Private(reasonInWords(r.Reason)), SymmKey: r.symm}, nil, nil
	}, plain},
	rx.OpGet: {wire.GetPrescription, func(r request) (any, *wire.Administrative, error) {
		return wire.GetParam{RID: r.rid(), SymmKey: r.symm}, nil, nil
	}, func() (wire.Result, func(*rx.Reply) bool) {
		result := &wire.GetResult{}
		return result, func(reply *rx.Reply) bool {
			reply.RID, reply.KeyID = rx.RID(result.RID), rx.KeyID(result.EncryptionKeyID)
			return true
		}
	}},
	rx.OpStatus: {wire.GetPrescriptionStatus, func(r request) (any, *wire.Administrative, error) {
		return wire.StatusParam{SymmKey: r.symm, RID: r.rid()}, nil, nil
	}, func() (wire.Result, func(*rx.Reply) bool) {
		result := &wire.StatusResult{}
		return result, func(reply *rx.Reply) bool {
			reply.Status = rx.Status(result.PrescriptionStatus)
			return known(reply.Status)
		}
	}},
	rx.OpOpen: {wire.ListOpenRids, func(r request) (any, *wire.Administrative, error) {
		session, err := sessionOf(r.Session)
		return wire.OpenRidsParam{Party: r.patient(), SymmKey: r.symm, Session: session}, nil, err
	}, func() (wire.Result, func(*rx.Reply) bool) {
		result := &wire.OpenRidsResult{}
		return result, func(reply *rx.Reply) bool {
			for _, rid := range result.RIDs {
				reply.Listed = append(reply.Listed, rx.Listed{RID: rx.RID(rid)})
			}
			return goesOn(reply, result.HasMore, result.Session)
		}
	}},
	rx.OpHistory: {wire.ListRidsHistory, func(r request) (any, *wire.Administrative, error) {
		session, err := sessionOf(r.Session)
		return wire.RidsHistoryParam{Party: r.patient(), SymmKey: r.symm, ActiveResults: &r.Active, Session: session}, nil, err
	}, func() (wire.Result, func(*rx.Reply) bool) {
		result := &wire.RidsHistoryResult{}
		return result, func(reply *rx.Reply) bool {
			for _, item := range result.Items {
				status := rx.Status(item.PrescriptionStatus)
				if !known(status) { // listed all the same: the record is there
					status = rx.StatusUnread
				}
				if item.RID != "" {
					reply.Listed = append(reply.Listed, rx.Listed{RID: rx.RID(item.RID), Status: status})
				}
			}
			return goesOn(reply, result.HasMore, result.Session)
		}
	}},
	rx.OpVision: {wire.PutVision, func(r request) (any, *wire.Administrative, error) {
		// The schema wants the administrative information, though other clients leave it out.
		info := &wire.Administrative{PrescriptionVersion: r.client.Profile.PrescriptionVersion, ReferenceSourceVersion: unknownSource}
		return wire.VisionParam{SymmKey: r.symm, RID: r.rid(), Vision: vision(r.Vision)}, info, nil
	}, plain},
	rx.OpFeedback: {wire.PutFeedbackFlag, func(r request) (any, *wire.Administrative, error) {
		return wire.FeedbackFlagParam{RID: r.rid(), AllowFeedback: r.Flag, SymmKey: r.symm}, nil, nil
	}, plain},
	rx.OpNotify: {wire.SendNotification, request.notify, plain},
	rx.OpFeedbacks: {wire.ListFeedbacks, func(r request) (any, *wire.Administrative, error) {
		return wire.FeedbacksParam{ReadFlag: r.Flag, SymmKey: r.symm}, nil, nil
	}, func() (wire.Result, func(*rx.Reply) bool) {
		result := &wire.FeedbacksResult{}
		return result, func(reply *rx.Reply) bool {
			for _, f := range result.Feedbacks {
				reply.Listed = append(reply.Listed, rx.Listed{RID: rx.RID(f.RID)})
			}
			return true
		}
	}},
	rx.OpProperties: {wire.GetValidationProperties, func(r request) (any, *wire.Administrative, error) {
		return wire.PropertiesParam{SymmKey: r.symm, ClientVersion: "0"}, nil, nil
	}, func() (wire.Result, func(*rx.Reply) bool) {
		return &wire.PropertiesResult{}, func(*rx.Reply) bool { return true }
	}},
}

// unknownSource is said when it is not known from which version of the medicines file a prescription was written.
const unknownSource = "Unknown"

// create makes the parameter of a create: the message, packed and sealed under the key of the attempt.
func (r request) create() (any, *wire.Administrative, error) {
	p := r.Parcel
	if p == nil {
		return nil, nil, errClass{whyRequest, nil}
	}
	raw, err := base64.StdEncoding.DecodeString(string(p.Key.ID))
	if err != nil {
		return nil, nil, errClass{whyRequest, err}
	}
	kek, err := etee.NewKEK(raw, p.Key.Secret)
	if err != nil {
		return nil, nil, errClass{whyRequest, err}
	}
	sealed, err := r.sealer.Seal(wire.Pack(p.Message), etee.Recipients{Unknown: kek})
	if err != nil {
		return nil, nil, errClass{whyRequest, err}
	}
	source := sourceOf(p.Message)
	param := wire.CreateParam{
		Party: wire.Party{PatientID: wire.Private(p.Patient)}, Prescription: sealed, PrescriptionType: p.Type, FeedbackRequested: p.Feedback,
		KeyID: wire.Private(p.Key.ID), SymmKey: r.symm, ExpirationDate: p.Expires.String(), Vision: vision(p.Visibility),
	}
	info := &wire.Administrative{
		PrescriptionType: p.Type, PrescriptionVersion: r.client.Profile.PrescriptionVersion, ReferenceSourceVersion: source, KeyID: param.KeyID,
	}
	return param, info, nil
}

// notify makes the parameter of a notification: its text as a message, packed and sealed for the pharmacy.
func (r request) notify() (any, *wire.Administrative, error) {
	if r.Pharmacy == "" {
		return nil, nil, errClass{whyNoPharmacy, nil}
	}
	message, err := kmehr.Notification(string(r.Text))
	if err != nil {
		return nil, nil, errClass{whyRequest, err}
	}
	pharmacy, err := r.client.Depot.Token(r.ctx, etk.Identifier{Type: "NIHII-PHARMACY", Value: r.Pharmacy})
	if err != nil {
		why := recipientLacks(err)
		if why == whyRecipientAbsent {
			why = whyNoPharmacy
		}
		return nil, nil, errClass{why, err}
	}
	sealed, err := r.sealer.Seal(wire.Pack(message), etee.Recipients{Known: []*x509.Certificate{pharmacy.Encryption}})
	if err != nil {
		return nil, nil, errClass{whyRequest, err}
	}
	return wire.NotificationParam{Party: wire.Party{ExecutorID: wire.Private(r.Pharmacy), PatientID: wire.Private(r.Patient)}, Content: sealed, SymmKey: r.symm}, nil, nil
}

func vision(v rx.Visibility) string {
	if v == rx.Locked {
		return wire.Locked
	}
	return ""
}

func known(s rx.Status) bool {
	switch s {
	case rx.NotDelivered, rx.InProcess, rx.Delivered, rx.StatusRevoked, rx.Expired, rx.Archived:
		return true
	}
	return false
}

// A list goes on with the session of the page before, whatever it holds. One that says that there is more, and not how to ask for it, is no
// answer: nobody may take it for the whole list.
func goesOn(reply *rx.Reply, more bool, session wire.Bytes) bool {
	reply.More = more
	if more {
		reply.Session = base64.StdEncoding.EncodeToString(session)
	}
	return !more || len(session) > 0
}

var errSession = errors.New("recipe: not a session of a list")

func sessionOf(text string) (wire.Bytes, error) {
	if text == "" {
		return nil, nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errClass{whyRequest, errSession}
	}
	return b, nil
}

// recipient is the encryption certificate of Recip-e.
func (c *Client) recipient(ctx context.Context) ([]*x509.Certificate, error) {
	c.mu.Lock()
	again := c.rotated
	c.rotated = false
	c.mu.Unlock()
	if again {
		if kept, err := c.Depot.Refresh(ctx, c.Service); err == nil {
			return []*x509.Certificate{kept.Encryption}, nil
		}
	}
	kept, err := c.Depot.Token(ctx, c.Service)
	if err != nil {
		return nil, err
	}
	return []*x509.Certificate{kept.Encryption}, nil
}

// rotate lets the next call ask for the recipient's token again: the platform refused something, and a new key is one of the reasons why.
func (c *Client) rotate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rotated = true
}
