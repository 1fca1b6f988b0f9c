package recipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/etk"
	"relais/sync/ehealth/servicelist"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/recipe/wire"
)

// Client calls Recip-e for one doctor. Its exported fields are set before the first call; calls may run at the same time.
type Client struct {
	Soap    soap.Client // its Clock gives the server's time as well as it is known
	URL     string      // of Prescriber V4
	Session Session
	Depot   Depot
	Service etk.Identifier // Recip-e, to whom parameters are sealed
	Keys    KeyService
	Sealer  etee.Sealer // of the doctor; its Clock is not used
	// Contents opens prescriptions that are read back, and what pharmacists write: anchors of those who sign them, keys of the doctor.
	Contents etee.Unsealer
	Profile  Profile
	Rand     io.Reader // read under a lock

	clock *serverClock     // nil: nobody learns the platform's
	warm  []etk.Identifier // whose tokens Tend keeps at hand

	places  Places // nil: Recip-e is at URL
	restore func(context.Context)

	mu      sync.Mutex
	refused string // id of the token that the platform did not accept last
	rotated bool   // the recipient's token is to be asked for again
}

// Profile is what a call says of the program.
type Profile struct {
	ProgramID           string // vendor/version
	PrescriptionVersion string // kmehr_1.29
}

// Session gives tokens; *sts.Session fits.
type Session interface {
	Token(ctx context.Context) (*sts.Token, error)
	Replace(ctx context.Context, refused *sts.Token) (*sts.Token, error)
	Renew(ctx context.Context) error
}

// Depot gives recipients; *etk.Depot fits.
type Depot interface {
	Token(ctx context.Context, id etk.Identifier) (*etk.Kept, error)
	Refresh(ctx context.Context, id etk.Identifier) (*etk.Kept, error)
}

// Classes of failure, as Reply.Why has them; those of what lacks before a call are in lacks.go.
const (
	whyGivenUp = "given-up"           // before anything left
	whyConnect = "refused-connection" // no connection
	whyServer  = "untrusted-server"   // its TLS certificate is not believed
	whyTimeout = "timeout"
	whyDropped = "dropped"
	whyForeign = "foreign"       // what came back is no SOAP of the service: a page of a portal
	whyAnswer  = "answer"        // what came back is not an answer to the call
	whyOuter   = "outer-refusal" // the platform's status, without one of Recip-e
	whyRequest = "request"       // it cannot be built
)

// Do makes one call.
func (c *Client) Do(ctx context.Context, call rx.Call) rx.Reply {
	if ctx.Err() != nil {
		return notSent(whyGivenUp)
	}
	o, known := operations[call.Op]
	if !known && call.Op != rx.OpNewKey {
		return notSent(whyRequest)
	}
	before := c.ahead()
	reply, session := c.once(ctx, o, call)
	wrong := (c.ahead() - before).Abs() > maxDrift // what was signed was signed by another clock than theirs
	if !reply.OK() && (session || wrong) && o.wire.Effect != wire.Makes && ctx.Err() == nil {
		reply, _ = c.once(ctx, o, call)
	}
	return reply
}

// maxDrift is how much of an error of our clock is no reason to ask again.
const maxDrift = time.Minute

func (c *Client) ahead() time.Duration {
	if c.clock == nil {
		return 0
	}
	return c.clock.ahead()
}

func notSent(why string) rx.Reply { return rx.Reply{Result: rx.ResultNotSent, Why: why} }

// once makes a call, at most one request of Recip-e. It tells whether the platform did not accept the session: the next call opens another.
func (c *Client) once(ctx context.Context, o operation, call rx.Call) (reply rx.Reply, session bool) {
	if call.Op == rx.OpNewKey {
		return c.newKey(ctx, call.Patient), false
	}
	token, err := c.token(ctx)
	if err != nil {
		return withoutSession(err), false
	}
	recipient, err := c.recipient(ctx)
	if err != nil {
		return notSent(recipientLacks(err)), false
	}
	symm, id, err := c.random()
	if err != nil {
		return notSent(whyRequest), false
	}
	client := c.at(call)
	sealer := c.Sealer
	sealer.Clock = client.Clock
	param, info, err := o.param(request{c, ctx, call, sealer, symm})
	if err != nil {
		return notSent(whyOf(err)), false
	}
	plain, err := o.wire.EncodeParam(param)
	if err != nil {
		return notSent(whyRequest), false
	}
	sealed, err := sealer.Seal(plain, etee.Recipients{Known: recipient})
	if err != nil {
		return notSent(whyRequest), false
	}
	out := wire.Request{Operation: o.wire, ID: id, IssueInstant: wire.DateTime{Time: client.Clock()}, ProgramID: c.Profile.ProgramID, Secured: sealed, Administrative: info}
	body, err := out.Encode()
	if err != nil {
		return notSent(whyRequest), false
	}
	if ctx.Err() != nil { // sealing takes time
		return notSent(whyGivenUp), false
	}
	answer, err := client.Call(ctx, soap.Request{URL: c.where(), Action: o.wire.Action(), Body: body, Security: token.Security()})
	if err != nil {
		reply = failed(err)
		if session = notAuthenticated(err); session {
			c.refuse(token)
		}
		return reply, session
	}
	return c.read(ctx, o, out.ID, symm, answer), false
}

// where is the address for one request. It is chosen before a byte of it leaves, and nothing is sent again because it changed.
func (c *Client) where() string {
	if c.places != nil {
		if url := c.places.Active(servicelist.Prescriber); url != "" {
			return url
		}
	}
	return c.URL
}

// token gives a token that the platform has not refused, and that has begun by its clock: ours may have been ahead when it was issued.
func (c *Client) token(ctx context.Context) (*sts.Token, error) {
	token, err := c.Session.Token(ctx)
	var wrong *sts.Error
	if errors.As(err, &wrong) && wrong.Kind == sts.Clock { // its answer told the right time
		token, err = c.Session.Token(ctx)
	}
	if err == nil && (token.ID() == c.refusedToken() || token.From().After(c.Soap.Clock())) {
		token, err = c.Session.Replace(ctx, token)
	}
	return token, err
}

func (c *Client) refusedToken() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}

func (c *Client) refuse(t *sts.Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = t.ID()
}

// random draws what a call has of its own: the key of its answer, and the id of its message.
func (c *Client) random() (key wire.SymmKey, id string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key, err = wire.NewSymmKey(c.Rand); err != nil {
		return key, "", err
	}
	u, err := uuid.NewRandomFromReader(c.Rand)
	return key, "id" + u.String(), err
}

// at is the SOAP client of a call: that of a create signs the moment and the end that were kept with its attempt, so that what is known of the
// attempt is what left.
func (c *Client) at(call rx.Call) *soap.Client {
	client := c.Soap
	if p := call.Parcel; call.Op == rx.OpCreate && p != nil {
		client.Clock = func() time.Time { return p.Signed }
		client.Lifetime = p.SignedUntil.Sub(p.Signed)
	}
	return &client
}

// errClass is an error that has a class.
type errClass struct {
	why string
	err error
}

func (e errClass) Error() string { return fmt.Sprintf("recipe: %s", e.why) }
func (e errClass) Unwrap() error { return e.err }

func whyOf(err error) string {
	if e := (errClass{}); errors.As(err, &e) {
		return e.why
	}
	return whyRequest
}
