package simulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/ehealth/trust"
	"relais/sync/recipe/wire"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// heardAs is how a client hears a create: by the kind of its error and the outcome that it may conclude, or the inner status.
func heardAs(err error, r wire.CreateResult, response wire.Response) string {
	var e *soap.Error
	switch {
	case errors.As(err, &e):
		text := string(e.Kind) + " " + e.Outcome.String()
		if e.Fault != nil {
			text += " " + e.Fault.SOA
		} else if e.Status >= 500 {
			text += " " + http.StatusText(e.Status)
		}
		return text
	case err != nil:
		return "unreadable"
	case response.Secured == nil:
		return "outer"
	case !r.Status.Good():
		return "inner"
	}
	return "created"
}

// Each fault as a client hears it, and what it leaves in the world. Offsets, rotations and tokens have tests of their own.
func TestFaults(t *testing.T) {
	for kind, want := range map[world.Kind]struct {
		heard  string
		stored int
	}{
		world.RefuseConnect: {"connect not sent", 0},
		world.TLSFail:       {"connect not sent", 0},
		world.Hang:          {"cancelled unknown", 0},
		world.Slow:          {"created", 1},
		world.Drop:          {"broken unknown", 1},
		world.Late:          {"created", 1},
		world.Twice:         {"created", 2},
		world.Inner:         {"inner", 0},
		world.HTTP502:       {"status unknown Bad Gateway", 0},
		world.HTTP503:       {"status unknown Service Unavailable", 0},
		world.Portal:        {"answer unknown", 0},
		world.Outer:         {"outer", 0},
		world.TokenExpired:  {"fault refused SOA-01001", 0},
		world.ClockOffset:   {"fault refused SOA-01001", 0},
		world.Rotated:       {"outer", 0},
		world.WrongKey:      {"unreadable", 1},
		world.Truncated:     {"broken unknown", 1},
		"soa-00001":         {"fault unknown SOA-00001", 0},
		"soa-01001":         {"fault refused SOA-01001", 0},
		"soa-01002":         {"fault refused SOA-01002", 0},
		"soa-02001":         {"fault unknown SOA-02001", 0},
		"soa-02002":         {"fault unknown SOA-02002", 0},
		"soa-03001":         {"fault refused SOA-03001", 0},
		"soa-03007":         {"fault refused SOA-03007", 0},
	} {
		t.Run(string(kind), func(t *testing.T) {
			b := newBench(t, freshPKI("platform ")) // one of its own: rotation changes it
			o, _ := b.creation([]byte("<kmehrmessage/>"))
			b.must(b.world.SetPlan([]world.Fault{{Operation: rx.OpCreate, Kind: kind, Count: 1}}, b.clock.Now()))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if kind == world.Hang {
				go b.when(func() bool { _, met, _ := b.world.Plan(); return len(met) == 1 && met[0] > 0 }, cancel)
			}
			var result wire.CreateResult
			response, err := b.sendIn(ctx, o, &result)
			if got := heardAs(err, result, response); got != want.heard {
				t.Errorf("heard as %q, want %q", got, want.heard)
			}
			b.clock.wait(10 * time.Minute)
			truth, err := b.world.Truth(b.clock.Now())
			b.must(err)
			if len(truth.Records) != want.stored {
				t.Errorf("%d records, want %d", len(truth.Records), want.stored)
			}
			b.created([]byte("<kmehrmessage/>")) // the fault struck once; a fresh token of Recip-e's new key was asked for
		})
	}
}

// when waits for something that another goroutine does, and then does what is due.
func (b *bench) when(so func() bool, do func()) {
	for !so() {
		time.Sleep(time.Millisecond)
	}
	do()
}

