package world

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
)

func create(t rapid.TB, w *World, p *rx.Parcel, at time.Time) rx.RID {
	t.Helper()
	r := w.Process(rx.Call{Op: rx.OpCreate, Parcel: p}, Twist{}, at)
	if !r.OK() {
		t.Fatalf("the create was refused: %s", r.Problem.Code)
	}
	return r.RID
}

func TestRIDs(t *testing.T) {
	w, same := New(rand.NewPCG(1, 2)), New(rand.NewPCG(1, 2))
	seen := map[rx.RID]bool{}
	for n := range 3000 {
		p := parcelOf(w, n, monday)
		p.Type = []string{"P0", "P1"}[n%2]
		rid := create(t, w, p, monday)
		s := string(rid)
		if parsed, err := rx.ParseRID(s); err != nil || parsed != rid || s[:4] != "BE"+p.Type || s[4:8] != "TEST" || strings.ContainsAny(s[2:], "IOU") {
			t.Fatalf("a RID of another form: %s", s)
		}
		if seen[rid] {
			t.Fatal("a RID was given twice")
		}
		seen[rid] = true
		q := parcelOf(same, n, monday)
		q.Type = p.Type
		if create(t, same, q, monday) != rid || q.Key.ID != p.Key.ID {
			t.Fatal("the same source gave another RID or key")
		}
	}
}

// constant is a source that has nothing new: the server runs out of RIDs.
type constant struct{}

func (constant) Uint64() uint64 { return 7 }

func TestNoMoreRIDs(t *testing.T) {
	w := New(constant{})
	p := parcelOf(w, 1, monday)
	create(t, w, p, monday)
	if r := w.Process(rx.Call{Op: rx.OpCreate, Parcel: p}, Twist{}, monday); r.Result != rx.ResultRefused {
		t.Fatalf("%s", r.Result)
	}
	if got := tally(t, w, p.Local, monday).Records; got != 1 {
		t.Fatalf("%d records", got)
	}
}

// What the server can judge from outside, each refused with nothing stored.
func TestCreateChecks(t *testing.T) {
	today := rx.DateOf(monday)
	for _, c := range []struct {
		name  string
		spoil func(p *rx.Parcel)
		taken bool
	}{
		{"sound", func(*rx.Parcel) {}, true},
		{"last day today", func(p *rx.Parcel) { p.Expires = today }, true},
		{"latest day", func(p *rx.Parcel) { p.Expires = today.AddDays(364) }, true},
		{"a day too late", func(p *rx.Parcel) { p.Expires = today.AddDays(365) }, false},
		{"yesterday", func(p *rx.Parcel) { p.Expires = today.AddDays(-1) }, false},
		{"no last day", func(p *rx.Parcel) { p.Expires = rx.Date{} }, false},
		{"no patient", func(p *rx.Parcel) { p.Patient = "" }, false},
		{"no content", func(p *rx.Parcel) { p.Message = nil }, false},
		{"no key", func(p *rx.Parcel) { p.Key.ID = "" }, false},
		{"type P2", func(p *rx.Parcel) { p.Type = "P2" }, false},
		{"no type", func(p *rx.Parcel) { p.Type = "" }, false},
	} {
		w := New(rand.NewPCG(1, 2))
		p := parcelOf(w, 1, monday)
		c.spoil(p)
		r := w.Process(rx.Call{Op: rx.OpCreate, Parcel: p}, Twist{}, monday)
		if got := tally(t, w, p.Local, monday).Records; r.OK() != c.taken || got == 1 != c.taken {
			t.Errorf("%s: %s, %d records", c.name, r.Result, got)
		}
		if r.OK() == (r.Problem != nil) || r.OK() == (r.RID == "") {
			t.Errorf("%s: the reply is neither", c.name)
		}
	}
	w := New(rand.NewPCG(1, 2))
	for _, call := range []rx.Call{{Op: rx.OpCreate}, {Op: rx.OpNewKey}, {Op: rx.OpOpen}, {Op: rx.OpHistory}, {Op: "dispense"}} {
		if r := w.Process(call, Twist{}, monday); r.Result != rx.ResultRefused {
			t.Errorf("%s of nothing was %s", call.Op, r.Result)
		}
	}
}

