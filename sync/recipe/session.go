package recipe

import (
	"context"

	"relais/app/rx"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/sts"
)

// keptSession is the STS; what its answers say of it is told, and the tokens that it gives are kept.
type keptSession struct {
	heard func(s rx.Service, reached bool, why string)
	cache etk.Cache
	*sts.Client
}

// keySession names the token in the cache.
const keySession = "session"

// Issue asks for a token.
func (k keptSession) Issue(ctx context.Context) (*sts.Token, error) {
	token, err := k.Client.Issue(ctx)
	if sessionAsked(err) {
		k.heard(rx.STS, err == nil, heardSession(err))
	}
	if err == nil {
		_ = k.cache.Put(ctx, keySession, token.Assertion(), token.Until()) // not kept: the next start asks for one
	}
	return token, err
}

// kept is the token that was kept, judged as if it had just come; nil when there is none, or none for this doctor and keystore.
func (k keptSession) kept(ctx context.Context) *sts.Token {
	assertion, err := k.cache.Get(ctx, keySession)
	if err != nil || len(assertion) == 0 {
		return nil
	}
	token, err := k.Open(assertion)
	if err != nil {
		return nil
	}
	return token
}

// Restore takes the session that was kept before a restart, when it still holds: before the first call.
func (c *Client) Restore(ctx context.Context) {
	if c.restore != nil {
		c.restore(ctx)
	}
}
