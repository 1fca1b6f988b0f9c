package seam

import (
	"context"
	"crypto/rand"
	randv2 "math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relais/app/rx"
	"relais/sync/ehealth/soap"
	"relais/sync/ehealth/sts"
	"relais/sync/recipe"
	"relais/sync/simulator"
	"relais/sync/simulator/simtest"
	"relais/sync/simulator/world"
)

// Who sends for long has a session that is renewed at half of its life, and the encryption tokens: for hours nobody misses the
// STS and the depot. What they said is told for each request, and for nothing else.
func TestTend(t *testing.T) {
	pki := simtest.PKI(bubbleBegins)
	synctest.Test(t, func(t *testing.T) {
		w := world.New(randv2.NewPCG(1, 2))
		sim, err := simulator.New(w, pki, simulator.Options{Clock: bubble{}})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		said := map[rx.Service][]string{}
		told := func(s rx.Service) []string {
			mu.Lock()
			defer mu.Unlock()
			return said[s]
		}
		ends, doctor := sim.Inside(), pki.Doctor()
		c := recipe.New(recipe.Settings{
			STS: ends.STS, ETK: ends.ETK, KGSS: ends.KGSS, Prescriber: ends.Prescriber, Anchors: pki.Anchors(), Service: recipe.RecipE,
			Transport: soap.Transport{UserAgent: "Relais/test", Dial: sim.Dial}, Reason: sts.NoReader,
			Profile: recipe.Profile{ProgramID: "relais/test", PrescriptionVersion: "kmehr_1.29"},
			Heard: func(s rx.Service, reached bool, why string) {
				mu.Lock()
				defer mu.Unlock()
				if reached != (why == "") {
					t.Errorf("%s: reached %t, %q", s, reached, why)
				}
				said[s] = append(said[s], why)
			},
		}, recipe.Doctor{SSIN: doctor.ID.Value, Signing: doctor.Signing, Decryption: doctor.Decryption}, time.Now, rand.Reader, nil)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			tick := time.NewTicker(time.Minute)
			defer tick.Stop()
			c.Tend(ctx, tick.C)
		}()
		time.Sleep(10 * time.Second)
		if len(told(rx.STS)) != 1 || len(told(rx.ETKDepot)) != 3 {
			t.Fatalf("at the beginning: %q, %q", told(rx.STS), told(rx.ETKDepot))
		}
		var life time.Duration
		for range 24 { // until it is renewed
			time.Sleep(time.Hour)
			if life += time.Hour; len(told(rx.STS)) == 2 {
				break
			}
		}
		if len(told(rx.STS)) != 2 {
			t.Fatalf("never renewed: %q", told(rx.STS))
		}
		down := []world.Fault{{Service: rx.STS, Kind: world.RefuseConnect}, {Service: rx.ETKDepot, Kind: world.RefuseConnect}}
		if err := w.SetPlan(down, time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(life - 30*time.Minute)
		if told := told(rx.STS); len(told) != 2 || told[1] != "" {
			t.Errorf("said by the STS before the next half life: %q", told)
		}
		key := c.Do(ctx, rx.Call{Op: rx.OpNewKey, Patient: "85073003427"})
		if !key.OK() {
			t.Fatalf("no key: %v %q", key.Result, key.Why)
		}
		if reply := c.Do(ctx, rx.Call{Op: rx.OpOpen, Patient: "85073003427"}); !reply.OK() {
			t.Errorf("%v %q, %v into the outage", reply.Result, reply.Why, life-30*time.Minute)
		}
		time.Sleep(2 * time.Hour)
		if why := told(rx.STS); why[len(why)-1] != "refused-connection" {
			t.Errorf("the outage of the STS: %q", why)
		}
		if len(told(rx.ETKDepot)) != 3 {
			t.Errorf("the depot was asked again: %q", told(rx.ETKDepot))
		}
		stop()
		<-ended
		time.Sleep(10 * time.Second) // both sides say goodbye
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
}