// The server keeps the content as it came.
func TestContentIsKept(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	p := parcelOf(w, 1, monday)
	rid := create(t, w, p, monday)
	copy(p.Message, "MESSAGE")
	r, err := w.Record(rid, monday)
	if err != nil || string(r.Content) != "message" {
		t.Fatal("the content changed with the caller's bytes")
	}
}

// Every hand on every status: only the written moves take place.
func TestMoves(t *testing.T) {
	lead := map[rx.Status][]Move{
		rx.NotDelivered: nil, rx.InProcess: {Take}, rx.Delivered: {Deliver}, rx.Archived: {Deliver, Archive}, rx.StatusRevoked: {PatientRevoke},
	}
	want := map[string]rx.Status{
		"take NotDelivered": rx.InProcess, "put-back InProcess": rx.NotDelivered,
		"deliver NotDelivered": rx.Delivered, "deliver InProcess": rx.Delivered, "archive Delivered": rx.Archived,
		"patient-revoke NotDelivered": rx.StatusRevoked, "patient-revoke InProcess": rx.StatusRevoked,
		"patient-lock NotDelivered": rx.NotDelivered, "patient-lock InProcess": rx.InProcess,
		"patient-unlock NotDelivered": rx.NotDelivered, "patient-unlock InProcess": rx.InProcess,
		"revoke NotDelivered": rx.StatusRevoked, "revoke InProcess": rx.StatusRevoked,
	}
	for from, moves := range lead {
		for _, m := range append([]Move{revoke}, Moves...) {
			w := New(rand.NewPCG(1, 2))
			p := parcelOf(w, 1, monday)
			rid := create(t, w, p, monday)
			for _, first := range moves {
				if err := w.Act(first, rid, monday); err != nil {
					t.Fatal(err)
				}
			}
			to, allowed := want[string(m)+" "+string(from)]
			err := w.Act(m, rid, monday)
			r, _ := w.Record(rid, monday)
			if !allowed {
				if to = from; rx.CodeOf(err) != CodeStatus {
					t.Errorf("%s of %s: %v", m, from, err)
				}
			} else if err != nil {
				t.Errorf("%s of %s: %v", m, from, err)
			}
			if r.Status != to {
				t.Errorf("%s of %s leads to %s", m, from, r.Status)
			}
			n := tally(t, w, p.Local, monday)
			if (n.Delivered == 1) != (to == rx.Delivered || to == rx.Archived) || (n.Deliverable == 1) != (to == rx.NotDelivered || to == rx.InProcess) {
				t.Errorf("%s counts as %+v", to, n)
			}
		}
	}
	if err := New(rand.NewPCG(1, 2)).Act(Deliver, "BEP0ZZZZZZZZ", monday); rx.CodeOf(err) != rx.CodeNotFound {
		t.Errorf("a hand on nothing: %v", err)
	}
}

func TestRevokeInProcessIsASetting(t *testing.T) {
	for _, keep := range []bool{false, true} {
		w := New(rand.NewPCG(1, 2))
		if err := w.Set(Settings{KeepInProcess: keep}); err != nil {
			t.Fatal(err)
		}
		rid := create(t, w, parcelOf(w, 1, monday), monday)
		if err := w.Act(Take, rid, monday); err != nil {
			t.Fatal(err)
		}
		if r := w.Process(rx.Call{Op: rx.OpRevoke, RID: rid}, Twist{}, monday); r.OK() == keep {
			t.Errorf("KeepInProcess %t: the revoke was %s", keep, r.Result)
		}
	}
}

