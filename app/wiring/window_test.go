package wiring

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/app/config"
	"relais/app/prescribing"
	ipp "relais/app/printing"
	"relais/app/rx"
)

func unlock(t *testing.T, d Directory) *Desk {
	t.Helper()
	h, err := NewHouse(ctx, d, false, rx.NL)
	if err != nil {
		t.Fatal(err)
	}
	desk, err := h.Unlock(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	return desk
}

// soon waits for what another goroutine brings about.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func TestHouse(t *testing.T) {
	if _, err := NewHouse(ctx, place(t), false, rx.FR); rx.CodeOf(err) != rx.CodeNoDirectory {
		t.Errorf("nothing there: %v", err)
	}
	d := made(t)
	h, err := NewHouse(ctx, d, false, rx.NL)
	if err != nil || h.DemoPassphrase() != "" || !h.Simulated() || h.Language() != rx.NL {
		t.Errorf("%+v, %v", h, err)
	}
	if _, err := h.Unlock(ctx, []byte("une autre")); rx.CodeOf(err) != CodeWrongPassphrase {
		t.Errorf("a wrong passphrase: %v", err)
	}
	desk, err := h.Unlock(ctx, passphrase())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Unlock(ctx, passphrase()); rx.CodeOf(err) != rx.CodeWindowBusy {
		t.Errorf("a second window: %v", err)
	}
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if desk, err = h.Unlock(ctx, passphrase()); err != nil {
		t.Fatal(err)
	}
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
	demo, err := NewHouse(ctx, place(t), true, rx.FR)
	if err != nil || demo.DemoPassphrase() != DemoPassphrase {
		t.Errorf("the demonstration: %+v, %v", demo, err)
	}
}

