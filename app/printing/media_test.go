package printing

import (
	"testing"

	"relais/app/rx"
)

func TestMedia(t *testing.T) {
	ours := []string{"na_letter_8.5x11in", "iso_a4_210x297mm", "iso_a5_148x210mm"}
	free := append(ours, "custom_min_76.2x127mm", "custom_max_216x356mm")
	for _, c := range []struct {
		set           Setting
		supported     []string
		width, height int
		want          string
		known         bool
	}{
		{Setting{}, ours, 21000, 29700, "iso_a4_210x297mm", true},
		{Setting{}, ours, 20990, 29704, "iso_a4_210x297mm", true}, // within the tolerance
		{Setting{}, ours, 21590, 27940, "na_letter_8.5x11in", true},
		{Setting{}, ours, 10500, 20000, "custom_relais_105x200mm", false},
		{Setting{}, free, 10500, 20000, "custom_relais_105x200mm", true},
		{Setting{}, free, 5000, 5000, "custom_relais_50x50mm", false},
		{Setting{}, free, 22000, 40000, "custom_relais_220x400mm", false},
		{Setting{}, nil, 21000, 29700, "iso_a4_210x297mm", true}, // a queue that lists nothing
		{Setting{Media: "iso_a5_148x210mm"}, ours, 21000, 29700, "iso_a5_148x210mm", true},
		{Setting{Media: "iso_a3_297x420mm"}, ours, 21000, 29700, "custom_relais_297x420mm", false},
		{Setting{Media: "om_form_105x200mm"}, free, 21000, 29700, "custom_relais_105x200mm", true},
		{Setting{Media: "nonsense"}, ours, 21000, 29700, "nonsense", false},
	} {
		if got, known := c.set.media(c.supported, c.width, c.height); got != c.want || known != c.known {
			t.Errorf("%+v %d×%d: %s, %v; want %s, %v", c.set, c.width, c.height, got, known, c.want, c.known)
		}
	}
	for _, bad := range []string{"", "x", "a_mm", "a_1x", "a_1xmm", "a_-1x2mm", "a_NaNxInfmm", "a_1e9x1e9mm", "iso_a4_210x297"} {
		if w, h, ok := mediaSize(bad); ok {
			t.Errorf("%q: %d×%d", bad, w, h)
		}
	}
}

func TestPageSize(t *testing.T) {
	for text, want := range map[string][2]int{
		"/MediaBox [0 0 595.28 841.89]":                                {21000, 29700},
		"/MediaBox [0 0 297.64 566.93]\n/MediaBox [0 0 595.28 841.89]": {10500, 20000},
	} {
		if w, h, err := pageSize([]byte(text)); err != nil || w != want[0] || h != want[1] {
			t.Errorf("%s: %d×%d, %v", text, w, h, err)
		}
	}
	if _, _, err := pageSize([]byte("%PDF-1.4")); err == nil {
		t.Error("no size, and no error")
	}
}

func TestReady(t *testing.T) {
	good := Printer{Name: "lab", Accepting: true, PDF: true, Media: []string{"iso_a4_210x297mm"}, Trays: []string{"main"}}
	for _, c := range []struct {
		change func(*Printer)
		set    Setting
		code   rx.Code
	}{
		{func(*Printer) {}, Setting{}, ""},
		{func(*Printer) {}, Setting{Tray: "main"}, ""},
		{func(p *Printer) { p.Accepting = false }, Setting{}, CodeRejecting},
		{func(p *Printer) { p.Paused = true }, Setting{}, CodePaused},
		{func(p *Printer) { p.PDF = false }, Setting{}, CodeNoPDF},
		{func(*Printer) {}, Setting{Media: "iso_a5_148x210mm"}, CodeMedia},
		{func(*Printer) {}, Setting{Tray: "envelope"}, CodeTray},
		{func(p *Printer) { p.Trays = nil }, Setting{Tray: "envelope"}, ""},
		{func(p *Printer) { p.Obstacles = []Obstacle{{CodeMediaEmpty, "media-empty", true}} }, Setting{}, ""}, // what the last job met
	} {
		p := good
		c.change(&p)
		var got rx.Code
		err := p.ready(c.set)
		if err == nil {
			_, err = p.paper(c.set, 21000, 29700)
		}
		if got = rx.CodeOf(err); got != c.code {
			t.Errorf("%+v %+v: %q, want %q", p, c.set, got, c.code)
		}
	}
}