// What faults make of a create for ever, and of one answer.
func TestTwists(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	plain := create(t, w, parcelOf(w, 1, monday), monday)
	blind := w.Process(rx.Call{Op: rx.OpCreate, Parcel: parcelOf(w, 2, monday)}, Twist{Blind: true}, monday).RID
	late := w.Process(rx.Call{Op: rx.OpCreate, Parcel: parcelOf(w, 3, monday)}, Twist{Lag: time.Minute}, monday).RID
	for _, c := range []struct {
		rid   rx.RID
		twist Twist
		read  bool
	}{{plain, Twist{}, true}, {plain, Twist{Blind: true}, false}, {blind, Twist{}, false}, {late, Twist{}, true}} {
		r := w.Process(rx.Call{Op: rx.OpGet, RID: c.rid}, c.twist, monday)
		if r.OK() != c.read || (r.KeyID != "") != c.read {
			t.Errorf("%+v: %s", c, r.Result)
		}
	}
	for wait, want := range map[time.Duration]int{0: 2, time.Minute - 1: 2, time.Minute: 3} {
		for _, call := range []rx.Call{{Op: rx.OpOpen, Patient: marie}, {Op: rx.OpHistory, Patient: marie, Active: true}} {
			if r := w.Process(call, Twist{}, monday.Add(wait)); len(r.Listed) != want {
				t.Errorf("%s after %v: %d listed, want %d", call.Op, wait, len(r.Listed), want)
			}
		}
	}
	if err := w.Set(Settings{Page: 2}); err != nil {
		t.Fatal(err)
	}
	if r := w.Process(rx.Call{Op: rx.OpHistory, Patient: marie, Active: true}, Twist{}, monday.Add(time.Hour)); len(r.Listed) != 2 || !r.More {
		t.Errorf("%d on a page of 2", len(r.Listed))
	}
}

// The truth at a moment is that of the server's clock, and agrees with Tally.
func TestTruthIsOfItsMoment(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	p := parcelOf(w, 1, monday)
	p.Expires = rx.DateOf(monday)
	rid := create(t, w, p, monday)
	w.Process(rx.Call{Op: rx.OpRevoke, RID: create(t, w, parcelOf(w, 1, monday), monday), Reason: "stopped"}, Twist{}, monday)
	for _, c := range []struct {
		offset time.Duration
		want   Tally
	}{{0, Tally{2, 1, 0}}, {24 * time.Hour, Tally{2, 0, 0}}} {
		if err := w.Set(Settings{Offset: c.offset}); err != nil {
			t.Fatal(err)
		}
		truth, err := w.Truth(monday)
		if err != nil || !truth.Now.Equal(monday.Add(c.offset)) {
			t.Fatalf("the truth of %v, %v", truth.Now, err)
		}
		if got := truth.PerLocal()[p.Local]; got != c.want || got != tally(t, w, p.Local, monday) {
			t.Errorf("offset %v: %+v, want %+v", c.offset, got, c.want)
		}
		if got := truth.PerKey()[p.Key.ID]; got.Records != 1 || truth.Records[0].RID != rid {
			t.Errorf("%+v of the key", got)
		}
		if r := truth.Records[1]; r.By != Prescriber || r.Reason != "stopped" || r.Status != rx.StatusRevoked {
			t.Errorf("the revoke is kept as %s by %s", r.Reason, r.By)
		}
	}
}

func TestExpiry(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	brussels := time.FixedZone("Brussels in winter", 3600)
	at := monday.In(brussels)
	p := parcelOf(w, 1, at)
	p.Expires = rx.DateOf(at)
	rid := create(t, w, p, at)
	midnight := time.Date(2026, 11, 24, 0, 0, 0, 0, brussels)
	for when, want := range map[time.Time]rx.Status{midnight.Add(-1): rx.NotDelivered, midnight: rx.Expired} {
		if r := w.Process(rx.Call{Op: rx.OpStatus, RID: rid}, Twist{}, when); r.Status != want {
			t.Errorf("%v: %s", when, r.Status)
		}
		if n := tally(t, w, p.Local, when); (n.Deliverable == 1) != (want == rx.NotDelivered) {
			t.Errorf("%v: %+v", when, n)
		}
	}
	if err := w.Act(Deliver, rid, midnight); rx.CodeOf(err) != CodeStatus {
		t.Errorf("an expired one was delivered: %v", err)
	}
	if r := w.Process(rx.Call{Op: rx.OpRevoke, RID: rid}, Twist{}, midnight); r.OK() {
		t.Error("an expired one was revoked")
	}
}

// A pharmacist who reads the eID takes what is not locked and not taken.
func TestOpenByPatient(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	free, locked, revoked := create(t, w, parcelOf(w, 1, monday), monday), create(t, w, parcelOf(w, 2, monday), monday), create(t, w, parcelOf(w, 3, monday), monday)
	if err := w.Act(PatientLock, locked, monday); err != nil {
		t.Fatal(err)
	}
	if err := w.Act(PatientRevoke, revoked, monday); err != nil {
		t.Fatal(err)
	}
	opened, err := w.OpenByPatient(marie, monday)
	if err != nil || len(opened) != 1 || opened[0] != free {
		t.Fatalf("%d opened, %v", len(opened), err)
	}
	if again, _ := w.OpenByPatient(marie, monday); len(again) > 0 {
		t.Fatal("opened twice")
	}
	if err := w.Act(Take, locked, monday); err != nil {
		t.Fatal("the bar code of the proof must open a locked one")
	}
}

