package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/app/rx"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		name        string
		host        Host
		data        string
		demo        bool
		want, marks string
	}{
		{"usual", Host{"linux", "/h", env()}, "", false, "/h/.local/share/relais/practice", "/h/.local/state/relais/marks"},
		{"demo", Host{"linux", "/h", env(EnvData, "/d")}, "", true, "/h/.local/share/relais/demo", "/h/.local/state/relais/marks"},
		{"demo elsewhere", Host{"linux", "/h", env(EnvData, "/d")}, "/x", true, "/x", "/h/.local/state/relais/marks"},
		{"environment", Host{"linux", "/h", env(EnvData, "/d", EnvMarks, "/m")}, "", false, "/d", "/m"},
		{"argument first", Host{"linux", "/h", env(EnvData, "/d")}, "/x", false, "/x", "/h/.local/state/relais/marks"},
		{"base directories", Host{"linux", "/h", env("XDG_DATA_HOME", "/b", "XDG_STATE_HOME", "/s")}, "", false, "/b/relais/practice", "/s/relais/marks"},
		{"relative base directories count as none", Host{"linux", "/h", env("XDG_DATA_HOME", "b")}, "", false, "/h/.local/share/relais/practice", "/h/.local/state/relais/marks"},
		{"mac", Host{"darwin", "/Users/a", env()}, "", false, "/Users/a/Library/Application Support/Relais/practice", "/Users/a/Library/Relais marks"},
		{"windows", Host{"windows", "", env("LOCALAPPDATA", "/L")}, "", false, "/L/Relais/practice", "/L/Relais marks"},
		{"no home, all given", Host{"linux", "", env(EnvMarks, "/m")}, "/x", false, "/x", "/m"},
	} {
		got, err := c.host.Locate(c.data, c.demo)
		want := Paths{filepath.FromSlash(c.want), filepath.FromSlash(c.marks)}
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, want)
		}
	}
	for _, h := range []Host{{"linux", "", env()}, {"linux", "", env(EnvData, "/d")}, {"windows", "/h", env()}} {
		if _, err := h.Locate("", false); rx.CodeOf(err) != CodeNoHome {
			t.Errorf("%s without a home: %v", h.OS, err)
		}
	}
}

// A copy of the data directory must not take its mark along.
func TestMarksLieApart(t *testing.T) {
	for _, h := range []Host{{"linux", "/h", env()}, {"darwin", "/h", env()}, {"windows", "/h", env("LOCALAPPDATA", "/L")}} {
		p, err := h.Locate("", false)
		if rel, relErr := filepath.Rel(filepath.Dir(p.Data), p.Marks); err != nil || relErr != nil || !strings.HasPrefix(rel, "..") {
			t.Errorf("%s: the marks lie in %s, beneath the data %s", h.OS, p.Marks, p.Data)
		}
	}
}

func TestBuiltInProfiles(t *testing.T) {
	p, ok := Built(Simulated)
	if !ok || p.Ready() != nil || !p.Simulated || p.Waits != rx.DefaultWaits || p.Name() != "simulated" {
		t.Errorf("simulated: %+v", p)
	}
	for _, name := range []string{Acceptance, Production} {
		p, ok := Built(name)
		err := p.Ready()
		if !ok || p.Simulated || rx.CodeOf(err) != CodeProfileNotReady {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok := Built("custom:x"); ok {
		t.Error("a custom profile is built in")
	}
}

func TestFile(t *testing.T) {
	p, faults := File{Name: "script", Services: Simulated, Waits: map[string]string{"answer": "500ms", "call": "1s", "max_age": "240h", "feedback": "0s"}}.Profile()
	want := rx.DefaultWaits
	want.Answer, want.Call, want.MaxAge, want.Feedback = 500*time.Millisecond, time.Second, 240*time.Hour, 0 // 0: never
	if len(faults) > 0 || p.Waits != want || p.Environment != "custom:script" || p.Name() != "custom" || !p.Simulated || p.Ready() != nil || !Custom(p.Environment) {
		t.Errorf("%+v, %v", p, faults)
	}
	kept, err := p.Keep()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Kept("custom:script", kept)
	if diff := cmp.Diff(p, again); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := Kept("custom:other", kept); rx.CodeOf(err) != rx.CodeDamaged {
		t.Errorf("a profile of another environment is taken: %v", err)
	}
	if _, err := Kept("custom:script", []byte("{")); rx.CodeOf(err) != rx.CodeDamaged {
		t.Errorf("half a profile is taken: %v", err)
	}
}

func TestFileFaults(t *testing.T) {
	for _, c := range []struct {
		file File
		want string
	}{
		{File{Services: Simulated}, "$.name: profile-name"},
		{File{Name: "Ünï", Services: Simulated}, "$.name: profile-name"},
		{File{Name: "a", Services: "https://example.org"}, "$.services: not-in-list"},
		{File{Name: "a", Services: Simulated, Waits: map[string]string{"anser": "1s", "call": "soon", "pace": "-1s", "retry": "0", "feedback": "-1s"}},
			"$.waits.anser: unknown-field; $.waits.call: span-form; $.waits.feedback: span-form; $.waits.pace: span-form; $.waits.retry: span-form"},
		{File{Name: "a", Services: Simulated, Waits: map[string]string{"Dupont Marie": "1s"}}, "$.waits.*: unknown-field"},
		{File{Name: "a", Services: Simulated, Waits: map[string]string{"answer": "2m", "late": "5h"}}, "$.waits.answer: waits-order; $.waits.late: waits-order"},
	} {
		if _, faults := c.file.Profile(); faults.Error() != c.want {
			t.Errorf("got  %s\nwant %s", faults, c.want)
		}
	}
}

// A new wait of the domain can be set in a file, and is kept.
func TestEveryWaitHasAName(t *testing.T) {
	seen := map[*time.Duration]bool{}
	var w rx.Waits
	for _, named := range waits {
		seen[named.of(&w)] = true
	}
	v := reflect.ValueOf(&w).Elem()
	for i := range v.NumField() {
		if !seen[v.Field(i).Addr().Interface().(*time.Duration)] {
			t.Errorf("%s has no name in a profile's file", v.Type().Field(i).Name)
		}
	}
	if len(seen) != len(waits) {
		t.Error("two names for one wait")
	}
}
