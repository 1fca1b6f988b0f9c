package seam

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/app/config"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/assets"
	"relais/sync/outbox"
)

// The third run: against services that are somebody's, by one switch and a certificate. RELAIS_ACCEPTANCE names a data
// directory, made by `relais init --profile FILE` for those services, with the keystore in it (`relais identity add`);
// RELAIS_PASSPHRASE_FILE opens it, and RELAIS_ACCEPTANCE_PATIENTS are two national numbers of that platform's test patients.
//
//	RELAIS_ACCEPTANCE=DIR RELAIS_PASSPHRASE_FILE=F RELAIS_ACCEPTANCE_PATIENTS=N,N go test ./test/seam -run Acceptance -v
//
// Cases that need a hand at the server (a fault, a pharmacist, another clock) are skipped, each by name.
func TestAcceptance(t *testing.T) {
	data := os.Getenv("RELAIS_ACCEPTANCE")
	if data == "" {
		t.Skip("skipped: RELAIS_ACCEPTANCE names no data directory")
	}
	passphrase, err := os.ReadFile(os.Getenv("RELAIS_PASSPHRASE_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	if numbers := strings.Split(os.Getenv("RELAIS_ACCEPTANCE_PATIENTS"), ","); len(numbers) == 2 {
		defer func(m, j rx.SSIN) { marie, jan = m, j }(marie, jan)
		marie, jan = rx.SSIN(numbers[0]), rx.SSIN(numbers[1])
	}
	dir, err := wiring.At(config.Paths{Data: data, Marks: os.Getenv("RELAIS_MARKS")})
	if err != nil {
		t.Fatal(err)
	}
	outside(t, dir, strings.TrimRight(string(passphrase), "\r\n"), time.Hour)
}

// The same against services that listen on this computer, as another vendor's would: what the third run needs is there, and
// a case that can be played there is played to its end.
func TestOutside(t *testing.T) {
	root := t.TempDir()
	sim, err := wiring.Simulate(wiring.Simulating{Listen: "127.0.0.1:0", TLS: true, PKI: filepath.Join(root, "pki"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir, err := wiring.At(config.Paths{Data: filepath.Join(root, "data"), Marks: filepath.Join(root, "marks")})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, dir, sim, filepath.Join(root, "pki"))
	played := outside(t, dir, wiring.DemoPassphrase, time.Second)
	if played < 5 {
		t.Errorf("%d cases were played to their end", played)
	}
}

// settle makes a directory whose services are those of sim, with the keystore of its doctor.
func settle(t *testing.T, dir wiring.Directory, sim *wiring.Simulation, pki string) {
	t.Helper()
	ctx, must := context.Background(), func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	e := sim.Endpoints
	platform := config.Platform{Endpoints: config.Endpoints{STS: e.STS, ETK: e.ETK, KGSS: e.KGSS, Prescriber: e.Prescriber}, Anchors: map[string]string{}, SimulatedMark: true}
	for _, purpose := range config.Purposes {
		text, err := os.ReadFile(filepath.Join(pki, "anchors", purpose+".pem"))
		must(err)
		platform.Anchors[purpose] = string(text)
	}
	profile, faults := config.File{Name: "outside", Services: config.AtPlatform, Platform: &platform}.Profile()
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	n := wiring.New{Passphrase: []byte(wiring.DemoPassphrase), Profile: profile}
	must(json.Unmarshal(assets.DemoPractice, &n.Practice))
	_, err := dir.Make(ctx, n)
	must(err)
	s, err := dir.Open(ctx, []byte(wiring.DemoPassphrase))
	must(err)
	p12, err := os.ReadFile(filepath.Join(pki, wiring.SimulatedKeystore))
	must(err)
	_, err = s.KeepIdentity(ctx, wiring.Keystore{File: wiring.File{Name: wiring.SimulatedKeystore, Content: p12}, Password: []byte(wiring.KeystorePassword)})
	must(err)
	must(s.Close(ctx))
}

// outside runs the cases against the services of a directory, and counts those that were played to their end. It waits for
// longest at most.
func outside(t *testing.T, dir wiring.Directory, passphrase string, longest time.Duration) (played int) {
	ctx := context.Background()
	s, err := dir.Open(ctx, []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	remote, err := s.Remote(ctx)
	if err != nil {
		t.Fatal(err)
	}
	Run(t, func(t *testing.T) (outbox.Remote, Hands) {
		order, err := rx.NewID(dir.Now(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if !t.Skipped() && !t.Failed() {
				played++
			}
		})
		return remote, &visitor{T: t, remote: remote, order: order, longest: longest}
	})
	return played
}

// visitor has no hands at the server: it is another's.
type visitor struct {
	*testing.T
	remote  outbox.Remote
	order   rx.ID
	longest time.Duration
}

func (v *visitor) none(what string) { v.Skip("skipped: needs " + what) }

func (v *visitor) Order() rx.ID   { return v.order }
func (v *visitor) Now() time.Time { return time.Now() }

func (v *visitor) Wait(d time.Duration) {
	if d > v.longest {
		v.none("a wait of " + d.String())
	}
	time.Sleep(d)
}

func (v *visitor) Patience(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

func (v *visitor) Offset(d time.Duration) {
	if d != 0 {
		v.none("the server's clock")
	}
}

func (v *visitor) Fault(rx.Op, string, int)            { v.none("a fault of the server") }
func (v *visitor) Mend()                               {}
func (v *visitor) Take(rx.RID)                         { v.none("a pharmacist") }
func (v *visitor) Deliver(rx.RID)                      { v.none("a pharmacist") }
func (v *visitor) Archive(rx.RID)                      { v.none("the server's archive") }
func (v *visitor) Feedback(rx.RID, []byte)             { v.none("a pharmacist") }
func (v *visitor) PatientRevokes(rx.RID)               { v.none("a patient") }
func (v *visitor) Twin(rx.SSIN, bool, bool) (_ rx.RID) { v.none("other software"); return }

// Stored counts by reading what the server shows to its prescriber.
func (v *visitor) Stored(local rx.ID) (n int) {
	for _, patient := range []rx.SSIN{marie, jan} {
		call := rx.Call{Op: rx.OpOpen, Patient: patient}
		for {
			list := v.remote.Do(context.Background(), call)
			if !list.OK() {
				v.Fatalf("%s: %s (%s)", call.Op, list.Result, list.Why)
			}
			for _, l := range list.Listed {
				if v.remote.Do(context.Background(), rx.Call{Op: rx.OpGet, Patient: patient, RID: l.RID}).Local == local {
					n++
				}
			}
			if !list.More {
				break
			}
			call.Session = list.Session
		}
	}
	return n
}
