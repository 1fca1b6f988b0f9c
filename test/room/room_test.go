// Package room holds the promise to the person in the room (P10): within eight seconds of Ctrl+Enter each line shows a RID or
// a choice, in every fault of the fault plan. The view model of the screen, the use cases, the engine, the store, the client and
// the simulated services with their protocol are the real ones; time is virtual, and passes in the steps in which the window
// is drawn.
//
// Failure modes: a fault that does not exist at a service is counted and left out; how many are played is asked for.
package room

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"relais/app/config"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/sync/simulator/simtest"
	"relais/ui/model"
)

// promise is what the doctor is promised, and pulse how often the window is drawn anew.
const (
	promise = 8 * time.Second
	pulse   = 250 * time.Millisecond
)

// kinds are those of the fault plan (docs/simulator.md).
var kinds = []string{
	"refuse-connect", "hang", "tls-fail", "slow", "drop-after-processing", "late-processing", "process-twice", "http-502", "http-503",
	"portal-page", "outer-refusal", "inner-refusal", "list-lag", "list-paged", "unreadable-candidate", "token-expired", "clock-offset", "etk-rotated",
	"wrong-symmkey", "truncated", "soa-00001", "soa-01001", "soa-01002", "soa-02001", "soa-02002", "soa-03001", "soa-03002", "soa-03003", "soa-03004",
	"soa-03005", "soa-03006", "soa-03007",
}

// ways are one fault of each way in which a call ends.
var ways = []string{"refuse-connect", "hang", "slow", "drop-after-processing", "http-503", "portal-page", "truncated", "clock-offset", "soa-01001", "process-twice"}

// morning is in the middle of the lives of the certificates.
var morning = time.Date(2026, 11, 23, 8, 40, 0, 0, time.UTC)

func TestRIDOrChoiceWithinThePromise(t *testing.T) {
	faults := map[rx.Service][]string{rx.Recipe: kinds, rx.KGSS: ways, rx.STS: ways, rx.ETKDepot: ways}
	if testing.Short() {
		faults = map[rx.Service][]string{rx.Recipe: ways}
	}
	played, rids, choices := 0, 0, 0
	var longest time.Duration
	for service, kinds := range faults {
		for _, kind := range kinds {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(morning))
				r := sit(t)
				defer r.leave()
				if !r.breaks(wiring.Fault{Service: service, Kind: kind}) {
					return
				}
				played++
				r.write("dup", [][2]string{{"amo", "1x3x7"}, {"azi", "1x1x3"}, {"par", "1x3x5"}})
				r.prescribe.Send()
				began := time.Now()
				for {
					lines := r.prescribe.View().Lines
					shown := 0
					for _, l := range lines {
						if l.Tone == model.Good || len(l.Buttons) > 0 {
							shown++
						}
					}
					if took := time.Since(began); len(lines) == 3 && shown == 3 {
						longest = max(longest, took)
						for _, l := range lines {
							if l.Tone == model.Good {
								rids++
							} else {
								choices++
							}
						}
						return
					} else if took > promise {
						t.Errorf("%s of %s: after %v %d of %d lines show a RID or a choice", kind, service, took, shown, len(lines))
						return
					}
					r.pass(pulse)
				}
			})
		}
	}
	t.Logf("%d faults played: %d RIDs, %d choices, the latest after %v", played, rids, choices, longest)
	if played < len(ways)*len(faults) || rids == 0 || choices == 0 {
		t.Errorf("too little was played: %d faults of %d services, %d RIDs, %d choices", played, len(faults), rids, choices)
	}
}

// room is the doctor in front of the screen of one patient.
type room struct {
	t         *testing.T
	dir       wiring.Directory
	desk      *wiring.Desk
	prescribe *model.Prescribe
	backs     chan func()
	ctx       context.Context
	stop      context.CancelFunc
}

func sit(t *testing.T) *room {
	t.Helper()
	root := t.TempDir()
	dir, err := wiring.At(config.Paths{Data: filepath.Join(root, "data"), Marks: filepath.Join(root, "marks")})
	if err != nil {
		t.Fatal(err)
	}
	dir.Protocol.Keys = simtest.Keys
	r := &room{t: t, dir: dir, backs: make(chan func(), 64)}
	r.ctx, r.stop = context.WithCancel(context.Background())
	house, err := wiring.NewHouse(r.ctx, dir, true, rx.FR)
	if err != nil {
		t.Fatal(err)
	}
	if r.desk, err = house.Unlock(r.ctx, []byte(wiring.DemoPassphrase)); err != nil {
		t.Fatal(err)
	}
	env := &model.Env{Service: r.desk.Service(), Do: r.do, Changed: func() {}, Lang: rx.FR, Simulated: true,
		Seen: func(s rx.Service) model.Seen {
			reached, since, answered, failures, why := r.desk.Seen(s)
			return model.Seen{Reached: reached, Since: since, Answered: answered, Failures: failures, Why: why}
		},
		Save: r.desk.SavePDF, Open: func(string) {}, Copy: func(string) {}}
	r.prescribe = model.NewPrescribe(env)
	go func() {
		_ = r.desk.Watch(r.ctx, func(ids []rx.ID) {
			select {
			case r.backs <- func() { r.prescribe.Changed(ids) }:
			case <-r.ctx.Done():
			}
		})
	}()
	r.prescribe.Pick.Load()
	r.pass(pulse)
	return r
}

// do is the gate of the window: work elsewhere, back on this goroutine.
func (r *room) do(work func(context.Context) func()) {
	go func() {
		back := work(r.ctx)
		select {
		case r.backs <- back:
		case <-r.ctx.Done():
		}
	}()
}

// pass lets time pass, and what comes back come back.
func (r *room) pass(d time.Duration) {
	after := time.After(d)
	for {
		select {
		case back := <-r.backs:
			if back != nil {
				back()
			}
		case <-after:
			r.prescribe.Tick()
			return
		}
	}
}

// breaks lets calls fail from now on; false when there is no such fault.
func (r *room) breaks(f wiring.Fault) bool {
	r.t.Helper()
	s, err := r.dir.Open(r.ctx, []byte(wiring.DemoPassphrase))
	if err != nil {
		r.t.Fatal(err)
	}
	err = s.SetPlan([]wiring.Fault{f})
	if closed := s.Close(r.ctx); closed != nil {
		r.t.Fatal(closed)
	}
	return err == nil
}

// write finds the patient and writes lines, each a medicine and a short posology, as by keyboard.
func (r *room) write(patient string, lines [][2]string) {
	r.t.Helper()
	r.prescribe.Pick.Search(patient)
	r.pass(pulse)
	r.prescribe.Pick.Enter()
	r.pass(pulse)
	for _, line := range lines {
		r.prescribe.Search(line[0])
		r.pass(pulse)
		r.prescribe.Enter()
		r.pass(pulse)
		r.prescribe.Set(r.prescribe.View().Focus.Field, line[1])
		r.pass(pulse)
		r.prescribe.Enter()
		r.pass(pulse)
	}
	if v := r.prescribe.View(); len(v.Lines) != len(lines) || !v.Send.On {
		r.t.Fatalf("%d lines written, not %d: %+v", len(v.Lines), len(lines), v.Notices)
	}
}

func (r *room) leave() {
	r.stop()
	if err := r.desk.Close(context.Background()); err != nil {
		r.t.Error(err)
	}
	synctest.Wait()
	for len(r.backs) > 0 {
		<-r.backs
	}
}