// Where there is nothing yet the window asks; what is tried is the demonstration, in a
// place of its own.
func TestFirstStart(t *testing.T) {
	d, demonstration := place(t), place(t)
	h, err := NewFirstStart(d, demonstration, rx.DE)
	if err != nil || !h.FirstStart() || h.Simulated() || h.Language() != rx.DE || h.DemoPassphrase() != "" || rx.CodeOf(h.Working()) != config.CodeProfileNotReady {
		t.Fatalf("%+v, %v, works: %v", h, err, h.Working())
	}
	if err := h.Try(ctx); err != nil || h.FirstStart() || !h.Simulated() || h.Language() != rx.DE || h.DemoPassphrase() != DemoPassphrase {
		t.Fatalf("tried: %+v, %v", h, err)
	}
	desk, err := h.Unlock(ctx, []byte(DemoPassphrase))
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := d.Environment(); rx.CodeOf(err) != rx.CodeNoDirectory {
		t.Errorf("the place of the real one: %v", err)
	}
	if _, err := NewFirstStart(demonstration, place(t), rx.DE); rx.CodeOf(err) != rx.CodeDirectoryExists {
		t.Errorf("where there is one: %v", err)
	}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFirstStart(d, demonstration, rx.DE); err != nil {
		t.Errorf("an empty directory: %v", err)
	}
	if err := os.WriteFile(filepath.Join(d.Data, "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFirstStart(d, demonstration, rx.DE); rx.CodeOf(err) != CodeDirectoryNotEmpty {
		t.Errorf("somebody's directory: %v", err)
	}
	if h, err = NewFirstStart(place(t), demonstration, rx.FR); err != nil || h.Try(ctx) != nil || h.FirstStart() { // it exists already
		t.Errorf("tried again: %+v, %v", h, err)
	}
}

// What the window does leaves by itself, and the window is told.
func TestDeskSendsAndTells(t *testing.T) {
	desk := unlock(t, made(t))
	watching, stop := context.WithCancel(ctx)
	told := make(chan []rx.ID, 100)
	ended := make(chan error, 1)
	go func() { ended <- desk.Watch(watching, func(ids []rx.ID) { told <- ids }) }()
	if ids := <-told; ids != nil {
		t.Errorf("first told of %v", ids)
	}
	done, err := desk.Service().Issue(ctx, request(), prescribing.How{})
	if err != nil {
		t.Fatal(err)
	}
	id := done.Prescriptions[0].ID
	soon(t, "confirmed", func() bool {
		item, err := desk.Service().Store.Item(ctx, id)
		return err == nil && item.State == rx.StateConfirmed
	})
	named := false
	soon(t, "told of the prescription", func() bool {
		select {
		case ids := <-told:
			named = named || len(ids) == 1 && ids[0] == id
		default:
		}
		return named
	})
	if reached, since, answered, failures, _ := desk.Seen(rx.Recipe); !reached || since.IsZero() || answered.IsZero() || failures != 0 {
		t.Errorf("Recip-e: %t since %v, answered %v, %d failures", reached, since, answered, failures)
	}
	for _, name := range []rx.Service{rx.STS, rx.ETKDepot, rx.KGSS} {
		if reached, since, _, _, why := desk.Seen(name); !reached || since.IsZero() || why != "" {
			t.Errorf("%s: %t since %v, %q", name, reached, since, why)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := desk.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestDeskWeather(t *testing.T) {
	desk := unlock(t, made(t))
	defer desk.Close(ctx)
	for _, kind := range []string{"fair", "down", "hang", "drop", "fair"} {
		if err := desk.SetWeather(ctx, kind); err != nil || desk.Weather() != kind {
			t.Errorf("%s: %s, %v", kind, desk.Weather(), err)
		}
	}
	if err := desk.SetWeather(ctx, "snow"); rx.CodeOf(err) != rx.CodeNotInList {
		t.Errorf("snow: %v", err)
	}
	if err := desk.SetWeather(ctx, "down"); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Service().Issue(ctx, request(), prescribing.How{}); err != nil {
		t.Fatal(err)
	}
	soon(t, "the services are seen to be away", func() bool {
		reached, since, _, failures, why := desk.Seen(rx.ETKDepot)
		kgss, asked, _, _, because := desk.Seen(rx.KGSS) // for whom nothing can be sealed
		return !reached && !since.IsZero() && failures > 0 && why == "refused-connection" && !kgss && !asked.IsZero() && because == "recipient"
	})
}

// hasty is a directory whose engine waits for an answer for a moment only, and after a
// failure longer than any test.
func hasty(t *testing.T) Directory {
	t.Helper()
	n, d := simulated(), place(t)
	var faults rx.Faults
	n.Profile, faults = config.File{Name: "essai", Services: config.Simulated, Waits: map[string]string{
		"answer": "300ms", "call": "5s", "timestamp": "4s", "processing": "100ms", "between": "100ms", "look_again": "50ms", "retry": "10m", "backoff": "1h",
	}}.Profile()
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if _, err := d.Make(ctx, n); err != nil {
		t.Fatal(err)
	}
	return d
}

// What the drill switch lets the doctor see, and how it goes on when all is well again.
func TestDeskWeatherAsTheDoctorSeesIt(t *testing.T) {
	desk := unlock(t, hasty(t))
	defer desk.Close(ctx)
	for _, story := range []struct {
		weather string
		seen    rx.State
		after   rx.State // by itself, in the same weather
		outcome rx.Outcome
		fair    rx.State // once all is well
	}{
		{"down", rx.StateReady, rx.StateReady, "", rx.StateConfirmed},
		{"hang", rx.StateUnknown, rx.StateReady, rx.Send, rx.StateReady},    // proven absent: the doctor is asked
		{"drop", rx.StateUnknown, rx.StateConfirmed, "", rx.StateConfirmed}, // found
	} {
		// Set as another process would: the engine is not told, and its wish not used up.
		if i := slices.IndexFunc(weathers, func(w weather) bool { return w.name == story.weather }); desk.session.SetPlan(weathers[i].plan) != nil {
			t.Fatal(story.weather)
		}
		done, err := desk.Service().Issue(ctx, request(), prescribing.How{})
		if err != nil {
			t.Fatal(err)
		}
		id := done.Prescriptions[0].ID
		item := func() rx.Item {
			item, err := desk.Service().Store.Item(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			return item
		}
		was := func(state rx.State) func() bool {
			return func() bool {
				timeline, err := desk.Service().Store.Timeline(ctx, id)
				return err == nil && slices.ContainsFunc(timeline, func(h rx.Happening) bool { return h.To == state })
			}
		}
		if story.seen != rx.StateReady {
			soon(t, story.weather+": "+story.seen.String(), was(story.seen))
		}
		away := story.weather == "down"
		soon(t, story.weather+": the services are seen", func() bool {
			reached, _, _, failures, _ := desk.Seen(rx.KGSS)
			return reached == !away && (!away || failures > 0) // the next try is minutes away
		})
		soon(t, story.weather+": then "+story.after.String(), func() bool { return item().State == story.after })
		if story.outcome != "" {
			soon(t, "the doctor is asked", func() bool {
				return slices.ContainsFunc(desk.Service().Owed(item()), func(d rx.Duty) bool { return slices.Contains(d.Outcomes, story.outcome) })
			})
		}
		if err := desk.SetWeather(ctx, "fair"); err != nil {
			t.Fatal(err)
		}
		soon(t, story.weather+" is over: "+story.fair.String(), func() bool { return item().State == story.fair })
	}
}

// While another process sends, the window says so; when that one ends, it takes over.
func TestDeskTakesOver(t *testing.T) {
	d := made(t)
	other := open(t, d)
	stop := sends(t, other)
	desk := unlock(t, d)
	defer desk.Close(ctx)
	soon(t, "the window knows", func() bool { return rx.CodeOf(desk.Fault()) == rx.CodeEngineBusy })
	stop()
	soon(t, "the window sends", func() bool { return desk.Fault() == nil })
}

func TestDeskSavesPDF(t *testing.T) {
	d := made(t)
	desk := unlock(t, d)
	var paths []string
	for range 2 {
		path, err := desk.SavePDF("preuve.pdf", []byte("%PDF-"))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 || filepath.Ext(path) != ".pdf" {
			t.Errorf("%v, %v", info, err)
		}
		paths = append(paths, path)
	}
	if paths[0] == paths[1] {
		t.Error("a document was replaced")
	}
	if path, err := desk.SavePDF("../../x.pdf", nil); err != nil || filepath.Dir(path) != filepath.Dir(paths[0]) {
		t.Errorf("a name leads elsewhere: %v", err)
	}
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Error("a document is left after the window")
		}
	}
}

// What a window saved that was killed is gone when the next one stands there, before anybody unlocks it; what an open window
// saved stays.
func TestHouseSweepsWhatAKilledWindowLeft(t *testing.T) {
	d := made(t)
	desk := unlock(t, d)
	path, err := desk.SavePDF("preuve.pdf", []byte("%PDF-"))
	if err != nil {
		t.Fatal(err)
	}
	is := func() bool {
		t.Helper()
		if _, err := NewHouse(ctx, d, false, rx.FR); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(path)
		return err == nil
	}
	if !is() {
		t.Error("a document of an open window is gone")
	}
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("%PDF-"), 0o600); err != nil { // as a killed one leaves it
		t.Fatal(err)
	}
	if is() {
		t.Error("a document of a killed window is still there")
	}
}

// How a job ended that nobody heard of is kept until it was seen, sealed; also that the spooler keeps its file.
func TestDeskKeepsWhatNobodyHeard(t *testing.T) {
	d := made(t)
	desk := unlock(t, d)
	var ids []rx.ID
	for range 2 {
		id, err := rx.NewID(d.Now(), d.Rand)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	results := []ipp.Result{{Documents: ids[:1], Sheet: ipp.MaybeSheet, Fault: rx.Fault("print-late", "printer", "cabinet", "seconds", "60")}, {Documents: ids[1:], Sheet: ipp.SentSheet, Kept: true}}
	if err := desk.keepUntold(ctx, results); err != nil {
		t.Fatal(err)
	}
	for round, want := range []string{"0 maybe print-late; 1 sent print-kept", "0 maybe print-late; 1 sent print-kept", "1 sent print-kept"} {
		var said []string
		var first rx.ID
		err := desk.LeftPrints(ctx, func(id rx.ID, of []rx.ID, sheet string, told error) {
			if first == "" {
				first = id
			}
			said = append(said, strconv.Itoa(slices.Index(ids, of[0]))+" "+sheet+" "+string(rx.CodeOf(told)))
		})
		if got := strings.Join(said, "; "); got != want || err != nil && rx.CodeOf(err) != ipp.CodeNoSpooler {
			t.Errorf("round %d: told %q, want %q; %v", round, got, want, err)
		}
		if round == 1 {
			if err := desk.SawPrint(ctx, first); err != nil {
				t.Fatal(err)
			}
		}
		if err := desk.Close(ctx); err != nil {
			t.Fatal(err)
		}
		desk = unlock(t, d)
	}
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// What searches need is read ahead behind the window, once it may send, and no longer than it is open.
func TestLearnsAheadBehindTheWindow(t *testing.T) {
	desk := unlock(t, made(t))
	soon(t, "the check before sending", func() bool {
		select {
		case <-desk.checked:
			return true
		default:
			return false
		}
	})
	if err := desk.session.Learn(ctx); err != nil {
		t.Error(err)
	}
	over, stop := context.WithCancel(ctx)
	stop()
	if err := desk.session.Learn(over); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	if err := desk.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := desk.session.Learn(ctx); err == nil {
		t.Error("it reads in a directory that is closed")
	}
}
