package recipe

import (
	"context"
	"time"

	"relais/app/rx"
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

// patienceForContent is how long a look-up waits for the key of a record whose key id tells enough in most cases.
const patienceForContent = 15 * time.Second
