package wiring

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/app/config"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator/world"
)

// platformAt is a directory whose services are those of a simulation that listens on this computer, with its doctor's keystore.
// change adapts its profile.
func platformAt(t *testing.T, change func(*config.Platform)) (Directory, *Simulation) {
	t.Helper()
	pki := filepath.Join(t.TempDir(), "pki")
	sim, err := Simulate(Simulating{Listen: "127.0.0.1:0", TLS: true, PKI: pki, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	e := sim.Endpoints
	p := config.Platform{
		Endpoints: config.Endpoints{STS: e.STS, ETK: e.ETK, KGSS: e.KGSS, Prescriber: e.Prescriber, ServiceList: e.ServiceList},
		Anchors:   map[string]string{}, SimulatedMark: true,
	}
	for _, purpose := range config.Purposes {
		text, err := os.ReadFile(filepath.Join(pki, "anchors", purpose+".pem"))
		if err != nil {
			t.Fatal(err)
		}
		p.Anchors[purpose] = string(text)
	}
	if change != nil {
		change(&p)
	}
	n, d := simulated(), place(t)
	var faults rx.Faults
	n.Profile, faults = config.File{Name: "essai", Services: config.AtPlatform, Platform: &p, Waits: map[string]string{"retry": "100ms", "backoff": "2s", "look_again": "100ms"}}.Profile()
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if _, err := d.Make(ctx, n); err != nil {
		t.Fatal(err)
	}
	s, err := d.Open(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	p12, err := os.ReadFile(filepath.Join(pki, SimulatedKeystore))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.KeepIdentity(ctx, Keystore{File{SimulatedKeystore, p12}, []byte(KeystorePassword)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	return d, sim
}

// Recip-e is where the signed list says, and a copy of the list serves a start that cannot ask for it. Encryption tokens are kept too.
func TestServiceListIsFollowed(t *testing.T) {
	nowhere := "https://127.0.0.1:1/Recip-e/v4/Prescriber"
	d, _ := platformAt(t, func(p *config.Platform) { p.Endpoints.Prescriber = nowhere })
	s, err := d.Open(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	becomes(t, s, done.Prescriptions[0].ID, rx.StateConfirmed) // who sends for long has asked for the list
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	s, err = d.Open(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	r := request()
	r.Patient.SSIN = "79021802145"
	if done, err = s.Service.Issue(ctx, r, prescribing.How{}); err != nil {
		t.Fatal(err)
	}
	if ended, err := s.Drive(ctx, 20*time.Second, confirmed(s, done.Order)); err != nil || ended.Fault != nil { // the copy is there from the beginning
		t.Fatal(ended.Fault, err)
	}
	if over, err := confirmed(s, done.Order)(ctx); !over || err != nil {
		t.Errorf("not confirmed with the kept copy: %v", err)
	}
	seen, err := s.Services(ctx)
	if err != nil || !seen[0].Reached {
		t.Errorf("%+v, %v", seen, err)
	}
}

// What was kept serves a start during an outage of the STS and of the depot.
func TestStartDuringAnOutage(t *testing.T) {
	d, sim := platformAt(t, nil)
	for i, number := range []rx.SSIN{"85073003427", "79021802145"} {
		s, err := d.Open(ctx, passphrase())
		if err != nil {
			t.Fatal(err)
		}
		r := request()
		r.Patient.SSIN = number
		done, err := s.Service.Issue(ctx, r, prescribing.How{})
		if err != nil {
			t.Fatal(err)
		}
		if ended, err := s.Drive(ctx, 20*time.Second, confirmed(s, done.Order)); err != nil || ended.Fault != nil {
			t.Fatal(ended.Fault, err)
		}
		if over, err := confirmed(s, done.Order)(ctx); !over || err != nil {
			t.Errorf("start %d: not confirmed, %v", i, err)
		}
		if err := s.Close(ctx); err != nil {
			t.Fatal(err)
		}
		down := []world.Fault{{Service: rx.STS, Kind: world.RefuseConnect}, {Service: rx.ETKDepot, Kind: world.RefuseConnect}}
		if err := sim.world.SetPlan(down, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// A keystore that is kept while the engine works, by another process, is used at once, and one that is forgotten is not; what is unchanged is read once.
func TestKeystoreIsFollowed(t *testing.T) {
	d, _ := platformAt(t, nil)
	s, other := open(t, d), open(t, d)
	k, err := s.keystore(ctx)
	if err != nil {
		t.Fatal(err)
	}
	keep := func() {
		t.Helper()
		if _, err := other.KeepIdentity(ctx, Keystore{File{SimulatedKeystore, k.P12}, []byte(KeystorePassword)}); err != nil {
			t.Fatal(err)
		}
	}
	why := func() string {
		for _, seen := range s.services.all() {
			if seen.Service == rx.KGSS {
				return seen.Why
			}
		}
		return ""
	}
	if err := other.ForgetIdentity(ctx); err != nil {
		t.Fatal(err)
	}
	stop := sends(t, s)
	defer stop()
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "that nobody is there to call", func() bool { return why() == WhyNoIdentity })
	if a, err := s.Service.Access(ctx); err != nil || !a.Session.IsZero() {
		t.Errorf("a session of nobody: %v", err)
	}
	keep()
	soon(t, "RID once a keystore is there", func() bool { over, err := confirmed(s, done.Order)(ctx); return over && err == nil })
	soon(t, "session", func() bool { a, err := s.Service.Access(ctx); return err == nil && !a.Session.IsZero() })

	first, err := s.current(ctx)
	if again, err2 := s.current(ctx); err != nil || err2 != nil || again != first {
		t.Error("what is unchanged is made anew")
	}
	keep()
	if next, err := s.current(ctx); err != nil || next == first || next.Client == nil {
		t.Errorf("the keystore of before: %v", err)
	}
	if err := other.ForgetIdentity(ctx); err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Patient.SSIN = "79021802145"
	if done, err = s.Service.Issue(ctx, r, prescribing.How{}); err != nil {
		t.Fatal(err)
	}
	soon(t, "that nobody is there to call", func() bool { return why() == WhyNoIdentity })
	if over, err := confirmed(s, done.Order)(ctx); over || err != nil {
		t.Errorf("sent in the name of a keystore that is forgotten: %v", err)
	}
}

// A list that leads away from this computer is not followed by a profile that stays on it.
func TestServiceListStaysWithinTheProfile(t *testing.T) {
	d, _ := platformAt(t, nil)
	s := open(t, d)
	if p, err := s.current(ctx); err != nil || p.Client == nil {
		t.Fatal(err)
	}
	p := *s.Profile.Platform
	for url, allowed := range map[string]bool{p.Endpoints.Prescriber: true, "https://192.0.2.7/": false, "http://127.0.0.1:9/": true, "http://192.0.2.7/": false} {
		if p.Allows(url) != allowed {
			t.Errorf("%s allowed: %t", url, !allowed)
		}
	}
}

// What the cache keeps stands under no name of a person.
func TestSealedCache(t *testing.T) {
	s := open(t, made(t))
	c := &sealedCache{keep: s.db}
	if b, err := c.Get(ctx, "SSIN=79021802145"); b != nil || err != nil {
		t.Errorf("before anything was put: %v, %v", b, err)
	}
	for key, content := range map[string]string{"SSIN=79021802145": "one", "CBE=0823257311": "two"} {
		if err := c.Put(ctx, key, []byte(content), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	again := &sealedCache{keep: s.db}
	if b, err := again.Get(context.Background(), "SSIN=79021802145"); string(b) != "one" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	for path, text := range everything(t, s.dir) {
		if filepath.Dir(path) == s.dir.Data && strings.Contains(text, "79021802145") && !strings.HasPrefix(filepath.Base(path), worldFile) {
			t.Errorf("the holder stands in %s", filepath.Base(path))
		}
	}
}