func TestFeedbackNeedsTheFlag(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	rid := create(t, w, parcelOf(w, 1, monday), monday)
	if err := w.Feedback(rid, []byte("x"), monday); rx.CodeOf(err) != CodeStatus {
		t.Fatalf("%v", err)
	}
	w.Process(rx.Call{Op: rx.OpFeedback, RID: rid, Flag: true}, Twist{}, monday)
	if err := w.Feedback(rid, []byte("x"), monday); err != nil {
		t.Fatal(err)
	}
	if truth, _ := w.Truth(monday); len(truth.Feedbacks) != 1 || len(truth.Notifications) != 0 {
		t.Fatal("the feedback is not kept as one")
	}
}

// A list in pages is the list of the moment of its first page, whatever happens
// between the pages; no record comes twice, and none is left out that stayed.
func TestPagesAreOneList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := New(rand.NewPCG(1, 2))
		before := rapid.IntRange(0, 12).Draw(t, "before")
		var all []rx.RID
		n := 0
		add := func() {
			all = append(all, create(t, w, parcelOf(w, n, monday), monday))
			n++
		}
		for range before {
			add()
		}
		gone := map[rx.RID]bool{}
		at := monday.Add(time.Second)
		call := rx.Call{Op: rx.OpOpen, Patient: marie}
		var got []rx.RID
		for {
			r := w.Process(call, Twist{Page: rapid.IntRange(1, 4).Draw(t, "page")}, at)
			if !r.OK() {
				t.Fatalf("%s", r.Result)
			}
			for _, l := range r.Listed {
				got = append(got, l.RID)
			}
			if !r.More {
				break
			}
			call.Session = r.Session
			at = at.Add(time.Second)
			if len(all) > 0 && rapid.Bool().Draw(t, "delivered meanwhile") {
				rid := rapid.SampledFrom(all).Draw(t, "which")
				gone[rid] = w.Act(Deliver, rid, at) == nil || gone[rid]
			}
			if rapid.Bool().Draw(t, "created meanwhile") {
				p := parcelOf(w, n, at)
				n++
				create(t, w, p, at)
			}
		}
		i := 0
		for _, rid := range all {
			switch {
			case i < len(got) && got[i] == rid:
				i++
			case !gone[rid]:
				t.Fatal("a record was left out")
			}
		}
		if i != len(got) {
			t.Fatal("a record came twice, or too many")
		}
	})
}

func TestSessionsAreOfTheirList(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	for n := range 3 {
		create(t, w, parcelOf(w, n, monday), monday)
	}
	session := w.Process(rx.Call{Op: rx.OpHistory, Patient: marie, Active: true}, Twist{Page: 1}, monday).Session
	for _, call := range []rx.Call{
		{Op: rx.OpOpen, Patient: marie}, {Op: rx.OpHistory, Patient: marie}, {Op: rx.OpHistory, Patient: jan, Active: true},
	} {
		call.Session = session
		if r := w.Process(call, Twist{}, monday); r.Result != rx.ResultRefused {
			t.Errorf("the session of another list was %s", r.Result)
		}
	}
	if strings.Contains(session, string(marie)) {
		t.Error("the session names the patient")
	}
	if r := w.Process(rx.Call{Op: rx.OpHistory, Patient: marie, Active: true, Session: "1.0.0." + session}, Twist{}, monday); r.OK() {
		t.Error("a made-up session was taken")
	}
}

func TestPatientDataIsRedacted(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	rid := create(t, w, parcelOf(w, 1, monday), monday)
	w.Process(rx.Call{Op: rx.OpNotify, RID: rid, Text: []byte("message")}, Twist{}, monday)
	truth, err := w.Truth(monday)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{truth.Records[0], truth.Records, truth.Notifications, truth, &truth.Records[0]} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, string(marie)) || strings.Contains(out, "message") || strings.Contains(out, "6d657373616765") {
				t.Errorf("%s of %T shows patient data", verb, v)
			}
		}
	}
}
