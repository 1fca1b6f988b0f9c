package wiring

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"relais/app/prescribing"
	ipp "relais/app/printing"
	"relais/app/rx"
)

// lab is a spooler at which something happens while a job is made, and before it gets its document.
type lab struct{ creating, sending func() }

func (lab) Printer(context.Context, string) (ipp.Printer, error) {
	return ipp.Printer{Name: "lab", Accepting: true, PDF: true}, nil
}

func (l lab) Create(context.Context, ipp.Printer, string, string, string, int, int) (ipp.Job, error) {
	l.creating()
	return ipp.Job{Server: l.Where().String(), Printer: "lab", Number: 1}, nil
}

func (l lab) Send(context.Context, ipp.Job, []byte) error {
	l.sending()
	return nil
}

func (lab) State(context.Context, ipp.Job) (ipp.Status, error) {
	return ipp.Status{State: ipp.Completed}, nil
}
func (lab) Cancel(context.Context, ipp.Job) error { return nil }
func (lab) Forget(context.Context, ipp.Job) error { return nil }
func (lab) Where() ipp.Address                    { return ipp.Address{Network: "unix", Name: "lab"} }

// A sheet that is being handed to the printer is not redone by another process, at whatever moment that asks.
func TestPrintedWhileRedone(t *testing.T) {
	d := made(t)
	s, other := open(t, d), open(t, d)
	done, err := s.Service.Issue(ctx, request(), prescribing.How{Paper: rx.PaperReasons[0]})
	if err != nil {
		t.Fatal(err)
	}
	ids := []rx.ID{done.Prescriptions[0].ID}
	redone := make(chan error, 1)
	queue := lab{creating: func() {
		go func() {
			_, err := other.Service.Redo(ctx, ids[0])
			redone <- err
		}()
		for deadline := time.Now().Add(200 * time.Millisecond); len(redone) == 0 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond) // an answer now would be too early
		}
	}, sending: func() {
		if err := <-redone; rx.CodeOf(err) != ipp.CodeMayCome {
			t.Errorf("redone while its sheet is printed: %v", err)
		}
	}}
	desk := &ipp.Desk{Queue: queue, Book: s.book(), Now: time.Now, Wait: pause, Rand: rand.Reader, Waits: ipp.Usual}
	r, err := desk.Print(ctx, ipp.Document{IDs: ids, Kind: ipp.Form, Make: func(ctx context.Context) ([]byte, error) {
		return s.Service.Paper(ctx, ids, prescribing.Claim{})
	}}, false, nil)
	if err != nil || r.Sheet != ipp.SentSheet {
		t.Errorf("%s, %v", r.Sheet, err)
	}
}

// What a former version kept without an id is told until it was seen, as everything else.
func TestUntoldWithoutAnID(t *testing.T) {
	d := made(t)
	desk := unlock(t, d)
	t.Cleanup(func() {
		if err := desk.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	old := `[{"of":["019aa000-0000-7000-8000-000000000001"],"sheet":"maybe","code":"print-late"},{"of":["019aa000-0000-7000-8000-000000000002"],"sheet":"none"}]`
	if err := desk.session.db.SetSetting(ctx, settingUntold, []byte(old)); err != nil {
		t.Fatal(err)
	}
	told := func() (ids, of []rx.ID) {
		t.Helper()
		_ = desk.LeftPrints(ctx, func(id rx.ID, about []rx.ID, _ string, _ error) { // that there is no spooler here says nothing
			ids, of = append(ids, id), append(of, about...)
		})
		return ids, of
	}
	first, _ := told()
	if again, _ := told(); len(first) != 2 || first[0] == "" || first[0] == first[1] || !slices.Equal(again, first) {
		t.Fatalf("told by %q, then by %q", first, again)
	}
	if err := desk.SawPrint(ctx, first[0]); err != nil {
		t.Fatal(err)
	}
	if _, of := told(); !slices.Equal(of, []rx.ID{"019aa000-0000-7000-8000-000000000002"}) {
		t.Errorf("the first was seen; told of %q", of)
	}
}

// A note of a print job that cannot be read may be about any sheet: that one is gone is then said on the doctor's word alone.
func TestGoneBesideANoteThatCannotBeRead(t *testing.T) {
	d := made(t)
	s := open(t, d)
	var ids []rx.ID
	for range 2 {
		done, err := s.Service.Issue(ctx, request(), prescribing.How{Paper: rx.PaperReasons[0]})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, done.Prescriptions[0].ID)
	}
	book := filepath.Join(d.Data, printJobs)
	if err := os.MkdirAll(book, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(book, "019aa000-0000-7000-8000-00000000000a.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	destroyed := prescribing.Answer{Outcome: rx.WasDestroyed}
	duty := rx.Duty{Kind: rx.DutyConfirmPrint, Prescription: ids[1]}.ID()
	if _, err := s.Service.Redo(ctx, ids[0]); rx.CodeOf(err) != ipp.CodeBook {
		t.Errorf("redone: %v", err)
	}
	if _, err := s.Service.Settle(ctx, duty, destroyed); rx.CodeOf(err) != ipp.CodeBook {
		t.Errorf("destroyed: %v", err)
	}
	if _, err := s.Service.InHand().Redo(ctx, ids[0]); err != nil {
		t.Errorf("redone on the doctor's word: %v", err)
	}
	if _, err := s.Service.InHand().Settle(ctx, duty, destroyed); err != nil {
		t.Errorf("destroyed on the doctor's word: %v", err)
	}
}
