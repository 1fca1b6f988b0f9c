package wiring

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"relais/app/prescribing"
	"relais/app/rx"
	"relais/sync/simulator"
	"relais/sync/simulator/world"
)

// factsAsJSON is the message format of directories that were made before there was a protocol.
type factsAsJSON struct{}

func (factsAsJSON) Compose(f rx.Facts) ([]byte, error) {
	message, _, err := f.Canonical()
	return message, err
}

// A directory of a Relais that talked to the simulated world itself: its world has no PKI, what was sent has facts for a
// message, and so has what waits. Nothing of it is lost or doubled.
func TestEarlierDirectory(t *testing.T) {
	d := place(t)
	d.Protocol.Double = true
	if _, err := d.Make(ctx, simulated()); err != nil {
		t.Fatal(err)
	}
	s, err := d.Open(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	s.Service.Composer = factsAsJSON{}
	issue := func(s *Session, number rx.SSIN) rx.Item {
		t.Helper()
		r := request()
		r.Patient.SSIN = number
		done, err := s.Service.Issue(ctx, r, prescribing.How{})
		if err != nil {
			t.Fatal(err)
		}
		item, err := s.Service.Store.Item(ctx, done.Prescriptions[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		return item
	}
	sent := issue(s, "85073003427")
	becomes(t, s, sent.ID, rx.StateConfirmed)
	if err := s.SetPlan([]Fault{{Kind: "refuse-connect", Operation: rx.OpCreate}}); err != nil {
		t.Fatal(err)
	}
	waiting := issue(s, "85073003427") // its key is fetched
	if _, err := s.Drive(ctx, time.Second, func(ctx context.Context) (bool, error) { return false, nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.SetPlan(nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(d.Data, pkiDir)); err == nil {
		t.Fatal("it has a PKI")
	}

	d.Protocol.Double = false
	s = open(t, d)
	fresh := issue(s, "79021802145")
	for _, item := range []rx.Item{waiting, fresh} {
		becomes(t, s, item.ID, rx.StateConfirmed)
	}
	w, err := s.simulated()
	if err != nil {
		t.Fatal(err)
	}
	truth, err := w.Truth(time.Now())
	if err != nil || len(truth.Records) != 3 {
		t.Fatalf("%d records, %v", len(truth.Records), err)
	}
	record := func(item rx.Item) (r world.Record) {
		t.Helper()
		for _, r = range truth.Records {
			if r.Local == item.Facts.LocalID {
				return r
			}
		}
		t.Fatal("a prescription without record")
		return r
	}
	// What the pharmacist makes of them: only the last is a message.
	pki, err := d.pki()
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(w, pki, simulator.Options{Clock: clock{d.Now}})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	for i, item := range []rx.Item{sent, waiting, fresh} {
		seen, err := sim.Look(record(item).RID)
		if valid := i == 2; err != nil || seen.Valid != valid || valid != (len(seen.Errors) == 0) {
			t.Errorf("the pharmacist reads prescription %d: %t %v, %v", i, seen.Valid, seen.Errors, err)
		}
	}
	// The records of before can be read back and revoked.
	item, err := s.Service.Store.Item(ctx, sent.ID)
	if err != nil {
		t.Fatal(err)
	}
	remote, err := s.Remote(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if reply := remote.Do(ctx, rx.Call{Op: rx.OpGet, RID: item.RID()}); !reply.OK() || reply.KeyID != item.Attempts[0].Key {
		t.Errorf("read back: %v", reply.Result)
	}
	for _, id := range []rx.ID{sent.ID, waiting.ID} {
		if _, err := s.Service.Revoke(ctx, id, rx.RevokeReasons[0], ""); err != nil {
			t.Fatal(err)
		}
		becomes(t, s, id, rx.StateRevoked)
	}
	if truth, err = w.Truth(time.Now()); err != nil || len(truth.Records) != 3 {
		t.Fatalf("%d records, %v", len(truth.Records), err)
	}
	for i, item := range []rx.Item{sent, waiting, fresh} {
		if r := record(item); r.DeliverableAt(truth.Now) != (i == 2) {
			t.Errorf("prescription %d is %s there", i, r.Status)
		}
	}
}