func TestAddress(t *testing.T) {
	there := func(paths ...string) func(string) bool {
		return func(p string) bool {
			for _, q := range paths {
				if p == q {
					return true
				}
			}
			return false
		}
	}
	for _, c := range []struct {
		server string
		there  func(string) bool
		want   Address
		code   rx.Code
	}{
		{"", there(), Address{"tcp", "localhost:631"}, ""},
		{"", there("/run/cups/cups.sock"), Address{"unix", "/run/cups/cups.sock"}, ""},
		{"", there("/private/var/run/cupsd"), Address{"unix", "/private/var/run/cupsd"}, ""},
		{"/tmp/s", there("/run/cups/cups.sock"), Address{"unix", "/tmp/s"}, ""},
		{"localhost", there(), Address{"tcp", "localhost:631"}, ""},
		{"LOCALHOST:8631/version=1.1", there(), Address{"tcp", "LOCALHOST:8631"}, ""},
		{"127.0.0.1:8631", there(), Address{"tcp", "127.0.0.1:8631"}, ""},
		{"[::1]:8631", there(), Address{"tcp", "[::1]:8631"}, ""},
		{"::1", there(), Address{"tcp", "[::1]:631"}, ""},
		{"print.example.org", there(), Address{}, CodeElsewhere},
		{"192.0.2.7:631", there(), Address{}, CodeElsewhere},
		{"localhost.example.org:631", there(), Address{}, CodeElsewhere},
	} {
		got, err := Locate(func(string) string { return c.server }, c.there)
		if got != c.want || rx.CodeOf(err) != c.code {
			t.Errorf("%q: %v, %v; want %v, %q", c.server, got, err, c.want, c.code)
		}
	}
}

func TestObstacles(t *testing.T) {
	got := obstacles("none", "toner-low-report", "job-printing", "media-empty-warning", "media-empty-error", "offline-report", "shutdown",
		"com.example-strange-error", "cups-insecure-filter-warning")
	want := []Obstacle{{CodeMediaEmpty, "media-empty-error", true}, {CodeOffline, "offline-report", true}, {CodeLowToner, "toner-low-report", false},
		{CodeTrouble, "com.example-strange-error", true}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
	for _, r := range reasons {
		if f := (Obstacle{Code: r.code, Reason: r.keyword}).Fault("lab"); f.Args["printer"] != "lab" {
			t.Errorf("%+v", f)
		}
	}
}

// What a status says of the sheet; CUPS leaves "processing-to-stop-point" on jobs that are long over.
func TestSheet(t *testing.T) {
	for _, c := range []struct {
		status Status
		want   Sheet
	}{
		{Status{State: Pending}, OpenSheet},
		{Status{State: Held}, OpenSheet},
		{Status{State: Processing, Began: true}, OpenSheet},
		{Status{State: Stopped, Began: true}, OpenSheet},
		{Status{State: Completed, Began: true}, SentSheet},
		{Status{State: Cancelled}, NoSheet},
		{Status{State: Cancelled, Began: true}, MaybeSheet},
		{Status{State: Cancelled, Began: true, Stopping: true}, OpenSheet},
		{Status{State: Aborted}, NoSheet},
		{Status{State: Aborted, Began: true}, MaybeSheet},
		{Status{State: Vanished}, MaybeSheet},
		{Status{}, OpenSheet},
	} {
		if got := c.status.Sheet(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.status, got, c.want)
		}
	}
	if got := heardIn("The printer may not exist or is unavailable at this time."); len(got) != 1 || obstacles(got...)[0].Code != CodeOffline {
		t.Errorf("%v", got)
	}
	if got := heardIn("Rendering completed"); got != nil {
		t.Errorf("%v", got)
	}
}
