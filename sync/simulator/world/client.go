package world

import (
	"context"
	"time"

	"relais/app/rx"
)

// Clock is the time of a client: the real one, a test's bubble, or one moved by hand.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or less when ctx ends: then it gives the reason.
	Sleep(ctx context.Context, d time.Duration) error
}

// Client is the Remote of the engine in front of a world. It never repeats a call.
type Client struct {
	World *World
	Clock Clock
}

// never is longer than any caller waits.
const never = 365 * 24 * time.Hour

// Do sends call and waits for what its fate brings. When ctx ends first the call
// is unanswered, though what is on its way takes place; not-sent only when no
// connection was made.
func (c *Client) Do(ctx context.Context, call rx.Call) rx.Reply {
	if ctx.Err() != nil {
		return rx.Reply{Result: rx.ResultNotSent, Why: WhyGivenUp}
	}
	ticket, fate, err := c.World.Send(call, c.Clock.Now())
	if err != nil {
		return failure
	}
	if fate.Ends == Hangs {
		fate.End = never
	}
	gaveUp := c.Clock.Sleep(ctx, fate.End) != nil
	switch {
	case fate.Ends == Refuses:
		return fate.Reply()
	case gaveUp:
		return rx.Reply{Result: rx.Unanswered, Why: WhyTimeout}
	case fate.Ends == Answers:
		return c.World.Receive(ticket, c.Clock.Now())
	}
	return fate.Reply()
}