// What a client learns when the encryption key of a service changes: the depot has the new one, and what was sealed for the
// old one is not opened, unless the knob says so.
func TestRotation(t *testing.T) {
	for name, knobs := range map[string]simulator.Knobs{"strict": {}, "lenient": {OldKeys: true}} {
		b := newBench(t, freshPKI("platform "), func(o *simulator.Options) { o.Knobs = knobs })
		ctx := context.Background()
		before, err := b.depot.Refresh(ctx, simulator.RecipeID)
		b.must(err)
		o, _ := b.creation([]byte("<kmehrmessage/>"))
		b.must(b.world.SetPlan([]world.Fault{{Operation: rx.OpCreate, Kind: world.Rotated, Count: 1}}, b.clock.Now()))
		var result wire.CreateResult
		response, err := b.send(o, &result)
		b.must(err)
		if (response.Secured != nil) != (name == "lenient") {
			t.Errorf("%s: opened %t", name, response.Secured != nil)
		}
		after, err := b.depot.Refresh(ctx, simulator.RecipeID)
		b.must(err)
		if after.Encryption.Equal(before.Encryption) {
			t.Errorf("%s: the depot gives the old token", name)
		}
		b.created([]byte("<kmehrmessage/>"))

		b.must(b.world.SetPlan([]world.Fault{{Service: rx.KGSS, Kind: world.Rotated, Count: 1}}, b.clock.Now()))
		if _, err := b.kgss.NewKey(ctx, must(kgss.Shared(sts.Doctor, string(marie)))); (err == nil) != (name == "lenient") {
			t.Errorf("%s: the KGSS says %v", name, err)
		}
		b.key(marie)
	}
}

// A server whose clock is wrong says so in its Date, and judges by it.
func TestClocks(t *testing.T) {
	b := newBench(t, pki())
	b.must(b.world.Set(world.Settings{Offset: 7 * time.Minute}))
	_, err := b.sts.Issue(context.Background())
	var refused *sts.Error
	if !errors.As(err, &refused) || refused.Kind != sts.Clock || refused.Skew != 7*time.Minute {
		t.Errorf("%v", err)
	}
	b.must(b.world.Set(world.Settings{}))
	b.must(b.world.SetPlan([]world.Fault{{Service: rx.STS, Kind: world.ClockOffset}}, monday))
	if _, err = b.sts.Issue(context.Background()); !errors.As(err, &refused) || refused.Skew != world.OffsetTime {
		t.Errorf("%v", err)
	}
	b.must(b.world.SetPlan([]world.Fault{{Service: rx.STS, Kind: world.TokenExpired}}, monday))
	if _, err = b.sts.Issue(context.Background()); !errors.As(err, &refused) || refused.Kind != sts.NotTrusted {
		t.Errorf("a token that has ended: %v", err)
	}
}

