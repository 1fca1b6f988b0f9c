package wiring

import (
	"testing"
	"time"

	"relais/app/config"
	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator/world"
)

// protocol is a directory whose services are reached through their real protocol.
func protocol(t *testing.T) Directory {
	t.Helper()
	n, d := simulated(), place(t)
	var faults rx.Faults
	n.Profile, faults = config.File{Name: "essai", Services: config.Simulated, Waits: map[string]string{"retry": "100ms", "backoff": "5s", "look_again": "100ms"}}.Profile()
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if _, err := d.Make(ctx, n); err != nil {
		t.Fatal(err)
	}
	return d
}

// From the order to the proof through SOAP, seals and keys; what the server has is the message of this order, by the id that stands inside its seal.
func TestThroughTheProtocol(t *testing.T) {
	d := protocol(t)
	s := open(t, d)
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	if ended, err := s.Drive(ctx, 20*time.Second, confirmed(s, done.Order)); err != nil || ended.Fault != nil {
		t.Fatal(ended.Fault, err)
	}
	id := done.Prescriptions[0].ID
	item, err := s.Service.Store.Item(ctx, id)
	if err != nil || item.State != rx.StateConfirmed || item.RID() == "" {
		t.Fatalf("%v, %v", item.State, err)
	}
	if _, err := s.Service.Proof(ctx, []rx.ID{id}); err != nil {
		t.Error(err)
	}
	w, err := s.simulated()
	if err != nil {
		t.Fatal(err)
	}
	truth, err := w.Truth(time.Now())
	if err != nil || len(truth.Records) != 1 || truth.Records[0].Local != item.Facts.LocalID || truth.Records[0].RID != item.RID() {
		t.Fatalf("%d records, %v", len(truth.Records), err)
	}
	if _, err := s.Service.Revoke(ctx, id, rx.RevokeReasons[0], ""); err != nil {
		t.Fatal(err)
	}
	becomes(t, s, id, rx.StateRevoked)
}

// becomes lets the engine work until a prescription is in that state.
func becomes(t *testing.T, s *Session, id rx.ID, state rx.State) {
	t.Helper()
	stop := sends(t, s)
	defer stop()
	soon(t, state.String(), func() bool {
		item, err := s.Service.Store.Item(ctx, id)
		return err == nil && item.State == state
	})
}

// A lost answer is found again by its witness, over the protocol too: one record, one RID.
func TestLostAnswerThroughTheProtocol(t *testing.T) {
	d := protocol(t)
	s := open(t, d)
	w, err := s.simulated()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SetPlan([]world.Fault{{Operation: rx.OpCreate, Kind: world.Drop, Count: 1}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	done, err := s.Service.Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	id := done.Prescriptions[0].ID
	becomes(t, s, id, rx.StateConfirmed)
	if truth, err := w.Truth(time.Now()); err != nil || len(truth.Records) != 1 {
		t.Errorf("%d records, %v", len(truth.Records), err)
	}
}
