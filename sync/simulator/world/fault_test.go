package world

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault Fault
		code  rx.Code // "" when sound
		path  string
	}{
		{"as the formats have it", Fault{Service: rx.Recipe, Operation: rx.OpCreate, Kind: Drop, After: 2, Count: 1}, "", ""},
		{"a window", Fault{Service: rx.KGSS, Kind: RefuseConnect, From: 10 * time.Minute, For: 2 * time.Hour}, "", ""},
		{"every service", Fault{Kind: Hang}, "", ""},
		{"a create that lists show late", Fault{Operation: rx.OpCreate, Kind: ListLag}, "", ""},
		{"kind of the protocol", Fault{Kind: "http-502"}, CodeNeedsProtocol, "faults[0].kind"},
		{"code of the ESB", Fault{Kind: "soa-02001"}, CodeNeedsProtocol, "faults[0].kind"},
		{"service of the protocol", Fault{Service: rx.STS, Kind: RefuseConnect}, CodeNeedsProtocol, "faults[0].service"},
		{"no kind", Fault{}, rx.CodeNotInList, "faults[0].kind"},
		{"unknown kind", Fault{Kind: "bad-luck"}, rx.CodeNotInList, "faults[0].kind"},
		{"unknown service", Fault{Service: "fax", Kind: Slow}, rx.CodeNotInList, "faults[0].service"},
		{"unknown operation", Fault{Operation: "dispense", Kind: Slow}, rx.CodeNotInList, "faults[0].operation"},
		{"operation of another service", Fault{Service: rx.KGSS, Operation: rx.OpCreate, Kind: Slow}, CodeNotThere, "faults[0].operation"},
		{"a status that lags", Fault{Operation: rx.OpStatus, Kind: ListLag}, CodeNotThere, "faults[0].operation"},
		{"lists of the KGSS", Fault{Service: rx.KGSS, Kind: ListPaged}, CodeNotThere, "faults[0].service"},
		{"negative after", Fault{Kind: Slow, After: -1}, rx.CodeOutOfRange, "faults[0].after"},
		{"negative count", Fault{Kind: Slow, Count: -1}, rx.CodeOutOfRange, "faults[0].count"},
		{"negative from", Fault{Kind: Slow, From: -1}, rx.CodeOutOfRange, "faults[0].from"},
		{"negative for", Fault{Kind: Slow, For: -1}, rx.CodeOutOfRange, "faults[0].for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := New(rand.NewPCG(1, 2))
			before := []Fault{{Kind: Slow}}
			if err := w.SetPlan(before, monday); err != nil {
				t.Fatal(err)
			}
			err := w.SetPlan([]Fault{c.fault}, monday)
			var faults rx.Faults
			switch {
			case c.code == "":
				if err != nil {
					t.Fatal(err)
				}
			case !errors.As(err, &faults) || len(faults) != 1 || faults[0].Code != c.code || faults[0].Path != c.path:
				t.Fatalf("%v, want %s at %s", err, c.code, c.path)
			default:
				if plan, _, _ := w.Plan(); !slices.Equal(plan, before) {
					t.Fatal("a plan that was refused changed the one in force")
				}
			}
		})
	}
}

// Every kind of the formats that the world knows alone is known here, and no other.
func TestKinds(t *testing.T) {
	if front := len(kinds) - len(Kinds); front != 22 {
		t.Fatalf("%d kinds are of the protocol, the formats have 22", front)
	}
	for _, k := range Kinds {
		rule, ok := kinds[k]
		_, way := ways[k]
		var twist Twist
		if twist.add(k); !ok || way == (twist != Twist{}) {
			t.Errorf("%s must decide the way or twist the operation, one of both", k)
		}
		for _, op := range rule.does {
			if !slices.Contains(rule.may, op) {
				t.Errorf("%s befalls %s, which it may not", k, op)
			}
		}
	}
}

// A fault strikes exactly the calls that After, Count, From and For leave it.
func TestPlanStrikes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fault{
			Service:   rapid.SampledFrom([]rx.Service{"", rx.Recipe, rx.KGSS}).Draw(t, "service"),
			Operation: rapid.SampledFrom([]rx.Op{"", rx.OpCreate, rx.OpNewKey}).Draw(t, "operation"),
			Kind:      RefuseConnect,
			After:     rapid.IntRange(0, 3).Draw(t, "after"), Count: rapid.IntRange(0, 3).Draw(t, "count"),
			From: time.Duration(rapid.IntRange(0, 5).Draw(t, "from")) * time.Minute, For: time.Duration(rapid.IntRange(0, 5).Draw(t, "for")) * time.Minute,
		}
		if Check([]Fault{f}) != nil {
			t.Skip("no such plan")
		}
		w := New(rand.NewPCG(1, 2))
		if err := w.SetPlan([]Fault{f}, monday); err != nil {
			t.Fatal(err)
		}
		met := 0
		for i := range 30 {
			op := rapid.SampledFrom([]rx.Op{rx.OpCreate, rx.OpNewKey, rx.OpOpen}).Draw(t, "call")
			since := time.Duration(i) * 20 * time.Second
			inWindow := since >= f.From && (f.For == 0 || since < f.From+f.For)
			about := (f.Service == "" || op.Service() == f.Service) && (f.Operation == "" || f.Operation == op)
			want := false
			if inWindow && about {
				met++
				want = met > f.After && (f.Count == 0 || met <= f.After+f.Count)
			}
			if got := w.Fate(rx.Call{Op: op}, monday.Add(since)).Ends == Refuses; got != want {
				t.Fatalf("call %d: struck %t, want %t by %+v", i, got, want, f)
			}
		}
		if _, counted, _ := w.Plan(); counted[0] != met {
			t.Fatalf("%d calls were counted, want %d", counted[0], met)
		}
	})
}

// Several faults: the first decides the way, all twist the operation.
func TestFaultsTogether(t *testing.T) {
	w := New(rand.NewPCG(1, 2))
	plan := []Fault{{Kind: ListLag}, {Kind: Drop}, {Kind: Hang}, {Kind: ListPaged}}
	if err := w.SetPlan(plan, monday); err != nil {
		t.Fatal(err)
	}
	f := w.Fate(rx.Call{Op: rx.OpOpen}, monday)
	if want := (Twist{Lag: LagTime, Page: PageSize}); f.Ends != Drops || len(f.Passes) != 1 || f.Twist != want {
		t.Fatalf("%+v", f)
	}
	if err := w.SetPlan(nil, monday); err != nil {
		t.Fatal(err)
	}
	if f := w.Fate(rx.Call{Op: rx.OpOpen}, monday); f.Ends != Answers || f.Twist != (Twist{}) {
		t.Fatalf("an ended plan still strikes: %+v", f)
	}
}
