package world

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/app/rx"
)

// text is what a message may hold where we expect an identifier.
func text() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{
		"", "abc", "1", "20261122093000123", "{6f1c1f0e-6a3c-4a3b-9a53-0d8a2f6f1c1f}", "6F1C1F0E-6A3C-4A3B-9A53-0D8A2F6F1C1F", strings.Repeat("z", 36),
		strings.Repeat("z", 37), "nobody", "79021802145", "79021802146", "12345678901", "€\"\\'",
	}), rapid.String())
}

// Whatever identifiers a call holds, it is answered alike in memory and in a file, and the file opens again.
func TestForeignTextsAreKept(t *testing.T) {
	dirs := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(dirs, "")
		if err != nil {
			t.Fatal(err)
		}
		src := rand.NewPCG(1, 2) // goes on when the file is opened again
		open := func() *World {
			w, err := Open(filepath.Join(dir, "world.db"), src)
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		p := &pair{worlds: [2]*World{New(rand.NewPCG(1, 2)), open()}, at: monday}
		defer func() { _ = p.worlds[1].Close() }()
		for range rapid.IntRange(1, 3).Draw(t, "calls") {
			patient, local, by := rx.SSIN(text().Draw(t, "patient")), rx.ID(text().Draw(t, "local")), rx.NIHII(text().Draw(t, "by"))
			zone := time.FixedZone("", rapid.IntRange(-24, 24).Draw(t, "zone")*3600)
			readers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Reader {
				return Reader{Namespace: text().Draw(t, "namespace"), Name: text().Draw(t, "name"), Values: rapid.SliceOfN(text(), 1, 2).Draw(t, "values")}
			}), 1, 3).Draw(t, "readers")
			for _, call := range []rx.Call{
				{Op: rx.OpNewKey, Patient: patient},
				{Op: rx.OpCreate, Patient: patient, Parcel: &rx.Parcel{
					Patient: patient, Type: "P0", Key: rx.Key{ID: "AAAA"}, Expires: rx.DateOf(p.at), Local: local, Message: []byte("m"),
					Signed: p.at.In(zone), SignedUntil: p.at.Add(time.Minute).In(zone),
				}},
				{Op: rx.OpNotify, Patient: patient, Pharmacy: text().Draw(t, "pharmacy"), Text: []byte("text")},
				{Op: rx.OpOpen, Patient: patient, Session: text().Draw(t, "session")},
			} {
				both(t, p, string(call.Op), func(w *World) Answer {
					ticket, err := w.Dispatch(call, by, w.Meet(Target{call.Op.Service(), call.Op}, p.at), p.at)
					if err != nil {
						t.Fatal(err)
					}
					return w.Collect(ticket, p.at)
				})
			}
			truth := func(w *World) Truth {
				truth, err := w.Truth(p.at)
				for id := range truth.Keys {
					if err == nil {
						err = w.Grant(id, Access{Allowed: readers})
					}
				}
				if err != nil {
					t.Fatal(err)
				}
				return truth
			}
			both(t, p, "truth", truth)
			if err := p.worlds[1].Close(); err != nil {
				t.Fatal(err)
			}
			p.worlds[1] = open()
			for id := range both(t, p, "truth, opened again", truth).Keys {
				both(t, p, "access", func(w *World) Access {
					access, err := w.Access(id)
					if err != nil {
						t.Fatal(err)
					}
					return access
				})
			}
			if n := both(t, p, "tally", func(w *World) Tally {
				n, err := w.Tally(local, p.at)
				if err != nil {
					t.Fatal(err)
				}
				return n
			}); patient != "" && n.Records == 0 {
				t.Fatal("the record is not counted")
			}
		}
		if n, err := p.worlds[1].Aside(p.at); n != 0 || err != nil || p.worlds[1].Err() != nil {
			t.Fatalf("%d set aside, %v, %v", n, err, p.worlds[1].Err())
		}
	})
}

// A file in which such calls are pending, as earlier ones left them, opens: they take place.
func TestPendingForeignTexts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	reopen(t, path, 1)
	pending := func(call string) string {
		return `INSERT INTO wire (due, done, body) VALUES (1, 0, '{"ID":0,"Call":` + call + `,"Start":"2026-11-23T09:40:00Z","Pass":{"Arrive":0,"Process":0},"Heard":false}')`
	}
	execute(t, path, pending(`{"Op":"getNewKey","Patient":"nobody"}`))
	execute(t, path, pending(`{"Op":"createPrescription","Patient":"85073003427","Parcel":{"Patient":"85073003427","Type":"P0","Expires":"2026-12-23",`+
		`"Local":"abc","Message":"bQ==","Key":{"ID":"AAAA"},"Signed":"2026-11-23T09:40:00Z","SignedUntil":"2026-11-23T09:45:00Z"}}`))
	w := reopen(t, path, 1)
	truth, err := w.Truth(monday)
	if err != nil || len(truth.Records) != 1 || truth.Records[0].Local != "abc" || len(truth.Keys) != 1 {
		t.Fatalf("%d records, %d keys, %v", len(truth.Records), len(truth.Keys), err)
	}
}

// What is on its way and cannot be performed is set aside and told, once; everybody else goes on, also after a restart.
func TestSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	w := reopen(t, path, 1)
	var told []error
	w.Watch(func(err error) { told = append(told, err) })
	p := parcelOf(w, 1, monday)
	ticket, _, err := w.Send(rx.Call{Op: rx.OpCreate, Parcel: p}, monday)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, path, `UPDATE wire SET body = '{"Call":{"Parcel":7}}'`)
	if r := w.Receive(ticket, monday); r.Result != rx.Unanswered {
		t.Fatalf("%s", r.Result)
	}
	execute(t, path, "CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no more'); END")
	if _, _, err = w.Send(rx.Call{Op: rx.OpCreate, Parcel: p}, monday); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*World{w, reopen(t, path, 2)} {
		if n, err := w.Aside(monday); n != 2 || err != nil {
			t.Fatalf("%d set aside, %v", n, err)
		}
		if r := w.Process(rx.Call{Op: rx.OpNewKey, Patient: marie}, Twist{}, monday); !r.OK() {
			t.Fatalf("others: %s %s", r.Result, r.Why)
		}
	}
	if len(told) != 2 || code(told[0]) != CodeAside || code(told[1]) != CodeAside {
		t.Fatalf("%v", told)
	}
}

// What could not be read again never gets on its way.
func TestUnkeepableCall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.db")
	w := reopen(t, path, 1)
	call := rx.Call{Op: rx.OpStatus, RID: "no RID"}
	if _, _, err := w.Send(call, monday); code(err) != CodeStorage {
		t.Fatalf("%v", err)
	}
	w = reopen(t, path, 2)
	if n, err := w.Aside(monday); n != 0 || err != nil {
		t.Fatalf("%d set aside, %v", n, err)
	}
}
