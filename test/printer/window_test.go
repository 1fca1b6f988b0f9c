//go:build linux

package printer

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relais/app/config"
	"relais/app/rx"
	"relais/app/wiring"
	"relais/sync/simulator/simtest"
)

// The window's desk: which printers there are, where a kind goes, a document that comes out, and one whose window is
// locked meanwhile: cancelled, told the next time that it is open, once, and not printed then.
func TestWindow(t *testing.T) {
	t.Parallel()
	l := start(t)
	d := l.printer("cabinet", "everywhere")
	root := t.TempDir()
	dir, err := wiring.At(config.Paths{Data: filepath.Join(root, "data"), Marks: filepath.Join(root, "marks")})
	check(t, err)
	dir.Protocol.Keys = simtest.Keys
	ctx := context.Background()
	house, err := wiring.NewHouse(ctx, dir, true, rx.FR)
	check(t, err)
	env := map[string]string{"CUPS_SERVER": l.socket(), "CUPS_USER": l.user}
	house.Getenv = func(name string) string { return env[name] }
	desk, err := house.Unlock(ctx, []byte(wiring.DemoPassphrase))
	check(t, err)

	var names, trays []string
	check(t, desk.Printers(ctx, func(name, _ string, _ bool, of []string) { names, trays = append(names, name), of }))
	if !slices.Equal(names, []string{"cabinet"}) || !slices.Contains(trays, "main") {
		t.Errorf("printers %v with trays %v", names, trays)
	}
	if err := desk.SetPrintsOn(ctx, "proof", "cabinet", "envelope"); rx.CodeOf(err) != "printer-tray" {
		t.Errorf("an unknown tray: %v", err)
	}
	check(t, desk.SetPrintsOn(ctx, "proof", "cabinet", "main"))
	if name, tray, err := desk.PrintsOn(ctx, "proof"); name != "cabinet" || tray != "main" || err != nil {
		t.Errorf("kept %q %q, %v", name, tray, err)
	}

	s := samples(t)[0]
	page := pdf(t, s.pages)
	document := func(context.Context) ([]byte, error) { return page, nil }
	first, second := newID(t), newID(t)
	var states []string
	printer, sheet, told, err := desk.Print(ctx, "proof", []rx.ID{first}, false, document, func(_, state string, _ []error) { states = append(states, state) })
	if printer != "cabinet" || sheet != "sent" || told != nil || err != nil || len(states) == 0 || states[len(states)-1] != "completed" {
		t.Fatalf("%q %q %v %v, heard %v", printer, sheet, told, err, states)
	}

	d.does(`echo "STATE: +media-empty-error" >&2; sleep 60`)
	locking, lock := context.WithCancel(ctx)
	_, _, _, err = desk.Print(locking, "proof", []rx.ID{second}, false, document, func(_, _ string, obstacles []error) {
		if slices.ContainsFunc(obstacles, func(o error) bool { return rx.CodeOf(o) == "printer-media-empty" }) {
			lock()
		}
	})
	lock()
	check(t, err)
	check(t, desk.Close(ctx))
	d.does("")

	for i, want := range []string{"maybe print-cancelled", "maybe print-cancelled", ""} { // told until it was seen
		desk, err = house.Unlock(ctx, []byte(wiring.DemoPassphrase))
		check(t, err)
		var said []string
		var seen rx.ID
		check(t, desk.LeftPrints(ctx, func(id rx.ID, of []rx.ID, sheet string, told error) {
			seen = id
			said = append(said, sheet+" "+string(rx.CodeOf(told)))
			if !slices.Equal(of, []rx.ID{second}) {
				t.Errorf("about %v, want %v", of, second)
			}
		}))
		if got := strings.Join(said, "; "); got != want {
			t.Errorf("unlocked %d times: told %q, want %q", i+1, got, want)
		}
		if i == 1 {
			check(t, desk.SawPrint(ctx, seen))
		}
		check(t, desk.Close(ctx))
	}
	if n := len(d.printed()); n > 2 {
		t.Errorf("%d documents came out", n)
	}
	l.nothingKept(t)
}
