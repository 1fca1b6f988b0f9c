package recipe

import (
	"time"

	"relais/sync/ehealth/sts"
)

// Lasts tells until when the session that is open lasts, and when it is renewed at the latest; zero when none is.
func (c *Client) Lasts() (until, renewal time.Time) {
	s, ok := c.Session.(*sts.Session)
	if !ok {
		return until, renewal
	}
	state := s.State()
	if state.Until.IsZero() || !s.Clock().Before(state.Until) {
		return until, renewal
	}
	return state.Until, state.RenewAt
}