// Over TCP: https ends refused connections before the handshake; http is reset. What the doors are for, and for whom.
func TestListen(t *testing.T) {
	b := newBench(t, pki())
	for _, address := range []string{"0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:0", "example.invalid:0", "127.0.0.1"} {
		if _, err := b.sim.Listen(address, true); !errors.Is(err, simulator.ErrAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, secure := range []bool{true, false} {
		ends, err := b.sim.Listen("127.0.0.1:0", secure)
		b.must(err)
		if strings.HasPrefix(ends.Prescriber, "https://127.0.0.1:") != secure {
			t.Errorf("%s", ends.Prescriber)
		}
		b.ends = ends
		b.as(b.me, b.clients())
		b.soap.Transport.Dial = nil
		b.created([]byte("<kmehrmessage/>"))
		b.must(b.world.SetPlan([]world.Fault{{Service: rx.Recipe, Kind: world.RefuseConnect, Count: 1}, {Service: rx.STS, Kind: world.TLSFail, Count: 1}}, b.clock.Now()))
		if _, err := b.sts.Issue(context.Background()); secure && soap.OutcomeOf(err) != soap.NotSent || err == nil {
			t.Errorf("TLS that fails: %v", err)
		}
		o, _ := b.creation([]byte("<kmehrmessage/>"))
		var result wire.CreateResult
		if _, err := b.send(o, &result); secure && soap.OutcomeOf(err) != soap.NotSent || err == nil {
			t.Errorf("a refused connection: %v", err)
		}
		b.created([]byte("<kmehrmessage/>"))

		resp, err := http.Get(strings.Replace(ends.Control, "https://", "http://", 1)) // each door takes both
		b.must(err)
		body, err := io.ReadAll(resp.Body)
		b.must(errors.Join(err, resp.Body.Close()))
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"tls-fail"`) {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	}
	anchors := b.pki.Anchors()
	client := soap.Client{Transport: soap.Transport{Anchors: anchors.For(trust.TLS)}, Clock: b.clock.Now}
	client.Transport.Anchors = trust.Sets{}.For(trust.TLS)
	ends, err := b.sim.Listen("127.0.0.1:0", true)
	b.must(err)
	if _, err := client.Call(context.Background(), soap.Request{URL: ends.ETK, Body: []byte("<x/>")}); soap.OutcomeOf(err) != soap.NotSent {
		t.Errorf("a client without its anchors: %v", err)
	}
}

// In a bubble of virtual time, with the real clock of it: a call takes as long as its fate, and its caller's patience ends.
func TestVirtualTime(t *testing.T) {
	platform := pki() // keys are found outside
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(monday)) // bubbles begin before the certificates
		b := newBench(t, platform, func(o *simulator.Options) { o.Clock = bubble{} })
		for _, c := range []struct {
			kind world.Kind
			took time.Duration
			want string
		}{
			{world.Slow, world.SlowTime, "created"}, {world.Late, time.Minute, "late unknown"}, {world.Hang, time.Minute, "late unknown"}, {"", 0, "created"},
		} {
			b.soap.Clock, b.depot.Clock, b.sts.Clock, b.kgss.Sealer.Clock, b.kgss.Unsealer.Clock = time.Now, time.Now, time.Now, time.Now, time.Now
			o, p := b.creation([]byte("<kmehrmessage/>"))
			p.ExpirationDate = rx.DateOf(time.Now()).String()
			plan := []world.Fault{{Operation: rx.OpCreate, Kind: c.kind}}
			if c.kind == "" {
				plan = nil
			}
			b.must(b.world.SetPlan(plan, time.Now()))
			before := time.Now()
			var result wire.CreateResult
			response, err := b.send(o, &result)
			if took := time.Since(before); heardAs(err, result, response) != c.want || took != c.took {
				t.Errorf("%s: %s after %v", c.kind, heardAs(err, result, response), took)
			}
			b.must(b.world.SetPlan(nil, time.Now()))
		}
		time.Sleep(2 * time.Minute)
		truth, err := b.world.Truth(time.Now())
		b.must(err)
		if len(truth.Records) != 3 {
			t.Errorf("%d records, want 3: what is late takes place without its caller", len(truth.Records))
		}
	})
}

// bubble is the clock of a bubble.
type bubble struct{}

func (bubble) Now() time.Time { return time.Now() }

func (bubble) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// The gateway of the knob gives up before the service does.
func TestGatewayTimeout(t *testing.T) {
	b := newBench(t, pki(), func(o *simulator.Options) { o.Knobs.GatewayTimeout = simulator.Span(30 * time.Second) })
	o, _ := b.creation([]byte("<kmehrmessage/>"))
	b.must(b.world.SetPlan([]world.Fault{{Operation: rx.OpCreate, Kind: world.Late}}, b.clock.Now()))
	var result wire.CreateResult
	if _, err := b.send(o, &result); faultOf(err) != "SOA-02002 Provider" {
		t.Errorf("%v", err)
	}
	b.clock.wait(5 * time.Minute)
	if truth, err := b.world.Truth(b.clock.Now()); err != nil || len(truth.Records) != 1 {
		t.Errorf("%d records, %v", len(truth.Records), err)
	}
}
