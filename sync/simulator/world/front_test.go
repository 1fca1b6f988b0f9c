package world

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"relais/app/rx"
)

var getKey = Target{Service: rx.KGSS}

// Behind a protocol its faults are sound, each where it can strike.
func TestCheckBehind(t *testing.T) {
	for _, c := range []struct {
		fault Fault
		code  rx.Code
	}{
		{Fault{Kind: "soa-02001"}, ""},
		{Fault{Service: rx.STS, Kind: RefuseConnect}, ""},
		{Fault{Service: rx.ETKDepot, Kind: Portal}, ""},
		{Fault{Service: rx.STS, Kind: TokenExpired}, ""},
		{Fault{Service: rx.KGSS, Kind: Rotated}, ""},
		{Fault{Service: rx.Recipe, Operation: rx.OpCreate, Kind: WrongKey}, ""},
		{Fault{Service: rx.ETKDepot, Kind: TokenExpired}, CodeNotThere},
		{Fault{Service: rx.STS, Kind: WrongKey}, CodeNotThere},
		{Fault{Service: rx.STS, Kind: ListLag}, CodeNotThere},
		{Fault{Operation: rx.OpNewKey, Kind: WrongKey}, CodeNotThere},
		{Fault{Kind: "soa-99999"}, rx.CodeNotInList},
	} {
		w := New(rand.NewPCG(1, 2))
		w.Behind()
		err := w.SetPlan([]Fault{c.fault}, monday)
		var faults rx.Faults
		errors.As(err, &faults)
		if c.code == "" && err != nil || c.code != "" && (len(faults) != 1 || faults[0].Code != c.code) {
			t.Errorf("%+v: %v, want %q", c.fault, err, c.code)
		}
	}
}

// Connections are counted apart from the calls that they are for.
func TestConnect(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	w.Behind()
	plan := []Fault{
		{Operation: rx.OpCreate, Kind: RefuseConnect, After: 1, Count: 2},
		{Service: rx.STS, Kind: TLSFail, From: time.Hour},
		{Kind: HTTP503, Service: rx.Recipe, Count: 1},
	}
	if err := w.SetPlan(plan, monday); err != nil {
		t.Fatal(err)
	}
	for i, want := range []Kind{"", RefuseConnect, RefuseConnect, ""} {
		if got := w.Connect(rx.Recipe, monday); got != want {
			t.Errorf("connection %d: %q, want %q", i+1, got, want)
		}
		if w.Connect(rx.KGSS, monday) != "" || w.Connect(rx.STS, monday) != "" {
			t.Error("the connection to another service is refused")
		}
	}
	if w.Connect(rx.STS, monday.Add(time.Hour)) != TLSFail {
		t.Error("the window is not kept")
	}
	first, second := w.Meet(Target{rx.Recipe, rx.OpCreate}, monday), w.Meet(Target{rx.Recipe, rx.OpCreate}, monday)
	if first.Protocol != HTTP503 || second.Protocol != "" || first.Ends == Refuses {
		t.Errorf("fates %+v, %+v", first, second)
	}
	if f := w.Meet(getKey, monday); f.Protocol != "" {
		t.Errorf("a call of another service met %s", f.Protocol)
	}
	w.Random(Profile{RefuseConnect: 0.5}, rand.NewPCG(3, 4))
	refused := 0
	for range 200 {
		if w.Connect(rx.ETKDepot, monday) == RefuseConnect {
			refused++
		}
		if w.Meet(Target{Service: rx.ETKDepot}, monday).Ends == Refuses {
			t.Fatal("a call whose connection was made is refused one")
		}
	}
	if refused < 60 || refused > 140 {
		t.Errorf("%d of 200 connections were refused", refused)
	}
}

// A fate that was met is played as Send plays its own, in the name of a prescriber.
func TestDispatch(t *testing.T) {
	const anne, other rx.NIHII = "19999915004", "10012378004"
	w, err := Open(filepath.Join(t.TempDir(), "world.db"), rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Behind()
	play := func(by rx.NIHII, call rx.Call) Answer {
		t.Helper()
		fate := w.Meet(Target{call.Op.Service(), call.Op}, monday)
		ticket, err := w.Dispatch(call, by, fate, monday)
		if err != nil {
			t.Fatal(err)
		}
		return w.Collect(ticket, monday.Add(fate.End))
	}
	p := parcelOf(w, 1, monday)
	p.Feedback = true
	rid := play(anne, rx.Call{Op: rx.OpCreate, Patient: marie, Parcel: p}).RID
	if r, err := w.Record(rid, monday); err != nil || r.Prescriber != anne {
		t.Fatalf("the record is of %q, %v", string(r.Prescriber), err)
	}
	if err := w.Feedback(rid, []byte("délivré"), monday); err != nil {
		t.Fatal(err)
	}
	for by, ours := range map[rx.NIHII]bool{anne: true, other: false, "": true} {
		status := play(by, rx.Call{Op: rx.OpStatus, RID: rid})
		list := play(by, rx.Call{Op: rx.OpOpen, Patient: marie})
		feedbacks := play(by, rx.Call{Op: rx.OpFeedbacks})
		if status.OK() != ours || (len(list.Listed) == 1) != ours || (len(feedbacks.Feedbacks) == 1) != ours {
			t.Errorf("ours %t: status %s, %d listed, %d feedbacks", ours, status.Result, len(list.Listed), len(feedbacks.Feedbacks))
		}
		if ours && string(feedbacks.Feedbacks[0].Text) != "délivré" {
			t.Error("the feedback differs")
		}
	}
	access := Access{Allowed: []Reader{{"n", "a", []string{""}}}, Excluded: []Reader{{"n", "b", nil}}}
	if err := w.Grant(p.Key.ID, access); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Access(p.Key.ID); err != nil || !reflect.DeepEqual(got, access) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.Access("none"); rx.CodeOf(err) != rx.CodeNotFound {
		t.Errorf("of no key: %v", err)
	}
	if r := play(anne, rx.Call{Op: rx.OpNotify, Patient: marie, Pharmacy: "29999915", Text: []byte("x")}); !r.OK() {
		t.Errorf("a notification without a RID: %s", r.Result)
	}
}
