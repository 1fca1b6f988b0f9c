package recipe

import (
	"context"
	"errors"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
)

// KeyService is the KGSS; *kgss.Client fits.
type KeyService interface {
	NewKey(ctx context.Context, readers []kgss.Reader) (kgss.Key, error)
	Key(ctx context.Context, id kgss.KeyID, session soap.SAML) (kgss.Key, error)
}

// newKey asks for a key that the patient, pharmacies and doctors may have. It needs no session, so that keys can be had in good time.
func (c *Client) newKey(ctx context.Context, patient rx.SSIN) rx.Reply {
	readers, err := kgss.Shared(sts.Doctor, string(patient))
	if err != nil {
		return notSent(whyRequest)
	}
	key, err := c.Keys.NewKey(ctx, readers)
	if err != nil {
		return keyFailed(err)
	}
	return rx.Reply{Result: rx.ResultAccepted, ServerAt: key.At, Key: rx.Key{ID: rx.KeyID(key.ID.Text()), Secret: key.Secret[:]}}
}

// keyFailed is the reply when there is no key: asking again is always safe.
func keyFailed(err error) rx.Reply {
	var e *kgss.Error
	var below *soap.Error
	switch {
	case !errors.As(err, &e):
		return rx.Reply{Result: rx.Unanswered, Why: whyAnswer}
	case e.Kind == kgss.NotMade || e.Kind == kgss.NotAllowed:
		p := &rx.Problem{Code: "KGSS"}
		if len(e.Codes) > 0 {
			p.Code = "KGSS-" + e.Codes[len(e.Codes)-1]
		}
		return rx.Reply{Result: rx.ResultRefused, Problem: p, ServerAt: e.At}
	case e.Kind == kgss.NoToken:
		return notSent(whyRecipient)
	case e.Kind == kgss.Unprepared || e.Kind == kgss.ForeignETK:
		return notSent(whyRequest)
	case errors.As(err, &below):
		return failed(below)
	}
	return rx.Reply{Result: rx.Unanswered, Why: whyAnswer, ServerAt: e.At}
}

// patienceForContent is how long a look-up waits for the key of a record whose key id tells enough in most cases.
const patienceForContent = 15 * time.Second

// sessionAsked tells whether a request left for the STS and was waited for, by the error of a call.
func sessionAsked(err error) bool {
	var e *sts.Error
	return waitedFor(err) && (!errors.As(err, &e) || e.Kind != sts.Unprepared && e.Kind != sts.Unusable)
}

// waitedFor: nobody gave a call up before its time.
func waitedFor(err error) bool { return !errors.Is(err, context.Canceled) }

// sessionAnswered tells whether the STS was reached, by the error of a call.
func sessionAnswered(err error) bool {
	var e *sts.Error
	return err == nil || errors.As(err, &e) && e.Kind != sts.NoAnswer && e.Kind != sts.GivenUp
}

// depotAnswered tells whether the depot was reached, by the error of a call.
func depotAnswered(err error) bool {
	var e *etk.DepotError
	return err == nil || errors.As(err, &e) && e.Reason != etk.NoAnswer
}

// classIn is the class of a failure: that of the call below it, else the one given; "" where nothing failed.
func classIn(err error, class string) string {
	var e *soap.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return classOf(e)
	case errors.Is(err, context.DeadlineExceeded):
		return whyTimeout
	}
	return class
}
