package seam

import (
	"context"
	"crypto/rand"
	randv2 "math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/outbox"
	"relais/sync/recipe"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// The real client in front of the simulated services: SOAP, sessions, keys and seals over TLS inside this process, in virtual time.
func TestProtocol(t *testing.T) {
	pki, err := simulator.NewPKI(rand.Reader, nil, bubbleBegins)
	if err != nil {
		t.Fatal(err)
	}
	RunIn(t, synctest.Test, func(t *testing.T) (outbox.Remote, Hands) {
		w := world.New(randv2.NewPCG(1, 2))
		sim, err := simulator.New(w, pki, simulator.Options{Clock: bubble{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			time.Sleep(10 * time.Second) // both sides say goodbye at once, over pipes that hold nothing
			if err := sim.Close(); err != nil {
				t.Error(err)
			}
		})
		return clientIn(sim, pki), handsOn(t, w, bubble{})
	})
}

// bubbleBegins is when the time of a bubble begins.
var bubbleBegins = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// clientIn is the client of the simulator's doctor.
func clientIn(sim *simulator.Simulator, pki *simulator.PKI) *recipe.Client {
	ends, doctor := sim.Inside(), pki.Doctor()
	return recipe.New(recipe.Settings{
		STS: ends.STS, ETK: ends.ETK, KGSS: ends.KGSS, Prescriber: ends.Prescriber, Anchors: pki.Anchors(), Service: recipe.RecipE,
		Transport: soap.Transport{UserAgent: "Relais/test", Dial: sim.Dial}, Reason: sts.NoReader,
		Profile: recipe.Profile{ProgramID: "relais/test", PrescriptionVersion: "kmehr_1.29"},
	}, recipe.Doctor{SSIN: doctor.ID.Value, Signing: doctor.Signing, Decryption: doctor.Decryption}, time.Now, rand.Reader, nil)
}

// bubble is the clock of a bubble of virtual time.
type bubble struct{}

func (bubble) Now() time.Time       { return time.Now() }
func (bubble) Wait(d time.Duration) { time.Sleep(d) }

func (bubble) Patience(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

func (bubble) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var _ outbox.Remote = (*recipe.Client)(nil)
