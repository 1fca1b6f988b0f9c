package recipe

import (
	"context"
	"time"
)

// Tend keeps ready what calls need, until ctx ends: a session, renewed at half of its life, and the encryption tokens of
// everybody for whom something is sealed, and the list of end points. So an outage of the STS or of the depot stops nobody for hours. It looks whether
// something is due at once, and then at each tick, which should come every few minutes. What fails is told to Settings.Heard;
// the calls that need it ask again themselves.
func (c *Client) Tend(ctx context.Context, tick <-chan time.Time) {
	for {
		_ = c.Session.Renew(ctx) // told; not asked again before its own pause
		for _, id := range c.warm {
			if _, err := c.Depot.Token(ctx, id); err != nil { // told; one question is enough
				break
			}
		}
		if c.places != nil {
			_ = c.places.Refresh(ctx) // what is held stays
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}
